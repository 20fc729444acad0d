/*
 * Makes the k-th call of a library function fail, or kills the program there. Linked into a second copy of the program with
 * -Wl,--wrap=FUNCTION, so that the calls of our own code are met and those inside other libraries are not.
 *
 * EVENHAND_FAULT="write:3"         the third write() fails (ENOSPC; memory functions return NULL)
 * EVENHAND_FAULT="write:3:on"      the third write() and all after it fail
 * EVENHAND_FAULT="rename:1:kill"   SIGKILL at the first rename(), before it happens
 * EVENHAND_FAULT_COUNTS=FILE       at exit, writes "write 12" and so on, a line per function
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

typedef enum {
    MALLOC, CALLOC, REALLOC, WRITE, FSYNC, RENAME, MKSTEMP, OPEN, CLOSE, MKDIR,
    FDATASYNC, SYNCFS, RENAMEAT, OPENAT, MKDIRAT, UNLINKAT, FTRUNCATE, PWRITE, FUNCTIONS_COUNT
} function;

static const char *const names[FUNCTIONS_COUNT] = {"malloc", "calloc", "realloc", "write", "fsync", "rename", "mkstemp", "open", "close", "mkdir",
                                                   "fdatasync", "syncfs", "renameat", "openat", "mkdirat", "unlinkat", "ftruncate", "pwrite"};
static atomic_uint calls[FUNCTIONS_COUNT]; /* a test's own state; the program has none */

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
ssize_t __real_write(int descriptor, const void *bytes, size_t len);
int __real_fsync(int descriptor);
int __real_rename(const char *from, const char *to);
int __real_mkstemp(char *pattern);
int __real_open(const char *path, int flags, ...);
int __real_mkstemp64(char *pattern);
int __real_open64(const char *path, int flags, ...);
int __real_close(int descriptor);
int __real_mkdir(const char *path, mode_t mode);
int __real_fdatasync(int descriptor);
int __real_syncfs(int descriptor);
int __real_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __real_openat(int folder, const char *path, int flags, ...);
int __real_openat64(int folder, const char *path, int flags, ...);
int __real_mkdirat(int folder, const char *path, mode_t mode);
int __real_unlinkat(int folder, const char *path, int flags);
int __real_ftruncate(int descriptor, off_t len);
int __real_ftruncate64(int descriptor, off_t len);
ssize_t __real_pwrite(int descriptor, const void *bytes, size_t len, off_t offset);
ssize_t __real_pwrite64(int descriptor, const void *bytes, size_t len, off_t offset);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
ssize_t __wrap_write(int descriptor, const void *bytes, size_t len);
int __wrap_fsync(int descriptor);
int __wrap_rename(const char *from, const char *to);
int __wrap_mkstemp(char *pattern);
int __wrap_open(const char *path, int flags, ...);
int __wrap_mkstemp64(char *pattern);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_close(int descriptor);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_fdatasync(int descriptor);
int __wrap_syncfs(int descriptor);
int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to);
int __wrap_openat(int folder, const char *path, int flags, ...);
int __wrap_openat64(int folder, const char *path, int flags, ...);
int __wrap_mkdirat(int folder, const char *path, mode_t mode);
int __wrap_unlinkat(int folder, const char *path, int flags);
int __wrap_ftruncate(int descriptor, off_t len);
int __wrap_ftruncate64(int descriptor, off_t len);
ssize_t __wrap_pwrite(int descriptor, const void *bytes, size_t len, off_t offset);
ssize_t __wrap_pwrite64(int descriptor, const void *bytes, size_t len, off_t offset);

/* True when this call of `which` is the one that shall fail. */
static int fails(function which)
{
    bool half;
    if (!eh_fault_hits(getenv("EVENHAND_FAULT"), names[which], atomic_fetch_add(&calls[which], 1) + 1, &half))
        return 0;
    errno = which <= REALLOC ? ENOMEM : which == CLOSE ? EIO : ENOSPC;
    return 1;
}

