/* Rows: the bin of every value, and everybody's group, label and decision. */
#include <math.h>
#include <string.h>

#include "data/profile_int.h"

enum { COLUMNS_BATCH = 12, SLOTS_COUNT = 256 };

/* ---- one column's values --------------------------------------------------------------------------------------------------- */

/* A small hash table from text to bin. */
typedef struct {
    const char *const *names;
    size_t lengths[EH_PROFILE_BINS_MAX];
    uint8_t slots[SLOTS_COUNT]; /* bin, 0 free */
    uint8_t others;             /* for texts that are not there */
} texts;

typedef struct {
    eh_profile_column *column;
    uint8_t *bins;
    uint64_t *counts;
    uint32_t *magnitudes;
    texts *known;
    const eh_profile_reference *reference;
    texts *reference_known;
    uint64_t *reference_counts;
} column_work;

static uint8_t hash_of(eh_view text)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211u;
    return (uint8_t)(hash ^ (hash >> 32));
}

static texts *texts_make(eh_arena *arena, const char *const *names, size_t count, bool others)
{
    texts *known = EH_TAKE(arena, 1, texts);
    if (known == NULL)
        return NULL;
    known->names = names;
    size_t end = others ? count - 1 : count;
    known->others = others ? (uint8_t)(count - 1) : 0;
    for (size_t b = 1; b < end; b++) {
        known->lengths[b] = strlen(names[b]);
        uint8_t slot = hash_of(eh_view_of(names[b]));
        while (known->slots[slot] != 0)
            slot++;
        known->slots[slot] = (uint8_t)b;
    }
    return known;
}

static uint8_t text_bin(const texts *known, eh_view text)
{
    for (uint8_t slot = hash_of(text); known->slots[slot] != 0; slot++) {
        uint8_t bin = known->slots[slot];
        if (known->lengths[bin] == text.len && memcmp(known->names[bin], text.ptr, text.len) == 0)
            return bin;
    }
    /* What is not among the names is rare, or says nothing. */
    return known->others == 0 || eh_profile_is_blank(text) ? 0 : known->others;
}

/* 1 below the first edge, i + 2 from edges[i] on. */
static uint8_t number_bin(const double *edges, size_t count, double number)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (number >= edges[middle])
            low = middle + 1;
        else
            high = middle;
    }
    return (uint8_t)(low + 1);
}

static void magnitude_count(uint32_t *magnitudes, double number)
{
    int exponent;
    double part = frexp(number, &exponent); /* number = part 2^exponent, part in [.5, 1) */
    int octave = exponent - 1 - EH_PROFILE_MAGNITUDE_FIRST;
    if (octave < 0 || octave >= EH_PROFILE_MAGNITUDES / 32)
        return;
    magnitudes[octave * 32 + (int)((part - 0.5) * 64)]++;
}

static void number_take(column_work *work, size_t row, double number)
{
    uint8_t bin = isfinite(number) ? number_bin(work->column->edges, work->column->edges_count, number) : 0;
    work->bins[row] = bin;
    work->counts[bin]++;
    if (work->magnitudes != NULL && number > 0 && bin > 0)
        magnitude_count(work->magnitudes, number);
    if (work->reference != NULL)
        work->reference_counts[bin == 0 ? 0 : number_bin(work->reference->edges, work->reference->edges_count, number)]++;
}

static void text_take(column_work *work, size_t row, bool known, eh_view text)
{
    uint8_t bin = !known ? 0 : work->known != NULL ? text_bin(work->known, text) : eh_profile_is_blank(text) ? 0 : 1;
    work->bins[row] = bin;
    work->counts[bin]++;
    if (work->reference != NULL)
        work->reference_counts[!known ? 0 : work->reference_known != NULL ? text_bin(work->reference_known, text) : eh_profile_is_blank(text) ? 0 : 1]++;
}

/* ---- references ----------------------------------------------------------------------------------------------------------------- */

static const eh_profile_reference *reference_find(const eh_profiling *p, const eh_profile_column *column)
{
    for (size_t i = 0; i < p->spec->references_count; i++) {
        const eh_profile_reference *reference = &p->spec->references[i];
        if (strcmp(reference->name, column->name) == 0 && (reference->edges != NULL) == eh_profile_is_number(column))
            return reference;
    }
    return NULL;
}

static eh_code reference_open(eh_profiling *p, column_work *work)
{
    work->reference = reference_find(p, work->column);
    if (work->reference == NULL || work->column->bins_count < 2) {
        work->reference = NULL;
        return EH_OK;
    }
    work->reference_counts = EH_TAKE(p->arena, work->reference->bins_count, uint64_t);
    if (work->reference_counts == NULL)
        return eh_fail_memory(p->error);
    work->column->reference_counts = work->reference_counts;
    if (work->reference->edges != NULL || (work->reference->bins_count == 2 && strcmp(work->reference->bin_names[1], "(any text)") == 0))
        return EH_OK;
    size_t count = work->reference->bins_count;
    bool others = count > 1 && strcmp(work->reference->bin_names[count - 1], "(all others)") == 0;
    work->reference_known = texts_make(p->arena, work->reference->bin_names, count, others);
    return work->reference_known == NULL ? eh_fail_memory(p->error) : EH_OK;
}

