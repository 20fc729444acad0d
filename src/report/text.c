#include <math.h>
#include <string.h>

#include "report/text_int.h"

enum { COLUMNS_DEFAULT = 80, COLUMNS_MIN = 60, COLUMNS_MAX = 160, WORST_MAX = 10, CHANGES_MAX = 12 };

/* ---- intersections -------------------------------------------------------------------------------------------------------------- */

/** How far the interval stays away from equality: what is sure comes before what is merely large. */
static double evidence_of(const eh_comparison *c)
{
    if (isnan(c->value) || isnan(c->low) || isnan(c->high))
        return -HUGE_VAL;
    return fmax(c->low > 0 ? log(c->low) : -HUGE_VAL, -log(c->high));
}

static bool is_worse(const eh_comparison *a, const eh_comparison *b)
{
    if (a->verdict != b->verdict)
        return a->verdict > b->verdict;
    return evidence_of(a) > evidence_of(b);
}

/** The worst ratios of the gate over all intersections, worst first. */
typedef struct {
    eh_told worst[WORST_MAX];
    size_t count;
    size_t counted[EH_VIOLATES + 1]; /* by verdict */
} ranking;

static void rank_one(ranking *r, const eh_audit_section *section, const eh_comparison *c)
{
    r->counted[c->verdict]++;
    if (c->verdict == EH_WITHIN_TOLERANCE)
        return;
    size_t at = r->count;
    while (at > 0 && is_worse(c, r->worst[at - 1].comparison))
        at--;
    if (at == WORST_MAX)
        return;
    size_t kept = r->count < WORST_MAX ? r->count : WORST_MAX - 1;
    memmove(&r->worst[at + 1], &r->worst[at], (kept - at) * sizeof *r->worst);
    r->worst[at] = (eh_told){section, c};
    r->count = kept + 1;
}

static ranking rank_intersections(const eh_audit *audit)
{
    ranking r = {0};
    for (size_t s = 0; s < audit->intersections_count; s++) {
        const eh_audit_section *section = &audit->intersections[s];
        for (size_t i = 0; i < section->comparisons_count; i++)
            if (section->comparisons[i].gate && section->comparisons[i].scale == EH_SCALE_RATIO)
                rank_one(&r, section, &section->comparisons[i]);
    }
    return r;
}

static void intersections_table(const text_page *page, const ranking *r)
{
    static const text_column columns[] = {{"group", false, 0}, {"people", true, 2},   {"rate", false, 3},   {"%", true, 0},
                                          {"ratio", true, 0},  {"interval", true, 1}, {"verdict", false, 0}};
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < r->count; i++) {
        const eh_comparison *c = r->worst[i].comparison;
        const eh_audit_group *group = &r->worst[i].section->groups[c->group];
        text_cell_name(&table, group->name);
        text_cell_count(&table, group->decided);
        text_cell_text(&table, c->measure == EH_SELECTION_RATE ? "picked" : eh_measure_get(c->measure)->name);
        text_cell_percent(&table, group->withheld ? EH_NAN : group->measures[c->measure].value);
        text_cell_factor(&table, c->value);
        text_cell_factors(&table, isnan(c->value) ? EH_NAN : c->low, c->high);
        text_cell_text(&table, group->withheld ? "withheld" : text_verdict_mark(c->verdict));
    }
    eh_buffer_byte(page->out, '\n');
    text_table_print(page, &table);
}

