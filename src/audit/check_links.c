/* What gives something away: columns that tell a group, all features together, columns that tell the outcome. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "audit/check_int.h"

/* ---- one column and one attribute ---------------------------------------------------------------------------------------------- */

/* Rows of known groups only; what is missing in the column is a value like any other, since it may tell as much. */
static void link_of(const check_run *run, eh_check_column *column, size_t attribute, double *counts)
{
    const eh_profile *profile = run->check->profile;
    const eh_cube_dimension *dimension = &run->cube->dimensions[attribute];
    size_t bins = column->column->bins_count;
    memset(counts, 0, dimension->groups_count * bins * sizeof *counts);
    for (size_t row = 0; row < profile->rows_binned; row++)
        counts[profile->groups[attribute][row] * bins + column->column->bins[row]]++;
    for (size_t g = 0; g < dimension->groups_count; g++)
        if (dimension->groups[g].missing)
            memset(counts + g * bins, 0, bins * sizeof *counts);
    eh_contingency table = {counts, dimension->groups_count, bins};
    column->cramers_v[attribute] = eh_cramers_v(&table);
    column->mutual_information[attribute] = eh_normalised_mutual_information(&table);
}

static bool is_chosen(const check_run *run, const eh_cube_dimension *dimension)
{
    return run->options.chosen != NULL && strcmp(dimension->name, run->options.chosen) == 0;
}

static void proxy_tell(check_run *run, const eh_check_column *column, size_t attribute, const double *counts)
{
    const eh_cube_dimension *dimension = &run->cube->dimensions[attribute];
    double v = column->cramers_v[attribute];
    eh_contingency table = {counts, dimension->groups_count, column->column->bins_count};
    eh_chi_square test = eh_chi_square_independence(&table, 1);
    /* By chance alone V is about sqrt(df / n / (k - 1)): what is not well above that is noise of many bins. */
    double people = (double)run->check->profile->rows_binned, noise = sqrt(test.df / people);
    if (is_chosen(run, dimension) || !(v >= 0.15) || !(test.p < check_alpha(run)) || !(v > 2 * noise))
        return;
    eh_finding *finding = check_finding(run, EH_FINDING_PROXY, v >= 0.5 ? EH_SEVERITY_HIGH : v >= 0.3 ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW, EH_CERTAINTY_SURE);
    if (finding == NULL)
        return;
    finding->column = column->column->name;
    finding->attribute = dimension->name;
    finding->estimate = (eh_estimate){v, EH_NAN, EH_NAN, people};
    finding->expected = column->mutual_information[attribute];
    finding->p = test.p;
}

static eh_code proxies(check_run *run)
{
    double *counts = EH_TAKE(run->arena, EH_GROUPS_MAX * EH_PROFILE_BINS_MAX, double);
    if (counts == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < run->check->columns_count; i++) {
        eh_check_column *column = &run->columns[i];
        for (size_t a = 0; a < run->cube->dimensions_count && column->feature && column->column->bins != NULL; a++) {
            link_of(run, column, a, counts);
            proxy_tell(run, column, a, counts);
        }
    }
    return EH_OK;
}

/* ---- all features together ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    size_t *rows; /* of the profile */
    size_t count;
    const uint8_t **bins;   /* per feature: its bins, gathered */
    uint16_t *bins_count;
    const char **names;
    size_t features;
    uint8_t *member, *fold;
} recovery_data;

/* About EH_RECOVERY_ROWS_MAX rows whose group is known, chosen by what they hold. */
static eh_code recovery_rows(check_run *run, size_t attribute, recovery_data *data)
{
    const eh_profile *profile = run->check->profile;
    const eh_cube_dimension *dimension = &run->cube->dimensions[attribute];
    uint64_t every = profile->rows_binned / EH_RECOVERY_ROWS_MAX + 1;
    for (int round = 0; round < 2; round++) {
        data->count = 0;
        for (size_t row = 0; row < profile->rows_binned; row++) {
            if (profile->hash[row] / EH_RECOVERY_FOLDS % every != 0 || dimension->groups[profile->groups[attribute][row]].missing)
                continue;
            if (round == 1)
                data->rows[data->count] = row;
            data->count++;
        }
        if (round == 0)
            data->rows = EH_TAKE(run->arena, data->count, size_t);
        if (data->rows == NULL)
            return eh_fail_memory(run->error);
    }
    return EH_OK;
}

typedef struct {
    size_t row;
    uint32_t hash;
    uint64_t content;
} ordered_row;

static int by_content(const void *left, const void *right)
{
    const ordered_row *a = left, *b = right;
    if (a->content != b->content)
        return a->content < b->content ? -1 : 1;
    return (a->hash > b->hash) - (a->hash < b->hash);
}

