/* The field: cells in canonical order, halves of it, expectations. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/scan_int.h"

enum { ROWS_MIN_LEAST = 20, ROWS_MIN_MOST = 500 };
static const double rows_min_share = 0.005;

/* ---- what is refused ----------------------------------------------------------------------------------------------------------- */

static eh_code table_check(const eh_scan_table *table, eh_error *error)
{
    if (table->attributes_count == 0 || table->attributes_count > EH_SCAN_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "a scan of %zu attributes; must be 1 to %d", table->attributes_count, EH_SCAN_ATTRIBUTES_MAX);
    if (table->cells_count == 0)
        return eh_fail(error, EH_INPUT, "a scan of no rows");
    if (table->cells_count > EH_SCAN_CELLS_MAX)
        return eh_fail(error, EH_LIMIT, "a scan of %zu combinations of values, at most %d", table->cells_count, EH_SCAN_CELLS_MAX);
    for (size_t a = 0; a < table->attributes_count; a++)
        if (table->attributes[a].groups_count == 0 || table->attributes[a].groups_count > EH_GROUPS_MAX)
            return eh_fail(error, EH_LIMIT, "%s: %zu groups, must be 1 to %d", table->attributes[a].name, table->attributes[a].groups_count,
                           EH_GROUPS_MAX);
    for (size_t c = 0; c < table->cells_count; c++) {
        const eh_scan_cell *cell = &table->cells[c];
        if (!(cell->weight > 0) || !isfinite(cell->weight))
            return eh_fail(error, EH_INPUT, "a weight of %g; weights must be above 0", cell->weight);
        if (table->given && !(cell->expected >= 0 && cell->expected <= 1))
            return eh_fail(error, EH_INPUT, "an expectation of %g; it must be a probability between 0 and 1", cell->expected);
        EH_ASSERT(cell->yes <= cell->rows && cell->rows < UINT32_MAX);
        for (size_t a = 0; a < table->attributes_count; a++)
            EH_ASSERT(table->codes[c * table->attributes_count + a] < table->attributes[a].groups_count);
    }
    return EH_OK;
}

/* ---- canonical order -------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_scan_table *table;
    const uint32_t *order; /* attributes by name */
} sorting;

static int compare_cells(const void *a, const void *b, void *context)
{
    const sorting *by = context;
    size_t x = *(const uint32_t *)a, y = *(const uint32_t *)b, count = by->table->attributes_count;
    for (size_t i = 0; i < count; i++) {
        uint8_t left = by->table->codes[x * count + by->order[i]], right = by->table->codes[y * count + by->order[i]];
        if (left != right)
            return left < right ? -1 : 1;
    }
    const eh_scan_cell *p = &by->table->cells[x], *q = &by->table->cells[y];
    if (p->stratum != q->stratum)
        return p->stratum < q->stratum ? -1 : 1;
    if (p->weight != q->weight)
        return p->weight < q->weight ? -1 : 1;
    if (by->table->given && p->expected != q->expected)
        return p->expected < q->expected ? -1 : 1;
    return 0;
}

