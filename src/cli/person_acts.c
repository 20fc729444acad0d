/* `evenhand person`: what a person says, asking what may be done, requests, recipients. */
#include <string.h>

#include "cli/person_int.h"

static const char switch_wording[] = "Let AI choose marketing for me.";
static const char switch_version[] = "evenhand-switch-1";

/* An action that records an act, and what it brings by itself. */
typedef struct {
    const char *action;
    eh_act_kind kind;
    eh_purpose purpose;
    bool fixed;  /* the purpose is part of the action */
    bool yes;    /* needs how and wording */
    const char *done;
} speech_action;

static const speech_action speech_actions[] = {
    {"consent", EH_ACT_CONSENT, EH_PURPOSE_MARKETING, false, true, "recorded a yes"},
    {"ask", EH_ACT_ASK, EH_PURPOSE_MARKETING, false, true, "recorded that a confirmation is waited for"},
    {"confirm", EH_ACT_CONFIRM, EH_PURPOSE_MARKETING, false, false, "recorded the confirmation"},
    {"withdraw", EH_ACT_WITHDRAW, EH_PURPOSE_MARKETING, false, false, "recorded a no"},
    {"object", EH_ACT_OBJECT, EH_PURPOSE_MARKETING, true, false, "recorded the objection: no marketing on any channel, no profiling for it"},
    {"opt-out-ai", EH_ACT_WITHDRAW, EH_PURPOSE_AI, true, false, "switched AI off: no model scores this person from now on"},
    {"opt-in-ai", EH_ACT_CONSENT, EH_PURPOSE_AI, true, true, "switched AI on"},
    {"gpc", EH_ACT_SIGNAL, EH_PURPOSE_SALE, true, false, "recorded the Global Privacy Control signal"},
    {"purchase", EH_ACT_PURCHASE, EH_PURPOSE_MARKETING, true, false, "recorded the purchase"},
    {"inquiry", EH_ACT_INQUIRY, EH_PURPOSE_MARKETING, true, false, "recorded the inquiry"},
    {"birth", EH_ACT_BIRTH, EH_PURPOSE_MARKETING, true, false, "recorded the date of birth"},
    {"parent", EH_ACT_PARENT, EH_PURPOSE_MARKETING, true, true, "recorded that a parent agrees"},
};

static eh_code word_fail(const char *option, const char *value, const char *choices, eh_error *error)
{
    return eh_fail(error, EH_INPUT, "%s: '%.60s' is none of %s", option, value, choices);
}

static eh_code purpose_read(const eh_person_request *request, eh_purpose otherwise, eh_purpose *purpose_out, eh_error *error)
{
    *purpose_out = otherwise;
    if (request->purpose != NULL && !eh_purpose_find(eh_view_of(request->purpose), purpose_out))
        return word_fail("--purpose", request->purpose, "marketing, ai, sale", error);
    return EH_OK;
}

static eh_code channel_read(const eh_person_request *request, eh_channel otherwise, eh_channel *channel_out, eh_error *error)
{
    *channel_out = otherwise;
    if (request->channel != NULL && !eh_channel_find(eh_view_of(request->channel), channel_out))
        return word_fail("--channel", request->channel, "all, email, sms, push, whatsapp, post, phone, onsite, ads", error);
    return EH_OK;
}

