/* Rows from the data engine as bytes of a model's features, a chunk at a time, for scoring. */
#include <stdlib.h>
#include <string.h>

#include "model/dataset.h"

enum { SLOTS = 1024 }; /* more than three times the levels that a feature can have */

/* The levels of one category by hash. */
typedef struct {
    uint16_t slots[SLOTS]; /* 1 + level; 0: empty */
} level_table;

typedef struct {
    const eh_rows_spec *spec;
    level_table **tables;  /* per feature; NULL: a number */
    uint8_t *bins;         /* capacity * features */
    size_t capacity;
} binning;

static uint64_t hash_of(eh_view text)
{
    uint64_t hash = 0x9E3779B97F4A7C15u ^ text.len, word;
    const char *at = text.ptr;
    size_t left = text.len;
    for (; left >= 8; at += 8, left -= 8) {
        memcpy(&word, at, 8);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    word = 0;
    for (size_t i = 0; i < left; i++)
        word |= (uint64_t)(unsigned char)at[i] << (8 * i);
    hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
    return hash ^ (hash >> 32);
}

static void table_fill(const eh_feature *feature, level_table *table)
{
    memset(table, 0, sizeof *table);
    for (size_t l = 0; l < feature->levels_count; l++) {
        size_t at = hash_of(eh_view_of(feature->levels[l])) % SLOTS;
        while (table->slots[at] != 0)
            at = (at + 1) % SLOTS;
        table->slots[at] = (uint16_t)(l + 1);
    }
}

static uint8_t table_bin(const eh_feature *feature, const level_table *table, eh_view text)
{
    for (size_t at = hash_of(text) % SLOTS; table->slots[at] != 0; at = (at + 1) % SLOTS) {
        const char *level = feature->levels[table->slots[at] - 1];
        if (strncmp(level, text.ptr, text.len) == 0 && level[text.len] == '\0')
            return (uint8_t)table->slots[at];
    }
    return (uint8_t)(feature->levels_count + 1);
}

static eh_code chunk_take(void *context, const eh_columns_chunk *chunk, eh_error *error)
{
    binning *b = context;
    const eh_model *model = b->spec->model;
    size_t features = model->features_count;
    if (chunk == NULL)
        return b->spec->take(b->spec->context, NULL, error);
    if (chunk->rows > b->capacity) {
        uint8_t *bins = realloc(b->bins, chunk->rows * features);
        if (bins == NULL)
            return eh_fail_memory(error);
        b->bins = bins;
        b->capacity = chunk->rows;
    }
    for (size_t f = 0; f < features; f++) {
        const eh_feature *feature = &model->features[f];
        uint8_t *to = b->bins + f;
        if (b->tables[f] == NULL) {
            for (size_t i = 0; i < chunk->rows; i++, to += features)
                *to = eh_bin_of_number(feature, chunk->numbers[f][i]);
            continue;
        }
        for (size_t i = 0; i < chunk->rows; i++, to += features)
            *to = chunk->texts[f][i].ptr == NULL ? 0 : table_bin(feature, b->tables[f], chunk->texts[f][i]);
    }
    eh_binned_rows rows = {.rows = chunk->rows, .bins = b->bins, .keys = b->spec->key == NULL ? NULL : chunk->texts[features]};
    return b->spec->take(b->spec->context, &rows, error);
}

static eh_code columns_prepare(const eh_rows_spec *spec, eh_engine *engine, eh_arena *arena, eh_column **columns_out, eh_error *error)
{
    const eh_model *model = spec->model;
    size_t count = model->features_count;
    eh_column *columns = EH_TAKE(arena, count + 1, eh_column);
    if (columns == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < count; f++) {
        columns[f] = (eh_column){.sql = model->features[f].sql, .option = eh_arena_format(arena, "feature '%s' of the model", model->features[f].name)};
        if (columns[f].option == NULL)
            return eh_fail_memory(error);
    }
    columns[count] = (eh_column){.sql = spec->key, .option = "--key"};
    EH_TRY(eh_columns_describe(engine, columns, count + (spec->key == NULL ? 0 : 1), error));
    columns[count].kind = EH_VALUES_TEXT;
    for (size_t f = 0; f < count; f++) {
        bool number = model->features[f].kind == EH_FEATURE_NUMBER;
        if (number && columns[f].kind == EH_VALUES_TEXT)
            return eh_fail(error, EH_INPUT, "%s: is a text here and was a number when the model was made; the columns must mean the same",
                           columns[f].option);
        if (!number)
            columns[f].kind = EH_VALUES_TEXT;
    }
    *columns_out = columns;
    return EH_OK;
}

eh_code eh_rows_read(eh_engine *engine, const eh_rows_spec *spec, eh_arena *arena, eh_error *error)
{
    binning b = {.spec = spec};
    const eh_model *model = spec->model;
    eh_column *columns = NULL;
    EH_TRY(columns_prepare(spec, engine, arena, &columns, error));
    b.tables = EH_TAKE(arena, model->features_count, level_table *);
    if (b.tables == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < model->features_count; f++) {
        if (model->features[f].kind == EH_FEATURE_NUMBER)
            continue;
        b.tables[f] = EH_TAKE(arena, 1, level_table);
        if (b.tables[f] == NULL)
            return eh_fail_memory(error);
        table_fill(&model->features[f], b.tables[f]);
    }
    eh_columns_spec wanted = {.columns = columns, .count = model->features_count + (spec->key == NULL ? 0 : 1), .where = spec->where,
                              .take = chunk_take, .context = &b};
    eh_code code = eh_columns_read(engine, &wanted, error);
    free(b.bins);
    return code;
}
