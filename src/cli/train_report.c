/* The findings of a training run: on groups, on the frontier, on what each feature adds to a gap; as JSON and as a model card. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "cli/model_command_int.h"
#include "cli/train_int.h"
#include "report/model_card.h"

enum { SHRINK_ROWS_MAX = 300000 };

static void estimate_write(eh_json_writer *json, const char *key, const eh_estimate *estimate)
{
    eh_json_object_open_flat(json, key);
    eh_json_number(json, "value", estimate->value);
    eh_json_number(json, "low", estimate->low);
    eh_json_number(json, "high", estimate->high);
    eh_json_number(json, "people", estimate->n);
    eh_json_object_close(json);
}

static double selection_gap(const double *scores, const eh_train_run *run, const eh_fair_attribute *attribute)
{
    double picked[EH_INTERSECTION_GROUPS_MAX], total[EH_INTERSECTION_GROUPS_MAX], low = EH_INFINITY, high = -EH_INFINITY;
    eh_group_rates(scores, &run->data.matrix, attribute, EH_FAIR_SELECTION, run->model->threshold, picked, total);
    for (size_t g = 0; g < attribute->groups_count; g++) {
        low = total[g] > 0 ? fmin(low, picked[g] / total[g]) : low;
        high = total[g] > 0 ? fmax(high, picked[g] / total[g]) : high;
    }
    return high - low;
}

/* What it would cost to take a term out, and what the gap would then be: the model itself is run without it. */
static eh_code shrink_write(const eh_train_run *run, const eh_fair_attribute *attribute, size_t t, eh_json_writer *json, eh_error *error)
{
    const eh_model *model = run->model;
    const eh_matrix *matrix = &run->data.matrix;
    const eh_term *term = &model->terms[t];
    eh_fit_measures measures;
    double *scores = EH_TAKE(run->arena, matrix->rows, double);
    if (scores == NULL)
        return eh_fail_memory(error);
    eh_model_score_matrix(model, matrix->bins, matrix->rows, scores);
    const uint8_t *a = matrix->bins[term->feature[0]], *b = matrix->bins[term->feature[1]];
    for (size_t i = 0; i < matrix->rows; i++) {
        uint32_t cell = term->features_count == 1 ? a[i] : (uint32_t)term->map[0][a[i]] * EH_PAIR_BINS + term->map[1][b[i]];
        scores[i] -= (double)term->scores[cell] / EH_MICRO;
    }
    EH_TRY(eh_fit_measure(scores, matrix, EH_LOSS_LOGISTIC, model->threshold, &measures, error));
    eh_json_number(json, "selection_gap_without", selection_gap(scores, run, attribute));
    eh_json_number(json, "auc_without", measures.auc);
    eh_json_number(json, "accuracy_without", measures.accuracy);
    return EH_OK;
}

static eh_code attribution_write(const eh_train_run *run, const eh_card_attribute *card, const eh_fair_attribute *attribute, eh_json_writer *json,
                                 eh_error *error)
{
    const eh_model *model = run->model;
    bool shrink = model->loss == EH_LOSS_LOGISTIC && run->data.matrix.rows <= SHRINK_ROWS_MAX;
    double sum = 0;
    eh_json_object_open(json, "attribution");
    eh_json_text(json, "low", card->groups[card->low].name);
    eh_json_text(json, "high", card->groups[card->high].name);
    for (size_t t = 0; t < model->terms_count; t++)
        sum += card->attribution[t];
    eh_json_number(json, "mean_score_distance", sum);
    eh_json_array_open(json, "terms");
    for (size_t t = 0; t < model->terms_count; t++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = json->buffer};
        eh_term_name(model, &model->terms[t], &name);
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "term", name.ptr == NULL ? "" : name.ptr);
        eh_json_number(json, "adds", card->attribution[t]);
        if (shrink)
            EH_TRY(shrink_write(run, attribute, t, json, error));
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_object_close(json);
    return EH_OK;
}

/* Who is picked no more, and who is picked now: levelling down is said, not hidden. */
static void levelling_write(const eh_train_run *run, const eh_fair_attribute *attribute, eh_json_writer *json)
{
    eh_levelling levelling[EH_INTERSECTION_GROUPS_MAX];
    if (run->fair.unconstrained == NULL)
        return;
    eh_levelling_measure(run->fair.unconstrained, run->model, &run->data.matrix, attribute, levelling);
    eh_json_array_open(json, "levelling");
    for (size_t g = 0; g < attribute->groups_count; g++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "group", attribute->group_names[g]);
        eh_json_number(json, "people", levelling[g].total);
        eh_json_number(json, "no_longer_picked", levelling[g].lost);
        eh_json_number(json, "newly_picked", levelling[g].gained);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
}

