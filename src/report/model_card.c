/* The model card. */
#include <math.h>
#include <string.h>

#include "base/secrets.h"
#include "report/model_card_int.h"

static const char *const measure_titles[EH_FAIR_MEASURES_COUNT] = {"Picked", "Picked of those with the outcome", "Picked of those without"};

typedef struct {
    const eh_model_card *card;
    const eh_model *model;
    eh_buffer *out;
    unsigned tables;
} page;

static void style_hash(eh_buffer *out, eh_view text)
{
    eh_digest digest = eh_sha256_of(text);
    eh_base64_append(out, (eh_view){(const char *)digest.bytes, sizeof digest.bytes});
}

static void head(page *p)
{
    eh_buffer *out = p->out;
    eh_html_put(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                     "img-src data:; style-src 'sha256-$' 'sha256-$' 'sha256-",
                eh_asset_sha256(EH_ASSET_PICO), eh_asset_sha256(EH_ASSET_CSS));
    style_hash(out, eh_view_of(eh_card_css));
    eh_buffer_text(out, "'; base-uri 'none'; form-action 'none'\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                        "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n");
    eh_html_put(out, "<title>Model card: $</title>\n<style>", p->model->name == NULL ? "model" : p->model->name);
    eh_buffer_append(out, eh_asset_get(EH_ASSET_PICO));
    eh_buffer_text(out, "</style>\n<style>");
    eh_buffer_append(out, eh_asset_get(EH_ASSET_CSS));
    eh_buffer_text(out, "</style>\n<style>");
    eh_buffer_text(out, eh_card_css);
    eh_buffer_text(out, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the card</a>\n");
}

static void fact(eh_buffer *out, const char *name, const char *value)
{
    eh_html_put(out, "<div><dt>$</dt><dd><bdi>$</bdi></dd></div>", name, value);
}

static size_t pairs_of(const eh_model *model)
{
    size_t pairs = 0;
    for (size_t t = 0; t < model->terms_count; t++)
        pairs += model->terms[t].features_count == 2 ? 1 : 0;
    return pairs;
}

static void top(page *p)
{
    eh_buffer *out = p->out;
    const eh_model *model = p->model;
    char text[64];
    eh_html_put(out, "<header class=\"page top\"><p class=\"brand\">Evenhand <span>model card</span></p>\n<h1>$</h1>\n", model->name == NULL ? "A model" : model->name);
    const char *outcome = model->outcome == NULL ? "the outcome" : model->outcome;
    if (model->offer != NULL)
        eh_html_put(out, "<p class=\"also\">It tells what the offer <b>$</b> changes in <b>$</b>", model->offer, outcome);
    else
        eh_html_put(out, "<p class=\"also\">It tells $ of <b>$</b>", model->loss == EH_LOSS_LOGISTIC ? "the probability" : "the amount", outcome);
    eh_html_put(out, " as a sum of $ curves", eh_html_number(EH_NUMBER_COUNT, (double)(model->terms_count - pairs_of(model))).text);
    eh_html_put(out, " and $ tables. All of it is on this page: what a person's score is made of can be read off.</p>\n<dl class=\"facts\">",
                eh_html_number(EH_NUMBER_COUNT, (double)pairs_of(model)).text);
    fact(out, "Learned from", eh_html_number(EH_NUMBER_COUNT, (double)model->rows).text);
    if (model->loss == EH_LOSS_LOGISTIC) {
        fact(out, "With the outcome", eh_html_number(EH_NUMBER_PERCENT, model->base_rate).text);
        fact(out, "Picked from", eh_html_number(EH_NUMBER_PERCENT, model->threshold).text);
    } else {
        fact(out, model->offer != NULL ? "Mean effect" : "Mean outcome", eh_html_number(model->offer != NULL ? EH_NUMBER_SIGNED : EH_NUMBER_AMOUNT, model->base_rate).text);
    }
    for (size_t i = 0; i < model->measures_count && i < 2; i++)
        fact(out, strcmp(model->measures[i].name, "auc") == 0 ? "AUC" : strcmp(model->measures[i].name, "accuracy") == 0 ? "Accuracy" : model->measures[i].name,
             eh_html_number(EH_NUMBER_INDEX, model->measures[i].value).text);
    snprintf(text, sizeof text, "%.12s", model->fingerprint);
    fact(out, "Fingerprint of the data", text);
    eh_buffer_text(out, "</dl>\n</header>\n<nav class=\"contents\" aria-label=\"Contents\"><ul><li><a href=\"#purpose\">Purpose</a></li><li><a href=\"#good\">How good</a></li>");
    if (p->card->attributes_count > 0 || p->card->benefits_count > 0)
        eh_buffer_text(out, "<li><a href=\"#groups\">Groups</a></li>");
    if (model->constraints_count > 0)
        eh_buffer_text(out, "<li><a href=\"#fair\">Fairness</a></li>");
    eh_buffer_text(out, "<li><a href=\"#shapes\">What it says</a></li><li><a href=\"#limits\">Limits</a></li><li><a href=\"#reviews\">Reviews</a></li></ul></nav>\n"
                        "<main id=\"main\" class=\"page\">\n");
}

static void table_open(page *p, const char *caption)
{
    char number[24];
    snprintf(number, sizeof number, "Table %u", ++p->tables);
    eh_html_put(p->out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"$: $\"><table><caption><b>$.</b> $</caption>", number, caption, number, caption);
}

static void purpose(page *p)
{
    const eh_model *model = p->model;
    eh_buffer_text(p->out, "<section id=\"purpose\"><h2>Purpose and data</h2>\n");
    eh_html_put(p->out, "<p class=\"lead\">$</p>\n", model->purpose != NULL ? model->purpose
                                                                            : "No purpose was stated when the model was made. Who uses it should say for what.");
    table_open(p, "What it reads");
    eh_buffer_text(p->out, "<thead><tr><th scope=\"col\">Feature</th><th scope=\"col\" class=\"name\">To the person</th><th scope=\"col\" class=\"name\">From</th>"
                           "<th scope=\"col\">Missing</th><th scope=\"col\" class=\"name\">Rule</th></tr></thead><tbody>");
    for (size_t f = 0; f < model->features_count; f++) {
        const eh_feature *feature = &model->features[f];
        eh_html_put(p->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td class=\"name\">$</td><td class=\"name\">$</td><td>$</td>", feature->name,
                    feature->says == NULL ? "\xE2\x80\x93" : feature->says, feature->from_whom == NULL ? "\xE2\x80\x93" : feature->from_whom,
                    eh_html_number(EH_NUMBER_PERCENT, feature->weights[0]).text);
        eh_html_put(p->out, "<td class=\"name\">$$</td></tr>", feature->monotone > 0 ? "may only raise the score" : feature->monotone < 0 ? "may only lower the score" : "free",
                    feature->changeable ? "; the person can change it" : "");
    }
    eh_buffer_text(p->out, "</tbody></table></div>\n</section>\n");
}

static const char *measure_words(const char *name)
{
    static const struct {
        const char *name, *words;
    } words[] = {{"auc", "AUC: how often a person with the outcome scores above one without"},
                 {"accuracy", "Accuracy at the threshold"},
                 {"log_loss", "Log loss"},
                 {"brier", "Brier score"},
                 {"calibration_error", "Calibration error: mean distance of what is said from what comes"},
                 {"r2", "R squared"},
                 {"rmse", "Root mean squared error"}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i].name, name) == 0)
            return words[i].words;
    return name;
}

