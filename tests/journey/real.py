#!/usr/bin/env python3
"""Two real experiments, from the first command to the report: Hillstrom's e-mails and the offers of Open e-commerce.

Half of each experiment trains an uplift model; for the other half a campaign is planned and goes out. What somebody did is known for the offer that the
experiment gave them, so outcomes come back for those whom the plan happened to give the same: a random part of them, whatever the plan chose (the replay
method of Li, Chu, Langford and Wang 2011). The values of other ways to choose can then be held against what the experiment itself says.

usage: real.py [hillstrom|open] [--keep FOLDER]   Data is read from EVENHAND_DATA or ../shared/data; without it the script ends with 77.
"""
import csv
import gzip
import hashlib
import io
import json
import os
import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from shop import NOON, call, expect, released, run, write_rows  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", HERE.parents[1]))
DATA = pathlib.Path(os.environ.get("EVENHAND_DATA", SOURCE / ".." / "shared" / "data"))

CAMPAIGN = """title: {title}
channel: email
currency: USD
choose: {{ by: model, predicts: effect, outcome: {outcome} }}
offers:
{offers}
most: {most}
holdout: 0.2
explore: 0.3
"""


def rows_of(name):
    path = DATA / name
    if not path.exists():
        print(f"SKIPPED: {name} is not here; set EVENHAND_DATA to the folder that has it")
        sys.exit(77)
    return list(csv.DictReader(io.StringIO(gzip.decompress(path.read_bytes()).decode("utf-8-sig"))))


def in_trial(key):
    return hashlib.sha256(key.encode()).digest()[0] < 128


def workspace(folder, name, features, protected, outcomes):
    """`evenhand init` proposes; the shop then says what is what."""
    call(folder, "init", ".", "--from", "customers.csv", "--name", name, "--now", NOON)
    proposed = (folder / "evenhand.yaml").read_text(encoding="utf-8")
    expect("profiling: off" in proposed and "customers.csv" in proposed, proposed)
    (folder / "evenhand.yaml").write_text(
        f"shop: {{ name: {name}, contact: care@shop.example, country: US }}\nprofiling: on\nsources:\n  customers: {{ read: customers.csv, key: person }}\n"
        f"protected:\n{protected}features:\n{features}outcome: {{ {outcomes} }}\n", encoding="utf-8")


def consents(folder, keys):
    write_rows(folder / "consents.csv", ("key", "purpose", "channel", "said", "at", "how", "wording", "version"),
               [(key, "marketing", "email", "yes", "2026-01-05T10:00:00Z", "form", "Yes, write to me.", "1") for key in keys])
    call(folder, "import", "consent", "consents.csv", "--jurisdiction", "US", "--quiet", "--now", NOON)
    if not (folder / ".evenhand" / "ledger").exists():
        call(folder, "keys", "make", "--name", "shop.example/ledger")


def go(folder, campaign, text, shop_rows, arm_of, outcomes):
    """Plan, release, what came back of those whom the experiment gave the same, report, replay."""
    (folder / "campaigns").mkdir(exist_ok=True)
    (folder / "campaigns" / f"{campaign}.yaml").write_text(text, encoding="utf-8")
    plan, sent = released(folder, campaign)
    known = [row for row in shop_rows if arm_of(row) == sent.get(row["person"], "")]
    write_rows(folder / "back.csv", ("person", *outcomes), [(row["person"], *(row[name] for name in outcomes)) for row in known])
    call(folder, "outcomes", "back.csv", "--plan", plan, "--outcome", ",".join(outcomes), "--now", "2026-12-20")
    done = run("campaign", "report", campaign, "--now", "2026-12-21", "--format", "json,text,html", "--output", "report", "--quiet", cwd=folder)
    expect(done.status in (0, 1, 3), done.err)
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    replay = call(folder, "replay").out.decode()
    expect(f"{len(shop_rows)} equal, 0 differ" in replay, replay)
    return report, replay


