/* Keys of the interface: scopes, making, listing, removing. */
#include "web/api_keys.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/secrets.h"
#include "data/workspace.h"

enum { KEY_BYTES = 32 };

static const char *const steps[] = {
    "CREATE TABLE api_key (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, hash BYTEA NOT NULL, scopes BIGINT NOT NULL, rate BIGINT NOT NULL,"
    " made_s BIGINT NOT NULL);"
    "CREATE TABLE api_answer (name BYTEA PRIMARY KEY, request BYTEA NOT NULL, status BIGINT NOT NULL, content_type TEXT NOT NULL,"
    " body BYTEA NOT NULL, made_s BIGINT NOT NULL);"
    "CREATE INDEX api_answer_made ON api_answer (made_s);"
    "CREATE TABLE api_outcome (number BIGINT PRIMARY KEY, person TEXT NOT NULL, name TEXT NOT NULL, at_s BIGINT NOT NULL, decision TEXT NOT NULL,"
    " value DOUBLE PRECISION NOT NULL, recorded_s BIGINT NOT NULL, UNIQUE (person, name, at_s, decision));",
    "ALTER TABLE api_answer ADD COLUMN location TEXT NOT NULL DEFAULT '';"
    "CREATE TABLE api_plan_request (request TEXT PRIMARY KEY, campaign TEXT NOT NULL, state BIGINT NOT NULL, asked_s BIGINT NOT NULL,"
    " finished_s BIGINT NOT NULL, plan TEXT NOT NULL, outcome TEXT NOT NULL, status BIGINT NOT NULL, detail TEXT NOT NULL);"};

eh_code eh_api_migrate(eh_store *store, eh_error *error)
{
    return eh_store_migrate(store, "api", steps, sizeof steps / sizeof steps[0], error);
}

/* ---- scopes ------------------------------------------------------------------------------------------------------------------------ */

static const char *const names[EH_SCOPES_COUNT] = {"decisions", "explanations", "plans",  "consents", "preferences", "people",
                                                   "feedback",  "outcomes",     "proofs", "links",    "metrics"};

const char *eh_scope_name(eh_scope scope)
{
    EH_ASSERT(scope < EH_SCOPES_COUNT);
    return names[scope];
}

static eh_code scope_read(eh_view word, uint32_t *scopes, eh_error *error)
{
    static const eh_view read = {":read", 5};
    char name[40];
    bool reads = word.len > read.len && memcmp(word.ptr + word.len - read.len, read.ptr, read.len) == 0;
    if (reads)
        word.len -= read.len;
    for (unsigned s = 0; s < EH_SCOPES_COUNT; s++) {
        if (!eh_view_equal(word, eh_view_of(names[s])))
            continue;
        *scopes |= (reads ? 1U : 3U) << 2 * s;
        return EH_OK;
    }
    snprintf(name, sizeof name, "%.*s", (int)(word.len < 32 ? word.len : 32), word.ptr);
    const char *nearest = eh_nearest_name(name, names, EH_SCOPES_COUNT);
    if (nearest != NULL)
        return eh_fail(error, EH_INPUT, "'%s' is no scope; did you mean %s?", name, nearest);
    return eh_fail(error, EH_INPUT, "'%s' is no scope; the scopes are decisions, explanations, plans, consents, preferences, people, feedback, outcomes, proofs, "
                   "links and metrics, each also as NAME:read", name);
}

eh_code eh_scopes_read(eh_view text, uint32_t *scopes_out, eh_error *error)
{
    uint32_t scopes = 0;
    while (text.len > 0) {
        const char *comma = memchr(text.ptr, ',', text.len);
        size_t len = comma == NULL ? text.len : (size_t)(comma - text.ptr);
        EH_TRY(scope_read(eh_view_trim((eh_view){text.ptr, len}), &scopes, error));
        text.ptr += comma == NULL ? len : len + 1;
        text.len -= comma == NULL ? len : len + 1;
    }
    if (scopes == 0)
        return eh_fail(error, EH_INPUT, "a key needs a scope, such as consents,feedback:read");
    *scopes_out = scopes;
    return EH_OK;
}

