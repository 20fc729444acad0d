/*
 * What names mean. One pass from the root down: nodes come after their children in the array, so walking it backwards meets every parent
 * first. A parent tells its children which bindings they see, how many locals are in use and how many loops are around them.
 */
#include "policy/cel_int.h"

#include <string.h>

enum { NAME_BYTES_MAX = 1024 };

static node *at_node(name_scope *state, uint32_t index)
{
    return &state->tree->nodes[index];
}

/* ---- what a parent tells --------------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t scope, locals, depth;
} place;

static place place_of(const name_scope *state, uint32_t index)
{
    return (place){state->tree->nodes[index].scope, state->locals[index], state->depths[index]};
}

static void tell(name_scope *state, uint32_t child, place where)
{
    at_node(state, child)->scope = where.scope;
    state->locals[child] = where.locals;
    state->depths[child] = where.depth;
    if (where.locals > state->locals_max)
        state->locals_max = where.locals;
    if (where.depth > state->loops_max)
        state->loops_max = where.depth;
}

/* A variable more: `where` becomes what stands behind it. */
static eh_code bind(name_scope *state, binding made, place *where, eh_error *error)
{
    if (state->bindings_count == state->bindings_capacity) {
        uint32_t capacity = state->bindings_capacity == 0 ? 16 : state->bindings_capacity * 2;
        binding *larger = EH_TAKE(state->tree->arena, capacity, binding);
        if (larger == NULL)
            return eh_fail_memory(error);
        if (state->bindings_count > 0)
            memcpy(larger, state->bindings, state->bindings_count * sizeof *larger);
        state->bindings = larger;
        state->bindings_capacity = capacity;
    }
    made.outer = where->scope;
    made.local = where->locals;
    state->bindings[state->bindings_count] = made;
    where->scope = state->bindings_count++;
    where->locals++;
    return EH_OK;
}

static eh_code loop_tell(name_scope *state, uint32_t index, eh_error *error)
{
    node *loop = at_node(state, index);
    place where = place_of(state, index);
    tell(state, cel_child(state->tree, loop, 0), where);
    EH_TRY(bind(state, (binding){.name = loop->text, .node = index}, &where, error));
    if (loop->flags & NODE_TWO)
        EH_TRY(bind(state, (binding){.name = loop->second, .node = index, .second = true}, &where, error));
    where.depth++;
    if (where.depth > EH_CEL_LOOPS_MAX)
        return cel_fail_at(state->tree->text, loop->at, error, EH_LIMIT, "more than %d comprehensions inside each other", EH_CEL_LOOPS_MAX);
    for (uint32_t i = 1; i < loop->count; i++)
        tell(state, cel_child(state->tree, loop, i), where);
    return EH_OK;
}

static eh_code bind_tell(name_scope *state, uint32_t index, eh_error *error)
{
    node *of = at_node(state, index);
    place where = place_of(state, index);
    tell(state, cel_child(state->tree, of, 0), where);
    EH_TRY(bind(state, (binding){.name = of->text, .node = index}, &where, error));
    tell(state, cel_child(state->tree, of, 1), where);
    return EH_OK;
}

static eh_code block_tell(name_scope *state, uint32_t index, eh_error *error)
{
    node *of = at_node(state, index);
    place where = place_of(state, index);
    for (uint32_t i = 0; i + 1 < of->count; i++) {
        tell(state, cel_child(state->tree, of, i), where);
        const char *name = eh_arena_format(state->tree->arena, "@index%u:0", i);
        if (name == NULL)
            return eh_fail_memory(error);
        EH_TRY(bind(state, (binding){.name = eh_view_of(name), .node = index, .block = i}, &where, error));
    }
    tell(state, cel_child(state->tree, of, of->count - 1), where);
    return EH_OK;
}

/* ---- looking up ------------------------------------------------------------------------------------------------------------------------- */

static uint32_t binding_find(const name_scope *state, uint32_t scope, eh_view name)
{
    while (scope != NODE_NONE && !eh_view_equal(state->bindings[scope].name, name))
        scope = state->bindings[scope].outer;
    return scope;
}

