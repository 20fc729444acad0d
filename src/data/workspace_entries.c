/* evenhand.yaml: sources, protected attributes, features, outcomes, population. */
#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "data/workspace_int.h"

/* ---- names and expressions ------------------------------------------------------------------------------------------------- */

static bool is_name_byte(char byte, bool first)
{
    return isalpha((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80 || (!first && isdigit((unsigned char)byte));
}

/* A word, because names of sources stand in SQL and names of features become columns, words of policies and parts of pages. */
static eh_code check_name(const eh_yaml_node *key, const char *what, eh_error *error)
{
    static const char *const reserved[] = {"all",   "and",  "as",    "by",    "case", "create", "default", "else",  "end",   "from",  "group", "having",
                                           "in",    "into", "limit", "not",   "null", "offset", "on",      "or",    "order", "select", "table", "then",
                                           "union", "user", "using", "where", "when", "with",   "key",     "today", "now"};
    const char *name = key->text;
    size_t len = strlen(name);
    if (len > EH_WORKSPACE_NAME_BYTES_MAX)
        return eh_yaml_fail(key, error, EH_LIMIT, "the name of %s has %zu bytes, at most %d", what, len, EH_WORKSPACE_NAME_BYTES_MAX);
    for (size_t i = 0; i < len; i++)
        if (!is_name_byte(name[i], i == 0))
            return eh_yaml_fail(key, error, EH_INPUT, "'%.63s' is no name for %s: letters, digits and _ only, a letter first", name, what);
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcasecmp(name, reserved[i]) == 0)
            return eh_yaml_fail(key, error, EH_INPUT, "'%s' means something else in SQL or here; give %s another name, such as '%ss' or 'my_%s'", name, what,
                                name, name);
    if (strncasecmp(name, "evenhand", 8) == 0)
        return eh_yaml_fail(key, error, EH_INPUT, "names that begin with 'evenhand' are ours; give %s another name", what);
    return EH_OK;
}

static eh_code check_names(const eh_yaml_node *mapping, size_t count_max, const char *what, eh_error *error)
{
    if (mapping->count > count_max)
        return eh_yaml_fail(mapping, error, EH_LIMIT, "%zu entries, at most %zu", mapping->count, count_max);
    for (size_t i = 0; i < mapping->count; i++) {
        EH_TRY(check_name(mapping->members[i].key, what, error));
        for (size_t k = 0; k < i; k++)
            if (strcasecmp(mapping->members[i].key->text, mapping->members[k].key->text) == 0)
                return eh_yaml_fail(mapping->members[i].key, error, EH_CONFLICT, "'%s' and '%s' (line %u) differ in letter case only; give one another name",
                                    mapping->members[i].key->text, mapping->members[k].key->text, mapping->members[k].key->line);
    }
    return EH_OK;
}

static eh_code check_expression(eh_workspace *workspace, const eh_yaml_node *node, const char **sql_out, eh_error *error)
{
    eh_expression expression = {0};
    if (eh_expression_parse("SQL", eh_view_of(node->text), workspace->arena, &expression, error) != EH_OK)
        return eh_yaml_fail_within(node, error);
    if (sql_out != NULL)
        *sql_out = expression.sql;
    return EH_OK;
}

/* ---- sources ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_yaml_node *read, *not_protected;
    const char *sql, *key, *person, *time;
} source_record;

static const eh_yaml_field source_fields[] = {
    {.key = "read", .kind = EH_FIELD_NODE, .offset = offsetof(source_record, read)},
    {.key = "sql", .kind = EH_FIELD_TEXT, .offset = offsetof(source_record, sql), .what = "one SELECT over sources above"},
    {.key = "key", .kind = EH_FIELD_TEXT, .offset = offsetof(source_record, key), .what = "a column name such as customer_id"},
    {.key = "person", .kind = EH_FIELD_TEXT, .offset = offsetof(source_record, person), .what = "the column that says whose row it is"},
    {.key = "time", .kind = EH_FIELD_TEXT, .offset = offsetof(source_record, time), .what = "the column that says when it happened"},
    {.key = "not_protected", .kind = EH_FIELD_NODE, .offset = offsetof(source_record, not_protected)},
};

static eh_code read_source(eh_workspace *workspace, const eh_yaml_member *member, eh_workspace_source *source, eh_error *error)
{
    const eh_yaml_node *node = member->value;
    source_record record = {0};
    EH_TRY(eh_yaml_read(node, source_fields, sizeof source_fields / sizeof source_fields[0], &record, error));
    if ((record.read == NULL) == (record.sql == NULL))
        return eh_yaml_fail(node, error, EH_INPUT, record.read == NULL ? "'read' is missing: a file, a pattern such as orders-*.csv, or a list of them (or 'sql': a SELECT over sources above)"
                                                                       : "'read' and 'sql' exclude each other; a source is files or a query");
    *source = (eh_workspace_source){.name = member->key->text, .sql = record.sql, .key = record.key, .person = record.person, .time = record.time, .node = node};
    if (record.not_protected != NULL)
        EH_TRY(eh_yaml_texts(record.not_protected, EH_COLUMNS_MAX, workspace->arena, &source->not_protected, &source->not_protected_count, error));
    return record.read == NULL ? EH_OK : eh_yaml_texts(record.read, EH_FILES_MAX, workspace->arena, &source->reads, &source->reads_count, error);
}

eh_code eh_sources_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error)
{
    if (node->count == 0)
        return eh_yaml_fail(node, error, EH_INPUT, "no source; name at least one, as in  customers: { read: customers.csv, key: customer_id }");
    EH_TRY(check_names(node, EH_SOURCES_MAX, "a source", error));
    eh_workspace_source *sources = EH_TAKE(workspace->arena, node->count, eh_workspace_source);
    if (sources == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < node->count; i++)
        EH_TRY(read_source(workspace, &node->members[i], &sources[i], error));
    workspace->model.sources = sources;
    workspace->model.sources_count = node->count;
    return EH_OK;
}

/* ---- protected attributes ------------------------------------------------------------------------------------------------------ */

typedef struct {
    const char *value, *reference, *from_whom, *says, *necessity;
    const eh_yaml_node *bands, *keep;
    int64_t top;
    bool special;
} attribute_record;

static const eh_yaml_field attribute_fields[] = {
    {.key = "value", .kind = EH_FIELD_SCALAR, .required = true, .offset = offsetof(attribute_record, value), .what = "an SQL expression such as customers.gender"},
    {.key = "bands", .kind = EH_FIELD_LIST, .offset = offsetof(attribute_record, bands)},
    {.key = "top", .kind = EH_FIELD_INTEGER, .offset = offsetof(attribute_record, top), .min = 1, .max = EH_GROUPS_MAX},
    {.key = "reference", .kind = EH_FIELD_SCALAR, .offset = offsetof(attribute_record, reference)},
    {.key = "says", .kind = EH_FIELD_TEXT, .offset = offsetof(attribute_record, says)},
    {.key = "from_whom", .kind = EH_FIELD_TEXT, .offset = offsetof(attribute_record, from_whom)},
    {.key = "special", .kind = EH_FIELD_BOOLEAN, .offset = offsetof(attribute_record, special)},
    {.key = "necessity", .kind = EH_FIELD_TEXT, .offset = offsetof(attribute_record, necessity), .what = "why nothing synthetic or anonymous will do"},
    {.key = "keep", .kind = EH_FIELD_NODE, .offset = offsetof(attribute_record, keep)},
};

static eh_code read_bands(eh_workspace *workspace, const eh_yaml_node *node, eh_workspace_attribute *attribute, eh_error *error)
{
    if (node->count > EH_BANDS_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "%zu edges, at most %d", node->count, EH_BANDS_MAX);
    double *edges = EH_TAKE(workspace->arena, node->count, double);
    if (edges == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < node->count; i++) {
        const eh_yaml_node *item = node->items[i];
        if (item->type != EH_YAML_INTEGER && item->type != EH_YAML_NUMBER)
            return eh_yaml_fail(item, error, EH_INPUT, "must be a number: the lower edge of a band");
        edges[i] = item->number;
        if (i > 0 && edges[i] <= edges[i - 1])
            return eh_yaml_fail(item, error, EH_INPUT, "the edges must ascend, but %.15g comes after %.15g", edges[i], edges[i - 1]);
    }
    attribute->bands = node->count == 0 ? NULL : edges;
    attribute->bands_count = node->count;
    return EH_OK;
}

static eh_code read_attribute(eh_workspace *workspace, const eh_yaml_member *member, eh_workspace_attribute *attribute, eh_error *error)
{
    const eh_yaml_node *node = member->value;
    attribute_record record = {0};
    *attribute = (eh_workspace_attribute){.name = member->key->text, .node = node, .value_node = node, .keep = workspace->model.vault_keep};
    if (node->type == EH_YAML_TEXT && node->text[0] != '\0')
        return check_expression(workspace, node, &attribute->value, error);
    EH_TRY(eh_yaml_read(node, attribute_fields, sizeof attribute_fields / sizeof attribute_fields[0], &record, error));
    attribute->value_node = eh_yaml_member_value(node, "value");
    EH_TRY(check_expression(workspace, attribute->value_node, &attribute->value, error));
    attribute->top = (uint32_t)record.top;
    attribute->reference = record.reference;
    attribute->says = record.says;
    attribute->from_whom = record.from_whom;
    attribute->special = record.special;
    attribute->necessity = record.necessity;
    if (record.special && (record.necessity == NULL || eh_view_trim(eh_view_of(record.necessity)).len == 0))
        return eh_yaml_fail(node, error, EH_INPUT, "'necessity' is missing: a special category (special: true) is kept only with a note of why nothing synthetic "
                            "or anonymous will do");
    if (record.bands != NULL && record.top > 0)
        return eh_yaml_fail(node, error, EH_CONFLICT, "'bands' and 'top' exclude each other; bands are for numbers, top is for words");
    if (record.bands != NULL)
        EH_TRY(read_bands(workspace, record.bands, attribute, error));
    return record.keep == NULL ? EH_OK : eh_period_read(record.keep, &attribute->keep, error);
}

eh_code eh_attributes_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error)
{
    if (node == NULL)
        return EH_OK;
    EH_TRY(check_names(node, EH_ATTRIBUTES_MAX, "a protected attribute", error));
    eh_workspace_attribute *attributes = EH_TAKE(workspace->arena, node->count, eh_workspace_attribute);
    if (attributes == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < node->count; i++)
        EH_TRY(read_attribute(workspace, &node->members[i], &attributes[i], error));
    workspace->model.attributes = attributes;
    workspace->model.attributes_count = node->count;
    return EH_OK;
}

