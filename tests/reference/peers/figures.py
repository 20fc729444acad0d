"""Figures of the peers as trees that have the shape of Evenhand's JSON report, with its lists keyed by what names an entry."""
import math

import numpy as np
import pandas as pd
from aequitas.bias import Bias
from aequitas.group import Group
from aif360.datasets import BinaryLabelDataset
from aif360.metrics import BinaryLabelDatasetMetric, ClassificationMetric
from fairlearn import metrics as fm
from sklearn import metrics as skm
from smclarify.bias.metrics import common as clarify_common
from smclarify.bias.metrics import posttraining as clarify

NAN = float("nan")


class Figures:
    """Collects figures per peer and function; refuses two peers that differ by more than 1e-12 about the same place."""

    def __init__(self):
        self.blocks = []
        self.seen = {}

    def add(self, peer, function, figures):
        """figures: {place (tuple of keys): number}; what the peer leaves undefined (NaN, infinite) is not stored."""
        kept = {}
        for place, number in figures.items():
            number = float(number)
            if not math.isfinite(number):
                continue
            before, who = self.seen.setdefault(place, (number, peer))
            if abs(before - number) > 1e-12 * max(1.0, abs(before)):
                raise SystemExit(f"{place}: {who} says {before!r}, {peer} says {number!r}")
            kept[place] = number
        if kept:
            self.blocks.append({"peer": peer, "function": function, "figures": tree_of(kept)})


def tree_of(figures):
    tree = {}
    for place, number in figures.items():
        node = tree
        for key in place[:-1]:
            node = node.setdefault(key, {})
        node[place[-1]] = int(number) if number.is_integer() and abs(number) < 2**53 and place[-1] == "n" else number
    return tree


# Each rate with the part of the confusion matrix that is its denominator: where that is empty the rate is not defined, and the
# zeros that Fairlearn and scikit-learn put there are no figures.
def count_all(y, d):
    return np.ones(len(d), bool)


RATES = {
    "selection_rate": (lambda y, d, w: fm.selection_rate(y, d, sample_weight=w), count_all),
    "base_rate": (lambda y, d, w: fm.selection_rate(y, y, sample_weight=w), count_all),
    "tpr": (lambda y, d, w: fm.true_positive_rate(y, d, sample_weight=w, pos_label=1), lambda y, d: y == 1),
    "fnr": (lambda y, d, w: fm.false_negative_rate(y, d, sample_weight=w, pos_label=1), lambda y, d: y == 1),
    "fpr": (lambda y, d, w: fm.false_positive_rate(y, d, sample_weight=w, pos_label=1), lambda y, d: y == 0),
    "tnr": (lambda y, d, w: fm.true_negative_rate(y, d, sample_weight=w, pos_label=1), lambda y, d: y == 0),
    "accuracy": (lambda y, d, w: skm.accuracy_score(y, d, sample_weight=w), count_all),
    "ppv": (lambda y, d, w: skm.precision_score(y, d, sample_weight=w, zero_division=NAN), lambda y, d: d == 1),
    "f1": (lambda y, d, w: skm.f1_score(y, d, sample_weight=w, zero_division=NAN), lambda y, d: (y == 1) | (d == 1)),
    "balanced_accuracy": (lambda y, d, w: balanced_accuracy(y, d, w), count_all),
}
LABEL_FREE = ("selection_rate",)


def balanced_accuracy(y, d, w):
    """scikit-learn drops a class that is not there and averages what is left; that is no balanced accuracy."""
    return skm.balanced_accuracy_score(y, d, sample_weight=w) if len(np.unique(y)) == 2 else NAN


def frame_of(case, by, functions, parameters):
    return fm.MetricFrame(metrics=functions, y_true=case["y"], y_pred=case["d"], sensitive_features=case["frame"][by],
                          sample_params=parameters)


def weight_parameters(case, names):
    return {name: {"w": case["w"]} for name in names}


def group_name(key):
    return " & ".join(key) if isinstance(key, tuple) else key