/* The chain a.b.c below a node as text; false when it is no chain of plain names or its root is bound inside the expression. */
static bool chain_name(const name_scope *state, uint32_t index, char name[NAME_BYTES_MAX], size_t *len_out, bool *absolute_out)
{
    const ast *tree = state->tree;
    uint32_t at = index;
    size_t len = 0;
    while (tree->nodes[at].kind == NODE_SELECT && tree->nodes[at].flags == 0) {
        len += tree->nodes[at].text.len + 1;
        at = cel_child(tree, &tree->nodes[at], 0);
    }
    const node *root = &tree->nodes[at];
    len += root->text.len;
    bool absolute = (root->flags & NODE_ABSOLUTE) != 0;
    if (root->kind != NODE_IDENT || len >= NAME_BYTES_MAX || (!absolute && binding_find(state, tree->nodes[index].scope, root->text) != NODE_NONE))
        return false;
    *len_out = len;
    *absolute_out = absolute;
    for (at = index; at != NODE_NONE;) {
        const node *part = &tree->nodes[at];
        len -= part->text.len;
        memcpy(name + len, part->text.ptr, part->text.len);
        if (part->kind == NODE_IDENT)
            return true;
        name[--len] = '.';
        at = cel_child(tree, part, 0);
    }
    return false;
}

/* container.NAME for every prefix of the container, the longest first, then NAME. */
typedef struct {
    char text[2 * NAME_BYTES_MAX];
    const char *container;
    size_t prefix; /* bytes of the container in use */
    bool absolute, started, ended;
} candidates;

static bool candidate_next(candidates *state, const char *name, size_t len, eh_view *candidate_out)
{
    if (state->ended)
        return false;
    size_t container_len = state->container == NULL || state->absolute ? 0 : strlen(state->container);
    if (!state->started) {
        state->prefix = container_len < NAME_BYTES_MAX ? container_len : 0;
        state->started = true;
    } else {
        while (state->prefix > 0 && state->container[state->prefix - 1] != '.')
            state->prefix--;
        if (state->prefix > 0)
            state->prefix--;
    }
    size_t at = 0;
    if (state->prefix > 0) {
        memcpy(state->text, state->container, state->prefix);
        state->text[state->prefix] = '.';
        at = state->prefix + 1;
    }
    memcpy(state->text + at, name, len);
    *candidate_out = (eh_view){state->text, at + len};
    state->ended = state->prefix == 0;
    return true;
}

static void resolve_as(node *of, resolution as, uint32_t slot)
{
    of->resolved = as;
    of->slot = slot;
}

/* Tries a whole chain as the name of a variable or a type. */
static bool chain_resolve(name_scope *state, uint32_t index)
{
    char name[NAME_BYTES_MAX];
    size_t len = 0;
    node *of = at_node(state, index);
    candidates tried = {.container = state->env->options.container};
    if (!chain_name(state, index, name, &len, &tried.absolute))
        return false;
    eh_view candidate;
    while (candidate_next(&tried, name, len, &candidate)) {
        size_t slot = eh_cel_env_find(state->env, candidate);
        eh_cel_value as_type = cel_type_named(candidate);
        if (slot != SIZE_MAX) {
            resolve_as(of, RESOLVED_VARIABLE, (uint32_t)slot);
            return true;
        }
        if (as_type.kind == EH_CEL_TYPE) {
            resolve_as(of, RESOLVED_TYPE, 0);
            of->constant = as_type;
            return true;
        }
    }
    return false;
}

/* The nodes below a resolved chain are never evaluated by themselves. */
static void chain_swallow(name_scope *state, uint32_t index)
{
    uint32_t at = index;
    while (at_node(state, at)->kind == NODE_SELECT) {
        at = cel_child(state->tree, at_node(state, at), 0);
        at_node(state, at)->resolved = RESOLVED_PART;
        state->locals[at] = NODE_NONE;
    }
}

