/* YAML, read: libfyaml's events become a tree of ours, without recursion, within the limits of base/limits.h. */
#include "base/yaml.h"

#include <errno.h>
#include <libfyaml.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_KEY_BYTES_MAX = 80, NUMBER_BYTES_MAX = 64 };

struct eh_yaml_document {
    eh_arena *arena;
    const eh_yaml_node *root;
};

/* While a document is being built its nodes hang in lists; a list or mapping gets its array when it ends. */
typedef struct entry {
    eh_yaml_node node;
    struct entry *next;
} entry;

typedef struct {
    entry *open;
    entry *first, *last;
    size_t count;
} frame;

typedef struct {
    struct fy_parser *parser;
    struct fy_diag *diag;
    eh_arena *arena;
    const char *file;
    eh_error *error;
    frame frames[EH_YAML_DEPTH_MAX];
    size_t depth;
    eh_yaml_node *root;
    bool document_seen;
} reading;

/* ---- scalars --------------------------------------------------------------------------------------------------------- */

static bool is_one_of(eh_view text, const char *const *words)
{
    for (; *words != NULL; words++)
        if (eh_view_equal(text, eh_view_of(*words)))
            return true;
    return false;
}

static size_t digits_length(eh_view text, size_t from)
{
    size_t at = from;
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at - from;
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?   YAML 1.2.2, 10.3.2. Whole: without point and exponent. */
static bool is_number(eh_view text, bool *whole_out)
{
    size_t at = text.len > 0 && (text.ptr[0] == '-' || text.ptr[0] == '+');
    size_t before = digits_length(text, at), after = 0;
    at += before;
    *whole_out = true;
    if (at < text.len && text.ptr[at] == '.') {
        *whole_out = false;
        after = digits_length(text, ++at);
        at += after;
    }
    if (before + after == 0)
        return false;
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        *whole_out = false;
        at++;
        at += at < text.len && (text.ptr[at] == '-' || text.ptr[at] == '+');
        size_t exponent = digits_length(text, at);
        if (exponent == 0)
            return false;
        at += exponent;
    }
    return at == text.len;
}

/* The type of a scalar that stands without quotes. */
static void resolve_plain(eh_yaml_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    eh_view text = eh_view_of(node->text);
    bool whole;
    node->boolean = is_one_of(text, trues);
    if (is_one_of(text, nulls)) {
        node->type = EH_YAML_NULL;
    } else if (node->boolean || is_one_of(text, falses)) {
        node->type = EH_YAML_BOOLEAN;
    } else if (text.len < NUMBER_BYTES_MAX && is_number(text, &whole)) {
        node->number = strtod(node->text, NULL);
        if (!isfinite(node->number))
            return;
        node->type = EH_YAML_NUMBER;
        errno = 0;
        node->integer = whole ? strtoll(node->text, NULL, 10) : 0;
        if (whole && errno == 0)
            node->type = EH_YAML_INTEGER;
    }
}

/* ---- the tree -------------------------------------------------------------------------------------------------------- */

static eh_code fail_at(const reading *state, const struct fy_mark *mark, eh_code code, const char *what)
{
    return eh_fail(state->error, code, "%s: line %d, column %d: %s", state->file, mark == NULL ? 1 : mark->line + 1,
                   mark == NULL ? 1 : mark->column + 1, what);
}

static const struct fy_mark *before(const struct fy_mark *mark, struct fy_mark *moved)
{
    if (mark == NULL || mark->column == 0)
        return mark;
    *moved = *mark;
    moved->column--;
    return moved;
}

static bool is_key_next(const frame *top)
{
    return top->open->node.type == EH_YAML_MAPPING && top->count % 2 == 0;
}

static eh_code add_node(reading *state, const struct fy_mark *mark, entry **entry_out)
{
    entry *added = EH_TAKE(state->arena, 1, entry);
    if (added == NULL)
        return eh_fail_memory(state->error);
    added->node.type = EH_YAML_TEXT;
    added->node.line = mark == NULL ? 1 : (uint32_t)mark->line + 1;
    added->node.column = mark == NULL ? 1 : (uint32_t)mark->column + 1;
    added->node.file = state->file;
    if (state->depth == 0) {
        state->root = &added->node;
    } else {
        frame *top = &state->frames[state->depth - 1];
        added->node.parent = &top->open->node;
        if (top->last == NULL)
            top->first = added;
        else
            top->last->next = added;
        top->last = added;
        top->count++;
    }
    *entry_out = added;
    return EH_OK;
}

