#include <math.h>
#include <string.h>

#include "report/text_int.h"

static const eh_comparison *ratio_to_reference(const eh_audit_section *section, eh_measure measure, size_t group)
{
    for (size_t i = 0; i < section->comparisons_count; i++) {
        const eh_comparison *c = &section->comparisons[i];
        if (c->measure == measure && c->scale == EH_SCALE_RATIO && (size_t)c->group == group && c->reference == section->reference)
            return c;
    }
    return NULL;
}

/* ---- one rate with its ratios ----------------------------------------------------------------------------------------------- */

static void cell_rate(text_table *table, eh_measure measure, const eh_estimate *estimate)
{
    if (!eh_measure_get(measure)->unbounded) {
        text_cell_percent(table, estimate->value);
        text_cell_percents(table, estimate->low, estimate->high);
        return;
    }
    text_cell_factor(table, estimate->value);
    text_cell_factors(table, estimate->low, estimate->high);
}

static void row_of_rate(text_table *table, const eh_audit_section *section, eh_measure measure, size_t g)
{
    const eh_audit_group *group = &section->groups[g];
    const eh_estimate *rate = &group->measures[measure];
    text_cell_name(table, group->name);
    text_cell_count(table, measure == EH_SELECTION_RATE || !(rate->n >= 0) ? group->decided : (uint64_t)llround(rate->n));
    cell_rate(table, measure, group->withheld ? &(eh_estimate){EH_NAN, EH_NAN, EH_NAN, 0} : rate);
    if ((int32_t)g == section->reference) {
        text_cell_text(table, "1");
        text_cell_text(table, "");
        text_cell_text(table, "reference");
    } else {
        const eh_comparison *c = ratio_to_reference(section, measure, g);
        text_cell_factor(table, c ? c->value : EH_NAN);
        text_cell_factors(table, c && !isnan(c->value) ? c->low : EH_NAN, c ? c->high : EH_NAN);
        text_cell_text(table, group->withheld ? "withheld" : c ? text_verdict_mark(c->verdict) : "");
    }
    if (section->bounds)
        text_cell_percents(table, section->bounds[g].low, section->bounds[g].high);
}

/** Who a rate is counted over, and what it is called at the head of a column. */
typedef struct {
    const char *over, *called;
} heads;

static heads heads_of(eh_measure measure)
{
    static const heads known[EH_MEASURES_COUNT] = {
        [EH_SELECTION_RATE] = {"people", "picked %"}, [EH_TPR] = {"people", "picked %"},     [EH_FPR] = {"people", "picked %"},
        [EH_FNR] = {"people", "passed over %"},       [EH_PPV] = {"people", "label true %"}, [EH_VALUE_MEAN] = {"people", "value"},
    };
    return known[measure].over ? known[measure] : (heads){"n", eh_measure_get(measure)->name};
}

static void rate_table(const text_page *page, const eh_audit_section *section, eh_measure measure)
{
    heads h = heads_of(measure);
    const text_column columns[] = {{"group", false, 0},         {h.over, true, 4},      {h.called, true, 0},
                                   {page->interval_title, true, 3}, {"ratio", true, 0}, {"interval", true, 2},
                                   {"verdict", false, 0},       {"bounds %", true, 5}};
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns - (section->bounds ? 0 : 1)};
    for (size_t g = 0; g < section->groups_count; g++)
        row_of_rate(&table, section, measure, g);
    text_table_print(page, &table);
}

/* ---- the other rates ------------------------------------------------------------------------------------------------------------ */

typedef struct {
    eh_measure measure;
    const char *title;
} rate_column;

static const rate_column label_columns[] = {{EH_BASE_RATE, "base rate"}, {EH_TPR, "TPR"}, {EH_FPR, "FPR"}, {EH_PPV, "PPV"},
                                            {EH_NPV, "NPV"},             {EH_ACCURACY, "accuracy"}};
static const rate_column score_columns[] = {{EH_AUC, "AUC"}, {EH_BRIER, "Brier"}, {EH_LOG_LOSS, "log loss"},
                                            {EH_CALIBRATION_ERROR, "calibration error"}};

