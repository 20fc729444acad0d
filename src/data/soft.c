/* Membership known only as probabilities: rows that agree in all of them, in label and in decision. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/cube_int.h"

enum { ROUNDED_STEPS = 1000 };

typedef struct {
    eh_reading reading;
    const eh_soft_spec *soft;
    eh_soft_cell *cells;
    size_t count;
    bool overflowed;
} soft_reading;

/* The items of layer 1 for the probabilities. */
static eh_code probabilities_check(soft_reading *s, eh_buffer *extra)
{
    eh_error *error = s->reading.error;
    if (s->soft->groups_count < 2 || s->soft->groups_count > EH_GROUPS_MAX)
        return eh_fail(error, EH_LIMIT, "--soft %s: %zu groups, must be 2 to %d", s->soft->name, s->soft->groups_count, EH_GROUPS_MAX);
    for (size_t i = 0; i < s->soft->groups_count; i++) {
        eh_column column;
        EH_TRY(eh_number_check(&s->reading, "--soft", (eh_expression){s->soft->probabilities[i], s->soft->group_names[i]}, &column));
        eh_buffer_text(extra, ", CAST((");
        eh_buffer_text(extra, s->soft->probabilities[i]);
        eh_buffer_format(extra, ") AS DOUBLE) AS \"evenhand p%zu\"", i);
    }
    return eh_buffer_check(extra, error);
}

/* Every row's probabilities must be numbers in [0, 1] that add up to 1. */
static eh_code rows_check(soft_reading *s, const char *extra)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT count(*), count_if(outside), count_if(NOT outside AND abs(total - 1e0) > 1e-6) FROM (SELECT (FALSE");
    for (size_t i = 0; i < s->soft->groups_count; i++)
        eh_buffer_format(&sql, " OR \"evenhand p%zu\" IS NULL OR NOT (\"evenhand p%zu\" BETWEEN 0 AND 1)", i, i);
    eh_buffer_text(&sql, ") AS outside, (0e0");
    for (size_t i = 0; i < s->soft->groups_count; i++)
        eh_buffer_format(&sql, " + \"evenhand p%zu\"", i);
    eh_buffer_text(&sql, ") AS total FROM ");
    eh_raw_sql(&s->reading, 0, extra, &sql);
    eh_buffer_text(&sql, ")");
    EH_TRY(eh_engine_query(s->reading.engine, &sql, &cursor, s->reading.error));
    bool there = eh_cursor_next(&cursor);
    EH_ASSERT(there);
    int64_t outside = eh_cursor_integer(&cursor, 1), off = eh_cursor_integer(&cursor, 2);
    if (eh_cursor_integer(&cursor, 0) == 0)
        return eh_fail(s->reading.error, EH_INPUT, "no rows are left after --where \"%.300s\"",
                       s->reading.spec->where == NULL ? "" : s->reading.spec->where);
    if (outside > 0)
        return eh_fail(s->reading.error, EH_INPUT, "--soft %s: %lld row%s with a probability that is NULL, NaN or not between 0 and 1", s->soft->name,
                       (long long)outside, outside == 1 ? "" : "s");
    if (off > 0)
        return eh_fail(s->reading.error, EH_INPUT, "--soft %s: %lld row%s whose probabilities do not add up to 1", s->soft->name, (long long)off,
                       off == 1 ? "" : "s");
    return EH_OK;
}

static void cells_sql(const soft_reading *s, bool rounded, const char *extra, eh_buffer *sql)
{
    const eh_reading *reading = &s->reading;
    bool labelled = reading->label.column.sql != NULL, weighted = reading->weight.column.sql != NULL;
    eh_buffer_text(sql, "SELECT ");
    for (size_t i = 0; i < s->soft->groups_count; i++)
        eh_buffer_format(sql, "\"evenhand p%zu\", ", i);
    eh_buffer_text(sql, labelled ? "CAST(\"evenhand l\" AS VARCHAR)" : "CAST(NULL AS VARCHAR)");
    eh_buffer_format(sql, ", CAST(\"evenhand d\" AS VARCHAR), n%s FROM (SELECT ", weighted ? ", sum_w, sum_ww" : "");
    for (size_t i = 0; i < s->soft->groups_count; i++)
        if (rounded)
            eh_buffer_format(sql, "round(\"evenhand p%zu\" * %d) AS \"evenhand p%zu\", ", i, ROUNDED_STEPS, i);
        else
            eh_buffer_format(sql, "\"evenhand p%zu\", ", i);
    eh_buffer_text(sql, labelled ? "\"evenhand l\", \"evenhand d\", count(*) AS n" : "\"evenhand d\", count(*) AS n");
    if (weighted) {
        eh_buffer_text(sql, ", ");
        eh_fixed_sum_sql("\"evenhand w\"", reading->weight.exponent, sql);
        eh_buffer_text(sql, " AS sum_w, ");
        eh_fixed_sum_sql("\"evenhand w\" * \"evenhand w\"", 2 * reading->weight.exponent, sql);
        eh_buffer_text(sql, " AS sum_ww");
    }
    eh_buffer_text(sql, " FROM ");
    eh_raw_sql(reading, 0, extra, sql);
    eh_buffer_format(sql, " GROUP BY ALL) LIMIT %d", EH_SOFT_CELLS_MAX + 1);
}

static eh_code cell_read(soft_reading *s, eh_cursor *cursor, bool rounded)
{
    eh_reading *reading = &s->reading;
    size_t groups_count = s->soft->groups_count;
    s->overflowed = s->count == EH_SOFT_CELLS_MAX;
    if (s->overflowed)
        return eh_fail(reading->error, EH_LIMIT, "--soft %s: more than %d different combinations of probabilities, even when they are rounded to 1/%d; "
                                                 "round them", s->soft->name, EH_SOFT_CELLS_MAX, ROUNDED_STEPS);
    double *probabilities = EH_TAKE(reading->arena, groups_count, double), total = 0;
    if (probabilities == NULL)
        return eh_fail_memory(reading->error);
    for (size_t i = 0; i < groups_count; i++) {
        probabilities[i] = eh_cursor_double(cursor, i) + 0.0; /* no negative zero */
        total += probabilities[i];
    }
    for (size_t i = 0; i < groups_count && rounded; i++)
        probabilities[i] /= total;
    eh_soft_cell cell = {.probabilities = probabilities, .label = EH_UNKNOWN};
    eh_view text = {0};
    bool known = eh_cursor_text(cursor, groups_count, &text);
    EH_TRY(eh_outcome_read(reading, &reading->label, known, text, &cell.label));
    known = eh_cursor_text(cursor, groups_count + 1, &text);
    EH_TRY(eh_outcome_read(reading, &reading->decision, known, text, &cell.decision));
    bool weighted = reading->weight.column.sql != NULL;
    cell.count = (uint64_t)eh_cursor_integer(cursor, groups_count + 2);
    cell.weight = weighted ? eh_fixed_sum(eh_cursor_int128(cursor, groups_count + 3), reading->weight.exponent) : (double)cell.count;
    cell.weight_squares = weighted ? eh_fixed_sum(eh_cursor_int128(cursor, groups_count + 4), 2 * reading->weight.exponent) : (double)cell.count;
    s->cells[s->count++] = cell;
    return EH_OK;
}

static int compare_keys(const eh_soft_cell *x, const eh_soft_cell *y, size_t groups_count)
{
    for (size_t i = 0; i < groups_count; i++)
        if (x->probabilities[i] != y->probabilities[i])
            return x->probabilities[i] < y->probabilities[i] ? -1 : 1;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->decision > y->decision) - (x->decision < y->decision);
}

