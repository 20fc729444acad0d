/*
 * CEL's grammar by an explicit stack: operands on one, what is still open (operators, brackets) on the other. Nodes are made when they
 * are complete, so children have lower indices than their parents.
 */
#include "policy/cel_int.h"

#include <string.h>

typedef enum {
    FRAME_ROOT, FRAME_PAREN, FRAME_CALL, FRAME_INDEX, FRAME_LIST, FRAME_MAP, FRAME_STRUCT, /* brackets */
    FRAME_THEN, FRAME_ELSE, FRAME_BINARY, FRAME_UNARY,                                     /* operators */
} frame_kind;

enum { PRECEDENCE_UNARY = 100 };

typedef struct {
    frame_kind kind;
    symbol_kind symbol;
    uint32_t precedence;
    uint32_t start, at;      /* where the whole starts, where the operator or bracket stands */
    uint32_t operands;       /* how many there were when it opened */
    uint32_t marks;          /* how many optional marks there were */
    eh_view text;            /* FRAME_CALL: the name; FRAME_STRUCT: the message's */
    uint8_t flags;
    bool after_key;          /* FRAME_MAP, FRAME_STRUCT: the value comes next */
} frame;

typedef struct {
    uint32_t node, start, end; /* with parentheses */
} operand;

typedef struct {
    ast *tree;
    lexer in;
    token now;
    frame frames[EH_CEL_DEPTH_MAX];
    uint32_t frames_count;
    operand *operands;
    uint32_t operands_count, operands_capacity;
    bool *marks;      /* per element or entry of the open lists and maps: has it a question mark? */
    eh_view *names;   /* per entry of the open messages: its field */
    uint32_t marks_count, marks_capacity;
    bool want_operand;
    bool done;
} parser;

/* ---- nodes -------------------------------------------------------------------------------------------------------------------------- */

static void *grown(eh_arena *arena, void *old, uint32_t count, uint32_t *capacity, size_t size)
{
    uint32_t wanted = *capacity == 0 ? 32 : *capacity * 2;
    void *larger = eh_arena_take(arena, wanted, size);
    if (larger == NULL)
        return NULL;
    if (count > 0)
        memcpy(larger, old, count * size);
    *capacity = wanted;
    return larger;
}

uint32_t cel_node_add(ast *tree, node_kind kind, uint32_t start, uint32_t end)
{
    if (tree->nodes_count == EH_CEL_NODES_MAX)
        return NODE_NONE;
    if (tree->nodes_count == tree->nodes_capacity) {
        node *larger = grown(tree->arena, tree->nodes, tree->nodes_count, &tree->nodes_capacity, sizeof *larger);
        if (larger == NULL)
            return NODE_NONE;
        tree->nodes = larger;
    }
    tree->nodes[tree->nodes_count] = (node){.kind = (uint8_t)kind, .start = start, .end = end, .at = start, .scope = NODE_NONE, .slot = NODE_NONE};
    return tree->nodes_count++;
}

eh_code cel_node_fail(const ast *tree, uint32_t at, eh_error *error)
{
    if (tree->nodes_count >= EH_CEL_NODES_MAX)
        return cel_fail_at(tree->text, at, error, EH_LIMIT, "the expression has more than %d parts", EH_CEL_NODES_MAX);
    return eh_fail_memory(error);
}

eh_code cel_children_set(ast *tree, uint32_t index, const uint32_t *children, uint32_t count, eh_error *error)
{
    while (tree->children_capacity - tree->children_count < count) {
        uint32_t *larger = grown(tree->arena, tree->children, tree->children_count, &tree->children_capacity, sizeof *larger);
        if (larger == NULL)
            return eh_fail_memory(error);
        tree->children = larger;
    }
    tree->nodes[index].children = tree->children_count;
    tree->nodes[index].count = count;
    if (count > 0)
        memcpy(tree->children + tree->children_count, children, count * sizeof *children);
    tree->children_count += count;
    return EH_OK;
}

