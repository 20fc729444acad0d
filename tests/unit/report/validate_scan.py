#!/usr/bin/env python3
"""Validates the JSON reports of `evenhand scan` over the committed fixtures against docs/scan.schema.json, which is checked too."""
import copy
import json
import os
import pathlib
import subprocess
import sys

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed: nothing was validated (./setup installs it)")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).resolve().parents[3]))
SCHEMA = json.loads((SOURCE / "docs" / "scan.schema.json").read_text(encoding="utf-8"))
FIXTURES = SOURCE / "tests" / "golden" / "fixtures"
RUNS = [
    ["hidden.csv", "--decision", "sent"],
    ["hidden.csv", "--decision", "sent", "--label", "bought", "--weight", "weight", "--within", "zip", "--over", "newbie,channel,age"],
    ["hidden.csv", "--label", "bought", "--score", "probability", "--direction", "low"],
    ["hidden.csv", "--decision", "sent", "--expected", "0.5", "--penalty", "0", "--over", "zip,newbie AS is_new,age", "--bands", "age=30,50"],
    ["few.csv", "--decision", "sent"],
    ["hostile.csv", "--decision", "sent"],
]


def described(node, place="#"):
    """Every property of the schema that is missing a description."""
    if isinstance(node, dict):
        for key, part in node.get("properties", {}).items():
            if not part.get("description"):
                yield f"{place}/{key}"
        for key, part in node.items():
            yield from described(part, f"{place}/{key}")


def refusals(report):
    for name, change in (("an unknown field", lambda r: r.update(colour="red")), ("a verdict of its own", lambda r: r.update(verdict="fine")),
                         ("a group without a description", lambda r: r["groups"][0].pop("description")),
                         ("a rate above 1", lambda r: r["groups"][0].update(expected_rate=2))):
        other = copy.deepcopy(report)
        change(other)
        yield name, other


def main():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    failed = [f"{place} has no description" for place in described(SCHEMA)]
    for options in RUNS:
        ran = subprocess.run([os.environ["EVENHAND"], "scan", *options, "--format", "json"], cwd=FIXTURES, capture_output=True, check=False)
        name = " ".join(options)
        if ran.returncode not in (0, 1, 3):
            failed.append(f"{name}: {ran.stderr.decode(errors='replace')}")
            continue
        report = json.loads(ran.stdout)
        failed += [f"{name}: /{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in list(validator.iter_errors(report))[:5]]
        if report["exit_status"] != ran.returncode:
            failed.append(f"{name}: says exit status {report['exit_status']}, was {ran.returncode}")
        if options == RUNS[0]:
            failed += [f"{changed} is not refused" for changed, other in refusals(report) if validator.is_valid(other)]
    print(*failed, sep="\n")
    print(f"{len(RUNS)} reports, {len(failed)} failures")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
