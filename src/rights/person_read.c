/* Reading all that is known of one person, and what waits: one query per list, filled by one loop. */
#include <string.h>

#include "rights/records_int.h"

enum { LIST_MAX = 1 << 20, LIST_FIRST = 8 };

/* ---- lists -------------------------------------------------------------------------------------------------------------------------------- */

/* Fills one item from the row. */
typedef eh_code (*item_read)(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error);

typedef struct {
    size_t size;
    item_read read;
} item_kind;

static eh_code list_read(eh_statement *each, const item_kind *kind, eh_arena *arena, const void **items_out, size_t *count_out, eh_error *error)
{
    char *items = NULL;
    size_t count = 0, capacity = 0;
    for (bool row = false;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            break;
        if (count == LIST_MAX)
            return eh_fail(error, EH_LIMIT, "more than %d things of one kind", LIST_MAX);
        if (count == capacity) {
            capacity = capacity > 0 ? 2 * capacity : LIST_FIRST;
            char *larger = eh_arena_take(arena, capacity, kind->size);
            if (larger == NULL)
                return eh_fail_memory(error);
            if (count > 0)
                memcpy(larger, items, count * kind->size);
            items = larger;
        }
        EH_TRY(kind->read(each, arena, items + count * kind->size, error));
        count++;
    }
    *items_out = items;
    *count_out = count;
    return EH_OK;
}

static eh_code text_take(const eh_statement *row, int column, eh_arena *arena, const char **text_out, eh_error *error)
{
    *text_out = NULL;
    if (eh_column_null(row, column))
        return EH_OK;
    *text_out = eh_arena_copy(arena, eh_column_text(row, column));
    return *text_out != NULL ? EH_OK : eh_fail_memory(error);
}

/* ---- items --------------------------------------------------------------------------------------------------------------------------------- */

static eh_code alias_read(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error)
{
    return text_take(row, 0, arena, item_out, error);
}

static eh_code contact_read(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error)
{
    eh_person_contact *contact = item_out;
    EH_TRY(text_take(row, 0, arena, &contact->kind, error));
    return text_take(row, 1, arena, &contact->value, error);
}

static eh_code correction_read(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error)
{
    eh_person_correction *correction = item_out;
    correction->at_s = eh_column_integer(row, 2);
    EH_TRY(text_take(row, 0, arena, &correction->field, error));
    return text_take(row, 1, arena, &correction->value, error);
}

static eh_code disclosure_read(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error)
{
    eh_person_disclosure *disclosure = item_out;
    disclosure->at_s = eh_column_integer(row, 2);
    EH_TRY(text_take(row, 0, arena, &disclosure->recipient, error));
    return text_take(row, 1, arena, &disclosure->what, error);
}

static eh_code notice_read(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error)
{
    eh_person_notice *notice = item_out;
    notice->notice = eh_column_integer(row, 0);
    notice->at_s = eh_column_integer(row, 4);
    notice->sent_s = eh_column_integer(row, 5);
    EH_TRY(text_take(row, 1, arena, &notice->recipient, error));
    EH_TRY(text_take(row, 2, arena, &notice->what, error));
    return text_take(row, 3, arena, &notice->detail, error);
}

static eh_code request_read(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error)
{
    eh_request *request = item_out;
    if (!eh_request_kind_find(eh_column_text(row, 1), &request->kind))
        return eh_fail(error, EH_CORRUPT, "a request of a kind that is never written");
    request->request = eh_column_integer(row, 0);
    request->received_s = eh_column_integer(row, 2);
    request->due_s = eh_column_integer(row, 3);
    request->closed_s = eh_column_integer(row, 4);
    EH_TRY(text_take(row, 5, arena, &request->outcome, error));
    return text_take(row, 6, arena, &request->key, error);
}

static eh_code item_read_one(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error)
{
    eh_person_item *item = item_out;
    EH_TRY(text_take(row, 0, arena, &item->part, error));
    return text_take(row, 1, arena, &item->json, error);
}

