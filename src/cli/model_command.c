/* `evenhand model`: show, card, compare, edit, export. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/time.h"
#include "cli/model_command_int.h"
#include "model/uplift.h"
#include "report/report.h"

/* ---- options ---------------------------------------------------------------------------------------------------------------------------- */

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    eh_model_request *request = use->target;
    const struct {
        const char *option, **place;
    } places[] = {{"--term", &request->term}, {"--flatten", &request->flatten}, {"--smooth", &request->smooth}, {"--who", &request->who},
                  {"--why", &request->why},   {"--to", &request->to},           {"--output", &request->output}, {"--now", &request->now},
                  {"--offer", &request->offer}};
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the value is empty", use->option);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].option, use->option) == 0)
            *places[i].place = use->value;
    return EH_OK;
}

static eh_code read_data(const eh_option_use *use, eh_error *error)
{
    eh_model_request *request = use->target;
    if (request->files_count == 64)
        return eh_fail(error, EH_LIMIT, "%s: more than 64 files; a pattern in quotes counts as one", use->option);
    request->files[request->files_count++] = use->value;
    (void)error;
    return EH_OK;
}

static eh_code read_label(const eh_option_use *use, eh_error *error)
{
    return eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &((eh_model_request *)use->target)->label, error);
}

static eh_code read_weight(const eh_option_use *use, eh_error *error)
{
    return eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &((eh_model_request *)use->target)->weight, error);
}

static eh_code read_where(const eh_option_use *use, eh_error *error)
{
    eh_expression expression = {0};
    EH_TRY(eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &expression, error));
    ((eh_model_request *)use->target)->where = expression.sql;
    return EH_OK;
}

static eh_code read_protected(const eh_option_use *use, eh_error *error)
{
    eh_model_request *request = use->target;
    return eh_expressions_parse(use->option, eh_view_of(use->value), use->arena, &request->groups, &request->groups_count, error);
}

static const eh_option table[] = {
    {"--term", "NAME", "show", "one curve or table, bin by bin", false, read_text},

    {"--flatten", "TERM", "edit", "takes the term out: it says nothing of anybody any more", false, read_text},
    {"--smooth", "TERM", "edit", "evens the curve of a number out", false, read_text},
    {"--who", "NAME", "edit", "who changes the model; needed", false, read_text},
    {"--why", "TEXT", "edit", "why; needed, and kept in the model", false, read_text},
    {"--now", "TIME", "edit", "the time to take for now (RFC 3339)", false, read_text},

    {"--to", "FORMAT", "export", "c, sql or cyclonedx", false, read_text},

    {"--data", "FILE", "On data (card, compare, edit)", "people with a known outcome; repeatable", true, read_data},
    {"--label", "EXPR", "On data (card, compare, edit)", "the outcome", false, read_label},
    {"--protected", "EXPR[,EXPR...]", "On data (card, compare, edit)", "measures by group, on the card", false, read_protected},
    {"--weight", "EXPR", "On data (card, compare, edit)", "how much a row counts", false, read_weight},
    {"--where", "EXPR", "On data (card, compare, edit)", "only the rows for which this is true", false, read_where},

    {"--offer", "NAME", "What comes out", "of an uplift model: the offer whose effect is meant", false, read_text},
    {"--output", "FILE", "What comes out", "default: standard output; for edit: the model itself", false, read_text},
    {"--help", NULL, "What comes out", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_model_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand model - shows, compares, edits and exports models\n"
                   "\n"
                   "  evenhand model show MODEL [--term NAME]\n"
                   "  evenhand model card MODEL [--data FILE --label EXPR --protected EXPR] --output card.html\n"
                   "  evenhand model compare MODEL OTHER [--data FILE --label EXPR]\n"
                   "  evenhand model edit MODEL --flatten TERM --who NAME --why TEXT [--data FILE --label EXPR]\n"
                   "  evenhand model export MODEL --to c|sql|cyclonedx\n");
    eh_options_help(table, TABLE_COUNT, out);
}

/* ---- output ------------------------------------------------------------------------------------------------------------------------------ */

static eh_code put(const eh_model_request *request, const eh_buffer *text, eh_error *error)
{
    EH_TRY(eh_buffer_check(text, error));
    if (request->output == NULL)
        return eh_stdout_write(eh_buffer_view(text), error);
    EH_TRY(eh_parent_folders_make(request->output, error));
    EH_TRY(eh_file_replace(request->output, eh_buffer_view(text), error));
    eh_note_show("wrote", request->output);
    return EH_OK;
}

