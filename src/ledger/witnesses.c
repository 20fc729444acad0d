/* Rotating keys, and taking the cosignatures of witnesses. */
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_int.h"

/* ---- rotation ---------------------------------------------------------------------------------------------------------------- */

static eh_code key_entry_append(eh_ledger *ledger, const char *event, const eh_signers *before, const eh_signers *after, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer payload = {0};
    eh_buffer_format(&payload, "{\"event\":\"%s\",\"keys\":[\"", event);
    for (size_t i = 0; i < after->count; i++) {
        if (i > 0)
            eh_buffer_text(&payload, "\",\"");
        eh_verifier_append(&after->signers[i].verifier, &payload);
    }
    eh_buffer_text(&payload, "\"],\"keys_before\":[\"");
    for (size_t i = 0; i < before->count; i++) {
        if (i > 0)
            eh_buffer_text(&payload, "\",\"");
        eh_verifier_append(&before->signers[i].verifier, &payload);
    }
    eh_buffer_text(&payload, "\"]}");
    EH_TRY(eh_buffer_check(&payload, error));
    eh_ledger_entry entry = {.kind = EH_VIEW("key"), .payload = eh_buffer_view(&payload)};
    return eh_append_leading(ledger, &entry, NULL, error);
}

static eh_code rotate_leading(eh_ledger *ledger, bool finish, eh_error *error)
{
    EH_CLEANUP(eh_signers_wipe) eh_signers before = ledger->signers, after = {.count = finish ? 1 : 2};
    if (!finish && before.count > 1)
        return eh_fail(error, EH_CONFLICT, "two keys sign already: evenhand keys rotate --finish lets the old one go");
    if (finish && before.count < 2)
        return eh_fail(error, EH_CONFLICT, "no rotation is under way: evenhand keys rotate starts one");
    if (finish) {
        after.signers[0] = before.signers[0];
    } else {
        EH_CLEANUP(eh_secret_wipe) eh_secret seed;
        eh_entropy_fill(ledger->options.entropy, seed.bytes, sizeof seed.bytes);
        EH_TRY(eh_signer_from_seed(eh_view_of(ledger->name), &seed, &after.signers[0], error));
        after.signers[1] = before.signers[0];
    }
    /* published before it signs, and kept before it is published */
    EH_TRY(eh_signers_save(&ledger->folders, &after, error));
    EH_TRY(eh_vkeys_write(&ledger->folders, &after, error));
    pthread_mutex_lock(&ledger->lock);
    ledger->signers = after;
    pthread_mutex_unlock(&ledger->lock);
    EH_TRY(key_entry_append(ledger, finish ? "rotation finished" : "rotation started", &before, &after, error));
    return eh_ledger_publish(ledger, error);
}

eh_code eh_ledger_key_rotate(eh_ledger *ledger, bool finish, eh_error *error)
{
    if (ledger->options.reads_only)
        return eh_fail(error, EH_DENIED, "the ledger was opened for reading only");
    EH_TRY(eh_lead(ledger, error));
    eh_code code = rotate_leading(ledger, finish, error);
    eh_lead_end(ledger);
    return code;
}

/* ---- cosignatures ------------------------------------------------------------------------------------------------------------- */

/* Lines alone, or the signatures under a whole checkpoint that must be the published one. */
static eh_code cosignatures_parse(eh_view bytes, const eh_published *published, eh_note *note_out, eh_error *error)
{
    static const char dash[] = "\xE2\x80\x94 ";
    eh_note note = {0};
    if (bytes.len >= sizeof dash - 1 && memcmp(bytes.ptr, dash, sizeof dash - 1) == 0) {
        EH_TRY(eh_note_parse_signatures(bytes, &note, error));
    } else {
        EH_TRY(eh_note_parse(bytes, &note, error));
        if (!eh_view_equal(note.text, published->note.text))
            return eh_fail(error, EH_CONFLICT, "the cosignatures are of another checkpoint than the published one of %ju entries",
                           (uintmax_t)published->checkpoint.size);
    }
    note.text = published->note.text;
    *note_out = note;
    return EH_OK;
}

