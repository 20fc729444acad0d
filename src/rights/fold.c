/*
 * The rule that moves the state of a person by one act. All of it:
 *
 *   no   - said, imported or merged, of whatever date - makes the slot "no", as fresh as anything that was known of the slot.
 *   yes by the person makes it "yes" if it is not older than the "no" that stands there.
 *   yes by an import or a merge makes it "yes" only where nothing was known.
 *
 * An objection is a "no" for all of marketing and for AI. A signal (GPC) is a "no" for sale, and for AI unless the person has switched AI on.
 */
#include <string.h>

#include "rights/rights_int.h"

static const uint32_t marketing_slots = (UINT32_C(1) << (EH_CHANNELS_COUNT - 1)) - 1;

static uint32_t short_time(int64_t at_s)
{
    return at_s <= 0 ? 0 : at_s > UINT32_MAX ? UINT32_MAX : (uint32_t)at_s;
}

static uint32_t later(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

uint32_t eh_act_slots(const eh_act *act)
{
    if (act->kind == EH_ACT_OBJECT)
        return marketing_slots | UINT32_C(1) << EH_SLOT_AI;
    if (act->kind == EH_ACT_SIGNAL)
        return UINT32_C(1) << EH_SLOT_SALE | UINT32_C(1) << EH_SLOT_AI;
    if (act->purpose == EH_PURPOSE_AI)
        return UINT32_C(1) << EH_SLOT_AI;
    if (act->purpose == EH_PURPOSE_SALE)
        return UINT32_C(1) << EH_SLOT_SALE;
    return act->channel == EH_CHANNEL_ALL ? marketing_slots : UINT32_C(1) << (act->channel - 1);
}

/* ---- yes and no -------------------------------------------------------------------------------------------------------------------- */

static eh_effect say_no(eh_slot *slot, const eh_act *act, eh_cause cause)
{
    eh_effect effect = slot->said == EH_SAID_YES && act->by != EH_BY_PERSON ? EH_EFFECT_TURNED_NO
                       : slot->said == EH_SAID_NO                           ? EH_EFFECT_NONE
                                                                            : EH_EFFECT_CHANGED;
    if (slot->said == EH_SAID_NO && act->by != EH_BY_PERSON) { /* what the person said stays the reason; only the date moves on */
        slot->at_s = later(slot->at_s, short_time(act->at_s));
        return effect;
    }
    *slot = (eh_slot){.said = EH_SAID_NO, .cause = (uint8_t)cause, .at_s = later(slot->at_s, short_time(act->at_s)), .record = act->record};
    return effect;
}

static eh_effect say_yes(eh_slot *slot, const eh_act *act, eh_cause cause)
{
    uint32_t at_s = short_time(act->at_s);
    if (slot->said == EH_SAID_NO && (act->by != EH_BY_PERSON || at_s < slot->at_s))
        return EH_EFFECT_KEPT_NO;
    if (slot->said == EH_SAID_YES && (act->by != EH_BY_PERSON || at_s < slot->at_s))
        return EH_EFFECT_NONE;
    *slot = (eh_slot){.said = EH_SAID_YES, .cause = (uint8_t)cause, .at_s = at_s, .until_s = short_time(act->until_s), .record = act->record};
    return EH_EFFECT_CHANGED;
}

/* Of the effects on several slots the one that a person should hear of. */
static eh_effect worse(eh_effect a, eh_effect b)
{
    return a > b ? a : b;
}

static eh_effect say(eh_state *state, const eh_act *act, bool yes, eh_cause cause)
{
    eh_effect effect = EH_EFFECT_NONE;
    uint32_t slots = eh_act_slots(act);
    for (unsigned i = 0; i < EH_SLOTS_COUNT; i++)
        if ((slots >> i & 1) != 0)
            effect = worse(effect, yes ? say_yes(&state->slots[i], act, cause) : say_no(&state->slots[i], act, cause));
    return effect;
}

/* ---- one function per kind of act ------------------------------------------------------------------------------------------------------ */

typedef struct {
    eh_state *state;
    const eh_act *act;
    const eh_note *asked;
    bool signal_keeps_ai;
    eh_note *note_out;
    eh_effect effect;
} step;

static eh_code control_check(const eh_act *act, eh_error *error)
{
    if (act->control == EH_CONTROL_PRE_TICKED || act->control == EH_CONTROL_BUNDLED)
        return eh_fail(error, EH_DENIED, "a %s is no consent (GDPR %s); nothing was recorded",
                       act->control == EH_CONTROL_BUNDLED ? "yes that was bundled with something else" : "box that was ticked already",
                       act->control == EH_CONTROL_BUNDLED ? "7(4)" : "4(11) and recital 32");
    return EH_OK;
}

static eh_code do_consent(step *s, eh_error *error)
{
    EH_TRY(control_check(s->act, error));
    s->effect = say(s->state, s->act, true, s->act->by == EH_BY_PERSON ? EH_CAUSE_SAID : EH_CAUSE_IMPORTED);
    return EH_OK;
}

static eh_code do_ask(step *s, eh_error *error)
{
    EH_TRY(control_check(s->act, error));
    *s->note_out = (eh_note){.record = s->act->record, .slots = eh_act_slots(s->act), .at_s = short_time(s->act->at_s),
                             .until_s = short_time(s->act->until_s)};
    s->effect = EH_EFFECT_CHANGED;
    return EH_OK;
}

static eh_code do_confirm(step *s, eh_error *error)
{
    const eh_act *act = s->act;
    if (s->asked == NULL)
        return eh_fail(error, EH_CONFLICT, "there is nothing to confirm: no double opt-in was asked for");
    if (s->asked->until_s != 0 && act->at_s >= s->asked->until_s)
        return eh_fail(error, EH_CONFLICT, "the confirmation comes too late: the time for it is over; ask again");
    if (act->at_s < s->asked->at_s)
        return eh_fail(error, EH_CONFLICT, "the confirmation is older than what it confirms");
    /* A "no" that came after the ask stands: the link in the older mail must not undo it. */
    uint32_t slots = eh_act_slots(act);
    for (unsigned i = 0; i < EH_SLOTS_COUNT; i++) {
        eh_slot *slot = &s->state->slots[i];
        if ((slots >> i & 1) == 0)
            continue;
        bool overtaken = slot->said == EH_SAID_NO && slot->at_s > s->asked->at_s;
        s->effect = worse(s->effect, overtaken ? EH_EFFECT_KEPT_NO : say_yes(slot, act, EH_CAUSE_CONFIRMED));
    }
    return EH_OK;
}

static eh_code do_withdraw(step *s, eh_error *error)
{
    static const eh_cause causes[EH_BYS_COUNT] = {EH_CAUSE_WITHDRAWN, EH_CAUSE_IMPORTED_NO, EH_CAUSE_MERGED_NO};
    (void)error;
    s->effect = say(s->state, s->act, false, causes[s->act->by]);
    return EH_OK;
}

static eh_code do_object(step *s, eh_error *error)
{
    (void)error;
    s->effect = say(s->state, s->act, false, EH_CAUSE_OBJECTED);
    return EH_OK;
}

static eh_code do_signal(step *s, eh_error *error)
{
    (void)error;
    eh_slot *ai = &s->state->slots[EH_SLOT_AI];
    s->effect = say_no(&s->state->slots[EH_SLOT_SALE], s->act, EH_CAUSE_SIGNAL);
    if (!s->signal_keeps_ai && ai->said == EH_SAID_UNKNOWN)
        s->effect = worse(s->effect, say_no(ai, s->act, EH_CAUSE_SIGNAL));
    return EH_OK;
}

static eh_code do_purchase(step *s, eh_error *error)
{
    (void)error;
    uint32_t at_s = short_time(s->act->at_s);
    if (at_s >= s->state->purchase_s) {
        s->state->purchase_s = at_s;
        s->state->purchase_record = s->act->record;
    }
    *s->note_out = (eh_note){.record = s->act->record, .at_s = at_s, .facts = s->act->soft_facts};
    s->effect = EH_EFFECT_CHANGED;
    return EH_OK;
}

static eh_code do_inquiry(step *s, eh_error *error)
{
    (void)error;
    uint32_t at_s = short_time(s->act->at_s);
    if (at_s >= s->state->inquiry_s) {
        s->state->inquiry_s = at_s;
        s->state->inquiry_record = s->act->record;
        s->effect = EH_EFFECT_CHANGED;
    }
    return EH_OK;
}

/* What another system says counts when nothing was known or it makes the person younger. */
static eh_code do_birth(step *s, eh_error *error)
{
    (void)error;
    eh_state *state = s->state;
    if (state->birth_known && s->act->by != EH_BY_PERSON && s->act->birth_day <= state->birth_day) {
        s->effect = s->act->birth_day < state->birth_day ? EH_EFFECT_KEPT_NO : EH_EFFECT_NONE;
        return EH_OK;
    }
    state->birth_known = true;
    state->birth_day = s->act->birth_day;
    state->birth_record = s->act->record;
    s->effect = EH_EFFECT_CHANGED;
    return EH_OK;
}

static eh_code do_parent(step *s, eh_error *error)
{
    EH_TRY(control_check(s->act, error));
    s->state->parent_agrees = true;
    s->state->parent_record = s->act->record;
    s->effect = EH_EFFECT_CHANGED;
    return EH_OK;
}

eh_code eh_state_apply(eh_state *state, const eh_act *act, const eh_note *asked, bool signal_keeps_ai, eh_note *note_out,
                       eh_effect *effect_out, eh_error *error)
{
    static eh_code (*const kinds[EH_ACTS_COUNT])(step *, eh_error *) = {
        [EH_ACT_CONSENT] = do_consent, [EH_ACT_ASK] = do_ask,           [EH_ACT_CONFIRM] = do_confirm, [EH_ACT_WITHDRAW] = do_withdraw,
        [EH_ACT_OBJECT] = do_object,   [EH_ACT_SIGNAL] = do_signal,     [EH_ACT_PURCHASE] = do_purchase, [EH_ACT_INQUIRY] = do_inquiry,
        [EH_ACT_BIRTH] = do_birth,     [EH_ACT_PARENT] = do_parent,
    };
    EH_ASSERT(act->kind < EH_ACTS_COUNT && act->by < EH_BYS_COUNT && act->channel < EH_CHANNELS_COUNT);
    eh_note note = {0};
    step s = {.state = state, .act = act, .asked = asked, .signal_keeps_ai = signal_keeps_ai, .note_out = &note};
    EH_TRY(kinds[act->kind](&s, error));
    if (act->jurisdiction.text[0] != '\0' && (act->by == EH_BY_PERSON || state->jurisdiction.text[0] == '\0'))
        state->jurisdiction = act->jurisdiction;
    *note_out = note;
    *effect_out = s.effect;
    return EH_OK;
}
