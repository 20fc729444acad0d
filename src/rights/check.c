/* Is everything as it was recorded? All acts from the first one on, their wordings, and the snapshot against what follows from them. */
#include <string.h>
#include <unistd.h>

#include "rights/index_int.h"
#include "rights/records_int.h"

typedef struct {
    eh_store_found found;
    void *context;
} finding;

/* Texts by the hash that the acts name. */
static eh_code wordings_check(eh_rights *rights, const finding *to, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *each = NULL;
    EH_TRY(eh_store_prepare(rights->store, "SELECT wording, text, version FROM rights_wording ORDER BY wording", &each, error));
    for (bool row = false;;) {
        EH_TRY(eh_statement_step(each, &row, error));
        if (!row)
            return EH_OK;
        eh_view kept = eh_column_bytes(each, 0), version = eh_column_text(each, 2);
        eh_digest hash = eh_sha256_of(eh_column_text(each, 1));
        if (kept.len == EH_HASH_BYTES && eh_same_bytes(kept.ptr, hash.bytes, EH_HASH_BYTES))
            continue;
        (void)eh_fail(error, EH_CORRUPT, "a wording%s%.*s is not what was shown: somebody changed evenhand.db by other means. Restore a backup",
                      version.len > 0 ? " of version " : "", (int)(version.len < 60 ? version.len : 60), version.ptr);
        to->found(to->context, error->text);
    }
}

static bool same_notes(const eh_rights_index *a, uint32_t a_at, const eh_rights_index *b, uint32_t b_at)
{
    const eh_note *x = eh_index_note_at(a, a_at), *y = eh_index_note_at(b, b_at);
    while (x != NULL && y != NULL) {
        if (x->record != y->record || x->group != y->group || x->slots != y->slots || x->at_s != y->at_s || x->until_s != y->until_s || x->facts != y->facts)
            return false;
        x = eh_index_note_at(a, x->next);
        y = eh_index_note_at(b, y->next);
    }
    return x == y;
}

static bool same_person(const eh_rights *a, const eh_rights *b, size_t person)
{
    uint32_t in_a = person < a->numbers_count ? a->numbers[person] : 0, in_b = person < b->numbers_count ? b->numbers[person] : 0;
    eh_state of_a, of_b;
    if (in_a == 0 || in_b == 0)
        return in_a == in_b;
    eh_index_state_at(a->index, in_a - 1, &of_a);
    eh_index_state_at(b->index, in_b - 1, &of_b);
    bool notes = same_notes(a->index, of_a.notes, b->index, of_b.notes);
    of_a.notes = of_b.notes = 0;
    return notes && memcmp(of_a.slots, of_b.slots, sizeof of_a.slots) == 0 && memcmp(of_a.jurisdiction.text, of_b.jurisdiction.text, 8) == 0 &&
           of_a.birth_known == of_b.birth_known && of_a.birth_day == of_b.birth_day && of_a.birth_record == of_b.birth_record &&
           of_a.parent_agrees == of_b.parent_agrees && of_a.parent_record == of_b.parent_record && of_a.purchase_s == of_b.purchase_s &&
           of_a.purchase_record == of_b.purchase_record && of_a.inquiry_s == of_b.inquiry_s && of_a.inquiry_record == of_b.inquiry_record;
}

static void compare(const eh_rights *remembered, const eh_rights *read, const finding *to)
{
    size_t count = remembered->numbers_count > read->numbers_count ? remembered->numbers_count : read->numbers_count;
    for (size_t person = 1; person < count; person++) {
        if (same_person(remembered, read, person))
            continue;
        to->found(to->context, "rights.snapshot does not say what follows from the acts; remove it, it is made anew");
        return;
    }
}

/* With the rule that the snapshot was made with; *remembered_out stays NULL when there is none that counts. */
static eh_code snapshot_open(eh_rights_options *options, eh_rights **remembered_out, const finding *to, eh_error *error)
{
    bool damaged = false;
    for (int keeps = 0; keeps < 2; keeps++) {
        options->house.signal_keeps_ai = keeps == 1;
        eh_rights *rights = NULL;
        EH_TRY(eh_rights_open_as(options, EH_OPENING_TO_LOOK, &rights, error));
        damaged = damaged || rights->snapshot == EH_SNAPSHOT_DAMAGED;
        if (rights->snapshot == EH_SNAPSHOT_READ) {
            *remembered_out = rights;
            return EH_OK;
        }
        eh_rights_close(&rights);
    }
    options->house.signal_keeps_ai = false;
    if (damaged)
        to->found(to->context, "rights.snapshot is not as it was written, and nobody believes it; it is made anew when the workspace is used");
    return EH_OK;
}

static eh_code check(eh_rights_options *options, const finding *to, eh_error *error)
{
    EH_CLEANUP(eh_rights_close) eh_rights *remembered = NULL;
    EH_CLEANUP(eh_rights_close) eh_rights *read = NULL;
    EH_TRY(snapshot_open(options, &remembered, to, error));
    EH_TRY(eh_rights_open_as(options, EH_OPENING_FROM_ACTS, &read, error));
    EH_TRY(wordings_check(read, to, error));
    if (remembered != NULL) {
        EH_TRY(eh_rights_refresh(remembered, error)); /* both are of one moment, or near it */
        if (remembered->last_act == read->last_act && remembered->last_move == read->last_move)
            compare(remembered, read, to);
    }
    return EH_OK;
}

eh_code eh_rights_exist(const char *state_folder, bool *there_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    uint32_t version = 0;
    eh_buffer_format(&path, "%s/evenhand.db", state_folder);
    EH_TRY(eh_buffer_check(&path, error));
    *there_out = false;
    if (access(path.ptr, F_OK) != 0)
        return EH_OK;
    EH_TRY(eh_store_open(path.ptr, &(eh_store_options){.mode = EH_STORE_READ}, &store, error));
    EH_TRY(eh_store_version(store, "rights", &version, error));
    *there_out = version != 0;
    return EH_OK;
}

eh_code eh_rights_check(const char *state_folder, eh_store_found found, void *context, eh_error *error)
{
    eh_rights_options options = {.state_folder = state_folder};
    finding to = {.found = found, .context = context};
    bool there = false;
    EH_TRY(eh_rights_exist(state_folder, &there, error));
    eh_code code = there ? check(&options, &to, error) : EH_OK;
    if (code == EH_CORRUPT)
        found(context, error->text);
    return code == EH_CORRUPT ? EH_OK : code;
}
