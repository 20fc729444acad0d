/* People that go: into another profile of the same person, or for good. */
#include <string.h>

#include "rights/records_int.h"

static eh_code run_for(eh_rights *rights, const char *sql, int64_t first, int64_t second, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *statement = NULL;
    EH_TRY(eh_store_prepare(rights->store, sql, &statement, error));
    eh_bind_integer(statement, 1, first);
    if (second != 0)
        eh_bind_integer(statement, 2, second);
    return eh_statement_run(statement, error);
}

/* Tells every process that holds the person in memory; in the transaction that removes them. */
static eh_code move_write(eh_rights *rights, int64_t person, bool merged, eh_error *error)
{
    int64_t move = 0;
    EH_TRY(eh_rights_next(rights, EH_COUNT_MOVE, &move, error));
    return run_for(rights, merged ? "INSERT INTO rights_move (move, person, merged) VALUES ($1, $2, 1)"
                                  : "INSERT INTO rights_move (move, person, merged) VALUES ($1, $2, 0)",
                   move, person, error);
}

/* ---- merging ------------------------------------------------------------------------------------------------------------------------------ */

eh_code eh_alias_write(eh_rights *rights, eh_view key, int64_t person, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    int64_t alias = 0;
    EH_TRY(eh_rights_next(rights, EH_COUNT_ALIAS, &alias, error));
    EH_TRY(eh_store_prepare(rights->store, "INSERT INTO rights_alias (alias, key, person) VALUES ($1, $2, $3)", &insert, error));
    eh_bind_integer(insert, 1, alias);
    eh_bind_text(insert, 2, key);
    eh_bind_integer(insert, 3, person);
    return eh_statement_run(insert, error);
}

/* The acts of the other profile come to the end of the person's own, as said by a merge; a signal becomes the "no" that it was. */
static eh_code acts_move(eh_rights *rights, const eh_person *from, eh_person_row *into, eh_said_result *results, eh_error *error)
{
    for (size_t i = 0; i < from->acts_count; i++) {
        const eh_person_act *item = &from->acts[i];
        eh_act_row row = {.act = item->act, .recorded_s = item->recorded_s};
        row.act.by = EH_BY_MERGE;
        if (row.act.kind == EH_ACT_SIGNAL)
            row.act = (eh_act){.record = row.act.record, .kind = EH_ACT_WITHDRAW, .by = EH_BY_MERGE, .purpose = EH_PURPOSE_SALE, .at_s = row.act.at_s,
                               .how = "Sec-GPC: 1", .control = EH_CONTROL_UNTOLD};
        else if (row.act.kind == EH_ACT_CONFIRM) /* a confirmed yes is a yes; what it confirmed does not wait any more */
            row.act.kind = EH_ACT_CONSENT;
        results[i] = (eh_said_result){.record = row.act.record};
        EH_TRY(eh_act_insert(rights, into, &row, error));
    }
    return eh_person_save(rights, into, error);
}

static eh_code merge_write(eh_rights *rights, eh_view from_key, const eh_person *from, eh_view into_key, eh_said_result *results, eh_error *error)
{
    eh_person_row from_row, into_row;
    bool from_found = false, into_found = false;
    static const char *const moved[] = {
        "UPDATE rights_alias SET person = $1 WHERE person = $2",
        "INSERT INTO rights_contact (contact, person, kind, value) SELECT -contact, $1, kind, value FROM rights_contact WHERE person = $2 ON CONFLICT DO NOTHING",
        "UPDATE rights_correction SET person = $1 WHERE person = $2",
        ("INSERT INTO rights_disclosure (disclosure, person, recipient, what, at_s) SELECT -disclosure, $1, recipient, what, at_s FROM rights_disclosure "
         "WHERE person = $2 ON CONFLICT DO NOTHING"),
        "UPDATE rights_outbox SET person = $1 WHERE person = $2",
        "UPDATE rights_item SET person = $1 WHERE person = $2",
        "UPDATE rights_request SET person = $1 WHERE person = $2",
    };
    EH_TRY(eh_person_find(rights, from_key, &from_row, &from_found, error));
    EH_TRY(eh_person_find(rights, into_key, &into_row, &into_found, error));
    EH_ASSERT(from_found && into_found);
    EH_TRY(run_for(rights, "DELETE FROM rights_act WHERE person = $1", from_row.person, 0, error)); /* their records are free for the move */
    EH_TRY(acts_move(rights, from, &into_row, results, error));
    for (size_t i = 0; i < sizeof moved / sizeof moved[0]; i++)
        EH_TRY(run_for(rights, moved[i], into_row.person, from_row.person, error));
    EH_TRY(run_for(rights, "DELETE FROM rights_person WHERE person = $1", from_row.person, 0, error));
    EH_TRY(eh_alias_write(rights, eh_view_of(from->key), into_row.person, error));
    return move_write(rights, from_row.person, true, error);
}

