/* campaigns/NAME.yaml: reading it whole, with the place of every fault. */
#include "decide/campaign.h"

#include <ctype.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/yaml.h"
#include "decide/allocation.h"
#include "decide/decide_int.h"

enum { NAME_BYTES_MAX = 64, TEXTS_BYTES_MAX = 4 << 20, DAY_SECONDS = 86400, MONTH_DAYS = 30, YEAR_DAYS = 365, MINUTES_OF_DAY = 1440 };

struct eh_campaign_file {
    eh_arena *arena;
    eh_yaml_document *document;
    eh_buffer text;
    eh_digest digest;
    eh_campaign campaign;
};

static const char *const choose_names[EH_CHOOSES_COUNT + 1] = {"model", "random", "everyone", NULL};
static const char *const without_ai_names[EH_WITHOUT_AIS_COUNT + 1] = {"like_others", "everyone", "nobody", NULL};
static const char *const channel_names[] = {"email", "sms", "push", "whatsapp", "post", "phone", "onsite", "ads", NULL};

const char *eh_choose_name(eh_choose choose) { return choose_names[choose]; }
const char *eh_without_ai_name(eh_without_ai how) { return without_ai_names[how]; }

/* ---- values ------------------------------------------------------------------------------------------------------------- */

static bool is_word(const char *name)
{
    size_t len = strlen(name);
    for (size_t i = 0; i < len; i++)
        if (!(islower((unsigned char)name[i]) || isdigit((unsigned char)name[i]) || ((name[i] == '-' || name[i] == '_') && i > 0)))
            return false;
    return len > 0 && len <= NAME_BYTES_MAX;
}

static eh_code word_check(const eh_yaml_node *node, const char *what, eh_error *error)
{
    if (is_word(node->text))
        return EH_OK;
    return eh_yaml_fail(node, error, EH_INPUT, "'%.80s' is no name for %s: small letters, digits, '_' and '-', at most %d", node->text, what,
                        NAME_BYTES_MAX);
}

/* "14 days", "36h", "2 weeks": a whole number and a unit. */
static eh_code period_read(const eh_yaml_node *node, eh_duration *duration_out, eh_error *error)
{
    static const struct {
        const char *name;
        int64_t seconds;
    } units[] = {{"m", 60}, {"minute", 60}, {"h", 3600}, {"hour", 3600}, {"d", DAY_SECONDS}, {"day", DAY_SECONDS}, {"w", 7 * DAY_SECONDS},
                 {"week", 7 * DAY_SECONDS}, {"month", MONTH_DAYS * DAY_SECONDS}, {"year", YEAR_DAYS * DAY_SECONDS}};
    if (node->text == NULL)
        return eh_yaml_fail(node, error, EH_INPUT, "must be a time such as 14 days");
    char *end = NULL;
    unsigned long long count = isdigit((unsigned char)node->text[0]) ? strtoull(node->text, &end, 10) : 0;
    eh_view unit = end == NULL ? (eh_view){0} : eh_view_trim(eh_view_of(end));
    if (unit.len > 1 && unit.ptr[unit.len - 1] == 's')
        unit.len--;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (eh_view_equal(unit, eh_view_of(units[i].name)) && count <= 36500) {
            *duration_out = (eh_duration){.seconds = (int64_t)count * units[i].seconds};
            return EH_OK;
        }
    return eh_yaml_fail(node, error, EH_INPUT, "'%.60s' is no time; write a whole number and minutes, hours, days, weeks, months or years, such as 14 days", node->text);
}

static eh_code amount_read(const eh_yaml_node *node, int64_t *micros_out, eh_error *error)
{
    if (node == NULL)
        return EH_OK;
    if ((node->type != EH_YAML_INTEGER && node->type != EH_YAML_NUMBER) || node->number < 0)
        return eh_yaml_fail(node, error, EH_INPUT, "must be an amount, a number that is not negative such as 0.05");
    if (node->number * EH_MICROS > 9e18)
        return eh_yaml_fail(node, error, EH_LIMIT, "is too large an amount");
    *micros_out = llround(node->number * EH_MICROS);
    return EH_OK;
}