static void measure_row(page *p, const char *name, double value, double low, double high)
{
    eh_html_put(p->out, "<tr><th scope=\"row\">$</th><td>$</td><td>$</td></tr>", measure_words(name), eh_html_number(EH_NUMBER_INDEX, value).text,
                isnan(low) ? "\xE2\x80\x93" : eh_html_range(EH_NUMBER_INDEX, low, high).text);
}

static const char measure_headings[] = "<thead><tr><th scope=\"col\">Measure</th><th scope=\"col\">Value</th>"
                                       "<th scope=\"col\">95\xE2\x80\xAF% interval</th></tr></thead><tbody>";

static void estimate_row(page *p, const char *name, const eh_estimate *estimate)
{
    if (!isnan(estimate->value))
        eh_html_put(p->out, "<tr><th scope=\"row\">$</th><td>$</td><td>$</td></tr>", name, eh_html_number(EH_NUMBER_SIGNED, estimate->value).text,
                    eh_html_range(EH_NUMBER_SIGNED, estimate->low, estimate->high).text);
}

/* What an offer changes, how well the ranking finds whom, and whether the data lets it be told. */
static void effect(page *p)
{
    const eh_uplift *uplift = p->card->uplift;
    const eh_offer *offer = &uplift->offers[p->card->offer];
    const eh_overlap *overlap = &uplift->overlap;
    table_open(p, "What the offer changes, on people not learned from");
    eh_buffer_text(p->out, measure_headings);
    estimate_row(p, "Mean effect on the outcome", &offer->effect);
    estimate_row(p, "Effect among the 30\xE2\x80\xAF% with the largest predicted", &offer->uplift_at_30);
    estimate_row(p, "RATE with logarithmic weight (AUTOC)", &offer->autoc);
    estimate_row(p, "RATE with linear weight (Qini)", &offer->qini);
    eh_buffer_text(p->out, "</tbody></table></div>\n");
    if (!isnan(uplift->policy.gain.value)) {
        table_open(p, "What a budget is best spent on: gain of the outcome per person, against no offer to anybody");
        eh_buffer_text(p->out, measure_headings);
        estimate_row(p, "The best offer to those whom it helps most", &uplift->policy.gain);
        estimate_row(p, "As many offers by lot", &uplift->policy.gain_of_chance);
        estimate_row(p, "The best single offer to everybody", &uplift->policy.gain_of_all);
        eh_html_put(p->out, "</tbody></table></div>\n<p class=\"says\">The budget: $ of the people get an offer.</p>\n",
                    eh_html_number(EH_NUMBER_PERCENT, uplift->policy.offered_share).text);
    }
    eh_html_put(p->out, "<p class=\"says\">Who got an offer $; chances run from $", overlap->known ? "was drawn with known chances" : overlap->randomised
                    ? "cannot be told by the features, as in an experiment" : "can partly be told by the features: effects hold only if the features tell all that both depend on",
                eh_html_number(EH_NUMBER_PERCENT, overlap->lowest).text);
    eh_html_put(p->out, " to $. $ of the people have less than 2\xE2\x80\xAF% for some offer.</p>\n", eh_html_number(EH_NUMBER_PERCENT, overlap->highest).text,
                eh_html_number(EH_NUMBER_PERCENT, overlap->outside_share).text);
}

