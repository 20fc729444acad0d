/* Reading what machines send: strictly, with errors that name the member. */
#include <math.h>
#include <string.h>

#include "web/api_int.h"

enum { LIMIT_USUAL = 50, LIMIT_MOST = 200, PERSON_ASCII_MAX = 200, PERSON_CHARACTERS_MAX = 50, NAMES_MAX = 24, DAY_SECONDS = 86400, ID_LEN = 32 };

/* ---- persons, numbers ------------------------------------------------------------------------------------------------------------- */

static size_t characters_of(eh_view text)
{
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++)
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
    return count;
}

eh_code eh_person_key_check(eh_view key, eh_error *error)
{
    size_t characters = characters_of(key);
    bool plain = characters == key.len;
    for (size_t i = 0; i < key.len; i++)
        if ((unsigned char)key.ptr[i] < 0x20 || key.ptr[i] == 0x7F || key.ptr[i] == '/' || key.ptr[i] == '\\')
            return eh_fail(error, EH_INPUT, "a person's key has no control characters and no slashes");
    if (key.len == 0 || !eh_utf8_valid(key) || characters > (plain ? PERSON_ASCII_MAX : PERSON_CHARACTERS_MAX))
        return eh_fail(error, EH_INPUT, "a person's key has 1 to %d ASCII characters, or 1 to %d of any kind", PERSON_ASCII_MAX, PERSON_CHARACTERS_MAX);
    if (eh_view_equal(key, EH_VIEW(".")) || eh_view_equal(key, EH_VIEW("..")))
        return eh_fail(error, EH_INPUT, "a person's key is not . or ..");
    return EH_OK;
}

eh_code eh_text_length_check(eh_view text, size_t most, eh_error *error)
{
    if (text.len == 0 || characters_of(text) > most)
        return eh_fail(error, EH_INPUT, "1 to %zu characters of text are expected, not %zu", most, characters_of(text));
    return text.len > most ? eh_fail(error, EH_LIMIT, "%zu bytes of text, at most %zu", text.len, most) : EH_OK;
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Over 2^53, or so long that it is in any case. */
static bool whole_is_too_big(eh_view digits)
{
    static const char most[] = "9007199254740992";
    while (digits.len > 1 && digits.ptr[0] == '0') {
        digits.ptr++;
        digits.len--;
    }
    size_t most_len = sizeof most - 1;
    return digits.len > most_len || (digits.len == most_len && memcmp(digits.ptr, most, most_len) > 0);
}

eh_code eh_body_numbers_check(eh_view text, eh_error *error)
{
    size_t line = 1, line_from = 0;
    bool in_text = false;
    for (size_t i = 0; i < text.len; i++) {
        char byte = text.ptr[i];
        if (byte == '\n') {
            line++;
            line_from = i + 1;
        }
        if (in_text && byte == '\\')
            i++;
        else if (byte == '"')
            in_text = !in_text;
        if (in_text || !is_digit(byte))
            continue;
        size_t from = i;
        while (i < text.len && is_digit(text.ptr[i]))
            i++;
        bool whole = i == text.len || (text.ptr[i] != '.' && text.ptr[i] != 'e' && text.ptr[i] != 'E');
        if (whole && whole_is_too_big((eh_view){text.ptr + from, i - from}))
            return eh_fail(error, EH_INPUT, "body: line %zu, column %zu: a whole number beyond 9007199254740992 (2^53), which programs read differently; send it as a text",
                           line, from - line_from + 1);
        while (i < text.len && (is_digit(text.ptr[i]) || (text.ptr[i] != '\0' && strchr(".eE+-", text.ptr[i]) != NULL)))
            i++;
        i--;
    }
    return EH_OK;
}

eh_code eh_body_parse(eh_exchange *exchange, eh_json_document **document_out, eh_error *error)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    if (memchr(exchange->body.ptr == NULL ? "" : exchange->body.ptr, '\0', exchange->body.len) != NULL)
        return eh_fail(error, EH_INPUT, "body: a zero byte, which no JSON has");
    EH_TRY(eh_exchange_json(exchange, &document, error));
    EH_TRY(eh_body_numbers_check(exchange->body, error));
    if (eh_json_type_of(eh_json_root(document)) != EH_JSON_OBJECT)
        return eh_fail(error, EH_INPUT, "body: an object is expected, {...}");
    *document_out = document;
    document = NULL;
    return EH_OK;
}

/* ---- members ------------------------------------------------------------------------------------------------------------------------ */

/* Is `text` one of the words, exactly? */
static bool word_is_among(const char *words, eh_view text)
{
    while (*words != '\0') {
        size_t len = strcspn(words, " ");
        if (len == text.len && memcmp(words, text.ptr, len) == 0)
            return true;
        words += len + (words[len] == ' ');
    }
    return false;
}

