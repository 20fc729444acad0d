/*
 * Goal: whatever a person has said, in whatever characters, their export as JSON and as CSV brings them into another workspace without loss, and what is exported
 * there is the same, byte for byte; the same export once more brings nothing new.
 */
#include "rights/person.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

enum { SEEDS = 12, ACTS = 14, DAY = 86400 };
static const int64_t now_s = INT64_C(1795521600); /* 2026-11-24T12:00:00Z */
static char base[] = "/tmp/evenhand-exports-XXXXXX";
static eh_error error;

static int make_base(void **state)
{
    (void)state;
    return mkdtemp(base) == NULL ? -1 : 0;
}

static int remove_base(void **state)
{
    char command[300];
    (void)state;
    snprintf(command, sizeof command, "rm -r '%s'", base);
    FILE *done = popen(command, "r");
    return done == NULL ? -1 : pclose(done);
}

static eh_rights *opened(const char *name, uint64_t seed)
{
    char folder[200];
    eh_rights *rights = NULL;
    snprintf(folder, sizeof folder, "%s/%s-%ju", base, name, (uintmax_t)seed);
    if (eh_rights_open(&(eh_rights_options){.state_folder = folder}, &rights, &error) != EH_OK)
        fail_msg("%s", error.text);
    return rights;
}

static const char *one_of(eh_random *random, const char *const *texts, size_t count)
{
    return texts[eh_random_next(random) % count];
}
#define ONE_OF(random, texts) one_of(random, texts, sizeof(texts) / sizeof(texts)[0])

static const char *const keys[] = {"4711", "\xF0\x9F\x98\x80\xE2\x80\x8D\xF0\x9F\x91\xA7", "o'brien, \"Bob\"", "=1+1", "'quoted'", "a\nb\tc", "<b>&amp;", "00123",
                                   "\xD8\xB9\xD9\x85\xD8\xB1", "\x1B[31mred", "-", "NULL"};
static const char *const hows[] = {"form on /signup", "told \"us\", twice", "=cmd|' /C calc'!A0", "line\nbreak\r\nand more", "@sum", "\xE6\x97\xA5\xE6\x9C\xAC", "'"};
static const char *const wordings[] = {"Yes, send me news.", "Ja, \"gerne\";\nauch per Post.", "-1", "+49", "\xF0\x9F\x93\xAC yes", "'kept as it is'"};
static const char *const places[] = {"", "DE", "CA-QC", "US-CA", "IN"};

static eh_act random_act(eh_random *random)
{
    static const eh_act_kind kinds[] = {EH_ACT_CONSENT, EH_ACT_CONSENT, EH_ACT_ASK,      EH_ACT_WITHDRAW, EH_ACT_OBJECT,  EH_ACT_SIGNAL,
                                        EH_ACT_PURCHASE, EH_ACT_INQUIRY, EH_ACT_BIRTH, EH_ACT_PARENT,  EH_ACT_CONFIRM};
    static const char *const versions[] = {"w0", "w1", "w2", "w3", "w4", "w5"};
    eh_act act = {.kind = kinds[eh_random_next(random) % (sizeof kinds / sizeof kinds[0])], .at_s = now_s - (int64_t)(eh_random_next(random) % 900) * DAY - 1};
    act.how = ONE_OF(random, hows);
    if (act.kind == EH_ACT_CONSENT || act.kind == EH_ACT_WITHDRAW || act.kind == EH_ACT_ASK || act.kind == EH_ACT_CONFIRM) {
        act.purpose = (eh_purpose)(eh_random_next(random) % EH_PURPOSES_COUNT);
        act.channel = act.purpose == EH_PURPOSE_MARKETING ? (eh_channel)(eh_random_next(random) % EH_CHANNELS_COUNT) : EH_CHANNEL_ALL;
    }
    if (act.kind == EH_ACT_CONSENT || act.kind == EH_ACT_ASK || act.kind == EH_ACT_PARENT) {
        size_t which = eh_random_next(random) % (sizeof wordings / sizeof wordings[0]);
        act.wording = wordings[which];
        act.version = versions[which];
        act.language = which == 1 ? "de" : "en";
        act.control = (eh_control)(eh_random_next(random) % EH_CONTROL_UNTOLD);
        act.until_s = eh_random_next(random) % 3 == 0 ? now_s + 400 * DAY : 0;
    }
    if (act.kind == EH_ACT_PURCHASE) {
        act.soft_facts = (uint32_t)(eh_random_next(random) % 8);
        act.product_group = ONE_OF(random, hows);
    }
    act.birth_day = act.kind == EH_ACT_BIRTH ? (int32_t)(eh_random_next(random) % 20000) - 5000 : 0;
    if (eh_jurisdiction_read(eh_view_of(ONE_OF(random, places)), &act.jurisdiction, &error) != EH_OK)
        fail_msg("%s", error.text);
    return act;
}

