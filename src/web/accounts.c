/* Accounts, sessions and the throttle of the sign-in. */
#include <string.h>

#include "web/accounts_int.h"

enum {
    SESSION_SECONDS_MAX = 12 * 3600,
    SESSION_IDLE_SECONDS_MAX = 3600,
    SESSION_SEEN_SECONDS = 60, /* how exactly it is known when a session was used last */
    THROTTLE_SECONDS = 15 * 60,
    THROTTLE_NAME_MAX = 5,
    THROTTLE_PEER_MAX = 30,
    TOKEN_BYTES = 32,
    PASSWORD_BYTES_MAX = 1024
};

static const char *const steps[] = {
    "CREATE TABLE team_account (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, role TEXT NOT NULL, password TEXT NOT NULL,"
    " made_s BIGINT NOT NULL, trained_s BIGINT NOT NULL DEFAULT 0);"
    "CREATE TABLE team_session (token BYTEA PRIMARY KEY, account BIGINT NOT NULL REFERENCES team_account (id) ON DELETE CASCADE,"
    " form_token TEXT NOT NULL, made_s BIGINT NOT NULL, seen_s BIGINT NOT NULL);"
    "CREATE INDEX team_session_account ON team_session (account);"
    "CREATE TABLE team_failure (at_s BIGINT NOT NULL, name TEXT NOT NULL, peer TEXT NOT NULL);"
    "CREATE INDEX team_failure_at ON team_failure (at_s);",
    "CREATE TABLE team_approval (number BIGINT PRIMARY KEY, plan TEXT NOT NULL, asked_by TEXT NOT NULL, reason TEXT NOT NULL, asked_s BIGINT NOT NULL,"
    " answered_by TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '', answered_s BIGINT NOT NULL DEFAULT 0, approved BIGINT NOT NULL DEFAULT 0);"
    "CREATE INDEX team_approval_plan ON team_approval (plan, number);"
    "CREATE TABLE team_review (number BIGINT PRIMARY KEY, by_name TEXT NOT NULL, at_s BIGINT NOT NULL, next TEXT NOT NULL, findings TEXT NOT NULL,"
    " decisions TEXT NOT NULL, theme_kind TEXT NOT NULL, theme_subject TEXT NOT NULL, change TEXT NOT NULL, second TEXT NOT NULL DEFAULT '',"
    " entry TEXT NOT NULL DEFAULT '');"};

eh_code eh_accounts_migrate(eh_store *store, eh_error *error)
{
    return eh_store_migrate(store, "team", steps, sizeof steps / sizeof steps[0], error);
}

/* ---- roles ------------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *name;
    unsigned rights;
} roles[EH_ROLES_COUNT] = {
    [EH_ROLE_VIEWER] = {"viewer", EH_MAY_LOOK},
    [EH_ROLE_MARKETER] = {"marketer", EH_MAY_LOOK | EH_MAY_PLAN | EH_MAY_RELEASE | EH_MAY_ANSWER},
    [EH_ROLE_ANALYST] = {"analyst", EH_MAY_LOOK | EH_MAY_PLAN | EH_MAY_TRAIN},
    [EH_ROLE_ETHICS_OWNER] = {"ethics owner", EH_MAY_LOOK | EH_MAY_ANSWER | EH_MAY_SEE_PEOPLE | EH_MAY_OVERRIDE | EH_MAY_REVIEW},
    [EH_ROLE_ADMIN] = {"admin", EH_MAY_LOOK | EH_MAY_SEE_PEOPLE | EH_MAY_ANSWER | EH_MAY_OVERRIDE | EH_MAY_REVIEW | EH_MAY_ADMINISTER},
};

const char *eh_role_name(eh_role role)
{
    EH_ASSERT(role < EH_ROLES_COUNT);
    return roles[role].name;
}

bool eh_role_find(eh_view name, eh_role *role_out)
{
    for (eh_role r = 0; r < EH_ROLES_COUNT; r++) {
        if (eh_view_equal_nocase(name, eh_view_of(roles[r].name))) {
            *role_out = r;
            return true;
        }
    }
    return false;
}

unsigned eh_role_rights(eh_role role)
{
    EH_ASSERT(role < EH_ROLES_COUNT);
    return roles[role].rights;
}

/* ---- accounts ------------------------------------------------------------------------------------------------------------------ */

