/* `evenhand backup`, `evenhand restore` and `evenhand store`: the state of a workspace, copied, put back, checked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/state_int.h"
#include "journey/people.h"
#include "store/pack.h"
#include "web/api_keys.h"

enum { STATUS_FOUND = 1, DEPTH_MAX = 8 };

typedef struct {
    const eh_state_request *request;
    eh_pack *pack;
    char state[PATH_MAX];  /* <workspace>/.evenhand */
    char work[PATH_MAX];   /* a file beside, for one thing at a time */
    uint64_t ledger_size, files_count;
} packing;

static eh_code path_join(char out[PATH_MAX], const char *folder, const char *name, eh_error *error)
{
    if (snprintf(out, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
        return eh_fail(error, EH_LIMIT, "a path is too long: %.60s...", folder);
    return EH_OK;
}

static eh_code packing_begin(packing *state, const eh_state_request *request, eh_error *error)
{
    char name[64];
    state->request = request;
    EH_TRY(path_join(state->state, request->folder, ".evenhand", error));
    snprintf(name, sizeof name, ".work-%jd", (intmax_t)getpid());
    return path_join(state->work, state->state, name, error);
}

static bool ends_with(const char *name, const char *end)
{
    size_t len = strlen(name), end_len = strlen(end);
    return len >= end_len && strcmp(name + len - end_len, end) == 0;
}

/* ---- backup -------------------------------------------------------------------------------------------------------------------------- */

static eh_code ledger_put(void *context, const char *path, eh_view bytes, eh_error *error)
{
    packing *state = context;
    char name[512];
    snprintf(name, sizeof name, "ledger/%s", path);
    state->files_count++;
    return eh_pack_add(state->pack, name, bytes, error);
}

static eh_code rows_drop(const char *path, uint64_t size, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *copy = NULL;
    EH_CLEANUP(eh_statement_close) eh_statement *drop = NULL;
    EH_TRY(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_WRITE}, &copy, error));
    EH_TRY(eh_store_prepare(copy, "DELETE FROM opening WHERE entry >= $1", &drop, error));
    eh_bind_integer(drop, 1, (int64_t)size);
    EH_TRY(eh_statement_run(drop, error));
    eh_statement_close(&drop);
    return eh_store_run(copy, "PRAGMA journal_mode=DELETE", error);
}

/* A database as of one moment; of the openings, what the copied checkpoint speaks of. */
static eh_code database_add(packing *state, const char *name, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    char path[PATH_MAX];
    EH_TRY(path_join(path, state->state, name, error));
    EH_TRY(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_READ}, &store, error));
    unlink(state->work);
    EH_TRY(eh_store_backup(store, state->work, error));
    eh_code code = strcmp(name, "ledger/openings.db") == 0 ? rows_drop(state->work, state->ledger_size, error) : EH_OK;
    if (code == EH_OK)
        code = eh_pack_add_file(state->pack, name, state->work, error);
    unlink(state->work);
    state->files_count++;
    return code;
}

/* keys/ goes into a backup of its own, ledger/ is handed over by the ledger; what others are making now is passed over, and what they all have mapped. */
static bool passed_over(const char *name, size_t depth)
{
    return name[0] == '.' || ends_with(name, "-wal") || ends_with(name, "-shm") || ends_with(name, "-journal") || strstr(name, ".db.before-") != NULL ||
           ends_with(name, ".new") || strcmp(name, "rights.counter") == 0 || strcmp(name, "rights.snapshot") == 0 || (depth == 1 && (strcmp(name, "keys") == 0 || strcmp(name, "ledger") == 0));
}

typedef struct {
    DIR *listing;
    size_t name_len; /* of the folder's name below .evenhand */
} level;

