/* How the files are read: columns, types, and the view that every query uses. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/data_int.h"

static const char *const packed_csv[] = {[EH_PACKED_NOT] = "none", [EH_PACKED_GZIP] = "gzip", [EH_PACKED_ZSTD] = "zstd"};
static const char *const packed_json[] = {[EH_PACKED_NOT] = "uncompressed", [EH_PACKED_GZIP] = "gzip", [EH_PACKED_ZSTD] = "zstd"};
static const char *const format_names[] = {[EH_FORMAT_CSV] = "CSV", [EH_FORMAT_JSON] = "JSON", [EH_FORMAT_PARQUET] = "Parquet"};

static const char *const read_types[] = {[EH_READ_WHOLE] = "DOUBLE", [EH_READ_LARGE] = "VARCHAR"};

static void columns_sql(const eh_source *source, const uint32_t *order, eh_buffer *sql)
{
    eh_buffer_text(sql, ", columns = {");
    for (size_t i = 0; i < source->columns_count; i++) {
        size_t column = order == NULL ? i : order[i];
        eh_buffer_text(sql, i == 0 ? "" : ", ");
        eh_sql_literal(sql, eh_view_of(source->names[column]));
        eh_buffer_text(sql, ": ");
        eh_read_mode read = source->reads == NULL ? EH_READ_AS_TYPED : source->reads[column];
        eh_sql_literal(sql, eh_view_of(read == EH_READ_AS_TYPED ? source->types[column] : read_types[read]));
    }
    eh_buffer_text(sql, "}");
}

static void files_sql(const eh_engine *engine, size_t first, size_t count, eh_buffer *sql)
{
    eh_buffer_text(sql, "([");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(sql, i == 0 ? "" : ", ");
        eh_sql_literal(sql, eh_view_of(engine->files.files[first + i].engine_path));
    }
    eh_buffer_text(sql, "], hive_partitioning = false");
}

static void option_sql(eh_buffer *sql, const char *name, const char *value)
{
    if (value == NULL)
        return;
    eh_buffer_format(sql, ", %s = ", name);
    eh_sql_literal(sql, eh_view_of(value));
}

void eh_source_sql(const eh_engine *engine, size_t first, size_t count, eh_buffer *sql)
{
    const eh_source *source = &engine->source;
    const uint32_t *order = source->orders == NULL ? NULL : source->orders[first];
    if (source->format == EH_FORMAT_PARQUET) {
        eh_buffer_text(sql, "read_parquet");
        files_sql(engine, first, count, sql);
    } else if (source->format == EH_FORMAT_JSON) {
        eh_buffer_text(sql, "read_json");
        files_sql(engine, first, count, sql);
        eh_buffer_text(sql, ", format = 'auto'");
        option_sql(sql, "compression", packed_json[source->packed]);
        if (source->sampled_whole)
            eh_buffer_text(sql, ", sample_size = -1");
        if (source->columns_count > 0)
            columns_sql(source, NULL, sql);
    } else {
        eh_buffer_text(sql, "read_csv");
        files_sql(engine, first, count, sql);
        eh_buffer_text(sql, ", auto_detect = false, quote = '\"', skip = 0, comment = '', strict_mode = true");
        option_sql(sql, "compression", packed_csv[source->packed]);
        option_sql(sql, "delim", source->delimiter);
        option_sql(sql, "escape", source->escape);
        option_sql(sql, "dateformat", source->date_format);
        option_sql(sql, "timestampformat", source->timestamp_format);
        eh_buffer_format(sql, ", header = %s", source->has_header ? "true" : "false");
        columns_sql(source, order, sql);
    }
    eh_buffer_text(sql, ")");
}

/* A column of whole numbers, with its check; see eh_read_mode. 2^53 is 9007199254740992. */
static void whole_sql(const char *name, eh_read_mode read, size_t index, eh_buffer *sql)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer quoted = {0};
    eh_sql_identifier(&quoted, eh_view_of(name));
    if (quoted.code != EH_OK)
        sql->code = quoted.code;
    else if (read == EH_READ_WHOLE)
        eh_buffer_format(sql, "CASE WHEN %s <> floor(%s) OR NOT isfinite(%s) THEN error('" EH_VIEW_CHECK "fraction:%zu') "
                              "WHEN abs(%s) >= 9007199254740992e0 THEN error('" EH_VIEW_CHECK "large:%zu') ELSE CAST(%s AS BIGINT) END",
                         quoted.ptr, quoted.ptr, quoted.ptr, index, quoted.ptr, index, quoted.ptr);
    else
        eh_buffer_format(sql, "CASE WHEN %s SIMILAR TO '[0-9.+-]*[.eE][0-9.eE+-]*' THEN error('" EH_VIEW_CHECK "fraction:%zu') "
                              "WHEN %s IS NOT NULL AND TRY_CAST(%s AS BIGINT) IS NULL THEN error('" EH_VIEW_CHECK "text:%zu') "
                              "ELSE TRY_CAST(%s AS BIGINT) END",
                         quoted.ptr, index, quoted.ptr, quoted.ptr, index, quoted.ptr);
}

