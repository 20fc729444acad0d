#!/usr/bin/env python3
"""People's rights from the command line: what is said holds, what is exported comes back, what is erased is nowhere.

Receipts are checked by an outsider that shares no code with the program: Python's json for the canonical form, openssl for the
signature. Every test works in a workspace of its own.
"""
import csv
import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "badinput"))
from harness import PROGRAM, Skip, expect, refused, run, sound, suite  # noqa: E402

ROOT = HERE.parents[1]
NOW = "2026-11-24T12:00:00Z"
LATER = "2026-11-25T12:00:00Z"
TESTS = []
YAML = """shop: { name: Blue Finch Outdoor, contact: care@bluefinch.example, address: "1 Quay, Cork", country: IE }
sources:
  customers: { read: data/customers.csv, key: customer_id }
protected:
  gender: { value: customers.gender, from_whom: "the survey you answered" }
features:
  orders_count:
    value: customers.orders_count
    says: "you have ordered {value} times"
    from_whom: "your orders with us"
outcome: { visited: "customers.visited = 1" }
"""
CUSTOMERS = """customer_id,email,gender,orders_count,visited
4711,ann@example.com,f,3,1
4712,bob@example.com,m,1,0
"""


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


# ---- helpers ---------------------------------------------------------------------------------------------------------------------


def workspace(folder, name="shop"):
    place = folder / name
    (place / "data").mkdir(parents=True)
    (place / "evenhand.yaml").write_text(YAML)
    (place / "data" / "customers.csv").write_text(CUSTOMERS)
    return place


def call(place, *words, now=NOW, status=0):
    done = run(*words, "--now", now, cwd=place)
    sound(done)
    expect(done.status == status, f"{words}: exit status {done.status}, expected {status}\n{done.err}{done.out.decode()}")
    return done.out.decode()


def person(place, *words, **more):
    return call(place, "person", *words, **more)


def consent(place, key, *more, channel="email", now=NOW):
    return person(place, "consent", key, "--channel", channel, "--how", "form on /signup", "--wording", "Yes, send me news.",
                  "--wording-version", "n1", "--language", "en", *more, now=now)


def may(place, key, *more, now=NOW):
    done = run("person", "may", key, *more, "--format", "json", "--now", now, cwd=place)
    sound(done)
    answer = json.loads(done.out)
    expect(done.status == (0 if answer["may"] else 1), f"exit status {done.status} and {answer}")
    return answer


def why(place, key, *more, now=NOW):
    return may(place, key, *more, now=now)["why"]


def equal(got, wanted, what=""):
    expect(got == wanted, f"{what} expected {wanted!r}, got {got!r}")


def export(place, key, now=NOW):
    return json.loads(person(place, "export", key, now=now))


def files_holding(folder, *texts):
    """Files below the folder that hold one of the texts in any common form: plain, UTF-16, hexadecimal, small letters."""
    found = []
    for path in pathlib.Path(folder).rglob("*"):
        if not path.is_file():
            continue
        content = path.read_bytes()
        for text in texts:
            forms = {text.encode(), text.lower().encode(), text.encode("utf-16-le"), text.encode().hex().encode()}
            if any(form in content for form in forms):
                found.append(f"{path.relative_to(folder)} holds {text!r}")
    return found


# ---- saying -------------------------------------------------------------------------------------------------------------------------


@test
def what_is_said_holds_at_once(folder):
    place = workspace(folder)
    equal(why(place, "4711"), "never_said")
    consent(place, "4711", "--jurisdiction", "IE")
    answer = may(place, "4711")
    equal(answer["why"], "consent")
    equal(len(answer["records"]), 1)
    equal(why(place, "4711", "--channel", "sms"), "never_said")
    person(place, "withdraw", "4711", now=LATER)
    equal(why(place, "4711", now=LATER), "withdrawn")
    equal(may(place, "4711", "--purpose", "ai", now=LATER)["may"], True)


@test
def the_ai_switch_is_its_own(folder):
    place = workspace(folder)
    consent(place, "4711")
    person(place, "opt-out-ai", "4711")
    equal(why(place, "4711", "--purpose", "ai"), "ai_opted_out")
    equal(why(place, "4711"), "consent")
    person(place, "opt-in-ai", "4711", now=LATER)
    equal(why(place, "4711", "--purpose", "ai", now=LATER), "consent")
    acts = export(place, "4711", now=LATER)["acts"]
    expect(acts[-1]["wording"]["text"], "the switch has no wording")


@test
def steps_to_say_no_are_as_few_as_to_say_yes(folder):
    place = workspace(folder)
    for action in ("withdraw", "object", "opt-out-ai", "gpc"):
        person(place, action, "4711")  # no option is needed
    refused(run("person", "consent", "4711", "--now", NOW, cwd=place), "--wording", "7(1)")
    refused(run("person", "consent", "4711", "--wording", "Yes", "--now", NOW, cwd=place), "--how")


