/*
 * The server: libmicrohttpd reads and writes, we give it limits and threads. An exchange is made when the request line is there, filled
 * while the body comes, and handed to its route when it is whole.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <microhttpd.h>

#include "web/dawdlers_int.h"
#include "web/server_int.h"

enum {
    IDLE_SECONDS = 20,
    ASKING_SECONDS = 60,
    BODY_SECONDS_MAX = 60,
    DROPPED_BYTES_MAX = 16 << 20, /* of a body that is too long: read to its end, so that its sender hears why */
    THREADS_MAX = 16,
    EXCHANGE_ARENA_BYTES_MAX = 16 << 20,
    BACKLOG = 1024,
    CONNECTION_BYTES = 16 << 10, /* holds the headers of a request, and of its answer; cleared between requests */
    DESCRIPTORS_KEPT = 256, /* for files, databases, the ledger */
    LOOK_MILLISECONDS = 1000
};

/* A thread and the connections that it serves; all accept from one socket. */
typedef struct {
    eh_server *server;
    struct MHD_Daemon *daemon;
    pthread_t thread;
    bool started;
    int caller;          /* an eventfd: an answer is there that the thread does not know of */
    _Atomic bool called; /* and it was told so */
} loop;

struct eh_server {
    eh_server_options options;
    loop loops[THREADS_MAX];
    unsigned loops_count;
    _Atomic bool stopping;
    eh_dawdlers *dawdlers;
    uint16_t port;
    pthread_mutex_t lock;
    size_t open; /* exchanges that were handed to a handler and are not sent yet */
};

typedef enum { STATE_READING, STATE_RUNNING, STATE_SUSPENDED, STATE_FINISHED } exchange_state;

/* An exchange and what only the server knows of it. */
typedef struct {
    eh_exchange exchange;
    eh_server *server;
    loop *loop;
    struct MHD_Connection *connection;
    eh_view uri;        /* as it came */
    eh_buffer body;
    time_t started;
    struct timespec whole;  /* when the request was */
    bool begun, counted;
    bool too_long;      /* what comes of the body is dropped */
    size_t dropped;
    _Atomic int state;
} request;

/* What is said of every response: nothing from elsewhere, nothing framed, nothing told to others. */
static const struct {
    const char *name, *value;
} standing_headers[] = {
    {"Content-Security-Policy",
     "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
     "frame-ancestors 'none'"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy", "camera=(), microphone=(), geolocation=()"},
};

void eh_server_log(const eh_exchange *exchange, const char *text)
{
    const char *pattern = exchange->route != NULL ? exchange->route->pattern : "-";
    fprintf(stderr, "evenhand serve: %s %s: %s\n", eh_http_method_name(exchange->method), pattern, text);
}

/* ---- counting what is under way ---------------------------------------------------------------------------------------------- */

static void request_count(request *r, bool up)
{
    if (r->counted == up)
        return;
    eh_server *server = r->server;
    r->counted = up;
    pthread_mutex_lock(&server->lock);
    server->open += up ? 1 : (size_t)-1;
    pthread_mutex_unlock(&server->lock);
}

/* ---- the request -------------------------------------------------------------------------------------------------------------- */

static time_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static void *on_uri(void *context, const char *uri, struct MHD_Connection *connection)
{
    eh_arena *arena = eh_arena_open(EXCHANGE_ARENA_BYTES_MAX);
    request *r = arena == NULL ? NULL : EH_TAKE(arena, 1, request);
    char *copy = r == NULL ? NULL : eh_arena_copy(arena, eh_view_of(uri));
    if (copy == NULL) {
        eh_arena_close(&arena);
        return NULL;
    }
    r->loop = context;
    r->server = r->loop->server;
    r->connection = connection;
    r->uri = eh_view_of(copy);
    r->exchange.arena = arena;
    r->started = seconds_now();
    eh_buffer_init(&r->body, EH_BODY_BYTES_MAX);
    return r;
}

static eh_dawdler *dawdler_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void on_connection(void *context, struct MHD_Connection *connection, void **socket_context, enum MHD_ConnectionNotificationCode what)
{
    eh_server *server = context;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        eh_dawdlers_leave(server->dawdlers, *socket_context);
        *socket_context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *socket_context = info == NULL ? NULL : eh_dawdlers_enter(server->dawdlers, info->connect_fd);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **state, enum MHD_RequestTerminationCode why)
{
    (void)context, (void)why;
    request *r = *state;
    eh_dawdler_answered(dawdler_of(connection));
    if (r == NULL)
        return;
    request_count(r, false);
    eh_buffer_dispose(&r->body);
    eh_buffer_dispose(&r->exchange.out);
    eh_arena *arena = r->exchange.arena;
    eh_arena_close(&arena);
    *state = NULL;
}

typedef struct {
    eh_field *fields;
    size_t count, capacity;
    eh_arena *arena;
    bool failed, strange;
} header_list;

/* RFC 9110: a token; anything but control characters. */
static bool header_is_plain(eh_view name, eh_view value)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c != '\0' && strchr(others, c) != NULL)))
            return false;
    }
    for (size_t i = 0; i < value.len; i++)
        if (((unsigned char)value.ptr[i] < 0x20 && value.ptr[i] != '\t') || value.ptr[i] == 0x7F)
            return false;
    return true;
}

