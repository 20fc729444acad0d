/* The page about one decision, block by block. Every sentence comes from the messages; every fact from the trace and its frame. */
#include <math.h>
#include <string.h>

#include "explain/explain.h"

enum { BLOCKS_MAX = 12, LINES_MAX = 640, REASONS_FIRST = 3, BRIEF_MORE = 64 };

typedef struct {
    const eh_page_input *in;
    const eh_frame *frame;
    const eh_trace *trace;
    const eh_messages *words;
    eh_arena *arena;
    eh_page_block *blocks;
    size_t blocks_count;
    eh_page_line *lines;
    size_t lines_count;
    const char *channel, *at, *as_of;
    bool brief; /* reasons alone: no details */
    size_t lines_max;
    bool no_memory;
} page;

/* ---- texts ------------------------------------------------------------------------------------------------------------------------ */

static const char *keep(page *of, eh_buffer *text)
{
    char *copy = eh_arena_copy(of->arena, eh_buffer_view(text));
    of->no_memory = of->no_memory || copy == NULL || text->code != EH_OK;
    eh_buffer_dispose(text);
    return copy == NULL ? "" : copy;
}

static const char *say(page *of, const char *key, const eh_message_value *values, size_t count)
{
    eh_buffer text = {0};
    eh_message_append(of->words, key, values, count, &text);
    return keep(of, &text);
}

#define SAY(of, key, ...) \
    say((of), (key), (const eh_message_value[]){__VA_ARGS__}, sizeof((const eh_message_value[]){__VA_ARGS__}) / sizeof(eh_message_value))
#define PLAIN(of, key) say((of), (key), NULL, 0)

/* A number as people write it: whole, or with at most three places. */
static void number_append(page *of, double number, eh_buffer *out)
{
    eh_buffer pattern = {0};
    eh_message_value value = {.name = "value", .number = round(number * 1000) / 1000};
    eh_message_append(of->words, "number", &value, 1, &pattern);
    eh_buffer_append(out, eh_buffer_view(&pattern));
    eh_buffer_dispose(&pattern);
}

static void value_append(page *of, const eh_fact_value *value, eh_buffer *out)
{
    if (value->type == EH_VALUE_TEXT)
        eh_buffer_append(out, value->text);
    else if (value->type == EH_VALUE_NUMBER)
        number_append(of, value->number, out);
    else
        eh_buffer_text(out, PLAIN(of, value->type == EH_VALUE_TRUTH && value->number != 0 ? "yes_word" : "no_word"));
}

/* "your last order was 9 months ago": the shop's own words with the value in them. */
static const char *fact_say(page *of, size_t fact, const eh_fact_value *value)
{
    const eh_frame_fact *about = &of->frame->facts[fact];
    eh_buffer shown = {0}, text = {0};
    value_append(of, value, &shown);
    const char *filled = keep(of, &shown);
    if (value->type == EH_VALUE_MISSING)
        return about->missing != NULL ? about->missing : SAY(of, "fact_missing", {.name = "name", .text = about->name});
    if (about->says == NULL)
        return SAY(of, "fact_value", {.name = "name", .text = about->name}, {.name = "value", .text = filled});
    const char *at = about->says;
    for (const char *hole; (hole = strstr(at, "{value}")) != NULL; at = hole + sizeof "{value}" - 1) {
        eh_buffer_append(&text, (eh_view){at, (size_t)(hole - at)});
        eh_buffer_text(&text, filled);
    }
    eh_buffer_text(&text, at);
    return keep(of, &text);
}

/* A sentence begins with a capital where the alphabet has them (ASCII; other letters stay). */
static const char *capital(page *of, const char *text)
{
    char *copy = eh_arena_copy(of->arena, eh_view_of(text));
    if (copy == NULL) {
        of->no_memory = true;
        return "";
    }
    if (copy[0] >= 'a' && copy[0] <= 'z')
        copy[0] = (char)(copy[0] - 'a' + 'A');
    size_t len = strlen(copy);
    if (len > 1 && copy[len - 1] == '.')
        copy[len - 1] = '\0'; /* the sentence around it brings its own full stop */
    return copy;
}

/* ---- blocks ------------------------------------------------------------------------------------------------------------------------- */

