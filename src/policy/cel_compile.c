/*
 * From nodes to instructions. The tree is walked by an explicit stack: each node is visited again after each of its children and emits what
 * belongs there. The code is made twice: as it is usually run, and with notes of what the boolean parts came to.
 */
#include "policy/cel_int.h"

#include <string.h>

typedef struct {
    uint32_t node, phase;
    uint32_t patch, second_patch; /* instructions whose targets are not known yet */
    loop_info *loop;
} frame;

typedef struct {
    name_scope *names;
    ast *tree;
    eh_arena *arena;
    instruction *code;
    uint32_t code_count, code_capacity;
    uint32_t depth, depth_max; /* of the value stack */
    frame *frames;
    uint32_t frames_count;
    bool parts;                /* with notes */
    const uint32_t *part_of;   /* per node: its part, or NODE_NONE */
    eh_code code_of_failure;
    eh_error *error;
} compiler;

/* ---- emitting --------------------------------------------------------------------------------------------------------------------------- */

static eh_code failed(compiler *state, eh_code code)
{
    if (state->code_of_failure == EH_OK)
        state->code_of_failure = code;
    return code;
}

/* `grows` is by how much the stack does. Returns where the instruction stands. */
static uint32_t emit(compiler *state, instruction made, int grows)
{
    if (state->code_count == state->code_capacity) {
        uint32_t capacity = state->code_capacity == 0 ? 64 : state->code_capacity * 2;
        instruction *larger = EH_TAKE(state->arena, capacity, instruction);
        if (larger == NULL) {
            (void)failed(state, eh_fail_memory(state->error));
            return 0;
        }
        if (state->code_count > 0)
            memcpy(larger, state->code, state->code_count * sizeof *larger);
        state->code = larger;
        state->code_capacity = capacity;
    }
    state->code[state->code_count] = made;
    state->depth = (uint32_t)((int64_t)state->depth + grows);
    if (state->depth > state->depth_max)
        state->depth_max = state->depth;
    return state->code_count++;
}

static void emit_constant(compiler *state, eh_cel_value value)
{
    eh_cel_value *kept = EH_TAKE(state->arena, 1, eh_cel_value);
    if (kept == NULL) {
        (void)failed(state, eh_fail_memory(state->error));
        return;
    }
    *kept = value;
    emit(state, (instruction){.run = cel_op_const, .data = kept}, 1);
}

static void emit_undeclared(compiler *state, eh_view name)
{
    const char *container = state->names->env->options.container;
    const char *text = eh_arena_format(state->arena, "undeclared reference to '%.*s' (in container '%s')", (int)(name.len > 100 ? 100 : name.len),
                                       name.ptr, container == NULL ? "" : container);
    if (text == NULL)
        (void)failed(state, eh_fail_memory(state->error));
    else
        emit_constant(state, cel_error(text));
}

static uint32_t child_of(const compiler *state, const node *of, uint32_t index)
{
    return cel_child(state->tree, of, index);
}

/* ---- calls --------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    cel_operation *run;
    uint32_t b;
} operator_code;

static const operator_code operator_codes[] = {
    {"_==_", cel_op_equal, 0},          {"_!=_", cel_op_not_equal, 0},
    {"_<_", cel_op_compare, ORDER_LESS}, {"_<=_", cel_op_compare, ORDER_LESS | ORDER_EQUAL},
    {"_>_", cel_op_compare, ORDER_GREATER}, {"_>=_", cel_op_compare, ORDER_GREATER | ORDER_EQUAL},
    {"@in", cel_op_in, 0},              {"!_", cel_op_not, 0},
    {"_+_", cel_op_add, 0},             {"_-_", cel_op_subtract, 0},
    {"_*_", cel_op_multiply, 0},
};

static uint32_t kind_mask(char letter)
{
    static const char letters[] = "nbiudsytg";
    static const uint8_t kinds[] = {EH_CEL_NULL, EH_CEL_BOOL, EH_CEL_INT, EH_CEL_UINT, EH_CEL_DOUBLE, EH_CEL_STRING, EH_CEL_BYTES,
                                    EH_CEL_TIMESTAMP, EH_CEL_DURATION};
    const char *at = strchr(letters, letter);
    if (at != NULL)
        return 1u << kinds[at - letters];
    switch (letter) {
    case 'L':
        return 1u << EH_CEL_LIST;
    case 'M':
        return 1u << EH_CEL_MAP;
    case 'T':
        return 1u << EH_CEL_TYPE;
    case 'O':
        return 1u << EH_CEL_OPTIONAL;
    default:
        return (1u << EH_CEL_ERROR) - 1;
    }
}

/* Skips one type of a signature: M has two parameters, L, O and T one. */
static const char *type_skip(const char *at)
{
    for (uint32_t open = 1; open > 0; at++)
        open = open - 1 + (*at == 'M' ? 2 : *at == 'L' || *at == 'O' || *at == 'T' ? 1 : 0);
    return at;
}