static enum MHD_Result on_header(void *context, enum MHD_ValueKind kind, const char *name, size_t name_bytes, const char *value, size_t value_bytes)
{
    (void)kind;
    header_list *list = context;
    eh_view said = value == NULL ? EH_VIEW("") : (eh_view){value, value_bytes};
    list->strange = list->strange || !header_is_plain((eh_view){name, name_bytes}, said);
    char *lower = list->count < list->capacity ? eh_arena_copy(list->arena, (eh_view){name, name_bytes}) : NULL;
    if (lower == NULL) {
        list->failed = true;
        return MHD_NO;
    }
    for (char *at = lower; *at != '\0'; at++)
        *at = (char)(*at >= 'A' && *at <= 'Z' ? *at | 0x20 : *at);
    list->fields[list->count++] = (eh_field){{lower, name_bytes}, said};
    return MHD_YES;
}

/* Where a request ends must be said once, or two programs in a row read two requests out of it. */
static eh_code headers_check(eh_fields headers, eh_error *error)
{
    static const char *const once[] = {"content-length", "transfer-encoding", "host", "content-type", "authorization", "idempotency-key"};
    size_t counts[sizeof once / sizeof once[0]] = {0};
    for (size_t i = 0; i < headers.count; i++)
        for (size_t k = 0; k < sizeof once / sizeof once[0]; k++)
            counts[k] += eh_view_equal(headers.fields[i].name, eh_view_of(once[k]));
    for (size_t k = 0; k < sizeof once / sizeof once[0]; k++)
        if (counts[k] > 1)
            return eh_fail(error, EH_INPUT, "the header %s stands more than once", once[k]);
    if (counts[1] > 0 && !eh_view_equal_nocase(eh_fields_get(headers, once[1]), EH_VIEW("chunked")))
        return eh_fail(error, EH_INPUT, "transfer-encoding can be chunked here, and nothing else");
    if (counts[0] > 0 && counts[1] > 0)
        return eh_fail(error, EH_INPUT, "content-length and transfer-encoding contradict each other");
    return EH_OK;
}

static eh_code headers_read(request *r, eh_error *error)
{
    eh_exchange *exchange = &r->exchange;
    header_list list = {.arena = exchange->arena, .capacity = EH_HEADERS_MAX, .fields = EH_TAKE(exchange->arena, EH_HEADERS_MAX, eh_field)};
    if (list.fields == NULL)
        return eh_fail_memory(error);
    MHD_get_connection_values_n(r->connection, MHD_HEADER_KIND, on_header, &list);
    if (list.failed)
        return eh_fail(error, EH_LIMIT, "more than %d headers", EH_HEADERS_MAX);
    if (list.strange)
        return eh_fail(error, EH_INPUT, "a header with a character that none may have");
    exchange->headers = (eh_fields){list.fields, list.count};
    EH_TRY(headers_check(exchange->headers, error));
    return eh_fields_of_cookies(eh_fields_get(exchange->headers, "cookie"), exchange->arena, &exchange->cookies, error);
}

static bool method_read(const char *name, eh_http_method *method_out)
{
    if (strcmp(name, "HEAD") == 0)
        name = "GET";
    for (eh_http_method m = 0; m < EH_HTTP_METHODS_COUNT; m++) {
        if (strcmp(name, eh_http_method_name(m)) == 0) {
            *method_out = m;
            return true;
        }
    }
    return false;
}

