/* Option tables: sorting a command line into one, reading its values, printing it as help. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_int.h"

enum { HELP_COLUMNS = 80, HELP_INDENT = 26, NAMES_MAX = 64 };

/* The state of sorting one command line. */
typedef struct {
    const eh_option *table;
    size_t table_count;
    char **argv;
    int argc, at;
    const char **files;
    eh_arguments *out;
} sorting;

static eh_code unknown_option(const sorting *state, const char *given, size_t name_len, eh_error *error)
{
    const char *names[NAMES_MAX];
    EH_ASSERT(state->table_count <= NAMES_MAX);
    for (size_t i = 0; i < state->table_count; i++)
        names[i] = state->table[i].name;
    char name[48]; /* longer than any option: what is cut is far from all of them */
    snprintf(name, sizeof name, "%.*s", (int)name_len, given);
    const char *nearest = eh_nearest_name(name, names, state->table_count);
    if (nearest != NULL)
        return eh_fail(error, EH_INPUT, "%s is no option; do you mean %s?", name, nearest);
    return eh_fail(error, EH_INPUT, "%s is no option; --help lists them (what has that name comes after --, as in: -- %s)", name, name);
}

/* Index of the option whose name is the first `len` bytes of `text`; table_count when there is none. */
static size_t option_find(const eh_option *table, size_t table_count, const char *text, size_t len)
{
    size_t i = 0;
    while (i < table_count && !eh_view_equal((eh_view){text, len}, eh_view_of(table[i].name)))
        i++;
    return i;
}

static eh_code value_check(const char *name, const char *value, eh_error *error)
{
    if (!eh_utf8_valid(eh_view_of(value)))
        return eh_fail(error, EH_INPUT, "%s: the value is not valid UTF-8", name);
    return EH_OK;
}

static eh_code option_take(sorting *state, eh_error *error)
{
    const char *given = state->argv[state->at];
    const char *equals = strchr(given, '=');
    size_t name_len = equals != NULL ? (size_t)(equals - given) : strlen(given);
    size_t index = option_find(state->table, state->table_count, given, name_len);
    if (index == state->table_count)
        return unknown_option(state, given, name_len, error);

    const eh_option *option = &state->table[index];
    eh_arguments *out = state->out;
    for (size_t i = 0; i < out->values_count; i++)
        if (out->options[i] == index && !option->repeatable)
            return eh_fail(error, EH_CONFLICT, "%s: given twice", option->name);
    if (option->argument == NULL && equals != NULL)
        return eh_fail(error, EH_INPUT, "%s: takes no value", option->name);

    const char *value = equals != NULL ? equals + 1 : NULL;
    if (option->argument != NULL && value == NULL) {
        const char *next = state->at + 1 < state->argc ? state->argv[state->at + 1] : NULL;
        if (next == NULL)
            return eh_fail(error, EH_INPUT, "%s: a value is missing: %s %s", option->name, option->name, option->argument);
        size_t next_len = strcspn(next, "=");
        if (option_find(state->table, state->table_count, next, next_len) < state->table_count)
            return eh_fail(error, EH_INPUT, "%s: a value is missing: %s %s (what follows is the option %.*s)", option->name, option->name,
                           option->argument, (int)next_len, next);
        value = next;
        state->at++;
        if (strlen(value) > EH_ARGUMENT_BYTES_MAX)
            return eh_fail(error, EH_LIMIT, "%s: a value of %zu bytes, at most %d", option->name, strlen(value), EH_ARGUMENT_BYTES_MAX);
    }
    if (value != NULL)
        EH_TRY(value_check(option->name, value, error));
    if (option->read == NULL)
        out->help = true;
    out->options[out->values_count] = index;
    out->values[out->values_count++] = value;
    return EH_OK;
}