@test
def no_import_undoes_an_objection(folder):
    place = workspace(folder)
    person(place, "object", "4711")
    (place / "in.csv").write_text("key,purpose,channel,said\n4711,marketing,email,yes\n4711,ai,all,yes\n4712,marketing,email,yes\n")
    report = json.loads(call(place, "import", "consent", "in.csv", "--format", "json", now=LATER))
    equal(report["conflicts_count"], 2)
    equal([(c["key"], c["file_says"], c["resolved"]) for c in report["conflicts"]], [("4711", "yes", "no")] * 2)
    equal(why(place, "4711", now=LATER), "objected")
    equal(why(place, "4711", "--purpose", "ai", now=LATER), "objected")
    equal(why(place, "4712", now=LATER), "consent")
    consent(place, "4711", now=LATER)
    equal(why(place, "4711", now=LATER), "consent")
    equal(why(place, "4711", "--channel", "sms", now=LATER), "objected")


@test
def double_opt_in(folder):
    place = workspace(folder)
    refused(run("person", "confirm", "4711", "--channel", "email", "--now", NOW, cwd=place), "nothing to confirm")
    person(place, "ask", "4711", "--channel", "email", "--how", "form", "--wording", "News?", "--until", "2026-12-01")
    equal(why(place, "4711"), "unconfirmed")
    person(place, "confirm", "4711", "--channel", "email", now=LATER)
    equal(why(place, "4711", now=LATER), "consent")
    equal(len(may(place, "4711", now=LATER)["records"]), 2)
    person(place, "ask", "4712", "--channel", "email", "--how", "form", "--wording", "News?", "--until", "2026-12-01")
    refused(run("person", "confirm", "4712", "--channel", "email", "--now", "2026-12-01T00:00:00Z", cwd=place), "too late")
    equal(why(place, "4712", now="2026-12-02T00:00:00Z"), "confirmation_expired")


@test
def children_by_place(folder):
    """docs/places.md: a day before the birthday a parent is asked, on the birthday nobody is; profiling waits until 18 everywhere."""
    lines = [line.split("|") for line in (ROOT / "docs" / "places.md").read_text().splitlines() if line.startswith("| ")]
    ages = {cells[1].strip(): int(cells[2]) for cells in lines if cells[2].strip().isdigit()}
    listed = {name for name in ages if len(name) == 2 or name[2] == "-"}
    source = (ROOT / "src" / "rights" / "jurisdictions.c").read_text()
    coded = {match.group(2) or match.group(1) for match in re.finditer(r'EUROPE\("(..)"|\{"([A-Z-]+)", \{', source)}
    equal(listed, coded, "the places of the table and those of the program:")
    place = workspace(folder)
    rows = []
    for name, age in ages.items():
        country = name if name in listed else "ZZ"
        for born, who in (("11-25", "under"), ("11-24", "of-age")):
            rows.append(f"{country}-{who},{country},{2026 - age}-{born},email,yes,form,Send me news,n1,en")
    (place / "children.csv").write_text("key,country,birthday,channel,said,how,wording,version,language\n" + "\n".join(rows) + "\n")
    call(place, "import", "consent", "children.csv")
    for name, age in ages.items():
        country = name if name in listed else "ZZ"
        equal(why(place, f"{country}-under"), "minor", f"{country}: a day before {age}:")
        equal(why(place, f"{country}-of-age"), "consent", f"{country}: at {age}:")
    equal(why(place, "BE-of-age", "--purpose", "ai"), "minor_profiling")
    person(place, "parent", "BE-under", "--how", "a letter", "--wording", "My child may get news.", "--wording-version", "p1")
    equal(why(place, "BE-under"), "consent")
    equal(why(place, "BE-under", "--purpose", "ai"), "minor_profiling")


@test
def the_vault_opens_under_its_conditions_only(folder):
    place = workspace(folder)
    lines = place / "data" / "customers.csv"
    lines.write_text(CUSTOMERS + "".join(f"k{i},k{i}@example.com,{'fm'[i % 2]},{i % 7},{int(i % 3 == 0)}\n" for i in range(400)))
    refused(run("vault", "import", "--now", NOW, cwd=place), "--reason")
    refused(run("vault", "import", "--reason", " ", "--now", NOW, cwd=place), "with a reason")
    call(place, "vault", "import", "--reason", "first fill")
    for blank in ("", "  "):
        (place / "evenhand.yaml").write_text(YAML.replace("gender: { value: customers.gender,", f"gender: {{ value: customers.gender, special: true, necessity: '{blank}',"))
        refused(run("vault", "import", "--reason", "again", "--now", NOW, cwd=place), "necessity")
    (place / "evenhand.yaml").write_text(YAML)
    logged = call(place, "vault", "log")
    expect(logged.count("first fill") == 1 and "again" not in logged, logged)
    # another key than the one that filled it
    key = place / ".evenhand" / "keys" / "vault.key"
    right = key.read_bytes()
    key.unlink()
    refused(run("vault", "--now", NOW, cwd=place), "filled with another key")
    key.write_bytes(right)
    key.chmod(0o644)
    refused(run("vault", "--now", NOW, cwd=place), "others can read the key")
    key.chmod(0o600)
    expect("gender" in call(place, "vault"), "the right key opens it")


