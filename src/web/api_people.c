/* What a person has said, may be asked and wants to have gone: consents, preferences, people. */
#include <string.h>
#include <time.h>

#include "feedback/feedback.h"
#include "rights/person.h"
#include "web/api_int.h"

enum { ACTS_MAX = 100, SWITCHES_MAX = EH_CHANNELS_COUNT + 1, SCRUB_TRIES = 40, SCRUB_PAUSE_MS = 50, FEEDBACK_MAX = 10000, OUTCOMES_MAX = 100000 };

static eh_answer refused(eh_exchange *exchange, const eh_error *error)
{
    eh_api_refuse(exchange, error);
    return EH_NOW;
}


/* ---- saying ------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *person, *email, *phone;
    eh_json_value acts;
} say_body;

static const eh_body_member say_members[] = {
    {"person", EH_BODY_PERSON, true, offsetof(say_body, person), 0, NULL},
    {"email", EH_BODY_TEXT, false, offsetof(say_body, email), EH_RIGHTS_KEY_BYTES_MAX, NULL},
    {"phone", EH_BODY_TEXT, false, offsetof(say_body, phone), EH_RIGHTS_KEY_BYTES_MAX, NULL},
    {"acts", EH_BODY_ITEMS, true, offsetof(say_body, acts), ACTS_MAX, NULL},
};

typedef struct {
    const char *kind, *by, *purpose, *channel, *control, *jurisdiction, *product_group, *how, *wording, *version, *language;
    int64_t at_s, until_s;
    eh_body_day birth;
    eh_body_truth same_entity, address_from_sale, offered;
} act_body;

static const eh_body_member act_members[] = {
    {"kind", EH_BODY_WORD, true, offsetof(act_body, kind), 0, "consent ask confirmation withdrawal objection signal purchase inquiry birth parent"},
    {"by", EH_BODY_WORD, false, offsetof(act_body, by), 0, "person import"},
    {"purpose", EH_BODY_WORD, false, offsetof(act_body, purpose), 0, "marketing ai sale"},
    {"channel", EH_BODY_WORD, false, offsetof(act_body, channel), 0, "all email sms push whatsapp post phone onsite ads"},
    {"control", EH_BODY_WORD, false, offsetof(act_body, control), 0, "tick button signature spoken reply untold pre-ticked bundled"},
    {"at", EH_BODY_TIME, false, offsetof(act_body, at_s), 0, NULL},
    {"until", EH_BODY_TIME, false, offsetof(act_body, until_s), 0, NULL},
    {"birth", EH_BODY_DAY, false, offsetof(act_body, birth), 0, NULL},
    {"jurisdiction", EH_BODY_TEXT, false, offsetof(act_body, jurisdiction), 6, NULL},
    {"product_group", EH_BODY_TEXT, false, offsetof(act_body, product_group), EH_RIGHTS_NAME_BYTES_MAX, NULL},
    {"same_entity", EH_BODY_TRUTH, false, offsetof(act_body, same_entity), 0, NULL},
    {"address_from_sale", EH_BODY_TRUTH, false, offsetof(act_body, address_from_sale), 0, NULL},
    {"opt_out_offered", EH_BODY_TRUTH, false, offsetof(act_body, offered), 0, NULL},
    {"how", EH_BODY_TEXT, false, offsetof(act_body, how), EH_RIGHTS_HOW_BYTES_MAX, NULL},
    {"wording", EH_BODY_TEXT, false, offsetof(act_body, wording), EH_RIGHTS_WORDING_BYTES_MAX, NULL},
    {"version", EH_BODY_TEXT, false, offsetof(act_body, version), EH_RIGHTS_NAME_BYTES_MAX, NULL},
    {"language", EH_BODY_TEXT, false, offsetof(act_body, language), EH_RIGHTS_NAME_BYTES_MAX, NULL},
};
enum { ACT_MEMBERS_COUNT = sizeof act_members / sizeof act_members[0] };

static eh_code act_build(const act_body *body, int64_t now_s, eh_act *act_out, eh_error *error)
{
    eh_act act = {.at_s = body->at_s == 0 ? now_s : body->at_s, .until_s = body->until_s, .birth_day = body->birth.day, .product_group = body->product_group,
                  .how = body->how, .wording = body->wording, .version = body->version, .language = body->language};
    bool good = eh_act_kind_find(eh_view_of(body->kind), &act.kind) && (body->by == NULL || eh_act_by_find(eh_view_of(body->by), &act.by)) &&
                (body->purpose == NULL || eh_purpose_find(eh_view_of(body->purpose), &act.purpose)) &&
                (body->channel == NULL || eh_channel_find(eh_view_of(body->channel), &act.channel)) &&
                (body->control == NULL || eh_control_find(eh_view_of(body->control), &act.control));
    EH_ASSERT(good); /* the reader has looked at the words */
    if (act.by == EH_BY_IMPORT && body->control == NULL)
        act.control = EH_CONTROL_UNTOLD;
    if (act.kind == EH_ACT_BIRTH && !body->birth.given)
        return eh_fail(error, EH_INPUT, "an act of kind birth needs the member 'birth'");
    if (act.kind == EH_ACT_ASK && act.until_s == 0)
        return eh_fail(error, EH_INPUT, "an act of kind ask needs the member 'until': until when it can be confirmed");
    act.soft_facts = (body->same_entity == EH_BODY_TRUE ? (uint32_t)EH_SOFT_SAME_ENTITY : 0) |
                     (body->address_from_sale == EH_BODY_TRUE ? (uint32_t)EH_SOFT_ADDRESS_FROM_SALE : 0) |
                     (body->offered == EH_BODY_TRUE ? (uint32_t)EH_SOFT_OFFERED_AT_COLLECTION : 0);
    if (body->jurisdiction != NULL)
        EH_TRY(eh_jurisdiction_read(eh_view_of(body->jurisdiction), &act.jurisdiction, error));
    if (act.purpose != EH_PURPOSE_MARKETING && act.channel != EH_CHANNEL_ALL)
        return eh_fail(error, EH_INPUT, "the purpose %s has no channels; leave the channel out", eh_purpose_name(act.purpose));
    *act_out = act;
    return EH_OK;
}

