/*
 * From the disk into memory: at the start from the snapshot, or from all acts, and later what this and other processes have written since. The seal of every
 * act is checked on its way, whoever wrote it.
 */
#include <stdlib.h>
#include <string.h>

#include "rights/records_int.h"

enum { NUMBERS_FIRST = 1024 };

eh_code eh_rights_numbers_reserve(eh_rights *rights, int64_t person, eh_error *error)
{
    size_t before = rights->numbers_count, count = before > 0 ? before : NUMBERS_FIRST;
    if (person <= 0 || person > INT32_MAX)
        return eh_fail(error, EH_CORRUPT, "a person of number %lld", (long long)person);
    while (count <= (size_t)person)
        count *= 2;
    if (count == before)
        return EH_OK;
    uint32_t *numbers = calloc(count, sizeof *numbers);
    uint8_t(*heads)[EH_SEAL_BYTES] = calloc(count, sizeof *heads);
    if (numbers == NULL || heads == NULL) {
        free(numbers);
        free(heads);
        return eh_fail_memory(error);
    }
    if (before > 0) {
        memcpy(numbers, rights->numbers, before * sizeof *numbers);
        memcpy(heads, rights->heads, before * sizeof *heads);
    }
    free(rights->numbers);
    free(rights->heads);
    rights->numbers = numbers;
    rights->heads = heads;
    rights->numbers_count = count;
    return EH_OK;
}

/* The number of a person in the index, plus 1; 0 when they are not there. */
static uint32_t number_of(const eh_rights *rights, int64_t person)
{
    return person > 0 && (size_t)person < rights->numbers_count ? rights->numbers[person] : 0;
}

static eh_code load_people(eh_rights *rights, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *each = NULL;
    EH_TRY(eh_rights_prepare(rights, "SELECT person, key FROM rights_person WHERE person > $1 ORDER BY person", &each, error));
    eh_bind_integer(each, 1, rights->last_person);
    for (bool row = false;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        uint32_t number = 0;
        int64_t person = eh_column_integer(each, 0);
        EH_TRY(eh_index_person_add(rights->index, eh_column_text(each, 1), &number, error));
        EH_TRY(eh_rights_numbers_reserve(rights, person, error));
        rights->numbers[person] = number + 1;
        rights->last_person = person;
        rights->fresh_count++;
    }
}

/* Own acts come back in the order in which they were written, and nothing stands between them: the file's write lock was held. */
static void effect_tell(eh_rights *rights, uint64_t record, eh_effect effect)
{
    while (rights->told_speech < rights->told_count) {
        eh_speech *speech = &rights->told[rights->told_speech];
        size_t count = speech->refused == EH_OK ? speech->acts_count : 0;
        while (rights->told_act < count) {
            eh_said_result *result = &speech->results[rights->told_act++];
            if (result->known || result->record != record)
                continue;
            result->effect = effect;
            return;
        }
        rights->told_speech++;
        rights->told_act = 0;
    }
}

/* The seal before an act. Of people that the snapshot knew it is read once; nobody can make another one that the act's own seal fits. */
static eh_code head_find(eh_rights *rights, const eh_act_row *row, uint8_t **head_out, eh_error *error)
{
    static const uint8_t none[EH_SEAL_BYTES];
    EH_CLEANUP(eh_statement_rest) eh_statement *find = NULL;
    uint8_t *head = rights->heads[row->person];
    bool known = false;
    *head_out = head;
    if (row->person > rights->covered_person || memcmp(head, none, EH_SEAL_BYTES) != 0)
        return EH_OK;
    EH_TRY(eh_rights_prepare(rights, "SELECT seal FROM rights_act WHERE person = $1 AND act < $2 ORDER BY act DESC LIMIT 1", &find, error));
    eh_bind_integer(find, 1, row->person);
    eh_bind_integer(find, 2, row->act_number);
    EH_TRY(eh_statement_step(find, &known, error));
    eh_view seal = known ? eh_column_bytes(find, 0) : (eh_view){0};
    if (seal.len == EH_SEAL_BYTES)
        memcpy(head, seal.ptr, EH_SEAL_BYTES);
    return EH_OK;
}

