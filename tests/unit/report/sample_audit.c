#include "sample_audit.h"

#include <math.h>
#include <string.h>

/** People who agree in age band, marital status and education, by label and decision. */
typedef struct {
    uint16_t values[3];
    uint32_t tp, fp, fn, tn;
} sample_cell;

/* Counted from bank-full.csv (see the header): age by 25, 35, 50, 60; marital; education. */
static const sample_cell bank[] = {
    {{0, 0, 0}, 0, 0, 0, 0},
    {{0, 0, 1}, 0, 0, 0, 1},
    {{0, 0, 2}, 0, 0, 0, 0},
    {{0, 0, 3}, 0, 0, 0, 0},
    {{0, 1, 0}, 1, 1, 1, 10},
    {{0, 1, 1}, 3, 8, 6, 55},
    {{0, 1, 2}, 0, 0, 1, 6},
    {{0, 1, 3}, 1, 1, 1, 2},
    {{0, 2, 0}, 7, 13, 9, 30},
    {{0, 2, 1}, 48, 57, 72, 307},
    {{0, 2, 2}, 9, 10, 25, 49},
    {{0, 2, 3}, 7, 8, 16, 44},
    {{1, 0, 0}, 1, 6, 3, 38},
    {{1, 0, 1}, 4, 66, 31, 348},
    {{1, 0, 2}, 8, 38, 21, 126},
    {{1, 0, 3}, 1, 3, 1, 9},
    {{1, 1, 0}, 7, 89, 26, 591},
    {{1, 1, 1}, 104, 498, 200, 2608},
    {{1, 1, 2}, 85, 268, 123, 1358},
    {{1, 1, 3}, 1, 12, 4, 84},
    {{1, 2, 0}, 5, 43, 35, 248},
    {{1, 2, 1}, 150, 596, 347, 2775},
    {{1, 2, 2}, 222, 440, 358, 2016},
    {{1, 2, 3}, 11, 40, 25, 131},
    {{2, 0, 0}, 5, 36, 24, 218},
    {{2, 0, 1}, 43, 242, 99, 1150},
    {{2, 0, 2}, 25, 106, 66, 555},
    {{2, 0, 3}, 4, 7, 8, 51},
    {{2, 1, 0}, 36, 314, 95, 2055},
    {{2, 1, 1}, 196, 1015, 350, 5321},
    {{2, 1, 2}, 174, 458, 249, 2536},
    {{2, 1, 3}, 17, 65, 33, 419},
    {{2, 2, 0}, 7, 52, 23, 296},
    {{2, 2, 1}, 69, 326, 132, 1452},
    {{2, 2, 2}, 112, 229, 131, 997},
    {{2, 2, 3}, 12, 19, 14, 161},
    {{3, 0, 0}, 7, 36, 17, 246},
    {{3, 0, 1}, 27, 92, 44, 551},
    {{3, 0, 2}, 16, 63, 41, 349},
    {{3, 0, 3}, 5, 8, 3, 55},
    {{3, 1, 0}, 27, 153, 79, 1321},
    {{3, 1, 1}, 105, 346, 157, 2260},
    {{3, 1, 2}, 63, 194, 104, 1110},
    {{3, 1, 3}, 13, 42, 24, 308},
    {{3, 2, 0}, 0, 11, 2, 60},
    {{3, 2, 1}, 4, 38, 31, 196},
    {{3, 2, 2}, 3, 16, 12, 135},
    {{3, 2, 3}, 0, 5, 1, 30},
    {{4, 0, 0}, 15, 18, 32, 50},
    {{4, 0, 1}, 12, 20, 31, 54},
    {{4, 0, 2}, 11, 4, 15, 27},
    {{4, 0, 3}, 0, 2, 2, 10},
    {{4, 1, 0}, 55, 75, 69, 241},
    {{4, 1, 1}, 89, 93, 94, 262},
    {{4, 1, 2}, 49, 48, 65, 147},
    {{4, 1, 3}, 24, 15, 24, 70},
    {{4, 2, 0}, 0, 0, 3, 9},
    {{4, 2, 1}, 1, 2, 1, 13},
    {{4, 2, 2}, 4, 5, 4, 15},
    {{4, 2, 3}, 0, 0, 0, 4},
};

static const char *const bank_names[3][5] = {{"under 25", "25 to 34", "35 to 49", "50 to 59", "60 and over"},
                                             {"divorced", "married", "single"},
                                             {"primary", "secondary", "tertiary", "unknown"}};
