/*
 * Goal: opening from the snapshot tells exactly what reading all acts tells, whatever happened between the two; a snapshot that was changed, cut, is older or
 * newer than the database is not believed; an act that was changed by other means is never believed, before the snapshot or after it; who is erased is in none.
 */
#include "rights/person.h"
#include "rights/records_int.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { DAY = 86400, NEVER = 1 << 30 };
static const int64_t now_s = INT64_C(1795521600); /* 2026-11-24T12:00:00Z */
static char base[] = "/tmp/evenhand-snapshot-XXXXXX";
static char folder[256];
static eh_error error;

static int make_base(void **state)
{
    (void)state;
    return mkdtemp(base) == NULL ? -1 : 0;
}

static int run(const char *command)
{
    FILE *done = popen(command, "r");
    return done == NULL ? -1 : pclose(done);
}

static int remove_base(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", base);
    return run(command);
}

static int fresh(void **state)
{
    static int number;
    (void)state;
    snprintf(folder, sizeof folder, "%s/%d", base, ++number);
    return 0;
}

static void path_of(const char *name, char path[300])
{
    snprintf(path, 300, "%s/%s", folder, name);
}

static void copy(const char *from, const char *to)
{
    char command[700];
    snprintf(command, sizeof command, "cp '%s/%s' '%s/%s'", folder, from, folder, to);
    assert_int_equal(run(command), 0);
}

static bool is_there(const char *name)
{
    char path[300];
    path_of(name, path);
    return access(path, F_OK) == 0;
}

static eh_rights *opened(uint64_t snapshot_after)
{
    eh_rights *rights = NULL;
    if (eh_rights_open(&(eh_rights_options){.state_folder = folder, .snapshot_after = snapshot_after}, &rights, &error) != EH_OK)
        fail_msg("%s", error.text);
    return rights;
}

static void say(eh_rights *rights, const char *key, eh_act act)
{
    if (eh_rights_say(rights, eh_view_of(key), &act, now_s, NULL, &error) != EH_OK)
        fail_msg("%s: %s", key, error.text);
}

static eh_act yes(int64_t at_s)
{
    return (eh_act){.kind = EH_ACT_CONSENT, .channel = EH_CHANNEL_EMAIL, .at_s = at_s, .how = "newsletter form", .wording = "Send me news by e-mail.",
                    .version = "n1", .language = "en", .jurisdiction = {"IE"}};
}

static eh_act no(int64_t at_s)
{
    return (eh_act){.kind = EH_ACT_WITHDRAW, .channel = EH_CHANNEL_EMAIL, .at_s = at_s};
}

static const char *why(eh_rights *rights, const char *key)
{
    eh_may_answer answer;
    const eh_may_question question = {.channel = EH_CHANNEL_EMAIL, .at_s = now_s};
    if (eh_rights_may(rights, eh_view_of(key), &question, &answer, &error) != EH_OK)
        return eh_code_name(error.code);
    return eh_why_name(answer.why);
}

static void count_found(void *context, const char *what)
{
    (void)snprintf(context, 400, "%s", what);
}

/* What `evenhand store check` would say of it; empty: nothing. */
static const char *found_in_it(void)
{
    static char what[400];
    what[0] = '\0';
    if (eh_rights_check(folder, count_found, what, &error) != EH_OK)
        fail_msg("%s", error.text);
    return what;
}

static void attack(const char *sql)
{
    char path[300];
    eh_store *store = NULL;
    path_of("evenhand.db", path);
    assert_int_equal(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_WRITE}, &store, &error), EH_OK);
    if (eh_store_run(store, sql, &error) != EH_OK)
        fail_msg("%s: %s", sql, error.text);
    eh_store_close(&store);
}

static void some_people(void)
{
    eh_rights *rights = opened(1);
    say(rights, "ann", yes(now_s - DAY));
    say(rights, "ann", no(now_s));
    say(rights, "bob", yes(now_s));
    say(rights, "cleo", (eh_act){.kind = EH_ACT_BIRTH, .birth_day = -1000, .at_s = now_s, .how = "account page"});
    eh_rights_close(&rights);
    assert_true(is_there("rights.snapshot"));
    assert_false(is_there("rights.snapshot.new"));
}

