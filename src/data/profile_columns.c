/* Columns: kinds, counts, ranges, quantiles, and the bins that rows are put into. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "data/profile_int.h"

enum {
    COUNTS_BATCH = 24, COUNTS_COLUMNS = 8,     /* columns per query, results per column */
    RADIX_BITS = 11,
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
    cast_text_sql(column, sql);
}

bool eh_profile_is_blank(eh_view text)
{
    text = eh_view_trim(text);
    for (size_t i = 0; eh_profile_blank_words[i] != NULL; i++)
        if (eh_view_equal_nocase(text, eh_view_of(eh_profile_blank_words[i])))
            return true;
    return false;
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

/* Eight results for every column, whatever its kind: a whole one, two doubles, three whole, two texts. */
static void counts_sql(const eh_profiling *p, const eh_profile_column *column, eh_buffer *sql)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = sql}, number = {.whole = sql};
    eh_sql_identifier(&name, eh_view_of(column->name));
    if (eh_profile_is_number(column))
        eh_profile_number_sql(column, &number);
    if (name.code != EH_OK || number.code != EH_OK)
        return;
    eh_buffer_format(sql, ", count(%s), ", name.ptr);
    if (column->kind == EH_KIND_NUMBER)
        eh_buffer_format(sql, "min(%s) FILTER (WHERE isfinite(%s)), max(%s) FILTER (WHERE isfinite(%s)), count_if(%s < 0), count_if(%s = 0), "
                              "count_if(NOT isfinite(%s)), NULL::VARCHAR, NULL::VARCHAR", number.ptr, number.ptr, number.ptr, number.ptr, number.ptr,
                         number.ptr, number.ptr);
    else if (column->kind == EH_KIND_DATE)
        eh_buffer_format(sql, "min(%s), max(%s), count_if(%s > %.17ge0), count_if(%s < -25567e0), 0::BIGINT, "
                              "CAST(min(%s) FILTER (WHERE isfinite(%s)) AS VARCHAR), CAST(max(%s) FILTER (WHERE isfinite(%s)) AS VARCHAR)", number.ptr, number.ptr,
                         number.ptr, p->now_days, number.ptr, name.ptr, name.ptr, name.ptr, name.ptr);
    else
        eh_buffer_text(sql, "NULL::DOUBLE, NULL::DOUBLE, 0::BIGINT, 0::BIGINT, 0::BIGINT, NULL::VARCHAR, NULL::VARCHAR");
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
    column->quantiles[0] = eh_cursor_double(cursor, at + 1);
    column->quantiles[EH_PROFILE_QUANTILES - 1] = eh_cursor_double(cursor, at + 2);
    uint64_t counts[3];
    for (size_t i = 0; i < 3; i++)
        counts[i] = (uint64_t)eh_cursor_integer(cursor, at + 3 + i);
    if (column->kind == EH_KIND_NUMBER) {
        column->negative = counts[0];
        column->zero = counts[1];
        column->not_finite = counts[2];
    } else if (column->kind == EH_KIND_DATE) {
        column->after_now = counts[0];
        column->before_1900 = counts[1];
    }
    EH_TRY(text_take(p, cursor, at + 6, &column->first));
    return text_take(p, cursor, at + 7, &column->last);
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

/* ---- sorted values ---------------------------------------------------------------------------------------------------------------- */

/* Doubles as whole numbers in the same order: the sign bit turned, negative ones turned over. */
static uint64_t key_of(double number)
{
    uint64_t bits;
    number = number == 0 ? 0 : number; /* no minus zero */
    memcpy(&bits, &number, sizeof bits);
    return bits >> 63 != 0 ? ~bits : bits | UINT64_C(1) << 63;
}

static double number_of(uint64_t key)
{
    uint64_t bits = key >> 63 != 0 ? key & ~(UINT64_C(1) << 63) : ~key;
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

/* Least significant digit first; digits that all keys share are passed over. */
static void radix_sort(uint64_t **keys, uint64_t **spare, size_t count)
{
    for (unsigned shift = 0; shift < 64; shift += RADIX_BITS) {
        size_t starts[1 << RADIX_BITS] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++)
            starts[(*keys)[i] >> shift & ((1U << RADIX_BITS) - 1)]++;
        if (count == 0 || starts[(*keys)[0] >> shift & ((1U << RADIX_BITS) - 1)] == count)
            continue;
        for (size_t d = 0; d < sizeof starts / sizeof starts[0]; d++) {
            size_t of_digit = starts[d];
            starts[d] = sum;
            sum += of_digit;
        }
        for (size_t i = 0; i < count; i++)
            (*spare)[starts[(*keys)[i] >> shift & ((1U << RADIX_BITS) - 1)]++] = (*keys)[i];
        uint64_t *kept = *keys;
        *keys = *spare;
        *spare = kept;
    }
}

