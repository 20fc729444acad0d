/* Messages: ICU's MessageFormat with names, compiled into a flat list of parts; ICU gives plural rules and numbers. */
#include "base/messages.h"

#include <stdlib.h>
#include <string.h>

#include <unicode/uloc.h>
#include <unicode/unum.h>
#include <unicode/upluralrules.h>
#include <unicode/ustring.h>

#include "base/yaml.h"

enum { DEPTH_MAX = 6, SELECTOR_UNITS = 32, NUMBER_UNITS = 64 };

typedef enum { PART_TEXT, PART_VALUE, PART_HASH, PART_PERCENT, PART_SELECT, PART_PLURAL, PART_CASE, PART_END } part_kind;

/* A branch is PART_SELECT or PART_PLURAL, then its cases, each PART_CASE with its parts after it; PART_END closes the branch. */
typedef struct {
    part_kind kind;
    eh_view text;   /* the text; the name of the value; the selector of a case */
    size_t next;    /* of a case: the next case or the end; of a branch: its end */
} part;

typedef struct {
    const char *key;
    const part *parts;
    size_t parts_count;
    const char *const *names;
    size_t names_count;
} message;

struct eh_messages {
    eh_arena *arena;
    const char *language;
    const eh_messages *fallback;
    message *list; /* sorted by key */
    const char **keys;
    size_t count;
    UPluralRules *rules;
    UNumberFormat *numbers, *percents;
    bool right_to_left;
};

/* ---- compiling ----------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_yaml_node *node; /* for errors */
    eh_error *error;
    eh_arena *arena;
    const char *at;
    part *parts;
    size_t count, capacity;
    const char **names;
    size_t names_count, names_capacity;
    struct {
        size_t branch, last_case; /* indexes of parts */
        bool plural, has_other;
    } open[DEPTH_MAX];
    int depth;
} compiler;

static eh_code part_add(compiler *c, part_kind kind, eh_view text)
{
    if (c->count == c->capacity)
        return eh_yaml_fail(c->node, c->error, EH_LIMIT, "a message of more than %zu parts", c->capacity);
    c->parts[c->count++] = (part){.kind = kind, .text = text};
    return EH_OK;
}

static eh_code wrong(compiler *c, const char *what)
{
    return eh_yaml_fail(c->node, c->error, EH_INPUT, "%s; see near \"%.30s\"", what, c->at);
}

static void blanks_skip(compiler *c)
{
    while (*c->at == ' ' || *c->at == '\n' || *c->at == '\t')
        c->at++;
}

static bool is_word(char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-';
}

static eh_view word_take(compiler *c)
{
    const char *start = c->at;
    while (is_word(*c->at))
        c->at++;
    return (eh_view){start, (size_t)(c->at - start)};
}

static eh_code name_note(compiler *c, eh_view name)
{
    for (size_t i = 0; i < c->names_count; i++)
        if (eh_view_equal(eh_view_of(c->names[i]), name))
            return EH_OK;
    if (c->names_count == c->names_capacity)
        return eh_yaml_fail(c->node, c->error, EH_LIMIT, "a message with more than %zu names", c->names_capacity);
    char *copy = eh_arena_copy(c->arena, name);
    if (copy == NULL)
        return eh_fail_memory(c->error);
    c->names[c->names_count++] = copy;
    return EH_OK;
}

/* Text up to a brace or a hash that means something; apostrophes as ICU reads them. */
static eh_code text_take(compiler *c)
{
    bool plural = c->depth > 0 && c->open[c->depth - 1].plural;
    size_t len = 0, most = strlen(c->at);
    char *bytes = EH_TAKE(c->arena, most + 1, char);
    if (bytes == NULL)
        return eh_fail_memory(c->error);
    for (bool quoted = false; *c->at != '\0'; c->at++) {
        if (*c->at == '\'' && c->at[1] == '\'') {
            bytes[len++] = *c->at++;
        } else if (*c->at == '\'' && (quoted || c->at[1] == '{' || c->at[1] == '}' || (plural && c->at[1] == '#'))) {
            quoted = !quoted;
        } else if (!quoted && (*c->at == '{' || *c->at == '}' || (plural && *c->at == '#'))) {
            break;
        } else {
            bytes[len++] = *c->at;
        }
    }
    return len == 0 ? EH_OK : part_add(c, PART_TEXT, (eh_view){bytes, len});
}

