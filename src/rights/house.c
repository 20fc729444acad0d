/* What the shop has chosen: the section `rights` of evenhand.yaml. */
#include <stddef.h>

#include "rights/rights.h"

typedef struct {
    const eh_yaml_node *interest, *ai;
    bool signal_switches;
} section;

typedef struct {
    const char *assessment;
    const eh_yaml_node *channels;
    bool asks_first;
} basis;

static const eh_yaml_field section_fields[] = {
    {.key = "legitimate_interest", .kind = EH_FIELD_MAPPING, .offset = offsetof(section, interest)},
    {.key = "ai", .kind = EH_FIELD_MAPPING, .offset = offsetof(section, ai)},
    {.key = "gpc_switches_ai_off", .kind = EH_FIELD_BOOLEAN, .offset = offsetof(section, signal_switches)},
};
static const eh_yaml_field interest_fields[] = {
    {.key = "assessment", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(basis, assessment),
     .what = "the id of the written legitimate-interest assessment"},
    {.key = "channels", .kind = EH_FIELD_LIST, .required = true, .offset = offsetof(basis, channels), .what = "a list such as [post, email]"},
};
static const eh_yaml_field ai_fields[] = {
    {.key = "assessment", .kind = EH_FIELD_TEXT, .offset = offsetof(basis, assessment), .what = "the id of the written assessment"},
    {.key = "asks_first", .kind = EH_FIELD_BOOLEAN, .offset = offsetof(basis, asks_first)},
};

static eh_code channels_read(const eh_yaml_node *list, uint32_t *channels_out, eh_error *error)
{
    uint32_t channels = 0;
    for (size_t i = 0; i < list->count; i++) {
        eh_channel channel = EH_CHANNEL_ALL;
        const char *text = list->items[i]->text;
        if (text == NULL || !eh_channel_find(eh_view_of(text), &channel) || channel == EH_CHANNEL_ALL)
            return eh_yaml_fail(list->items[i], error, EH_INPUT, "must be one of email, sms, push, whatsapp, post, phone, onsite, ads");
        channels |= UINT32_C(1) << channel;
    }
    *channels_out = channels;
    return EH_OK;
}

eh_code eh_rights_house_read(const eh_yaml_node *node, eh_rights_house *house_out, eh_error *error)
{
    section top = {.signal_switches = true};
    basis interest = {0}, ai = {0};
    eh_rights_house house = {0};
    if (node != NULL)
        EH_TRY(eh_yaml_read(node, section_fields, sizeof section_fields / sizeof section_fields[0], &top, error));
    if (top.interest != NULL) {
        EH_TRY(eh_yaml_read(top.interest, interest_fields, sizeof interest_fields / sizeof interest_fields[0], &interest, error));
        EH_TRY(channels_read(interest.channels, &house.interest_channels, error));
    }
    if (top.ai != NULL)
        EH_TRY(eh_yaml_read(top.ai, ai_fields, sizeof ai_fields / sizeof ai_fields[0], &ai, error));
    house.interest_id = interest.assessment;
    house.ai_basis_id = ai.assessment;
    house.ai_needs_consent = ai.asks_first;
    house.signal_keeps_ai = !top.signal_switches;
    *house_out = house;
    return EH_OK;
}
