/*
 * RE2's syntax to a program, in one pass and without recursion: a piece of the program is complete when its text has been read, and what
 * comes after it (a repetition, another alternative) moves or copies the piece.
 */
#include "policy/regex_int.h"

#include <string.h>

enum { REPEAT_MAX = 1000, FLAG_FOLD = 1, FLAG_LINES = 2, FLAG_DOT_ALL = 4 };

typedef struct {
    uint32_t alternative; /* where the program of the alternative starts */
    uint32_t start;
    uint32_t jumps;       /* how many pending jumps there were before the group */
    uint32_t flags;       /* of the text around the group */
} group;

typedef struct {
    cel_source from;
    eh_view rest;
    regex *made;
    group groups[EH_REGEX_DEPTH_MAX + 1];
    uint32_t groups_count;
    uint32_t *jumps;      /* ends of alternatives, to be led behind their group */
    uint32_t jumps_count;
    uint32_t atom;        /* where the newest atom starts; UINT32_MAX: there is none to repeat */
    bool repeated;        /* it has been repeated already */
    uint32_t flags;
    const char *why;
} parser;

static bool wrong(parser *state, const char *why)
{
    if (state->why == NULL)
        state->why = why;
    return false;
}

/* ---- emitting ------------------------------------------------------------------------------------------------------------------------------ */

static bool states_grow(parser *state)
{
    regex *made = state->made;
    uint32_t capacity = made->states_capacity * 2 + 64;
    regex_state *larger = cel_source_take(state->from, capacity, sizeof *larger);
    if (larger == NULL)
        return wrong(state, "no memory left");
    if (made->states_count > 0)
        memcpy(larger, made->states, made->states_count * sizeof *larger);
    made->states = larger;
    made->states_capacity = capacity;
    return true;
}

static bool emit(parser *state, regex_operation operation, int32_t a, int32_t b)
{
    if (state->made->states_count == EH_REGEX_STATES_MAX)
        return wrong(state, "too large");
    if (state->made->states_count == state->made->states_capacity && !states_grow(state))
        return false;
    state->made->states[state->made->states_count++] = (regex_state){operation, a, b};
    return true;
}

/* Makes room for one state at `at`. */
static bool insert(parser *state, uint32_t at, regex_state what)
{
    if (!emit(state, REGEX_MATCH, 0, 0))
        return false;
    memmove(state->made->states + at + 1, state->made->states + at, (state->made->states_count - 1 - at) * sizeof what);
    state->made->states[at] = what;
    return true;
}

static bool atom_emit(parser *state, regex_operation operation, int32_t a)
{
    state->atom = state->made->states_count;
    state->repeated = false;
    return emit(state, operation, a, 0);
}

