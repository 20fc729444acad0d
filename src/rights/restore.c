/*
 * Reading an export of one person back. Both forms are read into the same builder, a person of this room's own; then either the person is brought back as they
 * were (nothing was known of them here), or their acts are an import like any other, which undoes no "no".
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/time.h"
#include "rights/import_int.h"
#include "rights/records_int.h"
#include "rights/restore_int.h"

enum { LISTS_FIRST = 8, LIST_ITEMS_MAX = 1 << 18, ITEM_BYTES_MAX = 1 << 20 };

/* ---- the builder ----------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_arena *arena;
    eh_person person;
    size_t capacities[7]; /* aliases, contacts, acts, corrections, disclosures, requests, items; notices are for the recipients of the other workspace */
} builder;

/* Room for one more item; returns the place of it, or NULL. */
static void *place_more(builder *b, size_t list, const void **items, size_t *count, size_t size)
{
    if (*count == b->capacities[list]) {
        size_t capacity = *count > 0 ? 2 * *count : LISTS_FIRST;
        char *larger = capacity <= LIST_ITEMS_MAX ? eh_arena_take(b->arena, capacity, size) : NULL;
        if (larger == NULL)
            return NULL;
        if (*count > 0)
            memcpy(larger, *items, *count * size);
        *items = larger;
        b->capacities[list] = capacity;
    }
    return (char *)(uintptr_t)*items + (*count)++ * size;
}

#define MORE(b, list, name) place_more((b), (list), (const void **)&(b)->person.name, &(b)->person.name##_count, sizeof *(b)->person.name)

/* What an act's fields say, in both forms as texts; NULL or "" is "none". */
typedef struct {
    const char *record, *act, *by, *purpose, *channel, *control, *at, *until, *birth_date, *jurisdiction, *product_group, *how, *wording, *version, *language,
        *recorded_at;
    uint32_t soft_facts;
} act_texts;

static const char *none_if_empty(const char *text)
{
    return text != NULL && text[0] != '\0' ? text : NULL;
}

static eh_code wrong(const char *what, const char *text, eh_error *error)
{
    return eh_fail(error, EH_INPUT, "%s '%.60s' is not what an export holds", what, text != NULL ? text : "");
}

static bool time_read(const char *text, bool needed, int64_t *at_out)
{
    *at_out = 0;
    if (none_if_empty(text) == NULL)
        return !needed;
    return eh_import_time_read(eh_view_of(text), at_out) && *at_out > 0;
}

static eh_code act_words(const act_texts *t, eh_act *act, eh_error *error)
{
    uint8_t bytes[8];
    if (none_if_empty(t->act) == NULL || !eh_act_kind_find(eh_view_of(t->act), &act->kind))
        return wrong("act", t->act, error);
    if (none_if_empty(t->by) == NULL || !eh_act_by_find(eh_view_of(t->by), &act->by))
        return wrong("by", t->by, error);
    if (none_if_empty(t->purpose) == NULL || !eh_purpose_find(eh_view_of(t->purpose), &act->purpose))
        return wrong("purpose", t->purpose, error);
    if (none_if_empty(t->channel) == NULL || !eh_channel_find(eh_view_of(t->channel), &act->channel))
        return wrong("channel", t->channel, error);
    if (none_if_empty(t->control) == NULL || !eh_control_find(eh_view_of(t->control), &act->control))
        return wrong("control", t->control, error);
    if (none_if_empty(t->record) == NULL || !eh_hex_read(eh_view_of(t->record), sizeof bytes, bytes))
        return wrong("record", t->record, error);
    for (size_t i = 0; i < sizeof bytes; i++)
        act->record = act->record << 8 | bytes[i];
    act->record &= INT64_MAX;
    return EH_OK;
}

