/* Where training data comes from, which of its columns are features, which people are compared. */
#include <ctype.h>
#include <string.h>

#include "cli/train_int.h"

/* ---- names in expressions --------------------------------------------------------------------------------------------------------- */

static bool word_byte(char byte)
{
    return isalnum((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

/* True when `sql` holds `name` as a word, whatever its case. Texts in single quotes do not count. */
static bool mentions(const char *sql, const char *name)
{
    size_t len = strlen(name);
    bool quoted = false;
    if (sql == NULL)
        return false;
    for (const char *at = sql; *at != '\0'; at++) {
        if (*at == '\'')
            quoted = !quoted;
        bool starts = !quoted && (at == sql || !word_byte(at[-1]));
        if (starts && strncasecmp(at, name, len) == 0 && !word_byte(at[len]))
            return true;
    }
    return false;
}

/* The option whose expression names the column, or NULL. */
static const char *owner_of(const eh_train_request *request, const char *column)
{
    if (mentions(request->label.sql, column))
        return "--label";
    for (size_t i = 0; i < request->protected_count; i++)
        if (mentions(request->protected_[i].sql, column))
            return "--protected";
    if (mentions(request->treatment.sql, column))
        return "--treatment";
    if (mentions(request->weight.sql, column))
        return "--weight";
    for (size_t i = 0; i < request->propensities_count; i++)
        if (mentions(request->propensities[i].sql, column))
            return "--propensity";
    return NULL;
}

/* ---- features -------------------------------------------------------------------------------------------------------------------------- */

/* The wall: what the label or a protected attribute reads is no feature. */
static eh_code feature_refuse(const eh_train_run *run, const eh_expression *feature, eh_error *error)
{
    const char *const *columns = NULL;
    size_t count = 0;
    eh_engine_columns(run->engine, &columns, &count);
    for (size_t c = 0; c < count; c++) {
        if (!mentions(feature->sql, columns[c]))
            continue;
        const char *owner = owner_of(run->request, columns[c]);
        if (owner != NULL && strcmp(owner, "--protected") == 0)
            return eh_fail(error, EH_DENIED, "--features: '%.100s' reads '%.100s', which is a protected attribute; no model may read it", feature->name,
                           columns[c]);
        if (owner != NULL && strcmp(owner, "--weight") != 0)
            return eh_fail(error, EH_DENIED, "--features: '%.100s' reads '%.100s', which %s is about; a model that reads it would know the answer",
                           feature->name, columns[c], owner);
    }
    return EH_OK;
}

static eh_code feature_add(eh_train_run *run, const char *name, const char *sql, eh_error *error)
{
    if (run->features_count == EH_MODEL_FEATURES_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d features; name those that count with --features", EH_MODEL_FEATURES_MAX);
    run->features[run->features_count++] = (eh_feature_spec){.name = name, .sql = sql};
    return EH_OK;
}

static const char *quoted_name(eh_arena *arena, const char *name)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_buffer_byte(&sql, '"');
    for (const char *at = name; *at != '\0'; at++) {
        if (*at == '"')
            eh_buffer_byte(&sql, '"');
        eh_buffer_byte(&sql, *at);
    }
    eh_buffer_byte(&sql, '"');
    return sql.code == EH_OK ? eh_arena_copy(arena, eh_buffer_view(&sql)) : NULL;
}

static eh_code features_settle(eh_train_run *run, eh_error *error)
{
    const eh_train_request *request = run->request;
    const char *const *columns = NULL;
    size_t count = 0;
    run->features = EH_TAKE(run->arena, EH_MODEL_FEATURES_MAX, eh_feature_spec);
    if (run->features == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < request->features_count; i++) {
        EH_TRY(feature_refuse(run, &request->features[i], error));
        EH_TRY(feature_add(run, request->features[i].name, request->features[i].sql, error));
    }
    eh_engine_columns(run->engine, &columns, &count);
    for (size_t c = 0; c < count && request->features_count == 0; c++) {
        if (owner_of(request, columns[c]) != NULL)
            continue;
        const char *sql = quoted_name(run->arena, columns[c]);
        if (sql == NULL)
            return eh_fail_memory(error);
        EH_TRY(feature_add(run, columns[c], sql, error));
    }
    if (run->features_count == 0)
        return eh_fail(error, EH_INPUT, "no column is left for a feature; name some with --features");
    return EH_OK;
}

/* What --monotone, --changeable and --says said of features. */
static eh_code notes_apply(eh_train_run *run, eh_error *error)
{
    const eh_train_request *request = run->request;
    for (size_t n = 0; n < request->notes_count; n++) {
        const eh_feature_note *note = &request->notes[n];
        size_t f = 0;
        while (f < run->features_count && strcmp(run->features[f].name, note->name) != 0)
            f++;
        if (f == run->features_count) {
            const char *names[EH_MODEL_FEATURES_MAX];
            for (size_t k = 0; k < run->features_count; k++)
                names[k] = run->features[k].name;
            const char *nearest = eh_nearest_name(note->name, names, run->features_count);
            return eh_fail(error, EH_NOT_FOUND, "%s: '%.100s' is no feature%s%s%s", note->monotone != 0 ? "--monotone" : note->says != NULL ? "--says" : "--changeable",
                           note->name, nearest != NULL ? "; do you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
        }
        run->features[f].monotone = note->monotone != 0 ? note->monotone : run->features[f].monotone;
        run->features[f].changeable = note->changeable || run->features[f].changeable;
        run->features[f].says = note->says != NULL ? note->says : run->features[f].says;
    }
    return EH_OK;
}

static eh_code files_open(eh_train_run *run, eh_error *error)
{
    const eh_train_request *request = run->request;
    eh_engine_options options = {.threads = request->fit.threads, .memory_bytes_max = request->memory_bytes_max, .ordered = true};
    if (run->progress.descriptor >= 0) {
        options.progress = eh_progress_show;
        options.progress_context = &run->progress;
    }
    EH_TRY(eh_engine_open(&options, &run->engine, error));
    EH_TRY(eh_engine_read(run->engine, request->files, request->files_count, error));
    return features_settle(run, error);
}

eh_code eh_train_sources(eh_train_run *run, eh_error *error)
{
    eh_train_request *request = run->request;
    EH_TRY(request->files_count > 0 ? files_open(run, error) : eh_train_workspace_open(run, error));
    EH_TRY(notes_apply(run, error));
    run->spec = (eh_dataset_spec){
        .features = run->features,
        .features_count = run->features_count,
        .outcome = request->label.sql,
        .outcome_option = "--label",
        .outcome_number = request->amount,
        .weight = request->weight.sql,
        .groups = request->protected_,
        .groups_count = request->protected_count,
        .offer = request->treatment.sql,
        .extras = request->propensities,
        .extras_count = request->propensities_count,
        .where = request->where,
    };
    return EH_OK;
}

/* ---- groups -------------------------------------------------------------------------------------------------------------------------------- */

static eh_code cross(eh_train_run *run, size_t a, size_t b, eh_fair_attribute *crossed, eh_error *error)
{
    const eh_fair_attribute *first = &run->data.attributes[a], *second = &run->data.attributes[b];
    size_t groups = first->groups_count * second->groups_count, rows = run->data.matrix.rows;
    uint16_t *group = EH_TAKE(run->arena, rows, uint16_t);
    const char **names = EH_TAKE(run->arena, groups, const char *);
    if (groups > EH_INTERSECTION_GROUPS_MAX)
        return eh_fail(error, EH_LIMIT, "--intersections: %s and %s have %zu groups together, at most %d", first->name, second->name, groups,
                       EH_INTERSECTION_GROUPS_MAX);
    if (group == NULL || names == NULL)
        return eh_fail_memory(error);
    for (size_t g = 0; g < groups; g++) {
        names[g] = eh_arena_format(run->arena, "%s, %s", first->group_names[g / second->groups_count], second->group_names[g % second->groups_count]);
        if (names[g] == NULL)
            return eh_fail_memory(error);
    }
    for (size_t i = 0; i < rows; i++) {
        uint16_t x = first->group[i], y = second->group[i];
        group[i] = x == EH_GROUP_NONE || y == EH_GROUP_NONE ? EH_GROUP_NONE : (uint16_t)(x * second->groups_count + y);
    }
    *crossed = (eh_fair_attribute){.group = group, .groups_count = groups, .group_names = names,
                                   .name = eh_arena_format(run->arena, "%s, %s", first->name, second->name)};
    return crossed->name == NULL ? eh_fail_memory(error) : EH_OK;
}

eh_code eh_train_groups_make(eh_train_run *run, eh_error *error)
{
    size_t declared = run->spec.groups_count, crossed = run->request->intersections ? declared * (declared - 1) / 2 : 0;
    if (declared + crossed > EH_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "--intersections: %zu attributes and crossings, at most %d", declared + crossed, EH_ATTRIBUTES_MAX);
    run->attributes = EH_TAKE(run->arena, declared + crossed, eh_fair_attribute);
    if (run->attributes == NULL)
        return eh_fail_memory(error);
    if (declared > 0)
        memcpy(run->attributes, run->data.attributes, declared * sizeof *run->attributes);
    run->attributes_count = declared;
    for (size_t a = 0; a < declared && crossed > 0; a++)
        for (size_t b = a + 1; b < declared; b++)
            EH_TRY(cross(run, a, b, &run->attributes[run->attributes_count++], error));
    return EH_OK;
}