static bool was_read(const eh_rights *rights)
{
    return rights->snapshot == EH_SNAPSHOT_READ && rights->covered_person > 0;
}

/* ---- as if all acts had been read --------------------------------------------------------------------------------------------------- */

static void a_snapshot_is_used_and_followed(void **state)
{
    (void)state;
    some_people();
    struct stat facts;
    char path[300];
    path_of("rights.snapshot", path);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    eh_rights *rights = opened(NEVER);
    assert_true(was_read(rights));
    assert_string_equal(why(rights, "ann"), "withdrawn");
    assert_string_equal(why(rights, "bob"), "consent");
    say(rights, "bob", no(now_s));
    say(rights, "dora", yes(now_s));
    assert_string_equal(why(rights, "bob"), "withdrawn");
    eh_rights_close(&rights);
    rights = opened(NEVER);
    assert_true(was_read(rights));
    assert_string_equal(why(rights, "bob"), "withdrawn");
    assert_string_equal(why(rights, "dora"), "consent");
    eh_rights_close(&rights);
    assert_string_equal(found_in_it(), "");
}

/* Without a single act after it, a second closing does not write it again. */
static void what_is_so_already_is_not_written(void **state)
{
    (void)state;
    struct stat before, after;
    char path[300];
    some_people();
    path_of("rights.snapshot", path);
    assert_int_equal(stat(path, &before), 0);
    eh_rights *rights = opened(1);
    eh_rights_close(&rights);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino == after.st_ino);
}

static void another_rule_is_another_snapshot(void **state)
{
    (void)state;
    some_people();
    eh_rights *rights = NULL;
    const eh_rights_options options = {.state_folder = folder, .house = {.signal_keeps_ai = true}, .snapshot_after = NEVER};
    assert_int_equal(eh_rights_open(&options, &rights, &error), EH_OK);
    assert_false(was_read(rights));
    assert_string_equal(why(rights, "ann"), "withdrawn");
    eh_rights_close(&rights);
}

/* Whatever happens between snapshots, in random order: the same as reading all acts. */
static void random_lives_agree(void **state)
{
    (void)state;
    static const char *const keys[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
    eh_random random;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 26);
    for (uint64_t seed = 0; seed < 12; seed++) {
        (void)fresh(NULL);
        eh_random_init(&random, seed);
        eh_rights *rights = opened(1 + seed % 5);
        for (int step = 0; step < 60; step++) {
            const char *key = keys[eh_random_next(&random) % 8], *other = keys[eh_random_next(&random) % 8];
            const eh_said_result *results;
            eh_erased erased;
            size_t count;
            eh_act act = yes(now_s - (int64_t)(eh_random_next(&random) % 90) * DAY);
            switch (eh_random_next(&random) % 9) {
            case 0: act = (eh_act){.kind = EH_ACT_OBJECT, .at_s = act.at_s}; break;
            case 1: act = no(act.at_s); break;
            case 2: act = (eh_act){.kind = EH_ACT_SIGNAL, .at_s = act.at_s}; break;
            case 3: act = (eh_act){.kind = EH_ACT_PURCHASE, .at_s = act.at_s, .soft_facts = 7, .product_group = "shoes", .how = "shop"}; break;
            case 4: act.kind = EH_ACT_ASK; break;
            case 5: (void)!eh_person_merge(rights, eh_view_of(key), eh_view_of(other), now_s, arena, &results, &count, &error); continue;
            case 6:
                if (eh_random_next(&random) % 4 == 0)
                    assert_int_equal(eh_person_erase(rights, eh_view_of(key), now_s, arena, &erased, &error), EH_OK);
                continue;
            case 7:
                eh_rights_close(&rights);
                rights = opened(1 + seed % 5);
                continue;
            default: break;
            }
            (void)!eh_rights_say(rights, eh_view_of(key), &act, now_s, NULL, &error); /* who was erased may be refused */
        }
        eh_rights_close(&rights);
        if (found_in_it()[0] != '\0')
            fail_msg("seed %ju: %s", (uintmax_t)seed, found_in_it());
        rights = opened(NEVER);
        eh_rights *all = NULL;
        assert_int_equal(eh_rights_open_as(&(eh_rights_options){.state_folder = folder}, EH_OPENING_FROM_ACTS, &all, &error), EH_OK);
        for (size_t i = 0; i < 8; i++)
            assert_string_equal(why(rights, keys[i]), why(all, keys[i]));
        eh_rights_close(&rights);
        eh_rights_close(&all);
    }
}

