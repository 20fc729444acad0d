/* Goal: every reason for yes and for no, in the order in which they are asked; unknown is never yes; no import undoes a no. */
#include "rights/rights_int.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { DAY = 86400 };
static const uint8_t secret[16] = {7};
static const eh_rights_house plain_house;

/* 2026-11-24T12:00:00Z */
static const int64_t now_s = INT64_C(1795521600);

static eh_rights_index *open_people(const eh_rights_house *house)
{
    eh_rights_index *people = NULL;
    eh_error error;
    if (eh_rights_index_open(house, secret, &people, &error) != EH_OK)
        fail_msg("%s", error.text);
    return people;
}

static eh_jurisdiction place(const char *text)
{
    eh_jurisdiction read = {0};
    eh_error error;
    if (eh_jurisdiction_read(eh_view_of(text), &read, &error) != EH_OK)
        fail_msg("%s", error.text);
    return read;
}

static eh_effect apply(eh_rights_index *people, const char *key, eh_act act)
{
    eh_error error;
    eh_effect effect = EH_EFFECT_NONE;
    if (act.at_s == 0)
        act.at_s = now_s - DAY;
    if (eh_rights_index_apply(people, eh_view_of(key), &act, &effect, &error) != EH_OK)
        fail_msg("%s", error.text);
    return effect;
}

static eh_may_answer ask(const eh_rights_index *people, const char *key, eh_may_question question)
{
    eh_may_answer answer;
    eh_error error;
    if (question.at_s == 0)
        question.at_s = now_s;
    if (eh_may_question_check(&question, &error) != EH_OK)
        fail_msg("%s", error.text);
    (void)eh_rights_index_may(people, eh_view_of(key), &question, &answer);
    return answer;
}

static eh_may_answer ask_email(const eh_rights_index *people, const char *key)
{
    return ask(people, key, (eh_may_question){.channel = EH_CHANNEL_EMAIL});
}

static eh_may_answer ask_ai(const eh_rights_index *people, const char *key)
{
    return ask(people, key, (eh_may_question){.purpose = EH_PURPOSE_AI});
}

static void expect(eh_may_answer answer, bool may, eh_said said, const char *why)
{
    if (answer.may != may || answer.said != said || strcmp(eh_why_name(answer.why), why) != 0)
        fail_msg("expected %s (%s) by %s, got %s (%s) by %s", may ? "yes" : "no", eh_said_name(said), why, answer.may ? "yes" : "no",
                 eh_said_name(answer.said), eh_why_name(answer.why));
    assert_non_null(answer.sentence);
    assert_true(strlen(answer.sentence) > 20);
}

static void unknown_is_never_yes(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    for (int channel = EH_CHANNEL_EMAIL; channel < EH_CHANNELS_COUNT; channel++)
        expect(ask(people, "nobody", (eh_may_question){.channel = (eh_channel)channel}), false, EH_SAID_UNKNOWN, "never_said");
    expect(ask(people, "nobody", (eh_may_question){.purpose = EH_PURPOSE_SALE}), false, EH_SAID_UNKNOWN, "never_said");
    expect(ask_ai(people, "nobody"), true, EH_SAID_UNKNOWN, "ai_not_opted_out");
    eh_rights_index_close(&people);

    people = open_people(&(eh_rights_house){.ai_needs_consent = true});
    expect(ask_ai(people, "nobody"), false, EH_SAID_UNKNOWN, "profiling_not_asked");
    apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .purpose = EH_PURPOSE_AI, .record = 3});
    expect(ask_ai(people, "ann"), true, EH_SAID_YES, "consent");
    eh_rights_index_close(&people);
}

