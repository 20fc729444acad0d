/*
 * Goal: what a page says is true and the same for ever. Over thousands of decisions: take a stated reason away and the score moves as
 * said; do what "would have changed it" and the decision is another; the shown reasons hold four fifths; what the page says of rights is what the
 * gate said; no protected attribute and no jargon; every language has every message with the same holes; short words, short sentences.
 */
#include "../decide/decide_fixture.h"
#include "explain/explain.h"

#include <ctype.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

typedef struct {
    fixture of;
    eh_plan *plan;
    eh_decider *decider;
    eh_words words;
} shop;

static const char *const checked[] = {"gender"};

static void shop_open(shop *one, const char *language)
{
    fixture_options options = {.people = 3400, .seed = 21, .rules = true, .holdout = 0.05, .explore = 0.05, .budget = INT64_C(1200) * EH_MICROS, .ai_off_every = 12,
                               .no_consent_every = 13};
    eh_error error = {0};
    fixture_open(&options, &one->of);
    one->of.frame.checked = checked;
    one->of.frame.checked_count = 1;
    one->of.frame.fairness = "within tolerance";
    if (eh_plan_make(&one->of.input, &one->plan, &error) != EH_OK || eh_decider_open(&one->of.frame, one->of.models, one->of.arena, &one->decider, &error) != EH_OK ||
        eh_words_open(language, &one->words, &error) != EH_OK)
        fail_msg("%s", error.text);
}

static void shop_close(shop *one)
{
    eh_words_close(&one->words);
    eh_plan_close(&one->plan);
    fixture_close(&one->of);
}

static eh_page page_of(const shop *one, const eh_trace *trace, const eh_why_reasons *reasons, eh_arena *arena)
{
    eh_page page = {0};
    eh_error error = {0};
    eh_page_input input = {.decider = one->decider, .trace = trace, .reasons = reasons, .words = &one->words};
    if (eh_page_make(&input, arena, &page, &error) != EH_OK)
        fail_msg("%s", error.text);
    return page;
}

static eh_why_reasons reasons_of(const shop *one, const eh_trace *trace, bool changes, eh_arena *arena)
{
    eh_why_reasons reasons = {0};
    eh_error error = {0};
    if (eh_reasons_find(one->decider, trace, changes, arena, &reasons, &error) != EH_OK)
        fail_msg("%s", error.text);
    return reasons;
}

static eh_trace trace_of(const shop *one, size_t person, eh_arena *arena)
{
    eh_trace trace = {0};
    eh_error error = {0};
    if (eh_plan_trace(one->plan, person, arena, &trace, &error) != EH_OK)
        fail_msg("%s", error.text);
    return trace;
}

/* Taking a fact away: its terms say nothing. With one term per fact the score moves by exactly what was said. */
static void reason_check(const shop *one, const eh_trace *trace, const eh_why_reason *reason)
{
    const eh_model *model = eh_decider_model(one->decider, (size_t)trace->explained);
    int64_t without = model->intercept, with = model->intercept;
    for (size_t t = 0; t < model->terms_count; t++) {
        with += trace->contributions[t];
        if (eh_decider_fact(one->decider, (size_t)trace->explained, model->terms[t].feature[0]) != reason->fact)
            without += trace->contributions[t];
    }
    assert_int_equal(with, trace->scores[trace->explained]);
    assert_int_equal(with - without, reason->contribution);
}

static void reasons_are_true(void **state)
{
    (void)state;
    shop one = {0};
    shop_open(&one, "en");
    size_t scored = 0, changed = 0;
    for (size_t person = 0; person < 3400; person++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 22);
        eh_trace trace = trace_of(&one, person, arena);
        eh_why_reasons reasons = reasons_of(&one, &trace, true, arena);
        if (!reasons.scored) {
            assert_int_equal(reasons.reasons_count + reasons.changes_count, 0);
            continue;
        }
        scored++;
        assert_true(reasons.completeness >= 0.8 && reasons.completeness <= 1);
        for (size_t i = 0; i < reasons.reasons_count; i++)
            reason_check(&one, &trace, &reasons.reasons[i]);
        if (reasons.changes_count == 0)
            continue;
        changed++;
        eh_fact_value facts[FIXTURE_FACTS];
        memcpy(facts, trace.facts, sizeof facts);
        for (size_t i = 0; i < reasons.changes_count; i++) {
            assert_true(one.of.frame.facts[reasons.changes[i].fact].changeable);
            facts[reasons.changes[i].fact] = reasons.changes[i].to;
        }
        int offer = 0;
        eh_error error = {0};
        assert_int_equal(eh_decide_anew(one.decider, &trace, facts, arena, &offer, &error), EH_OK);
        assert_true((offer != EH_NO_OFFER) != reasons.sent);
    }
    assert_true(scored > 2000 && changed > scored * 9 / 10);
    shop_close(&one);
}

