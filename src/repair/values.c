/* Steps that change values: duplicates, corrections, imputation, quantiles, decorrelation, dropping. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/duplicates.h"
#include "repair/repair_int.h"

enum { PAIRS_MAX = 10000 };

/* ---- duplicates ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *merge, *keep;
} pair;

static bool is_yaml(const char *path)
{
    size_t len = strlen(path);
    return (len > 5 && strcmp(path + len - 5, ".yaml") == 0) || (len > 4 && strcmp(path + len - 4, ".yml") == 0);
}

/* duplicates.yaml, as `evenhand duplicates` writes it. */
static eh_code pairs_of_yaml(repair_run *run, pair **pairs_out, size_t *count_out)
{
    const eh_duplicate_decision *decisions = NULL;
    size_t count = 0;
    EH_TRY(eh_duplicate_decisions_read_file(run->step->decisions, run->arena, &decisions, &count, run->error));
    pair *pairs = EH_TAKE(run->arena, count, pair);
    if (pairs == NULL)
        return eh_fail_memory(run->error);
    *count_out = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t side = 0; side < 2 && decisions[i].same; side++)
            if (strcmp(decisions[i].keys[side], decisions[i].keep) != 0)
                pairs[(*count_out)++] = (pair){decisions[i].keys[side], eh_duplicate_kept(decisions, count, decisions[i].keep)};
    *pairs_out = pairs;
    return EH_OK;
}

static const char *kept_at_last(const pair *pairs, size_t count, const char *key)
{
    for (size_t step = 0; step <= count; step++) {
        size_t i = 0;
        while (i < count && strcmp(pairs[i].merge, key) != 0)
            i++;
        if (i == count)
            return key;
        key = pairs[i].keep;
    }
    return NULL; /* a circle */
}

/* A table with the columns keep and merge. */
static eh_code pairs_of_table(repair_run *run, pair **pairs_out, size_t *count_out)
{
    EH_CLEANUP(eh_engine_close) eh_engine *engine = NULL;
    eh_answer answer;
    const char *path = run->step->decisions;
    EH_TRY(eh_engine_open(&(eh_engine_options){.threads = 1, .memory_bytes_max = UINT64_C(128) << 20}, &engine, run->error));
    EH_TRY(eh_engine_read(engine, &path, 1, run->error));
    if (eh_transform_ask(engine, "SELECT CAST(\"merge\" AS VARCHAR), CAST(keep AS VARCHAR) FROM evenhand_rows WHERE keep IS NOT NULL AND \"merge\" IS NOT NULL "
                                 "ORDER BY 1, 2", PAIRS_MAX, run->arena, &answer, run->error) != EH_OK)
        return eh_fail_within(run->error, "%s (a table with the columns keep and merge, or a file of evenhand duplicates)", path);
    pair *pairs = EH_TAKE(run->arena, answer.rows_count, pair);
    const char **last = EH_TAKE(run->arena, answer.rows_count, const char *);
    if (pairs == NULL || last == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < answer.rows_count; i++) {
        pairs[i] = (pair){answer.values[2 * i], answer.values[2 * i + 1]};
        if (strcmp(pairs[i].keep, pairs[i].merge) == 0)
            return eh_fail(run->error, EH_INPUT, "%s: '%.100s' cannot be merged into itself", path, pairs[i].keep);
        if (i > 0 && strcmp(pairs[i - 1].merge, pairs[i].merge) == 0)
            return eh_fail(run->error, EH_CONFLICT, "%s: '%.100s' is merged twice", path, pairs[i].merge);
    }
    for (size_t i = 0; i < answer.rows_count; i++) {
        last[i] = kept_at_last(pairs, answer.rows_count, pairs[i].keep);
        if (last[i] == NULL)
            return eh_fail(run->error, EH_CONFLICT, "%s: '%.100s' would go into itself by way of others", path, pairs[i].merge);
    }
    for (size_t i = 0; i < answer.rows_count; i++)
        pairs[i].keep = last[i];
    *pairs_out = pairs;
    *count_out = answer.rows_count;
    return EH_OK;
}

