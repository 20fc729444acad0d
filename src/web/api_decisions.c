/* Decisions and explanations for machines. */
#include <string.h>

#include "web/api_int.h"
#include "web/desks_int.h"
#include "web/recall_int.h"

enum { NAME_MAX_BYTES = 79, ID_LEN = EH_LEDGER_ID_BYTES - 1, LANGUAGE_MAX_BYTES = 35 };

/* Stands where the ledger's id goes, until there is one. */
#define NO_ID "00000000000000000000000000000000"
_Static_assert(sizeof NO_ID == EH_LEDGER_ID_BYTES, "as long as an id");

typedef struct {
    const char *campaign, *person, *lang;
    eh_json_value facts;
    int64_t at;
} decision_body;

static const eh_body_member decision_members[] = {
    {"campaign", EH_BODY_TEXT, true, offsetof(decision_body, campaign), NAME_MAX_BYTES, NULL},
    {"person", EH_BODY_PERSON, true, offsetof(decision_body, person), 0, NULL},
    {"facts", EH_BODY_OBJECT, false, offsetof(decision_body, facts), 0, NULL},
    {"at", EH_BODY_TIME, false, offsetof(decision_body, at), 0, NULL},
    {"lang", EH_BODY_TEXT, false, offsetof(decision_body, lang), LANGUAGE_MAX_BYTES, NULL},
};

static eh_code body_read(eh_exchange *exchange, eh_json_document **document_out, decision_body *body, eh_error *error)
{
    EH_TRY(eh_body_parse(exchange, document_out, error));
    return eh_body_read(eh_json_root(*document_out), "", decision_members, sizeof decision_members / sizeof decision_members[0], body, error);
}

static eh_code words_of(eh_exchange *exchange, const char *asked, const eh_words **words_out, eh_error *error)
{
    const eh_web *web = eh_web_of(exchange);
    const char *language = asked != NULL ? asked : web->model->shop.language != NULL ? web->model->shop.language : "en";
    *words_out = eh_desks_words(web->desks, language);
    if (*words_out == NULL && asked == NULL)
        *words_out = eh_desks_words(web->desks, "en");
    return *words_out != NULL ? EH_OK : eh_fail(error, EH_INPUT, "lang: '%.35s' is not spoken here; en, de, fr and es are", asked);
}

/* Decides and writes the answer, all but its id, whose place is *id_at_out. */
static eh_code decide(eh_exchange *exchange, eh_desk_place *place, const decision_body *body, eh_desk_waiting *waiting, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_desk *desk = eh_desk_of(place);
    eh_trace *trace = EH_TAKE(exchange->arena, 1, eh_trace);
    const char *person = eh_arena_copy(exchange->arena, eh_view_of(body->person)); /* the trace borrows it, and the document goes */
    const eh_words *words;
    eh_json_writer json;
    if (trace == NULL || person == NULL)
        return eh_fail_memory(error);
    EH_TRY(words_of(exchange, body->lang, &words, error));
    eh_desk_request request = {.person = eh_view_of(person), .facts = body->facts, .at_s = body->at != 0 ? body->at : eh_web_now_s(web)};
    EH_TRY(eh_desk_decide(desk, &request, exchange->arena, trace, error));
    if (body->facts == NULL)
        eh_desk_is_warm(place);
    waiting->exchange = exchange;
    waiting->place = place;
    waiting->trace = trace;
    EH_TRY(eh_desk_entry(desk, trace, exchange->arena, &waiting->entry, error));
    exchange->status = 201;
    exchange->content_type = "application/json";
    eh_json_begin(&json, &exchange->out, false, false);
    EH_TRY(eh_desk_answer_json(desk, trace, &(eh_desk_said){.id = NO_ID, .words = words}, exchange->arena, &json, error));
    EH_TRY(eh_buffer_check(&exchange->out, error));
    const char *at = memmem(exchange->out.ptr, exchange->out.len, "\"" NO_ID "\"", sizeof NO_ID + 1);
    if (at == NULL)
        return eh_fail(error, EH_INTERNAL, "the answer has no place for its id");
    waiting->id_at = (size_t)(at + 1 - exchange->out.ptr);
    return EH_OK;
}

static eh_code decide_alone(eh_exchange *exchange, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_web *web = eh_web_of(exchange);
    eh_desk_place *place = NULL;
    eh_desk_waiting waiting = {0};
    decision_body body = {0};
    EH_TRY(body_read(exchange, &document, &body, error));
    EH_TRY(eh_desks_fetch(web->desks, eh_view_of(body.campaign), &place, error));
    if (eh_desk_counts(eh_desk_of(place)))
        waiting.turn = eh_turns_take(eh_desks_turns(web->desks), eh_view_of(body.person));
    eh_code code = decide(exchange, place, &body, &waiting, error);
    if (code == EH_OK)
        code = eh_desks_record(web->desks, &waiting, error);
    eh_turns_give(eh_desks_turns(web->desks), waiting.turn);
    eh_desks_give(web->desks, place);
    return code;
}