static eh_code seal_check(eh_rights *rights, const eh_act_row *row, eh_error *error)
{
    uint8_t seal[EH_SEAL_BYTES], *head = NULL;
    EH_TRY(head_find(rights, row, &head, error));
    eh_act_seal(&rights->keys, head, row, seal);
    if (!eh_same_bytes(seal, row->seal.ptr, EH_SEAL_BYTES))
        return eh_act_changed(row, error);
    memcpy(head, seal, EH_SEAL_BYTES);
    return EH_OK;
}

/* Acts in the order in which they were recorded. */
static eh_code load_acts(eh_rights *rights, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *each = NULL;
    EH_TRY(eh_rights_prepare(rights, "SELECT " EH_ACT_COLUMNS " FROM rights_act a WHERE a.act > $1 ORDER BY a.act", &each, error));
    eh_bind_integer(each, 1, rights->last_act);
    eh_act_row row;
    for (bool more = false;;) {
        EH_TRY(eh_statement_step(each, &more, error));
        if (!more)
            return EH_OK;
        EH_TRY(eh_act_row_read(each, &row, error));
        uint32_t number = number_of(rights, row.person);
        if (number == 0)
            return eh_fail(error, EH_CORRUPT, "act %lld belongs to nobody; restore a backup", (long long)row.act_number);
        EH_TRY(seal_check(rights, &row, error));
        eh_effect effect = EH_EFFECT_NONE;
        EH_TRY(eh_index_apply_to(rights->index, number - 1, &row.act, &effect, error));
        rights->last_act = row.act_number;
        rights->fresh_count++;
        effect_tell(rights, row.act.record, effect);
    }
}

/* The end of each chain that was read: of everybody's, or of those that have grown since the snapshot. */
static eh_code check_heads(eh_rights *rights, int64_t after_act, eh_error *error)
{
    static const char all[] = "SELECT person, head, key FROM rights_person";
    static const char grown[] = "SELECT p.person, p.head, p.key FROM rights_act a JOIN rights_person p ON p.person = a.person WHERE a.act > $1";
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    EH_TRY(eh_store_prepare(rights->store, rights->covered_person == 0 ? all : grown, &each, error));
    if (rights->covered_person != 0)
        eh_bind_integer(each, 1, after_act);
    for (bool row = false;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        int64_t person = eh_column_integer(each, 0);
        eh_view head = eh_column_bytes(each, 1), key = eh_column_text(each, 2);
        if (head.len != EH_SEAL_BYTES || number_of(rights, person) == 0 || !eh_same_bytes(rights->heads[person], head.ptr, EH_SEAL_BYTES))
            return eh_person_changed(key, error);
    }
}

static eh_code load_aliases(eh_rights *rights, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *each = NULL;
    EH_TRY(eh_rights_prepare(rights, "SELECT alias, key, person FROM rights_alias WHERE alias > $1 ORDER BY alias", &each, error));
    eh_bind_integer(each, 1, rights->last_alias);
    for (bool row = false;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        uint32_t number = number_of(rights, eh_column_integer(each, 2));
        if (number != 0)
            EH_TRY(eh_index_alias_to(rights->index, number - 1, eh_column_text(each, 1), error));
        rights->last_alias = eh_column_integer(each, 0);
    }
}

/*
 * People that are gone. Who was erased goes before the new people are read, as one of them may have the same key; who was taken into another person goes
 * last, when load_aliases has moved their names, so that no question in between finds nobody.
 */
static eh_code load_moves(eh_rights *rights, bool merged, int64_t *last_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *each = NULL;
    EH_TRY(eh_rights_prepare(rights, "SELECT move, person FROM rights_move WHERE move > $1 AND merged = $2 ORDER BY move", &each, error));
    eh_bind_integer(each, 1, rights->last_move);
    eh_bind_integer(each, 2, merged ? 1 : 0);
    for (bool row = false;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        int64_t person = eh_column_integer(each, 1), move = eh_column_integer(each, 0);
        uint32_t number = number_of(rights, person);
        if (number != 0) {
            eh_index_forget(rights->index, number - 1);
            rights->numbers[person] = 0;
        }
        *last_out = move > *last_out ? move : *last_out;
    }
}

eh_code eh_rights_load_suppressed(eh_rights *rights, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *each = NULL;
    EH_TRY(eh_rights_prepare(rights, "SELECT suppression, hash FROM rights_suppression WHERE suppression > $1 ORDER BY suppression", &each,
                            error));
    eh_bind_integer(each, 1, rights->last_suppression);
    for (bool row = false;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        eh_view hash = eh_column_bytes(each, 1);
        if (hash.len != EH_HASH_BYTES)
            return eh_fail(error, EH_CORRUPT, "the suppression list holds a hash of %zu bytes", hash.len);
        EH_TRY(eh_suppressed_set(rights->suppressed, (const uint8_t *)hash.ptr, true, error));
        rights->last_suppression = eh_column_integer(each, 0);
    }
}

