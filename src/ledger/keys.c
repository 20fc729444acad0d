/* The keys of the ledger in their files, and the published checkpoint that they have signed. */
#include <errno.h>
#include <string.h>

#include "ledger/ledger_int.h"

#define SECRET_PREFIX "EVENHAND+LEDGER+SECRET+"

enum { KEY_FILE_BYTES_MAX = 65536 };

/* ---- signing keys: keys/ledger.key, one a line, the newest first ----------------------------------------------------------- */

eh_code eh_signers_load(const eh_folders *folders, eh_signers *signers_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_signers_wipe) eh_signers signers = {0};
    if (folders->keys < 0)
        return eh_fail(error, EH_NOT_FOUND, "%s/keys: there are no keys: restore them, or evenhand keys make", folders->state);
    eh_code code = eh_get(folders->keys, "ledger.key", KEY_FILE_BYTES_MAX, &text, error);
    if (code == EH_NOT_FOUND)
        return eh_fail(error, EH_NOT_FOUND, "%s/keys/ledger.key: there is no signing key: restore it, or evenhand keys make", folders->state);
    EH_TRY(code);
    eh_view rest = eh_buffer_view(&text), line;
    while (code == EH_OK && eh_line_take(&rest, &line)) {
        if (signers.count == EH_SIGNERS_MAX)
            code = eh_fail(error, EH_LIMIT, "more than %d keys", EH_SIGNERS_MAX);
        else
            code = eh_signer_parse(line, &signers.signers[signers.count], error);
        signers.count++;
    }
    eh_wipe(text.ptr, text.len);
    if (code == EH_OK && (rest.len > 0 || signers.count == 0))
        code = eh_fail(error, EH_CORRUPT, "it is empty or its last line does not end");
    if (code != EH_OK) {
        (void)eh_fail_within(error, "%s/keys/ledger.key", folders->state);
        return eh_fail(error, EH_CORRUPT, "%s", error != NULL ? error->text : "");
    }
    *signers_out = signers;
    return EH_OK;
}

eh_code eh_signers_save(const eh_folders *folders, const eh_signers *signers, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    for (size_t i = 0; i < signers->count; i++) {
        eh_signer_append(&signers->signers[i], &text);
        eh_buffer_byte(&text, '\n');
    }
    EH_TRY(eh_buffer_check(&text, error));
    eh_code code = eh_put_secret(folders->keys, "ledger.key", eh_buffer_view(&text), error);
    eh_wipe(text.ptr, text.len);
    return code;
}

void eh_signers_wipe(eh_signers *signers)
{
    eh_wipe(signers, sizeof *signers);
}

/* ---- the other secrets: keys/ledger.secret ---------------------------------------------------------------------------------- */

eh_code eh_secrets_make(const eh_folders *folders, const eh_entropy *entropy, eh_error *error)
{
    EH_CLEANUP(eh_secret_wipe) eh_secret master;
    char hex[2 * sizeof master.bytes + 1], line[sizeof SECRET_PREFIX + sizeof hex + 16];
    eh_entropy_fill(entropy, master.bytes, sizeof master.bytes);
    eh_hex(master.bytes, sizeof master.bytes, hex);
    int len = snprintf(line, sizeof line, SECRET_PREFIX "%s+%08x\n", hex, eh_crc32c(0, hex, sizeof hex - 1));
    eh_code code = eh_put_secret(folders->keys, "ledger.secret", (eh_view){line, (size_t)len}, error);
    eh_wipe(hex, sizeof hex);
    eh_wipe(line, sizeof line);
    return code;
}

eh_code eh_secrets_load(const eh_folders *folders, eh_ledger_secrets *secrets_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_secret_wipe) eh_secret master = {{0}};
    *secrets_out = (eh_ledger_secrets){0};
    if (folders->keys < 0)
        return EH_OK;
    eh_code code = eh_get(folders->keys, "ledger.secret", KEY_FILE_BYTES_MAX, &text, error);
    if (code == EH_NOT_FOUND)
        return EH_OK;
    EH_TRY(code);
    size_t prefix = strlen(SECRET_PREFIX), digits = 2 * sizeof master.bytes;
    char expected[16] = "";
    bool good = text.len == prefix + digits + 10 && memcmp(text.ptr, SECRET_PREFIX, prefix) == 0 &&
                eh_hex_read((eh_view){text.ptr + prefix, digits}, sizeof master.bytes, master.bytes);
    if (good) {
        snprintf(expected, sizeof expected, "+%08x\n", eh_crc32c(0, text.ptr + prefix, digits));
        good = memcmp(text.ptr + prefix + digits, expected, 10) == 0;
    }
    eh_wipe(text.ptr, text.len);
    if (!good)
        return eh_fail(error, EH_CORRUPT, "%s/keys/ledger.secret: is damaged; restore it", folders->state);
    eh_ledger_secrets_derive(&master, secrets_out);
    return EH_OK;
}

