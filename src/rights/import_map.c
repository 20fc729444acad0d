/* Which column of an export says what, and what a row says. Columns are told by name, in any order; letter case, blanks and underscores do not count. */
#include <string.h>

#include "base/time.h"
#include "rights/import_int.h"

typedef struct {
    const char *name; /* folded: small letters and digits only */
    eh_role role;
    eh_purpose purpose;
    eh_channel channel;
} known_column;

#define MARKETING EH_PURPOSE_MARKETING
static const known_column known[] = {
    {"customerid", EH_ROLE_KEY, MARKETING, EH_CHANNEL_ALL},
    {"externalid", EH_ROLE_KEY, MARKETING, EH_CHANNEL_ALL},
    {"key", EH_ROLE_KEY, MARKETING, EH_CHANNEL_ALL},
    {"email", EH_ROLE_EMAIL, MARKETING, EH_CHANNEL_ALL},
    {"emailaddress", EH_ROLE_EMAIL, MARKETING, EH_CHANNEL_ALL},
    {"phone", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"phonenumber", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"smsphonenumber", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"defaultaddresscountrycode", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"countrycode", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"country", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"cc", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"jurisdiction", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"defaultaddressprovincecode", EH_ROLE_REGION, MARKETING, EH_CHANNEL_ALL},
    {"provincecode", EH_ROLE_REGION, MARKETING, EH_CHANNEL_ALL},
    {"region", EH_ROLE_REGION, MARKETING, EH_CHANNEL_ALL},

    {"acceptsemailmarketing", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"acceptsmarketing", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"acceptssmsmarketing", EH_ROLE_SAID, MARKETING, EH_CHANNEL_SMS},
    {"acceptswhatsappmarketing", EH_ROLE_SAID, MARKETING, EH_CHANNEL_WHATSAPP},
    {"emailmarketingconsent", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"emailconsent", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"smsmarketingconsent", EH_ROLE_SAID, MARKETING, EH_CHANNEL_SMS},
    {"smsconsent", EH_ROLE_SAID, MARKETING, EH_CHANNEL_SMS},
    {"whatsappmarketingconsent", EH_ROLE_SAID, MARKETING, EH_CHANNEL_WHATSAPP},
    {"pushmarketingconsent", EH_ROLE_SAID, MARKETING, EH_CHANNEL_PUSH},
    {"mobilepushmarketingconsent", EH_ROLE_SAID, MARKETING, EH_CHANNEL_PUSH},
    {"emailmarketingconsenttimestamp", EH_ROLE_AT, MARKETING, EH_CHANNEL_EMAIL},
    {"emailconsenttimestamp", EH_ROLE_AT, MARKETING, EH_CHANNEL_EMAIL},
    {"smsmarketingconsenttimestamp", EH_ROLE_AT, MARKETING, EH_CHANNEL_SMS},
    {"smsconsenttimestamp", EH_ROLE_AT, MARKETING, EH_CHANNEL_SMS},
    {"emailsuppressions", EH_ROLE_NO_IF_ANY, MARKETING, EH_CHANNEL_EMAIL},
    {"smssuppressions", EH_ROLE_NO_IF_ANY, MARKETING, EH_CHANNEL_SMS},

    {"optintime", EH_ROLE_YES_AT, MARKETING, EH_CHANNEL_EMAIL},
    {"confirmtime", EH_ROLE_YES_AT, MARKETING, EH_CHANNEL_EMAIL},
    {"unsubtime", EH_ROLE_NO_IF_ANY, MARKETING, EH_CHANNEL_EMAIL},
    {"cleantime", EH_ROLE_NO_IF_ANY, MARKETING, EH_CHANNEL_EMAIL},

    {"aioptout", EH_ROLE_SAID_NOT, EH_PURPOSE_AI, EH_CHANNEL_ALL},
    {"optoutai", EH_ROLE_SAID_NOT, EH_PURPOSE_AI, EH_CHANNEL_ALL},
    {"aiconsent", EH_ROLE_SAID, EH_PURPOSE_AI, EH_CHANNEL_ALL},
    {"datasaleoptout", EH_ROLE_SAID_NOT, EH_PURPOSE_SALE, EH_CHANNEL_ALL},
    {"gpc", EH_ROLE_SAID_NOT, EH_PURPOSE_SALE, EH_CHANNEL_ALL},

    {"said", EH_ROLE_SAID, EH_PURPOSES_COUNT, EH_CHANNEL_ALL}, /* of the row's own purpose and channel */
    {"consent", EH_ROLE_SAID, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"status", EH_ROLE_SAID, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"emailpermissionstatus", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"purpose", EH_ROLE_PURPOSE, MARKETING, EH_CHANNEL_ALL},
    {"channel", EH_ROLE_CHANNEL, MARKETING, EH_CHANNEL_ALL},
    {"at", EH_ROLE_AT, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"timestamp", EH_ROLE_AT, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"consentedat", EH_ROLE_AT, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"until", EH_ROLE_UNTIL, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"how", EH_ROLE_HOW, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"wording", EH_ROLE_WORDING, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"version", EH_ROLE_VERSION, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"language", EH_ROLE_LANGUAGE, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},

    /* German and French; letters beyond a to z are left out of a folded name */
    {"kundennummer", EH_ROLE_KEY, MARKETING, EH_CHANNEL_ALL},
    {"kundenid", EH_ROLE_KEY, MARKETING, EH_CHANNEL_ALL},
    {"numroclient", EH_ROLE_KEY, MARKETING, EH_CHANNEL_ALL},
    {"idclient", EH_ROLE_KEY, MARKETING, EH_CHANNEL_ALL},
    {"emailadresse", EH_ROLE_EMAIL, MARKETING, EH_CHANNEL_ALL},
    {"adresseemail", EH_ROLE_EMAIL, MARKETING, EH_CHANNEL_ALL},
    {"courriel", EH_ROLE_EMAIL, MARKETING, EH_CHANNEL_ALL},
    {"telefon", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"telefonnummer", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"handynummer", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"mobilnummer", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"tlphone", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"numrodetlphone", EH_ROLE_PHONE, MARKETING, EH_CHANNEL_ALL},
    {"land", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"lndercode", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"pays", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"codepays", EH_ROLE_COUNTRY, MARKETING, EH_CHANNEL_ALL},
    {"newsletter", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"emaileinwilligung", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"newslettereinwilligung", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"consentementemail", EH_ROLE_SAID, MARKETING, EH_CHANNEL_EMAIL},
    {"smseinwilligung", EH_ROLE_SAID, MARKETING, EH_CHANNEL_SMS},
    {"consentementsms", EH_ROLE_SAID, MARKETING, EH_CHANNEL_SMS},
    {"einwilligung", EH_ROLE_SAID, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"consentement", EH_ROLE_SAID, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"statut", EH_ROLE_SAID, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"angemeldetam", EH_ROLE_YES_AT, MARKETING, EH_CHANNEL_EMAIL},
    {"besttigtam", EH_ROLE_YES_AT, MARKETING, EH_CHANNEL_EMAIL},
    {"inscritle", EH_ROLE_YES_AT, MARKETING, EH_CHANNEL_EMAIL},
    {"confirmle", EH_ROLE_YES_AT, MARKETING, EH_CHANNEL_EMAIL},
    {"abgemeldetam", EH_ROLE_NO_IF_ANY, MARKETING, EH_CHANNEL_EMAIL},
    {"widerrufenam", EH_ROLE_NO_IF_ANY, MARKETING, EH_CHANNEL_EMAIL},
    {"dsinscritle", EH_ROLE_NO_IF_ANY, MARKETING, EH_CHANNEL_EMAIL},
    {"dsabonnle", EH_ROLE_NO_IF_ANY, MARKETING, EH_CHANNEL_EMAIL},
    {"zweck", EH_ROLE_PURPOSE, MARKETING, EH_CHANNEL_ALL},
    {"finalit", EH_ROLE_PURPOSE, MARKETING, EH_CHANNEL_ALL},
    {"kanal", EH_ROLE_CHANNEL, MARKETING, EH_CHANNEL_ALL},
    {"canal", EH_ROLE_CHANNEL, MARKETING, EH_CHANNEL_ALL},
    {"zeitpunkt", EH_ROLE_AT, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"wortlaut", EH_ROLE_WORDING, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"sprache", EH_ROLE_LANGUAGE, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"langue", EH_ROLE_LANGUAGE, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"birthday", EH_ROLE_BIRTH, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"birthdate", EH_ROLE_BIRTH, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
    {"dateofbirth", EH_ROLE_BIRTH, EH_PURPOSES_COUNT, EH_CHANNEL_ALL},
};
enum { KNOWN_COUNT = sizeof known / sizeof known[0], FOLDED_BYTES = 64 };

static void fold(eh_view text, char folded[FOLDED_BYTES])
{
    size_t len = 0;
    for (size_t i = 0; i < text.len && len + 1 < FOLDED_BYTES; i++) {
        char c = text.ptr[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
            folded[len++] = c;
    }
    folded[len] = '\0';
}

/* A metafield of Shopify is "Label (customer.metafields.space.key)": its key counts. */
static eh_view column_key(eh_view name)
{
    const char *metafield = memmem(name.ptr, name.len, "(customer.metafields.", 21);
    if (metafield == NULL || name.ptr[name.len - 1] != ')')
        return name;
    size_t end = name.len - 1, start = end;
    while (start > 0 && name.ptr[start - 1] != '.')
        start--;
    return (eh_view){name.ptr + start, end - start};
}

static const known_column *known_find(const char *name)
{
    char folded[FOLDED_BYTES];
    fold(column_key(eh_view_of(name)), folded);
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strcmp(known[i].name, folded) == 0)
            return &known[i];
    return NULL;
}

static bool has_column(const char *const *names, size_t count, const char *folded_name)
{
    char folded[FOLDED_BYTES];
    for (size_t i = 0; i < count; i++) {
        fold(eh_view_of(names[i]), folded);
        if (strcmp(folded, folded_name) == 0)
            return true;
    }
    return false;
}

/* The system by the columns that only it has. */
static const char *system_of(const char *const *names, size_t count, bool *no_is_vague_out)
{
    *no_is_vague_out = has_column(names, count, "acceptsemailmarketing") || has_column(names, count, "acceptsmarketing");
    if (*no_is_vague_out)
        return "Shopify";
    if (has_column(names, count, "klaviyoid") || has_column(names, count, "emailsuppressions"))
        return "Klaviyo";
    if (has_column(names, count, "leid") || has_column(names, count, "euid") || has_column(names, count, "memberrating"))
        return "Mailchimp";
    return "table";
}

static bool role_is_there(const eh_import_map *map, eh_role role)
{
    for (size_t i = 0; i < map->columns_count; i++)
        if (map->columns[i].role == role)
            return true;
    return false;
}

static bool says_something(const eh_import_map *map)
{
    return role_is_there(map, EH_ROLE_SAID) || role_is_there(map, EH_ROLE_SAID_NOT) || role_is_there(map, EH_ROLE_NO_IF_ANY) ||
           role_is_there(map, EH_ROLE_YES_AT);
}

eh_code eh_import_map_make(const char *const *names, size_t names_count, const char *key_column, eh_import_map *map_out, eh_error *error)
{
    eh_import_map map = {0};
    bool key_found = key_column == NULL;
    map.system = system_of(names, names_count, &map.no_is_vague);
    for (size_t i = 0; i < names_count && map.columns_count < EH_IMPORT_COLUMNS_MAX; i++) {
        const known_column *column = known_find(names[i]);
        bool is_key = key_column != NULL && eh_view_equal_nocase(eh_view_of(names[i]), eh_view_of(key_column));
        key_found = key_found || is_key;
        if (is_key)
            map.columns[map.columns_count++] = (eh_import_column){.name = names[i], .role = EH_ROLE_KEY};
        if (column == NULL || map.columns_count == EH_IMPORT_COLUMNS_MAX || (column->role == EH_ROLE_KEY && (key_column != NULL || role_is_there(&map, EH_ROLE_KEY))))
            continue;
        map.columns[map.columns_count++] =
            (eh_import_column){.name = names[i], .role = column->role, .purpose = column->purpose, .channel = column->channel};
    }
    if (!key_found) {
        const char *nearest = eh_nearest_name(key_column, names, names_count);
        return eh_fail(error, EH_NOT_FOUND, "--key: there is no column '%.60s'%s%s%s", key_column, nearest != NULL ? "; do you mean '" : "",
                       nearest != NULL ? nearest : "", nearest != NULL ? "'?" : "");
    }
    if (!says_something(&map))
        return eh_fail(error, EH_INPUT, "no column says what anybody agreed to; known are those of the customer export of Shopify (Accepts Email Marketing), "
                                        "of the profiles of Klaviyo (Email Marketing Consent), of an audience of Mailchimp (OPTIN_TIME, UNSUB_TIME), and a "
                                        "table of your own with the columns key, purpose, channel, said, at");
    if (!role_is_there(&map, EH_ROLE_KEY) && !role_is_there(&map, EH_ROLE_EMAIL) && !role_is_there(&map, EH_ROLE_PHONE))
        return eh_fail(error, EH_INPUT, "no column says who it was; name one with --key");
    *map_out = map;
    return EH_OK;
}

/* ---- cells -------------------------------------------------------------------------------------------------------------------------------- */

/* Spreadsheets keep a text a text with an apostrophe before it; Shopify writes it before ids and numbers. */
static eh_view cell_text(eh_view cell)
{
    cell = eh_view_trim(cell);
    if (cell.len > 0 && cell.ptr[0] == '\'')
        cell = (eh_view){cell.ptr + 1, cell.len - 1};
    return cell;
}

bool eh_import_time_read(eh_view text, int64_t *at_out)
{
    char rfc[48];
    eh_instant instant;
    text = eh_view_trim(text);
    if (text.len == 10 && eh_instant_parse_date(text, &instant, NULL) == EH_OK) {
        *at_out = instant.seconds;
        return true;
    }
    if (text.len < 19 || text.len > 40)
        return false;
    memcpy(rfc, text.ptr, text.len);
    rfc[text.len] = '\0';
    if (rfc[10] == ' ')
        rfc[10] = 'T';
    size_t end = 19;
    while (rfc[end] == '.' || (rfc[end] >= '0' && rfc[end] <= '9'))
        end++;
    const char *zone = rfc + end + (rfc[end] == ' ' ? 1 : 0);
    size_t zone_len = strlen(zone);
    char whole[64];
    if (zone_len == 0 || strcmp(zone, "UTC") == 0)
        snprintf(whole, sizeof whole, "%.*sZ", (int)end, rfc);
    else if (zone_len == 5 && (zone[0] == '+' || zone[0] == '-') && zone[3] != ':')
        snprintf(whole, sizeof whole, "%.*s%.3s:%s", (int)end, rfc, zone, zone + 3);
    else
        snprintf(whole, sizeof whole, "%.*s%s", (int)end, rfc, zone);
    if (eh_instant_parse(eh_view_of(whole), &instant, NULL) != EH_OK)
        return false;
    *at_out = instant.seconds;
    return true;
}

/* The words of all systems for the three answers, folded. */
static bool said_read(eh_view cell, eh_said *said_out)
{
    static const char *const yes[] = {"yes", "y", "true", "t", "1", "subscribed", "subscribe", "optedin", "optin", "confirmed", "granted", "consent",
                                      "ja", "oui", "angemeldet", "eingewilligt", "zugestimmt", "besttigt", "inscrit", "abonn", "accept"};
    static const char *const no[] = {"no",      "n",          "false",         "f",          "0",         "unsubscribed", "unsubscribe", "optedout", "optout",
                                     "cleaned", "suppressed", "spamcomplaint", "hardbounce", "invalid",   "redacted",     "withdrawn",   "denied",   "objected",
                                     "nein",    "non",        "abgemeldet",    "widerrufen", "widersprochen", "gesperrt",  "dsinscrit",   "dsabonn",  "refus"};
    static const char *const unknown[] = {"", "unknown", "neversubscribed", "notsubscribed", "pending", "null", "none", "nonsubscribed", "transactional", "na",
                                          "unbekannt", "ausstehend", "unbesttigt", "inconnu", "enattente", "nonconfirm"};
    char folded[FOLDED_BYTES];
    fold(cell, folded);
    const struct {
        const char *const *words;
        size_t count;
        eh_said said;
    } lists[] = {{yes, sizeof yes / sizeof *yes, EH_SAID_YES}, {no, sizeof no / sizeof *no, EH_SAID_NO},
                 {unknown, sizeof unknown / sizeof *unknown, EH_SAID_UNKNOWN}};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < lists[i].count; k++)
            if (strcmp(folded, lists[i].words[k]) == 0 && (folded[0] != '\0' || cell.len == 0)) {
                *said_out = lists[i].said;
                return true;
            }
    return false;
}

