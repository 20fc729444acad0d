#include <math.h>
#include <string.h>

#include "audit/audit_int.h"

enum { SMALL_GROUP_ROWS = 30, DECIDED_CELLS = 6 };

/* ---- one group as the composites see it ------------------------------------------------------------------------------------- */

/** Weights of the decided cells of a group, by label (false, true, unknown) and decision (not picked, picked). */
typedef struct {
    double cell[DECIDED_CELLS];
} group_cells;

#define CELL_AT(label, decision) ((label) * 2 + (decision))

typedef struct {
    const group_cells *groups;
    size_t groups_count;
    int32_t reference;
    bool labelled;
    eh_benefit *scratch_benefits; /* 2 * groups_count + 3 */
} composite_input;

static double picked_of(const group_cells *g)
{
    return g->cell[CELL_AT(0, 1)] + g->cell[CELL_AT(1, 1)] + g->cell[CELL_AT(2, 1)];
}

static double people_of(const group_cells *g)
{
    double sum = 0;
    for (int c = 0; c < DECIDED_CELLS; c++)
        sum += g->cell[c];
    return sum;
}

static double share(double part, double rest)
{
    return part + rest > 0 ? part / (part + rest) : EH_NAN;
}

static double rate_selection(const group_cells *g)
{
    double people = people_of(g), picked = picked_of(g);
    return share(picked, people - picked);
}

static double rate_tpr(const group_cells *g)
{
    return share(g->cell[CELL_AT(1, 1)], g->cell[CELL_AT(1, 0)]);
}

static double rate_fpr(const group_cells *g)
{
    return share(g->cell[CELL_AT(0, 1)], g->cell[CELL_AT(0, 0)]);
}

static double rate_ppv(const group_cells *g)
{
    return share(g->cell[CELL_AT(1, 1)], g->cell[CELL_AT(0, 1)]);
}

static double rate_accuracy(const group_cells *g)
{
    return share(g->cell[CELL_AT(1, 1)] + g->cell[CELL_AT(0, 0)], g->cell[CELL_AT(1, 0)] + g->cell[CELL_AT(0, 1)]);
}

static double rate_treatment(const group_cells *g)
{
    double fp = g->cell[CELL_AT(0, 1)];
    return fp > 0 ? g->cell[CELL_AT(1, 0)] / fp : EH_NAN;
}

static double rate_average_odds(const group_cells *g)
{
    return (rate_tpr(g) + rate_fpr(g)) / 2;
}

typedef double (*group_rate)(const group_cells *g);

/* ---- composites ----------------------------------------------------------------------------------------------------------------- */

typedef struct {
    double low, high;
} extremes;

static extremes extremes_of(const composite_input *in, group_rate rate)
{
    extremes e = {EH_NAN, EH_NAN};
    for (size_t g = 0; g < in->groups_count; g++) {
        double value = rate(&in->groups[g]);
        e.low = fmin(e.low, value);
        e.high = fmax(e.high, value);
    }
    return e;
}

static double widest_difference(const composite_input *in, group_rate rate)
{
    extremes e = extremes_of(in, rate);
    return e.high - e.low;
}

static double smallest_ratio(const composite_input *in, group_rate rate)
{
    extremes e = extremes_of(in, rate);
    return e.high > 0 ? e.low / e.high : EH_NAN;
}

/** The group - reference difference that is farthest from zero, with its sign. */
static double farthest_difference(const composite_input *in, group_rate rate)
{
    double farthest = EH_NAN;
    if (in->reference < 0)
        return farthest;
    double reference = rate(&in->groups[in->reference]);
    for (size_t g = 0; g < in->groups_count; g++) {
        double difference = rate(&in->groups[g]) - reference;
        if ((int32_t)g != in->reference && !isnan(difference) && !(fabs(difference) <= fabs(farthest)))
            farthest = difference;
    }
    return farthest;
}

static double demographic_parity_difference(const composite_input *in)
{
    return widest_difference(in, rate_selection);
}

