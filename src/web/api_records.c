/* Feedback, outcomes, proofs and links for machines. */
#include <string.h>

#include "feedback/feedback.h"
#include "rights/links.h"
#include "web/api_int.h"

enum { OUTCOMES_MAX = 1000, NAME_MAX_BYTES = 200, DAYS_USUAL = 180, DAYS_MAX = 1825, DAY_SECONDS = 86400, LIST_MAX = 200, RECORD_ID_LEN = 32, TICKET_LEN = 12 };

static eh_answer wrong(eh_exchange *exchange, const eh_error *error)
{
    eh_exchange_fail(exchange, error);
    return EH_NOW;
}

static eh_view view_or_empty(const char *text)
{
    return text == NULL ? (eh_view){0} : eh_view_of(text);
}

/* Finishes what a transaction did: keeps the answer, commits; a failure becomes the answer. */
static void settle(eh_exchange *exchange, eh_store *store, eh_code code, eh_error *error)
{
    if (code == EH_OK)
        code = eh_api_remember(exchange, store, error);
    if (code == EH_OK)
        code = eh_store_commit(store, error);
    eh_web_store_give(eh_web_of(exchange), store);
    if (code != EH_OK)
        eh_api_refuse(exchange, error);
}

/* ---- feedback --------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *kind, *person, *decision, *campaign, *subject, *rule, *words, *language;
} feedback_body;

static const eh_body_member feedback_members[] = {
    {"kind", EH_BODY_WORD, true, offsetof(feedback_body, kind), 0, "useful creepy wrong unfair other complaint"},
    {"person", EH_BODY_PERSON, false, offsetof(feedback_body, person), 0, NULL},
    {"decision", EH_BODY_TEXT, false, offsetof(feedback_body, decision), NAME_MAX_BYTES, NULL},
    {"campaign", EH_BODY_TEXT, false, offsetof(feedback_body, campaign), NAME_MAX_BYTES, NULL},
    {"subject", EH_BODY_TEXT, false, offsetof(feedback_body, subject), NAME_MAX_BYTES, NULL},
    {"rule", EH_BODY_TEXT, false, offsetof(feedback_body, rule), NAME_MAX_BYTES, NULL},
    {"words", EH_BODY_TEXT, false, offsetof(feedback_body, words), EH_FEEDBACK_WORDS_BYTES_MAX, NULL},
    {"language", EH_BODY_TEXT, false, offsetof(feedback_body, language), NAME_MAX_BYTES, NULL},
};

static eh_code feedback_keep(eh_exchange *exchange, eh_store *store, const feedback_body *body, eh_error *error)
{
    int64_t now_s = eh_web_now_s(eh_web_of(exchange));
    eh_feedback_wish wish = {.person = view_or_empty(body->person), .decision = view_or_empty(body->decision), .campaign = view_or_empty(body->campaign),
                             .subject = view_or_empty(body->subject), .rule = view_or_empty(body->rule), .words = view_or_empty(body->words),
                             .language = view_or_empty(body->language)};
    char ticket[EH_TICKET_BYTES];
    eh_json_writer json;
    EH_ASSERT(eh_feedback_kind_find(eh_view_of(body->kind), &wish.kind));
    EH_TRY(eh_store_begin(store, error));
    EH_TRY(eh_feedback_give(store, &wish, now_s, ticket, error));
    eh_api_json_begin(exchange, 201, &json);
    eh_json_text(&json, "ticket", ticket);
    eh_json_time(&json, "given", now_s);
    eh_json_time(&json, "due", now_s + eh_feedback_days(wish.kind) * DAY_SECONDS);
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

static void feedback_give(eh_exchange *exchange)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_error error = {0};
    feedback_body body = {0};
    eh_store *store;
    eh_code code = eh_body_parse(exchange, &document, &error);
    if (code == EH_OK)
        code = eh_body_read(eh_json_root(document), "", feedback_members, sizeof feedback_members / sizeof feedback_members[0], &body, &error);
    if (code == EH_OK)
        code = eh_web_store_take(eh_web_of(exchange), &store, &error);
    if (code != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return;
    }
    code = feedback_keep(exchange, store, &body, &error);
    settle(exchange, store, code, &error);
}

eh_answer eh_api_feedback_give(eh_exchange *exchange)
{
    eh_error error = {0};
    return eh_query_check(exchange, "", &error) == EH_OK ? eh_api_later(exchange, feedback_give) : wrong(exchange, &error);
}

static void piece_write(eh_json_writer *json, const char *key, const eh_feedback *piece)
{
    const struct {
        const char *name, *text;
    } texts[] = {{"person", piece->person}, {"decision", piece->decision}, {"campaign", piece->campaign}, {"subject", piece->subject},
                 {"rule", piece->rule},     {"words", piece->words},       {"language", piece->language}, {"answer", piece->answer},
                 {"change", piece->change}};
    if (key == NULL)
        eh_json_object_open(json, NULL);
    eh_json_text(json, "ticket", piece->ticket);
    eh_json_text(json, "kind", eh_feedback_kind_name(piece->kind));
    eh_json_time(json, "given", piece->given_s);
    eh_json_time(json, "due", piece->due_s);
    if (piece->answered_s != 0)
        eh_json_time(json, "answered", piece->answered_s);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i].text[0] != '\0')
            eh_json_text(json, texts[i].name, texts[i].text);
    if (key == NULL)
        eh_json_object_close(json);
}

static void feedback_show(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_feedback piece;
    eh_json_writer json;
    eh_store *store;
    eh_code code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = eh_feedback_read(store, exchange->parameters[0], exchange->arena, &piece, &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK) {
        eh_api_refuse(exchange, &error);
        return;
    }
    eh_api_json_begin(exchange, 200, &json);
    piece_write(&json, "", &piece);
    eh_api_json_end(exchange, &json);
}

eh_answer eh_api_feedback_show(eh_exchange *exchange)
{
    eh_error error = {0};
    eh_view ticket = exchange->parameters[0];
    static const char letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    bool good = ticket.len == TICKET_LEN && memcmp(ticket.ptr, "EH-", 3) == 0 && ticket.ptr[7] == '-';
    for (size_t i = 3; good && i < ticket.len; i++)
        good = i == 7 || (ticket.ptr[i] != '\0' && strchr(letters, ticket.ptr[i]) != NULL);
    if (!good) {
        (void)eh_fail(&error, EH_INPUT, "a ticket looks like EH-7K3Q-92XD");
        return wrong(exchange, &error);
    }
    return eh_query_check(exchange, "", &error) == EH_OK ? eh_api_later(exchange, feedback_show) : wrong(exchange, &error);
}

/* ---- lists: a page, and where the next one begins ------------------------------------------------------------------------------------------ */