static eh_code add_scalar(reading *state, struct fy_event *event)
{
    struct fy_token *token = event->scalar.value;
    const struct fy_mark *mark = fy_event_start_mark(event);
    bool is_key = state->depth > 0 && is_key_next(&state->frames[state->depth - 1]);
    size_t len = 0;
    const char *text = token == NULL ? "" : fy_token_get_text(token, &len);
    if (text == NULL)
        return eh_fail_memory(state->error);
    if (memchr(text, '\0', len) != NULL)
        return fail_at(state, mark, EH_INPUT, "a text with a zero byte (\\0); remove it");
    entry *added = NULL;
    EH_TRY(add_node(state, mark, &added));
    added->node.text = eh_arena_copy(state->arena, (eh_view){text, len});
    if (added->node.text == NULL)
        return eh_fail_memory(state->error);
    enum fy_scalar_style style = token == NULL ? FYSS_PLAIN : fy_token_scalar_style(token);
    added->node.quoted = style != FYSS_PLAIN;
    if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && added->node.column > 1)
        added->node.column--; /* libfyaml's mark stands behind the quote */
    if (!added->node.quoted)
        resolve_plain(&added->node);
    if (is_key && len == 0)
        return fail_at(state, mark, EH_INPUT, "a key without a name; write one before the colon");
    return EH_OK;
}

static eh_code open_collection(reading *state, struct fy_event *event)
{
    const struct fy_mark *mark = fy_event_start_mark(event);
    if (state->depth > 0 && is_key_next(&state->frames[state->depth - 1]))
        return fail_at(state, mark, EH_INPUT, "a list or mapping as a key; a key is one word or a text in quotes. "
                       "(A value that starts with { or [ or has a colon in it must stand in quotes.)");
    if (state->depth == EH_YAML_DEPTH_MAX)
        return eh_fail(state->error, EH_LIMIT, "%s: line %d, column %d: YAML nested deeper than %d levels", state->file,
                       mark == NULL ? 1 : mark->line + 1, mark == NULL ? 1 : mark->column + 1, EH_YAML_DEPTH_MAX);
    entry *added = NULL;
    EH_TRY(add_node(state, mark, &added));
    added->node.type = event->type == FYET_MAPPING_START ? EH_YAML_MAPPING : EH_YAML_LIST;
    state->frames[state->depth++] = (frame){.open = added};
    return EH_OK;
}

static int compare_members(const void *a, const void *b)
{
    const eh_yaml_node *first = (*(const eh_yaml_member *const *)a)->key, *second = (*(const eh_yaml_member *const *)b)->key;
    int order = strcmp(first->text, second->text);
    return order != 0 ? order : first->line != second->line ? (first->line < second->line ? -1 : 1)
                                                            : (first->column < second->column ? -1 : 1);
}

static eh_code refuse_duplicates(reading *state, const eh_yaml_node *mapping)
{
    const eh_yaml_member **sorted = EH_TAKE(state->arena, mapping->count, const eh_yaml_member *);
    if (sorted == NULL)
        return eh_fail_memory(state->error);
    for (size_t i = 0; i < mapping->count; i++)
        sorted[i] = &mapping->members[i];
    qsort(sorted, mapping->count, sizeof *sorted, compare_members);
    for (size_t i = 1; i < mapping->count; i++) {
        const eh_yaml_node *first = sorted[i - 1]->key, *second = sorted[i]->key;
        if (strcmp(first->text, second->text) == 0)
            return eh_fail(state->error, EH_INPUT, "%s: line %u, column %u: '%.*s' is already there in line %u; keep one of the two",
                           state->file, second->line, second->column, SHOWN_KEY_BYTES_MAX, second->text, first->line);
    }
    return EH_OK;
}

static eh_code close_mapping(reading *state, const frame *top)
{
    eh_yaml_node *node = &top->open->node;
    eh_yaml_member *members = EH_TAKE(state->arena, top->count / 2, eh_yaml_member);
    if (members == NULL)
        return eh_fail_memory(state->error);
    node->count = top->count / 2;
    entry *at = top->first;
    for (size_t i = 0; i < node->count; i++) {
        entry *value = at->next;
        at->node.index = i;
        value->node.index = i;
        value->node.key = at->node.text;
        members[i] = (eh_yaml_member){&at->node, &value->node};
        at = value->next;
    }
    node->members = members;
    return refuse_duplicates(state, node);
}

