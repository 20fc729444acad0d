/* Checking a whole ledger: signatures, roots that somebody knows, the entries, the log, the databases, the keys. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/verify_int.h"

void eh_finding(eh_verifying *state, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (state->out.findings_count < EH_LEDGER_FINDINGS_MAX) {
        const char *kept = eh_arena_copy(state->arena, eh_view_of(text));
        state->out.findings[state->out.findings_count] = kept != NULL ? kept : "no memory to say what";
    }
    state->out.findings_count++;
}

/* An error that says that something is damaged is a finding; others end the check. */
static eh_code found_or_failed(eh_verifying *state, eh_code code, const eh_error *reason, eh_error *error)
{
    if (code == EH_OK)
        return EH_OK;
    if (code == EH_CORRUPT || code == EH_INPUT || code == EH_DENIED || code == EH_NOT_FOUND || code == EH_CONFLICT || code == EH_LIMIT) {
        const char *text = strncmp(reason->text, "ledger: ", 8) == 0 ? reason->text + 8 : reason->text;
        eh_finding(state, "%s", text);
        return EH_OK;
    }
    if (error != NULL)
        *error = *reason;
    return code;
}

/* ---- roots that somebody knows -------------------------------------------------------------------------------------------------- */

static eh_code root_add(eh_verifying *state, uint64_t size, const eh_digest *root, const char *says, eh_error *error)
{
    if (state->roots_count == EH_ROOTS_MAX)
        return EH_OK;
    if (state->roots == NULL && (state->roots = EH_TAKE(state->arena, EH_ROOTS_MAX, eh_known_root)) == NULL)
        return eh_fail_memory(error);
    const char *copy = eh_arena_copy(state->arena, eh_view_of(says));
    if (copy == NULL)
        return eh_fail_memory(error);
    size_t at = state->roots_count++;
    for (; at > 0 && state->roots[at - 1].size > size; at--)
        state->roots[at] = state->roots[at - 1];
    state->roots[at] = (eh_known_root){.size = size, .root = *root, .says = copy};
    return EH_OK;
}

/* A signed checkpoint of this log, of no more entries than it has now. */
static eh_code note_add(eh_verifying *state, eh_view bytes, const char *says, bool cosigned, uint64_t *size_out, eh_error *error)
{
    eh_note note;
    eh_checkpoint checkpoint;
    eh_note_trust trust;
    eh_verifiers keys = {0};
    EH_TRY(eh_vkeys_read(&state->folders, &keys, error));
    EH_TRY(eh_witnesses_read(&state->folders, &keys, error));
    eh_error reason = {0};
    eh_code code = eh_note_parse(bytes, &note, &reason);
    if (code == EH_OK)
        code = eh_checkpoint_parse(note.text, &checkpoint, &reason);
    if (code == EH_OK)
        code = eh_note_verify(&note, &keys, &trust, &reason);
    if (code != EH_OK)
        return eh_fail(error, code == EH_DENIED ? EH_CORRUPT : code, "%s: %s", says, reason.text);
    if (trust.signed_count == 0)
        return eh_fail(error, EH_CORRUPT, "%s: no key of this ledger has signed it", says);
    if (cosigned && trust.cosigned_count == 0)
        return eh_fail(error, EH_CORRUPT, "%s: no witness that is known here has cosigned it", says);
    if (!eh_view_equal(checkpoint.origin, state->published.checkpoint.origin))
        return eh_fail(error, EH_CORRUPT, "%s: is of another ledger (%.*s)", says, (int)checkpoint.origin.len, checkpoint.origin.ptr);
    if (checkpoint.size > state->published.checkpoint.size)
        return eh_fail(error, EH_CORRUPT, "%s: speaks of %ju entries, but the ledger has %ju now: it has been cut", says, (uintmax_t)checkpoint.size,
                       (uintmax_t)state->published.checkpoint.size);
    *size_out = checkpoint.size;
    return root_add(state, checkpoint.size, &checkpoint.root, says, error);
}

static eh_code since_add(eh_verifying *state, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    const char *path = state->options->since_path;
    eh_error reason = {0};
    if (path == NULL)
        return EH_OK;
    EH_TRY(eh_file_read(path, EH_LEDGER_NOTE_BYTES_MAX, &bytes, error));
    eh_code code = note_add(state, eh_buffer_view(&bytes), path, false, &state->out.since_size, &reason);
    if (code == EH_INPUT)
        return eh_fail(error, EH_INPUT, "%s", reason.text); /* no checkpoint at all: the caller's slip and not the ledger's */
    state->out.since_checked = code == EH_OK;
    return found_or_failed(state, code, &reason, error);
}