static void block(page *of, const char *id, const char *heading, bool first)
{
    EH_ASSERT(of->blocks_count < BLOCKS_MAX);
    of->blocks[of->blocks_count++] = (eh_page_block){.id = id, .heading = heading, .first_screen = first, .lines = of->lines + of->lines_count};
}

static void line_with(page *of, eh_line_kind kind, const char *id, const char *text)
{
    if (of->lines_count == of->lines_max)
        return;
    of->lines[of->lines_count++] = (eh_page_line){.kind = kind, .id = id, .text = text};
    of->blocks[of->blocks_count - 1].lines_count++;
}

static void line(page *of, const char *text) { line_with(of, EH_LINE_TEXT, NULL, text); }

static void who_line(page *of)
{
    const eh_frame *frame = of->frame;
    switch (of->trace->stage) {
    case EH_STAGE_CHOICE:
        line(of, PLAIN(of, "who_ai"));
        break;
    case EH_STAGE_EXPLORE:
        line(of, PLAIN(of, of->trace->choice == EH_NO_OFFER ? "who_explore_none" : "who_explore"));
        break;
    case EH_STAGE_WITHOUT_AI:
        line(of, PLAIN(of, "who_ai_off"));
        break;
    case EH_STAGE_LOT:
        line(of, PLAIN(of, frame->choose == EH_CHOOSE_EVERYONE && of->trace->choice != EH_NO_OFFER ? "who_everyone" : "who_lot"));
        break;
    default:
        break;
    }
}

static void block_what(page *of)
{
    const eh_frame *frame = of->frame;
    block(of, "what", NULL, true);
    if (of->in->reasons->sent)
        line(of, SAY(of, "what_sent", {.name = "shop", .text = frame->shop}, {.name = "channel", .text = of->channel}));
    else
        line(of, SAY(of, "what_not_sent", {.name = "shop", .text = frame->shop}, {.name = "title", .text = frame->title}));
    if (frame->on_behalf_of != NULL)
        line(of, SAY(of, "paid_by", {.name = "payer", .text = frame->on_behalf_of}));
    if (of->trace->choice != EH_NO_OFFER && frame->offers[of->trace->choice].price_personalised)
        line_with(of, EH_LINE_NOTICE, "price_personalised", PLAIN(of, "price_personalised"));
    who_line(of);
}

static const char *consent_key(uint8_t why)
{
    switch (why) {
    case EH_WHY_WITHDRAWN:
    case EH_WHY_OBJECTED:
    case EH_WHY_IMPORTED_NO:
    case EH_WHY_MERGED_NO:
    case EH_WHY_ERASED:
        return "not_withdrawn";
    case EH_WHY_MINOR:
    case EH_WHY_MINOR_PROFILING:
        return "not_minor";
    default:
        return "not_consent";
    }
}

static void rules_against(page *of)
{
    bool any = false;
    for (size_t i = 0; i < of->trace->rules_count; i++) {
        const eh_trace_rule *rule = &of->trace->rules[i];
        const eh_frame_rule *about = &of->frame->rules[rule->rule];
        if (rule->outcome != EH_RULE_FORBIDS && rule->outcome != EH_RULE_FAILS && rule->outcome != EH_RULE_CAPS)
            continue;
        any = true;
        line_with(of, EH_LINE_REASON, NULL, SAY(of, "not_rule", {.name = "rule", .text = about->explanation != NULL ? about->explanation : about->id}));
    }
    if (!any)
        line_with(of, EH_LINE_REASON, NULL, PLAIN(of, "not_permitted"));
}