static eh_code operand_push(parser *state, uint32_t index, uint32_t start, uint32_t end, eh_error *error)
{
    if (index == NODE_NONE)
        return cel_node_fail(state->tree, start, error);
    if (state->operands_count == state->operands_capacity) {
        operand *larger = grown(state->tree->arena, state->operands, state->operands_count, &state->operands_capacity, sizeof *larger);
        if (larger == NULL)
            return eh_fail_memory(error);
        state->operands = larger;
    }
    state->operands[state->operands_count++] = (operand){index, start, end};
    return EH_OK;
}

/* A node over the newest `count` operands, which it replaces. */
static eh_code reduce(parser *state, const node *model, uint32_t count, uint32_t start, eh_error *error)
{
    EH_ASSERT(state->operands_count >= count);
    uint32_t index = cel_node_add(state->tree, (node_kind)model->kind, start, model->end);
    if (index == NODE_NONE)
        return cel_node_fail(state->tree, start, error);
    node *made = &state->tree->nodes[index];
    made->flags = model->flags;
    made->text = model->text;
    made->at = model->at;
    made->optionals = model->optionals;
    made->names = model->names;
    uint32_t *children = EH_TAKE(state->tree->arena, count, uint32_t);
    if (children == NULL)
        return eh_fail_memory(error);
    for (uint32_t i = 0; i < count; i++)
        children[i] = state->operands[state->operands_count - count + i].node;
    EH_TRY(cel_children_set(state->tree, index, children, count, error));
    state->operands_count -= count;
    return operand_push(state, index, start, model->end, error);
}

static operand *newest(parser *state)
{
    EH_ASSERT(state->operands_count > 0);
    return &state->operands[state->operands_count - 1];
}

/* ---- frames ------------------------------------------------------------------------------------------------------------------------- */

static frame *top(parser *state)
{
    return &state->frames[state->frames_count - 1];
}

static eh_code frame_push(parser *state, frame opened, eh_error *error)
{
    if (state->frames_count == EH_CEL_DEPTH_MAX)
        return cel_fail_at(state->tree->text, opened.at, error, EH_LIMIT, "nested deeper than %d levels", EH_CEL_DEPTH_MAX);
    opened.operands = state->operands_count - (opened.kind == FRAME_INDEX || opened.kind == FRAME_BINARY || opened.kind == FRAME_THEN ||
                                               (opened.kind == FRAME_CALL && (opened.flags & NODE_MEMBER)));
    opened.marks = state->marks_count;
    state->frames[state->frames_count++] = opened;
    return EH_OK;
}

static eh_code next(parser *state, eh_error *error)
{
    return cel_token_next(&state->in, &state->now, error);
}

static bool at_symbol(const parser *state, symbol_kind symbol)
{
    return state->now.kind == TOKEN_SYMBOL && state->now.symbol == symbol;
}

static eh_code unexpected(const parser *state, const char *wanted, eh_error *error)
{
    if (state->now.kind == TOKEN_END)
        return cel_fail_at(state->tree->text, state->now.start, error, EH_INPUT, "the expression ends too early: %s", wanted);
    int len = state->now.end - state->now.start > 40 ? 40 : (int)(state->now.end - state->now.start);
    return cel_fail_at(state->tree->text, state->now.start, error, EH_INPUT, "'%.*s' is not expected here: %s", len,
                       state->tree->text.ptr + state->now.start, wanted);
}

static const char *const operator_names[] = {
    [SYMBOL_EQUAL] = "_==_", [SYMBOL_NOT_EQUAL] = "_!=_", [SYMBOL_LESS] = "_<_", [SYMBOL_LESS_EQUAL] = "_<=_",
    [SYMBOL_GREATER] = "_>_", [SYMBOL_GREATER_EQUAL] = "_>=_", [SYMBOL_IN] = "@in", [SYMBOL_ADD] = "_+_", [SYMBOL_SUBTRACT] = "_-_",
    [SYMBOL_MULTIPLY] = "_*_", [SYMBOL_DIVIDE] = "_/_", [SYMBOL_MODULO] = "_%_",
};