void text_intersections(const text_page *page)
{
    if (page->audit->intersections_count == 0)
        return;
    ranking r = rank_intersections(page->audit);
    text_paint(page, STYLE_BOLD);
    eh_buffer_text(page->out, "\n── intersections ");
    text_paint(page, STYLE_PLAIN);
    for (size_t used = 17; used < page->columns; used++)
        eh_buffer_text(page->out, "─");
    eh_buffer_byte(page->out, '\n');
    eh_buffer words = {.whole = page->out};
    size_t all = r.counted[EH_WITHIN_TOLERANCE] + r.counted[EH_NOT_ENOUGH_EVIDENCE] + r.counted[EH_VIOLATES];
    eh_buffer_format(&words, "%zu intersection%s of attributes, %zu ratios to the reference group of each: %zu violate%s, %zu within tolerance, "
                             "for %zu the data cannot tell.", page->audit->intersections_count,
                     page->audit->intersections_count == 1 ? "" : "s", all, r.counted[EH_VIOLATES], r.counted[EH_VIOLATES] == 1 ? "s" : "", r.counted[EH_WITHIN_TOLERANCE],
                     r.counted[EH_NOT_ENOUGH_EVIDENCE]);
    size_t told = r.counted[EH_NOT_ENOUGH_EVIDENCE] + r.counted[EH_VIOLATES];
    if (told > r.count)
        eh_buffer_format(&words, " The worst %zu:", r.count);
    if (words.ptr)
        text_wrap(page, words.ptr, 0);
    eh_buffer_dispose(&words);
    if (r.count > 0)
        intersections_table(page, &r);
}

/* ---- compared with before ---------------------------------------------------------------------------------------------------------- */

static bool is_change(const text_page *page, const eh_change *change)
{
    return change->group_is_new || change->group_is_gone || change->p < 1 - page->audit->options.confidence;
}

static void row_of_change(text_table *table, const eh_change *change)
{
    eh_say_name(&table->cells, change->attribute, 0);
    eh_buffer_text(&table->cells, ": ");
    text_cell_name(table, change->group);
    text_cell_text(table, change->measure == EH_SELECTION_RATE ? "picked" : eh_measure_get(change->measure)->name);
    text_cell_percent(table, change->before);
    text_cell_percent(table, change->now);
    if (change->group_is_new || change->group_is_gone) {
        text_cell_text(table, change->group_is_new ? "new" : "gone");
        text_cell_text(table, "");
        text_cell_text(table, "");
        return;
    }
    eh_buffer_text(&table->cells, change->difference > 0 ? "+" : "");
    text_cell_percent(table, change->difference);
    eh_say_decimal(&table->cells, change->low * 100, 1);
    eh_buffer_text(&table->cells, " to ");
    text_cell_percent(table, change->high);
    eh_say_p(&table->cells, change->p);
    text_cell_end(table);
}

static void before_sentence(const text_page *page, size_t changed)
{
    const eh_before *before = page->audit->before;
    eh_buffer words = {.whole = page->out};
    eh_buffer_text(&words, "Compared with ");
    eh_say_name(&words, page->about->before_path ? page->about->before_path : "the earlier report", EH_SAY_NAME_COLUMNS);
    eh_buffer_format(&words, " (%s, ", eh_verdict_name(before->verdict));
    if (before->rows >= 0 && before->rows < 1e18)
        eh_say_count(&words, (uint64_t)before->rows);
    eh_buffer_format(&words, " rows), %zu of %zu rates changed by more than chance explains (p below %.3g", changed, before->changes_count,
                     1 - page->audit->options.confidence);
    eh_buffer_text(&words, ", each taken by itself), or are of a group that is new or gone.");
    if (words.ptr)
        text_wrap(page, words.ptr, 0);
    eh_buffer_dispose(&words);
}

void text_before(const text_page *page)
{
    static const text_column columns[] = {{"group", false, 0},   {"rate", false, 0},   {"before %", true, 0}, {"now %", true, 0},
                                          {"change", true, 0}, {"interval", true, 2}, {"p", true, 1}};
    const eh_before *before = page->audit->before;
    if (!before)
        return;
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    size_t changed = 0;
    for (size_t i = 0; i < before->changes_count; i++) {
        if (!is_change(page, &before->changes[i]))
            continue;
        if (++changed <= CHANGES_MAX)
            row_of_change(&table, &before->changes[i]);
    }
    eh_buffer_byte(page->out, '\n');
    before_sentence(page, changed);
    text_table_print(page, &table);
    if (changed > CHANGES_MAX)
        eh_buffer_format(page->out, "... and %zu more.\n", changed - CHANGES_MAX);
}

/* ---- the page ---------------------------------------------------------------------------------------------------------------------------- */

