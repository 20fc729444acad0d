/* The commands about a workspace itself: `evenhand status`, `evenhand duplicates`, `evenhand vault`. */
#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/time.h"
#include "cli/cli_int.h"
#include "cli/elsewhere_int.h"
#include "data/duplicates.h"
#include "journey/people.h"
#include "vault/vault.h"

typedef struct {
    const char *folder, *same, *different, *by, *why, *reason;
    eh_instant now;
    bool json;
} request;

/* ---- options ----------------------------------------------------------------------------------------------------------------- */

static eh_code read_text(const eh_option_use *use, eh_error *error)
{
    request *target = use->target;
    const struct {
        const char *option, **place;
    } places[] = {{"--workspace", &target->folder}, {"--same", &target->same}, {"--different", &target->different}, {"--by", &target->by}, {"--why", &target->why},
                  {"--reason", &target->reason}};
    if (use->value[0] == '\0')
        return eh_fail(error, EH_INPUT, "%s: the value is empty", use->option);
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
        if (strcmp(places[i].option, use->option) == 0)
            *places[i].place = use->value;
    return EH_OK;
}

static eh_code read_now(const eh_option_use *use, eh_error *error)
{
    if (eh_instant_parse_date(eh_view_of(use->value), &((request *)use->target)->now, error) != EH_OK)
        return eh_fail_within(error, "%s", use->option);
    return EH_OK;
}

static eh_code read_format(const eh_option_use *use, eh_error *error)
{
    bool json = strcmp(use->value, "json") == 0;
    if (!json && strcmp(use->value, "text") != 0)
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is neither text nor json", use->option, use->value);
    ((request *)use->target)->json = json;
    return EH_OK;
}

#define SHARED                                                                                                                       \
    {"--workspace", "DIR", "How it runs", "the folder of evenhand.yaml; default: here or the nearest above", false, read_text},     \
        {"--now", "TIME", "How it runs", "the moment to take for now; default: the clock", false, read_now},                        \
        {"--help", NULL, "How it runs", "this text", false, NULL}

static const eh_option status_table[] = {
    {"--format", "FORMAT", "What comes out", "text or json; default text", false, read_format},
    SHARED,
};
static const eh_option duplicates_table[] = {
    {"--same", "KEEP,OTHER", "What was decided", "these two are one person, who goes on under the first key; needs --by", false, read_text},
    {"--different", "A,B", "What was decided", "these two are two people; needs --by", false, read_text},
    {"--by", "NAME", "What was decided", "who decided", false, read_text},
    {"--why", "TEXT", "What was decided", "the reason", false, read_text},
    {"--format", "FORMAT", "What comes out", "text or json; default text", false, read_format},
    SHARED,
};
static const eh_option vault_table[] = {
    {"--reason", "TEXT", "Why", "why the vault is opened; written into its log; needed for import", false, read_text},
    SHARED,
};
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

typedef struct {
    eh_arena *arena;
    request asked;
    eh_arguments arguments;
    eh_workspace *workspace;
    eh_buffer out;
    int status; /* of exit, when all goes well */
} run;

static void run_close(run *r)
{
    eh_buffer_dispose(&r->out);
    eh_workspace_close(&r->workspace);
    eh_arena_close(&r->arena);
}

/* From the command line to an open workspace; r->arguments.help: only the help is wanted. */
static eh_code run_open(run *r, const eh_option *table, size_t count, int argc, char **argv, eh_error *error)
{
    r->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    if (r->arena == NULL)
        return eh_fail_memory(error);
    r->asked.now = eh_instant_now();
    EH_TRY(eh_arguments_parse(table, count, argc, argv, r->arena, &r->arguments, error));
    if (r->arguments.help)
        return EH_OK;
    EH_TRY(eh_arguments_read(table, count, &r->arguments, &(eh_option_use){.arena = r->arena, .target = &r->asked}, error));
    return eh_workspace_open(r->asked.folder, &r->workspace, error);
}

typedef struct {
    const char *name;
    const eh_option *table;
    size_t table_count;
    eh_code (*work)(run *r, eh_error *error);
    void (*help)(eh_buffer *out);
} act;

