/* What can be known before the one large query: types, ranges, keys with too many values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/cube_int.h"

enum { TOP_SUGGESTED = 10, QUINTILE_EDGES = 4, QUINTILE_ROWS = 5000000 };

/* ---- expressions --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *prefix;
    eh_type type;
} types[] = {
    {"STRUCT", EH_TYPE_NESTED},   {"MAP", EH_TYPE_NESTED},      {"UNION", EH_TYPE_NESTED},     {"BLOB", EH_TYPE_NESTED},  {"VARIANT", EH_TYPE_NESTED},
    {"TINYINT", EH_TYPE_WHOLE},   {"SMALLINT", EH_TYPE_WHOLE},  {"INTEGER", EH_TYPE_WHOLE},    {"BIGINT", EH_TYPE_WHOLE}, {"HUGEINT", EH_TYPE_WHOLE},
    {"UTINYINT", EH_TYPE_WHOLE},  {"USMALLINT", EH_TYPE_WHOLE}, {"UINTEGER", EH_TYPE_WHOLE},   {"UBIGINT", EH_TYPE_WHOLE}, {"UHUGEINT", EH_TYPE_WHOLE},
    {"DECIMAL", EH_TYPE_DECIMAL}, {"FLOAT", EH_TYPE_DECIMAL},   {"DOUBLE", EH_TYPE_DECIMAL},   {"BOOLEAN", EH_TYPE_BOOLEAN},
};

eh_type eh_type_of(eh_view type)
{
    if (type.len > 0 && type.ptr[type.len - 1] == ']')
        return EH_TYPE_NESTED;
    size_t word = 0;
    while (word < type.len && type.ptr[word] != '(')
        word++;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (eh_view_equal((eh_view){type.ptr, word}, eh_view_of(types[i].prefix)))
            return types[i].type;
    return EH_TYPE_TEXT;
}

static bool is_number(const eh_column *column)
{
    return column->type == EH_TYPE_WHOLE || column->type == EH_TYPE_DECIMAL;
}

eh_code eh_column_check(eh_reading *reading, const char *option, eh_expression expression, eh_column *column_out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    /* The WHERE clause refuses what is no value of one row: aggregates, window functions, unnest. */
    eh_buffer_text(&sql, "DESCRIBE SELECT (");
    eh_buffer_text(&sql, expression.sql);
    eh_buffer_text(&sql, ") FROM " EH_ROWS_VIEW " WHERE (");
    eh_buffer_text(&sql, expression.sql);
    eh_buffer_text(&sql, ") IS NULL");
    if (eh_engine_query(reading->engine, &sql, &cursor, reading->error) != EH_OK)
        return eh_fail_within(reading->error, "%s", option);
    eh_view type = {0};
    size_t count = 0;
    eh_column column = {.option = option, .sql = expression.sql, .name = expression.name};
    while (eh_cursor_next(&cursor)) {
        if (count++ > 0 || !eh_cursor_text(&cursor, 1, &type))
            continue;
        column.type = eh_type_of(type);
        column.type_sql = eh_arena_copy(reading->arena, type);
        if (column.type_sql == NULL)
            return eh_fail_memory(reading->error);
    }
    if (count != 1)
        return eh_fail(reading->error, EH_INPUT, "%s: '%s' stands for %zu columns; name one", option, expression.name, count);
    if (column.type == EH_TYPE_NESTED)
        return eh_fail(reading->error, EH_INPUT, "%s %s: the type %.60s cannot be used here; take one value out of it", option, expression.name,
                       column.type_sql);
    *column_out = column;
    return EH_OK;
}

eh_code eh_number_check(eh_reading *reading, const char *option, eh_expression expression, eh_column *column_out)
{
    EH_TRY(eh_column_check(reading, option, expression, column_out));
    if (is_number(column_out) || column_out->type == EH_TYPE_BOOLEAN)
        return EH_OK;
    return eh_fail(reading->error, EH_INPUT, "%s %s must be a number, but is of type %.60s; TRY_CAST(%.200s AS DOUBLE) makes other texts NULL", option,
                   expression.name, column_out->type_sql, expression.sql);
}

static eh_code where_check(eh_reading *reading)
{
    eh_column column;
    if (reading->spec->where == NULL)
        return EH_OK;
    EH_TRY(eh_column_check(reading, "--where", (eh_expression){.sql = reading->spec->where, .name = reading->spec->where}, &column));
    if (column.type != EH_TYPE_BOOLEAN)
        return eh_fail(reading->error, EH_INPUT, "--where must be a condition such as \"country = 'IE'\", but '%.200s' is of type %.60s", column.sql,
                       column.type_sql);
    return EH_OK;
}