static eh_code close_collection(reading *state)
{
    const frame *top = &state->frames[--state->depth];
    eh_yaml_node *node = &top->open->node;
    if (node->type == EH_YAML_MAPPING)
        return close_mapping(state, top);
    const eh_yaml_node **items = EH_TAKE(state->arena, top->count, const eh_yaml_node *);
    if (items == NULL)
        return eh_fail_memory(state->error);
    for (entry *at = top->first; at != NULL; at = at->next) {
        at->node.index = node->count;
        items[node->count++] = &at->node;
    }
    node->items = items;
    return EH_OK;
}

static eh_code start_document(reading *state, struct fy_event *event)
{
    if (state->document_seen)
        return fail_at(state, fy_event_start_mark(event), EH_INPUT, "a second document starts here; one file holds one document, so remove the line with ---");
    state->document_seen = true;
    struct fy_document_state *directives = event->document_start.document_state;
    if (directives != NULL && (fy_document_state_tags_explicit(directives) || fy_document_state_version_explicit(directives)))
        return fail_at(state, NULL, EH_INPUT, "a directive (a line that starts with %); remove it");
    return EH_OK;
}

static eh_code take_event(reading *state, struct fy_event *event)
{
    struct fy_mark sign = {0}; /* libfyaml marks the name, behind the * or & */
    if (event->type == FYET_ALIAS)
        return fail_at(state, before(fy_event_start_mark(event), &sign), EH_INPUT, "an alias (*name) is not allowed; write the value out, "
                       "or put the text in quotes if the star belongs to it");
    bool node_starts = event->type == FYET_SCALAR || event->type == FYET_SEQUENCE_START || event->type == FYET_MAPPING_START;
    struct fy_token *anchor = node_starts ? fy_event_get_anchor_token(event) : NULL;
    if (anchor != NULL)
        return fail_at(state, before(fy_token_start_mark(anchor), &sign), EH_INPUT, "an anchor (&name) is not allowed; remove it, "
                       "or put the text in quotes if the & belongs to it");
    struct fy_token *tag = node_starts ? fy_event_get_tag_token(event) : NULL;
    if (tag != NULL)
        return fail_at(state, fy_token_start_mark(tag), EH_INPUT, "a tag (!name) is not allowed; remove it, "
                       "or put the text in quotes if the ! belongs to it");
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return start_document(state, event);
    case FYET_SCALAR:
        return add_scalar(state, event);
    case FYET_MAPPING_START:
    case FYET_SEQUENCE_START:
        return open_collection(state, event);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        return close_collection(state);
    default:
        return EH_OK;
    }
}

/* ---- parsing --------------------------------------------------------------------------------------------------------- */

/* What to do about the messages of libfyaml that people who write SQL into YAML will meet. */
static const char *syntax_hint(const char *message)
{
    static const struct {
        const char *part, *hint;
    } hints[] = {
        {"nested block mapping on the same line", "; a text with ': ' in it must stand in quotes"},
        {"plain scalar cannot start", "; put the text in quotes"},
        {"multiline plain key", "; do the lines that belong together start in the same column?"},
        {"at the end of block", "; do the lines that belong together start in the same column?"},
        {"missing comma in flow", "; a text with { } [ ] , or : in it must stand in quotes"},
        {"tab character", "; use blanks"},
        {"invalid escape", "; inside \"...\" a backslash is written \\\\; inside '...' it stands for itself"},
        {"without closing quote", "; where should it end?"},
        {"without a closing bracket", "; where should it end?"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++)
        if (strstr(message, hints[i].part) != NULL)
            return hints[i].hint;
    return "";
}

static eh_code fail_syntax(const reading *state)
{
    void *at = NULL;
    const struct fy_diag_error *first = fy_diag_errors_iterate(state->diag, &at);
    if (first == NULL)
        return eh_fail(state->error, EH_INPUT, "%s: not valid YAML", state->file);
    int line = first->line < 1 ? 1 : first->line, column = first->column < 1 ? 1 : first->column;
    return eh_fail(state->error, EH_INPUT, "%s: line %d, column %d: not valid YAML: %s%s", state->file, line, column, first->msg,
                   syntax_hint(first->msg));
}

static eh_code read_events(reading *state)
{
    for (;;) {
        struct fy_event *event = fy_parser_parse(state->parser);
        if (event == NULL)
            return fy_diag_got_error(state->diag) ? fail_syntax(state) : EH_OK;
        bool ended = event->type == FYET_STREAM_END;
        eh_code code = take_event(state, event);
        fy_parser_event_free(state->parser, event);
        if (code != EH_OK || ended)
            return code;
    }
}

/* What libfyaml reads differently from release to release is refused before: bytes that are no UTF-8, control characters. */
static eh_code check_bytes(eh_view text, const char *name, eh_error *error)
{
    uint32_t line = 1, column = 1;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if ((byte < 0x20 && byte != '\n' && byte != '\r' && byte != '\t') || byte == 0x7F)
            return eh_fail(error, EH_INPUT, "%s: line %u, column %u: a control character (0x%02x); remove it", name, line, column, byte);
        if ((byte & 0xC0) != 0x80)
            column++;
        if (byte == '\n') {
            if (!eh_utf8_valid((eh_view){text.ptr, i}))
                return eh_fail(error, EH_INPUT, "%s: line %u: not valid UTF-8; save the file as UTF-8", name, line);
            text.ptr += i + 1;
            text.len -= i + 1;
            i = (size_t)-1;
            line++;
            column = 1;
        }
    }
    if (!eh_utf8_valid(text))
        return eh_fail(error, EH_INPUT, "%s: line %u: not valid UTF-8; save the file as UTF-8", name, line);
    return EH_OK;
}