/* The acts of a speech; *form_out tells an error of the form (400) from one of the content (422). */
static eh_code speech_read(eh_exchange *exchange, const say_body *body, eh_speech *speech_out, bool *form_out, eh_error *error)
{
    size_t count = eh_json_count(body->acts);
    eh_act *acts = EH_TAKE(exchange->arena, count, eh_act);
    eh_said_result *results = EH_TAKE(exchange->arena, count, eh_said_result);
    char where[32];
    if (acts == NULL || results == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        act_body act = {0};
        snprintf(where, sizeof where, "acts[%zu]", i);
        *form_out = true;
        EH_TRY(eh_body_read(eh_json_item(body->acts, i), where, act_members, ACT_MEMBERS_COUNT, &act, error));
        *form_out = false;
        if (act_build(&act, eh_web_now_s(eh_web_of(exchange)), &acts[i], error) != EH_OK)
            return eh_fail_within(error, "%s", where);
    }
    *speech_out = (eh_speech){.key = eh_view_of(body->person), .acts = acts, .acts_count = count, .results = results};
    if (body->email != NULL)
        speech_out->email = eh_view_of(body->email);
    if (body->phone != NULL)
        speech_out->phone = eh_view_of(body->phone);
    return EH_OK;
}

static const char *effect_name(eh_effect effect)
{
    static const char *const names[EH_EFFECTS_COUNT] = {"none", "changed", "kept_no", "turned_no"};
    return names[effect];
}

static void results_write(eh_exchange *exchange, const eh_speech *speech)
{
    eh_json_writer json;
    eh_api_json_begin(exchange, 200, &json);
    eh_json_array_open(&json, "acts");
    for (size_t i = 0; i < speech->acts_count; i++) {
        eh_json_object_open(&json, NULL);
        eh_json_id(&json, "record", speech->results[i].record);
        eh_json_text(&json, "effect", effect_name(speech->results[i].effect));
        eh_json_boolean(&json, "known", speech->results[i].known);
        eh_json_object_close(&json);
    }
    eh_json_array_close(&json);
    eh_json_boolean(&json, "lifted", speech->lifted);
    eh_api_json_end(exchange, &json);
}

