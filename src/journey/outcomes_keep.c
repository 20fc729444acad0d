/* Outcomes into the store, all or nothing, with an entry in the ledger that commits to the file. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "journey/outcomes_int.h"

typedef struct {
    eh_outcomes_run *run;
    eh_statement *find, *write;
    eh_ledger *ledger;
} keeping;

/* ---- one row --------------------------------------------------------------------------------------------------------------------------- */

static bool is_yes_or_no(double value) { return value == 0 || value == 1; }

/* What is kept and what a program tells, together. */
static double with_told(const eh_outcome_row *row, double kept)
{
    if (is_yes_or_no(kept) && is_yes_or_no(row->value))
        return kept > row->value ? kept : row->value;
    return kept + row->value - row->before;
}

static eh_code row_keep(keeping *state, int64_t plan, int64_t batch, const eh_outcome_row *row, eh_outcome_batch *counts, eh_error *error)
{
    eh_view outcome = eh_view_of(state->run->names[row->outcome]), person = eh_view_of(row->person);
    double kept = 0, value = row->value;
    bool known = false;
    eh_statement_reset(state->find);
    eh_bind_integer(state->find, 1, plan);
    eh_bind_text(state->find, 2, outcome);
    eh_bind_text(state->find, 3, person);
    EH_TRY(eh_statement_step(state->find, &known, error));
    counts->rows++;
    if (known) {
        kept = eh_column_double(state->find, 0);
        value = state->run->told ? with_told(row, kept) : value;
    }
    if (known && kept == value && (state->run->told || row->at_s == 0 || eh_column_integer(state->find, 1) == row->at_s))
        return EH_OK;
    if (known && !state->run->told && !state->run->request->replace) {
        eh_outcome_problem_add(state->run, row->row, "'%.100s' is kept with %s = %g, and the file says %g; --replace puts it right", row->person, outcome.ptr, kept, value);
        return EH_OK;
    }
    counts->new_rows += !known;
    counts->changed_rows += known;
    eh_bind_integer(state->write, 1, plan);
    eh_bind_text(state->write, 2, outcome);
    eh_bind_text(state->write, 3, person);
    eh_bind_double(state->write, 4, value);
    eh_bind_integer(state->write, 5, row->at_s);
    eh_bind_integer(state->write, 6, batch);
    return eh_statement_run(state->write, error);
}

/* ---- one batch: an outcome of a plan ----------------------------------------------------------------------------------------------------- */

static eh_code batch_begin(keeping *state, int64_t plan, uint32_t outcome, int64_t *batch_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *write = NULL;
    const eh_outcomes_request *request = state->run->request;
    bool row = false;
    EH_TRY(eh_store_prepare(state->run->store, "INSERT INTO campaign_batch (plan, outcome, file, sha256, rows, new_rows, changed_rows, others_none, at_s, ledger)"
                                               " VALUES ($1, $2, $3, $4, 0, 0, 0, $5, $6, '') RETURNING batch", &write, error));
    const char *slash = strrchr(request->file, '/');
    eh_bind_integer(write, 1, plan);
    eh_bind_text(write, 2, eh_view_of(state->run->names[outcome]));
    eh_bind_text(write, 3, eh_view_of(slash == NULL ? request->file : slash + 1));
    eh_bind_text(write, 4, eh_view_of(state->run->result->sha256));
    eh_bind_integer(write, 5, request->others_none);
    eh_bind_integer(write, 6, request->now.seconds);
    EH_TRY(eh_statement_step(write, &row, error));
    *batch_out = row ? eh_column_integer(write, 0) : 0;
    return EH_OK;
}

static eh_code batch_end(keeping *state, int64_t batch, const eh_outcome_batch *counts, const char *ledger_id, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *write = NULL;
    EH_TRY(eh_store_prepare(state->run->store, "UPDATE campaign_batch SET rows = $2, new_rows = $3, changed_rows = $4, ledger = $5 WHERE batch = $1", &write, error));
    eh_bind_integer(write, 1, batch);
    eh_bind_integer(write, 2, (int64_t)counts->rows);
    eh_bind_integer(write, 3, (int64_t)counts->new_rows);
    eh_bind_integer(write, 4, (int64_t)counts->changed_rows);
    eh_bind_text(write, 5, eh_view_of(ledger_id));
    return eh_statement_run(write, error);
}

/* Did this very file say this before? Then there is nothing to write. */
static eh_code batch_known(keeping *state, int64_t plan, uint32_t outcome, bool *known_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    EH_TRY(eh_store_prepare(state->run->store, "SELECT 1 FROM campaign_batch WHERE plan = $1 AND outcome = $2 AND sha256 = $3 AND others_none >= $4", &find, error));
    eh_bind_integer(find, 1, plan);
    eh_bind_text(find, 2, eh_view_of(state->run->names[outcome]));
    eh_bind_text(find, 3, eh_view_of(state->run->result->sha256));
    eh_bind_integer(find, 4, state->run->request->others_none);
    return eh_statement_step(find, known_out, error);
}

