/* People who are in twice: looked for by the columns that evenhand.yaml names, or that are surely a way to reach a person. */
#include <string.h>

#include "cli/check_int.h"
#include "cli/init_int.h"

typedef struct {
    const char *names[EH_DUPLICATE_PARTS_MAX], *addresses[EH_DUPLICATE_PARTS_MAX];
    eh_duplicate_columns columns;
} guessed;

static void part_take(const char **parts, size_t *count, const char *name)
{
    if (*count < EH_DUPLICATE_PARTS_MAX)
        parts[(*count)++] = name;
}

static void column_guess(guessed *g, const char *kind, const char *name)
{
    eh_duplicate_columns *columns = &g->columns;
    if (strcmp(kind, "email") == 0)
        columns->email = columns->email == NULL ? name : columns->email;
    else if (strcmp(kind, "phone") == 0)
        columns->phone = columns->phone == NULL ? name : columns->phone;
    else if (strcmp(kind, "postcode") == 0)
        columns->postcode = columns->postcode == NULL ? name : columns->postcode;
    else if (strcmp(kind, "name") == 0)
        part_take(g->names, &columns->names_count, name);
    else
        part_take(g->addresses, &columns->addresses_count, name);
}

/* Names alone prove nothing: without an address or a telephone number somebody else may have the same. */
static bool is_enough(const eh_duplicate_columns *columns)
{
    return columns->email != NULL || columns->phone != NULL || (columns->names_count > 0 && (columns->addresses_count > 0 || columns->postcode != NULL));
}

static eh_code columns_guess(check_run *run, guessed *g, eh_error *error)
{
    *g = (guessed){0};
    for (size_t i = 0; i < run->profile.columns_count; i++) {
        const char *name = run->profile.columns[i].name, *tokens = eh_init_tokens(run->arena, name);
        if (tokens == NULL)
            return eh_fail_memory(error);
        const char *kind = eh_init_contact_by_name(tokens);
        if (kind != NULL)
            column_guess(g, kind, name);
    }
    g->columns.names = g->names;
    g->columns.addresses = g->addresses;
    return EH_OK;
}

/* Pairs that nobody has decided yet; and those that are one person and have not been merged. */
static void pairs_count(check_run *run, bool merged)
{
    eh_check_twice *twice = &run->twice;
    for (size_t i = 0; i < twice->found.pairs_count; i++) {
        const eh_duplicate_pair *pair = &twice->found.pairs[i];
        twice->exact += pair->decision == EH_PAIR_OPEN && pair->exact;
        twice->near += pair->decision == EH_PAIR_OPEN && !pair->exact;
    }
    twice->unmerged = merged ? 0 : twice->found.merges;
}

eh_code check_twice(check_run *run, eh_error *error)
{
    guessed g;
    bool merged = run->repairs.view.merged != NULL;
    eh_engine_options options = {.threads = run->request->audit.threads, .memory_bytes_max = run->request->audit.memory_bytes_max};
    if (run->opened.workspace != NULL) {
        const eh_workspace_model *model = eh_workspace_get(run->opened.workspace);
        if (model->duplicates.node == NULL || model->sources[model->people].sql != NULL)
            return EH_OK;
        EH_TRY(eh_duplicates_find(run->opened.workspace, &options, run->arena, &run->twice.found, error));
    } else {
        EH_TRY(columns_guess(run, &g, error));
        if (!is_enough(&g.columns) || run->profile.rows > EH_DUPLICATE_PEOPLE_MAX)
            return EH_OK;
        EH_TRY(eh_duplicates_find_rows(run->engine, &g.columns, run->profile.key_column, NULL, run->arena, &run->twice.found, error));
    }
    run->twice.looked = true;
    pairs_count(run, merged);
    return EH_OK;
}
