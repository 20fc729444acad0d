/* `evenhand check` in a workspace: the people's table, protected attributes from the vault, the population; the result is kept. */
#include <string.h>

#include "cli/check_int.h"
#include "journey/people.h"
#include "vault/vault.h"

/* A feature, attribute or outcome by its column in the people's table. */
static eh_code column_expression(eh_arena *arena, const char *name, eh_expression *expression_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_transform_name(&sql, name);
    EH_TRY(eh_buffer_check(&sql, error));
    *expression_out = (eh_expression){eh_arena_copy(arena, eh_buffer_view(&sql)), name};
    return expression_out->sql == NULL ? eh_fail_memory(error) : EH_OK;
}

/* Every reading of the vault is written down there, with purpose and role. */
static eh_code attribute_attach(check_run *run, eh_vault *vault, const eh_workspace_attribute *attribute, const char *const *keys,
                                eh_attached_column *attached_out, eh_error *error)
{
    size_t count = eh_people_count(run->people);
    const char **values = EH_TAKE(run->arena, count, const char *);
    eh_vault_access access = {.purpose = EH_VAULT_CHECK, .role = "evenhand check", .reason = "check of the data", .at = run->request->options.now};
    if (values == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_vault_read(vault, &access, &(eh_vault_query){attribute->name, keys, count}, run->arena, values, error));
    *attached_out = (eh_attached_column){.name = attribute->name, .values = values, .numbers = attribute->bands_count > 0};
    eh_cube_attribute *taken = &run->attributes[run->spec.attributes_count++];
    *taken = (eh_cube_attribute){.edges = attribute->bands, .edges_count = attribute->bands_count, .top_count = attribute->top};
    return column_expression(run->arena, attribute->name, &taken->expression, error);
}

static eh_code attributes_attach(check_run *run, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    EH_CLEANUP(eh_vault_close) eh_vault *vault = NULL;
    const char *const *keys = NULL;
    eh_attached_column attached[EH_ATTRIBUTES_MAX];
    if (model->attributes_count == 0)
        return EH_OK;
    if (model->attributes_count > EH_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "%zu protected attributes, at most %d can be checked at once", model->attributes_count, EH_ATTRIBUTES_MAX);
    EH_TRY(eh_vault_open(model->state_folder, &vault, error));
    EH_TRY(eh_people_keys(run->people, run->arena, &keys, error));
    for (size_t i = 0; i < model->attributes_count; i++)
        EH_TRY(attribute_attach(run, vault, &model->attributes[i], keys, &attached[i], error));
    EH_TRY(eh_people_attach(run->people, attached, model->attributes_count, error));
    run->spec.attributes = run->attributes;
    return EH_OK;
}

static eh_code population_take(check_run *run, eh_error *error)
{
    const eh_population *population = &eh_workspace_get(run->workspace)->population;
    eh_expression *by = EH_TAKE(run->arena, population->columns_count, eh_expression);
    if (by == NULL)
        return eh_fail_memory(error);
    if (population->reads_count > EH_POPULATIONS_MAX)
        return eh_fail(error, EH_LIMIT, "population: more than %d files", EH_POPULATIONS_MAX);
    for (size_t i = 0; i < population->columns_count; i++)
        by[i] = (eh_expression){population->columns[i].value, population->columns[i].attribute};
    for (size_t i = 0; i < population->reads_count; i++) {
        const char *path = eh_workspace_path(run->workspace, population->reads[i]);
        if (path == NULL)
            return eh_fail_memory(error);
        run->sources[run->sources_count++] = (eh_population_source){.path = path, .weight = population->weight, .where = population->where, .by = by,
                                                                    .by_count = population->columns_count};
    }
    return EH_OK;
}

/* The last moment whose outcomes are all known, else now. */
static eh_code moment_settle(check_run *run, eh_people_options *options, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    eh_instant moment;
    options->outcomes = model->outcomes_count > 0;
    if (!options->outcomes)
        return EH_OK;
    if (eh_people_latest_moment(run->workspace, options, &moment, NULL) == EH_OK) {
        options->dated = true;
        options->as_of = moment;
    }
    (void)error;
    return EH_OK;
}

eh_code check_workspace_open(check_run *run, eh_error *error)
{
    EH_TRY(eh_workspace_open(run->request->workspace, &run->workspace, error));
    const eh_workspace_model *model = eh_workspace_get(run->workspace);
    run->people_options = (eh_people_options){.now = run->request->options.now, .engine = run->engine_options};
    EH_CLEANUP(eh_erased_list_close) eh_erased_list *erased = NULL;
    EH_TRY(eh_erased_list_open(model->state_folder, &erased, error));
    eh_people_without_erased(&run->people_options, erased);
    EH_TRY(moment_settle(run, &run->people_options, error));
    EH_TRY(eh_people_open(run->workspace, &run->people_options, &run->people, error));
    run->people_options.left_out = NULL;
    run->engine = eh_people_engine(run->people);
    run->spec = (eh_cube_spec){.one_group_will_do = true};
    EH_TRY(attributes_attach(run, error));
    if (model->outcomes_count > 0 && run->people_options.outcomes)
        EH_TRY(column_expression(run->arena, model->outcomes[0].name, &run->spec.label, error));
    run->key = "key";
    EH_TRY(population_take(run, error));
    run->about_workspace = model->shop.name;
    return EH_OK;
}

/* ---- what is kept ---------------------------------------------------------------------------------------------------------------- */

const char *check_workspace_report(check_run *run, const char *ending)
{
    return eh_arena_format(run->arena, "%s/reports/check%s", eh_workspace_get(run->workspace)->state_folder, ending);
}

/* The newest result under one name, from which the next check tells what has changed, and one of each day. */
eh_code check_workspace_keep(check_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer json = {0}, html = {0};
    char now[EH_INSTANT_TEXT_BYTES], dated[32];
    eh_instant_text(run->request->options.now, EH_FRACTION_NONE, now);
    snprintf(dated, sizeof dated, "-%.10s.json", now);
    eh_check_json(&run->about, run->check, &json);
    eh_check_html(&run->about, run->check, &html);
    EH_TRY(eh_buffer_check(&json, error));
    EH_TRY(eh_buffer_check(&html, error));
    const struct {
        const char *path;
        const eh_buffer *text;
    } kept[] = {{check_workspace_report(run, dated), &json}, {check_workspace_report(run, ".html"), &html}, {check_workspace_report(run, ".json"), &json}};
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
        if (kept[i].path == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_parent_folders_make(kept[i].path, error));
        EH_TRY(eh_file_replace(kept[i].path, eh_buffer_view(kept[i].text), error));
    }
    return EH_OK;
}
