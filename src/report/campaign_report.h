/** The report of a campaign that went out: what it changed against the holdout, for whom, at what price, and who was bothered. */
#ifndef EH_REPORT_CAMPAIGN_REPORT_H
#define EH_REPORT_CAMPAIGN_REPORT_H

#include "decide/effects.h"
#include "report/report.h"

typedef enum { EH_EFFECT_UNCLEAR, EH_EFFECT_MORE, EH_EFFECT_LESS, EH_EFFECT_WORDS_COUNT } eh_effect_word;
/** "not enough evidence", "more than without it", "less than without it" */
const char *eh_effect_word_says(eh_effect_word word);

/** What an offer changed among those whom the plan gave it, against those of the same kind who were held out by lot. */
typedef struct {
    const char *offer;                 /* NULL: all offers together */
    uint64_t planned;                  /* people whom the plan would give it, holdout and explorers with them */
    uint64_t got, held;                /* of them, with a known outcome: who got it, who got nothing by lot */
    double got_mean, held_mean;
    eh_estimate difference, ratio;     /* as they stand: Newcombe and Koopman for yes or no, Welch and MOVER-R for amounts */
    eh_estimate adjusted;              /* difference, doubly robust; the one to go by */
    eh_estimate adjusted_ratio;
    double detectable;                 /* the smallest difference that would have been found (power 0.8) */
    eh_effect_word word;
} eh_campaign_effect;

/** A way to choose, and what it would have brought per head of those who were in the lots. */
typedef struct {
    const char *name;                  /* "plan", "no one", "everyone", "random", "history" */
    const char *offer;                 /* of "everyone" and "history"; else NULL */
    const char *says;                  /* "everyone gets boots", "by lot, as many as the plan" */
    eh_estimate value;                 /* mean outcome; NaN when it cannot be told */
    eh_estimate plan_gain;             /* the plan's value less this one's, person by person */
    double share;                      /* of people who would get something */
    double supported;                  /* share of people for whom the lots could have drawn what it wants */
} eh_campaign_policy;

typedef struct {
    const char *name;
    bool withheld;                     /* too small to show */
    uint64_t people, known;            /* in the lots; of them with a known outcome */
    double share_sent;
    eh_estimate baseline;              /* mean outcome without an offer */
    eh_estimate benefit;               /* what the plan changed per head of the group */
    eh_estimate effect;                /* per head of those whom the plan gave something */
    bool reference;
    double p;                          /* adjusted by Holm; NaN: not compared */
    double detectable;
    eh_verdict verdict;
} eh_campaign_group;

typedef struct {
    const char *name;                  /* protected attribute, or "AI choice" */
    const eh_campaign_group *groups;
    size_t groups_count;
    eh_verdict verdict;
    bool decides;                      /* a declared protected attribute: counts for the whole */
} eh_campaign_attribute;

typedef struct {
    double low, high;                  /* of the score */
    uint64_t people;
    double predicted;
    eh_estimate observed;
} eh_campaign_bin;

typedef struct {
    const char *what;                  /* NULL: nobody was scored, or no outcome is known */
    const eh_campaign_bin *bins;
    size_t bins_count;
    eh_estimate slope;                 /* observed on predicted; 1 is right */
    double predicted, error;           /* mean prediction; mean distance of the bins, weighted */
    eh_estimate observed;
} eh_campaign_calibration;

/** Opt-outs or complaints. */
typedef struct {
    const char *name, *says;
    uint64_t sent, sent_count;         /* people who were sent something; of them, who did it */
    uint64_t held, held_count;         /* people who were held out */
    eh_estimate rate, held_rate, difference;
} eh_campaign_bother;

typedef struct {
    const char *currency;              /* NULL: no amounts */
    double messages, taken;            /* cost of what was sent; cost of what was taken */
    double total;
    eh_estimate additional;            /* outcomes that the campaign brought */
    eh_estimate each;                  /* total per additional outcome; NaN unless more than none is shown */
    eh_estimate net;                   /* worth of the additional outcomes less total; NaN without a worth */
} eh_campaign_spend;

typedef struct {
    const char *name;
    uint64_t known, named, batches;
    bool others_none;
    double mean;
    eh_estimate adjusted;              /* over all offers */
    eh_effect_word word;
} eh_campaign_outcome;

/** All plans of a campaign that went out, together: the mean over everything that they gave to anybody. */
typedef struct {
    size_t plans;                      /* 0: only one went out, or one was asked for */
    size_t silent;                     /* further plans for which the outcome is not known, or nobody was held out */
    uint64_t people, decisions;        /* with a known outcome and something to get: people, and how often */
    uint64_t mixed;                    /* people held out of one plan and not of another */
    eh_estimate adjusted;              /* a person's decisions count as one for the interval */
    eh_effect_word word;
} eh_campaign_pool;

enum { EH_CAMPAIGN_NOTES_MAX = 12 };

typedef struct {
    const eh_frame *frame;
    const char *outcome;               /* NULL: none has come back */
    bool yes_or_no;
    double confidence, ratio_min;
    int64_t released_s;
    const char *approved_by;           /* ""; who let it go */
    uint64_t people, eligible, known;  /* decisions; in the lots; of those with a known outcome */
    uint64_t sent, held, left_out;
    uint64_t cell_min;
    const eh_campaign_outcome *outcomes;
    size_t outcomes_count;
    eh_campaign_effect all;
    eh_campaign_pool pool;
    const eh_campaign_effect *offers;
    size_t offers_count;
    const eh_campaign_policy *policies;
    size_t policies_count;
    const eh_campaign_attribute *attributes;
    size_t attributes_count;
    eh_verdict parity;
    eh_campaign_calibration calibration;
    const eh_campaign_bother *bothers;
    size_t bothers_count;
    eh_campaign_spend spend;
    const char *notes[EH_CAMPAIGN_NOTES_MAX];
    size_t notes_count;
} eh_report_campaign;

/** The sentence on top. */
void eh_report_campaign_sentence(const eh_report_campaign *campaign, eh_buffer *out);
/** 0: who benefits is within tolerance; 1: violates; 3: cannot be told. */
int eh_report_campaign_status(const eh_report_campaign *campaign);
void eh_report_campaign_text(const eh_report_campaign *campaign, size_t columns, eh_buffer *out);
/** docs/campaign-report.schema.json */
void eh_report_campaign_json(const eh_report_campaign *campaign, eh_buffer *out);
/** One self-contained page without script. */
void eh_report_campaign_html(const eh_report_campaign *campaign, eh_buffer *out);

#endif