static eh_code merged_count(repair_run *run, const pair *pairs, size_t count, uint64_t *rows_out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer condition = {0};
    *rows_out = 0;
    if (count == 0)
        return EH_OK;
    eh_buffer_text(&condition, "CAST(");
    eh_transform_name(&condition, run->step->key);
    eh_buffer_text(&condition, " AS VARCHAR) IN (");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(&condition, i == 0 ? "" : ", ");
        eh_transform_text(&condition, pairs[i].merge);
    }
    eh_buffer_byte(&condition, ')');
    EH_TRY(eh_buffer_check(&condition, run->error));
    return repair_rows_counted(run, condition.ptr, rows_out);
}

eh_code repair_duplicates(repair_run *run)
{
    pair *pairs = NULL;
    size_t count = 0;
    const char *into = run->step->into != NULL ? run->step->into : "duplicate_of";
    EH_TRY(is_yaml(run->step->decisions) ? pairs_of_yaml(run, &pairs, &count) : pairs_of_table(run, &pairs, &count));
    eh_buffer_text(&run->select, "SELECT *, map([");
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < count; i++) {
            eh_buffer_text(&run->select, i == 0 ? "" : ", ");
            eh_transform_text(&run->select, side == 0 ? pairs[i].merge : pairs[i].keep);
        }
        eh_buffer_text(&run->select, side == 0 ? "]::VARCHAR[], [" : "]::VARCHAR[])[CAST(");
    }
    eh_transform_name(&run->select, run->step->key);
    eh_buffer_text(&run->select, " AS VARCHAR)] AS ");
    eh_transform_name(&run->select, into);
    eh_buffer_text(&run->select, " FROM " EH_TRANSFORM_BEFORE);
    run->done->into = into;
    run->done->measure = "people who are in twice";
    EH_TRY(merged_count(run, pairs, count, &run->done->rows_changed));
    run->done->before = (double)run->done->rows_changed;
    run->done->after = 0;
    run->done->effective_after = run->state->rows - (double)run->done->rows_changed;
    run->state->merged = into;
    eh_json_integer(run->writer, "decisions", (int64_t)count);
    return EH_OK;
}

/* ---- correct --------------------------------------------------------------------------------------------------------------------- */

static void missing_sql(const repair_run *run, eh_buffer *sql)
{
    for (size_t i = 0; i < run->step->missing_when_count; i++)
        eh_buffer_format(sql, "%s(%s)", i == 0 ? "" : " OR ", run->step->missing_when[i]);
    if (run->step->missing_when_count == 0)
        eh_buffer_text(sql, "false");
}

eh_code repair_rows_counted(repair_run *run, const char *condition, uint64_t *rows_out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    double count = 0;
    eh_buffer_text(&sql, "SELECT CAST(count(*) AS VARCHAR) FROM evenhand_rows WHERE ");
    eh_buffer_text(&sql, condition);
    EH_TRY(repair_ask_numbers(run, &sql, 1, &count));
    *rows_out = (uint64_t)count;
    return EH_OK;
}

eh_code repair_correct(repair_run *run)
{
    const eh_repair_step *step = run->step;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer missing = {0}, name = {0}, unit = {0}, any = {0};
    const char *into = repair_into(run, "repaired"), *flag = eh_arena_format(run->arena, "%s_flag", step->column);
    missing_sql(run, &missing);
    eh_transform_name(&name, step->column);
    eh_buffer_text(&unit, step->unit_when != NULL ? step->unit_when : "false");
    eh_buffer_format(&any, "(%s) OR (%s)", missing.ptr == NULL ? "false" : missing.ptr, unit.ptr == NULL ? "false" : unit.ptr);
    EH_TRY(eh_buffer_check(&any, run->error));
    EH_TRY(eh_buffer_check(&name, run->error));
    if (into == NULL || flag == NULL)
        return eh_fail_memory(run->error);
    eh_buffer_format(&run->select, "SELECT *, CASE WHEN %s THEN NULL", missing.ptr);
    if (step->unit_when != NULL) {
        eh_buffer_format(&run->select, " WHEN %s THEN %s * ", unit.ptr, name.ptr);
        eh_transform_number(&run->select, step->unit_factor);
    }
    eh_buffer_format(&run->select, " ELSE %s END AS ", name.ptr);
    eh_transform_name(&run->select, into);
    eh_buffer_format(&run->select, ", CASE WHEN %s THEN 'impossible' WHEN %s THEN 'unit' END AS ", missing.ptr, unit.ptr);
    eh_transform_name(&run->select, flag);
    eh_buffer_text(&run->select, " FROM " EH_TRANSFORM_BEFORE);
    run->done->into = into;
    run->done->flag = flag;
    return repair_rows_counted(run, any.ptr, &run->done->rows_changed);
}

