/* Goal: what the official conformance tests do not ask: limits, cost, unknowns, residuals, parts, errors that tell where, many threads. */
#include "policy/cel.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

typedef struct {
    eh_arena *arena;
    eh_cel_env *env;
    eh_cel_machine *machine;
    eh_cel_value facts[8];
} fixture;

/* age int 30, country string DE, spend double 12.5, tags list(string) [a, b], at timestamp, known: all. */
static int open_fixture(void **state)
{
    static const eh_cel_value tags[] = {{.kind = EH_CEL_STRING, .len = 1, .text = "a"}, {.kind = EH_CEL_STRING, .len = 1, .text = "b"}};
    static const char *const names[][2] = {{"age", "int"}, {"country", "string"}, {"spend", "double"}, {"tags", "list(string)"}, {"now", "timestamp"},
                                           {"customer.vip", "bool"}};
    fixture *made = calloc(1, sizeof *made);
    made->arena = eh_arena_open(64 << 20);
    made->env = eh_cel_env_open(made->arena, &(eh_cel_env_options){.check = true});
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal(eh_cel_env_declare(made->env, eh_view_of(names[i][0]), names[i][1], NULL), EH_OK);
    assert_int_equal(eh_cel_machine_open(NULL, &made->machine, NULL), EH_OK);
    made->facts[0] = eh_cel_int(30);
    made->facts[1] = eh_cel_string(EH_VIEW("DE"));
    made->facts[2] = eh_cel_double(12.5);
    made->facts[3] = eh_cel_list_of(made->arena, tags, 2);
    made->facts[4] = eh_cel_timestamp((eh_instant){1795426200, 0}); /* 2026-11-23T09:30:00Z */
    made->facts[5] = eh_cel_bool(true);
    *state = made;
    return 0;
}

static int close_fixture(void **state)
{
    fixture *made = *state;
    eh_cel_machine_close(&made->machine);
    eh_arena_close(&made->arena);
    free(made);
    return 0;
}

static const eh_cel_program *compiled(fixture *with, const char *text)
{
    const eh_cel_program *program = NULL;
    eh_error error = {0};
    eh_code code = eh_cel_compile(with->env, eh_view_of(text), with->arena, &program, &error);
    if (code != EH_OK)
        fail_msg("%s: %s", text, error.text);
    return program;
}

static void assert_text(eh_cel_value value, const char *wanted)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_cel_value_literal(value, &text);
    assert_string_equal(text.ptr, wanted);
}

typedef struct {
    const char *text, *result, *type;
} value_row;

static void evaluates_over_facts(void **state)
{
    static const value_row rows[] = {
        {"age >= 18 && country == 'DE' && spend < 20.0", "true", "bool"},
        {"customer.vip ? age + 1 : 0", "31", "int"},
        {"tags.map(t, t + '!')", "[\"a!\", \"b!\"]", "list(string)"},
        {"now.getHours('Europe/Berlin')", "10", "int"},
        {"now - duration('24h') < timestamp('2026-11-23T00:00:00Z')", "true", "bool"},
        {"{'x': age}", "{\"x\": 30}", "map(string, int)"},
        {"(customer.vip ? 1 : age) < 6", "true", "bool"},
        {"'a' in tags", "true", "bool"},
        {"[1, 'a']", "[1, \"a\"]", "list(dyn)"},
        {"size('\u00e9\u4e2d')", "2", "int"},
        {"optional.of(age).optMap(a, a * 2).orValue(0)", "60", "int"},
        {"cel.bind(x, age * 2, x + x)", "120", "int"},
        {"-0.0", "-0.0", "double"},
    };
    fixture *with = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const eh_cel_program *program = compiled(with, rows[i].text);
        assert_string_equal(eh_cel_program_type(program), rows[i].type);
        assert_text(eh_cel_run(with->machine, program, with->facts), rows[i].result);
    }
}

typedef struct {
    const char *text;
    eh_code code;
    const char *says;
} error_row;

