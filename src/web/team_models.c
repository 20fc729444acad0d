/* Models: how good they are, what each feature adds, what fairness cost; the card of each. */
#include <math.h>
#include <string.h>

#include "model/uplift.h"
#include "report/model_card.h"
#include "web/team_int.h"

enum { MICRO = 1000000, SHOWN_TERMS_MAX = 100 };

/* A file of .evenhand/models: a model of an outcome, or what each offer changes. */
typedef struct {
    const char *name;
    const eh_model *model;      /* of an uplift: of the offer that is shown */
    const eh_uplift *uplift;    /* NULL: a model of an outcome */
    size_t offer;
    const char *wrong;          /* why it cannot be read */
} model_file;

static eh_code file_open(eh_exchange *exchange, eh_arena *arena, const char *name, model_file *out, eh_error *error)
{
    eh_model *model = NULL;
    eh_uplift *uplift = NULL;
    eh_error wrong = {0};
    const char *path = eh_arena_format(arena, "%s/models/%s.json", eh_web_of(exchange)->model->state_folder, name);
    if (path == NULL)
        return eh_fail_memory(error);
    *out = (model_file){.name = name};
    eh_code code = eh_model_load(path, arena, &model, &wrong);
    if (code == EH_INPUT) { /* another kind of model, or none */
        eh_error other = {0};
        if (eh_uplift_load(path, arena, &uplift, &other) == EH_OK)
            code = EH_OK;
    }
    if (code == EH_NOT_FOUND)
        return eh_fail(error, EH_NOT_FOUND, "there is no model '%.100s'", name);
    if (code != EH_OK)
        out->wrong = eh_arena_copy(exchange->arena, eh_view_of(wrong.text));
    out->model = uplift != NULL ? uplift->offers[0].model : model;
    out->uplift = uplift;
    return EH_OK;
}

/* The report of the training that made a model: `evenhand train --report`, kept beside it or in .evenhand/reports. */
static eh_json_value training_of(const eh_kept_list *lists, size_t lists_count, const char *name)
{
    for (size_t l = 0; l < lists_count; l++) {
        for (size_t i = lists[l].count; i-- > 0;) {
            eh_json_value root = lists[l].items[i].root;
            const char *path = eh_kept_text(root, "model"), *slash = strrchr(path, '/'), *file = slash == NULL ? path : slash + 1;
            size_t len = strlen(name);
            if (eh_json_member(root, "evenhand_training") != NULL && strncmp(file, name, len) == 0 && strcmp(file + len, ".json") == 0)
                return root;
        }
    }
    return NULL;
}

/* ---- the list -------------------------------------------------------------------------------------------------------------------- */

static const eh_model_measure *measure_find(const eh_model *model, const char *name)
{
    for (size_t i = 0; i < model->measures_count; i++)
        if (strcmp(model->measures[i].name, name) == 0)
            return &model->measures[i];
    return NULL;
}

static void index_cell(eh_exchange *exchange, double value, double low, double high)
{
    char range[64] = "";
    if (isfinite(low) && isfinite(high))
        snprintf(range, sizeof range, "%.3f to %.3f", low, high);
    eh_html_put(&exchange->out, "<td class=\"number\">$<span class=\"range\">$</span></td>", eh_text_decimals(value, 3).text, range);
}

static void model_row(eh_exchange *exchange, const model_file *file)
{
    eh_buffer *out = &exchange->out;
    const eh_model *model = file->model;
    if (model == NULL) {
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td colspan=\"5\">$</td></tr>\n", file->name, file->wrong == NULL ? "cannot be read" : file->wrong);
        return;
    }
    const eh_model_measure *auc = measure_find(model, "auc");
    eh_html_put(out, "<tr><th scope=\"row\"><a href=\"/team/models/$\">$</a></th><td>$</td>", file->name, file->name,
                file->uplift != NULL ? "what an offer changes" : model->loss == EH_LOSS_LOGISTIC ? "how likely" : "how much");
    eh_html_put(out, "<td>$</td>", model->outcome == NULL ? "" : eh_team_words(exchange, model->outcome));
    eh_team_cell_number(exchange, eh_text_count((double)model->rows));
    index_cell(exchange, auc == NULL ? EH_NAN : auc->value, auc == NULL ? EH_NAN : auc->low, auc == NULL ? EH_NAN : auc->high);
    eh_html_put(out, "<td><a href=\"/team/models/$/card\">card<span class=\"hidden\"> of $</span></a></td></tr>\n", file->name, file->name);
}