static bool function_declared(const eh_cel_env *env, eh_view name)
{
    for (uint32_t i = 0; i < env->functions_count; i++)
        if (eh_view_equal(env->functions[i].name, name))
            return true;
    return false;
}

static bool function_known(const eh_cel_env *env, eh_view name)
{
    return cel_overloads_find(name, NULL, 0) > 0 || function_declared(env, name);
}

/* math.greatest(a): the target is part of the function's name. */
static eh_code call_resolve(name_scope *state, uint32_t index, eh_error *error)
{
    node *call = at_node(state, index);
    char name[NAME_BYTES_MAX];
    size_t len = 0;
    candidates tried = {.container = state->env->options.container};
    if (call->flags & NODE_OPERATOR)
        return EH_OK;
    if (call->flags & NODE_MEMBER) {
        uint32_t target = cel_child(state->tree, call, 0);
        at_node(state, target)->scope = call->scope;
        if (!chain_name(state, target, name, &len, &tried.absolute) || len + 1 + call->text.len >= NAME_BYTES_MAX)
            return EH_OK;
        name[len++] = '.';
    } else {
        if (call->text.len >= NAME_BYTES_MAX)
            return EH_OK;
        tried.absolute = (call->flags & NODE_ABSOLUTE) != 0;
    }
    memcpy(name + len, call->text.ptr, call->text.len);
    len += call->text.len;
    eh_view candidate;
    while (candidate_next(&tried, name, len, &candidate)) {
        if (!function_known(state->env, candidate))
            continue;
        char *kept = eh_arena_copy(state->tree->arena, candidate);
        if (kept == NULL)
            return eh_fail_memory(error);
        call->text = (eh_view){kept, candidate.len};
        if (call->flags & NODE_MEMBER) {
            call->flags &= (uint8_t)~NODE_MEMBER;
            call->children++;
            call->count--;
        }
        return EH_OK;
    }
    return EH_OK;
}

static eh_code node_resolve(name_scope *state, uint32_t index, eh_error *error)
{
    node *of = at_node(state, index);
    switch (of->kind) {
    case NODE_IDENT:
        if (!(of->flags & NODE_ABSOLUTE)) {
            uint32_t found = binding_find(state, of->scope, of->text);
            if (found != NODE_NONE) {
                resolve_as(of, RESOLVED_LOCAL, state->bindings[found].local);
                of->children = found; /* an identifier has none: the checker finds the binding here */
                return EH_OK;
            }
        }
        (void)chain_resolve(state, index);
        return EH_OK;
    case NODE_SELECT:
        if (of->flags == 0 && chain_resolve(state, index)) {
            chain_swallow(state, index);
            return EH_OK;
        }
        tell(state, cel_child(state->tree, of, 0), place_of(state, index));
        return EH_OK;
    case NODE_LOOP:
        return loop_tell(state, index, error);
    case NODE_BIND:
    case NODE_OPTMAP:
        return bind_tell(state, index, error);
    case NODE_BLOCK:
        return block_tell(state, index, error);
    case NODE_CALL:
        EH_TRY(call_resolve(state, index, error));
        break;
    default:
        break;
    }
    for (uint32_t i = 0; i < of->count; i++)
        tell(state, cel_child(state->tree, of, i), place_of(state, index));
    return EH_OK;
}

eh_code cel_names_resolve(name_scope *state, eh_error *error)
{
    ast *tree = state->tree;
    state->locals = EH_TAKE(tree->arena, tree->nodes_count, uint32_t);
    state->depths = EH_TAKE(tree->arena, tree->nodes_count, uint32_t);
    if (state->locals == NULL || state->depths == NULL)
        return eh_fail_memory(error);
    memset(state->locals, 0xFF, tree->nodes_count * sizeof *state->locals);
    tell(state, tree->root, (place){.scope = NODE_NONE});
    for (uint32_t i = tree->nodes_count; i-- > 0;)
        if (state->locals[i] != NODE_NONE)
            EH_TRY(node_resolve(state, i, error));
    return EH_OK;
}