eh_code eh_arguments_parse(const eh_option *table, size_t table_count, int argc, char **argv, eh_arena *arena, eh_arguments *arguments_out,
                           eh_error *error)
{
    size_t places = argc > 0 ? (size_t)argc : 1;
    eh_arguments arguments = {0};
    sorting state = {.table = table, .table_count = table_count, .argv = argv, .argc = argc, .at = 1, .out = &arguments};
    state.files = EH_TAKE(arena, places, const char *);
    arguments.values = EH_TAKE(arena, places, const char *);
    arguments.options = EH_TAKE(arena, places, size_t);
    if (state.files == NULL || arguments.values == NULL || arguments.options == NULL)
        return eh_fail_memory(error);

    bool options_ended = false;
    for (; state.at < argc && !arguments.help; state.at++) {
        const char *given = argv[state.at];
        if (strlen(given) > EH_ARGUMENT_BYTES_MAX)
            return eh_fail(error, EH_LIMIT, "argument %d has %zu bytes, at most %d: %.40s...", state.at, strlen(given), EH_ARGUMENT_BYTES_MAX,
                           given);
        if (!options_ended && strcmp(given, "--") == 0) {
            options_ended = true;
        } else if (!options_ended && strcmp(given, "-h") == 0) {
            arguments.help = true;
        } else if (!options_ended && given[0] == '-' && given[1] != '\0') {
            EH_TRY(option_take(&state, error));
        } else {
            if (arguments.files_count == EH_FILES_MAX)
                return eh_fail(error, EH_LIMIT, "more than %d files; a glob in quotes counts as one argument", EH_FILES_MAX);
            if (given[0] == '\0')
                return eh_fail(error, EH_INPUT, "argument %d is empty: nothing has that name", state.at);
            state.files[arguments.files_count++] = given;
        }
    }
    arguments.files = state.files;
    *arguments_out = arguments;
    return EH_OK;
}

eh_code eh_arguments_read(const eh_option *table, size_t table_count, const eh_arguments *arguments, const eh_option_use *model,
                          eh_error *error)
{
    for (size_t i = 0; i < table_count; i++) {
        for (size_t k = 0; k < arguments->values_count; k++) {
            if (arguments->options[k] != i || table[i].read == NULL)
                continue;
            eh_option_use use = *model;
            use.option = table[i].name;
            use.value = arguments->values[k];
            EH_TRY(table[i].read(&use, error));
        }
    }
    return EH_OK;
}

/* ---- numbers ------------------------------------------------------------------------------------------------------------- */

eh_code eh_whole_read(const eh_option_use *use, uint64_t low, uint64_t high, uint64_t *number_out, eh_error *error)
{
    const char *value = use->value;
    size_t len = strlen(value);
    uint64_t number = 0;
    bool good = len > 0 && len <= 19 && strspn(value, "0123456789") == len;
    if (good) {
        errno = 0;
        number = strtoull(value, NULL, 10);
        good = errno == 0 && number >= low && number <= high;
    }
    if (!good)
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is no whole number between %llu and %llu", use->option, value, (unsigned long long)low,
                       (unsigned long long)high);
    *number_out = number;
    return EH_OK;
}

/* ---- help ------------------------------------------------------------------------------------------------------------------ */

/* Words of `text`, wrapped; the line stands at column `at` and goes on, as all that follow, at HELP_INDENT. */
static void words_append(eh_buffer *out, const char *text, size_t at)
{
    if (at + 2 > HELP_INDENT) {
        eh_buffer_byte(out, '\n');
        at = 0;
    }
    eh_buffer_format(out, "%*s", (int)(HELP_INDENT - at), "");
    at = HELP_INDENT;
    for (const char *word = text; *word != '\0';) {
        size_t len = strcspn(word, " ");
        size_t columns = eh_utf8_columns((eh_view){word, len});
        if (at > HELP_INDENT && at + 1 + columns > HELP_COLUMNS) {
            eh_buffer_format(out, "\n%*s", HELP_INDENT, "");
            at = HELP_INDENT;
        } else if (at > HELP_INDENT) {
            eh_buffer_byte(out, ' ');
            at++;
        }
        eh_buffer_append(out, (eh_view){word, len});
        at += columns;
        word += len;
        word += strspn(word, " ");
    }
    eh_buffer_byte(out, '\n');
}

void eh_options_help(const eh_option *table, size_t table_count, eh_buffer *out)
{
    const char *heading = "";
    for (size_t i = 0; i < table_count; i++) {
        const eh_option *option = &table[i];
        if (strcmp(heading, option->heading) != 0)
            eh_buffer_format(out, "\n%s:\n", option->heading);
        heading = option->heading;
        eh_buffer_format(out, "  %s", option->name);
        size_t at = 2 + strlen(option->name);
        if (option->argument != NULL) {
            eh_buffer_format(out, " %s", option->argument);
            at += 1 + strlen(option->argument);
        }
        words_append(out, option->says, at);
    }
}
