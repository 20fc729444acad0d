/*
 * Goal: a model's file is what was written or an error that says why not; what is read scores as what was written; the SQL export
 * scores the same in the data engine.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "data/columns.h"
#include "model/uplift.h"
#include "model_fixture.h"

static eh_model *fit(const fixture *f)
{
    eh_error error = {0};
    eh_model *model = NULL;
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    options.rounds_max = 60;
    assert_int_equal(eh_model_fit(&f->matrix, &options, f->arena, &model, NULL, &error), EH_OK);
    memset(model->fingerprint, 'a', 64);
    model->name = "a \"name\" with </script> & \xC3\xA9";
    model->outcome = "bought";
    return model;
}

static void read_back(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 800, .seed = 3, .missing = true});
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer again = {0};
    eh_error error = {0};
    eh_model *model = fit(&f), *read = NULL;
    uint8_t bins[FIXTURE_FEATURES];
    assert_int_equal(eh_model_write(model, &text, &error), EH_OK);
    if (eh_model_read(eh_buffer_view(&text), "m.json", f.arena, &read, &error) != EH_OK)
        fail_msg("%s", error.text);
    for (size_t i = 0; i < f.matrix.rows; i++) {
        for (size_t k = 0; k < FIXTURE_FEATURES; k++)
            bins[k] = f.matrix.bins[k][i];
        assert_int_equal(eh_model_score(model, bins, NULL), eh_model_score(read, bins, NULL));
    }
    assert_int_equal(eh_model_write(read, &again, &error), EH_OK);
    assert_true(eh_view_equal(eh_buffer_view(&text), eh_buffer_view(&again)));
    fixture_close(&f);
}

static void refuse(const fixture *f, eh_view text, eh_code code, const char *says)
{
    eh_error error = {0};
    eh_model *read = NULL;
    assert_int_equal(eh_model_read(text, "m.json", f->arena, &read, &error), code);
    if (strstr(error.text, says) == NULL)
        fail_msg("'%s' is not in '%s'", says, error.text);
    assert_null(read);
}

static void what_is_not_as_written_is_refused(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 300, .seed = 5});
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_error error = {0};
    assert_int_equal(eh_model_write(fit(&f), &text, &error), EH_OK);
    eh_view whole = eh_buffer_view(&text);
    refuse(&f, (eh_view){whole.ptr, whole.len / 2}, EH_CORRUPT, "cut off or altered");
    refuse(&f, (eh_view){whole.ptr, whole.len - 1}, EH_CORRUPT, "cut off or altered");
    refuse(&f, (eh_view){whole.ptr, 20}, EH_CORRUPT, "no model of evenhand");
    refuse(&f, EH_VIEW("{}"), EH_INPUT, "no model of evenhand");
    refuse(&f, EH_VIEW(""), EH_CORRUPT, "no model of evenhand");
    char *copy = eh_arena_copy(f.arena, whole), *digit = strstr(copy, "\"intercept\": ") + 16;
    *digit = *digit == '1' ? '2' : '1';
    refuse(&f, eh_view_of(copy), EH_CORRUPT, "altered");
    copy = eh_arena_copy(f.arena, whole);
    char *version = strstr(copy, "\"evenhand_model\": 1");
    version[strlen("\"evenhand_model\": ")] = '2';
    refuse(&f, eh_view_of(copy), EH_INPUT, "use a newer evenhand");
    fixture_close(&f);
}

/* Every byte of the document, changed one at a time, is found. */
static void no_byte_can_be_changed(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 100, .seed = 7});
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_error error = {0};
    assert_int_equal(eh_model_write(fit(&f), &text, &error), EH_OK);
    for (size_t at = 0; at < text.len; at += 1 + text.len / 200) {
        eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        eh_model *read = NULL;
        text.ptr[at] ^= 1;
        assert_int_not_equal(eh_model_read(eh_buffer_view(&text), "m.json", arena, &read, NULL), EH_OK);
        text.ptr[at] ^= 1;
        eh_arena_close(&arena);
    }
    fixture_close(&f);
}

