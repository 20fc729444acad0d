/* Decisions of the ledger computed again, to the last bit, under campaign, policy and models as they were. */
#include <stdlib.h>
#include <string.h>

#include "journey/journey.h"

struct eh_replayer {
    const eh_workspace_model *model;
    eh_decision decision;
    bool framed;                 /* what follows belongs to `frame` */
    eh_digest frame;
    eh_arena *arena;
    eh_campaign_file *campaign;
    eh_rulebook *book;           /* NULL: there was no policy */
    eh_rules_seat *seat;
    eh_rules_answer answer;
};

eh_code eh_replayer_open(const eh_workspace_model *model, eh_replayer **replayer_out, eh_error *error)
{
    eh_replayer *replayer = calloc(1, sizeof *replayer);
    if (replayer == NULL)
        return eh_fail_memory(error);
    replayer->model = model;
    *replayer_out = replayer;
    return EH_OK;
}

static void frame_leave(eh_replayer *of)
{
    eh_rules_seat_close(&of->seat);
    eh_rulebook_close(&of->book);
    eh_campaign_close(&of->campaign);
    eh_arena_close(&of->arena);
    of->framed = false;
}

void eh_replayer_close(eh_replayer **replayer)
{
    if (*replayer == NULL)
        return;
    frame_leave(*replayer);
    eh_decision_close(&(*replayer)->decision);
    free(*replayer);
    *replayer = NULL;
}

static eh_code frame_enter(eh_replayer *of, eh_error *error)
{
    static const eh_digest none;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    const eh_frame *frame = &of->decision.file.frame;
    eh_policy *policy = NULL;
    frame_leave(of);
    of->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (of->arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_archive_read(of->model->state_folder, "campaign.yaml", &frame->campaign_digest, &text, error));
    char *name = eh_arena_format(of->arena, "%s.yaml", frame->campaign);
    if (name == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_campaign_parse(eh_buffer_view(&text), name, &of->campaign, error));
    if (memcmp(&frame->policy_digest, &none, sizeof none) != 0) {
        EH_TRY(eh_policy_archive_open(of->model->state_folder, &frame->policy_digest, (eh_instant){.seconds = frame->at_s}, &policy, error));
        eh_rulebook_input input = {.policy = policy, .frame = frame, .campaign = eh_campaign_get(of->campaign), .now = {.seconds = frame->at_s}};
        EH_TRY(eh_rulebook_open(&input, of->arena, &of->book, error));
        EH_TRY(eh_rules_seat_open(of->book, &of->seat, error));
    }
    of->frame = of->decision.file.frame_digest;
    of->framed = true;
    return EH_OK;
}

static eh_code rules_check(eh_replayer *of, const char **differs_out, eh_error *error)
{
    const eh_trace *trace = &of->decision.trace;
    const eh_frame *frame = &of->decision.file.frame;
    of->answer.allowed = (uint32_t)((UINT64_C(1) << frame->offers_count) - 1);
    of->answer.rules_count = 0;
    bool asked = trace->stage != EH_STAGE_CONSENT && trace->stage != EH_STAGE_AUDIENCE;
    if (asked && of->seat != NULL) {
        if (trace->ai.may && trace->facts_count == 0 && frame->facts_count > 0) {
            *differs_out = "the facts";
            return EH_OK;
        }
        eh_rules_question question = {.facts = trace->ai.may ? trace->facts : NULL, .marketing = trace->marketing, .ai = trace->ai, .at_s = eh_trace_at(trace, frame)};
        EH_TRY(eh_rules_seat_ask(of->seat, &question, &of->answer, error));
    }
    *differs_out = eh_trace_replay_rules(trace, &of->answer);
    return EH_OK;
}

eh_code eh_replayer_check(eh_replayer *of, const eh_ledger_record *record, eh_arena *arena, eh_replayed *replayed_out, eh_error *error)
{
    EH_TRY(eh_decision_of_record(of->model, record, arena, &of->decision, error));
    if (!of->framed || memcmp(&of->frame, &of->decision.file.frame_digest, sizeof of->frame) != 0)
        EH_TRY(frame_enter(of, error));
    const eh_trace *trace = &of->decision.trace;
    const eh_frame *frame = &of->decision.file.frame;
    eh_replayed out = {.at_s = eh_trace_at(trace, frame)};
    out.differs = eh_trace_replay(of->decision.file.decider, trace, arena, &out.finish);
    if (out.differs == NULL)
        out.differs = eh_trace_replay_campaign(frame, eh_campaign_get(of->campaign), trace);
    if (out.differs == NULL)
        EH_TRY(rules_check(of, &out.differs, error));
    *replayed_out = out;
    return EH_OK;
}