static eh_code act_read(const eh_statement *row, eh_arena *arena, void *item_out, eh_error *error)
{
    eh_person_act *item = item_out;
    eh_act_row read;
    EH_TRY(eh_act_row_read(row, &read, error));
    item->act = read.act;
    item->recorded_s = read.recorded_s;
    item->act.recorded_s = read.recorded_s;
    if (read.wording_hash.ptr != NULL)
        eh_hex(read.wording_hash.ptr, EH_HASH_BYTES, item->wording_sha256);
    EH_TRY(text_take(row, 13, arena, &item->act.product_group, error));
    EH_TRY(text_take(row, 14, arena, &item->act.how, error));
    EH_TRY(text_take(row, EH_ACT_COLUMNS_COUNT, arena, &item->ledger, error));
    EH_TRY(text_take(row, EH_ACT_COLUMNS_COUNT + 1, arena, &item->act.wording, error));
    EH_TRY(text_take(row, EH_ACT_COLUMNS_COUNT + 2, arena, &item->act.version, error));
    return text_take(row, EH_ACT_COLUMNS_COUNT + 3, arena, &item->act.language, error);
}

/* Texts that are empty on the disk are "none". */
static void acts_tidy(eh_person_act *acts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char **texts[] = {&acts[i].act.product_group, &acts[i].act.how, &acts[i].act.version, &acts[i].act.language};
        for (size_t k = 0; k < sizeof texts / sizeof texts[0]; k++)
            if (*texts[k] != NULL && (*texts[k])[0] == '\0')
                *texts[k] = NULL;
    }
}

/* ---- a person ---------------------------------------------------------------------------------------------------------------------------------- */

static eh_code list_of(eh_rights *rights, const char *sql, int64_t person, const item_kind *kind, eh_arena *arena, const void **items_out,
                       size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    EH_TRY(eh_store_prepare(rights->store, sql, &each, error));
    if (person != 0)
        eh_bind_integer(each, 1, person);
    return list_read(each, kind, arena, items_out, count_out, error);
}

#define REQUEST_COLUMNS "r.request, r.kind, r.received_s, r.due_s, coalesce(r.closed_s, 0), r.outcome, p.key"
#define NOTICE_COLUMNS "notice, recipient, what, detail, at_s, coalesce(sent_s, 0)"

static eh_code lists_read(eh_rights *rights, int64_t number, eh_arena *arena, eh_person *person, eh_error *error)
{
    const struct {
        const char *sql;
        item_kind kind;
        const void **items;
        size_t *count;
    } lists[] = {
        {"SELECT key FROM rights_alias WHERE person = $1 ORDER BY alias", {sizeof(char *), alias_read}, (const void **)&person->aliases,
         &person->aliases_count},
        {"SELECT kind, value FROM rights_contact WHERE person = $1 ORDER BY contact", {sizeof(eh_person_contact), contact_read},
         (const void **)&person->contacts, &person->contacts_count},
        {"SELECT " EH_ACT_COLUMNS ", a.ledger, w.text, w.version, w.language FROM rights_act a LEFT JOIN rights_wording w ON w.wording = a.wording "
         "WHERE a.person = $1 ORDER BY a.act",
         {sizeof(eh_person_act), act_read}, (const void **)&person->acts, &person->acts_count},
        {"SELECT field, value, at_s FROM rights_correction WHERE person = $1 ORDER BY correction", {sizeof(eh_person_correction), correction_read},
         (const void **)&person->corrections, &person->corrections_count},
        {"SELECT recipient, what, at_s FROM rights_disclosure WHERE person = $1 ORDER BY disclosure",
         {sizeof(eh_person_disclosure), disclosure_read}, (const void **)&person->disclosures, &person->disclosures_count},
        {"SELECT " NOTICE_COLUMNS " FROM rights_outbox WHERE person = $1 ORDER BY notice", {sizeof(eh_person_notice), notice_read},
         (const void **)&person->notices, &person->notices_count},
        {"SELECT " REQUEST_COLUMNS " FROM rights_request r JOIN rights_person p ON p.person = r.person WHERE r.person = $1 ORDER BY r.request",
         {sizeof(eh_request), request_read}, (const void **)&person->requests, &person->requests_count},
        {"SELECT part, json FROM rights_item WHERE person = $1 ORDER BY item", {sizeof(eh_person_item), item_read_one}, (const void **)&person->items,
         &person->items_count},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++)
        EH_TRY(list_of(rights, lists[i].sql, number, &lists[i].kind, arena, lists[i].items, lists[i].count, error));
    acts_tidy((eh_person_act *)(uintptr_t)person->acts, person->acts_count);
    return EH_OK;
}

