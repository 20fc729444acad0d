/* Which columns are grouped, and how: ids and constants are left out, numbers cut at quantiles, rare texts joined. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "data/coded_int.h"

enum { ID_ROWS_MIN = 50, PROFILE_BATCH = 60 };

/* ---- candidates ---------------------------------------------------------------------------------------------------------------- */

static bool is_word(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

/* True when `name` stands in the expression as a word of its own, in any letter case. */
static bool mentions(const char *sql, const char *name)
{
    size_t len = strlen(name);
    if (sql == NULL || len == 0)
        return false;
    for (const char *at = sql; *at != '\0'; at++) {
        bool starts = at == sql || !is_word(at[-1]) || !is_word(name[0]);
        if (starts && strncasecmp(at, name, len) == 0 && (!is_word(at[len]) || !is_word(name[len - 1])))
            return true;
    }
    return false;
}

static bool is_used(const eh_coded_spec *spec, const char *name)
{
    const char *const used[] = {spec->decision.sql, spec->expected.sql, spec->label.sql, spec->score.sql, spec->within.sql, spec->weight.sql};
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++)
        if (mentions(used[i], name))
            return true;
    return false;
}

static eh_code candidate_check(eh_coding *coding, eh_candidate *candidate)
{
    eh_code code = eh_column_check(&coding->reading, "--over", candidate->attribute.expression, &candidate->key.column);
    if (code != EH_OK && !candidate->named && code != EH_MEMORY) {
        candidate->why_not = "values of its type cannot be grouped";
        return EH_OK;
    }
    EH_TRY(code);
    const char *type = candidate->key.column.type_sql;
    if (!candidate->named && (strncmp(type, "DATE", 4) == 0 || strncmp(type, "TIME", 4) == 0))
        candidate->why_not = "dates and times are not grouped by themselves; name a part of it with --over, such as month(...)";
    candidate->key.attribute = &candidate->attribute;
    candidate->key.names_max = EH_GROUPS_MAX;
    if (candidate->attribute.edges_count == 0)
        return EH_OK;
    if (candidate->key.column.type != EH_TYPE_WHOLE && candidate->key.column.type != EH_TYPE_DECIMAL)
        return eh_fail(coding->reading.error, EH_INPUT, "--bands %s: only numbers can be banded, but the column is of type %.60s",
                       candidate->key.column.name, type);
    if (candidate->attribute.edges_count > EH_BANDS_MAX)
        return eh_fail(coding->reading.error, EH_LIMIT, "--bands %s: %zu edges, at most %d", candidate->key.column.name,
                       candidate->attribute.edges_count, EH_BANDS_MAX);
    candidate->key.mode = EH_KEY_BANDS;
    return EH_OK;
}

static eh_code named_add(eh_coding *coding)
{
    const eh_coded_spec *spec = coding->spec;
    if (spec->attributes_count > EH_SCAN_ATTRIBUTES_MAX)
        return eh_fail(coding->reading.error, EH_LIMIT, "--over: %zu attributes, at most %d", spec->attributes_count, EH_SCAN_ATTRIBUTES_MAX);
    for (size_t i = 0; i < spec->attributes_count; i++) {
        eh_candidate *candidate = &coding->candidates[coding->candidates_count++];
        *candidate = (eh_candidate){.attribute = spec->attributes[i], .named = true};
        EH_TRY(candidate_check(coding, candidate));
        for (size_t k = 0; k < i; k++)
            if (strcmp(coding->candidates[k].key.column.name, candidate->key.column.name) == 0)
                return eh_fail(coding->reading.error, EH_CONFLICT, "--over: two attributes are called '%s'; name one with AS",
                               candidate->key.column.name);
    }
    return EH_OK;
}

