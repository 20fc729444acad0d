/*
 * Goal: the command line means what the manual says, and every way to get it wrong has its own clear text.
 * Tables: arguments in, what the request holds or what the error says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/cli_int.h"

enum { ARGUMENTS_MAX = 40 };
#define NEEDED "in.csv", "--decision", "sent", "--by", "age,gender"

static int setup(void **state)
{
    *state = eh_arena_open(EH_ARENA_BYTES_MAX);
    return *state == NULL;
}

static int teardown(void **state)
{
    eh_arena *arena = *state;
    eh_arena_close(&arena);
    return 0;
}

static eh_code parse(eh_arena *arena, const char *const *arguments, const eh_audit_request **request_out, eh_error *error)
{
    static char command[] = "audit";
    char *argv[ARGUMENTS_MAX + 2] = {command};
    int argc = 1;
    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++) {
        argv[argc] = eh_arena_copy(arena, eh_view_of(arguments[i]));
        assert_non_null(argv[argc++]);
    }
    *request_out = NULL;
    return eh_audit_request_parse(argc, argv, arena, request_out, error);
}

static const eh_audit_request *parse_good(void **state, const char *const *arguments)
{
    eh_error error = {0};
    const eh_audit_request *request = NULL;
    if (parse(*state, arguments, &request, &error) != EH_OK)
        fail_msg("%s", error.text);
    return request;
}
#define GOOD(...) parse_good(state, (const char *const[ARGUMENTS_MAX + 1]){__VA_ARGS__})

static void defaults_are_those_of_the_manual(void **state)
{
    const eh_audit_request *request = GOOD(NEEDED);
    assert_int_equal(request->files_count, 1);
    assert_string_equal(request->files[0], "in.csv");
    assert_string_equal(request->spec.decision.sql, "sent");
    assert_null(request->spec.label.sql);
    assert_null(request->spec.where);
    assert_int_equal(request->spec.attributes_count, 2);
    assert_string_equal(request->spec.attributes[1].expression.name, "gender");
    assert_true(request->options.ratio_min == 0.8);
    assert_true(request->options.confidence == 0.95);
    assert_int_equal(request->options.depth, 2);
    assert_int_equal(request->options.gate, 0);
    assert_int_equal(request->options.cell_rows_min, 0);
    assert_int_equal(request->options.seed, 1);
    assert_int_equal(request->formats, 1U << EH_FORMAT_TEXT);
    assert_null(request->output_prefix);
    assert_int_equal(request->spec.score_sets_count, 0);
    assert_int_equal(GOOD("a", "--decision", "d", "--by", "x")->options.depth, 1);
    assert_int_equal(GOOD("a", "--decision", "d", "--by", "x", "--by=y,z")->spec.attributes_count, 3);
    assert_int_equal(GOOD(NEEDED, "--output", "p")->formats, 15);
}

static void all_options_arrive(void **state)
{
    const eh_audit_request *request =
        GOOD("--label=y = 'yes'", "--score", "p", "--weight=w", "--value", "spend", "--within", "region", "--where", "age > 17", "--threads",
             "3", "--memory=64", "--seed", "7", "--min-cell=5", "--before", "old.json", "--format", "json, csv", "--output", "out/x",
             "--quiet", NEEDED);
    assert_string_equal(request->spec.label.sql, "y = 'yes'");
    assert_string_equal(request->spec.score.sql, "p");
    assert_string_equal(request->spec.weight.sql, "w");
    assert_string_equal(request->spec.value.sql, "spend");
    assert_string_equal(request->spec.within.sql, "region");
    assert_string_equal(request->spec.where, "age > 17");
    assert_int_equal(request->threads, 3);
    assert_int_equal(request->memory_bytes_max, 64 << 20);
    assert_int_equal(request->options.seed, 7);
    assert_int_equal(request->options.cell_rows_min, 5);
    assert_string_equal(request->before_path, "old.json");
    assert_int_equal(request->formats, (1U << EH_FORMAT_JSON) | (1U << EH_FORMAT_CSV));
    assert_string_equal(request->output_prefix, "out/x");
    assert_true(request->quiet);
    /* two attributes and their pair */
    assert_int_equal(request->spec.score_sets_count, 3);
}