static int act_run(const act *what, int argc, char **argv)
{
    EH_CLEANUP(run_close) run r = {0};
    eh_error error = {0};
    if (run_open(&r, what->table, what->table_count, argc, argv, &error) != EH_OK)
        return eh_error_show(what->name, &error);
    if (r.arguments.help)
        what->help(&r.out);
    else if (what->work(&r, &error) != EH_OK)
        return eh_error_show(what->name, &error);
    int shown = eh_stdout_show(what->name, &r.out);
    return shown != 0 ? shown : r.status;
}

/* ---- status ----------------------------------------------------------------------------------------------------------------------- */

static eh_code row_add(eh_status *status, eh_status_row row, eh_error *error)
{
    if (status->count == EH_STATUS_ROWS_MAX)
        return eh_fail(error, EH_LIMIT, "more than %d rows of status", EH_STATUS_ROWS_MAX);
    status->rows[status->count++] = row;
    return EH_OK;
}

eh_code eh_status_add(eh_status *status, const eh_status_row *row, eh_error *error)
{
    return row_add(status, *row, error);
}

/* When the data was last checked: the newest day that a report is kept of; the moment is that of the check, not of the file. */
static eh_code check_rows(eh_status *status, eh_error *error)
{
    static const size_t day_bytes = sizeof "2026-11-24" - 1;
    const eh_workspace_model *model = eh_workspace_get(status->workspace);
    char *folder = eh_arena_format(status->arena, "%s/reports", model->state_folder);
    eh_status_row row = {.what = "check of the data", .todo = "evenhand check"};
    DIR *listing = folder == NULL ? NULL : opendir(folder);
    for (struct dirent *entry = listing == NULL ? NULL : readdir(listing); entry != NULL; entry = readdir(listing)) {
        const char *day = entry->d_name + sizeof "check-" - 1;
        eh_instant at = {0};
        if (strncmp(entry->d_name, "check-", sizeof "check-" - 1) != 0 || strlen(day) != day_bytes + 5 || strcmp(day + day_bytes, ".json") != 0 ||
            eh_instant_parse_date((eh_view){day, day_bytes}, &at, NULL) != EH_OK)
            continue;
        if (!row.done || at.seconds > row.done_at.seconds)
            row.done_at = at;
        row.done = true;
    }
    if (listing != NULL)
        closedir(listing);
    if (!row.done || !eh_instant_add(row.done_at, model->check_every, &row.due))
        row.due = status->now;
    return row_add(status, row, error);
}

static eh_code vault_rows(eh_status *status, eh_error *error)
{
    const eh_workspace_model *model = eh_workspace_get(status->workspace);
    EH_CLEANUP(eh_vault_close) eh_vault *vault = NULL;
    const eh_vault_attribute *list = NULL;
    size_t count = 0;
    if (model->attributes_count == 0)
        return EH_OK;
    EH_TRY(eh_vault_open(model->state_folder, &vault, error));
    EH_TRY(eh_vault_list(vault, status->arena, &list, &count, error));
    for (size_t i = 0; i < model->attributes_count; i++) {
        eh_status_row row = {.what = eh_arena_format(status->arena, "import of the protected attribute '%s'", model->attributes[i].name), .due = status->now,
                             .todo = "evenhand vault import --reason \"...\""};
        for (size_t k = 0; k < count; k++)
            if (strcmp(list[k].name, model->attributes[i].name) == 0) {
                row.done = true;
                row.done_at = list[k].imported_at;
                row.due = list[k].expires_at;
                row.what = eh_arena_format(status->arena, "deletion or new import of the protected attribute '%s'", model->attributes[i].name);
                row.todo = "evenhand vault purge, or evenhand vault import --reason \"...\"";
            }
        if (row.what == NULL)
            return eh_fail_memory(error);
        EH_TRY(row_add(status, row, error));
    }
    return EH_OK;
}

/* Rooms add their rows here: one function each. */
static eh_code (*const status_sources[])(eh_status *status, eh_error *error) = {check_rows, vault_rows, eh_status_requests, eh_status_feedback};

