/*
 * Acts on the disk. An act is written once and never edited. Each carries a seal over itself and the seal of the person's act before it, made with a
 * key that is not in the database; the person's row holds the last one. So whoever changes, adds or takes away an act with other tools is found out
 * when the file is opened next.
 */
#include <string.h>

#include "rights/records_int.h"

const char *const eh_rights_tables[] = {
    "CREATE TABLE rights_counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);"
    "CREATE TABLE rights_person (person BIGINT PRIMARY KEY, key TEXT NOT NULL UNIQUE, since_s BIGINT NOT NULL, acts_count BIGINT NOT NULL,"
    " head BYTEA NOT NULL);"
    "CREATE TABLE rights_alias (alias BIGINT PRIMARY KEY, key TEXT NOT NULL UNIQUE,"
    " person BIGINT NOT NULL REFERENCES rights_person (person) ON DELETE CASCADE);"
    "CREATE INDEX rights_alias_person ON rights_alias (person);"
    /* e-mail addresses and telephone numbers, as far as somebody has told them to us */
    "CREATE TABLE rights_contact (contact BIGINT PRIMARY KEY, person BIGINT NOT NULL REFERENCES rights_person (person) ON DELETE CASCADE,"
    " kind TEXT NOT NULL, value TEXT NOT NULL);"
    "CREATE UNIQUE INDEX rights_contact_value ON rights_contact (kind, value, person);"
    "CREATE INDEX rights_contact_person ON rights_contact (person);"
    "CREATE TABLE rights_wording (wording BYTEA PRIMARY KEY, text TEXT NOT NULL, version TEXT NOT NULL, language TEXT NOT NULL,"
    " since_s BIGINT NOT NULL);"
    "CREATE UNIQUE INDEX rights_wording_version ON rights_wording (version, language) WHERE version <> '';"
    "CREATE TABLE rights_act (act BIGINT PRIMARY KEY, person BIGINT NOT NULL REFERENCES rights_person (person) ON DELETE CASCADE,"
    " record BIGINT NOT NULL UNIQUE, kind BIGINT NOT NULL, said_by BIGINT NOT NULL, purpose BIGINT NOT NULL, channel BIGINT NOT NULL,"
    " control BIGINT NOT NULL, at_s BIGINT NOT NULL, until_s BIGINT NOT NULL, birth_day BIGINT NOT NULL, soft_facts BIGINT NOT NULL,"
    " jurisdiction TEXT NOT NULL, product_group TEXT NOT NULL, how TEXT NOT NULL, wording BYTEA REFERENCES rights_wording (wording),"
    " recorded_s BIGINT NOT NULL, seal BYTEA NOT NULL, ledger TEXT);"
    "CREATE INDEX rights_act_person ON rights_act (person, act);"
    "CREATE INDEX rights_act_unlogged ON rights_act (act) WHERE ledger IS NULL;"
    /* what happened to whole people, for other processes that hold them in memory */
    "CREATE TABLE rights_move (move BIGINT PRIMARY KEY, person BIGINT NOT NULL, merged BIGINT NOT NULL);"
    "CREATE TABLE rights_suppression (suppression BIGINT PRIMARY KEY, hash BYTEA NOT NULL UNIQUE, at_s BIGINT NOT NULL);"
    "CREATE TABLE rights_request (request BIGINT PRIMARY KEY, person BIGINT REFERENCES rights_person (person) ON DELETE SET NULL,"
    " kind TEXT NOT NULL, received_s BIGINT NOT NULL, due_s BIGINT NOT NULL, closed_s BIGINT, outcome TEXT);"
    "CREATE INDEX rights_request_open ON rights_request (due_s) WHERE closed_s IS NULL;"
    "CREATE TABLE rights_correction (correction BIGINT PRIMARY KEY,"
    " person BIGINT NOT NULL REFERENCES rights_person (person) ON DELETE CASCADE, field TEXT NOT NULL, value TEXT NOT NULL, at_s BIGINT NOT NULL);"
    "CREATE INDEX rights_correction_person ON rights_correction (person, correction);"
    "CREATE TABLE rights_disclosure (disclosure BIGINT PRIMARY KEY,"
    " person BIGINT NOT NULL REFERENCES rights_person (person) ON DELETE CASCADE, recipient TEXT NOT NULL, what TEXT NOT NULL, at_s BIGINT NOT NULL);"
    "CREATE UNIQUE INDEX rights_disclosure_once ON rights_disclosure (person, recipient, what);"
    "CREATE TABLE rights_outbox (notice BIGINT PRIMARY KEY,"
    " person BIGINT NOT NULL REFERENCES rights_person (person) ON DELETE CASCADE, recipient TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL,"
    " at_s BIGINT NOT NULL, sent_s BIGINT);"
    "CREATE INDEX rights_outbox_waiting ON rights_outbox (notice) WHERE sent_s IS NULL;"
    "CREATE INDEX rights_outbox_person ON rights_outbox (person);"
    "CREATE INDEX rights_request_person ON rights_request (person)",
    /* what an export of another workspace has brought of its other rooms */
    "CREATE TABLE rights_item (item BIGINT PRIMARY KEY, person BIGINT NOT NULL REFERENCES rights_person (person) ON DELETE CASCADE,"
    " part TEXT NOT NULL, json TEXT NOT NULL);"
    "CREATE INDEX rights_item_person ON rights_item (person, item)",
};
const size_t eh_rights_tables_count = sizeof eh_rights_tables / sizeof eh_rights_tables[0];