/* ---- impute ---------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char **groups; /* rows x by_count */
    const char **values;
    size_t count;
    const char *overall;
} fills;

static eh_code column_type(repair_run *run, const char **type_out)
{
    eh_answer columns;
    EH_TRY(eh_transform_columns(run->engine, run->arena, &columns, run->error));
    for (size_t c = 0; c < columns.rows_count; c++)
        if (strcmp(columns.values[2 * c], run->step->column) == 0)
            *type_out = columns.values[2 * c + 1];
    return EH_OK;
}

/* When the column has no value: NULL, and in texts the words that the check takes for none. */
static eh_code no_value_sql(repair_run *run, const char *name, eh_buffer *sql)
{
    const char *type = "";
    EH_TRY(column_type(run, &type));
    eh_buffer_format(sql, "(%s IS NULL", name);
    if (strcmp(type, "VARCHAR") == 0) {
        eh_buffer_format(sql, " OR lower(trim(%s)) IN (", name);
        for (size_t i = 0; eh_profile_blank_words[i] != NULL; i++) {
            eh_buffer_text(sql, i == 0 ? "" : ", ");
            eh_transform_text(sql, eh_profile_blank_words[i]);
        }
        eh_buffer_byte(sql, ')');
    }
    eh_buffer_byte(sql, ')');
    return eh_buffer_check(sql, run->error);
}

/* What most have, the first in order when several do; or the middle value. NULL groups: everybody. */
static eh_code fill_ask(repair_run *run, bool grouped, eh_answer *answer_out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0}, name = {0}, keys = {0}, none = {0};
    eh_transform_name(&name, run->step->column);
    EH_TRY(eh_buffer_check(&name, run->error));
    EH_TRY(no_value_sql(run, name.ptr, &none));
    for (size_t i = 0; grouped && i < run->step->by_count; i++)
        eh_buffer_format(&keys, "\"evenhand g%zu\", ", i);
    eh_buffer_format(&sql, "SELECT %s", keys.ptr == NULL ? "" : keys.ptr);
    bool median = strcmp(run->step->with, "median") == 0;
    eh_buffer_format(&sql, median ? "CAST(quantile_disc(x, 0.5) AS VARCHAR) FROM (SELECT " : "CAST(x AS VARCHAR) FROM (SELECT ");
    if (grouped) {
        EH_TRY(repair_groups_sql(run, &sql));
        eh_buffer_text(&sql, ", ");
    }
    eh_buffer_format(&sql, median ? "%s AS x FROM %s WHERE NOT %s)" : "%s AS x, count(*) AS n FROM %s WHERE NOT %s GROUP BY ALL)", name.ptr, run->from, none.ptr);
    if (median && grouped)
        eh_buffer_text(&sql, " GROUP BY ALL ORDER BY ALL");
    if (!median)
        eh_buffer_format(&sql, " QUALIFY row_number() OVER (%s%.*s ORDER BY n DESC, x) = 1 ORDER BY ALL", grouped ? "PARTITION BY " : "",
                         grouped ? (int)(keys.len - 2) : 0, grouped ? keys.ptr : "");
    EH_TRY(eh_buffer_check(&sql, run->error));
    return eh_transform_ask(run->engine, sql.ptr, EH_REPAIR_CELLS_MAX, run->arena, answer_out, run->error);
}