static eh_code entry_add(packing *state, level *levels, size_t *depth, char *name, eh_error *error)
{
    char path[PATH_MAX];
    struct stat facts;
    EH_TRY(path_join(path, state->state, name, error));
    if (lstat(path, &facts) != 0)
        return EH_OK; /* gone in the meantime */
    if (S_ISDIR(facts.st_mode) && *depth < DEPTH_MAX) {
        levels[*depth].listing = opendir(path);
        levels[*depth].name_len = strlen(name);
        if (levels[*depth].listing == NULL)
            return eh_fail(error, EH_IO, "%s: cannot be listed: %s", path, strerror(errno));
        (*depth)++;
        return EH_OK;
    }
    if (!S_ISREG(facts.st_mode))
        return EH_OK;
    if (ends_with(name, ".db"))
        return database_add(state, name, error);
    state->files_count++;
    return eh_pack_add_file(state->pack, name, path, error);
}

static eh_code folder_add(packing *state, const char *below, eh_error *error)
{
    level levels[DEPTH_MAX];
    char name[PATH_MAX], path[PATH_MAX];
    size_t depth = 1;
    snprintf(name, sizeof name, "%s", below);
    EH_TRY(path_join(path, state->state, below, error));
    levels[0] = (level){.listing = opendir(path), .name_len = strlen(below)};
    if (levels[0].listing == NULL)
        return eh_fail(error, errno == ENOENT ? EH_NOT_FOUND : EH_IO, "%s: cannot be listed: %s", path, strerror(errno));
    eh_code code = EH_OK;
    while (depth > 0) {
        level *at = &levels[depth - 1];
        struct dirent *found = code == EH_OK ? readdir(at->listing) : NULL;
        if (found == NULL) {
            closedir(at->listing);
            depth--;
            continue;
        }
        if (passed_over(found->d_name, below[0] == '\0' ? depth : depth + 1))
            continue;
        const char *slash = at->name_len > 0 ? "/" : "";
        if (at->name_len + 1 + strlen(found->d_name) >= sizeof name)
            code = eh_fail(error, EH_LIMIT, "a path is too long: %.60s...", name);
        else {
            snprintf(name + at->name_len, sizeof name - at->name_len, "%s%s", slash, found->d_name);
            code = entry_add(state, levels, &depth, name, error);
        }
    }
    return code;
}

static eh_code state_add(packing *state, eh_error *error)
{
    if (eh_ledger_exists(state->request->folder)) {
        EH_TRY(eh_ledger_backup(state->request->folder, ledger_put, state, &state->ledger_size, error));
        EH_TRY(database_add(state, "ledger/openings.db", error));
    }
    return folder_add(state, "", error);
}

static eh_code pack_write(packing *state, const char *path, bool keys, eh_error *error)
{
    EH_CLEANUP(eh_pack_close) eh_pack *pack = NULL;
    EH_TRY(eh_pack_make(path, &pack, error));
    state->pack = pack;
    state->files_count = 0;
    EH_TRY(keys ? folder_add(state, "keys", error) : state_add(state, error));
    return eh_pack_finish(pack, error);
}

static int backup_run(eh_state_request *request, eh_error *error)
{
    packing state = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    if (request->files_count == 0 && request->keys == NULL) {
        (void)eh_fail(error, EH_INPUT, "say where to: evenhand backup FILE");
        return EH_STATUS_ERROR;
    }
    if (packing_begin(&state, request, error) != EH_OK)
        return EH_STATUS_ERROR;
    if (request->files_count > 0) {
        if (pack_write(&state, request->files[0], false, error) != EH_OK)
            return EH_STATUS_ERROR;
        eh_buffer_format(&text, "%s: %ju files", request->files[0], (uintmax_t)state.files_count);
        if (eh_ledger_exists(request->folder))
            eh_buffer_format(&text, ", the ledger of %ju entries", (uintmax_t)state.ledger_size);
        eh_buffer_text(&text, "\n");
        if (request->keys == NULL)
            eh_buffer_text(&text, "The keys are not in it, so that who was erased stays erased: evenhand backup --keys FILE keeps them apart.\n");
    }
    if (request->keys != NULL) {
        if (pack_write(&state, request->keys, true, error) != EH_OK)
            return EH_STATUS_ERROR;
        eh_buffer_format(&text, "%s: the keys, in %ju files; keep it elsewhere, and no longer than needed\n", request->keys,
                         (uintmax_t)state.files_count);
    }
    return eh_stdout_show(request->command, &text);
}

