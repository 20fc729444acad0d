/* Rows as codes: taken out of the files once, then grouped by everything that matters. */
#include <math.h>
#include <string.h>

#include "data/coded_int.h"

enum { EXPECTED_EXACT_MAX = 4096, EXPECTED_STEPS = 32, SCORE_PLACES = EH_CODED_SCORE_BANDS + 2 };

/* ---- out of the files --------------------------------------------------------------------------------------------------------------- */

static void item_sql(eh_buffer *sql, const char *before, const char *expression, const char *after, const char *name)
{
    if (expression == NULL)
        return;
    eh_buffer_format(sql, "%s%s(", sql->ptr[sql->len - 1] == ' ' ? "" : ", ", before);
    eh_buffer_text(sql, expression);
    eh_buffer_format(sql, ")%s AS \"evenhand %s\"", after, name);
}

static eh_code rows_keep(eh_coding *coding)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const eh_coded_spec *spec = coding->spec;
    eh_buffer_text(&sql, "CREATE OR REPLACE TEMP TABLE " EH_CODED_TABLE " AS SELECT ");
    item_sql(&sql, "", spec->decision.sql, "", "d");
    item_sql(&sql, "", spec->label.sql, "", "l");
    item_sql(&sql, "CAST(", spec->weight.sql, " AS DOUBLE)", "w");
    item_sql(&sql, "CAST(", spec->expected.sql, " AS DOUBLE)", "e");
    for (size_t i = 0; i < coding->columns_count; i++) {
        const eh_column *column = &coding->candidates[i].key.column;
        char name[32];
        bool decimal = column->type == EH_TYPE_DECIMAL;
        snprintf(name, sizeof name, "k%zu", i);
        if (coding->candidates[i].why_not == NULL) /* not a number: as if missing */
            item_sql(&sql, decimal ? "nullif(CAST(" : "", column->sql, decimal ? " AS DOUBLE), 'nan'::DOUBLE)" : "", name);
        else
            eh_buffer_format(&sql, ", NULL AS \"evenhand %s\"", name);
    }
    eh_buffer_text(&sql, " FROM " EH_ROWS_VIEW);
    if (spec->where != NULL) {
        eh_buffer_text(&sql, " WHERE (");
        eh_buffer_text(&sql, spec->where);
        eh_buffer_text(&sql, ")");
    }
    return eh_engine_query(coding->reading.engine, &sql, &cursor, coding->reading.error);
}

/* ---- expectations and weights ---------------------------------------------------------------------------------------------------------- */

static eh_code refuse_rows(eh_coding *coding, const eh_column *column, int64_t rows, const char *what, const char *advice)
{
    return eh_fail(coding->reading.error, EH_INPUT, "%s %s: %s in %lld row%s; %s", column->option, column->name, what, (long long)rows,
                   rows == 1 ? "" : "s", advice);
}

static eh_code weights_check(eh_coding *coding)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const eh_column *column = &coding->reading.weight.column;
    static const char advice[] = "correct them, or leave them out with --where";
    if (column->sql == NULL)
        return EH_OK;
    eh_buffer_text(&sql, "SELECT count_if(\"evenhand w\" IS NULL), count_if(NOT isfinite(\"evenhand w\")), count_if(\"evenhand w\" < 0), "
                         "count_if(\"evenhand w\" > 0) FROM " EH_CODED_TABLE);
    EH_TRY(eh_engine_query(coding->reading.engine, &sql, &cursor, coding->reading.error));
    if (!eh_cursor_next(&cursor))
        return EH_OK;
    int64_t missing = eh_cursor_integer(&cursor, 0), strange = eh_cursor_integer(&cursor, 1), negative = eh_cursor_integer(&cursor, 2);
    if (missing > 0)
        return refuse_rows(coding, column, missing, "no weight (NULL)", "give them one, or leave them out with --where");
    if (strange > 0)
        return refuse_rows(coding, column, strange, "NaN or an infinite number", advice);
    if (negative > 0)
        return refuse_rows(coding, column, negative, "a negative weight", "weights are 0 or more");
    if (eh_cursor_integer(&cursor, 3) == 0)
        return eh_fail(coding->reading.error, EH_INPUT, "%s %s: every weight is 0", column->option, column->name);
    return EH_OK;
}

