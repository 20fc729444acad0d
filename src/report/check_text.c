/* The check for a terminal: what was found first, then the numbers behind it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/check_report.h"
#include "report/text_int.h"

enum { COLUMNS_MIN = 60, COLUMNS_MAX = 160, LOW_SHOWN_MAX = 12, LINES_MAX = 12, LOVE_COLUMNS = 41 };

typedef struct {
    const eh_check_about *about;
    const eh_check *check;
    text_page page;
} check_page;

static void heading(const check_page *p, const char *title, const char *verdict)
{
    eh_buffer *out = p->page.out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
    eh_say_name(&name, title, 50);
    text_paint(&p->page, STYLE_BOLD);
    eh_buffer_text(out, "\n── ");
    eh_buffer_append(out, eh_buffer_view(&name));
    eh_buffer_format(out, "%s%s ", verdict[0] == '\0' ? "" : " ", verdict);
    text_paint(&p->page, STYLE_PLAIN);
    size_t used = 4 + eh_utf8_columns(eh_buffer_view(&name)) + (verdict[0] == '\0' ? 0 : 1 + eh_utf8_columns(eh_view_of(verdict)));
    for (; used < p->page.columns; used++)
        eh_buffer_text(out, "─");
    eh_buffer_byte(out, '\n');
}

/* ---- findings ------------------------------------------------------------------------------------------------------------------ */

static void put_finding(const check_page *p, const eh_finding *finding)
{
    static const text_style styles[] = {STYLE_DIM, STYLE_PLAIN, STYLE_YELLOW, STYLE_RED};
    static const char *const marks[] = {"note", "low", "MEDIUM", "HIGH"};
    eh_buffer *out = p->page.out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = out};
    text_page narrow = p->page;
    narrow.columns -= 8;
    text_paint(&p->page, styles[finding->severity]);
    eh_buffer_format(out, "%-8s", marks[finding->severity]);
    text_paint(&p->page, STYLE_PLAIN);
    eh_check_say(p->check, finding, &words);
    eh_buffer_text(&words, " [");
    eh_check_say_certainty(finding, &words);
    eh_buffer_text(&words, finding->is_new && p->check->before != NULL ? ", new]" : "]");
    if (words.code == EH_OK)
        text_wrap(&narrow, words.ptr, 8);
    eh_buffer_clear(&words);
    eh_buffer_text(&words, eh_finding_get(finding->kind)->todo);
    eh_buffer_format(out, "%8s", "");
    text_paint(&p->page, STYLE_DIM);
    eh_buffer_text(out, "→ ");
    narrow.columns -= 2;
    if (words.code == EH_OK)
        text_wrap(&narrow, words.ptr, 10);
    text_paint(&p->page, STYLE_PLAIN);
}

static void put_before(const check_page *p)
{
    static const text_column columns[] = {{"", false, 0}, {"grave", true, 0}, {"medium", true, 0}, {"light", true, 0}, {"notes", true, 0}, {"rows are worth", true, 1}};
    const eh_check *check = p->check;
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    for (size_t after = 0; after < 2; after++) {
        text_cell_text(&table, after == 0 ? "before" : "now");
        for (int s = EH_SEVERITY_HIGH; s >= EH_SEVERITY_NOTE; s--)
            text_cell_count(&table, after == 0 ? check->counts_before[s] : check->counts[s]);
        double worth = after == 0 ? check->effective_before : check->effective;
        if (isnan(worth))
            text_cell_text(&table, "");
        else
            text_cell_count(&table, (uint64_t)round(worth));
    }
    text_table_print(&p->page, &table);
}

/* Before and after: what a repair, or time, has changed. */
static void put_since(const check_page *p)
{
    const eh_check *check = p->check;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = p->page.out};
    if (check->before == NULL)
        return;
    eh_buffer_text(&words, "Since ");
    eh_say_name(&words, check->before, EH_SAY_NAME_COLUMNS);
    eh_buffer_format(&words, ": %zu finding%s gone, %zu new.", check->gone_count, check->gone_count == 1 ? " is" : "s are", check->new_count);
    eh_buffer_byte(p->page.out, '\n');
    if (words.code == EH_OK)
        text_wrap(&p->page, words.ptr, 0);
    put_before(p);
    for (size_t i = 0; i < check->gone_count && i < LOW_SHOWN_MAX; i++) {
        eh_buffer_clear(&words);
        eh_say_name(&words, check->gone[i].says, 0);
        eh_buffer_text(p->page.out, "gone    ");
        text_page narrow = p->page;
        narrow.columns -= 8;
        if (words.code == EH_OK)
            text_wrap(&narrow, words.ptr, 8);
    }
}