/* ---- restore -------------------------------------------------------------------------------------------------------------------------- */

static eh_code in_place(const char *from, const char *to, eh_error *error)
{
    EH_TRY(eh_parent_folders_make(to, error));
    if (rename(from, to) != 0)
        return eh_fail(error, EH_IO, "%s: cannot be put into place: %s", to, strerror(errno));
    return EH_OK;
}

/* A database that is in use takes the content over in one transaction; those who read and write it go on. */
static eh_code database_restore(packing *state, const char *path, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *live = NULL;
    if (access(path, F_OK) != 0)
        return in_place(state->work, path, error);
    EH_TRY(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_WRITE}, &live, error));
    return eh_store_restore(live, state->work, error);
}

static eh_code file_restore(packing *state, const char *name, bool keep, eh_error *error)
{
    char path[PATH_MAX];
    EH_TRY(path_join(path, state->state, name, error));
    if (keep && access(path, F_OK) == 0)
        return EH_OK;
    EH_TRY(eh_parent_folders_make(state->work, error));
    unlink(state->work);
    EH_TRY(eh_pack_extract(state->pack, name, state->work, error));
    eh_code code = ends_with(name, ".db") ? database_restore(state, path, error) : in_place(state->work, path, error);
    unlink(state->work);
    state->files_count += code == EH_OK;
    return code;
}

static eh_code ledger_compare(packing *state, bool *keep_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer checkpoint = {0};
    *keep_out = eh_ledger_exists(state->request->folder);
    EH_TRY(eh_parent_folders_make(state->work, error));
    unlink(state->work);
    eh_code code = eh_pack_extract(state->pack, "ledger/public/checkpoint", state->work, error);
    if (code == EH_NOT_FOUND) {
        *keep_out = true; /* a backup without a ledger leaves it alone */
        return EH_OK;
    }
    if (code == EH_OK)
        code = eh_file_read(state->work, EH_LEDGER_NOTE_BYTES_MAX, &checkpoint, error);
    unlink(state->work);
    if (code == EH_OK && *keep_out)
        code = eh_ledger_continues(state->request->folder, eh_buffer_view(&checkpoint), error);
    return code;
}

static eh_code readable(const char *path)
{
    return chmod(path, 0644) == 0 ? EH_OK : EH_IO;
}

/* The public folder is for all to read, the other files of the state are not. The checkpoint comes last: with it there is a ledger. */
static eh_code files_restore(packing *state, bool keep_ledger, bool keys, eh_error *error)
{
    const char *name = "";
    char path[PATH_MAX];
    bool has_checkpoint = false;
    for (;;) {
        char current[PATH_MAX];
        snprintf(current, sizeof current, "%s", name);
        EH_TRY(eh_pack_next(state->pack, current, &name, error));
        if (name == NULL)
            break;
        bool of_ledger = strncmp(name, "ledger/", 7) == 0, is_checkpoint = strcmp(name, "ledger/public/checkpoint") == 0;
        if (keys != (strncmp(name, "keys/", 5) == 0))
            return eh_fail(error, EH_INPUT, "%s", keys ? "that is no backup of keys" : "that is a backup of keys: give it with --keys");
        has_checkpoint = has_checkpoint || is_checkpoint;
        if ((of_ledger && keep_ledger) || is_checkpoint || strcmp(name, "rights.counter") == 0)
            continue;
        EH_TRY(file_restore(state, name, keys, error));
        if (strncmp(name, "ledger/public/", 14) == 0 && path_join(path, state->state, name, error) == EH_OK)
            (void)readable(path);
    }
    if (!has_checkpoint || keep_ledger)
        return EH_OK;
    EH_TRY(file_restore(state, "ledger/public/checkpoint", false, error));
    EH_TRY(path_join(path, state->state, "ledger/public/checkpoint", error));
    return readable(path);
}