static double demographic_parity_ratio(const composite_input *in)
{
    return smallest_ratio(in, rate_selection);
}

static double statistical_parity_difference(const composite_input *in)
{
    return farthest_difference(in, rate_selection);
}

/** The group / reference ratio that is farthest from one on the logarithmic scale. */
static double disparate_impact(const composite_input *in)
{
    double farthest = EH_NAN;
    if (in->reference < 0)
        return farthest;
    double reference = rate_selection(&in->groups[in->reference]);
    for (size_t g = 0; g < in->groups_count; g++) {
        double ratio = rate_selection(&in->groups[g]) / reference;
        if ((int32_t)g != in->reference && isfinite(ratio) && !(fabs(log(ratio)) <= fabs(log(farthest))))
            farthest = ratio;
    }
    return farthest;
}

static double rate_ratio(const composite_input *in)
{
    extremes e = extremes_of(in, rate_selection);
    return e.low > 0 ? e.high / e.low : EH_NAN;
}

static double selection_rate_gini(const composite_input *in)
{
    size_t count = 0;
    for (size_t g = 0; g < in->groups_count; g++) {
        double people = people_of(&in->groups[g]);
        if (people > 0)
            in->scratch_benefits[count++] = (eh_benefit){picked_of(&in->groups[g]) / people, people};
    }
    return eh_gini(in->scratch_benefits, count, in->scratch_benefits + in->groups_count);
}

/** Smoothed empirical differential fairness (Foulds et al. 2020), concentration 1: the largest |log ratio| of any outcome. */
static double differential_fairness(const composite_input *in)
{
    double low_yes = EH_INFINITY, high_yes = 0, low_no = EH_INFINITY, high_no = 0;
    for (size_t g = 0; g < in->groups_count; g++) {
        double people = people_of(&in->groups[g]);
        if (people <= 0)
            continue;
        double yes = (picked_of(&in->groups[g]) + 0.5) / (people + 1);
        low_yes = fmin(low_yes, yes);
        high_yes = fmax(high_yes, yes);
        low_no = fmin(low_no, 1 - yes);
        high_no = fmax(high_no, 1 - yes);
    }
    return high_yes > 0 ? fmax(log(high_yes / low_yes), log(high_no / low_no)) : EH_NAN;
}

static double equal_opportunity_difference(const composite_input *in)
{
    return widest_difference(in, rate_tpr);
}

static double equal_opportunity_ratio(const composite_input *in)
{
    return smallest_ratio(in, rate_tpr);
}

static double equalized_odds_difference(const composite_input *in)
{
    return fmax(widest_difference(in, rate_tpr), widest_difference(in, rate_fpr));
}

static double equalized_odds_ratio(const composite_input *in)
{
    return fmin(smallest_ratio(in, rate_tpr), smallest_ratio(in, rate_fpr));
}

static double equalized_odds_difference_mean(const composite_input *in)
{
    return (widest_difference(in, rate_tpr) + widest_difference(in, rate_fpr)) / 2;
}

static double equalized_odds_ratio_mean(const composite_input *in)
{
    return (smallest_ratio(in, rate_tpr) + smallest_ratio(in, rate_fpr)) / 2;
}

static double average_odds_difference(const composite_input *in)
{
    return farthest_difference(in, rate_average_odds);
}

static double predictive_parity_difference(const composite_input *in)
{
    return widest_difference(in, rate_ppv);
}

static double predictive_parity_ratio(const composite_input *in)
{
    return smallest_ratio(in, rate_ppv);
}

static double treatment_equality_difference(const composite_input *in)
{
    return widest_difference(in, rate_treatment);
}

static double accuracy_difference(const composite_input *in)
{
    return widest_difference(in, rate_accuracy);
}

