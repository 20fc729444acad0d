/*
 * CSV: the engine finds delimiter and types; what it would do in silence (skip lines, take a ragged table for one column, rename a
 * second column of the same name) is found here and refused.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/data_int.h"

enum { HEADER_LINES = 20, WORDS_ROWS = 2048 };

static const char delimiters[] = ",;\t|";

/* A line of text as one column: the unit separator stands in no table. Read by one thread, so that the first lines are the first. */
eh_code eh_csv_first_lines(eh_engine *engine, const eh_input_file *file, eh_buffer *lines_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT line FROM read_csv(");
    eh_sql_literal(&sql, eh_view_of(file->engine_path));
    eh_buffer_format(&sql, ", auto_detect = false, delim = E'\\x1f', quote = '', escape = '', header = false, strict_mode = false, "
                           "hive_partitioning = false, parallel = false, columns = {'line': 'VARCHAR'}, compression = '%s') LIMIT %d",
                     file->packed == EH_PACKED_GZIP   ? "gzip"
                     : file->packed == EH_PACKED_ZSTD ? "zstd"
                                                      : "none",
                     HEADER_LINES);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    while (eh_cursor_next(&cursor)) {
        eh_view line;
        if (eh_cursor_text(&cursor, 0, &line))
            eh_buffer_append(lines_out, line);
        eh_buffer_byte(lines_out, '\n');
    }
    EH_TRY(eh_buffer_check(lines_out, error));
    if (eh_view_trim(eh_buffer_view(lines_out)).len == 0)
        return eh_fail(error, EH_INPUT, "%s is empty", file->given);
    return EH_OK;
}

/* The fields of the first record, unquoted; a quoted field may run over several lines. */
static eh_code split_record(eh_view text, char delimiter, eh_arena *arena, const char ***fields_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer field = {0};
    const char **fields = EH_TAKE(arena, EH_COLUMNS_MAX, const char *);
    size_t count = 0;
    bool quoted = false, ended = false;
    if (fields == NULL)
        return eh_fail_memory(error);
    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
        text = (eh_view){text.ptr + 3, text.len - 3};
    for (size_t i = 0; !ended; i++) {
        char byte = i < text.len ? text.ptr[i] : '\n';
        ended = i >= text.len || (!quoted && (byte == '\n' || byte == '\r'));
        if (ended || (!quoted && byte == delimiter)) {
            if (count == EH_COLUMNS_MAX)
                return eh_fail(error, EH_LIMIT, "more than %d columns", EH_COLUMNS_MAX);
            EH_TRY(eh_buffer_check(&field, error)); /* clearing it forgets that something is missing */
            fields[count] = eh_arena_copy(arena, eh_buffer_view(&field));
            if (fields[count++] == NULL)
                return eh_fail_memory(error);
            eh_buffer_clear(&field);
        } else if (byte == '"' && quoted && i + 1 < text.len && text.ptr[i + 1] == '"') {
            eh_buffer_byte(&field, text.ptr[i++]);
        } else if (byte == '"' && (quoted || field.len == 0)) {
            quoted = !quoted;
        } else {
            eh_buffer_byte(&field, byte);
        }
    }
    *fields_out = fields;
    *count_out = count;
    return eh_buffer_check(&field, error);
}

/* Reads what the engine makes of the file; `delimiter` '\0' lets it choose. */
static eh_code sniff(eh_engine *engine, char delimiter, eh_source *source, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT Delimiter, Escape, CAST(HasHeader AS VARCHAR), CAST(DateFormat AS VARCHAR), CAST(TimestampFormat AS VARCHAR), "
                         "unnest(Columns).name, unnest(Columns).type FROM sniff_csv(");
    eh_sql_literal(&sql, eh_view_of(engine->files.files[0].engine_path));
    eh_buffer_format(&sql, ", quote = '\"', skip = 0, comment = '', hive_partitioning = false, compression = '%s'",
                     source->packed == EH_PACKED_GZIP ? "gzip" : source->packed == EH_PACKED_ZSTD ? "zstd" : "none");
    if (delimiter != '\0') {
        eh_buffer_text(&sql, ", delim = ");
        eh_sql_literal(&sql, (eh_view){&delimiter, 1});
    }
    eh_buffer_text(&sql, ")");
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    source->columns_count = 0;
    while (eh_cursor_next(&cursor)) {
        eh_view texts[7] = {0};
        for (size_t i = 0; i < 7; i++)
            if (!eh_cursor_text(&cursor, i, &texts[i]))
                texts[i] = (eh_view){0};
        if (source->columns_count == EH_COLUMNS_MAX)
            return eh_fail(error, EH_LIMIT, "%s: more than %d columns", engine->files.files[0].given, EH_COLUMNS_MAX);
        bool tab = eh_view_equal(texts[0], EH_VIEW("\\t"));
        snprintf(source->delimiter, sizeof source->delimiter, "%.*s", tab ? 1 : (int)texts[0].len, tab ? "\t" : texts[0].ptr);
        snprintf(source->escape, sizeof source->escape, "%s", eh_view_equal(texts[1], EH_VIEW("\\")) ? "\\" : "\"");
        source->has_header = eh_view_equal(texts[2], EH_VIEW("true"));
        source->date_format = texts[3].len == 0 ? NULL : eh_arena_copy(engine->arena, texts[3]);
        source->timestamp_format = texts[4].len == 0 ? NULL : eh_arena_copy(engine->arena, texts[4]);
        source->names[source->columns_count] = eh_arena_copy(engine->arena, texts[5]);
        source->types[source->columns_count] = eh_arena_copy(engine->arena, texts[6]);
        if (source->names[source->columns_count] == NULL || source->types[source->columns_count] == NULL)
            return eh_fail_memory(error);
        source->columns_count++;
    }
    return EH_OK;
}