/* ---- exports ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    const eh_model *model;
    size_t rows;
    double worst;
} comparison;

static eh_code rows_compare(void *context, const eh_columns_chunk *chunk, eh_error *error)
{
    comparison *c = context;
    (void)error;
    if (chunk == NULL)
        return EH_INTERNAL;
    for (size_t i = 0; i < chunk->rows; i++) {
        uint8_t bins[3];
        for (int k = 0; k < 2; k++)
            bins[k] = eh_bin_of_number(&c->model->features[k], chunk->numbers[k][i]);
        bins[2] = eh_bin_of_text(&c->model->features[2], chunk->texts[2][i]);
        double distance = fabs((double)eh_model_score(c->model, bins, NULL) / EH_MICRO - chunk->numbers[3][i]);
        c->worst = distance > c->worst ? distance : c->worst;
    }
    c->rows += chunk->rows;
    return EH_OK;
}

static void the_sql_scores_the_same(void **state)
{
    (void)state;
    char path[] = "/tmp/evenhand-export-XXXXXX.csv";
    int descriptor = mkstemps(path, 4);
    FILE *file = fdopen(descriptor, "w");
    eh_random random;
    eh_random_init(&random, 3);
    fputs("a,b c,kind,won\n", file);
    for (int i = 0; i < 1500; i++) {
        double a = eh_random_unit(&random), b = eh_random_unit(&random) * 1e6;
        int kind = (int)(eh_random_next(&random) % 4);
        bool won = eh_random_unit(&random) < 0.2 + 0.5 * a * (kind == 1) + 0.2 * (b > 5e5);
        static const char *const kinds[] = {"it's", "\"x, y\"", "\xC3\xA9t\xC3\xA9", ""};
        if (i % 17 == 0)
            fprintf(file, ",%.3f,%s,%d\n", b, kinds[kind], won);
        else
            fprintf(file, "%.9f,%.3f,%s,%d\n", a, b, kinds[kind], won);
    }
    fclose(file);
    EH_CLEANUP(eh_engine_close) eh_engine *engine = NULL;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_error error = {0};
    eh_dataset data = {0};
    eh_model *model = NULL;
    const eh_feature_spec features[] = {{.name = "a", .sql = "a"}, {.name = "b", .sql = "\"b c\""}, {.name = "kind", .sql = "kind"}};
    eh_dataset_spec spec = {.features = features, .features_count = 3, .outcome = "won", .outcome_option = "--label"};
    eh_fit_options options = fixture_fit(EH_LOSS_LOGISTIC);
    const char *paths[] = {path};
    assert_int_equal(eh_engine_open(&(eh_engine_options){.ordered = true}, &engine, &error), EH_OK);
    assert_int_equal(eh_engine_read(engine, paths, 1, &error), EH_OK);
    if (eh_dataset_read(engine, &spec, arena, &data, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(eh_model_fit(&data.matrix, &options, arena, &model, NULL, &error), EH_OK);
    assert_int_equal(eh_model_export_sql(model, &sql, &error), EH_OK);
    comparison c = {.model = model};
    eh_column columns[] = {{.sql = "a", .option = "a"}, {.sql = "\"b c\"", .option = "b"}, {.sql = "kind", .option = "kind"}, {.sql = sql.ptr, .option = "sql"}};
    eh_columns_spec wanted = {.columns = columns, .count = 4, .take = rows_compare, .context = &c};
    if (eh_columns_describe(engine, columns, 4, &error) != EH_OK || eh_columns_read(engine, &wanted, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(c.rows, 1500);
    assert_true(c.worst < 1e-9);
    unlink(path);
}

static void cards_are_json(void **state)
{
    (void)state;
    fixture f = fixture_make(&(fixture_options){.rows = 300, .seed = 9});
    EH_CLEANUP(eh_buffer_dispose) eh_buffer card = {0};
    eh_error error = {0};
    eh_json_document *document = NULL;
    assert_int_equal(eh_model_export_cyclonedx(fit(&f), &card, &error), EH_OK);
    assert_int_equal(eh_json_parse(eh_buffer_view(&card), "card", &document, &error), EH_OK);
    assert_string_equal(eh_json_as_text(eh_json_member(eh_json_root(document), "specVersion")), "1.6");
    eh_json_close(&document);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_back),       cmocka_unit_test(what_is_not_as_written_is_refused), cmocka_unit_test(no_byte_can_be_changed),
        cmocka_unit_test(the_sql_scores_the_same), cmocka_unit_test(cards_are_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
