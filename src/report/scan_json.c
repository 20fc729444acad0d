#include <string.h>

#include "base/json.h"
#include "report/report_int.h"

typedef struct {
    const eh_report_scan_about *about;
    const eh_scan *scan;
    eh_json_writer *writer;
} document;

typedef void (*saying)(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out);

const char *eh_scan_verdict_name(eh_verdict verdict)
{
    return verdict == EH_VIOLATES ? "found" : verdict == EH_WITHIN_TOLERANCE ? "nothing found" : eh_verdict_name(verdict);
}

static const char *direction_name(eh_scan_direction direction)
{
    return direction == EH_SCAN_LOW ? "low" : direction == EH_SCAN_HIGH ? "high" : "both";
}

static void write_lines(const document *d, const char *key, saying say)
{
    eh_buffer text = {.whole = d->writer->buffer};
    say(d->about, d->scan, &text);
    eh_json_array_open(d->writer, key);
    for (char *line = text.ptr; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        eh_json_text(d->writer, NULL, line);
        line = end ? end + 1 : NULL;
    }
    eh_json_array_close(d->writer);
    eh_buffer_dispose(&text);
}

static void write_head(const document *d)
{
    eh_json_writer *w = d->writer;
    const eh_scan *scan = d->scan;
    eh_buffer sentence = {.whole = w->buffer};
    eh_report_scan_headline(d->about, scan, &sentence);
    eh_json_text(w, "schema_version", "1");
    eh_json_object_open_flat(w, "program");
    eh_json_text(w, "name", "evenhand");
    eh_json_text(w, "version", EVENHAND_VERSION);
    eh_json_object_close(w);
    eh_json_text(w, "engine", d->about->engine_version);
    eh_json_text(w, "verdict", eh_scan_verdict_name(scan->verdict));
    eh_json_integer(w, "exit_status", eh_verdict_exit_status(scan->verdict));
    eh_json_text(w, "headline", sentence.ptr);
    eh_buffer_dispose(&sentence);
    eh_json_integer(w, "rows", (int64_t)scan->rows);
    eh_json_integer(w, "chosen", (int64_t)scan->yes);
    eh_json_integer(w, "decision_missing", (int64_t)d->about->table->decision_missing);
    eh_json_boolean(w, "weighted", d->about->table->weighted);
    eh_json_number(w, "effective_rows", scan->effective);
    eh_json_number(w, "observed_rate", scan->observed);
    eh_json_number(w, "expected_rate", scan->expected);
}

static void write_options(const document *d)
{
    const eh_coded_spec *spec = d->about->spec;
    const eh_scan_options *options = &d->scan->options;
    eh_json_writer *w = d->writer;
    char seed[24];
    bool label_observed = strcmp(spec->decision_option, "--label") == 0;
    eh_json_object_open(w, "options");
    eh_json_text(w, "decision", label_observed ? NULL : spec->decision.sql);
    eh_json_text(w, "label", label_observed ? spec->decision.sql : spec->label.sql);
    eh_json_text(w, "expected", label_observed ? NULL : spec->expected.sql);
    eh_json_text(w, "score", label_observed ? spec->expected.sql : spec->score.sql);
    eh_json_text(w, "within", spec->within.sql);
    eh_json_text(w, "weight", spec->weight.sql);
    eh_json_text(w, "where", spec->where);
    eh_json_array_open(w, "over");
    for (size_t i = 0; i < spec->attributes_count; i++)
        eh_json_text(w, NULL, spec->attributes[i].expression.sql);
    eh_json_array_close(w);
    eh_json_text(w, "direction", direction_name(options->direction));
    eh_json_number(w, "penalty", options->penalty);
    eh_json_number(w, "confidence", options->confidence);
    eh_json_integer(w, "rows_min", (int64_t)options->rows_min);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)options->seed);
    eh_json_text(w, "seed", seed);
    eh_json_object_close(w);
}

static void write_inputs(const document *d)
{
    eh_json_array_open(d->writer, "inputs");
    for (size_t i = 0; i < d->about->inputs_count; i++) {
        const eh_input *input = &d->about->inputs[i];
        eh_json_object_open_flat(d->writer, NULL);
        eh_json_text(d->writer, "path", input->path);
        eh_json_text(d->writer, "sha256", input->sha256);
        eh_json_integer(d->writer, "bytes", (int64_t)input->bytes);
        eh_json_object_close(d->writer);
    }
    eh_json_array_close(d->writer);
}

