#include <math.h>
#include <string.h>

#include "base/json.h"
#include "report/report_int.h"

/** One line of the table; what does not apply is NULL or NaN and stays empty. */
typedef struct {
    const eh_audit_section *section;
    const char *kind, *group, *reference;
    const char *measure, *scale; /* joined by "_" */
    double value, low, high, n, p, p_adjusted, detectable;
    const char *verdict;
} line;

static const line empty = {.value = EH_NAN, .low = EH_NAN, .high = EH_NAN, .n = EH_NAN, .p = EH_NAN, .p_adjusted = EH_NAN, .detectable = EH_NAN};

/** What a spreadsheet would run gets an apostrophe before it; quotes are doubled (RFC 4180). */
void eh_csv_text(eh_buffer *out, const char *text)
{
    if (!text)
        return;
    if (text[0] != '\0' && strchr("=+-@\t\r", text[0])) {
        eh_buffer_text(out, "\"'");
    } else if (!strpbrk(text, ",\"\r\n") && text[0] != ' ' && text[0] != '\'') {
        eh_buffer_text(out, text);
        return;
    } else {
        eh_buffer_byte(out, '"');
    }
    for (const char *c = text; *c; c++) {
        if (*c == '"')
            eh_buffer_byte(out, '"');
        eh_buffer_byte(out, *c);
    }
    eh_buffer_byte(out, '"');
}

void eh_csv_number(eh_buffer *out, double number)
{
    char text[32];
    eh_buffer_byte(out, ',');
    if (isnan(number))
        return;
    if (isinf(number)) {
        eh_buffer_text(out, number > 0 ? "inf" : "-inf");
        return;
    }
    eh_json_number_text(number, text);
    eh_buffer_text(out, text);
}

static void csv_line(eh_buffer *out, const line *row)
{
    eh_csv_text(out, row->section->name);
    eh_buffer_format(out, ",%s,", row->kind);
    eh_csv_text(out, row->group);
    eh_buffer_byte(out, ',');
    eh_csv_text(out, row->reference);
    eh_buffer_format(out, ",%s%s%s", row->measure, row->scale ? "_" : "", row->scale ? row->scale : "");
    const double numbers[] = {row->value, row->low, row->high, row->n, row->p, row->p_adjusted};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        eh_csv_number(out, numbers[i]);
    eh_buffer_byte(out, ',');
    eh_buffer_text(out, row->verdict ? row->verdict : "");
    eh_csv_number(out, row->detectable);
    eh_buffer_byte(out, '\n');
}

static void csv_estimate(eh_buffer *out, line row, const eh_estimate *estimate)
{
    row.value = estimate->value;
    row.low = estimate->low;
    row.high = estimate->high;
    row.n = estimate->n;
    csv_line(out, &row);
}

static void csv_rates(const eh_audit *audit, const eh_audit_section *section, eh_buffer *out)
{
    for (size_t g = 0; g < section->groups_count; g++) {
        line row = empty;
        row.section = section;
        row.kind = "rate";
        row.group = section->groups[g].name;
        for (eh_measure m = 0; m < EH_MEASURES_COUNT; m++) {
            if (!eh_measure_told(audit, m))
                continue;
            row.measure = eh_measure_get(m)->name;
            csv_estimate(out, row, &section->groups[g].measures[m]);
        }
        row.measure = "selection_rate_shrunk";
        csv_estimate(out, row, &section->groups[g].selection_rate_shrunk);
    }
}

typedef struct {
    const char *kind;
    const eh_comparison *list;
    size_t count;
} comparison_list;

static void csv_comparisons(const eh_audit_section *section, eh_buffer *out)
{
    const comparison_list lists[] = {{"comparison", section->comparisons, section->comparisons_count},
                                     {"overall", section->overall, section->overall_count},
                                     {"worst_pair", section->pairs, section->pairs_count}};
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
        for (size_t i = 0; i < lists[l].count; i++) {
            const eh_comparison *c = &lists[l].list[i];
            csv_line(out, &(line){.section = section, .kind = lists[l].kind, .group = eh_group_name(section, c->group),
                                  .reference = eh_group_name(section, c->reference), .measure = eh_measure_get(c->measure)->name,
                                  .scale = c->scale == EH_SCALE_RATIO ? "ratio" : "difference", .value = c->value, .low = c->low,
                                  .high = c->high, .n = EH_NAN, .p = c->p, .p_adjusted = c->p_adjusted, .detectable = c->detectable,
                                  .verdict = eh_verdict_name(c->verdict)});
        }
}

static void csv_summary(const eh_audit_section *section, eh_buffer *out)
{
    for (size_t i = 0; i < section->summary_count; i++) {
        line row = empty;
        row.section = section;
        row.kind = "summary";
        row.measure = section->summary[i].name;
        row.value = section->summary[i].value;
        row.low = section->summary[i].low;
        row.high = section->summary[i].high;
        csv_line(out, &row);
    }
}

static void csv_within(const eh_audit_section *section, eh_buffer *out)
{
    for (size_t i = 0; section->within && i < section->within->groups_count; i++) {
        const eh_within_group *group = &section->within->groups[i];
        line row = empty;
        row.section = section;
        row.kind = "within";
        row.group = eh_group_name(section, group->group);
        row.reference = eh_group_name(section, section->reference);
        row.measure = "conditional_demographic_disparity";
        row.value = group->conditional_demographic_disparity;
        csv_line(out, &row);
        row.measure = "risk_difference";
        row.value = group->table.risk_difference;
        csv_line(out, &row);
        row.measure = "mantel_haenszel_odds_ratio";
        row.p = group->table.p;
        csv_estimate(out, row, &group->table.odds_ratio);
    }
}

void eh_report_csv(const eh_report_about *about, const eh_audit *audit, eh_buffer *out)
{
    (void)about;
    eh_buffer_text(out, "section,kind,group,reference,measure,value,low,high,n,p,p_adjusted,verdict,detectable\n");
    const struct {
        const eh_audit_section *list;
        size_t count;
    } parts[] = {{audit->attributes, audit->attributes_count}, {audit->intersections, audit->intersections_count}};
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++)
        for (size_t s = 0; s < parts[k].count; s++) {
            csv_rates(audit, &parts[k].list[s], out);
            csv_comparisons(&parts[k].list[s], out);
            csv_summary(&parts[k].list[s], out);
            csv_within(&parts[k].list[s], out);
        }
}
