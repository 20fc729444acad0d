/* The options of `evenhand audit`: one table, the readers of its plain values, and what must hold between them. */
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli_int.h"

enum { THREADS_MAX = 1024, MEMORY_MIB_MIN = 16, MEMORY_MIB_MAX = 16777216, SETS_MAX = 1024 };
static const uint64_t whole_max = (UINT64_C(1) << 53) - 1; /* JSON readers keep whole numbers up to here */
static const uint64_t mebibyte = UINT64_C(1) << 20;

const eh_format eh_formats[EH_FORMATS_COUNT] = {
    [EH_FORMAT_TEXT] = {"text", ".txt"},
    [EH_FORMAT_JSON] = {"json", ".json"},
    [EH_FORMAT_HTML] = {"html", ".html"},
    [EH_FORMAT_CSV] = {"csv", ".csv"},
};

/* ---- expressions: one reader, a place in the request per option ---------------------------------------------------------------- */

typedef struct {
    const char *option;
    size_t offset; /* of the eh_expression in eh_audit_request */
} expression_place;

static const expression_place expression_places[] = {
    {"--decision", offsetof(eh_audit_request, spec.decision)}, {"--label", offsetof(eh_audit_request, spec.label)},
    {"--score", offsetof(eh_audit_request, spec.score)},       {"--weight", offsetof(eh_audit_request, spec.weight)},
    {"--value", offsetof(eh_audit_request, spec.value)},       {"--within", offsetof(eh_audit_request, spec.within)},
};

eh_code eh_option_expression(const eh_option_use *use, eh_error *error)
{
    for (size_t i = 0; i < sizeof expression_places / sizeof expression_places[0]; i++) {
        if (strcmp(expression_places[i].option, use->option) != 0)
            continue;
        eh_expression *expression = (eh_expression *)(void *)((char *)use->target + expression_places[i].offset);
        return eh_expression_parse(use->option, eh_view_of(use->value), use->arena, expression, error);
    }
    return eh_fail(error, EH_INTERNAL, "%s: has no place in the request", use->option);
}

eh_code eh_option_where(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    eh_expression expression = {0};
    EH_TRY(eh_expression_parse(use->option, eh_view_of(use->value), use->arena, &expression, error));
    request->spec.where = expression.sql;
    return EH_OK;
}

/* ---- numbers ----------------------------------------------------------------------------------------------------------------------- */

/* A share such as 0.95 or 95%; with `bare_percent` 95 says the same. Read as decimal text, so that 95% is the very double 0.95. */
bool eh_share_read(const char *value, bool bare_percent, double *share_out)
{
    size_t len = strlen(value);
    double number = 0;
    bool percent = len > 1 && value[len - 1] == '%';
    if (percent)
        len--;
    if (!eh_number_read((eh_view){value, len}, &number))
        return false;
    if (percent || (bare_percent && number > 1)) {
        char text[80];
        snprintf(text, sizeof text, "%.*se-2", len < 60 ? (int)len : 60, value);
        if (!eh_number_read(eh_view_of(text), &number)) /* an exponent of its own: "9.5e1%" */
            number /= 100;
    }
    *share_out = number;
    return true;
}

eh_code eh_option_tolerance(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    double share = 0;
    if (!eh_share_read(use->value, false, &share) || !(share > 0 && share < 1))
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is no number between 0 and 1; the four-fifths rule is 0.8", use->option, use->value);
    request->options.ratio_min = share > 1 - share ? share : 1 - share;
    return EH_OK;
}

eh_code eh_option_confidence(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    double share = 0;
    if (!eh_share_read(use->value, true, &share) || !(share > 0.5 && share < 1))
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is no number between 0.5 and 1 (nor a percentage between 50 and 100)", use->option,
                       use->value);
    request->options.confidence = share;
    return EH_OK;
}

eh_code eh_option_min_cell(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    return eh_whole_read(use, 0, whole_max, &request->options.cell_rows_min, error);
}

static eh_code read_seed(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    return eh_whole_read(use, 0, whole_max, &request->options.seed, error);
}

static eh_code read_intersections(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    uint64_t depth = 0;
    EH_TRY(eh_whole_read(use, 1, EH_INTERSECTION_DEPTH_MAX, &depth, error));
    request->options.depth = (uint32_t)depth;
    return EH_OK;
}

eh_code eh_option_threads(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    uint64_t threads = 0;
    EH_TRY(eh_whole_read(use, 1, THREADS_MAX, &threads, error));
    request->threads = request->options.threads = (uint32_t)threads;
    return EH_OK;
}

