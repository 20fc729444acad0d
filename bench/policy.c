/*
 * How fast a policy answers: one rule of three comparisons, a policy of 30 rules, each for rows that differ; the best of many rounds, so that
 * a busy machine does not show.
 *   policy                       prints nanoseconds per answer
 *   policy --tables ROWS WHENS   writes the rows as JSON lines and the conditions, one a line, for peers; and each result as "here, condition, ns, true" with tabs
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "policy/policy.h"

enum { ROWS = 1024, ROUNDS = 200, FACTS_MAX = 64 };

static const char *const conditions[] = {
    "age >= 18 && country == 'DE' && days < 30", "age >= 18", "country in ['DE', 'FR', 'IE']", "country.matches('^(DE|FR)$')", "spend * 2.0 > 100.0 || out",
    "[age, days].exists(x, x > 70)",
};
enum { CONDITIONS_COUNT = sizeof conditions / sizeof conditions[0] };

static double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Rows that take every way through the conditions. */
static void rows_fill(eh_cel_value (*rows)[FACTS_MAX])
{
    static const char *const countries[] = {"DE", "FR", "IE", "US"};
    eh_random random;
    eh_random_init(&random, 7);
    for (size_t i = 0; i < ROWS; i++) {
        rows[i][0] = eh_cel_int((int64_t)(eh_random_unit(&random) * 80));
        rows[i][1] = eh_cel_string(eh_view_of(countries[(size_t)(eh_random_unit(&random) * 4)]));
        rows[i][2] = eh_cel_int((int64_t)(eh_random_unit(&random) * 60));
        rows[i][3] = eh_cel_double(eh_random_unit(&random) * 100);
        rows[i][4] = eh_cel_bool(eh_random_unit(&random) < 0.1);
    }
}

static void tables_write(const char *rows_path, const char *whens_path)
{
    static eh_cel_value rows[ROWS][FACTS_MAX];
    FILE *out = fopen(rows_path, "w"), *whens = fopen(whens_path, "w");
    if (out == NULL || whens == NULL)
        abort();
    rows_fill(rows);
    for (size_t i = 0; i < ROWS; i++)
        fprintf(out, "{\"age\":%lld,\"country\":\"%.*s\",\"days\":%lld,\"spend\":%.17g,\"out\":%s}\n", (long long)rows[i][0].integer, (int)rows[i][1].len,
                rows[i][1].text, (long long)rows[i][2].integer, rows[i][3].real, rows[i][4].boolean ? "true" : "false");
    for (size_t i = 0; i < CONDITIONS_COUNT; i++)
        fprintf(whens, "%s\n", conditions[i]);
    fclose(out);
    fclose(whens);
}

static void rule_ns(const char *text, bool tables)
{
    static eh_cel_value rows[ROWS][FACTS_MAX];
    static const char *const names[][2] = {{"age", "int"}, {"country", "string"}, {"days", "int"}, {"spend", "double"}, {"out", "bool"}};
    eh_arena *arena = eh_arena_open(16 << 20);
    eh_cel_env *env = eh_cel_env_open(arena, &(eh_cel_env_options){.check = true});
    eh_cel_machine *machine = NULL;
    const eh_cel_program *program = NULL;
    eh_error error = {0};
    for (size_t i = 0; i < 5; i++)
        if (eh_cel_env_declare(env, eh_view_of(names[i][0]), names[i][1], &error) != EH_OK)
            abort();
    if (eh_cel_compile(env, eh_view_of(text), arena, &program, &error) != EH_OK || eh_cel_machine_open(NULL, &machine, &error) != EH_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    rows_fill(rows);
    double best = 1e18;
    size_t yes = 0;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        for (size_t i = 0; i < ROWS; i++)
            yes += eh_cel_run(machine, program, rows[i]).boolean;
        double each = (now_ns() - start) / ROWS;
        best = each < best ? each : best;
    }
    if (tables)
        printf("here\t%s\t%.1f\t%zu\n", text, best, yes / ROUNDS);
    else
        printf("%-70s %8.1f ns   (%.0f %% true)\n", text, best, 100.0 * (double)yes / (ROWS * ROUNDS));
    eh_cel_machine_close(&machine);
    eh_arena_close(&arena);
}

/* 30 rules of the kinds that packs have. */
static void policy_bench(void)
{
    static eh_cel_value rows[ROWS][FACTS_MAX];
    eh_buffer text = {0};
    eh_buffer_text(&text, "policy: bench\nversion: 1\nowner: o\nreview_by: 2090-01-01\nfacts: { age: int, country: string, days: int, spend: double, out: bool }\nrules:\n");
    for (int i = 0; i < 30; i++) {
        static const char *const whens[] = {"age >= 18 && country != 'XX' && days < 400", "out && spend > 10.0", "",
                                            "age < 16 || days > 3000", "spend > 99.5 && !(country == 'DE' || country == 'FR')"};
        eh_buffer_format(&text, "  - { id: r%d, effect: %s, when: \"", i, i % 5 == 0 ? "permit" : "forbid");
        eh_buffer_text(&text, i % 5 == 2 ? "country in ['AT', 'CH', 'BE'] && age < 21" : whens[i % 5]);
        eh_buffer_text(&text, "\", explanation: W., tests: [{ facts: {}, applies: false }] }\n");
    }
    eh_policy *policy = NULL;
    eh_policy_asker *asker = NULL;
    eh_error error = {0};
    if (eh_policy_parse(eh_buffer_view(&text), "bench", &(eh_policy_options){0}, &policy, &error) != EH_OK ||
        eh_policy_asker_open(policy, &asker, &error) != EH_OK) {
        fprintf(stderr, "%s\n", error.text);
        exit(1);
    }
    rows_fill(rows);
    double best = 1e18;
    for (int round = 0; round < ROUNDS; round++) {
        double start = now_ns();
        for (size_t i = 0; i < ROWS; i++)
            (void)eh_policy_ask(asker, rows[i]);
        double each = (now_ns() - start) / ROWS;
        best = each < best ? each : best;
    }
    printf("%-70s %8.1f ns\n", "a policy of 30 rules, every rule asked, with its trace", best);
    eh_policy_asker_close(&asker);
    eh_policy_close(&policy);
    eh_buffer_dispose(&text);
}

int main(int argc, char **argv)
{
    bool tables = argc == 4 && strcmp(argv[1], "--tables") == 0;
    if (tables)
        tables_write(argv[2], argv[3]);
    for (size_t i = 0; i < CONDITIONS_COUNT; i++)
        rule_ns(conditions[i], tables);
    if (!tables)
        policy_bench();
    return 0;
}
