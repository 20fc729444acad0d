#!/usr/bin/env python3
"""Models and bad input: a clear error, and a model that is there stays whole."""
import csv
import hashlib
import json
import random
import signal
import subprocess
import sys

from harness import PROGRAM, expect, refused, run, sound, suite

TESTS = []
QUICK = ["--bags", "8", "--rounds", "40", "--quiet"]
HEAD = ("x", "z", "c", "p", "y")


def test(function):
    TESTS.append((function.__name__.replace("_", " "), function))
    return function


# ---- helpers -----------------------------------------------------------------------------------------------------------------


def rows(count=400, seed=5):
    """Invented people; the outcome goes with x and z, the protected p goes with z."""
    chance = random.Random(seed)
    for _ in range(count):
        x, z = round(chance.gauss(0, 1), 3), chance.choice([0, 1])
        yield {"x": x, "z": z, "c": chance.choice("abc"), "p": "f" if chance.random() < 0.2 + 0.6 * z else "m", "y": int(chance.random() < 0.2 + 0.4 * (x > 0) + 0.3 * z)}


def store(folder, people, name="people.csv", head=HEAD):
    path = folder / name
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, head, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(people)
    return path


def train(folder, path, *more, label="y"):
    return run("train", folder / "model.json", "--data", path, "--label", label, *QUICK, *more)


def refusal(folder, people, *says, more=(), label="y", head=HEAD):
    """A refused training leaves the model that was there, and nothing else."""
    model = folder / "model.json"
    model.write_text("an older model, which must stay whole\n", encoding="utf-8")
    path = store(folder, people, head=head)
    refused(train(folder, path, *more, label=label), *says)
    expect(model.read_text(encoding="utf-8") == "an older model, which must stay whole\n", "the older model was touched")
    left = sorted(one.name for one in folder.iterdir())
    expect(left == ["model.json", "people.csv"], f"left behind: {left}")


def trained(folder, people, *more, head=HEAD):
    path = store(folder, people, head=head)
    done = train(folder, path, *more)
    expect(done.status == 0, done.err)
    return path, json.loads((folder / "model.json").read_text(encoding="utf-8"))


# ---- data --------------------------------------------------------------------------------------------------------------------


@test
def one_class_only(folder):
    refusal(folder, ({**row, "y": 1} for row in rows()), "true in every row")
    refusal(folder, ({**row, "y": 0} for row in rows()), "false in every row")
    refusal(folder, ({**row, "y": 7.5} for row in rows()), "same number in every row", more=["--amount"])


@test
def an_outcome_that_is_none(folder):
    refusal(folder, ({**row, "y": ""} for row in rows()), "--label", "missing in every row")
    refusal(folder, ({**row, "y": i % 3} for i, row in enumerate(rows())), "--label", "'2'", "which value counts")
    refusal(folder, rows(), "--label", "yy", "y", label="yy")
    refusal(folder, ({"y": i % 2} for i in range(200)), "no column is left", head=("y",))


@test
def a_constant_column_says_nothing(folder):
    _, model = trained(folder, ({**row, "z": 4} for row in rows()), "--features", "x,z,c")
    expect(all(term["importance"] == 0 for term in model["terms"] if "z" in term["features"]), "a constant column has importance")


@test
def nothing_but_constant_columns(folder):
    refusal(folder, ({**row, "x": 1, "z": 1, "c": "a"} for row in rows()), "feature", more=["--features", "x,z,c"])


@test
def ten_thousand_levels(folder):
    _, model = trained(folder, ({**row, "c": f"level {i}"} for i, row in enumerate(rows(10000))), "--features", "x,c")
    feature = next(one for one in model["features"] if one["name"] == "c")
    expect(len(json.dumps(feature)) < 20000, "ten thousand levels are kept one by one")
    path = store(folder, ({**row, "c": "never seen"} for row in rows(20)), "others.csv")
    done = run("score", folder / "model.json", path, "--quiet")
    expect(done.status == 0 and len(done.out.splitlines()) == 21, done.err)


@test
def a_feature_that_is_missing_everywhere(folder):
    _, model = trained(folder, ({**row, "z": ""} for row in rows()), "--features", "x,z,c")
    expect(all(term["importance"] == 0 for term in model["terms"] if "z" in term["features"]), "a missing column has importance")


@test
def fifty_rows_and_fewer(folder):
    path = store(folder, rows(50))
    done = run("train", folder / "model.json", "--data", path, "--label", "y", "--features", "x,z", "--bags", "8")
    expect(done.status == 0 and "Not measured: too few people" in done.out.decode(), f"{done.status} {done.err} {done.out.decode()}")
    (folder / "model.json").unlink()
    path.unlink()
    refusal(folder, rows(50), "--folds", "50 rows are too few for 5 folds", "--folds 0", more=["--folds", "5"])
    refusal(folder, rows(49), "49 rows", "at least 50")
    refusal(folder, [], ("no rows", "empty", "rows"))


@test
def three_people_with_the_outcome(folder):
    path = store(folder, ({**row, "y": int(i in (10, 100, 200))} for i, row in enumerate(rows())))
    done = run("train", folder / "model.json", "--data", path, "--label", "y", "--features", "x,z", "--bags", "8")
    expect(done.status == 0 and "Not measured" in done.out.decode(), f"{done.status} {done.err}")


# ---- constraints -------------------------------------------------------------------------------------------------------------


@test
def a_constraint_that_cannot_be_met_says_the_nearest(folder):
    refusal(folder, rows(), "selection_rate", "p", "cannot be reached", "the nearest that can is about", more=["--features", "x,z,c", "--protected", "p", "--constraint", "selection_rate<=0"])


