/* Goal: what was appended is there, provable and readable, until its person is erased; what was changed is found and named. */
#include "ledger/ledger_int.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static char top[] = "/tmp/evenhand-ledger-XXXXXX";
static char folder[256];

static void shell(const char *format, ...) EH_PRINTF(1, 2);

static void shell(const char *format, ...)
{
    char command[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    FILE *done = popen(command, "r");
    assert_non_null(done);
    assert_int_equal(pclose(done), 0);
}

static int make_top(void **state)
{
    (void)state;
    return mkdtemp(top) == NULL ? -1 : 0;
}

static int remove_top(void **state)
{
    (void)state;
    shell("rm -r '%s'", top);
    return 0;
}

static int fresh(void **state)
{
    static int number;
    (void)state;
    eh_error error = {0};
    snprintf(folder, sizeof folder, "%s/%d", top, ++number);
    mkdir(folder, 0755);
    if (eh_ledger_init(folder, "shop.example/ledger", &error) != EH_OK)
        fail_msg("%s", error.text);
    return 0;
}

static eh_instant fixed_now(void *context)
{
    return (eh_instant){.seconds = *(int64_t *)context};
}

static int64_t now_seconds = 1795000000; /* 2026-11-18 */

static eh_ledger *opened(void)
{
    eh_ledger *ledger = NULL;
    eh_error error = {0};
    if (eh_ledger_open(folder, &(eh_ledger_options){.now = fixed_now, .clock_context = &now_seconds}, &ledger, &error) != EH_OK)
        fail_msg("%s", error.text);
    return ledger;
}

static eh_ledger_receipt append(eh_ledger *ledger, const char *kind, const char *person, const char *payload)
{
    eh_ledger_entry entry = {.kind = eh_view_of(kind), .person = eh_view_of(person), .payload = eh_view_of(payload)};
    eh_ledger_receipt receipt = {0};
    eh_error error = {0};
    if (eh_ledger_append(ledger, &entry, 1, &receipt, &error) != EH_OK)
        fail_msg("%s", error.text);
    return receipt;
}

static void append_many(eh_ledger *ledger, size_t count)
{
    eh_ledger_entry *entries = calloc(count, sizeof *entries);
    char(*texts)[2][48] = calloc(count, sizeof *texts);
    for (size_t i = 0; i < count; i++) {
        snprintf(texts[i][0], sizeof texts[i][0], "customer-%zu", i % 97);
        snprintf(texts[i][1], sizeof texts[i][1], "{\"offer\":\"free shipping\",\"n\":%zu}", i);
        entries[i] = (eh_ledger_entry){.kind = EH_VIEW("decision"), .payload = eh_view_of(texts[i][1])};
        if (i % 5 != 0)
            entries[i].person = eh_view_of(texts[i][0]);
    }
    eh_error error = {0};
    if (eh_ledger_append(ledger, entries, count, NULL, &error) != EH_OK)
        fail_msg("%s", error.text);
    free(texts);
    free(entries);
}

static eh_ledger_verification verified(eh_arena *arena)
{
    eh_ledger_verification found = {0};
    eh_error error = {0};
    if (eh_ledger_verify(folder, NULL, arena, &found, &error) != EH_OK)
        fail_msg("%s", error.text);
    return found;
}

static eh_ledger_verification all_well(void)
{
    eh_arena *arena = eh_arena_open(1 << 26);
    eh_ledger_verification found = verified(arena);
    if (found.findings_count > 0)
        fail_msg("%ju findings: %s", (uintmax_t)found.findings_count, found.findings[0]);
    eh_arena_close(&arena);
    return found;
}

static void begins_empty_and_signed(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_ledger_verification found = all_well();
    assert_int_equal(found.size, 0);
    assert_int_equal(found.signatures_count, 1);
    assert_int_equal(eh_ledger_init(folder, "shop.example/ledger", &error), EH_CONFLICT);
    assert_int_equal(eh_ledger_init(top, "no good", &error), EH_INPUT);
    assert_int_equal(eh_ledger_init(top, "no+good", &error), EH_INPUT);
    char path[300];
    struct stat facts;
    snprintf(path, sizeof path, "%s/.evenhand/keys/ledger.key", folder);
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_true(eh_ledger_exists(folder));
    assert_false(eh_ledger_exists(top));
}

static void names_a_ledger_after_a_shop(void **state)
{
    (void)state;
    static const struct { const char *shop, *name; } rows[] = {
        {"Blue Finch Outdoor", "blue-finch-outdoor/ledger"}, {"shop.example", "shop.example/ledger"}, {"  + ", "shop/ledger"},
        {"", "shop/ledger"},                                 {"Caf\xC3\xA9 42!", "caf-42/ledger"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char name[EH_LEDGER_NAME_BYTES_MAX + 1];
        eh_ledger_name_of(rows[i].shop, name);
        assert_string_equal(name, rows[i].name);
        assert_int_equal(eh_key_name_check(eh_view_of(name), NULL), EH_OK);
    }
}

static void keeps_reads_and_proves(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_ledger *ledger = opened();
    eh_ledger_receipt policy = append(ledger, "policy", NULL, "{\"version\":3}");
    eh_ledger_receipt decision = append(ledger, "decision", "customer 17", "{\"offer\":\"10 % off\"}");
    assert_int_equal(policy.index, 0);
    assert_int_equal(decision.index, 1);
    assert_int_equal(strlen(decision.id), 32);
    append_many(ledger, 700);
    assert_int_equal(eh_ledger_publish(ledger, &error), EH_OK);
    eh_arena *arena = eh_arena_open(1 << 22);
    eh_ledger_record record;
    assert_int_equal(eh_ledger_read(ledger, eh_view_of(decision.id), arena, &record, &error), EH_OK);
    assert_int_equal(record.state, EH_RECORD_OPENED);
    assert_true(eh_view_equal(record.payload, EH_VIEW("{\"offer\":\"10 % off\"}")));
    assert_true(eh_view_equal(record.at, EH_VIEW("2026-11-18T11:00:00Z")));
    assert_null(memmem(record.leaf.ptr, record.leaf.len, "customer", 8));
    assert_null(memmem(record.leaf.ptr, record.leaf.len, "off", 3));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer proof = {0}, keys = {0};
    assert_int_equal(eh_ledger_prove(ledger, &record, &proof, &error), EH_OK);
    assert_int_equal(eh_ledger_keys_show(folder, &keys, &error), EH_OK);
    eh_ledger_proof proven;
    if (eh_ledger_proof_check(eh_buffer_view(&proof), eh_buffer_view(&keys), arena, &proven, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(proven.index, 1);
    assert_int_equal(proven.size, 702);
    assert_true(eh_view_equal(proven.payload, record.payload));
    assert_int_equal(eh_ledger_read(ledger, EH_VIEW("0"), arena, &record, &error), EH_OK);
    assert_int_equal(record.state, EH_RECORD_CLEAR);
    assert_true(eh_view_equal(record.payload, EH_VIEW("{\"version\":3}")));
    assert_int_equal(eh_ledger_read(ledger, EH_VIEW("702"), arena, &record, &error), EH_NOT_FOUND);
    assert_int_equal(eh_ledger_read(ledger, EH_VIEW("00000000000000000000000000000000"), arena, &record, &error), EH_NOT_FOUND);
    assert_int_equal(eh_ledger_read(ledger, EH_VIEW("x"), arena, &record, &error), EH_INPUT);
    uint64_t indexes[4];
    size_t count = 0;
    assert_int_equal(eh_ledger_person_entries(ledger, EH_VIEW("customer-1"), 4, indexes, &count, &error), EH_OK);
    assert_true(count > 4 && indexes[0] == 3);
    eh_arena_close(&arena);
    eh_ledger_close(&ledger);
    eh_ledger_verification found = all_well();
    assert_int_equal(found.size, 702);
    assert_int_equal(found.states[EH_RECORD_CLEAR], 141);
    assert_int_equal(found.states[EH_RECORD_OPENED], 561);
}

static void refuses_what_is_no_entry(void **state)
{
    (void)state;
    eh_ledger *ledger = opened();
    static const struct { const char *kind, *person, *payload; eh_code code; } rows[] = {
        {"", "", "{}", EH_INPUT}, {"Decision", "", "{}", EH_INPUT}, {"a b", "", "{}", EH_INPUT}, {"erasure", "", "{}", EH_INPUT},
        {"key", "", "{}", EH_INPUT}, {"decision", "", "", EH_INPUT}, {"decision", "", "[]", EH_INPUT}, {"decision", "", "{\"a\":}", EH_INPUT},
        {"decision", "", "{\"a\":\"\xFF\"}", EH_INPUT}, {"decision", "", "{} {}", EH_INPUT}, {"decision", "", "{\"a\":\"\\ud800\"}", EH_INPUT}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_ledger_entry entry = {.kind = eh_view_of(rows[i].kind), .person = eh_view_of(rows[i].person), .payload = eh_view_of(rows[i].payload)};
        eh_error error = {0};
        if (eh_ledger_append(ledger, &entry, 1, NULL, &error) != rows[i].code)
            fail_msg("case %zu: %s", i, error.text);
    }
    static char large[70000];
    eh_error error = {0};
    memset(large, ' ', sizeof large);
    memcpy(large, "{\"a\":1", 6);
    large[sizeof large - 1] = '}';
    eh_ledger_entry entry = {.kind = EH_VIEW("decision"), .payload = {large, sizeof large}};
    assert_int_equal(eh_ledger_append(ledger, &entry, 1, NULL, &error), EH_LIMIT);
    entry.person = EH_VIEW("somebody"); /* sealed apart it may be that long */
    assert_int_equal(eh_ledger_append(ledger, &entry, 1, NULL, &error), EH_OK);
    eh_ledger_close(&ledger);
    assert_int_equal(all_well().size, 1);
}

static void one_writes_at_a_time(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_ledger *ledger = opened(), *second = NULL;
    assert_int_equal(eh_ledger_open(folder, NULL, &second, &error), EH_UNAVAILABLE);
    assert_non_null(strstr(error.text, "another process"));
    assert_int_equal(eh_ledger_open(folder, &(eh_ledger_options){.reads_only = true}, &second, &error), EH_OK);
    eh_ledger_entry entry = {.kind = EH_VIEW("policy"), .payload = EH_VIEW("{}")};
    assert_int_equal(eh_ledger_append(second, &entry, 1, NULL, &error), EH_DENIED);
    eh_ledger_close(&second);
    eh_ledger_close(&ledger);
    ledger = opened();
    eh_ledger_close(&ledger);
}

static void the_clock_never_goes_back(void **state)
{
    (void)state;
    eh_ledger *ledger = opened();
    append(ledger, "policy", NULL, "{\"n\":1}");
    eh_ledger_close(&ledger);
    now_seconds -= 90000;
    ledger = opened();
    append(ledger, "policy", NULL, "{\"n\":2}");
    now_seconds += 90000 + 7200;
    append(ledger, "policy", NULL, "{\"n\":3}");
    eh_error error = {0};
    assert_int_equal(eh_ledger_publish(ledger, &error), EH_OK);
    eh_arena *arena = eh_arena_open(1 << 20);
    eh_ledger_record record;
    assert_int_equal(eh_ledger_read(ledger, EH_VIEW("1"), arena, &record, &error), EH_OK);
    assert_true(eh_view_equal(record.at, EH_VIEW("2026-11-18T11:00:00Z")));
    assert_int_equal(eh_ledger_read(ledger, EH_VIEW("2"), arena, &record, &error), EH_OK);
    assert_true(eh_view_equal(record.at, EH_VIEW("2026-11-18T13:00:00Z")));
    now_seconds -= 7200;
    eh_arena_close(&arena);
    eh_ledger_close(&ledger);
    all_well();
}

static void erases_a_person(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_ledger *ledger = opened();
    eh_ledger_receipt mine = append(ledger, "decision", "ann@shop.example", "{\"offer\":\"a\"}"), receipt = {0};
    append(ledger, "decision", "ben@shop.example", "{\"offer\":\"b\"}");
    append(ledger, "consent", "ann@shop.example", "{\"state\":\"yes\"}");
    uint64_t erased = 99;
    bool was = true;
    assert_int_equal(eh_ledger_person_erased(ledger, EH_VIEW("ann@shop.example"), &was, &error), EH_OK);
    assert_false(was);
    if (eh_ledger_person_erase(ledger, EH_VIEW("ann@shop.example"), EH_VIEW("request"), &erased, &receipt, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(erased, 2);
    assert_int_equal(receipt.index, 3);
    assert_int_equal(eh_ledger_person_erased(ledger, EH_VIEW("ann@shop.example"), &was, &error), EH_OK);
    assert_true(was);
    assert_int_equal(eh_ledger_person_erase(ledger, EH_VIEW("ann@shop.example"), EH_VIEW("request"), &erased, &receipt, &error), EH_OK);
    assert_int_equal(erased, 0);
    assert_int_equal(eh_ledger_person_erase(ledger, EH_VIEW("nobody"), EH_VIEW("request"), &erased, &receipt, &error), EH_OK);
    eh_arena *arena = eh_arena_open(1 << 20);
    eh_ledger_record record;
    assert_int_equal(eh_ledger_read(ledger, eh_view_of(mine.id), arena, &record, &error), EH_OK);
    assert_int_equal(record.state, EH_RECORD_ERASED);
    assert_int_equal(record.payload.len, 0);
    assert_int_equal(eh_ledger_read(ledger, EH_VIEW("1"), arena, &record, &error), EH_OK);
    assert_int_equal(record.state, EH_RECORD_OPENED);
    assert_int_equal(eh_ledger_read(ledger, EH_VIEW("3"), arena, &record, &error), EH_OK);
    assert_non_null(memmem(record.payload.ptr, record.payload.len, "\"entries\":2", 11));
    /* somebody of that name may come again: a new person */
    append(ledger, "consent", "ann@shop.example", "{\"state\":\"no\"}");
    eh_arena_close(&arena);
    eh_ledger_close(&ledger);
    eh_ledger_verification found = all_well();
    assert_int_equal(found.states[EH_RECORD_ERASED], 2);
    assert_int_equal(found.states[EH_RECORD_OPENED], 2);
    assert_int_equal(found.erasures_count, 1);
    char command[600];
    snprintf(command, sizeof command, "! grep -rqE 'ann@shop|ben@shop' '%s'", folder);
    shell("%s", command);
}

static void tells_missing_from_erased(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_ledger *ledger = opened();
    append(ledger, "decision", "ann", "{\"offer\":\"a\"}");
    append(ledger, "decision", "ben", "{\"offer\":\"b\"}");
    append(ledger, "decision", "cat", "{\"offer\":\"c\"}");
    uint64_t erased;
    eh_ledger_receipt receipt;
    assert_int_equal(eh_ledger_person_erase(ledger, EH_VIEW("ann"), EH_VIEW("request"), &erased, &receipt, &error), EH_OK);
    eh_ledger_close(&ledger);
    char path[300];
    eh_store *store = NULL;
    snprintf(path, sizeof path, "%s/.evenhand/ledger/openings.db", folder);
    assert_int_equal(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_WRITE}, &store, &error), EH_OK);
    assert_int_equal(eh_store_run(store, "DELETE FROM opening WHERE entry = 1", &error), EH_OK);
    eh_arena *arena = eh_arena_open(1 << 22);
    eh_ledger_verification found = verified(arena);
    assert_int_equal(found.states[EH_RECORD_MISSING], 1);
    assert_int_equal(found.states[EH_RECORD_ERASED], 1);
    assert_int_equal(found.states[EH_RECORD_OPENED], 1);
    assert_int_equal(found.findings_count, 1);
    assert_non_null(strstr(found.findings[0], "entry 1"));
    /* to hide what was decided by calling it erased does not work either */
    assert_int_equal(eh_store_run(store, "UPDATE opening SET erasure = 3, person = 0, sealed = x'' WHERE entry = 2", &error), EH_OK);
    found = verified(arena);
    assert_int_equal(found.findings_count, 2);
    assert_non_null(strstr(found.findings[1], "entry 3 says that 1 entries were erased, but 2"));
    eh_store_close(&store);
    eh_arena_close(&arena);
}

typedef struct {
    eh_ledger *ledger;
    int number, failures;
} worker;

static void *work(void *argument)
{
    worker *mine = argument;
    for (int i = 0; i < 60; i++) {
        char person[32], payload[64];
        eh_error error = {0};
        eh_ledger_receipt receipt = {0};
        snprintf(person, sizeof person, "p%d", (i * 7 + mine->number) % 20);
        snprintf(payload, sizeof payload, "{\"worker\":%d,\"n\":%d}", mine->number, i);
        eh_ledger_entry entry = {.kind = EH_VIEW("decision"), .person = eh_view_of(person), .payload = eh_view_of(payload)};
        mine->failures += eh_ledger_append(mine->ledger, &entry, 1, &receipt, &error) != EH_OK;
        if (i % 20 == 0) {
            eh_arena *arena = eh_arena_open(1 << 20);
            eh_ledger_record record;
            bool read = eh_ledger_publish(mine->ledger, &error) == EH_OK &&
                        eh_ledger_read(mine->ledger, eh_view_of(receipt.id), arena, &record, &error) == EH_OK &&
                        eh_view_equal(record.payload, entry.payload);
            mine->failures += !read;
            eh_arena_close(&arena);
        }
    }
    return NULL;
}

static void takes_many_threads(void **state)
{
    (void)state;
    worker workers[6];
    pthread_t threads[6];
    eh_ledger *ledger = opened();
    for (int i = 0; i < 6; i++) {
        workers[i] = (worker){.ledger = ledger, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    eh_ledger_close(&ledger);
    assert_int_equal(all_well().size, 360);
}

static void goes_on_after_segments_turn(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_ledger *ledger = opened();
    for (int round = 0; round < 4; round++) {
        append_many(ledger, 300);
        assert_int_equal(eh_lead(ledger, &error), EH_OK);
        assert_int_equal(eh_segment_turn(ledger, &error), EH_OK);
        eh_lead_end(ledger);
        append(ledger, "policy", NULL, "{}");
        if (round == 2) {
            eh_ledger_close(&ledger);
            assert_int_equal(all_well().size, 903);
            ledger = opened();
        }
    }
    eh_ledger_close(&ledger);
    assert_int_equal(all_well().size, 1204);
    ledger = opened();
    append(ledger, "policy", NULL, "{}");
    eh_ledger_close(&ledger);
    assert_int_equal(all_well().size, 1205);
}

static void turns_keys_and_takes_cosignatures(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_ledger *ledger = opened();
    append(ledger, "policy", NULL, "{}");
    EH_CLEANUP(eh_buffer_dispose) eh_buffer before = {0}, during = {0}, lines = {0}, witness_key = {0};
    assert_int_equal(eh_ledger_keys_show(folder, &before, &error), EH_OK);
    assert_int_equal(eh_ledger_key_rotate(ledger, true, &error), EH_CONFLICT);
    assert_int_equal(eh_ledger_key_rotate(ledger, false, &error), EH_OK);
    assert_int_equal(eh_ledger_key_rotate(ledger, false, &error), EH_CONFLICT);
    assert_int_equal(eh_ledger_keys_show(folder, &during, &error), EH_OK);
    assert_true(during.len == 2 * before.len && strstr(during.ptr, before.ptr) != NULL);
    assert_int_equal(all_well().signatures_count, 2);
    /* a witness */
    eh_secret seed = {{9}};
    eh_signer witness;
    eh_published published = {0};
    uint32_t accepted = 0;
    assert_int_equal(eh_signer_from_seed(EH_VIEW("witness.example/w"), &seed, &witness, &error), EH_OK);
    assert_int_equal(eh_published_read(&ledger->folders, &published, &error), EH_OK);
    eh_note_cosign(published.note.text, &witness, 1795000001, &lines);
    eh_verifier key = witness.verifier;
    key.type = EH_KEY_COSIGNATURE;
    eh_key_id(eh_view_of(key.name), key.type, key.public_key, key.id);
    eh_verifier_append(&key, &witness_key);
    assert_int_equal(eh_ledger_cosign(ledger, eh_buffer_view(&lines), (eh_view){NULL, 0}, &accepted, &error), EH_DENIED);
    if (eh_ledger_cosign(ledger, eh_buffer_view(&lines), eh_buffer_view(&witness_key), &accepted, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(accepted, 1);
    eh_published_dispose(&published);
    assert_int_equal(all_well().cosignatures_count, 1);
    eh_ledger_close(&ledger);
    ledger = opened(); /* taking up the log keeps the cosignature */
    assert_int_equal(all_well().cosignatures_count, 1);
    append(ledger, "policy", NULL, "{}");
    assert_int_equal(eh_ledger_cosign(ledger, eh_buffer_view(&lines), (eh_view){NULL, 0}, &accepted, &error), EH_DENIED);
    assert_int_equal(eh_ledger_key_rotate(ledger, true, &error), EH_OK);
    eh_ledger_close(&ledger);
    eh_ledger_verification found = all_well();
    assert_int_equal(found.signatures_count, 1);
    assert_int_equal(found.size, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(begins_empty_and_signed, fresh),
        cmocka_unit_test(names_a_ledger_after_a_shop),
        cmocka_unit_test_setup(keeps_reads_and_proves, fresh),
        cmocka_unit_test_setup(refuses_what_is_no_entry, fresh),
        cmocka_unit_test_setup(one_writes_at_a_time, fresh),
        cmocka_unit_test_setup(the_clock_never_goes_back, fresh),
        cmocka_unit_test_setup(erases_a_person, fresh),
        cmocka_unit_test_setup(tells_missing_from_erased, fresh),
        cmocka_unit_test_setup(takes_many_threads, fresh),
        cmocka_unit_test_setup(goes_on_after_segments_turn, fresh),
        cmocka_unit_test_setup(turns_keys_and_takes_cosignatures, fresh),
    };
    return cmocka_run_group_tests(tests, make_top, remove_top);
}