static bool char_emit(parser *state, uint32_t codepoint)
{
    uint32_t folded = eh_unicode_fold(codepoint);
    bool cased = (state->flags & FLAG_FOLD) && (folded != codepoint || eh_unicode_upper(codepoint) != codepoint);
    return cased ? atom_emit(state, REGEX_FOLDED, (int32_t)folded) : atom_emit(state, REGEX_CHAR, (int32_t)codepoint);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------------------- */

static bool at(const parser *state, const char *text)
{
    size_t len = strlen(text);
    return state->rest.len >= len && memcmp(state->rest.ptr, text, len) == 0;
}

static bool take(parser *state, const char *text)
{
    if (!at(state, text))
        return false;
    state->rest.ptr += strlen(text);
    state->rest.len -= strlen(text);
    return true;
}

static uint32_t take_codepoint(parser *state)
{
    size_t bytes;
    uint32_t codepoint = cel_codepoint(state->rest, &bytes);
    state->rest.ptr += bytes;
    state->rest.len -= bytes;
    return codepoint;
}

static int hex(char byte)
{
    const char *found = byte == '\0' ? NULL : strchr("0123456789abcdef0123456789ABCDEF", byte);
    return found == NULL ? -1 : (int)((found - "0123456789abcdef0123456789ABCDEF") % 16);
}

/* ---- classes -------------------------------------------------------------------------------------------------------------------------------- */

static bool range_add(parser *state, regex_range added)
{
    regex *made = state->made;
    if (made->ranges_count == made->ranges_capacity) {
        uint32_t capacity = made->ranges_capacity * 2 + 16;
        regex_range *larger = cel_source_take(state->from, capacity, sizeof *larger);
        if (larger == NULL)
            return wrong(state, "no memory left");
        if (made->ranges_count > 0)
            memcpy(larger, made->ranges, made->ranges_count * sizeof *larger);
        made->ranges = larger;
        made->ranges_capacity = capacity;
    }
    made->ranges[made->ranges_count++] = added;
    return true;
}

static bool class_emit(parser *state, uint32_t from, bool negated)
{
    regex *made = state->made;
    if (made->classes_count == made->classes_capacity) {
        uint32_t capacity = made->classes_capacity * 2 + 8;
        regex_class *larger = cel_source_take(state->from, capacity, sizeof *larger);
        if (larger == NULL)
            return wrong(state, "no memory left");
        if (made->classes_count > 0)
            memcpy(larger, made->classes, made->classes_count * sizeof *larger);
        made->classes = larger;
        made->classes_capacity = capacity;
    }
    made->classes[made->classes_count] = (regex_class){from, made->ranges_count - from, negated, (state->flags & FLAG_FOLD) != 0};
    return atom_emit(state, REGEX_CLASS, (int32_t)made->classes_count++);
}

typedef struct {
    const char *name;
    const char *ranges; /* pairs of characters */
} named_class;

static const named_class perl_classes[] = {{"d", "09"}, {"s", "\t\n\f\r  "}, {"w", "09AZaz__"}};
static const named_class posix_classes[] = {
    {"alnum", "09AZaz"}, {"alpha", "AZaz"}, {"ascii", "\x01\x7F"}, {"blank", "\t\t  "}, {"cntrl", "\x01\x1F\x7F\x7F"}, {"digit", "09"},
    {"graph", "!~"}, {"lower", "az"}, {"print", " ~"}, {"punct", "!/:@[`{~"}, {"space", "\t\r  "}, {"upper", "AZ"}, {"word", "09AZaz__"},
    {"xdigit", "09AFaf"},
};

/* Adds what is, or with `negated` what is not, in the pairs: these are ascending. */
static bool pairs_add(parser *state, const char *pairs, bool negated)
{
    uint32_t from = 0;
    for (const char *pair = pairs; *pair != '\0'; pair += 2) {
        uint32_t low = (unsigned char)pair[0], high = (unsigned char)pair[1];
        if (!negated) {
            if (!range_add(state, (regex_range){.low = low == 1 ? 0 : low, .high = high}))
                return false;
        } else {
            if (low > from && !(low == 1 && from == 0) && !range_add(state, (regex_range){.low = from, .high = low - 1}))
                return false;
            from = high + 1;
        }
    }
    return !negated || range_add(state, (regex_range){.low = from, .high = 0x10FFFF});
}

/* \d \D \s \S \w \W \pN \p{Greek} \P{^Greek}: adds to the ranges. -1: it is none of these. */
static int set_escape(parser *state)
{
    if (state->rest.len < 2 || state->rest.ptr[0] != '\\')
        return -1;
    char letter = state->rest.ptr[1];
    for (size_t i = 0; i < sizeof perl_classes / sizeof perl_classes[0]; i++) {
        if ((letter | 0x20) != perl_classes[i].name[0])
            continue;
        state->rest.ptr += 2;
        state->rest.len -= 2;
        return pairs_add(state, perl_classes[i].ranges, letter != perl_classes[i].name[0]);
    }
    if (letter != 'p' && letter != 'P')
        return -1;
    bool negated = letter == 'P';
    state->rest.ptr += 2;
    state->rest.len -= 2;
    eh_view name = {state->rest.ptr, 1};
    if (take(state, "{")) {
        negated ^= take(state, "^");
        const char *end = memchr(state->rest.ptr, '}', state->rest.len);
        if (end == NULL)
            return wrong(state, "\\p{ is not closed");
        name = (eh_view){state->rest.ptr, (size_t)(end - state->rest.ptr)};
        state->rest.len -= name.len + 1;
        state->rest.ptr += name.len + 1;
    } else if (state->rest.len > 0) {
        (void)take_codepoint(state);
    } else {
        return wrong(state, "\\p needs a name");
    }
    regex_range added = {.by_set = true, .negated = negated};
    if (!eh_unicode_set_named(name, &added.set))
        return wrong(state, "unknown character property");
    return range_add(state, added);
}

static bool hex_escape(parser *state, uint32_t *codepoint_out)
{
    uint32_t value = 0, digits = 0;
    bool braces = take(state, "{");
    uint32_t most = braces ? 8 : 2;
    for (; state->rest.len > 0 && digits < most && hex(state->rest.ptr[0]) >= 0; digits++)
        value = value * 16 + (uint32_t)hex((char)take_codepoint(state));
    if (digits == 0 || (!braces && digits != 2) || (braces && !take(state, "}")) || value > 0x10FFFF)
        return wrong(state, "\\x needs two hexadecimal digits or {...}");
    *codepoint_out = value;
    return true;
}

/* One character after a backslash. */
static bool escaped_char(parser *state, uint32_t *codepoint_out)
{
    static const char from[] = "aftnrv", to[] = "\a\f\t\n\r\v";
    if (state->rest.len == 0)
        return wrong(state, "it ends in a backslash");
    uint32_t codepoint = take_codepoint(state);
    const char *plain = codepoint > 0 && codepoint < 0x80 ? strchr(from, (int)codepoint) : NULL;
    if (plain != NULL) {
        *codepoint_out = (unsigned char)to[plain - from];
        return true;
    }
    if (codepoint == 'x')
        return hex_escape(state, codepoint_out);
    bool octal = codepoint == '0' || (codepoint >= '1' && codepoint <= '7' && state->rest.len > 0 && state->rest.ptr[0] >= '0' && state->rest.ptr[0] <= '7');
    if (octal) {
        uint32_t value = codepoint - '0';
        for (int digits = 1; digits < 3 && state->rest.len > 0 && state->rest.ptr[0] >= '0' && state->rest.ptr[0] <= '7'; digits++)
            value = value * 8 + (take_codepoint(state) - '0');
        *codepoint_out = value;
        return true;
    }
    bool letter = (codepoint >= '0' && codepoint <= '9') || ((codepoint | 0x20) >= 'a' && (codepoint | 0x20) <= 'z');
    if (letter)
        return wrong(state, "unknown escape (back references and look-around are not part of RE2)");
    *codepoint_out = codepoint;
    return true;
}

static bool posix_class(parser *state, bool *found)
{
    *found = at(state, "[:");
    if (!*found)
        return true;
    state->rest.ptr += 2;
    state->rest.len -= 2;
    bool negated = take(state, "^");
    for (size_t i = 0; i < sizeof posix_classes / sizeof posix_classes[0]; i++) {
        size_t len = strlen(posix_classes[i].name);
        if (state->rest.len >= len + 2 && memcmp(state->rest.ptr, posix_classes[i].name, len) == 0 && memcmp(state->rest.ptr + len, ":]", 2) == 0) {
            state->rest.ptr += len + 2;
            state->rest.len -= len + 2;
            return pairs_add(state, posix_classes[i].ranges, negated);
        }
    }
    return wrong(state, "unknown class between [: and :]");
}

static bool class_char(parser *state, uint32_t *codepoint_out)
{
    if (take(state, "\\"))
        return escaped_char(state, codepoint_out);
    *codepoint_out = take_codepoint(state);
    return true;
}

static bool class_parse(parser *state)
{
    uint32_t from = state->made->ranges_count;
    bool negated = take(state, "^"), first = true;
    for (; state->rest.len > 0 && (first || !at(state, "]")); first = false) {
        bool posix = false;
        if (!posix_class(state, &posix))
            return false;
        if (posix)
            continue;
        int set = set_escape(state);
        if (set == 0)
            return false;
        if (set > 0)
            continue;
        regex_range range = {0};
        if (!class_char(state, &range.low))
            return false;
        range.high = range.low;
        bool to = state->rest.len >= 2 && state->rest.ptr[0] == '-' && state->rest.ptr[1] != ']';
        if (to && (!take(state, "-") || !class_char(state, &range.high)))
            return false;
        if (range.low > range.high)
            return wrong(state, "a range of characters runs backwards");
        if (!range_add(state, range))
            return false;
    }
    return take(state, "]") ? class_emit(state, from, negated) : wrong(state, "[ is not closed");
}

/* ---- repetitions ------------------------------------------------------------------------------------------------------------------------------ */

static bool optional_wrap(parser *state, uint32_t start)
{
    return insert(state, start, (regex_state){REGEX_SPLIT, 1, (int32_t)(state->made->states_count - start) + 1});
}

static bool star_wrap(parser *state, uint32_t start)
{
    int32_t len = (int32_t)(state->made->states_count - start);
    return insert(state, start, (regex_state){REGEX_SPLIT, 1, len + 2}) && emit(state, REGEX_JUMP, -(len + 1), 0);
}

static bool copy(parser *state, const regex_state *piece, uint32_t len)
{
    for (uint32_t i = 0; i < len; i++)
        if (!emit(state, (regex_operation)piece[i].operation, piece[i].a, piece[i].b))
            return false;
    return true;
}

/* x{low,high}; high UINT32_MAX: without end. x{2,} is xxx*, x{2,4} is xx(x(x)?)? written flat: xx x? x?. */
static bool repeat(parser *state, uint32_t low, uint32_t high)
{
    uint32_t start = state->atom, len = state->made->states_count - start;
    regex_state *piece = cel_source_take(state->from, len + 1, sizeof *piece);
    if (piece == NULL)
        return wrong(state, "no memory left");
    if (len > 0)
        memcpy(piece, state->made->states + start, len * sizeof *piece);
    state->made->states_count = start;
    for (uint32_t i = 0; i < low; i++)
        if (!copy(state, piece, len))
            return false;
    if (high == UINT32_MAX) {
        uint32_t tail = state->made->states_count;
        return copy(state, piece, len) && star_wrap(state, tail);
    }
    for (uint32_t i = low; i < high; i++) {
        uint32_t tail = state->made->states_count;
        if (!copy(state, piece, len) || !optional_wrap(state, tail))
            return false;
    }
    return true;
}

/* {2}, {2,}, {2,4}; anything else is plain text, as in RE2. */
static bool counts_take(parser *state, uint32_t *low, uint32_t *high)
{
    size_t place = 1;
    uint32_t numbers[2] = {0, 0}, which = 0, digits = 0;
    for (; place < state->rest.len && state->rest.ptr[place] != '}'; place++) {
        char byte = state->rest.ptr[place];
        if (byte == ',' && which == 0 && digits > 0) {
            which = 1;
            digits = 0;
        } else if (byte >= '0' && byte <= '9' && digits < 5) {
            numbers[which] = numbers[which] * 10 + (uint32_t)(byte - '0');
            digits++;
        } else {
            return false;
        }
    }
    if (place >= state->rest.len || (which == 0 && digits == 0))
        return false;
    *low = numbers[0];
    *high = which == 0 ? numbers[0] : digits == 0 ? UINT32_MAX : numbers[1];
    state->rest.ptr += place + 1;
    state->rest.len -= place + 1;
    return true;
}

static bool repetition(parser *state, char kind)
{
    if (state->atom == UINT32_MAX)
        return wrong(state, "nothing to repeat");
    if (state->repeated)
        return wrong(state, "a repetition of a repetition");
    bool good;
    if (kind == '{') {
        uint32_t low, high;
        if (!counts_take(state, &low, &high))
            return take(state, "{") && char_emit(state, '{');
        if (low > REPEAT_MAX || (high != UINT32_MAX && (high > REPEAT_MAX || high < low)))
            return wrong(state, "a repetition of more than 1000, or one that runs backwards");
        good = repeat(state, low, high);
    } else {
        (void)take_codepoint(state);
        uint32_t start = state->atom;
        int32_t len = (int32_t)(state->made->states_count - start);
        good = kind == '*' ? star_wrap(state, start) : kind == '?' ? optional_wrap(state, start) : emit(state, REGEX_SPLIT, -len, 1);
    }
    (void)take(state, "?"); /* lazy or greedy: it matches or it does not */
    state->repeated = true;
    return good;
}

/* ---- groups and alternatives -------------------------------------------------------------------------------------------------------------------- */

static bool alternative_end(parser *state)
{
    group *open = &state->groups[state->groups_count - 1];
    uint32_t len = state->made->states_count - open->alternative;
    if (!insert(state, open->alternative, (regex_state){REGEX_SPLIT, 1, (int32_t)len + 2}))
        return false;
    state->jumps[state->jumps_count++] = state->made->states_count;
    if (!emit(state, REGEX_JUMP, 0, 0))
        return false;
    open->alternative = state->made->states_count;
    state->atom = UINT32_MAX;
    return true;
}

static void jumps_lead(parser *state, uint32_t down_to)
{
    while (state->jumps_count > down_to) {
        uint32_t jump = state->jumps[--state->jumps_count];
        state->made->states[jump].a = (int32_t)(state->made->states_count - jump);
    }
}

static bool group_close(parser *state)
{
    if (state->groups_count == 1)
        return wrong(state, ") without (");
    group closing = state->groups[--state->groups_count];
    jumps_lead(state, closing.jumps);
    state->flags = closing.flags;
    state->atom = closing.start;
    state->repeated = false;
    return true;
}

/* (?i) (?s-m:...) (?P<name>...): true when a group follows. */
static bool flags_take(parser *state, bool *opens)
{
    bool on = true;
    *opens = true;
    if (take(state, "P<") || (at(state, "<") && !at(state, "<=") && !at(state, "<!") && take(state, "<"))) {
        size_t named = 0;
        for (; state->rest.len > 0 && !at(state, ">"); named++) {
            uint32_t codepoint = take_codepoint(state);
            if (codepoint != '_' && !(codepoint >= '0' && codepoint <= '9') && !((codepoint | 0x20) >= 'a' && (codepoint | 0x20) <= 'z'))
                return wrong(state, "a group's name has letters, digits and _");
        }
        return named > 0 && take(state, ">") ? true : wrong(state, "a group's name is not closed");
    }
    while (state->rest.len > 0) {
        uint32_t letter = take_codepoint(state);
        uint32_t flag = letter == 'i' ? FLAG_FOLD : letter == 'm' ? FLAG_LINES : letter == 's' ? FLAG_DOT_ALL : 0;
        if (letter == ':')
            return true;
        if (letter == ')') {
            *opens = false;
            return true;
        }
        if (letter == '-')
            on = false;
        else if (flag != 0)
            state->flags = on ? state->flags | flag : state->flags & ~flag;
        else if (letter != 'U')
            break;
    }
    return wrong(state, "unknown flags after (? (look-around is not part of RE2)");
}

static bool group_open(parser *state)
{
    if (state->groups_count > EH_REGEX_DEPTH_MAX)
        return wrong(state, "groups are nested too deep");
    group opened = {.flags = state->flags, .jumps = state->jumps_count, .start = state->made->states_count, .alternative = state->made->states_count};
    bool opens = true;
    if (take(state, "?") && !flags_take(state, &opens))
        return false;
    if (opens)
        state->groups[state->groups_count++] = opened;
    state->atom = UINT32_MAX;
    return true;
}

/* ---- all together ------------------------------------------------------------------------------------------------------------------------------- */

static bool assertion(parser *state, regex_assertion of)
{
    return atom_emit(state, REGEX_ASSERT, (int32_t)of);
}

static bool escape(parser *state)
{
    if (take(state, "\\Q")) {
        while (state->rest.len > 0 && !take(state, "\\E"))
            if (!char_emit(state, take_codepoint(state)))
                return false;
        return true;
    }
    if (take(state, "\\A"))
        return assertion(state, ASSERT_TEXT_START);
    if (take(state, "\\z"))
        return assertion(state, ASSERT_TEXT_END);
    if (take(state, "\\b"))
        return assertion(state, ASSERT_WORD_EDGE);
    if (take(state, "\\B"))
        return assertion(state, ASSERT_NO_WORD_EDGE);
    if (take(state, "\\C"))
        return atom_emit(state, REGEX_BYTE, 0);
    uint32_t from = state->made->ranges_count;
    int set = set_escape(state);
    if (set >= 0)
        return set > 0 && class_emit(state, from, false);
    uint32_t codepoint;
    return take(state, "\\") && escaped_char(state, &codepoint) && char_emit(state, codepoint);
}

static bool piece_take(parser *state)
{
    char byte = state->rest.ptr[0];
    switch (byte) {
    case '\\':
        return escape(state);
    case '*':
    case '+':
    case '?':
    case '{':
        if (byte == '{' && (state->atom == UINT32_MAX || state->repeated)) {
            uint32_t low, high;
            return counts_take(state, &low, &high) ? wrong(state, "nothing to repeat") : take(state, "{") && char_emit(state, '{');
        }
        return repetition(state, byte);
    case '|':
        return take(state, "|") && alternative_end(state);
    case '(':
        return take(state, "(") && group_open(state);
    case ')':
        return take(state, ")") && group_close(state);
    case '[':
        return take(state, "[") && class_parse(state);
    case '.':
        return take(state, ".") && atom_emit(state, state->flags & FLAG_DOT_ALL ? REGEX_ANY : REGEX_ANY_BUT_LINE_END, 0);
    case '^':
        return take(state, "^") && assertion(state, state->flags & FLAG_LINES ? ASSERT_LINE_START : ASSERT_TEXT_START);
    case '$':
        return take(state, "$") && assertion(state, state->flags & FLAG_LINES ? ASSERT_LINE_END : ASSERT_TEXT_END);
    default:
        return char_emit(state, take_codepoint(state));
    }
}

const regex *cel_regex_compile(cel_source from, eh_view pattern, const char **why_out)
{
    *why_out = "no memory left";
    parser *state = cel_source_take(from, 1, sizeof *state);
    regex *made = cel_source_take(from, 1, sizeof *made);
    if (state == NULL || made == NULL)
        return NULL;
    if (pattern.len > EH_REGEX_BYTES_MAX) {
        *why_out = "longer than the limit allows";
        return NULL;
    }
    *state = (parser){.from = from, .rest = pattern, .made = made, .atom = UINT32_MAX, .groups_count = 1};
    state->jumps = cel_source_take(from, pattern.len + 1, sizeof *state->jumps);
    if (state->jumps == NULL)
        return NULL;
    bool good = true;
    while (good && state->rest.len > 0)
        good = piece_take(state);
    if (good && state->groups_count > 1)
        good = wrong(state, "( is not closed");
    if (good)
        jumps_lead(state, 0);
    good = good && emit(state, REGEX_MATCH, 0, 0);
    *why_out = state->why;
    return good ? made : NULL;
}
