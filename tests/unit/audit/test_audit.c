/** Goal: from a cube, the audit says the numbers that others published, and says "violates" only when it is sure. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cube_builder.h"

static eh_arena *arena;
static cube_builder builder;

static int open_arena(void **state)
{
    (void)state;
    arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    return arena ? 0 : -1;
}

static int close_arena(void **state)
{
    (void)state;
    eh_arena_close(&arena);
    return 0;
}

static const eh_audit_options defaults = {.ratio_min = 0.8, .confidence = 0.95, .depth = 1, .replicates_count = 200, .seed = 1};

static const eh_audit *run(const eh_audit_options *options)
{
    const eh_audit *audit = NULL;
    eh_error error = {0};
    eh_code code = eh_audit_run(builder_cube(&builder), NULL, 0, options, arena, &audit, &error);
    if (code != EH_OK)
        fail_msg("%s", error.text);
    return audit;
}

static void assert_near(double actual, double expected, double tolerance)
{
    if (!(fabs(actual - expected) <= tolerance))
        fail_msg("%.12g is not %.12g", actual, expected);
}

static double summary(const eh_audit_section *section, const char *name)
{
    for (size_t i = 0; i < section->summary_count; i++)
        if (strcmp(section->summary[i].name, name) == 0)
            return section->summary[i].value;
    fail_msg("no summary %s", name);
    return 0;
}

static const eh_comparison *comparison(const eh_audit_section *section, eh_measure measure, eh_scale scale, int32_t group)
{
    for (size_t i = 0; i < section->comparisons_count; i++)
        if (section->comparisons[i].measure == measure && section->comparisons[i].scale == scale && section->comparisons[i].group == group)
            return &section->comparisons[i];
    fail_msg("no such comparison");
    return NULL;
}

/* Eighteen rows of the Fairlearn user guide, assessment of fairness (version 0.13). */
static void eighteen_rows(void **state)
{
    (void)state;
    static const char label[] = "011110101000111111", decision[] = "001011100111100110", group[] = "bbabbcccaacabccbcc";
    builder_start(&builder, 3, 0);
    for (size_t i = 0; i < 18; i++)
        builder_add(&builder, (builder_key){(uint16_t)(group[i] - 'a'), 0, (uint8_t)(label[i] - '0'), (uint8_t)(decision[i] - '0')}, 1);
    const eh_audit_section *section = &run(&defaults)->attributes[0];
    static const double tpr[] = {.5, .6, .4}, fpr[] = {1, 0, 2. / 3}, selection[] = {.75, .5, .5};
    for (size_t g = 0; g < 3; g++) {
        assert_near(section->groups[g].measures[EH_TPR].value, tpr[g], 1e-12);
        assert_near(section->groups[g].measures[EH_FPR].value, fpr[g], 1e-12);
        assert_near(section->groups[g].measures[EH_SELECTION_RATE].value, selection[g], 1e-12);
    }
    assert_near(summary(section, "demographic_parity_difference"), .25, 1e-12);
    assert_near(summary(section, "demographic_parity_ratio"), 2. / 3, 1e-12);
    assert_near(summary(section, "equalized_odds_difference"), 1, 1e-12);
    assert_near(summary(section, "equalized_odds_ratio"), 0, 1e-12);
    assert_int_equal(section->verdict, EH_NOT_ENOUGH_EVIDENCE);
}

