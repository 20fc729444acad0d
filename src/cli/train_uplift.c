/* The uplift side of `evenhand train`: who got which offer, what each changes, for whom, and what a budget is best spent on. */
#include <math.h>
#include <string.h>

#include "cli/train_int.h"
#include "model/uplift.h"

enum { OUTER_FOLDS_DEFAULT = 5 };

typedef struct {
    eh_train_run *run;
    eh_uplift_data data;
    eh_matrix matrix;
    eh_uplift *uplift;
    eh_fair_attribute *attributes;
    eh_card_benefit *benefits;   /* per attribute */
} uplift_run;

static bool tick(void *context, const char *what, double share)
{
    eh_progress_show(context, what, share);
    return true;
}

/* ---- data ------------------------------------------------------------------------------------------------------------------------------ */

/* Rows whose offer is not known are left out. */
static eh_code rows_known(uplift_run *u, uint64_t *left_out, eh_error *error)
{
    eh_train_run *run = u->run;
    const eh_matrix *matrix = &run->data.matrix;
    bool *take = EH_TAKE(run->arena, matrix->rows, bool);
    uint16_t *arm = EH_TAKE(run->arena, matrix->rows, uint16_t);
    double **chances = EH_TAKE(run->arena, run->spec.extras_count, double *);
    size_t at = 0;
    u->attributes = EH_TAKE(run->arena, run->attributes_count, eh_fair_attribute);
    if (take == NULL || arm == NULL || chances == NULL || u->attributes == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < matrix->rows; i++)
        take[i] = run->data.offer[i] != EH_GROUP_NONE;
    EH_TRY(eh_matrix_select(matrix, take, run->arena, &u->matrix, error));
    for (size_t i = 0; i < matrix->rows; i++)
        if (take[i])
            arm[at++] = run->data.offer[i];
    *left_out = matrix->rows - at;
    for (size_t e = 0; e < run->spec.extras_count; e++) {
        chances[e] = EH_TAKE(run->arena, at, double);
        if (chances[e] == NULL)
            return eh_fail_memory(error);
        for (size_t i = 0, k = 0; i < matrix->rows; i++)
            if (take[i])
                chances[e][k++] = run->data.extras[e][i];
    }
    for (size_t a = 0; a < run->attributes_count; a++) {
        uint16_t *group = EH_TAKE(run->arena, at, uint16_t);
        if (group == NULL)
            return eh_fail_memory(error);
        for (size_t i = 0, k = 0; i < matrix->rows; i++)
            if (take[i])
                group[k++] = run->attributes[a].group[i];
        u->attributes[a] = run->attributes[a];
        u->attributes[a].group = group;
    }
    u->data.arm = arm;
    u->data.matrix = &u->matrix;
    u->data.propensities = run->spec.extras_count == 0 ? NULL : (const double *const *)chances;
    return EH_OK;
}

static eh_code arms_settle(uplift_run *u, eh_error *error)
{
    const eh_train_run *run = u->run;
    const eh_dataset *data = &run->data;
    size_t c = 0;
    while (c < data->offers_count && strcmp(data->offer_names[c], run->request->control) != 0)
        c++;
    if (c == data->offers_count) {
        const char *nearest = eh_nearest_name(run->request->control, data->offer_names, data->offers_count);
        return eh_fail(error, EH_NOT_FOUND, "--control: '%.100s' is no value of %.100s%s%s%s; there are '%.100s', '%.100s'%s", run->request->control,
                       run->request->treatment.name, nearest != NULL ? " (do you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "",
                       data->offer_names[0], data->offer_names[1], data->offers_count > 2 ? ", ..." : "");
    }
    if (run->spec.extras_count != 0 && run->spec.extras_count != data->offers_count - 1)
        return eh_fail(error, EH_INPUT, "--propensity: %zu chances for %zu offers; one each, in the order of their names, none for the control",
                       run->spec.extras_count, data->offers_count - 1);
    u->data.names = data->offer_names;
    u->data.arms_count = data->offers_count;
    u->data.control = c;
    return EH_OK;
}

/* ---- text --------------------------------------------------------------------------------------------------------------------------------- */

