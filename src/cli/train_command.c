/* `evenhand train`: reads, learns, measures, writes one model. */
#include <math.h>
#include <string.h>

#include "cli/train_int.h"

enum { FOLDS_DEFAULT = 5, FOLD_ROWS_MANY = 100000 };

void eh_train_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand train - learns a model that a person can read\n"
                   "\n"
                   "  evenhand train MODEL --data FILE --label EXPR [options]\n"
                   "  evenhand train [MODEL] [options]                 in a workspace\n"
                   "\n"
                   "MODEL is the file to write. The model is additive: one curve per feature and a few\n"
                   "tables for pairs. With --protected and --constraint it is fair from inside; with\n"
                   "--treatment it learns whom an offer helps.\n");
    eh_train_options_help(out);
}

static bool fit_tick(void *context, const char *what, double share)
{
    eh_progress_show(context, what, share);
    return true;
}

/* ---- measuring ---------------------------------------------------------------------------------------------------------------------- */

static void measure_add(eh_model *model, const char *name, double value, double low, double high)
{
    model->measures[model->measures_count++] = (eh_model_measure){.name = name, .value = value, .low = low, .high = high};
}

/* What is left to learn from in each fold must do for a model: so many rows, people with the outcome and without it. */
static bool folds_fit(const eh_matrix *matrix, eh_loss loss, uint32_t folds)
{
    size_t with = 0;
    for (size_t i = 0; i < matrix->rows; i++)
        with += matrix->outcome[i] > 0.5f ? 1 : 0;
    size_t fewest = with < matrix->rows - with ? with : matrix->rows - with;
    bool both = loss == EH_LOSS_SQUARED || fewest == 0 || fewest >= folds; /* one class only: the fit says so */
    return both && matrix->rows - (matrix->rows + folds - 1) / folds >= EH_FIT_ROWS_MIN;
}

static uint32_t folds_of(const eh_train_request *request) { return request->folds < 0 ? FOLDS_DEFAULT : (uint32_t)request->folds; }

/* Said before the long part. */
static eh_code folds_check(eh_train_run *run, eh_error *error)
{
    const eh_matrix *matrix = &run->data.matrix;
    uint32_t folds = folds_of(run->request);
    if (folds == 0 || matrix->rows < EH_FIT_ROWS_MIN || folds_fit(matrix, run->fit.loss, folds))
        return EH_OK;
    if (run->request->folds > 0)
        return eh_fail(error, EH_INPUT, "--folds: %zu rows are too few for %u folds: what is left of each is to hold %d rows at least, and people with the outcome and "
                       "without it; fewer folds, or --folds 0 for a model that is not measured", matrix->rows, folds, EH_FIT_ROWS_MIN);
    run->unmeasured = true;
    return EH_OK;
}

static eh_code validate(eh_train_run *run, eh_error *error)
{
    const eh_train_request *request = run->request;
    const eh_matrix *matrix = &run->data.matrix;
    bool many = request->folds < 0 && matrix->rows > FOLD_ROWS_MANY;
    uint32_t folds = folds_of(request);
    if (folds == 0 || run->unmeasured)
        return EH_OK;
    if (run->progress.descriptor >= 0)
        eh_progress_show(&run->progress, "measuring by cross-validation", -1);
    run->held_scores = EH_TAKE(run->arena, matrix->rows, double);
    run->model->measures = EH_TAKE(run->arena, 8, eh_model_measure);
    if (run->held_scores == NULL || run->model->measures == NULL)
        return eh_fail_memory(error);
    eh_validation validation = {.folds = folds, .first_only = many};
    EH_TRY(eh_model_validate(matrix, &run->fit, &validation, run->held_scores, error));
    EH_TRY(eh_fit_measure(run->held_scores, matrix, run->fit.loss, run->model->threshold, &run->held, error));
    const eh_fit_measures *held = &run->held;
    run->model->measured = many ? "holding out one fifth" : eh_arena_format(run->arena, "%u-fold cross-validation", folds);
    if (run->model->measured == NULL)
        return eh_fail_memory(error);
    if (run->fit.loss == EH_LOSS_SQUARED) {
        measure_add(run->model, "r2", held->r2, EH_NAN, EH_NAN);
        measure_add(run->model, "rmse", held->rmse, EH_NAN, EH_NAN);
        return EH_OK;
    }
    measure_add(run->model, "auc", held->auc, held->auc_low, held->auc_high);
    measure_add(run->model, "accuracy", held->accuracy, held->accuracy_low, held->accuracy_high);
    measure_add(run->model, "log_loss", held->log_loss, held->log_loss_low, held->log_loss_high);
    measure_add(run->model, "brier", held->brier, held->brier_low, held->brier_high);
    measure_add(run->model, "calibration_error", held->calibration_error, EH_NAN, EH_NAN);
    return EH_OK;
}

/* ---- the model's papers ------------------------------------------------------------------------------------------------------------------ */