/* Every column of --bands must be one that is looked at. */
static eh_code banded_check(eh_coding *coding)
{
    const eh_coded_spec *spec = coding->spec;
    const eh_source *source = &coding->reading.engine->source;
    for (size_t b = 0; b < spec->banded_count; b++) {
        const char *name = spec->banded[b].expression.name;
        bool found = false;
        for (size_t i = 0; i < coding->candidates_count && !found; i++)
            found = strcasecmp(coding->candidates[i].attribute.expression.name, name) == 0;
        if (found)
            continue;
        const char *nearest = eh_nearest_name(name, source->names, source->columns_count);
        return eh_fail(coding->reading.error, EH_NOT_FOUND, "--bands: '%.100s' is no column that is grouped%s%s%s", name,
                       nearest != NULL ? "; do you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    return EH_OK;
}

static void bands_take(const eh_coded_spec *spec, const char *name, eh_cube_attribute *attribute)
{
    for (size_t b = 0; b < spec->banded_count; b++)
        if (strcasecmp(spec->banded[b].expression.name, name) == 0) {
            attribute->edges = spec->banded[b].edges;
            attribute->edges_count = spec->banded[b].edges_count;
        }
}

static eh_code columns_add(eh_coding *coding)
{
    const eh_engine *engine = coding->reading.engine;
    eh_arena *arena = coding->reading.arena;
    for (size_t i = 0; i < engine->source.columns_count; i++) {
        const char *name = engine->source.names[i];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer quoted = {0};
        if (is_used(coding->spec, name))
            continue;
        if (coding->candidates_count == EH_CODED_CANDIDATES_MAX) {
            coding->beyond[coding->beyond_count++] = (eh_coded_left_out){name, "beyond the first 128 columns; name it with --over"};
            continue;
        }
        eh_sql_identifier(&quoted, eh_view_of(name));
        EH_TRY(eh_buffer_check(&quoted, coding->reading.error));
        eh_candidate *candidate = &coding->candidates[coding->candidates_count++];
        *candidate = (eh_candidate){.attribute.expression = {.sql = eh_arena_copy(arena, eh_buffer_view(&quoted)), .name = name}};
        if (candidate->attribute.expression.sql == NULL)
            return eh_fail_memory(coding->reading.error);
        bands_take(coding->spec, name, &candidate->attribute);
        EH_TRY(candidate_check(coding, candidate));
    }
    return banded_check(coding);
}

static eh_code strata_add(eh_coding *coding)
{
    const eh_coded_spec *spec = coding->spec;
    coding->columns_count = coding->candidates_count;
    if (spec->within.sql != NULL) {
        coding->within = coding->columns_count++;
        eh_candidate *within = &coding->candidates[coding->within];
        EH_TRY(eh_column_check(&coding->reading, "--within", spec->within, &within->key.column));
        within->key.names_max = EH_STRATA_MAX;
    }
    if (spec->score.sql == NULL)
        return EH_OK;
    coding->score = coding->columns_count++;
    eh_candidate *score = &coding->candidates[coding->score];
    EH_TRY(eh_number_check(&coding->reading, "--score", spec->score, &score->key.column));
    score->key.attribute = &score->attribute;
    score->key.names_max = EH_STRATA_MAX;
    score->attribute.expression = spec->score;
    return EH_OK;
}

eh_code eh_coding_open(eh_coding *coding)
{
    const eh_coded_spec *spec = coding->spec;
    eh_reading *reading = &coding->reading;
    eh_engine *engine = reading->engine;
    eh_arena *arena = reading->arena;
    eh_error *error = reading->error;
    eh_column column;
    if (strcmp(spec->decision_option, "--decision") != 0) /* so that errors name the option that was given */
        EH_TRY(eh_column_check(reading, spec->decision_option, spec->decision, &column));
    coding->cube_spec = (eh_cube_spec){.decision = spec->decision, .label = spec->label, .weight = spec->weight, .where = spec->where};
    EH_TRY(eh_reading_open(reading, engine, &coding->cube_spec, false, arena, error));
    reading->decision.column.option = spec->decision_option;
    coding->candidates = EH_TAKE(arena, EH_CODED_CANDIDATES_MAX + 2, eh_candidate);
    coding->beyond = EH_TAKE(arena, engine->source.columns_count, eh_coded_left_out);
    if (coding->candidates == NULL || coding->beyond == NULL)
        return eh_fail_memory(error);
    if (spec->expected.sql != NULL)
        EH_TRY(eh_number_check(reading, spec->expected_option, spec->expected, &coding->expected));
    EH_TRY(spec->attributes_count > 0 ? named_add(coding) : columns_add(coding));
    return strata_add(coding);
}

/* ---- counts ------------------------------------------------------------------------------------------------------------------------- */

static eh_code counts_read(eh_coding *coding, size_t first, size_t count)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT count(*)");
    for (size_t i = first; i < first + count; i++)
        eh_buffer_format(&sql, ", count(\"evenhand k%zu\"), approx_count_distinct(\"evenhand k%zu\")", i, i);
    eh_buffer_text(&sql, " FROM " EH_CODED_TABLE);
    EH_TRY(eh_engine_query(coding->reading.engine, &sql, &cursor, coding->reading.error));
    bool there = eh_cursor_next(&cursor);
    EH_ASSERT(there);
    coding->rows = (uint64_t)eh_cursor_integer(&cursor, 0);
    for (size_t i = 0; i < count; i++) {
        coding->candidates[first + i].known = (uint64_t)eh_cursor_integer(&cursor, 1 + 2 * i);
        coding->candidates[first + i].distinct = (uint64_t)eh_cursor_integer(&cursor, 2 + 2 * i);
    }
    return EH_OK;
}

static eh_code distinct_exactly(eh_coding *coding, size_t index)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_format(&sql, "SELECT count(DISTINCT \"evenhand k%zu\") FROM " EH_CODED_TABLE, index);
    EH_TRY(eh_engine_query(coding->reading.engine, &sql, &cursor, coding->reading.error));
    if (eh_cursor_next(&cursor))
        coding->candidates[index].distinct = (uint64_t)eh_cursor_integer(&cursor, 0);
    return EH_OK;
}