/* ---- reading a row ------------------------------------------------------------------------------------------------------------------ */

static bool text_take(eh_view text, char *to, size_t size)
{
    if (text.len >= size)
        return false;
    memcpy(to, text.ptr, text.len);
    to[text.len] = '\0';
    return true;
}

static bool in(int64_t value, int64_t low, int64_t high)
{
    return value >= low && value <= high;
}

eh_code eh_act_row_read(const eh_statement *s, eh_act_row *row_out, eh_error *error)
{
    eh_act_row *row = row_out;
    row->act_number = eh_column_integer(s, 0);
    row->person = eh_column_integer(s, 1);
    int64_t kind = eh_column_integer(s, 3), by = eh_column_integer(s, 4), purpose = eh_column_integer(s, 5), channel = eh_column_integer(s, 6);
    int64_t control = eh_column_integer(s, 7), birth_day = eh_column_integer(s, 10), facts = eh_column_integer(s, 11);
    eh_view jurisdiction = eh_column_text(s, 12);
    row->act = (eh_act){.record = (uint64_t)eh_column_integer(s, 2), .at_s = eh_column_integer(s, 8), .until_s = eh_column_integer(s, 9)};
    row->wording_hash = eh_column_bytes(s, 15);
    row->recorded_s = eh_column_integer(s, 16);
    row->seal = eh_column_bytes(s, 17);
    bool sound = in(kind, 0, EH_ACTS_COUNT - 1) && in(by, 0, EH_BYS_COUNT - 1) && in(purpose, 0, EH_PURPOSES_COUNT - 1) &&
                 in(channel, 0, EH_CHANNELS_COUNT - 1) && in(control, 0, EH_CONTROLS_COUNT - 1) && in(birth_day, INT32_MIN, INT32_MAX) &&
                 in(facts, 0, UINT32_MAX) && jurisdiction.len < sizeof row->act.jurisdiction.text && row->seal.len == EH_SEAL_BYTES &&
                 (row->wording_hash.ptr == NULL || row->wording_hash.len == EH_HASH_BYTES) &&
                 text_take(eh_column_text(s, 13), row->product_group, sizeof row->product_group) &&
                 text_take(eh_column_text(s, 14), row->how, sizeof row->how);
    if (!sound)
        return eh_fail(error, EH_CORRUPT, "act %lld is not as it was recorded: a value that is never written; restore a backup",
                       (long long)row->act_number);
    row->act.kind = (eh_act_kind)kind;
    row->act.by = (eh_act_by)by;
    row->act.purpose = (eh_purpose)purpose;
    row->act.channel = (eh_channel)channel;
    row->act.control = (eh_control)control;
    row->act.birth_day = (int32_t)birth_day;
    row->act.soft_facts = (uint32_t)facts;
    memcpy(row->act.jurisdiction.text, jurisdiction.ptr, jurisdiction.len);
    row->act.product_group = row->product_group[0] != '\0' ? row->product_group : NULL;
    row->act.how = row->how[0] != '\0' ? row->how : NULL;
    return EH_OK;
}

