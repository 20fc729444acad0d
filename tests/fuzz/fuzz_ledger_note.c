/*
 * Any bytes as a signed note, as a checkpoint, as keys. What is accepted reads back to the same; no note verifies under a key that
 * nobody has the secret of.
 */
#include <stdint.h>
#include <string.h>

#include "ledger/notes_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char stranger[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k\n";
static const char published[] = "This is an example message.\n";

static void note_try(eh_view bytes)
{
    eh_note note;
    eh_note_trust trust;
    eh_verifiers keys = {0};
    eh_checkpoint checkpoint;
    EH_ASSERT(eh_verifiers_parse(eh_view_of(stranger), &keys, NULL) == EH_OK);
    if (eh_note_parse(bytes, &note, NULL) != EH_OK)
        return;
    EH_ASSERT(note.signatures_count >= 1 && note.signatures_count <= EH_NOTE_SIGNATURES_MAX && note.text.ptr[note.text.len - 1] == '\n');
    if (eh_note_verify(&note, &keys, &trust, NULL) == EH_OK && trust.signed_count > 0)
        EH_ASSERT(eh_view_equal(note.text, EH_VIEW(published)));
    if (eh_checkpoint_parse(note.text, &checkpoint, NULL) == EH_OK) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer again = {0};
        eh_checkpoint_append(checkpoint.origin, checkpoint.size, &checkpoint.root, &again);
        eh_buffer_append(&again, checkpoint.extensions);
        EH_ASSERT(eh_view_equal(eh_buffer_view(&again), note.text));
    }
}

static void key_try(eh_view bytes)
{
    eh_verifier verifier;
    eh_signer signer;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer again = {0};
    if (eh_verifier_parse(bytes, &verifier, NULL) == EH_OK) {
        eh_verifier_append(&verifier, &again);
        EH_ASSERT(eh_view_equal_nocase(eh_buffer_view(&again), bytes)); /* the id may be in capitals */
    }
    eh_buffer_clear(&again);
    if (eh_signer_parse(bytes, &signer, NULL) == EH_OK) {
        eh_signer_append(&signer, &again);
        EH_ASSERT(eh_view_equal_nocase(eh_buffer_view(&again), bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eh_view bytes = {(const char *)data, size};
    eh_note note = {0};
    eh_verifiers keys = {0};
    note_try(bytes);
    key_try(bytes);
    if (eh_note_parse_signatures(bytes, &note, NULL) == EH_OK)
        EH_ASSERT(note.signatures_count > 0);
    if (eh_verifiers_parse(bytes, &keys, NULL) == EH_OK)
        EH_ASSERT(keys.count <= EH_VERIFIERS_MAX);
    return 0;
}