static void put_findings(const check_page *p)
{
    size_t low = 0;
    bool repairs = false;
    for (size_t i = 0; i < p->check->findings_count; i++) {
        const eh_finding *finding = &p->check->findings[i];
        const char *command = eh_finding_get(finding->kind)->command;
        repairs = repairs || (command != NULL && strstr(command, "repair") != NULL);
        if (finding->severity <= EH_SEVERITY_LOW && ++low > LOW_SHOWN_MAX)
            continue;
        eh_buffer_byte(p->page.out, '\n');
        put_finding(p, finding);
    }
    if (low > LOW_SHOWN_MAX)
        eh_buffer_format(p->page.out, "\n... and %zu more light findings (--format json has all).\n", low - LOW_SHOWN_MAX);
    if (!repairs)
        return;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = p->page.out};
    eh_buffer_format(&words, "To repair: evenhand repair --propose%s", p->about->arguments[0] == '\0' ? "" : " ");
    eh_say_name(&words, p->about->arguments, 0);
    eh_buffer_text(&words, " > repairs.yaml");
    eh_buffer_byte(p->page.out, '\n');
    if (words.code == EH_OK)
        text_wrap(&p->page, words.ptr, 2);
}

static void put_untold(const check_page *p)
{
    if (p->check->untold_count > 0)
        heading(p, "what this data cannot tell", "");
    for (size_t i = 0; i < p->check->untold_count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = p->page.out};
        eh_check_say_untold(p->check, &p->check->untold[i], &words);
        if (words.code == EH_OK)
            text_wrap(&p->page, words.ptr, 0);
    }
}

/* ---- shares --------------------------------------------------------------------------------------------------------------------- */

static const char *mark_of(const eh_check_group *group)
{
    if (!(group->population_share > 0))
        return group->missing ? "" : group->unmatched ? "not compared" : "";
    return text_verdict_mark(group->verdict);
}

static void shares_table(const check_page *p, const eh_check_section *section)
{
    static const text_column columns[] = {{"group", false, 0},     {"rows", true, 2},  {"data %", true, 0},   {"interval", true, 3},
                                          {"population %", true, 0}, {"ratio", true, 0}, {"verdict", false, 0}};
    static const text_column alone[] = {{"group", false, 0}, {"rows", true, 0}, {"data %", true, 0}, {"interval", true, 1}};
    bool compared = section->population != NULL;
    text_table table = {.columns = compared ? columns : alone, .columns_count = compared ? sizeof columns / sizeof *columns : sizeof alone / sizeof *alone};
    for (size_t g = 0; g < section->groups_count; g++) {
        const eh_check_group *group = &section->groups[g];
        text_cell_name(&table, group->name);
        text_cell_count(&table, group->rows);
        text_cell_percent(&table, group->share.value);
        text_cell_percents(&table, group->share.low, group->share.high);
        if (!compared)
            continue;
        text_cell_percent(&table, group->population_share);
        text_cell_factor(&table, group->ratio);
        text_cell_text(&table, mark_of(group));
    }
    text_table_print(&p->page, &table);
}

/* The love plot: the standardised difference of every group, as it is and after raking, on an axis of -.5 to .5. */
static void love_line(const check_page *p, const eh_check_group *group, size_t names)
{
    const char *glyphs[LOVE_COLUMNS];
    eh_buffer *out = p->page.out;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
    size_t middle = LOVE_COLUMNS / 2, tenth = middle / 5;
    for (size_t c = 0; c < LOVE_COLUMNS; c++)
        glyphs[c] = c == middle ? "│" : c == middle - tenth || c == middle + tenth ? "┊" : " ";
    const double values[] = {group->standardised_after, group->standardised};
    static const char *const dots[] = {"○", "●"};
    for (size_t i = 0; i < 2; i++) {
        double place = fmin(fmax(values[i], -0.5), 0.5) / 0.5 * (double)middle;
        if (!isnan(place))
            glyphs[(size_t)((double)middle + round(place))] = dots[i];
    }
    eh_say_name(&name, group->name, names);
    eh_buffer_append(out, eh_buffer_view(&name));
    eh_buffer_format(out, "%*s", (int)(names - eh_utf8_columns(eh_buffer_view(&name)) + 2), "");
    size_t end = LOVE_COLUMNS;
    while (end > 0 && glyphs[end - 1][0] == ' ')
        end--;
    for (size_t c = 0; c < end; c++)
        eh_buffer_text(out, glyphs[c]);
    eh_buffer_byte(out, '\n');
}

