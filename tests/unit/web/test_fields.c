/* Goal: forms, cookies, paths and routes are read strictly; what is broken is an error and never a guess. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "web/http_int.h"

static void forms_are_decoded(void **state)
{
    (void)state;
    eh_arena *arena = eh_arena_open(1 << 20);
    eh_fields fields;
    eh_error error;
    assert_int_equal(eh_fields_of_form(EH_VIEW("a=1&b=%C3%A9+x&&c&d=%26%3D"), arena, &fields, &error), EH_OK);
    assert_int_equal(fields.count, 4);
    assert_true(eh_view_equal(eh_fields_get(fields, "b"), EH_VIEW("\xC3\xA9 x")));
    assert_true(eh_view_equal(eh_fields_get(fields, "c"), EH_VIEW("")));
    assert_true(eh_view_equal(eh_fields_get(fields, "d"), EH_VIEW("&=")));
    assert_null(eh_fields_get(fields, "e").ptr);
    static const char *const broken[] = {"a=%", "a=%4", "a=%zz", "a=%FF", "%C3=1"};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++)
        assert_int_equal(eh_fields_of_form(eh_view_of(broken[i]), arena, &fields, &error), EH_INPUT);
    char many[2 * EH_FORM_FIELDS_MAX + 3] = "";
    memset(many, '&', sizeof many - 1);
    assert_int_equal(eh_fields_of_form(eh_view_of(many), arena, &fields, &error), EH_LIMIT);
    eh_arena_close(&arena);
}

static void cookies_are_split(void **state)
{
    (void)state;
    eh_arena *arena = eh_arena_open(1 << 20);
    eh_fields fields;
    eh_error error;
    assert_int_equal(eh_fields_of_cookies(EH_VIEW("session=abc=; junk; =x;  theme=dark "), arena, &fields, &error), EH_OK);
    assert_int_equal(fields.count, 2);
    assert_true(eh_view_equal(eh_fields_get(fields, "session"), EH_VIEW("abc=")));
    assert_true(eh_view_equal(eh_fields_get(fields, "theme"), EH_VIEW("dark")));
    eh_arena_close(&arena);
}

static void paths_are_plain(void **state)
{
    (void)state;
    eh_arena *arena = eh_arena_open(1 << 20);
    eh_view path;
    eh_error error;
    assert_int_equal(eh_path_decode(EH_VIEW("/why/%C3%A9-1"), arena, &path, &error), EH_OK);
    assert_true(eh_view_equal(path, EH_VIEW("/why/\xC3\xA9-1")));
    static const char *const refused[] = {"", "why", "/a/../b", "/%2e%2e/b", "/a/.", "/a%00", "/a%0a", "/a\\b", "/%", "/%ff"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(eh_path_decode(eh_view_of(refused[i]), arena, &path, &error), EH_INPUT);
    eh_arena_close(&arena);
}

static void routes_are_found(void **state)
{
    (void)state;
    static const eh_route routes[] = {
        {EH_GET, "/", NULL, 0}, {EH_GET, "/why/:token", NULL, 0}, {EH_POST, "/why/:token/stop", NULL, 0}, {EH_GET, "/v1/people/:key/decisions/:id", NULL, 0}};
    static const struct {
        eh_http_method method;
        const char *path;
        eh_route_answer answer;
        size_t route;
    } rows[] = {
        {EH_GET, "/", EH_ROUTE_FOUND, 0},           {EH_GET, "/why/abc", EH_ROUTE_FOUND, 1},       {EH_GET, "/why/", EH_ROUTE_NO_PATH, 0},
        {EH_GET, "/why", EH_ROUTE_NO_PATH, 0},      {EH_GET, "/why/abc/", EH_ROUTE_NO_PATH, 0},    {EH_POST, "/why/abc/stop", EH_ROUTE_FOUND, 2},
        {EH_GET, "/why/a/stop", EH_ROUTE_NO_METHOD, 0}, {EH_GET, "/v1/people/k/decisions/7", EH_ROUTE_FOUND, 3}, {EH_GET, "//", EH_ROUTE_NO_PATH, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_route_match match;
        assert_int_equal(eh_route_find(routes, 4, rows[i].method, eh_view_of(rows[i].path), &match), rows[i].answer);
        if (rows[i].answer == EH_ROUTE_FOUND)
            assert_ptr_equal(match.route, &routes[rows[i].route]);
    }
    eh_route_match match;
    (void)eh_route_find(routes, 4, EH_GET, EH_VIEW("/v1/people/k/decisions/7"), &match);
    assert_true(eh_view_equal(match.parameters[0], EH_VIEW("k")) && eh_view_equal(match.parameters[1], EH_VIEW("7")));
}

static void urls_are_escaped(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_url_append(&out, EH_VIEW("a b/\xC3\xA9?&~"));
    assert_string_equal(out.ptr, "a%20b%2F%C3%A9%3F%26~");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(forms_are_decoded), cmocka_unit_test(cookies_are_split), cmocka_unit_test(paths_are_plain),
                                       cmocka_unit_test(routes_are_found), cmocka_unit_test(urls_are_escaped)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
