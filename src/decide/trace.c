/* Traces in their binary and their JSON form, and the draws that belong to a person. */
#include "decide/trace.h"

#include <math.h>
#include <string.h>

#include "rights/rights.h"

enum { TRACE_VERSION = 3, TRACE_VERSION_UNCOUNTED = 2, FACT_GIVEN = 0x80 };

static const char *const stage_names[EH_STAGES_COUNT] = {"consent", "rules", "caps", "holdout", "without_ai", "explore", "choice", "lot", "audience"};
const char *eh_stage_name(eh_stage stage) { return stage_names[stage]; }

int64_t eh_trace_at(const eh_trace *trace, const eh_frame *frame) { return trace->at_s != 0 ? trace->at_s : frame->at_s; }
int64_t eh_trace_as_of(const eh_trace *trace, const eh_frame *frame) { return trace->as_of_s != 0 ? trace->as_of_s : frame->as_of_s; }

/* ---- draws ------------------------------------------------------------------------------------------------------------------ */

static double unit_of(const uint8_t *bytes)
{
    uint64_t number;
    memcpy(&number, bytes, sizeof number);
    return (double)(number >> 11) * 0x1p-53;
}

eh_draws eh_draws_of(uint64_t seed, const char *campaign, eh_view key)
{
    uint8_t head[8];
    for (size_t i = 0; i < sizeof head; i++)
        head[i] = (uint8_t)(seed >> (8 * i));
    eh_sha256 hash;
    eh_digest digest;
    eh_sha256_begin(&hash);
    eh_sha256_add(&hash, head, sizeof head);
    eh_sha256_add(&hash, campaign, strlen(campaign) + 1);
    eh_sha256_add(&hash, key.ptr, key.len);
    eh_sha256_end(&hash, &digest);
    eh_draws draws = {.holdout = unit_of(digest.bytes), .explore = unit_of(digest.bytes + 8), .pick = unit_of(digest.bytes + 16)};
    memcpy(&draws.tie, digest.bytes + 24, sizeof draws.tie);
    /* the variant needs no more than that it has nothing to do with the others */
    uint64_t mixed = (draws.tie ^ (draws.tie >> 29)) * UINT64_C(0x94D049BB133111EB);
    draws.variant = (double)((mixed ^ (mixed >> 32)) >> 11) * 0x1p-53;
    return draws;
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------- */

static void put_natural(eh_buffer *out, uint64_t number)
{
    char bytes[10];
    size_t len = 0;
    for (; number >= 0x80; number >>= 7)
        bytes[len++] = (char)(number | 0x80);
    bytes[len++] = (char)number;
    eh_buffer_append(out, (eh_view){bytes, len});
}

static void put_integer(eh_buffer *out, int64_t number)
{
    put_natural(out, (uint64_t)number << 1 ^ (uint64_t)(number >> 63));
}

static void put_double(eh_buffer *out, double number)
{
    uint64_t bits;
    memcpy(&bits, &number, sizeof bits);
    char bytes[8];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)(bits >> (8 * i));
    eh_buffer_append(out, (eh_view){bytes, sizeof bytes});
}

enum { FACT_MISSING, FACT_WHOLE, FACT_DOUBLE, FACT_FALSE, FACT_TRUE, FACT_TEXT };

static void put_fact(eh_buffer *out, const eh_fact_value *fact)
{
    int given = fact->given ? FACT_GIVEN : 0;
    bool whole = fact->number == trunc(fact->number) && fabs(fact->number) < 9e15 && !(fact->number == 0 && signbit(fact->number));
    switch (fact->type) {
    case EH_VALUE_MISSING:
        eh_buffer_byte(out, (char)(FACT_MISSING | given));
        return;
    case EH_VALUE_TRUTH:
        eh_buffer_byte(out, (char)((fact->number != 0 ? FACT_TRUE : FACT_FALSE) | given));
        return;
    case EH_VALUE_TEXT:
        eh_buffer_byte(out, (char)(FACT_TEXT | given));
        put_natural(out, fact->text.len);
        eh_buffer_append(out, fact->text);
        return;
    case EH_VALUE_NUMBER:
        eh_buffer_byte(out, (char)((whole ? FACT_WHOLE : FACT_DOUBLE) | given));
        if (whole)
            put_integer(out, (int64_t)fact->number);
        else
            put_double(out, fact->number);
        return;
    }
}

