/** Goal: what must hold for every cube holds for random ones (fixed seed), weighted and not, with and without labels. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "cube_builder.h"

enum { WORLDS = 60 };

static cube_builder builder;

static eh_audit_options options_of(void)
{
    return (eh_audit_options){.ratio_min = .8, .confidence = .95, .depth = 2, .replicates_count = 50, .seed = 7};
}

/** Two attributes of 2 to 6 groups, cells of 0 to 400 rows, some without label or decision; weights of 1 or up to 3. */
static void random_world(eh_random *random, bool weighted)
{
    size_t first = 2 + eh_random_next(random) % 5, second = 2 + eh_random_next(random) % 5;
    builder_start(&builder, first, second);
    for (uint16_t a = 0; a < first; a++)
        for (uint16_t b = 0; b < second; b++)
            for (uint8_t label = 0; label < 3; label++)
                for (uint8_t decision = 0; decision < 3; decision++)
                    builder_add(&builder, (builder_key){a, b, label, decision}, eh_random_next(random) % 400);
    for (size_t i = 0; weighted && i < builder.cube.cells_count; i++) {
        double weight = .5 + 2.5 * eh_random_unit(random);
        builder.cells[i].weight = weight * (double)builder.cells[i].count;
        builder.cells[i].weight_squares = weight * weight * (double)builder.cells[i].count;
    }
    builder.cube.weighted = weighted;
}

static const eh_audit *run(eh_arena *arena)
{
    const eh_audit_options options = options_of();
    const eh_audit *audit = NULL;
    eh_error error;
    if (eh_audit_run(builder_cube(&builder), NULL, 0, &options, arena, &audit, &error) != EH_OK)
        fail_msg("%s", error.text);
    return audit;
}

static void assert_near(double actual, double expected)
{
    if (isnan(actual) && isnan(expected))
        return;
    if (!(fabs(actual - expected) <= 1e-9 * fmax(1, fabs(expected))))
        fail_msg("%.15g is not %.15g", actual, expected);
}

static void check_group(const eh_audit_group *g)
{
    static const eh_measure complements[][2] = {{EH_TPR, EH_FNR}, {EH_FPR, EH_TNR}, {EH_PPV, EH_FDR}, {EH_NPV, EH_FOR}};
    for (size_t i = 0; i < 4; i++) {
        const eh_estimate *a = &g->measures[complements[i][0]], *b = &g->measures[complements[i][1]];
        assert_near(a->value, 1 - b->value);
        assert_near(a->low, 1 - b->high);
    }
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++) {
        const eh_estimate *e = &g->measures[m];
        if (!isnan(e->value))
            assert_true(e->low <= e->value + 1e-12 && e->value <= e->high + 1e-12);
    }
}

static void check_comparison(const eh_audit *audit, const eh_audit_section *section, const eh_comparison *c)
{
    double group = section->groups[c->group].measures[c->measure].value;
    double reference = c->reference == EH_OVERALL ? audit->everybody.measures[c->measure].value
                                                  : section->groups[c->reference].measures[c->measure].value;
    assert_near(c->value, c->scale == EH_SCALE_RATIO ? group / reference : group - reference);
    if (isnan(c->value))
        return;
    assert_true(c->low <= c->value + 1e-9 && c->value <= c->high + 1e-9);
    if (!(c->low_simultaneous <= c->low + 1e-9 && c->high <= c->high_simultaneous + 1e-9))
        fail_msg("%s %d: %g %g (%g %g) %g", eh_measure_get(c->measure)->name, c->scale, c->low_simultaneous, c->low, c->value, c->high, c->high_simultaneous);
    assert_true(c->p >= 0 && c->p <= 1 && c->p_adjusted >= c->p - 1e-12 && c->p_adjusted <= 1);
    assert_true(c->p_violates >= 0 && c->p_violates <= 1);
    bool edge_inside = c->scale == EH_SCALE_RATIO ? c->low >= .8 && c->high <= 1.25 : c->low >= -.2 && c->high <= .2;
    if (c->verdict == EH_VIOLATES)
        assert_true(c->p_violates <= .05);
    else if (!eh_measure_get(c->measure)->unbounded)
        assert_int_equal(c->verdict, edge_inside ? EH_WITHIN_TOLERANCE : EH_NOT_ENOUGH_EVIDENCE);
}