static eh_code facts_read(const eh_person_request *request, uint32_t *facts_out, eh_error *error)
{
    static const struct {
        const char *name;
        uint32_t fact;
    } facts[] = {{"same_entity", EH_SOFT_SAME_ENTITY}, {"address_from_sale", EH_SOFT_ADDRESS_FROM_SALE},
                 {"offered_at_collection", EH_SOFT_OFFERED_AT_COLLECTION}, {"in_message", EH_SOFT_IN_MESSAGE}};
    *facts_out = 0;
    for (const char *at = request->facts; at != NULL;) {
        size_t len = strcspn(at, ","), i = 0;
        eh_view word = eh_view_trim((eh_view){at, len});
        while (i < 4 && !eh_view_equal(word, eh_view_of(facts[i].name)))
            i++;
        if (i == 4)
            return word_fail("--facts", at, "same_entity, address_from_sale, offered_at_collection, in_message", error);
        *facts_out |= facts[i].fact;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return EH_OK;
}

static eh_code wording_read(eh_person_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_person_request *request = &run->request;
    if (request->wording_file == NULL)
        return EH_OK;
    if (request->wording != NULL)
        return eh_fail(error, EH_CONFLICT, "--wording and --wording-file say the same; give one");
    if (eh_file_read(request->wording_file, EH_RIGHTS_WORDING_BYTES_MAX, &text, error) != EH_OK)
        return eh_fail_within(error, "--wording-file");
    request->wording = eh_arena_copy(run->arena, eh_view_trim(eh_buffer_view(&text)));
    return request->wording != NULL ? EH_OK : eh_fail_memory(error);
}

static eh_code birth_read(const eh_person_run *run, eh_act *act, eh_error *error)
{
    eh_instant day;
    if (run->request.words_count < 3)
        return eh_fail(error, EH_INPUT, "a date of birth is missing, as in: evenhand person birth KEY 2010-05-01");
    if (eh_instant_parse_date(eh_view_of(run->request.words[2]), &day, error) != EH_OK)
        return error->code;
    int64_t days = day.seconds / 86400 - (day.seconds % 86400 < 0 ? 1 : 0);
    if (day.seconds > run->request.now.seconds || days < -60000)
        return eh_fail(error, EH_INPUT, "'%.30s' is no date of birth of a living person", run->request.words[2]);
    act->birth_day = (int32_t)days;
    return EH_OK;
}

static eh_code yes_check(const speech_action *action, eh_person_request *request, eh_error *error)
{
    if (strcmp(action->action, "opt-in-ai") == 0 && request->wording == NULL) { /* the product's own switch */
        request->wording = switch_wording;
        request->version = request->version != NULL ? request->version : switch_version;
        request->language = request->language != NULL ? request->language : "en";
        request->how = request->how != NULL ? request->how : "the AI switch";
    }
    if (action->yes && request->wording == NULL)
        return eh_fail(error, EH_INPUT, "--wording: is missing; without the wording that was shown nobody can prove later what was agreed to (GDPR 7(1))");
    if (action->yes && request->how == NULL)
        return eh_fail(error, EH_INPUT, "--how: is missing; where and how was it said? For example --how \"newsletter form on /signup\" (GDPR 7(1))");
    return EH_OK;
}

static eh_code act_make(eh_person_run *run, const speech_action *action, eh_act *act_out, eh_error *error)
{
    eh_person_request *request = &run->request;
    eh_act act = {.kind = action->kind, .at_s = request->at_s != 0 ? request->at_s : request->now.seconds, .until_s = request->until_s};
    EH_TRY(wording_read(run, error));
    EH_TRY(yes_check(action, request, error));
    EH_TRY(purpose_read(request, action->purpose, &act.purpose, error));
    if (action->fixed && act.purpose != action->purpose)
        return eh_fail(error, EH_CONFLICT, "--purpose: %s is about %s and nothing else", action->action, eh_purpose_name(action->purpose));
    EH_TRY(channel_read(request, EH_CHANNEL_ALL, &act.channel, error));
    EH_TRY(facts_read(request, &act.soft_facts, error));
    if (request->control != NULL && !eh_control_find(eh_view_of(request->control), &act.control))
        return word_fail("--control", request->control, "tick, button, signature, spoken, reply", error);
    if (request->jurisdiction != NULL && eh_jurisdiction_read(eh_view_of(request->jurisdiction), &act.jurisdiction, error) != EH_OK)
        return eh_fail_within(error, "--jurisdiction");
    if (act.kind == EH_ACT_BIRTH)
        EH_TRY(birth_read(run, &act, error));
    if (act.purpose != EH_PURPOSE_MARKETING)
        act.channel = EH_CHANNEL_ALL;
    act.product_group = request->product_group;
    act.how = request->how;
    act.wording = request->wording;
    act.version = request->version;
    act.language = request->language;
    *act_out = act;
    return EH_OK;
}

eh_code eh_person_say(eh_person_run *run, eh_error *error)
{
    const speech_action *action = speech_actions;
    eh_said_result result;
    eh_act act;
    while (strcmp(action->action, run->request.words[0]) != 0)
        action++;
    EH_TRY(act_make(run, action, &act, error));
    EH_TRY(eh_rights_say(run->rights, eh_view_of(run->request.words[1]), &act, run->request.now.seconds, &result, error));
    if (run->request.quiet)
        return EH_OK;
    const char *what = result.known                           ? "was on record already"
                       : result.effect == EH_EFFECT_KEPT_NO ? "recorded, but a later no stands: it changes nothing"
                                                             : action->done;
    eh_buffer_format(&run->out, "%s (record %016llx)\n", what, (unsigned long long)result.record);
    return EH_OK;
}

/* ---- may we? --------------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_person_may(eh_person_run *run, eh_error *error)
{
    const eh_person_request *request = &run->request;
    eh_may_question question = {.at_s = request->at_s != 0 ? request->at_s : request->now.seconds, .product_group = request->product_group};
    eh_may_answer answer;
    uint32_t facts = 0;
    EH_TRY(purpose_read(request, EH_PURPOSE_MARKETING, &question.purpose, error));
    EH_TRY(channel_read(request, question.purpose == EH_PURPOSE_MARKETING ? EH_CHANNEL_EMAIL : EH_CHANNEL_ALL, &question.channel, error));
    EH_TRY(facts_read(request, &facts, error));
    question.opt_out_in_message = (facts & EH_SOFT_IN_MESSAGE) != 0;
    if (request->jurisdiction != NULL)
        EH_TRY(eh_jurisdiction_read(eh_view_of(request->jurisdiction), &question.jurisdiction, error));
    EH_TRY(eh_rights_may(run->rights, eh_view_of(request->words[1]), &question, &answer, error));
    run->status = answer.may ? 0 : 1;
    if (request->format == NULL || strcmp(request->format, "text") == 0) {
        eh_buffer_format(&run->out, "%s: %s\n  why: %s; said: %s; by the law of %s (%s)\n", answer.may ? "yes" : "no", answer.sentence, eh_why_name(answer.why),
                         eh_said_name(answer.said), answer.jurisdiction.text[0] != '\0' ? answer.jurisdiction.text : "an unknown place", answer.law);
        for (size_t i = 0; i < answer.records_count; i++)
            eh_buffer_format(&run->out, "  record %016llx\n", (unsigned long long)answer.records[i]);
        return EH_OK;
    }
    if (strcmp(request->format, "json") != 0)
        return word_fail("--format", request->format, "text, json", error);
    eh_json_writer json;
    eh_json_begin(&json, &run->out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_boolean(&json, "may", answer.may);
    eh_json_text(&json, "said", eh_said_name(answer.said));
    eh_json_text(&json, "why", eh_why_name(answer.why));
    eh_json_text(&json, "sentence", answer.sentence);
    eh_json_text(&json, "law", answer.law);
    eh_json_text(&json, "basis", answer.basis);
    eh_json_array_open_flat(&json, "records");
    for (size_t i = 0; i < answer.records_count; i++) {
        eh_json_id(&json, NULL, answer.records[i]);
    }
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    eh_buffer_byte(&run->out, '\n');
    return EH_OK;
}

/* ---- merging, requests, recipients --------------------------------------------------------------------------------------------------------------- */

eh_code eh_person_merge_action(eh_person_run *run, eh_error *error)
{
    const eh_said_result *results = NULL;
    size_t count = 0, turned = 0;
    if (run->request.words_count < 3)
        return eh_fail(error, EH_INPUT, "the second key is missing: evenhand person merge KEY INTO");
    EH_TRY(eh_person_merge(run->rights, eh_view_of(run->request.words[1]), eh_view_of(run->request.words[2]), run->request.now.seconds, run->arena,
                           &results, &count, error));
    for (size_t i = 0; i < count; i++)
        turned += results[i].effect == EH_EFFECT_TURNED_NO || results[i].effect == EH_EFFECT_KEPT_NO ? 1 : 0;
    if (!run->request.quiet)
        eh_buffer_format(&run->out, "merged %s into %s: %zu records moved, %zu conflicts resolved towards no\n", run->request.words[1],
                         run->request.words[2], count, turned);
    return EH_OK;
}

static eh_code kind_read(const eh_person_request *request, eh_request_kind *kind_out, eh_error *error)
{
    if (request->kind == NULL)
        return eh_fail(error, EH_INPUT, "--kind: is missing: access, portability, correction, erasure, objection, review or complaint");
    if (!eh_request_kind_find(eh_view_of(request->kind), kind_out))
        return word_fail("--kind", request->kind, "access, portability, correction, erasure, objection, review, complaint", error);
    return EH_OK;
}

eh_code eh_person_request_action(eh_person_run *run, eh_error *error)
{
    eh_request request;
    eh_request_kind kind;
    const eh_person_request *asked = &run->request;
    EH_TRY(kind_read(asked, &kind, error));
    if (asked->at_s > asked->now.seconds)
        return eh_fail(error, EH_INPUT, "--at: nobody has asked yet, this lies in the future");
    EH_TRY(eh_request_open(run->rights, eh_view_of(asked->words[1]), kind, asked->at_s != 0 ? asked->at_s : asked->now.seconds, &request, error));
    if (asked->quiet)
        return EH_OK;
    eh_buffer_format(&run->out, "request %lld: %s, to be answered by ", (long long)request.request, eh_request_kind_name(kind));
    eh_person_time(&run->out, request.due_s);
    eh_buffer_byte(&run->out, '\n');
    return EH_OK;
}

eh_code eh_person_requests_action(eh_person_run *run, eh_error *error)
{
    const eh_request *requests = NULL;
    size_t count = 0;
    EH_TRY(eh_requests_waiting(run->rights, run->arena, &requests, &count, error));
    if (count == 0 && !run->request.quiet)
        eh_buffer_text(&run->out, "no request waits\n");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_format(&run->out, "%4lld  %-12s %s ", (long long)requests[i].request, eh_request_kind_name(requests[i].kind),
                         requests[i].due_s < run->request.now.seconds ? "OVERDUE since" : "due");
        eh_person_time(&run->out, requests[i].due_s);
        eh_buffer_text(&run->out, "  ");
        eh_visible_append(&run->out, eh_view_of(requests[i].key != NULL ? requests[i].key : "(erased)"), false);
        eh_buffer_byte(&run->out, '\n');
    }
    return EH_OK;
}