/* Adult, UCI, Becker and Kohavi 1996, adult.data: 1,179 of 10,771 women and 6,662 of 21,790 men earn more than 50K. */
static void adult_by_sex(void **state)
{
    (void)state;
    builder_start(&builder, 2, 0);
    builder_add(&builder, (builder_key){0, 0, EH_UNKNOWN, EH_TRUE}, 1179);
    builder_add(&builder, (builder_key){0, 0, EH_UNKNOWN, EH_FALSE}, 10771 - 1179);
    builder_add(&builder, (builder_key){1, 0, EH_UNKNOWN, EH_TRUE}, 6662);
    builder_add(&builder, (builder_key){1, 0, EH_UNKNOWN, EH_FALSE}, 21790 - 6662);
    const eh_audit *audit = run(&defaults);
    const eh_audit_section *section = &audit->attributes[0];
    assert_int_equal(section->reference, 1);
    assert_near(section->groups[0].measures[EH_SELECTION_RATE].value, .1094605886, 1e-10);
    assert_near(section->groups[1].measures[EH_SELECTION_RATE].value, .3057365764, 1e-10);
    assert_near(comparison(section, EH_SELECTION_RATE, EH_SCALE_DIFFERENCE, 0)->value, -.1962759878, 1e-10);
    assert_near(comparison(section, EH_SELECTION_RATE, EH_SCALE_RATIO, 0)->value, .3580225497, 1e-10);
    assert_int_equal(audit->verdict, EH_VIOLATES);
    assert_int_equal(eh_verdict_exit_status(audit->verdict), 1);
    assert_ptr_equal(audit->headline_section, section);
}

static void equal_groups_are_within_tolerance(void **state)
{
    (void)state;
    builder_start(&builder, 3, 0);
    for (uint16_t g = 0; g < 3; g++) {
        builder_add(&builder, (builder_key){g, 0, EH_UNKNOWN, EH_TRUE}, 3000);
        builder_add(&builder, (builder_key){g, 0, EH_UNKNOWN, EH_FALSE}, 7000);
    }
    const eh_audit *audit = run(&defaults);
    assert_int_equal(audit->verdict, EH_WITHIN_TOLERANCE);
    const eh_comparison *c = comparison(&audit->attributes[0], EH_SELECTION_RATE, EH_SCALE_RATIO, 1);
    assert_near(c->p, 1, 1e-12);
    assert_true(c->low > .8 && c->high < 1.25);
    assert_true(c->low_simultaneous < c->low && c->high_simultaneous > c->high);
    assert_true(c->detectable > .5 && c->detectable < .8);
}

static void few_rows_are_not_enough(void **state)
{
    (void)state;
    builder_start(&builder, 2, 0);
    builder_add(&builder, (builder_key){0, 0, EH_UNKNOWN, EH_TRUE}, 3);
    builder_add(&builder, (builder_key){0, 0, EH_UNKNOWN, EH_FALSE}, 7);
    builder_add(&builder, (builder_key){1, 0, EH_UNKNOWN, EH_TRUE}, 6);
    builder_add(&builder, (builder_key){1, 0, EH_UNKNOWN, EH_FALSE}, 14);
    assert_int_equal(run(&defaults)->verdict, EH_NOT_ENOUGH_EVIDENCE);
    assert_int_equal(eh_verdict_exit_status(EH_NOT_ENOUGH_EVIDENCE), 3);
}

/* A group where nobody was picked has a ratio of 0 and an upper limit. */
static void nobody_picked_in_one_group(void **state)
{
    (void)state;
    builder_start(&builder, 2, 0);
    builder_add(&builder, (builder_key){0, 0, EH_UNKNOWN, EH_FALSE}, 500);
    builder_add(&builder, (builder_key){1, 0, EH_UNKNOWN, EH_TRUE}, 300);
    builder_add(&builder, (builder_key){1, 0, EH_UNKNOWN, EH_FALSE}, 700);
    const eh_audit *audit = run(&defaults);
    const eh_comparison *c = comparison(&audit->attributes[0], EH_SELECTION_RATE, EH_SCALE_RATIO, 0);
    assert_near(c->value, 0, 0);
    assert_near(c->low, 0, 0);
    assert_true(c->high > 0 && c->high < .05);
    assert_int_equal(c->verdict, EH_VIOLATES);
}

