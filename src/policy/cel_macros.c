/* Macros: calls that mean a node of their own. Also those of the extensions: comprehensions with two variables, optMap, cel.bind, cel.block. */
#include "policy/cel_int.h"

#include <string.h>

/* The call that is looked at. */
typedef struct {
    ast *tree;
    uint32_t call;
    eh_error *error;
} macro_call;

static node *of_call(const macro_call *use)
{
    return &use->tree->nodes[use->call];
}

static node *argument(const macro_call *use, uint32_t index)
{
    return &use->tree->nodes[cel_child(use->tree, of_call(use), index)];
}

static eh_code wrong(const macro_call *use, const node *where, const char *why)
{
    return cel_fail_at(use->tree->text, where->at, use->error, EH_INPUT, "%.*s: %s", (int)of_call(use)->text.len, of_call(use)->text.ptr, why);
}

/* A plain name without dots, as the variable of a comprehension must be. */
static bool variable_name(const node *of, eh_view *name_out)
{
    if (of->kind != NODE_IDENT || (of->flags & NODE_ABSOLUTE))
        return false;
    *name_out = of->text;
    return true;
}

/* Children of the call become those from `first` on; the variables go. */
static void children_keep(const macro_call *use, uint32_t first, uint32_t target)
{
    node *call = of_call(use);
    uint32_t *children = use->tree->children + call->children;
    uint32_t kept = 0;
    if (target != NODE_NONE)
        children[kept++] = children[target];
    for (uint32_t i = first; i < call->count; i++)
        children[kept++] = children[i];
    call->count = kept;
}

static eh_code has_apply(const macro_call *use)
{
    node *call = of_call(use), *of = argument(use, 0);
    if (of->kind == NODE_INDEX && (of->flags & NODE_OPTIONAL) == 0)
        return wrong(use, of, "takes a field, such as has(a.b); whether a list has an item is asked with 'in' or size()");
    if (of->kind != NODE_SELECT || (of->flags & NODE_HAS))
        return wrong(use, of, "takes a field, such as has(a.b)");
    call->kind = NODE_SELECT;
    call->flags = (uint8_t)(NODE_HAS | (of->flags & NODE_OPTIONAL));
    call->text = of->text;
    call->at = of->at;
    use->tree->children[call->children] = cel_child(use->tree, of, 0);
    call->count = 1;
    /* The field itself is asked about and never read: its node has no parent any more. */
    of->kind = NODE_CONST;
    of->count = 0;
    return EH_OK;
}

typedef struct {
    const char *name;
    uint8_t count;    /* arguments without the target */
    loop_kind loop;
    uint8_t flags;
} comprehension;

static const comprehension comprehensions[] = {
    {"all", 2, LOOP_ALL, 0},
    {"exists", 2, LOOP_EXISTS, 0},
    {"exists_one", 2, LOOP_EXISTS_ONE, 0},
    {"existsOne", 2, LOOP_EXISTS_ONE, 0},
    {"map", 2, LOOP_MAP, 0},
    {"map", 3, LOOP_MAP, NODE_FILTERED},
    {"filter", 2, LOOP_FILTER, 0},
    {"all", 3, LOOP_ALL, NODE_TWO},
    {"exists", 3, LOOP_EXISTS, NODE_TWO},
    {"exists_one", 3, LOOP_EXISTS_ONE, NODE_TWO},
    {"existsOne", 3, LOOP_EXISTS_ONE, NODE_TWO},
    {"transformList", 3, LOOP_MAP, NODE_TWO},
    {"transformList", 4, LOOP_MAP, NODE_TWO | NODE_FILTERED},
    {"transformMap", 3, LOOP_TRANSFORM_MAP, NODE_TWO},
    {"transformMap", 4, LOOP_TRANSFORM_MAP, NODE_TWO | NODE_FILTERED},
    {"transformMapEntry", 3, LOOP_TRANSFORM_ENTRY, NODE_TWO},
    {"transformMapEntry", 4, LOOP_TRANSFORM_ENTRY, NODE_TWO | NODE_FILTERED},
};

static eh_code comprehension_apply(const macro_call *use, const comprehension *as)
{
    node *call = of_call(use);
    eh_view first = {0}, second = {0};
    bool two = (as->flags & NODE_TWO) != 0;
    if (!variable_name(argument(use, 1), &first))
        return wrong(use, argument(use, 1), "the first argument is the name of a variable");
    if (two && !variable_name(argument(use, 2), &second))
        return wrong(use, argument(use, 2), "the second argument is the name of a variable");
    if (two && eh_view_equal(first, second))
        return wrong(use, argument(use, 2), "the two variables need two names");
    if (eh_view_equal(first, EH_VIEW("__result__")) || eh_view_equal(second, EH_VIEW("__result__")))
        return wrong(use, call, "__result__ cannot be the name of a variable");
    children_keep(use, two ? 3 : 2, 0);
    call->kind = NODE_LOOP;
    call->loop = (uint8_t)as->loop;
    call->flags = as->flags;
    call->text = first;
    call->second = second;
    return EH_OK;
}

