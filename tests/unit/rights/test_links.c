/* Goal: a link opens what it was made for, until it expires, and no other token opens anything. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rights/links.h"

static const int64_t now_s = 1764000000;
static const eh_secret key = {{1, 2, 3}};

static void make(eh_buffer *out, const eh_link *link, uint64_t seed)
{
    eh_entropy_replay replay;
    eh_entropy entropy = eh_entropy_replayed(&replay, seed);
    eh_error error;
    assert_int_equal(eh_link_append(&key, link, &entropy, out, &error), EH_OK);
}

static void a_link_comes_back(void **state)
{
    (void)state;
    eh_arena *arena = eh_arena_open(1 << 20);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer token = {0};
    eh_link link = {EH_LINK_WHY, now_s + 60, EH_VIEW("c-17"), EH_VIEW("9f8e7d")}, read;
    eh_error error;
    make(&token, &link, 1);
    assert_null(strstr(token.ptr, "c-17"));
    assert_int_equal(eh_link_read(&key, eh_buffer_view(&token), now_s, arena, &read, &error), EH_OK);
    assert_int_equal(read.purpose, EH_LINK_WHY);
    assert_int_equal(read.expires_s, link.expires_s);
    assert_true(eh_view_equal(read.person, link.person) && eh_view_equal(read.subject, link.subject));
    assert_int_equal(eh_link_read(&key, eh_buffer_view(&token), now_s + 60, arena, &read, &error), EH_NOT_FOUND);
    eh_secret other = {{1, 2, 4}};
    assert_int_equal(eh_link_read(&other, eh_buffer_view(&token), now_s, arena, &read, &error), EH_DENIED);
    eh_arena_close(&arena);
}

/* Every single-bit change and every cut of the text is refused. */
static void a_changed_link_opens_nothing(void **state)
{
    (void)state;
    eh_arena *arena = eh_arena_open(1 << 22);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer token = {0};
    eh_link link = {EH_LINK_DATA, now_s + 60, EH_VIEW("c-17"), EH_VIEW("")}, read;
    eh_error error;
    make(&token, &link, 2);
    for (size_t i = 0; i < token.len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            token.ptr[i] = (char)(token.ptr[i] ^ 1 << bit);
            assert_int_equal(eh_link_read(&key, eh_buffer_view(&token), now_s, arena, &read, &error), EH_DENIED);
            token.ptr[i] = (char)(token.ptr[i] ^ 1 << bit);
        }
        assert_int_equal(eh_link_read(&key, (eh_view){token.ptr, i}, now_s, arena, &read, &error), EH_DENIED);
    }
    eh_arena_close(&arena);
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer token = {0};
    char key_of_300[300];
    eh_error error;
    memset(key_of_300, 'k', sizeof key_of_300);
    eh_link link = {EH_LINK_WHY, now_s, {key_of_300, sizeof key_of_300}, EH_VIEW("")};
    assert_int_equal(eh_link_append(&key, &link, NULL, &token, &error), EH_LIMIT);
    link.person.len = EH_LINK_KEY_BYTES_MAX;
    link.subject = link.person;
    assert_int_equal(eh_link_append(&key, &link, NULL, &token, &error), EH_OK);
    assert_true(token.len <= EH_LINK_TOKEN_BYTES_MAX);
    link.expires_s = INT64_C(1) << 33;
    assert_int_equal(eh_link_append(&key, &link, NULL, &token, &error), EH_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_link_comes_back), cmocka_unit_test(a_changed_link_opens_nothing), cmocka_unit_test(what_does_not_fit_is_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
