#!/usr/bin/env python3
"""docs/workspace.schema.json says what the loader says: what init wrote (the golden cases) and the documents below are taken or refused by
both. Exit status 77 when jsonschema or PyYAML is missing."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

try:
    import jsonschema
    import yaml
except ImportError as missing:
    print(f"{missing}: nothing was validated (./setup installs it)")
    sys.exit(77)

ROOT = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).resolve().parents[2]))
PROGRAM = os.environ.get("EVENHAND", ROOT / "build" / "evenhand")
SCHEMA = json.loads((ROOT / "docs" / "workspace.schema.json").read_text())


class Core(yaml.SafeLoader):
    """The core schema of YAML 1.2: on, off, yes and no are words."""


Core.yaml_implicit_resolvers = {}
for tag, pattern, first in (("null", r"^(?:~|null|Null|NULL|)$", "~nN"), ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
                            ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
                            ("float", r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$", "-+.0123456789")):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first) + ([""] if tag == "null" else []))

START = "shop: { name: A }\nsources:\n  people: { read: a.csv, key: id }\n"
GOOD = (
    START,
    START + "profiling: on\npeople: people\n",
    START + "protected: { age: { value: people.age, bands: [18, 25.5] }, sex: people.s }\n",
    START + "protected: { race: { value: r, special: true, necessity: we must, keep: 1 year, top: 5, reference: 1 } }\n",
    START + "features:\n  f: { value: 1, says: a, from_whom: b, missing: c, monotone: increasing, changeable: true, proxy: accepted }\n",
    START + "outcome: { visited: \"visit = 1\", within: 14 days }\n",
    START + "outcome: { a: { value: x > 1, within: 2 weeks, says: b }, c: y }\n",
    START + "population: { read: [p.csv, q.csv], weight: people, where: y = 1 }\n",
    START + "duplicates: { email: mail }\ncheck: { every: 3 months }\nvault: { keep: 12 months }\n",
    "shop: { name: A, contact: a@b, language: pt-BR, country: BR, zone: America/Sao_Paulo }\nsources:\n  o: { read: a.csv, key: i }\n  q: { sql: SELECT 1 AS a, person: a, time: t }\n",
)
BAD = (
    "", "[]", "shop: { name: A }\n", "sources:\n  people: { read: a.csv, key: id }\n", "shop: {}\nsources:\n  people: { read: a.csv, key: id }\n",
    START + "sourcs: {}\n", START + "profiling: yes\n", START + "profiling: true\n", START + "people: 1\n", START + "shop2: 1\n",
    "shop: { name: A }\nsources: {}\n", "shop: { name: A }\nsources:\n  p: { key: id }\n", "shop: { name: A }\nsources:\n  p: { read: a, sql: b, key: id }\n",
    "shop: { name: A }\nsources:\n  p: { read: a.csv, kye: id }\n", "shop: { name: A }\nsources:\n  a b: { read: a.csv, key: id }\n",
    "shop: { name: A, country: ie }\nsources:\n  p: { read: a.csv, key: id }\n", "shop: { name: A, contact: x }\nsources:\n  p: { read: a.csv, key: id }\n",
    START + "protected: { a: { bands: [1] } }\n", START + "protected: { a: { value: b, bands: 1 } }\n", START + "protected: { a: { value: b, top: 0 } }\n",
    START + "protected: { a: { value: b, special: true } }\n", START + "protected: { a: { value: b, special: yes } }\n", START + "protected: { a: { value: b, keep: long } }\n",
    START + "protected: { a: { value: b, bands: [1], top: 2 } }\n",
    START + "features: { f: { value: a } }\n", START + "features: { f: { value: a, says: b } }\n", START + "features: { f: a }\n",
    START + "features: { f: { value: a, says: 1, from_whom: c } }\n", START + "features: { f: { value: a, says: b, from_whom: c, monotone: up } }\n",
    START + "features: { f: { value: [a], says: b, from_whom: c } }\n", START + "outcome: {}\n", START + "outcome: { a: [1] }\n", START + "outcome: { a: { within: 1 day } }\n",
    START + "population: { weight: a }\n", START + "population: { read: a, clumns: {} }\n", START + "duplicates: { mail: a }\n", START + "duplicates: {}\n",
    START + "check: { every: 3 }\n", START + "vault: { keep: forever }\n",
)


def loads(text):
    with tempfile.TemporaryDirectory(prefix="evenhand-schema-") as folder:
        (pathlib.Path(folder) / "evenhand.yaml").write_text(text, encoding="utf-8")
        done = subprocess.run([PROGRAM, "status", "--workspace", folder], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode in (0, 1), done.stderr.strip()


def main():
    validator = jsonschema.Draft202012Validator(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    passed = failed = 0
    written = [path.read_text(encoding="utf-8").replace("{fixtures}", "/data") for path in sorted((ROOT / "tests" / "golden" / "cases").glob("init_*/files/**/evenhand.yaml"))]
    for text, good in [(text, True) for text in (*written, *GOOD)] + [(text, False) for text in BAD]:
        found = list(validator.iter_errors(yaml.load(text, Core)))  # noqa: S506 (a safe loader)
        taken, said = loads(text)
        if (not found) == good and taken == good and (good or "evenhand.yaml: line " in said):
            passed += 1
            continue
        failed += 1
        print(f"expected {'taken' if good else 'refused'}; schema: {[e.message for e in found][:2]}; loader: {said or 'taken'}\n{text}")
    print(f"workspace schema: {passed} passed, {failed} failed")
    return 1 if failed or not written else 0


sys.exit(main())