void *__wrap_malloc(size_t size)
{
    return fails(MALLOC) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    return fails(CALLOC) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    return fails(REALLOC) ? NULL : __real_realloc(old, size);
}

ssize_t __wrap_write(int descriptor, const void *bytes, size_t len)
{
    /* standard error is left alone: it is how the test learns what was said */
    if (descriptor != STDERR_FILENO && fails(WRITE))
        return -1;
    /* short writes all along: at most 4 KiB at a time */
    return __real_write(descriptor, bytes, len < 4096 ? len : 4096);
}

int __wrap_fsync(int descriptor)
{
    return fails(FSYNC) ? -1 : __real_fsync(descriptor);
}

int __wrap_rename(const char *from, const char *to)
{
    return fails(RENAME) ? -1 : __real_rename(from, to);
}

int __wrap_mkstemp(char *pattern)
{
    return fails(MKSTEMP) ? -1 : __real_mkstemp(pattern);
}

/* With 64-bit file offsets the C library calls the same function by this name. */
int __wrap_mkstemp64(char *pattern)
{
    return fails(MKSTEMP) ? -1 : __real_mkstemp64(pattern);
}

int __wrap_open(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return fails(OPEN) ? -1 : __real_open(path, flags, mode);
}

int __wrap_open64(const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return fails(OPEN) ? -1 : __real_open64(path, flags, mode);
}

int __wrap_close(int descriptor)
{
    if (fails(CLOSE)) {
        __real_close(descriptor);
        errno = EIO;
        return -1;
    }
    return __real_close(descriptor);
}

int __wrap_mkdir(const char *path, mode_t mode)
{
    return fails(MKDIR) ? -1 : __real_mkdir(path, mode);
}

int __wrap_fdatasync(int descriptor)
{
    return fails(FDATASYNC) ? -1 : __real_fdatasync(descriptor);
}

int __wrap_syncfs(int descriptor)
{
    return fails(SYNCFS) ? -1 : __real_syncfs(descriptor);
}

int __wrap_renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return fails(RENAMEAT) ? -1 : __real_renameat(from_folder, from, to_folder, to);
}

int __wrap_openat(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return fails(OPENAT) ? -1 : __real_openat(folder, path, flags, mode);
}

int __wrap_openat64(int folder, const char *path, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? (mode_t)va_arg(more, unsigned) : 0;
    va_end(more);
    return fails(OPENAT) ? -1 : __real_openat64(folder, path, flags, mode);
}

int __wrap_mkdirat(int folder, const char *path, mode_t mode)
{
    return fails(MKDIRAT) ? -1 : __real_mkdirat(folder, path, mode);
}

int __wrap_unlinkat(int folder, const char *path, int flags)
{
    return fails(UNLINKAT) ? -1 : __real_unlinkat(folder, path, flags);
}

int __wrap_ftruncate(int descriptor, off_t len)
{
    return fails(FTRUNCATE) ? -1 : __real_ftruncate(descriptor, len);
}

int __wrap_ftruncate64(int descriptor, off_t len)
{
    return fails(FTRUNCATE) ? -1 : __real_ftruncate64(descriptor, len);
}

ssize_t __wrap_pwrite(int descriptor, const void *bytes, size_t len, off_t offset)
{
    return fails(PWRITE) ? -1 : __real_pwrite(descriptor, bytes, len < 4096 ? len : 4096, offset);
}

ssize_t __wrap_pwrite64(int descriptor, const void *bytes, size_t len, off_t offset)
{
    return fails(PWRITE) ? -1 : __real_pwrite64(descriptor, bytes, len < 4096 ? len : 4096, offset);
}

static __attribute__((destructor)) void counts_write(void)
{
    const char *path = getenv("EVENHAND_FAULT_COUNTS");
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    if (file == NULL)
        return;
    for (size_t i = 0; i < FUNCTIONS_COUNT; i++)
        fprintf(file, "%s %u\n", names[i], atomic_load(&calls[i]));
    fclose(file);
}
