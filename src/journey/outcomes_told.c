/* Outcomes that a program tells of, one by one: into the same store as those of files. */
#include <string.h>

#include "journey/outcomes_int.h"

static size_t plan_place(eh_outcomes_run *run, const eh_campaign_plan *plan)
{
    size_t p = 0;
    while (p < run->plans_count && strcmp(run->plans[p].plan.plan, plan->plan) != 0)
        p++;
    if (p == run->plans_count)
        run->plans[run->plans_count++] = (eh_outcome_plan){.plan = *plan};
    return p;
}

static eh_code name_place(eh_outcomes_run *run, const char *name, size_t *place_out, eh_error *error)
{
    size_t n = 0;
    while (n < run->names_count && strcmp(run->names[n], name) != 0)
        n++;
    if (n == EH_OUTCOME_NAMES_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d outcomes at a time", EH_OUTCOME_NAMES_MAX);
    if (n == run->names_count)
        run->names[run->names_count++] = name;
    *place_out = n;
    return EH_OK;
}

eh_code eh_outcomes_tell(const eh_outcomes_telling *telling, eh_arena *arena, eh_error *error)
{
    eh_outcomes_request request = {.model = telling->model, .file = telling->from, .named_only = true, .ledger = telling->ledger, .now = telling->now};
    eh_outcomes_result result = {0};
    eh_outcomes_run run = {.request = &request, .arena = arena, .result = &result, .store = telling->store, .told = true};
    eh_sha256 hash;
    eh_digest digest;
    if (telling->told_count == 0)
        return EH_OK;
    run.plans = EH_TAKE(arena, telling->told_count, eh_outcome_plan);
    run.rows = EH_TAKE(arena, telling->told_count, eh_outcome_row);
    if (run.plans == NULL || run.rows == NULL)
        return eh_fail_memory(error);
    eh_sha256_begin(&hash);
    eh_sha256_add(&hash, telling->said.ptr, telling->said.len);
    eh_sha256_end(&hash, &digest);
    eh_hex(digest.bytes, sizeof digest.bytes, result.sha256);
    for (size_t i = 0; i < telling->told_count; i++) {
        const eh_outcome_told *told = &telling->told[i];
        size_t name = 0;
        EH_TRY(name_place(&run, told->outcome, &name, error));
        run.rows[run.rows_count++] = (eh_outcome_row){.row = i + 1, .plan = (uint32_t)plan_place(&run, &told->plan), .outcome = (uint32_t)name, .person = told->person,
                                                      .value = told->value, .at_s = told->at_s, .before = told->before};
    }
    eh_outcome_rows_sort(&run);
    return eh_outcome_batches_keep(&run, telling->ledger, error);
}
