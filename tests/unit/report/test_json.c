/*
 * Goal: the JSON document says exactly what the audit says. It is read back by our own strict reader and compared field by field with
 * the audit it was written from. Its shape is proven against docs/audit.schema.json in validate.py.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/report_int.h"
#include "sample_audit.h"

typedef struct {
    eh_arena *arena;
    eh_report_about about;
    const eh_audit *audit;
    eh_buffer text;
    eh_json_document *document;
    eh_json_value root;
} written;

static void open_written(const sample_options *options, written *w)
{
    *w = (written){.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    assert_non_null(w->arena);
    w->audit = sample_audit(options, w->arena, &w->about);
    eh_report_json(&w->about, w->audit, &w->text);
    assert_int_equal(w->text.code, EH_OK);
    eh_error error = {0};
    eh_code code = eh_json_parse(eh_buffer_view(&w->text), "report", &w->document, &error);
    if (code != EH_OK)
        fail_msg("%s", error.text);
    w->root = eh_json_root(w->document);
}

static void close_written(written *w)
{
    eh_json_close(&w->document);
    eh_buffer_dispose(&w->text);
    eh_arena_close(&w->arena);
}

static eh_json_value member(eh_json_value object, const char *key)
{
    eh_json_value found = eh_json_member(object, key);
    if (!found)
        fail_msg("no member '%s'", key);
    return found;
}

/** Every bit must come back; NaN and infinities come back as null. */
static void assert_number(eh_json_value object, const char *key, double wanted)
{
    double found = eh_json_as_number(member(object, key));
    if (!isfinite(wanted))
        assert_true(isnan(found));
    else if (memcmp(&found, &wanted, sizeof found) != 0 && !(found == 0 && wanted == 0))
        fail_msg("%s: %.17g instead of %.17g", key, found, wanted);
}

static void assert_text(eh_json_value object, const char *key, const char *wanted)
{
    const char *found = eh_json_as_text(member(object, key));
    assert_non_null(found);
    assert_string_equal(found, wanted);
}

static void assert_group(const eh_audit *audit, eh_json_value found, const eh_audit_group *wanted)
{
    assert_text(found, "group", wanted->name);
    assert_number(found, "n", (double)wanted->decided);
    assert_number(found, "rows", (double)wanted->rows);
    assert_number(found, "share_of_people", wanted->share_of_people);
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++) {
        eh_json_value rate = eh_json_member(found, eh_measure_get(m)->name);
        assert_int_equal(rate != NULL, eh_measure_told(audit, m));
        if (!rate)
            continue;
        assert_number(rate, "value", wanted->measures[m].value);
        assert_number(rate, "low", wanted->measures[m].low);
        assert_number(rate, "high", wanted->measures[m].high);
        assert_number(rate, "n", wanted->measures[m].n);
    }
}

static void assert_comparison(eh_json_value found, const eh_audit_section *section, const eh_comparison *wanted)
{
    char name[64];
    snprintf(name, sizeof name, "%s_%s", eh_measure_get(wanted->measure)->name, wanted->scale == EH_SCALE_RATIO ? "ratio" : "difference");
    assert_text(found, "measure", name);
    assert_text(found, "group", section->groups[wanted->group].name);
    assert_text(found, "reference", wanted->reference == EH_OVERALL ? "(overall)" : section->groups[wanted->reference].name);
    assert_text(found, "verdict", eh_verdict_name(wanted->verdict));
    assert_number(found, "value", wanted->value);
    assert_number(found, "low", wanted->low);
    assert_number(found, "high", wanted->high);
    assert_number(found, "low_simultaneous", wanted->low_simultaneous);
    assert_number(found, "high_simultaneous", wanted->high_simultaneous);
    assert_number(found, "p", wanted->p);
    assert_number(found, "p_adjusted", wanted->p_adjusted);
    assert_number(found, "p_violates", wanted->p_violates);
    assert_number(found, "detectable", wanted->detectable);
}

static void assert_comparisons(eh_json_value list, const eh_audit_section *section, const eh_comparison *wanted, size_t count)
{
    assert_int_equal(eh_json_count(list), count);
    for (size_t i = 0; i < count; i++)
        assert_comparison(eh_json_item(list, i), section, &wanted[i]);
}

