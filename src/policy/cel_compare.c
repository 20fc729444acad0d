/* Comparisons and sums: a short way for the types that conditions mostly have, the overloads for the rest. */
#include "policy/cel_int.h"

static bool both_kind(eh_cel_value a, eh_cel_value b, eh_cel_kind kind)
{
    return a.kind == kind && b.kind == kind;
}

/* Texts and lists cost what is looked at. */
static bool spend_for(eh_cel_machine *machine, eh_cel_value a, eh_cel_value b)
{
    uint32_t weight_a = cel_weight(a), weight_b = cel_weight(b);
    uint64_t cost = weight_a < weight_b ? weight_a : weight_b;
    if (a.kind == EH_CEL_STRING || a.kind == EH_CEL_BYTES)
        cost += a.len / 16;
    return cost <= 1 || cel_spend(machine, cost);
}

/* ---- equality -------------------------------------------------------------------------------------------------------------------------- */

static const instruction *equal(eh_cel_machine *machine, const instruction *at, bool wanted)
{
    eh_cel_value right = *--machine->top, *left = machine->top - 1;
    if (both_kind(*left, right, EH_CEL_INT)) {
        *left = eh_cel_bool((left->integer == right.integer) == wanted);
        return at + 1;
    }
    const eh_cel_value both[2] = {*left, right}, *bad = cel_first_bad(both, 2);
    if (bad != NULL) {
        *left = *bad;
        return at + 1;
    }
    if (!spend_for(machine, *left, right))
        return cel_halt(machine);
    *left = eh_cel_bool(eh_cel_equal(*left, right) == wanted);
    return at + 1;
}

const instruction *cel_op_equal(eh_cel_machine *machine, const instruction *at)
{
    return equal(machine, at, true);
}

const instruction *cel_op_not_equal(eh_cel_machine *machine, const instruction *at)
{
    return equal(machine, at, false);
}

/* A fact and a constant. a: slot; b: 1 for ==, 0 for != */
const instruction *cel_op_fact_equal(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value fact = machine->facts[at->a];
    const eh_cel_value *constant = at->data;
    if (cel_bad(fact)) {
        if (fact.kind == EH_CEL_UNKNOWN)
            fact.slot = at->a;
        return cel_push(machine, at, fact);
    }
    if (!spend_for(machine, fact, *constant))
        return cel_halt(machine);
    return cel_push(machine, at, eh_cel_bool(eh_cel_equal(fact, *constant) == (at->b != 0)));
}

/* ---- order ----------------------------------------------------------------------------------------------------------------------------- */

static eh_cel_value ordered(eh_cel_machine *machine, eh_cel_value a, eh_cel_value b, uint32_t wanted)
{
    const eh_cel_value both[2] = {a, b}, *bad = cel_first_bad(both, 2);
    if (bad != NULL)
        return *bad;
    if (!spend_for(machine, a, b))
        return cel_error_cost(machine);
    int found = cel_compare(a, b);
    if (found == 3)
        return cel_error(CEL_NO_OVERLOAD);
    return eh_cel_bool(found != 2 && (wanted >> (found + 1) & 1) != 0);
}

static eh_cel_value ordered_quickly(eh_cel_machine *machine, eh_cel_value a, eh_cel_value b, uint32_t wanted)
{
    if (both_kind(a, b, EH_CEL_INT))
        return eh_cel_bool((wanted >> ((a.integer > b.integer) - (a.integer < b.integer) + 1) & 1) != 0);
    if (both_kind(a, b, EH_CEL_DOUBLE)) {
        uint32_t found = (a.real < b.real ? ORDER_LESS : 0u) | (a.real > b.real ? ORDER_GREATER : 0u) | (a.real == b.real ? ORDER_EQUAL : 0u);
        return eh_cel_bool((wanted & found) != 0);
    }
    return ordered(machine, a, b, wanted);
}

/* b: ORDER_* */
const instruction *cel_op_compare(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value right = *--machine->top, *left = machine->top - 1;
    *left = ordered_quickly(machine, *left, right, at->b);
    return machine->stopped ? cel_halt(machine) : at + 1;
}

const instruction *cel_op_fact_compare(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value fact = machine->facts[at->a];
    if (__builtin_expect(fact.kind == EH_CEL_UNKNOWN, 0))
        fact.slot = at->a;
    eh_cel_value result = ordered_quickly(machine, fact, *(const eh_cel_value *)at->data, at->b);
    return machine->stopped ? cel_halt(machine) : cel_push(machine, at, result);
}

/* ---- in --------------------------------------------------------------------------------------------------------------------------------- */

const instruction *cel_op_in(eh_cel_machine *machine, const instruction *at)
{
    eh_cel_value of = *--machine->top, *value = machine->top - 1;
    const eh_cel_value both[2] = {*value, of}, *bad = cel_first_bad(both, 2);
    if (bad != NULL) {
        *value = *bad;
    } else if (of.kind == EH_CEL_LIST) {
        bool found = false;
        for (uint32_t i = 0; i < of.list->count && !found; i++) {
            if (!spend_for(machine, *value, of.list->items[i]) || !cel_spend(machine, 1))
                return cel_halt(machine);
            found = eh_cel_equal(*value, of.list->items[i]);
        }
        *value = eh_cel_bool(found);
    } else if (of.kind == EH_CEL_MAP) {
        bool may = cel_key_allowed(*value) || value->kind == EH_CEL_DOUBLE;
        *value = may ? eh_cel_bool(cel_map_find(of.map, *value) != NULL) : eh_cel_bool(false);
    } else {
        *value = cel_error(CEL_NO_OVERLOAD);
    }
    return at + 1;
}

/* ---- sums -------------------------------------------------------------------------------------------------------------------------------- */

typedef bool checked(int64_t a, int64_t b, int64_t *result);

static bool add_checked(int64_t a, int64_t b, int64_t *result)
{
    return !__builtin_add_overflow(a, b, result);
}

static bool subtract_checked(int64_t a, int64_t b, int64_t *result)
{
    return !__builtin_sub_overflow(a, b, result);
}

static bool multiply_checked(int64_t a, int64_t b, int64_t *result)
{
    return !__builtin_mul_overflow(a, b, result);
}

static inline const instruction *sum(eh_cel_machine *machine, const instruction *at, checked *of)
{
    eh_cel_value *left = machine->top - 2, right = machine->top[-1];
    int64_t result;
    if (!both_kind(*left, right, EH_CEL_INT) || !of(left->integer, right.integer, &result))
        return cel_op_call(machine, at);
    machine->top--;
    left->integer = result;
    return at + 1;
}

const instruction *cel_op_add(eh_cel_machine *machine, const instruction *at)
{
    return sum(machine, at, add_checked);
}

const instruction *cel_op_subtract(eh_cel_machine *machine, const instruction *at)
{
    return sum(machine, at, subtract_checked);
}

const instruction *cel_op_multiply(eh_cel_machine *machine, const instruction *at)
{
    return sum(machine, at, multiply_checked);
}