static eh_code fills_fit(repair_run *run, fills *found)
{
    eh_answer all, by = {0};
    *found = (fills){0};
    if (strcmp(run->step->with, "value") == 0) {
        found->overall = run->step->value;
        return EH_OK;
    }
    EH_TRY(fill_ask(run, false, &all));
    if (all.rows_count == 0 || all.values[0] == NULL)
        return eh_fail(run->error, EH_INPUT, "'%.100s' has no value from which missing ones could be filled", run->step->column);
    found->overall = all.values[all.columns_count - 1];
    if (run->step->by_count == 0)
        return EH_OK;
    EH_TRY(fill_ask(run, true, &by));
    size_t keys = run->step->by_count;
    found->count = by.rows_count;
    found->groups = EH_TAKE(run->arena, by.rows_count * keys, const char *);
    found->values = EH_TAKE(run->arena, by.rows_count, const char *);
    if (found->groups == NULL || found->values == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < by.rows_count; i++) {
        for (size_t k = 0; k < keys; k++)
            found->groups[i * keys + k] = by.values[i * by.columns_count + k];
        found->values[i] = by.values[i * by.columns_count + keys];
    }
    return EH_OK;
}

static eh_code fills_read(repair_run *run, fills *found)
{
    eh_json_value groups = eh_json_member(run->fitted, "groups");
    size_t keys = run->step->by_count;
    *found = (fills){.count = eh_json_count(groups), .overall = eh_json_as_text(eh_json_member(run->fitted, "value"))};
    found->groups = EH_TAKE(run->arena, found->count * keys, const char *);
    found->values = EH_TAKE(run->arena, found->count, const char *);
    if (found->groups == NULL || found->values == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < found->count; i++) {
        eh_json_value item = eh_json_item(groups, i), names = eh_json_member(item, "group");
        found->values[i] = eh_json_as_text(eh_json_member(item, "value"));
        for (size_t k = 0; k < keys; k++)
            found->groups[i * keys + k] = eh_json_as_text(eh_json_item(names, k));
        if (found->values[i] == NULL || eh_json_count(names) != keys)
            return eh_fail(run->error, EH_CORRUPT, "the fitted parameters of this step are not those of the plan; fit again with --fit");
    }
    return found->overall == NULL ? eh_fail(run->error, EH_CORRUPT, "the fitted parameters of this step are not those of the plan; fit again with --fit") : EH_OK;
}

static void fills_write(repair_run *run, const fills *found)
{
    eh_json_text(run->writer, "value", found->overall);
    eh_json_array_open(run->writer, "groups");
    for (size_t i = 0; i < found->count; i++) {
        eh_json_object_open_flat(run->writer, NULL);
        eh_json_array_open_flat(run->writer, "group");
        for (size_t k = 0; k < run->step->by_count; k++)
            eh_json_text(run->writer, NULL, found->groups[i * run->step->by_count + k]);
        eh_json_array_close(run->writer);
        eh_json_text(run->writer, "value", found->values[i]);
        eh_json_object_close(run->writer);
    }
    eh_json_array_close(run->writer);
}

/* Removes the group columns that a step has put beside the rows. */
static void without_groups(const repair_run *run, eh_buffer *sql)
{
    eh_buffer_text(sql, "SELECT *");
    for (size_t i = 0; i < run->step->by_count; i++)
        eh_buffer_format(sql, i == 0 ? " EXCLUDE (\"evenhand g%zu\"" : ", \"evenhand g%zu\"", i);
    eh_buffer_text(sql, run->step->by_count > 0 ? ")" : "");
}

static eh_code with_groups(repair_run *run, eh_buffer *sql)
{
    if (run->step->by_count == 0) {
        eh_buffer_text(sql, " FROM " EH_TRANSFORM_BEFORE);
        return EH_OK;
    }
    eh_buffer_text(sql, " FROM (SELECT *, ");
    EH_TRY(repair_groups_sql(run, sql));
    eh_buffer_text(sql, " FROM " EH_TRANSFORM_BEFORE ")");
    return EH_OK;
}

