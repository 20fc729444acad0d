#include <math.h>

#include "audit/audit_int.h"

static const double power_wanted = 0.8;
/* Below this normal-tail p-value the exact tail is worth its cost; above it neither can change a verdict. */
static const double exact_worthwhile_p = 0.2;

/* ---- what is compared ----------------------------------------------------------------------------------------------------- */

/** The two sides of a comparison: a is the group, b the reference (or, against everybody, the rest). */
typedef struct {
    eh_measure measure;
    eh_proportion a, b;           /* of proportions */
    eh_estimate a_value, b_value; /* of everything */
    double share;                 /* against everybody: a's part of all weight; else NaN */
} sides;

/** The tolerance's edges for a comparison: on the ratio scale [r, 1/r], on the difference scale +-(1 - r). */
typedef struct {
    double low, high;
} edges;

static edges tolerance_edges(const eh_audit_options *options, eh_scale scale)
{
    if (scale == EH_SCALE_RATIO)
        return (edges){options->ratio_min, 1 / options->ratio_min};
    return (edges){-(1 - options->ratio_min), 1 - options->ratio_min};
}

static double effect_value(eh_scale scale, double a, double b)
{
    if (isnan(a) || isnan(b))
        return EH_NAN;
    if (scale == EH_SCALE_DIFFERENCE)
        return a - b;
    return b > 0 ? a / b : a > 0 ? EH_INFINITY : EH_NAN;
}

/* ---- proportions ------------------------------------------------------------------------------------------------------------ */

static double one_sided_p(eh_scale scale, const sides *s, double null_value, int direction)
{
    double z = eh_score_z(scale, s->a, s->b, null_value);
    double normal = eh_normal_cdf(direction < 0 ? z : -z);
    return normal < exact_worthwhile_p ? eh_score_p(scale, s->a, s->b, null_value, direction) : normal;
}

/** p-value that the effect lies within [low, high], against either side; two-sided. */
static double proportion_violates_p(eh_scale scale, const sides *s, edges tolerance)
{
    double below = one_sided_p(scale, s, tolerance.low, -1);
    double above = one_sided_p(scale, s, tolerance.high, 1);
    return fmin(2 * fmin(below, above), 1);
}

static eh_interval proportion_interval(eh_scale scale, const sides *s, double confidence)
{
    return scale == EH_SCALE_DIFFERENCE ? eh_interval_newcombe(s->a, s->b, confidence)
                                        : eh_interval_ratio_score(s->a, s->b, confidence);
}

static double proportion_equality_p(const sides *s)
{
    double z = eh_score_z(EH_SCALE_DIFFERENCE, s->a, s->b, 0);
    double normal = 2 * eh_normal_cdf(-fabs(z));
    return normal < 2 * exact_worthwhile_p ? eh_equality_p(s->a, s->b) : normal;
}

/** The nearest effect on the side of `side` that would be found; NaN when none would. */
static double proportion_detectable(const eh_audit_options *options, eh_scale scale, const sides *s, edges tolerance, int side)
{
    double b_rate = s->b.trials > 0 ? s->b.successes / s->b.trials : EH_NAN;
    eh_detectable_spec spec = {
        .scale = scale,
        .trials_a = s->a.trials,
        .trials_b = s->b.trials,
        .rate_b = b_rate,
        .null_value = side < 0 ? tolerance.low : tolerance.high,
        .direction = side,
        .alpha = 1 - options->confidence,
        .power = power_wanted,
    };
    return isnan(b_rate) ? b_rate : effect_value(scale, eh_detectable_rate(&spec), b_rate);
}

/* ---- other estimates: their own intervals, combined by MOVER ------------------------------------------------------------------ */

static eh_estimate scaled(eh_estimate estimate, double factor)
{
    return (eh_estimate){estimate.value * factor, estimate.low * factor, estimate.high * factor, estimate.n};
}

/** z of a - factor * b - shift, with the sides' standard errors read off the halves of their intervals that matter. */
static double mover_z(const sides *s, double factor, double shift, double critical)
{
    eh_estimate b = scaled(s->b_value, factor);
    double distance = s->a_value.value - b.value - shift;
    double a_half = distance > 0 ? s->a_value.value - s->a_value.low : s->a_value.high - s->a_value.value;
    double b_half = distance > 0 ? b.high - b.value : b.value - b.low;
    double error = hypot(a_half, b_half) / critical;
    if (!(error > 0))
        return distance == 0 ? 0 : copysign(EH_INFINITY, distance);
    return distance / error;
}

/** Unbounded measures (money, log loss) have no natural unit: their difference is judged relative to the reference. */
static bool judged_as_ratio(eh_measure measure, eh_scale scale)
{
    return scale == EH_SCALE_RATIO || eh_measure_get(measure)->unbounded;
}

