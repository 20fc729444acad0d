/* The files of the state: a person is taken out of kept reports and lists, and at the end every file is looked through. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journey/people_int.h"
#include "store/store.h"

enum { DEPTH_MAX = 16, LEFT_MAX = 256 };
#define FILE_BYTES_MAX ((size_t)SIZE_MAX / 4)

/* ---- walking ------------------------------------------------------------------------------------------------------------------------------ */

/* `below` is the path from the state folder on. */
typedef eh_code (*file_visit)(void *context, const char *path, const char *below, eh_error *error);

typedef struct {
    DIR *listing;
    size_t len; /* of the path with its slash */
} level;

static eh_code level_open(level *levels, size_t *depth, char *path, eh_error *error)
{
    size_t len = strlen(path);
    DIR *listing = opendir(path);
    if (listing == NULL)
        return errno == ENOENT ? EH_OK : eh_fail(error, EH_IO, "%s: cannot be listed: %s", path, strerror(errno));
    if (*depth == DEPTH_MAX || len + 2 > PATH_MAX) {
        closedir(listing);
        return eh_fail(error, EH_LIMIT, "%s: too deep", path);
    }
    memcpy(path + len, "/", 2);
    levels[(*depth)++] = (level){.listing = listing, .len = len + 1};
    return EH_OK;
}

static eh_code files_walk(const char *folder, bool hidden, file_visit visit, void *context, eh_error *error)
{
    level levels[DEPTH_MAX];
    char path[PATH_MAX];
    struct stat facts;
    size_t depth = 0, root = strlen(folder) + 1;
    if (root + 2 > sizeof path)
        return eh_fail(error, EH_LIMIT, "%.60s...: the path is too long", folder);
    memcpy(path, folder, root);
    eh_code code = level_open(levels, &depth, path, error);
    while (depth > 0) {
        level *at = &levels[depth - 1];
        struct dirent *found = code == EH_OK ? readdir(at->listing) : NULL;
        if (found == NULL) {
            closedir(at->listing);
            depth--;
            continue;
        }
        size_t len = strlen(found->d_name);
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0 || at->len + len + 2 > sizeof path)
            continue;
        if (found->d_name[0] == '.' && !hidden)
            continue;
        memcpy(path + at->len, found->d_name, len + 1);
        if (lstat(path, &facts) != 0)
            continue; /* gone in the meantime */
        if (S_ISDIR(facts.st_mode))
            code = level_open(levels, &depth, path, error);
        else if (S_ISREG(facts.st_mode))
            code = visit(context, path, path + root, error);
    }
    return code;
}

/* ---- reports and lists ---------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_person_marks *marks;
    eh_forgotten *forgotten;
} forgetting;

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

/* Files that other steps see to, or that nothing can be taken out of. */
static bool not_ours(const char *below)
{
    static const char *const folders[] = {"ledger/", "keys/", "archive/", "models/"};
    static const char *const endings[] = {"/traces", "/decisions", ".db", ".db-wal", ".db-shm", ".db-journal", ".counter", ".snapshot", ".new"};
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++)
        if (starts_with(below, folders[i]))
            return true;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++)
        if (ends_with(below, endings[i]))
            return true;
    return strstr(below, ".db.before-") != NULL;
}

static eh_code forms_remove(const char *json_path, eh_error *error)
{
    static const char *const endings[] = {"html", "txt", "csv"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
        eh_buffer_format(&path, "%.*s%s", (int)(strlen(json_path) - 4), json_path, endings[i]);
        EH_TRY(eh_buffer_check(&path, error));
        if (unlink(path.ptr) != 0 && errno != ENOENT)
            return eh_fail(error, EH_IO, "%s: cannot be removed: %s", path.ptr, strerror(errno));
    }
    return EH_OK;
}

static bool all_distinct(const eh_person_marks *marks)
{
    for (size_t i = 0; i < marks->marks_count; i++)
        if (!eh_mark_is_distinct(marks->marks[i]))
            return false;
    return true;
}