static void put_right(eh_buffer *out, const eh_trace_right *right)
{
    eh_buffer_byte(out, (char)right->may);
    eh_buffer_byte(out, (char)right->why);
    put_natural(out, right->record);
}

void eh_trace_write(const eh_trace *trace, eh_buffer *out)
{
    eh_buffer_byte(out, trace->uncounted ? TRACE_VERSION_UNCOUNTED : TRACE_VERSION);
    put_natural(out, trace->key.len);
    eh_buffer_append(out, trace->key);
    put_integer(out, trace->at_s);
    put_integer(out, trace->as_of_s);
    eh_buffer_byte(out, (char)trace->stage);
    put_right(out, &trace->marketing);
    put_right(out, &trace->ai);
    put_natural(out, trace->rules_count);
    for (size_t i = 0; i < trace->rules_count; i++) {
        put_natural(out, trace->rules[i].rule);
        put_natural(out, trace->rules[i].offers);
        eh_buffer_byte(out, (char)trace->rules[i].outcome);
    }
    put_natural(out, trace->allowed);
    put_natural(out, trace->facts_count);
    for (size_t i = 0; i < trace->facts_count; i++)
        put_fact(out, &trace->facts[i]);
    eh_buffer_byte(out, trace->scores != NULL);
    for (size_t o = 0, rest = trace->scores == NULL ? 0 : trace->allowed; rest != 0; o++, rest >>= 1)
        if ((rest & 1) != 0)
            put_integer(out, trace->scores[o]);
    put_integer(out, trace->explained);
    put_natural(out, trace->terms_count);
    for (size_t i = 0; i < trace->terms_count; i++)
        put_integer(out, trace->contributions[i]);
    put_integer(out, trace->choice);
    put_integer(out, trace->policy_choice);
    eh_buffer_byte(out, trace->by_price);
    eh_buffer_byte(out, (char)trace->variant);
    put_double(out, trace->propensity);
    put_integer(out, trace->messages);
    if (trace->uncounted)
        return;
    put_natural(out, trace->counted_count);
    for (size_t i = 0; i < trace->counted_count; i++)
        put_natural(out, (uint64_t)trace->counted[i]);
    put_integer(out, trace->last_message_s);
}

eh_code eh_finish_mark_of(const eh_trace *trace, eh_finish_mark *mark_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    eh_trace_write(trace, &bytes);
    EH_TRY(eh_buffer_check(&bytes, error));
    eh_digest digest = eh_sha256_of(eh_buffer_view(&bytes));
    memcpy(mark_out->bytes, digest.bytes, sizeof mark_out->bytes);
    return EH_OK;
}

bool eh_frame_has_mark(const eh_frame *frame, const eh_finish_mark *mark)
{
    size_t low = 0, high = frame->finish_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(frame->finish[middle].bytes, mark->bytes, sizeof mark->bytes);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------- */

/* What is left to read; `bad` sticks. */
typedef struct {
    eh_view rest;
    bool bad;
} reading;

static uint8_t get_byte(reading *from)
{
    if (from->rest.len == 0) {
        from->bad = true;
        return 0;
    }
    uint8_t byte = (uint8_t)*from->rest.ptr++;
    from->rest.len--;
    return byte;
}

static uint64_t get_natural(reading *from)
{
    uint64_t number = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = get_byte(from);
        if (shift == 63 && byte > 1)
            break;
        number |= (uint64_t)(byte & 0x7F) << shift;
        if (byte < 0x80) {
            from->bad = from->bad || (byte == 0 && shift > 0); /* every number has one form */
            return number;
        }
    }
    from->bad = true;
    return 0;
}

static int64_t get_integer(reading *from)
{
    uint64_t number = get_natural(from);
    return (int64_t)(number >> 1) ^ -(int64_t)(number & 1);
}

static double get_double(reading *from)
{
    uint64_t bits = 0;
    for (unsigned i = 0; i < 8; i++)
        bits |= (uint64_t)get_byte(from) << (8 * i);
    double number;
    memcpy(&number, &bits, sizeof number);
    return number;
}

static eh_view get_text(reading *from)
{
    uint64_t len = get_natural(from);
    if (len > from->rest.len) {
        from->bad = true;
        return (eh_view){0};
    }
    eh_view text = {from->rest.ptr, (size_t)len};
    from->rest.ptr += len;
    from->rest.len -= (size_t)len;
    from->bad = from->bad || !eh_utf8_valid(text);
    return text;
}

