/**
 * Private to web/: HTTP as a handler sees it. One exchange is a request that is whole and a response that is being made.
 *
 * The server (server.c) reads the request within its limits, picks the route, calls the handler on one of its threads, and adds the
 * headers that every response has. A handler that has to wait (for a commit, for another thread) keeps the exchange, returns
 * EH_LATER, and gives it back with eh_exchange_finish from any thread: no thread of the server ever sleeps for a client.
 */
#ifndef EH_WEB_HTTP_INT_H
#define EH_WEB_HTTP_INT_H

#include "base/base.h"
#include "base/json.h"

typedef enum { EH_GET, EH_POST, EH_PUT, EH_PATCH, EH_DELETE, EH_OPTIONS, EH_HTTP_METHODS_COUNT } eh_http_method;
/** "GET"; HEAD is answered as a GET whose body is not sent. */
const char *eh_http_method_name(eh_http_method method);

/** A name and a value, both borrowed. */
typedef struct {
    eh_view name, value;
} eh_field;

typedef struct {
    const eh_field *fields;
    size_t count;
} eh_fields;

/** The value of the first field of that name; .ptr is NULL when there is none. */
eh_view eh_fields_get(eh_fields fields, const char *name);

enum { EH_ROUTE_PARAMETERS_MAX = 4, EH_PEER_BYTES = 48 };

typedef enum { EH_NOW, EH_LATER } eh_answer;

typedef struct eh_exchange eh_exchange;
typedef struct eh_route eh_route;

struct eh_exchange {
    /* the request; all borrowed from the exchange */
    eh_http_method method;
    eh_view path;              /* decoded, begins with a slash, valid UTF-8 without control characters */
    eh_view parameters[EH_ROUTE_PARAMETERS_MAX]; /* what stands for :name in the route's pattern */
    eh_fields headers;         /* names in lower case */
    eh_fields query;           /* decoded */
    eh_fields cookies;
    eh_view body;
    char peer[EH_PEER_BYTES];  /* address of the client; behind a proxy that of the proxy */
    const eh_route *route;
    void *context;             /* of the server's options */
    void *visit;               /* whoever admitted the exchange keeps here what it found; NULL at first */
    eh_arena *arena;           /* lives as long as the exchange */
    /* the response */
    unsigned status;           /* 200 at first */
    const char *content_type;  /* NULL: text/html; charset=utf-8 */
    const char *cache;         /* Cache-Control; NULL: no-store */
    eh_buffer out;
    struct eh_extra_header *extra;
};

/**
 * Says a header, in place of one of the same name (but for Set-Cookie, which may be said often); NULL takes it away. A value with a control character is
 * refused: the header is left out and the status becomes 500.
 */
void eh_exchange_header(eh_exchange *exchange, const char *name, const char *value);
/** The value that was said; "" when there is none. */
const char *eh_exchange_header_get(const eh_exchange *exchange, const char *name);
/** 303 to a path of this server: after a POST that did what it was asked. */
void eh_exchange_redirect(eh_exchange *exchange, const char *path);
/** Gives back an exchange that was kept with EH_LATER. Once, from any thread. */
void eh_exchange_finish(eh_exchange *exchange);
/** A problem document (RFC 9457) in place of whatever was written: title of the status, and `detail` in words. */
void eh_exchange_problem(eh_exchange *exchange, unsigned status, const char *detail);
/** The problem of an error: its code gives the status (EH_INPUT 400, EH_NOT_FOUND 404, EH_CONFLICT 409, EH_LIMIT 413, ...). */
void eh_exchange_fail(eh_exchange *exchange, const eh_error *error);
/** The status that an error's code stands for. */
unsigned eh_http_status_of(eh_code code);
/** "Not Found"; never NULL. */
const char *eh_http_reason(unsigned status);