/* What a list was asked for, but for its place. */
static eh_code question_of(const eh_exchange *exchange, eh_buffer *out, eh_error *error)
{
    static const char *const names[] = {"open", "person", "subject"};
    eh_buffer_text(out, exchange->route->pattern);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        eh_view value = eh_fields_get(exchange->query, names[i]);
        eh_buffer_format(out, "|%zu:", value.len);
        eh_buffer_append(out, value);
    }
    return eh_buffer_check(out, error);
}

static eh_code place_read(eh_exchange *exchange, eh_view beside, int64_t *place_out, char ticket_out[EH_TICKET_BYTES], eh_error *error)
{
    eh_view cursor = eh_fields_get(exchange->query, "cursor"), position;
    *place_out = 0;
    ticket_out[0] = '\0';
    if (cursor.ptr == NULL)
        return EH_OK;
    EH_TRY(eh_api_cursor_read(exchange, cursor, beside, &position, error));
    if (position.len < sizeof *place_out || position.len - sizeof *place_out >= EH_TICKET_BYTES)
        return eh_fail(error, EH_INPUT, "cursor: this is not the \"next\" of an answer to the same question");
    memcpy(place_out, position.ptr, sizeof *place_out);
    memcpy(ticket_out, position.ptr + sizeof *place_out, position.len - sizeof *place_out);
    ticket_out[position.len - sizeof *place_out] = '\0';
    return EH_OK;
}