/* Who was erased since the backup was made comes back with it, and is erased again. */
static eh_code erase_again(const eh_state_request *request, eh_erased_list *erased, eh_buffer *text, eh_error *error)
{
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    EH_CLEANUP(eh_ledger_close) eh_ledger *ledger = NULL;
    EH_CLEANUP(eh_rights_close) eh_rights *rights = NULL;
    const char *const *keys = NULL;
    size_t count = 0;
    if (eh_erased_list_count(erased) == 0)
        return EH_OK;
    EH_TRY(eh_workspace_open(request->folder, &workspace, error));
    const eh_workspace_model *model = eh_workspace_get(workspace);
    if (eh_ledger_exists(model->folder))
        EH_TRY(eh_ledger_open(model->folder, NULL, &ledger, error));
    eh_rights_options options = {.state_folder = model->state_folder};
    EH_TRY(eh_rights_house_read(model->rights, &options.house, error));
    EH_TRY(eh_rights_open(&options, &rights, error));
    EH_TRY(eh_people_on_list(rights, erased, request->arena, &keys, &count, error));
    EH_TRY(eh_erased_list_keep(rights, erased, error));
    for (size_t i = 0; i < count; i++) {
        eh_forgotten done;
        const eh_forget_spec spec = {.model = model, .rights = rights, .ledger = ledger, .key = eh_view_of(keys[i]), .now = eh_instant_now(), .also = eh_api_forget};
        EH_TRY(eh_person_forget(&spec, request->arena, &done, error));
    }
    eh_buffer_format(text, "Who was erased since that backup stays erased: %zu %s erased again.\n", count, count == 1 ? "person was" : "people were");
    return EH_OK;
}

/* Whom the copies disagree about was erased: both are of different moments. */
static eh_code erased_settle(const eh_state_request *request, eh_buffer *text, eh_error *error)
{
    eh_ledger_restoration found = {0};
    if (!eh_ledger_exists(request->folder))
        return EH_OK;
    EH_TRY(eh_ledger_restored(request->folder, &found, error));
    if (found.erased_count > 0)
        eh_buffer_format(text, "People erased between the two copies: %ju. There is no key to their entries, and the ledger will say so.\n",
                         (uintmax_t)found.erased_count);
    if (found.newer_count > 0)
        eh_buffer_format(text, "The keys are older than the ledger: %ju people have none, and their entries stay closed. Are there newer keys?\n",
                         (uintmax_t)found.newer_count);
    return EH_OK;
}

static int restore_run(eh_state_request *request, eh_error *error)
{
    packing state = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_pack_close) eh_pack *pack = NULL, *keys = NULL;
    EH_CLEANUP(eh_erased_list_close) eh_erased_list *erased = NULL;
    bool keep = false;
    if (request->files_count == 0 && request->keys == NULL) {
        (void)eh_fail(error, EH_INPUT, "say from where: evenhand restore FILE");
        return EH_STATUS_ERROR;
    }
    if (packing_begin(&state, request, error) != EH_OK)
        return EH_STATUS_ERROR;
    if (request->keys != NULL) {
        if (eh_pack_open(request->keys, &keys, error) != EH_OK)
            return EH_STATUS_ERROR;
        state.pack = keys;
        if (files_restore(&state, false, true, error) != EH_OK)
            return EH_STATUS_ERROR;
        char path[PATH_MAX];
        if (path_join(path, state.state, "keys", error) == EH_OK)
            (void)chmod(path, 0700);
        eh_buffer_format(&text, "keys: %ju files put back; those that were there stay\n", (uintmax_t)state.files_count);
    }
    if (request->files_count > 0) {
        state.files_count = 0;
        if (eh_erased_list_open(state.state, &erased, error) != EH_OK || eh_pack_open(request->files[0], &pack, error) != EH_OK)
            return EH_STATUS_ERROR;
        state.pack = pack;
        if (ledger_compare(&state, &keep, error) != EH_OK || files_restore(&state, keep, false, error) != EH_OK ||
            eh_rights_put_back(state.state, error) != EH_OK)
            return EH_STATUS_ERROR;
        eh_buffer_format(&text, "%s: %ju files put back%s\n", request->files[0], (uintmax_t)state.files_count,
                         keep ? "; the ledger goes on from that backup and stays as it is" : "");
        if (erase_again(request, erased, &text, error) != EH_OK) {
            (void)eh_fail_within(error, "the backup is back, and so are people who were erased since; erase them again: evenhand person erase");
            return EH_STATUS_ERROR;
        }
    }
    if (!keep && erased_settle(request, &text, error) != EH_OK)
        return EH_STATUS_ERROR;
    return eh_stdout_show(request->command, &text);
}

