/*
 * The machine: a stack of values and a list of instructions, each a function that returns the next one. What an evaluation makes lives in
 * chunks that are kept and used again, so a run allocates nothing once the chunks are there.
 */
#include "policy/cel_int.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 1 << 16, ERROR_BYTES_MAX = 512 };

struct memory_chunk {
    memory_chunk *next;
    size_t used, capacity;
    _Alignas(max_align_t) char bytes[];
};

/* ---- memory ------------------------------------------------------------------------------------------------------------------------- */

static memory_chunk *chunk_open(size_t capacity)
{
    memory_chunk *made = malloc(sizeof *made + capacity);
    if (made != NULL)
        *made = (memory_chunk){.capacity = capacity};
    return made;
}

/* The next chunk with room, made if there is none. A chunk that is too small stays behind, unused until the next run. */
static bool chunk_advance(eh_cel_machine *machine, size_t bytes)
{
    while (machine->chunk->next != NULL) {
        machine->chunk = machine->chunk->next;
        machine->chunk->used = 0;
        if (machine->chunk->capacity >= bytes)
            return true;
    }
    memory_chunk *added = chunk_open(bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES);
    if (added == NULL)
        return false;
    machine->chunk->next = added;
    machine->chunk = added;
    return true;
}

void *cel_take(eh_cel_machine *machine, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > EH_CEL_MEMORY_BYTES_MAX)
        bytes = EH_CEL_MEMORY_BYTES_MAX;
    bytes = (bytes + 16) / 16 * 16;
    machine->memory_used += bytes;
    bool room = machine->memory_used <= EH_CEL_MEMORY_BYTES_MAX &&
                (machine->chunk->capacity - machine->chunk->used >= bytes || chunk_advance(machine, bytes));
    if (!room) {
        machine->stopped = true;
        return NULL;
    }
    void *piece = machine->chunk->bytes + machine->chunk->used;
    machine->chunk->used += bytes;
    memset(piece, 0, bytes);
    return piece;
}

bool cel_spend(eh_cel_machine *machine, uint64_t cost)
{
    machine->cost += cost;
    if (machine->cost <= machine->cost_max)
        return true;
    machine->stopped = true;
    return false;
}

