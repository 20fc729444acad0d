/* Score tests of two proportions: the estimate under the null hypothesis, the statistic, its exact and its normal tail, power. */
#include "stats/stats_int.h"

#include <float.h>
#include <math.h>

/* Expected counts below this make a cell small: the normal tail is then replaced by the exact one. */
static const double small_cell_expected = 50.0;
static const double exact_trials_max = 1e7;
/* Outcomes of the walked group that weigh less than this share of the observed outcome cannot show in the tail. */
static const double mass_share_least = 1e-12;
/* Statistics that differ by less are the same number, computed along two ways. */
static const double tie_width = 1e-9;

enum { POLISH_STEPS_MAX = 120, ENUMERATED_MAX = 2000 };

/* The most likely rates that satisfy the null hypothesis, and their complements. */
typedef struct {
    double a, not_a, b, not_b;
} null_rates;

typedef struct {
    double excess;   /* observed effect minus the null's, on the scale of rates */
    double variance; /* of it, under the null */
} score_parts;

static bool is_observed(eh_proportion observed)
{
    return observed.trials > 0 && observed.successes >= 0 && isfinite(observed.trials) && isfinite(observed.successes);
}

static double failures(eh_proportion observed)
{
    return fmax(observed.trials - observed.successes, 0);
}

static null_rates rates_pooled(eh_proportion a, eh_proportion b)
{
    double trials = a.trials + b.trials;
    double rate = (a.successes + b.successes) / trials, rest = (failures(a) + failures(b)) / trials;
    return (null_rates){rate, rest, rate, rest};
}

/* ---- ratio: the quadratic ---------------------------------------------------------------------------------------- */

/*
 * With theta the ratio, b's rate is the smaller root of A r^2 + B r + C, A = theta N, -B = theta (na + xb) + nb + xa, C = xa + xb.
 * The discriminant is rewritten as a sum of squares and products, so that it neither cancels nor turns negative.
 */
static null_rates rates_at_ratio(eh_proportion a, eh_proportion b, double ratio)
{
    double successes = a.successes + b.successes;
    double first = ratio * (a.trials + b.successes), second = b.trials + a.successes;
    double discriminant = (first - second) * (first - second) + 4 * ratio * failures(a) * failures(b);
    double rate = 2 * successes / (first + second + sqrt(discriminant));
    null_rates rates = {.a = fmin(ratio * rate, 1), .b = fmin(rate, 1)};
    rates.not_a = 1 - rates.a;
    rates.not_b = 1 - rates.b;
    return rates;
}

/* ---- difference: the cubic --------------------------------------------------------------------------------------- */

/* Farrington and Manning 1990, appendix: the closed solution for the rate of a. Good to about 1e-8, hence the polish below. */
static double closed_rate_at_difference(eh_proportion a, eh_proportion b, double difference)
{
    double share = b.trials / a.trials, rate_a = a.successes / a.trials, rate_b = b.successes / b.trials;
    double c3 = 1 + share;
    double c2 = -(1 + share + rate_a + share * rate_b + difference * (share + 2));
    double c1 = difference * difference + difference * (2 * rate_a + share + 1) + rate_a + share * rate_b;
    double c0 = -rate_a * difference * (1 + difference);
    double shift = c2 / (3 * c3);
    double v = shift * shift * shift - c2 * c1 / (6 * c3 * c3) + c0 / (2 * c3);
    double u = copysign(sqrt(fmax(shift * shift - c1 / (3 * c3), 0)), v);
    double cosine = u == 0 ? 0 : v / (u * u * u);
    double angle = (M_PI + acos(fmin(fmax(cosine, -1), 1))) / 3;
    return 2 * u * cos(angle) - shift;
}

/* The likelihood's slope in u, b's rate, times u (width - u), where a's rate is u + difference and width = 1 - difference. */
typedef struct {
    eh_proportion a, b;
    double difference, width;
} likelihood;

static double slope_scaled(const likelihood *l, double u)
{
    double rest = l->width - u;
    return l->b.successes * rest - failures(l->b) * u * (rest / (1 - u)) + l->a.successes * rest * (u / (u + l->difference)) -
           failures(l->a) * u;
}

