#!/usr/bin/env python3
"""What people have said, under faults: the k-th call fails, or the program is killed there, while something is said, imported, exported, merged, erased.

usage: rights.py [--all] [--seed N]     default: a spread of every k (the short run of `make test`); --all: every k

The functions of our own code fail by inject.c ($EVENHAND_FAULTY: malloc and the like too), those of SQLite and the rest by $EVENHAND_PRELOAD. After each fault:
the exit status is 0 or 2 with a text, never a crash; every person is as before or as after and nothing between, and as after when the status was 0;
`evenhand store check` and `evenhand ledger verify` find nothing; saying it once more ends as it should; who was erased is nowhere on the disk.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile

PROGRAM, FAULTY, PRELOAD = (os.path.abspath(os.environ[name]) for name in ("EVENHAND", "EVENHAND_FAULTY", "EVENHAND_PRELOAD"))
# Beside a program with the address sanitizer, which else insists on being loaded first; what is preloaded takes no memory of its own.
BESIDE = {"LD_PRELOAD": PRELOAD, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
NOW = "2026-11-24T12:00:00Z"
YAML = """shop: { name: Blue Finch Outdoor, contact: care@bluefinch.example, address: "1 Quay, Cork", country: IE }
sources:
  customers: { read: data/customers.csv, key: customer_id }
features:
  orders: { value: customers.orders, says: "you have ordered {value} times", from_whom: "your orders with us" }
