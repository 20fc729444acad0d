/* Outcomes out of a file: which columns, whose, what, when; every row looked at before one is kept. */
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "journey/outcomes_int.h"
#include "journey/release_int.h"

enum { SHOWN_MAX = 10, DAY_SECONDS = 86400 };
#define VALUE_MAX 1e12

static void engine_dispose(eh_engine **engine) { eh_engine_close(engine); }

void eh_outcome_problem_add(eh_outcomes_run *run, uint64_t row, const char *format, ...)
{
    eh_outcomes_result *result = run->result;
    char text[512];
    va_list values;
    result->problems_all++;
    if (result->problems_count == EH_IMPORT_LISTED_MAX)
        return;
    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    const char *what = eh_arena_copy(run->arena, eh_view_of(text));
    if (what != NULL)
        run->problems[result->problems_count++] = (eh_outcome_problem){.row = row, .what = what};
}

/* ---- columns ------------------------------------------------------------------------------------------------------------------------- */

static const char *column_find(const eh_engine *engine, const char *const *usual)
{
    const char *const *names = NULL;
    size_t count = 0;
    eh_engine_columns(engine, &names, &count);
    for (; *usual != NULL; usual++)
        for (size_t i = 0; i < count; i++)
            if (strcasecmp(names[i], *usual) == 0)
                return names[i];
    return NULL;
}

static bool is_name(const char *text)
{
    size_t len = strlen(text);
    return len > 0 && len <= EH_WORKSPACE_NAME_BYTES_MAX && text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] == '\0';
}