/* Sums of doubles depend on their order, and the order of rows on the number of threads: rows are put in the order of their bins. */
static eh_code recovery_order(check_run *run, recovery_data *data)
{
    ordered_row *order = EH_TAKE(run->arena, data->count, ordered_row);
    if (order == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < data->count; i++) {
        uint64_t content = 14695981039346656037u;
        for (size_t c = 0; c < run->check->columns_count; c++)
            if (run->columns[c].column->bins != NULL)
                content = (content ^ run->columns[c].column->bins[data->rows[i]]) * 1099511628211u;
        order[i] = (ordered_row){data->rows[i], run->check->profile->hash[data->rows[i]], content};
    }
    qsort(order, data->count, sizeof *order, by_content);
    for (size_t i = 0; i < data->count; i++)
        data->rows[i] = order[i].row;
    return EH_OK;
}

static eh_code recovery_gather(check_run *run, recovery_data *data)
{
    size_t columns = run->check->columns_count;
    data->bins = EH_TAKE(run->arena, columns, const uint8_t *);
    data->bins_count = EH_TAKE(run->arena, columns, uint16_t);
    data->names = EH_TAKE(run->arena, columns, const char *);
    data->member = EH_TAKE(run->arena, data->count, uint8_t);
    data->fold = EH_TAKE(run->arena, data->count, uint8_t);
    if (data->bins == NULL || data->bins_count == NULL || data->names == NULL || data->member == NULL || data->fold == NULL)
        return eh_fail_memory(run->error);
    for (size_t c = 0; c < columns; c++) {
        const eh_profile_column *column = run->columns[c].column;
        if (!run->columns[c].feature || column->bins == NULL || column->bins_count < 2)
            continue;
        uint8_t *gathered = EH_TAKE(run->arena, data->count, uint8_t);
        if (gathered == NULL)
            return eh_fail_memory(run->error);
        for (size_t i = 0; i < data->count; i++)
            gathered[i] = column->bins[data->rows[i]];
        data->bins[data->features] = gathered;
        data->names[data->features] = column->name;
        data->bins_count[data->features++] = (uint16_t)column->bins_count;
    }
    for (size_t i = 0; i < data->count; i++)
        data->fold[i] = (uint8_t)(run->check->profile->hash[data->rows[i]] % EH_RECOVERY_FOLDS);
    return EH_OK;
}

static void gains_keep(eh_check_section *section, const recovery_data *data, const double *gains)
{
    for (size_t k = 0; k < 3; k++) {
        section->recovery_columns[k] = NULL;
        section->recovery_gains[k] = EH_NAN;
        for (size_t f = 0; f < data->features; f++) {
            bool taken = false;
            for (size_t before = 0; before < k; before++)
                taken = taken || section->recovery_columns[before] == data->names[f];
            if (taken || !(gains[f] > 0) || (section->recovery_columns[k] != NULL && gains[f] <= section->recovery_gains[k]))
                continue;
            section->recovery_columns[k] = data->names[f];
            section->recovery_gains[k] = gains[f];
        }
    }
}

/* The group that is told best; at most the eight largest are tried, each with at least 20 people in and out. */
static eh_code recovery_groups(check_run *run, size_t attribute, recovery_data *data)
{
    enum { TRIED_MAX = 8, PEOPLE_MIN = 20 };
    const eh_cube_dimension *dimension = &run->cube->dimensions[attribute];
    eh_check_section *section = &run->sections[attribute];
    uint64_t people[EH_GROUPS_MAX] = {0};
    for (size_t i = 0; i < data->count; i++)
        people[run->check->profile->groups[attribute][data->rows[i]]]++;
    for (size_t tried = 0; tried < TRIED_MAX; tried++) {
        size_t largest = 0;
        for (size_t g = 1; g < dimension->groups_count; g++)
            largest = people[g] > people[largest] ? g : largest;
        if (people[largest] < PEOPLE_MIN || data->count - people[largest] < PEOPLE_MIN)
            return EH_OK;
        for (size_t i = 0; i < data->count; i++)
            data->member[i] = run->check->profile->groups[attribute][data->rows[i]] == largest;
        EH_CLEANUP(eh_arena_close) eh_arena *scratch = eh_arena_open(EH_ARENA_BYTES_MAX);
        if (scratch == NULL)
            return eh_fail_memory(run->error);
        eh_recovery found;
        eh_recovery_spec spec = {data->bins, data->bins_count, data->features, data->count, data->member, data->fold};
        EH_TRY(eh_recovery_of(&spec, run->options.confidence, scratch, &found, run->error));
        if (isnan(section->recovery.value) || found.auc.value > section->recovery.value) {
            section->recovery = found.auc;
            section->recovery_group = dimension->groups[largest].name;
            gains_keep(section, data, found.gains);
        }
        people[largest] = 0;
        size_t groups_known = 0;
        for (size_t g = 0; g < dimension->groups_count; g++)
            groups_known += !dimension->groups[g].missing;
        if (groups_known == 2)
            return EH_OK; /* the other group is the same question */
    }
    return EH_OK;
}

