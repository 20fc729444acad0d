#!/usr/bin/env python3
"""From files to a fair model and to scores, in a workspace: init, vault, train, card, score.

What is proven on the way: no model reads a protected column; the model file and the scores hold no trace of one; every reading of the vault
stands in its log; what happened after the moment of a decision is not seen; who has switched AI off is never scored; while profiling is off
nobody is; the findings keep to docs/training.schema.json.
"""
import csv
import io
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).parents[2]))
PROGRAM = os.environ["EVENHAND"]
NOW = "2026-11-24"
QUICK = ["--bags", "8", "--rounds", "60", "--now", NOW]


def expect(condition, text):
    if not condition:
        sys.exit(f"FAILED: {text}")


def run(folder, *words, status=0, stdin=None):
    done = subprocess.run([PROGRAM, *map(str, words)], cwd=folder, input=stdin, capture_output=True, text=True, check=False, timeout=240)
    expect(done.returncode == status, f"{' '.join(map(str, words))}: status {done.returncode}, expected {status}\n{done.stderr}{done.stdout[-500:]}")
    return done


def people_write(folder, count=1500, seed=8):
    """Men buy more; `orders` goes with gender too, so that a model without a constraint is unfair."""
    chance = random.Random(seed)
    with (folder / "people.csv").open("w", encoding="utf-8") as people, (folder / "orders.csv").open("w", encoding="utf-8") as orders:
        people.write("customer_id,gender,plan,signup,visited\n")
        orders.write("customer_id,ordered_at,amount\n")
        for i in range(count):
            man = chance.random() < 0.5
            number = chance.randrange(0, 5) + (4 if man else 0)
            visited = int(chance.random() < 0.1 + 0.08 * number)
            people.write(f"c{i},{'male' if man else 'female'},{chance.choice(['free', 'plus'])},2025-0{chance.randrange(1, 9)}-11,{visited}\n")
            for _ in range(number):
                orders.write(f"c{i},2026-0{chance.randrange(1, 9)}-1{chance.randrange(10)},{chance.randrange(5, 200)}\n")


def no_trace(path, *words):
    text = path.read_text(encoding="utf-8").lower()
    for word in ("gender", "female", *words):
        expect(word not in text, f"'{word}' stands in {path.name}")


def training(folder):
    state = folder / ".evenhand" / "models"
    run(folder, "train", "plain", "--quiet", *QUICK)
    no_trace(state / "plain.json")
    done = run(folder, "train", "fair", "--protected", "gender", "--constraint", "selection_rate<=0.05", *QUICK, status=2)
    expect("evenhand vault import" in done.stderr, done.stderr)
    expect(not (state / "fair.json").exists(), "a model was written without its groups")
    run(folder, "vault", "import", "--reason", "fairness of the visits model", "--now", NOW)
    before = run(folder, "vault", "log").stdout
    run(folder, "train", "fair", "--protected", "gender", "--constraint", "selection_rate<=0.05", "--frontier", "--report", "findings", *QUICK)
    log = run(folder, "vault", "log").stdout
    expect(log.count("training") == before.count("training") + 1 and "gender" in log, f"the vault's log does not tell of the training:\n{log}")
    no_trace(state / "fair.json", "male")
    findings = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    rates = {group["group"]: group["selection_rate"]["value"] for group in findings["attributes"][0]["groups"]}
    expect(abs(rates["male"] - rates["female"]) <= 0.12, f"the constraint does not show on people held out: {rates}")
    done = run(folder, "train", "other", "--protected", "gendr", *QUICK, status=2)
    expect("do you mean 'gender'" in done.stderr, done.stderr)
    return findings


def the_wall(folder):
    """A feature that reads a protected column is refused, by any name."""
    yaml = folder / "evenhand.yaml"
    text = yaml.read_text(encoding="utf-8")
    for value in ("people.gender = 'male'", "max(people.gender) = 'male'", "(select 1 from people where gender = 'male' limit 1)"):
        yaml.write_text(text.replace("value: people.plan", f'value: "{value}"', 1), encoding="utf-8")
        expect(yaml.read_text(encoding="utf-8") != text, "the feature 'plan' is not in evenhand.yaml")
        done = run(folder, "train", "spy", "--quiet", *QUICK, status=2)
        expect("protect" in done.stderr or "belongs to a query" in done.stderr, done.stderr)
    yaml.write_text(text, encoding="utf-8")


def nothing_from_later(folder):
    """As of a moment, orders after it do not count."""
    run(folder, "train", "early", "--as-of", "2026-01-05", "--quiet", *QUICK, status=0)
    early = json.loads((folder / ".evenhand" / "models" / "early.json").read_text(encoding="utf-8"))
    counts = next(one for one in early["features"] if one["name"] == "orders_count")
    expect(not counts["edges"] or max(counts["edges"]) <= 0, f"orders of later months were seen: {counts['edges']}")


def scoring(folder):
    rows = list(csv.DictReader(io.StringIO(run(folder, "score", "fair", "--contributions", "--now", NOW, "--quiet").stdout)))
    expect(len(rows) == 1500 and "gender" not in rows[0], f"{len(rows)} rows")
    for person in ("c7", "c11"):
        run(folder, "person", "opt-out-ai", person, "--how", "choices page", "--now", NOW)
    done = run(folder, "score", "fair", "--output", "scores.csv", "--now", NOW)
    expect("left out, not to be scored by AI: 2" in done.stderr, done.stderr)
    kept = {row["key"]: row["score"] for row in csv.DictReader((folder / "scores.csv").open(encoding="utf-8"))}
    expect(len(kept) == 1498 and "c7" not in kept and "c11" not in kept, "somebody who has switched AI off was scored")
    expect(all(kept[row["key"]] == row["score"] for row in rows if row["key"] in kept), "scores of the others changed")
    (folder / "scores.csv").unlink()


def schema_check(findings, uplift):
    try:
        import jsonschema
    except ImportError:
        return
    schema = json.loads((SOURCE / "docs" / "training.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    for document in (findings, uplift):
        jsonschema.Draft202012Validator(schema).validate(document)


def main():
    with tempfile.TemporaryDirectory(prefix="evenhand-train-") as name:
        folder = pathlib.Path(name)
        people_write(folder)
        run(folder, "init", ".", "--from", "people.csv", "orders.csv")
        yaml = folder / "evenhand.yaml"
        text = yaml.read_text(encoding="utf-8")
        expect("profiling: off" in text, "profiling is not off at the start")
        yaml.write_text(text.replace("profiling: off", "profiling: on", 1), encoding="utf-8")
        findings = training(folder)
        the_wall(folder)
        nothing_from_later(folder)
        scoring(folder)
        run(folder, "train", folder / "effect.json", "--data", "people.csv", "--label", "visited", "--treatment", "plan", "--control", "free", "--features", "date_diff('day', signup, DATE '2026-01-01') AS days", "--protected",
            "gender", "--report", "up", "--quiet", "--folds", "2")
        schema_check(findings, json.loads((folder / "up.json").read_text(encoding="utf-8")))
        yaml.write_text(yaml.read_text(encoding="utf-8").replace("profiling: on", "profiling: off", 1), encoding="utf-8")
        done = run(folder, "score", "fair", "--output", "scores.csv", "--now", NOW, status=2)
        expect("profiling is off" in done.stderr and not (folder / "scores.csv").exists(), done.stderr)
    return 0


sys.exit(main())