/* ---- verifier keys: public/vkey, public/vkeys, keys/witnesses ---------------------------------------------------------------- */

eh_code eh_vkeys_read(const eh_folders *folders, eh_verifiers *verifiers, eh_error *error)
{
    static const char *const names[] = {"vkey", "vkeys"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_code code = eh_get(folders->public, names[i], KEY_FILE_BYTES_MAX, &text, error);
        if (code == EH_NOT_FOUND)
            return eh_fail(error, EH_CORRUPT, "ledger: public/%s: is missing", names[i]);
        EH_TRY(code);
        if (eh_verifiers_parse(eh_buffer_view(&text), verifiers, error) != EH_OK) {
            (void)eh_fail_within(error, "ledger: public/%s", names[i]);
            return eh_fail(error, EH_CORRUPT, "%s", error != NULL ? error->text : "");
        }
    }
    return EH_OK;
}

eh_code eh_vkeys_write(const eh_folders *folders, const eh_signers *signers, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer before = {0}, newest = {0}, all = {0};
    eh_verifiers known = {0};
    eh_code code = eh_get(folders->public, "vkeys", KEY_FILE_BYTES_MAX, &before, error);
    if (code != EH_OK && code != EH_NOT_FOUND)
        return code;
    for (size_t i = 0; i < signers->count; i++) {
        eh_verifier_append(&signers->signers[i].verifier, &all);
        eh_buffer_byte(&all, '\n');
        if (i == 0)
            eh_buffer_append(&newest, eh_buffer_view(&all));
    }
    eh_buffer_append(&all, eh_buffer_view(&before));
    EH_TRY(eh_buffer_check(&all, error));
    EH_TRY(eh_buffer_check(&newest, error));
    EH_TRY(eh_verifiers_parse(eh_buffer_view(&all), &known, error));
    eh_buffer_clear(&all);
    for (size_t i = 0; i < known.count; i++) {
        eh_verifier_append(&known.keys[i], &all);
        eh_buffer_byte(&all, '\n');
    }
    EH_TRY(eh_buffer_check(&all, error));
    EH_TRY(eh_put(folders->public, "vkeys", eh_buffer_view(&all), true, error));
    return eh_put(folders->public, "vkey", eh_buffer_view(&newest), true, error);
}

eh_code eh_witnesses_read(const eh_folders *folders, eh_verifiers *verifiers, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_code code = eh_get(folders->log, "witnesses", KEY_FILE_BYTES_MAX, &text, error);
    if (code == EH_NOT_FOUND)
        return EH_OK;
    EH_TRY(code);
    if (eh_verifiers_parse(eh_buffer_view(&text), verifiers, error) != EH_OK)
        return eh_fail_within(error, "ledger: witnesses");
    return EH_OK;
}

/* ---- the published checkpoint -------------------------------------------------------------------------------------------------- */

static eh_code published_check(const eh_folders *folders, eh_published *published, eh_error *error)
{
    eh_verifiers keys = {0};
    EH_TRY(eh_vkeys_read(folders, &keys, error));
    EH_TRY(eh_witnesses_read(folders, &keys, error));
    EH_TRY(eh_note_parse(eh_buffer_view(&published->bytes), &published->note, error));
    EH_TRY(eh_checkpoint_parse(published->note.text, &published->checkpoint, error));
    EH_TRY(eh_note_verify(&published->note, &keys, &published->trust, error));
    if (published->trust.signed_count == 0)
        return eh_fail(error, EH_CORRUPT, "no key of public/vkeys has signed it");
    return EH_OK;
}

eh_code eh_published_read(const eh_folders *folders, eh_published *published_out, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    eh_code code = eh_get(folders->public, "checkpoint", EH_LEDGER_NOTE_BYTES_MAX, &published.bytes, error);
    if (code == EH_NOT_FOUND)
        return eh_fail(error, EH_CORRUPT, "ledger: public/checkpoint: is missing; opening the ledger to write makes it anew");
    EH_TRY(code);
    if (published_check(folders, &published, error) != EH_OK) {
        if (error != NULL && strncmp(error->text, "ledger: ", 8) != 0)
            (void)eh_fail_within(error, "ledger: public/checkpoint");
        return eh_fail(error, EH_CORRUPT, "%s", error != NULL ? error->text : "");
    }
    *published_out = published;
    published.bytes = (eh_buffer){0};
    return EH_OK;
}

void eh_published_dispose(eh_published *published)
{
    eh_buffer_dispose(&published->bytes);
}