static const size_t bank_counts[3] = {5, 3, 4};
static const char *const attribute_names[3] = {"age", "marital", "education"};
static const double bank_edges[] = {25, 35, 50, 60};

static const double z95 = 1.959963984540054;
static const double undefined = __builtin_nan("");
static const double no_limit = __builtin_inf();

enum { GROUPS_MAX = 64, CELLS_MAX = 1024, SETS_COUNT = 7 };

typedef struct {
    const sample_options *options;
    eh_arena *arena;
    sample_cell cells[CELLS_MAX];
    size_t cells_count;
    const char *names[3][GROUPS_MAX];
    const char *attributes[3];
    size_t groups_count[3];
    eh_audit *audit;
} maker;

static void *take(maker *make, size_t count, size_t size)
{
    void *memory = eh_arena_take(make->arena, count, size);
    EH_ASSERT(memory != NULL);
    return memory;
}

#define TAKE(make, count, type) ((type *)take((make), (count), sizeof(type)))

/* ---- people ---------------------------------------------------------------------------------------------------------- */

static void fill_bank(maker *make)
{
    make->cells_count = sizeof(bank) / sizeof(bank[0]);
    memcpy(make->cells, bank, sizeof(bank));
    for (size_t a = 0; a < 3; a++) {
        make->groups_count[a] = bank_counts[a];
        for (size_t g = 0; g < bank_counts[a]; g++)
            make->names[a][g] = bank_names[a][g];
    }
}

static void fill_many(maker *make)
{
    uint32_t groups = make->options->groups_count;
    for (uint32_t i = 0; i < groups * 4 && i < CELLS_MAX; i++) {
        uint32_t size = 20 + (i * 7919U) % 900U;
        make->cells[make->cells_count++] =
            (sample_cell){.values = {(uint16_t)(i % groups), (uint16_t)((i / 2) % groups), (uint16_t)((i * 5 + i / groups) % groups)},
                          .tp = size / 5 + i % 7, .fp = size / 4, .fn = size / 3 + i % 11, .tn = size};
    }
    for (size_t a = 0; a < 3; a++) {
        make->groups_count[a] = groups;
        for (uint32_t g = 0; g < groups; g++) {
            make->names[a][g] = eh_arena_format(make->arena, "region %02u of the %s list", g + 1, attribute_names[a]);
            EH_ASSERT(make->names[a][g] != NULL);
        }
    }
}

static void fill_people(maker *make)
{
    if (make->options->groups_count > 0)
        fill_many(make);
    else
        fill_bank(make);
    for (size_t a = 0; a < 3; a++) {
        make->attributes[a] = attribute_names[a];
        if (make->options->hostile != NULL)
            make->names[a][1] = make->options->hostile;
    }
    if (make->options->hostile != NULL)
        make->attributes[1] = make->options->hostile;
}

/* ---- rates ----------------------------------------------------------------------------------------------------------- */

static eh_estimate proportion(double successes, double trials)
{
    if (trials <= 0)
        return (eh_estimate){undefined, undefined, undefined, 0};
    double p = successes / trials, z2 = z95 * z95;
    double centre = (p + z2 / (2 * trials)) / (1 + z2 / trials);
    double half = z95 / (1 + z2 / trials) * sqrt(p * (1 - p) / trials + z2 / (4 * trials * trials));
    return (eh_estimate){p, fmax(0, centre - half), fmin(1, centre + half), trials};
}

static eh_estimate around(double value, double n)
{
    double half = n > 0 ? z95 * (0.02 + fabs(value)) / sqrt(n) : undefined;
    return (eh_estimate){value, fmax(0, value - half), value + half, n};
}

static void fill_scores(eh_audit_group *group, maker *make)
{
    double n = group->weight, base = group->measures[EH_BASE_RATE].value;
    group->measures[EH_AUC] = around(0.62 + 0.4 * base, n);
    group->measures[EH_BRIER] = around(base * (1 - base) * 0.9, n);
    group->measures[EH_LOG_LOSS] = around(0.3 + base / 2, n);
    group->measures[EH_CALIBRATION_ERROR] = around(0.02 + base / 10, n);
    eh_calibration_point *points = TAKE(make, EH_CALIBRATION_BINS, eh_calibration_point);
    for (int b = 0; b < EH_CALIBRATION_BINS; b++) {
        double mean = (b + 0.45) / EH_CALIBRATION_BINS, trials = floor(n / (3 + 2.0 * b * b));
        points[b] = (eh_calibration_point){trials > 0 ? mean : undefined, proportion(floor(trials * pow(mean, 1 + base) + 0.3), trials)};
    }
    group->calibration = points;
}

