/* The desk: a campaign that is open for single decisions. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "journey/desk_int.h"

/* ---- opening -------------------------------------------------------------------------------------------------------------------- */

static eh_code name_check(const char *name, eh_error *error)
{
    size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_-");
    return len > 0 && name[len] == '\0' ? EH_OK : eh_fail(error, EH_INPUT, "'%.60s' is no name of a campaign: a-z, 0-9, '_' and '-' make one", name);
}

/* A campaign that the guards stopped is closed; one of which they could not tell needs somebody who answers for it. */
static eh_code outcome_check(const eh_desk *desk, const char *plan, eh_error *error)
{
    char outcome[16];
    bool sent = false;
    EH_TRY(eh_plan_outcome(desk->model->state_folder, plan, outcome, &sent, error));
    if (sent) /* it was released: nothing stood against it, or somebody answered for it then */
        return EH_OK;
    if (strcmp(outcome, "stopped") == 0)
        return eh_fail(error, EH_DENIED, "the plan '%s' was stopped by its guards, so nothing is decided under it; repair it: evenhand plan %s --repair", plan, desk->options.campaign);
    if (strcmp(outcome, "ask") == 0 && desk->options.approved_by == NULL)
        return eh_fail(error, EH_DENIED, "the guards of '%s' cannot tell whether it is fair; a person decides: --approved-by NAME, or evenhand release %s --approved-by NAME", plan, plan);
    return EH_OK;
}

static eh_code condition_open(eh_desk *desk, eh_error *error)
{
    const eh_frame *frame = &desk->file.frame;
    static const eh_person_kind kinds[] = {[EH_FACT_NUMBER] = EH_PERSON_NUMBER, [EH_FACT_TRUTH] = EH_PERSON_BOOLEAN, [EH_FACT_TEXT] = EH_PERSON_TEXT};
    const char *sql = NULL;
    if (eh_campaign_get(desk->campaign_file)->audience == NULL)
        return EH_OK;
    EH_TRY(eh_audience_sql(desk->campaign_file, desk->arena, &sql, error));
    eh_condition_column *columns = EH_TAKE(desk->arena, frame->facts_count, eh_condition_column);
    if (columns == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < frame->facts_count; f++)
        columns[f] = (eh_condition_column){.name = frame->facts[f].name, .kind = kinds[frame->facts[f].kind]};
    if (eh_condition_open(sql, columns, frame->facts_count, &desk->condition, error) != EH_OK) {
        char *text = eh_arena_copy(desk->arena, eh_view_of(error->text));
        return eh_campaign_fail(desk->campaign_file, "audience", error, error->code, "%s", text == NULL ? "" : text);
    }
    return EH_OK;
}

/* What caps, cool-down and quiet hours need. */
static eh_code clocks_open(eh_desk *desk, eh_error *error)
{
    const eh_campaign *campaign = eh_campaign_get(desk->campaign_file);
    const eh_frame *frame = &desk->file.frame;
    desk->zone_fact = SIZE_MAX;
    EH_TRY(eh_campaigns_open(desk->model->state_folder, &desk->store, error));
    EH_TRY(eh_zones_open(&desk->zones, error));
    EH_TRY(eh_zones_find(desk->zones, eh_view_of(frame->zone == NULL ? "UTC" : frame->zone), &desk->zone, error));
    for (size_t f = 0; campaign->zone_feature != NULL && f < frame->facts_count; f++)
        if (strcmp(frame->facts[f].name, campaign->zone_feature) == 0 && frame->facts[f].kind == EH_FACT_TEXT)
            desk->zone_fact = f;
    return EH_OK;
}

static eh_code rights_open(eh_desk *desk, eh_error *error)
{
    eh_rights_options options = {.state_folder = desk->model->state_folder};
    if (desk->options.rights != NULL) {
        desk->rights = desk->options.rights;
        return EH_OK;
    }
    EH_TRY(eh_rights_house_read(desk->model->rights, &options.house, error));
    EH_TRY(eh_rights_open(&options, &desk->own_rights, error));
    desk->rights = desk->own_rights;
    return EH_OK;
}