static void good(page *p)
{
    const eh_model *model = p->model;
    const eh_fit_measures *m = p->card->measures;
    eh_buffer_text(p->out, "<section id=\"good\"><h2>How good it is</h2>\n");
    if (p->card->uplift != NULL) {
        effect(p);
    } else if (model->measures_count > 0) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer caption = {.whole = p->out};
        eh_buffer_format(&caption, "Measured by %s, on people not learned from", model->measured == NULL ? "cross-validation" : model->measured);
        table_open(p, caption.ptr == NULL ? "" : caption.ptr);
        eh_buffer_text(p->out, measure_headings);
        for (size_t i = 0; i < model->measures_count; i++)
            measure_row(p, model->measures[i].name, model->measures[i].value, model->measures[i].low, model->measures[i].high);
        eh_buffer_text(p->out, "</tbody></table></div>\n");
    } else if (m == NULL) {
        eh_buffer_text(p->out, "<p class=\"lead\">Nothing was measured: the model was made without cross-validation, and this card without data.</p>\n");
    }
    if (m != NULL && model->loss == EH_LOSS_LOGISTIC) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer caption = {.whole = p->out};
        eh_buffer_format(&caption, "Measured on %s, %llu people", p->card->measured_on, (unsigned long long)p->card->measured_rows);
        table_open(p, caption.ptr == NULL ? "" : caption.ptr);
        eh_buffer_text(p->out, measure_headings);
        measure_row(p, "auc", m->auc, m->auc_low, m->auc_high);
        measure_row(p, "accuracy", m->accuracy, m->accuracy_low, m->accuracy_high);
        measure_row(p, "log_loss", m->log_loss, m->log_loss_low, m->log_loss_high);
        measure_row(p, "brier", m->brier, m->brier_low, m->brier_high);
        measure_row(p, "calibration_error", m->calibration_error, EH_NAN, EH_NAN);
        eh_buffer_text(p->out, "</tbody></table></div>\n");
    }
    eh_buffer_text(p->out, "</section>\n");
}

