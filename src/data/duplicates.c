/* People who are in twice: blocks of people who could be one, then each pair of a block. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_int.h"
#include "data/duplicates.h"

static const double name_near = 0.90, address_near = 0.90;

typedef struct {
    const char *key, *email, *phone, *name, *address, *postcode; /* normalised; NULL: none */
} person;

/* A person stands in a block under the block's name. */
typedef struct {
    const char *block;
    uint32_t person;
} place;

typedef struct {
    eh_arena *arena;
    person *people;
    size_t people_count, people_capacity;
    place *places;
    size_t places_count;
    eh_duplicate_pair *pairs;
    size_t pairs_count, pairs_capacity;
    size_t blocks_skipped;
} search;

/* ---- reading --------------------------------------------------------------------------------------------------------------------- */

static eh_code require_column(const eh_duplicate_columns *columns, const char *key, const char *column, const char *const *names, size_t count, eh_error *error)
{
    for (size_t at = 0; at < count; at++)
        if (eh_view_equal_nocase(eh_view_of(names[at]), eh_view_of(column)))
            return EH_OK;
    const char *nearest = eh_nearest_name(column, names, count);
    return eh_yaml_fail(eh_yaml_member_value(columns->node, key), error, EH_NOT_FOUND, "the people's source has no column '%.60s'%s%s%s", column,
                        nearest == NULL ? "" : "; did you mean '", nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static eh_code require_columns(eh_engine *engine, const eh_duplicate_columns *columns, eh_error *error)
{
    const struct {
        const char *key, *const *parts;
        size_t count;
    } wanted[] = {{"email", &columns->email, 1},       {"phone", &columns->phone, 1},
                  {"name", columns->names, columns->names_count}, {"address", columns->addresses, columns->addresses_count},
                  {"postcode", &columns->postcode, 1}, {"country", &columns->country, 1}};
    const char *const *names = NULL;
    size_t count = 0;
    eh_engine_columns(engine, &names, &count);
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++)
        for (size_t k = 0; k < wanted[i].count; k++)
            if (wanted[i].parts[k] != NULL)
                EH_TRY(require_column(columns, wanted[i].key, wanted[i].parts[k], names, count, error));
    return EH_OK;
}

/* One text of some columns; what is missing is left out. */
static void parts_sql(const char *const *parts, size_t count, eh_buffer *sql)
{
    if (count == 0 || parts[0] == NULL) {
        eh_buffer_text(sql, "NULL::VARCHAR");
        return;
    }
    eh_buffer_text(sql, count == 1 ? "" : "concat_ws(' '");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(sql, count == 1 ? "CAST(" : ", CAST(");
        eh_sql_identifier(sql, eh_view_of(parts[i]));
        eh_buffer_text(sql, " AS VARCHAR)");
    }
    eh_buffer_text(sql, count == 1 ? "" : ")");
}

static void people_sql(const eh_duplicate_columns *columns, const char *key, eh_buffer *sql)
{
    eh_buffer_text(sql, "SELECT ");
    if (key == NULL)
        eh_buffer_text(sql, "CAST(row_number() OVER () AS VARCHAR)");
    else
        parts_sql(&key, 1, sql);
    const struct {
        const char *const *parts;
        size_t count;
    } told[] = {{&columns->email, 1}, {&columns->phone, 1}, {columns->names, columns->names_count}, {columns->addresses, columns->addresses_count},
                {&columns->postcode, 1}, {&columns->country, 1}};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++) {
        eh_buffer_text(sql, ", ");
        parts_sql(told[i].parts, told[i].count, sql);
    }
    eh_buffer_text(sql, " FROM " EH_ROWS_VIEW " ORDER BY ALL");
}

static const char *kept(eh_arena *arena, const char *text)
{
    return text[0] == '\0' ? NULL : eh_arena_copy(arena, eh_view_of(text));
}

