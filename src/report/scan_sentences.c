/* Hidden groups in plain English. */
#include <math.h>
#include <string.h>

#include "report/report_int.h"

const char *eh_scan_chosen(const eh_report_scan_about *about)
{
    return strcmp(about->spec->decision_option, "--label") == 0 ? "observed" : "chosen";
}

/* ---- who ----------------------------------------------------------------------------------------------------------------------- */

static void say_value(const eh_cube_group *value, eh_buffer *out)
{
    if (value->missing)
        eh_buffer_text(out, "missing");
    else if (value->others)
        eh_buffer_text(out, "any of the rare ones");
    else
        eh_say_name(out, value->name, EH_SAY_NAME_COLUMNS);
}

/* "25 to 34" and "35 to 44" side by side are "25 to 44". Names of bands are made by data/ and have these forms only. */
static void say_range(const eh_cube_group *first, const eh_cube_group *last, eh_buffer *out)
{
    const char *to = strstr(first->name, " to "), *end = strstr(last->name, " to ");
    bool from_start = strncmp(first->name, "under ", 6) == 0, to_end = strstr(last->name, " and over") != NULL;
    size_t from_len = to != NULL ? (size_t)(to - first->name) : strlen(first->name);
    const char *until = end != NULL ? end + 4 : last->name;
    if (to_end) {
        eh_buffer_append(out, (eh_view){first->name, from_len});
        eh_buffer_text(out, " and over");
    } else if (from_start) {
        eh_buffer_text(out, until);
        eh_buffer_text(out, strncmp(until, "under ", 6) == 0 ? "" : " and under");
    } else {
        eh_buffer_append(out, (eh_view){first->name, from_len});
        eh_buffer_text(out, " to ");
        eh_buffer_text(out, until);
    }
}

/* A run of neighbours in an ordered attribute; missing is no neighbour of anything. */
static size_t run_end(const eh_cube_dimension *attribute, uint64_t values, size_t start)
{
    size_t end = start + 1;
    while (attribute->numeric && !attribute->groups[start].missing && end < attribute->groups_count && (values >> end & 1) != 0 &&
           !attribute->groups[end].missing && !attribute->groups[end].others)
        end++;
    return end;
}

static size_t runs_count(const eh_cube_dimension *attribute, uint64_t values)
{
    size_t runs = 0;
    for (size_t v = 0; v < attribute->groups_count;) {
        bool belongs = (values >> v & 1) != 0;
        runs += belongs;
        v = belongs ? run_end(attribute, values, v) : v + 1;
    }
    return runs;
}

void eh_say_condition(const eh_report_scan_about *about, const eh_scan_condition *condition, eh_buffer *out)
{
    const eh_cube_dimension *attribute = &about->table->dimensions[condition->attribute];
    uint64_t whole = attribute->groups_count >= 64 ? UINT64_MAX : (UINT64_C(1) << attribute->groups_count) - 1;
    uint64_t values = condition->except ? whole & ~condition->values : condition->values;
    size_t runs = runs_count(attribute, values), said = 0;
    eh_say_name(out, attribute->name, EH_SAY_NAME_COLUMNS);
    eh_buffer_text(out, condition->except ? " other than " : attribute->numeric && runs == 1 ? " " : " = ");
    for (size_t v = 0; v < attribute->groups_count;) {
        if ((values >> v & 1) == 0) {
            v++;
            continue;
        }
        size_t end = run_end(attribute, values, v);
        eh_buffer_text(out, said == 0 ? "" : said + 1 == runs ? " or " : ", ");
        if (end - v > 1)
            say_range(&attribute->groups[v], &attribute->groups[end - 1], out);
        else
            say_value(&attribute->groups[v], out);
        said++;
        v = end;
    }
}

void eh_report_scan_group(const eh_report_scan_about *about, const eh_scan_group *group, eh_buffer *out)
{
    if (group->conditions_count == 0)
        eh_buffer_text(out, "everybody");
    for (size_t i = 0; i < group->conditions_count; i++) {
        eh_buffer_text(out, i == 0 ? "" : ", ");
        eh_say_condition(about, &group->conditions[i], out);
    }
}

