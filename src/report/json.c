#include <math.h>
#include <string.h>

#include "base/json.h"
#include "report/report_int.h"

typedef struct {
    const eh_report_about *about;
    const eh_audit *audit;
    eh_json_writer *writer;
} document;

/* ---- what was asked --------------------------------------------------------------------------------------------------------- */

static void write_by(const document *d)
{
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "by");
    for (size_t i = 0; i < d->about->spec->attributes_count; i++) {
        const eh_cube_attribute *attribute = &d->about->spec->attributes[i];
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "name", attribute->expression.name);
        eh_json_text(w, "expression", attribute->expression.sql);
        eh_json_array_open_flat(w, "bands");
        for (size_t e = 0; e < attribute->edges_count; e++)
            eh_json_number(w, NULL, attribute->edges[e]);
        eh_json_array_close(w);
        if (attribute->top_count > 0)
            eh_json_integer(w, "top", attribute->top_count);
        else
            eh_json_null(w, "top");
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

static void write_soft_options(const document *d)
{
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "soft");
    for (size_t i = 0; i < d->about->soft_count; i++) {
        const eh_soft_spec *spec = d->about->soft[i].spec;
        eh_json_object_open(w, NULL);
        eh_json_text(w, "name", spec->name);
        eh_json_array_open(w, "groups");
        for (size_t g = 0; g < spec->groups_count; g++) {
            eh_json_object_open_flat(w, NULL);
            eh_json_text(w, "group", spec->group_names[g]);
            eh_json_text(w, "probability", spec->probabilities[g]);
            eh_json_object_close(w);
        }
        eh_json_array_close(w);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

static void write_expressions(const document *d)
{
    const eh_cube_spec *spec = d->about->spec;
    eh_json_writer *w = d->writer;
    eh_json_text(w, "decision", spec->decision.sql);
    eh_json_text(w, "label", spec->label.sql);
    write_by(d);
    write_soft_options(d);
    eh_json_text(w, "score", spec->score.sql);
    eh_json_text(w, "weight", spec->weight.sql);
    eh_json_text(w, "value", spec->value.sql);
    eh_json_text(w, "within", spec->within.sql);
    eh_json_text(w, "where", spec->where);
}

static void write_options(const document *d)
{
    const eh_audit_options *options = &d->audit->options;
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, "options");
    write_expressions(d);
    eh_json_number(w, "tolerance", options->ratio_min);
    eh_json_number(w, "confidence", options->confidence);
    eh_json_integer(w, "min_cell", (int64_t)options->cell_rows_min);
    eh_json_integer(w, "intersections", options->depth);
    eh_json_array_open_flat(w, "gate");
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
        if (options->gate >> m & 1U)
            eh_json_text(w, NULL, eh_measure_get(m)->name);
    eh_json_array_close(w);
    eh_json_array_open(w, "references");
    for (size_t i = 0; i < options->references_count; i++) {
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "attribute", options->references[i].attribute);
        eh_json_text(w, "group", options->references[i].group);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    eh_json_integer(w, "replicates", options->replicates_count);
    /* As a text, because a seed of 64 bits is more than a number in JSON is sure to carry. */
    char seed[24];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)options->seed);
    eh_json_text(w, "seed", seed);
    eh_json_object_close(w);
}

static void write_inputs(const document *d)
{
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "inputs");
    for (size_t i = 0; i < d->about->inputs_count; i++) {
        const eh_input *input = &d->about->inputs[i];
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "path", input->path);
        eh_json_text(w, "sha256", input->sha256);
        eh_json_integer(w, "bytes", (int64_t)input->bytes);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

/* ---- groups ------------------------------------------------------------------------------------------------------------------- */

static void write_estimate(eh_json_writer *w, const char *key, const eh_estimate *estimate)
{
    eh_json_object_open_flat(w, key);
    eh_json_number(w, "value", estimate->value);
    eh_json_number(w, "low", estimate->low);
    eh_json_number(w, "high", estimate->high);
    eh_json_number(w, "n", estimate->n);
    eh_json_object_close(w);
}