static void love_plot(const check_page *p, const eh_check_section *section)
{
    size_t names = 10, told = 0;
    for (size_t g = 0; g < section->groups_count; g++) {
        size_t width = eh_utf8_columns(eh_view_of(section->groups[g].name));
        names = width > names ? (width > 24 ? 24 : width) : names;
        told += isnan(section->groups[g].standardised) ? 0 : 1;
    }
    if (told == 0 || section->groups_count > 30)
        return;
    text_paint(&p->page, STYLE_DIM);
    eh_buffer_format(p->page.out, "\n%*s-.5             -.1  0  +.1             +.5\n", (int)names + 1, "");
    text_paint(&p->page, STYLE_PLAIN);
    for (size_t g = 0; g < section->groups_count; g++)
        if (!isnan(section->groups[g].standardised))
            love_line(p, &section->groups[g], names);
}

static void distances_line(const check_page *p, const eh_check_section *section)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = p->page.out};
    eh_say_percent(&words, section->total_variation);
    eh_buffer_text(&words, " of people would have to be in another group (total variation); stability index ");
    eh_say_decimal(&words, section->stability_index, 3);
    eh_buffer_text(&words, ", Jensen-Shannon ");
    eh_say_decimal(&words, section->jensen_shannon, 3);
    if (!isnan(section->kolmogorov)) {
        eh_buffer_text(&words, ", Kolmogorov-Smirnov ");
        eh_say_decimal(&words, section->kolmogorov, 3);
    }
    eh_buffer_text(&words, section->chi_square.p < 0.001 ? ", chi-square p " : ", chi-square p = ");
    eh_say_p(&words, section->chi_square.p);
    eh_buffer_text(&words, ".");
    eh_buffer_byte(p->page.out, '\n');
    if (words.code == EH_OK)
        text_wrap(&p->page, words.ptr, 0);
}

static void put_sections(const check_page *p)
{
    for (size_t s = 0; s < p->check->sections_count; s++) {
        const eh_check_section *section = &p->check->sections[s];
        if (s >= p->check->attributes_count && section->groups_count > 40)
            continue; /* a large joint table is for the other formats; what violates is among the findings */
        heading(p, section->name, section->population == NULL ? "" : text_verdict_mark(section->verdict));
        shares_table(p, section);
        if (section->population == NULL)
            continue;
        love_plot(p, section);
        distances_line(p, section);
    }
    const eh_check_weights *weights = &p->check->weights;
    if (!weights->done)
        return;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = p->page.out};
    eh_buffer_text(&words, "● as it is, ○ with weights that match the population (raking, ");
    eh_buffer_format(&words, weights->converged ? "reached in %u round%s" : "not reached in %u round%s", weights->rounds, weights->rounds == 1 ? "" : "s");
    eh_buffer_text(&words, "): design effect ");
    eh_say_decimal(&words, weights->cost.design_effect, 2);
    eh_buffer_text(&words, ", worth ");
    eh_say_count(&words, (uint64_t)weights->cost.effective_people);
    eh_buffer_text(&words, " of ");
    eh_say_count(&words, (uint64_t)weights->cost.people);
    eh_buffer_text(&words, " rows. Standardised differences beyond .1 count as large.");
    eh_buffer_byte(p->page.out, '\n');
    if (words.code == EH_OK)
        text_wrap(&p->page, words.ptr, 0);
}

/* ---- columns --------------------------------------------------------------------------------------------------------------------- */

static int by_missing(const void *left, const void *right)
{
    const eh_check_column *a = *(const eh_check_column *const *)left, *b = *(const eh_check_column *const *)right;
    if (a->missing.value != b->missing.value)
        return a->missing.value > b->missing.value ? -1 : 1;
    return strcmp(a->column->name, b->column->name);
}

