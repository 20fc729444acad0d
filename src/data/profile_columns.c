/* Columns: kinds, counts, ranges, quantiles, and the bins that rows are put into. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/profile_int.h"

enum {
    COUNTS_BATCH = 24, COUNTS_COLUMNS = 9,     /* columns per query, results per column */
    QUANTILES_BATCH = 8, QUANTILES_COLUMNS = 6,
    SINGLE_VALUES_MAX = 32,                    /* different numbers up to which each has a bin of its own */
    EDGES_MAX = EH_PROFILE_BINS_MAX - 2,       /* numbers: a bin for what is missing, one below the first edge */
    QUANTILE_STEP = 2,                         /* every second one of the 65 is an edge: 32 bins */
};

const char *const eh_profile_blank_words[] = {"",   "na", "n/a", "nan", "null", "nil", "?", "-", "--", ".", "unknown", "missing", "not available", "undefined",
                                              "#n/a", NULL};

bool eh_profile_is_number(const eh_profile_column *column)
{
    return column->kind == EH_KIND_NUMBER || column->kind == EH_KIND_DATE;
}

void eh_profile_number_sql(const eh_profile_column *column, eh_buffer *sql)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = sql};
    eh_sql_identifier(&name, eh_view_of(column->name));
    if (name.code != EH_OK)
        return;
    if (column->kind == EH_KIND_DATE)
        eh_buffer_format(sql, "(CASE WHEN isfinite(%s) THEN epoch(%s) / 86400e0 END)", name.ptr, name.ptr);
    else
        eh_buffer_format(sql, "CAST(%s AS DOUBLE)", name.ptr);
}

static void blank_sql(const char *name, eh_buffer *sql)
{
    eh_buffer_format(sql, "lower(trim(%s)) IN (", name);
    for (size_t i = 0; eh_profile_blank_words[i] != NULL; i++) {
        eh_buffer_text(sql, i == 0 ? "" : ", ");
        eh_sql_literal(sql, eh_view_of(eh_profile_blank_words[i]));
    }
    eh_buffer_byte(sql, ')');
}

static void cast_text_sql(const eh_profile_column *column, eh_buffer *sql)
{
    bool is_text = strcmp(column->type, "VARCHAR") == 0;
    eh_buffer_text(sql, is_text ? "" : "CAST(");
    eh_sql_identifier(sql, eh_view_of(column->name));
    eh_buffer_text(sql, is_text ? "" : " AS VARCHAR)");
}

void eh_profile_text_sql(const eh_profile_column *column, eh_buffer *sql)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = sql};
    cast_text_sql(column, &name);
    if (name.code != EH_OK)
        return;
    if (column->kind != EH_KIND_TEXT) {
        eh_buffer_append(sql, eh_buffer_view(&name));
        return;
    }
    eh_buffer_text(sql, "(CASE WHEN ");
    blank_sql(name.ptr, sql);
    eh_buffer_format(sql, " THEN NULL ELSE %s END)", name.ptr);
}

/* ---- names and kinds ----------------------------------------------------------------------------------------------------- */

static eh_column_kind kind_of(eh_view type)
{
    if ((type.len >= 4 && memcmp(type.ptr, "DATE", 4) == 0) || (type.len >= 9 && memcmp(type.ptr, "TIMESTAMP", 9) == 0))
        return type.ptr[type.len - 1] == ']' ? EH_KIND_NESTED : EH_KIND_DATE;
    static const eh_column_kind kinds[] = {[EH_TYPE_TEXT] = EH_KIND_TEXT,       [EH_TYPE_WHOLE] = EH_KIND_NUMBER,
                                           [EH_TYPE_DECIMAL] = EH_KIND_NUMBER,  [EH_TYPE_BOOLEAN] = EH_KIND_BOOLEAN,
                                           [EH_TYPE_NESTED] = EH_KIND_NESTED};
    return kinds[eh_type_of(type)];
}

