"""Expected values of the functions of stats/stats.h: each entry names the function, its arguments and who computed the result."""
import itertools
import math

import numpy as np
import scipy
from scipy import optimize, stats
from statsmodels import __version__ as STATSMODELS_VERSION
from statsmodels.stats.contingency_tables import StratifiedTable
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import (_confint_riskratio_koopman, confint_proportions_2indep, proportion_confint,
                                          proportions_ztest, score_test_proportions_2indep)

CONFIDENCE = 0.95
STATSMODELS = f"statsmodels {STATSMODELS_VERSION}"
SCIPY = f"scipy {scipy.__version__}"

# successes and trials of two groups: even and uneven sizes, rare and common, zero cells on either side, full cells, big counts.
QUADRUPLES = [
    (56, 70, 48, 80), (9, 10, 3, 10), (0, 10, 0, 20), (0, 10, 0, 10), (10, 10, 0, 20), (10, 10, 0, 10), (5, 56, 0, 29),  # Newcombe 1998
    (6, 7, 2, 7), (1, 20, 0, 20), (0, 20, 1, 20), (0, 50, 7, 50), (7, 50, 0, 50), (20, 20, 20, 20), (20, 20, 15, 20),
    (15, 20, 20, 20), (1, 1, 0, 1), (1, 2, 1, 2), (3, 12, 9, 300), (9, 300, 3, 12), (45, 50, 40, 50), (25, 50, 25, 50),
    (81, 263, 15, 148), (1, 29, 0, 20), (36, 40, 16, 80), (5, 80, 2, 3000), (100, 1000, 125, 1000), (10, 1000, 25, 1000),
    (500, 1000, 400, 1000), (990, 1000, 980, 1000), (2, 2000, 1, 50), (1755, 10771, 6662, 21790), (1179, 10771, 6662, 21790),
    (3894, 21307, 2262, 21306), (3238, 21387, 2262, 21306), (100000, 1000000, 98000, 1000000), (1, 1000000, 0, 1000000),
    (300, 10000, 12, 333), (50, 100, 49, 10000), (4800, 6000, 3000, 3000), (7, 11, 123456, 234567),
]
assert len(QUADRUPLES) == 40

BH_1995 = [.0001, .0004, .0019, .0095, .0201, .0278, .0298, .0344, .0459, .3240, .4262, .5719, .6528, .7590, 1.0]
P_LISTS = [BH_1995, [0.04], [0.01, 0.01, 0.01], [0.9, 0.001, 0.02, 0.5, 0.02], [1.0, 1.0], [0.0, 0.2, 0.05, 1e-12, 0.049]]

# Department A to F: admitted and rejected men, admitted and rejected women (R documentation of UCBAdmissions; Bickel et al. 1975).
UCB = [(512, 313, 89, 19), (353, 207, 17, 8), (120, 205, 202, 391), (138, 279, 131, 244), (53, 138, 94, 299), (22, 351, 24, 317)]


def entry(function, arguments, result, peer):
    clean = [number if math.isfinite(number) else "inf" for number in (float(r) for r in np.atleast_1d(result))]
    return {"function": function, "arguments": arguments, "result": clean, "peer": peer}


def wilson():
    pairs = sorted({pair for a, n, b, m in QUADRUPLES for pair in ((a, n), (b, m))})
    source = f"{STATSMODELS} proportion_confint(method='wilson')"
    return [entry("interval_wilson", [a, n, c], wilson_exact(a, n, c), source) for a, n in pairs for c in (CONFIDENCE, 0.99)]


def wilson_exact(successes, trials, confidence):
    """statsmodels leaves 1e-17 where the bound is 0 or 1 by definition."""
    low, high = proportion_confint(successes, trials, alpha=1 - confidence, method="wilson")
    return (0.0 if successes == 0 else low, 1.0 if successes == trials else high)


def newcombe_interval(quadruple):
    return confint_proportions_2indep(*quadruple, method="newcomb", compare="diff", alpha=1 - CONFIDENCE)


