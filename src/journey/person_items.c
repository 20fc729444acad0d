/* What the rooms here keep about one person, as objects of JSON for their export: decisions with their reasons, messages, outcomes, feedback. */
#include <string.h>

#include "base/json.h"
#include "feedback/feedback.h"
#include "journey/campaigns.h"
#include "journey/people.h"

enum { ITEMS_FIRST = 16, ITEMS_MAX = 65536, ENTRIES_MAX = 65536, FEEDBACK_MAX = 10000 };

struct eh_person_items {
    eh_arena *arena;
    eh_person_item *items;
    size_t count, capacity;
};

eh_code eh_person_item_add(eh_person_items *list, const char *part, const eh_buffer *json, eh_error *error)
{
    EH_TRY(eh_buffer_check(json, error));
    const char *text = eh_arena_copy(list->arena, eh_buffer_view(json));
    if (text == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < list->count; i++) /* it came back to where it is from */
        if (strcmp(list->items[i].json, text) == 0 && strcmp(list->items[i].part, part) == 0)
            return EH_OK;
    if (list->count == list->capacity) {
        size_t capacity = list->capacity > 0 ? 2 * list->capacity : ITEMS_FIRST;
        eh_person_item *larger = capacity <= ITEMS_MAX ? EH_TAKE(list->arena, capacity, eh_person_item) : NULL;
        if (larger == NULL)
            return eh_fail_memory(error);
        if (list->count > 0)
            memcpy(larger, list->items, list->count * sizeof *larger);
        list->items = larger;
        list->capacity = capacity;
    }
    list->items[list->count++] = (eh_person_item){.part = part, .json = text};
    return EH_OK;
}

/* ---- decisions -------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_person_items_spec *spec;
    eh_person_items *list;
    eh_decision decision; /* its frame is kept from one to the next */
    eh_words words;
} gathering;

/* Procedure, facts, scores and contributions as they were (trace), and in words (page). `id` NULL: planned, not released. */
static eh_code decision_add(gathering *g, const char *id, eh_arena *arena, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_page page = {0};
    eh_page_input input = {0};
    eh_json_writer json;
    const eh_frame *frame = &g->decision.file.frame;
    const eh_trace *trace = &g->decision.trace;
    EH_TRY(eh_decision_page(&g->decision, &g->words, arena, &page, &input, error));
    eh_json_begin(&json, &text, false, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "decision", id);
    eh_json_text(&json, "state", id != NULL ? "released" : "planned");
    eh_json_text(&json, "plan", frame->plan);
    eh_json_text(&json, "campaign", frame->campaign);
    eh_json_text(&json, "channel", frame->channel);
    eh_json_time(&json, "at", frame->at_s);
    eh_json_text(&json, "stage", eh_stage_name(trace->stage));
    eh_json_text(&json, "offer", trace->choice == EH_NO_OFFER ? NULL : frame->offers[trace->choice].name);
    eh_page_json(&page, &input, &json, "page");
    eh_trace_json(trace, frame, &json, "trace");
    eh_json_object_close(&json);
    return eh_person_item_add(g->list, "decisions", &text, error);
}

/* What cannot be told is told to be so: an answer that leaves it out in silence would be wrong. */
static eh_code decision_untold(gathering *g, const char *id, const eh_error *reason, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_json_writer json;
    eh_json_begin(&json, &text, false, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "decision", id);
    eh_json_text(&json, "state", "cannot be read");
    eh_json_text(&json, "problem", reason->text);
    eh_json_object_close(&json);
    return eh_person_item_add(g->list, "decisions", &text, error);
}

static eh_code entry_read(gathering *g, eh_ledger *ledger, uint64_t index, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_ledger_record record = {0};
    eh_error reason = {0};
    char which[24];
    if (arena == NULL)
        return eh_fail_memory(error);
    snprintf(which, sizeof which, "%llu", (unsigned long long)index);
    EH_TRY(eh_ledger_read(ledger, eh_view_of(which), arena, &record, error));
    if (!eh_view_equal(record.kind, EH_VIEW("decision")) || record.state == EH_RECORD_ERASED)
        return EH_OK;
    if (eh_decision_of_record(g->spec->model, &record, arena, &g->decision, &reason) != EH_OK || decision_add(g, record.id, arena, &reason) != EH_OK)
        return reason.code == EH_MEMORY ? eh_fail_memory(error) : decision_untold(g, record.id, &reason, error);
    return EH_OK;
}

