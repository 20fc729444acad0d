/** The preflight report of a plan: who gets it, who does not and why, is it fair, what it will bring and cost, what people will be told. */
#ifndef EH_REPORT_PLAN_REPORT_H
#define EH_REPORT_PLAN_REPORT_H

#include "decide/decide.h"
#include "report/report.h"

/** One person as an example. */
typedef struct {
    const char *key;
    eh_stage stage;
    const char *offer;       /* NULL: none */
    const char *text;        /* what this person would read: the first screen of their page */
} eh_plan_example;

/** A requirement of docs/requirements, and how it is met. */
typedef struct {
    const char *id, *says;
    bool met;
} eh_plan_requirement;

/** A guard of the policy, and what it found. */
typedef struct {
    const char *id, *measure, *by, *says; /* by: "gender, age_band"; says: its explanation */
    double tolerance, confidence;
    bool stops;                          /* when it cannot be told: stop; else ask */
    bool later;                          /* its measure needs outcomes, so before them it cannot be told */
    eh_verdict verdict;
} eh_plan_guarded;

typedef struct {
    const eh_frame *frame;
    const eh_plan_summary *summary;
    const char *outcome;                 /* "released", "repaired", "stopped", "ask" */
    const eh_plan_verdict *verdict;
    const eh_plan_repair *repair;        /* NULL: nothing was looked for */
    const eh_plan_hidden *hidden;
    const eh_plan_guarded *guards;       /* of the policy */
    size_t guards_count;
    const eh_plan_example *examples;
    size_t examples_count;
    const eh_plan_requirement *requirements;
    size_t requirements_count;
    const char *told;                    /* what every message says besides, e.g. price notices; NULL */
} eh_report_plan;

/** The sentence on top: "Released: 1,204 of 3,000 people get an offer." */
void eh_report_plan_sentence(const eh_report_plan *plan, eh_buffer *out);
void eh_report_plan_text(const eh_report_plan *plan, size_t columns, eh_buffer *out);
/** docs/plan.schema.json */
void eh_report_plan_json(const eh_report_plan *plan, eh_buffer *out);
/** One self-contained page without script. */
void eh_report_plan_html(const eh_report_plan *plan, eh_buffer *out);

#endif
