/* Chance, signatures, sealed boxes and passwords (libsodium); hashes (OpenSSL). */

/* The plain SHA256_ functions cost 60 ns less per call than EVP and need no allocation; they are deprecated, not removed. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/secrets.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <string.h>

_Static_assert(sizeof(SHA256_CTX) <= sizeof(eh_sha256), "eh_sha256 holds OpenSSL's state");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES == EH_NONCE_BYTES, "nonce of a sealed box");
_Static_assert(crypto_aead_xchacha20poly1305_ietf_ABYTES == EH_SEAL_EXTRA_BYTES, "what sealing adds");
_Static_assert(crypto_pwhash_SALTBYTES == EH_SALT_BYTES, "salt of a password");
_Static_assert(crypto_pwhash_STRBYTES == 128, "kept form of a password");

enum { HKDF_BYTES_MAX = 255 * 32 };

static const unsigned char *bytes_of(eh_view view)
{
    return (const unsigned char *)view.ptr;
}

static void library_ready(void)
{
    EH_ASSERT(sodium_init() >= 0);
}

void eh_wipe(void *bytes, size_t count)
{
    sodium_memzero(bytes, count);
}

void eh_secret_wipe(eh_secret *secret)
{
    sodium_memzero(secret, sizeof *secret);
}

bool eh_same_bytes(const void *a, const void *b, size_t count)
{
    return sodium_memcmp(a, b, count) == 0;
}

/* ---- chance -------------------------------------------------------------------------------------------------------- */

static void system_fill(void *context, void *bytes, size_t count)
{
    (void)context;
    randombytes_buf(bytes, count);
}

eh_entropy eh_entropy_system(void)
{
    library_ready();
    return (eh_entropy){.fill = system_fill};
}

static void replay_fill(void *context, void *bytes, size_t count)
{
    eh_entropy_replay *state = context;
    eh_secret seed;
    state->calls_count++;
    eh_hkdf_expand(&state->seed, (eh_view){(const char *)&state->calls_count, sizeof state->calls_count}, &seed, sizeof seed);
    randombytes_buf_deterministic(bytes, count, seed.bytes);
}

eh_entropy eh_entropy_replayed(eh_entropy_replay *state, uint64_t seed)
{
    *state = (eh_entropy_replay){0};
    for (size_t i = 0; i < sizeof seed; i++)
        state->seed.bytes[i] = (uint8_t)(seed >> (8 * i));
    return (eh_entropy){.fill = replay_fill, .context = state};
}

void eh_entropy_fill(const eh_entropy *entropy, void *bytes, size_t count)
{
    eh_entropy used = entropy != NULL ? *entropy : eh_entropy_system();
    used.fill(used.context, bytes, count);
}

/* ---- SHA-256, HMAC, HKDF ------------------------------------------------------------------------------------------- */

void eh_sha256_begin(eh_sha256 *hash)
{
    SHA256_CTX state;
    EH_ASSERT(SHA256_Init(&state) == 1);
    memcpy(hash, &state, sizeof state);
}

/* The state is copied in and out: a plain value of ours, whatever the type of the library demands. */
void eh_sha256_add(eh_sha256 *hash, const void *bytes, size_t count)
{
    SHA256_CTX state;
    memcpy(&state, hash, sizeof state);
    EH_ASSERT(SHA256_Update(&state, bytes, count) == 1);
    memcpy(hash, &state, sizeof state);
}

void eh_sha256_end(eh_sha256 *hash, eh_digest *digest_out)
{
    SHA256_CTX state;
    memcpy(&state, hash, sizeof state);
    EH_ASSERT(SHA256_Final(digest_out->bytes, &state) == 1);
    memset(hash, 0, sizeof *hash);
}

/* ---- whole hashes ------------------------------------------------------------------------------------------------------ */

enum { BLOCK_BYTES = 64, PADDING_BYTES_MIN = 1 + 8 };

static void put_big_endian(uint8_t *at, uint64_t number, size_t count)
{
    for (size_t i = 0; i < count; i++)
        at[i] = (uint8_t)(number >> (8 * (count - 1 - i)));
}