static int compare_rows(const void *a, const void *b)
{
    const eh_status_row *x = a, *y = b;
    int order = eh_instant_compare(x->due, y->due);
    return order != 0 ? order : strcmp(x->what, y->what);
}

static void status_text(const eh_status *status, eh_buffer *out)
{
    char due[EH_INSTANT_TEXT_BYTES], done[EH_INSTANT_TEXT_BYTES];
    for (size_t i = 0; i < status->count; i++) {
        const eh_status_row *row = &status->rows[i];
        bool over = eh_instant_compare(row->due, status->now) <= 0;
        eh_instant_text(row->due, EH_FRACTION_NONE, due);
        eh_instant_text(row->done_at, EH_FRACTION_NONE, done);
        eh_buffer_format(out, "%-7s  %.10s  %s (%s%.10s)", !over ? "later" : row->done ? "OVERDUE" : "DUE", due, row->what, row->done ? "last " : "never yet", row->done ? done : "");
        eh_buffer_format(out, over ? ": %s\n" : "\n", row->todo);
    }
    if (status->count == 0)
        eh_buffer_text(out, "nothing is due\n");
}

static void status_json(const eh_status *status, eh_buffer *out)
{
    char text[EH_INSTANT_TEXT_BYTES];
    eh_json_writer writer;
    eh_json_begin(&writer, out, true, false);
    eh_json_object_open(&writer, NULL);
    eh_instant_text(status->now, EH_FRACTION_NONE, text);
    eh_json_text(&writer, "now", text);
    eh_json_array_open(&writer, "rows");
    for (size_t i = 0; i < status->count; i++) {
        const eh_status_row *row = &status->rows[i];
        eh_json_object_open(&writer, NULL);
        eh_json_text(&writer, "what", row->what);
        eh_instant_text(row->due, EH_FRACTION_NONE, text);
        eh_json_text(&writer, "due", text);
        eh_json_boolean(&writer, "is_due", eh_instant_compare(row->due, status->now) <= 0);
        eh_instant_text(row->done_at, EH_FRACTION_NONE, text);
        eh_json_text(&writer, "last", row->done ? text : NULL);
        eh_json_text(&writer, "command", row->todo);
        eh_json_object_close(&writer);
    }
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(out, '\n');
}

static eh_code status_work(run *r, eh_error *error)
{
    eh_status *status = EH_TAKE(r->arena, 1, eh_status);
    if (status == NULL)
        return eh_fail_memory(error);
    *status = (eh_status){.workspace = r->workspace, .arena = r->arena, .now = r->asked.now};
    if (r->arguments.files_count > 0)
        return eh_fail(error, EH_INPUT, "takes no files, but '%.100s' was given (the workspace: --workspace DIR)", r->arguments.files[0]);
    for (size_t i = 0; i < COUNT(status_sources); i++)
        EH_TRY(status_sources[i](status, error));
    qsort(status->rows, status->count, sizeof status->rows[0], compare_rows);
    for (size_t i = 0; i < status->count; i++)
        r->status = eh_instant_compare(status->rows[i].due, status->now) <= 0 ? 1 : r->status;
    (r->asked.json ? status_json : status_text)(status, &r->out);
    return EH_OK;
}

void eh_status_help(eh_buffer *out)
{
    eh_buffer_text(out, "evenhand status - lists what is due or overdue in a workspace\n"
                        "\n"
                        "  evenhand status [option]...\n");
    eh_options_help(status_table, COUNT(status_table), out);
    eh_buffer_text(out, "\nExit status: 0 nothing is due, 1 something is, 2 error.\n");
}

int eh_status_command(int argc, char **argv)
{
    return act_run(&(act){"status", status_table, COUNT(status_table), status_work, eh_status_help}, argc, argv);
}

/* ---- duplicates --------------------------------------------------------------------------------------------------------------------- */

