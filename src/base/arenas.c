/*
 * Arenas: chunks that grow, released together. Under AddressSanitizer (or with -DEH_ARENA_DEBUG) every allocation is a
 * chunk of its own, so that the sanitizer sees a step outside it.
 */
#include "base/base.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#define EACH_ITS_OWN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define EACH_ITS_OWN 1
#endif
#endif
#if !defined(EACH_ITS_OWN) && defined(EH_ARENA_DEBUG)
#define EACH_ITS_OWN 1
#endif
#ifndef EACH_ITS_OWN
#define EACH_ITS_OWN 0
#endif

typedef struct chunk {
    struct chunk *next;
    size_t used, capacity;
    alignas(max_align_t) char bytes[];
} chunk;

struct eh_arena {
    chunk *newest;
    size_t bytes_max;
    size_t bytes_used;
    size_t chunk_bytes_next;
};

enum { CHUNK_BYTES_FIRST = 4096, CHUNK_BYTES_MAX = 4 << 20 };

eh_arena *eh_arena_open(size_t bytes_max)
{
    eh_arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        return NULL;
    arena->bytes_max = bytes_max;
    arena->chunk_bytes_next = CHUNK_BYTES_FIRST;
    return arena;
}

void eh_arena_close(eh_arena **arena)
{
    if (arena == NULL || *arena == NULL)
        return;
    for (chunk *each = (*arena)->newest; each != NULL;) {
        chunk *next = each->next;
        free(each);
        each = next;
    }
    free(*arena);
    *arena = NULL;
}

void eh_arena_adopt(eh_arena *arena, eh_arena **other)
{
    if (*other == NULL)
        return;
    chunk **end = &(*other)->newest;
    while (*end != NULL)
        end = &(*end)->next;
    /* Behind the newest chunk, whose rest stays usable. */
    chunk **place = arena->newest == NULL ? &arena->newest : &arena->newest->next;
    *end = *place;
    *place = (*other)->newest;
    arena->bytes_used += (*other)->bytes_used;
    free(*other);
    *other = NULL;
}

/* A chunk with room for `bytes`; calloc gives fresh pages that are zero already, so big tables cost nothing until touched. */
static chunk *chunk_add(eh_arena *arena, size_t bytes)
{
    size_t capacity = bytes;
    if (!EACH_ITS_OWN && capacity < arena->chunk_bytes_next)
        capacity = arena->chunk_bytes_next;
    if (capacity > SIZE_MAX - sizeof(chunk))
        return NULL;
    chunk *added = calloc(1, sizeof(chunk) + capacity);
    if (added == NULL)
        return NULL;
    added->capacity = capacity;
    bool keeps_current = arena->newest != NULL && bytes > arena->chunk_bytes_next / 2 && !EACH_ITS_OWN;
    if (keeps_current) {
        /* A large piece gets a chunk behind the current one, whose rest stays usable. */
        added->next = arena->newest->next;
        arena->newest->next = added;
    } else {
        added->next = arena->newest;
        arena->newest = added;
        if (arena->chunk_bytes_next < CHUNK_BYTES_MAX)
            arena->chunk_bytes_next *= 2;
    }
    return added;
}

void *eh_arena_take(eh_arena *arena, size_t count, size_t size)
{
    size_t bytes;
    if (arena == NULL || __builtin_mul_overflow(count, size, &bytes))
        return NULL;
    size_t wanted = bytes == 0 ? 1 : bytes;
    if (wanted > SIZE_MAX - alignof(max_align_t))
        return NULL;
    size_t rounded = (wanted + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
    if (arena->bytes_used > arena->bytes_max || rounded > arena->bytes_max - arena->bytes_used)
        return NULL;
    size_t taken = EACH_ITS_OWN ? wanted : rounded;
    chunk *from = arena->newest;
    if (EACH_ITS_OWN || from == NULL || from->capacity - from->used < taken)
        from = chunk_add(arena, taken);
    if (from == NULL)
        return NULL;
    void *piece = from->bytes + from->used;
    from->used += taken;
    arena->bytes_used += rounded;
    return piece;
}

char *eh_arena_copy(eh_arena *arena, eh_view text)
{
    if (text.len == SIZE_MAX)
        return NULL;
    char *copy = eh_arena_take(arena, text.len + 1, 1);
    if (copy != NULL && text.len > 0)
        memcpy(copy, text.ptr, text.len);
    return copy;
}

char *eh_arena_format(eh_arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int wanted = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = wanted < 0 ? NULL : eh_arena_take(arena, (size_t)wanted + 1, 1);
    if (text != NULL)
        vsnprintf(text, (size_t)wanted + 1, format, again);
    va_end(again);
    return text;
}
