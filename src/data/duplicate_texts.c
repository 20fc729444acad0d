/* Texts that say who somebody is, brought to one form: e-mail, telephone, name, address; and how alike two are. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "data/duplicates.h"

enum { TEXT_BYTES_MAX = 255, WORDS_MAX = 24 };

static size_t append(char *out, size_t used, size_t size, const char *text, size_t len)
{
    for (size_t i = 0; i < len && used + 1 < size; i++)
        out[used++] = text[i];
    out[used] = '\0';
    return used;
}

bool eh_email_normalise(const char *text, char out[320])
{
    eh_view trimmed = eh_view_trim(eh_view_of(text));
    const char *at = trimmed.len == 0 ? NULL : memrchr(trimmed.ptr, '@', trimmed.len);
    if (at == NULL || at == trimmed.ptr || trimmed.len > 300)
        return false;
    size_t local = (size_t)(at - trimmed.ptr), used = 0;
    eh_view domain = {at + 1, trimmed.len - local - 1};
    if (domain.len < 3 || memchr(domain.ptr, '.', domain.len) == NULL || memchr(trimmed.ptr, ' ', trimmed.len) != NULL)
        return false;
    bool google = eh_view_equal_nocase(domain, EH_VIEW("gmail.com")) || eh_view_equal_nocase(domain, EH_VIEW("googlemail.com"));
    for (size_t i = 0; i < local && trimmed.ptr[i] != '+'; i++)
        if (!google || trimmed.ptr[i] != '.')
            out[used++] = (char)tolower((unsigned char)trimmed.ptr[i]);
    if (used == 0)
        return false;
    out[used++] = '@';
    if (google)
        domain = EH_VIEW("gmail.com");
    for (size_t i = 0; i < domain.len; i++)
        out[used++] = (char)tolower((unsigned char)domain.ptr[i]);
    out[used] = '\0';
    return true;
}

/* ---- telephone -------------------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *country, *code, *trunk; /* what stands before a number inside the country, and not behind the country's code */
} calling_codes[] = {
    {"US", "1", "1"},   {"CA", "1", "1"},   {"GB", "44", "0"},  {"IE", "353", "0"}, {"DE", "49", "0"},  {"AT", "43", "0"},  {"CH", "41", "0"},  {"FR", "33", "0"},
    {"BE", "32", "0"},  {"NL", "31", "0"},  {"LU", "352", ""},  {"ES", "34", ""},   {"PT", "351", ""},  {"IT", "39", ""},   {"PL", "48", ""},   {"CZ", "420", ""},
    {"SK", "421", "0"}, {"HU", "36", "06"}, {"RO", "40", "0"},  {"BG", "359", "0"}, {"GR", "30", ""},   {"HR", "385", "0"}, {"SI", "386", "0"}, {"DK", "45", ""},
    {"SE", "46", "0"},  {"NO", "47", ""},   {"FI", "358", "0"}, {"EE", "372", ""},  {"LV", "371", ""},  {"LT", "370", "8"}, {"BR", "55", "0"},  {"MX", "52", ""},
    {"AR", "54", "0"},  {"CL", "56", ""},   {"CO", "57", ""},   {"AU", "61", "0"},  {"NZ", "64", "0"},  {"IN", "91", "0"},  {"JP", "81", "0"},  {"CN", "86", "0"},
    {"ZA", "27", "0"},  {"TR", "90", "0"},  {"UA", "380", "0"}, {"IL", "972", "0"}, {"AE", "971", "0"}, {"SG", "65", ""},   {"KR", "82", "0"},
};

static bool finish_phone(const char *prefix, const char *digits, char out[20])
{
    size_t len = strlen(prefix) + strlen(digits);
    if (len < 8 || len > 15) /* E.164: at most 15 digits */
        return false;
    snprintf(out, 20, "+%.4s%.14s", prefix, digits);
    return true;
}

