/*
 * What is left of an expression when some facts are known. Parts that read only known facts are evaluated and written as literals; && and ||
 * and ?: go when what is known decides them. All else keeps its text.
 */
#include "policy/cel_int.h"

#include <string.h>

enum { RESIDUAL_ARENA_BYTES_MAX = 64 << 20 };

typedef enum { PART_OPEN, PART_KNOWN, PART_FOLDED } part_state;

typedef struct {
    eh_cel_machine *machine;
    const eh_cel_program *program;
    const ast *tree;
    const eh_cel_value *facts;
    eh_arena *arena;
    uint8_t *states;     /* part_state */
    eh_view *texts;      /* what stands for a node; a NULL pointer: its own text */
    eh_cel_value *bools; /* of a folded node: its value when it is a bool, else kind NULL */
    eh_error *error;
} residual;

static eh_view own_text(const residual *state, uint32_t index)
{
    const node *of = &state->tree->nodes[index];
    return (eh_view){state->tree->text.ptr + of->start, of->end - of->start};
}

static eh_view text_of(const residual *state, uint32_t index)
{
    return state->texts[index].ptr != NULL ? state->texts[index] : own_text(state, index);
}

/* Reads only what is known? */
static bool is_known(const residual *state, const node *of)
{
    if (of->resolved == RESOLVED_LOCAL || of->kind == NODE_STRUCT)
        return false;
    if (of->resolved == RESOLVED_VARIABLE)
        return state->facts[of->slot].kind != EH_CEL_UNKNOWN;
    for (uint32_t i = 0; of->resolved != RESOLVED_TYPE && i < of->count; i++)
        if (state->states[cel_child(state->tree, of, i)] == PART_OPEN)
            return false;
    return true;
}

/* Evaluates a known part and writes its value; an error keeps the text, which says the same. */
static eh_code fold(residual *state, uint32_t index)
{
    const node *of = &state->tree->nodes[index];
    state->states[index] = PART_FOLDED;
    if (of->kind == NODE_CONST) {
        state->bools[index] = of->constant;
        return EH_OK;
    }
    const eh_cel_program *part = NULL;
    eh_cel_env_options kept = state->program->env->options;
    state->program->env->options.check = false;
    eh_code code = eh_cel_compile(state->program->env, own_text(state, index), state->arena, &part, state->error);
    state->program->env->options = kept;
    EH_TRY(code);
    eh_cel_value value = eh_cel_run(state->machine, part, state->facts);
    if (cel_bad(value) || value.kind == EH_CEL_TYPE)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer literal = {0};
    eh_cel_value_literal(value, &literal);
    EH_TRY(eh_buffer_check(&literal, state->error));
    char *text = eh_arena_copy(state->arena, eh_buffer_view(&literal));
    if (text == NULL)
        return eh_fail_memory(state->error);
    state->texts[index] = (eh_view){text, literal.len};
    if (value.kind == EH_CEL_BOOL)
        state->bools[index] = value;
    return EH_OK;
}

/* The child takes the place of its parent: in parentheses, unless it is one word. */
static eh_code promote(residual *state, uint32_t index, uint32_t child)
{
    const node *of = &state->tree->nodes[child];
    bool plain = of->kind <= NODE_INDEX || (of->kind == NODE_CALL && (of->flags & NODE_OPERATOR) == 0);
    eh_view text = text_of(state, child);
    state->texts[index] = text;
    if (plain)
        return EH_OK;
    char *wrapped = EH_TAKE(state->arena, text.len + 2, char);
    if (wrapped == NULL)
        return eh_fail_memory(state->error);
    wrapped[0] = '(';
    memcpy(wrapped + 1, text.ptr, text.len);
    wrapped[text.len + 1] = ')';
    state->texts[index] = (eh_view){wrapped, text.len + 2};
    return EH_OK;
}

/* && and ||: a side that is known decides, or goes. */
static eh_code logic(residual *state, uint32_t index, bool *done_out)
{
    const node *of = &state->tree->nodes[index];
    bool decides = of->kind == NODE_OR;
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t side = cel_child(state->tree, of, i), other = cel_child(state->tree, of, 1 - i);
        if (state->states[side] != PART_FOLDED || state->bools[side].kind != EH_CEL_BOOL)
            continue;
        *done_out = true;
        if (state->bools[side].boolean != decides)
            return promote(state, index, other);
        state->texts[index] = decides ? EH_VIEW("true") : EH_VIEW("false");
        state->states[index] = PART_FOLDED;
        state->bools[index] = eh_cel_bool(decides);
        return EH_OK;
    }
    return EH_OK;
}

