/*
 * The HTML report: whatever stands in a name, it comes back from a parser of its own making (libgumbo) as text and nothing else;
 * the page says what it must, and its security policy names the scripts that are in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <gumbo.h>
#include <stdlib.h>
#include <string.h>

#include "report/html_int.h"
#include "sample_audit.h"

/* ---- pages -------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_arena *arena;
    eh_buffer html;
    GumboOutput *parsed;
} page;

static void open_page(page *of, const sample_options *options)
{
    eh_report_about about;
    *of = (page){.arena = eh_arena_open(EH_ARENA_BYTES_MAX)};
    assert_non_null(of->arena);
    const eh_audit *audit = sample_audit(options, of->arena, &about);
    eh_report_html(&about, audit, &of->html);
    assert_int_equal(of->html.code, EH_OK);
    of->parsed = gumbo_parse_with_options(&kGumboDefaultOptions, of->html.ptr, of->html.len);
    assert_non_null(of->parsed);
}

static void close_page(page *of)
{
    gumbo_destroy_output(&kGumboDefaultOptions, of->parsed);
    eh_buffer_dispose(&of->html);
    eh_arena_close(&of->arena);
}

/** The node after `node` in document order below `root`, or NULL. */
static GumboNode *next_node(GumboNode *root, GumboNode *node)
{
    if (node->type == GUMBO_NODE_ELEMENT && node->v.element.children.length > 0)
        return node->v.element.children.data[0];
    for (; node != root; node = node->parent) {
        GumboVector *siblings = &node->parent->v.element.children;
        if (node->index_within_parent + 1 < siblings->length)
            return siblings->data[node->index_within_parent + 1];
    }
    return NULL;
}

typedef struct {
    size_t elements, attributes, scripts, headings1, texts_equal, attributes_holding;
} counts;

/** Counts the page; `text` is looked for as a whole text node, and as part of an attribute's value. */
static counts count_page(const page *of, const char *text)
{
    counts found = {0};
    GumboNode *root = of->parsed->root;
    for (GumboNode *node = root; node != NULL; node = next_node(root, node)) {
        if (node->type == GUMBO_NODE_TEXT && text != NULL)
            found.texts_equal += strcmp(node->v.text.text, text) == 0;
        if (node->type != GUMBO_NODE_ELEMENT)
            continue;
        const GumboElement *element = &node->v.element;
        found.elements++;
        found.attributes += element->attributes.length;
        found.scripts += element->tag == GUMBO_TAG_SCRIPT;
        found.headings1 += element->tag == GUMBO_TAG_H1;
        for (unsigned i = 0; i < element->attributes.length; i++) {
            const GumboAttribute *attribute = element->attributes.data[i];
            assert_true(strncmp(attribute->name, "on", 2) != 0);
            found.attributes_holding += text != NULL && strstr(attribute->value, text) != NULL;
        }
    }
    return found;
}

/* ---- hostile names --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *given, *shown; /* the shown form is what html_int.h promises */
} hostile_name;

static const hostile_name hostile_names[] = {
    {"<script>alert(1)</script>", "<script>alert(1)</script>"},
    {"</script><script>alert(1)</script>", "</script><script>alert(1)</script>"},
    {"\"><img src=x onerror=alert(1)>", "\"><img src=x onerror=alert(1)>"},
    {"' onmouseover='alert(1)", "' onmouseover='alert(1)"},
    {"<!--", "<!--"},
    {"]]>", "]]>"},
    {"</title></style></textarea>", "</title></style></textarea>"},
    {"&lt;b&gt; &amp;amp; &#60; &copy", "&lt;b&gt; &amp;amp; &#60; &copy"},
    {"one\ntwo\r\nthree\tfour", "one\u23CEtwo\u240D\u23CEthree\u2409four"},
    {"bell\a escape\x1b[31m delete\x7f", "bell\u2407 escape\u241B[31m delete\u2421"},
    {"next\xC2\x85line", "next\uFFFDline"},
    {"right\u202Eto left", "right\uFFFDto left"},
    {"isolate\u2066d", "isolate\uFFFDd"},
    {"broken\xff\xfe utf\xe2\x82", "broken\uFFFD\uFFFD utf\uFFFD\uFFFD"},
    {"overlong\xc0\xaf", "overlong\uFFFD\uFFFD"},
    {"=1+1", "=1+1"},
    {"$ and $$ and %s%n", "$ and $$ and %s%n"},
    {"caf\u00e9 \U0001F600 \u6f22", "caf\u00e9 \U0001F600 \u6f22"},
    {"<plaintext>", "<plaintext>"},
    {"javascript:alert(1)", "javascript:alert(1)"},
};

static const hostile_name benign = {"benign", "benign"};

