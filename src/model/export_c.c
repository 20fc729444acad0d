/* A model as a C source of its own: no library but the standard one, the same whole micro-logits, so the same score. */
#include <ctype.h>
#include <string.h>

#include "model/model.h"

/* A C identifier for each feature: letters, digits and _ of its name; what is not unique gets a number. */
static void field_name(const eh_model *model, size_t feature, eh_buffer *out)
{
    const char *name = model->features[feature].name;
    size_t start = out->len;
    eh_buffer_text(out, isdigit((unsigned char)name[0]) ? "f_" : "");
    for (const char *at = name; *at != '\0' && out->len - start < 40; at++)
        eh_buffer_byte(out, (unsigned char)*at < 0x80 && isalnum((unsigned char)*at) ? *at : '_');
    eh_buffer_format(out, "_%zu", feature);
}

/* A C text: what is not plain ASCII goes as octal, so that no reader of the source needs to know its encoding. */
static void c_text(const char *text, eh_buffer *out)
{
    eh_buffer_byte(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte >= 0x7F || byte == '"' || byte == '\\' || byte == '?')
            eh_buffer_format(out, "\\%03o", byte);
        else
            eh_buffer_byte(out, *at);
    }
    eh_buffer_byte(out, '"');
}

/* A comment in which nothing ends the comment. */
static void comment_text(const char *text, eh_buffer *out)
{
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == 0x7F || (*at == '*' && at[1] == '/') || (*at == '\\' && at[1] == '\0') || (*at == '?' && at[1] == '?'))
            eh_buffer_byte(out, ' ');
        else
            eh_buffer_byte(out, *at);
    }
}

static void integers(const int32_t *values, size_t count, eh_buffer *out)
{
    for (size_t i = 0; i < count; i++)
        eh_buffer_format(out, "%s%d", i == 0 ? "" : i % 16 == 0 ? ",\n    " : ", ", values[i]);
}

static void bytes(const uint8_t *values, size_t count, eh_buffer *out)
{
    for (size_t i = 0; i < count; i++)
        eh_buffer_format(out, "%s%u", i == 0 ? "" : i % 32 == 0 ? ",\n    " : ", ", values[i]);
}

static void tables(const eh_model *model, eh_buffer *out)
{
    for (size_t f = 0; f < model->features_count; f++) {
        const eh_feature *feature = &model->features[f];
        if (feature->kind == EH_FEATURE_NUMBER) {
            eh_buffer_format(out, "static const double edges_%zu[] = {", f);
            for (size_t i = 0; i < feature->edges_count; i++)
                eh_buffer_format(out, "%s%.17g", i == 0 ? "" : i % 8 == 0 ? ",\n    " : ", ", feature->edges[i]);
            eh_buffer_text(out, feature->edges_count == 0 ? "0};\n" : "};\n");
            continue;
        }
        eh_buffer_format(out, "static const char *const levels_%zu[] = {", f);
        for (size_t i = 0; i < feature->levels_count; i++) {
            eh_buffer_text(out, i == 0 ? "" : i % 8 == 0 ? ",\n    " : ", ");
            c_text(feature->levels[i], out);
        }
        eh_buffer_text(out, feature->levels_count == 0 ? "\"\"};\n" : "};\n");
    }
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        eh_buffer_format(out, "static const long scores_%zu[] = {", t);
        integers(term->scores, term->cells_count, out);
        eh_buffer_text(out, "};\n");
        for (uint32_t i = 0; term->features_count == 2 && i < 2; i++) {
            eh_buffer_format(out, "static const unsigned char map_%zu_%u[] = {", t, i);
            bytes(term->map[i], model->features[term->feature[i]].bins_count, out);
            eh_buffer_text(out, "};\n");
        }
    }
}

