/* The options of `evenhand check`; those that an audit has too are read by the audit's readers. */
#include <string.h>

#include "cli/cli_int.h"

enum { STALE_DAYS_DEFAULT = 365, CELL_ROWS_DEFAULT = 30, DAYS_MAX = 36500 };

/* ---- readers ------------------------------------------------------------------------------------------------------------------ */

static eh_check_request *request_of(const eh_option_use *use)
{
    return use->target;
}

static eh_code read_population(const eh_option_use *use, eh_error *error)
{
    eh_check_request *request = request_of(use);
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the name of a file is empty", use->option);
    if (request->populations_count == EH_POPULATIONS_MAX)
        return eh_fail(error, EH_LIMIT, "%s: more than %d files", use->option, EH_POPULATIONS_MAX);
    request->populations[request->populations_count++] = (eh_population_source){.path = use->value};
    return EH_OK;
}

static eh_code read_population_by(const eh_option_use *use, eh_error *error)
{
    eh_check_request *request = request_of(use);
    eh_expression *list = NULL;
    EH_TRY(eh_expressions_parse(use->option, eh_view_of(use->value), use->arena, &list, &request->population_by_count, error));
    request->population_by = list;
    return EH_OK;
}

static eh_code read_population_where(const eh_option_use *use, eh_error *error)
{
    eh_expression expression = {0};
    EH_TRY(eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &expression, error));
    request_of(use)->population_where = expression.sql;
    return EH_OK;
}

static eh_code read_population_weight(const eh_option_use *use, eh_error *error)
{
    eh_check_request *request = request_of(use);
    eh_expression expression = {0};
    EH_TRY(eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &expression, error));
    for (size_t i = 0; i < EH_POPULATIONS_MAX; i++)
        request->populations[i].weight = expression.sql;
    return EH_OK;
}

static eh_code read_key(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the name of a column is empty", use->option);
    request_of(use)->key = use->value;
    return EH_OK;
}

