/*
 * The subset scan of AIF360 (MDSS) on Adult: the same score function to 1e-6, and a score at least as high from ten restarts as its
 * ten find. Figures: expected/mdss.json, made by peers/mdss_figures.py. Without Adult ($EVENHAND_DATA or ../shared/data) only the
 * score function is held to it, and that is said.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <math.h>

#include "audit/scan.h"
#include "base/json.h"

enum { EXPECTATIONS_MAX = 64, RESTARTS = 10 };

/* Where the attributes stand in adult.data. */
static const struct {
    const char *name, *sql;
} columns[] = {
    {"workclass", "trim(column01)"},    {"education", "trim(column03)"}, {"marital-status", "trim(column05)"}, {"occupation", "trim(column06)"},
    {"relationship", "trim(column07)"}, {"race", "trim(column08)"},      {"sex", "trim(column09)"},
};
enum { COLUMNS = sizeof columns / sizeof columns[0] };

typedef struct {
    eh_arena *arena;
    eh_json_document *document;
    eh_error error;
} figures;

static void must(eh_code code, const eh_error *error)
{
    if (code != EH_OK)
        fail_msg("%s", error->text);
}

static int figures_open(void **state)
{
    figures *f = calloc(1, sizeof *f);
    eh_buffer text = {0};
    char path[4096];
    const char *source = getenv("EVENHAND_SOURCE");
    assert_non_null(f);
    f->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    assert_non_null(f->arena);
    snprintf(path, sizeof path, "%s/tests/reference/expected/mdss.json", source == NULL ? "." : source);
    must(eh_file_read(path, EH_JSON_BYTES_MAX, &text, &f->error), &f->error);
    must(eh_json_parse(eh_buffer_view(&text), path, &f->document, &f->error), &f->error);
    eh_buffer_dispose(&text);
    *state = f;
    return 0;
}

static int figures_close(void **state)
{
    figures *f = *state;
    eh_json_close(&f->document);
    eh_arena_close(&f->arena);
    free(f);
    return 0;
}

static double number(eh_json_value object, const char *key)
{
    return eh_json_as_number(eh_json_member(object, key));
}

static void test_score_function_agrees(void **state)
{
    figures *f = *state;
    eh_json_value scores = eh_json_member(eh_json_root(f->document), "scores");
    assert_true(eh_json_count(scores) >= 40);
    for (size_t i = 0; i < eh_json_count(scores); i++) {
        eh_json_value one = eh_json_item(scores, i), people = eh_json_member(one, "people"), expected = eh_json_member(one, "expected");
        eh_scan_expectation list[EXPECTATIONS_MAX];
        size_t count = eh_json_count(people);
        assert_true(count > 0 && count <= EXPECTATIONS_MAX);
        for (size_t k = 0; k < count; k++)
            list[k] = (eh_scan_expectation){eh_json_as_number(eh_json_item(people, k)), eh_json_as_number(eh_json_item(expected, k))};
        double score = eh_scan_score_at(number(one, "observed"), list, count, number(one, "q")), wanted = number(one, "score");
        if (!(fabs(score - wanted) <= 1e-6))
            fail_msg("score %zu is %.12g, AIF360 has %.12g", i, score, wanted);
    }
}

/* ---- Adult ------------------------------------------------------------------------------------------------------------------------ */

static eh_code adult_read(figures *f, const char *path, const char *within, eh_coded_table *table)
{
    eh_cube_attribute *attributes = EH_TAKE(f->arena, COLUMNS, eh_cube_attribute);
    eh_engine *engine = NULL;
    assert_non_null(attributes);
    for (size_t a = 0; a < COLUMNS; a++)
        attributes[a].expression = (eh_expression){.sql = columns[a].sql, .name = columns[a].name};
    eh_coded_spec spec = {.decision = {.sql = "trim(column14) = '>50K'", .name = "income"}, .decision_option = "--decision",
                          .expected_option = "--expected", .attributes = attributes, .attributes_count = COLUMNS};
    if (within != NULL)
        spec.within = (eh_expression){.sql = within, .name = within};
    must(eh_engine_open(&(eh_engine_options){.threads = 2}, &engine, &f->error), &f->error);
    must(eh_engine_read(engine, &path, 1, &f->error), &f->error);
    eh_code code = eh_coded_read(engine, &spec, f->arena, table, &f->error);
    eh_engine_close(&engine);
    return code;
}

/* A table of which texts have been copied into the arena, so that the engine can go. */
static eh_scan_table scanned(figures *f, const eh_coded_table *table)
{
    eh_scan_cell *cells = EH_TAKE(f->arena, table->cells_count, eh_scan_cell);
    assert_non_null(cells);
    for (size_t c = 0; c < table->cells_count; c++)
        cells[c] = (eh_scan_cell){.rows = table->cells[c].rows, .yes = table->cells[c].yes, .weight = 1, .stratum = table->cells[c].stratum};
    return (eh_scan_table){.attributes = table->dimensions, .attributes_count = table->dimensions_count, .codes = table->codes, .cells = cells,
                           .cells_count = table->cells_count};
}

static void test_scores_on_adult_are_at_least_as_high(void **state)
{
    figures *f = *state;
    char path[4096];
    const char *folder = getenv("EVENHAND_DATA"), *source = getenv("EVENHAND_SOURCE");
    snprintf(path, sizeof path, folder != NULL ? "%s/adult.data.gz" : "%s/../shared/data/adult.data.gz", folder != NULL ? folder : source != NULL ? source : ".");
    if (access(path, R_OK) != 0) {
        print_message("adult.data.gz is not here; set EVENHAND_DATA to the folder that has it\n");
        skip();
    }
    eh_json_value scans = eh_json_member(eh_json_root(f->document), "scans");
    eh_coded_table tables[2];
    must(adult_read(f, path, NULL, &tables[0]), &f->error);
    must(adult_read(f, path, "column04", &tables[1]), &f->error);
    assert_true(eh_json_count(scans) >= 10);
    for (size_t i = 0; i < eh_json_count(scans); i++) {
        eh_json_value one = eh_json_item(scans, i);
        bool overall = strcmp(eh_json_as_text(eh_json_member(one, "expected")), "overall") == 0;
        bool high = strcmp(eh_json_as_text(eh_json_member(one, "direction")), "positive") == 0;
        eh_scan_table table = scanned(f, &tables[overall ? 0 : 1]);
        eh_scan_subset subset;
        eh_scan_options options = {.direction = high ? EH_SCAN_HIGH : EH_SCAN_LOW, .penalty = number(one, "penalty"), .seed = 1};
        must(eh_scan_subset_best(&table, &options, RESTARTS, f->arena, &subset, &f->error), &f->error);
        print_message("%s, %s, penalty %g: AIF360 %.4f, here %.4f\n", overall ? "overall" : "by education", high ? "high" : "low", options.penalty,
                      number(one, "score"), subset.score);
        if (!(subset.score >= number(one, "score") - 1e-4)) /* its scores have four decimals */
            fail_msg("scan %zu: %.6f is less than %.4f", i, subset.score, number(one, "score"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_score_function_agrees),
        cmocka_unit_test(test_scores_on_adult_are_at_least_as_high),
    };
    return cmocka_run_group_tests(tests, figures_open, figures_close);
}