static eh_code branch_open(compiler *c, eh_view name, bool plural)
{
    if (c->depth == DEPTH_MAX)
        return wrong(c, "braces too deep in one another");
    c->open[c->depth].branch = c->count;
    c->open[c->depth].last_case = 0;
    c->open[c->depth].plural = plural;
    c->open[c->depth].has_other = false;
    c->depth++;
    return part_add(c, plural ? PART_PLURAL : PART_SELECT, name);
}

/* "one {": the selector of the next case; or "}": the end of the branch. *inside_out is whether a case was opened. */
static eh_code case_open(compiler *c, bool *inside_out)
{
    size_t here = c->count, branch = c->open[c->depth - 1].branch, last = c->open[c->depth - 1].last_case;
    blanks_skip(c);
    if (last != 0)
        c->parts[last].next = here;
    if (*c->at == '}') {
        if (!c->open[c->depth - 1].has_other)
            return wrong(c, "the case 'other {...}' is missing");
        c->at++;
        c->parts[branch].next = here;
        c->depth--;
        *inside_out = false;
        return part_add(c, PART_END, (eh_view){0});
    }
    const char *start = c->at;
    if (*c->at == '=')
        c->at++;
    eh_view selector = word_take(c);
    selector = (eh_view){start, (size_t)(c->at - start)};
    blanks_skip(c);
    if (selector.len == 0 || *c->at != '{')
        return wrong(c, "a case looks like: one {text}");
    c->at++;
    c->open[c->depth - 1].last_case = here;
    c->open[c->depth - 1].has_other |= eh_view_equal(selector, EH_VIEW("other"));
    *inside_out = true;
    return part_add(c, PART_CASE, selector);
}

/* What stands after an opening brace: a name alone, a number, or a branch, of which the first case is then open. */
static eh_code argument_take(compiler *c)
{
    blanks_skip(c);
    eh_view name = word_take(c);
    blanks_skip(c);
    if (name.len == 0)
        return wrong(c, "a name is missing after {");
    EH_TRY(name_note(c, name));
    if (*c->at == '}') {
        c->at++;
        return part_add(c, PART_VALUE, name);
    }
    if (*c->at != ',')
        return wrong(c, "after a name comes } or a comma");
    c->at++;
    blanks_skip(c);
    eh_view kind = word_take(c);
    blanks_skip(c);
    if (eh_view_equal(kind, EH_VIEW("number"))) {
        bool percent = strncmp(c->at, ", percent}", 10) == 0;
        if (!percent && *c->at != '}')
            return wrong(c, "a number is {name, number} or {name, number, percent}");
        c->at += percent ? 10 : 1;
        return part_add(c, percent ? PART_PERCENT : PART_VALUE, name);
    }
    bool plural = eh_view_equal(kind, EH_VIEW("plural"));
    if ((!plural && !eh_view_equal(kind, EH_VIEW("select"))) || *c->at != ',')
        return wrong(c, "after the comma comes number, plural or select");
    c->at++;
    bool inside;
    EH_TRY(branch_open(c, name, plural));
    EH_TRY(case_open(c, &inside));
    return inside ? EH_OK : wrong(c, "a branch without a case");
}