/* ---- sentences --------------------------------------------------------------------------------------------------------------------- */

void eh_say_scan_group(const eh_report_scan_about *about, const eh_scan *scan, const eh_scan_group *group, eh_buffer *out)
{
    const char *chosen = eh_scan_chosen(about);
    size_t start = out->len;
    eh_report_scan_group(about, group, out);
    (void)start;
    eh_buffer_text(out, ": expected ");
    eh_say_percent(out, group->confirmed_expected);
    eh_buffer_format(out, ", %s ", chosen);
    eh_say_percent(out, group->confirmed.value);
    eh_buffer_format(out, " (%.6g %% interval ", scan->options.confidence * 100);
    eh_say_decimal(out, group->confirmed.low * 100, 1);
    eh_buffer_text(out, " to ");
    eh_say_decimal(out, group->confirmed.high * 100, 1);
    eh_buffer_text(out, " %; ");
    eh_say_count(out, group->rows);
    eh_buffer_text(out, " people, ");
    eh_say_percent(out, group->share);
    eh_buffer_text(out, " of all)");
}

void eh_say_findable(const eh_report_scan_about *about, const eh_scan *scan, const eh_scan_findable *findable, eh_buffer *out)
{
    (void)about;
    bool low = !isnan(findable->low), high = !isnan(findable->high);
    eh_buffer_text(out, "a group of ");
    eh_say_decimal(out, findable->share * 100, 0);
    eh_buffer_text(out, " % of the rows (");
    eh_say_count(out, (uint64_t)llround(findable->share * (double)scan->rows));
    eh_buffer_text(out, low || high ? ") would have been found in about four of five such files at a rate of " : ") could not have been found at any rate");
    if (low) {
        eh_say_percent(out, findable->low);
        eh_buffer_text(out, " or less");
    }
    eh_buffer_text(out, low && high ? ", or of " : "");
    if (high) {
        eh_say_percent(out, findable->high);
        eh_buffer_text(out, " or more");
    }
    eh_buffer_text(out, " where ");
    eh_say_percent(out, scan->expected);
    eh_buffer_text(out, " is expected");
}

void eh_report_scan_headline(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out)
{
    const eh_scan_findable *usual = &scan->findable[EH_SCAN_FINDABLE_USUAL];
    if (scan->groups_count > 0) {
        const eh_scan_group *first = &scan->groups[0];
        eh_buffer_format(out, scan->groups_count == 1 ? "A hidden group was found that is %s %s often than expected: " :
                         "Hidden groups were found; the first is %s %s often than expected: ", eh_scan_chosen(about),
                         first->direction == EH_SCAN_LOW ? "less" : "more");
        eh_say_scan_group(about, scan, first, out);
        eh_buffer_byte(out, '.');
        return;
    }
    eh_buffer_text(out, scan->verdict == EH_NOT_ENOUGH_EVIDENCE ? "No hidden group was found, but this is not enough evidence that there is none: " :
                   "No hidden group was found: ");
    eh_say_findable(about, scan, usual, out);
    eh_buffer_byte(out, '.');
}

void eh_say_scan_expectation(const eh_report_scan_about *about, eh_buffer *out)
{
    const eh_coded_spec *spec = about->spec;
    const eh_expression *const same[] = {&spec->label, &spec->score, &spec->within};
    static const char *const kinds[] = {"label", "score", "value of"};
    size_t count = 0;
    if (spec->expected.sql != NULL) {
        eh_buffer_text(out, "the probability ");
        eh_say_name(out, spec->expected.name, EH_SAY_NAME_COLUMNS);
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        if (same[i]->sql == NULL)
            continue;
        eh_buffer_format(out, "%s%s ", count++ == 0 ? "the rate of all rows with the same " : " and the same ", kinds[i]);
        eh_say_name(out, same[i]->name, EH_SAY_NAME_COLUMNS);
    }
    if (count == 0)
        eh_buffer_text(out, "the rate of all rows");
}