static void shares_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *option, *text;
        double value;
    } rows[] = {
        {"--tolerance", "0.8", 0.8},    {"--tolerance", "0.2", 0.8},     {"--tolerance", ".9", 0.9},      {"--tolerance", "0.1", 0.9},
        {"--tolerance", "80%", 0.8},    {"--confidence", "0.99", 0.99},  {"--confidence", "95", 0.95},    {"--confidence", "95%", 0.95},
        {"--confidence", "99.9", 0.999}, {"--confidence", "9.9e-1", 0.99},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const eh_audit_request *request = GOOD(NEEDED, rows[i].option, rows[i].text);
        double got = strcmp(rows[i].option, "--tolerance") == 0 ? request->options.ratio_min : request->options.confidence;
        if (got != rows[i].value) /* the very double, not one beside it */
            fail_msg("%s %s: %.17g, expected %.17g", rows[i].option, rows[i].text, got, rows[i].value);
    }
}

static void attributes_get_their_bands_tops_and_references(void **state)
{
    const eh_audit_request *request =
        GOOD("in.csv", "--decision", "sent", "--bands", "age=18,25.5,35", "--bands=pay / 12 = 3=1", "--top", "city=5", "--reference",
             "city=a=b", "--reference=Age=25 to 34", "--by", "age, city, pay / 12 = 3 AS odd, \"a=b\"", "--reference", "\"a=b\"=x");
    assert_int_equal(request->spec.attributes_count, 4);
    assert_int_equal(request->spec.attributes[0].edges_count, 3);
    assert_true(request->spec.attributes[0].edges[1] == 25.5);
    assert_int_equal(request->spec.attributes[1].top_count, 5);
    assert_int_equal(request->spec.attributes[2].edges_count, 1);
    assert_string_equal(request->spec.attributes[2].expression.name, "odd");
    assert_int_equal(request->options.references_count, 3);
    assert_string_equal(request->options.references[0].attribute, "city");
    assert_string_equal(request->options.references[0].group, "a=b");
    assert_string_equal(request->options.references[1].attribute, "age");
    assert_string_equal(request->options.references[1].group, "25 to 34");
    assert_string_equal(request->options.references[2].attribute, "a=b");
}

static void soft_attributes_are_read(void **state)
{
    const eh_audit_request *request =
        GOOD(NEEDED, "--soft", "sex=women:coalesce(p, 0.5),'men, or: unknown':1 - coalesce(p, 0.5)", "--soft=race=a:x::DOUBLE,b : 1-x",
             "--reference", "sex=women");
    assert_int_equal(request->softs_count, 2);
    assert_string_equal(request->softs[0].name, "sex");
    assert_int_equal(request->softs[0].groups_count, 2);
    assert_string_equal(request->softs[0].group_names[0], "women");
    assert_string_equal(request->softs[0].group_names[1], "men, or: unknown");
    assert_string_equal(request->softs[0].probabilities[0], "coalesce(p, 0.5)");
    assert_string_equal(request->softs[0].probabilities[1], "1 - coalesce(p, 0.5)");
    assert_string_equal(request->softs[1].group_names[1], "b");
    assert_string_equal(request->softs[1].probabilities[0], "x::DOUBLE");
}

static void gates_are_measures_by_name(void **state)
{
    const eh_audit_request *request = GOOD(NEEDED, "--label", "y", "--gate", "tpr,ppv");
    assert_int_equal(request->options.gate, (1U << EH_TPR) | (1U << EH_PPV));
}

static void two_dashes_end_the_options_and_one_is_a_file(void **state)
{
    const eh_audit_request *request = GOOD("-", "--decision", "d", "--by", "x", "--", "--odd name.csv");
    assert_int_equal(request->files_count, 2);
    assert_string_equal(request->files[0], "-");
    assert_string_equal(request->files[1], "--odd name.csv");
}

static void help_wins_over_what_is_missing(void **state)
{
    assert_true(GOOD("--help")->help);
    assert_true(GOOD("--by", "x", "-h")->help);
    assert_true(GOOD("--decision=d", "--help", "--nonsense")->help);
}

