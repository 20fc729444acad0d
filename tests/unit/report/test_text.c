/* Goal: the terminal report keeps to its width, hides no group, lets no control character through, and is the same with and without colour. */
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "report/report_int.h"
#include "sample_audit.h"

typedef struct {
    eh_arena *arena;
    eh_report_about about;
    const eh_audit *audit;
    eh_buffer text;
} page;

static void open_page(const sample_options *sample, const eh_report_text_options *options, page *p)
{
    *p = (page){.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    assert_non_null(p->arena);
    p->audit = sample_audit(sample, p->arena, &p->about);
    eh_report_text(&p->about, p->audit, options, &p->text);
    assert_int_equal(p->text.code, EH_OK);
    assert_true(eh_utf8_valid(eh_buffer_view(&p->text)));
}

static void close_page(page *p)
{
    eh_buffer_dispose(&p->text);
    eh_arena_close(&p->arena);
}

static const sample_options variants[] = {
    {0},
    {.plain = true, .depth = 1},
    {.without = EH_NEEDS_LABEL | EH_NEEDS_SCORE | EH_NEEDS_VALUE},
    {.cell_rows_min = 3000},
    {.groups_count = 64, .depth = 2},
    {.hostile = "=1+1\n\t\x1b[31m<script>\xe2\x80\xae"},
    {.hostile = "a name without any blank that goes on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on"},
    {.hostile = "日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語日本語😀😀😀"},
};
enum { VARIANTS_COUNT = sizeof variants / sizeof *variants };

static void test_width(void **state)
{
    (void)state;
    static const size_t widths[][2] = {{0, 80}, {20, 60}, {60, 60}, {72, 72}, {80, 80}, {100, 100}, {120, 120}, {1000, 160}};
    for (size_t v = 0; v < VARIANTS_COUNT; v++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
            page p;
            open_page(&variants[v], &(eh_report_text_options){.columns = widths[w][0]}, &p);
            for (const char *at = p.text.ptr; *at;) {
                eh_view line = {at, strcspn(at, "\n")};
                if (eh_utf8_columns(line) > widths[w][1])
                    fail_msg("variant %zu, width %zu: %.*s", v, widths[w][1], (int)line.len, line.ptr);
                assert_true(line.len == 0 || line.ptr[line.len - 1] != ' ');
                at += line.len + 1;
            }
            close_page(&p);
        }
}

static void test_no_controls(void **state)
{
    (void)state;
    for (size_t v = 0; v < VARIANTS_COUNT; v++) {
        page p;
        open_page(&variants[v], &(eh_report_text_options){0}, &p);
        for (size_t i = 0; i < p.text.len; i++)
            assert_true((unsigned char)p.text.ptr[i] >= 0x20 || p.text.ptr[i] == '\n');
        assert_null(strstr(p.text.ptr, "\xe2\x80\xae"));
        close_page(&p);
    }
}

/** Without its colours the coloured report is the plain one. */
static void test_colour(void **state)
{
    (void)state;
    page plain, coloured;
    open_page(NULL, &(eh_report_text_options){0}, &plain);
    open_page(NULL, &(eh_report_text_options){.colour = true}, &coloured);
    eh_buffer stripped = {0};
    size_t codes = 0;
    for (const char *at = coloured.text.ptr; *at;) {
        if (*at != '\x1b') {
            eh_buffer_byte(&stripped, *at++);
            continue;
        }
        assert_int_equal(at[1], '[');
        at += 2 + strspn(at + 2, "0123456789;");
        assert_int_equal(*at++, 'm');
        codes++;
    }
    assert_true(codes > 0);
    assert_string_equal(stripped.ptr, plain.text.ptr);
    eh_buffer_dispose(&stripped);
    close_page(&plain);
    close_page(&coloured);
}

static void test_sentence_first(void **state)
{
    (void)state;
    page p;
    open_page(NULL, &(eh_report_text_options){.columns = 160}, &p);
    eh_buffer headline = {0};
    eh_report_headline(&p.about, p.audit, &headline);
    /* The first words of the headline fit the first line at any width. */
    assert_memory_equal(p.text.ptr, headline.ptr, 60);
    eh_buffer_dispose(&headline);
    close_page(&p);
}

/** No group is dropped for being small, withheld or one of many. */
static void test_every_group(void **state)
{
    (void)state;
    const sample_options samples[] = {{0}, {.cell_rows_min = 3000}, {.groups_count = 64, .depth = 1}};
    for (size_t s = 0; s < sizeof samples / sizeof *samples; s++) {
        page p;
        open_page(&samples[s], &(eh_report_text_options){.columns = 120}, &p);
        for (size_t a = 0; a < p.audit->attributes_count; a++)
            for (size_t g = 0; g < p.audit->attributes[a].groups_count; g++)
                assert_non_null(strstr(p.text.ptr, p.audit->attributes[a].groups[g].name));
        close_page(&p);
    }
}

static void test_says_the_rest(void **state)
{
    (void)state;
    page p;
    open_page(NULL, &(eh_report_text_options){0}, &p);
    static const char *const said[] = {"17 rows have no decision (NULL)", "── age ✗ violates ──", "The worst 10:", "Compared with last-month.json",
                                       "Exit status 1 (", "Cannot tell (not enough evidence)", "Cochran-Mantel-Haenszel", "AUC"};
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (!strstr(p.text.ptr, said[i]))
            fail_msg("not said: %s", said[i]);
    close_page(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width),          cmocka_unit_test(test_no_controls), cmocka_unit_test(test_colour),
        cmocka_unit_test(test_sentence_first), cmocka_unit_test(test_every_group), cmocka_unit_test(test_says_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