static void yes_holds_for_its_channel_alone(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .record = 11});
    eh_may_answer answer = ask_email(people, "ann");
    expect(answer, true, EH_SAID_YES, "consent");
    assert_int_equal(answer.records_count, 1);
    assert_int_equal(answer.records[0], 11);
    expect(ask(people, "ann", (eh_may_question){.channel = EH_CHANNEL_SMS}), false, EH_SAID_UNKNOWN, "never_said");
    expect(ask(people, "ann", (eh_may_question){.channel = EH_CHANNEL_EMAIL, .at_s = now_s - 2 * DAY}), false, EH_SAID_UNKNOWN, "consent_later");
    apply(people, "ann", (eh_act){.kind = EH_ACT_WITHDRAW, .channel = EH_CHANNEL_ALL, .record = 12, .at_s = now_s});
    answer = ask_email(people, "ann");
    expect(answer, false, EH_SAID_NO, "withdrawn");
    assert_int_equal(answer.records[0], 12);
    expect(ask_ai(people, "ann"), true, EH_SAID_UNKNOWN, "ai_not_opted_out"); /* apart from the AI switch */
    eh_rights_index_close(&people);
}

static void ai_switch_is_its_own(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .record = 1});
    apply(people, "ann", (eh_act){.kind = EH_ACT_WITHDRAW, .purpose = EH_PURPOSE_AI, .record = 2});
    expect(ask_ai(people, "ann"), false, EH_SAID_NO, "ai_opted_out");
    expect(ask_email(people, "ann"), true, EH_SAID_YES, "consent"); /* no punishment */
    apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .purpose = EH_PURPOSE_AI, .record = 3, .at_s = now_s});
    expect(ask_ai(people, "ann"), true, EH_SAID_YES, "consent");
    eh_rights_index_close(&people);
}

static void no_import_undoes_an_objection(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    apply(people, "ann", (eh_act){.kind = EH_ACT_OBJECT, .record = 1, .at_s = now_s - 9 * DAY});
    expect(ask_email(people, "ann"), false, EH_SAID_NO, "objected");
    expect(ask_ai(people, "ann"), false, EH_SAID_NO, "objected");
    for (int by = EH_BY_IMPORT; by <= EH_BY_MERGE; by++) {
        assert_int_equal(apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .by = (eh_act_by)by, .record = 2, .at_s = now_s}),
                         EH_EFFECT_KEPT_NO);
        assert_int_equal(apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .purpose = EH_PURPOSE_AI, .by = (eh_act_by)by, .record = 2, .at_s = now_s}),
                         EH_EFFECT_KEPT_NO);
    }
    expect(ask_email(people, "ann"), false, EH_SAID_NO, "objected");
    expect(ask_ai(people, "ann"), false, EH_SAID_NO, "objected");
    /* An act of before the objection that arrives late does not either; a fresh one does, for its channel. */
    assert_int_equal(apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .record = 3, .at_s = now_s - 10 * DAY}),
                     EH_EFFECT_KEPT_NO);
    assert_int_equal(apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .record = 4, .at_s = now_s}), EH_EFFECT_CHANGED);
    expect(ask_email(people, "ann"), true, EH_SAID_YES, "consent");
    expect(ask(people, "ann", (eh_may_question){.channel = EH_CHANNEL_SMS}), false, EH_SAID_NO, "objected");
    expect(ask_ai(people, "ann"), false, EH_SAID_NO, "objected");
    /* And an imported no ends it again, whatever its date. */
    assert_int_equal(apply(people, "ann", (eh_act){.kind = EH_ACT_WITHDRAW, .channel = EH_CHANNEL_EMAIL, .by = EH_BY_IMPORT, .record = 5, .at_s = 1}),
                     EH_EFFECT_TURNED_NO);
    expect(ask_email(people, "ann"), false, EH_SAID_NO, "imported_no");
    eh_rights_index_close(&people);
}