static void check_section(const eh_audit *audit, const eh_audit_section *section)
{
    double people = 0, picked = 0, rate = 0;
    for (size_t g = 0; g < section->groups_count; g++) {
        check_group(&section->groups[g]);
        people += section->groups[g].share_of_people;
        picked += section->groups[g].share_of_picked;
        rate += section->groups[g].share_of_people * section->groups[g].measures[EH_SELECTION_RATE].value;
    }
    assert_near(people, 1);
    assert_near(picked, 1);
    assert_near(rate, audit->everybody.measures[EH_SELECTION_RATE].value);
    for (size_t i = 0; i < section->comparisons_count; i++)
        check_comparison(audit, section, &section->comparisons[i]);
    for (size_t i = 0; i < section->overall_count; i++)
        check_comparison(audit, section, &section->overall[i]);
    for (size_t i = 0; i < section->pairs_count; i++) {
        check_comparison(audit, section, &section->pairs[i]);
        if (section->pairs[i].scale == EH_SCALE_DIFFERENCE)
            assert_true(section->pairs[i].value <= 0);
    }
}

static void laws_hold_everywhere(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 42);
    for (size_t w = 0; w < WORLDS; w++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        random_world(&random, w % 2 == 1);
        const eh_audit *audit = run(arena);
        assert_int_equal(audit->attributes_count, 2);
        assert_int_equal(audit->intersections_count, 1);
        for (size_t s = 0; s < audit->attributes_count; s++)
            check_section(audit, &audit->attributes[s]);
        check_section(audit, &audit->intersections[0]);
    }
}

static void assert_same_numbers(const eh_audit *a, const eh_audit *b)
{
    for (size_t s = 0; s < a->attributes_count; s++) {
        const eh_audit_section *x = &a->attributes[s], *y = &b->attributes[s];
        assert_int_equal(x->groups_count, y->groups_count);
        for (size_t g = 0; g < x->groups_count; g++)
            for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++) {
                assert_near(x->groups[g].measures[m].value, y->groups[g].measures[m].value);
                assert_near(x->groups[g].measures[m].low, y->groups[g].measures[m].low);
            }
        for (size_t i = 0; i < x->summary_count; i++)
            assert_near(x->summary[i].value, y->summary[i].value);
    }
    assert_int_equal(a->verdict, b->verdict);
}

/* Cubes of two months add up: a cell cut in two is the same cell. */
static void cells_add_up(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 43);
    for (size_t w = 0; w < WORLDS; w++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        random_world(&random, false);
        const eh_audit *whole = run(arena);
        size_t cells = builder.cube.cells_count;
        for (size_t i = 0; i < cells; i++) {
            eh_cell *second = &builder.cells[builder.cube.cells_count++];
            *second = builder.cells[i];
            second->count = builder.cells[i].count / 3;
            builder.cells[i].count -= second->count;
            second->weight = second->weight_squares = (double)second->count;
            builder.cells[i].weight = builder.cells[i].weight_squares = (double)builder.cells[i].count;
        }
        assert_same_numbers(whole, run(arena));
    }
}

/* The unit of the weights does not matter. */
static void weights_have_no_unit(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 44);
    for (size_t w = 0; w < WORLDS; w++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        random_world(&random, true);
        const eh_audit *before = run(arena);
        const eh_audit_section *section = &before->attributes[0];
        double rate = section->groups[0].measures[EH_SELECTION_RATE].value, low = section->groups[0].measures[EH_SELECTION_RATE].low;
        for (size_t i = 0; i < builder.cube.cells_count; i++) {
            builder.cells[i].weight *= 1024;
            builder.cells[i].weight_squares *= 1024. * 1024;
        }
        const eh_audit *after = run(arena);
        assert_near(after->attributes[0].groups[0].measures[EH_SELECTION_RATE].value, rate);
        assert_near(after->attributes[0].groups[0].measures[EH_SELECTION_RATE].low, low);
        assert_int_equal(after->verdict, before->verdict);
    }
}

static void the_same_seed_gives_the_same_audit(void **state)
{
    (void)state;
    eh_random random;
    eh_random_init(&random, 45);
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    random_world(&random, true);
    const eh_audit *a = run(arena), *b = run(arena);
    for (size_t s = 0; s < a->attributes_count; s++)
        for (size_t i = 0; i < a->attributes[s].summary_count; i++) {
            const eh_summary *x = &a->attributes[s].summary[i], *y = &b->attributes[s].summary[i];
            assert_memory_equal(&x->low, &y->low, sizeof x->low);
            assert_memory_equal(&x->high, &y->high, sizeof x->high);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(laws_hold_everywhere),
        cmocka_unit_test(cells_add_up),
        cmocka_unit_test(weights_have_no_unit),
        cmocka_unit_test(the_same_seed_gives_the_same_audit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
