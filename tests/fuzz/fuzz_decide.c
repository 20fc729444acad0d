/* Any bytes as standard input of `evenhand decide`: cut into requests, at most as many bytes as came; each is read or refused with a text. */
#include <string.h>

#include "base/json.h"
#include "cli/decide_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    EH_CLEANUP(eh_requests_dispose) eh_requests requests;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    size_t half = size / 2, seen = 0;
    eh_requests_init(&requests);
    for (int part = 0; part < 2; part++) {
        eh_requests_add(&requests, part == 0 ? (eh_view){(const char *)data, half} : (eh_view){(const char *)data + half, size - half});
        requests.ended = part == 1;
        while (eh_requests_next(&requests, &text)) {
            EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
            eh_error error = {0};
            eh_decide_request request = {0};
            EH_ASSERT(text.len > 0 && text.len <= EH_DECIDE_BYTES_MAX);
            seen += text.len;
            if (eh_json_parse_zeros(eh_buffer_view(&text), "the request", &document, &error) != EH_OK)
                continue;
            if (eh_decide_request_read(eh_json_root(document), &request, &error) != EH_OK)
                EH_ASSERT(error.text[0] != '\0');
            else
                EH_ASSERT(request.campaign != NULL && request.person.len > 0);
        }
    }
    EH_ASSERT(seen <= size);
    return 0;
}
