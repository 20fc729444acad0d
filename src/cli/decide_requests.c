/* Requests for decisions: cut out of a stream, read from JSON. */
#include <string.h>

#include "base/json.h"
#include "base/time.h"
#include "cli/decide_int.h"

void eh_requests_init(eh_requests *requests)
{
    *requests = (eh_requests){0};
    eh_buffer_init(&requests->kept, (size_t)EH_DECIDE_BYTES_MAX * 64);
}

void eh_requests_dispose(eh_requests *requests) { eh_buffer_dispose(&requests->kept); }

void eh_requests_add(eh_requests *requests, eh_view bytes) { eh_buffer_append(&requests->kept, bytes); }

/* True when the line is one whole object by itself: what stood open before it was broken. */
static bool line_stands_alone(eh_view line)
{
    size_t depth = 0;
    bool in_text = false, escaped = false;
    if (line.len == 0 || line.ptr[0] != '{')
        return false;
    for (size_t i = 0; i < line.len; i++) {
        char c = line.ptr[i];
        if (in_text) {
            in_text = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        in_text = c == '"';
        depth += c == '{' || c == '[';
        if (c == '}' || c == ']')
            if (--depth == 0)
                return eh_view_trim((eh_view){line.ptr + i + 1, line.len - i - 1}).len == 0;
    }
    return false;
}

static void cut(eh_requests *requests, size_t at, eh_buffer *text_out)
{
    eh_buffer *kept = &requests->kept;
    eh_view text = eh_view_trim((eh_view){kept->ptr, at});
    if (text.len > EH_DECIDE_BYTES_MAX)
        text.len = EH_DECIDE_BYTES_MAX;
    eh_buffer_append(text_out, text);
    memmove(kept->ptr, kept->ptr + at, kept->len - at);
    kept->len -= at;
    kept->ptr[kept->len] = '\0';
    requests->scanned = requests->depth = 0;
    requests->in_text = requests->escaped = false;
}

static void depth_count(eh_requests *requests, size_t end)
{
    for (; requests->scanned < end; requests->scanned++) {
        char c = requests->kept.ptr[requests->scanned];
        if (requests->in_text) {
            requests->in_text = requests->escaped || c != '"';
            requests->escaped = !requests->escaped && c == '\\';
            continue;
        }
        requests->in_text = c == '"';
        requests->depth += c == '{' || c == '[';
        requests->depth -= (c == '}' || c == ']') && requests->depth > 0;
    }
}

bool eh_requests_next(eh_requests *requests, eh_buffer *text_out)
{
    eh_buffer *kept = &requests->kept;
    eh_buffer_clear(text_out);
    while (requests->scanned < kept->len) {
        const char *line = kept->ptr + requests->scanned, *end = memchr(line, '\n', kept->len - requests->scanned);
        if (end == NULL && !requests->ended)
            return false;
        size_t at = requests->scanned, len = end == NULL ? kept->len - at : (size_t)(end - line), next = at + len + (end != NULL);
        if (at > 0 && line_stands_alone((eh_view){line, len})) {
            cut(requests, at, text_out);
            return true;
        }
        depth_count(requests, next);
        requests->in_text = requests->escaped = false; /* no text of JSON goes over a line's end */
        if (requests->depth > 0 && next < kept->len && next <= EH_DECIDE_BYTES_MAX)
            continue;
        if (requests->depth > 0 && next == kept->len && !requests->ended && next <= EH_DECIDE_BYTES_MAX)
            return false;
        cut(requests, next, text_out);
        if (text_out->len > 0)
            return true;
    }
    return false;
}

/* ---- one request ---------------------------------------------------------------------------------------------------------------- */

eh_code eh_decide_request_read(eh_json_value root, eh_decide_request *request_out, eh_error *error)
{
    static const char *const keys[] = {"campaign", "person", "facts", "at", "lang"};
    eh_decide_request request = {.facts = eh_json_member(root, "facts")};
    if (eh_json_type_of(root) != EH_JSON_OBJECT)
        return eh_fail(error, EH_INPUT, "a request is an object, such as {\"campaign\": \"spring-boots\", \"person\": \"c-1001\"}");
    for (eh_json_members at = {0}; eh_json_next(root, &at);) {
        size_t k = 0;
        while (k < sizeof keys / sizeof keys[0] && strcmp(keys[k], at.key) != 0)
            k++;
        if (k == sizeof keys / sizeof keys[0]) {
            const char *nearest = strlen(at.key) < 40 ? eh_nearest_name(at.key, keys, sizeof keys / sizeof keys[0]) : NULL;
            return nearest == NULL ? eh_fail(error, EH_INPUT, "'%.40s' is no key of a request; there are campaign, person, facts, at and lang", at.key)
                                   : eh_fail(error, EH_INPUT, "'%.40s' is no key of a request; do you mean '%s'?", at.key, nearest);
        }
    }
    eh_json_value campaign = eh_json_member(root, "campaign"), person = eh_json_member(root, "person");
    request.campaign = eh_json_as_text(campaign);
    request.person = eh_json_as_view(person);
    if (request.campaign == NULL)
        return eh_fail(error, EH_INPUT, "campaign: %s; it is the name of a file in campaigns/, as a text", campaign == NULL ? "is missing" : "is no text");
    if (request.person.ptr == NULL)
        return eh_fail(error, EH_INPUT, "person: %s; it is the person's key, as a text", person == NULL ? "is missing" : "is no text");
    if (request.person.len == 0 || memchr(request.person.ptr, '\0', request.person.len) != NULL)
        return eh_fail(error, EH_INPUT, "person: %s; it is the person's key", request.person.len == 0 ? "is empty" : "holds a zero character");
    eh_json_value at = eh_json_member(root, "at"), language = eh_json_member(root, "lang");
    if (at != NULL) {
        const char *text = eh_json_as_text(at);
        if (text == NULL || eh_instant_parse_date(eh_view_of(text), &request.at, error) != EH_OK)
            return eh_fail(error, EH_INPUT, "at: must be a moment such as \"2026-11-25T09:00:00Z\"");
        if (request.at.seconds <= 0 || request.at.seconds > UINT32_MAX)
            return eh_fail(error, EH_INPUT, "at: lies outside 1970 to 2106");
        request.dated = true;
    }
    request.language = eh_json_as_text(language);
    if (language != NULL && request.language == NULL)
        return eh_fail(error, EH_INPUT, "lang: must be a text: en, de, fr or es");
    *request_out = request;
    return EH_OK;
}
