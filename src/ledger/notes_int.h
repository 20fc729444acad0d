/** Signed notes, their keys, checkpoints and cosignatures: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature. Pure; no files. */
#ifndef EH_LEDGER_NOTES_INT_H
#define EH_LEDGER_NOTES_INT_H

#include "ledger/tree_int.h"

enum {
    EH_KEY_ED25519 = 0x01,
    EH_KEY_COSIGNATURE = 0x04, /* Ed25519 with a time */
    EH_NOTE_SIGNATURES_MAX = 64,
    EH_NOTE_SIGNATURE_BYTES_MAX = 4096, /* decoded; room for ML-DSA-44 (2,420) */
    EH_VERIFIERS_MAX = 64,
    EH_KEY_NAME_BYTES_MAX = 255,
};

/** A key that can check: "<name>+<8 hex>+<base64(type || key)>". */
typedef struct {
    char name[EH_KEY_NAME_BYTES_MAX + 1];
    uint8_t id[4];
    uint8_t type;
    uint8_t public_key[32];
} eh_verifier;

/** A key that can sign: "PRIVATE+KEY+<name>+<8 hex>+<base64(0x01 || seed)>". */
typedef struct {
    eh_verifier verifier;
    eh_signing_key key;
} eh_signer;

/** Can this be the name of a key (and the origin of a log)? Says why not. */
EH_MUST_USE eh_code eh_key_name_check(eh_view name, eh_error *error);
/** A signer of type Ed25519. */
EH_MUST_USE eh_code eh_signer_from_seed(eh_view name, const eh_secret *seed, eh_signer *signer_out, eh_error *error);
EH_MUST_USE eh_code eh_signer_parse(eh_view text, eh_signer *signer_out, eh_error *error);
void eh_signer_append(const eh_signer *signer, eh_buffer *out);
void eh_signer_wipe(eh_signer *signer);
EH_MUST_USE eh_code eh_verifier_parse(eh_view text, eh_verifier *verifier_out, eh_error *error);
void eh_verifier_append(const eh_verifier *verifier, eh_buffer *out);
/** The key id of a name, type and key: the first four bytes of SHA-256(name || 0x0A || type || key). */
void eh_key_id(eh_view name, uint8_t type, const uint8_t public_key[32], uint8_t id_out[4]);

typedef struct {
    eh_verifier keys[EH_VERIFIERS_MAX];
    size_t count;
} eh_verifiers;
/** One key a line; empty lines and lines that begin with '#' are skipped. Adds to what is there; the same key twice counts once. */
EH_MUST_USE eh_code eh_verifiers_parse(eh_view text, eh_verifiers *verifiers, eh_error *error);

/** A note as it stands in a text: views into it. */
typedef struct {
    eh_view text; /* with its last line end */
    struct {
        eh_view name;
        eh_view base64;
    } signatures[EH_NOTE_SIGNATURES_MAX];
    size_t signatures_count;
} eh_note;

/** errors: EH_INPUT with what is wrong and in which line */
EH_MUST_USE eh_code eh_note_parse(eh_view bytes, eh_note *note_out, eh_error *error);
/** Signature lines alone, without a text: at least one. */
EH_MUST_USE eh_code eh_note_parse_signatures(eh_view lines, eh_note *note, eh_error *error);

typedef struct {
    uint32_t signed_count;    /* by keys of type Ed25519 */
    uint32_t cosigned_count;  /* by witnesses */
    uint64_t seconds_last;    /* the latest time of a cosignature */
    bool by[EH_VERIFIERS_MAX];
} eh_note_trust;
/**
 * Which of the known keys have signed. Unknown names and ids are passed over.
 * errors: EH_DENIED when the signature of a known key is wrong
 */
EH_MUST_USE eh_code eh_note_verify(const eh_note *note, const eh_verifiers *verifiers, eh_note_trust *trust_out, eh_error *error);
/** Appends "— name base64\n" over `text`. */
void eh_note_sign(eh_view text, const eh_signer *signer, eh_buffer *out);
/** Appends a witness's line: type 0x04 with the given time. For tests and for whoever is a witness. */
void eh_note_cosign(eh_view text, const eh_signer *signer, uint64_t seconds, eh_buffer *out);

typedef struct {
    eh_view origin;
    uint64_t size;
    eh_digest root;
    eh_view extensions; /* lines after the third; usually empty */
} eh_checkpoint;

EH_MUST_USE eh_code eh_checkpoint_parse(eh_view text, eh_checkpoint *checkpoint_out, eh_error *error);
/** The three lines. */
void eh_checkpoint_append(eh_view origin, uint64_t size, const eh_digest *root, eh_buffer *out);

/** A decimal number without sign or leading zeros that fits into 64 bits. */
EH_MUST_USE bool eh_decimal_read(eh_view text, uint64_t *number_out);
/** The text before the next line end, which is taken off `rest`; false at the end or when the last line does not end. */
EH_MUST_USE bool eh_line_take(eh_view *rest, eh_view *line_out);

#endif