@test
def who_opted_out_of_ai_is_a_group_of_every_audit(folder):
    """Those who said no got the same, then less; the audit tells the two apart, by the key of the workspace and of the file, and does not see who is nobody's business."""
    place = workspace(folder)
    out = [f"k{i}" for i in range(200)]
    (place / "no.csv").write_text("key,purpose,said,how,country\n" + "".join(f"{k},ai,no,letter,IE\n" for k in out))
    (place / "data" / "customers.csv").write_text("customer_id,email,gender,orders_count,visited\n" +
                                                  "".join(f"k{i},k{i}@x.example,{'fm'[i % 2]},{i % 7},{int(i % 3 == 0)}\n" for i in range(600)))

    def sent(name, column, every):
        rows = "".join(f"k{i},{'fm'[i % 2]},{int(i // 2 % (every if i < 200 else 2) == 0)}\n" for i in range(600))
        (place / name).write_text(f"{column},gender,sent\n{rows}")
        return name

    def audit(*words, status):
        done = run("audit", *words, "--decision", "sent", "--by", "gender", "--format", "json", "--now", "2026-11-24", cwd=place)
        sound(done)
        equal(done.status, status, f"{words}: {done.err}")
        return {a["name"]: a for a in json.loads(done.out)["attributes"]}

    fair, unfair = sent("fair.csv", "customer_id", 2), sent("unfair.csv", "customer_id", 5)
    equal(set(audit(unfair, status=0)), {"gender"}, "nobody has said anything yet:")
    call(place, "import", "consent", "no.csv")
    groups = {g["group"]: g for g in audit(fair, status=0)["ai_opt_out"]["groups"]}
    equal({name: g["rows"] for name, g in groups.items()}, {"not opted out": 400, "opted out": 200})
    found = audit(unfair, status=1)
    equal(found["gender"]["verdict"], "within tolerance")
    equal((found["ai_opt_out"]["verdict"], found["ai_opt_out"]["reference"]), ("violates", "not opted out"))
    other = sent("other.csv", "who", 5)
    equal(set(audit(other, status=0)), {"gender"}, "no column names the people:")
    equal(set(audit(other, "--key", "who", status=1)), {"gender", "ai_opt_out"})
    refused(run("audit", other, "--decision", "sent", "--by", "gender", "--workspace", ".", cwd=place), "--key COLUMN")
    elsewhere = run("audit", place / unfair, "--decision", "sent", "--by", "gender", cwd=folder)
    expect(elsewhere.status == 0 and b"ai_opt_out" not in elsewhere.out, "outside of a workspace nobody is asked about")
    there = run("audit", place / unfair, "--decision", "sent", "--by", "gender", "--workspace", place, cwd=folder)
    expect(there.status == 1 and b"ai_opt_out = opted out" in there.out, there.err)
    # a withdrawal of the opt-out moves them back; the scan and the check see the group too
    scan = run("scan", unfair, "--decision", "sent", "--now", "2026-11-24", cwd=place)
    expect(b"ai_opt_out =" in scan.out, scan.out.decode())
    call(place, "vault", "import", "--reason", "first fill")
    for words in (("check", "--format", "json"), ("check", unfair, "--by", "gender", "--format", "json")):
        done = run(*words, "--now", "2026-11-24", cwd=place)
        sound(done)
        report = json.loads(done.out)
        section = {a.get("attribute"): a for a in report["attributes"]}["ai_opt_out"]
        equal([g["group"] for g in section["groups"]], ["not opted out", "opted out"])
        expect(not [f for f in report["findings"] if f["attribute"] == "ai_opt_out" and f["id"] in ("proxy", "recoverable")], report["findings"])
    plan = run("repair", "--propose", unfair, "--by", "gender", "--key", "customer_id", cwd=place)
    expect(b"ai_opt_out" not in plan.out, "a plan of repairs is for the columns of the file")


