/*
 * What the law of a place asks, as far as this room needs it. Where each age of consent stands is in docs/places.md; a shop's lawyer has the last word.
 * Nobody under 18 is profiled for marketing anywhere (DSA 28(2), India DPDP 9(3),
 * and the house's own rule elsewhere).
 */
#include <string.h>

#include "rights/rights_int.h"

#define BIT(channel) (UINT32_C(1) << (channel))

/* Letters on paper and the shop's own pages: legitimate interest with an opt-out (GDPR recital 47). */
#define PAPER_AND_SITE (BIT(EH_CHANNEL_POST) | BIT(EH_CHANNEL_ONSITE))
#define UNITED_STATES (PAPER_AND_SITE | BIT(EH_CHANNEL_EMAIL) | BIT(EH_CHANNEL_ADS))

enum { PROFILING_AGE = 18, CONSENT_AGE_STRICTEST = 18 };

typedef struct {
    const char *place;
    eh_jurisdiction_rules rules;
} place_rules;

#define EUROPE(code, age) {code, {age, PROFILING_AGE, true, false, false, PAPER_AND_SITE, "GDPR and ePrivacy Directive 13"}}

/* Sorted by place. */
static const place_rules places[] = {
    EUROPE("AT", 14),
    {"AU", {15, PROFILING_AGE, false, false, false, PAPER_AND_SITE, "Spam Act 2003 and Privacy Act 1988"}},
    EUROPE("BE", 13),
    EUROPE("BG", 14),
    {"BR", {18, PROFILING_AGE, false, false, false, PAPER_AND_SITE, "LGPD"}},
    {"CA", {16, PROFILING_AGE, false, true, false, PAPER_AND_SITE, "CASL and PIPEDA"}},
    {"CA-QC", {14, PROFILING_AGE, false, true, true, PAPER_AND_SITE, "CASL and Quebec Law 25"}},
    {"CH", {16, PROFILING_AGE, true, false, false, PAPER_AND_SITE, "FADP and UCA 3(1)(o)"}},
    EUROPE("CY", 14),
    EUROPE("CZ", 15),
    EUROPE("DE", 16),
    EUROPE("DK", 15),
    EUROPE("EE", 13),
    EUROPE("ES", 14),
    EUROPE("FI", 13),
    EUROPE("FR", 15),
    {"GB", {13, PROFILING_AGE, true, false, false, PAPER_AND_SITE, "UK GDPR and PECR 22"}},
    EUROPE("GR", 15),
    EUROPE("HR", 16),
    EUROPE("HU", 16),
    EUROPE("IE", 16),
    {"IN", {18, PROFILING_AGE, false, false, false, 0, "DPDP Act 2023"}},
    EUROPE("IS", 13),
    EUROPE("IT", 14),
    EUROPE("LI", 16),
    EUROPE("LT", 14),
    EUROPE("LU", 16),
    EUROPE("LV", 13),
    EUROPE("MT", 13),
    EUROPE("NL", 16),
    EUROPE("NO", 13),
    EUROPE("PL", 16),
    EUROPE("PT", 13),
    EUROPE("RO", 16),
    EUROPE("SE", 13),
    EUROPE("SI", 15),
    EUROPE("SK", 16),
    {"US", {13, PROFILING_AGE, false, false, false, UNITED_STATES, "CAN-SPAM, TCPA and COPPA"}},
    {"US-CA", {16, PROFILING_AGE, false, false, false, UNITED_STATES, "CAN-SPAM, TCPA and CCPA"}},
};
enum { PLACES_COUNT = sizeof places / sizeof places[0] };

static const eh_jurisdiction_rules strictest = {CONSENT_AGE_STRICTEST, PROFILING_AGE, false, false, false, 0, "the strictest rules, as the place is not known"};
static const eh_jurisdiction_rules elsewhere = {CONSENT_AGE_STRICTEST, PROFILING_AGE, false, false, false, 0, "the strictest rules, as none are listed for the place"};

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static char capital(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

eh_code eh_jurisdiction_read(eh_view text, eh_jurisdiction *jurisdiction_out, eh_error *error)
{
    eh_jurisdiction read = {0};
    text = eh_view_trim(text);
    bool well_formed = text.len == 0 || (text.len >= 2 && is_letter(text.ptr[0]) && is_letter(text.ptr[1]));
    if (text.len > 2)
        well_formed = well_formed && text.len >= 4 && text.len <= 6 && text.ptr[2] == '-';
    for (size_t i = 0; well_formed && i < text.len; i++) {
        read.text[i] = capital(text.ptr[i]);
        if (i > 2)
            well_formed = is_letter(text.ptr[i]) || (text.ptr[i] >= '0' && text.ptr[i] <= '9');
    }
    if (!well_formed)
        return eh_fail(error, EH_INPUT, "'%.*s' is no place; write two letters such as DE, or with a part of the country such as CA-QC or US-CA",
                       text.len < 40 ? (int)text.len : 40, text.ptr);
    if (memcmp(read.text, "EL", 3) == 0 || memcmp(read.text, "EL-", 3) == 0)
        memcpy(read.text, "GR", 2);
    if (memcmp(read.text, "UK", 3) == 0 || memcmp(read.text, "UK-", 3) == 0)
        memcpy(read.text, "GB", 2);
    *jurisdiction_out = read;
    return EH_OK;
}

static const eh_jurisdiction_rules *place_find(const char text[8])
{
    size_t low = 0, high = PLACES_COUNT;
    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = strncmp(text, places[middle].place, 8);
        if (order == 0)
            return &places[middle].rules;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

const eh_jurisdiction_rules *eh_jurisdiction_rules_of(eh_jurisdiction jurisdiction)
{
    if (jurisdiction.text[0] == '\0')
        return &strictest;
    const eh_jurisdiction_rules *rules = place_find(jurisdiction.text);
    if (rules == NULL && jurisdiction.text[2] != '\0') {
        char country[8] = {jurisdiction.text[0], jurisdiction.text[1]};
        rules = place_find(country);
    }
    return rules != NULL ? rules : &elsewhere;
}