static void hostile_names_are_text(void **state)
{
    (void)state;
    page plain;
    open_page(&plain, &(sample_options){.hostile = benign.given, .depth = 2});
    counts expected = count_page(&plain, benign.shown);
    close_page(&plain);
    assert_true(expected.texts_equal > 20);
    assert_true(expected.attributes_holding > 5);
    for (size_t i = 0; i < sizeof(hostile_names) / sizeof(hostile_names[0]); i++) {
        page of;
        open_page(&of, &(sample_options){.hostile = hostile_names[i].given, .depth = 2});
        counts found = count_page(&of, hostile_names[i].shown);
        assert_int_equal(found.elements, expected.elements);
        assert_int_equal(found.attributes, expected.attributes);
        assert_int_equal(found.scripts, expected.scripts);
        /* the facts at the top show only the last part of a file's path */
        size_t cut = strchr(hostile_names[i].given, '/') != NULL ? 1 : 0;
        assert_int_equal(found.texts_equal, expected.texts_equal - cut);
        assert_int_equal(found.attributes_holding, expected.attributes_holding);
        close_page(&of);
    }
}

static void text_is_escaped(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_html_text(&out, EH_VIEW("a<b>&\"'\0z"));
    assert_string_equal(out.ptr, "a&lt;b&gt;&amp;&quot;&#39;\u2400z");
    eh_buffer_clear(&out);
    eh_html_put(&out, "<i>$</i>$", "<", "$");
    assert_string_equal(out.ptr, "<i>&lt;</i>$");
}

/* ---- numbers ---------------------------------------------------------------------------------------------------------------------- */

static const struct {
    eh_number_kind kind;
    double number;
    const char *text;
} numbers[] = {
    {EH_NUMBER_PERCENT, 0.12345, "12.3\u202F%"}, {EH_NUMBER_PERCENT, 0, "0.0\u202F%"},     {EH_NUMBER_PERCENT, 1, "100.0\u202F%"},
    {EH_NUMBER_POINTS, 0.12345, "+12.3"},        {EH_NUMBER_POINTS, -0.0321, "\u22123.2"}, {EH_NUMBER_POINTS, -0.0001, "0.0"},
    {EH_NUMBER_RATIO, 0.3575, "0.357"},          {EH_NUMBER_RATIO, 2.1049, "2.10"},        {EH_NUMBER_RATIO, 12.34, "12.3"},
    {EH_NUMBER_RATIO, 0, "0"},                   {EH_NUMBER_RATIO, 1234.5, "1,234"},       {EH_NUMBER_COUNT, 45211, "45,211"},
    {EH_NUMBER_COUNT, 999, "999"},               {EH_NUMBER_COUNT, 1e9, "1,000,000,000"},  {EH_NUMBER_AMOUNT, -1234.567, "\u22121,234.57"},
    {EH_NUMBER_INDEX, 0.8271, "0.827"},          {EH_NUMBER_SIGNED, 0.0129, "+0.013"},     {EH_NUMBER_CHANGE, 12.345, "+12.35"},
};

static void numbers_are_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        assert_string_equal(eh_html_number(numbers[i].kind, numbers[i].number).text, numbers[i].text);
    double none = __builtin_nan(""), endless = __builtin_inf();
    assert_string_equal(eh_html_number(EH_NUMBER_RATIO, none).text, "\u2013");
    assert_string_equal(eh_html_number(EH_NUMBER_RATIO, endless).text, "no upper limit");
    assert_string_equal(eh_html_range(EH_NUMBER_PERCENT, 0.341, 0.383).text, "34.1 to 38.3\u202F%");
    assert_string_equal(eh_html_range(EH_NUMBER_RATIO, 1.2, endless).text, "1.20 to no upper limit");
    assert_string_equal(eh_html_range(EH_NUMBER_RATIO, none, 1).text, "\u2013");
    assert_string_equal(eh_html_p(0.0004).text, "<\u202F.001");
    assert_string_equal(eh_html_p(0.0123).text, ".012");
    assert_string_equal(eh_html_p(0.456).text, ".46");
    assert_string_equal(eh_html_p(0.9999).text, "1");
    assert_string_equal(eh_html_p(none).text, "\u2013");
    assert_string_equal(eh_html_confidence(0.999).text, "99.9");
}

static void undefined_is_marked(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_html_cell(&out, EH_NUMBER_PERCENT, &(eh_estimate){__builtin_nan(""), 0, 1, 0});
    assert_string_equal(out.ptr, "<td><span title=\"not defined\">\u2013</span></td>");
}

/* ---- the page --------------------------------------------------------------------------------------------------------------------- */

static size_t occurrences(const eh_buffer *html, const char *text)
{
    size_t count = 0, length = strlen(text);
    for (const char *at = strstr(html->ptr, text); at != NULL; at = strstr(at + length, text))
        count++;
    return count;
}

