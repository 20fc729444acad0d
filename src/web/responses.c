/* What a handler says: headers, redirects, problems. */
#include <string.h>

#include "web/server_int.h"

static const char *const method_names[EH_HTTP_METHODS_COUNT] = {
    [EH_GET] = "GET", [EH_POST] = "POST", [EH_PUT] = "PUT", [EH_PATCH] = "PATCH", [EH_DELETE] = "DELETE", [EH_OPTIONS] = "OPTIONS"};

const char *eh_http_method_name(eh_http_method method)
{
    EH_ASSERT(method < EH_HTTP_METHODS_COUNT);
    return method_names[method];
}

static const struct {
    unsigned status;
    const char *reason;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {303, "See Other"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {500, "Internal Server Error"},
    {503, "Service Unavailable"},
};

const char *eh_http_reason(unsigned status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return "Unknown";
}

unsigned eh_http_status_of(eh_code code)
{
    static const unsigned statuses[EH_CODES_COUNT] = {
        [EH_OK] = 200,       [EH_INPUT] = 400, [EH_NOT_FOUND] = 404, [EH_CONFLICT] = 409, [EH_LIMIT] = 413,       [EH_MEMORY] = 503,
        [EH_IO] = 503,       [EH_CORRUPT] = 500, [EH_DENIED] = 403,  [EH_UNAVAILABLE] = 503, [EH_INTERNAL] = 500,
    };
    return code < EH_CODES_COUNT ? statuses[code] : 500;
}

static bool header_is_plain(const char *text)
{
    for (const unsigned char *at = (const unsigned char *)text; *at != '\0'; at++)
        if (*at < 0x20 || *at == 0x7F)
            return false;
    return true;
}

const char *eh_exchange_header_get(const eh_exchange *exchange, const char *name)
{
    for (const eh_extra_header *header = exchange->extra; header != NULL; header = header->next)
        if (strcmp(header->name, name) == 0)
            return header->value;
    return "";
}

static void header_remove(eh_exchange *exchange, const char *name)
{
    eh_extra_header **at = &exchange->extra;
    while (*at != NULL && strcmp((*at)->name, name) != 0)
        at = &(*at)->next;
    if (*at != NULL)
        *at = (*at)->next;
}

void eh_exchange_header(eh_exchange *exchange, const char *name, const char *value)
{
    if (strcmp(name, "Set-Cookie") != 0)
        header_remove(exchange, name);
    if (value == NULL)
        return;
    eh_extra_header *header = header_is_plain(value) ? EH_TAKE(exchange->arena, 1, eh_extra_header) : NULL;
    const char *name_copy = eh_arena_copy(exchange->arena, eh_view_of(name));
    const char *value_copy = eh_arena_copy(exchange->arena, eh_view_of(value));
    if (header == NULL || name_copy == NULL || value_copy == NULL) {
        exchange->status = 500;
        return;
    }
    *header = (eh_extra_header){.name = name_copy, .value = value_copy, .next = exchange->extra};
    exchange->extra = header;
}

void eh_exchange_redirect(eh_exchange *exchange, const char *path)
{
    EH_ASSERT(path[0] == '/' && path[1] != '/');
    exchange->status = 303;
    eh_buffer_clear(&exchange->out);
    exchange->content_type = "text/plain; charset=utf-8";
    eh_exchange_header(exchange, "Location", path);
}

void eh_exchange_problem(eh_exchange *exchange, unsigned status, const char *detail)
{
    eh_json_writer json;
    exchange->status = status;
    exchange->content_type = "application/problem+json";
    eh_buffer_clear(&exchange->out);
    eh_json_begin(&json, &exchange->out, false, false);
    eh_json_object_open(&json, NULL);
    eh_json_text(&json, "type", "about:blank");
    eh_json_text(&json, "title", eh_http_reason(status));
    eh_json_integer(&json, "status", status);
    eh_json_text(&json, "detail", detail);
    eh_json_object_close(&json);
    eh_buffer_byte(&exchange->out, '\n');
}

void eh_exchange_fail(eh_exchange *exchange, const eh_error *error)
{
    unsigned status = eh_http_status_of(error->code);
    /* What went wrong inside is not for strangers; it goes to the log. */
    if (status >= 500) {
        eh_server_log(exchange, error->text);
        eh_exchange_problem(exchange, status, "something went wrong here; it has been noted");
        return;
    }
    eh_exchange_problem(exchange, status, error->text);
}

bool eh_exchange_body_is(const eh_exchange *exchange, const char *type)
{
    eh_view given = eh_fields_get(exchange->headers, "content-type");
    const char *end = given.len > 0 ? memchr(given.ptr, ';', given.len) : NULL;
    if (end != NULL)
        given.len = (size_t)(end - given.ptr);
    return eh_view_equal_nocase(eh_view_trim(given), eh_view_of(type));
}

eh_code eh_exchange_form(eh_exchange *exchange, eh_fields *form_out, eh_error *error)
{
    if (!eh_exchange_body_is(exchange, "application/x-www-form-urlencoded"))
        return eh_fail(error, EH_INPUT, "the body must be application/x-www-form-urlencoded");
    return eh_fields_of_form(exchange->body, exchange->arena, form_out, error);
}

eh_code eh_exchange_json(eh_exchange *exchange, eh_json_document **document_out, eh_error *error)
{
    if (!eh_exchange_body_is(exchange, "application/json"))
        return eh_fail(error, EH_INPUT, "the body must be JSON, with the header Content-Type: application/json");
    return eh_json_parse(exchange->body, "body", document_out, error);
}