/* On a thread that may wait: the desk is not open yet, the answer is to be kept, or it is not the person's turn. */
static void decide_later(eh_exchange *exchange)
{
    eh_error error = {0};
    if (decide_alone(exchange, &error) != EH_OK)
        eh_api_refuse(exchange, &error);
}

static eh_answer refuse(eh_exchange *exchange, const eh_error *error)
{
    eh_api_refuse(exchange, error);
    return EH_NOW;
}

eh_answer eh_api_decide(eh_exchange *exchange)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_web *web = eh_web_of(exchange);
    eh_error error = {0};
    decision_body body = {0};
    if (eh_query_check(exchange, "", &error) != EH_OK || body_read(exchange, &document, &body, &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return EH_NOW;
    }
    eh_desk_place *place = eh_fields_get(exchange->headers, "idempotency-key").ptr != NULL ? NULL : eh_desks_take(web->desks, eh_view_of(body.campaign));
    uint64_t turn = 0;
    if (place != NULL && eh_desk_counts(eh_desk_of(place)) && (turn = eh_turns_try(eh_desks_turns(web->desks), eh_view_of(body.person))) == 0) {
        eh_desks_give(web->desks, place); /* another decision about this person, or a release, is under way */
        place = NULL;
    }
    if (place == NULL)
        return eh_api_later(exchange, decide_later);
    eh_desk_waiting *waiting = EH_TAKE(exchange->arena, 1, eh_desk_waiting);
    if (waiting != NULL)
        waiting->turn = turn;
    eh_code code = waiting == NULL ? eh_fail_memory(&error) : decide(exchange, place, &body, waiting, &error);
    if (code == EH_OK && eh_desks_wait(web->desks, waiting))
        return EH_LATER;
    eh_turns_give(eh_desks_turns(web->desks), turn);
    eh_desks_give(web->desks, place);
    if (code != EH_OK)
        return refuse(exchange, &error);
    eh_exchange_problem(exchange, 503, "too many decisions wait for the disk; ask again in a second");
    eh_exchange_header(exchange, "Retry-After", "1");
    return EH_NOW;
}

/* ---- reading them back ------------------------------------------------------------------------------------------------------------- */

static void show(eh_exchange *exchange)
{
    eh_recall *recall = eh_web_of(exchange)->recall;
    eh_decision *decision = NULL;
    eh_error error = {0};
    eh_json_writer json;
    if (eh_recall_decision(recall, exchange->parameters[0], exchange->arena, &decision, &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return;
    }
    exchange->content_type = "application/json";
    eh_json_begin(&json, &exchange->out, false, false);
    eh_trace_json(&decision->trace, &decision->file.frame, &json, NULL);
    eh_recall_give(recall, decision);
}

static eh_code page_write(eh_exchange *exchange, const eh_decision *decision, eh_error *error)
{
    eh_view asked = eh_fields_get(exchange->query, "lang");
    const eh_words *words;
    eh_page page = {0};
    eh_page_input input = {0};
    eh_json_writer json;
    EH_TRY(words_of(exchange, asked.ptr == NULL ? NULL : eh_arena_copy(exchange->arena, asked), &words, error));
    EH_TRY(eh_decision_page(decision, words, exchange->arena, &page, &input, error));
    exchange->content_type = "application/json";
    eh_json_begin(&json, &exchange->out, false, false);
    eh_page_json(&page, &input, &json, NULL);
    return EH_OK;
}

static void explain(eh_exchange *exchange)
{
    eh_recall *recall = eh_web_of(exchange)->recall;
    eh_decision *decision = NULL;
    eh_error error = {0};
    eh_code code = eh_recall_decision(recall, exchange->parameters[0], exchange->arena, &decision, &error);
    if (code == EH_OK) {
        code = page_write(exchange, decision, &error);
        eh_recall_give(recall, decision);
    }
    if (code != EH_OK)
        eh_api_refuse(exchange, &error);
}

static eh_answer of_id(eh_exchange *exchange, const char *query, eh_api_work work)
{
    eh_error error = {0};
    if (!eh_api_id_is_one(exchange->parameters[0]))
        (void)eh_fail(&error, EH_INPUT, "a decision is named by %d hexadecimal digits in lower case", ID_LEN);
    else if (eh_query_check(exchange, query, &error) == EH_OK)
        return eh_api_later(exchange, work);
    eh_exchange_fail(exchange, &error);
    return EH_NOW;
}

eh_answer eh_api_decision_show(eh_exchange *exchange) { return of_id(exchange, "", show); }
eh_answer eh_api_explanation(eh_exchange *exchange) { return of_id(exchange, "lang", explain); }
