/* The cube: checks, the one GROUP BY, and cells in their final order. */
#include <stdlib.h>
#include <string.h>

#include "data/cube_int.h"

/* A row of the result. Sums stay whole numbers until cells that agree in all keys have been joined. */
typedef struct {
    uint16_t group[EH_ATTRIBUTES_MAX];
    uint16_t stratum;
    uint8_t label, decision;
    uint64_t count;
    eh_int128 sums[EH_SUMS_COUNT];
} raw_cell;

typedef struct {
    raw_cell *cells;
    size_t count, capacity;
    int exponents[EH_SUMS_COUNT];
    bool present[EH_SUMS_COUNT];
} raw_cells;

static void raw_cells_close(raw_cells *raw)
{
    free(raw->cells);
}

static eh_code raw_cell_add(eh_reading *reading, raw_cells *raw, const raw_cell *cell)
{
    reading->overflowed = raw->count == EH_CELLS_MAX;
    if (reading->overflowed)
        return eh_fail(reading->error, EH_LIMIT, "more than %d combinations of groups%s; use fewer attributes, fewer groups or a coarser --within",
                       EH_CELLS_MAX, reading->stratum < reading->keys_count ? " and strata" : "");
    if (raw->count == raw->capacity) {
        size_t capacity = raw->capacity == 0 ? 1024 : raw->capacity * 2;
        raw_cell *larger = realloc(raw->cells, capacity * sizeof *larger);
        if (larger == NULL)
            return eh_fail_memory(reading->error);
        raw->cells = larger;
        raw->capacity = capacity;
    }
    raw->cells[raw->count++] = *cell;
    return EH_OK;
}

static eh_code raw_cell_read(eh_reading *reading, eh_cursor *cursor, raw_cells *raw)
{
    raw_cell cell = {.label = EH_UNKNOWN};
    size_t column = 0;
    eh_view text = {0};
    for (size_t i = 0; i < reading->keys_count; i++) {
        uint32_t index;
        bool known = eh_cursor_text(cursor, column++, &text);
        EH_TRY(eh_key_index(reading, &reading->keys[i], known, text, &index));
        if (i == reading->stratum)
            cell.stratum = (uint16_t)index;
        else
            cell.group[i] = (uint16_t)index;
    }
    if (reading->label.column.sql != NULL) {
        bool known = eh_cursor_text(cursor, column++, &text);
        EH_TRY(eh_outcome_read(reading, &reading->label, known, text, &cell.label));
    }
    bool known = eh_cursor_text(cursor, column++, &text);
    EH_TRY(eh_outcome_read(reading, &reading->decision, known, text, &cell.decision));
    cell.count = (uint64_t)eh_cursor_integer(cursor, column++);
    for (size_t i = 0; i < EH_SUMS_COUNT; i++)
        if (raw->present[i])
            cell.sums[i] = eh_cursor_int128(cursor, column++);
    return raw_cell_add(reading, raw, &cell);
}

static int compare_cells(const void *a, const void *b)
{
    const raw_cell *x = a, *y = b;
    for (size_t i = 0; i < EH_ATTRIBUTES_MAX; i++)
        if (x->group[i] != y->group[i])
            return x->group[i] < y->group[i] ? -1 : 1;
    if (x->stratum != y->stratum)
        return x->stratum < y->stratum ? -1 : 1;
    if (x->label != y->label)
        return x->label < y->label ? -1 : 1;
    return (x->decision > y->decision) - (x->decision < y->decision);
}

/* From the order in which names were met to their final order; then cells that agree are joined. */
static void cells_settle(const eh_reading *reading, raw_cells *raw)
{
    size_t attributes_count = reading->stratum;
    for (size_t c = 0; c < raw->count; c++) {
        raw_cell *cell = &raw->cells[c];
        for (size_t i = 0; i < attributes_count; i++)
            cell->group[i] = reading->keys[i].positions[cell->group[i]];
        if (reading->stratum < reading->keys_count)
            cell->stratum = reading->keys[reading->stratum].positions[cell->stratum];
    }
    qsort(raw->cells, raw->count, sizeof *raw->cells, compare_cells);
    size_t kept = 0;
    for (size_t c = 0; c < raw->count; c++) {
        if (kept == 0 || compare_cells(&raw->cells[kept - 1], &raw->cells[c]) != 0) {
            raw->cells[kept++] = raw->cells[c];
            continue;
        }
        raw->cells[kept - 1].count += raw->cells[c].count;
        for (size_t i = 0; i < EH_SUMS_COUNT; i++)
            raw->cells[kept - 1].sums[i] += raw->cells[c].sums[i];
    }
    raw->count = kept;
}

static eh_cell cell_of(const raw_cells *raw, const raw_cell *cell)
{
    double sums[EH_SUMS_COUNT];
    for (size_t i = 0; i < EH_SUMS_COUNT; i++)
        sums[i] = raw->present[i] ? eh_fixed_sum(cell->sums[i], raw->exponents[i]) : 0;
    eh_cell out = {
        .stratum = cell->stratum,
        .label = cell->label,
        .decision = cell->decision,
        .count = cell->count,
        .weight = raw->present[EH_SUM_WEIGHT] ? sums[EH_SUM_WEIGHT] : (double)cell->count,
        .weight_squares = raw->present[EH_SUM_WEIGHT] ? sums[EH_SUM_WEIGHT_SQUARES] : (double)cell->count,
        .value_weight = sums[EH_SUM_VALUE_WEIGHT],
        .value_weight_squares = sums[raw->present[EH_SUM_WEIGHT] ? EH_SUM_VALUE_WEIGHT_SQUARES : EH_SUM_VALUE_WEIGHT],
        .value = sums[EH_SUM_VALUE],
        .value_squares = sums[EH_SUM_VALUE_SQUARES],
    };
    memcpy(out.group, cell->group, sizeof out.group);
    return out;
}

