/* `evenhand policy`: its options, and check, test and explain. */
#include <string.h>

#include "cli/policy_command_int.h"

enum { POLICY_ARENA_BYTES_MAX = 256 << 20, STATUS_FOUND = 1 };

/* ---- options ---------------------------------------------------------------------------------------------------------------------------- */

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    eh_policy_request *request = use->target;
    eh_error why = {0};
    if (eh_instant_parse_date(eh_view_of(use->value), &request->options.now, &why) != EH_OK)
        return eh_fail(error, EH_INPUT, "%s: %s", use->option, why.text);
    return EH_OK;
}

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    eh_policy_request *request = use->target;
    const struct {
        const char *option, **place;
    } places[] = {{"--replay", &request->replay}, {"--facts", &request->facts}, {"--lang", &request->language}, {"--findings", &request->findings},
                  {"--next", &request->next}, {"--output", &request->output}, {"--workspace", &request->workspace}, {"--packs", &request->options.packs_folder},
                  {"--theme", &request->theme}, {"--change", &request->change}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(places[i].option, use->option) == 0) {
            *places[i].place = use->value;
            return EH_OK;
        }
    }
    return eh_fail(error, EH_INTERNAL, "%s: has no place in the request", use->option);
}

static eh_code read_signer(const eh_option_use *use, eh_error *error)
{
    eh_policy_request *request = use->target;
    if (request->signers_count == EH_SIGNERS_MAX)
        return eh_fail(error, EH_LIMIT, "%s: more than %d", use->option, EH_SIGNERS_MAX);
    request->signers[request->signers_count++] = use->value;
    return EH_OK;
}

static eh_code read_json(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_policy_request *)use->target)->json = true;
    return EH_OK;
}