static eh_code recovery(check_run *run, size_t attribute)
{
    recovery_data data = {0};
    eh_check_section *section = &run->sections[attribute];
    EH_TRY(recovery_rows(run, attribute, &data));
    EH_TRY(recovery_order(run, &data));
    EH_TRY(recovery_gather(run, &data));
    section->recovery_features = data.features;
    if (data.features == 0 || data.count < 100)
        return EH_OK;
    EH_TRY(recovery_groups(run, attribute, &data));
    double low = section->recovery.low;
    if (is_chosen(run, &run->cube->dimensions[attribute]) || !(low >= EH_RECOVERY_LIGHT))
        return EH_OK;
    eh_finding *finding = check_finding(run, EH_FINDING_RECOVERABLE, low >= EH_RECOVERY_GRAVE ? EH_SEVERITY_HIGH : low >= EH_RECOVERY_MEDIUM ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW, EH_CERTAINTY_SURE);
    if (finding == NULL)
        return EH_OK;
    finding->attribute = section->name;
    finding->group = section->recovery_group;
    finding->detail = section->recovery_columns[0];
    finding->estimate = section->recovery;
    return EH_OK;
}

/* ---- leaks ------------------------------------------------------------------------------------------------------------------------------- */

/* Outcomes by bin in two halves of the rows, so that a column with many bins is not praised for chance. */
typedef struct {
    double yes[2][EH_PROFILE_BINS_MAX], no[2][EH_PROFILE_BINS_MAX];
} leak_counts;

static void leak_count(const check_run *run, const eh_profile_column *column, leak_counts *counts)
{
    const eh_profile *profile = run->check->profile;
    memset(counts, 0, sizeof *counts);
    for (size_t row = 0; row < profile->rows_binned; row++) {
        size_t half = profile->hash[row] & 1;
        counts->yes[half][column->bins[row]] += profile->label[row] == EH_TRUE;
        counts->no[half][column->bins[row]] += profile->label[row] == EH_FALSE;
    }
}

typedef struct {
    double rate;
    size_t bin;
} rated_bin;

static int by_rate(const void *left, const void *right)
{
    const rated_bin *a = left, *b = right;
    if (a->rate != b->rate)
        return a->rate < b->rate ? -1 : 1;
    return (a->bin > b->bin) - (a->bin < b->bin);
}

/* The AUC of one half with the bins ranked by the other. */
static eh_estimate half_auc(const check_run *run, const leak_counts *counts, size_t bins, size_t half)
{
    rated_bin order[EH_PROFILE_BINS_MAX];
    eh_score_bin scores[EH_PROFILE_BINS_MAX];
    double yes = 0, all = 0;
    for (size_t b = 0; b < bins; b++) {
        yes += counts->yes[1 - half][b];
        all += counts->yes[1 - half][b] + counts->no[1 - half][b];
    }
    for (size_t b = 0; b < bins; b++) {
        double people = counts->yes[1 - half][b] + counts->no[1 - half][b];
        order[b] = (rated_bin){(counts->yes[1 - half][b] + yes / all) / (people + 1), b};
    }
    qsort(order, bins, sizeof *order, by_rate);
    for (size_t b = 0; b < bins; b++)
        scores[b] = (eh_score_bin){(double)b, counts->no[half][order[b].bin], counts->yes[half][order[b].bin]};
    return eh_auc_delong(scores, bins, 1, run->options.confidence);
}