eh_code repair_impute(repair_run *run)
{
    fills found;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0}, condition = {0};
    const char *into = repair_into(run, "imputed"), *flag = eh_arena_format(run->arena, "%s_was_missing", run->step->column), *type = "VARCHAR";
    EH_TRY(run->fitted != NULL ? fills_read(run, &found) : fills_fit(run, &found));
    fills_write(run, &found);
    EH_TRY(column_type(run, &type));
    eh_transform_name(&name, run->step->column);
    EH_TRY(eh_buffer_check(&name, run->error));
    EH_TRY(no_value_sql(run, name.ptr, &condition));
    if (into == NULL || flag == NULL)
        return eh_fail_memory(run->error);
    without_groups(run, &run->select);
    eh_buffer_format(&run->select, ", CASE WHEN NOT %s THEN %s", condition.ptr, name.ptr);
    for (size_t i = 0; i < found.count; i++) {
        eh_buffer_text(&run->select, " WHEN ");
        for (size_t k = 0; k < run->step->by_count; k++) {
            eh_buffer_format(&run->select, "%s\"evenhand g%zu\" = ", k == 0 ? "" : " AND ", k);
            eh_transform_text(&run->select, found.groups[i * run->step->by_count + k]);
        }
        eh_buffer_text(&run->select, " THEN CAST(");
        eh_transform_text(&run->select, found.values[i]);
        eh_buffer_format(&run->select, " AS %s)", type);
    }
    eh_buffer_text(&run->select, " ELSE CAST(");
    eh_transform_text(&run->select, found.overall);
    eh_buffer_format(&run->select, " AS %s) END AS ", type);
    eh_transform_name(&run->select, into);
    eh_buffer_format(&run->select, ", %s AS ", condition.ptr);
    eh_transform_name(&run->select, flag);
    EH_TRY(with_groups(run, &run->select));
    run->done->into = into;
    run->done->flag = flag;
    EH_TRY(repair_rows_counted(run, condition.ptr, &run->done->rows_changed));
    run->done->measure = "rows without a value";
    run->done->before = (double)run->done->rows_changed;
    run->done->after = 0;
    return EH_OK;
}

