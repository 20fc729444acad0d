/** `evenhand decide`: requests out of a stream of bytes. Private to this command and its fuzz target. */
#ifndef EH_CLI_DECIDE_INT_H
#define EH_CLI_DECIDE_INT_H

#include "cli/cli_int.h"

/**
 * Cuts a stream into JSON texts: one a line, or one that goes over several lines (brackets that are open at the end of a line keep it together; a line that begins a
 * new object of its own ends what was left open before it).
 */
typedef struct {
    eh_buffer kept;    /* not cut yet */
    size_t scanned;    /* of kept: looked at */
    size_t depth;      /* open brackets there */
    bool in_text, escaped;
    bool ended;        /* nothing more will come */
} eh_requests;

void eh_requests_init(eh_requests *requests);
void eh_requests_dispose(eh_requests *requests);
void eh_requests_add(eh_requests *requests, eh_view bytes);
/** The next text, without blank ends, into `text_out` (cleared first); false when more bytes are needed, or at the end. Texts over the limit come cut: they do not parse. */
bool eh_requests_next(eh_requests *requests, eh_buffer *text_out);

typedef struct {
    const char *campaign;
    eh_view person;
    const char *language;  /* NULL: not given */
    bool dated;
    eh_instant at;
    eh_json_value facts;
} eh_decide_request;
/** Reads one request; borrowed from the document. errors: EH_INPUT names the key that is wrong */
EH_MUST_USE eh_code eh_decide_request_read(eh_json_value root, eh_decide_request *request_out, eh_error *error);

#endif
