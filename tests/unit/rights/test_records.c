/* Goal: what was acknowledged is on the disk and in every process; what was changed by other means is found; what was erased is nowhere. */
#include "rights/person.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { DAY = 86400 };
static const int64_t now_s = INT64_C(1795521600); /* 2026-11-24T12:00:00Z */
static char base[] = "/tmp/evenhand-rights-XXXXXX";
static char folder[256];
static eh_error error;

static int make_base(void **state)
{
    (void)state;
    return mkdtemp(base) == NULL ? -1 : 0;
}

static int remove_base(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -r '%s'", base);
    FILE *done = popen(command, "r");
    return done == NULL ? -1 : pclose(done);
}

static int fresh(void **state)
{
    static int number;
    (void)state;
    snprintf(folder, sizeof folder, "%s/%d", base, ++number);
    return 0;
}

static eh_rights *opened(void)
{
    eh_rights *rights = NULL;
    if (eh_rights_open(&(eh_rights_options){.state_folder = folder}, &rights, &error) != EH_OK)
        fail_msg("%s", error.text);
    return rights;
}

static eh_act yes_to_email(int64_t at_s)
{
    return (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .at_s = at_s, .how = "newsletter form", .wording = "Send me news by e-mail.",
                    .version = "n1", .language = "en"};
}

static eh_act no_to_email(int64_t at_s)
{
    return (eh_act){.kind = EH_ACT_WITHDRAW, .channel = EH_CHANNEL_EMAIL, .at_s = at_s};
}

static eh_said_result say(eh_rights *rights, const char *key, eh_act act)
{
    eh_said_result result;
    if (eh_rights_say(rights, eh_view_of(key), &act, now_s, &result, &error) != EH_OK)
        fail_msg("%s", error.text);
    return result;
}

static eh_may_answer ask_email(eh_rights *rights, const char *key)
{
    eh_may_answer answer;
    const eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .at_s = now_s};
    if (eh_rights_may(rights, eh_view_of(key), &question, &answer, &error) != EH_OK)
        fail_msg("%s", error.text);
    return answer;
}

static void what_was_said_is_kept(void **state)
{
    (void)state;
    eh_rights *rights = opened();
    eh_said_result first = say(rights, "ann", yes_to_email(now_s - DAY));
    assert_int_equal(first.effect, EH_EFFECT_CHANGED);
    assert_false(first.known);
    eh_said_result again = say(rights, "ann", yes_to_email(now_s - DAY));
    assert_true(again.known);
    assert_true(again.record == first.record);
    eh_rights_close(&rights);

    rights = opened();
    eh_may_answer answer = ask_email(rights, "ann");
    assert_true(answer.may);
    assert_true(answer.records[0] == first.record);
    (void)say(rights, "ann", (eh_act){.kind = EH_ACT_OBJECT, .at_s = now_s});
    eh_act imported = yes_to_email(now_s);
    imported.by = EH_BY_IMPORT;
    assert_int_equal(say(rights, "ann", imported).effect, EH_EFFECT_KEPT_NO);
    eh_rights_close(&rights);

    rights = opened();
    assert_string_equal(eh_why_name(ask_email(rights, "ann").why), "objected");
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_person person;
    assert_int_equal(eh_person_read(rights, EH_VIEW("ann"), arena, &person, &error), EH_OK);
    assert_int_equal(person.acts_count, 3);
    assert_string_equal(person.acts[0].act.wording, "Send me news by e-mail.");
    assert_string_equal(person.acts[0].act.version, "n1");
    assert_int_equal(person.acts[0].recorded_s, now_s);
    eh_rights_close(&rights);
}

