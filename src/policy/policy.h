/**
 * Policies: what a shop allows itself, as rules that can be read, tested, reviewed and evaluated for one person in a microsecond.
 *
 * A policy is loaded once and is immutable; many threads may ask it, each with its own asker. A decision is default deny: some permit
 * applies and no forbid does. An error or an unknown fact in a forbid denies, in a permit it does not permit. README.md has the file's grammar.
 */
#ifndef EH_POLICY_POLICY_H
#define EH_POLICY_POLICY_H

#include "base/base.h"
#include "base/time.h"
#include "policy/cel.h"

typedef struct eh_policy eh_policy;

/* ---- loading ------------------------------------------------------------------------------------------------------------------- */

typedef enum { EH_POLICY_WARNING, EH_POLICY_ERROR } eh_policy_finding_kind;

/** What a check has found: a policy with an error does not run. */
typedef struct {
    eh_policy_finding_kind kind;
    const char *file;
    uint32_t line, column; /* 0: the whole file */
    const char *rule;      /* id, or NULL */
    const char *text;
} eh_policy_finding;

/** A policy's own text, or that of a pack by the name that `uses` has. */
typedef struct {
    const char *name;
    eh_view text;
} eh_policy_text;

typedef struct {
    const eh_policy_text *texts; /* packs whose text is given: they are looked for here first; NULL: none */
    size_t texts_count;
    const char *packs_folder; /* where `uses: [eu]` looks for eu.yaml when the policy's own folder has none; NULL, or not there: the program's own packs */
    eh_instant now;           /* for review dates */
} eh_policy_options;

/**
 * Reads a policy file and the packs that it uses, and checks all that can be checked without facts. What is wrong inside is a finding; the call
 * fails only for what cannot be read at all.
 * errors: EH_NOT_FOUND, EH_INPUT (no YAML, or not a policy), EH_LIMIT
 */
EH_MUST_USE eh_code eh_policy_open(const char *path, const eh_policy_options *options, eh_policy **policy_out, eh_error *error);
/** The same for a text; `name` stands in findings; packs are looked for in options.packs_folder alone. */
EH_MUST_USE eh_code eh_policy_parse(eh_view text, const char *name, const eh_policy_options *options, eh_policy **policy_out, eh_error *error);
void eh_policy_close(eh_policy **policy);
/** All that it was read from, for keeping: its own text first, then its packs. sha256 of eh_policy_about is that of these bytes, one after the other. */
const eh_policy_text *eh_policy_texts(const eh_policy *policy, size_t *count_out);
const eh_policy_finding *eh_policy_findings(const eh_policy *policy, size_t *count_out);
/** EH_OK when the policy may run: no finding is an error. Else EH_DENIED with the first error and how many there are. */
EH_MUST_USE eh_code eh_policy_runnable(const eh_policy *policy, eh_error *error);

/* ---- what it holds ---------------------------------------------------------------------------------------------------------------- */

typedef enum { EH_RULE_PERMIT, EH_RULE_FORBID, EH_RULE_REQUIRE, EH_RULE_CAP, EH_RULE_EFFECTS_COUNT } eh_rule_effect;
const char *eh_rule_effect_name(eh_rule_effect effect);

/** A text in several languages. */
typedef struct {
    size_t count;
    const char *const *languages; /* BCP 47 */
    const char *const *texts;
} eh_texts;
/** The text of a language, else of its primary part (de-AT: de), else the first. NULL: there is none. */
const char *eh_texts_find(const eh_texts *texts, const char *language);

typedef struct {
    const char *id;
    eh_rule_effect effect;
    const char *pack;        /* the name of the policy or pack that it stands in */
    const char *file;
    uint32_t line;
    const char *when;        /* CEL */
    const char *const *law;
    size_t law_count;
    eh_texts explanation;
    eh_texts disclosure;     /* EH_RULE_REQUIRE: the words that must stand in the message */
    const char *cap_of;      /* EH_RULE_CAP: the fact that counts, and what it must stay below */
    int64_t cap_at_most;
    const char *owner;
    eh_instant review_by;
    size_t tests_count;
    const eh_cel_program *program; /* NULL when `when` is wrong */
} eh_rule;

typedef enum { EH_CANNOT_TELL_ASK, EH_CANNOT_TELL_STOP } eh_cannot_tell;

/** A guard over a whole plan, for the preflight: it is measured there. */
typedef struct {
    const char *id, *measure; /* as `evenhand audit` names it: selection_rate_ratio, ... */
    const char *const *by;    /* protected attributes; "*" for all, "hidden" for groups that the scan finds, "opted_out" for who switched the AI off */
    size_t by_count;
    double tolerance, confidence;
    eh_cannot_tell cannot_tell;
    const char *const *law;
    size_t law_count;
    eh_texts explanation;
} eh_guard;