static eh_code choice(residual *state, uint32_t index, bool *done_out)
{
    const node *of = &state->tree->nodes[index];
    uint32_t asked = cel_child(state->tree, of, 0);
    if (state->states[asked] != PART_FOLDED || state->bools[asked].kind != EH_CEL_BOOL)
        return EH_OK;
    *done_out = true;
    return promote(state, index, cel_child(state->tree, of, state->bools[asked].boolean ? 1 : 2));
}

/* The node's own text with the new texts of its children in it. */
static eh_code rebuild(residual *state, uint32_t index)
{
    const node *of = &state->tree->nodes[index];
    bool changed = false;
    for (uint32_t i = 0; of->resolved == RESOLVED_NOT && i < of->count; i++)
        changed |= state->texts[cel_child(state->tree, of, i)].ptr != NULL;
    if (!changed)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer made = {.bytes_max = RESIDUAL_ARENA_BYTES_MAX};
    uint32_t at = of->start;
    for (uint32_t i = 0; i < of->count; i++) {
        uint32_t child = cel_child(state->tree, of, i);
        const node *inner = &state->tree->nodes[child];
        eh_buffer_append(&made, (eh_view){state->tree->text.ptr + at, inner->start - at});
        eh_buffer_append(&made, text_of(state, child));
        at = inner->end;
    }
    eh_buffer_append(&made, (eh_view){state->tree->text.ptr + at, of->end - at});
    EH_TRY(eh_buffer_check(&made, state->error));
    char *text = eh_arena_copy(state->arena, eh_buffer_view(&made));
    if (text == NULL)
        return eh_fail_memory(state->error);
    state->texts[index] = (eh_view){text, made.len};
    return EH_OK;
}

static eh_code children_fold(residual *state, const node *of)
{
    for (uint32_t i = 0; of->resolved == RESOLVED_NOT && i < of->count; i++) {
        uint32_t child = cel_child(state->tree, of, i);
        if (state->states[child] == PART_KNOWN)
            EH_TRY(fold(state, child));
    }
    return EH_OK;
}

static eh_code node_reduce(residual *state, uint32_t index)
{
    const node *of = &state->tree->nodes[index];
    if (is_known(state, of)) {
        state->states[index] = PART_KNOWN;
        return EH_OK;
    }
    EH_TRY(children_fold(state, of));
    bool done = false;
    if (of->kind == NODE_AND || of->kind == NODE_OR)
        EH_TRY(logic(state, index, &done));
    else if (of->kind == NODE_TERNARY)
        EH_TRY(choice(state, index, &done));
    return done ? EH_OK : rebuild(state, index);
}

static eh_code reduce_all(residual *state, eh_buffer *text_out)
{
    const ast *tree = state->tree;
    state->states = EH_TAKE(state->arena, tree->nodes_count, uint8_t);
    state->texts = EH_TAKE(state->arena, tree->nodes_count, eh_view);
    state->bools = EH_TAKE(state->arena, tree->nodes_count, eh_cel_value);
    if (state->states == NULL || state->texts == NULL || state->bools == NULL)
        return eh_fail_memory(state->error);
    for (uint32_t i = 0; i < tree->nodes_count; i++)
        EH_TRY(node_reduce(state, i));
    if (state->states[tree->root] == PART_KNOWN)
        EH_TRY(fold(state, tree->root));
    eh_buffer_append(text_out, text_of(state, tree->root));
    return eh_buffer_check(text_out, state->error);
}

eh_code eh_cel_residual(eh_cel_machine *machine, const eh_cel_program *program, const eh_cel_value *facts, eh_buffer *text_out, eh_error *error)
{
    residual state = {.machine = machine, .program = program, .tree = program->tree, .facts = facts, .error = error};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(RESIDUAL_ARENA_BYTES_MAX);
    if (arena == NULL)
        return eh_fail_memory(error);
    state.arena = arena;
    return reduce_all(&state, text_out);
}