static void refuses(eh_rights *rights, eh_act act, eh_code wanted, const char *says)
{
    memset(&error, 0, sizeof error);
    assert_int_equal(eh_rights_say(rights, EH_VIEW("ann"), &act, now_s, NULL, &error), wanted);
    if (strstr(error.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, says);
}

static void evidence_is_asked_for(void **state)
{
    (void)state;
    eh_rights *rights = opened();
    eh_act act = yes_to_email(now_s);
    act.wording = NULL;
    refuses(rights, act, EH_INPUT, "wording");
    act = yes_to_email(now_s);
    act.how = NULL;
    refuses(rights, act, EH_INPUT, "how");
    act = yes_to_email(now_s + 1);
    refuses(rights, act, EH_INPUT, "future");
    act = yes_to_email(now_s);
    act.until_s = now_s;
    refuses(rights, act, EH_INPUT, "end before");
    act.until_s = 0;
    act.control = EH_CONTROL_PRE_TICKED;
    refuses(rights, act, EH_DENIED, "ticked already");
    act.kind = EH_ACT_CONFIRM;
    refuses(rights, act, EH_CONFLICT, "nothing to confirm");
    (void)say(rights, "bob", yes_to_email(now_s));
    act = yes_to_email(now_s);
    act.wording = "Something else";
    refuses(rights, act, EH_CONFLICT, "new version");
    /* What was refused left nothing. */
    assert_int_equal(ask_email(rights, "ann").said, EH_SAID_UNKNOWN);
    eh_rights_close(&rights);
    rights = opened();
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_person person;
    assert_int_equal(eh_person_read(rights, EH_VIEW("ann"), arena, &person, &error), EH_OK);
    assert_false(person.found);
    eh_rights_close(&rights);
}

/* ---- changed by other means ------------------------------------------------------------------------------------------------------------- */

static void attack(const char *sql)
{
    char path[300];
    snprintf(path, sizeof path, "%s/evenhand.db", folder);
    eh_store *store = NULL;
    assert_int_equal(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_WRITE}, &store, &error), EH_OK);
    if (eh_store_run(store, sql, &error) != EH_OK)
        fail_msg("%s: %s", sql, error.text);
    eh_store_close(&store);
}

static void a_changed_record_is_found(void **state)
{
    (void)state;
    static const char *const attacks[] = {
        "UPDATE rights_act SET kind = 0 WHERE kind = 3",                          /* the withdrawal becomes a consent */
        "UPDATE rights_act SET at_s = at_s + 1 WHERE act = 1",
        "UPDATE rights_act SET how = 'another form' WHERE act = 1",
        "UPDATE rights_act SET wording = NULL WHERE act = 1",
        "UPDATE rights_act SET recorded_s = recorded_s - 1 WHERE act = 2",
        "DELETE FROM rights_act WHERE act = 1",                                    /* in the middle of a chain */
        "DELETE FROM rights_act WHERE act = 2",                                    /* at its end */
        "UPDATE rights_act SET person = 2 WHERE act = 2",
        "UPDATE rights_act SET purpose = 77 WHERE act = 1",
        ("INSERT INTO rights_act SELECT 99, person, 99, 0, said_by, purpose, channel, control, at_s, until_s, birth_day, soft_facts, jurisdiction, "
         "product_group, how, wording, recorded_s, seal, ledger FROM rights_act WHERE act = 1"),
    };
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        (void)fresh(NULL);
        eh_rights *rights = opened();
        (void)say(rights, "ann", yes_to_email(now_s - DAY));
        (void)say(rights, "ann", no_to_email(now_s));
        (void)say(rights, "bob", yes_to_email(now_s));
        eh_rights_close(&rights);
        attack(attacks[i]);
        eh_code code = eh_rights_open(&(eh_rights_options){.state_folder = folder}, &rights, &error);
        if (code != EH_CORRUPT)
            fail_msg("not found: %s", attacks[i]);
    }
    /* Without the key nothing can be told, and no new one is made. */
    char path[300];
    snprintf(path, sizeof path, "%s/keys/rights.key", folder);
    assert_int_equal(unlink(path), 0);
    eh_rights *rights = NULL;
    assert_int_equal(eh_rights_open(&(eh_rights_options){.state_folder = folder}, &rights, &error), EH_NOT_FOUND);
}

/* ---- other processes ------------------------------------------------------------------------------------------------------------------------ */

/* A child says something and ends by kill -9 as soon as it has the answer; the parent, open all the while, must know at its next question. */
static void child_says(const char *key, eh_act act)
{
    int pipes[2];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        eh_rights *rights = NULL;
        eh_error own;
        char byte = eh_rights_open(&(eh_rights_options){.state_folder = folder}, &rights, &own) == EH_OK &&
                            eh_rights_say(rights, eh_view_of(key), &act, now_s, NULL, &own) == EH_OK
                        ? 'y'
                        : 'n';
        (void)!write(pipes[1], &byte, 1);
        (void)kill(getpid(), SIGKILL);
    }
    char byte = 'n';
    (void)close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 1);
    assert_int_equal(byte, 'y');
    /* the acknowledgement is here: ask before the child is even gone */
    (void)close(pipes[0]);
}

