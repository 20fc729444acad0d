#include "decide_fixture.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { TERMS = 6 };
static const int64_t now_s = INT64_C(1795521600);

static const eh_frame_fact facts[FIXTURE_FACTS] = {
    {.name = "months", .kind = EH_FACT_NUMBER, .says = "your last order was {value} months ago", .from_whom = "your orders with us", .changeable = true, .scored = true},
    {.name = "orders", .kind = EH_FACT_NUMBER, .says = "you have ordered {value} times", .from_whom = "your orders with us", .changeable = true, .scored = true},
    {.name = "town", .kind = EH_FACT_TEXT, .says = "you live in {value}", .missing = "we do not know your town", .from_whom = "your address", .scored = true},
    {.name = "news", .kind = EH_FACT_TRUTH, .says = "you read our news: {value}", .changeable = true, .scored = true},
    {.name = "sizes", .kind = EH_FACT_NUMBER, .says = "you buy in size {value}", .from_whom = "your orders with us", .scored = true},
};

static const eh_frame_rule rules[] = {
    {"all", "permit", "You said yes to our mail.", "GDPR 6(1)(a)"},
    {"asleep", "forbid", "We do not write to people who have been away for years.", NULL},
    {"town", "forbid", "Tents are for people whose town we know.", NULL},
};

static const char campaign_text[] =
    "title: Spring boots\n"
    "channel: email\n"
    "currency: EUR\n"
    "choose: { by: %s }\n"
    "offers:\n"
    "  boots: { says: 10 %% off boots, cost: 1%s }\n"
    "  tents: { says: a tent to try, cost: 1%s }\n"
    "without_ai: { get: like_others }\n";

static void *take(fixture *of, size_t count, size_t size)
{
    void *memory = eh_arena_take(of->arena, count, size);
    assert_non_null(memory);
    return memory;
}

static eh_term *one_term(fixture *of, uint32_t feature, uint32_t cells, const int32_t *scores)
{
    eh_term *term = &of->model->terms[of->model->terms_count++];
    *term = (eh_term){.features_count = 1, .feature = {feature, feature}, .cells_count = cells, .scores = take(of, cells, sizeof(int32_t)), .errors = take(of, cells, sizeof(int32_t))};
    memcpy(term->scores, scores, cells * sizeof *scores);
    for (uint32_t c = 0; c < cells; c++)
        term->errors[c] = 50000;
    return term;
}

static void model_make(fixture *of, bool biased)
{
    static const double month_edges[] = {3, 6, 12, 24}, order_edges[] = {2, 4, 8}, truth_edges[] = {1}, size_edges[] = {38, 40, 42};
    static const char *const towns[] = {"Cork", "Galway"};
    static const double weights[8] = {0.1, 0.2, 0.2, 0.1, 0.1, 0.1, 0.1, 0.1};
    eh_model *model = of->model = take(of, 1, sizeof *model);
    eh_feature *features = take(of, FIXTURE_FACTS, sizeof *features);
    const struct {
        eh_feature_kind kind;
        const double *edges;
        size_t edges_count;
    } shapes[FIXTURE_FACTS] = {{EH_FEATURE_NUMBER, month_edges, 4}, {EH_FEATURE_NUMBER, order_edges, 3}, {EH_FEATURE_CATEGORY, NULL, 0},
                               {EH_FEATURE_NUMBER, truth_edges, 1}, {EH_FEATURE_NUMBER, size_edges, 3}};
    for (size_t f = 0; f < FIXTURE_FACTS; f++)
        features[f] = (eh_feature){.name = facts[f].name, .says = facts[f].says, .kind = shapes[f].kind, .edges = shapes[f].edges, .edges_count = shapes[f].edges_count,
                                   .levels = f == 2 ? towns : NULL, .levels_count = f == 2 ? 2 : 0, .weights = weights, .changeable = facts[f].changeable,
                                   .bins_count = (uint32_t)(2 + (f == 2 ? 2 : shapes[f].edges_count))};
    *model = (eh_model){.name = "visits", .purpose = "p", .outcome = "visited", .loss = EH_LOSS_LOGISTIC, .features = features, .features_count = FIXTURE_FACTS,
                        .terms = take(of, TERMS, sizeof(eh_term)), .intercept = -1000000, .base_rate = 0.2};
    one_term(of, 0, 6, (const int32_t[]){0, 900000, 500000, 100000, -300000, -800000});
    one_term(of, 1, 5, (const int32_t[]){0, -400000, 100000, 400000, 700000});
    one_term(of, 2, 4, (const int32_t[]){-50000, 120000, -120000, 0});
    one_term(of, 3, 3, (const int32_t[]){0, -200000, 300000});
    if (biased)
        one_term(of, 4, 5, (const int32_t[]){0, -1500000, -1500000, 1500000, 1500000});
    else
        one_term(of, 4, 5, (const int32_t[]){0, 20000, -20000, 20000, -20000});
}

