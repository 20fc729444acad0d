#include <math.h>
#include <string.h>

#include "report/html_int.h"

/* ---- rates, a few measures to a table so that it can be read on a phone and on paper --------------------------------------------- */

enum { FAMILY_MAX = 4 };
static const struct {
    const char *caption;
    size_t count;
    eh_measure measures[FAMILY_MAX];
} families[] = {
    {"Who is picked and who should be, by", 2, {EH_SELECTION_RATE, EH_BASE_RATE}},
    {"Right and wrong among those whose label is known, by", 4, {EH_TPR, EH_FPR, EH_TNR, EH_FNR}},
    {"What a decision says about the label, by", 4, {EH_PPV, EH_NPV, EH_FDR, EH_FOR}},
    {"Agreement of decision and label, by", 4, {EH_ACCURACY, EH_BALANCED_ACCURACY, EH_F1, EH_TREATMENT_EQUALITY}},
    {"Quality of the score, by", 4, {EH_AUC, EH_BRIER, EH_LOG_LOSS, EH_CALIBRATION_ERROR}},
    {"Value, by", 1, {EH_VALUE_MEAN}},
};

/** The members of a family that this audit has. */
static size_t family_members(const eh_html *html, size_t family, eh_measure members_out[FAMILY_MAX])
{
    size_t count = 0;
    for (size_t i = 0; i < families[family].count; i++)
        if (eh_measure_told(html->audit, families[family].measures[i]))
            members_out[count++] = families[family].measures[i];
    return count;
}

static void write_family(eh_html *html, const eh_audit_section *section, size_t family)
{
    eh_measure members[FAMILY_MAX];
    size_t count = family_members(html, family, members);
    if (count == 0)
        return;
    const char *headings[FAMILY_MAX + 3] = {"group"};
    for (size_t i = 0; i < count; i++)
        headings[i + 1] = eh_measure_get(members[i])->title;
    bool picked = members[0] == EH_SELECTION_RATE, value = members[0] == EH_VALUE_MEAN;
    if (picked || value)
        headings[count + 1] = picked ? "share of all picked" : "total";
    eh_html_table_open(html, families[family].caption, section->name);
    eh_html_headings(html, headings);
    for (int32_t g = 0; g < (int32_t)section->groups_count; g++) {
        const eh_audit_group *group = &section->groups[g];
        eh_buffer_text(html->out, "<tr>");
        eh_html_group_cell(html, section, g);
        for (size_t i = 0; i < count; i++)
            eh_html_cell(html->out, eh_html_kind(members[i]), &group->measures[members[i]]);
        if (picked)
            eh_html_put(html->out, "<td>$</td>", eh_html_number(EH_NUMBER_PERCENT, group->withheld ? __builtin_nan("") : group->share_of_picked).text);
        if (value)
            eh_html_put(html->out, "<td>$</td>", eh_html_number(EH_NUMBER_AMOUNT, group->withheld ? __builtin_nan("") : group->value_total).text);
        eh_buffer_text(html->out, "</tr>\n");
    }
    eh_html_table_close(html);
}

/** Counts of the confusion matrix, and the selection rate drawn towards the mean for small groups. */
static void write_counts(eh_html *html, const eh_audit_section *section)
{
    static const char *const headings[] = {"group", "decision known", "true positive", "false positive", "false negative", "true negative",
                                           "shrunk selection rate", NULL};
    static const char *const unlabelled[] = {"group", "decision known", "shrunk selection rate", NULL};
    bool label = (html->audit->has & EH_NEEDS_LABEL) != 0;
    eh_html_table_open(html, "Counts by", section->name);
    eh_html_headings(html, label ? headings : unlabelled);
    for (int32_t g = 0; g < (int32_t)section->groups_count; g++) {
        const eh_audit_group *group = &section->groups[g];
        const double counts[] = {group->tp, group->fp, group->fn, group->tn};
        eh_buffer_text(html->out, "<tr>");
        eh_html_group_cell(html, section, g);
        eh_html_put(html->out, "<td>$</td>", eh_html_number(EH_NUMBER_COUNT, (double)group->decided).text);
        for (size_t i = 0; label && i < 4; i++)
            eh_html_put(html->out, "<td>$</td>", eh_html_number(EH_NUMBER_COUNT, group->withheld ? __builtin_nan("") : counts[i]).text);
        eh_html_cell(html->out, EH_NUMBER_PERCENT, &group->selection_rate_shrunk);
        eh_buffer_text(html->out, "</tr>\n");
    }
    eh_html_table_close(html);
}