/* Why there is no offer, where no score had a say. */
static void block_stopped(page *of)
{
    const eh_frame *frame = of->frame;
    switch (of->trace->stage) {
    case EH_STAGE_CONSENT:
        line_with(of, EH_LINE_REASON, NULL, SAY(of, consent_key(of->trace->marketing.why), {.name = "channel", .text = of->channel}));
        return;
    case EH_STAGE_RULES:
        rules_against(of);
        return;
    case EH_STAGE_CAPS:
        if (of->trace->messages > 0)
            line_with(of, EH_LINE_REASON, NULL, SAY(of, "not_caps", {.name = "count", .number = (double)of->trace->messages}));
        else
            line_with(of, EH_LINE_REASON, NULL, PLAIN(of, "not_cool_down"));
        return;
    case EH_STAGE_HOLDOUT:
        line_with(of, EH_LINE_REASON, NULL, SAY(of, "not_holdout", {.name = "share", .number = frame->holdout}));
        return;
    case EH_STAGE_AUDIENCE:
        line_with(of, EH_LINE_REASON, NULL, PLAIN(of, "not_audience"));
        return;
    case EH_STAGE_EXPLORE: /* said already: by lot */
        return;
    default:
        line_with(of, EH_LINE_REASON, NULL, PLAIN(of, "not_lot"));
    }
}

/* Where a fact came from, and when: what came with the request is of that moment. */
static void source_line(page *of, size_t fact)
{
    const char *source = of->frame->facts[fact].from_whom, *date = of->trace->facts[fact].given ? of->at : of->as_of;
    if (source != NULL)
        line_with(of, EH_LINE_DETAIL, NULL, SAY(of, "reason_source", {.name = "source", .text = source}, {.name = "date", .text = date}));
    else
        line_with(of, EH_LINE_DETAIL, NULL, SAY(of, "reason_date", {.name = "date", .text = date}));
}

static void reason_line(page *of, const eh_why_reason *reason)
{
    const char *fact = capital(of, fact_say(of, reason->fact, &of->trace->facts[reason->fact]));
    line_with(of, EH_LINE_REASON, NULL, SAY(of, reason->contribution > 0 ? "reason_for" : "reason_against", {.name = "fact", .text = fact}));
    if (!of->brief)
        source_line(of, reason->fact);
}

/* First those that speak for what happened, then the others: that is the order in which people ask. */
static size_t reasons_order(const eh_why_reasons *reasons, size_t *order)
{
    size_t count = 0;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < reasons->reasons_count; i++)
            if ((reasons->reasons[i].contribution > 0) == (reasons->sent == (pass == 0)))
                order[count++] = i;
    return count;
}

static void block_reasons(page *of, size_t first_count)
{
    const eh_why_reasons *reasons = of->in->reasons;
    block(of, "reasons", PLAIN(of, reasons->sent ? "reasons_sent" : "reasons_not_sent"), true);
    if (!reasons->scored) {
        if (!reasons->sent)
            block_stopped(of);
        return;
    }
    size_t order[EH_REASONS_MAX], count = reasons_order(reasons, order);
    if (!reasons->sent)
        line_with(of, EH_LINE_REASON, NULL, PLAIN(of, of->trace->policy_choice == EH_NO_OFFER ? "not_choice" : "not_budget"));
    for (size_t i = 0; i < count && i < first_count; i++)
        reason_line(of, &reasons->reasons[order[i]]);
}

static void block_more_reasons(page *of, size_t first_count)
{
    const eh_why_reasons *reasons = of->in->reasons;
    size_t order[EH_REASONS_MAX], count = reasons->scored ? reasons_order(reasons, order) : 0;
    if (count == 0)
        return;
    block(of, "more_reasons", NULL, false);
    for (size_t i = first_count; i < count; i++)
        reason_line(of, &reasons->reasons[order[i]]);
    double share = floor(reasons->completeness * 100) / 100;
    line(of, share < 1 ? SAY(of, "reason_rest", {.name = "share", .number = share}) : PLAIN(of, "reason_all"));
}

static void block_controls(page *of)
{
    block(of, "controls", NULL, true);
    line_with(of, EH_LINE_CONTROL, "stop_channel", SAY(of, "control_channel", {.name = "channel", .text = of->channel}));
    line_with(of, EH_LINE_CONTROL, "ai_off", PLAIN(of, "control_ai"));
}

static void block_used(page *of)
{
    block(of, "used", PLAIN(of, "used"), false);
    if (of->trace->facts_count == 0)
        line(of, PLAIN(of, of->trace->stage == EH_STAGE_AUDIENCE ? "used_audience" : "used_nothing"));
    for (size_t f = 0; f < of->trace->facts_count; f++) {
        if (!of->frame->facts[f].scored)
            continue;
        line_with(of, EH_LINE_TEXT, of->frame->facts[f].name, capital(of, fact_say(of, f, &of->trace->facts[f])));
        source_line(of, f);
    }
}

