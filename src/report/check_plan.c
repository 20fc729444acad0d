/* A plan for a check's findings: a start that a person reads, edits and signs. */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "data/transform.h"
#include "report/check_report.h"

/* A text in double quotes, as YAML reads it. */
static void yaml_text(eh_buffer *out, const char *text)
{
    eh_buffer_byte(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte == '"' || byte == '\\')
            eh_buffer_format(out, "\\%c", byte);
        else if (byte < 0x20 || byte == 0x7f)
            eh_buffer_format(out, "\\x%02x", byte);
        else
            eh_buffer_byte(out, (char)byte);
    }
    eh_buffer_byte(out, '"');
}

static void key_text(eh_buffer *out, const char *key, const char *text)
{
    eh_buffer_format(out, "    %s: ", key);
    yaml_text(out, text);
    eh_buffer_byte(out, '\n');
}

/* Of many groups the largest were kept and the others joined: that is written out, so that tomorrow's rows are grouped in the same way. */
static void joined_sql(const eh_cube_attribute *attribute, const eh_cube_dimension *dimension, eh_buffer *sql)
{
    eh_buffer_format(sql, "CASE WHEN CAST((%s) AS VARCHAR) IN (", attribute->expression.sql);
    bool first = true;
    for (size_t g = 0; g < dimension->groups_count; g++) {
        if (dimension->groups[g].missing || dimension->groups[g].others)
            continue;
        eh_buffer_text(sql, first ? "" : ", ");
        eh_transform_text(sql, dimension->groups[g].name);
        first = false;
    }
    eh_buffer_format(sql, ") THEN CAST((%s) AS VARCHAR) WHEN (%s) IS NOT NULL THEN 'all others' END", attribute->expression.sql, attribute->expression.sql);
}

static bool has_others(const eh_cube_dimension *dimension)
{
    for (size_t g = 0; g < dimension->groups_count; g++)
        if (dimension->groups[g].others)
            return true;
    return false;
}

static void groups(const eh_cube_spec *spec, const eh_cube *cube, eh_buffer *out)
{
    if (spec->attributes_count == 0)
        return;
    eh_buffer_text(out, "\ngroups: # who is told apart; used to fit, and to weight\n");
    for (size_t a = 0; a < spec->attributes_count; a++) {
        const eh_cube_attribute *attribute = &spec->attributes[a];
        eh_buffer_text(out, "  ");
        yaml_text(out, attribute->expression.name);
        eh_buffer_text(out, ": { value: ");
        EH_CLEANUP(eh_buffer_dispose) eh_buffer joined = {.whole = out};
        if (cube != NULL && has_others(&cube->dimensions[a]))
            joined_sql(attribute, &cube->dimensions[a], &joined);
        yaml_text(out, joined.len > 0 ? joined.ptr : attribute->expression.sql);
        for (size_t e = 0; e < attribute->edges_count; e++) {
            char number[32];
            eh_json_number_text(attribute->edges[e], number);
            eh_buffer_format(out, "%s%s", e == 0 ? ", bands: [" : ", ", number);
        }
        eh_buffer_text(out, attribute->edges_count > 0 ? "] }\n" : " }\n");
    }
}

static void populations(const eh_check_about *about, eh_buffer *out)
{
    const eh_population_source *sources = about->populations;
    size_t count = about->populations_count;
    if (count == 0)
        return;
    eh_buffer_text(out, "\npopulation: # whom the data should stand for\n");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(out, "  - read: ");
        yaml_text(out, about->plan_paths == NULL ? sources[i].path : about->plan_paths[i]);
        eh_buffer_byte(out, '\n');
        if (sources[i].weight != NULL)
            key_text(out, "weight", sources[i].weight);
        if (sources[i].where != NULL)
            key_text(out, "where", sources[i].where);
        eh_buffer_text(out, sources[i].by_count > 0 ? "    by:\n" : "");
        for (size_t b = 0; b < sources[i].by_count; b++) {
            eh_buffer_text(out, "      ");
            yaml_text(out, sources[i].by[b].name);
            eh_buffer_text(out, ": ");
            yaml_text(out, sources[i].by[b].sql);
            eh_buffer_byte(out, '\n');
        }
    }
}

/* ---- steps ----------------------------------------------------------------------------------------------------------------------- */

static void step_open(eh_buffer *out, const char *what, const char *why)
{
    eh_buffer_format(out, "\n  - do: %s\n", what);
    key_text(out, "why", why);
}

