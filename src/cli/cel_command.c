/* `evenhand cel`: evaluates one expression, or many from standard input. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_int.h"
#include "policy/cel.h"

enum { LINE_ARENA_BYTES_MAX = 256 << 20, OUTPUT_FLUSH_BYTES = 1 << 16 };

typedef struct {
    const char *bind, *container;
    bool lines, json, check, macros_disabled;
} cel_request;

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    cel_request *request = use->target;
    (void)error;
    *(strcmp(use->option, "--bind") == 0 ? &request->bind : &request->container) = use->value;
    return EH_OK;
}

static eh_code read_switch(const eh_option_use *use, eh_error *error)
{
    cel_request *request = use->target;
    (void)error;
    bool *of = strcmp(use->option, "--lines") == 0 ? &request->lines : strcmp(use->option, "--json") == 0 ? &request->json :
               strcmp(use->option, "--check") == 0 ? &request->check : &request->macros_disabled;
    *of = true;
    return EH_OK;
}

static const eh_option options[] = {
    {"--bind", "JSON", "What the expression may name", "an object: each member is a variable; {\"age\": 30} makes age an int, 30.0 a double; a value may also be in the form "
     "of cel.expr.Value, as {\"uint64Value\": \"30\"}", false, read_text},
    {"--container", "NAME", "What the expression may name", "names are looked up as NAME.x before x", false, read_text},
    {"--check", NULL, "How it is read", "check types first; what does not fit is an error before anything runs", false, read_switch},
    {"--no-macros", NULL, "How it is read", "has, all, exists, map and filter are plain functions", false, read_switch},
    {"--json", NULL, "Output", "the value as the JSON of cel.expr.Value", false, read_switch},
    {"--lines", NULL, "Output", "read JSON lines from standard input, write a JSON line for each", false, read_switch},
    {"--help", NULL, "Help", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

void eh_cel_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand cel - evaluates an expression in CEL, the language of policy conditions\n"
                   "\n"
                   "  evenhand cel [option]... EXPRESSION\n"
                   "  evenhand cel --lines < LINES\n");
    eh_options_help(options, OPTIONS_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "A line of --lines is {\"expr\": TEXT} and may have \"bindings\" {NAME: VALUE},\n"
                   "\"disable_macros\", \"container\", \"check\", \"check_only\", \"disable_check\" and\n"
                   "\"type_env\". It is answered by {\"value\": ...} or {\"error\": ...}.\n"
                   "An expression that starts with a minus stands behind --.\n"
                   "\n"
                   "Example:\n"
                   "  evenhand cel 'age >= 18 && country in [\"DE\", \"FR\"]' --bind '{\"age\": 30, \"country\": \"DE\"}'\n");
}

/* ---- one expression ---------------------------------------------------------------------------------------------------------------------- */

/* All that one evaluation needs. Lives in an arena. */
typedef struct {
    eh_arena *arena;
    eh_cel_machine *machine;
    eh_view text;
    eh_cel_env_options environment;
    eh_json_value bindings, type_env;
    bool check_only;
} evaluation;

/* The facts in the order of their slots; what is declared and not bound is an error when it is read. */
static eh_code facts_read(const evaluation *of, eh_cel_env *env, eh_cel_value **facts_out, eh_error *error)
{
    for (size_t i = 0; i < eh_json_count(of->type_env); i++)
        EH_TRY(eh_cel_env_declare_json(env, eh_json_item(of->type_env, i), error));
    for (eh_json_members at = {0}; eh_json_next(of->bindings, &at);)
        if (eh_cel_env_find(env, eh_view_of(at.key)) == SIZE_MAX)
            EH_TRY(eh_cel_env_declare(env, eh_view_of(at.key), "dyn", error));
    eh_cel_value *facts = EH_TAKE(of->arena, eh_cel_env_count(env), eh_cel_value);
    if (facts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < eh_cel_env_count(env); i++) {
        const char *text = eh_arena_format(of->arena, "no value is bound to '%s'", eh_cel_env_name(env, i));
        if (text == NULL)
            return eh_fail_memory(error);
        facts[i] = (eh_cel_value){.kind = EH_CEL_ERROR, .len = (uint32_t)strlen(text), .text = text};
    }
    for (eh_json_members at = {0}; eh_json_next(of->bindings, &at);) {
        eh_error why = {0};
        eh_code code = eh_cel_value_from_json(at.value, of->arena, &facts[eh_cel_env_find(env, eh_view_of(at.key))], &why);
        if (code != EH_OK)
            return eh_fail(error, code, "binding '%.100s': %s", at.key, why.text);
    }
    *facts_out = facts;
    return EH_OK;
}

