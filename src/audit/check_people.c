/* People: outcomes by group, who was never tried, and crossings of groups that nobody can look at. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/check_int.h"

/* ---- rates by group ----------------------------------------------------------------------------------------------------------- */

/* Effective counts of one rate in one group. */
typedef struct {
    double yes, all, squares;
} rate;

static eh_proportion proportion(const check_run *run, rate of)
{
    double effective = run->check->weighted && of.squares > 0 ? of.all * of.all / of.squares : of.all;
    return (eh_proportion){of.all > 0 ? of.yes / of.all * effective : 0, effective};
}

static void rate_add(rate *into, double weight, double squares, bool yes)
{
    into->yes += yes ? weight : 0;
    into->all += weight;
    into->squares += squares;
}

/* Whether the cell counts for the rate, and as what. */
typedef bool (*rate_reader)(const check_run *run, const eh_cell *cell, bool *yes_out);

static bool outcome_rate(const check_run *run, const eh_cell *cell, bool *yes_out)
{
    (void)run;
    *yes_out = cell->label == EH_TRUE;
    return cell->label != EH_UNKNOWN;
}

/* Without a decision, people whose outcome is not known are those who were not tried. */
static bool untried_rate(const check_run *run, const eh_cell *cell, bool *yes_out)
{
    *yes_out = run->check->decided ? cell->decision == EH_FALSE : cell->label == EH_UNKNOWN;
    return !run->check->decided || cell->decision != EH_UNKNOWN;
}

typedef struct {
    rate groups[EH_ATTRIBUTES_MAX][EH_GROUPS_MAX];
    rate everybody;
} rates;

static void rates_of(const check_run *run, rate_reader reader, rates *of)
{
    memset(of, 0, sizeof *of);
    for (size_t c = 0; c < run->cube->cells_count; c++) {
        const eh_cell *cell = &run->cube->cells[c];
        bool yes = false;
        if (!reader(run, cell, &yes))
            continue;
        rate_add(&of->everybody, cell->weight, cell->weight_squares, yes);
        for (size_t a = 0; a < run->cube->dimensions_count; a++)
            rate_add(&of->groups[a][cell->group[a]], cell->weight, cell->weight_squares, yes);
    }
}

typedef struct {
    double p[EH_ATTRIBUTES_MAX][EH_GROUPS_MAX];
} tests;

/* Every group against everybody else, adjusted over all groups of all attributes. */
static eh_code rates_test(check_run *run, const rates *of, tests *adjusted)
{
    double flat[EH_ATTRIBUTES_MAX * EH_GROUPS_MAX];
    size_t count = 0;
    for (size_t a = 0; a < run->cube->dimensions_count; a++)
        for (size_t g = 0; g < run->cube->dimensions[a].groups_count; g++) {
            rate rest = {of->everybody.yes - of->groups[a][g].yes, of->everybody.all - of->groups[a][g].all,
                         of->everybody.squares - of->groups[a][g].squares};
            flat[count++] = of->groups[a][g].all > 0 && rest.all > 0 ? eh_equality_p(proportion(run, of->groups[a][g]), proportion(run, rest)) : EH_NAN;
        }
    EH_TRY(check_holm(run, flat, count));
    count = 0;
    for (size_t a = 0; a < run->cube->dimensions_count; a++)
        for (size_t g = 0; g < run->cube->dimensions[a].groups_count; g++)
            adjusted->p[a][g] = flat[count++];
    return EH_OK;
}

static eh_estimate estimate(const check_run *run, rate of)
{
    eh_proportion observed = proportion(run, of);
    return check_share(observed.successes, observed.trials, run->options.confidence);
}

static eh_code base_rates(check_run *run)
{
    rates *of = EH_TAKE(run->arena, 1, rates);
    tests *adjusted = EH_TAKE(run->arena, 1, tests);
    if (of == NULL || adjusted == NULL)
        return eh_fail_memory(run->error);
    rates_of(run, outcome_rate, of);
    EH_TRY(rates_test(run, of, adjusted));
    run->check->base_rate = estimate(run, of->everybody);
    for (size_t a = 0; a < run->cube->dimensions_count; a++) {
        int32_t low = -1, high = -1;
        for (size_t g = 0; g < run->cube->dimensions[a].groups_count; g++) {
            eh_check_group *group = &run->groups[a][g];
            group->base_rate = estimate(run, of->groups[a][g]);
            group->base_rate_p = adjusted->p[a][g];
            bool told = !group->missing && adjusted->p[a][g] < check_alpha(run);
            if (told && (low < 0 || group->base_rate.value < run->groups[a][low].base_rate.value))
                low = (int32_t)g;
            if (told && (high < 0 || group->base_rate.value > run->groups[a][high].base_rate.value))
                high = (int32_t)g;
        }
        if (low < 0)
            continue;
        /* One group that differs is told against everybody; of several the lowest is told with the highest. */
        double other = high != low ? run->groups[a][high].base_rate.value : run->check->base_rate.value;
        double ratio = run->groups[a][low].base_rate.value / other;
        double apart = fmin(ratio, 1 / ratio);
        eh_finding *finding = check_finding(run, EH_FINDING_BASE_RATE, apart < run->options.ratio_min ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW, EH_CERTAINTY_SURE);
        if (finding == NULL)
            continue;
        finding->attribute = run->sections[a].name;
        finding->group = run->groups[a][low].name;
        finding->detail = high != low ? run->groups[a][high].name : NULL;
        finding->estimate = run->groups[a][low].base_rate;
        finding->expected = other;
        finding->factor = ratio;
        finding->p_adjusted = adjusted->p[a][low];
    }
    return EH_OK;
}