static eh_code act_add(builder *b, const act_texts *t, eh_error *error)
{
    eh_person_act *item = MORE(b, 2, acts);
    int64_t birth_s = 0;
    if (item == NULL)
        return eh_fail_memory(error);
    eh_act *act = &item->act;
    EH_TRY(act_words(t, act, error));
    if (!time_read(t->at, true, &act->at_s))
        return wrong("at", t->at, error);
    if (!time_read(t->until, false, &act->until_s))
        return wrong("until", t->until, error);
    if (!time_read(t->recorded_at, true, &item->recorded_s))
        return wrong("recorded_at", t->recorded_at, error);
    if (act->kind == EH_ACT_BIRTH && (none_if_empty(t->birth_date) == NULL || !eh_import_time_read(eh_view_of(t->birth_date), &birth_s)))
        return wrong("birth_date", t->birth_date, error);
    int64_t day = birth_s / EH_DAY_SECONDS - (birth_s % EH_DAY_SECONDS < 0 ? 1 : 0);
    act->birth_day = (int32_t)day;
    if (none_if_empty(t->jurisdiction) != NULL)
        EH_TRY(eh_jurisdiction_read(eh_view_of(t->jurisdiction), &act->jurisdiction, error));
    act->soft_facts = t->soft_facts;
    act->product_group = none_if_empty(t->product_group);
    act->how = none_if_empty(t->how);
    act->wording = none_if_empty(t->wording);
    act->version = none_if_empty(t->version);
    act->language = none_if_empty(t->language);
    act->recorded_s = item->recorded_s;
    return EH_OK;
}

static eh_code contact_add(builder *b, const char *kind, const char *value, eh_error *error)
{
    eh_person_contact *contact = MORE(b, 1, contacts);
    if (contact == NULL)
        return eh_fail_memory(error);
    if (kind == NULL || (strcmp(kind, "email") != 0 && strcmp(kind, "phone") != 0))
        return wrong("contact", kind, error);
    if (none_if_empty(value) == NULL || strlen(value) > EH_RIGHTS_KEY_BYTES_MAX)
        return wrong("contact value", value, error);
    *contact = (eh_person_contact){kind, value};
    return EH_OK;
}

static eh_code alias_add(builder *b, const char *key, eh_error *error)
{
    const char **alias = MORE(b, 0, aliases);
    if (alias == NULL)
        return eh_fail_memory(error);
    *alias = key;
    return none_if_empty(key) != NULL && strlen(key) <= EH_RIGHTS_KEY_BYTES_MAX ? EH_OK : wrong("other key", key, error);
}

static eh_code correction_add(builder *b, const char *field, const char *value, const char *at, eh_error *error)
{
    eh_person_correction *correction = MORE(b, 3, corrections);
    if (correction == NULL)
        return eh_fail_memory(error);
    correction->field = field;
    correction->value = value;
    if (none_if_empty(field) == NULL || value == NULL || strlen(field) > EH_RIGHTS_NAME_BYTES_MAX || strlen(value) > EH_RIGHTS_HOW_BYTES_MAX)
        return wrong("correction", field, error);
    return time_read(at, true, &correction->at_s) ? EH_OK : wrong("at", at, error);
}

static eh_code disclosure_add(builder *b, const char *recipient, const char *what, const char *at, eh_error *error)
{
    eh_person_disclosure *disclosure = MORE(b, 4, disclosures);
    if (disclosure == NULL)
        return eh_fail_memory(error);
    disclosure->recipient = recipient;
    disclosure->what = what != NULL ? what : "";
    if (none_if_empty(recipient) == NULL || strlen(recipient) > EH_RIGHTS_NAME_BYTES_MAX || strlen(disclosure->what) > EH_RIGHTS_HOW_BYTES_MAX)
        return wrong("recipient", recipient, error);
    return time_read(at, true, &disclosure->at_s) ? EH_OK : wrong("at", at, error);
}

typedef struct {
    const char *kind, *received, *due, *closed, *outcome;
} request_texts;

static eh_code request_add(builder *b, const request_texts *t, eh_error *error)
{
    eh_request *request = MORE(b, 5, requests);
    if (request == NULL)
        return eh_fail_memory(error);
    if (t->kind == NULL || !eh_request_kind_find(eh_view_of(t->kind), &request->kind))
        return wrong("request", t->kind, error);
    if (!time_read(t->received, true, &request->received_s) || !time_read(t->due, true, &request->due_s) ||
        !time_read(t->closed, false, &request->closed_s))
        return wrong("request", t->received, error);
    request->outcome = none_if_empty(t->outcome);
    return EH_OK;
}

