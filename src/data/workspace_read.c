/* evenhand.yaml: the top level, the shop, and the small entries. The larger lists are in workspace_entries.c. */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "data/workspace_int.h"

enum { DAY_SECONDS = 86400, MONTH_DAYS = 30, YEAR_DAYS = 365 };

static const struct {
    const char *word;
    int64_t seconds;
} units[] = {
    {"second", 1}, {"minute", 60}, {"hour", 3600}, {"day", DAY_SECONDS}, {"week", 7 * DAY_SECONDS}, {"month", MONTH_DAYS * DAY_SECONDS},
    {"year", YEAR_DAYS * DAY_SECONDS},
};

static int64_t unit_seconds(eh_view word)
{
    if (word.len > 1 && word.ptr[word.len - 1] == 's')
        word.len--;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (eh_view_equal(word, eh_view_of(units[i].word)))
            return units[i].seconds;
    return 0;
}

eh_code eh_period_read(const eh_yaml_node *node, eh_duration *duration_out, eh_error *error)
{
    char found[96];
    eh_view text = eh_view_trim(eh_view_of(node->text == NULL ? "" : node->text));
    size_t digits = 0;
    int64_t count = 0;
    while (digits < text.len && digits < 9 && isdigit((unsigned char)text.ptr[digits]))
        count = count * 10 + (text.ptr[digits++] - '0');
    int64_t seconds = unit_seconds(eh_view_trim((eh_view){text.ptr + digits, text.len - digits}));
    if (digits == 0 || seconds == 0)
        return eh_yaml_fail(node, error, EH_INPUT, "must be a length of time such as '14 days', '6 weeks', '24 months' or '1 year', but is %s",
                            eh_yaml_describe(node, found));
    if (count == 0 || count > EH_DURATION_SECONDS_MAX / seconds)
        return eh_yaml_fail(node, error, EH_INPUT, "must be longer than nothing and at most 10000 years, but is %s", eh_yaml_describe(node, found));
    *duration_out = (eh_duration){.seconds = count * seconds};
    return EH_OK;
}

/* ---- the shop ---------------------------------------------------------------------------------------------------------- */

static const eh_yaml_field shop_fields[] = {
    {.key = "name", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(eh_shop, name), .what = "what the shop is called, as customers know it"},
    {.key = "contact", .kind = EH_FIELD_TEXT, .offset = offsetof(eh_shop, contact), .what = "an e-mail address that answers"},
    {.key = "address", .kind = EH_FIELD_TEXT, .offset = offsetof(eh_shop, address), .what = "a postal address"},
    {.key = "website", .kind = EH_FIELD_TEXT, .offset = offsetof(eh_shop, website)},
    {.key = "origin", .kind = EH_FIELD_TEXT, .offset = offsetof(eh_shop, origin), .what = "an address such as https://mail.shop.example"},
    {.key = "language", .kind = EH_FIELD_TEXT, .offset = offsetof(eh_shop, language), .what = "a language such as en or pt-BR"},
    {.key = "country", .kind = EH_FIELD_TEXT, .offset = offsetof(eh_shop, country), .what = "a country such as IE"},
    {.key = "zone", .kind = EH_FIELD_TEXT, .offset = offsetof(eh_shop, zone), .what = "a time zone such as Europe/Dublin"},
};

static bool is_origin(const char *text)
{
    size_t scheme = strncmp(text, "https://", 8) == 0 ? 8 : strncmp(text, "http://", 7) == 0 ? 7 : 0, len = strlen(text);
    return scheme > 0 && len > scheme && text[len - 1] != '/' && strpbrk(text, " \t\r\n\"'<>") == NULL;
}

static bool is_language(const char *text)
{
    size_t part = 0;
    bool first = true;
    for (const char *at = text;; at++) {
        if (isalnum((unsigned char)*at)) {
            part++;
            continue;
        }
        if (part == 0 || part > 8 || (first && part < 2) || (*at != '\0' && *at != '-'))
            return false;
        if (*at == '\0')
            return true;
        first = false;
        part = 0;
    }
}

