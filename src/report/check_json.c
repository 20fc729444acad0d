/* The check as one JSON document: docs/check.schema.json. */
#include <math.h>

#include "base/json.h"
#include "report/check_report.h"
#include "report/report_int.h"

typedef struct {
    const eh_check_about *about;
    const eh_check *check;
    eh_json_writer *writer;
} document;

static void write_estimate(eh_json_writer *w, const char *key, const eh_estimate *estimate)
{
    eh_json_object_open_flat(w, key);
    eh_json_number(w, "value", estimate->value);
    eh_json_number(w, "low", estimate->low);
    eh_json_number(w, "high", estimate->high);
    eh_json_number(w, "n", estimate->n);
    eh_json_object_close(w);
}

static void write_said(eh_json_writer *w, const char *key, eh_buffer *said)
{
    if (said->len == 0)
        eh_json_null(w, key);
    else
        eh_json_text(w, key, said->ptr);
    eh_buffer_clear(said);
}

/* ---- what was asked -------------------------------------------------------------------------------------------------------- */

static void write_inputs(const document *d)
{
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "inputs");
    for (size_t i = 0; i < d->about->inputs_count; i++) {
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "path", d->about->inputs[i].path);
        eh_json_text(w, "sha256", d->about->inputs[i].sha256);
        eh_json_integer(w, "bytes", (int64_t)d->about->inputs[i].bytes);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

static void write_options(const document *d)
{
    const eh_check_options *options = &d->check->options;
    const eh_cube_spec *spec = d->about->spec;
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, "options");
    eh_json_array_open(w, "by");
    for (size_t a = 0; a < spec->attributes_count; a++) {
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "name", spec->attributes[a].expression.name);
        eh_json_text(w, "expression", spec->attributes[a].expression.sql);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    eh_json_text(w, "label", spec->label.sql);
    eh_json_text(w, "decision", d->check->decided ? spec->decision.sql : NULL);
    eh_json_text(w, "weight", spec->weight.sql);
    eh_json_text(w, "where", spec->where);
    eh_json_text(w, "key", d->about->key);
    eh_json_array_open_flat(w, "populations");
    for (size_t i = 0; i < d->about->populations_count; i++)
        eh_json_text(w, NULL, d->about->populations[i].path);
    eh_json_array_close(w);
    eh_json_number(w, "tolerance", options->ratio_min);
    eh_json_number(w, "confidence", options->confidence);
    eh_json_integer(w, "min_cell", (int64_t)options->cell_rows_min);
    eh_json_integer(w, "stale_days", options->stale_days);
    eh_json_text(w, "fail_at", eh_severity_name(options->fail_at));
    eh_json_boolean(w, "skip_unmatched", options->skip_unmatched);
    eh_json_object_close(w);
}

/* ---- findings ----------------------------------------------------------------------------------------------------------------- */

static void write_finding(const document *d, const eh_finding *finding, eh_buffer *said)
{
    const eh_finding_info *info = eh_finding_get(finding->kind);
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, NULL);
    eh_json_text(w, "id", info->id);
    eh_json_text(w, "title", info->title);
    eh_json_text(w, "severity", eh_severity_name(finding->severity));
    eh_json_text(w, "certainty", eh_certainty_name(finding->certainty));
    eh_check_say(d->check, finding, said);
    write_said(w, "says", said);
    eh_json_text(w, "what_to_do", info->todo);
    eh_check_say_command(d->about, finding, said);
    write_said(w, "command", said);
    eh_json_text(w, "column", finding->column);
    eh_json_text(w, "attribute", finding->attribute);
    eh_json_text(w, "group", finding->group);
    eh_json_text(w, "detail", finding->detail);
    if (finding->rows > 0 || finding->kind == EH_FINDING_ABSENT)
        eh_json_integer(w, "rows", (int64_t)finding->rows);
    else
        eh_json_null(w, "rows");
    write_estimate(w, "estimate", &finding->estimate);
    eh_json_number(w, "expected", finding->expected);
    eh_json_number(w, "factor", finding->factor);
    eh_json_number(w, "p", finding->p);
    eh_json_number(w, "p_adjusted", finding->p_adjusted);
    eh_json_object_close(w);
}