static eh_code describe(eh_profiling *p)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "DESCRIBE SELECT * FROM " EH_HELD_TABLE);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    p->columns = EH_TAKE(p->arena, EH_PROFILE_COLUMNS_MAX, eh_profile_column);
    if (p->columns == NULL)
        return eh_fail_memory(p->error);
    while (eh_cursor_next(&cursor)) {
        eh_view name = {0}, type = {0};
        if (p->columns_count == EH_PROFILE_COLUMNS_MAX)
            return eh_fail(p->error, EH_LIMIT, "more than %d columns; check a part of them at a time", EH_PROFILE_COLUMNS_MAX);
        bool known = eh_cursor_text(&cursor, 0, &name) && eh_cursor_text(&cursor, 1, &type);
        EH_ASSERT(known);
        eh_profile_column *column = &p->columns[p->columns_count++];
        *column = (eh_profile_column){.name = eh_arena_copy(p->arena, name), .type = eh_arena_copy(p->arena, type), .kind = kind_of(type),
                                      .second_least = EH_NAN, .second_most = EH_NAN};
        if (column->name == NULL || column->type == NULL)
            return eh_fail_memory(p->error);
        column->whole = column->kind == EH_KIND_NUMBER && eh_type_of(type) == EH_TYPE_WHOLE;
        for (size_t q = 0; q < EH_PROFILE_QUANTILES; q++)
            column->quantiles[q] = EH_NAN;
    }
    return EH_OK;
}

/* ---- counts and ranges: one pass ---------------------------------------------------------------------------------------------- */

/* Nine results for every column, whatever its kind: two whole, two doubles, three whole, two texts. */
static void counts_sql(const eh_profiling *p, const eh_profile_column *column, eh_buffer *sql)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = sql}, number = {.whole = sql}, blank = {.whole = sql};
    eh_sql_identifier(&name, eh_view_of(column->name));
    if (eh_profile_is_number(column))
        eh_profile_number_sql(column, &number);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = sql};
    cast_text_sql(column, &text);
    if (text.code == EH_OK)
        blank_sql(text.ptr, &blank);
    if (name.code != EH_OK || number.code != EH_OK || blank.code != EH_OK)
        return;
    eh_buffer_format(sql, ", count(%s), ", name.ptr);
    if (column->kind == EH_KIND_NESTED)
        eh_buffer_text(sql, "0::BIGINT, NULL::DOUBLE, NULL::DOUBLE, 0::BIGINT, 0::BIGINT, 0::BIGINT, NULL::VARCHAR, NULL::VARCHAR");
    else if (column->kind == EH_KIND_NUMBER)
        eh_buffer_format(sql, "approx_count_distinct(%s), min(%s) FILTER (WHERE isfinite(%s)), max(%s) FILTER (WHERE isfinite(%s)), count_if(%s < 0), "
                              "count_if(%s = 0), count_if(NOT isfinite(%s)), NULL::VARCHAR, NULL::VARCHAR", name.ptr, number.ptr, number.ptr, number.ptr,
                         number.ptr, number.ptr, number.ptr, number.ptr);
    else if (column->kind == EH_KIND_DATE)
        eh_buffer_format(sql, "approx_count_distinct(%s), min(%s), max(%s), count_if(%s > %.17ge0), count_if(%s < -25567e0), 0::BIGINT, "
                              "CAST(min(%s) FILTER (WHERE isfinite(%s)) AS VARCHAR), CAST(max(%s) FILTER (WHERE isfinite(%s)) AS VARCHAR)", name.ptr, number.ptr,
                         number.ptr, number.ptr, p->now_days, number.ptr, name.ptr, name.ptr, name.ptr, name.ptr);
    else
        eh_buffer_format(sql, "approx_count_distinct(%s), NULL::DOUBLE, NULL::DOUBLE, %s%s%s, 0::BIGINT, 0::BIGINT, NULL::VARCHAR, NULL::VARCHAR", name.ptr,
                         column->kind == EH_KIND_TEXT ? "count_if(" : "", column->kind == EH_KIND_TEXT ? blank.ptr : "0::BIGINT",
                         column->kind == EH_KIND_TEXT ? ")" : "");
}

