/* Steps that make weights: reweighing and raking. */
#include <math.h>
#include <string.h>

#include "repair/repair_int.h"

enum { LISTED_MAX = 14 };

/* The weight of everybody in a crossing of groups (and an outcome). */
typedef struct {
    const char **keys; /* count x keys_count */
    double *factors;
    size_t count, keys_count;
    double total;        /* what the weights of all rows add up to; NaN when it is not known */
} cells;

/* ---- parameters ---------------------------------------------------------------------------------------------------------------- */

static void cells_write(repair_run *run, const cells *found)
{
    eh_json_array_open(run->writer, "cells");
    for (size_t i = 0; i < found->count; i++) {
        eh_json_object_open_flat(run->writer, NULL);
        eh_json_array_open_flat(run->writer, "cell");
        for (size_t k = 0; k < found->keys_count; k++)
            eh_json_text(run->writer, NULL, found->keys[i * found->keys_count + k]);
        eh_json_array_close(run->writer);
        eh_json_number(run->writer, "factor", found->factors[i]);
        eh_json_object_close(run->writer);
    }
    eh_json_array_close(run->writer);
}

static eh_code cells_read(repair_run *run, size_t keys_count, cells *found)
{
    eh_json_value list = eh_json_member(run->fitted, "cells");
    *found = (cells){.count = eh_json_count(list), .keys_count = keys_count, .total = EH_NAN};
    found->keys = EH_TAKE(run->arena, found->count * keys_count, const char *);
    found->factors = EH_TAKE(run->arena, found->count, double);
    if (found->keys == NULL || found->factors == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < found->count; i++) {
        eh_json_value item = eh_json_item(list, i), names = eh_json_member(item, "cell");
        found->factors[i] = eh_json_as_number(eh_json_member(item, "factor"));
        bool whole = !isnan(found->factors[i]) && eh_json_count(names) == keys_count;
        for (size_t k = 0; k < keys_count; k++) {
            found->keys[i * keys_count + k] = eh_json_as_text(eh_json_item(names, k));
            whole = whole && found->keys[i * keys_count + k] != NULL;
        }
        if (!whole)
            return eh_fail(run->error, EH_CORRUPT, "the fitted parameters of this step are not those of the plan; fit again with --fit");
    }
    return EH_OK;
}

/* ---- the column ------------------------------------------------------------------------------------------------------------------ */

static void start_sql(const repair_run *run, eh_buffer *sql)
{
    if (run->state->merged != NULL) {
        eh_buffer_text(sql, "CASE WHEN ");
        eh_transform_name(sql, run->state->merged);
        eh_buffer_text(sql, " IS NOT NULL THEN 0e0 ELSE ");
    }
    if (run->step->start == NULL) {
        eh_buffer_text(sql, "1e0");
    } else {
        eh_buffer_text(sql, "CAST(");
        eh_transform_name(sql, run->step->start);
        eh_buffer_text(sql, " AS DOUBLE)");
    }
    eh_buffer_text(sql, run->state->merged != NULL ? " END" : "");
}

static eh_code keyed_sql(repair_run *run, const char *from, eh_buffer *sql)
{
    eh_buffer_text(sql, "(SELECT *, ");
    EH_TRY(repair_groups_sql(run, sql));
    if (run->step->kind == EH_STEP_REWEIGH)
        eh_buffer_format(sql, ", CAST((%s) AS VARCHAR) AS \"evenhand y\"", run->step->outcome);
    eh_buffer_format(sql, " FROM %s)", from);
    return EH_OK;
}

static void key_name(const repair_run *run, size_t k, eh_buffer *sql)
{
    if (k < run->step->by_count)
        eh_buffer_format(sql, "\"evenhand g%zu\"", k);
    else
        eh_buffer_text(sql, "\"evenhand y\"");
}