/* ---- never tried ---------------------------------------------------------------------------------------------------------------------- */

static void untried_tell(check_run *run, const rates *of)
{
    const eh_check_group *worst = NULL;
    const char *attribute = NULL;
    for (size_t a = 0; a < run->cube->dimensions_count; a++)
        for (size_t g = 0; g < run->cube->dimensions[a].groups_count; g++) {
            const eh_check_group *group = &run->groups[a][g];
            bool more = group->never_tried.value > run->check->never_tried.value;
            if (group->missing || !more || !(group->never_tried_p < check_alpha(run)))
                continue;
            if (worst == NULL || group->never_tried.low > worst->never_tried.low) {
                worst = group;
                attribute = run->sections[a].name;
            }
        }
    double share = run->check->never_tried.value;
    eh_severity severity = share >= 0.2 ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW;
    if (worst != NULL && worst->never_tried.value >= 0.95 && share < 0.8)
        severity = EH_SEVERITY_HIGH;
    eh_finding *finding = check_finding(run, EH_FINDING_NEVER_TRIED, severity, worst != NULL ? EH_CERTAINTY_SURE : EH_CERTAINTY_COUNTED);
    if (finding == NULL)
        return;
    finding->estimate = run->check->never_tried;
    finding->rows = (uint64_t)of->everybody.yes;
    if (worst == NULL)
        return;
    finding->attribute = attribute;
    finding->group = worst->name;
    finding->expected = worst->never_tried.value;
    finding->p_adjusted = worst->never_tried_p;
    finding->factor = worst->never_tried.value / share;
}

static eh_code never_tried(check_run *run)
{
    rates *of = EH_TAKE(run->arena, 1, rates);
    tests *adjusted = EH_TAKE(run->arena, 1, tests);
    if (of == NULL || adjusted == NULL)
        return eh_fail_memory(run->error);
    rates_of(run, untried_rate, of);
    if (!(of->everybody.yes > 0) || !(of->everybody.yes < of->everybody.all))
        return EH_OK; /* everybody was tried, or nobody */
    EH_TRY(rates_test(run, of, adjusted));
    run->check->never_tried = estimate(run, of->everybody);
    for (size_t a = 0; a < run->cube->dimensions_count; a++)
        for (size_t g = 0; g < run->cube->dimensions[a].groups_count; g++) {
            run->groups[a][g].never_tried = estimate(run, of->groups[a][g]);
            run->groups[a][g].never_tried_p = adjusted->p[a][g];
        }
    untried_tell(run, of);
    return EH_OK;
}

/* ---- crossings nobody looks at ----------------------------------------------------------------------------------------------------------- */

enum { CROSSED_MAX = 3, CROSSINGS_LISTED_MAX = 200 };

/* Two or three attributes whose groups are crossed. */
typedef struct {
    size_t attributes[CROSSED_MAX], count, levels;
} crossed;

static double share_in_data(const check_run *run, size_t attribute, size_t group)
{
    const eh_check_group *of = &run->groups[attribute][group];
    if (of->population_share > 0)
        return of->population_share;
    return isnan(of->share.value) ? (double)of->rows / (double)run->check->profile->rows : of->share.value;
}

/* The share that a crossing has in a joint table of just these attributes, or NaN. */
static double share_in_population(const check_run *run, const crossed *of, const uint16_t *groups)
{
    for (size_t t = 0; t < run->targets_count; t++) {
        const eh_target *target = &run->targets[t];
        bool same = target->attributes_count == of->count;
        for (size_t i = 0; same && i < of->count; i++)
            same = target->attributes[i] == of->attributes[i];
        size_t level = same ? eh_target_level(target, run->cube, groups) : 0;
        if (same && target->known[level])
            return target->shares[level];
    }
    return EH_NAN;
}