static void group_row(page *p, const eh_card_group *group)
{
    eh_html_put(p->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td><td>$</td>", group->name, eh_html_number(EH_NUMBER_COUNT, group->people).text,
                eh_html_number(EH_NUMBER_PERCENT, group->base_rate).text);
    for (int m = 0; m < EH_FAIR_MEASURES_COUNT; m++)
        eh_html_cell(p->out, EH_NUMBER_PERCENT, &group->rates[m]);
    eh_html_put(p->out, "<td>$", eh_html_number(EH_NUMBER_INDEX, group->auc).text);
    if (!isnan(group->auc_low))
        eh_html_put(p->out, "<small>$</small>", eh_html_range(EH_NUMBER_INDEX, group->auc_low, group->auc_high).text);
    eh_buffer_text(p->out, "</td></tr>");
}

static void attribution(page *p, const eh_card_attribute *attribute)
{
    const eh_model *model = p->model;
    double largest = 1e-9;
    if (attribute->attribution == NULL || attribute->low == attribute->high)
        return;
    for (size_t t = 0; t < model->terms_count; t++)
        largest = fmax(largest, fabs(attribute->attribution[t]));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer caption = {.whole = p->out};
    eh_buffer_format(&caption, "What makes the mean score of \xE2\x80\x9C%s\xE2\x80\x9D lie below that of \xE2\x80\x9C%s\xE2\x80\x9D (the parts add up)",
                     attribute->groups[attribute->low].name, attribute->groups[attribute->high].name);
    table_open(p, caption.ptr == NULL ? "" : caption.ptr);
    eh_buffer_text(p->out, "<thead><tr><th scope=\"col\">Term</th><th scope=\"col\">Adds to the distance</th></tr></thead><tbody>");
    for (size_t t = 0; t < model->terms_count; t++) {
        if (fabs(attribute->attribution[t]) < largest * 0.02)
            continue;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = p->out};
        eh_term_name(model, &model->terms[t], &name);
        eh_html_put(p->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td></tr>", name.ptr == NULL ? "" : name.ptr,
                    eh_html_number(EH_NUMBER_SIGNED, attribute->attribution[t]).text);
    }
    eh_buffer_text(p->out, "</tbody></table></div>\n");
}

