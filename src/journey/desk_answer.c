/* What the desk says of a decision: to the ledger, and to whom asked. */
#include <string.h>

#include "journey/desk_int.h"

eh_code eh_desk_opening(eh_desk *desk, eh_arena *arena, eh_ledger_entry *entries_out, size_t *count_out, eh_error *error)
{
    size_t count = 0;
    if (desk->frame_is_new)
        entries_out[count++] = (eh_ledger_entry){.kind = EH_VIEW("plan"), .payload = desk->file.frame_text};
    if (desk->options.approved_by != NULL) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {0};
        eh_json_writer out;
        eh_json_begin(&out, &said, false, false);
        eh_json_object_open(&out, NULL);
        eh_json_text(&out, "plan", desk->file.frame.plan);
        eh_json_text(&out, "approved_by", desk->options.approved_by);
        eh_json_text(&out, "question", "may single decisions be made under this plan?");
        eh_json_object_close(&out);
        EH_TRY(eh_buffer_check(&said, error));
        char *kept = eh_arena_copy(arena, eh_buffer_view(&said));
        if (kept == NULL)
            return eh_fail_memory(error);
        entries_out[count++] = (eh_ledger_entry){.kind = EH_VIEW("approval"), .payload = eh_view_of(kept)};
    }
    *count_out = count;
    return EH_OK;
}

eh_code eh_desk_entry(const eh_desk *desk, const eh_trace *trace, eh_arena *arena, eh_ledger_entry *entry_out, eh_error *error)
{
    return eh_decision_entry(&desk->file.frame, desk->frame_hex, trace, arena, entry_out, error);
}

/* What must be said with the offer: the words of the rules that require it, and of a price that was made for this person. */
static void disclosures_say(const eh_desk *desk, const eh_trace *trace, const eh_words *words, eh_json_writer *out)
{
    const eh_messages *messages = words->own != NULL ? words->own : words->english;
    const char *language = eh_messages_language(messages);
    bool price = trace->choice != EH_NO_OFFER && desk->file.frame.offers[trace->choice].price_personalised;
    eh_json_array_open(out, "disclosures");
    for (size_t i = 0; trace->choice != EH_NO_OFFER && desk->book != NULL && i < trace->rules_count; i++) {
        const eh_trace_rule *rule = &trace->rules[i];
        if (rule->outcome != EH_RULE_REQUIRES || (rule->offers >> trace->choice & 1) == 0)
            continue;
        const char *text = eh_texts_find(&eh_policy_about(eh_rulebook_policy(desk->book))->rules[rule->rule].disclosure, language);
        if (text != NULL)
            eh_json_text(out, NULL, text);
    }
    if (price) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_message_append(messages, "price_personalised", NULL, 0, &text);
        eh_json_view(out, NULL, eh_buffer_view(&text));
    }
    eh_json_array_close(out);
}

static void offer_say(eh_desk *desk, const eh_trace *trace, eh_json_writer *out)
{
    if (trace->choice == EH_NO_OFFER) {
        eh_json_null(out, "offer");
        return;
    }
    const eh_offer *offer = &eh_campaign_get(desk->campaign_file)->offers[trace->choice];
    const eh_variant *variant = &offer->variants[trace->variant < offer->variants_count ? trace->variant : 0];
    eh_json_text(out, "offer", offer->name);
    eh_json_text(out, "says", offer->says);
    eh_json_text(out, "price", offer->price);
    eh_json_text(out, "variant", variant->name);
    eh_json_text(out, "subject", variant->subject);
    eh_json_text(out, "message", variant->message);
    char after[EH_INSTANT_TEXT_BYTES];
    eh_instant_text((eh_instant){.seconds = eh_desk_send_after(desk, trace)}, EH_FRACTION_NONE, after);
    eh_json_text(out, "send_after", after);
}

eh_code eh_desk_answer_json(eh_desk *desk, const eh_trace *trace, const eh_desk_said *said, eh_arena *arena, eh_json_writer *out, eh_error *error)
{
    const eh_frame *frame = &desk->file.frame;
    const char *const *texts = NULL;
    size_t count = 0;
    char at[EH_INSTANT_TEXT_BYTES];
    eh_why_reasons reasons = {0};
    EH_TRY(eh_reasons_find(desk->file.decider, trace, false, arena, &reasons, error));
    eh_page_input page = {.decider = desk->file.decider, .trace = trace, .reasons = &reasons, .words = said->words};
    EH_TRY(eh_reasons_say(&page, EH_DESK_REASONS_MAX, arena, &texts, &count, error));
    eh_instant_text((eh_instant){.seconds = eh_trace_at(trace, frame)}, EH_FRACTION_NONE, at);
    eh_json_object_open(out, said->key);
    eh_json_text(out, "decision", said->id);
    eh_json_text(out, "campaign", frame->campaign);
    eh_json_text(out, "plan", frame->plan);
    eh_json_view(out, "person", trace->key);
    eh_json_text(out, "at", at);
    offer_say(desk, trace, out);
    eh_json_text(out, "stage", eh_stage_name(trace->stage));
    eh_json_boolean(out, "ai", trace->scores != NULL && trace->stage == EH_STAGE_CHOICE);
    eh_json_array_open(out, "reasons");
    for (size_t i = 0; i < count; i++)
        eh_json_text(out, NULL, texts[i]);
    eh_json_array_close(out);
    eh_json_number(out, "propensity", trace->propensity);
    disclosures_say(desk, trace, said->words, out);
    eh_json_text(out, "fairness", frame->fairness);
    eh_json_text(out, "language", eh_messages_language(said->words->own != NULL ? said->words->own : said->words->english));
    eh_json_object_close(out);
    return eh_buffer_check(out->buffer, error);
}