/* The policy's hash before anything else: it says which plans are this campaign's. Zero: there is no policy. */
static eh_code policy_digest(eh_desk *desk, eh_digest *digest_out, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    const char *path = eh_workspace_path(desk->workspace, "policy.yaml");
    struct stat facts;
    *digest_out = (eh_digest){0};
    if (path == NULL)
        return eh_fail_memory(error);
    if (stat(path, &facts) != 0)
        return EH_OK;
    EH_TRY(eh_policy_open(path, &(eh_policy_options){.now = desk->options.now}, &policy, error));
    EH_TRY(eh_policy_runnable(policy, error));
    return eh_hex_read(eh_view_of(eh_policy_about(policy)->sha256), sizeof digest_out->bytes, digest_out->bytes) ? EH_OK : eh_fail(error, EH_INTERNAL, "the policy has no hash");
}

static eh_code frame_keep(eh_desk *desk, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer before = {0};
    eh_error none = {0};
    eh_digest kept;
    eh_hex(desk->file.frame_digest.bytes, sizeof desk->file.frame_digest.bytes, desk->frame_hex);
    desk->frame_is_new = eh_archive_read(desk->model->state_folder, "frame.json", &desk->file.frame_digest, &before, &none) != EH_OK;
    return desk->frame_is_new ? eh_archive_keep(desk->model->state_folder, "frame.json", desk->file.frame_text, &kept, error) : EH_OK;
}

static eh_code desk_fill(eh_desk *desk, eh_error *error)
{
    const char *plan = NULL;
    eh_digest policy;
    EH_TRY(name_check(desk->options.campaign, error));
    EH_TRY(eh_workspace_open(desk->options.workspace, &desk->workspace, error));
    desk->model = eh_workspace_get(desk->workspace);
    EH_TRY(eh_campaign_find(desk->workspace, desk->options.campaign, &desk->campaign_file, error));
    const eh_campaign *campaign = eh_campaign_get(desk->campaign_file);
    EH_TRY(eh_campaign_profiles(desk->model, desk->campaign_file, error));
    if (!eh_channel_find(eh_view_of(campaign->channel), &desk->channel))
        return eh_campaign_fail(desk->campaign_file, "channel", error, EH_INPUT, "is no channel");
    EH_TRY(policy_digest(desk, &policy, error));
    EH_TRY(eh_desk_plan(desk, &policy, &plan, error));
    EH_TRY(outcome_check(desk, plan, error));
    EH_TRY(eh_plan_file_open(desk->model->state_folder, plan, &desk->file, error));
    eh_buffer_dispose(&desk->file.traces);
    EH_TRY(frame_keep(desk, error));
    const char *path = eh_workspace_path(desk->workspace, "policy.yaml");
    if (path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_rulebook_open(&(eh_rulebook_input){.path = path, .frame = &desk->file.frame, .campaign = campaign, .now = desk->options.now}, desk->arena, &desk->book, error));
    EH_TRY(condition_open(desk, error));
    EH_TRY(clocks_open(desk, error));
    return rights_open(desk, error);
}

eh_code eh_desk_open(const eh_desk_options *options, eh_desk **desk_out, eh_error *error)
{
    EH_CLEANUP(eh_desk_close) eh_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL)
        return eh_fail_memory(error);
    pthread_mutex_init(&desk->lock, NULL);
    pthread_mutex_init(&desk->history, NULL);
    desk->options = *options;
    desk->arena = eh_arena_open(SIZE_MAX / 4);
    if (desk->arena == NULL)
        return eh_fail_memory(error);
    desk->options.campaign = eh_arena_copy(desk->arena, eh_view_of(options->campaign));
    desk->options.approved_by = options->approved_by == NULL ? NULL : eh_arena_copy(desk->arena, eh_view_of(options->approved_by));
    if (desk->options.campaign == NULL || (options->approved_by != NULL && desk->options.approved_by == NULL))
        return eh_fail_memory(error);
    EH_TRY(desk_fill(desk, error));
    *desk_out = desk;
    desk = NULL;
    return EH_OK;
}

