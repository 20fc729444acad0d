#!/usr/bin/env python3
"""The k-th malloc, write, fsync, rename, ... fails, or the program is killed there: every report is then the old one or the new
one and nothing between, the exit status is 2 with a text that says why, and no temporary file stays behind (but after a kill).

The program under test is a second copy with inject.c linked in ($EVENHAND_FAULTY). Every k is tried up to a number of calls;
beyond it k is spread evenly, with the last calls always among them.
"""
import os
import pathlib
import signal
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "badinput"))
from harness import FORMATS, OLD, VERDICTS, expect, old_reports, run, sound, suite  # noqa: E402

PROGRAM = os.path.abspath(os.environ["EVENHAND_FAULTY"])
CAMPAIGN = pathlib.Path(__file__).resolve().parents[1] / "golden" / "fixtures" / "campaign.csv"
WORDS = ["audit", CAMPAIGN, "--decision", "sent", "--label", "bought", "--by", "gender,age", "--bands", "age=45", "--threads", "1"]
# close: a failing close of a file that was only read changes nothing, so a right report is as good as an error
FUNCTIONS = ("malloc", "calloc", "realloc", "write", "fsync", "rename", "mkstemp", "open", "close", "mkdir")
TRIES_MAX = {"malloc": 60, "calloc": 40, "realloc": 40, "write": 40, "close": 20, "open": 20}
KILLED_AT = ("write", "fsync", "rename", "mkstemp", "close")
KILLS_MAX = 12


def audit(prefix, fault=None, **environment):
    if fault is not None:
        environment["EVENHAND_FAULT"] = fault
    return run(*WORDS, "--output", prefix, program=PROGRAM, env={**os.environ, **environment})


def spread(count, tries_max):
    if count <= tries_max:
        return list(range(1, count + 1))
    last = list(range(count - tries_max // 4, count + 1))
    first = [1 + step * count // (tries_max * 3 // 4) for step in range(tries_max * 3 // 4)]
    return sorted({*first, *last})


def left_behind(prefix):
    return {path.name: path.read_bytes() for path in prefix.parent.iterdir()}


def measure():
    """What the reports are, what is said, and how often each function is called, when nothing fails."""
    with tempfile.TemporaryDirectory() as folder:
        prefix = pathlib.Path(folder) / "new" / "r"
        counts = pathlib.Path(folder) / "counts"
        done = audit(prefix, EVENHAND_FAULT_COUNTS=os.fspath(counts))
        if done.status not in VERDICTS:
            sys.exit(f"the audit fails without a fault: {done.err}")
        pairs = [line.split() for line in counts.read_text().splitlines()]
        return left_behind(prefix), done, {name: int(count) for name, count in pairs}


def fails(function, k, new, usual):
    def test(folder):
        prefix = old_reports(folder)
        if function == "mkdir":
            prefix = folder / "more" / "folders" / "r"
        temporary = folder / "tmp"
        temporary.mkdir()
        done = audit(prefix, f"{function}:{k}", TMPDIR=os.fspath(temporary))
        sound(done)
        if done.status == 2:
            expect(done.err.startswith("evenhand"), f"no text: {done.err!r}")
            left = left_behind(prefix) if prefix.parent.exists() else {}
            for name in FORMATS:
                content = left.pop(f"r.{name}", None)
                expect(content in (OLD[name], new[f"r.{name}"]) or (function == "mkdir" and content is None), f"r.{name} is neither old nor new")
            expect(not left, f"left behind: {sorted(left)}")
        else:
            expect(done.status == usual.status and done.out == usual.out, f"status {done.status}, and not the usual report")
            expect(left_behind(prefix) == new, "the reports are not the usual ones")
        expect(not list(temporary.iterdir()), f"temporary files left: {list(temporary.iterdir())}")
    return f"{function} {k} fails", test


def killed(function, k, new):
    def test(folder):
        prefix = old_reports(folder)
        done = audit(prefix, f"{function}:{k}:kill", TMPDIR=os.fspath(folder))
        expect(done.status == -signal.SIGKILL, f"status {done.status}")
        left = left_behind(prefix)
        for name in FORMATS:
            expect(left[f"r.{name}"] in (OLD[name], new[f"r.{name}"]), f"r.{name} is neither old nor new")
        again = audit(prefix)
        expect(again.status in VERDICTS, f"the next audit fails: {again.err}")
        expect({name: left_behind(prefix)[name] for name in new} == new, "the next audit does not write the usual reports")
    return f"killed at {function} {k}", test


def main():
    new, usual, counts = measure()
    tests = []
    for function in FUNCTIONS:
        if function != "mkdir" and counts[function] == 0 and function in ("write", "fsync", "rename"):
            print(f"FAILED {function} is never called: the injection does not work")
            return 1
        for k in spread(counts[function], TRIES_MAX.get(function, 30)):
            tests.append(fails(function, k, new, usual))
    for function in KILLED_AT:
        for k in spread(counts[function], KILLS_MAX):
            tests.append(killed(function, k, new))
    return suite("fault", tests)


if __name__ == "__main__":
    sys.exit(main())