static void block_not_used(page *of)
{
    block(of, "not_used", PLAIN(of, "not_used"), false);
    line(of, PLAIN(of, "not_used_all"));
    for (size_t i = 0; i < of->frame->checked_count; i++)
        line(of, SAY(of, "not_used_line", {.name = "name", .text = of->frame->checked[i]}));
    if (of->frame->not_used != NULL)
        line(of, of->frame->not_used);
}

static void block_change(page *of)
{
    const eh_why_reasons *reasons = of->in->reasons;
    block(of, "change", PLAIN(of, "change"), false);
    if (of->trace->stage == EH_STAGE_CONSENT) {
        line(of, SAY(of, "change_consent", {.name = "channel", .text = of->channel}));
        return;
    }
    for (size_t i = 0; i < reasons->changes_count; i++) {
        const char *fact = capital(of, fact_say(of, reasons->changes[i].fact, &reasons->changes[i].to));
        line(of, SAY(of, reasons->sent ? "change_to_not_get" : "change_to_get", {.name = "fact", .text = fact}));
    }
    if (reasons->changes_count == 0)
        line(of, PLAIN(of, of->trace->stage == EH_STAGE_AUDIENCE ? "change_audience" : "change_none"));
    if (of->trace->ai.may)
        line(of, PLAIN(of, "change_ai_off"));
}

static void block_rules(page *of)
{
    static const char *const keys[] = {"rule_permits", "rule_forbids", "rule_requires", "rule_caps", "rule_fails"};
    block(of, "rules", PLAIN(of, "rules"), false);
    for (size_t i = 0; i < of->trace->rules_count; i++) {
        const eh_frame_rule *rule = &of->frame->rules[of->trace->rules[i].rule];
        const char *text = rule->explanation != NULL ? rule->explanation : rule->id;
        line(of, SAY(of, keys[of->trace->rules[i].outcome], {.name = "rule", .text = text}));
        if (rule->law != NULL)
            line_with(of, EH_LINE_DETAIL, NULL, SAY(of, "rule_law", {.name = "law", .text = rule->law}));
    }
    if (of->trace->rules_count == 0)
        line(of, PLAIN(of, "rules_none"));
}

static void block_fairness(page *of)
{
    const eh_frame *frame = of->frame;
    eh_buffer groups = {0};
    for (size_t i = 0; i < frame->checked_count; i++)
        eh_buffer_format(&groups, "%s%s", i == 0 ? "" : ", ", frame->checked[i]);
    const char *checked = keep(of, &groups);
    block(of, "fairness", PLAIN(of, "fairness"), false);
    if (frame->fairness == NULL || frame->checked_count == 0)
        line(of, PLAIN(of, "fairness_none"));
    else if (strcmp(frame->fairness, eh_verdict_name(EH_WITHIN_TOLERANCE)) == 0)
        line(of, SAY(of, "fairness_within", {.name = "groups", .text = checked}));
    else
        line(of, PLAIN(of, "fairness_asked"));
}