/* ---- all columns ------------------------------------------------------------------------------------------------------------------ */

static eh_code work_open(eh_profiling *p, eh_profile_column *column, column_work *work)
{
    *work = (column_work){.column = column,
                          .bins = EH_TAKE(p->arena, p->profile->rows_binned, uint8_t),
                          .counts = EH_TAKE(p->arena, column->bins_count, uint64_t)};
    if (work->bins == NULL || work->counts == NULL)
        return eh_fail_memory(p->error);
    column->bins = work->bins;
    column->bin_counts = work->counts;
    if (column->kind == EH_KIND_NUMBER && column->distinct > 8) {
        work->magnitudes = EH_TAKE(p->arena, EH_PROFILE_MAGNITUDES, uint32_t);
        if (work->magnitudes == NULL)
            return eh_fail_memory(p->error);
        column->magnitudes = work->magnitudes;
    }
    bool any_text = column->bins_count == 2 && strcmp(column->bin_names[1], "(any text)") == 0;
    if (!eh_profile_is_number(column) && !any_text) {
        work->known = texts_make(p->arena, column->bin_names, column->bins_count, column->others);
        if (work->known == NULL)
            return eh_fail_memory(p->error);
    }
    return reference_open(p, work);
}

static eh_code batch_read(eh_profiling *p, column_work *works, size_t count)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT rowid");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(&sql, ", ");
        if (eh_profile_is_number(works[i].column))
            eh_profile_number_sql(works[i].column, &sql);
        else
            eh_profile_text_sql(works[i].column, &sql);
    }
    eh_buffer_format(&sql, " FROM %s", p->table);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    while (eh_cursor_next(&cursor)) {
        size_t row = (size_t)eh_cursor_integer(&cursor, 0);
        EH_ASSERT(row < p->profile->rows_binned);
        for (size_t i = 0; i < count; i++) {
            eh_view text = {0};
            if (eh_profile_is_number(works[i].column))
                number_take(&works[i], row, eh_cursor_double(&cursor, i + 1));
            else
                text_take(&works[i], row, eh_cursor_text(&cursor, i + 1, &text), text);
        }
    }
    return EH_OK;
}

static eh_code columns_bin(eh_profiling *p)
{
    for (size_t first = 0; first < p->columns_count;) {
        column_work works[COLUMNS_BATCH];
        size_t count = 0;
        for (; first < p->columns_count && count < COLUMNS_BATCH; first++) {
            if (p->columns[first].bins_count > 1)
                EH_TRY(work_open(p, &p->columns[first], &works[count++]));
        }
        if (count > 0)
            EH_TRY(batch_read(p, works, count));
    }
    return EH_OK;
}

static eh_code hashes_read(eh_profiling *p)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    uint32_t *hash = EH_TAKE(p->arena, p->profile->rows_binned, uint32_t);
    if (hash == NULL)
        return eh_fail_memory(p->error);
    eh_buffer_text(&sql, "SELECT rowid, CAST(hash(");
    for (size_t i = 0; i < p->columns_count; i++) {
        eh_buffer_text(&sql, i == 0 ? "" : ", ");
        eh_sql_identifier(&sql, eh_view_of(p->columns[i].name));
    }
    eh_buffer_format(&sql, ") >> 32 AS BIGINT) FROM %s", p->table);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    while (eh_cursor_next(&cursor)) {
        size_t row = (size_t)eh_cursor_integer(&cursor, 0);
        EH_ASSERT(row < p->profile->rows_binned);
        hash[row] = (uint32_t)eh_cursor_integer(&cursor, 1);
    }
    p->profile->hash = hash;
    return EH_OK;
}

/* ---- groups, label, decision -------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint16_t *groups[EH_ATTRIBUTES_MAX]; /* in the order in which names were met */
    uint8_t *label, *decision;
} people;

static void people_sql(const eh_reading *reading, eh_buffer *sql)
{
    eh_buffer_text(sql, "SELECT \"evenhand row\"");
    for (size_t i = 0; i < reading->keys_count; i++)
        eh_buffer_format(sql, ", CAST(\"evenhand k%zu\" AS VARCHAR)", i);
    if (reading->label.column.sql != NULL)
        eh_buffer_text(sql, ", CAST(\"evenhand l\" AS VARCHAR)");
    eh_buffer_text(sql, ", CAST(\"evenhand d\" AS VARCHAR) FROM (SELECT \"evenhand row\", ");
    for (size_t i = 0; i < reading->keys_count; i++) {
        eh_key_sql(&reading->keys[i], i, false, sql);
        eh_buffer_text(sql, ", ");
    }
    if (reading->label.column.sql != NULL)
        eh_buffer_text(sql, "\"evenhand l\", ");
    eh_buffer_text(sql, "\"evenhand d\" FROM ");
    eh_raw_sql(reading, 0, ", \"evenhand row\"", sql);
    eh_buffer_text(sql, ")");
}