static void write_calibration(eh_json_writer *w, const eh_calibration_point *points)
{
    eh_json_array_open(w, "calibration");
    for (int b = 0; b < EH_CALIBRATION_BINS; b++) {
        eh_json_object_open_flat(w, NULL);
        eh_json_number(w, "score_mean", points[b].score_mean);
        write_estimate(w, "observed", &points[b].observed);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

static void write_values(const document *d, const eh_audit_section *section, const eh_audit_group *group)
{
    eh_json_array_open_flat(d->writer, "values");
    for (uint32_t i = 0; i < section->depth; i++)
        eh_json_text(d->writer, NULL, d->about->cube->dimensions[section->attribute_index[i]].groups[group->values[i]].name);
    eh_json_array_close(d->writer);
}

static void write_group_rates(const document *d, const eh_audit_group *group)
{
    eh_json_writer *w = d->writer;
    for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++)
        if (eh_measure_told(d->audit, m))
            write_estimate(w, eh_measure_get(m)->name, &group->measures[m]);
    if (group != &d->audit->everybody)
        write_estimate(w, "selection_rate_shrunk", &group->selection_rate_shrunk);
    if (d->audit->has & EH_NEEDS_LABEL) {
        eh_json_number(w, "tp", group->withheld ? EH_NAN : group->tp);
        eh_json_number(w, "fp", group->withheld ? EH_NAN : group->fp);
        eh_json_number(w, "fn", group->withheld ? EH_NAN : group->fn);
        eh_json_number(w, "tn", group->withheld ? EH_NAN : group->tn);
    }
    if (d->audit->has & EH_NEEDS_VALUE)
        eh_json_number(w, "value_total", group->withheld ? EH_NAN : group->value_total);
    if (group->calibration && !group->withheld)
        write_calibration(w, group->calibration);
}

/** `section` is NULL for everybody. */
static void write_group(const document *d, const eh_audit_section *section, const eh_audit_group *group)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, section ? NULL : "everybody");
    eh_json_text(w, "group", section ? group->name : "(overall)");
    if (section && section->depth > 1)
        write_values(d, section, group);
    eh_json_integer(w, "n", (int64_t)group->decided);
    eh_json_integer(w, "rows", (int64_t)group->rows);
    eh_json_integer(w, "decided", (int64_t)group->decided);
    eh_json_number(w, "weight", group->weight);
    eh_json_number(w, "effective", group->effective);
    eh_json_boolean(w, "missing", group->missing);
    eh_json_boolean(w, "withheld", group->withheld);
    eh_json_number(w, "share_of_people", group->share_of_people);
    eh_json_number(w, "share_of_picked", group->withheld ? EH_NAN : group->share_of_picked);
    eh_json_object_open_flat(w, "reweighing");
    eh_json_number(w, "picked", group->reweigh_picked);
    eh_json_number(w, "passed", group->reweigh_passed);
    eh_json_object_close(w);
    write_group_rates(d, group);
    if (section && section->bounds) {
        const eh_bounds *bounds = &section->bounds[group - section->groups];
        eh_json_object_open_flat(w, "bounds");
        eh_json_number(w, "low", bounds->low);
        eh_json_number(w, "high", bounds->high);
        eh_json_object_close(w);
    }
    eh_json_object_close(w);
}

/** NULL, which is written as null, where no group has a rate. */
static const char *name_or_null(const eh_audit_section *section, int32_t group)
{
    return group < 0 ? NULL : section->groups[group].name;
}

/* ---- comparisons ---------------------------------------------------------------------------------------------------------------- */

static void write_comparison(const document *d, const eh_audit_section *section, const eh_comparison *c)
{
    eh_json_writer *w = d->writer;
    char name[64];
    snprintf(name, sizeof name, "%s_%s", eh_measure_get(c->measure)->name, c->scale == EH_SCALE_RATIO ? "ratio" : "difference");
    eh_json_object_open_flat(w, NULL);
    eh_json_text(w, "measure", name);
    eh_json_text(w, "group", eh_group_name(section, c->group));
    eh_json_text(w, "reference", eh_group_name(section, c->reference));
    eh_json_number(w, "value", c->value);
    eh_json_number(w, "low", c->low);
    eh_json_number(w, "high", c->high);
    eh_json_number(w, "low_simultaneous", c->low_simultaneous);
    eh_json_number(w, "high_simultaneous", c->high_simultaneous);
    eh_json_number(w, "p", c->p);
    eh_json_number(w, "p_adjusted", c->p_adjusted);
    eh_json_number(w, "p_violates", c->p_violates);
    eh_json_text(w, "verdict", eh_verdict_name(c->verdict));
    eh_json_number(w, "detectable", c->detectable);
    eh_json_boolean(w, "gate", c->gate);
    eh_json_object_close(w);
}

