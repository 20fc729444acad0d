#!/usr/bin/env python3
"""Campaigns, from a plan that goes out to what came back: who is in the send list and when, caps over several campaigns, opt-outs in between, what an
erasure reaches. Everything is made from a seed; the truth is known.
"""
import csv
import json
import math
import os
import pathlib
import re
import shutil
import sqlite3
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "badinput"))
from harness import expect, refused, run, suite  # noqa: E402
from shop import NOON, answered, call, effect_of, released, reported, shop, write_rows  # noqa: E402
import shop as world  # noqa: E402

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", HERE.parents[1]))
TESTS = []

try:
    import jsonschema
    SCHEMA = jsonschema.Draft202012Validator(json.loads((SOURCE / "docs" / "campaign-report.schema.json").read_text(encoding="utf-8")))
except ImportError:
    SCHEMA = None
SPRING = """title: Spring
channel: email
choose: {{ by: model, predicts: effect, outcome: visited }}
offers:
  boots: {{ says: 10 % off boots, model: spring, subject: Boots, message: "Boots, 10 % off" }}
  tents: {{ says: 10 % off tents, model: "spring:tents" }}
holdout: 0.2
explore: 0.1
most: {most}
{more}"""
RANDOM = """title: {title}
channel: {channel}
choose: {{ by: random }}
offers: {{ boots: {{ says: boots }} }}
most: {most}
{more}"""


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


def campaign(folder, name, text, **values):
    (folder / "campaigns" / f"{name}.yaml").write_text(text.format(**{"title": name, "channel": "email", "most": 300, "more": "", **values}), encoding="utf-8")


def plan(folder, name, now=NOON, statuses=(0, 3), **more):
    done = run("plan", name, "--now", now, *more.get("options", ()), cwd=folder)
    expect(done.status in statuses, f"plan {name}: exit status {done.status}\n{done.err}")
    return re.match(r"Plan (\S+)", done.out.decode()).group(1)