static eh_code merge_locked(eh_rights *rights, eh_view from_key, eh_view into_key, eh_arena *arena, eh_speech *speech_out, eh_error *error)
{
    eh_person from, into;
    EH_TRY(eh_rights_refresh(rights, error));
    EH_TRY(eh_person_read_locked(rights, from_key, arena, &from, error));
    EH_TRY(eh_person_read_locked(rights, into_key, arena, &into, error));
    if (!from.found || !into.found)
        return eh_fail(error, EH_NOT_FOUND, "nothing is on record of %s; there is nothing to merge", from.found ? into.key : from.key);
    if (strcmp(from.key, into.key) == 0)
        return eh_fail(error, EH_CONFLICT, "both keys lead to the same person already");
    speech_out->results = EH_TAKE(arena, from.acts_count + 1, eh_said_result);
    if (speech_out->results == NULL)
        return eh_fail_memory(error);
    speech_out->key = eh_view_of(into.key);
    speech_out->acts_count = from.acts_count;
    return merge_write(rights, from_key, &from, into_key, speech_out->results, error);
}

eh_code eh_person_merge(eh_rights *rights, eh_view from, eh_view into, int64_t now_s, eh_arena *arena, const eh_said_result **results_out,
                        size_t *count_out, eh_error *error)
{
    eh_speech speech = {0};
    (void)now_s;
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_rights_begin(rights, error);
    if (code == EH_OK) {
        code = merge_locked(rights, from, into, arena, &speech, error);
        if (code == EH_OK)
            code = eh_rights_commit(rights, &speech, 1, error);
        else
            eh_store_rollback(rights->store);
    }
    pthread_mutex_unlock(&rights->writing);
    EH_TRY(code);
    *results_out = speech.results;
    *count_out = speech.acts_count;
    return eh_rights_log(rights, error);
}

/* ---- erasing ---------------------------------------------------------------------------------------------------------------------------------- */

static eh_code suppress(eh_rights *rights, const char *kind, eh_view value, int64_t now_s, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    uint8_t hash[EH_HASH_BYTES];
    int64_t number = 0;
    eh_suppression_hash(&rights->keys, kind, value, hash);
    EH_TRY(eh_rights_next(rights, EH_COUNT_SUPPRESSION, &number, error));
    EH_TRY(eh_store_prepare(rights->store, "INSERT INTO rights_suppression (suppression, hash, at_s) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", &insert,
                            error));
    eh_bind_integer(insert, 1, number);
    eh_bind_bytes(insert, 2, (eh_view){(const char *)hash, sizeof hash});
    eh_bind_integer(insert, 3, now_s);
    return eh_statement_run(insert, error);
}

typedef struct {
    const char **items;
    size_t count;
} texts;

