/*
 * Goal: rows become codes in the way that the report says: ids, constants and dates are left out with a reason, numbers are cut at
 * quantiles, rare texts joined, strata and expectations kept apart; what cannot be is refused with the option's name.
 */
#include "data_fixture.h"

#include <math.h>

static eh_coded_spec spec_of(fixture *f, const char *decision)
{
    return (eh_coded_spec){.decision = expression(f, decision), .decision_option = "--decision", .expected_option = "--expected"};
}

static eh_coded_table read(fixture *f, const eh_coded_spec *spec)
{
    eh_coded_table table = {0};
    if (eh_coded_read(f->engine, spec, f->arena, &table, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    return table;
}

static void refused(fixture *f, const eh_coded_spec *spec, eh_code code, const char *parts)
{
    eh_coded_table table = {0};
    assert_int_equal(eh_coded_read(f->engine, spec, f->arena, &table, &f->error), code);
    assert_parts(f->error.text, parts);
    assert_null(table.cells);
}

static const eh_cube_dimension *dimension(const eh_coded_table *table, const char *name)
{
    for (size_t i = 0; i < table->dimensions_count; i++)
        if (strcmp(table->dimensions[i].name, name) == 0)
            return &table->dimensions[i];
    return NULL;
}

static const char *why_not(const eh_coded_table *table, const char *name)
{
    for (size_t i = 0; i < table->left_out_count; i++)
        if (strcmp(table->left_out[i].name, name) == 0)
            return table->left_out[i].why;
    return "";
}

static uint64_t rows_of(const eh_coded_table *table)
{
    uint64_t rows = 0;
    for (size_t c = 0; c < table->cells_count; c++)
        rows += table->cells[c].rows;
    return rows;
}

static void test_columns_are_chosen_with_reasons(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_copy(f, "v.parquet",
                                 "SELECT i AS customer, 'n' || i AS login, 'x' AS shop, CAST(NULL AS INTEGER) AS nothing, "
                                 "DATE '2026-01-01' + CAST(i % 300 AS INTEGER) AS day, i % 3 AS zip, i % 50 AS age, i * 0.37 AS spend, "
                                 "'t' || (i % 100) AS tag, [i] AS list, i % 2 = 0 AS sent FROM range(1000) t(i)", "FORMAT parquet"), 2);
    eh_coded_spec spec = spec_of(f, "sent");
    eh_coded_table table = read(f, &spec);
    assert_parts(why_not(&table, "customer"), "once");
    assert_parts(why_not(&table, "login"), "once");
    assert_parts(why_not(&table, "shop"), "same value");
    assert_parts(why_not(&table, "nothing"), "no value");
    assert_parts(why_not(&table, "day"), "dates");
    assert_parts(why_not(&table, "list"), "type");
    assert_null(dimension(&table, "sent")); /* stands in the decision */
    assert_int_equal(dimension(&table, "zip")->groups_count, 3);
    assert_int_equal(dimension(&table, "age")->groups_count, 10);
    assert_string_equal(dimension(&table, "age")->groups[1].name, "4 to 8");
    assert_int_equal(dimension(&table, "spend")->groups_count, 10);
    assert_int_equal(dimension(&table, "tag")->groups_count, 25);
    assert_int_equal(dimension(&table, "tag")->others_joined, 76);
    assert_int_equal(table.banded_count, 2);
    assert_int_equal(rows_of(&table), 1000);
}

static void test_ten_thousand_levels_are_joined(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_copy(f, "v.parquet", "SELECT 'p' || (i % 10000) AS product, i % 7 = 0 AS sent FROM range(40000) t(i)", "FORMAT parquet"), 2);
    eh_coded_spec spec = spec_of(f, "sent");
    eh_coded_table table = read(f, &spec);
    assert_int_equal(table.dimensions[0].groups_count, 25);
    assert_int_equal(table.dimensions[0].others_joined, 10000 - 24);
    assert_true(table.dimensions[0].groups[24].others);
    assert_int_equal(rows_of(&table), 40000);
}

static void test_a_value_that_takes_many_bands_is_one(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_copy(f, "v.parquet", "SELECT CASE WHEN i % 20 = 0 THEN i ELSE 0 END AS spend, i % 3 = 0 AS sent FROM range(2000) t(i)",
                                 "FORMAT parquet"), 2);
    eh_coded_spec spec = spec_of(f, "sent");
    eh_coded_table table = read(f, &spec);
    assert_int_equal(table.dimensions[0].groups_count, 2);
    assert_string_equal(table.dimensions[0].groups[0].name, "under 20");
}