/** Benefits b = decision - label + 1 (Speicher et al. 2018) of everybody: 0, 1 or 2. Returns how many kinds. */
static size_t individual_benefits(const composite_input *in)
{
    double weights[3] = {0};
    for (size_t g = 0; g < in->groups_count; g++)
        for (int label = 0; label < 2; label++)
            for (int decision = 0; decision < 2; decision++)
                weights[decision - label + 1] += in->groups[g].cell[CELL_AT(label, decision)];
    for (int b = 0; b < 3; b++)
        in->scratch_benefits[b] = (eh_benefit){b, weights[b]};
    return 3;
}

static double generalized_entropy_index(const composite_input *in)
{
    return eh_generalized_entropy(in->scratch_benefits, individual_benefits(in), 2);
}

static double theil_index(const composite_input *in)
{
    return eh_generalized_entropy(in->scratch_benefits, individual_benefits(in), 1);
}

static double coefficient_of_variation(const composite_input *in)
{
    return sqrt(2 * generalized_entropy_index(in));
}

static double atkinson_index(const composite_input *in)
{
    return eh_atkinson(in->scratch_benefits, individual_benefits(in), 0.5);
}

static double between_group_generalized_entropy_index(const composite_input *in)
{
    size_t count = 0;
    for (size_t g = 0; g < in->groups_count; g++) {
        const double *c = in->groups[g].cell;
        double people = c[CELL_AT(0, 0)] + c[CELL_AT(0, 1)] + c[CELL_AT(1, 0)] + c[CELL_AT(1, 1)];
        double benefit = c[CELL_AT(0, 0)] + 2 * c[CELL_AT(0, 1)] + c[CELL_AT(1, 1)];
        if (people > 0)
            in->scratch_benefits[count++] = (eh_benefit){benefit / people, people};
    }
    return eh_generalized_entropy(in->scratch_benefits, count, 2);
}

typedef struct {
    const char *name, *says;
    double (*compute)(const composite_input *in);
    bool needs_label;
} composite;

static const composite composites[] = {
    {"demographic_parity_difference", "Highest selection rate minus lowest.", demographic_parity_difference, false},
    {"demographic_parity_ratio", "Lowest selection rate over highest.", demographic_parity_ratio, false},
    {"statistical_parity_difference", "Selection rate minus the reference's, farthest from zero.", statistical_parity_difference, false},
    {"disparate_impact", "Selection rate over the reference's, farthest from one.", disparate_impact, false},
    {"rate_ratio", "Highest selection rate over lowest.", rate_ratio, false},
    {"selection_rate_gini", "Gini coefficient of selection between groups: 0 is even.", selection_rate_gini, false},
    {"differential_fairness", "Largest log ratio of any outcome between two groups, smoothed.", differential_fairness, false},
    {"equal_opportunity_difference", "Highest true positive rate minus lowest.", equal_opportunity_difference, true},
    {"equal_opportunity_ratio", "Lowest true positive rate over highest.", equal_opportunity_ratio, true},
    {"equalized_odds_difference", "The larger of the gaps in true and false positive rate.", equalized_odds_difference, true},
    {"equalized_odds_ratio", "The smaller of the ratios of true and false positive rate.", equalized_odds_ratio, true},
    {"equalized_odds_difference_mean", "The mean of the gaps in true and false positive rate.", equalized_odds_difference_mean, true},
    {"equalized_odds_ratio_mean", "The mean of the ratios of true and false positive rate.", equalized_odds_ratio_mean, true},
    {"average_odds_difference", "Mean of the true and false positive rate minus the reference's, farthest from zero.",
     average_odds_difference, true},
    {"predictive_parity_difference", "Highest precision minus lowest.", predictive_parity_difference, true},
    {"predictive_parity_ratio", "Lowest precision over highest.", predictive_parity_ratio, true},
    {"treatment_equality_difference", "Highest minus lowest number of false negatives per false positive.", treatment_equality_difference,
     true},
    {"accuracy_difference", "Highest accuracy minus lowest.", accuracy_difference, true},
    {"generalized_entropy_index", "Inequality of benefits between people (alpha 2): 0 is even.", generalized_entropy_index, true},
    {"theil_index", "Inequality of benefits between people (alpha 1): 0 is even.", theil_index, true},
    {"coefficient_of_variation", "Root of twice the generalised entropy index.", coefficient_of_variation, true},
    {"between_group_generalized_entropy_index", "The part of that inequality that lies between groups.",
     between_group_generalized_entropy_index, true},
    {"atkinson_index", "Share of benefit lost to inequality (epsilon 1/2): 0 is even.", atkinson_index, true},
};
enum { COMPOSITES_COUNT = sizeof composites / sizeof *composites };