static eh_code column_write(repair_run *run, const cells *found, const char *into)
{
    eh_buffer *sql = &run->select;
    eh_buffer_text(sql, "SELECT * EXCLUDE (");
    for (size_t k = 0; k < found->keys_count; k++) {
        eh_buffer_text(sql, k == 0 ? "" : ", ");
        key_name(run, k, sql);
    }
    eh_buffer_text(sql, "), ");
    start_sql(run, sql);
    eh_buffer_text(sql, " * CASE");
    for (size_t i = 0; i < found->count; i++) {
        for (size_t k = 0; k < found->keys_count; k++) {
            eh_buffer_text(sql, k == 0 ? " WHEN " : " AND ");
            key_name(run, k, sql);
            eh_buffer_text(sql, " = ");
            eh_transform_text(sql, found->keys[i * found->keys_count + k]);
        }
        eh_buffer_text(sql, " THEN ");
        eh_transform_number(sql, found->factors[i]);
    }
    eh_buffer_text(sql, found->count == 0 ? " WHEN false THEN 1e0 ELSE 1e0 END AS " : " ELSE 1e0 END AS ");
    eh_transform_name(sql, into);
    eh_buffer_text(sql, " FROM ");
    return keyed_sql(run, EH_TRANSFORM_BEFORE, sql);
}

/* Rows, and what they are worth with these weights. */
static eh_code worth(repair_run *run, const eh_buffer *weight, const eh_buffer *from, double sums[3], double *effective_out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_buffer_format(&sql, "SELECT CAST(count(*) AS VARCHAR), CAST(sum(w) AS VARCHAR), CAST(sum(w * w) AS VARCHAR) FROM (SELECT %s AS w FROM ", weight->ptr == NULL ? "" : weight->ptr);
    eh_buffer_append(&sql, eh_buffer_view(from));
    eh_buffer_byte(&sql, ')');
    EH_TRY(repair_ask_numbers(run, &sql, 3, sums));
    *effective_out = sums[1] * sums[1] / sums[2];
    return EH_OK;
}

static eh_code worth_tell(repair_run *run, const cells *found)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer start = {0}, after = {0}, rows = {0}, keyed = {0};
    start_sql(run, &start);
    eh_buffer_text(&rows, "evenhand_rows");
    EH_TRY(keyed_sql(run, "evenhand_rows", &keyed));
    eh_buffer_append(&after, eh_buffer_view(&start));
    eh_buffer_text(&after, " * CASE");
    for (size_t i = 0; i < found->count; i++) {
        for (size_t k = 0; k < found->keys_count; k++) {
            eh_buffer_text(&after, k == 0 ? " WHEN " : " AND ");
            key_name(run, k, &after);
            eh_buffer_text(&after, " = ");
            eh_transform_text(&after, found->keys[i * found->keys_count + k]);
        }
        eh_buffer_text(&after, " THEN ");
        eh_transform_number(&after, found->factors[i]);
    }
    eh_buffer_text(&after, found->count == 0 ? " WHEN false THEN 1e0 ELSE 1e0 END" : " ELSE 1e0 END");
    EH_TRY(eh_buffer_check(&after, run->error));
    double sums[3];
    EH_TRY(worth(run, &start, &rows, sums, &run->done->effective_before));
    EH_TRY(worth(run, &after, &keyed, sums, &run->done->effective_after));
    run->done->people = sums[0];
    run->done->rows_changed = (uint64_t)sums[0];
    /* A group that is called otherwise here than where the weights were made would keep its weight in silence. */
    if (!isnan(found->total) && fabs(sums[1] - found->total) > 1e-6 * found->total)
        return eh_fail(run->error, EH_INTERNAL, "the weights of the groups do not reach all rows (they add up to %.6g instead of %.6g)", sums[1], found->total);
    return EH_OK;
}

