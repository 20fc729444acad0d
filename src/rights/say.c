/* Asking and saying: what decisions call, and how an act gets onto the disk and into memory, in this order. */
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "rights/records_int.h"

enum { LOGGED_TOGETHER = 512, SPOKEN_TOGETHER = 1024 };

/* ---- asking ---------------------------------------------------------------------------------------------------------------------------- */

/* Another process has written: read it before answering. */
static eh_code look(eh_rights *rights, eh_error *error)
{
    if (atomic_load_explicit(&rights->broken, memory_order_acquire) != 0)
        return eh_fail(error, EH_UNAVAILABLE, "what people have said cannot be told now; until it can, the answer is no");
    if (atomic_load_explicit(rights->shared, memory_order_acquire) == atomic_load_explicit(&rights->seen, memory_order_acquire))
        return EH_OK;
    pthread_mutex_lock(&rights->writing);
    eh_code code = eh_rights_refresh(rights, error);
    pthread_mutex_unlock(&rights->writing);
    return code;
}

static bool is_suppressed(const eh_rights *rights, eh_view key)
{
    uint8_t hash[EH_HASH_BYTES];
    if (key.len > EH_RIGHTS_KEY_BYTES_MAX)
        return false;
    eh_suppression_hash(&rights->keys, "key", key, hash);
    return eh_suppressed_has(rights->suppressed, hash);
}

static void may(eh_rights *rights, eh_view key, const eh_may_question *question, eh_may_answer *answer_out)
{
    if (eh_rights_index_may(rights->index, key, question, answer_out) || !is_suppressed(rights, key))
        return;
    *answer_out = (eh_may_answer){.said = EH_SAID_NO, .why = EH_WHY_ERASED, .sentence = eh_why_sentence(EH_WHY_ERASED), .law = answer_out->law,
                                  .jurisdiction = answer_out->jurisdiction};
}

eh_code eh_rights_may(eh_rights *rights, eh_view key, const eh_may_question *question, eh_may_answer *answer_out, eh_error *error)
{
    EH_TRY(eh_may_question_check(question, error));
    EH_TRY(look(rights, error));
    may(rights, key, question, answer_out);
    return EH_OK;
}

eh_code eh_rights_ai_states(eh_rights *rights, const char *const *keys, size_t keys_count, int64_t at_s, eh_ai_state *states_out,
                            eh_error *error)
{
    const eh_may_question question = {.purpose = EH_PURPOSE_AI, .at_s = at_s};
    EH_TRY(eh_may_question_check(&question, error));
    EH_TRY(look(rights, error));
    for (size_t i = 0; i < keys_count; i++) {
        eh_may_answer answer;
        may(rights, eh_view_of(keys[i]), &question, &answer);
        states_out[i] = answer.may ? EH_AI_MAY : answer.said == EH_SAID_NO ? EH_AI_OPTED_OUT : EH_AI_MUST_NOT;
    }
    return EH_OK;
}

/* ---- the ledger ---------------------------------------------------------------------------------------------------------------------------- */

static void payload_write(const eh_act_row *row, eh_buffer *out)
{
    eh_json_writer json;
    const eh_act *act = &row->act;
    eh_json_begin(&json, out, false, false);
    eh_json_object_open(&json, NULL);
    eh_json_id(&json, "record", act->record);
    eh_json_text(&json, "act", eh_act_kind_name(act->kind));
    eh_json_text(&json, "by", eh_act_by_name(act->by));
    eh_json_text(&json, "purpose", eh_purpose_name(act->purpose));
    eh_json_text(&json, "channel", eh_channel_name(act->channel));
    eh_json_integer(&json, "at", act->at_s);
    if (act->until_s != 0)
        eh_json_integer(&json, "until", act->until_s);
    eh_json_text(&json, "jurisdiction", act->jurisdiction.text);
    eh_json_text(&json, "how", act->how);
    if (row->wording_hash.ptr != NULL) {
        char hex[2 * EH_HASH_BYTES + 1];
        eh_hex(row->wording_hash.ptr, EH_HASH_BYTES, hex);
        eh_json_text(&json, "wording_sha256", hex);
    }
    eh_json_object_close(&json);
}

/* Acts that are on their way into the ledger together. */
typedef struct {
    eh_arena *arena;
    eh_rights_entry entries[LOGGED_TOGETHER];
    int64_t acts[LOGGED_TOGETHER];
    char ids[LOGGED_TOGETHER][EH_RIGHTS_ENTRY_ID_BYTES];
    size_t count;
} logging;