/* Whom the offers help: what each changes in a group, and what the budget's policy gives it. */
static void benefits(page *p)
{
    eh_buffer_text(p->out, "<section id=\"groups\"><h2>Whom it helps</h2>\n<p class=\"lead\">Protected attributes are known to this page and not to the model. Effects are doubly "
                           "robust, on people not learned from; intervals are 95\xE2\x80\xAF%.</p>\n");
    for (size_t a = 0; a < p->card->benefits_count; a++) {
        const eh_card_benefit *benefit = &p->card->benefits[a];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer caption = {.whole = p->out};
        eh_buffer_format(&caption, "By %s", benefit->name);
        table_open(p, caption.ptr == NULL ? "" : caption.ptr);
        eh_buffer_text(p->out, "<thead><tr><th scope=\"col\">Group</th><th scope=\"col\">People</th><th scope=\"col\">Effect of the offer</th><th scope=\"col\">Gets an offer"
                               "</th><th scope=\"col\">Gain by the policy</th></tr></thead><tbody>");
        for (size_t g = 0; g < benefit->groups_count; g++) {
            const eh_uplift_group *group = &benefit->groups[g];
            eh_html_put(p->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td>", group->group, eh_html_number(EH_NUMBER_COUNT, group->people).text);
            eh_html_cell(p->out, EH_NUMBER_SIGNED, &group->effect[p->card->offer]);
            eh_html_put(p->out, "<td>$</td>", isnan(group->offered_share) ? "\xE2\x80\x93" : eh_html_number(EH_NUMBER_PERCENT, group->offered_share).text);
            eh_html_cell(p->out, EH_NUMBER_SIGNED, &group->gain);
            eh_buffer_text(p->out, "</tr>");
        }
        eh_buffer_text(p->out, "</tbody></table></div>\n");
    }
    eh_buffer_text(p->out, "</section>\n");
}

static void groups(page *p)
{
    if (p->card->benefits_count > 0)
        benefits(p);
    if (p->card->attributes_count == 0)
        return;
    eh_html_put(p->out, "<section id=\"groups\"><h2>Who is represented, and how they fare</h2>\n<p class=\"lead\">Protected attributes are known to this page and not to the "
                        "model. Measured on $; intervals are 95\xE2\x80\xAF%.</p>\n",
                p->card->measured_on == NULL ? "the training data" : p->card->measured_on);
    for (size_t a = 0; a < p->card->attributes_count; a++) {
        const eh_card_attribute *attribute = &p->card->attributes[a];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer caption = {.whole = p->out};
        eh_buffer_format(&caption, "By %s", attribute->name);
        table_open(p, caption.ptr == NULL ? "" : caption.ptr);
        eh_buffer_text(p->out, "<thead><tr><th scope=\"col\">Group</th><th scope=\"col\">People</th><th scope=\"col\">With the outcome</th>");
        for (int m = 0; m < EH_FAIR_MEASURES_COUNT; m++)
            eh_html_put(p->out, "<th scope=\"col\">$</th>", measure_titles[m]);
        eh_buffer_text(p->out, "<th scope=\"col\">AUC</th></tr></thead><tbody>");
        for (size_t g = 0; g < attribute->groups_count; g++)
            group_row(p, &attribute->groups[g]);
        eh_buffer_text(p->out, "</tbody></table></div>\n");
        attribution(p, attribute);
    }
    eh_buffer_text(p->out, "</section>\n");
}

static void fair(page *p)
{
    const eh_model *model = p->model;
    if (model->constraints_count == 0)
        return;
    eh_buffer_text(p->out, "<section id=\"fair\"><h2>Fairness inside</h2>\n<p class=\"lead\">These held while the model was fitted. Group membership was read then and "
                           "at no other time; a score needs none.</p>\n");
    table_open(p, "Constraints, on the people learned from");
    eh_buffer_text(p->out, "<thead><tr><th scope=\"col\">Constraint</th><th scope=\"col\">Without it</th><th scope=\"col\">Reached</th></tr></thead><tbody>");
    for (size_t i = 0; i < model->constraints_count; i++) {
        const eh_model_constraint *c = &model->constraints[i];
        bool ratio = !isnan(c->ratio_min);
        eh_html_put(p->out, "<tr><th scope=\"row\">$: $ $</th><td>$</td><td>$</td></tr>", measure_titles[c->measure], ratio ? "lowest ratio at least" : "widest gap at most",
                    eh_html_number(EH_NUMBER_RATIO, ratio ? c->ratio_min : c->gap_max).text, eh_html_number(EH_NUMBER_INDEX, c->before).text,
                    eh_html_number(EH_NUMBER_INDEX, c->reached).text);
    }
    eh_buffer_text(p->out, "</tbody></table></div>\n");
    if (p->card->frontier_count > 2) {
        eh_buffer_text(p->out, "<h3>What each step costs</h3>\n<div class=\"frontier\">");
        eh_card_frontier(p->card, p->out);
        eh_buffer_text(p->out, "</div>\n");
        table_open(p, "The frontier, measured on people held out of each bag");
        eh_buffer_text(p->out, "<thead><tr><th scope=\"col\">Step</th><th scope=\"col\">Widest gap</th><th scope=\"col\">Accuracy</th><th scope=\"col\">AUC</th></tr></thead><tbody>");
        for (size_t i = 0; i < p->card->frontier_count; i++) {
            const eh_frontier_point *point = &p->card->frontier[i];
            eh_html_put(p->out, "<tr><th scope=\"row\">$</th><td>$</td><td>$</td><td>$</td></tr>", eh_html_number(EH_NUMBER_COUNT, (double)i).text,
                        eh_html_number(EH_NUMBER_INDEX, point->gap[0]).text, eh_html_number(EH_NUMBER_INDEX, point->accuracy).text,
                        eh_html_number(EH_NUMBER_INDEX, point->auc).text);
        }
        eh_buffer_text(p->out, "</tbody></table></div>\n");
    }
    eh_buffer_text(p->out, "</section>\n");
}

static void term_figure(page *p, const eh_term *term)
{
    const eh_model *model = p->model;
    const eh_feature *feature = &model->features[term->feature[0]];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = p->out};
    eh_term_name(model, term, &name);
    eh_html_put(p->out, "<div class=\"shape\"><h3><bdi>$</bdi></h3><p class=\"says\">importance $</p>", name.ptr == NULL ? "" : name.ptr,
                eh_html_number(EH_NUMBER_INDEX, term->importance).text);
    eh_card_picture(model, term, p->out);
    if (term->features_count == 1)
        eh_card_term_table(model, term, p->out);
    else
        eh_buffer_text(p->out, "<p class=\"legend\"><span class=\"key-up\"></span> raises the score, <span class=\"key-down\"></span> lowers it</p>");
    (void)feature;
    eh_buffer_text(p->out, "</div>\n");
}