static const eh_option options[] = {
    {"--now", "DATE", "All", "the moment that review dates are compared with; without it, the clock", false, read_now},
    {"--packs", "FOLDER", "All", "where packs are looked for that are not beside the policy", false, read_text},
    {"--json", NULL, "All", "answer in JSON", false, read_json},
    {"--facts", "JSON", "explain", "what is known, as {\"age\": 17}: which rules apply, and what they lead to", false, read_text},
    {"--lang", "LANGUAGE", "explain", "language of the explanations (en)", false, read_text},
    {"--replay", "PLACE", "diff, review", "decisions that were made: the folder of a workspace (its ledger), or JSON lines {\"id\": ..., \"facts\": {...}}", false, read_text},
    {"--findings", "FILE", "review", "findings and decisions, as YAML; without it they are asked for", false, read_text},
    {"--signer", "NAME", "review", "who signs; two different people", true, read_signer},
    {"--next", "DATE", "review", "when the next review is due", false, read_text},
    {"--theme", "KIND:SUBJECT", "review", "the theme of feedback that called for it, or none; without it, the one over its threshold", false, read_text},
    {"--change", "TEXT", "review", "what it led to: everybody who wrote on the theme reads it under their ticket", false, read_text},
    {"--workspace", "DIR", "review", "the workspace that the evidence is of and whose ledger takes the record", false, read_text},
    {"--output", "FILE", "review", "where the record goes too", false, read_text},
    {"--help", NULL, "Help", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

typedef struct {
    const char *name;
    size_t files_min, files_max;
    eh_code (*run)(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error);
} subcommand;

static const subcommand subcommands[] = {
    {"check", 0, 1, eh_policy_run_check}, {"test", 0, 1, eh_policy_run_test}, {"explain", 0, 1, eh_policy_run_explain},
    {"diff", 2, 2, eh_policy_run_diff},   {"review", 0, 1, eh_policy_run_review},
};
enum { SUBCOMMANDS_COUNT = sizeof subcommands / sizeof subcommands[0] };

void eh_policy_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand policy - checks, tests, explains, compares and reviews a policy\n"
                   "\n"
                   "  evenhand policy check [FILE]      what is wrong with it, before anybody is asked\n"
                   "  evenhand policy test [FILE]       run the tests of its rules; what they cover\n"
                   "  evenhand policy explain [FILE]    its rules in words, or what they say to --facts\n"
                   "  evenhand policy diff OLD NEW      which rules changed, and with --replay which\n"
                   "                                    past decisions would\n"
                   "  evenhand policy review [FILE]     record a review: evidence, findings, decisions,\n"
                   "                                    two signers, the next date\n"
                   "\n"
                   "FILE is policy.yaml when it is not given.\n");
    eh_options_help(options, OPTIONS_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 fine, 1 something was found (a finding, a failed test, a changed\n"
                   "decision), 2 an error.\n");
}

eh_code eh_policy_request_open(const eh_policy_request *request, size_t index, eh_policy **policy_out, eh_error *error)
{
    const char *path = index < request->files_count ? request->files[index] : "policy.yaml";
    return eh_policy_open(path, &request->options, policy_out, error);
}

static eh_code subcommand_run(int argc, char **argv, eh_arena *arena, eh_buffer *out, int *status_out, eh_error *error)
{
    eh_arguments arguments = {0};
    eh_policy_request request = {.arena = arena, .language = "en", .options.now = eh_instant_now()};
    EH_TRY(eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, arena, &arguments, error));
    if (arguments.help) {
        eh_policy_help(out);
        return EH_OK;
    }
    EH_TRY(eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, error));
    if (arguments.files_count == 0)
        return eh_fail(error, EH_INPUT, "what to do is missing: check, test, explain, diff or review, as in: evenhand policy check policy.yaml");
    const char *names[SUBCOMMANDS_COUNT];
    for (size_t i = 0; i < SUBCOMMANDS_COUNT; i++)
        names[i] = subcommands[i].name;
    request.command = arguments.files[0];
    request.files = arguments.files + 1;
    request.files_count = arguments.files_count - 1;
    for (size_t i = 0; i < SUBCOMMANDS_COUNT; i++) {
        if (strcmp(subcommands[i].name, request.command) != 0)
            continue;
        if (request.files_count < subcommands[i].files_min || request.files_count > subcommands[i].files_max)
            return eh_fail(error, EH_INPUT, "%s takes %s, and %zu were given", request.command,
                           subcommands[i].files_max == 2 ? "two files, OLD and NEW" : "one file", request.files_count);
        return subcommands[i].run(&request, out, status_out, error);
    }
    const char *nearest = strlen(request.command) < 40 ? eh_nearest_name(request.command, names, SUBCOMMANDS_COUNT) : NULL;
    return eh_fail(error, EH_INPUT, "'%.60s' is nothing that a policy can be asked%s%s%s", request.command, nearest == NULL ? "" : "; do you mean '",
                   nearest == NULL ? "" : nearest, nearest == NULL ? "" : "'?");
}

int eh_policy_command(int argc, char **argv)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(POLICY_ARENA_BYTES_MAX);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    eh_error error = {0};
    int status = 0;
    eh_code code = arena == NULL ? eh_fail_memory(&error) : subcommand_run(argc, argv, arena, &out, &status, &error);
    if (code != EH_OK)
        return eh_error_show("policy", &error);
    int shown = eh_stdout_show("policy", &out);
    return shown != 0 ? shown : status;
}

/* ---- check -------------------------------------------------------------------------------------------------------------------------------- */

void eh_policy_findings_text(const eh_policy *policy, eh_buffer *out)
{
    size_t count = 0;
    const eh_policy_finding *findings = eh_policy_findings(policy, &count);
    for (size_t i = 0; i < count; i++) {
        const eh_policy_finding *each = &findings[i];
        eh_buffer_text(out, each->file);
        if (each->line > 0)
            eh_buffer_format(out, ":%u", each->line);
        if (each->column > 0)
            eh_buffer_format(out, ":%u", each->column);
        eh_buffer_text(out, ": ");
        eh_buffer_text(out, each->kind == EH_POLICY_ERROR ? "error: " : "warning: ");
        if (each->rule != NULL)
            eh_buffer_format(out, "%s: ", each->rule);
        eh_visible_append(out, eh_view_of(each->text), true);
        eh_buffer_byte(out, '\n');
    }
}

