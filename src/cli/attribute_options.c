/* Readers of the options that speak of attributes: --by, --soft, --bands, --top, --reference. */
#include <string.h>

#include "cli/cli_int.h"

enum { NAMES_MAX = 4 * EH_ATTRIBUTES_MAX };

static eh_code name_twice(const char *option, const char *name, eh_error *error)
{
    return eh_fail(error, EH_CONFLICT, "%s: two attributes are named '%s'; name one of them with AS: \"expression AS other_name\"", option,
                   name);
}

static bool name_is_taken(const eh_audit_request *request, const char *name)
{
    for (size_t i = 0; i < request->spec.attributes_count; i++)
        if (strcmp(request->attributes[i].expression.name, name) == 0)
            return true;
    for (size_t i = 0; i < request->softs_count; i++)
        if (strcmp(request->softs[i].name, name) == 0)
            return true;
    return false;
}

eh_code eh_option_by(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    eh_expression *list = NULL;
    size_t count = 0;
    EH_TRY(eh_expressions_parse(use->option, eh_view_of(use->value), use->arena, &list, &count, error));
    size_t total = request->spec.attributes_count + count;
    if (total > EH_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu attributes, at most %d", use->option, total, EH_ATTRIBUTES_MAX);
    for (size_t i = 0; i < count; i++) {
        if (name_is_taken(request, list[i].name))
            return name_twice(use->option, list[i].name, error);
        request->attributes[request->spec.attributes_count++].expression = list[i];
    }
    return EH_OK;
}

/* ---- "attribute=rest" ------------------------------------------------------------------------------------------------------ */

/* Where an attribute of --by or --soft stands, and what follows its "=". */
typedef struct {
    eh_cube_attribute *attribute; /* NULL for a soft one */
    const char *name;
    eh_view rest;
} assignment;

/* True when `value` begins with `name` and then "="; an expression may hold "=" itself, so the longest match counts. */
static bool names_this(eh_view value, const char *name, bool nocase, size_t *len)
{
    size_t name_len = strlen(name);
    if (name_len <= *len || value.len <= name_len || value.ptr[name_len] != '=')
        return false;
    eh_view head = {value.ptr, name_len};
    if (nocase ? !eh_view_equal_nocase(head, eh_view_of(name)) : !eh_view_equal(head, eh_view_of(name)))
        return false;
    *len = name_len;
    return true;
}

static void assignment_find(eh_audit_request *request, eh_view value, bool softs_too, assignment *found)
{
    size_t len = 0;
    for (int nocase = 0; nocase < 2 && len == 0; nocase++) {
        for (size_t i = 0; i < request->spec.attributes_count; i++) {
            eh_cube_attribute *attribute = &request->attributes[i];
            bool named = names_this(value, attribute->expression.name, nocase != 0, &len);
            if (names_this(value, attribute->expression.sql, nocase != 0, &len) || named)
                *found = (assignment){.attribute = attribute, .name = attribute->expression.name};
        }
        for (size_t i = 0; softs_too && i < request->softs_count; i++)
            if (names_this(value, request->softs[i].name, nocase != 0, &len))
                *found = (assignment){.name = request->softs[i].name};
    }
    if (len > 0)
        found->rest = (eh_view){value.ptr + len + 1, value.len - len - 1};
}

static eh_code no_such_attribute(const eh_option_use *use, size_t name_len, eh_error *error)
{
    const eh_audit_request *request = use->target;
    const char *names[NAMES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < request->spec.attributes_count; i++)
        names[count++] = request->attributes[i].expression.name;
    for (size_t i = 0; i < request->softs_count; i++)
        names[count++] = request->softs[i].name;
    char given[128];
    snprintf(given, sizeof given, "%.*s", name_len < 100 ? (int)name_len : 100, use->value);
    const char *nearest = eh_nearest_name(given, names, count);
    if (nearest != NULL)
        return eh_fail(error, EH_NOT_FOUND, "%s: '%s' is not among the attributes of --by; do you mean '%s'?", use->option, given, nearest);
    return eh_fail(error, EH_NOT_FOUND, "%s: '%s' is not among the attributes of --by: add it there, or name one of them ('%.100s'%s)",
                   use->option, given, count > 0 ? names[0] : "", count > 1 ? ", ..." : "");
}

static eh_code assignment_read(const eh_option_use *use, const char *example, bool softs_too, assignment *found, eh_error *error)
{
    *found = (assignment){0};
    const char *equals = strchr(use->value, '=');
    if (equals == NULL || equals == use->value)
        return eh_fail(error, EH_INPUT, "%s: '%.100s' is not of the form %s", use->option, use->value, example);
    eh_audit_request *request = use->target;
    if (request->spec.attributes_count == 0)
        return eh_fail(error, EH_INPUT, "%s: there is no --by whose attributes it could speak of", use->option);
    assignment_find(request, eh_view_of(use->value), softs_too, found);
    if (found->name == NULL)
        return no_such_attribute(use, (size_t)(equals - use->value), error);
    return EH_OK;
}

static size_t parts_count(eh_view text)
{
    size_t count = 1;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == ',';
    return count;
}

/* Cuts the part up to the next comma from the front of *rest. */
static eh_view part_take(eh_view *rest)
{
    const char *comma = rest->len > 0 ? memchr(rest->ptr, ',', rest->len) : NULL;
    size_t len = comma != NULL ? (size_t)(comma - rest->ptr) : rest->len;
    eh_view part = {rest->ptr, len};
    size_t used = comma != NULL ? len + 1 : len;
    *rest = (eh_view){rest->ptr + used, rest->len - used};
    return eh_view_trim(part);
}

eh_code eh_option_bands(const eh_option_use *use, eh_error *error)
{
    assignment found;
    EH_TRY(assignment_read(use, "COLUMN=18,25,35", false, &found, error));
    if (found.attribute->edges != NULL)
        return eh_fail(error, EH_CONFLICT, "%s: '%s' has bands already", use->option, found.name);
    size_t count = parts_count(found.rest);
    if (count > EH_BANDS_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %s: %zu edges, at most %d", use->option, found.name, count, EH_BANDS_MAX);
    double *edges = EH_TAKE(use->arena, count, double);
    if (edges == NULL)
        return eh_fail_memory(error);
    eh_view rest = found.rest;
    for (size_t i = 0; i < count; i++) {
        eh_view part = part_take(&rest);
        if (!eh_number_read(part, &edges[i]))
            return eh_fail(error, EH_INPUT, "%s: %s: '%.*s' is no number; edges look like %s=18,25,35", use->option, found.name,
                           part.len < 60 ? (int)part.len : 60, part.ptr, found.name);
        if (i > 0 && edges[i] <= edges[i - 1])
            return eh_fail(error, EH_INPUT, "%s: %s: the edges must ascend, but %.15g comes after %.15g", use->option, found.name, edges[i],
                           edges[i - 1]);
    }
    found.attribute->edges = edges;
    found.attribute->edges_count = count;
    return EH_OK;
}

eh_code eh_option_top(const eh_option_use *use, eh_error *error)
{
    assignment found;
    EH_TRY(assignment_read(use, "ATTRIBUTE=10", false, &found, error));
    if (found.attribute->edges != NULL)
        return eh_fail(error, EH_CONFLICT, "%s: '%s' has --bands, which already say what its groups are", use->option, found.name);
    if (found.attribute->top_count != 0)
        return eh_fail(error, EH_CONFLICT, "%s: '%s' has a number already", use->option, found.name);
    eh_option_use number = *use;
    number.value = found.rest.ptr;
    uint64_t top = 0;
    /* one place is kept for "(all others)" and one for "(missing)" */
    EH_TRY(eh_whole_read(&number, 1, EH_GROUPS_MAX - 2, &top, error));
    found.attribute->top_count = (uint32_t)top;
    return EH_OK;
}

eh_code eh_option_reference(const eh_option_use *use, eh_error *error)
{
    assignment found;
    EH_TRY(assignment_read(use, "ATTRIBUTE=GROUP", true, &found, error));
    if (found.rest.len == 0)
        return eh_fail(error, EH_INPUT, "%s: %s: the group is missing: %s=GROUP", use->option, found.name, found.name);
    eh_audit_request *request = use->target;
    for (size_t i = 0; i < request->options.references_count; i++)
        if (strcmp(request->references[i].attribute, found.name) == 0)
            return eh_fail(error, EH_CONFLICT, "%s: '%s' has a reference already: '%.200s'", use->option, found.name,
                           request->references[i].group);
    EH_ASSERT(request->options.references_count < 2 * EH_ATTRIBUTES_MAX);
    request->references[request->options.references_count++] = (eh_reference){.attribute = found.name, .group = found.rest.ptr};
    return EH_OK;
}

/* ---- --soft NAME=GROUP:EXPR,GROUP:EXPR ------------------------------------------------------------------------------------------- */

static eh_code soft_form(const eh_option_use *use, eh_view part, eh_error *error)
{
    return eh_fail(error, EH_INPUT, "%s: '%.*s' is not of the form GROUP:EXPR, as in gender=women:p_women,men:1-p_women", use->option,
                   part.len < 100 ? (int)part.len : 100, part.ptr);
}

/* Reads a group's name up to its colon, plain or in quotes (doubled inside); *used_out counts the bytes with the colon. */
static char *soft_group_name(eh_arena *arena, eh_view part, size_t *used_out)
{
    char *name = EH_TAKE(arena, part.len + 1, char);
    if (name == NULL)
        return NULL;
    char quote = part.len > 0 && (part.ptr[0] == '"' || part.ptr[0] == '\'') ? part.ptr[0] : '\0';
    size_t len = 0, i = quote != '\0' ? 1 : 0;
    for (; i < part.len; i++) {
        if (quote == '\0' && part.ptr[i] == ':')
            break;
        if (quote != '\0' && part.ptr[i] == quote) {
            if (i + 1 == part.len || part.ptr[i + 1] != quote) {
                i++;
                break;
            }
            i++;
        }
        name[len++] = part.ptr[i];
    }
    while (quote == '\0' && len > 0 && name[len - 1] == ' ')
        len--;
    name[len] = '\0';
    while (i < part.len && part.ptr[i] == ' ')
        i++;
    *used_out = i < part.len && part.ptr[i] == ':' ? i + 1 : 0;
    return name;
}

static eh_code soft_groups_read(const eh_option_use *use, eh_view list, eh_soft_spec *soft, eh_error *error)
{
    eh_expression *parts = NULL;
    EH_TRY(eh_expressions_parse(use->option, list, use->arena, &parts, &soft->groups_count, error));
    if (soft->groups_count < 2 || soft->groups_count > EH_GROUPS_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %s: %zu groups, must be 2 to %d", use->option, soft->name, soft->groups_count, EH_GROUPS_MAX);
    const char **names = EH_TAKE(use->arena, soft->groups_count, const char *);
    const char **probabilities = EH_TAKE(use->arena, soft->groups_count, const char *);
    if (names == NULL || probabilities == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < soft->groups_count; i++) {
        eh_view part = eh_view_trim(eh_view_of(parts[i].sql));
        size_t used = 0;
        names[i] = soft_group_name(use->arena, part, &used);
        if (names[i] == NULL)
            return eh_fail_memory(error);
        if (used == 0 || names[i][0] == '\0')
            return soft_form(use, part, error);
        for (size_t k = 0; k < i; k++)
            if (strcmp(names[k], names[i]) == 0)
                return eh_fail(error, EH_CONFLICT, "%s: %s: two groups are named '%.200s'", use->option, soft->name, names[i]);
        eh_expression expression = {0};
        EH_TRY(eh_expression_parse(use->option, (eh_view){part.ptr + used, part.len - used}, use->arena, &expression, error));
        probabilities[i] = expression.sql;
    }
    soft->group_names = names;
    soft->probabilities = probabilities;
    return EH_OK;
}

eh_code eh_option_soft(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    const char *equals = strchr(use->value, '=');
    if (equals == NULL || equals == use->value)
        return eh_fail(error, EH_INPUT, "%s: '%.100s' is not of the form NAME=GROUP:EXPR,GROUP:EXPR", use->option, use->value);
    if (request->softs_count == EH_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: more than %d attributes", use->option, EH_ATTRIBUTES_MAX);
    eh_soft_spec soft = {0};
    soft.name = eh_arena_copy(use->arena, eh_view_trim((eh_view){use->value, (size_t)(equals - use->value)}));
    if (soft.name == NULL)
        return eh_fail_memory(error);
    if (name_is_taken(request, soft.name))
        return name_twice(use->option, soft.name, error);
    EH_TRY(soft_groups_read(use, eh_view_of(equals + 1), &soft, error));
    request->softs[request->softs_count++] = soft;
    return EH_OK;
}