static eh_code cosigned_add(eh_verifying *state, eh_error *error)
{
    int folder = openat(state->folders.log, "cosigned", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = folder >= 0 ? fdopendir(folder) : NULL;
    if (listing == NULL) {
        if (folder >= 0)
            close(folder);
        return EH_OK;
    }
    eh_code code = EH_OK;
    struct dirent *found;
    while (code == EH_OK && (found = readdir(listing)) != NULL) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
        char path[EH_LEDGER_PATH_BYTES_MAX];
        uint64_t size = 0;
        eh_error reason = {0};
        if (strlen(found->d_name) != 20)
            continue;
        snprintf(path, sizeof path, "cosigned/%.20s", found->d_name);
        code = eh_get(state->folders.log, path, EH_LEDGER_NOTE_BYTES_MAX, &bytes, error);
        if (code == EH_OK)
            code = found_or_failed(state, note_add(state, eh_buffer_view(&bytes), path, true, &size, &reason), &reason, error);
    }
    closedir(listing);
    return code;
}

/* ---- the write-ahead log ---------------------------------------------------------------------------------------------------------- */

static eh_code segment_add(eh_verifying *state, uint64_t base, eh_log_state *last, eh_error *error)
{
    EH_CLEANUP(eh_wal_segment_dispose) eh_wal_segment segment = {0};
    char name[24], says[40];
    eh_error reason = {0};
    eh_wal_segment_name(base, name);
    snprintf(says, sizeof says, "wal/%s", name);
    eh_code code = eh_wal_segment_read(state->folders.wal, name, &segment, &reason);
    if (code == EH_NOT_FOUND)
        return EH_OK; /* the writer was done with it in the meantime */
    if (code != EH_OK)
        return found_or_failed(state, code, &reason, error);
    if (segment.last.size > last->size)
        *last = segment.last;
    uint64_t size = state->published.checkpoint.size;
    if (segment.base.size <= size)
        EH_TRY(root_add(state, segment.base.size, &segment.base.root, says, error));
    if (segment.last.size <= size && segment.last.size > segment.base.size)
        EH_TRY(root_add(state, segment.last.size, &segment.last.root, says, error));
    return EH_OK;
}

static eh_code wal_add(eh_verifying *state, eh_error *error)
{
    uint64_t bases[16];
    size_t count = 0;
    eh_error reason = {0};
    eh_log_state last = {0};
    eh_code code = eh_wal_segments(state->folders.wal, false, bases, &count, &reason);
    if (code != EH_OK)
        return found_or_failed(state, code, &reason, error);
    uint64_t findings = state->out.findings_count, size = state->published.checkpoint.size;
    for (size_t i = 0; i < count; i++)
        EH_TRY(segment_add(state, bases[i], &last, error));
    if (last.size > size)
        state->out.waiting_count = last.size - size;
    else if (last.size < size && state->out.findings_count == findings)
        eh_finding(state, "wal: ends after %ju entries, but %ju were published: its end is lost (opening the ledger to write takes them from public/)",
                   (uintmax_t)last.size, (uintmax_t)size);
    return EH_OK;
}

/* ---- databases and keys ----------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_verifying *state;
    const char *name;
} database_name;

static void database_found(void *context, const char *what)
{
    const database_name *database = context;
    eh_finding(database->state, "%s: %s", database->name, what);
}

static eh_code database_check(eh_verifying *state, eh_store *store, const char *name, eh_error *error)
{
    database_name database = {.state = state, .name = name};
    eh_error reason = {0};
    return found_or_failed(state, eh_store_check(store, database_found, &database, &reason), &reason, error);
}

static void mode_check(eh_verifying *state, const char *name)
{
    struct stat facts;
    if (fstatat(state->folders.keys, name, &facts, 0) == 0 && (facts.st_mode & 077) != 0)
        eh_finding(state, "keys/%s: others than its owner may read or write it (mode %03o, expected is 600)", name, facts.st_mode & 0777);
}

static eh_code keys_check(eh_verifying *state, eh_error *error)
{
    static const char *const names[] = {"ledger.key", "ledger.secret", "people.db"};
    EH_CLEANUP(eh_signers_wipe) eh_signers signers = {0};
    eh_error reason = {0};
    if (state->folders.keys < 0)
        return EH_OK;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        mode_check(state, names[i]);
    eh_code code = eh_signers_load(&state->folders, &signers, &reason);
    if (code != EH_NOT_FOUND)
        EH_TRY(found_or_failed(state, code, &reason, error));
    EH_TRY(found_or_failed(state, eh_secrets_load(&state->folders, &state->secrets, &reason), &reason, error));
    code = eh_persons_open(&state->folders, EH_STORE_READ, &state->people, &reason);
    return code == EH_NOT_FOUND ? EH_OK : found_or_failed(state, code, &reason, error);
}

static eh_code stores_open(eh_verifying *state, eh_error *error)
{
    eh_error reason = {0};
    EH_TRY(keys_check(state, error));
    state->keys = EH_TAKE(state->arena, EH_VERIFY_KEYS_COUNT, eh_person_keys);
    if (state->keys == NULL)
        return eh_fail_memory(error);
    EH_TRY(found_or_failed(state, eh_openings_open(&state->folders, EH_STORE_READ, &state->openings, &reason), &reason, error));
    /* one view of the openings for the whole check, taken after the checkpoint: all that it speaks of is there */
    return EH_OK;
}

