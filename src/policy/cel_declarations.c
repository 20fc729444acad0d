/* Type environments in JSON (cel.expr.Decl): variables, and functions for the checker. */
#include "policy/cel_int.h"

#include <string.h>

enum { NESTING_MAX = 40, PARAMETERS_MAX = 16 };

/* The type parameters of one function, numbered as they are met. */
typedef struct {
    const char *names[PARAMETERS_MAX];
    uint32_t rows[PARAMETERS_MAX];
    uint32_t count;
} parameter_names;

static uint32_t parameter_named(type_table *types, parameter_names *known, const char *name)
{
    uint32_t i = 0;
    while (i < known->count && strcmp(known->names[i], name) != 0)
        i++;
    if (i == known->count) {
        if (i == PARAMETERS_MAX)
            return NODE_NONE;
        uint32_t row = cel_type_add(types, TYPE_PARAM, NODE_NONE, i);
        char *kept = eh_arena_copy(types->arena, eh_view_of(name));
        if (row == NODE_NONE || kept == NULL)
            return NODE_NONE;
        types->rows[row].name = eh_view_of(kept);
        known->names[i] = kept;
        known->rows[i] = row;
        known->count++;
    }
    return known->rows[i];
}

static uint32_t primitive_named(const char *name)
{
    static const struct {
        const char *name;
        uint32_t type;
    } rows[] = {{"BOOL", TYPE_BOOL}, {"INT64", TYPE_INT}, {"UINT64", TYPE_UINT}, {"DOUBLE", TYPE_DOUBLE}, {"STRING", TYPE_STRING}, {"BYTES", TYPE_BYTES},
                {"TIMESTAMP", TYPE_TIMESTAMP}, {"DURATION", TYPE_DURATION}, {"ANY", TYPE_ANY}};
    for (size_t i = 0; name != NULL && i < sizeof rows / sizeof rows[0]; i++)
        if (strcmp(rows[i].name, name) == 0)
            return rows[i].type;
    return NODE_NONE;
}

static uint32_t message_named(type_table *types, const char *name)
{
    if (name == NULL)
        return NODE_NONE;
    if (strcmp(name, "google.protobuf.Timestamp") == 0)
        return TYPE_TIMESTAMP;
    if (strcmp(name, "google.protobuf.Duration") == 0)
        return TYPE_DURATION;
    uint32_t row = cel_type_add(types, TYPE_ABSTRACT, NODE_NONE, NODE_NONE);
    char *kept = eh_arena_copy(types->arena, eh_view_of(name));
    if (row == NODE_NONE || kept == NULL)
        return NODE_NONE;
    types->rows[row].name = eh_view_of(kept);
    return row;
}

/* What the JSON of a type says, down to the types inside it. */
typedef struct {
    type_kind kind;
    eh_json_value inner[2];
    uint32_t inner_count, done, rows[2];
} open_type;

/* A type without types inside gives its row; else `open_out` is filled and NODE_NONE comes back with a count. */
static uint32_t type_open(type_table *types, parameter_names *known, eh_json_value json, open_type *open_out)
{
    eh_json_members member = {0};
    *open_out = (open_type){0};
    if (!eh_json_next(json, &member))
        return TYPE_DYN;
    const char *key = member.key, *text = eh_json_as_text(member.value);
    if (strcmp(key, "dyn") == 0)
        return TYPE_DYN;
    if (strcmp(key, "null") == 0)
        return TYPE_NULL;
    if (strcmp(key, "primitive") == 0 || strcmp(key, "wellKnown") == 0)
        return primitive_named(text);
    if (strcmp(key, "messageType") == 0)
        return message_named(types, text);
    if (strcmp(key, "typeParam") == 0)
        return text == NULL ? NODE_NONE : parameter_named(types, known, text);
    if (strcmp(key, "wrapper") == 0) {
        uint32_t of = primitive_named(text);
        return of == NODE_NONE ? NODE_NONE : cel_type_add(types, TYPE_WRAPPER, of, NODE_NONE);
    }
    if (strcmp(key, "listType") == 0) {
        *open_out = (open_type){.kind = TYPE_LIST, .inner = {eh_json_member(member.value, "elemType")}, .inner_count = 1};
    } else if (strcmp(key, "mapType") == 0) {
        *open_out = (open_type){.kind = TYPE_MAP, .inner = {eh_json_member(member.value, "keyType"), eh_json_member(member.value, "valueType")}, .inner_count = 2};
    } else if (strcmp(key, "type") == 0) {
        *open_out = (open_type){.kind = TYPE_TYPE, .inner = {member.value}, .inner_count = 1};
    } else if (strcmp(key, "abstractType") == 0) {
        const char *name = eh_json_as_text(eh_json_member(member.value, "name"));
        if (name == NULL || strcmp(name, "optional_type") != 0)
            return message_named(types, name);
        *open_out = (open_type){.kind = TYPE_OPTIONAL, .inner = {eh_json_item(eh_json_member(member.value, "parameterTypes"), 0)}, .inner_count = 1};
    }
    return NODE_NONE;
}