/* Whole blocks go straight to the compression function. */
static void compress(SHA256_CTX *state, const void *blocks, size_t bytes_count)
{
    EH_ASSERT(SHA256_Update(state, blocks, bytes_count) == 1);
}

static eh_digest digest_of(const SHA256_CTX *state)
{
    eh_digest digest;
    for (size_t i = 0; i < 8; i++)
        put_big_endian(digest.bytes + 4 * i, state->h[i], 4);
    return digest;
}

/* Ends a hash whose last bytes, fewer than a block, lie at the start of `tail`; `total` is how many bytes there were in all. */
static eh_digest padded_end(SHA256_CTX *state, uint8_t tail[2 * BLOCK_BYTES], size_t held, uint64_t total)
{
    size_t end = held + PADDING_BYTES_MIN <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
    tail[held] = 0x80;
    memset(tail + held + 1, 0, end - held - PADDING_BYTES_MIN);
    put_big_endian(tail + end - 8, total * 8, 8);
    compress(state, tail, end);
    return digest_of(state);
}

/* Without the state that hashing piece by piece keeps: most of what is hashed here is one to three blocks. */
eh_digest eh_sha256_of_two(eh_view first, eh_view second)
{
    EH_ASSERT(first.len <= EH_SHA256_FIRST_BYTES_MAX);
    uint8_t tail[2 * BLOCK_BYTES];
    uint64_t total = (uint64_t)first.len + second.len;
    size_t held = first.len;
    SHA256_CTX state;
    EH_ASSERT(SHA256_Init(&state) == 1);
    if (held > 0)
        memcpy(tail, first.ptr, held);
    if (held > 0 && held + second.len >= BLOCK_BYTES) {
        size_t step = BLOCK_BYTES - held;
        memcpy(tail + held, second.ptr, step);
        compress(&state, tail, BLOCK_BYTES);
        second = (eh_view){second.ptr + step, second.len - step};
        held = 0;
    }
    size_t whole = held == 0 ? second.len / BLOCK_BYTES * BLOCK_BYTES : 0;
    if (whole > 0)
        compress(&state, second.ptr, whole);
    if (second.len > whole)
        memcpy(tail + held, second.ptr + whole, second.len - whole);
    return padded_end(&state, tail, held + second.len - whole, total);
}

eh_digest eh_sha256_of(eh_view bytes)
{
    return eh_sha256_of_two((eh_view){NULL, 0}, bytes);
}

/* ---- keyed hashes ------------------------------------------------------------------------------------------------------ */

static void padded_key_hash(const uint8_t key[BLOCK_BYTES], uint8_t pad, uint32_t words_out[8])
{
    uint8_t block[BLOCK_BYTES];
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] = key[i] ^ pad;
    SHA256_CTX state;
    EH_ASSERT(SHA256_Init(&state) == 1);
    compress(&state, block, sizeof block);
    memcpy(words_out, state.h, sizeof state.h);
    sodium_memzero(block, sizeof block);
    sodium_memzero(&state, sizeof state);
}

void eh_hmac_key_make(eh_view key, eh_hmac_key *key_out)
{
    uint8_t padded[BLOCK_BYTES] = {0};
    if (key.len > BLOCK_BYTES) {
        eh_digest hashed = eh_sha256_of(key);
        memcpy(padded, hashed.bytes, sizeof hashed.bytes);
    } else if (key.len > 0) {
        memcpy(padded, key.ptr, key.len);
    }
    padded_key_hash(padded, 0x36, key_out->inner);
    padded_key_hash(padded, 0x5c, key_out->outer);
    sodium_memzero(padded, sizeof padded);
}

/* A hash that goes on after one block. */
static void resume(const uint32_t words[8], SHA256_CTX *state_out)
{
    EH_ASSERT(SHA256_Init(state_out) == 1);
    memcpy(state_out->h, words, sizeof state_out->h);
    state_out->Nl = BLOCK_BYTES * 8;
}

