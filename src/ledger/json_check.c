/* Is this one JSON object? A single pass without memory, for the path of every entry. What is read later goes through base/json.h. */
#include <string.h>

#include "ledger/ledger_int.h"

typedef struct {
    const char *at, *end;
    const char *fault;
} checking;

static void skip_space(checking *state)
{
    while (state->at < state->end && (*state->at == ' ' || *state->at == '\t' || *state->at == '\n' || *state->at == '\r'))
        state->at++;
}

static bool take(checking *state, char byte)
{
    if (state->at == state->end || *state->at != byte)
        return false;
    state->at++;
    return true;
}

static bool four_digits(checking *state, uint32_t *value_out)
{
    uint8_t bytes[2];
    if (state->end - state->at < 4 || !eh_hex_read((eh_view){state->at, 4}, 2, bytes))
        return false;
    *value_out = (uint32_t)bytes[0] << 8 | bytes[1];
    state->at += 4;
    return true;
}

/* After "\u": one character, which may need two escapes. */
static bool unicode(checking *state)
{
    uint32_t first = 0, second = 0;
    if (!four_digits(state, &first) || first == 0 || (first >= 0xDC00 && first <= 0xDFFF))
        return false;
    if (first < 0xD800 || first > 0xDBFF)
        return true;
    return take(state, '\\') && take(state, 'u') && four_digits(state, &second) && second >= 0xDC00 && second <= 0xDFFF;
}

/* Is one of eight bytes a quote, a backslash or below 0x20? Each marks its own high bit; a mark above a true one may be false. */
static bool has_special(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones << 7;
    uint64_t quote = word ^ (ones * '"'), slash = word ^ (ones * '\\');
    return ((((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & high) != 0;
}

/* After the opening quote. */
static bool text(checking *state)
{
    uint64_t word;
    while (state->at < state->end) {
        if ((size_t)(state->end - state->at) >= sizeof word) {
            memcpy(&word, state->at, sizeof word);
            if (!has_special(word)) {
                state->at += sizeof word;
                continue;
            }
        }
        unsigned char byte = (unsigned char)*state->at++;
        if (byte == '"')
            return true;
        if (byte < 0x20)
            return false;
        if (byte != '\\')
            continue;
        if (state->at == state->end)
            return false;
        char escape = *state->at++;
        if (escape == 'u' ? !unicode(state) : memchr("\"\\/bfnrt", escape, 8) == NULL)
            return false;
    }
    return false;
}

static bool digits(checking *state)
{
    const char *from = state->at;
    while (state->at < state->end && *state->at >= '0' && *state->at <= '9')
        state->at++;
    return state->at > from;
}

static bool number(checking *state)
{
    (void)take(state, '-');
    if (!take(state, '0') && !digits(state))
        return false;
    if (take(state, '.') && !digits(state))
        return false;
    if (take(state, 'e') || take(state, 'E')) {
        if (!take(state, '+'))
            (void)take(state, '-');
        return digits(state);
    }
    return true;
}

static bool word(checking *state, const char *letters)
{
    size_t len = strlen(letters);
    if ((size_t)(state->end - state->at) < len || memcmp(state->at, letters, len) != 0)
        return false;
    state->at += len;
    return true;
}

static bool scalar(checking *state)
{
    if (take(state, '"'))
        return text(state);
    if (state->at < state->end && (*state->at == '-' || (*state->at >= '0' && *state->at <= '9')))
        return number(state);
    return word(state, "true") || word(state, "false") || word(state, "null");
}

static bool key(checking *state)
{
    skip_space(state);
    if (!take(state, '"') || !text(state))
        return false;
    skip_space(state);
    return take(state, ':');
}

/* The levels are bits: 1 for an object. */
static bool walk(checking *state)
{
    uint64_t objects = 0;
    uint32_t depth = 0;
    for (;;) {
        skip_space(state);
        bool object = state->at < state->end && *state->at == '{', array = state->at < state->end && *state->at == '[';
        bool opened = object || array;
        if (opened) {
            if (depth == EH_JSON_DEPTH_MAX) {
                state->fault = "is nested too deeply";
                return false;
            }
            state->at++;
            objects = objects << 1 | object;
            depth++;
            skip_space(state);
        } else if (!scalar(state)) {
            return false;
        }
        bool empty = opened && take(state, object ? '}' : ']');
        if (opened && !empty) {
            if (object && !key(state))
                return false;
            continue;
        }
        if (empty) {
            objects >>= 1;
            depth--;
        }
        /* a value has ended: close what ends here, or go on to the next one */
        for (;;) {
            if (depth == 0)
                return true;
            skip_space(state);
            if (take(state, ','))
                break;
            if (!take(state, (objects & 1) != 0 ? '}' : ']'))
                return false;
            objects >>= 1;
            depth--;
        }
        if ((objects & 1) != 0 && !key(state))
            return false;
    }
}

const char *eh_json_object_fault(eh_view json)
{
    checking state = {.at = json.ptr, .end = json.ptr + json.len};
    if (!eh_utf8_valid(json))
        return "is not valid UTF-8";
    skip_space(&state);
    if (state.at == state.end || *state.at != '{')
        return "is no JSON object";
    if (!walk(&state))
        return state.fault != NULL ? state.fault : "is not well-formed JSON";
    skip_space(&state);
    return state.at == state.end ? NULL : "has something after the JSON object";
}