static eh_code entry_take(const eh_statement *row, logging *l, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer payload = {0};
    eh_act_row act;
    EH_TRY(eh_act_row_read(row, &act, error));
    payload_write(&act, &payload);
    EH_TRY(eh_buffer_check(&payload, error));
    const char *text = eh_arena_copy(l->arena, eh_buffer_view(&payload)), *person = eh_arena_copy(l->arena, eh_column_text(row, EH_ACT_COLUMNS_COUNT));
    if (text == NULL || person == NULL)
        return eh_fail_memory(error);
    l->entries[l->count] = (eh_rights_entry){.kind = eh_act_kind_name(act.act.kind), .person = eh_view_of(person), .payload = {text, payload.len}};
    l->acts[l->count++] = act.act_number;
    return EH_OK;
}

static eh_code entries_take(eh_rights *rights, logging *l, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *find = NULL;
    EH_TRY(eh_rights_prepare(rights,
                             "SELECT " EH_ACT_COLUMNS ", p.key FROM rights_act a JOIN rights_person p ON p.person = a.person WHERE a.ledger IS NULL "
                             "ORDER BY a.act LIMIT $1",
                             &find, error));
    eh_bind_integer(find, 1, LOGGED_TOGETHER);
    for (bool row = false; l->count < LOGGED_TOGETHER;) {
        EH_TRY(eh_statement_step(find, &row, error));
        if (!row)
            return EH_OK;
        EH_TRY(entry_take(find, l, error));
    }
    return EH_OK;
}

static eh_code entries_note(eh_rights *rights, const logging *l, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *update = NULL;
    EH_TRY(eh_rights_prepare(rights, "UPDATE rights_act SET ledger = $1 WHERE act = $2", &update, error));
    EH_TRY(eh_store_begin(rights->store, error));
    for (size_t i = 0; i < l->count; i++) {
        eh_bind_text(update, 1, eh_view_of(l->ids[i]));
        eh_bind_integer(update, 2, l->acts[i]);
        eh_code code = eh_statement_run(update, error);
        if (code != EH_OK) {
            eh_store_rollback(rights->store);
            return code;
        }
    }
    return eh_store_commit(rights->store, error);
}

/* As many as go together: one sync of the ledger, one of the database. *more_out: there may be others. */
static eh_code log_some(eh_rights *rights, bool *more_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    logging *l = arena == NULL ? NULL : EH_TAKE(arena, 1, logging);
    if (l == NULL)
        return eh_fail_memory(error);
    l->arena = arena;
    l->count = 0;
    EH_TRY(entries_take(rights, l, error));
    *more_out = l->count == LOGGED_TOGETHER;
    if (l->count == 0)
        return EH_OK;
    EH_TRY(rights->ledger.append(rights->ledger.context, l->entries, l->count, l->ids, error));
    return entries_note(rights, l, error);
}

eh_code eh_rights_log(eh_rights *rights, eh_error *error)
{
    eh_code code = EH_OK;
    if (rights->ledger.append == NULL)
        return EH_OK;
    pthread_mutex_lock(&rights->writing);
    for (bool more = true; code == EH_OK && more;)
        code = log_some(rights, &more, error);
    pthread_mutex_unlock(&rights->writing);
    return code == EH_UNAVAILABLE ? EH_OK : code; /* who holds the ledger now will do it */
}

/* ---- saying ---------------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_rights_key_check(eh_view key, eh_error *error)
{
    if (key.len > EH_RIGHTS_KEY_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "a person's key has 1 to %d bytes, not %zu", EH_RIGHTS_KEY_BYTES_MAX, key.len);
    if (eh_view_trim(key).len == 0)
        return eh_fail(error, EH_INPUT, "a person's key is empty; it has 1 to %d bytes, and not all of them blanks", EH_RIGHTS_KEY_BYTES_MAX);
    if (!eh_utf8_valid(key) || memchr(key.ptr, '\0', key.len) != NULL)
        return eh_fail(error, EH_INPUT, "a person's key is not valid UTF-8");
    return EH_OK;
}

/* Is exactly this act on record? Else *record_out is an id that is free. */
static eh_code record_settle(eh_rights *rights, eh_view key, int64_t person, const eh_act *act, uint64_t *record_out, bool *known_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *find = NULL;
    EH_TRY(eh_rights_prepare(rights, "SELECT a.person, a.kind, a.at_s FROM rights_act a WHERE a.record = $1", &find, error));
    for (uint32_t attempt = 0;; attempt++) {
        bool row = false;
        uint64_t record = attempt == 0 && act->record != 0 ? act->record : eh_act_record(&rights->keys, key, act, attempt);
        eh_bind_integer(find, 1, (int64_t)record);
        EH_TRY(eh_statement_step(find, &row, error));
        bool same = row && eh_column_integer(find, 0) == person && eh_column_integer(find, 1) == (int64_t)act->kind &&
                    eh_column_integer(find, 2) == act->at_s;
        eh_statement_reset(find);
        if (!row || same) {
            *record_out = record;
            *known_out = same;
            return EH_OK;
        }
    }
}