def newcombe():
    source = f"{STATSMODELS} confint_proportions_2indep(method='newcomb', compare='diff')"
    return [entry("interval_newcombe", [*q, CONFIDENCE], newcombe_interval(q), source) for q in QUADRUPLES]


def score_z(quadruple, scale, null_value, correction=False):
    with np.errstate(all="ignore"):
        return float(score_test_proportions_2indep(*quadruple, value=null_value, compare=scale, correction=correction).statistic)


def ratio_interval(quadruple):
    """Koopman's interval: the ratios at which statsmodels' score statistic is +-1.96, found to the last digits (its closed form,
    roots of a cubic, loses some; both are compared here)."""
    a, n, b, m = quadruple
    critical = stats.norm.isf((1 - CONFIDENCE) / 2)
    ends = []
    for target, without in ((critical, a == 0), (-critical, b == 0)):
        if without:
            ends.append(0.0 if target > 0 else math.inf)
            continue
        log_ratio = optimize.brentq(lambda x: score_z(quadruple, "ratio", math.exp(x)) - target, -18.0, 18.0, xtol=1e-15, rtol=1e-15,
                                    maxiter=500)
        ends.append(math.exp(log_ratio))
    if min(a, b) > 0 and a < n and b < m:
        closed = _confint_riskratio_koopman(*quadruple, correction=False).confint
        assert np.allclose(closed, ends, rtol=1e-6), (quadruple, closed, ends)
    return ends


def ratio_score():
    source = f"{STATSMODELS} score_test_proportions_2indep(compare='ratio', correction=False), inverted by scipy brentq"
    return [entry("interval_ratio_score", [*q, CONFIDENCE], ratio_interval(q), source) for q in QUADRUPLES if q[0] + q[2] > 0]


def difference_z(quadruple, null_value):
    """The score statistic of a difference, the nuisance rate where the likelihood's slope crosses zero (Mee 1984).

    statsmodels 0.15.0 cannot be asked: the third coefficient of its cubic has count0 where Miettinen and Nurminen 1985 have
    n0, so that off equality its rates are not the most likely ones (check_difference shows it)."""
    a, n, b, m = quadruple
    low, high = max(0.0, -null_value), min(1.0, 1.0 - null_value)

    def slope(p):
        q = p + null_value
        terms = ((a, q, 1), (n - a, 1 - q, -1), (b, p, 1), (m - b, 1 - p, -1))
        return sum(sign * count / rate if rate > 0 else sign * math.inf for count, rate, sign in terms if count > 0)

    edge = 1e-300 if low == 0 else 1e-16
    if slope(low + edge) <= 0:
        rate = low
    elif slope(high - 1e-16) >= 0:
        rate = high
    else:
        rate = optimize.brentq(slope, low + edge, high - 1e-16, xtol=1e-300, rtol=8.9e-16, maxiter=2000)
    other = rate + null_value
    variance = other * (1 - other) / n + rate * (1 - rate) / m
    return (a / n - b / m - null_value) / math.sqrt(variance) if variance > 1e-14 else math.nan


def check_difference():
    """Our rate is likelier than statsmodels'; at equality, where no cubic is solved, both statistics are the same."""
    quadruple, null_value = (500, 1000, 400, 1000), 0.2
    theirs = score_test_proportions_2indep(*quadruple, value=null_value, compare="diff", correction=False)
    a, n, b, m = quadruple

    def log_likelihood(p):
        return stats.binom.logpmf(a, n, p + null_value) + stats.binom.logpmf(b, m, p)
    best = optimize.minimize_scalar(lambda p: -log_likelihood(p), bounds=(1e-9, 0.8 - 1e-9), method="bounded").x
    assert log_likelihood(best) > log_likelihood(theirs.prop2_null) + 1
    assert math.isclose(difference_z(quadruple, 0.0), score_z(quadruple, "diff", 0.0), rel_tol=1e-12)
    spread = math.sqrt((best + null_value) * (1 - best - null_value) / n + best * (1 - best) / m)
    assert math.isclose(difference_z(quadruple, null_value), (a / n - b / m - null_value) / spread, rel_tol=1e-6)


