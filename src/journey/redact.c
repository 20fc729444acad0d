/* Takes a person out of a text: every form in which one of their marks may be written is looked for, where it stands as a word of its own. */
#include <string.h>

#include "base/html.h"
#include "base/json.h"
#include "journey/people_int.h"

enum { WORDS_MAX = 512, DISTINCT_BYTES = 6, DISTINCT_BYTES_MIXED = 4 };

static const char replacement[] = "erased";

/* One mark as it may be written. */
typedef struct {
    eh_view text;
    bool distinct;
} word;

typedef struct {
    word words[WORDS_MAX];
    size_t count;
    bool starts[256];    /* with which byte one of them begins, small letters and capitals alike */
    eh_buffer forms;     /* their texts */
    eh_buffer *out;
    uint64_t changes;
} redacting;

bool eh_mark_is_distinct(const char *mark)
{
    size_t len = strlen(mark);
    return len >= DISTINCT_BYTES || (len >= DISTINCT_BYTES_MIXED && strspn(mark, "0123456789") != len);
}

static unsigned char small(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static char capital(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

/* ---- the words ------------------------------------------------------------------------------------------------------------------------ */

static eh_code word_add(redacting *r, size_t from, bool distinct, eh_error *error)
{
    if (r->count == WORDS_MAX)
        return eh_fail(error, EH_LIMIT, "a person with more than %d names", WORDS_MAX);
    r->words[r->count++] = (word){.text = {(const char *)(uintptr_t)from, r->forms.len - from}, .distinct = distinct};
    return EH_OK;
}

/* As it is, as JSON writes it, as HTML writes it. Texts are given by their place until all are there, as the buffer moves. */
static eh_code words_make(redacting *r, const eh_person_marks *marks, eh_error *error)
{
    for (size_t i = 0; i < marks->marks_count; i++) {
        eh_json_writer json;
        bool distinct = eh_mark_is_distinct(marks->marks[i]);
        size_t from = r->forms.len;
        eh_buffer_text(&r->forms, marks->marks[i]);
        EH_TRY(word_add(r, from, distinct, error));
        from = r->forms.len + 1; /* after the quotation mark */
        eh_json_begin(&json, &r->forms, false, false);
        eh_json_text(&json, NULL, marks->marks[i]);
        r->forms.len = r->forms.code == EH_OK ? r->forms.len - 1 : r->forms.len;
        EH_TRY(word_add(r, from, distinct, error));
        from = r->forms.len;
        eh_html_text(&r->forms, eh_view_of(marks->marks[i]));
        EH_TRY(word_add(r, from, distinct, error));
    }
    EH_TRY(eh_buffer_check(&r->forms, error));
    for (size_t i = 0; i < r->count; i++) {
        eh_view *text = &r->words[i].text;
        text->ptr = r->forms.ptr + (uintptr_t)text->ptr;
        if (text->len == 0)
            continue;
        r->starts[small(text->ptr[0])] = true;
        r->starts[(unsigned char)capital((char)small(text->ptr[0]))] = true;
    }
    return EH_OK;
}

static bool same(const char *a, const char *b, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (small(a[i]) != small(b[i]))
            return false;
    return true;
}

/* ---- replacing -------------------------------------------------------------------------------------------------------------------------- */

static bool in_word(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' || (unsigned char)c >= 0x80;
}

/* The longest mark that stands at `at` as a word of its own; 0: none. */
static size_t mark_at(const redacting *r, eh_view text, size_t at, bool all)
{
    size_t longest = 0;
    if (!r->starts[(unsigned char)text.ptr[at]])
        return 0;
    for (size_t i = 0; i < r->count; i++) {
        eh_view one = r->words[i].text;
        if (one.len <= longest || one.len > text.len - at || (!r->words[i].distinct && !all) || !same(text.ptr + at, one.ptr, one.len))
            continue;
        bool before = at > 0 && in_word(text.ptr[at - 1]) && in_word(one.ptr[0]);
        bool after = at + one.len < text.len && in_word(text.ptr[at + one.len]) && in_word(one.ptr[one.len - 1]);
        if (!before && !after)
            longest = one.len;
    }
    return longest;
}

static void marks_replace(redacting *r, eh_view text)
{
    size_t from = 0;
    for (size_t at = 0; at < text.len;) {
        size_t len = mark_at(r, text, at, false);
        if (len == 0) {
            at++;
            continue;
        }
        eh_buffer_append(r->out, (eh_view){text.ptr + from, at - from});
        eh_buffer_text(r->out, replacement);
        r->changes++;
        at += len;
        from = at;
    }
    eh_buffer_append(r->out, (eh_view){text.ptr + from, text.len - from});
}

static bool is_mark(const redacting *r, eh_view text)
{
    for (size_t i = 0; i < r->count; i++)
        if (r->words[i].text.len == text.len && same(r->words[i].text.ptr, text.ptr, text.len))
            return true;
    return false;
}

/* ---- JSON ---------------------------------------------------------------------------------------------------------------------------------- */

/* Members whose texts are people's keys, so that a short one is a mark too. */
static bool names_somebody(eh_view member)
{
    static const char *const names[] = {"person", "people", "key_examples", "subject_key", "customer"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (eh_view_equal(member, eh_view_of(names[i])))
            return true;
    return false;
}

/* The end of the string that begins behind text.ptr[at] (a quotation mark): the place of the closing one, or the end of the text. */
static size_t string_end(eh_view text, size_t at)
{
    for (at++; at < text.len && text.ptr[at] != '"'; at++)
        if (text.ptr[at] == '\\' && at + 1 < text.len)
            at++;
    return at;
}

static bool is_member(eh_view text, size_t end)
{
    size_t at = end + 1;
    while (at < text.len && strchr(" \t\r\n", text.ptr[at]) != NULL && text.ptr[at] != '\0')
        at++;
    return at < text.len && text.ptr[at] == ':';
}

static void json_replace(redacting *r, eh_view text)
{
    eh_view member = {0};
    for (size_t at = 0; at < text.len;) {
        if (text.ptr[at] != '"') {
            eh_buffer_byte(r->out, text.ptr[at++]);
            continue;
        }
        size_t end = string_end(text, at);
        eh_view content = {text.ptr + at + 1, end - at - 1};
        eh_buffer_byte(r->out, '"');
        if (is_member(text, end)) {
            member = content;
            marks_replace(r, content);
        } else if (names_somebody(member) && is_mark(r, content)) {
            eh_buffer_text(r->out, replacement);
            r->changes++;
        } else {
            marks_replace(r, content);
        }
        if (end < text.len)
            eh_buffer_byte(r->out, '"');
        at = end + 1;
    }
}

static void lines_replace(redacting *r, eh_view text)
{
    for (size_t at = 0; at < text.len;) {
        const char *newline = memchr(text.ptr + at, '\n', text.len - at);
        size_t end = newline == NULL ? text.len : (size_t)(newline - text.ptr), next = newline == NULL ? text.len : end + 1;
        if (is_mark(r, (eh_view){text.ptr + at, end - at}))
            r->changes++;
        else
            eh_buffer_append(r->out, (eh_view){text.ptr + at, next - at});
        at = next;
    }
}

eh_code eh_redact(eh_view text, const eh_person_marks *marks, eh_text_form form, eh_buffer *out, uint64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(1 << 20);
    redacting *r = arena == NULL ? NULL : EH_TAKE(arena, 1, redacting);
    if (r == NULL)
        return eh_fail_memory(error);
    *r = (redacting){.out = out};
    eh_code code = words_make(r, marks, error);
    if (code == EH_OK) {
        if (form == EH_TEXT_JSON)
            json_replace(r, text);
        else if (form == EH_TEXT_LINES)
            lines_replace(r, text);
        else
            marks_replace(r, text);
        code = eh_buffer_check(out, error);
    }
    eh_buffer_dispose(&r->forms);
    if (code == EH_OK)
        *count_out = r->changes;
    return code;
}
