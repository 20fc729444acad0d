#!/usr/bin/env python3
"""The check of data, end to end: planted faults are found, sound data is left alone, reports are what their schema says, published
figures come out. Real data sets are read from EVENHAND_DATA or ../shared/data beside the project; what needs them is skipped aloud.
"""
import csv
import gzip
import json
import os
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "badinput"))
from harness import Skip, expect, refused, run, sound, suite  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", HERE.parents[1]))
DATA = pathlib.Path(os.environ.get("EVENHAND_DATA", SOURCE / ".." / "shared" / "data"))
NOW = ("--now", "2026-11-24")
AGES = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+")
TESTS = []

try:
    import jsonschema
    SCHEMA = jsonschema.Draft202012Validator(json.loads((SOURCE / "docs" / "check.schema.json").read_text(encoding="utf-8")))
except ImportError:
    SCHEMA = None


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


def real(name):
    path = DATA / name
    if not path.exists():
        raise Skip(f"{name} is not here; set EVENHAND_DATA to the folder that has it")
    return path


def unpacked(folder, name):
    path = folder / name.removesuffix(".gz")
    path.write_bytes(gzip.decompress(real(name).read_bytes()))
    return path


def check(path, *more, statuses=(0, 1, 3)):
    done = run("check", path, *NOW, "--format", "json", *more)
    sound(done)
    expect(done.status in statuses, f"exit status {done.status}: {done.err}")
    report = json.loads(done.out)
    if SCHEMA is not None:
        faults = [f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in SCHEMA.iter_errors(report)]
        expect(not faults, f"not what the schema says: {faults[:3]}")
    expect(report["exit_status"] == done.status, "the exit status in the report is another one")
    return report


def found(report, kind, **where):
    return [finding for finding in report["findings"] if finding["id"] == kind and all(finding[key] == value for key, value in where.items())]