static void peer_read(request *r)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info == NULL ? NULL : info->client_addr;
    char *out = r->exchange.peer;
    if (address == NULL || getnameinfo(address, address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in), out,
                                       EH_PEER_BYTES, NULL, 0, NI_NUMERICHOST) != 0)
        out[0] = '\0';
}

static void missing_route(request *r, eh_route_answer answer, unsigned allowed)
{
    eh_exchange *exchange = &r->exchange;
    if (answer == EH_ROUTE_NO_METHOD) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer names = {0};
        for (eh_http_method m = 0; m < EH_HTTP_METHODS_COUNT; m++)
            if ((allowed >> m & 1) != 0)
                eh_buffer_format(&names, "%s%s%s", names.len > 0 ? ", " : "", eh_http_method_name(m), m == EH_GET ? ", HEAD" : "");
        bool asked = exchange->method == EH_OPTIONS;
        eh_buffer_text(&names, ", OPTIONS");
        if (asked)
            exchange->status = 204;
        else
            eh_exchange_problem(exchange, 405, "this path does not take this method");
        eh_exchange_header(exchange, "Allow", names.ptr == NULL ? "" : names.ptr);
        if (asked)
            return;
    } else {
        eh_exchange_problem(exchange, 404, "there is nothing here");
    }
    if (r->server->options.missing != NULL)
        r->server->options.missing(exchange);
}

/* TRACE, PROPFIND, whatever: the path says what it takes. */
static void unknown_method(request *r)
{
    const eh_server_options *options = &r->server->options;
    eh_route_match match;
    eh_route_answer answer = eh_route_find(options->routes, options->routes_count, EH_HTTP_METHODS_COUNT, r->exchange.path, &match);
    missing_route(r, answer, match.allowed);
}

/* What comes as to a proxy, http://host/path, is for this server all the same (RFC 9112, 3.2.2). */
static eh_view uri_of_path(eh_view uri)
{
    static const eh_view schemes[] = {{"http://", 7}, {"https://", 8}};
    for (size_t s = 0; s < 2; s++) {
        size_t len = schemes[s].len;
        if (uri.len <= len || !eh_view_equal_nocase((eh_view){uri.ptr, len}, schemes[s]))
            continue;
        const char *slash = memchr(uri.ptr + len, '/', uri.len - len);
        return slash == NULL ? EH_VIEW("/") : (eh_view){slash, uri.len - (size_t)(slash - uri.ptr)};
    }
    return uri;
}

/* Path and query, strictly; then headers. What is wrong becomes the response. */
static bool request_read(request *r, const char *method)
{
    eh_exchange *exchange = &r->exchange;
    eh_error error = {0};
    exchange->status = 200;
    exchange->context = r->server->options.context;
    bool known = method_read(method, &exchange->method);
    r->uri = uri_of_path(r->uri);
    const char *mark = memchr(r->uri.ptr, '?', r->uri.len);
    size_t path_len = mark == NULL ? r->uri.len : (size_t)(mark - r->uri.ptr);
    eh_view query = mark == NULL ? (eh_view){0} : (eh_view){mark + 1, r->uri.len - path_len - 1};
    peer_read(r);
    if (eh_path_decode((eh_view){r->uri.ptr, path_len}, exchange->arena, &exchange->path, &error) == EH_OK &&
        eh_fields_of_form(query, exchange->arena, &exchange->query, &error) == EH_OK && headers_read(r, &error) == EH_OK) {
        if (!known)
            unknown_method(r);
        return known;
    }
    eh_exchange_fail(exchange, &error);
    return false;
}

/* ---- the response ------------------------------------------------------------------------------------------------------------- */

/* A document of its own (a model's card) brings its own. */
static bool header_is_given(const eh_exchange *exchange, const char *name)
{
    for (const eh_extra_header *header = exchange->extra; header != NULL; header = header->next)
        if (strcmp(header->name, name) == 0)
            return true;
    return false;
}