static eh_code message_compile(compiler *c)
{
    for (;;) {
        EH_TRY(text_take(c));
        if (*c->at == '\0')
            return c->depth == 0 ? EH_OK : wrong(c, "a closing brace is missing");
        if (*c->at == '#') {
            c->at++;
            EH_TRY(part_add(c, PART_HASH, c->parts[c->open[c->depth - 1].branch].text));
        } else if (*c->at == '{') {
            c->at++;
            EH_TRY(argument_take(c));
        } else if (c->depth == 0) {
            return wrong(c, "a closing brace without an opening one; write '}' to show one");
        } else {
            bool inside;
            c->at++;
            EH_TRY(case_open(c, &inside));
        }
    }
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static eh_code message_read(eh_messages *messages, const eh_yaml_member *member, message *out, eh_error *error)
{
    const eh_yaml_node *node = member->value;
    if (node->text == NULL || node->type == EH_YAML_NULL)
        return eh_yaml_fail(node, error, EH_INPUT, "a message is a text");
    size_t most = strlen(node->text) + 2;
    compiler c = {.node = node, .error = error, .arena = messages->arena, .at = node->text, .capacity = most, .names_capacity = 16,
                  .parts = EH_TAKE(messages->arena, most, part), .names = EH_TAKE(messages->arena, 16, const char *)};
    char *key = eh_arena_copy(messages->arena, eh_view_of(member->key->text));
    if (c.parts == NULL || c.names == NULL || key == NULL)
        return eh_fail_memory(error);
    /* The parts point into the text, which must live as long as they do. */
    c.at = eh_arena_copy(messages->arena, eh_view_of(node->text));
    if (c.at == NULL)
        return eh_fail_memory(error);
    EH_TRY(message_compile(&c));
    qsort(c.names, c.names_count, sizeof *c.names, compare_texts);
    *out = (message){key, c.parts, c.count, c.names, c.names_count};
    return EH_OK;
}

static int compare_messages(const void *a, const void *b)
{
    return strcmp(((const message *)a)->key, ((const message *)b)->key);
}

static eh_code messages_read(eh_messages *messages, const eh_yaml_node *root, eh_error *error)
{
    if (root->type != EH_YAML_MAPPING)
        return eh_yaml_fail(root, error, EH_INPUT, "a file of messages is a mapping of keys to texts");
    messages->list = EH_TAKE(messages->arena, root->count, message);
    messages->keys = EH_TAKE(messages->arena, root->count, const char *);
    if (messages->list == NULL || messages->keys == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < root->count; i++)
        EH_TRY(message_read(messages, &root->members[i], &messages->list[i], error));
    messages->count = root->count;
    qsort(messages->list, messages->count, sizeof *messages->list, compare_messages);
    for (size_t i = 0; i < messages->count; i++)
        messages->keys[i] = messages->list[i].key;
    return EH_OK;
}

static eh_code language_open(eh_messages *messages, eh_error *error)
{
    char locale[64];
    UErrorCode status = U_ZERO_ERROR;
    uloc_forLanguageTag(messages->language, locale, sizeof locale, NULL, &status);
    messages->rules = uplrules_open(locale, &status);
    messages->numbers = unum_open(UNUM_DECIMAL, NULL, 0, locale, NULL, &status);
    messages->percents = unum_open(UNUM_PERCENT, NULL, 0, locale, NULL, &status);
    messages->right_to_left = uloc_isRightToLeft(locale);
    if (U_FAILURE(status))
        return eh_fail(error, EH_UNAVAILABLE, "the language '%s' cannot be used: %s", messages->language, u_errorName(status));
    return EH_OK;
}

eh_code eh_messages_open(eh_view yaml, const char *name, const char *language, const eh_messages *fallback, eh_messages **messages_out,
                         eh_error *error)
{
    EH_CLEANUP(eh_messages_close) eh_messages *messages = calloc(1, sizeof *messages);
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    if (messages == NULL)
        return eh_fail_memory(error);
    messages->arena = eh_arena_open(EH_MESSAGES_BYTES_MAX);
    messages->fallback = fallback;
    messages->language = messages->arena == NULL ? NULL : eh_arena_copy(messages->arena, eh_view_of(language));
    if (messages->language == NULL)
        return eh_fail_memory(error);
    EH_TRY(language_open(messages, error));
    EH_TRY(eh_yaml_parse(yaml, name, &document, error));
    EH_TRY(messages_read(messages, eh_yaml_root(document), error));
    *messages_out = messages;
    messages = NULL;
    return EH_OK;
}

void eh_messages_close(eh_messages **messages_address)
{
    eh_messages *messages = *messages_address;
    if (messages == NULL)
        return;
    uplrules_close(messages->rules);
    unum_close(messages->numbers);
    unum_close(messages->percents);
    eh_arena_close(&messages->arena);
    free(messages);
    *messages_address = NULL;
}

const char *eh_messages_language(const eh_messages *messages)
{
    return messages->language;
}

bool eh_messages_right_to_left(const eh_messages *messages)
{
    return messages->right_to_left;
}

static const message *message_find(const eh_messages *messages, const char *key)
{
    const message wanted = {.key = key};
    return messages->count == 0 ? NULL : bsearch(&wanted, messages->list, messages->count, sizeof *messages->list, compare_messages);
}

bool eh_messages_has(const eh_messages *messages, const char *key)
{
    return message_find(messages, key) != NULL;
}

void eh_messages_keys(const eh_messages *messages, const char *const **keys_out, size_t *count_out)
{
    *keys_out = messages->keys;
    *count_out = messages->count;
}

void eh_messages_arguments(const eh_messages *messages, const char *key, const char *const **names_out, size_t *count_out)
{
    const message *found = message_find(messages, key);
    *names_out = found == NULL ? NULL : found->names;
    *count_out = found == NULL ? 0 : found->names_count;
}

/* ---- filling ------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_messages *messages;
    const eh_message_value *values;
    size_t count;
    eh_buffer *out;
} filling;

static const eh_message_value *value_find(const filling *f, eh_view name)
{
    for (size_t i = 0; i < f->count; i++)
        if (eh_view_equal(eh_view_of(f->values[i].name), name))
            return &f->values[i];
    return NULL;
}

static void number_append(const filling *f, const UNumberFormat *format, double number)
{
    UChar units[NUMBER_UNITS];
    char text[4 * NUMBER_UNITS];
    UErrorCode status = U_ZERO_ERROR;
    int32_t count = unum_formatDouble(format, number, units, NUMBER_UNITS, NULL, &status), bytes = 0;
    u_strToUTF8(text, sizeof text, &bytes, units, count, &status);
    if (U_FAILURE(status))
        eh_buffer_format(f->out, "%g", number);
    else
        eh_buffer_append(f->out, (eh_view){text, (size_t)bytes});
}

static void value_append(const filling *f, const part *p)
{
    const eh_message_value *value = value_find(f, p->text);
    if (value == NULL)
        eh_buffer_format(f->out, "\xC2\xAB%.*s\xC2\xBB", (int)p->text.len, p->text.ptr);
    else if (value->text != NULL)
        eh_buffer_text(f->out, value->text);
    else
        number_append(f, p->kind == PART_PERCENT ? f->messages->percents : f->messages->numbers, value->number);
}

static bool plural_fits(const filling *f, eh_view selector, double number)
{
    UChar units[SELECTOR_UNITS];
    UErrorCode status = U_ZERO_ERROR;
    if (selector.len > 1 && selector.ptr[0] == '=')
        return strtod(selector.ptr + 1, NULL) == number;
    int32_t count = uplrules_select(f->messages->rules, number, units, SELECTOR_UNITS, &status);
    if (U_FAILURE(status) || (size_t)count != selector.len)
        return false;
    for (int32_t i = 0; i < count; i++)
        if (units[i] != (UChar)(unsigned char)selector.ptr[i])
            return false;
    return true;
}

/* The case of the branch at `at` that is to be shown: an exact one, then the plural form or word, then "other". */
static size_t case_choose(const filling *f, const message *m, size_t at)
{
    const part *branch = &m->parts[at];
    const eh_message_value *value = value_find(f, branch->text);
    size_t fitting = 0, other = 0;
    for (size_t i = at + 1; i != branch->next; i = m->parts[i].next) {
        eh_view selector = m->parts[i].text;
        bool exact = selector.len > 0 && selector.ptr[0] == '=';
        if (eh_view_equal(selector, EH_VIEW("other")))
            other = i;
        bool fits = value != NULL && (branch->kind == PART_PLURAL ? value->text == NULL && plural_fits(f, selector, value->number)
                                                                  : value->text != NULL && eh_view_equal(eh_view_of(value->text), selector));
        if (fits && (exact || fitting == 0))
            fitting = i;
        if (fits && exact)
            break;
    }
    return fitting != 0 ? fitting : other;
}

static void message_fill(const filling *f, const message *m)
{
    size_t ends[DEPTH_MAX], after[DEPTH_MAX]; /* where the case that is shown ends, and where its branch does */
    int depth = 0;
    for (size_t at = 0; at < m->parts_count || depth > 0;) {
        if (depth > 0 && at == ends[depth - 1]) {
            at = after[--depth] + 1;
            continue;
        }
        const part *p = &m->parts[at];
        if (p->kind == PART_SELECT || p->kind == PART_PLURAL) {
            size_t chosen = case_choose(f, m, at);
            ends[depth] = m->parts[chosen].next;
            after[depth++] = p->next;
            at = chosen + 1;
            continue;
        }
        if (p->kind == PART_TEXT)
            eh_buffer_append(f->out, p->text);
        else if (p->kind != PART_END)
            value_append(f, p);
        at++;
    }
}

void eh_message_append(const eh_messages *messages, const char *key, const eh_message_value *values, size_t values_count, eh_buffer *out)
{
    for (const eh_messages *at = messages; at != NULL; at = at->fallback) {
        const message *found = message_find(at, key);
        if (found == NULL)
            continue;
        const filling f = {at, values, values_count, out};
        message_fill(&f, found);
        return;
    }
    eh_buffer_format(out, "\xC2\xAB%s\xC2\xBB", key);
}