/* ---- seals and ids ------------------------------------------------------------------------------------------------------------------- */

/* The message of a seal or an id: numbers as 8 bytes, texts with their length before them. */
typedef struct {
    char bytes[4096];
    size_t len;
} message;

static void add_number(message *m, int64_t number)
{
    EH_ASSERT(m->len + 8 <= sizeof m->bytes);
    for (int i = 0; i < 8; i++)
        m->bytes[m->len++] = (char)(uint8_t)((uint64_t)number >> (8 * i));
}

static void add_bytes(message *m, eh_view bytes)
{
    add_number(m, (int64_t)bytes.len);
    EH_ASSERT(m->len + bytes.len <= sizeof m->bytes);
    if (bytes.len > 0)
        memcpy(m->bytes + m->len, bytes.ptr, bytes.len);
    m->len += bytes.len;
}

static void add_text(message *m, const char *text)
{
    add_bytes(m, text != NULL ? eh_view_of(text) : (eh_view){0});
}

static void add_act(message *m, const eh_act *act)
{
    add_number(m, act->kind);
    add_number(m, act->by);
    add_number(m, act->purpose);
    add_number(m, act->channel);
    add_number(m, act->control);
    add_number(m, act->at_s);
    add_number(m, act->until_s);
    add_number(m, act->birth_day);
    add_number(m, act->soft_facts);
    add_bytes(m, (eh_view){act->jurisdiction.text, sizeof act->jurisdiction.text});
    add_text(m, act->product_group);
    add_text(m, act->how);
}

static eh_view secret_view(const eh_secret *secret)
{
    return (eh_view){(const char *)secret->bytes, sizeof secret->bytes};
}

void eh_act_seal(const eh_rights_keys *keys, const uint8_t before[EH_SEAL_BYTES], const eh_act_row *row, uint8_t seal_out[EH_SEAL_BYTES])
{
    message m = {.len = 0};
    add_bytes(&m, (eh_view){(const char *)before, EH_SEAL_BYTES});
    add_number(&m, (int64_t)row->act.record);
    add_act(&m, &row->act);
    add_bytes(&m, row->wording_hash);
    add_number(&m, row->recorded_s);
    eh_digest digest = eh_hmac_with(&keys->seal, (eh_view){m.bytes, m.len});
    memcpy(seal_out, digest.bytes, EH_SEAL_BYTES);
}

eh_code eh_act_changed(const eh_act_row *row, eh_error *error)
{
    return eh_fail(error, EH_CORRUPT,
                   "record %016llx is not as it was recorded, or one before it is gone: somebody changed evenhand.db by other means. Restore a backup",
                   (unsigned long long)row->act.record);
}

eh_code eh_person_changed(eh_view key, eh_error *error)
{
    return eh_fail(error, EH_CORRUPT, "the records of %.*s are not all there: somebody changed evenhand.db by other means. Restore a backup",
                   (int)(key.len < 60 ? key.len : 60), key.ptr);
}