void eh_desk_close(eh_desk **desk)
{
    eh_desk *of = *desk;
    if (of == NULL)
        return;
    for (size_t i = 0; i < of->seats_count; i++)
        eh_rules_seat_close(&of->seats[i]);
    eh_store_close(&of->store);
    eh_zones_close(&of->zones);
    eh_condition_close(&of->condition);
    eh_rulebook_close(&of->book);
    eh_rights_close(&of->own_rights);
    eh_crowd_close(&of->crowd);
    eh_plan_file_close(&of->file);
    eh_campaign_close(&of->campaign_file);
    eh_workspace_close(&of->workspace);
    eh_arena_close(&of->arena);
    pthread_mutex_destroy(&of->lock);
    pthread_mutex_destroy(&of->history);
    free(of);
    *desk = NULL;
}

const eh_frame *eh_desk_frame(const eh_desk *desk) { return &desk->file.frame; }
const eh_campaign *eh_desk_campaign(const eh_desk *desk) { return eh_campaign_get(desk->campaign_file); }

/* ---- facts ------------------------------------------------------------------------------------------------------------------------ */

/* The shop's data is read once, when somebody asks for it first. */
static eh_code crowd_ready(eh_desk *desk, eh_error *error)
{
    if (atomic_load_explicit(&desk->crowded, memory_order_acquire))
        return EH_OK;
    pthread_mutex_lock(&desk->lock);
    eh_code code = EH_OK;
    if (!atomic_load_explicit(&desk->crowded, memory_order_relaxed)) {
        eh_crowd_close(&desk->crowd);
        desk->crowd = (eh_crowd){.workspace = desk->workspace, .campaign_file = desk->campaign_file, .arena = desk->arena, .now = desk->options.now};
        code = eh_crowd_read(&desk->crowd, error);
        if (code == EH_OK && desk->crowd.facts_count != desk->file.frame.facts_count)
            code = eh_fail(error, EH_CONFLICT, "evenhand.yaml has other features than the plan '%s'; make a new one with: evenhand plan %s", desk->file.frame.plan, desk->options.campaign);
        for (size_t f = 0; code == EH_OK && f < desk->crowd.facts_count; f++)
            if (strcmp(desk->crowd.facts[f].name, desk->file.frame.facts[f].name) != 0 || desk->crowd.facts[f].kind != desk->file.frame.facts[f].kind)
                code = eh_fail(error, EH_CONFLICT, "the feature '%s' is not what it was in the plan '%s'; make a new one with: evenhand plan %s", desk->crowd.facts[f].name,
                               desk->file.frame.plan, desk->options.campaign);
        if (code == EH_OK)
            atomic_store_explicit(&desk->crowded, true, memory_order_release);
    }
    pthread_mutex_unlock(&desk->lock);
    return code;
}