bool eh_phone_normalise(const char *text, const char *country, char out[20])
{
    char digits[32];
    size_t used = 0;
    bool plus = false;
    for (const char *at = text; *at != '\0'; at++) {
        if (at[0] == '(' && at[1] == '0' && at[2] == ')' && (plus || used > 3)) {
            at += 2; /* +49 (0)30 ... */
        } else if (isdigit((unsigned char)*at)) {
            if (used + 1 == sizeof digits)
                return false;
            digits[used++] = *at;
        } else if (*at == '+' && used == 0) {
            plus = true;
        } else if (strchr(" -./()\t", *at) == NULL && (unsigned char)*at < 0x80) {
            return false;
        }
    }
    digits[used] = '\0';
    if (plus)
        return finish_phone("", digits, out);
    if (strncmp(digits, "00", 2) == 0)
        return finish_phone("", digits + 2, out);
    for (size_t i = 0; country != NULL && i < sizeof calling_codes / sizeof calling_codes[0]; i++) {
        if (strcasecmp(calling_codes[i].country, country) != 0)
            continue;
        size_t trunk = strlen(calling_codes[i].trunk);
        bool has_trunk = trunk > 0 && strncmp(digits, calling_codes[i].trunk, trunk) == 0;
        return finish_phone(calling_codes[i].code, digits + (has_trunk ? trunk : 0), out);
    }
    return false;
}

/* ---- names and addresses ----------------------------------------------------------------------------------------------------------- */

/* Letters with marks as plain ones; what is not known stays. */
static const char *plain_letter(const char *at, size_t *bytes_out)
{
    static const struct {
        const char *from, *to;
    } letters[] = {
        {"ä", "ae"}, {"ö", "oe"}, {"ü", "ue"}, {"ß", "ss"}, {"Ä", "ae"}, {"Ö", "oe"}, {"Ü", "ue"}, {"á", "a"}, {"à", "a"}, {"â", "a"}, {"ã", "a"}, {"å", "a"}, {"Á", "a"},
        {"À", "a"}, {"Â", "a"}, {"Å", "a"}, {"é", "e"}, {"è", "e"}, {"ê", "e"}, {"ë", "e"}, {"É", "e"}, {"È", "e"}, {"í", "i"}, {"ì", "i"}, {"î", "i"}, {"ï", "i"},
        {"ó", "o"}, {"ò", "o"}, {"ô", "o"}, {"õ", "o"}, {"ø", "o"}, {"Ó", "o"}, {"Ø", "o"}, {"ú", "u"}, {"ù", "u"}, {"û", "u"}, {"ç", "c"}, {"Ç", "c"}, {"ñ", "n"},
        {"Ñ", "n"}, {"ł", "l"}, {"Ł", "l"}, {"ą", "a"}, {"ę", "e"}, {"ś", "s"}, {"Ś", "s"}, {"ć", "c"}, {"ź", "z"}, {"ż", "z"}, {"Ż", "z"}, {"ń", "n"}, {"š", "s"},
        {"Š", "s"}, {"č", "c"}, {"Č", "c"}, {"ž", "z"}, {"Ž", "z"}, {"ý", "y"}, {"ř", "r"}, {"ő", "o"}, {"ű", "u"}, {"æ", "ae"}, {"œ", "oe"},
    };
    for (size_t i = 0; i < sizeof letters / sizeof letters[0]; i++) {
        size_t len = strlen(letters[i].from);
        if (strncmp(at, letters[i].from, len) == 0) {
            *bytes_out = len;
            return letters[i].to;
        }
    }
    return NULL;
}

/* Words of letters and digits, in lower case, one blank between. */
static void fold(const char *text, char out[256])
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0, bytes = 1; text[i] != '\0'; i += bytes) {
        unsigned char byte = (unsigned char)text[i];
        const char *plain = byte >= 0x80 ? plain_letter(text + i, &bytes) : NULL;
        if (plain == NULL)
            bytes = 1;
        char lower = (char)tolower(byte);
        if (plain != NULL)
            used = append(out, used, TEXT_BYTES_MAX, plain, strlen(plain));
        else if (isalnum(byte) || byte >= 0x80)
            used = append(out, used, TEXT_BYTES_MAX, &lower, 1);
        else if (byte != '\'' && used > 0 && out[used - 1] != ' ')
            used = append(out, used, TEXT_BYTES_MAX, " ", 1);
    }
    if (used > 0 && out[used - 1] == ' ')
        out[used - 1] = '\0';
}

