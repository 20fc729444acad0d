/* Findings of the check in plain English: every format takes its words from here. */
#include <math.h>
#include <string.h>

#include "report/check_report.h"
#include "report/report_int.h"

/* ---- pieces ------------------------------------------------------------------------------------------------------------------ */

static void name(eh_buffer *out, const char *text)
{
    eh_say_name(out, text == NULL ? "" : text, EH_SAY_NAME_COLUMNS);
}

/* "people with age = 65 and over" */
static void people(eh_buffer *out, const eh_finding *finding)
{
    eh_buffer_text(out, "people with ");
    name(out, finding->attribute);
    eh_buffer_text(out, " = ");
    name(out, finding->group);
}

static void range(eh_buffer *out, const eh_estimate *estimate)
{
    if (isnan(estimate->low) || isnan(estimate->high))
        return;
    eh_buffer_text(out, " (");
    eh_say_decimal(out, estimate->low * 100, 1);
    eh_buffer_text(out, " to ");
    eh_say_percent(out, estimate->high);
    eh_buffer_text(out, ")");
}

static void percent(eh_buffer *out, const eh_estimate *estimate)
{
    eh_say_percent(out, estimate->value);
    range(out, estimate);
}

static void rows(eh_buffer *out, uint64_t count)
{
    eh_say_count(out, count);
    eh_buffer_text(out, count == 1 ? " row" : " rows");
}

/* "12 rows (0.3 %)" */
static void rows_share(eh_buffer *out, const eh_finding *finding)
{
    rows(out, finding->rows);
    eh_buffer_text(out, " (");
    eh_say_percent(out, finding->estimate.value);
    eh_buffer_text(out, ")");
}

/* ---- kinds --------------------------------------------------------------------------------------------------------------------- */

static void say_absent(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "Nobody in the data has ");
    name(out, finding->attribute);
    eh_buffer_text(out, " = ");
    name(out, finding->group);
    eh_buffer_text(out, "; in the population they are ");
    eh_say_percent(out, finding->expected);
    eh_buffer_text(out, ".");
}

static void say_share(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    size_t start = out->len;
    people(out, finding);
    eh_say_capital(out, start);
    eh_buffer_text(out, " are ");
    percent(out, &finding->estimate);
    eh_buffer_text(out, " of the data and ");
    eh_say_percent(out, finding->expected);
    eh_buffer_text(out, " of the population: ");
    if (finding->factor < 1) {
        eh_say_percent(out, finding->factor);
        eh_buffer_text(out, " of what they should be.");
    } else {
        eh_say_factor(out, finding->factor);
        eh_buffer_text(out, " times what they should be.");
    }
}

static void say_weights(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "Weights that match the population make ");
    eh_say_count(out, (uint64_t)finding->expected);
    eh_buffer_text(out, " rows worth ");
    eh_say_count(out, (uint64_t)finding->estimate.n);
    eh_buffer_text(out, " (design effect ");
    eh_say_decimal(out, finding->estimate.value, 2);
    eh_buffer_text(out, "); the largest weight is ");
    eh_say_factor(out, finding->factor);
    eh_buffer_text(out, " times the mean.");
}

static void say_uncovered(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    eh_buffer_text(out, "Of ");
    eh_say_count(out, check->crossings_possible);
    eh_buffer_text(out, " crossings of two or three attributes ");
    eh_say_count(out, check->crossings_empty);
    eh_buffer_text(out, " hold nobody and ");
    eh_say_count(out, check->crossings_few);
    eh_buffer_text(out, " fewer than ");
    rows(out, check->options.cell_rows_min);
    eh_buffer_text(out, "; the largest gap is ");
    name(out, finding->group);
    eh_buffer_text(out, " with ");
    rows(out, finding->rows);
    eh_buffer_text(out, ", where ");
    eh_say_percent(out, finding->expected);
    eh_buffer_text(out, " of all people are expected.");
}

