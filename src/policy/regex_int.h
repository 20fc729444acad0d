/** Regular expressions of RE2's syntax as programs without backtracking. Jumps are relative, so a piece of a program can be copied. */
#ifndef EH_POLICY_REGEX_INT_H
#define EH_POLICY_REGEX_INT_H

#include "base/unicode.h"
#include "policy/cel_int.h"

typedef enum {
    REGEX_CHAR,   /* a: code point */
    REGEX_FOLDED, /* a: folded code point */
    REGEX_ANY,
    REGEX_ANY_BUT_LINE_END,
    REGEX_BYTE,   /* \C */
    REGEX_CLASS,  /* a: class */
    REGEX_ASSERT, /* a: regex_assertion */
    REGEX_SPLIT,  /* a, b: where to go on */
    REGEX_JUMP,   /* a */
    REGEX_MATCH
} regex_operation;

typedef enum { ASSERT_TEXT_START, ASSERT_TEXT_END, ASSERT_LINE_START, ASSERT_LINE_END, ASSERT_WORD_EDGE, ASSERT_NO_WORD_EDGE } regex_assertion;

typedef struct {
    uint32_t operation;
    int32_t a, b;
} regex_state;

typedef struct {
    uint32_t low, high;
    eh_unicode_set set; /* used when by_set */
    bool by_set, negated;
} regex_range;

typedef struct {
    uint32_t from, count; /* in ranges */
    bool negated, folded;
} regex_class;

struct regex {
    regex_state *states;
    uint32_t states_count, states_capacity;
    regex_range *ranges;
    uint32_t ranges_count, ranges_capacity;
    regex_class *classes;
    uint32_t classes_count, classes_capacity;
};

#endif
