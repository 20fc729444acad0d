/**
 * The ground floor: errors, views, buffers, arenas, limits, random numbers, files, hashes.
 *
 * Nothing in here knows about marketing, groups or data. Every other room may include this header.
 */
#ifndef EH_BASE_BASE_H
#define EH_BASE_BASE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/limits.h"

/** NAN and INFINITY of <math.h> are floats, which clang's -Wdouble-promotion refuses; these are doubles. */
#define EH_NAN __builtin_nan("")
#define EH_INFINITY __builtin_inf()

#define EH_MUST_USE __attribute__((warn_unused_result))
#define EH_PRINTF(format_index, first_index) __attribute__((format(printf, format_index, first_index)))
/** Closes the handle that a variable holds when the variable goes out of scope: EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0}; */
#define EH_CLEANUP(dispose) __attribute__((cleanup(dispose)))

/* ---- errors ------------------------------------------------------------------------------------------------------ */

typedef enum {
    EH_OK = 0,
    EH_INPUT,       /* what the user gave is wrong: an option, an expression, a file's content */
    EH_NOT_FOUND,   /* a file, a column, a record that does not exist */
    EH_CONFLICT,    /* two things that cannot both hold */
    EH_LIMIT,       /* more than base/limits.h allows */
    EH_MEMORY,      /* no memory left */
    EH_IO,          /* reading or writing failed */
    EH_CORRUPT,     /* stored bytes are not what was written */
    EH_DENIED,      /* not allowed */
    EH_UNAVAILABLE, /* a part that is needed is not there now */
    EH_INTERNAL,    /* a promise of our own is broken */
    EH_CODES_COUNT
} eh_code;

/** What went wrong, where, what to do: one text for a person, cut at EH_ERROR_TEXT_BYTES_MAX on a character boundary. */
typedef struct {
    eh_code code;
    char text[EH_ERROR_TEXT_BYTES_MAX];
} eh_error;

/** Fills `error` (which may be NULL) and returns `code`, so that a function can say `return eh_fail(error, EH_INPUT, ...)`. */
eh_code eh_fail(eh_error *error, eh_code code, const char *format, ...) EH_PRINTF(3, 4);

/** Puts "prefix: " before the text of an error that a callee has filled, and returns its code. */
eh_code eh_fail_within(eh_error *error, const char *prefix_format, ...) EH_PRINTF(2, 3);

/** The name of a code in lower case, e.g. "not found"; never NULL. */
const char *eh_code_name(eh_code code);

#define EH_TRY(expression)                   \
    do {                                     \
        eh_code try_code_ = (expression);    \
        if (try_code_ != EH_OK)              \
            return try_code_;                \
    } while (0)