static void compute_composites(const composite_input *in, size_t stride, double *values_out)
{
    for (size_t c = 0; c < COMPOSITES_COUNT; c++)
        values_out[c * stride] = composites[c].needs_label && !in->labelled ? EH_NAN : composites[c].compute(in);
}

/* ---- bootstrap of the cube ----------------------------------------------------------------------------------------------------------- */

/** The observed counts of a section, group by group, and what is needed to draw them anew. */
typedef struct {
    const eh_audit_section *section;
    double *counts;       /* effective counts, groups_count * DECIDED_CELLS */
    double *draws;
    double *unit_weight;  /* weight of one effective row in each cell */
    group_cells *groups;  /* replicate */
    uint64_t total;
} resampling;

static unsigned tally_position(size_t cell)
{
    return TALLY_AT(cell / 2, cell % 2);
}

static eh_code resampling_open(audit_run *run, const section_build *build, resampling *out, eh_error *error)
{
    size_t groups_count = build->section->groups_count, cells = groups_count * DECIDED_CELLS;
    *out = (resampling){.section = build->section};
    out->counts = EH_TAKE(run->scratch, cells, double);
    out->draws = EH_TAKE(run->scratch, cells, double);
    out->unit_weight = EH_TAKE(run->scratch, cells, double);
    out->groups = EH_TAKE(run->scratch, groups_count, group_cells);
    if (!out->counts || !out->draws || !out->unit_weight || !out->groups)
        return eh_fail_memory(error);
    double total = 0;
    for (size_t g = 0; g < groups_count; g++)
        for (size_t c = 0; c < DECIDED_CELLS; c++) {
            const tally *counts = &build->tallies[g];
            unsigned at = tally_position(c);
            double squares = counts->weight_squares[at], weight = counts->weight[at];
            double effective = squares > 0 ? weight * weight / squares : 0;
            out->counts[g * DECIDED_CELLS + c] = effective;
            out->unit_weight[g * DECIDED_CELLS + c] = effective > 0 ? weight / effective : 0;
            total += effective;
        }
    out->total = (uint64_t)llround(total);
    return EH_OK;
}

/**
 * A group so small that resampling would say "no variance" gets its cells from the Dirichlet posterior (Jeffreys prior over the
 * cells that can occur) and not from its own empty ones.
 */
static void redraw_small_group(eh_random *random, const resampling *r, size_t g, bool labelled)
{
    double drawn[DECIDED_CELLS] = {0}, sum = 0, count = 0;
    const double *observed = &r->counts[g * DECIDED_CELLS];
    for (size_t c = 0; c < DECIDED_CELLS; c++) {
        bool possible = labelled ? c < 4 || observed[c] > 0 : c >= 4;
        count += observed[c];
        if (possible)
            drawn[c] = eh_random_gamma(random, observed[c] + 0.5);
        sum += drawn[c];
    }
    double mean_weight = 0;
    for (size_t c = 0; c < DECIDED_CELLS; c++)
        mean_weight += count > 0 ? observed[c] * r->unit_weight[g * DECIDED_CELLS + c] / count : 0;
    for (size_t c = 0; c < DECIDED_CELLS; c++)
        r->groups[g].cell[c] = count > 0 && sum > 0 ? drawn[c] / sum * count * mean_weight : 0;
}

