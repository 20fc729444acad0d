#!/usr/bin/env python3
"""A model scores the same wherever it goes, and what the command promises of files holds.

Trains on a campaign of 900 people, exports the model as C, compiles that, and compares its scores with those of `evenhand score`;
checks that intercept and contributions add up, that the file keeps to docs/model.schema.json, that the same seed gives the same bytes
for any number of threads, and that a protected attribute leaves no trace. Needs a C compiler for the first part.
"""
import csv
import io
import json
import math
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

SOURCE = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).parents[2]))
DATA = SOURCE / "tests" / "golden" / "fixtures" / "campaign.csv"
FEATURES = "age,region,score AS earlier,spend,coalesce(weight, 1) AS load"
QUICK = ["--bags", "8", "--rounds", "120", "--folds", "0"]


def run(*words, status=0):
    done = subprocess.run([os.environ["EVENHAND"], *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode != status:
        sys.exit(f"{' '.join(map(str, words))}: status {done.returncode}\n{done.stderr}")
    return done.stdout


def train(path, *more):
    run("train", path, "--data", DATA, "--label", "bought", "--features", FEATURES, "--name", "campaign", "--quiet", *QUICK, *more)


def scores(path, *more):
    return list(csv.DictReader(io.StringIO(run("score", path, DATA, "--contributions", "--quiet", *more))))


def compiled_scores(folder, model):
    """Scores by the exported C source, of rows as `evenhand` itself reads them."""
    document = json.loads(model.read_text(encoding="utf-8"))
    run("model", "export", model, "--to", "c", "--output", folder / "model.c")
    source = (folder / "model.c").read_text(encoding="utf-8")
    fields = [line.split(";")[0].split()[-1].lstrip("*") for line in source.split("typedef struct {")[1].split("}")[0].splitlines() if ";" in line]
    values = "\n".join(
        [r'#include "model.c"', r'#include <stdio.h>', r'#include <stdlib.h>', "int main(void) {", "    static char line[4096];",
         "    while (fgets(line, sizeof line, stdin)) {", "        evenhand_row row; char *at = line, *end;"]
        + [f'        end = strchr(at, \'\\t\'); if (end) *end = 0; '
           + (f"row.{field} = *at ? strtod(at, NULL) : NAN;" if feature["kind"] == "number" else f"row.{field} = *at == '?' ? NULL : at;")
           + " at = end ? end + 1 : at;" for field, feature in zip(fields, document["features"])]
        + [r'        printf("%.17g\n", evenhand_score(&row));', "    }", "    return 0;", "}"])
    (folder / "main.c").write_text(values, encoding="utf-8")
    subprocess.run(["cc", "-O1", "-o", folder / "program", folder / "main.c", "-lm"], check=True, cwd=folder)
    lines = []
    for row in csv.DictReader(DATA.open(encoding="utf-8", newline="")):
        cells = [row["age"], row["region"] or "?", row["score"], row["spend"], row["weight"] or "1"]
        lines.append("\t".join(cells) + "\t")
    done = subprocess.run([folder / "program"], input="\n".join(lines) + "\n", capture_output=True, text=True, check=True)
    return [float(line) for line in done.stdout.splitlines()]


def check_schema(path):
    try:
        import jsonschema
    except ImportError:
        return
    schema = json.loads((SOURCE / "docs" / "model.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text(encoding="utf-8")))


def check_card(folder, model):
    """The exported card keeps to the schema of CycloneDX 1.6 (from npm @cyclonedx/cyclonedx-library, by ./setup)."""
    kept = SOURCE / "third_party" / "cyclonedx"
    try:
        import jsonschema
    except ImportError:
        return
    if not kept.is_dir():
        print("not checked: third_party/cyclonedx is not there; ./setup brings it")
        return
    schemas = {name: json.loads((kept / f"{name}.schema.json").read_text(encoding="utf-8")) for name in ("bom-1.6", "spdx", "jsf-0.82")}
    bom = schemas["bom-1.6"]
    base = bom["$id"].rsplit("/", 1)[0]
    store = {f"{base}/{name}.SNAPSHOT.schema.json": schemas[name] for name in ("spdx", "jsf-0.82")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # newer versions have another way, which the older do not know
        resolver = jsonschema.RefResolver(bom["$id"], bom, store=store)
        validator = jsonschema.Draft7Validator(bom, resolver=resolver)
        run("model", "export", model, "--to", "cyclonedx", "--output", folder / "card.json")
        validator.validate(json.loads((folder / "card.json").read_text(encoding="utf-8")))


def main():
    with tempfile.TemporaryDirectory(prefix="evenhand-models-") as name:
        folder = pathlib.Path(name)
        model = folder / "model.json"
        train(model)
        check_schema(model)
        check_card(folder, model)
        rows = scores(model)
        terms = list(rows[0])[5:]
        for row in rows:
            total = math.fsum(float(row[term]) for term in terms) + float(row["intercept"])
            if abs(total - float(row["score"])) > 1e-12:
                sys.exit(f"row {row['row']}: contributions add up to {total}, the score is {row['score']}")
            if abs(1 / (1 + math.exp(-float(row["score"]))) - float(row["probability"])) > 1e-9:
                sys.exit(f"row {row['row']}: probability {row['probability']}")
        if shutil.which("cc"):
            for row, other in zip(rows, compiled_scores(folder, model), strict=True):
                if abs(float(row["score"]) - other) > 1e-9:
                    sys.exit(f"row {row['row']}: {row['score']} here, {other} in C")
        for threads in (1, 2, 3):
            train(folder / "again.json", "--threads", threads)
            if (folder / "again.json").read_bytes() != model.read_bytes():
                sys.exit(f"{threads} threads give another model")
        train(folder / "fair.json", "--protected", "gender", "--constraint", "selection_rate<=0.05")
        text = (folder / "fair.json").read_text(encoding="utf-8")
        for trace in ("gender", "women", "men\"", "female", "male"):
            if trace in text:
                sys.exit(f"'{trace}' stands in a model that was fitted with gender as a constraint")
        check_schema(folder / "fair.json")
        check_card(folder, folder / "fair.json")
        run("train", folder / "no.json", "--data", DATA, "--label", "bought", "--features", "gender,age", "--protected", "gender", *QUICK, status=2)
        if (folder / "no.json").exists():
            sys.exit("a model was written although its features name a protected attribute")
        run("model", "edit", model, "--flatten", "region", "--who", "Ann", "--why", "a proxy", "--now", "2026-11-24", "--output", folder / "edited.json")
        check_schema(folder / "edited.json")
        check_card(folder, folder / "edited.json")
        edited = scores(folder / "edited.json")
        if any(float(row["region"]) != 0 for row in edited):
            sys.exit("a flattened term still says something")
        altered = text.replace('"threshold": 0.5', '"threshold": 0.4')
        (folder / "altered.json").write_text(altered, encoding="utf-8")
        run("score", folder / "altered.json", DATA, status=2)
    return 0


sys.exit(main())