static eh_code fact_unknown(const eh_desk *desk, const char *name, eh_error *error)
{
    const eh_frame *frame = &desk->file.frame;
    for (size_t a = 0; a < desk->model->attributes_count; a++)
        if (strcmp(desk->model->attributes[a].name, name) == 0)
            return eh_fail(error, EH_DENIED, "facts: '%.60s' is a protected attribute: it can check decisions and never make them", name);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    const char **names = arena == NULL ? NULL : EH_TAKE(arena, frame->facts_count, const char *);
    if (names == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < frame->facts_count; f++)
        names[f] = frame->facts[f].name;
    const char *nearest = strlen(name) < 60 ? eh_nearest_name(name, names, frame->facts_count) : NULL;
    return eh_fail(error, EH_INPUT, "facts: '%.60s' is no feature of evenhand.yaml, and nothing else may be read%s%s%s", name, nearest == NULL ? "" : "; do you mean '",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static eh_code fact_take(const eh_frame_fact *about, eh_json_value value, eh_arena *arena, eh_fact_value *fact_out, eh_error *error)
{
    static const char *const wanted[] = {[EH_FACT_NUMBER] = "a number", [EH_FACT_TRUTH] = "true or false", [EH_FACT_TEXT] = "a text"};
    bool truth = false;
    double number = eh_json_as_number(value);
    const char *text = eh_json_as_text(value);
    eh_fact_value fact = {.given = true};
    if (eh_json_type_of(value) == EH_JSON_NULL) {
        fact.type = EH_VALUE_MISSING;
    } else if (about->kind == EH_FACT_NUMBER && isfinite(number)) {
        fact.type = EH_VALUE_NUMBER;
        fact.number = number;
    } else if (about->kind == EH_FACT_TRUTH && eh_json_as_boolean(value, &truth)) {
        fact.type = EH_VALUE_TRUTH;
        fact.number = truth;
    } else if (about->kind == EH_FACT_TEXT && text != NULL) {
        char *kept = eh_arena_copy(arena, eh_view_of(text));
        if (kept == NULL)
            return eh_fail_memory(error);
        if (strlen(text) > EH_FACT_TEXT_BYTES_MAX)
            return eh_fail(error, EH_LIMIT, "facts: '%s' has %zu bytes, at most %d", about->name, strlen(text), EH_FACT_TEXT_BYTES_MAX);
        fact.type = EH_VALUE_TEXT;
        fact.text = eh_view_of(kept);
    } else {
        return eh_fail(error, EH_INPUT, "facts: '%s' must be %s, or null when it is not known", about->name, wanted[about->kind]);
    }
    *fact_out = fact;
    return EH_OK;
}

/* What came with the request; *given_out: how many. */
static eh_code facts_given(const eh_desk *desk, eh_json_value given, eh_arena *arena, eh_fact_value *facts, size_t *given_out, eh_error *error)
{
    const eh_frame *frame = &desk->file.frame;
    *given_out = 0;
    if (given == NULL || eh_json_type_of(given) == EH_JSON_NULL)
        return EH_OK;
    if (eh_json_type_of(given) != EH_JSON_OBJECT)
        return eh_fail(error, EH_INPUT, "facts: must be an object, as in {\"facts\": {\"months_since_order\": 3}}");
    for (eh_json_members at = {0}; eh_json_next(given, &at);) {
        size_t f = 0;
        while (f < frame->facts_count && strcmp(frame->facts[f].name, at.key) != 0)
            f++;
        if (f == frame->facts_count)
            return fact_unknown(desk, at.key, error);
        EH_TRY(fact_take(&frame->facts[f], at.value, arena, &facts[f], error));
        ++*given_out;
    }
    return EH_OK;
}

static void facts_stored(const eh_desk *desk, size_t person, eh_fact_value *facts)
{
    const eh_frame *frame = &desk->file.frame;
    for (size_t f = 0; f < frame->facts_count; f++) {
        const eh_fact_column *column = &desk->crowd.columns[f];
        if (facts[f].given)
            continue;
        if (frame->facts[f].kind == EH_FACT_TEXT) {
            if (column->codes[person] < column->levels_count)
                facts[f] = (eh_fact_value){.type = EH_VALUE_TEXT, .text = eh_view_of(column->levels[column->codes[person]])};
        } else if (!isnan(column->numbers[person])) {
            facts[f] = (eh_fact_value){.type = frame->facts[f].kind == EH_FACT_TRUTH ? EH_VALUE_TRUTH : EH_VALUE_NUMBER, .number = column->numbers[person]};
        }
    }
}

/* ---- deciding ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    eh_fact_value *facts;
    size_t given, person; /* person: SIZE_MAX when the shop's data has no such person */
    int64_t as_of_s;
} known;

static eh_code person_know(eh_desk *desk, const eh_desk_request *request, eh_arena *arena, known *out, eh_error *error)
{
    const eh_frame *frame = &desk->file.frame;
    *out = (known){.facts = EH_TAKE(arena, frame->facts_count, eh_fact_value), .person = SIZE_MAX, .as_of_s = request->at_s};
    if (out->facts == NULL)
        return eh_fail_memory(error);
    EH_TRY(facts_given(desk, request->facts, arena, out->facts, &out->given, error));
    if (out->given == frame->facts_count && out->given > 0)
        return EH_OK; /* nothing of the shop's data is needed */
    EH_TRY(crowd_ready(desk, error));
    out->as_of_s = desk->crowd.as_of_s;
    if (eh_crowd_find(&desk->crowd, request->person, &out->person))
        facts_stored(desk, out->person, out->facts);
    else
        out->person = SIZE_MAX;
    return EH_OK;
}

static eh_code audience_ask(eh_desk *desk, const eh_desk_request *request, const known *about, eh_arena *arena, bool *outside_out, eh_error *error)
{
    const eh_frame *frame = &desk->file.frame;
    bool inside = true;
    *outside_out = false;
    if (desk->condition == NULL || (about->given == 0 && about->person == SIZE_MAX))
        return EH_OK;
    if (about->given == 0) {
        *outside_out = !desk->crowd.audience[about->person];
        return EH_OK;
    }
    eh_condition_value *values = EH_TAKE(arena, frame->facts_count + 1, eh_condition_value);
    if (values == NULL)
        return eh_fail_memory(error);
    values[0].text = request->person;
    for (size_t f = 0; f < frame->facts_count; f++)
        values[f + 1] = (eh_condition_value){.missing = about->facts[f].type == EH_VALUE_MISSING, .number = about->facts[f].number, .text = about->facts[f].text};
    if (eh_condition_ask(desk->condition, values, &inside, error) != EH_OK)
        return eh_fail_within(error, "the audience of '%s'", desk->options.campaign);
    *outside_out = !inside;
    return EH_OK;
}

static eh_code right_ask(eh_desk *desk, const eh_desk_request *request, eh_purpose purpose, eh_trace_right *right_out, eh_error *error)
{
    eh_may_answer answer;
    eh_may_question question = {.purpose = purpose, .channel = purpose == EH_PURPOSE_MARKETING ? desk->channel : EH_CHANNEL_ALL, .at_s = request->at_s,
                                .product_group = eh_campaign_get(desk->campaign_file)->product_group, .opt_out_in_message = true};
    EH_TRY(eh_rights_may(desk->rights, request->person, &question, &answer, error));
    *right_out = (eh_trace_right){.may = answer.may, .why = (uint8_t)answer.why, .record = answer.records_count > 0 ? answer.records[0] : 0};
    return EH_OK;
}

static eh_code seat_take(eh_desk *desk, eh_rules_seat **seat_out, eh_error *error)
{
    eh_rules_seat *seat = NULL;
    pthread_mutex_lock(&desk->lock);
    if (desk->seats_count > 0)
        seat = desk->seats[--desk->seats_count];
    pthread_mutex_unlock(&desk->lock);
    if (seat == NULL)
        EH_TRY(eh_rules_seat_open(desk->book, &seat, error));
    *seat_out = seat;
    return EH_OK;
}

static void seat_give_back(eh_desk *desk, eh_rules_seat *seat)
{
    pthread_mutex_lock(&desk->lock);
    if (desk->seats_count < EH_DESK_SEATS_MAX) {
        desk->seats[desk->seats_count++] = seat;
        seat = NULL;
    }
    pthread_mutex_unlock(&desk->lock);
    eh_rules_seat_close(&seat);
}

static eh_code rules_ask(eh_desk *desk, const eh_case *about, eh_arena *arena, const eh_rules_answer **answer_out, eh_error *error)
{
    eh_rules_seat *seat = NULL;
    eh_rules_answer *answer = EH_TAKE(arena, 1, eh_rules_answer);
    if (answer == NULL)
        return eh_fail_memory(error);
    answer->allowed = (uint32_t)((UINT64_C(1) << desk->file.frame.offers_count) - 1);
    EH_TRY(seat_take(desk, &seat, error));
    eh_rules_question question = {.facts = about->ai.may ? about->facts : NULL, .marketing = about->marketing, .ai = about->ai, .at_s = about->at_s};
    eh_code code = eh_rules_seat_ask(seat, &question, answer, error);
    seat_give_back(desk, seat);
    *answer_out = answer;
    return code;
}

bool eh_desk_counts(const eh_desk *desk)
{
    const eh_campaign *campaign = eh_campaign_get(desk->campaign_file);
    return campaign->caps_count > 0 || campaign->cool_down.seconds > 0;
}

/* Caps and cool-down, as the plan keeps them. */
static eh_code history_ask(eh_desk *desk, eh_case *about, eh_arena *arena, eh_error *error)
{
    const eh_campaign *campaign = eh_campaign_get(desk->campaign_file);
    int64_t last_s = 0;
    if (!eh_desk_counts(desk))
        return EH_OK;
    int64_t *counted = EH_TAKE(arena, campaign->caps_count, int64_t);
    if (counted == NULL)
        return eh_fail_memory(error);
    pthread_mutex_lock(&desk->history);
    eh_code code = eh_campaign_history_of(desk->store, campaign, about->key, about->at_s, counted, &last_s, error);
    pthread_mutex_unlock(&desk->history);
    EH_TRY(code);
    about->counted = counted;
    about->last_message_s = last_s > about->at_s - campaign->cool_down.seconds ? last_s : 0; /* without a cool-down none matters */
    return EH_OK;
}

eh_code eh_desk_sent(eh_desk *desk, const eh_trace *const *traces, size_t count, eh_error *error)
{
    const eh_frame *frame = &desk->file.frame;
    eh_single_message *messages = calloc(count + 1, sizeof *messages);
    size_t kept = 0;
    if (messages == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        if (traces[i]->choice != EH_NO_OFFER)
            messages[kept++] = (eh_single_message){.person = traces[i]->key, .channel = frame->channel, .campaign = frame->campaign, .at_s = eh_trace_at(traces[i], frame)};
    eh_code code = EH_OK;
    if (kept > 0) {
        pthread_mutex_lock(&desk->history);
        code = eh_single_messages_keep(desk->store, messages, kept, error);
        pthread_mutex_unlock(&desk->history);
    }
    free(messages);
    return code;
}

int64_t eh_desk_send_after(eh_desk *desk, const eh_trace *trace)
{
    const eh_campaign *campaign = eh_campaign_get(desk->campaign_file);
    const eh_zone *zone = desk->zone, *own = NULL;
    int64_t at_s = eh_trace_at(trace, &desk->file.frame);
    eh_error unknown = {0};
    if (campaign->quiet_from == campaign->quiet_to)
        return at_s;
    pthread_mutex_lock(&desk->history);
    if (desk->zone_fact != SIZE_MAX && trace->facts_count > desk->zone_fact && trace->facts[desk->zone_fact].type == EH_VALUE_TEXT &&
        eh_zones_find(desk->zones, trace->facts[desk->zone_fact].text, &own, &unknown) == EH_OK)
        zone = own;
    pthread_mutex_unlock(&desk->history);
    return eh_send_after(campaign, zone, at_s);
}

eh_code eh_desk_decide(eh_desk *desk, const eh_desk_request *request, eh_arena *arena, eh_trace *trace_out, eh_error *error)
{
    known about = {0};
    eh_case made = {.at_s = request->at_s};
    if (request->person.len == 0 || request->person.len > EH_RIGHTS_KEY_BYTES_MAX || !eh_utf8_valid(request->person))
        return eh_fail(error, EH_INPUT, "person: must be a key of at most %d bytes", EH_RIGHTS_KEY_BYTES_MAX);
    char *key = eh_arena_copy(arena, request->person);
    if (key == NULL)
        return eh_fail_memory(error);
    made.key = (eh_view){key, request->person.len};
    if (desk->book != NULL && request->at_s > eh_policy_about(eh_rulebook_policy(desk->book))->runs_until.seconds)
        return eh_fail(error, EH_DENIED, "the policy is past its review date and its grace, so nothing is decided under it; review it: evenhand policy review");
    EH_TRY(right_ask(desk, request, EH_PURPOSE_MARKETING, &made.marketing, error));
    EH_TRY(right_ask(desk, request, EH_PURPOSE_AI, &made.ai, error));
    EH_TRY(person_know(desk, request, arena, &about, error));
    EH_TRY(audience_ask(desk, request, &about, arena, &made.outside, error));
    made.facts = about.facts;
    made.as_of_s = about.as_of_s;
    if (!made.outside && made.marketing.may) {
        if (about.given == 0 && about.person == SIZE_MAX)
            return eh_fail(error, EH_NOT_FOUND, "nobody '%.80s' is in the shop's data, and no facts came with the request", key);
        if (desk->book != NULL)
            EH_TRY(rules_ask(desk, &made, arena, &made.rules, error));
    }
    if (!made.outside && made.marketing.may)
        EH_TRY(history_ask(desk, &made, arena, error));
    return eh_decide_case(desk->file.decider, eh_campaign_get(desk->campaign_file), &made, arena, trace_out, error);
}