/* One person's acts on their way onto the disk. */
typedef struct {
    eh_rights *rights;
    eh_speech *speech;
    eh_person_row person;
    bool person_found;
    bool wrote; /* something is in the transaction: no way back but a rollback */
    int64_t now_s;
} saying;

static const char *const contact_kinds[] = {"key", "email", "phone"};

static eh_view contact_of(const eh_speech *speech, size_t kind)
{
    return kind == 0 ? speech->key : kind == 1 ? speech->email : speech->phone;
}

/* Somebody who was erased comes back by an own yes, and by nothing else. Also asked of the e-mail address and the number under another key. */
static eh_code suppression_lift(saying *s, const eh_act *act, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *remove = NULL;
    eh_rights *rights = s->rights;
    bool yes = act->by == EH_BY_PERSON && (act->kind == EH_ACT_CONSENT || act->kind == EH_ACT_ASK);
    for (size_t kind = 0; kind < 3; kind++) {
        uint8_t hash[EH_HASH_BYTES];
        eh_view value = contact_of(s->speech, kind);
        if (value.len == 0)
            continue;
        eh_suppression_hash(&rights->keys, contact_kinds[kind], value, hash);
        if (!eh_suppressed_has(rights->suppressed, hash))
            continue;
        if (!yes)
            return eh_fail(error, EH_DENIED, "this person was erased and is on the suppression list; only a fresh yes of their own brings them back");
        if (remove == NULL)
            EH_TRY(eh_store_prepare(rights->store, "DELETE FROM rights_suppression WHERE hash = $1", &remove, error));
        eh_bind_bytes(remove, 1, (eh_view){(const char *)hash, sizeof hash});
        s->wrote = true;
        EH_TRY(eh_statement_run(remove, error));
        s->speech->lifted = true;
    }
    return EH_OK;
}

static eh_code contact_keep(saying *s, size_t kind, eh_error *error)
{
    EH_CLEANUP(eh_statement_rest) eh_statement *find = NULL;
    char value[EH_RIGHTS_KEY_BYTES_MAX + 1];
    eh_view contact = contact_of(s->speech, kind);
    bool corrected = false;
    if (contact.len == 0)
        return EH_OK;
    /* What the person has corrected does not come back by a file that does not know it yet. */
    EH_TRY(eh_rights_prepare(s->rights, "SELECT 1 FROM rights_correction WHERE person = $1 AND field = $2", &find, error));
    eh_bind_integer(find, 1, s->person.person);
    eh_bind_text(find, 2, eh_view_of(contact_kinds[kind]));
    EH_TRY(eh_statement_step(find, &corrected, error));
    if (corrected)
        return EH_OK;
    memcpy(value, contact.ptr, contact.len);
    value[contact.len] = '\0';
    return eh_contact_write(s->rights, s->person.person, contact_kinds[kind], value, error);
}

static eh_code person_settle(saying *s, const eh_act *act, eh_error *error)
{
    if (s->person_found)
        return EH_OK;
    EH_TRY(suppression_lift(s, act != NULL ? act : &(eh_act){.by = EH_BY_IMPORT}, error));
    s->wrote = true;
    EH_TRY(eh_person_make(s->rights, s->speech->key, s->now_s, &s->person, error));
    s->person_found = true;
    return EH_OK;
}

static eh_code act_write(saying *s, const eh_act *act, eh_said_result *result_out, eh_error *error)
{
    eh_act_row row = {.act = *act, .recorded_s = act->recorded_s != 0 ? act->recorded_s : s->now_s};
    EH_TRY(record_settle(s->rights, s->speech->key, s->person_found ? s->person.person : 0, act, &row.act.record, &result_out->known, error));
    result_out->record = row.act.record;
    result_out->effect = EH_EFFECT_NONE;
    if (result_out->known)
        return EH_OK;
    EH_TRY(person_settle(s, act, error));
    s->wrote = true;
    return eh_act_insert(s->rights, &s->person, &row, error);
}