static void items_sql(const eh_source *source, eh_buffer *sql)
{
    if (source->reads == NULL) {
        eh_buffer_text(sql, "*");
        return;
    }
    for (size_t i = 0; i < source->columns_count; i++) {
        eh_buffer_text(sql, i == 0 ? "" : ", ");
        if (source->reads[i] != EH_READ_AS_TYPED) {
            whole_sql(source->names[i], source->reads[i], i, sql);
            eh_buffer_text(sql, " AS ");
        }
        eh_sql_identifier(sql, eh_view_of(source->names[i]));
    }
}

static eh_code view_create(eh_engine *engine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    const uint32_t **orders = engine->source.orders;
    bool apart = orders != NULL && engine->source.format == EH_FORMAT_CSV;
    eh_buffer_text(&sql, "CREATE OR REPLACE TEMP VIEW " EH_ROWS_VIEW " AS ");
    for (size_t first = 0, count; first < engine->files.count; first += count) {
        count = apart ? 1 : engine->files.count;
        while (apart && orders[first] == NULL && first + count < engine->files.count && orders[first + count] == NULL)
            count++;
        eh_buffer_text(&sql, first == 0 ? "SELECT " : " UNION ALL BY NAME SELECT ");
        items_sql(&engine->source, &sql);
        eh_buffer_text(&sql, " FROM ");
        eh_source_sql(engine, first, count, &sql);
    }
    EH_TRY(eh_buffer_check(&sql, error));
    return eh_engine_execute(engine, sql.ptr, error);
}

/* Columns and types of one Parquet or JSON file, in the arena. */
static eh_code describe_file(eh_engine *engine, size_t file, const char ***names_out, const char ***types_out, size_t *count_out,
                             eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "DESCRIBE SELECT * FROM ");
    eh_source_sql(engine, file, 1, &sql);
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    const char **names = EH_TAKE(engine->arena, EH_COLUMNS_MAX, const char *), **types = EH_TAKE(engine->arena, EH_COLUMNS_MAX, const char *);
    size_t count = 0;
    if (names == NULL || types == NULL)
        return eh_fail_memory(error);
    while (eh_cursor_next(&cursor)) {
        eh_view name, type;
        if (count == EH_COLUMNS_MAX)
            return eh_fail(error, EH_LIMIT, "%s: more than %d columns", engine->files.files[file].given, EH_COLUMNS_MAX);
        if (!eh_cursor_text(&cursor, 0, &name) || !eh_cursor_text(&cursor, 1, &type))
            return eh_fail(error, EH_INTERNAL, "the data engine does not name the columns of %s", engine->files.files[file].given);
        names[count] = eh_arena_copy(engine->arena, name);
        types[count] = eh_arena_copy(engine->arena, type);
        if (names[count] == NULL || types[count] == NULL)
            return eh_fail_memory(error);
        count++;
    }
    *names_out = names;
    *types_out = types;
    *count_out = count;
    return EH_OK;
}

