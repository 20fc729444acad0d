/* What each column of each file is, by its name and by its values: a proposal that a person reads. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "cli/init_int.h"
#include "stats/stats.h"

enum { TEXT_LEVELS_MAX = 40, NAME_BYTES_MAX = 48, LEVELS_LOOKED_AT = 24 };

/* ---- words ----------------------------------------------------------------------------------------------------------------- */

/* Letters with marks that the words of our languages have, without them; 0: as it is. */
static const char *plain_letter(const char *at, size_t *bytes_out)
{
    static const struct {
        const char *from, *to;
    } letters[] = {
        {"ä", "a"}, {"ö", "o"}, {"ü", "u"}, {"ß", "ss"}, {"Ä", "a"}, {"Ö", "o"}, {"Ü", "u"}, {"é", "e"}, {"è", "e"}, {"ê", "e"}, {"É", "e"}, {"à", "a"}, {"â", "a"},
        {"ç", "c"}, {"î", "i"}, {"ï", "i"}, {"ô", "o"}, {"ó", "o"}, {"ú", "u"}, {"í", "i"}, {"ñ", "n"}, {"Ñ", "n"}, {"á", "a"}, {"ã", "a"}, {"õ", "o"}, {"ù", "u"},
        {"ł", "l"}, {"Ł", "l"}, {"ę", "e"}, {"ą", "a"}, {"ś", "s"}, {"ć", "c"}, {"ź", "z"}, {"ż", "z"}, {"Ż", "z"}, {"ń", "n"}, {"ë", "e"}, {"ò", "o"}, {"ì", "i"},
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

char *eh_init_tokens(eh_arena *arena, const char *name)
{
    size_t len = strlen(name);
    char *tokens = EH_TAKE(arena, 3 * len + 4, char);
    size_t used = 0;
    if (tokens == NULL)
        return NULL;
    tokens[used++] = ' ';
    for (size_t i = 0; i < len;) {
        unsigned char byte = (unsigned char)name[i];
        size_t bytes = 1;
        const char *plain = byte >= 0x80 ? plain_letter(name + i, &bytes) : NULL;
        bool hump = isupper(byte) && i > 0 && islower((unsigned char)name[i - 1]);
        if (hump && tokens[used - 1] != ' ')
            tokens[used++] = ' ';
        if (plain != NULL)
            for (; *plain != '\0'; plain++)
                tokens[used++] = *plain;
        else if (isalnum(byte) || byte >= 0x80)
            tokens[used++] = (char)tolower(byte);
        else if (tokens[used - 1] != ' ')
            tokens[used++] = ' ';
        i += bytes;
    }
    if (tokens[used - 1] != ' ')
        tokens[used++] = ' ';
    tokens[used] = '\0';
    return tokens;
}

const char *eh_init_without_noise(const char *words)
{
    static const char noise[] = "|q|demos|demo|demographics|";
    for (;;) {
        size_t len = strcspn(words, " ");
        if (words[len] == '\0' || !eh_init_listed(noise, (eh_view){words, len}))
            return words;
        words += len + 1;
    }
}

bool eh_init_listed(const char *list, eh_view word)
{
    if (word.len == 0)
        return false;
    for (const char *at = list; (at = strchr(at, '|')) != NULL; at++)
        if (strncmp(at + 1, word.ptr, word.len) == 0 && at[1 + word.len] == '|')
            return true;
    return false;
}

static bool begins_listed(const char *list, eh_view word)
{
    for (const char *at = list + 1; *at != '\0';) {
        size_t len = strcspn(at, "|");
        if (len > 0 && word.len >= len && strncmp(at, word.ptr, len) == 0)
            return true;
        at += len + (at[len] == '|');
    }
    return false;
}

static bool contains_listed(const char *list, const char *text)
{
    char part[64];
    for (const char *at = list + 1; *at != '\0';) {
        size_t len = strcspn(at, "|");
        snprintf(part, sizeof part, "%.*s", (int)len, at);
        if (len > 0 && strstr(text, part) != NULL)
            return true;
        at += len + (at[len] == '|');
    }
    return false;
}

typedef bool (*token_test)(const char *list, eh_view word);

static bool any_token(const char *tokens, const char *list, token_test test)
{
    for (const char *at = tokens + 1; *at != '\0';) {
        size_t len = strcspn(at, " ");
        if (len > 0 && test(list, (eh_view){at, len}))
            return true;
        at += len + (at[len] == ' ');
    }
    return false;
}

/* All words joined: "birth_date" is "birthdate" too. */
static void joined(const char *tokens, char out[128])
{
    size_t used = 0;
    for (; *tokens != '\0' && used + 1 < 128; tokens++)
        if (*tokens != ' ')
            out[used++] = *tokens;
    out[used] = '\0';
}

/* ---- protected attributes ------------------------------------------------------------------------------------------------------ */

static bool is_number(const eh_facts_column *facts)
{
    return facts->kind == EH_FACTS_WHOLE || facts->kind == EH_FACTS_NUMBER;
}

static const eh_init_name_rule *rule_by_name(const eh_facts_column *facts, const char *tokens)
{
    char whole[128];
    joined(tokens, whole);
    for (size_t i = 0; i < eh_init_names_count; i++) {
        const eh_init_name_rule *rule = &eh_init_names[i];
        if (!any_token(tokens, rule->words, eh_init_listed) && !any_token(tokens, rule->starts, begins_listed) && !eh_init_listed(rule->words, eh_view_of(whole)))
            continue;
        /* "sexual orientation" is no sex, and an age of 5,000 is no age. */
        if (strcmp(rule->kind, "gender") == 0 && facts->distinct > LEVELS_LOOKED_AT)
            continue;
        if (strcmp(rule->kind, "age") == 0 && is_number(facts) && (facts->number_min < 0 || facts->number_max > 130))
            continue;
        return rule;
    }
    return NULL;
}

/* "18-24", "65+", "25 - 34 years", "under 18": groups of ages. */
static bool is_age_group(const char *tokens)
{
    int first = 0, second = 0;
    char rest[32] = "", tail[8] = "";
    if (sscanf(tokens, " %d %d %31s %7s", &first, &second, rest, tail) >= 2 && tail[0] == '\0')
        return first >= 0 && first < second && second <= 110 && second - first <= 40 && (rest[0] == '\0' || strcmp(rest, "years") == 0 || strcmp(rest, "jahre") == 0 ||
                                                                                        strcmp(rest, "ans") == 0 || strcmp(rest, "anni") == 0);
    return false;
}

static bool has_age_groups(eh_arena *arena, const eh_facts_column *facts)
{
    size_t groups = 0;
    bool adult = false;
    if (facts->kind != EH_FACTS_TEXT || facts->distinct > LEVELS_LOOKED_AT || facts->distinct < 3)
        return false;
    for (size_t i = 0; i < facts->values_count; i++) {
        const char *tokens = eh_init_tokens(arena, facts->values[i].text);
        if (tokens == NULL || strpbrk(facts->values[i].text, "$%kK") != NULL)
            return false;
        groups += is_age_group(tokens);
        adult = adult || strncmp(tokens, " 18 ", 4) == 0 || strncmp(tokens, " 25 ", 4) == 0 || strncmp(tokens, " 45 ", 4) == 0;
    }
    return adult && groups >= 2 && groups + 2 >= facts->values_count;
}

static const eh_init_value_rule *rule_by_values(eh_arena *arena, const eh_facts_column *facts)
{
    if (facts->kind != EH_FACTS_TEXT || facts->distinct < 2 || facts->distinct > LEVELS_LOOKED_AT)
        return NULL;
    for (size_t r = 0; r < eh_init_values_count; r++) {
        const eh_init_value_rule *rule = &eh_init_values[r];
        size_t hits = 0, known = 0, letters = 0;
        uint64_t rows = 0, all = 0;
        for (size_t i = 0; i < facts->values_count; i++) {
            char *tokens = eh_init_tokens(arena, facts->values[i].text);
            if (tokens == NULL)
                return NULL;
            eh_view value = eh_view_trim(eh_view_of(tokens));
            bool hit = eh_init_listed(rule->words, value) || contains_listed(rule->contains, tokens);
            bool fits = hit || eh_init_listed(rule->neutral, value) || strstr(tokens, " prefer not") != NULL;
            hits += hit;
            known += fits;
            letters += hit && value.len == 1;
            rows += fits ? facts->values[i].count : 0;
            all += facts->values[i].count;
        }
        /* Single letters prove something only when there is nothing else: M and F, but not A to Z. */
        bool letters_only = letters > 0 && letters == hits;
        if (hits >= rule->hits_min && rows * 10 >= all * 8 && (!letters_only || (facts->distinct <= 4 && known == facts->values_count)))
            return rule;
    }
    return NULL;
}

static void tell_protected(eh_init *init, eh_init_column *column, const char *tokens)
{
    const eh_facts_column *facts = column->facts;
    const eh_init_name_rule *by_name = rule_by_name(facts, tokens);
    const eh_init_value_rule *by_values = rule_by_values(init->arena, facts);
    if (facts->distinct < 2 || facts->kind == EH_FACTS_OTHER)
        return;
    /* What the values say is surer than what the name says ("sexual orientation"). */
    if (by_values != NULL) {
        column->kind = by_values->kind;
        column->special = by_values->special;
        column->how = by_name != NULL && strcmp(by_name->kind, by_values->kind) == 0 ? "by its name and its values" : "by its values";
    } else if (by_name != NULL) {
        column->kind = by_name->kind;
        column->special = by_name->special;
        column->how = "by its name";
    } else if (has_age_groups(init->arena, facts)) {
        column->kind = "age";
        column->how = "by its values";
    } else {
        return;
    }
    column->role = EH_ROLE_PROTECTED;
}

/* ---- other roles ------------------------------------------------------------------------------------------------------------------ */

/* The kinds of ways to reach a person, and the words of their columns. */
static const struct {
    const char *kind, *words, *beside; /* beside: words that may stand with them when nothing is known of the values */
} contact_rules[] = {
    {"email", "|email|mail|emailaddress|courriel|correo|", "|e|address|adresse|"},
    {"phone", "|phone|tel|telephone|mobile|telefon|handy|telefono|telefoon|telefone|movil|cellulare|komorka|", "|number|nummer|nr|no|numero|cell|home|work|"},
    {"name", "|fullname|surname|lastname|firstname|nachname|vorname|nom|prenom|apellido|apellidos|nombre|cognome|nome|achternaam|voornaam|nazwisko|imie|name|",
     "|full|first|last|given|family|middle|"},
    {"address", "|address|street|strasse|adresse|rue|direccion|calle|indirizzo|via|adres|straat|endereco|rua|ulica|", "|line|1|2|home|billing|shipping|postal|"},
    {"postcode", "|postcode|zip|plz|postleitzahl|codepostal|cap|codigopostal|cep|kodpocztowy|zipcode|", "|code|"},
};
enum { CONTACT_RULES_COUNT = sizeof contact_rules / sizeof contact_rules[0] };

static bool is_contact_name(const char *tokens, size_t rule)
{
    char whole[128];
    joined(tokens, whole);
    return any_token(tokens, contact_rules[rule].words, eh_init_listed) || eh_init_listed(contact_rules[rule].words, eh_view_of(whole));
}

/* Every word must fit: "customer name" is one, "product name" is none. */
static bool all_fit(const char *tokens, size_t rule)
{
    for (const char *at = tokens + strspn(tokens, " "); *at != '\0'; at += strspn(at, " ")) {
        eh_view token = {at, strcspn(at, " ")};
        if (!eh_init_listed(contact_rules[rule].words, token) && !eh_init_listed(contact_rules[rule].beside, token) && !eh_init_listed(eh_init_person_words, token))
            return false;
        at += token.len;
    }
    return true;
}

const char *eh_init_contact_by_name(const char *tokens)
{
    for (size_t i = 0; i < CONTACT_RULES_COUNT; i++)
        if (is_contact_name(tokens, i))
            return all_fit(tokens, i) ? contact_rules[i].kind : NULL;
    return NULL;
}

static const char *contact_kind(const eh_facts *profile, const eh_facts_column *facts, const char *tokens)
{
    uint64_t there = profile->rows - facts->missing;
    if (facts->kind == EH_FACTS_TEXT && there > 0 && facts->addresses * 10 >= there * 8)
        return "email";
    for (size_t i = 0; i < CONTACT_RULES_COUNT; i++) {
        bool named = is_contact_name(tokens, i);
        bool many = facts->distinct > TEXT_LEVELS_MAX;
        /* A name is one whatever it holds: it tells gender and origin, and is no feature. */
        bool surely = (i == 1 && facts->phones * 10 >= there * 8) || (i == 2 && all_fit(tokens, i));
        if (named && (many || surely))
            return contact_rules[i].kind;
    }
    return facts->kind == EH_FACTS_TEXT && there > 0 && facts->phones * 10 >= there * 9 && facts->distinct > TEXT_LEVELS_MAX ? "phone" : NULL;
}

static const char *why_left_out(const eh_init *init, const eh_init_source *source, const eh_facts_column *facts, const char *tokens)
{
    uint64_t there = source->profile.rows - facts->missing;
    if (there == 0)
        return "always missing";
    if (facts->distinct == 1)
        return "always the same";
    if (facts->kind == EH_FACTS_OTHER)
        return "several values in one; take one out with an expression";
    char whole[128];
    joined(tokens, whole);
    if (eh_init_listed(eh_init_arm_words, eh_view_of(whole)))
        return "looks like what was sent, not like who they are";
    bool number = any_token(tokens, eh_init_id_words, eh_init_listed);
    if (number && facts->distinct * 20 >= there)
        return "looks like a number that only tells things apart";
    if (facts->kind == EH_FACTS_TEXT && facts->distinct > TEXT_LEVELS_MAX)
        return eh_arena_format(init->arena, "%llu different texts; group them first, with an expression", (unsigned long long)facts->distinct);
    return NULL;
}

static bool is_binary(const eh_facts_column *facts)
{
    return facts->distinct == 2 && (facts->kind == EH_FACTS_BOOLEAN || facts->kind == EH_FACTS_TEXT || (is_number(facts) && facts->number_min == 0 && facts->number_max == 1));
}

static void tell_role(eh_init *init, eh_init_source *source, eh_init_column *column)
{
    const eh_facts_column *facts = column->facts;
    const char *tokens = eh_init_tokens(init->arena, facts->name);
    if (tokens == NULL || column->role != EH_ROLE_FEATURE)
        return;
    tell_protected(init, column, tokens);
    if (column->role == EH_ROLE_PROTECTED)
        return;
    column->kind = contact_kind(&source->profile, facts, tokens);
    bool outcome = any_token(tokens, eh_init_outcome_words, eh_init_listed) && facts->distinct > 1;
    char whole[128];
    joined(tokens, whole);
    if (column->kind != NULL)
        column->role = EH_ROLE_CONTACT;
    else if (outcome && (is_binary(facts) || is_number(facts)) && eh_init_listed(eh_init_outcome_words, eh_view_of(whole)))
        column->role = EH_ROLE_OUTCOME;
    else if ((column->why = why_left_out(init, source, facts, tokens)) != NULL)
        column->role = EH_ROLE_LEFT_OUT;
}

/* ---- keys ------------------------------------------------------------------------------------------------------------------------------ */

static int key_points(const eh_init *init, const eh_init_source *source, const eh_facts_column *facts, size_t position, bool unique)
{
    const char *tokens = eh_init_tokens(init->arena, facts->name);
    if (tokens == NULL || facts->missing > 0 || facts->distinct < 2 || (facts->kind != EH_FACTS_TEXT && facts->kind != EH_FACTS_WHOLE) ||
        (unique && facts->distinct < source->profile.rows))
        return 0;
    char whole[128];
    joined(tokens, whole);
    int person = any_token(tokens, eh_init_person_words, eh_init_listed), id = any_token(tokens, eh_init_id_words, eh_init_listed);
    bool ends_in_id = strlen(whole) > 2 && strcmp(whole + strlen(whole) - 2, "id") == 0;
    return (id || ends_in_id ? 2 : 0) + (person ? 3 : 0) + (position == 0 && (id || person || ends_in_id) ? 1 : 0);
}

/* The column that tells rows apart, or NULL; *points_out says how much it looks like people. */
static eh_init_column *find_key(eh_init *init, eh_init_source *source, bool unique, int *points_out)
{
    eh_init_column *best = NULL;
    *points_out = 1;
    for (size_t i = 0; i < source->columns_count; i++) {
        int points = key_points(init, source, source->columns[i].facts, i, unique);
        if (points > *points_out) {
            best = &source->columns[i];
            *points_out = points;
        }
    }
    return best;
}

static bool same_name(eh_arena *arena, const char *a, const char *b)
{
    char first[128], second[128];
    const char *tokens_a = eh_init_tokens(arena, a), *tokens_b = eh_init_tokens(arena, b);
    if (tokens_a == NULL || tokens_b == NULL)
        return false;
    joined(tokens_a, first);
    joined(tokens_b, second);
    return strcmp(first, second) == 0;
}

static void find_people(eh_init *init)
{
    int best = 0;
    for (size_t i = 0; i < init->sources_count; i++) {
        int points = 0;
        eh_init_column *key = find_key(init, &init->sources[i], true, &points);
        if (key == NULL)
            continue;
        for (size_t k = 0; k < init->sources_count; k++)
            for (size_t c = 0; c < init->sources[k].columns_count && k != i; c++)
                points += same_name(init->arena, key->facts->name, init->sources[k].columns[c].facts->name) ? 4 : 0;
        if (points > best) {
            best = points;
            init->people = i;
        }
        init->sources[i].key = key;
    }
    /* People only as repeated numbers in a list of events: a query makes one row of each. */
    int events_best = 4;
    size_t none = init->sources_count;
    for (size_t i = 0; i < init->sources_count; i++) {
        int points = 0;
        const eh_init_column *person = find_key(init, &init->sources[i], false, &points);
        bool repeated = person != NULL && person->facts->distinct < init->sources[i].profile.rows;
        if (repeated && points > events_best && (best < 3 || (best < 5 && points > best))) {
            events_best = points;
            init->events = i;
            init->people = none;
        }
    }
    init->each_row = best == 0 && init->people != none;
}

static void settle_source(eh_init *init, size_t index)
{
    eh_init_source *source = &init->sources[index];
    int points = 0;
    const char *person = init->each_row ? NULL
                         : init->people == init->sources_count ? find_key(init, &init->sources[init->events], false, &points)->facts->name
                                                               : init->sources[init->people].key->facts->name;
    if (source->key != NULL)
        ((eh_init_column *)(uintptr_t)source->key)->role = EH_ROLE_KEY;
    for (size_t i = 0; i < source->columns_count && person != NULL; i++) {
        eh_init_column *column = &source->columns[i];
        if (!same_name(init->arena, person, column->facts->name))
            continue;
        source->person = column;
        column->role = index == init->people || column == source->key ? EH_ROLE_KEY : EH_ROLE_PERSON;
    }
    for (size_t i = 0; i < source->columns_count && source->time == NULL; i++) {
        eh_init_column *column = &source->columns[i];
        const char *tokens = eh_init_tokens(init->arena, column->facts->name);
        bool joined_column = tokens != NULL && any_token(tokens, eh_init_joined_words, eh_init_listed);
        if (column->facts->kind != EH_FACTS_DATE || column->facts->max == NULL || (index == init->people && !joined_column))
            continue;
        eh_instant last = {0};
        char day[11];
        snprintf(day, sizeof day, "%.10s", column->facts->max);
        if (eh_instant_parse_date(eh_view_of(day), &last, NULL) != EH_OK || eh_instant_compare(last, init->now) > 0)
            continue;
        column->role = EH_ROLE_TIME;
        source->time = column;
    }
}

/* ---- names ------------------------------------------------------------------------------------------------------------------------------- */

static bool is_reserved(const char *name)
{
    static const char words[] = "|all|and|as|by|case|create|default|else|end|from|group|having|in|into|limit|not|null|offset|on|or|order|select|table|then|union|user|using|where|when|with|"
                                "key|today|now|within|";
    return eh_init_listed(words, eh_view_of(name)) || strncmp(name, "evenhand", 8) == 0;
}

static bool name_taken(const eh_init *init, const eh_init_source *upto, size_t column, const char *name)
{
    for (const eh_init_source *source = init->sources; source <= upto; source++)
        for (size_t i = 0; i < (source == upto ? column : source->columns_count); i++)
            if (source->columns[i].name != NULL && strcmp(source->columns[i].name, name) == 0)
                return true;
    return false;
}

/* "Q-demos-age" -> "age" is tempting and wrong where two questions end alike; so the whole name, in words. */
static const char *column_name(eh_init *init, const eh_init_source *source, size_t column, const char *wanted)
{
    const char *tokens = eh_init_tokens(init->arena, wanted);
    char name[NAME_BYTES_MAX + 16] = "";
    size_t used = 0;
    for (const char *at = tokens == NULL ? "x" : eh_init_without_noise(tokens + 1); *at != '\0' && used < NAME_BYTES_MAX; at++)
        if ((unsigned char)*at < 0x80)
            name[used++] = *at == ' ' ? '_' : *at;
    while (used > 0 && name[used - 1] == '_')
        used--;
    name[used] = '\0';
    if (used == 0 || isdigit((unsigned char)name[0])) {
        memmove(name + 2, name, used + 1);
        memcpy(name, "c_", 2);
    }
    if (is_reserved(name))
        strncat(name, "_", sizeof name - strlen(name) - 1);
    char *unique = eh_arena_copy(init->arena, eh_view_of(name));
    for (size_t i = 2; unique != NULL && name_taken(init, source, column, unique); i++)
        unique = eh_arena_format(init->arena, "%s_%zu", name, i);
    return unique;
}

static bool says_yes_and_no(const eh_facts_column *facts)
{
    bool yes = false, no = false;
    for (size_t i = 0; i < facts->values_count; i++) {
        yes = yes || eh_view_equal_nocase(eh_view_of(facts->values[i].text), EH_VIEW("yes"));
        no = no || eh_view_equal_nocase(eh_view_of(facts->values[i].text), EH_VIEW("no"));
    }
    return yes && no;
}

static eh_code name_columns(eh_init *init, eh_error *error)
{
    for (size_t s = 0; s < init->sources_count; s++)
        for (size_t i = 0; i < init->sources[s].columns_count; i++) {
            eh_init_column *column = &init->sources[s].columns[i];
            bool is_protected = column->role == EH_ROLE_PROTECTED;
            /* "hispanic: yes" is no race, and diabetes is not all of health. */
            bool yes_no = is_protected && column->facts->kind != EH_FACTS_DATE && (column->facts->kind == EH_FACTS_BOOLEAN || says_yes_and_no(column->facts));
            bool first = is_protected && !yes_no && strcmp(column->kind, "birth") != 0 && !name_taken(init, &init->sources[s], i, column->kind);
            column->name = first ? column->kind : column_name(init, &init->sources[s], i, is_protected && strcmp(column->kind, "birth") == 0 ? "age" : column->facts->name);
            if (column->name == NULL)
                return eh_fail_memory(error);
        }
    return EH_OK;
}

eh_code eh_init_roles(eh_init *init, eh_error *error)
{
    find_people(init);
    for (size_t i = 0; i < init->sources_count; i++)
        settle_source(init, i);
    for (size_t i = 0; i < init->sources_count; i++)
        for (size_t k = 0; k < init->sources[i].columns_count; k++)
            tell_role(init, &init->sources[i], &init->sources[i].columns[k]);
    return name_columns(init, error);
}