static const eh_page_block *block_of(const eh_page *page, const char *id)
{
    for (size_t b = 0; b < page->blocks_count; b++)
        if (strcmp(page->blocks[b].id, id) == 0)
            return &page->blocks[b];
    return NULL;
}

static bool says(const eh_page_block *block, const char *text)
{
    for (size_t i = 0; block != NULL && i < block->lines_count; i++)
        if (strstr(block->lines[i].text, text) != NULL)
            return true;
    return false;
}

/* The page and the gate agree: what rights, rules and lots said is what the page says. */
static void pages_say_what_the_gates_said(void **state)
{
    (void)state;
    shop one = {0};
    shop_open(&one, "en");
    for (size_t person = 0; person < 3400; person++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 22);
        eh_trace trace = trace_of(&one, person, arena);
        eh_why_reasons reasons = reasons_of(&one, &trace, false, arena);
        eh_page page = page_of(&one, &trace, &reasons, arena);
        const eh_page_block *what = block_of(&page, "what"), *why = block_of(&page, "reasons");
        assert_int_equal(says(what, "You got it by e-mail"), trace.choice != EH_NO_OFFER);
        assert_int_equal(says(why, "You have not said that we may send you ads"), trace.stage == EH_STAGE_CONSENT);
        assert_int_equal(says(why, "A rule of the shop says no"), trace.stage == EH_STAGE_RULES);
        assert_int_equal(says(why, "left out by lot"), trace.stage == EH_STAGE_HOLDOUT);
        assert_int_equal(says(what, "You have switched AI off"), trace.stage == EH_STAGE_WITHOUT_AI);
        assert_int_equal(says(what, "A computer program chose"), trace.stage == EH_STAGE_CHOICE);
        assert_true(page.first_screen_words <= EH_FIRST_SCREEN_WORDS_MAX);
        assert_true(says(block_of(&page, "not_used"), "gender: never used to choose"));
        for (size_t b = 0; b < page.blocks_count; b++)
            if (strcmp(page.blocks[b].id, "not_used") != 0 && strcmp(page.blocks[b].id, "fairness") != 0)
                assert_false(says(&page.blocks[b], "gender"));
    }
    shop_close(&one);
}

static void the_same_decision_has_the_same_words(void **state)
{
    (void)state;
    for (size_t l = 0; l < EH_LANGUAGES_COUNT; l++) {
        shop one = {0};
        shop_open(&one, eh_languages[l]);
        for (size_t person = 0; person < 200; person++) {
            EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 22);
            EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0}, again = {0}, html = {0}, json = {0};
            eh_trace trace = trace_of(&one, person, arena);
            eh_why_reasons reasons = reasons_of(&one, &trace, true, arena);
            eh_page first = page_of(&one, &trace, &reasons, arena), second = page_of(&one, &trace, &reasons, arena);
            eh_page_text(&first, 80, &text);
            eh_page_text(&second, 80, &again);
            assert_string_equal(text.ptr, again.ptr);
            assert_null(strstr(text.ptr, "<<")); /* a message or a value that is missing */
            eh_page_html(&first, &html);
            assert_null(strstr(html.ptr, "<<"));
            eh_json_writer out;
            eh_page_input input = {.decider = one.decider, .trace = &trace, .reasons = &reasons, .words = &one.words};
            eh_json_begin(&out, &json, false, false);
            eh_page_json(&first, &input, &out, NULL);
            eh_json_document *document = NULL;
            eh_error error = {0};
            assert_int_equal(eh_json_parse(eh_buffer_view(&json), "page", &document, &error), EH_OK);
            eh_json_close(&document);
        }
        shop_close(&one);
    }
}