/* `json` is an object in any layout; it is kept on one line. */
static eh_code item_add(builder *b, const char *part, eh_json_value value, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_person_item *item = MORE(b, 6, items);
    eh_json_writer json;
    if (item == NULL)
        return eh_fail_memory(error);
    if (eh_json_type_of(value) != EH_JSON_OBJECT)
        return wrong(part, "", error);
    eh_json_begin(&json, &text, false, false);
    (void)eh_json_copy(&json, NULL, value); /* as deep as a document may be at most */
    EH_TRY(eh_buffer_check(&text, error));
    if (text.len > ITEM_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: an object of %zu bytes, at most %d", part, text.len, ITEM_BYTES_MAX);
    *item = (eh_person_item){.part = part, .json = eh_arena_copy(b->arena, eh_buffer_view(&text))};
    return item->json != NULL ? EH_OK : eh_fail_memory(error);
}

/* ---- JSON ----------------------------------------------------------------------------------------------------------------------------------------- */

static const char *member(builder *b, eh_json_value object, const char *key)
{
    const char *text = eh_json_as_text(eh_json_member(object, key));
    return text != NULL ? eh_arena_copy(b->arena, eh_view_of(text)) : NULL;
}

static eh_code json_act(builder *b, eh_json_value v, eh_error *error)
{
    eh_json_value wording = eh_json_member(v, "wording"), facts = eh_json_member(v, "soft_facts");
    act_texts t = {
        .record = member(b, v, "record"), .act = member(b, v, "act"), .by = member(b, v, "by"), .purpose = member(b, v, "purpose"),
        .channel = member(b, v, "channel"), .control = member(b, v, "control"), .at = member(b, v, "at"), .until = member(b, v, "until"),
        .birth_date = member(b, v, "birth_date"), .jurisdiction = member(b, v, "jurisdiction"), .product_group = member(b, v, "product_group"),
        .how = member(b, v, "how"), .wording = member(b, wording, "text"), .version = member(b, wording, "version"),
        .language = member(b, wording, "language"), .recorded_at = member(b, v, "recorded_at"),
    };
    for (size_t i = 0; i < eh_json_count(facts); i++) {
        const char *name = eh_json_as_text(eh_json_item(facts, i));
        uint32_t fact = name != NULL ? eh_soft_fact_find(eh_view_of(name)) : 0;
        if (fact == 0)
            return wrong("soft_facts", name, error);
        t.soft_facts |= fact;
    }
    return act_add(b, &t, error);
}

static eh_code json_contact(builder *b, eh_json_value v, eh_error *error)
{
    return contact_add(b, member(b, v, "kind"), member(b, v, "value"), error);
}

static eh_code json_alias(builder *b, eh_json_value v, eh_error *error)
{
    const char *key = eh_json_as_text(v);
    return alias_add(b, key != NULL ? eh_arena_copy(b->arena, eh_view_of(key)) : NULL, error);
}

static eh_code json_correction(builder *b, eh_json_value v, eh_error *error)
{
    return correction_add(b, member(b, v, "field"), member(b, v, "value"), member(b, v, "at"), error);
}

static eh_code json_disclosure(builder *b, eh_json_value v, eh_error *error)
{
    return disclosure_add(b, member(b, v, "recipient"), member(b, v, "what"), member(b, v, "at"), error);
}

static eh_code json_request(builder *b, eh_json_value v, eh_error *error)
{
    const request_texts t = {member(b, v, "request"), member(b, v, "received"), member(b, v, "due"), member(b, v, "closed"), member(b, v, "outcome")};
    return request_add(b, &t, error);
}

static eh_code json_person(builder *b, eh_json_value root, eh_error *error)
{
    static const struct {
        const char *key;
        eh_code (*add)(builder *, eh_json_value, eh_error *);
    } lists[] = {{"other_keys", json_alias}, {"contacts", json_contact},       {"acts", json_act},
                 {"corrections", json_correction}, {"recipients", json_disclosure}, {"requests", json_request}};
    b->person.key = member(b, root, "key");
    if (none_if_empty(b->person.key) == NULL)
        return eh_fail(error, EH_INPUT, "this is no export of a person: 'key' is missing");
    if (!time_read(member(b, root, "since"), false, &b->person.since_s))
        return wrong("since", member(b, root, "since"), error);
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        eh_json_value list = eh_json_member(root, lists[i].key);
        if (eh_json_type_of(list) != EH_JSON_ARRAY)
            return eh_fail(error, EH_INPUT, "this is no export of a person: '%s' is not a list", lists[i].key);
        for (size_t k = 0; k < eh_json_count(list); k++)
            if (lists[i].add(b, eh_json_item(list, k), error) != EH_OK)
                return eh_fail_within(error, "%s[%zu]", lists[i].key, k);
    }
    for (size_t part = 0; part < EH_PERSON_PARTS_COUNT; part++) { /* older exports have none of these */
        eh_json_value list = eh_json_member(root, eh_person_parts[part]);
        for (size_t k = 0; eh_json_type_of(list) == EH_JSON_ARRAY && k < eh_json_count(list); k++)
            if (item_add(b, eh_person_parts[part], eh_json_item(list, k), error) != EH_OK)
                return eh_fail_within(error, "%s[%zu]", eh_person_parts[part], k);
    }
    return EH_OK;
}