/* Hash of (padded key) || first || second. */
static eh_digest keyed_hash(const uint32_t words[8], eh_view first, eh_view second)
{
    uint8_t tail[2 * BLOCK_BYTES];
    SHA256_CTX state;
    eh_digest digest;
    size_t count = first.len + second.len;
    resume(words, &state);
    if (count < BLOCK_BYTES) {
        if (first.len > 0)
            memcpy(tail, first.ptr, first.len);
        if (second.len > 0)
            memcpy(tail + first.len, second.ptr, second.len);
        digest = padded_end(&state, tail, count, BLOCK_BYTES + count);
        sodium_memzero(tail, sizeof tail);
    } else {
        EH_ASSERT(SHA256_Update(&state, first.ptr, first.len) == 1 && SHA256_Update(&state, second.ptr, second.len) == 1);
        EH_ASSERT(SHA256_Final(digest.bytes, &state) == 1);
    }
    sodium_memzero(&state, sizeof state);
    return digest;
}

static eh_digest hmac_of_two(const eh_hmac_key *key, eh_view first, eh_view second)
{
    eh_digest inner = keyed_hash(key->inner, first, second);
    return keyed_hash(key->outer, (eh_view){(const char *)inner.bytes, sizeof inner.bytes}, (eh_view){NULL, 0});
}

eh_digest eh_hmac_with(const eh_hmac_key *key, eh_view message)
{
    return hmac_of_two(key, message, (eh_view){NULL, 0});
}

eh_digest eh_hmac_sha256(eh_view key, eh_view message)
{
    eh_hmac_key made;
    eh_hmac_key_make(key, &made);
    eh_digest digest = eh_hmac_with(&made, message);
    sodium_memzero(&made, sizeof made);
    return digest;
}

void eh_hkdf_expand(const eh_secret *key, eh_view info, void *bytes_out, size_t count)
{
    EH_ASSERT(count <= HKDF_BYTES_MAX);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer long_info = {0};
    eh_hmac_key made;
    eh_hmac_key_make((eh_view){(const char *)key->bytes, sizeof key->bytes}, &made);
    uint8_t *out = bytes_out;
    eh_digest block = {{0}};
    size_t block_len = 0;
    char tail[256];
    for (uint8_t number = 1; count > 0; number++) {
        /* T(n) = HMAC(key, T(n-1) || info || n): the usual short info needs no allocation */
        eh_view rest;
        if (info.len < sizeof tail) {
            if (info.len > 0)
                memcpy(tail, info.ptr, info.len);
            tail[info.len] = (char)number;
            rest = (eh_view){tail, info.len + 1};
        } else {
            eh_buffer_clear(&long_info);
            eh_buffer_append(&long_info, info);
            eh_buffer_byte(&long_info, (char)number);
            EH_ASSERT(long_info.code == EH_OK);
            rest = eh_buffer_view(&long_info);
        }
        block = hmac_of_two(&made, (eh_view){(const char *)block.bytes, block_len}, rest);
        block_len = sizeof block.bytes;
        size_t step = count < block_len ? count : block_len;
        memcpy(out, block.bytes, step);
        out += step;
        count -= step;
    }
    sodium_memzero(&block, sizeof block);
    sodium_memzero(&made, sizeof made);
}

void eh_hkdf_sha256(eh_view material, eh_view salt, eh_view info, void *bytes_out, size_t count)
{
    EH_CLEANUP(eh_secret_wipe) eh_secret extracted;
    eh_digest digest = eh_hmac_sha256(salt, material);
    memcpy(extracted.bytes, digest.bytes, sizeof digest.bytes);
    sodium_memzero(&digest, sizeof digest);
    eh_hkdf_expand(&extracted, info, bytes_out, count);
}

/* ---- signatures ---------------------------------------------------------------------------------------------------- */

eh_code eh_signing_key_from_seed(const eh_secret *seed, eh_signing_key *key_out, eh_error *error)
{
    library_ready();
    eh_signing_key key = {.seed = *seed};
    if (crypto_sign_seed_keypair(key.public_key, key.expanded, seed->bytes) != 0)
        return eh_fail(error, EH_INTERNAL, "an Ed25519 key could not be made");
    *key_out = key;
    eh_signing_key_wipe(&key);
    return EH_OK;
}

