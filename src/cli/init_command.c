/* `evenhand init`: looks at files and writes the first evenhand.yaml. Nothing that is there already is touched. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secrets.h"
#include "cli/init_int.h"
#include "ledger/ledger.h"
#include "stats/stats.h"
#include "vault/vault.h"

typedef struct {
    const char *const *files;
    size_t files_count;
    const char *folder, *shop_name;
    eh_instant now;
    bool help;
} init_request;

/* ---- options ----------------------------------------------------------------------------------------------------------------- */

static eh_code read_from(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the name of a file is empty", use->option);
    return EH_OK;
}

static eh_code read_name(const eh_option_use *use, eh_error *error)
{
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the shop's name is empty", use->option);
    ((init_request *)use->target)->shop_name = use->value;
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), &((init_request *)use->target)->now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    return EH_OK;
}

static const eh_option table[] = {
    {"--from", "FILE...", "What it looks at", "the data: CSV, Parquet or JSON files or patterns; needed; several may follow", true, read_from},
    {"--name", "NAME", "What it looks at", "the shop's name; default: the folder's", false, read_name},
    {"--now", "TIME", "How it runs", "the moment to take for now, such as 2026-11-23; default: the clock", false, read_now},
    {"--help", NULL, "How it runs", "this text", false, NULL},
};
enum { TABLE_COUNT = sizeof table / sizeof table[0], FROM = 0 };

/* Everything behind --from up to the next option is a file; what stands before it is the folder. */
static eh_code split_arguments(int argc, char **argv, eh_arena *arena, char ***argv_out, int *argc_out, eh_error *error)
{
    char **split = EH_TAKE(arena, 2 * (size_t)argc + 1, char *);
    static char from[] = "--from";
    int count = 0;
    bool listing = false;
    if (split == NULL)
        return eh_fail_memory(error);
    for (int i = 0; i < argc; i++) {
        bool option = i > 0 && argv[i][0] == '-' && argv[i][1] != '\0';
        if (option)
            listing = strcmp(argv[i], from) == 0;
        else if (listing && count > 0 && strcmp(split[count - 1], from) != 0)
            split[count++] = from;
        split[count++] = argv[i];
    }
    *argv_out = split;
    *argc_out = count;
    return EH_OK;
}

static eh_code parse_request(int argc, char **argv, eh_arena *arena, init_request *request_out, eh_error *error)
{
    eh_arguments arguments = {0};
    char **split = NULL;
    int count = 0;
    EH_TRY(split_arguments(argc, argv, arena, &split, &count, error));
    EH_TRY(eh_arguments_parse(table, TABLE_COUNT, count, split, arena, &arguments, error));
    init_request request = {.folder = ".", .now = eh_instant_now(), .help = arguments.help};
    EH_TRY(eh_arguments_read(table, TABLE_COUNT, &arguments, &(eh_option_use){.arena = arena, .target = &request}, error));
    const char **files = EH_TAKE(arena, arguments.values_count, const char *);
    if (files == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < arguments.values_count; i++)
        if (arguments.options[i] == FROM)
            files[request.files_count++] = arguments.values[i];
    request.files = files;
    if (arguments.files_count > 1)
        return eh_fail(error, EH_INPUT, "one folder, please: '%.100s' or '%.100s'? (Files follow --from.)", arguments.files[0], arguments.files[1]);
    request.folder = arguments.files_count == 1 ? arguments.files[0] : request.folder;
    if (!request.help && request.files_count == 0)
        return eh_fail(error, EH_INPUT, "missing: --from FILE... (the data to look at)\nfor example: evenhand init --from customers.csv orders.csv");
    if (request.files_count > EH_SOURCES_MAX)
        return eh_fail(error, EH_LIMIT, "--from: %zu files, at most %d; name files of one kind as a pattern in quotes", request.files_count, EH_SOURCES_MAX);
    *request_out = request;
    return EH_OK;
}

/* ---- sources ------------------------------------------------------------------------------------------------------------------- */

