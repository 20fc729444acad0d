/* A model as one SQL expression: CASEs with decimal numbers, added up. Sums of decimals are exact. */
#include <string.h>

#include "model/model.h"

static void sql_text(eh_buffer *out, const char *text)
{
    eh_buffer_byte(out, '\'');
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'')
            eh_buffer_byte(out, '\'');
        eh_buffer_byte(out, *at);
    }
    eh_buffer_byte(out, '\'');
}

static void sql_micro(eh_buffer *out, int64_t micro)
{
    uint64_t size = micro < 0 ? 0 - (uint64_t)micro : (uint64_t)micro;
    eh_buffer_format(out, "%s%llu.%06llu", micro < 0 ? "-" : "", (unsigned long long)(size / EH_MICRO), (unsigned long long)(size % EH_MICRO));
}

static void sql_edge(eh_buffer *out, double edge)
{
    char text[40];
    snprintf(text, sizeof text, "%.17g", edge);
    eh_buffer_text(out, text);
    if (strchr(text, 'e') == NULL)
        eh_buffer_text(out, "e0"); /* a floating-point number, not a decimal one */
}

/* What a bin gives: its score, or its row or column in a table. */
typedef struct {
    const int32_t *scores;
    const uint8_t *map;
} bin_values;

static int64_t value_of(const bin_values *values, uint32_t bin)
{
    return values->scores != NULL ? values->scores[bin] : values->map[bin];
}

static void value_write(const bin_values *values, uint32_t bin, eh_buffer *out)
{
    if (values->scores != NULL)
        sql_micro(out, values->scores[bin]);
    else
        eh_buffer_format(out, "%u", values->map[bin]);
}

static void feature_case(const eh_feature *feature, const bin_values *values, eh_buffer *out)
{
    if (feature->kind == EH_FEATURE_CATEGORY) {
        eh_buffer_format(out, "CASE WHEN (%s) IS NULL THEN ", feature->sql);
        value_write(values, 0, out);
        for (size_t l = 0; l < feature->levels_count; l++) {
            eh_buffer_format(out, " WHEN CAST((%s) AS VARCHAR) = ", feature->sql);
            sql_text(out, feature->levels[l]);
            eh_buffer_text(out, " THEN ");
            value_write(values, (uint32_t)l + 1, out);
        }
        eh_buffer_text(out, " ELSE ");
        value_write(values, (uint32_t)feature->levels_count + 1, out);
        eh_buffer_text(out, " END");
        return;
    }
    eh_buffer_format(out, "CASE WHEN (%s) IS NULL OR CAST((%s) AS DOUBLE PRECISION) = CAST('NaN' AS DOUBLE PRECISION) THEN ", feature->sql, feature->sql);
    value_write(values, 0, out);
    for (size_t e = 0; e < feature->edges_count; e++) {
        if (value_of(values, (uint32_t)e + 1) == value_of(values, (uint32_t)e + 2))
            continue; /* the next bin gives the same */
        eh_buffer_format(out, " WHEN CAST((%s) AS DOUBLE PRECISION) < ", feature->sql);
        sql_edge(out, feature->edges[e]);
        eh_buffer_text(out, " THEN ");
        value_write(values, (uint32_t)e + 1, out);
    }
    eh_buffer_text(out, " ELSE ");
    value_write(values, feature->bins_count - 1, out);
    eh_buffer_text(out, " END");
}

static void term_sql(const eh_model *model, const eh_term *term, eh_buffer *out)
{
    if (term->features_count == 1) {
        feature_case(&model->features[term->feature[0]], &(bin_values){.scores = term->scores}, out);
        return;
    }
    eh_buffer_format(out, "CASE %d * (", EH_PAIR_BINS);
    feature_case(&model->features[term->feature[0]], &(bin_values){.map = term->map[0]}, out);
    eh_buffer_text(out, ") + (");
    feature_case(&model->features[term->feature[1]], &(bin_values){.map = term->map[1]}, out);
    eh_buffer_text(out, ")");
    for (uint32_t c = 0; c < term->cells_count; c++) {
        if (term->scores[c] == 0)
            continue;
        eh_buffer_format(out, " WHEN %u THEN ", c);
        sql_micro(out, term->scores[c]);
    }
    eh_buffer_text(out, " ELSE 0.000000 END");
}

eh_code eh_model_export_sql(const eh_model *model, eh_buffer *out, eh_error *error)
{
    eh_buffer_text(out, "CAST(");
    sql_micro(out, model->intercept);
    for (size_t t = 0; t < model->terms_count; t++) {
        eh_buffer_text(out, "\n + ");
        term_sql(model, &model->terms[t], out);
    }
    eh_buffer_text(out, "\nAS DOUBLE PRECISION)\n");
    return eh_buffer_check(out, error);
}
