/* From files to bytes: values are kept while they are read, then each column is cut into bins and the values are let go. */
#include "model/dataset.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/secrets.h"
#include "model/dictionary_int.h"
#include "model/learner_int.h"

enum { EDGE_SAMPLE_ROWS = 200000, LEVEL_ROWS_MIN = 5, SHOWN_VALUES_MAX = 5 };

/* One column while it is read. */
typedef struct {
    eh_column column;
    double *numbers;
    uint32_t *codes;            /* UINT32_MAX: missing */
    eh_dictionary dictionary;
    size_t capacity;
} growing;

typedef struct {
    const eh_dataset_spec *spec;
    eh_arena *arena;
    growing *columns;
    eh_column *list;            /* the same columns, as the data room wants them */
    size_t columns_count, rows;
    size_t outcome, weight, groups, offer, extras; /* places; columns_count: none */
    eh_feature *features;
    uint8_t **bins;
    bool *keep;                 /* rows with a known outcome */
    size_t kept;
    eh_arena **column_arenas;   /* a column that is cut on its own thread fills its own */
    eh_code code;
} reading;

static void reading_close(reading *r)
{
    for (size_t i = 0; r->columns != NULL && i < r->columns_count; i++) {
        free(r->columns[i].numbers);
        free(r->columns[i].codes);
        eh_dictionary_close(&r->columns[i].dictionary);
    }
    for (size_t f = 0; r->column_arenas != NULL && f < r->spec->features_count; f++)
        eh_arena_close(&r->column_arenas[f]);
    free(r->keep);
}

/* ---- taking rows ------------------------------------------------------------------------------------------------------------------ */

static eh_code column_grow(growing *column, size_t rows, eh_error *error)
{
    if (rows <= column->capacity)
        return EH_OK;
    size_t capacity = column->capacity + column->capacity / 2;
    capacity = capacity < rows ? rows + 16384 : capacity;
    if (column->column.kind == EH_VALUES_TEXT) {
        uint32_t *codes = realloc(column->codes, capacity * sizeof *codes);
        if (codes == NULL)
            return eh_fail_memory(error);
        column->codes = codes;
    } else {
        double *numbers = realloc(column->numbers, capacity * sizeof *numbers);
        if (numbers == NULL)
            return eh_fail_memory(error);
        column->numbers = numbers;
    }
    column->capacity = capacity;
    return EH_OK;
}

