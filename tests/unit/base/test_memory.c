/* Goal: arenas give zeroed, aligned, lasting memory up to their maximum; buffers keep the first failure and what they had. */
#include "base/base.h"

#include <stdalign.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static void arena_gives_what_it_says(void **state)
{
    (void)state;
    eh_arena *arena = eh_arena_open(64 << 20);
    assert_non_null(arena);
    unsigned char *pieces[2000];
    for (size_t i = 0; i < 2000; i++) {
        size_t bytes = i % 97 == 0 ? 10000 : i % 13;
        pieces[i] = eh_arena_take(arena, bytes, 1);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t at = 0; at < bytes; at++)
            assert_int_equal(pieces[i][at], 0);
        memset(pieces[i], (int)(i & 0xFF), bytes);
    }
    /* Nothing that came later may have written over what came before. */
    for (size_t i = 0; i < 2000; i++)
        for (size_t at = 0; at < (i % 97 == 0 ? 10000 : i % 13); at++)
            assert_int_equal(pieces[i][at], i & 0xFF);
    assert_string_equal(eh_arena_copy(arena, EH_VIEW("abc")), "abc");
    assert_string_equal(eh_arena_format(arena, "%d of %s", 3, "seven"), "3 of seven");
    eh_arena_close(&arena);
    assert_null(arena);
    eh_arena_close(&arena);
}

static void arena_keeps_its_maximum(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1000);
    assert_non_null(eh_arena_take(arena, 900, 1));
    assert_null(eh_arena_take(arena, 200, 1));
    assert_non_null(eh_arena_take(arena, 10, 1));
    assert_null(eh_arena_take(arena, SIZE_MAX / 2, 4));
    assert_null(eh_arena_take(arena, SIZE_MAX, 1));
    assert_null(eh_arena_take(NULL, 1, 1));
    assert_null(eh_arena_copy(arena, (eh_view){"x", 5000}));
}

static void buffer_grows(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer buffer = {0};
    for (int i = 0; i < 10000; i++)
        eh_buffer_format(&buffer, "%d,", i % 10);
    eh_buffer_text(&buffer, "end");
    eh_buffer_byte(&buffer, '.');
    assert_int_equal(buffer.len, 20004);
    assert_string_equal(buffer.ptr + 19996, "8,9,end.");
    assert_int_equal(eh_buffer_check(&buffer, NULL), EH_OK);
    eh_buffer_clear(&buffer);
    assert_int_equal(eh_buffer_view(&buffer).len, 0);
}

static void buffer_stops_at_its_maximum(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer buffer;
    eh_buffer_init(&buffer, 10);
    eh_buffer_text(&buffer, "12345");
    eh_buffer_format(&buffer, "%s", "678901234567");
    eh_buffer_text(&buffer, "x");
    assert_string_equal(buffer.ptr, "12345");
    eh_error error;
    assert_int_equal(eh_buffer_check(&buffer, &error), EH_LIMIT);
    assert_non_null(strstr(error.text, "10 bytes"));
    eh_buffer_clear(&buffer);
    eh_buffer_text(&buffer, "1234567890");
    assert_int_equal(eh_buffer_check(&buffer, &error), EH_OK);
    eh_buffer_byte(&buffer, '1');
    assert_int_equal(eh_buffer_check(&buffer, &error), EH_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arena_gives_what_it_says),
        cmocka_unit_test(arena_keeps_its_maximum),
        cmocka_unit_test(buffer_grows),
        cmocka_unit_test(buffer_stops_at_its_maximum),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