static void headers_add(struct MHD_Response *response, const eh_exchange *exchange)
{
    MHD_add_response_header(response, "Content-Type", exchange->content_type != NULL ? exchange->content_type : "text/html; charset=utf-8");
    MHD_add_response_header(response, "Cache-Control", exchange->cache != NULL ? exchange->cache : "no-store");
    for (size_t i = 0; i < sizeof standing_headers / sizeof standing_headers[0]; i++)
        if (!header_is_given(exchange, standing_headers[i].name))
            MHD_add_response_header(response, standing_headers[i].name, standing_headers[i].value);
    for (const eh_extra_header *header = exchange->extra; header != NULL; header = header->next)
        MHD_add_response_header(response, header->name, header->value);
}

static void answered_tell(const request *r)
{
    struct timespec now;
    if (r->server->options.answered == NULL || r->exchange.route == NULL)
        return;
    clock_gettime(CLOCK_MONOTONIC, &now);
    r->server->options.answered(&r->exchange, (double)(now.tv_sec - r->whole.tv_sec) + (double)(now.tv_nsec - r->whole.tv_nsec) / 1e9);
}

static enum MHD_Result response_send(request *r)
{
    eh_exchange *exchange = &r->exchange;
    if (exchange->out.code != EH_OK) {
        eh_server_log(exchange, "the response did not fit into memory or its limit");
        eh_exchange_problem(exchange, 500, "something went wrong here; it has been noted");
    }
    static char nothing[1];
    char *bytes = exchange->out.ptr != NULL ? exchange->out.ptr : nothing;
    struct MHD_Response *response = MHD_create_response_from_buffer(exchange->out.len, bytes, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    headers_add(response, exchange);
    answered_tell(r);
    enum MHD_Result queued = MHD_queue_response(r->connection, exchange->status, response);
    MHD_destroy_response(response);
    return queued;
}

static void loop_call(loop *of)
{
    const uint64_t one = 1;
    if (!atomic_exchange(&of->called, true))
        (void)!write(of->caller, &one, sizeof one);
}

/* Resumed, the request may end at once; but it counts, and so its loop is there, until the lock is free. */
static void request_resume(request *r)
{
    eh_server *server = r->server;
    loop *of = r->loop;
    pthread_mutex_lock(&server->lock);
    MHD_resume_connection(r->connection);
    loop_call(of);
    pthread_mutex_unlock(&server->lock);
}

void eh_exchange_finish(eh_exchange *exchange)
{
    request *r = (request *)exchange; /* its first member */
    if (atomic_exchange(&r->state, STATE_FINISHED) == STATE_SUSPENDED)
        request_resume(r);
}

/* True when the response is there, false when somebody will finish it later. */
static bool request_handle(request *r)
{
    const eh_server_options *options = &r->server->options;
    eh_exchange *exchange = &r->exchange;
    eh_route_match match;
    eh_route_answer answer = eh_route_find(options->routes, options->routes_count, exchange->method, exchange->path, &match);
    exchange->body = eh_buffer_view(&r->body);
    if (answer != EH_ROUTE_FOUND) {
        missing_route(r, answer, match.allowed);
        return true;
    }
    exchange->route = match.route;
    memcpy(exchange->parameters, match.parameters, sizeof exchange->parameters);
    return (options->run != NULL ? options->run(exchange) : match.route->handle(exchange)) == EH_NOW;
}

static enum MHD_Result request_run(request *r)
{
    request_count(r, true);
    if (atomic_load(&r->server->stopping))
        return MHD_NO;
    clock_gettime(CLOCK_MONOTONIC, &r->whole);
    atomic_store(&r->state, STATE_RUNNING);
    if (request_handle(r)) {
        atomic_store(&r->state, STATE_FINISHED);
        return response_send(r);
    }
    MHD_suspend_connection(r->connection);
    int running = STATE_RUNNING;
    if (!atomic_compare_exchange_strong(&r->state, &running, STATE_SUSPENDED))
        request_resume(r);
    return MHD_YES;
}

static uint64_t body_length(const request *r)
{
    eh_view length = eh_fields_get(r->exchange.headers, "content-length");
    uint64_t bytes = 0;
    for (size_t i = 0; i < length.len && bytes <= DROPPED_BYTES_MAX; i++)
        bytes = bytes * 10 + (uint64_t)(length.ptr[i] - '0');
    return bytes;
}

static enum MHD_Result too_long_say(request *r)
{
    eh_exchange_problem(&r->exchange, 413, "the body is too long");
    return response_send(r);
}

/* The headers are whole. Who waits to be asked for the body, or has far too much, is told at once. */
static enum MHD_Result request_begin(request *r, const char *method)
{
    if (!request_read(r, method))
        return response_send(r);
    uint64_t length = body_length(r);
    r->too_long = length > EH_BODY_BYTES_MAX;
    if (r->too_long && (length > DROPPED_BYTES_MAX || eh_fields_get(r->exchange.headers, "expect").ptr != NULL))
        return too_long_say(r);
    return MHD_YES;
}

static enum MHD_Result body_take(request *r, eh_view piece)
{
    if (!r->too_long)
        eh_buffer_append(&r->body, piece);
    if (r->body.code == EH_LIMIT) { /* without a length before it */
        r->too_long = true;
        eh_buffer_dispose(&r->body);
    }
    if (r->too_long)
        r->dropped += piece.len;
    bool good = r->body.code == EH_OK && r->dropped <= DROPPED_BYTES_MAX && seconds_now() - r->started <= BODY_SECONDS_MAX;
    return good ? MHD_YES : MHD_NO;
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                                  const char *data, size_t *data_bytes, void **state)
{
    (void)context, (void)connection, (void)url, (void)version;
    request *r = *state;
    if (r == NULL)
        return MHD_NO;
    if (!r->begun) {
        r->begun = true;
        eh_dawdler_asked(dawdler_of(connection));
        return request_begin(r, method);
    }
    if (*data_bytes > 0) {
        eh_view piece = {data, *data_bytes};
        *data_bytes = 0;
        return body_take(r, piece);
    }
    if (r->too_long)
        return too_long_say(r);
    return atomic_load(&r->state) == STATE_FINISHED ? response_send(r) : request_run(r);
}

/* ---- listening ------------------------------------------------------------------------------------------------------------------ */

static void addresses_free(struct addrinfo **addresses)
{
    if (*addresses != NULL)
        freeaddrinfo(*addresses);
}

static eh_code listen_on(const eh_server_options *options, int *descriptor_out, eh_error *error)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    EH_CLEANUP(addresses_free) struct addrinfo *address = NULL;
    char port[8];
    snprintf(port, sizeof port, "%u", options->port);
    if (getaddrinfo(options->address, port, &hints, &address) != 0)
        return eh_fail(error, EH_INPUT, "'%s' is no address of a machine, such as 127.0.0.1 or ::1", options->address);
    int descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    if (descriptor < 0)
        return eh_fail(error, EH_UNAVAILABLE, "no socket: %s", strerror(errno));
    (void)setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(descriptor, address->ai_addr, address->ai_addrlen) != 0 || listen(descriptor, BACKLOG) != 0) {
        int reason = errno;
        close(descriptor);
        const char *advice = reason == EADDRINUSE ? "; another program listens there: choose another port with --listen"
                             : reason == EACCES   ? "; ports below 1024 are for root: choose a higher one, and let a front proxy have the low one"
                                                  : "";
        return eh_fail(error, EH_UNAVAILABLE, "cannot listen on %s port %u: %s%s", options->address, options->port, strerror(reason), advice);
    }
    *descriptor_out = descriptor;
    return EH_OK;
}

