/*
 * Cells of the score: for each set of attributes, rows that agree in groups, label and score. Up to EH_SCORE_ROWS_EXACT_MAX rows
 * every score is kept; above that a grid of equal bins stands for it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/cube_int.h"

enum { SUM_WEIGHT, SUM_WEIGHT_SQUARES, SUM_SCORE, SUM_SCORE_SQUARES, SUM_LOSS, SUMS_COUNT };

typedef struct {
    eh_reading *reading;
    const eh_cube *cube;
    size_t used[EH_ATTRIBUTES_MAX]; /* attributes that at least one set holds */
    size_t used_count;
    bool grid;
    bool probability;  /* all scores in [0, 1] */
    int exponents[SUMS_COUNT];
    bool present[SUMS_COUNT];
    eh_score_cell *cells;
    size_t count, capacity;
    bool overflowed;
} score_reading;

static const double probability_min = 1e-15;

static void score_reading_close(score_reading *s)
{
    free(s->cells);
}

static void score_reading_init(score_reading *s, eh_reading *reading, const eh_cube *cube, bool grid)
{
    uint32_t any = 0;
    const eh_cube_spec *spec = reading->spec;
    *s = (score_reading){.reading = reading, .cube = cube, .grid = grid};
    for (size_t i = 0; i < spec->score_sets_count; i++)
        any |= spec->score_sets[i];
    for (size_t i = 0; i < reading->stratum; i++)
        if ((any >> i) & 1)
            s->used[s->used_count++] = i;
    s->probability = reading->score.min >= 0 && reading->score.max <= 1;
    bool weighted = reading->weight.column.sql != NULL;
    int w = weighted ? reading->weight.exponent : 0, e = reading->score.exponent;
    s->present[SUM_WEIGHT] = s->present[SUM_WEIGHT_SQUARES] = weighted;
    s->present[SUM_SCORE] = s->present[SUM_SCORE_SQUARES] = grid;
    s->present[SUM_LOSS] = grid && s->probability;
    s->exponents[SUM_WEIGHT] = w;
    s->exponents[SUM_WEIGHT_SQUARES] = 2 * w;
    s->exponents[SUM_SCORE] = w + e;
    s->exponents[SUM_SCORE_SQUARES] = w + 2 * e;
    s->exponents[SUM_LOSS] = w + EH_LOSS_BITS;
}

/* Where the score lies in the grid. */
static void bin_sql(const score_reading *s, eh_buffer *sql)
{
    double range = s->reading->score.max - s->reading->score.min;
    if (!s->grid) {
        eh_buffer_text(sql, "\"evenhand s\"");
        return;
    }
    eh_buffer_text(sql, "CAST(greatest(0e0, least(");
    eh_sql_double(sql, EH_SCORE_GRID_COUNT - 1);
    eh_buffer_text(sql, ", floor((\"evenhand s\" - (");
    eh_sql_double(sql, s->reading->score.min);
    eh_buffer_text(sql, ")) * ");
    eh_sql_double(sql, range > 0 ? EH_SCORE_GRID_COUNT / range : 0);
    eh_buffer_text(sql, "))) AS DOUBLE)");
}

/* -ln(p of the label that came true), with p kept away from 0 and 1. */
static void loss_sql(const score_reading *s, bool weighted, eh_buffer *product)
{
    const eh_outcome *label = &s->reading->label;
    eh_buffer_text(product, weighted ? "\"evenhand w\" * -ln(greatest(" : "-ln(greatest(");
    eh_sql_double(product, probability_min);
    eh_buffer_text(product, ", least(");
    eh_sql_double(product, 1 - probability_min);
    eh_buffer_text(product, ", CASE WHEN \"evenhand l\" IN (NULL");
    for (size_t i = 0; i < label->count; i++) {
        if (label->meanings[i] != EH_TRUE)
            continue;
        eh_buffer_text(product, ", CAST(");
        eh_sql_literal(product, eh_view_of(label->texts[i]));
        eh_buffer_format(product, " AS %s)", label->column.type_sql);
    }
    eh_buffer_text(product, ") THEN \"evenhand s\" ELSE 1 - \"evenhand s\" END)))");
}

