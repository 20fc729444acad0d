/**
 * What must not leak and must not be forged: chance for secrets, hashes, signatures, sealed boxes, passwords, and their text forms.
 *
 * A thin face over libsodium and OpenSSL, which no other room includes. SHA-256 comes from OpenSSL (it uses the processor's SHA
 * instructions); all else from libsodium. Everything here is thread-safe unless it says otherwise. Functions that return nothing
 * cannot fail.
 */
#ifndef EH_BASE_SECRETS_H
#define EH_BASE_SECRETS_H

#include "base/base.h"

enum {
    EH_SECRET_BYTES = 32,
    EH_SIGNATURE_BYTES = 64,
    EH_NONCE_BYTES = 24,     /* of a sealed box */
    EH_SEAL_EXTRA_BYTES = 16, /* what sealing adds to a text */
    EH_SALT_BYTES = 16,      /* of a password */
};

typedef struct {
    uint8_t bytes[EH_SECRET_BYTES];
} eh_secret;

typedef struct {
    uint8_t bytes[32];
} eh_digest;

/** Overwrites `count` bytes so that no compiler leaves it out. */
void eh_wipe(void *bytes, size_t count);
/** For EH_CLEANUP: EH_CLEANUP(eh_secret_wipe) eh_secret key; */
void eh_secret_wipe(eh_secret *secret);
/** Equal, in a time that depends on `count` alone. */
bool eh_same_bytes(const void *a, const void *b, size_t count);

/* ---- chance for secrets ------------------------------------------------------------------------------------------------ */

/** A source of unpredictable bytes, passed in. NULL in place of one means that of the system. */
typedef struct {
    void (*fill)(void *context, void *bytes, size_t count);
    void *context;
} eh_entropy;

/** The system's own (getrandom). Never fails: a system without it ends the program. */
eh_entropy eh_entropy_system(void);

/** The same bytes for the same seed, on every machine: for tests and for nothing else. Not thread-safe. */
typedef struct {
    eh_secret seed;
    uint64_t calls_count;
} eh_entropy_replay;
eh_entropy eh_entropy_replayed(eh_entropy_replay *state, uint64_t seed);

void eh_entropy_fill(const eh_entropy *entropy, void *bytes, size_t count);

/* ---- keys in files -------------------------------------------------------------------------------------------------------------- */

/** 64 hexadecimal digits and a line end, mode 0600. Makes one unless it is there; what is there is never overwritten. errors: EH_IO */
EH_MUST_USE eh_code eh_key_file_make(const char *path, const eh_entropy *entropy, eh_error *error);
/** errors: EH_NOT_FOUND; EH_DENIED when others can read it; EH_CORRUPT; EH_IO. The text says what is wrong with the file, and the caller what hangs on it. */
EH_MUST_USE eh_code eh_key_file_read(const char *path, eh_secret *key_out, eh_error *error);

/* ---- SHA-256, HMAC, HKDF --------------------------------------------------------------------------------------------------- */

/** A hash in the making: a plain value, may be copied (a common beginning is hashed once). No allocation. */
typedef struct {
    uint64_t state[14];
} eh_sha256;

void eh_sha256_begin(eh_sha256 *hash);
void eh_sha256_add(eh_sha256 *hash, const void *bytes, size_t count);
/** Ends the hash; begin it again before another use. */
void eh_sha256_end(eh_sha256 *hash, eh_digest *digest_out);
/** The whole hash of some bytes. cost: about 40 ns and 40 ns per 64 bytes with SHA instructions */
eh_digest eh_sha256_of(eh_view bytes);
/** The hash of `first` (at most EH_SHA256_FIRST_BYTES_MAX bytes: a prefix) and `second`, one after the other. cost: as eh_sha256_of */
enum { EH_SHA256_FIRST_BYTES_MAX = 63 };
eh_digest eh_sha256_of_two(eh_view first, eh_view second);

/** HMAC-SHA-256 (RFC 2104). */
eh_digest eh_hmac_sha256(eh_view key, eh_view message);

/** A key of HMAC-SHA-256 that is used many times: what hashing the padded key leaves. As secret as the key. */
typedef struct {
    uint32_t inner[8], outer[8];
} eh_hmac_key;
void eh_hmac_key_make(eh_view key, eh_hmac_key *key_out);
/** cost: half of eh_hmac_sha256 */
eh_digest eh_hmac_with(const eh_hmac_key *key, eh_view message);