static eh_code text_take(eh_profiling *p, eh_cursor *cursor, size_t at, const char **text_out)
{
    eh_view text;
    if (!eh_cursor_text(cursor, at, &text))
        return EH_OK;
    *text_out = eh_arena_copy(p->arena, text);
    return *text_out == NULL ? eh_fail_memory(p->error) : EH_OK;
}

static eh_code counts_take(eh_profiling *p, eh_cursor *cursor, size_t at, eh_profile_column *column)
{
    column->missing = p->profile->rows - (uint64_t)eh_cursor_integer(cursor, at);
    column->distinct = (uint64_t)eh_cursor_integer(cursor, at + 1);
    column->quantiles[0] = eh_cursor_double(cursor, at + 2);
    column->quantiles[EH_PROFILE_QUANTILES - 1] = eh_cursor_double(cursor, at + 3);
    uint64_t counts[3];
    for (size_t i = 0; i < 3; i++)
        counts[i] = (uint64_t)eh_cursor_integer(cursor, at + 4 + i);
    if (column->kind == EH_KIND_NUMBER) {
        column->negative = counts[0];
        column->zero = counts[1];
        column->not_finite = counts[2];
    } else if (column->kind == EH_KIND_DATE) {
        column->after_now = counts[0];
        column->before_1900 = counts[1];
    } else {
        column->blank = counts[0];
    }
    EH_TRY(text_take(p, cursor, at + 7, &column->first));
    return text_take(p, cursor, at + 8, &column->last);
}

static eh_code counts_read(eh_profiling *p)
{
    for (size_t first = 0; first < p->columns_count; first += COUNTS_BATCH) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
        EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
        size_t end = first + COUNTS_BATCH < p->columns_count ? first + COUNTS_BATCH : p->columns_count;
        eh_buffer_text(&sql, "SELECT count(*)");
        for (size_t i = first; i < end; i++)
            counts_sql(p, &p->columns[i], &sql);
        eh_buffer_text(&sql, " FROM " EH_HELD_TABLE);
        EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
        bool there = eh_cursor_next(&cursor);
        EH_ASSERT(there);
        p->profile->rows = (uint64_t)eh_cursor_integer(&cursor, 0);
        for (size_t i = first; i < end; i++)
            EH_TRY(counts_take(p, &cursor, 1 + (i - first) * COUNTS_COLUMNS, &p->columns[i]));
    }
    return EH_OK;
}

/* ---- quantiles ------------------------------------------------------------------------------------------------------------------ */

static void quantile_sql(const char *number, const char *also, eh_buffer *sql)
{
    eh_buffer_format(sql, "CAST(quantile_disc(%s, [", number);
    for (size_t q = 0; q < EH_PROFILE_QUANTILES; q++)
        eh_buffer_format(sql, q == 0 ? "%g" : ", %g", (double)q / (EH_PROFILE_QUANTILES - 1));
    eh_buffer_format(sql, "]) FILTER (WHERE isfinite(%s)%s) AS VARCHAR)", number, also);
}

/* Where many are 0, the quantiles of the others tell more. */
static bool zeros_apart(const eh_profiling *p, const eh_profile_column *column)
{
    uint64_t known = p->profile->rows - column->missing;
    return column->kind == EH_KIND_NUMBER && column->zero < known && column->zero * 20 > known;
}

static void quantiles_sql(const eh_profiling *p, const eh_profile_column *column, eh_buffer *sql)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer number = {.whole = sql}, least = {.whole = sql}, most = {.whole = sql}, rest = {.whole = sql};
    eh_profile_number_sql(column, &number);
    eh_sql_double(&least, column->quantiles[0]);
    eh_sql_double(&most, column->quantiles[EH_PROFILE_QUANTILES - 1]);
    if (number.code != EH_OK || least.code != EH_OK || most.code != EH_OK)
        return;
    quantile_sql(number.ptr, "", sql);
    eh_buffer_text(sql, ", ");
    eh_buffer_format(&rest, " AND %s <> 0", number.ptr);
    if (zeros_apart(p, column) && rest.code == EH_OK)
        quantile_sql(number.ptr, rest.ptr, sql);
    else
        eh_buffer_text(sql, "NULL::VARCHAR");
    eh_buffer_format(sql, ", count_if(%s = %s), count_if(%s = %s), min(%s) FILTER (WHERE %s > %s), max(%s) FILTER (WHERE %s < %s)", number.ptr, least.ptr,
                     number.ptr, most.ptr, number.ptr, number.ptr, least.ptr, number.ptr, number.ptr, most.ptr);
}