static void say_never_tried(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    percent(out, &finding->estimate);
    eh_buffer_text(out, check->decided ? " of people were never tried, so nobody knows what they would have done" : " of people have no outcome");
    if (finding->group != NULL) {
        eh_buffer_text(out, "; most often ");
        people(out, finding);
        eh_buffer_text(out, ": ");
        eh_say_percent(out, finding->expected);
    }
    eh_buffer_text(out, ".");
}

static void say_base_rate(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The outcome is true for ");
    percent(out, &finding->estimate);
    eh_buffer_text(out, " of ");
    people(out, finding);
    eh_buffer_text(out, " and for ");
    eh_say_percent(out, finding->expected);
    if (finding->detail != NULL) {
        eh_buffer_text(out, " of people with ");
        name(out, finding->attribute);
        eh_buffer_text(out, " = ");
        name(out, finding->detail);
        eh_buffer_text(out, ".");
    } else {
        eh_buffer_text(out, " of all.");
    }
}

static void say_recoverable(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "From all features together ");
    people(out, finding);
    eh_buffer_text(out, " can be told from others with an AUC of ");
    eh_say_decimal(out, finding->estimate.value, 3);
    eh_buffer_text(out, " (");
    eh_say_decimal(out, finding->estimate.low, 3);
    eh_buffer_text(out, " to ");
    eh_say_decimal(out, finding->estimate.high, 3);
    eh_buffer_text(out, "; .5 is chance, 1 is always)");
    if (finding->detail != NULL) {
        eh_buffer_text(out, "; most is told by ");
        name(out, finding->detail);
    }
    eh_buffer_text(out, ".");
}

static void say_proxy(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    eh_buffer_text(out, " tells much about ");
    name(out, finding->attribute);
    eh_buffer_text(out, ": Cram\u00e9r's V ");
    eh_say_decimal(out, finding->estimate.value, 2);
    eh_buffer_text(out, ", normalised mutual information ");
    eh_say_decimal(out, finding->expected, 3);
    eh_buffer_text(out, ".");
}

static bool is_as_of(const eh_check *check, const char *column)
{
    for (size_t i = 0; i < check->columns_count; i++)
        if (strcmp(check->columns[i].column->name, column) == 0)
            return check->columns[i].as_of;
    return false;
}

static void say_leak(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    if (finding->detail != NULL) {
        eh_buffer_text(out, " decides the outcome where it is ");
        name(out, finding->detail);
        eh_buffer_text(out, " (");
        rows(out, finding->rows);
        eh_buffer_text(out, ", no exception); alone it predicts it with an AUC of ");
    } else {
        eh_buffer_text(out, " alone predicts the outcome with an AUC of ");
    }
    eh_say_decimal(out, finding->estimate.value, 3);
    eh_buffer_text(out, " (");
    eh_say_decimal(out, finding->estimate.low, 3);
    eh_buffer_text(out, " to ");
    eh_say_decimal(out, finding->estimate.high, 3);
    eh_buffer_text(out, is_as_of(check, finding->column) ? "). It is made of what was known before, so it gives nothing away; do both say the same thing?"
                                                         : "): is it known before the decision?");
}

static void say_key(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The key ");
    name(out, finding->column);
    if (finding->kind == EH_FINDING_KEY_MISSING) {
        eh_buffer_text(out, " is missing in ");
        rows_share(out, finding);
        eh_buffer_text(out, ".");
        return;
    }
    eh_buffer_text(out, " is not unique: ");
    rows_share(out, finding);
    eh_buffer_text(out, " have one that an earlier row has");
    if (finding->detail != NULL) {
        eh_buffer_text(out, ", for example ");
        name(out, finding->detail);
    }
    eh_buffer_text(out, ".");
}

static void say_duplicates(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    size_t start = out->len;
    rows_share(out, finding);
    eh_say_capital(out, start);
    eh_buffer_text(out, finding->rows == 1 ? " is the same as an earlier one" : " are the same as an earlier one");
    if (finding->kind == EH_FINDING_DUPLICATES_BUT_KEY) {
        eh_buffer_text(out, " in everything but ");
        name(out, finding->column);
    } else {
        eh_buffer_text(out, " in every column");
    }
    eh_buffer_text(out, ".");
}