/** A promise of our own: stays on in release builds; prints the place and aborts. */
#define EH_ASSERT(condition)                                            \
    do {                                                                \
        if (__builtin_expect(!(condition), 0))                          \
            eh_assert_failed(__FILE__, __LINE__, __func__, #condition); \
    } while (0)
_Noreturn void eh_assert_failed(const char *file, int line, const char *function, const char *condition);

/* ---- views: borrowed bytes --------------------------------------------------------------------------------------- */

typedef struct {
    const char *ptr; /* not terminated; may be NULL when len is 0 */
    size_t len;
} eh_view;

#define EH_VIEW(literal) ((eh_view){(literal), sizeof(literal) - 1})

eh_view eh_view_of(const char *terminated);
bool eh_view_equal(eh_view a, eh_view b);
/** Equal but for ASCII letter case. */
bool eh_view_equal_nocase(eh_view a, eh_view b);
/** The view without ASCII white space at both ends. */
eh_view eh_view_trim(eh_view text);
/**
 * A plain decimal number ("12", "-0.5", "1e-3"): no blanks, no hexadecimal, no "inf" or "nan", not too large for a double.
 * returns false, and leaves *number_out alone, when `text` is none.
 */
bool eh_number_read(eh_view text, double *number_out);
/** True for valid UTF-8 (no surrogates, no overlong forms). cost: one pass. */
bool eh_utf8_valid(eh_view text);
/** Columns that the text takes on a terminal: combining marks 0, East Asian wide and emoji 2, others 1. Invalid bytes count 1. */
size_t eh_utf8_columns(eh_view text);
/** The nearest of `names` to `name` by edit distance (at most a third of its length away), or NULL. */
const char *eh_nearest_name(const char *name, const char *const *names, size_t names_count);

/* ---- arenas: memory by lifetime ------------------------------------------------------------------------------------ */

typedef struct eh_arena eh_arena;

/** A new arena of at most `bytes_max` bytes in total; NULL when there is no memory. Not thread-safe. */
eh_arena *eh_arena_open(size_t bytes_max);
/** Releases everything that was allocated from it; takes the address of the handle so that EH_CLEANUP can be used. */
void eh_arena_close(eh_arena **arena);
/** What was allocated from `other` now lives as long as `arena`; `other` is closed. For threads that each fill their own. */
void eh_arena_adopt(eh_arena *arena, eh_arena **other);
/**
 * `count` zeroed elements of `size` bytes, aligned for any type; lives as long as the arena.
 * returns NULL when memory or the arena's maximum is exhausted, or the product overflows; count 0 gives a valid pointer.
 */
void *eh_arena_take(eh_arena *arena, size_t count, size_t size);
/** A terminated copy. */
char *eh_arena_copy(eh_arena *arena, eh_view text);
/** A terminated formatted text, or NULL. */
char *eh_arena_format(eh_arena *arena, const char *format, ...) EH_PRINTF(2, 3);

/** Typed allocation: `double *rates = EH_TAKE(arena, groups_count, double);` */
#define EH_TAKE(arena, count, type) ((type *)eh_arena_take((arena), (count), sizeof(type)))

/** The error for an allocation that returned NULL. */
eh_code eh_fail_memory(eh_error *error);

/* ---- buffers: bytes that grow up to a maximum ------------------------------------------------------------------------ */

/**
 * A growing text. Zero-initialise or eh_buffer_init; a maximum of 0 means EH_BUFFER_BYTES_MAX.
 * Appending never fails at the call: the first failure (memory, maximum) sticks in `code`, later appends do nothing, and the
 * owner asks once at the end with eh_buffer_check. `ptr` is always terminated when not NULL.
 */
typedef struct eh_buffer {
    char *ptr;
    size_t len;
    size_t capacity;
    size_t bytes_max;
    eh_code code;
    struct eh_buffer *whole; /* what this is a part of: takes over its failure when it is cleared or disposed of; or NULL */
} eh_buffer;

void eh_buffer_init(eh_buffer *buffer, size_t bytes_max);
void eh_buffer_dispose(eh_buffer *buffer);
void eh_buffer_clear(eh_buffer *buffer);
void eh_buffer_append(eh_buffer *buffer, eh_view text);
void eh_buffer_text(eh_buffer *buffer, const char *terminated);
void eh_buffer_byte(eh_buffer *buffer, char byte);
void eh_buffer_format(eh_buffer *buffer, const char *format, ...) EH_PRINTF(2, 3);
/** EH_OK, or the first failure with its text. */
EH_MUST_USE eh_code eh_buffer_check(const eh_buffer *buffer, eh_error *error);
eh_view eh_buffer_view(const eh_buffer *buffer);

/* ---- random numbers -------------------------------------------------------------------------------------------------- */

/** xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64. Passed in, never global; same seed, same numbers, everywhere. */
typedef struct {
    uint64_t state[4];
} eh_random;

void eh_random_init(eh_random *random, uint64_t seed);
uint64_t eh_random_next(eh_random *random);
/** Uniform in [0, 1) with 53 bits. */
double eh_random_unit(eh_random *random);

/* ---- files ----------------------------------------------------------------------------------------------------------- */

/**
 * Writes `bytes` to `path` so that a reader sees the old content or the new one and nothing between: a temporary file in the
 * same folder, fsync, rename, fsync of the folder. On any failure the old file is untouched and the temporary file is gone.
 */
EH_MUST_USE eh_code eh_file_replace(const char *path, eh_view bytes, eh_error *error);
/** The same, piece by piece, for what is larger than memory should hold. Closed without a commit, it leaves the old file as it was. */
typedef struct eh_replacement eh_replacement;
EH_MUST_USE eh_code eh_replacement_open(const char *path, eh_replacement **replacement_out, eh_error *error);
EH_MUST_USE eh_code eh_replacement_write(eh_replacement *replacement, eh_view bytes, eh_error *error);
/** Begins again with nothing written. errors: EH_CONFLICT for a device or a pipe */
EH_MUST_USE eh_code eh_replacement_rewind(eh_replacement *replacement, eh_error *error);
/** errors: EH_IO when not all is on the disk; the old file is then untouched */
EH_MUST_USE eh_code eh_replacement_commit(eh_replacement *replacement, eh_error *error);
void eh_replacement_close(eh_replacement **replacement);
/** Makes the folders above `path` that are missing. */
EH_MUST_USE eh_code eh_parent_folders_make(const char *path, eh_error *error);
/** The whole content of a regular file of at most `bytes_max` bytes, appended to `buffer_out`. */
EH_MUST_USE eh_code eh_file_read(const char *path, size_t bytes_max, eh_buffer *buffer_out, eh_error *error);
/**
 * Lower-case hexadecimal SHA-256 and size of a file; OpenSSL EVP (SHA-NI where the processor has it). `stop` (which may be NULL) can be
 * set by another thread and ends it with EH_UNAVAILABLE. cost: one read.
 */
EH_MUST_USE eh_code eh_file_sha256(const char *path, const atomic_bool *stop, char hex_out[65], uint64_t *bytes_out, eh_error *error);

#endif
