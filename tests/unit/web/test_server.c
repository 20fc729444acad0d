/* Goal: the server answers what is whole, refuses what is not, never waits for a handler that waits, and closes only when all are answered. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "http_client.h"
#include "web/http_int.h"

static eh_answer say_hello(eh_exchange *exchange)
{
    eh_buffer_format(&exchange->out, "hello %.*s", (int)exchange->parameters[0].len, exchange->parameters[0].ptr);
    return EH_NOW;
}

static eh_answer say_back(eh_exchange *exchange)
{
    exchange->content_type = "text/plain; charset=utf-8";
    eh_buffer_append(&exchange->out, exchange->body);
    return EH_NOW;
}

static void *finish_soon(void *context)
{
    eh_exchange *exchange = context;
    eh_buffer_text(&exchange->out, "at last");
    eh_exchange_finish(exchange);
    return NULL;
}

static eh_answer say_later(eh_exchange *exchange)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, finish_soon, exchange), 0);
    pthread_detach(thread);
    return EH_LATER;
}

static eh_answer fail_inside(eh_exchange *exchange)
{
    eh_error error = {0};
    (void)eh_fail(&error, EH_IO, "secret path");
    eh_exchange_fail(exchange, &error);
    return EH_NOW;
}

static eh_answer say_header(eh_exchange *exchange)
{
    eh_exchange_header(exchange, "X-Name", "a\r\nSet-Cookie: stolen=1");
    return EH_NOW;
}

/* The thread of the server is in here until the test opens. */
static sem_t inside, opened;

static eh_answer wait_inside(eh_exchange *exchange)
{
    (void)exchange;
    sem_post(&inside);
    while (sem_wait(&opened) != 0)
        ;
    return EH_NOW;
}

static const eh_route routes[] = {{EH_GET, "/hello/:name", say_hello, 0}, {EH_POST, "/echo", say_back, 0}, {EH_GET, "/later", say_later, 0},
                                  {EH_GET, "/fail", fail_inside, 0},      {EH_GET, "/header", say_header, 0}, {EH_GET, "/wait", wait_inside, 0}};

static eh_server *server;
static char text[EH_RESPONSE_BYTES_MAX];

static int open_server(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_server_options options = {.address = "127.0.0.1", .threads = 2, .routes = routes, .routes_count = sizeof routes / sizeof routes[0]};
    return eh_server_open(&options, &server, &error) == EH_OK ? 0 : -1;
}

static int close_server(void **state)
{
    (void)state;
    eh_server_close(&server);
    return 0;
}

static const char *ask(const char *request)
{
    return client_ask(eh_server_port(server), request, text);
}

