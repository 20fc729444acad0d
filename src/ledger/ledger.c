/* A ledger's beginning, opening and end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger_int.h"
#include "ledger/person_cache_int.h"

static const char *const state_names[EH_RECORD_STATES_COUNT] = {
    [EH_RECORD_CLEAR] = "clear",   [EH_RECORD_OPENED] = "opened",   [EH_RECORD_ERASED] = "erased",
    [EH_RECORD_SEALED] = "sealed", [EH_RECORD_MISSING] = "missing",
};

const char *eh_record_state_name(eh_record_state state)
{
    return state < EH_RECORD_STATES_COUNT ? state_names[state] : "unknown";
}

eh_instant eh_ledger_now(const eh_ledger *ledger)
{
    return ledger->options.now != NULL ? ledger->options.now(ledger->options.clock_context) : eh_instant_now();
}

/* ---- init ------------------------------------------------------------------------------------------------------------------- */

static eh_code folder_make(const char *folder, const char *rest, mode_t mode, eh_error *error)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", folder, rest) < 0)
        return eh_fail_memory(error);
    eh_code code = mkdir(path, mode) == 0 || errno == EEXIST ? EH_OK : eh_fail_file(error, path, "be made");
    free(path);
    return code;
}

static eh_code folders_make(const char *folder, eh_error *error)
{
    static const struct { const char *name; mode_t mode; } rows[] = {{".evenhand", 0711},
                                                                     {".evenhand/keys", 0700},
                                                                     {".evenhand/ledger", 0711},
                                                                     {".evenhand/ledger/public", 0755},
                                                                     {".evenhand/ledger/wal", 0700}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        EH_TRY(folder_make(folder, rows[i].name, rows[i].mode, error));
    return EH_OK;
}

void eh_ledger_name_of(const char *shop, char name_out[EH_LEDGER_NAME_BYTES_MAX + 1])
{
    enum { SHOP_BYTES_MAX = 100 };
    size_t len = 0;
    for (; *shop != '\0' && len < SHOP_BYTES_MAX; shop++) {
        char letter = *shop >= 'A' && *shop <= 'Z' ? (char)(*shop + ('a' - 'A')) : *shop;
        bool plain = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9') || letter == '.';
        if (plain || (len > 0 && name_out[len - 1] != '-'))
            name_out[len++] = plain ? letter : '-';
    }
    while (len > 0 && name_out[len - 1] == '-')
        len--;
    snprintf(name_out + len, EH_LEDGER_NAME_BYTES_MAX + 1 - len, "%s/ledger", len == 0 ? "shop" : "");
}

bool eh_ledger_exists(const char *folder)
{
    eh_folders folders;
    if (eh_folders_open(folder, &folders, NULL) != EH_OK)
        return false;
    bool there = faccessat(folders.public, "checkpoint", F_OK, 0) == 0;
    eh_folders_close(&folders);
    return there;
}

static eh_code signer_make(eh_view name, const eh_entropy *entropy, eh_signer *signer_out, eh_error *error)
{
    EH_CLEANUP(eh_secret_wipe) eh_secret seed;
    eh_entropy_fill(entropy, seed.bytes, sizeof seed.bytes);
    return eh_signer_from_seed(name, &seed, signer_out, error);
}

/* The checkpoint is written last: with it there is a ledger. */
static eh_code files_make(const eh_folders *folders, eh_view name, eh_error *error)
{
    EH_CLEANUP(eh_signers_wipe) eh_signers signers = {.count = 1};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer checkpoint = {0};
    EH_CLEANUP(eh_persons_close) eh_persons *people = NULL;
    EH_CLEANUP(eh_openings_close) eh_openings *openings = NULL;
    eh_log_state empty = {.root = eh_tree_empty()};
    EH_TRY(signer_make(name, NULL, &signers.signers[0], error));
    EH_TRY(eh_signers_save(folders, &signers, error));
    EH_TRY(eh_secrets_make(folders, NULL, error));
    EH_TRY(eh_persons_open(folders, EH_STORE_CREATE, &people, error));
    EH_TRY(eh_openings_open(folders, EH_STORE_CREATE, &openings, error));
    EH_TRY(eh_wal_segment_make(folders->wal, &empty, error));
    EH_TRY(eh_vkeys_write(folders, &signers, error));
    eh_checkpoint_append(name, 0, &empty.root, &checkpoint);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_append(&text, eh_buffer_view(&checkpoint));
    eh_buffer_byte(&checkpoint, '\n');
    eh_note_sign(eh_buffer_view(&text), &signers.signers[0], &checkpoint);
    EH_TRY(eh_buffer_check(&text, error));
    EH_TRY(eh_buffer_check(&checkpoint, error));
    return eh_put(folders->public, "checkpoint", eh_buffer_view(&checkpoint), true, error);
}

eh_code eh_ledger_init(const char *folder, const char *name, eh_error *error)
{
    EH_TRY(eh_key_name_check(eh_view_of(name), error));
    if (eh_ledger_exists(folder))
        return eh_fail(error, EH_CONFLICT, "%s has a ledger already", folder);
    EH_TRY(folders_make(folder, error));
    eh_folders folders;
    EH_TRY(eh_folders_open(folder, &folders, error));
    uint64_t bases[16];
    size_t count = 0;
    eh_code code = EH_OK;
    /* keys without a ledger are somebody's: a ledger that lost its files must not get new keys by the way */
    if (faccessat(folders.keys, "ledger.key", F_OK, 0) == 0 && eh_wal_segments(folders.wal, false, bases, &count, NULL) == EH_OK &&
        (count > 1 || bases[0] > 0))
        code = eh_fail(error, EH_CONFLICT, "%s has the rest of a ledger, without a checkpoint: restore a backup", folder);
    if (code == EH_OK)
        code = files_make(&folders, eh_view_of(name), error);
    eh_folders_close(&folders);
    return code;
}

eh_code eh_ledger_key_make(const char *folder, eh_error *error)
{
    eh_folders folders;
    EH_TRY(folders_make(folder, error));
    EH_TRY(eh_folders_open(folder, &folders, error));
    EH_CLEANUP(eh_signers_wipe) eh_signers signers = {.count = 1};
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    eh_code code = EH_OK;
    if (faccessat(folders.keys, "ledger.key", F_OK, 0) == 0)
        code = eh_fail(error, EH_CONFLICT, "%s has a signing key already: evenhand keys rotate takes a new one", folder);
    if (code == EH_OK)
        code = eh_published_read(&folders, &published, error);
    if (code == EH_OK)
        code = signer_make(published.checkpoint.origin, NULL, &signers.signers[0], error);
    if (code == EH_OK)
        code = eh_signers_save(&folders, &signers, error);
    if (code == EH_OK && faccessat(folders.keys, "ledger.secret", F_OK, 0) != 0)
        code = eh_secrets_make(&folders, NULL, error);
    if (code == EH_OK)
        code = eh_vkeys_write(&folders, &signers, error);
    eh_folders_close(&folders);
    return code;
}

eh_code eh_ledger_keys_show(const char *folder, eh_buffer *out, eh_error *error)
{
    eh_folders folders;
    EH_TRY(eh_folders_open(folder, &folders, error));
    EH_CLEANUP(eh_signers_wipe) eh_signers signers = {0};
    eh_code code = eh_signers_load(&folders, &signers, error);
    for (size_t i = 0; i < signers.count && code == EH_OK; i++) {
        eh_verifier_append(&signers.signers[i].verifier, out);
        eh_buffer_byte(out, '\n');
    }
    eh_folders_close(&folders);
    return code == EH_OK ? eh_buffer_check(out, error) : code;
}

/* ---- open and close ------------------------------------------------------------------------------------------------------------ */

static eh_code writer_lock(eh_ledger *ledger, eh_error *error)
{
    ledger->lock_descriptor = openat(ledger->folders.log, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (ledger->lock_descriptor < 0)
        return eh_fail_file(error, "lock", "be opened");
    if (flock(ledger->lock_descriptor, LOCK_EX | LOCK_NB) == 0)
        return EH_OK;
    if (errno == EWOULDBLOCK)
        return eh_fail(error, EH_UNAVAILABLE, "%s/ledger: another process is writing to it; one writes at a time", ledger->folders.state);
    return eh_fail_file(error, "lock", "be locked");
}

static eh_code writer_open(eh_ledger *ledger, eh_error *error)
{
    EH_TRY(writer_lock(ledger, error));
    EH_TRY(eh_signers_load(&ledger->folders, &ledger->signers, error));
    memcpy(ledger->name, ledger->signers.signers[0].verifier.name, sizeof ledger->name);
    if (!ledger->secrets.there)
        return eh_fail(error, EH_NOT_FOUND, "%s/keys/ledger.secret: is missing; restore it", ledger->folders.state);
    EH_TRY(eh_persons_open(&ledger->folders, EH_STORE_CREATE, &ledger->people, error));
    EH_TRY(eh_openings_open(&ledger->folders, EH_STORE_CREATE, &ledger->openings, error));
    EH_TRY(eh_person_cache_open(&ledger->cache, error));
    EH_TRY(eh_recover(ledger, error));
    /* what a reader holds up is done at the next start, or before the next erasure */
    eh_code code = eh_erasures_finish(ledger, NULL, NULL, error);
    return code == EH_UNAVAILABLE && ledger->broken == EH_OK ? EH_OK : code;
}

eh_code eh_ledger_open(const char *folder, const eh_ledger_options *options, eh_ledger **ledger_out, eh_error *error)
{
    eh_ledger *ledger = calloc(1, sizeof *ledger);
    if (ledger == NULL)
        return eh_fail_memory(error);
    if (options != NULL)
        ledger->options = *options;
    ledger->lock_descriptor = ledger->segment = -1;
    ledger->folders = (eh_folders){.log = -1, .public = -1, .wal = -1, .keys = -1};
    pthread_mutex_init(&ledger->lock, NULL);
    pthread_mutex_init(&ledger->reading, NULL);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&ledger->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    eh_code code = eh_folders_open(folder, &ledger->folders, error);
    if (code == EH_OK)
        code = eh_secrets_load(&ledger->folders, &ledger->secrets, error);
    if (code == EH_OK && !ledger->options.reads_only)
        code = writer_open(ledger, error);
    if (code != EH_OK) {
        eh_ledger_close(&ledger);
        return code;
    }
    *ledger_out = ledger;
    return EH_OK;
}

/* A long log would be read again at the next start: what is published now need not be. */
static void settle_at_close(eh_ledger *ledger)
{
    if (ledger->publisher_runs && ledger->segment_bytes > EH_LEDGER_WAL_KEPT_BYTES && eh_lead(ledger, NULL) == EH_OK) {
        eh_error ignored = {0};
        eh_code code = eh_segment_turn(ledger, &ignored);
        (void)code; /* then the log is read again at the next start */
        eh_lead_end(ledger);
    }
}

void eh_ledger_close(eh_ledger **ledger)
{
    eh_ledger *open = *ledger;
    if (open == NULL)
        return;
    settle_at_close(open);
    eh_publisher_stop(open);
    eh_tiles_close(&open->tiles);
    eh_openings_close(&open->openings);
    eh_openings_close(&open->openings_reader);
    eh_persons_close(&open->people);
    eh_persons_close(&open->people_reader);
    eh_person_cache_close(&open->cache);
    eh_segment_close(open);
    if (open->lock_descriptor >= 0)
        close(open->lock_descriptor);
    eh_folders_close(&open->folders);
    pthread_cond_destroy(&open->changed);
    pthread_mutex_destroy(&open->reading);
    pthread_mutex_destroy(&open->lock);
    eh_signers_wipe(&open->signers);
    eh_wipe(open, sizeof *open);
    free(open);
    *ledger = NULL;
}