static uint32_t signature_masks(const char *signature, uint32_t masks[4])
{
    uint32_t count = 0;
    const char *at = signature + (*signature == '.');
    for (; *at != ':'; at = type_skip(at), count++)
        if (count < 4)
            masks[count] = kind_mask(*at);
    return count;
}

static machine_call *call_make(compiler *state, const node *of, eh_error *error)
{
    const overload *found[OVERLOADS_MAX];
    size_t found_count = cel_overloads_find(of->text, found, OVERLOADS_MAX);
    EH_ASSERT(found_count <= OVERLOADS_MAX);
    machine_call *made = EH_TAKE(state->arena, 1, machine_call);
    const overload **fitting = EH_TAKE(state->arena, found_count + 1, const overload *);
    uint32_t(*masks)[4] = eh_arena_take(state->arena, found_count + 1, sizeof *masks);
    if (made == NULL || fitting == NULL || masks == NULL) {
        (void)failed(state, eh_fail_memory(error));
        return NULL;
    }
    uint32_t count = 0;
    bool member = (of->flags & NODE_MEMBER) != 0;
    for (size_t i = 0; i < found_count; i++) {
        if ((found[i]->signature[0] == '.') != member || found[i]->run == NULL || signature_masks(found[i]->signature, masks[count]) != of->count)
            continue;
        fitting[count++] = found[i];
    }
    *made = (machine_call){.name = of->text, .count = of->count, .overloads_count = count, .overloads = fitting, .masks = (const uint32_t(*)[4])masks};
    return made;
}

/* FACT op CONSTANT in one instruction, when that is what the two newest instructions and the operands are (a branch might end there). */
static bool fuse(compiler *state, const node *of, const operator_code *as)
{
    bool equality = as->run == cel_op_equal || as->run == cel_op_not_equal;
    if (state->code_count < 2 || (as->run != cel_op_compare && !equality))
        return false;
    const node *left = &state->tree->nodes[child_of(state, of, 0)], *right = &state->tree->nodes[child_of(state, of, 1)];
    if (left->resolved != RESOLVED_VARIABLE || right->kind != NODE_CONST)
        return false;
    instruction *fact = &state->code[state->code_count - 2], *constant = &state->code[state->code_count - 1];
    if (fact->run != cel_op_fact || constant->run != cel_op_const || cel_bad(*(const eh_cel_value *)constant->data))
        return false;
    *fact = (instruction){.run = equality ? cel_op_fact_equal : cel_op_fact_compare, .a = fact->a, .data = constant->data,
                          .b = equality ? as->run == cel_op_equal : as->b};
    state->code_count--;
    state->depth--;
    return true;
}

/* text.matches("constant"): the expression is compiled once. */
static bool matches_constant(compiler *state, const node *of)
{
    if (!eh_view_equal(of->text, EH_VIEW("matches")) || of->count != 2)
        return false;
    const node *pattern = &state->tree->nodes[child_of(state, of, 1)];
    if (pattern->kind != NODE_CONST || pattern->constant.kind != EH_CEL_STRING ||
        state->code[state->code_count - 1].run != cel_op_const)
        return false;
    const char *why = NULL;
    const regex *compiled = cel_regex_compile((cel_source){.arena = state->arena}, eh_cel_text(pattern->constant), &why);
    if (compiled == NULL)
        return false;
    state->code[state->code_count - 1] = (instruction){.run = cel_op_matches, .data = compiled};
    state->depth--;
    return true;
}

