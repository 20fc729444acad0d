/* Goal: a campaign is read whole or refused with its line, its column and what to do; what is not told has the safe default. */
#include "decide/campaign.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static const char whole[] =
    "title: Spring boots\n"
    "purpose: to tell you what is new for spring\n"
    "channel: email\n"
    "product_group: boots\n"
    "audience: months_since_order < 24\n"
    "choose: { by: model, predicts: effect, outcome: visited }\n"
    "currency: EUR\n"
    "budget: 1250.50\n"
    "most: 3000\n"
    "offers:\n"
    "  boots:\n"
    "    says: 10 % off boots\n"
    "    model: boots\n"
    "    cost: 0.02\n"
    "    cost_if_taken: 4.5\n"
    "    taken: 0.04\n"
    "    worth: 12\n"
    "    most: 500\n"
    "    price: EUR 45\n"
    "    price_personalised: true\n"
    "    variants:\n"
    "      plain: { share: 0.25, subject: Boots }\n"
    "      warm: { share: 0.75, subject: Warm boots }\n"
    "  tents: { says: a tent, model: tents, worth: 3 }\n"
    "caps: [ { messages: 2, within: 7 days } ]\n"
    "cool_down: 2 weeks\n"
    "quiet_hours: { from: \"21:00\", to: \"08:00\", zone: zone }\n"
    "holdout: 0.1\n"
    "explore: 0.02\n"
    "without_ai: { get: everyone, offer: tents }\n"
    "fairness: { ratio_min: 0.9, confidence: 0.99, on_violation: repair }\n";

static void everything_is_read(void **state)
{
    (void)state;
    EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = NULL;
    eh_error error = {0};
    if (eh_campaign_parse(eh_view_of(whole), "shop/campaigns/spring-boots.yaml", &file, &error) != EH_OK)
        fail_msg("%s", error.text);
    const eh_campaign *campaign = eh_campaign_get(file);
    assert_string_equal(campaign->name, "spring-boots");
    assert_string_equal(campaign->title, "Spring boots");
    assert_string_equal(campaign->channel, "email");
    assert_true(campaign->choose == EH_CHOOSE_MODEL && campaign->choose_effect);
    assert_string_equal(campaign->outcome, "visited");
    assert_int_equal(campaign->offers_count, 2);
    assert_int_equal(campaign->offers[0].cost, 20000);
    assert_int_equal(campaign->offers[0].cost_if_taken, 4500000);
    assert_int_equal(campaign->offers[0].worth, 12000000);
    assert_int_equal(campaign->offers[0].people_max, 500);
    assert_true(campaign->offers[0].price_personalised && !campaign->offers[1].price_personalised);
    assert_int_equal(campaign->offers[0].variants_count, 2);
    assert_string_equal(campaign->offers[0].variants[1].name, "warm");
    assert_int_equal(campaign->offers[1].variants_count, 1);
    assert_int_equal(campaign->offers[1].people_max, EH_NO_LIMIT);
    assert_int_equal(campaign->budget, INT64_C(1250500000));
    assert_int_equal(campaign->caps[0].within.seconds, 7 * 86400);
    assert_int_equal(campaign->cool_down.seconds, 14 * 86400);
    assert_int_equal(campaign->quiet_from, 21 * 60);
    assert_int_equal(campaign->quiet_to, 8 * 60);
    assert_int_equal(campaign->without_ai, EH_WITHOUT_AI_EVERYONE);
    assert_int_equal(campaign->without_ai_offer, 1);
    assert_true(campaign->repair);
    eh_digest digest = eh_sha256_of(eh_view_of(whole)), got = eh_campaign_digest(file);
    assert_memory_equal(&digest, &got, sizeof digest);
}