static eh_code decide(run *r, eh_error *error)
{
    const request *asked = &r->asked;
    const char *option = asked->same != NULL ? "--same" : "--different", *value = asked->same != NULL ? asked->same : asked->different;
    const char *comma = strchr(value, ',');
    if (asked->same != NULL && asked->different != NULL)
        return eh_fail(error, EH_CONFLICT, "--same and --different: one decision at a time");
    if (comma == NULL || comma == value || comma[1] == '\0' || strchr(comma + 1, ',') != NULL)
        return eh_fail(error, EH_INPUT, "%s: two keys with a comma between, as in %s K1001,K1007", option, option);
    if (asked->by == NULL)
        return eh_fail(error, EH_INPUT, "%s: --by NAME is missing: who decided?", option);
    char today[EH_INSTANT_TEXT_BYTES];
    eh_instant_text(asked->now, EH_FRACTION_NONE, today);
    today[10] = '\0';
    eh_duplicate_decision decision = {.same = asked->same != NULL, .by = asked->by, .on = today, .why = asked->why};
    decision.keys[0] = eh_arena_copy(r->arena, (eh_view){value, (size_t)(comma - value)});
    decision.keys[1] = comma + 1;
    decision.keep = decision.same ? decision.keys[0] : NULL;
    if (decision.keys[0] == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_duplicate_decide(r->workspace, &decision, error));
    eh_buffer_format(&r->out, decision.same ? "decided: %s and %s are one person, who goes on as %s\n" : "decided: %s and %s are two people\n", decision.keys[0], decision.keys[1],
                     decision.keys[0]);
    return EH_OK;
}

static const char *const decision_names[] = {[EH_PAIR_OPEN] = "open", [EH_PAIR_SAME] = "same", [EH_PAIR_DIFFERENT] = "different"};

static void duplicates_text(const eh_duplicates *found, eh_buffer *out)
{
    size_t open = 0;
    for (size_t i = 0; i < found->pairs_count; i++) {
        const eh_duplicate_pair *pair = &found->pairs[i];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer keys = {0};
        eh_buffer_format(&keys, "%s = %s", pair->keys[0], pair->keys[1]);
        eh_buffer_format(out, "%-9s  %-5s  ", decision_names[pair->decision], pair->exact ? "exact" : "near");
        eh_visible_append(out, eh_buffer_view(&keys), false);
        eh_buffer_text(out, "  ");
        eh_duplicate_why(pair, out);
        eh_buffer_byte(out, '\n');
        open += pair->decision == EH_PAIR_OPEN;
    }
    eh_buffer_format(out, "%zu pair%s among %zu people, %zu open\n", found->pairs_count, found->pairs_count == 1 ? "" : "s", found->people_count, open);
    if (found->blocks_skipped > 0)
        eh_buffer_format(out, "%zu groups of more than %d people who begin alike were not compared with each other\n", found->blocks_skipped, EH_DUPLICATE_BLOCK_MAX);
    if (open > 0)
        eh_buffer_text(out, "decide: evenhand duplicates --same KEEP,OTHER --by NAME, or --different A,B --by NAME\n");
}

static void duplicates_json(const eh_duplicates *found, eh_buffer *out)
{
    eh_json_writer writer;
    eh_json_begin(&writer, out, true, false);
    eh_json_object_open(&writer, NULL);
    eh_json_integer(&writer, "people", (int64_t)found->people_count);
    eh_json_integer(&writer, "blocks_skipped", (int64_t)found->blocks_skipped);
    eh_json_array_open(&writer, "pairs");
    for (size_t i = 0; i < found->pairs_count; i++) {
        const eh_duplicate_pair *pair = &found->pairs[i];
        EH_CLEANUP(eh_buffer_dispose) eh_buffer why = {0};
        eh_duplicate_why(pair, &why);
        eh_json_object_open(&writer, NULL);
        eh_json_array_open_flat(&writer, "keys");
        eh_json_text(&writer, NULL, pair->keys[0]);
        eh_json_text(&writer, NULL, pair->keys[1]);
        eh_json_array_close(&writer);
        eh_json_text(&writer, "kind", pair->exact ? "exact" : "near");
        eh_json_text(&writer, "why", why.ptr);
        eh_json_number(&writer, "name_similarity", pair->name_similarity);
        eh_json_number(&writer, "address_similarity", pair->address_similarity);
        eh_json_text(&writer, "decision", decision_names[pair->decision]);
        eh_json_object_close(&writer);
    }
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    eh_buffer_byte(out, '\n');
}

