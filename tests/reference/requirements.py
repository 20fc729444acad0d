#!/usr/bin/env python3
"""Every requirement has its place: docs/requirements.md, the packs in policies/ and the schema agree.

Checks that every row says what meets it; that the rules it names exist and cite its id; that no rule cites an id that is not
there; that every pack and every policy of the golden fixtures is what docs/policy.schema.json says (skipped aloud without PyYAML).
"""
import json
import os
import pathlib
import re
import sys

ROOT = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
ROW = re.compile(r"^\| ([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+) \| (.*?) \| (.*) \|$", re.MULTILINE)
REQUIREMENTS_COUNT = 73  # of the reference that the packs were made from
NOT_REQUIREMENTS = {"house promise"}


def packs():
    """rule id -> ids that it cites, of all packs."""
    rules = {}
    for path in sorted((ROOT / "policies").glob("*.yaml")):
        for rule, law in re.findall(r"^  - id: (\S+)\n(?:(?!  - id:).*\n)*?    law: \[(.*)\]$", path.read_text(encoding="utf-8"), re.MULTILINE):
            rules[rule] = set(law.split(", "))
    return rules


def main():
    rules, faults, checked = packs(), [], 0
    rows = ROW.findall((ROOT / "docs" / "requirements.md").read_text(encoding="utf-8"))
    ids = [row[0] for row in rows]
    if len(ids) != REQUIREMENTS_COUNT or len(set(ids)) != len(ids):
        faults.append(f"{len(ids)} requirements, {len(set(ids))} different; expected {REQUIREMENTS_COUNT}")
    for identity, _, where in rows:
        named = re.findall(r"`([a-z]+-[a-z-]+)`", where) if "rules " in where else []
        if not where.strip():
            faults.append(f"{identity}: nothing meets it")
        for rule in named:
            if identity not in rules.get(rule, ()):
                faults.append(f"{identity}: the rule {rule} does not exist or does not cite it")
        missing = sorted(rule for rule, law in rules.items() if identity in law and rule not in named)
        if missing:
            faults.append(f"{identity}: is cited by {missing}, which the table does not name")
        checked += 1
    for rule, law in rules.items():
        unknown = law - set(ids) - NOT_REQUIREMENTS
        if unknown:
            faults.append(f"{rule}: cites {sorted(unknown)}, which are not in docs/requirements.md")
    try:
        import jsonschema
        import yaml
    except ImportError:
        print("the schema was not checked: PyYAML or jsonschema is not there")
    else:
        schema = json.loads((ROOT / "docs" / "policy.schema.json").read_text(encoding="utf-8"))
        validator = jsonschema.Draft202012Validator(schema)
        validator.check_schema(schema)
        # dates stay texts, as they are for the program
        loader = type("Loader", (yaml.SafeLoader,), {})
        loader.yaml_implicit_resolvers = {key: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
                                          for key, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()}
        for path in sorted((ROOT / "policies").glob("*.yaml")):
            document = yaml.load(path.read_text(encoding="utf-8"), loader)
            faults += [f"{path.name}: {error.json_path}: {error.message[:200]}" for error in validator.iter_errors(document)]
            checked += 1
    for fault in faults:
        print(fault)
    print(f"{checked} checked, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