static void emit_call(compiler *state, const node *of)
{
    int grows = 1 - (int)of->count;
    if (of->flags & NODE_OPERATOR) {
        for (size_t i = 0; i < sizeof operator_codes / sizeof operator_codes[0]; i++) {
            const operator_code *as = &operator_codes[i];
            if (!eh_view_equal(of->text, eh_view_of(as->name)))
                continue;
            if (fuse(state, of, as))
                return;
            bool sum = as->run == cel_op_add || as->run == cel_op_subtract || as->run == cel_op_multiply;
            const machine_call *call = sum ? call_make(state, of, state->error) : NULL;
            emit(state, (instruction){.run = as->run, .b = as->b, .data = call}, grows);
            return;
        }
    } else if (matches_constant(state, of)) {
        return;
    }
    const machine_call *call = call_make(state, of, state->error);
    emit(state, (instruction){.run = cel_op_call, .data = call}, grows);
}

/* ---- nodes: each function is called once per phase and returns the child to visit, or NODE_NONE when the node is done ----------------------------- */

static uint32_t visit_leaf(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    if (of->kind == NODE_CONST || of->resolved == RESOLVED_TYPE)
        emit_constant(state, of->constant);
    else if (of->resolved == RESOLVED_VARIABLE)
        emit(state, (instruction){.run = cel_op_fact, .a = of->slot}, 1);
    else if (of->resolved == RESOLVED_LOCAL)
        emit(state, (instruction){.run = cel_op_local, .a = of->slot}, 1);
    else
        emit_undeclared(state, of->text);
    return NODE_NONE;
}

static uint32_t visit_select(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    if (of->resolved == RESOLVED_VARIABLE || of->resolved == RESOLVED_TYPE)
        return visit_leaf(state, at);
    if (at->phase == 0)
        return child_of(state, of, 0);
    eh_cel_value *key = EH_TAKE(state->arena, 1, eh_cel_value);
    if (key == NULL) {
        (void)failed(state, eh_fail_memory(state->error));
        return NODE_NONE;
    }
    *key = eh_cel_string(of->text);
    emit(state, (instruction){.run = of->flags & NODE_HAS ? cel_op_has : cel_op_select, .a = (of->flags & NODE_OPTIONAL) != 0, .data = key}, 0);
    return NODE_NONE;
}

static uint32_t visit_index(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    if (at->phase < 2)
        return child_of(state, of, at->phase);
    emit(state, (instruction){.run = cel_op_index, .a = (of->flags & NODE_OPTIONAL) != 0}, -1);
    return NODE_NONE;
}

static uint32_t visit_call(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    bool operator = (of->flags & NODE_OPERATOR) != 0;
    if (at->phase == 0 && !operator && cel_overloads_find(of->text, NULL, 0) == 0) {
        emit_undeclared(state, of->text);
        return NODE_NONE;
    }
    if (at->phase < of->count)
        return child_of(state, of, at->phase);
    emit_call(state, of);
    return NODE_NONE;
}

static uint32_t visit_and_or(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    bool and = of->kind == NODE_AND;
    if (at->phase == 0)
        return child_of(state, of, 0);
    if (at->phase == 1) {
        at->patch = emit(state, (instruction){.run = and ? cel_op_and_left : cel_op_or_left}, 0);
        return child_of(state, of, 1);
    }
    emit(state, (instruction){.run = and ? cel_op_and_right : cel_op_or_right}, -1);
    state->code[at->patch].a = state->code_count;
    return NODE_NONE;
}

static uint32_t visit_ternary(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    switch (at->phase) {
    case 0:
        return child_of(state, of, 0);
    case 1:
        at->patch = emit(state, (instruction){.run = cel_op_branch}, -1);
        return child_of(state, of, 1);
    case 2:
        at->second_patch = emit(state, (instruction){.run = cel_op_jump}, -1);
        state->code[at->patch].a = state->code_count;
        return child_of(state, of, 2);
    default:
        state->code[at->patch].b = state->code_count;
        state->code[at->second_patch].a = state->code_count;
        return NODE_NONE;
    }
}