def fairlearn_groups(figures, case, by, place):
    """MetricFrame by group, for one attribute or an intersection."""
    names = [name for name in RATES if case["labelled"] or name in LABEL_FREE]
    functions = {name: guarded(*RATES[name]) for name in names}
    frame = frame_of(case, by, functions, weight_parameters(case, names))
    found = {}
    for key, row in frame.by_group.iterrows():
        for name in names:
            found[(*place, "groups", group_name(key), name)] = row[name]
    figures.add("fairlearn", "MetricFrame(metrics, y_true, y_pred, sensitive_features, sample_params).by_group with selection_rate,"
                " true_positive_rate, ..., sklearn.metrics accuracy_score, precision_score, f1_score, balanced_accuracy_score", found)
    counts = fm.MetricFrame(metrics=fm.count, y_true=case["y"], y_pred=case["d"], sensitive_features=case["frame"][by]).by_group
    figures.add("fairlearn", "MetricFrame(count).by_group",
                {(*place, "groups", group_name(key), "n"): n for key, n in counts.items() if n == n})


def guarded(function, denominator):
    def rate(y, d, w):
        y, d, w = np.asarray(y), np.asarray(d), np.asarray(w)
        return function(y, d, w) if denominator(y, d).any() else NAN
    return rate


def fairlearn_summary(figures, case, by, place):
    y, d, features = case["y"], case["d"], case["frame"][by]
    options = {"sensitive_features": features, "sample_weight": case["w"]}
    found = {"demographic_parity_difference": fm.demographic_parity_difference(y, d, **options),
             "demographic_parity_ratio": fm.demographic_parity_ratio(y, d, **options)}
    if case["labelled"] and every_class_everywhere(y, features):
        for name in ("equalized_odds_difference", "equalized_odds_ratio"):
            function = getattr(fm, name)
            found[name] = function(y, d, agg="worst_case", **options)
            found[name + "_mean"] = function(y, d, agg="mean", **options)
        for name in ("equal_opportunity_difference", "equal_opportunity_ratio"):
            found[name] = getattr(fm, name)(y, d, **options)
    figures.add("fairlearn", "function of the figure's name (.., method='between_groups', agg='worst_case'; *_mean: agg='mean')",
                {(*place, "summary", name): number for name, number in found.items()})


def every_class_everywhere(y, features):
    """Whether each group has both labels: else Fairlearn takes 0 for a rate that is not defined, and the worst pair is made up."""
    return pd.Series(y).groupby([features[c].to_numpy() for c in features.columns], observed=True).nunique().min() == 2


def fairlearn_scores(figures, case, by, place):
    """AUC, Brier score and log loss by group, and the mean value per head."""
    functions = {"auc": lambda y, s, w: skm.roc_auc_score(y, s, sample_weight=w),
                 "brier": lambda y, s, w: skm.brier_score_loss(y, s, sample_weight=w),
                 "log_loss": lambda y, s, w: skm.log_loss(y, s, sample_weight=w, labels=[0, 1])}
    if case.get("s") is not None:
        scored = dict(case, d=case["s"])
        frame = frame_of(scored, by, {name: both_classes(f) for name, f in functions.items()}, weight_parameters(case, functions))
        figures.add("fairlearn", "MetricFrame(sklearn.metrics roc_auc_score, brier_score_loss, log_loss).by_group",
                    {(*place, "groups", group_name(key), name): row[name] for key, row in frame.by_group.iterrows() for name in functions})
    if case.get("v") is not None:
        frame = frame_of(dict(case, d=case["v"]), by, {"value_mean": lambda y, v, w: fm.mean_prediction(y, v, sample_weight=w)},
                         weight_parameters(case, ["value_mean"]))
        figures.add("fairlearn", "MetricFrame(mean_prediction).by_group",
                    {(*place, "groups", group_name(key), "value_mean"): row["value_mean"] for key, row in frame.by_group.iterrows()})


def both_classes(function):
    return lambda y, s, w: function(y, s, w) if len(np.unique(y)) == 2 else NAN


# ---- AIF360 --------------------------------------------------------------------------------------------------------------------