/* Caps the weights of cells at so many times their mean; the sum stays. */
static eh_code cap(repair_run *run, const double *people, cells *found)
{
    if (!(run->step->cap > 0))
        return EH_OK;
    eh_weight_cell *weights = EH_TAKE(run->arena, found->count, eh_weight_cell);
    if (weights == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < found->count; i++)
        weights[i] = (eh_weight_cell){found->factors[i], people[i]};
    /* Scaling back to the old sum lifts the capped ones again: until it no longer does. */
    for (int round = 0; round < 200 && eh_weights_cost_of(weights, found->count).largest > run->step->cap * (1 + 1e-9); round++)
        eh_weights_trim(weights, found->count, run->step->cap);
    for (size_t i = 0; i < found->count; i++)
        found->factors[i] = weights[i].weight;
    return EH_OK;
}

static const char *weight_into(const repair_run *run)
{
    return run->step->into != NULL ? run->step->into : run->step->kind == EH_STEP_RAKE ? "weight_raked" : "weight_reweighed";
}

/* ---- reweigh ----------------------------------------------------------------------------------------------------------------------- */

/* Counts by group (all groups of the step together) and outcome; outcomes become columns. */
typedef struct {
    const char **groups; /* count x by_count */
    const char *outcomes[EH_GROUPS_MAX];
    double *weights;     /* count x EH_GROUPS_MAX */
    size_t count, outcomes_count;
} outcome_table;

static size_t outcome_place(outcome_table *table, const char *outcome)
{
    size_t y = 0;
    while (y < table->outcomes_count && strcmp(table->outcomes[y], outcome) != 0)
        y++;
    if (y == table->outcomes_count && y < EH_GROUPS_MAX)
        table->outcomes[table->outcomes_count++] = outcome;
    return y;
}

static size_t group_place(outcome_table *table, const char *const *names, size_t by_count)
{
    for (size_t g = 0; g < table->count; g++) {
        bool same = true;
        for (size_t k = 0; k < by_count && same; k++)
            same = strcmp(table->groups[g * by_count + k], names[k]) == 0;
        if (same)
            return g;
    }
    memcpy(table->groups + table->count * by_count, names, by_count * sizeof *names);
    return table->count++;
}

static eh_code outcomes_ask(repair_run *run, outcome_table *table)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_answer answer;
    size_t by = run->step->by_count;
    eh_buffer_text(&sql, "SELECT ");
    for (size_t k = 0; k <= by; k++) {
        key_name(run, k, &sql);
        eh_buffer_text(&sql, ", ");
    }
    eh_buffer_text(&sql, "CAST(sum(");
    start_sql(run, &sql);
    eh_buffer_text(&sql, ") AS VARCHAR) FROM ");
    EH_TRY(keyed_sql(run, "evenhand_rows", &sql));
    eh_buffer_text(&sql, " WHERE \"evenhand y\" IS NOT NULL GROUP BY ALL ORDER BY ALL");
    EH_TRY(eh_buffer_check(&sql, run->error));
    EH_TRY(eh_transform_ask(run->engine, sql.ptr, EH_REPAIR_CELLS_MAX, run->arena, &answer, run->error));
    table->groups = EH_TAKE(run->arena, answer.rows_count * by, const char *);
    table->weights = EH_TAKE(run->arena, answer.rows_count * EH_GROUPS_MAX, double);
    if (table->groups == NULL || table->weights == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < answer.rows_count; i++) {
        const char *const *row = &answer.values[i * answer.columns_count];
        size_t y = outcome_place(table, row[by]);
        if (y == EH_GROUPS_MAX)
            return eh_fail(run->error, EH_LIMIT, "the outcome has more than %d values; say which count, as in outcome: \"spend > 0\"", EH_GROUPS_MAX);
        table->weights[group_place(table, row, by) * EH_GROUPS_MAX + y] += repair_number(row[by + 1]);
    }
    return table->count == 0 ? eh_fail(run->error, EH_INPUT, "no row has an outcome") : EH_OK;
}

