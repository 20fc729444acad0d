/* Runs a program over a text: all states at once (Thompson 1968, Pike), so the time is at most |text| times |program|. */
#include "policy/regex_int.h"

#include <string.h>

/* A set of states that is emptied in constant time (Briggs, Torczon 1993). */
typedef struct {
    uint32_t *dense, *sparse;
    uint32_t count;
} state_set;

typedef struct {
    const regex *of;
    eh_view text;
    uint32_t *stack;
    uint64_t visited;
    bool matched;
} matching;

static bool set_add(state_set *set, uint32_t index)
{
    uint32_t place = set->sparse[index];
    if (place < set->count && set->dense[place] == index)
        return false;
    set->sparse[index] = set->count;
    set->dense[set->count++] = index;
    return true;
}

static bool is_word(uint32_t codepoint)
{
    return codepoint == '_' || (codepoint >= '0' && codepoint <= '9') || (codepoint < 0x80 && (codepoint | 0x20) >= 'a' && (codepoint | 0x20) <= 'z');
}

static bool asserted(const matching *state, int32_t assertion, size_t at)
{
    unsigned char before = at > 0 ? (unsigned char)state->text.ptr[at - 1] : 0, after = at < state->text.len ? (unsigned char)state->text.ptr[at] : 0;
    bool edge = (at > 0 && is_word(before)) != (at < state->text.len && is_word(after));
    switch (assertion) {
    case ASSERT_TEXT_START:
        return at == 0;
    case ASSERT_TEXT_END:
        return at == state->text.len;
    case ASSERT_LINE_START:
        return at == 0 || before == '\n';
    case ASSERT_LINE_END:
        return at == state->text.len || after == '\n';
    case ASSERT_WORD_EDGE:
        return edge;
    default:
        return !edge;
    }
}

/* Adds a state and all that it leads to without reading. */
static void follow(matching *state, state_set *set, uint32_t from, size_t at)
{
    uint32_t open = 0;
    state->stack[open++] = from;
    while (open > 0) {
        uint32_t index = state->stack[--open];
        const regex_state *now = &state->of->states[index];
        state->visited++;
        if (!set_add(set, index))
            continue;
        if (now->operation == REGEX_MATCH) {
            state->matched = true;
        } else if (now->operation == REGEX_JUMP) {
            state->stack[open++] = (uint32_t)((int64_t)index + now->a);
        } else if (now->operation == REGEX_SPLIT) {
            state->stack[open++] = (uint32_t)((int64_t)index + now->a);
            state->stack[open++] = (uint32_t)((int64_t)index + now->b);
        } else if (now->operation == REGEX_ASSERT && asserted(state, now->a, at)) {
            state->stack[open++] = index + 1;
        }
    }
}

static bool in_ranges(const regex *of, const regex_class *class, uint32_t codepoint)
{
    for (uint32_t i = 0; i < class->count; i++) {
        const regex_range *range = &of->ranges[class->from + i];
        bool inside = range->by_set ? eh_unicode_in_set(codepoint, range->set) != range->negated : codepoint >= range->low && codepoint <= range->high;
        if (inside)
            return true;
    }
    return false;
}

static bool in_class(const regex *of, const regex_class *class, uint32_t codepoint)
{
    bool inside = in_ranges(of, class, codepoint);
    if (!inside && class->folded)
        inside = in_ranges(of, class, eh_unicode_lower(codepoint)) || in_ranges(of, class, eh_unicode_upper(codepoint)) ||
                 in_ranges(of, class, eh_unicode_fold(codepoint));
    return inside != class->negated;
}

static bool reads(const regex *of, const regex_state *now, uint32_t codepoint)
{
    switch (now->operation) {
    case REGEX_CHAR:
        return (uint32_t)now->a == codepoint;
    case REGEX_FOLDED:
        return (uint32_t)now->a == eh_unicode_fold(codepoint);
    case REGEX_ANY:
    case REGEX_BYTE:
        return true;
    case REGEX_ANY_BUT_LINE_END:
        return codepoint != '\n';
    case REGEX_CLASS:
        return in_class(of, &of->classes[now->a], codepoint);
    default:
        return false;
    }
}

static bool sets_make(eh_cel_machine *machine, matching *state, state_set sets[2])
{
    uint32_t count = state->of->states_count;
    state->stack = cel_take(machine, (size_t)count * 2 + 2, sizeof *state->stack);
    for (size_t i = 0; i < 2; i++) {
        sets[i].dense = cel_take(machine, count, sizeof *sets[i].dense);
        sets[i].sparse = cel_take(machine, count, sizeof *sets[i].sparse);
        if (sets[i].dense == NULL || sets[i].sparse == NULL)
            return false;
    }
    return state->stack != NULL;
}

bool cel_regex_match(eh_cel_machine *machine, const regex *compiled, eh_view text, bool *failed_out)
{
    matching state = {.of = compiled, .text = text};
    state_set sets[2] = {0};
    if (!sets_make(machine, &state, sets)) {
        *failed_out = true;
        return false;
    }
    state_set *now = &sets[0], *next = &sets[1];
    for (size_t at = 0;;) {
        follow(&state, now, 0, at);
        if (state.matched || at == text.len)
            break;
        size_t bytes;
        uint32_t codepoint = cel_codepoint((eh_view){text.ptr + at, text.len - at}, &bytes);
        next->count = 0;
        for (uint32_t i = 0; i < now->count && !state.matched; i++)
            if (reads(compiled, &compiled->states[now->dense[i]], codepoint))
                follow(&state, next, now->dense[i] + 1, at + bytes);
        if (!cel_spend(machine, state.visited / 8)) {
            *failed_out = true;
            return false;
        }
        state.visited %= 8;
        state_set *swapped = now;
        now = next;
        next = swapped;
        at += bytes;
    }
    return state.matched;
}