eh_code eh_signing_key_make(const eh_entropy *entropy, eh_signing_key *key_out, eh_error *error)
{
    EH_CLEANUP(eh_secret_wipe) eh_secret seed;
    eh_entropy_fill(entropy, seed.bytes, sizeof seed.bytes);
    return eh_signing_key_from_seed(&seed, key_out, error);
}

void eh_signing_key_wipe(eh_signing_key *key)
{
    sodium_memzero(key, sizeof *key);
}

void eh_sign(const eh_signing_key *key, eh_view message, uint8_t signature_out[EH_SIGNATURE_BYTES])
{
    EH_ASSERT(crypto_sign_detached(signature_out, NULL, bytes_of(message), message.len, key->expanded) == 0);
}

bool eh_signature_valid(const uint8_t public_key[32], eh_view message, const uint8_t signature[EH_SIGNATURE_BYTES])
{
    return crypto_sign_verify_detached(signature, bytes_of(message), message.len, public_key) == 0;
}

/* ---- sealed boxes -------------------------------------------------------------------------------------------------- */

void eh_seal(const eh_secret *key, const uint8_t nonce[EH_NONCE_BYTES], eh_view beside, eh_view text, void *box_out)
{
    EH_ASSERT(crypto_aead_xchacha20poly1305_ietf_encrypt(box_out, NULL, bytes_of(text), text.len, bytes_of(beside), beside.len, NULL, nonce,
                                                         key->bytes) == 0);
}

bool eh_unseal(const eh_secret *key, const uint8_t nonce[EH_NONCE_BYTES], eh_view beside, eh_view box, void *text_out)
{
    if (box.len < EH_SEAL_EXTRA_BYTES)
        return false;
    bool opened = crypto_aead_xchacha20poly1305_ietf_decrypt(text_out, NULL, NULL, bytes_of(box), box.len, bytes_of(beside), beside.len,
                                                             nonce, key->bytes) == 0;
    if (!opened)
        sodium_memzero(text_out, box.len - EH_SEAL_EXTRA_BYTES);
    return opened;
}

/* ---- passwords ----------------------------------------------------------------------------------------------------- */

eh_password_cost eh_password_cost_usual(void)
{
    return (eh_password_cost){.passes = 3, .memory_kib = 65536};
}

static eh_code cost_check(eh_password_cost cost, eh_error *error)
{
    if (cost.passes < 1 || cost.memory_kib < 8)
        return eh_fail(error, EH_INPUT, "a password needs at least 1 pass over 8 KiB, not %u over %u", cost.passes, cost.memory_kib);
    library_ready();
    return EH_OK;
}

eh_code eh_password_key(eh_view password, const uint8_t salt[EH_SALT_BYTES], eh_password_cost cost, eh_secret *key_out, eh_error *error)
{
    EH_TRY(cost_check(cost, error));
    EH_CLEANUP(eh_secret_wipe) eh_secret key;
    if (crypto_pwhash(key.bytes, sizeof key.bytes, password.ptr != NULL ? password.ptr : "", password.len, salt, cost.passes,
                      (size_t)cost.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return eh_fail_memory(error);
    *key_out = key;
    return EH_OK;
}

eh_code eh_password_keep(eh_view password, eh_password_cost cost, char text_out[128], eh_error *error)
{
    EH_TRY(cost_check(cost, error));
    char text[crypto_pwhash_STRBYTES];
    if (crypto_pwhash_str_alg(text, password.ptr != NULL ? password.ptr : "", password.len, cost.passes, (size_t)cost.memory_kib * 1024,
                              crypto_pwhash_ALG_ARGON2ID13) != 0)
        return eh_fail_memory(error);
    memcpy(text_out, text, sizeof text);
    return EH_OK;
}

bool eh_password_matches(const char *kept, eh_view password)
{
    library_ready();
    return crypto_pwhash_str_verify(kept, password.ptr != NULL ? password.ptr : "", password.len) == 0;
}
