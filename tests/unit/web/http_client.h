/** A client that says exactly what it is told, byte for byte, to a server on this machine. */
#ifndef EH_TESTS_HTTP_CLIENT_H
#define EH_TESTS_HTTP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

enum { EH_RESPONSE_BYTES_MAX = 1 << 16 };

/** Connects to 127.0.0.1; fails the test if it cannot. */
int client_open(uint16_t port);
void client_send(int connection, const char *bytes, size_t count);
/** One whole response (its body by Content-Length) as a terminated text; "" when the server closed without a word. */
const char *client_receive(int connection, char out[EH_RESPONSE_BYTES_MAX]);
/** Opens, sends, receives, closes. */
const char *client_ask(uint16_t port, const char *request, char out[EH_RESPONSE_BYTES_MAX]);

#endif