static void people_make(fixture *of, const fixture_options *options)
{
    static const char *const towns[] = {"Cork", "Galway", "Sligo"}, *const genders[] = {"F", "M"};
    size_t n = options->people;
    double *months = take(of, n, sizeof(double)), *orders = take(of, n, sizeof(double)), *news = take(of, n, sizeof(double)), *sizes = take(of, n, sizeof(double));
    uint32_t *town = take(of, n, sizeof(uint32_t));
    eh_random random;
    eh_random_init(&random, options->seed);
    of->keys = take(of, n, sizeof(char *));
    of->group = take(of, n, sizeof(uint16_t));
    for (size_t i = 0; i < n; i++) {
        of->keys[i] = eh_arena_format(of->arena, "c%06zu", i);
        of->group[i] = (uint16_t)(eh_random_next(&random) % 2);
        months[i] = i % 50 == 7 ? 99 : (double)(eh_random_next(&random) % 36);
        orders[i] = (double)(1 + eh_random_next(&random) % 12);
        news[i] = i % 20 == 3 ? EH_NAN : (double)(eh_random_next(&random) % 2);
        sizes[i] = of->group[i] == 0 ? 36 + (double)(eh_random_next(&random) % 5) : 40 + (double)(eh_random_next(&random) % 5);
        town[i] = (uint32_t)(eh_random_next(&random) % 4);
        assert_non_null(of->keys[i]);
    }
    of->columns[0].numbers = months;
    of->columns[1].numbers = orders;
    of->columns[2] = (eh_fact_column){.codes = town, .levels = towns, .levels_count = 3};
    of->columns[3].numbers = news;
    of->columns[4].numbers = sizes;
    of->groups = (eh_plan_groups){.name = "gender", .groups = genders, .groups_count = 2, .group = of->group, .reference = -1};
}

void fixture_act(fixture *of, size_t person, eh_act_kind kind, eh_purpose purpose)
{
    eh_error error = {0};
    eh_act act = {.kind = kind, .by = EH_BY_PERSON, .purpose = purpose, .channel = purpose == EH_PURPOSE_MARKETING ? EH_CHANNEL_EMAIL : EH_CHANNEL_ALL,
                  .control = EH_CONTROL_TICK, .at_s = now_s - 86400, .wording = "Yes, send me mail.", .how = "form", .version = "1", .language = "en"};
    if (eh_jurisdiction_read(EH_VIEW("IE"), &act.jurisdiction, &error) != EH_OK || eh_rights_index_apply(of->rights, eh_view_of(of->keys[person]), &act, NULL, &error) != EH_OK)
        fail_msg("%s", error.text);
}

static eh_code rules_ask(void *context, const eh_rules_question *question, eh_rules_answer *answer, eh_error *error)
{
    const eh_fact_value *values = question->facts;
    (void)context, (void)error;
    answer->rules[answer->rules_count++] = (eh_trace_rule){.rule = 0, .offers = 3, .outcome = EH_RULE_PERMITS};
    if (values != NULL && values[0].number == 99) {
        answer->rules[answer->rules_count++] = (eh_trace_rule){.rule = 1, .offers = 3, .outcome = EH_RULE_FORBIDS};
        answer->allowed = 0;
    } else if (values != NULL && values[2].type == EH_VALUE_MISSING) {
        answer->rules[answer->rules_count++] = (eh_trace_rule){.rule = 2, .offers = 2, .outcome = EH_RULE_FORBIDS};
        answer->allowed &= 1;
    }
    return EH_OK;
}

