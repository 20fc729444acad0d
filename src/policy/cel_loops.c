/* Comprehensions: one state per nesting depth, results built as the turns go. Every turn pays for its body. */
#include "policy/cel_int.h"

#include <string.h>

static loop_state *state_of(eh_cel_machine *machine, const instruction *at)
{
    return &machine->loops[at->a];
}

static const instruction *leave(eh_cel_machine *machine, const loop_info *info, eh_cel_value result)
{
    *machine->top++ = result;
    return machine->code + info->end;
}

static bool builds_map(const loop_info *info)
{
    return info->kind == LOOP_TRANSFORM_MAP || info->kind == LOOP_TRANSFORM_ENTRY;
}

static bool builds_list(const loop_info *info)
{
    return info->kind == LOOP_MAP || info->kind == LOOP_FILTER;
}

const instruction *cel_op_loop_begin(eh_cel_machine *machine, const instruction *at)
{
    const loop_info *info = at->data;
    eh_cel_value range = *--machine->top;
    if (cel_bad(range))
        return leave(machine, info, range);
    if (range.kind != EH_CEL_LIST && range.kind != EH_CEL_MAP)
        return leave(machine, info, cel_error(CEL_NO_OVERLOAD));
    loop_state *state = state_of(machine, at);
    *state = (loop_state){.range = range, .count = range.kind == EH_CEL_LIST ? range.list->count : range.map->count};
    state->capacity = state->count;
    if (builds_list(info))
        state->items = cel_take(machine, state->count, sizeof *state->items);
    if (builds_map(info))
        state->entries = cel_take(machine, state->count, sizeof *state->entries);
    if ((builds_list(info) && state->items == NULL) || (builds_map(info) && state->entries == NULL))
        return cel_halt(machine);
    return at + 1;
}

const instruction *cel_op_loop_next(eh_cel_machine *machine, const instruction *at)
{
    const loop_info *info = at->data;
    loop_state *state = state_of(machine, at);
    if (state->at == state->count)
        return machine->code + info->end - 1; /* cel_op_loop_done */
    if (!cel_spend(machine, info->body))
        return cel_halt(machine);
    eh_cel_value *locals = machine->locals + info->local;
    bool two = (info->flags & NODE_TWO) != 0;
    if (state->range.kind == EH_CEL_MAP) {
        const eh_cel_entry *entry = &state->range.map->entries[state->at];
        locals[0] = entry->key;
        if (two)
            locals[1] = entry->value;
    } else if (two) {
        locals[0] = eh_cel_int(state->at);
        locals[1] = state->range.list->items[state->at];
    } else {
        locals[0] = state->range.list->items[state->at];
    }
    state->at++;
    return at + 1;
}

/* The filter before the result of map and its kin. */
const instruction *cel_op_loop_filter(eh_cel_machine *machine, const instruction *at)
{
    const loop_info *info = at->data;
    eh_cel_value passes = *--machine->top;
    if (passes.kind == EH_CEL_BOOL)
        return passes.boolean ? at + 1 : machine->code + info->next;
    return leave(machine, info, cel_bad(passes) ? passes : cel_error(CEL_NO_OVERLOAD));
}

static bool entry_add(eh_cel_machine *machine, loop_state *state, eh_cel_entry added)
{
    if (state->found == state->capacity) {
        uint32_t capacity = state->capacity * 2 + 8;
        eh_cel_entry *larger = cel_take(machine, capacity, sizeof *larger);
        if (larger == NULL)
            return false;
        if (state->found > 0)
            memcpy(larger, state->entries, state->found * sizeof *larger);
        state->entries = larger;
        state->capacity = capacity;
    }
    state->entries[state->found++] = added;
    return true;
}

/* all and exists: what decides wins over errors before and after it. */
static const instruction *quantifier_step(eh_cel_machine *machine, const loop_info *info, loop_state *state, eh_cel_value value)
{
    bool decides = info->kind == LOOP_EXISTS;
    if (value.kind == EH_CEL_BOOL)
        return value.boolean == decides ? leave(machine, info, value) : machine->code + info->next;
    if (!cel_bad(value))
        value = cel_error(CEL_NO_OVERLOAD);
    if (state->error.kind == EH_CEL_NULL || (state->error.kind == EH_CEL_ERROR && value.kind == EH_CEL_UNKNOWN))
        state->error = value;
    return machine->code + info->next;
}

/* The value of one turn's body. */
const instruction *cel_op_loop_step(eh_cel_machine *machine, const instruction *at)
{
    const loop_info *info = at->data;
    loop_state *state = state_of(machine, at);
    eh_cel_value value = *--machine->top;
    const eh_cel_value *locals = machine->locals + info->local;
    if (info->kind == LOOP_ALL || info->kind == LOOP_EXISTS)
        return quantifier_step(machine, info, state, value);
    if (cel_bad(value))
        return leave(machine, info, value);
    bool wants_bool = info->kind == LOOP_EXISTS_ONE || info->kind == LOOP_FILTER, good = true;
    if (wants_bool && value.kind != EH_CEL_BOOL)
        return leave(machine, info, cel_error(CEL_NO_OVERLOAD));
    if (info->kind == LOOP_EXISTS_ONE) {
        state->found += value.boolean;
    } else if (info->kind == LOOP_FILTER) {
        if (value.boolean)
            state->items[state->found++] = locals[0];
    } else if (info->kind == LOOP_MAP) {
        state->items[state->found++] = value;
    } else if (info->kind == LOOP_TRANSFORM_MAP) {
        good = entry_add(machine, state, (eh_cel_entry){locals[0], value});
    } else {
        if (value.kind != EH_CEL_MAP)
            return leave(machine, info, cel_error(CEL_NO_OVERLOAD));
        for (uint32_t i = 0; i < value.map->count && good; i++)
            good = cel_spend(machine, 1) && entry_add(machine, state, value.map->entries[i]);
    }
    return good ? machine->code + info->next : cel_halt(machine);
}

const instruction *cel_op_loop_done(eh_cel_machine *machine, const instruction *at)
{
    const loop_info *info = at->data;
    loop_state *state = state_of(machine, at);
    cel_source from = {.machine = machine};
    if (info->kind == LOOP_ALL || info->kind == LOOP_EXISTS)
        return cel_push(machine, at, state->error.kind != EH_CEL_NULL ? state->error : eh_cel_bool(info->kind == LOOP_ALL));
    if (info->kind == LOOP_EXISTS_ONE)
        return cel_push(machine, at, eh_cel_bool(state->found == 1));
    eh_cel_value made = builds_list(info) ? cel_list_make(from, state->items, state->found) : cel_map_make(from, state->entries, state->found);
    return cel_push(machine, at, made);
}