static eh_code rows_take(void *context, const eh_columns_chunk *chunk, eh_error *error)
{
    reading *r = context;
    if (chunk == NULL) { /* a type was too narrow: what was read so far may have been read wrongly */
        r->rows = 0;
        for (size_t i = 0; i < r->columns_count; i++)
            eh_dictionary_close(&r->columns[i].dictionary);
        return EH_OK;
    }
    if (r->rows + chunk->rows > EH_FIT_ROWS_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d rows; take a sample with --where, e.g. random() < 0.1", EH_FIT_ROWS_MAX);
    for (size_t i = 0; i < r->columns_count; i++) {
        growing *column = &r->columns[i];
        EH_TRY(column_grow(column, r->rows + chunk->rows, error));
        if (column->column.kind != EH_VALUES_TEXT) {
            memcpy(column->numbers + r->rows, chunk->numbers[i], chunk->rows * sizeof(double));
            continue;
        }
        for (size_t k = 0; k < chunk->rows; k++) {
            uint32_t code = UINT32_MAX;
            if (chunk->texts[i][k].ptr != NULL) {
                code = eh_dictionary_code(&column->dictionary, chunk->texts[i][k]);
                if (code == UINT32_MAX)
                    return eh_fail_memory(error);
            }
            column->codes[r->rows + k] = code;
        }
    }
    r->rows += chunk->rows;
    return EH_OK;
}

/* ---- which columns --------------------------------------------------------------------------------------------------------------------- */

static size_t column_add(reading *r, const char *sql, const char *option, eh_values_kind kind)
{
    r->columns[r->columns_count].column = (eh_column){.sql = sql, .option = option, .kind = kind};
    r->columns[r->columns_count].dictionary.arena = r->arena;
    return r->columns_count++;
}

static eh_code columns_list(reading *r, eh_error *error)
{
    const eh_dataset_spec *spec = r->spec;
    size_t most = spec->features_count + spec->groups_count + spec->extras_count + 4;
    r->columns = EH_TAKE(r->arena, most, growing);
    r->list = EH_TAKE(r->arena, most, eh_column);
    if (r->columns == NULL || r->list == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < spec->features_count; f++) {
        const char *option = eh_arena_format(r->arena, "feature '%s'", spec->features[f].name);
        if (option == NULL)
            return eh_fail_memory(error);
        column_add(r, spec->features[f].sql, option, EH_VALUES_NUMBER);
    }
    r->outcome = r->weight = r->offer = most;
    if (spec->outcome != NULL)
        r->outcome = column_add(r, spec->outcome, spec->outcome_option, EH_VALUES_NUMBER);
    if (spec->weight != NULL)
        r->weight = column_add(r, spec->weight, "--weight", EH_VALUES_NUMBER);
    if (spec->offer != NULL)
        r->offer = column_add(r, spec->offer, "--treatment", EH_VALUES_TEXT);
    r->groups = r->columns_count;
    for (size_t g = 0; g < spec->groups_count; g++)
        column_add(r, spec->groups[g].sql, "--protected", EH_VALUES_TEXT);
    r->extras = r->columns_count;
    for (size_t e = 0; e < spec->extras_count; e++)
        column_add(r, spec->extras[e].sql, "--propensity", EH_VALUES_NUMBER);
    return EH_OK;
}

static eh_code kinds_settle(reading *r, eh_engine *engine, eh_error *error)
{
    for (size_t i = 0; i < r->columns_count; i++)
        r->list[i] = r->columns[i].column;
    EH_TRY(eh_columns_describe(engine, r->list, r->columns_count, error));
    for (size_t i = 0; i < r->columns_count; i++) {
        const eh_column *column = &r->list[i];
        bool text = column->kind == EH_VALUES_TEXT;
        if (i == r->weight && text)
            return eh_fail(error, EH_INPUT, "--weight: %.200s is a text; a weight is a number", column->sql);
        if (i >= r->extras && text)
            return eh_fail(error, EH_INPUT, "--propensity: %.200s is a text; a chance is a number between 0 and 1", column->sql);
        if (i == r->outcome && text && r->spec->outcome_number)
            return eh_fail(error, EH_INPUT, "%s: %.200s is a text; an amount is a number", column->option, column->sql);
        if ((i >= r->groups && i < r->extras) || i == r->offer)
            r->list[i].kind = EH_VALUES_TEXT; /* groups and offers are what they are called */
        if (i < r->spec->features_count && column->kind == EH_VALUES_TRUTH)
            r->list[i].kind = EH_VALUES_TEXT; /* "true" and "false" read better than 1 and 0 */
        if (i < r->spec->features_count && r->spec->model != NULL) {
            bool category = r->spec->model->features[i].kind == EH_FEATURE_CATEGORY;
            if (!category && text)
                return eh_fail(error, EH_INPUT, "%s: is a text here and was a number when the model was made; the columns must mean the same",
                               column->option);
            if (category)
                r->list[i].kind = EH_VALUES_TEXT;
        }
        r->columns[i].column = r->list[i];
    }
    return EH_OK;
}

/* ---- the outcome and the weight --------------------------------------------------------------------------------------------------------- */

/* -1: unknown word. */
static int truth_of_word(const char *word)
{
    static const struct {
        const char *word;
        int truth;
    } words[] = {{"true", 1}, {"yes", 1}, {"y", 1}, {"t", 1}, {"1", 1}, {"false", 0}, {"no", 0}, {"n", 0}, {"f", 0}, {"0", 0}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (eh_view_equal_nocase(eh_view_of(words[i].word), eh_view_trim(eh_view_of(word))))
            return words[i].truth;
    return -1;
}

static eh_code outcome_refuse(const growing *column, const char *found, eh_error *error)
{
    return eh_fail(error, EH_INPUT,
                   "%s: %.200s is to be true or false, 1 or 0, yes or no, but holds '%.60s'; write which value counts, e.g. %.200s = '%.60s' "
                   "(for amounts add --amount)",
                   column->column.option, column->column.sql, found, column->column.sql, found);
}

static eh_code outcome_read(reading *r, float *outcome, eh_error *error)
{
    const growing *column = &r->columns[r->outcome];
    for (size_t i = 0; i < r->rows; i++) {
        double value = EH_NAN;
        if (column->column.kind == EH_VALUES_TEXT) {
            uint32_t code = column->codes[i];
            int truth = code == UINT32_MAX ? -1 : truth_of_word(column->dictionary.names[code]);
            if (code != UINT32_MAX && truth < 0)
                return outcome_refuse(column, column->dictionary.names[code], error);
            value = code == UINT32_MAX ? EH_NAN : truth;
        } else {
            value = column->numbers[i];
            char found[32];
            eh_json_number_text(value, found);
            if (!isnan(value) && !r->spec->outcome_number && value != 0 && value != 1)
                return outcome_refuse(column, found, error);
            if (isinf(value) || fabs(value) > 1e30)
                return eh_fail(error, EH_INPUT, "%s: row %zu: %g is no amount", column->column.option, i + 1, value);
        }
        r->keep[i] = !isnan(value);
        r->kept += r->keep[i] ? 1 : 0;
        outcome[i] = (float)value;
    }
    if (r->kept == 0)
        return eh_fail(error, EH_INPUT, "%s: %.200s is missing in every row", column->column.option, column->column.sql);
    return EH_OK;
}

static eh_code weight_check(const reading *r, eh_error *error)
{
    const growing *column = &r->columns[r->weight];
    double total = 0;
    for (size_t i = 0; i < r->rows; i++) {
        double w = column->numbers[i];
        if (!r->keep[i])
            continue;
        if (!(w >= 0 && w < 1e12))
            return eh_fail(error, EH_INPUT, "--weight: row %zu: %s; a weight is a number from 0 on", i + 1,
                           isnan(w) ? "is missing" : w < 0 ? "is below 0" : "is not finite");
        total += w;
    }
    if (!(total > 0))
        return eh_fail(error, EH_INPUT, "--weight: is 0 in every row");
    return EH_OK;
}

/* ---- bins ----------------------------------------------------------------------------------------------------------------------------------- */

static eh_code number_bins(reading *r, size_t f, eh_arena *arena, eh_error *error)
{
    const growing *column = &r->columns[f];
    eh_feature *feature = &r->features[f];
    if (r->spec->model == NULL) {
        size_t stride = r->rows / EDGE_SAMPLE_ROWS + 1, count = 0;
        double *sample = malloc((r->rows / stride + 1) * sizeof *sample);
        if (sample == NULL)
            return eh_fail_memory(error);
        for (size_t i = 0; i < r->rows; i += stride)
            sample[count++] = isinf(column->numbers[i]) ? copysign(1e300, column->numbers[i]) : column->numbers[i];
        eh_code code = eh_edges_choose(sample, count, EH_BINS, arena, feature, error);
        free(sample);
        EH_TRY(code);
    }
    uint8_t *bins = r->bins[f];
    size_t at = 0;
    for (size_t i = 0; i < r->rows; i++)
        if (r->keep[i])
            bins[at++] = eh_bin_of_number(feature, column->numbers[i]);
    return EH_OK;
}

static eh_code category_bins(reading *r, size_t f, eh_arena *arena, eh_error *error)
{
    const growing *column = &r->columns[f];
    const eh_dictionary *dictionary = &column->dictionary;
    eh_feature *feature = &r->features[f];
    feature->kind = EH_FEATURE_CATEGORY;
    if (r->spec->model == NULL) {
        EH_TRY(eh_levels_choose(dictionary->names, dictionary->counts, dictionary->count, LEVEL_ROWS_MIN, arena, feature, error));
        for (size_t l = 0; l < feature->levels_count; l++)
            if (!eh_utf8_valid(eh_view_of(feature->levels[l])) || strlen(feature->levels[l]) > EH_GROUP_NAME_BYTES_MAX)
                return eh_fail(error, EH_INPUT, "feature '%s': a value is %s", feature->name,
                               strlen(feature->levels[l]) > EH_GROUP_NAME_BYTES_MAX ? "longer than a category may be" : "not valid UTF-8");
    }
    uint8_t *of_code = malloc(dictionary->count + 1);
    if (of_code == NULL)
        return eh_fail_memory(error);
    for (size_t c = 0; c < dictionary->count; c++)
        of_code[c] = eh_bin_of_text(feature, eh_view_of(dictionary->names[c]));
    uint8_t *bins = r->bins[f];
    size_t at = 0;
    for (size_t i = 0; i < r->rows; i++)
        if (r->keep[i])
            bins[at++] = column->codes[i] == UINT32_MAX ? 0 : of_code[column->codes[i]];
    free(of_code);
    return EH_OK;
}

typedef struct {
    reading *reading;
    eh_error *errors;
    eh_code *codes;
} bins_work;

static void bins_make(void *context, size_t f)
{
    bins_work *work = context;
    reading *r = work->reading;
    eh_arena *arena = r->column_arenas[f];
    work->codes[f] = r->columns[f].column.kind == EH_VALUES_TEXT ? category_bins(r, f, arena, &work->errors[f])
                                                                  : number_bins(r, f, arena, &work->errors[f]);
    /* The values have done their service. */
    free(r->columns[f].numbers);
    free(r->columns[f].codes);
    r->columns[f].numbers = NULL;
    r->columns[f].codes = NULL;
}

static eh_code features_make(reading *r, eh_error *error)
{
    size_t count = r->spec->features_count;
    bins_work work = {.reading = r};
    r->features = EH_TAKE(r->arena, count, eh_feature);
    r->bins = EH_TAKE(r->arena, count, uint8_t *);
    r->column_arenas = EH_TAKE(r->arena, count, eh_arena *);
    work.errors = EH_TAKE(r->arena, count, eh_error);
    work.codes = EH_TAKE(r->arena, count, eh_code);
    if (r->features == NULL || r->bins == NULL || r->column_arenas == NULL || work.errors == NULL || work.codes == NULL)
        return eh_fail_memory(error);
    for (size_t f = 0; f < count; f++) {
        const eh_feature_spec *spec = &r->spec->features[f];
        r->features[f] = r->spec->model != NULL ? r->spec->model->features[f]
                                                 : (eh_feature){.name = spec->name, .sql = spec->sql, .says = spec->says, .from_whom = spec->from_whom,
                                                                .monotone = spec->monotone, .changeable = spec->changeable};
        r->bins[f] = EH_TAKE(r->arena, r->kept, uint8_t);
        r->column_arenas[f] = eh_arena_open(EH_ARENA_BYTES_MAX);
        if (r->bins[f] == NULL || r->column_arenas[f] == NULL)
            return eh_fail_memory(error);
        if (spec->monotone != 0 && r->columns[f].column.kind == EH_VALUES_TEXT)
            return eh_fail(error, EH_INPUT, "feature '%s' is a category; only a number can rise or fall", spec->name);
    }
    eh_work_parallel(0, count, bins_make, &work);
    eh_code code = EH_OK;
    for (size_t f = 0; f < count; f++) {
        eh_arena_adopt(r->arena, &r->column_arenas[f]);
        if (work.codes[f] != EH_OK && code == EH_OK) {
            code = work.codes[f];
            if (error != NULL)
                *error = work.errors[f];
        }
    }
    return code;
}

/* ---- groups and offers ---------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    uint32_t code;
} named_code;

static int compare_named(const void *a, const void *b)
{
    return strcmp(((const named_code *)a)->name, ((const named_code *)b)->name);
}

typedef struct {
    size_t column, most;
    const char *option, *name;
} texts_wanted;

/* Texts of a column as numbers in the order of their bytes. */
static eh_code texts_number(const reading *r, const texts_wanted *wanted, uint16_t **numbers_out, const char *const **names_out, size_t *count_out,
                            eh_error *error)
{
    const growing *column = &r->columns[wanted->column];
    size_t count = column->dictionary.count;
    if (count > wanted->most)
        return eh_fail(error, EH_LIMIT, "%s: '%s' has %zu different values, at most %zu; group them, e.g. with CASE WHEN ... END", wanted->option,
                       wanted->name, count, wanted->most);
    if (count < 2)
        return eh_fail(error, EH_INPUT, "%s: '%s' has the same value in every row", wanted->option, wanted->name);
    named_code sorted[EH_GROUPS_MAX];
    uint16_t place[EH_GROUPS_MAX];
    const char **names = EH_TAKE(r->arena, count, const char *);
    uint16_t *numbers = EH_TAKE(r->arena, r->kept, uint16_t);
    if (names == NULL || numbers == NULL)
        return eh_fail_memory(error);
    for (size_t c = 0; c < count; c++)
        sorted[c] = (named_code){column->dictionary.names[c], (uint32_t)c};
    qsort(sorted, count, sizeof sorted[0], compare_named);
    for (size_t c = 0; c < count; c++) {
        names[c] = sorted[c].name;
        place[sorted[c].code] = (uint16_t)c;
    }
    size_t at = 0;
    for (size_t i = 0; i < r->rows; i++)
        if (r->keep[i])
            numbers[at++] = column->codes[i] == UINT32_MAX ? EH_GROUP_NONE : place[column->codes[i]];
    *numbers_out = numbers;
    *names_out = names;
    *count_out = count;
    return EH_OK;
}

static eh_code groups_make(const reading *r, eh_dataset *dataset, eh_error *error)
{
    dataset->attributes = EH_TAKE(r->arena, r->spec->groups_count, eh_fair_attribute);
    if (dataset->attributes == NULL)
        return eh_fail_memory(error);
    for (size_t g = 0; g < r->spec->groups_count; g++) {
        eh_fair_attribute *attribute = &dataset->attributes[g];
        texts_wanted wanted = {.column = r->groups + g, .most = EH_GROUPS_MAX, .option = "--protected", .name = r->spec->groups[g].name};
        uint16_t *numbers = NULL;
        EH_TRY(texts_number(r, &wanted, &numbers, &attribute->group_names, &attribute->groups_count, error));
        attribute->group = numbers;
        attribute->name = r->spec->groups[g].name;
    }
    if (r->spec->offer != NULL) {
        texts_wanted wanted = {.column = r->offer, .most = EH_MODEL_OFFERS_MAX + 1, .option = "--treatment", .name = r->spec->offer};
        EH_TRY(texts_number(r, &wanted, &dataset->offer, &dataset->offer_names, &dataset->offers_count, error));
    }
    return EH_OK;
}

static eh_code extras_make(const reading *r, eh_dataset *dataset, eh_error *error)
{
    double **extras = EH_TAKE(r->arena, r->spec->extras_count, double *);
    if (extras == NULL)
        return eh_fail_memory(error);
    for (size_t e = 0; e < r->spec->extras_count; e++) {
        extras[e] = EH_TAKE(r->arena, r->kept, double);
        if (extras[e] == NULL)
            return eh_fail_memory(error);
        size_t at = 0;
        for (size_t i = 0; i < r->rows; i++)
            if (r->keep[i])
                extras[e][at++] = r->columns[r->extras + e].numbers[i];
    }
    dataset->extras = (const double *const *)extras;
    return EH_OK;
}

/* ---- the whole ------------------------------------------------------------------------------------------------------------------------------------------ */

static void fingerprint_take(eh_dataset *dataset)
{
    eh_sha256 hash;
    eh_digest digest;
    const eh_matrix *matrix = &dataset->matrix;
    eh_sha256_begin(&hash);
    for (size_t f = 0; f < matrix->features_count; f++) {
        eh_sha256_add(&hash, matrix->features[f].name, strlen(matrix->features[f].name) + 1);
        eh_sha256_add(&hash, matrix->bins[f], matrix->rows);
    }
    if (matrix->outcome != NULL)
        eh_sha256_add(&hash, matrix->outcome, matrix->rows * sizeof(float));
    if (matrix->weight != NULL)
        eh_sha256_add(&hash, matrix->weight, matrix->rows * sizeof(float));
    eh_sha256_end(&hash, &digest);
    for (size_t i = 0; i < 32; i++)
        snprintf(dataset->fingerprint + 2 * i, 3, "%02x", digest.bytes[i]);
}

static eh_code matrix_make(reading *r, eh_dataset *dataset, eh_error *error)
{
    float *outcome = EH_TAKE(r->arena, r->rows, float), *weight = NULL;
    r->keep = malloc(r->rows + 1);
    if (outcome == NULL || r->keep == NULL)
        return eh_fail_memory(error);
    if (r->spec->outcome != NULL) {
        EH_TRY(outcome_read(r, outcome, error));
    } else {
        memset(r->keep, true, r->rows);
        r->kept = r->rows;
    }
    if (r->spec->weight != NULL) {
        EH_TRY(weight_check(r, error));
        weight = EH_TAKE(r->arena, r->kept, float);
        if (weight == NULL)
            return eh_fail_memory(error);
    }
    size_t at = 0;
    for (size_t i = 0; i < r->rows; i++) {
        if (!r->keep[i])
            continue;
        outcome[at] = outcome[i];
        if (weight != NULL)
            weight[at] = (float)r->columns[r->weight].numbers[i];
        at++;
    }
    EH_TRY(groups_make(r, dataset, error));
    EH_TRY(extras_make(r, dataset, error));
    EH_TRY(features_make(r, error));
    dataset->matrix = (eh_matrix){.features = r->features, .features_count = r->spec->features_count, .bins = (const uint8_t *const *)r->bins,
                                  .rows = r->kept, .outcome = outcome, .weight = weight};
    dataset->rows_read = r->rows;
    dataset->outcome_missing = r->rows - r->kept;
    fingerprint_take(dataset);
    return EH_OK;
}

eh_code eh_dataset_read(eh_engine *engine, const eh_dataset_spec *spec, eh_arena *arena, eh_dataset *dataset_out, eh_error *error)
{
    EH_CLEANUP(reading_close) reading r = {.spec = spec, .arena = arena};
    eh_dataset dataset = {0};
    if (spec->features_count == 0)
        return eh_fail(error, EH_INPUT, "no feature is left to learn from");
    if (spec->features_count > EH_MODEL_FEATURES_MAX)
        return eh_fail(error, EH_LIMIT, "%zu features, at most %d", spec->features_count, EH_MODEL_FEATURES_MAX);
    EH_TRY(columns_list(&r, error));
    EH_TRY(kinds_settle(&r, engine, error));
    eh_columns_spec wanted = {.columns = r.list, .count = r.columns_count, .where = spec->where, .take = rows_take, .context = &r};
    EH_TRY(eh_columns_read(engine, &wanted, error));
    if (r.rows == 0)
        return eh_fail(error, EH_INPUT, "no rows are left after --where \"%.300s\"", spec->where == NULL ? "" : spec->where);
    EH_TRY(matrix_make(&r, &dataset, error));
    *dataset_out = dataset;
    return EH_OK;
}

eh_code eh_matrix_select(const eh_matrix *matrix, const bool *take, eh_arena *arena, eh_matrix *matrix_out, eh_error *error)
{
    size_t rows = 0, at = 0;
    for (size_t i = 0; i < matrix->rows; i++)
        rows += take[i] ? 1 : 0;
    uint8_t **bins = EH_TAKE(arena, matrix->features_count, uint8_t *);
    float *outcome = EH_TAKE(arena, rows, float), *weight = matrix->weight == NULL ? NULL : EH_TAKE(arena, rows, float);
    if (bins == NULL || outcome == NULL || (matrix->weight != NULL && weight == NULL))
        return eh_fail_memory(error);
    for (size_t f = 0; f < matrix->features_count; f++) {
        bins[f] = EH_TAKE(arena, rows, uint8_t);
        if (bins[f] == NULL)
            return eh_fail_memory(error);
        at = 0;
        for (size_t i = 0; i < matrix->rows; i++)
            if (take[i])
                bins[f][at++] = matrix->bins[f][i];
    }
    at = 0;
    for (size_t i = 0; i < matrix->rows; i++) {
        if (!take[i])
            continue;
        outcome[at] = matrix->outcome[i];
        if (weight != NULL)
            weight[at] = matrix->weight[i];
        at++;
    }
    *matrix_out = *matrix;
    matrix_out->rows = rows;
    matrix_out->bins = (const uint8_t *const *)bins;
    matrix_out->outcome = outcome;
    matrix_out->weight = weight;
    return EH_OK;
}
