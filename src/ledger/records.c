/* What an entry is made of: ids, pseudonyms, salts, commitments, sealed openings, leaves. */
#include <string.h>

#include "ledger/ledger_int.h"

/* ---- ids ---------------------------------------------------------------------------------------------------------------- */

enum { ROUNDS = 4 };

static eh_view secret_view(const eh_secret *secret)
{
    return (eh_view){(const char *)secret->bytes, sizeof secret->bytes};
}

void eh_ledger_secrets_derive(const eh_secret *master, eh_ledger_secrets *secrets_out)
{
    *secrets_out = (eh_ledger_secrets){.there = true};
    eh_hkdf_expand(master, EH_VIEW("evenhand/ids/v1"), secrets_out->ids.bytes, sizeof secrets_out->ids.bytes);
    EH_CLEANUP(eh_secret_wipe) eh_secret pseudonyms;
    eh_hkdf_expand(master, EH_VIEW("evenhand/pseudonyms/v1"), pseudonyms.bytes, sizeof pseudonyms.bytes);
    eh_hmac_key_make(secret_view(&pseudonyms), &secrets_out->pseudonyms);
}

/* One block of SHA-256: key, round, half. */
static void round_mix(const eh_secret *key, uint8_t round, const uint8_t half[8], uint8_t other[8])
{
    char block[sizeof key->bytes + 1 + 8];
    memcpy(block, key->bytes, sizeof key->bytes);
    block[sizeof key->bytes] = (char)round;
    memcpy(block + sizeof key->bytes + 1, half, 8);
    eh_digest digest = eh_sha256_of((eh_view){block, sizeof block});
    for (size_t i = 0; i < 8; i++)
        other[i] ^= digest.bytes[i];
}

void eh_id_of_index(const eh_ledger_secrets *secrets, uint64_t index, char id_out[EH_LEDGER_ID_BYTES])
{
    uint8_t halves[2][8] = {{0}};
    for (size_t i = 0; i < 8; i++)
        halves[1][i] = (uint8_t)(index >> (56 - 8 * i));
    for (uint8_t round = 0; round < ROUNDS; round++)
        round_mix(&secrets->ids, round, halves[(round & 1) ^ 1], halves[round & 1]);
    eh_hex(halves, sizeof halves, id_out);
}

bool eh_index_of_id(const eh_ledger_secrets *secrets, eh_view id, uint64_t *index_out)
{
    uint8_t halves[2][8];
    static const uint8_t zero[8];
    if (!eh_hex_read(id, sizeof halves, halves))
        return false;
    for (uint8_t round = ROUNDS; round > 0; round--)
        round_mix(&secrets->ids, round - 1, halves[((round - 1) & 1) ^ 1], halves[(round - 1) & 1]);
    if (memcmp(halves[0], zero, sizeof zero) != 0)
        return false;
    uint64_t index = 0;
    for (size_t i = 0; i < 8; i++)
        index = index << 8 | halves[1][i];
    *index_out = index;
    return true;
}

void eh_pseudonym_of(const eh_ledger_secrets *secrets, eh_view person, uint8_t pseudonym_out[16])
{
    eh_digest digest = eh_hmac_with(&secrets->pseudonyms, person);
    memcpy(pseudonym_out, digest.bytes, 16);
}

/* ---- openings ------------------------------------------------------------------------------------------------------------- */

void eh_person_keys_derive(uint64_t number, const eh_secret *key, eh_person_keys *keys_out)
{
    keys_out->number = number;
    EH_CLEANUP(eh_secret_wipe) eh_secret salts;
    eh_hkdf_expand(key, EH_VIEW("evenhand/salts/v1"), salts.bytes, sizeof salts.bytes);
    eh_hmac_key_make(secret_view(&salts), &keys_out->salts);
    eh_hkdf_expand(key, EH_VIEW("evenhand/seal/v1"), keys_out->seal.bytes, sizeof keys_out->seal.bytes);
}

void eh_salt_of(const eh_person_keys *keys, const char id[EH_LEDGER_ID_BYTES], eh_secret *salt_out)
{
    /* HKDF-Expand of one block, with the key's part of it done before: HMAC(key, id || 1) */
    char info[EH_LEDGER_ID_BYTES];
    memcpy(info, id, EH_LEDGER_ID_BYTES - 1);
    info[EH_LEDGER_ID_BYTES - 1] = 1;
    eh_digest block = eh_hmac_with(&keys->salts, (eh_view){info, sizeof info});
    memcpy(salt_out->bytes, block.bytes, sizeof salt_out->bytes);
    eh_wipe(&block, sizeof block);
}