static void findings_json(const eh_policy *policy, eh_json_writer *writer)
{
    size_t count = 0;
    const eh_policy_finding *findings = eh_policy_findings(policy, &count);
    eh_json_array_open(writer, "findings");
    for (size_t i = 0; i < count; i++) {
        eh_json_object_open_flat(writer, NULL);
        eh_json_text(writer, "kind", findings[i].kind == EH_POLICY_ERROR ? "error" : "warning");
        eh_json_text(writer, "file", findings[i].file);
        eh_json_integer(writer, "line", findings[i].line);
        eh_json_text(writer, "rule", findings[i].rule);
        eh_json_text(writer, "text", findings[i].text);
        eh_json_object_close(writer);
    }
    eh_json_array_close(writer);
}

static void about_json(const eh_policy_facts *about, eh_json_writer *writer)
{
    char date[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(about->review_by, EH_FRACTION_NONE, date);
    date[10] = '\0';
    eh_json_text(writer, "policy", about->name);
    eh_json_text(writer, "version", about->version);
    eh_json_text(writer, "sha256", about->sha256);
    eh_json_text(writer, "review_by", date);
    eh_json_integer(writer, "rules", (int64_t)about->rules_count);
    eh_json_integer(writer, "guards", (int64_t)about->guards_count);
}

eh_code eh_policy_run_check(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    EH_TRY(eh_policy_request_open(request, 0, &policy, error));
    size_t count = 0;
    (void)eh_policy_findings(policy, &count);
    const eh_policy_facts *about = eh_policy_about(policy);
    *status_out = count > 0 ? STATUS_FOUND : 0;
    if (request->json) {
        eh_json_writer writer;
        eh_json_begin(&writer, out, true, false);
        eh_json_object_open(&writer, NULL);
        about_json(about, &writer);
        findings_json(policy, &writer);
        eh_json_object_close(&writer);
        eh_buffer_byte(out, '\n');
        return EH_OK;
    }
    eh_policy_findings_text(policy, out);
    eh_buffer_format(out, "%s version %s: %zu rules, %zu guards, ", about->name, about->version, about->rules_count, about->guards_count);
    if (count == 0)
        eh_buffer_text(out, "nothing found\n");
    else
        eh_buffer_format(out, "%zu finding%s\n", count, count == 1 ? "" : "s");
    return EH_OK;
}

/* ---- test ----------------------------------------------------------------------------------------------------------------------------------- */

static void tests_json(const eh_policy_tests *tests, const eh_policy *policy, eh_buffer *out)
{
    eh_json_writer writer;
    eh_json_begin(&writer, out, true, false);
    eh_json_object_open(&writer, NULL);
    about_json(eh_policy_about(policy), &writer);
    eh_json_integer(&writer, "tests", (int64_t)tests->tests_count);
    eh_json_integer(&writer, "passed", (int64_t)tests->passed_count);
    eh_json_array_open(&writer, "failed");
    for (size_t i = 0; i < tests->tests_count; i++) {
        if (tests->tests[i].passed)
            continue;
        eh_json_object_open_flat(&writer, NULL);
        eh_json_text(&writer, "rule", tests->tests[i].rule);
        eh_json_text(&writer, "name", tests->tests[i].name);
        eh_json_text(&writer, "file", tests->tests[i].file);
        eh_json_integer(&writer, "line", tests->tests[i].line);
        eh_json_text(&writer, "text", tests->tests[i].text);
        eh_json_object_close(&writer);
    }
    eh_json_array_close(&writer);
    eh_json_integer(&writer, "parts", (int64_t)tests->parts_count * 2);
    eh_json_integer(&writer, "covered", (int64_t)tests->covered_count);
    eh_json_array_open(&writer, "uncovered");
    for (size_t i = 0; i < tests->parts_count; i++) {
        const eh_policy_part *part = &tests->parts[i];
        if (part->was_true && part->was_false)
            continue;
        eh_json_object_open_flat(&writer, NULL);
        eh_json_text(&writer, "rule", part->rule);
        eh_json_view(&writer, "part", part->part);
        eh_json_boolean(&writer, "was_true", part->was_true);
        eh_json_boolean(&writer, "was_false", part->was_false);
        eh_json_object_close(&writer);
    }
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(out, '\n');
}

static void tests_text(const eh_policy_tests *tests, eh_buffer *out)
{
    for (size_t i = 0; i < tests->tests_count; i++) {
        const eh_policy_test *each = &tests->tests[i];
        if (each->passed)
            continue;
        eh_buffer_format(out, "%s:%u: failed: %s%s%s: %s\n", each->file, each->line, each->rule != NULL ? each->rule : "",
                         each->rule != NULL && each->name != NULL ? ": " : "", each->name != NULL ? each->name : "", each->text);
    }
    for (size_t i = 0; i < tests->parts_count; i++) {
        const eh_policy_part *part = &tests->parts[i];
        if (part->was_true && part->was_false)
            continue;
        eh_buffer_format(out, "not covered: %s: %.*s was never %s\n", part->rule, (int)part->part.len, part->part.ptr,
                         !part->was_true && !part->was_false ? "evaluated" : part->was_true ? "false" : "true");
    }
    double share = tests->parts_count == 0 ? 1 : (double)tests->covered_count / (2 * (double)tests->parts_count);
    eh_buffer_format(out, "%zu of %zu tests passed; conditions covered %.1f %% (%zu of %zu: each part true and false)\n", tests->passed_count,
                     tests->tests_count, share * 100, tests->covered_count, 2 * tests->parts_count);
}

eh_code eh_policy_run_test(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    eh_policy_tests tests = {0};
    EH_TRY(eh_policy_request_open(request, 0, &policy, error));
    EH_TRY(eh_policy_test_all(policy, request->arena, &tests, error));
    *status_out = tests.passed_count < tests.tests_count ? STATUS_FOUND : 0;
    if (request->json)
        tests_json(&tests, policy, out);
    else
        tests_text(&tests, out);
    return EH_OK;
}

/* ---- explain ----------------------------------------------------------------------------------------------------------------------------------- */

static void rule_text(const eh_rule *rule, const char *language, eh_buffer *out)
{
    eh_buffer_format(out, "%s (%s", rule->id, eh_rule_effect_name(rule->effect));
    for (size_t i = 0; i < rule->law_count; i++)
        eh_buffer_format(out, "%s%s", i == 0 ? "; " : ", ", rule->law[i]);
    eh_buffer_text(out, ")\n    ");
    const char *words = eh_texts_find(&rule->explanation, language);
    eh_buffer_text(out, words == NULL ? "(no explanation)" : words);
    eh_buffer_format(out, "\n    when %s\n", rule->when);
    if (rule->effect == EH_RULE_CAP)
        eh_buffer_format(out, "    until %s has reached %lld\n", rule->cap_of, (long long)rule->cap_at_most);
    if (rule->effect == EH_RULE_REQUIRE)
        eh_buffer_format(out, "    the message says: %s\n", eh_texts_find(&rule->disclosure, language));
}

static void decision_text(const eh_policy *policy, const eh_policy_decision *decision, eh_policy_asker *asker, const char *language, eh_buffer *out)
{
    const eh_policy_facts *about = eh_policy_about(policy);
    eh_buffer_text(out, decision->permitted ? "permitted" : "denied");
    eh_buffer_format(out, " (%s", eh_policy_why_name(decision->why));
    if (decision->rule < about->rules_count)
        eh_buffer_format(out, " by %s", about->rules[decision->rule].id);
    eh_buffer_text(out, ")\n");
    for (size_t i = 0; i < about->rules_count; i++) {
        eh_policy_outcome outcome = (eh_policy_outcome)decision->outcomes[i];
        if (outcome == EH_RULE_DOES_NOT)
            continue;
        const char *words = eh_texts_find(&about->rules[i].explanation, language);
        eh_buffer_format(out, "  %s %s: %s: %s\n", eh_rule_effect_name(about->rules[i].effect), outcome == EH_RULE_APPLIES ? "applies" : eh_policy_outcome_name(outcome),
                         about->rules[i].id, words == NULL ? "" : words);
        if (outcome == EH_RULE_UNKNOWN)
            eh_buffer_format(out, "    it depends on: %s\n", eh_policy_asker_residual(asker, i));
        if (about->rules[i].effect == EH_RULE_REQUIRE)
            eh_buffer_format(out, "    the message says: %s\n", eh_texts_find(&about->rules[i].disclosure, language));
    }
}

static void decision_json(const eh_policy *policy, const eh_policy_decision *decision, eh_policy_asker *asker, eh_buffer *out)
{
    const eh_policy_facts *about = eh_policy_about(policy);
    eh_json_writer writer;
    eh_json_begin(&writer, out, true, false);
    eh_json_object_open(&writer, NULL);
    eh_json_boolean(&writer, "permitted", decision->permitted);
    eh_json_text(&writer, "why", eh_policy_why_name(decision->why));
    eh_json_text(&writer, "rule", decision->rule < about->rules_count ? about->rules[decision->rule].id : NULL);
    eh_json_array_open(&writer, "rules");
    for (size_t i = 0; i < about->rules_count; i++) {
        eh_json_object_open_flat(&writer, NULL);
        eh_json_text(&writer, "id", about->rules[i].id);
        eh_json_text(&writer, "effect", eh_rule_effect_name(about->rules[i].effect));
        eh_json_text(&writer, "outcome", eh_policy_outcome_name((eh_policy_outcome)decision->outcomes[i]));
        if (decision->outcomes[i] == EH_RULE_UNKNOWN)
            eh_json_text(&writer, "depends_on", eh_policy_asker_residual(asker, i));
        eh_json_object_close(&writer);
    }
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(out, '\n');
}

static eh_code facts_explain(const eh_policy_request *request, const eh_policy *policy, eh_buffer *out, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    EH_CLEANUP(eh_policy_asker_close) eh_policy_asker *asker = NULL;
    eh_cel_value *row = EH_TAKE(request->arena, eh_policy_facts_count(policy), eh_cel_value);
    if (row == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_policy_runnable(policy, error));
    EH_TRY(eh_json_parse(eh_view_of(request->facts), "--facts", &document, error));
    for (eh_json_members at = {0}; eh_json_next(eh_json_root(document), &at);)
        if (eh_policy_fact_find(policy, at.key) == SIZE_MAX)
            return eh_fail(error, EH_INPUT, "--facts: '%.100s' is not among the facts of this policy", at.key);
    EH_TRY(eh_policy_row(policy, eh_json_root(document), request->arena, row, error));
    EH_TRY(eh_policy_asker_open(policy, &asker, error));
    EH_TRY(eh_policy_asker_specialise(asker, row, error));
    eh_policy_decision decision = eh_policy_ask(asker, row);
    if (request->json)
        decision_json(policy, &decision, asker, out);
    else
        decision_text(policy, &decision, asker, request->language, out);
    return EH_OK;
}

eh_code eh_policy_run_explain(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    *status_out = 0;
    EH_TRY(eh_policy_request_open(request, 0, &policy, error));
    if (request->facts != NULL)
        return facts_explain(request, policy, out, error);
    const eh_policy_facts *about = eh_policy_about(policy);
    for (size_t i = 0; i < about->rules_count; i++)
        rule_text(&about->rules[i], request->language, out);
    for (size_t i = 0; i < about->guards_count; i++) {
        const eh_guard *guard = &about->guards[i];
        eh_buffer_format(out, "%s (guard: %s, tolerance %g, confidence %g; cannot tell: %s)\n    %s\n", guard->id, guard->measure, guard->tolerance,
                         guard->confidence, guard->cannot_tell == EH_CANNOT_TELL_ASK ? "ask" : "stop", eh_texts_find(&guard->explanation, request->language));
    }
    return EH_OK;
}
