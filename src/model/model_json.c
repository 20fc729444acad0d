/* A model as one JSON document. Scores are decimal numbers with at most six places: what a person reads is what is computed with. */
#include <math.h>
#include <string.h>

#include "base/secrets.h"
#include "model/file_int.h"

static const char zeros[65] = "0000000000000000000000000000000000000000000000000000000000000000";

void eh_document_open(eh_json_writer *json, const char *kind)
{
    eh_json_object_open(json, NULL);
    eh_json_integer(json, "evenhand_model", EH_MODEL_SCHEMA);
    eh_json_text(json, "hash", zeros);
    eh_json_text(json, "program", "evenhand " EVENHAND_VERSION);
    eh_json_text(json, "kind", kind);
}

static void hex_of(eh_view text, char out[65])
{
    eh_digest digest = eh_sha256_of(text);
    for (size_t i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest.bytes[i]);
}

eh_code eh_document_seal(eh_buffer *out, eh_error *error)
{
    eh_buffer_byte(out, '\n');
    EH_TRY(eh_buffer_check(out, error));
    char *place = memmem(out->ptr, out->len, zeros, 64), hex[65];
    EH_ASSERT(place != NULL);
    hex_of(eh_buffer_view(out), hex);
    memcpy(place, hex, 64);
    return EH_OK;
}

static void micro_write(eh_json_writer *json, const char *key, int64_t micro)
{
    eh_json_number(json, key, (double)micro / EH_MICRO);
}

static void feature_write(eh_json_writer *json, const eh_feature *feature)
{
    static const char *const monotones[] = {"decreasing", "no", "increasing"};
    eh_json_object_open(json, NULL);
    eh_json_text(json, "name", feature->name);
    eh_json_text(json, "sql", feature->sql);
    eh_json_text(json, "says", feature->says);
    eh_json_text(json, "from_whom", feature->from_whom);
    eh_json_text(json, "kind", feature->kind == EH_FEATURE_NUMBER ? "number" : "category");
    eh_json_text(json, "monotone", monotones[feature->monotone + 1]);
    eh_json_boolean(json, "changeable", feature->changeable);
    if (feature->kind == EH_FEATURE_NUMBER) {
        eh_json_array_open_flat(json, "edges");
        for (size_t i = 0; i < feature->edges_count; i++)
            eh_json_number(json, NULL, feature->edges[i]);
    } else {
        eh_json_array_open_flat(json, "levels");
        for (size_t i = 0; i < feature->levels_count; i++)
            eh_json_text(json, NULL, feature->levels[i]);
    }
    eh_json_array_close(json);
    eh_json_array_open_flat(json, "shares");
    for (uint32_t b = 0; b < feature->bins_count; b++)
        eh_json_number(json, NULL, rint(feature->weights[b] * 1e6) / 1e6);
    eh_json_array_close(json);
    eh_json_object_close(json);
}

static void micros_write(eh_json_writer *json, const char *key, const int32_t *values, size_t count)
{
    eh_json_array_open_flat(json, key);
    for (size_t i = 0; i < count; i++)
        micro_write(json, NULL, values[i]);
    eh_json_array_close(json);
}

static void term_write(eh_json_writer *json, const eh_model *model, const eh_term *term)
{
    static const char *const maps[2] = {"rows", "columns"};
    eh_json_object_open(json, NULL);
    eh_json_array_open_flat(json, "features");
    for (uint32_t i = 0; i < term->features_count; i++)
        eh_json_text(json, NULL, model->features[term->feature[i]].name);
    eh_json_array_close(json);
    eh_json_number(json, "importance", rint(term->importance * 1e6) / 1e6);
    for (uint32_t i = 0; term->features_count == 2 && i < 2; i++) {
        eh_json_array_open_flat(json, maps[i]);
        for (uint32_t b = 0; b < model->features[term->feature[i]].bins_count; b++)
            eh_json_integer(json, NULL, term->map[i][b]);
        eh_json_array_close(json);
    }
    micros_write(json, "scores", term->scores, term->cells_count);
    micros_write(json, "errors", term->errors, term->cells_count);
    eh_json_object_close(json);
}

