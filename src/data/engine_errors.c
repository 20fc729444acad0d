/* What the engine says, said so that a marketer can act on it. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "data/data_int.h"

/* The text between two marks, or an empty view. */
static eh_view between(const char *message, const char *before, const char *after)
{
    const char *start = strstr(message, before);
    if (start == NULL)
        return (eh_view){0};
    start += strlen(before);
    const char *end = strstr(start, after);
    return end == NULL ? (eh_view){0} : (eh_view){start, (size_t)(end - start)};
}

/* Without "Binder Error: ", without what follows the first sentence. */
static eh_view first_sentence(const char *message)
{
    size_t line = strcspn(message, "\r\n");
    const char *prefix = strstr(message, " Error: ");
    if (prefix != NULL && (size_t)(prefix - message) < line && prefix - message < 32) {
        size_t skipped = (size_t)(prefix - message) + strlen(" Error: ");
        message += skipped;
        line -= skipped;
    }
    const char *stop = strstr(message, ". ");
    if (stop != NULL && (size_t)(stop - message) < line)
        line = (size_t)(stop - message);
    while (line > 0 && (message[line - 1] == '.' || message[line - 1] == '!' || isspace((unsigned char)message[line - 1])))
        line--;
    return (eh_view){message, line};
}

/* The file as the user named it. */
static const char *file_given(const eh_engine *engine, eh_view path, char room[EH_SHOWN_BYTES])
{
    for (size_t i = 0; i < engine->files.count; i++)
        if (eh_view_equal(eh_view_of(engine->files.files[i].engine_path), path))
            return engine->files.files[i].given;
    return engine->files.count == 1 || path.len == 0 ? engine->files.files[0].given : eh_shown(path, room);
}

static eh_code fail_unknown_column(const eh_engine *engine, eh_view name, eh_error *error)
{
    char unknown[EH_SHOWN_BYTES];
    eh_shown(name, unknown);
    const eh_source *source = &engine->source;
    const char *nearest = eh_nearest_name(unknown, source->names, source->columns_count);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    size_t shown = source->columns_count < EH_SHOWN_COLUMNS_MAX ? source->columns_count : EH_SHOWN_COLUMNS_MAX;
    for (size_t i = 0; i < shown; i++) {
        char column[EH_SHOWN_BYTES];
        eh_buffer_format(&list, "%s%s", i == 0 ? "" : ", ", eh_shown(eh_view_of(source->names[i]), column));
    }
    if (shown < source->columns_count)
        eh_buffer_format(&list, " and %zu more", source->columns_count - shown);
    EH_TRY(eh_buffer_check(&list, error));
    char hint[EH_SHOWN_BYTES], advice[EH_SHOWN_BYTES + 64];
    if (nearest == NULL)
        snprintf(advice, sizeof advice, " (a text is written in single quotes, a column in double quotes or none).");
    else
        snprintf(advice, sizeof advice, "; did you mean '%s'?", eh_shown(eh_view_of(nearest), hint));
    return eh_fail(error, EH_NOT_FOUND, "no column '%s'%s The columns are: %s%s", unknown, advice, list.ptr == NULL ? "(none)" : list.ptr,
                   source->format == EH_FORMAT_CSV && !source->has_header ? " (the file has no header line, so its columns are numbered)" : "");
}

/* What a CSV error is about: a mark in the engine's text, and our words. */
static const struct {
    const char *mark, *words;
} csv_faults[] = {
    {"Invalid unicode", "the text is not valid UTF-8; save the file as UTF-8"},
    {"not utf-8 encoded", "the text is not valid UTF-8; save the file as UTF-8"},
    {"unterminated quote", "a quote (\") is opened and not closed, or text follows a closed quote"},
    {"quote should be followed by", "text follows a closed quote (\"); inside quotes a quote is written twice"},
    {"Maximum line size", "the line is longer than the reader takes (2 MiB); is a quote not closed?"},
};