/* The delimiter that the first record holds most often; '\0' when it holds none. */
static eh_code header_delimiter(eh_engine *engine, eh_view lines, char *delimiter_out, eh_error *error)
{
    size_t most = 1;
    *delimiter_out = '\0';
    for (const char *each = delimiters; *each != '\0'; each++) {
        const char **fields;
        size_t count;
        EH_TRY(split_record(lines, *each, engine->arena, &fields, &count, error));
        if (count > most)
            *delimiter_out = *each;
        most = count > most ? count : most;
    }
    return EH_OK;
}

static eh_code names_check(eh_engine *engine, const char *const *fields, size_t count, eh_error *error);

/* The delimiter that the first lines hold most often. */
static char lines_delimiter(eh_view lines)
{
    char found = ',';
    size_t most = 0;
    for (const char *each = delimiters; *each != '\0'; each++) {
        size_t count = 0;
        for (size_t i = 0; i < lines.len; i++)
            count += lines.ptr[i] == *each ? 1 : 0;
        found = count > most ? *each : found;
        most = count > most ? count : most;
    }
    return found;
}

/* A first line unlike the two after it is a note or a title, and must not be taken for the header. */
static eh_code first_line_check(eh_engine *engine, eh_view lines, char delimiter, eh_error *error)
{
    size_t counts[3] = {0};
    eh_view first = {0};
    for (size_t i = 0; i < 3; i++) {
        const char **fields, *end = memchr(lines.ptr, '\n', lines.len);
        size_t len = end == NULL ? lines.len : (size_t)(end - lines.ptr);
        if (len == 0)
            return EH_OK;
        EH_TRY(split_record((eh_view){lines.ptr, len}, delimiter, engine->arena, &fields, &counts[i], error));
        first = i == 0 ? (eh_view){lines.ptr, len} : first;
        lines = (eh_view){lines.ptr + len + (end != NULL), lines.len - len - (end != NULL)};
    }
    if (counts[0] >= counts[1] || counts[1] != counts[2])
        return EH_OK;
    char shown[EH_SHOWN_BYTES];
    return eh_fail(error, EH_INPUT, "%s: line 1 has %zu column%s, the next lines have %zu: %s. A table begins with its header or its first row; "
                   "remove what stands before it", engine->files.files[0].given, counts[0], counts[0] == 1 ? "" : "s", counts[1],
                   eh_shown(first, shown));
}

/*
 * The engine found no dialect that fits all lines, or one that takes whole lines for one column. Reading by the first record's
 * delimiter as plain text names the line that does not fit.
 */
static eh_code describe_strictly(eh_engine *engine, eh_view lines, eh_error *error)
{
    eh_source *source = &engine->source;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const char **fields;
    char delimiter = lines_delimiter(lines);
    EH_TRY(first_line_check(engine, lines, delimiter, error));
    EH_TRY(split_record(lines, delimiter, engine->arena, &fields, &source->columns_count, error));
    EH_TRY(names_check(engine, fields, source->columns_count, error));
    for (size_t i = 0; i < source->columns_count; i++) {
        source->names[i] = fields[i][0] != '\0' ? fields[i] : eh_arena_format(engine->arena, "column%zu", i);
        source->types[i] = "VARCHAR";
        if (source->names[i] == NULL)
            return eh_fail_memory(error);
    }
    snprintf(source->delimiter, sizeof source->delimiter, "%c", delimiter);
    snprintf(source->escape, sizeof source->escape, "\"");
    source->has_header = true;
    source->date_format = source->timestamp_format = NULL;
    eh_buffer_text(&sql, "SELECT count(*) FROM ");
    eh_source_sql(engine, 0, 1, &sql);
    return eh_engine_query(engine, &sql, &cursor, error);
}

static int compare_names(const void *a, const void *b)
{
    return strcasecmp(*(const char *const *)a, *(const char *const *)b);
}

