"""A small shop for the tests of campaigns: people, consents, a model, a workspace. Everything comes from a seed."""
import csv
import pathlib
import random
import re
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


def people_of(count, seed, prefix="p", groups=None):
    chance = random.Random(seed)
    return [{"id": f"{prefix}{i:06d}", "gender": chance.choice(groups or "FM"), "months": chance.randrange(12), "spend": round(chance.expovariate(1 / 120), 2),
             "zone": chance.choice(ZONES), "email": f"{prefix}{i:06d}@mail.example", "phone": f"+3538600{i:05d}"} for i in range(count)]


def shop(folder, count=2000, seed=7, origin=None, consent=0.9, ai_off=0.05, models=True, groups=None):
    """A workspace with `count` people. Returns the people and who may be written to."""
    people = people_of(count, seed, groups=groups)
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


SPRING = """title: {title}
channel: email
currency: EUR
choose: {{ by: model, predicts: effect, outcome: visited }}
offers:
  boots: {{ says: 10 % off boots, model: spring, cost: 0.1, worth: 4 }}
  tents: {{ says: 10 % off tents, model: spring, cost: 0.1, worth: 4 }}
holdout: {holdout}
explore: {explore}
budget: {budget}
"""


def planned(folder, name="spring", now=NOON):
    done = run("plan", name, "--now", now, cwd=folder)
    expect(done.status in (0, 3), f"plan {name}: exit status {done.status}\n{done.err}")
    return re.match(r"Plan (\S+)", done.out.decode()).group(1)


def released(folder, name="spring", now=NOON):
    """The plan's name, and who was sent what."""
    plan = planned(folder, name, now)
    call(folder, "release", plan, "--now", now, "--approved-by", "Ann", "--output", "send.csv")
    with open(folder / "send.csv", newline="", encoding="utf-8") as file:
        return plan, {row["person"]: row["offer"] for row in csv.DictReader(file)}


def answered(folder, people, plan, sent, seed=99, share=1.0, now="2026-12-10"):
    """Outcomes of a world that we made, taken in: visits, and what people spent."""
    chance = random.Random(seed)
    rows = [(p["id"], outcome_of(p, sent.get(p["id"], ""), chance), round(chance.expovariate(1 / 20) * (p["id"] in sent) + 5 * chance.random(), 2)) for p in people]
    write_rows(folder / "back.csv", ("person", "visited", "spend"), [row for row in rows if chance.random() < share])
    call(folder, "outcomes", "back.csv", "--plan", plan, "--outcome", "visited,spend", "--now", now)


def reported(folder, count=3000, seed=7, title="Spring", groups=None):
    """A campaign whose outcomes are back."""
    people, _, _ = shop(folder, count, seed, groups=groups)
    (folder / "campaigns" / "spring.yaml").write_text(SPRING.format(title=title, holdout=0.2, explore=0.1, budget=0.03 * count), encoding="utf-8")
    plan, sent = released(folder)
    answered(folder, people, plan, sent)
    return plan


if __name__ == "__main__":  # a report for the eye: shop.py FOLDER [plain|hostile]
    place = pathlib.Path(sys.argv[1])
    hostile = sys.argv[2:] == ["hostile"]
    reported(place, 1200 if hostile else 3000, title="'<b>Spring</b> & \"more\"'" if hostile else "Spring",
             groups=("<script>document.title='broken'</script>", "W" * 120, "=1+1", "F") if hostile else None)
    done = run("campaign", "report", "spring", "--now", "2026-12-12", "--format", "html,json,text", "--output", "report", "--quiet", cwd=place)
    expect(done.status in (0, 1, 3), done.err)
