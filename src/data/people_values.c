/* Expressions over sources, as of a moment: which sources one combines, whether it fits, and its value for each person. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/people_int.h"

static bool same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcasecmp(a, b) == 0;
}

/* ---- views ------------------------------------------------------------------------------------------------------------------- */

/*
 * Rows that may be seen. A moment in time is compared as such. A date is a whole day: features see days that are over, outcomes those
 * that begin before the window ends, so that nothing of a day that is not over leaks backwards.
 */
static void time_condition(const eh_people *people, const eh_people_source *mine, eh_people_phase phase, eh_duration within, eh_buffer *sql)
{
    int64_t moment = eh_instant_us(people->as_of), day = INT64_C(86400000000), end = moment + within.seconds * 1000000;
    bool date = strcmp(mine->time_type, "DATE") == 0, is_people = mine->source == &people->model->sources[people->model->people];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer at = {0};
    eh_buffer_text(&at, "epoch_us(");
    eh_sql_identifier(&at, eh_view_of(mine->source->time));
    eh_buffer_text(&at, ")");
    if (at.code != EH_OK) {
        sql->code = at.code;
        return;
    }
    if (is_people)
        eh_buffer_format(sql, " WHERE coalesce(%s%s <= %lld, true)", at.ptr, date ? " + 86400000000" : "", (long long)moment);
    else if (phase == EH_PHASE_FEATURES)
        eh_buffer_format(sql, " WHERE %s <= %lld", at.ptr, (long long)(date ? moment - day : moment));
    else if (within.seconds == 0)
        eh_buffer_format(sql, " WHERE %s > %lld", at.ptr, (long long)(date ? moment - day : moment));
    else
        eh_buffer_format(sql, " WHERE %s > %lld AND %s %s %lld", at.ptr, (long long)(date ? moment - day : moment), at.ptr, date ? "<" : "<=", (long long)end);
}

static eh_code view_create(eh_people *people, eh_people_source *mine, eh_people_phase phase, eh_duration within, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const eh_workspace_source *source = mine->source;
    eh_buffer_format(&sql, "CREATE OR REPLACE VIEW \"%s\" AS ", source->name);
    if (source->sql != NULL)
        eh_buffer_format(&sql, "SELECT * FROM (%s\n) AS \"evenhand inner\"", source->sql);
    else
        eh_buffer_format(&sql, "SELECT * FROM \"" EH_DATA_PREFIX "%s\"", source->name);
    if (source->time != NULL && mine->time_type != NULL)
        time_condition(people, mine, phase, within, &sql);
    return eh_engine_query(people->engine, &sql, &cursor, error);
}

