/*
 * A client of the interface in C, with nothing but the C library: switches AI off for a person, twice, and asks whether it is.
 *
 *     cc -o client client.c
 *     EVENHAND_KEY=eh_... ./client 127.0.0.1 8080 c1
 *
 * One connection per request keeps it short; a real client keeps connections open, and reads JSON with a JSON library.
 */
#include <netdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 65536, REQUEST_BYTES = 4096 };

typedef struct {
    const char *host, *port, *key;
} server;

static int connect_to(const server *to)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    if (getaddrinfo(to->host, to->port, &hints, &found) != 0)
        return -1;
    int connection = -1;
    for (const struct addrinfo *at = found; at != NULL && connection < 0; at = at->ai_next) {
        connection = socket(at->ai_family, at->ai_socktype, at->ai_protocol);
        if (connection >= 0 && connect(connection, at->ai_addr, at->ai_addrlen) != 0) {
            close(connection);
            connection = -1;
        }
    }
    freeaddrinfo(found);
    return connection;
}

static bool send_all(int connection, const char *bytes, size_t count)
{
    while (count > 0) {
        ssize_t sent = send(connection, bytes, count, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        count -= (size_t)sent;
    }
    return true;
}

/* Sends one request and reads the answer to its end. Returns the status, 0 when there was none. */
static int ask(const server *to, const char *method, const char *path, const char *body, char answer[ANSWER_BYTES])
{
    char request[REQUEST_BYTES];
    int length = snprintf(request, sizeof request,
                          "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                          "Idempotency-Key: example-1\r\nConnection: close\r\n\r\n%s",
                          method, path, to->host, to->key, strlen(body), body);
    int connection = length < (int)sizeof request ? connect_to(to) : -1, status = 0;
    size_t count = 0;
    answer[0] = '\0';
    if (connection < 0)
        return 0;
    if (send_all(connection, request, (size_t)length)) {
        ssize_t got;
        while (count + 1 < ANSWER_BYTES && (got = recv(connection, answer + count, ANSWER_BYTES - 1 - count, 0)) > 0)
            count += (size_t)got;
        answer[count] = '\0';
    }
    close(connection);
    return sscanf(answer, "HTTP/1.1 %d", &status) == 1 ? status : 0;
}

static int failed(const char *what, int status, const char *answer)
{
    const char *body = strstr(answer, "\r\n\r\n");
    fprintf(stderr, "%s: status %d %s\n", what, status, body == NULL ? "" : body + 4);
    return EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static char answer[ANSWER_BYTES];
    char path[512], body[512];
    server to = {.key = getenv("EVENHAND_KEY")};
    if (argc != 4 || to.key == NULL) {
        fputs("usage: EVENHAND_KEY=eh_... client HOST PORT PERSON (letters and digits)\n", stderr);
        return EXIT_FAILURE;
    }
    to.host = argv[1];
    to.port = argv[2];
    snprintf(body, sizeof body, "{\"person\":\"%s\",\"acts\":[{\"kind\":\"withdrawal\",\"purpose\":\"ai\",\"at\":\"2026-01-01T12:00:00Z\"}]}", argv[3]);
    int status = ask(&to, "POST", "/v1/consents", body, answer);
    if (status != 200)
        return failed("POST /v1/consents", status, answer);
    snprintf(path, sizeof path, "/v1/preferences/%s", argv[3]);
    status = ask(&to, "GET", path, "", answer);
    if (status != 200 || strstr(answer, "\"ai\":false") == NULL)
        return failed(path, status, answer);
    printf("%s: AI is off for this person\n", argv[3]);
    /* The same Idempotency-Key: the same answer again, and nothing is done twice. */
    status = ask(&to, "POST", "/v1/consents", body, answer);
    if (status != 200 || strstr(answer, "Idempotency-Replayed: true") == NULL)
        return failed("POST /v1/consents", status, answer);
    printf("%s: it is recorded, and a second time changes nothing\n", argv[3]);
    return EXIT_SUCCESS;
}
