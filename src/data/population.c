/* The reference population: which of its columns are the attributes, and how many people are in each group. */
#include <string.h>

#include "data/cube_int.h"
#include "data/profile.h"

enum { COLUMNS_SHOWN = 12 };

/* One file while it is being read. */
typedef struct {
    const eh_population_source *source;
    const eh_cube_spec *spec; /* of the data */
    const eh_cube *data;
    eh_engine *engine;
    eh_arena *arena;
    eh_error *error;
    const char *const *columns;
    size_t columns_count;
    const char *weight;       /* SQL */
    const char *weight_name;
} population_reading;

static const char *const weight_names[] = {"people", "population", "persons", "count", "n", "total", "weight", "freq", "frequency", "share", "percent"};
static const char *const group_names[] = {"group", "level", "value", "category"};

static const char *column_find(const population_reading *r, const char *name)
{
    for (size_t i = 0; i < r->columns_count; i++)
        if (eh_view_equal_nocase(eh_view_of(r->columns[i]), eh_view_of(name)))
            return r->columns[i];
    return NULL;
}

static const char *column_among(const population_reading *r, const char *const *names, size_t count)
{
    const char *found = NULL;
    for (size_t i = 0; i < count && found == NULL; i++)
        found = column_find(r, names[i]);
    return found;
}

static const char *quoted(const population_reading *r, const char *column)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_sql_identifier(&sql, eh_view_of(column));
    return sql.code == EH_OK ? eh_arena_copy(r->arena, eh_buffer_view(&sql)) : NULL;
}

/* ---- who is counted -------------------------------------------------------------------------------------------------------- */

/* A number, also one written with commas between its thousands. */
static eh_code weight_settle(population_reading *r)
{
    const char *column = r->source->weight == NULL ? column_among(r, weight_names, sizeof weight_names / sizeof weight_names[0]) : NULL;
    const char *sql = r->source->weight != NULL ? r->source->weight : column != NULL ? quoted(r, column) : NULL;
    if (sql == NULL)
        return column != NULL ? eh_fail_memory(r->error) : EH_OK;
    eh_reading reading = {.engine = r->engine, .arena = r->arena, .error = r->error};
    eh_column checked;
    EH_TRY(eh_column_check(&reading, "the population's weight", (eh_expression){.sql = sql, .name = sql}, &checked));
    r->weight_name = eh_arena_copy(r->arena, eh_view_of(r->source->weight != NULL ? r->source->weight : column));
    r->weight = checked.type == EH_TYPE_TEXT ? eh_arena_format(r->arena, "CAST(replace(replace(trim(%s), ',', ''), ' ', '') AS DOUBLE)", sql) : sql;
    return r->weight == NULL || r->weight_name == NULL ? eh_fail_memory(r->error) : EH_OK;
}

/* ---- which column is which attribute -------------------------------------------------------------------------------------------- */

static bool is_expression_of_file(population_reading *r, const char *sql)
{
    eh_reading reading = {.engine = r->engine, .arena = r->arena, .error = NULL};
    eh_column column;
    return eh_column_check(&reading, "--population", (eh_expression){.sql = sql, .name = sql}, &column) == EH_OK;
}

static const char *attribute_sql(population_reading *r, const eh_cube_attribute *attribute)
{
    for (size_t i = 0; i < r->source->by_count; i++)
        if (eh_view_equal_nocase(eh_view_of(r->source->by[i].name), eh_view_of(attribute->expression.name)))
            return r->source->by[i].sql;
    const char *column = column_find(r, attribute->expression.name);
    if (column != NULL)
        return quoted(r, column);
    return is_expression_of_file(r, attribute->expression.sql) ? attribute->expression.sql : NULL;
}

/* Bands are named after whole numbers or not, so the population's numbers get the type of the data's. Texts are groups already. */
static eh_code bands_settle(population_reading *r, size_t index, eh_cube_attribute *attribute)
{
    eh_reading reading = {.engine = r->engine, .arena = r->arena, .error = r->error};
    eh_column column;
    if (attribute->edges_count == 0)
        return EH_OK;
    EH_TRY(eh_column_check(&reading, "--population", attribute->expression, &column));
    if (column.type == EH_TYPE_TEXT) {
        attribute->edges = NULL;
        attribute->edges_count = 0;
        return EH_OK;
    }
    attribute->expression.sql = eh_arena_format(r->arena, r->data->dimensions[index].whole ? "CAST(floor(%s) AS BIGINT)" : "CAST((%s) AS DOUBLE)",
                                                attribute->expression.sql);
    return attribute->expression.sql == NULL ? eh_fail_memory(r->error) : EH_OK;
}

static void names_list(eh_buffer *out, const char *const *names, size_t count)
{
    char shown[EH_SHOWN_BYTES];
    for (size_t i = 0; i < count && i < COLUMNS_SHOWN; i++)
        eh_buffer_format(out, "%s%s", i == 0 ? "" : ", ", eh_shown(eh_view_of(names[i]), shown));
    if (count > COLUMNS_SHOWN)
        eh_buffer_text(out, ", ...");
}

static eh_code no_attribute(const population_reading *r)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer columns = {0}, attributes = {0};
    const char *names[EH_ATTRIBUTES_MAX];
    for (size_t i = 0; i < r->spec->attributes_count; i++)
        names[i] = r->spec->attributes[i].expression.name;
    names_list(&columns, r->columns, r->columns_count);
    names_list(&attributes, names, r->spec->attributes_count);
    EH_TRY(eh_buffer_check(&columns, r->error));
    EH_TRY(eh_buffer_check(&attributes, r->error));
    return eh_fail(r->error, EH_NOT_FOUND,
                   "--population %s has none of the attributes\n  attributes:              %s\n  columns of the population: %s\n"
                   "Name its columns like the attributes, or say which is which with --population-by \"COLUMN AS attribute\"",
                   r->source->path, attributes.ptr, columns.ptr);
}