static void next_write(const eh_exchange *exchange, eh_json_writer *json, eh_view beside, int64_t place, const char *ticket)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer cursor = {0};
    char position[sizeof place + EH_TICKET_BYTES];
    size_t len = strlen(ticket);
    memcpy(position, &place, sizeof place);
    memcpy(position + sizeof place, ticket, len);
    eh_api_cursor_append(eh_web_of(exchange), beside, (eh_view){position, sizeof place + len}, &cursor);
    eh_json_text(json, "next", cursor.ptr);
}

static eh_code feedback_page(eh_exchange *exchange, eh_store *store, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer beside = {0};
    eh_feedback_page_spec spec = {.person = eh_fields_get(exchange->query, "person"), .subject = eh_fields_get(exchange->query, "subject")};
    const eh_feedback *pieces;
    size_t limit = 0, count = 0;
    char ticket[EH_TICKET_BYTES];
    eh_json_writer json;
    EH_TRY(eh_query_limit(exchange, &limit, error));
    EH_TRY(question_of(exchange, &beside, error));
    EH_TRY(place_read(exchange, eh_buffer_view(&beside), &spec.before_s, ticket, error));
    spec.before_ticket = eh_view_of(ticket);
    spec.open_only = eh_view_equal(eh_fields_get(exchange->query, "open"), EH_VIEW("true"));
    spec.count_max = limit + 1;
    EH_TRY(eh_feedback_read_page(store, &spec, exchange->arena, &pieces, &count, error));
    eh_api_json_begin(exchange, 200, &json);
    eh_json_array_open(&json, "items");
    for (size_t i = 0; i < count && i < limit; i++)
        piece_write(&json, NULL, &pieces[i]);
    eh_json_array_close(&json);
    if (count > limit)
        next_write(exchange, &json, eh_buffer_view(&beside), pieces[limit - 1].given_s, pieces[limit - 1].ticket);
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

static void with_store(eh_exchange *exchange, eh_code (*show)(eh_exchange *exchange, eh_store *store, eh_error *error))
{
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    eh_store *store;
    eh_code code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = show(exchange, store, &error);
        eh_web_store_give(web, store);
    }
    if (code != EH_OK)
        eh_api_refuse(exchange, &error);
}

static void feedback_list(eh_exchange *exchange)
{
    with_store(exchange, feedback_page);
}

/* A list may be of one person; the key has then to be one. */
static eh_code list_query_check(const eh_exchange *exchange, const char *names, eh_error *error)
{
    eh_view person = eh_fields_get(exchange->query, "person"), open = eh_fields_get(exchange->query, "open");
    eh_view subject = eh_fields_get(exchange->query, "subject");
    size_t limit = 0;
    EH_TRY(eh_query_check(exchange, names, error));
    EH_TRY(eh_query_limit(exchange, &limit, error));
    if (subject.ptr != NULL && eh_text_length_check(subject, NAME_MAX_BYTES, error) != EH_OK)
        return eh_fail_within(error, "subject");
    if (open.ptr != NULL && !eh_view_equal(open, EH_VIEW("true")) && !eh_view_equal(open, EH_VIEW("false")))
        return eh_fail(error, EH_INPUT, "open: true or false is expected");
    return person.ptr == NULL ? EH_OK : eh_person_key_check(person, error);
}

eh_answer eh_api_feedback_list(eh_exchange *exchange)
{
    eh_error error = {0};
    eh_code code = list_query_check(exchange, "limit cursor open person subject", &error);
    return code == EH_OK ? eh_api_later(exchange, feedback_list) : wrong(exchange, &error);
}