/* ---- a row ---------------------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_import_map *map;
    const eh_import_context *context;
    const eh_view *cells;
    eh_arena *arena;
    eh_import_row *row;
    uint64_t number;
    eh_said said[EH_SLOTS_COUNT]; /* what the row says of each slot in sum: a no wins */
    bool spoken[EH_SLOTS_COUNT];
    int64_t at_s[EH_SLOTS_COUNT];
    eh_purpose purpose;           /* of a row that says one thing */
    eh_channel channel;
} row_reading;

static eh_view cell_of(const row_reading *r, eh_role role)
{
    for (size_t i = 0; i < r->map->columns_count; i++)
        if (r->map->columns[i].role == role && cell_text(r->cells[i]).len > 0)
            return cell_text(r->cells[i]);
    return (eh_view){0};
}

static const char *text_of(const row_reading *r, eh_role role, const char *otherwise)
{
    eh_view cell = cell_of(r, role);
    return cell.len > 0 ? eh_arena_copy(r->arena, cell) : otherwise;
}

static void problem_set(row_reading *r, const char *column, eh_view cell, const char *what)
{
    if (r->row->problem == NULL)
        r->row->problem = eh_arena_format(r->arena, "%s '%.*s' %s", column, (int)(cell.len < 40 ? cell.len : 40), cell.ptr, what);
}