AIF_PAIR_DIFFERENCES = {
    "selection_rate_difference": ("statistical_parity_difference", 1),
    "tpr_difference": ("equal_opportunity_difference", 1),
    "fpr_difference": ("false_positive_rate_difference", 1),
    "fnr_difference": ("false_negative_rate_difference", 1),
    "for_difference": ("false_omission_rate_difference", 1),
    "fdr_difference": ("false_discovery_rate_difference", 1),
    "accuracy_difference": ("error_rate_difference", -1),
    "selection_rate_ratio": ("disparate_impact", 1),
    "fpr_ratio": ("false_positive_rate_ratio", 1),
    "fnr_ratio": ("false_negative_rate_ratio", 1),
    "for_ratio": ("false_omission_rate_ratio", 1),
    "fdr_ratio": ("false_discovery_rate_ratio", 1),
}
AIF_LABEL_FREE = ("selection_rate_difference", "selection_rate_ratio")
AIF_GROUP_RATES = {"tpr": "true_positive_rate", "fpr": "false_positive_rate", "tnr": "true_negative_rate",
                   "fnr": "false_negative_rate", "ppv": "positive_predictive_value", "npv": "negative_predictive_value",
                   "fdr": "false_discovery_rate", "for": "false_omission_rate", "accuracy": "accuracy",
                   "selection_rate": "selection_rate", "base_rate": "base_rate"}


def aif_datasets(case, by):
    """Truth and decisions as AIF360 keeps them, the groups as ordinals; and the ordinal of each group name."""
    codes = {attribute: {name: i for i, name in enumerate(sorted(case["frame"][attribute].unique()))} for attribute in by}
    frame = pd.DataFrame({attribute: case["frame"][attribute].map(codes[attribute]).astype(float) for attribute in by})
    frame["outcome"], frame["w"] = case["y"].astype(float), case["w"].astype(float)
    truth = BinaryLabelDataset(df=frame, label_names=["outcome"], protected_attribute_names=list(by), instance_weights_name="w",
                               privileged_protected_attributes=[[0.0]] * len(by),
                               unprivileged_protected_attributes=[[float(c) for c in list(codes[a].values())[1:]] for a in by])
    decided = truth.copy()
    decided.labels = case["d"].astype(float).reshape(-1, 1)
    return truth, decided, codes


def aif_attribute(figures, case, attribute, reference, place):
    """Every group against the reference; for two groups the summary too."""
    truth, decided, codes = aif_datasets(case, [attribute])
    groups = codes[attribute]
    pairs, rates = {}, {}
    for name, code in groups.items():
        other = reference if name != reference else next(g for g in groups if g != reference)
        metric = ClassificationMetric(truth, decided, unprivileged_groups=[{attribute: code}],
                                      privileged_groups=[{attribute: groups[other]}])
        if case["labelled"]:
            for rate, function in AIF_GROUP_RATES.items():
                rates[(*place, "groups", name, rate)] = getattr(metric, function)(privileged=False)
        if name == reference:
            continue
        for measure, (function, sign) in AIF_PAIR_DIFFERENCES.items():
            if case["labelled"] or measure in AIF_LABEL_FREE:
                pairs[(*place, "comparisons", f"{measure}|{name}|{reference}")] = sign * getattr(metric, function)()
        if len(groups) == 2:
            aif_two_groups(figures, case, metric, place)
    figures.add("aif360", "ClassificationMetric.true_positive_rate(privileged=False) etc.", rates)
    figures.add("aif360", "ClassificationMetric, unprivileged=group, privileged=reference: statistical_parity_difference, "
                "equal_opportunity_difference, error_rate_difference (sign turned: accuracy), disparate_impact, ..._ratio", pairs)
    if case["weighted"]:
        return
    aif_inequality(figures, case, truth, decided, attribute, place)


def aif_two_groups(figures, case, metric, place):
    found = {"disparate_impact": metric.disparate_impact(), "statistical_parity_difference": metric.statistical_parity_difference()}
    if case["labelled"]:
        found["average_odds_difference"] = metric.average_odds_difference()
    figures.add("aif360", "ClassificationMetric method of the figure's name, privileged=reference",
                {(*place, "summary", name): number for name, number in found.items()})


def aif_inequality(figures, case, truth, decided, attribute, place):
    """AIF360's entropy indexes know no weights, so they are taken for unweighted cases only."""
    found = {"differential_fairness": aif_differential_fairness(decided)}
    if case["labelled"]:
        metric = ClassificationMetric(truth, decided, unprivileged_groups=[{attribute: 1.0}], privileged_groups=[{attribute: 0.0}])
        found.update(generalized_entropy_index=metric.generalized_entropy_index(alpha=2), theil_index=metric.theil_index(),
                     coefficient_of_variation=metric.coefficient_of_variation(),
                     between_group_generalized_entropy_index=metric.between_all_groups_generalized_entropy_index(alpha=2))
    figures.add("aif360", "BinaryLabelDatasetMetric(decisions).smoothed_empirical_differential_fairness(concentration=1), "
                "ClassificationMetric.generalized_entropy_index(alpha=2), theil_index, coefficient_of_variation, "
                "between_all_groups_generalized_entropy_index(alpha=2)",
                {(*place, "summary", name): number for name, number in found.items()})