static void block_more_controls(page *of)
{
    block(of, "more_controls", PLAIN(of, "controls"), false);
    line_with(of, EH_LINE_CONTROL, "stop_topic", PLAIN(of, "control_topic"));
    line_with(of, EH_LINE_CONTROL, "data", PLAIN(of, "control_data"));
    line_with(of, EH_LINE_CONTROL, "review", PLAIN(of, "control_review"));
    line_with(of, EH_LINE_CONTROL, "feedback", PLAIN(of, "control_feedback"));
    line(of, PLAIN(of, "control_when"));
    block(of, "human", NULL, false);
    line(of, SAY(of, "human", {.name = "shop", .text = of->frame->shop},
                 {.name = "contact", .text = of->frame->shop_contact == NULL ? "" : of->frame->shop_contact}));
    line(of, SAY(of, "versions", {.name = "date", .text = of->at}, {.name = "plan", .text = of->frame->plan}));
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------------- */

static size_t words_count(const char *text)
{
    size_t count = 0;
    bool inside = false;
    for (; *text != '\0'; text++) {
        bool blank = *text == ' ' || *text == '\n';
        count += !blank && !inside;
        inside = !blank;
    }
    return count;
}

static size_t first_screen_words(const page *of)
{
    size_t count = 0;
    for (size_t b = 0; b < of->blocks_count; b++) {
        const eh_page_block *each = &of->blocks[b];
        if (!each->first_screen)
            continue;
        count += each->heading == NULL ? 0 : words_count(each->heading);
        for (size_t i = 0; i < each->lines_count; i++)
            count += words_count(each->lines[i].text);
    }
    return count;
}

static void page_fill(page *of, size_t first_count)
{
    of->blocks_count = of->lines_count = 0;
    block_what(of);
    block_reasons(of, first_count);
    block_controls(of);
    block_more_reasons(of, first_count);
    block_change(of);
    block_used(of);
    block_not_used(of);
    block_rules(of);
    block_fairness(of);
    block_more_controls(of);
}

static eh_code date_words(page *of, int64_t seconds, const char **text_out, eh_error *error)
{
    eh_buffer text = {0};
    eh_code code = eh_date_format_append(of->in->words->days, (eh_instant){.seconds = seconds}, of->in->zone, &text, error);
    *text_out = keep(of, &text);
    return code;
}

eh_code eh_page_make(const eh_page_input *input, eh_arena *arena, eh_page *page_out, eh_error *error)
{
    page of = {.in = input, .frame = eh_decider_frame(input->decider), .trace = input->trace, .arena = arena, .lines_max = LINES_MAX,
               .words = input->words->own != NULL ? input->words->own : input->words->english};
    char channel_key[64];
    of.blocks = EH_TAKE(arena, BLOCKS_MAX, eh_page_block);
    of.lines = EH_TAKE(arena, LINES_MAX, eh_page_line);
    if (of.blocks == NULL || of.lines == NULL)
        return eh_fail_memory(error);
    snprintf(channel_key, sizeof channel_key, "channel_%.40s", of.frame->channel);
    of.channel = PLAIN(&of, channel_key);
    EH_TRY(date_words(&of, eh_trace_at(of.trace, of.frame), &of.at, error));
    EH_TRY(date_words(&of, eh_trace_as_of(of.trace, of.frame), &of.as_of, error));
    for (size_t first = REASONS_FIRST; first >= 1; first--) { /* as many reasons as eighty words hold, at least one */
        page_fill(&of, first);
        if (first_screen_words(&of) <= EH_FIRST_SCREEN_WORDS_MAX)
            break;
    }
    if (of.no_memory)
        return eh_fail_memory(error);
    *page_out = (eh_page){.wrong = PLAIN(&of, "control_wrong"), .language = eh_messages_language(of.words), .title = PLAIN(&of, input->reasons->sent ? "title_sent" : "title_not_sent"),
                          .right_to_left = eh_messages_right_to_left(of.words), .blocks = of.blocks, .blocks_count = of.blocks_count,
                          .first_screen_words = first_screen_words(&of)};
    return of.no_memory ? eh_fail_memory(error) : EH_OK;
}

eh_code eh_reasons_say(const eh_page_input *input, size_t count_max, eh_arena *arena, const char *const **texts_out, size_t *count_out, eh_error *error)
{
    page of = {.in = input, .frame = eh_decider_frame(input->decider), .trace = input->trace, .arena = arena, .brief = true, .lines_max = count_max + BRIEF_MORE,
               .words = input->words->own != NULL ? input->words->own : input->words->english};
    char channel_key[64];
    of.blocks = EH_TAKE(arena, 2, eh_page_block);
    of.lines = EH_TAKE(arena, of.lines_max, eh_page_line);
    if (of.blocks == NULL || of.lines == NULL)
        return eh_fail_memory(error);
    snprintf(channel_key, sizeof channel_key, "channel_%.40s", of.frame->channel);
    of.channel = PLAIN(&of, channel_key);
    block(&of, "who", NULL, true);
    who_line(&of);
    block_reasons(&of, count_max);
    const char **texts = EH_TAKE(arena, of.lines_count, const char *);
    if (of.no_memory || texts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < of.lines_count; i++)
        texts[i] = of.lines[i].text;
    *texts_out = texts;
    *count_out = of.lines_count;
    return EH_OK;
}
