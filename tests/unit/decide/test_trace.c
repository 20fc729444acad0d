/* Goal: a trace and its frame come back as they were written; anything else is refused; draws are the person's own. */
#include "decide/trace.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static const eh_frame_fact facts[] = {
    {.name = "months", .kind = EH_FACT_NUMBER, .says = "your last order was {value} months ago", .from_whom = "your orders", .changeable = true, .scored = true},
    {.name = "news", .kind = EH_FACT_TRUTH, .missing = "we do not know whether you read our news"},
    {.name = "town", .kind = EH_FACT_TEXT},
};
static const eh_frame_offer offers[] = {
    {.name = "boots", .says = "10 % off boots", .model = "visits", .model_digest = {{1, 2, 3}}, .cost = 20000, .worth = EH_NO_LIMIT, .taken = EH_NO_LIMIT},
    {.name = "tents", .says = "a \"tent\"", .cost_if_taken = 5, .worth = EH_NO_LIMIT, .taken = 40000, .price_personalised = true, .price = "EUR 45"},
};
static const eh_frame_rule rules[] = {{"consent", "permit", "You said yes.", "GDPR 6"}, {"minors", "forbid", NULL, NULL}};
static const eh_damping dampings[] = {{.offer = 1, .term = 7, .per_mille = 250, .name = "town"}};
static const char *const checked[] = {"age_band", "gender"};

static const eh_frame frame = {
    .plan = "spring-20261125-0a1b2c3d", .campaign = "spring", .title = "Spring", .channel = "email", .currency = "EUR", .category = "retail", .shop = "Blue Finch",
    .at_s = 1795521600, .as_of_s = 1795521000, .seed = UINT64_MAX, .holdout = 0.1, .explore = 0.02, .choose = EH_CHOOSE_MODEL, .effect = true,
    .without_ai_offer = 1, .without_ai_share = 0.25, .outcome = "visited", .campaign_digest = {{9}}, .facts = facts, .facts_count = 3, .offers = offers,
    .offers_count = 2, .rules = rules, .rules_count = 2, .dampings = dampings, .dampings_count = 1, .prices = {.budget = 12345678901, .person = 3, .offer = {0, 5}},
    .fairness = "within tolerance", .checked = checked, .checked_count = 2, .version = "0.1.0"};

