/* What an expression on the command line may be, and what is told when it is not. */
#include "data_fixture.h"

static eh_code parse(fixture *f, const char *text, eh_expression **list, size_t *count)
{
    f->error = (eh_error){0};
    return eh_expressions_parse("--by", eh_view_of(text), f->arena, list, count, &f->error);
}

static void lists_are_split_at_their_own_commas(void **state)
{
    static const struct {
        const char *text;
        size_t count;
        const char *sql, *name; /* of the last item */
    } cases[] = {
        {"sex", 1, "sex", "sex"},
        {" sex , age ", 2, "age", "age"},
        {"a, f(x, y), b", 3, "b", "b"},
        {"a, f(x, y)", 2, "f(x, y)", "f(x, y)"},
        {"age > 40 AS older", 1, "age > 40", "older"},
        {"age > 40 as \"over 40\"", 1, "age > 40", "over 40"},
        {"\"a \"\"b\"\"\"", 1, "\"a \"\"b\"\"\"", "a \"b\""},
        {"\"with\nnewline\"", 1, "\"with\nnewline\"", "with\nnewline"},
        {"x = 'it''s, fine'", 1, "x = 'it''s, fine'", "x = 'it''s, fine'"},
        {"x = 'SELECT; -- no /* harm', y", 2, "y", "y"},
        {"x = E'a\\', b' , y", 2, "y", "y"},
        {"x = $$a, 'b$$, y", 2, "y", "y"},
        {"x = $q$a $$, b$q$, y", 2, "y", "y"},
        {"[a, b][1], {'k': c}", 2, "{'k': c}", "{'k': c}"},
        {"CAST(x AS DOUBLE)", 1, "CAST(x AS DOUBLE)", "CAST(x AS DOUBLE)"},
        {"x IS NOT DISTINCT FROM y", 1, "x IS NOT DISTINCT FROM y", "x IS NOT DISTINCT FROM y"},
        {"extract(year FROM d)", 1, "extract(year FROM d)", "extract(year FROM d)"},
        {"trim(both ' ' FROM a), b", 2, "b", "b"},
        {"\"from\"", 1, "\"from\"", "from"},
        {"load", 1, "load", "load"},
        {"load IS NULL, set = 1, call", 3, "call", "call"},
        {"s.table = 1", 1, "s.table = 1", "s.table = 1"},
        {"CASE WHEN a THEN 1 ELSE 2 END AS c", 1, "CASE WHEN a THEN 1 ELSE 2 END", "c"},
        {"größe", 1, "größe", "größe"},
        {"1e5 + 0x1F - -2", 1, "1e5 + 0x1F - -2", "1e5 + 0x1F - -2"},
        {"\xc2\xa0sex\xe2\x80\x83", 1, "sex", "sex"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        eh_expression *list;
        size_t count;
        if (parse(f, cases[i].text, &list, &count) != EH_OK)
            fail_msg("%s: %s", cases[i].text, f->error.text);
        assert_int_equal(count, cases[i].count);
        assert_string_equal(list[count - 1].sql, cases[i].sql);
        assert_string_equal(list[count - 1].name, cases[i].name);
    }
}

static void what_is_no_single_value_is_refused(void **state)
{
    static const struct {
        const char *text, *parts;
    } cases[] = {
        {"", "--by|empty"},
        {"  ", "empty"},
        {"a,,b", "column 3|between two commas"},
        {"a,", "after the last"},
        {"a AS", "no name after AS"},
        {"a AS b c", "after AS stands one name"},
        {"a AS b AS c", "second AS"},
        {"(a", "'(' is not closed"},
        {"a)", "column 2|')' closes no '('"},
        {"(a]", "']' closes no '['"},
        {"a) , (b", "closes no"},
        {"'a", "' is not closed"},
        {"\"a", "\" is not closed"},
        {"x = E'a\\'", "is not closed"},
        {"$$a", "dollar quote"},
        {"a; DROP TABLE t", "column 2|semicolon"},
        {"a -- b", "comment"},
        {"a /* b */", "comment"},
        {"5--3", "comment"},
        {"a\x01", "control character"},
        {"(SELECT count(*) FROM read_text('/etc/passwd')) > 0", "column 2|'SELECT'|double quotes"},
        {"(select 1)", "'select'"},
        {"(\xc2\xa0SELECT 1)", "'SELECT'"},
        {"(\xe2\x80\x83select 1)", "'select'"},
        {"x IN (FROM t)", "'FROM'"},
        {"exists(from t)", "'from'"},
        {"extract((FROM t))", "'FROM'"},
        {"DISTINCT FROM t", "'FROM'"},
        {"(TABLE t)", "'TABLE'"},
        {"(VALUES (1))", "'VALUES'"},
        {"COPY t TO 'x'", "'COPY'|begins a statement"},
        {"ATTACH 'x'", "'ATTACH'"},
        {"INSTALL httpfs", "'INSTALL'"},
        {"SET threads = 1", "'SET'"},
        {"PRAGMA version", "'PRAGMA'"},
        {"(SHOW TABLES)", "'SHOW'"},
        {"(DESCRIBE t)", "'DESCRIBE'"},
        {"(1.UNION SELECT 2)", "'UNION'"},
        {"a\xff", "UTF-8"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        eh_expression *list;
        size_t count;
        if (parse(f, cases[i].text, &list, &count) == EH_OK)
            fail_msg("accepted: %s", cases[i].text);
        assert_int_equal(f->error.code, EH_INPUT);
        assert_parts(f->error.text, cases[i].parts);
    }
}

static void limits_are_told_with_their_numbers(void **state)
{
    fixture *f = *state;
    eh_expression *list, one;
    size_t count;
    char *text = EH_TAKE(f->arena, EH_EXPRESSION_BYTES_MAX + 2, char);
    memset(text, 'a', EH_EXPRESSION_BYTES_MAX + 1);
    assert_int_equal(parse(f, text, &list, &count), EH_LIMIT);
    assert_parts(f->error.text, "16385 bytes|16384");
    memset(text, '(', EH_EXPRESSION_DEPTH_MAX + 1);
    text[EH_EXPRESSION_DEPTH_MAX + 1] = '\0';
    assert_int_equal(parse(f, text, &list, &count), EH_LIMIT);
    assert_parts(f->error.text, "column 101|100");
    assert_int_equal(eh_expression_parse("--label", eh_view_of("a, b"), f->arena, &one, &f->error), EH_INPUT);
    assert_parts(f->error.text, "--label|2 expressions");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lists_are_split_at_their_own_commas, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(what_is_no_single_value_is_refused, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(limits_are_told_with_their_numbers, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