eh_code eh_restore_read_json(eh_view text, const char *name, eh_arena *arena, eh_person *person_out, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    builder b = {.arena = arena};
    EH_TRY(eh_json_parse(text, name, &document, error));
    eh_json_value root = eh_json_root(document);
    const char *kind = eh_json_as_text(eh_json_member(root, "kind"));
    if (kind == NULL || strcmp(kind, "evenhand.person") != 0)
        return eh_fail(error, EH_INPUT, "%s: is JSON, but no export of a person ('kind' is not \"evenhand.person\"); tables are read as CSV", name);
    if (json_person(&b, root, error) != EH_OK)
        return eh_fail_within(error, "%s", name);
    *person_out = b.person;
    return EH_OK;
}

/* ---- the table ---------------------------------------------------------------------------------------------------------------------------------------- */

bool eh_restore_is_table(const char *const *names, size_t names_count)
{
    if (names_count != EH_PERSON_TABLE_COLUMNS)
        return false;
    for (size_t i = 0; i < names_count; i++)
        if (strcmp(names[i], eh_person_table_columns[i]) != 0)
            return false;
    return true;
}

static uint32_t facts_read(const char *text)
{
    uint32_t facts = 0;
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, " ");
        facts |= eh_soft_fact_find((eh_view){text, len});
        text += len + (text[len] == ' ' ? 1 : 0);
    }
    return facts;
}

static const char *part_of(const char *what)
{
    for (size_t i = 0; i < EH_PERSON_PARTS_COUNT; i++)
        if (strcmp(what, eh_person_parts[i]) == 0)
            return eh_person_parts[i];
    return NULL;
}

static eh_code table_item(builder *b, const char *part, const char *text, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    EH_TRY(eh_json_parse(eh_view_of(text), part, &document, error));
    return item_add(b, part, eh_json_root(document), error);
}