/* ---- quantiles ------------------------------------------------------------------------------------------------------------------------ */

/*
 * Edges so that each band has about equally many rows. Where one value takes several bands it is one band; where the smallest value
 * does, the next value begins the second.
 */
static eh_code edges_find(eh_coding *coding, size_t index, size_t bands)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_cube_attribute *attribute = &coding->candidates[index].attribute;
    eh_buffer_format(&sql, "WITH x AS (SELECT CAST(\"evenhand k%zu\" AS DOUBLE) AS v FROM " EH_CODED_TABLE "), m AS (SELECT min(v) AS v FROM x) "
                           "SELECT (SELECT v FROM m), (SELECT min(v) FROM x WHERE v > (SELECT v FROM m))", index);
    for (size_t i = 1; i < bands; i++)
        eh_buffer_format(&sql, ", quantile_disc(v, %zu::DOUBLE / %zu)", i, bands);
    eh_buffer_text(&sql, " FROM x WHERE isfinite(v)");
    EH_TRY(eh_engine_query(coding->reading.engine, &sql, &cursor, coding->reading.error));
    double *edges = EH_TAKE(coding->reading.arena, bands, double);
    if (edges == NULL)
        return eh_fail_memory(coding->reading.error);
    if (!eh_cursor_next(&cursor))
        return EH_OK;
    double smallest = eh_cursor_double(&cursor, 0), next = eh_cursor_double(&cursor, 1);
    for (size_t i = 0; i + 1 < bands; i++) {
        double edge = eh_cursor_double(&cursor, 2 + i);
        edge = edge > smallest ? edge : next;
        if (isfinite(edge) && (attribute->edges_count == 0 || edge > edges[attribute->edges_count - 1]))
            edges[attribute->edges_count++] = edge;
    }
    attribute->edges = edges;
    return EH_OK;
}

/* ---- the largest texts ---------------------------------------------------------------------------------------------------------------- */

static eh_code tops_find(eh_coding *coding, size_t index, uint32_t most)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_candidate *candidate = &coding->candidates[index];
    eh_key *key = &candidate->key;
    eh_buffer_format(&sql, "SELECT CAST(\"evenhand k%zu\" AS VARCHAR), count(*) FROM " EH_CODED_TABLE " WHERE \"evenhand k%zu\" IS NOT NULL "
                           "GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT %u", index, index, most);
    EH_TRY(eh_engine_query(coding->reading.engine, &sql, &cursor, coding->reading.error));
    key->top_names = EH_TAKE(coding->reading.arena, most, const char *);
    if (key->top_names == NULL)
        return eh_fail_memory(coding->reading.error);
    while (eh_cursor_next(&cursor)) {
        eh_view text = {0};
        bool known = eh_cursor_text(&cursor, 0, &text);
        EH_ASSERT(known && key->top_count < most);
        if (memchr(text.ptr, '\0', text.len) != NULL)
            return eh_fail(coding->reading.error, EH_INPUT, "--over %s: a group's name holds a zero byte", key->column.name);
        key->top_names[key->top_count] = eh_arena_copy(coding->reading.arena, text);
        if (key->top_names[key->top_count++] == NULL)
            return eh_fail_memory(coding->reading.error);
    }
    candidate->attribute.top_count = most;
    key->others_joined = (size_t)candidate->distinct > key->top_count ? (size_t)candidate->distinct - key->top_count : 0;
    key->mode = EH_KEY_TOP;
    return EH_OK;
}

