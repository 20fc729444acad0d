#!/usr/bin/env python3
"""Published figures of Adult (UCI, Becker and Kohavi 1996, adult.data, 32,561 people, label: income over 50K).

Rates, difference and ratio by sex and Cramer's V with sex follow from the file; the reweighing weights are those that AIF360's
Reweighing gives (Kamiran and Calders 2012). Needs the data: EVENHAND_DATA, or ../shared/data beside the project; skips aloud (77)
without it.
"""
import gzip
import json
import os
import pathlib
import subprocess
import sys
import tempfile

RATES = {"Female": 0.1094605886, "Male": 0.3057365764}
COMPARISONS = {"selection_rate_difference": -0.1962759878, "selection_rate_ratio": 0.3580225497}
WEIGHTS = {"Female": (2.1999658552, 0.8525062820), "Male": (0.7876373847, 1.0935192850)}
CRAMERS_V = {"relationship": 0.649000, "marital": 0.461827, "occupation": 0.424364, "race": 0.118115}
COLUMNS = {"sex": "column09", "relationship": "column07", "marital": "column05", "occupation": "column06", "race": "column08"}


def data_folder():
    source = pathlib.Path(os.environ.get("EVENHAND_SOURCE", pathlib.Path(__file__).parents[2]))
    return pathlib.Path(os.environ.get("EVENHAND_DATA", source / ".." / "shared" / "data"))


def report(path):
    attributes = ",".join(f"trim({column}) AS {name}" for name, column in COLUMNS.items())
    words = [os.environ["EVENHAND"], "audit", path, "--decision", "trim(column14) = '>50K'", "--by", attributes, "--format", "json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 1:
        sys.exit(f"exit status {done.returncode}: {done.stderr}")
    return json.loads(done.stdout)


def figures(audit):
    """(what, found, published, digits) of every figure."""
    sex = audit["attributes"][0]
    for group in sex["groups"]:
        name = group["group"]
        yield f"rate {name}", group["selection_rate"]["value"], RATES[name], 5e-11
        yield f"weight {name} +", group["reweighing"]["picked"], WEIGHTS[name][0], 5e-11
        yield f"weight {name} -", group["reweighing"]["passed"], WEIGHTS[name][1], 5e-11
    for comparison in sex["comparisons"]:
        if comparison["measure"] in COMPARISONS:
            yield comparison["measure"], comparison["value"], COMPARISONS[comparison["measure"]], 5e-11
    for crossed in audit["intersections"]:
        if crossed["attributes"][0] == "sex":
            other = crossed["attributes"][1]
            yield f"Cramer's V sex & {other}", crossed["cramers_v"], CRAMERS_V[other], 5e-7


def main():
    packed = data_folder() / "adult.data.gz"
    if not packed.exists():
        print(f"skipped: {packed.name} is not here; set EVENHAND_DATA to the folder that has it")
        return 77
    with tempfile.NamedTemporaryFile(suffix=".csv") as plain:
        plain.write(gzip.decompress(packed.read_bytes()))
        plain.flush()
        checks = list(figures(report(plain.name)))
    failed = 0
    for what, found, published, tolerance in checks:
        fine = abs(found - published) <= tolerance
        failed += not fine
        print(f"{'ok' if fine else 'FAILED'}  {what}: {found:.10f}, published {published:.10f}")
    expected = len(RATES) * 3 + len(COMPARISONS) + len(CRAMERS_V)
    if len(checks) != expected:
        sys.exit(f"{len(checks)} figures, and not {expected}")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