static eh_code fail_csv(const eh_engine *engine, const char *message, eh_error *error)
{
    char room[EH_SHOWN_BYTES], original[EH_SHOWN_BYTES];
    const char *file = file_given(engine, between(message, "\n  file = ", "\n"), room);
    eh_view line = between(message, "CSV Error on Line: ", "\n");
    eh_shown(between(message, "\nOriginal Line: ", "\n"), original);
    eh_view expected = between(message, "Expected Number of Columns: ", " Found"), found = between(message, "Found: ", "\n");
    if (expected.len > 0)
        return eh_fail(error, EH_INPUT, "%s: line %.*s has %.*s column%s, the others have %.*s: %s", file, (int)line.len, line.ptr, (int)found.len,
                       found.ptr, found.len == 1 && found.ptr[0] == '1' ? "" : "s", (int)expected.len, expected.ptr, original);
    for (size_t i = 0; i < sizeof csv_faults / sizeof csv_faults[0]; i++)
        if (strstr(message, csv_faults[i].mark) != NULL)
            return eh_fail(error, EH_INPUT, "%s: line %.*s: %s", file, (int)line.len, line.ptr, csv_faults[i].words);
    eh_view column = between(message, "Error when converting column \"", "\". Could not");
    if (column.len > 0)
        return eh_fail(error, EH_INPUT, "%s: line %.*s: the value of column '%.*s' does not fit the column's type: %s", file, (int)line.len,
                       line.ptr, (int)(column.len < 200 ? column.len : 200), column.ptr, original);
    return eh_fail(error, EH_INPUT, "%s: line %.*s cannot be read: %s", file, (int)line.len, line.ptr, original);
}

static eh_code fail_json(const eh_engine *engine, const char *message, eh_error *error)
{
    char room[EH_SHOWN_BYTES];
    const char *file = file_given(engine, between(message, "in file \"", "\""), room);
    const char *mark = strstr(message, "in line ");
    uint64_t line = mark == NULL ? 0 : strtoull(mark + strlen("in line "), NULL, 10);
    eh_view why = (eh_view){0};
    const char *colon = mark == NULL ? NULL : strstr(mark, ": ");
    if (colon != NULL)
        why = first_sentence(colon + 2);
    return eh_fail(error, EH_INPUT, "%s: line %llu is not valid JSON: %.*s", file, (unsigned long long)line, (int)(why.len < 200 ? why.len : 200),
                   why.ptr == NULL ? "" : why.ptr);
}

/* Marks in the engine's text that have one plain meaning. */
static const struct {
    const char *mark;
    eh_code code;
    const char *words;
} plain_faults[] = {
    {"clause cannot contain aggregates", EH_INPUT, "an expression says something about one row; sums, counts and averages over rows are not possible here"},
    {"clause cannot contain window functions", EH_INPUT, "an expression says something about one row; window functions (OVER) are not possible here"},
    {"STAR expression", EH_INPUT, "'*' stands for all columns; name one"},
    {"syntax error at or near \")\"", EH_INPUT, "the expression is not complete, or ends in a sign too many"},
    {"UNNEST not supported here", EH_INPUT, "an expression must give one value for each row; UNNEST gives several"},
    {"state machine reached an invalid state", EH_INPUT,
     "a file does not follow the CSV rules (RFC 4180): line ends of two kinds, or text after a closed quote"},
    {"Out of Memory", EH_MEMORY, "the data engine has not enough memory; give it more with --memory"},
    {"No space left", EH_IO, "no space left for temporary files (set TMPDIR to a folder on a larger disk)"},
    {"max_temp_directory_size", EH_IO, "no space left for temporary files (set TMPDIR to a folder on a larger disk)"},
    {"file system operations are disabled", EH_DENIED, "an expression may use the columns of the input and nothing else"},
    {"No magic bytes found", EH_INPUT, "not a Parquet file: it is damaged or was cut off"},
    {"GZIP", EH_INPUT, "the compressed file is damaged or was cut off"},
    {"Failed to decode", EH_INPUT, "the compressed file is damaged or was cut off"},
};

