#!/usr/bin/env python3
"""Three real data sets from files to repaired people: init, check, scan, repair --propose, --dry-run, apply, check again.

Open e-commerce: 5,027 customers with their purchases, against the US census of 2022 (age by sex). Complete Journey: the 801 households of a grocer
whose demographics are known, and the coupons that they were sent. Hillstrom: 64,000 customers of an e-mail experiment. What the program says is held
against figures that are worked out here, from the files, in another way. Data is read from EVENHAND_DATA or ../shared/data; without it the
script ends with 77.

usage: real.py [open|journey|hillstrom] [--keep FOLDER]
"""
import collections
import csv
import gzip
import hashlib
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).parents[2]))
DATA = pathlib.Path(os.environ.get("EVENHAND_DATA", SOURCE / ".." / "shared" / "data"))
PROGRAM = os.environ["EVENHAND"]
NOW = ("--now", "2026-11-24")
AGES = ((25, "18 - 24 years"), (35, "25 - 34 years"), (45, "35 - 44 years"), (55, "45 - 54 years"), (65, "55 - 64 years"), (200, "65 and older"))


def expect(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")


def near(value, expected, tolerance, what):
    expect(value is not None and math.isclose(value, expected, rel_tol=0, abs_tol=tolerance), f"{what}: {value}, expected {expected}")


def real(name):
    path = DATA / name
    if not path.exists():
        print(f"SKIPPED: {name} is not here; set EVENHAND_DATA to the folder that has it")
        sys.exit(77)
    return path


def run(folder, *words, statuses=(0,), stdin=None):
    done = subprocess.run([PROGRAM, *map(str, words)], cwd=folder, input=stdin, capture_output=True, text=True, check=False, timeout=240)
    expect(done.returncode in statuses, f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stderr}{done.stdout[-500:]}")
    return done


def check(folder, name, *more):
    """The reports NAME.json, NAME.html and NAME.txt; what the first one says."""
    done = run(folder, "check", *more, *NOW, "--output", name, "--quiet", statuses=(0, 1, 3))
    report = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    expect(report["exit_status"] == done.returncode, f"{name}: the report says {report['exit_status']}, the program {done.returncode}")
    page = (folder / f"{name}.html").read_text(encoding="utf-8")
    expect("</html>" in page and "nan" not in page.split("<main", 1)[-1].lower().split(), "the page is not whole")
    return report


def found(report, kind):
    return {(one.get("column"), one.get("attribute"), one.get("group")): one for one in report["findings"] if one["id"] == kind}


def hashes(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.glob("*.csv")}


def unpack(folder, source, name):
    data = real(source).read_bytes()
    (folder / name).write_bytes(gzip.decompress(data) if source.endswith(".gz") else data)


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def edit(folder, *changes):
    yaml = folder / "evenhand.yaml"
    text = yaml.read_text(encoding="utf-8")
    for old, new in changes:
        expect(text.count(old) == 1, f"'{old}' is not once in evenhand.yaml:\n{text}")
        text = text.replace(old, new)
    yaml.write_text(text, encoding="utf-8")


def repaired(folder, before):
    """Proposed, tried, applied, applied again: no source is touched, a try writes nothing, the same plan gives the same bytes."""
    sources = hashes(folder)
    run(folder, "repair", "--dry-run", *NOW, statuses=(2,))
    (folder / "repairs.yaml").write_text(run(folder, "repair", "--propose", *NOW).stdout, encoding="utf-8")
    tried = run(folder, "repair", "--dry-run", *NOW).stdout
    expect("nothing is written" in tried and not (folder / "repaired").exists() and not (folder / "repairs.fitted").exists(), tried)
    run(folder, "repair", "--quiet", *NOW)
    written = (folder / "repaired" / "people.csv").read_bytes()
    expect(hashes(folder) == sources, "a repair wrote over a source")
    run(folder, "repair", "--quiet", *NOW)
    expect((folder / "repaired" / "people.csv").read_bytes() == written, "the same plan gave other bytes")
    rows = rows_of(folder / "repaired" / "people.csv")
    expect(len(rows) == before["rows"], f"{len(rows)} repaired rows of {before['rows']}")
    manifest = json.loads((folder / "repaired" / "people.csv.manifest.json").read_text(encoding="utf-8"))
    expect({one["path"]: one["sha256"] for one in manifest["inputs"]}.items() <= sources.items(), f"{manifest['inputs']}")
    for step in manifest["steps"]:
        if step["do"] == "impute":
            flags = sum(row[step["flag"]] == "true" for row in rows)
            expect(step["before"] == flags == step["rows_changed"] and step["after"] == 0 and all(row[step["writes"]] != "" for row in rows), f"{step} {flags}")
            expect(all(row[step["writes"]] == row[step["column"]] for row in rows if row[step["flag"]] == "false"), f"{step['column']} changed where it was known")
    return rows, manifest["steps"]


def census(folder):
    """The people of the US by age and sex, 18 and over."""
    people = collections.Counter()
    for row in rows_of(real("us_census_reference") / "age-by-sex-2022-est.csv"):
        age, sex = int(row["AGE"]), {"1": "Male", "2": "Female"}.get(row["SEX"])
        if sex and 18 <= age <= 120:
            people[next(name for end, name in AGES if age < end), sex] += int(row["POPESTIMATE2022"])
    with (folder / "census.csv").open("w", encoding="utf-8") as stream:
        stream.write("age,gender,people\n" + "".join(f"{age},{sex},{count}\n" for (age, sex), count in sorted(people.items())))
    total = sum(people.values())
    return {group: count / total for group, count in people.items()}


def weights_by_hand(rows, population):
    """Each person of a known group weighs what the group should be over what it is; the others keep one. Kish's design effect."""
    groups = collections.Counter((row["Q-demos-age"], row["Q-demos-gender"]) for row in rows)
    known = sum(groups[group] for group in population)
    weights = [population[group] * known / groups[group] if (group := (row["Q-demos-age"], row["Q-demos-gender"])) in population else 1 for row in rows]
    return len(weights) * sum(weight * weight for weight in weights) / sum(weights) ** 2, max(weights) * len(weights) / sum(weights)


def record_is_like_the_row(folder, row, steps):
    """One record through the fitted plan, without the vault: what the plan wrote into its row."""
    step = next(one for one in steps if one["do"] == "impute")
    answer = json.loads(run(folder, "repair", "repairs.yaml", "--record", stdin=json.dumps({"key": row["key"]})).stdout)
    filled = row[step["writes"]]
    expect(str(answer[step["writes"]]) == filled and answer[step["flag"]] is True, f"{answer} beside {filled}")


def open_ecommerce(folder):
    unpack(folder, "open_ecommerce_survey.csv.gz", "survey.csv")
    unpack(folder, "open_ecommerce_purchases_29states.csv.gz", "purchases.csv")
    population = census(folder)
    run(folder, "init", ".", "--from", "survey.csv", "purchases.csv", *NOW)
    text = (folder / "evenhand.yaml").read_text(encoding="utf-8")
    for words in ("key: Survey ResponseID", "person: survey_response_id", "time: order_date", "profiling: off", "purchases_unit_price_sum:"):
        expect(words in text, f"'{words}' is not proposed:\n{text}")
    edit(folder, ("# population:\n#   read: reference/age_by_sex.csv\n#   weight: people\n#   columns: { gender: sex, age: age }\n",
                  "population: { read: census.csv, weight: people, skip_unmatched: true }\n"))
    run(folder, "vault", "import", "--reason", "the check", *NOW)
    before = check(folder, "before")
    survey = rows_of(folder / "survey.csv")
    expect(before["rows"] == len(survey) == 5027, f"{before['rows']} rows")
    buyers = {row["survey_response_id"] for row in rows_of(folder / "purchases.csv")}
    without = sum(row["Survey ResponseID"] not in buyers for row in survey)
    column = next(one for one in before["columns"] if one["name"] == "days_since_purchases")
    expect(column["missing"]["value"] * 5027 - without < 1e-6, f"{column['missing']} beside {without} without purchases")
    effect, largest = weights_by_hand(survey, population)
    near(before["weights"]["design_effect"], effect, 1e-9, "design effect")
    near(before["weights"]["effective_people"], 5027 / effect, 1e-6, "effective people")
    near(before["weights"]["largest"], largest, 1e-9, "largest weight")
    few = found(before, "too_few")
    expect(few[None, "age", "65 and older"]["severity"] == "high" and (None, "age", "55 - 64 years") in few, f"{few.keys()}")
    ages = {one["group"]: one for one in before["representation"][0]["groups"]}
    near(ages["65 and older"]["share"]["value"], sum(row["Q-demos-age"] == "65 and older" for row in survey) / 5027, 1e-12, "share of 65 and older")
    near(ages["65 and older"]["population_share"], population["65 and older", "Male"] + population["65 and older", "Female"], 1e-12, "their share of the population")
    rows, steps = repaired(folder, before)
    record_is_like_the_row(folder, next(row for row in rows if row["life_changes_was_missing"] == "true"), steps)
    after = check(folder, "after")
    expect(after["since"]["counts_before"]["high"] == before["counts"]["high"] > after["counts"]["high"] == 0, f"{after['since']}")
    near(after["effective"], steps[-1]["effective_after"], 1e-6, "what the rows are worth after the repair")
    weight = {row["key"]: float(row["weight_raked"]) for row in rows}
    near(max(weight.values()) * len(weight) / sum(weight.values()), 5, .01, "the largest weight, capped")
    whole(folder, survey, population, before)


def whole(folder, survey, population, before):
    """Without the cap the weights meet the population in every group, at the cost that the check told."""
    plan = folder / "repairs.yaml"
    text = plan.read_text(encoding="utf-8")
    expect(text.count("    cap: 5") == 1, text)
    plan.write_text(text.replace("    cap: 5", "    # cap: 5"), encoding="utf-8")
    run(folder, "repair", "--fit", "--quiet", *NOW)
    weights = {row["key"]: float(row["weight_raked"]) for row in rows_of(folder / "repaired" / "people.csv")}
    shares = collections.Counter()
    for row in survey:
        shares[row["Q-demos-age"], row["Q-demos-gender"]] += weights[row["Survey ResponseID"]]
    known = sum(shares[group] for group in population)
    for group, share in population.items():
        near(shares[group] / known, share, 1e-9, f"repaired share of {group}")
    after = check(folder, "whole")
    near(after["effective"], before["weights"]["effective_people"], 1e-6, "effective people of the whole repair")
    expect(not found(after, "too_few") and not found(after, "too_many"), f"{found(after, 'too_few')}")


def complete_journey(folder):
    for name in ("demographics", "campaigns", "coupon_redemptions"):
        unpack(folder, f"completejourney/{name}.csv", f"{name}.csv")
    run(folder, "init", ".", "--from", "demographics.csv", "campaigns.csv", "coupon_redemptions.csv", *NOW)
    text = (folder / "evenhand.yaml").read_text(encoding="utf-8")
    for words in ("  # household_size:", "may stand for marital_status", "key: household_id", "  campaigns_count:"):
        expect(words in text, f"'{words}' is not proposed:\n{text}")
    run(folder, "vault", "import", "--reason", "the check", *NOW)
    before = check(folder, "before")
    people = rows_of(folder / "demographics.csv")
    proxies = found(before, "proxy")
    expect({"home_ownership", "kids_count"} <= {column for column, attribute, _ in proxies if attribute == "marital_status"}, f"{proxies.keys()}")
    column = next(one for one in before["columns"] if one["name"] == "home_ownership")
    near(column["missing"]["value"], sum(row["home_ownership"] in ("", "NA") for row in people) / 801, 1e-12, "homes not known")
    rows, steps = repaired(folder, before)
    sent = collections.Counter(row["household_id"] for row in rows_of(folder / "campaigns.csv"))
    expect(all(int(row["campaigns_count"]) == sent[row["key"]] for row in rows), "campaigns are counted wrong")
    expect(steps, "nothing is proposed")
    after = check(folder, "after")
    expect(after["since"]["gone"] and after["rows"] == 801, f"{after['since']}")
    groups = {row["household_id"]: row for row in people}
    with (folder / "targeting.csv").open("w", encoding="utf-8") as stream:
        stream.write("age,size,kids,sent\n" + "".join(f"{one['age']},{one['household_size']},{one['kids_count']},{int(sent[key] > 5)}\n" for key, one in groups.items()))
    scan = json.loads(run(folder, "scan", "targeting.csv", "--decision", "sent", "--over", "age,size,kids", "--seed", "1", "--format", "json", "--quiet", statuses=(0, 1, 3)).stdout)
    expect(scan["rows"] == 801, f"{scan['rows']} rows scanned")


def hillstrom(folder):
    unpack(folder, "hillstrom.csv.gz", "hillstrom.csv")
    run(folder, "init", ".", "--from", "hillstrom.csv", *NOW)
    text = (folder / "evenhand.yaml").read_text(encoding="utf-8")
    for words in ("key: each_row", "segment: looks like what was sent", "value: hillstrom.visit = 1", "None was recognised"):
        expect(words in text, f"'{words}' is not proposed:\n{text}")
    before = check(folder, "before")
    leaks = found(before, "leak")
    expect({column for column, _, _ in leaks} == {"conversion", "spend"} and before["rows"] == 64000, f"{leaks.keys()}")
    rows, steps = repaired(folder, before)
    expect({step["column"] for step in steps if step["do"] == "drop"} == {"conversion", "spend"} and not {"conversion", "spend"} & rows[0].keys(), f"{steps}")
    after = check(folder, "after")
    expect(not found(after, "leak") and len(after["since"]["gone"]) >= 2, f"{after['since']}")
    scan = json.loads(run(folder, "scan", "hillstrom.csv", "--decision", "visit", "--over", "zip_code,newbie,channel", "--seed", "1", "--format", "json", "--quiet",
                          statuses=(0, 1)).stdout)
    expect(scan["rows"] == 64000, f"{scan['rows']} rows scanned")


PARTS = {"open": open_ecommerce, "journey": complete_journey, "hillstrom": hillstrom}


def main(words):
    keep = pathlib.Path(words[words.index("--keep") + 1]) if "--keep" in words else None
    for name in [words[0]] if words and words[0] in PARTS else PARTS:
        with tempfile.TemporaryDirectory() as place:
            folder = pathlib.Path(place) if keep is None else keep / name
            folder.mkdir(parents=True, exist_ok=True)
            PARTS[name](folder)
            print(f"{name}: whole")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