/* What was found before and is gone, what is found now and was not before. */
static void write_since(const document *d)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {.whole = d->writer->buffer};
    eh_json_writer *w = d->writer;
    if (d->check->before == NULL) {
        eh_json_null(w, "since");
        return;
    }
    eh_json_object_open(w, "since");
    eh_json_array_open(w, "gone");
    for (size_t i = 0; i < d->check->gone_count; i++) {
        eh_json_object_open(w, NULL);
        eh_json_text(w, "id", d->check->gone[i].id);
        eh_json_text(w, "severity", d->check->gone[i].severity);
        eh_json_text(w, "says", d->check->gone[i].says);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    eh_json_array_open(w, "new");
    for (size_t i = 0; i < d->check->findings_count; i++) {
        const eh_finding *finding = &d->check->findings[i];
        if (!finding->is_new)
            continue;
        eh_json_object_open(w, NULL);
        eh_json_text(w, "id", eh_finding_get(finding->kind)->id);
        eh_json_text(w, "severity", eh_severity_name(finding->severity));
        eh_check_say(d->check, finding, &said);
        write_said(w, "says", &said);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    eh_json_object_open_flat(w, "counts_before");
    for (int s = EH_SEVERITY_HIGH; s >= EH_SEVERITY_NOTE; s--)
        eh_json_integer(w, eh_severity_name((eh_severity)s), (int64_t)d->check->counts_before[s]);
    eh_json_object_close(w);
    eh_json_number(w, "effective_before", d->check->effective_before);
    eh_json_object_close(w);
}

static void write_repairs(const document *d)
{
    const eh_check_repairs *repairs = &d->about->repairs;
    eh_json_writer *w = d->writer;
    if (repairs->plan == NULL) {
        eh_json_null(w, "repairs");
        return;
    }
    eh_json_object_open(w, "repairs");
    eh_json_text(w, "plan", repairs->plan);
    eh_json_text(w, "plan_sha256", repairs->plan_sha256);
    eh_json_array_open(w, "columns");
    for (size_t i = 0; i < repairs->view.replaced_count; i++) {
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "column", repairs->view.replaced[i].column);
        eh_json_text(w, "seen_as", repairs->view.replaced[i].repaired);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    eh_json_text(w, "weight", repairs->view.weight);
    eh_json_text(w, "merged", repairs->view.merged);
    eh_json_object_close(w);
}

static void write_findings(const document *d)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {.whole = d->writer->buffer};
    eh_json_writer *w = d->writer;
    eh_json_object_open_flat(w, "counts");
    for (int s = EH_SEVERITY_HIGH; s >= EH_SEVERITY_NOTE; s--)
        eh_json_integer(w, eh_severity_name((eh_severity)s), (int64_t)d->check->counts[s]);
    eh_json_object_close(w);
    eh_json_array_open(w, "findings");
    for (size_t i = 0; i < d->check->findings_count; i++)
        write_finding(d, &d->check->findings[i], &said);
    eh_json_array_close(w);
}

static void write_untold(const document *d)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {.whole = d->writer->buffer};
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "untold");
    for (size_t i = 0; i < d->check->untold_count; i++) {
        const eh_untold *untold = &d->check->untold[i];
        eh_json_object_open(w, NULL);
        eh_json_text(w, "id", eh_untold_id(untold->kind));
        eh_json_text(w, "severity_most", eh_severity_name(untold->severity_most));
        eh_check_say_untold(d->check, untold, &said);
        write_said(w, "says", &said);
        eh_json_text(w, "attribute", untold->attribute);
        eh_json_integer(w, "rows", (int64_t)untold->rows);
        if (untold->needed > 0)
            eh_json_integer(w, "needed", (int64_t)untold->needed);
        else
            eh_json_null(w, "needed");
        eh_json_number(w, "share", untold->share);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

/* ---- representation ------------------------------------------------------------------------------------------------------------- */

static void write_share(eh_json_writer *w, const eh_check_group *group)
{
    eh_json_object_open(w, NULL);
    eh_json_text(w, "group", group->name);
    eh_json_boolean(w, "missing", group->missing);
    eh_json_boolean(w, "unmatched", group->unmatched);
    eh_json_integer(w, "rows", (int64_t)group->rows);
    write_estimate(w, "share", &group->share);
    eh_json_number(w, "population_share", group->population_share);
    eh_json_number(w, "difference", group->difference);
    eh_json_object_open_flat(w, "ratio");
    eh_json_number(w, "value", group->ratio);
    eh_json_number(w, "low", group->ratio_low);
    eh_json_number(w, "high", group->ratio_high);
    eh_json_object_close(w);
    eh_json_number(w, "standardised_difference", group->standardised);
    eh_json_number(w, "standardised_difference_weighted", group->standardised_after);
    eh_json_number(w, "p", group->p);
    eh_json_number(w, "p_adjusted", group->p_adjusted);
    eh_json_number(w, "p_violates", group->p_violates);
    eh_json_text(w, "verdict", group->population_share > 0 ? eh_verdict_name(group->verdict) : NULL);
    eh_json_object_close(w);
}

static void write_section(const document *d, const eh_check_section *section)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, NULL);
    eh_json_text(w, "attribute", section->name);
    eh_json_text(w, "population", section->population);
    eh_json_text(w, "verdict", section->population == NULL ? NULL : eh_verdict_name(section->verdict));
    eh_json_integer(w, "rows", (int64_t)section->rows_known);
    eh_json_number(w, "effective", section->effective);
    eh_json_number(w, "total_variation", section->total_variation);
    eh_json_number(w, "jensen_shannon", section->jensen_shannon);
    eh_json_number(w, "stability_index", section->stability_index);
    eh_json_number(w, "mean_standardised_difference", section->standardised_mean);
    eh_json_object_open_flat(w, "kolmogorov_smirnov");
    eh_json_number(w, "distance", section->kolmogorov);
    eh_json_number(w, "p", section->kolmogorov_p);
    eh_json_object_close(w);
    eh_json_object_open_flat(w, "chi_square");
    eh_json_number(w, "statistic", section->chi_square.statistic);
    eh_json_number(w, "df", section->chi_square.df);
    eh_json_number(w, "p", section->chi_square.p);
    eh_json_object_close(w);
    eh_json_array_open(w, "groups");
    for (size_t g = 0; g < section->groups_count; g++)
        write_share(w, &section->groups[g]);
    eh_json_array_close(w);
    eh_json_object_close(w);
}