static void shapes(page *p)
{
    const eh_model *model = p->model;
    eh_html_put(p->out, "<section id=\"shapes\"><h2>What it says</h2>\n<p class=\"lead\">Each curve tells what a value adds to the $ of a person, against the average person. "
                        "The band is two standard errors. A step is the wider the more people it holds. The intercept is $.</p>\n<div class=\"shapes\">\n",
                model->loss == EH_LOSS_LOGISTIC ? "logit" : model->offer != NULL ? "effect" : "amount", eh_html_number(EH_NUMBER_SIGNED, (double)model->intercept / EH_MICRO).text);
    for (uint32_t kind = 1; kind <= 2; kind++) {
        bool shown[2 * EH_MODEL_FEATURES_MAX] = {false};
        for (;;) {
            size_t best = model->terms_count;
            for (size_t t = 0; t < model->terms_count; t++)
                if (!shown[t] && model->terms[t].features_count == kind &&
                    (best == model->terms_count || model->terms[t].importance > model->terms[best].importance))
                    best = t;
            if (best == model->terms_count)
                break;
            shown[best] = true;
            term_figure(p, &model->terms[best]);
        }
    }
    eh_buffer_text(p->out, "</div>\n</section>\n");
}

static void limits(page *p)
{
    const eh_model *model = p->model;
    bool told = p->card->uplift != NULL && (p->card->uplift->overlap.known || p->card->uplift->overlap.randomised);
    eh_html_put(p->out, "<section id=\"limits\"><h2>Limits</h2>\n<ul class=\"notes\">"
                           "<li>It speaks of people like those it was learned from. Others get the score of the nearest bin, which may be wrong.</li>"
                           "<li>$</li>"
                           "<li>Effects of three or more features at once are not seen.</li>"
                           "<li>A feature may stand for a protected attribute. A constraint limits what follows from that; it does not remove the cause.</li>",
                model->offer == NULL ? "It shows what goes together with the outcome. It does not show what would change the outcome."
                : told               ? "Effects are means over people who are alike; what it would change for one person nobody can see."
                                     : "Nobody drew lots for the offers: an effect may be due to what the features do not tell.");
    if (model->rows < 1000)
        eh_buffer_text(p->out, "<li>It was learned from fewer than a thousand people: its curves are rough.</li>");
    eh_buffer_text(p->out, "</ul>\n</section>\n");
}