static void says_where_an_expression_is_wrong(void **state)
{
    static const error_row rows[] = {
        {"age >=", EH_INPUT, "line 1, column 7: the expression ends too early"},
        {"agee > 3", EH_INPUT, "undeclared reference to 'agee' (in container ''); do you mean 'age'?\n  agee > 3\n  ^"},
        {"age = 3", EH_INPUT, "column 5: equality is written =="},
        {"age > 3 and age < 5", EH_INPUT, "'and' is not expected here"},
        {"age &  3", EH_INPUT, "'and' is written &&"},
        {"(age > 3", EH_INPUT, "this bracket is not closed"},
        {"age > 3)", EH_INPUT, "')' is not expected here"},
        {"'a", EH_INPUT, "this text has no end"},
        {"age + country", EH_INPUT, "found no matching overload for '_+_' applied to '(int, string)'"},
        {"age && true", EH_INPUT, "&& joins truth values, not int"},
        {"country.vip", EH_INPUT, "there are no fields in string"},
        {"9223372036854775808", EH_INPUT, "does not fit into a int"},
        {"if == 1", EH_INPUT, "'if' is a reserved word"},
        {"age.all(x, x)", EH_INPUT, "a comprehension goes over a list or a map, not int"},
        {"tags.all(1, true)", EH_INPUT, "all: the first argument is the name of a variable"},
        {"a ? b ? c : d : e", EH_INPUT, "a choice inside a choice needs parentheses"},
        {"'\\q'", EH_INPUT, "no such escape"},
        {"\xff", EH_INPUT, "not valid UTF-8"},
        {"", EH_INPUT, "ends too early"},
        {"Message{a: 1}", EH_INPUT, "messages of protobuf are not supported"},
        {"foo(1)", EH_INPUT, "undeclared reference to 'foo'"},
    };
    fixture *with = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const eh_cel_program *program = NULL;
        eh_error error = {0};
        assert_int_equal(eh_cel_compile(with->env, eh_view_of(rows[i].text), with->arena, &program, &error), rows[i].code);
        assert_null(program);
        if (strstr(error.text, rows[i].says) == NULL)
            fail_msg("%s: says %s", rows[i].text, error.text);
    }
}

/* `count` times `piece`, then `end`. */
static char *repeated(eh_arena *arena, const char *start, const char *piece, size_t count, const char *end)
{
    size_t len = strlen(piece), at = strlen(start);
    char *text = eh_arena_take(arena, at + len * count + strlen(end) + 1, 1);
    memcpy(text, start, at);
    for (size_t i = 0; i < count; i++, at += len)
        memcpy(text + at, piece, len);
    memcpy(text + at, end, strlen(end));
    return text;
}