/* The engine renames a second column `a` to `a_1` without a word; the file's own list of names gives it away. */
static eh_code parquet_check_names(eh_engine *engine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT column_name FROM (DESCRIBE SELECT * FROM ");
    eh_source_sql(engine, 0, 1, &sql);
    eh_buffer_text(&sql, ") WHERE column_name NOT IN (SELECT name FROM parquet_schema(");
    eh_sql_literal(&sql, eh_view_of(engine->files.files[0].engine_path));
    eh_buffer_text(&sql, ")) LIMIT 1");
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    eh_view name;
    char shown[EH_SHOWN_BYTES];
    if (!eh_cursor_next(&cursor) || !eh_cursor_text(&cursor, 0, &name))
        return EH_OK;
    return eh_fail(error, EH_INPUT, "%s: a column name occurs twice (the second is read as '%s'); rename one", engine->files.files[0].given,
                   eh_shown(name, shown));
}

static eh_code describe_files(eh_engine *engine, eh_error *error)
{
    eh_source *source = &engine->source;
    const char **names, **types;
    size_t count;
    source->columns_count = 0; /* so that the engine tells and is not told */
    EH_TRY(describe_file(engine, 0, &names, &types, &count, error));
    if (source->format == EH_FORMAT_PARQUET)
        EH_TRY(parquet_check_names(engine, error));
    eh_source first = *source;
    first.names = names;
    first.types = types;
    first.columns_count = count;
    for (size_t i = 1; i < engine->files.count; i++) {
        *source = (eh_source){.format = first.format, .packed = first.packed, .sampled_whole = first.sampled_whole};
        EH_TRY(describe_file(engine, i, &names, &types, &count, error));
        *source = first;
        EH_TRY(eh_source_compare_columns(engine, i, names, count, error));
        /* A whole number in one file and a text in another: the wider type must take both. */
        for (size_t k = 0; k < count && source->format == EH_FORMAT_JSON; k++)
            for (size_t at = 0; at < count; at++)
                if (strcasecmp(names[k], first.names[at]) == 0 && strcmp(types[k], first.types[at]) != 0)
                    first.types[at] = "VARCHAR";
    }
    *source = first;
    return EH_OK;
}

typedef struct {
    const char *name;
    uint32_t position;
} placed_name;

static int compare_placed(const void *a, const void *b)
{
    return strcasecmp(((const placed_name *)a)->name, ((const placed_name *)b)->name);
}

static placed_name *placed_sorted(eh_arena *arena, const char *const *names, size_t count)
{
    placed_name *placed = EH_TAKE(arena, count, placed_name);
    if (placed == NULL)
        return NULL;
    for (size_t i = 0; i < count; i++)
        placed[i] = (placed_name){names[i], (uint32_t)i};
    qsort(placed, count, sizeof *placed, compare_placed);
    return placed;
}

eh_code eh_source_compare_columns(eh_engine *engine, size_t file, const char *const *names, size_t count, eh_error *error)
{
    eh_source *source = &engine->source;
    const char *given = engine->files.files[file].given, *first = engine->files.files[0].given;
    placed_name *mine = placed_sorted(engine->arena, names, count);
    placed_name *theirs = placed_sorted(engine->arena, source->names, source->columns_count);
    uint32_t *order = EH_TAKE(engine->arena, count, uint32_t);
    if (mine == NULL || theirs == NULL || order == NULL)
        return eh_fail_memory(error);
    bool same_order = true;
    for (size_t i = 0; i < count || i < source->columns_count; i++) {
        int side = i >= count ? 1 : i >= source->columns_count ? -1 : compare_placed(&mine[i], &theirs[i]);
        char shown[EH_SHOWN_BYTES];
        if (side < 0)
            return eh_fail(error, EH_CONFLICT, "%s has a column '%s' that %s has not; all files must have the same columns", given,
                           eh_shown(eh_view_of(mine[i].name), shown), first);
        if (side > 0)
            return eh_fail(error, EH_CONFLICT, "%s has no column '%s', but %s has; all files must have the same columns", given,
                           eh_shown(eh_view_of(theirs[i].name), shown), first);
        order[mine[i].position] = theirs[i].position;
        same_order = same_order && mine[i].position == theirs[i].position;
    }
    if (same_order)
        return EH_OK;
    if (source->orders == NULL)
        source->orders = EH_TAKE(engine->arena, engine->files.count, const uint32_t *);
    if (source->orders == NULL)
        return eh_fail_memory(error);
    source->orders[file] = order;
    return EH_OK;
}

/* Packed files show what they are only when they are unpacked. */
static eh_code formats_settle(eh_engine *engine, eh_error *error)
{
    eh_input_files *files = &engine->files;
    for (size_t i = 0; i < files->count; i++) {
        if (files->files[i].format == EH_FORMAT_UNKNOWN) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer lines = {0};
            EH_TRY(eh_csv_first_lines(engine, &files->files[i], &lines, error));
            files->files[i].format = eh_format_of_text(eh_buffer_view(&lines));
        }
        const eh_input_file *first = &files->files[0], *file = &files->files[i];
        if (first->format != file->format)
            return eh_fail(error, EH_CONFLICT, "%s is %s and %s is %s; name files of one kind", first->given, format_names[first->format],
                           file->given, format_names[file->format]);
        if (first->packed != file->packed)
            return eh_fail(error, EH_CONFLICT, "%s and %s are not packed in the same way; name files of one kind", first->given, file->given);
    }
    engine->source.format = files->files[0].format;
    engine->source.packed = files->files[0].packed;
    return EH_OK;
}