static double mover_violates_p(const sides *s, eh_scale scale, edges tolerance, edges ratio_tolerance, double critical)
{
    bool as_ratio = judged_as_ratio(s->measure, scale);
    double below = as_ratio ? mover_z(s, ratio_tolerance.low, 0, critical) : mover_z(s, 1, tolerance.low, critical);
    double above = as_ratio ? mover_z(s, ratio_tolerance.high, 0, critical) : mover_z(s, 1, tolerance.high, critical);
    return fmin(2 * fmin(eh_normal_cdf(below), eh_normal_cdf(-above)), 1);
}

static eh_interval mover_interval(eh_scale scale, const sides *s)
{
    if (scale == EH_SCALE_DIFFERENCE)
        return eh_interval_difference_mover(s->a_value, s->b_value);
    if (s->a_value.value < 0 || s->b_value.value <= 0 || s->a_value.low < 0 || s->b_value.low < 0)
        return (eh_interval){EH_NAN, EH_NAN};
    return eh_interval_ratio_mover(s->a_value, s->b_value);
}

/** Estimates at another confidence, by stretching both halves of the interval; never beyond what the measure can be. */
static eh_estimate stretched(eh_estimate estimate, double factor, eh_measure measure)
{
    eh_estimate wide = estimate;
    wide.low = estimate.value - (estimate.value - estimate.low) * factor;
    wide.high = estimate.value + (estimate.high - estimate.value) * factor;
    if (measure != EH_VALUE_MEAN)
        wide.low = fmax(wide.low, 0);
    if (!eh_measure_get(measure)->unbounded)
        wide.high = fmin(wide.high, 1);
    return wide;
}

static double mover_detectable(const sides *s, eh_scale scale, edges tolerance, double critical, int side)
{
    double a_error = (s->a_value.high - s->a_value.low) / (2 * critical);
    double b_error = (s->b_value.high - s->b_value.low) / (2 * critical);
    double edge = side < 0 ? tolerance.low : tolerance.high;
    double reach = (critical + eh_normal_quantile(power_wanted)) * side;
    if (scale == EH_SCALE_DIFFERENCE)
        return edge + reach * hypot(a_error, b_error);
    double ratio = edge + reach * hypot(a_error, edge * b_error) / s->b_value.value;
    return ratio > 0 && isfinite(ratio) ? ratio : EH_NAN;
}

/* ---- one comparison -------------------------------------------------------------------------------------------------------------- */

/** Effects against everybody follow from effects against the rest: everybody = share * group + (1 - share) * rest. */
static double rest_to_everybody(eh_scale scale, double effect, double share)
{
    if (scale == EH_SCALE_DIFFERENCE)
        return (1 - share) * effect;
    return isinf(effect) ? 1 / share : effect / (share * effect + (1 - share));
}

static double everybody_to_rest(eh_scale scale, double effect, double share)
{
    if (scale == EH_SCALE_DIFFERENCE)
        return effect / (1 - share);
    double below = 1 - effect * share;
    return below > 0 ? effect * (1 - share) / below : EH_INFINITY;
}

static void compare_proportions(const audit_run *run, const sides *s, double simultaneous, eh_comparison *c)
{
    edges tolerance = tolerance_edges(run->options, c->scale);
    bool everybody = !isnan(s->share);
    if (everybody)
        tolerance = (edges){everybody_to_rest(c->scale, tolerance.low, s->share), everybody_to_rest(c->scale, tolerance.high, s->share)};
    eh_interval interval = proportion_interval(c->scale, s, run->options->confidence);
    eh_interval wide = proportion_interval(c->scale, s, simultaneous);
    c->p_violates = proportion_violates_p(c->scale, s, tolerance);
    int side = eh_score_z(EH_SCALE_DIFFERENCE, s->a, s->b, 0) > 0 ? 1 : -1;
    c->detectable = proportion_detectable(run->options, c->scale, s, tolerance, side);
    if (isnan(c->detectable))
        c->detectable = proportion_detectable(run->options, c->scale, s, tolerance, -side);
    if (everybody) {
        interval = (eh_interval){rest_to_everybody(c->scale, interval.low, s->share), rest_to_everybody(c->scale, interval.high, s->share)};
        wide = (eh_interval){rest_to_everybody(c->scale, wide.low, s->share), rest_to_everybody(c->scale, wide.high, s->share)};
        c->detectable = rest_to_everybody(c->scale, c->detectable, s->share);
    }
    c->low = interval.low;
    c->high = interval.high;
    c->low_simultaneous = wide.low;
    c->high_simultaneous = wide.high;
}