static eh_code expectations_check(eh_coding *coding)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    if (coding->expected.sql == NULL)
        return EH_OK;
    eh_buffer_text(&sql, "SELECT count_if(\"evenhand e\" IS NULL), count_if(NOT (\"evenhand e\" BETWEEN 0 AND 1)), "
                         "count(DISTINCT \"evenhand e\") FROM " EH_CODED_TABLE);
    EH_TRY(eh_engine_query(coding->reading.engine, &sql, &cursor, coding->reading.error));
    if (!eh_cursor_next(&cursor))
        return EH_OK;
    int64_t missing = eh_cursor_integer(&cursor, 0), outside = eh_cursor_integer(&cursor, 1);
    if (missing > 0)
        return refuse_rows(coding, &coding->expected, missing, "no value (NULL)", "leave them out with --where");
    if (outside > 0)
        return refuse_rows(coding, &coding->expected, outside, "a number outside 0 to 1", "it must be a probability");
    coding->expected_rounded = eh_cursor_integer(&cursor, 2) > EXPECTED_EXACT_MAX;
    return EH_OK;
}

/* ---- grouping --------------------------------------------------------------------------------------------------------------------------- */

static bool is_key(const eh_coding *coding, size_t index)
{
    return index >= coding->candidates_count || coding->candidates[index].why_not == NULL;
}

static void outer_sql(const eh_coding *coding, eh_buffer *sql)
{
    eh_buffer_text(sql, "SELECT CAST(d AS VARCHAR)");
    eh_buffer_text(sql, coding->spec->label.sql != NULL ? ", CAST(l AS VARCHAR)" : ", CAST(NULL AS VARCHAR)");
    eh_buffer_text(sql, ", w, e, n, es");
    for (size_t i = 0; i < coding->columns_count; i++)
        if (is_key(coding, i))
            eh_buffer_format(sql, ", CAST(\"evenhand k%zu\" AS VARCHAR)", i);
}

static void group_sql(const eh_coding *coding, eh_buffer *sql)
{
    outer_sql(coding, sql);
    eh_buffer_text(sql, " FROM (SELECT *, count(*) AS n, ");
    /* the mean of the joined expectations, in fixed point, so that it does not depend on the order of the rows */
    if (coding->expected_rounded)
        eh_fixed_sum_sql("x", 0, sql);
    else
        eh_buffer_text(sql, "CAST(0 AS HUGEINT)");
    eh_buffer_text(sql, " AS es FROM (SELECT \"evenhand d\" AS d");
    eh_buffer_text(sql, coding->spec->label.sql != NULL ? ", \"evenhand l\" AS l" : "");
    eh_buffer_text(sql, coding->spec->weight.sql != NULL ? ", \"evenhand w\" AS w" : ", CAST(1 AS DOUBLE) AS w");
    if (coding->expected.sql == NULL)
        eh_buffer_text(sql, ", CAST(NULL AS DOUBLE) AS e");
    else if (coding->expected_rounded)
        eh_buffer_format(sql, ", floor(%d * ln(greatest(\"evenhand e\", 1e-7) / greatest(1 - \"evenhand e\", 1e-7))) AS e, \"evenhand e\" AS x",
                         EXPECTED_STEPS);
    else
        eh_buffer_text(sql, ", \"evenhand e\" AS e");
    for (size_t i = 0; i < coding->columns_count; i++) {
        if (!is_key(coding, i))
            continue;
        eh_buffer_text(sql, ", ");
        eh_key_sql(&coding->candidates[i].key, i, false, sql);
    }
    eh_buffer_text(sql, " FROM " EH_CODED_TABLE);
    eh_buffer_text(sql, coding->spec->weight.sql != NULL ? " WHERE \"evenhand w\" > 0)" : ")");
    eh_buffer_text(sql, " GROUP BY ALL");
    eh_buffer_format(sql, ") LIMIT %d", EH_SCAN_CELLS_MAX + 1);
}

/* `SELECT *` and GROUP BY ALL do not go with a column that is only summed; it is named then. */
static void grouped_sql(const eh_coding *coding, eh_buffer *sql)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = sql};
    group_sql(coding, &text);
    const char *star = text.ptr == NULL ? NULL : strstr(text.ptr, "(SELECT *, count(*)");
    if (star == NULL || !coding->expected_rounded) {
        eh_buffer_append(sql, eh_buffer_view(&text));
        return;
    }
    eh_buffer_append(sql, (eh_view){text.ptr, (size_t)(star - text.ptr)});
    eh_buffer_text(sql, "(SELECT * EXCLUDE (x), count(*)");
    eh_buffer_text(sql, star + strlen("(SELECT *, count(*)"));
}

typedef struct {
    eh_coded_cell *cells;
    uint8_t *codes;
    uint32_t *within, *score;
    uint8_t *label;
    size_t count, keys_count;
    uint64_t decision_missing;
} coded_rows;