/* For a difference above 0; the other case is this one with the groups exchanged. */
static null_rates rates_at_positive_difference(eh_proportion a, eh_proportion b, double difference)
{
    likelihood l = {a, b, difference, 1 - difference};
    double rate;
    bool at_bottom = b.successes <= 0 && a.successes / difference <= failures(b) + failures(a) / l.width;
    bool at_top = failures(a) <= 0 && failures(b) / difference <= a.successes + b.successes / l.width;
    if (at_bottom) {
        rate = 0;
    } else if (at_top) {
        rate = l.width;
    } else {
        double low = 0, high = l.width;
        rate = closed_rate_at_difference(a, b, difference) - difference;
        for (int step = 0; step < POLISH_STEPS_MAX; step++) {
            if (!(rate > low && rate < high))
                rate = low > 0 ? sqrt(low) * sqrt(high) : high > 1e-300 ? high * 0x1.0p-10 : 0;
            double slope = slope_scaled(&l, rate);
            if (slope == 0 || rate == 0)
                break;
            if (slope > 0)
                low = rate;
            else
                high = rate;
            double reach = 1e-7 * rate;
            double steepness = (slope_scaled(&l, rate + reach) - slope) / reach;
            double next = rate - slope / steepness;
            if (step % 4 == 3 || !(next > low && next < high))
                next = low > 0 && high / low > 4 ? sqrt(low) * sqrt(high) : low + (high - low) / 2;
            if (fabs(next - rate) <= 1e-15 * rate || high - low <= 1e-15 * low)
                break;
            rate = next;
        }
    }
    return (null_rates){.a = rate + difference, .not_a = l.width - rate, .b = rate, .not_b = 1 - rate};
}

static null_rates rates_at_difference(eh_proportion a, eh_proportion b, double difference)
{
    if (difference >= 1)
        return (null_rates){1, 0, 0, 1};
    if (difference > 0)
        return rates_at_positive_difference(a, b, difference);
    null_rates exchanged = difference <= -1 ? (null_rates){1, 0, 0, 1} : rates_at_positive_difference(b, a, -difference);
    return (null_rates){exchanged.b, exchanged.not_b, exchanged.a, exchanged.not_a};
}

/* ---- the statistic ----------------------------------------------------------------------------------------------- */

static bool is_equality(eh_scale scale, double null_value)
{
    return scale == EH_SCALE_DIFFERENCE ? null_value == 0 : null_value == 1;
}

static null_rates rates_under_null(eh_scale scale, eh_proportion a, eh_proportion b, double null_value)
{
    if (is_equality(scale, null_value))
        return rates_pooled(a, b);
    return scale == EH_SCALE_DIFFERENCE ? rates_at_difference(a, b, null_value) : rates_at_ratio(a, b, null_value);
}

static score_parts parts_under_null(eh_scale scale, eh_proportion a, eh_proportion b, double null_value)
{
    null_rates rates = rates_under_null(scale, a, b, null_value);
    double rate_a = a.successes / a.trials, rate_b = b.successes / b.trials;
    double variance_a = rates.a * rates.not_a / a.trials, variance_b = rates.b * rates.not_b / b.trials;
    if (scale == EH_SCALE_DIFFERENCE)
        return (score_parts){rate_a - rate_b - null_value, variance_a + variance_b};
    return (score_parts){rate_a - null_value * rate_b, variance_a + null_value * null_value * variance_b};
}

static bool is_null_possible(eh_scale scale, double null_value)
{
    if (scale == EH_SCALE_RATIO)
        return null_value > 0 && isfinite(null_value);
    return fabs(null_value) <= 1;
}

double eh_score_z(eh_scale scale, eh_proportion a, eh_proportion b, double null_value)
{
    if (!is_observed(a) || !is_observed(b) || !is_null_possible(scale, null_value))
        return EH_NAN;
    score_parts parts = parts_under_null(scale, a, b, null_value);
    if (parts.variance > 0)
        return parts.excess / sqrt(parts.variance);
    /* No variance: the data are all successes or all failures just as the null says, or the null allows one outcome only. */
    if (fabs(parts.excess) <= tie_width)
        return 0;
    return parts.excess > 0 ? EH_INFINITY : -EH_INFINITY;
}