/* Neighbouring bins of numbers are said as one range. */
static const char *run_name(const check_run *run, const eh_profile_column *column, size_t first, size_t end)
{
    bool number = column->kind == EH_KIND_NUMBER;
    if (!number || first == 0 || end == first + 1)
        return column->bin_names[first];
    char low[40] = "", high[40] = "";
    if (first >= 2)
        snprintf(low, sizeof low, column->edges[first - 2] > 0 && column->edges[first - 2] < 1e-300 ? "above 0" : "%.6g", column->edges[first - 2]);
    if (end < column->bins_count)
        snprintf(high, sizeof high, "%.6g", column->edges[end - 2]);
    const char *format = first >= 2 && high[0] != '\0' ? "%s to under %s" : first >= 2 && strcmp(low, "above 0") != 0 ? "%s and over%s" : first >= 2 ? "%s%s" : "%sunder %s";
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    for (const char *at = format, *const values[] = {low, high}, *const *value = values; *at != '\0'; at++) {
        if (at[0] == '%' && at[1] == 's') {
            eh_buffer_text(&text, *value++);
            at++;
        } else {
            eh_buffer_byte(&text, *at);
        }
    }
    return text.code == EH_OK ? eh_arena_copy(run->arena, eh_buffer_view(&text)) : NULL;
}

typedef enum { SURE_NOT, SURE_NEVER, SURE_ALWAYS } sureness;

static sureness sure_of(const leak_counts *counts, size_t bin)
{
    double in = counts->yes[0][bin] + counts->yes[1][bin], out = counts->no[0][bin] + counts->no[1][bin];
    return in + out == 0 ? SURE_NOT : out == 0 ? SURE_ALWAYS : in == 0 ? SURE_NEVER : SURE_NOT;
}

/* Values that many have and whose outcome is always the same: their name, and how many rows have them. */
static const char *sure_value(const check_run *run, const eh_profile_column *column, const leak_counts *counts, uint64_t *rows_out)
{
    double yes = 0, all = 0;
    const char *name = NULL;
    for (size_t b = 0; b < column->bins_count; b++) {
        yes += counts->yes[0][b] + counts->yes[1][b];
        all += counts->yes[0][b] + counts->yes[1][b] + counts->no[0][b] + counts->no[1][b];
    }
    bool ordered = column->kind == EH_KIND_NUMBER;
    for (size_t b = 0, end; b < column->bins_count; b = end) {
        sureness sure = sure_of(counts, b);
        double people = 0;
        for (end = b; end < column->bins_count && (end == b || (ordered && b > 0 && sure != SURE_NOT && sure_of(counts, end) == sure)); end++)
            people += counts->yes[0][end] + counts->yes[1][end] + counts->no[0][end] + counts->no[1][end];
        double surprise = people * (sure == SURE_ALWAYS ? 1 - yes / all : yes / all);
        /* That nobody does it is less of a surprise than that everybody does. */
        double enough = sure == SURE_ALWAYS ? 20 : 100;
        if (sure == SURE_NOT || people < 30 || people >= 0.98 * all || surprise < enough || people <= (double)*rows_out)
            continue;
        *rows_out = (uint64_t)people;
        name = run_name(run, column, b, end);
    }
    return name;
}

static void leak_tell(check_run *run, const eh_check_column *column, const char *value, uint64_t rows)
{
    double low = column->leak.low;
    bool strong = low >= 0.9;
    if (!strong && value == NULL && !(low >= 0.8))
        return;
    /* What was made of rows before the moment does not know what came after: it is a strong feature, and worth a look. */
    eh_severity severity = column->as_of ? EH_SEVERITY_NOTE : strong ? EH_SEVERITY_HIGH : EH_SEVERITY_MEDIUM;
    eh_finding *finding = check_finding(run, EH_FINDING_LEAK, severity, EH_CERTAINTY_SURE);
    if (finding == NULL)
        return;
    finding->column = column->column->name;
    finding->estimate = column->leak;
    finding->detail = value;
    finding->rows = rows;
}

static void leaks(check_run *run)
{
    for (size_t i = 0; i < run->check->columns_count; i++) {
        eh_check_column *column = &run->columns[i];
        leak_counts counts;
        if (!column->feature || column->column->bins == NULL || column->column->bins_count < 2)
            continue;
        leak_count(run, column->column, &counts);
        eh_estimate first = half_auc(run, &counts, column->column->bins_count, 0), second = half_auc(run, &counts, column->column->bins_count, 1);
        /* The mean of two independent halves. */
        double reach = (first.high - first.low + second.high - second.low) / 4 / sqrt(2);
        double value = (first.value + second.value) / 2;
        column->leak = (eh_estimate){value, fmax(value - reach, 0), fmin(value + reach, 1), first.n + second.n};
        uint64_t rows = 0;
        const char *sure = sure_value(run, column->column, &counts, &rows);
        leak_tell(run, column, sure, rows);
    }
}

eh_code check_links(check_run *run)
{
    if (run->check->labelled)
        leaks(run);
    if (run->cube == NULL)
        return EH_OK;
    EH_TRY(proxies(run));
    for (size_t a = 0; a < run->cube->dimensions_count; a++)
        EH_TRY(recovery(run, a));
    return EH_OK;
}