static void what_is_not_told_is_safe(void **state)
{
    (void)state;
    static const char text[] = "title: x\nchannel: sms\nchoose: { by: random }\noffers: { a: { says: y } }\n";
    EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = NULL;
    eh_error error = {0};
    assert_int_equal(eh_campaign_parse(eh_view_of(text), "a.yaml", &file, &error), EH_OK);
    const eh_campaign *campaign = eh_campaign_get(file);
    assert_false(campaign->repair);
    assert_int_equal(campaign->without_ai, EH_WITHOUT_AI_LIKE_OTHERS);
    assert_int_equal(campaign->budget, EH_NO_LIMIT);
    assert_true(campaign->ratio_min == 0.8 && campaign->confidence == 0.95);
    assert_string_equal(campaign->category, "retail");
    assert_int_equal(eh_campaign_fail(file, "offers.a.model", &error, EH_NOT_FOUND, "no %s", "model"), EH_NOT_FOUND);
    assert_string_equal(error.text, "a.yaml: line 4, column 14: offers.a: no model");
}

static void faults_are_told_with_their_place(void **state)
{
    (void)state;
#define HEAD "title: x\nchannel: email\n"
#define REST "choose: { by: random }\noffers: { a: { says: y } }\n"
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "campaign.yaml"},
        {HEAD "chose: { by: random }\n", "did you mean 'choose'"},
        {"title: x\nchannel: fax\n" REST, "line 2, column 10: channel: "},
        {HEAD "choose: { by: magic }\noffers: { a: { says: y } }\n", "line 3"},
        {HEAD "choose: { by: model }\noffers: { a: { says: y } }\n", "'model' is missing"},
        {HEAD "choose: { by: random }\noffers: { a: { says: y, model: m } }\n", "no model is used"},
        {HEAD "choose: { by: everyone }\noffers: { a: { says: y }, b: { says: z } }\n", "there is one offer"},
        {HEAD "choose: { by: random }\noffers: { Big: { says: y } }\n", "is no name for an offer"},
        {HEAD "choose: { by: random }\noffers: { a: { says: y, worth: 3 }, b: { says: z } }\n", "cannot be compared"},
        {HEAD "choose: { by: random }\noffers: { a: { says: y, cost: -1 } }\n", "not negative"},
        {HEAD "choose: { by: random }\noffers: { a: { says: y, cost: 600000 } }\n", "too large for one person"},
        {HEAD "choose: { by: random }\noffers: { a: { says: y, variants: { b: { share: 0.5 } } } }\n", "add up to 0.5"},
        {HEAD REST "holdout: 1.5\n", "holdout"},
        {HEAD REST "budget: 5\n", "needs its currency"},
        {HEAD REST "budget: many\ncurrency: EUR\n", "must be an amount"},
        {HEAD REST "currency: euro\n", "three capital letters"},
        {HEAD REST "cool_down: soon\n", "is no time"},
        {HEAD REST "caps: [ { messages: 1 } ]\n", "within"},
        {HEAD REST "quiet_hours: { from: \"25:00\", to: \"08:00\" }\n", "no time of day"},
        {HEAD REST "without_ai: { offer: b }\n", "no offer 'b'"},
        {HEAD REST "fairness: { on_violation: ignore }\n", "on_violation"},
        {HEAD REST "fairness: { ratio_min: 0.1 }\n", "ratio_min"},
        {HEAD "choose: { by: random }\noffers: {}\n", "0 offers"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        eh_campaign_file *file = NULL;
        eh_error error = {0};
        if (eh_campaign_parse(eh_view_of(cases[i].text), "campaign.yaml", &file, &error) == EH_OK)
            fail_msg("case %zu was taken", i);
        assert_null(file);
        if (strstr(error.text, cases[i].says) == NULL || strstr(error.text, "campaign.yaml") == NULL)
            fail_msg("case %zu: '%s' without '%s'", i, error.text, cases[i].says);
    }
}

static void amounts_read_well(void **state)
{
    (void)state;
    static const struct {
        int64_t micros;
        const char *currency, *says;
    } cases[] = {
        {0, NULL, "0.00"}, {1250500000, "EUR", "EUR 1,250.50"}, {-5000, NULL, "-0.01"}, {4999, NULL, "0.00"}, {999995000, NULL, "1,000.00"},
        {INT64_C(1234567890123456), "USD", "USD 1,234,567,890.12"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
        eh_amount_append(&out, cases[i].micros, cases[i].currency);
        assert_string_equal(out.ptr, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_is_read),
        cmocka_unit_test(what_is_not_told_is_safe),
        cmocka_unit_test(faults_are_told_with_their_place),
        cmocka_unit_test(amounts_read_well),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