eh_answer eh_team_models(eh_exchange *exchange)
{
    static const char *const headings[] = {"Model", "Tells", "Outcome", "#People learned from", "#AUC", "Card", NULL};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    const char *folder = eh_arena_format(exchange->arena, "%s/models", eh_web_of(exchange)->model->state_folder);
    const char *const *names = NULL;
    size_t count = 0, shown = 0;
    eh_error error = {0};
    eh_code code = arena == NULL || folder == NULL ? eh_fail_memory(&error) : eh_files_list(exchange->arena, folder, ".json", &names, &count, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_team_page_begin(exchange, "/team/models", "Models");
    eh_team_header(exchange, &(eh_team_heading){.title = "Models", .says = "What they learned, how good they are, what fairness cost"});
    eh_buffer_text(&exchange->out, "<section class=\"card\">\n");
    eh_team_table_begin(exchange, "Models", headings);
    for (size_t i = 0; i < count && shown < EH_TEAM_KEPT_MAX; i++) {
        model_file file = {0};
        eh_error ignored = {0};
        if (file_open(exchange, arena, names[i], &file, &ignored) != EH_OK)
            continue;
        if (file.model == NULL && strstr(names[i], "report") != NULL)
            continue; /* the report of a training lies beside its model */
        model_row(exchange, &file);
        shown++;
    }
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, shown == 0 ? "<p>No model yet; <code>evenhand train .evenhand/models/NAME.json</code> makes one that can be read.</p></section>\n" : "</section>\n");
    eh_team_page_end(exchange);
    return EH_NOW;
}

/* ---- one model: its terms --------------------------------------------------------------------------------------------------------------- */

static const char *term_name(eh_exchange *exchange, const eh_model *model, const eh_term *term)
{
    const char *first = model->features[term->feature[0]].name;
    if (term->features_count == 1)
        return first;
    const char *both = eh_arena_format(exchange->arena, "%s and %s", first, model->features[term->feature[1]].name);
    return both == NULL ? first : both;
}

/* What a bin of a feature is called: "missing", "under 25", "25 to under 35", a level, "other". */
static const char *bin_name(eh_exchange *exchange, const eh_feature *feature, uint32_t bin)
{
    const char *name = NULL;
    if (bin == 0)
        return "missing";
    if (feature->kind == EH_FEATURE_CATEGORY)
        return bin - 1 < feature->levels_count ? feature->levels[bin - 1] : "other";
    if (feature->edges_count == 0)
        return "any";
    if (bin == 1)
        name = eh_arena_format(exchange->arena, "under %.6g", feature->edges[0]);
    else if (bin - 1 >= feature->edges_count)
        name = eh_arena_format(exchange->arena, "%.6g and over", feature->edges[feature->edges_count - 1]);
    else
        name = eh_arena_format(exchange->arena, "%.6g to under %.6g", feature->edges[bin - 2], feature->edges[bin - 1]);
    return name == NULL ? "" : name;
}

static bool bin_is_used(const eh_feature *feature, uint32_t bin)
{
    return feature->weights == NULL || feature->weights[bin] > 0;
}

/* A term of one feature: a step for each bin of a number, a bar with its error for each level of a category. */
static void shape_chart(eh_exchange *exchange, const eh_model *model, const eh_term *term)
{
    const eh_feature *feature = &model->features[term->feature[0]];
    eh_chart chart;
    const char *says = eh_arena_format(exchange->arena, "What %s adds to the score, with error bars; the table below has the numbers.", feature->name);
    eh_chart_begin(exchange, &chart, feature->kind == EH_FEATURE_NUMBER ? "steps" : "forest", says == NULL ? "" : says);
    eh_json_text(&chart.json, "format", "score");
    eh_json_array_open(&chart.json, "names");
    for (uint32_t b = 0; b < feature->bins_count; b++)
        if (bin_is_used(feature, b))
            eh_json_text(&chart.json, NULL, bin_name(exchange, feature, b));
    eh_json_array_close(&chart.json);
    static const char *const keys[] = {"values", "low", "high"};
    for (int k = 0; k < 3; k++) {
        eh_json_array_open(&chart.json, keys[k]);
        for (uint32_t b = 0; b < feature->bins_count; b++)
            if (bin_is_used(feature, b))
                eh_json_number(&chart.json, NULL, ((double)term->scores[b] + (k == 0 ? 0 : (k == 1 ? -2 : 2) * (double)term->errors[b])) / MICRO);
        eh_json_array_close(&chart.json);
    }
    eh_chart_end(&chart);
}