static void consents_say(eh_exchange *exchange)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_error error = {0};
    say_body body = {0};
    eh_speech speech;
    bool form = true;
    eh_code code = eh_query_check(exchange, "", &error);
    if (code == EH_OK)
        code = eh_body_parse(exchange, &document, &error);
    if (code == EH_OK)
        code = eh_body_read(eh_json_root(document), "", say_members, sizeof say_members / sizeof say_members[0], &body, &error);
    if (code == EH_OK)
        code = speech_read(exchange, &body, &speech, &form, &error);
    if (code == EH_OK) {
        form = false;
        code = eh_rights_say_many(eh_web_of(exchange)->rights, &speech, 1, false, eh_web_now_s(eh_web_of(exchange)), &error);
    }
    if (code == EH_OK)
        results_write(exchange, &speech);
    else if (form)
        eh_exchange_fail(exchange, &error);
    else
        eh_api_refuse(exchange, &error);
}

eh_answer eh_api_consents_say(eh_exchange *exchange)
{
    return eh_api_later(exchange, consents_say);
}

/* ---- asking ----------------------------------------------------------------------------------------------------------------------------- */

static eh_code ask(const eh_exchange *exchange, eh_purpose purpose, eh_channel channel, eh_may_answer *answer_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_may_question question = {.purpose = purpose, .channel = channel, .at_s = eh_web_now_s(web), .opt_out_in_message = true};
    return eh_rights_may(web->rights, exchange->parameters[0], &question, answer_out, error);
}

static void answer_write(eh_json_writer *json, eh_purpose purpose, eh_channel channel, const eh_may_answer *answer)
{
    eh_json_object_open(json, NULL);
    eh_json_text(json, "purpose", eh_purpose_name(purpose));
    if (channel != EH_CHANNEL_ALL)
        eh_json_text(json, "channel", eh_channel_name(channel));
    eh_json_boolean(json, "may", answer->may);
    eh_json_text(json, "said", eh_said_name(answer->said));
    eh_json_text(json, "why", eh_why_name(answer->why));
    eh_json_text(json, "sentence", answer->sentence);
    eh_json_text(json, "law", answer->law);
    eh_json_text(json, "jurisdiction", answer->jurisdiction.text);
    eh_json_array_open(json, "records");
    for (size_t i = 0; i < answer->records_count; i++)
        eh_json_id(json, NULL, answer->records[i]);
    eh_json_array_close(json);
    if (answer->until_s != 0)
        eh_json_time(json, "until", answer->until_s);
    eh_json_object_close(json);
}

static void act_write(eh_json_writer *json, const eh_person_act *act)
{
    eh_json_object_open(json, NULL);
    eh_json_id(json, "record", act->act.record);
    eh_json_text(json, "kind", eh_act_kind_name(act->act.kind));
    eh_json_text(json, "by", eh_act_by_name(act->act.by));
    eh_json_text(json, "purpose", eh_purpose_name(act->act.purpose));
    eh_json_text(json, "channel", eh_channel_name(act->act.channel));
    eh_json_time(json, "at", act->act.at_s);
    eh_json_time(json, "recorded", act->recorded_s);
    if (act->act.until_s != 0)
        eh_json_time(json, "until", act->act.until_s);
    if (act->act.how != NULL)
        eh_json_text(json, "how", act->act.how);
    if (act->wording_sha256[0] != '\0')
        eh_json_text(json, "wording_sha256", act->wording_sha256);
    if (act->act.version != NULL)
        eh_json_text(json, "version", act->act.version);
    if (act->ledger != NULL)
        eh_json_text(json, "ledger", act->ledger);
    eh_json_object_close(json);
}

static eh_code answers_write(eh_exchange *exchange, eh_json_writer *json, eh_error *error)
{
    eh_may_answer answer;
    eh_json_array_open(json, "answers");
    for (eh_channel channel = EH_CHANNEL_EMAIL; channel < EH_CHANNELS_COUNT; channel++) {
        EH_TRY(ask(exchange, EH_PURPOSE_MARKETING, channel, &answer, error));
        answer_write(json, EH_PURPOSE_MARKETING, channel, &answer);
    }
    for (eh_purpose purpose = EH_PURPOSE_AI; purpose < EH_PURPOSES_COUNT; purpose++) {
        EH_TRY(ask(exchange, purpose, EH_CHANNEL_ALL, &answer, error));
        answer_write(json, purpose, EH_CHANNEL_ALL, &answer);
    }
    eh_json_array_close(json);
    return EH_OK;
}