typedef struct {
    const eh_body_member *member;
    eh_json_value value;
    char *place;    /* in the struct */
    const char *at; /* "acts[2].kind" */
} reading;

static eh_code text_read(const reading *r, eh_error *error)
{
    const char *text = eh_json_as_text(r->value);
    size_t most = r->member->most;
    if (text == NULL)
        return eh_fail(error, EH_INPUT, "%s: a text is expected", r->at);
    if (r->member->kind == EH_BODY_PERSON && eh_person_key_check(eh_view_of(text), error) != EH_OK)
        return eh_fail_within(error, "%s", r->at);
    if (r->member->kind == EH_BODY_WORD && !word_is_among(r->member->words, eh_view_of(text)))
        return eh_fail(error, EH_INPUT, "%s: '%.60s' is not one of: %s", r->at, text, r->member->words);
    if (r->member->kind == EH_BODY_TEXT && eh_text_length_check(eh_view_of(text), most, error) != EH_OK)
        return eh_fail_within(error, "%s", r->at);
    memcpy(r->place, &text, sizeof text);
    return EH_OK;
}

static eh_code time_read(const reading *r, eh_error *error)
{
    const char *text = eh_json_as_text(r->value);
    eh_instant instant;
    if (text == NULL)
        return eh_fail(error, EH_INPUT, "%s: a time is expected, such as \"2026-11-23T09:30:00Z\"", r->at);
    if (r->member->kind == EH_BODY_TIME) {
        if (eh_instant_parse(eh_view_of(text), &instant, error) != EH_OK)
            return eh_fail_within(error, "%s", r->at);
        int64_t seconds = instant.seconds == 0 ? -1 : instant.seconds; /* 0 is "not given"; the rooms refuse both */
        memcpy(r->place, &seconds, sizeof seconds);
        return EH_OK;
    }
    if (strlen(text) != 10 || eh_instant_parse_date(eh_view_of(text), &instant, error) != EH_OK)
        return eh_fail(error, EH_INPUT, "%s: a date is expected, such as \"2012-05-31\"", r->at);
    int64_t day = instant.seconds >= 0 ? instant.seconds / DAY_SECONDS : -((DAY_SECONDS - 1 - instant.seconds) / DAY_SECONDS);
    eh_body_day filled = {true, (int32_t)day};
    memcpy(r->place, &filled, sizeof filled);
    return EH_OK;
}

static eh_code number_read(const reading *r, eh_error *error)
{
    int64_t whole = 0;
    bool truth = false, is_truth = eh_json_as_boolean(r->value, &truth);
    if (r->member->kind == EH_BODY_INTEGER) {
        double number = eh_json_as_number(r->value);
        bool good = eh_json_as_integer(r->value, &whole);
        if (!good && number >= 1 && number <= (double)r->member->most && floor(number) == number) {
            whole = (int64_t)number;
            good = true;
        }
        if (!good || whole < 1 || whole > (int64_t)r->member->most)
            return eh_fail(error, EH_INPUT, "%s: a whole number from 1 to %zu is expected", r->at, r->member->most);
        memcpy(r->place, &whole, sizeof whole);
        return EH_OK;
    }
    if (r->member->kind == EH_BODY_TRUTH) {
        eh_body_truth filled = truth ? EH_BODY_TRUE : EH_BODY_FALSE;
        if (!is_truth)
            return eh_fail(error, EH_INPUT, "%s: true or false is expected", r->at);
        memcpy(r->place, &filled, sizeof filled);
        return EH_OK;
    }
    double number = is_truth ? (double)truth : eh_json_as_number(r->value);
    if (!isfinite(number))
        return eh_fail(error, EH_INPUT, "%s: a number, or true or false, is expected", r->at);
    memcpy(r->place, &number, sizeof number);
    return EH_OK;
}

static eh_code member_read(const reading *r, eh_error *error)
{
    eh_json_type type = eh_json_type_of(r->value);
    if (type == EH_JSON_NULL)
        return eh_fail(error, EH_INPUT, "%s: null says nothing here; leave the member out", r->at);
    switch (r->member->kind) {
    case EH_BODY_TEXT:
    case EH_BODY_PERSON:
    case EH_BODY_WORD:
        return text_read(r, error);
    case EH_BODY_INTEGER:
    case EH_BODY_VALUE:
    case EH_BODY_TRUTH:
        return number_read(r, error);
    case EH_BODY_TIME:
    case EH_BODY_DAY:
        return time_read(r, error);
    case EH_BODY_ITEMS:
        if (type != EH_JSON_ARRAY || eh_json_count(r->value) == 0 || eh_json_count(r->value) > r->member->most)
            return eh_fail(error, EH_INPUT, "%s: a list of 1 to %zu is expected", r->at, r->member->most);
        break;
    case EH_BODY_OBJECT:
        if (type != EH_JSON_OBJECT)
            return eh_fail(error, EH_INPUT, "%s: an object is expected, {...}", r->at);
        break;
    }
    memcpy(r->place, &r->value, sizeof r->value);
    return EH_OK;
}