eh_cel_value cel_error_format(eh_cel_machine *machine, const char *format, ...)
{
    char text[ERROR_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t kept = len < 0 ? 0 : (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    while (kept > 0 && len >= (int)sizeof text && ((unsigned char)text[kept - 1] & 0xC0) == 0x80)
        kept--;
    char *copy = cel_take(machine, kept + 1, 1);
    if (copy == NULL)
        return cel_error_memory(machine);
    memcpy(copy, text, kept);
    return cel_view_value(EH_CEL_ERROR, copy, kept);
}

eh_cel_value cel_error_memory(eh_cel_machine *machine)
{
    machine->stopped = true;
    return cel_error("the evaluation needs more memory than the limit allows");
}

eh_cel_value cel_error_cost(eh_cel_machine *machine)
{
    machine->stopped = true;
    return cel_error("the evaluation costs more than the limit allows");
}

/* ---- machines ------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_cel_machine_open(const eh_cel_machine_options *options, eh_cel_machine **machine_out, eh_error *error)
{
    eh_cel_machine *machine = calloc(1, sizeof *machine);
    if (machine == NULL)
        return eh_fail_memory(error);
    machine->cost_max = EH_CEL_COST_MAX;
    if (options != NULL && options->cost_max > 0 && options->cost_max < EH_CEL_COST_MAX)
        machine->cost_max = options->cost_max;
    machine->chunks = chunk_open(CHUNK_BYTES);
    machine->chunk = machine->chunks;
    machine->zones = options != NULL ? options->zones : NULL;
    eh_code code = machine->chunks == NULL ? eh_fail_memory(error) : EH_OK;
    if (code == EH_OK && machine->zones == NULL) {
        code = eh_zones_open(&machine->own_zones, error);
        machine->zones = machine->own_zones;
    }
    if (code != EH_OK) {
        eh_cel_machine_close(&machine);
        return code;
    }
    *machine_out = machine;
    return EH_OK;
}

void eh_cel_machine_close(eh_cel_machine **machine)
{
    if (machine == NULL || *machine == NULL)
        return;
    for (memory_chunk *each = (*machine)->chunks; each != NULL;) {
        memory_chunk *next = each->next;
        free(each);
        each = next;
    }
    eh_zones_close(&(*machine)->own_zones);
    free((*machine)->stack);
    free((*machine)->locals);
    free((*machine)->loops);
    free(*machine);
    *machine = NULL;
}

uint64_t eh_cel_machine_cost(const eh_cel_machine *machine)
{
    return machine->cost;
}

static bool room_make(void **room, uint32_t *capacity, uint32_t wanted, size_t size)
{
    if (*capacity >= wanted && *room != NULL)
        return true;
    void *larger = calloc((size_t)wanted + 8, size);
    if (larger == NULL)
        return false;
    free(*room);
    *room = larger;
    *capacity = wanted;
    return true;
}

static bool rooms_make(eh_cel_machine *machine, const eh_cel_program *program)
{
    if (__builtin_expect(machine->stack_capacity > program->stack_max && machine->locals_capacity > program->locals_max &&
                         machine->loops_capacity > program->loops_max, 1))
        return true;
    return room_make((void **)&machine->stack, &machine->stack_capacity, program->stack_max + 16, sizeof *machine->stack) &&
           room_make((void **)&machine->locals, &machine->locals_capacity, program->locals_max + 16, sizeof *machine->locals) &&
           room_make((void **)&machine->loops, &machine->loops_capacity, program->loops_max + 4, sizeof *machine->loops);
}

static eh_cel_value run(eh_cel_machine *machine, const eh_cel_program *program, const instruction *code, const eh_cel_value *facts)
{
    if (!rooms_make(machine, program))
        return cel_error("no memory left");
    machine->top = machine->stack;
    machine->facts = facts;
    machine->program = program;
    machine->code = code;
    machine->cost = program->code_count;
    machine->stopped = false;
    machine->chunk = machine->chunks;
    machine->chunk->used = 0;
    machine->memory_used = 0;
    for (const instruction *at = code; at != NULL;)
        at = at->run(machine, at);
    if (machine->stopped)
        return machine->cost > machine->cost_max ? cel_error_cost(machine) : cel_error_memory(machine);
    EH_ASSERT(machine->top == machine->stack + 1);
    return machine->stack[0];
}

eh_cel_value eh_cel_run(eh_cel_machine *machine, const eh_cel_program *program, const eh_cel_value *facts)
{
    machine->parts = NULL;
    return run(machine, program, program->code, facts);
}

eh_cel_value eh_cel_run_parts(eh_cel_machine *machine, const eh_cel_program *program, const eh_cel_value *facts, uint8_t *parts_out)
{
    machine->parts = parts_out;
    return run(machine, program, program->parts_code, facts);
}

/* ---- instructions ----------------------------------------------------------------------------------------------------------------------- */

const instruction *cel_halt(eh_cel_machine *machine)
{
    machine->stopped = true;
    return NULL;
}

const instruction *cel_op_end(eh_cel_machine *machine, const instruction *at)
{
    (void)machine;
    (void)at;
    return NULL;
}

const instruction *cel_op_const(eh_cel_machine *machine, const instruction *at)
{
    return cel_push(machine, at, *(const eh_cel_value *)at->data);
}

const instruction *cel_op_fact(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value value = machine->facts[at->a];
    if (__builtin_expect(value.kind == EH_CEL_UNKNOWN, 0))
        value.slot = at->a;
    return cel_push(machine, at, value);
}

const instruction *cel_op_local(eh_cel_machine *machine, const instruction *at)
{
    return cel_push(machine, at, machine->locals[at->a]);
}

const instruction *cel_op_store(eh_cel_machine *machine, const instruction *at)
{
    machine->locals[at->a] = *--machine->top;
    return at + 1;
}

const instruction *cel_op_jump(eh_cel_machine *machine, const instruction *at)
{
    return machine->code + at->a;
}

const instruction *cel_op_part(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value value = machine->top[-1];
    machine->parts[at->a] |= (uint8_t)(value.kind != EH_CEL_BOOL ? EH_CEL_PART_ERROR : value.boolean ? EH_CEL_PART_TRUE : EH_CEL_PART_FALSE);
    return at + 1;
}

/* && and ||: the side that decides wins over an error on the other side; an unknown wins over an error. */
static const instruction *left_side(eh_cel_machine *machine, const instruction *at, bool decides)
{
    eh_cel_value *left = machine->top - 1;
    if (left->kind == EH_CEL_BOOL)
        return left->boolean == decides ? machine->code + at->a : at + 1;
    if (!cel_bad(*left))
        *left = cel_error(CEL_NO_OVERLOAD);
    return at + 1;
}

static const instruction *right_side(eh_cel_machine *machine, const instruction *at, bool decides)
{
    eh_cel_value right = *--machine->top, *left = machine->top - 1;
    if (right.kind == EH_CEL_BOOL) {
        if (right.boolean == decides || left->kind == EH_CEL_BOOL)
            *left = right;
        return at + 1;
    }
    if (!cel_bad(right))
        right = cel_error(CEL_NO_OVERLOAD);
    if (left->kind == EH_CEL_BOOL || (left->kind == EH_CEL_ERROR && right.kind == EH_CEL_UNKNOWN))
        *left = right;
    return at + 1;
}

const instruction *cel_op_and_left(eh_cel_machine *machine, const instruction *at)
{
    return left_side(machine, at, false);
}

const instruction *cel_op_and_right(eh_cel_machine *machine, const instruction *at)
{
    return right_side(machine, at, false);
}

const instruction *cel_op_or_left(eh_cel_machine *machine, const instruction *at)
{
    return left_side(machine, at, true);
}

const instruction *cel_op_or_right(eh_cel_machine *machine, const instruction *at)
{
    return right_side(machine, at, true);
}

/* a: where the other branch starts; b: where the whole ends */
const instruction *cel_op_branch(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value condition = *--machine->top;
    if (condition.kind == EH_CEL_BOOL)
        return condition.boolean ? at + 1 : machine->code + at->a;
    *machine->top++ = cel_bad(condition) ? condition : cel_error(CEL_NO_OVERLOAD);
    return machine->code + at->b;
}

const instruction *cel_op_not(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value *value = machine->top - 1;
    if (value->kind == EH_CEL_BOOL)
        value->boolean = !value->boolean;
    else if (!cel_bad(*value))
        *value = cel_error(CEL_NO_OVERLOAD);
    return at + 1;
}

/* ---- calls -------------------------------------------------------------------------------------------------------------------------------- */

static eh_cel_value call(eh_cel_machine *machine, const machine_call *of, const eh_cel_value *arguments)
{
    for (uint32_t i = 0; i < of->overloads_count; i++) {
        bool fits = true;
        for (uint32_t k = 0; k < of->count && k < 4; k++)
            fits &= (of->masks[i][k] >> arguments[k].kind & 1) != 0;
        if (fits)
            return of->overloads[i]->run(machine, arguments, of->count);
    }
    return cel_error(CEL_NO_OVERLOAD);
}

const instruction *cel_op_call(eh_cel_machine *machine, const instruction *at)
{
    const machine_call *of = at->data;
    eh_cel_value *arguments = machine->top - of->count;
    const eh_cel_value *bad = cel_first_bad(arguments, of->count);
    eh_cel_value result = bad != NULL ? *bad : call(machine, of, arguments);
    if (machine->stopped)
        return cel_halt(machine);
    machine->top = arguments;
    return cel_push(machine, at, result);
}

const instruction *cel_op_matches(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value *text = machine->top - 1;
    if (cel_bad(*text))
        return at + 1;
    bool failed = false;
    if (text->kind == EH_CEL_STRING)
        *text = eh_cel_bool(cel_regex_match(machine, at->data, eh_cel_text(*text), &failed));
    else
        *text = cel_error(CEL_NO_OVERLOAD);
    return failed || machine->stopped ? cel_halt(machine) : at + 1;
}

/* ---- fields and items ------------------------------------------------------------------------------------------------------------------------ */

static eh_cel_value key_missing(eh_cel_machine *machine, eh_cel_value key)
{
    if (key.kind == EH_CEL_STRING)
        return cel_error_format(machine, "no such key: '%.*s'", key.len > 100 ? 100 : (int)key.len, key.text);
    return cel_error("no such key");
}

/* What stands under `key`; NULL when nothing does, or *wrong_out. */
static const eh_cel_value *item_find(eh_cel_machine *machine, eh_cel_value of, eh_cel_value key, eh_cel_value *wrong_out)
{
    if (of.kind == EH_CEL_MAP) {
        if (!cel_key_allowed(key) && key.kind != EH_CEL_DOUBLE) {
            *wrong_out = cel_error(CEL_NO_OVERLOAD);
            return NULL;
        }
        const eh_cel_entry *entry = cel_map_find(of.map, key);
        if (entry == NULL)
            *wrong_out = key_missing(machine, key);
        return entry != NULL ? &entry->value : NULL;
    }
    if (of.kind != EH_CEL_LIST || !cel_is_number(key)) {
        *wrong_out = cel_error(CEL_NO_OVERLOAD);
        return NULL;
    }
    bool whole = key.kind != EH_CEL_DOUBLE || (key.real >= -0x1p62 && key.real <= 0x1p62 && (double)(int64_t)key.real == key.real);
    if (!whole) {
        *wrong_out = cel_error("invalid_argument: a list has whole numbers as indices");
        return NULL;
    }
    int64_t at = key.kind == EH_CEL_DOUBLE ? (int64_t)key.real : key.kind == EH_CEL_UINT && key.natural > INT64_MAX ? -1 : key.integer;
    if (at < 0 || at >= of.list->count) {
        *wrong_out = cel_error_format(machine, "index out of range: %lld", (long long)at);
        return NULL;
    }
    return &of.list->items[at];
}

/* of[key], of?[key]; an optional is looked into. */
static eh_cel_value item_of(eh_cel_machine *machine, eh_cel_value of, eh_cel_value key, bool optional)
{
    bool was_optional = of.kind == EH_CEL_OPTIONAL;
    if (was_optional && of.optional == NULL)
        return of;
    if (was_optional)
        of = *of.optional;
    eh_cel_value wrong = {0};
    const eh_cel_value *found = item_find(machine, of, key, &wrong);
    bool absent = found == NULL && (of.kind == EH_CEL_MAP || of.kind == EH_CEL_LIST) && !eh_view_equal(eh_cel_text(wrong), EH_VIEW(CEL_NO_OVERLOAD));
    if (!optional && !was_optional)
        return found != NULL ? *found : wrong;
    if (found == NULL)
        return absent ? cel_optional_none() : wrong;
    return cel_optional(machine, *found);
}

static eh_cel_value field_wrong(eh_cel_machine *machine, eh_cel_value of)
{
    eh_view name = eh_cel_type_name(of);
    return cel_error_format(machine, "type '%.*s' does not support field selection", (int)name.len, name.ptr);
}

static bool has_fields(eh_cel_value of)
{
    return of.kind == EH_CEL_MAP || (of.kind == EH_CEL_OPTIONAL && (of.optional == NULL || of.optional->kind == EH_CEL_MAP));
}

/* data: the key; a: 1 for .? */
const instruction *cel_op_select(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value *of = machine->top - 1, key = *(const eh_cel_value *)at->data;
    if (cel_bad(*of))
        return at + 1;
    *of = has_fields(*of) ? item_of(machine, *of, key, at->a != 0) : field_wrong(machine, *of);
    return machine->stopped ? cel_halt(machine) : at + 1;
}

const instruction *cel_op_has(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value *of = machine->top - 1, key = *(const eh_cel_value *)at->data;
    if (cel_bad(*of))
        return at + 1;
    if (!has_fields(*of)) {
        *of = field_wrong(machine, *of);
        return at + 1;
    }
    const eh_cel_map *map = of->kind == EH_CEL_MAP ? of->map : of->optional == NULL ? NULL : of->optional->map;
    *of = eh_cel_bool(map != NULL && cel_map_find(map, key) != NULL);
    return at + 1;
}

const instruction *cel_op_index(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value key = *--machine->top, *of = machine->top - 1;
    const eh_cel_value both[2] = {*of, key}, *bad = cel_first_bad(both, 2);
    *of = bad != NULL ? *bad : item_of(machine, *of, key, at->a != 0);
    return machine->stopped ? cel_halt(machine) : at + 1;
}

/* ---- making lists and maps --------------------------------------------------------------------------------------------------------------------- */

/* An element with a question mark: nothing, or what the optional holds. Returns false for what is no optional. */
static bool optional_open(eh_cel_value *value, bool *absent_out)
{
    *absent_out = false;
    if (cel_bad(*value))
        return true;
    if (value->kind != EH_CEL_OPTIONAL)
        return false;
    *absent_out = value->optional == NULL;
    if (value->optional != NULL)
        *value = *value->optional;
    return true;
}

/* a: how many elements; data: which have a question mark, or NULL */
const instruction *cel_op_list(eh_cel_machine *machine, const instruction *at)
{
    const bool *optionals = at->data;
    eh_cel_value *from = machine->top - at->a, result = {0};
    const eh_cel_value *bad = cel_first_bad(from, at->a);
    eh_cel_value *items = cel_take(machine, at->a, sizeof *items);
    if (items == NULL || !cel_spend(machine, at->a))
        return cel_halt(machine);
    uint32_t count = 0;
    bool absent = false, good = true;
    for (uint32_t i = 0; i < at->a && bad == NULL; i++) {
        items[count] = from[i];
        if (optionals != NULL && optionals[i])
            good &= optional_open(&items[count], &absent);
        count += !absent;
        absent = false;
    }
    result = bad != NULL ? *bad : !good ? cel_error(CEL_NO_OVERLOAD) : cel_list_make((cel_source){.machine = machine}, items, count);
    machine->top = from;
    return cel_push(machine, at, result);
}

/* a: how many entries; data as for lists */
const instruction *cel_op_map(eh_cel_machine *machine, const instruction *at)
{
    const bool *optionals = at->data;
    eh_cel_value *from = machine->top - (size_t)at->a * 2, result = {0};
    const eh_cel_value *bad = cel_first_bad(from, at->a * 2);
    eh_cel_entry *entries = cel_take(machine, at->a, sizeof *entries);
    if (entries == NULL || !cel_spend(machine, at->a))
        return cel_halt(machine);
    uint32_t count = 0;
    bool absent = false, good = true;
    for (uint32_t i = 0; i < at->a && bad == NULL; i++) {
        entries[count] = (eh_cel_entry){from[2 * i], from[2 * i + 1]};
        if (optionals != NULL && optionals[i])
            good &= optional_open(&entries[count].value, &absent);
        count += !absent;
        absent = false;
    }
    result = bad != NULL ? *bad : !good ? cel_error(CEL_NO_OVERLOAD) : cel_map_make((cel_source){.machine = machine}, entries, count);
    machine->top = from;
    return cel_push(machine, at, result);
}

/* ---- optionals ---------------------------------------------------------------------------------------------------------------------------------- */

/* a: the local; b: where the whole ends */
const instruction *cel_op_optmap(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value of = *--machine->top;
    if (of.kind == EH_CEL_OPTIONAL && of.optional != NULL) {
        machine->locals[at->a] = *of.optional;
        return at + 1;
    }
    *machine->top++ = of.kind == EH_CEL_OPTIONAL || cel_bad(of) ? of : cel_error(CEL_NO_OVERLOAD);
    return machine->code + at->b;
}

/* a: 1 when the value must be an optional already (optFlatMap) */
const instruction *cel_op_optional(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value *value = machine->top - 1;
    if (cel_bad(*value))
        return at + 1;
    if (at->a != 0)
        *value = value->kind == EH_CEL_OPTIONAL ? *value : cel_error(CEL_NO_OVERLOAD);
    else
        *value = cel_optional(machine, *value);
    return machine->stopped ? cel_halt(machine) : at + 1;
}