static eh_code crossing_add(check_run *run, const crossed *of, const uint16_t *groups, uint64_t rows, eh_check_crossing *list)
{
    double known = share_in_population(run, of, groups), expected = 1;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0}, attributes = {0};
    for (size_t i = 0; i < of->count; i++) {
        size_t a = of->attributes[i];
        expected *= share_in_data(run, a, groups[a]);
        eh_buffer_format(&name, "%s%s", i == 0 ? "" : " & ", run->cube->dimensions[a].groups[groups[a]].name);
        eh_buffer_format(&attributes, "%s%s", i == 0 ? "" : " & ", run->cube->dimensions[a].name);
    }
    EH_TRY(eh_buffer_check(&name, run->error));
    EH_TRY(eh_buffer_check(&attributes, run->error));
    eh_check_crossing added = {eh_arena_copy(run->arena, eh_buffer_view(&name)), eh_arena_copy(run->arena, eh_buffer_view(&attributes)), rows,
                               isnan(known) ? expected : known, !isnan(known)};
    if (added.name == NULL || added.attributes == NULL)
        return eh_fail_memory(run->error);
    /* The most expected first; of the rest only the number is told. */
    size_t at = run->check->crossings_count;
    while (at > 0 && (list[at - 1].expected_share < added.expected_share))
        at--;
    if (at == CROSSINGS_LISTED_MAX)
        return EH_OK;
    size_t kept = run->check->crossings_count < CROSSINGS_LISTED_MAX ? run->check->crossings_count : CROSSINGS_LISTED_MAX - 1;
    memmove(&list[at + 1], &list[at], (kept - at) * sizeof *list);
    list[at] = added;
    run->check->crossings_count = kept + 1;
    return EH_OK;
}

/* From a level's number to the groups; false when one of them is the missing or an unmatched one. */
static bool level_groups(const check_run *run, const crossed *of, size_t level, uint16_t *groups)
{
    for (size_t i = of->count; i-- > 0;) {
        const eh_cube_dimension *dimension = &run->cube->dimensions[of->attributes[i]];
        size_t group = level % dimension->groups_count;
        level /= dimension->groups_count;
        groups[of->attributes[i]] = (uint16_t)group;
        if (dimension->groups[group].missing || dimension->groups[group].others)
            return false;
    }
    return true;
}

static eh_code crossed_look(check_run *run, const crossed *of, eh_check_crossing *list)
{
    uint64_t *rows = EH_TAKE(run->arena, of->levels, uint64_t);
    if (rows == NULL)
        return eh_fail_memory(run->error);
    for (size_t c = 0; c < run->cube->cells_count; c++) {
        size_t level = 0;
        for (size_t i = 0; i < of->count; i++)
            level = level * run->cube->dimensions[of->attributes[i]].groups_count + run->cube->cells[c].group[of->attributes[i]];
        rows[level] += run->cube->cells[c].count;
    }
    for (size_t level = 0; level < of->levels; level++) {
        uint16_t groups[EH_ATTRIBUTES_MAX] = {0};
        if (!level_groups(run, of, level, groups))
            continue;
        run->check->crossings_possible++;
        run->check->crossings_empty += rows[level] == 0;
        run->check->crossings_few += rows[level] > 0 && rows[level] < run->options.cell_rows_min;
        if (rows[level] < run->options.cell_rows_min)
            EH_TRY(crossing_add(run, of, groups, rows[level], list));
    }
    return EH_OK;
}

static void crossings_tell(check_run *run, const eh_check_crossing *list)
{
    const eh_check *check = run->check;
    if (check->crossings_count == 0)
        return;
    /* What matters is whom nobody can look at: a crossing that would hold one in a hundred people and holds next to nobody. */
    double expected = list[0].expected_share * (double)check->profile->rows;
    bool grave = list[0].expected_share >= 0.01 && expected >= 2 * (double)run->options.cell_rows_min;
    eh_finding *finding = check_finding(run, EH_FINDING_UNCOVERED, grave ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW, EH_CERTAINTY_COUNTED);
    if (finding == NULL)
        return;
    finding->attribute = list[0].attributes;
    finding->group = list[0].name;
    finding->rows = list[0].rows;
    finding->expected = list[0].expected_share;
    finding->estimate = (eh_estimate){(double)(check->crossings_empty + check->crossings_few) / (double)check->crossings_possible, EH_NAN, EH_NAN,
                                      (double)check->crossings_possible};
}

static eh_code crossings(check_run *run)
{
    size_t attributes = run->cube->dimensions_count;
    eh_check_crossing *list = EH_TAKE(run->arena, CROSSINGS_LISTED_MAX + 1, eh_check_crossing);
    if (list == NULL)
        return eh_fail_memory(run->error);
    for (size_t a = 0; a < attributes; a++)
        for (size_t b = a + 1; b < attributes; b++)
            for (size_t c = b; c < attributes; c++) {
                crossed of = {{a, b, c}, c == b ? 2 : 3, 1};
                for (size_t i = 0; i < of.count; i++)
                    of.levels *= run->cube->dimensions[of.attributes[i]].groups_count;
                if (of.levels <= EH_INTERSECTION_GROUPS_MAX)
                    EH_TRY(crossed_look(run, &of, list));
            }
    crossings_tell(run, list);
    run->check->crossings = list;
    return EH_OK;
}

eh_code check_people(check_run *run)
{
    static const eh_estimate none = {EH_NAN, EH_NAN, EH_NAN, 0};
    run->check->base_rate = run->check->never_tried = none;
    if (run->cube == NULL)
        return EH_OK;
    if (run->check->labelled)
        EH_TRY(base_rates(run));
    if (run->check->labelled || run->check->decided)
        EH_TRY(never_tried(run));
    return crossings(run);
}