typedef struct {
    const char *key;
    const eh_comparison *list;
    size_t count;
} comparison_list;

static void write_comparisons(const document *d, const eh_audit_section *section)
{
    const comparison_list lists[] = {{"comparisons", section->comparisons, section->comparisons_count},
                                     {"overall", section->overall, section->overall_count},
                                     {"worst_pairs", section->pairs, section->pairs_count}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        eh_json_array_open(d->writer, lists[l].key);
        for (size_t i = 0; i < lists[l].count; i++)
            write_comparison(d, section, &lists[l].list[i]);
        eh_json_array_close(d->writer);
    }
}

static void write_summary(const document *d, const eh_audit_section *section)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, "summary");
    for (size_t i = 0; i < section->summary_count; i++)
        eh_json_number(w, section->summary[i].name, section->summary[i].value);
    eh_json_object_close(w);
    eh_json_object_open(w, "summary_intervals");
    for (size_t i = 0; i < section->summary_count; i++) {
        const eh_summary *summary = &section->summary[i];
        if (isnan(summary->low) && isnan(summary->high))
            continue;
        eh_json_object_open_flat(w, summary->name);
        eh_json_number(w, "low", summary->low);
        eh_json_number(w, "high", summary->high);
        eh_json_object_close(w);
    }
    eh_json_object_close(w);
}

/* ---- within strata --------------------------------------------------------------------------------------------------------------- */

static void write_within_group(const document *d, const eh_audit_section *section, const eh_within_group *group)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open_flat(w, NULL);
    eh_json_text(w, "group", eh_group_name(section, group->group));
    write_estimate(w, "mantel_haenszel_odds_ratio", &group->table.odds_ratio);
    eh_json_number(w, "cmh_statistic", group->table.statistic);
    eh_json_number(w, "cmh_statistic_corrected", group->table.statistic_corrected);
    eh_json_number(w, "p", group->table.p);
    eh_json_number(w, "risk_difference", group->table.risk_difference);
    eh_json_number(w, "conditional_demographic_disparity", group->conditional_demographic_disparity);
    eh_json_object_close(w);
}

static void write_within(const document *d, const eh_audit_section *section)
{
    const eh_within *within = section->within;
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, "within");
    eh_json_integer(w, "strata", (int64_t)d->about->cube->strata_count);
    eh_json_text(w, "group", name_or_null(section, within->group));
    eh_json_text(w, "reference", name_or_null(section, section->reference));
    eh_json_number(w, "mantel_haenszel_odds_ratio", within->mantel_haenszel_odds_ratio);
    eh_json_number(w, "conditional_demographic_disparity", within->conditional_demographic_disparity);
    eh_json_number(w, "cmh_statistic", within->cmh_statistic);
    eh_json_number(w, "cmh_statistic_corrected", within->cmh_statistic_corrected);
    eh_json_number(w, "cmh_df", within->cmh_df);
    eh_json_number(w, "cmh_p", within->cmh_p);
    eh_json_array_open(w, "groups");
    for (size_t i = 0; i < within->groups_count; i++)
        write_within_group(d, section, &within->groups[i]);
    eh_json_array_close(w);
    eh_json_object_close(w);
}

/* ---- sections -------------------------------------------------------------------------------------------------------------------- */

static void write_section(const document *d, const eh_audit_section *section)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, NULL);
    eh_json_text(w, "name", section->name);
    if (section->depth > 1) {
        eh_json_array_open_flat(w, "attributes");
        for (uint32_t i = 0; i < section->depth; i++)
            eh_json_text(w, NULL, d->about->cube->dimensions[section->attribute_index[i]].name);
        eh_json_array_close(w);
    }
    if (section->depth == 2)
        eh_json_number(w, "cramers_v", section->association);
    eh_json_text(w, "verdict", eh_verdict_name(section->verdict));
    eh_buffer sentence = {.whole = d->writer->buffer};
    eh_say_section(d->about, d->audit, section, &sentence);
    eh_json_text(w, "sentence", sentence.ptr);
    eh_buffer_dispose(&sentence);
    eh_json_text(w, "membership", section->membership == EH_MEMBERSHIP_KNOWN ? "known" : "probable");
    eh_json_text(w, "reference", name_or_null(section, section->reference));
    eh_json_array_open(w, "groups");
    for (size_t g = 0; g < section->groups_count; g++)
        write_group(d, section, &section->groups[g]);
    eh_json_array_close(w);
    write_comparisons(d, section);
    write_summary(d, section);
    if (section->within)
        write_within(d, section);
    eh_json_object_close(w);
}

