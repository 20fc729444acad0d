/* Who has opted out of AI, for audits: a group that must not be treated worse. */
#include "journey/people.h"

const char *eh_ai_group_name(eh_ai_state state)
{
    static const char *const names[] = {[EH_AI_MAY] = "not opted out", [EH_AI_OPTED_OUT] = "opted out", [EH_AI_MUST_NOT] = "may not be scored"};
    EH_ASSERT((size_t)state < sizeof names / sizeof names[0]);
    return names[state];
}

eh_code eh_ai_membership(const eh_workspace_model *model, const char *const *keys, size_t keys_count, eh_instant at, eh_ai_state *states_out, bool *known_out,
                         eh_error *error)
{
    EH_CLEANUP(eh_rights_close) eh_rights *rights = NULL;
    eh_rights_options options = {.state_folder = model->state_folder};
    EH_TRY(eh_rights_exist(model->state_folder, known_out, error));
    if (!*known_out)
        return EH_OK;
    EH_TRY(eh_rights_house_read(model->rights, &options.house, error));
    EH_TRY(eh_rights_open(&options, &rights, error));
    return eh_rights_ai_states(rights, keys, keys_count, at.seconds, states_out, error);
}
