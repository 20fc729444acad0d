/* Any bytes as a trace: refused, or a trace that is written as the same bytes and shown as JSON. */
#include <string.h>

#include "decide/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const eh_frame_fact facts[] = {{.name = "a", .kind = EH_FACT_NUMBER}, {.name = "b", .kind = EH_FACT_TRUTH}, {.name = "c", .kind = EH_FACT_TEXT}};
    static const eh_frame_offer offers[] = {{.name = "x", .says = "x"}, {.name = "y", .says = "y"}};
    static const eh_frame_rule rules[] = {{.id = "r", .effect = "permit"}, {.id = "s", .effect = "forbid"}};
    static const eh_frame frame = {.plan = "p", .campaign = "c", .facts = facts, .facts_count = 3, .offers = offers, .offers_count = 2, .rules = rules, .rules_count = 2};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 22);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer again = {0}, json = {0};
    eh_error error = {0};
    eh_trace trace = {0};
    if (arena == NULL || eh_trace_read((eh_view){(const char *)data, size}, &frame, arena, &trace, &error) != EH_OK)
        return 0;
    eh_trace_write(&trace, &again);
    EH_ASSERT(again.code != EH_OK || again.len <= size); /* -0.0 and whole numbers have one form only, others are written shorter */
    eh_json_writer out;
    eh_json_begin(&out, &json, true, false);
    eh_trace_json(&trace, &frame, &out, NULL);
    EH_ASSERT(json.code != EH_OK || eh_utf8_valid(eh_buffer_view(&json)));
    return 0;
}