/* `whole`: at the start, when the ends of the chains are looked at too. */
static eh_code load(eh_rights *rights, bool whole, eh_error *error)
{
    int64_t last_move = rights->last_move, after_act = rights->last_act;
    EH_TRY(eh_rights_load_suppressed(rights, error));
    EH_TRY(load_moves(rights, false, &last_move, error));
    EH_TRY(load_people(rights, error));
    EH_TRY(load_acts(rights, error));
    if (whole && rights->last_act != after_act)
        EH_TRY(check_heads(rights, after_act, error));
    EH_TRY(load_aliases(rights, error));
    EH_TRY(load_moves(rights, true, &last_move, error));
    rights->last_move = last_move;
    return EH_OK;
}

/* Which history this is: a backup that is put back begins another one. The acts that are known here must be in it. */
static eh_code history_find(eh_rights *rights, int64_t *restored_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *find = NULL;
    int64_t restored = 0, acts = 0;
    EH_TRY(eh_rights_prepare(rights, "SELECT name, value FROM rights_counter WHERE name IN ('restored', 'act')", &find, error));
    for (bool row = false;;) {
        EH_TRY(eh_statement_step(find, &row, error));
        if (!row)
            break;
        *(eh_view_equal(eh_column_text(find, 0), EH_VIEW("act")) ? &acts : &restored) = eh_column_integer(find, 1);
    }
    *restored_out = acts < rights->last_act ? -1 : restored;
    return EH_OK;
}

static eh_code load_news(eh_rights *rights, eh_error *error)
{
    int64_t restored = 0;
    EH_TRY(history_find(rights, &restored, error));
    if (restored != rights->restored)
        return eh_fail(error, EH_UNAVAILABLE, "a backup was put back meanwhile: what is in memory is not what is on the disk any more. Start again");
    return load(rights, false, error);
}

eh_code eh_rights_refresh(eh_rights *rights, eh_error *error)
{
    uint64_t shared = atomic_load_explicit(rights->shared, memory_order_acquire);
    bool own = !eh_store_in_transaction(rights->store);
    if (own)
        EH_TRY(eh_store_begin_reading(rights->store, error));
    eh_code code = load_news(rights, error);
    if (own)
        eh_store_rollback(rights->store);
    if (code != EH_OK) {
        atomic_store(&rights->broken, 1);
        return code;
    }
    atomic_store_explicit(&rights->seen, shared, memory_order_release);
    return EH_OK;
}

/* What a snapshot that cannot be used has left is thrown away. */
static eh_code begin_again(eh_rights *rights, const eh_rights_options *options, eh_error *error)
{
    eh_rights_index_close(&rights->index);
    free(rights->numbers);
    free(rights->heads);
    rights->numbers = NULL;
    rights->heads = NULL;
    rights->numbers_count = 0;
    return eh_rights_index_open(&options->house, rights->keys.index, &rights->index, error);
}

static eh_code load_view(eh_rights *rights, const eh_rights_options *options, eh_error *error)
{
    EH_TRY(history_find(rights, &rights->restored, error));
    if (rights->opening != EH_OPENING_FROM_ACTS)
        EH_TRY(eh_snapshot_read(rights, &rights->snapshot, error));
    if (rights->snapshot == EH_SNAPSHOT_DAMAGED)
        EH_TRY(begin_again(rights, options, error));
    return load(rights, true, error);
}

eh_code eh_rights_load(eh_rights *rights, const eh_rights_options *options, eh_error *error)
{
    uint64_t shared = atomic_load_explicit(rights->shared, memory_order_acquire);
    rights->signal_keeps_ai = options->house.signal_keeps_ai;
    rights->snapshot_after = options->snapshot_after;
    EH_TRY(eh_rights_index_open(&options->house, rights->keys.index, &rights->index, error));
    EH_TRY(eh_store_begin_reading(rights->store, error));
    eh_code code = load_view(rights, options, error);
    eh_store_rollback(rights->store);
    atomic_store_explicit(&rights->seen, shared, memory_order_release);
    rights->loaded = code == EH_OK;
    return code;
}