static void fill_rates(eh_audit_group *group, maker *make)
{
    double tp = group->tp, fp = group->fp, fn = group->fn, tn = group->tn, n = tp + fp + fn + tn;
    unsigned has = make->audit->has;
    for (int m = 0; m < EH_MEASURES_COUNT; m++)
        group->measures[m] = (eh_estimate){undefined, undefined, undefined, 0};
    group->value_total = undefined;
    group->measures[EH_SELECTION_RATE] = proportion(tp + fp, n);
    group->selection_rate_shrunk = proportion(tp + fp + 4, n + 50);
    if (has & EH_NEEDS_LABEL) {
        const double counts[][3] = {{EH_BASE_RATE, tp + fn, n}, {EH_TPR, tp, tp + fn}, {EH_FPR, fp, fp + tn}, {EH_TNR, tn, fp + tn},
                                    {EH_FNR, fn, tp + fn},      {EH_PPV, tp, tp + fp}, {EH_NPV, tn, tn + fn}, {EH_FDR, fp, tp + fp},
                                    {EH_FOR, fn, tn + fn},      {EH_ACCURACY, tp + tn, n}};
        for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
            group->measures[(int)counts[i][0]] = proportion(counts[i][1], counts[i][2]);
        group->measures[EH_BALANCED_ACCURACY] = around((group->measures[EH_TPR].value + group->measures[EH_TNR].value) / 2, n);
        group->measures[EH_F1] = around(2 * tp / (2 * tp + fp + fn), n);
        if (fp > 0)
            group->measures[EH_TREATMENT_EQUALITY] = (eh_estimate){fn / fp, fn / fp * 0.8, fn > 0 ? fn / fp * 1.25 : no_limit, n};
    }
    if (has & EH_NEEDS_SCORE)
        fill_scores(group, make);
    if (has & EH_NEEDS_VALUE) {
        group->measures[EH_VALUE_MEAN] = around(1200 + 40 * tp / (1 + fp), n);
        group->value_total = group->measures[EH_VALUE_MEAN].value * n;
    }
    if (group->withheld) {
        for (int m = 0; m < EH_MEASURES_COUNT; m++)
            group->measures[m] = (eh_estimate){undefined, undefined, undefined, 0};
        group->calibration = NULL;
        group->selection_rate_shrunk = (eh_estimate){undefined, undefined, undefined, 0};
    }
}

static void add_cell(eh_audit_group *group, const sample_cell *cell)
{
    group->tp += cell->tp;
    group->fp += cell->fp;
    group->fn += cell->fn;
    group->tn += cell->tn;
    group->rows += cell->tp + cell->fp + cell->fn + cell->tn;
    group->decided = group->rows;
    group->weight = group->effective = (double)group->decided;
}

static void finish_group(maker *make, eh_audit_group *group)
{
    double picked = group->tp + group->fp;
    group->withheld = (double)group->rows < make->options->cell_rows_min;
    group->share_of_people = group->weight / fmax(1, (double)make->audit->rows);
    group->share_of_picked = picked / fmax(1, make->audit->everybody.tp + make->audit->everybody.fp);
    if (group == &make->audit->everybody)
        group->share_of_people = group->share_of_picked = 1;
    fill_rates(group, make);
}

/* ---- comparisons ----------------------------------------------------------------------------------------------------- */

static double spread(eh_estimate e)
{
    return isfinite(e.high) ? (e.high - e.low) / (2 * z95) : e.value;
}

static eh_verdict judge(double low, double high, double edge_low, double edge_high)
{
    if (low >= edge_low && high <= edge_high)
        return EH_WITHIN_TOLERANCE;
    return high < edge_low || low > edge_high ? EH_VIOLATES : EH_NOT_ENOUGH_EVIDENCE;
}

