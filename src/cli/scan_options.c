/* The options of `evenhand scan`: one table, the readers of its values, and what must hold between them. */
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli_int.h"

enum { THREADS_MAX = 256, MEMORY_MIB_MIN = 16, MEMORY_MIB_MAX = 16777216, PENALTY_MAX = 1000 };
static const uint64_t whole_max = (UINT64_C(1) << 53) - 1; /* JSON readers keep whole numbers up to here */
static const uint64_t mebibyte = UINT64_C(1) << 20;

/* What is read, before it is known which option plays which part. */
typedef struct {
    eh_scan_request *request;
    eh_expression decision, expected, label, score;
} reading;

/* ---- expressions ----------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *option;
    size_t offset;
} places[] = {
    {"--decision", offsetof(reading, decision)},
    {"--expected", offsetof(reading, expected)},
    {"--label", offsetof(reading, label)},
    {"--score", offsetof(reading, score)},
};

static eh_code read_expression(const eh_option_use *use, eh_error *error)
{
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        if (strcmp(places[i].option, use->option) != 0)
            continue;
        eh_expression *expression = (eh_expression *)(void *)((char *)use->target + places[i].offset);
        return eh_expression_parse(use->option, eh_view_of(use->value), use->arena, expression, error);
    }
    return eh_fail(error, EH_INTERNAL, "%s: has no place in the request", use->option);
}

static eh_code read_weight(const eh_option_use *use, eh_error *error)
{
    return eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &((reading *)use->target)->request->spec.weight, error);
}

static eh_code read_within(const eh_option_use *use, eh_error *error)
{
    return eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &((reading *)use->target)->request->spec.within, error);
}

static eh_code read_where(const eh_option_use *use, eh_error *error)
{
    eh_expression expression = {0};
    EH_TRY(eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &expression, error));
    ((reading *)use->target)->request->spec.where = expression.sql;
    return EH_OK;
}

static eh_code read_over(const eh_option_use *use, eh_error *error)
{
    eh_scan_request *request = ((reading *)use->target)->request;
    eh_expression *list = NULL;
    size_t count = 0;
    EH_TRY(eh_expressions_parse(use->option, eh_view_of(use->value), use->arena, &list, &count, error));
    if (request->spec.attributes_count + count > EH_SCAN_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu attributes, at most %d", use->option, request->spec.attributes_count + count,
                       EH_SCAN_ATTRIBUTES_MAX);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < request->spec.attributes_count; k++)
            if (strcmp(request->attributes[k].expression.name, list[i].name) == 0)
                return eh_fail(error, EH_CONFLICT, "%s: two attributes are named '%s'; name one of them with AS: \"expression AS other_name\"",
                               use->option, list[i].name);
        request->attributes[request->spec.attributes_count++].expression = list[i];
    }
    return EH_OK;
}

/* ---- --bands COLUMN=18,25,35 -------------------------------------------------------------------------------------------------------- */