static void compare_estimates(const audit_run *run, const sides *s, double simultaneous, eh_comparison *c)
{
    double critical = eh_normal_quantile(0.5 + run->options->confidence / 2);
    double factor = eh_normal_quantile(0.5 + simultaneous / 2) / critical;
    edges tolerance = tolerance_edges(run->options, c->scale), ratio_tolerance = tolerance_edges(run->options, EH_SCALE_RATIO);
    eh_interval interval = mover_interval(c->scale, s);
    sides wide_sides = *s;
    wide_sides.a_value = stretched(s->a_value, factor, s->measure);
    wide_sides.b_value = stretched(s->b_value, factor, s->measure);
    eh_interval wide = mover_interval(c->scale, &wide_sides);
    c->low = interval.low;
    c->high = interval.high;
    c->low_simultaneous = wide.low;
    c->high_simultaneous = wide.high;
    c->p = fmin(2 * eh_normal_cdf(-fabs(mover_z(s, 1, 0, critical))), 1);
    c->p_violates = mover_violates_p(s, c->scale, tolerance, ratio_tolerance, critical);
    int side = s->a_value.value > s->b_value.value ? 1 : -1;
    edges detect = tolerance;
    if (c->scale == EH_SCALE_DIFFERENCE && judged_as_ratio(s->measure, c->scale))
        detect = (edges){(ratio_tolerance.low - 1) * s->b_value.value, (ratio_tolerance.high - 1) * s->b_value.value};
    c->detectable = mover_detectable(s, c->scale, detect, critical, side);
}

static void compare(const audit_run *run, const sides *s, double simultaneous, eh_comparison *c)
{
    c->low = c->high = c->low_simultaneous = c->high_simultaneous = EH_NAN;
    c->p_adjusted = c->p_violates = c->detectable = EH_NAN;
    c->verdict = EH_NOT_ENOUGH_EVIDENCE;
    if (isnan(s->a_value.value) || isnan(s->b_value.value)) {
        c->value = c->p = EH_NAN;
        return;
    }
    c->value = effect_value(c->scale, s->a_value.value, s->b_value.value);
    if (!isnan(s->share))
        c->value = isnan(c->value) ? c->value : rest_to_everybody(c->scale, c->value, s->share);
    if (eh_measure_get(s->measure)->proportion)
        compare_proportions(run, s, simultaneous, c);
    else
        compare_estimates(run, s, simultaneous, c);
}

/* ---- all comparisons of a section ---------------------------------------------------------------------------------------------------- */

static sides sides_of(const section_build *build, eh_measure measure, int32_t a, int32_t b)
{
    sides s = {.measure = measure, .share = EH_NAN};
    s.a_value = build->groups[a].measures[measure];
    s.b_value = build->groups[b].measures[measure];
    if (eh_measure_get(measure)->proportion) {
        s.a = measure_proportion(measure, &build->tallies[a]);
        s.b = measure_proportion(measure, &build->tallies[b]);
    }
    return s;
}

/** The confidence of one interval at which all groups' intervals against the reference hold at once (max-T, many to one). */
static eh_code simultaneous_confidence(audit_run *run, const section_build *build, double *confidence_out, eh_error *error)
{
    const eh_audit_section *section = build->section;
    double *lambda = EH_TAKE(run->scratch, section->groups_count, double);
    if (!lambda)
        return eh_fail_memory(error);
    size_t count = 0;
    double reference = section->reference >= 0 ? section->groups[section->reference].effective : 0;
    for (size_t g = 0; g < section->groups_count; g++)
        if ((int32_t)g != section->reference && section->groups[g].effective > 0)
            lambda[count++] = sqrt(section->groups[g].effective / (section->groups[g].effective + reference));
    /* Intersections have many groups and a small reference, where the shared error gains little over Sidak's bound. */
    double critical = section->depth <= 1 ? eh_dunnett_critical(lambda, count, run->options->confidence)
                                          : eh_sidak_critical(count, run->options->confidence);
    *confidence_out = eh_confidence_of_critical(critical);
    return EH_OK;
}

static bool gates(const audit_run *run, eh_measure measure, eh_scale scale)
{
    return scale == EH_SCALE_RATIO && (run->options->gate >> measure & 1U);
}

static void compare_with_reference(audit_run *run, section_build *build, eh_measure measure, double simultaneous)
{
    eh_audit_section *section = build->section;
    for (size_t g = 0; g < section->groups_count; g++) {
        if ((int32_t)g == section->reference)
            continue;
        sides s = sides_of(build, measure, (int32_t)g, section->reference);
        double p = eh_measure_get(measure)->proportion && s.a.trials > 0 && s.b.trials > 0 ? proportion_equality_p(&s) : EH_NAN;
        for (eh_scale scale = EH_SCALE_DIFFERENCE; scale <= EH_SCALE_RATIO; scale++) {
            eh_comparison *c = &build->comparisons[section->comparisons_count++];
            *c = (eh_comparison){.measure = measure, .scale = scale, .group = (int32_t)g, .reference = section->reference, .p = p,
                                 .gate = gates(run, measure, scale)};
            compare(run, &s, simultaneous, c);
        }
    }
}

