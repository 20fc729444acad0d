/* The check: findings, and the order in which they are looked for. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/check_int.h"
#include "base/json.h"

/* ---- names -------------------------------------------------------------------------------------------------------------------- */

const char *eh_severity_name(eh_severity severity)
{
    static const char *const names[] = {"note", "low", "medium", "high"};
    return names[severity];
}

const char *eh_certainty_name(eh_certainty certainty)
{
    static const char *const names[] = {"not enough evidence", "sure", "counted"};
    return names[certainty];
}

static const eh_finding_info infos[EH_FINDINGS_COUNT] = {
    [EH_FINDING_ABSENT] = {"absent", "A group is absent", "Collect data from this group; weights cannot bring back people who are not there.", NULL},
    [EH_FINDING_TOO_FEW] = {"too_few", "Too few of a group", "Weight the data to the population (rake), or collect more of this group.", "evenhand repair --propose"},
    [EH_FINDING_TOO_MANY] = {"too_many", "Too many of a group", "Weight the data to the population (rake).", "evenhand repair --propose"},
    [EH_FINDING_WEIGHTS_COST] = {"weights_cost", "Weights would cost much", "Trim the weights, join small groups, or collect more of the groups that are missing.",
                                 "evenhand repair --propose"},
    [EH_FINDING_UNCOVERED] = {"uncovered", "Crossings that nobody looks at", "Collect more of these people, or say openly that nothing is known about them.",
                              "evenhand audit --intersections 3"},
    [EH_FINDING_NEVER_TRIED] = {"never_tried", "People who were never tried",
                                "Keep a random holdout that includes them, so that their outcome becomes known; a model learns nothing about them otherwise.", NULL},
    [EH_FINDING_BASE_RATE] = {"base_rate", "Outcomes differ between groups",
                              "Ask why before a model learns it: reweigh outcome and group apart, or constrain the fit.", "evenhand repair --propose"},
    [EH_FINDING_RECOVERABLE] = {"recoverable", "The group can be told from the features",
                                "Leaving the attribute out does not make a model blind to it: audit its decisions, drop or decorrelate what tells most.",
                                "evenhand repair --propose"},
    [EH_FINDING_PROXY] = {"proxy", "A column stands for a group", "Drop it from the features, or decorrelate it, unless it is needed and the reason is written down.",
                          "evenhand repair --propose"},
    [EH_FINDING_LEAK] = {"leak", "A column tells the outcome", "Make sure that it is known before the decision; if it is not, keep it out of the features.",
                         "evenhand repair --propose"},
    [EH_FINDING_KEY_REPEATED] = {"key_repeated", "The key names several rows", "Decide for each pair which row stays, in a decisions file.", "evenhand repair --propose"},
    [EH_FINDING_KEY_MISSING] = {"key_missing", "Rows without a key", "Give these rows a key at the source; decisions about them cannot be explained.", NULL},
    [EH_FINDING_TWICE] = {"near_duplicates", "People who may be in twice", "Decide for each pair whether it is one person (nothing is merged before), then merge them by a repair.",
                          "evenhand duplicates"},
    [EH_FINDING_DUPLICATES] = {"duplicates", "Rows that are the same", "Decide whether they are one person; merge them in a decisions file.", "evenhand repair --propose"},
    [EH_FINDING_DUPLICATES_BUT_KEY] = {"duplicates_but_key", "Rows that differ in their key only",
                                       "Look whether these are the same people under two keys; merge them in a decisions file.", "evenhand repair --propose"},
    [EH_FINDING_EMPTY] = {"empty", "A column without values", "Leave it out, or repair what should fill it.", "evenhand repair --propose"},
    [EH_FINDING_MISSING] = {"missing", "Values are missing", "Find out why; impute them with a flag that says so.", "evenhand repair --propose"},
    [EH_FINDING_MISSING_BY_GROUP] = {"missing_by_group", "Values are missing more often for one group",
                                     "Repair the source; until then impute with a flag. Values filled group by group would write the group into the column.", "evenhand repair --propose"},
    [EH_FINDING_IMPOSSIBLE] = {"impossible", "Values that cannot be", "Correct them at the source; until then treat them as missing.", "evenhand repair --propose"},
    [EH_FINDING_FUTURE] = {"future", "Dates in the future", "Correct them at the source: what has not happened yet must not be learnt from.", "evenhand repair --propose"},
    [EH_FINDING_PLACEHOLDER] = {"placeholder", "A number that means \"not known\"", "Treat it as missing, with a flag.", "evenhand repair --propose"},
    [EH_FINDING_UNITS] = {"units", "Two units in one column", "Bring all values to one unit.", "evenhand repair --propose"},
    [EH_FINDING_STALE] = {"stale", "Nothing new", "Bring newer data, or make sure that none is missing.", NULL},
    [EH_FINDING_CONSTANT] = {"constant", "A column that is the same everywhere", "Leave it out: it tells nothing.", "evenhand repair --propose"},
    [EH_FINDING_DRIFT] = {"drift", "Changed since the last check", "Find out what changed: the people, or the way they are recorded. Check models that were trained before.",
                          "evenhand check --before"},
};

