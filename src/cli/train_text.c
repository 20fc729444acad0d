/* What was learned, in lines for a terminal. */
#include <math.h>
#include <string.h>

#include "cli/train_int.h"
#include "stats/stats.h"

enum { TERMS_SHOWN = 12, NAME_COLUMNS = 30 };

static void name_cell(eh_buffer *out, const char *name)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer shown = {.whole = out};
    eh_visible_append(&shown, eh_view_of(name), false);
    eh_view view = eh_buffer_view(&shown);
    while (eh_utf8_columns(view) > NAME_COLUMNS) {
        view.len--;
        while (view.len > 0 && ((unsigned char)view.ptr[view.len] & 0xC0) == 0x80)
            view.len--;
    }
    eh_buffer_text(out, "  ");
    eh_buffer_append(out, view);
    for (size_t at = eh_utf8_columns(view); at < NAME_COLUMNS + 2; at++)
        eh_buffer_byte(out, ' ');
}

static void measure_line(eh_buffer *out, const eh_model_measure *measure)
{
    static const struct {
        const char *name, *says;
    } names[] = {{"auc", "AUC"},
                 {"accuracy", "accuracy at the threshold"},
                 {"log_loss", "log loss"},
                 {"brier", "Brier score"},
                 {"calibration_error", "calibration error"},
                 {"r2", "R squared"},
                 {"rmse", "root mean squared error"}};
    const char *says = measure->name;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        says = strcmp(names[i].name, measure->name) == 0 ? names[i].says : says;
    name_cell(out, says);
    eh_buffer_format(out, "%.4f", measure->value);
    if (!isnan(measure->low))
        eh_buffer_format(out, "   %.4f to %.4f", measure->low, measure->high);
    eh_buffer_byte(out, '\n');
}

static void terms_lines(const eh_model *model, eh_buffer *out)
{
    bool shown[2 * EH_MODEL_FEATURES_MAX] = {false};
    eh_buffer_text(out, "\nWhat counts most (mean distance from the average person)\n");
    for (size_t k = 0; k < model->terms_count && k < TERMS_SHOWN; k++) {
        size_t best = model->terms_count;
        for (size_t t = 0; t < model->terms_count; t++)
            if (!shown[t] && (best == model->terms_count || model->terms[t].importance > model->terms[best].importance))
                best = t;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
        shown[best] = true;
        eh_term_name(model, &model->terms[best], &name);
        name_cell(out, name.ptr == NULL ? "" : name.ptr);
        eh_buffer_format(out, "%.3f\n", model->terms[best].importance);
    }
    if (model->terms_count > TERMS_SHOWN)
        eh_buffer_format(out, "  and %zu more\n", model->terms_count - TERMS_SHOWN);
}

static void groups_lines(const eh_train_run *run, const eh_fair_attribute *attribute, eh_fair_measure measure, eh_buffer *out)
{
    double picked[EH_INTERSECTION_GROUPS_MAX], total[EH_INTERSECTION_GROUPS_MAX];
    static const char *const says[] = {"picked", "picked of those with the outcome", "picked of those without it"};
    eh_group_rates(run->held_scores, &run->data.matrix, attribute, measure, run->model->threshold, picked, total);
    eh_buffer_text(out, "\n");
    eh_visible_append(out, eh_view_of(attribute->name), false);
    eh_buffer_format(out, ": %s\n", says[measure]);
    for (size_t g = 0; g < attribute->groups_count; g++) {
        if (total[g] <= 0)
            continue;
        eh_interval interval = eh_interval_wilson((eh_proportion){picked[g], total[g]}, 0.95);
        name_cell(out, attribute->group_names[g]);
        eh_buffer_format(out, "%5.1f %%   %.1f to %.1f %%\n", 100 * picked[g] / total[g], 100 * interval.low, 100 * interval.high);
    }
}

static void constraint_lines(const eh_train_run *run, eh_buffer *out)
{
    const eh_model *model = run->model;
    static const char *const says[] = {"selection rate", "true positive rate", "false positive rate"};
    eh_buffer_text(out, "\nConstraints (on the people learned from)\n");
    for (size_t c = 0; c < model->constraints_count; c++) {
        const eh_model_constraint *constraint = &model->constraints[c];
        bool ratio = !isnan(constraint->ratio_min);
        eh_buffer_format(out, "  %s of the %s: %s %g asked, %.4f without it, %.4f now\n", ratio ? "lowest ratio" : "widest gap", says[constraint->measure],
                         ratio ? "at least" : "at most", ratio ? constraint->ratio_min : constraint->gap_max, constraint->before, constraint->reached);
    }
    eh_buffer_format(out, "  accuracy %.4f without, %.4f now; AUC %.4f without, %.4f now\n", run->fair.accuracy_before, run->fair.accuracy_after,
                     run->fair.auc_before, run->fair.auc_after);
    if (run->fair.frontier_count < 3)
        return;
    eh_buffer_text(out, "\nFrontier (measured on people held out of each bag)\n        gap   accuracy        AUC\n");
    for (size_t i = 0; i < run->fair.frontier_count; i++)
        eh_buffer_format(out, "  %9.4f  %9.4f  %9.4f\n", run->fair.frontier[i].gap[0], run->fair.frontier[i].accuracy, run->fair.frontier[i].auc);
}