static size_t split(char *text, char *words[WORDS_MAX])
{
    size_t count = 0;
    for (char *at = text; *at != '\0' && count < WORDS_MAX;) {
        words[count++] = at;
        at += strcspn(at, " ");
        if (*at == ' ')
            *at++ = '\0';
    }
    return count;
}

void eh_name_normalise(const char *text, char out[256])
{
    static const char *const titles[] = {"mr", "mrs", "ms", "miss", "dr", "prof", "herr", "frau", "mme", "m", "sr", "sra", "sig", "dhr", "mevr", "pan", "pani"};
    char folded[256], *words[WORDS_MAX];
    size_t count, kept = 0, used = 0;
    fold(text, folded);
    count = split(folded, words);
    for (size_t i = 0; i < count; i++) {
        bool title = false;
        for (size_t k = 0; k < sizeof titles / sizeof titles[0]; k++)
            title = title || strcmp(words[i], titles[k]) == 0;
        if (title && count > 1)
            continue;
        size_t place = kept++;
        char *word = words[i];
        for (; place > 0 && strcmp(words[place - 1], word) > 0; place--)
            words[place] = words[place - 1];
        words[place] = word;
    }
    out[0] = '\0';
    for (size_t i = 0; i < kept; i++) {
        used = append(out, used, 256, i == 0 ? "" : " ", i > 0);
        used = append(out, used, 256, words[i], strlen(words[i]));
    }
}

void eh_address_normalise(const char *text, char out[256])
{
    static const struct {
        const char *word, *shorter;
    } shorter[] = {{"street", "st"}, {"strasse", "str"}, {"avenue", "ave"}, {"road", "rd"}, {"boulevard", "blvd"}, {"lane", "ln"}, {"drive", "dr"}, {"square", "sq"},
                   {"platz", "pl"}, {"calle", "c"}, {"apartment", "apt"}, {"number", ""}, {"no", ""}, {"nr", ""}};
    char folded[256], *words[WORDS_MAX];
    size_t used = 0;
    fold(text, folded);
    size_t count = split(folded, words);
    out[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const char *word = words[i];
        size_t len = strlen(word);
        for (size_t k = 0; k < sizeof shorter / sizeof shorter[0]; k++)
            if (strcmp(word, shorter[k].word) == 0)
                word = shorter[k].shorter;
        if (len > 7 && strcmp(words[i] + len - 7, "strasse") == 0)
            words[i][len - 4] = '\0'; /* hauptstrasse -> hauptstr */
        if (word[0] == '\0')
            continue;
        used = append(out, used, 256, " ", used > 0);
        used = append(out, used, 256, word, strlen(word));
    }
}

/* ---- likeness ------------------------------------------------------------------------------------------------------------------------ */

double eh_jaro_winkler(const char *a, const char *b)
{
    bool taken_a[256] = {false}, taken_b[256] = {false};
    size_t len_a = strlen(a), len_b = strlen(b), matches = 0, half_swaps = 0, prefix = 0;
    len_a = len_a > 255 ? 255 : len_a;
    len_b = len_b > 255 ? 255 : len_b;
    if (len_a == 0 || len_b == 0)
        return len_a == len_b ? 1 : 0;
    size_t longer = len_a > len_b ? len_a : len_b, reach = longer / 2 > 0 ? longer / 2 - 1 : 0;
    for (size_t i = 0; i < len_a; i++)
        for (size_t k = i > reach ? i - reach : 0; k < len_b && k <= i + reach; k++)
            if (!taken_b[k] && a[i] == b[k]) {
                taken_a[i] = taken_b[k] = true;
                matches++;
                break;
            }
    if (matches == 0)
        return 0;
    for (size_t i = 0, k = 0; i < len_a; i++) {
        if (!taken_a[i])
            continue;
        while (!taken_b[k])
            k++;
        half_swaps += a[i] != b[k];
        k++;
    }
    double m = (double)matches;
    double jaro = (m / (double)len_a + m / (double)len_b + (m - (double)half_swaps / 2) / m) / 3;
    while (prefix < 4 && prefix < len_a && prefix < len_b && a[prefix] == b[prefix])
        prefix++;
    return jaro + 0.1 * (double)prefix * (1 - jaro);
}