static const struct {
    const char *says; /* must stand in the error */
    const char *arguments[ARGUMENTS_MAX + 1];
} mistakes[] = {
    {"missing: FILE (the list of decisions), --decision (who was picked) and --by", {NULL}},
    {"missing: --by (the protected attributes)", {"in.csv", "--decision", "d"}},
    {"for example: evenhand audit decisions.csv --decision sent --by gender\n         or: ", {"in.csv"}},
    {"--decison is no option; do you mean --decision?", {"in.csv", "--decison", "d"}},
    {"--zzz is no option; --help lists them", {"--zzz=1"}},
    {"-x is no option", {"-x"}},
    {"--by: a value is missing: --by EXPR[,EXPR...]", {"in.csv", "--by"}},
    {"--decision: a value is missing: --decision EXPR (what follows is the option --label)", {"--decision", "--label", "y"}},
    {"--quiet: takes no value", {"--quiet=yes"}},
    {"--label: given twice", {"--label", "a", "--label=b"}},
    {"--by: two attributes are named 'a'", {"in.csv", "--by", "a", "--by", "b,a"}},
    {"--tolerance: 'abc' is no number between 0 and 1", {NEEDED, "--tolerance", "abc"}},
    {"--tolerance: '1' is no number", {NEEDED, "--tolerance", "1"}},
    {"--tolerance: '0' is no number", {NEEDED, "--tolerance", "0"}},
    {"--tolerance: 'nan' is no number", {NEEDED, "--tolerance", "nan"}},
    {"--tolerance: '0x1p-1' is no number", {NEEDED, "--tolerance", "0x1p-1"}},
    {"--tolerance: '' is no number", {NEEDED, "--tolerance="}},
    {"--tolerance: '%' is no number", {NEEDED, "--tolerance=%"}},
    {"--confidence: '0.5' is no number between 0.5 and 1", {NEEDED, "--confidence", "0.5"}},
    {"--confidence: '100' is no number", {NEEDED, "--confidence", "100"}},
    {"--confidence: 'inf' is no number", {NEEDED, "--confidence", "inf"}},
    {"--min-cell: '-1' is no whole number between 0 and", {NEEDED, "--min-cell", "-1"}},
    {"--min-cell: '99999999999999999999' is no whole number", {NEEDED, "--min-cell", "99999999999999999999"}},
    {"--intersections: '4' is no whole number between 1 and 3", {NEEDED, "--intersections", "4"}},
    {"--intersections: 3 attributes cannot be crossed, --by has 2", {NEEDED, "--intersections", "3"}},
    {"--threads: '0' is no whole number between 1 and 1024", {NEEDED, "--threads", "0"}},
    {"--memory: '1' is no whole number between 16", {NEEDED, "--memory", "1"}},
    {"--format: several formats need --output PREFIX", {NEEDED, "--format", "text,json"}},
    {"--format: 'jsn' is none of text, json, html, csv; do you mean json?", {NEEDED, "--format", "jsn"}},
    {"--format: '' is none of text", {NEEDED, "--format", "text,"}},
    {"--gate: tpr needs --label", {NEEDED, "--gate", "tpr"}},
    {"--gate: auc needs --score", {NEEDED, "--label", "y", "--gate", "auc"}},
    {"do you mean selection_rate?", {NEEDED, "--gate", "selection_rat"}},
    {"--bands: 'age' is not of the form COLUMN=18,25,35", {NEEDED, "--bands", "age"}},
    {"--bands: 'agee' is not among the attributes of --by; do you mean 'age'?", {NEEDED, "--bands", "agee=1"}},
    {"--bands: 'income' is not among the attributes of --by: add it there", {NEEDED, "--bands", "income=1"}},
    {"--bands: there is no --by", {"in.csv", "--decision", "d", "--bands", "age=1"}},
    {"--bands: age: the edges must ascend, but 25 comes after 25", {NEEDED, "--bands", "age=25,25"}},
    {"--bands: age: 'x' is no number; edges look like age=18,25,35", {NEEDED, "--bands", "age=1,x"}},
    {"--bands: age: '' is no number", {NEEDED, "--bands", "age="}},
    {"--bands: age: 'inf' is no number", {NEEDED, "--bands", "age=1,inf"}},
    {"--bands: 'age' has bands already", {NEEDED, "--bands", "age=1", "--bands", "age=2"}},
    {"--top: 'age' has --bands", {NEEDED, "--bands", "age=1", "--top", "age=2"}},
    {"--top: '0' is no whole number between 1 and 62", {NEEDED, "--top", "age=0"}},
    {"--reference: age: the group is missing", {NEEDED, "--reference", "age="}},
    {"--reference: 'age' has a reference already: 'x'", {NEEDED, "--reference", "age=x", "--reference", "age=y"}},
    {"--by: two attributes are named 'a'", {"in.csv", "--decision", "d", "--by", "a,b AS a"}},
    {"--soft: two attributes are named 'age'", {NEEDED, "--soft", "age=a:x,b:y"}},
    {"--soft: 'sex' is not of the form NAME=GROUP:EXPR,GROUP:EXPR", {NEEDED, "--soft", "sex"}},
    {"--soft: sex: 1 groups, must be 2 to 64", {NEEDED, "--soft", "sex=a:x"}},
    {"--soft: 'x' is not of the form GROUP:EXPR", {NEEDED, "--soft", "sex=x,b:y"}},
    {"--soft: sex: two groups are named 'a'", {NEEDED, "--soft", "sex=a:x,a:y"}},
    {"--output: the prefix is empty", {NEEDED, "--output="}},
    {"--output: '/' is a folder; add the name of the report: /audit", {NEEDED, "--output", "/"}},
    {"--before: the path of an earlier JSON report is empty", {NEEDED, "--before="}},
    {"argument 1 is empty", {""}},
    {"--by: the value is not valid UTF-8", {"in.csv", "--by", "\xff"}},
};

