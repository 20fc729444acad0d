/* The preflight report of a plan: ten people as examples, the requirements, and what is kept of it on the disk. */
#include <string.h>

#include "journey/journey.h"

enum { TRACES_TOGETHER = 512 };

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
    out->key = run->crowd.keys[person];
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
    for (size_t most = 1; most <= EH_PREFLIGHT_EXAMPLES && count < EH_PREFLIGHT_EXAMPLES; most++)
        for (size_t person = 0; person < run->crowd.count && count < EH_PREFLIGHT_EXAMPLES; person++) {
            int stage = eh_plan_stage(run->plan, person);
            size_t *known = stage < 0 ? NULL : &seen[stage][eh_plan_choice(run->plan, person) != EH_NO_OFFER];
            if (known == NULL || *known >= most)
                continue;
            bool taken = false;
            for (size_t i = 0; i < count; i++)
                taken = taken || examples[i].key == run->crowd.keys[person];
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
    for (size_t person = 0; person < run->crowd.count; person++) {
        if (eh_plan_stage(run->plan, person) < 0)
            continue;
        based = based && (eh_plan_choice(run->plan, person) == EH_NO_OFFER || eh_plan_right(run->plan, person, EH_PURPOSE_MARKETING).may);
        unscored = unscored && (!eh_plan_scored(run->plan, person) || eh_plan_right(run->plan, person, EH_PURPOSE_AI).may);
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

/* ---- what customers will be told ------------------------------------------------------------------------------------------------------ */

static void told_rules(const eh_plan_run *run, const eh_plan_summary *sum, eh_buffer *out)
{
    const eh_policy_facts *about = run->book == NULL ? NULL : eh_policy_about(eh_rulebook_policy(run->book));
    for (size_t r = 0; about != NULL && r < about->rules_count && r < 256; r++) {
        const char *text = eh_texts_find(&about->rules[r].disclosure, "en");
        if (about->rules[r].effect == EH_RULE_REQUIRE && sum->rule_people[r][0] > 0 && text != NULL)
            eh_buffer_format(out, "%s\n", text);
    }
}

static const char *told_make(const eh_plan_run *run, const eh_plan_summary *sum)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    const eh_frame *frame = &run->frame;
    eh_buffer_format(&text, "That it is an ad of %s%s%s.\n", frame->shop, frame->on_behalf_of == NULL ? "" : ", paid by ", frame->on_behalf_of == NULL ? "" : frame->on_behalf_of);
    if (frame->choose == EH_CHOOSE_MODEL)
        eh_buffer_text(&text, "That a computer program chose, and how to switch that off.\n");
    told_rules(run, sum, &text);
    for (size_t o = 0; o < frame->offers_count; o++)
        if (frame->offers[o].price_personalised && sum->offers[o] > 0)
            eh_buffer_format(&text, "With the offer %s: The price or discount you see was set for you by a program.\n", frame->offers[o].name);
    eh_buffer_text(&text, "On the page behind the link in the message: why they got it or did not, what was used and not used, what would have changed it.\n");
    return eh_arena_copy(run->arena, eh_buffer_view(&text));
}

eh_code eh_preflight_make(eh_plan_run *run, eh_preflight *preflight_out, eh_error *error)
{
    eh_preflight *made = preflight_out;
    size_t examples_count = 0;
    eh_plan_summary_of(run->plan, &made->summary);
    EH_TRY(examples_make(run, made->examples, &examples_count, error));
    size_t requirements_count = requirements_check(run, &made->summary, made->requirements);
    for (size_t i = 0; i < requirements_count; i++)
        if (!made->requirements[i].met && strcmp(run->outcome, "stopped") != 0)
            run->outcome = "ask";
    made->report = (eh_report_plan){.frame = &run->frame, .summary = &made->summary, .outcome = run->outcome, .verdict = &run->verdict, .hidden = &run->hidden,
                                    .guards = run->guarded, .guards_count = run->guarded_count, .told = told_make(run, &made->summary),
                                    .repair = run->repair.found || strcmp(run->outcome, "stopped") == 0 ? &run->repair : NULL, .examples = made->examples,
                                    .examples_count = examples_count, .requirements = made->requirements, .requirements_count = requirements_count};
    return EH_OK;
}

/* ---- on the disk --------------------------------------------------------------------------------------------------------------------- */

static eh_code traces_write(const eh_plan_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer traces = {0};
    eh_buffer_init(&traces, SIZE_MAX / 4);
    for (size_t from = 0; from < run->crowd.count; from += TRACES_TOGETHER) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX); /* one for many: it is the pages that cost */
        size_t to = run->crowd.count - from < TRACES_TOGETHER ? run->crowd.count : from + TRACES_TOGETHER;
        if (arena == NULL)
            return eh_fail_memory(error);
        for (size_t person = from; person < to; person++) {
            eh_trace trace = {0};
            if (eh_plan_stage(run->plan, person) < 0)
                continue;
            EH_TRY(eh_plan_trace(run->plan, person, arena, &trace, error));
            eh_traces_append(&traces, &trace);
        }
    }
    EH_TRY(eh_buffer_check(&traces, error));
    return eh_plan_file_write(run->model->state_folder, &run->frame, eh_buffer_view(&traces), error);
}

static eh_code report_keep(const eh_plan_run *run, const eh_report_plan *report, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, json = {0};
    eh_report_plan_json(report, &json);
    eh_buffer_format(&path, "%s/plans/%s/report.json", run->model->state_folder, run->frame.plan);
    EH_TRY(eh_buffer_check(&path, error));
    EH_TRY(eh_buffer_check(&json, error));
    return eh_file_replace(path.ptr, eh_buffer_view(&json), error);
}

eh_code eh_preflight_write(const eh_plan_run *run, const eh_preflight *preflight, eh_error *error)
{
    EH_TRY(traces_write(run, error));
    EH_TRY(eh_plan_corrections_keep(run, error));
    return report_keep(run, &preflight->report, error);
}