/* All attributes, or those that a population tells. */
static void by_attributes(const eh_check *check, const eh_cube_spec *spec, bool told_only, eh_buffer *out)
{
    const char *between = "    by: [";
    for (size_t a = 0; a < spec->attributes_count; a++) {
        if (told_only && check->sections[a].population == NULL)
            continue;
        eh_buffer_text(out, between);
        yaml_text(out, spec->attributes[a].expression.name);
        between = ", ";
    }
    eh_buffer_text(out, "]\n");
}

static bool finding_is(const eh_check *check, eh_finding_kind kind, const char *column)
{
    for (size_t i = 0; i < check->findings_count; i++) {
        const eh_finding *finding = &check->findings[i];
        if (finding->kind == kind && (column == NULL || (finding->column != NULL && strcmp(finding->column, column) == 0)))
            return true;
    }
    return false;
}

static void condition(eh_buffer *out, const char *column, const char *format, const char *detail)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {.whole = out};
    eh_transform_name(&sql, column);
    eh_buffer_text(&sql, format);
    eh_buffer_text(&sql, detail);
    eh_buffer_text(out, "      - ");
    yaml_text(out, sql.ptr == NULL ? "" : sql.ptr);
    eh_buffer_byte(out, '\n');
}

static void correct_conditions(const eh_check *check, const char *column, eh_buffer *out)
{
    char now[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(check->options.now, EH_FRACTION_NONE, now);
    now[10] = '\0';
    for (size_t i = 0; i < check->findings_count; i++) {
        const eh_finding *finding = &check->findings[i];
        if (finding->column == NULL || strcmp(finding->column, column) != 0)
            continue;
        if (finding->kind == EH_FINDING_PLACEHOLDER)
            condition(out, column, " = ", finding->detail);
        else if (finding->kind == EH_FINDING_FUTURE) {
            EH_CLEANUP(eh_buffer_dispose) eh_buffer date = {.whole = out};
            eh_buffer_format(&date, "DATE '%s'", now);
            condition(out, column, " > ", date.ptr == NULL ? "" : date.ptr);
        } else if (finding->kind == EH_FINDING_IMPOSSIBLE) {
            bool below = strcmp(finding->detail, "below 0") == 0, above = strcmp(finding->detail, "above 120") == 0, old = strcmp(finding->detail, "before 1900") == 0;
            if (below || above || old)
                condition(out, column, below || old ? " < " : " > ", below ? "0" : above ? "120" : "DATE '1900-01-01'");
            else {
                EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {.whole = out};
                eh_transform_name(&sql, column);
                eh_buffer_format(out, "      - \"NOT isfinite(");
                for (const char *at = sql.ptr == NULL ? "" : sql.ptr; *at != '\0'; at++)
                    eh_buffer_format(out, *at == '"' || *at == '\\' ? "\\%c" : "%c", *at);
                eh_buffer_text(out, ")\"\n");
            }
        }
    }
}

static bool is_corrected(const eh_check *check, const char *name)
{
    return finding_is(check, EH_FINDING_IMPOSSIBLE, name) || finding_is(check, EH_FINDING_FUTURE, name) || finding_is(check, EH_FINDING_PLACEHOLDER, name) ||
           finding_is(check, EH_FINDING_UNITS, name);
}

static void correct(const eh_check *check, const eh_check_column *column, eh_buffer *out)
{
    const char *name = column->column->name;
    bool impossible = finding_is(check, EH_FINDING_IMPOSSIBLE, name), future = finding_is(check, EH_FINDING_FUTURE, name);
    bool placeholder = finding_is(check, EH_FINDING_PLACEHOLDER, name), units = finding_is(check, EH_FINDING_UNITS, name);
    if (!is_corrected(check, name))
        return;
    step_open(out, "correct", "values that cannot be, or that mean \"not known\", become missing; one unit for all");
    key_text(out, "column", name);
    if (impossible || future || placeholder) {
        eh_buffer_text(out, "    missing_when:\n");
        correct_conditions(check, name, out);
    }
    for (size_t i = 0; units && i < check->findings_count; i++) {
        const eh_finding *finding = &check->findings[i];
        if (finding->kind != EH_FINDING_UNITS || strcmp(finding->column, name) != 0)
            continue;
        char number[32], factor[32];
        bool low_is_smaller = true;
        eh_json_number_text(finding->expected, number);
        /* The smaller heap is brought to the larger one's unit. */
        low_is_smaller = column->column->quantiles[EH_PROFILE_QUANTILES / 2] >= finding->expected;
        eh_json_number_text(low_is_smaller ? finding->factor : 1 / finding->factor, factor);
        EH_CLEANUP(eh_buffer_dispose) eh_buffer sql = {.whole = out};
        eh_transform_name(&sql, name);
        eh_buffer_format(&sql, " %s %s", low_is_smaller ? "<" : ">=", number);
        key_text(out, "unit_when", sql.ptr == NULL ? "" : sql.ptr);
        eh_buffer_format(out, "    multiply_by: %s\n", factor);
    }
}

/* A leak, unless it was made of what was known before. */
static bool is_leak(const eh_check *check, const eh_check_column *column)
{
    return finding_is(check, EH_FINDING_LEAK, column->column->name) && !column->as_of;
}

static const eh_finding *proxy_of(const eh_check *check, const char *column)
{
    for (size_t i = 0; i < check->findings_count; i++)
        if (check->findings[i].kind == EH_FINDING_PROXY && check->findings[i].severity >= EH_SEVERITY_MEDIUM && strcmp(check->findings[i].column, column) == 0)
            return &check->findings[i];
    return NULL;
}

static bool is_dropped(const eh_check *check, const eh_check_column *column)
{
    return (proxy_of(check, column->column->name) != NULL && column->column->kind != EH_KIND_NUMBER) || finding_is(check, EH_FINDING_EMPTY, column->column->name) || finding_is(check, EH_FINDING_CONSTANT, column->column->name) || is_leak(check, column);
}

static bool is_imputed(const eh_check *check, const eh_check_column *column)
{
    const char *name = column->column->name;
    bool missing = finding_is(check, EH_FINDING_MISSING, name) || finding_is(check, EH_FINDING_MISSING_BY_GROUP, name) || finding_is(check, EH_FINDING_IMPOSSIBLE, name) ||
                   finding_is(check, EH_FINDING_PLACEHOLDER, name);
    return missing && column->feature && !is_dropped(check, column);
}

/* The column as the steps before have left it. */
static void column_put(const eh_check *check, const eh_check_column *column, bool imputed, eh_buffer *out)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
    eh_buffer_format(&name, "%s%s%s", column->column->name, is_corrected(check, column->column->name) ? "_repaired" : "", imputed ? "_imputed" : "");
    key_text(out, "column", name.ptr == NULL ? "" : name.ptr);
}