static uint32_t slots_of(eh_purpose purpose, eh_channel channel)
{
    return eh_act_slots(&(eh_act){.kind = EH_ACT_CONSENT, .purpose = purpose, .channel = channel});
}

static void say(row_reading *r, uint32_t slots, eh_said said, int64_t at_s)
{
    for (unsigned s = 0; s < EH_SLOTS_COUNT; s++) {
        if ((slots >> s & 1) == 0)
            continue;
        bool wins = !r->spoken[s] || said == EH_SAID_NO || (said == EH_SAID_YES && r->said[s] == EH_SAID_UNKNOWN);
        if (wins)
            r->said[s] = said;
        if (at_s != 0 && (wins || r->at_s[s] == 0))
            r->at_s[s] = at_s;
        r->spoken[s] = true;
    }
}

static int64_t time_of(row_reading *r, size_t column)
{
    eh_view cell = cell_text(r->cells[column]);
    int64_t at_s = 0;
    if (cell.len > 0 && (!eh_import_time_read(cell, &at_s) || at_s <= 0))
        problem_set(r, r->map->columns[column].name, cell, "is no time such as 2026-05-01 10:00:00");
    else if (at_s > r->context->now_s)
        problem_set(r, r->map->columns[column].name, cell, "lies in the future");
    return at_s > 0 && at_s <= r->context->now_s ? at_s : 0;
}

