/* Dates in words, as the people of a language write them: ICU's patterns. */
#include "base/base_int.h"
#include "base/time.h"

#include <pthread.h>
#include <stdlib.h>
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

struct eh_date_format {
    pthread_mutex_t lock;   /* ICU's formatter is for one thread at a time */
    UDateFormat *format;
    char language[LANGUAGE_BYTES_MAX];
};

static eh_code fail_icu(const char *language, UErrorCode status, eh_error *error)
{
    return eh_fail(error, status == U_MEMORY_ALLOCATION_ERROR ? EH_MEMORY : EH_UNAVAILABLE, "a date in '%s' cannot be written: %s", language, u_errorName(status));
}

eh_code eh_date_format_open(const char *language, eh_date_words style, eh_date_format **format_out, eh_error *error)
{
    static const UChar utc[] = {'U', 'T', 'C', 0};
    char locale[LANGUAGE_BYTES_MAX];
    if (!locale_of(language, locale))
        return eh_fail(error, EH_INPUT, "'%.60s' is no language tag such as en, de or fr-CA", language);
    UErrorCode status = U_ZERO_ERROR;
    UChar pattern[WORDS_MAX];
    eh_date_format *format = calloc(1, sizeof *format);
    if (format == NULL)
        return eh_fail_memory(error);
    int32_t pattern_len = pattern_of(locale, style, pattern, &status);
    format->format = udat_open(UDAT_PATTERN, UDAT_PATTERN, locale, utc, -1, pattern, pattern_len, &status);
    if (U_FAILURE(status)) {
        free(format);
        return fail_icu(language, status, error);
    }
    pthread_mutex_init(&format->lock, NULL);
    memcpy(format->language, language, strlen(language) + 1);
    *format_out = format;
    return EH_OK;
}

void eh_date_format_close(eh_date_format **format)
{
    if (*format == NULL)
        return;
    udat_close((*format)->format);
    pthread_mutex_destroy(&(*format)->lock);
    free(*format);
    *format = NULL;
}

eh_code eh_date_format_append(eh_date_format *format, eh_instant instant, const eh_zone *zone, eh_buffer *words_out, eh_error *error)
{
    UErrorCode status = U_ZERO_ERROR;
    UChar words[WORDS_MAX];
    char text[4 * WORDS_MAX];
    int32_t text_len = 0;
    /* The zone's own wall clock, shown as if it were UTC: one source of offsets for the whole program. */
    double local_ms = ((double)instant.seconds + eh_zone_offset(zone, instant)) * 1000;
    pthread_mutex_lock(&format->lock);
    int32_t words_len = udat_format(format->format, local_ms, words, WORDS_MAX, NULL, &status);
    pthread_mutex_unlock(&format->lock);
    u_strToUTF8(text, sizeof text, &text_len, words, words_len, &status);
    if (U_FAILURE(status))
        return fail_icu(format->language, status, error);
    eh_buffer_append(words_out, (eh_view){text, (size_t)text_len});
    return EH_OK;
}

eh_code eh_date_in_words(eh_instant instant, const eh_zone *zone, const char *language, eh_date_words style, eh_buffer *words_out,
                         eh_error *error)
{
    EH_CLEANUP(eh_date_format_close) eh_date_format *format = NULL;
    EH_TRY(eh_date_format_open(language, style, &format, error));
    return eh_date_format_append(format, instant, zone, words_out, error);
}