eh_code eh_model_data_read(eh_model_request *request, const eh_model *model, eh_dataset *data, eh_error *error)
{
    EH_CLEANUP(eh_engine_close) eh_engine *engine = NULL;
    eh_feature_spec *features = EH_TAKE(request->arena, model->features_count, eh_feature_spec);
    if (features == NULL)
        return eh_fail_memory(error);
    if (request->label.sql == NULL)
        return eh_fail(error, EH_INPUT, "--data: --label is missing (the outcome)");
    for (size_t f = 0; f < model->features_count; f++)
        features[f] = (eh_feature_spec){.name = model->features[f].name, .sql = model->features[f].sql};
    eh_dataset_spec spec = {.features = features, .features_count = model->features_count, .outcome = request->label.sql, .outcome_option = "--label",
                            .outcome_number = model->loss == EH_LOSS_SQUARED, .weight = request->weight.sql, .groups = request->groups,
                            .groups_count = request->groups_count, .where = request->where, .model = model};
    EH_TRY(eh_engine_open(&(eh_engine_options){.ordered = true}, &engine, error));
    EH_TRY(eh_engine_read(engine, request->files, request->files_count, error));
    return eh_dataset_read(engine, &spec, request->arena, data, error);
}

/* ---- show -------------------------------------------------------------------------------------------------------------------------------------- */

static void bar(eh_buffer *out, double share)
{
    enum { HALF = 12 };
    int cells = (int)lround(fmin(fmax(share, -1), 1) * HALF);
    for (int i = -HALF; i < HALF; i++)
        eh_buffer_text(out, (cells < 0 && i >= cells && i < 0) || (cells > 0 && i >= 0 && i < cells) ? "█" : i == 0 ? "│" : " ");
}

static void term_show(const eh_model *model, const eh_term *term, eh_buffer *out)
{
    double largest = 1e-9;
    const eh_feature *feature = &model->features[term->feature[0]];
    for (uint32_t c = 0; c < term->cells_count; c++)
        largest = fmax(largest, fabs((double)term->scores[c]) / EH_MICRO);
    eh_term_name(model, term, out);
    eh_buffer_format(out, "  (%s)\n", model->loss == EH_LOSS_LOGISTIC ? "added to the logit" : "added to the amount");
    if (feature->says != NULL && term->features_count == 1)
        eh_buffer_format(out, "to the person: %s\n", feature->says);
    for (uint32_t c = 0; c < term->cells_count; c++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
        EH_CLEANUP(eh_buffer_dispose) eh_buffer shown = {.whole = out};
        if (term->features_count == 2) {
            if (term->scores[c] == 0)
                continue;
            eh_buffer_format(&name, "row %u, column %u", c / EH_PAIR_BINS, c % EH_PAIR_BINS);
        } else {
            eh_bin_name(feature, c, &name);
        }
        eh_visible_append(&shown, eh_buffer_view(&name), false);
        size_t columns = eh_utf8_columns(eh_buffer_view(&shown));
        eh_buffer_text(out, "  ");
        eh_buffer_append(out, eh_buffer_view(&shown));
        for (; columns < 34; columns++)
            eh_buffer_byte(out, ' ');
        eh_buffer_format(out, " %+9.4f ± %.4f ", (double)term->scores[c] / EH_MICRO, (double)term->errors[c] / EH_MICRO);
        bar(out, (double)term->scores[c] / EH_MICRO / largest);
        if (term->features_count == 1)
            eh_buffer_format(out, " %5.1f %%", 100 * feature->weights[c]);
        eh_buffer_byte(out, '\n');
    }
}

static const eh_term *term_named(const eh_model *model, const char *name)
{
    for (size_t t = 0; t < model->terms_count; t++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer own = {0};
        eh_term_name(model, &model->terms[t], &own);
        if (own.ptr != NULL && strcmp(own.ptr, name) == 0)
            return &model->terms[t];
    }
    return NULL;
}