/* The largest difference of an outcome's share between two groups, with these factors. */
static double outcome_gap(const outcome_table *table, const double *factors)
{
    double largest = 0;
    for (size_t y = 0; y < table->outcomes_count; y++) {
        double least = 1, most = 0;
        for (size_t g = 0; g < table->count; g++) {
            double total = 0, share = 0;
            for (size_t o = 0; o < table->outcomes_count; o++) {
                double weight = table->weights[g * EH_GROUPS_MAX + o];
                weight *= factors == NULL || isnan(factors[g * table->outcomes_count + o]) ? 1 : factors[g * table->outcomes_count + o];
                total += weight;
                share += o == y ? weight : 0;
            }
            least = fmin(least, share / total);
            most = fmax(most, share / total);
        }
        largest = fmax(largest, most - least);
    }
    return largest;
}

static eh_code reweigh_fit(repair_run *run, cells *found)
{
    outcome_table table = {0};
    size_t by = run->step->by_count;
    EH_TRY(outcomes_ask(run, &table));
    size_t outcomes = table.outcomes_count;
    double *compact = EH_TAKE(run->arena, table.count * outcomes, double), *factors = EH_TAKE(run->arena, table.count * outcomes, double);
    double *people = EH_TAKE(run->arena, table.count * outcomes, double);
    *found = (cells){.total = EH_NAN, .keys_count = by + 1, .keys = EH_TAKE(run->arena, table.count * outcomes * (by + 1), const char *),
                     .factors = EH_TAKE(run->arena, table.count * outcomes, double)};
    if (compact == NULL || factors == NULL || people == NULL || found->keys == NULL || found->factors == NULL)
        return eh_fail_memory(run->error);
    for (size_t g = 0; g < table.count; g++)
        for (size_t y = 0; y < outcomes; y++)
            compact[g * outcomes + y] = table.weights[g * EH_GROUPS_MAX + y];
    eh_reweigh(compact, table.count, outcomes, factors);
    for (size_t i = 0; i < table.count * outcomes; i++) {
        if (isnan(factors[i]))
            continue;
        memcpy(found->keys + found->count * (by + 1), table.groups + i / outcomes * by, by * sizeof *found->keys);
        found->keys[found->count * (by + 1) + by] = table.outcomes[i % outcomes];
        people[found->count] = compact[i];
        found->factors[found->count++] = factors[i];
    }
    run->done->measure = "largest difference of the outcome between groups";
    run->done->before = outcome_gap(&table, NULL);
    run->done->after = outcome_gap(&table, factors);
    return cap(run, people, found);
}

eh_code repair_reweigh(repair_run *run)
{
    cells found;
    EH_TRY(run->fitted != NULL ? cells_read(run, run->step->by_count + 1, &found) : reweigh_fit(run, &found));
    cells_write(run, &found);
    run->done->into = weight_into(run);
    EH_TRY(worth_tell(run, &found));
    return column_write(run, &found, run->done->into);
}