/* States move out of the bytes of the snapshot while others read them: each reader sees the old word or the new one, and never the old one again. */
enum { CROWD = 64, READERS = 2 };
static atomic_bool all_said;

static void *read_on(void *argument)
{
    eh_rights *rights = argument;
    bool gone[CROWD] = {false};
    bool good = true, last = false;
    while (good && !last) {
        last = atomic_load(&all_said);
        for (int i = 0; i < CROWD; i++) {
            char key[16];
            eh_may_answer answer;
            eh_error own;
            snprintf(key, sizeof key, "crowd-%d", i);
            good = good && eh_rights_may(rights, eh_view_of(key), &(eh_may_question){.channel = EH_CHANNEL_EMAIL, .at_s = now_s}, &answer, &own) == EH_OK;
            good = good && (answer.why == EH_WHY_CONSENT || answer.why == EH_WHY_WITHDRAWN) && !(gone[i] && answer.may) && !(last && answer.may);
            gone[i] = gone[i] || !answer.may;
        }
    }
    return good ? NULL : rights;
}

static void states_move_while_others_read(void **state)
{
    (void)state;
    char key[16];
    pthread_t threads[READERS];
    eh_rights *rights = opened(1);
    for (int i = 0; i < CROWD; i++) {
        snprintf(key, sizeof key, "crowd-%d", i);
        say(rights, key, yes(now_s - DAY));
    }
    eh_rights_close(&rights);
    rights = opened(NEVER);
    assert_true(was_read(rights));
    atomic_store(&all_said, false);
    for (int i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, rights), 0);
    for (int i = 0; i < CROWD; i++) {
        snprintf(key, sizeof key, "crowd-%d", i);
        say(rights, key, no(now_s));
    }
    atomic_store(&all_said, true);
    for (int i = 0; i < READERS; i++) {
        void *bad = NULL;
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
    eh_rights_close(&rights);
    assert_string_equal(found_in_it(), "");
}

/* ---- a snapshot that is not what it should be --------------------------------------------------------------------------------------- */

static void a_flipped_bit_is_not_believed(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer good = {0};
    char path[300];
    some_people();
    path_of("rights.snapshot", path);
    assert_int_equal(eh_file_read(path, 1 << 20, &good, &error), EH_OK);
    for (size_t i = 0; i < good.len; i++) {
        good.ptr[i] = (char)(good.ptr[i] ^ (1 << i % 8));
        assert_int_equal(eh_file_replace(path, eh_buffer_view(&good), &error), EH_OK);
        good.ptr[i] = (char)(good.ptr[i] ^ (1 << i % 8));
        if (i % 16 == 0)
            assert_non_null(strstr(found_in_it(), "not as it was written"));
        eh_rights *rights = NULL;
        assert_int_equal(eh_rights_open_as(&(eh_rights_options){.state_folder = folder}, EH_OPENING_TO_LOOK, &rights, &error), EH_OK);
        assert_int_equal(rights->snapshot, EH_SNAPSHOT_DAMAGED);
        assert_string_equal(why(rights, "ann"), "withdrawn");
        assert_string_equal(why(rights, "bob"), "consent");
        eh_rights_close(&rights);
    }
    for (size_t len = 0; len < good.len; len += 3) {
        assert_int_equal(eh_file_replace(path, (eh_view){good.ptr, len}, &error), EH_OK);
        eh_rights *rights = NULL;
        assert_int_equal(eh_rights_open_as(&(eh_rights_options){.state_folder = folder}, EH_OPENING_TO_LOOK, &rights, &error), EH_OK);
        assert_int_equal(rights->snapshot, EH_SNAPSHOT_DAMAGED);
        assert_string_equal(why(rights, "bob"), "consent");
        eh_rights_close(&rights);
    }
    eh_rights *rights = opened(1); /* and made anew */
    eh_rights_close(&rights);
    assert_string_equal(found_in_it(), "");
    rights = opened(NEVER);
    assert_true(was_read(rights));
    eh_rights_close(&rights);
}