static void shape_table(eh_exchange *exchange, const eh_model *model, const eh_term *term)
{
    static const char *const headings[] = {"Value", "#Share of people", "#Adds to the score", "#Error", NULL};
    const eh_feature *feature = &model->features[term->feature[0]];
    eh_team_table_begin(exchange, feature->name, headings);
    for (uint32_t b = 0; b < feature->bins_count; b++) {
        char adds[32];
        if (!bin_is_used(feature, b))
            continue;
        snprintf(adds, sizeof adds, "%+.3f", (double)term->scores[b] / MICRO);
        eh_buffer_text(&exchange->out, "<tr>");
        eh_team_cell_head(exchange, bin_name(exchange, feature, b));
        eh_team_cell_number(exchange, eh_text_percent(feature->weights == NULL ? EH_NAN : feature->weights[b]));
        eh_html_put(&exchange->out, "<td class=\"number\">$</td>", adds);
        eh_team_cell_number(exchange, eh_text_decimals((double)term->errors[b] / MICRO, 3));
        eh_buffer_text(&exchange->out, "</tr>\n");
    }
    eh_team_table_end(exchange);
}

/* The most important first: the order of their importance, found without moving the terms of the model. */
static size_t terms_order(const eh_model *model, size_t order[SHOWN_TERMS_MAX])
{
    size_t count = 0;
    for (size_t t = 0; t < model->terms_count; t++) {
        size_t at = count < SHOWN_TERMS_MAX ? count++ : SHOWN_TERMS_MAX;
        for (; at > 0 && model->terms[order[at - 1]].importance < model->terms[t].importance; at--)
            if (at < SHOWN_TERMS_MAX)
                order[at] = order[at - 1];
        if (at < SHOWN_TERMS_MAX)
            order[at] = t;
    }
    return count;
}

