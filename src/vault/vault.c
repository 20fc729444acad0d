/* The vault: importing, reading, forgetting; each of it written down. */
#include <stdlib.h>
#include <string.h>

#include "vault/vault_int.h"

static const char *const purpose_names[EH_VAULT_PURPOSES_COUNT] = {
    [EH_VAULT_IMPORT] = "import", [EH_VAULT_CHECK] = "check", [EH_VAULT_TRAINING] = "training", [EH_VAULT_REQUEST] = "request",
};

const char *eh_vault_purpose_name(eh_vault_purpose purpose)
{
    EH_ASSERT(purpose < EH_VAULT_PURPOSES_COUNT);
    return purpose_names[purpose];
}

static void rollback(eh_store **store)
{
    if (*store != NULL)
        eh_store_rollback(*store);
}

static bool says_nothing(const char *text)
{
    return text == NULL || eh_view_trim(eh_view_of(text)).len == 0;
}

/* Who sends campaigns or only looks at them has no business with protected attributes. */
static eh_code access_check(const eh_vault_access *access, eh_error *error)
{
    static const char *const shut_out[] = {"marketer", "viewer"};
    if ((unsigned)access->purpose >= EH_VAULT_PURPOSES_COUNT)
        return eh_fail(error, EH_DENIED, "the vault opens only for a purpose: import, check, training or request");
    if (says_nothing(access->role))
        return eh_fail(error, EH_DENIED, "the vault opens only for a named role: who asks? Such as 'analyst', or the command");
    if (says_nothing(access->reason))
        return eh_fail(error, EH_DENIED, "the vault opens only with a reason: why now? Such as 'monthly check'");
    for (size_t i = 0; i < sizeof shut_out / sizeof shut_out[0]; i++)
        if (eh_view_equal_nocase(eh_view_trim(eh_view_of(access->role)), eh_view_of(shut_out[i])))
            return eh_fail(error, EH_DENIED, "the vault does not open for the role '%s'; an analyst, the ethics owner or an admin may look", shut_out[i]);
    return EH_OK;
}

eh_code eh_vault_note(eh_vault *vault, const eh_vault_access *access, const char *attribute, uint64_t people_count, eh_error *error)
{
    EH_TRY(access_check(access, error));
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    EH_TRY(eh_store_prepare(vault->store, "INSERT INTO access (number, at, purpose, role, reason, attribute, people_count) "
                                          "VALUES ((SELECT coalesce(max(number), 0) + 1 FROM access), $1, $2, $3, $4, $5, $6)", &insert, error));
    eh_bind_integer(insert, 1, access->at.seconds);
    eh_bind_text(insert, 2, eh_view_of(eh_vault_purpose_name(access->purpose)));
    eh_bind_text(insert, 3, eh_view_of(access->role));
    eh_bind_text(insert, 4, eh_view_of(access->reason));
    eh_bind_text(insert, 5, eh_view_of(attribute));
    eh_bind_integer(insert, 6, (int64_t)people_count);
    return eh_statement_run(insert, error);
}

/* ---- importing ----------------------------------------------------------------------------------------------------------------- */

static eh_code attribute_put(eh_vault *vault, const eh_workspace_attribute *attribute, uint64_t rows, eh_instant now, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    EH_TRY(eh_store_prepare(vault->store, "INSERT INTO attribute (name, special, necessity, imported_at, expires_at, rows_count) VALUES ($1, $2, $3, $4, $5, $6)", &insert,
                            error));
    eh_bind_text(insert, 1, eh_view_of(attribute->name));
    eh_bind_integer(insert, 2, attribute->special);
    if (attribute->necessity != NULL)
        eh_bind_text(insert, 3, eh_view_of(attribute->necessity));
    eh_bind_integer(insert, 4, now.seconds);
    eh_bind_integer(insert, 5, now.seconds + attribute->keep.seconds);
    eh_bind_integer(insert, 6, (int64_t)rows);
    return eh_statement_run(insert, error);
}

typedef struct {
    eh_pseudonym person;
    size_t at; /* in the caller's keys */
} wanted;

static int compare_wanted(const void *a, const void *b)
{
    return memcmp(((const wanted *)a)->person.bytes, ((const wanted *)b)->person.bytes, EH_PSEUDONYM_BYTES);
}