/* All that a person has said, from the first word to the end that their row names; wordings by their hash. */
eh_code eh_person_chain_check(eh_rights *rights, const eh_person_row *person, eh_view key, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *each = NULL;
    uint8_t head[EH_SEAL_BYTES] = {0}, seal[EH_SEAL_BYTES];
    eh_act_row row;
    EH_TRY(eh_rights_prepare(rights, "SELECT " EH_ACT_COLUMNS ", w.text FROM rights_act a LEFT JOIN rights_wording w ON w.wording = a.wording "
                                     "WHERE a.person = $1 ORDER BY a.act", &each, error));
    eh_bind_integer(each, 1, person->person);
    for (bool more = false;;) {
        EH_TRY(eh_statement_step(each, &more, error));
        if (!more)
            break;
        EH_TRY(eh_act_row_read(each, &row, error));
        eh_act_seal(&rights->keys, head, &row, seal);
        if (!eh_same_bytes(seal, row.seal.ptr, EH_SEAL_BYTES))
            return eh_act_changed(&row, error);
        if (row.wording_hash.ptr != NULL) {
            eh_digest hash = eh_sha256_of(eh_column_text(each, EH_ACT_COLUMNS_COUNT));
            if (!eh_same_bytes(hash.bytes, row.wording_hash.ptr, EH_HASH_BYTES))
                return eh_fail(error, EH_CORRUPT, "the wording of record %016llx is not what was shown: somebody changed evenhand.db by other means. Restore a backup",
                               (unsigned long long)row.act.record);
        }
        memcpy(head, seal, EH_SEAL_BYTES);
    }
    return eh_same_bytes(head, person->head, EH_SEAL_BYTES) ? EH_OK : eh_person_changed(key, error);
}

uint64_t eh_act_record(const eh_rights_keys *keys, eh_view key, const eh_act *act, uint32_t attempt)
{
    message m = {.len = 0};
    add_bytes(&m, key);
    add_act(&m, act);
    if (act->wording != NULL) {
        eh_digest hash = eh_sha256_of(eh_view_of(act->wording));
        add_bytes(&m, (eh_view){(const char *)hash.bytes, sizeof hash.bytes});
    }
    add_text(&m, act->version);
    add_number(&m, attempt);
    eh_digest digest = eh_hmac_sha256(secret_view(&keys->record), (eh_view){m.bytes, m.len});
    uint64_t record = 0;
    memcpy(&record, digest.bytes, sizeof record);
    record &= INT64_MAX;
    return record != 0 ? record : 1;
}

/* ---- people ----------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_person_find(eh_rights *rights, eh_view key, eh_person_row *person_out, bool *found_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *find = NULL;
    bool row = false;
    EH_TRY(eh_rights_prepare(rights,
                             "SELECT person, head, acts_count FROM rights_person WHERE key = $1 UNION ALL "
                             "SELECT p.person, p.head, p.acts_count FROM rights_alias a JOIN rights_person p ON p.person = a.person WHERE a.key = $1",
                             &find, error));
    eh_bind_text(find, 1, key);
    EH_TRY(eh_statement_step(find, &row, error));
    if (row) {
        eh_view head = eh_column_bytes(find, 1);
        if (head.len != EH_SEAL_BYTES)
            return eh_fail(error, EH_CORRUPT, "%s: a person's seal has %zu bytes", eh_store_path(rights->store), head.len);
        person_out->person = eh_column_integer(find, 0);
        person_out->acts_count = eh_column_integer(find, 2);
        memcpy(person_out->head, head.ptr, EH_SEAL_BYTES);
    }
    *found_out = row;
    return EH_OK;
}

eh_code eh_person_make(eh_rights *rights, eh_view key, int64_t now_s, eh_person_row *person_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *insert = NULL;
    eh_person_row person = {0};
    EH_TRY(eh_rights_next(rights, EH_COUNT_PERSON, &person.person, error));
    EH_TRY(eh_rights_prepare(rights, "INSERT INTO rights_person (person, key, since_s, acts_count, head) VALUES ($1, $2, $3, 0, $4)", &insert, error));
    eh_bind_integer(insert, 1, person.person);
    eh_bind_text(insert, 2, key);
    eh_bind_integer(insert, 3, now_s);
    eh_bind_bytes(insert, 4, (eh_view){(const char *)person.head, EH_SEAL_BYTES});
    EH_TRY(eh_statement_run(insert, error));
    *person_out = person;
    return EH_OK;
}

/* ---- writing --------------------------------------------------------------------------------------------------------------------------------- */

