/* Errors: a code for the program, a text for a person. */
#include "base/base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const code_names[EH_CODES_COUNT] = {
    [EH_OK] = "ok",
    [EH_INPUT] = "input",
    [EH_NOT_FOUND] = "not found",
    [EH_CONFLICT] = "conflict",
    [EH_LIMIT] = "limit",
    [EH_MEMORY] = "memory",
    [EH_IO] = "reading or writing",
    [EH_CORRUPT] = "corrupt",
    [EH_DENIED] = "denied",
    [EH_UNAVAILABLE] = "unavailable",
    [EH_INTERNAL] = "internal",
};

const char *eh_code_name(eh_code code)
{
    if (code < EH_OK || code >= EH_CODES_COUNT)
        return "unknown";
    return code_names[code];
}

/* Ends a text that was cut before the first byte of a character that is not there in full. */
static void cut_on_character(char *text, size_t len)
{
    size_t start = len;
    while (start > 0 && len - start < 4 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0 || len - start == 4)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (len - start + 1 < need)
        text[start - 1] = '\0';
}

static void write_text(eh_error *error, const char *format, va_list arguments) EH_PRINTF(2, 0);

static void write_text(eh_error *error, const char *format, va_list arguments)
{
    int wanted = vsnprintf(error->text, sizeof error->text, format, arguments);
    if (wanted < 0)
        error->text[0] = '\0';
    else if ((size_t)wanted >= sizeof error->text)
        cut_on_character(error->text, sizeof error->text - 1);
}

eh_code eh_fail(eh_error *error, eh_code code, const char *format, ...)
{
    EH_ASSERT(code > EH_OK && code < EH_CODES_COUNT);
    if (error == NULL)
        return code;
    /* The arguments may point into the error itself, so the old text must stay whole until the new one is written. */
    eh_error written = {.code = code};
    va_list arguments;
    va_start(arguments, format);
    write_text(&written, format, arguments);
    va_end(arguments);
    *error = written;
    return code;
}

eh_code eh_fail_within(eh_error *error, const char *prefix_format, ...)
{
    if (error == NULL)
        return EH_INTERNAL;
    eh_error prefixed = {.code = error->code};
    va_list arguments;
    va_start(arguments, prefix_format);
    write_text(&prefixed, prefix_format, arguments);
    va_end(arguments);

    size_t used = strlen(prefixed.text);
    size_t room = sizeof prefixed.text - used;
    int wanted = snprintf(prefixed.text + used, room, ": %s", error->text);
    if (wanted >= 0 && (size_t)wanted >= room)
        cut_on_character(prefixed.text, sizeof prefixed.text - 1);
    *error = prefixed;
    return error->code;
}

eh_code eh_fail_memory(eh_error *error)
{
    return eh_fail(error, EH_MEMORY,
                   "not enough memory: the input needs more than is free or than the limit allows (see 'evenhand limits')");
}

_Noreturn void eh_assert_failed(const char *file, int line, const char *function, const char *condition)
{
    fprintf(stderr, "evenhand: internal error at %s:%d in %s: %s does not hold\n", file, line, function, condition);
    fflush(stderr);
    abort();
}