static void cell_measure(text_table *table, const eh_audit_group *group, eh_measure measure)
{
    double value = group->withheld ? EH_NAN : group->measures[measure].value;
    if (eh_measure_get(measure)->proportion) {
        text_cell_percent(table, value);
        return;
    }
    eh_say_decimal(&table->cells, value, 3);
    text_cell_end(table);
}

static void measures_table(const text_page *page, const eh_audit_section *section, const rate_column *list, size_t count)
{
    text_column columns[TEXT_COLUMNS_MAX] = {{"group", false, 0}};
    size_t shown = 0;
    for (size_t i = 0; i < count; i++)
        if (eh_measure_told(page->audit, list[i].measure))
            columns[++shown] = (text_column){list[i].title, true, (uint8_t)(i + 1)};
    if (shown == 0)
        return;
    text_table table = {.columns = columns, .columns_count = shown + 1};
    for (size_t g = 0; g < section->groups_count; g++) {
        text_cell_name(&table, section->groups[g].name);
        for (size_t i = 0; i < count; i++)
            if (eh_measure_told(page->audit, list[i].measure))
                cell_measure(&table, &section->groups[g], list[i].measure);
    }
    eh_buffer_byte(page->out, '\n');
    text_table_print(page, &table);
}

static void value_table(const text_page *page, const eh_audit_section *section)
{
    static const text_column columns[] = {{"group", false, 0}, {"value per head", true, 0}, {"interval", true, 2}, {"total", true, 1},
                                          {"share of people %", true, 3}};
    if (!(page->audit->has & EH_NEEDS_VALUE))
        return;
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    for (size_t g = 0; g < section->groups_count; g++) {
        const eh_audit_group *group = &section->groups[g];
        const eh_estimate *mean = &group->measures[EH_VALUE_MEAN];
        text_cell_name(&table, group->name);
        text_cell_factor(&table, group->withheld ? EH_NAN : mean->value);
        text_cell_factors(&table, group->withheld ? EH_NAN : mean->low, mean->high);
        eh_say_decimal(&table.cells, group->withheld ? EH_NAN : group->value_total, 0);
        text_cell_end(&table);
        text_cell_percent(&table, group->share_of_people);
    }
    eh_buffer_byte(page->out, '\n');
    text_table_print(page, &table);
}

/* ---- composites and strata ----------------------------------------------------------------------------------------------------------- */