/* What the entries say was erased is what is marked as erased, no more and no less. */
static eh_code erasures_compare(eh_verifying *state, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *query = NULL;
    bool row = true;
    size_t next = 0;
    if (state->openings == NULL)
        return EH_OK;
    EH_TRY(eh_store_prepare(eh_openings_store(state->openings),
                            "SELECT erasure, count(*) FROM opening WHERE erasure IS NOT NULL GROUP BY erasure ORDER BY erasure", &query, error));
    for (;;) {
        EH_TRY(eh_statement_step(query, &row, error));
        if (!row)
            break;
        uint64_t index = (uint64_t)eh_column_integer(query, 0), found = (uint64_t)eh_column_integer(query, 1);
        if (index >= state->published.checkpoint.size)
            break; /* an erasure since the checkpoint was read */
        while (next < state->erasures_count && state->erasures[next].index < index)
            next++;
        bool known = next < state->erasures_count && state->erasures[next].index == index;
        if (!known)
            eh_finding(state, "openings.db: %ju openings are marked as erased by entry %ju, which is no erasure", (uintmax_t)found, (uintmax_t)index);
        else if (state->erasures[next].declared != found)
            eh_finding(state, "openings.db: entry %ju says that %ju entries were erased, but %ju are marked so", (uintmax_t)index,
                       (uintmax_t)state->erasures[next].declared, (uintmax_t)found);
    }
    return EH_OK;
}

static eh_code databases_check(eh_verifying *state, eh_error *error)
{
    if (state->openings != NULL) {
        if (state->opening.there && state->opening_index < state->published.checkpoint.size)
            eh_finding(state, "openings.db: there is an opening of entry %ju, which commits to none", (uintmax_t)state->opening_index);
        eh_openings_release(state->openings);
        EH_TRY(erasures_compare(state, error));
        EH_TRY(database_check(state, eh_openings_store(state->openings), "openings.db", error));
    }
    if (state->people != NULL)
        EH_TRY(database_check(state, eh_persons_store(state->people), "keys/people.db", error));
    return EH_OK;
}

/* ---- all of it ---------------------------------------------------------------------------------------------------------------------- */

static eh_code verify_run(eh_verifying *state, eh_error *error)
{
    eh_error reason = {0};
    eh_code code = eh_published_read(&state->folders, &state->published, &reason);
    if (code != EH_OK)
        return found_or_failed(state, code, &reason, error);
    state->out.size = state->published.checkpoint.size;
    state->out.root = state->published.checkpoint.root;
    state->out.signatures_count = state->published.trust.signed_count;
    state->out.cosignatures_count = state->published.trust.cosigned_count;
    EH_TRY(since_add(state, error));
    if (!state->options->public_only) {
        EH_TRY(cosigned_add(state, error));
        EH_TRY(wal_add(state, error));
        EH_TRY(stores_open(state, error));
    }
    code = eh_verify_tree(state, &reason);
    EH_TRY(found_or_failed(state, code, &reason, error));
    return state->options->public_only ? EH_OK : databases_check(state, error);
}

eh_code eh_ledger_verify(const char *folder, const eh_ledger_verify_options *options, eh_arena *arena,
                         eh_ledger_verification *verification_out, eh_error *error)
{
    static const eh_ledger_verify_options usual;
    eh_verifying *state = calloc(1, sizeof *state);
    if (state == NULL)
        return eh_fail_memory(error);
    state->options = options != NULL ? options : &usual;
    state->arena = arena;
    state->unread_index = UINT64_MAX;
    eh_code code = eh_folders_open(folder, &state->folders, error);
    if (code == EH_OK)
        code = verify_run(state, error);
    if (code == EH_OK)
        *verification_out = state->out;
    eh_openings_close(&state->openings);
    eh_persons_close(&state->people);
    eh_published_dispose(&state->published);
    eh_folders_close(&state->folders);
    if (state->keys != NULL)
        eh_wipe(state->keys, EH_VERIFY_KEYS_COUNT * sizeof *state->keys);
    eh_wipe(&state->secrets, sizeof state->secrets);
    free(state);
    return code;
}