static void estimate_line(eh_buffer *out, const char *what, const eh_estimate *estimate)
{
    if (!isnan(estimate->value))
        eh_buffer_format(out, "  %-38s %+.4f   %+.4f to %+.4f\n", what, estimate->value, estimate->low, estimate->high);
}

static void overlap_lines(const eh_overlap *overlap, eh_buffer *out)
{
    if (overlap->known)
        eh_buffer_text(out, "\nThe chances of the offers are known.");
    else
        eh_buffer_format(out, "\nWho got an offer %s by the features (AUC %.3f, %.3f to %.3f).", overlap->randomised ? "cannot be told" : "can partly be told", overlap->auc,
                         overlap->auc_low, overlap->auc_high);
    eh_buffer_format(out, " Chances run from %.3f to %.3f;\n%.2f %% of people have less than 2 %% for some offer%s.\n", overlap->lowest, overlap->highest,
                     100 * overlap->outside_share, overlap->outside_share > 0.05 ? ": effects for them rest on few others" : "");
    if (!overlap->known && !overlap->randomised)
        eh_buffer_text(out, "The offers were not given by lot: effects hold only if the features tell all that both the offer and the outcome depend on.\n");
}

static void offer_lines(const eh_offer *offer, eh_buffer *out)
{
    eh_buffer_byte(out, '\n');
    eh_visible_append(out, eh_view_of(offer->name), false);
    eh_buffer_format(out, " (%.1f %% of people)\n", 100 * offer->share);
    estimate_line(out, "mean effect", &offer->effect);
    estimate_line(out, "uplift among the best 30 %", &offer->uplift_at_30);
    estimate_line(out, "RATE (AUTOC)", &offer->autoc);
    estimate_line(out, "RATE (Qini)", &offer->qini);
    if (!isnan(offer->auuc))
        eh_buffer_format(out, "  %-38s %+.4f   (%.4f for offers by lot)\n", "AUUC", offer->auuc, offer->effect.value / 2);
    bool shown[2 * EH_MODEL_FEATURES_MAX] = {false};
    eh_buffer_text(out, "  the effect differs most by");
    for (size_t k = 0; k < 4 && k < offer->model->terms_count; k++) {
        size_t best = offer->model->terms_count;
        for (size_t t = 0; t < offer->model->terms_count; t++)
            if (!shown[t] && (best == offer->model->terms_count || offer->model->terms[t].importance > offer->model->terms[best].importance))
                best = t;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
        shown[best] = true;
        eh_term_name(offer->model, &offer->model->terms[best], &name);
        eh_buffer_text(out, k == 0 ? " " : ", ");
        eh_visible_append(out, eh_buffer_view(&name), false);
        eh_buffer_format(out, " (%.4f)", offer->model->terms[best].importance);
    }
    eh_buffer_byte(out, '\n');
}

static void benefit_lines(const uplift_run *u, const eh_card_benefit *benefit, eh_buffer *out)
{
    const eh_uplift_group *groups = benefit->groups;
    eh_buffer_text(out, "\nBy ");
    eh_visible_append(out, eh_view_of(benefit->name), false);
    eh_buffer_text(out, ": mean effect of each offer, and what the policy does\n");
    for (size_t g = 0; g < benefit->groups_count; g++) {
        eh_buffer_text(out, "  ");
        eh_visible_append(out, eh_view_of(groups[g].group), false);
        eh_buffer_format(out, " (%.0f people)", groups[g].people);
        if (!isnan(groups[g].offered_share))
            eh_buffer_format(out, ": %.1f %% get an offer, gain %+.4f (%+.4f to %+.4f)", 100 * groups[g].offered_share, groups[g].gain.value, groups[g].gain.low,
                             groups[g].gain.high);
        eh_buffer_byte(out, '\n');
        for (size_t k = 0; k < u->uplift->offers_count; k++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
            eh_buffer_text(&name, "  ");
            eh_visible_append(&name, eh_view_of(u->uplift->offers[k].name), false);
            estimate_line(out, name.ptr == NULL ? "" : name.ptr, &groups[g].effect[k]);
        }
    }
}

