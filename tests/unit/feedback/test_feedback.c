/* Goal: what a customer says is kept, answered once, counted as a theme that calls for a review, and forgotten when the person is erased. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "feedback/feedback.h"

static const int64_t now_s = 1764000000, day_s = 86400;
static char folder[] = "/tmp/evenhand-feedback-XXXXXX";
static char file[64];
static eh_store *store;
static eh_arena *arena;
static eh_error error;

static int open_store(void **state)
{
    (void)state;
    arena = eh_arena_open(1 << 24);
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(file, sizeof file, "%s/evenhand.db", folder);
    return eh_store_open(file, &(eh_store_options){.mode = EH_STORE_CREATE}, &store, &error) == EH_OK && eh_feedback_migrate(store, &error) == EH_OK ? 0 : -1;
}

static int close_store(void **state)
{
    (void)state;
    static const char *const endings[] = {"", "-wal", "-shm"};
    char name[80];
    eh_store_close(&store);
    eh_arena_close(&arena);
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", file, endings[i]);
        (void)unlink(name);
    }
    return rmdir(folder);
}

static void give(const char *person, eh_feedback_kind kind, const char *subject, int64_t at_s, char ticket_out[EH_TICKET_BYTES])
{
    eh_feedback_wish wish = {.kind = kind, .person = eh_view_of(person), .decision = EH_VIEW("d1"), .campaign = EH_VIEW("spring"),
                             .subject = eh_view_of(subject), .words = EH_VIEW("I never bought a tent \xF0\x9F\x8E\xAA <b>")};
    assert_int_equal(eh_feedback_give(store, &wish, at_s, ticket_out, &error), EH_OK);
}

static void a_piece_is_kept_and_answered_once(void **state)
{
    (void)state;
    char ticket[EH_TICKET_BYTES];
    eh_feedback piece;
    give("c-1", EH_FEEDBACK_WRONG, "months_since_order", now_s, ticket);
    assert_int_equal(strlen(ticket), 12);
    assert_int_equal(eh_feedback_read(store, eh_view_of(ticket), arena, &piece, &error), EH_OK);
    assert_string_equal(piece.words, "I never bought a tent \xF0\x9F\x8E\xAA <b>");
    assert_int_equal(piece.due_s, now_s + 14 * day_s);
    assert_int_equal(piece.answered_s, 0);
    eh_feedback_reply reply = {eh_view_of(ticket), EH_VIEW("You are right, we have corrected it."), EH_VIEW("the import joins by number now"), EH_VIEW("ada"), now_s + day_s};
    assert_int_equal(eh_feedback_answer(store, &reply, &error), EH_OK);
    assert_int_equal(eh_feedback_answer(store, &reply, &error), EH_CONFLICT);
    assert_int_equal(eh_feedback_read(store, eh_view_of(ticket), arena, &piece, &error), EH_OK);
    assert_string_equal(piece.change, "the import joins by number now");
    assert_string_equal(piece.answered_by, "ada");
    reply.ticket = EH_VIEW("EH-0000-0000");
    assert_int_equal(eh_feedback_answer(store, &reply, &error), EH_NOT_FOUND);
    assert_int_equal(eh_feedback_read(store, EH_VIEW("EH-0000-0000"), arena, &piece, &error), EH_NOT_FOUND);
}

static void open_pieces_come_first_by_their_day(void **state)
{
    (void)state;
    char late[EH_TICKET_BYTES], soon[EH_TICKET_BYTES];
    const eh_feedback *list;
    size_t count;
    give("c-2", EH_FEEDBACK_COMPLAINT, "", now_s, late);
    give("c-3", EH_FEEDBACK_USEFUL, "", now_s + day_s, soon);
    assert_int_equal(eh_feedback_list(store, &(eh_feedback_filter){0}, arena, &list, &count, &error), EH_OK);
    assert_int_equal(count, 3);
    assert_string_equal(list[0].ticket, soon);
    assert_string_equal(list[1].ticket, late);
    assert_true(list[2].answered_s > 0);
    assert_int_equal(eh_feedback_list(store, &(eh_feedback_filter){.open_only = true, .person = EH_VIEW("c-2")}, arena, &list, &count, &error), EH_OK);
    assert_int_equal(count, 1);
}

static void a_theme_over_its_threshold_calls_for_a_review(void **state)
{
    (void)state;
    char ticket[EH_TICKET_BYTES];
    const eh_feedback_theme *themes;
    size_t count;
    for (int i = 0; i < 2; i++)
        give("c-9", EH_FEEDBACK_CREEPY, "city", now_s - 40 * day_s, ticket);
    for (int i = 0; i < 3; i++)
        give("c-9", EH_FEEDBACK_UNFAIR, "price", now_s + i, ticket);
    give("c-9", EH_FEEDBACK_CREEPY, "city", now_s, ticket);
    eh_feedback_themes_spec spec = {.now_s = now_s + 10};
    assert_int_equal(eh_feedback_themes(store, &spec, arena, &themes, &count, &error), EH_OK);
    assert_int_equal(themes[0].kind, EH_FEEDBACK_UNFAIR); /* three, counted double, are past five */
    assert_string_equal(themes[0].subject, "price");
    assert_string_equal(themes[0].campaign, "spring");
    assert_true(themes[0].review_due);
    for (size_t i = 1; i < count; i++) {
        assert_false(themes[i].review_due);
        if (strcmp(themes[i].subject, "city") == 0) {
            assert_int_equal(themes[i].now_count, 1);
            assert_int_equal(themes[i].before_count, 2);
        }
    }
    assert_int_equal(eh_feedback_theme_reviewed(store, &themes[0], EH_VIEW("review 7"), now_s + 20, &error), EH_OK);
    assert_int_equal(eh_feedback_themes(store, &spec, arena, &themes, &count, &error), EH_OK);
    for (size_t i = 0; i < count; i++)
        assert_false(themes[i].review_due);
    for (int i = 0; i < 3; i++)
        give("c-9", EH_FEEDBACK_UNFAIR, "price", now_s + 30 + i, ticket);
    spec.now_s = now_s + 60;
    assert_int_equal(eh_feedback_themes(store, &spec, arena, &themes, &count, &error), EH_OK);
    assert_true(themes[0].review_due);
}

