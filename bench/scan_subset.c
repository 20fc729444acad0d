/*
 * One subset scan of Adult with seven attributes, ten restarts, as AIF360's MDSS does it: scan_subset adult.data.gz low|high PENALTY.
 * Prints score, seconds of reading the file and seconds of the search. bench/scan runs it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "audit/scan.h"

enum { RESTARTS = 10 };

static double seconds(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static eh_code measure(eh_engine *engine, const char *path, const eh_scan_options *options, eh_arena *arena, eh_error *error)
{
    static const char *const columns[] = {"trim(column01)", "trim(column03)", "trim(column05)", "trim(column06)",
                                          "trim(column07)", "trim(column08)", "trim(column09)"};
    eh_cube_attribute attributes[7] = {{.edges = NULL}};
    for (size_t a = 0; a < 7; a++)
        attributes[a].expression = (eh_expression){.sql = columns[a], .name = columns[a]};
    eh_coded_spec spec = {.decision = {.sql = "trim(column14) = '>50K'", .name = "income"}, .decision_option = "--decision",
                          .expected_option = "--expected", .attributes = attributes, .attributes_count = 7};
    eh_coded_table table;
    double start = seconds();
    EH_TRY(eh_engine_read(engine, &path, 1, error));
    EH_TRY(eh_coded_read(engine, &spec, arena, &table, error));
    eh_scan_cell *cells = EH_TAKE(arena, table.cells_count, eh_scan_cell);
    if (cells == NULL)
        return eh_fail_memory(error);
    for (size_t c = 0; c < table.cells_count; c++)
        cells[c] = (eh_scan_cell){.rows = table.cells[c].rows, .yes = table.cells[c].yes, .weight = 1};
    eh_scan_table scanned = {.attributes = table.dimensions, .attributes_count = 7, .codes = table.codes, .cells = cells, .cells_count = table.cells_count};
    eh_scan_subset subset;
    double read = seconds();
    EH_TRY(eh_scan_subset_best(&scanned, options, RESTARTS, arena, &subset, error));
    printf("{\"score\": %.6f, \"read_seconds\": %.4f, \"search_seconds\": %.4f}\n", subset.score, read - start, seconds() - read);
    return EH_OK;
}

int main(int argc, char **argv)
{
    eh_engine *engine = NULL;
    eh_error error = {0};
    if (argc != 4) {
        fprintf(stderr, "usage: scan_subset adult.data.gz low|high PENALTY\n");
        return 2;
    }
    eh_scan_options options = {.direction = strcmp(argv[2], "low") == 0 ? EH_SCAN_LOW : EH_SCAN_HIGH, .penalty = strtod(argv[3], NULL), .seed = 1};
    eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_engine_open(&(eh_engine_options){.threads = 2}, &engine, &error);
    if (code == EH_OK)
        code = measure(engine, argv[1], &options, arena, &error);
    if (code != EH_OK)
        fprintf(stderr, "%s\n", error.text);
    eh_engine_close(&engine);
    eh_arena_close(&arena);
    return code == EH_OK ? 0 : 1;
}