eh_code eh_train_papers(eh_train_run *run, eh_model *model, eh_error *error)
{
    const eh_train_request *request = run->request;
    const eh_input *inputs = NULL;
    const char *slash = strrchr(run->path, '/');
    EH_TRY(eh_engine_inputs(run->engine, &inputs, &model->inputs_count, error));
    model->inputs = EH_TAKE(run->arena, model->inputs_count, eh_model_input);
    if (model->inputs == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < model->inputs_count; i++) {
        model->inputs[i] = (eh_model_input){.path = inputs[i].path, .bytes = inputs[i].bytes};
        memcpy(model->inputs[i].sha256, inputs[i].sha256, sizeof model->inputs[i].sha256);
    }
    eh_view file = eh_view_of(slash == NULL ? run->path : slash + 1);
    if (file.len > 5 && memcmp(file.ptr + file.len - 5, ".json", 5) == 0)
        file.len -= 5;
    model->name = request->name != NULL ? request->name : eh_arena_copy(run->arena, file);
    if (model->name == NULL)
        return eh_fail_memory(error);
    model->purpose = request->purpose;
    model->outcome = request->label.name;
    memcpy(model->fingerprint, run->data.fingerprint, sizeof model->fingerprint);
    return EH_OK;
}

static eh_code constraints_add(eh_train_run *run, eh_error *error)
{
    eh_model *model = run->model;
    const eh_train_request *request = run->request;
    model->constraints_count = request->constraints_count;
    model->constraints = EH_TAKE(run->arena, request->constraints_count, eh_model_constraint);
    if (model->constraints == NULL)
        return eh_fail_memory(error);
    for (size_t c = 0; c < request->constraints_count; c++)
        model->constraints[c] = (eh_model_constraint){.measure = request->constraints[c].measure,
                                                      .gap_max = request->constraints[c].gap_max,
                                                      .ratio_min = request->constraints[c].ratio_min,
                                                      .before = run->fair.before[c],
                                                      .reached = run->fair.after[c],
                                                      .attributes = (uint32_t)run->attributes_count};
    return EH_OK;
}

static eh_code learn(eh_train_run *run, eh_error *error)
{
    eh_train_request *request = run->request;
    run->fit = request->fit;
    run->fit.loss = request->amount ? EH_LOSS_SQUARED : EH_LOSS_LOGISTIC;
    run->fit.threshold = request->threshold;
    run->fit.constraints = request->constraints;
    run->fit.constraints_count = request->constraints_count;
    run->fit.attributes = run->attributes;
    run->fit.attributes_count = run->attributes_count;
    run->fit.frontier = request->frontier;
    if (run->progress.descriptor >= 0) {
        run->fit.progress = fit_tick;
        run->fit.progress_context = &run->progress;
    }
    EH_TRY(folds_check(run, error));
    EH_TRY(eh_model_fit(&run->data.matrix, &run->fit, run->arena, &run->model, &run->fair, error));
    return validate(run, error);
}

static eh_code model_save(eh_train_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer document = {0};
    EH_TRY(eh_train_papers(run, run->model, error));
    EH_TRY(constraints_add(run, error));
    EH_TRY(eh_model_write(run->model, &document, error));
    EH_TRY(eh_parent_folders_make(run->path, error));
    return eh_file_replace(run->path, eh_buffer_view(&document), error);
}

static eh_code train_do(eh_train_run *run, eh_buffer *shown, eh_error *error)
{
    EH_TRY(eh_train_sources(run, error));
    EH_TRY(eh_dataset_read(run->engine, &run->spec, run->arena, &run->data, error));
    EH_TRY(eh_train_groups_make(run, error));
    if (run->request->treatment.sql != NULL) {
        EH_TRY(eh_train_uplift(run, shown, error));
    } else {
        EH_TRY(learn(run, error));
        EH_TRY(model_save(run, error));
        if (run->request->report_prefix != NULL)
            EH_TRY(eh_train_report(run, error));
        if (!run->request->quiet)
            eh_train_text(run, shown);
    }
    eh_progress_end(&run->progress);
    EH_TRY(eh_buffer_check(shown, error));
    return eh_stdout_write(eh_buffer_view(shown), error);
}

int eh_train_command(int argc, char **argv)
{
    eh_error error = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open((size_t)EH_FIT_MEBIBYTES_MAX << 20);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer shown = {0};
    eh_train_run *run = arena == NULL ? NULL : EH_TAKE(arena, 1, eh_train_run);
    if (run == NULL) {
        (void)eh_fail_memory(&error);
        return eh_error_show(NULL, &error);
    }
    run->arena = arena;
    if (eh_train_request_parse(argc, argv, arena, &run->request, &error) != EH_OK)
        return eh_error_show("train", &error);
    if (run->request->help) {
        eh_train_help(&shown);
        return eh_stdout_show("train", &shown);
    }
    run->path = run->request->model;
    run->progress = eh_progress_stderr(!run->request->quiet);
    eh_code code = train_do(run, &shown, &error);
    eh_progress_end(&run->progress);
    if (run->workspace != NULL)
        eh_train_workspace_close(run);
    else
        eh_engine_close(&run->engine);
    return code == EH_OK ? 0 : eh_error_show("train", &error);
}