static void page_is_whole(void **state)
{
    (void)state;
    static const char *const wanted[] = {"<!DOCTYPE html>\n<html lang=\"en\">", "id=\"glance\"", "id=\"attributes\"", "id=\"calibration\"",
                                         "id=\"intersections\"", "id=\"before\"", "id=\"words\"", "id=\"method\"", "default-src 'none'",
                                         "href=\"#main\"", "evenhand audit bank-full.csv", "last-month.json"};
    page of;
    open_page(&of, NULL);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
        assert_non_null(strstr(of.html.ptr, wanted[i]));
    counts found = count_page(&of, NULL);
    assert_int_equal(found.headings1, 1);
    assert_int_equal(found.scripts, 3);
    assert_int_equal(occurrences(&of.html, "http-equiv"), 1);
    assert_int_equal(occurrences(&of.html, "<td>nan"), 0);
    assert_int_equal(occurrences(&of.html, ">inf"), 0);
    assert_int_equal(occurrences(&of.html, "<section"), occurrences(&of.html, "</section>"));
    assert_int_equal(occurrences(&of.html, "<details"), occurrences(&of.html, "</details>"));
    assert_int_equal(occurrences(&of.html, "<table>"), occurrences(&of.html, "</table>"));
    close_page(&of);
}

/** What the audit does not have, the page does not speak of. */
static void parts_follow_the_audit(void **state)
{
    (void)state;
    page of;
    open_page(&of, &(sample_options){.plain = true, .depth = 1, .without = EH_NEEDS_LABEL | EH_NEEDS_SCORE | EH_NEEDS_VALUE});
    static const char *const unwanted[] = {"id=\"calibration\"", "id=\"intersections\"", "id=\"before\"", "<h4>True positive rate</h4>", "--label"};
    for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
        assert_null(strstr(of.html.ptr, unwanted[i]));
    close_page(&of);
}

static void same_audit_same_bytes(void **state)
{
    (void)state;
    page one, two;
    open_page(&one, NULL);
    open_page(&two, NULL);
    assert_int_equal(one.html.len, two.html.len);
    assert_memory_equal(one.html.ptr, two.html.ptr, one.html.len);
    close_page(&one);
    close_page(&two);
}

static void every_group_is_in_the_page(void **state)
{
    (void)state;
    page of;
    open_page(&of, &(sample_options){.groups_count = EH_GROUPS_MAX, .depth = 1, .cell_rows_min = 1e6});
    char name[64];
    for (unsigned g = 1; g <= EH_GROUPS_MAX; g++) {
        snprintf(name, sizeof(name), "<bdi>region %02u of the age list</bdi>", g);
        assert_non_null(strstr(of.html.ptr, name));
    }
    assert_true(occurrences(&of.html, "too few to show") >= EH_GROUPS_MAX);
    close_page(&of);
}

/* ---- the data of the figures and the command ------------------------------------------------------------------------------------- */

static void figures_are_json(void **state)
{
    (void)state;
    page of;
    open_page(&of, &(sample_options){.hostile = "</script>"});
    static const char open[] = "<script type=\"application/json\" id=\"figures\">";
    const char *start = strstr(of.html.ptr, open);
    assert_non_null(start);
    start += strlen(open);
    const char *end = strstr(start, "</script>");
    assert_non_null(end);
    eh_json_document *document = NULL;
    eh_error error;
    assert_int_equal(eh_json_parse((eh_view){start, (size_t)(end - start)}, "figures", &document, &error), EH_OK);
    eh_json_value figures = eh_json_root(document);
    assert_int_equal(eh_json_count(figures), occurrences(&of.html, "<figure class="));
    for (size_t i = 0; i < eh_json_count(figures); i++) {
        char element[64];
        snprintf(element, sizeof(element), "id=\"%s\" hidden>", eh_json_as_text(eh_json_member(eh_json_item(figures, i), "id")));
        assert_non_null(strstr(of.html.ptr, element));
    }
    eh_json_close(&document);
    close_page(&of);
}

static void command_is_quoted(void **state)
{
    (void)state;
    static const struct {
        const char *path, *quoted;
    } cases[] = {
        {"plain.csv", " plain.csv \\\n"},
        {"it's here.csv", " 'it'\\''s here.csv' \\\n"},
        {"$(rm -rf x).csv", " '$(rm -rf x).csv' \\\n"},
        {"a\nb%.csv", " \"$(printf 'a\\012b%%.csv')\" \\\n"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        eh_report_about about;
        const eh_audit *audit = sample_audit(NULL, arena, &about);
        const eh_input input = {.path = cases[i].path};
        about.inputs = &input;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
        eh_html_command(&(eh_html){.about = &about, .audit = audit}, &out);
        assert_non_null(strstr(out.ptr, cases[i].quoted));
        assert_non_null(strstr(out.ptr, "--score '1 / (1 + exp(-age / 40)) AS \"propensity\"'"));
        assert_non_null(strstr(out.ptr, "--bands age=25,35,50,60 \\\n"));
        eh_arena_close(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hostile_names_are_text), cmocka_unit_test(text_is_escaped),          cmocka_unit_test(numbers_are_written),
        cmocka_unit_test(undefined_is_marked),    cmocka_unit_test(page_is_whole),            cmocka_unit_test(parts_follow_the_audit),
        cmocka_unit_test(same_audit_same_bytes),  cmocka_unit_test(every_group_is_in_the_page), cmocka_unit_test(figures_are_json),
        cmocka_unit_test(command_is_quoted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
