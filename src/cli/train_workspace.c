/* Training data from a workspace: features as it names them, groups from the vault, as numbers, for the fit and for nothing else. */
#include <string.h>

#include "cli/train_int.h"
#include "data/workspace.h"
#include "journey/people.h"
#include "vault/vault.h"

typedef struct {
    eh_workspace *workspace;
    eh_people *people;
} workspace_state;

static const char *quoted(eh_arena *arena, const char *name)
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

/* ---- features and the outcome ------------------------------------------------------------------------------------------------------- */

static bool feature_wanted(const eh_train_request *request, const char *name)
{
    for (size_t i = 0; i < request->features_count; i++)
        if (strcmp(request->features[i].name, name) == 0)
            return true;
    return request->features_count == 0;
}

static eh_code features_settle(eh_train_run *run, const eh_workspace_model *model, eh_error *error)
{
    const eh_train_request *request = run->request;
    const char *names[EH_MODEL_FEATURES_MAX];
    run->features = EH_TAKE(run->arena, model->features_count, eh_feature_spec);
    if (run->features == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < model->features_count && f < EH_MODEL_FEATURES_MAX; f++) {
        const eh_workspace_feature *feature = &model->features[f];
        names[f] = feature->name;
        if (!feature_wanted(request, feature->name))
            continue;
        eh_feature_spec *spec = &run->features[run->features_count++];
        *spec = (eh_feature_spec){.name = feature->name, .sql = quoted(run->arena, feature->name), .says = feature->says, .from_whom = feature->from_whom,
                                  .changeable = feature->changeable};
        spec->monotone = feature->monotone == EH_MONOTONE_INCREASING ? 1 : feature->monotone == EH_MONOTONE_DECREASING ? -1 : 0;
        if (spec->sql == NULL)
            return eh_fail_memory(error);
    }
    for (size_t i = 0; i < request->features_count; i++) {
        size_t f = 0;
        while (f < model->features_count && strcmp(names[f], request->features[i].name) != 0)
            f++;
        if (f == model->features_count) {
            const char *nearest = eh_nearest_name(request->features[i].name, names, model->features_count);
            return eh_fail(error, EH_NOT_FOUND, "--features: evenhand.yaml names no feature '%.100s'%s%s%s", request->features[i].name,
                           nearest != NULL ? "; do you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
        }
    }
    if (run->features_count == 0)
        return eh_fail(error, EH_INPUT, "evenhand.yaml names no features; a model reads what stands under `features:`");
    return EH_OK;
}

static eh_code outcome_settle(eh_train_run *run, const eh_workspace_model *model, eh_error *error)
{
    eh_train_request *request = run->request;
    size_t o = 0;
    if (model->outcomes_count == 0)
        return eh_fail(error, EH_INPUT, "evenhand.yaml names no outcome; a model learns what stands under `outcome:`");
    while (request->label_text != NULL && o < model->outcomes_count && strcmp(model->outcomes[o].name, request->label_text) != 0)
        o++;
    if (o == model->outcomes_count) {
        const char *names[EH_OUTCOMES_MAX];
        for (size_t i = 0; i < model->outcomes_count; i++)
            names[i] = model->outcomes[i].name;
        const char *nearest = eh_nearest_name(request->label_text, names, model->outcomes_count);
        return eh_fail(error, EH_NOT_FOUND, "--label: evenhand.yaml names no outcome '%.100s'%s%s%s", request->label_text, nearest != NULL ? "; do you mean '" : "",
                       nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    request->label.name = model->outcomes[o].name;
    request->label.sql = quoted(run->arena, model->outcomes[o].name);
    return request->label.sql == NULL ? eh_fail_memory(error) : EH_OK;
}

/* ---- people ------------------------------------------------------------------------------------------------------------------------------- */

static eh_code moment_settle(eh_train_run *run, eh_workspace *workspace, eh_people_options *options, eh_error *error)
{
    const eh_train_request *request = run->request;
    options->now = eh_instant_now();
    if (request->now != NULL && eh_instant_parse_date(eh_view_of(request->now), &options->now, error) != EH_OK)
        return eh_fail_within(error, "--now");
    options->dated = true;
    options->outcomes = true;
    if (request->as_of != NULL) {
        if (eh_instant_parse_date(eh_view_of(request->as_of), &options->as_of, error) != EH_OK)
            return eh_fail_within(error, "--as-of");
        return EH_OK;
    }
    /* Outcomes of sources without a time are known at any moment. */
    if (eh_people_latest_moment(workspace, options, &options->as_of, NULL) != EH_OK)
        options->dated = false;
    return EH_OK;
}

/* ---- groups, from the vault -------------------------------------------------------------------------------------------------------------------- */

/* "under 25", "25 to under 35", ...: bands of a number as a text. */
static eh_code bands_sql(const eh_workspace_attribute *attribute, const char *column, eh_buffer *sql, eh_error *error)
{
    eh_buffer_format(sql, "CASE WHEN %s IS NULL THEN NULL", column);
    for (size_t b = 0; b < attribute->bands_count; b++) {
        eh_buffer_format(sql, " WHEN %s < %.17g THEN '", column, attribute->bands[b]);
        if (b == 0)
            eh_buffer_format(sql, "under %.15g'", attribute->bands[b]);
        else
            eh_buffer_format(sql, "%.15g to under %.15g'", attribute->bands[b - 1], attribute->bands[b]);
    }
    eh_buffer_format(sql, " ELSE '%.15g and over' END", attribute->bands[attribute->bands_count - 1]);
    return eh_buffer_check(sql, error);
}

static eh_code attribute_attach(eh_train_run *run, const workspace_state *state, eh_vault *vault, const eh_workspace_attribute *attribute, eh_error *error)
{
    const char *const *keys = NULL;
    size_t count = eh_people_count(state->people);
    const char **values = EH_TAKE(run->arena, count, const char *);
    if (values == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_people_keys(state->people, run->arena, &keys, error));
    eh_vault_access access = {.purpose = EH_VAULT_TRAINING, .role = "evenhand train", .reason = "constraints of a fit and measures by group",
                              .at = eh_instant_now()};
    eh_vault_query query = {.attribute = attribute->name, .keys = keys, .keys_count = count};
    EH_TRY(eh_vault_read(vault, &access, &query, run->arena, values, error));
    eh_attached_column column = {.name = attribute->name, .values = values, .numbers = attribute->bands_count > 0};
    EH_TRY(eh_people_attach(state->people, &column, 1, error));
    eh_expression *group = &run->request->protected_[run->request->protected_count++];
    group->name = attribute->name;
    group->sql = quoted(run->arena, attribute->name);
    if (group->sql == NULL)
        return eh_fail_memory(error);
    if (attribute->bands_count > 0) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
        EH_TRY(bands_sql(attribute, group->sql, &sql, error));
        group->sql = eh_arena_copy(run->arena, eh_buffer_view(&sql));
    }
    return group->sql == NULL ? eh_fail_memory(error) : EH_OK;
}

static bool attribute_wanted(const eh_expression *wanted, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(wanted[i].name, name) == 0)
            return true;
    return count == 0;
}

static eh_code attributes_check(const eh_train_request *request, const eh_workspace_model *model, eh_error *error)
{
    const char *names[EH_ATTRIBUTES_MAX];
    size_t count = 0;
    for (; count < model->attributes_count && count < EH_ATTRIBUTES_MAX; count++)
        names[count] = model->attributes[count].name;
    for (size_t i = 0; i < request->protected_count; i++) {
        size_t a = 0;
        while (a < count && strcmp(names[a], request->protected_[i].name) != 0)
            a++;
        const char *nearest = a < count ? NULL : eh_nearest_name(request->protected_[i].name, names, count);
        if (a == count)
            return eh_fail(error, EH_NOT_FOUND, "--protected: evenhand.yaml names no protected attribute '%.100s'%s%s%s", request->protected_[i].name,
                           nearest != NULL ? "; do you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    return EH_OK;
}

static eh_code groups_attach(eh_train_run *run, const workspace_state *state, const eh_workspace_model *model, eh_error *error)
{
    EH_CLEANUP(eh_vault_close) eh_vault *vault = NULL;
    eh_expression wanted[EH_ATTRIBUTES_MAX];
    size_t wanted_count = run->request->protected_count;
    /* Without a constraint, and unasked, nobody's attributes are read. */
    if (run->request->constraints_count == 0 && wanted_count == 0)
        return EH_OK;
    EH_TRY(attributes_check(run->request, model, error));
    memcpy(wanted, run->request->protected_, sizeof wanted);
    run->request->protected_count = 0;
    EH_TRY(eh_vault_open(model->state_folder, &vault, error));
    for (size_t a = 0; a < model->attributes_count && a < EH_ATTRIBUTES_MAX; a++)
        if (attribute_wanted(wanted, wanted_count, model->attributes[a].name))
            EH_TRY(attribute_attach(run, state, vault, &model->attributes[a], error));
    return run->request->protected_count > 0 ? EH_OK : eh_fail(error, EH_INPUT, "--constraint: evenhand.yaml names no protected attributes; they stand under `protected:`");
}

/* ---- the whole ----------------------------------------------------------------------------------------------------------------------------------- */

static eh_code path_settle(eh_train_run *run, const eh_workspace_model *model, eh_error *error)
{
    const char *name = run->request->model != NULL ? run->request->model : run->request->label.name;
    size_t len = strlen(name);
    bool path = strchr(name, '/') != NULL || (len > 5 && strcmp(name + len - 5, ".json") == 0);
    run->path = path ? name : eh_arena_format(run->arena, "%s/models/%s.json", model->state_folder, name);
    return run->path == NULL ? eh_fail_memory(error) : EH_OK;
}

eh_code eh_train_workspace_open(eh_train_run *run, eh_error *error)
{
    eh_train_request *request = run->request;
    workspace_state *state = EH_TAKE(run->arena, 1, workspace_state);
    if (state == NULL)
        return eh_fail_memory(error);
    run->workspace = state;
    EH_TRY(eh_workspace_open(request->workspace, &state->workspace, error));
    const eh_workspace_model *model = eh_workspace_get(state->workspace);
    EH_TRY(features_settle(run, model, error));
    EH_TRY(outcome_settle(run, model, error));
    EH_TRY(path_settle(run, model, error));
    eh_people_options options = {.engine = {.threads = request->fit.threads, .memory_bytes_max = request->memory_bytes_max, .ordered = true}};
    if (run->progress.descriptor >= 0) {
        options.engine.progress = eh_progress_show;
        options.engine.progress_context = &run->progress;
    }
    EH_CLEANUP(eh_erased_list_close) eh_erased_list *erased = NULL;
    EH_TRY(eh_erased_list_open(model->state_folder, &erased, error));
    eh_people_without_erased(&options, erased);
    EH_TRY(moment_settle(run, state->workspace, &options, error));
    EH_TRY(eh_people_open(state->workspace, &options, &state->people, error));
    run->engine = eh_people_engine(state->people);
    return groups_attach(run, state, model, error);
}

void eh_train_workspace_close(eh_train_run *run)
{
    workspace_state *state = run->workspace;
    if (state == NULL)
        return;
    eh_people_close(&state->people);
    eh_workspace_close(&state->workspace);
    run->workspace = NULL;
    run->engine = NULL;
}