const eh_finding_info *eh_finding_get(eh_finding_kind kind)
{
    return &infos[kind];
}

/* ---- what all parts use ------------------------------------------------------------------------------------------------------------ */

eh_finding *check_finding(check_run *run, eh_finding_kind kind, eh_severity severity, eh_certainty certainty)
{
    if (run->findings_count == EH_CHECK_FINDINGS_MAX)
        return NULL;
    eh_finding *finding = &run->findings[run->findings_count++];
    *finding = (eh_finding){.kind = kind, .severity = severity, .certainty = certainty, .estimate = {EH_NAN, EH_NAN, EH_NAN, 0}, .expected = EH_NAN,
                            .p = EH_NAN, .p_adjusted = EH_NAN, .factor = EH_NAN};
    return finding;
}

double check_alpha(const check_run *run)
{
    return 1 - run->options.confidence;
}

eh_estimate check_share(double successes, double trials, double confidence)
{
    if (!(trials > 0))
        return (eh_estimate){EH_NAN, EH_NAN, EH_NAN, 0};
    eh_interval interval = eh_interval_wilson((eh_proportion){successes, trials}, confidence);
    return (eh_estimate){successes / trials, interval.low, interval.high, trials};
}

eh_code check_holm(check_run *run, double *p, size_t count)
{
    size_t *scratch = EH_TAKE(run->arena, count, size_t);
    double *adjusted = EH_TAKE(run->arena, count, double);
    if (scratch == NULL || adjusted == NULL)
        return eh_fail_memory(run->error);
    eh_adjust_holm(p, count, scratch, adjusted);
    if (count > 0)
        memcpy(p, adjusted, count * sizeof *p);
    return EH_OK;
}

bool check_name_says(const char *name, const char *const *words)
{
    for (size_t at = 0; name[at] != '\0';) {
        size_t len = 0;
        while (isalpha((unsigned char)name[at + len]))
            len++;
        /* "orderAge" is two words; "AGE" is one. */
        for (size_t start = at, i = at + 1; i <= at + len; i++) {
            bool boundary = i == at + len || (islower((unsigned char)name[i - 1]) && isupper((unsigned char)name[i]));
            if (!boundary)
                continue;
            for (size_t w = 0; words[w] != NULL; w++)
                if (eh_view_equal_nocase((eh_view){name + start, i - start}, eh_view_of(words[w])))
                    return true;
            start = i;
        }
        at += len > 0 ? len : 1;
    }
    return false;
}

/* ---- columns and their parts ----------------------------------------------------------------------------------------------------------- */

static bool is_feature(const check_run *run, const eh_profile_column *column)
{
    const eh_cube_spec *spec = run->in->spec;
    const char *const others[] = {spec->label.sql, spec->decision.sql, spec->weight.sql};
    for (size_t a = 0; a < spec->attributes_count; a++)
        if (eh_expression_reads(spec->attributes[a].expression.sql, column->name))
            return false;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (others[i] != NULL && eh_expression_reads(others[i], column->name))
            return false;
    for (size_t i = 0; i < run->options.ignored_count; i++)
        if (eh_view_equal_nocase(eh_view_of(run->options.ignored[i]), eh_view_of(column->name)))
            return false;
    bool key = run->check->profile->key_column != NULL && strcmp(run->check->profile->key_column, column->name) == 0;
    return !key && column->kind != EH_KIND_NESTED;
}

static bool is_as_of(const check_run *run, const char *name)
{
    for (size_t i = 0; i < run->in->as_of_count; i++)
        if (strcmp(run->in->as_of[i], name) == 0)
            return true;
    return false;
}

static eh_code columns_open(check_run *run)
{
    const eh_profile *profile = run->in->profile;
    size_t attributes = run->cube == NULL ? 0 : run->cube->dimensions_count;
    double *links = EH_TAKE(run->arena, 2 * attributes * profile->columns_count + 1, double);
    run->columns = EH_TAKE(run->arena, profile->columns_count, eh_check_column);
    if (links == NULL || run->columns == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < 2 * attributes * profile->columns_count; i++)
        links[i] = EH_NAN;
    for (size_t i = 0; i < profile->columns_count; i++)
        run->columns[i] = (eh_check_column){.column = &profile->columns[i], .feature = is_feature(run, &profile->columns[i]), .as_of = is_as_of(run, profile->columns[i].name),
                                            .cramers_v = links + 2 * attributes * i, .mutual_information = links + 2 * attributes * i + attributes,
                                            .leak = {EH_NAN, EH_NAN, EH_NAN, 0}, .stability_index = EH_NAN, .kolmogorov = EH_NAN, .kolmogorov_p = EH_NAN};
    run->check->columns = run->columns;
    run->check->columns_count = profile->columns_count;
    return EH_OK;
}