static const char helpers[] =
    "\n/* Bin 0 is what is missing. */\n"
    "static int bin_of_number(const double *edges, int count, double value)\n"
    "{\n    int low = 0, high = count;\n    if (value != value)\n        return 0;\n    while (low < high) {\n        int middle = (low + high) / 2;\n"
    "        if (edges[middle] <= value)\n            low = middle + 1;\n        else\n            high = middle;\n    }\n    return low + 1;\n}\n"
    "\nstatic int bin_of_text(const char *const *levels, int count, const char *value)\n"
    "{\n    int low = 0, high = count;\n    if (value == NULL)\n        return 0;\n    while (low < high) {\n        int middle = (low + high) / 2;\n"
    "        int order = strcmp(levels[middle], value);\n        if (order == 0)\n            return middle + 1;\n        if (order < 0)\n            low = middle + 1;\n"
    "        else\n            high = middle;\n    }\n    return count + 1;\n}\n";

static void score_function(const eh_model *model, eh_buffer *out)
{
    eh_buffer_text(out, "\ndouble evenhand_score(const evenhand_row *row)\n{\n");
    eh_buffer_format(out, "    long long sum = %lldLL;\n", (long long)model->intercept);
    eh_buffer_format(out, "    int bin[%zu];\n", model->features_count);
    for (size_t f = 0; f < model->features_count; f++) {
        const eh_feature *feature = &model->features[f];
        bool number = feature->kind == EH_FEATURE_NUMBER;
        eh_buffer_format(out, "    bin[%zu] = bin_of_%s(%s_%zu, %zu, row->", f, number ? "number" : "text", number ? "edges" : "levels", f,
                         number ? feature->edges_count : feature->levels_count);
        field_name(model, f, out);
        eh_buffer_text(out, ");\n");
    }
    for (size_t t = 0; t < model->terms_count; t++) {
        const eh_term *term = &model->terms[t];
        if (term->features_count == 1)
            eh_buffer_format(out, "    sum += scores_%zu[bin[%u]];\n", t, term->feature[0]);
        else
            eh_buffer_format(out, "    sum += scores_%zu[map_%zu_0[bin[%u]] * %d + map_%zu_1[bin[%u]]];\n", t, t, term->feature[0], EH_PAIR_BINS, t,
                             term->feature[1]);
    }
    eh_buffer_format(out, "    return (double)sum / %d;\n}\n", EH_MICRO);
    if (model->loss == EH_LOSS_LOGISTIC)
        eh_buffer_text(out, "\ndouble evenhand_probability(const evenhand_row *row)\n{\n    return 1 / (1 + exp(-evenhand_score(row)));\n}\n");
}

eh_code eh_model_export_c(const eh_model *model, eh_buffer *out, eh_error *error)
{
    eh_buffer_text(out, "/* A model of evenhand " EVENHAND_VERSION ": ");
    comment_text(model->name == NULL ? "" : model->name, out);
    eh_buffer_text(out, "\n * Learned from data with the fingerprint ");
    eh_buffer_text(out, model->fingerprint);
    eh_buffer_text(out, "\n * A missing number is NAN, a missing text is NULL. Texts are UTF-8. */\n#include <math.h>\n#include <string.h>\n\ntypedef struct {\n");
    for (size_t f = 0; f < model->features_count; f++) {
        eh_buffer_text(out, model->features[f].kind == EH_FEATURE_NUMBER ? "    double " : "    const char *");
        field_name(model, f, out);
        eh_buffer_text(out, "; /* ");
        comment_text(model->features[f].name, out);
        eh_buffer_text(out, ": ");
        comment_text(model->features[f].sql, out);
        eh_buffer_text(out, " */\n");
    }
    eh_buffer_format(out, "} evenhand_row;\n\ndouble evenhand_score(const evenhand_row *row);%s\n\n",
                     model->loss == EH_LOSS_LOGISTIC ? "       /* the logit */\ndouble evenhand_probability(const evenhand_row *row);" : "");
    tables(model, out);
    eh_buffer_text(out, helpers);
    score_function(model, out);
    return eh_buffer_check(out, error);
}