static eh_code bands_check(eh_reading *reading, eh_key *key)
{
    const eh_cube_attribute *attribute = key->attribute;
    const char *name = key->column.name;
    if (attribute->edges_count > EH_BANDS_MAX)
        return eh_fail(reading->error, EH_LIMIT, "--bands %s: %zu edges, at most %d", name, attribute->edges_count, EH_BANDS_MAX);
    for (size_t i = 0; i < attribute->edges_count; i++)
        if (!isfinite(attribute->edges[i]) || (i > 0 && attribute->edges[i] <= attribute->edges[i - 1]))
            return eh_fail(reading->error, EH_INPUT, "--bands %s: the edges must be numbers in ascending order", name);
    if (!is_number(&key->column))
        return eh_fail(reading->error, EH_INPUT, "--bands %s: only numbers can be banded, but the column is of type %.60s; TRY_CAST(%.200s AS DOUBLE) AS %s "
                       "makes other texts missing", name, key->column.type_sql, key->column.sql, name);
    if (attribute->top_count > 0)
        return eh_fail(reading->error, EH_CONFLICT, "--bands and --top are both given for %s; one is enough", name);
    key->mode = EH_KEY_BANDS;
    return EH_OK;
}

static eh_code keys_check(eh_reading *reading)
{
    const eh_cube_spec *spec = reading->spec;
    if (spec->attributes_count == 0 || spec->attributes_count > EH_ATTRIBUTES_MAX)
        return eh_fail(reading->error, EH_LIMIT, "--by: %zu attributes, must be 1 to %d", spec->attributes_count, EH_ATTRIBUTES_MAX);
    for (size_t i = 0; i < spec->attributes_count; i++) {
        eh_key *key = &reading->keys[reading->keys_count++];
        key->attribute = &spec->attributes[i];
        key->names_max = EH_GROUPS_MAX;
        EH_TRY(eh_column_check(reading, "--by", key->attribute->expression, &key->column));
        for (size_t k = 0; k < i; k++)
            if (strcmp(reading->keys[k].column.name, key->column.name) == 0)
                return eh_fail(reading->error, EH_CONFLICT, "--by: two attributes are called '%s'; name one with AS", key->column.name);
        if (key->attribute->edges_count > 0)
            EH_TRY(bands_check(reading, key));
        else if (key->attribute->top_count > EH_GROUPS_MAX - 2)
            return eh_fail(reading->error, EH_LIMIT, "--top %s=%u: at most %d", key->column.name, key->attribute->top_count, EH_GROUPS_MAX - 2);
        else if (key->attribute->top_count > 0)
            key->mode = EH_KEY_TOP;
    }
    reading->stratum = reading->keys_count;
    if (spec->within.sql == NULL)
        return EH_OK;
    eh_key *stratum = &reading->keys[reading->keys_count++];
    stratum->names_max = EH_STRATA_MAX;
    return eh_column_check(reading, "--within", spec->within, &stratum->column);
}

eh_code eh_reading_open(eh_reading *reading, eh_engine *engine, const eh_cube_spec *spec, bool keys, eh_arena *arena, eh_error *error)
{
    *reading = (eh_reading){.engine = engine, .spec = spec, .arena = arena, .error = error};
    EH_ASSERT(spec->decision.sql != NULL);
    EH_TRY(where_check(reading));
    EH_TRY(eh_column_check(reading, "--decision", spec->decision, &reading->decision.column));
    if (spec->label.sql != NULL)
        EH_TRY(eh_column_check(reading, "--label", spec->label, &reading->label.column));
    if (spec->weight.sql != NULL)
        EH_TRY(eh_number_check(reading, "--weight", spec->weight, &reading->weight.column));
    if (!keys)
        return EH_OK;
    EH_TRY(keys_check(reading));
    if (spec->value.sql != NULL)
        EH_TRY(eh_number_check(reading, "--value", spec->value, &reading->value.column));
    if (spec->score.sql != NULL)
        EH_TRY(eh_number_check(reading, "--score", spec->score, &reading->score.column));
    return EH_OK;
}

/* ---- which expression was it ------------------------------------------------------------------------------------------------ */

