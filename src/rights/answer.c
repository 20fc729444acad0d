/* May we, and why: from the state of one person to the answer. Pure; the order of the questions is the order of the functions at the end. */
#include <string.h>

#include "rights/rights_int.h"

enum { PURCHASE_MONTHS = 24, INQUIRY_MONTHS = 6 }; /* CASL 10(10) */

/* What the soft opt-in and CASL speak of: messages to an electronic address. */
static const uint32_t electronic = UINT32_C(1) << EH_CHANNEL_EMAIL | UINT32_C(1) << EH_CHANNEL_SMS | UINT32_C(1) << EH_CHANNEL_PUSH |
                                   UINT32_C(1) << EH_CHANNEL_WHATSAPP;
enum { SOFT_SALE = EH_SOFT_SAME_ENTITY | EH_SOFT_ADDRESS_FROM_SALE | EH_SOFT_OFFERED_AT_COLLECTION };

typedef struct {
    const char *name, *sentence;
} why_text;

static const why_text whys[EH_WHYS_COUNT] = {
    [EH_WHY_CONSENT] = {"consent", "They said yes to this."},
    [EH_WHY_SOFT_OPT_IN] = {"soft_opt_in", "They bought something similar here, could say no then, and can say no in this message."},
    [EH_WHY_IMPLIED_PURCHASE] = {"implied_purchase", "They bought here within the last 24 months, which is implied consent under CASL."},
    [EH_WHY_IMPLIED_INQUIRY] = {"implied_inquiry", "They asked about buying within the last 6 months, which is implied consent under CASL."},
    [EH_WHY_LEGITIMATE_INTEREST] = {"legitimate_interest",
                                    "They have not said no, and here the law lets this channel be used until they do; the shop has written down why."},
    [EH_WHY_AI_NOT_OPTED_OUT] = {"ai_not_opted_out", "The shop lets AI choose marketing, and they have not switched it off."},
    [EH_WHY_WITHDRAWN] = {"withdrawn", "They said no to this."},
    [EH_WHY_AI_OPTED_OUT] = {"ai_opted_out", "They switched AI-chosen marketing off, so no model may score them."},
    [EH_WHY_OBJECTED] = {"objected", "They objected to direct marketing, which stops all of it and the profiling behind it."},
    [EH_WHY_IMPORTED_NO] = {"imported_no", "Another system of the shop says that they said no or never said yes."},
    [EH_WHY_MERGED_NO] = {"merged_no", "Another profile of the same person says no."},
    [EH_WHY_SIGNAL] = {"signal", "Their browser sent the Global Privacy Control signal, and they have not said otherwise since."},
    [EH_WHY_ERASED] = {"erased", "Their data was erased at their wish; they are on the suppression list."},
    [EH_WHY_MINOR] = {"minor", "They are under the age at which they can consent themselves, and no parent has agreed."},
    [EH_WHY_MINOR_PROFILING] = {"minor_profiling", "They are a minor, and minors are not profiled for marketing."},
    [EH_WHY_CONSENT_EXPIRED] = {"consent_expired", "They said yes for a time that is over."},
    [EH_WHY_CONSENT_LATER] = {"consent_later", "They said yes only after the moment that is asked about."},
    [EH_WHY_UNCONFIRMED] = {"unconfirmed", "They were asked to confirm and have not done so yet."},
    [EH_WHY_CONFIRMATION_EXPIRED] = {"confirmation_expired", "They were asked to confirm and did not do so in time."},
    [EH_WHY_IMPLIED_EXPIRED] = {"implied_expired", "Their last purchase or inquiry is too long ago to imply consent under CASL."},
    [EH_WHY_SOFT_INCOMPLETE] = {"soft_incomplete", "They bought here, but not everything that a message without consent needs is on record."},
    [EH_WHY_PROFILING_NOT_ASKED] = {"profiling_not_asked", "AI-chosen marketing is off for them until they switch it on."},
    [EH_WHY_NEVER_SAID] = {"never_said", "They have never said yes to this, and unknown is not yes."},
};

const char *eh_why_name(eh_why why)
{
    EH_ASSERT(why < EH_WHYS_COUNT);
    return whys[why].name;
}

const char *eh_why_sentence(eh_why why)
{
    EH_ASSERT(why < EH_WHYS_COUNT);
    return whys[why].sentence;
}

typedef struct {
    const eh_state *state; /* never NULL */
    const eh_notes *notes;
    const eh_rights_house *house;
    const eh_may_question *question;
    const eh_jurisdiction_rules *rules;
    const eh_slot *slot;
    eh_may_answer *answer;
} asking;

static void rests_on(eh_may_answer *answer, uint64_t record)
{
    if (record != 0 && answer->records_count < EH_MAY_RECORDS_MAX)
        answer->records[answer->records_count++] = record;
}