static eh_code released_read(gathering *g, eh_ledger *ledger, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    uint64_t *indexes = arena == NULL ? NULL : EH_TAKE(arena, ENTRIES_MAX, uint64_t);
    if (indexes == NULL)
        return eh_fail_memory(error);
    for (size_t k = 0; k < g->spec->marks->keys_count; k++) {
        size_t count = 0;
        EH_TRY(eh_ledger_person_entries(ledger, eh_view_of(g->spec->marks->keys[k]), ENTRIES_MAX, indexes, &count, error));
        for (size_t i = 0; i < count && i < ENTRIES_MAX; i++)
            EH_TRY(entry_read(g, ledger, indexes[i], error));
    }
    return EH_OK;
}

static eh_code ledger_read(gathering *g, eh_error *error)
{
    eh_ledger *ledger = g->spec->ledger;
    if (ledger != NULL) {
        EH_TRY(eh_ledger_publish(ledger, error)); /* what is not published yet cannot be read */
        return released_read(g, ledger, error);
    }
    if (!eh_ledger_exists(g->spec->model->folder))
        return EH_OK;
    EH_TRY(eh_ledger_open(g->spec->model->folder, &(eh_ledger_options){.reads_only = true}, &ledger, error));
    eh_code code = released_read(g, ledger, error);
    eh_ledger_close(&ledger);
    return code;
}

/* A plan that has not gone out yet. */
static eh_code plan_read(gathering *g, const char *plan, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_error reason = {0};
    if (arena == NULL)
        return eh_fail_memory(error);
    for (size_t k = 0; k < g->spec->marks->keys_count; k++) {
        EH_CLEANUP(eh_decision_close) eh_decision decision = {0};
        if (eh_decision_of_plan(g->spec->model, plan, g->spec->marks->keys[k], &decision, &reason) != EH_OK)
            continue; /* under another of their names */
        gathering other = {.spec = g->spec, .list = g->list, .decision = decision, .words = g->words};
        EH_TRY(decision_add(&other, NULL, arena, error));
    }
    return EH_OK;
}

static eh_code planned_read(gathering *g, eh_error *error)
{
    const char *const *plans = NULL;
    size_t count = 0;
    EH_TRY(eh_person_plans_waiting(g->spec->model, g->spec->marks, g->list->arena, &plans, &count, error));
    for (size_t i = 0; i < count; i++)
        EH_TRY(plan_read(g, plans[i], error));
    return EH_OK;
}

/* ---- messages, outcomes, feedback ------------------------------------------------------------------------------------------------------------ */

static eh_code messages_read(gathering *g, eh_store *store, const char *key, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    EH_TRY(eh_store_prepare(store, "SELECT p.plan, p.campaign, p.channel, m.at_s FROM campaign_message m JOIN campaign_plan p ON p.number = m.plan "
                                   "WHERE m.person = $1 AND m.plan IN (SELECT number FROM campaign_plan) "
                                   "UNION ALL SELECT '', campaign, channel, at_s FROM campaign_single WHERE person = $1 ORDER BY 4, 1", &each, error));
    eh_bind_text(each, 1, eh_view_of(key));
    for (bool row = true;;) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_json_writer json;
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        eh_json_begin(&json, &text, false, false);
        eh_json_object_open(&json, NULL);
        eh_json_view(&json, "plan", eh_column_text(each, 0));
        eh_json_view(&json, "campaign", eh_column_text(each, 1));
        eh_json_view(&json, "channel", eh_column_text(each, 2));
        eh_json_time(&json, "at", eh_column_integer(each, 3));
        eh_json_object_close(&json);
        EH_TRY(eh_person_item_add(g->list, "messages", &text, error));
    }
}