/* ---- how each is grouped ------------------------------------------------------------------------------------------------------------------ */

static eh_code number_decide(eh_coding *coding, size_t index)
{
    eh_candidate *candidate = &coding->candidates[index];
    if (candidate->distinct <= EH_CODED_NUMBERS_MAX)
        return EH_OK;
    bool whole = candidate->key.column.type == EH_TYPE_WHOLE;
    if (whole && candidate->known > ID_ROWS_MIN && 2 * candidate->distinct > candidate->known) {
        EH_TRY(distinct_exactly(coding, index));
        if (candidate->distinct == candidate->known) {
            candidate->why_not = "each value occurs once, as in a number that names a row";
            return EH_OK;
        }
    }
    EH_TRY(edges_find(coding, index, EH_CODED_BANDS));
    candidate->key.mode = EH_KEY_BANDS;
    candidate->banded = true;
    if (candidate->attribute.edges_count == 0)
        candidate->why_not = "all its numbers are the same or infinite";
    return EH_OK;
}

static eh_code text_decide(eh_coding *coding, size_t index)
{
    eh_candidate *candidate = &coding->candidates[index];
    uint32_t most = candidate->named ? EH_CODED_TEXTS_NAMED_MAX : EH_CODED_TEXTS_MAX;
    if (candidate->distinct <= EH_CODED_TEXTS_MAX)
        return EH_OK;
    EH_TRY(distinct_exactly(coding, index));
    if (candidate->known > ID_ROWS_MIN && candidate->distinct == candidate->known)
        candidate->why_not = "each value occurs once, as in a name or a number of a customer";
    else if (candidate->known > ID_ROWS_MIN && 2 * candidate->distinct > candidate->known)
        candidate->why_not = "most of its values occur once or twice";
    if (candidate->why_not != NULL || candidate->distinct <= most)
        return EH_OK;
    return tops_find(coding, index, most);
}

static eh_code candidate_decide(eh_coding *coding, size_t index)
{
    eh_candidate *candidate = &coding->candidates[index];
    eh_type type = candidate->key.column.type;
    if (candidate->why_not != NULL)
        return EH_OK;
    if (candidate->known == 0)
        candidate->why_not = "no value in any row";
    else if (candidate->distinct <= 1 && candidate->known == coding->rows)
        candidate->why_not = "the same value in every row";
    else if (candidate->key.mode == EH_KEY_BANDS)
        return EH_OK;
    else if (type == EH_TYPE_WHOLE || type == EH_TYPE_DECIMAL)
        EH_TRY(number_decide(coding, index));
    else if (type == EH_TYPE_TEXT)
        EH_TRY(text_decide(coding, index));
    if (candidate->named && candidate->why_not != NULL && candidate->known > 0 && candidate->distinct > 1)
        return eh_fail(coding->reading.error, EH_INPUT, "--over %s: %s; it makes no groups, leave it out", candidate->key.column.name,
                       candidate->why_not);
    return EH_OK;
}

eh_code eh_coding_profile(eh_coding *coding)
{
    for (size_t first = 0; first < coding->columns_count; first += PROFILE_BATCH) {
        size_t count = coding->columns_count - first;
        EH_TRY(counts_read(coding, first, count < PROFILE_BATCH ? count : PROFILE_BATCH));
    }
    if (coding->columns_count == 0)
        EH_TRY(counts_read(coding, 0, 0));
    if (coding->rows == 0)
        return eh_fail(coding->reading.error, EH_INPUT, "no rows are left after --where \"%.300s\"",
                       coding->spec->where == NULL ? "" : coding->spec->where);
    size_t grouped = 0;
    for (size_t i = 0; i < coding->candidates_count; i++) {
        EH_TRY(candidate_decide(coding, i));
        if (coding->candidates[i].why_not == NULL && grouped++ >= EH_SCAN_ATTRIBUTES_MAX)
            coding->candidates[i].why_not = "beyond the first 32 columns that can be grouped; name it with --over";
    }
    if (coding->score == 0)
        return EH_OK;
    EH_TRY(edges_find(coding, coding->score, EH_CODED_SCORE_BANDS));
    if (coding->candidates[coding->score].attribute.edges_count == 0)
        return eh_fail(coding->reading.error, EH_INPUT, "--score %s: the same in every row", coding->spec->score.name);
    coding->candidates[coding->score].key.mode = EH_KEY_BANDS;
    return EH_OK;
}
