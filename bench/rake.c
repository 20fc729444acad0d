/*
 * Rakes people to known margins and says how long it took: bench_rake CODES MARGINS... > weights; each margin is its shares with commas between.
 * CODES holds one byte for each person and margin, person after person. Every person is a cell of its own, so that nothing is saved by people who are
 * alike; then again by the cells of people who are alike, as the check and the repair do it. Weights are doubles on standard output. bench/data runs it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "stats/weights.h"

enum { MARGINS_MAX = 8, LEVELS_MAX = 64 };

static double seconds(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

typedef struct {
    double shares[MARGINS_MAX][LEVELS_MAX];
    eh_margin margins[MARGINS_MAX];
    size_t count;
} margins;

static bool margins_read(margins *read, int argc, char **argv)
{
    for (int i = 2; i < argc && read->count < MARGINS_MAX; i++) {
        eh_margin *margin = &read->margins[read->count];
        margin->shares = read->shares[read->count++];
        for (const char *at = argv[i]; at != NULL && margin->levels_count < LEVELS_MAX;) {
            read->shares[read->count - 1][margin->levels_count++] = strtod(at, NULL);
            at = strchr(at, ',');
            at += at != NULL;
        }
    }
    return read->count > 0;
}

/* Fills the levels of every cell; a cell is one person, or all who have the same codes. */
static eh_code rake(margins *wanted, const uint8_t *codes, size_t people, bool joined, double *weights_out)
{
    eh_error error = {0};
    double start = seconds();
    size_t crossings = 1;
    for (size_t m = 0; m < wanted->count; m++)
        crossings *= wanted->margins[m].levels_count;
    size_t cells = joined ? crossings : people;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    double *weights = EH_TAKE(arena, cells, double);
    uint32_t *cell_of = EH_TAKE(arena, people, uint32_t);
    uint32_t *levels[MARGINS_MAX];
    for (size_t m = 0; m < wanted->count; m++)
        wanted->margins[m].level_of_cell = levels[m] = EH_TAKE(arena, cells, uint32_t);
    for (size_t i = 0; i < people; i++) {
        size_t cell = 0;
        for (size_t m = 0; m < wanted->count; m++)
            cell = cell * wanted->margins[m].levels_count + codes[i * wanted->count + m];
        cell_of[i] = (uint32_t)(joined ? cell : i);
        weights[cell_of[i]] += 1;
        for (size_t m = 0; m < wanted->count; m++)
            levels[m][cell_of[i]] = codes[i * wanted->count + m];
    }
    eh_rake_result result;
    eh_rake_spec spec = {.weights = weights, .cells_count = cells, .margins = wanted->margins, .margins_count = wanted->count};
    eh_code code = eh_rake(&spec, arena, &result, &error);
    if (code != EH_OK) {
        fprintf(stderr, "%s\n", error.text);
        return code;
    }
    for (size_t i = 0; i < people; i++)
        weights_out[i] = result.factors[cell_of[i]];
    fprintf(stderr, "{\"cells\": %zu, \"seconds\": %.4f, \"rounds\": %u, \"largest_gap\": %.3g}\n", cells, seconds() - start, result.rounds, result.largest_gap);
    return EH_OK;
}

int main(int argc, char **argv)
{
    static margins wanted;
    if (argc < 3 || !margins_read(&wanted, argc, argv)) {
        fprintf(stderr, "usage: bench_rake CODES SHARE,SHARE,... ... > weights\n");
        return 2;
    }
    FILE *file = fopen(argv[1], "rb");
    if (file == NULL || fseeko(file, 0, SEEK_END) != 0) {
        perror(argv[1]);
        return 2;
    }
    size_t bytes = (size_t)ftello(file), people = bytes / wanted.count;
    uint8_t *codes = malloc(bytes);
    double *weights = malloc(people * sizeof *weights);
    rewind(file);
    int status = 2;
    if (codes != NULL && weights != NULL && fread(codes, 1, bytes, file) == bytes && rake(&wanted, codes, people, false, weights) == EH_OK &&
        rake(&wanted, codes, people, true, weights) == EH_OK && fwrite(weights, sizeof *weights, people, stdout) == people)
        status = 0;
    free(codes);
    free(weights);
    fclose(file);
    return status;
}