@test
def soft_opt_in_minors_and_casl(folder):
    place = workspace(folder)
    facts = "same_entity,address_from_sale,offered_at_collection"
    person(place, "purchase", "4711", "--product-group", "tents", "--facts", facts, "--jurisdiction", "IE")
    equal(why(place, "4711", "--product-group", "tents", "--facts", "in_message"), "soft_opt_in")
    equal(why(place, "4711", "--product-group", "tents"), "soft_incomplete")
    equal(why(place, "4711", "--product-group", "boats", "--facts", "in_message"), "soft_incomplete")
    person(place, "inquiry", "4712", "--jurisdiction", "CA")
    equal(why(place, "4712", now="2027-05-24T11:59:59Z"), "implied_inquiry")
    equal(why(place, "4712", now="2027-05-24T12:00:00Z"), "implied_expired")
    person(place, "birth", "kid", "2012-11-25", "--jurisdiction", "AT")
    consent(place, "kid")
    equal(why(place, "kid"), "minor")
    equal(why(place, "kid", now=LATER), "consent")
    equal(why(place, "kid", "--purpose", "ai", now=LATER), "minor_profiling")


@test
def what_is_no_consent_is_refused(folder):
    place = workspace(folder)
    for control in ("pre-ticked", "bundled"):
        refused(run("person", "consent", "4711", "--how", "x", "--wording", "y", "--control", control, "--now", NOW, cwd=place), "no consent", "nothing was")
    equal(why(place, "4711"), "never_said")
    consent(place, "4712")
    refused(run("person", "consent", "4711", "--how", "x", "--wording", "Other words", "--wording-version", "n1", "--language", "en", "--now", NOW,
                cwd=place), "new version")


@test
def wrong_words_are_told_kindly(folder):
    place = workspace(folder)
    refused(run("person", cwd=place), "an action is missing")
    refused(run("person", "shwo", "4711", cwd=place), "do you mean 'show'")
    refused(run("person", "show", cwd=place), "key is missing")
    refused(run("person", "show", "4711", "4712", cwd=place), "one word too many")
    refused(run("person", "withdraw", "4711", "--channel", "pigeon", cwd=place), "none of all, email")
    refused(run("person", "withdraw", "4711", "--jurisdiction", "Germany", cwd=place), "two letters")
    refused(run("person", "withdraw", "4711", "--at", "yesterday", cwd=place), "--at")
    refused(run("person", "withdraw", "4711", "--at", "2030-01-01", "--now", NOW, cwd=place), "future")
    refused(run("person", "withdraw", "x" * 300, cwd=place), "256 bytes")
    refused(run("person", "withdraw", "", cwd=place), "empty")
    refused(run("person", "birth", "4711", "2031-01-01", "--now", NOW, cwd=place), "date of birth")
    refused(run("person", "show", "4711", cwd=folder), "evenhand init")
    refused(run("receipt", "verify", "nothing.json", cwd=place), "nothing.json")
    refused(run("import", "consent", "nothing.csv", cwd=place), "nothing.csv")


# ---- importing --------------------------------------------------------------------------------------------------------------------------


SHOPIFY = """\ufeffCustomer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address Country Code,Default Address Province Code,Phone,Accepts SMS Marketing,AI (customer.metafields.custom.ai_opt_out)
'7001,Ann,A,ann@x.example,yes,IE,,'+3531,no,
'7002,Bob,B,bob@x.example,no,CA,QC,,yes,true
'7003,Eve,E,eve@x.example,,DE,,,,false
"""
KLAVIYO = """Email,Klaviyo ID,Phone Number,Country,Email Marketing Consent,Email Marketing Consent Timestamp,SMS Marketing Consent,Email Suppressions
ann@x.example,01H,,Ireland,SUBSCRIBED,2026-05-01 10:00:00,NEVER_SUBSCRIBED,
bob@x.example,01J,,Ireland,UNSUBSCRIBED,2026-05-01 10:00:00,,[]
eve@x.example,01K,,Ireland,SUBSCRIBED,2026-05-01 10:00:00+00:00,,SPAM_COMPLAINT
new@x.example,01L,,Ireland,NEVER_SUBSCRIBED,,,
"""
MAILCHIMP = """"Email Address","First Name",MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,CC,REGION,UNSUB_TIME,LEID
ann@x.example,Ann,2,,"2025-01-02 03:04:05",IE,,,1
bob@x.example,Bob,2,,"2025-01-02 03:04:05",IE,,"2025-06-01 00:00:00",2
"""


