/**
 * From the trace of a decision to words: why somebody got something, or did not.
 *
 * Two steps. Reasons: what counted, what did not, what would have changed it: numbers, found in the trace and by running the decision
 * again, no language in them. Page: blocks of lines in a language, from which text, JSON and HTML are made. Nothing is looked up but the
 * trace, its frame and the models that it names, so the same decision has the same words for ever. README.md has the rules.
 */
#ifndef EH_EXPLAIN_EXPLAIN_H
#define EH_EXPLAIN_EXPLAIN_H

#include "base/messages.h"
#include "base/time.h"
#include "decide/decide.h"

/* ---- reasons -------------------------------------------------------------------------------------------------------------------- */

enum { EH_REASONS_MAX = 32, EH_CHANGES_MAX = 2, EH_FIRST_SCREEN_WORDS_MAX = 80 };

/** What one fact added to the score (half of a pair's goes to each of its facts). */
typedef struct {
    size_t fact;             /* of the frame */
    int64_t contribution;    /* micro-logits or micro-units of effect; above 0: spoke for it */
} eh_why_reason;

/** A fact that would have had to be otherwise. */
typedef struct {
    size_t fact;
    eh_fact_value to;
} eh_why_change;

typedef struct {
    bool sent;
    bool scored;                   /* a model had a part in it */
    eh_why_reason reasons[EH_REASONS_MAX]; /* strongest first, as many as hold at least four fifths of all that counted */
    size_t reasons_count;
    double completeness;           /* their share */
    size_t pros_count;             /* of all facts: how many spoke for it */
    eh_why_change changes[EH_CHANGES_MAX];
    size_t changes_count;          /* 0: nothing that the person can change would have changed it */
} eh_why_reasons;

/** errors: EH_CORRUPT for a trace that does not go with the models; EH_MEMORY. cost without changes: a few microseconds */
EH_MUST_USE eh_code eh_reasons_find(const eh_decider *decider, const eh_trace *trace, bool changes, eh_arena *arena, eh_why_reasons *reasons_out,
                                    eh_error *error);
/** What the person would have got with these facts, everything else as it was: the offer at the plan's prices. */
EH_MUST_USE eh_code eh_decide_anew(const eh_decider *decider, const eh_trace *trace, const eh_fact_value *facts, eh_arena *arena, int *offer_out,
                                   eh_error *error);

/* ---- words ------------------------------------------------------------------------------------------------------------------------ */

enum { EH_LANGUAGES_COUNT = 4 };
/** "en", "de", "fr", "es". */
extern const char *const eh_languages[EH_LANGUAGES_COUNT];
/** The YAML of a language that is built in; empty when there is none. */
eh_view eh_language_text(const char *language);
/** Opens the messages of a language, English behind it. Close both, this one first. errors: EH_NOT_FOUND names the languages that there are */
typedef struct {
    eh_messages *english, *own; /* own: NULL for English */
    eh_date_format *days;       /* 24 November 2026 */
} eh_words;
EH_MUST_USE eh_code eh_words_open(const char *language, eh_words *words_out, eh_error *error);
void eh_words_close(eh_words *words);

typedef enum { EH_LINE_TEXT, EH_LINE_REASON, EH_LINE_DETAIL, EH_LINE_CONTROL, EH_LINE_NOTICE } eh_line_kind;

typedef struct {
    eh_line_kind kind;
    const char *id;      /* of a control: "stop_channel", "ai_off", ...; else NULL */
    const char *text;
} eh_page_line;

typedef struct {
    const char *id;      /* "what", "reasons", "used", "not_used", "change", "rules", "fairness", "controls", "human" */
    const char *heading; /* NULL: none */
    bool first_screen;
    const eh_page_line *lines;
    size_t lines_count;
} eh_page_block;

typedef struct {
    const char *language, *title;
    bool right_to_left;
    const eh_page_block *blocks;
    size_t blocks_count;
    size_t first_screen_words;
    const char *wrong;   /* "This is wrong": stands beside each fact; the id of such a line is the fact's name */
} eh_page;

/** The page in the language of `words`; zone of the dates, NULL: UTC. Lives in `arena`; borrows from frame and trace. */
typedef struct {
    const eh_decider *decider;
    const eh_trace *trace;
    const eh_why_reasons *reasons;
    const eh_words *words;
    const eh_zone *zone;
} eh_page_input;
EH_MUST_USE eh_code eh_page_make(const eh_page_input *input, eh_arena *arena, eh_page *page_out, eh_error *error);

/** The reasons alone, one sentence each, the most telling first; no dates, no sources: for an answer at once. Who chose comes first. */
EH_MUST_USE eh_code eh_reasons_say(const eh_page_input *input, size_t count_max, eh_arena *arena, const char *const **texts_out, size_t *count_out, eh_error *error);

/** Plain text, wrapped at `columns`. */
void eh_page_text(const eh_page *page, size_t columns, eh_buffer *out);
/** The blocks as HTML, without head and body; every text escaped. Controls are buttons of a form that the caller puts around. */
void eh_page_html(const eh_page *page, eh_buffer *out);
/** {"language", "title", "sent", "stage", "reasons": [...], "change": [...], "blocks": [...]} */
void eh_page_json(const eh_page *page, const eh_page_input *input, eh_json_writer *out, const char *key);

#endif
