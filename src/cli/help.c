/* The general help. */
#include "cli/cli_int.h"

void eh_general_help(const eh_command *commands, size_t commands_count, eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand - checks marketing decisions for fairness between groups of customers\n"
                   "\n"
                   "  evenhand COMMAND [option]...\n"
                   "\n"
                   "Commands:\n");
    for (size_t i = 0; i < commands_count; i++)
        eh_buffer_format(out, "  %-8s  %s\n", commands[i].name, commands[i].says);
    eh_buffer_text(out,
                   "  help      this text; evenhand help COMMAND tells about one command\n"
                   "\n"
                   "  evenhand --version  prints the version\n"
                   "\n"
                   "Example:\n"
                   "  evenhand audit sent.csv --decision sent --label bought --by age_band,gender\n");
}