static void write_representation(const document *d)
{
    const eh_check_weights *weights = &d->check->weights;
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "representation");
    for (size_t s = 0; s < d->check->sections_count; s++)
        write_section(d, &d->check->sections[s]);
    eh_json_array_close(w);
    if (!weights->done) {
        eh_json_null(w, "weights");
        return;
    }
    eh_json_object_open(w, "weights");
    eh_json_boolean(w, "converged", weights->converged);
    eh_json_integer(w, "rounds", weights->rounds);
    eh_json_number(w, "largest_gap", weights->largest_gap);
    eh_json_integer(w, "unreachable_groups", (int64_t)weights->unreachable);
    eh_json_number(w, "people", weights->cost.people);
    eh_json_number(w, "design_effect", weights->cost.design_effect);
    eh_json_number(w, "effective_people", weights->cost.effective_people);
    eh_json_number(w, "smallest", weights->cost.smallest);
    eh_json_number(w, "largest", weights->cost.largest);
    eh_json_object_close(w);
}

/* ---- people ------------------------------------------------------------------------------------------------------------------------ */

static void write_recovery(eh_json_writer *w, const eh_check_section *section)
{
    eh_json_object_open(w, "recovery");
    write_estimate(w, "auc", &section->recovery);
    eh_json_text(w, "group", section->recovery_group);
    eh_json_integer(w, "features", (int64_t)section->recovery_features);
    eh_json_array_open(w, "columns");
    for (size_t k = 0; k < 3 && section->recovery_columns[k] != NULL; k++) {
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "column", section->recovery_columns[k]);
        eh_json_number(w, "gain", section->recovery_gains[k]);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    eh_json_object_close(w);
}

static void write_attributes(const document *d)
{
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "attributes");
    for (size_t s = 0; s < d->check->attributes_count; s++) {
        const eh_check_section *section = &d->check->sections[s];
        eh_json_object_open(w, NULL);
        eh_json_text(w, "attribute", section->name);
        write_recovery(w, section);
        eh_json_array_open(w, "groups");
        for (size_t g = 0; g < section->groups_count; g++) {
            eh_json_object_open(w, NULL);
            eh_json_text(w, "group", section->groups[g].name);
            write_estimate(w, "base_rate", &section->groups[g].base_rate);
            eh_json_number(w, "base_rate_p_adjusted", section->groups[g].base_rate_p);
            write_estimate(w, "never_tried", &section->groups[g].never_tried);
            eh_json_number(w, "never_tried_p_adjusted", section->groups[g].never_tried_p);
            eh_json_object_close(w);
        }
        eh_json_array_close(w);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    write_estimate(w, "base_rate", &d->check->base_rate);
    write_estimate(w, "never_tried", &d->check->never_tried);
}