@test
def constraints_that_are_none(folder):
    protected = ["--features", "x,c", "--protected", "p"]
    refusal(folder, rows(), "--constraint", "selection_rate<=0.02", more=[*protected, "--constraint", "tpr>=1.5"])
    refusal(folder, rows(), "--constraint", "fairness", more=[*protected, "--constraint", "fairness<=0.1"])
    refusal(folder, rows(), ("--protected", "protected"), more=["--features", "x,c", "--constraint", "tpr>=0.9"])
    refusal(folder, rows(), "p", "protected attribute", more=["--features", "x,p", "--protected", "p"])
    refusal(folder, rows(), "p", "protected attribute", more=["--features", "x,(p = 'f') AS other", "--protected", "p"])


# ---- files -------------------------------------------------------------------------------------------------------------------


@test
def a_model_that_was_cut_or_altered(folder):
    path, _ = trained(folder, rows())
    whole = (folder / "model.json").read_bytes()
    for name, content in (("half", whole[: len(whole) // 2]), ("less one byte", whole[:-2]), ("other threshold", whole.replace(b'"threshold": 0.5', b'"threshold": 0.4')),
                          ("one digit", whole.replace(b'"intercept": ', b'"intercept": 1', 1)), ("empty", b""), ("no model", b"{}\n"), ("no JSON", b"x,y\n1,2\n")):
        other = folder / f"{name}.json"
        other.write_bytes(content)
        for command in (["score", other, path], ["model", "show", other], ["model", "export", other, "--to", "c"], ["model", "edit", other, "--flatten", "x", "--who", "a", "--why", "b"]):
            refused(run(*command), f"{name}.json")
        expect(other.read_bytes() == content, f"{name}: the file was touched")


@test
def a_model_of_a_newer_version(folder):
    path, _ = trained(folder, rows())
    text = (folder / "model.json").read_text(encoding="utf-8").replace('"evenhand_model": 1', '"evenhand_model": 2', 1)
    text = with_hash(text)
    (folder / "newer.json").write_text(text, encoding="utf-8")
    refused(run("score", folder / "newer.json", path), "newer.json", ("version", "newer"))


def with_hash(text):
    """A document whose hash fits again: SHA-256 of the text with the hash's digits set to 0."""
    before = text[text.index('"hash": "') + 9:][:64]
    zeros = text.replace(before, "0" * 64, 1)
    return text.replace(before, hashlib.sha256(zeros.encode()).hexdigest(), 1)


@test
def people_that_the_model_does_not_know(folder):
    trained(folder, rows(), "--features", "x,z,c")
    path = store(folder, rows(), "others.csv", head=("x", "c", "y"))
    refused(run("score", folder / "model.json", path), "z", "x, c, y")
    refused(run("score", folder / "model.json", folder / "nobody.csv"), "nobody.csv")
    refused(run("score", folder / "nothing.json", path), "nothing.json")


@test
def a_text_among_the_numbers(folder):
    trained(folder, rows(), "--features", "x,z")
    people = [*rows(30000), {"x": "oops", "z": 1, "y": 0}]
    path = store(folder, people, "others.csv")
    old = folder / "scores.csv"
    old.write_text("older scores\n", encoding="utf-8")
    refused(run("score", folder / "model.json", path, "--output", old, "--quiet"), "'x'", "'oops'", "number")
    expect(old.read_text(encoding="utf-8") == "older scores\n", "the older scores were touched")
    expect(not [one for one in folder.iterdir() if one.name.startswith(".scores")], "a temporary file was left")


@test
def edits_without_a_name_or_a_reason(folder):
    trained(folder, rows(), "--features", "x,z,c")
    model = folder / "model.json"
    before = model.read_bytes()
    for words in (["--flatten", "x", "--who", "Ann"], ["--flatten", "x", "--why", "a proxy"], ["--who", "Ann", "--why", "b"], ["--flatten", "xx", "--who", "Ann", "--why", "b"],
                  ["--smooth", "c", "--who", "Ann", "--why", "b"], ["--flatten", "x", "--smooth", "x", "--who", "Ann", "--why", "b"]):
        refused(run("model", "edit", model, *words), ("--who", "--why", "--flatten", "term", "category"))
        expect(model.read_bytes() == before, "the model was touched")


@test
def an_edit_of_an_effect_is_recorded(folder):
    arms = ("none", "ten")
    path, _ = trained(folder, ({**row, "p": arms[i % 2]} for i, row in enumerate(rows(1200))), "--features", "x,z,c", "--treatment", "p", "--control", "none")
    done = run("model", "edit", folder / "model.json", "--flatten", "c", "--who", "Ann", "--why", "a proxy", "--now", "2026-11-25", "--data", path, "--label", "y")
    expect(done.status == 0 and b"flattened c" in done.out, done.err)
    document = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    edit = document["offers"][0]["model"]["edits"][0]
    expect((edit["what"], edit["who"], edit["why"]) == ("flattened c", "Ann", "a proxy"), edit)
    expect(run("score", folder / "model.json", path, "--quiet").status == 0, "the edited file cannot be read")


@test
def an_interrupt_leaves_no_half_model(folder):
    path = store(folder, rows(60000))
    model = folder / "model.json"
    for wait in (0.1, 0.4, 0.9):
        with subprocess.Popen([PROGRAM, "train", model, "--data", path, "--label", "y", "--quiet"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            try:
                process.wait(timeout=wait)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGINT)
            process.communicate(timeout=120)
        left = sorted(one.name for one in folder.iterdir() if one != path)
        expect(left in ([], ["model.json"]), f"left behind: {left}")
        if model.exists():
            sound(run("model", "show", model))
            model.unlink()


if __name__ == "__main__":
    wanted = sys.argv[1:]
    sys.exit(suite("bad input of models", [one for one in TESTS if not wanted or any(word in one[0] for word in wanted)]))
