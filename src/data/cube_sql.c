/* The cube's query, layer by layer (see cube_int.h). */
#include <math.h>
#include <string.h>

#include "data/cube_int.h"

static void item(eh_buffer *sql, bool *first, const char *format, const char *expression, const char *name)
{
    if (expression == NULL)
        return;
    eh_buffer_text(sql, *first ? "" : ", ");
    *first = false;
    const char *mark = strstr(format, "%");
    eh_buffer_append(sql, (eh_view){format, (size_t)(mark - format)});
    eh_buffer_text(sql, expression);
    eh_buffer_text(sql, mark + 1);
    eh_buffer_format(sql, " AS \"evenhand %s\"", name);
}

void eh_raw_sql(const eh_reading *reading, uint64_t limit, const char *extra, eh_buffer *sql)
{
    bool first = true;
    eh_buffer_text(sql, "(SELECT ");
    for (size_t i = 0; i < reading->keys_count; i++) {
        char name[32];
        snprintf(name, sizeof name, "k%zu", i);
        item(sql, &first, "(%)", reading->keys[i].column.sql, name);
    }
    item(sql, &first, "(%)", reading->label.column.sql, "l");
    item(sql, &first, "(%)", reading->decision.column.sql, "d");
    item(sql, &first, "CAST((%) AS DOUBLE)", reading->weight.column.sql, "w");
    item(sql, &first, "CAST((%) AS DOUBLE)", reading->value.column.sql, "v");
    item(sql, &first, "CAST((%) AS DOUBLE)", reading->score.column.sql, "s");
    if (extra != NULL)
        eh_buffer_text(sql, extra);
    if (limit > 0)
        eh_buffer_format(sql, " FROM (SELECT * FROM " EH_ROWS_VIEW " LIMIT %llu)", (unsigned long long)limit);
    else
        eh_buffer_text(sql, " FROM " EH_ROWS_VIEW);
    if (reading->spec->where != NULL) {
        eh_buffer_text(sql, " WHERE (");
        eh_buffer_text(sql, reading->spec->where);
        eh_buffer_text(sql, ")");
    }
    eh_buffer_text(sql, ")");
}

/* Whole edges stay whole, so that whole numbers are compared without a cast of every row. */
static void edge_sql(const eh_key *key, double edge, eh_buffer *sql)
{
    if (key->column.type == EH_TYPE_WHOLE && floor(edge) == edge && fabs(edge) < 2e9)
        eh_buffer_format(sql, "%.0f", edge);
    else
        eh_sql_double(sql, edge);
}

static void bands_sql(const eh_key *key, size_t index, eh_buffer *sql)
{
    size_t count = key->attribute->edges_count;
    eh_buffer_text(sql, "CASE");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_format(sql, " WHEN \"evenhand k%zu\" < ", index);
        edge_sql(key, key->attribute->edges[i], sql);
        eh_buffer_format(sql, " THEN %zu", i);
    }
    if (key->column.type == EH_TYPE_DECIMAL)
        eh_buffer_format(sql, " WHEN isnan(CAST(\"evenhand k%zu\" AS DOUBLE)) THEN -1", index);
    eh_buffer_format(sql, " WHEN \"evenhand k%zu\" IS NOT NULL THEN %zu END", index, count);
}

static void top_sql(const eh_key *key, size_t index, eh_buffer *sql)
{
    eh_buffer_format(sql, "CASE WHEN \"evenhand k%zu\" IS NULL THEN NULL", index);
    for (size_t i = 0; i < key->top_count; i++) {
        eh_buffer_format(sql, " WHEN \"evenhand k%zu\" = CAST(", index);
        eh_sql_literal(sql, eh_view_of(key->top_names[i]));
        eh_buffer_format(sql, " AS %s) THEN %zu", key->column.type_sql, i);
    }
    eh_buffer_format(sql, " ELSE %zu END", key->top_count);
}

void eh_key_sql(const eh_key *key, size_t index, bool raw_bands, eh_buffer *sql)
{
    if (key->mode == EH_KEY_BANDS || (key->mode == EH_KEY_BANDS_RAW && !raw_bands))
        bands_sql(key, index, sql);
    else if (key->mode == EH_KEY_TOP)
        top_sql(key, index, sql);
    else
        eh_buffer_format(sql, "\"evenhand k%zu\"", index);
    eh_buffer_format(sql, " AS \"evenhand k%zu\"", index);
}

void eh_fixed_sum_sql(const char *product, int exponent, eh_buffer *sql)
{
    eh_buffer_format(sql, "sum(CAST(%s * ", product);
    eh_sql_double(sql, ldexp(1, EH_FIXED_POINT_BITS - exponent));
    eh_buffer_text(sql, " AS BIGINT))");
}

double eh_fixed_sum(eh_int128 sum, int exponent)
{
    return ldexp((double)sum, exponent - EH_FIXED_POINT_BITS);
}