static eh_code duplicates_work(run *r, eh_error *error)
{
    if (r->arguments.files_count > 0)
        return eh_fail(error, EH_INPUT, "takes no files, but '%.100s' was given; evenhand.yaml names the people's source", r->arguments.files[0]);
    if (r->asked.same != NULL || r->asked.different != NULL)
        return decide(r, error);
    eh_duplicates found = {0};
    EH_TRY(eh_duplicates_find(r->workspace, &(eh_engine_options){0}, r->arena, &found, error));
    for (size_t i = 0; i < found.pairs_count; i++)
        r->status = found.pairs[i].decision == EH_PAIR_OPEN ? 1 : r->status;
    (r->asked.json ? duplicates_json : duplicates_text)(&found, &r->out);
    return EH_OK;
}

void eh_duplicates_help(eh_buffer *out)
{
    eh_buffer_text(out, "evenhand duplicates - shows people who may be in twice, and takes down what you decide\n"
                        "\n"
                        "  evenhand duplicates [option]...\n"
                        "  evenhand duplicates --same KEEP,OTHER --by NAME [--why TEXT]\n"
                        "  evenhand duplicates --different A,B --by NAME [--why TEXT]\n"
                        "\n"
                        "People are compared by the columns that 'duplicates' names in evenhand.yaml.\n"
                        "Nothing is merged until a person has decided; decisions are in duplicates.yaml.\n");
    eh_options_help(duplicates_table, COUNT(duplicates_table), out);
    eh_buffer_text(out, "\nExit status: 0 no open pair, 1 open pairs, 2 error.\n");
}

int eh_duplicates_command(int argc, char **argv)
{
    return act_run(&(act){"duplicates", duplicates_table, COUNT(duplicates_table), duplicates_work, eh_duplicates_help}, argc, argv);
}

/* ---- vault ----------------------------------------------------------------------------------------------------------------------------- */

enum { LOG_SHOWN = 200 };

static eh_code vault_list(run *r, eh_vault *vault, eh_error *error)
{
    const eh_vault_attribute *list = NULL;
    size_t count = 0;
    char at[EH_INSTANT_TEXT_BYTES], until[EH_INSTANT_TEXT_BYTES];
    EH_TRY(eh_vault_list(vault, r->arena, &list, &count, error));
    for (size_t i = 0; i < count; i++) {
        eh_instant_text(list[i].imported_at, EH_FRACTION_NONE, at);
        eh_instant_text(list[i].expires_at, EH_FRACTION_NONE, until);
        eh_buffer_format(&r->out, "%-24s  %9llu people  imported %.10s, kept until %.10s%s\n", list[i].name, (unsigned long long)list[i].rows_count, at, until,
                         list[i].special ? "  special category" : "");
        if (list[i].necessity != NULL) {
            eh_buffer_text(&r->out, "    necessity: ");
            eh_visible_append(&r->out, eh_view_of(list[i].necessity), false);
            eh_buffer_byte(&r->out, '\n');
        }
    }
    if (count == 0)
        eh_buffer_text(&r->out, "the vault is empty; 'evenhand vault import --reason TEXT' reads the protected attributes\n");
    return EH_OK;
}

static eh_code vault_import(run *r, eh_vault *vault, eh_error *error)
{
    uint64_t rows = 0;
    if (r->asked.reason == NULL)
        return eh_fail(error, EH_INPUT, "import: --reason TEXT is missing: why now? It is written into the vault's log");
    if (eh_workspace_get(r->workspace)->attributes_count == 0)
        return eh_fail(error, EH_INPUT, "evenhand.yaml names no protected attribute, so there is nothing to import");
    EH_CLEANUP(eh_erased_list_close) eh_erased_list *erased = NULL;
    eh_people_options options = {.now = r->asked.now};
    EH_TRY(eh_erased_list_open(eh_workspace_get(r->workspace)->state_folder, &erased, error));
    eh_people_without_erased(&options, erased);
    EH_TRY(eh_vault_import(vault, r->workspace, &options,
                           &(eh_vault_access){EH_VAULT_IMPORT, "evenhand vault import", r->asked.reason, r->asked.now}, &rows, error));
    eh_buffer_format(&r->out, "imported %llu values\n", (unsigned long long)rows);
    return vault_list(r, vault, error);
}