static void other_processes_are_heard(void **state)
{
    (void)state;
    eh_rights *rights = opened();
    (void)say(rights, "ann", yes_to_email(now_s - DAY));
    for (int round = 0; round < 20; round++) {
        char key[16];
        snprintf(key, sizeof key, "p%d", round);
        (void)say(rights, key, yes_to_email(now_s - DAY));
        assert_true(ask_email(rights, key).may);
        child_says(key, no_to_email(now_s));
        assert_false(ask_email(rights, key).may);
        while (waitpid(-1, NULL, 0) > 0)
            continue;
    }
    eh_rights_close(&rights);
    rights = opened(); /* after all those ends: nothing acknowledged is lost */
    for (int round = 0; round < 20; round++) {
        char key[16];
        snprintf(key, sizeof key, "p%d", round);
        assert_string_equal(eh_why_name(ask_email(rights, key).why), "withdrawn");
    }
    assert_true(ask_email(rights, "ann").may);
    eh_rights_close(&rights);
}

/* ---- threads -------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_rights *rights;
    int number;
    bool sound;
} speaker;

static void *speak(void *argument)
{
    speaker *own = argument;
    own->sound = true;
    for (int i = 0; i < 20 && own->sound; i++) {
        char key[24];
        eh_error problem;
        eh_may_answer answer;
        const eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .at_s = now_s};
        snprintf(key, sizeof key, "t%d-%d", own->number, i);
        eh_act yes = yes_to_email(now_s - DAY), no = no_to_email(now_s);
        own->sound = eh_rights_say(own->rights, eh_view_of(key), &yes, now_s, NULL, &problem) == EH_OK &&
                     eh_rights_may(own->rights, eh_view_of(key), &question, &answer, &problem) == EH_OK && answer.may &&
                     eh_rights_say(own->rights, eh_view_of(key), &no, now_s, NULL, &problem) == EH_OK &&
                     eh_rights_may(own->rights, eh_view_of(key), &question, &answer, &problem) == EH_OK && !answer.may;
    }
    return NULL;
}

static void threads_share_one_handle(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    eh_rights *rights = opened();
    pthread_t threads[THREADS];
    speaker speakers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        speakers[i] = (speaker){.rights = rights, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, speak, &speakers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(speakers[i].sound);
    }
    eh_rights_close(&rights);
}

/* A ledger of its own: gives every entry a number. */
typedef struct {
    pthread_mutex_t lock;
    size_t entries, calls;
    int failing; /* calls to refuse */
} counted_ledger;

static eh_code counted_append(void *context, const eh_rights_entry *entries, size_t count, char (*ids_out)[EH_RIGHTS_ENTRY_ID_BYTES], eh_error *problem)
{
    counted_ledger *ledger = context;
    if (ledger->failing > 0) {
        ledger->failing--;
        return eh_fail(problem, EH_UNAVAILABLE, "another writes it");
    }
    pthread_mutex_lock(&ledger->lock);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].person.len == 0 || entries[i].payload.ptr[0] != '{')
            fail_msg("an entry without a person or a payload");
        snprintf(ids_out[i], EH_RIGHTS_ENTRY_ID_BYTES, "entry-%zu", ++ledger->entries);
    }
    ledger->calls++;
    pthread_mutex_unlock(&ledger->lock);
    return EH_OK;
}

static void *speak_or_be_refused(void *argument)
{
    speaker *own = argument;
    own->sound = true;
    for (int i = 0; i < 25 && own->sound; i++) {
        char key[24];
        eh_error problem = {0};
        eh_said_result result;
        snprintf(key, sizeof key, "t%d-%d", own->number, i);
        eh_act act = yes_to_email(now_s);
        bool wrong = (own->number + i) % 5 == 0;
        act.control = wrong ? EH_CONTROL_PRE_TICKED : EH_CONTROL_TICK;
        eh_code code = eh_rights_say(own->rights, eh_view_of(key), &act, now_s, &result, &problem);
        own->sound = wrong ? code == EH_DENIED && strstr(problem.text, "ticked") != NULL : code == EH_OK && result.effect == EH_EFFECT_CHANGED;
    }
    return NULL;
}

