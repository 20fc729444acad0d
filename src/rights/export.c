/* Taking along: one person as JSON and as a table, complete enough to be read back (restore.c). */
#include <string.h>

#include "base/time.h"
#include "rights/records_int.h"
#include "rights/restore_int.h"

typedef struct {
    char text[EH_INSTANT_TEXT_BYTES];
} time_text;

/* RFC 3339; "" for 0. */
static time_text at_text(int64_t at_s)
{
    time_text out = {""};
    if (at_s != 0)
        eh_instant_text((eh_instant){.seconds = at_s}, EH_FRACTION_NONE, out.text);
    return out;
}

static time_text day_text(const eh_act *act)
{
    time_text out = {""};
    if (act->kind == EH_ACT_BIRTH) {
        eh_instant_text((eh_instant){.seconds = (int64_t)act->birth_day * EH_DAY_SECONDS}, EH_FRACTION_NONE, out.text);
        out.text[10] = '\0';
    }
    return out;
}

static const struct {
    uint32_t fact;
    const char *name;
} soft_facts[] = {{EH_SOFT_SAME_ENTITY, "same_entity"}, {EH_SOFT_ADDRESS_FROM_SALE, "address_from_sale"},
                  {EH_SOFT_OFFERED_AT_COLLECTION, "offered_at_collection"}};
enum { SOFT_FACTS_COUNT = sizeof soft_facts / sizeof soft_facts[0] };

uint32_t eh_soft_fact_find(eh_view name)
{
    for (size_t i = 0; i < SOFT_FACTS_COUNT; i++)
        if (eh_view_equal(name, eh_view_of(soft_facts[i].name)))
            return soft_facts[i].fact;
    return 0;
}

/* ---- JSON -------------------------------------------------------------------------------------------------------------------------------- */

static void json_act(const eh_person_act *item, eh_json_writer *json)
{
    const eh_act *act = &item->act;
    eh_json_object_open(json, NULL);
    eh_json_id(json, "record", act->record);
    eh_json_text(json, "act", eh_act_kind_name(act->kind));
    eh_json_text(json, "by", eh_act_by_name(act->by));
    eh_json_text(json, "purpose", eh_purpose_name(act->purpose));
    eh_json_text(json, "channel", eh_channel_name(act->channel));
    eh_json_text(json, "control", eh_control_name(act->control));
    eh_json_time(json, "at", act->at_s);
    eh_json_time(json, "until", act->until_s);
    eh_json_text(json, "birth_date", act->kind == EH_ACT_BIRTH ? day_text(act).text : NULL);
    eh_json_array_open_flat(json, "soft_facts");
    for (size_t i = 0; i < SOFT_FACTS_COUNT; i++)
        if ((act->soft_facts & soft_facts[i].fact) != 0)
            eh_json_text(json, NULL, soft_facts[i].name);
    eh_json_array_close(json);
    eh_json_text(json, "jurisdiction", act->jurisdiction.text[0] != '\0' ? act->jurisdiction.text : NULL);
    eh_json_text(json, "product_group", act->product_group);
    eh_json_text(json, "how", act->how);
    if (act->wording != NULL) {
        eh_json_object_open(json, "wording");
        eh_json_text(json, "text", act->wording);
        eh_json_text(json, "version", act->version);
        eh_json_text(json, "language", act->language);
        eh_json_text(json, "sha256", item->wording_sha256);
        eh_json_object_close(json);
    } else {
        eh_json_null(json, "wording");
    }
    eh_json_time(json, "recorded_at", item->recorded_s);
    eh_json_text(json, "ledger", item->ledger);
    eh_json_object_close(json);
}

static void json_answer(eh_rights *rights, const char *key, eh_may_question question, eh_json_writer *json)
{
    eh_may_answer answer;
    if (eh_rights_may(rights, eh_view_of(key), &question, &answer, NULL) != EH_OK)
        return;
    eh_json_object_open(json, NULL);
    eh_json_text(json, "purpose", eh_purpose_name(question.purpose));
    eh_json_text(json, "channel", eh_channel_name(question.channel));
    eh_json_boolean(json, "may", answer.may);
    eh_json_text(json, "said", eh_said_name(answer.said));
    eh_json_text(json, "why", eh_why_name(answer.why));
    eh_json_text(json, "sentence", answer.sentence);
    eh_json_text(json, "law", answer.law);
    eh_json_time(json, "until", answer.until_s);
    eh_json_array_open_flat(json, "records");
    for (size_t i = 0; i < answer.records_count; i++)
        eh_json_id(json, NULL, answer.records[i]);
    eh_json_array_close(json);
    eh_json_object_close(json);
}

