/*
 * The type checker: children come before their parents, so one pass over the nodes suffices; a comprehension's variables get their types
 * from the range, which comes before the body. Overloads are tried in turn; the one that fits alone decides, several give dyn or what
 * they agree on.
 */
#include "policy/cel_int.h"

#include <string.h>

typedef struct {
    name_scope *names;
    ast *tree;
    type_table *types;
    uint32_t *variable_types; /* per binding */
    eh_error *error;
} checker;

static node *at_node(checker *state, uint32_t index)
{
    return &state->tree->nodes[index];
}

static uint32_t child_type(checker *state, const node *of, uint32_t index)
{
    return cel_type_resolve(state->types, at_node(state, cel_child(state->tree, of, index))->type);
}

static uint32_t fresh(checker *state)
{
    return cel_type_add(state->types, TYPE_PARAM, NODE_NONE, NODE_NONE);
}

static type_kind kind_of(const checker *state, uint32_t index)
{
    return (type_kind)state->types->rows[index].kind;
}

static eh_code fail(checker *state, const node *of, const char *why, uint32_t first, uint32_t second)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer one = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer two = {0};
    if (first != NODE_NONE)
        cel_type_text(state->types, first, &one);
    if (second != NODE_NONE)
        cel_type_text(state->types, second, &two);
    return cel_fail_at(state->tree->text, of->at, state->error, EH_INPUT, "%s%s%s%s", why, one.ptr == NULL ? "" : one.ptr,
                       two.ptr == NULL ? "" : " and ", two.ptr == NULL ? "" : two.ptr);
}

static eh_code no_memory(checker *state)
{
    if (state->types->count >= EH_CEL_TYPES_MAX)
        return eh_fail(state->error, EH_LIMIT, "the expression needs more than %d types", EH_CEL_TYPES_MAX);
    return eh_fail_memory(state->error);
}

/* ---- names ------------------------------------------------------------------------------------------------------------------------------ */

static uint32_t constant_type(checker *state, eh_cel_value value)
{
    static const uint8_t types[] = {[EH_CEL_NULL] = TYPE_NULL, [EH_CEL_BOOL] = TYPE_BOOL, [EH_CEL_INT] = TYPE_INT, [EH_CEL_UINT] = TYPE_UINT,
                                    [EH_CEL_DOUBLE] = TYPE_DOUBLE, [EH_CEL_STRING] = TYPE_STRING, [EH_CEL_BYTES] = TYPE_BYTES};
    if (value.kind != EH_CEL_TYPE)
        return types[value.kind];
    static const struct {
        const char *name;
        uint32_t type;
    } named[] = {{"null_type", TYPE_NULL}, {"bool", TYPE_BOOL}, {"int", TYPE_INT}, {"uint", TYPE_UINT}, {"double", TYPE_DOUBLE},
                 {"string", TYPE_STRING}, {"bytes", TYPE_BYTES}, {"google.protobuf.Timestamp", TYPE_TIMESTAMP},
                 {"google.protobuf.Duration", TYPE_DURATION}};
    for (size_t i = 0; i < sizeof named / sizeof named[0]; i++)
        if (eh_view_equal(eh_cel_text(value), eh_view_of(named[i].name)))
            return cel_type_add(state->types, TYPE_TYPE, named[i].type, NODE_NONE);
    return cel_type_add(state->types, TYPE_TYPE, TYPE_DYN, NODE_NONE);
}

