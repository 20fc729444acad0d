/* duplicates.yaml: what people have decided about pairs that look alike. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "data/duplicates.h"

typedef struct {
    const eh_yaml_node *same, *different;
    const char *keep, *by, *on, *why;
} decision_record;

static const eh_yaml_field fields[] = {
    {.key = "same", .kind = EH_FIELD_LIST, .offset = offsetof(decision_record, same)},
    {.key = "different", .kind = EH_FIELD_LIST, .offset = offsetof(decision_record, different)},
    {.key = "keep", .kind = EH_FIELD_SCALAR, .offset = offsetof(decision_record, keep)},
    {.key = "by", .kind = EH_FIELD_TEXT, .required = true, .offset = offsetof(decision_record, by), .what = "who decided"},
    {.key = "on", .kind = EH_FIELD_TEXT, .offset = offsetof(decision_record, on)},
    {.key = "why", .kind = EH_FIELD_TEXT, .offset = offsetof(decision_record, why)},
};

static eh_code decision_read(const eh_yaml_node *node, eh_arena *arena, eh_duplicate_decision *decision_out, eh_error *error)
{
    decision_record record = {0};
    const char *const *keys = NULL;
    size_t count = 0;
    EH_TRY(eh_yaml_read(node, fields, sizeof fields / sizeof fields[0], &record, error));
    if ((record.same == NULL) == (record.different == NULL))
        return eh_yaml_fail(node, error, EH_INPUT, "a decision is either  same: [A, B]  or  different: [A, B]");
    const eh_yaml_node *pair = record.same != NULL ? record.same : record.different;
    EH_TRY(eh_yaml_texts(pair, 2, arena, &keys, &count, error));
    if (count != 2 || strcmp(keys[0], keys[1]) == 0)
        return eh_yaml_fail(pair, error, EH_INPUT, "must name two people by their keys");
    if (record.same != NULL && (record.keep == NULL || (strcmp(record.keep, keys[0]) != 0 && strcmp(record.keep, keys[1]) != 0)))
        return eh_yaml_fail(node, error, EH_INPUT, "'keep' must be one of the two: the key that goes on");
    *decision_out = (eh_duplicate_decision){.same = record.same != NULL};
    const char *texts[] = {keys[0], keys[1], record.keep, record.by, record.on, record.why};
    const char **places[] = {&decision_out->keys[0], &decision_out->keys[1], &decision_out->keep, &decision_out->by, &decision_out->on, &decision_out->why};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (texts[i] != NULL && (*places[i] = eh_arena_copy(arena, eh_view_of(texts[i]))) == NULL)
            return eh_fail_memory(error);
    return EH_OK;
}

static bool same_pair(const eh_duplicate_decision *a, const eh_duplicate_decision *b)
{
    return (strcmp(a->keys[0], b->keys[0]) == 0 && strcmp(a->keys[1], b->keys[1]) == 0) || (strcmp(a->keys[0], b->keys[1]) == 0 && strcmp(a->keys[1], b->keys[0]) == 0);
}

static const char *other_of(const eh_duplicate_decision *decision)
{
    return strcmp(decision->keys[0], decision->keep) == 0 ? decision->keys[1] : decision->keys[0];
}

const char *eh_duplicate_kept(const eh_duplicate_decision *decisions, size_t count, const char *key)
{
    /* Each step follows one merge; more steps than merges would be a circle, which reading refuses. */
    for (size_t step = 0; step <= count; step++) {
        const char *next = NULL;
        for (size_t i = 0; i < count && next == NULL; i++)
            if (decisions[i].same && strcmp(other_of(&decisions[i]), key) == 0)
                next = decisions[i].keep;
        if (next == NULL)
            return key;
        key = next;
    }
    return key;
}

static eh_code refuse_contradictions(const eh_yaml_node *list, const eh_duplicate_decision *decisions, size_t count, eh_error *error)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (same_pair(&decisions[i], &decisions[k]))
                return eh_yaml_fail(list->items[i], error, EH_CONFLICT, "'%.60s' and '%.60s' were decided in line %u already; keep one decision", decisions[i].keys[0],
                                    decisions[i].keys[1], list->items[k]->line);
            if (decisions[i].same && decisions[k].same && strcmp(other_of(&decisions[i]), other_of(&decisions[k])) == 0)
                return eh_yaml_fail(list->items[i], error, EH_CONFLICT, "'%.60s' goes into '%.60s' here and into '%.60s' in line %u", other_of(&decisions[i]), decisions[i].keep,
                                    decisions[k].keep, list->items[k]->line);
        }
        const char *end = decisions[i].same ? eh_duplicate_kept(decisions, count, decisions[i].keep) : NULL;
        for (size_t k = 0; end != NULL && k < count; k++)
            if (decisions[k].same && strcmp(other_of(&decisions[k]), end) == 0)
                return eh_yaml_fail(list->items[i], error, EH_CONFLICT, "'%.60s' would go into itself by way of others; correct one 'keep'", decisions[i].keys[0]);
    }
    for (size_t i = 0; i < count; i++)
        if (!decisions[i].same && strcmp(eh_duplicate_kept(decisions, count, decisions[i].keys[0]), eh_duplicate_kept(decisions, count, decisions[i].keys[1])) == 0)
            return eh_yaml_fail(list->items[i], error, EH_CONFLICT, "'%.60s' and '%.60s' are different here, but other decisions make them one", decisions[i].keys[0],
                                decisions[i].keys[1]);
    return EH_OK;
}