def told(report):
    people = report["people"]
    print(f"{people['in_the_lots']} people in the lots, {people['sent']} sent something, outcome known of {people['known']}")
    for effect in (report["effect"], *report["offers"]):
        print(f"  {effect['offer'] or 'all offers':12} {shown(effect['adjusted'])} adjusted, {shown(effect['difference'])} as it stands: {effect['verdict']}")
    for way in report["policies"]:
        name = way["policy"] + (f": {way['offer']}" if way["offer"] else "")
        print(f"  {name:20} {shown(way['value'])}" + ("" if way["policy"] == "plan" else f"; the plan brings {shown(way['plan_gain'])} more"))
    for attribute in report["benefit"]["attributes"]:
        print(f"  who benefits by {attribute['attribute']}: {attribute['verdict']}; " +
              ", ".join(f"{group['group']} {shown(group['benefit'])}" for group in attribute["groups"] if not group["withheld"]))


def shown(estimate):
    return "not known" if estimate["value"] is None else f"{estimate['value']:.4f} ({estimate['low']:.4f} to {estimate['high']:.4f})"


def holds(report, policy, offer, truth):
    """The interval of a way to choose holds what the experiment says (widened by the experiment's own error)."""
    value = next(way["value"] for way in report["policies"] if way["policy"] == policy and way["offer"] == offer)
    expect(value["value"] is not None, f"{policy} {offer} is not known")
    slack = (value["high"] - value["low"]) / 2
    expect(value["low"] - slack <= truth <= value["high"] + slack, f"{policy} {offer or ''}: {shown(value)}, the experiment says {truth:.4f}")


def rate(rows, arm, of, name):
    chosen = [float(row[name]) for row in rows if of(row) == arm]
    return sum(chosen) / len(chosen)


def hillstrom(folder):
    arms = {"Mens E-Mail": "mens", "Womens E-Mail": "womens", "No E-Mail": ""}
    rows = rows_of("hillstrom.csv.gz")
    for i, row in enumerate(rows):
        row["person"] = f"h{i:05d}"
    facts = ("recency", "history", "mens", "womens", "newbie", "channel")
    trial, shop_rows = [row for row in rows if in_trial(row["person"])], [row for row in rows if not in_trial(row["person"])]
    write_rows(folder / "trial.csv", (*facts, "segment", "visit"), [[row[name] for name in (*facts, "segment", "visit")] for row in trial])
    write_rows(folder / "customers.csv", ("person", *facts, "zip_code"), [[row[name] for name in ("person", *facts, "zip_code")] for row in shop_rows])
    says = {"recency": "you last bought {value} months ago", "history": "you spent {value} dollars in a year", "mens": "you bought things for men: {value}",
            "womens": "you bought things for women: {value}", "newbie": "you are a new customer: {value}", "channel": "you buy by {value}"}
    workspace(folder, "Hillstrom", "".join(f"  {name}: {{ value: customers.{name}, says: \"{says[name]}\", from_whom: your orders }}\n" for name in facts),
              "  zip_class: { value: customers.zip_code }\n", "visit: \"customers.recency = 0\"")
    call(folder, "train", ".evenhand/models/emails.json", "--data", "trial.csv", "--label", "visit", "--treatment", "segment", "--control", "No E-Mail", "--features", ",".join(facts),
         "--folds", "0", "--bags", "8", "--quiet")
    consents(folder, [row["person"] for row in shop_rows])
    text = CAMPAIGN.format(title="Hillstrom", outcome="visit", most=len(shop_rows) * 4 // 10,
                           offers="  mens: { says: things for men, model: \"emails:Mens E-Mail\" }\n  womens: { says: things for women, model: \"emails:Womens E-Mail\" }")
    report, replay = go(folder, "emails", text, shop_rows, lambda row: arms[row["segment"]], ("visit", "spend"))
    told(report)
    print(" ", replay.strip())
    holds(report, "no one", None, rate(shop_rows, "", lambda row: arms[row["segment"]], "visit"))
    holds(report, "everyone", "mens", rate(shop_rows, "mens", lambda row: arms[row["segment"]], "visit"))
    holds(report, "everyone", "womens", rate(shop_rows, "womens", lambda row: arms[row["segment"]], "visit"))
    ways = {(way["policy"], way["offer"]): way for way in report["policies"]}
    expect(report["effect"]["verdict"] == "more than without it", f"{report['effect']}")
    expect(ways["no one", None]["plan_gain"]["low"] > 0, f"{ways}")
    expect(any(policy == "history" for policy, _ in ways) and ("random", None) in ways, f"{list(ways)}")


