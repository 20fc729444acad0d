/*
 * Goal: the order of a plan holds (rights, rules, lots, scores, money); who has AI off has no score anywhere; every decision is computed
 * again from its trace bit for bit; planted unfairness is seen and mended, too few people are not called fair.
 */
#include "decide_fixture.h"

#include <math.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static eh_plan *make(fixture *of)
{
    eh_plan *plan = NULL;
    eh_error error = {0};
    if (eh_plan_make(&of->input, &plan, &error) != EH_OK)
        fail_msg("%s", error.text);
    return plan;
}

static eh_trace trace_of(const eh_plan *plan, size_t person, eh_arena *arena)
{
    eh_trace trace = {0};
    eh_error error = {0};
    if (eh_plan_trace(plan, person, arena, &trace, &error) != EH_OK)
        fail_msg("%s", error.text);
    return trace;
}

static const fixture_options full = {.people = 3000, .seed = 5, .rules = true, .holdout = 0.1, .explore = 0.05, .budget = INT64_C(900) * EH_MICROS, .ai_off_every = 9,
                                     .no_consent_every = 11};

static void the_order_holds(void **state)
{
    (void)state;
    fixture of;
    fixture_open(&full, &of);
    EH_CLEANUP(eh_plan_close) eh_plan *plan = make(&of);
    eh_plan_summary summary;
    eh_plan_summary_of(plan, &summary);
    for (size_t i = 0; i < full.people; i++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 16);
        eh_trace trace = trace_of(plan, i, arena);
        bool consent = i % 11 != 1, ai = i % 9 != 2;
        assert_int_equal(trace.stage == EH_STAGE_CONSENT, !consent);
        if (!consent || !ai || trace.stage == EH_STAGE_RULES)
            assert_true(trace.scores == NULL && trace.contributions == NULL && trace.explained == EH_NO_OFFER);
        if (!consent || !ai)
            assert_int_equal(trace.facts_count, 0);
        if (trace.stage == EH_STAGE_CONSENT || trace.stage == EH_STAGE_RULES || trace.stage == EH_STAGE_HOLDOUT)
            assert_int_equal(trace.choice, EH_NO_OFFER);
        if (consent && ai && of.columns[0].numbers[i] == 99)
            assert_int_equal(trace.stage, EH_STAGE_RULES);
        if (trace.choice != EH_NO_OFFER)
            assert_true((trace.allowed >> trace.choice & 1) != 0);
    }
    assert_true(summary.spend <= full.budget && summary.spend >= full.budget - 2 * EH_MICROS);
    assert_int_equal(summary.people, full.people);
    uint64_t stages = 0;
    for (size_t s = 0; s < EH_STAGES_COUNT; s++)
        stages += summary.stages[s];
    assert_int_equal(stages, summary.audience);
    assert_true(summary.outcomes.low < summary.outcomes.value && summary.outcomes.value < summary.outcomes.high);
    /* 10 % of those who may be written to are held out, four standard errors */
    double may = (double)(summary.audience - summary.stages[EH_STAGE_CONSENT] - summary.stages[EH_STAGE_RULES]);
    assert_true(fabs((double)summary.stages[EH_STAGE_HOLDOUT] / may - 0.1) < 4 * 0.3 / sqrt(may));
    /* people with AI off get it as often as the others */
    double choice = (double)summary.stages_sent[EH_STAGE_CHOICE] / (double)summary.stages[EH_STAGE_CHOICE];
    double without = (double)summary.stages_sent[EH_STAGE_WITHOUT_AI] / (double)summary.stages[EH_STAGE_WITHOUT_AI];
    assert_true(fabs(choice - without) < 0.02);
    fixture_close(&of);
}