/* "[1.0, 2.5, ...]" */
static bool list_read(eh_view text, double values_out[EH_PROFILE_QUANTILES])
{
    char number[64];
    size_t count = 0, at = 1;
    while (at < text.len && count < EH_PROFILE_QUANTILES) {
        size_t len = 0;
        while (at + len < text.len && text.ptr[at + len] != ',' && text.ptr[at + len] != ']')
            len++;
        if (len == 0 || len >= sizeof number)
            return false;
        memcpy(number, text.ptr + at, len);
        number[len] = '\0';
        values_out[count++] = strtod(number, NULL);
        at += len + 1;
    }
    return count == EH_PROFILE_QUANTILES;
}

static void edge_add(double *edges, size_t *count, double edge)
{
    if (isfinite(edge) && *count < EDGES_MAX && (*count == 0 || edge > edges[*count - 1]))
        edges[(*count)++] = edge;
}

/* Edges between few-valued bins; the smallest value is in bin 1, so the first edge is above it. */
static eh_code edges_make(eh_profiling *p, eh_profile_column *column, const double *quantiles, bool apart)
{
    double *edges = EH_TAKE(p->arena, EDGES_MAX, double);
    size_t count = 0;
    if (edges == NULL)
        return eh_fail_memory(p->error);
    bool zero_done = !apart;
    for (size_t q = 0; q < EH_PROFILE_QUANTILES; q += QUANTILE_STEP) {
        if (!zero_done && quantiles[q] > 0) {
            if (column->quantiles[0] < 0)
                edge_add(edges, &count, 0);
            edge_add(edges, &count, nextafter(0, 1));
            zero_done = true;
        }
        if (quantiles[q] > column->quantiles[0])
            edge_add(edges, &count, quantiles[q]);
    }
    /* A smallest value that many share has a bin of its own. */
    if (column->at_least * 20 > p->profile->rows && column->second_least > column->quantiles[0] && (count == 0 || edges[0] > column->second_least)) {
        size_t kept = count < EDGES_MAX ? count : EDGES_MAX - 1;
        memmove(edges + 1, edges, kept * sizeof *edges);
        edges[0] = column->second_least;
        count = kept + 1;
    }
    column->edges = edges;
    column->edges_count = count;
    column->bins_count = count + 2;
    return EH_OK;
}

static eh_code quantiles_take(eh_profiling *p, eh_cursor *cursor, size_t at, eh_profile_column *column)
{
    double apart[EH_PROFILE_QUANTILES];
    eh_view text;
    if (!eh_cursor_text(cursor, at, &text) || !list_read(text, column->quantiles))
        return eh_fail(p->error, EH_INTERNAL, "the data engine does not tell the quantiles of %s", column->name);
    column->at_least = (uint64_t)eh_cursor_integer(cursor, at + 2);
    column->at_most = (uint64_t)eh_cursor_integer(cursor, at + 3);
    column->second_least = eh_cursor_double(cursor, at + 4);
    column->second_most = eh_cursor_double(cursor, at + 5);
    bool zeros = eh_cursor_text(cursor, at + 1, &text) && list_read(text, apart);
    return edges_make(p, column, zeros ? apart : column->quantiles, zeros);
}

static bool wants_quantiles(const eh_profile_column *column)
{
    return eh_profile_is_number(column) && isfinite(column->quantiles[0]);
}