/* ---- one table ------------------------------------------------------------------------------------------------------------------- */

static eh_code table_read(population_reading *r, const eh_cube_attribute *attributes, size_t count, const char *where, eh_population_table *population)
{
    eh_cube *cube = EH_TAKE(r->arena, 1, eh_cube);
    if (cube == NULL)
        return eh_fail_memory(r->error);
    eh_cube_spec spec = {.decision = {EH_EVERY_ROW, EH_EVERY_ROW}, .weight = {r->weight, r->weight_name}, .where = where, .attributes = attributes,
                         .attributes_count = count, .one_group_will_do = true};
    if (eh_cube_read(r->engine, &spec, r->arena, cube, r->error) != EH_OK)
        return eh_fail_within(r->error, "--population %s", r->source->path);
    population->path = r->source->path;
    population->cube = cube;
    population->weight = r->weight_name;
    return EH_OK;
}

static eh_code wide_read(population_reading *r, eh_population_table *population)
{
    eh_cube_attribute *attributes = EH_TAKE(r->arena, EH_ATTRIBUTES_MAX, eh_cube_attribute);
    size_t count = 0;
    if (attributes == NULL)
        return eh_fail_memory(r->error);
    for (size_t i = 0; i < r->spec->attributes_count; i++) {
        const char *sql = attribute_sql(r, &r->spec->attributes[i]);
        if (sql == NULL)
            continue;
        attributes[count] = (eh_cube_attribute){.expression = {sql, r->spec->attributes[i].expression.name}, .edges = r->spec->attributes[i].edges,
                                                .edges_count = r->spec->attributes[i].edges_count};
        EH_TRY(bands_settle(r, i, &attributes[count]));
        population->attributes |= UINT32_C(1) << i;
        population->attribute_index[count++] = i;
    }
    return count == 0 ? no_attribute(r) : table_read(r, attributes, count, r->source->where, population);
}

/* attribute, group, people: one margin after the other. */
static eh_code long_read(population_reading *r, const char *attribute, const char *group, eh_population_table *populations, size_t *count_out)
{
    const char *name = quoted(r, attribute), *level = quoted(r, group);
    size_t count = 0;
    for (size_t i = 0; i < r->spec->attributes_count && name != NULL && level != NULL; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer where = {0}, probe = {0};
        EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
        eh_buffer_format(&where, "lower(trim(CAST(%s AS VARCHAR))) = lower(", name);
        eh_sql_literal(&where, eh_view_of(r->spec->attributes[i].expression.name));
        eh_buffer_byte(&where, ')');
        EH_TRY(eh_buffer_check(&where, r->error));
        eh_buffer_format(&probe, "SELECT 1 FROM " EH_ROWS_VIEW " WHERE %s LIMIT 1", where.ptr);
        EH_TRY(eh_engine_query(r->engine, &probe, &cursor, r->error));
        if (!eh_cursor_next(&cursor) || count == EH_POPULATIONS_MAX)
            continue;
        eh_cube_attribute *margin = EH_TAKE(r->arena, 1, eh_cube_attribute);
        const char *kept = eh_arena_copy(r->arena, eh_buffer_view(&where));
        if (margin == NULL || kept == NULL)
            return eh_fail_memory(r->error);
        margin->expression = (eh_expression){eh_arena_format(r->arena, "CAST(%s AS VARCHAR)", level), r->spec->attributes[i].expression.name};
        populations[count] = (eh_population_table){.attributes = UINT32_C(1) << i, .attribute_index = {i}};
        EH_TRY(table_read(r, margin, 1, kept, &populations[count]));
        count++;
    }
    if (name == NULL || level == NULL)
        return eh_fail_memory(r->error);
    *count_out = count;
    return count == 0 ? no_attribute(r) : EH_OK;
}

static eh_code population_read(population_reading *r, eh_population_table *populations_out, size_t *count_out)
{
    EH_TRY(eh_engine_read(r->engine, &r->source->path, 1, r->error));
    eh_engine_columns(r->engine, &r->columns, &r->columns_count);
    EH_TRY(weight_settle(r));
    const char *attribute = column_find(r, "attribute"), *group = column_among(r, group_names, sizeof group_names / sizeof group_names[0]);
    if (attribute != NULL && group != NULL && r->source->by_count == 0)
        return long_read(r, attribute, group, populations_out, count_out);
    eh_population_table population = {0};
    EH_TRY(wide_read(r, &population));
    populations_out[0] = population;
    *count_out = 1;
    return EH_OK;
}

eh_code eh_population_tables_read(const eh_population_source *source, const eh_cube_spec *spec, const eh_cube *data, eh_arena *arena,
                           eh_population_table *populations_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_engine_close) eh_engine *engine = NULL;
    EH_TRY(eh_engine_open(&(eh_engine_options){.threads = 1, .memory_bytes_max = UINT64_C(128) << 20}, &engine, error));
    population_reading r = {.source = source, .spec = spec, .data = data, .engine = engine, .arena = arena, .error = error};
    if (population_read(&r, populations_out, count_out) == EH_OK)
        return EH_OK;
    return strstr(error->text, "--population") != NULL ? error->code : eh_fail_within(error, "--population");
}