static eh_code sums_sql(const score_reading *s, eh_buffer *sql)
{
    static const char *const weighted[SUMS_COUNT] = {
        [SUM_WEIGHT] = "\"evenhand w\"",
        [SUM_WEIGHT_SQUARES] = "\"evenhand w\" * \"evenhand w\"",
        [SUM_SCORE] = "\"evenhand w\" * \"evenhand s\"",
        [SUM_SCORE_SQUARES] = "\"evenhand w\" * \"evenhand s\" * \"evenhand s\"",
    };
    static const char *const counted[SUMS_COUNT] = {[SUM_SCORE] = "\"evenhand s\"", [SUM_SCORE_SQUARES] = "\"evenhand s\" * \"evenhand s\""};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer loss = {0};
    bool has_weight = s->reading->weight.column.sql != NULL;
    loss_sql(s, has_weight, &loss);
    EH_TRY(eh_buffer_check(&loss, s->reading->error));
    for (size_t i = 0; i < SUMS_COUNT; i++) {
        if (!s->present[i])
            continue;
        eh_buffer_text(sql, ", ");
        eh_fixed_sum_sql(i == SUM_LOSS ? loss.ptr : has_weight ? weighted[i] : counted[i], s->exponents[i], sql);
        eh_buffer_format(sql, " AS \"evenhand sum%zu\"", i);
    }
    return EH_OK;
}

static void used_sql(const score_reading *s, uint32_t set, const char *before, const char *after, eh_buffer *sql)
{
    for (size_t j = 0; j < s->used_count; j++)
        if ((set >> s->used[j]) & 1)
            eh_buffer_format(sql, "%s\"evenhand k%zu\"%s, ", before, s->used[j], after);
}

/* Layers 1 and 2: one row per input row, or with a grid one per combination of all groups, label and bin, which is far fewer. */
static eh_code keyed_sql(const score_reading *s, eh_buffer *sql)
{
    const eh_reading *reading = s->reading;
    if (s->grid) {
        eh_buffer_text(sql, "(SELECT ");
        used_sql(s, UINT32_MAX, "", "", sql);
        eh_buffer_text(sql, "\"evenhand l\", \"evenhand x\", count(*) AS \"evenhand n\"");
        EH_TRY(sums_sql(s, sql));
        eh_buffer_text(sql, " FROM ");
    }
    eh_buffer_text(sql, "(SELECT ");
    for (size_t j = 0; j < s->used_count; j++) {
        eh_key_sql(&reading->keys[s->used[j]], s->used[j], false, sql);
        eh_buffer_text(sql, ", ");
    }
    eh_buffer_text(sql, reading->weight.column.sql != NULL ? "\"evenhand w\", \"evenhand l\", \"evenhand s\", " : "\"evenhand l\", \"evenhand s\", ");
    bin_sql(s, sql);
    eh_buffer_text(sql, " AS \"evenhand x\" FROM ");
    eh_raw_sql(reading, 0, NULL, sql);
    eh_buffer_text(sql, " WHERE \"evenhand s\" IS NOT NULL AND \"evenhand l\" IS NOT NULL)");
    if (s->grid)
        eh_buffer_text(sql, " GROUP BY ALL)");
    return EH_OK;
}

static eh_code scores_sql(const score_reading *s, eh_buffer *sql)
{
    const eh_cube_spec *spec = s->reading->spec;
    eh_buffer_text(sql, "SELECT \"evenhand g\", ");
    used_sql(s, UINT32_MAX, "CAST(", " AS VARCHAR)", sql);
    eh_buffer_text(sql, "CAST(\"evenhand l\" AS VARCHAR), \"evenhand x\", \"evenhand n\"");
    for (size_t i = 0; i < SUMS_COUNT; i++)
        if (s->present[i])
            eh_buffer_format(sql, ", \"evenhand sum%zu\"", i);
    eh_buffer_text(sql, " FROM (SELECT CAST(");
    for (size_t j = 0; j < s->used_count; j++)
        eh_buffer_format(sql, "%s\"evenhand k%zu\"", j == 0 ? "GROUPING(" : ", ", s->used[j]);
    eh_buffer_text(sql, s->used_count == 0 ? "0 AS BIGINT) AS \"evenhand g\", " : ") AS BIGINT) AS \"evenhand g\", ");
    used_sql(s, UINT32_MAX, "", "", sql);
    eh_buffer_text(sql, "\"evenhand l\", \"evenhand x\", ");
    if (s->grid) {
        eh_buffer_text(sql, "CAST(sum(\"evenhand n\") AS BIGINT) AS \"evenhand n\"");
        for (size_t i = 0; i < SUMS_COUNT; i++)
            if (s->present[i])
                eh_buffer_format(sql, ", sum(\"evenhand sum%zu\") AS \"evenhand sum%zu\"", i, i);
    } else {
        eh_buffer_text(sql, "count(*) AS \"evenhand n\"");
        EH_TRY(sums_sql(s, sql));
    }
    eh_buffer_text(sql, " FROM ");
    EH_TRY(keyed_sql(s, sql));
    eh_buffer_text(sql, " GROUP BY GROUPING SETS (");
    for (size_t i = 0; i < spec->score_sets_count; i++) {
        eh_buffer_text(sql, i == 0 ? "(" : ", (");
        used_sql(s, spec->score_sets[i], "", "", sql);
        eh_buffer_text(sql, "\"evenhand l\", \"evenhand x\")");
    }
    eh_buffer_format(sql, ")) LIMIT %d", EH_CELLS_MAX + 1);
    return EH_OK;
}