/* ---- the order of findings ------------------------------------------------------------------------------------------------------------------ */

static double size_of(const eh_finding *finding)
{
    static const bool by_gap[EH_FINDINGS_COUNT] = {[EH_FINDING_ABSENT] = true, [EH_FINDING_TOO_FEW] = true, [EH_FINDING_TOO_MANY] = true};
    if (by_gap[finding->kind])
        return fabs((isnan(finding->estimate.value) ? 0 : finding->estimate.value) - finding->expected);
    return isnan(finding->estimate.value) ? 0 : finding->estimate.value;
}

static int by_gravity(const void *left, const void *right)
{
    const eh_finding *a = left, *b = right;
    if (a->severity != b->severity)
        return a->severity > b->severity ? -1 : 1;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    double size_a = size_of(a), size_b = size_of(b);
    if (size_a != size_b)
        return size_a > size_b ? -1 : 1;
    const char *const texts[3][2] = {{a->column, b->column}, {a->attribute, b->attribute}, {a->group, b->group}};
    for (size_t i = 0; i < 3; i++) {
        int order = strcmp(texts[i][0] == NULL ? "" : texts[i][0], texts[i][1] == NULL ? "" : texts[i][1]);
        if (order != 0)
            return order;
    }
    return 0;
}

static void settle(check_run *run)
{
    eh_check *check = run->check;
    qsort(run->findings, run->findings_count, sizeof *run->findings, by_gravity);
    check->findings = run->findings;
    check->findings_count = run->findings_count;
    bool failed = false, untold = false;
    for (size_t i = 0; i < check->untold_count; i++)
        untold = untold || check->untold[i].severity_most >= run->options.fail_at;
    for (size_t i = 0; i < run->findings_count; i++) {
        check->counts[run->findings[i].severity]++;
        failed = failed || run->findings[i].severity >= run->options.fail_at;
    }
    check->exit_status = failed ? 1 : untold ? 3 : 0;
}

static uint64_t before_rows(const void *before)
{
    double rows = eh_json_as_number(eh_json_member(before, "rows_binned"));
    return rows > 0 ? (uint64_t)rows : 0;
}

static double effective_rows(const eh_check_input *input)
{
    double weight = 0, squares = 0;
    if (input->cube == NULL || !input->cube->weighted)
        return (double)input->profile->rows;
    for (size_t c = 0; c < input->cube->cells_count; c++) {
        weight += input->cube->cells[c].weight;
        squares += input->cube->cells[c].weight_squares;
    }
    return squares > 0 ? weight * weight / squares : EH_NAN;
}

eh_code eh_check_run(const eh_check_input *input, const eh_check_options *options, eh_arena *arena, const eh_check **check_out, eh_error *error)
{
    check_run *run = EH_TAKE(arena, 1, check_run);
    eh_check *check = EH_TAKE(arena, 1, eh_check);
    eh_finding *findings = EH_TAKE(arena, EH_CHECK_FINDINGS_MAX, eh_finding);
    if (run == NULL || check == NULL || findings == NULL)
        return eh_fail_memory(error);
    EH_ASSERT(input->populations_count <= EH_POPULATIONS_MAX);
    *run = (check_run){.in = input, .arena = arena, .error = error, .check = check, .options = *options, .cube = input->cube, .findings = findings};
    *check = (eh_check){.options = *options, .profile = input->profile, .cube = input->cube, .labelled = input->profile->label != NULL,
                        .decided = input->profile->decision != NULL, .weighted = input->cube != NULL && input->cube->weighted, .twice = input->twice,
                        .before = input->before == NULL ? NULL : input->before_path,
                        .before_rows = input->before == NULL ? 0 : before_rows(input->before)};
    EH_TRY(columns_open(run));
    check->effective = effective_rows(input);
    EH_TRY(check_shares(run));
    EH_TRY(check_people(run));
    EH_TRY(check_columns(run));
    EH_TRY(check_links(run));
    EH_TRY(check_drift(run));
    EH_TRY(check_untold(run));
    settle(run);
    EH_TRY(check_since(run));
    *check_out = check;
    return EH_OK;
}
