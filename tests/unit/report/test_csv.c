/*
 * Goal: the CSV is read back by a strict reader (RFC 4180) with 13 fields in every line; a line per number; no text that a spreadsheet
 * would run.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/report_int.h"
#include "sample_audit.h"

enum { FIELDS = 13, SECTION = 0, KIND, GROUP, REFERENCE, MEASURE, VALUE, LOW, HIGH, N, P, P_ADJUSTED, VERDICT, DETECTABLE };

typedef struct {
    char *field[FIELDS];
    bool quoted[FIELDS];
} record;

typedef struct {
    eh_arena *arena;
    eh_report_about about;
    const eh_audit *audit;
    eh_buffer text;
    record *records;
    size_t count;
} table;

/** Reads one field in place and returns what follows it: the comma, the line feed, or the end. */
static char *read_field(char *at, char **field, bool *quoted)
{
    *quoted = *at == '"';
    if (!*quoted) {
        *field = at;
        at += strcspn(at, ",\n");
        assert_null(memchr(*field, '"', (size_t)(at - *field)));
        return at;
    }
    char *write = ++at;
    *field = write;
    for (;; at++) {
        assert_true(*at != '\0');
        if (*at == '"' && *++at != '"')
            break;
        *write++ = *at;
    }
    assert_true(*at == ',' || *at == '\n');
    /* The text may have moved left by nothing: the closing quote always leaves room for the end. */
    *write = '\0';
    return at;
}

static char *read_record(char *at, record *found)
{
    for (int f = 0; f < FIELDS; f++) {
        char *end = read_field(at, &found->field[f], &found->quoted[f]);
        assert_int_equal(*end, f + 1 < FIELDS ? ',' : '\n');
        *end = '\0';
        at = end + 1;
    }
    return at;
}

static void open_table(const sample_options *options, table *t)
{
    *t = (table){.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    assert_non_null(t->arena);
    t->audit = sample_audit(options, t->arena, &t->about);
    eh_report_csv(&t->about, t->audit, &t->text);
    assert_int_equal(t->text.code, EH_OK);
    size_t lines = 0;
    for (size_t i = 0; i < t->text.len; i++)
        lines += t->text.ptr[i] == '\n';
    t->records = calloc(lines, sizeof *t->records);
    assert_non_null(t->records);
    char *end = t->text.ptr + t->text.len;
    for (char *at = t->text.ptr; at < end; t->count++)
        at = read_record(at, &t->records[t->count]);
}

static void close_table(table *t)
{
    free(t->records);
    eh_buffer_dispose(&t->text);
    eh_arena_close(&t->arena);
}

static size_t count_kind(const table *t, const char *kind)
{
    size_t found = 0;
    for (size_t i = 0; i < t->count; i++)
        found += strcmp(t->records[i].field[KIND], kind) == 0;
    return found;
}

static void assert_number(const char *text, double wanted)
{
    if (isnan(wanted)) {
        assert_string_equal(text, "");
        return;
    }
    char *end;
    double found = strtod(text, &end);
    assert_true(*end == '\0' && end != text);
    assert_true(found == wanted);
}

/** Every number of the audit stands in the table, in its order. */
static void test_numbers(void **state)
{
    (void)state;
    table t;
    open_table(NULL, &t);
    assert_string_equal(t.records[0].field[SECTION], "section");
    assert_string_equal(t.records[0].field[DETECTABLE], "detectable");
    size_t comparisons = 0, overall = 0, pairs = 0, groups = 0, at = 0;
    for (size_t s = 0; s < t.audit->attributes_count + t.audit->intersections_count; s++) {
        const eh_audit_section *section = s < t.audit->attributes_count ? &t.audit->attributes[s]
                                                                         : &t.audit->intersections[s - t.audit->attributes_count];
        for (size_t i = 0; i < section->comparisons_count; i++) {
            while (strcmp(t.records[at].field[KIND], "comparison") != 0)
                at++;
            const record *r = &t.records[at++];
            const eh_comparison *c = &section->comparisons[i];
            assert_string_equal(r->field[GROUP], section->groups[c->group].name);
            assert_string_equal(r->field[VERDICT], eh_verdict_name(c->verdict));
            assert_number(r->field[VALUE], c->value);
            assert_number(r->field[LOW], c->low);
            assert_number(r->field[HIGH], c->high);
            assert_number(r->field[P_ADJUSTED], c->p_adjusted);
            assert_number(r->field[DETECTABLE], c->detectable);
        }
        comparisons += section->comparisons_count;
        overall += section->overall_count;
        pairs += section->pairs_count;
        groups += section->groups_count;
    }
    assert_int_equal(count_kind(&t, "comparison"), comparisons);
    assert_int_equal(count_kind(&t, "overall"), overall);
    assert_int_equal(count_kind(&t, "worst_pair"), pairs);
    assert_int_equal(count_kind(&t, "rate"), groups * (EH_MEASURES_COUNT + 1));
    assert_true(count_kind(&t, "summary") > 0 && count_kind(&t, "within") > 0);
    close_table(&t);
}

static void test_hostile(void **state)
{
    (void)state;
    const struct {
        const char *name, *shown;
    } cases[] = {
        {"=1+1", "'=1+1"},         {"+1", "'+1"},       {"-2+3", "'-2+3"},         {"@SUM(A1)", "'@SUM(A1)"}, {"\t=1", "'\t=1"},
        {"\r=1", "'\r=1"},         {"a,b", "a,b"},      {"say \"no\"", "say \"no\""}, {"two\nlines", "two\nlines"}, {"😀", "😀"},
        {"=\"x\",1\n", "'=\"x\",1\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        table t;
        open_table(&(sample_options){.hostile = cases[i].name, .depth = 1}, &t);
        size_t found = 0;
        for (size_t r = 0; r < t.count; r++) {
            found += strcmp(t.records[r].field[GROUP], cases[i].shown) == 0;
            for (int f = SECTION; f <= MEASURE; f++)
                assert_null(t.records[r].field[f][0] ? strchr("=+-@\t\r", t.records[r].field[f][0]) : NULL);
        }
        assert_true(found > 0);
        close_table(&t);
    }
}

static void test_variants(void **state)
{
    (void)state;
    const sample_options variants[] = {{.plain = true}, {.without = EH_NEEDS_LABEL | EH_NEEDS_SCORE | EH_NEEDS_VALUE}, {.cell_rows_min = 3000}};
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        table t;
        open_table(&variants[i], &t);
        assert_true(t.count > 1);
        close_table(&t);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers), cmocka_unit_test(test_hostile), cmocka_unit_test(test_variants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