static void ends_at_its_limits(void **state)
{
    fixture *with = *state;
    const eh_cel_program *program = NULL;
    eh_error error = {0};
    const struct {
        const char *start, *piece;
        size_t count;
        const char *end;
    } rows[] = {
        {"", "(", EH_CEL_DEPTH_MAX + 1, "1"}, {"", "[", EH_CEL_DEPTH_MAX + 1, "1"}, {"", "!", EH_CEL_DEPTH_MAX + 1, "true"},
        {"", "-(", EH_CEL_DEPTH_MAX, "1"},    {"1", "+1", 30000, ""},               {"", " ", EH_CEL_BYTES_MAX + 1, "1"},
        {"", "[1].all(x, ", EH_CEL_LOOPS_MAX + 1, "true)))))))))))))"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = repeated(with->arena, rows[i].start, rows[i].piece, rows[i].count, rows[i].end);
        assert_int_equal(eh_cel_compile(with->env, eh_view_of(text), with->arena, &program, &error), EH_LIMIT);
    }
    /* Deep, but within: no recursion, so the stack does not notice. */
    char *chain = repeated(with->arena, "true", " && true", 7000, "");
    assert_text(eh_cel_run(with->machine, compiled(with, chain), with->facts), "true");
}

static void stops_what_costs_too_much(void **state)
{
    fixture *with = *state;
    /* lists that double: 2^n items by n words; and a product of loops */
    static const char *const hostile[] = {
        "cel.bind(a,[1,2,3,4,5,6,7,8,9,10],cel.bind(b,a+a+a+a+a+a+a+a+a+a,cel.bind(c,b+b+b+b+b+b+b+b+b+b,c.all(x,c.all(y,c.all(z,x+y+z>0))))))",
        "cel.bind(a,[1,1],cel.bind(b,[a,a],cel.bind(c,[b,b],cel.bind(d,[c,c,c,c,c,c,c,c],cel.bind(e,[d,d,d,d,d,d,d,d],cel.bind(f,[e,e,e,e,e,e,e,e],"
        "cel.bind(g,[f,f,f,f,f,f,f,f],cel.bind(h,[g,g,g,g,g,g,g,g],cel.bind(i,[h,h,h,h,h,h,h,h],[i,i,i,i,i,i]==[i,i,i,i,i,i])))))))))",
        "cel.bind(s,'xxxxxxxxxxxxxxxx',cel.bind(t,s+s+s+s+s+s+s+s,cel.bind(u,t+t+t+t+t+t+t+t,cel.bind(v,u+u+u+u+u+u+u+u,cel.bind(w,v+v+v+v+v+v+v+v,"
        "cel.bind(x,w+w+w+w+w+w+w+w,cel.bind(y,x+x+x+x+x+x+x+x,y+y+y+y+y+y+y+y==''))))))) || true",
        "[0,1,2,3,4,5,6,7,8,9].map(a,[0,1,2,3,4,5,6,7,8,9].map(b,[0,1,2,3,4,5,6,7,8,9].map(c,[0,1,2,3,4,5,6,7,8,9].map(d,"
        "[0,1,2,3,4,5,6,7,8,9].map(e,[0,1,2,3,4,5,6,7,8,9].map(f,[0,1,2,3,4,5,6,7,8,9]))))))",
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        eh_cel_value value = eh_cel_run(with->machine, compiled(with, hostile[i]), with->facts);
        assert_int_equal(value.kind, EH_CEL_ERROR);
        bool limit = memmem(value.text, value.len, "limit", 5) != NULL || memmem(value.text, value.len, "too many", 8) != NULL;
        assert_true(limit);
    }
    /* A lower limit may be asked for, and nothing absorbs reaching it. */
    eh_cel_machine *poor = NULL;
    assert_int_equal(eh_cel_machine_open(&(eh_cel_machine_options){.cost_max = 20}, &poor, NULL), EH_OK);
    const eh_cel_program *program = compiled(with, "[1,2,3,4,5,6,7,8,9].all(x, x > 0 && x < 100) || true");
    uint8_t parts[16] = {0};
    assert_int_equal(eh_cel_run(poor, program, with->facts).kind, EH_CEL_ERROR);
    assert_int_equal(eh_cel_run_parts(poor, program, with->facts, parts).kind, EH_CEL_ERROR);
    assert_text(eh_cel_run(with->machine, program, with->facts), "true");
    eh_cel_machine_close(&poor);
    assert_true(eh_cel_program_cost_max(compiled(with, "tags.all(a, tags.all(b, a == b))")) >= (uint64_t)EH_CEL_ASSUMED_ITEMS * EH_CEL_ASSUMED_ITEMS);
}

static void unknowns_and_errors_combine(void **state)
{
    static const struct {
        const char *text, *result;
    } rows[] = {
        {"age > 3", "unknown"}, {"age > 3 || true", "true"}, {"age > 3 && false", "false"}, {"true && age > 3", "unknown"},
        {"1 / 0 > 1 || age > 3", "unknown"}, {"1 / 0 > 1 && true", "error: divide by zero"}, {"tags.exists(t, t == 'a') || age > 3", "true"},
        {"age > 3 ? 1 : 2", "unknown"}, {"[age]", "unknown"}, {"tags.exists(t, age > 3)", "unknown"}, {"tags.all(t, t == 'z' && age > 3)", "false"},
    };
    fixture *with = *state;
    with->facts[0] = eh_cel_unknown();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_cel_value value = eh_cel_run(with->machine, compiled(with, rows[i].text), with->facts);
        assert_text(value, rows[i].result);
        if (value.kind == EH_CEL_UNKNOWN)
            assert_int_equal(value.slot, 0);
    }
}

static void leaves_a_residual(void **state)
{
    static const struct {
        const char *text, *residual;
    } rows[] = {
        {"age >= 18 && country == 'DE'", "(age >= 18)"},
        {"age >= 18 && country == 'FR'", "false"},
        {"age >= 18 || country == 'DE'", "true"},
        {"country == 'DE' ? age > 3 || age < 1 : false", "(age > 3 || age < 1)"},
        {"(country == 'FR' || age > 3) && spend < age * 2.0", "((age > 3)) && 12.5 < age * 2.0"},
        {"tags.exists(t, t == country || age > 3)", "[\"a\", \"b\"].exists(t, t == \"DE\" || age > 3)"},
        {"now.getHours('UTC') < age", "9 < age"},
        {"1 / 0 > age", "1 / 0 > age"},
        {"customer.vip && spend > 1.0", "true"},
    };
    fixture *with = *state;
    eh_cel_env *env = eh_cel_env_open(with->arena, NULL);
    static const char *const names[] = {"age", "country", "spend", "tags", "now", "customer.vip"};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(eh_cel_env_declare(env, eh_view_of(names[i]), "dyn", NULL), EH_OK);
    with->facts[0] = eh_cel_unknown();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const eh_cel_program *program = NULL, *again = NULL;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        assert_int_equal(eh_cel_compile(env, eh_view_of(rows[i].text), with->arena, &program, NULL), EH_OK);
        assert_int_equal(eh_cel_residual(with->machine, program, with->facts, &text, NULL), EH_OK);
        assert_string_equal(text.ptr, rows[i].residual);
        assert_int_equal(eh_cel_compile(env, eh_buffer_view(&text), with->arena, &again, NULL), EH_OK);
        for (int64_t age = 0; age < 40; age += 3) { /* it means the same for every completion */
            with->facts[0] = eh_cel_int(age);
            eh_cel_value first = eh_cel_run(with->machine, program, with->facts);
            bool was_error = first.kind == EH_CEL_ERROR, was_true = first.kind == EH_CEL_BOOL && first.boolean;
            eh_cel_value second = eh_cel_run(with->machine, again, with->facts);
            assert_int_equal(second.kind == EH_CEL_ERROR, was_error);
            assert_int_equal(second.kind == EH_CEL_BOOL && second.boolean, was_true);
        }
        with->facts[0] = eh_cel_unknown();
    }
}