/* The wording under its hash; a version names one wording for ever. */
static eh_code wording_keep(eh_rights *rights, const eh_act *act, int64_t now_s, const eh_digest *hash, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *statement = NULL;
    const char *version = act->version != NULL ? act->version : "", *language = act->language != NULL ? act->language : "";
    eh_view hash_view = {(const char *)hash->bytes, sizeof hash->bytes};
    bool row = false;
    if (rights->wording_is_kept && memcmp(rights->wording_kept, hash->bytes, EH_HASH_BYTES) == 0)
        return EH_OK;
    EH_TRY(eh_store_prepare(rights->store, "SELECT 1 FROM rights_wording WHERE wording = $1", &statement, error));
    eh_bind_bytes(statement, 1, hash_view);
    EH_TRY(eh_statement_step(statement, &row, error));
    if (row) {
        memcpy(rights->wording_kept, hash->bytes, EH_HASH_BYTES);
        rights->wording_is_kept = true;
        return EH_OK;
    }
    eh_statement_close(&statement);
    EH_TRY(eh_store_prepare(rights->store, "SELECT 1 FROM rights_wording WHERE version = $1 AND language = $2 AND version <> ''", &statement, error));
    eh_bind_text(statement, 1, eh_view_of(version));
    eh_bind_text(statement, 2, eh_view_of(language));
    EH_TRY(eh_statement_step(statement, &row, error));
    if (row)
        return eh_fail(error, EH_CONFLICT, "version '%s' is on record with another wording; a changed wording needs a new version", version);
    eh_statement_close(&statement);
    EH_TRY(eh_store_prepare(rights->store, "INSERT INTO rights_wording (wording, text, version, language, since_s) VALUES ($1, $2, $3, $4, $5)",
                            &statement, error));
    eh_bind_bytes(statement, 1, hash_view);
    eh_bind_text(statement, 2, eh_view_of(act->wording));
    eh_bind_text(statement, 3, eh_view_of(version));
    eh_bind_text(statement, 4, eh_view_of(language));
    eh_bind_integer(statement, 5, now_s);
    return eh_statement_run(statement, error);
}

static eh_code row_insert(eh_rights *rights, const eh_act_row *row, const uint8_t seal[EH_SEAL_BYTES], eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *insert = NULL;
    const eh_act *act = &row->act;
    EH_TRY(eh_rights_prepare(rights,
                             "INSERT INTO rights_act (act, person, record, kind, said_by, purpose, channel, control, at_s, until_s, birth_day, soft_facts,"
                             " jurisdiction, product_group, how, wording, recorded_s, seal)"
                             " VALUES ($1, $2, $3, $4 / 100, $4 % 100, $5 / 100, $5 % 100, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
                             &insert, error));
    eh_bind_integer(insert, 1, row->act_number);
    eh_bind_integer(insert, 2, row->person);
    eh_bind_integer(insert, 3, (int64_t)act->record);
    eh_bind_integer(insert, 4, (int64_t)act->kind * 100 + (int64_t)act->by);
    eh_bind_integer(insert, 5, (int64_t)act->purpose * 100 + (int64_t)act->channel);
    eh_bind_integer(insert, 6, act->control);
    eh_bind_integer(insert, 7, act->at_s);
    eh_bind_integer(insert, 8, act->until_s);
    eh_bind_integer(insert, 9, act->birth_day);
    eh_bind_integer(insert, 10, act->soft_facts);
    eh_bind_text(insert, 11, eh_view_of(act->jurisdiction.text));
    eh_bind_text(insert, 12, eh_view_of(act->product_group != NULL ? act->product_group : ""));
    eh_bind_text(insert, 13, eh_view_of(act->how != NULL ? act->how : ""));
    if (row->wording_hash.ptr != NULL)
        eh_bind_bytes(insert, 14, row->wording_hash);
    else
        eh_bind_null(insert, 14);
    eh_bind_integer(insert, 15, row->recorded_s);
    eh_bind_bytes(insert, 16, (eh_view){(const char *)seal, EH_SEAL_BYTES});
    return eh_statement_run(insert, error);
}

