/* The policy as the asker of a plan: facts of the person, of the campaign and of rights, in the words that rules may use. */
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "journey/journey.h"


/* Facts that this program tells by itself. */
typedef enum {
    TELLS_NONE, TELLS_CHANNEL, TELLS_CATEGORY, TELLS_OFFER, TELLS_PRICE_PERSONALISED, TELLS_NAMES_SENDER, TELLS_HAS_OPT_OUT, TELLS_CHOSEN_BY_AI,
    TELLS_OPTED_OUT_AI, TELLS_LAWFUL_BASIS, TELLS_OBJECTED, TELLS_WITHDRAWN, TELLS_KNOWN_MINOR, TELLS_LOCAL_HOUR, TELLS_WEEKDAY, TELLS_NOW,
} tells;

static const struct {
    const char *name;
    tells what;
} told[] = {
    {"channel", TELLS_CHANNEL}, {"category", TELLS_CATEGORY}, {"product_class", TELLS_CATEGORY}, {"offer", TELLS_OFFER},
    {"price_personalised", TELLS_PRICE_PERSONALISED}, {"names_sender", TELLS_NAMES_SENDER}, {"has_opt_out", TELLS_HAS_OPT_OUT},
    {"chosen_by_ai", TELLS_CHOSEN_BY_AI}, {"opted_out_ai", TELLS_OPTED_OUT_AI}, {"lawful_basis", TELLS_LAWFUL_BASIS}, {"objected", TELLS_OBJECTED},
    {"withdrawn", TELLS_WITHDRAWN}, {"known_minor", TELLS_KNOWN_MINOR}, {"local_hour", TELLS_LOCAL_HOUR}, {"weekday", TELLS_WEEKDAY}, {"now", TELLS_NOW},
};

static tells tells_of(const char *name)
{
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (strcmp(told[i].name, name) == 0)
            return told[i].what;
    return TELLS_NONE;
}

/* ---- values ----------------------------------------------------------------------------------------------------------------------- */

static const char *basis_of(eh_why why)
{
    switch (why) {
    case EH_WHY_CONSENT:
        return "consent";
    case EH_WHY_SOFT_OPT_IN:
        return "soft_opt_in";
    case EH_WHY_IMPLIED_PURCHASE:
    case EH_WHY_IMPLIED_INQUIRY:
        return "implied_consent";
    case EH_WHY_LEGITIMATE_INTEREST:
        return "legitimate_interest";
    default:
        return "none";
    }
}

static eh_cel_value person_tells(tells what, const eh_may_answer *marketing, const eh_may_answer *ai)
{
    switch (what) {
    case TELLS_LAWFUL_BASIS:
        return eh_cel_string(eh_view_of(marketing->may ? basis_of(marketing->why) : "none"));
    case TELLS_OBJECTED:
        return eh_cel_bool(marketing->why == EH_WHY_OBJECTED);
    case TELLS_WITHDRAWN:
        return eh_cel_bool(marketing->why == EH_WHY_WITHDRAWN || marketing->why == EH_WHY_IMPORTED_NO || marketing->why == EH_WHY_MERGED_NO);
    case TELLS_KNOWN_MINOR:
        return eh_cel_bool(marketing->why == EH_WHY_MINOR || ai->why == EH_WHY_MINOR_PROFILING);
    case TELLS_OPTED_OUT_AI:
        return eh_cel_bool(!ai->may);
    default:
        return eh_cel_unknown();
    }
}

static eh_cel_value feature_tells(const eh_frame_fact *fact, const eh_fact_value *value, const char *type)
{
    if (value->type == EH_VALUE_MISSING)
        return eh_cel_unknown();
    if (fact->kind == EH_FACT_TEXT)
        return eh_cel_string(value->text);
    if (fact->kind == EH_FACT_TRUTH)
        return eh_cel_bool(value->number != 0);
    if (strcmp(type, "int") == 0 && value->number == floor(value->number) && fabs(value->number) < 9e15)
        return eh_cel_int((int64_t)value->number);
    return eh_cel_double(value->number);
}

