/* The words of this room and their names. */
#include "rights/rights_int.h"

static const char *const purposes[EH_PURPOSES_COUNT] = {"marketing", "ai", "sale"};
static const char *const channels[EH_CHANNELS_COUNT] = {"all", "email", "sms", "push", "whatsapp", "post", "phone", "onsite", "ads"};
static const char *const saids[] = {"unknown", "yes", "no"};
static const char *const acts[EH_ACTS_COUNT] = {
    "consent", "ask", "confirmation", "withdrawal", "objection", "signal", "purchase", "inquiry", "birth", "parent",
};
static const char *const bys[EH_BYS_COUNT] = {"person", "import", "merge"};
static const char *const controls[EH_CONTROLS_COUNT] = {"tick", "button", "signature", "spoken", "reply", "untold", "pre-ticked", "bundled"};

const char *eh_purpose_name(eh_purpose purpose)
{
    EH_ASSERT(purpose < EH_PURPOSES_COUNT);
    return purposes[purpose];
}

const char *eh_channel_name(eh_channel channel)
{
    EH_ASSERT(channel < EH_CHANNELS_COUNT);
    return channels[channel];
}

const char *eh_said_name(eh_said said)
{
    EH_ASSERT(said <= EH_SAID_NO);
    return saids[said];
}

const char *eh_act_kind_name(eh_act_kind kind)
{
    EH_ASSERT(kind < EH_ACTS_COUNT);
    return acts[kind];
}

const char *eh_act_by_name(eh_act_by by)
{
    EH_ASSERT(by < EH_BYS_COUNT);
    return bys[by];
}

const char *eh_control_name(eh_control control)
{
    EH_ASSERT(control < EH_CONTROLS_COUNT);
    return controls[control];
}

static bool name_find(eh_view name, const char *const *names, unsigned names_count, unsigned *index_out)
{
    for (unsigned i = 0; i < names_count; i++) {
        if (!eh_view_equal_nocase(name, eh_view_of(names[i])))
            continue;
        *index_out = i;
        return true;
    }
    return false;
}

bool eh_purpose_find(eh_view name, eh_purpose *purpose_out)
{
    unsigned index = 0;
    bool found = name_find(name, purposes, EH_PURPOSES_COUNT, &index);
    if (found)
        *purpose_out = (eh_purpose)index;
    return found;
}

bool eh_channel_find(eh_view name, eh_channel *channel_out)
{
    unsigned index = 0;
    bool found = name_find(name, channels, EH_CHANNELS_COUNT, &index);
    if (found)
        *channel_out = (eh_channel)index;
    return found;
}

bool eh_act_kind_find(eh_view name, eh_act_kind *kind_out)
{
    unsigned index = 0;
    bool found = name_find(name, acts, EH_ACTS_COUNT, &index);
    if (found)
        *kind_out = (eh_act_kind)index;
    return found;
}

bool eh_act_by_find(eh_view name, eh_act_by *by_out)
{
    unsigned index = 0;
    bool found = name_find(name, bys, EH_BYS_COUNT, &index);
    if (found)
        *by_out = (eh_act_by)index;
    return found;
}

bool eh_control_find(eh_view name, eh_control *control_out)
{
    unsigned index = 0;
    bool found = name_find(name, controls, EH_CONTROLS_COUNT, &index);
    if (found)
        *control_out = (eh_control)index;
    return found;
}