/**
 * HKDF-SHA-256 (RFC 5869): extract with `salt` (may be empty), then expand with `info` to `count` bytes (at most 8160).
 * A key that is uniformly random already may skip the extraction (section 3.3): eh_hkdf_expand.
 */
void eh_hkdf_sha256(eh_view material, eh_view salt, eh_view info, void *bytes_out, size_t count);
void eh_hkdf_expand(const eh_secret *key, eh_view info, void *bytes_out, size_t count);

/* ---- signatures: Ed25519 (RFC 8032) ----------------------------------------------------------------------------------------- */

typedef struct {
    eh_secret seed;
    uint8_t public_key[32];
    uint8_t expanded[64]; /* libsodium's form of the two: seed || public key */
} eh_signing_key;

EH_MUST_USE eh_code eh_signing_key_make(const eh_entropy *entropy, eh_signing_key *key_out, eh_error *error);
EH_MUST_USE eh_code eh_signing_key_from_seed(const eh_secret *seed, eh_signing_key *key_out, eh_error *error);
void eh_signing_key_wipe(eh_signing_key *key);
/** Deterministic: the same message has the same signature. cost: about 25 microseconds */
void eh_sign(const eh_signing_key *key, eh_view message, uint8_t signature_out[EH_SIGNATURE_BYTES]);
EH_MUST_USE bool eh_signature_valid(const uint8_t public_key[32], eh_view message, const uint8_t signature[EH_SIGNATURE_BYTES]);

/* ---- sealed boxes: XChaCha20-Poly1305 ------------------------------------------------------------------------------------------ */

/**
 * Seals `text`: nobody without the key reads it or changes a bit of it or of `beside` (which is not part of the box) unnoticed.
 *
 * nonce     24 bytes that were never used with this key before; random ones are fine
 * box_out   text.len + EH_SEAL_EXTRA_BYTES bytes
 */
void eh_seal(const eh_secret *key, const uint8_t nonce[EH_NONCE_BYTES], eh_view beside, eh_view text, void *box_out);
/** Opens it: box.len - EH_SEAL_EXTRA_BYTES bytes. returns false, and wipes text_out, when key, nonce, `beside` or box are not those. */
EH_MUST_USE bool eh_unseal(const eh_secret *key, const uint8_t nonce[EH_NONCE_BYTES], eh_view beside, eh_view box, void *text_out);

/* ---- passwords: Argon2id --------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t passes;     /* at least 1 */
    uint32_t memory_kib; /* at least 8 */
} eh_password_cost;
/** 3 passes over 64 MiB: RFC 9106, second recommendation, with one lane (libsodium has no more). */
eh_password_cost eh_password_cost_usual(void);

/** The key that belongs to a password. errors: EH_INPUT for a cost that is too small, EH_MEMORY */
EH_MUST_USE eh_code eh_password_key(eh_view password, const uint8_t salt[EH_SALT_BYTES], eh_password_cost cost, eh_secret *key_out,
                                    eh_error *error);
/** The text to keep of a password, "$argon2id$v=19$...", terminated; random salt. */
EH_MUST_USE eh_code eh_password_keep(eh_view password, eh_password_cost cost, char text_out[128], eh_error *error);
/** True when `password` is the one that eh_password_keep made `kept` of. */
EH_MUST_USE bool eh_password_matches(const char *kept, eh_view password);

/* ---- text forms -------------------------------------------------------------------------------------------------------------------- */

/** Standard base64 with padding (RFC 4648, section 4). */
void eh_base64_append(eh_buffer *out, eh_view bytes);
/** The alphabet for addresses and file names, without padding (section 5). */
void eh_base64url_append(eh_buffer *out, eh_view bytes);
/**
 * Strict readers: no white space, no other alphabet, padding exactly as it must be, spare bits zero, so that every value has one text.
 *
 * returns false, and leaves the outputs alone, when `text` is no such text or holds more than `bytes_max` bytes
 */
EH_MUST_USE bool eh_base64_read(eh_view text, size_t bytes_max, void *bytes_out, size_t *count_out);
EH_MUST_USE bool eh_base64url_read(eh_view text, size_t bytes_max, void *bytes_out, size_t *count_out);

/** Lower-case hexadecimal, 2 * count characters and a zero. */
void eh_hex(const void *bytes, size_t count, char *text_out);
/** Strict: exactly 2 * count characters, lower or upper case. */
EH_MUST_USE bool eh_hex_read(eh_view text, size_t count, void *bytes_out);

#endif
