/* Columns by themselves: what is missing, impossible, in two units, stale, the same everywhere, or there twice. */
#include <math.h>
#include <string.h>

#include "audit/check_int.h"

static eh_finding *column_finding(check_run *run, eh_finding_kind kind, eh_severity severity, const eh_profile_column *column, uint64_t rows)
{
    eh_finding *finding = check_finding(run, kind, severity, EH_CERTAINTY_COUNTED);
    if (finding == NULL)
        return NULL;
    finding->column = column->name;
    finding->rows = rows;
    double all = (double)run->check->profile->rows;
    finding->estimate = (eh_estimate){(double)rows / all, EH_NAN, EH_NAN, all};
    return finding;
}

/* ---- missing ---------------------------------------------------------------------------------------------------------------- */

/* Counts of one column's missing values by the groups of one attribute: [group][known, missing]. */
static void missing_table(const check_run *run, size_t attribute, const eh_profile_column *column, double *counts)
{
    const eh_profile *profile = run->check->profile;
    const uint8_t *groups = profile->groups[attribute];
    for (size_t row = 0; row < profile->rows_binned; row++)
        counts[2 * groups[row] + (column->bins[row] == 0)]++;
}

static eh_code missing_by_group(check_run *run, eh_check_column *column, size_t groups_total, double *p)
{
    const eh_cube *cube = run->cube;
    column->missing_by = EH_TAKE(run->arena, groups_total, eh_estimate);
    column->missing_p = p;
    double counts[2 * EH_GROUPS_MAX];
    if (column->missing_by == NULL)
        return eh_fail_memory(run->error);
    for (size_t a = 0, at = 0; a < cube->dimensions_count; a++) {
        size_t groups = cube->dimensions[a].groups_count;
        memset(counts, 0, sizeof counts);
        missing_table(run, a, column->column, counts);
        for (size_t g = 0; g < groups; g++, at++)
            column->missing_by[at] = check_share(counts[2 * g + 1], counts[2 * g] + counts[2 * g + 1], run->options.confidence);
        eh_contingency table = {counts, groups, 2};
        p[a] = eh_expression_reads(run->in->spec->attributes[a].expression.sql, column->column->name)
                   ? EH_NAN : eh_chi_square_independence(&table, 1).p;
    }
    return EH_OK;
}

static void missing_tell(check_run *run, const eh_check_column *column)
{
    uint64_t rows = column->column->missing + column->column->blank;
    double share = column->missing.value;
    if (rows == 0)
        return;
    if (rows == run->check->profile->rows) {
        column_finding(run, EH_FINDING_EMPTY, EH_SEVERITY_MEDIUM, column->column, rows);
        return;
    }
    if (share >= 0.05)
        column_finding(run, EH_FINDING_MISSING, share >= 0.4 ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW, column->column, rows);
}

/* The group for whom a value is missing most often, against all the others together. */
static void missing_group_tell(check_run *run, const eh_check_column *column, size_t attribute, size_t at)
{
    const eh_cube_dimension *dimension = &run->cube->dimensions[attribute];
    size_t worst = 0, least = 0;
    double best = EH_INFINITY;
    for (size_t g = 0; g < dimension->groups_count; g++) {
        const eh_estimate *estimate = &column->missing_by[at + g];
        if (estimate->n > 0 && !dimension->groups[g].missing) {
            /* the lower bound, so that three people do not speak for a group */
            worst = isinf(best) || estimate->low > column->missing_by[at + worst].low ? g : worst;
            least = estimate->value < best ? g : least;
            best = fmin(best, estimate->value);
        }
    }
    double gap = column->missing_by[at + worst].value - best;
    if (isinf(best) || !(column->missing_p[attribute] < check_alpha(run)) || gap < 0.02)
        return;
    eh_finding *finding = check_finding(run, EH_FINDING_MISSING_BY_GROUP, gap >= 0.2 ? EH_SEVERITY_HIGH : gap >= 0.05 ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW,
                                        EH_CERTAINTY_SURE);
    if (finding == NULL)
        return;
    finding->column = column->column->name;
    finding->attribute = dimension->name;
    finding->group = dimension->groups[worst].name;
    finding->estimate = column->missing_by[at + worst];
    finding->expected = best;
    finding->detail = dimension->groups[least].name;
    finding->p_adjusted = column->missing_p[attribute];
}

