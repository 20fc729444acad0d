/* The people of a workspace, with their protected attributes from the vault. */
#include "cli/people_cli_int.h"
#include "data/transform.h"
#include "journey/people.h"
#include "vault/vault.h"

eh_code eh_people_column_expression(eh_arena *arena, const char *name, eh_expression *expression_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    eh_transform_name(&sql, name);
    EH_TRY(eh_buffer_check(&sql, error));
    *expression_out = (eh_expression){eh_arena_copy(arena, eh_buffer_view(&sql)), name};
    return expression_out->sql == NULL ? eh_fail_memory(error) : EH_OK;
}

typedef struct {
    const eh_workspace_people_options *options;
    eh_arena *arena;
    eh_workspace_people *opened;
    eh_vault *vault;
    const char *const *keys;
} attaching;

/* Every reading of the vault is written down there, with purpose and role. */
static eh_code attribute_attach(attaching *a, const eh_workspace_attribute *attribute, eh_attached_column *attached_out, eh_error *error)
{
    size_t count = eh_people_count(a->opened->people);
    const char **values = EH_TAKE(a->arena, count, const char *);
    eh_vault_access access = {.purpose = EH_VAULT_CHECK, .role = a->options->role, .reason = a->options->reason, .at = a->options->now};
    if (values == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_vault_read(a->vault, &access, &(eh_vault_query){attribute->name, a->keys, count}, a->arena, values, error));
    *attached_out = (eh_attached_column){.name = attribute->name, .values = values, .numbers = attribute->bands_count > 0};
    eh_cube_attribute *taken = &a->opened->attributes[a->opened->attributes_count];
    a->opened->hidden[a->opened->attributes_count++] = attribute->name;
    *taken = (eh_cube_attribute){.edges = attribute->bands, .edges_count = attribute->bands_count, .top_count = attribute->top};
    return eh_people_column_expression(a->arena, attribute->name, &taken->expression, error);
}

static eh_code attributes_attach(const eh_workspace_people_options *options, eh_arena *arena, eh_workspace_people *opened, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(opened->workspace);
    EH_CLEANUP(eh_vault_close) eh_vault *vault = NULL;
    eh_attached_column attached[EH_ATTRIBUTES_MAX];
    attaching a = {.options = options, .arena = arena, .opened = opened};
    if (model->attributes_count == 0)
        return EH_OK;
    if (model->attributes_count > EH_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "%zu protected attributes, at most %d can be looked at together", model->attributes_count, EH_ATTRIBUTES_MAX);
    EH_TRY(eh_vault_open(model->state_folder, &vault, error));
    EH_TRY(eh_people_keys(opened->people, arena, &a.keys, error));
    a.vault = vault;
    for (size_t i = 0; i < model->attributes_count; i++)
        EH_TRY(attribute_attach(&a, &model->attributes[i], &attached[i], error));
    return eh_people_attach(opened->people, attached, model->attributes_count, error);
}

/* One more group, of the rights and not of the vault; where nobody opted out there is none. */
static eh_code opted_out_attach(const eh_workspace_people_options *options, eh_arena *arena, eh_workspace_people *opened, eh_error *error)
{
    size_t count = eh_people_count(opened->people), out = 0;
    const char *const *keys = NULL;
    const char **values = EH_TAKE(arena, count, const char *);
    eh_ai_state *states = EH_TAKE(arena, count, eh_ai_state);
    bool known = false;
    if (values == NULL || states == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_people_keys(opened->people, arena, &keys, error));
    EH_TRY(eh_ai_membership(eh_workspace_get(opened->workspace), keys, count, options->now, states, &known, error));
    for (size_t i = 0; known && i < count; i++) {
        values[i] = eh_ai_group_name(states[i]);
        out += states[i] == EH_AI_OPTED_OUT ? 1 : 0;
    }
    if (out == 0 || opened->attributes_count == EH_ATTRIBUTES_MAX)
        return EH_OK;
    EH_TRY(eh_people_attach(opened->people, &(eh_attached_column){.name = EH_AI_GROUPS, .values = values}, 1, error));
    opened->hidden[opened->attributes_count] = EH_AI_GROUPS;
    return eh_opted_out_attribute(&opened->attributes[opened->attributes_count++], arena, error);
}

/* The last moment whose outcomes are all known; data without dates is as it is now. */
static void moment_settle(eh_workspace_people *opened)
{
    eh_instant moment;
    opened->options.outcomes = eh_workspace_get(opened->workspace)->outcomes_count > 0;
    if (opened->options.outcomes && eh_people_latest_moment(opened->workspace, &opened->options, &moment, NULL) == EH_OK) {
        opened->options.dated = true;
        opened->options.as_of = moment;
    }
}

eh_code eh_workspace_people_open(const eh_workspace_people_options *options, eh_arena *arena, eh_workspace_people *opened, eh_error *error)
{
    if (opened->workspace == NULL)
        EH_TRY(eh_workspace_open(options->folder, &opened->workspace, error));
    EH_CLEANUP(eh_erased_list_close) eh_erased_list *erased = NULL;
    opened->options = (eh_people_options){.now = options->now, .engine = options->engine};
    EH_TRY(eh_erased_list_open(eh_workspace_get(opened->workspace)->state_folder, &erased, error));
    eh_people_without_erased(&opened->options, erased);
    moment_settle(opened);
    opened->options.output = options->output;
    EH_TRY(eh_people_open(opened->workspace, &opened->options, &opened->people, error));
    opened->options.left_out = NULL;
    EH_TRY(attributes_attach(options, arena, opened, error));
    return options->opted_out ? opted_out_attach(options, arena, opened, error) : EH_OK;
}

void eh_workspace_people_close(eh_workspace_people *opened)
{
    eh_people_close(&opened->people);
    eh_workspace_close(&opened->workspace);
}
