#!/usr/bin/env python3
"""Compares `evenhand audit` with the figures of its peers in expected/ (see README.md). Standard library only.

    compare.py                                  runs every case with the program in $EVENHAND
    compare.py eighteen bank                    only these cases
    compare.py --report REPORT.json eighteen    compares a report that is there already
    compare.py --self-test                      checks this script itself

Data: $EVENHAND_DATA, else ../shared/data beside the source tree; bank also as third_party/demo/bank-full.csv. A case whose data
is not there is skipped aloud. Exit status: 0 all figures agree, 1 some do not, 77 everything was skipped, 2 it could not run.
"""
import csv
import gzip
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = pathlib.Path(os.environ.get("EVENHAND_SOURCE", HERE.parents[1]))
DATA = pathlib.Path(os.environ.get("EVENHAND_DATA", ROOT.parent / "shared" / "data"))
TOLERANCE = 1e-9  # relative or absolute
MISMATCHES_SHOWN_MAX = 200
AUDIT_STATUSES = (0, 1, 3)
SKIPPED_STATUS = 77

ADULT_COLUMNS = ("age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain "
                 "capital_loss hours_per_week native_country income").split()

# What names an entry of a list in the report: the first of these whose members are all there.
IDENTITIES = (("measure", "group", "reference"), ("attributes",), ("group",), ("name",))


# ---- inputs: each gives the path of a file that the program reads --------------------------------------------------------------

def adult_input(folder):
    """The UCI file has no header and a blank before each field; the copy gets the one and loses the other."""
    source = DATA / "adult.data.gz"
    if not source.exists():
        return None
    path = folder / "adult.csv"
    if not path.exists():
        with gzip.open(source, "rt", encoding="utf-8", newline="") as rows, open(path, "w", encoding="utf-8", newline="") as out:
            writer = csv.writer(out)
            writer.writerow(ADULT_COLUMNS)
            writer.writerows(row for row in csv.reader(rows, skipinitialspace=True) if row)
    return path


def bank_input(folder):
    demo, packed = ROOT / "third_party" / "demo" / "bank-full.csv", DATA / "bank_full.csv.gz"
    if demo.exists():
        return demo
    if not packed.exists():
        return None
    path = folder / "bank-full.csv"
    if not path.exists():
        with gzip.open(packed, "rb") as rows, open(path, "wb") as out:
            shutil.copyfileobj(rows, out)
    return path


def fixture_input(folder, name):
    """"file.csv" as it is; "file.csv*count" with each row as often as its column `count` says."""
    name, _, column = name.partition("*")
    source = HERE / "fixtures" / name
    if not column:
        return source
    path = folder / f"expanded-{name}"
    with open(source, encoding="utf-8", newline="") as rows, open(path, "w", encoding="utf-8", newline="") as out:
        reader = csv.DictReader(rows)
        columns = [c for c in reader.fieldnames if c != column]
        writer = csv.writer(out)
        writer.writerow(columns)
        for row in reader:
            writer.writerows([[row[c] for c in columns]] * int(row[column]))
    return path


def input_of(case, folder):
    kind, _, name = case["data"].partition(":")
    if kind == "fixture":
        return fixture_input(folder, name)
    return {"adult": adult_input, "bank": bank_input}[kind](folder)


# ---- the report ------------------------------------------------------------------------------------------------------------------

def command_line(program, path, arguments, prefix):
    words = [program, "audit", str(path)]
    for name, value in arguments.items():
        values = [",".join(value)] if name == "by" else value if isinstance(value, list) else [value]
        for one in values:
            words += [f"--{name}", str(one)]
    return words + ["--format", "json", "--output", str(prefix), "--quiet"]


def report_of(case, folder):
    """The parsed report, or None when the data is not there."""
    path = input_of(case, folder)
    if path is None:
        return None
    prefix = folder / f"report-{case['case']}"
    words = command_line(os.environ["EVENHAND"], path, case["arguments"], prefix)
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode not in AUDIT_STATUSES:
        raise RuntimeError(f"{case['case']}: exit status {done.returncode} of {' '.join(words)}\n{done.stderr}")
    return json.loads(pathlib.Path(f"{prefix}.json").read_text(encoding="utf-8"))


def identity(entry):
    for members in IDENTITIES:
        if all(member in entry for member in members):
            return "|".join(" & ".join(part) if isinstance(part := entry[member], list) else str(part) for member in members)
    return None


class Missing:
    def __repr__(self):
        return "not in the report"


MISSING = Missing()


def child(node, key):
    if isinstance(node, list):
        return next((entry for entry in node if isinstance(entry, dict) and identity(entry) == key), MISSING)
    return node.get(key, MISSING) if isinstance(node, dict) else MISSING