static eh_code person_take(search *s, eh_cursor *cursor, const char *country, eh_error *error)
{
    char texts[7][300], form[320];
    for (size_t i = 0; i < 7; i++) {
        eh_view text = {0};
        size_t len = eh_cursor_text(cursor, i, &text) ? text.len : 0;
        len = len >= sizeof texts[i] ? sizeof texts[i] - 1 : len;
        if (len > 0)
            memcpy(texts[i], text.ptr, len);
        texts[i][len] = '\0';
    }
    person *taken = &s->people[s->people_count++];
    taken->key = eh_arena_copy(s->arena, eh_view_of(texts[0]));
    taken->email = eh_email_normalise(texts[1], form) ? kept(s->arena, form) : NULL;
    taken->phone = eh_phone_normalise(texts[2], texts[6][0] != '\0' ? texts[6] : country, form) ? kept(s->arena, form) : NULL;
    eh_name_normalise(texts[3], form);
    taken->name = kept(s->arena, form);
    eh_address_normalise(texts[4], form);
    taken->address = kept(s->arena, form);
    eh_address_normalise(texts[5], form);
    taken->postcode = kept(s->arena, form);
    return taken->key == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code people_room(search *s, eh_engine *engine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT count(*) FROM " EH_ROWS_VIEW);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    bool row = eh_cursor_next(&cursor);
    EH_ASSERT(row);
    s->people_capacity = (size_t)eh_cursor_integer(&cursor, 0);
    if (s->people_capacity > EH_DUPLICATE_PEOPLE_MAX)
        return eh_fail(error, EH_LIMIT, "%zu people, at most %d; split the source", s->people_capacity, EH_DUPLICATE_PEOPLE_MAX);
    s->people = EH_TAKE(s->arena, s->people_capacity, person);
    return s->people == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code rows_read(search *s, eh_engine *engine, const eh_duplicate_columns *columns, const char *key, const char *country, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    EH_TRY(people_room(s, engine, error));
    people_sql(columns, key, &sql);
    do {
        engine->source.widened = false;
        if (eh_engine_query(engine, &sql, &cursor, error) == EH_OK)
            break;
        if (!engine->source.widened)
            return error->code;
    } while (true);
    while (eh_cursor_next(&cursor)) {
        EH_ASSERT(s->people_count < s->people_capacity);
        EH_TRY(person_take(s, &cursor, country, error));
    }
    return EH_OK;
}

static eh_code people_read(search *s, eh_workspace *workspace, const eh_engine_options *options, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(workspace);
    const eh_workspace_source *source = &model->sources[model->people];
    if (source->sql != NULL)
        return eh_yaml_fail(source->node, error, EH_INPUT, "the people's source is a query; duplicates are looked for in files");
    const char **paths = EH_TAKE(s->arena, source->reads_count, const char *);
    EH_CLEANUP(eh_engine_close) eh_engine *engine = NULL;
    if (paths == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < source->reads_count; i++)
        if ((paths[i] = eh_workspace_path(workspace, source->reads[i])) == NULL)
            return eh_fail_memory(error);
    EH_TRY(eh_engine_open(options, &engine, error));
    if (eh_engine_read(engine, paths, source->reads_count, error) != EH_OK)
        return eh_yaml_fail_within(source->node, error);
    EH_TRY(require_columns(engine, &model->duplicates, error));
    bool each_row = source->key != NULL && strcmp(source->key, EH_KEY_EACH_ROW) == 0;
    if (rows_read(s, engine, &model->duplicates, each_row ? NULL : source->key, model->shop.country, error) != EH_OK)
        return eh_yaml_fail_within(source->node, error);
    return EH_OK;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------------------------ */

/* The consonants of the first six after the first letter of each word: spelling varies in vowels. */
static void skeleton(const char *name, char out[16])
{
    size_t used = 0;
    bool start = true;
    for (; *name != '\0' && used + 1 < 16; name++) {
        bool vowel = strchr("aeiouy", *name) != NULL;
        if (*name != ' ' && (start || !vowel) && (used == 0 || out[used - 1] != *name))
            out[used++] = *name;
        start = *name == ' ';
    }
    out[used] = '\0';
}

static eh_code place_add(search *s, size_t index, const char *kind, const char *first, const char *second)
{
    place *added = &s->places[s->places_count];
    if (first == NULL || second == NULL)
        return EH_OK;
    added->block = eh_arena_format(s->arena, "%s\x1f%s\x1f%s", kind, first, second);
    added->person = (uint32_t)index;
    s->places_count++;
    return added->block == NULL ? EH_MEMORY : EH_OK;
}

enum { BLOCKS_EACH = 5 };

static eh_code blocks_make(search *s, eh_error *error)
{
    s->places = EH_TAKE(s->arena, BLOCKS_EACH * s->people_count, place);
    if (s->places == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < s->people_count; i++) {
        const person *p = &s->people[i];
        char bones[16] = "", begin[8] = "";
        skeleton(p->name == NULL ? "" : p->name, bones);
        snprintf(begin, sizeof begin, "%.4s", p->address == NULL ? "" : p->address);
        eh_code code = place_add(s, i, "key", p->key, "");
        code = code != EH_OK ? code : place_add(s, i, "email", p->email, "");
        code = code != EH_OK ? code : place_add(s, i, "phone", p->phone, "");
        code = code != EH_OK ? code : place_add(s, i, "name", p->name == NULL ? NULL : bones, "");
        code = code != EH_OK ? code : place_add(s, i, "place", p->postcode, p->address == NULL ? NULL : begin);
        if (code != EH_OK)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    int order = strcmp(x->block, y->block);
    return order != 0 ? order : (x->person > y->person) - (x->person < y->person);
}

/* ---- pairs -------------------------------------------------------------------------------------------------------------------------- */

static bool both_equal(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

/* Digits of an address, such as house and flat numbers, in their order. */
static void numbers(const char *address, char out[32])
{
    size_t used = 0;
    for (; *address != '\0' && used + 1 < 32; address++)
        if (isdigit((unsigned char)*address) || (*address == ' ' && used > 0 && out[used - 1] != ' '))
            out[used++] = *address;
    while (used > 0 && out[used - 1] == ' ')
        used--;
    out[used] = '\0';
}

static bool compare_people(const person *a, const person *b, eh_duplicate_pair *pair)
{
    char numbers_a[32], numbers_b[32];
    numbers(a->address == NULL ? "" : a->address, numbers_a);
    numbers(b->address == NULL ? "" : b->address, numbers_b);
    pair->name_similarity = a->name == NULL || b->name == NULL ? EH_NAN : eh_jaro_winkler(a->name, b->name);
    pair->address_similarity = a->address == NULL || b->address == NULL ? EH_NAN : strcmp(numbers_a, numbers_b) != 0 ? 0 : eh_jaro_winkler(a->address, b->address);
    bool named = !(pair->name_similarity < name_near), same_post = both_equal(a->postcode, b->postcode);
    pair->reasons = (both_equal(a->email, b->email) ? EH_SAME_EMAIL : 0) | (both_equal(a->phone, b->phone) ? EH_SAME_PHONE : 0) |
                    (pair->name_similarity >= name_near ? EH_NEAR_NAME : 0) | (pair->address_similarity >= address_near ? EH_NEAR_ADDRESS : 0) |
                    (same_post ? EH_SAME_POSTCODE : 0) | (strcmp(a->key, b->key) == 0 ? EH_SAME_KEY : 0);
    pair->exact = (pair->reasons & (EH_SAME_EMAIL | EH_SAME_PHONE | EH_SAME_KEY)) != 0;
    if (pair->exact && !named)
        pair->reasons |= EH_OTHER_NAME;
    bool phone_of_a_family = (pair->reasons & (EH_SAME_EMAIL | EH_SAME_KEY)) == 0 && !named;
    bool near = (pair->reasons & EH_NEAR_NAME) != 0 && ((pair->reasons & EH_NEAR_ADDRESS) != 0 || (same_post && isnan(pair->address_similarity)));
    return (pair->exact && !phone_of_a_family) || near;
}

static eh_code pair_add(search *s, size_t first, size_t second, eh_error *error)
{
    eh_duplicate_pair pair = {0};
    const person *a = &s->people[first], *b = &s->people[second];
    if (!compare_people(a, b, &pair))
        return EH_OK;
    bool swapped = strcmp(a->key, b->key) > 0;
    pair.keys[0] = swapped ? b->key : a->key;
    pair.keys[1] = swapped ? a->key : b->key;
    if (s->pairs_count == s->pairs_capacity) {
        size_t capacity = s->pairs_capacity == 0 ? 64 : s->pairs_capacity * 2;
        eh_duplicate_pair *larger = EH_TAKE(s->arena, capacity, eh_duplicate_pair);
        if (larger == NULL)
            return eh_fail_memory(error);
        if (s->pairs_count > 0)
            memcpy(larger, s->pairs, s->pairs_count * sizeof *larger);
        s->pairs = larger;
        s->pairs_capacity = capacity;
    }
    s->pairs[s->pairs_count++] = pair;
    return EH_OK;
}

static int compare_keys(const void *a, const void *b)
{
    const eh_duplicate_pair *x = a, *y = b;
    int order = strcmp(x->keys[0], y->keys[0]);
    return order != 0 ? order : strcmp(x->keys[1], y->keys[1]);
}

static double likeness(const eh_duplicate_pair *pair)
{
    return (isnan(pair->name_similarity) ? 0 : pair->name_similarity) + (isnan(pair->address_similarity) ? 0 : pair->address_similarity);
}

static int compare_pairs(const void *a, const void *b)
{
    const eh_duplicate_pair *x = a, *y = b;
    double alike_x = likeness(x), alike_y = likeness(y);
    if (x->exact != y->exact)
        return x->exact ? -1 : 1;
    if (alike_x != alike_y)
        return alike_x > alike_y ? -1 : 1;
    return compare_keys(a, b);
}

static eh_code pairs_find(search *s, eh_error *error)
{
    qsort(s->places, s->places_count, sizeof *s->places, compare_places);
    for (size_t start = 0, end; start < s->places_count; start = end) {
        for (end = start + 1; end < s->places_count && strcmp(s->places[end].block, s->places[start].block) == 0;)
            end++;
        if (end - start > EH_DUPLICATE_BLOCK_MAX) {
            s->blocks_skipped++;
            continue;
        }
        for (size_t i = start; i < end; i++)
            for (size_t k = i + 1; k < end; k++) {
                EH_TRY(pair_add(s, s->places[i].person, s->places[k].person, error));
                if (s->pairs_count > EH_DUPLICATE_PAIRS_MAX)
                    return eh_fail(error, EH_LIMIT, "more than %d pairs look alike; is a column such as email the same for many people? Correct 'duplicates' in evenhand.yaml",
                                   EH_DUPLICATE_PAIRS_MAX);
            }
    }
    if (s->pairs_count == 0)
        return EH_OK;
    qsort(s->pairs, s->pairs_count, sizeof *s->pairs, compare_keys);
    size_t kept_count = 1;
    for (size_t i = 1; i < s->pairs_count; i++)
        if (compare_keys(&s->pairs[i], &s->pairs[kept_count - 1]) != 0)
            s->pairs[kept_count++] = s->pairs[i];
    s->pairs_count = kept_count;
    qsort(s->pairs, s->pairs_count, sizeof *s->pairs, compare_pairs);
    return EH_OK;
}

eh_code eh_duplicates_find_rows(eh_engine *engine, const eh_duplicate_columns *columns, const char *key, const char *country, eh_arena *arena,
                                eh_duplicates *duplicates_out, eh_error *error)
{
    search s = {.arena = arena};
    EH_TRY(rows_read(&s, engine, columns, key, country, error));
    EH_TRY(blocks_make(&s, error));
    EH_TRY(pairs_find(&s, error));
    *duplicates_out = (eh_duplicates){.pairs = s.pairs, .pairs_count = s.pairs_count, .people_count = s.people_count, .blocks_skipped = s.blocks_skipped};
    return EH_OK;
}

void eh_duplicate_why(const eh_duplicate_pair *pair, eh_buffer *out)
{
    static const struct {
        uint32_t bit;
        const char *words;
    } reasons[] = {{EH_SAME_KEY, "same key"}, {EH_SAME_EMAIL, "same e-mail address"}, {EH_SAME_PHONE, "same telephone number"}, {EH_NEAR_NAME, "names alike"},
                   {EH_NEAR_ADDRESS, "addresses alike"}, {EH_SAME_POSTCODE, "same postcode"}, {EH_OTHER_NAME, "but names differ"}};
    bool any = false;
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if ((pair->reasons & reasons[i].bit) == 0)
            continue;
        eh_buffer_format(out, "%s%s", any ? ", " : "", reasons[i].words);
        if (reasons[i].bit == EH_NEAR_NAME)
            eh_buffer_format(out, " (%.2f)", pair->name_similarity);
        if (reasons[i].bit == EH_NEAR_ADDRESS)
            eh_buffer_format(out, " (%.2f)", pair->address_similarity);
        any = true;
    }
}

eh_code eh_duplicates_find(eh_workspace *workspace, const eh_engine_options *options, eh_arena *arena, eh_duplicates *duplicates_out, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(workspace);
    if (model->duplicates.node == NULL)
        return eh_fail(error, EH_INPUT, "%s: 'duplicates' is missing: say by what people are compared, as in  duplicates: { email: email, name: full_name, postcode: zip }",
                       model->root->file);
    search s = {.arena = arena};
    const eh_duplicate_decision *decisions = NULL;
    size_t decisions_count = 0;
    EH_TRY(eh_duplicate_decisions_read(workspace, arena, &decisions, &decisions_count, error));
    EH_TRY(people_read(&s, workspace, options, error));
    EH_TRY(blocks_make(&s, error));
    EH_TRY(pairs_find(&s, error));
    for (size_t i = 0; i < s.pairs_count; i++)
        for (size_t k = 0; k < decisions_count; k++) {
            const eh_duplicate_decision *made = &decisions[k];
            bool match = (strcmp(made->keys[0], s.pairs[i].keys[0]) == 0 && strcmp(made->keys[1], s.pairs[i].keys[1]) == 0) ||
                         (strcmp(made->keys[1], s.pairs[i].keys[0]) == 0 && strcmp(made->keys[0], s.pairs[i].keys[1]) == 0);
            if (match)
                s.pairs[i].decision = made->same ? EH_PAIR_SAME : EH_PAIR_DIFFERENT;
        }
    size_t merges = 0;
    for (size_t k = 0; k < decisions_count; k++)
        merges += decisions[k].same;
    *duplicates_out = (eh_duplicates){.pairs = s.pairs, .pairs_count = s.pairs_count, .people_count = s.people_count, .merges = merges, .blocks_skipped = s.blocks_skipped};
    return EH_OK;
}
