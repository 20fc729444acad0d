/*
 * Goal: plan, release, why and replay hold together on a small shop: nobody without a yes, opt-outs between plan and release count (no message,
 * no score row anywhere), every decision of the ledger is computed again, a small shop is not called fair, a stopped plan does not go out.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli_int.h"
#include "cli/model_cli_int.h"
#include "ledger/ledger.h"
#include "rights/rights.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { PEOPLE = 4000, SMALL = 300, SPEECHES_MAX = 5000 };
static const int64_t now_s = INT64_C(1795597200); /* 2026-11-25T09:00:00Z */

typedef struct {
    char folder[64], before[4096];
    size_t people;
    bool biased;
} shop;

static void put(const char *path, const char *text)
{
    eh_error error = {0};
    if (eh_parent_folders_make(path, &error) != EH_OK || eh_file_replace(path, eh_view_of(text), &error) != EH_OK)
        fail_msg("%s", error.text);
}

/* Commands speak to standard output; it goes to a file of the folder. */
static int run(int (*command)(int, char **), const char *const *words)
{
    char *argv[16] = {0};
    int argc = 0, kept = dup(STDOUT_FILENO), file = open("out.txt", O_CREAT | O_TRUNC | O_WRONLY, 0600);
    for (; words[argc] != NULL; argc++)
        argv[argc] = strdup(words[argc]);
    fflush(stdout);
    assert_true(kept >= 0 && file >= 0 && dup2(file, STDOUT_FILENO) >= 0);
    int status = command(argc, argv);
    fflush(stdout);
    assert_true(dup2(kept, STDOUT_FILENO) >= 0);
    close(kept);
    close(file);
    for (int i = 0; i < argc; i++)
        free(argv[i]);
    return status;
}
#define RUN(command, ...) run((command), (const char *const[]){__VA_ARGS__, NULL})

static void text_of(const char *path, eh_buffer *out)
{
    eh_error error = {0};
    if (eh_file_read(path, 1 << 26, out, &error) != EH_OK)
        fail_msg("%s", error.text);
}

static bool holds(const char *path, const char *word)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    text_of(path, &text);
    return text.len > 0 && memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static void say_all(const size_t *people, size_t count, eh_act_kind kind, eh_purpose purpose)
{
    static eh_speech speeches[SPEECHES_MAX];
    static eh_said_result results[SPEECHES_MAX];
    static char keys[SPEECHES_MAX][16];
    eh_rights *rights = NULL;
    eh_error error = {0};
    eh_act act = {.kind = kind, .by = EH_BY_PERSON, .purpose = purpose, .channel = purpose == EH_PURPOSE_MARKETING ? EH_CHANNEL_EMAIL : EH_CHANNEL_ALL,
                  .control = EH_CONTROL_TICK, .at_s = now_s - 3600, .how = "form", .wording = "Yes, write to me.", .version = "1", .language = "en"};
    assert_int_equal(eh_jurisdiction_read(EH_VIEW("IE"), &act.jurisdiction, &error), EH_OK);
    for (size_t i = 0; i < count; i++) {
        snprintf(keys[i], sizeof keys[i], "p%05zu", people[i]);
        speeches[i] = (eh_speech){.key = eh_view_of(keys[i]), .acts = &act, .acts_count = 1, .results = &results[i]};
    }
    if (eh_rights_open(&(eh_rights_options){.state_folder = ".evenhand"}, &rights, &error) != EH_OK ||
        eh_rights_say_many(rights, speeches, count, false, now_s - 1800, &error) != EH_OK)
        fail_msg("%s", error.text);
    eh_rights_close(&rights);
}

static void say_once(size_t person, eh_act_kind kind, eh_purpose purpose) { say_all(&person, 1, kind, purpose); }

static void files_make(const shop *one)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer people = {0}, training = {0};
    eh_random random;
    eh_random_init(&random, 4);
    eh_buffer_text(&people, "id,gender,months,orders,size\n");
    eh_buffer_text(&training, "months,orders,size,visited\n");
    for (size_t i = 0; i < one->people + 3000; i++) {
        unsigned gender = (unsigned)(eh_random_next(&random) % 2), months = (unsigned)(eh_random_next(&random) % 24), orders = 1 + (unsigned)(eh_random_next(&random) % 9);
        unsigned size = (gender == 0 ? 36 : 41) + (unsigned)(eh_random_next(&random) % 4);
        double chance = (months < 8 ? 0.5 : 0.2) + (orders > 5 ? 0.2 : 0) + (one->biased && gender == 1 ? 0.25 : 0);
        if (i < one->people)
            eh_buffer_format(&people, "p%05zu,%s,%u,%u,%u\n", i, gender == 0 ? "F" : "M", months, orders, size);
        else
            eh_buffer_format(&training, "%u,%u,%u,%d\n", months, orders, size, eh_random_unit(&random) < chance);
    }
    put("people.csv", people.ptr);
    put("training.csv", training.ptr);
}