static eh_code member_unknown(const char *where, const char *key, const eh_body_member *members, size_t members_count, eh_error *error)
{
    const char *known[NAMES_MAX];
    EH_ASSERT(members_count <= NAMES_MAX);
    for (size_t i = 0; i < members_count; i++)
        known[i] = members[i].name;
    const char *nearest = eh_nearest_name(key, known, members_count), *place = where[0] == '\0' ? "body" : where;
    if (nearest != NULL)
        return eh_fail(error, EH_INPUT, "%s: there is no member '%.60s'; did you mean '%s'?", place, key, nearest);
    return eh_fail(error, EH_INPUT, "%s: there is no member '%.60s'", place, key);
}

eh_code eh_body_read(eh_json_value object, const char *where, const eh_body_member *members, size_t members_count, void *filled_out, eh_error *error)
{
    char at[160];
    uint32_t given = 0;
    if (eh_json_type_of(object) != EH_JSON_OBJECT)
        return eh_fail(error, EH_INPUT, "%s: an object is expected, {...}", where[0] == '\0' ? "body" : where);
    for (eh_json_members step = {0}; eh_json_next(object, &step);) {
        size_t m = 0;
        while (m < members_count && strcmp(members[m].name, step.key) != 0)
            m++;
        if (m == members_count)
            return member_unknown(where, step.key, members, members_count, error);
        snprintf(at, sizeof at, "%s%s%s", where, where[0] == '\0' ? "" : ".", step.key);
        EH_TRY(member_read(&(reading){&members[m], step.value, (char *)filled_out + members[m].offset, at}, error));
        given |= 1U << m;
    }
    for (size_t m = 0; m < members_count; m++)
        if (members[m].required && (given >> m & 1U) == 0)
            return eh_fail(error, EH_INPUT, "%s: '%s' is missing", where[0] == '\0' ? "body" : where, members[m].name);
    return EH_OK;
}

bool eh_api_id_is_one(eh_view id)
{
    bool good = id.len == ID_LEN;
    for (size_t i = 0; good && i < id.len; i++)
        good = is_digit(id.ptr[i]) || (id.ptr[i] >= 'a' && id.ptr[i] <= 'f');
    return good;
}

/* ---- queries --------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_query_check(const eh_exchange *exchange, const char *names, eh_error *error)
{
    for (size_t i = 0; i < exchange->query.count; i++) {
        eh_view name = exchange->query.fields[i].name;
        int shown = (int)(name.len < 60 ? name.len : 60);
        if (!word_is_among(names, name))
            return eh_fail(error, EH_INPUT, "'%.*s' cannot be asked here%s%s", shown, name.ptr, names[0] == '\0' ? "" : "; what can be: ", names);
        for (size_t k = 0; k < i; k++)
            if (eh_view_equal(exchange->query.fields[k].name, name))
                return eh_fail(error, EH_INPUT, "'%.*s' stands twice in the query", shown, name.ptr);
    }
    return EH_OK;
}

eh_code eh_query_limit(const eh_exchange *exchange, size_t *limit_out, eh_error *error)
{
    eh_view text = eh_fields_get(exchange->query, "limit");
    size_t limit = text.ptr == NULL ? LIMIT_USUAL : 0;
    bool good = text.ptr == NULL || (text.len >= 1 && text.len <= 3);
    for (size_t i = 0; good && i < text.len; i++) {
        good = is_digit(text.ptr[i]);
        limit = limit * 10 + (size_t)(text.ptr[i] - '0');
    }
    if (!good || limit < 1 || limit > LIMIT_MOST)
        return eh_fail(error, EH_INPUT, "limit: a whole number from 1 to %d is expected", LIMIT_MOST);
    *limit_out = limit;
    return EH_OK;
}

/* ---- answers ------------------------------------------------------------------------------------------------------------------------------ */

void eh_api_json_begin(eh_exchange *exchange, unsigned status, eh_json_writer *json)
{
    exchange->status = status;
    exchange->content_type = "application/json";
    eh_buffer_clear(&exchange->out);
    eh_json_begin(json, &exchange->out, false, false);
    eh_json_object_open(json, NULL);
}

void eh_api_json_end(eh_exchange *exchange, eh_json_writer *json)
{
    eh_json_object_close(json);
    eh_buffer_byte(&exchange->out, '\n');
}

void eh_api_refuse(eh_exchange *exchange, const eh_error *error)
{
    if (error->code == EH_INPUT)
        eh_exchange_problem(exchange, 422, error->text);
    else
        eh_exchange_fail(exchange, error);
}