static uint16_t port_of(int descriptor)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } address = {0};
    socklen_t length = sizeof address;
    if (getsockname(descriptor, &address.any, &length) != 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/* As many connections as the system lets us have files, up to our own maximum. */
static unsigned connections_max(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 512;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    (void)getrlimit(RLIMIT_NOFILE, &limit);
    rlim_t most = limit.rlim_cur > 2 * DESCRIPTORS_KEPT ? limit.rlim_cur - DESCRIPTORS_KEPT : limit.rlim_cur / 2;
    return most > EH_CONNECTIONS_MAX ? EH_CONNECTIONS_MAX : (unsigned)most;
}

static unsigned threads_of(const eh_server_options *options)
{
    int64_t processors = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = options->threads > 0 ? options->threads : processors > 0 ? (unsigned)processors : 1;
    return threads > THREADS_MAX ? THREADS_MAX : threads;
}

/* No request is with a handler, and none that comes now gets to one. */
static bool server_is_done(eh_server *server)
{
    if (!atomic_load(&server->stopping))
        return false;
    pthread_mutex_lock(&server->lock);
    bool done = server->open == 0;
    pthread_mutex_unlock(&server->lock);
    return done;
}

static void loop_wait(loop *of, int events)
{
    struct pollfd ready[2] = {{.fd = events, .events = POLLIN}, {.fd = of->caller, .events = POLLIN}};
    MHD_UNSIGNED_LONG_LONG most = LOOK_MILLISECONDS;
    uint64_t calls;
    if (MHD_get_timeout(of->daemon, &most) != MHD_YES || most > LOOK_MILLISECONDS)
        most = LOOK_MILLISECONDS;
    if (most > 0)
        (void)poll(ready, 2, (int)most);
    if (read(of->caller, &calls, sizeof calls) > 0)
        atomic_store(&of->called, false);
}

/*
 * libmicrohttpd 0.9.75 has threads of its own for this. But when they hold exactly as many events as they take at a time (128), they wait for the next one, or
 * until a connection was idle for too long, before they serve these. So the waiting is done here, and it never waits.
 */
static void *loop_run(void *context)
{
    loop *of = context;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(of->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    int events = info == NULL ? -1 : info->epoll_fd;
    pthread_setname_np(pthread_self(), "server");
    while (!server_is_done(of->server)) {
        loop_wait(of, events);
        (void)MHD_run(of->daemon);
    }
    return NULL;
}

static eh_code loop_start(eh_server *server, loop *of, int descriptor, unsigned connections, eh_error *error)
{
    unsigned idle = server->options.idle_seconds_max == 0 ? IDLE_SECONDS : server->options.idle_seconds_max;
    of->server = server;
    of->caller = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int own = of->caller < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 0); /* the daemon closes it */
    if (own < 0)
        return eh_fail(error, EH_UNAVAILABLE, "the server does not start: %s", strerror(errno));
    of->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, on_request, of, MHD_OPTION_LISTEN_SOCKET, own, MHD_OPTION_URI_LOG_CALLBACK, on_uri, of,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, of, MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_CONNECTION_LIMIT, connections,
        MHD_OPTION_CONNECTION_TIMEOUT, idle, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
    if (of->daemon == NULL) {
        int reason = errno;
        close(own);
        return eh_fail(error, EH_UNAVAILABLE, "the server does not start: %s", strerror(reason));
    }
    of->started = pthread_create(&of->thread, NULL, loop_run, of) == 0;
    return of->started ? EH_OK : eh_fail(error, EH_UNAVAILABLE, "the system gives no more threads");
}

/* What is with a handler is answered; nothing more gets to one. */
static void loops_stop(eh_server *server)
{
    atomic_store(&server->stopping, true);
    for (unsigned i = 0; i < server->loops_count; i++) {
        loop *of = &server->loops[i];
        if (of->started) {
            loop_call(of);
            pthread_join(of->thread, NULL);
        }
        if (of->daemon != NULL)
            MHD_stop_daemon(of->daemon);
        if (of->caller >= 0)
            close(of->caller);
    }
}

static eh_code loops_start(eh_server *server, int descriptor, eh_error *error)
{
    unsigned threads = threads_of(&server->options), connections = connections_max() / threads;
    while (server->loops_count < threads)
        EH_TRY(loop_start(server, &server->loops[server->loops_count++], descriptor, connections == 0 ? 1 : connections, error));
    return EH_OK;
}

eh_code eh_server_open(const eh_server_options *options, eh_server **server_out, eh_error *error)
{
    int descriptor = -1;
    eh_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return eh_fail_memory(error);
    server->options = *options;
    pthread_mutex_init(&server->lock, NULL);
    eh_code code = listen_on(options, &descriptor, error);
    if (code == EH_OK) {
        server->port = port_of(descriptor);
        code = eh_dawdlers_open(options->asking_seconds_max == 0 ? ASKING_SECONDS : options->asking_seconds_max, &server->dawdlers, error);
        if (code == EH_OK)
            code = loops_start(server, descriptor, error);
        close(descriptor);
    }
    if (code != EH_OK) {
        loops_stop(server);
        eh_dawdlers_close(&server->dawdlers);
        free(server);
        return code;
    }
    *server_out = server;
    return EH_OK;
}

uint16_t eh_server_port(const eh_server *server)
{
    return server->port;
}

void eh_server_close(eh_server **server_address)
{
    eh_server *server = *server_address;
    if (server == NULL)
        return;
    loops_stop(server);
    eh_dawdlers_close(&server->dawdlers);
    pthread_mutex_destroy(&server->lock);
    free(server);
    *server_address = NULL;
}