/* Columns and types of an SQL source, which only its view tells. */
static eh_code view_describe(eh_people *people, eh_people_source *mine, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    eh_buffer_format(&sql, "DESCRIBE SELECT * FROM \"%s\"", mine->source->name);
    EH_TRY(eh_engine_query(people->engine, &sql, &cursor, error));
    mine->names = EH_TAKE(people->arena, EH_COLUMNS_MAX, const char *);
    mine->types = EH_TAKE(people->arena, EH_COLUMNS_MAX, const char *);
    mine->columns_count = 0;
    while (mine->names != NULL && mine->types != NULL && eh_cursor_next(&cursor)) {
        eh_view name = {0}, type = {0};
        if (mine->columns_count == EH_COLUMNS_MAX)
            return eh_fail(error, EH_LIMIT, "more than %d columns", EH_COLUMNS_MAX);
        (void)eh_cursor_text(&cursor, 0, &name);
        (void)eh_cursor_text(&cursor, 1, &type);
        mine->names[mine->columns_count] = eh_arena_copy(people->arena, name);
        mine->types[mine->columns_count] = eh_arena_copy(people->arena, type);
        if (mine->names[mine->columns_count] == NULL || mine->types[mine->columns_count++] == NULL)
            return eh_fail_memory(error);
    }
    mine->hidden = EH_TAKE(people->arena, mine->columns_count, bool);
    return mine->names == NULL || mine->types == NULL || mine->hidden == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code sql_source_settle(eh_people *people, eh_people_source *mine, eh_error *error)
{
    const eh_workspace_source *source = mine->source, *first = &people->model->sources[people->model->people];
    const struct {
        const char *key, *column;
    } roles[] = {{"key", source->key}, {"person", source->person}, {"time", source->time}};
    EH_TRY(view_describe(people, mine, error));
    for (size_t i = 0; i < 3; i++)
        if (roles[i].column != NULL && eh_people_column_index(mine, roles[i].column) == mine->columns_count)
            return eh_fail(error, EH_NOT_FOUND, "the query gives no column '%.60s', which '%s' names", roles[i].column, roles[i].key);
    mine->person = source == first ? first->key : source->person;
    if (mine->person == NULL && eh_people_column_index(mine, first->key) < mine->columns_count)
        mine->person = first->key;
    mine->single = source == first || (source->key != NULL && same(mine->person, source->key));
    if (source->time != NULL) {
        mine->time_type = mine->types[eh_people_column_index(mine, source->time)];
        if (strncmp(mine->time_type, "TIMESTAMP", 9) != 0 && strcmp(mine->time_type, "DATE") != 0)
            return eh_fail(error, EH_INPUT, "the column %s, which 'time' names, is no date", source->time);
    }
    return EH_OK;
}

eh_code eh_people_views(eh_people *people, eh_people_phase phase, eh_duration within, eh_error *error)
{
    for (size_t i = 0; i < people->model->sources_count; i++) {
        eh_people_source *mine = &people->sources[i];
        const eh_yaml_node *node = eh_yaml_member_value(mine->source->node, "sql");
        if (mine->source->sql == NULL) {
            EH_TRY(view_create(people, mine, phase, within, error));
            continue;
        }
        if (mine->withheld && !people->raw)
            continue;
        EH_TRY(eh_people_refuse_protected(people, &mine->trace, node, error));
        bool dated = mine->source->time != NULL && mine->time_type != NULL; /* known from the second phase on */
        if (view_create(people, mine, phase, within, error) != EH_OK || (mine->names == NULL && sql_source_settle(people, mine, error) != EH_OK))
            return eh_yaml_fail_within(node, error);
        if (mine->source->time != NULL && !dated && view_create(people, mine, phase, within, error) != EH_OK)
            return eh_yaml_fail_within(node, error);
    }
    return EH_OK;
}

eh_code eh_people_views_drop(eh_people *people, eh_error *error)
{
    for (size_t i = people->model->sources_count; i-- > 0;) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
        eh_buffer_format(&sql, "DROP VIEW IF EXISTS \"%s\"", people->sources[i].source->name);
        EH_TRY(eh_buffer_check(&sql, error));
        EH_TRY(eh_engine_execute(people->engine, sql.ptr, error));
    }
    return EH_OK;
}

/* ---- which sources ---------------------------------------------------------------------------------------------------------------- */

static bool is_visible(const eh_people *people, size_t source, const char *column)
{
    const eh_people_source *mine = &people->sources[source];
    size_t i = eh_people_column_index(mine, column);
    return i < mine->columns_count && (people->raw || (!mine->hidden[i] && !mine->withheld));
}