static void reviews(page *p)
{
    const eh_model *model = p->model;
    char text[96];
    eh_buffer_text(p->out, "<section id=\"reviews\"><h2>Reviews and origin</h2>\n");
    if (model->edits_count == 0)
        eh_buffer_text(p->out, "<p class=\"lead\">Nobody has changed the model since it was learned.</p>\n");
    else {
        table_open(p, "Changes by people");
        eh_buffer_text(p->out, "<thead><tr><th scope=\"col\">When</th><th scope=\"col\" class=\"name\">What</th><th scope=\"col\" class=\"name\">Who</th><th scope=\"col\" "
                               "class=\"name\">Why</th><th scope=\"col\">AUC before</th><th scope=\"col\">After</th></tr></thead><tbody>");
        for (size_t i = 0; i < model->edits_count; i++) {
            const eh_edit *edit = &model->edits[i];
            eh_html_put(p->out, "<tr><th scope=\"row\">$</th><td class=\"name\">$</td><td class=\"name\">$</td><td class=\"name\">$</td><td>$</td><td>$</td></tr>",
                        edit->when == NULL ? "\xE2\x80\x93" : edit->when, edit->what, edit->who, edit->why, eh_html_number(EH_NUMBER_INDEX, edit->auc_before).text,
                        eh_html_number(EH_NUMBER_INDEX, edit->auc_after).text);
        }
        eh_buffer_text(p->out, "</tbody></table></div>\n");
    }
    table_open(p, "Where it came from");
    eh_buffer_text(p->out, "<thead><tr><th scope=\"col\">File</th><th scope=\"col\" class=\"name\">SHA-256</th></tr></thead><tbody>");
    for (size_t i = 0; i < model->inputs_count; i++)
        eh_html_put(p->out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td class=\"name\"><code class=\"hash\">$</code></td></tr>", model->inputs[i].path, model->inputs[i].sha256);
    snprintf(text, sizeof text, "%u bags, seed %llu, learning rate %g, %u rounds and %u for pairs", model->bags, (unsigned long long)model->seed, model->learning_rate, model->rounds,
             model->pair_rounds);
    eh_html_put(p->out, "</tbody></table></div>\n<p class=\"says\">Fitted with $. The same data and seed give the same model, byte for byte.</p>\n</section>\n", text);
}

void eh_model_card_html(const eh_model_card *card, eh_buffer *out)
{
    page p = {.card = card, .model = card->model, .out = out};
    head(&p);
    top(&p);
    purpose(&p);
    good(&p);
    groups(&p);
    fair(&p);
    shapes(&p);
    limits(&p);
    reviews(&p);
    eh_html_put(out, "</main>\n<footer class=\"page\"><p>Made by Evenhand $. This page is one file: it loads nothing and sends nothing. It contains Pico CSS (MIT).</p></footer>\n"
                     "</body>\n</html>\n",
                EVENHAND_VERSION);
}