static void test_missing_and_not_a_number_are_groups(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_copy(f, "v.parquet", "SELECT CASE WHEN i % 5 = 0 THEN NULL WHEN i % 5 = 1 THEN 'nan'::DOUBLE ELSE i * 0.5 END AS x, "
                                                 "CASE WHEN i % 4 = 0 THEN NULL ELSE i % 3 = 0 END AS sent FROM range(600) t(i)", "FORMAT parquet"), 2);
    eh_coded_spec spec = spec_of(f, "sent");
    eh_coded_table table = read(f, &spec);
    assert_true(table.dimensions[0].groups[table.dimensions[0].groups_count - 1].missing);
    assert_int_equal(table.decision_missing, 150);
    assert_int_equal(rows_of(&table), 450);
}

static void test_strata_and_expectations(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_copy(f, "v.parquet", "SELECT i % 2 AS g, i % 3 AS region, i % 5 = 0 AS bought, i AS s, i / 60000.0 AS p, i % 7 = 0 AS sent "
                                                 "FROM range(60000) t(i)", "FORMAT parquet"), 2);
    eh_expression over = expression(f, "g");
    eh_cube_attribute attribute = {.expression = over};
    eh_coded_spec spec = spec_of(f, "sent");
    spec.attributes = &attribute;
    spec.attributes_count = 1;
    spec.within = expression(f, "region");
    spec.label = expression(f, "bought");
    eh_coded_table table = read(f, &spec);
    assert_int_equal(table.cells_count, 2 * 3 * 2 * 2);
    assert_false(table.given);
    spec.within = spec.label = (eh_expression){0};
    spec.score = expression(f, "s");
    table = read(f, &spec);
    assert_int_equal(table.cells_count, 2 * 2 * EH_CODED_SCORE_BANDS);
    spec.score = (eh_expression){0};
    spec.expected = expression(f, "p");
    table = read(f, &spec);
    assert_true(table.given && table.expected_rounded);
    double sum = 0;
    for (size_t c = 0; c < table.cells_count; c++)
        sum += table.cells[c].expected * (double)table.cells[c].rows;
    assert_true(fabs(sum - 59999.0 / 2) < 1e-6 * sum); /* joined by their mean: nothing is lost */
    assert_true(table.cells_count < 3000);
}

static void test_what_cannot_be_is_refused(void **state)
{
    fixture *f = *state;
    fixture_read(f, fixture_copy(f, "v.parquet", "SELECT i AS id, i % 3 AS g, i - 5 AS w, i * 0.1 AS p, i % 2 = 0 AS sent FROM range(100) t(i)",
                                 "FORMAT parquet"), 2);
    eh_cube_attribute attribute = {.expression = expression(f, "id")};
    eh_coded_spec spec = spec_of(f, "sent");
    spec.attributes = &attribute;
    spec.attributes_count = 1;
    refused(f, &spec, EH_INPUT, "--over id|once|leave it out");
    attribute.expression = expression(f, "nope");
    refused(f, &spec, EH_NOT_FOUND, "--over|nope");
    attribute.expression = expression(f, "g");
    spec.weight = expression(f, "w");
    refused(f, &spec, EH_INPUT, "--weight w|negative|5 rows");
    spec.weight = (eh_expression){0};
    spec.expected = expression(f, "p");
    refused(f, &spec, EH_INPUT, "--expected p|outside 0 to 1|89 rows");
    spec.expected = (eh_expression){0};
    spec.where = "g = 9";
    refused(f, &spec, EH_INPUT, "no rows|g = 9");
    spec.where = "g = 1";
    refused(f, &spec, EH_INPUT, "no column is left");
    spec.where = NULL;
    spec.decision = expression(f, "g");
    refused(f, &spec, EH_INPUT, "--decision g|3 values");
}

static void test_columns_with_bands_of_their_own(void **state)
{
    fixture *f = *state;
    static const double edges[] = {10, 40};
    fixture_read(f, fixture_copy(f, "v.parquet", "SELECT i % 50 AS age, i % 3 AS g, i % 2 = 0 AS sent FROM range(500) t(i)", "FORMAT parquet"), 2);
    eh_cube_attribute banded = {.expression = {.sql = "AGE", .name = "AGE"}, .edges = edges, .edges_count = 2};
    eh_coded_spec spec = spec_of(f, "sent");
    spec.banded = &banded;
    spec.banded_count = 1;
    eh_coded_table table = read(f, &spec);
    assert_int_equal(dimension(&table, "age")->groups_count, 3);
    banded.expression = (eh_expression){.sql = "agee", .name = "agee"};
    refused(f, &spec, EH_NOT_FOUND, "--bands|agee|age");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_columns_are_chosen_with_reasons, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_ten_thousand_levels_are_joined, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_a_value_that_takes_many_bands_is_one, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_missing_and_not_a_number_are_groups, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_strata_and_expectations, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_is_refused, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(test_columns_with_bands_of_their_own, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