def aif_differential_fairness(decided):
    return BinaryLabelDatasetMetric(decided).smoothed_empirical_differential_fairness(concentration=1.0)


def aif_intersection(figures, case, by, place):
    if case["weighted"]:
        return
    _, decided, _ = aif_datasets(case, by)
    figures.add("aif360", "BinaryLabelDatasetMetric(decisions, two protected attributes)"
                ".smoothed_empirical_differential_fairness(concentration=1)",
                {(*place, "summary", "differential_fairness"): aif_differential_fairness(decided)})


# ---- Aequitas ------------------------------------------------------------------------------------------------------------------

AEQUITAS_RATES = {"tpr": "tpr", "tnr": "tnr", "for": "for", "fdr": "fdr", "fpr": "fpr", "fnr": "fnr", "npv": "npv",
                  "precision": "ppv", "pprev": "selection_rate", "prev": "base_rate"}


def aequitas_attribute(figures, case, attribute, reference, place):
    """Group().get_crosstabs and Bias().get_disparity_predefined_groups; Aequitas knows no weights."""
    if case["weighted"] or not case["labelled"]:
        return
    frame = pd.DataFrame({"score": case["d"].astype(int), "label_value": case["y"].astype(int),
                          attribute: case["frame"][attribute].astype(object)})
    table, _ = Group().get_crosstabs(frame, attr_cols=[attribute])
    rates = {(*place, "groups", row["attribute_value"], ours): row[theirs]
             for _, row in table.iterrows() for theirs, ours in AEQUITAS_RATES.items()}
    figures.add("aequitas", "Group().get_crosstabs", rates)
    ratios = Bias().get_disparity_predefined_groups(table, frame, {attribute: reference})
    base = ratios[ratios["attribute_value"] == reference].iloc[0]
    found = {}
    for _, row in ratios.iterrows():
        if row["attribute_value"] == reference:
            continue
        for theirs, ours in AEQUITAS_RATES.items():
            # Aequitas writes 10 where it divides by zero: no figure of ours.
            if theirs + "_disparity" in ratios.columns and base[theirs] > 0:
                found[(*place, "comparisons", f"{ours}_ratio|{row['attribute_value']}|{reference}")] = row[theirs + "_disparity"]
    figures.add("aequitas", "Bias().get_disparity_predefined_groups", found)


# ---- SageMaker Clarify's measures ------------------------------------------------------------------------------------------------

def clarify_two_groups(figures, case, attribute, reference, place):
    """Treatment equality (FN/FP of the group minus that of the reference) for two groups, unweighted."""
    groups = case["frame"][attribute].unique()
    if len(groups) != 2 or case["weighted"] or not case["labelled"]:
        return
    facet = pd.Series(case["frame"][attribute].to_numpy() != reference)
    number = clarify.TE(facet, facet, pd.Series(case["y"] == 1), pd.Series(case["d"] == 1))
    other = next(g for g in groups if g != reference)
    figures.add("smclarify", "bias.metrics.posttraining.TE, facet = the group that is not the reference; the summary without the sign",
                {(*place, "comparisons", f"treatment_equality_difference|{other}|{reference}"): number,
                 (*place, "summary", "treatment_equality_difference"): abs(number)})


def clarify_within(figures, case, attribute, reference, place):
    """Conditional demographic disparity of every group but the reference within the strata; the headline for two groups."""
    groups = sorted(case["frame"][attribute].unique())
    strata = pd.Series(case["within"])
    found = {}
    for name in (g for g in groups if g != reference):
        facet = pd.Series(case["frame"][attribute].to_numpy() == name)
        number = clarify_common.CDD(facet, facet, pd.Series(case["d"] == 1), strata)
        found[(*place, "within", "groups", name, "conditional_demographic_disparity")] = number
        if len(groups) == 2:
            found[(*place, "within", "conditional_demographic_disparity")] = number
    figures.add("smclarify", "bias.metrics.common.CDD, facet = the group", found)