static void every_language_has_every_message(void **state)
{
    (void)state;
    eh_words english = {0}, other = {0};
    eh_error error = {0};
    assert_int_equal(eh_words_open("en", &english, &error), EH_OK);
    for (size_t l = 1; l < EH_LANGUAGES_COUNT; l++) {
        const char *const *keys = NULL, *const *others = NULL;
        size_t count = 0, others_count = 0;
        if (eh_words_open(eh_languages[l], &other, &error) != EH_OK)
            fail_msg("%s", error.text);
        eh_messages_keys(english.english, &keys, &count);
        eh_messages_keys(other.own, &others, &others_count);
        assert_int_equal(count, others_count);
        for (size_t k = 0; k < count; k++) {
            const char *const *names = NULL, *const *other_names = NULL;
            size_t names_count = 0, other_names_count = 0;
            assert_string_equal(keys[k], others[k]);
            eh_messages_arguments(english.english, keys[k], &names, &names_count);
            eh_messages_arguments(other.own, keys[k], &other_names, &other_names_count);
            if (names_count != other_names_count)
                fail_msg("%s in %s: %zu holes, in English %zu", keys[k], eh_languages[l], other_names_count, names_count);
            for (size_t n = 0; n < names_count; n++)
                assert_string_equal(names[n], other_names[n]);
        }
        eh_words_close(&other);
    }
    assert_int_equal(eh_words_open("xx", &other, &error), EH_NOT_FOUND);
    assert_non_null(strstr(error.text, "German (de)"));
    eh_words_close(&english);
}

static size_t syllables(const char *word, size_t len)
{
    size_t count = 0;
    bool vowel = false;
    for (size_t i = 0; i < len; i++) {
        bool now = strchr("aeiouyAEIOUY", word[i]) != NULL;
        count += now && !vowel;
        vowel = now;
    }
    if (len > 2 && (word[len - 1] == 'e' || word[len - 1] == 'E') && count > 1)
        count--;
    return count == 0 ? 1 : count;
}

/* Flesch-Kincaid grade (Kincaid et al. 1975): 0.39 words per sentence + 11.8 syllables per word - 15.59. */
static void pages_are_easy_to_read(void **state)
{
    (void)state;
    static const char *const jargon[] = {"model", "score", "feature", "algorithm", "logit", "propensity", "segment", "uplift"};
    shop one = {0};
    shop_open(&one, "en");
    for (size_t person = 0; person < 300; person++) {
        EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 22);
        eh_trace trace = trace_of(&one, person, arena);
        eh_why_reasons reasons = reasons_of(&one, &trace, true, arena);
        eh_page page = page_of(&one, &trace, &reasons, arena);
        size_t words = 0, sentences = 0, sounds = 0;
        for (size_t b = 0; b < page.blocks_count; b++)
            for (size_t i = 0; i < page.blocks[b].lines_count; i++) {
                const char *text = page.blocks[b].lines[i].text;
                for (size_t j = 0; j < sizeof jargon / sizeof jargon[0]; j++)
                    assert_null(strcasestr(text, jargon[j]));
                size_t before = sentences;
                for (const char *at = text; *at != '\0';) {
                    size_t len = strcspn(at, " ");
                    words++;
                    sounds += syllables(at, len);
                    sentences += len > 0 && strchr(".?!:", at[len - 1]) != NULL;
                    at += len;
                    at += strspn(at, " ");
                }
                sentences += before == sentences;
            }
        double grade = 0.39 * (double)words / (double)sentences + 11.8 * (double)sounds / (double)words - 15.59;
        if (grade > 8)
            fail_msg("person %zu: grade %.1f", person, grade);
    }
    shop_close(&one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_language_has_every_message),
        cmocka_unit_test(reasons_are_true),
        cmocka_unit_test(pages_say_what_the_gates_said),
        cmocka_unit_test(the_same_decision_has_the_same_words),
        cmocka_unit_test(pages_are_easy_to_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
