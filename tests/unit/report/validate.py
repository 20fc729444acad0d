#!/usr/bin/env python3
"""Validates JSON reports against docs/audit.schema.json: validate.py PRINT_SAMPLE

The reports are those of the sample audit (print_sample) and, where the program is built ($EVENHAND), of real runs over the
committed fixtures. The schema itself is checked too, and it must refuse what it should refuse.
"""
import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import jsonschema
except ImportError:
    print("python3-jsonschema is not installed: nothing was validated (./setup installs it)")
    sys.exit(77)

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).resolve().parents[3]))
SCHEMA = json.loads((SOURCE / "docs" / "audit.schema.json").read_text(encoding="utf-8"))
VARIANTS = ["full", "plain", "no-label", "no-score", "withheld", "many", "hostile"]
EIGHTEEN = "tests/reference/fixtures/eighteen.csv"
RUNS = [
    ["--decision", "decision", "--by", "grp"],
    ["--decision", "decision", "--label", "y", "--by", "grp", "--reference", "grp=b", "--gate", "selection_rate,ppv"],
    ["--decision", "decision", "--label", "y", "--by", "grp,y AS outcome", "--score", "decision * 0.8 + 0.1", "--value", "y * 3",
     "--within", "y", "--weight", "1 + y", "--min-cell", "5"],
]


def check(validator, name, text):
    errors = sorted(validator.iter_errors(json.loads(text)), key=lambda e: list(map(str, e.absolute_path)))
    for error in errors[:5]:
        print(f"{name}: /{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}")
    return not errors


def described(node, place="#"):
    """Every property of the schema has a description, its own or that of what it refers to."""
    if isinstance(node, dict):
        for key, part in node.get("properties", {}).items():
            target = part
            if "$ref" in part and "description" not in part:
                target = SCHEMA["$defs"][part["$ref"].rsplit("/", 1)[1]]
            if not target.get("description"):
                yield f"{place}/{key}"
        for key, part in node.items():
            yield from described(part, f"{place}/{key}")


def refusals(report):
    """Changed reports that must not pass, each with a name."""
    def changed(name, change):
        other = copy.deepcopy(report)
        change(other)
        return name, other
    yield changed("an unknown field", lambda r: r.update(colour="red"))
    yield changed("an unknown field of a group", lambda r: r["attributes"][0]["groups"][0].update(colour="red"))
    yield changed("a verdict of its own", lambda r: r.update(verdict="fine"))
    yield changed("a rate without interval", lambda r: r["everybody"]["selection_rate"].pop("low"))
    yield changed("a number as text", lambda r: r["everybody"]["selection_rate"].update(value="0.5"))
    yield changed("an unknown measure", lambda r: r["attributes"][0]["comparisons"][0].update(measure="luck_ratio"))
    yield changed("no verdict", lambda r: r.pop("verdict"))


def main():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    results = [(f"{place} has a description", False) for place in described(SCHEMA)]
    results.append(("the schema is a schema", True))
    for variant in VARIANTS:
        text = subprocess.run([sys.argv[1], "json", variant], check=True, capture_output=True).stdout
        results.append((f"sample {variant}", check(validator, variant, text)))
        if variant == "full":
            results += [(f"refuses {name}", not validator.is_valid(other)) for name, other in refusals(json.loads(text))]
    program = os.environ.get("EVENHAND", "")
    if os.path.exists(program):
        with tempfile.TemporaryDirectory() as folder:
            before = os.path.join(folder, "before.json")
            for options in RUNS:
                extra = ["--before", before] if os.path.exists(before) else []
                ran = subprocess.run([program, "audit", EIGHTEEN, *options, *extra, "--format", "json"], cwd=SOURCE, capture_output=True)
                name = " ".join(options)
                if ran.returncode not in (0, 1, 3):
                    print(ran.stderr.decode(errors="replace"))
                    results.append((name, False))
                    continue
                pathlib.Path(before).write_bytes(ran.stdout)
                results.append((name, check(validator, name, ran.stdout) and json.loads(ran.stdout)["exit_status"] == ran.returncode))
    else:
        print("the program is not built: only the samples are validated")
    for name, passed in results:
        if not passed:
            print("FAILED", name)
    passed = sum(ok for _, ok in results)
    print(f"{passed} passed, {len(results) - passed} failed")
    return 0 if passed == len(results) else 1


if __name__ == "__main__":
    sys.exit(main())