static eh_code quantiles_read(eh_profiling *p)
{
    for (size_t first = 0; first < p->columns_count;) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
        EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
        size_t taken[QUANTILES_BATCH], count = 0;
        for (; first < p->columns_count && count < QUANTILES_BATCH; first++) {
            if (!wants_quantiles(&p->columns[first]))
                continue;
            taken[count] = first;
            eh_buffer_text(&sql, count++ == 0 ? "SELECT " : ", ");
            quantiles_sql(p, &p->columns[first], &sql);
        }
        if (count == 0)
            return EH_OK;
        eh_buffer_text(&sql, " FROM " EH_HELD_TABLE);
        EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
        bool there = eh_cursor_next(&cursor);
        EH_ASSERT(there);
        for (size_t i = 0; i < count; i++)
            EH_TRY(quantiles_take(p, &cursor, i * QUANTILES_COLUMNS, &p->columns[taken[i]]));
    }
    return EH_OK;
}

/* ---- bins --------------------------------------------------------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Few different numbers: each is a bin. More than the estimate said: the quantiles serve. */
static eh_code singles_read(eh_profiling *p, eh_profile_column *column)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    double values[EDGES_MAX + 1];
    size_t count = 0;
    eh_buffer_text(&sql, "SELECT DISTINCT ");
    eh_profile_number_sql(column, &sql);
    eh_buffer_format(&sql, " AS x FROM " EH_HELD_TABLE " WHERE isfinite(x) LIMIT %d", EDGES_MAX + 1);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    while (eh_cursor_next(&cursor) && count < EDGES_MAX + 1)
        values[count++] = eh_cursor_double(&cursor, 0);
    if (count > EDGES_MAX)
        return EH_OK;
    qsort(values, count, sizeof *values, compare_numbers);
    double *edges = EH_TAKE(p->arena, EDGES_MAX, double);
    if (edges == NULL)
        return eh_fail_memory(p->error);
    for (size_t i = 1; i < count; i++)
        edges[i - 1] = values[i];
    column->distinct = count;
    column->distinct_exact = true;
    column->edges = edges;
    column->edges_count = count == 0 ? 0 : count - 1;
    column->bins_count = count + 1;
    return EH_OK;
}

static const char *edge_name(eh_profiling *p, const eh_profile_column *column, double edge)
{
    char text[32];
    if (column->kind == EH_KIND_DATE) {
        eh_civil date = eh_civil_of((eh_instant){.seconds = (int64_t)floor(edge) * 86400}, NULL);
        return eh_arena_format(p->arena, "%04d-%02d-%02d", date.year, date.month, date.day);
    }
    if (edge > 0 && edge < 1e-300)
        return eh_arena_copy(p->arena, EH_VIEW("above 0"));
    eh_json_number_text(edge, text);
    return eh_arena_copy(p->arena, eh_view_of(text));
}

static const char *number_bin_name(eh_profiling *p, const eh_profile_column *column, size_t bin)
{
    const double *edges = column->edges;
    size_t count = column->edges_count;
    bool single = column->distinct_exact && column->distinct == count + 1;
    if (single || (bin == 1 && count > 0 && edges[0] == column->second_least))
        return edge_name(p, column, bin == 1 ? column->quantiles[0] : edges[bin - 2]);
    const char *low = bin > 1 ? edge_name(p, column, edges[bin - 2]) : NULL, *high = bin <= count ? edge_name(p, column, edges[bin - 1]) : NULL;
    bool above = bin > 1 && edges[bin - 2] > 0 && edges[bin - 2] < 1e-300;
    if ((bin > 1 && low == NULL) || (bin <= count && high == NULL))
        return NULL;
    if (bin > 1 && edges[bin - 2] == 0 && bin <= count && edges[bin - 1] < 1e-300)
        return eh_arena_copy(p->arena, EH_VIEW("0"));
    if (bin == 1)
        return count == 0 ? edge_name(p, column, column->quantiles[0])
                          : edges[0] > 0 && edges[0] < 1e-300 ? eh_arena_copy(p->arena, EH_VIEW("0")) : eh_arena_format(p->arena, "under %s", high);
    if (bin > count)
        return eh_arena_format(p->arena, above ? "%s" : "%s and over", low);
    return above ? eh_arena_format(p->arena, "above 0 to under %s", high) : eh_arena_format(p->arena, "%s to under %s", low, high);
}