/* ---- store check ------------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    eh_buffer *out;
    const char *name;
    uint64_t found;
} checking;

static void found_one(void *context, const char *what)
{
    checking *state = context;
    eh_buffer_format(state->out, "%s: ", state->name);
    eh_visible_append(state->out, eh_view_of(what), false);
    eh_buffer_byte(state->out, '\n');
    state->found++;
}

static int check_run(eh_state_request *request, eh_error *error)
{
    static const char *const names[] = {"evenhand.db", "vault.db", "ledger/openings.db", "keys/people.db"};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    uint64_t found = 0, looked = 0;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        EH_CLEANUP(eh_store_close) eh_store *store = NULL;
        char state[PATH_MAX], path[PATH_MAX];
        checking one = {.out = &text, .name = names[i]};
        if (path_join(state, request->folder, ".evenhand", error) != EH_OK || path_join(path, state, names[i], error) != EH_OK)
            return EH_STATUS_ERROR;
        eh_code code = eh_store_open(path, &(eh_store_options){.mode = EH_STORE_READ}, &store, error);
        if (code == EH_NOT_FOUND)
            continue;
        if (code == EH_CORRUPT)
            found_one(&one, error->text);
        else if (code != EH_OK || eh_store_check(store, found_one, &one, error) != EH_OK)
            return EH_STATUS_ERROR;
        eh_store_close(&store);
        if (i == 0 && code == EH_OK && eh_rights_check(state, found_one, &one, error) != EH_OK)
            return EH_STATUS_ERROR;
        if (one.found == 0)
            eh_buffer_format(&text, "%s: well\n", names[i]);
        found += one.found;
        looked++;
    }
    if (looked == 0) {
        (void)eh_fail(error, EH_NOT_FOUND, "%s has no databases yet", request->folder);
        return EH_STATUS_ERROR;
    }
    int status = eh_stdout_show(request->command, &text);
    return status != 0 ? status : found > 0 ? STATUS_FOUND : 0;
}

/* ---- the commands ------------------------------------------------------------------------------------------------------------------------ */

static const eh_state_act backup_acts[] = {
    {NULL, "FILE [--keys FILE]", "copies the state of a workspace to one file, while others work on it; keys go to a file of their own", EH_TAKES_KEYS,
     false, 0, 1, backup_run}};
static const eh_state_act restore_acts[] = {
    {NULL, "FILE [--keys FILE]", "puts it back; a ledger that has gone on since stays as it is, keys that are there stay", EH_TAKES_KEYS, true, 0, 1,
     restore_run}};
static const eh_state_act store_acts[] = {
    {"check", "", "looks at every page, index and constraint of every database, and at every record", 0, false, 0, 0, check_run}};
static const eh_state_command backup = {"backup", "copies the state of a workspace, while it is in use", backup_acts, 1};
static const eh_state_command restore = {"restore", "puts a backup back, while the workspace is in use", restore_acts, 1};
static const eh_state_command store = {"store", "the databases of a workspace", store_acts, 1};

int eh_backup_command(int argc, char **argv)
{
    return eh_state_run(&backup, argc, argv);
}

void eh_backup_help(eh_buffer *out)
{
    eh_state_help(&backup, out);
}

int eh_restore_command(int argc, char **argv)
{
    return eh_state_run(&restore, argc, argv);
}

void eh_restore_help(eh_buffer *out)
{
    eh_state_help(&restore, out);
}

int eh_store_command(int argc, char **argv)
{
    return eh_state_run(&store, argc, argv);
}

void eh_store_help(eh_buffer *out)
{
    eh_state_help(&store, out);
}
