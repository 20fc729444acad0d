/* Goal: the notes and keys that others published verify, ours are what theirs would be, and what was bent is refused. */
#include "ledger/notes_int.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

/* c2sp.org/signed-note */
static const char c2sp_key[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char c2sp_note[] = "This is an example message.\n\n\xE2\x80\x94 example.com/foo "
                                "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
/* golang.org/x/mod/sumdb/note, note_test.go */
static const char go_key[] = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
static const char go_text[] = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
static const char go_signature[] = "\xE2\x80\x94 PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

static eh_code verified(const char *note_text, const char *key_text, eh_note_trust *trust)
{
    eh_verifiers keys = {0};
    eh_note note;
    eh_error error = {0};
    assert_int_equal(eh_verifiers_parse(eh_view_of(key_text), &keys, &error), EH_OK);
    if (eh_note_parse(eh_view_of(note_text), &note, &error) != EH_OK)
        fail_msg("%s", error.text);
    return eh_note_verify(&note, &keys, trust, &error);
}

static void verifies_what_others_signed(void **state)
{
    (void)state;
    eh_note_trust trust;
    assert_int_equal(verified(c2sp_note, c2sp_key, &trust), EH_OK);
    assert_int_equal(trust.signed_count, 1);
    char bent[sizeof c2sp_note];
    for (size_t i = 0; i < 27; i++) {
        memcpy(bent, c2sp_note, sizeof bent);
        bent[i] ^= 1;
        assert_int_equal(verified(bent, c2sp_key, &trust), EH_DENIED);
    }
}

static void signs_as_others_do(void **state)
{
    (void)state;
    eh_signer signer;
    eh_error error = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer line = {0}, key = {0}, public_key = {0};
    assert_int_equal(eh_signer_parse(eh_view_of(go_key), &signer, &error), EH_OK);
    eh_note_sign(eh_view_of(go_text), &signer, &line);
    assert_string_equal(line.ptr, go_signature);
    eh_signer_append(&signer, &key);
    assert_string_equal(key.ptr, go_key);
    eh_verifier_append(&signer.verifier, &public_key);
    /* the same file */
    assert_string_equal(public_key.ptr, "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
}

static void cosigns_and_verifies(void **state)
{
    (void)state;
    static const char text[] = "shop.example/log\n3\n9g9JOLpzGWctQLYrbpw5hdC5DJxNBhvZy/nQFCvQMnE=\n";
    eh_secret seed = {{7}};
    eh_signer signer;
    eh_error error = {0};
    eh_note_trust trust;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer note = {0}, keys = {0};
    assert_int_equal(eh_signer_from_seed(EH_VIEW("witness.example/w1"), &seed, &signer, &error), EH_OK);
    eh_buffer_text(&note, text);
    eh_buffer_byte(&note, '\n');
    eh_note_cosign(eh_view_of(text), &signer, 1700000000, &note);
    eh_verifier witness = signer.verifier;
    witness.type = EH_KEY_COSIGNATURE;
    eh_key_id(eh_view_of(witness.name), witness.type, witness.public_key, witness.id);
    eh_verifier_append(&witness, &keys);
    assert_int_equal(verified(note.ptr, keys.ptr, &trust), EH_OK);
    assert_int_equal(trust.cosigned_count, 1);
    assert_int_equal(trust.seconds_last, 1700000000);
    note.ptr[0] = 'S';
    assert_int_equal(verified(note.ptr, keys.ptr, &trust), EH_DENIED);
}

static void passes_over_strangers(void **state)
{
    (void)state;
    char many[32768];
    size_t len = 0;
    len += (size_t)snprintf(many, sizeof many, "This is an example message.\n\n");
    for (int i = 0; i < 20; i++)
        len += (size_t)snprintf(many + len, sizeof many - len, "\xE2\x80\x94 stranger%d.example AAAAAAECAwQFBg==\n", i);
    snprintf(many + len, sizeof many - len, "%s", strstr(c2sp_note, "\xE2\x80\x94"));
    eh_note_trust trust;
    assert_int_equal(verified(many, c2sp_key, &trust), EH_OK);
    assert_int_equal(trust.signed_count, 1);
    assert_int_equal(verified(many, "", &trust), EH_OK);
    assert_int_equal(trust.signed_count, 0);
}

static void refuses_what_is_no_note(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "\n", "text\n", "text\n\n", "text\n\nno dash\n", "text\n\n\xE2\x80\x94 name\n", "text\n\n\xE2\x80\x94 name AAAA\n",
                                      "text\n\n\xE2\x80\x94 na+me AAAAAAE=\n", "text\n\n\xE2\x80\x94  AAAAAAE=\n", "text\n\n\xE2\x80\x94 name AAAAAAE=",
                                      "text\n\n\xE2\x80\x94 name AAAAAAE=\n\n", "te\rxt\n\n\xE2\x80\x94 name AAAAAAE=\n", "\xFF\n\n\xE2\x80\x94 name AAAAAAE=\n",
                                      "text\n\n\xE2\x80\x94 na\xC2\xA0me AAAAAAE=\n", "text\n\n\xE2\x80\x94 name AAAAAAF=\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        eh_note note;
        eh_error error = {0};
        eh_code code = eh_note_parse(eh_view_of(bad[i]), &note, &error);
        if (code != EH_INPUT)
            fail_msg("case %zu: %d %s", i, code, error.text);
    }
    static const char *const keys[] = {"", "name", "name+12345678", "name+1234567+AAAA", "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                       "example.com/fop+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
                                       "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2", "na me+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        eh_verifier key;
        eh_error error = {0};
        assert_int_equal(eh_verifier_parse(eh_view_of(keys[i]), &key, &error), EH_INPUT);
    }
}

static void reads_checkpoints(void **state)
{
    (void)state;
    eh_checkpoint checkpoint;
    eh_error error = {0};
    static const char good[] = "shop.example/log\n15\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\nmore\n";
    assert_int_equal(eh_checkpoint_parse(eh_view_of(good), &checkpoint, &error), EH_OK);
    assert_int_equal(checkpoint.size, 15);
    assert_true(eh_view_equal(checkpoint.origin, EH_VIEW("shop.example/log")));
    assert_true(eh_view_equal(checkpoint.extensions, EH_VIEW("more\n")));
    static const char *const bad[] = {"", "a\n", "a\n1\n", "a\n01\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n", "a\n-1\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n",
                                      "a\n18446744073709551616\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n", "\n1\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n",
                                      "a\n1\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383c=\n", "a\n1\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(eh_checkpoint_parse(eh_view_of(bad[i]), &checkpoint, &error), EH_INPUT);
    uint64_t number;
    assert_true(eh_decimal_read(EH_VIEW("18446744073709551615"), &number) && number == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verifies_what_others_signed), cmocka_unit_test(signs_as_others_do),      cmocka_unit_test(cosigns_and_verifies),
        cmocka_unit_test(passes_over_strangers),       cmocka_unit_test(refuses_what_is_no_note), cmocka_unit_test(reads_checkpoints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
