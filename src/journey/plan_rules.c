/* The policy as the asker of a plan: facts of the person, of the campaign and of rights, in the words that rules may use. */
#include <math.h>
#include <stdlib.h>
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

const char *eh_lawful_basis_of(const eh_trace_right *marketing)
{
    if (!marketing->may)
        return "none";
    switch ((eh_why)marketing->why) {
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

static eh_cel_value person_tells(tells what, const eh_trace_right *marketing, const eh_trace_right *ai)
{
    switch (what) {
    case TELLS_LAWFUL_BASIS:
        return eh_cel_string(eh_view_of(eh_lawful_basis_of(marketing)));
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

static eh_cel_value campaign_tells(const eh_frame *frame, tells what)
{
    switch (what) {
    case TELLS_CHANNEL:
        return eh_cel_string(eh_view_of(frame->channel));
    case TELLS_CATEGORY:
        return eh_cel_string(eh_view_of(frame->category));
    case TELLS_NAMES_SENDER:
        return eh_cel_bool(frame->shop != NULL);
    case TELLS_HAS_OPT_OUT:
        return eh_cel_bool(true); /* the send list carries the page with the switches */
    default:
        return eh_cel_unknown();
    }
}

static eh_cel_value saying_tells(const eh_campaign_saying *saying, const char *type)
{
    if (saying->is_truth)
        return eh_cel_bool(saying->truth);
    if (!saying->is_number)
        return eh_cel_string(eh_view_of(saying->text));
    return strcmp(type, "int") == 0 ? eh_cel_int((int64_t)saying->number) : eh_cel_double(saying->number);
}

/* ---- asking ------------------------------------------------------------------------------------------------------------------------ */

struct eh_rulebook {
    eh_policy *policy;
    const eh_frame *frame;
    eh_zone *zone;               /* of the shop */
    size_t facts_count;
    eh_cel_value *row;           /* what is the same for everybody; else unknown */
    size_t *feature;             /* of the frame; SIZE_MAX: none */
    uint8_t *tells;
    bool by_offer;               /* a fact differs from offer to offer */
};

/* One thread's place. Each offer has its own asker: most of a policy is decided by what is the same for everybody. */
struct eh_rules_seat {
    const eh_rulebook *book;
    eh_policy_asker *askers[EH_OFFERS_MAX];
    size_t askers_count;
    eh_cel_value *row;
    int64_t at_s;                /* whose clock stands in the row */
    bool clocked;
};

static void answer_add(eh_rules_answer *answer, size_t rule, uint32_t offers, eh_rule_outcome outcome)
{
    for (size_t i = 0; i < answer->rules_count; i++)
        if (answer->rules[i].rule == rule && answer->rules[i].outcome == outcome) {
            answer->rules[i].offers |= offers;
            return;
        }
    EH_ASSERT(answer->rules_count < sizeof answer->rules / sizeof answer->rules[0]);
    answer->rules[answer->rules_count++] = (eh_trace_rule){.rule = (uint32_t)rule, .offers = offers, .outcome = outcome};
}

static void offer_ask(const eh_rulebook *book, eh_policy_asker *asker, const eh_cel_value *row, uint32_t offers, eh_rules_answer *answer)
{
    static const eh_rule_outcome outcomes[EH_RULE_EFFECTS_COUNT] = {[EH_RULE_PERMIT] = EH_RULE_PERMITS, [EH_RULE_FORBID] = EH_RULE_FORBIDS,
                                                                    [EH_RULE_REQUIRE] = EH_RULE_REQUIRES, [EH_RULE_CAP] = EH_RULE_CAPS};
    const eh_policy_facts *about = eh_policy_about(book->policy);
    eh_policy_decision decision = eh_policy_ask(asker, row);
    if (!decision.permitted)
        answer->allowed &= ~offers;
    for (size_t r = 0; r < about->rules_count; r++) {
        eh_rule_effect effect = about->rules[r].effect;
        bool fails = decision.outcomes[r] == EH_RULE_ERROR || decision.outcomes[r] == EH_RULE_UNKNOWN;
        if (decision.outcomes[r] == EH_RULE_APPLIES)
            answer_add(answer, r, offers, outcomes[effect]);
        else if (fails && effect != EH_RULE_PERMIT)
            answer_add(answer, r, offers, effect == EH_RULE_REQUIRE ? EH_RULE_REQUIRES : EH_RULE_FAILS);
    }
}

static void clock_set(eh_rules_seat *seat, int64_t at_s)
{
    const eh_rulebook *book = seat->book;
    eh_civil local = eh_civil_of((eh_instant){.seconds = at_s}, book->zone);
    for (size_t f = 0; f < book->facts_count; f++) {
        if (book->tells[f] == TELLS_LOCAL_HOUR)
            seat->row[f] = eh_cel_int(local.hour);
        else if (book->tells[f] == TELLS_WEEKDAY)
            seat->row[f] = eh_cel_int(local.weekday);
        else if (book->tells[f] == TELLS_NOW)
            seat->row[f] = eh_cel_timestamp((eh_instant){.seconds = at_s});
    }
    seat->at_s = at_s;
    seat->clocked = true;
}

static void offer_tell(eh_rules_seat *seat, uint32_t offer)
{
    const eh_rulebook *book = seat->book;
    for (size_t f = 0; f < book->facts_count; f++) {
        if (book->tells[f] == TELLS_OFFER)
            seat->row[f] = eh_cel_string(eh_view_of(book->frame->offers[offer].name));
        else if (book->tells[f] == TELLS_PRICE_PERSONALISED)
            seat->row[f] = eh_cel_bool(book->frame->offers[offer].price_personalised);
    }
}

eh_code eh_rules_seat_ask(void *context, const eh_rules_question *question, eh_rules_answer *answer, eh_error *error)
{
    eh_rules_seat *seat = context;
    const eh_rulebook *book = seat->book;
    (void)error;
    if (!seat->clocked || seat->at_s != question->at_s)
        clock_set(seat, question->at_s);
    for (size_t f = 0; f < book->facts_count; f++) {
        size_t feature = book->feature[f];
        if (feature != SIZE_MAX) /* who has switched AI off is judged without a profile: no facts */
            seat->row[f] = question->facts == NULL ? eh_cel_unknown()
                                                   : feature_tells(&book->frame->facts[feature], &question->facts[feature], eh_policy_fact_type(book->policy, f));
        else if (book->tells[f] == TELLS_CHOSEN_BY_AI)
            seat->row[f] = eh_cel_bool(book->frame->choose == EH_CHOOSE_MODEL && question->ai.may);
        else if (book->tells[f] >= TELLS_OPTED_OUT_AI && book->tells[f] <= TELLS_KNOWN_MINOR)
            seat->row[f] = person_tells((tells)book->tells[f], &question->marketing, &question->ai);
    }
    if (!book->by_offer) {
        offer_ask(book, seat->askers[0], seat->row, (uint32_t)((UINT64_C(1) << book->frame->offers_count) - 1), answer);
        return EH_OK;
    }
    for (uint32_t offer = 0; offer < book->frame->offers_count; offer++) {
        offer_tell(seat, offer);
        offer_ask(book, seat->askers[offer], seat->row, UINT32_C(1) << offer, answer);
    }
    return EH_OK;
}

/* ---- seats --------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_rules_seat_open(const eh_rulebook *book, eh_rules_seat **seat_out, eh_error *error)
{
    EH_CLEANUP(eh_rules_seat_close) eh_rules_seat *seat = calloc(1, sizeof *seat);
    if (seat == NULL || (seat->row = calloc(book->facts_count + 1, sizeof *seat->row)) == NULL)
        return eh_fail_memory(error);
    seat->book = book;
    memcpy(seat->row, book->row, book->facts_count * sizeof *seat->row);
    size_t wanted = book->by_offer ? book->frame->offers_count : 1;
    for (uint32_t offer = 0; offer < wanted; offer++) {
        offer_tell(seat, offer);
        EH_TRY(eh_policy_asker_open(book->policy, &seat->askers[offer], error));
        seat->askers_count++;
        EH_TRY(eh_policy_asker_specialise(seat->askers[offer], seat->row, error));
    }
    *seat_out = seat;
    seat = NULL;
    return EH_OK;
}

void eh_rules_seat_close(eh_rules_seat **seat)
{
    if (*seat == NULL)
        return;
    for (size_t i = 0; i < (*seat)->askers_count; i++)
        eh_policy_asker_close(&(*seat)->askers[i]);
    free((*seat)->row);
    free(*seat);
    *seat = NULL;
}

/* ---- opening ------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_rulebook_describe(const eh_rulebook *book, eh_frame *frame, eh_arena *arena, eh_error *error)
{
    const eh_policy_facts *about = eh_policy_about(book->policy);
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
    return eh_rulebook_digest(book, &frame->policy_digest, error);
}

eh_code eh_rulebook_digest(const eh_rulebook *book, eh_digest *digest_out, eh_error *error)
{
    if (!eh_hex_read(eh_view_of(eh_policy_about(book->policy)->sha256), sizeof digest_out->bytes, digest_out->bytes))
        return eh_fail(error, EH_INTERNAL, "the policy has no hash");
    return EH_OK;
}

const eh_policy *eh_rulebook_policy(const eh_rulebook *book) { return book->policy; }

static void row_fill(eh_rulebook *book, const eh_campaign *campaign)
{
    for (size_t f = 0; f < book->facts_count; f++) {
        const char *name = eh_policy_fact_name(book->policy, f), *type = eh_policy_fact_type(book->policy, f);
        book->feature[f] = SIZE_MAX;
        book->row[f] = eh_cel_unknown();
        for (size_t k = 0; k < book->frame->facts_count; k++)
            if (strcmp(book->frame->facts[k].name, name) == 0)
                book->feature[f] = k;
        if (book->feature[f] != SIZE_MAX)
            continue;
        book->tells[f] = (uint8_t)tells_of(name);
        book->row[f] = campaign_tells(book->frame, (tells)book->tells[f]);
        for (size_t i = 0; i < campaign->says_count; i++) /* what the campaign says of itself */
            if (strcmp(campaign->says[i].name, name) == 0)
                book->row[f] = saying_tells(&campaign->says[i], type);
        book->by_offer = book->by_offer || book->tells[f] == TELLS_OFFER || book->tells[f] == TELLS_PRICE_PERSONALISED;
    }
}

eh_code eh_rulebook_open(const eh_rulebook_input *input, eh_arena *arena, eh_rulebook **book_out, eh_error *error)
{
    struct stat facts;
    if (input->policy == NULL && stat(input->path, &facts) != 0)
        return EH_OK; /* no policy.yaml: rights alone decide */
    EH_CLEANUP(eh_rulebook_close) eh_rulebook *book = calloc(1, sizeof *book);
    if (book == NULL) {
        eh_policy *taken = input->policy;
        eh_policy_close(&taken);
        return eh_fail_memory(error);
    }
    book->policy = input->policy;
    if (book->policy == NULL)
        EH_TRY(eh_policy_open(input->path, &(eh_policy_options){.now = input->now}, &book->policy, error));
    EH_TRY(eh_policy_runnable(book->policy, error));
    if (eh_zone_open(eh_view_of(input->frame->zone == NULL ? "UTC" : input->frame->zone), &book->zone, error) != EH_OK)
        return eh_fail_within(error, "the shop's time zone");
    book->frame = input->frame;
    book->facts_count = eh_policy_facts_count(book->policy);
    book->row = EH_TAKE(arena, book->facts_count, eh_cel_value);
    book->feature = EH_TAKE(arena, book->facts_count, size_t);
    book->tells = EH_TAKE(arena, book->facts_count, uint8_t);
    if (book->row == NULL || book->feature == NULL || book->tells == NULL)
        return eh_fail_memory(error);
    if (eh_policy_about(book->policy)->rules_count > EH_TRACE_RULES_MAX)
        return eh_fail(error, EH_LIMIT, "the policy has %zu rules, at most %d", eh_policy_about(book->policy)->rules_count, EH_TRACE_RULES_MAX);
    row_fill(book, input->campaign);
    *book_out = book;
    book = NULL;
    return EH_OK;
}

void eh_rulebook_close(eh_rulebook **book)
{
    if (*book == NULL)
        return;
    eh_zone_close(&(*book)->zone);
    eh_policy_close(&(*book)->policy);
    free(*book);
    *book = NULL;
}