def release(folder, name, *more, now=NOON, output="send.csv"):
    call(folder, "release", name, "--now", now, "--approved-by", "Ann", "--output", output, *more)
    if not output.endswith(".csv"):
        return None
    with open(folder / output, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def state_holds(folder, word):
    """Files below .evenhand in which the word stands."""
    return [str(path.relative_to(folder)) for path in (folder / ".evenhand").rglob("*") if path.is_file() and word.encode() in path.read_bytes()]


@test
def the_send_list_says_all_that_the_tool_needs(folder):
    people, _, _ = shop(folder, origin="https://mail.bluefinch.example")
    known = {p["id"]: p for p in people}
    campaign(folder, "spring", SPRING)
    rows = release(folder, plan(folder, "spring"))
    expect(len(rows) > 200, f"{len(rows)} rows")
    expect(list(rows[0]) == ["person", "email", "phone", "offer", "variant", "channel", "subject", "message", "notices", "send_after", "decision", "why_url",
                             "unsubscribe_url"], f"{list(rows[0])}")
    for row in rows:
        expect(row["email"] == known[row["person"]]["email"] and row["phone"] == known[row["person"]]["phone"], f"{row}")
        expect(row["why_url"].startswith("https://mail.bluefinch.example/why/") and row["unsubscribe_url"].startswith("https://mail.bluefinch.example/unsubscribe/"), f"{row}")
        expect(re.fullmatch("[0-9a-f]{32}", row["decision"]) and row["send_after"] == NOON, f"{row}")
    expect(len({row["decision"] for row in rows}) == len(rows) == len({row["person"] for row in rows}), "a decision or a person stands there twice")
    boots = next(row for row in rows if row["offer"] == "boots")
    expect(boots["subject"] == "Boots" and boots["message"] == "Boots, 10 % off", f"{boots}")
    done = call(folder, "why", boots["decision"])
    expect(b"Blue Finch" in done.out, done.out.decode())
    refused(run("release", plan(folder, "spring", "2026-11-26T12:00:00Z"), "--for", "nobody", "--approved-by", "Ann", cwd=folder), "klaviyo")


@test
def klaviyo_shopify_and_parquet_take_it(folder):
    shop(folder)
    campaign(folder, "spring", SPRING)
    name = plan(folder, "spring")
    shutil.copytree(folder / ".evenhand", folder / "before")
    klaviyo = release(folder, name, "--for", "klaviyo", "--origin", "https://x.example")
    expect({"External ID", "Email", "Phone Number", "evenhand_why_url"} <= set(klaviyo[0]), f"{list(klaviyo[0])}")
    for form in ("shopify", "parquet"):
        shutil.rmtree(folder / ".evenhand")
        shutil.copytree(folder / "before", folder / ".evenhand")
        rows = release(folder, name, *(("--for", form) if form == "shopify" else ()), output=f"send-{form}.{'csv' if form == 'shopify' else form}")
        if form == "shopify":
            expect({"Email", "Phone", "Tags"} <= set(rows[0]) and "why_url" not in rows[0] and rows[0]["Tags"].startswith("evenhand spring-"), f"{rows[0]}")
    expect((folder / "send-parquet.parquet").read_bytes()[:4] == b"PAR1", "no Parquet file")
    done = call(folder, "audit", "send-parquet.parquet", "--decision", "offer = 'boots'", "--by", "channel, offer", "--format", "json", status=2)
    expect("channel" in done.err, done.err)  # it can be read: one group only
    expect(not list((folder / ".evenhand").rglob("list.csv")), "the scratch file is still there")


@test
def caps_count_over_campaigns_and_the_cool_down_over_plans(folder):
    shop(folder, consent=1.0, ai_off=0.0, models=False)
    caps = "caps: [{ messages: 2, within: 7 days }]\n"
    campaign(folder, "first", RANDOM, most=900, more=caps)
    campaign(folder, "second", RANDOM, most=900, more=caps)
    campaign(folder, "third", RANDOM, most=2000, more=caps)
    campaign(folder, "letters", RANDOM, most=2000, channel="post", more=caps)
    one = {row["person"] for row in release(folder, plan(folder, "first"))}
    two = {row["person"] for row in release(folder, plan(folder, "second", "2026-11-26T12:00:00Z"), now="2026-11-26T12:00:00Z")}
    both = one & two
    expect(len(one) == len(two) == 900 and len(both) > 200, f"{len(one)} {len(two)} {len(both)}")
    later = "2026-11-27T12:00:00Z"
    third = plan(folder, "third", later)
    three = {row["person"] for row in release(folder, third, now=later)}
    expect(three == {f"p{i:06d}" for i in range(2000)} - both, f"{len(three)} got a third message, {len(three & both)} of them are over the cap")
    done = call(folder, "why", third, "--person", min(both))
    expect(b"message" in done.out, done.out.decode())
    # the first messages are over after seven days: all but who has had two since may have another
    after = "2026-12-02T13:00:00Z"
    four = {row["person"] for row in release(folder, plan(folder, "third", after), now=after)}
    expect(four == {f"p{i:06d}" for i in range(2000)} - (two & three), f"{len(four)}")
    # a cap is over one channel: nobody said yes to letters, so nothing is said about them here
    expect(plan(folder, "letters", after, statuses=(0, 1, 3)) != "", "no plan")

    campaign(folder, "weekly", RANDOM, most=500, more="cool_down: 7 days\n")
    start, soon, late = "2026-12-20T12:00:00Z", "2026-12-24T12:00:00Z", "2026-12-28T12:00:00Z"
    weekly = {row["person"] for row in release(folder, plan(folder, "weekly", start), now=start)}
    again = {row["person"] for row in release(folder, plan(folder, "weekly", soon), now=soon)}
    expect(len(weekly) == 500 and again and not weekly & again, f"{len(weekly & again)} wait no seven days")
    call(folder, "replay")
    expect(plan(folder, "weekly", late) != "", "no plan")


@test
def two_plans_made_before_either_goes_out_keep_the_cap(folder):
    shop(folder, count=600, consent=1.0, ai_off=0.0, models=False)
    for name in ("one", "two"):
        campaign(folder, name, RANDOM, most=400, more="caps: [{ messages: 1, within: 7 days }]\n")
    first, second = plan(folder, "one"), plan(folder, "two")
    one = {row["person"] for row in release(folder, first)}
    two = {row["person"] for row in release(folder, second)}
    expect(len(one) == 400 and two and not one & two, f"{len(one & two)} people got two messages")


@test
def the_night_is_quiet_by_each_persons_own_clock(folder):
    people, _, _ = shop(folder, count=900, consent=1.0, models=False)
    zones = {p["id"]: p["zone"] for p in people}
    campaign(folder, "night", RANDOM, most=900, more="quiet_hours: { from: \"21:00\", to: \"08:30\", zone: zone }\n")
    rows = release(folder, plan(folder, "night"))  # noon in Dublin, 7 in New York, 21 in Tokyo
    expected = {"Europe/Dublin": NOON, "America/New_York": "2026-11-25T13:30:00Z", "Asia/Tokyo": "2026-11-25T23:30:00Z"}
    expect(rows and {(zones[row["person"]], row["send_after"]) for row in rows} == set(expected.items()), f"{sorted({(zones[r['person']], r['send_after']) for r in rows})}")


@test
def who_says_no_while_the_plan_runs_is_out_and_leaves_no_score(folder):
    _, scored, _ = shop(folder)
    campaign(folder, "spring", SPRING)
    name = plan(folder, "spring")
    shutil.copytree(folder / ".evenhand", folder / "before")
    first = [row["person"] for row in release(folder, name)]
    shutil.rmtree(folder / ".evenhand")
    shutil.move(folder / "before", folder / ".evenhand")
    no_mail, no_ai, no_ai_held = first[0], next(key for key in first[1:] if key in scored), sorted(scored - set(first))[0]
    write_rows(folder / "later.csv", ("key", "purpose", "channel", "said", "at", "how", "wording", "version"),
               [(no_mail, "marketing", "email", "no", "2026-11-25T12:10:00Z", "footer", "", ""), (no_ai, "ai", "all", "no", "2026-11-25T12:10:00Z", "switch", "", ""),
                (no_ai_held, "ai", "all", "no", "2026-11-25T12:10:00Z", "switch", "", "")])
    call(folder, "import", "consent", "later.csv", "--quiet", "--now", "2026-11-25T12:15:00Z")
    rows = release(folder, name, now="2026-11-25T12:30:00Z")
    keys = {row["person"] for row in rows}
    expect(set(first) - keys == {no_mail, no_ai}, f"{set(first) ^ keys}")
    for key in (no_ai, no_ai_held):
        left = [path for path in state_holds(folder, key) if not re.search(r"evenhand\.db(-wal|-shm)?$|rights", path)]
        expect(not left, f"{key} stands in {left}")
        with sqlite3.connect(folder / ".evenhand" / "evenhand.db") as database:
            for table in ("campaign_message", "campaign_outcome"):
                expect(database.execute(f"SELECT count(*) FROM {table} WHERE person = ?", (key,)).fetchone()[0] == 0, f"{key} stands in {table}")
        refused(run("why", name, "--person", key, cwd=folder), "no decision")
    done = call(folder, "replay")
    expect(b" 0 differ" in done.out, done.out.decode())


@test
def an_erasure_reaches_plans_and_messages(folder):
    shop(folder)
    campaign(folder, "spring", SPRING)
    name = plan(folder, "spring")
    rows = release(folder, name)
    gone = rows[0]["person"]
    call(folder, "person", "erase", gone, "--now", "2026-11-26T12:00:00Z", "--quiet")
    left = state_holds(folder, gone)
    expect(not left, f"{gone} still stands in {left}")
    refused(run("why", name, "--person", gone, cwd=folder), "no decision")
    expect(b" 0 differ" in call(folder, "replay").out, "a decision differs")
    call(folder, "why", name, "--person", rows[1]["person"])


@test
def a_policy_that_changed_since_the_plan_stops_the_release(folder):
    shop(folder, count=600, models=False)
    policy = """policy: shop
version: 1
owner: Ann
review_by: 2027-06-01
facts:
  chosen_by_ai: { type: bool, says: a model chose }
rules:
  - id: may
    effect: permit
    when: "true"
    explanation: { en: "Who said yes may be written to." }
    owner: Ann
    review_by: 2027-06-01
    tests: [{ facts: { chosen_by_ai: false }, applies: true }]
  - id: told
    effect: require
    when: "!chosen_by_ai"
    explanation: { en: "You are told how it was chosen." }
    disclosure: { en: "Chosen by lot, not by a program." }
    owner: Ann
    review_by: 2027-06-01
    tests: [{ facts: { chosen_by_ai: false }, applies: true }, { facts: { chosen_by_ai: true }, applies: false }]
"""
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    campaign(folder, "lot", RANDOM)
    name = plan(folder, "lot")
    (folder / "policy.yaml").write_text(policy.replace("version: 1", "version: 2"), encoding="utf-8")
    refused(run("release", name, "--now", NOON, "--approved-by", "Ann", cwd=folder), "has changed", "evenhand plan lot")
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    rows = release(folder, name)
    expect(rows and all(row["notices"] == "Chosen by lot, not by a program." for row in rows), f"{rows[0]}")
    refused(run("release", name, "--now", NOON, "--approved-by", "Ann", cwd=folder), "went out already")


def rows_of(folder, table):
    with sqlite3.connect(folder / ".evenhand" / "evenhand.db") as database:
        return database.execute(f"SELECT count(*) FROM {table}").fetchone()[0]


LATER = ("--now", "2026-12-10T12:00:00Z")


@test
def outcomes_come_back_whole_or_not_at_all(folder):
    shop(folder)
    campaign(folder, "spring", SPRING)
    name = plan(folder, "spring")
    write_rows(folder / "early.csv", ("person", "visited"), [("p000001", 1)])
    refused(run("outcomes", "early.csv", *LATER, cwd=folder), "no plan went out")
    rows = release(folder, name)
    sent = [row["decision"] for row in rows]

    bad = {
        "not known here": [(sent[0], "visited", 1, ""), ("0" * 32, "visited", 0, "")],
        "no id of a decision": [("nothing", "visited", 1, "")],
        "twice": [(sent[0], "visited", 1, ""), (sent[0], "visited", 0, "")],
        "before the decision": [(sent[0], "visited", 0, "2026-11-25T11:59:59Z")],
        "future": [(sent[0], "visited", 0, "2026-12-11")],
        "no value": [(sent[0], "visited", "many", "")],
        "no time": [(sent[0], "visited", 0, "yesterday")],
        "no outcome": [(sent[0], "vistied", 0, "")],
        "neither whose": [("", "visited", 0, "")],
    }
    for says, lines in bad.items():
        write_rows(folder / "bad.csv", ("decision", "outcome", "value", "time"), [(sent[1], "visited", 0, ""), *lines])
        refused(run("outcomes", "bad.csv", "--problems", "problems.csv", *LATER, cwd=folder), says, "nothing was taken in")
        expect(says in (folder / "problems.csv").read_text(), (folder / "problems.csv").read_text())
    expect(rows_of(folder, "campaign_outcome") == rows_of(folder, "campaign_batch") == 0, "something was taken in")

    write_rows(folder / "ones.csv", ("decision", "visited"), [(key, 1) for key in sent[:20]])
    refused(run("outcomes", "ones.csv", *LATER, cwd=folder), "--others-none")
    write_rows(folder / "good.csv", ("decision", "outcome", "value", "time"),
               [(key, "visited", "yes" if i % 3 else "no", "2026-11-27") for i, key in enumerate(sent[:100])] + [(sent[0], "complaint", 1, ""), (sent[1], "complaint", 0, "")])
    first = call(folder, "outcomes", "good.csv", *LATER)
    expect(b"100 people, 100 new" in first.out, first.out.decode())
    again = call(folder, "outcomes", "good.csv", *LATER)
    expect(b"100 people, 0 new, 0 changed, 100 known already" in again.out, again.out.decode())
    expect(rows_of(folder, "campaign_outcome") == 102 and rows_of(folder, "campaign_batch") == 2, "the same file was taken in twice")

    write_rows(folder / "other.csv", ("decision", "visited"), [(sent[0], 1), (sent[1], 1), (sent[2], 0)])
    refused(run("outcomes", "other.csv", *LATER, cwd=folder), "--replace")
    expect(b"2 changed" in call(folder, "outcomes", "other.csv", "--replace", *LATER).out, "nothing was put right")
    done = call(folder, "ledger", "verify")
    expect(done.status == 0, done.err)
    gone = rows[0]["person"]
    call(folder, "person", "erase", gone, "--now", "2026-12-11T12:00:00Z", "--quiet")
    expect(not state_holds(folder, gone), f"{gone} still stands in {state_holds(folder, gone)}")
    refused(run("outcomes", "good.csv", *LATER, cwd=folder), "not known here")


@test
def orders_by_person_are_added_up(folder):
    people, _, _ = shop(folder, count=600)
    campaign(folder, "spring", SPRING, most=200)
    release(folder, plan(folder, "spring"))
    keys = [p["id"] for p in people]
    write_rows(folder / "orders.csv", ("customer_id", "value", "date"), [(keys[0], 10, "2026-11-26"), (keys[0], 5.5, "2026-11-27"), ("stranger", 3, "2026-11-26"), (keys[3], 1, "2026-11-26")])
    refused(run("outcomes", "orders.csv", "--campaign", "spring", "--outcome", "spend", *LATER, cwd=folder), "stranger", "--known-only", "--sum")
    done = call(folder, "outcomes", "orders.csv", "--campaign", "spring", "--outcome", "spend", "--sum", "--known-only", "--others-none", *LATER)
    expect(b"2 people, 2 new" in done.out and b"1 rows were about nobody" in done.out, done.out.decode())
    with sqlite3.connect(folder / ".evenhand" / "evenhand.db") as database:
        expect(dict(database.execute("SELECT person, value FROM campaign_outcome")) == {keys[0]: 15.5, keys[3]: 1.0}, "the sum is another one")
    refused(run("outcomes", "orders.csv", "--campaign", "autumn", "--outcome", "spend", *LATER, cwd=folder), "no plan of the campaign 'autumn'")
    refused(run("outcomes", "orders.csv", "--plan", "x", "--campaign", "y", *LATER, cwd=folder), "one of them")


REPORTED = ("--now", "2026-12-12T12:00:00Z")


def report(folder, name="spring", *more, statuses=(0, 1, 3)):
    done = run("campaign", "report", name, *(() if "--now" in more else REPORTED), "--format", "json", *more, cwd=folder)
    expect(done.status in statuses, f"campaign report: exit status {done.status}\n{done.err}")
    made = json.loads(done.out)
    if SCHEMA is not None:
        faults = [f"{list(fault.absolute_path)}: {fault.message[:200]}" for fault in SCHEMA.iter_errors(made)]
        expect(not faults, f"not what the schema says: {faults[:3]}")
    expect(made["exit_status"] == done.status, f"status {done.status}, the report says {made['exit_status']}")
    return made


def holds(estimate, truth):
    return estimate["low"] <= truth <= estimate["high"]


@test
def the_report_finds_what_we_put_in(folder):
    plan_name = reported(folder, 6000)
    with open(folder / "send.csv", newline="", encoding="utf-8") as file:
        sent = {row["person"]: row["offer"] for row in csv.DictReader(file)}
    people = {p["id"]: p for p in world.people_of(6000, 7)}
    made = report(folder)
    truth = sum(effect_of(people[key], offer) for key, offer in sent.items()) / len(sent)
    expect(made["effect"]["verdict"] == "more than without it", f"{made['effect']}")
    expect(abs(made["effect"]["adjusted"]["value"] - truth) < 0.05 and made["effect"]["adjusted"]["low"] < truth + 0.03, f"{made['effect']['adjusted']}, the truth is {truth:.3f}")
    ways = {(way["policy"], way["offer"]): way for way in made["policies"]}
    expect(set(ways) == {("plan", None), ("no one", None), ("everyone", "boots"), ("everyone", "tents"), ("random", None), ("history", "boots")}, f"{sorted(map(str, ways))}")
    expect(all(way["value"]["value"] is not None for way in ways.values()), f"{ways}")
    expect(ways["no one", None]["plan_gain"]["low"] > 0 and ways["random", None]["plan_gain"]["low"] > 0, f"{ways}")
    groups = {attribute["attribute"]: attribute for attribute in made["benefit"]["attributes"]}
    expect(set(groups) == {"gender", "AI choice"} and groups["gender"]["decides"] and not groups["AI choice"]["decides"], f"{list(groups)}")
    expect({group["group"] for group in groups["AI choice"]["groups"]} == {"AI on", "AI off"}, f"{groups['AI choice']}")
    expect(made["calibration"]["slope"]["low"] < 1 < made["calibration"]["slope"]["high"], f"{made['calibration']['slope']}")
    expect(abs(made["spend"]["total"] - 0.1 * len(sent)) < 1e-6 and made["spend"]["each"]["low"] > 0, f"{made['spend']}")
    money = report(folder, plan_name, "--outcome", "spend")
    expect(money["kind"] == "amount" and holds(money["effect"]["adjusted"], 20), f"{money['effect']}")
    expect((folder / ".evenhand" / "reports" / f"campaign-{plan_name}.json").is_file() and (folder / ".evenhand" / "reports" / f"campaign-{plan_name}.html").is_file(), "no report is kept")
    again = report(folder)
    expect(again == made, "the same report is another one")
    text = run("campaign", "report", plan_name, *REPORTED, cwd=folder)
    expect(max(map(len, text.out.decode().splitlines())) < 160 and b"Who benefits" in text.out, text.out.decode())
    done = call(folder, "campaign", "list")
    expect(plan_name.encode() in done.out and b"went out" in done.out, done.out.decode())
    done = run("vault", "log", cwd=folder)
    expect(b"who benefits from a campaign" in done.out, f"the vault does not know of the reading\n{done.out.decode()}{done.err}")


@test
def plans_of_a_campaign_are_pooled(folder):
    """Two plans of one campaign: the holdout is the same, and the pooled effect is the mean over both; a third with other lots is told."""
    first = reported(folder, 3000)
    people = world.people_of(3000, 7)
    expect(report(folder)["pooled"] is None, "one plan is nothing to pool")
    late = ("--now", "2027-02-20")
    second, sent = released(folder, now="2027-01-20T12:00:00Z")
    alone = report(folder, "spring", *late)
    expect(alone["outcome"] is None and alone["pooled"] is None, f"{alone['pooled']}")
    answered(folder, people, second, sent, seed=5, now="2027-02-10")
    made = report(folder, "spring", *late)
    one, two = report(folder, first, *late), report(folder, second, *late)
    pooled = made["pooled"]
    expect(one["pooled"] is None and two["pooled"] is None and made["effect"] == two["effect"], "a plan that was named is pooled")
    expect(pooled["plans"] == 2 and pooled["plans_without"] == 0 and pooled["mixed"] == 0, f"{pooled}")
    weights = [each["effect"]["planned"] for each in (one, two)]
    each = [part["effect"]["adjusted"] for part in (one, two)]
    expect(pooled["decisions"] == sum(weights) and max(weights) <= pooled["people"] <= sum(weights), f"{pooled} {weights}")
    mean = sum(w * part["value"] for w, part in zip(weights, each)) / sum(weights)
    expect(abs(pooled["adjusted"]["value"] - mean) < 1e-9, f"{pooled['adjusted']}, the mean of both is {mean}")
    half = [(part["high"] - part["low"]) / 2 for part in each]
    alike = sum(w * h for w, h in zip(weights, half)) / sum(weights)  # the same people with the same luck: no information is added
    apart = math.sqrt(sum((w * h) ** 2 for w, h in zip(weights, half))) / sum(weights)
    width = (pooled["adjusted"]["high"] - pooled["adjusted"]["low"]) / 2
    expect(0.9 * apart < width < 1.02 * alike, f"{apart} < {width} < {alike}")
    text = run("campaign", "report", "spring", *late, cwd=folder).out.decode()
    expect("All 2 plans of the campaign together" in text, text)
    done = run("plan", "spring", "--seed", "2", "--now", "2027-03-20T12:00:00Z", "--format", "json", cwd=folder)
    third = json.loads(done.out)["plan"]
    rows = release(folder, third, now="2027-03-20T12:00:00Z")
    answered(folder, people, third, {row["person"]: row["offer"] for row in rows}, seed=6, now="2027-04-10")
    mixed = report(folder, "spring", "--now", "2027-04-20")
    expect(mixed["pooled"]["plans"] == 3 and mixed["pooled"]["mixed"] > 100 and any("held out of one plan and not of another" in note for note in mixed["notes"]), f"{mixed['pooled']}")


@test
def opt_outs_and_complaints_count_as_outcomes(folder):
    reported(folder, 1500)
    with open(folder / "send.csv", newline="", encoding="utf-8") as file:
        sent = [row["person"] for row in csv.DictReader(file)]
    before = {one["outcome"]: one for one in report(folder)["bothered"]}
    expect(before["opt_out"]["sent_count"] == before["complaint"]["sent_count"] == 0 and before["opt_out"]["sent"] == len(sent), f"{before}")
    write_rows(folder / "no.csv", ("key", "purpose", "channel", "said", "at", "how", "wording", "version"),
               [(key, "marketing", "email", "no", "2026-11-28T10:00:00Z", "footer", "", "") for key in sent[:7]])
    call(folder, "import", "consent", "no.csv", "--quiet", "--now", "2026-11-29")
    write_rows(folder / "spam.csv", ("person", "complaint"), [(key, 1) for key in sent[:3]])
    call(folder, "outcomes", "spam.csv", "--campaign", "spring", "--others-none", *REPORTED)
    after = {one["outcome"]: one for one in report(folder)["bothered"]}
    expect(after["opt_out"]["sent_count"] == 7 and after["complaint"]["sent_count"] == 3, f"{after}")
    expect(after["opt_out"]["held_out_count"] == 0 and after["opt_out"]["difference"]["value"] > 0, f"{after}")


@test
def small_groups_are_withheld_and_do_not_follow_from_the_sum(folder):
    reported(folder, 1200, groups=["F"] * 600 + ["M"] * 560 + ["X"] * 3)
    made = report(folder)
    groups = {group["group"]: group for group in made["benefit"]["attributes"][0]["groups"]}
    expect(groups["X"]["withheld"] and groups["X"]["people"] is None and groups["X"]["benefit"]["value"] is None, f"{groups['X']}")
    expect([group["withheld"] for group in groups.values()].count(True) == 2, f"{groups}")
    expect(made["benefit"]["verdict"] != "within tolerance", "who cannot be seen cannot be called fairly treated")
    shown = {group["group"]: group for group in report(folder, "spring", "--min-cell", "0")["benefit"]["attributes"][0]["groups"]}
    expect(not any(group["withheld"] for group in shown.values()), f"{shown}")


@test
def what_cannot_be_told_is_not_told(folder):
    people, _, _ = shop(folder, 1500)
    (folder / "campaigns" / "spring.yaml").write_text(world.SPRING.format(title="Spring", holdout=0, explore=0, budget=30), encoding="utf-8")
    name, sent = released(folder)
    none = report(folder, statuses=(3,))
    expect(none["outcome"] is None and "evenhand outcomes" in none["notes"][0], f"{none['notes']}")
    answered(folder, people, name, sent)
    made = report(folder, statuses=(3,))
    expect(made["effect"]["adjusted"]["value"] is None and made["effect"]["verdict"] == "not enough evidence" and "holdout" in made["notes"][0], f"{made['effect']} {made['notes']}")
    expect({way["policy"] for way in made["policies"] if way["value"]["value"] is not None} == {"plan"}, f"{made['policies']}")
    refused(run("campaign", "report", "autumn", cwd=folder), "campaign list")
    refused(run("campaign", "report", "spring", "--outcome", "bought", cwd=folder), "bought")
    refused(run("campaign", "raport", "spring", cwd=folder), "report and list")
    refused(run("campaign", "report", "spring", "--history", "shoe_size", cwd=folder), "shoe_size")


@test
def a_file_of_recipients_only_is_seen_through(folder):
    people, _, _ = shop(folder, 1500)
    (folder / "campaigns" / "spring.yaml").write_text(world.SPRING.format(title="Spring", holdout=0.2, explore=0.1, budget=45), encoding="utf-8")
    name, sent = released(folder)
    write_rows(folder / "opens.csv", ("person", "visited"), [(key, i % 3 == 0) for i, key in enumerate(sent)])
    call(folder, "outcomes", "opens.csv", "--plan", name, "--now", "2026-12-10")
    made = report(folder, statuses=(3,))
    expect(made["effect"]["adjusted"]["value"] is None and any("held out has come back" in note for note in made["notes"]), f"{made['notes']}")


if __name__ == "__main__":
    names = sys.argv[1:]
    sys.exit(suite("campaigns", [(name, function) for name, function in TESTS if not names or any(word in name for word in names)]))