static eh_comparison compare(maker *make, eh_measure measure, eh_scale scale, const eh_estimate *a, const eh_estimate *b)
{
    eh_comparison c = {.measure = measure, .scale = scale, .value = undefined, .low = undefined, .high = undefined, .low_simultaneous = undefined,
                       .high_simultaneous = undefined, .p = undefined, .p_adjusted = undefined, .p_violates = undefined, .detectable = undefined,
                       .verdict = EH_NOT_ENOUGH_EVIDENCE, .gate = (make->audit->options.gate >> measure) & 1U};
    if (isnan(a->value) || isnan(b->value))
        return c;
    double t = make->audit->options.ratio_min, se = hypot(spread(*a), spread(*b));
    double z = fabs(a->value - b->value) / fmax(se, 1e-12);
    if (scale == EH_SCALE_DIFFERENCE) {
        c.value = a->value - b->value;
        c.low = c.value - z95 * se, c.high = c.value + z95 * se;
        c.low_simultaneous = c.value - 1.3 * z95 * se, c.high_simultaneous = c.value + 1.3 * z95 * se;
        c.verdict = judge(c.low, c.high, -(1 - t), 1 - t);
        c.detectable = -(1 - t) - 2.8 * se > -b->value ? -(1 - t) - 2.8 * se : undefined;
    } else {
        double log_se = hypot(spread(*a) / fmax(a->value, 1e-3), spread(*b) / fmax(b->value, 1e-3));
        c.value = b->value > 0 ? a->value / b->value : no_limit;
        c.low = c.value * exp(-z95 * log_se), c.high = c.value > 0 ? c.value * exp(z95 * log_se) : no_limit;
        c.low_simultaneous = c.value * exp(-1.3 * z95 * log_se), c.high_simultaneous = c.high * exp(0.3 * z95 * log_se);
        c.verdict = judge(c.low, c.high, t, 1 / t);
        c.detectable = t * exp(-2.8 * log_se) > 0.05 ? t * exp(-2.8 * log_se) : undefined;
    }
    c.p = erfc(z / sqrt(2));
    c.p_adjusted = fmin(1, 4 * c.p);
    c.p_violates = c.verdict == EH_VIOLATES ? fmin(0.04, c.p_adjusted) : 0.4;
    return c;
}

static void compare_all(maker *make, eh_audit_section *section, const eh_audit_group *groups)
{
    size_t most = section->groups_count * EH_MEASURES_COUNT * 2, n = 0, all = 0, pairs = 0;
    eh_comparison *against = TAKE(make, most, eh_comparison), *overall = TAKE(make, most, eh_comparison);
    eh_comparison *worst = TAKE(make, EH_MEASURES_COUNT * 2, eh_comparison);
    for (int m = 0; m < EH_MEASURES_COUNT; m++) {
        if (eh_measure_get((eh_measure)m)->needs & ~make->audit->has)
            continue;
        int32_t lowest = -1, highest = -1;
        for (int32_t g = 0; g < (int32_t)section->groups_count; g++) {
            double v = groups[g].measures[m].value;
            if (!isnan(v)) {
                lowest = lowest < 0 || v < groups[lowest].measures[m].value ? g : lowest;
                highest = highest < 0 || v > groups[highest].measures[m].value ? g : highest;
            }
            for (int s = 0; s < 2; s++) {
                overall[all] = compare(make, (eh_measure)m, (eh_scale)s, &groups[g].measures[m], &make->audit->everybody.measures[m]);
                overall[all].group = g, overall[all].gate = false, overall[all++].reference = EH_OVERALL;
                if (g == section->reference)
                    continue;
                against[n] = compare(make, (eh_measure)m, (eh_scale)s, &groups[g].measures[m], &groups[section->reference].measures[m]);
                against[n].group = g, against[n++].reference = section->reference;
            }
        }
        for (int s = 0; s < 2 && lowest >= 0 && lowest != highest; s++) {
            worst[pairs] = compare(make, (eh_measure)m, (eh_scale)s, &groups[lowest].measures[m], &groups[highest].measures[m]);
            worst[pairs].group = lowest, worst[pairs++].reference = highest;
        }
    }
    section->comparisons = against, section->comparisons_count = n;
    section->overall = overall, section->overall_count = all;
    section->pairs = worst, section->pairs_count = pairs;
}

/* ---- sections -------------------------------------------------------------------------------------------------------- */

static const char *group_name(maker *make, const eh_audit_section *section, const uint16_t *values)
{
    const char *name = NULL;
    for (uint8_t i = 0; i < section->depth; i++) {
        const char *part = make->names[section->attribute_index[i]][values[i]];
        name = name == NULL ? part : eh_arena_format(make->arena, "%s & %s", name, part);
    }
    return name;
}