static uint32_t visit_collection(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    if (at->phase < of->count)
        return child_of(state, of, at->phase);
    bool list = of->kind == NODE_LIST;
    emit(state, (instruction){.run = list ? cel_op_list : cel_op_map, .a = list ? of->count : of->count / 2, .data = of->optionals}, 1 - (int)of->count);
    return NODE_NONE;
}

static uint32_t visit_struct(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    const char *text = eh_arena_format(state->arena, "'%.*s' is a message, and messages of protobuf are not supported",
                                       (int)(of->text.len > 100 ? 100 : of->text.len), of->text.ptr);
    if (text == NULL)
        (void)failed(state, eh_fail_memory(state->error));
    else
        emit_constant(state, cel_error(text));
    return NODE_NONE;
}

static uint32_t visit_loop(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    if (at->phase == 0)
        return child_of(state, of, 0);
    uint32_t depth = state->names->depths[at->node];
    if (at->phase == 1) {
        at->loop = EH_TAKE(state->arena, 1, loop_info);
        if (at->loop == NULL) {
            (void)failed(state, eh_fail_memory(state->error));
            return NODE_NONE;
        }
        *at->loop = (loop_info){.kind = of->loop, .flags = of->flags, .local = state->names->locals[at->node]};
        emit(state, (instruction){.run = cel_op_loop_begin, .a = depth, .data = at->loop}, -1);
        at->loop->next = emit(state, (instruction){.run = cel_op_loop_next, .a = depth, .data = at->loop}, 0);
        return child_of(state, of, 1);
    }
    if (at->phase == 2 && (of->flags & NODE_FILTERED)) {
        emit(state, (instruction){.run = cel_op_loop_filter, .a = depth, .data = at->loop}, -1);
        return child_of(state, of, 2);
    }
    emit(state, (instruction){.run = cel_op_loop_step, .a = depth, .data = at->loop}, -1);
    at->loop->body = state->code_count - at->loop->next;
    emit(state, (instruction){.run = cel_op_loop_done, .a = depth, .data = at->loop}, 1);
    at->loop->end = state->code_count;
    return NODE_NONE;
}

static uint32_t visit_bind(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    uint32_t local = state->names->locals[at->node];
    /* cel.bind has one item, cel.block many; an error in an item is an error only where the item is used */
    if (at->phase > 0 && at->phase < of->count)
        emit(state, (instruction){.run = cel_op_store, .a = local + at->phase - 1}, -1);
    return at->phase < of->count ? child_of(state, of, at->phase) : NODE_NONE;
}

static uint32_t visit_optmap(compiler *state, frame *at)
{
    const node *of = &state->tree->nodes[at->node];
    if (at->phase == 0)
        return child_of(state, of, 0);
    if (at->phase == 1) {
        at->patch = emit(state, (instruction){.run = cel_op_optmap, .a = state->names->locals[at->node]}, -1);
        return child_of(state, of, 1);
    }
    emit(state, (instruction){.run = cel_op_optional, .a = (of->flags & NODE_FLAT) != 0}, 0);
    state->code[at->patch].b = state->code_count;
    return NODE_NONE;
}

typedef uint32_t visitor(compiler *state, frame *at);

static visitor *const visitors[] = {
    [NODE_CONST] = visit_leaf,   [NODE_IDENT] = visit_leaf,      [NODE_SELECT] = visit_select,    [NODE_INDEX] = visit_index,
    [NODE_CALL] = visit_call,    [NODE_AND] = visit_and_or,      [NODE_OR] = visit_and_or,        [NODE_TERNARY] = visit_ternary,
    [NODE_LIST] = visit_collection, [NODE_MAP] = visit_collection, [NODE_STRUCT] = visit_struct,  [NODE_LOOP] = visit_loop,
    [NODE_BIND] = visit_bind,    [NODE_BLOCK] = visit_bind,      [NODE_OPTMAP] = visit_optmap,
};