static eh_code names_take(eh_profiling *p, eh_profile_column *column, const char **names)
{
    names[0] = "(missing)";
    for (size_t b = 0; b < column->bins_count; b++)
        if (names[b] == NULL)
            return eh_fail_memory(p->error);
    column->bin_names = names;
    return EH_OK;
}

static eh_code number_names(eh_profiling *p, eh_profile_column *column)
{
    const char **names = EH_TAKE(p->arena, column->bins_count, const char *);
    if (names == NULL)
        return eh_fail_memory(p->error);
    for (size_t b = 1; b < column->bins_count; b++)
        names[b] = number_bin_name(p, column, b);
    return names_take(p, column, names);
}

static eh_code exact_distinct(eh_profiling *p, eh_profile_column *column)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT count(DISTINCT ");
    eh_sql_identifier(&sql, eh_view_of(column->name));
    eh_buffer_text(&sql, ") FROM " EH_HELD_TABLE);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    column->distinct = eh_cursor_next(&cursor) ? (uint64_t)eh_cursor_integer(&cursor, 0) : 0;
    column->distinct_exact = true;
    return EH_OK;
}

/* The most frequent texts, each a bin; the rest share one. */
static eh_code texts_read(eh_profiling *p, eh_profile_column *column)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const char **names = EH_TAKE(p->arena, EH_PROFILE_BINS_MAX, const char *);
    if (names == NULL)
        return eh_fail_memory(p->error);
    eh_buffer_text(&sql, "SELECT k, n FROM (SELECT ");
    eh_profile_text_sql(column, &sql);
    eh_buffer_format(&sql, " AS k, count(*) AS n FROM " EH_HELD_TABLE " GROUP BY 1) WHERE k IS NOT NULL ORDER BY n DESC, k LIMIT %d", EH_PROFILE_BINS_MAX);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    size_t count = 1, seen = 0;
    for (eh_view text = {0}; eh_cursor_next(&cursor); seen++) {
        bool known = eh_cursor_text(&cursor, 0, &text);
        EH_ASSERT(known);
        if (count < EH_PROFILE_BINS_MAX - 1)
            names[count++] = eh_arena_copy(p->arena, text);
    }
    column->others = seen > EH_PROFILE_BINS_MAX - 2;
    if (column->others)
        names[count++] = "(all others)";
    else if (column->blank == 0) {
        column->distinct = seen;
        column->distinct_exact = true;
    }
    column->bins_count = count;
    return names_take(p, column, names);
}

static eh_code bins_make(eh_profiling *p, eh_profile_column *column)
{
    uint64_t known = p->profile->rows - column->missing - column->blank;
    bool key_like = column->kind == EH_KIND_TEXT || column->whole;
    if (key_like && known > EH_PROFILE_BINS_MAX && (double)column->distinct > 0.9 * (double)known)
        EH_TRY(exact_distinct(p, column));
    if (column->kind == EH_KIND_NESTED || (known == 0 && eh_profile_is_number(column))) {
        static const char *const missing[] = {"(missing)"};
        column->bins_count = 1;
        column->bin_names = missing;
        return EH_OK;
    }
    if (eh_profile_is_number(column)) {
        if (column->distinct <= SINGLE_VALUES_MAX)
            EH_TRY(singles_read(p, column));
        return number_names(p, column);
    }
    if (column->kind == EH_KIND_TEXT && column->distinct > EH_PROFILE_BINS_MAX && column->distinct * 2 > known) {
        static const char *const anything[] = {"(missing)", "(any text)"};
        column->bins_count = 2;
        column->bin_names = anything;
        return EH_OK;
    }
    return texts_read(p, column);
}

eh_code eh_profile_columns_read(eh_profiling *p)
{
    EH_TRY(describe(p));
    EH_TRY(counts_read(p));
    EH_TRY(quantiles_read(p));
    for (size_t i = 0; i < p->columns_count; i++)
        EH_TRY(bins_make(p, &p->columns[i]));
    return EH_OK;
}