static eh_code missing_check(check_run *run)
{
    size_t attributes = run->cube == NULL ? 0 : run->cube->dimensions_count, groups_total = 0;
    for (size_t a = 0; a < attributes; a++)
        groups_total += run->cube->dimensions[a].groups_count;
    double *p = EH_TAKE(run->arena, run->check->columns_count * attributes + 1, double);
    if (p == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < run->check->columns_count * attributes; i++)
        p[i] = EH_NAN;
    for (size_t i = 0; i < run->check->columns_count; i++) {
        eh_check_column *column = &run->columns[i];
        uint64_t missing = column->column->missing + column->column->blank;
        column->missing = check_share((double)missing, (double)run->check->profile->rows, run->options.confidence);
        if (missing > 0 && missing < run->check->profile->rows && column->column->bins != NULL && attributes > 0)
            EH_TRY(missing_by_group(run, column, groups_total, p + i * attributes));
    }
    EH_TRY(check_holm(run, p, run->check->columns_count * attributes));
    for (size_t i = 0; i < run->check->columns_count; i++) {
        missing_tell(run, &run->columns[i]);
        for (size_t a = 0, at = 0; a < attributes && run->columns[i].missing_by != NULL; at += run->cube->dimensions[a++].groups_count)
            missing_group_tell(run, &run->columns[i], a, at);
    }
    return EH_OK;
}

/* ---- impossible --------------------------------------------------------------------------------------------------------------------- */

static const char *const age_words[] = {"age", "alter", "edad", "idade", "leeftijd", "eta", NULL};
static const char *const count_words[] = {"age",    "price",  "amount", "quantity", "qty",   "count", "spend", "spent", "revenue", "income",   "salary", "orders", "visits",
                                          "height", "weight", "size",   "distance", "total", "sales", "units", "items", "number",  "children", "years",  NULL};
static const char *const later_words[] = {"expire", "expires", "expiry", "until", "due", "end", "ends", "renewal", "renews", "next", "valid", "planned", "delivery", "event",
                                          "deadline", NULL};

static uint64_t beyond(const eh_check_column *column, const check_run *run, double limit)
{
    /* Counted in bins, whose edges need not meet the limit: bins that begin at or above it. */
    const eh_profile_column *of = column->column;
    uint64_t rows = 0;
    if (!(of->quantiles[EH_PROFILE_QUANTILES - 1] > limit))
        return 0;
    for (size_t b = 2; of->bin_counts != NULL && b < of->bins_count; b++)
        if (of->edges[b - 2] > limit)
            rows += of->bin_counts[b];
    (void)run;
    return rows > 0 ? rows : of->at_most;
}

/* A negative number that means "not known" is told as that. */
static bool is_code(double number)
{
    static const double codes[] = {-1, -9, -99, -999, -9999, -99999};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (number == codes[i])
            return true;
    return false;
}

static void impossible_tell(check_run *run, const eh_check_column *column)
{
    const eh_profile_column *of = column->column;
    bool age = check_name_says(of->name, age_words);
    if (of->kind != EH_KIND_NUMBER)
        return;
    eh_finding *finding = NULL;
    bool placeholder = is_code(of->quantiles[0]) && of->at_least >= 3 && of->at_least == of->negative;
    if (of->negative > 0 && check_name_says(of->name, count_words) && !placeholder) {
        finding = column_finding(run, EH_FINDING_IMPOSSIBLE, EH_SEVERITY_MEDIUM, of, of->negative);
        if (finding != NULL)
            finding->detail = "below 0";
    }
    double top = of->quantiles[EH_PROFILE_QUANTILES - 1];
    double factor, border;
    uint64_t other;
    if (age && top > 120 && !check_units(of, &factor, &other, &border)) {
        finding = column_finding(run, EH_FINDING_IMPOSSIBLE, EH_SEVERITY_MEDIUM, of, beyond(column, run, 120));
        if (finding != NULL)
            finding->detail = "above 120";
    }
    if (of->not_finite > 0) {
        finding = column_finding(run, EH_FINDING_IMPOSSIBLE, EH_SEVERITY_MEDIUM, of, of->not_finite);
        if (finding != NULL)
            finding->detail = "NaN or infinite";
    }
}