/* Inside the transaction: the checks that need what others have written, then the rows. Memory is not touched by own acts yet. */
static eh_code speech_write(saying *s, eh_error *error)
{
    eh_speech *speech = s->speech;
    EH_TRY(eh_person_find(s->rights, speech->key, &s->person, &s->person_found, error));
    EH_TRY(eh_index_try(s->rights->index, speech->key, speech->acts, speech->acts_count, error));
    int64_t acts_before = s->person_found ? s->person.acts_count : 0;
    for (size_t i = 0; i < speech->acts_count; i++)
        EH_TRY(act_write(s, &speech->acts[i], &speech->results[i], error));
    EH_TRY(person_settle(s, NULL, error));
    if (s->person.acts_count != acts_before)
        EH_TRY(eh_person_save(s->rights, &s->person, error));
    for (size_t kind = 1; kind < 3; kind++)
        EH_TRY(contact_keep(s, kind, error));
    return EH_OK;
}

static eh_code speech_check(const eh_speech *speech, int64_t now_s, eh_error *error)
{
    EH_TRY(eh_rights_key_check(speech->key, error));
    if (speech->email.len > 0)
        EH_TRY(eh_rights_key_check(speech->email, error));
    if (speech->phone.len > 0)
        EH_TRY(eh_rights_key_check(speech->phone, error));
    for (size_t i = 0; i < speech->acts_count; i++)
        EH_TRY(eh_act_check(&speech->acts[i], now_s, error));
    return EH_OK;
}

/* Commits, then brings it into memory, then tells the other processes. A failure after the commit leaves memory behind the disk: nobody may rely on it. */
eh_code eh_rights_commit(eh_rights *rights, eh_speech *speeches, size_t speeches_count, eh_error *error)
{
    eh_code code = eh_rights_counters_save(rights, error);
    if (code == EH_OK)
        code = eh_store_commit(rights->store, error);
    if (code != EH_OK) {
        eh_store_rollback(rights->store);
        return code;
    }
    rights->told = speeches;
    rights->told_count = speeches_count;
    rights->told_speech = rights->told_act = 0;
    code = eh_rights_refresh(rights, error);
    rights->told = NULL;
    rights->told_count = 0;
    uint64_t before = atomic_fetch_add_explicit(rights->shared, 1, memory_order_acq_rel);
    if (before == atomic_load_explicit(&rights->seen, memory_order_relaxed))
        atomic_store_explicit(&rights->seen, before + 1, memory_order_release);
    return code;
}

/* In memory too, now that it is on the disk. */
static eh_code lifted_forget(eh_rights *rights, const eh_speech *speech, eh_error *error)
{
    for (size_t kind = 0; kind < 3; kind++) {
        uint8_t hash[EH_HASH_BYTES];
        if (contact_of(speech, kind).len == 0)
            continue;
        eh_suppression_hash(&rights->keys, contact_kinds[kind], contact_of(speech, kind), hash);
        EH_TRY(eh_suppressed_set(rights->suppressed, hash, false, error));
    }
    return EH_OK;
}

/* A speech that is refused before anything of it was written is left out when there are others beside it. */
static eh_code speeches_write(eh_rights *rights, eh_speech *speeches, size_t speeches_count, int64_t now_s, bool lenient, eh_error *error)
{
    EH_TRY(eh_rights_refresh(rights, error));
    for (size_t i = 0; i < speeches_count; i++) {
        saying s = {.rights = rights, .speech = &speeches[i], .now_s = now_s};
        speeches[i].refused = EH_OK;
        speeches[i].lifted = false;
        eh_code code = speech_check(&speeches[i], now_s, error);
        if (code == EH_OK)
            code = speech_write(&s, error);
        if (code == EH_OK)
            continue;
        bool of_its_own = code == EH_DENIED || code == EH_CONFLICT || code == EH_INPUT || code == EH_LIMIT;
        if (s.wrote || !of_its_own || !lenient)
            return code;
        speeches[i].refused = code;
    }
    return EH_OK;
}

static eh_code say_locked(eh_rights *rights, eh_speech *speeches, size_t speeches_count, int64_t now_s, bool lenient, eh_error *error)
{
    EH_TRY(eh_rights_begin(rights, error));
    eh_code code = speeches_write(rights, speeches, speeches_count, now_s, lenient, error);
    if (code != EH_OK) {
        eh_store_rollback(rights->store);
        return code;
    }
    EH_TRY(eh_rights_commit(rights, speeches, speeches_count, error));
    for (size_t i = 0; i < speeches_count; i++)
        if (speeches[i].lifted)
            EH_TRY(lifted_forget(rights, &speeches[i], error));
    return EH_OK;
}

/* ---- saying together ------------------------------------------------------------------------------------------------------------------------ */