/* The value lives until the machine runs again. */
static eh_code evaluate(const evaluation *of, const eh_cel_program **program_out, eh_cel_value *value_out, eh_error *error)
{
    eh_cel_value *facts = NULL;
    eh_cel_env *env = eh_cel_env_open(of->arena, &of->environment);
    if (env == NULL)
        return eh_fail_memory(error);
    EH_TRY(facts_read(of, env, &facts, error));
    EH_TRY(eh_cel_compile(env, of->text, of->arena, program_out, error));
    *value_out = of->check_only ? eh_cel_null() : eh_cel_run(of->machine, *program_out, facts);
    if (value_out->kind == EH_CEL_ERROR)
        return eh_fail(error, EH_INPUT, "%.*s", (int)value_out->len, value_out->text);
    return EH_OK;
}

static eh_code one_run(const cel_request *request, const char *text, eh_arena *arena, eh_cel_machine *machine, eh_buffer *out, eh_error *error)
{
    eh_json_document *document = NULL;
    evaluation of = {.arena = arena, .machine = machine, .text = eh_view_of(text)};
    of.environment = (eh_cel_env_options){.container = request->container, .macros_disabled = request->macros_disabled, .check = request->check};
    if (request->bind != NULL)
        EH_TRY(eh_json_parse_zeros(eh_view_of(request->bind), "--bind", &document, error));
    of.bindings = eh_json_root(document);
    eh_code code = EH_OK;
    if (document != NULL && eh_json_type_of(of.bindings) != EH_JSON_OBJECT)
        code = eh_fail(error, EH_INPUT, "--bind: is an object such as {\"age\": 30}");
    const eh_cel_program *program = NULL;
    eh_cel_value value = {0};
    if (code == EH_OK)
        code = evaluate(&of, &program, &value, error);
    if (code == EH_OK && request->json) {
        eh_json_writer writer;
        eh_json_begin(&writer, out, false, false);
        eh_cel_value_json(value, &writer, NULL);
    } else if (code == EH_OK) {
        eh_cel_value_literal(value, out);
    }
    eh_json_close(&document);
    eh_buffer_byte(out, '\n');
    return code;
}

/* ---- lines --------------------------------------------------------------------------------------------------------------------------------- */

static bool flag(eh_json_value line, const char *key)
{
    bool set = false;
    return eh_json_as_boolean(eh_json_member(line, key), &set) && set;
}

static eh_code line_evaluate(const cel_request *request, eh_json_value line, evaluation *of, const eh_cel_program **program_out, eh_cel_value *value_out,
                             eh_error *error)
{
    eh_view text = eh_json_as_view(eh_json_member(line, "expr"));
    const char *container = eh_json_as_text(eh_json_member(line, "container"));
    if (text.ptr == NULL)
        return eh_fail(error, EH_INPUT, "a line is an object with the member \"expr\", a text");
    of->text = text;
    of->bindings = eh_json_member(line, "bindings");
    of->type_env = eh_json_member(line, "type_env");
    of->check_only = flag(line, "check_only");
    bool check = request->check || of->check_only || flag(line, "check") || eh_json_count(of->type_env) > 0;
    of->environment = (eh_cel_env_options){.container = container != NULL ? container : request->container,
                                           .macros_disabled = request->macros_disabled || flag(line, "disable_macros"),
                                           .check = check && !flag(line, "disable_check")};
    return evaluate(of, program_out, value_out, error);
}