/* ---- outcomes --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_json_value outcomes;
} outcomes_body;
static const eh_body_member outcomes_members[] = {{"outcomes", EH_BODY_ITEMS, true, offsetof(outcomes_body, outcomes), OUTCOMES_MAX, NULL}};

typedef struct {
    const char *person, *name, *decision;
    double value;
    int64_t at_s;
} outcome_body;
static const eh_body_member outcome_members[] = {
    {"person", EH_BODY_PERSON, true, offsetof(outcome_body, person), 0, NULL},
    {"name", EH_BODY_TEXT, true, offsetof(outcome_body, name), EH_WORKSPACE_NAME_BYTES_MAX, NULL},
    {"value", EH_BODY_VALUE, true, offsetof(outcome_body, value), 0, NULL},
    {"at", EH_BODY_TIME, true, offsetof(outcome_body, at_s), 0, NULL},
    {"decision", EH_BODY_TEXT, false, offsetof(outcome_body, decision), NAME_MAX_BYTES, NULL},
};

static eh_code outcome_check(const eh_web *web, const outcome_body *body, eh_error *error)
{
    const char *names[EH_OUTCOMES_MAX];
    const eh_workspace_model *model = web->model;
    size_t count = model->outcomes_count < EH_OUTCOMES_MAX ? model->outcomes_count : EH_OUTCOMES_MAX;
    bool found = false;
    for (size_t i = 0; i < count; i++) {
        names[i] = model->outcomes[i].name;
        found = found || strcmp(names[i], body->name) == 0;
    }
    if (body->at_s <= 0 || body->at_s > eh_web_now_s(web))
        return eh_fail(error, EH_INPUT, "it lies before 1970 or in the future");
    if (found)
        return EH_OK;
    const char *nearest = eh_nearest_name(body->name, names, count);
    return nearest != NULL ? eh_fail(error, EH_INPUT, "evenhand.yaml has no outcome '%s'; did you mean '%s'?", body->name, nearest)
                           : eh_fail(error, EH_INPUT, "evenhand.yaml has no outcome '%s'", body->name);
}

/* Looked at before anything is written: the ledger is asked with the store's write lock free. */
static eh_code outcomes_look(eh_exchange *exchange, const outcome_body *bodies, size_t count, eh_outcome *outcomes, eh_outcome_about *abouts, eh_error *error)
{
    const eh_web *web = eh_web_of(exchange);
    for (size_t i = 0; i < count; i++) {
        outcomes[i] = (eh_outcome){.person = bodies[i].person, .name = bodies[i].name, .decision = bodies[i].decision == NULL ? "" : bodies[i].decision,
                                   .value = bodies[i].value, .at_s = bodies[i].at_s, .recorded_s = eh_web_now_s(web)};
        eh_code code = outcome_check(web, &bodies[i], error);
        if (code == EH_OK)
            code = eh_outcome_about_find(exchange, &outcomes[i], &abouts[i], error);
        if (code != EH_OK)
            return eh_fail_within(error, "outcomes[%zu]", i);
    }
    return EH_OK;
}

