#!/usr/bin/env python3
"""Goal: a review of the policy of a real workspace has its evidence: decisions by rule, noes, complaints, themes, verdicts; and deals with the theme that called for it.

usage: review.py     EVENHAND is the program
"""
import json
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from shop import NOW, PROGRAM, Shop, schema_check  # noqa: E402

DAY = 86400
NOW_S = 1795597200  # 2026-11-25T09:00:00Z
PEOPLE = 400
passed = 0


def check(what, truth, detail=""):
    global passed
    if not truth:
        raise AssertionError(f"{what}: {str(detail)[:3000]}")
    passed += 1


def review(shop, day, *more, findings="findings: []\ndecisions: []\nsigners: [Ada, Ben]\nnext_review_by: 2027-05-01\n", status=0):
    shop.write("review.yaml", findings)
    out = shop.run("policy", "review", "--now", day, "--findings", "review.yaml", *more, status=status)
    if not out:
        return None
    record = json.loads(out)
    schema_check("review", record)
    return record


def feedback(shop, pieces):
    """What people wrote: (ticket, kind, subject, days ago)."""
    with sqlite3.connect(shop.folder / ".evenhand" / "evenhand.db") as store:
        store.executemany("INSERT INTO feedback (ticket, kind, person, decision, campaign, subject, rule, words, language, given_s, due_s) VALUES (?, ?, '', '', 'spring', ?, '', '', 'en', ?, 0)",
                          [(ticket, kind, subject, NOW_S - days * DAY) for ticket, kind, subject, days in pieces])


def changes(shop):
    with sqlite3.connect(shop.folder / ".evenhand" / "evenhand.db") as store:
        return dict(store.execute("SELECT ticket, change FROM feedback"))


def evidence_of_a_workspace(shop):
    plan = shop.plan()["plan"]
    shop.run("release", plan, "--now", NOW, "--approved-by", "Ada", "--output", "send.csv")
    shop.run("audit", "data/customers.csv", "--decision", "visited", "--by", "gender", "--output", ".evenhand/reports/audit-2026-11-20", status=(0, 1, 3))
    audit = json.loads(shop.read(".evenhand/reports/audit-2026-11-20.json"))
    record = review(shop, "2026-11-26")
    evidence = record["evidence"]
    check("the first review: since the beginning", evidence["since"] is None and evidence["last_review"] is None, evidence)
    # every no of the import, counted from how it was made
    noes = {"marketing": sum(i % 11 == 1 for i in range(PEOPLE)), "ai": sum(i % 9 == 2 for i in range(PEOPLE))}
    check("noes of the import", evidence["opt_outs"] == noes, (evidence["opt_outs"], noes))
    by_rule = evidence["decisions"]["decided_by"]
    check("decisions are of the ledger", evidence["decisions"]["from"] == "the ledger of the workspace" and evidence["decisions"]["count"] > 0, evidence["decisions"])
    # the policy's only forbid: long ago, and not off; those who said no are not asked
    forbidden = sum(p["months"] > 30 and i % 11 != 1 and i % 9 != 2 for i, p in enumerate(shop.people))
    check("per rule: what the people of the shop lead to", by_rule.get("long-gone") == forbidden, (by_rule, forbidden))
    check("per rule: they add up", sum(by_rule.values()) + evidence["decisions"]["no_permit"] == evidence["decisions"]["count"], evidence["decisions"])
    verdicts = {(v["of"], v["name"]): v for v in evidence["verdicts"]}
    check("the verdict of the plan", verdicts["plan", plan]["verdict"] in ("released", "repaired", "ask") and verdicts["plan", plan]["at"] == NOW, verdicts)
    check("the verdict of the audit", verdicts["report", "audit-2026-11-20"]["verdict"] == audit["verdict"], verdicts)
    check("shown before it is signed", f"long-gone decided {forbidden}" in shop.said and f"{noes['marketing']} said no to messages" in shop.said, shop.said)
    return record