static void data_write(eh_json_writer *json, const eh_model *model)
{
    eh_json_object_open(json, "data");
    eh_json_integer(json, "rows", (int64_t)model->rows);
    eh_json_number(json, "weight", model->weight_total);
    eh_json_number(json, "mean_outcome", model->base_rate);
    eh_json_text(json, "fingerprint", model->fingerprint);
    eh_json_array_open(json, "inputs");
    for (size_t i = 0; i < model->inputs_count; i++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "path", model->inputs[i].path);
        eh_json_text(json, "sha256", model->inputs[i].sha256);
        eh_json_integer(json, "bytes", (int64_t)model->inputs[i].bytes);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_object_close(json);
}

static void measures_write(eh_json_writer *json, const eh_model *model)
{
    eh_json_text(json, "measured", model->measured);
    eh_json_array_open(json, "measures");
    for (size_t i = 0; i < model->measures_count; i++) {
        const eh_model_measure *measure = &model->measures[i];
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "name", measure->name);
        eh_json_number(json, "value", measure->value);
        eh_json_number(json, "low", measure->low);
        eh_json_number(json, "high", measure->high);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_array_open(json, "constraints");
    for (size_t i = 0; i < model->constraints_count; i++) {
        const eh_model_constraint *constraint = &model->constraints[i];
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "measure", eh_fair_measure_names[constraint->measure]);
        eh_json_number(json, "gap_max", constraint->gap_max);
        eh_json_number(json, "ratio_min", constraint->ratio_min);
        eh_json_number(json, "before", constraint->before);
        eh_json_number(json, "reached", constraint->reached);
        eh_json_integer(json, "attributes", constraint->attributes);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_array_open(json, "edits");
    for (size_t i = 0; i < model->edits_count; i++) {
        const eh_edit *edit = &model->edits[i];
        eh_json_object_open(json, NULL);
        eh_json_text(json, "what", edit->what);
        eh_json_text(json, "who", edit->who);
        eh_json_text(json, "why", edit->why);
        eh_json_text(json, "when", edit->when);
        eh_json_number(json, "auc_before", edit->auc_before);
        eh_json_number(json, "auc_after", edit->auc_after);
        eh_json_number(json, "mean_change", edit->change_mean);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
}

void eh_model_members_write(eh_json_writer *json, const eh_model *model)
{
    eh_json_text(json, "name", model->name);
    eh_json_text(json, "purpose", model->purpose);
    eh_json_text(json, "outcome", model->outcome);
    eh_json_text(json, "offer", model->offer);
    eh_json_text(json, "loss", model->loss == EH_LOSS_LOGISTIC ? "logistic" : "squared");
    eh_json_number(json, "threshold", model->threshold);
    data_write(json, model);
    eh_json_object_open_flat(json, "training");
    eh_json_integer(json, "seed", (int64_t)model->seed);
    eh_json_integer(json, "bags", model->bags);
    eh_json_integer(json, "rounds", model->rounds);
    eh_json_integer(json, "pair_rounds", model->pair_rounds);
    eh_json_number(json, "learning_rate", model->learning_rate);
    eh_json_object_close(json);
    measures_write(json, model);
    eh_json_array_open(json, "features");
    for (size_t f = 0; f < model->features_count; f++)
        feature_write(json, &model->features[f]);
    eh_json_array_close(json);
    micro_write(json, "intercept", model->intercept);
    eh_json_array_open(json, "terms");
    for (size_t t = 0; t < model->terms_count; t++)
        term_write(json, model, &model->terms[t]);
    eh_json_array_close(json);
}

eh_code eh_model_write(const eh_model *model, eh_buffer *out, eh_error *error)
{
    eh_json_writer json;
    eh_json_begin(&json, out, true, false);
    eh_document_open(&json, model->loss == EH_LOSS_LOGISTIC ? "propensity" : "amount");
    eh_model_members_write(&json, model);
    eh_json_object_close(&json);
    return eh_document_seal(out, error);
}