static void draw_replicate(eh_random *random, const resampling *r, bool labelled)
{
    size_t cells = r->section->groups_count * DECIDED_CELLS;
    eh_random_multinomial(random, r->total, r->counts, cells, r->draws);
    for (size_t g = 0; g < r->section->groups_count; g++) {
        if (r->section->groups[g].effective < SMALL_GROUP_ROWS) {
            redraw_small_group(random, r, g, labelled);
            continue;
        }
        for (size_t c = 0; c < DECIDED_CELLS; c++)
            r->groups[g].cell[c] = r->draws[g * DECIDED_CELLS + c] * r->unit_weight[g * DECIDED_CELLS + c];
    }
}

static void observed_cells(const section_build *build, group_cells *groups)
{
    for (size_t g = 0; g < build->section->groups_count; g++)
        for (size_t c = 0; c < DECIDED_CELLS; c++)
            groups[g].cell[c] = build->section->groups[g].withheld ? 0 : build->tallies[g].weight[tally_position(c)];
}

/** Intersections have many cells and are looked at, not decided on: they get fewer replicates. */
static uint32_t replicates_of(const audit_run *run, const eh_audit_section *section)
{
    uint32_t count = run->options->replicates_count;
    return section->depth > 1 ? count - count * 3 / 5 : count;
}

static void bootstrap_intervals(audit_run *run, const resampling *r, const composite_input *in, double *replicates,
                                eh_summary *summary)
{
    uint32_t count = replicates_of(run, r->section);
    for (uint32_t i = 0; i < count; i++) {
        draw_replicate(&run->random, r, in->labelled);
        for (size_t g = 0; g < in->groups_count; g++)
            if (r->section->groups[g].withheld)
                memset(&r->groups[g], 0, sizeof r->groups[g]);
        compute_composites(in, count, replicates + i);
    }
    double tail = (1 - run->options->confidence) / 2;
    for (size_t c = 0; c < COMPOSITES_COUNT; c++) {
        if (isnan(summary[c].value))
            continue;
        /* The widest gap of noisy rates is wider than the gap of the true ones, so the replicates can lie beside the value. */
        summary[c].low = fmin(eh_quantile_inplace(replicates + c * count, count, tail), summary[c].value);
        summary[c].high = fmax(eh_quantile_inplace(replicates + c * count, count, 1 - tail), summary[c].value);
    }
}

eh_code section_summarise(audit_run *run, section_build *build, eh_error *error)
{
    eh_audit_section *section = build->section;
    eh_summary *summary = EH_TAKE(run->arena, COMPOSITES_COUNT, eh_summary);
    double *replicates = EH_TAKE(run->scratch, (size_t)run->options->replicates_count * COMPOSITES_COUNT, double);
    resampling r = {0};
    EH_TRY(resampling_open(run, build, &r, error));
    composite_input in = {.groups = r.groups, .groups_count = section->groups_count, .reference = section->reference};
    in.labelled = (run->has & EH_NEEDS_LABEL) != 0;
    in.scratch_benefits = EH_TAKE(run->scratch, 2 * section->groups_count + 3, eh_benefit);
    if (!summary || !replicates || !in.scratch_benefits)
        return eh_fail_memory(error);
    double observed[COMPOSITES_COUNT];
    observed_cells(build, r.groups);
    compute_composites(&in, 1, observed);
    for (size_t c = 0; c < COMPOSITES_COUNT; c++)
        summary[c] = (eh_summary){composites[c].name, composites[c].says, observed[c], EH_NAN, EH_NAN};
    if (r.total > 0 && section->membership == EH_MEMBERSHIP_KNOWN)
        bootstrap_intervals(run, &r, &in, replicates, summary);
    section->summary_count = 0;
    for (size_t c = 0; c < COMPOSITES_COUNT; c++)
        if (in.labelled || !composites[c].needs_label)
            summary[section->summary_count++] = summary[c];
    section->summary = summary;
    return EH_OK;
}