static eh_code wish_check(const eh_account_wish *wish, eh_error *error)
{
    eh_view name = eh_view_trim(wish->name);
    if (name.len == 0 || name.len >= EH_ACCOUNT_NAME_BYTES || name.len != wish->name.len || !eh_utf8_valid(name))
        return eh_fail(error, EH_INPUT, "a name has 1 to %d bytes and no blanks around it", EH_ACCOUNT_NAME_BYTES - 1);
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20)
            return eh_fail(error, EH_INPUT, "a name has no control characters");
    if (wish->password.len < EH_PASSWORD_BYTES_MIN || wish->password.len > PASSWORD_BYTES_MAX)
        return eh_fail(error, EH_INPUT, "a password has %d to %d characters; a few words are good", EH_PASSWORD_BYTES_MIN, PASSWORD_BYTES_MAX);
    return EH_OK;
}

eh_code eh_account_add(eh_store *store, const eh_account_wish *wish, eh_error *error)
{
    char kept[128];
    EH_TRY(wish_check(wish, error));
    EH_TRY(eh_password_keep(wish->password, eh_password_cost_usual(), kept, error));
    EH_CLEANUP(eh_statement_close) eh_statement *add = NULL;
    EH_TRY(eh_store_prepare(store,
                            "INSERT INTO team_account (id, name, role, password, made_s, trained_s) "
                            "VALUES ((SELECT coalesce(max(id), 0) + 1 FROM team_account), $1, $2, $3, $4, $5)",
                            &add, error));
    eh_bind_text(add, 1, wish->name);
    eh_bind_text(add, 2, eh_view_of(eh_role_name(wish->role)));
    eh_bind_text(add, 3, eh_view_of(kept));
    eh_bind_integer(add, 4, wish->now_s);
    eh_bind_integer(add, 5, wish->trained ? wish->now_s : 0);
    eh_code code = eh_statement_run(add, error);
    return code == EH_CONFLICT ? eh_fail(error, EH_CONFLICT, "there is an account '%.*s' already", (int)wish->name.len, wish->name.ptr) : code;
}

/* One statement about one account; EH_NOT_FOUND when it touched none. */
static eh_code account_change(eh_store *store, eh_statement *change, eh_view name, eh_error *error)
{
    eh_bind_text(change, 1, name);
    EH_TRY(eh_statement_run(change, error));
    if (eh_store_changes(store) == 0)
        return eh_fail(error, EH_NOT_FOUND, "there is no account '%.*s'", (int)name.len, name.ptr);
    return EH_OK;
}

eh_code eh_account_set_password(eh_store *store, const eh_account_wish *wish, eh_error *error)
{
    char kept[128];
    EH_TRY(wish_check(wish, error));
    EH_TRY(eh_password_keep(wish->password, eh_password_cost_usual(), kept, error));
    EH_CLEANUP(eh_statement_close) eh_statement *change = NULL, *leave = NULL;
    EH_TRY(eh_store_prepare(store, "UPDATE team_account SET password = $2 WHERE name = $1", &change, error));
    EH_TRY(eh_store_prepare(store, "DELETE FROM team_session WHERE account = (SELECT id FROM team_account WHERE name = $1)", &leave, error));
    eh_bind_text(change, 2, eh_view_of(kept));
    EH_TRY(account_change(store, change, wish->name, error));
    eh_bind_text(leave, 1, wish->name);
    return eh_statement_run(leave, error);
}

eh_code eh_account_remove(eh_store *store, eh_view name, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *change = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM team_account WHERE name = $1", &change, error));
    return account_change(store, change, name, error);
}

static eh_code account_read(const eh_statement *row, int first, eh_account *account_out, eh_error *error)
{
    eh_account account = {.id = eh_column_integer(row, first), .trained_s = eh_column_integer(row, first + 3)};
    eh_view name = eh_column_text(row, first + 1);
    if (name.len >= sizeof account.name || !eh_role_find(eh_column_text(row, first + 2), &account.role))
        return eh_fail(error, EH_CORRUPT, "an account of the team cannot be read");
    memcpy(account.name, name.ptr, name.len);
    *account_out = account;
    return EH_OK;
}