/* ---- one distribution for all groups ---------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *names[EH_GROUPS_MAX];
    eh_quantile_map maps[EH_GROUPS_MAX];
    size_t count;
} quantile_maps;

static bool knots_read(const char *text, double knots[EH_REPAIR_KNOTS])
{
    size_t count = 0;
    for (char *at = (char *)(uintptr_t)strchr(text, '['); at != NULL && *at != '\0' && *at != ']' && count < EH_REPAIR_KNOTS;)
        knots[count++] = strtod(at + 1, &at);
    return count == EH_REPAIR_KNOTS;
}

static eh_code maps_fit(repair_run *run, quantile_maps *maps)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0}, name = {0};
    eh_answer answer;
    eh_transform_name(&name, run->step->column);
    eh_buffer_text(&sql, "SELECT \"evenhand g0\", CAST(quantile_cont(x, [");
    for (size_t k = 0; k < EH_REPAIR_KNOTS; k++)
        eh_buffer_format(&sql, "%s%.2f", k == 0 ? "" : ", ", (double)k / (EH_REPAIR_KNOTS - 1));
    eh_buffer_text(&sql, "]) AS VARCHAR), CAST(count(x) AS VARCHAR) FROM (SELECT ");
    EH_TRY(repair_groups_sql(run, &sql));
    eh_buffer_format(&sql, ", CAST(%s AS DOUBLE) AS x FROM %s) WHERE isfinite(x) AND \"evenhand g0\" <> '(missing)' GROUP BY 1 ORDER BY 1",
                     name.ptr == NULL ? "" : name.ptr, run->from);
    EH_TRY(eh_buffer_check(&sql, run->error));
    EH_TRY(eh_transform_ask(run->engine, sql.ptr, EH_GROUPS_MAX, run->arena, &answer, run->error));
    if (answer.rows_count < 2)
        return eh_fail(run->error, EH_INPUT, "'%.100s' has numbers in %zu group of '%.100s'; there is nothing to bring together", run->step->column, answer.rows_count,
                       run->step->by[0]);
    for (size_t i = 0; i < answer.rows_count; i++) {
        maps->names[i] = answer.values[3 * i];
        if (!knots_read(answer.values[3 * i + 1], maps->maps[i].from))
            return eh_fail(run->error, EH_INTERNAL, "the data engine does not tell the quantiles");
        maps->maps[i].people = repair_number(answer.values[3 * i + 2]);
    }
    maps->count = answer.rows_count;
    eh_quantile_repair_fit(maps->maps, maps->count, run->step->amount);
    return EH_OK;
}

static eh_code maps_read(repair_run *run, quantile_maps *maps)
{
    eh_json_value groups = eh_json_member(run->fitted, "groups");
    maps->count = eh_json_count(groups);
    if (maps->count == 0 || maps->count > EH_GROUPS_MAX)
        return eh_fail(run->error, EH_CORRUPT, "the fitted parameters of this step are not those of the plan; fit again with --fit");
    for (size_t i = 0; i < maps->count; i++) {
        eh_json_value item = eh_json_item(groups, i);
        maps->names[i] = eh_json_as_text(eh_json_member(item, "group"));
        for (size_t k = 0; k < EH_REPAIR_KNOTS; k++) {
            maps->maps[i].from[k] = eh_json_as_number(eh_json_item(eh_json_member(item, "from"), k));
            maps->maps[i].to[k] = eh_json_as_number(eh_json_item(eh_json_member(item, "to"), k));
        }
        if (maps->names[i] == NULL || isnan(maps->maps[i].to[EH_REPAIR_KNOTS - 1]))
            return eh_fail(run->error, EH_CORRUPT, "the fitted parameters of this step are not those of the plan; fit again with --fit");
    }
    return EH_OK;
}

static void maps_write(repair_run *run, const quantile_maps *maps)
{
    eh_json_array_open(run->writer, "groups");
    for (size_t i = 0; i < maps->count; i++) {
        eh_json_object_open(run->writer, NULL);
        eh_json_text(run->writer, "group", maps->names[i]);
        const double *const sides[] = {maps->maps[i].from, maps->maps[i].to};
        for (size_t side = 0; side < 2; side++) {
            eh_json_array_open_flat(run->writer, side == 0 ? "from" : "to");
            for (size_t k = 0; k < EH_REPAIR_KNOTS; k++)
                eh_json_number(run->writer, NULL, sides[side][k]);
            eh_json_array_close(run->writer);
        }
        eh_json_object_close(run->writer);
    }
    eh_json_array_close(run->writer);
}

/* x + number, with its sign. */
static void shift_sql(eh_buffer *sql, double number)
{
    eh_buffer_text(sql, "x + (");
    eh_transform_number(sql, number);
    eh_buffer_text(sql, ")");
}

/* The same as eh_quantile_repair_at, for every row. */
static void map_sql(const eh_quantile_map *map, eh_buffer *sql)
{
    const double *from = map->from, *to = map->to;
    size_t last = EH_REPAIR_KNOTS - 1;
    eh_buffer_text(sql, "CASE WHEN x < ");
    eh_transform_number(sql, from[0]);
    eh_buffer_text(sql, " THEN ");
    shift_sql(sql, to[0] - from[0]);
    for (size_t first = 0; first <= last;) {
        size_t end = first;
        while (end < last && from[end + 1] == from[first])
            end++;
        eh_buffer_text(sql, " WHEN x = ");
        eh_transform_number(sql, from[first]);
        eh_buffer_text(sql, " THEN ");
        eh_transform_number(sql, (to[first] + to[end]) / 2);
        if (end < last) {
            eh_buffer_text(sql, " WHEN x < ");
            eh_transform_number(sql, from[end + 1]);
            eh_buffer_text(sql, " THEN ");
            eh_transform_number(sql, to[end]);
            eh_buffer_text(sql, " + (x - (");
            eh_transform_number(sql, from[end]);
            eh_buffer_text(sql, ")) * ");
            eh_transform_number(sql, (to[end + 1] - to[end]) / (from[end + 1] - from[end]));
        }
        first = end + 1;
    }
    eh_buffer_text(sql, " ELSE ");
    shift_sql(sql, to[last] - from[last]);
    eh_buffer_text(sql, " END");
}