eh_digest eh_commitment_of(const eh_secret *salt, eh_view payload)
{
    static const char domain[] = "ra/decision/v1";
    char prefix[sizeof domain - 1 + sizeof salt->bytes];
    memcpy(prefix, domain, sizeof domain - 1);
    memcpy(prefix + sizeof domain - 1, salt->bytes, sizeof salt->bytes);
    eh_digest digest = eh_sha256_of_two((eh_view){prefix, sizeof prefix}, payload);
    eh_wipe(prefix, sizeof prefix);
    return digest;
}

/* The id is never used twice, so as a nonce it is never used twice with the person's key. */
static void nonce_of(const char id[EH_LEDGER_ID_BYTES], uint8_t nonce_out[EH_NONCE_BYTES])
{
    memset(nonce_out, 0, EH_NONCE_BYTES);
    bool read = eh_hex_read((eh_view){id, EH_LEDGER_ID_BYTES - 1}, 16, nonce_out);
    EH_ASSERT(read);
}

void eh_opening_seal(const eh_person_keys *keys, const char id[EH_LEDGER_ID_BYTES], eh_view payload, void *box_out)
{
    uint8_t nonce[EH_NONCE_BYTES];
    nonce_of(id, nonce);
    eh_seal(&keys->seal, nonce, (eh_view){NULL, 0}, payload, box_out);
}

bool eh_opening_unseal(const eh_person_keys *keys, const char id[EH_LEDGER_ID_BYTES], eh_view box, void *payload_out)
{
    uint8_t nonce[EH_NONCE_BYTES];
    nonce_of(id, nonce);
    return eh_unseal(&keys->seal, nonce, (eh_view){NULL, 0}, box, payload_out);
}

/* ---- entries -------------------------------------------------------------------------------------------------------------- */

enum { KIND_BYTES_MAX = 32, AT_BYTES = 20, LEAF_FRAME_BYTES_MAX = 256 };

static eh_code kind_check(eh_view kind, bool internal, eh_error *error)
{
    static const char *const reserved[] = {"erasure", "key"};
    bool good = kind.len > 0 && kind.len <= KIND_BYTES_MAX && kind.ptr[0] >= 'a' && kind.ptr[0] <= 'z';
    for (size_t i = 1; i < kind.len && good; i++)
        good = (kind.ptr[i] >= 'a' && kind.ptr[i] <= 'z') || (kind.ptr[i] >= '0' && kind.ptr[i] <= '9') || memchr("_-.", kind.ptr[i], 3) != NULL;
    if (!good)
        return eh_fail(error, EH_INPUT, "'%.*s' is no kind of entry: a lower-case letter, then letters, digits, '_', '-' or '.', at most %d bytes",
                       (int)(kind.len < 40 ? kind.len : 40), kind.len > 0 ? kind.ptr : "", KIND_BYTES_MAX);
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0] && !internal; i++)
        if (eh_view_equal(kind, eh_view_of(reserved[i])))
            return eh_fail(error, EH_INPUT, "entries of kind '%s' are made by the ledger itself", reserved[i]);
    return EH_OK;
}

eh_code eh_entry_check(const eh_ledger_entry *entry, bool internal, eh_error *error)
{
    EH_TRY(kind_check(entry->kind, internal, error));
    if (entry->person.len > EH_LEDGER_PERSON_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "the key of a person has %zu bytes, at most %d", entry->person.len, EH_LEDGER_PERSON_BYTES_MAX);
    if (entry->payload.len > EH_LEDGER_OPENING_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "the payload has %zu bytes, at most %d", entry->payload.len, EH_LEDGER_OPENING_BYTES_MAX);
    const char *fault = eh_json_object_fault(entry->payload);
    if (fault != NULL)
        return eh_fail(error, EH_INPUT, "the payload %s", fault);
    if (entry->clear.len > 0 && entry->person.len == 0)
        return eh_fail(error, EH_INPUT, "only an entry about a person has a clear part: the payload of others is in clear as a whole");
    if (entry->clear.len > 0 && (fault = eh_json_object_fault(entry->clear)) != NULL)
        return eh_fail(error, EH_INPUT, "the clear part %s", fault);
    if (eh_leaf_bytes_bound(entry) > EH_LEDGER_LEAF_BYTES_MAX + LEAF_FRAME_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "what would stand in clear has more than %d bytes", EH_LEDGER_LEAF_BYTES_MAX - LEAF_FRAME_BYTES_MAX);
    return EH_OK;
}

