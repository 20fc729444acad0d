#!/usr/bin/env python3
"""Scores of AIF360's subset scan (MDSS) on Adult, for tests/reference/expected/mdss.json.

usage: mdss_figures.py DATA_FOLDER     needs aif360 and pandas (requirements.txt); about three minutes

Seven attributes, ten restarts, seed 0; expected is the overall rate, or the rate of the years of education (one expectation per row).
Also its score function at given q for given groups.
"""
import gzip
import json
import pathlib
import sys
import warnings

import aif360
import numpy as np
import pandas as pd
from aif360.detectors.mdss.MDSS import MDSS
from aif360.detectors.mdss.ScoringFunctions import Bernoulli

warnings.filterwarnings("ignore")
NAMES = ("age workclass fnlwgt education education-num marital-status occupation relationship race sex capital-gain capital-loss "
         "hours-per-week native-country income").split()
ATTRIBUTES = ["workclass", "education", "marital-status", "occupation", "relationship", "race", "sex"]
SETTINGS = [("overall", direction, penalty) for direction in ("positive", "negative") for penalty in (1e-17, 1.0, 5.0)]
SETTINGS += [("education-num", direction, penalty) for direction in ("positive", "negative") for penalty in (1.0, 5.0)]


def main():
    path = pathlib.Path(sys.argv[1]) / "adult.data.gz"
    people = pd.read_csv(gzip.open(path), names=NAMES, skipinitialspace=True)
    outcome = (people["income"] == ">50K").astype(int)
    expected = {"overall": pd.Series(outcome.mean(), index=outcome.index),
                "education-num": outcome.groupby(people["education-num"]).transform("mean")}
    scans = []
    for expectation, direction, penalty in SETTINGS:
        scan = MDSS(Bernoulli(direction=direction))
        subset, score = scan.scan(people[ATTRIBUTES], expected[expectation], outcome, penalty, 10, seed=0)
        scans.append({"expected": expectation, "direction": direction, "penalty": penalty, "score": float(score),
                      "subset": {key: sorted(values) for key, values in sorted(subset.items())}})
        print(expectation, direction, penalty, score, file=sys.stderr, flush=True)
    scores, chance = [], np.random.default_rng(7)
    for expectation in expected:
        for _ in range(6):
            inside = people["race"].isin(chance.choice(people["race"].unique(), 2)) & (people["sex"] == chance.choice(["Male", "Female"]))
            chances = expected[expectation][inside]
            for q in (0.25, 0.9, 1.7, 6.0):
                counts = chances.round(15).value_counts().sort_index()
                scores.append({"observed": int(outcome[inside].sum()), "q": q, "people": [int(n) for n in counts],
                               "expected": [float(p) for p in counts.index],
                               "score": float(Bernoulli(direction="positive").score(outcome[inside].sum(), chances.to_numpy(), 0, q))})
    document = {"source": f"AIF360 {aif360.__version__}, aif360.detectors.mdss, adult.data", "attributes": ATTRIBUTES, "scans": scans, "scores": scores}
    json.dump(document, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