static void write_attributes(const document *d)
{
    const eh_coded_table *table = d->about->table;
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "attributes");
    for (size_t a = 0; a < table->dimensions_count; a++) {
        eh_json_object_open(w, NULL);
        eh_json_text(w, "name", table->dimensions[a].name);
        eh_json_integer(w, "joined", (int64_t)table->dimensions[a].others_joined);
        eh_json_array_open_flat(w, "values");
        for (size_t v = 0; v < table->dimensions[a].groups_count; v++)
            eh_json_text(w, NULL, table->dimensions[a].groups[v].name);
        eh_json_array_close(w);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    eh_json_array_open(w, "left_out");
    for (size_t i = 0; i < table->left_out_count; i++) {
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "name", table->left_out[i].name);
        eh_json_text(w, "why", table->left_out[i].why);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

static void write_condition(const document *d, const eh_scan_condition *condition)
{
    const eh_cube_dimension *attribute = &d->about->table->dimensions[condition->attribute];
    eh_json_writer *w = d->writer;
    eh_buffer says = {.whole = w->buffer};
    eh_say_condition(d->about, condition, &says);
    eh_json_object_open(w, NULL);
    eh_json_text(w, "attribute", attribute->name);
    eh_json_text(w, "says", says.ptr);
    eh_json_boolean(w, "except", condition->except);
    eh_json_array_open_flat(w, "values");
    for (size_t v = 0; v < attribute->groups_count; v++)
        if ((condition->values >> v & 1) != 0)
            eh_json_text(w, NULL, attribute->groups[v].name);
    eh_json_array_close(w);
    eh_json_object_close(w);
    eh_buffer_dispose(&says);
}

static void write_confirmed(const document *d, const eh_scan_group *group)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open_flat(w, "confirmed");
    eh_json_integer(w, "rows", (int64_t)group->confirmed_rows);
    eh_json_number(w, "expected_rate", group->confirmed_expected);
    eh_json_number(w, "observed_rate", group->confirmed.value);
    eh_json_number(w, "low", group->confirmed.low);
    eh_json_number(w, "high", group->confirmed.high);
    eh_json_number(w, "n", group->confirmed.n);
    eh_json_object_close(w);
}

static void write_group(const document *d, const eh_scan_group *group)
{
    eh_json_writer *w = d->writer;
    eh_buffer text = {.whole = w->buffer};
    eh_json_object_open(w, NULL);
    eh_report_scan_group(d->about, group, &text);
    eh_json_text(w, "description", text.ptr);
    eh_buffer_clear(&text);
    eh_say_scan_group(d->about, d->scan, group, &text);
    eh_json_text(w, "sentence", text.ptr);
    eh_buffer_dispose(&text);
    eh_json_text(w, "direction", direction_name(group->direction));
    eh_json_array_open(w, "conditions");
    for (size_t i = 0; i < group->conditions_count; i++)
        write_condition(d, &group->conditions[i]);
    eh_json_array_close(w);
    eh_json_integer(w, "rows", (int64_t)group->rows);
    eh_json_integer(w, "chosen", (int64_t)group->yes);
    eh_json_number(w, "share", group->share);
    eh_json_number(w, "expected_rate", group->expected);
    eh_json_number(w, "observed_rate", group->observed);
    eh_json_number(w, "ratio", group->ratio);
    write_confirmed(d, group);
    eh_json_number(w, "score", group->score);
    eh_json_number(w, "score_penalized", group->score_penalized);
    eh_json_number(w, "odds_factor", group->odds_factor);
    eh_json_number(w, "p", group->p);
    eh_json_number(w, "p_search", group->p_search);
    eh_json_number(w, "p_confirmed", group->p_confirmed);
    eh_json_object_close(w);
}

static void write_search(const document *d)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, "search");
    eh_json_integer(w, "cells", (int64_t)d->scan->cells_count);
    eh_json_integer(w, "depth", d->scan->depth);
    eh_json_integer(w, "groups_looked_at", (int64_t)d->scan->groups_looked_at);
    eh_json_integer(w, "random_files", d->scan->replicates_count);
    eh_json_boolean(w, "more", d->scan->more);
    eh_json_object_close(w);
    eh_json_array_open(w, "findable");
    for (size_t i = 0; i < EH_SCAN_FINDABLE_COUNT; i++) {
        eh_json_object_open_flat(w, NULL);
        eh_json_number(w, "share", d->scan->findable[i].share);
        eh_json_number(w, "rate_at_most", d->scan->findable[i].low);
        eh_json_number(w, "rate_at_least", d->scan->findable[i].high);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

void eh_report_scan_json(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out)
{
    eh_json_writer writer;
    eh_json_begin(&writer, out, true, false);
    document d = {about, scan, &writer};
    eh_json_object_open(&writer, NULL);
    write_head(&d);
    write_lines(&d, "notes", eh_say_scan_notes);
    write_options(&d);
    write_inputs(&d);
    write_attributes(&d);
    write_search(&d);
    eh_json_array_open(&writer, "groups");
    for (size_t i = 0; i < scan->groups_count; i++)
        write_group(&d, &scan->groups[i]);
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(out, '\n');
}

void eh_report_scan_csv(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out)
{
    eh_buffer_text(out, "group,direction,rows,chosen,share,expected_rate,observed_rate,ratio,confirmed_rows,confirmed_expected_rate,"
                        "confirmed_observed_rate,low,high,score,p,p_search,p_confirmed\n");
    for (size_t i = 0; i < scan->groups_count; i++) {
        const eh_scan_group *group = &scan->groups[i];
        eh_buffer text = {.whole = out};
        eh_report_scan_group(about, group, &text);
        eh_csv_text(out, text.ptr);
        eh_buffer_dispose(&text);
        eh_buffer_format(out, ",%s", direction_name(group->direction));
        const double numbers[] = {(double)group->rows, (double)group->yes, group->share, group->expected, group->observed, group->ratio,
                                  (double)group->confirmed_rows, group->confirmed_expected, group->confirmed.value, group->confirmed.low,
                                  group->confirmed.high, group->score, group->p, group->p_search, group->p_confirmed};
        for (size_t k = 0; k < sizeof numbers / sizeof numbers[0]; k++)
            eh_csv_number(out, numbers[k]);
        eh_buffer_byte(out, '\n');
    }
}