static eh_code table_row(void *context, uint64_t number, const eh_view *cells, eh_error *error)
{
    builder *b = context;
    const char *c[EH_PERSON_TABLE_COLUMNS];
    for (size_t i = 0; i < EH_PERSON_TABLE_COLUMNS; i++) {
        bool guarded = cells[i].len > 0 && cells[i].ptr[0] == '\'';
        c[i] = eh_arena_copy(b->arena, (eh_view){cells[i].ptr + (guarded ? 1 : 0), cells[i].len - (guarded ? 1 : 0)});
        if (c[i] == NULL)
            return eh_fail_memory(error);
    }
    const act_texts act = {.record = c[1], .act = c[2], .by = c[3], .purpose = c[4], .channel = c[5], .control = c[6], .at = c[7], .until = c[8],
                           .birth_date = c[9], .soft_facts = facts_read(c[10]), .jurisdiction = c[11], .product_group = c[12], .how = c[13],
                           .wording = c[14], .version = c[15], .language = c[16], .recorded_at = c[17]};
    const request_texts request = {c[2], c[7], c[8], c[17], c[19]};
    eh_code code = EH_OK;
    if (strcmp(c[0], "person") == 0) {
        b->person.key = c[18];
        code = time_read(c[7], false, &b->person.since_s) ? EH_OK : wrong("since", c[7], error);
    } else if (strcmp(c[0], "other key") == 0) {
        code = alias_add(b, c[18], error);
    } else if (strcmp(c[0], "contact") == 0) {
        code = contact_add(b, c[18], c[19], error);
    } else if (strcmp(c[0], "act") == 0) {
        code = act_add(b, &act, error);
    } else if (strcmp(c[0], "correction") == 0) {
        code = correction_add(b, c[18], c[19], c[7], error);
    } else if (strcmp(c[0], "recipient") == 0) {
        code = disclosure_add(b, c[18], c[19], c[7], error);
    } else if (strcmp(c[0], "request") == 0) {
        code = request_add(b, &request, error);
    } else if (part_of(c[0]) != NULL) {
        code = table_item(b, part_of(c[0]), c[19], error);
    } else if (strcmp(c[0], "notice") != 0) { /* notices are between the other workspace and its recipients */
        code = wrong("what", c[0], error);
    }
    return code == EH_OK ? EH_OK : eh_fail_within(error, "row %llu", (unsigned long long)number);
}

/* ---- bringing back ------------------------------------------------------------------------------------------------------------------------------------------ */

static eh_code lists_write(eh_rights *rights, const eh_person *person, int64_t number, eh_error *error)
{
    for (size_t i = 0; i < person->aliases_count; i++)
        EH_TRY(eh_alias_write(rights, eh_view_of(person->aliases[i]), number, error));
    for (size_t i = 0; i < person->contacts_count; i++)
        EH_TRY(eh_contact_write(rights, number, person->contacts[i].kind, person->contacts[i].value, error));
    for (size_t i = 0; i < person->corrections_count; i++)
        EH_TRY(eh_correction_write(rights, number, &person->corrections[i], error));
    for (size_t i = 0; i < person->disclosures_count; i++)
        EH_TRY(eh_disclosure_write(rights, number, &person->disclosures[i], error));
    for (size_t i = 0; i < person->requests_count; i++)
        EH_TRY(eh_request_write(rights, number, &person->requests[i], error));
    for (size_t i = 0; i < person->items_count; i++)
        EH_TRY(eh_item_write(rights, number, &person->items[i], error));
    return EH_OK;
}

static eh_code record_free(eh_rights *rights, uint64_t record, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row = false;
    EH_TRY(eh_store_prepare(rights->store, "SELECT 1 FROM rights_act WHERE record = $1", &find, error));
    eh_bind_integer(find, 1, (int64_t)record);
    EH_TRY(eh_statement_step(find, &row, error));
    return row ? eh_fail(error, EH_CONFLICT, "record %016llx belongs to somebody else here already", (unsigned long long)record) : EH_OK;
}

static eh_code bring_back(eh_rights *rights, const eh_person *person, const eh_act *acts, int64_t now_s, eh_error *error)
{
    eh_person_row row;
    eh_view key = eh_view_of(person->key);
    EH_TRY(eh_index_try(rights->index, key, acts, person->acts_count, error));
    EH_TRY(eh_person_make(rights, key, person->since_s != 0 ? person->since_s : now_s, &row, error));
    for (size_t i = 0; i < person->acts_count; i++) {
        eh_act_row act = {.act = acts[i], .recorded_s = acts[i].recorded_s};
        EH_TRY(record_free(rights, acts[i].record, error));
        EH_TRY(eh_act_insert(rights, &row, &act, error));
    }
    EH_TRY(eh_person_save(rights, &row, error));
    return lists_write(rights, person, row.person, error);
}

