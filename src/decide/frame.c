/* Frames as JSON: what is the same for everybody in a plan. */
#include "decide/trace.h"

#include <math.h>
#include <string.h>

enum { FRAME_SCHEMA = 1, LIST_MAX = 1 << 20 };

static const char *const kind_names[] = {"number", "truth", "text"};

/* ---- writing --------------------------------------------------------------------------------------------------------------- */

static void put_digest(eh_json_writer *out, const char *key, eh_digest digest)
{
    char hex[65];
    static const eh_digest none;
    if (memcmp(&digest, &none, sizeof none) == 0) {
        eh_json_null(out, key);
        return;
    }
    eh_hex(digest.bytes, sizeof digest.bytes, hex);
    eh_json_text(out, key, hex);
}

/* As a text: JSON numbers stop at 2^53 in many readers. */
static void put_large(eh_json_writer *out, const char *key, uint64_t number)
{
    char text[32];
    snprintf(text, sizeof text, "%llu", (unsigned long long)number);
    eh_json_text(out, key, text);
}

static void put_facts(eh_json_writer *out, const eh_frame *frame)
{
    eh_json_array_open(out, "facts");
    for (size_t i = 0; i < frame->facts_count; i++) {
        const eh_frame_fact *fact = &frame->facts[i];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "name", fact->name);
        eh_json_text(out, "kind", kind_names[fact->kind]);
        eh_json_text(out, "says", fact->says);
        eh_json_text(out, "missing", fact->missing);
        eh_json_text(out, "from_whom", fact->from_whom);
        eh_json_boolean(out, "changeable", fact->changeable);
        eh_json_boolean(out, "scored", fact->scored);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void put_offers(eh_json_writer *out, const eh_frame *frame)
{
    eh_json_array_open(out, "offers");
    for (size_t i = 0; i < frame->offers_count; i++) {
        const eh_frame_offer *offer = &frame->offers[i];
        eh_json_object_open(out, NULL);
        eh_json_text(out, "name", offer->name);
        eh_json_text(out, "says", offer->says);
        eh_json_text(out, "model", offer->model);
        put_digest(out, "model_hash", offer->model_digest);
        eh_json_integer(out, "cost_micros", offer->cost);
        eh_json_integer(out, "cost_if_taken_micros", offer->cost_if_taken);
        eh_json_integer(out, "worth_micros", offer->worth);
        eh_json_integer(out, "taken_micros", offer->taken);
        eh_json_boolean(out, "price_personalised", offer->price_personalised);
        eh_json_text(out, "price", offer->price);
        eh_json_integer(out, "price_of_offer", frame->prices.offer[i]);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
}

static void put_rules(eh_json_writer *out, const eh_frame *frame)
{
    eh_json_array_open(out, "rules");
    for (size_t i = 0; i < frame->rules_count; i++) {
        eh_json_object_open(out, NULL);
        eh_json_text(out, "id", frame->rules[i].id);
        eh_json_text(out, "effect", frame->rules[i].effect);
        eh_json_text(out, "explanation", frame->rules[i].explanation);
        eh_json_text(out, "law", frame->rules[i].law);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_array_open(out, "dampings");
    for (size_t i = 0; i < frame->dampings_count; i++) {
        eh_json_object_open(out, NULL);
        eh_json_integer(out, "offer", frame->dampings[i].offer);
        eh_json_integer(out, "term", frame->dampings[i].term);
        eh_json_integer(out, "per_mille", frame->dampings[i].per_mille);
        eh_json_text(out, "name", frame->dampings[i].name);
        eh_json_object_close(out);
    }
    eh_json_array_close(out);
    eh_json_array_open(out, "checked");
    for (size_t i = 0; i < frame->checked_count; i++)
        eh_json_text(out, NULL, frame->checked[i]);
    eh_json_array_close(out);
}

static void put_finish(eh_json_writer *out, const eh_frame *frame)
{
    eh_json_array_open_flat(out, "finish");
    for (size_t i = 0; i < frame->finish_count; i++) {
        char hex[33];
        eh_hex(frame->finish[i].bytes, sizeof frame->finish[i].bytes, hex);
        eh_json_text(out, NULL, hex);
    }
    eh_json_array_close(out);
}

eh_code eh_frame_write(const eh_frame *frame, eh_buffer *buffer, eh_error *error)
{
    eh_json_writer out;
    eh_json_begin(&out, buffer, false, false);
    eh_json_object_open(&out, NULL);
    eh_json_integer(&out, "schema", FRAME_SCHEMA);
    eh_json_text(&out, "plan", frame->plan);
    eh_json_text(&out, "campaign", frame->campaign);
    eh_json_text(&out, "title", frame->title);
    eh_json_text(&out, "purpose", frame->purpose);
    eh_json_text(&out, "channel", frame->channel);
    eh_json_text(&out, "currency", frame->currency);
    eh_json_text(&out, "on_behalf_of", frame->on_behalf_of);
    eh_json_text(&out, "category", frame->category);
    eh_json_text(&out, "shop", frame->shop);
    eh_json_text(&out, "shop_contact", frame->shop_contact);
    eh_json_text(&out, "zone", frame->zone);
    eh_json_integer(&out, "at", frame->at_s);
    eh_json_integer(&out, "as_of", frame->as_of_s);
    put_large(&out, "seed", frame->seed);
    eh_json_number(&out, "holdout", frame->holdout);
    eh_json_number(&out, "explore", frame->explore);
    eh_json_text(&out, "choose", eh_choose_name(frame->choose));
    eh_json_boolean(&out, "effect", frame->effect);
    eh_json_text(&out, "without_ai", eh_without_ai_name(frame->without_ai));
    eh_json_integer(&out, "without_ai_offer", frame->without_ai_offer);
    eh_json_number(&out, "without_ai_share", frame->without_ai_share);
    put_large(&out, "without_ai_cut", frame->without_ai_cut);
    eh_json_number(&out, "lot_share", frame->lot_share);
    eh_json_text(&out, "outcome", frame->outcome);
    put_digest(&out, "campaign_hash", frame->campaign_digest);
    put_digest(&out, "policy_hash", frame->policy_digest);
    put_digest(&out, "workspace_hash", frame->workspace_digest);
    put_facts(&out, frame);
    put_offers(&out, frame);
    put_rules(&out, frame);
    eh_json_integer(&out, "price_of_budget", (int64_t)frame->prices.budget);
    eh_json_integer(&out, "price_of_person", frame->prices.person);
    put_finish(&out, frame);
    eh_json_text(&out, "fairness", frame->fairness);
    eh_json_text(&out, "not_used", frame->not_used);
    eh_json_text(&out, "version", frame->version);
    eh_json_object_close(&out);
    return eh_buffer_check(buffer, error);
}

/* ---- reading --------------------------------------------------------------------------------------------------------------- */

/* One frame being read; the first fault sticks. */
typedef struct {
    eh_arena *arena;
    const char *fault; /* the key that is wrong; NULL: none */
    bool no_memory;
} reading;

static const char *get_text(reading *from, eh_json_value object, const char *key, bool required)
{
    eh_json_value value = eh_json_member(object, key);
    const char *text = eh_json_as_text(value);
    if (text == NULL) {
        if (required || (eh_json_type_of(value) != EH_JSON_NULL))
            from->fault = key;
        return required ? "" : NULL;
    }
    const char *copy = eh_arena_copy(from->arena, eh_view_of(text));
    from->no_memory = from->no_memory || copy == NULL;
    return copy == NULL ? "" : copy;
}

static int64_t get_integer(reading *from, eh_json_value object, const char *key, int64_t low, int64_t high)
{
    int64_t number = low;
    if (!eh_json_as_integer(eh_json_member(object, key), &number) || number < low || number > high) {
        from->fault = key;
        return low;
    }
    return number;
}

static double get_share(reading *from, eh_json_value object, const char *key)
{
    double number = eh_json_as_number(eh_json_member(object, key));
    if (!(number >= 0 && number <= 1)) {
        from->fault = key;
        return 0;
    }
    return number;
}

static bool get_truth(reading *from, eh_json_value object, const char *key)
{
    bool truth = false;
    if (!eh_json_as_boolean(eh_json_member(object, key), &truth))
        from->fault = key;
    return truth;
}

static eh_digest get_digest(reading *from, eh_json_value object, const char *key)
{
    eh_digest digest = {0};
    eh_json_value value = eh_json_member(object, key);
    if (eh_json_type_of(value) == EH_JSON_NULL)
        return digest;
    const char *text = eh_json_as_text(value);
    if (text == NULL || !eh_hex_read(eh_view_of(text), sizeof digest.bytes, digest.bytes))
        from->fault = key;
    return digest;
}

static int get_name(reading *from, eh_json_value object, const char *key, const char *(*name_of)(int), int count)
{
    const char *text = eh_json_as_text(eh_json_member(object, key));
    for (int i = 0; text != NULL && i < count; i++)
        if (strcmp(text, name_of(i)) == 0)
            return i;
    from->fault = key;
    return 0;
}

static const char *choose_name_of(int i) { return eh_choose_name((eh_choose)i); }
static const char *without_name_of(int i) { return eh_without_ai_name((eh_without_ai)i); }
static const char *kind_name_of(int i) { return kind_names[i]; }

/* The items of a list, and room for as many records. */
static void *get_list(reading *from, eh_json_value root, const char *key, size_t size, size_t *count_out)
{
    eh_json_value list = eh_json_member(root, key);
    *count_out = eh_json_count(list);
    if (eh_json_type_of(list) != EH_JSON_ARRAY || *count_out > LIST_MAX) {
        from->fault = key;
        *count_out = 0;
    }
    void *records = eh_arena_take(from->arena, *count_out, size);
    from->no_memory = from->no_memory || records == NULL;
    if (records == NULL)
        *count_out = 0;
    return records;
}

static void read_facts(reading *from, eh_json_value root, eh_frame *frame)
{
    eh_frame_fact *facts = get_list(from, root, "facts", sizeof *facts, &frame->facts_count);
    for (size_t i = 0; i < frame->facts_count; i++) {
        eh_json_value item = eh_json_item(eh_json_member(root, "facts"), i);
        facts[i] = (eh_frame_fact){.name = get_text(from, item, "name", true), .kind = (eh_fact_kind)get_name(from, item, "kind", kind_name_of, 3),
                                   .says = get_text(from, item, "says", false), .missing = get_text(from, item, "missing", false),
                                   .from_whom = get_text(from, item, "from_whom", false), .changeable = get_truth(from, item, "changeable"),
                                   .scored = get_truth(from, item, "scored")};
    }
    frame->facts = facts;
}

static void read_offers(reading *from, eh_json_value root, eh_frame *frame)
{
    eh_frame_offer *offers = get_list(from, root, "offers", sizeof *offers, &frame->offers_count);
    if (frame->offers_count == 0 || frame->offers_count > EH_OFFERS_MAX) {
        from->fault = "offers";
        frame->offers_count = 0;
    }
    for (size_t i = 0; i < frame->offers_count; i++) {
        eh_json_value item = eh_json_item(eh_json_member(root, "offers"), i);
        offers[i] = (eh_frame_offer){
            .name = get_text(from, item, "name", true), .says = get_text(from, item, "says", true), .model = get_text(from, item, "model", false),
            .model_digest = get_digest(from, item, "model_hash"), .cost = get_integer(from, item, "cost_micros", 0, EH_ALLOCATION_VALUE_MAX),
            .cost_if_taken = get_integer(from, item, "cost_if_taken_micros", 0, EH_ALLOCATION_VALUE_MAX),
            .worth = get_integer(from, item, "worth_micros", EH_NO_LIMIT, EH_ALLOCATION_VALUE_MAX),
            .taken = get_integer(from, item, "taken_micros", EH_NO_LIMIT, EH_MICROS),
            .price_personalised = get_truth(from, item, "price_personalised"), .price = get_text(from, item, "price", false)};
        frame->prices.offer[i] = get_integer(from, item, "price_of_offer", 0, INT64_MAX);
    }
    frame->offers = offers;
}

static void read_rules(reading *from, eh_json_value root, eh_frame *frame)
{
    eh_frame_rule *rules = get_list(from, root, "rules", sizeof *rules, &frame->rules_count);
    for (size_t i = 0; i < frame->rules_count; i++) {
        eh_json_value item = eh_json_item(eh_json_member(root, "rules"), i);
        rules[i] = (eh_frame_rule){.id = get_text(from, item, "id", true), .effect = get_text(from, item, "effect", true),
                                   .explanation = get_text(from, item, "explanation", false), .law = get_text(from, item, "law", false)};
    }
    frame->rules = rules;
    eh_damping *dampings = get_list(from, root, "dampings", sizeof *dampings, &frame->dampings_count);
    for (size_t i = 0; i < frame->dampings_count; i++) {
        eh_json_value item = eh_json_item(eh_json_member(root, "dampings"), i);
        dampings[i] = (eh_damping){.offer = (uint32_t)get_integer(from, item, "offer", 0, EH_OFFERS_MAX - 1),
                                   .term = (uint32_t)get_integer(from, item, "term", 0, UINT32_MAX),
                                   .per_mille = (int32_t)get_integer(from, item, "per_mille", 0, 1000), .name = get_text(from, item, "name", true)};
    }
    frame->dampings = dampings;
    const char **checked = get_list(from, root, "checked", sizeof *checked, &frame->checked_count);
    for (size_t i = 0; i < frame->checked_count; i++) {
        const char *text = eh_json_as_text(eh_json_item(eh_json_member(root, "checked"), i));
        checked[i] = eh_arena_copy(from->arena, eh_view_of(text == NULL ? "" : text));
        from->no_memory = from->no_memory || checked[i] == NULL;
    }
    frame->checked = checked;
}

static void read_finish(reading *from, eh_json_value root, eh_frame *frame)
{
    eh_finish_mark *marks = get_list(from, root, "finish", sizeof *marks, &frame->finish_count);
    for (size_t i = 0; i < frame->finish_count; i++) {
        const char *text = eh_json_as_text(eh_json_item(eh_json_member(root, "finish"), i));
        if (text == NULL || !eh_hex_read(eh_view_of(text), sizeof marks[i].bytes, marks[i].bytes) ||
            (i > 0 && memcmp(marks[i - 1].bytes, marks[i].bytes, sizeof marks[i].bytes) > 0))
            from->fault = "finish";
    }
    frame->finish = marks;
}

static uint64_t get_large(reading *from, eh_json_value root, const char *key)
{
    const char *text = eh_json_as_text(eh_json_member(root, key));
    uint64_t number = 0;
    if (text == NULL || *text == '\0' || strlen(text) > 20) {
        from->fault = key;
        return 0;
    }
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9' || __builtin_mul_overflow(number, 10, &number) || __builtin_add_overflow(number, (uint64_t)(*text - '0'), &number)) {
            from->fault = key;
            return 0;
        }
    }
    return number;
}

static eh_frame read_all(reading *from, eh_json_value root)
{
    eh_frame frame = {
        .plan = get_text(from, root, "plan", true), .campaign = get_text(from, root, "campaign", true), .title = get_text(from, root, "title", true),
        .purpose = get_text(from, root, "purpose", false), .channel = get_text(from, root, "channel", true),
        .currency = get_text(from, root, "currency", false), .on_behalf_of = get_text(from, root, "on_behalf_of", false),
        .category = get_text(from, root, "category", false), .shop = get_text(from, root, "shop", true),
        .shop_contact = get_text(from, root, "shop_contact", false), .zone = get_text(from, root, "zone", false),
        .at_s = get_integer(from, root, "at", EH_INSTANT_SECONDS_MIN, EH_INSTANT_SECONDS_MAX),
        .as_of_s = get_integer(from, root, "as_of", EH_INSTANT_SECONDS_MIN, EH_INSTANT_SECONDS_MAX), .seed = get_large(from, root, "seed"),
        .holdout = get_share(from, root, "holdout"), .explore = get_share(from, root, "explore"),
        .choose = (eh_choose)get_name(from, root, "choose", choose_name_of, EH_CHOOSES_COUNT), .effect = get_truth(from, root, "effect"),
        .without_ai = (eh_without_ai)get_name(from, root, "without_ai", without_name_of, EH_WITHOUT_AIS_COUNT),
        .without_ai_offer = (uint32_t)get_integer(from, root, "without_ai_offer", 0, EH_OFFERS_MAX - 1),
        .without_ai_share = get_share(from, root, "without_ai_share"), .without_ai_cut = get_large(from, root, "without_ai_cut"), .lot_share = get_share(from, root, "lot_share"),
        .outcome = get_text(from, root, "outcome", false), .campaign_digest = get_digest(from, root, "campaign_hash"),
        .policy_digest = get_digest(from, root, "policy_hash"), .workspace_digest = get_digest(from, root, "workspace_hash"),
        .fairness = get_text(from, root, "fairness", false), .not_used = get_text(from, root, "not_used", false),
        .version = get_text(from, root, "version", true)};
    frame.prices.budget = (uint64_t)get_integer(from, root, "price_of_budget", 0, INT64_MAX);
    frame.prices.person = get_integer(from, root, "price_of_person", 0, INT64_MAX);
    read_facts(from, root, &frame);
    read_offers(from, root, &frame);
    read_rules(from, root, &frame);
    read_finish(from, root, &frame);
    if (frame.without_ai_offer >= frame.offers_count)
        from->fault = "without_ai_offer";
    return frame;
}

eh_code eh_frame_read(eh_view json, const char *name, eh_arena *arena, eh_frame *frame_out, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_code code = eh_json_parse(json, name, &document, error);
    if (code != EH_OK)
        return code == EH_MEMORY ? code : eh_fail_within(error, "the frame of a plan");
    eh_json_value root = eh_json_root(document);
    reading from = {.arena = arena};
    int64_t schema = 0;
    if (!eh_json_as_integer(eh_json_member(root, "schema"), &schema) || schema != FRAME_SCHEMA)
        return eh_fail(error, EH_CORRUPT, "%s: is no frame of a plan that this program knows (schema %d)", name, FRAME_SCHEMA);
    eh_frame frame = read_all(&from, root);
    if (from.no_memory)
        return eh_fail_memory(error);
    if (from.fault != NULL)
        return eh_fail(error, EH_CORRUPT, "%s: '%s' is missing or is not what it must be", name, from.fault);
    *frame_out = frame;
    return EH_OK;
}
