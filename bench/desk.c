/*
 * One decision with its reasons, without the ledger: microseconds of processor time, one thread. Run by bench/desk in a workspace.
 *
 * usage: bench_desk WORKSPACE CAMPAIGN NOW PERSON...
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "journey/journey.h"

enum { ROUNDS = 20000 };

static double seconds_now(void)
{
    struct timespec at;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static eh_code decide_once(eh_desk *desk, const eh_words *words, const char *person, int64_t at_s, bool answer, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 22);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_trace trace = {0};
    eh_json_writer json;
    eh_desk_request request = {.person = eh_view_of(person), .at_s = at_s};
    if (arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_desk_decide(desk, &request, arena, &trace, error));
    if (!answer)
        return EH_OK;
    eh_json_begin(&json, &text, false, false);
    return eh_desk_answer_json(desk, &trace, &(eh_desk_said){.id = "0", .words = words}, arena, &json, error);
}

static eh_code measure(int argc, char **argv, eh_error *error)
{
    EH_CLEANUP(eh_desk_close) eh_desk *desk = NULL;
    EH_CLEANUP(eh_words_close) eh_words words = {0};
    eh_instant now;
    EH_TRY(eh_instant_parse_date(eh_view_of(argv[3]), &now, error));
    EH_TRY(eh_words_open("en", &words, error));
    EH_TRY(eh_desk_open(&(eh_desk_options){.workspace = argv[1], .campaign = argv[2], .now = now, .approved_by = "bench"}, &desk, error));
    EH_TRY(decide_once(desk, &words, argv[4], now.seconds, true, error)); /* reads the shop's data */
    for (int answer = 0; answer < 2; answer++) {
        double begun = seconds_now();
        for (int i = 0; i < ROUNDS; i++)
            EH_TRY(decide_once(desk, &words, argv[4 + i % (argc - 4)], now.seconds, answer == 1, error));
        printf("%s: %.1f microseconds\n", answer == 1 ? "one decision with its reasons in words, as JSON" : "one decision, with its trace", (seconds_now() - begun) / ROUNDS * 1e6);
    }
    return EH_OK;
}

int main(int argc, char **argv)
{
    eh_error error = {0};
    if (argc < 5) {
        fprintf(stderr, "usage: bench_desk WORKSPACE CAMPAIGN NOW PERSON...\n");
        return 2;
    }
    if (measure(argc, argv, &error) != EH_OK) {
        fprintf(stderr, "bench_desk: %s\n", error.text);
        return 2;
    }
    return 0;
}
