/* Signed notes: text, a blank line, one signature a line (c2sp.org/signed-note). */
#include <string.h>

#include "ledger/notes_int.h"

#define DASH "\xE2\x80\x94 " /* em dash and a space */

bool eh_decimal_read(eh_view text, uint64_t *number_out)
{
    uint64_t number = 0;
    if (text.len == 0 || text.len > 20 || (text.len > 1 && text.ptr[0] == '0'))
        return false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        if (number > (UINT64_MAX - digit) / 10)
            return false;
        number = number * 10 + digit;
    }
    *number_out = number;
    return true;
}

bool eh_line_take(eh_view *rest, eh_view *line_out)
{
    const char *end = rest->len > 0 ? memchr(rest->ptr, '\n', rest->len) : NULL;
    if (end == NULL)
        return false;
    size_t len = (size_t)(end - rest->ptr);
    *line_out = (eh_view){rest->ptr, len};
    *rest = (eh_view){end + 1, rest->len - len - 1};
    return true;
}

/* ---- reading ------------------------------------------------------------------------------------------------------- */

static eh_code text_check(eh_view bytes, eh_error *error)
{
    if (bytes.len > EH_LEDGER_NOTE_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "a signed note of %zu bytes, at most %d", bytes.len, EH_LEDGER_NOTE_BYTES_MAX);
    for (size_t i = 0, line = 1; i < bytes.len; i++) {
        unsigned char byte = (unsigned char)bytes.ptr[i];
        line += byte == '\n';
        if ((byte < 0x20 && byte != '\n') || byte == 0x7F)
            return eh_fail(error, EH_INPUT, "line %zu of the signed note holds the control character 0x%02x", line, byte);
    }
    if (!eh_utf8_valid(bytes))
        return eh_fail(error, EH_INPUT, "the signed note is not valid UTF-8");
    return EH_OK;
}

static eh_code signature_take(eh_view line, eh_note *note, eh_error *error)
{
    size_t dash = strlen(DASH);
    if (line.len < dash || memcmp(line.ptr, DASH, dash) != 0)
        return eh_fail(error, EH_INPUT, "a signature line of the note does not begin with an em dash and a space");
    eh_view rest = {line.ptr + dash, line.len - dash};
    const char *space = rest.len > 0 ? memchr(rest.ptr, ' ', rest.len) : NULL;
    if (space == NULL)
        return eh_fail(error, EH_INPUT, "a signature line of the note is not 'name base64'");
    eh_view name = {rest.ptr, (size_t)(space - rest.ptr)};
    eh_view base64 = {space + 1, rest.len - name.len - 1};
    uint8_t decoded[EH_NOTE_SIGNATURE_BYTES_MAX];
    size_t count = 0;
    EH_TRY(eh_key_name_check(name, error));
    if (!eh_base64_read(base64, sizeof decoded, decoded, &count) || count < 5)
        return eh_fail(error, EH_INPUT, "the signature of %.*s is not base64 of at least 5 and at most %d bytes", (int)name.len, name.ptr,
                       EH_NOTE_SIGNATURE_BYTES_MAX);
    if (note->signatures_count == EH_NOTE_SIGNATURES_MAX)
        return eh_fail(error, EH_LIMIT, "the note has more than %d signatures", EH_NOTE_SIGNATURES_MAX);
    note->signatures[note->signatures_count].name = name;
    note->signatures[note->signatures_count++].base64 = base64;
    return EH_OK;
}

eh_code eh_note_parse_signatures(eh_view lines, eh_note *note, eh_error *error)
{
    eh_view line;
    EH_TRY(text_check(lines, error));
    while (eh_line_take(&lines, &line))
        EH_TRY(signature_take(line, note, error));
    if (lines.len > 0)
        return eh_fail(error, EH_INPUT, "the last line of the note does not end");
    if (note->signatures_count == 0)
        return eh_fail(error, EH_INPUT, "the note has no signature");
    return EH_OK;
}

eh_code eh_note_parse(eh_view bytes, eh_note *note_out, eh_error *error)
{
    EH_TRY(text_check(bytes, error));
    /* the last blank line divides: the text may have others */
    size_t at = bytes.len;
    while (at >= 2 && !(bytes.ptr[at - 1] == '\n' && bytes.ptr[at - 2] == '\n'))
        at--;
    if (at < 2)
        return eh_fail(error, EH_INPUT, "not a signed note: no blank line between text and signatures");
    eh_note note = {.text = {bytes.ptr, at - 1}};
    EH_TRY(eh_note_parse_signatures((eh_view){bytes.ptr + at, bytes.len - at}, &note, error));
    *note_out = note;
    return EH_OK;
}

/* ---- trusting ------------------------------------------------------------------------------------------------------ */

static uint64_t big_endian(const uint8_t bytes[8])
{
    uint64_t number = 0;
    for (size_t i = 0; i < 8; i++)
        number = number << 8 | bytes[i];
    return number;
}

static void cosigned_text(eh_view text, uint64_t seconds, eh_buffer *out)
{
    eh_buffer_format(out, "cosignature/v1\ntime %ju\n", (uintmax_t)seconds);
    eh_buffer_append(out, text);
}

