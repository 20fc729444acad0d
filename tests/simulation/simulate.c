/**
 * Are the intervals honest? Draws audits whose truth is known and counts how often the program is right.
 *
 *   simulate [--long]      fixed seed; the short run is part of `make test`, the long one made docs/simulation.md
 *
 * 1. Coverage: 20 groups of 20 to 20,000 people (log-uniform), rates .01 to .5 (log-uniform). How often does the 95 % interval of a
 *    rate, of a difference and of a ratio contain the true one? To hold: 94 to 97 % for each kind.
 * 2. Null audits: 20 groups with one and the same rate. How often does the audit say "violates"? To hold: at most 5 %.
 * 3. The edge: 19 groups whose true ratio to the reference is exactly the tolerance's edge, the worst case that is still allowed.
 *    To hold: at most 5 % (with the simulation's own standard error on top).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/audit.h"

enum { GROUPS = 20, KINDS = 3, SIZE_BUCKETS = 3, RATE_BUCKETS = 3 };
static const double size_edges[SIZE_BUCKETS + 1] = {20, 200, 2000, 20001};
static const double rate_edges[RATE_BUCKETS + 1] = {.01, .037, .136, .5001};
static const char *const kind_names[KINDS] = {"rate (Wilson)", "difference (Newcombe)", "ratio (score)"};

typedef struct {
    eh_cube cube;
    eh_cube_group groups[GROUPS];
    char names[GROUPS][8];
    eh_cell cells[2 * GROUPS];
    double rates[GROUPS];
    const char *strata[1];
} world;

typedef struct {
    double tried, covered;
} count_of;

typedef struct {
    count_of overall[KINDS];
    count_of by_bucket[KINDS][SIZE_BUCKETS][RATE_BUCKETS];
} coverage;

typedef struct {
    double size, rate;
} drawn_group;

static double log_uniform(eh_random *random, double low, double high)
{
    return low * exp(eh_random_unit(random) * log(high / low));
}

static void world_draw(world *w, eh_random *random, const uint64_t *sizes)
{
    memset(&w->cube, 0, sizeof w->cube);
    size_t cells = 0;
    for (uint16_t g = 0; g < GROUPS; g++) {
        snprintf(w->names[g], sizeof w->names[g], "g%u", g);
        w->groups[g] = (eh_cube_group){.name = w->names[g]};
        uint64_t picked = eh_random_binomial(random, sizes[g], w->rates[g]);
        const uint64_t counts[2] = {sizes[g] - picked, picked};
        for (uint8_t decision = 0; decision < 2; decision++) {
            if (counts[decision] == 0)
                continue;
            eh_cell *cell = &w->cells[cells++];
            *cell = (eh_cell){.group = {g}, .label = EH_UNKNOWN, .decision = decision, .count = counts[decision]};
            cell->weight = cell->weight_squares = (double)counts[decision];
        }
        w->cube.rows += sizes[g];
    }
    w->strata[0] = "";
    w->cube.dimensions[0] = (eh_cube_dimension){.name = "group", .groups = w->groups, .groups_count = GROUPS};
    w->cube.dimensions_count = 1;
    w->cube.strata = w->strata;
    w->cube.strata_count = 1;
    w->cube.cells = w->cells;
    w->cube.cells_count = cells;
}

static void draw_sizes(eh_random *random, uint64_t *sizes)
{
    for (size_t g = 0; g < GROUPS; g++)
        sizes[g] = (uint64_t)log_uniform(random, 20, 20000);
}

static const eh_audit *audit_world(const world *w, eh_arena *arena)
{
    const eh_audit_options options = {.ratio_min = .8, .confidence = .95, .depth = 1, .replicates_count = 1, .seed = 1};
    const eh_audit *audit = NULL;
    eh_error error;
    if (eh_audit_run(&w->cube, NULL, 0, &options, arena, &audit, &error) != EH_OK) {
        fprintf(stderr, "simulate: %s\n", error.text);
        exit(2);
    }
    return audit;
}

static size_t bucket(const double *edges, size_t count, double value)
{
    for (size_t b = 0; b + 1 < count; b++)
        if (value < edges[b + 1])
            return b;
    return count - 1;
}

static void covered(coverage *c, int kind, const drawn_group *group, double truth, eh_interval interval)
{
    size_t size = bucket(size_edges, SIZE_BUCKETS, group->size), rate = bucket(rate_edges, RATE_BUCKETS, group->rate);
    count_of *bucket_of = &c->by_bucket[kind][size][rate];
    bool inside = interval.low <= truth && truth <= interval.high;
    c->overall[kind].tried++;
    c->overall[kind].covered += inside;
    bucket_of->tried++;
    bucket_of->covered += inside;
}

static void simulate_coverage(eh_random *random, size_t audits, coverage *c)
{
    static world w;
    for (size_t i = 0; i < audits; i++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        uint64_t sizes[GROUPS];
        draw_sizes(random, sizes);
        for (size_t g = 0; g < GROUPS; g++)
            w.rates[g] = log_uniform(random, .01, .5);
        world_draw(&w, random, sizes);
        const eh_audit_section *section = &audit_world(&w, arena)->attributes[0];
        for (size_t g = 0; g < GROUPS; g++) {
            const eh_estimate *rate = &section->groups[g].measures[EH_SELECTION_RATE];
            const drawn_group group = {(double)sizes[g], w.rates[g]};
            covered(c, 0, &group, w.rates[g], (eh_interval){rate->low, rate->high});
        }
        for (size_t k = 0; k < section->comparisons_count; k++) {
            const eh_comparison *e = &section->comparisons[k];
            double a = w.rates[e->group], b = w.rates[e->reference];
            double truth = e->scale == EH_SCALE_RATIO ? a / b : a - b;
            const drawn_group group = {(double)sizes[e->group], a};
            covered(c, e->scale == EH_SCALE_RATIO ? 2 : 1, &group, truth, (eh_interval){e->low, e->high});
        }
    }
}

/** Share of audits that say "violates" where none does. edge: true ratios at the tolerance's edge and not at one. */
static count_of simulate_false_alarms(eh_random *random, size_t audits, bool edge)
{
    static world w;
    count_of alarms = {0};
    for (size_t i = 0; i < audits; i++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        uint64_t sizes[GROUPS];
        draw_sizes(random, sizes);
        sizes[0] = 20000;
        double rate = log_uniform(random, .0125, .4);
        bool low_side = eh_random_unit(random) < .5;
        for (size_t g = 0; g < GROUPS; g++)
            w.rates[g] = edge && g > 0 ? low_side ? rate * .8 : rate / .8 : rate;
        world_draw(&w, random, sizes);
        alarms.tried++;
        alarms.covered += audit_world(&w, arena)->verdict == EH_VIOLATES;
    }
    return alarms;
}

