/* Dates in words, as the people of a language write them: ICU's patterns. */
#include "base/base_int.h"
#include "base/time.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/udat.h>
#include <unicode/udatpg.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

enum { LANGUAGE_BYTES_MAX = 64, WORDS_MAX = 128 };

static const char *const skeletons[] = {[EH_DATE_DAY] = "yMMMMd", [EH_DATE_DAY_AND_TIME] = "yMMMMdjmm", [EH_DATE_MONTH] = "yMMMM"};

/* The locale of a BCP 47 tag that is one to its last byte. */
static bool locale_of(const char *language, char locale[LANGUAGE_BYTES_MAX])
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t parsed = 0;
    size_t len = strlen(language);
    if (len == 0 || len >= LANGUAGE_BYTES_MAX)
        return false;
    int32_t locale_len = uloc_forLanguageTag(language, locale, LANGUAGE_BYTES_MAX, &parsed, &status);
    return U_SUCCESS(status) && status != U_STRING_NOT_TERMINATED_WARNING && locale_len > 0 && (size_t)parsed == len;
}

static int32_t pattern_of(const char *locale, eh_date_words style, UChar pattern[WORDS_MAX], UErrorCode *status)
{
    UChar skeleton[32];
    u_charsToUChars(skeletons[style], skeleton, (int32_t)strlen(skeletons[style]) + 1);
    UDateTimePatternGenerator *generator = udatpg_open(locale, status);
    int32_t len = udatpg_getBestPattern(generator, skeleton, -1, pattern, WORDS_MAX, status);
    udatpg_close(generator);
    return len;
}

eh_code eh_date_in_words(eh_instant instant, const eh_zone *zone, const char *language, eh_date_words style, eh_buffer *words_out,
                         eh_error *error)
{
    static const UChar utc[] = {'U', 'T', 'C', 0};
    char locale[LANGUAGE_BYTES_MAX];
    if (!locale_of(language, locale))
        return eh_fail(error, EH_INPUT, "'%.60s' is no language tag such as en, de or fr-CA", language);
    UErrorCode status = U_ZERO_ERROR;
    UChar pattern[WORDS_MAX], words[WORDS_MAX];
    char text[4 * WORDS_MAX];
    int32_t pattern_len = pattern_of(locale, style, pattern, &status), text_len = 0;
    UDateFormat *format = udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, utc, -1, pattern, pattern_len, &status);
    /* The zone's own wall clock, shown as if it were UTC: one source of offsets for the whole program. */
    double local_ms = ((double)instant.seconds + eh_zone_offset(zone, instant)) * 1000;
    int32_t words_len = udat_format(format, local_ms, words, WORDS_MAX, NULL, &status);
    u_strToUTF8(text, sizeof text, &text_len, words, words_len, &status);
    if (U_SUCCESS(status))
        udat_close(format);
    if (U_FAILURE(status))
        return eh_fail(error, status == U_MEMORY_ALLOCATION_ERROR ? EH_MEMORY : EH_UNAVAILABLE, "a date in '%s' cannot be written: %s",
                       language, u_errorName(status));
    eh_buffer_append(words_out, (eh_view){text, (size_t)text_len});
    return EH_OK;
}