/* ---- rake ------------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    eh_cube cube;
    const eh_cell **first;
    double *weights, *people;
    size_t count;
    eh_target targets[EH_POPULATIONS_MAX];
    eh_margin margins[EH_POPULATIONS_MAX];
    size_t targets_count;
} raking;

static eh_code raking_open(repair_run *run, raking *r, eh_cube_spec *spec, eh_cube_attribute *attributes)
{
    *spec = (eh_cube_spec){.decision = {EH_EVERY_ROW, EH_EVERY_ROW}, .attributes = attributes, .attributes_count = run->step->by_count, .one_group_will_do = true};
    for (size_t k = 0; k < run->step->by_count; k++)
        attributes[k] = *repair_group_find(run->plan, run->step->by[k]);
    if (run->step->start != NULL || run->state->merged != NULL) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer weight = {0};
        start_sql(run, &weight);
        EH_TRY(eh_buffer_check(&weight, run->error));
        spec->weight = (eh_expression){eh_arena_copy(run->arena, eh_buffer_view(&weight)), run->step->start != NULL ? run->step->start : run->state->merged};
        if (spec->weight.sql == NULL)
            return eh_fail_memory(run->error);
    }
    EH_TRY(eh_cube_read(run->engine, spec, run->arena, &r->cube, run->error));
    r->first = EH_TAKE(run->arena, r->cube.cells_count, const eh_cell *);
    r->weights = EH_TAKE(run->arena, r->cube.cells_count, double);
    r->people = EH_TAKE(run->arena, r->cube.cells_count, double);
    if (r->first == NULL || r->weights == NULL || r->people == NULL)
        return eh_fail_memory(run->error);
    for (size_t c = 0; c < r->cube.cells_count; c++) {
        const eh_cell *cell = &r->cube.cells[c];
        r->first[r->count] = cell;
        r->weights[r->count] = cell->weight;
        r->people[r->count++] = (double)cell->count;
    }
    return EH_OK;
}

/* What no weight can reach is refused, with both sides beside each other. */
static eh_code reach_check(repair_run *run, const raking *r, const eh_target *target, const bool *there)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    size_t lost = 0;
    for (size_t a = 0; a < target->absent_count; a++)
        if (++lost <= LISTED_MAX)
            eh_buffer_format(&list, "\n  %-32.100s %6.2f %%     0 rows", target->absent[a].name, target->absent[a].share * 100);
    for (size_t level = 0; level < target->levels_count; level++) {
        if (!target->known[level] || there[level] || ++lost > LISTED_MAX)
            continue;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0};
        size_t below = target->levels_count;
        for (size_t d = 0; d < target->attributes_count; d++) {
            const eh_cube_dimension *dimension = &r->cube.dimensions[target->attributes[d]];
            below /= dimension->groups_count;
            eh_buffer_format(&name, "%s%s", d == 0 ? "" : " & ", dimension->groups[level / below % dimension->groups_count].name);
        }
        eh_buffer_format(&list, "\n  %-32.100s %6.2f %%     0 rows", name.ptr == NULL ? "" : name.ptr, target->shares[level] * 100);
    }
    if (lost == 0 || run->plan->skip_unmatched)
        return EH_OK;
    EH_TRY(eh_buffer_check(&list, run->error));
    return eh_fail(run->error, EH_CONFLICT, "%s: %zu group%s of the population %s nobody in the data, so no weight can reach %s:\n  %-32s population   data%s\n"
                   "Join groups, or leave these out with 'skip_unmatched: true' in the plan", target->path, lost, lost == 1 ? "" : "s", lost == 1 ? "has" : "have",
                   lost == 1 ? "it" : "them", "group", list.ptr);
}

static eh_code margin_make(repair_run *run, raking *r, size_t t)
{
    const eh_target *target = &r->targets[t];
    uint32_t *level_of_cell = EH_TAKE(run->arena, r->count, uint32_t);
    double *shares = EH_TAKE(run->arena, target->levels_count, double);
    bool *there = EH_TAKE(run->arena, target->levels_count, bool);
    if (level_of_cell == NULL || shares == NULL || there == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < r->count; i++) {
        size_t level = eh_target_level(target, &r->cube, r->first[i]->group);
        level_of_cell[i] = target->known[level] ? (uint32_t)level : (uint32_t)EH_LEVEL_NONE;
        there[level] = there[level] || r->weights[i] > 0;
    }
    EH_TRY(reach_check(run, r, target, there));
    for (size_t level = 0; level < target->levels_count; level++)
        shares[level] = target->known[level] && there[level] ? target->shares[level] : 0;
    r->margins[t] = (eh_margin){level_of_cell, shares, target->levels_count};
    return EH_OK;
}