outcome: { visited: "customers.visited = 1" }
"""
SAID = ("--channel", "email", "--how", "form on /signup", "--wording", "Yes, send me news.", "--wording-version", "n1", "--language", "en")
ERASED = ("bob-the-builder", "bob@example.com")
# function -> how many k of the short run; the first of ours by inject.c, the others by the preloaded library
OWN = {"malloc": 1, "calloc": 1, "realloc": 1, "open": 1, "close": 0, "write": 1}
ANY = {"write": 0, "pwrite": 2, "fsync": 0, "fdatasync": 1, "ftruncate": 0, "rename": 0, "unlink": 0}


def run(place, *words, program=PROGRAM, **environment):
    return subprocess.run([program, *words], cwd=place, capture_output=True, check=False, timeout=120, env={**os.environ, **environment})


def good(place, *words, status=(0,)):
    done = run(place, *words)
    if done.returncode not in status:
        sys.exit(f"{words}: status {done.returncode}\n{done.stderr.decode()}{done.stdout.decode()}")
    return done.stdout


def known(place, key):
    """What was said by that person, in an order that does not matter, without what is counted or drawn."""
    person = json.loads(good(place, "person", "export", key, "--now", NOW))
    acts = [[a[name] for name in ("record", "act", "by", "purpose", "channel", "at", "how")] + [(a["wording"] or {}).get("text")] for a in person["acts"]]
    return {"acts": sorted(acts, key=str), "contacts": person["contacts"], "other_keys": person["other_keys"],
            "answers": [(a["purpose"], a["channel"], a["may"], a["why"]) for a in person["answers"]]}


def state(place, keys):
    return {key: known(place, key) for key in keys}


def on_disk(place):
    """Files below the state that hold somebody who was erased."""
    return [str(path) for path in (place / ".evenhand").rglob("*") if path.is_file() and any(text.encode() in path.read_bytes() for text in ERASED)]


def make(folder):
    place = folder / "shop"
    (place / "data").mkdir(parents=True)
    (place / "evenhand.yaml").write_text(YAML)
    (place / "data" / "customers.csv").write_text("customer_id,orders,visited\nann,3,1\nnew,1,0\n")
    (place / "people.csv").write_text("key,email,channel,said,how,wording,version,language,country\n" + "".join(
        f"row-{i},row-{i}@example.com,email,{'no' if i % 3 == 0 else 'yes'},till,Send me news,n2,en,IE\n" for i in range(20)) +
        "ann,ann@example.com,email,no,till,Send me news,n2,en,IE\n")
    good(place, "keys", "make", "--name", "shop.example/log")
    good(place, "person", "consent", "ann", *SAID, "--now", NOW)
    good(place, "person", "consent", ERASED[0], *SAID, "--now", NOW)
    good(place, "person", "correct", ERASED[0], f"email={ERASED[1]}", "--now", NOW)
    other = folder / "other"
    shutil.copytree(place, other, ignore=shutil.ignore_patterns(".evenhand"))
    good(other, "person", "consent", "new", *SAID, "--now", NOW)
    good(other, "person", "opt-out-ai", "new", "--how", "a letter", "--now", NOW)
    (place / "new.json").write_bytes(good(other, "person", "export", "new", "--now", NOW))
    return place


KEYS = {"say": ("ann",), "import": ("ann", "row-7"), "import-person": ("new",), "merge": ("ann", ERASED[0]), "erase": (ERASED[0],), "export": ("ann",)}
ACTS = {
    "say": ("person", "withdraw", "ann", "--channel", "email", "--now", NOW),
    "import": ("import", "consent", "people.csv", "--now", NOW),
    "import-person": ("import", "consent", "new.json", "--now", NOW),
    "merge": ("person", "merge", ERASED[0], "ann", "--now", NOW),
    "erase": ("person", "erase", ERASED[0], "--now", NOW),
    "export": ("person", "export", "ann", "--now", NOW),
}


def calls(place, words, faulty, functions, folder):
    """How often each function is called when nothing fails."""
    copy, counts = folder / "counted", folder / "counts"
    shutil.copytree(place, copy)
    names = {"EVENHAND_FAULT_COUNTS": str(counts)} if faulty else {"EVENHAND_FAULT_ANY_COUNTS": str(counts), **BESIDE}
    done = run(copy, *words, program=FAULTY if faulty else PROGRAM, **names)
    if done.returncode != 0:
        sys.exit(f"{words} fails without a fault: {done.stderr.decode()}")
    shutil.rmtree(copy)
    found = dict(line.split() for line in counts.read_text().splitlines())
    return {name: int(found.get(name, 0)) for name in functions}


def check(place, what, words, done, before, after):
    text = done.stderr.decode()
    killed = done.returncode == -signal.SIGKILL
    if done.returncode not in (0, 2) and not killed:
        sys.exit(f"{what}: status {done.returncode}: {text}")
    if done.returncode == 2 and not text.startswith("evenhand"):
        sys.exit(f"{what}: no text: {text!r}")
    good(place, "ledger", "verify")
    good(place, "store", "check")
    now = state(place, before)
    for key, person in now.items():
        if person != after[key] and (done.returncode == 0 or person != before[key]):
            sys.exit(f"{what}: status {done.returncode}, {key} is neither as before nor as after:\n{person}\n{before[key]}\n{after[key]}\n{text}")
    if words[1] == "erase" and done.returncode == 0 and on_disk(place):
        sys.exit(f"{what}: erased, and still in {on_disk(place)}")
    again = run(place, *words)  # a merge that is done already cannot be done again
    if again.returncode != 0 and not (words[1] == "merge" and now == after):
        sys.exit(f"{what}: saying it once more fails: {again.stderr.decode()}")
    if state(place, before) != after:
        sys.exit(f"{what}: once more, and it is not as it should be")
    if words[1] == "erase" and on_disk(place):
        sys.exit(f"{what}: erased once more, and still in {on_disk(place)}")


def spread(count, tries_max, chance):
    return list(range(1, count + 1)) if count <= tries_max else sorted(chance.sample(range(1, count + 1), tries_max))


def variants(function, faulty):
    if faulty:
        return ("",)
    return {"write": ("", ":kill", ":short"), "pwrite": ("", ":on", ":kill", ":short"), "fsync": ("", ":kill"), "fdatasync": ("", ":on", ":kill")}.get(function, ("", ":kill"))


def act(name, words, folder, everything, chance):
    place, tried = make(folder), 0
    before = state(place, KEYS[name])
    copy = folder / "copy"
    shutil.copytree(place, copy)
    good(copy, *words)
    after = state(copy, KEYS[name])
    shutil.rmtree(copy)
    for faulty, functions in ((True, OWN), (False, ANY)):
        counts = calls(place, words, faulty, functions, folder)
        for function, tries_max in functions.items():
            tries = [(k, how) for k in range(1, counts[function] + 1) for how in variants(function, faulty)]
            if not everything:
                tries = chance.sample(tries, min(tries_max, len(tries)))
            for k, how in tries:
                shutil.copytree(place, copy)
                fault = f"{function}:{k}{how}"
                environment = {"EVENHAND_FAULT": fault} if faulty else {"EVENHAND_FAULT_ANY": fault, **BESIDE}
                done = run(copy, *words, program=FAULTY if faulty else PROGRAM, **environment)
                check(copy, f"{name}: {'our own' if faulty else 'any'} {fault}", words, done, before, after)
                shutil.rmtree(copy)
                tried += 1
    print(f"  {name}: {tried} faults", flush=True)
    return tried


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(ACTS))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    tried = 0
    for name, words in ACTS.items():
        if options.only in (None, name):
            with tempfile.TemporaryDirectory(prefix="evenhand-fault-") as folder:
                tried += act(name, words, pathlib.Path(folder), options.all, chance)
    print(f"rights faults: {tried} passed, 0 failed")


if __name__ == "__main__":
    main()