/* Who was picked before and is not now: levelling down is said, not hidden. */
static void levelling_lines(const eh_train_run *run, const eh_fair_attribute *attribute, eh_buffer *out)
{
    eh_levelling levelling[EH_INTERSECTION_GROUPS_MAX];
    eh_levelling_measure(run->fair.unconstrained, run->model, &run->data.matrix, attribute, levelling);
    eh_buffer_text(out, "\nWhat the constraint changed for ");
    eh_visible_append(out, eh_view_of(attribute->name), false);
    eh_buffer_text(out, " (of all in the group)\n");
    for (size_t g = 0; g < attribute->groups_count; g++) {
        const eh_levelling *group = &levelling[g];
        if (group->total <= 0)
            continue;
        name_cell(out, attribute->group_names[g]);
        eh_buffer_format(out, "%5.1f %% picked now and not before, %.1f %% no longer picked\n", 100 * group->gained / group->total,
                         100 * group->lost / group->total);
    }
}

static void attribution_lines(const eh_train_run *run, const eh_fair_attribute *attribute, eh_buffer *out)
{
    const eh_model *model = run->model;
    size_t groups = attribute->groups_count;
    double means[EH_GROUPS_MAX] = {0};
    double *mean = EH_TAKE(run->arena, model->terms_count * groups, double);
    if (mean == NULL || groups > EH_GROUPS_MAX)
        return;
    eh_gap_attribution(model, &run->data.matrix, attribute, mean);
    for (size_t t = 0; t < model->terms_count; t++)
        for (size_t g = 0; g < groups; g++)
            means[g] += mean[t * groups + g];
    size_t low = 0, high = 0;
    for (size_t g = 0; g < groups; g++) {
        low = means[g] < means[low] ? g : low;
        high = means[g] > means[high] ? g : high;
    }
    if (low == high)
        return;
    eh_buffer_text(out, "\nWhat makes the mean score of '");
    eh_visible_append(out, eh_view_of(attribute->group_names[low]), false);
    eh_buffer_text(out, "' lie below that of '");
    eh_visible_append(out, eh_view_of(attribute->group_names[high]), false);
    eh_buffer_format(out, "' (%.3f in all)\n", means[high] - means[low]);
    bool shown[2 * EH_MODEL_FEATURES_MAX] = {false};
    for (size_t k = 0; k < model->terms_count && k < 6; k++) {
        size_t best = model->terms_count;
        for (size_t t = 0; t < model->terms_count; t++) {
            double size = fabs(mean[t * groups + high] - mean[t * groups + low]);
            if (!shown[t] && (best == model->terms_count || size > fabs(mean[best * groups + high] - mean[best * groups + low])))
                best = t;
        }
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
        shown[best] = true;
        eh_term_name(model, &model->terms[best], &name);
        name_cell(out, name.ptr == NULL ? "" : name.ptr);
        eh_buffer_format(out, "%+.3f\n", mean[best * groups + high] - mean[best * groups + low]);
    }
}

void eh_train_text(const eh_train_run *run, eh_buffer *out)
{
    const eh_model *model = run->model;
    size_t pairs = 0;
    for (size_t t = 0; t < model->terms_count; t++)
        pairs += model->terms[t].features_count == 2 ? 1 : 0;
    eh_visible_append(out, eh_view_of(run->path), false);
    eh_buffer_format(out, ": %zu features, %zu pairs, learned from %llu rows", model->terms_count - pairs, pairs, (unsigned long long)model->rows);
    if (model->loss == EH_LOSS_LOGISTIC)
        eh_buffer_format(out, " (%.1f %% with the outcome)", 100 * model->base_rate);
    eh_buffer_byte(out, '\n');
    if (run->data.outcome_missing > 0)
        eh_buffer_format(out, "%llu rows without a known outcome were left out\n", (unsigned long long)run->data.outcome_missing);
    if (model->measures_count > 0) {
        eh_buffer_format(out, "\nMeasured by %s, with 95 %% intervals\n", model->measured);
        for (size_t i = 0; i < model->measures_count; i++)
            measure_line(out, &model->measures[i]);
    }
    if (run->unmeasured)
        eh_buffer_text(out, "\nNot measured: too few people to hold some out; how well it does on others is not known\n");
    terms_lines(model, out);
    for (size_t a = 0; a < run->attributes_count; a++) {
        const eh_fair_attribute *attribute = &run->attributes[a];
        if (run->held_scores != NULL && model->loss == EH_LOSS_LOGISTIC)
            for (eh_fair_measure m = EH_FAIR_SELECTION; m <= EH_FAIR_TPR; m++)
                groups_lines(run, attribute, m, out);
        if (a < run->spec.groups_count)
            attribution_lines(run, attribute, out);
        if (model->constraints_count > 0 && run->fair.unconstrained != NULL)
            levelling_lines(run, attribute, out);
    }
    if (model->constraints_count > 0)
        constraint_lines(run, out);
}