/* The group for whom it is missing most: "age 65 and over 31.0". */
static void worst_cell(const check_page *p, const eh_check_column *column, text_table *table)
{
    double worst = -1;
    const char *attribute = NULL, *group = NULL;
    const eh_cube *cube = p->check->cube;
    for (size_t a = 0, at = 0; column->missing_by != NULL && a < cube->dimensions_count; at += cube->dimensions[a++].groups_count)
        for (size_t g = 0; g < cube->dimensions[a].groups_count; g++)
            if (!cube->dimensions[a].groups[g].missing && column->missing_by[at + g].value > worst && column->missing_p[a] < 0.05) {
                worst = column->missing_by[at + g].value;
                attribute = cube->dimensions[a].name;
                group = cube->dimensions[a].groups[g].name;
            }
    if (group != NULL) {
        eh_say_name(&table->cells, attribute, 14);
        eh_buffer_text(&table->cells, " = ");
        eh_say_name(&table->cells, group, 20);
        eh_buffer_text(&table->cells, ": ");
        eh_say_decimal(&table->cells, worst * 100, 1);
    }
    text_cell_end(table);
}

static void put_missing(const check_page *p)
{
    static const text_column columns[] = {{"column", false, 0}, {"missing", true, 2}, {"%", true, 0}, {"most often, %", false, 1}};
    const eh_check_column *order[EH_PROFILE_COLUMNS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < p->check->columns_count; i++)
        if (p->check->columns[i].missing.value > 0)
            order[count++] = &p->check->columns[i];
    if (count == 0)
        return;
    qsort(order, count, sizeof *order, by_missing);
    heading(p, "missing values", "");
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < count && i < LINES_MAX; i++) {
        text_cell_name(&table, order[i]->column->name);
        text_cell_count(&table, order[i]->column->missing + order[i]->column->blank);
        text_cell_percent(&table, order[i]->missing.value);
        worst_cell(p, order[i], &table);
    }
    text_table_print(&p->page, &table);
    if (count > LINES_MAX)
        eh_buffer_format(p->page.out, "... and %zu more columns.\n", count - LINES_MAX);
}

typedef struct {
    const eh_check_column *column;
    size_t attribute;
    double v;
} link;

static int by_link(const void *left, const void *right)
{
    const link *a = left, *b = right;
    if (a->v != b->v)
        return a->v > b->v ? -1 : 1;
    int order = strcmp(a->column->column->name, b->column->column->name);
    return order != 0 ? order : (a->attribute > b->attribute) - (a->attribute < b->attribute);
}

static void links_table(const check_page *p, const link *links, size_t count)
{
    static const text_column columns[] = {{"column", false, 0}, {"attribute", false, 0}, {"Cramér's V", true, 0}, {"mutual inf.", true, 1}};
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < count && i < LINES_MAX; i++) {
        text_cell_name(&table, links[i].column->column->name);
        eh_say_name(&table.cells, p->check->cube->dimensions[links[i].attribute].name, 24);
        text_cell_end(&table);
        eh_say_decimal(&table.cells, links[i].v, 3);
        text_cell_end(&table);
        eh_say_decimal(&table.cells, links[i].column->mutual_information[links[i].attribute], 3);
        text_cell_end(&table);
    }
    text_table_print(&p->page, &table);
}

static void put_links(const check_page *p)
{
    size_t attributes = p->check->attributes_count, count = 0;
    link *links = attributes == 0 ? NULL : calloc(p->check->columns_count * attributes, sizeof *links);
    if (links == NULL)
        return;
    for (size_t i = 0; i < p->check->columns_count; i++)
        for (size_t a = 0; a < attributes; a++)
            if (p->check->columns[i].cramers_v[a] >= 0.1)
                links[count++] = (link){&p->check->columns[i], a, p->check->columns[i].cramers_v[a]};
    bool recovered = false;
    for (size_t s = 0; s < attributes; s++)
        recovered = recovered || !isnan(p->check->sections[s].recovery.value);
    if (count > 0 || recovered)
        heading(p, "what gives groups away", "");
    qsort(links, count, sizeof *links, by_link);
    if (count > 0)
        links_table(p, links, count);
    free(links);
    for (size_t s = 0; s < attributes; s++) {
        const eh_check_section *section = &p->check->sections[s];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = p->page.out};
        if (isnan(section->recovery.value))
            continue;
        eh_say_name(&words, section->name, EH_SAY_NAME_COLUMNS);
        eh_buffer_text(&words, ": all ");
        eh_buffer_format(&words, "%zu features together tell ", section->recovery_features);
        eh_say_name(&words, section->recovery_group, EH_SAY_NAME_COLUMNS);
        eh_buffer_text(&words, " with an AUC of ");
        eh_say_decimal(&words, section->recovery.value, 3);
        eh_buffer_text(&words, " (");
        eh_say_decimal(&words, section->recovery.low, 3);
        eh_buffer_text(&words, " to ");
        eh_say_decimal(&words, section->recovery.high, 3);
        eh_buffer_text(&words, ").");
        if (words.code == EH_OK)
            text_wrap(&p->page, words.ptr, 0);
    }
}