static eh_code signature_check(eh_view text, const eh_verifier *key, eh_view signature, eh_note_trust *trust, eh_error *error)
{
    const uint8_t *bytes = (const uint8_t *)signature.ptr;
    bool valid = false;
    if (key->type == EH_KEY_ED25519 && signature.len == EH_SIGNATURE_BYTES) {
        valid = eh_signature_valid(key->public_key, text, bytes);
        trust->signed_count += valid;
    } else if (key->type == EH_KEY_COSIGNATURE && signature.len == 8 + EH_SIGNATURE_BYTES) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer whole = {0};
        uint64_t seconds = big_endian(bytes);
        cosigned_text(text, seconds, &whole);
        EH_TRY(eh_buffer_check(&whole, error));
        valid = eh_signature_valid(key->public_key, eh_buffer_view(&whole), bytes + 8);
        trust->cosigned_count += valid;
        if (valid && seconds > trust->seconds_last)
            trust->seconds_last = seconds;
    }
    if (!valid)
        return eh_fail(error, EH_DENIED, "the signature of %s (key %02x%02x%02x%02x) is wrong", key->name, key->id[0], key->id[1], key->id[2],
                       key->id[3]);
    return EH_OK;
}

eh_code eh_note_verify(const eh_note *note, const eh_verifiers *verifiers, eh_note_trust *trust_out, eh_error *error)
{
    eh_note_trust trust = {0};
    for (size_t i = 0; i < note->signatures_count; i++) {
        uint8_t decoded[EH_NOTE_SIGNATURE_BYTES_MAX];
        size_t count = 0;
        bool read = eh_base64_read(note->signatures[i].base64, sizeof decoded, decoded, &count);
        EH_ASSERT(read && count >= 5);
        for (size_t k = 0; k < verifiers->count; k++) {
            const eh_verifier *key = &verifiers->keys[k];
            if (trust.by[k] || memcmp(key->id, decoded, 4) != 0 || !eh_view_equal(note->signatures[i].name, eh_view_of(key->name)))
                continue;
            EH_TRY(signature_check(note->text, key, (eh_view){(const char *)decoded + 4, count - 4}, &trust, error));
            trust.by[k] = true;
        }
    }
    *trust_out = trust;
    return EH_OK;
}

/* ---- signing ------------------------------------------------------------------------------------------------------- */

static void line_append(const eh_verifier *key, eh_view signature, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {.whole = out};
    eh_buffer_append(&bytes, (eh_view){(const char *)key->id, sizeof key->id});
    eh_buffer_append(&bytes, signature);
    eh_buffer_text(out, DASH);
    eh_buffer_text(out, key->name);
    eh_buffer_byte(out, ' ');
    eh_base64_append(out, eh_buffer_view(&bytes));
    eh_buffer_byte(out, '\n');
}

void eh_note_sign(eh_view text, const eh_signer *signer, eh_buffer *out)
{
    uint8_t signature[EH_SIGNATURE_BYTES];
    eh_sign(&signer->key, text, signature);
    line_append(&signer->verifier, (eh_view){(const char *)signature, sizeof signature}, out);
}

void eh_note_cosign(eh_view text, const eh_signer *signer, uint64_t seconds, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer whole = {.whole = out};
    uint8_t payload[8 + EH_SIGNATURE_BYTES];
    cosigned_text(text, seconds, &whole);
    for (size_t i = 0; i < 8; i++)
        payload[i] = (uint8_t)(seconds >> (56 - 8 * i));
    eh_sign(&signer->key, eh_buffer_view(&whole), payload + 8);
    eh_verifier as_witness = signer->verifier;
    as_witness.type = EH_KEY_COSIGNATURE;
    eh_key_id(eh_view_of(as_witness.name), as_witness.type, as_witness.public_key, as_witness.id);
    line_append(&as_witness, (eh_view){(const char *)payload, sizeof payload}, out);
}

/* ---- checkpoints --------------------------------------------------------------------------------------------------- */

void eh_checkpoint_append(eh_view origin, uint64_t size, const eh_digest *root, eh_buffer *out)
{
    eh_buffer_append(out, origin);
    eh_buffer_format(out, "\n%ju\n", (uintmax_t)size);
    eh_base64_append(out, (eh_view){(const char *)root->bytes, sizeof root->bytes});
    eh_buffer_byte(out, '\n');
}

eh_code eh_checkpoint_parse(eh_view text, eh_checkpoint *checkpoint_out, eh_error *error)
{
    eh_checkpoint checkpoint = {0};
    eh_view rest = text, size, root;
    size_t count = 0;
    if (!eh_line_take(&rest, &checkpoint.origin) || checkpoint.origin.len == 0)
        return eh_fail(error, EH_INPUT, "not a checkpoint: line 1, the origin, is missing");
    if (!eh_line_take(&rest, &size) || !eh_decimal_read(size, &checkpoint.size))
        return eh_fail(error, EH_INPUT, "not a checkpoint: line 2 is no size (a decimal number without leading zeros)");
    if (!eh_line_take(&rest, &root) || !eh_base64_read(root, sizeof checkpoint.root.bytes, checkpoint.root.bytes, &count) ||
        count != sizeof checkpoint.root.bytes)
        return eh_fail(error, EH_INPUT, "not a checkpoint: line 3 is no root (base64 of 32 bytes)");
    checkpoint.extensions = rest;
    for (eh_view line; rest.len > 0;)
        if (!eh_line_take(&rest, &line) || line.len == 0)
            return eh_fail(error, EH_INPUT, "not a checkpoint: an extension line is empty or does not end");
    *checkpoint_out = checkpoint;
    return EH_OK;
}
