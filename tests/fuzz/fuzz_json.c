/*
 * Any bytes as a name of a group go through the JSON writer, in both of its escapings, as a key and as a value, and come back from our
 * own strict reader as the valid form of the same text.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { NAME_BYTES_MAX = 4096 };

/** Writes {"name": text, "list": [text, 0.1]} and returns the document that is read back; aborts when it is none. */
static eh_json_document *round_trip(const char *text, bool html_safe, eh_buffer *out)
{
    eh_json_writer writer;
    eh_json_begin(&writer, out, html_safe, html_safe);
    eh_json_object_open(&writer, NULL);
    eh_json_text(&writer, "name", text);
    eh_json_array_open_flat(&writer, "list");
    eh_json_text(&writer, NULL, text);
    eh_json_number(&writer, NULL, 0.1);
    eh_json_array_close(&writer);
    eh_json_object_close(&writer);
    EH_ASSERT(out->code == EH_OK);
    EH_ASSERT(eh_utf8_valid(eh_buffer_view(out)));
    /* What stands in a script element must not be able to end it. */
    EH_ASSERT(!html_safe || (!strchr(out->ptr, '<') && !strchr(out->ptr, '>') && !strchr(out->ptr, '&')));
    eh_json_document *document = NULL;
    eh_error error = {0};
    EH_ASSERT(eh_json_parse(eh_buffer_view(out), "fuzz", &document, &error) == EH_OK);
    return document;
}

static void check_text(eh_json_value value, const char *wanted)
{
    const char *found = eh_json_as_text(value);
    EH_ASSERT(found && strcmp(found, wanted) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > NAME_BYTES_MAX)
        return 0;
    char *text = malloc(size + 1);
    if (!text)
        return 0;
    if (size > 0)
        memcpy(text, data, size);
    text[size] = '\0';
    char *first = NULL;
    for (int html_safe = 0; html_safe < 2; html_safe++) {
        eh_buffer out = {0};
        eh_json_document *document = round_trip(text, html_safe == 1, &out);
        eh_json_value root = eh_json_root(document);
        const char *name = eh_json_as_text(eh_json_member(root, "name"));
        EH_ASSERT(name && eh_utf8_valid(eh_view_of(name)));
        /* Valid text comes back byte for byte; invalid text comes back the same by both ways. */
        if (eh_utf8_valid(eh_view_of(text)))
            check_text(eh_json_member(root, "name"), text);
        if (first)
            check_text(eh_json_member(root, "name"), first);
        else
            first = strdup(name);
        check_text(eh_json_item(eh_json_member(root, "list"), 0), name);
        EH_ASSERT(eh_json_as_number(eh_json_item(eh_json_member(root, "list"), 1)) == 0.1);
        eh_json_close(&document);
        eh_buffer_dispose(&out);
    }
    free(first);
    free(text);
    return 0;
}
