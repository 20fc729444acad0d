/* CEL's tokens and literals. */
#include "policy/cel_int.h"

#include <stdarg.h>
#include <string.h>

typedef struct {
    const char *text;
    symbol_kind symbol;
} symbol_text;

/* Longer ones before those that they begin with. */
static const symbol_text symbols[] = {
    {"||", SYMBOL_OR}, {"&&", SYMBOL_AND}, {"==", SYMBOL_EQUAL}, {"!=", SYMBOL_NOT_EQUAL}, {"<=", SYMBOL_LESS_EQUAL},
    {">=", SYMBOL_GREATER_EQUAL}, {"<", SYMBOL_LESS}, {">", SYMBOL_GREATER}, {"+", SYMBOL_ADD}, {"-", SYMBOL_SUBTRACT},
    {"*", SYMBOL_MULTIPLY}, {"/", SYMBOL_DIVIDE}, {"%", SYMBOL_MODULO}, {"!", SYMBOL_NOT}, {"?", SYMBOL_QUESTION},
    {":", SYMBOL_COLON}, {".", SYMBOL_DOT}, {",", SYMBOL_COMMA}, {"(", SYMBOL_PAREN_OPEN}, {")", SYMBOL_PAREN_CLOSE},
    {"[", SYMBOL_BRACKET_OPEN}, {"]", SYMBOL_BRACKET_CLOSE}, {"{", SYMBOL_BRACE_OPEN}, {"}", SYMBOL_BRACE_CLOSE},
};

/* ---- places --------------------------------------------------------------------------------------------------------------------- */

void cel_place(eh_view text, uint32_t at, uint32_t *line_out, uint32_t *column_out)
{
    uint32_t line = 1, from = 0;
    for (uint32_t i = 0; i < at && i < text.len; i++) {
        if (text.ptr[i] == '\n') {
            line++;
            from = i + 1;
        }
    }
    *line_out = line;
    *column_out = cel_codepoints((eh_view){text.ptr + from, at - from}) + 1;
}

eh_code cel_fail_at(eh_view text, uint32_t at, eh_error *error, eh_code code, const char *format, ...)
{
    enum { WHY_BYTES_MAX = 512, SHOWN_MAX = 60 };
    char why[WHY_BYTES_MAX];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    if (at > text.len)
        at = (uint32_t)text.len;
    uint32_t line = 1, column = 1, from = at, to = at;
    cel_place(text, at, &line, &column);
    while (from > 0 && text.ptr[from - 1] != '\n' && at - from < SHOWN_MAX)
        from--;
    while (from < at && ((unsigned char)text.ptr[from] & 0xC0) == 0x80)
        from++;
    while (to < text.len && text.ptr[to] != '\n' && to - from < 2 * SHOWN_MAX)
        to++;
    while (to > at && to < text.len && ((unsigned char)text.ptr[to] & 0xC0) == 0x80)
        to--;
    size_t blanks = eh_utf8_columns((eh_view){text.ptr + from, at - from});
    return eh_fail(error, code, "line %u, column %u: %s\n  %.*s\n  %*s^", line, column, why, (int)(to - from),
                   text.len == 0 ? "" : text.ptr + from, (int)blanks, "");
}

/* ---- UTF-8 ------------------------------------------------------------------------------------------------------------------------ */

uint32_t cel_codepoints(eh_view text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

uint32_t cel_codepoint(eh_view text, size_t *bytes_out)
{
    const unsigned char *bytes = (const unsigned char *)text.ptr;
    unsigned char first = bytes[0];
    *bytes_out = 1;
    if (first < 0x80)
        return first;
    size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : first >= 0xC2 ? 2 : 0;
    if (length == 0 || first > 0xF4 || text.len < length)
        return 0xFFFD;
    uint32_t codepoint = first & (0x7Fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xC0) != 0x80)
            return 0xFFFD;
        codepoint = codepoint << 6 | (bytes[i] & 0x3Fu);
    }
    bool overlong = (length == 3 && codepoint < 0x800) || (length == 4 && codepoint < 0x10000);
    if (overlong || codepoint > 0x10FFFF || (codepoint >= 0xD800 && codepoint <= 0xDFFF))
        return 0xFFFD;
    *bytes_out = length;
    return codepoint;
}

