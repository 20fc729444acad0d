/*
 * Any bytes as an export of another system and as an export of ours: what is understood of them keeps its promises, and what is not is a text and
 * not a yes. The cells are divided here, by commas and line ends, as the data engine would.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rights/import_int.h"
#include "rights/restore_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_BYTES_MAX = 1 << 16, COLUMNS_MAX = 64, ROWS_MAX = 200, ARENA_BYTES = 64 << 20 };
static const int64_t now_s = 1795521600;

/* The cells of one line; returns what follows it. */
static eh_view cells_of(eh_view text, eh_view cells[COLUMNS_MAX], size_t *count_out)
{
    size_t count = 0, start = 0, i = 0;
    for (; i < text.len && text.ptr[i] != '\n'; i++) {
        if (text.ptr[i] != ',' || count + 1 >= COLUMNS_MAX)
            continue;
        cells[count++] = (eh_view){text.ptr + start, i - start};
        start = i + 1;
    }
    cells[count++] = (eh_view){text.ptr + start, i - start};
    *count_out = count;
    i += i < text.len ? 1 : 0;
    return (eh_view){text.ptr + i, text.len - i};
}

static void check_row(const eh_import_row *row)
{
    EH_ASSERT(row->acts_count <= EH_IMPORT_ACTS_MAX);
    for (size_t i = 0; i < row->acts_count; i++) {
        const eh_act *act = &row->acts[i];
        EH_ASSERT(act->by == EH_BY_IMPORT && act->at_s > 0 && act->at_s <= now_s && act->how != NULL);
        EH_ASSERT(row->problem == NULL || act->kind == EH_ACT_WITHDRAW);
        EH_ASSERT(act->kind == EH_ACT_CONSENT || act->wording == NULL);
        EH_ASSERT(eh_act_slots(act) != 0);
    }
}

static void read_table(eh_view text, eh_arena *arena)
{
    eh_view cells[COLUMNS_MAX];
    size_t count = 0;
    const char *names[COLUMNS_MAX];
    eh_import_map map;
    eh_error error;
    const eh_import_context context = {.path = "some/where.csv", .now_s = now_s};
    eh_view rest = cells_of(text, cells, &count);
    for (size_t i = 0; i < count; i++) {
        names[i] = eh_arena_copy(arena, cells[i]);
        EH_ASSERT(names[i] != NULL);
    }
    if (eh_import_map_make(names, count, NULL, &map, &error) != EH_OK)
        return;
    size_t columns[EH_IMPORT_COLUMNS_MAX];
    for (size_t i = 0; i < map.columns_count; i++)
        for (size_t k = 0; k < count; k++)
            if (map.columns[i].name == names[k])
                columns[i] = k;
    for (uint64_t row = 1; rest.len > 0 && row <= ROWS_MAX; row++) {
        eh_view line[COLUMNS_MAX], wanted[EH_IMPORT_COLUMNS_MAX] = {{0}};
        size_t line_count = 0;
        eh_import_row read;
        rest = cells_of(rest, line, &line_count);
        for (size_t i = 0; i < map.columns_count; i++)
            if (columns[i] < line_count)
                wanted[i] = line[columns[i]];
        if (eh_import_row_read(&map, &context, row, wanted, arena, &read, &error) == EH_OK)
            check_row(&read);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eh_person person;
    eh_error error;
    eh_jurisdiction place;
    int64_t at_s;
    if (size > INPUT_BYTES_MAX)
        return 0;
    eh_arena *arena = eh_arena_open(ARENA_BYTES);
    char *copy = malloc(size + 1);
    if (arena == NULL || copy == NULL)
        return 0;
    memcpy(copy, data, size);
    copy[size] = '\0';
    eh_view text = {copy, size};
    read_table(text, arena);
    if (eh_restore_read_json(text, "fuzz", arena, &person, &error) == EH_OK)
        EH_ASSERT(person.key != NULL && person.key[0] != '\0');
    if (eh_jurisdiction_read(text, &place, &error) == EH_OK)
        EH_ASSERT(place.text[7] == '\0' && eh_jurisdiction_rules_of(place)->law != NULL);
    if (eh_import_time_read(text, &at_s))
        EH_ASSERT(size >= 10);
    free(copy);
    eh_arena_close(&arena);
    return 0;
}