size_t eh_leaf_bytes_bound(const eh_ledger_entry *entry)
{
    return LEAF_FRAME_BYTES_MAX + (entry->person.len > 0 ? entry->clear.len : entry->payload.len);
}

static char *put_text(char *at, const char *text, size_t len)
{
    memcpy(at, text, len);
    return at + len;
}
#define PUT(at, literal) put_text((at), (literal), sizeof(literal) - 1)

size_t eh_leaf_write(const eh_ledger_entry *entry, const char id[EH_LEDGER_ID_BYTES], const char *at_text, const eh_digest *commitment, char *out)
{
    char *at = out;
    at = PUT(at, "{\"v\":1,\"id\":\"");
    at = put_text(at, id, EH_LEDGER_ID_BYTES - 1);
    at = PUT(at, "\",\"kind\":\"");
    at = put_text(at, entry->kind.ptr, entry->kind.len);
    at = PUT(at, "\",\"at\":\"");
    at = put_text(at, at_text, AT_BYTES);
    if (commitment == NULL) {
        at = PUT(at, "\",\"payload\":");
        at = put_text(at, entry->payload.ptr, entry->payload.len);
        at = PUT(at, "}");
        return (size_t)(at - out);
    }
    if (entry->clear.len > 0) {
        at = PUT(at, "\",\"clear\":");
        at = put_text(at, entry->clear.ptr, entry->clear.len);
        at = PUT(at, ",\"commitment\":\"");
    } else {
        at = PUT(at, "\",\"commitment\":\"");
    }
    eh_hex(commitment->bytes, sizeof commitment->bytes, at);
    at += 2 * sizeof commitment->bytes;
    at = PUT(at, "\"}");
    return (size_t)(at - out);
}

/* ---- reading leaves --------------------------------------------------------------------------------------------------------- */

static bool begin(eh_view *rest, const char *text, size_t len)
{
    if (rest->len < len || memcmp(rest->ptr, text, len) != 0)
        return false;
    *rest = (eh_view){rest->ptr + len, rest->len - len};
    return true;
}
#define BEGIN(rest, literal) begin((rest), (literal), sizeof(literal) - 1)

static bool piece(eh_view *rest, size_t len, eh_view *piece_out)
{
    if (rest->len < len)
        return false;
    *piece_out = (eh_view){rest->ptr, len};
    *rest = (eh_view){rest->ptr + len, rest->len - len};
    return true;
}

bool eh_leaf_read(eh_view bytes, eh_leaf *leaf_out)
{
    eh_leaf leaf = {0};
    eh_view rest = bytes;
    if (!BEGIN(&rest, "{\"v\":1,\"id\":\"") || !piece(&rest, EH_LEDGER_ID_BYTES - 1, &leaf.id) || !BEGIN(&rest, "\",\"kind\":\""))
        return false;
    const char *quote = rest.len > 0 ? memchr(rest.ptr, '"', rest.len) : NULL;
    if (quote == NULL || !piece(&rest, (size_t)(quote - rest.ptr), &leaf.kind) || kind_check(leaf.kind, true, NULL) != EH_OK)
        return false;
    if (!BEGIN(&rest, "\",\"at\":\"") || !piece(&rest, AT_BYTES, &leaf.at) || !BEGIN(&rest, "\",\""))
        return false;
    if (BEGIN(&rest, "payload\":")) {
        if (rest.len < 3 || rest.ptr[rest.len - 1] != '}')
            return false;
        leaf.payload = (eh_view){rest.ptr, rest.len - 1};
        *leaf_out = leaf;
        return true;
    }
    static const char with[] = ",\"commitment\":\"";
    size_t tail = 2 * sizeof leaf.commitment.bytes + 2;
    if (BEGIN(&rest, "clear\":")) {
        if (rest.len < tail + sizeof with - 1 + 2)
            return false;
        (void)piece(&rest, rest.len - tail - (sizeof with - 1), &leaf.clear);
        if (!begin(&rest, with, sizeof with - 1))
            return false;
    } else if (!BEGIN(&rest, "commitment\":\"")) {
        return false;
    }
    if (rest.len != tail || !eh_hex_read((eh_view){rest.ptr, tail - 2}, sizeof leaf.commitment.bytes, leaf.commitment.bytes) ||
        memcmp(rest.ptr + tail - 2, "\"}", 2) != 0)
        return false;
    leaf.committed = true;
    *leaf_out = leaf;
    return true;
}