static bool decide(asking *a, bool may, eh_why why, uint64_t record)
{
    a->answer->may = may;
    a->answer->why = why;
    rests_on(a->answer, record);
    return true;
}

static unsigned slot_of(const eh_may_question *question)
{
    return question->purpose == EH_PURPOSE_AI ? EH_SLOT_AI : question->purpose == EH_PURPOSE_SALE ? EH_SLOT_SALE : question->channel - 1u;
}

/* The newest ask that speaks of the slot. */
static const eh_note *ask_of(const asking *a, unsigned slot)
{
    for (const eh_note *note = a->notes->note(a->notes->context, a->state->notes); note != NULL; note = a->notes->note(a->notes->context, note->next))
        if ((note->slots >> slot & 1) != 0)
            return note;
    return NULL;
}

/* ---- the questions, in their order; each returns true when it has decided ------------------------------------------------------------- */

static bool said_no(asking *a)
{
    static const eh_why no[EH_CAUSES_COUNT] = {
        [EH_CAUSE_WITHDRAWN] = EH_WHY_WITHDRAWN,     [EH_CAUSE_OBJECTED] = EH_WHY_OBJECTED, [EH_CAUSE_IMPORTED_NO] = EH_WHY_IMPORTED_NO,
        [EH_CAUSE_MERGED_NO] = EH_WHY_MERGED_NO,     [EH_CAUSE_SIGNAL] = EH_WHY_SIGNAL,
    };
    if (a->slot->said != EH_SAID_NO)
        return false;
    bool ai = a->question->purpose == EH_PURPOSE_AI && a->slot->cause == EH_CAUSE_WITHDRAWN;
    return decide(a, false, ai ? EH_WHY_AI_OPTED_OUT : no[a->slot->cause], a->slot->record);
}

static bool too_young(asking *a)
{
    if (!a->state->birth_known)
        return false;
    int32_t age = eh_age_at(a->state->birth_day, a->question->at_s);
    if (a->question->purpose != EH_PURPOSE_MARKETING && age < a->rules->profiling_age)
        return decide(a, false, EH_WHY_MINOR_PROFILING, a->state->birth_record);
    if (age < a->rules->consent_age && !a->state->parent_agrees)
        return decide(a, false, EH_WHY_MINOR, a->state->birth_record);
    return false;
}

static bool said_yes(asking *a)
{
    const eh_slot *slot = a->slot;
    if (slot->said != EH_SAID_YES)
        return false;
    if (slot->at_s > a->question->at_s)
        return decide(a, false, EH_WHY_CONSENT_LATER, slot->record);
    if (slot->until_s != 0 && a->question->at_s >= slot->until_s)
        return decide(a, false, EH_WHY_CONSENT_EXPIRED, slot->record);
    a->answer->until_s = slot->until_s;
    decide(a, true, EH_WHY_CONSENT, slot->record);
    const eh_note *ask = slot->cause == EH_CAUSE_CONFIRMED ? ask_of(a, slot_of(a->question)) : NULL;
    if (ask != NULL)
        rests_on(a->answer, ask->record);
    return true;
}

static bool ai_by_rule(asking *a)
{
    if (a->question->purpose != EH_PURPOSE_AI)
        return false;
    if (a->rules->profiling_asked || a->house->ai_needs_consent)
        return decide(a, false, EH_WHY_PROFILING_NOT_ASKED, 0);
    a->answer->basis = a->house->ai_basis_id;
    return decide(a, true, EH_WHY_AI_NOT_OPTED_OUT, 0);
}

/* The sale that has most of the facts; ties go to the newest. */
static bool soft_opt_in(asking *a)
{
    const eh_note *best = NULL;
    uint32_t best_facts = 0;
    if (!a->rules->soft_opt_in || (electronic >> a->question->channel & 1) == 0)
        return false;
    for (const eh_note *note = a->notes->note(a->notes->context, a->state->notes); note != NULL; note = a->notes->note(a->notes->context, note->next)) {
        if (note->slots != 0 || note->at_s > a->question->at_s)
            continue;
        bool similar = a->notes->group != 0 && note->group == a->notes->group;
        uint32_t facts = (note->facts & SOFT_SALE) | (similar ? EH_SOFT_SIMILAR : 0u) | (a->question->opt_out_in_message ? EH_SOFT_IN_MESSAGE : 0u);
        if (best == NULL || __builtin_popcount(facts) > __builtin_popcount(best_facts)) {
            best = note;
            best_facts = facts;
        }
    }
    if (best == NULL)
        return false;
    a->answer->soft_facts = best_facts;
    bool all = best_facts == (SOFT_SALE | EH_SOFT_SIMILAR | EH_SOFT_IN_MESSAGE);
    return decide(a, all, all ? EH_WHY_SOFT_OPT_IN : EH_WHY_SOFT_INCOMPLETE, best->record);
}