eh_code eh_reading_blame(eh_reading *reading, eh_code code)
{
    const eh_column *columns[EH_KEYS_MAX + 5] = {&reading->decision.column, &reading->label.column, &reading->weight.column,
                                                 &reading->value.column, &reading->score.column};
    const eh_column where = {.option = "--where", .sql = reading->spec->where};
    size_t count = 5;
    for (size_t i = 0; i < reading->keys_count; i++)
        columns[count++] = &reading->keys[i].column;
    for (size_t i = 0; i <= count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
        EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
        const eh_column *column = i == 0 ? &where : columns[i - 1];
        if (column->sql == NULL)
            continue;
        eh_buffer_text(&sql, "SELECT count(x) FROM (SELECT (");
        eh_buffer_text(&sql, column->sql);
        eh_buffer_text(&sql, ") AS x FROM " EH_ROWS_VIEW);
        if (i > 0 && where.sql != NULL) {
            eh_buffer_text(&sql, " WHERE (");
            eh_buffer_text(&sql, where.sql);
            eh_buffer_text(&sql, ")");
        }
        eh_buffer_text(&sql, ")");
        if (eh_engine_query(reading->engine, &sql, &cursor, NULL) != EH_OK)
            return eh_fail_within(reading->error, "%s", column->option);
    }
    return code;
}

/* ---- keys with too many values ----------------------------------------------------------------------------------------------- */

/* "25,35,50,60": where a fifth of the rows ends; empty when the column has no such numbers. */
static void quintiles(eh_reading *reading, const eh_key *key, eh_buffer *edges)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT ");
    for (int i = 1; i <= QUINTILE_EDGES; i++)
        eh_buffer_format(&sql, "%squantile_disc(x, 0.%d)", i == 1 ? "" : ", ", 2 * i);
    eh_buffer_text(&sql, " FROM (SELECT CAST((");
    eh_buffer_text(&sql, key->column.sql);
    eh_buffer_format(&sql, ") AS DOUBLE) AS x FROM " EH_ROWS_VIEW " LIMIT %d) WHERE isfinite(x)", QUINTILE_ROWS);
    if (!is_number(&key->column) || eh_engine_query(reading->engine, &sql, &cursor, NULL) != EH_OK || !eh_cursor_next(&cursor))
        return;
    double last = (double)-EH_INFINITY;
    for (size_t i = 0; i < QUINTILE_EDGES; i++) {
        double edge = eh_cursor_double(&cursor, i);
        if (!isfinite(edge) || edge <= last)
            continue;
        eh_buffer_format(edges, "%s%.15g", edges->len == 0 ? "" : ",", edge);
        last = edge;
    }
}

eh_code eh_fail_too_many_groups(eh_reading *reading, const eh_key *key, uint64_t count, bool at_least)
{
    const char *more = at_least ? "at least " : "";
    if (key->attribute == NULL)
        return eh_fail(reading->error, EH_LIMIT, "--within %s: %s%llu strata, at most %d; use a coarser expression", key->column.name, more,
                       (unsigned long long)count, EH_STRATA_MAX);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer edges = {0};
    quintiles(reading, key, &edges);
    if (edges.len > 0 && edges.code == EH_OK)
        return eh_fail(reading->error, EH_LIMIT,
                       "--by %s: %s%llu groups, at most %d. Band the numbers with --bands %s=%s (a fifth of the rows in each), or keep the largest groups "
                       "with --top %s=%d", key->column.name, more, (unsigned long long)count, EH_GROUPS_MAX, key->column.name, edges.ptr,
                       key->column.name, TOP_SUGGESTED);
    return eh_fail(reading->error, EH_LIMIT, "--by %s: %s%llu groups, at most %d. Keep the largest with --top %s=%d; the others are then joined into one",
                   key->column.name, more, (unsigned long long)count, EH_GROUPS_MAX, key->column.name, TOP_SUGGESTED);
}

/* Lists the values of a label or decision that has too many, by way of the error that eh_outcome_check writes. */
static eh_code outcome_refuse(eh_reading *reading, eh_outcome *outcome, const char *name)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_format(&sql, "SELECT DISTINCT CAST(%s AS VARCHAR) FROM ", name);
    eh_raw_sql(reading, EH_GUARD_ROWS, NULL, &sql);
    eh_buffer_format(&sql, " ORDER BY 1 LIMIT %d", EH_OUTCOME_VALUES_MAX + 1);
    EH_TRY(eh_engine_query(reading->engine, &sql, &cursor, reading->error));
    while (eh_cursor_next(&cursor)) {
        eh_view text = {0};
        uint8_t meaning;
        bool known = eh_cursor_text(&cursor, 0, &text);
        EH_TRY(eh_outcome_read(reading, outcome, known, text, &meaning));
    }
    return EH_OK;
}

