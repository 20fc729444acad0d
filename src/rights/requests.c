/* Requests and their time; corrections, recipients, notices to them. */
#include <string.h>

#include "rights/records_int.h"

static const struct {
    const char *name;
    int32_t months, days;
} kinds[EH_REQUESTS_COUNT] = {
    [EH_REQUEST_ACCESS] = {"access", 1, 0},         [EH_REQUEST_PORTABILITY] = {"portability", 1, 0}, [EH_REQUEST_CORRECTION] = {"correction", 1, 0},
    [EH_REQUEST_ERASURE] = {"erasure", 1, 0},       [EH_REQUEST_OBJECTION] = {"objection", 1, 0},     [EH_REQUEST_REVIEW] = {"review", 1, 0},
    [EH_REQUEST_COMPLAINT] = {"complaint", 0, 30},
};

const char *eh_request_kind_name(eh_request_kind kind)
{
    EH_ASSERT(kind < EH_REQUESTS_COUNT);
    return kinds[kind].name;
}

bool eh_request_kind_find(eh_view name, eh_request_kind *kind_out)
{
    for (unsigned i = 0; i < EH_REQUESTS_COUNT; i++) {
        if (!eh_view_equal_nocase(name, eh_view_of(kinds[i].name)))
            continue;
        *kind_out = (eh_request_kind)i;
        return true;
    }
    return false;
}

int64_t eh_request_due(eh_request_kind kind, int64_t received_s)
{
    EH_ASSERT(kind < EH_REQUESTS_COUNT);
    return eh_months_after(received_s, kinds[kind].months) + (int64_t)kinds[kind].days * EH_DAY_SECONDS;
}

/* ---- one transaction around one step ---------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_rights *rights;
    eh_view key;
    eh_person_row person; /* made when it was not there */
    int64_t now_s;
    const void *what;
    void *result;
} step;

/* A person that nothing was recorded of yet is made, unless they were erased. */
static eh_code step_person(step *s, eh_error *error)
{
    bool found = false;
    uint8_t hash[EH_HASH_BYTES];
    EH_TRY(eh_rights_key_check(s->key, error));
    EH_TRY(eh_person_find(s->rights, s->key, &s->person, &found, error));
    if (found)
        return EH_OK;
    eh_suppression_hash(&s->rights->keys, "key", s->key, hash);
    if (eh_suppressed_has(s->rights->suppressed, hash))
        return eh_fail(error, EH_DENIED, "this person was erased and is on the suppression list; nothing is recorded about them");
    return eh_person_make(s->rights, s->key, s->now_s, &s->person, error);
}

static eh_code in_transaction(step *s, bool with_person, eh_code (*write)(step *, eh_error *), eh_error *error)
{
    eh_rights *rights = s->rights;
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_rights_begin(rights, error);
    if (code == EH_OK) {
        code = eh_rights_refresh(rights, error);
        if (code == EH_OK && with_person)
            code = step_person(s, error);
        if (code == EH_OK)
            code = write(s, error);
        if (code == EH_OK)
            code = eh_rights_commit(rights, NULL, 0, error);
        else
            eh_store_rollback(rights->store);
    }
    pthread_mutex_unlock(&rights->writing);
    return code;
}

/* ---- requests ------------------------------------------------------------------------------------------------------------------------------ */