static size_t get_count(reading *from, size_t most)
{
    uint64_t count = get_natural(from);
    if (count > most || count > from->rest.len) {
        from->bad = true;
        return 0;
    }
    return (size_t)count;
}

static int64_t get_between(reading *from, int64_t low, int64_t high)
{
    int64_t number = get_integer(from);
    if (number < low || number > high) {
        from->bad = true;
        return low;
    }
    return number;
}

static eh_fact_value get_fact(reading *from)
{
    eh_fact_value fact = {0};
    uint8_t head = get_byte(from), tag = head & (uint8_t)~FACT_GIVEN;
    switch (tag) {
    case FACT_MISSING:
        break;
    case FACT_FALSE:
    case FACT_TRUE:
        fact = (eh_fact_value){.type = EH_VALUE_TRUTH, .number = tag == FACT_TRUE};
        break;
    case FACT_WHOLE:
        fact = (eh_fact_value){.type = EH_VALUE_NUMBER, .number = (double)get_integer(from)};
        break;
    case FACT_DOUBLE:
        fact = (eh_fact_value){.type = EH_VALUE_NUMBER, .number = get_double(from)};
        from->bad = from->bad || !isfinite(fact.number);
        break;
    case FACT_TEXT:
        fact = (eh_fact_value){.type = EH_VALUE_TEXT, .text = get_text(from)};
        break;
    default:
        from->bad = true;
    }
    fact.given = (head & FACT_GIVEN) != 0;
    return fact;
}

static eh_trace_right get_right(reading *from)
{
    eh_trace_right right = {0};
    uint8_t may = get_byte(from);
    from->bad = from->bad || may > 1;
    right.may = may == 1;
    right.why = get_byte(from);
    from->bad = from->bad || right.why >= EH_WHYS_COUNT;
    right.record = get_natural(from);
    return right;
}

static bool get_flag(reading *from)
{
    uint8_t byte = get_byte(from);
    from->bad = from->bad || byte > 1;
    return byte == 1;
}

static eh_code read_rules(reading *from, const eh_frame *frame, eh_arena *arena, eh_trace *trace, eh_error *error)
{
    trace->rules_count = get_count(from, frame->rules_count * 2);
    eh_trace_rule *rules = EH_TAKE(arena, trace->rules_count, eh_trace_rule);
    if (rules == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < trace->rules_count; i++) {
        rules[i].rule = (uint32_t)get_count(from, frame->rules_count);
        rules[i].offers = (uint32_t)get_natural(from);
        uint8_t outcome = get_byte(from);
        from->bad = from->bad || rules[i].rule >= frame->rules_count || outcome > EH_RULE_FAILS;
        rules[i].outcome = outcome > EH_RULE_FAILS ? EH_RULE_FAILS : (eh_rule_outcome)outcome;
    }
    trace->rules = rules;
    return EH_OK;
}

static eh_code read_scores(reading *from, const eh_frame *frame, eh_arena *arena, eh_trace *trace, eh_error *error)
{
    if (get_flag(from)) {
        int64_t *scores = EH_TAKE(arena, frame->offers_count, int64_t);
        if (scores == NULL)
            return eh_fail_memory(error);
        for (size_t o = 0; o < frame->offers_count; o++)
            if ((trace->allowed >> o & 1) != 0)
                scores[o] = get_integer(from);
        trace->scores = scores;
    }
    trace->explained = (int)get_between(from, EH_NO_OFFER, (int64_t)frame->offers_count - 1);
    trace->terms_count = get_count(from, EH_TRACE_BYTES_MAX);
    int32_t *contributions = EH_TAKE(arena, trace->terms_count, int32_t);
    if (contributions == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < trace->terms_count; i++)
        contributions[i] = (int32_t)get_between(from, INT32_MIN, INT32_MAX);
    trace->contributions = contributions;
    return EH_OK;
}

static eh_code read_counts(reading *from, eh_arena *arena, eh_trace *trace, eh_error *error)
{
    trace->messages = get_integer(from);
    if (trace->uncounted)
        return EH_OK;
    trace->counted_count = get_count(from, EH_PERSON_CAPS_MAX);
    int64_t *counted = EH_TAKE(arena, trace->counted_count, int64_t);
    if (counted == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < trace->counted_count; i++) {
        uint64_t count = get_natural(from);
        from->bad = from->bad || count > INT64_MAX;
        counted[i] = (int64_t)(count & INT64_MAX);
    }
    trace->counted = counted;
    trace->last_message_s = get_between(from, EH_INSTANT_SECONDS_MIN, EH_INSTANT_SECONDS_MAX);
    return EH_OK;
}