static void every_decision_is_computed_again(void **state)
{
    (void)state;
    for (int run = 0; run < 3; run++) {
        fixture of;
        fixture_options options = full;
        options.choose = run == 1 ? EH_CHOOSE_RANDOM : EH_CHOOSE_MODEL;
        options.budget = run == 2 ? -1 : full.budget;
        fixture_open(&options, &of);
        EH_CLEANUP(eh_plan_close) eh_plan *plan = make(&of);
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 28);
        EH_CLEANUP(eh_buffer_dispose) eh_buffer json = {0};
        eh_error error = {0};
        eh_frame frame = {0};
        eh_decider *decider = NULL;
        assert_int_equal(eh_frame_write(&of.frame, &json, &error), EH_OK);
        assert_int_equal(eh_frame_read(eh_buffer_view(&json), "frame", arena, &frame, &error), EH_OK);
        assert_int_equal(eh_decider_open(&frame, of.models, arena, &decider, &error), EH_OK);
        size_t finish = 0;
        for (size_t i = 0; i < options.people; i++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
            eh_trace trace = trace_of(plan, i, arena), read = {0};
            bool by_finish = false;
            eh_trace_write(&trace, &bytes);
            if (eh_trace_read(eh_buffer_view(&bytes), &frame, arena, &read, &error) != EH_OK)
                fail_msg("%s", error.text);
            const char *differs = eh_trace_replay(decider, &read, arena, &by_finish);
            if (differs != NULL)
                fail_msg("run %d, person %zu (%s): %s differs", run, i, eh_stage_name(read.stage), differs);
            finish += by_finish && read.stage == EH_STAGE_CHOICE;
            /* and a trace that was changed is found */
            if (read.stage == EH_STAGE_CHOICE && read.scores != NULL && read.allowed == 3) {
                int64_t other[2] = {read.scores[0] + 1, read.scores[1]};
                read.scores = other;
                assert_non_null(eh_trace_replay(decider, &read, arena, &by_finish));
            }
        }
        assert_true(finish < options.people / 20);
        fixture_close(&of);
    }
}

/* What came with the people of a plan, one at a time. */
static eh_trace alone(const fixture *of, const eh_decider *decider, const eh_plan *plan, size_t person, eh_arena *arena)
{
    eh_error error = {0};
    eh_fact_value *facts = EH_TAKE(arena, FIXTURE_FACTS, eh_fact_value);
    eh_rules_answer *answer = EH_TAKE(arena, 1, eh_rules_answer);
    eh_trace planned = trace_of(plan, person, arena), trace = {0};
    eh_case about = {.key = eh_view_of(of->keys[person]), .marketing = planned.marketing, .ai = planned.ai, .facts = facts};
    for (size_t f = 0; f < FIXTURE_FACTS; f++) {
        const eh_fact_column *column = &of->columns[f];
        if (column->codes != NULL && column->codes[person] < column->levels_count)
            facts[f] = (eh_fact_value){.type = EH_VALUE_TEXT, .text = eh_view_of(column->levels[column->codes[person]])};
        else if (column->codes == NULL && !isnan(column->numbers[person]))
            facts[f] = (eh_fact_value){.type = of->frame.facts[f].kind == EH_FACT_TRUTH ? EH_VALUE_TRUTH : EH_VALUE_NUMBER, .number = column->numbers[person]};
    }
    answer->allowed = 3;
    eh_rules_question question = {.facts = about.ai.may ? facts : NULL, .marketing = about.marketing, .ai = about.ai};
    if (of->input.rules.ask != NULL && of->input.rules.ask(of->input.rules.context, &question, answer, &error) == EH_OK)
        about.rules = answer;
    if (eh_decide_case(decider, of->input.campaign, &about, arena, &trace, &error) != EH_OK)
        fail_msg("%s", error.text);
    return trace;
}

static void one_person_alone_gets_what_the_plan_gives(void **state)
{
    (void)state;
    for (int run = 0; run < 6; run++) {
        fixture of;
        fixture_options options = full;
        eh_error error = {0};
        eh_decider *decider = NULL;
        size_t alike = 0;
        options.choose = run == 1 || run == 2 ? EH_CHOOSE_RANDOM : EH_CHOOSE_MODEL;
        options.budget = run == 2 || run == 3 ? -1 : full.budget;
        options.rules = run != 4;
        options.seed = (uint64_t)run + 1;
        fixture_open(&options, &of);
        EH_CLEANUP(eh_plan_close) eh_plan *plan = make(&of);
        assert_int_equal(eh_decider_open(&of.frame, of.models, of.arena, &decider, &error), EH_OK);
        for (size_t i = 0; i < options.people; i++) {
            EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
            EH_CLEANUP(eh_buffer_dispose) eh_buffer planned = {0}, single = {0};
            eh_trace trace = trace_of(plan, i, arena), other = alone(&of, decider, plan, i, arena);
            if (!trace.by_price) /* settled by the exact finish of the plan */
                continue;
            eh_trace_write(&trace, &planned);
            eh_trace_write(&other, &single);
            if (!eh_view_equal(eh_buffer_view(&planned), eh_buffer_view(&single)))
                fail_msg("run %d, person %zu: %s in the plan, %s alone", run, i, eh_stage_name(trace.stage), eh_stage_name(other.stage));
            alike++;
        }
        assert_true(alike > options.people * 19 / 20);
        fixture_close(&of);
    }
}