/* The values of one column in ascending order, as keys. */
typedef struct {
    uint64_t *keys, *spare;
    size_t count, capacity;
} sorted_values;

static void sorted_values_close(sorted_values *values)
{
    free(values->keys);
    free(values->spare);
}

static eh_code values_sort(eh_profiling *p, const eh_profile_column *column, sorted_values *values)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT ");
    eh_profile_number_sql(column, &sql);
    eh_buffer_format(&sql, " AS x FROM %s WHERE isfinite(x)", p->values_table);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    values->count = 0;
    while (values->count < values->capacity && eh_cursor_next(&cursor))
        values->keys[values->count++] = key_of(eh_cursor_double(&cursor, 0));
    radix_sort(&values->keys, &values->spare, values->count);
    return EH_OK;
}

/* Where keys of at least `key` begin. */
static size_t place_of(const sorted_values *values, uint64_t key)
{
    size_t low = 0, high = values->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (values->keys[middle] < key)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The smallest value at or above each share: R type 1, as the engine's quantile_disc. Values from `skip_first` to `skip_end` are left out. */
static void quantiles_pick(const sorted_values *values, size_t skip_first, size_t skip_end, double quantiles_out[EH_PROFILE_QUANTILES])
{
    size_t count = values->count - (skip_end - skip_first);
    for (size_t q = 0; q < EH_PROFILE_QUANTILES; q++) {
        size_t rank = (count * q + EH_PROFILE_QUANTILES - 2) / (EH_PROFILE_QUANTILES - 1);
        rank = rank > 0 ? rank - 1 : 0;
        quantiles_out[q] = number_of(values->keys[rank < skip_first ? rank : rank + (skip_end - skip_first)]);
    }
}

static void ends_take(const sorted_values *values, eh_profile_column *column)
{
    size_t last = values->count - 1, after_least = place_of(values, values->keys[0] + 1), most = place_of(values, values->keys[last]);
    column->at_least = after_least;
    column->at_most = values->count - most;
    column->second_least = after_least < values->count ? number_of(values->keys[after_least]) : EH_NAN;
    column->second_most = most > 0 ? number_of(values->keys[most - 1]) : EH_NAN;
    column->distinct = 1;
    for (size_t i = 1; i < values->count; i++)
        column->distinct += values->keys[i] != values->keys[i - 1];
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

static bool wants_quantiles(const eh_profile_column *column)
{
    return eh_profile_is_number(column) && isfinite(column->quantiles[0]);
}

/* Few different numbers: each is a bin. */
static eh_code singles_make(eh_profiling *p, eh_profile_column *column, const sorted_values *values)
{
    double *edges = EH_TAKE(p->arena, EDGES_MAX, double);
    if (edges == NULL)
        return eh_fail_memory(p->error);
    column->edges_count = 0;
    for (size_t i = 1; i < values->count; i++)
        if (values->keys[i] != values->keys[i - 1])
            edges[column->edges_count++] = number_of(values->keys[i]);
    column->edges = edges;
    column->bins_count = column->edges_count + 2;
    column->singles = true;
    return EH_OK;
}

static eh_code quantiles_make(eh_profiling *p, eh_profile_column *column, sorted_values *values)
{
    double others[EH_PROFILE_QUANTILES];
    EH_TRY(values_sort(p, column, values));
    if (values->count == 0)
        return EH_OK;
    double least = column->quantiles[0], most = column->quantiles[EH_PROFILE_QUANTILES - 1];
    quantiles_pick(values, 0, 0, column->quantiles);
    ends_take(values, column);
    column->distinct_exact = p->profile->rows <= EH_PROFILE_VALUES_MAX;
    column->quantiles[0] = least; /* of all rows, should the values be a sample */
    column->quantiles[EH_PROFILE_QUANTILES - 1] = most;
    if (column->distinct <= SINGLE_VALUES_MAX)
        return singles_make(p, column, values);
    /* Where many are 0, the quantiles of the others tell more. */
    size_t zero = place_of(values, key_of(0)), after = place_of(values, key_of(0) + 1);
    bool apart = column->kind == EH_KIND_NUMBER && (after - zero) * 20 > values->count;
    quantiles_pick(values, zero, apart ? after : zero, others);
    return edges_make(p, column, others, apart);
}

static eh_code quantiles_read(eh_profiling *p)
{
    EH_CLEANUP(sorted_values_close) sorted_values values = {0};
    bool all = p->profile->rows <= EH_PROFILE_VALUES_MAX;
    p->values_table = all ? EH_HELD_TABLE : p->table;
    values.capacity = all ? (size_t)p->profile->rows : p->profile->rows_binned;
    values.keys = malloc((values.capacity + 1) * sizeof *values.keys);
    values.spare = malloc((values.capacity + 1) * sizeof *values.spare);
    if (values.keys == NULL || values.spare == NULL)
        return eh_fail_memory(p->error);
    for (size_t i = 0; i < p->columns_count; i++)
        if (wants_quantiles(&p->columns[i]))
            EH_TRY(quantiles_make(p, &p->columns[i], &values));
    return EH_OK;
}

/* ---- bins --------------------------------------------------------------------------------------------------------------------------- */

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
    if (column->singles || (bin == 1 && count > 0 && edges[0] == column->second_least))
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

/* Groups first, so that what a text says is looked at once for each and not for every row. */
static void texts_sql(const eh_profile_column *column, eh_buffer *sql)
{
    eh_buffer_text(sql, "WITH counted AS MATERIALIZED (SELECT ");
    cast_text_sql(column, sql);
    eh_buffer_text(sql, " AS k, count(*) AS n FROM " EH_HELD_TABLE " GROUP BY 1), known AS MATERIALIZED (SELECT k, n, ");
    if (column->kind == EH_KIND_TEXT)
        blank_sql("k", sql);
    else
        eh_buffer_text(sql, "false");
    eh_buffer_format(sql, " AS blank FROM counted WHERE k IS NOT NULL), told AS (SELECT k, n FROM known WHERE NOT blank ORDER BY n DESC, k LIMIT %d) "
                          "SELECT told.k, sums.texts, sums.blank FROM (SELECT count(*) AS texts, CAST(coalesce(sum(n) FILTER (WHERE blank), 0) AS BIGINT) AS blank "
                          "FROM known) AS sums LEFT JOIN told ON true ORDER BY told.n DESC, told.k", EH_PROFILE_BINS_MAX);
}

/* The most frequent texts, each a bin; the rest share one. */
static eh_code texts_read(eh_profiling *p, eh_profile_column *column)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const char **names = EH_TAKE(p->arena, EH_PROFILE_BINS_MAX, const char *);
    if (names == NULL)
        return eh_fail_memory(p->error);
    texts_sql(column, &sql);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    size_t count = 1, seen = 0;
    for (eh_view text = {0}; eh_cursor_next(&cursor);) {
        column->distinct = (uint64_t)eh_cursor_integer(&cursor, 1);
        column->blank = (uint64_t)eh_cursor_integer(&cursor, 2);
        if (!eh_cursor_text(&cursor, 0, &text))
            break; /* every text is blank */
        seen++;
        if (count < EH_PROFILE_BINS_MAX - 1)
            names[count++] = eh_arena_copy(p->arena, text);
    }
    column->distinct_exact = true;
    uint64_t known = p->profile->rows - column->missing - column->blank;
    if (column->kind == EH_KIND_TEXT && column->distinct > EH_PROFILE_BINS_MAX && column->distinct * 2 > known) {
        static const char *const anything[] = {"(missing)", "(any text)"};
        column->bins_count = 2;
        column->bin_names = anything;
        return EH_OK;
    }
    column->others = seen > EH_PROFILE_BINS_MAX - 2;
    if (column->others)
        names[count++] = "(all others)";
    column->bins_count = count;
    return names_take(p, column, names);
}

static eh_code bins_make(eh_profiling *p, eh_profile_column *column)
{
    bool number = eh_profile_is_number(column);
    if (column->kind == EH_KIND_NESTED || (number && !isfinite(column->quantiles[0]))) {
        static const char *const missing[] = {"(missing)"};
        column->bins_count = 1;
        column->bin_names = missing;
        return EH_OK;
    }
    return number ? number_names(p, column) : texts_read(p, column);
}

eh_code eh_profile_columns_count(eh_profiling *p)
{
    EH_TRY(describe(p));
    return counts_read(p);
}

eh_code eh_profile_columns_bin(eh_profiling *p)
{
    EH_TRY(quantiles_read(p));
    for (size_t i = 0; i < p->columns_count; i++)
        EH_TRY(bins_make(p, &p->columns[i]));
    return EH_OK;
}