static void dates_tell(check_run *run, const eh_check_column *column)
{
    const eh_profile_column *of = column->column;
    if (of->kind != EH_KIND_DATE)
        return;
    if (of->after_now > 0) {
        eh_finding *finding = column_finding(run, EH_FINDING_FUTURE, check_name_says(of->name, later_words) ? EH_SEVERITY_NOTE : EH_SEVERITY_MEDIUM, of,
                                             of->after_now);
        if (finding != NULL)
            finding->detail = of->last;
    }
    if (of->before_1900 > 0) {
        eh_finding *finding = column_finding(run, EH_FINDING_IMPOSSIBLE, EH_SEVERITY_MEDIUM, of, of->before_1900);
        if (finding != NULL)
            finding->detail = "before 1900";
    }
    double now = (double)run->options.now.seconds / 86400, newest = of->quantiles[EH_PROFILE_QUANTILES - 1], old = now - newest;
    static const char *const birth_words[] = {"birth", "born", "dob", "birthday", "geburt", "naissance", NULL};
    if (old > run->options.stale_days && !check_name_says(of->name, birth_words)) {
        eh_finding *finding = column_finding(run, EH_FINDING_STALE, old > 3.0 * run->options.stale_days ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW, of, 0);
        if (finding != NULL) {
            finding->detail = of->last;
            finding->factor = floor(old);
        }
    }
}

/* -1, 99, 999...: at the end of the range, often, and far from every other value. */
static void placeholder_tell(check_run *run, const eh_check_column *column)
{
    static const double high[] = {99, 999, 9999, 99999, 999999, 9999999, 99999999}, low[] = {-1, -9, -99, -999, -9999, -99999};
    static const char *const high_names[] = {"99", "999", "9999", "99999", "999999", "9999999", "99999999"};
    static const char *const low_names[] = {"-1", "-9", "-99", "-999", "-9999", "-99999"};
    const eh_profile_column *of = column->column;
    double top = of->quantiles[EH_PROFILE_QUANTILES - 1], bottom = of->quantiles[0];
    if (of->kind != EH_KIND_NUMBER || of->distinct < 3)
        return;
    const char *name = NULL;
    uint64_t rows = 0;
    for (size_t i = 0; i < sizeof high / sizeof high[0]; i++)
        if (top == high[i] && of->at_most >= 3 && of->second_most < 0.75 * top) {
            name = high_names[i];
            rows = of->at_most;
        }
    for (size_t i = 0; i < sizeof low / sizeof low[0]; i++)
        if (bottom == low[i] && of->at_least >= 3 && of->second_least >= 0) {
            name = low_names[i];
            rows = of->at_least;
        }
    eh_finding *finding = name == NULL ? NULL : column_finding(run, EH_FINDING_PLACEHOLDER, EH_SEVERITY_MEDIUM, of, rows);
    if (finding != NULL)
        finding->detail = name;
}

static void units_tell(check_run *run, const eh_check_column *column)
{
    double factor = 1, border = 0;
    uint64_t rows = 0;
    if (column->column->kind != EH_KIND_NUMBER || !check_units(column->column, &factor, &rows, &border))
        return;
    eh_finding *finding = column_finding(run, EH_FINDING_UNITS, EH_SEVERITY_HIGH, column->column, rows);
    if (finding == NULL)
        return;
    finding->factor = factor;
    finding->expected = border;
    finding->certainty = rows >= 30 ? EH_CERTAINTY_SURE : EH_CERTAINTY_UNSURE;
}

/* ---- constant, duplicates ---------------------------------------------------------------------------------------------------------------- */

static void constant_tell(check_run *run, const eh_check_column *column)
{
    const eh_profile_column *of = column->column;
    uint64_t missing = of->missing + of->blank, known = run->check->profile->rows - missing;
    if (of->kind == EH_KIND_NESTED || known == 0 || run->check->profile->rows < 2)
        return;
    bool one = of->bins_count == 2 && of->bins != NULL && strcmp(of->bin_names[1], "(any text)") != 0;
    if (one && missing == 0) {
        eh_finding *finding = column_finding(run, EH_FINDING_CONSTANT, EH_SEVERITY_LOW, of, known);
        if (finding != NULL)
            finding->detail = of->bin_names[1];
    }
}