@test
def exports_of_others_are_understood(folder):
    place = workspace(folder)
    (place / "shopify.csv").write_text(SHOPIFY)
    text = call(place, "import", "consent", "shopify.csv")
    expect("Shopify" in text and "never asked or withdrawn" in text and "wording" in text, text)
    equal([why(place, k) for k in ("7001", "7002", "7003")], ["consent", "imported_no", "never_said"])
    equal([why(place, k, "--channel", "sms") for k in ("7001", "7002", "7003")], ["imported_no", "consent", "never_said"])
    equal([may(place, k, "--purpose", "ai")["said"] for k in ("7001", "7002", "7003")], ["unknown", "no", "unknown"])
    # Klaviyo knows people by address: they are the same people.
    (place / "klaviyo.csv").write_text(KLAVIYO)
    report = json.loads(call(place, "import", "consent", "klaviyo.csv", "--format", "json", now=LATER))
    equal(report["system"], "Klaviyo")
    equal(why(place, "7001", now=LATER), "consent")
    equal(why(place, "7002", now=LATER), "imported_no")
    equal(why(place, "7003", now=LATER), "imported_no")
    equal(why(place, "new@x.example", now=LATER), "never_said")
    # The other way round: an address first, then the key that belongs to it.
    (place / "in.csv").write_text("email,channel,said\nlate@x.example,email,no\n")
    call(place, "import", "consent", "in.csv", now=LATER)
    (place / "in.csv").write_text("key,email,channel,said\n7009,late@x.example,email,yes\n")
    call(place, "import", "consent", "in.csv", now=LATER)
    equal([may(place, k, now=LATER)["said"] for k in ("7009", "late@x.example")], ["no", "no"])
    (place / "mailchimp.csv").write_text(MAILCHIMP)
    report = json.loads(call(place, "import", "consent", "mailchimp.csv", "--format", "json", now=LATER))
    equal(report["system"], "Mailchimp")
    equal(report["no"], 1)
    again = json.loads(call(place, "import", "consent", "mailchimp.csv", "--format", "json", now=LATER))
    equal(again["recorded"], 0, "the same file again")


@test
def german_and_french_exports(folder):
    place = workspace(folder)
    (place / "de.csv").write_text("Kundennummer,E-Mail-Adresse,Land,Newsletter,Abgemeldet am\n8001,a@example.de,DE,Ja,\n8002,b@example.de,DE,ja,2026-03-01\n"
                                  "8003,c@example.de,DE,Nein,\n8004,d@example.de,DE,unbekannt,\n", encoding="utf-8")
    call(place, "import", "consent", "de.csv")
    equal([why(place, k) for k in ("8001", "8002", "8003", "8004")], ["consent", "imported_no", "imported_no", "never_said"])
    (place / "fr.csv").write_text("Numéro client,Adresse e-mail,Pays,Téléphone,Consentement e-mail,Consentement SMS,Désinscrit le\n8101,a@example.fr,FR,+33612345678,oui,non,\n"
                                  "8102,b@example.fr,FR,,Inscrit,,2026-02-03\n8103,c@example.fr,FR,,désabonné,,\n", encoding="utf-8")
    call(place, "import", "consent", "fr.csv")
    equal([why(place, k) for k in ("8101", "8102", "8103")], ["consent", "imported_no", "imported_no"])
    equal(why(place, "8101", "--channel", "sms"), "imported_no")


@test
def what_is_not_understood_is_no_yes(folder):
    place = workspace(folder)
    (place / "in.csv").write_text("key,channel,said,at\na,email,yes,2026-01-01\nb,email,perhaps,2026-01-01\nc,pigeon,yes,2026-01-01\n"
                                  "d,email,yes,2031-01-01\ne,email,yes,soon\n,email,yes,2026-01-01\nf,email,no,soon\n")
    report = json.loads(call(place, "import", "consent", "in.csv", "--format", "json"))
    equal(report["problems_count"], 6)
    equal([may(place, k)["said"] for k in "abcdef"], ["yes", "unknown", "unknown", "unknown", "unknown", "no"])
    for text, says in (("a,b\n1,2\n", "no column says what"), ("said\nyes\n", "no column says who"), ("key,said\n", "no row"), ("{\"kind\": 1}", "no export of a person"),
                       ("{", "in.csv")):
        (place / "in.csv").write_text(text)
        refused(run("import", "consent", "in.csv", "--now", NOW, cwd=place), says)
    (place / "in.csv").write_text("who,said\na,yes\n")
    refused(run("import", "consent", "in.csv", "--key", "whom", "--now", NOW, cwd=place), "do you mean 'who'")


# ---- taking along --------------------------------------------------------------------------------------------------------------------------


HOSTILE = ["=1+1", "'quoted", "@cmd", "-2", "a,b;c\t\"d\"", "line\nbreak", "  blanks  ", "caf\u00e9 \U0001f98a", "<script>", "\\n"]


def rich_person(place, key):
    consent(place, key, "--jurisdiction", "IE", "--until", "2028-01-01")
    for number, text in enumerate(HOSTILE):
        person(place, "consent", key, "--channel", "sms", "--how", text, "--wording", text, "--wording-version", f"v{number}", "--at", f"2026-01-0{number % 9 + 1}")
    person(place, "ask", key, "--channel", "push", "--how", "form", "--wording", "Push?", "--until", "2026-12-24")
    person(place, "confirm", key, "--channel", "push")
    person(place, "purchase", key, "--product-group", HOSTILE[4], "--facts", "same_entity,offered_at_collection")
    person(place, "birth", key, "1969-12-31")
    person(place, "gpc", key)
    person(place, "withdraw", key, "--channel", "post")
    person(place, "disclosed", key, "--to", HOSTILE[0], "--what", HOSTILE[1])
    person(place, "correct", key, "city=" + HOSTILE[7], "phone=+353 1")
    person(place, "request", key, "--kind", "complaint")
    consent(place, "twin", channel="whatsapp")
    person(place, "merge", "twin", key)


