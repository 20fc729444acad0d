/* Keys of signed notes in their text forms: vkeys, and the private form of golang.org/x/mod/sumdb/note. */
#include <string.h>

#include "ledger/notes_int.h"

#define PRIVATE_PREFIX "PRIVATE+KEY+"

/* U+0085, U+00A0, U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F, U+3000, and the ASCII ones. */
static bool has_space(eh_view name)
{
    static const char *const spaces[] = {" ", "\t", "\n", "\v", "\f", "\r", "\xC2\x85", "\xC2\xA0", "\xE1\x9A\x80", "\xE2\x80\xA8", "\xE2\x80\xA9",
                                         "\xE2\x80\xAF", "\xE2\x81\x9F", "\xE3\x80\x80"};
    for (size_t i = 0; i < sizeof spaces / sizeof spaces[0]; i++)
        if (memmem(name.ptr, name.len, spaces[i], strlen(spaces[i])) != NULL)
            return true;
    for (size_t i = 0; i + 2 < name.len; i++)
        if (memcmp(name.ptr + i, "\xE2\x80", 2) == 0 && (unsigned char)name.ptr[i + 2] >= 0x80 && (unsigned char)name.ptr[i + 2] <= 0x8A)
            return true;
    return false;
}

eh_code eh_key_name_check(eh_view name, eh_error *error)
{
    if (name.len == 0)
        return eh_fail(error, EH_INPUT, "the name of a key is empty");
    if (name.len > EH_KEY_NAME_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "the name of a key has %zu bytes, at most %d", name.len, EH_KEY_NAME_BYTES_MAX);
    if (!eh_utf8_valid(name) || memchr(name.ptr, '+', name.len) != NULL || has_space(name))
        return eh_fail(error, EH_INPUT, "'%.*s' cannot be the name of a key: no white space, no '+', valid UTF-8; as in shop.example/ledger",
                       (int)name.len, name.ptr);
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7F)
            return eh_fail(error, EH_INPUT, "the name of a key holds a control character");
    return EH_OK;
}

void eh_key_id(eh_view name, uint8_t type, const uint8_t public_key[32], uint8_t id_out[4])
{
    eh_sha256 hash;
    eh_digest digest;
    eh_sha256_begin(&hash);
    eh_sha256_add(&hash, name.ptr, name.len);
    eh_sha256_add(&hash, "\n", 1);
    eh_sha256_add(&hash, &type, 1);
    eh_sha256_add(&hash, public_key, 32);
    eh_sha256_end(&hash, &digest);
    memcpy(id_out, digest.bytes, 4);
}

/* "<name>+<8 hex>+<base64(type || 32 bytes)>" in its parts. The key id is not checked here. */
static eh_code parts_take(eh_view text, eh_verifier *key, uint8_t bytes_out[33], eh_error *error)
{
    const char *plus = text.len > 0 ? memchr(text.ptr, '+', text.len) : NULL;
    size_t name_len = plus == NULL ? 0 : (size_t)(plus - text.ptr);
    if (plus == NULL || text.len - name_len < 10 || text.ptr[name_len + 9] != '+')
        return eh_fail(error, EH_INPUT, "no key: it is not of the form name+12345678+base64");
    eh_view name = {text.ptr, name_len};
    size_t count = 0;
    EH_TRY(eh_key_name_check(name, error));
    if (!eh_hex_read((eh_view){plus + 1, 8}, 4, key->id))
        return eh_fail(error, EH_INPUT, "no key: the second part of that of %.*s is not 8 hexadecimal digits", (int)name.len, name.ptr);
    if (!eh_base64_read((eh_view){plus + 10, text.len - name_len - 10}, 33, bytes_out, &count) || count != 33)
        return eh_fail(error, EH_INPUT, "no key: the last part of that of %.*s is not base64 of a type and 32 bytes", (int)name.len, name.ptr);
    memcpy(key->name, name.ptr, name.len);
    key->name[name.len] = '\0';
    key->type = bytes_out[0];
    return EH_OK;
}

static eh_code id_check(const eh_verifier *key, eh_error *error)
{
    uint8_t id[4];
    eh_key_id(eh_view_of(key->name), key->type, key->public_key, id);
    if (memcmp(id, key->id, sizeof id) != 0)
        return eh_fail(error, EH_INPUT, "no key: that of %s has the id %02x%02x%02x%02x, but its bytes make %02x%02x%02x%02x", key->name, key->id[0],
                       key->id[1], key->id[2], key->id[3], id[0], id[1], id[2], id[3]);
    return EH_OK;
}