static void tells_what_parts_came_to(void **state)
{
    fixture *with = *state;
    const eh_cel_program *program = compiled(with, "age >= 18 && (country == 'FR' || customer.vip)");
    size_t count = 0;
    const eh_cel_part *parts = eh_cel_program_parts(program, &count);
    assert_int_equal(count, 5);
    uint8_t seen[5] = {0};
    assert_text(eh_cel_run_parts(with->machine, program, with->facts, seen), "true");
    for (size_t i = 0; i < count; i++) {
        bool french = eh_view_equal(parts[i].text, EH_VIEW("country == 'FR'"));
        assert_int_equal(seen[i], french ? EH_CEL_PART_FALSE : EH_CEL_PART_TRUE);
    }
    assert_int_equal(parts[0].text.len, 46);
    size_t slots_count = 0;
    const uint32_t *slots = eh_cel_program_slots(program, &slots_count);
    assert_int_equal(slots_count, 3);
    assert_int_equal(slots[2], 5);
}

static void *run_often(void *context)
{
    fixture *with = context;
    eh_cel_machine *machine = NULL;
    if (eh_cel_machine_open(NULL, &machine, NULL) != EH_OK)
        return with;
    const eh_cel_program *program = (const void *)with->facts[7].text;
    bool good = true;
    for (int i = 0; i < 2000; i++) {
        eh_cel_value value = eh_cel_run(machine, program, with->facts);
        good &= value.kind == EH_CEL_BOOL && value.boolean;
    }
    eh_cel_machine_close(&machine);
    return good ? NULL : with;
}

static void serves_many_threads(void **state)
{
    fixture *with = *state;
    with->facts[7].text = (const void *)compiled(with, "tags.map(t, t + country).all(t, t.matches('^[ab]DE$')) && now.getHours('Asia/Tokyo') == 18");
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, run_often, with), 0);
    for (size_t i = 0; i < 3; i++) {
        void *failed = NULL;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
}

static void declares_names_and_types(void **state)
{
    fixture *with = *state;
    static const char *const types[] = {"int", "list(list(map(string, optional(dyn))))", "map( string , list(int) )", "google.protobuf.Timestamp", "list", "type(int)"};
    static const char *const wrong[] = {"", "integer", "list(", "list(int", "list(int,int)", "map(int)", "int)", "list()", "list(int) x"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        char name[8];
        snprintf(name, sizeof name, "t%zu", i);
        assert_int_equal(eh_cel_env_declare(with->env, eh_view_of(name), types[i], NULL), EH_OK);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(eh_cel_env_declare(with->env, EH_VIEW("w"), wrong[i], NULL), EH_INPUT);
    assert_int_equal(eh_cel_env_declare(with->env, EH_VIEW("age"), "int", NULL), EH_CONFLICT);
    assert_int_equal(eh_cel_env_find(with->env, EH_VIEW("customer.vip")), 5);
    assert_true(eh_cel_env_find(with->env, EH_VIEW("nobody")) == SIZE_MAX);
}

#define CEL_TEST(function) cmocka_unit_test_setup_teardown(function, open_fixture, close_fixture)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CEL_TEST(evaluates_over_facts),       CEL_TEST(says_where_an_expression_is_wrong), CEL_TEST(ends_at_its_limits),
        CEL_TEST(stops_what_costs_too_much),  CEL_TEST(unknowns_and_errors_combine),       CEL_TEST(leaves_a_residual),
        CEL_TEST(tells_what_parts_came_to),   CEL_TEST(serves_many_threads),               CEL_TEST(declares_names_and_types),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