def score_statistics():
    """The statistic at tolerance edges and at equality; where its variance vanishes there is no figure."""
    entries = []
    for quadruple in QUADRUPLES:
        for null_value in (-0.2, 0.0, 0.2):
            number = difference_z(quadruple, null_value)
            if math.isfinite(number):
                entries.append(entry("score_z_difference", [*quadruple, null_value], number, "likelihood maximised by scipy (difference_z)"))
        for null_value in (0.8, 1.0, 1.25):
            number, corrected = (score_z(quadruple, "ratio", null_value, correction=c) for c in (False, True))
            if not math.isfinite(number) or not math.isfinite(corrected):
                continue
            source = f"{STATSMODELS} score_test_proportions_2indep(compare='ratio', correction="
            entries.append(entry("score_z_ratio", [*quadruple, null_value], number, source + "False)"))
            entries.append(entry("score_z_ratio_miettinen_nurminen", [*quadruple, null_value], corrected, source + "True)"))
    return entries


def p_values():
    """Normal tails, for counts where the small-sample method of eh_score_p does not step in."""
    entries = []
    for quadruple in QUADRUPLES:
        a, n, b, m = quadruple
        if min(a, n - a, b, m - b) < 100:
            continue
        for null_value, direction in itertools.product((-0.2, 0.2), (-1, 1)):
            number = stats.norm.sf(direction * difference_z(quadruple, null_value))
            entries.append(entry("score_p_difference", [*quadruple, null_value, direction], number, f"{SCIPY} stats.norm.sf(difference_z)"))
        for null_value, (alternative, direction) in itertools.product((0.8, 1.25), (("smaller", -1), ("larger", 1))):
            number = score_test_proportions_2indep(*quadruple, value=null_value, compare="ratio", alternative=alternative,
                                                   correction=False).pvalue
            entries.append(entry("score_p_ratio", [*quadruple, null_value, direction], number,
                                 f"{STATSMODELS} score_test_proportions_2indep(compare='ratio', alternative=.., correction=False)"))
        pooled = proportions_ztest([a, b], [n, m])[1]
        entries.append(entry("equality_p", list(quadruple), pooled, f"{STATSMODELS} proportions_ztest"))
    return entries


def multiplicity():
    entries = []
    for values in P_LISTS:
        for function, method in (("adjust_holm", "holm"), ("adjust_benjamini_hochberg", "fdr_bh")):
            entries.append(entry(function, values, multipletests(values, method=method)[1], f"{STATSMODELS} multipletests('{method}')"))
    rejected = {m: int((multipletests(BH_1995, method=m)[1] <= 0.05).sum()) for m in ("holm", "fdr_bh")}
    assert rejected == {"holm": 3, "fdr_bh": 4}, rejected  # Benjamini and Hochberg 1995
    return entries


def mantel_haenszel(tables):
    table = StratifiedTable([np.array([[a, b], [c, d]], float) for a, b, c, d in tables])
    plain, corrected = table.test_null_odds(correction=False), table.test_null_odds(correction=True)
    low, high = table.oddsratio_pooled_confint(alpha=1 - CONFIDENCE)
    # A correction never goes beyond the deviation itself (as in R's mantelhaen.test); statsmodels subtracts .5 all the same.
    deviation = sum(a - (a + b) * (a + c) / (a + b + c + d) for a, b, c, d in tables)
    with_correction = corrected.statistic if abs(deviation) > 0.5 else 0.0
    return [table.oddsratio_pooled, low, high, plain.statistic, with_correction, plain.pvalue]