static eh_code file_forget(void *context, const char *path, const char *below, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0}, kept = {0};
    const forgetting *f = context;
    uint64_t count = 0;
    if (not_ours(below))
        return EH_OK;
    eh_buffer_init(&text, FILE_BYTES_MAX);
    eh_buffer_init(&kept, FILE_BYTES_MAX);
    EH_TRY(eh_file_read(path, FILE_BYTES_MAX, &text, error));
    if (!eh_utf8_valid(eh_buffer_view(&text)))
        return EH_OK; /* no text; it is looked through at the end */
    bool json = ends_with(below, ".json");
    EH_TRY(eh_redact(eh_buffer_view(&text), f->marks, json ? EH_TEXT_JSON : ends_with(below, "/sent") ? EH_TEXT_LINES : EH_TEXT_PLAIN, &kept, &count, error));
    if (count == 0)
        return EH_OK;
    f->forgotten->reports++;
    EH_TRY(eh_file_replace(path, eh_buffer_view(&kept), error));
    /* a short key cannot be told from a number in a page: its other forms go, and are made anew by the next run */
    return json && !all_distinct(f->marks) && starts_with(below, "reports/") ? forms_remove(path, error) : EH_OK;
}

eh_code eh_state_files_forget(const char *state_folder, const eh_person_marks *marks, eh_forgotten *forgotten, eh_error *error)
{
    forgetting f = {.marks = marks, .forgotten = forgotten};
    return files_walk(state_folder, true, file_forget, &f, error);
}

/* ---- looking through --------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_person_marks *marks;
    eh_arena *arena;
    const char **files;
    size_t count;
} looking;

static bool bytes_hold(eh_view bytes, const char *mark)
{
    return memmem(bytes.ptr, bytes.len, mark, strlen(mark)) != NULL;
}

/* A mark that is so short or so plain that it may stand anywhere by chance tells nothing. */
static bool mark_tells(const char *mark) { return strlen(mark) >= 6 && eh_mark_is_distinct(mark); }

static bool file_holds(eh_view bytes, const eh_person_marks *marks)
{
    for (size_t i = 0; i < marks->marks_count; i++)
        if (mark_tells(marks->marks[i]) && bytes_hold(bytes, marks->marks[i]))
            return true;
    return false;
}

static eh_code store_look(looking *l, const char *path, const char *below, bool *holds_out, eh_error *error)
{
    const char **marks = EH_TAKE(l->arena, l->marks->marks_count, const char *);
    size_t count = 0;
    if (marks == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < l->marks->marks_count; i++)
        if (mark_tells(l->marks->marks[i]))
            marks[count++] = l->marks->marks[i];
    if (!ends_with(below, ".db")) /* looked through with its file */
        return EH_OK;
    return eh_store_holds(path, marks, count, holds_out, error);
}

static eh_code bytes_look(looking *l, const char *path, bool *holds_out, eh_error *error)
{
    struct stat facts;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &facts) != 0 || facts.st_size == 0) {
        if (file >= 0)
            close(file);
        return EH_OK; /* gone, or empty */
    }
    void *mapped = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    close(file);
    if (mapped == MAP_FAILED)
        return eh_fail(error, EH_IO, "%s: cannot be read: %s", path, strerror(errno));
    *holds_out = file_holds((eh_view){mapped, (size_t)facts.st_size}, l->marks);
    (void)munmap(mapped, (size_t)facts.st_size);
    return EH_OK;
}

static eh_code file_look(void *context, const char *path, const char *below, eh_error *error)
{
    looking *l = context;
    bool holds = false, of_store = ends_with(below, ".db") || ends_with(below, ".db-wal") || ends_with(below, ".db-shm");
    EH_TRY(of_store ? store_look(l, path, below, &holds, error) : bytes_look(l, path, &holds, error));
    if (!holds || l->count == LEFT_MAX)
        return EH_OK;
    l->files[l->count] = eh_arena_copy(l->arena, eh_view_of(below));
    return l->files[l->count++] == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code files_holding(const char *folder, bool hidden, looking *l, eh_error *error)
{
    l->files = EH_TAKE(l->arena, LEFT_MAX, const char *);
    return l->files == NULL ? eh_fail_memory(error) : files_walk(folder, hidden, file_look, l, error);
}

eh_code eh_person_files(const char *folder, const eh_person_marks *marks, eh_arena *arena, const char *const **files_out, size_t *count_out, eh_error *error)
{
    looking l = {.marks = marks, .arena = arena};
    EH_TRY(files_holding(folder, false, &l, error));
    *files_out = l.files;
    *count_out = l.count;
    return EH_OK;
}

eh_code eh_state_files_holding(const char *state_folder, const eh_person_marks *marks, eh_arena *arena, const char *const **files_out, size_t *count_out,
                               eh_error *error)
{
    looking l = {.marks = marks, .arena = arena};
    EH_TRY(files_holding(state_folder, true, &l, error));
    *files_out = l.files;
    *count_out = l.count;
    return EH_OK;
}