/* Sixteen speak at once and share commits; who is refused has his own reason, and nobody else is touched. Each act has one entry in the ledger. */
static void threads_share_commits(void **state)
{
    (void)state;
    enum { THREADS = 16, SAID = THREADS * 25 / 5 * 4 };
    counted_ledger ledger = {.lock = PTHREAD_MUTEX_INITIALIZER, .failing = 3};
    eh_rights *rights = NULL;
    pthread_t threads[THREADS];
    speaker speakers[THREADS];
    assert_int_equal(eh_rights_open(&(eh_rights_options){.state_folder = folder, .ledger = {.append = counted_append, .context = &ledger}}, &rights, &error), EH_OK);
    for (int i = 0; i < THREADS; i++) {
        speakers[i] = (speaker){.rights = rights, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, speak_or_be_refused, &speakers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(speakers[i].sound);
    }
    assert_int_equal(ledger.entries, SAID);
    eh_rights_close(&rights);
    rights = opened();
    for (int t = 0; t < THREADS; t++)
        for (int i = 0; i < 25; i++) {
            EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
            char key[24];
            eh_person person;
            snprintf(key, sizeof key, "t%d-%d", t, i);
            assert_int_equal(eh_person_read(rights, eh_view_of(key), arena, &person, &error), EH_OK);
            assert_int_equal(person.found, (t + i) % 5 != 0);
            if (person.found)
                assert_non_null(person.acts[0].ledger);
        }
    eh_rights_close(&rights);
}

/* ---- many at once ------------------------------------------------------------------------------------------------------------------------------ */

static void many_in_one_transaction(void **state)
{
    (void)state;
    enum { MANY = 500 };
    static eh_speech speeches[MANY];
    static eh_act acts[MANY];
    static eh_said_result results[MANY];
    static char keys[MANY][16];
    eh_rights *rights = opened();
    (void)say(rights, "k7", (eh_act){.kind = EH_ACT_OBJECT, .at_s = now_s});
    (void)say(rights, "k8", yes_to_email(now_s));
    for (int i = 0; i < MANY; i++) {
        snprintf(keys[i], sizeof keys[i], "k%d", i);
        acts[i] = i == 8 ? no_to_email(now_s) : yes_to_email(now_s);
        acts[i].by = EH_BY_IMPORT;
        acts[i].control = i == 9 ? EH_CONTROL_PRE_TICKED : EH_CONTROL_UNTOLD;
        speeches[i] = (eh_speech){.key = eh_view_of(keys[i]), .acts = &acts[i], .acts_count = 1, .results = &results[i]};
    }
    if (eh_rights_say_many(rights, speeches, MANY, true, now_s, &error) != EH_OK)
        fail_msg("%s", error.text);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(speeches[i].refused, i == 9 ? EH_DENIED : EH_OK);
        if (i != 9)
            assert_int_equal(results[i].effect, i == 7 ? EH_EFFECT_KEPT_NO : i == 8 ? EH_EFFECT_TURNED_NO : EH_EFFECT_CHANGED);
        assert_int_equal(ask_email(rights, keys[i]).may, i != 7 && i != 8 && i != 9);
    }
    eh_rights_close(&rights);
}

/* ---- leaving ------------------------------------------------------------------------------------------------------------------------------------- */