eh_code eh_request_write(eh_rights *rights, int64_t person, const eh_request *request, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    int64_t number = request->request;
    if (number == 0)
        EH_TRY(eh_rights_next(rights, EH_COUNT_REQUEST, &number, error));
    EH_TRY(eh_store_prepare(rights->store,
                            "INSERT INTO rights_request (request, person, kind, received_s, due_s, closed_s, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                            &insert, error));
    eh_bind_integer(insert, 1, number);
    eh_bind_integer(insert, 2, person);
    eh_bind_text(insert, 3, eh_view_of(kinds[request->kind].name));
    eh_bind_integer(insert, 4, request->received_s);
    eh_bind_integer(insert, 5, request->due_s);
    if (request->closed_s != 0)
        eh_bind_integer(insert, 6, request->closed_s);
    if (request->outcome != NULL)
        eh_bind_text(insert, 7, eh_view_of(request->outcome));
    return eh_statement_run(insert, error);
}

static eh_code request_write(step *s, eh_error *error)
{
    eh_request *request = s->result;
    EH_TRY(eh_rights_next(s->rights, EH_COUNT_REQUEST, &request->request, error));
    return eh_request_write(s->rights, s->person.person, request, error);
}

eh_code eh_request_open(eh_rights *rights, eh_view key, eh_request_kind kind, int64_t received_s, eh_request *request_out, eh_error *error)
{
    eh_request request = {.kind = kind, .received_s = received_s, .due_s = eh_request_due(kind, received_s)};
    step s = {.rights = rights, .key = key, .now_s = received_s, .result = &request};
    EH_TRY(in_transaction(&s, true, request_write, error));
    *request_out = request;
    return EH_OK;
}

typedef struct {
    int64_t request; /* 0: by person and kind */
    const char *kind, *outcome;
} closing;

static eh_code close_write(step *s, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *update = NULL;
    const closing *what = s->what;
    bool found = false;
    if (what->request == 0)
        EH_TRY(eh_person_find(s->rights, s->key, &s->person, &found, error));
    EH_TRY(eh_store_prepare(s->rights->store,
                            what->request != 0 ? "UPDATE rights_request SET closed_s = $1, outcome = $2 WHERE request = $3 AND closed_s IS NULL"
                                               : "UPDATE rights_request SET closed_s = $1, outcome = $2 WHERE person = $3 AND kind = $4 AND closed_s IS NULL",
                            &update, error));
    eh_bind_integer(update, 1, s->now_s);
    eh_bind_text(update, 2, eh_view_of(what->outcome));
    eh_bind_integer(update, 3, what->request != 0 ? what->request : found ? s->person.person : -1);
    if (what->request == 0)
        eh_bind_text(update, 4, eh_view_of(what->kind));
    EH_TRY(eh_statement_run(update, error));
    *(size_t *)s->result = eh_store_changes(s->rights->store);
    return EH_OK;
}

eh_code eh_requests_close(eh_rights *rights, eh_view key, eh_request_kind kind, int64_t now_s, const char *outcome, size_t *closed_out,
                          eh_error *error)
{
    const closing what = {.kind = kinds[kind].name, .outcome = outcome};
    step s = {.rights = rights, .key = key, .now_s = now_s, .what = &what, .result = closed_out};
    return in_transaction(&s, false, close_write, error);
}

eh_code eh_request_close(eh_rights *rights, int64_t request, int64_t now_s, const char *outcome, eh_error *error)
{
    const closing what = {.request = request, .outcome = outcome};
    size_t closed = 0;
    step s = {.rights = rights, .now_s = now_s, .what = &what, .result = &closed};
    EH_TRY(in_transaction(&s, false, close_write, error));
    return closed > 0 ? EH_OK : eh_fail(error, EH_NOT_FOUND, "there is no open request of number %lld", (long long)request);
}

/* ---- recipients and notices ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *first, *second; /* recipient and what; field and value */
} pair;

static eh_code pair_check(const pair *texts, const char *first_is, eh_error *error)
{
    if (texts->first[0] == '\0' || strlen(texts->first) > EH_RIGHTS_NAME_BYTES_MAX)
        return eh_fail(error, EH_INPUT, "%s has 1 to %d bytes", first_is, EH_RIGHTS_NAME_BYTES_MAX);
    if (strlen(texts->second) > EH_RIGHTS_HOW_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "a text of %zu bytes, at most %d", strlen(texts->second), EH_RIGHTS_HOW_BYTES_MAX);
    return EH_OK;
}

eh_code eh_disclosure_write(eh_rights *rights, int64_t person, const eh_person_disclosure *disclosure, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    int64_t number = 0;
    EH_TRY(eh_rights_next(rights, EH_COUNT_DISCLOSURE, &number, error));
    EH_TRY(eh_store_prepare(rights->store,
                            "INSERT INTO rights_disclosure (disclosure, person, recipient, what, at_s) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                            &insert, error));
    eh_bind_integer(insert, 1, number);
    eh_bind_integer(insert, 2, person);
    eh_bind_text(insert, 3, eh_view_of(disclosure->recipient));
    eh_bind_text(insert, 4, eh_view_of(disclosure->what));
    eh_bind_integer(insert, 5, disclosure->at_s);
    return eh_statement_run(insert, error);
}

static eh_code disclosure_write(step *s, eh_error *error)
{
    const pair *what = s->what;
    const eh_person_disclosure disclosure = {what->first, what->second, s->now_s};
    return eh_disclosure_write(s->rights, s->person.person, &disclosure, error);
}

eh_code eh_person_disclose(eh_rights *rights, eh_view key, const char *recipient, const char *what, int64_t now_s, eh_error *error)
{
    const pair texts = {recipient, what};
    step s = {.rights = rights, .key = key, .now_s = now_s, .what = &texts};
    EH_TRY(pair_check(&texts, "a recipient", error));
    return in_transaction(&s, true, disclosure_write, error);
}

eh_code eh_contact_write(eh_rights *rights, int64_t person, const char *kind, const char *value, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *insert = NULL;
    char lower[EH_RIGHTS_KEY_BYTES_MAX + 1];
    int64_t number = 0;
    size_t len = strlen(value);
    if (len == 0 || len > EH_RIGHTS_KEY_BYTES_MAX)
        return eh_fail(error, EH_INPUT, "an address or number has 1 to %d bytes", EH_RIGHTS_KEY_BYTES_MAX);
    for (size_t i = 0; i < len; i++)
        lower[i] = kind[0] == 'e' && value[i] >= 'A' && value[i] <= 'Z' ? (char)(value[i] - 'A' + 'a') : value[i];
    EH_TRY(eh_rights_next(rights, EH_COUNT_CONTACT, &number, error));
    EH_TRY(eh_rights_prepare(rights, "INSERT INTO rights_contact (contact, person, kind, value) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", &insert,
                             error));
    eh_bind_integer(insert, 1, number);
    eh_bind_integer(insert, 2, person);
    eh_bind_text(insert, 3, eh_view_of(kind));
    eh_bind_text(insert, 4, (eh_view){lower, len});
    return eh_statement_run(insert, error);
}

static eh_code contact_replace(step *s, const pair *what, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *remove = NULL;
    EH_TRY(eh_store_prepare(s->rights->store, "DELETE FROM rights_contact WHERE person = $1 AND kind = $2", &remove, error));
    eh_bind_integer(remove, 1, s->person.person);
    eh_bind_text(remove, 2, eh_view_of(what->first));
    EH_TRY(eh_statement_run(remove, error));
    return eh_contact_write(s->rights, s->person.person, what->first, what->second, error);
}

/* A notice per recipient, numbered as one block. */
static eh_code notices_write(step *s, const pair *what, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    EH_TRY(eh_store_prepare(s->rights->store, "SELECT DISTINCT recipient FROM rights_disclosure WHERE person = $1 ORDER BY recipient", &each, error));
    EH_TRY(eh_store_prepare(s->rights->store,
                            "INSERT INTO rights_outbox (notice, person, recipient, what, detail, at_s) VALUES ($1, $2, $3, $4, $5, $6)", &insert,
                            error));
    eh_bind_integer(each, 1, s->person.person);
    *count_out = 0;
    for (bool row = false;;) {
        int64_t number = 0;
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        EH_TRY(eh_rights_next(s->rights, EH_COUNT_NOTICE, &number, error));
        eh_bind_integer(insert, 1, number);
        eh_bind_integer(insert, 2, s->person.person);
        eh_bind_text(insert, 3, eh_column_text(each, 0));
        eh_bind_text(insert, 4, EH_VIEW("correction"));
        eh_bind_text(insert, 5, eh_view_of(what->first));
        eh_bind_integer(insert, 6, s->now_s);
        EH_TRY(eh_statement_run(insert, error));
        ++*count_out;
    }
}

eh_code eh_item_write(eh_rights *rights, int64_t person, const eh_person_item *item, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    int64_t number = 0;
    EH_TRY(eh_rights_next(rights, EH_COUNT_ITEM, &number, error));
    EH_TRY(eh_store_prepare(rights->store, "INSERT INTO rights_item (item, person, part, json) VALUES ($1, $2, $3, $4)", &insert, error));
    eh_bind_integer(insert, 1, number);
    eh_bind_integer(insert, 2, person);
    eh_bind_text(insert, 3, eh_view_of(item->part));
    eh_bind_text(insert, 4, eh_view_of(item->json));
    return eh_statement_run(insert, error);
}

eh_code eh_correction_write(eh_rights *rights, int64_t person, const eh_person_correction *correction, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    int64_t number = 0;
    EH_TRY(eh_rights_next(rights, EH_COUNT_CORRECTION, &number, error));
    EH_TRY(eh_store_prepare(rights->store, "INSERT INTO rights_correction (correction, person, field, value, at_s) VALUES ($1, $2, $3, $4, $5)",
                            &insert, error));
    eh_bind_integer(insert, 1, number);
    eh_bind_integer(insert, 2, person);
    eh_bind_text(insert, 3, eh_view_of(correction->field));
    eh_bind_text(insert, 4, eh_view_of(correction->value));
    eh_bind_integer(insert, 5, correction->at_s);
    return eh_statement_run(insert, error);
}

static eh_code correction_write(step *s, eh_error *error)
{
    const pair *what = s->what;
    const eh_person_correction correction = {what->first, what->second, s->now_s};
    if (strcmp(what->first, "email") == 0 || strcmp(what->first, "phone") == 0)
        EH_TRY(contact_replace(s, what, error));
    EH_TRY(eh_correction_write(s->rights, s->person.person, &correction, error));
    return notices_write(s, what, s->result, error);
}

eh_code eh_person_correct(eh_rights *rights, eh_view key, const char *field, const char *value, int64_t now_s, size_t *notices_out,
                          eh_error *error)
{
    const pair texts = {field, value};
    step s = {.rights = rights, .key = key, .now_s = now_s, .what = &texts, .result = notices_out};
    EH_TRY(pair_check(&texts, "a field", error));
    return in_transaction(&s, true, correction_write, error);
}

static eh_code sent_write(step *s, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *update = NULL;
    EH_TRY(eh_store_prepare(s->rights->store, "UPDATE rights_outbox SET sent_s = $1 WHERE notice = $2 AND sent_s IS NULL", &update, error));
    eh_bind_integer(update, 1, s->now_s);
    eh_bind_integer(update, 2, *(const int64_t *)s->what);
    EH_TRY(eh_statement_run(update, error));
    return eh_store_changes(s->rights->store) > 0 ? EH_OK : eh_fail(error, EH_NOT_FOUND, "there is no notice of that number that waits");
}

eh_code eh_notice_sent(eh_rights *rights, int64_t notice, int64_t now_s, eh_error *error)
{
    step s = {.rights = rights, .now_s = now_s, .what = &notice};
    return in_transaction(&s, false, sent_write, error);
}