static wanted *sort_wanted(const eh_vault *vault, const char *const *keys, size_t keys_count, eh_arena *arena)
{
    wanted *sorted = EH_TAKE(arena, keys_count, wanted);
    for (size_t i = 0; sorted != NULL && i < keys_count; i++)
        sorted[i] = (wanted){.person = eh_vault_pseudonym(vault, keys[i]), .at = i};
    if (sorted != NULL && keys_count > 0)
        qsort(sorted, keys_count, sizeof *sorted, compare_wanted);
    return sorted;
}

/* In the order of the pseudonyms: every row goes to the end of its table, and the file does not tell in which order people came. */
static eh_code values_put(eh_vault *vault, const eh_protected_column *column, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sealed = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    const wanted *sorted = scratch == NULL ? NULL : sort_wanted(vault, column->keys, column->rows_count, scratch);
    if (sorted == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_prepare(vault->store, "INSERT INTO held (attribute, person, value) VALUES ($1, $2, $3)", &insert, error));
    for (size_t i = 0; i < column->rows_count; i++) {
        const eh_pseudonym *person = &sorted[i].person;
        const char *value = column->values[sorted[i].at];
        if (value == NULL)
            continue;
        eh_buffer_clear(&sealed);
        EH_TRY(eh_vault_seal(vault, person, column->attribute, value, &sealed, error));
        eh_bind_text(insert, 1, eh_view_of(column->attribute));
        eh_bind_bytes(insert, 2, (eh_view){(const char *)person->bytes, sizeof person->bytes});
        eh_bind_bytes(insert, 3, eh_buffer_view(&sealed));
        EH_TRY(eh_statement_run(insert, error));
    }
    return EH_OK;
}

static uint64_t known_count(const eh_protected_column *column)
{
    uint64_t count = 0;
    for (size_t i = 0; i < column->rows_count; i++)
        count += column->values[i] != NULL;
    return count;
}

/* The workspace asks for it too; the vault does not rely on that. */
static eh_code necessity_check(const char *attribute, bool special, const char *necessity, eh_error *error)
{
    if (!special || !says_nothing(necessity))
        return EH_OK;
    return eh_fail(error, EH_DENIED, "'%.63s' is a special category without a note of why nothing synthetic or anonymous will do; write it as 'necessity' into "
                                     "evenhand.yaml (AI Act, Article 4a)", attribute);
}