/** The few that people ask for first; the other formats have all. */
static bool is_main_composite(const char *name)
{
    static const char *const names[] = {"demographic_parity_difference", "demographic_parity_ratio", "equal_opportunity_difference",
                                        "equalized_odds_difference", "differential_fairness", "generalized_entropy_index"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static void summary_table(const text_page *page, const eh_audit_section *section)
{
    const text_column columns[] = {{"over all groups", false, 0}, {"value", true, 0}, {page->interval_title, true, 1}};
    text_table table = {.columns = columns, .columns_count = 3};
    for (size_t i = 0; i < section->summary_count; i++) {
        const eh_summary *summary = &section->summary[i];
        if (!is_main_composite(summary->name))
            continue;
        for (const char *c = summary->name; *c; c++)
            eh_buffer_byte(&table.cells, *c == '_' ? ' ' : *c);
        text_cell_end(&table);
        eh_say_decimal(&table.cells, summary->value, 3);
        text_cell_end(&table);
        if (!isnan(summary->low)) {
            eh_say_decimal(&table.cells, summary->low, 3);
            eh_buffer_text(&table.cells, "–");
            eh_say_decimal(&table.cells, summary->high, 3);
        }
        text_cell_end(&table);
    }
    eh_buffer_byte(page->out, '\n');
    text_table_print(page, &table);
}

static void within_sentence(const text_page *page, const eh_audit_section *section)
{
    const eh_within *within = section->within;
    eh_buffer words = {.whole = page->out};
    eh_buffer_text(&words, "Compared only with people of the same ");
    eh_say_name(&words, page->about->spec->within.name ? page->about->spec->within.name : "stratum", EH_SAY_NAME_COLUMNS);
    eh_buffer_format(&words, " (%zu): Cochran-Mantel-Haenszel ", page->about->cube->strata_count);
    eh_say_decimal(&words, within->cmh_statistic, 2);
    eh_buffer_text(&words, " with ");
    eh_say_decimal(&words, within->cmh_df, 0);
    eh_buffer_text(&words, within->cmh_df > 1 ? " degrees of freedom, p " : " degree of freedom, p ");
    eh_say_p(&words, within->cmh_p);
    eh_buffer_byte(&words, '.');
    if (words.ptr)
        text_wrap(page, words.ptr, 0);
    eh_buffer_dispose(&words);
}

static void within_table(const text_page *page, const eh_audit_section *section)
{
    if (!section->within)
        return;
    static const text_column columns[] = {{"group", false, 0},          {"odds ratio", true, 0}, {"interval", true, 1},
                                          {"rate difference %", true, 2}, {"p", true, 0},        {"disparity", true, 3}};
    eh_buffer_byte(page->out, '\n');
    within_sentence(page, section);
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < section->within->groups_count; i++) {
        const eh_within_group *group = &section->within->groups[i];
        text_cell_name(&table, eh_group_name(section, group->group));
        text_cell_factor(&table, group->table.odds_ratio.value);
        text_cell_factors(&table, group->table.odds_ratio.low, group->table.odds_ratio.high);
        text_cell_percent(&table, group->table.risk_difference);
        eh_say_p(&table.cells, group->table.p);
        text_cell_end(&table);
        eh_say_decimal(&table.cells, group->conditional_demographic_disparity, 3);
        text_cell_end(&table);
    }
    text_table_print(page, &table);
}

/* ---- a section -------------------------------------------------------------------------------------------------------------------------- */

static void section_title(const text_page *page, const eh_audit_section *section)
{
    eh_buffer name = {.whole = page->out};
    eh_say_name(&name, section->name, page->columns - 24);
    size_t used = 3 + eh_utf8_columns(eh_buffer_view(&name)) + 1 + eh_utf8_columns(eh_view_of(text_verdict_mark(section->verdict))) + 1;
    text_paint(page, STYLE_BOLD);
    eh_buffer_text(page->out, "\n── ");
    eh_buffer_append(page->out, eh_buffer_view(&name));
    eh_buffer_byte(page->out, ' ');
    text_paint(page, STYLE_PLAIN);
    text_paint(page, text_verdict_style(section->verdict));
    eh_buffer_text(page->out, text_verdict_mark(section->verdict));
    text_paint(page, STYLE_PLAIN);
    eh_buffer_byte(page->out, ' ');
    for (; used < page->columns; used++)
        eh_buffer_text(page->out, "─");
    eh_buffer_byte(page->out, '\n');
    eh_buffer_dispose(&name);
}

static void section_sentence(const text_page *page, const eh_audit_section *section)
{
    eh_buffer words = {.whole = page->out};
    eh_say_section(page->about, page->audit, section, &words);
    if (words.ptr)
        text_wrap(page, words.ptr, 0);
    eh_buffer_byte(page->out, '\n');
    eh_buffer_dispose(&words);
}

void text_section(const text_page *page, const eh_audit_section *section)
{
    section_title(page, section);
    bool headline_said_it = page->audit->verdict == EH_WITHIN_TOLERANCE ? page->audit->attributes_count == 1
                                                                         : section == page->audit->headline_section;
    if (!headline_said_it)
        section_sentence(page, section);
    rate_table(page, section, EH_SELECTION_RATE);
    eh_buffer_byte(page->out, '\n');
    text_forest(page, section, EH_SELECTION_RATE);
    for (eh_measure m = EH_SELECTION_RATE + 1; m < EH_MEASURES_COUNT; m++) {
        if (!(page->audit->options.gate >> m & 1U) || !eh_measure_told(page->audit, m))
            continue;
        eh_buffer_byte(page->out, '\n');
        text_wrap(page, eh_measure_get(m)->says, 0);
        rate_table(page, section, m);
    }
    measures_table(page, section, label_columns, sizeof label_columns / sizeof *label_columns);
    measures_table(page, section, score_columns, sizeof score_columns / sizeof *score_columns);
    value_table(page, section);
    summary_table(page, section);
    within_table(page, section);
}