/* ---- comparisons, a table per measure ------------------------------------------------------------------------------------------------ */

static void comparison_cells(eh_buffer *out, const eh_comparison *found, eh_number_kind kind)
{
    if (found == NULL) {
        eh_buffer_text(out, "<td class=\"quiet\" colspan=\"3\">not compared</td>");
        return;
    }
    eh_html_cell(out, kind, &(eh_estimate){found->value, found->low, found->high, 0});
    eh_html_put(out, "<td>$</td><td class=\"word\">", eh_html_p(found->p_adjusted).text);
    eh_html_verdict(out, found->verdict);
    eh_buffer_text(out, "</td>");
}

typedef struct {
    const eh_audit_section *section;
    const eh_comparison *list;
    size_t count;
    const char *what; /* "compared with the reference, by" */
    int32_t skipped;  /* the group that is compared with nothing, or -1 */
} comparisons;

static void write_measure_comparisons(eh_html *html, const comparisons *of, eh_measure measure)
{
    static const char *const headings[] = {"group", "difference", "p, adjusted", "<verdict", "ratio", "p, adjusted", "<verdict", NULL};
    eh_html_finder differences = {of->list, of->count, 0}, ratios = {of->list, of->count, 0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer caption = {.whole = html->out};
    eh_buffer_format(&caption, "%s %s", eh_measure_get(measure)->title, of->what);
    eh_say_capital(&caption, 0);
    eh_html_table_open(html, caption.ptr != NULL ? caption.ptr : "", of->section->name);
    eh_html_headings(html, headings);
    for (int32_t g = 0; g < (int32_t)of->section->groups_count; g++) {
        if (g == of->skipped)
            continue;
        eh_buffer_text(html->out, "<tr>");
        eh_html_group_cell(html, of->section, g);
        comparison_cells(html->out, eh_html_find(&differences, measure, EH_SCALE_DIFFERENCE, g), eh_html_kind_of_difference(measure));
        comparison_cells(html->out, eh_html_find(&ratios, measure, EH_SCALE_RATIO, g), EH_NUMBER_RATIO);
        eh_buffer_text(html->out, "</tr>\n");
    }
    eh_html_table_close(html);
}

static void write_comparisons(eh_html *html, const comparisons *of, const char *title)
{
    if (of->count == 0)
        return;
    eh_html_put(html->out, "<details><summary>$</summary>\n", title);
    for (int m = 0; m < EH_MEASURES_COUNT; m++)
        if (eh_measure_told(html->audit, (eh_measure)m))
            write_measure_comparisons(html, of, (eh_measure)m);
    eh_buffer_text(html->out, "</details>\n");
}

static void write_pairs(eh_html *html, const eh_audit_section *section)
{
    static const char *const headings[] = {"measure", "<lowest", "<highest", "lowest against highest", "p, adjusted", "<verdict", NULL};
    if (section->pairs_count == 0)
        return;
    eh_buffer_text(html->out, "<details><summary>Worst pairs: the lowest group against the highest</summary>\n");
    eh_html_table_open(html, "Worst pairs by", section->name);
    eh_html_headings(html, headings);
    for (size_t i = 0; i < section->pairs_count; i++) {
        const eh_comparison *pair = &section->pairs[i];
        bool ratio = pair->scale == EH_SCALE_RATIO;
        eh_html_put(html->out, "<tr><th scope=\"row\">$, $</th><td class=\"name\"><bdi>$</bdi></td><td class=\"name\"><bdi>$</bdi></td>",
                    eh_measure_get(pair->measure)->title, ratio ? "ratio" : "difference", eh_group_name(section, pair->group),
                    eh_group_name(section, pair->reference));
        comparison_cells(html->out, pair, ratio ? EH_NUMBER_RATIO : eh_html_kind_of_difference(pair->measure));
        eh_buffer_text(html->out, "</tr>\n");
    }
    eh_html_table_close(html);
    eh_buffer_text(html->out, "</details>\n");
}

/* ---- composites, strata ------------------------------------------------------------------------------------------------------------------ */

static void write_summary(eh_html *html, const eh_audit_section *section)
{
    static const char *const headings[] = {"measure", "value", "<what it says", NULL};
    if (section->summary_count == 0)
        return;
    eh_buffer_text(html->out, "<details><summary>Single numbers over all groups</summary>\n");
    eh_html_table_open(html, "Composite measures by", section->name);
    eh_html_headings(html, headings);
    for (size_t i = 0; i < section->summary_count; i++) {
        const eh_summary *row = &section->summary[i];
        char title[96];
        snprintf(title, sizeof(title), "%s", row->name);
        for (char *at = strchr(title, '_'); at != NULL; at = strchr(at, '_'))
            *at = ' ';
        eh_html_put(html->out, "<tr><th scope=\"row\">$</th>", title);
        eh_html_cell(html->out, EH_NUMBER_INDEX, &(eh_estimate){row->value, row->low, row->high, 0});
        eh_html_put(html->out, "<td class=\"name\">$</td></tr>\n", row->says);
    }
    eh_html_table_close(html);
    eh_buffer_text(html->out, "</details>\n");
}

static void write_within(eh_html *html, const eh_audit_section *section)
{
    static const char *const headings[] = {"group", "odds ratio in equal strata", "difference in equal strata, points", "chi-square", "p",
                                           "conditional disparity", NULL};
    const eh_within *within = section->within;
    if (within == NULL)
        return;
    eh_html_put(html->out, "<details><summary>Among people who are equal in <bdi>$</bdi></summary>\n<p>Over all groups: chi-square $ with $ degrees of freedom, p\u202F$ (Cochran, Mantel and Haenszel).</p>\n",
                html->about->spec->within.name != NULL ? html->about->spec->within.name : "the stratum",
                eh_html_number(EH_NUMBER_RATIO, within->cmh_statistic).text, eh_html_number(EH_NUMBER_COUNT, within->cmh_df).text,
                eh_html_p(within->cmh_p).text);
    eh_html_table_open(html, "Picked or not in equal strata, by", section->name);
    eh_html_headings(html, headings);
    for (size_t i = 0; i < within->groups_count; i++) {
        const eh_within_group *row = &within->groups[i];
        eh_buffer_text(html->out, "<tr>");
        eh_html_group_cell(html, section, row->group);
        eh_html_cell(html->out, EH_NUMBER_RATIO, &row->table.odds_ratio);
        eh_html_put(html->out, "<td>$</td><td>$</td><td>$</td><td>$</td></tr>\n", eh_html_number(EH_NUMBER_POINTS, row->table.risk_difference).text,
                    eh_html_number(EH_NUMBER_RATIO, row->table.statistic).text, eh_html_p(row->table.p).text,
                    eh_html_number(EH_NUMBER_SIGNED, row->conditional_demographic_disparity).text);
    }
    eh_html_table_close(html);
    eh_buffer_text(html->out, "</details>\n");
}

void eh_html_details(eh_html *html, const eh_audit_section *section)
{
    eh_buffer_text(html->out, "<div class=\"more\"><details><summary>All rates and counts</summary>\n");
    for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++)
        write_family(html, section, f);
    write_counts(html, section);
    eh_buffer_text(html->out, "</details>\n");
    write_comparisons(html, &(comparisons){section, section->comparisons, section->comparisons_count, "compared with the reference, by", section->reference},
                      "Every measure compared with the reference");
    write_comparisons(html, &(comparisons){section, section->overall, section->overall_count, "compared with everybody, by", -1},
                      "Every measure compared with everybody");
    write_pairs(html, section);
    write_summary(html, section);
    write_within(html, section);
    eh_buffer_text(html->out, "</div>\n");
}