static uint32_t *attributes_sorted(const eh_scan_table *table, eh_arena *arena)
{
    uint32_t *order = EH_TAKE(arena, table->attributes_count, uint32_t);
    for (uint32_t i = 0; order != NULL && i < table->attributes_count; i++) {
        uint32_t at = i;
        for (; at > 0 && strcmp(table->attributes[order[at - 1]].name, table->attributes[i].name) > 0; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    return order;
}

static bool columns_take(scan_field *field, eh_arena *arena)
{
    size_t count = field->cells_count;
    field->rows = EH_TAKE(arena, count, uint32_t);
    field->yes = EH_TAKE(arena, count, uint32_t);
    field->mass = EH_TAKE(arena, count, double);
    field->hits = EH_TAKE(arena, count, double);
    field->expected = EH_TAKE(arena, count, double);
    field->bin = EH_TAKE(arena, count, uint8_t);
    field->level = EH_TAKE(arena, count, uint32_t);
    return field->rows != NULL && field->yes != NULL && field->mass != NULL && field->hits != NULL && field->expected != NULL &&
           field->bin != NULL && field->level != NULL;
}

static void masses_make(scan_field *field)
{
    for (size_t c = 0; c < field->cells_count; c++) {
        field->mass[c] = field->unit[c] * field->rows[c];
        field->hits[c] = field->unit[c] * field->yes[c];
    }
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

/* Strata, which may have any numbers, become 0, 1, 2, ... in ascending order. */
static eh_code levels_number(scan_field *field, eh_arena *scratch, eh_error *error)
{
    uint32_t *sorted = EH_TAKE(scratch, field->cells_count, uint32_t);
    if (sorted == NULL)
        return eh_fail_memory(error);
    memcpy(sorted, field->level, field->cells_count * sizeof *sorted);
    qsort(sorted, field->cells_count, sizeof *sorted, compare_numbers);
    size_t count = 0;
    for (size_t c = 0; c < field->cells_count; c++)
        if (count == 0 || sorted[count - 1] != sorted[c])
            sorted[count++] = sorted[c];
    for (size_t c = 0; c < field->cells_count; c++) {
        const uint32_t *found = bsearch(&field->level[c], sorted, count, sizeof *sorted, compare_numbers);
        EH_ASSERT(found != NULL);
        field->level[c] = (uint32_t)(found - sorted);
    }
    field->levels_total = count;
    return EH_OK;
}

/* Joins cells that agree in everything; `sorted` are the table's cells in canonical order. */
static eh_code cells_fill(scan_field *field, const sorting *by, const uint32_t *sorted, eh_arena *arena, eh_error *error)
{
    const eh_scan_table *table = by->table;
    size_t kept = 0;
    for (size_t c = 0; c < table->cells_count; c++)
        kept += c == 0 || compare_cells(&sorted[c - 1], &sorted[c], (void *)(uintptr_t)by) != 0;
    field->cells_count = kept;
    field->unit = EH_TAKE(arena, kept, double);
    uint8_t *codes = EH_TAKE(arena, kept * field->attributes_count, uint8_t);
    if (!columns_take(field, arena) || field->unit == NULL || codes == NULL)
        return eh_fail_memory(error);
    for (size_t a = 0; a < field->attributes_count; a++)
        field->codes[a] = codes + a * kept;
    size_t at = SIZE_MAX; /* the first cell makes it 0 */
    for (size_t c = 0; c < table->cells_count; c++) {
        const eh_scan_cell *cell = &table->cells[sorted[c]];
        at += c == 0 || compare_cells(&sorted[c - 1], &sorted[c], (void *)(uintptr_t)by) != 0;
        EH_ASSERT((uint64_t)field->rows[at] + cell->rows < UINT32_MAX);
        field->rows[at] += (uint32_t)cell->rows;
        field->yes[at] += (uint32_t)cell->yes;
        field->unit[at] = cell->weight;
        field->level[at] = table->given ? 0 : cell->stratum;
        field->expected[at] = table->given ? cell->expected : 0;
        for (size_t a = 0; a < field->attributes_count; a++)
            codes[a * kept + at] = table->codes[(size_t)sorted[c] * table->attributes_count + by->order[a]];
    }
    return EH_OK;
}

/* Mass of one person: so that all together have Kish's sample size. */
static void units_scale(scan_field *field)
{
    double sum = 0, squares = 0, first = field->unit[0];
    for (size_t c = 0; c < field->cells_count; c++) {
        sum += field->unit[c] * field->rows[c];
        squares += field->unit[c] * field->unit[c] * field->rows[c];
        field->weighted = field->weighted || field->unit[c] != first;
    }
    double scale = field->weighted ? sum / squares : 1 / first;
    for (size_t c = 0; c < field->cells_count; c++)
        field->unit[c] = field->weighted ? field->unit[c] * scale : 1;
}

static double rows_min_of(const scan_field *field, const eh_scan_options *options)
{
    uint64_t rows = 0;
    for (size_t c = 0; c < field->cells_count; c++)
        rows += field->rows[c];
    double usual = ceil(rows_min_share * (double)rows);
    usual = usual > ROWS_MIN_MOST ? ROWS_MIN_MOST : usual < ROWS_MIN_LEAST ? ROWS_MIN_LEAST : usual;
    return options->rows_min > 0 ? (double)options->rows_min : usual;
}

eh_code scan_field_make(const eh_scan_table *table, const eh_scan_options *options, eh_arena *arena, scan_field **field_out,
                        eh_error *error)
{
    EH_TRY(table_check(table, error));
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    scan_field *field = EH_TAKE(arena, 1, scan_field);
    uint32_t *sorted = scratch == NULL ? NULL : EH_TAKE(scratch, table->cells_count, uint32_t);
    uint32_t *order = attributes_sorted(table, arena);
    if (field == NULL || sorted == NULL || order == NULL)
        return eh_fail_memory(error);
    field->attributes_count = table->attributes_count;
    field->given = table->given;
    field->attributes = EH_TAKE(arena, table->attributes_count, const eh_cube_dimension *);
    if (field->attributes == NULL)
        return eh_fail_memory(error);
    for (size_t a = 0; a < table->attributes_count; a++) {
        field->attributes[a] = &table->attributes[order[a]];
        field->levels[a] = (uint8_t)field->attributes[a]->groups_count;
    }
    for (size_t c = 0; c < table->cells_count; c++)
        sorted[c] = (uint32_t)c;
    sorting by = {table, order};
    qsort_r(sorted, table->cells_count, sizeof *sorted, compare_cells, &by);
    EH_TRY(cells_fill(field, &by, sorted, arena, error));
    units_scale(field);
    masses_make(field);
    field->rows_min = rows_min_of(field, options);
    EH_TRY(levels_number(field, scratch, error));
    EH_TRY(scan_field_expect(field, scratch, error));
    *field_out = field;
    return EH_OK;
}

/* ---- expectations --------------------------------------------------------------------------------------------------------------------- */

eh_code scan_field_expect(scan_field *field, eh_arena *scratch, eh_error *error)
{
    if (!field->given) {
        double *mass = EH_TAKE(scratch, field->levels_total, double), *hits = EH_TAKE(scratch, field->levels_total, double);
        if (mass == NULL || hits == NULL)
            return eh_fail_memory(error);
        for (size_t c = 0; c < field->cells_count; c++) {
            mass[field->level[c]] += field->mass[c];
            hits[field->level[c]] += field->hits[c];
        }
        for (size_t c = 0; c < field->cells_count; c++) {
            uint32_t level = field->level[c];
            field->expected[c] = mass[level] > 0 ? fmin(hits[level] / mass[level], 1) : 0;
        }
    }
    scan_bins_make(field, scratch);
    return EH_OK;
}

eh_code scan_field_remove(scan_field *field, const scan_candidate *group, double q, eh_arena *scratch, eh_error *error)
{
    scan_filter filter = scan_filter_of(field, group);
    for (size_t c = 0; c < field->cells_count; c++) {
        bool inside = scan_holds(&filter, c);
        if (!field->given)
            field->level[c] = 2 * field->level[c] + inside;
        else if (inside)
            field->expected[c] = q * field->expected[c] / (1 - field->expected[c] + q * field->expected[c]);
    }
    if (!field->given)
        EH_TRY(levels_number(field, scratch, error));
    return scan_field_expect(field, scratch, error);
}

/* ---- halves ------------------------------------------------------------------------------------------------------------------------------ */

/* How many of `draws` people, drawn from `rows` of whom `yes` were chosen, were chosen. */
static uint32_t chosen_among(eh_random *random, uint32_t rows, uint32_t yes, uint32_t draws)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < draws; i++)
        found += eh_random_unit(random) * (double)(rows - i) < (double)(yes - found);
    return found;
}

eh_code scan_field_split(const scan_field *field, eh_random *random, eh_arena *arena, scan_field *halves[2], eh_error *error)
{
    for (int h = 0; h < 2; h++) {
        halves[h] = EH_TAKE(arena, 1, scan_field);
        if (halves[h] == NULL)
            return eh_fail_memory(error);
        *halves[h] = *field;
        halves[h]->rows_min = ceil(field->rows_min / 2);
        if (!columns_take(halves[h], arena))
            return eh_fail_memory(error);
        memcpy(halves[h]->level, field->level, field->cells_count * sizeof *field->level);
        memcpy(halves[h]->expected, field->expected, field->cells_count * sizeof *field->expected);
    }
    /* Each combination of values is divided evenly; who goes where has nothing to do with who was chosen. */
    for (size_t c = 0; c < field->cells_count; c++) {
        uint32_t rows = field->rows[c], yes = field->yes[c];
        uint32_t first = rows / 2 + (rows % 2 == 1 && eh_random_unit(random) < 0.5);
        halves[0]->rows[c] = first;
        halves[0]->yes[c] = chosen_among(random, rows, yes, first);
        halves[1]->rows[c] = rows - first;
        halves[1]->yes[c] = yes - halves[0]->yes[c];
    }
    for (int h = 0; h < 2; h++) {
        EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
        if (scratch == NULL)
            return eh_fail_memory(error);
        masses_make(halves[h]);
        EH_TRY(scan_field_expect(halves[h], scratch, error));
    }
    return EH_OK;
}
