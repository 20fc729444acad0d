"""A shop made for tests: people, consents, a history to learn from, a policy, a campaign; the program does the rest.

The people are drawn from a seed with Python's own generator, whose numbers are the same everywhere. What is planted is an option: a proxy (a feature
that stands for a protected attribute and carries the score), a biased outcome (the history itself was unfair).
"""
import csv
import io
import json
import os
import pathlib
import random
import subprocess

NOW = "2026-11-25T09:00:00Z"
PROGRAM = os.environ.get("EVENHAND", "build/evenhand")
SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).resolve().parent.parent.parent))

WORKSPACE = """\
shop: { name: Blue Finch Outdoor, contact: care@bluefinch.example, address: "1 Quay, Cork", language: en, zone: Europe/Dublin }
profiling: on
rights:
  ai: { assessment: LIA-2026-02 }
sources:
  customers: { read: data/customers.csv, key: customer_id }
protected:
  gender: { value: customers.gender, says: your gender }
  age_band: { value: customers.age, bands: [30, 50], says: your age }
features:
  months_since_order: { value: customers.months, says: "your last order was {value} months ago", from_whom: your orders with us, changeable: true }
  orders: { value: customers.orders, says: "you ordered {value} times", from_whom: your orders with us, changeable: true }
  newsletter: { value: customers.newsletter, says: "you read our newsletter: {value}", from_whom: the switch in your account, changeable: true }
  town: { value: customers.town, says: "you live in {value}", from_whom: your address }
  shoe_size: { value: customers.shoe_size, says: "your shoe size is {value}", from_whom: your orders with us, proxy: accepted }
outcome: { visited: "customers.visited" }
"""

POLICY = """\
policy: blue-finch
version: "1"
owner: the ethics owner
review_by: 2027-06-01
grace_days: 30
facts:
  months_since_order: double
  town: string
  offer: string
  lawful_basis: string
  opted_out_ai: bool
  chosen_by_ai: bool
rules:
  - id: consent-stands
    effect: permit
    when: lawful_basis != "none"
    law: [GDPR 6]
    explanation: You said that we may write to you.
    owner: the ethics owner
    review_by: 2027-06-01
    tests:
      - { name: yes, facts: { lawful_basis: consent }, applies: true }
      - { name: no, facts: { lawful_basis: none }, applies: false }
  - id: long-gone
    effect: forbid
    when: months_since_order > 30.0 && !opted_out_ai
    explanation: You have not ordered for more than thirty months.
    owner: the ethics owner
    review_by: 2027-06-01
    tests:
      - { name: long ago, facts: { months_since_order: 31.0, opted_out_ai: false }, applies: true }
      - { name: lately, facts: { months_since_order: 3.0, opted_out_ai: false }, applies: false }
      - { name: off, facts: { months_since_order: 31.0, opted_out_ai: true }, applies: false }
"""

CAMPAIGN = """\
title: Spring boots
purpose: to tell you about new boots
channel: email
category: retail
currency: EUR
choose: { by: model, outcome: visited }
budget: %(budget)s
holdout: 0.05
explore: 0.05
offers:
  boots:
    says: 10 %% off boots
    model: visits
    cost: 0.5
    worth: 12
    variants: { a: { share: 0.5, subject: New boots, message: See them now. }, b: { share: 0.5, subject: Boots for you, message: See them now. } }
  socks:
    says: a free pair of socks
    model: visits
    cost: 1.5
    worth: 14
"""