static void json_answers(eh_rights *rights, const char *key, int64_t now_s, eh_json_writer *json)
{
    eh_json_array_open(json, "answers");
    for (int channel = EH_CHANNEL_EMAIL; channel < EH_CHANNELS_COUNT; channel++)
        json_answer(rights, key, (eh_may_question){.channel = (eh_channel)channel, .at_s = now_s}, json);
    json_answer(rights, key, (eh_may_question){.purpose = EH_PURPOSE_AI, .at_s = now_s}, json);
    json_answer(rights, key, (eh_may_question){.purpose = EH_PURPOSE_SALE, .at_s = now_s}, json);
    eh_json_array_close(json);
}

static void json_lists(const eh_person *person, eh_json_writer *json)
{
    eh_json_array_open(json, "corrections");
    for (size_t i = 0; i < person->corrections_count; i++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "field", person->corrections[i].field);
        eh_json_text(json, "value", person->corrections[i].value);
        eh_json_time(json, "at", person->corrections[i].at_s);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_array_open(json, "recipients");
    for (size_t i = 0; i < person->disclosures_count; i++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "recipient", person->disclosures[i].recipient);
        eh_json_text(json, "what", person->disclosures[i].what);
        eh_json_time(json, "at", person->disclosures[i].at_s);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_array_open(json, "notices");
    for (size_t i = 0; i < person->notices_count; i++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "recipient", person->notices[i].recipient);
        eh_json_text(json, "what", person->notices[i].what);
        eh_json_text(json, "detail", person->notices[i].detail);
        eh_json_time(json, "at", person->notices[i].at_s);
        eh_json_time(json, "sent", person->notices[i].sent_s);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_array_open(json, "requests");
    for (size_t i = 0; i < person->requests_count; i++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "request", eh_request_kind_name(person->requests[i].kind));
        eh_json_time(json, "received", person->requests[i].received_s);
        eh_json_time(json, "due", person->requests[i].due_s);
        eh_json_time(json, "closed", person->requests[i].closed_s);
        eh_json_text(json, "outcome", person->requests[i].outcome);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
}

const char *const eh_person_parts[EH_PERSON_PARTS_COUNT] = {"decisions", "messages", "outcomes", "feedback"};

static void json_items(const eh_person *person, eh_json_writer *json)
{
    for (size_t part = 0; part < EH_PERSON_PARTS_COUNT; part++) {
        eh_json_array_open(json, eh_person_parts[part]);
        for (size_t i = 0; i < person->items_count; i++)
            if (strcmp(person->items[i].part, eh_person_parts[part]) == 0)
                eh_json_token(json, NULL, person->items[i].json);
        eh_json_array_close(json);
    }
}

void eh_person_json(eh_rights *rights, const eh_person *person, int64_t now_s, eh_json_writer *json)
{
    eh_json_text(json, "key", person->key);
    eh_json_boolean(json, "found", person->found);
    eh_json_time(json, "since", person->since_s);
    eh_json_array_open_flat(json, "other_keys");
    for (size_t i = 0; i < person->aliases_count; i++)
        eh_json_text(json, NULL, person->aliases[i]);
    eh_json_array_close(json);
    eh_json_array_open(json, "contacts");
    for (size_t i = 0; i < person->contacts_count; i++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "kind", person->contacts[i].kind);
        eh_json_text(json, "value", person->contacts[i].value);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    json_answers(rights, person->key, now_s, json);
    eh_json_array_open(json, "acts");
    for (size_t i = 0; i < person->acts_count; i++)
        json_act(&person->acts[i], json);
    eh_json_array_close(json);
    json_lists(person, json);
    json_items(person, json);
}

/* ---- the table ------------------------------------------------------------------------------------------------------------------------------- */

const char *const eh_person_table_columns[] = {"what", "record", "act", "by", "purpose", "channel", "control", "at", "until", "birth_date",
                                               "soft_facts", "jurisdiction", "product_group", "how", "wording", "version", "language", "recorded_at",
                                               "name", "value"};
_Static_assert(sizeof eh_person_table_columns / sizeof eh_person_table_columns[0] == EH_PERSON_TABLE_COLUMNS, "one name per column");

/* A cell in quotes; what a spreadsheet would take for a formula gets an apostrophe, which the import takes away again. */
static void cell(eh_buffer *out, const char *text, bool last)
{
    eh_buffer_byte(out, '"');
    if (text != NULL && text[0] != '\0' && strchr("=+-@\t\r'", text[0]) != NULL)
        eh_buffer_byte(out, '\'');
    for (const char *at = text != NULL ? text : ""; *at != '\0'; at++) {
        if (*at == '"')
            eh_buffer_byte(out, '"');
        eh_buffer_byte(out, *at);
    }
    eh_buffer_text(out, last ? "\"\r\n" : "\",");
}

static void table_row(eh_buffer *out, const char *const cells[EH_PERSON_TABLE_COLUMNS])
{
    for (size_t i = 0; i < EH_PERSON_TABLE_COLUMNS; i++)
        cell(out, cells[i], i + 1 == EH_PERSON_TABLE_COLUMNS);
}