/* Two fair attributes whose crossing is unfair: the intersection alone shows it. */
static void unfair_only_in_the_intersection(void **state)
{
    (void)state;
    builder_start(&builder, 2, 2);
    for (uint16_t a = 0; a < 2; a++)
        for (uint16_t b = 0; b < 2; b++) {
            uint64_t picked = a == b ? 3000 : 1500;
            builder_add(&builder, (builder_key){a, b, EH_UNKNOWN, EH_TRUE}, picked);
            builder_add(&builder, (builder_key){a, b, EH_UNKNOWN, EH_FALSE}, 10000 - picked);
        }
    eh_audit_options options = defaults;
    options.depth = 2;
    const eh_audit *audit = run(&options);
    assert_int_equal(audit->attributes[0].verdict, EH_WITHIN_TOLERANCE);
    assert_int_equal(audit->attributes[1].verdict, EH_WITHIN_TOLERANCE);
    assert_int_equal(audit->intersections_count, 1);
    assert_string_equal(audit->intersections[0].name, "first & second");
    assert_string_equal(audit->intersections[0].groups[1].name, "a & b");
    assert_int_equal(audit->verdict, EH_VIOLATES);
    assert_ptr_equal(audit->headline_section, &audit->intersections[0]);
}

/* The group is inside the tolerance of the reference on both sides, but the two outer groups are not of each other. */
static void the_worst_pair_counts(void **state)
{
    (void)state;
    builder_start(&builder, 3, 0);
    static const uint64_t picked[] = {26000, 60000, 35500}, people[] = {100000, 200000, 100000};
    for (uint16_t g = 0; g < 3; g++) {
        builder_add(&builder, (builder_key){g, 0, EH_UNKNOWN, EH_TRUE}, picked[g]);
        builder_add(&builder, (builder_key){g, 0, EH_UNKNOWN, EH_FALSE}, people[g] - picked[g]);
    }
    const eh_audit *audit = run(&defaults);
    const eh_audit_section *section = &audit->attributes[0];
    assert_int_equal(section->reference, 1);
    assert_int_equal(comparison(section, EH_SELECTION_RATE, EH_SCALE_RATIO, 0)->verdict, EH_WITHIN_TOLERANCE);
    assert_int_equal(comparison(section, EH_SELECTION_RATE, EH_SCALE_RATIO, 2)->verdict, EH_WITHIN_TOLERANCE);
    assert_int_equal(audit->verdict, EH_VIOLATES);
}

/* Berkeley admissions 1973, Bickel et al. 1975 (R's UCBAdmissions): departments A to F; male admitted, male rejected, female ... */
static void berkeley_within_departments(void **state)
{
    (void)state;
    static const uint64_t table[6][4] = {{512, 313, 89, 19}, {353, 207, 17, 8},   {120, 205, 202, 391},
                                         {138, 279, 131, 244}, {53, 138, 94, 299}, {22, 351, 24, 317}};
    builder_start(&builder, 2, 0);
    for (uint16_t d = 0; d < 6; d++) {
        builder_add_stratum(&builder, 0, d, EH_TRUE, table[d][0]);
        builder_add_stratum(&builder, 0, d, EH_FALSE, table[d][1]);
        builder_add_stratum(&builder, 1, d, EH_TRUE, table[d][2]);
        builder_add_stratum(&builder, 1, d, EH_FALSE, table[d][3]);
    }
    eh_audit_options options = defaults;
    options.references = &(eh_reference){"first", "b"};
    options.references_count = 1;
    const eh_within *within = run(&options)->attributes[0].within;
    assert_non_null(within);
    /* R 4.3, mantelhaen.test(UCBAdmissions): 0.9046968, X-squared 1.4269 with and 1.5246 without continuity correction. */
    assert_near(within->mantel_haenszel_odds_ratio, 0.9046968, 5e-8);
    assert_near(within->cmh_statistic, 1.5246, 5e-5);
    assert_near(within->cmh_statistic_corrected, 1.4269, 5e-5);
}

