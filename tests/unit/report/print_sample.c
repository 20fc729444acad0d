/* Prints the sample audit for validate.py: print_sample json|csv|text VARIANT. VARIANT is a row of the table below. */
#include <stdio.h>
#include <string.h>

#include "sample_audit.h"

static const struct {
    const char *name;
    sample_options options;
} variants[] = {
    {"full", {0}},
    {"plain", {.plain = true, .depth = 1}},
    {"no-label", {.without = EH_NEEDS_LABEL | EH_NEEDS_SCORE | EH_NEEDS_VALUE}},
    {"no-score", {.without = EH_NEEDS_SCORE}},
    {"withheld", {.cell_rows_min = 3000}},
    {"many", {.groups_count = 64, .depth = 1}},
    {"hostile", {.hostile = "=1+1\n\"</script>\\ 😀"}},
};

static void print_text(const eh_report_about *about, const eh_audit *audit, eh_buffer *out)
{
    eh_report_text(about, audit, &(eh_report_text_options){0}, out);
}

static const struct {
    const char *name;
    void (*write)(const eh_report_about *, const eh_audit *, eh_buffer *);
} formats[] = {{"json", eh_report_json}, {"csv", eh_report_csv}, {"text", print_text}};

int main(int count, char **arguments)
{
    for (size_t f = 0; count == 3 && f < sizeof formats / sizeof *formats; f++)
        for (size_t v = 0; v < sizeof variants / sizeof *variants; v++) {
            if (strcmp(arguments[1], formats[f].name) != 0 || strcmp(arguments[2], variants[v].name) != 0)
                continue;
            eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
            if (!arena)
                return 2;
            eh_report_about about = {0};
            eh_buffer out = {0};
            formats[f].write(&about, sample_audit(&variants[v].options, arena, &about), &out);
            bool written = out.code == EH_OK && fwrite(out.ptr, 1, out.len, stdout) == out.len;
            eh_buffer_dispose(&out);
            eh_arena_close(&arena);
            return written ? 0 : 2;
        }
    fprintf(stderr, "usage: print_sample json|csv|text VARIANT\n");
    return 2;
}