static eh_code read_shop(eh_shop *shop, const eh_yaml_node *node, eh_error *error)
{
    EH_TRY(eh_yaml_read(node, shop_fields, sizeof shop_fields / sizeof shop_fields[0], shop, error));
    if (!is_language(shop->language))
        return eh_yaml_fail(eh_yaml_member_value(node, "language"), error, EH_INPUT, "must be a language such as en, de or pt-BR, but is '%.40s'",
                            shop->language);
    if (shop->country != NULL && !(strlen(shop->country) == 2 && isupper((unsigned char)shop->country[0]) && isupper((unsigned char)shop->country[1])))
        return eh_yaml_fail(eh_yaml_member_value(node, "country"), error, EH_INPUT, "must be two capital letters such as IE or US (ISO 3166), but is '%.40s'",
                            shop->country);
    if (shop->contact != NULL && strchr(shop->contact, '@') == NULL)
        return eh_yaml_fail(eh_yaml_member_value(node, "contact"), error, EH_INPUT, "must be an e-mail address that answers, but is '%.80s'",
                            shop->contact);
    if (shop->origin != NULL && !is_origin(shop->origin))
        return eh_yaml_fail(eh_yaml_member_value(node, "origin"), error, EH_INPUT, "must be an address such as https://mail.shop.example, without a slash at its end, but is '%.80s'",
                            shop->origin);
    eh_zone *zone = NULL;
    const eh_yaml_node *named = eh_yaml_member_value(node, "zone"); /* NULL: the default, which only a lack of memory can refuse */
    if (eh_zone_open(eh_view_of(shop->zone), &zone, error) != EH_OK)
        return eh_yaml_fail_within(named != NULL ? named : node, error);
    eh_zone_close(&zone);
    return EH_OK;
}

/* ---- small entries ------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *email, *phone, *postcode, *country;
    const eh_yaml_node *name, *address;
} duplicate_record;

static const eh_yaml_field duplicate_fields[] = {
    {.key = "email", .kind = EH_FIELD_TEXT, .offset = offsetof(duplicate_record, email), .what = "a column name"},
    {.key = "phone", .kind = EH_FIELD_TEXT, .offset = offsetof(duplicate_record, phone), .what = "a column name"},
    {.key = "name", .kind = EH_FIELD_NODE, .offset = offsetof(duplicate_record, name), .what = "a column name, or a list of them"},
    {.key = "address", .kind = EH_FIELD_NODE, .offset = offsetof(duplicate_record, address), .what = "a column name, or a list of them"},
    {.key = "postcode", .kind = EH_FIELD_TEXT, .offset = offsetof(duplicate_record, postcode), .what = "a column name"},
    {.key = "country", .kind = EH_FIELD_TEXT, .offset = offsetof(duplicate_record, country), .what = "a column name"},
};

static eh_code read_duplicates(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error)
{
    duplicate_record record = {0};
    eh_duplicate_columns *columns = &workspace->model.duplicates;
    EH_TRY(eh_yaml_read(node, duplicate_fields, sizeof duplicate_fields / sizeof duplicate_fields[0], &record, error));
    if (node->count == 0)
        return eh_yaml_fail(node, error, EH_INPUT, "names no column; name at least one of email, phone, name");
    *columns = (eh_duplicate_columns){.email = record.email, .phone = record.phone, .postcode = record.postcode, .country = record.country, .node = node};
    if (record.name != NULL)
        EH_TRY(eh_yaml_texts(record.name, EH_DUPLICATE_PARTS_MAX, workspace->arena, &columns->names, &columns->names_count, error));
    return record.address == NULL ? EH_OK
                                  : eh_yaml_texts(record.address, EH_DUPLICATE_PARTS_MAX, workspace->arena, &columns->addresses, &columns->addresses_count, error);
}

typedef struct {
    const eh_yaml_node *period;
} period_record;

static eh_code read_period_entry(const eh_yaml_node *node, const char *key, eh_duration *duration_out, eh_error *error)
{
    period_record record = {0};
    const eh_yaml_field field = {.key = key, .kind = EH_FIELD_NODE, .offset = offsetof(period_record, period)};
    EH_TRY(eh_yaml_read(node, &field, 1, &record, error));
    return record.period == NULL ? EH_OK : eh_period_read(record.period, duration_out, error);
}

/* ---- the top level ------------------------------------------------------------------------------------------------------- */

typedef struct {
    int32_t profiling;
    const char *people;
    const eh_yaml_node *shop, *sources, *protected_, *features, *outcome, *population, *duplicates, *check, *vault, *rights;
} top_record;

static const char *const switch_words[] = {"off", "on", NULL};

static const eh_yaml_field top_fields[] = {
    {.key = "shop", .kind = EH_FIELD_MAPPING, .required = true, .offset = offsetof(top_record, shop), .what = "who you are, as in  shop: { name: Blue Finch }"},
    {.key = "profiling", .kind = EH_FIELD_CHOICE, .offset = offsetof(top_record, profiling), .choices = switch_words},
    {.key = "people", .kind = EH_FIELD_TEXT, .offset = offsetof(top_record, people), .what = "the name of the source with one row per person"},
    {.key = "sources", .kind = EH_FIELD_MAPPING, .required = true, .offset = offsetof(top_record, sources),
     .what = "where the data lies, as in  sources: { customers: { read: customers.csv, key: customer_id } }"},
    {.key = "protected", .kind = EH_FIELD_MAPPING, .offset = offsetof(top_record, protected_)},
    {.key = "features", .kind = EH_FIELD_MAPPING, .offset = offsetof(top_record, features)},
    {.key = "outcome", .kind = EH_FIELD_MAPPING, .offset = offsetof(top_record, outcome)},
    {.key = "population", .kind = EH_FIELD_MAPPING, .offset = offsetof(top_record, population)},
    {.key = "duplicates", .kind = EH_FIELD_MAPPING, .offset = offsetof(top_record, duplicates)},
    {.key = "check", .kind = EH_FIELD_MAPPING, .offset = offsetof(top_record, check)},
    {.key = "vault", .kind = EH_FIELD_MAPPING, .offset = offsetof(top_record, vault)},
    {.key = "rights", .kind = EH_FIELD_MAPPING, .offset = offsetof(top_record, rights)},
};

