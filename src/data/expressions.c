/*
 * Expressions as the user writes them. A scanner, no parser: it knows where quotes and brackets begin and end, cuts at the commas
 * between them, and refuses words that only a whole query or statement would hold. What passes is still read by the engine, which
 * is locked down.
 */
#include <ctype.h>
#include <string.h>

#include "data/data_int.h"

typedef struct {
    const char *option;
    eh_view text;
    size_t at;
    eh_error *error;
    eh_arena *arena;
    char brackets[EH_EXPRESSION_DEPTH_MAX];
    bool from_allowed[EH_EXPRESSION_DEPTH_MAX]; /* the bracket belongs to extract(.. FROM ..) or the like */
    size_t depth;
    eh_view word, word_before; /* the last two words, e.g. IS DISTINCT before FROM */
    bool operand_before;       /* something stands directly before, so that a word cannot begin a statement */
    size_t as_start, as_end;   /* the AS that stands outside brackets; as_end 0: none */
    size_t item_start;
    eh_expression *items;
    size_t count, capacity;
} scanner;

/* Only a query inside the expression would hold these; they are reserved, so no column has such a name without quotes. */
static const char *const refused_words[] = {"SELECT", "INTO", "TABLE", "UNION", "INTERSECT", "EXCEPT", "PIVOT", "PIVOT_WIDER", "PIVOT_LONGER", "UNPIVOT",
                                            "DESCRIBE", "SHOW", "SUMMARIZE", "CREATE", "HAVING", "LIMIT", "OFFSET", "QUALIFY", "RETURNING"};
/* These begin a statement when another word or a quote follows; alone they may be columns. */
static const char *const statement_words[] = {"COPY", "ATTACH", "DETACH", "INSTALL", "LOAD", "PRAGMA", "SET", "RESET", "INSERT", "UPDATE", "DELETE",
                                              "DROP", "ALTER", "VALUES", "CALL", "EXPORT", "IMPORT", "EXECUTE", "PREPARE", "DEALLOCATE", "TRUNCATE",
                                              "VACUUM", "CHECKPOINT", "FORCE", "USE", "BEGIN", "COMMIT", "ROLLBACK", "EXPLAIN", "MERGE", "WITH"};
static const char *const operator_words[] = {"AS", "IS", "IN", "BETWEEN", "LIKE", "ILIKE", "NOT", "AND", "OR", "SIMILAR", "GLOB", "COLLATE",
                                             "ISNULL", "NOTNULL", "THEN", "ELSE", "END", "WHEN", "FROM", "AT"};
static const char *const from_functions[] = {"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY"};

#define AMONG(word, list) among((word), (list), sizeof(list) / sizeof((list)[0]))

static bool among(eh_view word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (eh_view_equal_nocase(word, eh_view_of(list[i])))
            return true;
    return false;
}

static eh_code refuse(scanner *s, size_t at, const char *what)
{
    return eh_fail(s->error, EH_INPUT, "%s: column %zu: %s", s->option, at + 1, what);
}

static bool is_word_start(char byte)
{
    return isalpha((unsigned char)byte) || byte == '_' || (unsigned char)byte >= 0x80;
}

static bool is_word(char byte)
{
    return is_word_start(byte) || isdigit((unsigned char)byte) || byte == '$';
}

/* Length of white space at `at`, with the blanks of other alphabets that the engine takes for white space; 0 for none. */
static size_t space_at(eh_view text, size_t at)
{
    static const char *const wide[] = {"\xc2\xa0",     "\xc2\x85",     "\xe1\x9a\x80", "\xe1\xa0\x8e", "\xe2\x80\xa8", "\xe2\x80\xa9",
                                       "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe2\x81\xa0", "\xe3\x80\x80", "\xef\xbb\xbf"};
    unsigned char byte = (unsigned char)text.ptr[at];
    if (byte < 0x80)
        return isspace(byte) ? 1 : 0;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        size_t len = strlen(wide[i]);
        if (text.len - at >= len && memcmp(text.ptr + at, wide[i], len) == 0)
            return len;
    }
    /* U+2000 to U+200F */
    if (text.len - at >= 3 && byte == 0xe2 && (unsigned char)text.ptr[at + 1] == 0x80 && (unsigned char)text.ptr[at + 2] <= 0x8f)
        return 3;
    return 0;
}

static size_t spaces_end(eh_view text, size_t at)
{
    while (at < text.len) {
        size_t len = space_at(text, at);
        if (len == 0)
            break;
        at += len;
    }
    return at;
}