static eh_code cells_finish(eh_reading *reading, const raw_cells *raw, eh_cube *cube)
{
    eh_cell *cells = EH_TAKE(reading->arena, raw->count, eh_cell);
    if (cells == NULL)
        return eh_fail_memory(reading->error);
    for (size_t i = 0; i < raw->count; i++) {
        cells[i] = cell_of(raw, &raw->cells[i]);
        cube->rows += cells[i].count;
    }
    cube->cells = cells;
    cube->cells_count = raw->count;
    return EH_OK;
}

static eh_code strata_finish(eh_reading *reading, eh_cube *cube)
{
    eh_cube_dimension strata = {.groups = &(const eh_cube_group){.name = ""}, .groups_count = 1};
    if (reading->stratum < reading->keys_count)
        EH_TRY(eh_key_groups(reading, &reading->keys[reading->stratum], &strata));
    const char **names = EH_TAKE(reading->arena, strata.groups_count, const char *);
    if (names == NULL)
        return eh_fail_memory(reading->error);
    for (size_t i = 0; i < strata.groups_count; i++)
        names[i] = strata.groups[i].name;
    cube->strata = names;
    cube->strata_count = strata.groups_count;
    return EH_OK;
}

static eh_code dimensions_finish(eh_reading *reading, eh_cube *cube)
{
    for (size_t i = 0; i < reading->stratum; i++) {
        const eh_key *key = &reading->keys[i];
        EH_TRY(eh_key_groups(reading, key, &cube->dimensions[i]));
        if (key->names_count > 1 || (reading->spec->one_group_will_do && !cube->dimensions[i].groups[0].missing))
            continue;
        char shown[EH_SHOWN_BYTES];
        const eh_cube_group *only = &cube->dimensions[i].groups[0];
        if (only->missing)
            return eh_fail(reading->error, EH_INPUT, "--by %s: no value in any row (all are NULL)", key->column.name);
        return eh_fail(reading->error, EH_INPUT, "--by %s: all %llu rows are in one group, '%s'; a comparison needs two", key->column.name,
                       (unsigned long long)cube->rows, eh_shown(eh_view_of(only->name), shown));
    }
    cube->dimensions_count = reading->stratum;
    return strata_finish(reading, cube);
}

static eh_code cells_read(eh_reading *reading, eh_cube *cube)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    EH_CLEANUP(raw_cells_close) raw_cells raw = {0};
    eh_cube_sql(reading, &sql, raw.exponents, raw.present);
    EH_TRY(eh_engine_query(reading->engine, &sql, &cursor, reading->error));
    while (eh_cursor_next(&cursor))
        EH_TRY(raw_cell_read(reading, &cursor, &raw));
    eh_cursor_close(&cursor);
    if (raw.count == 0)
        return eh_fail(reading->error, EH_INPUT, "no rows are left after --where \"%.300s\"", reading->spec->where == NULL ? "" : reading->spec->where);
    EH_TRY(eh_outcome_check(reading, &reading->decision));
    EH_TRY(eh_outcome_check(reading, &reading->label));
    for (size_t i = 0; i < reading->keys_count; i++)
        EH_TRY(eh_key_sort(reading, &reading->keys[i]));
    cells_settle(reading, &raw);
    EH_TRY(cells_finish(reading, &raw, cube));
    return dimensions_finish(reading, cube);
}

static eh_code cube_read_once(eh_reading *reading, bool raw_bands, eh_cube *cube_out)
{
    const eh_cube_spec *spec = reading->spec;
    eh_cube cube = {.weighted = spec->weight.sql != NULL, .scores_exact = true};
    EH_TRY(eh_reading_open(reading, reading->engine, spec, true, reading->arena, reading->error));
    reading->raw_bands = raw_bands;
    reading->checked = true;
    EH_TRY(eh_reading_guard(reading));
    EH_TRY(eh_reading_measure(reading));
    EH_TRY(eh_reading_tops(reading));
    EH_TRY(cells_read(reading, &cube));
    cube.value_missing = reading->value.missing;
    cube.score_missing = reading->score.missing;
    if (spec->score.sql != NULL)
        EH_TRY(eh_scores_read(reading, &cube));
    *cube_out = cube;
    return EH_OK;
}

eh_code eh_cube_read(eh_engine *engine, const eh_cube_spec *spec, eh_arena *arena, eh_cube *cube_out, eh_error *error)
{
    eh_reading *reading = EH_TAKE(arena, 1, eh_reading);
    if (reading == NULL)
        return eh_fail_memory(error);
    for (bool raw_bands = true;;) {
        *reading = (eh_reading){.engine = engine, .spec = spec, .arena = arena, .error = error};
        engine->source.widened = engine->unexplained = false;
        eh_code code = cube_read_once(reading, raw_bands, cube_out);
        /* The first rows may mislead: a type proves too narrow (it has been corrected), or a banded column has more numbers. */
        bool again = engine->source.widened || (reading->overflowed && raw_bands);
        if (code == EH_OK || !again)
            return code != EH_OK && engine->unexplained && reading->checked ? eh_reading_blame(reading, code) : code;
        raw_bands = raw_bands && !reading->overflowed;
    }
}
