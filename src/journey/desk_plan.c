/* Under which plan the desk decides: the newest of exactly this campaign, policy and models; or a new one. */
#include <dirent.h>
#include <string.h>

#include "journey/desk_int.h"

enum { FRAME_BYTES_MAX = 64 << 20, CLOCKS_APART_S = 86400 };

/* What a plan must have been made of to be this campaign's. */
typedef struct {
    eh_digest campaign, policy, models[EH_OFFERS_MAX];
    int64_t from_s, until_s;
} plan_wanted;

static bool same_digest(const eh_digest *a, const eh_digest *b) { return memcmp(a, b, sizeof *a) == 0; }

static eh_code wanted_find(eh_desk *desk, const eh_digest *policy, plan_wanted *wanted, eh_error *error)
{
    const eh_campaign *campaign = eh_campaign_get(desk->campaign_file);
    *wanted = (plan_wanted){.campaign = eh_campaign_digest(desk->campaign_file), .policy = *policy, .from_s = desk->options.now.seconds - desk->model->check_every.seconds,
                            .until_s = desk->options.now.seconds + CLOCKS_APART_S};
    for (size_t o = 0; o < campaign->offers_count && campaign->choose == EH_CHOOSE_MODEL; o++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_buffer_init(&text, FRAME_BYTES_MAX);
        EH_TRY(eh_campaign_model(desk->workspace, desk->campaign_file, &campaign->offers[o], &text, error));
        wanted->models[o] = eh_sha256_of(eh_buffer_view(&text));
    }
    return EH_OK;
}

static bool fits(const plan_wanted *wanted, const eh_frame *frame, const eh_campaign *campaign)
{
    if (strcmp(frame->campaign, campaign->name) != 0 || !same_digest(&frame->campaign_digest, &wanted->campaign) || !same_digest(&frame->policy_digest, &wanted->policy) ||
        frame->offers_count != campaign->offers_count || frame->at_s < wanted->from_s || frame->at_s > wanted->until_s || strcmp(frame->version, EVENHAND_VERSION) != 0)
        return false;
    for (size_t o = 0; o < frame->offers_count; o++)
        if (!same_digest(&frame->offers[o].model_digest, &wanted->models[o]))
            return false;
    return true;
}

/* A plan that cannot be read any more is none: a newer program, a file cut short. */
static bool plan_look(const eh_desk *desk, const plan_wanted *wanted, const char *name, int64_t *at_out)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(FRAME_BYTES_MAX);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    eh_frame frame = {0};
    eh_error ignored = {0};
    eh_buffer_format(&path, "%s/plans/%s/frame.json", desk->model->state_folder, name);
    if (arena == NULL || path.code != EH_OK || eh_file_read(path.ptr, FRAME_BYTES_MAX, &text, &ignored) != EH_OK ||
        eh_frame_read(eh_buffer_view(&text), name, arena, &frame, &ignored) != EH_OK)
        return false;
    *at_out = frame.at_s;
    return strcmp(frame.plan, name) == 0 && fits(wanted, &frame, eh_campaign_get(desk->campaign_file));
}

/* *name_out is NULL when there is none. Of two of one moment the one whose name comes last: the same folder, the same plan. */
static eh_code plan_newest(eh_desk *desk, const plan_wanted *wanted, const char **name_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    const char *campaign = eh_campaign_get(desk->campaign_file)->name;
    int64_t newest = INT64_MIN;
    *name_out = NULL;
    eh_buffer_format(&path, "%s/plans", desk->model->state_folder);
    EH_TRY(eh_buffer_check(&path, error));
    DIR *listing = opendir(path.ptr);
    if (listing == NULL)
        return EH_OK;
    eh_code code = EH_OK;
    for (struct dirent *entry = readdir(listing); entry != NULL && code == EH_OK; entry = readdir(listing)) {
        int64_t at = 0;
        size_t len = strlen(campaign);
        if (strncmp(entry->d_name, campaign, len) != 0 || entry->d_name[len] != '-' || !plan_look(desk, wanted, entry->d_name, &at))
            continue;
        if (at < newest || (at == newest && *name_out != NULL && strcmp(entry->d_name, *name_out) < 0))
            continue;
        newest = at;
        *name_out = eh_arena_copy(desk->arena, eh_view_of(entry->d_name));
        if (*name_out == NULL)
            code = eh_fail_memory(error);
    }
    closedir(listing);
    return code;
}

static eh_code plan_do(eh_desk *desk, eh_plan_run *run, const char **name_out, eh_error *error)
{
    eh_preflight *preflight = run->arena == NULL ? NULL : EH_TAKE(run->arena, 1, eh_preflight);
    if (preflight == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_plan_run_do(run, error));
    EH_TRY(eh_preflight_make(run, preflight, error));
    EH_TRY(eh_preflight_write(run, preflight, error));
    *name_out = eh_arena_copy(desk->arena, eh_view_of(run->frame.plan));
    return *name_out == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code plan_new(eh_desk *desk, const char **name_out, eh_error *error)
{
    eh_plan_run run = {.arena = eh_arena_open(SIZE_MAX / 4),
                       .request = {.campaign = desk->options.campaign, .workspace = desk->model->folder, .now = desk->options.now, .seed = 1}};
    eh_code code = plan_do(desk, &run, name_out, error);
    eh_plan_run_close(&run);
    return code;
}

eh_code eh_desk_plan(eh_desk *desk, const eh_digest *policy, const char **name_out, eh_error *error)
{
    plan_wanted wanted;
    EH_TRY(wanted_find(desk, policy, &wanted, error));
    EH_TRY(plan_newest(desk, &wanted, name_out, error));
    return *name_out != NULL ? EH_OK : plan_new(desk, name_out, error);
}
