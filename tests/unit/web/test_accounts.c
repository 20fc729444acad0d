/* Goal: only who has the password gets a session, a session ends when it must, and a stolen copy of the file opens nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "web/accounts_int.h"

static char path[] = "/tmp/evenhand-accounts-XXXXXX";
static char file[64];
static eh_store *store;
static const int64_t now_s = 1764000000;

static int open_store(void **state)
{
    (void)state;
    eh_error error = {0};
    if (mkdtemp(path) == NULL)
        return -1;
    snprintf(file, sizeof file, "%s/evenhand.db", path);
    if (eh_store_open(file, &(eh_store_options){.mode = EH_STORE_CREATE}, &store, &error) != EH_OK || eh_accounts_migrate(store, &error) != EH_OK)
        return -1;
    eh_account_wish wish = {EH_VIEW("ada"), EH_VIEW("correct horse battery"), EH_ROLE_ETHICS_OWNER, true, now_s};
    return eh_account_add(store, &wish, &error) == EH_OK ? 0 : -1;
}

static int close_store(void **state)
{
    (void)state;
    eh_store_close(&store);
    char name[80];
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", file, endings[i]);
        (void)unlink(name);
    }
    return rmdir(path);
}

static eh_code sign_in(const char *name, const char *password, int64_t at_s, char token_out[EH_TOKEN_TEXT_BYTES])
{
    eh_error error;
    return eh_session_open(store, &(eh_sign_in){eh_view_of(name), eh_view_of(password), "127.0.0.1", at_s}, token_out, &error);
}

static void sessions_open_last_and_end(void **state)
{
    (void)state;
    char token[EH_TOKEN_TEXT_BYTES];
    eh_session session;
    eh_error error;
    assert_int_equal(sign_in("ada", "correct horse battery", now_s, token), EH_OK);
    assert_int_equal(eh_session_find(store, eh_view_of(token), now_s + 3000, &session, &error), EH_OK);
    assert_string_equal(session.account.name, "ada");
    assert_int_equal(session.account.role, EH_ROLE_ETHICS_OWNER);
    assert_int_equal(session.account.trained_s, now_s);
    assert_true(strlen(session.form_token) >= 40 && strcmp(session.form_token, token) != 0);
    /* used after fifty minutes, so it still lives after a hundred, and not an hour later without use */
    assert_int_equal(eh_session_find(store, eh_view_of(token), now_s + 6000, &session, &error), EH_OK);
    assert_int_equal(eh_session_find(store, eh_view_of(token), now_s + 6000 + 3600, &session, &error), EH_DENIED);
    assert_int_equal(eh_session_find(store, EH_VIEW("made-up"), now_s, &session, &error), EH_DENIED);
    assert_int_equal(sign_in("ada", "correct horse battery", now_s, token), EH_OK);
    assert_int_equal(eh_session_close(store, eh_view_of(token), &error), EH_OK);
    assert_int_equal(eh_session_find(store, eh_view_of(token), now_s, &session, &error), EH_DENIED);
}

static void no_session_outlives_twelve_hours(void **state)
{
    (void)state;
    char token[EH_TOKEN_TEXT_BYTES];
    eh_session session;
    eh_error error;
    assert_int_equal(sign_in("ada", "correct horse battery", now_s, token), EH_OK);
    for (int64_t minutes = 30; minutes < 12 * 60; minutes += 30)
        assert_int_equal(eh_session_find(store, eh_view_of(token), now_s + minutes * 60, &session, &error), EH_OK);
    assert_int_equal(eh_session_find(store, eh_view_of(token), now_s + 12 * 3600, &session, &error), EH_DENIED);
}