static eh_code name_add(eh_outcomes_run *run, const char *name, int64_t within_s, eh_error *error)
{
    for (size_t i = 0; i < run->names_count; i++)
        if (strcmp(run->names[i], name) == 0)
            return EH_OK;
    if (run->names_count == EH_OUTCOME_NAMES_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d outcomes at a time", EH_OUTCOME_NAMES_MAX);
    run->within_s[run->names_count] = within_s;
    run->names[run->names_count++] = name;
    return EH_OK;
}

/* Those that were asked for, else those that evenhand.yaml names and the two that every campaign may have. */
static eh_code names_read(eh_outcomes_run *run, eh_error *error)
{
    const eh_outcomes_request *request = run->request;
    const eh_workspace_model *model = request->model;
    for (size_t i = 0; i < request->outcomes_count; i++) {
        int64_t within_s = 0;
        if (!is_name(request->outcomes[i]))
            return eh_fail(error, EH_INPUT, "--outcome: '%.80s' is no name of an outcome: letters, digits, '_' and '-'", request->outcomes[i]);
        for (size_t k = 0; k < model->outcomes_count; k++)
            if (strcmp(model->outcomes[k].name, request->outcomes[i]) == 0)
                within_s = model->outcomes[k].within.seconds;
        EH_TRY(name_add(run, request->outcomes[i], within_s, error));
    }
    for (size_t k = 0; request->outcomes_count == 0 && k < model->outcomes_count; k++)
        EH_TRY(name_add(run, model->outcomes[k].name, model->outcomes[k].within.seconds, error));
    if (request->outcomes_count > 0)
        return EH_OK;
    EH_TRY(name_add(run, EH_OUTCOME_OPT_OUT, 0, error));
    return name_add(run, EH_OUTCOME_COMPLAINT, 0, error);
}

static eh_code people_column(eh_outcomes_run *run, const eh_engine *engine, eh_error *error)
{
    static const char *const decisions[] = {"decision", "decision_id", "evenhand_decision", NULL};
    static const char *const people[] = {"person", "person_id", "customer_id", "external id", "external_id", "key", "customer", "id", NULL};
    const eh_workspace_model *model = run->request->model;
    const char *wanted = run->request->person_column;
    const char *const named[] = {wanted != NULL ? wanted : model->sources[model->people].key, NULL};
    run->columns.decision = wanted == NULL ? column_find(engine, decisions) : NULL;
    run->columns.person = named[0] == NULL ? NULL : column_find(engine, named);
    if (wanted != NULL && run->columns.person == NULL)
        return eh_fail(error, EH_NOT_FOUND, "%s has no column '%.100s'", run->request->file, wanted);
    if (run->columns.person == NULL)
        run->columns.person = column_find(engine, people);
    if (run->columns.decision == NULL && run->columns.person == NULL)
        return eh_fail(error, EH_INPUT, "%s does not say whose outcomes these are; a column 'decision' (as in the send list) or 'person' does, or say --person COLUMN", run->request->file);
    return EH_OK;
}

static eh_code columns_choose(eh_outcomes_run *run, const eh_engine *engine, eh_error *error)
{
    static const char *const plans[] = {"plan", NULL}, *const outcomes[] = {"outcome", NULL}, *const values[] = {"value", NULL};
    static const char *const times[] = {"time", "at", "date", "timestamp", "occurred_at", "datetime", NULL};
    EH_TRY(people_column(run, engine, error));
    run->columns.plan = column_find(engine, plans);
    run->columns.at = column_find(engine, times);
    run->columns.outcome = column_find(engine, outcomes);
    run->columns.value = column_find(engine, values);
    if (run->columns.outcome != NULL)
        return EH_OK; /* long: one row per outcome */
    for (size_t i = 0; i < run->names_count; i++) {
        const char *column = column_find(engine, (const char *const[]){run->names[i], NULL});
        if (column == NULL)
            continue;
        run->columns.wide[run->columns.wide_count] = column;
        run->columns.wide_outcome[run->columns.wide_count++] = (uint32_t)i;
    }
    if (run->columns.wide_count > 0)
        return EH_OK;
    if (run->request->outcomes_count == 1 && run->columns.value != NULL) {
        run->columns.wide[0] = run->columns.value;
        run->columns.wide_count = 1;
        return EH_OK;
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    for (size_t i = 0; i < run->names_count; i++)
        eh_buffer_format(&list, "%s%s", i == 0 ? "" : ", ", run->names[i]);
    return eh_fail(error, EH_INPUT, "%s has neither a column 'outcome' nor one that is called as an outcome (%s); name its column: --outcome NAME", run->request->file,
                   list.ptr == NULL ? "" : list.ptr);
}

/* ---- cells ------------------------------------------------------------------------------------------------------------------------------ */

static bool value_of(eh_view text, double *value_out)
{
    static const struct {
        const char *word;
        double value;
    } words[] = {{"true", 1}, {"yes", 1}, {"t", 1}, {"y", 1}, {"false", 0}, {"no", 0}, {"f", 0}, {"n", 0}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (eh_view_equal_nocase(text, eh_view_of(words[i].word))) {
            *value_out = words[i].value;
            return true;
        }
    return eh_number_read(text, value_out) && fabs(*value_out) <= VALUE_MAX;
}

/* "2026-12-01", "2026-12-01T10:00:00Z", "2026-12-01 10:00:00" (UTC). A day alone lasts to its end. */
static bool moment_of(eh_view text, int64_t *at_out)
{
    char form[48];
    eh_instant at = {0};
    eh_error none = {0};
    if (text.len < 10 || text.len > 40)
        return false;
    bool zoned = text.len <= 10;
    for (size_t i = 19; i < text.len; i++)
        zoned = zoned || strchr("Zz+-", text.ptr[i]) != NULL;
    snprintf(form, sizeof form, "%.*s%s", (int)text.len, text.ptr, zoned ? "" : "Z");
    if (text.len > 10 && form[10] == ' ')
        form[10] = 'T';
    if (eh_instant_parse_date(eh_view_of(form), &at, &none) != EH_OK)
        return false;
    *at_out = at.seconds + (text.len == 10 ? DAY_SECONDS - 1 : 0);
    return true;
}

/* ---- rows ------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    eh_outcomes_run *run;
    size_t decision, person, plan, outcome, value, at, wide; /* places of the cells; SIZE_MAX: not there */
} reading;

static eh_code row_add(eh_outcomes_run *run, const eh_outcome_row *row, eh_error *error)
{
    if (run->rows_count == run->rows_capacity) {
        size_t capacity = run->rows_capacity == 0 ? 4096 : run->rows_capacity * 2;
        if (run->rows_capacity >= EH_OUTCOME_ROWS_MAX)
            return eh_fail(error, EH_LIMIT, "%s holds more than %d outcomes", run->request->file, EH_OUTCOME_ROWS_MAX);
        eh_outcome_row *rows = realloc(run->rows, capacity * sizeof *rows);
        if (rows == NULL)
            return eh_fail_memory(error);
        run->rows = rows;
        run->rows_capacity = capacity;
    }
    run->rows[run->rows_count++] = *row;
    return EH_OK;
}

static size_t plan_of(const eh_outcomes_run *run, eh_view name)
{
    size_t p = 0;
    while (p < run->plans_count && !eh_view_equal(eh_view_of(run->plans[p].plan.plan), name))
        p++;
    return p;
}

static eh_code owner_by_decision(eh_outcomes_run *run, uint64_t row, eh_view text, eh_outcome_row *out, eh_error *error)
{
    uint8_t id[EH_DECISION_ID_BYTES];
    const eh_outcome_decision *found = NULL;
    if (text.len != 2 * sizeof id || !eh_hex_read(text, sizeof id, id)) {
        eh_outcome_problem_add(run, row, "'%.*s' is no id of a decision: 32 hexadecimal digits", (int)(text.len < 60 ? text.len : 60), text.ptr);
        return EH_OK;
    }
    EH_TRY(eh_outcome_decision_find(run, id, &found, error));
    if (found != NULL) {
        out->plan = found->plan;
        out->person = found->person;
    } else if (run->request->known_only) {
        run->result->left_out++;
    } else {
        eh_outcome_problem_add(run, row, "the decision %.*s is not known here", (int)text.len, text.ptr);
    }
    return EH_OK;
}

static void owner_by_person(eh_outcomes_run *run, uint64_t row, eh_view person, eh_view plan, eh_outcome_row *out)
{
    size_t p = plan.ptr != NULL && plan.len > 0 ? plan_of(run, plan) : 0;
    if (plan.len == 0 && run->plans_count > 1) {
        eh_outcome_problem_add(run, row, "%zu plans went out; say which one this is about: --plan PLAN, --campaign CAMPAIGN or a column 'plan'", run->plans_count);
        return;
    }
    size_t place = p < run->plans_count ? eh_key_place(run->plans[p].keys, run->plans[p].people_count, person) : SIZE_MAX;
    if (place != SIZE_MAX) {
        out->plan = (uint32_t)p;
        out->person = run->plans[p].keys[place];
    } else if (run->request->known_only) {
        run->result->left_out++;
    } else if (p == run->plans_count) {
        eh_outcome_problem_add(run, row, "no plan '%.*s' went out here, or it was not asked for", (int)(plan.len < 100 ? plan.len : 100), plan.ptr);
    } else {
        eh_outcome_problem_add(run, row, "'%.*s' is nobody of the plan %s; --known-only leaves such rows out", (int)(person.len < 100 ? person.len : 100), person.ptr,
                               run->plans[p].plan.plan);
    }
}

/* out->person stays NULL when the row is of no use. */
static eh_code owner_find(const reading *at, uint64_t row, const eh_view *cells, eh_outcome_row *out, eh_error *error)
{
    eh_outcomes_run *run = at->run;
    eh_view decision = at->decision == SIZE_MAX ? (eh_view){0} : eh_view_trim(cells[at->decision]);
    eh_view person = at->person == SIZE_MAX ? (eh_view){0} : cells[at->person];
    if (decision.len > 0)
        return owner_by_decision(run, row, decision, out, error);
    if (person.len == 0)
        eh_outcome_problem_add(run, row, "says neither whose decision nor whose outcome it is");
    else
        owner_by_person(run, row, person, at->plan == SIZE_MAX ? (eh_view){0} : eh_view_trim(cells[at->plan]), out);
    return EH_OK;
}

/* False: the row is of no use, and why has been taken down. */
static bool moment_check(eh_outcomes_run *run, const eh_outcome_row *row, eh_view cell)
{
    const eh_campaign_plan *plan = &run->plans[row->plan].plan;
    char decided[EH_INSTANT_TEXT_BYTES];
    eh_instant_text((eh_instant){.seconds = plan->decided_s}, EH_FRACTION_NONE, decided);
    if (row->at_s < plan->decided_s) {
        eh_outcome_problem_add(run, row->row, "%.*s is before the decision (%s)", (int)cell.len, cell.ptr, decided);
        return false;
    }
    if (row->at_s - (cell.len == 10 ? DAY_SECONDS - 1 : 0) > run->request->now.seconds) {
        eh_outcome_problem_add(run, row->row, "%.*s lies in the future", (int)cell.len, cell.ptr);
        return false;
    }
    if (run->within_s[row->outcome] > 0 && row->at_s - (cell.len == 10 ? DAY_SECONDS - 1 : 0) > plan->decided_s + run->within_s[row->outcome]) {
        run->result->late++;
        return false;
    }
    return true;
}

static eh_code cell_take(const reading *at, const eh_outcome_row *owner, eh_view value, eh_view moment, eh_error *error)
{
    eh_outcomes_run *run = at->run;
    eh_outcome_row row = *owner;
    eh_view text = eh_view_trim(value);
    if (!value_of(text, &row.value)) {
        eh_outcome_problem_add(run, row.row, "'%.*s' is no value of '%s': a number, yes or no", (int)(text.len < 60 ? text.len : 60), text.ptr == NULL ? "" : text.ptr,
                               run->names[row.outcome]);
        return EH_OK;
    }
    moment = eh_view_trim(moment);
    if (moment.len > 0 && !moment_of(moment, &row.at_s)) {
        eh_outcome_problem_add(run, row.row, "'%.*s' is no time, such as 2026-12-01T10:00:00Z", (int)(moment.len < 60 ? moment.len : 60), moment.ptr);
        return EH_OK;
    }
    if (moment.len > 0 && !moment_check(run, &row, moment))
        return EH_OK;
    return row_add(run, &row, error);
}

static eh_code row_take(void *context, uint64_t number, const eh_view *cells, eh_error *error)
{
    const reading *at = context;
    eh_outcomes_run *run = at->run;
    eh_outcome_row owner = {.row = number};
    eh_view moment = at->at == SIZE_MAX ? (eh_view){0} : cells[at->at];
    run->result->rows++;
    EH_TRY(owner_find(at, number, cells, &owner, error));
    if (owner.person == NULL)
        return EH_OK;
    if (at->outcome == SIZE_MAX) {
        for (size_t i = 0; i < run->columns.wide_count; i++) {
            owner.outcome = run->columns.wide_outcome[i];
            if (eh_view_trim(cells[at->wide + i]).len > 0) /* an empty cell says nothing */
                EH_TRY(cell_take(at, &owner, cells[at->wide + i], moment, error));
        }
        return EH_OK;
    }
    eh_view name = eh_view_trim(cells[at->outcome]);
    size_t outcome = 0;
    while (outcome < run->names_count && !eh_view_equal(name, eh_view_of(run->names[outcome])))
        outcome++;
    if (outcome == run->names_count) {
        eh_outcome_problem_add(run, number, "'%.*s' is no outcome that evenhand.yaml names; name it: --outcome %.*s", (int)(name.len < 60 ? name.len : 60), name.ptr == NULL ? "" : name.ptr,
                               (int)(name.len < 60 ? name.len : 60), name.ptr == NULL ? "" : name.ptr);
        return EH_OK;
    }
    owner.outcome = (uint32_t)outcome;
    return cell_take(at, &owner, at->value == SIZE_MAX ? EH_VIEW("1") : cells[at->value], moment, error);
}

static size_t place_of(const char *column, const char **columns, size_t *count)
{
    if (column == NULL)
        return SIZE_MAX;
    columns[*count] = column;
    return (*count)++;
}

static eh_code rows_read(eh_outcomes_run *run, eh_engine *engine, eh_error *error)
{
    const char *columns[EH_ROW_COLUMNS_MAX];
    size_t count = 0;
    reading at = {.run = run, .decision = place_of(run->columns.decision, columns, &count), .person = place_of(run->columns.person, columns, &count)};
    at.plan = place_of(run->columns.plan, columns, &count);
    at.outcome = place_of(run->columns.outcome, columns, &count);
    at.value = place_of(run->columns.value, columns, &count);
    at.at = place_of(run->columns.at, columns, &count);
    at.wide = count;
    for (size_t i = 0; i < run->columns.wide_count; i++)
        columns[count++] = run->columns.wide[i];
    return eh_engine_rows(engine, columns, count, row_take, &at, error);
}

/* ---- looked at as a whole -------------------------------------------------------------------------------------------------------------------- */

static int by_place(const void *a, const void *b)
{
    const eh_outcome_row *one = a, *other = b;
    if (one->plan != other->plan)
        return one->plan < other->plan ? -1 : 1;
    if (one->outcome != other->outcome)
        return one->outcome < other->outcome ? -1 : 1;
    int order = strcmp(one->person, other->person);
    return order != 0 ? order : one->row < other->row ? -1 : one->row > other->row;
}

void eh_outcome_rows_sort(eh_outcomes_run *run)
{
    if (run->rows_count > 1)
        qsort(run->rows, run->rows_count, sizeof *run->rows, by_place);
}

static void twice_check(eh_outcomes_run *run)
{
    size_t kept = 0;
    for (size_t i = 0; i < run->rows_count; i++) {
        eh_outcome_row *row = &run->rows[i], *before = kept == 0 ? NULL : &run->rows[kept - 1];
        bool same = before != NULL && before->plan == row->plan && before->outcome == row->outcome && strcmp(before->person, row->person) == 0;
        if (same && run->request->sum) {
            before->value += row->value;
            before->at_s = row->at_s > before->at_s ? row->at_s : before->at_s;
            continue;
        }
        if (same)
            eh_outcome_problem_add(run, row->row, "'%.100s' has '%s' twice (row %llu too); --sum adds rows of one person up", row->person, run->names[row->outcome],
                                   (unsigned long long)before->row);
        run->rows[kept++] = *row;
    }
    run->rows_count = kept;
}

/* A file of those who did something says nothing of the others unless somebody says so. */
static void all_ones_check(eh_outcomes_run *run)
{
    for (size_t from = 0, to = 0; from < run->rows_count; from = to) {
        const eh_outcome_row *first = &run->rows[from];
        bool ones = true;
        for (; to < run->rows_count && run->rows[to].plan == first->plan && run->rows[to].outcome == first->outcome; to++)
            ones = ones && run->rows[to].value != 0;
        size_t people = run->plans[first->plan].people_count;
        if (ones && to - from < people && !run->request->others_none && !run->request->named_only)
            eh_outcome_problem_add(run, first->row, "everybody that the file names has '%s', and %zu people of %s are not named. Had they none? --others-none says so; --named-only "
                                   "says that it is not known", run->names[first->outcome], people - (to - from), run->plans[first->plan].plan.plan);
    }
}

static eh_code problems_tell(const eh_outcomes_run *run, eh_error *error)
{
    const eh_outcomes_result *result = run->result;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    if (result->problems_all == 0)
        return EH_OK;
    for (size_t i = 0; i < result->problems_count && i < SHOWN_MAX; i++)
        eh_buffer_format(&list, "\n  row %llu: %.170s", (unsigned long long)result->problems[i].row, result->problems[i].what);
    if (result->problems_all > SHOWN_MAX)
        eh_buffer_format(&list, "\n  and %llu more; --problems FILE lists them", (unsigned long long)(result->problems_all - SHOWN_MAX));
    return eh_fail(error, EH_INPUT, "%s: nothing was taken in, %llu of %llu rows are not fine:%s", run->request->file, (unsigned long long)result->problems_all,
                   (unsigned long long)result->rows, list.ptr == NULL ? "" : list.ptr);
}

static eh_code import_do(eh_outcomes_run *run, eh_error *error)
{
    EH_CLEANUP(engine_dispose) eh_engine *engine = NULL;
    const eh_input *inputs = NULL;
    size_t count = 0;
    run->problems = EH_TAKE(run->arena, EH_IMPORT_LISTED_MAX, eh_outcome_problem);
    if (run->problems == NULL)
        return eh_fail_memory(error);
    run->result->problems = run->problems;
    EH_TRY(eh_campaigns_open(run->request->model->state_folder, &run->store, error));
    EH_TRY(eh_engine_open(&(eh_engine_options){.as_text = true}, &engine, error));
    EH_TRY(eh_engine_read(engine, &run->request->file, 1, error));
    EH_TRY(names_read(run, error));
    EH_TRY(columns_choose(run, engine, error));
    EH_TRY(eh_outcome_plans_read(run, error));
    EH_TRY(rows_read(run, engine, error));
    EH_TRY(eh_engine_inputs(engine, &inputs, &count, error));
    snprintf(run->result->sha256, sizeof run->result->sha256, "%s", inputs[0].sha256);
    eh_outcome_rows_sort(run);
    twice_check(run);
    all_ones_check(run);
    EH_TRY(problems_tell(run, error));
    EH_TRY(eh_outcomes_keep(run, error));
    return problems_tell(run, error);
}

eh_code eh_outcomes_import(const eh_outcomes_request *request, eh_arena *arena, eh_outcomes_result *result_out, eh_error *error)
{
    eh_outcomes_run run = {.request = request, .arena = arena, .result = result_out};
    *result_out = (eh_outcomes_result){0};
    eh_code code = import_do(&run, error);
    free(run.rows);
    eh_ledger_close(&run.ledger);
    eh_store_close(&run.store);
    return code;
}
