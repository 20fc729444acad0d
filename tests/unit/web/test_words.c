/* Goal: every language has every message, with the same names in it, and every word that a page builds a key from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "feedback/feedback.h"
#include "web/customer_int.h"

static eh_catalogues *languages;

static int open_languages(void **state)
{
    (void)state;
    eh_error error;
    return eh_catalogues_open("/nowhere", &languages, &error) == EH_OK ? 0 : -1;
}

static int close_languages(void **state)
{
    (void)state;
    eh_catalogues_close(&languages);
    return 0;
}

static const eh_messages *of(const char *language)
{
    return eh_catalogues_choose(languages, eh_view_of(language), NULL);
}

static void every_language_is_whole(void **state)
{
    (void)state;
    static const char *const others[] = {"de", "fr", "es"};
    const char *const *keys, *const *their_keys, *const *names, *const *their_names;
    size_t count, their_count, names_count, their_names_count;
    eh_messages_keys(of("en"), &keys, &count);
    assert_true(count > 80);
    for (size_t l = 0; l < 3; l++) {
        const eh_messages *other = of(others[l]);
        assert_string_equal(eh_messages_language(other), others[l]);
        eh_messages_keys(other, &their_keys, &their_count);
        for (size_t i = 0; i < count; i++) {
            if (i >= their_count || strcmp(keys[i], their_keys[i]) != 0)
                fail_msg("%s: '%s' is where English has '%s'", others[l], i < their_count ? their_keys[i] : "the end", keys[i]);
            eh_messages_arguments(of("en"), keys[i], &names, &names_count);
            eh_messages_arguments(other, keys[i], &their_names, &their_names_count);
            assert_int_equal(names_count, their_names_count);
            for (size_t n = 0; n < names_count; n++)
                assert_string_equal(names[n], their_names[n]);
        }
        assert_int_equal(count, their_count);
    }
}

static void expect_key(const char *before, const char *name)
{
    char key[64];
    snprintf(key, sizeof key, "%s%s", before, name);
    if (!eh_messages_has(of("en"), key))
        fail_msg("no message '%s'", key);
}

static void every_word_has_its_message(void **state)
{
    (void)state;
    for (eh_act_kind k = 0; k < EH_ACTS_COUNT; k++)
        expect_key("act_", eh_act_kind_name(k));
    for (eh_channel c = EH_CHANNEL_EMAIL; c < EH_CHANNELS_COUNT; c++)
        expect_key("channel_", eh_channel_name(c));
    for (eh_purpose p = 0; p < EH_PURPOSES_COUNT; p++)
        expect_key("purpose_", eh_purpose_name(p));
    for (eh_feedback_kind k = 0; k < EH_FEEDBACKS_COUNT; k++)
        expect_key("kind_", eh_feedback_kind_name(k));
}

static void the_best_language_is_chosen(void **state)
{
    (void)state;
    assert_string_equal(eh_messages_language(eh_catalogues_choose(languages, EH_VIEW("ja, de-AT;q=0.8"), "fr")), "de");
    assert_string_equal(eh_messages_language(eh_catalogues_choose(languages, EH_VIEW("ja"), "fr-CA")), "fr");
    assert_string_equal(eh_messages_language(eh_catalogues_choose(languages, EH_VIEW(""), "nl")), "en");
    assert_string_equal(eh_messages_language(eh_catalogues_choose(languages, EH_VIEW(",;,deutsch,"), NULL)), "en");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_language_is_whole), cmocka_unit_test(every_word_has_its_message),
                                       cmocka_unit_test(the_best_language_is_chosen)};
    return cmocka_run_group_tests(tests, open_languages, close_languages);
}
