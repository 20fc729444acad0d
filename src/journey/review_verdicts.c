/* What the newest plans and reports of a workspace came to, from the files that they left in .evenhand. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "journey/reviews.h"

enum { LISTED_MAX = 4096, EACH_MAX = EH_REVIEW_VERDICTS_MAX / 2, ENDING_BYTES = 5 };

typedef struct {
    const char *name, *path;
    int64_t changed_s;
} candidate;

static void listing_close(DIR **listing)
{
    if (*listing != NULL)
        (void)closedir(*listing);
}

/* The newest first. */
static int by_change(const void *a, const void *b)
{
    const candidate *left = a, *right = b;
    return left->changed_s != right->changed_s ? (left->changed_s < right->changed_s) - (left->changed_s > right->changed_s) : strcmp(left->name, right->name);
}

static int by_moment(const void *a, const void *b)
{
    const eh_review_verdict *left = a, *right = b;
    return left->at_s != right->at_s ? (left->at_s < right->at_s) - (left->at_s > right->at_s) : strcmp(left->name, right->name);
}

static eh_code files_find(const char *folder, bool plans, eh_arena *arena, candidate *found, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(listing_close) DIR *listing = opendir(folder);
    *count_out = 0;
    if (listing == NULL)
        return errno == ENOENT ? EH_OK : eh_fail(error, EH_IO, "cannot read %s: %s", folder, strerror(errno));
    for (struct dirent *entry; *count_out < LISTED_MAX && (entry = readdir(listing)) != NULL;) {
        struct stat facts;
        size_t len = strlen(entry->d_name);
        bool is_json = len > ENDING_BYTES && strcmp(entry->d_name + len - ENDING_BYTES, ".json") == 0;
        if (entry->d_name[0] == '.' || (!plans && !is_json) || !eh_utf8_valid((eh_view){entry->d_name, len}))
            continue;
        candidate *of = &found[*count_out];
        of->name = eh_arena_copy(arena, (eh_view){entry->d_name, plans ? len : len - ENDING_BYTES});
        of->path = eh_arena_format(arena, plans ? "%s/%s/report.json" : "%s/%s", folder, entry->d_name);
        if (of->name == NULL || of->path == NULL)
            return eh_fail_memory(error);
        if (stat(of->path, &facts) != 0 || !S_ISREG(facts.st_mode))
            continue;
        of->changed_s = facts.st_mtime;
        ++*count_out;
    }
    return EH_OK;
}

static const char *text_copy(eh_arena *arena, eh_json_value object, const char *key)
{
    const char *text = eh_json_as_text(eh_json_member(object, key));
    return text == NULL ? NULL : eh_arena_copy(arena, eh_view_of(text));
}

/* false: half a file of somebody else, or none of ours. */
static bool verdict_read(const candidate *from, bool plan, eh_arena *arena, eh_review_verdict *out)
{
    static const char *const moments[] = {"at", "as_of"};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_error ignored = {0};
    if (eh_file_read(from->path, EH_JSON_BYTES_MAX, &text, &ignored) != EH_OK || eh_json_parse(eh_buffer_view(&text), from->path, &document, &ignored) != EH_OK)
        return false;
    eh_json_value root = eh_json_root(document);
    *out = (eh_review_verdict){.of = plan ? "plan" : "report", .name = from->name, .at_s = from->changed_s, .verdict = text_copy(arena, root, plan ? "outcome" : "verdict"),
                               .sentence = text_copy(arena, root, "sentence")};
    for (size_t i = 0; i < sizeof moments / sizeof moments[0]; i++) {
        const char *moment = eh_json_as_text(eh_json_member(root, moments[i]));
        eh_instant at = {0};
        if (moment != NULL && eh_instant_parse(eh_view_of(moment), &at, &ignored) == EH_OK) {
            out->at_s = at.seconds;
            break;
        }
    }
    return out->verdict != NULL || out->sentence != NULL;
}

eh_code eh_review_verdicts(const char *state_folder, eh_arena *arena, eh_review_evidence *of, eh_error *error)
{
    candidate *found = EH_TAKE(arena, LISTED_MAX, candidate);
    of->verdicts = EH_TAKE(arena, EH_REVIEW_VERDICTS_MAX, eh_review_verdict);
    if (found == NULL || of->verdicts == NULL)
        return eh_fail_memory(error);
    for (int which = 0; which < 2; which++) {
        size_t count = 0, first = of->verdicts_count;
        const char *folder = eh_arena_format(arena, which == 0 ? "%s/plans" : "%s/reports", state_folder);
        if (folder == NULL)
            return eh_fail_memory(error);
        EH_TRY(files_find(folder, which == 0, arena, found, &count, error));
        qsort(found, count, sizeof *found, by_change);
        for (size_t i = 0; i < count && of->verdicts_count - first < EACH_MAX; i++)
            if (verdict_read(&found[i], which == 0, arena, &of->verdicts[of->verdicts_count]))
                of->verdicts_count++;
        qsort(of->verdicts + first, of->verdicts_count - first, sizeof *of->verdicts, by_moment);
    }
    return EH_OK;
}