def store(folder, rows, name="in.csv"):
    path = folder / name
    with open(path, "w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows(rows)
    return path


def people(count=3000, seed=3):
    """Sound rows: nothing in them depends on anything else but the outcome on the visits, a little."""
    chance = random.Random(seed)
    rows = [["id", "gender", "age", "visits", "amount", "city", "note", "seen", "bought"]]
    for person in range(count):
        visits = chance.randint(0, 9)
        rows.append([person, chance.choice("fm"), chance.randint(18, 80), visits, round(chance.lognormvariate(3, .6), 2), chance.choice(["Cork", "Galway", "Sligo"]),
                     f"text {chance.random():.8f}", f"2026-{chance.randint(1, 10):02d}-{chance.randint(1, 28):02d}", int(chance.random() < .1 + .02 * visits)])
    return rows


def changed(rows, column, change):
    at = rows[0].index(column)
    return [rows[0]] + [row[:at] + [change(i, row[at])] + row[at + 1:] for i, row in enumerate(rows[1:])]


# ---- sound data ------------------------------------------------------------------------------------------------------------------


@test
def sound_data_is_left_alone(folder):
    for seed in range(1, 6):
        path = store(folder, people(seed=seed), f"{seed}.csv")
        report = check(path, "--by", "gender", "--label", "bought", "--key", "id", statuses=(0,))
        wrong = [finding["says"] for finding in report["findings"] if finding["severity"] != "note"]
        expect(not wrong, f"seed {seed}: {wrong}")
        auc = report["attributes"][0]["recovery"]["auc"]
        expect(auc["low"] < .53 and abs(auc["value"] - .5) < .04, f"recovery out of nothing: {auc}")


# ---- planted faults ----------------------------------------------------------------------------------------------------------------


@test
def impossible_values_are_found(folder):
    rows = changed(people(), "age", lambda i, age: -4 if i in (7, 9) else 240 if i == 11 else age)
    report = check(store(folder, rows))
    expect([f["rows"] for f in found(report, "impossible", column="age", detail="below 0")] == [2], f"{found(report, 'impossible')}")
    expect(found(report, "impossible", column="age", detail="above 120"), "an age of 240 is not found")


@test
def dates_in_the_future_are_found(folder):
    rows = changed(people(), "seen", lambda i, date: "2031-05-05" if i % 1000 == 5 else date)
    report = check(store(folder, rows))
    expect([f["rows"] for f in found(report, "future", column="seen")] == [3], f"{report['findings']}")


@test
def stale_dates_are_found(folder):
    rows = changed(people(), "seen", lambda i, date: date.replace("2026", "2023"))
    expect(found(check(store(folder, rows)), "stale", column="seen"), "not found")


@test
def placeholders_are_found(folder):
    for value in (999, -1):
        rows = changed(people(), "age", lambda i, age, value=value: value if i % 50 == 0 else age)
        report = check(store(folder, rows, f"{value}.csv"))
        expect([(f["rows"], f["detail"]) for f in found(report, "placeholder", column="age")] == [(60, str(value))], f"{report['findings'][:3]}")


@test
def two_units_in_one_column_are_found(folder):
    chance = random.Random(5)
    heights = [round(chance.gauss(171, 9), 1) for _ in range(3000)]
    for share, factor in ((20, 100), (4, 2.54)):
        rows = [["id", "height"]] + [[i, round(height / factor, 3) if i % share == 0 else height] for i, height in enumerate(heights)]
        report = check(store(folder, rows, f"{share}.csv"))
        units = found(report, "units", column="height")
        expect(len(units) == 1 and units[0]["factor"] == factor and units[0]["rows"] == 3000 / share, f"factor {factor}: {report['findings']}")
    rows = [["id", "height"]] + list(enumerate(heights))
    expect(not found(check(store(folder, rows, "one.csv")), "units"), "one unit is taken for two")


@test
def missing_values_and_their_group_are_found(folder):
    rows = changed(people(), "city", lambda i, city: city)
    at = [rows[0].index(name) for name in ("gender", "city")]
    for i, row in enumerate(rows[1:]):
        if row[at[0]] == "f" and i % 3 == 0:
            row[at[1]] = ("", "NA", "?")[i % 9 // 3]
    report = check(store(folder, rows), "--by", "gender")
    group = found(report, "missing_by_group", column="city")
    expect(len(group) == 1 and group[0]["group"] == "f" and group[0]["severity"] == "high", f"{report['findings']}")
    column = next(c for c in report["columns"] if c["name"] == "city")
    expect(column["blanks"] > 0 and column["nulls"] + column["blanks"] == round(column["missing"]["value"] * 3000), f"{column['nulls']} {column['blanks']}")


@test
def empty_and_constant_columns_are_found(folder):
    rows = [row + [end, ""] for row, end in zip(people(), ["same"] + ["x"] * 3000)]
    rows[0][-1] = "nothing"
    report = check(store(folder, rows))
    expect(found(report, "constant", column="same") and found(report, "empty", column="nothing"), f"{report['findings']}")


@test
def duplicates_and_keys_are_found(folder):
    rows = people()
    rows += [list(row) for row in rows[1:41]]
    report = check(store(folder, rows), "--key", "id", statuses=(1,))
    expect(report["duplicates"]["rows"] == 40 and report["duplicates"]["key_repeated"] == 40, f"{report['duplicates']}")
    expect(found(report, "key_repeated") and found(report, "duplicates"), f"{report['findings']}")
    other = people()
    other += [[9000 + i] + row[1:] for i, row in enumerate(other[1:21])]
    report = check(store(folder, other, "other.csv"))
    expect(report["duplicates"]["rows"] == 0 and report["duplicates"]["rows_but_key"] == 20, f"{report['duplicates']}")


@test
def rows_alike_but_for_their_key_tell_only_where_chance_does_not(folder):
    chance = random.Random(7)
    head = ["id"] + [f"answer{i}" for i in range(7)]
    few = [head] + [[i] + [chance.choice("abc") for _ in range(7)] for i in range(800)]
    report = check(store(folder, few, "few.csv"))
    expect(report["duplicates"]["rows_but_key"] > 100, f"{report['duplicates']}")
    expect(not found(report, "duplicates_but_key"), "answers of three kinds that agree by chance are told as duplicates")
    many = [head] + [[i] + [chance.randint(1, 400) for _ in range(7)] for i in range(800)]
    many += [[9000 + i] + row[1:] for i, row in enumerate(many[1:21])]
    report = check(store(folder, many, "many.csv"))
    expect(found(report, "duplicates_but_key")[0]["rows"] == 20, f"{report['findings']}")


@test
def households_of_a_grocer_are_no_duplicates(folder):
    real("completejourney/demographics.csv")
    report = check(DATA / "completejourney" / "demographics.csv", "--key", "household_id")
    expect(report["rows"] == 801 and report["duplicates"]["rows_but_key"] == 369, f"{report['duplicates']}")
    expect(not found(report, "duplicates_but_key"), f"{report['findings']}")


@test
def leaks_are_found(folder):
    rows = people()
    rows[0] += ["refund", "reason"]
    for row in rows[1:]:
        row += [row[-1] * 10 + random.Random(row[0]).randint(0, 3), "asked" if row[-1] and row[0] % 4 == 0 else ""]
    report = check(store(folder, rows), "--label", "bought", statuses=(1,))
    expect(found(report, "leak", column="refund", severity="high"), "a column that is the outcome is not found")
    expect(found(report, "leak", column="reason", severity="medium"), f"a value that only one outcome has is not found: {report['findings']}")
    expect(not found(report, "leak", column="visits"), "an honest feature is called a leak")


@test
def proxies_are_found(folder):
    chance = random.Random(4)
    rows = people()
    rows[0].append("product")
    for row in rows[1:]:
        row.append(chance.choice(["shirt", "dress"]) if chance.random() < .3 else {"f": "dress", "m": "shirt"}[row[1]])
    report = check(store(folder, rows), "--by", "gender")
    expect(found(report, "proxy", column="product", attribute="gender"), "not found")
    recovery = report["attributes"][0]["recovery"]
    expect(.82 < recovery["auc"]["value"] < .9 and recovery["columns"][0]["column"] == "product", f"{recovery}")
    ignored = check(store(folder, rows), "--by", "gender", "--ignore", "product")
    expect(not found(ignored, "proxy", column="product") and not found(ignored, "recoverable"), "an ignored column is told as a proxy")


@test
def people_who_were_never_tried_are_found(folder):
    chance = random.Random(6)
    rows = people()
    rows[0].append("sent")
    for row in rows[1:]:
        row.append(int(chance.random() < (.8 if row[1] == "m" else .3)))
        row[-2] = row[-2] if row[-1] else ""
    for more in (("--decision", "sent"), ()):
        report = check(store(folder, rows), "--by", "gender", "--label", "bought", *more)
        tried = found(report, "never_tried")
        expect(len(tried) == 1 and tried[0]["group"] == "f" and .4 < tried[0]["estimate"]["value"] < .5, f"{tried}")


@test
def drift_is_found_and_only_where_it_is(folder):
    before = folder / "before.json"
    before.write_bytes(run("check", store(folder, people(seed=1), "a.csv"), *NOW, "--format", "json").out)
    same = check(store(folder, people(seed=2), "b.csv"), "--before", before)
    expect(not found(same, "drift"), f"{found(same, 'drift')}")
    rows = changed(people(seed=2), "amount", lambda i, amount: round(amount * 2, 2))
    drift = found(check(store(folder, rows, "c.csv"), "--before", before), "drift")
    expect([f["column"] for f in drift] == ["amount"] and drift[0]["expected"] > .3, f"{drift}")


@test
def crossings_without_people_are_found(folder):
    rows = [row for row in people() if not (row[1] == "f" and row[5] == "Sligo")]
    report = check(store(folder, rows), "--by", "gender,city")
    expect(report["uncovered"]["empty"] == 1 and report["uncovered"]["crossings"][0]["group"] == "f & Sligo", f"{report['uncovered']}")
    expect(found(report, "uncovered", severity="medium"), "not told")


# ---- populations ---------------------------------------------------------------------------------------------------------------------


def sample(folder):
    chance = random.Random(8)
    rows = [["sex", "age", "weight"]]
    for _ in range(2000):
        rows.append([chance.choices(["Female", "Male"], [70, 30])[0], chance.choices(AGES, [10, 40, 30, 12, 6, 2])[0], 1])
    return store(folder, rows)


@test
def shares_are_compared_with_margins_and_with_joint_tables(folder):
    path = sample(folder)
    joint = store(folder, [["sex", "age", "people"]] + [[sex, age, 100 + 10 * i] for sex in ("Female", "Male") for i, age in enumerate(AGES)], "joint.csv")
    sexes = store(folder, [["sex", "count"], ["female", 600], ["male", 600]], "sexes.csv")
    ages = store(folder, [["age", "count"]] + [[age.replace("-", " to ").replace("+", " and over"), 100 + 10 * i] for i, age in enumerate(AGES)], "ages.csv")
    one = check(path, "--by", "sex,age", "--population", joint)
    two = check(path, "--by", "sex,age", "--population", sexes, "--population", ages)
    expect([s["attribute"] for s in one["representation"]] == ["sex", "age", "sex & age"], "sections")
    for a, b in zip(one["representation"][:2], two["representation"]):
        for x, y in zip(a["groups"], b["groups"]):
            expect(abs(x["population_share"] - y["population_share"]) < 1e-12 and x["share"] == y["share"], f"{x} {y}")
    expect(found(one, "too_few", group="Male") and found(one, "too_few", group="65+", severity="high"), f"{one['findings']}")
    weights = two["weights"]
    expect(weights["converged"] and weights["design_effect"] > 1.2 and abs(weights["effective_people"] * weights["design_effect"] - 2000) < 1e-6, f"{weights}")
    for section in two["representation"]:
        for group in section["groups"]:
            expect(abs(group["standardised_difference_weighted"]) < 1e-6, f"raking does not reach {group['group']}")


@test
def a_population_that_does_not_fit_is_refused_side_by_side(folder):
    path = sample(folder)
    other = store(folder, [["sex", "people"], ["F", 5], ["M", 5]], "other.csv")
    refused(run("check", path, "--by", "sex", "--population", other, *NOW), "Female", "(not there)", "F", "--skip-unmatched")
    zero = store(folder, [["sex", "people"], ["Female", 5], ["Male", 0]], "zero.csv")
    refused(run("check", path, "--by", "sex", "--population", zero, *NOW), "share of zero", "Male: 0 people")
    none = store(folder, [["country", "people"], ["Ireland", 5]], "none.csv")
    refused(run("check", path, "--by", "sex", "--population", none, *NOW), "sex", "country", "--population-by")
    negative = store(folder, [["sex", "people"], ["Female", 5], ["Male", -3]], "negative.csv")
    refused(run("check", path, "--by", "sex", "--population", negative, *NOW), "negative")


@test
def a_group_that_nobody_is_in_is_found(folder):
    path = store(folder, [["sex"]] + [["Female"]] * 300)
    other = store(folder, [["sex", "people"], ["Female", 5], ["Male", 5]], "other.csv")
    report = check(path, "--by", "sex", "--population", other, statuses=(1,))
    expect(found(report, "absent", group="Male", severity="high"), f"{report['findings']}")


@test
def little_data_cannot_tell(folder):
    path = store(folder, [["sex"]] + [["Female"]] * 6 + [["Male"]] * 5)
    other = store(folder, [["sex", "people"], ["Female", 5], ["Male", 5]], "other.csv")
    check(path, "--by", "sex", "--population", other, statuses=(3,))


@test
def few_rows_cannot_tell(folder):
    """Three answers: what was found, what was not, and what so little data cannot say."""
    path = store(folder, [["a", "b"], [1, "x"], [2, "y"]], "two.csv")
    report = check(path, "--by", "b", statuses=(3,))
    expect([u["id"] for u in report["untold"]] == ["faults"] and "too little" in report["headline"], f"{report['untold']}")
    expect(report["untold"][0]["rows"] == 2 and abs(report["untold"][0]["share"] - (1 - .05 ** .5)) < 1e-12, f"{report['untold'][0]}")
    check(path, statuses=(3,))
    rows = people(60)
    report = check(store(folder, rows, "sixty.csv"), "--by", "gender", "--label", "bought")
    expect({"recovery"} <= {u["id"] for u in report["untold"]}, f"{report['untold']}")
    rare = changed(people(3000), "bought", lambda i, value: int(i < 5))
    report = check(store(folder, rare, "rare.csv"), "--label", "bought", statuses=(3,))
    expect([(u["id"], u["rows"], u["needed"]) for u in report["untold"]] == [("outcome", 5, 10)], f"{report['untold']}")
    found = store(folder, [["age"], [-5], [-6], [30]], "found.csv")
    expect(check(found, "--fail-on", "medium", statuses=(1,))["untold"], "what was found is told, and what cannot be told as well")


@test
def people_who_are_in_twice_are_found(folder):
    rows = [["id", "first_name", "last_name", "email", "phone", "street", "zip", "spend"]]
    chance = random.Random(7)
    for i in range(400):
        rows.append([f"k{i}", f"First{chance.randrange(10**6)}", f"Last{chance.randrange(10**6)}", f"mail{i}@x.example", f"+3530{i:06d}", f"{i} Quay Street", f"{10000 + i}", i])
    rows.append(["k900", rows[5][1], rows[5][2], rows[5][3].upper(), "", "", "", 3])
    rows.append(["k901", rows[9][1] + "a", rows[9][2], "other@x.example", "", rows[9][5].replace("Street", "St."), rows[9][6], 3])
    report = check(store(folder, rows), "--key", "id")
    twice = found(report, "near_duplicates")
    expect(len(twice) == 1 and twice[0]["rows"] == 2 and "evenhand repair" in twice[0]["command"], f"{twice}")
    told = report["duplicates"]
    expect((told["pairs_exact"], told["pairs_near"], told["pairs_unmerged"]) == (1, 1, 0), f"{told}")
    expect({tuple(pair["keys"]) for pair in told["pairs"]} == {("k4", "k900"), ("k8", "k901")}, f"{told['pairs']}")
    products = store(folder, [["id", "product_name", "zip_code"]] + [[i, "shirt", "1000"] for i in range(300)], "products.csv")
    expect(check(products)["duplicates"]["pairs"] is None, "products are taken for people")


@test
def a_feature_of_the_past_is_no_leak(folder):
    chance = random.Random(11)
    store(folder, [["id", "sex"]] + [[i, chance.choice("fm")] for i in range(600)], "people.csv")
    orders = [["id", "day"]] + [[i, f"2026-{month:02d}-{chance.randint(1, 28):02d}"] for i in range(300) for month in range(3, 11)]
    store(folder, orders, "orders.csv")
    store(folder, [["id", "day", "flag"]] + [[i, "2026-10-20", "yes" if i < 300 else "no"] for i in range(600)], "late.csv")
    (folder / "evenhand.yaml").write_text("""shop: { name: Blue Finch }
sources:
  people: { read: people.csv, key: id }
  orders: { read: orders.csv, person: id, time: day }
  late: { read: late.csv, person: id, key: id }
protected: { sex: { value: people.sex, from_whom: the form } }
features:
  orders_before: { value: count(orders.id), says: "{value} orders", from_whom: your orders }
  flag: { value: late.flag, says: "{value}", from_whom: us }
outcome: { again: { value: count(orders.id) > 0, within: 30 days } }
""", encoding="utf-8")
    run("vault", "import", "--reason", "test", cwd=folder)
    report = json.loads(run("check", *NOW, "--format", "json", cwd=folder).out)
    leaks = {finding["column"]: finding["severity"] for finding in found(report, "leak")}
    expect(leaks == {"orders_before": "note", "flag": "high"}, f"{leaks}")


# ---- real data -------------------------------------------------------------------------------------------------------------------------


@test
def adult_has_the_published_associations(folder):
    path = unpacked(folder, "adult.data.gz")
    report = check(path, "--by", "column09 AS sex")
    published = {"column07": .649000, "column05": .461827, "column06": .424364, "column08": .118115}
    for column in report["columns"]:
        if column["name"] in published:
            expect(abs(column["by"][0]["cramers_v"] - published[column["name"]]) < 5e-7, f"{column['name']}: {column['by']}")
    expect(found(report, "recoverable", severity="high"), "sex can be told from marital status and occupation")


@test
def open_ecommerce_against_the_census(folder):
    """Berke et al., CSCW 2024: beside the US, +.192 people aged 25 to 34, -.191 aged 65 and over, +.227 with a bachelor's degree."""
    path, census = unpacked(folder, "open_ecommerce_incentive_rct.csv.gz"), real("us_census_reference")
    bands = " ".join(f"WHEN AGE < {end} THEN '{name}'" for end, name in ((25, "18 - 24 years"), (35, "25 - 34 years"), (45, "35 - 44 years"), (55, "45 - 54 years"),
                                                                       (65, "55 - 64 years"), (200, "65 and older")))
    report = check(path, "--by", '"q-demos-age" AS age', "--population", census / "age-by-sex-2022-est.csv", "--population-by", f"CASE {bands} END AS age",
                   "--population-where", "SEX = 0 AND AGE BETWEEN 18 AND 120", "--weight", "POPESTIMATE2022", statuses=(1,))
    groups = {group["group"][:2]: group["difference"] for group in report["representation"][0]["groups"]}
    expect(abs(groups["25"] - .192) < 1.2e-3 and abs(groups["65"] + .191) < 6e-4, f"{groups}")
    expect(found(report, "too_few", group="65 and older", severity="high"), "nobody is told to be missing")
    with open(census / "education-attainment-2022.csv", encoding="utf-8") as stream:
        counts = [int(text.replace(",", "")) for text in list(csv.reader(stream))[1]]
    graduate = "Graduate or professional degree (MA, MS, MBA, PhD, JD, MD, DDS, etc)"
    margin = store(folder, [["attribute", "group", "people"], ["education", "Some high school or less", sum(counts[1:8])],
                            ["education", "High school diploma or GED", sum(counts[8:12])], ["education", "Bachelor's degree", counts[12]],
                            ["education", graduate, sum(counts[13:])]], "education.csv")
    report = check(path, "--by", '"Q-demos-education" AS education', "--population", margin, "--skip-unmatched")
    bachelor = next(group for group in report["representation"][0]["groups"] if group["group"] == "Bachelor's degree")
    expect(abs(bachelor["rows"] / report["rows"] - bachelor["population_share"] - .227) < 5e-4, f"{bachelor}")


@test
def bank_calls_leak_their_duration(folder):
    path = unpacked(folder, "bank_full.csv.gz")
    report = check(path, "--by", "age", "--bands", "age=25,35,50,60", "--label", "y", "--decision", "pdays <> -1")
    expect([f["column"] for f in found(report, "leak")] == ["duration"], f"{found(report, 'leak')}")
    expect(found(report, "placeholder", column="pdays"), "-1 means that nobody called before")
    expect(abs(report["never_tried"]["value"] - 36954 / 45211) < 1e-9, f"{report['never_tried']}")


@test
def hillstrom_conversion_and_spend_leak(folder):
    report = check(unpacked(folder, "hillstrom.csv.gz"), "--by", "zip_code,newbie", "--label", "visit")
    expect({f["column"] for f in found(report, "leak")} == {"conversion", "spend"}, f"{found(report, 'leak')}")
    rates = {group["group"]: group["base_rate"]["value"] for group in report["attributes"][0]["groups"]}
    expect(rates["Rural"] > rates["Urban"], f"{rates}")


@test
def complete_journey_targets_are_checked(folder):
    """A grocer's real choice: which of 801 households with known demographics were sent a campaign."""
    sent = {row["household_id"] for row in csv.DictReader(open(real("completejourney") / "campaigns.csv", encoding="utf-8"))}
    with open(real("completejourney") / "demographics.csv", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    key = rows[0].index("household_id")
    path = store(folder, [rows[0] + ["sent"]] + [row + [int(row[key] in sent)] for row in rows[1:]])
    report = check(path, "--by", "age,income", "--decision", "sent", "--key", "household_id")
    expect(report["rows"] == 801 and report["duplicates"]["key_repeated"] == 0, f"{report['rows']}")
    expect(report["never_tried"]["value"] is not None and report["uncovered"]["possible"] == 72, f"{report['never_tried']} {report['uncovered']['possible']}")


@test
def a_workspace_is_checked_and_the_result_is_kept(folder):
    chance = random.Random(3)
    store(folder, [["id", "sex", "age", "city"]] + [[i, chance.choices("fm", [70, 30])[0], chance.randint(18, 80), chance.choice(["Cork", "Galway"])] for i in range(800)], "people.csv")
    store(folder, [["sex", "people"], ["f", 51], ["m", 49]], "pop.csv")
    (folder / "evenhand.yaml").write_text("""shop: { name: Blue Finch }
sources: { people: { read: people.csv, key: id } }
protected:
  sex: { value: people.sex, from_whom: the form }
  age: { value: people.age, bands: [30, 50], from_whom: the form }
features: { city: { value: people.city, says: "you live in {value}", from_whom: your account } }
population: { read: pop.csv, weight: people }
""", encoding="utf-8")
    imported = run("vault", "import", "--reason", "test", cwd=folder)
    expect(imported.status == 0, imported.err)
    first = run("check", *NOW, "--quiet", cwd=folder)
    expect(first.status == 1 and b"People with sex = m are" in first.out, f"{first.status} {first.err}")
    kept = json.loads((folder / ".evenhand" / "reports" / "check.json").read_text(encoding="utf-8"))
    expect(kept["shop"] == "Blue Finch" and kept["since"] is None and {s["attribute"] for s in kept["representation"]} == {"sex", "age"}, f"{kept['headline']}")
    second = run("check", *NOW, "--quiet", "--workspace", folder, "--format", "json")
    again = json.loads(second.out)
    expect(again["before"].endswith("check.json") and again["since"]["gone"] == again["since"]["new"] == [], f"{again['since']}")


if __name__ == "__main__":
    sys.exit(suite("check", TESTS))
