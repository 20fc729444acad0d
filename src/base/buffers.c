/* Buffers: text that grows up to a maximum; the first failure sticks. */
#include "base/base.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 256 };

static size_t bytes_max_of(const eh_buffer *buffer)
{
    return buffer->bytes_max != 0 ? buffer->bytes_max : (size_t)EH_BUFFER_BYTES_MAX;
}

void eh_buffer_init(eh_buffer *buffer, size_t bytes_max)
{
    *buffer = (eh_buffer){.bytes_max = bytes_max};
}

static void tell_whole(const eh_buffer *buffer)
{
    if (buffer->whole != NULL && buffer->whole->code == EH_OK)
        buffer->whole->code = buffer->code;
}

void eh_buffer_dispose(eh_buffer *buffer)
{
    tell_whole(buffer);
    free(buffer->ptr);
    *buffer = (eh_buffer){.bytes_max = buffer->bytes_max};
}

void eh_buffer_clear(eh_buffer *buffer)
{
    tell_whole(buffer);
    buffer->len = 0;
    buffer->code = EH_OK;
    if (buffer->ptr != NULL)
        buffer->ptr[0] = '\0';
}

/* Room for `extra` bytes and the terminator; false when the buffer has failed, now or before. */
static bool reserve(eh_buffer *buffer, size_t extra)
{
    if (buffer->code != EH_OK)
        return false;
    size_t bytes_max = bytes_max_of(buffer);
    if (buffer->len > bytes_max || extra > bytes_max - buffer->len) {
        buffer->code = EH_LIMIT;
        return false;
    }
    size_t needed = buffer->len + extra + 1;
    if (needed <= buffer->capacity)
        return true;
    size_t capacity = buffer->capacity != 0 ? buffer->capacity : CAPACITY_FIRST;
    while (capacity < needed)
        capacity = capacity <= SIZE_MAX / 2 ? capacity * 2 : needed;
    if (capacity > bytes_max + 1)
        capacity = bytes_max + 1;
    char *grown = realloc(buffer->ptr, capacity);
    if (grown == NULL) {
        buffer->code = EH_MEMORY;
        return false;
    }
    buffer->ptr = grown;
    buffer->capacity = capacity;
    return true;
}

void eh_buffer_append(eh_buffer *buffer, eh_view text)
{
    if (!reserve(buffer, text.len))
        return;
    if (text.len > 0)
        memcpy(buffer->ptr + buffer->len, text.ptr, text.len);
    buffer->len += text.len;
    buffer->ptr[buffer->len] = '\0';
}

void eh_buffer_text(eh_buffer *buffer, const char *terminated)
{
    eh_buffer_append(buffer, eh_view_of(terminated));
}

void eh_buffer_byte(eh_buffer *buffer, char byte)
{
    eh_buffer_append(buffer, (eh_view){&byte, 1});
}

void eh_buffer_format(eh_buffer *buffer, const char *format, ...)
{
    if (buffer->code != EH_OK)
        return;
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    size_t room = buffer->capacity - buffer->len;
    int wanted = vsnprintf(buffer->ptr == NULL ? NULL : buffer->ptr + buffer->len, buffer->ptr == NULL ? 0 : room, format, arguments);
    va_end(arguments);
    if (wanted < 0) {
        buffer->code = EH_INTERNAL;
        if (buffer->ptr != NULL)
            buffer->ptr[buffer->len] = '\0';
    } else if (buffer->ptr != NULL && (size_t)wanted < room) {
        buffer->len += (size_t)wanted;
    } else if (reserve(buffer, (size_t)wanted)) {
        vsnprintf(buffer->ptr + buffer->len, (size_t)wanted + 1, format, again);
        buffer->len += (size_t)wanted;
    } else if (buffer->ptr != NULL) {
        buffer->ptr[buffer->len] = '\0';
    }
    va_end(again);
}

eh_code eh_buffer_check(const eh_buffer *buffer, eh_error *error)
{
    if (buffer->code == EH_OK)
        return EH_OK;
    if (buffer->code == EH_LIMIT)
        return eh_fail(error, EH_LIMIT, "the text being written is longer than %zu bytes", bytes_max_of(buffer));
    if (buffer->code == EH_MEMORY)
        return eh_fail_memory(error);
    return eh_fail(error, buffer->code, "a text could not be formatted");
}

eh_view eh_buffer_view(const eh_buffer *buffer)
{
    return (eh_view){buffer->ptr, buffer->len};
}