static void double_opt_in_waits_and_expires(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    eh_error error;
    const eh_act confirm = {.kind = EH_ACT_CONFIRM, .channel = EH_CHANNEL_EMAIL, .record = 2, .at_s = now_s};
    assert_int_equal(eh_rights_index_apply(people, EH_VIEW("ann"), &confirm, NULL, &error), EH_CONFLICT);
    const eh_act asked = {.kind = EH_ACT_ASK, .channel = EH_CHANNEL_EMAIL, .record = 1, .until_s = now_s + DAY};
    apply(people, "ann", asked);
    apply(people, "bob", asked);
    apply(people, "eve", asked);
    expect(ask_email(people, "ann"), false, EH_SAID_UNKNOWN, "unconfirmed");
    apply(people, "ann", confirm);
    eh_may_answer answer = ask_email(people, "ann");
    expect(answer, true, EH_SAID_YES, "consent");
    assert_int_equal(answer.records[0], 2);
    assert_int_equal(answer.records[1], 1); /* the ask carries the wording */
    expect(ask(people, "bob", (eh_may_question){.channel = EH_CHANNEL_EMAIL, .at_s = now_s + DAY}), false, EH_SAID_UNKNOWN, "confirmation_expired");
    eh_act late = confirm;
    late.at_s = now_s + DAY;
    assert_int_equal(eh_rights_index_apply(people, EH_VIEW("bob"), &late, NULL, &error), EH_CONFLICT);
    /* A no after the ask is stronger than the link in the older mail. */
    apply(people, "eve", (eh_act){.kind = EH_ACT_WITHDRAW, .channel = EH_CHANNEL_EMAIL, .record = 3, .at_s = now_s - 60});
    assert_int_equal(apply(people, "eve", confirm), EH_EFFECT_KEPT_NO);
    expect(ask_email(people, "eve"), false, EH_SAID_NO, "withdrawn");
    eh_rights_index_close(&people);
}

static void soft_opt_in_needs_every_fact(void **state)
{
    (void)state;
    enum { ALL = EH_SOFT_SAME_ENTITY | EH_SOFT_ADDRESS_FROM_SALE | EH_SOFT_OFFERED_AT_COLLECTION };
    eh_rights_index *people = open_people(&plain_house);
    const eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .product_group = "tents", .opt_out_in_message = true};
    for (uint32_t facts = 0; facts <= ALL; facts++) {
        char key[8];
        snprintf(key, sizeof key, "p%u", facts);
        apply(people, key, (eh_act){.kind = EH_ACT_PURCHASE, .soft_facts = facts, .product_group = "tents", .jurisdiction = place("IE"), .record = 5});
        eh_may_answer answer = ask(people, key, question);
        expect(answer, facts == ALL, EH_SAID_UNKNOWN, facts == ALL ? "soft_opt_in" : "soft_incomplete");
        assert_int_equal(answer.soft_facts, facts | EH_SOFT_SIMILAR | EH_SOFT_IN_MESSAGE);
        assert_int_equal(answer.records[0], 5);
    }
    eh_may_question other = question;
    other.product_group = "insurance";
    expect(ask(people, "p7", other), false, EH_SAID_UNKNOWN, "soft_incomplete");
    other = question;
    other.opt_out_in_message = false;
    expect(ask(people, "p7", other), false, EH_SAID_UNKNOWN, "soft_incomplete");
    other = question;
    other.channel = EH_CHANNEL_PHONE;
    expect(ask(people, "p7", other), false, EH_SAID_UNKNOWN, "never_said");
    other = question;
    other.jurisdiction = place("US");
    expect(ask(people, "p7", other), false, EH_SAID_UNKNOWN, "never_said");
    apply(people, "p7", (eh_act){.kind = EH_ACT_WITHDRAW, .channel = EH_CHANNEL_EMAIL, .record = 6});
    expect(ask(people, "p7", question), false, EH_SAID_NO, "withdrawn");
    eh_rights_index_close(&people);
}

