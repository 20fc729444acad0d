#!/usr/bin/env python3
"""Models side by side with their peers, in one run, on one machine.

usage: bench/models.py PART...       parts: adult fair tables hillstrom large scoring

Run by a Python that has interpret-core, xgboost, fairlearn, scikit-learn, pandas, scikit-uplift and causalml (bench/requirements-models.txt).
EVENHAND names the program, EVENHAND_DATA the folder with the data sets. Prints Markdown; docs/benchmarks.md holds what it printed. Times are of
processor and wall; `evenhand` is timed as a whole process that reads its CSV file, the peers from data frames in memory.
"""
import gzip
import io
import json
import os
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import pandas as pd

DATA = pathlib.Path(os.environ["EVENHAND_DATA"])
EVENHAND = os.environ.get("EVENHAND", str(pathlib.Path(__file__).resolve().parents[1] / "build" / "evenhand"))
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="evenhand-models-"))
ADULT_COLUMNS = ("age workclass fnlwgt education education_num marital occupation relationship race sex capital_gain capital_loss hours country "
                 "income").split()


def say(*cells):
    print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)


def evenhand(*words):
    """Wall and processor seconds, peak MiB, standard output."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run([EVENHAND, *map(str, words)], capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(done.stderr)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss / 1024, done.stdout


def timed(work):
    wall, processor = time.perf_counter(), time.process_time()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    result = work()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - wall, time.process_time() - processor + children, result


def auc(truth, score):
    from sklearn.metrics import roc_auc_score
    return roc_auc_score(truth, score)


def adult_frame():
    frames = []
    for name in ("adult.data.gz", "adult.test.gz"):
        text = gzip.decompress((DATA / name).read_bytes()).decode()
        text = "\n".join(line.rstrip(".") for line in text.splitlines() if line and not line.startswith("|"))
        frames.append(pd.read_csv(io.StringIO(text), names=ADULT_COLUMNS, skipinitialspace=True, na_values="?"))
    return frames


def own_fit(train, test, label, *more):
    train.to_csv(FOLDER / "train.csv", index=False)
    test.to_csv(FOLDER / "test.csv", index=False)
    wall, processor, peak, _ = evenhand("train", FOLDER / "m.json", "--data", FOLDER / "train.csv", "--label", label, "--folds", 0, "--quiet", *more)
    evenhand("score", FOLDER / "m.json", FOLDER / "test.csv", "--output", FOLDER / "s.csv", "--quiet")
    return wall, processor, peak, pd.read_csv(FOLDER / "s.csv")


def coded(train, test):
    """One-hot categories for trees that do not take them."""
    both = pd.get_dummies(pd.concat([train, test]), dummy_na=True)
    both = both.rename(columns={name: f"c{i}" for i, name in enumerate(both.columns)}).astype(np.float32)
    return both.iloc[:len(train)], both.iloc[len(train):]


def boosted(train, truth, test):
    """XGBoost, tuned over depth and number of trees on a fifth of the training rows."""
    import xgboost
    x, y = coded(train, test)
    cut = np.random.default_rng(0).random(len(x)) < 0.8
    best = None
    for depth, rate in ((3, 0.1), (4, 0.05), (6, 0.05)):
        model = xgboost.XGBClassifier(n_estimators=1500, max_depth=depth, learning_rate=rate, subsample=0.8, colsample_bytree=0.8, early_stopping_rounds=40,
                                          eval_metric="logloss", tree_method="hist", random_state=0)
        model.fit(x[cut], truth[cut], eval_set=[(x[~cut], truth[~cut])], verbose=False)
        if best is None or model.best_score < best[0]:
            best = (model.best_score, depth, rate, model.best_iteration + 1)
    model = xgboost.XGBClassifier(n_estimators=int(best[3] * 1.1), max_depth=best[1], learning_rate=best[2], subsample=0.8, colsample_bytree=0.8, tree_method="hist",
                                  random_state=0).fit(x, truth)
    return model, model.predict_proba(y)[:, 1]


def part_adult():
    from interpret.glassbox import ExplainableBoostingClassifier
    print("\n#### Adult, 75/25, three splits\n")
    say("split", "evenhand AUC", "wall s", "processor s", "interpret AUC", "wall s", "processor s", "wall ratio", "processor ratio")
    say(*["---"] * 9)
    whole = pd.concat(adult_frame()[:1])
    for seed in range(3):
        test_rows = np.random.default_rng(seed).random(len(whole)) < 0.25
        train, test = whole[~test_rows], whole[test_rows]
        truth, want = (train.income == ">50K").to_numpy().astype(int), (test.income == ">50K").to_numpy().astype(int)
        wall, processor, _, mine = own_fit(train, test, "income = '>50K'")
        x, y = train.drop(columns="income"), test.drop(columns="income")
        ebm = ExplainableBoostingClassifier(outer_bags=16, random_state=0)
        w, p, _ = timed(lambda: ebm.fit(x, truth))
        other = auc(want, ebm.predict_proba(y)[:, 1])
        say(seed, f"{auc(want, mine.probability):.4f}", f"{wall:.2f}", f"{processor:.2f}", f"{other:.4f}", f"{w:.1f}", f"{p:.1f}", f"{w / wall:.1f}",
            f"{p / processor:.1f}")


def part_fair():
    print("\n#### Adult, adult.data to adult.test, without sex and fnlwgt\n")
    say("model", "accuracy", "parity gap", "TPR ratio F/M", "wall s")
    say(*["---"] * 5)
    train, test = adult_frame()
    label, female = (test.income == ">50K").to_numpy(), (test.sex == "Female").to_numpy()

    def line(name, picked, wall):
        rate = [picked[female].mean(), picked[~female].mean()]
        tpr = [picked[female & label].mean(), picked[~female & label].mean()]
        say(name, f"{(picked == label).mean():.4f}", f"{abs(rate[0] - rate[1]):.4f}", f"{tpr[0] / tpr[1]:.4f}", f"{wall:.1f}")

    names = ",".join(name for name in ADULT_COLUMNS if name not in ("sex", "fnlwgt", "income"))
    for constraint in (None, "tpr>=0.96", "selection_rate<=0.02"):
        more = () if constraint is None else ("--protected", "sex", "--constraint", constraint)
        wall, _, _, mine = own_fit(train, test, "income = '>50K'", "--features", names, *more)
        line("evenhand" if constraint is None else f"evenhand, {constraint}", mine.picked.to_numpy().astype(bool), wall)
    from fairlearn.reductions import DemographicParity, ExponentiatedGradient, TruePositiveRateParity
    import xgboost
    x, y = coded(train.drop(columns=["sex", "fnlwgt", "income"]), test.drop(columns=["sex", "fnlwgt", "income"]))
    for name, moment in (("DemographicParity", DemographicParity(difference_bound=0.01)), ("TruePositiveRateParity", TruePositiveRateParity(difference_bound=0.01))):
        reduction = ExponentiatedGradient(xgboost.XGBClassifier(n_estimators=150, max_depth=4, learning_rate=0.1), moment, max_iter=20)
        wall, _, _ = timed(lambda: reduction.fit(x, (train.income == ">50K").astype(int), sensitive_features=train.sex))
        line(f"Fairlearn ExponentiatedGradient over XGBoost, {name} (a lottery of models)", reduction.predict(y, random_state=0).astype(bool), wall)


def part_tables():
    print("\n#### Other tables, 75/25, mean AUC of three splits\n")
    say("table", "evenhand", "tuned XGBoost", "difference")
    say(*["---"] * 4)
    bank = pd.read_csv(DATA / "bank_full.csv.gz", sep=";").drop(columns="duration")
    shoppers = pd.read_csv(DATA / "online_shoppers_intention.csv.gz")
    for name, table, label, truth in (("bank (without duration)", bank, "y = 'yes'", bank.y == "yes"), ("online shoppers", shoppers, "Revenue", shoppers.Revenue.astype(str).str.upper() == "TRUE")):
        target = "y" if "y" in table else "Revenue"
        mine, other = [], []
        for seed in range(3):
            held = np.random.default_rng(seed).random(len(table)) < 0.25
            scored = own_fit(table[~held], table[held], label)[3]
            mine.append(auc(truth[held], scored.probability))
            tree = boosted(table[~held].drop(columns=target), truth[~held].to_numpy().astype(int), table[held].drop(columns=target))[1]
            other.append(auc(truth[held], tree))
        say(name, f"{np.mean(mine):.4f}", f"{np.mean(other):.4f}", f"{np.mean(mine) - np.mean(other):+.4f}")


def part_hillstrom():
    import xgboost
    print("\n#### Hillstrom, visits after the women's e-mail: difference of means among the 30 % with the largest predicted effect, ten 50/50 splits\n")
    table = pd.read_csv(DATA / "hillstrom.csv.gz")
    table = table[table.segment != "Mens E-Mail"].reset_index(drop=True)
    features = ["recency", "history", "mens", "womens", "zip_code", "newbie", "channel"]
    treated, visit = (table.segment == "Womens E-Mail").to_numpy().astype(int), table.visit.to_numpy()
    coded_table = pd.get_dummies(table[features]).astype(np.float32)

    def at_30(effect, rows):
        top = rows[np.argsort(-effect, kind="stable")[:int(0.3 * len(rows))]]
        return visit[top][treated[top] == 1].mean() - visit[top][treated[top] == 0].mean()

    found = {}
    for seed in range(10):
        half = np.random.default_rng(seed).permutation(len(table))
        a, b = half[:len(half) // 2], half[len(half) // 2:]
        table.iloc[a].to_csv(FOLDER / "a.csv", index=False)
        table.iloc[b].to_csv(FOLDER / "b.csv", index=False)
        for learner in ("dr", "t", "x"):
            evenhand("train", FOLDER / "u.json", "--data", FOLDER / "a.csv", "--label", "visit", "--treatment", "segment", "--control", "No E-Mail", "--features",
                     ",".join(features), "--learner", learner, "--folds", 0, "--quiet")
            evenhand("score", FOLDER / "u.json", FOLDER / "b.csv", "--output", FOLDER / "s.csv", "--quiet")
            found.setdefault(f"evenhand, {learner}-learner", []).append(at_30(pd.read_csv(FOLDER / "s.csv").iloc[:, 1].to_numpy(), b))
        x, y = coded_table.iloc[a], coded_table.iloc[b]

        def tree():
            return xgboost.XGBClassifier(n_estimators=100, max_depth=3, learning_rate=0.05)

        try:
            from sklift.models import ClassTransformation, SoloModel, TwoModels
            for name, model in (("SoloModel", SoloModel(tree())), ("TwoModels", TwoModels(tree(), tree())), ("ClassTransformation", ClassTransformation(tree()))):
                model.fit(x, pd.Series(visit[a], index=x.index), pd.Series(treated[a], index=x.index))
                found.setdefault(f"scikit-uplift {name}, XGBoost", []).append(at_30(np.asarray(model.predict(y)), b))
        except ImportError as problem:
            print(f"scikit-uplift: {problem}", file=sys.stderr)
        try:
            from causalml.inference.meta import BaseDRLearner, BaseTClassifier, BaseXClassifier
            regressor = lambda: xgboost.XGBRegressor(n_estimators=100, max_depth=3, learning_rate=0.05)
            share = np.full(len(a), treated[a].mean())
            for name, model in (("T", BaseTClassifier(learner=tree())), ("X", BaseXClassifier(outcome_learner=tree(), effect_learner=regressor())),
                                ("DR", BaseDRLearner(learner=regressor()))):
                model.fit(X=x.to_numpy(), treatment=treated[a], y=visit[a], **({} if name == "T" else {"p": share}))
                guess = model.predict(y.to_numpy(), **({} if name != "X" else {"p": np.full(len(b), treated[a].mean())}))
                found.setdefault(f"causalml {name}-learner, XGBoost", []).append(at_30(np.asarray(guess).ravel(), b))
        except Exception as problem:  # a peer that does not run is said, not hidden
            found.setdefault(f"causalml: {type(problem).__name__}: {str(problem)[:60]}", []).append(np.nan)
    say("learner", "mean", "lowest", "highest")
    say(*["---"] * 4)
    for name, values in found.items():
        say(name, f"{np.mean(values):.4f}", f"{np.min(values):.4f}", f"{np.max(values):.4f}")


def large_file(rows, columns):
    random = np.random.default_rng(1)
    data = {f"x{i}": random.normal(size=rows).round(4) for i in range(columns - 5)}
    for i in range(5):
        data[f"c{i}"] = np.array(list("abcdefghij"))[random.integers(0, 10, rows)]
    table = pd.DataFrame(data)
    signal = table.x0 + 0.5 * table.x1**2 - np.sin(table.x2 * 2) + 0.6 * (table.c0 == "c") + 0.8 * table.x3 * table.x4 - 1
    table["won"] = (random.random(rows) < 1 / (1 + np.exp(-signal))).astype(int)
    path = FOLDER / f"large-{rows}-{columns}.parquet"
    table.to_parquet(path, index=False)
    return path


def part_large():
    print("\n#### Growth with rows and columns (Parquet; whole process, no cross-validation)\n")
    say("rows", "columns", "wall s", "processor s", "peak MiB")
    say(*["---"] * 5)
    for rows, columns in ((10000, 30), (100000, 10), (100000, 30), (100000, 100), (1000000, 30)):
        path = large_file(rows, columns)
        wall, processor, peak, _ = evenhand("train", FOLDER / "m.json", "--data", path, "--label", "won", "--folds", 0, "--quiet")
        say(f"{rows:,}", columns, f"{wall:.1f}", f"{processor:.1f}", f"{peak:.0f}")
        path.unlink()


def part_scoring():
    import xgboost
    print("\n#### Scoring Adult with the four strongest reasons, one thread\n")
    train, test = adult_frame()
    big = pd.concat([test] * 20)
    x, y = coded(train.drop(columns="income"), test.drop(columns="income"))
    own_fit(train, test, "income = '>50K'")
    big.to_parquet(FOLDER / "big.parquet", index=False)
    wall, processor, _, _ = evenhand("score", FOLDER / "m.json", FOLDER / "big.parquet", "--reasons", 4, "--threads", 1, "--output", FOLDER / "s.csv", "--quiet")
    model = xgboost.XGBClassifier(n_estimators=300, max_depth=6, learning_rate=0.1, n_jobs=1).fit(x, (train.income == ">50K").astype(int))
    matrix = xgboost.DMatrix(y)
    w, p, shares = timed(lambda: model.get_booster().predict(matrix, pred_contribs=True))
    timed(lambda: np.argsort(-np.abs(shares[:, :-1]), axis=1)[:, :4])
    say("who", "rows", "wall s", "processor s", "rows per processor second")
    say(*["---"] * 5)
    say("evenhand score --reasons 4, Parquet in, CSV out, whole process", f"{len(big):,}", f"{wall:.2f}", f"{processor:.2f}", f"{len(big) / processor:,.0f}")
    say("XGBoost, 300 trees of depth 6, TreeSHAP in memory", f"{len(y):,}", f"{w:.2f}", f"{p:.2f}", f"{len(y) / p:,.0f}")


if __name__ == "__main__":
    for part in sys.argv[1:] or ["adult", "fair", "tables", "hillstrom", "large", "scoring"]:
        globals()["part_" + part]()