static void person_write(const eh_exchange *exchange, eh_json_writer *json)
{
    const char *person = eh_arena_copy(exchange->arena, exchange->parameters[0]);
    eh_json_text(json, "person", person == NULL ? "" : person);
}

static void consents_show(eh_exchange *exchange)
{
    eh_error error = {0};
    eh_person person;
    eh_json_writer json;
    eh_code code = eh_person_read(eh_web_of(exchange)->rights, exchange->parameters[0], exchange->arena, &person, &error);
    if (code == EH_OK) {
        eh_api_json_begin(exchange, 200, &json);
        person_write(exchange, &json);
        eh_json_boolean(&json, "known", person.found);
        code = answers_write(exchange, &json, &error);
        eh_json_array_open(&json, "acts");
        for (size_t i = 0; i < person.acts_count; i++)
            act_write(&json, &person.acts[i]);
        eh_json_array_close(&json);
        eh_api_json_end(exchange, &json);
    }
    if (code != EH_OK)
        eh_api_refuse(exchange, &error);
}

/* A path about a person, and no query. */
static eh_code person_path_check(const eh_exchange *exchange, eh_error *error)
{
    EH_TRY(eh_query_check(exchange, "", error));
    return eh_person_key_check(exchange->parameters[0], error);
}

static eh_answer about_person(eh_exchange *exchange, eh_api_work work)
{
    eh_error error = {0};
    if (person_path_check(exchange, &error) == EH_OK)
        return eh_api_later(exchange, work);
    eh_exchange_fail(exchange, &error);
    return EH_NOW;
}

eh_answer eh_api_consents_show(eh_exchange *exchange)
{
    return about_person(exchange, consents_show);
}

/* ---- preferences ------------------------------------------------------------------------------------------------------------------------ */