eh_code eh_accounts_list(eh_store *store, void (*found)(void *context, const eh_account *account), void *context, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *list = NULL;
    EH_TRY(eh_store_prepare(store, "SELECT id, name, role, trained_s FROM team_account ORDER BY name", &list, error));
    for (bool row = true;;) {
        eh_account account;
        EH_TRY(eh_statement_step(list, &row, error));
        if (!row)
            return EH_OK;
        EH_TRY(account_read(list, 0, &account, error));
        found(context, &account);
    }
}

/* ---- the throttle ---------------------------------------------------------------------------------------------------------------- */

static eh_code failures_count(eh_store *store, const char *sql, eh_view who, int64_t since_s, int64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *count = NULL;
    bool row;
    EH_TRY(eh_store_prepare(store, sql, &count, error));
    eh_bind_text(count, 1, who);
    eh_bind_integer(count, 2, since_s);
    EH_TRY(eh_statement_step(count, &row, error));
    *count_out = row ? eh_column_integer(count, 0) : 0;
    return EH_OK;
}

static eh_code throttle_check(eh_store *store, const eh_sign_in *given, eh_error *error)
{
    int64_t by_name, by_peer, since_s = given->now_s - THROTTLE_SECONDS;
    EH_TRY(failures_count(store, "SELECT count(*) FROM team_failure WHERE name = $1 AND at_s > $2", given->name, since_s, &by_name, error));
    EH_TRY(failures_count(store, "SELECT count(*) FROM team_failure WHERE peer = $1 AND at_s > $2", eh_view_of(given->peer), since_s, &by_peer, error));
    if (by_name >= THROTTLE_NAME_MAX || by_peer >= THROTTLE_PEER_MAX)
        return eh_fail(error, EH_UNAVAILABLE, "too many failed sign-ins; try again in a quarter of an hour");
    return EH_OK;
}

static eh_code failure_note(eh_store *store, const eh_sign_in *given, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *forget = NULL, *note = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM team_failure WHERE at_s <= $1", &forget, error));
    eh_bind_integer(forget, 1, given->now_s - THROTTLE_SECONDS);
    EH_TRY(eh_statement_run(forget, error));
    EH_TRY(eh_store_prepare(store, "INSERT INTO team_failure (at_s, name, peer) VALUES ($1, $2, $3)", &note, error));
    eh_bind_integer(note, 1, given->now_s);
    eh_bind_text(note, 2, given->name);
    eh_bind_text(note, 3, eh_view_of(given->peer));
    return eh_statement_run(note, error);
}

/* ---- sessions ---------------------------------------------------------------------------------------------------------------------- */

static void token_make(char text_out[EH_TOKEN_TEXT_BYTES])
{
    uint8_t bytes[TOKEN_BYTES];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_entropy_fill(NULL, bytes, sizeof bytes);
    eh_base64url_append(&text, (eh_view){(const char *)bytes, sizeof bytes});
    EH_ASSERT(text.code == EH_OK && text.len < EH_TOKEN_TEXT_BYTES);
    memcpy(text_out, text.ptr, text.len + 1);
    eh_wipe(bytes, sizeof bytes);
}

static eh_code session_add(eh_store *store, int64_t account, int64_t now_s, char token_out[EH_TOKEN_TEXT_BYTES], eh_error *error)
{
    char token[EH_TOKEN_TEXT_BYTES], form_token[EH_TOKEN_TEXT_BYTES];
    token_make(token);
    token_make(form_token);
    eh_digest digest = eh_sha256_of(eh_view_of(token));
    EH_CLEANUP(eh_statement_close) eh_statement *forget = NULL, *add = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM team_session WHERE made_s <= $1 OR seen_s <= $2", &forget, error));
    eh_bind_integer(forget, 1, now_s - SESSION_SECONDS_MAX);
    eh_bind_integer(forget, 2, now_s - SESSION_IDLE_SECONDS_MAX);
    EH_TRY(eh_statement_run(forget, error));
    EH_TRY(eh_store_prepare(store, "INSERT INTO team_session (token, account, form_token, made_s, seen_s) VALUES ($1, $2, $3, $4, $4)", &add, error));
    eh_bind_bytes(add, 1, (eh_view){(const char *)digest.bytes, sizeof digest.bytes});
    eh_bind_integer(add, 2, account);
    eh_bind_text(add, 3, eh_view_of(form_token));
    eh_bind_integer(add, 4, now_s);
    EH_TRY(eh_statement_run(add, error));
    memcpy(token_out, token, sizeof token);
    return EH_OK;
}

