/* What a release looks up for every person: what they were sent before, where they can be reached, whose clock, which words the policy asks for. */
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "journey/release_int.h"

static void engine_dispose(eh_engine **engine) { eh_engine_close(engine); }
static void people_dispose(eh_people **people) { eh_people_close(people); }
static void policy_dispose(eh_policy **policy) { eh_policy_close(policy); }

size_t eh_key_place(const char *const *keys, size_t count, eh_view key)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2, len = strlen(keys[middle]);
        int order = memcmp(keys[middle], key.ptr, len < key.len ? len : key.len);
        order = order != 0 ? order : len < key.len ? -1 : len > key.len;
        if (order == 0)
            return middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return SIZE_MAX;
}

/* ---- who is in the plan -------------------------------------------------------------------------------------------------------------- */

static eh_code keys_count(const eh_release_run *run, size_t *count_out, eh_error *error)
{
    eh_plan_record record;
    size_t count = 0;
    for (size_t at = 0; at < run->file.traces.len; count++)
        EH_TRY(eh_plan_file_step(&run->file, &at, &record, error));
    *count_out = count;
    return EH_OK;
}

static eh_code keys_read(eh_release_run *run, eh_error *error)
{
    size_t count = 0, at = 0;
    EH_TRY(keys_count(run, &count, error));
    const char **keys = EH_TAKE(run->arena, count, const char *);
    run->messages = EH_TAKE(run->arena, count, eh_campaign_message);
    run->dropped = EH_TAKE(run->arena, count, const char *);
    if (keys == NULL || run->messages == NULL || run->dropped == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        eh_plan_record record;
        EH_TRY(eh_plan_file_step(&run->file, &at, &record, error));
        if ((keys[i] = eh_arena_copy(run->arena, record.key)) == NULL)
            return eh_fail_memory(error);
        if (i > 0 && strcmp(keys[i - 1], keys[i]) >= 0)
            return eh_fail(error, EH_CORRUPT, "the traces of the plan '%s' are not in the order of their keys", run->file.name);
    }
    run->keys = keys;
    run->people_count = count;
    return EH_OK;
}

/* ---- the words that the policy asks for ------------------------------------------------------------------------------------------------ */