static bool any_suppressed(const eh_rights *rights, const eh_person *person)
{
    uint8_t hash[EH_HASH_BYTES];
    eh_suppression_hash(&rights->keys, "key", eh_view_of(person->key), hash);
    bool found = eh_suppressed_has(rights->suppressed, hash);
    for (size_t i = 0; i < person->contacts_count && !found; i++) {
        eh_suppression_hash(&rights->keys, person->contacts[i].kind, eh_view_of(person->contacts[i].value), hash);
        found = eh_suppressed_has(rights->suppressed, hash);
    }
    return found;
}

static eh_code restore_locked(eh_rights *rights, const eh_person *person, const eh_act *acts, int64_t now_s, bool *known_out, eh_error *error)
{
    eh_person_row row;
    EH_TRY(eh_rights_begin(rights, error));
    eh_code code = eh_rights_refresh(rights, error);
    if (code == EH_OK)
        code = eh_person_find(rights, eh_view_of(person->key), &row, known_out, error);
    if (code == EH_OK && !*known_out && any_suppressed(rights, person))
        code = eh_fail(error, EH_DENIED, "this person was erased and is on the suppression list; no import brings them back");
    if (code == EH_OK && !*known_out)
        code = bring_back(rights, person, acts, now_s, error);
    if (code != EH_OK || *known_out) {
        eh_store_rollback(rights->store);
        return code;
    }
    return eh_rights_commit(rights, NULL, 0, error);
}

typedef struct {
    eh_rights *rights;
    const eh_person *person;
    eh_act *acts;
    const eh_import_options *options;
    eh_arena *arena;
    eh_import_report *report;
} restoring;

static eh_code is_on_record(restoring *r, int64_t person, uint64_t record, bool *known_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *find = NULL;
    EH_TRY(eh_rights_prepare(r->rights, "SELECT 1 FROM rights_act WHERE record = $1 AND person = $2", &find, error));
    eh_bind_integer(find, 1, (int64_t)record);
    eh_bind_integer(find, 2, person);
    return eh_statement_step(find, known_out, error);
}

/*
 * Of somebody who is known here: an import. What is on record already, as this person brought it before, is no news. What belongs to the time of asking is left
 * out, its outcome is in the acts after it.
 */
static eh_code acts_as_import(restoring *r, size_t *count_out, eh_error *error)
{
    const eh_person *person = r->person;
    eh_person_row row;
    bool known = false;
    size_t count = 0;
    EH_TRY(eh_person_find(r->rights, eh_view_of(person->key), &row, &known, error));
    for (size_t i = 0; i < person->acts_count; i++) {
        bool there = false;
        if (known)
            EH_TRY(is_on_record(r, row.person, r->acts[i].record, &there, error));
        r->report->known_count += there ? 1 : 0;
        if (there || r->acts[i].kind == EH_ACT_ASK)
            continue;
        r->acts[count] = r->acts[i];
        r->acts[count].kind = r->acts[i].kind == EH_ACT_CONFIRM ? EH_ACT_CONSENT : r->acts[i].kind;
        r->acts[count].recorded_s = 0;
        r->acts[count].record = 0;
        r->acts[count++].by = EH_BY_IMPORT;
    }
    *count_out = count;
    return EH_OK;
}

