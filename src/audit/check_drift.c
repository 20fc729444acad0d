/* Drift: this check's rows in the bins of an earlier one. */
#include <math.h>
#include <string.h>

#include "audit/check_int.h"
#include "base/json.h"

static eh_json_value columns_of(eh_json_value root)
{
    return eh_json_member(root, "columns");
}

static eh_json_value column_named(eh_json_value root, const char *name)
{
    eh_json_value columns = columns_of(root);
    for (size_t i = 0; i < eh_json_count(columns); i++) {
        const char *found = eh_json_as_text(eh_json_member(eh_json_item(columns, i), "name"));
        if (found != NULL && strcmp(found, name) == 0)
            return eh_json_item(columns, i);
    }
    return NULL;
}

static eh_code reference_read(eh_json_value column, eh_arena *arena, eh_profile_reference *reference, eh_error *error)
{
    eh_json_value bins = eh_json_member(column, "bins"), edges = eh_json_member(bins, "edges"), names = eh_json_member(bins, "names");
    size_t count = eh_json_count(eh_json_member(bins, "counts"));
    *reference = (eh_profile_reference){.name = eh_json_as_text(eh_json_member(column, "name")), .bins_count = count};
    if (reference->name == NULL || count < 2 || count > EH_PROFILE_BINS_MAX)
        return EH_OK;
    if (edges != NULL) {
        double *copy = EH_TAKE(arena, EH_PROFILE_BINS_MAX, double);
        if (copy == NULL)
            return eh_fail_memory(error);
        reference->edges_count = eh_json_count(edges) < count - 1 ? eh_json_count(edges) : count - 2;
        for (size_t i = 0; i < reference->edges_count; i++)
            copy[i] = eh_json_as_number(eh_json_item(edges, i));
        reference->edges = copy;
        return EH_OK;
    }
    const char **copy = EH_TAKE(arena, count, const char *);
    if (copy == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        copy[i] = eh_json_as_text(eh_json_item(names, i));
        if (copy[i] == NULL)
            reference->bins_count = 0;
    }
    reference->bin_names = copy;
    return EH_OK;
}

eh_code eh_check_references(const void *report_root, const char *path, eh_arena *arena, const eh_profile_reference **references_out,
                            size_t *count_out, eh_error *error)
{
    const char *kind = eh_json_as_text(eh_json_member(report_root, "kind"));
    eh_json_value columns = columns_of(report_root);
    if (kind == NULL || strcmp(kind, "check") != 0 || columns == NULL)
        return eh_fail(error, EH_INPUT, "%s is not a report of evenhand check (JSON)", path);
    size_t count = 0;
    eh_profile_reference *references = EH_TAKE(arena, eh_json_count(columns), eh_profile_reference);
    if (references == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < eh_json_count(columns); i++) {
        EH_TRY(reference_read(eh_json_item(columns, i), arena, &references[count], error));
        count += references[count].name != NULL && references[count].bins_count >= 2;
    }
    *references_out = references;
    *count_out = count;
    return EH_OK;
}

static void drift_tell(check_run *run, const eh_check_column *column, double now, double before)
{
    double index = column->stability_index;
    bool sure = isnan(column->kolmogorov_p) || column->kolmogorov_p < check_alpha(run);
    /* Chance alone makes an index of about (bins - 1) (1 / n + 1 / m). */
    double chance = (double)column->column->bins_count * (1 / now + 1 / before);
    if (!(index >= 0.1) || !(index > 2 * chance))
        return;
    eh_finding *finding = check_finding(run, EH_FINDING_DRIFT, index >= 0.25 ? EH_SEVERITY_MEDIUM : EH_SEVERITY_LOW, sure ? EH_CERTAINTY_SURE : EH_CERTAINTY_UNSURE);
    if (finding == NULL)
        return;
    finding->column = column->column->name;
    finding->estimate = (eh_estimate){index, EH_NAN, EH_NAN, now};
    finding->expected = column->kolmogorov;
    finding->p = column->kolmogorov_p;
}