static void shop_open(shop *one)
{
    eh_error error = {0};
    assert_non_null(getcwd(one->before, sizeof one->before));
    snprintf(one->folder, sizeof one->folder, "/tmp/evenhand-deciding-XXXXXX");
    assert_non_null(mkdtemp(one->folder));
    assert_int_equal(chdir(one->folder), 0);
    files_make(one);
    put("evenhand.yaml", "shop: { name: Blue Finch, contact: care@bluefinch.example, country: IE }\nprofiling: on\nsources:\n  people: { read: people.csv, key: id }\n"
                         "protected:\n  gender: { value: people.gender }\nfeatures:\n"
                         "  months: { value: people.months, says: \"your last order was {value} months ago\", from_whom: your orders, changeable: true }\n"
                         "  orders: { value: people.orders, says: \"you ordered {value} times\", from_whom: your orders, changeable: true }\n"
                         "  size: { value: people.size, says: \"you buy in size {value}\", from_whom: your orders }\n"
                         "outcome: { visited: \"people.months = 0\" }\n");
    put("campaigns/boots.yaml", one->people == SMALL ? "title: Boots\nchannel: email\nmost: 90\nchoose: { by: model, outcome: visited }\n"
                                                       "offers: { boots: { says: 10 % off boots, model: visits } }\n" :
                                "title: Boots\nchannel: email\ncurrency: EUR\nbudget: 900\nchoose: { by: model, outcome: visited }\n"
                                "offers: { boots: { says: 10 % off boots, model: visits, cost: 0.5 } }\nholdout: 0.1\n");
    assert_int_equal(mkdir(".evenhand", 0700), 0);
    assert_int_equal(mkdir(".evenhand/models", 0700), 0);
    assert_int_equal(RUN(eh_train_command, "train", ".evenhand/models/visits.json", "--data", "training.csv", "--label", "visited", "--changeable", "months,orders", "--folds",
                         "0", "--quiet"), 0);
    static size_t people[SPEECHES_MAX];
    size_t count = 0;
    for (size_t i = 0; i < one->people; i++)
        if (i % 10 != 9)
            people[count++] = i;
    say_all(people, count, EH_ACT_CONSENT, EH_PURPOSE_MARKETING);
    for (count = 0; count * 20 < one->people; count++)
        people[count] = count * 20;
    say_all(people, count, EH_ACT_WITHDRAW, EH_PURPOSE_AI);
    if (eh_ledger_init(".", "bluefinch.example/evenhand", &error) != EH_OK)
        fail_msg("%s", error.text);
}

static void shop_close(shop *one)
{
    char command[128];
    assert_int_equal(chdir(one->before), 0);
    snprintf(command, sizeof command, "rm -rf '%s'", one->folder);
    FILE *done = popen(command, "r");
    assert_true(done != NULL && pclose(done) == 0);
}

/* The name of the one plan, from its report. */
static void plan_name(char out[96])
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    text_of("plan.json", &text);
    const char *at = strstr(text.ptr, "\"plan\": \"");
    assert_non_null(at);
    at += sizeof "\"plan\": \"" - 1;
    snprintf(out, 96, "%.*s", (int)strcspn(at, "\""), at);
}

static int plan(const char *more)
{
    return more == NULL ? RUN(eh_plan_command, "plan", "boots", "--now", "2026-11-25T09:00:00Z", "--format", "json", "--output", "plan.json", "--quiet")
                        : RUN(eh_plan_command, "plan", "boots", "--now", "2026-11-25T09:00:00Z", "--format", "json", "--output", "plan.json", "--quiet", more);
}

/* The key in the n-th line of the send list. */
static size_t person_of_list(const char *list, size_t line)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    text_of(list, &text);
    const char *at = text.ptr;
    for (size_t i = 0; i < line; i++)
        at = strchr(at, '\n') + 1;
    assert_int_equal(at[0], 'p');
    return (size_t)strtoul(at + 1, NULL, 10);
}

