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

static void groups(const eh_cube_spec *spec, eh_buffer *out)
{
    if (spec->attributes_count == 0)
        return;
    eh_buffer_text(out, "\ngroups: # who is told apart; used to fit, and to weight\n");
    for (size_t a = 0; a < spec->attributes_count; a++) {
        const eh_cube_attribute *attribute = &spec->attributes[a];
        eh_buffer_text(out, "  ");
        yaml_text(out, attribute->expression.name);
        eh_buffer_text(out, ": { value: ");
        yaml_text(out, attribute->expression.sql);
        for (size_t e = 0; e < attribute->edges_count; e++) {
            char number[32];
            eh_json_number_text(attribute->edges[e], number);
            eh_buffer_format(out, "%s%s", e == 0 ? ", bands: [" : ", ", number);
        }
        eh_buffer_text(out, attribute->edges_count > 0 ? "] }\n" : " }\n");
    }
}

static void populations(const eh_population_source *sources, size_t count, eh_buffer *out)
{
    if (count == 0)
        return;
    eh_buffer_text(out, "\npopulation: # whom the data should stand for\n");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(out, "  - read: ");
        yaml_text(out, sources[i].path);
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

static void by_all(const eh_cube_spec *spec, eh_buffer *out)
{
    eh_buffer_text(out, "    by: [");
    for (size_t a = 0; a < spec->attributes_count; a++) {
        eh_buffer_text(out, a == 0 ? "" : ", ");
        yaml_text(out, spec->attributes[a].expression.name);
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

static void correct(const eh_check *check, const eh_check_column *column, eh_buffer *out)
{
    const char *name = column->column->name;
    bool impossible = finding_is(check, EH_FINDING_IMPOSSIBLE, name), future = finding_is(check, EH_FINDING_FUTURE, name);
    bool placeholder = finding_is(check, EH_FINDING_PLACEHOLDER, name), units = finding_is(check, EH_FINDING_UNITS, name);
    if (!impossible && !future && !placeholder && !units)
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

static void impute(const eh_check *check, const eh_check_column *column, const eh_cube_spec *spec, eh_buffer *out)
{
    const char *name = column->column->name;
    bool corrected = finding_is(check, EH_FINDING_IMPOSSIBLE, name) || finding_is(check, EH_FINDING_PLACEHOLDER, name);
    if ((!finding_is(check, EH_FINDING_MISSING, name) && !finding_is(check, EH_FINDING_MISSING_BY_GROUP, name) && !corrected) || !column->feature)
        return;
    bool number = column->column->kind == EH_KIND_NUMBER;
    step_open(out, "impute", "models need a value; the flag keeps that there was none");
    EH_CLEANUP(eh_buffer_dispose) eh_buffer source = {.whole = out};
    eh_buffer_format(&source, corrected ? "%s_repaired" : "%s", name);
    key_text(out, "column", source.ptr == NULL ? "" : source.ptr);
    eh_buffer_format(out, "    with: %s # median, mode or value\n", number ? "median" : "mode");
    if (spec->attributes_count > 0 && finding_is(check, EH_FINDING_MISSING_BY_GROUP, name))
        by_all(spec, out);
}

static void drop(const eh_check *check, const eh_check_column *column, eh_buffer *out)
{
    static const struct {
        eh_finding_kind kind;
        const char *why;
    } reasons[] = {{EH_FINDING_EMPTY, "it has no values"}, {EH_FINDING_CONSTANT, "it is the same everywhere"}, {EH_FINDING_LEAK, "it is known only after the outcome"}};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (!finding_is(check, reasons[i].kind, column->column->name))
            continue;
        step_open(out, "drop", reasons[i].why);
        key_text(out, "column", column->column->name);
        return;
    }
}

static void proxy(const eh_check *check, const eh_check_column *column, eh_buffer *out)
{
    for (size_t i = 0; i < check->findings_count; i++) {
        const eh_finding *finding = &check->findings[i];
        if (finding->kind != EH_FINDING_PROXY || finding->severity < EH_SEVERITY_MEDIUM || strcmp(finding->column, column->column->name) != 0)
            continue;
        bool number = column->column->kind == EH_KIND_NUMBER;
        eh_buffer_text(out, "\n  # This column stands for a group. Is it needed? Then write down why, and take this step out.");
        step_open(out, number ? "decorrelate" : "drop", "it tells the group");
        key_text(out, "column", column->column->name);
        if (number) {
            eh_buffer_text(out, "    by: ");
            yaml_text(out, finding->attribute);
            eh_buffer_text(out, "\n    amount: 1 # 0 leaves it as it is\n");
        }
        return;
    }
}

static void weights(const eh_check *check, const eh_cube_spec *spec, size_t populations_count, eh_buffer *out)
{
    bool shares = finding_is(check, EH_FINDING_TOO_FEW, NULL) || finding_is(check, EH_FINDING_TOO_MANY, NULL);
    bool rates = finding_is(check, EH_FINDING_BASE_RATE, NULL) && spec->label.sql != NULL;
    if (rates) {
        step_open(out, "reweigh", "group and outcome should be independent in what a model learns");
        by_all(spec, out);
        key_text(out, "outcome", spec->label.sql);
    }
    if (shares && populations_count > 0 && check->weights.done) {
        if (check->weights.cost.design_effect >= 1)
            eh_buffer_format(out, "\n  # Costs: %.0f rows will be worth %.0f (design effect %.2f), the largest weight is %.1f times the mean.", check->weights.cost.people,
                             check->weights.cost.effective_people, check->weights.cost.design_effect, check->weights.cost.largest);
        step_open(out, "rake", "the data should stand for the population");
        by_all(spec, out);
        eh_buffer_text(out, check->weights.cost.largest > 5 ? "    cap: 5 # no weight above five times the mean; shares are then nearly reached\n" : "");
    }
}

static void duplicates(const eh_check *check, eh_buffer *out)
{
    bool found = finding_is(check, EH_FINDING_KEY_REPEATED, NULL) || finding_is(check, EH_FINDING_DUPLICATES, NULL) || finding_is(check, EH_FINDING_DUPLICATES_BUT_KEY, NULL);
    if (!found || check->profile->key_column == NULL)
        return;
    eh_buffer_text(out, "\n  # Decide for each pair in a file with the columns keep and merge, then take the # away.\n  # - do: duplicates\n  #   why: \"one person, one row\"\n  #   key: ");
    yaml_text(out, check->profile->key_column);
    eh_buffer_text(out, "\n  #   decisions: \"decisions.csv\"\n");
}

void eh_check_plan(const eh_check_about *about, const eh_check *check, eh_buffer *out)
{
    const eh_cube_spec *spec = about->spec;
    const eh_population_source *sources = about->populations;
    size_t populations_count = about->populations_count;
    eh_buffer_text(out, "# A plan of repairs, proposed from the findings of evenhand check. Read it, edit it, then try it:\n"
                        "#   evenhand repair repairs.yaml DATA --dry-run\n"
                        "#   evenhand repair repairs.yaml DATA --output repaired.csv\n"
                        "# Nothing is written over: new columns, weights and flags stand beside the old ones.\n");
    groups(spec, out);
    populations(sources, populations_count, out);
    if (check->options.skip_unmatched)
        eh_buffer_text(out, "\nskip_unmatched: true # groups that the population does not know keep their weight\n");
    size_t before = out->len;
    eh_buffer_text(out, "\nsteps:");
    size_t start = out->len;
    eh_buffer_byte(out, '\n');
    duplicates(check, out);
    for (size_t i = 0; i < check->columns_count; i++)
        correct(check, &check->columns[i], out);
    for (size_t i = 0; i < check->columns_count; i++)
        impute(check, &check->columns[i], spec, out);
    weights(check, spec, populations_count, out);
    for (size_t i = 0; i < check->columns_count; i++) {
        proxy(check, &check->columns[i], out);
        if (!finding_is(check, EH_FINDING_PROXY, check->columns[i].column->name))
            drop(check, &check->columns[i], out);
    }
    if (out->code == EH_OK && strstr(out->ptr + start, "- do:") == NULL) {
        out->len = before;
        out->ptr[before] = '\0';
        eh_buffer_text(out, "\nsteps: [] # nothing was found that a repair could mend\n");
    }
}
