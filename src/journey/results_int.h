/** Private to journey/: the results of a plan while they are counted. */
#ifndef EH_JOURNEY_RESULTS_INT_H
#define EH_JOURNEY_RESULTS_INT_H

#include "journey/results.h"

/** One person of the plan. */
typedef struct {
    uint8_t stage;
    bool ai, sent, scored;
    int8_t choice, policy;       /* EH_NO_OFFER: none; policy: what the plan would give without its lots */
    uint32_t allowed;
    int64_t score;               /* of the offer that the plan would give, else of the best */
    int8_t score_offer;
} eh_result_person;

typedef struct {
    const eh_results_request *request;
    eh_arena *arena;
    eh_workspace *workspace;
    const eh_workspace_model *model;
    eh_store *store;
    eh_campaign_plan plan;
    const eh_campaign_plan *plans; /* all of the campaign, when it and no plan was named */
    size_t plans_count;
    eh_plan_file file;
    eh_campaign_file *campaign_file;
    const eh_campaign *campaign;
    eh_report_campaign *report;

    /* everybody in the plan */
    const char **keys;
    eh_result_person *people;
    double *covariates;          /* [person * covariates_count + c] */
    size_t people_count, covariates_count, actions;
    double *chances, *shares;    /* [person * actions + a]: of the lots; of the plan alone */

    /* those of the lots whose outcome is known; `row` of people */
    size_t known_count;
    uint32_t *row;
    double *outcome;
    uint32_t *action;
    double *known_chances;
    const double *expected, *scores;
    double *gain;                /* per known person: what the plan changes, G(plan) - G(nothing) */
} eh_results_run;

enum { EH_ALL_OFFERS = -1 };
/** Per known person: how much the plan gives it, the doubly robust outcome with and without it, and their difference. */
typedef struct {
    double *weights, *with, *without, *difference;
} eh_contributions;
EH_MUST_USE eh_code eh_contributions_take(eh_arena *arena, size_t people, eh_contributions *out, eh_error *error);
/** Fills `out`, all zero before, for an offer or EH_ALL_OFFERS. False: nobody was held out, and there is nothing to compare with. (results_effects.c) */
bool eh_results_contributions(const eh_results_run *run, int offer, eh_contributions *out);
/** All plans of the campaign together (results_pool.c). */
EH_MUST_USE eh_code eh_results_pool(eh_results_run *run, eh_error *error);

/** Plan, traces, chances (results_load.c). */
EH_MUST_USE eh_code eh_results_load(eh_results_run *run, eh_error *error);
/** Which outcome, whose (results_load.c). */
EH_MUST_USE eh_code eh_results_outcomes(eh_results_run *run, eh_error *error);
/** The outcome of everybody in the lots; false: not known. Ascending by key. values_out: people_count, NaN where it is not known. */
EH_MUST_USE eh_code eh_results_values(eh_results_run *run, const char *outcome, bool *others_none_out, double *values_out, eh_error *error);
/** Fills the arrays of those with a known value, and the scores. */
EH_MUST_USE eh_code eh_results_known(eh_results_run *run, const double *values, eh_error *error);
/** Effects per offer, policies, calibration, spend (results_effects.c). */
EH_MUST_USE eh_code eh_results_effects(eh_results_run *run, eh_error *error);
void eh_results_effect_of_all(eh_results_run *run, eh_campaign_effect *out);
/** Groups, opt-outs, complaints (results_people.c). */
EH_MUST_USE eh_code eh_results_groups(eh_results_run *run, eh_error *error);
EH_MUST_USE eh_code eh_results_bothers(eh_results_run *run, eh_error *error);
void eh_results_note(eh_results_run *run, const char *format, ...) EH_PRINTF(2, 3);

#endif
