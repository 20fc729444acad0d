/* The people of a workspace, for `evenhand score`: who has switched AI off, or must not be scored, is left out before a score is made. */
#include <string.h>

#include "cli/score_int.h"
#include "data/workspace.h"
#include "rights/rights.h"

struct eh_score_people {
    eh_workspace *workspace;
    eh_people *people;
    eh_rights *rights;
    int64_t at_s;
    uint64_t left_out;
};

static eh_code moments_read(const eh_score_where *where, eh_people_options *options, eh_error *error)
{
    options->now = eh_instant_now();
    if (where->now != NULL && eh_instant_parse_date(eh_view_of(where->now), &options->now, error) != EH_OK)
        return eh_fail_within(error, "--now");
    options->dated = where->as_of != NULL;
    if (options->dated && eh_instant_parse_date(eh_view_of(where->as_of), &options->as_of, error) != EH_OK)
        return eh_fail_within(error, "--as-of");
    return EH_OK;
}

static eh_code people_open(eh_score_people *state, const eh_score_where *where, eh_error *error)
{
    eh_people_options options = {.engine = where->engine};
    options.engine.ordered = true;
    EH_TRY(moments_read(where, &options, error));
    EH_TRY(eh_workspace_open(where->folder, &state->workspace, error));
    const eh_workspace_model *model = eh_workspace_get(state->workspace);
    if (!model->profiling)
        return eh_fail(error, EH_DENIED, "profiling is off in this shop, so nobody is scored; switch it on in evenhand.yaml (profiling: on) when your customers have been told");
    eh_rights_options rights = {.state_folder = model->state_folder};
    EH_TRY(eh_rights_house_read(model->rights, &rights.house, error));
    EH_TRY(eh_rights_open(&rights, &state->rights, error));
    state->at_s = options.now.seconds;
    return eh_people_open(state->workspace, &options, &state->people, error);
}

eh_code eh_score_people_open(const eh_score_where *where, eh_arena *arena, eh_score_people **people_out, eh_error *error)
{
    eh_score_people *state = EH_TAKE(arena, 1, eh_score_people);
    if (state == NULL)
        return eh_fail_memory(error);
    eh_code code = people_open(state, where, error);
    if (code != EH_OK)
        eh_score_people_close(&state);
    else
        *people_out = state;
    return code;
}

void eh_score_people_close(eh_score_people **people)
{
    eh_score_people *state = *people;
    if (state == NULL)
        return;
    eh_people_close(&state->people);
    eh_rights_close(&state->rights);
    eh_workspace_close(&state->workspace);
    *people = NULL;
}

eh_engine *eh_score_people_engine(const eh_score_people *people) { return eh_people_engine(people->people); }

const char *eh_score_people_model(const eh_score_people *people, const char *name, eh_arena *arena)
{
    size_t len = strlen(name);
    bool path = strchr(name, '/') != NULL || (len > 5 && strcmp(name + len - 5, ".json") == 0);
    return path ? name : eh_arena_format(arena, "%s/models/%s.json", eh_workspace_get(people->workspace)->state_folder, name);
}

eh_code eh_score_people_may(eh_score_people *people, eh_view key, bool *may_out, eh_error *error)
{
    eh_may_answer answer;
    eh_may_question question = {.purpose = EH_PURPOSE_AI, .channel = EH_CHANNEL_ALL, .at_s = people->at_s};
    EH_TRY(eh_rights_may(people->rights, key, &question, &answer, error));
    people->left_out += answer.may ? 0 : 1;
    *may_out = answer.may;
    return EH_OK;
}

uint64_t eh_score_people_left_out(eh_score_people *people, bool again)
{
    if (again)
        people->left_out = 0;
    return people->left_out;
}
