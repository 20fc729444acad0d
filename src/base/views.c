/* Views: borrowed bytes, compared, trimmed, checked as UTF-8; the nearest of some names. */
#include "base/base.h"

#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 255, NUMBER_TEXT_BYTES_MAX = 64 };

eh_view eh_view_of(const char *terminated)
{
    return (eh_view){terminated, terminated == NULL ? 0 : strlen(terminated)};
}

bool eh_view_equal(eh_view a, eh_view b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

static unsigned char fold(char byte)
{
    unsigned char folded = (unsigned char)byte;
    return folded >= 'A' && folded <= 'Z' ? (unsigned char)(folded | 0x20) : folded;
}

bool eh_view_equal_nocase(eh_view a, eh_view b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (fold(a.ptr[i]) != fold(b.ptr[i]))
            return false;
    return true;
}

static bool is_space(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

eh_view eh_view_trim(eh_view text)
{
    while (text.len > 0 && is_space(text.ptr[0])) {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && is_space(text.ptr[text.len - 1]))
        text.len--;
    return text;
}

/* Optimal string alignment distance without regard to ASCII case, in three rows. */
static size_t edit_distance(eh_view a, eh_view b)
{
    size_t rows[3][NAME_BYTES_MAX + 1];
    for (size_t j = 0; j <= b.len; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a.len; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *two_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t best = above[j - 1] + (fold(a.ptr[i - 1]) != fold(b.ptr[j - 1]));
            if (above[j] + 1 < best)
                best = above[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            bool swapped = i > 1 && j > 1 && fold(a.ptr[i - 1]) == fold(b.ptr[j - 2]) && fold(a.ptr[i - 2]) == fold(b.ptr[j - 1]);
            if (swapped && two_above[j - 2] + 1 < best)
                best = two_above[j - 2] + 1;
            row[j] = best;
        }
    }
    return rows[a.len % 3][b.len];
}

const char *eh_nearest_name(const char *name, const char *const *names, size_t names_count)
{
    eh_view wanted = eh_view_of(name);
    if (wanted.len == 0 || wanted.len > NAME_BYTES_MAX)
        return NULL;
    /* A third of a name of two letters is none; one slip is still the likely reason. */
    size_t distance_max = wanted.len >= 3 ? wanted.len / 3 : wanted.len - 1;
    const char *nearest = NULL;
    size_t nearest_distance = distance_max + 1;
    for (size_t i = 0; i < names_count; i++) {
        eh_view candidate = eh_view_of(names[i]);
        if (candidate.len > NAME_BYTES_MAX || candidate.len > wanted.len + distance_max || wanted.len > candidate.len + distance_max)
            continue;
        size_t distance = edit_distance(wanted, candidate);
        if (distance < nearest_distance) {
            nearest_distance = distance;
            nearest = names[i];
        }
    }
    return nearest;
}

bool eh_number_read(eh_view text, double *number_out)
{
    char copy[NUMBER_TEXT_BYTES_MAX];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    /* strtod also takes blanks, hexadecimal, inf and nan: only the characters of a decimal number go in */
    if (strspn(copy, "0123456789+-.eE") != text.len)
        return false;
    char *end = NULL;
    double number = strtod(copy, &end);
    if (end == copy || *end != '\0' || number > 1e300 || number < -1e300)
        return false;
    *number_out = number;
    return true;
}