/* ---- notes ---------------------------------------------------------------------------------------------------------------------------- */

static void note_decisions(const eh_report_scan_about *about, eh_buffer *out)
{
    uint64_t missing = about->table->decision_missing;
    if (missing == 0)
        return;
    eh_say_count(out, missing);
    eh_buffer_format(out, missing == 1 ? " row has no %s (NULL); it was left out.\n" : " rows have no %s (NULL); they were left out.\n",
                     about->spec->decision_option + 2);
}

/* One sentence for each column; for many with one reason a single one, that names the first. */
static void note_left_out(const eh_coded_table *table, size_t first, eh_buffer *out)
{
    enum { NAMED = 3 };
    const char *why = table->left_out[first].why;
    size_t alike = 0, named = 0;
    for (size_t i = 0; i < table->left_out_count; i++) {
        if (strcmp(table->left_out[i].why, why) != 0)
            continue;
        alike++;
    }
    if (alike <= NAMED) {
        eh_say_name(out, table->left_out[first].name, EH_SAY_NAME_COLUMNS);
        eh_buffer_format(out, " is not grouped: %s.\n", why);
        return;
    }
    for (size_t i = 0; i < first; i++)
        if (strcmp(table->left_out[i].why, why) == 0)
            return;
    eh_say_count(out, alike);
    eh_buffer_text(out, " columns are not grouped (");
    for (size_t i = first; i < table->left_out_count && named < NAMED; i++) {
        if (strcmp(table->left_out[i].why, why) != 0)
            continue;
        eh_buffer_text(out, named++ == 0 ? "" : ", ");
        eh_say_name(out, table->left_out[i].name, EH_SAY_NAME_COLUMNS);
    }
    eh_buffer_text(out, " and ");
    eh_say_count(out, alike - NAMED);
    eh_buffer_format(out, " more): %s.\n", why);
}

static void note_columns(const eh_report_scan_about *about, eh_buffer *out)
{
    const eh_coded_table *table = about->table;
    for (size_t i = 0; i < table->left_out_count; i++)
        note_left_out(table, i, out);
    for (size_t i = 0; i < table->dimensions_count; i++) {
        const eh_cube_dimension *dimension = &table->dimensions[i];
        if (dimension->others_joined == 0)
            continue;
        eh_say_name(out, dimension->name, EH_SAY_NAME_COLUMNS);
        eh_buffer_text(out, " has many values: the largest are groups, the other ");
        eh_say_count(out, dimension->others_joined);
        eh_buffer_text(out, " are joined.\n");
    }
    for (size_t i = 0; i < table->banded_count; i++) {
        eh_buffer_text(out, i == 0 ? "Cut into bands with about equally many rows: " : ", ");
        eh_say_name(out, table->banded[i], EH_SAY_NAME_COLUMNS);
    }
    eh_buffer_text(out, table->banded_count > 0 ? "; --bands sets other edges.\n" : "");
}

void eh_say_scan_notes(const eh_report_scan_about *about, const eh_scan *scan, eh_buffer *out)
{
    note_decisions(about, out);
    note_columns(about, out);
    if (about->table->expected_rounded)
        eh_buffer_text(out, "Expectations that differ by less than 3 % of their odds were joined, by their mean.\n");
    if (about->table->weighted) {
        eh_buffer_text(out, "Rates are weighted; with these weights the rows tell as much as ");
        eh_say_count(out, (uint64_t)llround(scan->effective));
        eh_buffer_text(out, " rows of equal weight.\n");
    }
    if (scan->depth < 3 && scan->depth < about->table->dimensions_count)
        eh_buffer_format(out, "The exact search went up to %u value%s: with so many columns and combinations more would take too long; name fewer with --over.\n",
                         scan->depth, scan->depth == 1 ? "" : "s");
    if (scan->more)
        eh_buffer_format(out, "The search ended after %zu groups; there may be more.\n", scan->groups_count);
}