static void answers(void **state)
{
    (void)state;
    static const struct {
        const char *request, *status, *holds;
    } rows[] = {
        {"GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "\r\n\r\nhello you"},
        {"GET /hello/%C3%A9 HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "hello \xC3\xA9"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde", "HTTP/1.1 200", "\r\n\r\nabcde"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "HTTP/1.1 200", "\r\n\r\nabcde"},
        {"GET /later HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 200", "at last"},
        {"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 404", "application/problem+json"},
        {"POST /hello/you HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 405", "Allow: GET, HEAD"},
        {"BREW /echo HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 405", ""},
        {"GET /hello/%zz HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400", "no path"},
        {"GET /../etc HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400", ""},
        {"GET /hello/a?b=%ff HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 400", "UTF-8"},
        {"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n", "HTTP/1.1 413", "too long"},
        {"GET /header HTTP/1.1\r\nHost: x\r\n\r\n", "HTTP/1.1 500", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *answer = ask(rows[i].request);
        if (strncmp(answer, rows[i].status, strlen(rows[i].status)) != 0 || strstr(answer, rows[i].holds) == NULL)
            fail_msg("%s\n-> %s", rows[i].request, answer);
        assert_null(strstr(answer, "stolen"));
    }
}

static void every_answer_is_guarded(void **state)
{
    (void)state;
    static const char *const requests[] = {"GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n", "GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"};
    static const char *const headers[] = {"default-src 'none'", "Referrer-Policy: no-referrer", "nosniff", "Cache-Control: no-store", "frame-ancestors 'none'"};
    for (size_t i = 0; i < 2; i++)
        for (size_t h = 0; h < sizeof headers / sizeof headers[0]; h++)
            assert_non_null(strstr(ask(requests[i]), headers[h]));
}

static void failures_tell_strangers_nothing(void **state)
{
    (void)state;
    const char *answer = ask("GET /fail HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_memory_equal(answer, "HTTP/1.1 503", 12);
    assert_null(strstr(answer, "secret"));
}

static void one_connection_serves_many(void **state)
{
    (void)state;
    int connection = client_open(eh_server_port(server));
    for (int i = 0; i < 50; i++) {
        static const char request[] = "GET /later HTTP/1.1\r\nHost: x\r\n\r\n";
        client_send(connection, request, sizeof request - 1);
        assert_non_null(strstr(client_receive(connection, text), "at last"));
    }
    close(connection);
}

static void huge_headers_are_refused(void **state)
{
    (void)state;
    char *request = malloc(1 << 20);
    int length = snprintf(request, 1 << 20, "GET /hello/you HTTP/1.1\r\nHost: x\r\nX-Long: ");
    memset(request + length, 'a', 300000);
    memcpy(request + length + 300000, "\r\n\r\n", 5);
    const char *answer = ask(request);
    assert_true(answer[0] == '\0' || strncmp(answer, "HTTP/1.1 4", 10) == 0);
    free(request);
    assert_non_null(strstr(ask("GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n"), "hello you"));
}

static void half_requests_do_no_harm(void **state)
{
    (void)state;
    static const char *const halves[] = {"GET /hel", "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc", "", "\r\n\r\n"};
    int connections[200];
    for (size_t i = 0; i < 200; i++) {
        connections[i] = client_open(eh_server_port(server));
        const char *half = halves[i % 4];
        client_send(connections[i], half, strlen(half));
    }
    assert_non_null(strstr(ask("GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n"), "hello you"));
    for (size_t i = 0; i < 200; i++)
        close(connections[i]);
    assert_non_null(strstr(ask("GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n"), "hello you"));
}

/* It sends, but never to the end of its headers: it is shut, although the idle timeout of a minute has not come. */
static void who_dawdles_is_shut(void **state)
{
    (void)state;
    eh_server *short_of_time = NULL;
    eh_error error = {0};
    eh_server_options options = {.address = "127.0.0.1", .threads = 1, .idle_seconds_max = 60, .asking_seconds_max = 1, .routes = routes, .routes_count = sizeof routes / sizeof routes[0]};
    assert_int_equal(eh_server_open(&options, &short_of_time, &error), EH_OK);
    static const char *const begins[] = {"", "GET /hello/you HT", "GET /hello/you HTTP/1.1\r\nHost: x\r\nX-Slow: "};
    int connections[3];
    for (size_t i = 0; i < 3; i++) {
        connections[i] = client_open(eh_server_port(short_of_time));
        client_send(connections[i], begins[i], strlen(begins[i]));
    }
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(client_receive(connections[i], text), ""); /* its end, not an answer */
        close(connections[i]);
    }
    assert_non_null(strstr(client_ask(eh_server_port(short_of_time), "GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n", text), "hello you"));
    eh_server_close(&short_of_time);
}

/* As many requests at one moment as the library under the server takes at a time, and one more and less: none waits for another. */
static void who_comes_together_is_answered(void **state)
{
    (void)state;
    enum { MOST = 129 };
    static const char request[] = "GET /hello/you HTTP/1.1\r\nHost: x\r\n\r\n", wait[] = "GET /wait HTTP/1.1\r\nHost: x\r\n\r\n";
    eh_error error = {0};
    eh_server *one = NULL;
    eh_server_options options = {.address = "127.0.0.1", .threads = 1, .idle_seconds_max = 3, .routes = routes, .routes_count = sizeof routes / sizeof routes[0]};
    int connections[MOST];
    assert_int_equal(eh_server_open(&options, &one, &error), EH_OK);
    assert_int_equal(sem_init(&inside, 0, 0) | sem_init(&opened, 0, 0), 0);
    for (size_t count = MOST - 2; count <= MOST; count++) {
        int first = client_open(eh_server_port(one));
        for (size_t i = 0; i < count; i++) {
            connections[i] = client_open(eh_server_port(one));
            client_send(connections[i], request, sizeof request - 1);
            assert_non_null(strstr(client_receive(connections[i], text), "hello you"));
        }
        client_send(first, wait, sizeof wait - 1);
        while (sem_wait(&inside) != 0)
            ;
        for (size_t i = 0; i < count; i++)
            client_send(connections[i], request, sizeof request - 1);
        sem_post(&opened);
        for (size_t i = 0; i < count; i++) {
            assert_non_null(strstr(client_receive(connections[i], text), "hello you"));
            close(connections[i]);
        }
        close(first);
    }
    eh_server_close(&one);
    sem_destroy(&inside);
    sem_destroy(&opened);
}

static void a_taken_port_is_told(void **state)
{
    (void)state;
    eh_server *second = NULL;
    eh_error error = {0};
    eh_server_options options = {.address = "127.0.0.1", .port = eh_server_port(server), .routes = routes, .routes_count = 1};
    assert_int_equal(eh_server_open(&options, &second, &error), EH_UNAVAILABLE);
    assert_non_null(strstr(error.text, "choose another port"));
    options.address = "localhost.example";
    assert_int_equal(eh_server_open(&options, &second, &error), EH_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers), cmocka_unit_test(every_answer_is_guarded), cmocka_unit_test(failures_tell_strangers_nothing),
        cmocka_unit_test(one_connection_serves_many), cmocka_unit_test(huge_headers_are_refused), cmocka_unit_test(half_requests_do_no_harm),
        cmocka_unit_test(who_dawdles_is_shut), cmocka_unit_test(who_comes_together_is_answered),
        cmocka_unit_test(a_taken_port_is_told)};
    return cmocka_run_group_tests(tests, open_server, close_server);
}