static void write_sections(const document *d, const char *key, const eh_audit_section *list, size_t count)
{
    eh_json_array_open(d->writer, key);
    for (size_t i = 0; i < count; i++)
        write_section(d, &list[i]);
    eh_json_array_close(d->writer);
}

/* ---- compared with before ------------------------------------------------------------------------------------------------------------ */

static void write_change(eh_json_writer *w, const eh_change *change)
{
    eh_json_object_open_flat(w, NULL);
    eh_json_text(w, "attribute", change->attribute);
    eh_json_text(w, "group", change->group);
    eh_json_text(w, "measure", eh_measure_get(change->measure)->name);
    eh_json_number(w, "before", change->before);
    eh_json_number(w, "now", change->now);
    eh_json_number(w, "difference", change->difference);
    eh_json_number(w, "low", change->low);
    eh_json_number(w, "high", change->high);
    eh_json_number(w, "p", change->p);
    eh_json_boolean(w, "group_is_new", change->group_is_new);
    eh_json_boolean(w, "group_is_gone", change->group_is_gone);
    eh_json_object_close(w);
}

static void write_before(const document *d)
{
    const eh_before *before = d->audit->before;
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, "before");
    eh_json_text(w, "path", d->about->before_path);
    eh_json_text(w, "verdict", eh_verdict_name(before->verdict));
    eh_json_number(w, "rows", before->rows);
    eh_json_array_open(w, "changes");
    for (size_t i = 0; i < before->changes_count; i++)
        write_change(w, &before->changes[i]);
    eh_json_array_close(w);
    eh_json_object_close(w);
}

/* ---- the document -------------------------------------------------------------------------------------------------------------------- */

/** One text of the array for each line of the notes. */
static void write_notes(const document *d)
{
    eh_json_array_open(d->writer, "notes");
    eh_buffer notes = {.whole = d->writer->buffer};
    eh_say_notes(d->about, d->audit, &notes);
    for (char *line = notes.ptr; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        eh_json_text(d->writer, NULL, line);
        line = end ? end + 1 : NULL;
    }
    eh_buffer_dispose(&notes);
    eh_json_array_close(d->writer);
}

static void write_program(const document *d)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open_flat(w, "program");
    eh_json_text(w, "name", "evenhand");
    eh_json_text(w, "version", EVENHAND_VERSION);
    eh_json_object_close(w);
    eh_json_text(w, "engine", d->about->engine_version);
}

static void write_verdict(const document *d)
{
    const eh_audit *audit = d->audit;
    eh_json_writer *w = d->writer;
    eh_buffer sentence = {.whole = d->writer->buffer};
    eh_report_headline(d->about, audit, &sentence);
    eh_json_text(w, "verdict", eh_verdict_name(audit->verdict));
    eh_json_integer(w, "exit_status", eh_verdict_exit_status(audit->verdict));
    eh_json_text(w, "headline", sentence.ptr);
    eh_buffer_dispose(&sentence);
    eh_json_integer(w, "rows", (int64_t)audit->rows);
    eh_json_integer(w, "decision_missing", (int64_t)audit->decision_missing);
    eh_json_integer(w, "label_missing", (int64_t)audit->label_missing);
    eh_json_integer(w, "score_missing", (int64_t)audit->score_missing);
    eh_json_integer(w, "value_missing", (int64_t)audit->value_missing);
    eh_json_boolean(w, "weighted", audit->weighted);
}

void eh_report_json(const eh_report_about *about, const eh_audit *audit, eh_buffer *out)
{
    eh_json_writer writer;
    eh_json_begin(&writer, out, true, false);
    document d = {about, audit, &writer};
    eh_json_object_open(&writer, NULL);
    eh_json_text(&writer, "schema_version", "1");
    write_program(&d);
    write_verdict(&d);
    write_notes(&d);
    write_options(&d);
    write_inputs(&d);
    write_group(&d, NULL, &audit->everybody);
    write_sections(&d, "attributes", audit->attributes, audit->attributes_count);
    write_sections(&d, "intersections", audit->intersections, audit->intersections_count);
    if (audit->before)
        write_before(&d);
    eh_json_object_close(&writer);
    eh_buffer_byte(out, '\n');
}