static void write_crossings(const document *d)
{
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, "uncovered");
    eh_json_integer(w, "possible", (int64_t)d->check->crossings_possible);
    eh_json_integer(w, "empty", (int64_t)d->check->crossings_empty);
    eh_json_integer(w, "few", (int64_t)d->check->crossings_few);
    eh_json_array_open(w, "crossings");
    for (size_t i = 0; i < d->check->crossings_count; i++) {
        const eh_check_crossing *crossing = &d->check->crossings[i];
        eh_json_object_open_flat(w, NULL);
        eh_json_text(w, "attributes", crossing->attributes);
        eh_json_text(w, "group", crossing->name);
        eh_json_integer(w, "rows", (int64_t)crossing->rows);
        eh_json_number(w, "expected_share", crossing->expected_share);
        eh_json_boolean(w, "from_population", crossing->from_population);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
    eh_json_object_close(w);
}

enum { PAIRS_TOLD_MAX = 100 };

static void write_pairs(const eh_check_twice *twice, eh_json_writer *w)
{
    static const char *const decisions[] = {[EH_PAIR_OPEN] = "open", [EH_PAIR_SAME] = "same", [EH_PAIR_DIFFERENT] = "different"};
    if (twice == NULL || !twice->looked) {
        eh_json_null(w, "pairs_exact");
        eh_json_null(w, "pairs_near");
        eh_json_null(w, "pairs_unmerged");
        eh_json_null(w, "pairs");
        return;
    }
    eh_json_integer(w, "pairs_exact", (int64_t)twice->exact);
    eh_json_integer(w, "pairs_near", (int64_t)twice->near);
    eh_json_integer(w, "pairs_unmerged", (int64_t)twice->unmerged);
    eh_json_array_open(w, "pairs");
    for (size_t i = 0; i < twice->found.pairs_count && i < PAIRS_TOLD_MAX; i++) {
        const eh_duplicate_pair *pair = &twice->found.pairs[i];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer why = {.whole = w->buffer};
        eh_duplicate_why(pair, &why);
        eh_json_object_open_flat(w, NULL);
        eh_json_array_open_flat(w, "keys");
        eh_json_text(w, NULL, pair->keys[0]);
        eh_json_text(w, NULL, pair->keys[1]);
        eh_json_array_close(w);
        eh_json_text(w, "kind", pair->exact ? "exact" : "near");
        eh_json_text(w, "why", why.ptr == NULL ? "" : why.ptr);
        eh_json_text(w, "decision", decisions[pair->decision]);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

static void write_duplicates(const document *d)
{
    const eh_profile *profile = d->check->profile;
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, "duplicates");
    eh_json_integer(w, "rows", (int64_t)profile->repeated);
    eh_json_integer(w, "rows_but_key", (int64_t)profile->repeated_but_key);
    eh_json_text(w, "key", profile->key_column);
    eh_json_integer(w, "key_missing", (int64_t)profile->key_missing);
    eh_json_integer(w, "key_repeated", (int64_t)profile->key_repeated);
    eh_json_array_open_flat(w, "key_examples");
    for (size_t i = 0; i < profile->key_examples_count; i++)
        eh_json_text(w, NULL, profile->key_examples[i]);
    eh_json_array_close(w);
    write_pairs(d->check->twice, w);
    eh_json_object_close(w);
}

/* ---- columns ------------------------------------------------------------------------------------------------------------------------- */

static void write_numbers(eh_json_writer *w, const eh_profile_column *column)
{
    static const struct {
        const char *name;
        size_t at;
    } told[] = {{"min", 0}, {"quarter", 16}, {"median", 32}, {"three_quarters", 48}, {"max", 64}};
    eh_json_object_open_flat(w, "range");
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        eh_json_number(w, told[i].name, column->quantiles[told[i].at]);
    eh_json_integer(w, "negative", (int64_t)column->negative);
    eh_json_integer(w, "zero", (int64_t)column->zero);
    eh_json_text(w, "first", column->first);
    eh_json_text(w, "last", column->last);
    eh_json_object_close(w);
}

static void write_bins(eh_json_writer *w, const eh_profile_column *column)
{
    if (column->bins == NULL) {
        eh_json_null(w, "bins");
        return;
    }
    eh_json_object_open(w, "bins");
    if (column->kind == EH_KIND_NUMBER || column->kind == EH_KIND_DATE) {
        eh_json_array_open_flat(w, "edges");
        for (size_t i = 0; i < column->edges_count; i++)
            eh_json_number(w, NULL, column->edges[i]);
        eh_json_array_close(w);
    }
    eh_json_array_open_flat(w, "names");
    for (size_t b = 0; b < column->bins_count; b++)
        eh_json_text(w, NULL, column->bin_names[b]);
    eh_json_array_close(w);
    eh_json_array_open_flat(w, "counts");
    for (size_t b = 0; b < column->bins_count; b++)
        eh_json_integer(w, NULL, (int64_t)column->bin_counts[b]);
    eh_json_array_close(w);
    eh_json_object_close(w);
}

static void write_by_attribute(const document *d, const eh_check_column *column)
{
    eh_json_writer *w = d->writer;
    eh_json_array_open(w, "by");
    for (size_t a = 0, at = 0; a < d->check->attributes_count; at += d->check->cube->dimensions[a++].groups_count) {
        if (column->missing_by == NULL && isnan(column->cramers_v[a]))
            continue;
        eh_json_object_open(w, NULL);
        eh_json_text(w, "attribute", d->check->cube->dimensions[a].name);
        eh_json_number(w, "cramers_v", column->cramers_v[a]);
        eh_json_number(w, "mutual_information", column->mutual_information[a]);
        eh_json_number(w, "missing_p_adjusted", column->missing_by == NULL ? EH_NAN : column->missing_p[a]);
        eh_json_array_open_flat(w, "missing");
        for (size_t g = 0; column->missing_by != NULL && g < d->check->cube->dimensions[a].groups_count; g++)
            eh_json_number(w, NULL, column->missing_by[at + g].value);
        eh_json_array_close(w);
        eh_json_object_close(w);
    }
    eh_json_array_close(w);
}

static void write_column(const document *d, const eh_check_column *column)
{
    static const char *const kinds[] = {"number", "boolean", "date", "text", "nested"};
    const eh_profile_column *of = column->column;
    eh_json_writer *w = d->writer;
    eh_json_object_open(w, NULL);
    eh_json_text(w, "name", of->name);
    eh_json_text(w, "type", of->type);
    eh_json_text(w, "kind", kinds[of->kind]);
    eh_json_boolean(w, "feature", column->feature);
    write_estimate(w, "missing", &column->missing);
    eh_json_integer(w, "nulls", (int64_t)of->missing);
    eh_json_integer(w, "blanks", (int64_t)of->blank);
    eh_json_integer(w, "distinct", (int64_t)of->distinct);
    eh_json_boolean(w, "distinct_exact", of->distinct_exact);
    write_numbers(w, of);
    write_by_attribute(d, column);
    write_estimate(w, "outcome_auc", &column->leak);
    eh_json_object_open_flat(w, "drift");
    eh_json_number(w, "stability_index", column->stability_index);
    eh_json_number(w, "kolmogorov_smirnov", column->kolmogorov);
    eh_json_number(w, "p", column->kolmogorov_p);
    eh_json_object_close(w);
    write_bins(w, of);
    eh_json_object_close(w);
}

void eh_check_json(const eh_check_about *about, const eh_check *check, eh_buffer *out)
{
    eh_json_writer writer;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {.whole = out};
    document d = {about, check, &writer};
    char now[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(check->options.now, EH_FRACTION_NONE, now);
    eh_json_begin(&writer, out, true, false);
    eh_json_object_open(&writer, NULL);
    eh_json_text(&writer, "kind", "check");
    eh_json_text(&writer, "version", EVENHAND_VERSION);
    eh_json_text(&writer, "engine", about->engine_version);
    eh_json_text(&writer, "as_of", now);
    eh_json_text(&writer, "shop", about->workspace);
    eh_check_headline(about, check, &said);
    write_said(&writer, "headline", &said);
    eh_json_integer(&writer, "exit_status", check->exit_status);
    write_inputs(&d);
    write_options(&d);
    eh_json_integer(&writer, "rows", (int64_t)check->profile->rows);
    eh_json_integer(&writer, "rows_binned", (int64_t)check->profile->rows_binned);
    eh_json_boolean(&writer, "weighted", check->weighted);
    eh_json_number(&writer, "effective", check->effective);
    write_repairs(&d);
    eh_json_text(&writer, "before", check->before);
    write_findings(&d);
    write_untold(&d);
    write_since(&d);
    write_representation(&d);
    write_attributes(&d);
    write_crossings(&d);
    write_duplicates(&d);
    eh_json_array_open(&writer, "columns");
    for (size_t i = 0; i < check->columns_count; i++)
        write_column(&d, &check->columns[i]);
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(out, '\n');
}
