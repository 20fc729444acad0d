/** A small shop made for tests: people, facts, rights, a model written by hand, groups that only the guards see. */
#ifndef EH_TESTS_DECIDE_FIXTURE_H
#define EH_TESTS_DECIDE_FIXTURE_H

#include "decide/decide.h"

enum { FIXTURE_FACTS = 5 };

typedef struct {
    size_t people;
    uint64_t seed;
    bool biased;          /* the model holds against people what stands for their group */
    bool rules;           /* a rule forbids the second offer to people without a town, and everything to those with 99 months */
    double holdout, explore;
    int64_t budget;       /* micros; each message costs 1 unit; -1: none */
    size_t ai_off_every;  /* every so many-th person has switched AI off; 0: none */
    size_t no_consent_every;
    eh_choose choose;
} fixture_options;

typedef struct {
    eh_arena *arena;
    eh_campaign_file *file;
    eh_rights_index *rights;
    eh_model *model;
    const eh_model *models[2];
    eh_frame frame;
    eh_fact_column columns[FIXTURE_FACTS];
    const char **keys;
    uint16_t *group;      /* 0: F, 1: M */
    eh_plan_groups groups;
    eh_plan_input input;
} fixture;

/** Fails the test when something goes wrong. */
void fixture_open(const fixture_options *options, fixture *out);
void fixture_close(fixture *of);
/** Switches AI off for a person, or withdraws. */
void fixture_act(fixture *of, size_t person, eh_act_kind kind, eh_purpose purpose);

#endif