static void fill_groups(maker *make, eh_audit_section *section)
{
    size_t sizes[3] = {1, 1, 1}, total = 1;
    for (uint8_t i = 0; i < section->depth; i++) {
        sizes[i] = make->groups_count[section->attribute_index[i]];
        total *= sizes[i];
    }
    eh_audit_group *grid = TAKE(make, total, eh_audit_group);
    for (size_t c = 0; c < make->cells_count; c++) {
        const sample_cell *cell = &make->cells[c];
        size_t at = 0;
        for (uint8_t i = 0; i < section->depth; i++)
            at = at * sizes[i] + cell->values[section->attribute_index[i]];
        for (uint8_t i = 0; i < section->depth; i++)
            grid[at].values[i] = cell->values[section->attribute_index[i]];
        add_cell(&grid[at], cell);
    }
    size_t kept = 0, largest = 0;
    for (size_t g = 0; g < total && kept < EH_INTERSECTION_GROUPS_MAX; g++) {
        if (grid[g].rows == 0)
            continue;
        grid[kept] = grid[g];
        grid[kept].name = group_name(make, section, grid[kept].values);
        grid[kept].missing = strcmp(grid[kept].name, "unknown") == 0;
        finish_group(make, &grid[kept]);
        largest = grid[kept].rows > grid[largest].rows ? kept : largest;
        kept++;
    }
    section->groups = grid;
    section->groups_count = kept;
    section->reference = (int32_t)largest;
    compare_all(make, section, grid);
}

static void fill_summary(maker *make, eh_audit_section *section)
{
    double low = no_limit, high = 0;
    for (size_t g = 0; g < section->groups_count; g++) {
        low = fmin(low, section->groups[g].measures[EH_SELECTION_RATE].value);
        high = fmax(high, section->groups[g].measures[EH_SELECTION_RATE].value);
    }
    eh_summary *summary = TAKE(make, 3, eh_summary);
    summary[0] = (eh_summary){"demographic_parity_difference", "The highest selection rate minus the lowest.", high - low,
                              (high - low) * 0.9, (high - low) * 1.1};
    summary[1] = (eh_summary){"demographic_parity_ratio", "The lowest selection rate divided by the highest.",
                              high > 0 ? low / high : undefined, low / fmax(high, 0.01) * 0.9, fmin(1, low / fmax(high, 0.01) * 1.1)};
    summary[2] = (eh_summary){"theil_index", "How unevenly the benefit is spread over people.", 0.11, undefined, undefined};
    section->summary = summary;
    section->summary_count = 3;
}

static void fill_within(maker *make, eh_audit_section *section)
{
    eh_within *within = TAKE(make, 1, eh_within);
    eh_within_group *groups = TAKE(make, section->groups_count, eh_within_group);
    size_t n = 0;
    for (int32_t g = 0; g < (int32_t)section->groups_count; g++) {
        if (g == section->reference)
            continue;
        double odds = 0.7 + 0.3 * g;
        groups[n++] = (eh_within_group){g, {{odds, odds * 0.85, odds * 1.2, (double)section->groups[g].rows}, 5.2 + g, 4.9 + g, 0.02, -0.013},
                                        0.04};
    }
    *within = (eh_within){.cmh_statistic = 57.3, .cmh_df = (double)(section->groups_count - 1), .cmh_p = 1e-9,
                          .cmh_statistic_corrected = undefined, .group = groups[0].group, .mantel_haenszel_odds_ratio = groups[0].table.odds_ratio.value,
                          .conditional_demographic_disparity = 0.04, .groups = groups, .groups_count = n};
    section->within = within;
}

static eh_verdict gravest(const eh_audit_section *section)
{
    eh_verdict verdict = EH_WITHIN_TOLERANCE;
    for (size_t i = 0; i < section->comparisons_count; i++)
        if (section->comparisons[i].gate && section->comparisons[i].verdict > verdict)
            verdict = section->comparisons[i].verdict;
    return verdict;
}

static eh_audit_section make_section(maker *make, uint32_t set)
{
    eh_audit_section section = {.attributes = set};
    const char *name = NULL;
    for (uint8_t a = 0; a < 3; a++) {
        if (!(set & (1U << a)))
            continue;
        section.attribute_index[section.depth++] = a;
        name = name == NULL ? make->attributes[a] : eh_arena_format(make->arena, "%s & %s", name, make->attributes[a]);
    }
    section.name = name;
    fill_groups(make, &section);
    fill_summary(make, &section);
    if (!make->options->plain && section.depth == 1)
        fill_within(make, &section);
    section.verdict = gravest(&section);
    return section;
}

