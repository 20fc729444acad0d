/* Properties of characters, from ICU. */
#include "base/unicode.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/uscript.h>

enum { NAME_BYTES_MAX = 64 };

bool eh_unicode_set_named(eh_view name, eh_unicode_set *set_out)
{
    char copy[NAME_BYTES_MAX];
    if (name.len == 0 || name.len >= sizeof copy || memchr(name.ptr, '\0', name.len) != NULL)
        return false;
    memcpy(copy, name.ptr, name.len);
    copy[name.len] = '\0';
    if (strcmp(copy, "Any") == 0) {
        *set_out = (eh_unicode_set){.categories = UINT32_MAX};
        return true;
    }
    int32_t categories = name.len <= 2 ? u_getPropertyValueEnum(UCHAR_GENERAL_CATEGORY_MASK, copy) : UCHAR_INVALID_CODE;
    if (categories != UCHAR_INVALID_CODE) {
        *set_out = (eh_unicode_set){.categories = (uint32_t)categories};
        return true;
    }
    int32_t script = u_getPropertyValueEnum(UCHAR_SCRIPT, copy);
    if (script == UCHAR_INVALID_CODE)
        return false;
    *set_out = (eh_unicode_set){.script = script};
    return true;
}

bool eh_unicode_in_set(uint32_t codepoint, eh_unicode_set set)
{
    if (set.categories != 0)
        return (set.categories & U_GET_GC_MASK((UChar32)codepoint)) != 0;
    UErrorCode status = U_ZERO_ERROR;
    return (int32_t)uscript_getScript((UChar32)codepoint, &status) == set.script && U_SUCCESS(status);
}

uint32_t eh_unicode_fold(uint32_t codepoint)
{
    return (uint32_t)u_foldCase((UChar32)codepoint, U_FOLD_CASE_DEFAULT);
}

uint32_t eh_unicode_lower(uint32_t codepoint)
{
    return (uint32_t)u_tolower((UChar32)codepoint);
}

uint32_t eh_unicode_upper(uint32_t codepoint)
{
    return (uint32_t)u_toupper((UChar32)codepoint);
}

/* ---- names ---------------------------------------------------------------------------------------------------------------------- */

enum { NAME_UNITS = 1024 };

/* Folded, without white space; SIZE_MAX when it cannot be: no UTF-8, or too long. */
static size_t name_fold(eh_view text, UChar folded[NAME_UNITS])
{
    UChar units[NAME_UNITS];
    UErrorCode status = U_ZERO_ERROR;
    int32_t len = 0, kept = 0;
    if (text.len > NAME_UNITS)
        return SIZE_MAX;
    u_strFromUTF8(units, NAME_UNITS, &len, text.ptr, (int32_t)text.len, &status);
    int32_t whole = U_SUCCESS(status) ? unorm2_normalize(unorm2_getNFKCCasefoldInstance(&status), units, len, folded, NAME_UNITS, &status) : 0;
    if (U_FAILURE(status))
        return SIZE_MAX;
    for (int32_t i = 0; i < whole; i++)
        if (!u_isUWhiteSpace(folded[i]))
            folded[kept++] = folded[i];
    return (size_t)kept;
}

bool eh_unicode_same_name(eh_view a, eh_view b)
{
    UChar left[NAME_UNITS], right[NAME_UNITS];
    size_t left_len = name_fold(a, left), right_len = name_fold(b, right);
    if (left_len == SIZE_MAX || right_len == SIZE_MAX)
        return eh_view_equal(a, b);
    return left_len == right_len && memcmp(left, right, left_len * sizeof *left) == 0;
}

bool eh_unicode_blank(eh_view text)
{
    UChar folded[NAME_UNITS];
    return name_fold(text, folded) == 0;
}