static eh_code batch_commit(keeping *state, const eh_outcome_batch *counts, char id_out[EH_LEDGER_ID_BYTES], eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer payload = {0};
    eh_json_writer out;
    eh_ledger_receipt receipt;
    eh_json_begin(&out, &payload, false, false);
    eh_json_object_open(&out, NULL);
    eh_json_text(&out, "plan", counts->plan);
    eh_json_text(&out, "outcome", counts->outcome);
    eh_json_integer(&out, "rows", (int64_t)counts->rows);
    eh_json_integer(&out, "new", (int64_t)counts->new_rows);
    eh_json_integer(&out, "changed", (int64_t)counts->changed_rows);
    eh_json_boolean(&out, "others_none", state->run->request->others_none);
    eh_json_text(&out, "file_sha256", state->run->result->sha256);
    eh_json_object_close(&out);
    EH_TRY(eh_buffer_check(&payload, error));
    EH_TRY(eh_ledger_append(state->ledger, &(eh_ledger_entry){.kind = EH_VIEW("outcomes"), .payload = eh_buffer_view(&payload)}, 1, &receipt, error));
    memcpy(id_out, receipt.id, EH_LEDGER_ID_BYTES);
    return EH_OK;
}

/* A batch that was written: its row, and whether it says anything that was not known. */
typedef struct {
    int64_t batch;
    bool nothing_new;
} written;

static eh_code batch_keep(keeping *state, size_t from, size_t to, eh_outcome_batch *counts, written *out, eh_error *error)
{
    eh_outcomes_run *run = state->run;
    const eh_outcome_row *first = &run->rows[from];
    int64_t plan = 0;
    bool known = false;
    EH_TRY(eh_campaign_plan_number(run->store, &run->plans[first->plan].plan, &plan, error));
    EH_TRY(batch_known(state, plan, first->outcome, &known, error));
    EH_TRY(batch_begin(state, plan, first->outcome, &out->batch, error));
    for (size_t i = from; i < to; i++)
        EH_TRY(row_keep(state, plan, out->batch, &run->rows[i], counts, error));
    out->nothing_new = (known || run->told) && counts->new_rows == 0 && counts->changed_rows == 0;
    return EH_OK;
}

static eh_code batch_settle(keeping *state, const eh_outcome_batch *counts, const written *of, eh_error *error)
{
    char id[EH_LEDGER_ID_BYTES] = "";
    if (of->nothing_new) {
        EH_CLEANUP(eh_statement_close) eh_statement *forget = NULL;
        EH_TRY(eh_store_prepare(state->run->store, "DELETE FROM campaign_batch WHERE batch = $1", &forget, error));
        eh_bind_integer(forget, 1, of->batch);
        return eh_statement_run(forget, error);
    }
    EH_TRY(batch_commit(state, counts, id, error));
    return batch_end(state, of->batch, counts, id, error);
}

/* The ledger speaks of nothing that is not kept: it comes when all rows were found fine. */
static eh_code batches_keep(keeping *state, eh_error *error)
{
    eh_outcomes_run *run = state->run;
    eh_outcome_batch *batches = EH_TAKE(run->arena, run->plans_count * run->names_count, eh_outcome_batch);
    written *writtens = EH_TAKE(run->arena, run->plans_count * run->names_count, written);
    size_t count = 0;
    if (batches == NULL || writtens == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_prepare(run->store, "SELECT value, at_s FROM campaign_outcome WHERE plan = $1 AND outcome = $2 AND person = $3", &state->find, error));
    EH_TRY(eh_store_prepare(run->store, "INSERT INTO campaign_outcome (plan, outcome, person, value, at_s, batch) VALUES ($1, $2, $3, $4, $5, $6)"
                                        " ON CONFLICT (plan, outcome, person) DO UPDATE SET value = excluded.value, at_s = excluded.at_s, batch = excluded.batch",
                            &state->write, error));
    for (size_t from = 0, to = 0; from < run->rows_count; from = to, count++) {
        const eh_outcome_row *first = &run->rows[from];
        while (to < run->rows_count && run->rows[to].plan == first->plan && run->rows[to].outcome == first->outcome)
            to++;
        batches[count] = (eh_outcome_batch){.plan = run->plans[first->plan].plan.plan, .outcome = run->names[first->outcome]};
        EH_TRY(batch_keep(state, from, to, &batches[count], &writtens[count], error));
    }
    for (size_t b = 0; b < count && run->result->problems_all == 0; b++)
        EH_TRY(batch_settle(state, &batches[b], &writtens[b], error));
    run->result->batches = batches;
    run->result->batches_count = count;
    return EH_OK;
}

eh_code eh_outcome_batches_keep(eh_outcomes_run *run, eh_ledger *ledger, eh_error *error)
{
    keeping state = {.run = run, .ledger = ledger};
    eh_code code = batches_keep(&state, error);
    eh_statement_close(&state.find);
    eh_statement_close(&state.write);
    return code;
}

eh_code eh_outcomes_keep(eh_outcomes_run *run, eh_error *error)
{
    eh_ledger *ledger = run->request->ledger;
    const char *folder = run->request->model->folder;
    if (!eh_ledger_exists(folder))
        return eh_fail(error, EH_NOT_FOUND, "%s has no ledger yet, and nothing comes back unrecorded; make one with: evenhand keys make", folder);
    eh_ledger_close(&run->ledger); /* was open for reading */
    if (ledger == NULL)
        EH_TRY(eh_ledger_open(folder, NULL, &ledger, error));
    eh_code code = eh_store_begin(run->store, error);
    if (code == EH_OK)
        code = eh_outcome_batches_keep(run, ledger, error);
    if (code == EH_OK && run->result->problems_all == 0)
        code = eh_store_commit(run->store, error);
    else
        eh_store_rollback(run->store);
    if (ledger != run->request->ledger)
        eh_ledger_close(&ledger);
    return code;
}
