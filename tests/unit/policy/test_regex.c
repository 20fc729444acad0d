/* Goal: matches() takes RE2's syntax, means what RE2 means, and takes linear time. Expected values: RE2's syntax page and Go's regexp, which share their tests. */
#include "policy/cel.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

typedef struct {
    const char *pattern, *text;
    int matches; /* -1: no regular expression */
} row;

static const row rows[] = {
    {"", "", 1}, {"", "a", 1}, {"a", "", 0}, {"a", "bab", 1}, {"^a", "ba", 0}, {"a$", "ab", 0}, {"^a$", "a", 1}, {"a|b|cd", "xcdx", 1},
    {"^(a|b|cd)$", "c", 0}, {"a*", "", 1}, {"^a+$", "aaa", 1}, {"^a?b$", "b", 1}, {"^a?b$", "aab", 0}, {"^(ab)*$", "ababab", 1}, {"^(ab)*$", "aba", 0},
    {"^a{2}$", "aa", 1}, {"^a{2}$", "aaa", 0}, {"^a{2,}$", "aaaa", 1}, {"^a{2,3}$", "aaaa", 0}, {"^a{2,3}$", "aaa", 1}, {"^(a{2}){2}$", "aaaa", 1},
    {"^a{,2}$", "a{,2}", 1}, {"a{1001}", "", -1}, {"a{3,2}", "", -1}, {"^a{0}$", "", 1}, {"^.$", "\n", 0}, {"(?s)^.$", "\n", 1}, {"^.$", "\u00e9", 1},
    {"^..$", "\u00e9", 0}, {"[abc]", "xbx", 1}, {"[^abc]", "abc", 0}, {"^[a-c]+$", "abc", 1}, {"[c-a]", "", -1}, {"[]a]", "]", 1}, {"[^]a]", "]", 0},
    {"[a-]", "-", 1}, {"[\\]]", "]", 1}, {"[[:alpha:]]", "1", 0}, {"[[:^alpha:]]", "1", 1}, {"[[:nope:]]", "", -1}, {"[", "", -1}, {"[a", "", -1},
    {"\\d+", "a12", 1}, {"\\D", "12", 0}, {"\\s", "a b", 1}, {"^\\S+$", "a b", 0}, {"^\\w+$", "a_1", 1}, {"\\W", "a-1", 1}, {"[\\d\\s]", "a", 0},
    {"[^\\d]", "1", 0}, {"\\pL", "\u00e9", 1}, {"\\p{Greek}", "\u03b1", 1}, {"\\p{Greek}", "a", 0}, {"\\P{Greek}", "\u03b1", 0}, {"\\p{^Greek}", "\u03b1", 0},
    {"[\\p{Lu}]", "A", 1}, {"[^\\p{Lu}]", "A", 0}, {"\\p{Nope}", "", -1}, {"\\p", "", -1}, {"\\bfoo\\b", "a foo b", 1}, {"\\bfoo\\b", "afoo b", 0},
    {"\\Boo", "foo", 1}, {"\\Aa", "ba", 0}, {"a\\z", "a\n", 0}, {"a$", "a\n", 0}, {"(?m)a$", "a\nb", 1}, {"(?m)^b", "a\nb", 1}, {"^b", "a\nb", 0},
    {"(?i)ABC", "abc", 1}, {"(?i:A)B", "aB", 1}, {"(?i:A)B", "ab", 0}, {"(?i)[A-Z]", "q", 1}, {"(?i)\u00c9", "\u00e9", 1}, {"(?-i)a", "a", 1},
    {"(?i)k", "\u212a", 1}, {"(?P<name>a)", "a", 1}, {"(?<name>a)", "a", 1}, {"(?P<>a)", "", -1}, {"(?P<a-b>a)", "", -1}, {"(?:a)", "a", 1},
    {"(?=a)", "", -1}, {"(?!a)", "", -1}, {"(?<=a)", "", -1}, {"(?<!a)", "", -1}, {"(a)\\1", "", -1}, {"(?#x)", "", -1}, {"(", "", -1}, {")", "", -1},
    {"a)", "", -1}, {"*", "", -1}, {"a**", "", -1}, {"a|*", "", -1}, {"a*?", "aa", 1}, {"a+?b", "aab", 1}, {"(?U)a+", "a", 1}, {"+a", "", -1},
    {"\\", "", -1}, {"\\8", "", -1}, {"\\x41", "A", 1}, {"\\x{1F600}", "\U0001f600", 1}, {"\\x{110000}", "", -1}, {"\\x4", "", -1}, {"\\0", "", 0},
    {"\\141", "a", 1}, {"\\n", "\n", 1}, {"\\t\\r\\f\\v\\a", "\t\r\f\v\a", 1}, {"\\.", "a", 0}, {"\\Q.*\\E", ".*", 1}, {"\\Q.*\\E", "ab", 0}, {"\\Qa", "a", 1},
    {"a{", "a{", 1}, {"{", "{", 1}, {"{1}", "", -1}, {"a{1}{2}", "", -1}, {"}", "}", 1}, {"]", "]", 1}, {"a||b", "", 1}, {"()", "", 1}, {"(|a)+$", "aaa", 1},
    {"(a*)*$", "b", 1}, {"(a*)+b", "aaab", 1}, {"x*y*z*", "", 1}, {"\\C", "a", 1}, {"^(?:(?:a|b)|c)+$", "abc", 1}, {"^$", "", 1},
    {"^[\\w.+-]+@[\\w-]+\\.[\\w.-]+$", "care@bluefinch.example", 1}, {"\\z$^\\A", "", 1}, {"(?i)STRASSE", "stra\u00dfe", 0}, {"[[:word:]]", "_", 1},
};