def schema_check(name, document):
    try:
        import jsonschema
    except ImportError:
        return
    schema = json.loads((SOURCE / "docs" / f"{name}.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(document)


class Shop:
    """A workspace in `folder`. Every call of the program has the same clock."""

    def __init__(self, folder, people=3000, seed=1, proxy=False, biased=False, budget="400", policy=POLICY, campaign=CAMPAIGN):
        self.folder = pathlib.Path(folder)
        self.random = random.Random(seed)
        self.people = [self.person(i, proxy, biased) for i in range(people)]
        self.write("evenhand.yaml", WORKSPACE)
        self.write("campaigns/spring.yaml", campaign % {"budget": budget})
        if policy:
            self.write("policy.yaml", policy)
        self.write("data/customers.csv", self.table(self.people))

    def person(self, i, proxy, biased):
        draw = self.random
        gender = "F" if draw.random() < 0.5 else "M"
        months, orders = draw.randrange(36), 1 + draw.randrange(12)
        newsletter = draw.random() < 0.4
        size = (36 + draw.randrange(5)) if gender == "F" else (40 + draw.randrange(5))
        logit = -1.2 + 0.12 * (orders - 6) - 0.07 * (months - 12) + (0.9 if newsletter else 0)
        if proxy:
            logit += 1.6 if size >= 41 else -1.6
        if biased:
            logit += 1.5 if gender == "M" else -1.5
        return {"customer_id": f"c{i:06d}", "gender": gender, "age": 18 + draw.randrange(60), "months": months, "orders": orders,
                "newsletter": "true" if newsletter else "false", "town": draw.choice(["Cork", "Galway", "Sligo"]), "shoe_size": size,
                "visited": "true" if draw.random() < 1 / (1 + 2.718281828459045 ** -logit) else "false"}

    def table(self, rows):
        out = io.StringIO()
        writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        return out.getvalue()

    def write(self, name, text):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def read(self, name):
        return (self.folder / name).read_text(encoding="utf-8")

    def run(self, *words, status=0, text=None):
        """The program's output; `status` is the one, or those, that it must end with."""
        done = subprocess.run([PROGRAM, *words], cwd=self.folder, input=text, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode not in (status if isinstance(status, tuple) else (status,)):
            raise AssertionError(f"evenhand {' '.join(words)}: ended with {done.returncode}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}")
        self.status, self.said = done.returncode, done.stderr
        return done.stdout

    def consent(self, no_every=11, off_every=9):
        """Everybody has said yes but each so many-th; some have switched AI off."""
        acts = [{"key": p["customer_id"], "purpose": "marketing", "channel": "email", "said": "no" if i % no_every == 1 else "yes", "at": "2026-01-05T10:00:00Z",
                 "how": "newsletter form", "wording": "Yes, write to me.", "version": "1"} for i, p in enumerate(self.people)]
        acts += [{"key": p["customer_id"], "purpose": "ai", "channel": "", "said": "no", "at": "2026-02-05T10:00:00Z", "how": "account page",
                  "wording": "", "version": ""} for i, p in enumerate(self.people) if i % off_every == 2]
        self.write("consents.csv", self.table(acts))
        self.run("import", "consent", "consents.csv", "--jurisdiction", "IE", "--now", NOW, "--quiet")

    def train(self, *more):
        (self.folder / ".evenhand" / "models").mkdir(parents=True, exist_ok=True)
        self.run("train", ".evenhand/models/visits.json", "--data", "data/customers.csv", "--label", "visited", "--features",
                 "months AS months_since_order,orders,newsletter,town,shoe_size", "--changeable", "months_since_order,orders,newsletter", "--folds", "0", "--pairs", "1",
                 "--quiet", *more)

    def open(self, **consent):
        self.consent(**consent) # before there is a ledger: an act at a time would take a sync of the disk each
        self.run("keys", "make", "--name", "bluefinch.example/evenhand")
        self.train()
        return self

    def plan(self, *more, status=(0, 1, 3), campaign="spring"):
        report = json.loads(self.run("plan", campaign, "--now", NOW, "--format", "json", *more, status=status))
        return report

    def decide(self, *requests, more=(), status=0):
        lines = "".join(json.dumps(request) + "\n" for request in requests)
        return [json.loads(line) for line in self.run("decide", "--now", NOW, *more, text=lines, status=status).splitlines()]