static eh_code rows_check(eh_engine *engine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_text(&sql, "SELECT 1 FROM " EH_ROWS_VIEW " LIMIT 1");
    EH_TRY(eh_engine_query(engine, &sql, &cursor, error));
    if (eh_cursor_next(&cursor))
        return EH_OK;
    const char *what = engine->source.format == EH_FORMAT_CSV ? "a header line and no rows" : "no rows";
    if (engine->files.count > 1)
        return eh_fail(error, EH_INPUT, "%s and %zu more file%s: %s", engine->files.files[0].given, engine->files.count - 1,
                       engine->files.count == 2 ? "" : "s", what);
    return eh_fail(error, EH_INPUT, "%s has %s", engine->files.files[0].given, what);
}

static eh_code reads_choose(eh_engine *engine, eh_error *error)
{
    eh_source *source = &engine->source;
    source->reads = NULL;
    if (source->format == EH_FORMAT_PARQUET)
        return EH_OK;
    source->reads = EH_TAKE(engine->arena, source->columns_count, eh_read_mode);
    if (source->reads == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < source->columns_count; i++)
        source->reads[i] = strcmp(source->types[i], "BIGINT") == 0 ? EH_READ_WHOLE : EH_READ_AS_TYPED;
    return EH_OK;
}

eh_code eh_source_open(eh_engine *engine, eh_error *error)
{
    EH_TRY(formats_settle(engine, error));
    EH_TRY(engine->source.format == EH_FORMAT_CSV ? eh_csv_source_describe(engine, error) : describe_files(engine, error));
    EH_TRY(reads_choose(engine, error));
    EH_TRY(view_create(engine, error));
    return rows_check(engine, error);
}

eh_code eh_source_retype(eh_engine *engine, size_t column, const char *type, eh_error *error)
{
    eh_source *source = &engine->source;
    source->types[column] = type;
    EH_TRY(reads_choose(engine, error));
    return view_create(engine, error);
}

/* What does not fit its type is text; nothing is wider. */
static bool csv_widen(eh_source *source, eh_view column)
{
    for (size_t i = 0; i < source->columns_count; i++) {
        if (!eh_view_equal(eh_view_of(source->names[i]), column))
            continue;
        source->types[i] = "VARCHAR";
        source->reads[i] = EH_READ_AS_TYPED;
        return true;
    }
    return false;
}

/* A column of whole numbers was not what it seemed. */
static bool whole_widen(eh_source *source, eh_view finding, size_t column)
{
    static const struct {
        const char *finding, *type;
        eh_read_mode read;
    } next[] = {{"fraction", "DOUBLE", EH_READ_AS_TYPED}, {"large", "BIGINT", EH_READ_LARGE}, {"text", "VARCHAR", EH_READ_AS_TYPED}};
    for (size_t i = 0; i < sizeof next / sizeof next[0] && column < source->columns_count; i++) {
        if (!eh_view_equal(eh_view_of(next[i].finding), finding))
            continue;
        source->types[column] = next[i].type;
        source->reads[column] = next[i].read;
        return true;
    }
    return false;
}

void eh_source_widen(eh_engine *engine, const char *message)
{
    eh_source *source = &engine->source;
    eh_view column, finding;
    size_t index;
    bool changed = false;
    if (source->columns_count == 0 || source->reads == NULL || source->widenings >= EH_WIDENINGS_MAX)
        return;
    if (eh_message_view_check(message, &finding, &index)) {
        changed = whole_widen(source, finding, index);
    } else if (source->format == EH_FORMAT_CSV) {
        changed = eh_message_narrow_column(message, &column) && csv_widen(source, column);
    } else if (!source->sampled_whole && strstr(message, "JSON transform error") != NULL) {
        eh_source before = *source;
        source->sampled_whole = true; /* once: after it the whole files have been looked at */
        changed = describe_files(engine, NULL) == EH_OK && reads_choose(engine, NULL) == EH_OK;
        if (!changed)
            *source = before;
    }
    source->widenings += changed ? 1 : 0;
    source->widened = changed && view_create(engine, NULL) == EH_OK;
}