/* The largest distance between the medians of two groups. */
static double medians_apart(const quantile_maps *maps, bool after)
{
    double least = EH_INFINITY, most = (double)-EH_INFINITY;
    for (size_t i = 0; i < maps->count; i++) {
        double median = after ? maps->maps[i].to[EH_REPAIR_KNOTS / 2] : maps->maps[i].from[EH_REPAIR_KNOTS / 2];
        least = fmin(least, median);
        most = fmax(most, median);
    }
    return most - least;
}

eh_code repair_quantiles(repair_run *run)
{
    quantile_maps *maps = EH_TAKE(run->arena, 1, quantile_maps);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0}, condition = {0};
    const char *into = repair_into(run, "repaired");
    if (maps == NULL || into == NULL)
        return eh_fail_memory(run->error);
    if (run->step->by_count != 1)
        return eh_fail(run->error, EH_INPUT, "one group in 'by:'; cross several in 'groups:', as in both: \"gender || ' ' || region\"");
    EH_TRY(run->fitted != NULL ? maps_read(run, maps) : maps_fit(run, maps));
    maps_write(run, maps);
    eh_transform_name(&name, run->step->column);
    EH_TRY(eh_buffer_check(&name, run->error));
    eh_buffer_text(&run->select, "SELECT * EXCLUDE (\"evenhand g0\", x), CASE");
    for (size_t i = 0; i < maps->count; i++) {
        eh_buffer_text(&run->select, " WHEN \"evenhand g0\" = ");
        eh_transform_text(&run->select, maps->names[i]);
        eh_buffer_text(&run->select, " THEN ");
        map_sql(&maps->maps[i], &run->select);
    }
    eh_buffer_text(&run->select, " ELSE x END AS ");
    eh_transform_name(&run->select, into);
    eh_buffer_text(&run->select, " FROM (SELECT *, ");
    EH_TRY(repair_groups_sql(run, &run->select));
    eh_buffer_format(&run->select, ", CAST(%s AS DOUBLE) AS x FROM " EH_TRANSFORM_BEFORE ")", name.ptr);
    run->done->into = into;
    run->done->measure = "distance between the medians of groups";
    run->done->before = medians_apart(maps, false);
    run->done->after = medians_apart(maps, true);
    eh_buffer_format(&condition, "%s IS NOT NULL", name.ptr);
    EH_TRY(eh_buffer_check(&condition, run->error));
    return repair_rows_counted(run, condition.ptr, &run->done->rows_changed);
}