/* "data/orders-2020.csv.gz" -> "orders_2020" */
static const char *source_name(eh_init *init, const char *path)
{
    const char *slash = strrchr(path, '/'), *base = slash == NULL ? path : slash + 1;
    char name[EH_WORKSPACE_NAME_BYTES_MAX - 8] = "";
    size_t used = 0;
    for (const char *at = base; *at != '\0' && *at != '.' && used + 1 < sizeof name; at++)
        if (isalnum((unsigned char)*at))
            name[used++] = (char)tolower((unsigned char)*at);
        else if (used > 0 && name[used - 1] != '_')
            name[used++] = '_';
    while (used > 0 && name[used - 1] == '_')
        used--;
    name[used] = '\0';
    const char *made = used == 0 || isdigit((unsigned char)name[0]) ? eh_arena_format(init->arena, "data_%s", name) : eh_arena_copy(init->arena, eh_view_of(name));
    static const char reserved[] = "|all|and|as|by|case|create|default|else|end|from|group|having|in|into|limit|not|null|offset|on|or|order|select|table|then|union|user|using|where|when|with|key|"
                                   "today|now|customers_|";
    if (made != NULL && eh_init_listed(reserved, eh_view_of(made)))
        made = eh_arena_format(init->arena, "%ss", made);
    const char *base_name = made;
    for (size_t n = 2, i = 0; made != NULL && i < init->sources_count; i++)
        if (init->sources[i].name != NULL && strcmp(init->sources[i].name, made) == 0) {
            made = eh_arena_format(init->arena, "%s_%zu", base_name, n++);
            i = (size_t)-1;
        }
    return made;
}