static void importance_write(eh_exchange *exchange, const eh_model *model, const size_t *order, size_t count)
{
    static const char *const headings[] = {"Term", "To the person", "#Mean push on the score", NULL};
    eh_buffer *out = &exchange->out;
    eh_chart chart;
    eh_buffer_text(out, "<section class=\"card\"><h2>What counts most</h2>\n");
    eh_chart_begin(exchange, &chart, "bars", "How far each term moves the score on average; the table below has the numbers.");
    eh_json_text(&chart.json, "format", "score");
    eh_json_array_open(&chart.json, "names");
    for (size_t i = 0; i < count && i < 15; i++)
        eh_json_text(&chart.json, NULL, eh_team_words(exchange, term_name(exchange, model, &model->terms[order[i]])));
    eh_json_array_close(&chart.json);
    eh_json_array_open(&chart.json, "series");
    eh_json_object_open(&chart.json, NULL);
    eh_json_text(&chart.json, "name", "mean push on the score");
    eh_json_array_open(&chart.json, "values");
    for (size_t i = 0; i < count && i < 15; i++)
        eh_json_number(&chart.json, NULL, model->terms[order[i]].importance);
    eh_json_array_close(&chart.json);
    eh_json_object_close(&chart.json);
    eh_json_array_close(&chart.json);
    eh_chart_end(&chart);
    eh_team_table_begin(exchange, "Terms", headings);
    for (size_t i = 0; i < count; i++) {
        const eh_term *term = &model->terms[order[i]];
        const char *says = model->features[term->feature[0]].says;
        eh_buffer_text(out, "<tr>");
        eh_team_cell_head(exchange, eh_team_words(exchange, term_name(exchange, model, term)));
        eh_team_cell(exchange, term->features_count == 1 && says != NULL ? says : "");
        eh_team_cell_number(exchange, eh_text_decimals(term->importance, 3));
        eh_buffer_text(out, "</tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(out, "</section>\n");
}

static void shapes_write(eh_exchange *exchange, const eh_model *model, const size_t *order, size_t count)
{
    eh_buffer *out = &exchange->out;
    size_t shown = 0;
    eh_buffer_text(out, "<section><h2>What each feature adds</h2><p class=\"quiet\">Above zero a value speaks for the outcome, below against it. The score is the sum.</p>\n<div class=\"grid wide\">\n");
    for (size_t i = 0; i < count; i++) {
        const eh_term *term = &model->terms[order[i]];
        if (term->features_count != 1)
            continue;
        const eh_feature *feature = &model->features[term->feature[0]];
        eh_html_put(out, "<article class=\"card\"><h3>$</h3>", eh_team_words(exchange, feature->name));
        if (feature->says != NULL)
            eh_html_put(out, "<p class=\"quiet\">“$”</p>", feature->says);
        if (shown++ < 12)
            shape_chart(exchange, model, term);
        eh_html_put(out, "<details><summary>The numbers<span class=\"hidden\"> of $</span></summary>\n", eh_team_words(exchange, feature->name));
        shape_table(exchange, model, term);
        eh_buffer_text(out, "</details></article>\n");
    }
    eh_buffer_text(out, "</div></section>\n");
}

/* ---- how good, how fair ----------------------------------------------------------------------------------------------------------------- */

static void measures_write(eh_exchange *exchange, const eh_model *model)
{
    static const char *const headings[] = {"Measure", "#Value", NULL};
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<section class=\"card\"><h2>How good it is</h2><p class=\"quiet\">$</p>\n", model->measured == NULL ? "Not measured" : model->measured);
    if (model->measures_count > 0) {
        eh_team_table_begin(exchange, "How good it is", headings);
        for (size_t i = 0; i < model->measures_count; i++) {
            eh_html_put(out, "<tr><th scope=\"row\">$</th>", strcmp(model->measures[i].name, "auc") == 0 ? "AUC" : eh_team_words(exchange, model->measures[i].name));
            index_cell(exchange, model->measures[i].value, model->measures[i].low, model->measures[i].high);
            eh_buffer_text(out, "</tr>\n");
        }
        eh_team_table_end(exchange);
    }
    for (size_t i = 0; i < model->constraints_count; i++) {
        static const char *const names[EH_FAIR_MEASURES_COUNT] = {[EH_FAIR_SELECTION] = "who is picked", [EH_FAIR_TPR] = "who is picked of those with the outcome",
                                                                  [EH_FAIR_FPR] = "who is picked of those without it"};
        const eh_model_constraint *each = &model->constraints[i];
        eh_html_put(out, "<p>Held while it was learned: $. Between the groups $ before, $ after.</p>\n", names[each->measure], eh_text_decimals(each->before, 3).text,
                    eh_text_decimals(each->reached, 3).text);
    }
    eh_buffer_text(out, "</section>\n");
}

static void effects_write(eh_exchange *exchange, const eh_uplift *uplift)
{
    static const char *const headings[] = {"Offer", "#Share who had it", "#Mean effect", "#Effect among the best 30 %", "#AUUC", NULL};
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>What each offer changes</h2>\n");
    eh_team_table_begin(exchange, "Offers", headings);
    for (size_t i = 0; i < uplift->offers_count; i++) {
        const eh_offer *offer = &uplift->offers[i];
        eh_buffer_text(&exchange->out, "<tr>");
        eh_team_cell_head(exchange, offer->name);
        eh_team_cell_number(exchange, eh_text_percent(offer->share));
        index_cell(exchange, offer->effect.value, offer->effect.low, offer->effect.high);
        index_cell(exchange, offer->uplift_at_30.value, offer->uplift_at_30.low, offer->uplift_at_30.high);
        eh_team_cell_number(exchange, eh_text_decimals(offer->auuc, 4));
        eh_buffer_text(&exchange->out, "</tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, "</section>\n");
}

static void frontier_write(eh_exchange *exchange, eh_json_value training)
{
    static const char *const headings[] = {"#Gap between groups", "#Accuracy", "#AUC", NULL};
    static const char *const keys[] = {"x", "y"};
    eh_json_value points = eh_json_member(training, "frontier");
    eh_buffer *out = &exchange->out;
    eh_chart chart;
    if (eh_json_count(points) < 2)
        return;
    eh_buffer_text(out, "<section class=\"card\"><h2>What fairness costs</h2><p class=\"quiet\">Each point is a model: the farther left, the more alike the groups are treated; the higher, the more "
                        "often it is right.</p>\n");
    eh_chart_begin(exchange, &chart, "curve", "Accuracy against the gap between groups; the table below has the numbers.");
    eh_json_text(&chart.json, "x_says", "widest gap between groups");
    eh_json_text(&chart.json, "y_says", "accuracy");
    for (size_t k = 0; k < 2; k++) {
        eh_json_array_open(&chart.json, keys[k]);
        for (size_t i = 0; i < eh_json_count(points); i++) {
            eh_json_value point = eh_json_item(points, i);
            eh_json_number(&chart.json, NULL, k == 0 ? eh_json_as_number(eh_json_item(eh_json_member(point, "gaps"), 0)) : eh_kept_number(point, "accuracy"));
        }
        eh_json_array_close(&chart.json);
    }
    eh_chart_end(&chart);
    eh_team_table_begin(exchange, "What fairness costs", headings);
    for (size_t i = 0; i < eh_json_count(points); i++) {
        eh_json_value point = eh_json_item(points, i);
        eh_buffer_text(out, "<tr>");
        eh_team_cell_number(exchange, eh_text_decimals(eh_json_as_number(eh_json_item(eh_json_member(point, "gaps"), 0)), 4));
        eh_team_cell_number(exchange, eh_text_decimals(eh_kept_number(point, "accuracy"), 4));
        eh_team_cell_number(exchange, eh_text_decimals(eh_kept_number(point, "auc"), 4));
        eh_buffer_text(out, "</tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(out, "</section>\n");
}

static void model_head(eh_exchange *exchange, const model_file *file)
{
    const eh_model *model = file->model;
    const eh_model_measure *auc = measure_find(model, "auc");
    eh_buffer_text(&exchange->out, "<div class=\"grid tiles\">\n");
    eh_team_tile(exchange, eh_text_count((double)model->rows).text, "people it learned from");
    if (auc != NULL)
        eh_team_tile(exchange, eh_text_decimals(auc->value, 3).text, "AUC: how well it tells who will from who will not");
    eh_team_tile(exchange, eh_text_percent(model->base_rate).text, "have the outcome");
    eh_team_tile(exchange, eh_text_count((double)model->terms_count).text, "terms, each of which can be read");
    eh_html_put(&exchange->out, "</div>\n<p><a class=\"button\" href=\"/team/models/$/card\">The model card</a></p>\n", file->name);
}

static eh_code model_take(eh_exchange *exchange, eh_arena *arena, model_file *file, eh_error *error)
{
    const char *name = eh_arena_copy(exchange->arena, exchange->parameters[0]);
    if (arena == NULL || name == NULL)
        return eh_fail_memory(error);
    if (!eh_name_is_plain(exchange->parameters[0]))
        return eh_fail(error, EH_NOT_FOUND, "there is no model '%.100s'", name);
    EH_TRY(file_open(exchange, arena, name, file, error));
    return file->model != NULL ? EH_OK : eh_fail(error, EH_NOT_FOUND, "'%.100s' is no model: %s", name, file->wrong == NULL ? "" : file->wrong);
}

eh_answer eh_team_model(eh_exchange *exchange)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    EH_CLEANUP(eh_kept_close) eh_kept_list models = {0}, reports = {0};
    model_file file = {0};
    eh_error error = {0};
    size_t order[SHOWN_TERMS_MAX];
    eh_code code = model_take(exchange, arena, &file, &error);
    if (code == EH_OK)
        code = eh_kept_read(exchange, "models", &models, &error);
    if (code == EH_OK)
        code = eh_kept_read(exchange, "reports", &reports, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    const eh_kept_list lists[] = {models, reports};
    size_t count = terms_order(file.model, order);
    const char *purpose = file.model->purpose != NULL ? file.model->purpose : "What it learned, and what each feature adds";
    eh_team_page_begin(exchange, "/team/models", file.name);
    eh_team_header(exchange, &(eh_team_heading){.title = file.name, .says = purpose, .back = "/team/models", .back_says = "Models"});
    model_head(exchange, &file);
    if (file.uplift != NULL)
        effects_write(exchange, file.uplift);
    measures_write(exchange, file.model);
    frontier_write(exchange, training_of(lists, 2, file.name));
    importance_write(exchange, file.model, order, count);
    shapes_write(exchange, file.model, order, count);
    eh_team_page_end(exchange);
    return EH_NOW;
}

/* The card is a document of its own, with its style in it; nothing else may run there. */
eh_answer eh_team_model_card(eh_exchange *exchange)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(SIZE_MAX / 4);
    model_file file = {0};
    eh_error error = {0};
    if (model_take(exchange, arena, &file, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_exchange_header(exchange, "Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
    eh_model_card_html(&(eh_model_card){.model = file.model, .uplift = file.uplift, .offer = file.offer}, &exchange->out);
    return EH_NOW;
}