eh_code eh_act_insert(eh_rights *rights, eh_person_row *person, eh_act_row *row, eh_error *error)
{
    eh_digest hash;
    uint8_t seal[EH_SEAL_BYTES];
    row->person = person->person;
    EH_TRY(eh_rights_next(rights, EH_COUNT_ACT, &row->act_number, error));
    if (row->act.wording != NULL) {
        hash = eh_sha256_of(eh_view_of(row->act.wording));
        EH_TRY(wording_keep(rights, &row->act, row->recorded_s, &hash, error));
        row->wording_hash = (eh_view){(const char *)hash.bytes, sizeof hash.bytes};
    }
    eh_act_seal(&rights->keys, person->head, row, seal);
    eh_code code = row_insert(rights, row, seal, error);
    if (row->act.wording != NULL)
        row->wording_hash = (eh_view){0};
    if (code != EH_OK)
        return code;
    memcpy(person->head, seal, EH_SEAL_BYTES);
    person->acts_count++;
    return EH_OK;
}

eh_code eh_person_save(eh_rights *rights, const eh_person_row *person, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *update = NULL;
    EH_TRY(eh_rights_prepare(rights, "UPDATE rights_person SET head = $1, acts_count = $2 WHERE person = $3", &update, error));
    eh_bind_bytes(update, 1, (eh_view){(const char *)person->head, EH_SEAL_BYTES});
    eh_bind_integer(update, 2, person->acts_count);
    eh_bind_integer(update, 3, person->person);
    return eh_statement_run(update, error);
}

/* ---- what an act must be ----------------------------------------------------------------------------------------------------------------------- */

static eh_code text_check(const char *what, const char *text, size_t bytes_max, eh_error *error)
{
    if (text == NULL)
        return EH_OK;
    if (strlen(text) > bytes_max)
        return eh_fail(error, EH_LIMIT, "%s has %zu bytes, at most %zu", what, strlen(text), bytes_max);
    if (!eh_utf8_valid(eh_view_of(text)))
        return eh_fail(error, EH_INPUT, "%s is not valid UTF-8", what);
    return EH_OK;
}

eh_code eh_act_check(const eh_act *act, int64_t now_s, eh_error *error)
{
    EH_TRY(text_check("how it was said", act->how, EH_RIGHTS_HOW_BYTES_MAX, error));
    EH_TRY(text_check("the wording", act->wording, EH_RIGHTS_WORDING_BYTES_MAX, error));
    EH_TRY(text_check("the version", act->version, EH_RIGHTS_NAME_BYTES_MAX, error));
    EH_TRY(text_check("the language", act->language, EH_RIGHTS_NAME_BYTES_MAX, error));
    EH_TRY(text_check("the product group", act->product_group, EH_RIGHTS_NAME_BYTES_MAX, error));
    if (act->at_s <= 0 || act->at_s > UINT32_MAX || act->until_s < 0 || act->until_s > UINT32_MAX)
        return eh_fail(error, EH_INPUT, "the time of an act lies outside 1970 to 2106");
    if (act->at_s > now_s)
        return eh_fail(error, EH_INPUT, "the act lies in the future; nobody has said so yet");
    if (act->until_s != 0 && act->until_s <= act->at_s)
        return eh_fail(error, EH_INPUT, "it would end before it begins");
    bool yes = act->kind == EH_ACT_CONSENT || act->kind == EH_ACT_ASK || act->kind == EH_ACT_PARENT;
    if (yes && act->by == EH_BY_PERSON && (act->wording == NULL || act->wording[0] == '\0'))
        return eh_fail(error, EH_INPUT, "the wording that was shown is missing; without it nobody can show later what was agreed to (GDPR 7(1))");
    if (yes && act->by == EH_BY_PERSON && (act->how == NULL || act->how[0] == '\0'))
        return eh_fail(error, EH_INPUT, "how it was said is missing, such as \"newsletter form on /signup\" (GDPR 7(1))");
    return EH_OK;
}
