/*
 * Does the scan find what is there, and nothing else? Draws files whose truth is known and counts.
 *
 * usage: simulate_scan                     a small run, for `make test`; fails when a promise is broken
 *        simulate_scan --long [FILES [ROWS]]   the figures of docs/simulation-scan.md
 *        simulate_scan --null FILES ROWS RATE   random files only
 *        simulate_scan --planted FILES ROWS RATE   one row of the table
 *
 * A file has six attributes of 2 to 10 values with uneven shares. A planted group is a conjunction of one, two or three values with
 * about 5 % of the rows whose rate is half of everybody else's. Found: told with the right direction, and the Jaccard index of the
 * people told and the people planted is at least 0.75.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/scan.h"
#include "stats/stats.h"

enum { ATTRIBUTES = 6, LEVELS_MAX = 10, ROWS_MAX = 100000 };

static const size_t levels[ATTRIBUTES] = {2, 3, 4, 5, 8, 10};
/* Shares of the values in percent. */
static const double shares[ATTRIBUTES][LEVELS_MAX] = {
    {60, 40}, {50, 33, 17}, {40, 30, 20, 10}, {35, 25, 22, 13, 5}, {25, 20, 15, 12, 10, 8, 5.5, 4.5}, {10, 10, 10, 10, 10, 10, 10, 10, 10, 10},
};
static const char *const names[ATTRIBUTES] = {"newbie", "zip", "channel", "region", "category", "age"};

/* Which value of each attribute makes the planted group; -1: any. */
typedef struct {
    const char *says;
    int values[ATTRIBUTES];
} shape;

static const shape shapes[] = {
    {"one value (5 %)", {-1, -1, -1, 4, -1, -1}},
    {"two values (20 % of 25 %)", {-1, -1, 2, 1, -1, -1}},
    {"two values (50 % of 10 %)", {-1, 0, -1, -1, -1, 3}},
    {"three values (40 % of 33 % of 40 %)", {1, 1, 0, -1, -1, -1}},
    {"three values (60 % of 33 % of 25 %)", {0, 1, -1, 1, -1, -1}},
};
enum { SHAPES = sizeof shapes / sizeof shapes[0] };

typedef struct {
    uint8_t codes[ROWS_MAX * ATTRIBUTES];
    eh_scan_cell cells[ROWS_MAX];
    bool planted[ROWS_MAX];
} sample;

static void attributes_fill(eh_cube_dimension attributes[ATTRIBUTES])
{
    static const eh_cube_group groups[LEVELS_MAX] = {{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}, {.name = "e"},
                                                     {.name = "f"}, {.name = "g"}, {.name = "h"}, {.name = "i"}, {.name = "j"}};
    for (size_t a = 0; a < ATTRIBUTES; a++)
        attributes[a] = (eh_cube_dimension){.name = names[a], .groups = groups, .groups_count = levels[a]};
}

static uint8_t value_draw(eh_random *random, size_t attribute)
{
    double left = eh_random_unit(random) * 100;
    uint8_t value = 0;
    while (value + 1U < levels[attribute] && left >= shares[attribute][value])
        left -= shares[attribute][value++];
    return value;
}

static void sample_draw(sample *file, size_t rows, double rate, const shape *plan, uint64_t seed)
{
    eh_random random;
    eh_random_init(&random, seed * 7919 + 13);
    for (size_t r = 0; r < rows; r++) {
        file->planted[r] = plan != NULL;
        for (size_t a = 0; a < ATTRIBUTES; a++) {
            uint8_t value = value_draw(&random, a);
            file->codes[r * ATTRIBUTES + a] = value;
            file->planted[r] = file->planted[r] && (plan->values[a] < 0 || plan->values[a] == value);
        }
        double chance = file->planted[r] ? rate / 2 : rate;
        file->cells[r] = (eh_scan_cell){.rows = 1, .yes = eh_random_unit(&random) < chance, .weight = 1};
    }
}

static double jaccard(const sample *file, size_t rows, const eh_scan_group *group)
{
    size_t both = 0, either = 0;
    for (size_t r = 0; r < rows; r++) {
        bool told = true;
        for (size_t i = 0; i < group->conditions_count; i++)
            told = told && (group->conditions[i].values >> file->codes[r * ATTRIBUTES + group->conditions[i].attribute] & 1) != 0;
        both += told && file->planted[r];
        either += told || file->planted[r];
    }
    return either == 0 ? 0 : (double)both / (double)either;
}

typedef struct {
    size_t told, found, others; /* files with any group; with the planted one; groups told that are not the planted one */
    size_t promised;            /* files whose findable rate for 5 % of the rows lies at or above half the rate */
    uint64_t groups;            /* that the exact search looked at, in the last file */
} tally;