/** The second attribute once more, as if only probabilities of membership were known. */
static eh_audit_section make_soft(maker *make, const eh_audit_section *known)
{
    eh_audit_section section = *known;
    eh_bounds *bounds = TAKE(make, section.groups_count, eh_bounds);
    for (size_t g = 0; g < section.groups_count; g++) {
        double rate = section.groups[g].measures[EH_SELECTION_RATE].value;
        bounds[g] = (eh_bounds){fmax(0, rate - 0.15), fmin(1, rate + 0.2)};
    }
    section.name = "household";
    section.attributes = 0;
    section.membership = EH_MEMBERSHIP_PROBABLE;
    section.bounds = bounds;
    section.within = NULL;
    return section;
}

static void fill_sections(maker *make)
{
    static const uint32_t sets[SETS_COUNT] = {1, 2, 4, 3, 5, 6, 7};
    eh_audit *audit = make->audit;
    eh_audit_section *sections = TAKE(make, SETS_COUNT + 1, eh_audit_section), *crossed = TAKE(make, SETS_COUNT, eh_audit_section);
    for (size_t s = 0; s < SETS_COUNT; s++) {
        uint32_t depth = (uint32_t)__builtin_popcount(sets[s]);
        if (depth == 1)
            sections[audit->attributes_count++] = make_section(make, sets[s]);
        else if (depth <= audit->options.depth)
            crossed[audit->intersections_count++] = make_section(make, sets[s]);
    }
    if (!make->options->plain) {
        sections[audit->attributes_count] = make_soft(make, &sections[1]);
        audit->attributes_count++;
    }
    audit->attributes = sections;
    audit->intersections = crossed;
    for (size_t s = 0; s < audit->attributes_count; s++) {
        const eh_audit_section *section = &sections[s];
        audit->verdict = section->verdict > audit->verdict ? section->verdict : audit->verdict;
        for (size_t i = 0; i < section->comparisons_count; i++) {
            const eh_comparison *c = &section->comparisons[i];
            if (!c->gate || c->scale != EH_SCALE_RATIO || isnan(c->value))
                continue;
            if (audit->headline == NULL || fabs(log(c->value)) > fabs(log(audit->headline->value))) {
                audit->headline = c;
                audit->headline_section = section;
            }
        }
    }
}

static void fill_before(maker *make)
{
    eh_before *before = TAKE(make, 1, eh_before);
    const eh_audit_section *age = &make->audit->attributes[0];
    eh_change *changes = TAKE(make, age->groups_count + 1, eh_change);
    for (size_t g = 0; g < age->groups_count; g++) {
        double now = age->groups[g].measures[EH_SELECTION_RATE].value, was = now * (0.8 + 0.1 * (double)(g % 5));
        changes[g] = (eh_change){age->name, age->groups[g].name, EH_SELECTION_RATE, was, now, now - was, now - was - 0.02,
                                 now - was + 0.02, 0.03 * (double)g, false, false};
    }
    changes[age->groups_count] = (eh_change){age->name, "not told", EH_SELECTION_RATE, 0.11, undefined, undefined, undefined, undefined, undefined, false, true};
    *before = (eh_before){EH_NOT_ENOUGH_EVIDENCE, 40000, changes, age->groups_count + 1};
    make->audit->before = before;
}

static void fill_everybody(maker *make)
{
    eh_audit *audit = make->audit;
    for (size_t c = 0; c < make->cells_count; c++)
        add_cell(&audit->everybody, &make->cells[c]);
    audit->everybody.name = "everybody";
    audit->rows = audit->everybody.rows;
    finish_group(make, &audit->everybody);
    audit->rows += 17;
    audit->decision_missing = 17;
    audit->label_missing = audit->has & EH_NEEDS_LABEL ? 3 : 0;
}

/* ---- what the report says of itself ------------------------------------------------------------------------------------ */