static void column_read(row_reading *r, size_t i)
{
    const eh_import_column *column = &r->map->columns[i];
    eh_view cell = cell_text(r->cells[i]);
    eh_said said = EH_SAID_UNKNOWN;
    bool own = column->purpose == EH_PURPOSES_COUNT;
    uint32_t slots = slots_of(own ? r->purpose : column->purpose, own ? r->channel : column->channel);
    if (column->role == EH_ROLE_SAID || column->role == EH_ROLE_SAID_NOT) {
        if (!said_read(cell, &said)) {
            problem_set(r, column->name, cell, "is neither yes nor no");
            return;
        }
        if (column->role == EH_ROLE_SAID_NOT) /* no opt-out is no opt-in */
            said = said == EH_SAID_YES ? EH_SAID_NO : EH_SAID_UNKNOWN;
        if (said == EH_SAID_UNKNOWN)
            r->row->unknown_count++;
        say(r, slots, said, 0);
    } else if (column->role == EH_ROLE_NO_IF_ANY && cell.len > 0 && !eh_view_equal(cell, EH_VIEW("[]"))) {
        int64_t at_s = 0;
        bool is_time = eh_import_time_read(cell, &at_s) && at_s > 0 && at_s <= r->context->now_s;
        say(r, slots, EH_SAID_NO, is_time ? at_s : 0);
    } else if (column->role == EH_ROLE_YES_AT && cell.len > 0) {
        int64_t at_s = time_of(r, i);
        if (at_s != 0)
            say(r, slots, EH_SAID_YES, at_s);
    } else if (column->role == EH_ROLE_AT) {
        int64_t at_s = time_of(r, i);
        for (unsigned s = 0; s < EH_SLOTS_COUNT; s++)
            if ((slots >> s & 1) != 0 && r->at_s[s] == 0)
                r->at_s[s] = at_s;
    }
}

