"""The peers' audits, one per process: peers.py PEER FILE (the names are in PEERS). Prints the seconds after reading, as JSON.

Each does what its users' guide shows for three protected attributes, one after the other, and no more than that: Fairlearn three
rates, with 100 bootstrap replicates and without, AIF360 its group metrics, Aequitas its crosstabs and disparities.
"""
import json
import sys
import time

import pandas as pd

ATTRIBUTES = ["gender", "age_band", "region"]
REPLICATES = 100


def read(path):
    return pd.read_parquet(path) if path.endswith(".parquet") else pd.read_csv(path)


def fairlearn(people, **bootstrap):
    from fairlearn.metrics import MetricFrame, false_positive_rate, selection_rate, true_positive_rate
    rates = {"selection_rate": selection_rate, "tpr": true_positive_rate, "fpr": false_positive_rate}
    groups = 0
    for attribute in ATTRIBUTES:
        frame = MetricFrame(metrics=rates, y_true=people["label"], y_pred=people["decision"], sensitive_features=people[attribute],
                            **bootstrap)
        groups += len(frame.by_group)
        frame.difference_ci() if bootstrap else frame.difference()
        frame.ratio_ci() if bootstrap else frame.ratio()
    return groups


def fairlearn_bootstrap(people):
    return fairlearn(people, n_boot=REPLICATES, ci_quantiles=[0.025, 0.5, 0.975], random_state=1)


def aif360(people):
    from aif360.datasets import BinaryLabelDataset
    from aif360.metrics import ClassificationMetric
    groups = 0
    for attribute in ATTRIBUTES:
        codes, names = pd.factorize(people[attribute], sort=True)
        truth = BinaryLabelDataset(df=pd.DataFrame({attribute: codes.astype(float), "label": people["label"].astype(float)}),
                                   label_names=["label"], protected_attribute_names=[attribute])
        decided = truth.copy()
        decided.labels = people["decision"].to_numpy(float).reshape(-1, 1)
        for code in range(1, len(names)):
            metric = ClassificationMetric(truth, decided, unprivileged_groups=[{attribute: code}], privileged_groups=[{attribute: 0}])
            groups += all(number == number for number in (metric.disparate_impact(), metric.statistical_parity_difference(),
                                                         metric.average_odds_difference(), metric.equal_opportunity_difference()))
    return groups


def aequitas(people):
    from aequitas.bias import Bias
    from aequitas.group import Group
    frame = people.rename(columns={"decision": "score", "label": "label_value"})
    for attribute in ATTRIBUTES:
        frame[attribute] = frame[attribute].astype(object)
    table, _ = Group().get_crosstabs(frame, attr_cols=ATTRIBUTES)
    return len(Bias().get_disparity_major_group(table, original_df=frame))


PEERS = {"fairlearn": fairlearn, "fairlearn_bootstrap": fairlearn_bootstrap, "aif360": aif360, "aequitas": aequitas}


def main(peer, path):
    import logging
    logging.disable(logging.WARNING)
    people = read(path)
    start = time.perf_counter()
    groups = PEERS[peer](people)
    print(json.dumps({"seconds": time.perf_counter() - start, "rows": len(people), "groups": int(groups)}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