void eh_scopes_append(uint32_t scopes, eh_buffer *out)
{
    bool first = true;
    for (unsigned s = 0; s < EH_SCOPES_COUNT; s++) {
        unsigned bits = scopes >> 2 * s & 3U;
        if (bits == 0)
            continue;
        eh_buffer_format(out, "%s%s%s", first ? "" : ",", names[s], bits == 1 ? ":read" : "");
        first = false;
    }
}

/* ---- keys ---------------------------------------------------------------------------------------------------------------------------- */

static eh_code key_row(const eh_statement *row, eh_api_key *key_out, eh_error *error)
{
    eh_view name = eh_column_text(row, 1), hash = eh_column_bytes(row, 2);
    int64_t scopes = eh_column_integer(row, 3), rate = eh_column_integer(row, 4);
    if (name.len >= EH_API_KEY_NAME_BYTES || hash.len != sizeof key_out->hash || scopes <= 0 || scopes > UINT32_MAX || rate <= 0 || rate > EH_API_RATE_MAX)
        return eh_fail(error, EH_CORRUPT, "a key of the interface cannot be read");
    eh_api_key key = {.id = eh_column_integer(row, 0), .scopes = (uint32_t)scopes, .rate = (uint32_t)rate, .made_s = eh_column_integer(row, 5)};
    memcpy(key.name, name.ptr, name.len);
    memcpy(key.hash, hash.ptr, hash.len);
    *key_out = key;
    return EH_OK;
}

eh_code eh_api_keys_load(eh_store *store, eh_api_key *keys_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *list = NULL;
    size_t count = 0;
    EH_TRY(eh_store_prepare(store, "SELECT id, name, hash, scopes, rate, made_s FROM api_key ORDER BY id LIMIT $1", &list, error));
    eh_bind_integer(list, 1, EH_API_KEYS_MAX);
    for (bool row = true; count < EH_API_KEYS_MAX;) {
        EH_TRY(eh_statement_step(list, &row, error));
        if (!row)
            break;
        EH_TRY(key_row(list, &keys_out[count], error));
        count++;
    }
    *count_out = count;
    return EH_OK;
}

static eh_code keys_open(const char *folder, eh_store **store_out, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_TRY(eh_workspace_open(folder, &workspace, error));
    const char *state = eh_workspace_get(workspace)->state_folder;
    if (mkdir(state, 0700) != 0 && errno != EEXIST)
        return eh_fail(error, EH_IO, "%s: cannot be made: %s", state, strerror(errno));
    eh_buffer_format(&path, "%s/evenhand.db", state);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_store_open(path.ptr, &(eh_store_options){.mode = EH_STORE_CREATE}, &store, error));
    EH_TRY(eh_api_migrate(store, error));
    *store_out = store;
    store = NULL;
    return EH_OK;
}

static eh_code name_check(const char *name, eh_error *error)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if ((unsigned char)name[i] <= 0x20 || (unsigned char)name[i] > 0x7E)
            return eh_fail(error, EH_INPUT, "a key's name has letters, digits and signs, no blanks: shop-system, newsletter-tool");
    if (len == 0 || len >= EH_API_KEY_NAME_BYTES)
        return eh_fail(error, EH_INPUT, "a key's name has 1 to %d characters", EH_API_KEY_NAME_BYTES - 1);
    return EH_OK;
}

static eh_code room_check(eh_store *store, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *count = NULL;
    bool row;
    EH_TRY(eh_store_prepare(store, "SELECT count(*) FROM api_key", &count, error));
    EH_TRY(eh_statement_step(count, &row, error));
    if (eh_column_integer(count, 0) >= EH_API_KEYS_MAX)
        return eh_fail(error, EH_LIMIT, "there are %d keys already, which is the most; remove one that nobody uses", EH_API_KEYS_MAX);
    return EH_OK;
}