static bool is_witness_line(const eh_note *note, size_t line, const eh_verifiers *keys)
{
    uint8_t decoded[EH_NOTE_SIGNATURE_BYTES_MAX];
    size_t count = 0;
    if (!eh_base64_read(note->signatures[line].base64, sizeof decoded, decoded, &count) || count < 5)
        return false;
    for (size_t k = 0; k < keys->count; k++)
        if (keys->keys[k].type == EH_KEY_COSIGNATURE && memcmp(keys->keys[k].id, decoded, 4) == 0 &&
            eh_view_equal(note->signatures[line].name, eh_view_of(keys->keys[k].name)))
            return true;
    return false;
}

static void line_put(const eh_note *note, size_t line, eh_buffer *out)
{
    eh_buffer_text(out, "\xE2\x80\x94 ");
    eh_buffer_append(out, note->signatures[line].name);
    eh_buffer_byte(out, ' ');
    eh_buffer_append(out, note->signatures[line].base64);
    eh_buffer_byte(out, '\n');
}

/* Of each witness the newest cosignature: those of the same name and id that were there before give way. */
static void checkpoint_join(const eh_published *published, const eh_note *fresh, const eh_verifiers *witnesses, eh_buffer *out)
{
    eh_buffer_append(out, published->note.text);
    eh_buffer_byte(out, '\n');
    for (size_t i = 0; i < published->note.signatures_count; i++) {
        bool replaced = false;
        for (size_t k = 0; k < fresh->signatures_count; k++)
            replaced = replaced || (is_witness_line(fresh, k, witnesses) &&
                                    eh_view_equal(published->note.signatures[i].name, fresh->signatures[k].name));
        if (!replaced)
            line_put(&published->note, i, out);
    }
    for (size_t k = 0; k < fresh->signatures_count; k++)
        if (is_witness_line(fresh, k, witnesses))
            line_put(fresh, k, out);
}

static eh_code witnesses_save(const eh_ledger *ledger, const eh_verifiers *witnesses, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    for (size_t i = 0; i < witnesses->count; i++) {
        eh_verifier_append(&witnesses->keys[i], &text);
        eh_buffer_byte(&text, '\n');
    }
    EH_TRY(eh_buffer_check(&text, error));
    return eh_put(ledger->folders.log, "witnesses", eh_buffer_view(&text), true, error);
}

static eh_code cosign_leading(eh_ledger *ledger, eh_view cosignatures, eh_view vkeys, uint32_t *accepted_out, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer joined = {0};
    eh_verifiers witnesses = {0};
    eh_note note;
    eh_note_trust trust;
    EH_TRY(eh_ledger_publish(ledger, error));
    EH_TRY(eh_published_read(&ledger->folders, &published, error));
    EH_TRY(eh_witnesses_read(&ledger->folders, &witnesses, error));
    EH_TRY(eh_verifiers_parse(vkeys, &witnesses, error));
    for (size_t i = 0; i < witnesses.count; i++)
        if (witnesses.keys[i].type != EH_KEY_COSIGNATURE)
            return eh_fail(error, EH_INPUT, "the key of %s is no witness's: it is of type 0x%02x, not 0x04", witnesses.keys[i].name,
                           witnesses.keys[i].type);
    EH_TRY(cosignatures_parse(cosignatures, &published, &note, error));
    EH_TRY(eh_note_verify(&note, &witnesses, &trust, error));
    if (trust.cosigned_count == 0)
        return eh_fail(error, EH_DENIED, "none of the %zu signatures is of a known witness: give the witness's verifier key with --witness",
                       note.signatures_count);
    checkpoint_join(&published, &note, &witnesses, &joined);
    EH_TRY(eh_buffer_check(&joined, error));
    char path[EH_LEDGER_PATH_BYTES_MAX];
    snprintf(path, sizeof path, "cosigned/%020ju", (uintmax_t)published.checkpoint.size);
    EH_TRY(witnesses_save(ledger, &witnesses, error));
    EH_TRY(eh_put(ledger->folders.log, path, eh_buffer_view(&joined), true, error));
    EH_TRY(eh_put(ledger->folders.public, "checkpoint", eh_buffer_view(&joined), true, error));
    *accepted_out = trust.cosigned_count;
    return EH_OK;
}

eh_code eh_ledger_cosign(eh_ledger *ledger, eh_view cosignatures, eh_view vkeys, uint32_t *accepted_out, eh_error *error)
{
    if (ledger->options.reads_only)
        return eh_fail(error, EH_DENIED, "the ledger was opened for reading only");
    EH_TRY(eh_lead(ledger, error));
    eh_code code = cosign_leading(ledger, cosignatures, vkeys, accepted_out, error);
    eh_lead_end(ledger);
    return code;
}