static void impute(const eh_check *check, const eh_check_column *column, eh_buffer *out)
{
    if (!is_imputed(check, column))
        return;
    step_open(out, "impute", "models need a value; the flag keeps that there was none");
    column_put(check, column, false, out);
    eh_buffer_format(out, "    with: %s # median, mode or value\n", column->column->kind == EH_KIND_NUMBER ? "median" : "mode");
    if (finding_is(check, EH_FINDING_MISSING_BY_GROUP, column->column->name))
        eh_buffer_text(out, "    # It is missing more often for one group. 'by:' would fill each group with its own value, and so write the group into the column.\n");
}

static void drop(const eh_check *check, const eh_check_column *column, eh_buffer *out)
{
    static const struct {
        eh_finding_kind kind;
        const char *why;
    } reasons[] = {{EH_FINDING_EMPTY, "it has no values"}, {EH_FINDING_CONSTANT, "it is the same everywhere"}, {EH_FINDING_LEAK, "it is known only after the outcome"}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (!finding_is(check, reasons[i].kind, column->column->name) || (reasons[i].kind == EH_FINDING_LEAK && !is_leak(check, column)))
            continue;
        step_open(out, "drop", reasons[i].why);
        key_text(out, "column", column->column->name);
        return;
    }
}

static void proxy(const eh_check *check, const eh_check_column *column, eh_buffer *out)
{
    const eh_finding *finding = proxy_of(check, column->column->name);
    bool number = column->column->kind == EH_KIND_NUMBER;
    if (finding == NULL)
        return;
    eh_buffer_text(out, "\n  # This column stands for a group. Is it needed? Then write down why, and take this step out.");
    if (number)
        eh_buffer_text(out, "\n  # 'do: quantiles' instead gives all groups the same distribution, not only the same mean.");
    step_open(out, number ? "decorrelate" : "drop", "it tells the group");
    column_put(check, column, number && is_imputed(check, column), out);
    if (!number)
        return;
    eh_buffer_text(out, "    by: ");
    yaml_text(out, finding->attribute);
    eh_buffer_text(out, "\n    amount: 1 # 0 leaves it as it is\n");
}