static eh_code suppress_all(eh_rights *rights, const eh_person *person, eh_view key, int64_t now_s, texts *identifiers, eh_error *error)
{
    EH_TRY(suppress(rights, "key", key, now_s, error));
    EH_TRY(suppress(rights, "key", eh_view_of(person->key), now_s, error));
    identifiers->items[identifiers->count++] = person->key;
    for (size_t i = 0; i < person->aliases_count; i++) {
        EH_TRY(suppress(rights, "key", eh_view_of(person->aliases[i]), now_s, error));
        identifiers->items[identifiers->count++] = person->aliases[i];
    }
    for (size_t i = 0; i < person->contacts_count; i++) {
        EH_TRY(suppress(rights, person->contacts[i].kind, eh_view_of(person->contacts[i].value), now_s, error));
        identifiers->items[identifiers->count++] = person->contacts[i].value;
    }
    return EH_OK;
}

/* Acts, contacts and the like go with the person (ON DELETE CASCADE); a wording that nobody else has seen stays, it names nobody. */
static eh_code erase_write(eh_rights *rights, eh_view key, const eh_person *person, int64_t now_s, texts *identifiers, eh_error *error)
{
    eh_person_row row;
    bool found = false;
    EH_TRY(suppress_all(rights, person, key, now_s, identifiers, error));
    EH_TRY(eh_person_find(rights, key, &row, &found, error));
    if (!found)
        return EH_OK;
    EH_TRY(run_for(rights, "UPDATE rights_request SET outcome = CASE WHEN closed_s IS NULL THEN 'erased' ELSE outcome END, closed_s = "
                           "coalesce(closed_s, $2), person = NULL WHERE person = $1",
                   row.person, now_s, error));
    EH_TRY(run_for(rights, "DELETE FROM rights_person WHERE person = $1", row.person, 0, error));
    return move_write(rights, row.person, false, error);
}

static eh_code recipients_collect(const eh_person *person, eh_arena *arena, eh_erased *erased, eh_error *error)
{
    const char **recipients = EH_TAKE(arena, person->disclosures_count + 1, const char *);
    size_t count = 0;
    if (recipients == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < person->disclosures_count; i++) {
        size_t k = 0;
        while (k < count && strcmp(recipients[k], person->disclosures[i].recipient) != 0)
            k++;
        if (k == count)
            recipients[count++] = person->disclosures[i].recipient;
    }
    erased->recipients = recipients;
    erased->recipients_count = count;
    return EH_OK;
}

static eh_code erase_locked(eh_rights *rights, eh_view key, int64_t now_s, eh_arena *arena, eh_erased *erased, eh_error *error)
{
    eh_person person;
    EH_TRY(eh_rights_refresh(rights, error));
    EH_TRY(eh_person_read_locked(rights, key, arena, &person, error));
    texts identifiers = {.items = EH_TAKE(arena, 1 + person.aliases_count + person.contacts_count, const char *)};
    if (identifiers.items == NULL)
        return eh_fail_memory(error);
    EH_TRY(recipients_collect(&person, arena, erased, error));
    EH_TRY(erase_write(rights, key, &person, now_s, &identifiers, error));
    erased->found = person.found;
    erased->acts_count = person.acts_count;
    erased->identifiers = identifiers.items;
    erased->identifiers_count = identifiers.count;
    return EH_OK;
}

eh_code eh_person_erase(eh_rights *rights, eh_view key, int64_t now_s, eh_arena *arena, eh_erased *erased_out, eh_error *error)
{
    eh_erased erased = {0};
    EH_TRY(eh_rights_key_check(key, error));
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_rights_begin(rights, error);
    if (code == EH_OK) {
        code = erase_locked(rights, key, now_s, arena, &erased, error);
        if (code == EH_OK)
            code = eh_snapshot_drop(rights, error);
        if (code == EH_OK)
            code = eh_rights_commit(rights, NULL, 0, error);
        else
            eh_store_rollback(rights->store);
        if (code == EH_OK)
            code = eh_store_scrub(rights->store, error);
        eh_snapshot_keep(rights);
    }
    pthread_mutex_unlock(&rights->writing);
    if (code == EH_OK)
        *erased_out = erased;
    return code;
}