static void an_erased_person_leaves_a_count(void **state)
{
    (void)state;
    uint64_t count;
    const eh_feedback *list;
    size_t found;
    char ticket[EH_TICKET_BYTES];
    eh_feedback piece;
    give("c-9", EH_FEEDBACK_OTHER, "size", now_s + 40, ticket);
    eh_feedback_reply reply = {.ticket = eh_view_of(ticket), .answer = EH_VIEW("Dear Ms Nine, we changed it."), .by = EH_VIEW("ada"), .now_s = now_s + 50};
    assert_int_equal(eh_feedback_answer(store, &reply, &error), EH_OK);
    assert_int_equal(eh_feedback_forget(store, EH_VIEW("c-9"), &count, &error), EH_OK);
    assert_int_equal(count, 10);
    assert_int_equal(eh_feedback_read(store, eh_view_of(ticket), arena, &piece, &error), EH_OK);
    assert_string_equal(piece.answer, "");
    assert_string_equal(piece.words, "");
    assert_true(piece.answered_s > 0);
    assert_int_equal(eh_feedback_list(store, &(eh_feedback_filter){.person = EH_VIEW("c-9")}, arena, &list, &found, &error), EH_OK);
    assert_int_equal(found, 0);
    assert_int_equal(eh_feedback_list(store, &(eh_feedback_filter){.subject = EH_VIEW("price")}, arena, &list, &found, &error), EH_OK);
    assert_int_equal(found, 6);
    assert_string_equal(list[0].words, "");
    assert_int_equal(eh_feedback_forget(store, EH_VIEW(""), &count, &error), EH_OK);
    assert_int_equal(count, 0);
}

static void too_many_words_are_refused(void **state)
{
    (void)state;
    char ticket[EH_TICKET_BYTES];
    static char words[EH_FEEDBACK_WORDS_BYTES_MAX + 1];
    memset(words, 'w', sizeof words);
    eh_feedback_wish wish = {.words = {words, sizeof words}};
    assert_int_equal(eh_feedback_give(store, &wish, now_s, ticket, &error), EH_LIMIT);
    wish.words = EH_VIEW("\xFF");
    assert_int_equal(eh_feedback_give(store, &wish, now_s, ticket, &error), EH_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_is_kept_and_answered_once), cmocka_unit_test(open_pieces_come_first_by_their_day),
        cmocka_unit_test(a_theme_over_its_threshold_calls_for_a_review), cmocka_unit_test(an_erased_person_leaves_a_count),
        cmocka_unit_test(too_many_words_are_refused)};
    return cmocka_run_group_tests(tests, open_store, close_store);
}