static eh_code names_check(eh_engine *engine, const char *const *fields, size_t count, eh_error *error)
{
    const char **sorted = EH_TAKE(engine->arena, count, const char *);
    if (sorted == NULL)
        return eh_fail_memory(error);
    memcpy(sorted, fields, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare_names);
    for (size_t i = 1; i < count; i++) {
        char shown[EH_SHOWN_BYTES];
        if (sorted[i][0] != '\0' && compare_names(&sorted[i - 1], &sorted[i]) == 0)
            return eh_fail(error, EH_INPUT, "%s: the column name '%s' occurs twice; rename one (letter case does not count)",
                           engine->files.files[0].given, eh_shown(eh_view_of(sorted[i]), shown));
    }
    return EH_OK;
}

static eh_code compare_files(eh_engine *engine, eh_error *error)
{
    eh_source *source = &engine->source;
    for (size_t i = 1; i < engine->files.count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer lines = {0};
        const char **fields;
        size_t count;
        EH_TRY(eh_csv_first_lines(engine, &engine->files.files[i], &lines, error));
        EH_TRY(split_record(eh_buffer_view(&lines), source->delimiter[0], engine->arena, &fields, &count, error));
        if (source->has_header)
            EH_TRY(eh_source_compare_columns(engine, i, fields, count, error));
        else if (count != source->columns_count)
            return eh_fail(error, EH_CONFLICT, "%s has %zu columns and %s has %zu; all files must have the same columns",
                           engine->files.files[i].given, count, engine->files.files[0].given, source->columns_count);
    }
    return EH_OK;
}

/* ---- columns of yes and no ------------------------------------------------------------------------------------------------- */

static eh_code words_sql(const eh_engine *engine, const bool *truths, eh_buffer *sql, eh_error *error)
{
    const eh_source *source = &engine->source;
    eh_buffer_text(sql, "SELECT ");
    for (size_t i = 0; i < source->columns_count; i++) {
        if (!truths[i])
            continue;
        eh_buffer_text(sql, "CAST(coalesce(bool_and(lower(trim(");
        eh_sql_identifier(sql, eh_view_of(source->names[i]));
        eh_buffer_text(sql, ")) IN ('true', 'false')), true) AS BIGINT), ");
    }
    eh_buffer_text(sql, "0 FROM (SELECT * FROM ");
    eh_source_sql(engine, 0, 1, sql);
    eh_buffer_format(sql, " LIMIT %d)", WORDS_ROWS);
    return eh_buffer_check(sql, error);
}

/*
 * The engine takes yes and no, or y and n, for truth values and shows them as true and false. A group should be called what the file
 * calls it, so such a column stays text; one that says true and false is what it says.
 */
static eh_code keep_words(eh_engine *engine, eh_error *error)
{
    eh_source *source = &engine->source;
    bool *truths = EH_TAKE(engine->arena, source->columns_count, bool);
    size_t truths_count = 0;
    if (truths == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < source->columns_count; i++) {
        truths[i] = strcmp(source->types[i], "BOOLEAN") == 0 && truths_count + 1 < EH_RESULT_COLUMNS_MAX;
        truths_count += truths[i];
        if (truths[i])
            source->types[i] = "VARCHAR";
    }
    if (truths_count == 0)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    EH_TRY(words_sql(engine, truths, &sql, error));
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    bool row = eh_cursor_next(&cursor);
    for (size_t i = 0, column = 0; row && i < source->columns_count; i++)
        if (truths[i] && eh_cursor_integer(&cursor, column++) != 0)
            source->types[i] = "BOOLEAN";
    return EH_OK;
}

eh_code eh_csv_source_describe(eh_engine *engine, eh_error *error)
{
    eh_source *source = &engine->source;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer lines = {0};
    EH_TRY(eh_csv_first_lines(engine, &engine->files.files[0], &lines, error));
    source->names = EH_TAKE(engine->arena, EH_COLUMNS_MAX, const char *);
    source->types = EH_TAKE(engine->arena, EH_COLUMNS_MAX, const char *);
    if (source->names == NULL || source->types == NULL)
        return eh_fail_memory(error);
    if (engine->options.as_text) {
        EH_TRY(describe_strictly(engine, eh_buffer_view(&lines), error));
        return compare_files(engine, error);
    }
    char delimiter;
    EH_TRY(header_delimiter(engine, eh_buffer_view(&lines), &delimiter, error));
    const char **fields = NULL;
    size_t count = 0;
    bool understood = sniff(engine, '\0', source, NULL) == EH_OK && (source->columns_count > 1 || delimiter == '\0');
    if (!understood)
        understood = delimiter != '\0' && sniff(engine, delimiter, source, NULL) == EH_OK;
    if (understood) {
        EH_TRY(split_record(eh_buffer_view(&lines), source->delimiter[0], engine->arena, &fields, &count, error));
        understood = count == source->columns_count;
    }
    if (understood && count == 1)
        EH_TRY(first_line_check(engine, eh_buffer_view(&lines), lines_delimiter(eh_buffer_view(&lines)), error));
    if (!understood)
        EH_TRY(describe_strictly(engine, eh_buffer_view(&lines), error));
    else if (source->has_header)
        EH_TRY(names_check(engine, fields, count, error));
    EH_TRY(compare_files(engine, error));
    return keep_words(engine, error);
}
