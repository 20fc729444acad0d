/* The preflight report as a page: is it fair? */
#include <math.h>
#include <string.h>

#include "base/html.h"
#include "report/plan_int.h"

static const char *const verdict_class[] = {[EH_WITHIN_TOLERANCE] = "within", [EH_NOT_ENOUGH_EVIDENCE] = "unsure", [EH_VIOLATES] = "violates"};

void eh_plan_html_badge(eh_buffer *out, eh_verdict verdict)
{
    eh_html_put(out, "<span class=\"badge $\">$</span>", verdict_class[verdict], eh_verdict_name(verdict));
}

/* The rate as a dot in its interval, on a scale from nothing to `most`. */
static void interval_picture(eh_buffer *out, const eh_estimate *rate, double most)
{
    double scale = most > 0 ? 100 / most : 0;
    if (isnan(rate->value)) {
        eh_buffer_text(out, "<td class=\"picture\"></td>");
        return;
    }
    eh_buffer_format(out, "<td class=\"picture\"><span class=\"range\" aria-hidden=\"true\"><span class=\"whisker\" style=\"left:%.2f%%;width:%.2f%%\"></span><span class=\"dot\" style=\"left:%.2f%%\"></span></span></td>",
                     scale * rate->low, scale * (rate->high - rate->low), scale * rate->value);
}

static void section_table(const eh_audit_section *section, eh_buffer *out)
{
    double most = 0;
    for (size_t g = 0; g < section->groups_count; g++)
        most = fmax(most, section->groups[g].measures[EH_SELECTION_RATE].high);
    eh_html_put(out, "<div class=\"wide\" role=\"region\" aria-label=\"$\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Group</th><th scope=\"col\" class=\"n\">People</th>"
                     "<th scope=\"col\" class=\"n\">Get it</th><th scope=\"col\" class=\"n\">Between</th><th scope=\"col\" class=\"n\">Times the reference</th><th scope=\"col\">Picture</th></tr></thead><tbody>\n", section->name);
    for (size_t g = 0; g < section->groups_count; g++) {
        const eh_estimate *rate = &section->groups[g].measures[EH_SELECTION_RATE];
        const eh_comparison *ratio = NULL;
        for (size_t c = 0; c < section->comparisons_count; c++)
            if (section->comparisons[c].gate && section->comparisons[c].group == (int32_t)g && section->comparisons[c].measure == EH_SELECTION_RATE)
                ratio = &section->comparisons[c];
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td class=\"n\">", section->groups[g].name);
        eh_plan_count(out, section->groups[g].rows);
        eh_buffer_format(out, "</td><td class=\"n\">%.1f %%</td><td class=\"n\">%.1f to %.1f %%</td><td class=\"n\">", 100 * rate->value, 100 * rate->low, 100 * rate->high);
        if (ratio == NULL)
            eh_buffer_text(out, (int32_t)g == section->reference ? "reference" : "");
        else
            eh_buffer_format(out, "%.2f (%.2f to %.2f)", ratio->value, ratio->low, ratio->high);
        eh_buffer_text(out, "</td>");
        interval_picture(out, rate, most);
        eh_buffer_text(out, "</tr>\n");
    }
    eh_buffer_text(out, "</tbody></table></div>\n");
}

static void hidden(const eh_plan_hidden *of, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_plan_hidden_says(of, &text);
    eh_buffer_text(out, "<h3>Hidden groups ");
    eh_plan_html_badge(out, of->verdict);
    eh_html_put(out, "</h3>\n<p>$</p>\n", text.ptr == NULL ? "" : text.ptr);
    if (of->scan == NULL || of->scan->groups_count == 0)
        return;
    eh_buffer_text(out, "<ul>\n");
    for (size_t g = 0; g < of->scan->groups_count; g++) {
        eh_buffer_clear(&text);
        eh_plan_hidden_sentence(of, &of->scan->groups[g], &text);
        eh_html_put(out, "<li>$$</li>\n", eh_plan_hidden_counts(of, &of->scan->groups[g]) ? "Violates: " : "Of note: ", text.ptr == NULL ? "" : text.ptr);
    }
    eh_buffer_text(out, "</ul>\n");
}

static void guards(const eh_report_plan *plan, eh_buffer *out)
{
    if (plan->guards_count == 0)
        return;
    eh_buffer_text(out, "<h3>Guards of the policy</h3>\n<ul>\n");
    for (size_t g = 0; g < plan->guards_count; g++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_plan_guard_says(&plan->guards[g], &text);
        eh_html_put(out, "<li><strong>$</strong> ", plan->guards[g].id);
        eh_plan_html_badge(out, plan->guards[g].verdict);
        eh_html_put(out, "<br>$<br><small>$</small></li>\n", plan->guards[g].says == NULL ? "" : plan->guards[g].says, text.ptr == NULL ? "" : text.ptr);
    }
    eh_buffer_text(out, "</ul>\n");
}

static void intersections(const eh_audit *audit, eh_buffer *out)
{
    bool any = false;
    for (size_t s = 0; s < audit->intersections_count; s++)
        any = any || audit->intersections[s].verdict == EH_VIOLATES;
    if (!any)
        return;
    eh_buffer_text(out, "<h3>Where two attributes meet</h3>\n");
    for (size_t s = 0; s < audit->intersections_count; s++) {
        if (audit->intersections[s].verdict != EH_VIOLATES)
            continue;
        eh_html_put(out, "<h4>$ ", audit->intersections[s].name);
        eh_plan_html_badge(out, audit->intersections[s].verdict);
        eh_buffer_text(out, "</h4>\n");
        section_table(&audit->intersections[s], out);
    }
}

void eh_plan_html_fairness(const eh_report_plan *plan, eh_buffer *out)
{
    const eh_audit *audit = plan->verdict->audit;
    eh_buffer_text(out, "<h2 id=\"fair\">Is it fair? ");
    eh_plan_html_badge(out, plan->verdict->verdict);
    eh_buffer_text(out, "</h2>\n<p>How often each group gets something, of those who may be written to, and between which bounds it lies when chance is allowed for. Groups were looked at "
                        "when everything had been decided; no decision could read them.</p>\n");
    for (size_t s = 0; audit != NULL && s < audit->attributes_count; s++) {
        eh_html_put(out, "<h3>$ ", audit->attributes[s].name);
        eh_plan_html_badge(out, audit->attributes[s].verdict);
        eh_buffer_text(out, "</h3>\n");
        section_table(&audit->attributes[s], out);
    }
    if (audit == NULL)
        eh_buffer_text(out, "<p>Nothing could be compared.</p>\n");
    else
        intersections(audit, out);
    hidden(plan->hidden, out);
    guards(plan, out);
}