static void guessing_is_throttled(void **state)
{
    (void)state;
    char token[EH_TOKEN_TEXT_BYTES];
    int64_t later_s = now_s + 100000;
    for (int i = 0; i < 5; i++)
        assert_int_equal(sign_in("ada", "wrong password", later_s, token), EH_DENIED);
    assert_int_equal(sign_in("ada", "correct horse battery", later_s, token), EH_UNAVAILABLE);
    assert_int_equal(sign_in("nobody", "whatever it is", later_s, token), EH_DENIED);
    assert_int_equal(sign_in("ada", "correct horse battery", later_s + 15 * 60 + 1, token), EH_OK);
}

static void the_file_holds_no_secret(void **state)
{
    (void)state;
    char token[EH_TOKEN_TEXT_BYTES];
    assert_int_equal(sign_in("ada", "correct horse battery", now_s + 200000, token), EH_OK);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    eh_error error;
    char wal[80];
    snprintf(wal, sizeof wal, "%s-wal", file);
    assert_int_equal(eh_file_read(file, 1 << 24, &bytes, &error), EH_OK);
    assert_int_equal(eh_file_read(wal, 1 << 24, &bytes, &error), EH_OK);
    assert_null(memmem(bytes.ptr, bytes.len, token, strlen(token)));
    assert_null(memmem(bytes.ptr, bytes.len, "correct horse", 13));
}

static void accounts_are_kept_well(void **state)
{
    (void)state;
    eh_error error;
    eh_account_wish wish = {EH_VIEW("ada"), EH_VIEW("another password"), EH_ROLE_VIEWER, false, now_s};
    assert_int_equal(eh_account_add(store, &wish, &error), EH_CONFLICT);
    wish.name = EH_VIEW(" x");
    assert_int_equal(eh_account_add(store, &wish, &error), EH_INPUT);
    wish.name = EH_VIEW("bo");
    wish.password = EH_VIEW("short");
    assert_int_equal(eh_account_add(store, &wish, &error), EH_INPUT);
    wish.password = EH_VIEW("long enough it is");
    assert_int_equal(eh_account_add(store, &wish, &error), EH_OK);
    char token[EH_TOKEN_TEXT_BYTES];
    eh_session session;
    assert_int_equal(sign_in("bo", "long enough it is", now_s, token), EH_OK);
    wish.password = EH_VIEW("a new one for bo");
    assert_int_equal(eh_account_set_password(store, &wish, &error), EH_OK);
    assert_int_equal(eh_session_find(store, eh_view_of(token), now_s, &session, &error), EH_DENIED);
    assert_int_equal(sign_in("bo", "a new one for bo", now_s, token), EH_OK);
    assert_int_equal(eh_account_remove(store, EH_VIEW("bo"), &error), EH_OK);
    assert_int_equal(eh_session_find(store, eh_view_of(token), now_s, &session, &error), EH_DENIED);
    assert_int_equal(eh_account_remove(store, EH_VIEW("bo"), &error), EH_NOT_FOUND);
}

static void roles_have_their_rights(void **state)
{
    (void)state;
    eh_role role;
    assert_true(eh_role_find(EH_VIEW("Ethics Owner"), &role) && role == EH_ROLE_ETHICS_OWNER);
    assert_false(eh_role_find(EH_VIEW("boss"), &role));
    for (eh_role r = 0; r < EH_ROLES_COUNT; r++)
        assert_true((eh_role_rights(r) & EH_MAY_LOOK) != 0);
    assert_int_equal(eh_role_rights(EH_ROLE_VIEWER), EH_MAY_LOOK);
    assert_int_equal(eh_role_rights(EH_ROLE_MARKETER) & (EH_MAY_OVERRIDE | EH_MAY_REVIEW | EH_MAY_SEE_PEOPLE), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sessions_open_last_and_end), cmocka_unit_test(no_session_outlives_twelve_hours), cmocka_unit_test(guessing_is_throttled),
        cmocka_unit_test(the_file_holds_no_secret), cmocka_unit_test(accounts_are_kept_well), cmocka_unit_test(roles_have_their_rights)};
    return cmocka_run_group_tests(tests, open_store, close_store);
}