eh_code eh_duplicate_decisions_read_file(const char *path, eh_arena *arena, const eh_duplicate_decision **decisions_out, size_t *count_out, eh_error *error)
{
    struct {
        const eh_yaml_node *decisions;
    } top = {0};
    static const eh_yaml_field top_field = {.key = "decisions", .kind = EH_FIELD_LIST};
    *decisions_out = NULL;
    *count_out = 0;
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    EH_TRY(eh_yaml_read_file(path, &document, error));
    if (eh_yaml_root(document)->type == EH_YAML_NULL)
        return EH_OK;
    EH_TRY(eh_yaml_read(eh_yaml_root(document), &top_field, 1, &top, error));
    size_t count = top.decisions == NULL ? 0 : top.decisions->count;
    eh_duplicate_decision *decisions = EH_TAKE(arena, count, eh_duplicate_decision);
    if (decisions == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        EH_TRY(decision_read(top.decisions->items[i], arena, &decisions[i], error));
    if (count > 0)
        EH_TRY(refuse_contradictions(top.decisions, decisions, count, error));
    *decisions_out = decisions;
    *count_out = count;
    return EH_OK;
}

eh_code eh_duplicate_decisions_read(eh_workspace *workspace, eh_arena *arena, const eh_duplicate_decision **decisions_out, size_t *count_out, eh_error *error)
{
    const char *path = eh_workspace_path(workspace, EH_DUPLICATES_FILE);
    *decisions_out = NULL;
    *count_out = 0;
    if (path == NULL)
        return eh_fail_memory(error);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return EH_OK;
    return eh_duplicate_decisions_read_file(path, arena, decisions_out, count_out, error);
}

/* ---- writing ------------------------------------------------------------------------------------------------------------------------ */

static void quoted(eh_buffer *out, const char *text)
{
    eh_buffer_byte(out, '"');
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == 0x7F)
            eh_buffer_format(out, "\\x%02x", byte);
        else
            eh_buffer_text(out, byte == '"' ? "\\\"" : byte == '\\' ? "\\\\" : (char[2]){*at, '\0'});
    }
    eh_buffer_byte(out, '"');
}

static void decision_write(eh_buffer *out, const eh_duplicate_decision *decision)
{
    eh_buffer_text(out, decision->same ? "  - same: [" : "  - different: [");
    quoted(out, decision->keys[0]);
    eh_buffer_text(out, ", ");
    quoted(out, decision->keys[1]);
    eh_buffer_text(out, "]\n");
    const char *const names[] = {"keep", "by", "on", "why"}, *const texts[] = {decision->keep, decision->by, decision->on, decision->why};
    for (size_t i = 0; i < 4; i++) {
        if (texts[i] == NULL)
            continue;
        eh_buffer_format(out, "    %s: ", names[i]);
        quoted(out, texts[i]);
        eh_buffer_byte(out, '\n');
    }
}

eh_code eh_duplicate_decide(eh_workspace *workspace, const eh_duplicate_decision *decision, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    const eh_duplicate_decision *before = NULL;
    size_t count = 0;
    const char *path = eh_workspace_path(workspace, EH_DUPLICATES_FILE);
    if (arena == NULL || path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_duplicate_decisions_read(workspace, arena, &before, &count, error));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_text(&text, "# Who was decided to be one person, and who not. 'evenhand duplicates' adds to it; 'evenhand repair' merges by it.\ndecisions:\n");
    for (size_t i = 0; i < count; i++)
        if (!same_pair(&before[i], decision)) /* the later decision counts */
            decision_write(&text, &before[i]);
    decision_write(&text, decision);
    EH_TRY(eh_buffer_check(&text, error));
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    EH_TRY(eh_yaml_parse(eh_buffer_view(&text), path, &document, error));
    const eh_yaml_node *list = eh_yaml_member_value(eh_yaml_root(document), "decisions");
    eh_duplicate_decision *after = EH_TAKE(arena, list->count, eh_duplicate_decision);
    if (after == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < list->count; i++)
        EH_TRY(decision_read(list->items[i], arena, &after[i], error));
    EH_TRY(refuse_contradictions(list, after, list->count, error));
    return eh_file_replace(path, eh_buffer_view(&text), error);
}
