/* The math extension. */
#include "policy/cel_functions_int.h"

#include <math.h>

static eh_cel_value extreme(const eh_cel_value *values, uint32_t count, int wanted)
{
    eh_cel_value best = values[0];
    for (uint32_t i = 0; i < count; i++) {
        if (!cel_is_number(values[i]))
            return cel_error(CEL_NO_OVERLOAD);
        if (i > 0 && cel_compare(values[i], best) == wanted)
            best = values[i];
    }
    return best;
}

static eh_cel_value greatest(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine;
    return extreme(arguments, count, 1);
}

static eh_cel_value least(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine;
    return extreme(arguments, count, -1);
}

static eh_cel_value extreme_of_list(eh_cel_machine *machine, eh_cel_value list, int wanted)
{
    if (list.list->count == 0)
        return cel_error("the list is empty");
    return cel_spend(machine, list.list->count) ? extreme(list.list->items, list.list->count, wanted) : cel_error_cost(machine);
}

static eh_cel_value greatest_of(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    return extreme_of_list(machine, arguments[0], 1);
}

static eh_cel_value least_of(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    return extreme_of_list(machine, arguments[0], -1);
}

#define REAL_FUNCTION(function, expression)                                                              \
    static eh_cel_value function(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count) \
    {                                                                                                    \
        (void)machine, (void)count;                                                                      \
        double x = arguments[0].real;                                                                    \
        return (expression);                                                                             \
    }

REAL_FUNCTION(ceiling, eh_cel_double(ceil(x)))
REAL_FUNCTION(floored, eh_cel_double(floor(x)))
REAL_FUNCTION(rounded, eh_cel_double(round(x)))
REAL_FUNCTION(truncated, eh_cel_double(trunc(x)))
REAL_FUNCTION(absolute, eh_cel_double(fabs(x)))
REAL_FUNCTION(sign, eh_cel_double(isnan(x) ? x : (double)((x > 0) - (x < 0))))
REAL_FUNCTION(is_nan, eh_cel_bool(isnan(x)))
REAL_FUNCTION(is_infinite, eh_cel_bool(isinf(x) != 0))
REAL_FUNCTION(is_finite, eh_cel_bool(isfinite(x) != 0))
REAL_FUNCTION(square_root, eh_cel_double(sqrt(x)))

static eh_cel_value square_root_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_double(sqrt((double)arguments[0].integer));
}

static eh_cel_value square_root_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_double(sqrt((double)arguments[0].natural));
}

static eh_cel_value absolute_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    int64_t x = arguments[0].integer;
    return x == INT64_MIN ? cel_error("integer overflow") : eh_cel_int(x < 0 ? -x : x);
}

static eh_cel_value sign_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_int((arguments[0].integer > 0) - (arguments[0].integer < 0));
}

static eh_cel_value absolute_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0];
}

static eh_cel_value sign_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_uint(arguments[0].natural > 0);
}

/* The bits are the same for int and uint; the type stays. */
#define BITS_FUNCTION(function, expression)                                                              \
    static eh_cel_value function(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count) \
    {                                                                                                    \
        (void)machine, (void)count;                                                                      \
        eh_cel_value result = arguments[0];                                                              \
        result.natural = (expression);                                                                   \
        return result;                                                                                   \
    }

BITS_FUNCTION(bits_and, arguments[0].natural & arguments[1].natural)
BITS_FUNCTION(bits_or, arguments[0].natural | arguments[1].natural)
BITS_FUNCTION(bits_xor, arguments[0].natural ^ arguments[1].natural)
BITS_FUNCTION(bits_not, ~arguments[0].natural)

static eh_cel_value shifted(const eh_cel_value *arguments, bool left)
{
    int64_t by = arguments[1].integer;
    eh_cel_value result = arguments[0];
    if (by < 0)
        return cel_error("math.bitShift: a negative offset");
    if (by > 63)
        result.natural = 0;
    else
        result.natural = left ? result.natural << by : result.natural >> by;
    return result;
}

static eh_cel_value shift_left(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return shifted(arguments, true);
}

static eh_cel_value shift_right(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return shifted(arguments, false);
}

#define EXTREME(name, one, of_list)                                                                                                  \
    {name, "i:i", one}, {name, "u:u", one}, {name, "d:d", one}, {name, "ii:i", one}, {name, "uu:u", one}, {name, "dd:d", one},       \
    {name, "iu:D", one}, {name, "id:D", one}, {name, "ui:D", one}, {name, "ud:D", one}, {name, "di:D", one}, {name, "du:D", one},    \
    {name, "DDD:D", one}, {name, "DDDD:D", one}, {name, "DDDDD:D", one}, {name, "DDDDDD:D", one}, {name, "Li:i", of_list},           \
    {name, "Lu:u", of_list}, {name, "Ld:d", of_list}, {name, "LD:D", of_list}

const overload cel_math_rows[CEL_MATH_ROWS] = {
    EXTREME("math.greatest", greatest, greatest_of), EXTREME("math.least", least, least_of),
    {"math.ceil", "d:d", ceiling}, {"math.floor", "d:d", floored}, {"math.round", "d:d", rounded}, {"math.trunc", "d:d", truncated},
    {"math.abs", "d:d", absolute}, {"math.abs", "i:i", absolute_int}, {"math.abs", "u:u", absolute_uint},
    {"math.sign", "d:d", sign}, {"math.sign", "i:i", sign_int}, {"math.sign", "u:u", sign_uint},
    {"math.isNaN", "d:b", is_nan}, {"math.isInf", "d:b", is_infinite}, {"math.isFinite", "d:b", is_finite},
    {"math.sqrt", "d:d", square_root}, {"math.sqrt", "i:d", square_root_int}, {"math.sqrt", "u:d", square_root_uint},
    {"math.bitAnd", "ii:i", bits_and}, {"math.bitAnd", "uu:u", bits_and}, {"math.bitOr", "ii:i", bits_or}, {"math.bitOr", "uu:u", bits_or},
    {"math.bitXor", "ii:i", bits_xor}, {"math.bitXor", "uu:u", bits_xor}, {"math.bitNot", "i:i", bits_not}, {"math.bitNot", "u:u", bits_not},
    {"math.bitShiftLeft", "ii:i", shift_left}, {"math.bitShiftLeft", "ui:u", shift_left}, {"math.bitShiftRight", "ii:i", shift_right},
    {"math.bitShiftRight", "ui:u", shift_right},
};