/* ---- decorrelate ------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *names[EH_GROUPS_MAX];
    double shift[EH_GROUPS_MAX], gap_before;
    size_t count;
} shifts;

static eh_code shifts_fit(repair_run *run, shifts *found)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0}, name = {0};
    eh_answer answer;
    double sums[EH_GROUPS_MAX], people[EH_GROUPS_MAX], least = EH_INFINITY, most = (double)-EH_INFINITY;
    eh_transform_name(&name, run->step->column);
    eh_buffer_text(&sql, "SELECT \"evenhand g0\", CAST(sum(x) AS VARCHAR), CAST(count(x) AS VARCHAR) FROM (SELECT ");
    EH_TRY(repair_groups_sql(run, &sql));
    eh_buffer_format(&sql, ", CAST(%s AS DOUBLE) AS x FROM %s) WHERE isfinite(x) AND \"evenhand g0\" <> '(missing)' GROUP BY 1 ORDER BY 1",
                     name.ptr == NULL ? "" : name.ptr, run->from);
    EH_TRY(eh_buffer_check(&sql, run->error));
    EH_TRY(eh_transform_ask(run->engine, sql.ptr, EH_GROUPS_MAX, run->arena, &answer, run->error));
    for (size_t i = 0; i < answer.rows_count; i++) {
        found->names[i] = answer.values[3 * i];
        sums[i] = repair_number(answer.values[3 * i + 1]);
        people[i] = repair_number(answer.values[3 * i + 2]);
        least = fmin(least, sums[i] / people[i]);
        most = fmax(most, sums[i] / people[i]);
    }
    found->count = answer.rows_count;
    found->gap_before = found->count > 0 ? most - least : EH_NAN;
    eh_decorrelate_fit(sums, people, found->count, run->step->amount, found->shift);
    return EH_OK;
}

static eh_code shifts_read(repair_run *run, shifts *found)
{
    eh_json_value groups = eh_json_member(run->fitted, "groups");
    found->count = eh_json_count(groups);
    found->gap_before = EH_NAN;
    for (size_t i = 0; i < found->count && i < EH_GROUPS_MAX; i++) {
        found->names[i] = eh_json_as_text(eh_json_member(eh_json_item(groups, i), "group"));
        found->shift[i] = eh_json_as_number(eh_json_member(eh_json_item(groups, i), "shift"));
        if (found->names[i] == NULL || isnan(found->shift[i]))
            found->count = EH_GROUPS_MAX + 1;
    }
    return found->count > EH_GROUPS_MAX ? eh_fail(run->error, EH_CORRUPT, "the fitted parameters of this step are not those of the plan; fit again with --fit") : EH_OK;
}

eh_code repair_decorrelate(repair_run *run)
{
    shifts found;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0}, condition = {0};
    const char *into = repair_into(run, "decorrelated");
    if (run->step->by_count != 1)
        return eh_fail(run->error, EH_INPUT, "one group in 'by:'; cross several in 'groups:', as in both: \"gender || ' ' || region\"");
    EH_TRY(run->fitted != NULL ? shifts_read(run, &found) : shifts_fit(run, &found));
    eh_transform_name(&name, run->step->column);
    EH_TRY(eh_buffer_check(&name, run->error));
    eh_json_array_open(run->writer, "groups");
    eh_buffer_format(&run->select, "SELECT * EXCLUDE (\"evenhand g0\"), CAST(%s AS DOUBLE) - CASE", name.ptr);
    for (size_t i = 0; i < found.count; i++) {
        eh_json_object_open_flat(run->writer, NULL);
        eh_json_text(run->writer, "group", found.names[i]);
        eh_json_number(run->writer, "shift", found.shift[i]);
        eh_json_object_close(run->writer);
        eh_buffer_text(&run->select, " WHEN \"evenhand g0\" = ");
        eh_transform_text(&run->select, found.names[i]);
        eh_buffer_text(&run->select, " THEN ");
        eh_transform_number(&run->select, found.shift[i]);
    }
    eh_json_array_close(run->writer);
    eh_buffer_text(&run->select, found.count == 0 ? " WHEN false THEN 0e0 ELSE 0e0 END AS " : " ELSE 0e0 END AS ");
    eh_transform_name(&run->select, into);
    EH_TRY(with_groups(run, &run->select));
    run->done->into = into;
    run->done->measure = "distance between the means of groups";
    run->done->before = found.gap_before;
    run->done->after = found.gap_before * (1 - run->step->amount);
    eh_buffer_format(&condition, "%s IS NOT NULL", name.ptr);
    EH_TRY(eh_buffer_check(&condition, run->error));
    return repair_rows_counted(run, condition.ptr, &run->done->rows_changed);
}

/* ---- drop ------------------------------------------------------------------------------------------------------------------------------------ */

eh_code repair_drop(repair_run *run)
{
    eh_buffer_text(&run->select, "SELECT * EXCLUDE (");
    eh_transform_name(&run->select, run->step->column);
    eh_buffer_text(&run->select, ") FROM " EH_TRANSFORM_BEFORE);
    return EH_OK;
}
