/*
 * Opens the people of a workspace and says how long each step took: bench_people FOLDER AS_OF NOW. bench/data makes a workspace of a million people and runs it.
 */
#include <time.h>

#include "base/base.h"
#include "base/time.h"
#include "data/workspace.h"

static double seconds(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static eh_code measure(char **argv, eh_arena *arena, eh_error *error)
{
    eh_workspace *workspace = NULL;
    eh_people *people = NULL;
    eh_people_options options = {.dated = true, .outcomes = true, .engine = {.threads = 2}};
    const char *const *keys = NULL;
    double start = seconds();
    EH_TRY(eh_instant_parse(eh_view_of(argv[2]), &options.as_of, error));
    EH_TRY(eh_instant_parse(eh_view_of(argv[3]), &options.now, error));
    EH_TRY(eh_workspace_open(argv[1], &workspace, error));
    EH_TRY(eh_people_open(workspace, &options, &people, error));
    double opened = seconds();
    EH_TRY(eh_people_keys(people, arena, &keys, error));
    double keyed = seconds();
    const eh_workspace_model *model = eh_workspace_get(workspace);
    for (size_t i = 0; i < model->features_count; i++) {
        eh_person_column column = {0};
        EH_TRY(eh_people_column(people, model->features[i].name, arena, &column, error));
    }
    printf("{\"people\": %zu, \"features\": %zu, \"open_seconds\": %.3f, \"keys_seconds\": %.3f, \"columns_seconds\": %.3f}\n", eh_people_count(people),
           model->features_count, opened - start, keyed - opened, seconds() - keyed);
    eh_people_close(&people);
    eh_workspace_close(&workspace);
    return EH_OK;
}

int main(int argc, char **argv)
{
    eh_error error = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: bench_people FOLDER AS_OF NOW\n");
        return 2;
    }
    eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : measure(argv, arena, &error);
    if (code != EH_OK)
        fprintf(stderr, "%s\n", error.text);
    eh_arena_close(&arena);
    return code == EH_OK ? 0 : 1;
}