static void head_show(const eh_model *model, eh_buffer *out)
{
    eh_visible_append(out, eh_view_of(model->name == NULL ? "model" : model->name), false);
    eh_buffer_text(out, "\n  learns            ");
    if (model->offer != NULL) {
        eh_buffer_text(out, "what the offer ");
        eh_visible_append(out, eh_view_of(model->offer), false);
        eh_buffer_text(out, " changes in ");
    }
    eh_visible_append(out, eh_view_of(model->outcome == NULL ? "an outcome" : model->outcome), false);
    eh_buffer_byte(out, '\n');
    if (model->purpose != NULL)
        eh_buffer_format(out, "  is for            %s\n", model->purpose);
    eh_buffer_format(out, "  learned from      %llu rows, mean %s %.4f\n", (unsigned long long)model->rows, model->offer != NULL ? "effect" : "outcome",
                     model->base_rate);
    eh_buffer_format(out, "  fingerprint       %.16s\n", model->fingerprint);
    eh_buffer_format(out, "  intercept         %.6f\n", (double)model->intercept / EH_MICRO);
    if (model->loss == EH_LOSS_LOGISTIC)
        eh_buffer_format(out, "  threshold         %g\n", model->threshold);
    for (size_t i = 0; i < model->measures_count; i++) {
        eh_buffer_format(out, "  %-17s %.4f", model->measures[i].name, model->measures[i].value);
        if (!isnan(model->measures[i].low))
            eh_buffer_format(out, "   %.4f to %.4f", model->measures[i].low, model->measures[i].high);
        eh_buffer_byte(out, '\n');
    }
    for (size_t i = 0; i < model->constraints_count; i++) {
        const eh_model_constraint *c = &model->constraints[i];
        bool ratio = !isnan(c->ratio_min);
        eh_buffer_format(out, "  constraint        %s %s %g, reached %.4f (%.4f without)\n", eh_fair_measure_names[c->measure], ratio ? ">=" : "<=",
                         ratio ? c->ratio_min : c->gap_max, c->reached, c->before);
    }
    for (size_t i = 0; i < model->edits_count; i++) {
        eh_buffer_text(out, "  edit              ");
        eh_visible_append(out, eh_view_of(model->edits[i].what), false);
        eh_buffer_text(out, ", by ");
        eh_visible_append(out, eh_view_of(model->edits[i].who), false);
        eh_buffer_text(out, ": ");
        eh_visible_append(out, eh_view_of(model->edits[i].why), false);
        eh_buffer_byte(out, '\n');
    }
}