static eh_cel_value campaign_tells(const eh_plan_rules *rules, tells what)
{
    const eh_frame *frame = rules->frame;
    switch (what) {
    case TELLS_CHANNEL:
        return eh_cel_string(eh_view_of(frame->channel));
    case TELLS_CATEGORY:
        return eh_cel_string(eh_view_of(frame->category));
    case TELLS_NAMES_SENDER:
        return eh_cel_bool(frame->shop != NULL);
    case TELLS_HAS_OPT_OUT:
        return eh_cel_bool(true); /* the send list carries the page with the switches */
    case TELLS_LOCAL_HOUR:
        return eh_cel_int(rules->local.hour);
    case TELLS_WEEKDAY:
        return eh_cel_int(rules->local.weekday);
    case TELLS_NOW:
        return eh_cel_timestamp((eh_instant){.seconds = frame->at_s});
    default:
        return eh_cel_unknown();
    }
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------------ */

static eh_code rights_ask(eh_plan_rules *rules, size_t person, eh_may_answer *marketing, eh_may_answer *ai, eh_error *error)
{
    eh_may_question question = rules->question;
    EH_TRY(eh_rights_may(rules->rights, eh_view_of(rules->keys[person]), &question, marketing, error));
    question.purpose = EH_PURPOSE_AI;
    question.channel = EH_CHANNEL_ALL;
    return eh_rights_may(rules->rights, eh_view_of(rules->keys[person]), &question, ai, error);
}

static void answer_add(eh_rules_answer *answer, size_t rule, uint32_t offer, eh_rule_outcome outcome)
{
    for (size_t i = 0; i < answer->rules_count; i++)
        if (answer->rules[i].rule == rule && answer->rules[i].outcome == outcome) {
            answer->rules[i].offers |= UINT32_C(1) << offer;
            return;
        }
    if (answer->rules_count < sizeof answer->rules / sizeof answer->rules[0])
        answer->rules[answer->rules_count++] = (eh_trace_rule){.rule = (uint32_t)rule, .offers = UINT32_C(1) << offer, .outcome = outcome};
}

static void offer_ask(eh_plan_rules *rules, uint32_t offer, eh_rules_answer *answer)
{
    static const eh_rule_outcome outcomes[EH_RULE_EFFECTS_COUNT] = {[EH_RULE_PERMIT] = EH_RULE_PERMITS, [EH_RULE_FORBID] = EH_RULE_FORBIDS,
                                                                    [EH_RULE_REQUIRE] = EH_RULE_REQUIRES, [EH_RULE_CAP] = EH_RULE_CAPS};
    const eh_policy_facts *about = eh_policy_about(rules->policy);
    for (size_t f = 0; f < rules->facts_count; f++) {
        if (rules->tells[f] == TELLS_OFFER)
            rules->row[f] = eh_cel_string(eh_view_of(rules->frame->offers[offer].name));
        else if (rules->tells[f] == TELLS_PRICE_PERSONALISED)
            rules->row[f] = eh_cel_bool(rules->frame->offers[offer].price_personalised);
    }
    eh_policy_decision decision = eh_policy_ask(rules->asker, rules->row);
    if (!decision.permitted)
        answer->allowed &= ~(UINT32_C(1) << offer);
    for (size_t r = 0; r < about->rules_count; r++) {
        eh_rule_effect effect = about->rules[r].effect;
        bool fails = decision.outcomes[r] == EH_RULE_ERROR || decision.outcomes[r] == EH_RULE_UNKNOWN;
        if (decision.outcomes[r] == EH_RULE_APPLIES)
            answer_add(answer, r, offer, outcomes[effect]);
        else if (fails && effect != EH_RULE_PERMIT)
            answer_add(answer, r, offer, effect == EH_RULE_REQUIRE ? EH_RULE_REQUIRES : EH_RULE_FAILS);
    }
}

static eh_code rules_ask(void *context, size_t person, const eh_fact_value *facts, eh_rules_answer *answer_out, eh_error *error)
{
    eh_plan_rules *rules = context;
    eh_may_answer marketing = {0}, ai = {0};
    EH_TRY(rights_ask(rules, person, &marketing, &ai, error));
    for (size_t f = 0; f < rules->facts_count; f++) {
        size_t feature = rules->feature[f];
        if (feature != SIZE_MAX) /* who has switched AI off is judged without a profile: no facts */
            rules->row[f] = facts == NULL ? eh_cel_unknown() : feature_tells(&rules->frame->facts[feature], &facts[feature], eh_policy_fact_type(rules->policy, f));
        else if (rules->tells[f] == TELLS_CHOSEN_BY_AI)
            rules->row[f] = eh_cel_bool(rules->frame->choose == EH_CHOOSE_MODEL && ai.may);
        else if (rules->tells[f] >= TELLS_OPTED_OUT_AI && rules->tells[f] <= TELLS_KNOWN_MINOR)
            rules->row[f] = person_tells((tells)rules->tells[f], &marketing, &ai);
    }
    for (uint32_t offer = 0; offer < rules->frame->offers_count; offer++)
        offer_ask(rules, offer, answer_out);
    return EH_OK;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------------- */

static eh_code frame_rules(eh_plan_rules *rules, eh_frame *frame, eh_arena *arena, eh_error *error)
{
    const eh_policy_facts *about = eh_policy_about(rules->policy);
    eh_frame_rule *list = EH_TAKE(arena, about->rules_count, eh_frame_rule);
    if (list == NULL)
        return eh_fail_memory(error);
    for (size_t r = 0; r < about->rules_count; r++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer law = {0};
        for (size_t i = 0; i < about->rules[r].law_count; i++)
            eh_buffer_format(&law, "%s%s", i == 0 ? "" : ", ", about->rules[r].law[i]);
        list[r] = (eh_frame_rule){.id = about->rules[r].id, .effect = eh_rule_effect_name(about->rules[r].effect),
                                  .explanation = eh_texts_find(&about->rules[r].explanation, "en"), .law = law.len == 0 ? NULL : eh_arena_copy(arena, eh_buffer_view(&law))};
    }
    frame->rules = list;
    frame->rules_count = about->rules_count;
    if (!eh_hex_read(eh_view_of(about->sha256), sizeof frame->policy_digest.bytes, frame->policy_digest.bytes))
        return eh_fail(error, EH_INTERNAL, "the policy has no hash");
    return EH_OK;
}

static eh_code row_open(eh_plan_rules *rules, const eh_campaign *campaign, eh_arena *arena, eh_error *error)
{
    rules->facts_count = eh_policy_facts_count(rules->policy);
    rules->row = EH_TAKE(arena, rules->facts_count, eh_cel_value);
    rules->feature = EH_TAKE(arena, rules->facts_count, size_t);
    rules->tells = EH_TAKE(arena, rules->facts_count, uint8_t);
    if (rules->row == NULL || rules->feature == NULL || rules->tells == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < rules->facts_count; f++) {
        const char *name = eh_policy_fact_name(rules->policy, f);
        rules->feature[f] = SIZE_MAX;
        rules->row[f] = eh_cel_unknown();
        for (size_t k = 0; k < rules->frame->facts_count; k++)
            if (strcmp(rules->frame->facts[k].name, name) == 0)
                rules->feature[f] = k;
        if (rules->feature[f] != SIZE_MAX)
            continue;
        rules->tells[f] = (uint8_t)tells_of(name);
        rules->row[f] = campaign_tells(rules, (tells)rules->tells[f]);
        for (size_t i = 0; i < campaign->says_count; i++) /* what the campaign says of itself */
            if (strcmp(campaign->says[i].name, name) == 0)
                rules->row[f] = campaign->says[i].is_truth ? eh_cel_bool(campaign->says[i].truth)
                                : campaign->says[i].is_number ? (strcmp(eh_policy_fact_type(rules->policy, f), "int") == 0 ? eh_cel_int((int64_t)campaign->says[i].number) : eh_cel_double(campaign->says[i].number))
                                                              : eh_cel_string(eh_view_of(campaign->says[i].text));
    }
    return EH_OK;
}

eh_code eh_plan_rules_open(eh_plan_rules *rules, const eh_plan_rules_input *input, eh_arena *arena, eh_rules_face *face_out, eh_error *error)
{
    struct stat facts;
    if (stat(input->path, &facts) != 0)
        return EH_OK; /* no policy.yaml: rights alone decide */
    eh_instant now = {.seconds = input->frame->at_s};
    EH_TRY(eh_policy_open(input->path, &(eh_policy_options){.now = now}, &rules->policy, error));
    EH_TRY(eh_policy_runnable(rules->policy, error));
    EH_TRY(eh_policy_asker_open(rules->policy, &rules->asker, error));
    EH_CLEANUP(eh_zone_close) eh_zone *zone = NULL;
    if (eh_zone_open(eh_view_of(input->zone == NULL ? "UTC" : input->zone), &zone, error) != EH_OK)
        return eh_fail_within(error, "the shop's time zone");
    rules->local = eh_civil_of(now, zone);
    rules->frame = input->frame;
    rules->rights = input->rights;
    rules->question = input->question;
    rules->keys = input->keys;
    EH_TRY(frame_rules(rules, input->frame, arena, error));
    EH_TRY(row_open(rules, input->campaign, arena, error));
    *face_out = (eh_rules_face){.context = rules, .ask = rules_ask};
    return EH_OK;
}

void eh_plan_rules_close(eh_plan_rules *rules)
{
    eh_policy_asker_close(&rules->asker);
    eh_policy_close(&rules->policy);
}