static eh_code vault_log(run *r, eh_vault *vault, eh_error *error)
{
    const eh_vault_entry *entries = NULL;
    size_t count = 0;
    char at[EH_INSTANT_TEXT_BYTES];
    EH_TRY(eh_vault_log(vault, LOG_SHOWN, r->arena, &entries, &count, error));
    for (size_t i = 0; i < count; i++) {
        eh_instant_text(entries[i].at, EH_FRACTION_NONE, at);
        eh_buffer_format(&r->out, "%6llu  %s  %-8s  ", (unsigned long long)entries[i].number, at, entries[i].purpose);
        eh_visible_append(&r->out, eh_view_of(entries[i].attribute), false);
        eh_buffer_format(&r->out, "  %llu people  by ", (unsigned long long)entries[i].people_count);
        eh_visible_append(&r->out, eh_view_of(entries[i].role), false);
        eh_buffer_text(&r->out, ": ");
        eh_visible_append(&r->out, eh_view_of(entries[i].reason), false);
        eh_buffer_byte(&r->out, '\n');
    }
    if (count == 0)
        eh_buffer_text(&r->out, "nobody has opened the vault yet\n");
    return EH_OK;
}

static eh_code vault_purge(run *r, eh_vault *vault, eh_error *error)
{
    uint64_t rows = 0;
    EH_TRY(eh_vault_purge(vault, r->asked.now, &rows, error));
    eh_buffer_format(&r->out, "deleted %llu value%s that had been kept long enough\n", (unsigned long long)rows, rows == 1 ? "" : "s");
    return EH_OK;
}

static eh_code vault_work(run *r, eh_error *error)
{
    static const struct {
        const char *name;
        eh_code (*work)(run *r, eh_vault *vault, eh_error *error);
    } acts[] = {{"list", vault_list}, {"import", vault_import}, {"log", vault_log}, {"purge", vault_purge}};
    const char *names[COUNT(acts)], *wanted = r->arguments.files_count == 0 ? "list" : r->arguments.files[0];
    size_t at = COUNT(acts);
    for (size_t i = 0; i < COUNT(acts); i++) {
        names[i] = acts[i].name;
        at = strcmp(names[i], wanted) == 0 ? i : at;
    }
    const char *nearest = at < COUNT(acts) ? NULL : eh_nearest_name(wanted, names, COUNT(acts));
    if (at == COUNT(acts) || r->arguments.files_count > 1)
        return eh_fail(error, EH_INPUT, "'%.60s' is none of list, import, log, purge%s%s%s", r->arguments.files_count > 1 ? r->arguments.files[1] : wanted,
                       nearest == NULL ? "" : "; do you mean ", nearest == NULL ? "" : nearest, nearest == NULL ? "" : "?");
    EH_CLEANUP(eh_vault_close) eh_vault *vault = NULL;
    EH_TRY(eh_vault_open(eh_workspace_get(r->workspace)->state_folder, &vault, error));
    return acts[at].work(r, vault, error);
}

void eh_vault_help(eh_buffer *out)
{
    eh_buffer_text(out, "evenhand vault - shows and fills the vault of protected attributes\n"
                        "\n"
                        "  evenhand vault [list]              what is kept, since when, until when\n"
                        "  evenhand vault import --reason T   reads the protected attributes of evenhand.yaml\n"
                        "  evenhand vault log                 who opened it, what for and why\n"
                        "  evenhand vault purge               deletes what has been kept long enough\n");
    eh_options_help(vault_table, COUNT(vault_table), out);
}

int eh_vault_command(int argc, char **argv)
{
    return act_run(&(act){"vault", vault_table, COUNT(vault_table), vault_work, eh_vault_help}, argc, argv);
}