static void casl_expires_by_the_calendar(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    int64_t bought = (int64_t)eh_day_of(2024, 2, 29) * DAY + 3600, asked = (int64_t)eh_day_of(2025, 8, 31) * DAY;
    apply(people, "ann", (eh_act){.kind = EH_ACT_PURCHASE, .jurisdiction = place("CA"), .at_s = bought, .record = 1});
    apply(people, "bob", (eh_act){.kind = EH_ACT_INQUIRY, .jurisdiction = place("CA-ON"), .at_s = asked, .record = 2});
    int64_t bought_end = (int64_t)eh_day_of(2026, 2, 28) * DAY + 3600, asked_end = (int64_t)eh_day_of(2026, 2, 28) * DAY;
    eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .at_s = bought_end - 1};
    eh_may_answer answer = ask(people, "ann", question);
    expect(answer, true, EH_SAID_UNKNOWN, "implied_purchase");
    assert_int_equal(answer.until_s, bought_end);
    assert_int_equal(answer.records[0], 1);
    question.at_s = bought_end;
    expect(ask(people, "ann", question), false, EH_SAID_UNKNOWN, "implied_expired");
    question.at_s = asked_end - 1;
    expect(ask(people, "bob", question), true, EH_SAID_UNKNOWN, "implied_inquiry");
    question.at_s = asked_end;
    expect(ask(people, "bob", question), false, EH_SAID_UNKNOWN, "implied_expired");
    question.channel = EH_CHANNEL_PHONE;
    expect(ask(people, "bob", question), false, EH_SAID_UNKNOWN, "never_said");
    eh_rights_index_close(&people);
}

static void minors(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    const struct {
        const char *place;
        int32_t years;
        bool email, ai;
    } rows[] = {{"DE", 15, false, false}, {"DE", 16, true, false}, {"ES", 13, false, false}, {"ES", 14, true, false}, {"DE", 17, true, false},
                {"DE", 18, true, true},   {"IN", 17, false, false}, {"", 17, false, false},  {"", 18, true, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char key[8];
        snprintf(key, sizeof key, "m%zu", i);
        apply(people, key, (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .jurisdiction = place(rows[i].place), .record = 1});
        apply(people, key, (eh_act){.kind = EH_ACT_BIRTH, .birth_day = eh_day_of(2026 - rows[i].years, 11, 24), .record = 2});
        expect(ask_email(people, key), rows[i].email, EH_SAID_YES, rows[i].email ? "consent" : "minor");
        expect(ask_ai(people, key), rows[i].ai, EH_SAID_UNKNOWN, rows[i].ai ? "ai_not_opted_out" : "minor_profiling");
    }
    apply(people, "m0", (eh_act){.kind = EH_ACT_PARENT, .record = 3});
    expect(ask_email(people, "m0"), true, EH_SAID_YES, "consent");
    expect(ask_ai(people, "m0"), false, EH_SAID_UNKNOWN, "minor_profiling"); /* no parent can agree to that */
    /* An import can make a person younger, not older. */
    assert_int_equal(apply(people, "m1", (eh_act){.kind = EH_ACT_BIRTH, .by = EH_BY_IMPORT, .birth_day = eh_day_of(1980, 1, 1)}), EH_EFFECT_KEPT_NO);
    apply(people, "m1", (eh_act){.kind = EH_ACT_BIRTH, .by = EH_BY_IMPORT, .birth_day = eh_day_of(2020, 1, 1)});
    expect(ask_email(people, "m1"), false, EH_SAID_YES, "minor");
    eh_rights_index_close(&people);
}

static void signal_is_honoured(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .purpose = EH_PURPOSE_SALE, .record = 1});
    apply(people, "ann", (eh_act){.kind = EH_ACT_SIGNAL, .record = 2});
    expect(ask(people, "ann", (eh_may_question){.purpose = EH_PURPOSE_SALE}), false, EH_SAID_NO, "signal");
    expect(ask_ai(people, "ann"), false, EH_SAID_NO, "signal");
    apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .purpose = EH_PURPOSE_AI, .record = 3, .at_s = now_s});
    apply(people, "ann", (eh_act){.kind = EH_ACT_SIGNAL, .record = 4, .at_s = now_s});
    expect(ask_ai(people, "ann"), true, EH_SAID_YES, "consent"); /* said otherwise, after being told */
    eh_rights_index_close(&people);
    people = open_people(&(eh_rights_house){.signal_keeps_ai = true});
    apply(people, "ann", (eh_act){.kind = EH_ACT_SIGNAL, .record = 2});
    expect(ask_ai(people, "ann"), true, EH_SAID_UNKNOWN, "ai_not_opted_out");
    eh_rights_index_close(&people);
}