eh_code eh_person_close_action(eh_person_run *run, eh_error *error)
{
    eh_request_kind kind;
    size_t closed = 0;
    const eh_person_request *asked = &run->request;
    EH_TRY(kind_read(asked, &kind, error));
    EH_TRY(eh_requests_close(run->rights, eh_view_of(asked->words[1]), kind, asked->now.seconds, asked->outcome != NULL ? asked->outcome : "done", &closed,
                             error));
    if (closed == 0)
        return eh_fail(error, EH_NOT_FOUND, "%s has no open request of the kind %s", asked->words[1], asked->kind);
    if (!asked->quiet)
        eh_buffer_format(&run->out, "closed %zu request%s\n", closed, closed == 1 ? "" : "s");
    return EH_OK;
}

eh_code eh_person_disclosed_action(eh_person_run *run, eh_error *error)
{
    const eh_person_request *asked = &run->request;
    if (asked->recipient == NULL)
        return eh_fail(error, EH_INPUT, "--to: is missing: who got the data?");
    EH_TRY(eh_person_disclose(run->rights, eh_view_of(asked->words[1]), asked->recipient, asked->what != NULL ? asked->what : "all", asked->now.seconds,
                              error));
    if (!asked->quiet)
        eh_buffer_format(&run->out, "recorded that %s got data of %s\n", asked->recipient, asked->words[1]);
    return EH_OK;
}