static eh_code outcomes_keep(eh_exchange *exchange, eh_store *store, const outcome_body *bodies, size_t count, eh_error *error)
{
    eh_outcome *outcomes = EH_TAKE(exchange->arena, count, eh_outcome);
    eh_outcome_about *abouts = EH_TAKE(exchange->arena, count, eh_outcome_about);
    eh_json_writer json;
    size_t known_count = 0;
    int64_t last = 0;
    if (outcomes == NULL || abouts == NULL)
        return eh_fail_memory(error);
    EH_TRY(outcomes_look(exchange, bodies, count, outcomes, abouts, error));
    EH_TRY(eh_campaigns_prepare(store, error));
    EH_TRY(eh_store_begin(store, error));
    EH_TRY(eh_outcomes_last(store, &last, error));
    for (size_t i = 0; i < count; i++) {
        bool known = false;
        outcomes[i].number = last;
        EH_TRY(eh_outcome_keep(store, &outcomes[i], &known, error));
        known_count += known;
    }
    EH_TRY(eh_outcomes_pass_on(exchange, store, outcomes, abouts, count, error));
    eh_api_json_begin(exchange, 200, &json);
    eh_json_integer(&json, "recorded", (int64_t)(count - known_count));
    eh_json_integer(&json, "known", (int64_t)known_count);
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

static eh_code outcomes_read(eh_exchange *exchange, eh_json_value root, outcome_body **bodies_out, size_t *count_out, eh_error *error)
{
    outcomes_body body = {0};
    char where[32];
    EH_TRY(eh_body_read(root, "", outcomes_members, 1, &body, error));
    size_t count = eh_json_count(body.outcomes);
    outcome_body *bodies = EH_TAKE(exchange->arena, count, outcome_body);
    if (bodies == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        snprintf(where, sizeof where, "outcomes[%zu]", i);
        EH_TRY(eh_body_read(eh_json_item(body.outcomes, i), where, outcome_members, sizeof outcome_members / sizeof outcome_members[0], &bodies[i], error));
    }
    *bodies_out = bodies;
    *count_out = count;
    return EH_OK;
}

static void outcomes_record(eh_exchange *exchange)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_error error = {0};
    outcome_body *bodies = NULL;
    size_t count = 0;
    eh_store *store;
    eh_code code = eh_body_parse(exchange, &document, &error);
    if (code == EH_OK)
        code = outcomes_read(exchange, eh_json_root(document), &bodies, &count, &error);
    if (code == EH_OK)
        code = eh_web_store_take(eh_web_of(exchange), &store, &error);
    if (code != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return;
    }
    code = outcomes_keep(exchange, store, bodies, count, &error);
    settle(exchange, store, code, &error);
}

eh_answer eh_api_outcomes_record(eh_exchange *exchange)
{
    eh_error error = {0};
    return eh_query_check(exchange, "", &error) == EH_OK ? eh_api_later(exchange, outcomes_record) : wrong(exchange, &error);
}

static void outcome_write(eh_json_writer *json, const eh_outcome *outcome)
{
    eh_json_object_open(json, NULL);
    eh_json_text(json, "person", outcome->person);
    eh_json_text(json, "name", outcome->name);
    eh_json_number(json, "value", outcome->value);
    eh_json_time(json, "at", outcome->at_s);
    eh_json_time(json, "recorded", outcome->recorded_s);
    if (outcome->decision[0] != '\0')
        eh_json_text(json, "decision", outcome->decision);
    eh_json_object_close(json);
}

static eh_code outcomes_page(eh_exchange *exchange, eh_store *store, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer beside = {0};
    eh_outcome list[LIST_MAX + 1];
    int64_t after = 0;
    size_t limit = 0;
    char ticket[EH_TICKET_BYTES];
    eh_json_writer json;
    EH_TRY(eh_query_limit(exchange, &limit, error));
    EH_TRY(question_of(exchange, &beside, error));
    EH_TRY(place_read(exchange, eh_buffer_view(&beside), &after, ticket, error));
    size_t count = limit + 1;
    EH_TRY(eh_outcomes_list(store, eh_fields_get(exchange->query, "person"), after, exchange->arena, list, &count, error));
    eh_api_json_begin(exchange, 200, &json);
    eh_json_array_open(&json, "items");
    for (size_t i = 0; i < count && i < limit; i++)
        outcome_write(&json, &list[i]);
    eh_json_array_close(&json);
    if (count > limit)
        next_write(exchange, &json, eh_buffer_view(&beside), list[limit - 1].number, "");
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

static void outcomes_list(eh_exchange *exchange)
{
    with_store(exchange, outcomes_page);
}

eh_answer eh_api_outcomes_list(eh_exchange *exchange)
{
    eh_error error = {0};
    eh_code code = list_query_check(exchange, "limit cursor person", &error);
    return code == EH_OK ? eh_api_later(exchange, outcomes_list) : wrong(exchange, &error);
}

/* ---- proofs ------------------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_proof_append(eh_exchange *exchange, eh_view id, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_ledger_record record;
    if (web->ledger == NULL && eh_ledger_exists(web->model->folder))
        return eh_fail(error, EH_UNAVAILABLE, "another process writes the ledger");
    if (web->ledger == NULL)
        return eh_fail(error, EH_NOT_FOUND, "this workspace has no ledger; evenhand keys make --name NAME makes one");
    eh_code code = eh_ledger_read(web->ledger, id, exchange->arena, &record, error);
    if (code == EH_NOT_FOUND) {
        /* It may be on the disk and not published yet. */
        EH_TRY(eh_ledger_publish(web->ledger, error));
        code = eh_ledger_read(web->ledger, id, exchange->arena, &record, error);
    }
    return code == EH_OK ? eh_ledger_prove(web->ledger, &record, &exchange->out, error) : code;
}

