#!/usr/bin/env python3
"""The repair of data, end to end: every step, fitted once and used again, on rows and on one record; the source stays as it was."""
import csv
import gzip
import json
import math
import os
import pathlib
import random
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "badinput"))
from harness import PROGRAM, Skip, expect, refused, run, sound, suite  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", HERE.parents[1]))
DATA = pathlib.Path(os.environ.get("EVENHAND_DATA", SOURCE / ".." / "shared" / "data"))
NOW = ("--now", "2026-11-24")
TESTS = []


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


def store(folder, rows, name="in.csv"):
    path = folder / name
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    return path


def plan(folder, text, name="repairs.yaml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def apply(folder, repairs, path, *more, name="out.csv"):
    before = path.read_bytes()
    done = run("repair", repairs, path, "--output", folder / name, "--json", *more)
    sound(done)
    expect(done.status == 0, f"exit status {done.status}: {done.err}")
    expect(path.read_bytes() == before, "the source was touched")
    report = json.loads(done.out)
    manifest = json.loads((folder / f"{name}.manifest.json").read_text(encoding="utf-8"))
    expect(manifest == report, "the manifest says something else")
    return rows_of(folder / name), report


def people(count=2000, seed=3):
    chance = random.Random(seed)
    rows = [["id", "gender", "age", "income", "city", "score", "bought"]]
    for person in range(count):
        gender = chance.choices("fm", [65, 35])[0]
        age = chance.randint(18, 80)
        rows.append([person, gender, age, "" if chance.random() < (.3 if gender == "f" else .1) else round(chance.gauss(30 if gender == "f" else 40, 5), 2),
                     chance.choice(["Cork", "Galway", ""]), round(chance.gauss(0 if gender == "f" else 1, 1 if gender == "f" else 2), 4),
                     int(chance.random() < (.1 if gender == "f" else .3))])
    return rows


@test
def weights_match_the_population(folder):
    path = store(folder, people())
    store(folder, [["attribute", "group", "people"], ["gender", "f", 51], ["gender", "m", 49], ["age", "18-29", 20], ["age", "30-49", 35], ["age", "50+", 45]], "pop.csv")
    repairs = plan(folder, f"""
groups: {{ gender: gender, age: {{ value: age, bands: [30, 50] }} }}
population: {{ read: "{folder}/pop.csv" }}
steps:
  - {{ do: rake, why: it should stand for all, by: [gender, age] }}
""")
    # "under 30" is not "18-29": both sides are listed
    refused(run("repair", repairs, path, "--dry-run"), "under 30", "18-29", "repairs.yaml", "line 5")
    store(folder, [["attribute", "group", "people"], ["gender", "f", 51], ["gender", "m", 49], ["age", "under 30", 20], ["age", "30-49", 35], ["age", "50+", 45]], "pop.csv")
    rows, report = apply(folder, repairs, path)
    total = sum(float(row["weight_raked"]) for row in rows)
    expect(abs(total - len(rows)) < 1e-6, f"the weights add up to {total}")
    for share, of in ((.51, lambda row: row["gender"] == "f"), (.2, lambda row: int(row["age"]) < 30), (.45, lambda row: int(row["age"]) >= 50)):
        expect(abs(sum(float(row["weight_raked"]) for row in rows if of(row)) / total - share) < 1e-8, f"share {share} is not reached")
    step = report["steps"][0]
    squares = sum(float(row["weight_raked"]) ** 2 for row in rows)
    expect(abs(step["effective_after"] - total ** 2 / squares) < 1e-6 and step["after"] < 1e-9 < step["before"], f"{step}")
    # the check sees the same: nothing is left to mend
    checked = run("check", folder / "out.csv", "--by", "gender,age", "--bands", "age=30,50", "--population", folder / "pop.csv", "--weight", "weight_raked", "--format", "json", *NOW)
    shares = [group for section in json.loads(checked.out)["representation"] for group in section["groups"]]
    expect(all(abs(group["difference"]) < 1e-8 for group in shares), f"{shares}")


@test
def a_cap_holds_the_weights(folder):
    path = store(folder, people(300))
    store(folder, [["gender", "people"], ["f", 5], ["m", 95]], "pop.csv")
    repairs = plan(folder, f"""
groups: {{ gender: gender }}
population: {{ read: "{folder}/pop.csv", weight: people }}
steps:
  - {{ do: rake, why: w, by: gender, cap: 1.5, into: w }}
""")
    rows, report = apply(folder, repairs, path)
    weights = [float(row["w"]) for row in rows]
    expect(max(weights) / (sum(weights) / len(weights)) < 1.5 + 1e-6 and report["steps"][0]["after"] > .05, f"{max(weights)}")


@test
def a_group_that_nobody_is_in_is_refused_side_by_side(folder):
    path = store(folder, [["gender"]] + [["f"]] * 30)
    store(folder, [["gender", "people"], ["f", 5], ["m", 5]], "pop.csv")
    text = f"groups: {{ gender: gender }}\npopulation: {{ read: \"{folder}/pop.csv\" }}\nsteps:\n  - {{ do: rake, why: w, by: gender }}\n"
    refused(run("repair", plan(folder, text), path, "--dry-run"), "nobody", "m ", "50.00 %", "0 rows")
    rows, _ = apply(folder, plan(folder, "skip_unmatched: true\n" + text), path)
    expect({row["weight_raked"] for row in rows} == {"1.0"}, "weights of one group")


@test
def adult_has_the_published_weights(folder):
    packed = DATA / "adult.data.gz"
    if not packed.exists():
        raise Skip("adult.data.gz is not here; set EVENHAND_DATA to the folder that has it")
    path = folder / "adult.csv"
    path.write_bytes(gzip.decompress(packed.read_bytes()))
    repairs = plan(folder, "groups: { sex: trim(column09) }\nsteps:\n  - { do: reweigh, why: w, by: sex, outcome: \"trim(column14) = '>50K'\" }\n")
    apply(folder, repairs, path)
    cells = {tuple(cell["cell"]): cell["factor"] for cell in json.loads((folder / "repairs.fitted").read_text(encoding="utf-8"))["steps"][0]["cells"]}
    published = {("Female", "true"): 2.1999658552, ("Female", "false"): .8525062820, ("Male", "true"): .7876373847, ("Male", "false"): 1.0935192850}
    for cell, weight in published.items():
        expect(abs(cells[cell] - weight) < 5e-11, f"{cell}: {cells[cell]}, published {weight}")


@test
def reweighing_makes_outcome_and_groups_independent(folder):
    path = store(folder, people())
    repairs = plan(folder, "groups: { gender: gender, age: { value: age, bands: [40] } }\nsteps:\n  - { do: reweigh, why: w, by: [gender, age], outcome: bought }\n")
    rows, report = apply(folder, repairs, path)
    rates = {}
    for row in rows:
        rate = rates.setdefault((row["gender"], int(row["age"]) < 40), [0, 0])
        rate[int(row["bought"])] += float(row["weight_reweighed"])
    shares = [one / (none + one) for none, one in rates.values()]
    expect(len(shares) == 4 and max(shares) - min(shares) < 1e-9, f"{shares}")
    expect(report["steps"][0]["before"] > .15 and report["steps"][0]["after"] < 1e-9 and report["steps"][0]["effective_after"] < 2000, f"{report['steps']}")


@test
def what_is_missing_is_filled_with_a_flag(folder):
    path = store(folder, people())
    repairs = plan(folder, """
groups: { gender: gender }
steps:
  - { do: impute, why: w, column: income, with: median, by: gender }
  - { do: impute, why: w, column: city, with: mode }
""")
    rows, _ = apply(folder, repairs, path)
    for gender in "fm":
        known = sorted(float(row["income"]) for row in rows if row["gender"] == gender and row["income"])
        filled = {float(row["income_imputed"]) for row in rows if row["gender"] == gender and not row["income"]}
        expect(filled == {known[math.ceil(len(known) / 2) - 1]}, f"{gender}: {filled}")
    expect(all((row["income_was_missing"] == "true") == (row["income"] == "") for row in rows), "flags")
    expect(all(row["income_imputed"] == row["income"] for row in rows if row["income"]), "known values were changed")


@test
def impossible_values_and_units_are_corrected(folder):
    rows = people(200)
    for i, row in enumerate(rows[1:]):
        row[2] = 999 if i % 20 == 0 else -4 if i % 20 == 1 else row[2] * 12 if i % 20 == 2 else row[2]
    path = store(folder, rows)
    repairs = plan(folder, """
steps:
  - do: correct
    why: 999 means not known, and some ages are in months
    column: age
    missing_when: [ "age = 999", "age < 0" ]
    unit_when: age > 120
    multiply_by: 0.08333333333333333
  - { do: impute, why: w, column: age_repaired, with: median }
""")
    out, report = apply(folder, repairs, path)
    expect([out[i]["age_flag"] for i in range(4)] == ["impossible", "impossible", "unit", ""], f"{[row['age_flag'] for row in out[:4]]}")
    expect(out[0]["age_repaired"] == "" and 18 <= float(out[2]["age_repaired"]) <= 80 and out[0]["age_repaired_imputed"] != "", f"{out[:3]}")
    expect(report["steps"][0]["rows_changed"] == 30, f"{report['steps'][0]}")


@test
def a_number_gets_one_distribution_in_all_groups(folder):
    path = store(folder, people())
    repairs = plan(folder, "groups: { gender: gender }\nsteps:\n  - { do: quantiles, why: w, column: score, by: gender }\n")
    rows, report = apply(folder, repairs, path)
    sides = {g: sorted(float(row["score_repaired"]) for row in rows if row["gender"] == g) for g in "fm"}
    for share in (.1, .25, .5, .75, .9):
        f, m = (sides[g][int(share * (len(sides[g]) - 1))] for g in "fm")
        expect(abs(f - m) < .05, f"quantile {share}: {f} and {m}")
    for g in "fm":
        order = sorted((row for row in rows if row["gender"] == g), key=lambda row: float(row["score"]))
        values = [float(row["score_repaired"]) for row in order]
        expect(values == sorted(values), "the order inside a group has changed")
    expect(report["steps"][0]["before"] > .8 and report["steps"][0]["after"] < 1e-9, f"{report['steps'][0]}")


@test
def a_number_is_decorrelated(folder):
    path = store(folder, people())
    repairs = plan(folder, "groups: { gender: gender }\nsteps:\n  - { do: decorrelate, why: w, column: score, by: gender, amount: 0.5 }\n  - { do: drop, why: w, column: score }\n")
    rows, _ = apply(folder, repairs, path)
    source = rows_of(path)
    mean = {g: sum(float(row["score"]) for row in source if row["gender"] == g) / sum(row["gender"] == g for row in source) for g in "fm"}
    after = {g: sum(float(row["score_decorrelated"]) for row in rows if row["gender"] == g) / sum(row["gender"] == g for row in rows) for g in "fm"}
    expect(abs((after["m"] - after["f"]) - .5 * (mean["m"] - mean["f"])) < 1e-9, f"{mean} {after}")
    expect("score" not in rows[0] and "score" in source[0], "the dropped column")


@test
def duplicates_are_marked_by_decision(folder):
    path = store(folder, people(50))
    store(folder, [["keep", "merge"], [3, 7], [4, 9]], "decisions.csv")
    text = f"steps:\n  - {{ do: duplicates, why: w, key: id, decisions: \"{folder}/decisions.csv\" }}\n"
    rows, _ = apply(folder, plan(folder, text), path)
    expect({row["id"]: row["duplicate_of"] for row in rows if row["duplicate_of"]} == {"7": "3", "9": "4"} and len(rows) == 50, "marks")
    store(folder, [["keep", "merge"], [3, 7], [4, 7]], "decisions.csv")
    refused(run("repair", folder / "repairs.yaml", path, "--dry-run"), "merged twice", "7")


@test
def fitted_once_the_plan_serves_tomorrow_and_one_record(folder):
    path, tomorrow = store(folder, people(seed=1)), store(folder, people(300, seed=2), "tomorrow.csv")
    store(folder, [["gender", "people"], ["f", 50], ["m", 50]], "pop.csv")
    repairs = plan(folder, f"""
groups: {{ gender: gender }}
population: {{ read: "{folder}/pop.csv" }}
steps:
  - {{ do: impute, why: w, column: income, by: gender }}
  - {{ do: quantiles, why: w, column: score, by: gender }}
  - {{ do: reweigh, why: w, by: gender, outcome: bought }}
  - {{ do: rake, why: w, by: gender, start: weight_reweighed }}
""")
    refused(run("repair", repairs, "--record", input=b"{}"), "repairs.fitted", "first")
    apply(folder, repairs, path)
    fitted = (folder / "repairs.fitted").read_bytes()
    rows, report = apply(folder, repairs, tomorrow, name="later.csv")
    expect(report["fitted_before"] and (folder / "repairs.fitted").read_bytes() == fitted, "the parameters were fitted again")
    for row, source in list(zip(rows, rows_of(tomorrow)))[:25]:
        record = {"gender": source["gender"], "income": float(source["income"]) if source["income"] else None, "score": float(source["score"]), "bought": int(source["bought"])}
        done = run("repair", repairs, "--record", input=json.dumps(record).encode())
        expect(done.status == 0, done.err)
        answer = json.loads(done.out)
        for name in ("income_imputed", "score_repaired", "weight_reweighed", "weight_raked"):
            expect(abs(answer[name] - float(row[name])) < 1e-9, f"{name}: {answer[name]} for the record, {row[name]} for the row")
    repairs.write_text(repairs.read_text(encoding="utf-8").replace("why: w", "why: other", 1), encoding="utf-8")
    refused(run("repair", repairs, tomorrow, "--dry-run"), "changed", "--fit")
    apply(folder, repairs, tomorrow, "--fit", name="again.csv")
    expect((folder / "repairs.fitted").read_bytes() != fitted, "--fit did not fit")


@test
def what_the_check_proposes_can_be_applied_and_helps(folder):
    rows = people(1500)
    for i, row in enumerate(rows[1:]):
        row[2] = 999 if i % 30 == 0 else row[2]
    rows = [row + [end] for row, end in zip(rows, ["same"] + ["x"] * 1500)]
    path = store(folder, rows)
    store(folder, [["gender", "people"], ["f", 50], ["m", 50]], "pop.csv")
    asked = ("--by", "gender", "--label", "bought", "--population", folder / "pop.csv", *NOW)
    before = folder / "before.json"
    before.write_bytes(run("check", path, *asked, "--format", "json").out)
    proposed = run("repair", "--propose", path, *asked)
    expect(proposed.status == 0, proposed.err)
    repairs = plan(folder, proposed.out.decode())
    for step in ("do: correct", "do: impute", "do: reweigh", "do: rake", "do: drop"):
        expect(step in proposed.out.decode(), f"{step} is not proposed:\n{proposed.out.decode()}")
    dry = run("repair", repairs, path, "--dry-run")
    expect(dry.status == 0 and not (folder / "repairs.fitted").exists(), f"a dry run wrote something: {dry.err}")
    out, report = apply(folder, repairs, path)
    expect("same" not in out[0] and out[0]["age_repaired"] == "", f"{out[0]}")
    after = json.loads(run("check", folder / "out.csv", "--by", "gender", "--population", folder / "pop.csv", "--weight", "weight_raked", "--before", before, "--format", "json",
                           *NOW).out)
    ids = {finding["id"] for finding in after["findings"]}
    expect("too_few" not in ids and "constant" not in ids, f"{ids}")
    since = after["since"]
    expect({"too_few", "constant"} <= {finding["id"] for finding in since["gone"]}, f"{since}")


@test
def merged_people_are_counted_once(folder):
    """Rows that were merged weigh nothing, and no value is fitted on them."""
    rows = [["id", "gender", "income", "bought"]] + [[i, "f" if i < 60 else "m", 10 if i < 60 else 30, i % 2] for i in range(100)]
    rows += [[1000 + i, "m", 99, 1] for i in range(50)]
    path = store(folder, rows)
    store(folder, [["keep", "merge"]] + [[60 + i % 40, 1000 + i] for i in range(50)], "decisions.csv")
    store(folder, [["gender", "people"], ["f", 50], ["m", 50]], "pop.csv")
    repairs = plan(folder, f"""
groups: {{ gender: gender }}
population: {{ read: "{folder}/pop.csv" }}
steps:
  - {{ do: duplicates, why: w, key: id, decisions: "{folder}/decisions.csv" }}
  - {{ do: reweigh, why: w, by: gender, outcome: bought }}
  - {{ do: rake, why: w, by: gender }}
  - {{ do: decorrelate, why: w, column: income, by: gender }}
""")
    out, report = apply(folder, repairs, path)
    merged = [row for row in out if row["duplicate_of"]]
    expect(len(merged) == 50 and {float(row["weight_raked"]) for row in merged} == {0.0} == {float(row["weight_reweighed"]) for row in merged}, f"{merged[:2]}")
    share = sum(float(row["weight_raked"]) for row in out if row["gender"] == "f") / sum(float(row["weight_raked"]) for row in out)
    expect(abs(share - .5) < 1e-9, f"{share}")
    expect({round(float(row["income_decorrelated"]), 9) for row in out if not row["duplicate_of"]} == {18.0}, "the merged rows have moved the means")
    costs = [(step["rows"], round(step["effective_before"]), round(step["effective_after"])) for step in report["steps"]]
    expect(costs[0] == (150, 150, 100) and costs[1] == (150, 100, 100) and costs[2] == (150, 100, 96) and costs[3] == (150, 96, 96), f"{costs}")
    chain = store(folder, [["keep", "merge"], [1, 2], [2, 3]], "decisions.csv")
    out, _ = apply(folder, repairs, path, "--fit")
    expect({row["id"]: row["duplicate_of"] for row in out if row["duplicate_of"]} == {"2": "1", "3": "1"}, "a merge of a merge")
    store(folder, [["keep", "merge"], [1, 2], [2, 1]], "decisions.csv")
    refused(run("repair", repairs, path, "--dry-run", "--fit"), "into itself", chain.name)


@test
def words_for_nothing_are_filled_as_the_check_counts_them(folder):
    rows = [["id", "city"]] + [[i, ("Cork", "Cork", "Galway", "n/a", "?", "")[i % 6]] for i in range(60)]
    path = store(folder, rows)
    out, report = apply(folder, plan(folder, "steps:\n  - { do: impute, why: w, column: city, with: mode }\n"), path)
    expect({row["city_imputed"] for row in out} == {"Cork", "Galway"} and report["steps"][0]["rows_changed"] == 30, f"{report['steps']}")


@test
def a_record_may_leave_fields_out(folder):
    path = store(folder, people())
    repairs = plan(folder, """
groups: { gender: gender }
steps:
  - { do: impute, why: w, column: city, with: mode }
  - { do: impute, why: w, column: income, by: gender }
  - { do: quantiles, why: w, column: score, by: gender }
  - { do: drop, why: w, column: age }
""")
    apply(folder, repairs, path)
    done = run("repair", repairs, "--record", input=b'{"gender": "f", "city": null}')
    expect(done.status == 0, done.err)
    answer = json.loads(done.out)
    expect(set(answer) == {"gender", "city", "city_imputed", "city_was_missing", "income_imputed", "income_was_missing", "score_repaired"}, f"{answer}")
    expect(answer["city_imputed"] in ("Cork", "Galway") and answer["city_was_missing"] and answer["score_repaired"] is None, f"{answer}")
    refused(run("repair", repairs, "--record", input=b'{"gender": "f", "income": "many"}'), "income", "DOUBLE")


WORKSPACE = """shop: { name: Blue Finch }
sources:
  people: { read: people.csv, key: id }
  orders: { read: orders.csv, person: id, time: day }
protected:
  sex: { value: people.sex, from_whom: the form }
  age: { value: people.age, bands: [30, 50], from_whom: the form }
  town: { value: people.town, top: 2, from_whom: the form }
features:
  city: { value: people.city, says: "you live in {value}", from_whom: your account }
  income: { value: people.income, says: "you earn {value}", from_whom: your account }
  orders_count: { value: count(orders.id), says: "{value} orders", from_whom: your orders }
outcome: { again: { value: count(orders.id) > 0, within: 30 days } }
population: { read: reference/pop.csv, weight: people, skip_unmatched: true }
duplicates: { email: mail, name: [first, last] }
"""


def shop(folder):
    chance = random.Random(5)
    rows = [["id", "sex", "age", "town", "city", "income", "mail", "first", "last"]]
    for i in range(900):
        sex = chance.choices("fm", [70, 30])[0]
        rows.append([f"p{i:03d}", sex, chance.randint(18, 80), chance.choices("abcd", [60, 25, 10, 5])[0], chance.choice(["Cork", "Galway", "n/a"]),
                     "" if chance.random() < (.4 if sex == "f" else .1) else chance.choice([999999, chance.randint(20, 90) * 1000]) if i % 60 == 0 else chance.randint(20, 90) * 1000,
                     f"{i}@mail.example", f"First{i}", f"Last{i}"])
    rows[800][6] = rows[3][6].upper()
    store(folder, rows, "people.csv")
    orders = [["id", "day"]] + [[f"p{chance.randrange(900):03d}", f"2026-{month:02d}-{chance.randint(1, 28):02d}"] for month in range(3, 11) for _ in range(150)]
    store(folder, orders, "orders.csv")
    (folder / "reference").mkdir()
    store(folder, [["attribute", "group", "people"], ["sex", "f", 51], ["sex", "m", 48], ["sex", "x", 1], ["age", "under 30", 25], ["age", "30 to 49", 35], ["age", "50 and over", 40]],
          "reference/pop.csv")
    (folder / "evenhand.yaml").write_text(WORKSPACE, encoding="utf-8")
    imported = run("vault", "import", "--reason", "test", "--workspace", folder)
    expect(imported.status == 0, imported.err)
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def checked(folder, *more):
    done = run("check", "--workspace", folder, *NOW, "--quiet", "--format", "json", *more)
    sound(done)
    expect(done.status in (0, 1, 3), done.err)
    return json.loads(done.out)


@test
def a_workspace_is_checked_repaired_and_checked_again(folder):
    sources = shop(folder)
    before = checked(folder)
    ids = {finding["id"] for finding in before["findings"]}
    expect({"too_few", "missing_by_group", "placeholder", "near_duplicates"} <= ids and before["repairs"] is None, f"{ids}")
    proposed = run("repair", "--propose", "--workspace", folder, *NOW)
    expect(proposed.status == 0, proposed.err)
    text = proposed.out.decode()
    for part in ("do: correct", "do: impute", "do: rake", "# - do: duplicates", "decisions: duplicates.yaml", 'read: "reference/pop.csv"', "skip_unmatched: true", "'all others'"):
        expect(part in text, f"{part} is not in the plan:\n{text}")
    expect("by: [" not in text.split("do: impute")[1].split("do:")[0], "values are filled group by group: that writes the group into the column")
    plan(folder, text)
    decided = run("duplicates", "--same", "p002,p799", "--by", "Ann", "--workspace", folder)
    expect(decided.status == 0, decided.err)
    plan(folder, text.replace("  # - do: dup", "  - do: dup").replace("  #   ", "    "))
    dry = run("repair", "--workspace", folder, "--dry-run", *NOW)
    expect(dry.status == 0 and not (folder / "repaired").exists() and b"nothing is written" in dry.out, f"{dry.err}")
    done = run("repair", "--workspace", folder, *NOW)
    sound(done)
    expect(done.status == 0 and b"before and after" in done.out, done.err)
    expect({name: content for name, content in sources.items()} == {name: (folder / name).read_bytes() for name in sources}, "a source was touched")
    rows = rows_of(folder / "repaired" / "people.csv")
    expect(len(rows) == 900 and not {"sex", "age", "town"} & set(rows[0]), f"protected attributes were written: {list(rows[0])}")
    expect([row["key"] for row in rows if row["duplicate_of"]] == ["p799"], "the merge")
    after = checked(folder)
    gone = {finding["id"] for finding in after["since"]["gone"]}
    expect({"too_few", "missing_by_group", "placeholder"} <= gone, f"gone: {gone}; now {[f['says'] for f in after['findings']]}")
    expect(after["rows"] == 899 and after["effective"] < 899 and after["since"]["effective_before"] == 900, f"{after['rows']} {after['effective']}")
    expect(after["repairs"]["weight"] == "weight_raked" and after["repairs"]["merged"] == "duplicate_of", f"{after['repairs']}")
    shares = {group["group"]: group for group in after["representation"][0]["groups"]}
    expect(abs(shares["f"]["share"]["value"] - 51 / 99) < 1e-6, f"{shares}")
    as_is = checked(folder, "--as-is")
    expect(as_is["repairs"] is None and as_is["rows"] == 900, "--as-is looks at the repairs")
    # Tomorrow's rows go through the same parameters.
    with open(folder / "people.csv", "a", encoding="utf-8") as stream:
        stream.write("p900,f,33,z,,,n@mail.example,N,N\n")
    run("vault", "import", "--reason", "test", "--workspace", folder)
    later = run("repair", "--workspace", folder, "--output", folder / "later.csv", "--json", *NOW)
    expect(later.status == 0 and json.loads(later.out)["fitted_before"], later.err)
    new = next(row for row in rows_of(folder / "later.csv") if row["key"] == "p900")
    same = next(row for row in rows_of(folder / "later.csv") if row["key"] == "p001")
    expect(new["city_imputed"] in ("Cork", "Galway") and same == {**next(row for row in rows if row["key"] == "p001")}, f"{new}")
    # One record, with the group that the person names.
    record = run("repair", folder / "repairs.yaml", "--record", input=b'{"key": "p900", "sex": "f", "age": 33, "town": "z", "city": null}')
    expect(record.status == 0 and json.loads(record.out)["city_imputed"] == new["city_imputed"], f"{record.err} {record.out}")
    expect(abs(json.loads(record.out)["weight_raked"] - float(new["weight_raked"])) < 1e-9, "the weight of the record is not that of the row")
    # A plan that changed is not taken for the one that was applied.
    plan(folder, (folder / "repairs.yaml").read_text(encoding="utf-8") + "# changed\n")
    changed = run("check", "--workspace", folder, *NOW, "--format", "json")
    expect(json.loads(changed.out)["repairs"] is None and "changed since" in changed.err, changed.err)


@test
def protected_attributes_stay_in_the_vault(folder):
    shop(folder)
    for step, *says in (("{ do: impute, why: w, column: sex, with: mode }", "sex", "protected", "line 3"),
                        ("{ do: correct, why: w, column: income, missing_when: \"sex = 'f'\" }", "sex", "protected"),
                        ("{ do: correct, why: w, column: income, missing_when: '\"SEX\" is null' }", "protected"),
                        ("{ do: correct, why: w, column: income, missing_when: \"to_json(evenhand_before) like '%f%'\" }", "whole rows"),
                        ("{ do: reweigh, why: w, by: sex, outcome: \"age > 30\" }", "age", "protected"),
                        ("{ do: impute, why: w, column: city, with: mode, into: town }", "town", "protected")):
        repairs = plan(folder, f"groups: {{ sex: sex }}\nsteps:\n  - {step}\n")
        refused(run("repair", repairs, "--workspace", folder, "--dry-run", *NOW), *says)
    refused(run("repair", "--workspace", folder.parent / "nowhere"), "nowhere")
    (folder / "repairs.yaml").unlink()
    refused(run("repair", "--workspace", folder), "repairs.yaml", "--propose")


@test
def a_check_of_repaired_rows_shows_before_and_after_by_itself(folder):
    path = store(folder, people())
    store(folder, [["gender", "people"], ["f", 50], ["m", 50]], "pop.csv")
    asked = ("--by", "gender", "--population", folder / "pop.csv", *NOW, "--format", "json")
    before = json.loads(run("check", path, *asked).out)
    repairs = plan(folder, run("repair", "--propose", path, *asked[:-2]).out.decode())
    apply(folder, repairs, path)
    after = json.loads(run("check", folder / "out.csv", *asked).out)
    expect(after["before"] == str(path) and after["since"]["counts_before"] == before["counts"], f"{after['before']} {after['since']}")
    expect({"too_few", "missing_by_group"} <= {finding["id"] for finding in after["since"]["gone"]}, f"{after['since']['gone']}")
    expect({"column": "income", "seen_as": "income_imputed_decorrelated"} in after["repairs"]["columns"] and "income_imputed" not in {c["name"] for c in after["columns"]}, f"{after['repairs']}")
    expect(not [f for f in after["findings"] if f["id"] == "drift"], "what was repaired is taken for drift")
    plain = json.loads(run("check", folder / "out.csv", *asked, "--as-is").out)
    expect(plain["repairs"] is None and plain["since"] is None and "income_imputed" in {c["name"] for c in plain["columns"]}, "--as-is")
    named = json.loads(run("check", folder / "out.csv", "--by", "gender", "--ignore", "income_imputed", *NOW, "--format", "json").out)
    expect("income_imputed" in {c["name"] for c in named["columns"]}, "a column that was named is not there")


@test
def plans_are_read_strictly(folder):
    path = store(folder, people(40))
    for text, *says in (("steps:\n  - { do: impue, why: w, column: age }\n", "impute", "line 2"),
                        ("steps:\n  - { do: impute, why: w, colum: age }\n", "colum", "column"),
                        ("steps:\n  - { do: impute, column: age }\n", "why"),
                        ("steps:\n  - { do: impute, why: w, column: agee }\n", "agee", "age", "line 2"),
                        ("steps:\n  - { do: reweigh, why: w, by: gendr, outcome: bought }\ngroups: { gender: gender }\n", "gendr", "gender"),
                        ("steps:\n  - { do: rake, why: w, by: gender }\ngroups: { gender: gender }\n", "population"),
                        ("steps:\n  - { do: impute, why: w, column: age, into: income }\n", "income", "beside"),
                        ("steps:\n  - { do: correct, why: w, column: age, missing_when: \"age < (SELECT 1)\" }\n", "SELECT"),
                        ("steps:\n  - { do: quantiles, why: w, column: city, by: gender }\ngroups: { gender: gender }\n", "quantiles", ("city", "Cork")),
                        ("steps: 3\n", "steps"), ("stepps: []\n", "stepps", "steps"), ("groups: {}\n", "steps", "missing"),
                        ("steps:\n  - &a { do: drop, why: w, column: age }\n  - *a\n", ("alias", "anchor")), ("steps: []\nsteps: []\n", "steps", "line 2")):
        repairs = plan(folder, text)
        refused(run("repair", repairs, path, "--dry-run"), *says)


@test
def nothing_is_written_over(folder):
    path = store(folder, people(40))
    repairs = plan(folder, "steps:\n  - { do: impute, why: w, column: income }\n")
    before = path.read_bytes()
    refused(run("repair", repairs, path, "--output", path), "never over")
    refused(run("repair", repairs, path, "--output", repairs), "plan")
    refused(run("repair", repairs, path), "--output", "--dry-run")
    expect(path.read_bytes() == before and sorted(p.name for p in folder.iterdir()) == ["in.csv", "repairs.yaml"], f"{list(folder.iterdir())}")
    rows, _ = apply(folder, repairs, path)
    expect([list(row.values())[:7] for row in rows] == [list(row.values()) for row in rows_of(path)], "the rows are not in their order, or not as they were")
    subprocess.run([PROGRAM, "repair", str(repairs), str(path), "--output", str(folder / "out.parquet"), "--quiet"], check=True)
    expect((folder / "out.parquet").read_bytes()[:4] == b"PAR1", "not Parquet")


if __name__ == "__main__":
    sys.exit(suite("repair", TESTS))
