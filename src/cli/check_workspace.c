/* `evenhand check` in a workspace: the people's table, protected attributes from the vault, the population; the result is kept. */
#include <string.h>

#include "cli/check_int.h"

static eh_code population_take(check_run *run, eh_error *error)
{
    const eh_population *population = &eh_workspace_get(run->opened.workspace)->population;
    eh_expression *by = EH_TAKE(run->arena, population->columns_count, eh_expression);
    if (by == NULL)
        return eh_fail_memory(error);
    run->options.skip_unmatched = run->options.skip_unmatched || population->skip_unmatched;
    if (population->reads_count > EH_POPULATIONS_MAX)
        return eh_fail(error, EH_LIMIT, "population: more than %d files", EH_POPULATIONS_MAX);
    for (size_t i = 0; i < population->columns_count; i++)
        by[i] = (eh_expression){population->columns[i].value, population->columns[i].attribute};
    for (size_t i = 0; i < population->reads_count; i++) {
        const char *path = eh_workspace_path(run->opened.workspace, population->reads[i]);
        if (path == NULL)
            return eh_fail_memory(error);
        run->named[run->sources_count] = population->reads[i];
        run->sources[run->sources_count++] = (eh_population_source){.path = path, .weight = population->weight, .where = population->where, .by = by,
                                                                    .by_count = population->columns_count};
    }
    return EH_OK;
}

eh_code check_workspace_open(check_run *run, eh_error *error)
{
    eh_workspace_people_options options = {.folder = run->request->workspace, .role = "evenhand check", .reason = "check of the data", .now = run->request->options.now,
                                           .engine = run->engine_options, .opted_out = !run->proposing};
    EH_TRY(eh_workspace_people_open(&options, run->arena, &run->opened, error));
    const eh_workspace_model *model = eh_workspace_get(run->opened.workspace);
    run->engine = eh_people_engine(run->opened.people);
    run->spec = (eh_cube_spec){.one_group_will_do = true, .attributes = run->opened.attributes, .attributes_count = run->opened.attributes_count};
    if (run->opened.options.outcomes)
        EH_TRY(eh_people_column_expression(run->arena, model->outcomes[0].name, &run->spec.label, error));
    run->as_of = EH_TAKE(run->arena, model->features_count + 2 * EH_REPAIR_STEPS_MAX, const char *);
    if (run->as_of == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < model->features_count; i++)
        if (eh_people_is_as_of(run->opened.people, model->features[i].name))
            run->as_of[run->as_of_count++] = model->features[i].name;
    run->key = "key";
    EH_TRY(population_take(run, error));
    run->about_workspace = model->shop.name;
    return check_repairs_of_workspace(run, error);
}

/* ---- what is kept ---------------------------------------------------------------------------------------------------------------- */

const char *check_workspace_report(check_run *run, const char *ending)
{
    return eh_arena_format(run->arena, "%s/reports/check%s", eh_workspace_get(run->opened.workspace)->state_folder, ending);
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