eh_code eh_person_read_locked(eh_rights *rights, eh_view key, eh_arena *arena, eh_person *person_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    eh_person person = {0};
    eh_person_row row;
    bool more = false;
    EH_TRY(eh_person_find(rights, key, &row, &person.found, error));
    if (!person.found) {
        person.key = eh_arena_copy(arena, key);
        *person_out = person;
        return person.key != NULL ? EH_OK : eh_fail_memory(error);
    }
    EH_TRY(eh_store_prepare(rights->store, "SELECT key, since_s FROM rights_person WHERE person = $1", &find, error));
    eh_bind_integer(find, 1, row.person);
    EH_TRY(eh_statement_step(find, &more, error));
    EH_ASSERT(more);
    EH_TRY(text_take(find, 0, arena, &person.key, error));
    person.since_s = eh_column_integer(find, 1);
    EH_TRY(eh_person_chain_check(rights, &row, eh_view_of(person.key), error));
    EH_TRY(lists_read(rights, row.person, arena, &person, error));
    *person_out = person;
    return EH_OK;
}

eh_code eh_person_read(eh_rights *rights, eh_view key, eh_arena *arena, eh_person *person_out, eh_error *error)
{
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_store_begin_reading(rights->store, error);
    if (code == EH_OK) {
        code = eh_person_read_locked(rights, key, arena, person_out, error);
        eh_store_rollback(rights->store);
    }
    pthread_mutex_unlock(&rights->writing);
    return code;
}

/* ---- what waits --------------------------------------------------------------------------------------------------------------------------------- */

static eh_code waiting_read(eh_rights *rights, const char *sql, const item_kind *kind, eh_arena *arena, const void **items_out, size_t *count_out,
                            eh_error *error)
{
    pthread_mutex_lock(&rights->writing);
    eh_code code = list_of(rights, sql, 0, kind, arena, items_out, count_out, error);
    pthread_mutex_unlock(&rights->writing);
    return code;
}

eh_code eh_requests_waiting(eh_rights *rights, eh_arena *arena, const eh_request **requests_out, size_t *count_out, eh_error *error)
{
    return waiting_read(rights,
                        "SELECT " REQUEST_COLUMNS " FROM rights_request r LEFT JOIN rights_person p ON p.person = r.person WHERE r.closed_s IS NULL "
                        "ORDER BY r.due_s, r.request",
                        &(item_kind){sizeof(eh_request), request_read}, arena, (const void **)requests_out, count_out, error);
}

eh_code eh_notices_waiting(eh_rights *rights, eh_arena *arena, const eh_person_notice **notices_out, size_t *count_out, eh_error *error)
{
    return waiting_read(rights, "SELECT " NOTICE_COLUMNS " FROM rights_outbox WHERE sent_s IS NULL ORDER BY notice",
                        &(item_kind){sizeof(eh_person_notice), notice_read}, arena, (const void **)notices_out, count_out, error);
}

/* ---- who is back ------------------------------------------------------------------------------------------------------------------------------------- */

static eh_code listed_read(eh_statement *each, eh_erased_list *list, eh_arena *arena, const char **keys_out, size_t *count_out, eh_error *error)
{
    for (bool row = true;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        if (!eh_erased_list_has(list, eh_column_text(each, 1)) && !eh_erased_list_has(list, eh_column_text(each, 0)))
            continue;
        if (*count_out > 0 && eh_view_equal(eh_column_text(each, 0), eh_view_of(keys_out[*count_out - 1])))
            continue; /* by another name */
        if (*count_out == LIST_MAX || (keys_out[*count_out] = eh_arena_copy(arena, eh_column_text(each, 0))) == NULL)
            return eh_fail_memory(error);
        ++*count_out;
    }
}