static eh_code code_make(compiler *state, instruction **code_out)
{
    state->code = NULL;
    state->code_count = state->code_capacity = state->depth = 0;
    state->frames_count = 1;
    state->frames[0] = (frame){.node = state->tree->root};
    while (state->frames_count > 0 && state->code_of_failure == EH_OK) {
        frame *at = &state->frames[state->frames_count - 1];
        uint32_t child = visitors[state->tree->nodes[at->node].kind](state, at);
        at->phase++;
        if (child != NODE_NONE) {
            state->frames[state->frames_count++] = (frame){.node = child};
            continue;
        }
        if (state->parts && state->part_of[at->node] != NODE_NONE)
            emit(state, (instruction){.run = cel_op_part, .a = state->part_of[at->node]}, 0);
        state->frames_count--;
    }
    emit(state, (instruction){.run = cel_op_end}, 0);
    *code_out = state->code;
    return state->code_of_failure;
}

/* ---- parts ------------------------------------------------------------------------------------------------------------------------------------------ */

/* Is it, by its form, a truth value that somebody may want to see? Names and constants alone are not. */
static bool is_part(const node *of)
{
    static const char *const boolean_calls[] = {"_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in", "!_", "contains", "startsWith", "endsWith",
                                                "matches", "hasValue"};
    if (of->kind == NODE_AND || of->kind == NODE_OR)
        return true;
    if (of->kind == NODE_SELECT)
        return (of->flags & NODE_HAS) != 0;
    if (of->kind == NODE_LOOP)
        return of->loop <= LOOP_EXISTS_ONE;
    for (size_t i = 0; of->kind == NODE_CALL && i < sizeof boolean_calls / sizeof boolean_calls[0]; i++)
        if (eh_view_equal(of->text, eh_view_of(boolean_calls[i])))
            return true;
    return false;
}

/* A name or a field where a truth value is wanted: a side of && and ||, what ! turns round, what ?: asks. */
static void mark_operands(const ast *tree, const node *of, bool *wanted)
{
    uint32_t sides = of->kind == NODE_AND || of->kind == NODE_OR ? 2 : of->kind == NODE_TERNARY ? 1 : 0;
    if (of->kind == NODE_CALL && eh_view_equal(of->text, EH_VIEW("!_")))
        sides = 1;
    for (uint32_t i = 0; i < sides; i++)
        wanted[cel_child(tree, of, i)] = true;
}

static eh_code parts_find(compiler *state, eh_cel_program *program)
{
    const ast *tree = state->tree;
    uint32_t *part_of = EH_TAKE(state->arena, tree->nodes_count, uint32_t);
    bool *wanted = EH_TAKE(state->arena, tree->nodes_count, bool);
    eh_cel_part *parts = EH_TAKE(state->arena, tree->nodes_count, eh_cel_part);
    if (part_of == NULL || wanted == NULL || parts == NULL)
        return eh_fail_memory(state->error);
    memset(part_of, 0xFF, tree->nodes_count * sizeof *part_of);
    wanted[tree->root] = true;
    for (uint32_t i = tree->nodes_count; i-- > 0;) {
        const node *of = &tree->nodes[i];
        if (state->names->locals[i] == NODE_NONE)
            continue;
        mark_operands(tree, of, wanted);
        if (!is_part(of) && !(wanted[i] && of->kind != NODE_CONST))
            continue;
        eh_cel_part *part = &parts[program->parts_count];
        part->text = (eh_view){tree->text.ptr + of->start, of->end - of->start};
        cel_place(tree->text, of->start, &part->line, &part->column);
        part_of[i] = program->parts_count++;
    }
    program->parts = parts;
    state->part_of = part_of;
    return EH_OK;
}

/* ---- what a program needs and costs -------------------------------------------------------------------------------------------------------------------- */

static eh_code slots_find(compiler *state, eh_cel_program *program)
{
    const ast *tree = state->tree;
    bool *read = EH_TAKE(state->arena, state->names->env->variables_count, bool);
    uint32_t *slots = EH_TAKE(state->arena, state->names->env->variables_count, uint32_t);
    if (read == NULL || slots == NULL)
        return eh_fail_memory(state->error);
    for (uint32_t i = 0; i < tree->nodes_count; i++)
        if (state->names->locals[i] != NODE_NONE && tree->nodes[i].resolved == RESOLVED_VARIABLE)
            read[tree->nodes[i].slot] = true;
    for (uint32_t i = 0; i < state->names->env->variables_count; i++)
        if (read[i])
            slots[program->slots_count++] = i;
    program->slots = slots;
    return EH_OK;
}