static eh_view trimmed(eh_view text)
{
    size_t start = spaces_end(text, 0), end = start;
    for (size_t at = start; at < text.len;) {
        size_t len = space_at(text, at);
        at += len == 0 ? 1 : len;
        if (len == 0)
            end = at;
    }
    return (eh_view){text.ptr + start, end - start};
}

/* Past a quoted text that starts at `at`; doubled quotes belong to it, and so does \' when it is an E'' text. */
static eh_code quoted_skip(scanner *s, char quote, bool backslashes)
{
    size_t start = s->at++;
    while (s->at < s->text.len) {
        char byte = s->text.ptr[s->at++];
        if (backslashes && byte == '\\') {
            s->at++;
        } else if (byte == quote) {
            if (s->at >= s->text.len || s->text.ptr[s->at] != quote) {
                s->operand_before = true;
                return EH_OK;
            }
            s->at++;
        }
    }
    return refuse(s, start, quote == '\'' ? "the quote ' is not closed" : "the quote \" is not closed");
}

/* Past $$ .. $$ or $tag$ .. $tag$; a $ that begins none of these is left to the engine. */
static eh_code dollar_skip(scanner *s)
{
    size_t start = s->at, end = start + 1;
    while (end < s->text.len && s->text.ptr[end] != '$' && is_word(s->text.ptr[end]))
        end++;
    if (end >= s->text.len || s->text.ptr[end] != '$' || (end > start + 1 && isdigit((unsigned char)s->text.ptr[start + 1]))) {
        s->at++;
        return EH_OK;
    }
    size_t tag_len = end + 1 - start;
    const char *close = memmem(s->text.ptr + end + 1, s->text.len - end - 1, s->text.ptr + start, tag_len);
    if (close == NULL)
        return refuse(s, start, "the dollar quote is not closed");
    s->at = (size_t)(close - s->text.ptr) + tag_len;
    s->operand_before = true;
    return EH_OK;
}

static bool from_fits(const scanner *s)
{
    if (s->depth > 0 && s->from_allowed[s->depth - 1])
        return true;
    return eh_view_equal_nocase(s->word, EH_VIEW("DISTINCT")) &&
           (eh_view_equal_nocase(s->word_before, EH_VIEW("IS")) || eh_view_equal_nocase(s->word_before, EH_VIEW("NOT")));
}

/* True when another word, a number or a quote comes next: then a statement word does begin a statement. */
static bool statement_follows(const scanner *s)
{
    size_t at = spaces_end(s->text, s->at);
    if (at >= s->text.len)
        return false;
    char byte = s->text.ptr[at];
    if (byte == '\'' || byte == '"')
        return true;
    size_t end = at;
    while (end < s->text.len && is_word(s->text.ptr[end]) && space_at(s->text, end) == 0)
        end++;
    return end > at && !AMONG(((eh_view){s->text.ptr + at, end - at}), operator_words);
}

static eh_code refuse_word(scanner *s, size_t start, eh_view word, const char *what)
{
    return eh_fail(s->error, EH_INPUT, "%s: column %zu: '%.*s' %s; if it is a column, write \"%.*s\" in double quotes", s->option, start + 1,
                   (int)word.len, word.ptr, what, (int)word.len, word.ptr);
}

/* A word behind a point is a field of what stands before it, unless that is a number such as 1. */
static bool follows_point(const scanner *s, size_t start)
{
    if (start < 2 || s->text.ptr[start - 1] != '.')
        return false;
    return strchr("\")]", s->text.ptr[start - 2]) != NULL || (s->word.len > 0 && s->word.ptr + s->word.len == s->text.ptr + start - 1);
}

static eh_code word_scan(scanner *s)
{
    size_t start = s->at;
    while (s->at < s->text.len && is_word(s->text.ptr[s->at]) && space_at(s->text, s->at) == 0)
        s->at++;
    eh_view word = {s->text.ptr + start, s->at - start};
    bool after_point = follows_point(s, start);
    if (s->at < s->text.len && s->text.ptr[s->at] == '\'' && eh_view_equal_nocase(word, EH_VIEW("E")))
        return quoted_skip(s, '\'', true);
    if (!after_point && AMONG(word, refused_words))
        return refuse_word(s, start, word, "belongs to a query, and an expression must be a value of one row");
    if (!after_point && eh_view_equal_nocase(word, EH_VIEW("FROM")) && !from_fits(s))
        return refuse_word(s, start, word, "belongs to a query, and an expression must be a value of one row");
    if (!after_point && !s->operand_before && AMONG(word, statement_words) && statement_follows(s))
        return refuse_word(s, start, word, "begins a statement, and an expression must be a value of one row");
    size_t next = spaces_end(s->text, s->at);
    if (!after_point && eh_view_equal_nocase(word, EH_VIEW("VALUES")) && next < s->text.len && s->text.ptr[next] == '(')
        return refuse_word(s, start, word, "begins a table, and an expression must be a value of one row");
    if (s->depth == 0 && eh_view_equal_nocase(word, EH_VIEW("AS"))) {
        if (s->as_end > 0)
            return refuse(s, start, "a second AS; an expression has one name");
        s->as_start = start;
        s->as_end = s->at;
    }
    s->word_before = s->word;
    s->word = word;
    s->operand_before = !AMONG(word, operator_words);
    return EH_OK;
}