static void count_one(sample *file, size_t rows, const shape *plan, uint64_t seed, tally *into)
{
    eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_error error = {0};
    const eh_scan *scan = NULL;
    eh_cube_dimension attributes[ATTRIBUTES];
    attributes_fill(attributes);
    eh_scan_table table = {.attributes = attributes, .attributes_count = ATTRIBUTES, .codes = file->codes, .cells = file->cells, .cells_count = rows};
    EH_ASSERT(arena != NULL);
    if (eh_scan_run(&table, &(eh_scan_options){.penalty = EH_NAN, .seed = seed}, arena, &scan, &error) != EH_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    bool found = false;
    for (size_t g = 0; g < scan->groups_count; g++) {
        bool hit = plan != NULL && scan->groups[g].direction == EH_SCAN_LOW && jaccard(file, rows, &scan->groups[g]) >= 0.75;
        found = found || hit;
        into->others += !hit;
    }
    into->told += scan->groups_count > 0;
    into->groups = scan->groups_looked_at;
    into->found += found;
    into->promised += scan->findable[EH_SCAN_FINDABLE_USUAL].low >= scan->expected / 2;
    eh_arena_close(&arena);
}

typedef struct {
    size_t rows;
    double rate;
    const shape *plan;
    size_t files;
} setting;

static tally run_setting(sample *file, const setting *asked, uint64_t first_seed)
{
    tally sum = {0};
    for (size_t i = 0; i < asked->files; i++) {
        sample_draw(file, asked->rows, asked->rate, asked->plan, first_seed + i);
        count_one(file, asked->rows, asked->plan, first_seed + i, &sum);
    }
    return sum;
}

static double percent(size_t part, size_t whole)
{
    return 100 * (double)part / (double)whole;
}

/* Binomial: at most `count` of `trials`. */
static double at_most(double count, double trials, double rate)
{
    return count < 0 ? 0 : count >= trials ? 1 : eh_beta_cdf(1 - rate, trials - count, count + 1);
}

/* How often somebody who knows the one group in question would be sure of it, at this level (likelihood ratio, that is the count; at random at the edge). */
static double oracle_power(size_t rows, double rate, double level)
{
    double trials = floor(0.05 * (double)rows), expected = rate * 0.975, count = -1;
    while (at_most(count + 1, trials, expected) <= level)
        count++;
    double below = at_most(count, trials, expected), next = at_most(count + 1, trials, expected);
    double power = at_most(count, trials, rate / 2);
    return power + (level - below) / (next - below) * (at_most(count + 1, trials, rate / 2) - power);
}

static int run_long(sample *file, size_t files, size_t only)
{
    static const size_t sizes[] = {5000, 10000, 20000, 50000};
    static const double rates[] = {0.1, 0.2, 0.3, 0.5};
    printf("| rows | rate | random: told | promised | knows the group | one of all |");
    for (size_t s = 0; s < SHAPES; s++)
        printf(" %s |", shapes[s].says);
    printf("\n|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|\n");
    for (size_t n = 0; n < sizeof sizes / sizeof sizes[0]; n++)
        for (size_t r = 0; r < sizeof rates / sizeof rates[0] && (only == 0 || only == sizes[n]); r++) {
            setting asked = {.rows = sizes[n], .rate = rates[r], .files = files};
            tally none = run_setting(file, &asked, 1);
            printf("| %zu | %.0f %% | %.1f %% | %s | %.1f %% | %.1f %% |", sizes[n], 100 * rates[r], percent(none.told, files), none.promised * 2 > files ? "yes" : "no",
                   100 * oracle_power(sizes[n], rates[r], 0.05), 100 * oracle_power(sizes[n], rates[r], 0.05 / (2 * (double)none.groups)));
            fflush(stdout);
            for (size_t s = 0; s < SHAPES; s++) {
                asked.plan = &shapes[s];
                tally found = run_setting(file, &asked, 1000 * (s + 1));
                printf(" %.1f %% (%zu) |", percent(found.found, files), found.others);
                fflush(stdout);
            }
            printf("\n");
        }
    return 0;
}

static int run_null(sample *file, size_t files, size_t rows, double rate)
{
    setting nothing = {.rows = rows, .rate = rate, .files = files};
    tally none = run_setting(file, &nothing, 1);
    printf("%zu of %zu\n", none.told, files);
    return 0;
}

static int run_planted(sample *file, size_t files, size_t rows, double rate)
{
    setting asked = {.rows = rows, .rate = rate, .files = files};
    for (size_t s = 0; s < SHAPES; s++) {
        asked.plan = &shapes[s];
        tally found = run_setting(file, &asked, 1000 * (s + 1));
        printf("%s: %.1f %%, %zu others, told in %.1f %%, promised in %.1f %%\n", shapes[s].says, percent(found.found, files), found.others,
               percent(found.told, files), percent(found.promised, files));
    }
    return 0;
}

static int run_short(sample *file)
{
    setting nothing = {.rows = 5000, .rate = 0.2, .files = 40};
    tally none = run_setting(file, &nothing, 1);
    printf("random files: %zu of %zu told of a group\n", none.told, nothing.files);
    bool good = none.told <= 2;
    for (size_t s = 0; s < SHAPES; s++) {
        setting asked = {.rows = 10000, .rate = 0.4, .plan = &shapes[s], .files = 3};
        tally found = run_setting(file, &asked, 100 * (s + 1));
        printf("%s: found in %zu of %zu\n", shapes[s].says, found.found, asked.files);
        good = good && found.found == asked.files;
    }
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    static sample file; /* too large for the stack */
    if (argc > 1 && strcmp(argv[1], "--long") == 0)
        return run_long(&file, argc > 2 ? (size_t)strtoull(argv[2], NULL, 10) : 100, argc > 3 ? (size_t)strtoull(argv[3], NULL, 10) : 0);
    if (argc > 4 && strcmp(argv[1], "--null") == 0)
        return run_null(&file, (size_t)strtoull(argv[2], NULL, 10), (size_t)strtoull(argv[3], NULL, 10), strtod(argv[4], NULL));
    if (argc > 4 && strcmp(argv[1], "--planted") == 0)
        return run_planted(&file, (size_t)strtoull(argv[2], NULL, 10), (size_t)strtoull(argv[3], NULL, 10), strtod(argv[4], NULL));
    return run_short(&file);
}