/* ---- features ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *value, *says, *from_whom, *missing;
    int32_t monotone, proxy;
    bool changeable;
} feature_record;

static const char *const monotone_words[] = {"no", "increasing", "decreasing", NULL};
static const char *const proxy_words[] = {"no", "accepted", NULL};

static const eh_yaml_field feature_fields[] = {
    {.key = "value", .kind = EH_FIELD_SCALAR, .required = true, .offset = offsetof(feature_record, value), .what = "an SQL expression such as max(orders.amount)"},
    {.key = "says", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(feature_record, says),
     .what = "what the customer reads, as in  says: \"your last order was {value} months ago\""},
    {.key = "from_whom", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(feature_record, from_whom),
     .what = "where it came from, as in  from_whom: your orders with us"},
    {.key = "missing", .kind = EH_FIELD_TEXT, .offset = offsetof(feature_record, missing)},
    {.key = "monotone", .kind = EH_FIELD_CHOICE, .offset = offsetof(feature_record, monotone), .choices = monotone_words},
    {.key = "changeable", .kind = EH_FIELD_BOOLEAN, .offset = offsetof(feature_record, changeable)},
    {.key = "proxy", .kind = EH_FIELD_CHOICE, .offset = offsetof(feature_record, proxy), .choices = proxy_words},
};

static eh_code read_feature(eh_workspace *workspace, const eh_yaml_member *member, eh_workspace_feature *feature, eh_error *error)
{
    feature_record record = {0};
    EH_TRY(eh_yaml_read(member->value, feature_fields, sizeof feature_fields / sizeof feature_fields[0], &record, error));
    *feature = (eh_workspace_feature){
        .name = member->key->text, .says = record.says, .from_whom = record.from_whom, .missing = record.missing,
        .monotone = (eh_monotone)record.monotone, .changeable = record.changeable, .proxy_accepted = record.proxy == 1, .node = member->value,
        .value_node = eh_yaml_member_value(member->value, "value"),
    };
    return check_expression(workspace, feature->value_node, &feature->value, error);
}

eh_code eh_features_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error)
{
    if (node == NULL)
        return EH_OK;
    EH_TRY(check_names(node, EH_FEATURES_MAX, "a feature", error));
    eh_workspace_feature *features = EH_TAKE(workspace->arena, node->count, eh_workspace_feature);
    if (features == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < node->count; i++)
        EH_TRY(read_feature(workspace, &node->members[i], &features[i], error));
    workspace->model.features = features;
    workspace->model.features_count = node->count;
    return EH_OK;
}

/* ---- outcomes ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *value, *says;
    const eh_yaml_node *within;
} outcome_record;

static const eh_yaml_field outcome_fields[] = {
    {.key = "value", .kind = EH_FIELD_SCALAR, .required = true, .offset = offsetof(outcome_record, value), .what = "an SQL expression such as count(orders.order_id) > 0"},
    {.key = "within", .kind = EH_FIELD_NODE, .offset = offsetof(outcome_record, within)},
    {.key = "says", .kind = EH_FIELD_TEXT, .offset = offsetof(outcome_record, says)},
};

static eh_code read_outcome(eh_workspace *workspace, const eh_yaml_member *member, eh_workspace_outcome *outcome, eh_error *error)
{
    const eh_yaml_node *node = member->value;
    outcome_record record = {0};
    eh_duration within = outcome->within;
    *outcome = (eh_workspace_outcome){.name = member->key->text, .within = within, .node = node, .value_node = node};
    if (node->type != EH_YAML_MAPPING) {
        if (node->text == NULL || node->type == EH_YAML_NULL)
            return eh_yaml_fail(node, error, EH_INPUT, "must be an SQL expression such as  visit = 1, or a mapping with value: and within:");
        return check_expression(workspace, node, &outcome->value, error);
    }
    EH_TRY(eh_yaml_read(node, outcome_fields, sizeof outcome_fields / sizeof outcome_fields[0], &record, error));
    outcome->says = record.says;
    outcome->value_node = eh_yaml_member_value(node, "value");
    EH_TRY(check_expression(workspace, outcome->value_node, &outcome->value, error));
    return record.within == NULL ? EH_OK : eh_period_read(record.within, &outcome->within, error);
}

eh_code eh_outcomes_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error)
{
    if (node == NULL)
        return EH_OK;
    EH_TRY(check_names(node, EH_OUTCOMES_MAX + 1, "an outcome", error));
    eh_workspace_outcome *outcomes = EH_TAKE(workspace->arena, node->count, eh_workspace_outcome);
    if (outcomes == NULL)
        return eh_fail_memory(error);
    eh_duration within = {0};
    const eh_yaml_node *shared = eh_yaml_member_value(node, "within");
    if (shared != NULL)
        EH_TRY(eh_period_read(shared, &within, error));
    size_t count = 0;
    for (size_t i = 0; i < node->count; i++) {
        if (node->members[i].value == shared)
            continue;
        outcomes[count].within = within;
        EH_TRY(read_outcome(workspace, &node->members[i], &outcomes[count], error));
        count++;
    }
    if (count > EH_OUTCOMES_MAX)
        return eh_yaml_fail(node, error, EH_LIMIT, "%zu outcomes, at most %d", count, EH_OUTCOMES_MAX);
    if (count == 0)
        return eh_yaml_fail(node, error, EH_INPUT, "names no outcome; write one, as in  bought: { value: count(orders.order_id) > 0, within: 14 days }");
    workspace->model.outcomes = outcomes;
    workspace->model.outcomes_count = count;
    return EH_OK;
}

/* ---- population ----------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_yaml_node *read, *columns;
    const char *weight, *where;
    bool skip_unmatched;
} population_record;

static const eh_yaml_field population_fields[] = {
    {.key = "read", .kind = EH_FIELD_NODE, .required = true, .offset = offsetof(population_record, read), .what = "a file with the people that the data should stand for"},
    {.key = "weight", .kind = EH_FIELD_SCALAR, .offset = offsetof(population_record, weight)},
    {.key = "where", .kind = EH_FIELD_TEXT, .offset = offsetof(population_record, where)},
    {.key = "columns", .kind = EH_FIELD_MAPPING, .offset = offsetof(population_record, columns)},
    {.key = "skip_unmatched", .kind = EH_FIELD_BOOLEAN, .offset = offsetof(population_record, skip_unmatched)},
};

static eh_code read_population_columns(eh_workspace *workspace, const eh_yaml_node *node, eh_population *population, eh_error *error)
{
    const eh_workspace_model *model = &workspace->model;
    eh_population_column *columns = EH_TAKE(workspace->arena, node->count, eh_population_column);
    const char *names[EH_ATTRIBUTES_MAX];
    if (columns == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < model->attributes_count; i++)
        names[i] = model->attributes[i].name;
    for (size_t i = 0; i < node->count; i++) {
        const eh_yaml_member *member = &node->members[i];
        bool known = false;
        for (size_t k = 0; k < model->attributes_count; k++)
            known = known || strcmp(names[k], member->key->text) == 0;
        const char *nearest = known ? NULL : eh_nearest_name(member->key->text, names, model->attributes_count);
        if (!known)
            return eh_yaml_fail(member->key, error, EH_INPUT, "'%.63s' is no protected attribute%s%s%s", member->key->text, nearest == NULL ? "" : "; did you mean '",
                                nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
        if (member->value->text == NULL || member->value->type == EH_YAML_NULL)
            return eh_yaml_fail(member->value, error, EH_INPUT, "must be a column of the population file, or an SQL expression over it");
        columns[i] = (eh_population_column){.attribute = member->key->text, .node = member->value};
        EH_TRY(check_expression(workspace, member->value, &columns[i].value, error));
    }
    population->columns = columns;
    population->columns_count = node->count;
    return EH_OK;
}

eh_code eh_population_read(eh_workspace *workspace, const eh_yaml_node *node, eh_error *error)
{
    if (node == NULL)
        return EH_OK;
    eh_population *population = &workspace->model.population;
    population_record record = {0};
    EH_TRY(eh_yaml_read(node, population_fields, sizeof population_fields / sizeof population_fields[0], &record, error));
    if (record.weight != NULL)
        EH_TRY(check_expression(workspace, eh_yaml_member_value(node, "weight"), &population->weight, error));
    if (record.where != NULL)
        EH_TRY(check_expression(workspace, eh_yaml_member_value(node, "where"), &population->where, error));
    if (record.columns != NULL)
        EH_TRY(read_population_columns(workspace, record.columns, population, error));
    population->skip_unmatched = record.skip_unmatched;
    population->node = node;
    return eh_yaml_texts(record.read, EH_FILES_MAX, workspace->arena, &population->reads, &population->reads_count, error);
}