size_t cel_codepoint_write(uint32_t codepoint, char out[4])
{
    if (codepoint < 0x80) {
        out[0] = (char)codepoint;
        return 1;
    }
    if (codepoint < 0x800) {
        out[0] = (char)(0xC0 | codepoint >> 6);
        out[1] = (char)(0x80 | (codepoint & 0x3F));
        return 2;
    }
    if (codepoint < 0x10000) {
        out[0] = (char)(0xE0 | codepoint >> 12);
        out[1] = (char)(0x80 | (codepoint >> 6 & 0x3F));
        out[2] = (char)(0x80 | (codepoint & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | codepoint >> 18);
    out[1] = (char)(0x80 | (codepoint >> 12 & 0x3F));
    out[2] = (char)(0x80 | (codepoint >> 6 & 0x3F));
    out[3] = (char)(0x80 | (codepoint & 0x3F));
    return 4;
}

/* ---- scanning -------------------------------------------------------------------------------------------------------------------- */

static char byte_at(const lexer *in, uint32_t at)
{
    return at < in->text.len ? in->text.ptr[at] : '\0';
}

static bool digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool letter(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_';
}

static int hex_value(char byte)
{
    return digit(byte) ? byte - '0' : byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

static void skip_blank(lexer *in)
{
    for (;;) {
        char byte = byte_at(in, in->at);
        if (in->at < in->text.len && (byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r' || byte == '\f')) {
            in->at++;
        } else if (byte == '/' && byte_at(in, in->at + 1) == '/') {
            while (in->at < in->text.len && in->text.ptr[in->at] != '\n')
                in->at++;
        } else {
            return;
        }
    }
}

static void scan_number(lexer *in, token *found)
{
    uint32_t at = in->at;
    found->kind = TOKEN_INT;
    if (byte_at(in, at) == '0' && (byte_at(in, at + 1) == 'x' || byte_at(in, at + 1) == 'X') && hex_value(byte_at(in, at + 2)) >= 0) {
        at += 2;
        while (hex_value(byte_at(in, at)) >= 0)
            at++;
    } else {
        while (digit(byte_at(in, at)))
            at++;
        if (byte_at(in, at) == '.' && digit(byte_at(in, at + 1))) {
            found->kind = TOKEN_DOUBLE;
            for (at++; digit(byte_at(in, at)); at++)
                ;
        }
        char exponent = byte_at(in, at), sign = byte_at(in, at + 1);
        uint32_t digits_at = at + 1 + (sign == '+' || sign == '-');
        if ((exponent == 'e' || exponent == 'E') && digit(byte_at(in, digits_at))) {
            found->kind = TOKEN_DOUBLE;
            for (at = digits_at; digit(byte_at(in, at)); at++)
                ;
        }
    }
    if (found->kind == TOKEN_INT && (byte_at(in, at) == 'u' || byte_at(in, at) == 'U')) {
        found->kind = TOKEN_UINT;
        at++;
    }
    in->at = at;
}

/* The letters before a quote: r, b, rb, br in any case. Returns how many; 0 when no quote follows. */
static uint32_t string_prefix(const lexer *in, bool *raw, bool *bytes)
{
    uint32_t count = 0;
    *raw = *bytes = false;
    for (; count < 2; count++) {
        char byte = byte_at(in, in->at + count);
        if ((byte == 'r' || byte == 'R') && !*raw)
            *raw = true;
        else if ((byte == 'b' || byte == 'B') && !*bytes)
            *bytes = true;
        else
            break;
    }
    char quote = byte_at(in, in->at + count);
    if (quote == '"' || quote == '\'')
        return count;
    *raw = *bytes = false;
    return 0;
}

static eh_code scan_string(lexer *in, uint32_t prefix, bool raw, token *found, eh_error *error)
{
    uint32_t start = in->at, at = in->at + prefix;
    char quote = byte_at(in, at);
    bool triple = byte_at(in, at + 1) == quote && byte_at(in, at + 2) == quote;
    uint32_t quotes = triple ? 3 : 1;
    for (at += quotes;; at++) {
        if (at >= in->text.len)
            return cel_fail_at(in->text, start, error, EH_INPUT, "this text has no end: %s is missing", triple ? "a triple quote" : "a quote");
        char byte = in->text.ptr[at];
        if (byte == '\\' && !raw) {
            at++;
        } else if (!triple && (byte == '\n' || byte == '\r')) {
            return cel_fail_at(in->text, start, error, EH_INPUT, "this text has no end on its line; one of several lines has triple quotes");
        } else if (byte == quote && (!triple || (byte_at(in, at + 1) == quote && byte_at(in, at + 2) == quote))) {
            break;
        }
    }
    in->at = at + quotes;
    found->kind = TOKEN_STRING;
    return EH_OK;
}

static bool quoted_byte(char byte)
{
    return letter(byte) || digit(byte) || byte == '.' || byte == '-' || byte == '/' || byte == ' ';
}

static eh_code scan_quoted(lexer *in, token *found, eh_error *error)
{
    uint32_t at = in->at + 1;
    while (quoted_byte(byte_at(in, at)))
        at++;
    if (byte_at(in, at) != '`' || at == in->at + 1)
        return cel_fail_at(in->text, in->at, error, EH_INPUT, "between backticks stand letters, digits, _ . - / and blanks");
    found->kind = TOKEN_QUOTED;
    found->text = (eh_view){in->text.ptr + in->at + 1, at - in->at - 1};
    in->at = at + 1;
    return EH_OK;
}

static eh_code scan_symbol(lexer *in, token *found, eh_error *error)
{
    for (size_t i = 0; i < sizeof symbols / sizeof symbols[0]; i++) {
        size_t len = strlen(symbols[i].text);
        if (in->text.len - in->at >= len && memcmp(in->text.ptr + in->at, symbols[i].text, len) == 0) {
            found->kind = TOKEN_SYMBOL;
            found->symbol = symbols[i].symbol;
            in->at += (uint32_t)len;
            return EH_OK;
        }
    }
    char byte = in->text.ptr[in->at];
    if (byte == '=')
        return cel_fail_at(in->text, in->at, error, EH_INPUT, "equality is written ==");
    if (byte == '&' || byte == '|')
        return cel_fail_at(in->text, in->at, error, EH_INPUT, "'and' is written &&, 'or' is written ||");
    return cel_fail_at(in->text, in->at, error, EH_INPUT, "this character has no meaning here");
}

eh_code cel_token_next(lexer *in, token *token_out, eh_error *error)
{
    token found = {0};
    skip_blank(in);
    found.start = in->at;
    char byte = byte_at(in, in->at);
    bool raw = false, bytes = false;
    uint32_t prefix = string_prefix(in, &raw, &bytes);
    if (in->at >= in->text.len) {
        found.kind = TOKEN_END;
    } else if (prefix > 0 || byte == '"' || byte == '\'') {
        EH_TRY(scan_string(in, prefix, raw, &found, error));
        if (bytes)
            found.kind = TOKEN_BYTES;
    } else if (letter(byte)) {
        found.kind = TOKEN_IDENT;
        while (letter(byte_at(in, in->at)) || digit(byte_at(in, in->at)))
            in->at++;
    } else if (digit(byte) || (byte == '.' && digit(byte_at(in, in->at + 1)))) {
        scan_number(in, &found);
    } else if (byte == '`') {
        EH_TRY(scan_quoted(in, &found, error));
    } else {
        EH_TRY(scan_symbol(in, &found, error));
    }
    found.end = in->at;
    if (found.text.ptr == NULL)
        found.text = (eh_view){in->text.ptr + found.start, found.end - found.start};
    if (found.kind == TOKEN_IDENT && eh_view_equal(found.text, EH_VIEW("in"))) {
        found.kind = TOKEN_SYMBOL;
        found.symbol = SYMBOL_IN;
    }
    *token_out = found;
    return EH_OK;
}

/* ---- literals -------------------------------------------------------------------------------------------------------------------- */

static bool whole_value(eh_view text, uint64_t *value_out)
{
    bool hex = text.len > 2 && text.ptr[0] == '0' && (text.ptr[1] | 0x20) == 'x';
    uint64_t value = 0, base = hex ? 16 : 10;
    for (size_t i = hex ? 2 : 0; i < text.len; i++) {
        uint64_t figure = (uint64_t)hex_value(text.ptr[i]);
        if (__builtin_mul_overflow(value, base, &value) || __builtin_add_overflow(value, figure, &value))
            return false;
    }
    *value_out = value;
    return true;
}

static eh_code number_literal(const lexer *in, const token *from, bool negative, eh_cel_value *value_out, eh_error *error)
{
    eh_view text = from->text;
    uint64_t whole = 0;
    if (from->kind == TOKEN_DOUBLE) {
        double number = 0;
        if (!cel_double_parse(text, &number))
            return cel_fail_at(in->text, from->start, error, EH_INPUT, "this number is too long");
        *value_out = eh_cel_double(negative ? -number : number);
        return EH_OK;
    }
    if (from->kind == TOKEN_UINT)
        text.len--;
    bool fits = whole_value(text, &whole);
    uint64_t most = from->kind == TOKEN_UINT ? UINT64_MAX : (uint64_t)INT64_MAX + negative;
    if (!fits || whole > most || (negative && from->kind == TOKEN_UINT))
        return cel_fail_at(in->text, from->start, error, EH_INPUT, "this number does not fit into a %s",
                           from->kind == TOKEN_UINT ? "uint (0 to 18446744073709551615)" : "int (-9223372036854775808 to 9223372036854775807)");
    *value_out = from->kind == TOKEN_UINT ? eh_cel_uint(whole) : eh_cel_int(negative ? (int64_t)(0 - whole) : (int64_t)whole);
    return EH_OK;
}

/* Where a literal's characters go, and where its escapes come from. */
typedef struct {
    const lexer *in;
    uint32_t at, end;
    bool bytes;
    char *out;
    size_t len;
} unescaping;

static eh_code escape_number(unescaping *state, uint32_t digits, uint32_t base, eh_error *error)
{
    uint32_t value = 0;
    for (uint32_t i = 0; i < digits; i++) {
        int figure = state->at < state->end ? hex_value(state->in->text.ptr[state->at]) : -1;
        if (figure < 0 || figure >= (int)base)
            return cel_fail_at(state->in->text, state->at, error, EH_INPUT, "this escape needs %u %s digits", digits, base == 8 ? "octal" : "hexadecimal");
        value = value * base + (uint32_t)figure;
        state->at++;
    }
    bool surrogate = value >= 0xD800 && value <= 0xDFFF;
    if ((base == 8 && value > 0xFF) || value > 0x10FFFF || surrogate)
        return cel_fail_at(state->in->text, state->at - digits, error, EH_INPUT, "this escape is no character");
    if (state->bytes && (base == 8 || digits == 2))
        state->out[state->len++] = (char)(unsigned char)value;
    else
        state->len += cel_codepoint_write(value, state->out + state->len);
    return EH_OK;
}

static eh_code escape_take(unescaping *state, eh_error *error)
{
    static const char from[] = "abfnrtv\\?\"'`", to[] = "\a\b\f\n\r\t\v\\?\"'`";
    char byte = state->in->text.ptr[state->at];
    const char *plain = byte == '\0' ? NULL : strchr(from, byte);
    if (plain != NULL) {
        state->out[state->len++] = to[plain - from];
        state->at++;
        return EH_OK;
    }
    if (byte >= '0' && byte <= '3')
        return escape_number(state, 3, 8, error);
    if ((byte | 0x20) == 'x') {
        state->at++;
        return escape_number(state, 2, 16, error);
    }
    if (!state->bytes && (byte | 0x20) == 'u') {
        state->at++;
        return escape_number(state, byte == 'u' ? 4 : 8, 16, error);
    }
    return cel_fail_at(state->in->text, state->at - 1, error, EH_INPUT, "no such escape%s", state->bytes ? " in bytes" : "");
}

static eh_code string_literal(const lexer *in, const token *from, eh_cel_value *value_out, eh_error *error)
{
    unescaping state = {.in = in, .at = from->start, .end = from->end, .bytes = from->kind == TOKEN_BYTES};
    bool raw = false;
    for (; in->text.ptr[state.at] != '"' && in->text.ptr[state.at] != '\''; state.at++)
        raw |= (in->text.ptr[state.at] | 0x20) == 'r';
    char quote = in->text.ptr[state.at];
    bool triple = from->end - state.at >= 6 && in->text.ptr[state.at + 1] == quote && in->text.ptr[state.at + 2] == quote;
    state.at += triple ? 3 : 1;
    state.end -= triple ? 3 : 1;
    state.out = EH_TAKE(in->arena, state.end - state.at + 5, char);
    if (state.out == NULL)
        return eh_fail_memory(error);
    while (state.at < state.end) {
        char byte = in->text.ptr[state.at++];
        if (byte == '\\' && !raw) {
            EH_TRY(escape_take(&state, error));
        } else if (byte == '\r' && !raw) {
            /* a line end is a line feed, however the file was saved */
            state.out[state.len++] = '\n';
            state.at += state.at < state.end && in->text.ptr[state.at] == '\n';
        } else {
            state.out[state.len++] = byte;
        }
    }
    *value_out = cel_view_value(state.bytes ? EH_CEL_BYTES : EH_CEL_STRING, state.out, state.len);
    return EH_OK;
}

eh_code cel_literal(const lexer *in, const token *from, bool negative, eh_cel_value *value_out, eh_error *error)
{
    if (from->kind == TOKEN_STRING || from->kind == TOKEN_BYTES)
        return string_literal(in, from, value_out, error);
    return number_literal(in, from, negative, value_out, error);
}
