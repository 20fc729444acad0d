/*
 * Goal: what is said about a decision is true. Over the decisions of a real plan: each stated reason is taken away and the score must move as said; what
 * "would have changed it" is tried; the reasons hold four fifths; the same decision has the same words; no protected attribute is among reasons, data used
 * or changes; the decision itself replays.
 *
 * usage: prove_explanations WORKSPACE PLAN COUNT TEXTS      writes pages as text to TEXTS.en ... TEXTS.es; prints the counts, one a line: name right all
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "journey/journey.h"

enum { PAGES_PER_LANGUAGE = 200 };

typedef struct {
    const char *name;
    uint64_t right, all;
} counted;
enum { REASONS, FLIPS, HAS_FLIP, COMPLETE, SAME_WORDS, REPLAYS, UNPROTECTED, FACTS, COUNTS };

typedef struct {
    const eh_workspace_model *model;
    const eh_plan_file *file;
    eh_words words[EH_LANGUAGES_COUNT];
    FILE *texts[EH_LANGUAGES_COUNT];
    counted counts[COUNTS];
    uint64_t decisions;
} proof;

static void count(proof *of, int which, bool right)
{
    of->counts[which].all++;
    of->counts[which].right += right;
}

/* The score without a fact: its own terms say nothing, of a pair the other half stays. Everything is computed anew from the facts. */
static bool reason_moves(const eh_decider *decider, const eh_trace *trace, const eh_why_reason *reason, eh_arena *arena)
{
    size_t offer = (size_t)trace->explained;
    const eh_model *model = eh_decider_model(decider, offer);
    uint8_t *bins = EH_TAKE(arena, model->features_count, uint8_t);
    int32_t *contributions = EH_TAKE(arena, model->terms_count, int32_t);
    if (bins == NULL || contributions == NULL)
        return false;
    eh_decider_bins(decider, offer, trace->facts, bins);
    int64_t with = eh_decider_score(decider, offer, bins, contributions), without = model->intercept;
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        bool first = eh_decider_fact(decider, offer, term->feature[0]) == reason->fact;
        bool second = term->features_count == 2 && eh_decider_fact(decider, offer, term->feature[1]) == reason->fact;
        int32_t half = term->features_count == 2 ? contributions[t] / 2 : 0;
        without += contributions[t] - (first ? contributions[t] - half : 0) - (second ? half : 0);
    }
    int64_t moved = with - without;
    return moved == reason->contribution && (moved > 0) == (reason->contribution > 0) && with == trace->scores[offer];
}

static void changes_try(proof *of, const eh_trace *trace, const eh_why_reasons *reasons, eh_arena *arena)
{
    const eh_frame *frame = &of->file->frame;
    eh_fact_value *facts = EH_TAKE(arena, frame->facts_count, eh_fact_value);
    eh_error error = {0};
    int offer = EH_NO_OFFER;
    count(of, HAS_FLIP, reasons->changes_count > 0);
    if (reasons->changes_count == 0 || facts == NULL)
        return;
    memcpy(facts, trace->facts, frame->facts_count * sizeof *facts);
    bool may_change = true;
    for (size_t i = 0; i < reasons->changes_count; i++) {
        may_change = may_change && frame->facts[reasons->changes[i].fact].changeable;
        facts[reasons->changes[i].fact] = reasons->changes[i].to;
    }
    eh_code code = eh_decide_anew(of->file->decider, trace, facts, arena, &offer, &error);
    count(of, FLIPS, code == EH_OK && may_change && (offer != EH_NO_OFFER) != reasons->sent);
}

/* Attributes that are no word of the shop's own features. */
static bool names_protected(const proof *of, const eh_page *page)
{
    for (size_t b = 0; b < page->blocks_count; b++) {
        const char *id = page->blocks[b].id;
        if (strcmp(id, "not_used") == 0 || strcmp(id, "fairness") == 0)
            continue;
        for (size_t i = 0; i < page->blocks[b].lines_count; i++)
            for (size_t a = 0; a < of->model->attributes_count; a++)
                if (strstr(page->blocks[b].lines[i].text, of->model->attributes[a].name) != NULL ||
                    (of->model->attributes[a].says != NULL && strstr(page->blocks[b].lines[i].text, of->model->attributes[a].says) != NULL))
                    return true;
    }
    return false;
}

/* What the page says was used is what the gate read: every fact that a model reads, when the person was scored, and nothing else. */
static bool facts_agree(const eh_page *page, const eh_trace *trace, const eh_frame *frame)
{
    size_t scored = 0, said = 0;
    for (size_t f = 0; f < trace->facts_count; f++)
        scored += frame->facts[f].scored;
    for (size_t b = 0; b < page->blocks_count; b++)
        for (size_t i = 0; strcmp(page->blocks[b].id, "used") == 0 && i < page->blocks[b].lines_count; i++)
            said += page->blocks[b].lines[i].kind == EH_LINE_TEXT;
    return trace->facts_count == 0 ? said == 1 : said == scored;
}