static eh_jurisdiction place_of(row_reading *r)
{
    eh_jurisdiction place = {0};
    eh_view country = cell_of(r, EH_ROLE_COUNTRY), region = cell_of(r, EH_ROLE_REGION);
    char text[16];
    if (country.len == 2 && region.len > 0 && region.len <= 3 &&
        snprintf(text, sizeof text, "%.*s-%.*s", 2, country.ptr, (int)region.len, region.ptr) > 0 &&
        eh_jurisdiction_read(eh_view_of(text), &place, NULL) == EH_OK)
        return place;
    if (country.len >= 2 && country.len <= 6 && eh_jurisdiction_read(country, &place, NULL) == EH_OK)
        return place;
    return r->context->jurisdiction; /* a name of a country in words is not a place that we know: the strictest rules hold */
}

static void purpose_read(row_reading *r)
{
    eh_view purpose = cell_of(r, EH_ROLE_PURPOSE), channel = cell_of(r, EH_ROLE_CHANNEL);
    r->purpose = EH_PURPOSE_MARKETING;
    r->channel = EH_CHANNEL_EMAIL;
    if (purpose.len > 0 && !eh_purpose_find(purpose, &r->purpose))
        problem_set(r, "purpose", purpose, "is none of marketing, ai, sale");
    if (channel.len > 0 && !eh_channel_find(channel, &r->channel))
        problem_set(r, "channel", channel, "is none of all, email, sms, push, whatsapp, post, phone, onsite, ads");
}

