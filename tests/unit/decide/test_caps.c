/* Goal: caps and the cool-down are computed again from what a trace keeps, and every change of it is found. */
#include "decide/decide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { AT_S = 1795521600, DAY_S = 86400 };

static const char text[] = "title: Spring\npurpose: to tell you\nchannel: email\ncategory: retail\nchoose: { by: random }\n"
                           "caps: [{ messages: 2, within: 7 days }, { messages: 4, within: 30 days }]\ncool_down: 1 day\noffers: { boots: { says: boots } }\n";

static eh_campaign_file *campaign_open(void)
{
    eh_campaign_file *file = NULL;
    eh_error error = {0};
    if (eh_campaign_parse(eh_view_of(text), "spring.yaml", &file, &error) != EH_OK)
        fail_msg("%s", error.text);
    return file;
}

static void caps_rest_on_counts(void **state)
{
    (void)state;
    EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = campaign_open();
    static const struct {
        int64_t counted[2], ago_s, messages;
        bool rests;
    } cases[] = {
        {{0, 0}, 0, 0, false},        {{1, 1}, 0, 1, false},  {{2, 2}, 0, 2, true},          {{1, 4}, 0, 4, true},          {{2, 4}, 0, 4, true},
        {{0, 0}, DAY_S, 0, false},    {{0, 0}, DAY_S - 1, 0, true}, {{1, 3}, DAY_S + 1, 1, false}, {{1, 3}, 1, 1, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t messages = 0, last_s = cases[i].ago_s == 0 ? 0 : AT_S - cases[i].ago_s;
        assert_int_equal(eh_campaign_rests(eh_campaign_get(file), cases[i].counted, last_s, AT_S, &messages), cases[i].rests);
        assert_int_equal(messages, cases[i].messages);
    }
}

static void every_change_is_found(void **state)
{
    (void)state;
    EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = campaign_open();
    const eh_campaign *campaign = eh_campaign_get(file);
    static const int64_t below[] = {1, 3}, reached[] = {1, 4};
    const eh_frame frame = {.plan = "spring-1", .campaign = "spring", .at_s = AT_S, .seed = 1};
    const eh_trace base = {.key = EH_VIEW("c1"), .marketing = {.may = true}, .stage = EH_STAGE_LOT, .choice = EH_NO_OFFER, .allowed = 1, .messages = 1, .counted = below,
                           .counted_count = 2};
    eh_trace trace = base;
    assert_null(eh_trace_replay_campaign(&frame, campaign, &trace));
    trace.stage = EH_STAGE_CAPS;
    assert_string_equal(eh_trace_replay_campaign(&frame, campaign, &trace), "the caps");
    trace.last_message_s = AT_S - DAY_S + 1;
    assert_null(eh_trace_replay_campaign(&frame, campaign, &trace));
    trace.last_message_s = AT_S - DAY_S;
    assert_string_equal(eh_trace_replay_campaign(&frame, campaign, &trace), "the caps");
    trace = base;
    trace.counted = reached;
    assert_string_equal(eh_trace_replay_campaign(&frame, campaign, &trace), "the messages that were counted");
    trace.messages = 4;
    assert_string_equal(eh_trace_replay_campaign(&frame, campaign, &trace), "the caps");
    trace.stage = EH_STAGE_CAPS;
    assert_null(eh_trace_replay_campaign(&frame, campaign, &trace));
    trace.counted_count = 1;
    assert_string_equal(eh_trace_replay_campaign(&frame, campaign, &trace), "the messages that were counted");
    trace = base;
    trace.stage = EH_STAGE_RULES;
    assert_string_equal(eh_trace_replay_campaign(&frame, campaign, &trace), "the messages that were counted");
    trace = (eh_trace){.key = base.key, .stage = EH_STAGE_CONSENT, .choice = EH_NO_OFFER, .messages = -1};
    assert_null(eh_trace_replay_campaign(&frame, campaign, &trace));
    /* as decisions were kept before: only a check that they hold together */
    trace = base;
    trace.uncounted = true;
    trace.counted_count = 0;
    assert_null(eh_trace_replay_campaign(&frame, campaign, &trace));
    trace.messages = 2;
    assert_string_equal(eh_trace_replay_campaign(&frame, campaign, &trace), "the caps");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(caps_rest_on_counts), cmocka_unit_test(every_change_is_found)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