/* A column that another plan has repaired since (or no longer repairs) has changed by decision. */
static bool is_repaired(const check_run *run, const char *name)
{
    eh_json_value repairs = eh_json_member(run->in->before, "repairs"), columns = eh_json_member(repairs, "columns");
    const char *then = eh_json_as_text(eh_json_member(repairs, "plan_sha256")), *now = run->in->repairs_sha256;
    if ((then == NULL && now == NULL) || (then != NULL && now != NULL && strcmp(then, now) == 0))
        return false;
    for (size_t i = 0; i < run->in->repaired_count; i++)
        if (strcmp(run->in->repaired[i], name) == 0)
            return true;
    for (size_t i = 0; i < eh_json_count(columns); i++) {
        const char *column = eh_json_as_text(eh_json_member(eh_json_item(columns, i), "column"));
        if (column != NULL && strcmp(column, name) == 0)
            return true;
    }
    return false;
}

static void column_drift(check_run *run, eh_check_column *column)
{
    eh_json_value earlier = column_named(run->in->before, column->column->name), counts = eh_json_member(eh_json_member(earlier, "bins"), "counts");
    size_t count = eh_json_count(counts);
    double before[EH_PROFILE_BINS_MAX], now[EH_PROFILE_BINS_MAX], people_before = 0, people_now = 0;
    if (column->column->reference_counts == NULL || count < 2 || count > EH_PROFILE_BINS_MAX || is_repaired(run, column->column->name))
        return;
    for (size_t b = 0; b < count; b++) {
        before[b] = eh_json_as_number(eh_json_item(counts, b));
        now[b] = (double)column->column->reference_counts[b];
        people_before += before[b];
        people_now += now[b];
    }
    eh_two_shares shares = {now, before, count};
    column->stability_index = eh_stability_index(&shares);
    if (eh_json_member(eh_json_member(earlier, "bins"), "edges") != NULL) {
        eh_two_shares known = {now + 1, before + 1, count - 1};
        column->kolmogorov = eh_kolmogorov_distance(&known);
        column->kolmogorov_p = eh_kolmogorov_p(column->kolmogorov, people_now - now[0], people_before - before[0]);
    }
    drift_tell(run, column, people_now, people_before);
}

eh_code check_drift(check_run *run)
{
    for (size_t i = 0; i < run->check->columns_count && run->in->before != NULL; i++)
        column_drift(run, &run->columns[i]);
    return EH_OK;
}

/* ---- findings then and now ------------------------------------------------------------------------------------------------------ */

static bool same_text(eh_json_value earlier, const char *key, const char *now)
{
    const char *then = eh_json_as_text(eh_json_member(earlier, key));
    return (then == NULL && now == NULL) || (then != NULL && now != NULL && strcmp(then, now) == 0);
}

static bool same_finding(eh_json_value earlier, const eh_finding *now)
{
    return same_text(earlier, "id", eh_finding_get(now->kind)->id) && same_text(earlier, "column", now->column) &&
           same_text(earlier, "attribute", now->attribute) && same_text(earlier, "group", now->group);
}

eh_code check_since(check_run *run)
{
    eh_json_value earlier = eh_json_member(run->in->before, "findings");
    size_t count = eh_json_count(earlier);
    eh_finding_gone *gone = EH_TAKE(run->arena, count, eh_finding_gone);
    if (gone == NULL)
        return eh_fail_memory(run->error);
    for (size_t i = 0; i < run->findings_count && run->in->before != NULL; i++) {
        bool then = false;
        for (size_t k = 0; k < count && !then; k++)
            then = same_finding(eh_json_item(earlier, k), &run->findings[i]);
        run->findings[i].is_new = !then;
        run->check->new_count += !then;
    }
    for (size_t k = 0; k < count; k++) {
        eh_json_value item = eh_json_item(earlier, k);
        bool now = false;
        for (size_t i = 0; i < run->findings_count && !now; i++)
            now = same_finding(item, &run->findings[i]);
        eh_finding_gone lost = {eh_json_as_text(eh_json_member(item, "id")), eh_json_as_text(eh_json_member(item, "severity")),
                                eh_json_as_text(eh_json_member(item, "says"))};
        if (!now && lost.id != NULL && lost.severity != NULL && lost.says != NULL)
            gone[run->check->gone_count++] = lost;
    }
    run->check->gone = gone;
    run->check->effective_before = eh_json_as_number(eh_json_member(run->in->before, "effective"));
    for (size_t s = 0; s < EH_SEVERITIES_COUNT; s++) {
        double then = eh_json_as_number(eh_json_member(eh_json_member(run->in->before, "counts"), eh_severity_name((eh_severity)s)));
        run->check->counts_before[s] = then >= 0 ? (uint64_t)then : 0;
    }
    return EH_OK;
}
