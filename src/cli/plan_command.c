/* `evenhand plan`: decides for everybody, looks whether it is fair, writes the plan and its report. Nothing is sent. */
#include <string.h>

#include "cli/plan_int.h"
#include "report/plan_report.h"

enum { EXAMPLES = 10, REQUIREMENTS_MAX = 16, TEXT_COLUMNS = 80 };

/* ---- options -------------------------------------------------------------------------------------------------------------------- */

static eh_code read_workspace(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_plan_request *)use->target)->workspace = use->value;
    return EH_OK;
}

static eh_code read_moment(const eh_option_use *use, eh_instant *instant_out, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), instant_out, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    if (instant_out->seconds <= 0 || instant_out->seconds > UINT32_MAX)
        return eh_fail(error, EH_INPUT, "%s: lies outside 1970 to 2106", use->option);
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error) { return read_moment(use, &((eh_plan_request *)use->target)->now, error); }

static eh_code read_as_of(const eh_option_use *use, eh_error *error)
{
    eh_plan_request *request = use->target;
    request->dated = true;
    return read_moment(use, &request->as_of, error);
}

static eh_code read_seed(const eh_option_use *use, eh_error *error)
{
    eh_plan_request *request = use->target;
    request->seeded = true;
    return eh_whole_read(use, 0, INT64_MAX, &request->seed, error);
}

static eh_code read_repair(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_plan_request *)use->target)->repair = true;
    return EH_OK;
}

static eh_code read_output(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_plan_request *)use->target)->output_prefix = use->value;
    return EH_OK;
}

static eh_code read_quiet(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_plan_request *)use->target)->quiet = true;
    return EH_OK;
}

static eh_code read_format(const eh_option_use *use, eh_error *error)
{
    eh_plan_request *request = use->target;
    request->formats = 0;
    for (const char *at = use->value; *at != '\0';) {
        size_t len = strcspn(at, ","), f = 0;
        while (f < EH_FORMAT_CSV && !eh_view_equal((eh_view){at, len}, eh_view_of(eh_formats[f].name)))
            f++;
        if (f == EH_FORMAT_CSV)
            return eh_fail(error, EH_INPUT, "%s: '%.*s' is no format; there are text, json and html", use->option, (int)len, at);
        request->formats |= 1u << f;
        at += len + (at[len] == ',');
    }
    return EH_OK;
}

static const eh_option options[] = {
    {"--workspace", "FOLDER", "Where", "the folder with evenhand.yaml; default: this one or the nearest above", false, read_workspace},
    {"--now", "TIME", "When", "the moment of the decision, e.g. 2026-11-25T09:00:00Z; default: now", false, read_now},
    {"--as-of", "TIME", "When", "facts as they were then; default: now", false, read_as_of},
    {"--seed", "N", "Lots", "the lots of holdout, exploration and ties; default: 1", false, read_seed},
    {"--repair", NULL, "Fairness", "when a guard is violated, let the plan repair itself", false, read_repair},
    {"--format", "LIST", "What comes out", "text, json, html, or several with commas between; default: text", false, read_format},
    {"--output", "PREFIX", "What comes out", "writes the report to PREFIX.txt, PREFIX.json, PREFIX.html", false, read_output},
    {"--quiet", NULL, "What comes out", "says nothing of what was written", false, read_quiet},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { OPTIONS_COUNT = sizeof options / sizeof options[0] };

void eh_plan_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand plan - decides who gets what, and looks whether it is fair; sends nothing\n"
                   "\n"
                   "  evenhand plan CAMPAIGN [options]\n"
                   "\n"
                   "CAMPAIGN is the name of a file in campaigns/, or a path. The order: what people have\n"
                   "said, the rules, the lots, the scores, the budget; then the guards look at the result.\n");
    eh_options_help(options, OPTIONS_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Exit status: 0 may go out (also when it was repaired), 1 stopped, 3 cannot tell: ask a\n"
                   "person, 2 error.\n"
                   "\n"
                   "Examples:\n"
                   "  evenhand plan spring-boots\n"
                   "  evenhand plan spring-boots --repair --format html --output preflight\n");
}

static eh_code request_parse(int argc, char **argv, eh_arena *arena, eh_plan_request *request, eh_error *error)
{
    eh_arguments arguments;
    EH_TRY(eh_arguments_parse(options, OPTIONS_COUNT, argc, argv, arena, &arguments, error));
    request->help = arguments.help;
    if (arguments.help)
        return EH_OK;
    *request = (eh_plan_request){.formats = 1u << EH_FORMAT_TEXT, .seed = 1, .now = eh_instant_now()};
    request->now.nanoseconds = 0;
    EH_TRY(eh_arguments_read(options, OPTIONS_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = request}, error));
    if (arguments.files_count != 1)
        return eh_fail(error, EH_INPUT, "%s, as in: evenhand plan spring-boots", arguments.files_count == 0 ? "name a campaign" : "one campaign at a time");
    request->campaign = arguments.files[0];
    if (request->output_prefix == NULL && (request->formats & (request->formats - 1)) != 0)
        return eh_fail(error, EH_INPUT, "--format: several formats need --output PREFIX");
    return EH_OK;
}