static eh_code key_insert(eh_store *store, const eh_api_key_change *change, uint32_t scopes, eh_view token, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *add = NULL;
    eh_digest hash = eh_sha256_of(token);
    EH_TRY(room_check(store, error));
    EH_TRY(eh_store_prepare(store,
                            "INSERT INTO api_key (id, name, hash, scopes, rate, made_s) VALUES ((SELECT coalesce(max(id), 0) + 1 FROM api_key), $1, $2, $3, $4, $5)",
                            &add, error));
    eh_bind_text(add, 1, eh_view_of(change->name));
    eh_bind_bytes(add, 2, (eh_view){(const char *)hash.bytes, sizeof hash.bytes});
    eh_bind_integer(add, 3, scopes);
    eh_bind_integer(add, 4, change->rate == 0 ? EH_API_RATE_USUAL : change->rate);
    eh_bind_integer(add, 5, change->now_s);
    eh_code code = eh_statement_run(add, error);
    return code == EH_CONFLICT ? eh_fail(error, EH_CONFLICT, "there is a key '%s' already; remove it first, or choose another name", change->name) : code;
}

eh_code eh_api_key_add(const eh_api_key_change *change, char token_out[EH_API_TOKEN_BYTES], eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer token = {0};
    EH_CLEANUP(eh_secret_wipe) eh_secret secret = {0};
    uint32_t scopes = 0;
    EH_TRY(name_check(change->name, error));
    EH_TRY(eh_scopes_read(eh_view_of(change->scopes), &scopes, error));
    EH_TRY(keys_open(change->folder, &store, error));
    eh_entropy_fill(NULL, secret.bytes, KEY_BYTES);
    eh_buffer_text(&token, "eh_");
    eh_base64url_append(&token, (eh_view){(const char *)secret.bytes, KEY_BYTES});
    EH_TRY(eh_buffer_check(&token, error));
    EH_ASSERT(token.len < EH_API_TOKEN_BYTES);
    eh_code code = key_insert(store, change, scopes, eh_buffer_view(&token), error);
    if (code == EH_OK)
        memcpy(token_out, token.ptr, token.len + 1);
    eh_wipe(token.ptr, token.len);
    return code;
}

eh_code eh_api_key_remove(const eh_api_key_change *change, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    EH_CLEANUP(eh_statement_close) eh_statement *remove = NULL;
    EH_TRY(keys_open(change->folder, &store, error));
    EH_TRY(eh_store_prepare(store, "DELETE FROM api_key WHERE name = $1", &remove, error));
    eh_bind_text(remove, 1, eh_view_of(change->name));
    eh_code code = eh_statement_run(remove, error);
    if (code == EH_OK && eh_store_changes(store) == 0)
        code = eh_fail(error, EH_NOT_FOUND, "there is no key '%.100s'; evenhand keys api list shows all", change->name);
    eh_statement_close(&remove);
    return code;
}

eh_code eh_api_keys_list(const char *folder, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    static const char none[] = "no keys yet; make the first with: evenhand keys api add NAME --scope consents,feedback:read\n";
    eh_api_key keys[EH_API_KEYS_MAX];
    size_t count = 0;
    EH_TRY(keys_open(folder, &store, error));
    EH_TRY(eh_api_keys_load(store, keys, &count, error));
    if (count == 0)
        eh_buffer_text(out, none);
    else
        eh_buffer_format(out, "%-24s  %9s  %s\n", "name", "rate", "scopes");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_format(out, "%-24s  %7u/s  ", keys[i].name, keys[i].rate);
        eh_scopes_append(keys[i].scopes, out);
        eh_buffer_byte(out, '\n');
    }
    return eh_buffer_check(out, error);
}