/* From memory alone: this answers on the server's own thread. */
static eh_code preferences_write(eh_exchange *exchange, eh_error *error)
{
    eh_json_writer json;
    eh_may_answer answer;
    eh_api_json_begin(exchange, 200, &json);
    person_write(exchange, &json);
    eh_json_object_open(&json, "marketing");
    for (eh_channel channel = EH_CHANNEL_EMAIL; channel < EH_CHANNELS_COUNT; channel++) {
        EH_TRY(ask(exchange, EH_PURPOSE_MARKETING, channel, &answer, error));
        eh_json_boolean(&json, eh_channel_name(channel), answer.may);
    }
    eh_json_object_close(&json);
    EH_TRY(ask(exchange, EH_PURPOSE_AI, EH_CHANNEL_ALL, &answer, error));
    eh_json_boolean(&json, "ai", answer.may);
    EH_TRY(ask(exchange, EH_PURPOSE_SALE, EH_CHANNEL_ALL, &answer, error));
    eh_json_boolean(&json, "sale", answer.may);
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

eh_answer eh_api_preferences_show(eh_exchange *exchange)
{
    eh_error error = {0};
    if (person_path_check(exchange, &error) != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return EH_NOW;
    }
    return preferences_write(exchange, &error) == EH_OK ? EH_NOW : refused(exchange, &error);
}

typedef struct {
    eh_json_value marketing;
    eh_body_truth ai, sale;
    const char *how, *wording, *version, *language, *control;
    int64_t at_s;
} choices_body;

static const eh_body_member choices_members[] = {
    {"marketing", EH_BODY_OBJECT, false, offsetof(choices_body, marketing), 0, NULL},
    {"ai", EH_BODY_TRUTH, false, offsetof(choices_body, ai), 0, NULL},
    {"sale", EH_BODY_TRUTH, false, offsetof(choices_body, sale), 0, NULL},
    {"at", EH_BODY_TIME, false, offsetof(choices_body, at_s), 0, NULL},
    {"how", EH_BODY_TEXT, false, offsetof(choices_body, how), EH_RIGHTS_HOW_BYTES_MAX, NULL},
    {"wording", EH_BODY_TEXT, false, offsetof(choices_body, wording), EH_RIGHTS_WORDING_BYTES_MAX, NULL},
    {"version", EH_BODY_TEXT, false, offsetof(choices_body, version), EH_RIGHTS_NAME_BYTES_MAX, NULL},
    {"language", EH_BODY_TEXT, false, offsetof(choices_body, language), EH_RIGHTS_NAME_BYTES_MAX, NULL},
    {"control", EH_BODY_WORD, false, offsetof(choices_body, control), 0, "tick button signature spoken reply"},
};

typedef struct {
    eh_body_truth channels[EH_CHANNELS_COUNT];
} switches;

#define CHANNEL_MEMBER(name, channel) {name, EH_BODY_TRUTH, false, offsetof(switches, channels) + (channel) * sizeof(eh_body_truth), 0, NULL}
static const eh_body_member switches_members[] = {
    CHANNEL_MEMBER("email", EH_CHANNEL_EMAIL), CHANNEL_MEMBER("sms", EH_CHANNEL_SMS), CHANNEL_MEMBER("push", EH_CHANNEL_PUSH),
    CHANNEL_MEMBER("whatsapp", EH_CHANNEL_WHATSAPP), CHANNEL_MEMBER("post", EH_CHANNEL_POST), CHANNEL_MEMBER("phone", EH_CHANNEL_PHONE),
    CHANNEL_MEMBER("onsite", EH_CHANNEL_ONSITE), CHANNEL_MEMBER("ads", EH_CHANNEL_ADS),
};

static void switch_add(eh_speech *speech, eh_act *acts, const eh_act *pattern, eh_body_truth truth)
{
    if (truth == EH_BODY_NOT_GIVEN)
        return;
    eh_act *act = &acts[speech->acts_count++];
    *act = *pattern;
    act->kind = truth == EH_BODY_TRUE ? EH_ACT_CONSENT : EH_ACT_WITHDRAW;
    if (truth == EH_BODY_FALSE)
        act->wording = act->version = act->language = NULL;
}

static eh_code choices_speech(eh_exchange *exchange, const choices_body *body, const switches *marketing, eh_speech *speech_out, eh_error *error)
{
    eh_act *acts = EH_TAKE(exchange->arena, SWITCHES_MAX, eh_act);
    eh_said_result *results = EH_TAKE(exchange->arena, SWITCHES_MAX, eh_said_result);
    eh_act act = {.at_s = body->at_s == 0 ? eh_web_now_s(eh_web_of(exchange)) : body->at_s, .how = body->how, .wording = body->wording,
                  .version = body->version, .language = body->language};
    eh_speech speech = {.key = exchange->parameters[0], .acts = acts, .results = results};
    if (acts == NULL || results == NULL)
        return eh_fail_memory(error);
    if (body->control != NULL)
        EH_ASSERT(eh_control_find(eh_view_of(body->control), &act.control));
    for (eh_channel channel = EH_CHANNEL_EMAIL; channel < EH_CHANNELS_COUNT; channel++) {
        act.channel = channel;
        switch_add(&speech, acts, &act, marketing->channels[channel]);
    }
    act.channel = EH_CHANNEL_ALL;
    act.purpose = EH_PURPOSE_AI;
    switch_add(&speech, acts, &act, body->ai);
    act.purpose = EH_PURPOSE_SALE;
    switch_add(&speech, acts, &act, body->sale);
    if (speech.acts_count == 0)
        return eh_fail(error, EH_INPUT, "nothing is said: give marketing, ai or sale");
    *speech_out = speech;
    return EH_OK;
}

static eh_code choices_read(eh_exchange *exchange, eh_json_value root, choices_body *body, switches *marketing, eh_error *error)
{
    EH_TRY(eh_body_read(root, "", choices_members, sizeof choices_members / sizeof choices_members[0], body, error));
    if (body->marketing != NULL)
        EH_TRY(eh_body_read(body->marketing, "marketing", switches_members, sizeof switches_members / sizeof switches_members[0], marketing, error));
    (void)exchange;
    return EH_OK;
}

static void preferences_set(eh_exchange *exchange)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_error error = {0};
    choices_body body = {0};
    switches marketing = {0};
    eh_speech speech;
    eh_code code = eh_body_parse(exchange, &document, &error);
    if (code == EH_OK)
        code = choices_read(exchange, eh_json_root(document), &body, &marketing, &error);
    if (code != EH_OK) {
        eh_exchange_fail(exchange, &error);
        return;
    }
    code = choices_speech(exchange, &body, &marketing, &speech, &error);
    if (code == EH_OK)
        code = eh_rights_say_many(eh_web_of(exchange)->rights, &speech, 1, false, eh_web_now_s(eh_web_of(exchange)), &error);
    if (code == EH_OK)
        code = preferences_write(exchange, &error);
    if (code != EH_OK)
        eh_api_refuse(exchange, &error);
}