static eh_code page_text(const eh_page_input *input, eh_arena *arena, eh_page *page, eh_buffer *out, eh_error *error)
{
    EH_TRY(eh_page_make(input, arena, page, error));
    eh_page_text(page, 10000, out);
    return EH_OK;
}

static eh_code decision_prove(proof *of, const eh_trace *trace, eh_arena *arena, eh_error *error)
{
    eh_why_reasons reasons = {0};
    bool finish = false;
    EH_TRY(eh_reasons_find(of->file->decider, trace, true, arena, &reasons, error));
    count(of, REPLAYS, eh_trace_replay(of->file->decider, trace, arena, &finish) == NULL);
    for (size_t i = 0; i < reasons.reasons_count; i++)
        count(of, REASONS, reason_moves(of->file->decider, trace, &reasons.reasons[i], arena));
    if (reasons.scored) {
        count(of, COMPLETE, reasons.completeness >= 0.8);
        changes_try(of, trace, &reasons, arena);
    }
    for (size_t language = 0; language < EH_LANGUAGES_COUNT; language++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer one = {0}, other = {0};
        eh_page page = {0};
        if (language > 0 && of->decisions >= PAGES_PER_LANGUAGE)
            break;
        eh_page_input input = {.decider = of->file->decider, .trace = trace, .reasons = &reasons, .words = &of->words[language]};
        EH_TRY(page_text(&input, arena, &page, &one, error));
        count(of, UNPROTECTED, !names_protected(of, &page));
        count(of, FACTS, facts_agree(&page, trace, &of->file->frame));
        EH_TRY(page_text(&input, arena, &page, &other, error));
        count(of, SAME_WORDS, eh_view_equal(eh_buffer_view(&one), eh_buffer_view(&other)));
        if (of->decisions < PAGES_PER_LANGUAGE)
            fprintf(of->texts[language], "%s\n", one.ptr);
    }
    of->decisions++;
    return EH_OK;
}

static eh_code prove(char **argv, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_plan_file_close) eh_plan_file file = {0};
    proof of = {.counts = {{"reason correct", 0, 0}, {"counterfactual flips", 0, 0}, {"has a counterfactual", 0, 0}, {"complete (four fifths)", 0, 0}, {"same words", 0, 0},
                           {"replays", 0, 0}, {"no protected attribute", 0, 0}, {"page facts are gate facts", 0, 0}}};
    uint64_t most = strtoull(argv[3], NULL, 10);
    bool more = true;
    EH_TRY(eh_workspace_open(argv[1], &workspace, error));
    of.model = eh_workspace_get(workspace);
    EH_TRY(eh_plan_file_open(of.model->state_folder, argv[2], &file, error));
    of.file = &file;
    for (size_t i = 0; i < EH_LANGUAGES_COUNT; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s.%s", argv[4], eh_languages[i]);
        EH_TRY(eh_words_open(eh_languages[i], &of.words[i], error));
        if ((of.texts[i] = fopen(path, "we")) == NULL)
            return eh_fail(error, EH_IO, "%s: cannot be written", path);
    }
    for (size_t at = 0; of.decisions < most;) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
        eh_trace trace = {0};
        if (arena == NULL)
            return eh_fail_memory(error);
        EH_TRY(eh_plan_file_next(&file, &at, arena, &trace, &more, error));
        if (!more)
            break;
        EH_TRY(decision_prove(&of, &trace, arena, error));
    }
    printf("decisions %llu %llu\n", (unsigned long long)of.decisions, (unsigned long long)most);
    for (size_t i = 0; i < COUNTS; i++)
        printf("%s: %llu %llu\n", of.counts[i].name, (unsigned long long)of.counts[i].right, (unsigned long long)of.counts[i].all);
    for (size_t i = 0; i < EH_LANGUAGES_COUNT; i++) {
        fclose(of.texts[i]);
        eh_words_close(&of.words[i]);
    }
    return EH_OK;
}

int main(int argc, char **argv)
{
    eh_error error = {0};
    if (argc != 5) {
        fprintf(stderr, "usage: prove_explanations WORKSPACE PLAN COUNT TEXTS\n");
        return 2;
    }
    if (prove(argv, &error) != EH_OK) {
        fprintf(stderr, "prove_explanations: %s\n", error.text);
        return 2;
    }
    return 0;
}