/* Every instruction once, those inside n loops EH_CEL_ASSUMED_ITEMS^n times, calls of functions that look at whole texts or lists more. */
static uint64_t cost_estimate(const compiler *state)
{
    uint64_t cost = 0;
    for (uint32_t i = 0; i < state->tree->nodes_count; i++) {
        if (state->names->locals[i] == NODE_NONE)
            continue;
        uint64_t times = 1;
        for (uint32_t depth = 0; depth < state->names->depths[i] && times < UINT32_MAX; depth++)
            times *= EH_CEL_ASSUMED_ITEMS;
        const node *of = &state->tree->nodes[i];
        bool heavy = of->kind == NODE_CALL && (of->flags & NODE_OPERATOR) == 0;
        cost += times * (heavy ? 1 + EH_CEL_ASSUMED_ITEMS / 10 : 1);
    }
    return cost;
}

eh_code eh_cel_compile(eh_cel_env *env, eh_view text, eh_arena *arena, const eh_cel_program **program_out, eh_error *error)
{
    ast *tree = EH_TAKE(arena, 1, ast);
    name_scope *named = EH_TAKE(arena, 1, name_scope);
    eh_cel_program *program = EH_TAKE(arena, 1, eh_cel_program);
    if (tree == NULL || named == NULL || program == NULL)
        return eh_fail_memory(error);
    *tree = (ast){.text = text, .arena = arena, .macros_disabled = env->options.macros_disabled};
    EH_TRY(cel_parse(tree, error));
    *named = (name_scope){.env = env, .tree = tree};
    EH_TRY(cel_names_resolve(named, error));
    *program = (eh_cel_program){.env = env, .text = text, .tree = tree, .type_text = "dyn"};
    if (env->options.check) {
        type_mark before = cel_type_mark(env->types);
        eh_code checked = cel_check(named, error);
        if (checked != EH_OK) {
            cel_type_undo(env->types, before);
            return checked;
        }
        EH_CLEANUP(eh_buffer_dispose) eh_buffer type_text = {0};
        cel_type_text(env->types, tree->nodes[tree->root].type, &type_text);
        cel_type_undo(env->types, before);
        EH_TRY(eh_buffer_check(&type_text, error));
        program->type_text = eh_arena_copy(arena, eh_buffer_view(&type_text));
        if (program->type_text == NULL)
            return eh_fail_memory(error);
    }
    compiler state = {.names = named, .tree = tree, .arena = arena, .error = error};
    state.frames = EH_TAKE(arena, tree->nodes_count + 1, frame);
    if (state.frames == NULL)
        return eh_fail_memory(error);
    EH_TRY(parts_find(&state, program));
    EH_TRY(slots_find(&state, program));
    instruction *code = NULL, *parts_code = NULL;
    EH_TRY(code_make(&state, &code));
    program->code_count = state.code_count;
    state.parts = true;
    EH_TRY(code_make(&state, &parts_code));
    program->code = code;
    program->parts_code = parts_code;
    program->stack_max = state.depth_max + 1;
    program->locals_max = named->locals_max + 2;
    program->loops_max = named->loops_max + 1;
    program->cost_max = cost_estimate(&state);
    *program_out = program;
    return EH_OK;
}

/* ---- asking a program -------------------------------------------------------------------------------------------------------------------------------------- */

const char *eh_cel_program_type(const eh_cel_program *program)
{
    return program->type_text;
}

void eh_cel_program_type_json(const eh_cel_program *program, eh_json_writer *out, const char *key)
{
    type_table *types = program->env->types;
    type_mark before = cel_type_mark(types);
    uint32_t found = cel_type_parse(types, eh_view_of(program->type_text));
    cel_type_json(types, found == NODE_NONE ? TYPE_DYN : found, out, key);
    cel_type_undo(types, before);
}

const uint32_t *eh_cel_program_slots(const eh_cel_program *program, size_t *count_out)
{
    *count_out = program->slots_count;
    return program->slots;
}

uint64_t eh_cel_program_cost_max(const eh_cel_program *program)
{
    return program->cost_max;
}

const eh_cel_part *eh_cel_program_parts(const eh_cel_program *program, size_t *count_out)
{
    *count_out = program->parts_count;
    return program->parts;
}
