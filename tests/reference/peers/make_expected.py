#!/usr/bin/env python3
"""Computes the expected values in ../expected/ from the peers (Fairlearn, AIF360, Aequitas, smclarify, statsmodels, scikit-learn).

    tests/reference/peers/make_expected.py            writes all files
    tests/reference/peers/make_expected.py --check    writes nothing, fails when a file would change

Runs in a private virtual environment in build/peers-venv (requirements.txt). Data: see README.md one folder up.
"""
import gzip
import json
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True
import bootstrap  # noqa: E402

if __name__ == "__main__":
    bootstrap.run_inside(bootstrap.ROOT / "build" / "peers-venv")

import importlib.metadata  # noqa: E402
import logging  # noqa: E402

logging.disable(logging.WARNING)

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402

import figures as peers  # noqa: E402
import statistics_figures  # noqa: E402

REFERENCE = bootstrap.HERE.parent
EXPECTED = REFERENCE / "expected"
DATA = pathlib.Path(os.environ.get("EVENHAND_DATA", bootstrap.ROOT.parent / "shared" / "data"))
DEMO = bootstrap.ROOT / "third_party" / "demo" / "bank-full.csv"
PACKAGES = ("fairlearn", "aif360", "aequitas", "smclarify", "statsmodels", "scikit-learn", "scipy", "numpy", "pandas")
ADULT_COLUMNS = ("age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain "
                 "capital_loss hours_per_week native_country income").split()
ADULT_SCORE = "1/(1+exp(-(6*age + 44*education_num + 5*hours_per_week - 1091)/128))"
ADULT_RULE = "education_num >= 13 AND hours_per_week >= 40"
AGE_EDGES = {"adult": [25, 35, 45, 55, 65], "bank": [25, 35, 50, 60]}


def band_names(values, edges):
    """The names that Evenhand gives to whole-number bands."""
    names = [f"under {edges[0]}"] + [f"{a} to {b - 1}" for a, b in zip(edges, edges[1:])] + [f"{edges[-1]} and over"]
    return np.array(names, object)[np.searchsorted(edges, values, "right")]


def adult():
    with gzip.open(DATA / "adult.data.gz", "rt", encoding="utf-8") as stream:
        rows = pd.read_csv(stream, names=ADULT_COLUMNS, skipinitialspace=True)
    assert len(rows) == 32561
    rows["age_years"], rows["age"] = rows["age"], band_names(rows["age"], AGE_EDGES["adult"])
    return rows


def bank():
    """From the demo data that ./setup fetches; the same file lies packed among the data sets."""
    source = DEMO if DEMO.exists() else gzip.open(DATA / "bank_full.csv.gz", "rt", encoding="utf-8")
    rows = pd.read_csv(source, sep=";")
    assert len(rows) == 45211
    rows["age"] = band_names(rows["age"], AGE_EDGES["bank"])
    return rows


def case_of(rows, by, decision, label=None, weight=None, score=None, value=None, within=None):
    """Arrays as the peers want them. Without a label the decisions stand in for it where a peer insists on one."""
    decision = np.asarray(decision).astype(int)
    return {"frame": rows[list(by)].astype(str).reset_index(drop=True), "d": decision,
            "y": decision if label is None else np.asarray(label).astype(int), "labelled": label is not None,
            "w": np.ones(len(rows)) if weight is None else np.asarray(weight, float), "weighted": weight is not None,
            "s": None if score is None else np.asarray(score, float), "v": None if value is None else np.asarray(value, float),
            "within": within}


def collect(case, references, intersections=()):
    """All figures of all peers for one audit."""
    figures = peers.Figures()
    for attribute, reference in references.items():
        place = ("attributes", attribute)
        peers.fairlearn_groups(figures, case, [attribute], place)
        peers.fairlearn_summary(figures, case, [attribute], place)
        if case["labelled"]:
            peers.fairlearn_scores(figures, case, [attribute], place)
        peers.aif_attribute(figures, case, attribute, reference, place)
        peers.aequitas_attribute(figures, case, attribute, reference, place)
        peers.clarify_two_groups(figures, case, attribute, reference, place)
        if not case["weighted"]:
            interval_figures(figures, case, attribute, reference, place)
        if case["s"] is not None and not case["weighted"]:
            delong_groups(figures, case, attribute, place)
        if case["within"] is not None:
            within_figures(figures, case, attribute, reference, place)
    for pair in intersections:
        place = ("intersections", " & ".join(pair))
        peers.fairlearn_groups(figures, case, list(pair), place)
        peers.fairlearn_summary(figures, case, list(pair), place)
        peers.aif_intersection(figures, case, list(pair), place)
    return figures.blocks