static eh_code read_ignore(const eh_option_use *use, eh_error *error)
{
    eh_check_request *request = request_of(use);
    for (const char *at = use->value; at != NULL;) {
        size_t len = strcspn(at, ",");
        eh_view word = eh_view_trim((eh_view){at, len});
        if (word.len >= 2 && word.ptr[0] == '"' && word.ptr[word.len - 1] == '"')
            word = (eh_view){word.ptr + 1, word.len - 2};
        if (request->options.ignored_count == EH_IGNORED_MAX)
            return eh_fail(error, EH_LIMIT, "%s: more than %d columns", use->option, EH_IGNORED_MAX);
        const char *copy = eh_arena_copy(use->arena, word);
        if (copy == NULL)
            return eh_fail_memory(error);
        if (word.len > 0)
            request->ignored[request->options.ignored_count++] = copy;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    return EH_OK;
}

static eh_code read_skip_unmatched(const eh_option_use *use, eh_error *error)
{
    (void)error;
    request_of(use)->options.skip_unmatched = true;
    return EH_OK;
}

static eh_code read_as_is(const eh_option_use *use, eh_error *error)
{
    (void)error;
    request_of(use)->as_is = true;
    return EH_OK;
}

static eh_code read_stale(const eh_option_use *use, eh_error *error)
{
    uint64_t days = 0;
    EH_TRY(eh_whole_read(use, 1, DAYS_MAX, &days, error));
    request_of(use)->options.stale_days = (uint32_t)days;
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    eh_check_request *request = request_of(use);
    if (eh_instant_parse_date(eh_view_of(use->value), &request->options.now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    request->dated = true;
    return EH_OK;
}

static eh_code read_fail_on(const eh_option_use *use, eh_error *error)
{
    eh_check_request *request = request_of(use);
    const char *names[EH_SEVERITIES_COUNT];
    uint32_t bits = 0;
    for (size_t i = 0; i < EH_SEVERITIES_COUNT; i++)
        names[i] = eh_severity_name((eh_severity)i);
    EH_TRY(eh_words_read(use, names, EH_SEVERITIES_COUNT, &bits, error));
    if ((bits & (bits - 1)) != 0)
        return eh_fail(error, EH_INPUT, "%s: name one of note, low, medium, high; what is graver counts as well", use->option);
    request->options.fail_at = (eh_severity)__builtin_ctz(bits);
    return EH_OK;
}

static eh_code read_workspace(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the name of a folder is empty", use->option);
    request_of(use)->workspace = use->value;
    return EH_OK;
}

static const eh_option table[] = {
    {"--by", "EXPR[,EXPR...]", "Who is in the data", "the protected attributes; EXPR AS name gives a name; repeatable", true, eh_option_by},
    {"--bands", "COLUMN=18,25,...", "Who is in the data", "cuts a number of --by into bands at these edges; repeatable", true, eh_option_bands},
    {"--top", "ATTRIBUTE=K", "Who is in the data", "keeps the K largest groups, joins the others into \"(all others)\"; repeatable", true, eh_option_top},
    {"--label", "EXPR", "Who is in the data", "the outcome: true/false, 1/0 or yes/no; adds base rates and leaks", false, eh_option_expression},
    {"--decision", "EXPR", "Who is in the data", "who was tried, such as sent; tells whose outcome nobody can know", false, eh_option_expression},
    {"--weight", "EXPR", "Who is in the data", "how many people a row stands for; a column of the population only is that one's weight", false,
     eh_option_expression},
    {"--where", "EXPR", "Who is in the data", "only the rows for which this is true", false, eh_option_where},
    {"--key", "COLUMN", "Who is in the data", "what names a person: should be there and unique", false, read_key},
    {"--ignore", "COLUMN[,...]", "Who is in the data", "columns that no model will read: no proxy and no leak; repeatable", true, read_ignore},

    {"--population", "FILE", "Whom it should stand for",
     "people by group: a column for each attribute and one that counts (or attribute, group, people: one margin after the other); repeatable", true,
     read_population},
    {"--population-by", "EXPR AS NAME[,...]", "Whom it should stand for", "expressions over its columns that give the attributes", false, read_population_by},
    {"--population-where", "EXPR", "Whom it should stand for", "only these rows of it", false, read_population_where},
    {"--population-weight", "EXPR", "Whom it should stand for", "how many people a row of it stands for; default: people, population, count, n, ...",
     false, read_population_weight},
    {"--skip-unmatched", NULL, "Whom it should stand for", "leaves groups that the population does not know out of the comparison", false,
     read_skip_unmatched},

    {"--tolerance", "X", "What is tolerated", "shares in [X, 1/X] of the population's are tolerated; default 0.8", false, eh_option_tolerance},
    {"--confidence", "X", "What is tolerated", "of intervals and tests; default 0.95", false, eh_option_confidence},
    {"--min-cell", "N", "What is tolerated", "crossings of groups with fewer rows cannot be looked at; default 30", false, eh_option_min_cell},
    {"--stale-days", "N", "What is tolerated", "the newest date may be this old; default 365", false, read_stale},
    {"--fail-on", "SEVERITY", "What is tolerated", "note, low, medium or high: exit status 1 from here on; default high", false, read_fail_on},

    {"--format", "LIST", "What comes out", "text, json, html, with commas between; default text, with --output all three", false, eh_option_format},
    {"--output", "PREFIX", "What comes out", "writes PREFIX.json, PREFIX.html, PREFIX.txt; text goes to standard output too", false, eh_option_output},
    {"--before", "REPORT.json", "What comes out", "an earlier check; shows what has changed since", false, eh_option_before},
    {"--as-is", NULL, "What comes out", "the rows as they were read, without the repairs that were applied to them", false, read_as_is},
    {"--quiet", NULL, "What comes out", "no progress, no list of the files written", false, eh_option_quiet},

    {"--workspace", "DIR", "How it runs", "the folder with evenhand.yaml; default: here or the nearest above", false, read_workspace},
    {"--now", "DATE", "How it runs", "the moment of the check, such as 2026-11-24; default: the clock", false, read_now},
    {"--threads", "N", "How it runs", "default: as many as the machine has; the result is the same for any number", false, eh_option_threads},
    {"--memory", "MIB", "How it runs", "memory for the data; what does not fit goes to a temporary file; default 768", false, eh_option_memory},
    {"--help", NULL, "How it runs", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_check_options_help(eh_buffer *out)
{
    eh_options_help(table, TABLE_COUNT, out);
}

/* ---- the command line again, for the commands that findings name ---------------------------------------------------------------- */

static void quoted(eh_buffer *out, const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@%+";
    if (text[0] != '\0' && text[strspn(text, safe)] == '\0') {
        eh_buffer_text(out, text);
        return;
    }
    eh_buffer_byte(out, '\'');
    for (const char *at = text; *at != '\0'; at++) {
        if (*at == '\'')
            eh_buffer_text(out, "'\\''");
        else
            eh_buffer_byte(out, *at);
    }
    eh_buffer_byte(out, '\'');
}

static eh_code arguments_tell(eh_check_request *request, const eh_arguments *arguments, eh_arena *arena, eh_error *error)
{
    static const char *const left_out[] = {"--format", "--output", "--before", "--quiet", "--fail-on", "--threads", "--memory"};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    for (size_t i = 0; i < arguments->files_count; i++) {
        eh_buffer_text(&text, i == 0 ? "" : " ");
        quoted(&text, arguments->files[i]);
    }
    for (size_t i = 0; i < arguments->values_count; i++) {
        const eh_option *option = &table[arguments->options[i]];
        bool told = true;
        for (size_t k = 0; k < sizeof left_out / sizeof left_out[0]; k++)
            told = told && strcmp(option->name, left_out[k]) != 0;
        if (!told)
            continue;
        eh_buffer_format(&text, "%s%s", text.len == 0 ? "" : " ", option->name);
        if (arguments->values[i] == NULL)
            continue;
        eh_buffer_byte(&text, ' ');
        quoted(&text, arguments->values[i]);
    }
    EH_TRY(eh_buffer_check(&text, error));
    request->arguments = eh_arena_copy(arena, text.len == 0 ? EH_VIEW("") : eh_buffer_view(&text));
    return request->arguments == NULL ? eh_fail_memory(error) : EH_OK;
}

/* ---- what must hold between options ------------------------------------------------------------------------------------------------ */

static eh_code settle(eh_check_request *request, eh_error *error)
{
    eh_audit_request *audit = &request->audit;
    bool several = (audit->formats & (audit->formats - 1)) != 0;
    if ((audit->formats >> EH_FORMAT_CSV & 1) != 0)
        return eh_fail(error, EH_INPUT, "--format: a check is written as text, json and html; the numbers are in json");
    if (audit->output_prefix == NULL && several)
        return eh_fail(error, EH_CONFLICT, "--format: several formats need --output PREFIX (standard output takes one)");
    if (audit->formats == 0)
        audit->formats = audit->output_prefix != NULL ? 1U << EH_FORMAT_TEXT | 1U << EH_FORMAT_JSON | 1U << EH_FORMAT_HTML : 1U << EH_FORMAT_TEXT;
    if (request->populations_count == 0 && (request->population_by != NULL || request->population_where != NULL || request->populations[0].weight != NULL))
        return eh_fail(error, EH_CONFLICT, "--population is missing: there is nothing that --population-by, --population-where or --population-weight could speak of");
    if (request->populations_count > 0 && audit->spec.attributes_count == 0 && audit->files_count > 0)
        return eh_fail(error, EH_CONFLICT, "--by is missing: which columns should be compared with the population? For example --by gender,age");
    for (size_t i = 0; i < request->populations_count; i++) {
        request->populations[i].by = request->population_by;
        request->populations[i].by_count = request->population_by_count;
        request->populations[i].where = request->population_where;
    }
    if (!request->dated)
        request->options.now = eh_instant_now();
    request->options.ratio_min = audit->options.ratio_min;
    request->options.confidence = audit->options.confidence;
    request->options.cell_rows_min = audit->options.cell_rows_min;
    request->options.ignored = request->ignored;
    return EH_OK;
}

eh_code eh_check_request_parse(int argc, char **argv, eh_arena *arena, const eh_check_request **request_out, eh_error *error)
{
    eh_check_request *request = EH_TAKE(arena, 1, eh_check_request);
    if (request == NULL)
        return eh_fail_memory(error);
    request->audit.options = (eh_audit_options){.ratio_min = 0.8, .confidence = 0.95, .cell_rows_min = CELL_ROWS_DEFAULT, .seed = 1};
    request->options = (eh_check_options){.stale_days = STALE_DAYS_DEFAULT, .fail_at = EH_SEVERITY_HIGH};
    request->arguments = "";
    eh_arguments arguments = {0};
    EH_TRY(eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, error));
    request->audit.help = arguments.help;
    if (!arguments.help) {
        request->audit.files = arguments.files;
        request->audit.files_count = arguments.files_count;
        EH_TRY(eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = request}, error));
        EH_TRY(settle(request, error));
        EH_TRY(arguments_tell(request, &arguments, arena, error));
        request->audit.spec.attributes = request->audit.attributes;
        request->audit.spec.one_group_will_do = true;
    }
    *request_out = request;
    return EH_OK;
}
