/*
 * Goal: the sentences say what the numbers say, in words that can be read aloud. Numbers are made up here; what is tested is the
 * choice of words, the rounding and the names.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "report/report_int.h"
#include "sample_audit.h"

static eh_arena *arena;

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

static void assert_said(eh_buffer *out, const char *wanted)
{
    assert_int_equal(out->code, EH_OK);
    assert_string_equal(out->ptr ? out->ptr : "", wanted);
    eh_buffer_dispose(out);
}

/* ---- numbers and names ------------------------------------------------------------------------------------------------------ */

typedef struct {
    void (*say)(eh_buffer *, double);
    double number;
    const char *wanted;
} number_case;

static void test_numbers(void **state)
{
    (void)state;
    const number_case cases[] = {
        {eh_say_percent, 0.123, "12.3 %"},           {eh_say_percent, 0, "0.0 %"},
        {eh_say_percent, 1, "100.0 %"},              {eh_say_percent, 0.00042, "0.042 %"},
        {eh_say_percent, EH_NAN, "–"},               {eh_say_ratio, 2.1, "2.1 times as often"},
        {eh_say_ratio, 0.38, "38 % as often"},       {eh_say_ratio, 0.796, "79.6 % as often"},
        {eh_say_ratio, 0.042, "4.2 % as often"},     {eh_say_ratio, 14.3, "14 times as often"},
        {eh_say_ratio, 1.283, "1.28 times as often"}, {eh_say_ratio, 9.96, "10 times as often"},
        {eh_say_ratio, 0.9999, "1.00 times as often"}, {eh_say_factor, 0.0123, "0.012"},
        {eh_say_factor, 0.41, "0.41"},               {eh_say_factor, HUGE_VAL, "∞"},
        {eh_say_p, 0.0001, "< .001"},                {eh_say_p, 0.032, ".032"},
        {eh_say_p, 1, "1.000"},                      {eh_say_p, 0.001, ".001"},
        {eh_say_p, EH_NAN, "–"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eh_buffer out = {0};
        cases[i].say(&out, cases[i].number);
        assert_said(&out, cases[i].wanted);
    }
}

static void test_counts(void **state)
{
    (void)state;
    const struct {
        uint64_t count;
        const char *wanted;
    } cases[] = {{0, "0"}, {999, "999"}, {1000, "1,000"}, {45211, "45,211"}, {1234567890, "1,234,567,890"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eh_buffer out = {0};
        eh_say_count(&out, cases[i].count);
        assert_said(&out, cases[i].wanted);
    }
}

static void test_ratio_intervals(void **state)
{
    (void)state;
    const struct {
        double value, low, high;
        const char *wanted;
    } cases[] = {{2.1, 1.87, 2.34, "1.9 to 2.3"},
                 {0.38, 0.348, 0.412, "35 % to 41 %"},
                 {2.1, 1.87, HUGE_VAL, "1.9 and more"},
                 {0.5, 0.2, HUGE_VAL, "20 % and more"},
                 {0.38, 0.1, 1.3, "10 % to 130 %"},
                 {0.042, 0.031, 0.055, "3.1 % to 5.5 %"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eh_buffer out = {0};
        eh_say_ratio_interval(&out, cases[i].value, cases[i].low, cases[i].high);
        assert_said(&out, cases[i].wanted);
    }
}

static void test_names(void **state)
{
    (void)state;
    const struct {
        const char *name;
        size_t columns_max;
        const char *wanted;
    } cases[] = {
        {"Female", 0, "Female"},
        {"", 10, ""},
        {"abcdefgh", 8, "abcdefgh"},
        {"abcdefghi", 8, "abcdefg…"},
        {"a\nb\x1b[31m", 0, "a\\x0ab\\x1b[31m"},
        {"\x7f", 0, "\\x7f"},
        {"\xc2\x9b", 0, "\\xc2\\x9b"},                 /* C1: CSI in one character */
        {"a\xe2\x80\xae" "b", 0, "a\\xe2\\x80\\xae" "b"}, /* right-to-left override */
        {"\xff" "a", 0, "\\xffa"},                      /* invalid UTF-8 */
        {"\xe2\x82", 0, "\\xe2\\x82"},                  /* cut in the middle */
        {"日本語日本語", 7, "日本語…"},                 /* two columns each */
        {"a\nb", 3, "a…"},                              /* an escape is never cut in two */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        eh_buffer out = {0};
        eh_say_name(&out, cases[i].name, cases[i].columns_max);
        assert_said(&out, cases[i].wanted);
    }
}

/* ---- a small audit to speak about ------------------------------------------------------------------------------------------------ */

enum { UNDER_25, FROM_35, FROM_60, AGE_MISSING, AGE_GROUPS };
enum { OTHER, WHITE, REST, RACE_GROUPS };

typedef struct {
    eh_cube cube;
    eh_cube_spec spec;
    eh_report_about about;
    eh_audit_group ages[AGE_GROUPS], races[RACE_GROUPS], crossed[1];
    eh_audit_section attributes[2], intersections[1];
    eh_comparison comparison;
    eh_audit audit;
} scene;

static const eh_cube_group age_names[] = {{.name = "under 25"}, {.name = "35 to 49"}, {.name = "60 and over"}, {.name = "(missing)", .missing = true}};
static const eh_cube_group race_names[] = {{.name = "Other"}, {.name = "White"}, {.name = "(all others)", .others = true}};

static void fill_groups(eh_audit_group *groups, const eh_cube_group *names, uint16_t count)
{
    for (uint16_t g = 0; g < count; g++) {
        groups[g] = (eh_audit_group){.name = names[g].name, .values = {g}, .rows = 1000, .decided = 1000};
        for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
            groups[g].measures[m] = (eh_estimate){0.123, 0.1, 0.15, 1000};
    }
}

static void open_scene(scene *s)
{
    *s = (scene){0};
    s->cube.dimensions[0] = (eh_cube_dimension){.name = "age", .groups = age_names, .groups_count = AGE_GROUPS, .numeric = true};
    s->cube.dimensions[1] = (eh_cube_dimension){.name = "race", .groups = race_names, .groups_count = RACE_GROUPS};
    s->cube.dimensions_count = 2;
    s->about = (eh_report_about){.cube = &s->cube, .spec = &s->spec};
    fill_groups(s->ages, age_names, AGE_GROUPS);
    fill_groups(s->races, race_names, RACE_GROUPS);
    s->races[OTHER].decided = 27;
    s->races[OTHER].measures[EH_SELECTION_RATE].n = 27;
    s->crossed[0] = (eh_audit_group){.name = "60 and over & Other", .values = {FROM_60, OTHER}, .decided = 5};
    s->attributes[0] = (eh_audit_section){.name = "age", .attributes = 1, .depth = 1, .groups = s->ages, .groups_count = AGE_GROUPS,
                                          .reference = FROM_35, .comparisons = &s->comparison, .comparisons_count = 1};
    s->attributes[1] = (eh_audit_section){.name = "race", .attributes = 2, .depth = 1, .attribute_index = {1}, .groups = s->races,
                                          .groups_count = RACE_GROUPS, .reference = WHITE};
    s->intersections[0] = (eh_audit_section){.name = "age & race", .attributes = 3, .depth = 2, .attribute_index = {0, 1},
                                             .groups = s->crossed, .groups_count = 1};
    s->audit = (eh_audit){.options = {.ratio_min = 0.8, .confidence = 0.95, .gate = 1U << EH_SELECTION_RATE},
                          .attributes = s->attributes, .attributes_count = 1, .headline = &s->comparison,
                          .headline_section = &s->attributes[0]};
    s->audit.everybody = s->ages[0];
    s->comparison = (eh_comparison){.measure = EH_SELECTION_RATE, .scale = EH_SCALE_RATIO, .group = FROM_60, .reference = FROM_35,
                                    .value = 2.1, .low = 1.9, .high = 2.3, .detectable = EH_NAN, .verdict = EH_VIOLATES, .gate = true};
}

static void assert_headline(scene *s, const char *wanted)
{
    s->audit.verdict = s->comparison.verdict;
    eh_buffer out = {0};
    eh_report_headline(&s->about, &s->audit, &out);
    assert_said(&out, wanted);
}

/* ---- who --------------------------------------------------------------------------------------------------------------------------- */

static void assert_group(scene *s, const eh_audit_section *section, int32_t group, const char *wanted)
{
    eh_buffer out = {0};
    eh_say_group(&s->about, section, group, &out);
    assert_said(&out, wanted);
}

static void test_groups(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    assert_group(&s, &s.attributes[0], UNDER_25, "people under 25");
    assert_group(&s, &s.attributes[0], FROM_60, "people aged 60 and over");
    assert_group(&s, &s.attributes[0], AGE_MISSING, "people whose age is missing");
    assert_group(&s, &s.attributes[0], EH_OVERALL, "people overall");
    assert_group(&s, &s.attributes[1], OTHER, "people with race = Other");
    assert_group(&s, &s.attributes[1], REST, "people with any other race");
    assert_group(&s, &s.intersections[0], 0, "people aged 60 and over with race = Other");
    s.crossed[0].values[0] = AGE_MISSING;
    assert_group(&s, &s.intersections[0], 0, "people with race = Other whose age is missing");
    s.cube.dimensions[0].name = "balance";
    assert_group(&s, &s.attributes[0], FROM_60, "people with balance = 60 and over");
    s.intersections[0].attributes = 0; /* probable membership: no dimension of the cube */
    s.intersections[0].name = "household";
    assert_group(&s, &s.intersections[0], 0, "people with household = 60 and over & Other");
}

/* ---- headlines ------------------------------------------------------------------------------------------------------------------------ */

static void test_violates(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    assert_headline(&s, "People aged 60 and over were picked 2.1 times as often as people aged 35 to 49; we are sure (95 % interval 1.9 to 2.3); "
                        "the four-fifths rule is violated.");
    s.comparison.value = 0.38, s.comparison.low = 0.35, s.comparison.high = 0.41;
    assert_headline(&s, "People aged 60 and over were picked only 38 % as often as people aged 35 to 49; we are sure (95 % interval 35 % to "
                        "41 %); the four-fifths rule is violated.");
    s.audit.options.ratio_min = 0.9;
    s.comparison.reference = EH_OVERALL;
    assert_headline(&s, "People aged 60 and over were picked only 38 % as often as people overall; we are sure (95 % interval 35 % to 41 %); the "
                        "tolerance of 0.90 is violated.");
    s.audit.options.ratio_min = 0.8;
    s.comparison.measure = EH_TPR;
    assert_headline(&s, "Of those whose label is true, people aged 60 and over were picked only 38 % as often as people overall; we are sure "
                        "(95 % interval 35 % to 41 %); the tolerance of 0.80 is violated.");
    s.comparison.measure = EH_PPV;
    assert_headline(&s, "The precision of people aged 60 and over is 38.0 % of that of people overall; we are sure (95 % interval 35 % to "
                        "41 %); the tolerance of 0.80 is violated.");
}

static void test_violates_at_the_ends(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    s.comparison.value = 0, s.comparison.low = 0, s.comparison.high = 0.31;
    assert_headline(&s, "People aged 60 and over were never picked, people aged 35 to 49 in 12.3 % of cases; we are sure (95 % interval of the "
                        "ratio 0.00 to 0.31); the four-fifths rule is violated.");
    s.comparison.value = HUGE_VAL, s.comparison.low = 3.21, s.comparison.high = HUGE_VAL;
    assert_headline(&s, "People aged 35 to 49 were never picked, people aged 60 and over in 12.3 % of cases; we are sure (95 % interval of the "
                        "ratio 3.2 and more); the four-fifths rule is violated.");
    s.comparison.scale = EH_SCALE_DIFFERENCE;
    s.comparison.value = -0.25, s.comparison.low = -0.31, s.comparison.high = -0.222;
    assert_headline(&s, "People aged 60 and over were picked 25.0 percentage points less often than people aged 35 to 49; we are sure (95 % "
                        "interval 22.2 to 31.0); the tolerance of 20 percentage points is violated.");
}

static void test_not_enough(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    s.audit.headline_section = &s.attributes[1];
    s.comparison = (eh_comparison){.measure = EH_SELECTION_RATE, .scale = EH_SCALE_RATIO, .group = OTHER, .reference = WHITE, .value = 0.882,
                                   .low = 0.6, .high = 1.3, .detectable = 0.41, .verdict = EH_NOT_ENOUGH_EVIDENCE, .gate = true};
    assert_headline(&s, "This data cannot tell: people with race = Other were picked 88.2 % as often as people with race = White, but anything "
                        "from 60.0 % to 130.0 % fits the data; with 27 rows only a ratio below 0.41 could have been seen.");
    s.comparison.detectable = EH_NAN;
    s.comparison.group = WHITE, s.comparison.reference = OTHER;
    assert_headline(&s, "This data cannot tell: people with race = White were picked 88.2 % as often as people with race = Other, but anything "
                        "from 60.0 % to 130.0 % fits the data; for people with race = Other (27 rows) no violation, however large, could have been "
                        "seen.");
    s.comparison.value = EH_NAN;
    s.races[OTHER].measures[EH_SELECTION_RATE].value = s.races[WHITE].measures[EH_SELECTION_RATE].value = 0;
    assert_headline(&s, "This data cannot tell: the selection rate of people with race = White (1,000 rows) and that of people with race = Other "
                        "are both 0, so there is no ratio.");
    s.races[OTHER].measures[EH_SELECTION_RATE].value = EH_NAN;
    assert_headline(&s, "This data cannot tell: for people with race = White (1,000 rows) the selection rate cannot be compared, because it is not "
                        "defined for them or for their reference.");
    s.races[OTHER].withheld = true;
    s.audit.options.cell_rows_min = 30;
    assert_headline(&s, "This data cannot tell: for people with race = Other (27 rows) the selection rate is withheld, because they are fewer "
                        "than 30.");
    s.audit.headline = NULL;
    assert_headline(&s, "This data cannot tell: no two groups have a rate that could be compared.");
}

static void test_within(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    s.comparison.value = 1.04, s.comparison.verdict = EH_WITHIN_TOLERANCE;
    assert_headline(&s, "Every group of age was picked at a similar rate: all ratios to people aged 35 to 49 lie between 1.04 and 1.04, inside the "
                        "tolerance of 0.80 to 1.25; we are sure at 95 %.");
    eh_comparison other = s.comparison;
    other.value = 0.93, other.group = OTHER, other.reference = WHITE;
    s.attributes[1].comparisons = &other, s.attributes[1].comparisons_count = 1;
    s.audit.attributes_count = 2;
    s.audit.options.gate = 1U << EH_SELECTION_RATE | 1U << EH_TPR;
    assert_headline(&s, "Every group of age and race was picked at a similar rate, also of those whose label is true: all ratios to the reference "
                        "groups lie between 0.93 and 1.04, inside the tolerance of 0.80 to 1.25; we are sure at 95 %.");
}

static void test_also(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    s.audit.verdict = EH_VIOLATES;
    eh_buffer out = {0};
    eh_say_also(&s.about, &s.audit, &out);
    assert_int_equal(out.len, 0);
    s.audit.attributes_count = 2;
    s.attributes[1].verdict = EH_VIOLATES;
    eh_say_also(&s.about, &s.audit, &out);
    assert_said(&out, "Also: the tolerance is violated by race.");
    s.audit.intersections = s.intersections, s.audit.intersections_count = 1;
    s.intersections[0].verdict = EH_VIOLATES;
    eh_say_also(&s.about, &s.audit, &out);
    assert_said(&out, "Also: the tolerance is violated by race, and in the intersection age & race.");
    s.audit.verdict = EH_WITHIN_TOLERANCE;
    s.attributes[1].verdict = EH_WITHIN_TOLERANCE;
    s.intersections[0].verdict = EH_NOT_ENOUGH_EVIDENCE;
    eh_say_also(&s.about, &s.audit, &out);
    assert_said(&out, "Also: the data cannot tell for the intersection age & race.");
}

/* ---- notes ------------------------------------------------------------------------------------------------------------------------------- */

static void test_notes(void **state)
{
    (void)state;
    scene s;
    open_scene(&s);
    eh_buffer out = {0};
    eh_say_notes(&s.about, &s.audit, &out);
    assert_said(&out, "");
    s.audit.decision_missing = 1203;
    s.audit.weighted = true;
    s.spec.weight.name = "w\n1";
    s.cube.dimensions[1].others_joined = 4;
    s.ages[AGE_MISSING].missing = true;
    s.ages[AGE_MISSING].rows = 1;
    eh_say_notes(&s.about, &s.audit, &out);
    assert_said(&out, "1,203 rows have no decision (NULL); they count in no rate.\n"
                      "1 row has no age (NULL); they are a group of their own, \"(missing)\".\n"
                      "The 4 smallest groups of race were joined into \"(all others)\", as --top asked.\n"
                      "Every row counts with its weight, w\\x0a1; intervals and tests use Kish's effective number of rows.\n");
}

/** A hostile name reaches no sentence as it is. */
static void test_hostile_sample(void **state)
{
    (void)state;
    eh_report_about about = {0};
    const eh_audit *audit = sample_audit(&(sample_options){.hostile = "=1+1\n\x1b[2J<script>"}, arena, &about);
    eh_buffer out = {0};
    eh_report_headline(&about, audit, &out);
    for (size_t i = 0; i < audit->attributes_count; i++)
        eh_say_section(&about, audit, &audit->attributes[i], &out);
    for (size_t i = 0; i < audit->intersections_count; i++)
        eh_say_section(&about, audit, &audit->intersections[i], &out);
    assert_int_equal(out.code, EH_OK);
    for (size_t i = 0; i < out.len; i++)
        assert_true((unsigned char)out.ptr[i] >= 0x20);
    eh_buffer_dispose(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),  cmocka_unit_test(test_counts),   cmocka_unit_test(test_ratio_intervals),
        cmocka_unit_test(test_names),    cmocka_unit_test(test_groups),   cmocka_unit_test(test_violates),
        cmocka_unit_test(test_violates_at_the_ends), cmocka_unit_test(test_not_enough), cmocka_unit_test(test_within),
        cmocka_unit_test(test_also),     cmocka_unit_test(test_notes),    cmocka_unit_test(test_hostile_sample),
    };
    return cmocka_run_group_tests(tests, open_arena, close_arena);
}