def interval_figures(figures, case, attribute, reference, place):
    """Wilson, Newcombe and Koopman at 95 % for the selection rate and, with a label, the true positive rate."""
    members = case["frame"][attribute].to_numpy()
    rates = {"selection_rate": np.ones(len(members), bool)} | ({"tpr": case["y"] == 1} if case["labelled"] else {})
    found = {}
    for rate, counted in rates.items():
        counts = {g: (int(case["d"][counted & (members == g)].sum()), int((counted & (members == g)).sum())) for g in np.unique(members)}
        for group, pair in counts.items():
            spots = [((*place, "groups", group, rate), statistics_figures.wilson_exact(*pair, 0.95))]
            if group != reference:
                four = (*pair, *counts[reference])
                spots += [((*place, "comparisons", f"{rate}_difference|{group}|{reference}"), statistics_figures.newcombe_interval(four)),
                          ((*place, "comparisons", f"{rate}_ratio|{group}|{reference}"), statistics_figures.ratio_interval(four))]
            for spot, (low, high) in spots:
                found.update({(*spot, "low"): low, (*spot, "high"): high})
    figures.add("statsmodels", "proportion_confint(method='wilson'), confint_proportions_2indep(method='newcomb'), "
                "score_test_proportions_2indep(compare='ratio', correction=False) inverted", found)


def delong_groups(figures, case, attribute, place):
    found = {}
    for name in case["frame"][attribute].unique():
        inside = (case["frame"][attribute] == name).to_numpy()
        area, low, high = statistics_figures.delong(case["y"][inside], case["s"][inside])
        found.update({(*place, "groups", name, "auc", "low"): low, (*place, "groups", name, "auc", "high"): high})
    figures.add("numpy", "DeLong et al. 1988, logit scale (statistics_figures.py)", found)


def within_figures(figures, case, attribute, reference, place):
    peers.clarify_within(figures, case, attribute, reference, place)
    groups = sorted(case["frame"][attribute].unique())
    member = case["frame"][attribute].to_numpy()
    strata = []
    for stratum in np.unique(case["within"]):
        inside = case["within"] == stratum
        strata.append([(int(case["d"][inside & (member == g)].sum()), int((inside & (member == g)).sum())) for g in groups])
    place = (*place, "within")
    if len(groups) != 2:
        figures.add("numpy", "generalised Cochran-Mantel-Haenszel statistic (statistics_figures.py)",
                    {(*place, "cmh_statistic"): statistics_figures.generalised_cmh(strata)[0]})
    found = {}
    other = groups.index(reference)
    for i, name in enumerate(groups):
        if i == other:
            continue
        tables = [[x for g in (i, other) for x in (s[g][0], s[g][1] - s[g][0])] for s in strata if s[i][1] + s[other][1] > 1]
        odds, low, high, plain, _, _ = statistics_figures.mantel_haenszel(tables)
        here = (*place, "groups", name)
        found.update({(*here, "mantel_haenszel_odds_ratio", "value"): odds, (*here, "mantel_haenszel_odds_ratio", "low"): low,
                      (*here, "mantel_haenszel_odds_ratio", "high"): high, (*here, "cmh_statistic"): plain})
        if len(groups) == 2:
            found.update({(*place, "mantel_haenszel_odds_ratio"): odds, (*place, "cmh_statistic"): plain})
    figures.add("statsmodels", "StratifiedTable of group and reference: oddsratio_pooled, oddsratio_pooled_confint, "
                "test_null_odds(correction=False)", found)


# ---- the audits: what Evenhand is asked, and the same for the peers --------------------------------------------------------------

def eighteen():
    rows = pd.read_csv(REFERENCE / "fixtures" / "eighteen.csv")
    case = case_of(rows, ["grp"], rows["decision"], rows["y"])
    arguments = {"decision": "decision", "label": "y", "by": ["grp"], "reference": ["grp=c"]}
    return "fixture:eighteen.csv", arguments, collect(case, {"grp": "c"})


def adult_income():
    rows = adult()
    references = {"sex": "Male", "race": "White", "age": "35 to 44"}
    case = case_of(rows, references, rows["income"] == ">50K")
    arguments = {"decision": "income = '>50K'", "by": list(references), "bands": ["age=25,35,45,55,65"],
                 "reference": [f"{a}={g}" for a, g in references.items()], "intersections": 2}
    return "adult", arguments, collect(case, references, [("sex", "race"), ("sex", "age"), ("race", "age")])


def adult_rule(weighted):
    rows = adult()
    references = {"sex": "Male", "race": "White", "age": "35 to 44"}
    decision = (rows["education_num"] >= 13) & (rows["hours_per_week"] >= 40)
    exponent = (6 * rows["age_years"] + 44 * rows["education_num"] + 5 * rows["hours_per_week"] - 1091) / 128
    case = case_of(rows, references, decision, rows["income"] == ">50K", score=1 / (1 + np.exp(-exponent)),
                   weight=rows["fnlwgt"] if weighted else None)
    arguments = {"decision": ADULT_RULE, "label": "income = '>50K'", "score": ADULT_SCORE, "by": list(references),
                 "bands": ["age=25,35,45,55,65"], "reference": [f"{a}={g}" for a, g in references.items()], "intersections": 2}
    if weighted:
        arguments["weight"] = "fnlwgt"
    return "adult", arguments, collect(case, references, [("sex", "race")])


