/* What commands and earlier visits have left in the workspace: reports of plans, checks, audits; models. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "web/team_int.h"

enum { NAME_BYTES_MAX = 200, LISTED_MAX = 4096 };

bool eh_name_is_plain(eh_view name)
{
    if (name.len == 0 || name.len > NAME_BYTES_MAX || name.ptr[0] == '.')
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.'))
            return false;
    }
    return true;
}

/* ---- lists of files ------------------------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void directory_close(DIR **folder)
{
    if (*folder != NULL)
        (void)closedir(*folder);
}

static bool ends_with(const char *text, const char *ending)
{
    size_t len = strlen(text), ending_len = strlen(ending);
    return len > ending_len && strcmp(text + len - ending_len, ending) == 0;
}

eh_code eh_files_list(eh_arena *arena, const char *folder, const char *ending, const char *const **names_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(directory_close) DIR *stream = opendir(folder);
    size_t count = 0;
    *names_out = NULL;
    *count_out = 0;
    if (stream == NULL)
        return errno == ENOENT ? EH_OK : eh_fail(error, EH_IO, "%s: %s", folder, strerror(errno));
    const char **names = EH_TAKE(arena, LISTED_MAX, const char *);
    if (names == NULL)
        return eh_fail_memory(error);
    for (struct dirent *entry; count < LISTED_MAX && (entry = readdir(stream)) != NULL;) {
        size_t len = strlen(entry->d_name);
        if (entry->d_name[0] == '.' || (ending[0] != '\0' && !ends_with(entry->d_name, ending)) || !eh_utf8_valid((eh_view){entry->d_name, len}))
            continue;
        names[count] = eh_arena_copy(arena, (eh_view){entry->d_name, len - strlen(ending)});
        if (names[count++] == NULL)
            return eh_fail_memory(error);
    }
    qsort(names, count, sizeof *names, by_name);
    *names_out = names;
    *count_out = count;
    return EH_OK;
}

/* ---- documents ------------------------------------------------------------------------------------------------------------------------ */

void eh_kept_close(eh_kept_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        eh_json_close(&list->items[i].document);
    list->count = 0;
}

const char *eh_kept_text(eh_json_value object, const char *key)
{
    const char *text = eh_json_as_text(eh_json_member(object, key));
    return text == NULL ? "" : text;
}

double eh_kept_number(eh_json_value object, const char *key)
{
    return eh_json_as_number(eh_json_member(object, key));
}

/* The document's own moment; else a date in its name, audit-2026-11-25; else the file's. */
static int64_t moment_of(const eh_kept *kept, int64_t changed_s)
{
    static const char *const keys[] = {"at", "as_of", "trained_at"};
    eh_instant at = {0};
    eh_error ignored = {0};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        if (eh_instant_parse(eh_view_of(eh_kept_text(kept->root, keys[i])), &at, &ignored) == EH_OK)
            return at.seconds;
    for (const char *text = kept->name; strlen(text) >= 10; text++)
        if (text[0] == '2' && eh_instant_parse_date((eh_view){text, 10}, &at, &ignored) == EH_OK)
            return at.seconds;
    return changed_s;
}

typedef struct {
    const char *name, *path;
    int64_t changed_s;
} candidate;

static int by_change(const void *a, const void *b)
{
    const candidate *left = a, *right = b;
    return left->changed_s != right->changed_s ? (left->changed_s < right->changed_s) - (left->changed_s > right->changed_s) : strcmp(left->name, right->name);
}

static int by_moment(const void *a, const void *b)
{
    const eh_kept *left = a, *right = b;
    return left->at_s != right->at_s ? (left->at_s > right->at_s) - (left->at_s < right->at_s) : strcmp(left->name, right->name);
}

static eh_code documents_read(eh_exchange *exchange, candidate *found, size_t count, eh_kept_list *list_out, eh_error *error)
{
    qsort(found, count, sizeof *found, by_change);
    count = count > EH_TEAM_KEPT_MAX ? EH_TEAM_KEPT_MAX : count;
    eh_kept_list list = {.items = EH_TAKE(exchange->arena, count + 1, eh_kept)};
    if (list.items == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_error ignored = {0};
        eh_kept *kept = &list.items[list.count];
        *kept = (eh_kept){.name = found[i].name, .path = found[i].path};
        if (eh_file_read(found[i].path, EH_JSON_BYTES_MAX, &text, &ignored) != EH_OK || eh_json_parse(eh_buffer_view(&text), found[i].path, &kept->document, &ignored) != EH_OK)
            continue; /* half a file of somebody else is no reason to show nothing */
        kept->root = eh_json_root(kept->document);
        kept->at_s = moment_of(kept, found[i].changed_s);
        list.count++;
    }
    qsort(list.items, list.count, sizeof *list.items, by_moment);
    *list_out = list;
    return EH_OK;
}

static eh_code candidates_read(eh_exchange *exchange, const char *folder, const char *ending, const char *inside, eh_kept_list *list_out, eh_error *error)
{
    const char *const *names = NULL;
    size_t count = 0, found_count = 0;
    const char *whole = eh_arena_format(exchange->arena, "%s/%s", eh_web_of(exchange)->model->state_folder, folder);
    if (whole == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_files_list(exchange->arena, whole, ending, &names, &count, error));
    candidate *found = EH_TAKE(exchange->arena, count + 1, candidate);
    if (found == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++) {
        struct stat facts;
        const char *path = eh_arena_format(exchange->arena, "%s/%s%s%s", whole, names[i], ending, inside);
        if (path == NULL)
            return eh_fail_memory(error);
        if (stat(path, &facts) == 0 && S_ISREG(facts.st_mode))
            found[found_count++] = (candidate){names[i], path, facts.st_mtime};
    }
    return documents_read(exchange, found, found_count, list_out, error);
}

eh_code eh_kept_read(eh_exchange *exchange, const char *folder, eh_kept_list *list_out, eh_error *error)
{
    return candidates_read(exchange, folder, ".json", "", list_out, error);
}

eh_code eh_kept_plans(eh_exchange *exchange, eh_kept_list *list_out, eh_error *error)
{
    return candidates_read(exchange, "plans", "", "/report.json", list_out, error);
}

eh_code eh_kept_plan(eh_exchange *exchange, eh_view name, eh_kept_list *list_out, eh_error *error)
{
    struct stat facts;
    candidate found = {.name = eh_arena_copy(exchange->arena, name)};
    found.path = eh_arena_format(exchange->arena, "%s/plans/%s/report.json", eh_web_of(exchange)->model->state_folder, found.name);
    if (found.name == NULL || found.path == NULL)
        return eh_fail_memory(error);
    if (!eh_name_is_plain(name) || stat(found.path, &facts) != 0)
        return eh_fail(error, EH_NOT_FOUND, "there is no plan '%.100s'", found.name);
    found.changed_s = facts.st_mtime;
    EH_TRY(documents_read(exchange, &found, 1, list_out, error));
    return list_out->count == 1 ? EH_OK : eh_fail(error, EH_CORRUPT, "%s cannot be read", found.path);
}
