/* Names of groups and strata, and what the values of a label or a decision mean. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/cube_int.h"

enum { SLOTS_COUNT = 16384, RANK_PLAIN = 0, RANK_OTHERS = 1, RANK_MISSING = 2 };

static const char missing_name[] = "(missing)", others_name[] = "(all others)";

/* ---- bands --------------------------------------------------------------------------------------------------------------- */

static const char *number_name(double number, char room[32])
{
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(room, 32, "%.*g", digits, number);
        if (strtod(room, NULL) == number)
            break;
    }
    return room;
}

/* "25 to 34" says more than "25 to under 35", but is true of whole numbers only. */
eh_code eh_band_names(const double *edges, size_t count, bool whole_numbers, eh_arena *arena, const char **names_out, eh_error *error)
{
    for (size_t i = 0; i <= count; i++) {
        char low[32], high[32];
        bool whole = whole_numbers && i > 0 && i < count && floor(edges[i - 1]) == edges[i - 1] && floor(edges[i]) == edges[i];
        if (i == 0)
            names_out[i] = eh_arena_format(arena, "under %s", number_name(edges[0], high));
        else if (i == count)
            names_out[i] = eh_arena_format(arena, "%s and over", number_name(edges[i - 1], low));
        else if (whole && edges[i] - 1 <= edges[i - 1])
            names_out[i] = eh_arena_copy(arena, eh_view_of(number_name(edges[i - 1], low)));
        else
            names_out[i] = eh_arena_format(arena, whole ? "%s to %s" : "%s to under %s", number_name(edges[i - 1], low),
                                           number_name(whole ? edges[i] - 1 : edges[i], high));
        if (names_out[i] == NULL)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

static eh_code bands_name(eh_reading *reading, eh_key *key)
{
    size_t count = key->attribute->edges_count;
    key->band_names = EH_TAKE(reading->arena, count + 1, const char *);
    if (key->band_names == NULL)
        return eh_fail_memory(reading->error);
    return eh_band_names(key->attribute->edges, count, key->column.type == EH_TYPE_WHOLE, reading->arena, key->band_names, reading->error);
}

static size_t band_of(const eh_key *key, double number)
{
    size_t band = 0;
    while (band < key->attribute->edges_count && number >= key->attribute->edges[band])
        band++;
    return band;
}

/* ---- keys ---------------------------------------------------------------------------------------------------------------- */

eh_code eh_key_open(eh_reading *reading, eh_key *key)
{
    key->slots_count = SLOTS_COUNT;
    key->slots = EH_TAKE(reading->arena, SLOTS_COUNT, uint32_t);
    key->names = EH_TAKE(reading->arena, EH_STRATA_MAX + 1, eh_group_name);
    if (key->slots == NULL || key->names == NULL)
        return eh_fail_memory(reading->error);
    return key->mode == EH_KEY_BANDS || key->mode == EH_KEY_BANDS_RAW ? bands_name(reading, key) : EH_OK;
}

static uint64_t hash_of(eh_view text, uint8_t rank)
{
    uint64_t hash = 14695981039346656037u ^ rank; /* FNV-1a */
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.ptr[i]) * 1099511628211u;
    return hash;
}

static eh_code name_check(eh_reading *reading, const eh_key *key, eh_view text)
{
    char shown[EH_SHOWN_BYTES];
    if (text.len > EH_GROUP_NAME_BYTES_MAX)
        return eh_fail(reading->error, EH_LIMIT, "%s %s: a group's name is %zu bytes long, at most %d: '%s'", key->column.option, key->column.name,
                       text.len, EH_GROUP_NAME_BYTES_MAX, eh_shown(text, shown));
    if (text.len > 0 && memchr(text.ptr, '\0', text.len) != NULL)
        return eh_fail(reading->error, EH_INPUT, "%s %s: a group's name holds a zero byte: '%s'", key->column.option, key->column.name,
                       eh_shown(text, shown));
    if (!eh_utf8_valid(text))
        return eh_fail(reading->error, EH_INPUT, "%s %s: a group's name is not valid UTF-8", key->column.option, key->column.name);
    return EH_OK;
}

/* What a raw value of this key is called, and where it stands among the others. */
static eh_group_name name_for(const eh_key *key, bool known, eh_view text)
{
    char room[64];
    double number = 0;
    if (!known)
        return (eh_group_name){.name = missing_name, .rank = RANK_MISSING};
    bool numeric = key->mode != EH_KEY_PLAIN || key->column.type == EH_TYPE_WHOLE || key->column.type == EH_TYPE_DECIMAL;
    if (numeric) {
        snprintf(room, sizeof room, "%.*s", (int)(text.len < sizeof room ? text.len : sizeof room - 1), text.ptr);
        number = strtod(room, NULL);
        number = isnan(number) ? EH_INFINITY : number;
    }
    if (key->mode == EH_KEY_BANDS || key->mode == EH_KEY_BANDS_RAW) {
        size_t band = key->mode == EH_KEY_BANDS ? (size_t)number : band_of(key, number);
        return (eh_group_name){.name = key->band_names[band], .order = (double)band};
    }
    if (key->mode == EH_KEY_PLAIN)
        return (eh_group_name){.order = number};
    if ((size_t)number >= key->top_count)
        return (eh_group_name){.name = others_name, .rank = RANK_OTHERS};
    const char *name = key->top_names[(size_t)number];
    numeric = key->column.type == EH_TYPE_WHOLE || key->column.type == EH_TYPE_DECIMAL;
    return (eh_group_name){.name = name, .order = numeric ? strtod(name, NULL) : 0};
}

eh_code eh_key_index(eh_reading *reading, eh_key *key, bool known, eh_view text, uint32_t *index_out)
{
    if (key->mode == EH_KEY_BANDS && known && text.len > 0 && text.ptr[0] == '-')
        return eh_fail(reading->error, EH_INPUT, "%s %s: NaN (not a number) in some rows belongs to no band; leave them out with --where \"NOT isnan(%s)\"",
                       key->column.option, key->column.name, key->column.sql);
    eh_group_name name = name_for(key, known, text);
    eh_view shown = name.name == NULL ? text : eh_view_of(name.name);
    uint64_t slot = hash_of(shown, name.rank) % key->slots_count;
    for (; key->slots[slot] != 0; slot = (slot + 1) % key->slots_count) {
        const eh_group_name *found = &key->names[key->slots[slot] - 1];
        if (found->rank == name.rank && eh_view_equal(eh_view_of(found->name), shown)) {
            *index_out = key->slots[slot] - 1;
            return EH_OK;
        }
    }
    EH_TRY(name_check(reading, key, shown));
    if (key->names_count > EH_STRATA_MAX)
        return eh_fail_too_many_groups(reading, key, key->names_count, true);
    if (name.name == NULL)
        name.name = eh_arena_copy(reading->arena, text);
    if (name.name == NULL)
        return eh_fail_memory(reading->error);
    key->names[key->names_count] = name;
    *index_out = (uint32_t)key->names_count++;
    key->slots[slot] = *index_out + 1;
    return EH_OK;
}

typedef struct {
    eh_group_name name;
    uint32_t index;
} sorted_name;

static int compare_names(const void *a, const void *b)
{
    const eh_group_name *x = &((const sorted_name *)a)->name, *y = &((const sorted_name *)b)->name;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return strcmp(x->name, y->name);
}

eh_code eh_key_sort(eh_reading *reading, eh_key *key)
{
    if (key->names_count > key->names_max)
        return eh_fail_too_many_groups(reading, key, key->names_count, false);
    sorted_name *sorted = EH_TAKE(reading->arena, key->names_count, sorted_name);
    uint16_t *positions = EH_TAKE(reading->arena, key->names_count, uint16_t);
    if (sorted == NULL || positions == NULL)
        return eh_fail_memory(reading->error);
    for (size_t i = 0; i < key->names_count; i++)
        sorted[i] = (sorted_name){key->names[i], (uint32_t)i};
    qsort(sorted, key->names_count, sizeof *sorted, compare_names);
    for (size_t i = 0; i < key->names_count; i++)
        positions[sorted[i].index] = (uint16_t)i;
    key->positions = positions;
    return EH_OK;
}

/*
 * A text that reads like one of our own names, or like nothing, is shown in quotes, so that it cannot be taken for what it is not.
 * Quotes are added until no other group has that name.
 */
static const char *distinct_name(const eh_reading *reading, const eh_key *key, size_t index)
{
    const char *name = key->names[index].name;
    bool own = strcmp(name, missing_name) == 0 || strcmp(name, others_name) == 0 || name[0] == '\0';
    if (key->names[index].rank != RANK_PLAIN || !own)
        return name;
    for (bool taken = true; taken && name != NULL;) {
        name = eh_arena_format(reading->arena, "\"%s\"", name);
        taken = false;
        for (size_t i = 0; i < key->names_count && name != NULL; i++)
            taken = taken || (i != index && strcmp(key->names[i].name, name) == 0);
    }
    return name;
}

eh_code eh_key_groups(eh_reading *reading, const eh_key *key, eh_cube_dimension *dimension_out)
{
    eh_cube_group *groups = EH_TAKE(reading->arena, key->names_count, eh_cube_group);
    if (groups == NULL)
        return eh_fail_memory(reading->error);
    for (size_t i = 0; i < key->names_count; i++) {
        const char *name = distinct_name(reading, key, i);
        if (name == NULL)
            return eh_fail_memory(reading->error);
        groups[key->positions[i]] = (eh_cube_group){
            .name = name, .missing = key->names[i].rank == RANK_MISSING, .others = key->names[i].rank == RANK_OTHERS};
    }
    bool bands = key->mode == EH_KEY_BANDS || key->mode == EH_KEY_BANDS_RAW;
    *dimension_out = (eh_cube_dimension){.name = key->column.name,
                                         .groups = groups,
                                         .groups_count = key->names_count,
                                         .others_joined = key->others_joined,
                                         .whole = key->column.type == EH_TYPE_WHOLE,
                                         .numeric = bands || key->column.type == EH_TYPE_WHOLE || key->column.type == EH_TYPE_DECIMAL};
    return EH_OK;
}

/* ---- label and decision ------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *text;
    uint8_t meaning;
} outcome_words[] = {
    {"true", EH_TRUE}, {"false", EH_FALSE}, {"1", EH_TRUE}, {"0", EH_FALSE}, {"1.0", EH_TRUE}, {"0.0", EH_FALSE},
    {"yes", EH_TRUE},  {"no", EH_FALSE},    {"y", EH_TRUE}, {"n", EH_FALSE}, {"t", EH_TRUE},   {"f", EH_FALSE},
};

static uint8_t meaning_of(const eh_column *column, const char *text)
{
    if (column->type == EH_TYPE_WHOLE || column->type == EH_TYPE_DECIMAL) {
        double number = strtod(text, NULL);
        return number == 1 ? EH_TRUE : number == 0 ? EH_FALSE : EH_UNKNOWN;
    }
    eh_view trimmed = eh_view_trim(eh_view_of(text));
    for (size_t i = 0; i < sizeof outcome_words / sizeof outcome_words[0]; i++)
        if (eh_view_equal_nocase(trimmed, eh_view_of(outcome_words[i].text)))
            return outcome_words[i].meaning;
    return EH_UNKNOWN;
}

eh_code eh_outcome_read(eh_reading *reading, eh_outcome *outcome, bool known, eh_view text, uint8_t *meaning_out)
{
    *meaning_out = EH_UNKNOWN;
    if (!known)
        return EH_OK;
    for (size_t i = 0; i < outcome->count; i++) {
        if (!eh_view_equal(eh_view_of(outcome->texts[i]), text))
            continue;
        *meaning_out = outcome->meanings[i];
        return EH_OK;
    }
    outcome->too_many = outcome->count == EH_OUTCOME_VALUES_MAX;
    if (outcome->too_many)
        return eh_outcome_check(reading, outcome);
    const char *copy = eh_arena_copy(reading->arena, text);
    if (copy == NULL)
        return eh_fail_memory(reading->error);
    *meaning_out = meaning_of(&outcome->column, copy);
    outcome->texts[outcome->count] = copy;
    outcome->meanings[outcome->count++] = *meaning_out;
    outcome->unrecognised = outcome->unrecognised || *meaning_out == EH_UNKNOWN;
    return EH_OK;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_numbers(const void *a, const void *b)
{
    double x = strtod(*(const char *const *)a, NULL), y = strtod(*(const char *const *)b, NULL);
    return (x > y) - (x < y);
}

eh_code eh_outcome_check(eh_reading *reading, const eh_outcome *outcome)
{
    const eh_column *column = &outcome->column;
    if (column->sql == NULL)
        return EH_OK;
    if (outcome->count == 0)
        return eh_fail(reading->error, EH_INPUT, "%s %s: no value in any row (all are NULL)", column->option, column->name);
    if (!outcome->unrecognised && !outcome->too_many)
        return EH_OK;
    const char *sorted[EH_OUTCOME_VALUES_MAX];
    bool number = column->type == EH_TYPE_WHOLE || column->type == EH_TYPE_DECIMAL;
    memcpy(sorted, outcome->texts, outcome->count * sizeof *sorted);
    qsort(sorted, outcome->count, sizeof *sorted, number ? compare_numbers : compare_texts);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    for (size_t i = 0; i < outcome->count && i < EH_SHOWN_VALUES_MAX; i++) {
        char shown[EH_SHOWN_BYTES];
        const char *separator = i == 0 ? "" : i + 1 == outcome->count ? " and " : ", ";
        eh_buffer_format(&text, number ? "%s%s" : "%s'%s'", separator, eh_shown(eh_view_of(sorted[i]), shown));
    }
    if (outcome->count > EH_SHOWN_VALUES_MAX)
        eh_buffer_text(&text, " and others");
    EH_CLEANUP(eh_buffer_dispose) eh_buffer example = {0};
    bool bare = column->sql[strcspn(column->sql, " ()+-*/<>=|'[]{}!,.")] == '\0';
    eh_buffer_format(&example, bare ? "%s = " : "(%s) = ", column->sql);
    if (number)
        eh_buffer_text(&example, sorted[outcome->count - 1]);
    else
        eh_sql_literal(&example, eh_view_of(sorted[outcome->count - 1]));
    EH_TRY(eh_buffer_check(&text, reading->error));
    EH_TRY(eh_buffer_check(&example, reading->error));
    return eh_fail(reading->error, EH_INPUT, "%s %s has %s%zu value%s that %s not just yes and no: %s. Say which counts as yes, for example: %s \"%.200s\"",
                   column->option, column->name, outcome->too_many ? "more than " : "", outcome->count, outcome->count == 1 ? "" : "s",
                   outcome->count == 1 ? "is" : "are", text.ptr, column->option, example.ptr);
}