/** Is the body of that media type? Parameters behind a semicolon are passed over. */
bool eh_exchange_body_is(const eh_exchange *exchange, const char *type);
/** The fields of a form (application/x-www-form-urlencoded) in the body. errors: EH_INPUT, EH_LIMIT. */
EH_MUST_USE eh_code eh_exchange_form(eh_exchange *exchange, eh_fields *form_out, eh_error *error);
/** The JSON document in the body, read strictly. Close it with eh_json_close. errors: EH_INPUT with line and column. */
EH_MUST_USE eh_code eh_exchange_json(eh_exchange *exchange, eh_json_document **document_out, eh_error *error);

/* ---- texts of the protocol (fields.c), pure -------------------------------------------------------------------------------- */

/** "a=1&b=%C3%A9+x" decoded. errors: EH_INPUT for a broken escape or invalid UTF-8, EH_LIMIT for too many fields. */
EH_MUST_USE eh_code eh_fields_of_form(eh_view text, eh_arena *arena, eh_fields *fields_out, eh_error *error);
/** "a=1; b=2" of a Cookie header; what is no pair is passed over. */
EH_MUST_USE eh_code eh_fields_of_cookies(eh_view text, eh_arena *arena, eh_fields *fields_out, eh_error *error);
/** A path with its escapes decoded: refuses what is no UTF-8, control characters, backslashes and segments "." and "..". */
EH_MUST_USE eh_code eh_path_decode(eh_view text, eh_arena *arena, eh_view *path_out, eh_error *error);
/** Appends `text` so that it can stand in a path segment or a query: all but letters, digits, - . _ ~ as %XX. */
void eh_url_append(eh_buffer *out, eh_view text);

/* ---- routes (routes.c), pure ---------------------------------------------------------------------------------------------------- */

struct eh_route {
    eh_http_method method;
    const char *pattern;       /* "/why/:token"; a part with a colon stands for one segment that is not empty */
    eh_answer (*handle)(eh_exchange *exchange);
    unsigned flags;            /* of whoever made the table */
};

typedef enum { EH_ROUTE_FOUND, EH_ROUTE_NO_PATH, EH_ROUTE_NO_METHOD } eh_route_answer;

/** Finds the route and fills parameters_out. With EH_ROUTE_NO_METHOD `allowed_out` has bit m for each method that the path has. */
typedef struct {
    const eh_route *route;
    eh_view parameters[EH_ROUTE_PARAMETERS_MAX];
    unsigned allowed;
} eh_route_match;
eh_route_answer eh_route_find(const eh_route *routes, size_t routes_count, eh_http_method method, eh_view path, eh_route_match *match_out);

/* ---- the server (server.c) ---------------------------------------------------------------------------------------------------------- */

typedef struct {
    const char *address;       /* "127.0.0.1", "::1" */
    uint16_t port;             /* 0: any that is free */
    uint32_t threads;          /* 0: as many as the machine has, at most 16 */
    uint32_t idle_seconds_max; /* a connection on which nothing happens; 0: 20 */
    uint32_t asking_seconds_max; /* until the headers of a connection's next request are whole; 0: 60 */
    const eh_route *routes;
    size_t routes_count;
    void *context;             /* for handlers */
    /** Called when a route was found: calls its handler, or answers itself (sign-in, limits of rate), or has another thread do it. NULL: the handler. */
    eh_answer (*run)(eh_exchange *exchange);
    /** Called when no route fits, with the status set and a problem written; may write a page instead. May be NULL. */
    void (*missing)(eh_exchange *exchange);
    /** Called when the answer of a route is there, with the seconds since the request was whole; any thread of the server. May be NULL. */
    void (*answered)(const eh_exchange *exchange, double seconds);
} eh_server_options;

typedef struct eh_server eh_server;

/** Listens and serves on threads of its own. errors: EH_UNAVAILABLE (address in use, no permission) with what to do. */
EH_MUST_USE eh_code eh_server_open(const eh_server_options *options, eh_server **server_out, eh_error *error);
uint16_t eh_server_port(const eh_server *server);
/** Stops listening, lets what has begun come to its end, closes. */
void eh_server_close(eh_server **server);

#endif