def leaves(expected, found, place=()):
    """Yields (place, expected number, what the report has there). A rate {value, low, high, n} stands for its value."""
    todo = [(expected, found, place)]
    while todo:
        expected, found, place = todo.pop()
        if isinstance(expected, dict):
            todo += [(value, child(found, key), (*place, key)) for key, value in reversed(expected.items())]
        else:
            yield place, expected, found.get("value", MISSING) if isinstance(found, dict) else found


def agrees(expected, found):
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        return False
    return math.isclose(expected, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def compare(case, report):
    """Counts of passed and failed figures, and a line for each that failed."""
    passed, lines = 0, []
    for block in case["blocks"]:
        for place, expected, found in leaves(block["figures"], report):
            if agrees(expected, found):
                passed += 1
                continue
            apart = f"{abs(expected - found):.3g}" if isinstance(found, (int, float)) else ""
            lines.append((case["case"], " / ".join(place), block["peer"], repr(expected), "null" if found is None else repr(found), apart))
    return passed, lines


def print_table(lines):
    rows = [("case", "figure", "peer", "expected", "found", "apart"), *lines[:MISMATCHES_SHOWN_MAX]]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip())
    if len(lines) > MISMATCHES_SHOWN_MAX:
        print(f"... and {len(lines) - MISMATCHES_SHOWN_MAX} more")


# ---- the script itself -------------------------------------------------------------------------------------------------------------

def self_test():
    report = {"attributes": [{"name": "sex", "groups": [{"group": "F", "n": 4, "tpr": {"value": 0.5, "low": 0.1}},
                                                        {"group": "M", "tpr": {"value": None}}],
                              "comparisons": [{"measure": "tpr_ratio", "group": "F", "reference": "M", "value": 2.0}],
                              "summary": {"theil_index": 0.25}}],
              "intersections": [{"name": "sex & race", "attributes": ["sex", "race"], "groups": [{"group": "F & B", "n": 1}]}]}
    right = {"attributes": {"sex": {"groups": {"F": {"n": 4, "tpr": 0.5 + 4e-10}}, "comparisons": {"tpr_ratio|F|M": 2.0},
                                    "summary": {"theil_index": 0.25}}},
             "intersections": {"sex & race": {"groups": {"F & B": {"n": 1}}}}}
    wrong = {"attributes": {"sex": {"groups": {"F": {"n": 5, "tpr": {"low": 0.1 + 1e-8}, "fpr": 0.1}, "M": {"tpr": 0.0}, "X": {"n": 1}}}}}
    outcomes = [compare({"case": "self", "blocks": [{"peer": "-", "figures": figures}]}, report) for figures in (right, wrong)]
    good = outcomes[0] == (5, []) and outcomes[1][0] == 0 and len(outcomes[1][1]) == 5
    print("self-test: " + ("passed" if good else f"failed: {outcomes}"))
    return 0 if good else 1


def arguments_of(words):
    report = None
    if words[:1] == ["--report"]:
        report, words = json.loads(pathlib.Path(words[1]).read_text(encoding="utf-8")), words[2:]
    names = words or sorted(path.stem for path in (HERE / "expected").glob("*.json"))
    cases = [json.loads((HERE / "expected" / f"{name}.json").read_text(encoding="utf-8")) for name in names]
    return report, [case for case in cases if "blocks" in case]


def main(words):
    if words == ["--self-test"]:
        return self_test()
    report, cases = arguments_of(words)
    if report is None and "EVENHAND" not in os.environ:
        print("compare.py: set EVENHAND to the program, e.g. EVENHAND=build/evenhand", file=sys.stderr)
        return 2
    passed, lines, skipped, broken = 0, [], 0, 0
    with tempfile.TemporaryDirectory() as folder:
        for case in cases:
            try:
                found = report or report_of(case, pathlib.Path(folder))
            except (RuntimeError, OSError, ValueError) as reason:
                print(f"{case['case']}: {reason}", file=sys.stderr)
                broken += 1
                continue
            if found is None:
                print(f"SKIPPED {case['case']}: its data is not here ({case['data']}; looked in {DATA})")
                skipped += 1
                continue
            count, wrong = compare(case, found)
            print(f"{case['case']}: {count} figures agree, {len(wrong)} do not")
            passed += count
            lines += wrong
    if lines:
        print_table(lines)
    print(f"{passed} passed, {len(lines) + broken} failed" + (f", {skipped} cases skipped" if skipped else ""))
    if lines or broken:
        return 1
    return SKIPPED_STATUS if skipped == len(cases) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