static eh_code bracket_open(scanner *s, char byte)
{
    if (s->depth == EH_EXPRESSION_DEPTH_MAX)
        return eh_fail(s->error, EH_LIMIT, "%s: column %zu: more than %d brackets inside each other", s->option, s->at + 1,
                       EH_EXPRESSION_DEPTH_MAX);
    size_t before = s->at;
    while (before > 0 && isspace((unsigned char)s->text.ptr[before - 1]))
        before--;
    bool called = s->word.len > 0 && s->word.ptr + s->word.len == s->text.ptr + before;
    s->brackets[s->depth] = byte;
    s->from_allowed[s->depth] = byte == '(' && called && AMONG(s->word, from_functions);
    s->depth++;
    s->at++;
    s->operand_before = false;
    return EH_OK;
}

static eh_code bracket_close(scanner *s, char byte)
{
    char open = byte == ')' ? '(' : byte == ']' ? '[' : '{';
    if (s->depth == 0 || s->brackets[s->depth - 1] != open)
        return eh_fail(s->error, EH_INPUT, "%s: column %zu: '%c' closes no '%c'", s->option, s->at + 1, byte, open);
    s->depth--;
    s->at++;
    s->operand_before = true;
    s->word = (eh_view){0};
    return EH_OK;
}

/* The name in `"a ""b"""`, or NULL when the text is not exactly one quoted name. */
static char *unquoted(eh_view text, eh_arena *arena)
{
    if (text.len < 3 || text.ptr[0] != '"' || text.ptr[text.len - 1] != '"')
        return NULL;
    char *name = EH_TAKE(arena, text.len, char);
    size_t len = 0;
    for (size_t i = 1; name != NULL && i + 1 < text.len; i++) {
        if (text.ptr[i] == '"' && (i + 2 >= text.len || text.ptr[++i] != '"'))
            return NULL;
        name[len++] = text.ptr[i];
    }
    return name;
}

static eh_code name_of(scanner *s, eh_view sql, eh_view alias, const char **name_out)
{
    eh_view shown = alias.len > 0 ? alias : sql;
    char *name = unquoted(shown, s->arena);
    bool bare = shown.len > 0 && is_word_start(shown.ptr[0]);
    for (size_t i = 0; i < shown.len && bare; i++)
        bare = is_word(shown.ptr[i]);
    if (alias.len > 0 && name == NULL && !bare)
        return refuse(s, (size_t)(alias.ptr - s->text.ptr), "after AS stands one name, in double quotes if it holds blanks or signs");
    *name_out = name != NULL ? name : eh_arena_copy(s->arena, shown);
    return *name_out == NULL ? eh_fail_memory(s->error) : EH_OK;
}

/* Ends the item at `end`. */
static eh_code item_end(scanner *s, size_t end)
{
    eh_view whole = {s->text.ptr + s->item_start, end - s->item_start}, alias = {0};
    if (s->as_end > 0) {
        whole.len = s->as_start - s->item_start;
        alias = trimmed((eh_view){s->text.ptr + s->as_end, end - s->as_end});
        if (alias.len == 0)
            return refuse(s, s->as_start, "no name after AS");
    }
    eh_view sql = trimmed(whole);
    if (sql.len == 0)
        return refuse(s, s->item_start, s->text.len == 0 || s->count == 0 ? "the expression is empty" : "nothing stands between two commas or after the last");
    EH_ASSERT(s->count < s->capacity);
    eh_expression *item = &s->items[s->count++];
    item->sql = eh_arena_copy(s->arena, sql);
    if (item->sql == NULL)
        return eh_fail_memory(s->error);
    EH_TRY(name_of(s, sql, alias, &item->name));
    s->item_start = end + 1;
    s->as_end = 0;
    s->word = s->word_before = (eh_view){0};
    s->operand_before = false;
    return EH_OK;
}