def strata():
    ucb = mantel_haenszel(UCB)
    # R documentation of mantelhaen.test on UCBAdmissions: common odds ratio .9046968, X-squared 1.4269 (1.5246 without correction).
    assert abs(ucb[0] - .9046968) < 5e-8 and abs(ucb[3] - 1.5246) < 5e-5 and abs(ucb[4] - 1.4269) < 5e-5, ucb
    source = f"{STATSMODELS} StratifiedTable: oddsratio_pooled, its confint, test_null_odds(False, True), p"
    others = [[(10, 5, 3, 8)], [(0, 5, 3, 8), (4, 6, 2, 9)], [(40, 10, 30, 20), (5, 45, 3, 47), (9, 1, 18, 2)]]
    entries = [entry("mantel_haenszel", [x for t in tables for x in t], mantel_haenszel(tables), source) for tables in (UCB, *others)]
    three = [[(30, 100), (45, 120), (5, 60)], [(10, 40), (30, 70), (12, 50)], [(80, 90), (60, 80), (9, 12)]]
    entries += [entry("cochran_mantel_haenszel", [x for s in three for group in s for x in group], generalised_cmh(three),
                      "Landis, Heyman and Koch 1978 in numpy (statistics_figures.py)")]
    return entries


def generalised_cmh(tables):
    """General association of K groups x 2 outcomes: [statistic, degrees of freedom, p]. tables: per stratum (picked, total) by group."""
    groups = len(tables[0])
    difference, covariance = np.zeros(groups - 1), np.zeros((groups - 1, groups - 1))
    for stratum in tables:
        picked, total = np.array(stratum, float).T
        everyone, chosen = total.sum(), picked.sum()
        if everyone < 2:
            continue
        share = total / everyone
        difference += (picked - share * chosen)[:-1]
        spread = chosen * (everyone - chosen) / (everyone - 1)
        covariance += (spread * (np.diag(share) - np.outer(share, share)))[:-1, :-1]
    statistic = float(difference @ np.linalg.solve(covariance, difference))
    return [statistic, groups - 1, float(stats.chi2.sf(statistic, groups - 1))]


def check_generalised_cmh():
    """Two identities: one stratum gives Pearson's chi-square times (N-1)/N; two groups give the plain CMH statistic."""
    one = [[(30, 100), (45, 120), (5, 60)]]
    pearson = stats.chi2_contingency([[p, t - p] for p, t in one[0]], correction=False)[0]
    assert math.isclose(generalised_cmh(one)[0], pearson * 279 / 280, rel_tol=1e-12)
    two = [[(a, a + b), (c, c + d)] for a, b, c, d in UCB]
    assert math.isclose(generalised_cmh(two)[0], mantel_haenszel(UCB)[3], rel_tol=1e-12)


def delong(labels, scores, confidence=CONFIDENCE):
    """AUC with DeLong's interval on the logit scale, by placement values (DeLong, DeLong and Clarke-Pearson 1988)."""
    labels, scores = np.asarray(labels), np.asarray(scores, float)
    positives, negatives = np.sort(scores[labels == 1]), np.sort(scores[labels == 0])
    of_positives = placements(positives, negatives)
    of_negatives = 1 - placements(negatives, positives)
    area = of_positives.mean()
    variance = of_positives.var(ddof=1) / len(positives) + of_negatives.var(ddof=1) / len(negatives)
    half = stats.norm.isf((1 - confidence) / 2) * math.sqrt(variance) / (area * (1 - area))
    middle = math.log(area / (1 - area))
    return [area, 1 / (1 + math.exp(half - middle)), 1 / (1 + math.exp(-half - middle))]


def placements(values, others):
    """For each value the share of others below it, ties half."""
    return (np.searchsorted(others, values, "left") + np.searchsorted(others, values, "right")) / (2 * len(others))


def check_delong():
    """The same from the definition: the kernel over every pair."""
    random = np.random.default_rng(20260101)
    labels, scores = random.integers(0, 2, 80), random.integers(0, 12, 80)
    kernel = np.array([[(p > n) + 0.5 * (p == n) for n in scores[labels == 0]] for p in scores[labels == 1]])
    variance = kernel.mean(1).var(ddof=1) / kernel.shape[0] + kernel.mean(0).var(ddof=1) / kernel.shape[1]
    area, low, high = delong(labels, scores)
    middle, half = math.log(kernel.mean() / (1 - kernel.mean())), stats.norm.isf(.025) * math.sqrt(variance) / (area * (1 - area))
    assert math.isclose(area, kernel.mean(), rel_tol=1e-13)
    assert math.isclose(low, 1 / (1 + math.exp(half - middle)), rel_tol=1e-12)


