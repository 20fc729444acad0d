/* Letting a plan go out: released when its guards say so, by two people when they do not. */
#include <string.h>

#include "journey/campaigns.h"
#include "web/desks_int.h"
#include "web/team_int.h"

enum { WORDS_BYTES_MAX = 4000 };

static const char *plan_page(eh_exchange *exchange, const char *name)
{
    const char *path = eh_arena_format(exchange->arena, "/team/plans/%s", name);
    return path == NULL ? "/team/campaigns" : path;
}

/* The send list lies in the shop's own folder: it is the shop's, and what sends it reads it there. */
static const char *list_path(eh_exchange *exchange, const char *name)
{
    return eh_arena_format(exchange->arena, "%s/send-lists/%s.csv", eh_web_of(exchange)->model->folder, name);
}

static eh_code words_take(eh_exchange *exchange, const char *field, const char **words_out, eh_error *error)
{
    eh_view words = eh_view_trim(eh_fields_get(eh_exchange_team_form(exchange), field));
    if (words.len == 0)
        return eh_fail(error, EH_INPUT, "say why; the other person and whoever looks into the ledger read it");
    if (words.len > WORDS_BYTES_MAX)
        return eh_fail(error, EH_INPUT, "at most %d bytes of reasons", WORDS_BYTES_MAX);
    *words_out = eh_arena_copy(exchange->arena, words);
    return *words_out == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code release(eh_exchange *exchange, const char *name, eh_release_request *request, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_release_result result = {0};
    bool owned = false;
    request->model = web->model;
    request->plan = name;
    request->origin = web->origin;
    request->now = (eh_instant){.seconds = eh_web_now_s(web)};
    request->output = list_path(exchange, name);
    if (request->output == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_team_ledger_take(web, &request->ledger, &owned, error));
    pthread_mutex_lock(&web->plan_lock);
    eh_turns_pause(eh_desks_turns(web->desks));
    eh_code code = eh_release(request, &result, error);
    eh_turns_resume(eh_desks_turns(web->desks));
    pthread_mutex_unlock(&web->plan_lock);
    eh_buffer_dispose(&result.list);
    if (owned)
        eh_ledger_close(&request->ledger);
    return code;
}

static void answer(eh_exchange *exchange, eh_code code, const eh_error *error, const char *name, const char *done)
{
    if (code != EH_OK)
        eh_page_of_error(exchange, error);
    else
        eh_team_redirect_done(exchange, plan_page(exchange, name), done);
}

eh_answer eh_team_plan_release(eh_exchange *exchange)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list plans = {0};
    eh_error error = {0};
    eh_release_request request = {0};
    eh_code code = eh_kept_plan(exchange, exchange->parameters[0], &plans, &error);
    const char *name = code == EH_OK ? plans.items[0].name : "";
    if (code == EH_OK)
        code = release(exchange, name, &request, &error);
    answer(exchange, code, &error, name, "released");
    return EH_NOW;
}

/* ---- by two ------------------------------------------------------------------------------------------------------------------------- */

/* What was asked or refused is in the ledger too; an approval stands there beside the plan that it let go. */
static eh_code act_record(eh_web *web, const eh_approval *act, bool refused, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {0};
    eh_json_writer out;
    eh_ledger *ledger = NULL;
    bool owned = false;
    eh_json_begin(&out, &said, false, false);
    eh_json_object_open(&out, NULL);
    eh_json_text(&out, "plan", act->plan);
    eh_json_text(&out, "asked_by", act->asked_by);
    eh_json_text(&out, "reason", act->reason);
    if (refused) {
        eh_json_text(&out, "refused_by", act->answered_by);
        eh_json_text(&out, "because", act->note);
    }
    eh_json_object_close(&out);
    EH_TRY(eh_buffer_check(&said, error));
    EH_TRY(eh_team_ledger_take(web, &ledger, &owned, error));
    eh_code code = eh_ledger_append(ledger, &(eh_ledger_entry){.kind = EH_VIEW("approval"), .payload = eh_buffer_view(&said)}, 1, NULL, error);
    if (code == EH_OK)
        code = eh_ledger_publish(ledger, error);
    if (owned)
        eh_ledger_close(&ledger);
    return code;
}

static eh_code ask(eh_exchange *exchange, const eh_kept *plan, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    eh_plan_standing standing;
    eh_approval wish = {.plan = plan->name, .asked_by = eh_team_name(exchange), .asked_s = eh_web_now_s(web)};
    EH_TRY(words_take(exchange, "reason", &wish.reason, error));
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_plan_standing_read(exchange, store, plan, &standing, error);
    if (code == EH_OK && (standing.state == EH_PLAN_OUT || standing.state == EH_PLAN_READY))
        code = eh_fail(error, EH_CONFLICT, standing.state == EH_PLAN_OUT ? "this plan went out already" : "this plan needs no approval: it may be released");
    if (code == EH_OK)
        code = eh_approval_ask(store, &wish, error);
    eh_web_store_give(web, store);
    return code == EH_OK ? act_record(web, &wish, false, error) : code;
}