static void put_crossings(const check_page *p)
{
    static const text_column columns[] = {{"crossing", false, 0}, {"rows", true, 0}, {"expected %", true, 0}, {"attributes", false, 1}};
    if (p->check->crossings_count == 0)
        return;
    heading(p, "crossings that nobody looks at", "");
    text_table table = {.columns = columns, .columns_count = sizeof columns / sizeof *columns};
    for (size_t i = 0; i < p->check->crossings_count && i < LINES_MAX; i++) {
        const eh_check_crossing *crossing = &p->check->crossings[i];
        text_cell_name(&table, crossing->name);
        text_cell_count(&table, crossing->rows);
        text_cell_percent(&table, crossing->expected_share);
        eh_say_name(&table.cells, crossing->attributes, 30);
        text_cell_end(&table);
    }
    text_table_print(&p->page, &table);
    if (p->check->crossings_count > LINES_MAX)
        eh_buffer_format(p->page.out, "... and %zu more.\n", p->check->crossings_count - LINES_MAX);
}

/* ---- the page ------------------------------------------------------------------------------------------------------------------------ */

static void put_facts(const check_page *p)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = p->page.out};
    char now[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(p->check->options.now, EH_FRACTION_NONE, now);
    eh_say_count(&words, p->check->profile->rows);
    eh_buffer_format(&words, " row%s, %zu column%s", p->check->profile->rows == 1 ? "" : "s", p->check->columns_count, p->check->columns_count == 1 ? "" : "s");
    if (p->about->inputs_count > 0) {
        eh_buffer_text(&words, " of ");
        eh_say_name(&words, p->about->inputs[0].path, EH_SAY_NAME_COLUMNS);
    }
    if (p->about->inputs_count > 1)
        eh_buffer_format(&words, " and %zu more files", p->about->inputs_count - 1);
    if (p->about->spec->where != NULL) {
        eh_buffer_text(&words, " where ");
        eh_say_name(&words, p->about->spec->where, 2 * EH_SAY_NAME_COLUMNS);
    }
    for (size_t i = 0; i < p->about->populations_count; i++) {
        eh_buffer_text(&words, i == 0 ? "; population: " : ", ");
        eh_say_name(&words, p->about->populations[i].path, EH_SAY_NAME_COLUMNS);
    }
    eh_buffer_format(&words, "; as of %.10s.", now);
    eh_check_say_repairs(p->about, &words);
    if (p->check->profile->rows_binned < p->check->profile->rows) {
        eh_buffer_text(&words, " What looks at values together is of a sample of ");
        eh_say_count(&words, p->check->profile->rows_binned);
        eh_buffer_text(&words, " rows.");
    }
    eh_buffer_byte(p->page.out, '\n');
    if (words.code == EH_OK)
        text_wrap(&p->page, words.ptr, 0);
}

static void put_closing(const check_page *p)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = p->page.out};
    eh_buffer_format(&words, "Exit status %d (0 nothing of weight %s or more, 1 found, 3 too little data to tell). Every number: --format json or html.",
                     p->check->exit_status, eh_severity_name(p->check->options.fail_at));
    eh_buffer_byte(p->page.out, '\n');
    if (words.code == EH_OK)
        text_wrap(&p->page, words.ptr, 0);
}

void eh_check_text(const eh_check_about *about, const eh_check *check, const eh_report_text_options *options, eh_buffer *out)
{
    size_t columns = options->columns == 0 ? 80 : options->columns;
    columns = columns < COLUMNS_MIN ? COLUMNS_MIN : columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
    check_page p = {about, check, {.out = out, .columns = columns, .colour = options->colour}};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer words = {.whole = out};
    eh_check_headline(about, check, &words);
    text_paint(&p.page, STYLE_BOLD);
    if (words.code == EH_OK)
        text_wrap(&p.page, words.ptr, 0);
    text_paint(&p.page, STYLE_PLAIN);
    put_facts(&p);
    put_since(&p);
    put_findings(&p);
    put_untold(&p);
    put_sections(&p);
    put_missing(&p);
    put_links(&p);
    put_crossings(&p);
    put_closing(&p);
}