/* The rest: the engine's own first sentence. */
static eh_code fail_as_said(eh_engine *engine, const char *message, eh_error *error)
{
    char shown[EH_SHOWN_BYTES];
    eh_view function = between(message, "Function with name ", " does not exist"), candidate = between(message, "Did you mean \"", "\"");
    engine->unexplained = true;
    if (function.len > 0 && candidate.len > 0)
        return eh_fail(error, EH_INPUT, "there is no function '%s'; did you mean '%.*s'?", eh_shown(function, shown),
                       (int)(candidate.len < 60 ? candidate.len : 60), candidate.ptr);
    if (function.len > 0)
        return eh_fail(error, EH_INPUT, "there is no function '%s'", eh_shown(function, shown));
    eh_view said = first_sentence(message);
    return eh_fail(error, EH_INPUT, "%.*s", (int)(said.len < 500 ? said.len : 500), said.ptr);
}

/* "Could not convert string 'oops' to DOUBLE when casting from source column x" */
static eh_code fail_conversion(eh_engine *engine, const char *message, eh_error *error)
{
    char value[EH_SHOWN_BYTES], column[EH_SHOWN_BYTES];
    eh_view text = between(message, "Could not convert string '", "' to "), type = between(message, "' to ", " when casting from source column ");
    const char *source = strstr(message, "source column ") + strlen("source column ");
    eh_view name = {source, strcspn(source, "\n")};
    const char *needed = eh_view_equal(type, EH_VIEW("BOOLEAN")) ? "true or false" : memmem(type.ptr, type.len, "TIME", 4) != NULL || eh_view_equal(type, EH_VIEW("DATE")) ? "a date" : "a number";
    engine->unexplained = true; /* whose expression it was is the caller's to say */
    return eh_fail(error, EH_INPUT, "the column '%s' holds '%s', where %s is needed; correct that value, or leave it empty when it is not known", eh_shown(name, column), eh_shown(text, value),
                   needed);
}

eh_code eh_engine_fail(eh_engine *engine, const char *message, eh_error *error)
{
    eh_view unknown = between(message, "Referenced column \"", "\" not found");
    if (unknown.len > 0 && engine->source.columns_count > 0)
        return fail_unknown_column(engine, unknown, error);
    if (engine->files.count > 0 && strstr(message, "CSV Error on Line: ") != NULL)
        return fail_csv(engine, message, error);
    if (engine->files.count > 0 && (strstr(message, "Malformed JSON") != NULL || strstr(message, "JSON transform error") != NULL))
        return fail_json(engine, message, error);
    if (strstr(message, "Could not convert string '") != NULL && strstr(message, "' to ") != NULL && strstr(message, "source column ") != NULL)
        return fail_conversion(engine, message, error);
    eh_view file = between(message, "\n  file = ", "\n");
    char room[EH_SHOWN_BYTES];
    for (size_t i = 0; i < sizeof plain_faults / sizeof plain_faults[0]; i++) {
        if (strstr(message, plain_faults[i].mark) == NULL)
            continue;
        if (file.len > 0 && engine->files.count > 0)
            return eh_fail(error, plain_faults[i].code, "%s: %s", file_given(engine, file, room), plain_faults[i].words);
        return eh_fail(error, plain_faults[i].code, "%s", plain_faults[i].words);
    }
    return fail_as_said(engine, message, error);
}

bool eh_message_narrow_column(const char *message, eh_view *column_out)
{
    if (strstr(message, "CSV Error on Line: ") == NULL)
        return false;
    *column_out = between(message, "Error when converting column \"", "\". Could not");
    return column_out->len > 0;
}

bool eh_message_view_check(const char *message, eh_view *finding_out, size_t *column_out)
{
    *finding_out = between(message, EH_VIEW_CHECK, ":");
    if (finding_out->len == 0)
        return false;
    *column_out = (size_t)strtoull(finding_out->ptr + finding_out->len + 1, NULL, 10);
    return true;
}