static eh_code row_read(eh_coding *coding, eh_cursor *cursor, coded_rows *rows)
{
    eh_reading *reading = &coding->reading;
    eh_view text = {0};
    uint8_t decision = EH_UNKNOWN, label = EH_UNKNOWN;
    bool known = eh_cursor_text(cursor, 0, &text);
    EH_TRY(eh_outcome_read(reading, &reading->decision, known, text, &decision));
    known = eh_cursor_text(cursor, 1, &text);
    if (coding->spec->label.sql != NULL)
        EH_TRY(eh_outcome_read(reading, &reading->label, known, text, &label));
    uint64_t count = (uint64_t)eh_cursor_integer(cursor, 4);
    if (decision == EH_UNKNOWN) {
        rows->decision_missing += count;
        return EH_OK;
    }
    eh_coded_cell *cell = &rows->cells[rows->count];
    *cell = (eh_coded_cell){.rows = count, .yes = decision == EH_TRUE ? count : 0, .weight = eh_cursor_double(cursor, 2),
                            .expected = eh_cursor_double(cursor, 3)};
    if (coding->expected_rounded)
        cell->expected = fmin(fmax(eh_fixed_sum(eh_cursor_int128(cursor, 5), 0) / (double)count, 0), 1);
    size_t column = 6, at = 0;
    for (size_t i = 0; i < coding->columns_count; i++) {
        uint32_t index = 0;
        if (!is_key(coding, i))
            continue;
        known = eh_cursor_text(cursor, column++, &text);
        EH_TRY(eh_key_index(reading, &coding->candidates[i].key, known, text, &index));
        if (i == coding->within && i > 0)
            rows->within[rows->count] = index;
        else if (i == coding->score && i > 0)
            rows->score[rows->count] = index;
        else if (index > UINT8_MAX)
            return eh_fail_too_many_groups(reading, &coding->candidates[i].key, index, true);
        else
            rows->codes[rows->count * rows->keys_count + at++] = (uint8_t)index;
    }
    rows->label[rows->count++] = label;
    return EH_OK;
}

static eh_code rows_take(eh_coding *coding, size_t capacity, coded_rows *rows)
{
    eh_arena *arena = coding->reading.arena;
    rows->cells = EH_TAKE(arena, capacity, eh_coded_cell);
    rows->codes = EH_TAKE(arena, capacity * rows->keys_count, uint8_t);
    rows->within = EH_TAKE(arena, capacity, uint32_t);
    rows->score = EH_TAKE(arena, capacity, uint32_t);
    rows->label = EH_TAKE(arena, capacity, uint8_t);
    if (rows->cells == NULL || rows->codes == NULL || rows->within == NULL || rows->score == NULL || rows->label == NULL)
        return eh_fail_memory(coding->reading.error);
    return EH_OK;
}

/* Names get their final order; strata their numbers. */
static eh_code rows_settle(eh_coding *coding, coded_rows *rows)
{
    size_t at = 0;
    for (size_t i = 0; i < coding->columns_count; i++) {
        eh_key *key = &coding->candidates[i].key;
        if (!is_key(coding, i))
            continue;
        EH_TRY(eh_key_sort(&coding->reading, key));
        if (i >= coding->candidates_count)
            continue;
        for (size_t c = 0; c < rows->count; c++)
            rows->codes[c * rows->keys_count + at] = (uint8_t)key->positions[rows->codes[c * rows->keys_count + at]];
        at++;
    }
    for (size_t c = 0; c < rows->count; c++) {
        uint32_t within = coding->within > 0 ? coding->candidates[coding->within].key.positions[rows->within[c]] : 0;
        uint32_t score = coding->score > 0 ? coding->candidates[coding->score].key.positions[rows->score[c]] : 0;
        rows->cells[c].stratum = (within * 3 + rows->label[c]) * SCORE_PLACES + score;
    }
    return EH_OK;
}