static eh_code find_people(eh_workspace_model *model, const char *name, eh_error *error)
{
    const char *names[EH_SOURCES_MAX];
    for (size_t i = 0; i < model->sources_count; i++)
        names[i] = model->sources[i].name;
    for (size_t i = 0; i < model->sources_count && name != NULL; i++)
        if (strcmp(names[i], name) == 0)
            model->people = i;
    const eh_yaml_node *node = eh_yaml_member_value(model->root, "people");
    if (name != NULL && strcmp(names[model->people], name) != 0) {
        const char *nearest = eh_nearest_name(name, names, model->sources_count);
        return eh_yaml_fail(node, error, EH_INPUT, "there is no source '%.63s'%s%s%s", name, nearest == NULL ? "" : "; did you mean '",
                            nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
    }
    const eh_workspace_source *people = &model->sources[model->people];
    if (people->key == NULL)
        return eh_yaml_fail(people->node, error, EH_INPUT, "'key' is missing: this source has one row per person (%s), so say which column tells them "
                            "apart, as in  key: customer_id", name == NULL ? "it is the first" : "people: names it");
    return EH_OK;
}

/* What one name means must be one thing: features, outcomes and attributes become columns of one table. */
static eh_code refuse_shared_names(const eh_workspace_model *model, eh_error *error)
{
    for (size_t i = 0; i < model->features_count; i++) {
        for (size_t k = 0; k < model->outcomes_count; k++)
            if (strcasecmp(model->features[i].name, model->outcomes[k].name) == 0)
                return eh_yaml_fail(model->outcomes[k].node, error, EH_CONFLICT, "'%s' is the name of a feature too; choose another", model->outcomes[k].name);
        for (size_t k = 0; k < model->attributes_count; k++)
            if (strcasecmp(model->features[i].name, model->attributes[k].name) == 0)
                return eh_yaml_fail(model->features[i].node, error, EH_DENIED, "'%s' is a protected attribute; no model may read it. Remove the feature, "
                                    "or give it another name if it is something else", model->features[i].name);
    }
    for (size_t i = 0; i < model->outcomes_count; i++)
        for (size_t k = 0; k < model->attributes_count; k++)
            if (strcasecmp(model->outcomes[i].name, model->attributes[k].name) == 0)
                return eh_yaml_fail(model->outcomes[i].node, error, EH_CONFLICT, "'%s' is the name of a protected attribute too; choose another",
                                    model->outcomes[i].name);
    return EH_OK;
}

eh_code eh_workspace_read(eh_workspace *workspace, eh_error *error)
{
    eh_workspace_model *model = &workspace->model;
    top_record top = {0};
    model->root = eh_yaml_root(workspace->document);
    model->shop = (eh_shop){.language = "en", .zone = "UTC"};
    model->check_every = (eh_duration){.seconds = (int64_t)MONTH_DAYS * DAY_SECONDS};
    model->vault_keep = (eh_duration){.seconds = (int64_t)24 * MONTH_DAYS * DAY_SECONDS};
    EH_TRY(eh_yaml_read(model->root, top_fields, sizeof top_fields / sizeof top_fields[0], &top, error));
    model->profiling = top.profiling == 1;
    model->rights = top.rights;
    EH_TRY(read_shop(&model->shop, top.shop, error));
    EH_TRY(eh_sources_read(workspace, top.sources, error));
    EH_TRY(find_people(model, top.people, error));
    if (top.vault != NULL)
        EH_TRY(read_period_entry(top.vault, "keep", &model->vault_keep, error));
    if (top.check != NULL)
        EH_TRY(read_period_entry(top.check, "every", &model->check_every, error));
    EH_TRY(eh_attributes_read(workspace, top.protected_, error));
    EH_TRY(eh_features_read(workspace, top.features, error));
    EH_TRY(eh_outcomes_read(workspace, top.outcome, error));
    EH_TRY(eh_population_read(workspace, top.population, error));
    EH_TRY(refuse_shared_names(model, error));
    return top.duplicates == NULL ? EH_OK : read_duplicates(workspace, top.duplicates, error);
}
