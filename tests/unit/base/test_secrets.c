/* Goal: the published test vectors come out to the bit, what was tampered with is refused, every value has one text. */
#include "base/secrets.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { BYTES_MAX = 512 };

typedef struct {
    char bytes[BYTES_MAX];
    size_t count;
} sample;

static sample of_hex(const char *text)
{
    sample made = {.count = strlen(text) / 2};
    assert_true(eh_hex_read(eh_view_of(text), made.count, made.bytes));
    return made;
}

static eh_view view_of(const sample *bytes)
{
    return (eh_view){bytes->bytes, bytes->count};
}

static void assert_bytes(const void *bytes, const char *expected)
{
    char text[2 * BYTES_MAX + 1];
    eh_hex(bytes, strlen(expected) / 2, text);
    assert_string_equal(text, expected);
}

static void hashes(void **state)
{
    (void)state;
    /* FIPS 180-2, appendix B.1 */
    eh_digest digest = eh_sha256_of(EH_VIEW("abc"));
    assert_bytes(digest.bytes, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    eh_sha256 hash, branch;
    eh_sha256_begin(&hash);
    eh_sha256_add(&hash, "a", 1);
    branch = hash;
    eh_sha256_add(&hash, "x", 1);
    eh_sha256_add(&branch, "bc", 2);
    eh_sha256_end(&branch, &digest);
    assert_bytes(digest.bytes, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    digest = eh_sha256_of((eh_view){NULL, 0});
    assert_bytes(digest.bytes, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

/* One go, in two parts and piece by piece: the same hash for every length around the blocks. */
static void hashes_alike(void **state)
{
    (void)state;
    char bytes[300];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(i * 7 + 1);
    for (size_t len = 0; len <= sizeof bytes; len++) {
        eh_sha256 hash;
        eh_digest pieces, whole = eh_sha256_of((eh_view){bytes, len});
        eh_sha256_begin(&hash);
        eh_sha256_add(&hash, bytes, len);
        eh_sha256_end(&hash, &pieces);
        assert_memory_equal(&whole, &pieces, sizeof whole);
        for (size_t first = 0; first <= len && first <= EH_SHA256_FIRST_BYTES_MAX; first++) {
            eh_digest two = eh_sha256_of_two((eh_view){bytes, first}, (eh_view){bytes + first, len - first});
            assert_memory_equal(&two, &pieces, sizeof two);
        }
    }
}

/* RFC 2104, written out, for messages around the blocks; the key is made once. */
static void authenticates_with_one_key(void **state)
{
    (void)state;
    uint8_t key[20], inner[64], outer[64];
    char message[200];
    memset(inner, 0x36, sizeof inner);
    memset(outer, 0x5c, sizeof outer);
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i + 1);
        inner[i] ^= key[i];
        outer[i] ^= key[i];
    }
    for (size_t i = 0; i < sizeof message; i++)
        message[i] = (char)i;
    eh_hmac_key made;
    eh_hmac_key_make((eh_view){(const char *)key, sizeof key}, &made);
    for (size_t len = 0; len <= sizeof message; len++) {
        eh_digest expected, found = eh_hmac_with(&made, (eh_view){message, len});
        eh_sha256 hash;
        eh_sha256_begin(&hash);
        eh_sha256_add(&hash, inner, sizeof inner);
        eh_sha256_add(&hash, message, len);
        eh_sha256_end(&hash, &expected);
        eh_sha256_begin(&hash);
        eh_sha256_add(&hash, outer, sizeof outer);
        eh_sha256_add(&hash, expected.bytes, sizeof expected.bytes);
        eh_sha256_end(&hash, &expected);
        assert_memory_equal(&found, &expected, sizeof found);
    }
}

static void authenticates(void **state)
{
    (void)state;
    /* RFC 4231, test cases 1 and 6 */
    sample key = of_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
    eh_digest digest = eh_hmac_sha256(view_of(&key), EH_VIEW("Hi There"));
    assert_bytes(digest.bytes, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    memset(key.bytes, 0xaa, key.count = 131);
    digest = eh_hmac_sha256(view_of(&key), EH_VIEW("Test Using Larger Than Block-Size Key - Hash Key First"));
    assert_bytes(digest.bytes, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void derives(void **state)
{
    (void)state;
    /* RFC 5869, A.1; its PRK alone expands to the same */
    sample material = of_hex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"), salt = of_hex("000102030405060708090a0b0c");
    sample info = of_hex("f0f1f2f3f4f5f6f7f8f9"), prk = of_hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    static const char expected[] = "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865";
    char out[128];
    eh_hkdf_sha256(view_of(&material), view_of(&salt), view_of(&info), out, 42);
    assert_bytes(out, expected);
    eh_secret key;
    memcpy(key.bytes, prk.bytes, sizeof key.bytes);
    eh_hkdf_expand(&key, view_of(&info), out, 42);
    assert_bytes(out, expected);
    /* an info longer than the short path: the same as by hand, T(1) = HMAC(key, info || 1) */
    char long_info[401];
    memset(long_info, 'i', 400);
    long_info[400] = 1;
    eh_digest by_hand = eh_hmac_sha256(view_of(&prk), (eh_view){long_info, 401});
    eh_hkdf_expand(&key, (eh_view){long_info, 400}, out, 32);
    assert_memory_equal(out, by_hand.bytes, 32);
}

static void signs(void **state)
{
    (void)state;
    /* RFC 8032, 7.1, test 1 */
    sample bytes = of_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    eh_secret seed;
    memcpy(seed.bytes, bytes.bytes, sizeof seed.bytes);
    eh_signing_key key;
    eh_error error = {0};
    uint8_t signature[EH_SIGNATURE_BYTES];
    assert_int_equal(eh_signing_key_from_seed(&seed, &key, &error), EH_OK);
    assert_bytes(key.public_key, "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
    eh_sign(&key, (eh_view){NULL, 0}, signature);
    assert_bytes(signature, "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b");
    assert_true(eh_signature_valid(key.public_key, (eh_view){NULL, 0}, signature));
    assert_false(eh_signature_valid(key.public_key, EH_VIEW("x"), signature));
    for (size_t bit = 0; bit < 8 * sizeof signature; bit += 7) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(eh_signature_valid(key.public_key, (eh_view){NULL, 0}, signature));
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    eh_signing_key_wipe(&key);
    assert_true(eh_same_bytes(&key, &(eh_signing_key){0}, sizeof key));
}

static void seals(void **state)
{
    (void)state;
    /* draft-irtf-cfrg-xchacha-03, A.3.1 */
    static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
    sample key_bytes = of_hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f");
    sample nonce = of_hex("404142434445464748494a4b4c4d4e4f5051525354555657"), beside = of_hex("50515253c0c1c2c3c4c5c6c7");
    eh_secret key;
    memcpy(key.bytes, key_bytes.bytes, sizeof key.bytes);
    char box[256], opened[256];
    size_t box_len = sizeof text - 1 + EH_SEAL_EXTRA_BYTES;
    eh_seal(&key, (uint8_t *)nonce.bytes, view_of(&beside), (eh_view){text, sizeof text - 1}, box);
    assert_bytes(box, "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39"
                      "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff9"
                      "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49");
    assert_true(eh_unseal(&key, (uint8_t *)nonce.bytes, view_of(&beside), (eh_view){box, box_len}, opened));
    assert_memory_equal(opened, text, sizeof text - 1);
    for (size_t bit = 0; bit < 8 * box_len; bit += 11) {
        box[bit / 8] = (char)(box[bit / 8] ^ (1 << bit % 8));
        assert_false(eh_unseal(&key, (uint8_t *)nonce.bytes, view_of(&beside), (eh_view){box, box_len}, opened));
        assert_int_equal(opened[0], 0);
        box[bit / 8] = (char)(box[bit / 8] ^ (1 << bit % 8));
    }
    assert_false(eh_unseal(&key, (uint8_t *)nonce.bytes, EH_VIEW("other"), (eh_view){box, box_len}, opened));
    assert_false(eh_unseal(&key, (uint8_t *)nonce.bytes, view_of(&beside), (eh_view){box, 15}, opened));
}

static void stretches_passwords(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_secret key;
    /* the reference implementation of Argon2 (by argon2-cffi 25.1.0): Argon2id, v 1.3, t 2, m 256 KiB, p 1 */
    eh_password_cost cost = {.passes = 2, .memory_kib = 256};
    assert_int_equal(eh_password_key(EH_VIEW("password"), (const uint8_t *)"somesaltsomesalt", cost, &key, &error), EH_OK);
    assert_bytes(key.bytes, "cab746b4621993fdc91ec50787980b414a90a692f0bc68dfe19f9c25b3cba9ec");
    char kept[128];
    assert_int_equal(eh_password_keep(EH_VIEW("correct horse"), cost, kept, &error), EH_OK);
    assert_memory_equal(kept, "$argon2id$v=19$m=256,t=2,p=1$", 29);
    assert_true(eh_password_matches(kept, EH_VIEW("correct horse")));
    assert_false(eh_password_matches(kept, EH_VIEW("correct house")));
    assert_false(eh_password_matches("nonsense", EH_VIEW("correct horse")));
    assert_int_equal(eh_password_keep(EH_VIEW("x"), (eh_password_cost){.passes = 0, .memory_kib = 256}, kept, &error), EH_INPUT);
}

static void replays_chance(void **state)
{
    (void)state;
    eh_entropy_replay one, two;
    eh_entropy first = eh_entropy_replayed(&one, 7), second = eh_entropy_replayed(&two, 7);
    uint8_t a[40], b[40];
    eh_entropy_fill(&first, a, sizeof a);
    eh_entropy_fill(&second, b, sizeof b);
    assert_memory_equal(a, b, sizeof a);
    eh_entropy_fill(&second, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    eh_entropy_fill(NULL, a, sizeof a);
    eh_entropy_fill(NULL, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
}

static void reads_one_text_per_value(void **state)
{
    (void)state;
    /* RFC 4648, section 10 */
    static const struct { const char *bytes, *text; } pairs[] = {
        {"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    char out[16];
    size_t count;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_base64_append(&text, eh_view_of(pairs[i].bytes));
        assert_string_equal(text.ptr != NULL ? text.ptr : "", pairs[i].text);
        assert_true(eh_base64_read(eh_view_of(pairs[i].text), sizeof out, out, &count));
        assert_int_equal(count, strlen(pairs[i].bytes));
        assert_memory_equal(out, pairs[i].bytes, count);
        EH_CLEANUP(eh_buffer_dispose) eh_buffer other = {0};
        eh_base64url_append(&other, eh_view_of(pairs[i].bytes));
        assert_true(eh_base64url_read(eh_buffer_view(&other), sizeof out, out, &count));
        assert_int_equal(count, strlen(pairs[i].bytes));
    }
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm8", "Zm8==", "Z m8=", "Zm8=\n", "====", "=Zg=", "Zm-_", "Zg==Zg=="};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        out[0] = 'k';
        count = 99;
        assert_false(eh_base64_read(eh_view_of(bad[i]), sizeof out, out, &count));
        assert_true(out[0] == 'k' && count == 99);
    }
    assert_false(eh_base64_read(EH_VIEW("Zm9vYmFy"), 5, out, &count));
    assert_true(eh_base64url_read(EH_VIEW("-_8"), 2, out, &count));
    assert_false(eh_base64url_read(EH_VIEW("+/8"), 2, out, &count));
    assert_true(eh_hex_read(EH_VIEW("00fFa9"), 3, out));
    assert_bytes(out, "00ffa9");
    assert_false(eh_hex_read(EH_VIEW("00fg"), 2, out));
    assert_false(eh_hex_read(EH_VIEW("00f"), 2, out));
}

/* A key is made once, never over another one, never half; and kept from others. */
static void a_key_lies_in_a_file(void **state)
{
    (void)state;
    char folder[] = "/tmp/evenhand-key-XXXXXX", path[64];
    eh_error error;
    eh_secret first, again;
    struct stat facts;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/some.key", folder);
    assert_int_equal(eh_key_file_read(path, &first, &error), EH_NOT_FOUND);
    assert_int_equal(eh_key_file_make(path, NULL, &error), EH_OK);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(facts.st_size, 65);
    assert_int_equal(facts.st_nlink, 1);
    assert_int_equal(eh_key_file_read(path, &first, &error), EH_OK);
    assert_int_equal(eh_key_file_make(path, NULL, &error), EH_OK);
    assert_int_equal(eh_key_file_read(path, &again, &error), EH_OK);
    assert_memory_equal(first.bytes, again.bytes, sizeof first.bytes);
    assert_int_equal(chmod(path, 0640), 0);
    assert_int_equal(eh_key_file_read(path, &again, &error), EH_DENIED);
    assert_non_null(strstr(error.text, "chmod 600"));
    assert_int_equal(chmod(path, 0600), 0);
    for (int length = 0; length < 3; length++) {
        static const char *const bad[] = {"", "no key\n", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefx"};
        assert_int_equal(eh_file_replace(path, eh_view_of(bad[length]), &error), EH_OK);
        assert_int_equal(eh_key_file_read(path, &again, &error), EH_CORRUPT);
    }
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("/dev/null", path), 0);
    assert_int_not_equal(eh_key_file_read(path, &again, &error), EH_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0); /* nothing else was left behind */
    snprintf(path, sizeof path, "%s/none/some.key", folder);
    assert_int_equal(eh_key_file_make(path, NULL, &error), EH_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_lies_in_a_file),
        cmocka_unit_test(hashes),
        cmocka_unit_test(hashes_alike),
        cmocka_unit_test(authenticates),
        cmocka_unit_test(authenticates_with_one_key),
        cmocka_unit_test(derives),
        cmocka_unit_test(signs),
        cmocka_unit_test(seals),
        cmocka_unit_test(stretches_passwords),
        cmocka_unit_test(replays_chance),
        cmocka_unit_test(reads_one_text_per_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
