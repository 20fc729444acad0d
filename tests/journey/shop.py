"""A small shop for the tests of campaigns: people, consents, a model, a workspace. Everything comes from a seed."""
import csv
import pathlib
import random
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "badinput"))
from harness import expect, run, sound  # noqa: E402

NOON = "2026-11-25T12:00:00Z"
ZONES = ("Europe/Dublin", "America/New_York", "Asia/Tokyo")
WORKSPACE = """shop: {{ name: Blue Finch, contact: care@bluefinch.example, country: IE, zone: Europe/Dublin{origin} }}
profiling: on
sources:
  people: {{ read: people.csv, key: id }}
protected:
  gender: {{ value: people.gender }}
features:
  months: {{ value: people.months, says: "your last order was {{value}} months ago", from_whom: your orders, changeable: true }}
  spend: {{ value: people.spend, says: "you spent {{value}} in a year", from_whom: your orders, changeable: true }}
  zone: {{ value: people.zone, says: "your clock is that of {{value}}", from_whom: you }}
outcome: {{ visited: "people.months = 0" }}
"""


def call(folder, *words, status=0):
    done = run(*words, cwd=folder)
    sound(done)
    expect(done.status == status, f"evenhand {' '.join(map(str, words))}: exit status {done.status}, expected {status}\n{done.err}{done.out.decode()[-500:]}")
    return done


def write_rows(path, header, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def effect_of(person, offer):
    """What an offer changes: known, since we made the world."""
    if offer == "":
        return 0.0
    return (0.16 if person["months"] < 6 else 0.02) + (0.0 if offer == "boots" else 0.05 * (person["spend"] > 150) - 0.02)


def base_of(person):
    return 0.08 + 0.06 * (person["spend"] > 100) + (0.03 if person["gender"] == "F" else 0.0)


def people_of(count, seed, prefix="p"):
    chance = random.Random(seed)
    return [{"id": f"{prefix}{i:06d}", "gender": chance.choice("FM"), "months": chance.randrange(12), "spend": round(chance.expovariate(1 / 120), 2),
             "zone": chance.choice(ZONES), "email": f"{prefix}{i:06d}@mail.example", "phone": f"+3538600{i:05d}"} for i in range(count)]


def shop(folder, count=2000, seed=7, origin=None, consent=0.9, ai_off=0.05, models=True):
    """A workspace with `count` people. Returns the people and who may be written to."""
    people = people_of(count, seed)
    write_rows(folder / "people.csv", list(people[0]), [list(p.values()) for p in people])
    (folder / "evenhand.yaml").write_text(WORKSPACE.format(origin=f", origin: {origin}" if origin else ""), encoding="utf-8")
    (folder / "campaigns").mkdir()
    chance = random.Random(seed + 1)
    yes = [p["id"] for p in people if chance.random() < consent]
    off = [key for key in yes if chance.random() < ai_off]
    write_rows(folder / "consents.csv", ("key", "purpose", "channel", "said", "at", "how", "wording", "version"),
               [(key, "marketing", "email", "yes", "2026-01-05T10:00:00Z", "form", "Yes, write to me.", "1") for key in yes] +
               [(key, "ai", "all", "no", "2026-02-05T10:00:00Z", "switch", "", "") for key in off])
    call(folder, "import", "consent", "consents.csv", "--jurisdiction", "IE", "--quiet", "--now", NOON)
    call(folder, "keys", "make", "--name", "bluefinch.example/ledger")
    if models:
        train(folder, seed)
    return people, set(yes) - set(off), set(off)


def outcome_of(person, offer, chance):
    return int(chance.random() < base_of(person) + effect_of(person, offer))


def train(folder, seed, count=6000):
    """One model of what each offer changes, from an experiment with other people."""
    chance = random.Random(seed + 2)
    rows = []
    for person in people_of(count, seed + 3, "t"):
        offer = chance.choice(("", "boots", "tents"))
        rows.append((person["months"], person["spend"], offer or "none", outcome_of(person, offer, chance)))
    write_rows(folder / "trial.csv", ("months", "spend", "offer", "visited"), rows)
    call(folder, "train", ".evenhand/models/spring.json", "--data", "trial.csv", "--label", "visited", "--treatment", "offer", "--control", "none", "--features",
         "months,spend", "--folds", "0", "--bags", "8", "--rounds", "200", "--quiet")