def bank_attributes():
    rows = bank()
    references = {"age": "35 to 49", "marital": "married", "education": "secondary"}
    case = case_of(rows, references, rows["pdays"] != -1, rows["y"] == "yes", value=rows["balance"])
    arguments = {"decision": "pdays <> -1", "label": "y", "value": "balance", "by": list(references), "bands": ["age=25,35,50,60"],
                 "reference": [f"{a}={g}" for a, g in references.items()], "intersections": 2}
    return "bank", arguments, collect(case, references, [("age", "marital"), ("marital", "education")])


def bank_within(column):
    rows = bank()
    references = {"housing": "no", "marital": "married"}
    case = case_of(rows, references, rows["pdays"] != -1, rows["y"] == "yes", within=rows[column].to_numpy(str))
    arguments = {"decision": "pdays <> -1", "label": "y", "by": list(references), "within": column, "intersections": 1,
                 "reference": [f"{a}={g}" for a, g in references.items()]}
    return "bank", arguments, collect(case, references)


def ucb():
    table = pd.read_csv(REFERENCE / "fixtures" / "ucb.csv")
    rows = table.loc[table.index.repeat(table["count"])].reset_index(drop=True)
    case = case_of(rows, ["gender"], rows["admitted"] == "yes", within=rows["dept"].to_numpy(str))
    arguments = {"decision": "admitted", "by": ["gender"], "within": "dept", "reference": ["gender=Female"]}
    return "fixture:ucb.csv*count", arguments, collect(case, {"gender": "Female"})


CASES = {
    "eighteen": eighteen,
    "adult_income": adult_income,
    "adult_rule": lambda: adult_rule(False),
    "adult_rule_weighted": lambda: adult_rule(True),
    "bank": bank_attributes,
    "bank_within_job": lambda: bank_within("job"),
    "bank_within_contact": lambda: bank_within("contact"),
    "ucb": ucb,
}

# Numbers that others published: the peers must give them before anything is written. case, place, number, digits after the point.
PUBLISHED = [
    ("eighteen", ("attributes", "grp", "summary", "demographic_parity_difference"), 0.25, 12),
    ("eighteen", ("attributes", "grp", "summary", "demographic_parity_ratio"), 2 / 3, 12),
    ("eighteen", ("attributes", "grp", "summary", "equalized_odds_difference"), 1.0, 12),
    ("eighteen", ("attributes", "grp", "summary", "equalized_odds_ratio"), 0.0, 12),
    ("adult_income", ("attributes", "sex", "groups", "Female", "selection_rate"), .1094605886, 10),
    ("adult_income", ("attributes", "sex", "groups", "Male", "selection_rate"), .3057365764, 10),
    ("adult_income", ("attributes", "sex", "summary", "statistical_parity_difference"), -.1962759878, 10),
    ("adult_income", ("attributes", "sex", "summary", "disparate_impact"), .3580225497, 10),
]


def check_published(name, blocks):
    for case, place, number, digits in PUBLISHED:
        if case != name:
            continue
        found = [value for block in blocks if isinstance(value := follow(block["figures"], place), (int, float))]
        if not found or any(abs(value - number) > 0.51 * 10**-digits for value in found):
            raise SystemExit(f"{case} {place}: published {number}, found {found}")


def follow(tree, place):
    for key in place:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree


def versions():
    return {name: importlib.metadata.version(name) for name in PACKAGES}


def text_of(document):
    """One figure group per line: small, and a change shows in a diff."""
    lines = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    return compact(lines) + "\n"


def compact(text):
    """Joins the innermost objects and lists onto one line, and the cases of a table."""
    out, pending = [], []
    for line in text.split("\n"):
        stripped = line.strip()
        if pending and stripped.rstrip(",") in ("}", "]"):
            joined = pending[0] + " ".join(part.strip() for part in pending[1:]) + stripped
            out.append(joined)
            pending = []
        elif stripped.endswith(("{", "[")):
            out += pending
            pending = [line]
        elif pending:
            pending.append(line)
        else:
            out.append(line)
    text = "\n".join(out + pending)
    return re.sub(r'\{\n +("arguments": .*)\n +("result": .*)\n +\}', r"{\1 \2}", text)


def main():
    checking = sys.argv[1:] == ["--check"]
    documents = {}
    for name, build in CASES.items():
        data, arguments, blocks = build()
        check_published(name, blocks)
        documents[name] = {"case": name, "data": data, "arguments": arguments, "peers": versions(), "blocks": blocks}
    documents["statistics"] = {"peers": versions(), "tables": statistics_figures.tables()}
    changed = 0
    for name, document in documents.items():
        path, text = EXPECTED / f"{name}.json", text_of(document)
        assert json.loads(text) == document
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        changed += 1
        print(f"{path.name}: {'would change' if checking else f'{len(text)} bytes written'}")
        if not checking:
            path.write_text(text, encoding="utf-8")
    print(f"{len(documents)} files, {changed} changed")
    return 1 if checking and changed else 0


if __name__ == "__main__":
    sys.exit(main())