static void places_differ(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&(eh_rights_house){.interest_id = "LIA-7", .interest_channels = 1u << EH_CHANNEL_EMAIL | 1u << EH_CHANNEL_POST});
    const struct {
        const char *place;
        bool email, post;
    } rows[] = {{"US", true, true}, {"US-CA", true, true}, {"DE", false, true}, {"IN", false, false}, {"", false, false}, {"ZZ", false, false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .jurisdiction = place(rows[i].place)};
        eh_may_answer answer = ask(people, "x", question);
        expect(answer, rows[i].email, EH_SAID_UNKNOWN, rows[i].email ? "legitimate_interest" : "never_said");
        if (answer.may)
            assert_string_equal(answer.basis, "LIA-7");
        question.channel = EH_CHANNEL_POST;
        assert_int_equal(ask(people, "x", question).may, rows[i].post);
    }
    eh_may_question quebec = {.purpose = EH_PURPOSE_AI, .jurisdiction = place("ca-qc")};
    expect(ask(people, "x", quebec), false, EH_SAID_UNKNOWN, "profiling_not_asked");
    apply(people, "q", (eh_act){.kind = EH_ACT_CONSENT, .purpose = EH_PURPOSE_AI, .record = 1});
    expect(ask(people, "q", quebec), true, EH_SAID_YES, "consent");
    eh_rights_index_close(&people);
}

static void consent_ends_with_its_time(void **state)
{
    (void)state;
    eh_rights_index *people = open_people(&plain_house);
    apply(people, "ann", (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .until_s = now_s + DAY, .record = 1});
    eh_may_answer answer = ask_email(people, "ann");
    expect(answer, true, EH_SAID_YES, "consent");
    assert_int_equal(answer.until_s, now_s + DAY);
    expect(ask(people, "ann", (eh_may_question){.channel = EH_CHANNEL_EMAIL, .at_s = now_s + DAY}), false, EH_SAID_UNKNOWN, "consent_expired");
    eh_error error;
    const eh_control controls[] = {EH_CONTROL_PRE_TICKED, EH_CONTROL_BUNDLED};
    for (size_t i = 0; i < 2; i++) {
        eh_act act = {.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .control = controls[i], .at_s = now_s, .record = 9};
        assert_int_equal(eh_rights_index_apply(people, EH_VIEW("bob"), &act, NULL, &error), EH_DENIED);
    }
    expect(ask_email(people, "bob"), false, EH_SAID_UNKNOWN, "never_said");
    assert_int_equal(eh_rights_index_count(people), 1);
    eh_rights_index_close(&people);
}

static void questions_are_checked(void **state)
{
    (void)state;
    eh_error error;
    assert_int_equal(eh_may_question_check(&(eh_may_question){.at_s = now_s}, &error), EH_INPUT);
    assert_int_equal(eh_may_question_check(&(eh_may_question){.channel = EH_CHANNEL_EMAIL}, &error), EH_INPUT);
    const char *wrong[] = {"D", "DEU", "D1", "DE-", "DE-ABCD", "DE/BY", "1X", "\xC3\xA4x"};
    eh_jurisdiction read;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(eh_jurisdiction_read(eh_view_of(wrong[i]), &read, &error), EH_INPUT);
    assert_string_equal(place("el").text, "GR");
    assert_string_equal(place(" uk-eng ").text, "GB-ENG");
    assert_string_equal(place("us-ca").text, "US-CA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unknown_is_never_yes),       cmocka_unit_test(yes_holds_for_its_channel_alone), cmocka_unit_test(ai_switch_is_its_own),
        cmocka_unit_test(no_import_undoes_an_objection), cmocka_unit_test(double_opt_in_waits_and_expires), cmocka_unit_test(soft_opt_in_needs_every_fact),
        cmocka_unit_test(casl_expires_by_the_calendar), cmocka_unit_test(minors),                          cmocka_unit_test(signal_is_honoured),
        cmocka_unit_test(places_differ),              cmocka_unit_test(consent_ends_with_its_time),      cmocka_unit_test(questions_are_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