/* Beyond the keys: the order in which cells that are to be joined are added up. */
static int compare_cells(const void *a, const void *b, void *context)
{
    const eh_soft_cell *x = a, *y = b;
    int order = compare_keys(x, y, *(const size_t *)context);
    if (order != 0)
        return order;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    return (x->weight > y->weight) - (x->weight < y->weight);
}

static void cells_settle(soft_reading *s)
{
    size_t groups_count = s->soft->groups_count, kept = 0;
    qsort_r(s->cells, s->count, sizeof *s->cells, compare_cells, &groups_count);
    for (size_t i = 0; i < s->count; i++) {
        if (kept == 0 || compare_keys(&s->cells[kept - 1], &s->cells[i], groups_count) != 0) {
            s->cells[kept++] = s->cells[i];
            continue;
        }
        s->cells[kept - 1].count += s->cells[i].count;
        s->cells[kept - 1].weight += s->cells[i].weight;
        s->cells[kept - 1].weight_squares += s->cells[i].weight_squares;
    }
    s->count = kept;
}

static eh_code cells_read(soft_reading *s, bool rounded, const char *extra)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    s->count = 0;
    cells_sql(s, rounded, extra, &sql);
    EH_TRY(eh_engine_query(s->reading.engine, &sql, &cursor, s->reading.error));
    while (eh_cursor_next(&cursor))
        EH_TRY(cell_read(s, &cursor, rounded));
    return EH_OK;
}

static eh_code soft_read_once(soft_reading *s, eh_soft_table *table_out)
{
    eh_reading *reading = &s->reading;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer extra = {0};
    EH_TRY(eh_reading_open(reading, reading->engine, reading->spec, false, reading->arena, reading->error));
    EH_TRY(probabilities_check(s, &extra));
    EH_TRY(eh_reading_guard(reading));
    EH_TRY(eh_reading_measure(reading));
    EH_TRY(rows_check(s, extra.ptr));
    s->cells = EH_TAKE(reading->arena, EH_SOFT_CELLS_MAX, eh_soft_cell);
    if (s->cells == NULL)
        return eh_fail_memory(reading->error);
    bool rounded = false;
    eh_code code = cells_read(s, rounded, extra.ptr);
    if (code != EH_OK && s->overflowed) {
        rounded = true;
        code = cells_read(s, rounded, extra.ptr);
    }
    EH_TRY(code);
    EH_TRY(eh_outcome_check(reading, &reading->decision));
    EH_TRY(eh_outcome_check(reading, &reading->label));
    cells_settle(s);
    *table_out = (eh_soft_table){.cells = s->cells, .cells_count = s->count, .rounded = rounded};
    return EH_OK;
}

eh_code eh_soft_read(eh_engine *engine, const eh_cube_spec *spec, const eh_soft_spec *soft, eh_arena *arena, eh_soft_table *table_out,
                     eh_error *error)
{
    soft_reading *s = EH_TAKE(arena, 1, soft_reading);
    if (s == NULL)
        return eh_fail_memory(error);
    for (;;) {
        *s = (soft_reading){.reading = {.engine = engine, .spec = spec, .arena = arena, .error = error}, .soft = soft};
        engine->source.widened = false;
        eh_code code = soft_read_once(s, table_out);
        if (code == EH_OK || !engine->source.widened)
            return code;
    }
}