static void uplift_text(const uplift_run *u, uint64_t left_out, eh_buffer *out)
{
    const eh_uplift *uplift = u->uplift;
    eh_visible_append(out, eh_view_of(u->run->path), false);
    eh_buffer_format(out, ": what %zu offer%s change%s against '", uplift->offers_count, uplift->offers_count == 1 ? "" : "s", uplift->offers_count == 1 ? "s" : "");
    eh_visible_append(out, eh_view_of(uplift->control), false);
    eh_buffer_format(out, "', %s-learner, %zu rows\n", eh_uplift_learner_names[uplift->learner], u->matrix.rows);
    if (left_out > 0)
        eh_buffer_format(out, "%llu rows without a known offer were left out\n", (unsigned long long)left_out);
    overlap_lines(&uplift->overlap, out);
    for (size_t k = 0; k < uplift->offers_count; k++)
        offer_lines(&uplift->offers[k], out);
    if (!isnan(uplift->policy.gain.value)) {
        eh_buffer_format(out, "\nPolicy: the best offer to the %.0f %% whom it helps most (gain per person, doubly robust)\n", 100 * uplift->policy.offered_share);
        estimate_line(out, "by these models", &uplift->policy.gain);
        estimate_line(out, "by lot, as many offers", &uplift->policy.gain_of_chance);
        estimate_line(out, "the best offer to everybody", &uplift->policy.gain_of_all);
    }
    for (size_t a = 0; a < u->run->attributes_count; a++)
        benefit_lines(u, &u->benefits[a], out);
}

/* ---- the whole -------------------------------------------------------------------------------------------------------------------------------- */

static eh_code learn(uplift_run *u, eh_error *error)
{
    eh_train_run *run = u->run;
    const eh_train_request *request = run->request;
    eh_uplift_options options = {.loss = request->amount ? EH_LOSS_SQUARED : EH_LOSS_LOGISTIC,
                                 .outer_folds = request->folds < 0 ? OUTER_FOLDS_DEFAULT : (uint32_t)request->folds,
                                 .budget = request->budget,
                                 .seed = request->fit.seed,
                                 .threads = request->fit.threads};
    for (size_t l = 0; request->learner != NULL && l < EH_LEARNERS_COUNT; l++)
        if (strcmp(eh_uplift_learner_names[l], request->learner) == 0)
            options.learner = (eh_uplift_learner)l;
    if (run->progress.descriptor >= 0) {
        options.progress = tick;
        options.progress_context = &run->progress;
    }
    return eh_uplift_fit(&u->data, &options, run->arena, &u->uplift, error);
}

static eh_code benefits_find(uplift_run *u, eh_error *error)
{
    size_t count = u->run->attributes_count;
    u->benefits = EH_TAKE(u->run->arena, count, eh_card_benefit);
    if (u->benefits == NULL)
        return eh_fail_memory(error);
    for (size_t a = 0; a < count; a++) {
        eh_uplift_group *groups = EH_TAKE(u->run->arena, u->attributes[a].groups_count, eh_uplift_group);
        if (groups == NULL)
            return eh_fail_memory(error);
        eh_uplift_by_group(u->uplift, &u->data, &u->attributes[a], groups);
        u->benefits[a] = (eh_card_benefit){.name = u->attributes[a].name, .groups = groups, .groups_count = u->attributes[a].groups_count};
    }
    return EH_OK;
}

static eh_code save(uplift_run *u, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer document = {0};
    for (size_t k = 0; k < u->uplift->offers_count; k++)
        EH_TRY(eh_train_papers(u->run, u->uplift->offers[k].model, error));
    EH_TRY(eh_uplift_write(u->uplift, &document, error));
    EH_TRY(eh_parent_folders_make(u->run->path, error));
    return eh_file_replace(u->run->path, eh_buffer_view(&document), error);
}

eh_code eh_train_uplift(eh_train_run *run, eh_buffer *shown, eh_error *error)
{
    uplift_run u = {.run = run};
    uint64_t left_out = 0;
    EH_TRY(arms_settle(&u, error));
    EH_TRY(rows_known(&u, &left_out, error));
    EH_TRY(learn(&u, error));
    EH_TRY(benefits_find(&u, error));
    EH_TRY(save(&u, error));
    if (run->request->report_prefix != NULL)
        EH_TRY(eh_train_uplift_report(run, u.uplift, u.benefits, run->attributes_count, error));
    if (!run->request->quiet)
        uplift_text(&u, left_out, shown);
    return EH_OK;
}