static void an_older_snapshot_is_not_believed(void **state)
{
    (void)state;
    some_people();
    copy("rights.snapshot", "old");
    eh_rights *rights = opened(1);
    say(rights, "bob", no(now_s));
    eh_rights_close(&rights);
    copy("old", "rights.snapshot");
    rights = opened(NEVER);
    assert_false(was_read(rights));
    assert_string_equal(why(rights, "bob"), "withdrawn");
    eh_rights_close(&rights);
    assert_false(is_there("rights.snapshot")); /* too little to need one, and the old one is no use */
}

static void a_newer_snapshot_than_the_database_is_not_believed(void **state)
{
    (void)state;
    some_people();
    copy("evenhand.db", "old");
    eh_rights *rights = opened(1);
    say(rights, "bob", no(now_s));
    eh_rights_close(&rights);
    copy("old", "evenhand.db"); /* a backup that was put back by hand */
    rights = opened(NEVER);
    assert_false(was_read(rights));
    assert_string_equal(why(rights, "bob"), "consent");
    say(rights, "cleo", yes(now_s));
    eh_rights_close(&rights);
    rights = opened(NEVER);
    assert_string_equal(why(rights, "bob"), "consent");
    eh_rights_close(&rights);
    assert_string_equal(found_in_it(), "");
}

/* Killed when the new file was in place and the database did not name it yet: what was acknowledged is there. */
static void killed_while_it_was_written(void **state)
{
    (void)state;
    some_people();
    eh_rights *rights = opened(NEVER);
    say(rights, "dora", yes(now_s));
    eh_rights_close(&rights);
    pid_t child = fork();
    if (child == 0) {
        eh_rights *own = NULL;
        eh_error told;
        if (eh_rights_open_as(&(eh_rights_options){.state_folder = folder}, EH_OPENING_USUAL, &own, &told) == EH_OK &&
            eh_store_begin(own->store, &told) == EH_OK && eh_snapshot_write(own, &told) == EH_OK)
            (void)kill(getpid(), SIGKILL); /* before the commit */
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    rights = opened(NEVER);
    assert_int_equal(rights->covered_person, 0);
    assert_string_equal(why(rights, "dora"), "consent");
    assert_string_equal(why(rights, "ann"), "withdrawn");
    eh_rights_close(&rights);
    assert_string_equal(found_in_it(), "");
    /* Killed while it was being written: what is there of it is written over. */
    copy("evenhand.db", "rights.snapshot.new");
    some_people();
    assert_string_equal(found_in_it(), "");
}

/* What cannot be written is left alone: the next start takes longer, and nothing else. */
static void it_cannot_be_written(void **state)
{
    (void)state;
    char path[300];
    assert_int_equal(mkdir(folder, 0700), 0);
    path_of("rights.snapshot.new", path);
    assert_int_equal(mkdir(path, 0700), 0);
    eh_rights *rights = opened(1);
    say(rights, "bob", yes(now_s));
    eh_rights_close(&rights);
    assert_false(is_there("rights.snapshot"));
    assert_int_equal(rmdir(path), 0);
    path_of("rights.snapshot", path);
    assert_int_equal(mkdir(path, 0700), 0);
    for (int turn = 0; turn < 2; turn++) {
        rights = opened(turn == 0 ? 1 : NEVER);
        assert_int_equal(rights->covered_person, 0);
        assert_string_equal(why(rights, "bob"), "consent");
        eh_rights_close(&rights);
        assert_false(is_there("rights.snapshot.new"));
    }
}

/* ---- acts that were changed by other means -------------------------------------------------------------------------------------------- */

static void a_changed_act_after_it_is_found(void **state)
{
    (void)state;
    static const char *const attacks[] = {
        "UPDATE rights_act SET kind = 0 WHERE act = 5",                                /* the withdrawal becomes a consent */
        "UPDATE rights_act SET at_s = at_s - 1 WHERE act = 6",
        "UPDATE rights_act SET person = 1 WHERE act = 5",
        "UPDATE rights_act SET how = 'another' WHERE act = 6",
        "DELETE FROM rights_act WHERE act = 5",                                        /* in the middle */
        "DELETE FROM rights_act WHERE act = 7",                                        /* at the end */
        "UPDATE rights_act SET seal = zeroblob(16) WHERE act = 3",                     /* what the chain goes on from */
        "DELETE FROM rights_act WHERE act = 3",
    };
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        (void)fresh(NULL);
        some_people();
        eh_rights *rights = opened(NEVER);
        say(rights, "bob", no(now_s - 3));
        say(rights, "bob", yes(now_s - 2));
        say(rights, "bob", no(now_s - 1));
        eh_rights_close(&rights);
        attack(attacks[i]);
        eh_code code = eh_rights_open(&(eh_rights_options){.state_folder = folder, .snapshot_after = NEVER}, &rights, &error);
        if (code != EH_CORRUPT)
            fail_msg("not found: %s", attacks[i]);
        if (found_in_it()[0] == '\0')
            fail_msg("not found by a check: %s", attacks[i]);
    }
}