eh_code eh_verifier_parse(eh_view text, eh_verifier *verifier_out, eh_error *error)
{
    eh_verifier key = {0};
    uint8_t bytes[33];
    EH_TRY(parts_take(text, &key, bytes, error));
    if (key.type != EH_KEY_ED25519 && key.type != EH_KEY_COSIGNATURE)
        return eh_fail(error, EH_UNAVAILABLE, "the key of %s is of type 0x%02x; known are 0x01 (Ed25519) and 0x04 (cosignature)", key.name, key.type);
    memcpy(key.public_key, bytes + 1, 32);
    EH_TRY(id_check(&key, error));
    *verifier_out = key;
    return EH_OK;
}

static void key_append(const eh_verifier *key, const uint8_t bytes[32], eh_buffer *out)
{
    uint8_t typed[33];
    char id[9];
    typed[0] = key->type;
    memcpy(typed + 1, bytes, 32);
    eh_hex(key->id, 4, id);
    eh_buffer_format(out, "%s+%s+", key->name, id);
    eh_base64_append(out, (eh_view){(const char *)typed, sizeof typed});
    eh_wipe(typed, sizeof typed);
}

void eh_verifier_append(const eh_verifier *verifier, eh_buffer *out)
{
    key_append(verifier, verifier->public_key, out);
}

eh_code eh_verifiers_parse(eh_view text, eh_verifiers *verifiers, eh_error *error)
{
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);
        eh_view line = eh_view_trim((eh_view){text.ptr, len});
        text = (eh_view){text.ptr + len + (end != NULL), text.len - len - (end != NULL)};
        if (line.len == 0 || line.ptr[0] == '#')
            continue;
        eh_verifier key;
        EH_TRY(eh_verifier_parse(line, &key, error));
        bool known = false;
        for (size_t i = 0; i < verifiers->count; i++)
            known = known || (memcmp(verifiers->keys[i].id, key.id, 4) == 0 && strcmp(verifiers->keys[i].name, key.name) == 0 &&
                              memcmp(verifiers->keys[i].public_key, key.public_key, 32) == 0);
        if (known)
            continue;
        if (verifiers->count == EH_VERIFIERS_MAX)
            return eh_fail(error, EH_LIMIT, "more than %d keys", EH_VERIFIERS_MAX);
        verifiers->keys[verifiers->count++] = key;
    }
    return EH_OK;
}

/* ---- signers ------------------------------------------------------------------------------------------------------- */

eh_code eh_signer_from_seed(eh_view name, const eh_secret *seed, eh_signer *signer_out, eh_error *error)
{
    eh_signer signer = {.verifier = {.type = EH_KEY_ED25519}};
    EH_TRY(eh_key_name_check(name, error));
    EH_TRY(eh_signing_key_from_seed(seed, &signer.key, error));
    memcpy(signer.verifier.name, name.ptr, name.len);
    memcpy(signer.verifier.public_key, signer.key.public_key, 32);
    eh_key_id(name, signer.verifier.type, signer.verifier.public_key, signer.verifier.id);
    *signer_out = signer;
    eh_signer_wipe(&signer);
    return EH_OK;
}

eh_code eh_signer_parse(eh_view text, eh_signer *signer_out, eh_error *error)
{
    size_t prefix = strlen(PRIVATE_PREFIX);
    eh_verifier key = {0};
    uint8_t bytes[33];
    if (text.len < prefix || memcmp(text.ptr, PRIVATE_PREFIX, prefix) != 0)
        return eh_fail(error, EH_INPUT, "no signing key: it does not begin with " PRIVATE_PREFIX);
    EH_TRY(parts_take((eh_view){text.ptr + prefix, text.len - prefix}, &key, bytes, error));
    if (key.type != EH_KEY_ED25519)
        return eh_fail(error, EH_UNAVAILABLE, "the signing key of %s is of type 0x%02x; known is 0x01 (Ed25519)", key.name, key.type);
    EH_CLEANUP(eh_secret_wipe) eh_secret seed;
    EH_CLEANUP(eh_signer_wipe) eh_signer signer = {0};
    memcpy(seed.bytes, bytes + 1, sizeof seed.bytes);
    eh_wipe(bytes, sizeof bytes);
    EH_TRY(eh_signer_from_seed(eh_view_of(key.name), &seed, &signer, error));
    if (memcmp(signer.verifier.id, key.id, 4) != 0)
        return eh_fail(error, EH_INPUT, "the signing key of %s does not belong to the id that stands with it", key.name);
    *signer_out = signer;
    return EH_OK;
}

void eh_signer_append(const eh_signer *signer, eh_buffer *out)
{
    eh_buffer_text(out, PRIVATE_PREFIX);
    key_append(&signer->verifier, signer->key.seed.bytes, out);
}

void eh_signer_wipe(eh_signer *signer)
{
    eh_wipe(signer, sizeof *signer);
}