static void say_twice(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    const eh_check_twice *twice = check->twice;
    size_t open = twice->exact + twice->near;
    (void)finding;
    if (open > 0) {
        eh_buffer_format(out, open == 1 ? "%zu pair of people looks like one person" : "%zu pairs of people look like one person each", open);
        eh_buffer_format(out, ": %zu by the same e-mail address, telephone number or key, %zu by names and addresses that are alike", twice->exact, twice->near);
        for (size_t i = 0; i < twice->found.pairs_count; i++) {
            const eh_duplicate_pair *pair = &twice->found.pairs[i];
            if (pair->decision != EH_PAIR_OPEN)
                continue;
            eh_buffer_text(out, ", for example ");
            name(out, pair->keys[0]);
            eh_buffer_text(out, " and ");
            name(out, pair->keys[1]);
            break;
        }
        eh_buffer_byte(out, '.');
    }
    if (twice->unmerged > 0)
        eh_buffer_format(out, twice->unmerged == 1 ? "%s%zu pair was decided to be one person and is not merged yet." : "%s%zu pairs were decided to be one person and are not merged yet.",
                         open > 0 ? " " : "", twice->unmerged);
}

static void say_missing(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    if (finding->kind == EH_FINDING_EMPTY) {
        eh_buffer_text(out, " has no value in any row.");
        return;
    }
    eh_buffer_text(out, " has no value in ");
    rows_share(out, finding);
    eh_buffer_text(out, ".");
}

static void say_missing_by_group(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    eh_buffer_text(out, " is missing for ");
    percent(out, &finding->estimate);
    eh_buffer_text(out, " of ");
    people(out, finding);
    eh_buffer_text(out, " and for ");
    eh_say_percent(out, finding->expected);
    eh_buffer_text(out, " of people with ");
    name(out, finding->attribute);
    eh_buffer_text(out, " = ");
    name(out, finding->detail);
    eh_buffer_text(out, ".");
}

static void say_impossible(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    eh_buffer_text(out, " is ");
    eh_buffer_text(out, finding->detail);
    eh_buffer_text(out, " in ");
    rows_share(out, finding);
    eh_buffer_text(out, ".");
}

