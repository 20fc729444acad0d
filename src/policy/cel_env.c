/* Environments: the names that an expression may use, found by hash. */
#include "policy/cel_int.h"

#include <string.h>

static uint32_t name_hash(eh_view name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    return hash ^ hash >> 15;
}

eh_cel_env *eh_cel_env_open(eh_arena *arena, const eh_cel_env_options *options)
{
    enum { PLACES = 2 * EH_CEL_VARIABLES_MAX };
    _Static_assert((PLACES & (PLACES - 1)) == 0, "places are a power of two");
    eh_cel_env *env = EH_TAKE(arena, 1, eh_cel_env);
    uint32_t *index = EH_TAKE(arena, PLACES, uint32_t);
    type_table *types = cel_types_open(arena);
    if (env == NULL || index == NULL || types == NULL)
        return NULL;
    *env = (eh_cel_env){.arena = arena, .index = index, .index_mask = PLACES - 1, .types = types};
    if (options != NULL)
        env->options = *options;
    return env;
}

size_t eh_cel_env_find(const eh_cel_env *env, eh_view name)
{
    for (uint32_t at = name_hash(name) & env->index_mask; env->index[at] != 0; at = (at + 1) & env->index_mask) {
        const variable *found = &env->variables[env->index[at] - 1];
        if (eh_view_equal(name, (eh_view){found->name, found->name_len}))
            return env->index[at] - 1;
    }
    return SIZE_MAX;
}

static eh_code variables_grow(eh_cel_env *env, eh_error *error)
{
    if (env->variables_count < env->variables_capacity)
        return EH_OK;
    uint32_t capacity = env->variables_capacity == 0 ? 16 : env->variables_capacity * 2;
    variable *larger = EH_TAKE(env->arena, capacity, variable);
    if (larger == NULL)
        return eh_fail_memory(error);
    if (env->variables_count > 0)
        memcpy(larger, env->variables, env->variables_count * sizeof *larger);
    env->variables = larger;
    env->variables_capacity = capacity;
    return EH_OK;
}

eh_code eh_cel_env_declare(eh_cel_env *env, eh_view name, const char *type, eh_error *error)
{
    int shown = name.len > 100 ? 100 : (int)name.len;
    if (name.len == 0)
        return eh_fail(error, EH_INPUT, "a name is missing");
    if (env->variables_count == EH_CEL_VARIABLES_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d declared names", EH_CEL_VARIABLES_MAX);
    if (eh_cel_env_find(env, name) != SIZE_MAX)
        return eh_fail(error, EH_CONFLICT, "%.*s: declared twice", shown, name.ptr);
    uint32_t of_type = cel_type_parse(env->types, eh_view_of(type));
    if (of_type == NODE_NONE)
        return eh_fail(error, EH_INPUT,
                       "%.*s: '%.60s' is no type: bool, int, uint, double, string, bytes, timestamp, duration, list(T), map(K, V), optional(T), dyn",
                       shown, name.ptr, type);
    EH_TRY(variables_grow(env, error));
    char *kept = eh_arena_copy(env->arena, name);
    char *type_text = eh_arena_copy(env->arena, eh_view_of(type));
    if (kept == NULL || type_text == NULL)
        return eh_fail_memory(error);
    env->variables[env->variables_count] = (variable){.name = kept, .name_len = (uint32_t)name.len, .type = of_type, .type_text = type_text};
    uint32_t at = name_hash(name) & env->index_mask;
    while (env->index[at] != 0)
        at = (at + 1) & env->index_mask;
    env->index[at] = ++env->variables_count;
    return EH_OK;
}

size_t eh_cel_env_count(const eh_cel_env *env)
{
    return env->variables_count;
}

const char *eh_cel_env_name(const eh_cel_env *env, size_t slot)
{
    EH_ASSERT(slot < env->variables_count);
    return env->variables[slot].name;
}

const char *eh_cel_env_type(const eh_cel_env *env, size_t slot)
{
    EH_ASSERT(slot < env->variables_count);
    return env->variables[slot].type_text;
}