def since_the_last_review(shop):
    """Only what came after it counts; the theme that called for the next one is closed, and who wrote is told."""
    shop.run("person", "withdraw", "c000000", "--now", "2026-11-27T10:00:00Z")
    feedback(shop, [("EH-A", "unfair", "town", -2), ("EH-B", "unfair", "town", -2), ("EH-C", "unfair", "town", -2), ("EH-D", "useful", "town", 1), ("EH-E", "creepy", "orders", -2), ("EH-F", "complaint", "", 30)])
    record = review(shop, "2026-11-29", "--change", "We no longer look at the town.")
    evidence = record["evidence"]
    check("since the last review", evidence["since"] == "2026-11-26T00:00:00Z" and evidence["last_review"], evidence)
    check("noes since", evidence["opt_outs"] == {"marketing": 1, "ai": 0}, evidence["opt_outs"])
    check("complaints since", evidence["complaints"] == 4 and evidence["feedback"]["unfair"] == 3 and evidence["feedback"]["complaint"] == 0, evidence["feedback"])
    themes = {(t["kind"], t["subject"]): t for t in evidence["themes"]}
    check("themes with counts", themes["unfair", "town"]["now"] == 3 and themes["useful", "town"]["all"] == 1 and len(themes) == 4, themes)
    check("what is over its threshold", [key for key, t in themes.items() if t["over_threshold"]] == [("unfair", "town")], themes)
    check("the theme that called for it", record["theme"] == {"kind": "unfair", "subject": "town", "change": "We no longer look at the town."}, record)
    told = {ticket for ticket, change in changes(shop).items() if change == "We no longer look at the town."}
    check("who wrote is told", told == {"EH-A", "EH-B", "EH-C"}, told)
    again = review(shop, "2026-11-30")
    check("the theme is dealt with", not any(t["over_threshold"] for t in again["evidence"]["themes"]) and "theme" not in again, again["evidence"]["themes"])
    check("nothing new", again["evidence"]["complaints"] == 0 and again["evidence"]["opt_outs"] == {"marketing": 0, "ai": 0}, again["evidence"])


def themes_by_name(shop):
    review(shop, "2026-12-01", "--theme", "unfair:height", status=2)
    check("a theme that nobody wrote on", "unfair:height" in shop.said, shop.said)
    review(shop, "2026-12-01", "--theme", "nonsense", status=2)
    check("what is no theme", "KIND:SUBJECT" in shop.said, shop.said)
    record = review(shop, "2026-12-01", "--theme", "creepy:orders")
    check("one that was named", record["theme"]["subject"] == "orders", record)


def two_people_sign(shop):
    """Two names of one person are one person; nobody has no name."""
    for signers, said in (("[Ada]", "(1 given)"), ("[Ada, ada]", "signs twice"), ("[Ada, 'Ada ']", "signs twice"), ("[Ada  Byron, ada byron]", "signs twice"), ("[Änne, a\u0308nne]", "signs twice"),
                          ("[Ada, 'A\u200bda']", "signs twice"), ("[Ben, '  ']", "has no name"), ("[Ada, Ben, ADA]", "signs twice")):
        review(shop, "2026-12-01", findings=f"findings: []\ndecisions: []\nsigners: {signers}\nnext_review_by: 2027-05-01\n", status=2)
        check(signers, said in shop.said, shop.said)
    for date, said in (("2026-12-01", "must lie in the future"), ("soon", "the next review:")):
        review(shop, "2026-12-01", findings=f"findings: []\ndecisions: []\nsigners: [Ada, Ben]\nnext_review_by: {date}\n", status=2)
        check(date, said in shop.said, shop.said)
    record = review(shop, "2026-12-01", findings="findings: [A.]\ndecisions: [{ text: Do it., owner: Ada, due: 2027-01-01 }]\nsigners: [Ada, Ben, Cleo]\nnext_review_by: 2027-05-01\n")
    kept = json.loads(shop.run("ledger", "show", shop.said.split("kept in the ledger as ")[1].split()[0]))
    check("the ledger has what was printed", record in kept.values(), kept)


def interactive(shop):
    """The evidence comes before the questions; from a folder below."""
    below = shop.folder / "campaigns"
    answers = "Nothing.\n\n\n\n\n2027-06-01\nAda\nBen\n"
    done = subprocess.run([PROGRAM, "policy", "review", "--now", "2026-12-02"], cwd=below, input=answers, capture_output=True, text=True, timeout=120, check=False)
    check("asked for", done.returncode == 0, done.stderr)
    check("evidence first", 0 <= done.stderr.find("The evidence:") < done.stderr.find("A finding"), done.stderr)
    check("of the workspace above", json.loads(done.stdout)["evidence"]["decisions"]["count"] > 0, done.stdout)
    overdue = shop.run("policy", "review", "--now", "2028-01-01", "--findings", "review.yaml", "--next", "2028-06-01")
    check("a policy past its date can be reviewed", json.loads(overdue)["evidence"]["decisions"]["count"] > 0, overdue)


def main():
    with tempfile.TemporaryDirectory(prefix="evenhand-review-") as folder:
        shop = Shop(folder, people=PEOPLE, budget="60").open()
        for test in (evidence_of_a_workspace, since_the_last_review, themes_by_name, two_people_sign, interactive):
            test(shop)
    print(f"review: {passed} checks passed")


main()