static eh_code as_import(restoring *r, eh_error *error)
{
    size_t count = 0;
    pthread_mutex_lock(&r->rights->writing);
    eh_code code = acts_as_import(r, &count, error);
    pthread_mutex_unlock(&r->rights->writing);
    EH_TRY(code);
    if (count == 0)
        return eh_rights_log(r->rights, error);
    eh_said_result *results = EH_TAKE(r->arena, count, eh_said_result);
    eh_import_conflict *conflicts = EH_TAKE(r->arena, count, eh_import_conflict);
    if (results == NULL || conflicts == NULL)
        return eh_fail_memory(error);
    eh_speech speech = {.key = eh_view_of(r->person->key), .acts = r->acts, .acts_count = count, .results = results};
    EH_TRY(eh_rights_say_many(r->rights, &speech, 1, false, r->options->now_s, error));
    for (size_t i = 0; i < count; i++) {
        r->report->known_count += results[i].known ? 1 : 0;
        r->report->recorded_count += results[i].known ? 0 : 1;
        if (results[i].effect == EH_EFFECT_KEPT_NO || results[i].effect == EH_EFFECT_TURNED_NO)
            conflicts[r->report->conflicts_count++] = (eh_import_conflict){.row = i + 1, .key = r->person->key, .purpose = r->acts[i].purpose,
                                                                           .channel = r->acts[i].channel, .effect = results[i].effect,
                                                                           .record = results[i].record};
    }
    r->report->conflicts = conflicts;
    r->report->conflicts_listed = (size_t)r->report->conflicts_count;
    return EH_OK;
}

static eh_code restore(restoring *r, eh_error *error)
{
    bool known = false;
    const eh_person *person = r->person;
    r->acts = EH_TAKE(r->arena, person->acts_count, eh_act);
    if (r->acts == NULL)
        return eh_fail_memory(error);
    r->report->system = "Evenhand";
    r->report->rows_count = person->acts_count;
    for (size_t i = 0; i < person->acts_count; i++) {
        r->acts[i] = person->acts[i].act;
        EH_TRY(eh_act_check(&r->acts[i], r->options->now_s, error));
        r->report->yes_count += r->acts[i].kind == EH_ACT_CONSENT || r->acts[i].kind == EH_ACT_CONFIRM ? 1 : 0;
        r->report->no_count += r->acts[i].kind == EH_ACT_WITHDRAW || r->acts[i].kind == EH_ACT_OBJECT ? 1 : 0;
    }
    pthread_mutex_lock(&r->rights->writing);
    eh_code code = restore_locked(r->rights, person, r->acts, r->options->now_s, &known, error);
    pthread_mutex_unlock(&r->rights->writing);
    EH_TRY(code);
    if (known)
        return as_import(r, error);
    r->report->recorded_count = person->acts_count;
    return eh_rights_log(r->rights, error);
}

eh_code eh_restore_json(eh_rights *rights, eh_view text, const eh_import_options *options, eh_arena *arena, eh_import_report *report,
                        eh_error *error)
{
    eh_person person;
    EH_TRY(eh_restore_read_json(text, options->path, arena, &person, error));
    restoring r = {.rights = rights, .person = &person, .options = options, .arena = arena, .report = report};
    return restore(&r, error);
}

eh_code eh_restore_table(eh_rights *rights, eh_engine *engine, const eh_import_options *options, eh_arena *arena, eh_import_report *report,
                         eh_error *error)
{
    builder b = {.arena = arena};
    if (eh_engine_rows(engine, eh_person_table_columns, EH_PERSON_TABLE_COLUMNS, table_row, &b, error) != EH_OK)
        return eh_fail_within(error, "%s", options->path);
    if (b.person.key == NULL)
        return eh_fail(error, EH_INPUT, "%s: has no row 'person'", options->path);
    restoring r = {.rights = rights, .person = &b.person, .options = options, .arena = arena, .report = report};
    return restore(&r, error);
}

eh_code eh_restore_peek(const char *path, bool *is_json_out, eh_error *error)
{
    char start[64];
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return eh_fail(error, errno == ENOENT ? EH_NOT_FOUND : EH_IO, "%s: %s", path, errno == ENOENT ? "there is no such file" : strerror(errno));
    ssize_t count = read(file, start, sizeof start);
    (void)close(file);
    eh_view text = eh_view_trim((eh_view){start, count > 0 ? (size_t)count : 0});
    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
        text = eh_view_trim((eh_view){text.ptr + 3, text.len - 3});
    *is_json_out = text.len > 0 && text.ptr[0] == '{';
    return EH_OK;
}