static void assert_section(const eh_audit *audit, eh_json_value found, const eh_audit_section *wanted)
{
    assert_text(found, "name", wanted->name);
    assert_text(found, "verdict", eh_verdict_name(wanted->verdict));
    assert_text(found, "reference", wanted->groups[wanted->reference].name);
    eh_json_value groups = member(found, "groups");
    assert_int_equal(eh_json_count(groups), wanted->groups_count);
    for (size_t g = 0; g < wanted->groups_count; g++)
        assert_group(audit, eh_json_item(groups, g), &wanted->groups[g]);
    assert_comparisons(member(found, "comparisons"), wanted, wanted->comparisons, wanted->comparisons_count);
    assert_comparisons(member(found, "overall"), wanted, wanted->overall, wanted->overall_count);
    assert_comparisons(member(found, "worst_pairs"), wanted, wanted->pairs, wanted->pairs_count);
    for (size_t i = 0; i < wanted->summary_count; i++)
        assert_number(member(found, "summary"), wanted->summary[i].name, wanted->summary[i].value);
    assert_int_equal(eh_json_member(found, "within") != NULL, wanted->within != NULL);
    if (wanted->within)
        assert_number(member(found, "within"), "mantel_haenszel_odds_ratio", wanted->within->mantel_haenszel_odds_ratio);
}

static void assert_document(const sample_options *options)
{
    written w;
    open_written(options, &w);
    assert_text(w.root, "schema_version", "1");
    assert_text(w.root, "verdict", eh_verdict_name(w.audit->verdict));
    assert_number(w.root, "rows", (double)w.audit->rows);
    assert_number(w.root, "exit_status", eh_verdict_exit_status(w.audit->verdict));
    eh_json_value attributes = member(w.root, "attributes"), intersections = member(w.root, "intersections");
    assert_int_equal(eh_json_count(attributes), w.audit->attributes_count);
    assert_int_equal(eh_json_count(intersections), w.audit->intersections_count);
    for (size_t i = 0; i < w.audit->attributes_count; i++)
        assert_section(w.audit, eh_json_item(attributes, i), &w.audit->attributes[i]);
    for (size_t i = 0; i < w.audit->intersections_count; i++)
        assert_section(w.audit, eh_json_item(intersections, i), &w.audit->intersections[i]);
    assert_int_equal(eh_json_member(w.root, "before") != NULL, w.audit->before != NULL);
    close_written(&w);
}

static void test_everything(void **state)
{
    (void)state;
    assert_document(NULL);
}

static void test_variants(void **state)
{
    (void)state;
    assert_document(&(sample_options){.plain = true, .depth = 1});
    assert_document(&(sample_options){.without = EH_NEEDS_LABEL | EH_NEEDS_SCORE | EH_NEEDS_VALUE});
    assert_document(&(sample_options){.without = EH_NEEDS_SCORE});
    assert_document(&(sample_options){.cell_rows_min = 3000});
    assert_document(&(sample_options){.groups_count = 64, .depth = 1});
}

/** Names come back byte for byte (they are data here, not a terminal), in keys and values alike. */
static void test_hostile_names(void **state)
{
    (void)state;
    static const char *const names[] = {"=1+1", "<script>alert(1)</script>", "quote \" and ' and \\", "line\nfeed\tand \x1b[31m", "😀 ﷽", "(missing)", "}]"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_document(&(sample_options){.hostile = names[i], .depth = 2});
}

/** What is withheld cannot be worked out from the counts beside it. */
static void test_withheld(void **state)
{
    (void)state;
    written w;
    open_written(&(sample_options){.cell_rows_min = 3000, .depth = 1}, &w);
    eh_json_value groups = member(eh_json_item(member(w.root, "attributes"), 0), "groups");
    size_t withheld = 0;
    for (size_t g = 0; g < w.audit->attributes[0].groups_count; g++) {
        if (!w.audit->attributes[0].groups[g].withheld)
            continue;
        withheld++;
        eh_json_value group = eh_json_item(groups, g);
        assert_true(isnan(eh_json_as_number(member(group, "tp"))));
        assert_true(isnan(eh_json_as_number(member(group, "value_total"))));
        assert_true(isnan(eh_json_as_number(member(group, "share_of_picked"))));
        assert_null(eh_json_member(group, "calibration"));
        assert_true(eh_json_as_number(member(group, "n")) > 0);
    }
    assert_true(withheld > 0);
    close_written(&w);
}

static void test_same_bytes(void **state)
{
    (void)state;
    written first, second;
    open_written(NULL, &first);
    open_written(NULL, &second);
    assert_int_equal(first.text.len, second.text.len);
    assert_memory_equal(first.text.ptr, second.text.ptr, first.text.len);
    assert_int_equal(first.text.ptr[first.text.len - 1], '\n');
    close_written(&first);
    close_written(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_everything), cmocka_unit_test(test_variants),   cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_withheld),   cmocka_unit_test(test_same_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