/* What is compared with when there is no such account, so that the answer takes as long: no password hashes to it. */
static const char nobody[] = "$argon2id$v=19$m=65536,t=3,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

eh_code eh_session_open(eh_store *store, const eh_sign_in *given, char token_out[EH_TOKEN_TEXT_BYTES], eh_error *error)
{
    EH_TRY(throttle_check(store, given, error));
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    char kept[128] = {0};
    bool row;
    EH_TRY(eh_store_prepare(store, "SELECT id, password FROM team_account WHERE name = $1", &find, error));
    eh_bind_text(find, 1, given->name);
    EH_TRY(eh_statement_step(find, &row, error));
    int64_t account = row ? eh_column_integer(find, 0) : 0;
    eh_view password = row ? eh_column_text(find, 1) : eh_view_of(nobody);
    memcpy(kept, password.ptr, password.len < sizeof kept ? password.len : sizeof kept - 1);
    eh_statement_reset(find);
    if (given->password.len > PASSWORD_BYTES_MAX || !eh_password_matches(kept, given->password) || account == 0) {
        EH_TRY(failure_note(store, given, error));
        return eh_fail(error, EH_DENIED, "name and password do not belong together");
    }
    return session_add(store, account, given->now_s, token_out, error);
}

static eh_code session_touch(eh_store *store, eh_view digest, int64_t now_s, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *touch = NULL;
    EH_TRY(eh_store_prepare(store, "UPDATE team_session SET seen_s = $2 WHERE token = $1", &touch, error));
    eh_bind_bytes(touch, 1, digest);
    eh_bind_integer(touch, 2, now_s);
    return eh_statement_run(touch, error);
}

eh_code eh_session_find(eh_store *store, eh_view token, int64_t now_s, eh_session *session_out, eh_error *error)
{
    eh_digest digest = eh_sha256_of(token);
    eh_view key = {(const char *)digest.bytes, sizeof digest.bytes};
    eh_session session = {0};
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row;
    EH_TRY(eh_store_prepare(store,
                            "SELECT a.id, a.name, a.role, a.trained_s, s.form_token, s.made_s, s.seen_s "
                            "FROM team_session s JOIN team_account a ON a.id = s.account WHERE s.token = $1",
                            &find, error));
    eh_bind_bytes(find, 1, key);
    EH_TRY(eh_statement_step(find, &row, error));
    if (!row || eh_column_integer(find, 5) + SESSION_SECONDS_MAX <= now_s || eh_column_integer(find, 6) + SESSION_IDLE_SECONDS_MAX <= now_s)
        return eh_fail(error, EH_DENIED, "please sign in");
    EH_TRY(account_read(find, 0, &session.account, error));
    eh_view form_token = eh_column_text(find, 4);
    memcpy(session.form_token, form_token.ptr, form_token.len < EH_TOKEN_TEXT_BYTES ? form_token.len : EH_TOKEN_TEXT_BYTES - 1);
    int64_t seen_s = eh_column_integer(find, 6);
    eh_statement_reset(find);
    if (seen_s + SESSION_SEEN_SECONDS <= now_s)
        EH_TRY(session_touch(store, key, now_s, error));
    *session_out = session;
    return EH_OK;
}

eh_code eh_session_close(eh_store *store, eh_view token, eh_error *error)
{
    eh_digest digest = eh_sha256_of(token);
    EH_CLEANUP(eh_statement_close) eh_statement *leave = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM team_session WHERE token = $1", &leave, error));
    eh_bind_bytes(leave, 1, (eh_view){(const char *)digest.bytes, sizeof digest.bytes});
    return eh_statement_run(leave, error);
}
