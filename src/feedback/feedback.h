/**
 * What customers say back: useful, creepy, wrong, unfair, in their own words; complaints; and what became of it.
 *
 * Every piece gets a ticket and a day by which it is answered. It is linked to the decision, the campaign, the reason or fact and the
 * rule that it is about, so that pieces about the same thing are one theme, with a count and a trend. A theme that grows past its
 * threshold calls for a review of the policy. An answer says what changed, and the person who wrote can read it under the ticket.
 *
 * Kept in the part "feedback" of evenhand.db. A handle of the store serves one thread at a time.
 */
#ifndef EH_FEEDBACK_FEEDBACK_H
#define EH_FEEDBACK_FEEDBACK_H

#include "base/base.h"
#include "store/store.h"

typedef enum {
    EH_FEEDBACK_USEFUL,
    EH_FEEDBACK_CREEPY,
    EH_FEEDBACK_WRONG,  /* a fact is not true */
    EH_FEEDBACK_UNFAIR,
    EH_FEEDBACK_OTHER,
    EH_FEEDBACK_COMPLAINT,
    EH_FEEDBACKS_COUNT
} eh_feedback_kind;

/** "useful", ...; and back: false for what is none. */
const char *eh_feedback_kind_name(eh_feedback_kind kind);
bool eh_feedback_kind_find(eh_view name, eh_feedback_kind *kind_out);
/** Days until it is answered: complaints 30 (UK DPA 164A asks for an acknowledgement by then), all else 14. */
int64_t eh_feedback_days(eh_feedback_kind kind);

enum { EH_TICKET_BYTES = 16 }; /* "EH-7K3Q-92XD" and a zero */

/** What somebody says. Texts are borrowed; empty is "not about one". */
typedef struct {
    eh_feedback_kind kind;
    eh_view person;    /* whose it is; empty: not known */
    eh_view decision;  /* id of the decision */
    eh_view campaign;
    eh_view subject;   /* the reason, fact or data source: what makes a theme */
    eh_view rule;      /* the policy rule */
    eh_view words;     /* own words, at most EH_FEEDBACK_WORDS_BYTES_MAX */
    eh_view language;
} eh_feedback_wish;

/** One piece as it is kept; texts live in the arena that it was read into. */
typedef struct {
    char ticket[EH_TICKET_BYTES];
    eh_feedback_kind kind;
    const char *person, *decision, *campaign, *subject, *rule, *words, *language; /* "" for none; person, words and answer are gone after an erasure */
    int64_t given_s, due_s;
    int64_t answered_s;      /* 0: not yet */
    const char *answer, *change, *answered_by; /* "" before */
} eh_feedback;

EH_MUST_USE eh_code eh_feedback_migrate(eh_store *store, eh_error *error);
/** Keeps it; the ticket is one that nobody can guess. errors: EH_INPUT for words that are no UTF-8, EH_LIMIT for too many. */
EH_MUST_USE eh_code eh_feedback_give(eh_store *store, const eh_feedback_wish *wish, int64_t now_s, char ticket_out[EH_TICKET_BYTES], eh_error *error);
/** errors: EH_NOT_FOUND */
EH_MUST_USE eh_code eh_feedback_read(eh_store *store, eh_view ticket, eh_arena *arena, eh_feedback *feedback_out, eh_error *error);

typedef struct {
    bool open_only;
    eh_view person;     /* empty: everybody's */
    eh_view subject;    /* empty: any */
    size_t count_max;   /* 0: 100 */
} eh_feedback_filter;
/** Open ones first, by the day they are due; then answered ones, the newest first. */
EH_MUST_USE eh_code eh_feedback_list(eh_store *store, const eh_feedback_filter *filter, eh_arena *arena, const eh_feedback **list_out, size_t *count_out,
                                     eh_error *error);

/** A page of a list that runs from the newest to the oldest. */
typedef struct {
    bool open_only;
    eh_view person, subject;   /* empty: any */
    int64_t before_s;          /* with before_ticket the place after which the page begins; 0: at the newest */
    eh_view before_ticket;
    size_t count_max;
} eh_feedback_page_spec;
EH_MUST_USE eh_code eh_feedback_read_page(eh_store *store, const eh_feedback_page_spec *spec, eh_arena *arena, const eh_feedback **list_out, size_t *count_out,
                                     eh_error *error);

/** Answers a piece. `change`: what it led to ("the rule quiet-hours now begins at 20:00"); may be empty. errors: EH_NOT_FOUND, EH_CONFLICT when answered already. */
typedef struct {
    eh_view ticket, answer, change, by;
    int64_t now_s;
} eh_feedback_reply;
EH_MUST_USE eh_code eh_feedback_answer(eh_store *store, const eh_feedback_reply *reply, eh_error *error);

/** What many say about one thing. */
typedef struct {
    eh_feedback_kind kind;
    const char *subject;       /* "" for the campaign as such, or the whole */
    const char *campaign;      /* the one that most of them are about */
    uint64_t now_count;        /* in the last `days` */
    uint64_t before_count;     /* in as many days before */
    uint64_t all_count;
    bool review_due;           /* past the threshold and not reviewed since */
} eh_feedback_theme;

typedef struct {
    int64_t now_s;
    uint32_t days;             /* 0: 28 */
    uint64_t threshold;        /* 0: 5; complaints, wrong and unfair count double */
} eh_feedback_themes_spec;
/** Themes with what is due first, then the largest. */
EH_MUST_USE eh_code eh_feedback_themes(eh_store *store, const eh_feedback_themes_spec *spec, eh_arena *arena, const eh_feedback_theme **themes_out,
                                       size_t *count_out, eh_error *error);
/** A review has dealt with a theme: it is not due again until the threshold is passed anew. `review` names it. */
EH_MUST_USE eh_code eh_feedback_theme_reviewed(eh_store *store, const eh_feedback_theme *theme, eh_view review, int64_t now_s, eh_error *error);

/** Says to everybody who wrote on a theme, and was not told yet, what it led to: they read it under their ticket. *count_out: how many. */
EH_MUST_USE eh_code eh_feedback_theme_tell(eh_store *store, eh_feedback_kind kind, eh_view subject, eh_view change, uint64_t *count_out, eh_error *error);
/** Calls `visit` for each person who has complained about a campaign (or one of its messages) in a time; a person may come several times. */
typedef struct {
    eh_view campaign;
    int64_t after_s, until_s;
} eh_complaints_question;
typedef eh_code (*eh_complaint_visit)(void *context, eh_view person, eh_view decision, eh_error *error);
EH_MUST_USE eh_code eh_feedback_complaints(eh_store *store, const eh_complaints_question *question, eh_complaint_visit visit, void *context, eh_error *error);

/** How many pieces of each kind were given in a time; of somebody unknown too. */
EH_MUST_USE eh_code eh_feedback_counts(eh_store *store, int64_t after_s, int64_t until_s, uint64_t counts_out[EH_FEEDBACKS_COUNT], eh_error *error);

/** Forgets who wrote, what they wrote and what they were answered, which may speak of them; kind and subject stay as a count. *count_out: how many pieces. */
EH_MUST_USE eh_code eh_feedback_forget(eh_store *store, eh_view person, uint64_t *count_out, eh_error *error);

#endif