static void rows_tell(check_run *run, eh_finding_kind kind, eh_severity severity, uint64_t rows)
{
    const eh_profile *profile = run->check->profile;
    if (rows == 0)
        return;
    eh_finding *finding = check_finding(run, kind, severity, EH_CERTAINTY_COUNTED);
    if (finding == NULL)
        return;
    finding->rows = rows;
    finding->estimate = (eh_estimate){(double)rows / (double)profile->rows, EH_NAN, EH_NAN, (double)profile->rows};
    bool with_key = kind != EH_FINDING_DUPLICATES;
    finding->column = with_key ? profile->key_column : NULL;
    finding->detail = kind == EH_FINDING_KEY_REPEATED && profile->key_examples_count > 0 ? profile->key_examples[0] : NULL;
}

static void twice_tell(check_run *run)
{
    const eh_check_twice *twice = run->check->twice;
    size_t pairs = twice == NULL ? 0 : twice->exact + twice->near + twice->unmerged;
    if (pairs == 0)
        return;
    double share = (double)pairs / (double)twice->found.people_count;
    eh_finding *finding = check_finding(run, EH_FINDING_TWICE, share >= 0.01 ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW,
                                        twice->exact + twice->unmerged > 0 ? EH_CERTAINTY_COUNTED : EH_CERTAINTY_UNSURE);
    if (finding == NULL)
        return;
    finding->rows = pairs;
    finding->estimate = (eh_estimate){share, EH_NAN, EH_NAN, (double)twice->found.people_count};
}

/* How probable it is that two rows agree in a column by chance. */
static double agreement(const eh_profile *profile, const eh_profile_column *column)
{
    bool counted = column->bins_count > 1 && column->bin_counts != NULL && !column->others && (column->kind == EH_KIND_TEXT || column->singles);
    double rows = 0, squares = 0;
    for (size_t i = 0; counted && i < column->bins_count; i++) {
        rows += (double)column->bin_counts[i];
        squares += (double)column->bin_counts[i] * (double)column->bin_counts[i];
    }
    if (rows > 0)
        return squares / (rows * rows);
    double missing = (double)column->missing / (double)profile->rows;
    return missing * missing + (1 - missing) * (1 - missing) / (column->distinct > 0 ? (double)column->distinct : 1);
}

/*
 * Whether rows that agree in all but the key say anything: columns of few values agree by chance, the more so as columns go together,
 * which the product of their agreements leaves out. So chance must explain less than one pair in a hundred data sets.
 */
static bool agreement_tells(const eh_profile *profile)
{
    double pairs = (double)profile->rows * ((double)profile->rows - 1) / 2;
    for (size_t i = 0; i < profile->columns_count; i++) {
        const eh_profile_column *column = &profile->columns[i];
        bool key = column->distinct_exact && column->distinct == profile->rows && (column->kind == EH_KIND_TEXT || column->whole); /* not compared */
        if (!key)
            pairs *= agreement(profile, column);
    }
    return pairs < 0.01;
}

static void duplicates_tell(check_run *run)
{
    const eh_profile *profile = run->check->profile;
    double share = (double)profile->repeated / (double)profile->rows;
    rows_tell(run, EH_FINDING_KEY_REPEATED, EH_SEVERITY_HIGH, profile->key_repeated);
    rows_tell(run, EH_FINDING_KEY_MISSING, EH_SEVERITY_HIGH, profile->key_missing);
    /* Answers to few questions agree by chance: that is no duplicate. A row that holds a key is. */
    bool keyed = run->in->key != NULL, rich = profile->columns_count >= 8;
    rows_tell(run, EH_FINDING_DUPLICATES, keyed && share >= 0.01 ? EH_SEVERITY_MEDIUM : keyed || rich ? EH_SEVERITY_LOW : EH_SEVERITY_NOTE, profile->repeated);
    twice_tell(run);
    if (profile->columns_count >= 8 && agreement_tells(profile))
        rows_tell(run, EH_FINDING_DUPLICATES_BUT_KEY, EH_SEVERITY_LOW, profile->repeated_but_key);
}

eh_code check_columns(check_run *run)
{
    EH_TRY(missing_check(run));
    for (size_t i = 0; i < run->check->columns_count; i++) {
        const eh_check_column *column = &run->columns[i];
        impossible_tell(run, column);
        dates_tell(run, column);
        placeholder_tell(run, column);
        units_tell(run, column);
        constant_tell(run, column);
    }
    duplicates_tell(run);
    return EH_OK;
}
