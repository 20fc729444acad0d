/* The standard operators and functions, and the list of all tables. A row whose function is NULL is for the checker: an instruction runs it. */
#include "policy/cel_functions_int.h"

#include <math.h>
#include <string.h>

/* ---- arithmetic --------------------------------------------------------------------------------------------------------------------- */

static const char OVERFLOW[] = "integer overflow: return error for overflow";

static eh_cel_value add_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    int64_t sum;
    return __builtin_add_overflow(arguments[0].integer, arguments[1].integer, &sum) ? cel_error(OVERFLOW) : eh_cel_int(sum);
}

static eh_cel_value add_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    uint64_t sum;
    return __builtin_add_overflow(arguments[0].natural, arguments[1].natural, &sum) ? cel_error(OVERFLOW) : eh_cel_uint(sum);
}

static eh_cel_value add_double(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_double(arguments[0].real + arguments[1].real);
}

static eh_cel_value add_text(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    uint64_t len = (uint64_t)arguments[0].len + arguments[1].len;
    char *joined = cel_take(machine, len, 1);
    if (joined == NULL || !cel_spend(machine, len / 16))
        return cel_error_memory(machine);
    if (arguments[0].len > 0)
        memcpy(joined, arguments[0].text, arguments[0].len);
    if (arguments[1].len > 0)
        memcpy(joined + arguments[0].len, arguments[1].text, arguments[1].len);
    return cel_view_value((eh_cel_kind)arguments[0].kind, joined, len);
}

static eh_cel_value add_list(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    uint32_t first = arguments[0].list->count, second = arguments[1].list->count;
    eh_cel_value *items = cel_take(machine, (size_t)first + second, sizeof *items);
    if (items == NULL || !cel_spend(machine, (uint64_t)first + second))
        return cel_error_memory(machine);
    if (first > 0)
        memcpy(items, arguments[0].list->items, first * sizeof *items);
    if (second > 0)
        memcpy(items + first, arguments[1].list->items, second * sizeof *items);
    return cel_list_make((cel_source){.machine = machine}, items, first + second);
}

static eh_cel_value subtract_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    int64_t difference;
    return __builtin_sub_overflow(arguments[0].integer, arguments[1].integer, &difference) ? cel_error(OVERFLOW) : eh_cel_int(difference);
}

static eh_cel_value subtract_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    uint64_t difference;
    return __builtin_sub_overflow(arguments[0].natural, arguments[1].natural, &difference) ? cel_error(OVERFLOW) : eh_cel_uint(difference);
}

static eh_cel_value subtract_double(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_double(arguments[0].real - arguments[1].real);
}

static eh_cel_value multiply_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    int64_t product;
    return __builtin_mul_overflow(arguments[0].integer, arguments[1].integer, &product) ? cel_error(OVERFLOW) : eh_cel_int(product);
}

static eh_cel_value multiply_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    uint64_t product;
    return __builtin_mul_overflow(arguments[0].natural, arguments[1].natural, &product) ? cel_error(OVERFLOW) : eh_cel_uint(product);
}

static eh_cel_value multiply_double(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_double(arguments[0].real * arguments[1].real);
}

static eh_cel_value divide_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    if (arguments[1].integer == 0)
        return cel_error("divide by zero");
    if (arguments[0].integer == INT64_MIN && arguments[1].integer == -1)
        return cel_error(OVERFLOW);
    return eh_cel_int(arguments[0].integer / arguments[1].integer);
}

static eh_cel_value divide_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[1].natural == 0 ? cel_error("divide by zero") : eh_cel_uint(arguments[0].natural / arguments[1].natural);
}

static eh_cel_value divide_double(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    double divisor = arguments[1].real;
    if (divisor == 0) /* said out loud, so that no compiler and no sanitizer has an opinion */
        return eh_cel_double(arguments[0].real == 0 || isnan(arguments[0].real) ? EH_NAN
                             : (signbit(arguments[0].real) != 0) == (signbit(divisor) != 0) ? EH_INFINITY : -EH_INFINITY);
    return eh_cel_double(arguments[0].real / divisor);
}

static eh_cel_value modulo_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    if (arguments[1].integer == 0)
        return cel_error("modulus by zero");
    if (arguments[0].integer == INT64_MIN && arguments[1].integer == -1)
        return cel_error(OVERFLOW);
    return eh_cel_int(arguments[0].integer % arguments[1].integer);
}

static eh_cel_value modulo_uint(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[1].natural == 0 ? cel_error("modulus by zero") : eh_cel_uint(arguments[0].natural % arguments[1].natural);
}

static eh_cel_value negate_int(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0].integer == INT64_MIN ? cel_error(OVERFLOW) : eh_cel_int(-arguments[0].integer);
}

static eh_cel_value negate_double(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_double(-arguments[0].real);
}

/* ---- sizes and texts -------------------------------------------------------------------------------------------------------------------- */

static eh_cel_value size_string(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    return cel_spend(machine, arguments[0].len / 16) ? eh_cel_int(cel_codepoints(eh_cel_text(arguments[0]))) : cel_error_cost(machine);
}

static eh_cel_value size_bytes(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_int(arguments[0].len);
}

static eh_cel_value size_list(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_int(arguments[0].list->count);
}

static eh_cel_value size_map(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return eh_cel_int(arguments[0].map->count);
}