static void line_answer(const cel_request *request, eh_view line, eh_cel_machine *machine, eh_buffer *out)
{
    eh_error error = {0};
    eh_json_document *document = NULL;
    const eh_cel_program *program = NULL;
    eh_cel_value value = {0};
    evaluation of = {.machine = machine};
    of.arena = eh_arena_open(LINE_ARENA_BYTES_MAX);
    eh_code code = of.arena == NULL ? eh_fail_memory(&error) : eh_json_parse_zeros(line, "line", &document, &error);
    if (code == EH_OK)
        code = line_evaluate(request, eh_json_root(document), &of, &program, &value, &error);
    eh_json_writer writer;
    eh_json_begin(&writer, out, false, false);
    eh_json_object_open(&writer, NULL);
    if (code != EH_OK)
        eh_json_text(&writer, "error", error.text);
    else if (!of.check_only)
        eh_cel_value_json(value, &writer, "value");
    if (code == EH_OK && of.environment.check)
        eh_cel_program_type_json(program, &writer, "type");
    eh_json_object_close(&writer);
    eh_buffer_byte(out, '\n');
    eh_json_close(&document);
    eh_arena_close(&of.arena);
}

/* Answers all whole lines in `in` and keeps the rest. */
static eh_code lines_answer(const cel_request *request, eh_cel_machine *machine, eh_buffer *in, bool ended, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    size_t from = 0;
    while (from < in->len) {
        const char *end = memchr(in->ptr + from, '\n', in->len - from);
        if (end == NULL && !ended)
            break;
        size_t len = end == NULL ? in->len - from : (size_t)(end - in->ptr) - from;
        if (eh_view_trim((eh_view){in->ptr + from, len}).len > 0)
            line_answer(request, (eh_view){in->ptr + from, len}, machine, &out);
        from += len + (end != NULL);
        if (out.len >= OUTPUT_FLUSH_BYTES) {
            EH_TRY(eh_buffer_check(&out, error));
            EH_TRY(eh_stdout_write(eh_buffer_view(&out), error));
            eh_buffer_clear(&out);
        }
    }
    memmove(in->ptr, in->ptr + from, in->len - from);
    in->len -= from;
    EH_TRY(eh_buffer_check(&out, error));
    return out.len > 0 ? eh_stdout_write(eh_buffer_view(&out), error) : EH_OK;
}

static eh_code lines_run(const cel_request *request, eh_cel_machine *machine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer in = {.bytes_max = EH_JSON_BYTES_MAX};
    char block[1 << 16];
    for (;;) {
        ssize_t got = read(STDIN_FILENO, block, sizeof block);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return eh_fail(error, EH_IO, "standard input: cannot be read: %s", strerror(errno));
        eh_buffer_append(&in, (eh_view){block, (size_t)got});
        if (in.code == EH_LIMIT)
            return eh_fail(error, EH_LIMIT, "standard input: a line is longer than %d bytes", EH_JSON_BYTES_MAX);
        EH_TRY(eh_buffer_check(&in, error));
        if (got == 0 && in.len == 0)
            return EH_OK;
        EH_TRY(lines_answer(request, machine, &in, got == 0, error));
        if (got == 0)
            return EH_OK;
    }
}

/* ---- the command ------------------------------------------------------------------------------------------------------------------------------ */

static eh_code run(int argc, char **argv, eh_arena *arena, eh_buffer *out, eh_error *error)
{
    eh_arguments arguments = {0};
    cel_request request = {0};
    EH_TRY(eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, arena, &arguments, error));
    if (arguments.help) {
        eh_cel_help(out);
        return EH_OK;
    }
    EH_TRY(eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, error));
    if (request.lines && (arguments.files_count > 0 || request.bind != NULL))
        return eh_fail(error, EH_CONFLICT, "--lines takes expressions and bindings from standard input, and none from the command line");
    if (!request.lines && arguments.files_count != 1)
        return eh_fail(error, EH_INPUT, "one expression is wanted, in quotes, and %zu were given, as in: evenhand cel '1 + 2'", arguments.files_count);
    EH_CLEANUP(eh_cel_machine_close) eh_cel_machine *machine = NULL;
    EH_TRY(eh_cel_machine_open(NULL, &machine, error));
    return request.lines ? lines_run(&request, machine, error) : one_run(&request, arguments.files[0], arena, machine, out, error);
}

int eh_cel_command(int argc, char **argv)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(LINE_ARENA_BYTES_MAX);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_error error = {0};
    eh_code code = arena == NULL ? eh_fail_memory(&error) : run(argc, argv, arena, &out, &error);
    if (code != EH_OK)
        return eh_error_show("cel", &error);
    return out.len > 0 ? eh_stdout_show("cel", &out) : 0;
}