eh_code eh_option_memory(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    uint64_t mebibytes = 0;
    EH_TRY(eh_whole_read(use, MEMORY_MIB_MIN, MEMORY_MIB_MAX, &mebibytes, error));
    request->memory_bytes_max = mebibytes * mebibyte;
    return EH_OK;
}

/* ---- lists of words ------------------------------------------------------------------------------------------------------------------ */

/* Sets bit i of *bits_out for each word of a comma-separated list that is names[i]. */
eh_code eh_words_read(const eh_option_use *use, const char *const *names, size_t names_count, uint32_t *bits_out, eh_error *error)
{
    uint32_t bits = 0;
    for (const char *at = use->value; at != NULL;) {
        size_t len = strcspn(at, ",");
        eh_view word = eh_view_trim((eh_view){at, len});
        size_t i = 0;
        while (i < names_count && !eh_view_equal(word, eh_view_of(names[i])))
            i++;
        if (i == names_count) {
            char given[48];
            snprintf(given, sizeof given, "%.*s", word.len < 40 ? (int)word.len : 40, word.ptr);
            const char *nearest = eh_nearest_name(given, names, names_count);
            char list[512] = "";
            for (size_t k = 0, end = 0; k < names_count && end < sizeof list; k++)
                end += (size_t)snprintf(list + end, sizeof list - end, "%s%s", k > 0 ? ", " : "", names[k]);
            return eh_fail(error, EH_INPUT, "%s: '%s' is none of %s%s%s%s", use->option, given, list, nearest != NULL ? "; do you mean " : "",
                           nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
        }
        bits |= UINT32_C(1) << i;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    *bits_out = bits;
    return EH_OK;
}

static eh_code read_gate(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    const char *names[EH_MEASURES_COUNT];
    for (size_t i = 0; i < EH_MEASURES_COUNT; i++)
        names[i] = eh_measure_get((eh_measure)i)->name;
    return eh_words_read(use, names, EH_MEASURES_COUNT, &request->options.gate, error);
}

eh_code eh_option_format(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    const char *names[EH_FORMATS_COUNT];
    for (size_t i = 0; i < EH_FORMATS_COUNT; i++)
        names[i] = eh_formats[i].name;
    return eh_words_read(use, names, EH_FORMATS_COUNT, &request->formats, error);
}

/* ---- the rest ----------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_option_before(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the path of an earlier JSON report is empty", use->option);
    request->before_path = use->value;
    return EH_OK;
}

eh_code eh_option_output(const eh_option_use *use, eh_error *error)
{
    eh_audit_request *request = use->target;
    struct stat facts;
    size_t len = strlen(use->value);
    if (len == 0)
        return eh_fail(error, EH_INPUT, "%s: the prefix is empty; write e.g. %s reports/audit", use->option, use->option);
    if (strcmp(use->value, "-") == 0)
        return eh_fail(error, EH_INPUT, "%s: '-' is no file name; leave %s out and one --format goes to standard output", use->option, use->option);
    if (use->value[len - 1] == '/' || (stat(use->value, &facts) == 0 && S_ISDIR(facts.st_mode)))
        return eh_fail(error, EH_INPUT, "%s: '%s' is a folder; add the name of the report: %s%saudit", use->option, use->value, use->value,
                       use->value[len - 1] == '/' ? "" : "/");
    request->output_prefix = use->value;
    return EH_OK;
}

eh_code eh_option_quiet(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_audit_request *)use->target)->quiet = true;
    return EH_OK;
}

static eh_code read_people_key(const eh_option_use *use, eh_error *error)
{
    (void)error;
    ((eh_audit_request *)use->target)->people.key = use->value;
    return EH_OK;
}

static eh_code read_people_workspace(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the name of a folder is empty", use->option);
    ((eh_audit_request *)use->target)->people.folder = use->value;
    return EH_OK;
}

static eh_code read_people_now(const eh_option_use *use, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), &((eh_audit_request *)use->target)->people.now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    ((eh_audit_request *)use->target)->dated = true;
    return EH_OK;
}

/* Read from the top down: --bands, --top, --reference rely on --by and --soft. */
static const eh_option table[] = {
    {"--decision", "EXPR", "What was decided", "who was picked: true/false, 1/0 or yes/no; needed", false, eh_option_expression},
    {"--label", "EXPR", "What was decided", "who should have been picked, or did respond; adds TPR, FPR, PPV and the like", false,
     eh_option_expression},
    {"--score", "EXPR", "What was decided", "the model's score; adds AUC and, for scores in [0,1], calibration", false, eh_option_expression},
    {"--value", "EXPR", "What was decided", "an amount per person, such as a discount; adds means", false, eh_option_expression},
    {"--weight", "EXPR", "What was decided", "how many people a row stands for; default 1", false, eh_option_expression},
    {"--where", "EXPR", "What was decided", "only the rows for which this is true", false, eh_option_where},

    {"--by", "EXPR[,EXPR...]", "Who is compared", "the protected attributes; EXPR AS name gives a name; needed; repeatable", true,
     eh_option_by},
    {"--soft", "NAME=GROUP:EXPR,...", "Who is compared",
     "an attribute known only as probabilities, one expression per group; they add up to 1 in every row; repeatable", true, eh_option_soft},
    {"--bands", "COLUMN=18,25,...", "Who is compared", "cuts a number of --by into bands at these edges; repeatable", true, eh_option_bands},
    {"--top", "ATTRIBUTE=K", "Who is compared", "keeps the K largest groups, joins the others into \"(all others)\"; repeatable", true,
     eh_option_top},
    {"--reference", "ATTRIBUTE=GROUP", "Who is compared", "the group that the others are compared with; default: the largest; repeatable",
     true, eh_option_reference},
    {"--within", "EXPR", "Who is compared", "compares inside each value of this, such as a region", false, eh_option_expression},
    {"--intersections", "N", "Who is compared", "crosses up to N attributes, 1 to 3; 1 is none; default 2 when --by has two or more", false,
     read_intersections},

    {"--key", "COLUMN", "Who is compared", "names the person; in a workspace, people who opted out of AI are then a group too; default: the key of its people",
     false, read_people_key},

    {"--tolerance", "X", "What is tolerated", "ratios in [X, 1/X] and differences up to 1-X are tolerated; 0.2 says the same as 0.8; "
     "default 0.8", false, eh_option_tolerance},
    {"--confidence", "X", "What is tolerated", "of intervals and verdicts; default 0.95", false, eh_option_confidence},
    {"--gate", "MEASURE[,...]", "What is tolerated", "the rates that decide the verdict; default selection_rate, with --label tpr as well",
     false, read_gate},
    {"--min-cell", "N", "What is tolerated", "withholds the rates of groups with fewer rows; default 0", false, eh_option_min_cell},

    {"--format", "LIST", "What comes out", "text, json, html, csv, with commas between; default text, with --output all four", false,
     eh_option_format},
    {"--output", "PREFIX", "What comes out", "writes PREFIX.json, PREFIX.html, PREFIX.csv, PREFIX.txt; text goes to standard output too",
     false, eh_option_output},
    {"--before", "REPORT.json", "What comes out", "an earlier JSON report; shows what has changed since", false, eh_option_before},
    {"--quiet", NULL, "What comes out", "no progress, no list of the files written", false, eh_option_quiet},

    {"--workspace", "DIR", "How it runs", "who opted out of AI; default: here or the nearest above, where the file has the key of its people", false,
     read_people_workspace},
    {"--now", "DATE", "How it runs", "the moment at which they had opted out; default: the clock", false, read_people_now},
    {"--threads", "N", "How it runs", "default: as many as the machine has; the result is the same for any number", false, eh_option_threads},
    {"--memory", "MIB", "How it runs", "memory for the data; what does not fit goes to a temporary file; default 768", false, eh_option_memory},
    {"--seed", "N", "How it runs", "of the random numbers behind bootstrap intervals; default 1", false, read_seed},
    {"--help", NULL, "How it runs", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0] };

void eh_audit_options_help(eh_buffer *out)
{
    eh_options_help(table, TABLE_COUNT, out);
}

/* ---- what must hold between options --------------------------------------------------------------------------------------------------------- */

static eh_code check_present(const eh_audit_request *request, eh_error *error)
{
    const char *missing[3];
    size_t count = 0;
    if (request->files_count == 0)
        missing[count++] = "FILE (the list of decisions)";
    if (request->spec.decision.sql == NULL)
        missing[count++] = "--decision (who was picked)";
    if (request->spec.attributes_count == 0)
        missing[count++] = "--by (the protected attributes)";
    if (count == 0)
        return EH_OK;
    static const char *const joints[4][3] = {{"", "", ""}, {"", "", ""}, {" and ", "", ""}, {", ", " and ", ""}};
    return eh_fail(error, EH_INPUT,
                   "missing: %s%s%s%s%s\n"
                   "for example: evenhand audit decisions.csv --decision sent --by gender\n"
                   "         or: evenhand audit decisions.csv --decision \"score > 0.5\" --by age,gender --bands age=25,35,50",
                   missing[0], joints[count][0], count > 1 ? missing[1] : "", joints[count][1], count > 2 ? missing[2] : "");
}

static eh_code check_gate(const eh_audit_request *request, eh_error *error)
{
    static const struct {
        unsigned need;
        const char *option;
    } needs[] = {{EH_NEEDS_LABEL, "--label"}, {EH_NEEDS_SCORE, "--score"}, {EH_NEEDS_VALUE, "--value"}};
    unsigned has = EH_NEEDS_DECISION | (request->spec.label.sql != NULL ? EH_NEEDS_LABEL : 0U) |
                   (request->spec.score.sql != NULL ? EH_NEEDS_SCORE : 0U) | (request->spec.value.sql != NULL ? EH_NEEDS_VALUE : 0U);
    for (size_t m = 0; m < EH_MEASURES_COUNT; m++) {
        const eh_measure_info *info = eh_measure_get((eh_measure)m);
        if ((request->options.gate >> m & 1) == 0)
            continue;
        for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
            if ((info->needs & needs[i].need & ~has) != 0)
                return eh_fail(error, EH_CONFLICT, "--gate: %s needs %s, which is missing", info->name, needs[i].option);
    }
    return EH_OK;
}

static eh_code settle_formats(eh_audit_request *request, eh_error *error)
{
    bool several = (request->formats & (request->formats - 1)) != 0;
    if (request->output_prefix == NULL && several)
        return eh_fail(error, EH_CONFLICT, "--format: several formats need --output PREFIX (standard output takes one)");
    if (request->formats == 0)
        request->formats = request->output_prefix != NULL ? (1U << EH_FORMATS_COUNT) - 1 : 1U << EH_FORMAT_TEXT;
    return EH_OK;
}

static eh_code settle_score_sets(eh_audit_request *request, eh_arena *arena, eh_error *error)
{
    if (request->spec.score.sql == NULL)
        return EH_OK;
    uint32_t *sets = EH_TAKE(arena, SETS_MAX, uint32_t);
    if (sets == NULL)
        return eh_fail_memory(error);
    request->spec.score_sets_count = eh_audit_sets(request->spec.attributes_count, request->options.depth, sets, SETS_MAX);
    EH_ASSERT(request->spec.score_sets_count <= SETS_MAX);
    request->spec.score_sets = sets;
    return EH_OK;
}

eh_code eh_audit_request_with(const eh_audit_request *request, const eh_cube_attribute *attribute, const char *reference, eh_arena *arena,
                              const eh_audit_request **request_out, eh_error *error)
{
    eh_audit_request *with = EH_TAKE(arena, 1, eh_audit_request);
    if (with == NULL)
        return eh_fail_memory(error);
    if (request->spec.attributes_count == EH_ATTRIBUTES_MAX)
        return eh_fail(error, EH_LIMIT, "--by: %d attributes, and people who opted out of AI besides, are more than %d; leave one out", EH_ATTRIBUTES_MAX, EH_ATTRIBUTES_MAX);
    *with = *request;
    with->attributes[with->spec.attributes_count++] = *attribute;
    with->spec.attributes = with->attributes;
    with->references[with->options.references_count++] = (eh_reference){.attribute = attribute->expression.name, .group = reference};
    with->options.references = with->references;
    EH_TRY(settle_score_sets(with, arena, error));
    *request_out = with;
    return EH_OK;
}

static eh_code settle_intersections(eh_audit_request *request, eh_arena *arena, eh_error *error)
{
    size_t attributes_count = request->spec.attributes_count;
    if (request->options.depth > attributes_count)
        return eh_fail(error, EH_CONFLICT, "--intersections: %u attributes cannot be crossed, --by has %zu", request->options.depth,
                       attributes_count);
    if (request->options.depth == 0)
        request->options.depth = attributes_count >= 2 ? 2 : 1;
    return settle_score_sets(request, arena, error);
}

eh_code eh_audit_request_parse(int argc, char **argv, eh_arena *arena, const eh_audit_request **request_out, eh_error *error)
{
    eh_audit_request *request = EH_TAKE(arena, 1, eh_audit_request);
    if (request == NULL)
        return eh_fail_memory(error);
    request->options = (eh_audit_options){.ratio_min = 0.8, .confidence = 0.95, .seed = 1};
    eh_arguments arguments = {0};
    EH_TRY(eh_arguments_parse(table, TABLE_COUNT, argc, argv, arena, &arguments, error));
    request->help = arguments.help;
    if (!arguments.help) {
        request->files = arguments.files;
        request->files_count = arguments.files_count;
        EH_TRY(eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = request}, error));
        EH_TRY(check_present(request, error));
        EH_TRY(check_gate(request, error));
        EH_TRY(settle_formats(request, error));
        EH_TRY(settle_intersections(request, arena, error));
        if (!request->dated)
            request->people.now = eh_instant_now();
        request->spec.attributes = request->attributes;
        request->options.references = request->references;
    }
    *request_out = request;
    return EH_OK;
}