/* Which set a row of the result belongs to: GROUPING has a 1, leftmost first, for each attribute that is not grouped by. */
static uint16_t set_of(const score_reading *s, uint64_t grouping)
{
    uint32_t mask = 0;
    const eh_cube_spec *spec = s->reading->spec;
    for (size_t j = 0; j < s->used_count; j++)
        if (((grouping >> (s->used_count - 1 - j)) & 1) == 0)
            mask |= UINT32_C(1) << s->used[j];
    size_t set = 0;
    while (set < spec->score_sets_count && (spec->score_sets[set] & ((UINT32_C(1) << s->reading->stratum) - 1)) != mask)
        set++;
    EH_ASSERT(set < spec->score_sets_count);
    return (uint16_t)set;
}

static eh_code cell_add(score_reading *s, const eh_score_cell *cell)
{
    s->overflowed = s->count == EH_CELLS_MAX;
    if (s->overflowed)
        return eh_fail(s->reading->error, EH_LIMIT, "--score: more than %d combinations of groups, label and score; look at fewer intersections "
                                                    "(--intersections 1) or fewer groups", EH_CELLS_MAX);
    if (s->count == s->capacity) {
        size_t capacity = s->capacity == 0 ? 1024 : s->capacity * 2;
        eh_score_cell *larger = realloc(s->cells, capacity * sizeof *larger);
        if (larger == NULL)
            return eh_fail_memory(s->reading->error);
        s->cells = larger;
        s->capacity = capacity;
    }
    s->cells[s->count++] = *cell;
    return EH_OK;
}

static double loss_of(const score_reading *s, const eh_score_cell *cell)
{
    double p = cell->label == EH_TRUE ? cell->score : 1 - cell->score;
    return s->probability ? -cell->weight * log(fmax(probability_min, fmin(1 - probability_min, p))) : EH_NAN;
}

static eh_code cell_read(score_reading *s, eh_cursor *cursor)
{
    eh_reading *reading = s->reading;
    eh_score_cell cell = {.set = set_of(s, (uint64_t)eh_cursor_integer(cursor, 0))};
    uint32_t mask = reading->spec->score_sets[cell.set];
    size_t column = 1;
    eh_view text = {0};
    for (size_t j = 0; j < s->used_count; j++, column++) {
        eh_key *key = &reading->keys[s->used[j]];
        if (((mask >> s->used[j]) & 1) == 0)
            continue;
        /* The bands of this query are formed in the engine, whatever the cube did. */
        eh_key_mode mode = key->mode;
        key->mode = mode == EH_KEY_BANDS_RAW ? EH_KEY_BANDS : mode;
        uint32_t index;
        bool known = eh_cursor_text(cursor, column, &text);
        eh_code code = eh_key_index(reading, key, known, text, &index);
        key->mode = mode;
        EH_TRY(code);
        EH_ASSERT(index < s->cube->dimensions[s->used[j]].groups_count);
        cell.group[s->used[j]] = key->positions[index];
    }
    bool known = eh_cursor_text(cursor, column++, &text);
    EH_TRY(eh_outcome_read(reading, &reading->label, known, text, &cell.label));
    cell.score = eh_cursor_double(cursor, column++) + 0.0; /* no negative zero */
    cell.count = (uint64_t)eh_cursor_integer(cursor, column++);
    double sums[SUMS_COUNT] = {0};
    for (size_t i = 0; i < SUMS_COUNT; i++)
        if (s->present[i])
            sums[i] = eh_fixed_sum(eh_cursor_int128(cursor, column++), s->exponents[i]);
    cell.weight = s->present[SUM_WEIGHT] ? sums[SUM_WEIGHT] : (double)cell.count;
    cell.weight_squares = s->present[SUM_WEIGHT] ? sums[SUM_WEIGHT_SQUARES] : (double)cell.count;
    cell.score_sum = s->grid ? sums[SUM_SCORE] : cell.weight * cell.score;
    cell.score_squares_sum = s->grid ? sums[SUM_SCORE_SQUARES] : cell.weight * cell.score * cell.score;
    cell.log_loss_sum = !s->grid ? loss_of(s, &cell) : s->probability ? sums[SUM_LOSS] : EH_NAN;
    return cell_add(s, &cell);
}