/* ---- the exact tail ---------------------------------------------------------------------------------------------- */

/* A sum over every outcome whose statistic is at most `cut`: one group is walked through, the other has a critical region. */
typedef struct {
    eh_scale scale;
    double null_value;
    eh_proportion a, b;
    null_rates rates;
    double cut;
    bool walks_a; /* else b is walked */
} exact_tail;

static bool is_extreme(const exact_tail *tail, double walked, double other)
{
    eh_proportion a = {tail->walks_a ? walked : other, tail->a.trials};
    eh_proportion b = {tail->walks_a ? other : walked, tail->b.trials};
    return eh_score_z(tail->scale, a, b, tail->null_value) <= tail->cut;
}

/*
 * The statistic grows with a and falls with b. Walking a: the least b that is extreme (trials + 1 if none). Walking b: the least a
 * that is not extreme. Both grow with the walked count, so the search starts from the answer before.
 */
static double region_edge(const exact_tail *tail, double walked, double start)
{
    double trials = tail->walks_a ? tail->b.trials : tail->a.trials;
    bool wanted = tail->walks_a;
    double low = start - 1, high = start, reach = 1;
    while (high <= trials && is_extreme(tail, walked, high) != wanted) {
        low = high;
        high = fmin(high + reach, trials + 1);
        reach *= 2;
    }
    while (high - low > 1) {
        double middle = floor(low + (high - low) / 2);
        if (is_extreme(tail, walked, middle) == wanted)
            high = middle;
        else
            low = middle;
    }
    return high;
}

static double mass_of(double count, double trials, double rate, double rest)
{
    return count < 0 || count > trials ? 0 : eh_binomial_raw(count, trials, rate, rest);
}

/* The tail's probability, or NaN when the walk would be too long. */
static double exact_tail_probability(const exact_tail *tail)
{
    /* The observed outcome is in the tail, so the tail is never less likely than it is. */
    double observed_mass = mass_of(tail->a.successes, tail->a.trials, tail->rates.a, tail->rates.not_a) *
                           mass_of(tail->b.successes, tail->b.trials, tail->rates.b, tail->rates.not_b);
    double mass_least = fmax(observed_mass * mass_share_least, DBL_MIN);
    eh_proportion walked = tail->walks_a ? tail->a : tail->b, other = tail->walks_a ? tail->b : tail->a;
    double rate = tail->walks_a ? tail->rates.a : tail->rates.b, rest = tail->walks_a ? tail->rates.not_a : tail->rates.not_b;
    double other_rate = tail->walks_a ? tail->rates.b : tail->rates.a;
    double mode = fmin(floor((walked.trials + 1) * rate), walked.trials);
    double first = mode;
    int steps = 0;
    while (first > 0 && mass_of(first - 1, walked.trials, rate, rest) >= mass_least && steps < ENUMERATED_MAX)
        first--, steps++;
    double sum = 0, edge = 0;
    for (double count = first; count <= walked.trials && steps < ENUMERATED_MAX; count++, steps++) {
        double mass = mass_of(count, walked.trials, rate, rest);
        if (count > mode && mass < mass_least)
            break;
        edge = region_edge(tail, count, edge);
        eh_tails tails = eh_binomial_tails(edge - 1, other.trials, other_rate);
        sum += mass * (tail->walks_a ? tails.upper : tails.lower);
    }
    return steps < ENUMERATED_MAX ? fmin(sum, 1) : EH_NAN;
}

static bool is_small(eh_proportion a, eh_proportion b, const null_rates *rates)
{
    if (a.trials > exact_trials_max || b.trials > exact_trials_max || !eh_proportion_is_whole(a) || !eh_proportion_is_whole(b))
        return false;
    double least_a = a.trials * fmin(rates->a, rates->not_a), least_b = b.trials * fmin(rates->b, rates->not_b);
    return fmin(least_a, least_b) < small_cell_expected;
}