static eh_code edges_read(const eh_option_use *use, const char *text, eh_cube_attribute *attribute, eh_error *error)
{
    size_t capacity = 1;
    for (const char *at = text; *at != '\0'; at++)
        capacity += *at == ',';
    if (capacity > EH_BANDS_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu edges, at most %d", use->option, capacity, EH_BANDS_MAX);
    double *edges = EH_TAKE(use->arena, capacity, double);
    if (edges == NULL)
        return eh_fail_memory(error);
    for (const char *at = text; at != NULL;) {
        size_t len = strcspn(at, ","), i = attribute->edges_count;
        eh_view part = eh_view_trim((eh_view){at, len});
        if (!eh_number_read(part, &edges[i]))
            return eh_fail(error, EH_INPUT, "%s: '%.*s' is no number; edges look like age=18,25,35", use->option, (int)(part.len < 60 ? part.len : 60),
                           part.ptr);
        if (i > 0 && edges[i] <= edges[i - 1])
            return eh_fail(error, EH_INPUT, "%s: the edges must ascend, but %.15g comes after %.15g", use->option, edges[i], edges[i - 1]);
        attribute->edges_count++;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    attribute->edges = edges;
    return EH_OK;
}

/* The attribute of --over with this name, or, without --over, a new place among the columns that have bands of their own. */
static eh_code banded_find(const eh_option_use *use, eh_view name, eh_cube_attribute **attribute_out, eh_error *error)
{
    eh_scan_request *request = ((reading *)use->target)->request;
    const char *names[EH_SCAN_ATTRIBUTES_MAX];
    size_t count = request->spec.attributes_count > 0 ? request->spec.attributes_count : request->spec.banded_count;
    for (size_t i = 0; i < count; i++) {
        names[i] = request->attributes[i].expression.name;
        if (!eh_view_equal_nocase(name, eh_view_of(names[i])))
            continue;
        if (request->attributes[i].edges_count > 0)
            return eh_fail(error, EH_CONFLICT, "%s: '%s' has bands already", use->option, names[i]);
        *attribute_out = &request->attributes[i];
        return EH_OK;
    }
    char *copy = eh_arena_copy(use->arena, name);
    if (copy == NULL)
        return eh_fail_memory(error);
    if (request->spec.attributes_count > 0) {
        const char *nearest = eh_nearest_name(copy, names, count);
        return eh_fail(error, EH_NOT_FOUND, "%s: '%.100s' is not among the attributes of --over%s%s%s", use->option, copy,
                       nearest != NULL ? "; do you mean '" : "", nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    if (count == EH_SCAN_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: more than %d columns", use->option, EH_SCAN_ATTRIBUTES_MAX);
    request->attributes[request->spec.banded_count++].expression = (eh_expression){.sql = copy, .name = copy};
    *attribute_out = &request->attributes[count];
    return EH_OK;
}

static eh_code read_bands(const eh_option_use *use, eh_error *error)
{
    const char *equals = strrchr(use->value, '=');
    eh_cube_attribute *attribute = NULL;
    if (equals == NULL || equals == use->value)
        return eh_fail(error, EH_INPUT, "%s: '%.100s' is not of the form COLUMN=18,25,35", use->option, use->value);
    EH_TRY(banded_find(use, eh_view_trim((eh_view){use->value, (size_t)(equals - use->value)}), &attribute, error));
    return edges_read(use, equals + 1, attribute, error);
}

/* ---- numbers and words ------------------------------------------------------------------------------------------------------------------ */

static eh_code read_direction(const eh_option_use *use, eh_error *error)
{
    static const char *const names[] = {"both", "low", "high"};
    uint32_t bits = 0;
    EH_TRY(eh_words_read(use, names, 3, &bits, error));
    ((reading *)use->target)->request->options.direction = bits == 2 ? EH_SCAN_LOW : bits == 4 ? EH_SCAN_HIGH : EH_SCAN_BOTH;
    return EH_OK;
}

static eh_code read_penalty(const eh_option_use *use, eh_error *error)
{
    double penalty = 0;
    if (!eh_number_read(eh_view_of(use->value), &penalty) || penalty < 0 || penalty > PENALTY_MAX)
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is no number between 0 and %d", use->option, use->value, PENALTY_MAX);
    ((reading *)use->target)->request->options.penalty = penalty;
    return EH_OK;
}

static eh_code read_confidence(const eh_option_use *use, eh_error *error)
{
    double share = 0;
    if (!eh_share_read(use->value, true, &share) || !(share >= 0.5 && share <= 0.999))
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is no number between 0.5 and 0.999 (nor a percentage between 50 and 99.9)", use->option, use->value);
    ((reading *)use->target)->request->options.confidence = share;
    return EH_OK;
}

static eh_code read_seed(const eh_option_use *use, eh_error *error)
{
    return eh_whole_read(use, 0, whole_max, &((reading *)use->target)->request->options.seed, error);
}

static eh_code read_threads(const eh_option_use *use, eh_error *error)
{
    uint64_t threads = 0;
    EH_TRY(eh_whole_read(use, 1, THREADS_MAX, &threads, error));
    ((reading *)use->target)->request->threads = (uint32_t)threads;
    return EH_OK;
}

static eh_code read_memory(const eh_option_use *use, eh_error *error)
{
    uint64_t mebibytes = 0;
    EH_TRY(eh_whole_read(use, MEMORY_MIB_MIN, MEMORY_MIB_MAX, &mebibytes, error));
    ((reading *)use->target)->request->memory_bytes_max = mebibytes * mebibyte;
    return EH_OK;
}

static eh_code read_format(const eh_option_use *use, eh_error *error)
{
    const char *names[EH_FORMATS_COUNT];
    for (size_t i = 0; i < EH_FORMATS_COUNT; i++)
        names[i] = eh_formats[i].name;
    return eh_words_read(use, names, EH_FORMATS_COUNT, &((reading *)use->target)->request->formats, error);
}

static eh_code read_output(const eh_option_use *use, eh_error *error)
{
    struct stat facts;
    size_t len = strlen(use->value);
    if (len == 0)
        return eh_fail(error, EH_INPUT, "%s: the prefix is empty; write e.g. %s reports/scan", use->option, use->option);
    if (strcmp(use->value, "-") == 0)
        return eh_fail(error, EH_INPUT, "%s: '-' is no file name; leave %s out and one --format goes to standard output", use->option, use->option);
    if (use->value[len - 1] == '/' || (stat(use->value, &facts) == 0 && S_ISDIR(facts.st_mode)))
        return eh_fail(error, EH_INPUT, "%s: '%s' is a folder; add the name of the report: %s%sscan", use->option, use->value, use->value,
                       use->value[len - 1] == '/' ? "" : "/");
    ((reading *)use->target)->request->output_prefix = use->value;
    return EH_OK;
}

static eh_code read_quiet(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((reading *)use->target)->request->quiet = true;
    return EH_OK;
}

static eh_code read_people(const eh_option_use *use, eh_error *error)
{
    eh_scan_request *request = ((reading *)use->target)->request;
    if (strcmp(use->option, "--key") == 0)
        request->people.key = use->value;
    else if (strcmp(use->option, "--workspace") == 0)
        request->people.folder = use->value;
    else if (eh_instant_parse_date(eh_view_of(use->value), &request->people.now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    else
        request->dated = true;
    return EH_OK;
}

/* Read from the top down: --bands relies on --over. */
static const eh_option table[] = {
    {"--decision", "EXPR", "What happened", "who was chosen: true/false, 1/0 or yes/no; needed, but for predictions against outcomes", false,
     read_expression},
    {"--weight", "EXPR", "What happened", "how many people a row stands for; default 1", false, read_weight},
    {"--where", "EXPR", "What happened", "only the rows for which this is true", false, read_where},

    {"--expected", "EXPR", "What is expected", "the probability of each row to be chosen; default: the rate of all rows", false, read_expression},
    {"--label", "EXPR", "What is expected", "who should have been chosen, or did respond: the rate of all rows with the same label is expected. "
     "Without --decision: the outcome that --score, a probability, should have predicted", false, read_expression},
    {"--score", "EXPR", "What is expected", "a score: the rate of all rows with about the same score is expected", false, read_expression},
    {"--within", "EXPR", "What is expected", "the rate of all rows with the same value of this, such as a region, is expected", false, read_within},

    {"--over", "EXPR[,EXPR...]", "Where it looks", "the columns that make groups; default: all that can; repeatable", true, read_over},
    {"--bands", "COLUMN=18,25,...", "Where it looks", "cuts a number at these edges; default: ten bands with equally many rows; repeatable", true,
     read_bands},
    {"--key", "COLUMN", "Where it looks", "names the person; in a workspace, people who opted out of AI are then a group too; default: the key of its people",
     false, read_people},
    {"--direction", "low|high|both", "Where it looks", "groups chosen less often than expected, more often, or both; default both", false,
     read_direction},
    {"--penalty", "X", "Where it looks", "what each value named in a description costs, in units of the score; default 2", false, read_penalty},
    {"--confidence", "X", "Where it looks", "of what is told, and of intervals; default 0.95", false, read_confidence},

    {"--format", "LIST", "What comes out", "text, json, html, csv, with commas between; default text, with --output all four", false, read_format},
    {"--output", "PREFIX", "What comes out", "writes PREFIX.json, PREFIX.html, PREFIX.csv, PREFIX.txt; text goes to standard output too", false,
     read_output},
    {"--quiet", NULL, "What comes out", "no progress, no list of the files written", false, read_quiet},

    {"--workspace", "DIR", "How it runs", "who opted out of AI; default: here or the nearest above, where the file has the key of its people", false,
     read_people},
    {"--now", "DATE", "How it runs", "the moment at which they had opted out; default: the clock", false, read_people},
    {"--threads", "N", "How it runs", "default: as many as the machine has; the result is the same for any number", false, read_threads},
    {"--memory", "MIB", "How it runs", "memory for the data; what does not fit goes to a temporary file; default 768", false, read_memory},
    {"--seed", "N", "How it runs", "of the halves, the restarts and the random files; default 1", false, read_seed},
    {"--help", NULL, "How it runs", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_scan_options_help(eh_buffer *out)
{
    eh_options_help(table, TABLE_COUNT, out);
}

/* ---- what must hold between options --------------------------------------------------------------------------------------------------------- */

static eh_code check_present(const reading *read, eh_error *error)
{
    bool files = read->request->files_count > 0, decision = read->decision.sql != NULL || (read->label.sql != NULL && read->score.sql != NULL);
    if (files && decision)
        return EH_OK;
    return eh_fail(error, EH_INPUT, "missing: %s%s%s\nfor example: evenhand scan decisions.csv --decision sent\n"
                   "         or: evenhand scan predictions.csv --label bought --score probability", files ? "" : "FILE (the list of decisions)",
                   !files && !decision ? " and " : "", decision ? "" : "--decision (who was chosen)");
}

static eh_code settle_parts(reading *read, eh_error *error)
{
    eh_coded_spec *spec = &read->request->spec;
    bool expected = read->expected.sql != NULL;
    if (expected && (read->label.sql != NULL || read->score.sql != NULL || spec->within.sql != NULL))
        return eh_fail(error, EH_CONFLICT, "--expected gives the expectation of each row; leave out %s, which would make another",
                       read->label.sql != NULL ? "--label" : read->score.sql != NULL ? "--score" : "--within");
    spec->decision_option = "--decision";
    spec->expected_option = "--expected";
    spec->expected = read->expected;
    spec->decision = read->decision;
    if (read->decision.sql != NULL) {
        spec->label = read->label;
        spec->score = read->score;
        return EH_OK;
    }
    if (spec->within.sql != NULL)
        return eh_fail(error, EH_CONFLICT, "--within goes with --decision; predictions (--score) are held against outcomes (--label) as they are");
    spec->decision_option = "--label";
    spec->expected_option = "--score";
    spec->decision = read->label;
    spec->expected = read->score;
    return EH_OK;
}

static eh_code settle_formats(eh_scan_request *request, eh_error *error)
{
    bool several = (request->formats & (request->formats - 1)) != 0;
    if (request->output_prefix == NULL && several)
        return eh_fail(error, EH_CONFLICT, "--format: several formats need --output PREFIX (standard output takes one)");
    if (request->formats == 0)
        request->formats = request->output_prefix != NULL ? (1U << EH_FORMATS_COUNT) - 1 : 1U << EH_FORMAT_TEXT;
    return EH_OK;
}

eh_code eh_scan_request_parse(int argc, char **argv, eh_arena *arena, const eh_scan_request **request_out, eh_error *error)
{
    eh_scan_request *request = EH_TAKE(arena, 1, eh_scan_request);
    if (request == NULL)
        return eh_fail_memory(error);
    request->options = (eh_scan_options){.penalty = EH_NAN, .confidence = 0.95, .seed = 1};
    reading read = {.request = request};
    eh_arguments arguments = {0};
    EH_TRY(eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, error));
    request->help = arguments.help;
    if (!arguments.help) {
        request->files = arguments.files;
        request->files_count = arguments.files_count;
        EH_TRY(eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &read}, error));
        EH_TRY(check_present(&read, error));
        EH_TRY(settle_parts(&read, error));
        EH_TRY(settle_formats(request, error));
        if (!request->dated)
            request->people.now = eh_instant_now();
        if (request->spec.attributes_count > 0)
            request->spec.attributes = request->attributes;
        else
            request->spec.banded = request->attributes;
    }
    *request_out = request;
    return EH_OK;
}