def comparable(document):
    return {name: value for name, value in document.items() if name not in ("notices", "features", "protected", "not_included", "receipt")}


@test
def an_export_comes_back_without_loss(folder):
    place = workspace(folder)
    rich_person(place, "4711")
    before = export(place, "4711")
    try:
        import jsonschema
        jsonschema.validate(before, json.loads((ROOT / "docs" / "person.schema.json").read_text()), cls=jsonschema.Draft202012Validator)
    except ImportError:
        print("SKIPPED the schema: python3-jsonschema is not installed")
    equal([f["value"] for f in before["features"]], [3])
    equal([f["value"] for f in before["protected"]], ["f"])
    for kind in ("json", "csv"):
        other = workspace(folder, "other-" + kind)
        path = other / f"person.{kind}"
        person(place, "export", "4711", "--format", kind, "--output", path)
        call(other, "import", "consent", path)
        after = export(other, "4711")
        expect(comparable(after) == comparable(before), f"{kind}: " + "\n".join(
            f"{name}: {comparable(before)[name]!r}\n  is now {comparable(after)[name]!r}" for name in comparable(before) if comparable(before)[name] != comparable(after)[name]))
        # and once more: the same bytes
        equal(person(other, "export", "4711", "--format", "csv"), person(other, "export", "4711", "--format", "csv"))
        if kind == "csv":
            text = path.read_bytes().decode()
            rows = list(csv.reader(io.StringIO(text, newline="")))
            expect(all(len(row) == len(rows[0]) for row in rows), "a ragged table")
            expect(not any(cell[:1] in ("=", "@", "-", "+") for row in rows for cell in row), "a cell that a spreadsheet would run")


@test
def an_export_is_no_way_round_an_objection(folder):
    place = workspace(folder)
    consent(place, "4711")
    person(place, "export", "4711", "--output", "old.json")
    person(place, "object", "4711", now=LATER)
    call(place, "import", "consent", "old.json", now=LATER)
    equal(why(place, "4711", now=LATER), "objected")
    # Not even when it is edited to be newer.
    document = json.loads((place / "old.json").read_text())
    document["acts"][0].update(at="2026-11-26T00:00:00Z", record="00000000000000aa")
    (place / "new.json").write_text(json.dumps(document))
    report = json.loads(call(place, "import", "consent", "new.json", "--format", "json", now="2026-11-27T00:00:00Z"))
    equal(report["conflicts_count"], 1)
    equal(why(place, "4711", now="2026-11-27T00:00:00Z"), "objected")
    for change in ({"act": "wish"}, {"at": "soon"}, {"record": "zz"}, {"jurisdiction": "Mars!"}, {"control": 5}):
        broken = json.loads((place / "old.json").read_text())
        broken["key"] = "fresh"
        broken["acts"][0].update(change)
        (place / "broken.json").write_text(json.dumps(broken))
        refused(run("import", "consent", "broken.json", "--now", LATER, cwd=place), "acts[0]")


# ---- erasing ----------------------------------------------------------------------------------------------------------------------------------


@test
def what_is_erased_is_nowhere(folder):
    place = workspace(folder)
    key, twin, email, phone = "zaphod-beeblebrox", "zaphod-twin-77", "Zaphod@HeartOfGold.example", "+999 4242 1"
    with (place / "data" / "customers.csv").open("a") as customers:
        customers.write(f"{key},{email},m,1,0\n")
    for number in range(30):
        consent(place, f"crowd-{number}")
    (place / "in.csv").write_text(f"key,email,phone,channel,said,how\n{key},{email},{phone},sms,yes,asked at Milliways restaurant\n")
    call(place, "import", "consent", "in.csv")
    (place / "in.csv").unlink()
    consent(place, twin)
    person(place, "merge", twin, key)
    person(place, "opt-out-ai", key)
    person(place, "correct", key, "planet=Betelgeuse-Five")
    person(place, "disclosed", key, "--to", "Mailer", "--what", "email")
    person(place, "request", key, "--kind", "erasure")
    secrets = (key, twin, email, phone, "Milliways", "Betelgeuse-Five")
    expect(files_holding(place / ".evenhand", *secrets), "the test looks in the wrong place")
    text = person(place, "erase", key, now=LATER)
    equal(files_holding(place / ".evenhand", *secrets), [])
    expect("Mailer" in text and "customers" in text and "1 row" in text, text)
    for name in (key, twin):
        equal(why(place, name, now=LATER), "erased")
        equal(why(place, name, "--purpose", "ai", now=LATER), "erased")
    # An import does not bring them back, by key or by address; their own yes does.
    (place / "in.csv").write_text(f"key,email,channel,said\n{key},,email,yes\nanother,{email.lower()},email,yes\n")
    report = json.loads(call(place, "import", "consent", "in.csv", "--format", "json", now=LATER))
    equal((report["suppressed"], report["recorded"]), (2, 0))
    equal(files_holding(place / ".evenhand", key, email), [])
    consent(place, key, now=LATER)
    equal(why(place, key, now=LATER), "consent")
    person(place, "erase", "never-seen", now=LATER)
    equal(why(place, "never-seen", now=LATER), "erased")