static int check(const char *what, count_of count, double low, double high)
{
    double share = count.covered / count.tried;
    double error = sqrt(fmax(share * (1 - share), 1e-4) / count.tried);
    bool fine = share >= low - 2 * error && share <= high + 2 * error;
    printf("%-6s %-52s %6.2f %%  (%.0f, to hold: %.0f to %.0f %%)\n", fine ? "ok" : "FAILED", what, 100 * share, count.tried, 100 * low,
           100 * high);
    return fine ? 0 : 1;
}

static void print_buckets(const coverage *c, int kind)
{
    printf("\n%s: coverage in %% by size of the group (rows) and true rate (columns)\n\n", kind_names[kind]);
    printf("| group size | rate .01-.037 | .037-.136 | .136-.5 |\n|---|---:|---:|---:|\n");
    for (size_t s = 0; s < SIZE_BUCKETS; s++) {
        printf("| %.0f to %.0f ", size_edges[s], size_edges[s + 1] - 1);
        for (size_t r = 0; r < RATE_BUCKETS; r++)
            printf("| %.1f ", 100 * c->by_bucket[kind][s][r].covered / c->by_bucket[kind][s][r].tried);
        printf("|\n");
    }
}

int main(int argc, char **argv)
{
    bool long_run = argc > 1 && strcmp(argv[1], "--long") == 0;
    size_t audits = long_run ? 10000 : 400;
    eh_random random;
    eh_random_init(&random, 20261124);
    static coverage c;
    simulate_coverage(&random, audits, &c);
    int failed = 0;
    for (int kind = 0; kind < KINDS; kind++)
        failed += check(kind_names[kind], c.overall[kind], .94, .97);
    failed += check("null audits of 20 groups that say \"violates\"", simulate_false_alarms(&random, audits, false), 0, .05);
    failed += check("audits at the tolerance's edge that say \"violates\"", simulate_false_alarms(&random, audits, true), 0, .05);
    for (int kind = 0; kind < KINDS; kind++)
        print_buckets(&c, kind);
    printf("\n%d passed, %d failed\n", KINDS + 2 - failed, failed);
    return failed ? 1 : 0;
}