eh_answer eh_team_plan_ask(eh_exchange *exchange)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list plans = {0};
    eh_error error = {0};
    eh_code code = eh_kept_plan(exchange, exchange->parameters[0], &plans, &error);
    const char *name = code == EH_OK ? plans.items[0].name : "";
    if (code == EH_OK)
        code = ask(exchange, &plans.items[0], &error);
    answer(exchange, code, &error, name, "asked");
    return EH_NOW;
}

static eh_code waiting_find(eh_exchange *exchange, const char *name, eh_approval *asked, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_approval_find(store, eh_view_of(name), exchange->arena, asked, error);
    eh_web_store_give(web, store);
    if (code == EH_OK && (asked->number == 0 || asked->answered_s != 0))
        code = eh_fail(error, EH_CONFLICT, "nobody asks for this plan now");
    return code;
}

static eh_code answer_keep(eh_exchange *exchange, const eh_approval *asked, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_approval_answer(store, asked, error);
    eh_web_store_give(web, store);
    return code;
}

/* The answer is kept last when it lets a plan go: what did not go out was not approved. */
static eh_code decide(eh_exchange *exchange, const char *name, bool *approved_out, eh_error *error)
{
    eh_approval asked = {0};
    eh_view wanted = eh_fields_get(eh_exchange_team_form(exchange), "answer");
    EH_TRY(waiting_find(exchange, name, &asked, error));
    EH_TRY(words_take(exchange, "note", &asked.note, error));
    asked.answered_by = eh_team_name(exchange);
    asked.answered_s = eh_web_now_s(eh_web_of(exchange));
    asked.approved = eh_view_equal(wanted, EH_VIEW("approve"));
    *approved_out = asked.approved;
    if (!asked.approved && !eh_view_equal(wanted, EH_VIEW("refuse")))
        return eh_fail(error, EH_INPUT, "approve or refuse");
    if (eh_exchange_session(exchange)->account.trained_s == 0)
        return eh_fail(error, EH_DENIED, "your training for approving is not on record (AI Act, Article 4); an admin adds it with: evenhand team add NAME --trained");
    if (eh_view_equal_nocase(eh_view_of(asked.asked_by), eh_view_of(asked.answered_by)))
        return eh_fail(error, EH_DENIED, "you have asked for this yourself; somebody else answers");
    if (!asked.approved) {
        EH_TRY(answer_keep(exchange, &asked, error));
        return act_record(eh_web_of(exchange), &asked, true, error);
    }
    const char *reason = eh_arena_format(exchange->arena, "%s / %s", asked.reason, asked.note);
    if (reason == NULL)
        return eh_fail_memory(error);
    eh_release_request request = {.approved_by = asked.answered_by, .asked_by = asked.asked_by, .reason = reason, .set_stop_aside = true};
    EH_TRY(release(exchange, name, &request, error));
    return answer_keep(exchange, &asked, error);
}

eh_answer eh_team_plan_answer(eh_exchange *exchange)
{
    EH_CLEANUP(eh_kept_close) eh_kept_list plans = {0};
    eh_error error = {0};
    bool approved = false;
    eh_code code = eh_kept_plan(exchange, exchange->parameters[0], &plans, &error);
    const char *name = code == EH_OK ? plans.items[0].name : "";
    if (code == EH_OK)
        code = decide(exchange, name, &approved, &error);
    answer(exchange, code, &error, name, approved ? "released" : "refused");
    return EH_NOW;
}

eh_answer eh_team_plan_list(eh_exchange *exchange)
{
    eh_error error = {0};
    const char *name = eh_arena_copy(exchange->arena, exchange->parameters[0]), *path = name == NULL ? NULL : list_path(exchange, name);
    eh_code code = path == NULL ? eh_fail_memory(&error) : EH_OK;
    if (code == EH_OK && !eh_name_is_plain(exchange->parameters[0]))
        code = eh_fail(&error, EH_NOT_FOUND, "there is no such plan");
    if (code == EH_OK && eh_file_read(path, EH_BUFFER_BYTES_MAX, &exchange->out, &error) != EH_OK)
        code = eh_fail(&error, EH_NOT_FOUND, "the send list of this plan is not here: it was released elsewhere, or taken away");
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    exchange->content_type = "text/csv; charset=utf-8";
    const char *disposition = eh_arena_format(exchange->arena, "attachment; filename=\"%s.csv\"", name);
    if (disposition != NULL)
        eh_exchange_header(exchange, "Content-Disposition", disposition);
    return EH_NOW;
}