@test
def the_ledger_says_it_too_and_forgets_too(folder):
    place = workspace(folder)
    consent(place, "early")  # before there is a ledger: gets its entry later
    expect(run("keys", "make", "--name", "shop.example/log", cwd=place).status == 0, "no keys")
    consent(place, "zaphod-88")
    person(place, "withdraw", "zaphod-88", now=LATER)
    expect(all(act["ledger"] for act in export(place, "zaphod-88", now=LATER)["acts"] + export(place, "early", now=LATER)["acts"]), "an act without an entry")
    person(place, "erase", "zaphod-88", now=LATER)
    equal(files_holding(place / ".evenhand", "zaphod-88"), [])
    report = run("ledger", "verify", cwd=place).out.decode()
    expect("erased        2" in report and "missing       0" in report and "opened        1" in report, report)


@test
def requests_wait_in_order_and_the_house_chooses(folder):
    place = workspace(folder)
    person(place, "request", "4711", "--kind", "access")
    person(place, "request", "4712", "--kind", "complaint", "--at", "2026-10-01T00:00:00Z")
    lines = person(place, "requests").splitlines()
    expect("OVERDUE" in lines[0] and "4712" in lines[0] and "24 December 2026" in lines[1], lines)
    equal(why(place, "4711", "--channel", "post", "--jurisdiction", "IE"), "never_said")
    (place / "evenhand.yaml").write_text(YAML + "rights:\n  legitimate_interest: { assessment: LIA-7, channels: [post] }\n  ai: { asks_first: true }\n")
    answer = may(place, "4711", "--channel", "post", "--jurisdiction", "IE")
    equal((answer["why"], answer["basis"]), ("legitimate_interest", "LIA-7"))
    equal(why(place, "4711", "--purpose", "ai"), "profiling_not_asked")
    (place / "evenhand.yaml").write_text(YAML + "rights:\n  legitimate_interest: { assessment: LIA-7, channels: [pigeon] }\n")
    refused(run("person", "show", "4711", "--now", NOW, cwd=place), "line", "email, sms")


# ---- receipts ------------------------------------------------------------------------------------------------------------------------------------


def outsider_says(receipt, pem, folder):
    """True when openssl accepts the signature over what Python makes of the document."""
    document = json.loads(receipt.read_text())
    proof = document.pop("proof")
    message, signature = folder / "message", folder / "signature"
    message.write_bytes(json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode())
    import base64
    signature.write_bytes(base64.b64decode(proof["signature"], validate=True))
    done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", pem, "-rawin", "-in", message, "-sigfile", signature], capture_output=True,
                          check=False)
    return done.returncode == 0


@test
def a_receipt_is_verified_by_outsiders(folder):
    if shutil.which("openssl") is None:
        raise Skip("openssl is not installed")
    place = workspace(folder)
    rich_person(place, "4711")
    receipt, pem = place / "receipt.jsonld", place / "receipts.pem"
    person(place, "receipt", "4711", "--output", receipt)
    call(place, "receipt", "key", "--output", pem)
    expect(outsider_says(receipt, pem, folder), "openssl does not accept the signature")
    expect("genuine" in call(place, "receipt", "verify", receipt), "not genuine")
    done = run("receipt", "verify", receipt, "--public-key", pem, cwd=folder)  # without a workspace
    expect(done.status == 0, done.err)
    changed = json.loads(receipt.read_text())
    statuses = changed["dct:hasPart"][0]["dpv:hasProcess"][0]["dpv:hasConsentStatus"]
    statuses[0]["dpv:isIndicatedAtTime"] = "2020-01-01T00:00:00Z"
    forged = place / "forged.jsonld"
    forged.write_text(json.dumps(changed))
    expect(not outsider_says(forged, pem, folder), "openssl accepts a forgery")
    call(place, "receipt", "verify", forged, status=1)
    reordered = place / "reordered.jsonld"  # only the layout differs: still genuine
    reordered.write_text(json.dumps(json.loads(receipt.read_text()), sort_keys=True))
    call(place, "receipt", "verify", reordered)
    other = workspace(folder, "other")
    call(other, "receipt", "verify", receipt, status=1)


