#!/usr/bin/env python3
"""Models side by side with their peers, in one run, on one machine.

usage: bench/models.py --all [--svg FILE]     everything: about 25 minutes on two quiet cores, most of it the peers'
       bench/models.py PART... [--svg FILE]   parts, with their minutes: scoring (1) fair (3) hillstrom (4) large (4) tables (6) adult (7)

`large` draws its growth with rows and columns into FILE (default: beside its other files). Run by a Python that has what bench/requirements-models.txt names.
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
SVG = None
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


def categorised(frame):
    frame = frame.copy()
    for name in frame:
        if frame[name].dtype == bool:
            frame[name] = frame[name].astype(int)
        elif not pd.api.types.is_numeric_dtype(frame[name]):
            frame[name] = frame[name].astype("category")
    return frame


def draw_settings(random):
    depth = int(random.integers(2, 8))
    return {"depth": depth, "rate": float(np.exp(random.uniform(np.log(0.03), np.log(0.12)))), "leaf": int(random.integers(5, 60)),
            "ridge": float(np.exp(random.uniform(np.log(0.1), np.log(20)))), "rows": float(random.uniform(0.6, 1)), "columns": float(random.uniform(0.4, 1))}


def boosted(kind, settings, trees, stop=None):
    import lightgbm
    import xgboost
    d = settings
    if kind == "LightGBM":
        return lightgbm.LGBMClassifier(n_estimators=trees, max_depth=d["depth"], num_leaves=min(2 ** d["depth"] - 1, 40), learning_rate=d["rate"], min_child_samples=d["leaf"],
                                       reg_lambda=d["ridge"], subsample=d["rows"], subsample_freq=1, colsample_bytree=d["columns"], verbose=-1, n_jobs=1, random_state=0)
    return xgboost.XGBClassifier(n_estimators=trees, max_depth=d["depth"], learning_rate=d["rate"], min_child_weight=d["leaf"] / 6, reg_lambda=d["ridge"], subsample=d["rows"],
                                 colsample_bytree=d["columns"], tree_method="hist", enable_categorical=True, eval_metric="logloss", early_stopping_rounds=stop, n_jobs=1,
                                 random_state=0)


def tuned(table, truth, held, seed, tries=8):
    """LightGBM and XGBoost with native categories: a random search of eight settings, trees by early stopping on a fifth, the best fitted again on all."""
    import lightgbm
    table = categorised(table)
    train, test, label = table[~held], table[held], truth[~held]
    inner, random, best = np.random.default_rng(100 + seed).random(len(train)) < 0.8, np.random.default_rng(7 + seed), None
    for i in range(tries):
        kind, settings = ("LightGBM", "XGBoost")[i % 2], draw_settings(random)
        model = boosted(kind, settings, 2000, 40)
        if kind == "LightGBM":
            model.fit(train[inner], label[inner], eval_set=[(train[~inner], label[~inner])], eval_metric="binary_logloss", callbacks=[lightgbm.early_stopping(40, verbose=False)])
            loss, trees = model.best_score_["valid_0"]["binary_logloss"], model.best_iteration_
        else:
            model.fit(train[inner], label[inner], eval_set=[(train[~inner], label[~inner])], verbose=False)
            loss, trees = model.best_score, model.best_iteration + 1
        if best is None or loss < best[0]:
            best = (loss, kind, settings, int(trees * 1.1) + 1)
    model = boosted(*best[1:]).fit(train, label)
    return best[1], model.predict_proba(test)[:, 1]


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


def table_bank():
    table = pd.read_csv(DATA / "bank_full.csv.gz", sep=";")
    return table.drop(columns=["duration", "y"]), table.y == "yes"


def table_shoppers():
    table = pd.read_csv(DATA / "online_shoppers_intention.csv.gz")
    return table.drop(columns="Revenue"), table.Revenue.astype(str).str.upper() == "TRUE"


def table_visits():
    table = pd.read_csv(DATA / "hillstrom.csv.gz")
    return table.drop(columns=["visit", "conversion", "spend"]), table.visit == 1


def table_incentives():
    table = pd.read_csv(DATA / "open_ecommerce_incentive_rct.csv.gz")
    answers = table[["Q-control", "Q-altruism", "Q-bonus-05", "Q-bonus-20", "Q-bonus-50"]].bfill(axis=1).iloc[:, 0].astype(str)
    names = [name for name in table if name in ("showdata", "incentive") or any(word in name for word in ("demos", "amazon-use", "substance", "personal"))]
    return table[names], answers.str.startswith("Consent")


def table_survey():
    table = pd.read_csv(DATA / "open_ecommerce_survey.csv.gz")
    return table[[name for name in table if name != "Q-amazon-use-how-oft" and table[name].nunique() < 1000]], table["Q-amazon-use-how-oft"].astype(str).str.startswith("More")


def table_adult():
    table = adult_frame()[0]
    return table.drop(columns="income"), table.income == ">50K"


def invented(seed, rows, columns):
    random = np.random.default_rng(seed)
    return random, random.normal(size=(rows, columns))


def outcome_of(random, signal):
    return pd.Series(random.random(len(signal)) < 1 / (1 + np.exp(-signal)))


def table_pairs():
    random, x = invented(11, 20000, 12)
    signal = (1.5 * x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) * x[:, 3] + 1.5 * (x[:, 4] > 0) * (x[:, 5] < 0.5) + 0.8 * x[:, 6] + x[:, 7] * x[:, 8]
              - 0.7 * (x[:, 9] > 1) * x[:, 10] - 0.5)
    return pd.DataFrame(x.round(4)).add_prefix("x"), outcome_of(random, signal)


def table_rare():
    random, x = invented(12, 60000, 10)
    kind = random.integers(0, 8, len(x))
    signal = -6 + x[:, 0] + 0.6 * x[:, 1] ** 2 - 0.8 * (x[:, 2] < 0) + 0.5 * (kind == 3) + 0.7 * x[:, 3] * (x[:, 4] > 0)
    return pd.DataFrame(x.round(3)).add_prefix("x").assign(kind=np.array(list("abcdefgh"))[kind]), outcome_of(random, signal)


def table_levels(articles=220, towns=150):
    random = np.random.default_rng(15)
    of_article, of_town, shares = random.normal(size=articles) * 0.8, random.normal(size=towns) * 0.5, random.dirichlet(np.ones(articles) * 0.5)
    article, town, month, x = random.choice(articles, 30000, p=shares), random.integers(0, towns, 30000), random.integers(0, 12, 30000), random.normal(size=30000)
    signal = of_article[article] + of_town[town] + 0.4 * x + 0.6 * (month == 2) * x - 1
    table = pd.DataFrame({"article": [f"a{i}" for i in article], "town": [f"t{i}" for i in town], "month": [f"m{i}" for i in month], "x": x.round(3)})
    return table, outcome_of(random, signal)


def table_many_levels():
    return table_levels(2000, 300)


def table_wide():
    random, x = invented(14, 8000, 200)
    x[:, 100:] = x[:, :100] * 0.6 + x[:, 100:] * 0.8
    signal = x[:, :20] @ random.normal(size=20) * 0.4 + 0.8 * x[:, 3] * x[:, 7] - 0.6 * np.abs(x[:, 30])
    return pd.DataFrame(x.round(3)).add_prefix("x"), outcome_of(random, signal)


TABLES = {"Adult": table_adult, "bank (without duration)": table_bank, "online shoppers": table_shoppers, "Hillstrom, visits": table_visits,
          "Open e-commerce incentives, consent": table_incentives, "Open e-commerce survey, orders often": table_survey, "invented: 5 products of columns": table_pairs,
          "invented: 1.1 % have the outcome": table_rare, "invented: 220 articles, 150 towns": table_levels, "invented: 2,000 articles, 300 towns": table_many_levels,
          "invented: 200 columns": table_wide}


def part_tables():
    print("\n#### Beside tuned gradient boosting, 75/25, mean AUC of three splits\n")
    say("table", "rows", "evenhand", "tuned boosting", "which won its search", "difference")
    say(*["---"] * 6)
    for name, make in TABLES.items():
        table, truth = make()
        truth, mine, other, kinds = truth.to_numpy().astype(int), [], [], set()
        for seed in range(3):
            held = np.random.default_rng(seed).random(len(table)) < 0.25
            scored = own_fit(table[~held].assign(evenhand_label=truth[~held]), table[held], "evenhand_label")[3]
            mine.append(auc(truth[held], scored.score))
            kind, guess = tuned(table, truth, held, seed)
            other.append(auc(truth[held], guess))
            kinds.add(kind)
        say(name, f"{len(table):,}", f"{np.mean(mine):.4f}", f"{np.mean(other):.4f}", ", ".join(sorted(kinds)), f"{np.mean(mine) - np.mean(other):+.4f}")


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


def large_file(rows, columns, seed):
    random = np.random.default_rng(seed)
    data = {f"x{i}": random.normal(size=rows).round(4) for i in range(columns - 5)}
    for i in range(5):
        data[f"c{i}"] = np.array(list("abcdefghij"))[random.integers(0, 10, rows)]
    table = pd.DataFrame(data)
    signal = table.x0 + 0.5 * table.x1**2 - np.sin(table.x2 * 2) + 0.6 * (table.c0 == "c") + 0.8 * table.x3 * table.x4 - 1
    table["won"] = (random.random(rows) < 1 / (1 + np.exp(-signal))).astype(int)
    path = FOLDER / f"large-{rows}-{columns}-{seed}.parquet"
    table.to_parquet(path, index=False)
    return path


def growth_svg(points):
    """Processor seconds by rows and by columns, on logarithmic axes."""
    width, height, left, top = 340, 250, 56, 34
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {2 * width + 40} {height + 60}" font-family="sans-serif" font-size="12" role="img">',
           "<title>Seconds to fit, by rows and by columns</title>", f'<rect width="{2 * width + 40}" height="{height + 60}" fill="#fff"/>']
    for place, (title, axis, chosen) in enumerate((("30 columns", "rows", [(r, s) for r, c, s in points if c == 30]),
                                                  ("100,000 rows", "columns", [(c, s) for r, c, s in points if r == 100000]))):
        chosen.sort()
        x0, x1 = np.log10(chosen[0][0]), np.log10(chosen[-1][0])
        y0, y1 = np.floor(np.log10(min(s for _, s in chosen))), np.ceil(np.log10(max(s for _, s in chosen)))
        at = lambda n, s: (place * (width + 20) + left + (np.log10(n) - x0) / (x1 - x0) * (width - left - 30),
                           top + (y1 - np.log10(s)) / (y1 - y0) * (height - top - 10))
        bottom = at(chosen[0][0], 10**y0)[1]
        out.append(f'<text x="{place * (width + 20) + left}" y="18" font-weight="bold">{title}: processor seconds</text>')
        for power in range(int(y0), int(y1) + 1):
            x, y = at(chosen[0][0], 10.0**power)
            out.append(f'<path d="M{x:.1f} {y:.1f}H{at(chosen[-1][0], 1)[0]:.1f}" stroke="#ddd"/><text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>')
        out.append('<polyline fill="none" stroke="#2563a8" stroke-width="2" points="' + " ".join("%.1f,%.1f" % at(n, s) for n, s in chosen) + '"/>')
        for n, s in chosen:
            x, y = at(n, s)
            out.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#2563a8"/><text x="{x:.1f}" y="{y - 9:.1f}" text-anchor="middle">{s:.1f}</text>'
                       f'<text x="{x:.1f}" y="{bottom + 18:.1f}" text-anchor="middle">{n:,}</text>')
        out.append(f'<text x="{place * (width + 20) + (left + width) / 2:.1f}" y="{bottom + 36:.1f}" text-anchor="middle">{axis}</text>')
    return "\n".join(out) + "\n</svg>\n"


def part_large():
    print("\n#### Growth with rows and columns (Parquet; whole process, no cross-validation)\n")
    say("rows", "columns", "wall s", "processor s", "peak MiB", "AUC, 100,000 rows not learned from")
    say(*["---"] * 6)
    points = []
    for rows, columns in ((10000, 30), (30000, 30), (100000, 10), (100000, 30), (100000, 100), (300000, 30), (1000000, 30)):
        path, probe = large_file(rows, columns, 1), large_file(100000, columns, 2)
        wall, processor, peak, _ = evenhand("train", FOLDER / "m.json", "--data", path, "--label", "won", "--folds", 0, "--quiet")
        evenhand("score", FOLDER / "m.json", probe, "--output", FOLDER / "s.csv", "--quiet")
        points.append((rows, columns, processor))
        say(f"{rows:,}", columns, f"{wall:.1f}", f"{processor:.1f}", f"{peak:.0f}", f"{auc(pd.read_parquet(probe).won, pd.read_csv(FOLDER / 's.csv').score):.4f}")
        path.unlink()
        probe.unlink()
    (SVG or FOLDER / "growth.svg").write_text(growth_svg(points), encoding="utf-8")
    print(f"\nDrawn: {SVG or FOLDER / 'growth.svg'}", file=sys.stderr)


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
    order = timed(lambda: np.argsort(-np.abs(shares[:, :-1]), axis=1)[:, :4])
    w, p = w + order[0], p + order[1]
    say("who", "rows", "wall s", "processor s", "rows per processor second")
    say(*["---"] * 5)
    say("evenhand score --reasons 4, Parquet in, CSV out, whole process", f"{len(big):,}", f"{wall:.2f}", f"{processor:.2f}", f"{len(big) / processor:,.0f}")
    say("XGBoost, 300 trees of depth 6, TreeSHAP in memory", f"{len(y):,}", f"{w:.2f}", f"{p:.2f}", f"{len(y) / p:,.0f}")
    print(f"\nRows per processor second, ratio: {len(big) / processor / (len(y) / p):,.0f}")


PARTS = ("scoring", "fair", "hillstrom", "large", "tables", "adult")


def main():
    words = sys.argv[1:]
    global SVG
    if "--svg" in words:
        SVG = pathlib.Path(words.pop(words.index("--svg") + 1)).resolve()
        words.remove("--svg")
    if not words or (words != ["--all"] and not set(words) <= set(PARTS)):
        sys.exit(__doc__)
    for part in PARTS if words == ["--all"] else words:
        globals()["part_" + part]()


if __name__ == "__main__":
    main()