static void live(eh_rights *rights, const char *key, uint64_t seed, eh_arena *arena)
{
    eh_random random;
    const eh_said_result *results = NULL;
    size_t count = 0;
    eh_random_init(&random, seed);
    eh_act first = {.kind = EH_ACT_OBJECT, .at_s = now_s - 1000 * DAY, .how = "a letter"};
    if (eh_rights_say(rights, eh_view_of(key), &first, now_s, NULL, &error) != EH_OK)
        fail_msg("%s", error.text);
    for (int i = 0; i < ACTS; i++) {
        eh_act act = random_act(&random);
        (void)!eh_rights_say(rights, eh_view_of(key), &act, now_s - (int64_t)(ACTS - i), NULL, &error); /* a confirmation of nothing is refused */
    }
    if (seed % 3 == 0) {
        first.at_s -= DAY;
        assert_int_equal(eh_rights_say(rights, EH_VIEW("another, \"name\""), &first, now_s, NULL, &error), EH_OK);
        assert_int_equal(eh_person_merge(rights, EH_VIEW("another, \"name\""), eh_view_of(key), now_s, arena, &results, &count, &error), EH_OK);
    }
    assert_int_equal(eh_person_correct(rights, eh_view_of(key), "city", "Q\"uito, \xC3\xA9", now_s, &count, &error), EH_OK);
    assert_int_equal(eh_person_correct(rights, eh_view_of(key), "email", "Ann@Example.com", now_s, &count, &error), EH_OK);
    assert_int_equal(eh_person_disclose(rights, eh_view_of(key), "Mailer, \"Ltd\"", "email,\nname", now_s, &error), EH_OK);
}

static void export(eh_rights *rights, const char *key, eh_arena *arena, eh_buffer *json_out, eh_buffer *csv_out)
{
    eh_person person;
    eh_json_writer json;
    if (eh_person_read(rights, eh_view_of(key), arena, &person, &error) != EH_OK)
        fail_msg("%s", error.text);
    eh_json_begin(&json, json_out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "schema_version", "1");
    eh_json_text(&json, "kind", "evenhand.person");
    eh_person_json(rights, &person, now_s, &json);
    eh_json_object_close(&json);
    eh_person_csv(&person, csv_out);
    assert_int_equal(eh_buffer_check(json_out, &error), EH_OK);
    assert_int_equal(eh_buffer_check(csv_out, &error), EH_OK);
}

static eh_import_report import(eh_rights *rights, const char *name, const eh_buffer *text, eh_arena *arena)
{
    char path[200];
    eh_import_report report;
    snprintf(path, sizeof path, "%s/%s", base, name);
    assert_int_equal(eh_file_replace(path, eh_buffer_view(text), &error), EH_OK);
    if (eh_import_consent(rights, &(eh_import_options){.path = path, .now_s = now_s}, arena, &report, &error) != EH_OK)
        fail_msg("%s", error.text);
    return report;
}

static void an_export_comes_back_without_loss(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        EH_CLEANUP(eh_buffer_dispose) eh_buffer json = {0};
        EH_CLEANUP(eh_buffer_dispose) eh_buffer csv = {0};
        const char *key = keys[seed % (sizeof keys / sizeof keys[0])];
        eh_rights *from = opened("from", seed);
        live(from, key, seed, arena);
        export(from, key, arena, &json, &csv);
        eh_rights_close(&from);
        for (int table = 0; table < 2; table++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer again = {0};
            EH_CLEANUP(eh_buffer_dispose) eh_buffer again_csv = {0};
            eh_rights *into = opened(table == 1 ? "csv" : "json", seed);
            const eh_buffer *text = table == 1 ? &csv : &json;
            eh_import_report report = import(into, table == 1 ? "person.csv" : "person.json", text, arena);
            assert_true(report.recorded_count > 0);
            export(into, key, arena, &again, &again_csv);
            if (json.len != again.len || memcmp(json.ptr, again.ptr, json.len) != 0)
                fail_msg("seed %ju, %s:\n%s\n---\n%s", (uintmax_t)seed, table == 1 ? "csv" : "json", json.ptr, again.ptr);
            assert_string_equal(csv.ptr, again_csv.ptr);
            report = import(into, table == 1 ? "person.csv" : "person.json", text, arena);
            assert_int_equal(report.recorded_count, 0);
            assert_int_equal(report.conflicts_count, 0);
            eh_buffer_clear(&again);
            export(into, key, arena, &again, &again_csv);
            assert_string_equal(json.ptr, again.ptr);
            eh_rights_close(&into);
        }
    }
}

/* What is no key of a person is none for any question. */
static void keys_are_checked(void **state)
{
    (void)state;
    static const eh_view refused[] = {{"", 0}, {"  \t", 3}, {"a\0b", 3}, {"\xFF\xFE", 2}, {"\xED\xA0\x80", 3}};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_int_equal(eh_rights_key_check(refused[i], &error), EH_INPUT);
    char longest[EH_RIGHTS_KEY_BYTES_MAX + 1];
    memset(longest, 'k', sizeof longest);
    assert_int_equal(eh_rights_key_check((eh_view){longest, EH_RIGHTS_KEY_BYTES_MAX}, &error), EH_OK);
    assert_int_equal(eh_rights_key_check((eh_view){longest, sizeof longest}, &error), EH_LIMIT);
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        assert_int_equal(eh_rights_key_check(eh_view_of(keys[i]), &error), EH_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_export_comes_back_without_loss), cmocka_unit_test(keys_are_checked)};
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