static void put_headline(const text_page *page)
{
    eh_buffer words = {.whole = page->out};
    eh_report_headline(page->about, page->audit, &words);
    text_paint(page, STYLE_BOLD);
    if (words.ptr)
        text_wrap(page, words.ptr, 0);
    text_paint(page, STYLE_PLAIN);
    eh_buffer_clear(&words);
    eh_say_also(page->about, page->audit, &words);
    if (words.len > 0)
        text_wrap(page, words.ptr, 0);
    eh_buffer_dispose(&words);
}

static void say_expression(eh_buffer *out, const char *what, const eh_expression *expression)
{
    if (!expression->sql)
        return;
    eh_buffer_text(out, what);
    eh_say_name(out, expression->sql, 2 * EH_SAY_NAME_COLUMNS);
}

static void put_facts(const text_page *page)
{
    const eh_cube_spec *spec = page->about->spec;
    eh_buffer words = {.whole = page->out};
    eh_say_count(&words, page->audit->rows);
    eh_buffer_text(&words, page->audit->rows == 1 ? " row" : " rows");
    if (page->about->inputs_count > 0) {
        eh_buffer_text(&words, " of ");
        eh_say_name(&words, page->about->inputs->path, EH_SAY_NAME_COLUMNS);
    }
    if (page->about->inputs_count > 1)
        eh_buffer_format(&words, " and %zu more files", page->about->inputs_count - 1);
    eh_buffer_text(&words, spec->where ? " where " : "");
    if (spec->where)
        eh_say_name(&words, spec->where, 2 * EH_SAY_NAME_COLUMNS);
    say_expression(&words, "; picked: ", &spec->decision);
    say_expression(&words, "; label: ", &spec->label);
    say_expression(&words, "; score: ", &spec->score);
    say_expression(&words, "; value: ", &spec->value);
    eh_buffer_text(&words, "; tolerance ");
    eh_say_tolerance(page->audit, &words);
    eh_buffer_byte(&words, '.');
    eh_buffer_byte(page->out, '\n');
    if (words.ptr)
        text_wrap(page, words.ptr, 0);
    eh_buffer_dispose(&words);
}

static void put_notes(const text_page *page)
{
    eh_buffer notes = {.whole = page->out};
    eh_say_notes(page->about, page->audit, &notes);
    for (char *line = notes.ptr; line && *line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        eh_buffer_text(page->out, "- ");
        text_wrap(&(text_page){.out = page->out, .columns = page->columns - 2}, line, 2);
        line = end ? end + 1 : NULL;
    }
    eh_buffer_dispose(&notes);
}

static void put_closing(const text_page *page)
{
    eh_buffer words = {.whole = page->out};
    eh_buffer_byte(page->out, '\n');
    eh_buffer_format(&words, "How sure: each %s holds by itself; the verdicts hold for all groups of all attributes together (Holm)%s.",
                     page->interval_title, page->audit->intersections_count ? ", those of intersections by Benjamini and Hochberg" : "");
    if (words.ptr)
        text_wrap(page, words.ptr, 0);
    text_wrap(page, "Cannot tell (not enough evidence): the data neither shows a violation nor rules one out.", 0);
    eh_buffer_clear(&words);
    eh_buffer_format(&words, "Exit status %d (0 within tolerance, 1 violates, 3 not enough evidence). Every number: --format json, csv or html.",
                     eh_verdict_exit_status(page->audit->verdict));
    if (words.ptr)
        text_wrap(page, words.ptr, 0);
    eh_buffer_dispose(&words);
}

static size_t columns_of(const eh_report_text_options *options)
{
    size_t columns = options->columns ? options->columns : COLUMNS_DEFAULT;
    return columns < COLUMNS_MIN ? COLUMNS_MIN : columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
}

void eh_report_text(const eh_report_about *about, const eh_audit *audit, const eh_report_text_options *options, eh_buffer *out)
{
    text_page page = {about, audit, out, columns_of(options), options->colour, ""};
    snprintf(page.interval_title, sizeof page.interval_title, "%.6g %% interval", audit->options.confidence * 100);
    put_headline(&page);
    put_facts(&page);
    put_notes(&page);
    for (size_t i = 0; i < audit->attributes_count; i++)
        text_section(&page, &audit->attributes[i]);
    text_intersections(&page);
    text_before(&page);
    put_closing(&page);
}