static eh_code fail_no_column(eh_people *people, const eh_people_value *value, const char *source, const char *name, eh_error *error)
{
    size_t count = 0;
    for (size_t i = 0; i < people->model->sources_count; i++)
        count += people->sources[i].columns_count;
    const char **names = EH_TAKE(people->arena, count, const char *);
    size_t visible = 0;
    if (names == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < people->model->sources_count; i++)
        for (size_t k = 0; k < people->sources[i].columns_count; k++)
            if (is_visible(people, i, people->sources[i].names[k]) && (source == NULL || same(source, people->sources[i].source->name)))
                names[visible++] = people->sources[i].names[k];
    const char *nearest = eh_nearest_name(name, names, visible);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    char shown[EH_SHOWN_BYTES];
    for (size_t i = 0; i < visible && i < EH_SHOWN_COLUMNS_MAX; i++)
        eh_buffer_format(&list, "%s%s", i == 0 ? "" : ", ", eh_shown(eh_view_of(names[i]), shown));
    if (visible > EH_SHOWN_COLUMNS_MAX)
        eh_buffer_format(&list, " and %zu more", visible - EH_SHOWN_COLUMNS_MAX);
    EH_TRY(eh_buffer_check(&list, error));
    return eh_yaml_fail(value->node, error, EH_NOT_FOUND, "no column '%.60s'%s%.60s%s%s%s The columns are: %s", name, source == NULL ? "" : " in ", source == NULL ? "" : source,
                        nearest == NULL ? "." : "; did you mean '", nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?", list.ptr == NULL ? "(none)" : list.ptr);
}

static eh_code reference_source(eh_people *people, const eh_people_value *value, const eh_reference *reference, uint64_t *sources_out, eh_error *error)
{
    const eh_workspace_model *model = people->model;
    const char *first = reference->parts[0];
    if (reference->parts_count > 1) {
        for (size_t i = 0; i < model->sources_count; i++) {
            if (!same(model->sources[i].name, first))
                continue;
            if (!is_visible(people, i, reference->parts[1]))
                return fail_no_column(people, value, model->sources[i].name, reference->parts[1], error);
            *sources_out |= UINT64_C(1) << i;
            return EH_OK;
        }
    }
    if (is_visible(people, model->people, first)) {
        *sources_out |= UINT64_C(1) << model->people;
        return EH_OK;
    }
    if (reference->parts_count == 1 && (same(first, "today") || same(first, "now")))
        return EH_OK;
    uint64_t found = 0;
    for (size_t i = 0; i < model->sources_count; i++)
        found |= is_visible(people, i, first) ? UINT64_C(1) << i : 0;
    if (found != 0 && (found & (found - 1)) != 0)
        return eh_yaml_fail(value->node, error, EH_INPUT, "'%.60s' stands in several sources; say which, as in %s.%.60s", first,
                            model->sources[__builtin_ctzll(found)].name, first);
    *sources_out |= found;
    if (found != 0 || value->trace.lambda)
        return EH_OK;
    for (size_t i = 0; i < model->sources_count; i++)
        if (same(model->sources[i].name, first))
            return eh_yaml_fail(value->node, error, EH_INPUT, "'%.60s' stands for whole rows; name a column, as in %.60s.%.60s", first, first,
                                people->sources[i].columns_count > 0 ? people->sources[i].names[0] : "column");
    const char *names[EH_SOURCES_MAX];
    for (size_t i = 0; i < model->sources_count; i++)
        names[i] = model->sources[i].name;
    const char *nearest = reference->parts_count > 1 ? eh_nearest_name(first, names, model->sources_count) : NULL;
    if (nearest != NULL)
        return eh_yaml_fail(value->node, error, EH_NOT_FOUND, "there is no source '%.60s'; did you mean '%s'?", first, nearest);
    return fail_no_column(people, value, NULL, first, error);
}

static eh_code find_sources(eh_people *people, eh_people_value *value, eh_error *error)
{
    value->named = 0;
    for (size_t i = 0; i < value->trace.references_count; i++)
        EH_TRY(reference_source(people, value, &value->trace.references[i], &value->named, error));
    value->sources = value->named | UINT64_C(1) << people->model->people;
    for (size_t i = 0; i < people->model->sources_count; i++)
        if ((value->sources >> i & 1) != 0 && people->sources[i].person == NULL)
            return eh_yaml_fail(value->node, error, EH_INPUT, "uses the source %s, but nothing says whose its rows are; add  person: COLUMN  to that source (its column that holds "
                                "%s.%s)", people->model->sources[i].name, people->model->sources[people->model->people].name, people->model->sources[people->model->people].key);
    return EH_OK;
}

/* ---- FROM ------------------------------------------------------------------------------------------------------------------------ */

static void person_sql(const eh_people *people, size_t source, eh_buffer *sql)
{
    eh_buffer_format(sql, "CAST(\"%s\".", people->model->sources[source].name);
    eh_sql_identifier(sql, eh_view_of(people->sources[source].person));
    eh_buffer_format(sql, " AS %s)", people->key_type);
}

static size_t many_count(const eh_people *people, uint64_t sources)
{
    size_t count = 0;
    for (size_t i = 0; i < people->model->sources_count; i++)
        count += (sources >> i & 1) != 0 && !people->sources[i].single;
    return count;
}

/* People, the moment, sources with one row per person, and the rows of the others stacked: none multiplies another's. */
static void from_sql(const eh_people *people, uint64_t sources, eh_buffer *sql)
{
    const eh_workspace_model *model = people->model;
    char today[EH_INSTANT_TEXT_BYTES], now[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(people->as_of, EH_FRACTION_NONE, now);
    snprintf(today, sizeof today, "%.10s", now);
    now[10] = ' ';
    now[19] = '\0';
    eh_buffer_format(sql, " FROM \"%s\" CROSS JOIN (SELECT DATE '%s' AS today, TIMESTAMP '%s' AS now) AS \"evenhand moment\"", model->sources[model->people].name, today,
                     now);
    for (size_t i = 0; i < model->sources_count; i++) {
        if ((sources >> i & 1) == 0 || i == model->people || !people->sources[i].single)
            continue;
        eh_buffer_format(sql, " LEFT JOIN \"%s\" ON ", model->sources[i].name);
        person_sql(people, i, sql);
        eh_buffer_text(sql, " = ");
        person_sql(people, model->people, sql);
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer persons = {0};
    size_t many = many_count(people, sources), at = 0;
    const char *first = NULL;
    if (many == 0)
        return;
    eh_buffer_text(sql, many == 1 ? " LEFT JOIN " : " LEFT JOIN (");
    for (size_t i = 0; i < model->sources_count; i++) {
        if ((sources >> i & 1) == 0 || people->sources[i].single)
            continue;
        const char *name = model->sources[i].name;
        eh_buffer_text(sql, at == 0 ? "" : " FULL OUTER JOIN ");
        if (many == 1)
            eh_buffer_format(sql, "\"%s\"", name);
        else
            eh_buffer_format(sql, "(SELECT *, %zu AS \"evenhand side\" FROM \"%s\") AS \"%s\"", at, name, name);
        if (at > 0) /* sides are never equal: rows are stacked */
            eh_buffer_format(sql, " ON \"%s\".\"evenhand side\" = \"%s\".\"evenhand side\"", first, name);
        first = at == 0 ? name : first;
        eh_buffer_text(&persons, at++ == 0 ? "" : ", ");
        person_sql(people, i, &persons);
    }
    eh_buffer_format(sql, "%s(%s) = ", many == 1 ? " ON " : ") ON coalesce", persons.ptr == NULL ? "" : persons.ptr);
    person_sql(people, model->people, sql);
}

/* What stands still for a person: the key, and the columns of single sources that the values name. */
static void group_sql(const eh_people *people, const eh_people_value *const *values, size_t count, eh_buffer *sql)
{
    eh_buffer_text(sql, " GROUP BY 1");
    for (size_t v = 0; v < count; v++)
        for (size_t r = 0; r < values[v]->trace.references_count; r++) {
            const eh_reference *reference = &values[v]->trace.references[r];
            if (reference->parts_count == 1 && (same(reference->parts[0], "today") || same(reference->parts[0], "now")))
                eh_buffer_format(sql, ", \"evenhand moment\".\"%s\"", reference->parts[0]);
            for (size_t i = 0; i < people->model->sources_count; i++) {
                const eh_people_source *mine = &people->sources[i];
                if ((values[v]->sources >> i & 1) == 0 || !mine->single)
                    continue;
                bool qualified = reference->parts_count > 1 && same(reference->parts[0], mine->source->name);
                const char *column = reference->parts[qualified ? 1 : 0];
                if (!is_visible(people, i, column))
                    continue;
                eh_buffer_format(sql, ", \"%s\".", mine->source->name);
                eh_sql_identifier(sql, eh_view_of(column));
            }
        }
}

static void select_sql(const eh_people *people, const eh_people_value *const *values, size_t count, eh_buffer *sql)
{
    eh_buffer_text(sql, "SELECT ");
    person_sql(people, people->model->people, sql);
    eh_buffer_text(sql, " AS \"evenhand key\"");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_format(sql, ", (%s\n) AS ", values[i]->sql);
        eh_sql_identifier(sql, eh_view_of(values[i]->name));
    }
    from_sql(people, values[0]->sources, sql);
    if (many_count(people, values[0]->sources) > 0)
        group_sql(people, values, count, sql);
}

/* ---- checking ------------------------------------------------------------------------------------------------------------------------ */

static eh_code fail_value(eh_people *people, const eh_people_value *value, eh_error *error)
{
    /* Every many-rowed source that is in reach, for an example that fits. */
    for (size_t i = 0; i < people->model->sources_count && error != NULL; i++)
        if (strstr(error->text, "must appear in the GROUP BY") != NULL && (value->sources >> i & 1) != 0 && !people->sources[i].single)
            return eh_yaml_fail(value->node, error, EH_INPUT, "%s has several rows for one person, so say which of them: max(%s.x), sum(%s.x), count(%s.x), "
                                "arg_max(%s.x, %s.when)", people->model->sources[i].name, people->model->sources[i].name, people->model->sources[i].name,
                                people->model->sources[i].name, people->model->sources[i].name, people->model->sources[i].name);
    return eh_yaml_fail_within(value->node, error);
}

static eh_code settle_type(eh_people_value *value, eh_error *error)
{
    static const struct {
        const char *prefix;
        eh_person_kind kind;
    } kinds[] = {
        {"BOOLEAN", EH_PERSON_BOOLEAN}, {"TINYINT", EH_PERSON_NUMBER}, {"SMALLINT", EH_PERSON_NUMBER}, {"INTEGER", EH_PERSON_NUMBER}, {"BIGINT", EH_PERSON_NUMBER},
        {"HUGEINT", EH_PERSON_NUMBER}, {"UTINYINT", EH_PERSON_NUMBER}, {"USMALLINT", EH_PERSON_NUMBER}, {"UINTEGER", EH_PERSON_NUMBER}, {"UBIGINT", EH_PERSON_NUMBER},
        {"UHUGEINT", EH_PERSON_NUMBER}, {"DECIMAL", EH_PERSON_NUMBER}, {"FLOAT", EH_PERSON_NUMBER}, {"DOUBLE", EH_PERSON_NUMBER}, {"VARCHAR", EH_PERSON_TEXT},
        {"ENUM", EH_PERSON_TEXT}, {"UUID", EH_PERSON_TEXT},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strncmp(value->type_sql, kinds[i].prefix, strlen(kinds[i].prefix)) == 0 && strchr(value->type_sql, '[') == NULL) {
            value->kind = kinds[i].kind;
            return EH_OK;
        }
    if (strncmp(value->type_sql, "DATE", 4) == 0 || strncmp(value->type_sql, "TIME", 4) == 0)
        return eh_yaml_fail(value->node, error, EH_INPUT, "is a date; a number says more, as in  date_diff('day', %.200s, today)", value->sql);
    return eh_yaml_fail(value->node, error, EH_INPUT, "is of type %.60s; a number, a text or true and false can be used", value->type_sql);
}

eh_code eh_value_check(eh_people *people, eh_people_value *value, eh_error *error)
{
    EH_TRY(eh_people_refuse_protected(people, &value->trace, value->node, error));
    EH_TRY(find_sources(people, value, error));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    const eh_people_value *const values[] = {value};
    eh_buffer_text(&sql, "DESCRIBE ");
    select_sql(people, values, 1, &sql);
    if (many_count(people, value->sources) == 0) /* an aggregate over all people is no value of one person */
        eh_buffer_format(&sql, " WHERE (%s\n) IS NULL", value->sql);
    if (eh_engine_query(people->engine, &sql, &cursor, error) != EH_OK)
        return fail_value(people, value, error);
    eh_view type = {0};
    size_t columns = 0;
    while (eh_cursor_next(&cursor)) {
        if (++columns != 2 || !eh_cursor_text(&cursor, 1, &type))
            continue;
        value->type_sql = eh_arena_copy(people->arena, type);
        if (value->type_sql == NULL)
            return eh_fail_memory(error);
    }
    if (columns != 2)
        return eh_yaml_fail(value->node, error, EH_INPUT, "stands for %zu values; write one", columns - 1);
    return settle_type(value, error);
}

/* ---- evaluating ------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_values_evaluate(eh_people *people, eh_people_value *values, size_t count, size_t *tables_count, eh_error *error)
{
    bool *done = EH_TAKE(people->arena, count, bool);
    const eh_people_value **together = EH_TAKE(people->arena, count, const eh_people_value *);
    if (done == NULL || together == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        size_t group = 0;
        if (done[i])
            continue;
        for (size_t k = i; k < count; k++)
            if (!done[k] && values[k].sources == values[i].sources) {
                done[k] = true;
                together[group++] = &values[k];
            }
        EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
        EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
        eh_buffer_format(&sql, "CREATE TABLE \"evenhand values %zu\" AS ", *tables_count);
        select_sql(people, together, group, &sql);
        (*tables_count)++;
        if (eh_engine_query(people->engine, &sql, &cursor, error) == EH_OK)
            continue;
        /* Which of them does not work on these rows? */
        for (size_t k = 0; k < group; k++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer alone = {0};
            EH_CLEANUP(eh_cursor_close) eh_cursor result = {0};
            eh_buffer_text(&alone, "SELECT count(*) FROM (");
            select_sql(people, &together[k], 1, &alone);
            eh_buffer_text(&alone, ") WHERE hash(COLUMNS(*)) IS NULL");
            if (eh_engine_query(people->engine, &alone, &result, error) != EH_OK)
                return eh_yaml_fail_within(together[k]->node, error);
        }
        return eh_yaml_fail_within(together[0]->node, error);
    }
    return EH_OK;
}