static eh_code guard_apply(eh_reading *reading, const eh_cursor *cursor)
{
    uint64_t raw = 1;
    for (size_t i = 0; i < reading->keys_count; i++) {
        eh_key *key = &reading->keys[i];
        uint64_t count = (uint64_t)eh_cursor_integer(cursor, i);
        if (key->mode == EH_KEY_PLAIN && count > key->names_max)
            return eh_fail_too_many_groups(reading, key, count, true);
        if (key->mode == EH_KEY_BANDS && key->column.type == EH_TYPE_WHOLE && reading->raw_bands && raw * (count + 1) <= EH_RAW_BANDS_MAX) {
            key->mode = EH_KEY_BANDS_RAW;
            raw *= count + 1;
        }
    }
    if ((uint64_t)eh_cursor_integer(cursor, reading->keys_count) > EH_OUTCOME_VALUES_MAX)
        EH_TRY(outcome_refuse(reading, &reading->decision, "\"evenhand d\""));
    if (reading->label.column.sql != NULL && (uint64_t)eh_cursor_integer(cursor, reading->keys_count + 1) > EH_OUTCOME_VALUES_MAX)
        EH_TRY(outcome_refuse(reading, &reading->label, "\"evenhand l\""));
    return EH_OK;
}

eh_code eh_reading_guard(eh_reading *reading)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT ");
    for (size_t i = 0; i < reading->keys_count; i++)
        if (reading->keys[i].mode == EH_KEY_TOP)
            eh_buffer_text(&sql, "CAST(0 AS BIGINT), ");
        else
            eh_buffer_format(&sql, "count(DISTINCT \"evenhand k%zu\"), ", i);
    eh_buffer_text(&sql, "count(DISTINCT \"evenhand d\")");
    if (reading->label.column.sql != NULL)
        eh_buffer_text(&sql, ", count(DISTINCT \"evenhand l\")");
    eh_buffer_text(&sql, " FROM ");
    eh_raw_sql(reading, EH_GUARD_ROWS, NULL, &sql);
    EH_TRY(eh_engine_query(reading->engine, &sql, &cursor, reading->error));
    bool there = eh_cursor_next(&cursor);
    EH_ASSERT(there);
    EH_TRY(guard_apply(reading, &cursor));
    for (size_t i = 0; i < reading->keys_count; i++)
        EH_TRY(eh_key_open(reading, &reading->keys[i]));
    return EH_OK;
}

/* ---- ranges -------------------------------------------------------------------------------------------------------------------- */

enum { M_COUNT, M_NAN, M_INFINITE, M_NEGATIVE, M_MIN, M_MAX, M_COLUMNS };

static void magnitude_sql(const char *name, eh_buffer *sql)
{
    eh_buffer_format(sql, ", count(%s), count_if(isnan(%s)), count_if(isinf(%s)), count_if(%s < 0), min(%s) FILTER (WHERE isfinite(%s)), "
                          "max(%s) FILTER (WHERE isfinite(%s))", name, name, name, name, name, name, name, name);
}

static eh_code refuse_rows(const eh_reading *reading, const eh_column *column, uint64_t rows, const char *what, const char *advice)
{
    return eh_fail(reading->error, EH_INPUT, "%s %s: %s in %llu row%s%s", column->option, column->name, what, (unsigned long long)rows,
                   rows == 1 ? "" : "s", advice);
}

static eh_code magnitude_read(const eh_reading *reading, const eh_cursor *cursor, size_t at, eh_magnitude *magnitude)
{
    const eh_column *column = &magnitude->column;
    bool is_weight = magnitude == &reading->weight;
    int64_t count = eh_cursor_integer(cursor, at + M_COUNT), nan = eh_cursor_integer(cursor, at + M_NAN);
    int64_t infinite = eh_cursor_integer(cursor, at + M_INFINITE), negative = eh_cursor_integer(cursor, at + M_NEGATIVE);
    magnitude->missing = reading->rows - (uint64_t)count;
    if (nan > 0)
        return refuse_rows(reading, column, (uint64_t)nan, "NaN (not a number)", "; correct them, or leave them out with --where");
    if (infinite > 0)
        return refuse_rows(reading, column, (uint64_t)infinite, "an infinite number", "; correct them, or leave them out with --where");
    if (is_weight && magnitude->missing > 0)
        return refuse_rows(reading, column, magnitude->missing, "no weight (NULL)", "; give them one, or leave them out with --where");
    if (is_weight && negative > 0)
        return refuse_rows(reading, column, (uint64_t)negative, "a negative weight", "; weights are 0 or more");
    magnitude->min = eh_cursor_double(cursor, at + M_MIN);
    magnitude->max = eh_cursor_double(cursor, at + M_MAX);
    if (count == 0)
        return eh_fail(reading->error, EH_INPUT, "%s %s: no value in any row (all are NULL)", column->option, column->name);
    if (is_weight && magnitude->max == 0)
        return eh_fail(reading->error, EH_INPUT, "%s %s: every weight is 0", column->option, column->name);
    (void)frexp(fmax(fabs(magnitude->min), fabs(magnitude->max)), &magnitude->exponent);
    if (magnitude->exponent > EH_MAGNITUDE_EXPONENT_MAX)
        return eh_fail(reading->error, EH_LIMIT, "%s %s: a number as large as %g; at most 1e60", column->option, column->name, magnitude->max);
    if (magnitude->exponent < -EH_MAGNITUDE_EXPONENT_MAX)
        magnitude->exponent = -EH_MAGNITUDE_EXPONENT_MAX;
    return EH_OK;
}