static void fill_cube(maker *make, eh_cube *cube)
{
    for (size_t a = 0; a < 3; a++) {
        eh_cube_group *groups = TAKE(make, make->groups_count[a], eh_cube_group);
        for (size_t g = 0; g < make->groups_count[a]; g++)
            groups[g] = (eh_cube_group){make->names[a][g], false, false};
        cube->dimensions[a] = (eh_cube_dimension){make->attributes[a], groups, make->groups_count[a], a == 2 ? 3 : 0, a == 0, a == 0};
    }
    const char **strata = TAKE(make, 2, const char *);
    strata[0] = make->options->hostile != NULL ? make->options->hostile : "cellular";
    strata[1] = "telephone";
    cube->dimensions_count = 3;
    cube->strata = strata;
    cube->strata_count = 2;
    cube->rows = make->audit->rows;
}

static eh_cube_spec *make_spec(maker *make)
{
    const char *hostile = make->options->hostile;
    unsigned has = make->audit->has;
    eh_cube_attribute *attributes = TAKE(make, 3, eh_cube_attribute);
    for (size_t a = 0; a < 3; a++)
        attributes[a].expression = (eh_expression){attribute_names[a], make->attributes[a]};
    attributes[0].edges = bank_edges;
    attributes[0].edges_count = 4;
    attributes[2].top_count = 3;
    eh_cube_spec *spec = TAKE(make, 1, eh_cube_spec);
    *spec = (eh_cube_spec){.decision = {"pdays <> -1", hostile != NULL ? hostile : "pdays <> -1"}, .attributes = attributes, .attributes_count = 3};
    if (has & EH_NEEDS_LABEL)
        spec->label = (eh_expression){"y", "y"};
    if (has & EH_NEEDS_SCORE)
        spec->score = (eh_expression){"1 / (1 + exp(-age / 40))", "propensity"};
    if (has & EH_NEEDS_VALUE)
        spec->value = (eh_expression){"balance", "balance"};
    if (!make->options->plain) {
        spec->within = (eh_expression){"contact", "contact"};
        spec->where = hostile != NULL ? hostile : "balance > -1e6";
    }
    return spec;
}

static void fill_about(maker *make, eh_report_about *about)
{
    static const char *const columns[] = {"age", "marital", "education", "balance", "contact", "pdays", "y"};
    static const char *const names[] = {"one", "two"};
    const char *hostile = make->options->hostile;
    eh_input *input = TAKE(make, 1, eh_input);
    *input = (eh_input){.path = hostile != NULL ? hostile : "bank-full.csv", .bytes = 4610348};
    memset(input->sha256, 'a', 64);
    eh_cube *cube = TAKE(make, 1, eh_cube);
    fill_cube(make, cube);
    *about = (eh_report_about){.inputs = input, .inputs_count = 1, .engine_version = "v1.4.4", .columns = columns, .columns_count = 7,
                               .spec = make_spec(make), .cube = cube};
    if (make->options->plain)
        return;
    eh_soft_spec *soft = TAKE(make, 1, eh_soft_spec);
    *soft = (eh_soft_spec){"household", names, names, 2};
    eh_soft_table *table = TAKE(make, 1, eh_soft_table);
    eh_audit_soft *softs = TAKE(make, 1, eh_audit_soft);
    *softs = (eh_audit_soft){soft, table};
    about->soft = softs;
    about->soft_count = 1;
    about->before_path = hostile != NULL ? hostile : "last-month.json";
}

const eh_audit *sample_audit(const sample_options *options, eh_arena *arena, eh_report_about *about_out)
{
    static const sample_options everything = {0};
    maker *make = eh_arena_take(arena, 1, sizeof(maker));
    EH_ASSERT(make != NULL);
    make->options = options != NULL ? options : &everything;
    make->arena = arena;
    make->audit = TAKE(make, 1, eh_audit);
    eh_audit *audit = make->audit;
    unsigned all = EH_NEEDS_DECISION | EH_NEEDS_LABEL | EH_NEEDS_SCORE | EH_NEEDS_VALUE;
    audit->has = all & ~make->options->without;
    audit->options = (eh_audit_options){.ratio_min = 0.8, .confidence = 0.95, .cell_rows_min = (uint64_t)make->options->cell_rows_min,
                                        .depth = make->options->depth > 0 ? make->options->depth : 3, .replicates_count = 1000, .seed = 1,
                                        .gate = 1U << EH_SELECTION_RATE | (audit->has & EH_NEEDS_LABEL ? 1U << EH_TPR : 0)};
    fill_people(make);
    fill_everybody(make);
    fill_sections(make);
    fill_about(make, about_out);
    if (!make->options->plain)
        fill_before(make);
    return audit;
}