static eh_code may_ask(void *context, eh_view key, const eh_may_question *question, eh_may_answer *answer_out, eh_error *error)
{
    eh_rights_index **rights = context;
    EH_TRY(eh_may_question_check(question, error));
    (void)eh_rights_index_may(*rights, key, question, answer_out);
    return EH_OK;
}

static void frame_make(fixture *of, const fixture_options *options)
{
    const eh_campaign *campaign = eh_campaign_get(of->file);
    eh_frame_offer *offers = take(of, campaign->offers_count, sizeof *offers);
    for (size_t o = 0; o < campaign->offers_count; o++)
        offers[o] = (eh_frame_offer){.name = campaign->offers[o].name, .says = campaign->offers[o].says, .model = campaign->offers[o].model, .cost = campaign->offers[o].cost,
                                     .worth = campaign->offers[o].worth, .taken = campaign->offers[o].taken};
    of->frame = (eh_frame){.plan = "spring-1", .campaign = campaign->name, .title = campaign->title, .channel = campaign->channel, .currency = "EUR", .category = "retail",
                           .shop = "Blue Finch", .shop_contact = "care@bluefinch.example", .at_s = now_s, .as_of_s = now_s - 86400, .seed = options->seed,
                           .holdout = options->holdout, .explore = options->explore, .choose = campaign->choose, .outcome = "visited",
                           .campaign_digest = eh_campaign_digest(of->file), .facts = facts, .facts_count = FIXTURE_FACTS, .offers = offers,
                           .offers_count = campaign->offers_count, .rules = options->rules ? rules : NULL, .rules_count = options->rules ? 3 : 0, .version = "test"};
}

void fixture_open(const fixture_options *options, fixture *of)
{
    eh_error error = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    static const uint8_t secret[16] = {3};
    *of = (fixture){.arena = eh_arena_open(SIZE_MAX / 2)};
    assert_non_null(of->arena);
    bool model = options->choose == EH_CHOOSE_MODEL;
    eh_buffer_format(&text, campaign_text, eh_choose_name(options->choose), model ? ", model: visits" : "", model ? ", model: visits" : "");
    if (options->budget >= 0)
        eh_buffer_format(&text, "budget: %.2f\n", (double)options->budget / EH_MICROS);
    if (eh_campaign_parse(eh_buffer_view(&text), "spring.yaml", &of->file, &error) != EH_OK ||
        eh_rights_index_open(&(eh_rights_house){0}, secret, &of->rights, &error) != EH_OK)
        fail_msg("%s", error.text);
    model_make(of, options->biased);
    of->models[0] = of->models[1] = model ? of->model : NULL;
    people_make(of, options);
    for (size_t i = 0; i < options->people; i++) {
        if (options->no_consent_every == 0 || i % options->no_consent_every != 1)
            fixture_act(of, i, EH_ACT_CONSENT, EH_PURPOSE_MARKETING);
        if (options->ai_off_every > 0 && i % options->ai_off_every == 2)
            fixture_act(of, i, EH_ACT_WITHDRAW, EH_PURPOSE_AI);
    }
    frame_make(of, options);
    of->input = (eh_plan_input){.campaign = eh_campaign_get(of->file), .frame = &of->frame, .models = of->models, .people_count = options->people, .keys = of->keys,
                                .facts = of->columns, .rights = {.context = &of->rights, .may = may_ask},
                                .question = {.purpose = EH_PURPOSE_MARKETING, .channel = EH_CHANNEL_EMAIL, .at_s = now_s, .opt_out_in_message = true},
                                .rules = {.ask = options->rules ? rules_ask : NULL}};
}

void fixture_close(fixture *of)
{
    eh_rights_index_close(&of->rights);
    eh_campaign_close(&of->file);
    eh_arena_close(&of->arena);
}