static void say_future(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    char now[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(check->options.now, EH_FRACTION_NONE, now);
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    eh_buffer_text(out, " holds dates after ");
    eh_buffer_append(out, (eh_view){now, 10});
    eh_buffer_text(out, " in ");
    rows_share(out, finding);
    eh_buffer_text(out, "; the last is ");
    name(out, finding->detail);
    eh_buffer_text(out, ".");
}

static void say_placeholder(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    eh_buffer_text(out, " is ");
    eh_buffer_text(out, finding->detail);
    eh_buffer_text(out, " in ");
    rows_share(out, finding);
    eh_buffer_text(out, ", far from every other value: it seems to mean \"not known\".");
}

static void say_units(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    eh_buffer_text(out, " seems to hold two units: values below and above ");
    eh_buffer_format(out, "%.4g", finding->expected);
    eh_buffer_text(out, " are two heaps that lie apart by a factor of about ");
    eh_buffer_format(out, "%.4g", finding->factor);
    eh_buffer_text(out, "; the smaller heap has ");
    rows_share(out, finding);
    eh_buffer_text(out, ".");
}

static void say_stale(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The newest ");
    name(out, finding->column);
    eh_buffer_text(out, " is ");
    name(out, finding->detail);
    eh_buffer_text(out, ", ");
    eh_say_count(out, (uint64_t)finding->factor);
    eh_buffer_text(out, " days before this check.");
}

static void say_constant(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    eh_buffer_text(out, " is ");
    name(out, finding->detail);
    eh_buffer_text(out, " in every row.");
}

static void say_drift(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    (void)check;
    eh_buffer_text(out, "The column ");
    name(out, finding->column);
    eh_buffer_text(out, " has changed since the earlier check: stability index ");
    eh_say_decimal(out, finding->estimate.value, 2);
    if (!isnan(finding->expected)) {
        eh_buffer_text(out, ", Kolmogorov-Smirnov distance ");
        eh_say_decimal(out, finding->expected, 2);
    }
    eh_buffer_text(out, ".");
}

static void (*const sayings[EH_FINDINGS_COUNT])(const eh_check *, const eh_finding *, eh_buffer *) = {
    [EH_FINDING_ABSENT] = say_absent,
    [EH_FINDING_TOO_FEW] = say_share,
    [EH_FINDING_TOO_MANY] = say_share,
    [EH_FINDING_WEIGHTS_COST] = say_weights,
    [EH_FINDING_UNCOVERED] = say_uncovered,
    [EH_FINDING_NEVER_TRIED] = say_never_tried,
    [EH_FINDING_BASE_RATE] = say_base_rate,
    [EH_FINDING_RECOVERABLE] = say_recoverable,
    [EH_FINDING_PROXY] = say_proxy,
    [EH_FINDING_LEAK] = say_leak,
    [EH_FINDING_KEY_REPEATED] = say_key,
    [EH_FINDING_KEY_MISSING] = say_key,
    [EH_FINDING_TWICE] = say_twice,
    [EH_FINDING_DUPLICATES] = say_duplicates,
    [EH_FINDING_DUPLICATES_BUT_KEY] = say_duplicates,
    [EH_FINDING_EMPTY] = say_missing,
    [EH_FINDING_MISSING] = say_missing,
    [EH_FINDING_MISSING_BY_GROUP] = say_missing_by_group,
    [EH_FINDING_IMPOSSIBLE] = say_impossible,
    [EH_FINDING_FUTURE] = say_future,
    [EH_FINDING_PLACEHOLDER] = say_placeholder,
    [EH_FINDING_UNITS] = say_units,
    [EH_FINDING_STALE] = say_stale,
    [EH_FINDING_CONSTANT] = say_constant,
    [EH_FINDING_DRIFT] = say_drift,
};

void eh_check_say(const eh_check *check, const eh_finding *finding, eh_buffer *out)
{
    sayings[finding->kind](check, finding, out);
}

void eh_check_say_certainty(const eh_finding *finding, eh_buffer *out)
{
    eh_buffer_text(out, eh_certainty_name(finding->certainty));
    bool adjusted = !isnan(finding->p_adjusted);
    double p = adjusted ? finding->p_adjusted : finding->p;
    if (finding->certainty != EH_CERTAINTY_SURE || isnan(p))
        return;
    eh_buffer_text(out, p < 0.001 ? " (p " : " (p = ");
    eh_say_p(out, p);
    eh_buffer_text(out, adjusted ? ", adjusted)" : ")");
}

void eh_check_say_command(const eh_check_about *about, const eh_finding *finding, eh_buffer *out)
{
    const char *command = eh_finding_get(finding->kind)->command;
    if (command == NULL)
        return;
    /* Pairs of a file are decided in a table, for which the plan has a place. */
    if (finding->kind == EH_FINDING_TWICE && about->workspace == NULL)
        command = "evenhand repair --propose";
    eh_buffer_text(out, command);
    if (strstr(command, "repair") == NULL)
        return;
    eh_buffer_format(out, "%s%s > repairs.yaml", about->arguments[0] == '\0' ? "" : " ", about->arguments);
}

static void named_as(eh_buffer *out, const char *before, const char *text, const char *is, const char *other)
{
    eh_buffer_text(out, before);
    name(out, text);
    eh_buffer_text(out, is);
    name(out, other);
}

void eh_check_say_repairs(const eh_check_about *about, eh_buffer *out)
{
    const eh_check_repairs *repairs = &about->repairs;
    const char *slash = repairs->plan == NULL ? NULL : strrchr(repairs->plan, '/');
    if (repairs->plan == NULL)
        return;
    eh_buffer_text(out, " With the repairs of ");
    name(out, slash == NULL ? repairs->plan : slash + 1);
    for (size_t i = 0; i < repairs->view.replaced_count; i++)
        named_as(out, i == 0 ? ": " : ", ", repairs->view.replaced[i].column, " is ", repairs->view.replaced[i].repaired);
    if (repairs->view.weight != NULL)
        named_as(out, repairs->view.replaced_count == 0 ? ": " : "; ", "the weight", " is ", repairs->view.weight);
    if (repairs->view.merged != NULL)
        eh_buffer_text(out, "; people who are in twice are counted once");
    eh_buffer_byte(out, '.');
}

/* ---- the headline ---------------------------------------------------------------------------------------------------------------------- */

void eh_check_say_untold(const eh_check *check, const eh_untold *untold, eh_buffer *out)
{
    (void)check;
    switch (untold->kind) {
    case EH_UNTOLD_FAULTS:
        rows(out, untold->rows);
        eh_buffer_text(out, untold->rows == 1 ? " is" : " are");
        eh_buffer_text(out, " few: a fault that fewer than ");
        eh_say_percent(out, untold->share);
        eh_buffer_format(out, " of rows have may be in none of them. From %llu rows on, what one row in ten has is seen.", (unsigned long long)untold->needed);
        break;
    case EH_UNTOLD_SHARES:
        eh_buffer_text(out, "Whether every group of ");
        name(out, untold->attribute);
        eh_buffer_text(out, " is there as it should be cannot be told from ");
        rows(out, untold->rows);
        eh_buffer_byte(out, '.');
        break;
    case EH_UNTOLD_RECOVERY:
        eh_buffer_text(out, "Whether the features give ");
        name(out, untold->attribute);
        eh_buffer_text(out, " away cannot be told from ");
        rows(out, untold->rows);
        if (untold->needed > 0) {
            eh_buffer_format(out, "; it takes %llu, with 20 people in two groups.", (unsigned long long)untold->needed);
        } else if (!isnan(untold->low)) {
            eh_buffer_text(out, ": the AUC lies between ");
            eh_say_decimal(out, untold->low, 2);
            eh_buffer_text(out, " and ");
            eh_say_decimal(out, untold->high, 2);
            eh_buffer_byte(out, '.');
        } else {
            eh_buffer_text(out, "; it takes 20 people in two groups.");
        }
        break;
    case EH_UNTOLD_OUTCOME:
        eh_buffer_text(out, "Whether a column gives the outcome away, or groups differ in it, cannot be told: its rarer value is in ");
        rows(out, untold->rows);
        eh_buffer_format(out, ", and it takes %llu.", (unsigned long long)untold->needed);
        break;
    case EH_UNTOLD_DRIFT:
    case EH_UNTOLD_COUNT:
        eh_buffer_text(out, "Whether the data has changed cannot be told from ");
        rows(out, untold->rows);
        eh_buffer_byte(out, '.');
        break;
    }
}

static void counted(eh_buffer *out, size_t count, const char *what, bool *first)
{
    if (count == 0)
        return;
    eh_buffer_format(out, "%s%zu %s", *first ? "" : ", ", count, what);
    *first = false;
}

void eh_check_headline(const eh_check_about *about, const eh_check *check, eh_buffer *out)
{
    (void)about;
    bool first = true;
    if (check->findings_count == 0 || check->findings[0].severity == EH_SEVERITY_NOTE) {
        eh_buffer_text(out, check->exit_status == 3 ? "Nothing was found, but the data is too little to tell. " : "Nothing was found that needs attention.");
        if (check->exit_status == 3 && check->untold_count > 0)
            eh_check_say_untold(check, &check->untold[0], out);
        return;
    }
    size_t total = check->counts[EH_SEVERITY_HIGH] + check->counts[EH_SEVERITY_MEDIUM] + check->counts[EH_SEVERITY_LOW];
    eh_buffer_format(out, total == 1 ? "%zu finding: " : "%zu findings: ", total);
    counted(out, check->counts[EH_SEVERITY_HIGH], "grave", &first);
    counted(out, check->counts[EH_SEVERITY_MEDIUM], "of medium weight", &first);
    counted(out, check->counts[EH_SEVERITY_LOW], "light", &first);
    eh_buffer_text(out, ". ");
    eh_check_say(check, &check->findings[0], out);
}