static eh_code name_unknown(checker *state, const node *of)
{
    enum { NAMES_MAX = 256 };
    const char *declared[NAMES_MAX];
    char copy[64];
    size_t count = 0;
    const eh_cel_env *env = state->names->env;
    for (; count < env->variables_count && count < NAMES_MAX; count++)
        declared[count] = env->variables[count].name;
    eh_view whole = {state->tree->text.ptr + of->start, of->end - of->start};
    snprintf(copy, sizeof copy, "%.*s", whole.len > 60 ? 60 : (int)whole.len, whole.ptr);
    const char *nearest = eh_nearest_name(copy, declared, count);
    return cel_fail_at(state->tree->text, of->start, state->error, EH_INPUT, "undeclared reference to '%.*s' (in container '%s')%s%s%s",
                       (int)(of->text.len > 100 ? 100 : of->text.len), of->text.ptr, env->options.container == NULL ? "" : env->options.container,
                       nearest == NULL ? "" : "; do you mean '", nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

static eh_code check_name(checker *state, node *of)
{
    if (of->resolved == RESOLVED_VARIABLE)
        of->type = state->names->env->variables[of->slot].type;
    else if (of->resolved == RESOLVED_LOCAL)
        of->type = state->variable_types[of->children];
    else if (of->resolved == RESOLVED_TYPE || of->kind == NODE_CONST)
        of->type = constant_type(state, of->constant);
    else
        return name_unknown(state, of);
    return EH_OK;
}

/* ---- fields and items ------------------------------------------------------------------------------------------------------------------------ */

static uint32_t optional_of(checker *state, uint32_t of)
{
    return kind_of(state, of) == TYPE_OPTIONAL ? of : cel_type_add(state->types, TYPE_OPTIONAL, of, NODE_NONE);
}

static uint32_t unwrapped(checker *state, uint32_t of, bool *optional)
{
    if (kind_of(state, of) != TYPE_OPTIONAL)
        return of;
    *optional = true;
    return cel_type_resolve(state->types, state->types->rows[of].first);
}

static eh_code check_select(checker *state, node *of)
{
    if (of->resolved == RESOLVED_VARIABLE || of->resolved == RESOLVED_TYPE)
        return check_name(state, of);
    bool optional = (of->flags & NODE_OPTIONAL) != 0;
    uint32_t target = unwrapped(state, child_type(state, of, 0), &optional), result = TYPE_DYN;
    type_kind kind = kind_of(state, target);
    if (kind == TYPE_MAP)
        result = cel_type_resolve(state->types, state->types->rows[target].second);
    else if (kind != TYPE_DYN && kind != TYPE_ANY && kind != TYPE_PARAM && kind != TYPE_ERROR)
        return fail(state, of, "there are no fields in ", target, NODE_NONE);
    if (of->flags & NODE_HAS)
        result = TYPE_BOOL;
    else if (optional)
        result = optional_of(state, result);
    of->type = result;
    return EH_OK;
}

static eh_code check_index(checker *state, node *of)
{
    bool optional = (of->flags & NODE_OPTIONAL) != 0;
    uint32_t target = unwrapped(state, child_type(state, of, 0), &optional), key = child_type(state, of, 1), result = TYPE_DYN;
    type_kind kind = kind_of(state, target);
    bool fits = true;
    if (kind == TYPE_LIST) {
        fits = cel_type_assign(state->types, TYPE_INT, key);
        result = cel_type_resolve(state->types, state->types->rows[target].first);
    } else if (kind == TYPE_MAP) {
        fits = cel_type_assign(state->types, state->types->rows[target].first, key);
        result = cel_type_resolve(state->types, state->types->rows[target].second);
    } else {
        fits = kind == TYPE_DYN || kind == TYPE_ANY || kind == TYPE_PARAM || kind == TYPE_ERROR;
    }
    if (!fits)
        return fail(state, of, "found no matching overload for '_[_]' applied to ", target, key);
    of->type = optional ? optional_of(state, result) : result;
    return EH_OK;
}

/* ---- joining: the types of a list's elements, of a choice's branches -------------------------------------------------------------------------- */

/* Is `a` the same as `b`, or does it say less (dyn somewhere)? */
static bool says_less(const checker *state, uint32_t a, uint32_t b)
{
    enum { OPEN_MAX = 64 };
    uint32_t open[2 * OPEN_MAX], count = 0;
    open[count++] = a;
    open[count++] = b;
    while (count > 0) {
        uint32_t second = cel_type_resolve(state->types, open[--count]), first = cel_type_resolve(state->types, open[--count]);
        if (first == NODE_NONE || second == NODE_NONE || kind_of(state, first) == TYPE_DYN)
            continue;
        if (kind_of(state, second) == TYPE_DYN)
            return false;
        if (first == second || kind_of(state, first) != kind_of(state, second) || kind_of(state, first) == TYPE_PARAM || count + 4 > 2 * OPEN_MAX)
            continue;
        const type_row *one = &state->types->rows[first], *two = &state->types->rows[second];
        open[count++] = one->second;
        open[count++] = two->second;
        open[count++] = one->first;
        open[count++] = two->first;
    }
    return true;
}

/* The type of both when one may stand for the other (the one that says less), else dyn. */
static uint32_t join(checker *state, uint32_t a, uint32_t b)
{
    a = cel_type_resolve(state->types, a);
    b = cel_type_resolve(state->types, b);
    type_kind kind_a = kind_of(state, a), kind_b = kind_of(state, b);
    if (kind_a == TYPE_DYN || kind_b == TYPE_DYN)
        return TYPE_DYN;
    bool turned = (kind_b == TYPE_WRAPPER && kind_a != TYPE_WRAPPER) || (kind_a == TYPE_NULL && kind_b != TYPE_NULL);
    if (turned)
        return cel_type_assign(state->types, b, a) ? b : TYPE_DYN;
    if (!cel_type_assign(state->types, a, b))
        return TYPE_DYN;
    return kind_b == TYPE_NULL || (kind_a == TYPE_WRAPPER && kind_b != TYPE_WRAPPER) || says_less(state, a, b) ? a : b;
}

/* An element with a question mark gives what its optional holds. */
static eh_code element_type(checker *state, const node *of, uint32_t child, bool optional, uint32_t *type_out)
{
    uint32_t found = child_type(state, of, child);
    if (optional) {
        uint32_t held = fresh(state), wanted = cel_type_add(state->types, TYPE_OPTIONAL, held, NODE_NONE);
        if (held == NODE_NONE || wanted == NODE_NONE)
            return no_memory(state);
        if (!cel_type_assign(state->types, wanted, found))
            return fail(state, at_node(state, cel_child(state->tree, of, child)), "after '?' comes an optional, not ", found, NODE_NONE);
        found = cel_type_resolve(state->types, held);
    }
    *type_out = found;
    return EH_OK;
}

static eh_code check_list(checker *state, node *of)
{
    uint32_t items = NODE_NONE;
    for (uint32_t i = 0; i < of->count; i++) {
        uint32_t found = NODE_NONE;
        EH_TRY(element_type(state, of, i, of->optionals != NULL && of->optionals[i], &found));
        items = items == NODE_NONE ? found : join(state, items, found);
    }
    if (items == NODE_NONE)
        items = fresh(state);
    of->type = cel_type_add(state->types, TYPE_LIST, items, NODE_NONE);
    return items == NODE_NONE || of->type == NODE_NONE ? no_memory(state) : EH_OK;
}

static eh_code check_map(checker *state, node *of)
{
    uint32_t keys = NODE_NONE, values = NODE_NONE;
    for (uint32_t i = 0; i < of->count / 2; i++) {
        uint32_t key = child_type(state, of, 2 * i), value = NODE_NONE;
        EH_TRY(element_type(state, of, 2 * i + 1, of->optionals != NULL && of->optionals[i], &value));
        keys = keys == NODE_NONE ? key : join(state, keys, key);
        values = values == NODE_NONE ? value : join(state, values, value);
    }
    if (of->count == 0) {
        keys = fresh(state);
        values = fresh(state);
    }
    of->type = cel_type_add(state->types, TYPE_MAP, keys, values);
    return of->type == NODE_NONE || values == NODE_NONE ? no_memory(state) : EH_OK;
}

/* ---- calls -------------------------------------------------------------------------------------------------------------------------------------- */

/* Tries one overload; the result type, or NODE_NONE. */
static uint32_t overload_try(checker *state, const node *of, const char *signature)
{
    uint32_t parameters[3] = {NODE_NONE, NODE_NONE, NODE_NONE};
    const char *at = signature + (*signature == '.');
    for (uint32_t i = 0; i < of->count; i++) {
        if (*at == ':')
            return NODE_NONE;
        uint32_t wanted = cel_signature_type(state->types, &at, parameters);
        if (wanted == NODE_NONE || !cel_type_assign(state->types, wanted, child_type(state, of, i)))
            return NODE_NONE;
    }
    if (*at != ':')
        return NODE_NONE;
    at++;
    return cel_signature_type(state->types, &at, parameters);
}

static uint32_t declared_copy(checker *state, uint32_t of, uint32_t variables, const uint32_t *fresh_of);

static uint32_t declared_try(checker *state, const node *of, const declared_function *function)
{
    uint32_t fresh_of[16];
    if (function->parameters_count != of->count || function->member != ((of->flags & NODE_MEMBER) != 0) || function->type_variables > 16)
        return NODE_NONE;
    for (uint32_t i = 0; i < function->type_variables; i++)
        fresh_of[i] = fresh(state);
    for (uint32_t i = 0; i < of->count; i++) {
        uint32_t wanted = declared_copy(state, function->parameters[i], function->type_variables, fresh_of);
        if (wanted == NODE_NONE || !cel_type_assign(state->types, wanted, child_type(state, of, i)))
            return NODE_NONE;
    }
    return declared_copy(state, function->result, function->type_variables, fresh_of);
}

/* A declared type with its parameters replaced by fresh ones. A declared parameter's `second` is its number. */
static uint32_t declared_copy(checker *state, uint32_t of, uint32_t variables, const uint32_t *fresh_of)
{
    struct {
        uint32_t of, first, second, phase;
    } open[16];
    uint32_t depth = 0, done = NODE_NONE;
    open[depth].of = of;
    open[depth++].phase = 0;
    while (depth > 0) {
        type_row row = state->types->rows[open[depth - 1].of];
        uint32_t parameters = row.kind == TYPE_MAP ? 2 : row.kind == TYPE_LIST || row.kind == TYPE_OPTIONAL || row.kind == TYPE_TYPE ? 1 : 0;
        uint32_t phase = open[depth - 1].phase++;
        if (phase == 1)
            open[depth - 1].first = done;
        if (phase == 2)
            open[depth - 1].second = done;
        if (phase < parameters && depth < 16) {
            open[depth].of = phase == 0 ? row.first : row.second;
            open[depth++].phase = 0;
            continue;
        }
        if (row.kind == TYPE_PARAM)
            done = row.second < variables ? fresh_of[row.second] : TYPE_DYN;
        else
            done = parameters == 0 ? open[depth - 1].of
                                   : cel_type_add(state->types, (type_kind)row.kind, open[depth - 1].first, parameters > 1 ? open[depth - 1].second : NODE_NONE);
        depth--;
    }
    return done;
}

static eh_code call_wrong(checker *state, const node *of)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer given = {0};
    for (uint32_t i = 0; i < of->count; i++) {
        if (i > 0)
            eh_buffer_text(&given, ", ");
        cel_type_text(state->types, child_type(state, of, i), &given);
    }
    return cel_fail_at(state->tree->text, of->at, state->error, EH_INPUT, "found no matching overload for '%.*s' applied to '(%.200s)'",
                       (int)(of->text.len > 100 ? 100 : of->text.len), of->text.ptr, given.ptr == NULL ? "" : given.ptr);
}

static eh_code check_call(checker *state, node *of)
{
    const overload *found[OVERLOADS_MAX];
    size_t count = cel_overloads_find(of->text, found, OVERLOADS_MAX);
    const eh_cel_env *env = state->names->env;
    uint32_t result = NODE_NONE, fitting = 0;
    type_mark before = cel_type_mark(state->types);
    bool agree = true, member = (of->flags & NODE_MEMBER) != 0, declared = false;
    for (uint32_t i = 0; i < env->functions_count && result == NODE_NONE; i++) {
        if (!eh_view_equal(env->functions[i].name, of->text))
            continue;
        declared = true;
        result = declared_try(state, of, &env->functions[i]);
        if (result == NODE_NONE)
            cel_type_undo(state->types, before);
    }
    if (count == 0 && !declared)
        return cel_fail_at(state->tree->text, of->at, state->error, EH_INPUT, "undeclared reference to '%.*s' (in container '%s')",
                           (int)(of->text.len > 100 ? 100 : of->text.len), of->text.ptr, env->options.container == NULL ? "" : env->options.container);
    for (size_t i = 0; i < count && !(declared && result != NODE_NONE); i++) {
        if ((found[i]->signature[0] == '.') != member)
            continue;
        type_mark here = cel_type_mark(state->types);
        uint32_t as = overload_try(state, of, found[i]->signature);
        if (as == NODE_NONE || fitting > 0) {
            agree &= as == NODE_NONE || kind_of(state, cel_type_resolve(state->types, as)) == kind_of(state, cel_type_resolve(state->types, result));
            cel_type_undo(state->types, here);
        } else {
            result = as; /* what the first that fits binds, stays */
        }
        fitting += as != NODE_NONE;
    }
    if (!agree)
        result = TYPE_DYN;
    if (result == NODE_NONE)
        return call_wrong(state, of);
    of->type = cel_type_resolve(state->types, result);
    return EH_OK;
}

/* ---- the rest ------------------------------------------------------------------------------------------------------------------------------------ */

static eh_code want_bool(checker *state, const node *of, uint32_t child, const char *why)
{
    uint32_t found = child_type(state, of, child);
    if (!cel_type_assign(state->types, TYPE_BOOL, found))
        return fail(state, at_node(state, cel_child(state->tree, of, child)), why, found, NODE_NONE);
    return EH_OK;
}

static eh_code check_logic(checker *state, node *of)
{
    const char *why = of->kind == NODE_AND ? "&& joins truth values, not " : "|| joins truth values, not ";
    EH_TRY(want_bool(state, of, 0, why));
    EH_TRY(want_bool(state, of, 1, why));
    of->type = TYPE_BOOL;
    return EH_OK;
}

static eh_code check_ternary(checker *state, node *of)
{
    EH_TRY(want_bool(state, of, 0, "before '?' stands a truth value, not "));
    uint32_t first = child_type(state, of, 1), second = child_type(state, of, 2);
    type_kind kind_first = kind_of(state, first), kind_second = kind_of(state, second);
    if (kind_first == TYPE_DYN || kind_second == TYPE_DYN)
        of->type = TYPE_DYN;
    else if (kind_second == TYPE_WRAPPER || kind_first == TYPE_NULL)
        of->type = cel_type_assign(state->types, second, first) ? second : NODE_NONE;
    else
        of->type = cel_type_assign(state->types, first, second) ? first : NODE_NONE;
    if (of->type == NODE_NONE)
        return fail(state, of, "found no matching overload for '_?_:_': the two sides are ", first, second);
    return EH_OK;
}

/* The types of a comprehension's variables: set when its range is known, before its body is looked at. */
static eh_code loop_variables(checker *state, uint32_t index)
{
    const node *of = at_node(state, index);
    uint32_t range = child_type(state, of, 0);
    type_kind kind = kind_of(state, range);
    bool two = (of->flags & NODE_TWO) != 0;
    uint32_t first = TYPE_DYN, second = TYPE_DYN;
    if (kind == TYPE_LIST) {
        uint32_t item = state->types->rows[range].first;
        first = two ? TYPE_INT : item;
        second = item;
    } else if (kind == TYPE_MAP) {
        first = state->types->rows[range].first;
        second = state->types->rows[range].second;
    } else if (kind != TYPE_DYN && kind != TYPE_ANY && kind != TYPE_PARAM && kind != TYPE_ERROR) {
        return fail(state, of, "a comprehension goes over a list or a map, not ", range, NODE_NONE);
    }
    for (uint32_t i = 0; i < state->names->bindings_count; i++)
        if (state->names->bindings[i].node == index)
            state->variable_types[i] = state->names->bindings[i].second ? second : first;
    return EH_OK;
}

static eh_code bind_variables(checker *state, uint32_t index, uint32_t item)
{
    const node *of = at_node(state, index);
    uint32_t found = child_type(state, of, item);
    if (of->kind == NODE_OPTMAP) {
        bool optional = false;
        found = unwrapped(state, found, &optional);
        if (!optional && kind_of(state, found) != TYPE_DYN)
            return fail(state, of, "optMap goes into an optional, not ", found, NODE_NONE);
    }
    for (uint32_t i = 0; i < state->names->bindings_count; i++)
        if (state->names->bindings[i].node == index && state->names->bindings[i].block == item)
            state->variable_types[i] = found;
    return EH_OK;
}

static eh_code check_loop(checker *state, node *of)
{
    if (of->loop <= LOOP_EXISTS_ONE || of->loop == LOOP_FILTER || (of->flags & NODE_FILTERED))
        EH_TRY(want_bool(state, of, 1, "a truth value is wanted here, not "));
    uint32_t range = child_type(state, of, 0), body = child_type(state, of, of->count - 1), keys = TYPE_DYN;
    if (kind_of(state, range) == TYPE_MAP)
        keys = state->types->rows[range].first;
    if (kind_of(state, range) == TYPE_LIST)
        keys = of->loop == LOOP_FILTER ? state->types->rows[range].first : TYPE_INT;
    if (of->loop <= LOOP_EXISTS_ONE)
        of->type = TYPE_BOOL;
    else if (of->loop == LOOP_MAP)
        of->type = cel_type_add(state->types, TYPE_LIST, body, NODE_NONE);
    else if (of->loop == LOOP_FILTER)
        of->type = cel_type_add(state->types, TYPE_LIST, keys, NODE_NONE);
    else if (of->loop == LOOP_TRANSFORM_MAP)
        of->type = cel_type_add(state->types, TYPE_MAP, keys, body);
    else
        of->type = body;
    return of->type == NODE_NONE ? no_memory(state) : EH_OK;
}

static eh_code check_optmap(checker *state, node *of)
{
    uint32_t body = child_type(state, of, 1);
    of->type = of->flags & NODE_FLAT ? optional_of(state, body) : cel_type_add(state->types, TYPE_OPTIONAL, body, NODE_NONE);
    return of->type == NODE_NONE ? no_memory(state) : EH_OK;
}

static eh_code check_body(checker *state, node *of)
{
    of->type = child_type(state, of, of->count - 1);
    return EH_OK;
}

static eh_code check_struct(checker *state, node *of)
{
    return cel_fail_at(state->tree->text, of->start, state->error, EH_INPUT, "'%.*s' is a message, and messages of protobuf are not supported",
                       (int)(of->text.len > 100 ? 100 : of->text.len), of->text.ptr);
}

typedef eh_code check_function(checker *state, node *of);
static check_function *const checks[] = {
    [NODE_CONST] = check_name,   [NODE_IDENT] = check_name,   [NODE_SELECT] = check_select, [NODE_INDEX] = check_index,
    [NODE_CALL] = check_call,    [NODE_AND] = check_logic,    [NODE_OR] = check_logic,      [NODE_TERNARY] = check_ternary,
    [NODE_LIST] = check_list,    [NODE_MAP] = check_map,      [NODE_STRUCT] = check_struct, [NODE_LOOP] = check_loop,
    [NODE_BIND] = check_body,    [NODE_BLOCK] = check_body,   [NODE_OPTMAP] = check_optmap,
};

/* Which comprehension or binding becomes known when node i has been checked: the parent for which i is the range or an item. */
static eh_code owners_find(checker *state, uint32_t **owners_out, uint32_t **items_out)
{
    ast *tree = state->tree;
    uint32_t *owners = EH_TAKE(tree->arena, tree->nodes_count, uint32_t), *items = EH_TAKE(tree->arena, tree->nodes_count, uint32_t);
    if (owners == NULL || items == NULL)
        return eh_fail_memory(state->error);
    memset(owners, 0xFF, tree->nodes_count * sizeof *owners);
    for (uint32_t i = 0; i < tree->nodes_count; i++) {
        const node *of = at_node(state, i);
        bool binds = of->kind == NODE_LOOP || of->kind == NODE_BIND || of->kind == NODE_OPTMAP || of->kind == NODE_BLOCK;
        if (!binds || state->names->locals[i] == NODE_NONE)
            continue;
        uint32_t bound = of->kind == NODE_BLOCK ? of->count - 1 : 1;
        for (uint32_t k = 0; k < bound; k++) {
            uint32_t child = cel_child(tree, of, k);
            owners[child] = i;
            items[child] = k;
        }
    }
    *owners_out = owners;
    *items_out = items;
    return EH_OK;
}

eh_code cel_check(name_scope *state_of_names, eh_error *error)
{
    checker state = {.names = state_of_names, .tree = state_of_names->tree, .types = state_of_names->env->types, .error = error};
    uint32_t *owners = NULL, *items = NULL;
    state.variable_types = EH_TAKE(state.tree->arena, state_of_names->bindings_count + 1, uint32_t);
    if (state.variable_types == NULL)
        return eh_fail_memory(error);
    EH_TRY(owners_find(&state, &owners, &items));
    for (uint32_t i = 0; i < state.tree->nodes_count; i++) {
        if (state_of_names->locals[i] == NODE_NONE)
            continue;
        node *of = at_node(&state, i);
        EH_TRY(checks[of->kind](&state, of));
        if (of->type == NODE_NONE)
            return no_memory(&state);
        if (owners[i] != NODE_NONE)
            EH_TRY(at_node(&state, owners[i])->kind == NODE_LOOP ? loop_variables(&state, owners[i]) : bind_variables(&state, owners[i], items[i]));
    }
    return EH_OK;
}