static eh_code optmap_apply(const macro_call *use)
{
    node *call = of_call(use);
    eh_view name = {0};
    if (!variable_name(argument(use, 1), &name))
        return wrong(use, argument(use, 1), "the first argument is the name of a variable");
    call->flags = eh_view_equal(call->text, EH_VIEW("optFlatMap")) ? NODE_FLAT : 0;
    children_keep(use, 2, 0);
    call->kind = NODE_OPTMAP;
    call->text = name;
    return EH_OK;
}

/* ---- the namespace cel ---------------------------------------------------------------------------------------------------------------- */

static eh_code bind_apply(const macro_call *use)
{
    node *call = of_call(use);
    eh_view name = {0};
    if (!variable_name(argument(use, 1), &name))
        return wrong(use, argument(use, 1), "the first argument is the name of a variable");
    children_keep(use, 2, NODE_NONE);
    call->kind = NODE_BIND;
    call->flags = 0;
    call->text = name;
    return EH_OK;
}

static eh_code block_apply(const macro_call *use)
{
    node *call = of_call(use), *items = argument(use, 1);
    if (items->kind != NODE_LIST || items->optionals != NULL)
        return wrong(use, items, "the first argument is a list of expressions");
    uint32_t count = items->count, body = cel_child(use->tree, call, 2);
    uint32_t *children = EH_TAKE(use->tree->arena, count + 1, uint32_t);
    if (children == NULL)
        return eh_fail_memory(use->error);
    for (uint32_t i = 0; i < count; i++)
        children[i] = cel_child(use->tree, items, i);
    children[count] = body;
    items->count = 0;
    items->kind = NODE_CONST;
    EH_TRY(cel_children_set(use->tree, use->call, children, count + 1, use->error));
    call = of_call(use);
    call->kind = NODE_BLOCK;
    call->flags = 0;
    return EH_OK;
}

/* cel.index(3) is the variable @index3; cel.iterVar(0, 1) is @it:0:1. */
static eh_code generated_name_apply(const macro_call *use, const char *prefix)
{
    node *call = of_call(use);
    int64_t numbers[2] = {0, 0};
    for (uint32_t i = 1; i < call->count; i++) {
        const node *number = argument(use, i);
        if (number->kind != NODE_CONST || number->constant.kind != EH_CEL_INT || number->constant.integer < 0)
            return wrong(use, number, "takes whole numbers");
        numbers[i - 1] = number->constant.integer;
    }
    const char *name = eh_arena_format(use->tree->arena, "%s%lld:%lld", prefix, (long long)numbers[0], (long long)numbers[1]);
    if (name == NULL)
        return eh_fail_memory(use->error);
    call->kind = NODE_IDENT;
    call->flags = 0;
    call->count = 0;
    call->text = eh_view_of(name);
    return EH_OK;
}

static eh_code cel_namespace_apply(const macro_call *use)
{
    node *call = of_call(use);
    uint32_t count = call->count - 1;
    if (eh_view_equal(call->text, EH_VIEW("bind")) && count == 3)
        return bind_apply(use);
    if (eh_view_equal(call->text, EH_VIEW("block")) && count == 2)
        return block_apply(use);
    if (eh_view_equal(call->text, EH_VIEW("index")) && count == 1)
        return generated_name_apply(use, "@index");
    if (eh_view_equal(call->text, EH_VIEW("iterVar")) && count == 2)
        return generated_name_apply(use, "@it:");
    if (eh_view_equal(call->text, EH_VIEW("accuVar")) && count == 2)
        return generated_name_apply(use, "@ac:");
    return EH_OK;
}

eh_code cel_macro_apply(ast *tree, uint32_t call_index, eh_error *error)
{
    macro_call use = {tree, call_index, error};
    const node *call = of_call(&use);
    if ((call->flags & NODE_MEMBER) == 0)
        return eh_view_equal(call->text, EH_VIEW("has")) && call->count == 1 ? has_apply(&use) : EH_OK;
    const node *target = argument(&use, 0);
    if (target->kind == NODE_IDENT && eh_view_equal(target->text, EH_VIEW("cel")))
        return cel_namespace_apply(&use);
    if ((eh_view_equal(call->text, EH_VIEW("optMap")) || eh_view_equal(call->text, EH_VIEW("optFlatMap"))) && call->count == 3)
        return optmap_apply(&use);
    for (size_t i = 0; i < sizeof comprehensions / sizeof comprehensions[0]; i++)
        if (call->count == (uint32_t)comprehensions[i].count + 1 && eh_view_equal(call->text, eh_view_of(comprehensions[i].name)))
            return comprehension_apply(&use, &comprehensions[i]);
    return EH_OK;
}
