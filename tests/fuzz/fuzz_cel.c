/*
 * Any bytes as an expression: parsed, checked, run and reduced, all within the limits. What runs twice gives the same; a residual means what
 * the expression means. The first byte says how it is read.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "policy/cel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 256 << 20, EXPRESSION_BYTES_MAX = 4096 };

static bool same(eh_cel_value a, eh_buffer *text_of_a, eh_cel_value b, eh_buffer *text_of_b)
{
    eh_cel_value_literal(a, text_of_a);
    eh_cel_value_literal(b, text_of_b);
    return text_of_a->code != EH_OK || eh_view_equal(eh_buffer_view(text_of_a), eh_buffer_view(text_of_b));
}

static void run(eh_cel_env *env, const eh_cel_program *program, eh_cel_value *facts, eh_arena *arena)
{
    eh_cel_machine *machine = NULL, *other = NULL;
    eh_cel_machine_options options = {.cost_max = 20000};
    if (eh_cel_machine_open(&options, &machine, NULL) != EH_OK || eh_cel_machine_open(&options, &other, NULL) != EH_OK)
        abort();
    size_t parts_count = 0;
    (void)eh_cel_program_parts(program, &parts_count);
    uint8_t *parts = EH_TAKE(arena, parts_count + 1, uint8_t);
    eh_buffer first = {0}, second = {0}, left = {0};
    eh_cel_value value = eh_cel_run(machine, program, facts);
    EH_ASSERT(parts == NULL || same(value, &first, eh_cel_run_parts(other, program, facts, parts), &second) || eh_cel_machine_cost(machine) > 10000);
    facts[0] = eh_cel_unknown();
    if (eh_cel_residual(machine, program, facts, &left, NULL) == EH_OK) {
        const eh_cel_program *again = NULL;
        eh_error error = {0};
        EH_ASSERT(eh_cel_compile(env, eh_buffer_view(&left), arena, &again, &error) == EH_OK || error.code == EH_LIMIT || error.code == EH_MEMORY);
    }
    eh_buffer_dispose(&first);
    eh_buffer_dispose(&second);
    eh_buffer_dispose(&left);
    eh_cel_machine_close(&machine);
    eh_cel_machine_close(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > EXPRESSION_BYTES_MAX)
        return 0;
    eh_arena *arena = eh_arena_open(ARENA_BYTES_MAX);
    char *text = arena == NULL ? NULL : eh_arena_copy(arena, (eh_view){(const char *)data + 1, size - 1});
    eh_cel_env *env = eh_cel_env_open(arena, &(eh_cel_env_options){.check = data[0] & 1, .macros_disabled = data[0] & 2});
    if (text == NULL || env == NULL)
        abort();
    bool declared = eh_cel_env_declare(env, EH_VIEW("a"), "int", NULL) == EH_OK && eh_cel_env_declare(env, EH_VIEW("s"), "string", NULL) == EH_OK &&
                    eh_cel_env_declare(env, EH_VIEW("a.b"), "dyn", NULL) == EH_OK;
    EH_ASSERT(declared);
    eh_cel_value facts[3] = {eh_cel_int(3), eh_cel_string(EH_VIEW("text")), eh_cel_null()};
    const eh_cel_program *program = NULL;
    eh_error error = {0};
    eh_code code = eh_cel_compile(env, (eh_view){text, size - 1}, arena, &program, &error);
    EH_ASSERT(code == EH_OK || error.text[0] != '\0');
    if (code == EH_OK)
        run(env, program, facts, arena);
    eh_arena_close(&arena);
    return 0;
}