static void sums_present(const eh_reading *reading, bool present[EH_SUMS_COUNT])
{
    bool weighted = reading->weight.column.sql != NULL, valued = reading->value.column.sql != NULL;
    present[EH_SUM_WEIGHT] = present[EH_SUM_WEIGHT_SQUARES] = weighted;
    present[EH_SUM_VALUE_WEIGHT] = present[EH_SUM_VALUE] = present[EH_SUM_VALUE_SQUARES] = valued;
    present[EH_SUM_VALUE_WEIGHT_SQUARES] = weighted && valued;
}

static void sums_sql(const eh_reading *reading, const bool present[EH_SUMS_COUNT], eh_buffer *sql, int exponents[EH_SUMS_COUNT])
{
    bool weighted = reading->weight.column.sql != NULL;
    int w = weighted ? reading->weight.exponent : 0, v = reading->value.exponent;
    static const char w1[] = "\"evenhand w\"", w2[] = "\"evenhand w\" * \"evenhand w\"";
    const struct {
        int exponent;
        const char *product; /* NULL: count the values that are there */
        const char *filter;
    } sums[EH_SUMS_COUNT] = {
        [EH_SUM_WEIGHT] = {w, w1, ""},
        [EH_SUM_WEIGHT_SQUARES] = {2 * w, w2, ""},
        [EH_SUM_VALUE_WEIGHT] = {weighted ? w : EH_FIXED_POINT_BITS, weighted ? w1 : NULL, " FILTER (WHERE \"evenhand v\" IS NOT NULL)"},
        [EH_SUM_VALUE_WEIGHT_SQUARES] = {2 * w, w2, " FILTER (WHERE \"evenhand v\" IS NOT NULL)"},
        [EH_SUM_VALUE] = {w + v, weighted ? "\"evenhand w\" * \"evenhand v\"" : "\"evenhand v\"", ""},
        [EH_SUM_VALUE_SQUARES] = {w + 2 * v,
                                  weighted ? "\"evenhand w\" * \"evenhand v\" * \"evenhand v\"" : "\"evenhand v\" * \"evenhand v\"", ""},
    };
    for (size_t i = 0; i < EH_SUMS_COUNT; i++) {
        exponents[i] = sums[i].exponent;
        if (!present[i])
            continue;
        eh_buffer_text(sql, ", ");
        if (sums[i].product == NULL)
            eh_buffer_text(sql, "CAST(count(\"evenhand v\") AS HUGEINT)");
        else
            eh_fixed_sum_sql(sums[i].product, sums[i].exponent, sql);
        eh_buffer_text(sql, sums[i].product == NULL ? "" : sums[i].filter);
        eh_buffer_format(sql, " AS \"evenhand sum%zu\"", i);
    }
}

static void names_sql(const eh_reading *reading, const char *format, eh_buffer *sql)
{
    const char *before = format, *after = strchr(format, '%') + 1;
    size_t before_len = (size_t)(after - before) - 1;
    for (size_t i = 0; i < reading->keys_count + 2; i++) {
        char name[40];
        const char *outcome = i == reading->keys_count ? "l" : "d";
        const eh_outcome *asked = i == reading->keys_count ? &reading->label : &reading->decision;
        if (i >= reading->keys_count && asked->column.sql == NULL)
            continue;
        if (i < reading->keys_count)
            snprintf(name, sizeof name, "\"evenhand k%zu\"", i);
        else
            snprintf(name, sizeof name, "\"evenhand %s\"", outcome);
        eh_buffer_append(sql, (eh_view){before, before_len});
        eh_buffer_text(sql, name);
        eh_buffer_text(sql, after);
        eh_buffer_text(sql, ", ");
    }
}

void eh_cube_sql(const eh_reading *reading, eh_buffer *sql, int exponents_out[EH_SUMS_COUNT], bool present_out[EH_SUMS_COUNT])
{
    sums_present(reading, present_out);
    eh_buffer_text(sql, "SELECT ");
    names_sql(reading, "CAST(% AS VARCHAR)", sql);
    eh_buffer_text(sql, "\"evenhand n\"");
    for (size_t i = 0; i < EH_SUMS_COUNT; i++)
        if (present_out[i])
            eh_buffer_format(sql, ", \"evenhand sum%zu\"", i);
    eh_buffer_text(sql, " FROM (SELECT ");
    names_sql(reading, "%", sql);
    eh_buffer_text(sql, "count(*) AS \"evenhand n\"");
    sums_sql(reading, present_out, sql, exponents_out);
    eh_buffer_text(sql, " FROM (SELECT ");
    for (size_t i = 0; i < reading->keys_count; i++) {
        eh_key_sql(&reading->keys[i], i, true, sql);
        eh_buffer_text(sql, ", ");
    }
    static const char *const others[] = {"l", "d", "w", "v"};
    const char *const asked[] = {reading->label.column.sql, reading->decision.column.sql, reading->weight.column.sql, reading->value.column.sql};
    bool first = true;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (asked[i] == NULL)
            continue;
        eh_buffer_format(sql, "%s\"evenhand %s\"", first ? "" : ", ", others[i]);
        first = false;
    }
    eh_buffer_text(sql, " FROM ");
    eh_raw_sql(reading, 0, NULL, sql);
    eh_buffer_format(sql, ") GROUP BY ALL) LIMIT %d", EH_CELLS_MAX + 1);
}