double eh_score_p(eh_scale scale, eh_proportion a, eh_proportion b, double null_value, int direction)
{
    EH_ASSERT(direction != 0);
    double z = eh_score_z(scale, a, b, null_value);
    if (isnan(z))
        return EH_NAN;
    if (direction > 0) {
        /* "a is greater" is "b is less" with the groups exchanged, so one tail is enough below. */
        eh_proportion kept = a;
        a = b, b = kept;
        null_value = scale == EH_SCALE_DIFFERENCE ? -null_value : 1 / null_value;
        z = eh_score_z(scale, a, b, null_value);
    }
    null_rates rates = rates_under_null(scale, a, b, null_value);
    if (is_small(a, b, &rates)) {
        exact_tail tail = {.scale = scale, .null_value = null_value, .a = a, .b = b, .rates = rates};
        tail.cut = z + tie_width * fmax(1, fabs(z));
        tail.walks_a = a.trials * rates.a * rates.not_a <= b.trials * rates.b * rates.not_b;
        double p = exact_tail_probability(&tail);
        if (!isnan(p))
            return p;
    }
    return eh_normal_cdf(z);
}

double eh_equality_p(eh_proportion a, eh_proportion b)
{
    double less = eh_score_p(EH_SCALE_DIFFERENCE, a, b, 0, -1), greater = eh_score_p(EH_SCALE_DIFFERENCE, a, b, 0, 1);
    if (isnan(less) || isnan(greater))
        return EH_NAN;
    return fmin(2 * fmin(less, greater), 1);
}

/* ---- what could have been found ---------------------------------------------------------------------------------- */

typedef struct {
    const eh_detectable_spec *spec;
    double critical, power_quantile;
} detection;

/* How far the expected statistic lies beyond what is needed for the power; at least 0 means that the rate would be found. */
static double beyond_need(const void *context, double rate)
{
    const detection *d = context;
    const eh_detectable_spec *spec = d->spec;
    eh_proportion a = {rate * spec->trials_a, spec->trials_a}, b = {spec->rate_b * spec->trials_b, spec->trials_b};
    score_parts parts = parts_under_null(spec->scale, a, b, spec->null_value);
    double scale_b = spec->scale == EH_SCALE_RATIO ? spec->null_value : 1;
    double variance = rate * (1 - rate) / spec->trials_a + scale_b * scale_b * spec->rate_b * (1 - spec->rate_b) / spec->trials_b;
    double need = d->critical * sqrt(parts.variance) + d->power_quantile * sqrt(variance);
    return (spec->direction < 0 ? -parts.excess : parts.excess) - need;
}

double eh_detectable_rate(const eh_detectable_spec *spec)
{
    EH_ASSERT(spec->direction != 0 && spec->alpha > 0 && spec->alpha < 1 && spec->power > 0 && spec->power < 1);
    if (!(spec->trials_a > 0 && spec->trials_b > 0 && spec->rate_b >= 0 && spec->rate_b <= 1) ||
        !is_null_possible(spec->scale, spec->null_value))
        return EH_NAN;
    double edge = spec->scale == EH_SCALE_RATIO ? spec->rate_b * spec->null_value : spec->rate_b + spec->null_value;
    const detection d = {spec, eh_normal_critical(1 - spec->alpha), eh_normal_quantile(spec->power)};
    double end = spec->direction < 0 ? 0 : 1;
    double at_found = beyond_need(&d, end);
    if ((spec->direction < 0 ? edge <= end : edge >= end) || at_found < 0)
        return EH_NAN;
    double missed = fmin(fmax(edge, 0), 1), at_missed = beyond_need(&d, missed);
    if (at_found <= 0 || at_missed > 0)
        return end;
    eh_bracket between = missed < end ? (eh_bracket){missed, end, at_missed, at_found} : (eh_bracket){end, missed, at_found, at_missed};
    return eh_root((eh_curve){beyond_need, &d}, between, 1e-12);
}