static void every_mistake_has_its_own_text(void **state)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        eh_error error = {0};
        const eh_audit_request *request = NULL;
        if (parse(*state, mistakes[i].arguments, &request, &error) == EH_OK)
            fail_msg("accepted, expected: %s", mistakes[i].says);
        assert_null(request);
        if (strstr(error.text, mistakes[i].says) == NULL)
            fail_msg("expected: %s\n     got: %s", mistakes[i].says, error.text);
    }
}

static void limits_are_told_with_their_number(void **state)
{
    enum { LONG = EH_ARGUMENT_BYTES_MAX + 1 };
    static char huge[LONG + 1], edges[1024] = "age=0", names[4096] = "a0";
    memset(huge, 'a', LONG);
    for (int i = 1; i <= EH_BANDS_MAX; i++)
        snprintf(edges + strlen(edges), sizeof edges - strlen(edges), ",%d", i);
    for (int i = 1; i <= EH_ATTRIBUTES_MAX; i++)
        snprintf(names + strlen(names), sizeof names - strlen(names), ",a%d", i);
    const struct {
        const char *says, *option, *value;
    } rows[] = {
        {"65537 bytes, at most 65536", "--where", huge},
        {"--bands: age: 64 edges, at most 63", "--bands", edges},
        {"17 attributes, at most 16", "--by", names},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        eh_error error = {0};
        const eh_audit_request *request = NULL;
        const char *arguments[ARGUMENTS_MAX + 1] = {"in.csv", "--decision", "d", rows[i].option, rows[i].value, "--by", "age"};
        if (strcmp(rows[i].option, "--by") == 0)
            arguments[5] = NULL;
        assert_int_not_equal(parse(*state, arguments, &request, &error), EH_OK);
        if (strstr(error.text, rows[i].says) == NULL)
            fail_msg("expected: %s\n     got: %s", rows[i].says, error.text);
    }
}

static void numbers_are_plain_decimals(void **state)
{
    (void)state;
    static const char *const good[] = {"0", "-1.5", "+2", "1e3", ".5", "5."};
    static const char *const bad[] = {"", " 1", "1 ", "1,5", "0x10", "inf", "nan", "1e999", "--1", "1e", "e", ".", "1.2.3", "1_000"};
    double number = 0;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        if (!eh_number_read(eh_view_of(good[i]), &number))
            fail_msg("'%s' was refused", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (eh_number_read(eh_view_of(bad[i]), &number))
            fail_msg("'%s' was read as %g", bad[i], number);
}

static void the_help_keeps_to_80_columns(void **state)
{
    (void)state;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_audit_help(&text);
    eh_limits_help(&text);
    eh_general_help(&(eh_command){.name = "audit", .says = "says"}, 1, &text);
    assert_int_equal(text.code, EH_OK);
    for (const char *line = text.ptr; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        if (eh_utf8_columns((eh_view){line, len}) > 80)
            fail_msg("more than 80 columns: %.*s", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_manual),
        cmocka_unit_test(all_options_arrive),
        cmocka_unit_test(shares_are_read_as_people_write_them),
        cmocka_unit_test(attributes_get_their_bands_tops_and_references),
        cmocka_unit_test(soft_attributes_are_read),
        cmocka_unit_test(gates_are_measures_by_name),
        cmocka_unit_test(two_dashes_end_the_options_and_one_is_a_file),
        cmocka_unit_test(help_wins_over_what_is_missing),
        cmocka_unit_test(every_mistake_has_its_own_text),
        cmocka_unit_test(limits_are_told_with_their_number),
        cmocka_unit_test(numbers_are_plain_decimals),
        cmocka_unit_test(the_help_keeps_to_80_columns),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