eh_code eh_reading_measure(eh_reading *reading)
{
    eh_magnitude *const magnitudes[] = {&reading->weight, &reading->value, &reading->score};
    static const char *const names[] = {"\"evenhand w\"", "\"evenhand v\"", "\"evenhand s\""};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    bool scored = reading->score.column.sql != NULL && reading->label.column.sql != NULL;
    eh_buffer_format(&sql, "SELECT count(*), %s", scored ? "count(\"evenhand s\") FILTER (WHERE \"evenhand l\" IS NOT NULL)" : "CAST(0 AS BIGINT)");
    size_t asked = 0;
    for (size_t i = 0; i < sizeof magnitudes / sizeof magnitudes[0]; i++) {
        if (magnitudes[i]->column.sql == NULL)
            continue;
        magnitude_sql(names[i], &sql);
        asked++;
    }
    if (asked == 0)
        return EH_OK;
    eh_buffer_text(&sql, " FROM ");
    eh_raw_sql(reading, 0, NULL, &sql);
    EH_TRY(eh_engine_query(reading->engine, &sql, &cursor, reading->error));
    bool there = eh_cursor_next(&cursor);
    EH_ASSERT(there);
    reading->rows = (uint64_t)eh_cursor_integer(&cursor, 0);
    reading->scored_rows = (uint64_t)eh_cursor_integer(&cursor, 1);
    if (reading->rows == 0)
        return EH_OK;
    size_t at = 2;
    for (size_t i = 0; i < sizeof magnitudes / sizeof magnitudes[0]; i++) {
        if (magnitudes[i]->column.sql == NULL)
            continue;
        EH_TRY(magnitude_read(reading, &cursor, at, magnitudes[i]));
        at += M_COLUMNS;
    }
    return EH_OK;
}

/* ---- --top ------------------------------------------------------------------------------------------------------------------------ */

static eh_code top_read(eh_reading *reading, eh_key *key, size_t index)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    /* Materialised, because it is wanted twice and need not fit in memory. */
    eh_buffer_format(&sql, "WITH counted AS MATERIALIZED (SELECT \"evenhand k%zu\" AS k, count(*) AS n FROM ", index);
    eh_raw_sql(reading, 0, NULL, &sql);
    eh_buffer_format(&sql, " WHERE \"evenhand k%zu\" IS NOT NULL GROUP BY ALL) SELECT CAST(k AS VARCHAR), (SELECT count(*) FROM counted) "
                           "FROM counted ORDER BY n DESC, 1 LIMIT %u", index, key->attribute->top_count);
    EH_TRY(eh_engine_query(reading->engine, &sql, &cursor, reading->error));
    key->top_names = EH_TAKE(reading->arena, key->attribute->top_count, const char *);
    if (key->top_names == NULL)
        return eh_fail_memory(reading->error);
    int64_t groups = 0;
    while (eh_cursor_next(&cursor)) {
        eh_view text = {0};
        bool known = eh_cursor_text(&cursor, 0, &text);
        EH_ASSERT(known && key->top_count < key->attribute->top_count);
        if (memchr(text.ptr, '\0', text.len) != NULL)
            return eh_fail(reading->error, EH_INPUT, "--by %s: a group's name holds a zero byte", key->column.name);
        key->top_names[key->top_count] = eh_arena_copy(reading->arena, text);
        if (key->top_names[key->top_count++] == NULL)
            return eh_fail_memory(reading->error);
        groups = eh_cursor_integer(&cursor, 1);
    }
    key->others_joined = (size_t)groups - key->top_count;
    return EH_OK;
}

eh_code eh_reading_tops(eh_reading *reading)
{
    for (size_t i = 0; i < reading->keys_count; i++)
        if (reading->keys[i].mode == EH_KEY_TOP)
            EH_TRY(top_read(reading, &reading->keys[i], i));
    return EH_OK;
}