@test
def a_receipt_holds_what_the_standard_asks(folder):
    place = workspace(folder)
    rich_person(place, "4711")
    document = json.loads(person(place, "receipt", "4711"))
    expect(document["dpv:hasIdentifier"] and document["dct:conformsTo"] == "dpv-27560:receipt", "receipt id or schema version")
    record = document["dct:hasPart"][0]
    equal(record["dct:conformsTo"], "dpv-27560:record-2")
    for key in ("dpv:hasIdentifier", "dpv:hasDataSubject", "dct:created", "dct:creator", "dct:language", "dpv:hasEntity", "dpv:hasNotice", "dpv:hasProcess"):
        expect(record.get(key), f"{key} is missing")
    expect(record["dct:creator"] in record["dpv:hasEntity"], "the creator is no entity")
    shop = record["dpv:hasEntity"]["shop"]
    equal((shop["dpv:hasName"], shop["dpv:hasAddress"], shop["dpv:hasContact"]), ("Blue Finch Outdoor", "1 Quay, Cork", "care@bluefinch.example"))
    notices = {notice["dpv:hasIdentifier"]: notice["rdf:value"] for notice in record["dpv:hasNotice"]}
    expect("Yes, send me news." in notices.values() and all(text in notices.values() for text in HOSTILE), "a wording is missing")
    for process in record["dpv:hasProcess"]:
        for key in ("dpv:hasPurpose", "dpv:hasPersonalData", "dpv:hasProcessing", "dpv:hasDataController", "dpv:hasDataSource", "dpv:hasStorageCondition",
                    "dpv:hasRecipient", "dpv:hasLegalBasis", "dpv:hasJurisdiction", "dpv:hasConsentControl", "dpv:hasRight", "dpv:hasConsentStatus"):
            expect(process.get(key), f"{key} is missing")
        for recipient in process["dpv:hasRecipient"] + process["dpv:hasDataController"]:
            expect(recipient in record["dpv:hasEntity"], f"{recipient} is no entity")
        for status in process["dpv:hasConsentStatus"]:
            expect(status["dpv:isIndicatedAtTime"] and status["dpv:isExercisedAt"] and status["dpv:hasDuration"], "an event is not whole")
            expect(status.get("dpv:hasNotice") is None or status["dpv:hasNotice"] in notices, "a notice leads nowhere")
    states = {status["@type"][0] for process in record["dpv:hasProcess"] for status in process["dpv:hasConsentStatus"]}
    expect({"dpv:ConsentGiven", "dpv:ConsentWithdrawn", "dpv:ConsentRequested", "dpv:ConsentRefused"} <= states, states)
    refused(run("person", "receipt", "nobody", "--now", NOW, cwd=place), "nothing is on record")


# ---- requests, faults ---------------------------------------------------------------------------------------------------------------------------------


@test
def requests_are_answered_by_doing(folder):
    place = workspace(folder)
    expect("30 December 2026" in person(place, "request", "4711", "--kind", "access", "--at", "2026-11-30T00:00:00Z", now="2026-12-01T00:00:00Z"), "one month")
    expect("24 December 2026" in person(place, "request", "4711", "--kind", "complaint"), "30 days")
    person(place, "export", "4711", now="2026-12-02T00:00:00Z")
    requests = export(place, "4711", now="2026-12-02T00:00:00Z")["requests"]
    equal([(r["request"], r["closed"] is not None) for r in requests], [("access", True), ("complaint", False)])
    person(place, "close", "4711", "--kind", "complaint", "--outcome", "answered by letter")
    refused(run("person", "close", "4711", "--kind", "complaint", "--now", NOW, cwd=place), "no open request")


@test
def an_acknowledged_withdrawal_survives_kill_9(folder):
    place = workspace(folder)
    for number in range(15):
        key = f"k{number}"
        consent(place, key)
        process = subprocess.Popen([PROGRAM, "person", "withdraw", key, "--now", LATER], cwd=place, stdout=subprocess.PIPE)
        acknowledged = process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        expect(b"recorded a no" in acknowledged, acknowledged)
        equal(why(place, key, now=LATER), "withdrawn")


@test
def killed_at_any_moment_nothing_is_half_done(folder):
    place = workspace(folder)
    (place / "in.csv").write_text("key,channel,said,at\n" + "".join(f"p{i},email,yes,2026-01-01\np{i},sms,no,2026-01-01\n" for i in range(3000)))
    for delay in (0.02, 0.05, 0.1, 0.15, 0.2, 0.3):
        process = subprocess.Popen([PROGRAM, "import", "consent", "in.csv", "--now", NOW], cwd=place, stdout=subprocess.DEVNULL)
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        answers = (may(place, "p0")["said"], may(place, "p0", "--channel", "sms")["said"])
        expect(answers in (("unknown", "unknown"), ("yes", "no"), ("yes", "unknown")), answers)
    call(place, "import", "consent", "in.csv")
    equal([why(place, "p2999"), why(place, "p2999", "--channel", "sms")], ["consent", "imported_no"])


if __name__ == "__main__":
    sys.exit(suite("rights", TESTS))
