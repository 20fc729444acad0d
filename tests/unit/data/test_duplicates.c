/* Goal: texts of one person come to one form, pairs are found with their reasons and not where people differ, and only decisions merge. */
#include "data_fixture.h"

#include <math.h>
#include <unistd.h>

#include "data/duplicates.h"

typedef struct {
    const char *text, *country, *wanted; /* NULL: none */
} text_row;

static void brings_texts_to_one_form(void **state)
{
    (void)state;
    static const text_row mails[] = {
        {" Anna.Schmidt@GMail.com ", NULL, "annaschmidt@gmail.com"}, {"anna.schmidt+shop@googlemail.com", NULL, "annaschmidt@gmail.com"},
        {"Ben.K+x@Example.org", NULL, "ben.k@example.org"}, {"nobody", NULL, NULL}, {"@example.org", NULL, NULL}, {"a@b", NULL, NULL}, {"a b@example.org", NULL, NULL}, {"", NULL, NULL},
    };
    static const text_row phones[] = {
        {"030 1234567", "DE", "+49301234567"}, {"+49 (0)30 1234567", NULL, "+49301234567"}, {"0049-30-1234567", NULL, "+49301234567"}, {"(415) 555-2671", "US", "+14155552671"},
        {"1 415 555 2671", "us", "+14155552671"}, {"06 1234 5678", "IT", "+390612345678"}, {"020 7946 0018", "GB", "+442079460018"}, {"030 1234567", NULL, NULL}, {"12", "DE", NULL},
        {"call me", "DE", NULL}, {"+1234567890123456", NULL, NULL},
    };
    char out[320];
    for (size_t i = 0; i < sizeof mails / sizeof mails[0]; i++) {
        bool known = eh_email_normalise(mails[i].text, out);
        assert_int_equal(known, mails[i].wanted != NULL);
        if (known)
            assert_string_equal(out, mails[i].wanted);
    }
    for (size_t i = 0; i < sizeof phones / sizeof phones[0]; i++) {
        bool known = eh_phone_normalise(phones[i].text, phones[i].country, out);
        if (known != (phones[i].wanted != NULL) || (known && strcmp(out, phones[i].wanted) != 0))
            fail_msg("%s gave %s", phones[i].text, known ? out : "nothing");
    }
    eh_name_normalise("Frau Dr. Schmidt, Änna-Lena", out);
    assert_string_equal(out, "aenna lena schmidt");
    eh_address_normalise("Hauptstraße 5", out);
    assert_string_equal(out, "hauptstr 5");
    eh_address_normalise("12 Main Street, Apartment 4", out);
    assert_string_equal(out, "12 main st apt 4");
}

/* Winkler 1990, table of examples. */
static void knows_published_similarities(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        double wanted;
    } rows[] = {{"martha", "marhta", 0.9611}, {"dwayne", "duane", 0.84}, {"dixon", "dicksonx", 0.8133}, {"jones", "johnson", 0.8323}, {"abc", "xyz", 0}, {"", "", 1}, {"a", "", 0}, {"same", "same", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        double found = eh_jaro_winkler(rows[i].a, rows[i].b);
        if (fabs(found - rows[i].wanted) > 0.0001) /* four digits, some of them cut */
            fail_msg("%s and %s: %.5f, published %.4f", rows[i].a, rows[i].b, found, rows[i].wanted);
        assert_true(found == eh_jaro_winkler(rows[i].b, rows[i].a));
    }
}