static bool implied(asking *a)
{
    const eh_state *state = a->state;
    int64_t at_s = a->question->at_s;
    if (!a->rules->implied_consent || (electronic >> a->question->channel & 1) == 0)
        return false;
    int64_t purchase_end = state->purchase_s != 0 && state->purchase_s <= at_s ? eh_months_after(state->purchase_s, PURCHASE_MONTHS) : 0;
    int64_t inquiry_end = state->inquiry_s != 0 && state->inquiry_s <= at_s ? eh_months_after(state->inquiry_s, INQUIRY_MONTHS) : 0;
    if (at_s < purchase_end && purchase_end >= inquiry_end) {
        a->answer->until_s = purchase_end;
        return decide(a, true, EH_WHY_IMPLIED_PURCHASE, state->purchase_record);
    }
    if (at_s < inquiry_end) {
        a->answer->until_s = inquiry_end;
        return decide(a, true, EH_WHY_IMPLIED_INQUIRY, state->inquiry_record);
    }
    if (purchase_end == 0 && inquiry_end == 0)
        return false;
    return decide(a, false, EH_WHY_IMPLIED_EXPIRED, purchase_end >= inquiry_end ? state->purchase_record : state->inquiry_record);
}

static bool interest(asking *a)
{
    uint32_t channels = a->house->interest_id != NULL ? a->house->interest_channels & a->rules->opt_out_channels : 0;
    if (a->question->purpose != EH_PURPOSE_MARKETING || (channels >> a->question->channel & 1) == 0)
        return false;
    a->answer->basis = a->house->interest_id;
    return decide(a, true, EH_WHY_LEGITIMATE_INTEREST, 0);
}

static bool unconfirmed(asking *a)
{
    const eh_note *ask = ask_of(a, slot_of(a->question));
    if (ask == NULL || ask->at_s > a->question->at_s)
        return false;
    bool waits = ask->until_s == 0 || a->question->at_s < ask->until_s;
    return decide(a, false, waits ? EH_WHY_UNCONFIRMED : EH_WHY_CONFIRMATION_EXPIRED, ask->record);
}

static void without_a_word(asking *a)
{
    if (a->question->purpose == EH_PURPOSE_MARKETING) {
        /* Of several "no" the one of the sale is told; a "yes" by another way comes first. */
        if (soft_opt_in(a) && a->answer->may)
            return;
        if (!a->answer->records_count && implied(a) && a->answer->may)
            return;
        eh_may_answer sale = *a->answer;
        a->answer->records_count = 0;
        if (interest(a) || unconfirmed(a))
            return;
        *a->answer = sale;
        if (sale.records_count > 0)
            return;
    } else if (unconfirmed(a) || ai_by_rule(a)) {
        return;
    }
    (void)decide(a, false, EH_WHY_NEVER_SAID, 0);
}

void eh_answer(const eh_state *state, const eh_notes *notes, const eh_rights_house *house, const eh_may_question *question,
               eh_may_answer *answer_out)
{
    static const eh_state stranger;
    eh_may_answer answer = {0};
    asking a = {.state = state != NULL ? state : &stranger, .notes = notes, .house = house, .question = question, .answer = &answer};
    answer.jurisdiction = question->jurisdiction.text[0] != '\0' ? question->jurisdiction : a.state->jurisdiction;
    a.rules = eh_jurisdiction_rules_of(answer.jurisdiction);
    a.slot = &a.state->slots[slot_of(question)];
    answer.said = (eh_said)a.slot->said;
    if (!said_no(&a) && !too_young(&a) && !said_yes(&a))
        without_a_word(&a);
    if (answer.why == EH_WHY_CONSENT_EXPIRED || answer.why == EH_WHY_CONSENT_LATER)
        answer.said = EH_SAID_UNKNOWN;
    answer.sentence = whys[answer.why].sentence;
    answer.law = a.rules->law;
    *answer_out = answer;
}

eh_code eh_may_question_check(const eh_may_question *question, eh_error *error)
{
    if (question->purpose >= EH_PURPOSES_COUNT || question->channel >= EH_CHANNELS_COUNT)
        return eh_fail(error, EH_INPUT, "a purpose or channel that does not exist");
    if (question->purpose == EH_PURPOSE_MARKETING && question->channel == EH_CHANNEL_ALL)
        return eh_fail(error, EH_INPUT, "marketing is asked about for one channel, such as email");
    if (question->at_s <= 0 || question->at_s > UINT32_MAX)
        return eh_fail(error, EH_INPUT, "the moment of the question lies outside 1970 to 2106");
    return EH_OK;
}
