/* A model card in the form of CycloneDX 1.6: what auditors and buyers of software already read. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "model/model.h"

static void number_text(eh_json_writer *json, const char *key, double number)
{
    char text[32];
    eh_json_number_text(number, text);
    eh_json_text(json, key, text);
}

static void parameters_write(eh_json_writer *json, const eh_model *model)
{
    eh_json_object_open(json, "modelParameters");
    eh_json_object_open_flat(json, "approach");
    eh_json_text(json, "type", "supervised");
    eh_json_object_close(json);
    eh_json_text(json, "task", model->offer != NULL                 ? "effect estimation"
                               : model->loss == EH_LOSS_LOGISTIC ? "binary classification"
                                                                    : "regression");
    eh_json_text(json, "architectureFamily", "generalized additive model");
    eh_json_text(json, "modelArchitecture", "shape functions and pairwise tables by cyclic gradient boosting");
    eh_json_array_open(json, "datasets");
    for (size_t i = 0; i < model->inputs_count; i++) {
        const char *slash = strrchr(model->inputs[i].path, '/');
        eh_json_object_open(json, NULL);
        eh_json_text(json, "type", "dataset");
        eh_json_text(json, "name", slash == NULL ? model->inputs[i].path : slash + 1);
        eh_json_text(json, "description", model->inputs[i].sha256);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_array_open(json, "inputs");
    for (size_t f = 0; f < model->features_count; f++) {
        eh_json_object_open_flat(json, NULL);
        eh_json_text(json, "format", model->features[f].kind == EH_FEATURE_NUMBER ? "number" : "string");
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_array_open(json, "outputs");
    eh_json_object_open_flat(json, NULL);
    eh_json_text(json, "format", "number");
    eh_json_object_close(json);
    eh_json_array_close(json);
    eh_json_object_close(json);
}

static void analysis_write(eh_json_writer *json, const eh_model *model)
{
    eh_json_object_open(json, "quantitativeAnalysis");
    eh_json_array_open(json, "performanceMetrics");
    for (size_t i = 0; i < model->measures_count; i++) {
        const eh_model_measure *measure = &model->measures[i];
        eh_json_object_open(json, NULL);
        eh_json_text(json, "type", measure->name);
        number_text(json, "value", measure->value);
        if (!isnan(measure->low)) {
            eh_json_object_open_flat(json, "confidenceInterval");
            number_text(json, "lowerBound", measure->low);
            number_text(json, "upperBound", measure->high);
            eh_json_object_close(json);
        }
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_object_close(json);
}

static void considerations_write(eh_json_writer *json, const eh_model *model)
{
    eh_json_object_open(json, "considerations");
    eh_json_array_open(json, "useCases");
    eh_json_text(json, NULL, model->purpose == NULL ? "not stated" : model->purpose);
    eh_json_array_close(json);
    eh_json_array_open(json, "technicalLimitations");
    eh_json_text(json, NULL, "speaks of people like those it was learned from; effects of more than two features at once are not seen");
    eh_json_array_close(json);
    eh_json_array_open(json, "fairnessAssessments");
    for (size_t i = 0; i < model->constraints_count; i++) {
        const eh_model_constraint *constraint = &model->constraints[i];
        bool ratio = !isnan(constraint->ratio_min);
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_buffer_format(&text, "constrained while fitting: %s of the %s %s %g; %.4f without the constraint, %.4f with it", ratio ? "lowest ratio" : "widest gap",
                         eh_fair_measure_names[constraint->measure], ratio ? "at least" : "at most", ratio ? constraint->ratio_min : constraint->gap_max,
                         constraint->before, constraint->reached);
        eh_json_object_open(json, NULL);
        eh_json_text(json, "groupAtRisk", "groups of protected attributes, which the model does not hold");
        eh_json_text(json, "mitigationStrategy", text.ptr == NULL ? "" : text.ptr);
        eh_json_object_close(json);
    }
    eh_json_array_close(json);
    eh_json_object_close(json);
}

/* A version 8 UUID (RFC 9562) from the fingerprint: the same model, the same number. */
static void serial_write(eh_json_writer *json, const eh_model *model)
{
    char serial[64], f[33];
    memcpy(f, model->fingerprint, 32);
    f[32] = '\0';
    for (size_t i = 0; i < 32; i++)
        f[i] = f[i] == '\0' ? '0' : f[i];
    f[12] = '8';
    f[16] = 'a';
    snprintf(serial, sizeof serial, "urn:uuid:%.8s-%.4s-%.4s-%.4s-%.12s", f, f + 8, f + 12, f + 16, f + 20);
    eh_json_text(json, "serialNumber", serial);
}

eh_code eh_model_export_cyclonedx(const eh_model *model, eh_buffer *out, eh_error *error)
{
    eh_json_writer json;
    eh_json_begin(&json, out, true, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "$schema", "http://cyclonedx.org/schema/bom-1.6.schema.json");
    eh_json_text(&json, "bomFormat", "CycloneDX");
    eh_json_text(&json, "specVersion", "1.6");
    serial_write(&json, model);
    eh_json_integer(&json, "version", 1);
    eh_json_object_open(&json, "metadata");
    eh_json_object_open(&json, "tools");
    eh_json_array_open(&json, "components");
    eh_json_object_open_flat(&json, NULL);
    eh_json_text(&json, "type", "application");
    eh_json_text(&json, "name", "evenhand");
    eh_json_text(&json, "version", EVENHAND_VERSION);
    eh_json_object_close(&json);
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    eh_json_object_close(&json);
    eh_json_array_open(&json, "components");
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "type", "machine-learning-model");
    eh_json_text(&json, "bom-ref", "model");
    eh_json_text(&json, "name", model->name == NULL ? "model" : model->name);
    eh_json_object_open(&json, "modelCard");
    parameters_write(&json, model);
    analysis_write(&json, model);
    considerations_write(&json, model);
    eh_json_object_close(&json);
    eh_json_object_close(&json);
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    eh_buffer_byte(out, '\n');
    return eh_buffer_check(out, error);
}
