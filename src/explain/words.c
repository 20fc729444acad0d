/* The languages that are built in. */
#include <string.h>

#include "explain/explain.h"
#include "explain/explain_messages.h"

const char *const eh_languages[EH_LANGUAGES_COUNT] = {"en", "de", "fr", "es"};

static const struct {
    const char *language, *file;
    const unsigned char *bytes;
    size_t len;
} texts[EH_LANGUAGES_COUNT] = {
    {"en", "messages/en.yaml", messages_en, sizeof messages_en},
    {"de", "messages/de.yaml", messages_de, sizeof messages_de},
    {"fr", "messages/fr.yaml", messages_fr, sizeof messages_fr},
    {"es", "messages/es.yaml", messages_es, sizeof messages_es},
};

/* "de-AT" is German. */
static size_t find(const char *language)
{
    size_t len = strcspn(language, "-_"), i = 0;
    while (i < EH_LANGUAGES_COUNT && !eh_view_equal_nocase((eh_view){language, len}, eh_view_of(texts[i].language)))
        i++;
    return i;
}

eh_view eh_language_text(const char *language)
{
    size_t i = find(language);
    return i == EH_LANGUAGES_COUNT ? (eh_view){0} : (eh_view){(const char *)texts[i].bytes, texts[i].len};
}

eh_code eh_words_open(const char *language, eh_words *words_out, eh_error *error)
{
    size_t i = find(language);
    EH_CLEANUP(eh_words_close) eh_words words = {0};
    if (i == EH_LANGUAGES_COUNT)
        return eh_fail(error, EH_NOT_FOUND, "there are no words in '%.40s' yet; there are English (en), German (de), French (fr) and Spanish (es)", language);
    EH_TRY(eh_messages_open(eh_language_text("en"), texts[0].file, "en", NULL, &words.english, error));
    if (i > 0)
        EH_TRY(eh_messages_open(eh_language_text(language), texts[i].file, language, words.english, &words.own, error));
    EH_TRY(eh_date_format_open(eh_messages_language(words.own != NULL ? words.own : words.english), EH_DATE_DAY, &words.days, error));
    *words_out = words;
    words = (eh_words){0};
    return EH_OK;
}

void eh_words_close(eh_words *words)
{
    eh_date_format_close(&words->days);
    eh_messages_close(&words->own);
    eh_messages_close(&words->english);
}