static eh_code step(scanner *s)
{
    char byte = s->text.ptr[s->at], next = s->at + 1 < s->text.len ? s->text.ptr[s->at + 1] : '\0';
    size_t space = space_at(s->text, s->at);
    if (space > 0) {
        s->at += space;
        return EH_OK;
    }
    if (byte == '\'' || byte == '"')
        return quoted_skip(s, byte, false);
    if (is_word_start(byte))
        return word_scan(s);
    if (byte == '$')
        return dollar_skip(s);
    if (byte == '(' || byte == '[' || byte == '{')
        return bracket_open(s, byte);
    if (byte == ')' || byte == ']' || byte == '}')
        return bracket_close(s, byte);
    if (byte == ';')
        return refuse(s, s->at, "a semicolon; an expression is one value, not several statements");
    if ((byte == '-' && next == '-') || (byte == '/' && next == '*'))
        return refuse(s, s->at, "a comment; leave it out (for a double minus write - -)");
    if (byte == '\0' || (iscntrl((unsigned char)byte)))
        return refuse(s, s->at, "a control character");
    if (byte == ',' && s->depth == 0)
        return item_end(s, s->at++);
    s->operand_before = isdigit((unsigned char)byte) || (byte == '.' && s->operand_before);
    s->at++;
    /* Digits and letters behind them are one number, such as 1e5 or 0x1F. */
    while (isdigit((unsigned char)byte) && s->at < s->text.len && (isalnum((unsigned char)s->text.ptr[s->at]) || s->text.ptr[s->at] == '_'))
        s->at++;
    return EH_OK;
}

eh_code eh_expressions_parse(const char *option, eh_view text, eh_arena *arena, eh_expression **list_out, size_t *count_out, eh_error *error)
{
    if (text.len > EH_EXPRESSION_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "%s: %zu bytes, at most %d", option, text.len, EH_EXPRESSION_BYTES_MAX);
    if (text.len == 0)
        return eh_fail(error, EH_INPUT, "%s: the expression is empty", option);
    if (!eh_utf8_valid(text))
        return eh_fail(error, EH_INPUT, "%s: the text is not valid UTF-8", option);
    const char *nul = memchr(text.ptr, '\0', text.len);
    if (nul != NULL)
        return eh_fail(error, EH_INPUT, "%s: column %zu: a NUL character; remove it", option, (size_t)(nul - text.ptr) + 1);
    scanner s = {.option = option, .text = text, .error = error, .arena = arena, .capacity = 1};
    for (size_t i = 0; i < text.len; i++)
        s.capacity += text.ptr[i] == ',' ? 1 : 0;
    s.items = EH_TAKE(arena, s.capacity, eh_expression);
    if (s.items == NULL)
        return eh_fail_memory(error);
    while (s.at < text.len)
        EH_TRY(step(&s));
    if (s.depth > 0)
        return eh_fail(error, EH_INPUT, "%s: a '%c' is not closed", option, s.brackets[s.depth - 1]);
    EH_TRY(item_end(&s, text.len));
    *list_out = s.items;
    *count_out = s.count;
    return EH_OK;
}

eh_code eh_expression_parse(const char *option, eh_view text, eh_arena *arena, eh_expression *expression_out, eh_error *error)
{
    eh_expression *list;
    size_t count;
    EH_TRY(eh_expressions_parse(option, text, arena, &list, &count, error));
    if (count != 1)
        return eh_fail(error, EH_INPUT, "%s: %zu expressions, but it takes one", option, count);
    *expression_out = list[0];
    return EH_OK;
}

/* ---- names in an expression ------------------------------------------------------------------------------------------------- */

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

bool eh_expression_reads(const char *sql, const char *column)
{
    eh_view wanted = eh_view_of(column);
    for (const char *at = sql; *at != '\0';) {
        if (*at == '\'') { /* a text, with doubled quotes inside */
            for (at++; *at != '\0' && !(*at == '\'' && at[1] != '\''); at++)
                at += *at == '\'';
            at += *at != '\0';
        } else if (*at == '"') { /* a name in quotes, with doubled quotes inside */
            size_t same = 0;
            bool equal = true;
            for (at++; *at != '\0' && !(*at == '"' && at[1] != '"'); at++, same++) {
                at += *at == '"';
                equal = equal && same < wanted.len && eh_view_equal_nocase((eh_view){at, 1}, (eh_view){column + same, 1});
            }
            if (equal && same == wanted.len)
                return true;
            at += *at != '\0';
        } else if (is_name_byte(*at)) {
            size_t len = 0;
            while (is_name_byte(at[len]))
                len++;
            if (eh_view_equal_nocase((eh_view){at, len}, wanted))
                return true;
            at += len;
        } else {
            at++;
        }
    }
    return false;
}