static uint32_t precedence_of(symbol_kind symbol)
{
    static const uint8_t precedences[] = {
        [SYMBOL_OR] = 1, [SYMBOL_AND] = 2, [SYMBOL_EQUAL] = 3, [SYMBOL_NOT_EQUAL] = 3, [SYMBOL_LESS] = 3, [SYMBOL_LESS_EQUAL] = 3,
        [SYMBOL_GREATER] = 3, [SYMBOL_GREATER_EQUAL] = 3, [SYMBOL_IN] = 3, [SYMBOL_ADD] = 4, [SYMBOL_SUBTRACT] = 4,
        [SYMBOL_MULTIPLY] = 5, [SYMBOL_DIVIDE] = 5, [SYMBOL_MODULO] = 5,
    };
    return symbol < sizeof precedences ? precedences[symbol] : 0;
}

/* Completes the operator on top of the stack. */
static eh_code frame_reduce(parser *state, eh_error *error)
{
    frame closing = state->frames[--state->frames_count];
    node model = {.kind = NODE_CALL, .at = closing.at, .end = newest(state)->end, .flags = NODE_OPERATOR};
    if (closing.kind == FRAME_UNARY) {
        model.text = closing.symbol == SYMBOL_NOT ? EH_VIEW("!_") : EH_VIEW("-_");
        return reduce(state, &model, 1, closing.start, error);
    }
    if (closing.kind == FRAME_ELSE) {
        model.kind = NODE_TERNARY;
        return reduce(state, &model, 3, closing.start, error);
    }
    EH_ASSERT(closing.kind == FRAME_BINARY);
    if (closing.symbol == SYMBOL_AND || closing.symbol == SYMBOL_OR)
        model.kind = closing.symbol == SYMBOL_AND ? NODE_AND : NODE_OR;
    else
        model.text = eh_view_of(operator_names[closing.symbol]);
    return reduce(state, &model, 2, closing.start, error);
}

/* Completes operators that bind at least as tight as `precedence`. */
static eh_code reduce_tighter(parser *state, uint32_t precedence, eh_error *error)
{
    while (top(state)->kind >= FRAME_BINARY && top(state)->precedence >= precedence)
        EH_TRY(frame_reduce(state, error));
    return EH_OK;
}

/* Completes all operators down to the bracket that is open. */
static eh_code reduce_to_bracket(parser *state, eh_error *error)
{
    while (top(state)->kind > FRAME_STRUCT) {
        if (top(state)->kind == FRAME_THEN)
            return unexpected(state, "after '?' and a value comes ':'", error);
        EH_TRY(frame_reduce(state, error));
    }
    return EH_OK;
}

/* ---- where an operand is wanted -------------------------------------------------------------------------------------------------------- */

