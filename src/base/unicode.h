/** What Unicode says of a character: general category, script, simple case folding. ICU stands behind it. */
#ifndef EH_BASE_UNICODE_H
#define EH_BASE_UNICODE_H

#include "base/base.h"

/** A set of characters by general category (L, Lu, Nd, ...), by script (Greek, Latin, ...) or all of them (Any). */
typedef struct {
    uint32_t categories; /* bit per general category; 0: `script` decides */
    int32_t script;
} eh_unicode_set;

/** The set of that name; false when there is none. */
bool eh_unicode_set_named(eh_view name, eh_unicode_set *set_out);
bool eh_unicode_in_set(uint32_t codepoint, eh_unicode_set set);
/** Simple case folding: two characters that fold to the same are the same but for case. */
uint32_t eh_unicode_fold(uint32_t codepoint);
uint32_t eh_unicode_lower(uint32_t codepoint);
uint32_t eh_unicode_upper(uint32_t codepoint);

/** The same name, whatever the case, the spaces, the width and composition of its letters, and what cannot be seen (NFKC_Casefold of Unicode). */
bool eh_unicode_same_name(eh_view a, eh_view b);
/** True when there is nothing to see: empty, or only white space and what cannot be seen. */
bool eh_unicode_blank(eh_view text);

#endif