/* Of an uplift model: what the offer changes, measured. */
static void effect_show(const eh_model_file *file, eh_buffer *out)
{
    if (file->uplift == NULL)
        return;
    const eh_offer *offer = &file->uplift->offers[file->offer];
    const struct {
        const char *name;
        const eh_estimate *estimate;
    } rows[] = {{"mean effect", &offer->effect}, {"best 30 %", &offer->uplift_at_30}, {"RATE (AUTOC)", &offer->autoc}, {"RATE (Qini)", &offer->qini}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (!isnan(rows[i].estimate->value))
            eh_buffer_format(out, "  %-17s %+.4f   %+.4f to %+.4f\n", rows[i].name, rows[i].estimate->value, rows[i].estimate->low, rows[i].estimate->high);
}

static void terms_show(const eh_model *model, eh_buffer *out)
{
    bool shown[2 * EH_MODEL_FEATURES_MAX] = {false};
    eh_buffer_text(out, "\n  term                                importance   lowest  highest\n");
    for (size_t k = 0; k < model->terms_count; k++) {
        size_t best = model->terms_count;
        for (size_t t = 0; t < model->terms_count; t++)
            if (!shown[t] && (best == model->terms_count || model->terms[t].importance > model->terms[best].importance))
                best = t;
        shown[best] = true;
        const eh_term *term = &model->terms[best];
        int32_t low = 0, high = 0;
        for (uint32_t c = 0; c < term->cells_count; c++) {
            low = term->scores[c] < low ? term->scores[c] : low;
            high = term->scores[c] > high ? term->scores[c] : high;
        }
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
        EH_CLEANUP(eh_buffer_dispose) eh_buffer visible = {.whole = out};
        eh_term_name(model, term, &name);
        eh_visible_append(&visible, eh_buffer_view(&name), false);
        size_t columns = eh_utf8_columns(eh_buffer_view(&visible));
        eh_buffer_text(out, "  ");
        eh_buffer_append(out, eh_buffer_view(&visible));
        for (; columns < 36; columns++)
            eh_buffer_byte(out, ' ');
        eh_buffer_format(out, "%10.4f %+8.3f %+8.3f\n", term->importance, (double)low / EH_MICRO, (double)high / EH_MICRO);
    }
}

static eh_code show(eh_model_request *request, const eh_model_file *file, eh_error *error)
{
    const eh_model *model = file->model;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    if (request->term != NULL) {
        const eh_term *term = term_named(model, request->term);
        if (term == NULL)
            return eh_fail(error, EH_NOT_FOUND, "--term: the model has no term '%.200s'; evenhand model show lists them", request->term);
        term_show(model, term, &out);
    } else {
        head_show(model, &out);
        effect_show(file, &out);
        terms_show(model, &out);
    }
    return put(request, &out, error);
}

/* ---- compare -------------------------------------------------------------------------------------------------------------------------------- */

static eh_code compare_on_data(eh_model_request *request, const eh_model *a, const eh_model *b, eh_buffer *out, eh_error *error)
{
    eh_dataset data[2] = {{.rows_read = 0}, {.rows_read = 0}};
    eh_fit_measures measures[2];
    double *scores[2], mean = 0;
    uint64_t turned = 0;
    const eh_model *models[2] = {a, b};
    for (int m = 0; m < 2; m++) {
        EH_TRY(eh_model_data_read(request, models[m], &data[m], error));
        scores[m] = EH_TAKE(request->arena, data[m].matrix.rows, double);
        if (scores[m] == NULL)
            return eh_fail_memory(error);
        eh_model_score_matrix(models[m], data[m].matrix.bins, data[m].matrix.rows, scores[m]);
        EH_TRY(eh_fit_measure(scores[m], &data[m].matrix, models[m]->loss, models[m]->threshold, &measures[m], error));
    }
    for (size_t i = 0; i < data[0].matrix.rows; i++) {
        double cut[2] = {log(a->threshold / (1 - a->threshold)), log(b->threshold / (1 - b->threshold))};
        mean += fabs(scores[0][i] - scores[1][i]);
        turned += (scores[0][i] >= cut[0]) != (scores[1][i] >= cut[1]) ? 1 : 0;
    }
    eh_buffer_format(out, "\non %zu rows                               first   second\n", data[0].matrix.rows);
    if (a->loss == EH_LOSS_LOGISTIC) {
        eh_buffer_format(out, "  AUC                                   %.4f   %.4f\n", measures[0].auc, measures[1].auc);
        eh_buffer_format(out, "  accuracy                              %.4f   %.4f\n", measures[0].accuracy, measures[1].accuracy);
        eh_buffer_format(out, "  log loss                              %.4f   %.4f\n", measures[0].log_loss, measures[1].log_loss);
        eh_buffer_format(out, "  decided differently                   %llu (%.2f %%)\n", (unsigned long long)turned,
                         100 * (double)turned / (double)data[0].matrix.rows);
    } else {
        eh_buffer_format(out, "  R squared                             %.4f   %.4f\n", measures[0].r2, measures[1].r2);
    }
    eh_buffer_format(out, "  mean distance of the scores           %.4f\n", mean / (double)data[0].matrix.rows);
    return EH_OK;
}

static eh_code compare(eh_model_request *request, const eh_model *a, const eh_model *b, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    if (a->loss != b->loss)
        return eh_fail(error, EH_CONFLICT, "one model tells probabilities and the other amounts; they cannot be compared");
    eh_buffer_format(&out, "  intercept                             %.4f   %.4f\n", (double)a->intercept / EH_MICRO, (double)b->intercept / EH_MICRO);
    eh_buffer_text(&out, "\n  importance of                          first   second\n");
    for (int pass = 0; pass < 2; pass++) {
        const eh_model *from = pass == 0 ? a : b, *other = pass == 0 ? b : a;
        for (size_t t = 0; t < from->terms_count; t++) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = &out};
            EH_CLEANUP(eh_buffer_dispose) eh_buffer visible = {.whole = &out};
            eh_term_name(from, &from->terms[t], &name);
            const eh_term *same = term_named(other, name.ptr == NULL ? "" : name.ptr);
            if (pass == 1 && same != NULL)
                continue;
            double first = pass == 0 ? from->terms[t].importance : EH_NAN;
            double second = pass == 1 ? from->terms[t].importance : same != NULL ? same->importance : EH_NAN;
            eh_visible_append(&visible, eh_buffer_view(&name), false);
            eh_buffer_format(&out, "  %-37s ", visible.ptr == NULL ? "" : visible.ptr);
            if (isnan(first))
                eh_buffer_text(&out, "      -");
            else
                eh_buffer_format(&out, "%7.4f", first);
            if (isnan(second))
                eh_buffer_text(&out, "        -\n");
            else
                eh_buffer_format(&out, "  %7.4f\n", second);
        }
    }
    if (request->files_count > 0)
        EH_TRY(compare_on_data(request, a, b, &out, error));
    return put(request, &out, error);
}