static void the_same_plan_is_made_again(void **state)
{
    (void)state;
    fixture of;
    fixture_open(&full, &of);
    EH_CLEANUP(eh_plan_close) eh_plan *one = make(&of);
    EH_CLEANUP(eh_plan_close) eh_plan *other = make(&of);
    for (size_t i = 0; i < full.people; i++) {
        assert_int_equal(eh_plan_choice(one, i), eh_plan_choice(other, i));
        assert_int_equal(eh_plan_stage(one, i), eh_plan_stage(other, i));
    }
    fixture_close(&of);
}

static eh_plan_verdict guard(const fixture *of, const eh_plan *plan, eh_arena *arena)
{
    eh_plan_verdict verdict = {0};
    eh_error error = {0};
    if (eh_plan_guard(plan, &of->groups, 1, 1, arena, &verdict, &error) != EH_OK)
        fail_msg("%s", error.text);
    return verdict;
}

static void planted_unfairness_is_seen_and_mended(void **state)
{
    (void)state;
    fixture of;
    fixture_options options = {.people = 6000, .seed = 8, .biased = true, .budget = INT64_C(2000) * EH_MICROS, .ai_off_every = 10};
    fixture_open(&options, &of);
    EH_CLEANUP(eh_plan_close) eh_plan *plan = make(&of);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 28);
    assert_int_equal(guard(&of, plan, arena).verdict, EH_VIOLATES);
    eh_plan_repair repair = {0};
    eh_error error = {0};
    if (eh_plan_repair_find(plan, &of.groups, 1, 1, arena, &repair, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_true(repair.found);
    assert_int_equal(repair.verdict.verdict, EH_WITHIN_TOLERANCE);
    assert_int_equal(guard(&of, repair.plan, arena).verdict, EH_WITHIN_TOLERANCE);
    assert_true(repair.dampings_count >= 1 && strcmp(repair.dampings[0].name, "sizes") == 0);
    assert_true(repair.value_after < repair.value_before && repair.value_after > 0);
    /* it is decided without the groups: the same people with other groups get the same */
    eh_plan_input blind = *eh_plan_input_of(repair.plan);
    EH_CLEANUP(eh_plan_close) eh_plan *again = NULL;
    assert_int_equal(eh_plan_make(&blind, &again, &error), EH_OK);
    for (size_t i = 0; i < options.people; i++)
        assert_int_equal(eh_plan_choice(again, i), eh_plan_choice(repair.plan, i));
    eh_plan_close(&repair.plan);
    fixture_close(&of);
}

static void a_fair_plan_is_within_tolerance(void **state)
{
    (void)state;
    fixture of;
    fixture_options options = {.people = 6000, .seed = 9, .budget = INT64_C(2000) * EH_MICROS, .ai_off_every = 10};
    fixture_open(&options, &of);
    EH_CLEANUP(eh_plan_close) eh_plan *plan = make(&of);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 26);
    eh_plan_verdict verdict = guard(&of, plan, arena);
    assert_int_equal(verdict.verdict, EH_WITHIN_TOLERANCE);
    assert_int_equal(verdict.audit->attributes_count, 2); /* people with AI off are a group too */
    assert_string_equal(verdict.audit->attributes[1].name, EH_PLAN_AI_ATTRIBUTE);
    fixture_close(&of);
}