static eh_code amount_of_one_read(const eh_yaml_node *node, int64_t *micros_out, eh_error *error)
{
    EH_TRY(amount_read(node, micros_out, error));
    if (*micros_out > EH_ALLOCATION_VALUE_MAX / 2)
        return eh_yaml_fail(node, error, EH_LIMIT, "is too large for one person; at most 500000");
    return EH_OK;
}

static eh_code clock_read(const eh_yaml_node *node, const char *text, int32_t *minutes_out, eh_error *error)
{
    if (strlen(text) == 5 && isdigit((unsigned char)text[0]) && isdigit((unsigned char)text[1]) && text[2] == ':' && isdigit((unsigned char)text[3]) &&
        isdigit((unsigned char)text[4])) {
        int32_t minutes = ((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 + text[4] - '0';
        if (minutes < MINUTES_OF_DAY && text[3] < '6') {
            *minutes_out = minutes;
            return EH_OK;
        }
    }
    return eh_yaml_fail(node, error, EH_INPUT, "'%.40s' is no time of day; write it in quotes, such as \"21:00\"", text);
}

/* ---- offers ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *subject, *message;
    double share;
} variant_record;

static const eh_yaml_field variant_fields[] = {
    {.key = "share", .kind = EH_FIELD_NUMBER, .offset = offsetof(variant_record, share), .min = 0, .max = 1},
    {.key = "subject", .kind = EH_FIELD_TEXT, .offset = offsetof(variant_record, subject)},
    {.key = "message", .kind = EH_FIELD_TEXT, .offset = offsetof(variant_record, message)},
};

typedef struct {
    const char *says, *model, *price, *subject, *message;
    const eh_yaml_node *cost, *cost_if_taken, *worth, *variants;
    int64_t most;
    double taken;
    bool price_personalised;
} offer_record;

/* "spring", or "spring:Mens E-Mail" for one offer of an uplift model. */
static bool is_model_name(const char *text)
{
    char word[EH_GROUP_NAME_BYTES_MAX];
    const char *colon = strchr(text, ':');
    if (colon == NULL)
        return is_word(text);
    if ((size_t)(colon - text) >= sizeof word || colon[1] == '\0')
        return false;
    snprintf(word, sizeof word, "%.*s", (int)(colon - text), text);
    return is_word(word);
}

static const eh_yaml_field offer_fields[] = {
    {.key = "says", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(offer_record, says), .what = "the offer in words for the customer"},
    {.key = "model", .kind = EH_FIELD_TEXT, .offset = offsetof(offer_record, model)},
    {.key = "cost", .kind = EH_FIELD_NODE, .offset = offsetof(offer_record, cost)},
    {.key = "cost_if_taken", .kind = EH_FIELD_NODE, .offset = offsetof(offer_record, cost_if_taken)},
    {.key = "worth", .kind = EH_FIELD_NODE, .offset = offsetof(offer_record, worth)},
    {.key = "taken", .kind = EH_FIELD_NUMBER, .offset = offsetof(offer_record, taken), .min = 0, .max = 1, .what = "the share of receivers who take it"},
    {.key = "most", .kind = EH_FIELD_INTEGER, .offset = offsetof(offer_record, most), .min = 0, .max = 1e15},
    {.key = "price", .kind = EH_FIELD_SCALAR, .offset = offsetof(offer_record, price)},
    {.key = "price_personalised", .kind = EH_FIELD_BOOLEAN, .offset = offsetof(offer_record, price_personalised)},
    {.key = "subject", .kind = EH_FIELD_TEXT, .offset = offsetof(offer_record, subject)},
    {.key = "message", .kind = EH_FIELD_TEXT, .offset = offsetof(offer_record, message)},
    {.key = "variants", .kind = EH_FIELD_MAPPING, .offset = offsetof(offer_record, variants)},
};

static eh_code variants_read(eh_campaign_file *file, const offer_record *record, eh_offer *offer, eh_error *error)
{
    const eh_yaml_node *node = record->variants;
    size_t count = node == NULL ? 1 : node->count;
    if (count == 0 || count > EH_VARIANTS_MAX)
        return eh_yaml_fail(node, error, EH_INPUT, "%zu variants; 1 to %d", count, EH_VARIANTS_MAX);
    eh_variant *variants = EH_TAKE(file->arena, count, eh_variant);
    if (variants == NULL)
        return eh_fail_memory(error);
    offer->variants = variants;
    offer->variants_count = count;
    if (node == NULL) {
        variants[0] = (eh_variant){.name = "only", .subject = record->subject, .message = record->message, .share = 1};
        return EH_OK;
    }
    if (record->subject != NULL || record->message != NULL)
        return eh_yaml_fail(node, error, EH_CONFLICT, "an offer with variants has its subject and message in them");
    double total = 0;
    for (size_t i = 0; i < count; i++) {
        variant_record each = {.share = 1.0 / (double)count};
        EH_TRY(word_check(node->members[i].key, "a variant", error));
        EH_TRY(eh_yaml_read(node->members[i].value, variant_fields, sizeof variant_fields / sizeof variant_fields[0], &each, error));
        variants[i] = (eh_variant){.name = node->members[i].key->text, .subject = each.subject, .message = each.message, .share = each.share};
        total += each.share;
    }
    if (fabs(total - 1) > 1e-9)
        return eh_yaml_fail(node, error, EH_INPUT, "the shares add up to %g and not to 1", total);
    return EH_OK;
}

static eh_code offer_read(eh_campaign_file *file, const eh_yaml_member *member, eh_offer *offer, eh_error *error)
{
    offer_record record = {.most = EH_NO_LIMIT, .taken = -1};
    EH_TRY(word_check(member->key, "an offer", error));
    EH_TRY(eh_yaml_read(member->value, offer_fields, sizeof offer_fields / sizeof offer_fields[0], &record, error));
    *offer = (eh_offer){.name = member->key->text, .says = record.says, .model = record.model, .worth = EH_NO_LIMIT, .people_max = record.most,
                        .taken = record.taken < 0 ? EH_NO_LIMIT : llround(record.taken * EH_MICROS),
                        .price = record.price, .price_personalised = record.price_personalised};
    EH_TRY(amount_of_one_read(record.cost, &offer->cost, error));
    EH_TRY(amount_of_one_read(record.cost_if_taken, &offer->cost_if_taken, error));
    EH_TRY(amount_of_one_read(record.worth, &offer->worth, error));
    bool by_model = file->campaign.choose == EH_CHOOSE_MODEL;
    if (by_model && offer->model == NULL)
        return eh_yaml_fail(member->value, error, EH_INPUT, "'model' is missing: which model says what this offer does, as in  model: visits");
    if (!by_model && offer->model != NULL)
        return eh_yaml_fail(eh_yaml_member_value(member->value, "model"), error, EH_CONFLICT, "choose.by is '%s': no model is used", eh_choose_name(file->campaign.choose));
    if (by_model && !is_model_name(offer->model))
        return word_check(eh_yaml_member_value(member->value, "model"), "a model", error);
    if (offer->cost_if_taken > 0 && offer->taken == EH_NO_LIMIT && (!by_model || file->campaign.choose_effect))
        return eh_yaml_fail(member->value, error, EH_INPUT, "'taken' is missing: 'cost_if_taken' needs the share of receivers who take the offer, as in  taken: 0.04");
    return variants_read(file, &record, offer, error);
}

static eh_code offers_read(eh_campaign_file *file, const eh_yaml_node *node, eh_error *error)
{
    if (node->count == 0 || node->count > EH_OFFERS_MAX)
        return eh_yaml_fail(node, error, EH_INPUT, "%zu offers; 1 to %d", node->count, EH_OFFERS_MAX);
    eh_offer *offers = EH_TAKE(file->arena, node->count, eh_offer);
    if (offers == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < node->count; i++) {
        EH_TRY(offer_read(file, &node->members[i], &offers[i], error));
        if ((offers[i].worth == EH_NO_LIMIT) != (offers[0].worth == EH_NO_LIMIT))
            return eh_yaml_fail(node->members[i].value, error, EH_CONFLICT, "either every offer says what an outcome is 'worth', or none does: else they cannot be compared");
    }
    file->campaign.offers = offers;
    file->campaign.offers_count = node->count;
    return EH_OK;
}

/* ---- how to choose, limits ------------------------------------------------------------------------------------------------- */

typedef struct {
    int32_t by, predicts;
    const char *outcome;
} choose_record;

static const char *const predicts_names[] = {"outcome", "effect", NULL};

static const eh_yaml_field choose_fields[] = {
    {.key = "by", .kind = EH_FIELD_CHOICE, .required = true, .offset = offsetof(choose_record, by), .choices = choose_names},
    {.key = "predicts", .kind = EH_FIELD_CHOICE, .offset = offsetof(choose_record, predicts), .choices = predicts_names},
    {.key = "outcome", .kind = EH_FIELD_TEXT, .offset = offsetof(choose_record, outcome), .what = "an outcome of evenhand.yaml"},
};

typedef struct {
    int64_t messages;
    const eh_yaml_node *within;
} cap_record;

static const eh_yaml_field cap_fields[] = {
    {.key = "messages", .kind = EH_FIELD_INTEGER, .required = true, .offset = offsetof(cap_record, messages), .min = 0, .max = 1e6},
    {.key = "within", .kind = EH_FIELD_NODE, .required = true, .offset = offsetof(cap_record, within)},
};

static eh_code caps_read(eh_campaign *campaign, const eh_yaml_node *node, eh_error *error)
{
    if (node == NULL)
        return EH_OK;
    if (node->count > EH_PERSON_CAPS_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "%zu caps, at most %d", node->count, EH_PERSON_CAPS_MAX);
    for (size_t i = 0; i < node->count; i++) {
        cap_record record = {0};
        EH_TRY(eh_yaml_read(node->items[i], cap_fields, sizeof cap_fields / sizeof cap_fields[0], &record, error));
        campaign->caps[i].messages = record.messages;
        EH_TRY(period_read(record.within, &campaign->caps[i].within, error));
    }
    campaign->caps_count = node->count;
    return EH_OK;
}

typedef struct {
    const char *from, *to, *zone;
} quiet_record;

static const eh_yaml_field quiet_fields[] = {
    {.key = "from", .kind = EH_FIELD_SCALAR, .required = true, .offset = offsetof(quiet_record, from)},
    {.key = "to", .kind = EH_FIELD_SCALAR, .required = true, .offset = offsetof(quiet_record, to)},
    {.key = "zone", .kind = EH_FIELD_TEXT, .offset = offsetof(quiet_record, zone), .what = "the feature that holds a person's time zone"},
};

static eh_code quiet_read(eh_campaign *campaign, const eh_yaml_node *node, eh_error *error)
{
    quiet_record record = {0};
    if (node == NULL)
        return EH_OK;
    EH_TRY(eh_yaml_read(node, quiet_fields, sizeof quiet_fields / sizeof quiet_fields[0], &record, error));
    EH_TRY(clock_read(node, record.from, &campaign->quiet_from, error));
    EH_TRY(clock_read(node, record.to, &campaign->quiet_to, error));
    campaign->zone_feature = record.zone;
    return EH_OK;
}

typedef struct {
    int32_t get;
    const char *offer;
} without_record;

static const eh_yaml_field without_fields[] = {
    {.key = "get", .kind = EH_FIELD_CHOICE, .offset = offsetof(without_record, get), .choices = without_ai_names},
    {.key = "offer", .kind = EH_FIELD_TEXT, .offset = offsetof(without_record, offer)},
};

static eh_code without_read(eh_campaign *campaign, const eh_yaml_node *node, eh_error *error)
{
    without_record record = {0};
    if (node == NULL)
        return EH_OK;
    EH_TRY(eh_yaml_read(node, without_fields, sizeof without_fields / sizeof without_fields[0], &record, error));
    campaign->without_ai = (eh_without_ai)record.get;
    for (size_t i = 0; i < campaign->offers_count && record.offer != NULL; i++)
        if (strcmp(campaign->offers[i].name, record.offer) == 0) {
            campaign->without_ai_offer = i;
            return EH_OK;
        }
    return record.offer == NULL ? EH_OK : eh_yaml_fail(eh_yaml_member_value(node, "offer"), error, EH_NOT_FOUND, "there is no offer '%.64s' above", record.offer);
}

typedef struct {
    double ratio_min, confidence;
    int32_t on_violation;
} fairness_record;

static const char *const violation_names[] = {"stop", "repair", NULL};

static const eh_yaml_field fairness_fields[] = {
    {.key = "ratio_min", .kind = EH_FIELD_NUMBER, .offset = offsetof(fairness_record, ratio_min), .min = 0.5, .max = 0.99},
    {.key = "confidence", .kind = EH_FIELD_NUMBER, .offset = offsetof(fairness_record, confidence), .min = 0.5, .max = 0.9999},
    {.key = "on_violation", .kind = EH_FIELD_CHOICE, .offset = offsetof(fairness_record, on_violation), .choices = violation_names},
};

/* ---- the file ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *title, *purpose, *product_group, *on_behalf_of, *category, *audience, *currency, *approved_by;
    int32_t channel;
    const eh_yaml_node *choose, *offers, *budget, *caps, *cool_down, *quiet_hours, *without_ai, *fairness, *says;
    int64_t most;
    double holdout, explore;
} campaign_record;

static const eh_yaml_field campaign_fields[] = {
    {.key = "title", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(campaign_record, title), .what = "what the campaign is called"},
    {.key = "purpose", .kind = EH_FIELD_TEXT, .offset = offsetof(campaign_record, purpose)},
    {.key = "channel", .kind = EH_FIELD_CHOICE, .required = true, .offset = offsetof(campaign_record, channel), .choices = channel_names},
    {.key = "product_group", .kind = EH_FIELD_TEXT, .offset = offsetof(campaign_record, product_group)},
    {.key = "on_behalf_of", .kind = EH_FIELD_TEXT, .offset = offsetof(campaign_record, on_behalf_of)},
    {.key = "category", .kind = EH_FIELD_TEXT, .offset = offsetof(campaign_record, category)},
    {.key = "approved_by", .kind = EH_FIELD_TEXT, .offset = offsetof(campaign_record, approved_by)},
    {.key = "audience", .kind = EH_FIELD_SCALAR, .offset = offsetof(campaign_record, audience), .what = "an SQL condition over features"},
    {.key = "choose", .kind = EH_FIELD_MAPPING, .required = true, .offset = offsetof(campaign_record, choose)},
    {.key = "offers", .kind = EH_FIELD_MAPPING, .required = true, .offset = offsetof(campaign_record, offers)},
    {.key = "currency", .kind = EH_FIELD_TEXT, .offset = offsetof(campaign_record, currency), .what = "three letters such as EUR"},
    {.key = "budget", .kind = EH_FIELD_NODE, .offset = offsetof(campaign_record, budget)},
    {.key = "most", .kind = EH_FIELD_INTEGER, .offset = offsetof(campaign_record, most), .min = 0, .max = 1e15},
    {.key = "caps", .kind = EH_FIELD_LIST, .offset = offsetof(campaign_record, caps)},
    {.key = "cool_down", .kind = EH_FIELD_NODE, .offset = offsetof(campaign_record, cool_down)},
    {.key = "quiet_hours", .kind = EH_FIELD_MAPPING, .offset = offsetof(campaign_record, quiet_hours)},
    {.key = "holdout", .kind = EH_FIELD_NUMBER, .offset = offsetof(campaign_record, holdout), .min = 0, .max = 0.5},
    {.key = "explore", .kind = EH_FIELD_NUMBER, .offset = offsetof(campaign_record, explore), .min = 0, .max = 0.5},
    {.key = "without_ai", .kind = EH_FIELD_MAPPING, .offset = offsetof(campaign_record, without_ai)},
    {.key = "fairness", .kind = EH_FIELD_MAPPING, .offset = offsetof(campaign_record, fairness)},
    {.key = "says", .kind = EH_FIELD_MAPPING, .offset = offsetof(campaign_record, says), .what = "facts of the campaign for the rules, such as { misleading_urgency: false }"},
};

static eh_code says_read(eh_campaign_file *file, const eh_yaml_node *node, eh_error *error)
{
    if (node == NULL)
        return EH_OK;
    if (node->count > EH_CAMPAIGN_SAYS_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "%zu facts, at most %d", node->count, EH_CAMPAIGN_SAYS_MAX);
    eh_campaign_saying *says = EH_TAKE(file->arena, node->count, eh_campaign_saying);
    if (says == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < node->count; i++) {
        const eh_yaml_node *value = node->members[i].value;
        if (value->text == NULL || value->type == EH_YAML_NULL)
            return eh_yaml_fail(value, error, EH_INPUT, "must be true, false, a number or a text");
        says[i] = (eh_campaign_saying){.name = node->members[i].key->text, .text = value->text, .is_truth = value->type == EH_YAML_BOOLEAN, .truth = value->boolean,
                                       .is_number = value->type == EH_YAML_INTEGER || value->type == EH_YAML_NUMBER, .number = value->number};
    }
    file->campaign.says = says;
    file->campaign.says_count = node->count;
    return EH_OK;
}

static eh_code rest_read(eh_campaign_file *file, const eh_yaml_node *root, const campaign_record *record, eh_error *error)
{
    eh_campaign *campaign = &file->campaign;
    choose_record choose = {.predicts = 0};
    EH_TRY(eh_yaml_read(record->choose, choose_fields, sizeof choose_fields / sizeof choose_fields[0], &choose, error));
    campaign->choose = (eh_choose)choose.by;
    campaign->choose_effect = choose.predicts == 1;
    campaign->outcome = choose.outcome;
    EH_TRY(offers_read(file, record->offers, error));
    EH_TRY(amount_read(record->budget, &campaign->budget, error));
    EH_TRY(caps_read(campaign, record->caps, error));
    if (record->cool_down != NULL)
        EH_TRY(period_read(record->cool_down, &campaign->cool_down, error));
    EH_TRY(quiet_read(campaign, record->quiet_hours, error));
    EH_TRY(without_read(campaign, record->without_ai, error));
    EH_TRY(says_read(file, record->says, error));
    fairness_record fairness = {.ratio_min = 0.8, .confidence = 0.95};
    if (record->fairness != NULL)
        EH_TRY(eh_yaml_read(record->fairness, fairness_fields, sizeof fairness_fields / sizeof fairness_fields[0], &fairness, error));
    campaign->ratio_min = fairness.ratio_min;
    campaign->confidence = fairness.confidence;
    campaign->repair = fairness.on_violation == 1;
    if (campaign->budget != EH_NO_LIMIT && campaign->currency == NULL)
        return eh_yaml_fail(eh_yaml_member_value(root, "budget"), error, EH_INPUT, "a budget needs its currency, as in  currency: EUR");
    if (campaign->choose == EH_CHOOSE_EVERYONE && campaign->offers_count > 1)
        return eh_yaml_fail(record->choose, error, EH_CONFLICT, "with 'by: everyone' there is one offer; %zu are given", campaign->offers_count);
    return EH_OK;
}

static eh_code campaign_read(eh_campaign_file *file, const char *name, eh_error *error)
{
    const eh_yaml_node *root = eh_yaml_root(file->document);
    campaign_record record = {.most = EH_NO_LIMIT, .category = "retail"};
    EH_TRY(eh_yaml_read(root, campaign_fields, sizeof campaign_fields / sizeof campaign_fields[0], &record, error));
    const char *slash = strrchr(name, '/');
    eh_view stem = eh_view_of(slash == NULL ? name : slash + 1);
    if (stem.len > 5 && memcmp(stem.ptr + stem.len - 5, ".yaml", 5) == 0)
        stem.len -= 5;
    char *own = eh_arena_copy(file->arena, stem);
    if (own == NULL)
        return eh_fail_memory(error);
    if (!is_word(own))
        return eh_fail(error, EH_INPUT, "%s: the name of the file names the campaign: small letters, digits, '_' and '-', such as spring-boots.yaml", name);
    file->campaign = (eh_campaign){.name = own, .title = record.title, .purpose = record.purpose, .channel = channel_names[record.channel],
                                   .product_group = record.product_group, .on_behalf_of = record.on_behalf_of, .category = record.category,
                                   .approved_by = record.approved_by, .audience = record.audience, .currency = record.currency,
                                   .budget = EH_NO_LIMIT, .people_max = record.most, .holdout = record.holdout, .explore = record.explore};
    for (size_t i = 0; record.currency != NULL && i < 4; i++)
        if (i < 3 ? !isupper((unsigned char)record.currency[i]) : record.currency[i] != '\0')
            return eh_yaml_fail(eh_yaml_member_value(root, "currency"), error, EH_INPUT, "'%.40s' is no currency; write three capital letters, such as EUR", record.currency);
    return rest_read(file, root, &record, error);
}

eh_code eh_campaign_parse(eh_view text, const char *name, eh_campaign_file **file_out, eh_error *error)
{
    EH_CLEANUP(eh_campaign_close) eh_campaign_file *file = calloc(1, sizeof *file);
    if (file == NULL || (file->arena = eh_arena_open(TEXTS_BYTES_MAX)) == NULL)
        return eh_fail_memory(error);
    eh_buffer_init(&file->text, EH_YAML_BYTES_MAX);
    eh_buffer_append(&file->text, text);
    EH_TRY(eh_yaml_parse(text, name, &file->document, error));
    EH_TRY(eh_buffer_check(&file->text, error));
    EH_TRY(campaign_read(file, name, error));
    file->digest = eh_sha256_of(text);
    *file_out = file;
    file = NULL;
    return EH_OK;
}

eh_code eh_campaign_open(const char *path, eh_campaign_file **file_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_init(&text, EH_YAML_BYTES_MAX);
    EH_TRY(eh_file_read(path, EH_YAML_BYTES_MAX, &text, error));
    return eh_campaign_parse(eh_buffer_view(&text), path, file_out, error);
}

void eh_campaign_close(eh_campaign_file **file)
{
    if (file == NULL || *file == NULL)
        return;
    eh_yaml_close(&(*file)->document);
    eh_buffer_dispose(&(*file)->text);
    eh_arena_close(&(*file)->arena);
    free(*file);
    *file = NULL;
}

const eh_campaign *eh_campaign_get(const eh_campaign_file *file) { return &file->campaign; }
eh_view eh_campaign_text(const eh_campaign_file *file) { return eh_buffer_view(&file->text); }
eh_digest eh_campaign_digest(const eh_campaign_file *file) { return file->digest; }

eh_code eh_campaign_fail(const eh_campaign_file *file, const char *key, eh_error *error, eh_code code, const char *format, ...)
{
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    const eh_yaml_node *node = eh_yaml_root(file->document);
    for (const char *at = key; *at != '\0';) { /* the deepest part of the way that is there */
        char part[NAME_BYTES_MAX + 1];
        size_t len = strcspn(at, ".");
        snprintf(part, sizeof part, "%.*s", (int)len, at);
        const eh_yaml_node *next = eh_yaml_member_value(node, part);
        if (next == NULL)
            break;
        node = next;
        at += len;
        at += *at == '.';
    }
    return eh_yaml_fail(node, error, code, "%s", text);
}