static void merging_goes_towards_no(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    const eh_said_result *results = NULL;
    size_t count = 0;
    eh_rights *rights = opened(), *other = opened();
    (void)say(rights, "a", yes_to_email(now_s));
    (void)say(rights, "b", no_to_email(now_s - 9 * DAY));
    (void)say(rights, "b", (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_SMS, .at_s = now_s, .how = "till", .wording = "Texts?"});
    (void)say(rights, "b", (eh_act){.kind = EH_ACT_SIGNAL, .at_s = now_s});
    assert_true(ask_email(other, "a").may);
    if (eh_person_merge(rights, EH_VIEW("b"), EH_VIEW("a"), now_s, arena, &results, &count, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(count, 3);
    assert_int_equal(results[0].effect, EH_EFFECT_TURNED_NO);
    eh_rights *both[] = {rights, other};
    for (int turn = 0; turn < 3; turn++) {
        eh_rights *asked = turn < 2 ? both[turn] : (eh_rights_close(&rights), rights = opened());
        const char *names[] = {"a", "b"};
        for (int i = 0; i < 2; i++) {
            eh_may_answer answer = ask_email(asked, names[i]);
            assert_string_equal(eh_why_name(answer.why), "merged_no");
            const eh_may_question sms = {.channel = EH_CHANNEL_SMS, .at_s = now_s};
            assert_int_equal(eh_rights_may(asked, eh_view_of(names[i]), &sms, &answer, &error), EH_OK);
            assert_true(answer.may);
        }
    }
    assert_int_equal(eh_person_merge(rights, EH_VIEW("b"), EH_VIEW("a"), now_s, arena, &results, &count, &error), EH_CONFLICT);
    assert_int_equal(eh_person_merge(rights, EH_VIEW("nobody"), EH_VIEW("a"), now_s, arena, &results, &count, &error), EH_NOT_FOUND);
    eh_rights_close(&rights);
    eh_rights_close(&other);
}

/* True when any file below the state folder holds the text. */
static bool on_disk(const char *path, const char *text)
{
    bool found = false;
    DIR *folder_open = opendir(path);
    assert_non_null(folder_open);
    for (struct dirent *entry; (entry = readdir(folder_open)) != NULL;) {
        char name[600];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR)
            found = on_disk(name, text) || found;
        else if (eh_file_read(name, 1 << 28, &bytes, &error) == EH_OK)
            found = found || memmem(bytes.ptr, bytes.len, text, strlen(text)) != NULL;
    }
    (void)closedir(folder_open);
    return found;
}

static void erased_is_nowhere(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 22);
    static const char *const secrets[] = {"zaphod-4711", "ford-0815", "zaphod@heartofgold.example", "+15550147", "registered at the Restaurant", "Betelgeuse"};
    eh_rights *rights = opened();
    for (int i = 0; i < 200; i++) {
        char key[24];
        snprintf(key, sizeof key, "crowd-%d", i);
        (void)say(rights, key, yes_to_email(now_s));
    }
    eh_act act = yes_to_email(now_s);
    act.how = "registered at the Restaurant";
    eh_said_result result;
    eh_speech speech = {.key = eh_view_of(secrets[0]), .email = EH_VIEW("Zaphod@HeartOfGold.example"), .phone = eh_view_of(secrets[3]), .acts = &act,
                        .acts_count = 1, .results = &result};
    assert_int_equal(eh_rights_say_many(rights, &speech, 1, false, now_s, &error), EH_OK);
    (void)say(rights, secrets[1], no_to_email(now_s));
    const eh_said_result *results;
    size_t count, notices;
    assert_int_equal(eh_person_merge(rights, eh_view_of(secrets[1]), eh_view_of(secrets[0]), now_s, arena, &results, &count, &error), EH_OK);
    assert_int_equal(eh_person_disclose(rights, eh_view_of(secrets[0]), "Mailer Ltd", "email", now_s, &error), EH_OK);
    assert_int_equal(eh_person_correct(rights, eh_view_of(secrets[0]), "city", "Betelgeuse", now_s, &notices, &error), EH_OK);
    assert_int_equal(notices, 1);
    eh_request request;
    assert_int_equal(eh_request_open(rights, eh_view_of(secrets[0]), EH_REQUEST_ERASURE, now_s, &request, &error), EH_OK);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        assert_true(on_disk(folder, secrets[i]));
    eh_erased erased;
    if (eh_person_erase(rights, eh_view_of(secrets[1]), now_s, arena, &erased, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_true(erased.found);
    assert_int_equal(erased.identifiers_count, 4);
    assert_int_equal(erased.recipients_count, 1);
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (on_disk(folder, secrets[i]))
            fail_msg("'%s' is still on the disk", secrets[i]);
    /* By every name the answer is no, also after opening anew. */
    for (int turn = 0; turn < 2; turn++) {
        for (size_t i = 0; i < 2; i++) {
            assert_string_equal(eh_why_name(ask_email(rights, secrets[i]).why), "erased");
            eh_ai_state ai;
            assert_int_equal(eh_rights_ai_states(rights, &secrets[i], 1, now_s, &ai, &error), EH_OK);
            assert_int_equal(ai, EH_AI_OPTED_OUT);
        }
        eh_rights_close(&rights);
        rights = opened();
    }
    /* No import brings them back, under no key that has their address; an own yes does. */
    act = yes_to_email(now_s);
    act.by = EH_BY_IMPORT;
    assert_int_equal(eh_rights_say(rights, eh_view_of(secrets[0]), &act, now_s, NULL, &error), EH_DENIED);
    speech = (eh_speech){.key = EH_VIEW("new-key"), .email = eh_view_of(secrets[2]), .acts = &act, .acts_count = 1, .results = &result};
    assert_int_equal(eh_rights_say_many(rights, &speech, 1, false, now_s, &error), EH_DENIED);
    assert_false(on_disk(folder, secrets[2]));
    act.by = EH_BY_PERSON;
    assert_int_equal(eh_rights_say_many(rights, &speech, 1, false, now_s, &error), EH_OK);
    assert_true(speech.lifted);
    assert_true(ask_email(rights, "new-key").may);
    /* Requests stay, without the person. */
    const eh_request *waiting;
    assert_int_equal(eh_requests_waiting(rights, arena, &waiting, &count, &error), EH_OK);
    assert_int_equal(count, 0);
    eh_rights_close(&rights);
}

static void erased_and_back_in_another_process(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_rights *rights = opened(), *other = opened();
    eh_erased erased;
    (void)say(rights, "ann", no_to_email(now_s - DAY));
    assert_string_equal(eh_why_name(ask_email(other, "ann").why), "withdrawn");
    assert_int_equal(eh_person_erase(rights, EH_VIEW("ann"), now_s, arena, &erased, &error), EH_OK);
    (void)say(rights, "ann", yes_to_email(now_s));
    assert_true(ask_email(other, "ann").may);
    assert_int_equal(eh_person_erase(rights, EH_VIEW("ann"), now_s, arena, &erased, &error), EH_OK);
    assert_string_equal(eh_why_name(ask_email(other, "ann").why), "erased");
    eh_rights_close(&rights);
    eh_rights_close(&other);
}

static void requests_have_their_time(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    eh_rights *rights = opened();
    eh_request access, complaint;
    const eh_request *waiting;
    size_t count = 0, closed = 0;
    int64_t january = INT64_C(1801353600); /* 2027-01-31T00:00:00Z */
    assert_int_equal(eh_request_open(rights, EH_VIEW("ann"), EH_REQUEST_ACCESS, january, &access, &error), EH_OK);
    assert_int_equal(access.due_s, INT64_C(1803772800)); /* 2027-02-28 */
    assert_int_equal(eh_request_open(rights, EH_VIEW("ann"), EH_REQUEST_COMPLAINT, january - 10 * DAY, &complaint, &error), EH_OK);
    assert_int_equal(complaint.due_s, january + 20 * DAY);
    assert_int_equal(eh_requests_waiting(rights, arena, &waiting, &count, &error), EH_OK);
    assert_int_equal(count, 2);
    assert_int_equal(waiting[0].kind, EH_REQUEST_COMPLAINT);
    assert_string_equal(waiting[0].key, "ann");
    assert_int_equal(eh_requests_close(rights, EH_VIEW("ann"), EH_REQUEST_ACCESS, january, "exported", &closed, &error), EH_OK);
    assert_int_equal(closed, 1);
    assert_int_equal(eh_request_close(rights, complaint.request, january, "answered", &error), EH_OK);
    assert_int_equal(eh_request_close(rights, complaint.request, january, "answered", &error), EH_NOT_FOUND);
    assert_int_equal(eh_requests_waiting(rights, arena, &waiting, &count, &error), EH_OK);
    assert_int_equal(count, 0);
    eh_rights_close(&rights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_said_is_kept, fresh),   cmocka_unit_test_setup(evidence_is_asked_for, fresh),
        cmocka_unit_test_setup(a_changed_record_is_found, fresh), cmocka_unit_test_setup(other_processes_are_heard, fresh),
        cmocka_unit_test_setup(threads_share_one_handle, fresh), cmocka_unit_test_setup(threads_share_commits, fresh), cmocka_unit_test_setup(many_in_one_transaction, fresh),
        cmocka_unit_test_setup(merging_goes_towards_no, fresh), cmocka_unit_test_setup(erased_is_nowhere, fresh),
        cmocka_unit_test_setup(erased_and_back_in_another_process, fresh), cmocka_unit_test_setup(requests_have_their_time, fresh),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