/* What one thread wants to say. */
struct eh_saying_group {
    eh_speech *speeches;
    size_t count;
    bool lenient;
    int64_t now_s;
    eh_code code;
    eh_error *error;
    bool done;
    eh_saying_group *next;
};

static eh_code group_say(eh_rights *rights, eh_saying_group *group)
{
    pthread_mutex_lock(&rights->writing);
    eh_code code = say_locked(rights, group->speeches, group->count, group->now_s, group->lenient, group->error);
    pthread_mutex_unlock(&rights->writing);
    return code;
}

/* Several groups may share a transaction when what goes wrong with one speech does not undo another. */
static bool may_share(const eh_saying_group *first, const eh_saying_group *next, size_t count)
{
    return next != NULL && next->count + count <= SPOKEN_TOGETHER && next->now_s == first->now_s && (next->lenient || next->count == 1);
}

/* Takes from the queue what can be said in one transaction. *count_out: speeches. */
static eh_saying_group *groups_take(eh_rights *rights, size_t *count_out)
{
    eh_saying_group *first = rights->first, *last = first;
    size_t count = first->count;
    while ((first->lenient || first->count == 1) && may_share(first, last->next, count)) {
        last = last->next;
        count += last->count;
    }
    rights->first = last->next;
    if (rights->first == NULL)
        rights->last = &rights->first;
    last->next = NULL;
    *count_out = count;
    return first;
}

/* A group with a refusal that must not be passed over is said alone again: then the error has its text. */
static bool must_repeat(const eh_saying_group *group)
{
    for (size_t i = 0; i < group->count; i++)
        if (group->speeches[i].refused != EH_OK && !group->lenient)
            return true;
    return false;
}

static void groups_say(eh_rights *rights, eh_saying_group *first, size_t count)
{
    eh_speech *all = first->next == NULL ? NULL : malloc(count * sizeof *all);
    eh_error error = {0};
    size_t at = 0;
    eh_code code = EH_UNAVAILABLE;
    for (eh_saying_group *group = first; all != NULL && group != NULL; at += group->count, group = group->next)
        memcpy(all + at, group->speeches, group->count * sizeof *all);
    if (all != NULL)
        code = group_say(rights, &(eh_saying_group){.speeches = all, .count = count, .lenient = true, .now_s = first->now_s, .error = &error});
    at = 0;
    for (eh_saying_group *group = first; group != NULL; at += group->count, group = group->next) {
        group->code = code;
        if (code == EH_OK)
            memcpy(group->speeches, all + at, group->count * sizeof *all);
        if (code != EH_OK || must_repeat(group))
            group->code = group_say(rights, group);
    }
    free(all);
    code = eh_rights_log(rights, &error);
    for (eh_saying_group *group = first; code != EH_OK && group != NULL; group = group->next)
        if (group->code == EH_OK) {
            group->code = code;
            if (group->error != NULL)
                *group->error = error;
        }
}

/* Who comes while nobody speaks speaks for all that have come meanwhile, until what is his own is said. */
eh_code eh_rights_say_many(eh_rights *rights, eh_speech *speeches, size_t speeches_count, bool lenient, int64_t now_s, eh_error *error)
{
    eh_saying_group own = {.speeches = speeches, .count = speeches_count, .lenient = lenient, .now_s = now_s, .error = error};
    pthread_mutex_lock(&rights->queueing);
    *rights->last = &own;
    rights->last = &own.next;
    while (!own.done) {
        if (rights->leader) {
            pthread_cond_wait(&rights->said, &rights->queueing);
            continue;
        }
        size_t count = 0;
        rights->leader = true;
        eh_saying_group *first = groups_take(rights, &count);
        pthread_mutex_unlock(&rights->queueing);
        groups_say(rights, first, count);
        pthread_mutex_lock(&rights->queueing);
        for (eh_saying_group *next, *group = first; group != NULL; group = next) {
            next = group->next; /* its thread may go on at once */
            group->done = true;
        }
        rights->leader = false;
        pthread_cond_broadcast(&rights->said);
    }
    pthread_mutex_unlock(&rights->queueing);
    return own.code;
}

eh_code eh_rights_say(eh_rights *rights, eh_view key, const eh_act *act, int64_t now_s, eh_said_result *result_out, eh_error *error)
{
    eh_said_result result = {0};
    eh_speech speech = {.key = key, .acts = act, .acts_count = 1, .results = &result};
    EH_TRY(eh_rights_say_many(rights, &speech, 1, false, now_s, error));
    if (result_out != NULL)
        *result_out = result;
    return EH_OK;
}