static void compare_with_everybody(audit_run *run, section_build *build, eh_measure measure)
{
    eh_audit_section *section = build->section;
    double simultaneous = eh_confidence_of_critical(eh_sidak_critical(section->groups_count, run->options->confidence));
    for (size_t g = 0; g < section->groups_count; g++) {
        tally rest = {0};
        for (size_t other = 0; other < section->groups_count; other++)
            if (other != g)
                tally_add(&rest, &build->tallies[other]);
        sides s = {.measure = measure, .a_value = section->groups[g].measures[measure]};
        s.a = measure_proportion(measure, &build->tallies[g]);
        s.b = measure_proportion(measure, &rest);
        s.b_value = (eh_estimate){s.b.trials > 0 ? s.b.successes / s.b.trials : EH_NAN, 0, 1, s.b.trials};
        double weight = measure_weight(measure, &build->tallies[g]);
        s.share = weight / (weight + measure_weight(measure, &rest));
        double p = s.a.trials > 0 && s.b.trials > 0 ? proportion_equality_p(&s) : EH_NAN;
        for (eh_scale scale = EH_SCALE_DIFFERENCE; scale <= EH_SCALE_RATIO; scale++) {
            eh_comparison *c = &build->overall[section->overall_count++];
            *c = (eh_comparison){.measure = measure, .scale = scale, .group = (int32_t)g, .reference = EH_OVERALL, .p = p};
            compare(run, &s, simultaneous, c);
        }
    }
}

/** The group with the lowest rate against the one with the highest; p-values pay for every pair that could have been the worst. */
static void compare_worst_pair(audit_run *run, section_build *build, eh_measure measure)
{
    eh_audit_section *section = build->section;
    int32_t lowest = -1, highest = -1;
    double defined = 0;
    for (size_t g = 0; g < section->groups_count; g++) {
        double value = section->groups[g].measures[measure].value;
        if (isnan(value))
            continue;
        defined++;
        if (lowest < 0 || value < section->groups[lowest].measures[measure].value)
            lowest = (int32_t)g;
        if (highest < 0 || value > section->groups[highest].measures[measure].value)
            highest = (int32_t)g;
    }
    if (lowest < 0 || lowest == highest)
        return;
    double pairs = defined * (defined - 1) / 2;
    double simultaneous = 1 - (1 - run->options->confidence) / pairs;
    sides s = sides_of(build, measure, lowest, highest);
    double p = eh_measure_get(measure)->proportion ? proportion_equality_p(&s) : EH_NAN;
    for (eh_scale scale = EH_SCALE_DIFFERENCE; scale <= EH_SCALE_RATIO; scale++) {
        eh_comparison *c = &build->pairs[section->pairs_count++];
        *c = (eh_comparison){.measure = measure, .scale = scale, .group = lowest, .reference = highest, .p = p,
                             .gate = gates(run, measure, scale)};
        compare(run, &s, simultaneous, c);
        c->p_adjusted = fmin(c->p * pairs, 1);
        c->p_violates = fmin(c->p_violates * pairs, 1);
        c->verdict = comparison_verdict(run->options, c, s.b_value.value);
    }
}

eh_code section_compare(audit_run *run, section_build *build, eh_error *error)
{
    eh_audit_section *section = build->section;
    uint32_t available = measures_available(run->has);
    size_t measures_count = (size_t)__builtin_popcount(available);
    size_t groups_count = section->groups_count;
    build->comparisons = EH_TAKE(run->arena, 2 * measures_count * groups_count, eh_comparison);
    build->overall = EH_TAKE(run->arena, 2 * measures_count * groups_count, eh_comparison);
    build->pairs = EH_TAKE(run->arena, 2 * measures_count, eh_comparison);
    if (!build->comparisons || !build->overall || !build->pairs)
        return eh_fail_memory(error);
    section->comparisons = build->comparisons;
    section->overall = build->overall;
    section->pairs = build->pairs;
    if (section->reference < 0)
        return EH_OK;
    double simultaneous = run->options->confidence;
    EH_TRY(simultaneous_confidence(run, build, &simultaneous, error));
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++) {
        if (!(available >> m & 1U))
            continue;
        compare_with_reference(run, build, m, simultaneous);
        compare_worst_pair(run, build, m);
        if (eh_measure_get(m)->proportion && section->depth <= 1)
            compare_with_everybody(run, build, m);
    }
    return EH_OK;
}