eh_code eh_trace_key(eh_view bytes, eh_view *key_out, eh_error *error)
{
    reading from = {.rest = bytes};
    uint8_t version = get_byte(&from);
    eh_view key = get_text(&from);
    if (from.bad || (version != TRACE_VERSION && version != TRACE_VERSION_UNCOUNTED))
        return eh_fail(error, EH_CORRUPT, "this is no trace of a decision");
    *key_out = key;
    return EH_OK;
}

eh_code eh_trace_read(eh_view bytes, const eh_frame *frame, eh_arena *arena, eh_trace *trace_out, eh_error *error)
{
    reading from = {.rest = bytes};
    eh_trace trace = {0};
    if (bytes.len > EH_TRACE_BYTES_MAX)
        return eh_fail(error, EH_CORRUPT, "a trace of %zu bytes, at most %d", bytes.len, EH_TRACE_BYTES_MAX);
    uint8_t version = get_byte(&from);
    if (version != TRACE_VERSION && version != TRACE_VERSION_UNCOUNTED)
        return eh_fail(error, EH_CORRUPT, "a trace of version %u; this program reads %d and %d", version, TRACE_VERSION_UNCOUNTED, TRACE_VERSION);
    trace.uncounted = version == TRACE_VERSION_UNCOUNTED;
    trace.key = get_text(&from);
    trace.at_s = get_between(&from, EH_INSTANT_SECONDS_MIN, EH_INSTANT_SECONDS_MAX);
    trace.as_of_s = get_between(&from, EH_INSTANT_SECONDS_MIN, EH_INSTANT_SECONDS_MAX);
    uint8_t stage = get_byte(&from);
    from.bad = from.bad || stage >= EH_STAGES_COUNT;
    trace.stage = stage < EH_STAGES_COUNT ? (eh_stage)stage : EH_STAGE_CONSENT;
    trace.marketing = get_right(&from);
    trace.ai = get_right(&from);
    EH_TRY(read_rules(&from, frame, arena, &trace, error));
    uint64_t allowed = get_natural(&from);
    trace.allowed = (uint32_t)allowed;
    from.bad = from.bad || allowed >> frame->offers_count != 0;
    trace.facts_count = get_count(&from, frame->facts_count);
    eh_fact_value *facts = EH_TAKE(arena, trace.facts_count, eh_fact_value);
    if (facts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < trace.facts_count; i++)
        facts[i] = get_fact(&from);
    trace.facts = facts;
    EH_TRY(read_scores(&from, frame, arena, &trace, error));
    trace.choice = (int)get_between(&from, EH_NO_OFFER, (int64_t)frame->offers_count - 1);
    trace.policy_choice = (int)get_between(&from, EH_NO_OFFER, (int64_t)frame->offers_count - 1);
    trace.by_price = get_flag(&from);
    trace.variant = get_byte(&from);
    trace.propensity = get_double(&from);
    EH_TRY(read_counts(&from, arena, &trace, error));
    if (from.bad || from.rest.len > 0 || (trace.facts_count > 0 && trace.facts_count != frame->facts_count) || trace.key.len == 0 ||
        !(trace.propensity >= 0 && trace.propensity <= 1))
        return eh_fail(error, EH_CORRUPT, "these bytes are no trace of the plan '%s'", frame->plan);
    *trace_out = trace;
    return EH_OK;
}

/* ---- JSON ------------------------------------------------------------------------------------------------------------------- */

/* Records are named by numbers of 64 bits, which a program that reads numbers as doubles would round: so they are texts. */
static void json_right(eh_json_writer *out, const char *key, const eh_trace_right *right)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)right->record);
    eh_json_object_open_flat(out, key);
    eh_json_boolean(out, "may", right->may);
    eh_json_text(out, "why", eh_why_name((eh_why)right->why));
    if (right->record != 0)
        eh_json_text(out, "record", text);
    eh_json_object_close(out);
}

static void json_view(eh_json_writer *out, const char *key, eh_view text)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer copy = {0};
    eh_buffer_append(&copy, text);
    eh_json_text(out, key, copy.ptr == NULL ? "" : copy.ptr);
}