static void what_is_said_between_plan_and_release_counts(void **state)
{
    (void)state;
    shop one = {.people = PEOPLE};
    char name[96], traces[160], said_no[16], ai_off[16];
    shop_open(&one);
    assert_int_equal(plan(NULL), 0);
    plan_name(name);
    /* a first release in a copy of the state tells who would be in the list */
    FILE *done = popen("cp -r .evenhand before", "r");
    assert_true(done != NULL && pclose(done) == 0);
    assert_int_equal(RUN(eh_release_command, "release", name, "--now", "2026-11-25T10:00:00Z", "--output", "first.csv"), 0);
    size_t first = person_of_list("first.csv", 1), second = person_of_list("first.csv", 2);
    second = second % 20 == 0 ? person_of_list("first.csv", 3) : second; /* one with a score */
    done = popen("rm -rf .evenhand && mv before .evenhand", "r");
    assert_true(done != NULL && pclose(done) == 0);
    say_once(first, EH_ACT_WITHDRAW, EH_PURPOSE_MARKETING);
    say_once(second, EH_ACT_WITHDRAW, EH_PURPOSE_AI);
    snprintf(said_no, sizeof said_no, "p%05zu", first);
    snprintf(ai_off, sizeof ai_off, "p%05zu", second);
    snprintf(traces, sizeof traces, ".evenhand/plans/%s/traces", name);
    assert_true(holds(traces, ai_off));
    assert_int_equal(RUN(eh_release_command, "release", name, "--now", "2026-11-25T10:00:00Z", "--output", "send.csv"), 0);
    assert_true(holds("first.csv", said_no) && holds("first.csv", ai_off));
    assert_false(holds("send.csv", said_no));
    assert_false(holds("send.csv", ai_off));
    assert_false(holds(traces, ai_off)); /* the score is gone */
    assert_int_equal(RUN(eh_why_command, "why", name, "--person", ai_off), EH_STATUS_ERROR);
    assert_int_equal(RUN(eh_release_command, "release", name, "--output", "again.csv"), EH_STATUS_ERROR); /* once only */
    assert_int_equal(RUN(eh_replay_command, "replay"), 0);
    assert_true(holds("out.txt", " 0 differ"));
    shop_close(&one);
}

static void people_without_a_yes_get_nothing_and_can_ask_why(void **state)
{
    (void)state;
    shop one = {.people = PEOPLE};
    char name[96];
    shop_open(&one);
    assert_int_equal(plan(NULL), 0);
    plan_name(name);
    assert_int_equal(RUN(eh_why_command, "why", name, "--person", "p00009"), 0);
    assert_true(holds("out.txt", "You have not said that we may send you ads by e-mail."));
    assert_int_equal(RUN(eh_why_command, "why", name, "--person", "p00020", "--lang", "de"), 0);
    assert_true(holds("out.txt", "KI ausgeschaltet") || holds("out.txt", "Das Los hat Sie ausgenommen"));
    assert_int_equal(RUN(eh_why_command, "why", name, "--person", "p00020", "--format", "trace"), 0);
    assert_false(holds("out.txt", "\"scores\""));
    assert_int_equal(RUN(eh_why_command, "why", name, "--person", "nobody"), EH_STATUS_ERROR);
    assert_int_equal(RUN(eh_why_command, "why", name, "--person", "p00001", "--lang", "xx"), EH_STATUS_ERROR);
    shop_close(&one);
}

static void unfair_plans_stop_and_can_be_repaired(void **state)
{
    (void)state;
    shop one = {.people = PEOPLE, .biased = true};
    char name[96];
    shop_open(&one);
    assert_int_equal(plan(NULL), 1);
    assert_true(holds("plan.json", "\"outcome\": \"stopped\""));
    plan_name(name);
    assert_int_equal(RUN(eh_release_command, "release", name, "--output", "send.csv"), EH_STATUS_ERROR);
    assert_int_equal(plan("--repair"), 0);
    assert_true(holds("plan.json", "\"outcome\": \"repaired\"") && holds("plan.json", "size"));
    assert_int_equal(RUN(eh_release_command, "release", name, "--now", "2026-11-25T10:00:00Z", "--output", "send.csv"), 0);
    assert_int_equal(RUN(eh_replay_command, "replay"), 0);
    shop_close(&one);
}

static void a_small_shop_has_to_ask_a_person(void **state)
{
    (void)state;
    shop one = {.people = SMALL};
    char name[96];
    shop_open(&one);
    assert_int_equal(plan(NULL), 3);
    assert_true(holds("plan.json", "\"outcome\": \"ask\""));
    plan_name(name);
    assert_int_equal(RUN(eh_release_command, "release", name, "--output", "send.csv"), EH_STATUS_ERROR);
    assert_int_equal(RUN(eh_release_command, "release", name, "--now", "2026-11-25T10:00:00Z", "--approved-by", "Ann", "--output", "send.csv"), 0);
    shop_close(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_between_plan_and_release_counts),
        cmocka_unit_test(people_without_a_yes_get_nothing_and_can_ask_why),
        cmocka_unit_test(unfair_plans_stop_and_can_be_repaired),
        cmocka_unit_test(a_small_shop_has_to_ask_a_person),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
