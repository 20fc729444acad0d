/* Reports of a command: one function makes them all, another writes them all, and no input is lost to one. */
#include <string.h>
#include <sys/stat.h>

#include "cli/cli_int.h"

eh_code eh_formats_read(const eh_option_use *use, unsigned *formats_out, eh_error *error)
{
    unsigned formats = 0;
    for (const char *at = use->value; *at != '\0';) {
        size_t len = strcspn(at, ","), f = 0;
        while (f < EH_FORMAT_CSV && !eh_view_equal((eh_view){at, len}, eh_view_of(eh_formats[f].name)))
            f++;
        if (f == EH_FORMAT_CSV)
            return eh_fail(error, EH_INPUT, "%s: '%.*s' is no format; there are text, json and html", use->option, (int)len, at);
        formats |= 1u << f;
        at += len + (at[len] == ',');
    }
    if (formats == 0)
        return eh_fail(error, EH_INPUT, "%s: the value is empty; there are text, json and html", use->option);
    *formats_out = formats;
    return EH_OK;
}

eh_code eh_formats_check(const eh_reports *reports, eh_error *error)
{
    bool several = (reports->formats & (reports->formats - 1)) != 0;
    return several && reports->prefix == NULL ? eh_fail(error, EH_INPUT, "--format: several formats need --output PREFIX") : EH_OK;
}

eh_code eh_reports_open(eh_reports *reports, eh_arena *arena, eh_error *error)
{
    if (reports->prefix == NULL)
        return EH_OK;
    bool only = (reports->formats & (reports->formats - 1)) == 0;
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if ((reports->formats >> f & 1) == 0)
            continue;
        reports->paths[f] = eh_output_path(arena, reports->prefix, f, only);
        if (reports->paths[f] == NULL)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

bool eh_reports_to_files(const eh_reports *reports)
{
    return reports->prefix != NULL;
}

eh_code eh_reports_guard(const eh_reports *reports, const char *input, eh_error *error)
{
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++)
        if (reports->paths[f] != NULL)
            EH_TRY(eh_output_guard(reports->paths[f], input, error));
    return EH_OK;
}

eh_code eh_output_guard(const char *output, const char *input, eh_error *error)
{
    struct stat here, there;
    if (stat(output, &here) != 0)
        return EH_OK;
    if (S_ISDIR(here.st_mode))
        return eh_fail(error, EH_CONFLICT, "--output: '%s' is a folder; choose another name", output);
    if (input != NULL && stat(input, &there) == 0 && here.st_dev == there.st_dev && here.st_ino == there.st_ino)
        return eh_fail(error, EH_CONFLICT, "--output: '%s' is an input file and would be lost; choose another name", output);
    return EH_OK;
}

eh_code eh_reports_make(eh_reports *reports, const eh_report_writer *writer, eh_error *error)
{
    const eh_report_text_options plain = {.colour = false, .columns = 80}, terminal = {.colour = eh_stdout_colour(), .columns = eh_stdout_columns()};
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if (reports->paths[f] == NULL)
            continue;
        writer->write(writer->subject, f, &plain, &reports->made[f]);
        EH_TRY(eh_buffer_check(&reports->made[f], error));
    }
    if ((reports->formats >> EH_FORMAT_TEXT & 1) != 0)
        writer->write(writer->subject, EH_FORMAT_TEXT, &terminal, &reports->shown);
    else if (reports->prefix == NULL)
        writer->write(writer->subject, (size_t)__builtin_ctz(reports->formats), &plain, &reports->shown);
    return eh_buffer_check(&reports->shown, error);
}

eh_code eh_reports_write(const eh_reports *reports, bool quiet, eh_error *error)
{
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++) {
        if (reports->paths[f] == NULL)
            continue;
        EH_TRY(eh_parent_folders_make(reports->paths[f], error));
        EH_TRY(eh_file_replace(reports->paths[f], eh_buffer_view(&reports->made[f]), error));
    }
    EH_TRY(eh_stdout_write(eh_buffer_view(&reports->shown), error));
    for (size_t f = 0; f < EH_FORMATS_COUNT && !quiet; f++)
        if (reports->paths[f] != NULL)
            eh_note_show("wrote", reports->paths[f]);
    return EH_OK;
}

eh_code eh_reports_give(eh_reports *reports, const eh_report_writer *writer, const eh_buffer *said, bool quiet, eh_error *error)
{
    EH_TRY(eh_reports_make(reports, writer, error));
    if (reports->prefix != NULL) {
        eh_buffer_clear(&reports->shown);
        eh_buffer_append(&reports->shown, eh_buffer_view(said));
        EH_TRY(eh_buffer_check(&reports->shown, error));
    }
    return eh_reports_write(reports, quiet, error);
}

void eh_reports_dispose(eh_reports *reports)
{
    for (size_t f = 0; f < EH_FORMATS_COUNT; f++)
        eh_buffer_dispose(&reports->made[f]);
    eh_buffer_dispose(&reports->shown);
}