eh_code eh_vault_import(eh_vault *vault, eh_workspace *workspace, const eh_people_options *options, const eh_vault_access *access, uint64_t *rows_out, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(workspace);
    if (access->purpose != EH_VAULT_IMPORT)
        return eh_fail(error, EH_DENIED, "only an import puts something into the vault");
    EH_TRY(access_check(access, error));
    for (size_t i = 0; i < model->attributes_count; i++) {
        const eh_workspace_attribute *attribute = &model->attributes[i];
        EH_TRY(necessity_check(attribute->name, attribute->special, attribute->necessity, error));
        if (attribute->keep.seconds <= 0)
            return eh_fail(error, EH_DENIED, "'%.63s' has no time after which it is deleted; write it as 'keep' into evenhand.yaml", attribute->name);
    }
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_protected_column *columns = arena == NULL ? NULL : EH_TAKE(arena, model->attributes_count, eh_protected_column);
    if (columns == NULL)
        return eh_fail_memory(error);
    if (model->attributes_count > 0)
        EH_TRY(eh_protected_read(workspace, options, arena, columns, error));
    uint64_t rows = 0;
    EH_TRY(eh_store_begin(vault->store, error));
    EH_CLEANUP(rollback) eh_store *undo = vault->store;
    EH_TRY(eh_store_run(vault->store, "DELETE FROM attribute", error)); /* and, by the foreign key, all that is held */
    for (size_t i = 0; i < model->attributes_count; i++) {
        uint64_t known = known_count(&columns[i]);
        EH_TRY(attribute_put(vault, &model->attributes[i], known, access->at, error));
        EH_TRY(values_put(vault, &columns[i], error));
        EH_TRY(eh_vault_note(vault, access, columns[i].attribute, known, error));
        rows += known;
    }
    EH_TRY(eh_store_commit(vault->store, error));
    undo = NULL;
    if (rows_out != NULL)
        *rows_out = rows;
    return EH_OK;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------------- */

static eh_code check_attribute(eh_vault *vault, const char *attribute, eh_instant now, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row = false;
    char shown[EH_INSTANT_TEXT_BYTES];
    EH_TRY(eh_store_prepare(vault->store, "SELECT expires_at, special, necessity FROM attribute WHERE name = $1", &find, error));
    eh_bind_text(find, 1, eh_view_of(attribute));
    EH_TRY(eh_statement_step(find, &row, error));
    if (!row)
        return eh_fail(error, EH_NOT_FOUND, "the vault holds no '%.63s'; 'evenhand vault import' reads the protected attributes of evenhand.yaml", attribute);
    int64_t expires = eh_column_integer(find, 0);
    char necessity[2] = {eh_view_trim(eh_column_text(find, 2)).len > 0 ? 'y' : '\0'};
    EH_TRY(necessity_check(attribute, eh_column_integer(find, 1) != 0, necessity, error));
    if (now.seconds < expires)
        return EH_OK;
    eh_instant_text((eh_instant){.seconds = expires}, EH_FRACTION_NONE, shown);
    return eh_fail(error, EH_DENIED, "'%.63s' could be kept until %s and may not be read any more; 'evenhand vault import' reads it anew", attribute, shown);
}

/* Both sides are in the order of the pseudonyms. */
static eh_code merge(eh_vault *vault, const char *attribute, const wanted *sorted, size_t count, eh_arena *arena, const char **values_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *walk = NULL;
    EH_TRY(eh_store_prepare(vault->store, "SELECT person, value FROM held WHERE attribute = $1 ORDER BY person", &walk, error));
    eh_bind_text(walk, 1, eh_view_of(attribute));
    for (size_t at = 0;;) {
        bool row = false;
        EH_TRY(eh_statement_step(walk, &row, error));
        if (!row)
            return EH_OK;
        eh_view person = eh_column_bytes(walk, 0);
        if (person.len != EH_PSEUDONYM_BYTES)
            return eh_fail(error, EH_CORRUPT, "%s: a pseudonym of %zu bytes", eh_store_path(vault->store), person.len);
        while (at < count && memcmp(sorted[at].person.bytes, person.ptr, EH_PSEUDONYM_BYTES) < 0)
            at++;
        if (at == count || memcmp(sorted[at].person.bytes, person.ptr, EH_PSEUDONYM_BYTES) != 0)
            continue;
        const char *text = NULL;
        EH_TRY(eh_vault_unseal(vault, person, attribute, eh_column_bytes(walk, 1), arena, &text, error));
        for (; at < count && memcmp(sorted[at].person.bytes, person.ptr, EH_PSEUDONYM_BYTES) == 0; at++)
            values_out[sorted[at].at] = text;
    }
}

eh_code eh_vault_read(eh_vault *vault, const eh_vault_access *access, const eh_vault_query *query, eh_arena *arena, const char **values_out, eh_error *error)
{
    if (access->purpose == EH_VAULT_IMPORT)
        return eh_fail(error, EH_DENIED, "the vault is read for a check, for training or for a person's request, and not for an import");
    if (access->purpose == EH_VAULT_REQUEST && query->keys_count != 1)
        return eh_fail(error, EH_DENIED, "a person's request is about one person, and not about %zu", query->keys_count);
    EH_TRY(access_check(access, error));
    EH_TRY(check_attribute(vault, query->attribute, access->at, error));
    EH_TRY(eh_vault_note(vault, access, query->attribute, query->keys_count, error)); /* on the disk before anything is read */
    EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
    wanted *sorted = scratch == NULL ? NULL : sort_wanted(vault, query->keys, query->keys_count, scratch);
    if (sorted == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < query->keys_count; i++)
        values_out[i] = NULL;
    return merge(vault, query->attribute, sorted, query->keys_count, arena, values_out, error);
}

/* ---- forgetting -------------------------------------------------------------------------------------------------------------------- */

eh_code eh_vault_forget(eh_vault *vault, const eh_vault_access *access, const char *key, uint64_t *rows_out, eh_error *error)
{
    eh_pseudonym person = eh_vault_pseudonym(vault, key);
    uint64_t rows = 0;
    if (access->purpose != EH_VAULT_REQUEST)
        return eh_fail(error, EH_DENIED, "one person is forgotten at their own request, and for nothing else");
    {
        EH_CLEANUP(eh_statement_close) eh_statement *erase = NULL;
        EH_TRY(eh_store_begin(vault->store, error));
        EH_CLEANUP(rollback) eh_store *undo = vault->store;
        EH_TRY(eh_store_prepare(vault->store, "DELETE FROM held WHERE person = $1", &erase, error));
        eh_bind_bytes(erase, 1, (eh_view){(const char *)person.bytes, sizeof person.bytes});
        EH_TRY(eh_statement_run(erase, error));
        rows = eh_store_changes(vault->store);
        EH_TRY(eh_vault_note(vault, access, "(all of one person, erased)", 1, error));
        EH_TRY(eh_store_commit(vault->store, error));
        undo = NULL;
    }
    if (rows > 0)
        EH_TRY(eh_store_scrub(vault->store, error));
    if (rows_out != NULL)
        *rows_out = rows;
    return EH_OK;
}

static eh_code expired_count(eh_vault *vault, eh_instant now, uint64_t *rows_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *count = NULL;
    bool row = false;
    EH_TRY(eh_store_prepare(vault->store, "SELECT count(*) FROM held JOIN attribute ON attribute.name = held.attribute WHERE expires_at <= $1", &count, error));
    eh_bind_integer(count, 1, now.seconds);
    EH_TRY(eh_statement_step(count, &row, error));
    *rows_out = row ? (uint64_t)eh_column_integer(count, 0) : 0;
    return EH_OK;
}

eh_code eh_vault_purge(eh_vault *vault, eh_instant now, uint64_t *rows_out, eh_error *error)
{
    uint64_t rows = 0;
    EH_TRY(expired_count(vault, now, &rows, error));
    {
        EH_CLEANUP(eh_statement_close) eh_statement *erase = NULL;
        EH_TRY(eh_store_prepare(vault->store, "DELETE FROM attribute WHERE expires_at <= $1", &erase, error));
        eh_bind_integer(erase, 1, now.seconds);
        EH_TRY(eh_statement_run(erase, error));
    }
    if (rows > 0)
        EH_TRY(eh_store_scrub(vault->store, error));
    *rows_out = rows;
    return EH_OK;
}

/* ---- what is there ------------------------------------------------------------------------------------------------------------------ */

eh_code eh_vault_list(eh_vault *vault, eh_arena *arena, const eh_vault_attribute **attributes_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *walk = NULL;
    eh_vault_attribute *list = EH_TAKE(arena, EH_ATTRIBUTES_MAX, eh_vault_attribute);
    size_t count = 0;
    if (list == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_prepare(vault->store, "SELECT name, special, necessity, imported_at, expires_at, rows_count FROM attribute ORDER BY name", &walk, error));
    for (;;) {
        bool row = false;
        EH_TRY(eh_statement_step(walk, &row, error));
        if (!row || count == EH_ATTRIBUTES_MAX)
            break;
        list[count] = (eh_vault_attribute){
            .name = eh_arena_copy(arena, eh_column_text(walk, 0)),
            .special = eh_column_integer(walk, 1) != 0,
            .necessity = eh_column_null(walk, 2) ? NULL : eh_arena_copy(arena, eh_column_text(walk, 2)),
            .imported_at = {.seconds = eh_column_integer(walk, 3)},
            .expires_at = {.seconds = eh_column_integer(walk, 4)},
            .rows_count = (uint64_t)eh_column_integer(walk, 5),
        };
        if (list[count++].name == NULL)
            return eh_fail_memory(error);
    }
    *attributes_out = list;
    *count_out = count;
    return EH_OK;
}

eh_code eh_vault_log(eh_vault *vault, size_t count_max, eh_arena *arena, const eh_vault_entry **entries_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *walk = NULL;
    eh_vault_entry *entries = EH_TAKE(arena, count_max, eh_vault_entry);
    size_t count = 0;
    if (entries == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_prepare(vault->store, "SELECT number, at, purpose, role, reason, attribute, people_count FROM access ORDER BY number DESC", &walk, error));
    while (count < count_max) {
        bool row = false;
        EH_TRY(eh_statement_step(walk, &row, error));
        if (!row)
            break;
        entries[count] = (eh_vault_entry){
            .number = (uint64_t)eh_column_integer(walk, 0),
            .at = {.seconds = eh_column_integer(walk, 1)},
            .purpose = eh_arena_copy(arena, eh_column_text(walk, 2)),
            .role = eh_arena_copy(arena, eh_column_text(walk, 3)),
            .reason = eh_arena_copy(arena, eh_column_text(walk, 4)),
            .attribute = eh_arena_copy(arena, eh_column_text(walk, 5)),
            .people_count = (uint64_t)eh_column_integer(walk, 6),
        };
        if (entries[count].purpose == NULL || entries[count].role == NULL || entries[count].reason == NULL || entries[count].attribute == NULL)
            return eh_fail_memory(error);
        count++;
    }
    *entries_out = entries;
    *count_out = count;
    return EH_OK;
}