/* ---- edit ---------------------------------------------------------------------------------------------------------------------------------------- */

/* Measures before and after on data, and how far the scores moved. */
static eh_code edit_measure(eh_model_request *request, const eh_model *before, eh_model *after, eh_edit *edit, eh_error *error)
{
    eh_dataset data = {0};
    eh_fit_measures measures[2];
    const eh_model *models[2] = {before, after};
    double *scores[2], moved = 0;
    EH_TRY(eh_model_data_read(request, before, &data, error));
    for (int m = 0; m < 2; m++) {
        scores[m] = EH_TAKE(request->arena, data.matrix.rows, double);
        if (scores[m] == NULL)
            return eh_fail_memory(error);
        eh_model_score_matrix(models[m], data.matrix.bins, data.matrix.rows, scores[m]);
        EH_TRY(eh_fit_measure(scores[m], &data.matrix, before->loss, before->threshold, &measures[m], error));
    }
    for (size_t i = 0; i < data.matrix.rows; i++)
        moved += fabs(scores[1][i] - scores[0][i]);
    if (before->loss == EH_LOSS_LOGISTIC) {
        edit->auc_before = measures[0].auc;
        edit->auc_after = measures[1].auc;
    }
    edit->change_mean = moved / (double)data.matrix.rows;
    return EH_OK;
}

static eh_code edit_when(const eh_model_request *request, const char **when_out, eh_error *error)
{
    eh_instant now = eh_instant_now();
    char text[EH_INSTANT_TEXT_BYTES];
    if (request->now != NULL && eh_instant_parse_date(eh_view_of(request->now), &now, error) != EH_OK)
        return eh_fail_within(error, "--now");
    eh_instant_text(now, EH_FRACTION_NONE, text);
    *when_out = eh_arena_copy(request->arena, eh_view_of(text));
    return *when_out == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code edit(eh_model_request *request, const eh_model_file *file, const eh_model *before, eh_error *error)
{
    eh_model *model = file->model;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer document = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer says = {0};
    if ((request->flatten == NULL) == (request->smooth == NULL))
        return eh_fail(error, EH_INPUT, "say what to change: --flatten TERM or --smooth TERM, one at a time");
    if (request->who == NULL || request->why == NULL)
        return eh_fail(error, EH_INPUT, "%s is missing: who changed a model and why is kept in it", request->who == NULL ? "--who" : "--why");
    const char *term = request->flatten != NULL ? request->flatten : request->smooth;
    EH_TRY(eh_model_edit(model, request->flatten != NULL ? EH_EDIT_FLATTEN : EH_EDIT_SMOOTH, term, error));
    eh_edit *entry = &model->edits[model->edits_count];
    *entry = (eh_edit){.who = request->who, .why = request->why, .auc_before = EH_NAN, .auc_after = EH_NAN, .change_mean = EH_NAN};
    entry->what = eh_arena_format(request->arena, "%s %s", request->flatten != NULL ? "flattened" : "smoothed", term);
    if (entry->what == NULL)
        return eh_fail_memory(error);
    EH_TRY(edit_when(request, &entry->when, error));
    if (request->files_count > 0)
        EH_TRY(edit_measure(request, before, model, entry, error));
    model->edits_count++;
    eh_buffer_format(&says, "%s\n", entry->what);
    if (!isnan(entry->auc_before))
        eh_buffer_format(&says, "  scores moved by %.4f on average; AUC %.4f before, %.4f after\n", entry->change_mean, entry->auc_before, entry->auc_after);
    else if (!isnan(entry->change_mean))
        eh_buffer_format(&says, "  scores moved by %.4f on average\n", entry->change_mean);
    else
        eh_buffer_text(&says, "  what that changes was not measured; --data and --label would tell\n");
    EH_TRY(eh_model_file_write(file, &document, error));
    const char *path = request->output != NULL ? request->output : request->model;
    EH_TRY(eh_parent_folders_make(path, error));
    EH_TRY(eh_file_replace(path, eh_buffer_view(&document), error));
    EH_TRY(eh_buffer_check(&says, error));
    EH_TRY(eh_stdout_write(eh_buffer_view(&says), error));
    eh_note_show("wrote", path);
    return EH_OK;
}

/* ---- export --------------------------------------------------------------------------------------------------------------------------------------- */

static eh_code export(eh_model_request *request, const eh_model *model, eh_error *error)
{
    static const struct {
        const char *name;
        eh_code (*write)(const eh_model *model, eh_buffer *out, eh_error *error);
    } formats[] = {{"c", eh_model_export_c}, {"sql", eh_model_export_sql}, {"cyclonedx", eh_model_export_cyclonedx}};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    for (size_t i = 0; request->to != NULL && i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, request->to) != 0)
            continue;
        EH_TRY(formats[i].write(model, &out, error));
        return put(request, &out, error);
    }
    return eh_fail(error, EH_INPUT, "--to: %s%.60s%s; c, sql and cyclonedx are known", request->to == NULL ? "the format is missing" : "'",
                   request->to == NULL ? "" : request->to, request->to == NULL ? "" : "' is no format");
}