/* One act per slot that is yes or no; a yes brings the wording, and how we know of it. */
static eh_code acts_make(row_reading *r, eh_error *error)
{
    eh_import_row *row = r->row;
    int64_t until_s = 0, birth_s = 0;
    eh_view until = cell_of(r, EH_ROLE_UNTIL), birth = cell_of(r, EH_ROLE_BIRTH);
    const char *slash = strrchr(r->context->path, '/');
    const char *how = text_of(r, EH_ROLE_HOW, NULL);
    if (how == NULL)
        how = eh_arena_format(r->arena, "%s, %.200s, row %llu%s", r->map->system, slash != NULL ? slash + 1 : r->context->path,
                              (unsigned long long)r->number, "");
    if (how == NULL)
        return eh_fail_memory(error);
    if (until.len > 0 && !eh_import_time_read(until, &until_s))
        problem_set(r, "until", until, "is no time");
    eh_jurisdiction place = place_of(r);
    for (unsigned s = 0; s < EH_SLOTS_COUNT; s++) {
        if (!r->spoken[s] || r->said[s] == EH_SAID_UNKNOWN)
            continue;
        bool yes = r->said[s] == EH_SAID_YES;
        row->time_known[row->acts_count] = r->at_s[s] != 0;
        row->acts[row->acts_count++] = (eh_act){
            .kind = yes ? EH_ACT_CONSENT : EH_ACT_WITHDRAW,
            .by = EH_BY_IMPORT,
            .purpose = s == EH_SLOT_AI ? EH_PURPOSE_AI : s == EH_SLOT_SALE ? EH_PURPOSE_SALE : EH_PURPOSE_MARKETING,
            .channel = s < EH_SLOT_AI ? (eh_channel)(s + 1) : EH_CHANNEL_ALL,
            .control = EH_CONTROL_UNTOLD,
            .at_s = r->at_s[s] != 0 ? r->at_s[s] : r->context->now_s,
            .until_s = yes ? until_s : 0,
            .jurisdiction = place,
            .how = how,
            .wording = yes ? text_of(r, EH_ROLE_WORDING, r->context->wording) : NULL,
            .version = yes ? text_of(r, EH_ROLE_VERSION, r->context->version) : NULL,
            .language = yes ? text_of(r, EH_ROLE_LANGUAGE, r->context->language) : NULL,
        };
    }
    if (birth.len > 0 && !eh_import_time_read(birth, &birth_s))
        problem_set(r, "date of birth", birth, "is no date such as 2010-05-01");
    if (birth.len > 0 && birth_s != 0 && birth_s < r->context->now_s) {
        row->time_known[row->acts_count] = false;
        row->acts[row->acts_count++] = (eh_act){.kind = EH_ACT_BIRTH, .by = EH_BY_IMPORT, .control = EH_CONTROL_UNTOLD, .at_s = r->context->now_s,
                                                .birth_day = (int32_t)((birth_s - (birth_s % EH_DAY_SECONDS + EH_DAY_SECONDS) % EH_DAY_SECONDS) / EH_DAY_SECONDS),
                                                .jurisdiction = place, .how = how};
    }
    return EH_OK;
}

