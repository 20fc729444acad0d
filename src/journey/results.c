/* The report of a campaign, put together. */
#include <math.h>
#include <string.h>

#include "journey/results_int.h"

enum { DIFFERENT_MIN = 5 };

/* What a reader must know before believing the figures. */
static void notes_write(eh_results_run *run)
{
    const eh_report_campaign *report = run->report;
    uint64_t held = 0, open = 0, held_known = 0, open_known = 0;
    for (size_t i = 0; i < run->people_count; i++) {
        held += run->people[i].stage == EH_STAGE_HOLDOUT;
        open += run->people[i].stage > EH_STAGE_HOLDOUT;
    }
    for (size_t i = 0; i < run->known_count; i++) {
        held_known += run->people[run->row[i]].stage == EH_STAGE_HOLDOUT;
        open_known += run->people[run->row[i]].stage > EH_STAGE_HOLDOUT;
    }
    if (report->outcome == NULL) {
        eh_results_note(run, "No outcome has come back yet. Bring it: evenhand outcomes FILE --plan %s", run->plan.plan);
        return;
    }
    if (run->file.frame.holdout <= 0 && run->file.frame.choose == EH_CHOOSE_MODEL)
        eh_results_note(run, "Nobody was held out, so nothing says what would have happened without the campaign; give it a holdout, as in  holdout: 0.1");
    else if (held_known == 0 && held > 0)
        eh_results_note(run, "No outcome of anybody held out has come back, so there is nothing to compare with. A file of the sending tool names only those it wrote to.");
    double share_held = held > 0 ? (double)held_known / (double)held : 1, share_open = open > 0 ? (double)open_known / (double)open : 1;
    if (held_known > 0 && eh_equality_p((eh_proportion){(double)held_known, (double)held}, (eh_proportion){(double)open_known, (double)open}) < 0.001)
        eh_results_note(run, "Outcomes are known of %.1f %% of those held out and of %.1f %% of the others: more than chance explains. If that depends on what they did, the figures are wrong.",
                        100 * share_held, 100 * share_open);
    else if (report->known < report->eligible)
        eh_results_note(run, "Outcomes are known of %.1f %% of the people; the others count as if they were no different.", 100 * (double)report->known / (double)report->eligible);
    if (report->pool.mixed > 0)
        eh_results_note(run, "%llu people were held out of one plan and not of another: a holdout stays the same only while the seed and the name of the campaign do.",
                        (unsigned long long)report->pool.mixed);
    if (run->file.frame.explore <= 0 && run->file.frame.choose == EH_CHOOSE_MODEL)
        eh_results_note(run, "Nobody was chosen by lot to keep learning (explore: 0), so ways to choose that write to other people cannot be valued.");
    for (size_t o = 0; o < report->offers_count; o++)
        if (report->yes_or_no && report->offers[o].got > 0 && (report->offers[o].got_mean * (double)report->offers[o].got < DIFFERENT_MIN ||
                                                               report->offers[o].held_mean * (double)report->offers[o].held < DIFFERENT_MIN))
            eh_results_note(run, "Of %s there are very few outcomes: go by the difference as it stands, whose interval holds for small counts.", report->offers[o].offer);
}

static eh_code results_do(eh_results_run *run, eh_error *error)
{
    EH_TRY(eh_results_load(run, error));
    EH_TRY(eh_results_outcomes(run, error));
    EH_TRY(eh_results_effects(run, error));
    EH_TRY(eh_results_groups(run, error));
    EH_TRY(eh_results_pool(run, error));
    EH_TRY(eh_results_bothers(run, error));
    notes_write(run);
    return EH_OK;
}

/* What the report borrows of the plan must outlive it. */
static eh_code frame_keep(const eh_results_run *run, eh_error *error)
{
    eh_frame *kept = EH_TAKE(run->arena, 1, eh_frame);
    if (kept == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_frame_read(run->file.frame_text, "frame.json", run->arena, kept, error));
    run->report->frame = kept;
    for (size_t o = 0; o < run->report->offers_count; o++)
        ((eh_campaign_effect *)(uintptr_t)run->report->offers)[o].offer = kept->offers[o].name;
    for (size_t p = 0; p < run->report->policies_count; p++) {
        eh_campaign_policy *policy = &((eh_campaign_policy *)(uintptr_t)run->report->policies)[p];
        for (size_t o = 0; policy->offer != NULL && o < kept->offers_count; o++)
            if (strcmp(policy->offer, kept->offers[o].name) == 0) {
                policy->offer = kept->offers[o].name;
                break;
            }
    }
    run->report->spend.currency = kept->currency;
    return EH_OK;
}

eh_code eh_results_read(const eh_results_request *request, eh_arena *arena, eh_report_campaign *report_out, eh_error *error)
{
    *report_out = (eh_report_campaign){0};
    eh_results_run run = {.request = request, .arena = arena, .report = report_out};
    eh_code code = results_do(&run, error);
    if (code == EH_OK)
        code = frame_keep(&run, error);
    eh_campaign_close(&run.campaign_file);
    eh_plan_file_close(&run.file);
    eh_store_close(&run.store);
    eh_workspace_close(&run.workspace);
    return code;
}