def scores():
    """Bins as score, negatives, positives."""
    sets = [[(0.1, 5, 1), (0.2, 4, 2), (0.5, 3, 3), (0.9, 1, 6)], [(1, 40, 3), (2, 30, 9), (3, 20, 14), (4, 8, 20), (5, 2, 30)],
            [(-3, 1, 0), (-1, 2, 1), (0, 0, 2), (7, 1, 3)]]
    entries = []
    for bins in sets:
        labels = [label for _, negatives, positives in bins for label in [0] * negatives + [1] * positives]
        values = [score for score, negatives, positives in bins for _ in range(negatives + positives)]
        entries.append(entry("auc_delong", [x for b in bins for x in b], delong(labels, values),
                             "DeLong et al. 1988 in numpy (statistics_figures.py), logit scale"))
    return entries


def means():
    sets = [[1.0, 2.0, 4.0], [0.0, 0.0, 0.0, 10.0, -3.5], [float(x) for x in range(40)]]
    source = f"{SCIPY} stats.t.interval"
    return [entry("interval_mean", [np.mean(s), np.var(s, ddof=1), len(s), CONFIDENCE],
                  stats.t.interval(CONFIDENCE, len(s) - 1, np.mean(s), stats.sem(s)), source) for s in sets]


def distributions():
    """On a grid, from scipy."""
    entries = []
    for a, b in itertools.product((0.5, 2, 30, 400.5), (0.5, 3, 77)):
        for x in (0.01, 0.3, 0.5, 0.95):
            entries.append(entry("beta_cdf", [x, a, b], stats.beta.cdf(x, a, b), f"{SCIPY} stats.beta.cdf"))
        entries.append(entry("beta_quantile", [0.025, a, b], stats.beta.ppf(0.025, a, b), f"{SCIPY} stats.beta.ppf"))
    for x, df in itertools.product((0.1, 1.5246, 3.84, 40), (1, 2, 5, 63)):
        entries.append(entry("chi_square_survival", [x, df], stats.chi2.sf(x, df), f"{SCIPY} stats.chi2.sf"))
    for t, df in itertools.product((-3.1, -0.2, 0.0, 1.96, 12.0), (1, 4.5, 30, 1e6)):
        entries.append(entry("student_cdf", [t, df], stats.t.cdf(t, df), f"{SCIPY} stats.t.cdf"))
    for k, n, p in ((0, 10, .3), (3, 10, .3), (10, 10, .3), (70, 1000, .08), (5, 1000000, .000004), (499999, 1000000, .5)):
        entries.append(entry("binomial_cdf", [k, n, p], stats.binom.cdf(k, n, p), f"{SCIPY} stats.binom.cdf"))
    for z in (-8.0, -1.959963984540054, -0.3, 0.0, 1.0, 6.0):
        entries.append(entry("normal_cdf", [z], stats.norm.cdf(z), f"{SCIPY} stats.norm.cdf"))
    for p in (1e-12, .0025, .025, .5, .8, .975, .999999):
        entries.append(entry("normal_quantile", [p], stats.norm.ppf(p), f"{SCIPY} stats.norm.ppf"))
    return entries


def tables():
    """One table per function: who computed it, and its cases."""
    check_generalised_cmh()
    check_delong()
    check_difference()
    found = {}
    parts = (wilson, newcombe, ratio_score, score_statistics, p_values, multiplicity, strata, scores, means, distributions)
    for item in (item for part in parts for item in part()):
        table = found.setdefault(item["function"], {"function": item["function"], "peer": item["peer"], "cases": []})
        assert table["peer"] == item["peer"]
        table["cases"].append({"arguments": item["arguments"], "result": item["result"]})
    return list(found.values())