static void a_small_shop_is_told_that_it_cannot_be_told(void **state)
{
    (void)state;
    fixture of;
    fixture_options options = {.people = 300, .seed = 10, .budget = INT64_C(100) * EH_MICROS};
    fixture_open(&options, &of);
    EH_CLEANUP(eh_plan_close) eh_plan *plan = make(&of);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 26);
    assert_int_equal(guard(&of, plan, arena).verdict, EH_NOT_ENOUGH_EVIDENCE);
    eh_plan_verdict nothing = {0};
    eh_error error = {0};
    assert_int_equal(eh_plan_guard(plan, NULL, 0, 1, arena, &nothing, &error), EH_OK); /* no attribute at all: no yes either */
    assert_int_equal(nothing.verdict, EH_NOT_ENOUGH_EVIDENCE);
    assert_true(nothing.nothing_compared);
    fixture_close(&of);
}

static void propensities_are_those_of_the_lots(void **state)
{
    (void)state;
    fixture of;
    fixture_options options = {.people = 4000, .seed = 12, .holdout = 0.2, .explore = 0.3, .budget = -1};
    fixture_open(&options, &of);
    EH_CLEANUP(eh_plan_close) eh_plan *plan = make(&of);
    double none = 0, inverse = 0;
    for (size_t i = 0; i < options.people; i++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 16);
        eh_trace trace = trace_of(plan, i, arena);
        assert_true(trace.propensity > 0 && trace.propensity <= 1);
        none += trace.choice == EH_NO_OFFER;
        inverse += trace.choice == EH_NO_OFFER ? 1 / trace.propensity : 0;
    }
    /* the weights of those who got nothing stand for everybody: 4,000 within five standard errors of such a sum */
    assert_true(fabs(inverse - 4000) < 5 * sqrt(4000 * (1 / 0.27 - 1)));
    assert_true(none > 0);
    fixture_close(&of);
}

static void values_of_policies_are_right(void **state)
{
    (void)state;
    enum { PEOPLE = 20000 };
    static eh_logged logged[PEOPLE];
    static double policy[PEOPLE * 2], expected[PEOPLE * 2];
    eh_random random;
    eh_random_init(&random, 3);
    for (size_t i = 0; i < PEOPLE; i++) { /* a message lifts .1 to .3 for every second person and does nothing for the others */
        double chance = 0.25 + 0.5 * (double)(i % 3) / 2, lift = i % 2 == 0 ? 0.2 : 0;
        logged[i].action = eh_random_unit(&random) < chance;
        logged[i].propensity = logged[i].action == 1 ? chance : 1 - chance;
        logged[i].outcome = eh_random_unit(&random) < 0.1 + (logged[i].action == 1 ? lift : 0);
        policy[i * 2] = i % 2 == 1;
        policy[i * 2 + 1] = i % 2 == 0;
        expected[i * 2] = 0.2; /* wrong on purpose: the weights make it right */
        expected[i * 2 + 1] = 0.2;
    }
    eh_plan_estimate with = eh_policy_value(logged, PEOPLE, &(eh_policy_question){2, policy, expected, 0.9999}), without = eh_policy_value(logged, PEOPLE, &(eh_policy_question){2, policy, NULL, 0.9999});
    assert_true(with.low < 0.2 && 0.2 < with.high);
    assert_true(without.low < 0.2 && 0.2 < without.high);
    assert_true(with.high - with.low < 0.06);
}

static void undeclared_data_is_refused(void **state)
{
    (void)state;
    fixture of;
    fixture_options options = {.people = 10, .seed = 1, .budget = -1};
    fixture_open(&options, &of);
    eh_plan *plan = NULL;
    eh_error error = {0};
    of.model->features[4].name = "gender";
    assert_int_equal(eh_plan_make(&of.input, &plan, &error), EH_DENIED);
    assert_non_null(strstr(error.text, "'gender'"));
    assert_null(plan);
    fixture_close(&of);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_order_holds),
        cmocka_unit_test(every_decision_is_computed_again),
        cmocka_unit_test(one_person_alone_gets_what_the_plan_gives),
        cmocka_unit_test(the_same_plan_is_made_again),
        cmocka_unit_test(planted_unfairness_is_seen_and_mended),
        cmocka_unit_test(a_fair_plan_is_within_tolerance),
        cmocka_unit_test(a_small_shop_is_told_that_it_cannot_be_told),
        cmocka_unit_test(propensities_are_those_of_the_lots),
        cmocka_unit_test(values_of_policies_are_right),
        cmocka_unit_test(undeclared_data_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