static int compare_keys(const eh_score_cell *x, const eh_score_cell *y)
{
    if (x->set != y->set)
        return x->set < y->set ? -1 : 1;
    for (size_t i = 0; i < EH_ATTRIBUTES_MAX; i++)
        if (x->group[i] != y->group[i])
            return x->group[i] < y->group[i] ? -1 : 1;
    if (x->score != y->score)
        return x->score < y->score ? -1 : 1;
    return (x->label > y->label) - (x->label < y->label);
}

/* Beyond the keys: the order in which cells that are to be joined are added up. */
static int compare_cells(const void *a, const void *b)
{
    const eh_score_cell *x = a, *y = b;
    int order = compare_keys(x, y);
    if (order != 0)
        return order;
    if (x->count != y->count)
        return x->count < y->count ? -1 : 1;
    if (x->weight != y->weight)
        return x->weight < y->weight ? -1 : 1;
    if (x->score_sum != y->score_sum)
        return x->score_sum < y->score_sum ? -1 : 1;
    return (x->log_loss_sum > y->log_loss_sum) - (x->log_loss_sum < y->log_loss_sum);
}

static void cells_settle(score_reading *s)
{
    qsort(s->cells, s->count, sizeof *s->cells, compare_cells);
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (kept == 0 || compare_keys(&s->cells[kept - 1], &s->cells[i]) != 0) {
            s->cells[kept++] = s->cells[i];
            continue;
        }
        eh_score_cell *into = &s->cells[kept - 1];
        into->count += s->cells[i].count;
        into->weight += s->cells[i].weight;
        into->weight_squares += s->cells[i].weight_squares;
        into->score_sum += s->cells[i].score_sum;
        into->score_squares_sum += s->cells[i].score_squares_sum;
        into->log_loss_sum += s->cells[i].log_loss_sum;
    }
    s->count = kept;
}

/* A bin is shown as the mean score of all its rows, the same in every set and group, so that ties stay ties. */
static eh_code bins_to_means(score_reading *s)
{
    double *weights = EH_TAKE(s->reading->arena, EH_SCORE_GRID_COUNT, double), *sums = EH_TAKE(s->reading->arena, EH_SCORE_GRID_COUNT, double);
    if (weights == NULL || sums == NULL)
        return eh_fail_memory(s->reading->error);
    for (size_t i = 0; i < s->count && s->cells[i].set == s->cells[0].set; i++) {
        weights[(size_t)s->cells[i].score] += s->cells[i].weight;
        sums[(size_t)s->cells[i].score] += s->cells[i].score_sum;
    }
    double min = s->reading->score.min, width = (s->reading->score.max - min) / EH_SCORE_GRID_COUNT;
    for (size_t i = 0; i < s->count; i++) {
        size_t bin = (size_t)s->cells[i].score;
        s->cells[i].score = weights[bin] > 0 ? sums[bin] / weights[bin] : min + width * ((double)bin + 0.5);
    }
    return EH_OK;
}

static eh_code scores_read_once(eh_reading *reading, bool grid, eh_cube *cube, bool *overflowed_out)
{
    EH_CLEANUP(score_reading_close) score_reading s;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {0};
    EH_CLEANUP(eh_cursor_close) eh_cursor cursor = {0};
    score_reading_init(&s, reading, cube, grid);
    EH_TRY(scores_sql(&s, &sql));
    EH_TRY(eh_engine_query(reading->engine, &sql, &cursor, reading->error));
    while (eh_cursor_next(&cursor)) {
        eh_code code = cell_read(&s, &cursor);
        *overflowed_out = s.overflowed;
        EH_TRY(code);
    }
    eh_cursor_close(&cursor);
    cells_settle(&s);
    if (grid)
        EH_TRY(bins_to_means(&s));
    eh_score_cell *cells = EH_TAKE(reading->arena, s.count, eh_score_cell);
    if (cells == NULL)
        return eh_fail_memory(reading->error);
    if (s.count > 0)
        memcpy(cells, s.cells, s.count * sizeof *cells);
    cube->score_cells = cells;
    cube->score_cells_count = s.count;
    cube->scores_exact = !grid;
    cube->score_min = reading->score.min;
    cube->score_max = reading->score.max;
    return EH_OK;
}

eh_code eh_scores_read(eh_reading *reading, eh_cube *cube)
{
    if (reading->label.column.sql == NULL)
        return eh_fail(reading->error, EH_INPUT, "--score needs --label: a score is measured against what came true");
    if (reading->spec->score_sets_count == 0) {
        cube->score_min = reading->score.min;
        cube->score_max = reading->score.max;
        return EH_OK;
    }
    bool overflowed = false;
    if (reading->scored_rows <= EH_SCORE_ROWS_EXACT_MAX) {
        eh_code code = scores_read_once(reading, false, cube, &overflowed);
        if (code == EH_OK || !overflowed)
            return code;
    }
    return scores_read_once(reading, true, cube, &overflowed);
}