static void a_changed_act_before_it_is_not_believed(void **state)
{
    (void)state;
    static const char *const attacks[] = {
        "UPDATE rights_act SET kind = 0 WHERE act = 2",
        "UPDATE rights_act SET at_s = at_s + 1 WHERE act = 1",
        "DELETE FROM rights_act WHERE act = 2",
        "DELETE FROM rights_act WHERE act = 1",
        "UPDATE rights_wording SET text = 'Send me everything, and tell everybody.'",
    };
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        (void)fresh(NULL);
        some_people();
        attack(attacks[i]);
        eh_rights *rights = opened(NEVER);
        assert_true(was_read(rights));
        assert_string_equal(why(rights, "ann"), "withdrawn");
        eh_person person;
        if (eh_person_read(rights, EH_VIEW("ann"), arena, &person, &error) != EH_CORRUPT)
            fail_msg("believed: %s", attacks[i]);
        eh_rights_close(&rights);
        if (strstr(found_in_it(), "changed evenhand.db by other means") == NULL)
            fail_msg("not found by a check: %s: %s", attacks[i], found_in_it());
    }
}

/* Changed while a process has it open: not believed either, and nothing false gets into the next snapshot. */
static void a_change_under_way_is_not_believed(void **state)
{
    (void)state;
    some_people();
    eh_rights *rights = opened(1), *other = opened(NEVER);
    attack("UPDATE rights_counter SET value = 5 WHERE name = 'act'");
    attack("INSERT INTO rights_act SELECT 5, person, 99, 0, said_by, purpose, channel, control, at_s + 1, until_s, birth_day, soft_facts, jurisdiction, "
           "product_group, how, wording, recorded_s, seal, ledger FROM rights_act WHERE act = 2");
    eh_act act = yes(now_s);
    assert_int_equal(eh_rights_say(rights, EH_VIEW("bob"), &act, now_s, NULL, &error), EH_CORRUPT);
    assert_string_equal(why(rights, "ann"), "unavailable");
    eh_rights_close(&rights);
    eh_rights_close(&other);
    assert_int_equal(eh_rights_open(&(eh_rights_options){.state_folder = folder}, &rights, &error), EH_CORRUPT);
}

/* ---- gone, and put back ------------------------------------------------------------------------------------------------------------------ */