eh_code eh_import_row_read(const eh_import_map *map, const eh_import_context *context, uint64_t number, const eh_view *cells, eh_arena *arena,
                           eh_import_row *row_out, eh_error *error)
{
    *row_out = (eh_import_row){0};
    row_reading r = {.map = map, .context = context, .cells = cells, .arena = arena, .row = row_out, .number = number};
    row_out->key = cell_of(&r, EH_ROLE_KEY);
    row_out->email = cell_of(&r, EH_ROLE_EMAIL);
    row_out->phone = cell_of(&r, EH_ROLE_PHONE);
    for (size_t i = 0; i < map->columns_count; i++)
        if (!eh_utf8_valid(cells[i]) || memchr(cells[i].ptr != NULL ? cells[i].ptr : "", '\0', cells[i].len) != NULL)
            row_out->problem = "a cell is not valid text";
    if (row_out->key.len == 0 && row_out->email.len == 0 && row_out->phone.len == 0)
        row_out->problem = "nobody is named";
    else if (row_out->key.len > EH_RIGHTS_KEY_BYTES_MAX || row_out->email.len > EH_RIGHTS_KEY_BYTES_MAX || row_out->phone.len > EH_RIGHTS_KEY_BYTES_MAX)
        row_out->problem = "a key, address or number is too long";
    if (row_out->problem != NULL)
        return EH_OK;
    purpose_read(&r);
    for (size_t i = 0; i < map->columns_count; i++)
        column_read(&r, i);
    EH_TRY(acts_make(&r, error));
    if (row_out->problem == NULL)
        return EH_OK;
    /* What was not understood must not become a yes; a no beside it still counts. */
    size_t kept = 0;
    for (size_t i = 0; i < row_out->acts_count; i++)
        if (row_out->acts[i].kind == EH_ACT_WITHDRAW) {
            row_out->time_known[kept] = row_out->time_known[i];
            row_out->acts[kept++] = row_out->acts[i];
        }
    row_out->acts_count = kept;
    return EH_OK;
}