static bool reserved(eh_view name)
{
    static const char *const words[] = {"as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop",
                                        "package", "namespace", "return", "var", "void", "while", "true", "false", "null", "in"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (eh_view_equal(name, eh_view_of(words[i])))
            return true;
    return false;
}

static eh_code constant_push(parser *state, eh_cel_value value, uint32_t start, uint32_t end, eh_error *error)
{
    uint32_t index = cel_node_add(state->tree, NODE_CONST, start, end);
    if (index != NODE_NONE)
        state->tree->nodes[index].constant = value;
    state->want_operand = false;
    return operand_push(state, index, start, end, error);
}

static eh_code literal_take(parser *state, uint32_t start, bool negative, eh_error *error)
{
    eh_cel_value value = {0};
    token literal = state->now;
    EH_TRY(cel_literal(&state->in, &literal, negative, &value, error));
    EH_TRY(next(state, error));
    return constant_push(state, value, start, literal.end, error);
}

/* An identifier or the call of a global function. */
static eh_code name_take(parser *state, uint32_t start, bool absolute, eh_error *error)
{
    token name = state->now;
    if (name.kind != TOKEN_IDENT)
        return unexpected(state, "a name comes after '.'", error);
    EH_TRY(next(state, error));
    bool call = at_symbol(state, SYMBOL_PAREN_OPEN);
    if (!absolute && !call && eh_view_equal(name.text, EH_VIEW("true")))
        return constant_push(state, eh_cel_bool(true), start, name.end, error);
    if (!absolute && !call && eh_view_equal(name.text, EH_VIEW("false")))
        return constant_push(state, eh_cel_bool(false), start, name.end, error);
    if (!absolute && !call && eh_view_equal(name.text, EH_VIEW("null")))
        return constant_push(state, eh_cel_null(), start, name.end, error);
    if (reserved(name.text))
        return cel_fail_at(state->tree->text, name.start, error, EH_INPUT, "'%.*s' is a reserved word and cannot be a name", (int)name.text.len, name.text.ptr);
    uint8_t flags = absolute ? NODE_ABSOLUTE : 0;
    if (call) {
        EH_TRY(frame_push(state, (frame){.kind = FRAME_CALL, .start = start, .at = name.start, .text = name.text, .flags = flags}, error));
        return next(state, error);
    }
    uint32_t index = cel_node_add(state->tree, NODE_IDENT, start, name.end);
    if (index != NODE_NONE) {
        state->tree->nodes[index].text = name.text;
        state->tree->nodes[index].flags = flags;
    }
    state->want_operand = false;
    return operand_push(state, index, start, name.end, error);
}

static eh_code mark_push(parser *state, bool optional, eh_view name, eh_error *error)
{
    if (state->marks_count == state->marks_capacity) {
        uint32_t capacity = state->marks_capacity;
        bool *marks = grown(state->tree->arena, state->marks, state->marks_count, &capacity, sizeof *marks);
        eh_view *names = grown(state->tree->arena, state->names, state->marks_count, &state->marks_capacity, sizeof *names);
        if (marks == NULL || names == NULL)
            return eh_fail_memory(error);
        state->marks = marks;
        state->names = names;
    }
    state->marks[state->marks_count] = optional;
    state->names[state->marks_count++] = name;
    return EH_OK;
}

/* At the start of an element, an entry or a field: takes its question mark, and the name of a field. */
static eh_code element_start(parser *state, eh_error *error)
{
    frame *open = top(state);
    if (open->kind != FRAME_LIST && open->kind != FRAME_MAP && open->kind != FRAME_STRUCT)
        return EH_OK;
    bool optional = at_symbol(state, SYMBOL_QUESTION);
    if (optional)
        EH_TRY(next(state, error));
    eh_view name = {0};
    if (open->kind == FRAME_STRUCT) {
        if (state->now.kind != TOKEN_IDENT && state->now.kind != TOKEN_QUOTED)
            return unexpected(state, "the name of a field", error);
        name = state->now.text;
        EH_TRY(next(state, error));
        if (!at_symbol(state, SYMBOL_COLON))
            return unexpected(state, "after the name of a field comes ':'", error);
        EH_TRY(next(state, error));
        open->after_key = true;
    }
    return mark_push(state, optional, name, error);
}

static bool closes(const parser *state, frame_kind kind)
{
    return (kind == FRAME_PAREN && at_symbol(state, SYMBOL_PAREN_CLOSE)) || (kind == FRAME_CALL && at_symbol(state, SYMBOL_PAREN_CLOSE)) ||
           ((kind == FRAME_LIST || kind == FRAME_INDEX) && at_symbol(state, SYMBOL_BRACKET_CLOSE)) ||
           ((kind == FRAME_MAP || kind == FRAME_STRUCT) && at_symbol(state, SYMBOL_BRACE_CLOSE));
}

static eh_code minus_take(parser *state, uint32_t start, eh_error *error)
{
    EH_TRY(next(state, error));
    if (state->now.kind == TOKEN_INT || state->now.kind == TOKEN_DOUBLE)
        return literal_take(state, start, true, error);
    if (top(state)->kind == FRAME_UNARY && top(state)->symbol == SYMBOL_NOT)
        return cel_fail_at(state->tree->text, start, error, EH_INPUT, "'!' and '-' do not stand together; parentheses make clear what is meant");
    return frame_push(state, (frame){.kind = FRAME_UNARY, .symbol = SYMBOL_SUBTRACT, .precedence = PRECEDENCE_UNARY, .start = start, .at = start}, error);
}

static eh_code bracket_close(parser *state, eh_error *error);

static eh_code open_take(parser *state, frame_kind kind, uint32_t start, eh_error *error)
{
    EH_TRY(frame_push(state, (frame){.kind = kind, .start = start, .at = start}, error));
    EH_TRY(next(state, error));
    if (kind != FRAME_PAREN && closes(state, kind))
        return bracket_close(state, error);
    return element_start(state, error);
}

static eh_code operand_take(parser *state, eh_error *error)
{
    uint32_t start = state->now.start;
    if (state->now.kind >= TOKEN_INT && state->now.kind <= TOKEN_BYTES)
        return literal_take(state, start, false, error);
    if (state->now.kind == TOKEN_IDENT)
        return name_take(state, start, false, error);
    symbol_kind symbol = state->now.kind == TOKEN_SYMBOL ? state->now.symbol : SYMBOL_NONE;
    switch (symbol) {
    case SYMBOL_SUBTRACT:
        return minus_take(state, start, error);
    case SYMBOL_NOT:
        if (top(state)->kind == FRAME_UNARY && top(state)->symbol == SYMBOL_SUBTRACT)
            return cel_fail_at(state->tree->text, start, error, EH_INPUT, "'-' and '!' do not stand together");
        EH_TRY(frame_push(state, (frame){.kind = FRAME_UNARY, .symbol = SYMBOL_NOT, .precedence = PRECEDENCE_UNARY, .start = start, .at = start}, error));
        return next(state, error);
    case SYMBOL_PAREN_OPEN:
        return open_take(state, FRAME_PAREN, start, error);
    case SYMBOL_BRACKET_OPEN:
        return open_take(state, FRAME_LIST, start, error);
    case SYMBOL_BRACE_OPEN:
        return open_take(state, FRAME_MAP, start, error);
    case SYMBOL_DOT:
        EH_TRY(next(state, error));
        return name_take(state, start, true, error);
    case SYMBOL_PAREN_CLOSE:
        if (top(state)->kind == FRAME_CALL && state->operands_count == top(state)->operands + ((top(state)->flags & NODE_MEMBER) != 0))
            return bracket_close(state, error);
        break;
    default:
        break;
    }
    return unexpected(state, "a value, a name or '(' is", error);
}

/* ---- where an operator is wanted --------------------------------------------------------------------------------------------------------- */

/* a.b.C before '{': the name of a message. */
static bool message_name(parser *state, eh_view *name_out)
{
    operand *of = newest(state);
    const ast *tree = state->tree;
    uint32_t at = of->node;
    while (tree->nodes[at].kind == NODE_SELECT && tree->nodes[at].flags == 0)
        at = cel_child(tree, &tree->nodes[at], 0);
    if (tree->nodes[at].kind != NODE_IDENT || tree->nodes[of->node].start != of->start || tree->nodes[of->node].end != of->end)
        return false;
    *name_out = (eh_view){tree->text.ptr + of->start, of->end - of->start};
    return true;
}

static eh_code bracket_close(parser *state, eh_error *error)
{
    frame closing = state->frames[--state->frames_count];
    uint32_t end = state->now.end, count = state->operands_count - closing.operands, entries = state->marks_count - closing.marks;
    EH_TRY(next(state, error));
    state->want_operand = false;
    node model = {.end = end, .at = closing.at, .flags = closing.flags, .text = closing.text};
    if (closing.kind == FRAME_PAREN) {
        newest(state)->start = closing.start;
        newest(state)->end = end;
        return EH_OK;
    }
    if (closing.kind == FRAME_LIST || closing.kind == FRAME_MAP || closing.kind == FRAME_STRUCT) {
        bool *optionals = EH_TAKE(state->tree->arena, entries + 1, bool);
        eh_view *names = EH_TAKE(state->tree->arena, entries + 1, eh_view);
        if (optionals == NULL || names == NULL)
            return eh_fail_memory(error);
        bool any = false;
        for (uint32_t i = 0; i < entries; i++) {
            optionals[i] = state->marks[closing.marks + i];
            names[i] = state->names[closing.marks + i];
            any |= optionals[i];
        }
        model.optionals = any ? optionals : NULL;
        model.names = names;
        state->marks_count = closing.marks;
    }
    static const node_kind kinds[] = {[FRAME_CALL] = NODE_CALL, [FRAME_INDEX] = NODE_INDEX, [FRAME_LIST] = NODE_LIST, [FRAME_MAP] = NODE_MAP,
                                      [FRAME_STRUCT] = NODE_STRUCT};
    model.kind = (uint8_t)kinds[closing.kind];
    EH_TRY(reduce(state, &model, count, closing.start, error));
    if (model.kind == NODE_CALL && !state->tree->macros_disabled)
        return cel_macro_apply(state->tree, newest(state)->node, error);
    return EH_OK;
}

static eh_code member_take(parser *state, eh_error *error)
{
    uint32_t start = newest(state)->start, at = state->now.start;
    EH_TRY(next(state, error));
    bool optional = at_symbol(state, SYMBOL_QUESTION);
    if (optional)
        EH_TRY(next(state, error));
    token name = state->now;
    if (name.kind != TOKEN_IDENT && name.kind != TOKEN_QUOTED)
        return unexpected(state, "the name of a field or a function comes after '.'", error);
    if (name.kind == TOKEN_IDENT &&
        (eh_view_equal(name.text, EH_VIEW("true")) || eh_view_equal(name.text, EH_VIEW("false")) || eh_view_equal(name.text, EH_VIEW("null"))))
        return unexpected(state, "a reserved word is no field; write it in backticks", error);
    EH_TRY(next(state, error));
    if (at_symbol(state, SYMBOL_PAREN_OPEN) && name.kind == TOKEN_IDENT && !optional) {
        EH_TRY(frame_push(state, (frame){.kind = FRAME_CALL, .start = start, .at = name.start, .text = name.text, .flags = NODE_MEMBER}, error));
        state->want_operand = true;
        return next(state, error);
    }
    node model = {.kind = NODE_SELECT, .text = name.text, .at = at, .end = name.end};
    model.flags = (uint8_t)((optional ? NODE_OPTIONAL : 0) | (name.kind == TOKEN_QUOTED ? NODE_QUOTED : 0));
    return reduce(state, &model, 1, start, error);
}

static eh_code index_take(parser *state, eh_error *error)
{
    uint32_t start = newest(state)->start, at = state->now.start;
    EH_TRY(next(state, error));
    bool optional = at_symbol(state, SYMBOL_QUESTION);
    if (optional)
        EH_TRY(next(state, error));
    state->want_operand = true;
    return frame_push(state, (frame){.kind = FRAME_INDEX, .start = start, .at = at, .flags = optional ? NODE_OPTIONAL : 0}, error);
}

static eh_code message_take(parser *state, eh_error *error)
{
    eh_view name = {0};
    if (!message_name(state, &name))
        return unexpected(state, "an operator or the end is", error);
    uint32_t start = newest(state)->start;
    state->operands_count--;
    EH_TRY(frame_push(state, (frame){.kind = FRAME_STRUCT, .start = start, .at = state->now.start, .text = name}, error));
    EH_TRY(next(state, error));
    if (closes(state, FRAME_STRUCT))
        return bracket_close(state, error);
    state->want_operand = true;
    return element_start(state, error);
}

static eh_code colon_take(parser *state, eh_error *error)
{
    while (top(state)->kind > FRAME_THEN)
        EH_TRY(frame_reduce(state, error));
    frame *open = top(state);
    if (open->kind == FRAME_THEN)
        open->kind = FRAME_ELSE;
    else if (open->kind == FRAME_MAP && !open->after_key)
        open->after_key = true;
    else
        return unexpected(state, "':' belongs after '?' or the key of a map", error);
    state->want_operand = true;
    return next(state, error);
}

static eh_code comma_take(parser *state, eh_error *error)
{
    EH_TRY(reduce_to_bracket(state, error));
    frame *open = top(state);
    if (open->kind == FRAME_ROOT || open->kind == FRAME_PAREN || open->kind == FRAME_INDEX)
        return unexpected(state, "an operator or the end is", error);
    if (open->kind == FRAME_MAP && !open->after_key)
        return unexpected(state, "after the key of a map comes ':'", error);
    open->after_key = false;
    EH_TRY(next(state, error));
    if (open->kind != FRAME_CALL && closes(state, open->kind))
        return bracket_close(state, error);
    state->want_operand = true;
    return element_start(state, error);
}

static eh_code close_take(parser *state, eh_error *error)
{
    EH_TRY(reduce_to_bracket(state, error));
    if (!closes(state, top(state)->kind))
        return unexpected(state, top(state)->kind == FRAME_ROOT ? "no bracket is open" : "another bracket is open", error);
    if (top(state)->kind == FRAME_MAP && !top(state)->after_key)
        return unexpected(state, "after the key of a map comes ':'", error);
    return bracket_close(state, error);
}

static eh_code question_take(parser *state, eh_error *error)
{
    EH_TRY(reduce_tighter(state, 0, error));
    if (top(state)->kind == FRAME_THEN)
        return unexpected(state, "a choice inside a choice needs parentheses", error);
    EH_TRY(frame_push(state, (frame){.kind = FRAME_THEN, .start = newest(state)->start, .at = state->now.start}, error));
    state->want_operand = true;
    return next(state, error);
}

static eh_code binary_take(parser *state, uint32_t precedence, eh_error *error)
{
    EH_TRY(reduce_tighter(state, precedence, error));
    frame opened = {.kind = FRAME_BINARY, .symbol = state->now.symbol, .precedence = precedence, .start = newest(state)->start, .at = state->now.start};
    EH_TRY(frame_push(state, opened, error));
    state->want_operand = true;
    return next(state, error);
}

static eh_code operator_take(parser *state, eh_error *error)
{
    if (state->now.kind == TOKEN_END) {
        EH_TRY(reduce_to_bracket(state, error));
        if (top(state)->kind != FRAME_ROOT)
            return cel_fail_at(state->tree->text, top(state)->at, error, EH_INPUT, "this bracket is not closed");
        state->done = true;
        return EH_OK;
    }
    symbol_kind symbol = state->now.kind == TOKEN_SYMBOL ? state->now.symbol : SYMBOL_NONE;
    uint32_t precedence = precedence_of(symbol);
    if (precedence > 0)
        return binary_take(state, precedence, error);
    switch (symbol) {
    case SYMBOL_DOT:
        return member_take(state, error);
    case SYMBOL_BRACKET_OPEN:
        return index_take(state, error);
    case SYMBOL_BRACE_OPEN:
        return message_take(state, error);
    case SYMBOL_QUESTION:
        return question_take(state, error);
    case SYMBOL_COLON:
        return colon_take(state, error);
    case SYMBOL_COMMA:
        return comma_take(state, error);
    case SYMBOL_PAREN_CLOSE:
    case SYMBOL_BRACKET_CLOSE:
    case SYMBOL_BRACE_CLOSE:
        return close_take(state, error);
    default:
        return unexpected(state, "an operator or the end is", error);
    }
}

eh_code cel_parse(ast *tree, eh_error *error)
{
    if (tree->text.len > EH_CEL_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "an expression of %zu bytes, at most %d", tree->text.len, EH_CEL_BYTES_MAX);
    if (!eh_utf8_valid(tree->text))
        return eh_fail(error, EH_INPUT, "the expression is not valid UTF-8");
    parser *state = EH_TAKE(tree->arena, 1, parser);
    if (state == NULL)
        return eh_fail_memory(error);
    state->tree = tree;
    state->in = (lexer){.text = tree->text, .arena = tree->arena};
    state->want_operand = true;
    state->frames[state->frames_count++] = (frame){.kind = FRAME_ROOT};
    EH_TRY(next(state, error));
    while (!state->done)
        EH_TRY(state->want_operand ? operand_take(state, error) : operator_take(state, error));
    EH_ASSERT(state->operands_count == 1);
    tree->root = state->operands[0].node;
    return EH_OK;
}