static void who_is_erased_is_in_no_snapshot(void **state)
{
    (void)state;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    char path[300];
    some_people();
    eh_rights *rights = opened(NEVER);
    eh_hash128 name = eh_siphash(rights->keys.index, EH_VIEW("bob"));
    path_of("rights.snapshot", path);
    assert_int_equal(eh_file_read(path, 1 << 20, &bytes, &error), EH_OK);
    assert_non_null(memmem(bytes.ptr, bytes.len, &name, sizeof name));
    assert_null(memmem(bytes.ptr, bytes.len, "bob", 3));
    eh_erased erased;
    assert_int_equal(eh_person_erase(rights, EH_VIEW("bob"), now_s, arena, &erased, &error), EH_OK);
    assert_false(is_there("rights.snapshot"));
    eh_rights_close(&rights);
    rights = opened(1);
    eh_rights_close(&rights);
    eh_buffer_clear(&bytes);
    assert_int_equal(eh_file_read(path, 1 << 20, &bytes, &error), EH_OK);
    assert_null(memmem(bytes.ptr, bytes.len, &name, sizeof name));
    rights = opened(NEVER);
    assert_string_equal(why(rights, "bob"), "erased");
    assert_string_equal(why(rights, "ann"), "withdrawn");
    eh_rights_close(&rights);
}

/* Who has the old database in memory says nothing more about anybody once a backup was put back. */
static void a_backup_that_is_put_back_is_heard_of(void **state)
{
    (void)state;
    char path[300], copied[300];
    path_of("evenhand.db", path);
    path_of("copy.db", copied);
    some_people();
    eh_store *store = NULL;
    assert_int_equal(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_WRITE}, &store, &error), EH_OK);
    assert_int_equal(eh_store_backup(store, copied, &error), EH_OK);
    eh_rights *rights = opened(1);
    say(rights, "bob", no(now_s));
    say(rights, "bob", no(now_s - 1));
    assert_int_equal(eh_store_restore(store, copied, &error), EH_OK);
    eh_store_close(&store);
    /* before anybody has said so: an act with a number that is taken here is not acknowledged as if it had been heard */
    eh_act act = no(now_s);
    assert_int_equal(eh_rights_say(rights, EH_VIEW("cleo"), &act, now_s, NULL, &error), EH_UNAVAILABLE);
    assert_non_null(strstr(error.text, "backup"));
    eh_rights *second = opened(NEVER);
    assert_int_equal(eh_rights_put_back(folder, &error), EH_OK);
    assert_false(is_there("rights.snapshot"));
    assert_string_equal(why(rights, "bob"), "unavailable");
    assert_string_equal(why(second, "bob"), "unavailable");
    eh_rights_close(&rights);
    eh_rights_close(&second);
    rights = opened(NEVER);
    assert_string_equal(why(rights, "bob"), "consent");
    eh_rights_close(&rights);
    assert_string_equal(found_in_it(), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_snapshot_is_used_and_followed, fresh),
        cmocka_unit_test_setup(what_is_so_already_is_not_written, fresh),
        cmocka_unit_test_setup(another_rule_is_another_snapshot, fresh),
        cmocka_unit_test_setup(random_lives_agree, fresh),
        cmocka_unit_test_setup(states_move_while_others_read, fresh),
        cmocka_unit_test_setup(a_flipped_bit_is_not_believed, fresh),
        cmocka_unit_test_setup(an_older_snapshot_is_not_believed, fresh),
        cmocka_unit_test_setup(a_newer_snapshot_than_the_database_is_not_believed, fresh),
        cmocka_unit_test_setup(killed_while_it_was_written, fresh),
        cmocka_unit_test_setup(it_cannot_be_written, fresh),
        cmocka_unit_test_setup(a_changed_act_after_it_is_found, fresh),
        cmocka_unit_test_setup(a_changed_act_before_it_is_not_believed, fresh),
        cmocka_unit_test_setup(a_change_under_way_is_not_believed, fresh),
        cmocka_unit_test_setup(who_is_erased_is_in_no_snapshot, fresh),
        cmocka_unit_test_setup(a_backup_that_is_put_back_is_heard_of, fresh),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