eh_code eh_people_on_list(eh_rights *rights, eh_erased_list *list, eh_arena *arena, const char *const **keys_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    size_t most = eh_erased_list_count(list), count = 0;
    const char **keys = EH_TAKE(arena, most + 1, const char *);
    if (keys == NULL)
        return eh_fail_memory(error);
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_store_prepare(rights->store,
                                    "SELECT p.key, p.key, p.person FROM rights_person p UNION ALL SELECT p.key, a.key, p.person FROM rights_alias a "
                                    "JOIN rights_person p ON p.person = a.person ORDER BY 3",
                                    &each, error);
    if (code == EH_OK)
        code = listed_read(each, list, arena, keys, &count, error);
    eh_statement_close(&each);
    pthread_mutex_unlock(&rights->writing);
    if (code == EH_OK) {
        *keys_out = keys;
        *count_out = count;
    }
    return code;
}

/* ---- corrections --------------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_corrections_count(eh_rights *rights, int64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row = false;
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_store_prepare(rights->store, "SELECT coalesce(max(value), 0) FROM rights_counter WHERE name = 'correction'", &find, error);
    if (code == EH_OK)
        code = eh_statement_step(find, &row, error);
    if (code == EH_OK)
        *count_out = eh_column_integer(find, 0);
    eh_statement_close(&find);
    pthread_mutex_unlock(&rights->writing);
    return code;
}

eh_code eh_corrected_since(eh_rights *rights, int64_t count, int64_t at_s, eh_arena *arena, const char *const **keys_out, size_t *keys_count_out,
                           eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    const item_kind kind = {sizeof(char *), alias_read};
    const void *keys = NULL;
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_store_prepare(rights->store,
                                    "SELECT p.key FROM rights_person p WHERE p.person IN (SELECT person FROM rights_correction WHERE correction > $1 OR at_s > $2) "
                                    "UNION SELECT a.key FROM rights_alias a WHERE a.person IN (SELECT person FROM rights_correction WHERE correction > $1 OR at_s > $2) "
                                    "ORDER BY 1",
                                    &each, error);
    if (code == EH_OK) {
        eh_bind_integer(each, 1, count);
        eh_bind_integer(each, 2, at_s);
        code = list_read(each, &kind, arena, &keys, keys_count_out, error);
        eh_statement_close(&each);
    }
    pthread_mutex_unlock(&rights->writing);
    if (code == EH_OK)
        *keys_out = keys;
    return code;
}

eh_code eh_contact_keys(eh_rights *rights, const char *kind, eh_view value, eh_arena *arena, const char *const **keys_out, size_t *count_out,
                        eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    char lower[EH_RIGHTS_KEY_BYTES_MAX];
    const item_kind kind_of_item = {sizeof(char *), alias_read};
    const void *keys = NULL;
    EH_ASSERT(value.len <= sizeof lower);
    for (size_t i = 0; i < value.len; i++)
        lower[i] = kind[0] == 'e' && value.ptr[i] >= 'A' && value.ptr[i] <= 'Z' ? (char)(value.ptr[i] - 'A' + 'a') : value.ptr[i];
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_store_prepare(rights->store,
                                    "SELECT p.key FROM rights_contact c JOIN rights_person p ON p.person = c.person WHERE c.kind = $1 AND c.value = $2 "
                                    "ORDER BY p.person",
                                    &each, error);
    if (code == EH_OK) {
        eh_bind_text(each, 1, eh_view_of(kind));
        eh_bind_text(each, 2, (eh_view){lower, value.len});
        code = list_read(each, &kind_of_item, arena, &keys, count_out, error);
        eh_statement_close(&each);
    }
    pthread_mutex_unlock(&rights->writing);
    if (code == EH_OK)
        *keys_out = keys;
    return code;
}