static uint32_t type_read(type_table *types, parameter_names *known, eh_json_value json)
{
    open_type open[NESTING_MAX];
    uint32_t depth = 0;
    for (;;) {
        uint32_t done = depth < NESTING_MAX ? type_open(types, known, json, &open[depth]) : NODE_NONE;
        if (done == NODE_NONE) {
            if (depth == NESTING_MAX || open[depth].inner_count == 0)
                return NODE_NONE;
            json = open[depth++].inner[0];
            continue;
        }
        for (;;) {
            if (depth == 0)
                return done;
            open_type *of = &open[depth - 1];
            of->rows[of->done++] = done;
            if (of->done < of->inner_count) {
                json = of->inner[of->done];
                break;
            }
            done = cel_type_add(types, of->kind, of->rows[0], of->inner_count > 1 ? of->rows[1] : NODE_NONE);
            if (done == NODE_NONE)
                return NODE_NONE;
            depth--;
        }
    }
}

static eh_code no_type(const char *name, eh_error *error)
{
    return eh_fail(error, EH_INPUT, "type_env: %.100s: the type cannot be read", name);
}

static eh_code overload_declare(eh_cel_env *env, const char *name, eh_json_value json, eh_error *error)
{
    parameter_names known = {0};
    eh_json_value parameters = eh_json_member(json, "params");
    size_t count = eh_json_count(parameters);
    uint32_t *rows = EH_TAKE(env->arena, count + 1, uint32_t);
    declared_function *larger = EH_TAKE(env->arena, env->functions_count + 1, declared_function);
    char *kept = eh_arena_copy(env->arena, eh_view_of(name));
    if (rows == NULL || larger == NULL || kept == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        if ((rows[i] = type_read(env->types, &known, eh_json_item(parameters, i))) == NODE_NONE)
            return no_type(name, error);
    uint32_t result = type_read(env->types, &known, eh_json_member(json, "resultType"));
    if (result == NODE_NONE)
        return no_type(name, error);
    bool member = false;
    (void)eh_json_as_boolean(eh_json_member(json, "isInstanceFunction"), &member);
    if (env->functions_count > 0)
        memcpy(larger, env->functions, env->functions_count * sizeof *larger);
    env->functions = larger;
    env->functions[env->functions_count++] = (declared_function){.name = eh_view_of(kept), .member = member, .result = result,
                                                                 .parameters_count = (uint32_t)count, .parameters = rows, .type_variables = known.count};
    return EH_OK;
}

eh_code eh_cel_env_declare_json(eh_cel_env *env, eh_json_value declaration, eh_error *error)
{
    const char *name = eh_json_as_text(eh_json_member(declaration, "name"));
    eh_json_value ident = eh_json_member(declaration, "ident"), function = eh_json_member(declaration, "function");
    if (name == NULL || (ident == NULL && function == NULL))
        return eh_fail(error, EH_INPUT, "type_env: an entry has a name, and \"ident\" or \"function\"");
    if (function != NULL) {
        eh_json_value overloads = eh_json_member(function, "overloads");
        for (size_t i = 0; i < eh_json_count(overloads); i++)
            EH_TRY(overload_declare(env, name, eh_json_item(overloads, i), error));
        return EH_OK;
    }
    parameter_names known = {0};
    uint32_t type = type_read(env->types, &known, eh_json_member(ident, "type"));
    if (type == NODE_NONE)
        return no_type(name, error);
    EH_TRY(eh_cel_env_declare(env, eh_view_of(name), "dyn", error));
    env->variables[env->variables_count - 1].type = type;
    return EH_OK;
}