typedef struct {
    const char *name, *version, *owner, *file;
    char sha256[65];            /* of the file and the packs that it uses, in their order */
    eh_instant review_by, runs_until; /* review_by and the grace after it */
    const eh_rule *rules;
    size_t rules_count;
    const eh_guard *guards;
    size_t guards_count;
} eh_policy_facts;
const eh_policy_facts *eh_policy_about(const eh_policy *policy);

/** The facts that rules may name: the row of a decision has one value for each, in this order. */
size_t eh_policy_facts_count(const eh_policy *policy);
const char *eh_policy_fact_name(const eh_policy *policy, size_t fact);
/** CEL's type as text. */
const char *eh_policy_fact_type(const eh_policy *policy, size_t fact);
/** SIZE_MAX: no rule of this policy may name it. */
size_t eh_policy_fact_find(const eh_policy *policy, const char *name);
/** A row from a JSON object {name: value}; what is not there is unknown, what no rule may name is left out. `row_out` has eh_policy_facts_count values. */
EH_MUST_USE eh_code eh_policy_row(const eh_policy *policy, eh_json_value facts, eh_arena *arena, eh_cel_value *row_out, eh_error *error);

/* ---- asking ------------------------------------------------------------------------------------------------------------------------- */

typedef enum { EH_RULE_DOES_NOT, EH_RULE_APPLIES, EH_RULE_ERROR, EH_RULE_UNKNOWN } eh_policy_outcome;
const char *eh_policy_outcome_name(eh_policy_outcome outcome);

typedef enum {
    EH_POLICY_PERMITTED,
    EH_POLICY_NO_PERMIT,  /* nothing permits it */
    EH_POLICY_FORBIDDEN,  /* a forbid applies */
    EH_POLICY_UNSURE,     /* a forbid cannot be evaluated */
    EH_POLICY_CAPPED      /* a cap is reached, or what it counts is not known */
} eh_policy_why;
const char *eh_policy_why_name(eh_policy_why why);

/** One answer, with its trace. Borrowed from the asker until it is asked again. */
typedef struct {
    bool permitted;
    eh_policy_why why;
    size_t rule;                /* that decided: the first of its kind in the order of the file; rules_count when nothing permits */
    const uint8_t *outcomes;    /* eh_policy_outcome per rule: every rule is asked, so that the trace is whole */
    size_t requires_count;      /* rules that require a disclosure, by index; an error there counts as applying */
    const uint32_t *requires;
    uint64_t cost;
} eh_policy_decision;

typedef struct eh_policy_asker eh_policy_asker;
EH_MUST_USE eh_code eh_policy_asker_open(const eh_policy *policy, eh_policy_asker **asker_out, eh_error *error);
void eh_policy_asker_close(eh_policy_asker **asker);
/** cost: about 20 to 50 ns per rule, no allocation. A policy with errors denies everything (EH_POLICY_UNSURE). */
eh_policy_decision eh_policy_ask(eh_policy_asker *asker, const eh_cel_value *row);
/** As above; parts_out[rule] collects what the boolean parts of its condition came to, NULL for rules that nobody asks about. */
eh_policy_decision eh_policy_ask_parts(eh_policy_asker *asker, const eh_cel_value *row, uint8_t *const *parts_out);

/**
 * Partial evaluation, once per campaign: rules that what is known already decides (facts UNKNOWN where they are not) are fixed, the others get the
 * condition that is left. The asker's later answers are the same as without, for every row that agrees with `known`; and faster.
 * errors: EH_MEMORY, EH_LIMIT; the asker is then as before
 */
EH_MUST_USE eh_code eh_policy_asker_specialise(eh_policy_asker *asker, const eh_cel_value *known, eh_error *error);
/** What is left of a rule after eh_policy_asker_specialise: its condition as text ("true", "false" when it is decided). */
const char *eh_policy_asker_residual(const eh_policy_asker *asker, size_t rule);

/* ---- tests -------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *rule;    /* NULL: a test of the whole policy */
    const char *name, *file;
    uint32_t line;
    bool passed;
    const char *text;    /* what was expected and what came, when it did not pass */
} eh_policy_test;

typedef struct {
    const char *rule;
    eh_view part;
    bool was_true, was_false;
} eh_policy_part;

typedef struct {
    size_t tests_count, passed_count;
    const eh_policy_test *tests;
    size_t parts_count, covered_count; /* a part counts twice: true and false */
    const eh_policy_part *parts;
} eh_policy_tests;

/** Runs all tests of the policy and its packs. Lives in `arena`. errors: EH_DENIED for a policy that may not run */
EH_MUST_USE eh_code eh_policy_test_all(const eh_policy *policy, eh_arena *arena, eh_policy_tests *tests_out, eh_error *error);

#endif