static void weights(const eh_check *check, const eh_cube_spec *spec, size_t populations_count, eh_buffer *out)
{
    bool shares = finding_is(check, EH_FINDING_TOO_FEW, NULL) || finding_is(check, EH_FINDING_TOO_MANY, NULL);
    bool rates = finding_is(check, EH_FINDING_BASE_RATE, NULL) && spec->label.sql != NULL;
    if (rates) {
        step_open(out, "reweigh", "group and outcome should be independent in what a model learns");
        by_attributes(check, spec, false, out);
        key_text(out, "outcome", spec->label.sql);
    }
    if (shares && populations_count > 0 && check->weights.done) {
        if (check->weights.cost.design_effect >= 1)
            eh_buffer_format(out, "\n  # Costs: %.0f rows will be worth %.0f (design effect %.2f), the largest weight is %.1f times the mean.", check->weights.cost.people,
                             check->weights.cost.effective_people, check->weights.cost.design_effect, check->weights.cost.largest);
        step_open(out, "rake", "the data should stand for the population");
        by_attributes(check, spec, true, out);
        eh_buffer_text(out, check->weights.cost.largest > 5 ? "    cap: 5 # no weight above five times the mean: groups that would need more stay below their share\n" : "");
    }
}

/* Merging is a decision of people: the step is there when one was made, and else as a comment that says how. */
static void duplicates(const eh_check_about *about, const eh_check *check, eh_buffer *out)
{
    bool workspace = about->workspace != NULL, decided = check->twice != NULL && check->twice->unmerged > 0;
    bool found = finding_is(check, EH_FINDING_KEY_REPEATED, NULL) || finding_is(check, EH_FINDING_DUPLICATES, NULL) || finding_is(check, EH_FINDING_DUPLICATES_BUT_KEY, NULL) ||
                 finding_is(check, EH_FINDING_TWICE, NULL);
    if ((!found && !decided) || check->profile->key_column == NULL)
        return;
    if (decided) {
        step_open(out, "duplicates", "one person, one row, as was decided");
    } else {
        eh_buffer_text(out, workspace ? "\n  # Decide for each pair (evenhand duplicates shows them), then take the # away.\n"
                                      : "\n  # Decide for each pair in a file with the columns keep and merge, then take the # away.\n");
        eh_buffer_text(out, "  # - do: duplicates\n  #   why: \"one person, one row\"\n");
    }
    eh_buffer_text(out, decided ? "    key: " : "  #   key: ");
    yaml_text(out, check->profile->key_column);
    eh_buffer_format(out, "\n%sdecisions: %s\n", decided ? "    " : "  #   ", workspace ? "duplicates.yaml" : "decisions.csv");
}

void eh_check_plan(const eh_check_about *about, const eh_check *check, eh_buffer *out)
{
    const eh_cube_spec *spec = about->spec;
    size_t populations_count = about->populations_count;
    eh_buffer_text(out, "# A plan of repairs, proposed from the findings of evenhand check. Read it, edit it, then try it:\n");
    eh_buffer_text(out, about->workspace != NULL ? "#   evenhand repair --dry-run\n#   evenhand repair\n"
                                                 : "#   evenhand repair repairs.yaml DATA --dry-run\n#   evenhand repair repairs.yaml DATA --output repaired.csv\n");
    eh_buffer_text(out, "# Nothing is written over: new columns, weights and flags stand beside the old ones.\n");
    groups(spec, check->cube, out);
    populations(about, out);
    if (check->options.skip_unmatched)
        eh_buffer_text(out, "\nskip_unmatched: true # groups that the population does not know keep their weight\n");
    size_t before = out->len;
    eh_buffer_text(out, "\nsteps:");
    size_t start = out->len;
    eh_buffer_byte(out, '\n');
    duplicates(about, check, out);
    for (size_t i = 0; i < check->columns_count; i++)
        correct(check, &check->columns[i], out);
    for (size_t i = 0; i < check->columns_count; i++)
        impute(check, &check->columns[i], out);
    weights(check, spec, populations_count, out);
    for (size_t i = 0; i < check->columns_count; i++) {
        proxy(check, &check->columns[i], out);
        if (proxy_of(check, check->columns[i].column->name) == NULL)
            drop(check, &check->columns[i], out);
    }
    if (out->code == EH_OK && strstr(out->ptr + start, "- do:") == NULL) {
        out->len = before;
        out->ptr[before] = '\0';
        eh_buffer_text(out, "\nsteps: [] # nothing was found that a repair could mend\n");
    }
}