def open_ecommerce(folder):
    arms = {"bonus-05": "five", "bonus-20": "twenty", "bonus-50": "fifty", "control": ""}
    rows = [row for row in rows_of("open_ecommerce_incentive_rct.csv.gz") if row["incentive"] in arms]
    for i, row in enumerate(rows):
        row["person"] = f"o{i:05d}"
        row["shared"] = int(row[f"Q-{row['incentive']}"].startswith("Consent"))
        row["accounts"], row["household"], row["often"] = row["Q-amazon-use-howmany"], row["Q-amazon-use-hh-size"], row["Q-amazon-use-how-oft"]
        row["gender"], row["age"] = row["Q-demos-gender"], row["q-demos-age"]
    facts = ("accounts", "household", "often", "showdata")
    trial, shop_rows = [row for row in rows if in_trial(row["person"])], [row for row in rows if not in_trial(row["person"])]
    write_rows(folder / "trial.csv", (*facts, "incentive", "shared"), [[row[name] for name in (*facts, "incentive", "shared")] for row in trial])
    write_rows(folder / "customers.csv", ("person", *facts, "gender", "age"), [[row[name] for name in ("person", *facts, "gender", "age")] for row in shop_rows])
    says = {"accounts": "{value} people use your account", "household": "{value} people live with you", "often": "you order {value}", "showdata": "you were shown your data: {value}"}
    workspace(folder, "Panel", "".join(f"  {name}: {{ value: customers.{name}, says: \"{says[name]}\", from_whom: the survey }}\n" for name in facts),
              "  gender: { value: customers.gender }\n  age: { value: customers.age }\n", "shared: \"customers.household = '0'\"")
    call(folder, "train", ".evenhand/models/bonus.json", "--data", "trial.csv", "--label", "shared", "--treatment", "incentive", "--control", "control", "--features", ",".join(facts),
         "--folds", "0", "--bags", "8", "--quiet")
    consents(folder, [row["person"] for row in shop_rows])
    offers = "".join(f"  {name}: {{ says: {says_it} cents, model: \"bonus:{arm}\", cost: {cost} }}\n" for arm, name, says_it, cost in
                     (("bonus-05", "five", 5, 0.05), ("bonus-20", "twenty", 20, 0.2), ("bonus-50", "fifty", 50, 0.5)))
    text = CAMPAIGN.format(title="Share your data", outcome="shared", most=len(shop_rows) * 6 // 10, offers=offers.rstrip("\n"))
    report, replay = go(folder, "share", text, shop_rows, lambda row: arms[row["incentive"]], ("shared",))
    told(report)
    print(" ", replay.strip())
    for policy, arm in (("no one", ""), ("everyone", "five"), ("everyone", "twenty"), ("everyone", "fifty")):
        holds(report, policy, arm or None, rate(shop_rows, arm, lambda row: arms[row["incentive"]], "shared"))


RUNS = {"hillstrom": hillstrom, "open": open_ecommerce}

if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word in RUNS] or list(RUNS)
    for word in words:
        print(word)
        with tempfile.TemporaryDirectory(prefix="evenhand-real-") as place:
            folder = pathlib.Path(sys.argv[sys.argv.index("--keep") + 1]) / word if "--keep" in sys.argv else pathlib.Path(place)
            folder.mkdir(parents=True, exist_ok=True)
            RUNS[word](folder)