static eh_cel_value match(eh_cel_env *env, eh_arena *arena, eh_cel_machine *machine, const char *text)
{
    const eh_cel_program *program = NULL;
    eh_cel_value facts[2] = {eh_cel_string(EH_VIEW("")), eh_cel_string(EH_VIEW(""))};
    eh_error error = {0};
    if (eh_cel_compile(env, eh_view_of(text), arena, &program, &error) != EH_OK)
        fail_msg("%s", error.text);
    return eh_cel_run(machine, program, facts);
}

static void matches_as_re2(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(512 << 20);
    EH_CLEANUP(eh_cel_machine_close) eh_cel_machine *machine = NULL;
    eh_cel_env *env = eh_cel_env_open(arena, NULL);
    assert_int_equal(eh_cel_machine_open(NULL, &machine, NULL), EH_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (int constant = 0; constant < 2; constant++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
            eh_cel_value_literal(eh_cel_string(eh_view_of(rows[i].text)), &text);
            eh_buffer_text(&text, ".matches(");
            eh_cel_value_literal(eh_cel_string(eh_view_of(rows[i].pattern)), &text);
            eh_buffer_text(&text, constant ? ")" : " + '')");
            eh_cel_value found = match(env, arena, machine, text.ptr);
            int as_number = found.kind == EH_CEL_BOOL ? found.boolean : -1;
            if (as_number != rows[i].matches)
                fail_msg("/%s/ on '%s': %d", rows[i].pattern, rows[i].text, as_number);
        }
    }
}

/* Patterns on which backtracking takes 2^n steps end within the cost of a plain one. */
static void takes_linear_time(void **state)
{
    (void)state;
    static const char *const evil[] = {"(a*)*b", "(a|aa)+b", "(a?){30}a{30}b", "(.*)(.*)(.*)(.*)(.*)b", "^(([a-z])+.)+[A-Z]([a-z])+$"};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(512 << 20);
    EH_CLEANUP(eh_cel_machine_close) eh_cel_machine *machine = NULL;
    eh_cel_env *env = eh_cel_env_open(arena, NULL);
    assert_int_equal(eh_cel_machine_open(NULL, &machine, NULL), EH_OK);
    for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
        char text[512];
        snprintf(text, sizeof text, "cel.bind(a, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', (a+a+a+a).matches('%s'))", evil[i]);
        eh_cel_value found = match(env, arena, machine, text);
        assert_int_equal(found.kind, EH_CEL_BOOL);
        assert_false(found.boolean);
        assert_true(eh_cel_machine_cost(machine) < 20000);
    }
    /* Too large after its repetitions are unfolded, too long, nested too deep: errors, at once. */
    static const char *const large[] = {"'a'.matches('((a{100}){100}){100}')", "'a'.matches('(x{1000}){1000}')",
        "cel.bind(p, '((((((((((((((((((((((((((', 'a'.matches(p+p+p+p+p))"};
    for (size_t i = 0; i < sizeof large / sizeof large[0]; i++)
        assert_int_equal(match(env, arena, machine, large[i]).kind, EH_CEL_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(matches_as_re2), cmocka_unit_test(takes_linear_time)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