eh_answer eh_api_preferences_set(eh_exchange *exchange)
{
    return about_person(exchange, preferences_set);
}

/* ---- people ---------------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_web_person_read(eh_exchange *exchange, eh_view key, eh_person *person_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_person_marks marks;
    EH_TRY(eh_person_marks_read(web->rights, key, exchange->arena, &marks, error));
    EH_TRY(eh_person_read(web->rights, key, exchange->arena, person_out, error));
    const eh_person_items_spec spec = {.model = web->model, .ledger = web->ledger, .marks = &marks, .also = eh_api_items};
    return eh_person_items_read(&spec, person_out, exchange->arena, error);
}

static eh_code export_write(eh_exchange *exchange, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_person person;
    eh_json_writer json;
    EH_TRY(eh_web_person_read(exchange, exchange->parameters[0], &person, error));
    eh_api_json_begin(exchange, 200, &json);
    eh_person_json(web->rights, &person, eh_web_now_s(web), &json);
    eh_api_json_end(exchange, &json);
    return EH_OK;
}

static void person_export(eh_exchange *exchange)
{
    eh_error error = {0};
    if (export_write(exchange, &error) != EH_OK)
        eh_api_refuse(exchange, &error);
}

eh_answer eh_api_person_export(eh_exchange *exchange)
{
    return about_person(exchange, person_export);
}

/* ---- erasing ----------------------------------------------------------------------------------------------------------------------------------- */

static void stores_let_go(void *context)
{
    eh_web_stores_close(context);
}

eh_code eh_web_forget(eh_exchange *exchange, eh_view person, eh_forgotten *forgotten_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    const eh_forget_spec spec = {.model = web->model, .rights = web->rights, .ledger = web->ledger, .key = person, .now = {.seconds = eh_web_now_s(web)},
                                 .also = eh_api_forget, .let_go = stores_let_go, .context = web};
    if (web->ledger == NULL && eh_ledger_exists(web->model->folder))
        return eh_fail(error, EH_UNAVAILABLE, "another process writes the ledger; erase there, or stop it, so that nothing is left in it");
    return eh_person_forget(&spec, exchange->arena, forgotten_out, error);
}

static void person_erase(eh_exchange *exchange)
{
    eh_error error = {0};
    eh_json_writer json;
    eh_forgotten done = {0};
    if (eh_web_forget(exchange, exchange->parameters[0], &done, &error) != EH_OK) {
        eh_api_refuse(exchange, &error);
        return;
    }
    eh_api_json_begin(exchange, 200, &json);
    eh_json_boolean(&json, "found", done.person.found);
    eh_json_integer(&json, "acts", (int64_t)done.person.acts_count);
    eh_json_integer(&json, "feedback", (int64_t)done.feedback);
    eh_json_integer(&json, "outcomes", (int64_t)done.others);
    eh_json_integer(&json, "ledger_entries", (int64_t)done.entries);
    eh_json_array_open(&json, "tell");
    for (size_t i = 0; i < done.person.recipients_count; i++)
        eh_json_text(&json, NULL, done.person.recipients[i]);
    eh_json_array_close(&json);
    eh_api_json_end(exchange, &json);
    for (size_t i = 0; i < done.person.identifiers_count; i++)
        eh_wipe((void *)(uintptr_t)done.person.identifiers[i], strlen(done.person.identifiers[i]));
}

eh_answer eh_api_person_erase(eh_exchange *exchange)
{
    return about_person(exchange, person_erase);
}