static eh_code person_take(eh_reading *reading, eh_cursor *cursor, size_t rows, const people *of)
{
    size_t row = (size_t)eh_cursor_integer(cursor, 0), at = 1;
    eh_view text = {0};
    EH_ASSERT(row < rows);
    for (size_t i = 0; i < reading->keys_count; i++) {
        uint32_t index;
        bool known = eh_cursor_text(cursor, at++, &text);
        EH_TRY(eh_key_index(reading, &reading->keys[i], known, text, &index));
        of->groups[i][row] = (uint16_t)index;
    }
    if (reading->label.column.sql != NULL) {
        bool known = eh_cursor_text(cursor, at++, &text);
        EH_TRY(eh_outcome_read(reading, &reading->label, known, text, &of->label[row]));
    }
    bool known = eh_cursor_text(cursor, at, &text);
    return eh_outcome_read(reading, &reading->decision, known, text, &of->decision[row]);
}

/* A sample may lack a group, so names decide and not places. */
static eh_code groups_settle(eh_profiling *p, eh_reading *reading, const people *of)
{
    for (size_t i = 0; i < reading->keys_count; i++) {
        eh_key *key = &reading->keys[i];
        eh_cube_dimension dimension;
        EH_TRY(eh_key_sort(reading, key));
        EH_TRY(eh_key_groups(reading, key, &dimension));
        const eh_cube_dimension *wanted = &p->cube->dimensions[i];
        uint8_t *groups = EH_TAKE(p->arena, p->profile->rows_binned, uint8_t);
        uint8_t places[EH_GROUPS_MAX] = {0};
        if (groups == NULL)
            return eh_fail_memory(p->error);
        for (size_t g = 0; g < dimension.groups_count; g++)
            for (size_t w = 0; w < wanted->groups_count; w++)
                if (dimension.groups[g].missing == wanted->groups[w].missing && strcmp(dimension.groups[g].name, wanted->groups[w].name) == 0)
                    places[g] = (uint8_t)w;
        for (size_t row = 0; row < p->profile->rows_binned; row++)
            groups[row] = places[key->positions[of->groups[i][row]]];
        p->profile->groups[i] = groups;
    }
    return EH_OK;
}

static eh_code people_open(eh_profiling *p, eh_reading *reading, eh_arena *scratch, people *of)
{
    size_t rows = p->profile->rows_binned;
    for (size_t i = 0; i < reading->keys_count; i++) {
        of->groups[i] = EH_TAKE(scratch, rows, uint16_t);
        if (of->groups[i] == NULL)
            return eh_fail_memory(p->error);
    }
    of->label = EH_TAKE(p->arena, rows, uint8_t);
    of->decision = EH_TAKE(p->arena, rows, uint8_t);
    return of->label == NULL || of->decision == NULL ? eh_fail_memory(p->error) : EH_OK;
}

static eh_code people_query(eh_profiling *p, eh_reading *reading, const people *of)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    people_sql(reading, &sql);
    EH_TRY(eh_engine_query(p->engine, &sql, &cursor, p->error));
    while (eh_cursor_next(&cursor))
        EH_TRY(person_take(reading, &cursor, p->profile->rows_binned, of));
    return EH_OK;
}

static eh_code people_read(eh_profiling *p)
{
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_reading *reading = scratch == NULL ? NULL : EH_TAKE(scratch, 1, eh_reading);
    if (reading == NULL)
        return eh_fail_memory(p->error);
    people of = {0};
    EH_TRY(eh_reading_open(reading, p->engine, p->spec->cube, p->spec->cube->attributes_count > 0, p->arena, p->error));
    reading->keys_count = reading->stratum; /* no strata here */
    EH_TRY(eh_reading_guard(reading));
    EH_TRY(eh_reading_tops(reading));
    EH_TRY(people_open(p, reading, scratch, &of));
    /* The rows' numbers are shown in the view for this one question. */
    char show[160];
    snprintf(show, sizeof show, "CREATE OR REPLACE TEMP VIEW " EH_ROWS_VIEW " AS SELECT *, rowid AS \"evenhand row\" FROM %s", p->table);
    EH_TRY(eh_engine_execute(p->engine, show, p->error));
    eh_code code = people_query(p, reading, &of);
    EH_TRY(eh_engine_execute(p->engine, "CREATE OR REPLACE TEMP VIEW " EH_ROWS_VIEW " AS SELECT * FROM " EH_HELD_TABLE, code == EH_OK ? p->error : NULL));
    EH_TRY(code);
    EH_TRY(eh_outcome_check(reading, &reading->label));
    EH_TRY(eh_outcome_check(reading, &reading->decision));
    EH_TRY(groups_settle(p, reading, &of));
    p->profile->label = p->spec->cube->label.sql != NULL ? of.label : NULL;
    p->profile->decision = strcmp(p->spec->cube->decision.sql, EH_EVERY_ROW) == 0 ? NULL : of.decision;
    return EH_OK;
}

eh_code eh_profile_rows_read(eh_profiling *p)
{
    EH_TRY(columns_bin(p));
    EH_TRY(hashes_read(p));
    return p->spec->cube->attributes_count > 0 || p->spec->cube->label.sql != NULL ? people_read(p) : EH_OK;
}