static void frames_come_back(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer first = {0}, second = {0};
    eh_error error = {0};
    eh_frame back = {0};
    assert_int_equal(eh_frame_write(&frame, &first, &error), EH_OK);
    if (eh_frame_read(eh_buffer_view(&first), "frame", arena, &back, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(eh_frame_write(&back, &second, &error), EH_OK);
    assert_string_equal(first.ptr, second.ptr);
    assert_true(back.seed == UINT64_MAX && back.prices.budget == 12345678901 && back.prices.offer[1] == 5);
    assert_string_equal(back.offers[1].says, "a \"tent\"");
    assert_true(back.facts[1].kind == EH_FACT_TRUTH && back.facts[1].says == NULL && back.facts[0].changeable);
    assert_memory_equal(&back.offers[0].model_digest, &offers[0].model_digest, sizeof(eh_digest));
    /* every cut is refused */
    for (size_t len = 0; len < first.len; len += 7) {
        eh_frame cut = {0};
        assert_int_not_equal(eh_frame_read((eh_view){first.ptr, len}, "frame", arena, &cut, &error), EH_OK);
    }
}

static const eh_fact_value values[] = {
    {.type = EH_VALUE_NUMBER, .number = -3.25}, {.type = EH_VALUE_TRUTH, .number = 1}, {.type = EH_VALUE_TEXT, .text = {"K\xc3\xb6ln", 5}}};
static const int64_t scores[] = {-1234567, 98765};
static const int32_t contributions[] = {5, -600000, INT32_MIN, INT32_MAX};
static const eh_trace_rule applied[] = {{0, 3, EH_RULE_PERMITS}, {1, 2, EH_RULE_FORBIDS}};

static const int64_t counted[] = {3, 0, INT64_MAX};

static eh_trace sample(void)
{
    return (eh_trace){.key = EH_VIEW("c-1001"), .stage = EH_STAGE_CHOICE, .marketing = {true, 0, 17}, .ai = {true, 5, 0}, .rules = applied, .rules_count = 2,
                      .allowed = 3, .facts = values, .facts_count = 3, .scores = scores, .explained = 1, .contributions = contributions, .terms_count = 4,
                      .choice = 1, .policy_choice = EH_NO_OFFER, .variant = 2, .propensity = 0.9, .messages = 3, .counted = counted, .counted_count = 3, .last_message_s = 1795435200};
}

static void traces_come_back(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer first = {0}, second = {0}, json = {0};
    eh_error error = {0};
    eh_trace trace = sample(), back = {0};
    eh_trace_write(&trace, &first);
    if (eh_trace_read(eh_buffer_view(&first), &frame, arena, &back, &error) != EH_OK)
        fail_msg("%s", error.text);
    eh_trace_write(&back, &second);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.ptr, second.ptr, first.len);
    assert_true(back.facts[0].number == -3.25 && back.contributions[2] == INT32_MIN && back.scores[0] == -1234567 && back.propensity == 0.9);
    eh_json_writer out;
    eh_json_begin(&out, &json, false, false);
    eh_trace_json(&back, &frame, &out, NULL);
    assert_non_null(strstr(json.ptr, "\"facts\":{\"months\":-3.25,\"news\":true,\"town\":\"K\xc3\xb6ln\"}"));
    assert_non_null(strstr(json.ptr, "\"rule\":\"minors\""));
    assert_non_null(strstr(json.ptr, "\"stage\":\"choice\""));
}

/* What was written before counts were kept still reads, and its mark is what it was. */
static void older_traces_are_read(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer first = {0}, second = {0};
    eh_error error = {0};
    eh_trace trace = sample(), back = {0};
    eh_view key = {0};
    trace.uncounted = true;
    eh_trace_write(&trace, &first);
    assert_int_equal(first.ptr[0], 2);
    assert_int_equal(eh_trace_key(eh_buffer_view(&first), &key, &error), EH_OK);
    if (eh_trace_read(eh_buffer_view(&first), &frame, arena, &back, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_true(back.uncounted && back.messages == 3 && back.counted_count == 0 && back.last_message_s == 0);
    eh_trace_write(&back, &second);
    assert_int_equal(first.len, second.len);
    assert_memory_equal(first.ptr, second.ptr, first.len);
}

/* Beyond 2^53 a number loses digits in a program that reads doubles. */
static void no_digit_of_a_record_is_lost(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer json = {0};
    eh_json_writer out;
    eh_trace trace = sample();
    trace.marketing.record = UINT64_MAX;
    eh_json_begin(&out, &json, false, false);
    eh_trace_json(&trace, &frame, &out, NULL);
    assert_non_null(strstr(json.ptr, "\"record\":\"18446744073709551615\""));
    assert_non_null(strstr(json.ptr, "\"messages_counted\":[3,0,9223372036854775807]"));
    assert_non_null(strstr(json.ptr, "\"last_message\":\"2026-11-23T12:00:00Z\""));
}

/* A cut is refused, and no changed byte brings down the reader or gives a trace that does not hold together. */
static void broken_traces_are_refused(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 26);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer whole = {0};
    eh_error error = {0};
    eh_trace trace = sample();
    eh_trace_write(&trace, &whole);
    for (size_t len = 0; len < whole.len; len++) {
        eh_trace cut = {0};
        assert_int_equal(eh_trace_read((eh_view){whole.ptr, len}, &frame, arena, &cut, &error), EH_CORRUPT);
    }
    for (size_t at = 0; at < whole.len; at++)
        for (int bit = 0; bit < 8; bit++) {
            eh_trace read = {0};
            whole.ptr[at] = (char)(whole.ptr[at] ^ 1 << bit);
            if (eh_trace_read(eh_buffer_view(&whole), &frame, arena, &read, &error) == EH_OK)
                assert_true(read.stage < EH_STAGES_COUNT && read.choice < 2 && (read.allowed >> 2) == 0);
            whole.ptr[at] = (char)(whole.ptr[at] ^ 1 << bit);
        }
}

static void draws_are_the_persons_own(void **state)
{
    (void)state;
    double sum = 0, below = 0, product = 0;
    enum { PEOPLE = 20000 };
    for (int i = 0; i < PEOPLE; i++) {
        char key[16];
        int len = snprintf(key, sizeof key, "c%d", i);
        eh_draws draws = eh_draws_of(7, "spring", (eh_view){key, (size_t)len}), again = eh_draws_of(7, "spring", (eh_view){key, (size_t)len});
        assert_memory_equal(&draws, &again, sizeof draws);
        assert_true(draws.holdout != eh_draws_of(8, "spring", (eh_view){key, (size_t)len}).holdout);
        assert_true(draws.holdout != eh_draws_of(7, "springs", (eh_view){key, (size_t)len}).holdout);
        sum += draws.explore;
        below += draws.holdout < 0.1;
        product += (draws.holdout - 0.5) * (draws.variant - 0.5);
    }
    /* four standard errors of 20,000 uniform draws */
    assert_true(fabs(sum / PEOPLE - 0.5) < 4 * 0.2887 / sqrt(PEOPLE));
    assert_true(fabs(below / PEOPLE - 0.1) < 4 * 0.3 / sqrt(PEOPLE));
    assert_true(fabs(product / PEOPLE) < 4.0 / 12 / sqrt(PEOPLE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_back),
        cmocka_unit_test(traces_come_back), cmocka_unit_test(older_traces_are_read), cmocka_unit_test(no_digit_of_a_record_is_lost),
        cmocka_unit_test(broken_traces_are_refused),
        cmocka_unit_test(draws_are_the_persons_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