enum { T_WHAT, T_RECORD, T_ACT, T_BY, T_PURPOSE, T_CHANNEL, T_CONTROL, T_AT, T_UNTIL, T_BIRTH, T_FACTS, T_PLACE, T_GROUP, T_HOW, T_WORDING, T_VERSION,
       T_LANGUAGE, T_RECORDED, T_NAME, T_VALUE };

static void table_act(eh_buffer *out, const eh_person_act *item)
{
    char record[24], facts[96] = "";
    const eh_act *act = &item->act;
    time_text at = at_text(act->at_s), until = at_text(act->until_s), recorded = at_text(item->recorded_s), birth = day_text(act);
    snprintf(record, sizeof record, "%016llx", (unsigned long long)act->record);
    for (size_t i = 0, end = 0; i < SOFT_FACTS_COUNT; i++)
        if ((act->soft_facts & soft_facts[i].fact) != 0)
            end += (size_t)snprintf(facts + end, sizeof facts - end, "%s%s", end > 0 ? " " : "", soft_facts[i].name);
    const char *cells[EH_PERSON_TABLE_COLUMNS] = {
        [T_WHAT] = "act", [T_RECORD] = record, [T_ACT] = eh_act_kind_name(act->kind), [T_BY] = eh_act_by_name(act->by),
        [T_PURPOSE] = eh_purpose_name(act->purpose), [T_CHANNEL] = eh_channel_name(act->channel), [T_CONTROL] = eh_control_name(act->control),
        [T_AT] = at.text, [T_UNTIL] = until.text, [T_BIRTH] = birth.text, [T_FACTS] = facts, [T_PLACE] = act->jurisdiction.text,
        [T_GROUP] = act->product_group, [T_HOW] = act->how, [T_WORDING] = act->wording, [T_VERSION] = act->version, [T_LANGUAGE] = act->language,
        [T_RECORDED] = recorded.text,
    };
    table_row(out, cells);
}

void eh_person_csv(const eh_person *person, eh_buffer *out)
{
    for (size_t i = 0; i < EH_PERSON_TABLE_COLUMNS; i++)
        eh_buffer_format(out, "%s%s", eh_person_table_columns[i], i + 1 == EH_PERSON_TABLE_COLUMNS ? "\r\n" : ",");
    table_row(out, (const char *const[EH_PERSON_TABLE_COLUMNS]){[T_WHAT] = "person", [T_AT] = at_text(person->since_s).text, [T_NAME] = person->key});
    for (size_t i = 0; i < person->aliases_count; i++)
        table_row(out, (const char *const[EH_PERSON_TABLE_COLUMNS]){[T_WHAT] = "other key", [T_NAME] = person->aliases[i]});
    for (size_t i = 0; i < person->contacts_count; i++)
        table_row(out, (const char *const[EH_PERSON_TABLE_COLUMNS]){[T_WHAT] = "contact", [T_NAME] = person->contacts[i].kind,
                                                                    [T_VALUE] = person->contacts[i].value});
    for (size_t i = 0; i < person->acts_count; i++)
        table_act(out, &person->acts[i]);
    for (size_t i = 0; i < person->corrections_count; i++)
        table_row(out, (const char *const[EH_PERSON_TABLE_COLUMNS]){[T_WHAT] = "correction", [T_AT] = at_text(person->corrections[i].at_s).text,
                                                                    [T_NAME] = person->corrections[i].field, [T_VALUE] = person->corrections[i].value});
    for (size_t i = 0; i < person->disclosures_count; i++)
        table_row(out, (const char *const[EH_PERSON_TABLE_COLUMNS]){[T_WHAT] = "recipient", [T_AT] = at_text(person->disclosures[i].at_s).text,
                                                                    [T_NAME] = person->disclosures[i].recipient,
                                                                    [T_VALUE] = person->disclosures[i].what});
    for (size_t i = 0; i < person->notices_count; i++)
        table_row(out, (const char *const[EH_PERSON_TABLE_COLUMNS]){[T_WHAT] = "notice", [T_ACT] = person->notices[i].what,
                                                                    [T_AT] = at_text(person->notices[i].at_s).text,
                                                                    [T_UNTIL] = at_text(person->notices[i].sent_s).text,
                                                                    [T_NAME] = person->notices[i].recipient, [T_VALUE] = person->notices[i].detail});
    for (size_t i = 0; i < person->requests_count; i++)
        table_row(out, (const char *const[EH_PERSON_TABLE_COLUMNS]){[T_WHAT] = "request", [T_ACT] = eh_request_kind_name(person->requests[i].kind),
                                                                    [T_AT] = at_text(person->requests[i].received_s).text,
                                                                    [T_UNTIL] = at_text(person->requests[i].due_s).text,
                                                                    [T_RECORDED] = at_text(person->requests[i].closed_s).text,
                                                                    [T_VALUE] = person->requests[i].outcome});
    for (size_t i = 0; i < person->items_count; i++)
        table_row(out, (const char *const[EH_PERSON_TABLE_COLUMNS]){[T_WHAT] = person->items[i].part, [T_VALUE] = person->items[i].json});
}