static eh_code targets_read(repair_run *run, raking *r, const eh_cube_spec *spec)
{
    for (size_t p = 0; p < run->plan->populations_count; p++) {
        eh_population_table tables[EH_POPULATIONS_MAX];
        size_t count = 0;
        EH_TRY(eh_population_tables_read(&run->plan->populations[p], spec, &r->cube, run->arena, tables, &count, run->error));
        for (size_t t = 0; t < count; t++) {
            if (r->targets_count == EH_POPULATIONS_MAX)
                return eh_fail(run->error, EH_LIMIT, "more than %d tables of the population", EH_POPULATIONS_MAX);
            EH_TRY(eh_target_of(&tables[t], &r->cube, run->plan->skip_unmatched, run->arena, &r->targets[r->targets_count], run->error));
            EH_TRY(margin_make(run, r, r->targets_count));
            r->targets_count++;
        }
    }
    return EH_OK;
}

static double largest_gap(const raking *r, const double *factors)
{
    double largest = 0;
    for (size_t t = 0; t < r->targets_count; t++) {
        const eh_margin *margin = &r->margins[t];
        double total = 0, shares = 0;
        for (size_t i = 0; i < r->count; i++)
            total += margin->level_of_cell[i] == (uint32_t)EH_LEVEL_NONE ? 0 : r->weights[i] * factors[i];
        for (size_t level = 0; level < margin->levels_count; level++)
            shares += margin->shares[level];
        for (size_t level = 0; level < margin->levels_count; level++) {
            double in = 0;
            for (size_t i = 0; margin->shares[level] > 0 && i < r->count; i++)
                in += margin->level_of_cell[i] == level ? r->weights[i] * factors[i] : 0;
            if (margin->shares[level] > 0)
                largest = fmax(largest, fabs(in / total - margin->shares[level] / shares));
        }
    }
    return largest;
}

static eh_code rake_fit(repair_run *run, cells *found)
{
    raking *r = EH_TAKE(run->arena, 1, raking);
    eh_cube_spec spec;
    eh_cube_attribute attributes[EH_ATTRIBUTES_MAX];
    eh_rake_result result;
    size_t by = run->step->by_count;
    if (r == NULL)
        return eh_fail_memory(run->error);
    EH_TRY(raking_open(run, r, &spec, attributes));
    EH_TRY(targets_read(run, r, &spec));
    eh_rake_spec rake = {r->weights, r->count, r->margins, r->targets_count, 0, 1e-10};
    EH_TRY(eh_rake(&rake, run->arena, &result, run->error));
    if (!result.converged)
        return eh_fail(run->error, EH_CONFLICT, "raking has not reached the population after %u rounds; a share is still %.2g away. The margins contradict each other, or a "
                       "crossing that they need is empty: use fewer attributes or coarser bands", result.rounds, result.largest_gap);
    *found = (cells){.total = EH_NAN, .keys_count = by, .count = r->count, .keys = EH_TAKE(run->arena, r->count * by, const char *), .factors = result.factors};
    double *ones = EH_TAKE(run->arena, r->count, double);
    if (found->keys == NULL || ones == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < r->count; i++) {
        ones[i] = 1;
        for (size_t k = 0; k < by; k++)
            found->keys[i * by + k] = r->cube.dimensions[k].groups[r->first[i]->group[k]].name;
    }
    run->done->measure = "largest difference of a share to the population";
    run->done->before = largest_gap(r, ones);
    EH_TRY(cap(run, r->people, found));
    found->total = 0;
    for (size_t i = 0; i < r->count; i++)
        found->total += r->weights[i] * found->factors[i];
    run->done->after = largest_gap(r, found->factors);
    eh_json_integer(run->writer, "rounds", result.rounds);
    return EH_OK;
}

eh_code repair_rake(repair_run *run)
{
    cells found;
    EH_TRY(run->fitted != NULL ? cells_read(run, run->step->by_count, &found) : rake_fit(run, &found));
    cells_write(run, &found);
    run->done->into = weight_into(run);
    EH_TRY(worth_tell(run, &found));
    return column_write(run, &found, run->done->into);
}
