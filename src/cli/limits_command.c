/* `evenhand limits`: every maximum of the program, from base/limits.h. */
#include <string.h>

#include "cli/cli_int.h"

typedef struct {
    const char *name;
    int value;
    const char *unit, *what;
} limit;

static const limit limits[] = {
#define LIMIT_ROW(name, value, unit, what) {#name, value, unit, what},
    EH_LIMITS(LIMIT_ROW)
#undef LIMIT_ROW
};

void eh_limits_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand limits - prints every maximum of the program\n"
                   "\n"
                   "  evenhand limits\n"
                   "\n"
                   "What is beyond a limit is an error that says the limit, never a silent cut.\n");
}

int eh_limits_command(int argc, char **argv)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        eh_limits_help(&text);
        return eh_stdout_show("limits", &text);
    }
    if (argc > 1) {
        eh_error error = {0};
        (void)eh_fail(&error, EH_INPUT, "takes no arguments, but '%.100s' was given", argv[1]);
        return eh_error_show("limits", &error);
    }
    eh_buffer_format(&text, "%10s  %-10s  %s\n", "maximum", "unit", "of");
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++)
        eh_buffer_format(&text, "%10d  %-10s  %s\n", limits[i].value, limits[i].unit, limits[i].what);
    return eh_stdout_show("limits", &text);
}
