/*
 * Any bytes as a table: the scan refuses it with a text, or what it tells keeps its promises: rates are rates, groups hold people, the
 * same table gives the same groups.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "audit/scan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CELLS_MAX = 48, ATTRIBUTES_MAX = 4, LEVELS_MAX = 5, ARENA_BYTES_MAX = 1 << 26, HEAD = 4 + ATTRIBUTES_MAX, CELL_BYTES = 5 };

static void check(const eh_scan *scan, const eh_scan_table *table)
{
    EH_ASSERT(scan->groups_count <= EH_SCAN_GROUPS_MAX);
    EH_ASSERT(scan->yes <= scan->rows && scan->observed >= 0 && scan->observed <= 1);
    EH_ASSERT(scan->effective > 0 && scan->effective <= (double)scan->rows * (1 + 1e-9));
    for (size_t g = 0; g < scan->groups_count; g++) {
        const eh_scan_group *group = &scan->groups[g];
        EH_ASSERT(group->rows > 0 && group->yes <= group->rows && group->share > 0 && group->share <= 1 + 1e-9);
        EH_ASSERT(group->p >= 0 && group->p <= 1 - scan->options.confidence && group->score >= 0);
        EH_ASSERT(group->confirmed.low <= group->confirmed.value && group->confirmed.value <= group->confirmed.high);
        for (size_t i = 0; i < group->conditions_count; i++) {
            uint64_t whole = (UINT64_C(1) << table->attributes[group->conditions[i].attribute].groups_count) - 1;
            EH_ASSERT(group->conditions[i].values != 0 && group->conditions[i].values != whole && (group->conditions[i].values & ~whole) == 0);
        }
    }
}

static void same(const eh_scan *a, const eh_scan *b)
{
    EH_ASSERT(a->groups_count == b->groups_count && a->verdict == b->verdict);
    for (size_t g = 0; g < a->groups_count; g++)
        EH_ASSERT(a->groups[g].rows == b->groups[g].rows && memcmp(&a->groups[g].p, &b->groups[g].p, sizeof(double)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[ATTRIBUTES_MAX] = {"b", "a", "d", "c"};
    static const eh_cube_group groups[LEVELS_MAX] = {{.name = "1"}, {.name = "2"}, {.name = "3"}, {.name = "4"}, {.name = "5"}};
    eh_cube_dimension attributes[ATTRIBUTES_MAX];
    eh_scan_cell cells[CELLS_MAX], turned[CELLS_MAX];
    uint8_t codes[CELLS_MAX * ATTRIBUTES_MAX] = {0}, codes_turned[CELLS_MAX * ATTRIBUTES_MAX];
    if (size < HEAD)
        return 0;
    eh_scan_table table = {.attributes = attributes, .attributes_count = 1U + data[0] % ATTRIBUTES_MAX, .codes = codes, .cells = cells,
                           .given = (data[1] & 1) != 0};
    eh_scan_options options = {.direction = (eh_scan_direction)(data[2] % 3), .penalty = data[2] & 64 ? EH_NAN : data[2] / 32.0, .seed = data[3],
                               .rows_min = 1U + data[1] / 2, .groups_max = 3, .confidence = 0.9};
    for (size_t a = 0; a < table.attributes_count; a++)
        attributes[a] = (eh_cube_dimension){.name = names[a], .groups = groups, .groups_count = 1U + data[4 + a] % LEVELS_MAX, .numeric = data[4 + a] > 127};
    for (size_t at = HEAD; at + CELL_BYTES <= size && table.cells_count < CELLS_MAX; at += CELL_BYTES) {
        const uint8_t *from = data + at;
        size_t c = table.cells_count++;
        cells[c] = (eh_scan_cell){.rows = from[1], .yes = from[1] == 0 ? 0 : from[2] % (from[1] + 1U), .weight = from[3] / 16.0,
                                  .expected = from[3] / 200.0, .stratum = from[3] % 3};
        unsigned code = from[0] * 256U + from[4];
        for (size_t a = 0; a < table.attributes_count; a++) {
            codes[c * table.attributes_count + a] = (uint8_t)(code % attributes[a].groups_count);
            code /= LEVELS_MAX;
        }
    }
    eh_arena *arena = eh_arena_open(ARENA_BYTES_MAX);
    eh_error error = {0};
    const eh_scan *scan = NULL, *again = NULL;
    EH_ASSERT(arena != NULL);
    eh_code code = eh_scan_run(&table, &options, arena, &scan, &error);
    EH_ASSERT((code == EH_OK) == (scan != NULL) && (code == EH_OK || error.text[0] != '\0'));
    if (code == EH_OK) {
        check(scan, &table);
        for (size_t c = 0; c < table.cells_count; c++) {
            size_t from = table.cells_count - 1 - c;
            turned[c] = cells[from];
            memcpy(codes_turned + c * table.attributes_count, codes + from * table.attributes_count, table.attributes_count);
        }
        table.cells = turned;
        table.codes = codes_turned;
        EH_ASSERT(eh_scan_run(&table, &options, arena, &again, &error) == EH_OK);
        same(scan, again);
    }
    eh_arena_close(&arena);
    return 0;
}