static eh_code outcomes_read(gathering *g, eh_store *store, const char *key, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    EH_TRY(eh_store_prepare(store, "SELECT p.plan, o.outcome, o.value, o.at_s FROM campaign_outcome o JOIN campaign_plan p ON p.number = o.plan "
                                   "WHERE o.person = $1 AND o.plan IN (SELECT number FROM campaign_plan) AND o.outcome IN (SELECT outcome FROM campaign_batch) "
                                   "ORDER BY o.at_s, p.number, o.outcome", &each, error));
    eh_bind_text(each, 1, eh_view_of(key));
    for (bool row = true;;) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_json_writer json;
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        eh_json_begin(&json, &text, false, false);
        eh_json_object_open(&json, NULL);
        eh_json_view(&json, "plan", eh_column_text(each, 0));
        eh_json_view(&json, "name", eh_column_text(each, 1));
        eh_json_number(&json, "value", eh_column_double(each, 2));
        eh_json_time(&json, "at", eh_column_integer(each, 3));
        eh_json_object_close(&json);
        EH_TRY(eh_person_item_add(g->list, "outcomes", &text, error));
    }
}

static eh_code feedback_read(gathering *g, eh_store *store, const char *key, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    const eh_feedback *pieces = NULL;
    size_t count = 0;
    if (arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_feedback_list(store, &(eh_feedback_filter){.person = eh_view_of(key), .count_max = FEEDBACK_MAX}, arena, &pieces, &count, error));
    for (size_t i = 0; i < count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_json_writer json;
        const struct {
            const char *name, *text;
        } texts[] = {{"decision", pieces[i].decision}, {"campaign", pieces[i].campaign}, {"subject", pieces[i].subject}, {"rule", pieces[i].rule},
                     {"words", pieces[i].words}, {"language", pieces[i].language}, {"answer", pieces[i].answer}, {"change", pieces[i].change}};
        eh_json_begin(&json, &text, false, false);
        eh_json_object_open(&json, NULL);
        eh_json_text(&json, "ticket", pieces[i].ticket);
        eh_json_text(&json, "kind", eh_feedback_kind_name(pieces[i].kind));
        eh_json_time(&json, "given", pieces[i].given_s);
        eh_json_time(&json, "due", pieces[i].due_s);
        eh_json_time(&json, "answered", pieces[i].answered_s);
        for (size_t t = 0; t < sizeof texts / sizeof texts[0]; t++)
            eh_json_text(&json, texts[t].name, texts[t].text);
        eh_json_object_close(&json);
        EH_TRY(eh_person_item_add(g->list, "feedback", &text, error));
    }
    return EH_OK;
}

/* ---- all of it --------------------------------------------------------------------------------------------------------------------------------- */

static eh_code tables_read(gathering *g, eh_store *store, eh_error *error)
{
    const eh_person_items_spec *spec = g->spec;
    EH_TRY(eh_feedback_migrate(store, error));
    EH_TRY(planned_read(g, error));
    for (size_t k = 0; k < spec->marks->keys_count; k++) {
        EH_TRY(messages_read(g, store, spec->marks->keys[k], error));
        EH_TRY(outcomes_read(g, store, spec->marks->keys[k], error));
        EH_TRY(feedback_read(g, store, spec->marks->keys[k], error));
    }
    return spec->also == NULL ? EH_OK : spec->also(store, spec->marks, g->list, error);
}

static eh_code gather(gathering *g, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    const char *language = g->spec->model->shop.language;
    eh_error first = {0};
    if (eh_words_open(language != NULL ? language : "en", &g->words, &first) != EH_OK)
        EH_TRY(eh_words_open("en", &g->words, error));
    EH_TRY(eh_campaigns_open(g->spec->model->state_folder, &store, error));
    EH_TRY(ledger_read(g, error));
    return tables_read(g, store, error);
}

eh_code eh_person_items_read(const eh_person_items_spec *spec, eh_person *person, eh_arena *arena, eh_error *error)
{
    eh_person_items list = {.arena = arena};
    gathering g = {.spec = spec, .list = &list};
    for (size_t i = 0; i < person->items_count; i++) { /* what was brought comes first */
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_buffer_text(&text, person->items[i].json);
        EH_TRY(eh_person_item_add(&list, person->items[i].part, &text, error));
    }
    eh_code code = gather(&g, error);
    eh_words_close(&g.words);
    eh_decision_close(&g.decision);
    if (code != EH_OK)
        return code;
    person->items = list.items;
    person->items_count = list.count;
    return EH_OK;
}