/* How evenhand.yaml in `folder` names a file: below the folder relative to it, else as an absolute path. */
static const char *pattern_from_folder(const eh_init *init, const char *path)
{
    char folder[PATH_MAX], here[PATH_MAX];
    if (realpath(init->folder, folder) == NULL || getcwd(here, sizeof here) == NULL)
        return NULL;
    const char *absolute = path[0] == '/' ? path : eh_arena_format(init->arena, "%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
    if (absolute == NULL)
        return NULL;
    /* The folder of a pattern is real although the pattern is none. */
    const char *slash = strrchr(absolute, '/');
    char *above = eh_arena_copy(init->arena, (eh_view){absolute, slash == absolute ? 1 : (size_t)(slash - absolute)});
    char real[PATH_MAX];
    if (above == NULL || realpath(above, real) == NULL)
        return absolute;
    const char *whole = eh_arena_format(init->arena, "%s%s", strcmp(real, "/") == 0 ? "" : real, slash);
    size_t len = strlen(folder);
    if (whole != NULL && strncmp(whole, folder, len) == 0 && whole[len] == '/')
        return whole + len + 1;
    return whole;
}

static bool same_columns(const eh_facts *a, const eh_facts *b)
{
    if (a->columns_count != b->columns_count)
        return false;
    for (size_t i = 0; i < a->columns_count; i++)
        if (strcmp(a->columns[i].name, b->columns[i].name) != 0)
            return false;
    return true;
}

static eh_code profile_paths(eh_init *init, const char *const *paths, size_t count, eh_engine **engine_out, eh_facts *profile_out, eh_error *error)
{
    EH_CLEANUP(eh_engine_close) eh_engine *engine = NULL;
    EH_TRY(eh_engine_open(&(eh_engine_options){0}, &engine, error));
    EH_TRY(eh_engine_read(engine, paths, count, error));
    EH_TRY(eh_facts_read(engine, init->arena, profile_out, error));
    if (engine_out != NULL) {
        *engine_out = engine;
        engine = NULL;
    }
    return EH_OK;
}

static eh_code add_source(eh_init *init, const char *path, const eh_facts *profile, eh_error *error)
{
    eh_init_source *source = &init->sources[init->sources_count];
    const char **patterns = EH_TAKE(init->arena, EH_SOURCES_MAX, const char *), **paths = EH_TAKE(init->arena, EH_SOURCES_MAX, const char *);
    if (patterns == NULL || paths == NULL)
        return eh_fail_memory(error);
    patterns[0] = pattern_from_folder(init, path);
    paths[0] = path;
    *source = (eh_init_source){.name = source_name(init, path), .patterns = patterns, .paths = paths, .patterns_count = 1, .profile = *profile, .columns_count = profile->columns_count};
    source->columns = EH_TAKE(init->arena, profile->columns_count, eh_init_column);
    if (source->name == NULL || patterns[0] == NULL || source->columns == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < profile->columns_count; i++)
        source->columns[i].facts = &profile->columns[i];
    init->sources_count++;
    return EH_OK;
}

/* Files with the same columns are one source. */
static eh_code join_source(eh_init *init, eh_init_source *source, const char *path, eh_error *error)
{
    const char **patterns = (const char **)(uintptr_t)source->patterns, **paths = (const char **)(uintptr_t)source->paths;
    patterns[source->patterns_count] = pattern_from_folder(init, path);
    paths[source->patterns_count] = path;
    if (patterns[source->patterns_count++] == NULL)
        return eh_fail_memory(error);
    eh_facts whole = {0};
    EH_TRY(profile_paths(init, source->paths, source->patterns_count, NULL, &whole, error));
    source->profile = whole;
    for (size_t i = 0; i < whole.columns_count; i++)
        source->columns[i].facts = &whole.columns[i];
    return EH_OK;
}

static eh_code look_at_files(eh_init *init, const init_request *request, eh_error *error)
{
    init->sources = EH_TAKE(init->arena, request->files_count, eh_init_source);
    if (init->sources == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < request->files_count; i++) {
        eh_facts profile = {0};
        if (strcmp(request->files[i], "-") == 0)
            return eh_fail(error, EH_INPUT, "--from: standard input cannot be read again tomorrow; name a file");
        EH_TRY(profile_paths(init, &request->files[i], 1, NULL, &profile, error));
        size_t at = 0;
        while (at < init->sources_count && !same_columns(&init->sources[at].profile, &profile))
            at++;
        if (at < init->sources_count)
            EH_TRY(join_source(init, &init->sources[at], request->files[i], error));
        else
            EH_TRY(add_source(init, request->files[i], &profile, error));
    }
    return EH_OK;
}

/* ---- proxies -------------------------------------------------------------------------------------------------------------------- */

/* Cramer's V with the correction of Bergsma (2013), without which few rows always look alike. */
static double association(const eh_contingency *counted)
{
    double v = counted->rows_count < 2 || counted->columns_count < 2 ? 0 : eh_cramers_v(counted), n = 0;
    double r = (double)counted->rows_count, c = (double)counted->columns_count;
    for (size_t i = 0; i < counted->rows_count * counted->columns_count; i++)
        n += counted->counts[i];
    if (!(v > 0) || n < 3)
        return 0;
    double phi2 = v * v * (fmin(r, c) - 1) - (r - 1) * (c - 1) / (n - 1);
    double rows = r - (r - 1) * (r - 1) / (n - 1), columns = c - (c - 1) * (c - 1) / (n - 1);
    double least = fmin(rows, columns) - 1;
    return phi2 > 0 && least > 0 ? fmin(sqrt(phi2 / least), 1) : 0;
}

static eh_code cross(eh_engine *engine, const eh_init_column *a, const eh_init_column *b, double *v_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_contingency table_of_two = {0};
    if (arena == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_facts_cross(engine, a->facts, b->facts, arena, &table_of_two.counts, &table_of_two.rows_count, &table_of_two.columns_count, error));
    *v_out = association(&table_of_two);
    return EH_OK;
}

static eh_code measure_proxies(eh_init *init, eh_error *error)
{
    if (init->people == init->sources_count)
        return EH_OK;
    eh_init_source *people = &init->sources[init->people];
    EH_CLEANUP(eh_engine_close) eh_engine *engine = NULL;
    eh_facts profile = {0};
    EH_TRY(profile_paths(init, people->paths, people->patterns_count, &engine, &profile, error));
    const eh_init_column *outcome = NULL;
    for (size_t i = people->columns_count; i-- > 0;)
        outcome = people->columns[i].role == EH_ROLE_OUTCOME && people->columns[i].facts->distinct == 2 ? &people->columns[i] : outcome;
    for (size_t i = 0; i < people->columns_count; i++) {
        eh_init_column *column = &people->columns[i];
        if (column->role != EH_ROLE_FEATURE)
            continue;
        if (outcome != NULL)
            EH_TRY(cross(engine, outcome, column, &column->outcome_v, error));
        for (size_t k = 0; k < people->columns_count && column->proxies_count < EH_ATTRIBUTES_MAX; k++) {
            if (people->columns[k].role != EH_ROLE_PROTECTED)
                continue;
            eh_init_proxy *proxy = &column->proxies[column->proxies_count++];
            proxy->attribute = people->columns[k].name;
            EH_TRY(cross(engine, &people->columns[k], column, &proxy->v, error));
        }
    }
    return EH_OK;
}

/* ---- writing --------------------------------------------------------------------------------------------------------------------- */

static eh_code make_folder(const char *path, mode_t mode, eh_error *error)
{
    struct stat status;
    if (mkdir(path, mode) == 0 || (errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode)))
        return EH_OK;
    return eh_fail(error, EH_IO, "cannot make the folder %s: %s", path, strerror(errno == EEXIST ? ENOTDIR : errno));
}

/* The ledger, with its keys, unless there is one. Its name is the shop's, in letters that may stand in an address. */
static eh_code make_ledger(const eh_init *init, eh_error *error)
{
    char name[EH_LEDGER_NAME_BYTES_MAX + 1];
    if (eh_ledger_exists(init->folder))
        return EH_OK;
    eh_ledger_name_of(init->shop_name, name);
    return eh_ledger_init(init->folder, name, error);
}