static void proof(eh_exchange *exchange)
{
    eh_error error = {0};
    exchange->content_type = "text/plain; charset=utf-8";
    if (eh_proof_append(exchange, exchange->parameters[0], &error) != EH_OK)
        eh_exchange_fail(exchange, &error);
}

eh_answer eh_api_proof(eh_exchange *exchange)
{
    eh_error error = {0};
    eh_view id = exchange->parameters[0];
    bool good = id.len == RECORD_ID_LEN;
    for (size_t i = 0; good && i < id.len; i++)
        good = (id.ptr[i] >= '0' && id.ptr[i] <= '9') || (id.ptr[i] >= 'a' && id.ptr[i] <= 'f');
    if (!good) {
        (void)eh_fail(&error, EH_INPUT, "an entry of the ledger is named by %d hexadecimal digits in lower case", RECORD_ID_LEN);
        return wrong(exchange, &error);
    }
    return eh_query_check(exchange, "", &error) == EH_OK ? eh_api_later(exchange, proof) : wrong(exchange, &error);
}

/* ---- links ---------------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *person, *page, *about;
    int64_t days;
} link_body;
static const eh_body_member link_members[] = {
    {"person", EH_BODY_PERSON, true, offsetof(link_body, person), 0, NULL},
    {"page", EH_BODY_WORD, true, offsetof(link_body, page), 0, "why choices unsubscribe data feedback"},
    {"about", EH_BODY_TEXT, false, offsetof(link_body, about), EH_LINK_KEY_BYTES_MAX, NULL},
    {"days", EH_BODY_INTEGER, false, offsetof(link_body, days), DAYS_MAX, NULL},
};

static const struct {
    const char *name;
    eh_link_purpose purpose;
} pages[] = {{"why", EH_LINK_WHY}, {"choices", EH_LINK_PREFERENCES}, {"unsubscribe", EH_LINK_UNSUBSCRIBE}, {"data", EH_LINK_DATA}, {"feedback", EH_LINK_WHY}};

static eh_code link_make(eh_exchange *exchange, const link_body *body, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer url = {0};
    eh_link link = {.person = eh_view_of(body->person), .subject = view_or_empty(body->about),
                    .expires_s = eh_web_now_s(web) + (body->days == 0 ? DAYS_USUAL : body->days) * DAY_SECONDS};
    eh_json_writer json;
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++)
        if (strcmp(pages[i].name, body->page) == 0)
            link.purpose = pages[i].purpose;
    eh_buffer_format(&url, "%s/%s/", web->origin, body->page);
    EH_TRY(eh_link_append(&web->link_key, &link, NULL, &url, error));
    EH_TRY(eh_buffer_check(&url, error));
    eh_api_json_begin(exchange, 201, &json);
    eh_json_text(&json, "url", url.ptr);
    eh_json_time(&json, "expires", link.expires_s);
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

/* Nothing is kept of a link: it is made on the server's own thread. */
eh_answer eh_api_link(eh_exchange *exchange)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_error error = {0};
    link_body body = {0};
    eh_code code = eh_query_check(exchange, "", &error);
    if (code == EH_OK)
        code = eh_body_parse(exchange, &document, &error);
    if (code == EH_OK)
        code = eh_body_read(eh_json_root(document), "", link_members, sizeof link_members / sizeof link_members[0], &body, &error);
    if (code == EH_OK)
        code = link_make(exchange, &body, &error);
    return code == EH_OK ? EH_NOW : wrong(exchange, &error);
}