static eh_code attributes_write(const eh_train_run *run, const eh_card_attribute *cards, eh_json_writer *json, eh_error *error)
{
    eh_json_array_open(json, "attributes");
    for (size_t a = 0; a < run->attributes_count; a++) {
        eh_json_object_open(json, NULL);
        eh_json_text(json, "attribute", cards[a].name);
        eh_json_array_open(json, "groups");
        for (size_t g = 0; g < cards[a].groups_count; g++) {
            const eh_card_group *group = &cards[a].groups[g];
            eh_json_object_open(json, NULL);
            eh_json_text(json, "group", group->name);
            eh_json_number(json, "people", group->people);
            eh_json_number(json, "base_rate", group->base_rate);
            for (int m = 0; m < EH_FAIR_MEASURES_COUNT; m++)
                estimate_write(json, eh_fair_measure_names[m], &group->rates[m]);
            eh_json_number(json, "auc", group->auc);
            eh_json_object_close(json);
        }
        eh_json_array_close(json);
        EH_TRY(attribution_write(run, &cards[a], &run->attributes[a], json, error));
        levelling_write(run, &run->attributes[a], json);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    return EH_OK;
}

static void frontier_write(const eh_train_run *run, eh_json_writer *json)
{
    eh_json_array_open(json, "frontier");
    for (size_t i = 0; i < run->fair.frontier_count; i++) {
        const eh_frontier_point *point = &run->fair.frontier[i];
        eh_json_object_open_flat(json, NULL);
        eh_json_array_open_flat(json, "gaps");
        for (size_t c = 0; c < run->model->constraints_count; c++)
            eh_json_number(json, NULL, point->gap[c]);
        eh_json_array_close(json);
        eh_json_number(json, "accuracy", point->accuracy);
        eh_json_number(json, "auc", point->auc);
        eh_json_number(json, "log_loss", point->log_loss);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
}

static eh_code report_save(const eh_train_run *run, const char *extension, const eh_buffer *text, eh_error *error)
{
    const char *path = eh_arena_format(run->arena, "%s%s", run->request->report_prefix, extension);
    if (path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_buffer_check(text, error));
    EH_TRY(eh_parent_folders_make(path, error));
    EH_TRY(eh_file_replace(path, eh_buffer_view(text), error));
    if (!run->request->quiet)
        eh_note_show("wrote", path);
    return EH_OK;
}

/* Scores of people by models that have not seen them, else of the training rows. */
static eh_code scores_settle(const eh_train_run *run, const double **scores_out, const char **on_out, eh_error *error)
{
    *on_out = run->model->measured == NULL ? "the people learned from" : run->model->measured;
    *scores_out = run->held_scores;
    if (run->held_scores != NULL)
        return EH_OK;
    double *scores = EH_TAKE(run->arena, run->data.matrix.rows, double);
    if (scores == NULL)
        return eh_fail_memory(error);
    eh_model_score_matrix(run->model, run->data.matrix.bins, run->data.matrix.rows, scores);
    *scores_out = scores;
    return EH_OK;
}

/* ---- of an uplift model ------------------------------------------------------------------------------------------------------ */

static void benefits_write(const eh_uplift *uplift, const eh_card_benefit *benefits, size_t benefits_count, eh_json_writer *json)
{
    eh_json_array_open(json, "attributes");
    for (size_t a = 0; a < benefits_count; a++) {
        eh_json_object_open(json, NULL);
        eh_json_text(json, "attribute", benefits[a].name);
        eh_json_array_open(json, "groups");
        for (size_t g = 0; g < benefits[a].groups_count; g++) {
            const eh_uplift_group *group = &benefits[a].groups[g];
            eh_json_object_open(json, NULL);
            eh_json_text(json, "group", group->group);
            eh_json_number(json, "people", group->people);
            eh_json_number(json, "offered_share", group->offered_share);
            estimate_write(json, "gain", &group->gain);
            eh_json_object_open(json, "effects");
            for (size_t k = 0; k < uplift->offers_count; k++)
                estimate_write(json, uplift->offers[k].name, &group->effect[k]);
            eh_json_object_close(json);
            eh_json_object_close(json);
        }
        eh_json_array_close(json);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
}

static void findings_write(const eh_train_run *run, const eh_uplift *uplift, const eh_card_benefit *benefits, size_t benefits_count, eh_buffer *text)
{
    eh_json_writer json;
    eh_json_begin(&json, text, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_integer(&json, "evenhand_training", 1);
    eh_json_text(&json, "model", run->path);
    eh_json_text(&json, "learner", eh_uplift_learner_names[uplift->learner]);
    eh_json_text(&json, "control", uplift->control);
    eh_json_array_open(&json, "offers");
    for (size_t k = 0; k < uplift->offers_count; k++) {
        const eh_offer *offer = &uplift->offers[k];
        eh_json_object_open(&json, NULL);
        eh_json_text(&json, "offer", offer->name);
        eh_json_number(&json, "share", offer->share);
        estimate_write(&json, "effect", &offer->effect);
        estimate_write(&json, "uplift_at_30", &offer->uplift_at_30);
        estimate_write(&json, "autoc", &offer->autoc);
        estimate_write(&json, "qini", &offer->qini);
        eh_json_number(&json, "auuc", offer->auuc);
        eh_json_object_close(&json);
    }
    eh_json_array_close(&json);
    eh_json_object_open(&json, "policy");
    eh_json_number(&json, "budget", uplift->policy.budget);
    eh_json_number(&json, "offered_share", uplift->policy.offered_share);
    estimate_write(&json, "gain", &uplift->policy.gain);
    estimate_write(&json, "gain_of_all", &uplift->policy.gain_of_all);
    estimate_write(&json, "gain_of_chance", &uplift->policy.gain_of_chance);
    eh_json_object_close(&json);
    benefits_write(uplift, benefits, benefits_count, &json);
    eh_json_object_close(&json);
    eh_buffer_byte(text, '\n');
}

/* One card for each offer: PREFIX.html when there is one, else PREFIX-OFFER.html with what a file's name may hold. */
static const char *card_extension(const eh_train_run *run, const eh_uplift *uplift, size_t offer)
{
    if (uplift->offers_count == 1)
        return ".html";
    char *extension = eh_arena_format(run->arena, "-%s.html", uplift->offers[offer].name);
    for (char *at = extension == NULL ? NULL : extension + 1; at != NULL && at < extension + strlen(extension) - 5; at++)
        if (!((*at >= 'a' && *at <= 'z') || (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') || *at == '-' || *at == '_'))
            *at = '_';
    return extension;
}

eh_code eh_train_uplift_report(const eh_train_run *run, const eh_uplift *uplift, const eh_card_benefit *benefits, size_t benefits_count, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    for (size_t k = 0; k < uplift->offers_count; k++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer html = {0};
        eh_model_card card = {.model = uplift->offers[k].model, .uplift = uplift, .offer = k, .benefits = benefits, .benefits_count = benefits_count};
        const char *extension = card_extension(run, uplift, k);
        if (extension == NULL)
            return eh_fail_memory(error);
        eh_model_card_html(&card, &html);
        EH_TRY(report_save(run, extension, &html, error));
    }
    findings_write(run, uplift, benefits, benefits_count, &text);
    return report_save(run, ".json", &text, error);
}

/* ---- of a model of one outcome ------------------------------------------------------------------------------------------------- */

eh_code eh_train_report(const eh_train_run *run, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer html = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_card_attribute *cards = EH_TAKE(run->arena, run->attributes_count, eh_card_attribute);
    const double *scores = NULL;
    eh_model_card card = {.model = run->model, .attributes = cards, .attributes_count = run->attributes_count, .frontier = run->fair.frontier,
                          .frontier_count = run->fair.frontier_count};
    if (cards == NULL)
        return eh_fail_memory(error);
    EH_TRY(scores_settle(run, &scores, &card.measured_on, error));
    eh_card_data data = {.model = run->model, .matrix = &run->data.matrix, .scores = scores};
    for (size_t a = 0; a < run->attributes_count; a++)
        EH_TRY(eh_card_attribute_make(&data, &run->attributes[a], run->arena, &cards[a], error));
    eh_model_card_html(&card, &html);
    EH_TRY(report_save(run, ".html", &html, error));
    eh_json_writer json;
    eh_json_begin(&json, &text, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_integer(&json, "evenhand_training", 1);
    eh_json_text(&json, "model", run->path);
    eh_json_text(&json, "measured_on", card.measured_on);
    eh_json_number(&json, "accuracy_without_constraints", run->model->constraints_count > 0 ? run->fair.accuracy_before : EH_NAN);
    eh_json_number(&json, "accuracy_with_constraints", run->model->constraints_count > 0 ? run->fair.accuracy_after : EH_NAN);
    EH_TRY(attributes_write(run, cards, &json, error));
    frontier_write(run, &json);
    eh_json_object_close(&json);
    eh_buffer_byte(&text, '\n');
    return report_save(run, ".json", &text, error);
}
