#include "http_client.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

int client_open(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(connection >= 0);
    assert_int_equal(connect(connection, (struct sockaddr *)&address, sizeof address), 0);
    return connection;
}

void client_send(int connection, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(connection, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        count -= (size_t)sent;
    }
}

/* Bytes that a whole response has, or 0 while that is not known. */
static size_t whole_bytes(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n"), *length = strcasestr(text, "\r\nContent-Length:");
    if (end == NULL)
        return 0;
    size_t head = (size_t)(end - text) + 4;
    return length == NULL || length > end ? head : head + strtoul(length + 17, NULL, 10);
}

const char *client_receive(int connection, char out[EH_RESPONSE_BYTES_MAX])
{
    size_t len = 0;
    out[0] = '\0';
    for (;;) {
        size_t whole = whole_bytes(out);
        if (whole != 0 && len >= whole)
            return out;
        assert_true(len + 1 < EH_RESPONSE_BYTES_MAX);
        ssize_t got = recv(connection, out + len, EH_RESPONSE_BYTES_MAX - 1 - len, 0);
        if (got <= 0)
            return out;
        len += (size_t)got;
        out[len] = '\0';
    }
}

const char *client_ask(uint16_t port, const char *request, char out[EH_RESPONSE_BYTES_MAX])
{
    int connection = client_open(port);
    client_send(connection, request, strlen(request));
    client_receive(connection, out);
    close(connection);
    return out;
}