static void small_cells_are_listed_but_withheld(void **state)
{
    (void)state;
    builder_start(&builder, 3, 0);
    for (uint16_t g = 0; g < 3; g++) {
        builder_add(&builder, (builder_key){g, 0, EH_UNKNOWN, EH_TRUE}, g == 2 ? 2 : 3000);
        builder_add(&builder, (builder_key){g, 0, EH_UNKNOWN, EH_FALSE}, g == 2 ? 3 : 7000);
    }
    eh_audit_options options = defaults;
    options.cell_rows_min = 10;
    const eh_audit *audit = run(&options);
    const eh_audit_group *small = &audit->attributes[0].groups[2];
    assert_int_equal(audit->attributes[0].groups_count, 3);
    assert_true(small->withheld);
    assert_true(isnan(small->measures[EH_SELECTION_RATE].value));
    assert_int_equal(audit->verdict, EH_NOT_ENOUGH_EVIDENCE);
}

static void unknown_decisions_are_counted(void **state)
{
    (void)state;
    builder_start(&builder, 2, 0);
    for (uint16_t g = 0; g < 2; g++) {
        builder_add(&builder, (builder_key){g, 0, EH_TRUE, EH_TRUE}, 40);
        builder_add(&builder, (builder_key){g, 0, EH_FALSE, EH_FALSE}, 60);
        builder_add(&builder, (builder_key){g, 0, EH_TRUE, EH_UNKNOWN}, 7);
        builder_add(&builder, (builder_key){g, 0, EH_UNKNOWN, EH_TRUE}, 10);
    }
    const eh_audit *audit = run(&defaults);
    assert_int_equal(audit->rows, 234);
    assert_int_equal(audit->decision_missing, 14);
    assert_int_equal(audit->label_missing, 20);
    assert_int_equal(audit->attributes[0].groups[0].decided, 110);
    assert_int_equal(audit->attributes[0].groups[0].rows, 117);
    assert_near(audit->attributes[0].groups[0].measures[EH_SELECTION_RATE].value, 50. / 110, 1e-12);
    assert_near(audit->attributes[0].groups[0].measures[EH_BASE_RATE].value, .4, 1e-12);
}

static void errors_say_what_to_do(void **state)
{
    (void)state;
    const eh_audit *audit = NULL;
    eh_error error = {0};
    builder_start(&builder, 2, 0);
    builder_add(&builder, (builder_key){0, 0, EH_UNKNOWN, EH_TRUE}, 5);
    assert_int_equal(eh_audit_run(builder_cube(&builder), NULL, 0, &defaults, arena, &audit, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "one group ('a')"));
    builder_add(&builder, (builder_key){1, 0, EH_UNKNOWN, EH_FALSE}, 5);
    eh_audit_options options = defaults;
    options.references = &(eh_reference){"first", "q"};
    options.references_count = 1;
    assert_int_equal(eh_audit_run(builder_cube(&builder), NULL, 0, &options, arena, &audit, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "--reference first=q: no such group"));
    options.references = &(eh_reference){"firts", "a"};
    assert_int_equal(eh_audit_run(builder_cube(&builder), NULL, 0, &options, arena, &audit, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "Did you mean 'first'"));
    options = defaults;
    options.gate = 1U << EH_TPR;
    assert_int_equal(eh_audit_run(builder_cube(&builder), NULL, 0, &options, arena, &audit, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "needs --label"));
    assert_null(audit);
}

static void sets_are_attributes_then_pairs_then_triples(void **state)
{
    (void)state;
    uint32_t sets[16];
    assert_int_equal(eh_audit_sets(3, 3, sets, 16), 7);
    static const uint32_t expected[] = {1, 2, 4, 3, 5, 6, 7};
    assert_memory_equal(sets, expected, sizeof expected);
    assert_int_equal(eh_audit_sets(1, 2, sets, 16), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(eighteen_rows, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(adult_by_sex, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(equal_groups_are_within_tolerance, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(few_rows_are_not_enough, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(nobody_picked_in_one_group, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(unfair_only_in_the_intersection, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(the_worst_pair_counts, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(berkeley_within_departments, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(small_cells_are_listed_but_withheld, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(unknown_decisions_are_counted, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(errors_say_what_to_do, open_arena, close_arena),
        cmocka_unit_test_setup_teardown(sets_are_attributes_then_pairs_then_triples, open_arena, close_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