static eh_code make_state(eh_init *init, eh_error *error)
{
    static const char *const folders[] = {"", "/keys", "/ledger", "/models", "/reports"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        const char *path = eh_arena_format(init->arena, "%s/" EH_WORKSPACE_STATE_FOLDER "%s", init->folder, folders[i]);
        if (path == NULL)
            return eh_fail_memory(error);
        EH_TRY(make_folder(path, 0700, error));
    }
    const char *ignore = eh_arena_format(init->arena, "%s/" EH_WORKSPACE_STATE_FOLDER "/.gitignore", init->folder);
    if (ignore == NULL)
        return eh_fail_memory(error);
    if (access(ignore, F_OK) != 0)
        EH_TRY(eh_file_replace(ignore, EH_VIEW("# State and keys: not for a shared history.\n*\n"), error));
    const char *state = eh_arena_format(init->arena, "%s/" EH_WORKSPACE_STATE_FOLDER, init->folder);
    if (state == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_vault_key_make(state, error));
    return make_ledger(init, error);
}

static bool has_control_bytes(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return true;
    return false;
}

static const char *folder_name(eh_init *init)
{
    char real[PATH_MAX];
    const char *slash = realpath(init->folder, real) == NULL ? NULL : strrchr(real, '/');
    if (slash == NULL || slash[1] == '\0' || has_control_bytes(slash + 1))
        return "My shop";
    return eh_arena_copy(init->arena, eh_view_of(slash + 1));
}

static eh_code init_make(const init_request *request, eh_arena *arena, eh_buffer *told, eh_error *error)
{
    eh_init init = {.arena = arena, .folder = request->folder, .now = request->now};
    const char *path = eh_arena_format(arena, "%s%s" EH_WORKSPACE_FILE, strcmp(request->folder, ".") == 0 ? "" : request->folder, strcmp(request->folder, ".") == 0 ? "" : "/");
    struct stat status;
    if (path == NULL)
        return eh_fail_memory(error);
    if (lstat(path, &status) == 0)
        return eh_fail(error, EH_CONFLICT, "%s is there already, and init never changes what is yours; choose another folder, or move it away", path);
    EH_TRY(eh_parent_folders_make(path, error));
    EH_TRY(look_at_files(&init, request, error));
    init.shop_name = request->shop_name != NULL ? request->shop_name : folder_name(&init);
    EH_TRY(eh_init_roles(&init, error));
    EH_TRY(measure_proxies(&init, error));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer yaml = {0};
    eh_init_write(&init, &yaml);
    EH_TRY(eh_buffer_check(&yaml, error));
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    if (eh_workspace_parse(eh_buffer_view(&yaml), path, request->folder, &workspace, error) != EH_OK)
        return eh_fail(error, EH_INTERNAL, "what init wrote does not load, which is our fault, not yours: %s", error->text);
    EH_TRY(make_state(&init, error));
    EH_TRY(eh_file_replace(path, eh_buffer_view(&yaml), error));
    eh_buffer_format(told, "wrote %s\n", path);
    eh_init_tell(&init, told);
    eh_buffer_text(told, "next: read it, then 'evenhand check'\n");
    return EH_OK;
}

/* A folder that was made for a workspace which did not come about goes again. */
static eh_code init_do(const init_request *request, eh_arena *arena, eh_buffer *told, eh_error *error)
{
    struct stat status;
    bool there = stat(request->folder, &status) == 0;
    eh_code code = init_make(request, arena, told, error);
    if (code != EH_OK && !there)
        (void)rmdir(request->folder); /* does nothing when something is in it */
    return code;
}

void eh_init_help(eh_buffer *out)
{
    eh_buffer_text(out,
                   "evenhand init - writes a first evenhand.yaml from your data\n"
                   "\n"
                   "  evenhand init [DIR] --from FILE...\n"
                   "\n"
                   "Looks at the files, proposes what tells people apart, what may be a feature, what is protected and what the outcome is, and writes it\n"
                   "down with comments for you to correct. An evenhand.yaml that is there already is never touched.\n");
    eh_options_help(table, TABLE_COUNT, out);
    eh_buffer_text(out,
                   "\n"
                   "Examples:\n"
                   "  evenhand init --from customers.csv 'orders-*.parquet'\n"
                   "  evenhand init shop --from export.csv --name \"Blue Finch\"\n");
}

int eh_init_command(int argc, char **argv)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_error error = {0};
    init_request request = {0};
    if (arena == NULL) {
        (void)eh_fail_memory(&error);
        return eh_error_show("init", &error);
    }
    if (parse_request(argc, argv, arena, &request, &error) != EH_OK)
        return eh_error_show("init", &error);
    if (request.help)
        eh_init_help(&text);
    else if (init_do(&request, arena, &text, &error) != EH_OK)
        return eh_error_show(NULL, &error);
    return eh_stdout_show("init", &text);
}