/* ---- money ------------------------------------------------------------------------------------------------------------------- */

void eh_amount_append(eh_buffer *out, int64_t micros, const char *currency)
{
    uint64_t whole = micros < 0 ? (uint64_t)-(micros + 1) + 1 : (uint64_t)micros;
    uint64_t cents = (whole + EH_MICROS / 200) / (EH_MICROS / 100), units = cents / 100;
    char digits[32];
    int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)units);
    if (currency != NULL)
        eh_buffer_format(out, "%s ", currency);
    if (micros < 0 && cents > 0)
        eh_buffer_byte(out, '-');
    for (int i = 0; i < len; i++) {
        eh_buffer_byte(out, digits[i]);
        if (i + 1 < len && (len - 1 - i) % 3 == 0)
            eh_buffer_byte(out, ',');
    }
    eh_buffer_format(out, ".%02u", (unsigned)(cents % 100));
}

bool eh_campaign_rests(const eh_campaign *campaign, const int64_t *counted, int64_t last_s, int64_t at_s, int64_t *messages_out)
{
    bool rests = campaign->cool_down.seconds > 0 && last_s != 0 && last_s > at_s - campaign->cool_down.seconds;
    *messages_out = -1;
    for (size_t c = 0; c < campaign->caps_count; c++) {
        int64_t before = counted == NULL ? 0 : counted[c];
        bool reached = before >= campaign->caps[c].messages;
        if (c == 0 || reached)
            *messages_out = before;
        rests = rests || reached;
    }
    return rests;
}