/* ---- examples -------------------------------------------------------------------------------------------------------------------- */

static eh_code example_make(eh_plan_run *run, const eh_decider *decider, const eh_words *words, size_t person, eh_plan_example *out, eh_error *error)
{
    eh_trace trace = {0};
    eh_why_reasons reasons = {0};
    eh_page page = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(eh_plan_trace(run->plan, person, run->arena, &trace, error));
    EH_TRY(eh_reasons_find(decider, &trace, false, run->arena, &reasons, error));
    EH_TRY(eh_page_make(&(eh_page_input){.decider = decider, .trace = &trace, .reasons = &reasons, .words = words}, run->arena, &page, error));
    for (size_t b = 0; b < page.blocks_count; b++)
        for (size_t i = 0; page.blocks[b].first_screen && i < page.blocks[b].lines_count; i++)
            if (page.blocks[b].lines[i].kind != EH_LINE_CONTROL)
                eh_buffer_format(&text, "%s\n", page.blocks[b].lines[i].text);
    out->key = run->keys[person];
    out->stage = trace.stage;
    out->offer = trace.choice == EH_NO_OFFER ? NULL : run->frame.offers[trace.choice].name;
    out->text = eh_arena_copy(run->arena, eh_buffer_view(&text));
    return out->text == NULL ? eh_fail_memory(error) : EH_OK;
}

/* Different ends first, those who get something and those who do not; then whoever comes. */
static eh_code examples_make(eh_plan_run *run, eh_plan_example *examples, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_words_close) eh_words words = {0};
    eh_decider *decider = NULL;
    size_t seen[EH_STAGES_COUNT][2] = {{0}}, count = 0;
    EH_TRY(eh_words_open("en", &words, error));
    EH_TRY(eh_decider_open(&run->frame, run->models, run->arena, &decider, error));
    for (size_t most = 1; most <= EXAMPLES && count < EXAMPLES; most++)
        for (size_t person = 0; person < run->people_count && count < EXAMPLES; person++) {
            int stage = eh_plan_stage(run->plan, person);
            size_t *known = stage < 0 ? NULL : &seen[stage][eh_plan_choice(run->plan, person) != EH_NO_OFFER];
            if (known == NULL || *known >= most)
                continue;
            bool taken = false;
            for (size_t i = 0; i < count; i++)
                taken = taken || examples[i].key == run->keys[person];
            if (taken)
                continue;
            ++*known;
            EH_TRY(example_make(run, decider, &words, person, &examples[count++], error));
        }
    *count_out = count;
    return EH_OK;
}

/* ---- requirements ------------------------------------------------------------------------------------------------------------------- */

static size_t requirements_check(const eh_plan_run *run, const eh_plan_summary *sum, eh_plan_requirement *list)
{
    bool based = true, unscored = true, personalised = false;
    for (size_t person = 0; person < run->people_count; person++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
        eh_trace trace = {0};
        eh_error error = {0};
        int stage = eh_plan_stage(run->plan, person);
        if (stage < 0 || (stage != EH_STAGE_WITHOUT_AI && person % 16 != 0)) /* all who have AI off, a sixteenth of the others */
            continue;
        bool read = arena != NULL && eh_plan_trace(run->plan, person, arena, &trace, &error) == EH_OK;
        based = based && read && (trace.choice == EH_NO_OFFER || trace.marketing.may);
        unscored = unscored && read && (trace.ai.may || trace.scores == NULL);
    }
    for (size_t o = 0; o < run->frame.offers_count; o++)
        personalised = personalised || (run->frame.offers[o].price_personalised && sum->offers[o] > 0);
    bool retail = run->frame.category != NULL && strcmp(run->frame.category, "retail") == 0;
    const eh_plan_requirement all[] = {
        {"BASIS-1", "everyone who gets something may be written to on this channel, and the record that says so is named", based},
        {"BASIS-2", "the models read declared features only", true},
        {"CONS-3", "rights were asked at the moment of the plan, and are asked again at release", true},
        {"OPT-AI-1", "nobody who has switched AI off has a score", unscored},
        {"AIA-4A", "protected attributes were read after everything was decided, as anonymous groups", true},
        {"EXPL-1", "every decision has a page with its real reasons", true},
        {"DSA-26", "the page says that it is an ad, whose, and who paid", run->frame.shop != NULL},
        {"PRICE-EU", personalised ? "the price notice is a part of the messages with a personalised price" : "no price is personalised", true},
        {"ADM-1", retail ? "ordinary retail marketing: out of the scope of decisions with a legal or similar effect" : "this category needs a recorded classification by a person", retail},
    };
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof all[0];
}