static void json_facts(const eh_trace *trace, const eh_frame *frame, eh_json_writer *out)
{
    eh_json_object_open(out, "facts");
    for (size_t i = 0; i < trace->facts_count; i++) {
        const eh_fact_value *fact = &trace->facts[i];
        const char *name = frame->facts[i].name;
        if (fact->type == EH_VALUE_MISSING)
            eh_json_null(out, name);
        else if (fact->type == EH_VALUE_TRUTH)
            eh_json_boolean(out, name, fact->number != 0);
        else if (fact->type == EH_VALUE_NUMBER)
            eh_json_number(out, name, fact->number);
        else
            json_view(out, name, fact->text);
    }
    eh_json_object_close(out);
}

static void json_rules(const eh_trace *trace, const eh_frame *frame, eh_json_writer *out)
{
    static const char *const outcomes[] = {"permits", "forbids", "requires", "caps", "fails"};
    eh_json_array_open(out, "rules");
    for (size_t i = 0; i < trace->rules_count; i++) {
        eh_json_object_open_flat(out, NULL);
        eh_json_text(out, "rule", frame->rules[trace->rules[i].rule].id);
        eh_json_text(out, "outcome", outcomes[trace->rules[i].outcome]);
        eh_json_array_open_flat(out, "offers");
        for (size_t o = 0; o < frame->offers_count; o++)
            if ((trace->rules[i].offers >> o & 1) != 0)
                eh_json_text(out, NULL, frame->offers[o].name);
        eh_json_array_close(out);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void json_moment(eh_json_writer *out, const char *key, int64_t seconds)
{
    char text[EH_INSTANT_TEXT_BYTES];
    eh_instant_text((eh_instant){.seconds = seconds}, EH_FRACTION_NONE, text);
    eh_json_text(out, key, text);
}

static void json_given(const eh_trace *trace, const eh_frame *frame, eh_json_writer *out)
{
    eh_json_array_open_flat(out, "given");
    for (size_t i = 0; i < trace->facts_count; i++)
        if (trace->facts[i].given)
            eh_json_text(out, NULL, frame->facts[i].name);
    eh_json_array_close(out);
}

static void json_counts(const eh_trace *trace, eh_json_writer *out)
{
    if (trace->counted_count > 0) {
        eh_json_array_open_flat(out, "messages_counted");
        for (size_t i = 0; i < trace->counted_count; i++)
            eh_json_integer(out, NULL, trace->counted[i]);
        eh_json_array_close(out);
    }
    if (trace->last_message_s != 0)
        json_moment(out, "last_message", trace->last_message_s);
}

static const char *offer_name(const eh_frame *frame, int offer) { return offer == EH_NO_OFFER ? NULL : frame->offers[offer].name; }

void eh_trace_json(const eh_trace *trace, const eh_frame *frame, eh_json_writer *out, const char *key)
{
    eh_json_object_open(out, key);
    json_view(out, "person", trace->key);
    eh_json_text(out, "plan", frame->plan);
    json_moment(out, "at", eh_trace_at(trace, frame));
    json_moment(out, "as_of", eh_trace_as_of(trace, frame));
    eh_json_text(out, "stage", eh_stage_name(trace->stage));
    eh_json_text(out, "offer", offer_name(frame, trace->choice));
    eh_json_text(out, "policy_offer", offer_name(frame, trace->policy_choice));
    eh_json_boolean(out, "by_price", trace->by_price);
    eh_json_integer(out, "variant", trace->variant);
    eh_json_number(out, "propensity", trace->propensity);
    json_right(out, "marketing", &trace->marketing);
    json_right(out, "ai", &trace->ai);
    json_rules(trace, frame, out);
    if (trace->messages >= 0)
        eh_json_integer(out, "messages_before", trace->messages);
    json_counts(trace, out);
    if (trace->facts_count > 0) {
        json_facts(trace, frame, out);
        json_given(trace, frame, out);
    }
    if (trace->scores != NULL) {
        eh_json_object_open_flat(out, "scores");
        for (size_t o = 0; o < frame->offers_count; o++)
            if ((trace->allowed >> o & 1) != 0)
                eh_json_number(out, frame->offers[o].name, (double)trace->scores[o] / EH_MICROS);
        eh_json_object_close(out);
    }
    if (trace->explained != EH_NO_OFFER) {
        eh_json_text(out, "explained_offer", offer_name(frame, trace->explained));
        eh_json_array_open_flat(out, "contributions");
        for (size_t i = 0; i < trace->terms_count; i++)
            eh_json_number(out, NULL, (double)trace->contributions[i] / EH_MICROS);
        eh_json_array_close(out);
    }
    eh_json_object_close(out);
}