static eh_code rows_group(eh_coding *coding, coded_rows *rows)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    for (size_t i = 0; i < coding->columns_count; i++) {
        if (!is_key(coding, i))
            continue;
        EH_TRY(eh_key_open(&coding->reading, &coding->candidates[i].key));
        rows->keys_count += i < coding->candidates_count;
    }
    if (rows->keys_count == 0)
        return eh_fail(coding->reading.error, EH_INPUT, "no column is left to group by%s", coding->spec->attributes_count > 0 ?
                       ": those of --over have one value each" : "; name expressions with --over");
    grouped_sql(coding, &sql);
    EH_TRY(eh_engine_query(coding->reading.engine, &sql, &cursor, coding->reading.error));
    uint64_t capacity = coding->rows < EH_SCAN_CELLS_MAX ? coding->rows : EH_SCAN_CELLS_MAX;
    EH_TRY(rows_take(coding, (size_t)capacity + 1, rows));
    while (eh_cursor_next(&cursor)) {
        if (rows->count == EH_SCAN_CELLS_MAX)
            return eh_fail(coding->reading.error, EH_LIMIT, "more than %d different combinations of values; name fewer columns with --over, or cut "
                           "numbers into fewer bands with --bands", EH_SCAN_CELLS_MAX);
        EH_TRY(row_read(coding, &cursor, rows));
    }
    EH_TRY(eh_outcome_check(&coding->reading, &coding->reading.decision));
    EH_TRY(eh_outcome_check(&coding->reading, &coding->reading.label));
    return rows_settle(coding, rows);
}

/* ---- the table ----------------------------------------------------------------------------------------------------------------------------- */

static eh_code table_finish(eh_coding *coding, const coded_rows *rows, eh_coded_table *table_out)
{
    eh_arena *arena = coding->reading.arena;
    eh_cube_dimension *dimensions = EH_TAKE(arena, rows->keys_count, eh_cube_dimension);
    eh_coded_left_out *left_out = EH_TAKE(arena, coding->candidates_count + coding->beyond_count, eh_coded_left_out);
    const char **banded = EH_TAKE(arena, rows->keys_count, const char *);
    if (dimensions == NULL || left_out == NULL || banded == NULL)
        return eh_fail_memory(coding->reading.error);
    eh_coded_table table = {.dimensions = dimensions, .cells = rows->cells, .cells_count = rows->count, .codes = rows->codes,
                            .left_out = left_out, .banded = banded, .rows = coding->rows, .decision_missing = rows->decision_missing,
                            .weighted = coding->spec->weight.sql != NULL, .given = coding->expected.sql != NULL,
                            .expected_rounded = coding->expected_rounded};
    for (size_t i = 0; i < coding->candidates_count; i++) {
        const eh_candidate *candidate = &coding->candidates[i];
        if (candidate->why_not != NULL) {
            left_out[table.left_out_count++] = (eh_coded_left_out){candidate->attribute.expression.name, candidate->why_not};
            continue;
        }
        EH_TRY(eh_key_groups(&coding->reading, &candidate->key, &dimensions[table.dimensions_count++]));
        if (candidate->banded)
            banded[table.banded_count++] = candidate->key.column.name;
    }
    for (size_t i = 0; i < coding->beyond_count; i++)
        left_out[table.left_out_count++] = coding->beyond[i];
    table.strata_count = coding->within > 0 ? coding->candidates[coding->within].key.names_count : 1;
    *table_out = table;
    return EH_OK;
}

static eh_code coded_read_once(eh_coding *coding, eh_coded_table *table_out)
{
    coded_rows rows = {.count = 0};
    EH_TRY(eh_coding_open(coding));
    coding->reading.checked = true;
    EH_TRY(rows_keep(coding));
    EH_TRY(eh_coding_profile(coding));
    EH_TRY(weights_check(coding));
    EH_TRY(expectations_check(coding));
    EH_TRY(rows_group(coding, &rows));
    return table_finish(coding, &rows, table_out);
}

/* So that an expression that fails on a row is named. */
static eh_code blame(eh_coding *coding, eh_code code)
{
    eh_reading *reading = &coding->reading;
    reading->keys_count = 0;
    for (size_t i = 0; i < coding->columns_count && reading->keys_count < EH_KEYS_MAX; i++)
        if (coding->candidates[i].named || i >= coding->candidates_count)
            reading->keys[reading->keys_count++].column = coding->candidates[i].key.column;
    return eh_reading_blame(reading, code);
}

eh_code eh_coded_read(eh_engine *engine, const eh_coded_spec *spec, eh_arena *arena, eh_coded_table *table_out, eh_error *error)
{
    eh_coding *coding = EH_TAKE(arena, 1, eh_coding);
    if (coding == NULL)
        return eh_fail_memory(error);
    for (;;) {
        *coding = (eh_coding){.spec = spec, .reading = {.engine = engine, .arena = arena, .error = error}};
        engine->source.widened = engine->unexplained = false;
        eh_code code = coded_read_once(coding, table_out);
        if (code == EH_OK || !engine->source.widened)
            return code != EH_OK && engine->unexplained && coding->reading.checked ? blame(coding, code) : code;
    }
}