static eh_code notices_read(eh_release_run *run, eh_error *error)
{
    static const eh_digest none;
    EH_CLEANUP(policy_dispose) eh_policy *policy = NULL;
    const eh_frame *frame = &run->file.frame;
    const char *path = eh_workspace_path(run->workspace, "policy.yaml");
    char planned[65];
    struct stat facts;
    run->notices = EH_TAKE(run->arena, frame->rules_count, const char *);
    if (run->notices == NULL || path == NULL)
        return eh_fail_memory(error);
    bool had = memcmp(&frame->policy_digest, &none, sizeof none) != 0;
    if (!had && stat(path, &facts) != 0)
        return EH_OK; /* rights alone decided, and still do */
    EH_TRY(eh_policy_open(path, &(eh_policy_options){.now = run->request->now}, &policy, error));
    EH_TRY(eh_policy_runnable(policy, error));
    const eh_policy_facts *about = eh_policy_about(policy);
    eh_hex(frame->policy_digest.bytes, sizeof frame->policy_digest.bytes, planned);
    if (strcmp(planned, about->sha256) != 0)
        return eh_fail(error, EH_DENIED, "%s has changed since '%s' was planned, and what goes out must keep the rules of now; plan again: evenhand plan %s", path,
                       run->file.name, frame->campaign);
    for (size_t r = 0; r < about->rules_count && r < frame->rules_count; r++) {
        const char *text = about->rules[r].effect == EH_RULE_REQUIRE ? eh_texts_find(&about->rules[r].disclosure, run->model->shop.language) : NULL;
        if (text != NULL && (run->notices[r] = eh_arena_copy(run->arena, eh_view_of(text))) == NULL)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

/* ---- where people can be reached --------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_release_run *run;
    const char **places[2];
} contacts_reading;

static eh_code contact_take(void *context, uint64_t row, const eh_view *cells, eh_error *error)
{
    contacts_reading *state = context;
    (void)row;
    size_t person = cells[0].ptr == NULL ? SIZE_MAX : eh_key_place(state->run->keys, state->run->people_count, cells[0]);
    for (size_t i = 0; person != SIZE_MAX && i < 2; i++) {
        if (state->places[i] == NULL || cells[1 + i].ptr == NULL)
            continue;
        if ((state->places[i][person] = eh_arena_copy(state->run->arena, cells[1 + i])) == NULL)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

static const char *column_of(const eh_engine *engine, const char *named, const char *const *usual)
{
    const char *const *names = NULL;
    size_t count = 0;
    eh_engine_columns(engine, &names, &count);
    for (size_t i = 0; i < count; i++)
        if (named != NULL && strcasecmp(names[i], named) == 0)
            return names[i];
    for (; named == NULL && *usual != NULL; usual++)
        for (size_t i = 0; i < count; i++)
            if (strcasecmp(names[i], *usual) == 0)
                return names[i];
    return NULL;
}

static eh_code places_take(eh_release_run *run, bool there, const char ***out, eh_error *error)
{
    if (there && (*out = EH_TAKE(run->arena, run->people_count, const char *)) == NULL)
        return eh_fail_memory(error);
    return EH_OK;
}

/* E-mail addresses and telephone numbers stand in the file of the people, when they stand anywhere. */
static eh_code contacts_read(eh_release_run *run, eh_error *error)
{
    static const char *const email_names[] = {"email", "e-mail", "email_address", "e_mail", NULL}, *const phone_names[] = {"phone", "phone_number", "phone number", "mobile", NULL};
    EH_CLEANUP(engine_dispose) eh_engine *engine = NULL;
    const eh_workspace_source *source = &run->model->sources[run->model->people];
    const char **paths = EH_TAKE(run->arena, source->reads_count, const char *);
    if (paths == NULL)
        return eh_fail_memory(error);
    if (source->reads_count == 0 || source->key == NULL || strcmp(source->key, EH_KEY_EACH_ROW) == 0)
        return EH_OK;
    for (size_t i = 0; i < source->reads_count; i++)
        if ((paths[i] = eh_workspace_path(run->workspace, source->reads[i])) == NULL)
            return eh_fail_memory(error);
    EH_TRY(eh_engine_open(&(eh_engine_options){.as_text = true}, &engine, error));
    EH_TRY(eh_engine_read(engine, paths, source->reads_count, error));
    const char *key = column_of(engine, source->key, email_names), *email = column_of(engine, run->model->duplicates.email, email_names),
               *phone = column_of(engine, run->model->duplicates.phone, phone_names);
    if (key == NULL || (email == NULL && phone == NULL))
        return EH_OK;
    EH_TRY(places_take(run, email != NULL, &run->emails, error));
    EH_TRY(places_take(run, phone != NULL, &run->phones, error));
    contacts_reading state = {.run = run, .places = {run->emails, run->phones}};
    return eh_engine_rows(engine, (const char *const[]){key, email == NULL ? key : email, phone == NULL ? key : phone}, 3, contact_take, &state, error);
}

/* ---- whose clock ---------------------------------------------------------------------------------------------------------------------------- */

static eh_code zone_take(eh_release_run *run, const eh_person_column *column, const char *const *keys, size_t row, eh_error *error)
{
    size_t person = eh_key_place(run->keys, run->people_count, eh_view_of(keys[row]));
    if (person == SIZE_MAX || column->codes[row] >= column->levels_count)
        return EH_OK;
    const char *name = column->levels[column->codes[row]];
    eh_error unknown = {0};
    eh_code code = eh_zones_find(run->zones_open, eh_view_of(name), &run->zones[person], &unknown);
    if (code == EH_NOT_FOUND || code == EH_INPUT)
        return EH_OK; /* no zone of that name: the shop's */
    return code == EH_OK ? EH_OK : eh_fail(error, code, "%s", unknown.text);
}

/* The clock is needed to keep the night quiet, so it is read for everybody, also for those who have switched AI off; nothing else is. */
static eh_code zones_read(eh_release_run *run, eh_error *error)
{
    const char *feature = run->campaign->zone_feature;
    EH_CLEANUP(people_dispose) eh_people *people = NULL;
    eh_person_column column = {0};
    const char *const *keys = NULL;
    EH_TRY(eh_zones_open(&run->zones_open, error));
    EH_TRY(eh_zones_find(run->zones_open, eh_view_of(run->model->shop.zone == NULL ? "UTC" : run->model->shop.zone), &run->shop_zone, error));
    if (run->campaign->quiet_from == run->campaign->quiet_to || feature == NULL)
        return EH_OK;
    EH_TRY(eh_people_open(run->workspace, &(eh_people_options){.now = run->request->now, .features_only_named = true, .features = &feature, .features_count = 1}, &people, error));
    EH_TRY(eh_people_keys(people, run->arena, &keys, error));
    EH_TRY(eh_people_column(people, feature, run->arena, &column, error));
    if (column.kind != EH_PERSON_TEXT)
        return eh_campaign_fail(run->campaign_file, "quiet_hours", error, EH_INPUT, "the feature '%s' must hold names of time zones, such as Europe/Dublin", feature);
    if ((run->zones = EH_TAKE(run->arena, run->people_count, const eh_zone *)) == NULL)
        return eh_fail_memory(error);
    for (size_t row = 0; row < column.rows_count; row++)
        EH_TRY(zone_take(run, &column, keys, row, error));
    return EH_OK;
}

eh_code eh_release_facts_read(eh_release_run *run, eh_error *error)
{
    EH_TRY(keys_read(run, error));
    if ((run->stale = EH_TAKE(run->arena, run->people_count, bool)) == NULL)
        return eh_fail_memory(error);
    eh_stale_spec stale = {.state_folder = run->model->state_folder, .plan = &run->file, .rights = run->rights, .keys = run->keys, .keys_count = run->people_count};
    EH_TRY(eh_plan_stale_read(&stale, run->stale, &run->corrected, error));
    EH_TRY(notices_read(run, error));
    EH_TRY(contacts_read(run, error));
    EH_TRY(zones_read(run, error));
    eh_history_question question = {.campaign = run->campaign, .keys = run->keys, .people_count = run->people_count, .at_s = run->request->now.seconds, .but_plan = run->file.name};
    return eh_campaign_history_read(run->store, &question, run->arena, &run->history, error);
}