static eh_cel_value contains(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    if (!cel_spend(machine, arguments[0].len / 16 + arguments[1].len / 16))
        return cel_error_cost(machine);
    if (arguments[1].len == 0)
        return eh_cel_bool(true);
    /* memmem of the GNU library is linear (two-way) */
    return eh_cel_bool(arguments[0].len >= arguments[1].len && memmem(arguments[0].text, arguments[0].len, arguments[1].text, arguments[1].len) != NULL);
}

static eh_cel_value starts_with(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    eh_cel_value text = arguments[0], prefix = arguments[1];
    return eh_cel_bool(text.len >= prefix.len && (prefix.len == 0 || memcmp(text.text, prefix.text, prefix.len) == 0));
}

static eh_cel_value ends_with(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    eh_cel_value text = arguments[0], suffix = arguments[1];
    return eh_cel_bool(text.len >= suffix.len && (suffix.len == 0 || memcmp(text.text + text.len - suffix.len, suffix.text, suffix.len) == 0));
}

static eh_cel_value matches(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)count;
    const char *why = NULL;
    const regex *compiled = cel_regex_compile((cel_source){.machine = machine}, eh_cel_text(arguments[1]), &why);
    if (compiled == NULL)
        return cel_error_format(machine, "regular expression: %s", why);
    bool failed = false;
    bool found = cel_regex_match(machine, compiled, eh_cel_text(arguments[0]), &failed);
    return failed ? cel_error_cost(machine) : eh_cel_bool(found);
}

static eh_cel_value type_of(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return cel_type_named(eh_cel_type_name(arguments[0]));
}

static eh_cel_value dyn(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count)
{
    (void)machine, (void)count;
    return arguments[0];
}

static const overload standard[] = {
    {"_==_", "AA:b", NULL}, {"_!=_", "AA:b", NULL}, {"!_", "b:b", NULL},
    {"@in", "ALA:b", NULL}, {"@in", "AMAB:b", NULL},
    {"_+_", "ii:i", add_int}, {"_+_", "uu:u", add_uint}, {"_+_", "dd:d", add_double}, {"_+_", "ss:s", add_text}, {"_+_", "yy:y", add_text},
    {"_+_", "LALA:LA", add_list}, {"_+_", "tg:t", cel_time_add}, {"_+_", "gt:t", cel_time_add}, {"_+_", "gg:g", cel_time_add},
    {"_-_", "ii:i", subtract_int}, {"_-_", "uu:u", subtract_uint}, {"_-_", "dd:d", subtract_double},
    {"_-_", "tt:g", cel_time_subtract}, {"_-_", "tg:t", cel_time_subtract}, {"_-_", "gg:g", cel_time_subtract},
    {"_*_", "ii:i", multiply_int}, {"_*_", "uu:u", multiply_uint}, {"_*_", "dd:d", multiply_double},
    {"_/_", "ii:i", divide_int}, {"_/_", "uu:u", divide_uint}, {"_/_", "dd:d", divide_double},
    {"_%_", "ii:i", modulo_int}, {"_%_", "uu:u", modulo_uint},
    {"-_", "i:i", negate_int}, {"-_", "d:d", negate_double},
    {"size", "s:i", size_string}, {"size", ".s:i", size_string}, {"size", "y:i", size_bytes}, {"size", ".y:i", size_bytes},
    {"size", "LA:i", size_list}, {"size", ".LA:i", size_list}, {"size", "MAB:i", size_map}, {"size", ".MAB:i", size_map},
    {"contains", ".ss:b", contains}, {"startsWith", ".ss:b", starts_with}, {"endsWith", ".ss:b", ends_with},
    {"matches", ".ss:b", matches}, {"matches", "ss:b", matches},
    {"type", "A:TA", type_of}, {"dyn", "A:D", dyn},
};

/* The order operators: every pair of numbers, and each ordered type with itself. */
#define ORDERED(name) \
    {name, "bb:b", NULL}, {name, "ii:b", NULL}, {name, "iu:b", NULL}, {name, "id:b", NULL}, {name, "ui:b", NULL}, {name, "uu:b", NULL}, \
    {name, "ud:b", NULL}, {name, "di:b", NULL}, {name, "du:b", NULL}, {name, "dd:b", NULL}, {name, "ss:b", NULL}, {name, "yy:b", NULL}, \
    {name, "tt:b", NULL}, {name, "gg:b", NULL}
static const overload ordering[] = {ORDERED("_<_"), ORDERED("_<=_"), ORDERED("_>_"), ORDERED("_>=_")};

const overload_table cel_tables[OVERLOAD_TABLES_COUNT] = {
    {standard, sizeof standard / sizeof standard[0]},
    {ordering, sizeof ordering / sizeof ordering[0]},
    {cel_conversion_rows, CEL_CONVERSION_ROWS},
    {cel_time_rows, CEL_TIME_ROWS},
    {cel_string_rows, CEL_STRING_ROWS},
    {cel_math_rows, CEL_MATH_ROWS},
    {cel_optional_rows, CEL_OPTIONAL_ROWS},
    {cel_encoder_rows, CEL_ENCODER_ROWS},
};

size_t cel_overloads_find(eh_view name, const overload **found, size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < OVERLOAD_TABLES_COUNT; i++) {
        for (uint32_t k = 0; k < cel_tables[i].count; k++) {
            if (!eh_view_equal(name, eh_view_of(cel_tables[i].rows[k].name)))
                continue;
            if (count < capacity)
                found[count] = &cel_tables[i].rows[k];
            count++;
        }
    }
    return count;
}