static void close_parser(struct fy_parser **parser)
{
    fy_parser_destroy(*parser);
}

static void close_diag(struct fy_diag **diag)
{
    fy_diag_destroy(*diag);
}

static eh_code build(reading *state, eh_view text)
{
    struct fy_diag_cfg diag_settings;
    fy_diag_cfg_default(&diag_settings);
    diag_settings.fp = NULL;
    EH_CLEANUP(close_diag) struct fy_diag *diag = fy_diag_create(&diag_settings);
    if (diag == NULL)
        return eh_fail_memory(state->error);
    fy_diag_set_collect_errors(diag, true);
    state->diag = diag;
    struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_JSON_NONE | FYPCF_DEFAULT_VERSION_1_2, .diag = diag};
    EH_CLEANUP(close_parser) struct fy_parser *parser = fy_parser_create(&settings);
    if (parser == NULL || fy_parser_set_string(parser, text.len == 0 ? "" : text.ptr, text.len) != 0)
        return eh_fail_memory(state->error);
    state->parser = parser;
    return read_events(state);
}

eh_code eh_yaml_parse(eh_view text, const char *name, eh_yaml_document **document_out, eh_error *error)
{
    if (text.len > EH_YAML_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu bytes of YAML, at most %d", name, text.len, EH_YAML_BYTES_MAX);
    if (text.len >= 3 && memcmp(text.ptr, "\xEF\xBB\xBF", 3) == 0)
        text = (eh_view){text.ptr + 3, text.len - 3};
    EH_TRY(check_bytes(text, name, error));
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_yaml_document *document = arena == NULL ? NULL : EH_TAKE(arena, 1, eh_yaml_document);
    reading *state = arena == NULL ? NULL : EH_TAKE(arena, 1, reading);
    const char *file = arena == NULL ? NULL : eh_arena_copy(arena, eh_view_of(name));
    if (document == NULL || state == NULL || file == NULL)
        return eh_fail_memory(error);
    *state = (reading){.arena = arena, .file = file, .error = error};
    EH_TRY(build(state, text));
    if (state->root == NULL) {
        entry *nothing = NULL;
        EH_TRY(add_node(state, NULL, &nothing));
        nothing->node.type = EH_YAML_NULL;
        nothing->node.text = "";
    }
    document->root = state->root;
    document->arena = arena;
    arena = NULL;
    *document_out = document;
    return EH_OK;
}

eh_code eh_yaml_read_file(const char *path, eh_yaml_document **document_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    EH_TRY(eh_file_read(path, EH_YAML_BYTES_MAX, &text, error));
    return eh_yaml_parse(eh_buffer_view(&text), path, document_out, error);
}

void eh_yaml_close(eh_yaml_document **document)
{
    if (document == NULL || *document == NULL)
        return;
    eh_arena *arena = (*document)->arena; /* the document lies in it */
    *document = NULL;
    eh_arena_close(&arena);
}

const eh_yaml_node *eh_yaml_root(const eh_yaml_document *document)
{
    return document == NULL ? NULL : document->root;
}

const eh_yaml_node *eh_yaml_member_value(const eh_yaml_node *mapping, const char *key)
{
    if (mapping == NULL || mapping->type != EH_YAML_MAPPING)
        return NULL;
    for (size_t i = 0; i < mapping->count; i++)
        if (strcmp(mapping->members[i].key->text, key) == 0)
            return mapping->members[i].value;
    return NULL;
}
