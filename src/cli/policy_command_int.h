/** `evenhand policy`: what its subcommands share. */
#ifndef EH_CLI_POLICY_COMMAND_INT_H
#define EH_CLI_POLICY_COMMAND_INT_H

#include "cli/cli_int.h"
#include "journey/reviews.h"
#include "policy/policy.h"

enum { EH_SIGNERS_MAX = 8 };

typedef struct {
    const char *command;              /* "check" */
    const char *const *files;         /* what comes after it */
    size_t files_count;
    eh_policy_options options;
    const char *replay, *facts, *language, *findings, *next, *output, *workspace, *theme, *change;
    const char *signers[EH_SIGNERS_MAX];
    size_t signers_count;
    bool json;
    eh_arena *arena;
} eh_policy_request;

/** The policy named by the request's file number `index`, else policy.yaml. */
EH_MUST_USE eh_code eh_policy_request_open(const eh_policy_request *request, size_t index, eh_policy **policy_out, eh_error *error);
/** Appends findings as text; nothing when there are none. */
void eh_policy_findings_text(const eh_policy *policy, eh_buffer *out);
/** Appends the evidence of a review in words. */
void eh_policy_evidence_text(const eh_policy *policy, const eh_review_evidence *evidence, eh_buffer *out);

/* Each appends what it says to `out` and sets the exit status. */
EH_MUST_USE eh_code eh_policy_run_check(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error);
EH_MUST_USE eh_code eh_policy_run_test(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error);
EH_MUST_USE eh_code eh_policy_run_explain(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error);
EH_MUST_USE eh_code eh_policy_run_diff(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error);
EH_MUST_USE eh_code eh_policy_run_review(const eh_policy_request *request, eh_buffer *out, int *status_out, eh_error *error);

#endif