static eh_workspace *open_workspace(fixture *f)
{
    eh_workspace *workspace = NULL;
    if (eh_workspace_parse(EH_VIEW("shop: { name: A, country: DE }\nsources: { p: { read: p.csv, key: id } }\n"
                                   "duplicates: { email: mail, phone: tel, name: name, address: street, postcode: plz }\n"),
                           "evenhand.yaml", f->folder, &workspace, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    return workspace;
}

static void finds_pairs_and_takes_decisions(void **state)
{
    fixture *f = *state;
    fixture_write(f, "p.csv",
                  "id,mail,tel,name,street,plz\n"
                  "1,anna@example.com,,Anna Berg,Weg 1,10115\n"
                  "2,ANNA@example.com,,Anna Berg,Weg 1,10115\n"
                  "3,,0301234567,Karl Otto,Ring 7,20095\n"
                  "4,,+49301234567,Otto Karl,Ring 7,20095\n"
                  "5,,0301234567,Maria Otto,Ring 7,20095\n" /* a family: same telephone, another name */
                  "6,,,Jonathan Meyer,Linde 3,50667\n"
                  "7,,,Jonathon Meyer,Linde 3,50667\n"
                  "8,,,Jonathan Meyer,Linde 4,50667\n"); /* next door */
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = open_workspace(f);
    const eh_engine_options options = {.threads = 1};
    eh_duplicates found = {0};
    if (eh_duplicates_find(workspace, &options, f->arena, &found, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    assert_int_equal(found.people_count, 8);
    assert_int_equal(found.pairs_count, 3);
    static const char *const keys[][2] = {{"1", "2"}, {"3", "4"}, {"6", "7"}};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(found.pairs[i].keys[0], keys[i][0]);
        assert_string_equal(found.pairs[i].keys[1], keys[i][1]);
        assert_int_equal(found.pairs[i].decision, EH_PAIR_OPEN);
        assert_int_equal(found.pairs[i].exact, i < 2);
    }
    /* Decisions. */
    const eh_duplicate_decision merge = {.keys = {"1", "2"}, .same = true, .keep = "1", .by = "Ada \"A\"", .on = "2026-11-23", .why = "same\nmailbox"};
    const eh_duplicate_decision chain = {.keys = {"0", "1"}, .same = true, .keep = "0", .by = "Ada"};
    const eh_duplicate_decision apart = {.keys = {"7", "6"}, .by = "Ada"};
    const eh_duplicate_decision circle = {.keys = {"2", "0"}, .same = true, .keep = "2", .by = "Ada"};
    const eh_duplicate_decision contrary = {.keys = {"0", "2"}, .by = "Ada"};
    assert_int_equal(eh_duplicate_decide(workspace, &merge, &f->error), EH_OK);
    assert_int_equal(eh_duplicate_decide(workspace, &apart, &f->error), EH_OK);
    assert_int_equal(eh_duplicate_decide(workspace, &chain, &f->error), EH_OK);
    assert_int_equal(eh_duplicate_decide(workspace, &circle, &f->error), EH_CONFLICT);
    assert_int_equal(eh_duplicate_decide(workspace, &contrary, &f->error), EH_CONFLICT);
    const eh_duplicate_decision *decisions = NULL;
    size_t count = 0;
    assert_int_equal(eh_duplicate_decisions_read(workspace, f->arena, &decisions, &count, &f->error), EH_OK);
    assert_int_equal(count, 3);
    assert_string_equal(decisions[0].by, "Ada \"A\"");
    assert_string_equal(decisions[0].why, "same\nmailbox");
    assert_string_equal(eh_duplicate_kept(decisions, count, "2"), "0");
    assert_string_equal(eh_duplicate_kept(decisions, count, "6"), "6");
    assert_int_equal(eh_duplicates_find(workspace, &options, f->arena, &found, &f->error), EH_OK);
    assert_int_equal(found.pairs[0].decision, EH_PAIR_SAME);
    assert_int_equal(found.pairs[1].decision, EH_PAIR_OPEN);
    assert_int_equal(found.pairs[2].decision, EH_PAIR_DIFFERENT);
}

static void refuses_decisions(void **state)
{
    fixture *f = *state;
    static const struct {
        const char *text;
        eh_code code;
        const char *part;
    } rows[] = {
        {"decisions: [ { same: [a, b], by: x } ]", EH_INPUT, "'keep' must be one of the two"},
        {"decisions: [ { same: [a, b], keep: c, by: x } ]", EH_INPUT, "'keep' must be one of the two"},
        {"decisions: [ { same: [a, a], keep: a, by: x } ]", EH_INPUT, "two people"},
        {"decisions: [ { same: [a, b], different: [a, b], keep: a, by: x } ]", EH_INPUT, "either"},
        {"decisions: [ { different: [a, b] } ]", EH_INPUT, "'by' is missing"},
        {"decisions:\n  - { different: [a, b], by: x }\n  - { same: [b, a], keep: a, by: x }\n", EH_CONFLICT, "line 3, column 5"},
        {"decisons: []", EH_INPUT, "did you mean 'decisions'?"},
    };
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = open_workspace(f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const eh_duplicate_decision *decisions = NULL;
        size_t count = 0;
        fixture_write(f, EH_DUPLICATES_FILE, rows[i].text);
        eh_code code = eh_duplicate_decisions_read(workspace, f->arena, &decisions, &count, &f->error);
        if (code != rows[i].code || strstr(f->error.text, rows[i].part) == NULL)
            fail_msg("%s gave %d: %s", rows[i].text, code, f->error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(brings_texts_to_one_form),
        cmocka_unit_test(knows_published_similarities),
        cmocka_unit_test_setup_teardown(finds_pairs_and_takes_decisions, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(refuses_decisions, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