/* ---- the command ---------------------------------------------------------------------------------------------------------------------------------- */

enum { DO_SHOW, DO_CARD, DO_COMPARE, DO_EDIT, DO_EXPORT, DOS_COUNT };
static const char *const dos[DOS_COUNT] = {"show", "card", "compare", "edit", "export"};

static eh_code model_do(int what, eh_model_request *request, eh_error *error)
{
    eh_model_file file = {.uplift = NULL}, other = {.uplift = NULL};
    EH_TRY(eh_model_file_load(request->model, request->offer, request->arena, &file, error));
    if (what == DO_COMPARE || what == DO_EDIT)
        EH_TRY(eh_model_file_load(what == DO_EDIT ? request->model : request->other, request->offer, request->arena, &other, error));
    if (what == DO_SHOW)
        return show(request, &file, error);
    if (what == DO_CARD) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer card = {0};
        EH_TRY(eh_model_card_make(request, &file, &card, error));
        return put(request, &card, error);
    }
    if (what == DO_COMPARE)
        return compare(request, file.model, other.model, error);
    if (what == DO_EDIT)
        return edit(request, &file, other.model, error);
    return export(request, file.model, error);
}

static eh_code request_parse(int argc, char **argv, int what, eh_model_request *request, eh_error *error)
{
    eh_arguments arguments = {0};
    EH_TRY(eh_arguments_parse(table, TABLE_COUNT, argc, argv, request->arena, &arguments, error));
    request->help = arguments.help;
    if (arguments.help)
        return EH_OK;
    eh_option_use model = {.arena = request->arena, .target = request};
    EH_TRY(eh_arguments_read(table, TABLE_COUNT, &arguments, &model, error));
    size_t wanted = what == DO_COMPARE ? 2 : 1;
    if (arguments.files_count != wanted)
        return eh_fail(error, EH_INPUT, "%s needs %s", dos[what], wanted == 2 ? "two models: MODEL OTHER" : "one MODEL; files with people come after --data");
    request->model = arguments.files[0];
    request->other = wanted == 2 ? arguments.files[1] : NULL;
    return EH_OK;
}

int eh_model_command(int argc, char **argv)
{
    eh_error error = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open((size_t)EH_FIT_MEBIBYTES_MAX << 20);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer help = {0};
    eh_model_request *request = arena == NULL ? NULL : EH_TAKE(arena, 1, eh_model_request);
    int what = 0;
    if (request == NULL) {
        (void)eh_fail_memory(&error);
        return eh_error_show(NULL, &error);
    }
    request->arena = arena;
    while (argc > 1 && what < DOS_COUNT && strcmp(argv[1], dos[what]) != 0)
        what++;
    bool asks = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (!asks && (argc < 2 || what == DOS_COUNT)) {
        const char *nearest = argc < 2 ? NULL : eh_nearest_name(argv[1], dos, DOS_COUNT);
        (void)eh_fail(&error, EH_INPUT, "%s%.60s%s; show, card, compare, edit and export are known%s%s%s", argc < 2 ? "what to do is missing" : "'",
                      argc < 2 ? "" : argv[1], argc < 2 ? "" : "' is not known", nearest != NULL ? "; do you mean " : "", nearest != NULL ? nearest : "",
                      nearest != NULL ? "?" : "");
        return eh_error_show("model", &error);
    }
    if (!asks && request_parse(argc - 1, argv + 1, what, request, &error) != EH_OK)
        return eh_error_show("model", &error);
    if (asks || request->help) {
        eh_model_help(&help);
        return eh_stdout_show("model", &help);
    }
    return model_do(what, request, &error) == EH_OK ? 0 : eh_error_show("model", &error);
}