/* ---- writing ---------------------------------------------------------------------------------------------------------------------------- */

static eh_code plan_write(eh_plan_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer traces = {0};
    eh_buffer_init(&traces, SIZE_MAX / 4);
    for (size_t person = 0; person < run->people_count; person++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = NULL;
        eh_trace trace = {0};
        if (eh_plan_stage(run->plan, person) < 0)
            continue;
        arena = eh_arena_open(1 << 20);
        if (arena == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_plan_trace(run->plan, person, arena, &trace, error));
        eh_traces_append(&traces, &trace);
    }
    EH_TRY(eh_buffer_check(&traces, error));
    return eh_plan_file_write(run->model->state_folder, &run->frame, eh_buffer_view(&traces), error);
}

static void report_form(const eh_report_plan *report, size_t format, size_t columns, eh_buffer *out)
{
    if (format == EH_FORMAT_TEXT)
        eh_report_plan_text(report, columns, out);
    else if (format == EH_FORMAT_JSON)
        eh_report_plan_json(report, out);
    else
        eh_report_plan_html(report, out);
}

static eh_code state_write(const eh_plan_run *run, const eh_report_plan *report, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, json = {0};
    eh_report_plan_json(report, &json);
    eh_buffer_format(&path, "%s/plans/%s/report.json", run->model->state_folder, run->frame.plan);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_buffer_check(&json, error));
    return eh_file_replace(path.ptr, eh_buffer_view(&json), error);
}

static eh_code report_write(eh_plan_run *run, const eh_report_plan *report, eh_error *error)
{
    const eh_plan_request *request = &run->request;
    bool only = (request->formats & (request->formats - 1)) == 0;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer shown = {0};
    for (size_t f = 0; f < EH_FORMAT_CSV; f++) {
        if ((request->formats >> f & 1) == 0)
            continue;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer form = {0};
        report_form(report, f, TEXT_COLUMNS, &form);
        EH_TRY(eh_buffer_check(&form, error));
        if (request->output_prefix == NULL) {
            eh_buffer_append(&shown, eh_buffer_view(&form));
            continue;
        }
        char *path = eh_output_path(run->arena, request->output_prefix, f, only);
        if (path == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_parent_folders_make(path, error));
        EH_TRY(eh_file_replace(path, eh_buffer_view(&form), error));
        if (!request->quiet)
            eh_note_show("wrote", path);
    }
    if (request->output_prefix != NULL) {
        eh_report_plan_sentence(report, &shown);
        eh_buffer_format(&shown, "\nPlan %s\n", run->frame.plan);
    }
    EH_TRY(eh_buffer_check(&shown, error));
    return eh_stdout_write(eh_buffer_view(&shown), error);
}

static eh_code plan_do(eh_plan_run *run, int *status_out, eh_error *error)
{
    eh_plan_summary *summary = EH_TAKE(run->arena, 1, eh_plan_summary);
    eh_plan_example examples[EXAMPLES];
    eh_plan_requirement requirements[REQUIREMENTS_MAX];
    size_t examples_count = 0;
    if (summary == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_plan_run_do(run, error));
    eh_plan_summary_of(run->plan, summary);
    EH_TRY(examples_make(run, examples, &examples_count, error));
    size_t requirements_count = requirements_check(run, summary, requirements);
    for (size_t i = 0; i < requirements_count; i++)
        if (!requirements[i].met && strcmp(run->outcome, "stopped") != 0)
            run->outcome = "ask";
    eh_report_plan report = {.frame = &run->frame, .summary = summary, .outcome = run->outcome, .verdict = &run->verdict,
                             .repair = run->repair.found || strcmp(run->outcome, "stopped") == 0 ? &run->repair : NULL, .examples = examples,
                             .examples_count = examples_count, .requirements = requirements, .requirements_count = requirements_count};
    EH_TRY(plan_write(run, error));
    EH_TRY(state_write(run, &report, error));
    EH_TRY(report_write(run, &report, error));
    *status_out = strcmp(run->outcome, "stopped") == 0 ? 1 : strcmp(run->outcome, "ask") == 0 ? 3 : 0;
    return EH_OK;
}

int eh_plan_command(int argc, char **argv)
{
    eh_error error = {0};
    eh_plan_run run = {.arena = eh_arena_open(SIZE_MAX / 4)};
    int status = EH_STATUS_ERROR;
    if (run.arena == NULL)
        (void)eh_fail_memory(&error);
    else if (request_parse(argc, argv, run.arena, &run.request, &error) == EH_OK && run.request.help) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_plan_help(&text);
        status = eh_stdout_show("plan", &text);
    } else if (error.code != EH_OK || plan_do(&run, &status, &error) != EH_OK) {
        status = eh_error_show("plan", &error);
    }
    eh_plan_run_close(&run);
    return status;
}
