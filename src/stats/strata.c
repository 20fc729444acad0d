/* Tables within strata: Mantel and Haenszel's odds ratio, Cochran-Mantel-Haenszel tests. */
#include "stats/stats_int.h"

#include <math.h>

/* ---- two groups -------------------------------------------------------------------------------------------------- */

/* What one pass over the strata adds up; names as in Robins, Breslow and Greenland 1986. */
typedef struct {
    double r, s, pr, ps_qr, qs;
    double deviation, variance;
    double difference_above, difference_below;
    double total;
} strata_sums;

static strata_sums add_up(const eh_stratum *strata, size_t strata_count)
{
    strata_sums sums = {0};
    for (size_t i = 0; i < strata_count; i++) {
        eh_stratum t = strata[i];
        double n = t.a + t.b + t.c + t.d;
        if (!(n > 0))
            continue;
        double p = (t.a + t.d) / n, q = (t.b + t.c) / n, r = t.a * t.d / n, s = t.b * t.c / n;
        sums.r += r, sums.s += s, sums.pr += p * r, sums.ps_qr += p * s + q * r, sums.qs += q * s;
        double group = t.a + t.b, reference = t.c + t.d, picked = t.a + t.c, left = t.b + t.d;
        sums.difference_above += (t.a * reference - t.c * group) / n;
        sums.difference_below += group * reference / n;
        sums.total += n;
        if (n > 1) {
            sums.deviation += t.a - group * picked / n;
            sums.variance += group * reference * picked * left / (n * n * (n - 1));
        }
    }
    return sums;
}

static eh_estimate odds_ratio_of(const strata_sums *sums, double confidence)
{
    eh_estimate ratio = {.value = EH_NAN, .low = 0, .high = EH_INFINITY, .n = sums->total};
    if (!(sums->r > 0) && !(sums->s > 0))
        return ratio;
    if (!(sums->r > 0) || !(sums->s > 0)) {
        /* The variance is not defined at 0 and infinity: the interval stays as wide as an odds ratio can be. */
        ratio.value = sums->r > 0 ? EH_INFINITY : 0;
        return ratio;
    }
    ratio.value = sums->r / sums->s;
    double variance = sums->pr / (2 * sums->r * sums->r) + sums->ps_qr / (2 * sums->r * sums->s) + sums->qs / (2 * sums->s * sums->s);
    double reach = exp(eh_normal_critical(confidence) * sqrt(variance));
    ratio.low = ratio.value / reach;
    ratio.high = ratio.value * reach;
    return ratio;
}

eh_mantel_haenszel eh_mantel_haenszel_of(const eh_stratum *strata, size_t strata_count, double confidence)
{
    EH_ASSERT(confidence > 0 && confidence < 1);
    strata_sums sums = add_up(strata, strata_count);
    eh_mantel_haenszel result = {.odds_ratio = odds_ratio_of(&sums, confidence),
                                 .statistic = EH_NAN,
                                 .statistic_corrected = EH_NAN,
                                 .p = EH_NAN,
                                 .risk_difference = EH_NAN};
    if (sums.difference_below > 0)
        result.risk_difference = sums.difference_above / sums.difference_below;
    if (sums.variance > 0) {
        double deviation = fabs(sums.deviation), corrected = deviation - fmin(0.5, deviation);
        result.statistic = deviation * deviation / sums.variance;
        result.statistic_corrected = corrected * corrected / sums.variance;
        result.p = eh_chi_square_survival(result.statistic, 1);
    }
    return result;
}

/* ---- many groups ------------------------------------------------------------------------------------------------- */

typedef struct {
    size_t groups_count;
    double *covariance; /* groups x groups, symmetric */
    double *deviation;  /* picked minus expected, by group */
} strata_moments;

static void add_stratum(strata_moments *moments, const double *picked, const double *total)
{
    size_t groups = moments->groups_count;
    double n = 0, m = 0;
    for (size_t g = 0; g < groups; g++)
        n += total[g], m += picked[g];
    if (!(n > 1))
        return;
    double factor = m * (n - m) / (n * n * (n - 1));
    for (size_t g = 0; g < groups; g++) {
        moments->deviation[g] += picked[g] - total[g] * m / n;
        for (size_t h = 0; h < groups; h++)
            moments->covariance[g * groups + h] += factor * total[g] * ((g == h ? n : 0) - total[h]);
    }
}

/* Swaps two groups in the part of the problem that is not eliminated yet; the order of groups does not matter to the result. */
static void swap_groups(strata_moments *moments, size_t g, size_t h)
{
    size_t groups = moments->groups_count;
    double *v = moments->covariance, kept = moments->deviation[g];
    moments->deviation[g] = moments->deviation[h];
    moments->deviation[h] = kept;
    for (size_t i = 0; i < groups; i++) {
        kept = v[g * groups + i], v[g * groups + i] = v[h * groups + i], v[h * groups + i] = kept;
    }
    for (size_t i = 0; i < groups; i++) {
        kept = v[i * groups + g], v[i * groups + g] = v[i * groups + h], v[i * groups + h] = kept;
    }
}

/*
 * d' V^- d by symmetric elimination with the largest pivot first. The rows of V add up to 0, so V has at most rank groups - 1, and
 * less when groups never meet in a stratum; the deviations lie in its range, so any generalised inverse gives the same value.
 */
static double eliminate(strata_moments *moments, size_t *rank_out)
{
    size_t groups = moments->groups_count, rank = 0;
    double *v = moments->covariance, *d = moments->deviation;
    double largest = 0, statistic = 0;
    for (size_t g = 0; g < groups; g++)
        largest = fmax(largest, v[g * groups + g]);
    for (; rank < groups; rank++) {
        size_t pivot = rank;
        for (size_t g = rank + 1; g < groups; g++)
            if (v[g * groups + g] > v[pivot * groups + pivot])
                pivot = g;
        if (!(v[pivot * groups + pivot] > 1e-10 * largest))
            break;
        if (pivot != rank)
            swap_groups(moments, pivot, rank);
        double diagonal = v[rank * groups + rank];
        statistic += d[rank] * d[rank] / diagonal;
        for (size_t g = rank + 1; g < groups; g++) {
            double share = v[g * groups + rank] / diagonal;
            d[g] -= share * d[rank];
            for (size_t h = rank + 1; h < groups; h++)
                v[g * groups + h] -= share * v[rank * groups + h];
        }
    }
    *rank_out = rank;
    return statistic;
}

eh_code eh_cochran_mantel_haenszel(const eh_strata_table *table, eh_arena *arena, double *statistic_out, double *df_out, double *p_out,
                                   eh_error *error)
{
    size_t groups = table->groups_count;
    if (groups > EH_GROUPS_MAX)
        return eh_fail(error, EH_LIMIT, "a test within strata of %zu groups, at most %d", groups, EH_GROUPS_MAX);
    strata_moments moments = {.groups_count = groups,
                              .covariance = EH_TAKE(arena, groups * groups, double),
                              .deviation = EH_TAKE(arena, groups, double)};
    if (moments.covariance == NULL || moments.deviation == NULL)
        return eh_fail_memory(error);
    for (size_t s = 0; s < table->strata_count; s++)
        add_stratum(&moments, table->picked + s * groups, table->total + s * groups);
    size_t rank;
    double statistic = eliminate(&moments, &rank);
    *statistic_out = rank > 0 ? statistic : EH_NAN;
    *df_out = (double)rank;
    *p_out = rank > 0 ? eh_chi_square_survival(statistic, (double)rank) : EH_NAN;
    return EH_OK;
}
