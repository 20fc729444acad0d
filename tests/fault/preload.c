/*
 * Makes the k-th call of a library function fail, whoever makes it, SQLite and the like included: to be preloaded (LD_PRELOAD), where inject.c meets the calls
 * of our own code alone.
 *
 * EVENHAND_FAULT_ANY="pwrite:3"        the third pwrite() fails (ENOSPC, EIO for syncs)
 * EVENHAND_FAULT_ANY="pwrite:3:on"     the third and all after it
 * EVENHAND_FAULT_ANY="pwrite:3:kill"   SIGKILL there, before it happens
 * EVENHAND_FAULT_ANY="pwrite:3:short"  half of it is written, and then SIGKILL
 * EVENHAND_FAULT_ANY_COUNTS=FILE       at exit, a line "pwrite 12" per function
 */
#undef _FILE_OFFSET_BITS /* write down both names of a function ourselves */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

#include "fault.h"

typedef enum { WRITE, PWRITE, FSYNC, FDATASYNC, FTRUNCATE, RENAME, UNLINK, FUNCTIONS_COUNT } function;
static const char *const names[FUNCTIONS_COUNT] = {"write", "pwrite", "fsync", "fdatasync", "ftruncate", "rename", "unlink"};
static atomic_uint calls[FUNCTIONS_COUNT]; /* a test's own state; the program has none */

enum { FAILS = 1, SHORT = 2 };

#define EXPORTED __attribute__((visibility("default")))

static int fails(function which)
{
    bool half;
    if (!eh_fault_hits(getenv("EVENHAND_FAULT_ANY"), names[which], atomic_fetch_add(&calls[which], 1) + 1, &half))
        return 0;
    if (half)
        return SHORT;
    errno = which == FSYNC || which == FDATASYNC ? EIO : ENOSPC;
    return FAILS;
}

/* Functions and objects are not the same kind of pointer in C; this is how POSIX wants it. */
#define REAL(name, type) \
    static type real;    \
    if (real == NULL)    \
    *(void **)(&real) = dlsym(RTLD_NEXT, name)

typedef ssize_t (*write_function)(int, const void *, size_t);
typedef ssize_t (*pwrite_function)(int, const void *, size_t, off_t);
typedef int (*descriptor_function)(int);
typedef int (*truncate_function)(int, off_t);
typedef int (*rename_function)(int, const char *, int, const char *);
typedef int (*unlink_function)(int, const char *, int);

EXPORTED ssize_t write(int descriptor, const void *bytes, size_t len);
EXPORTED ssize_t pwrite64(int descriptor, const void *bytes, size_t len, off_t offset);
EXPORTED ssize_t pwrite(int descriptor, const void *bytes, size_t len, off_t offset);

EXPORTED ssize_t write(int descriptor, const void *bytes, size_t len)
{
    REAL("write", write_function);
    int how = descriptor == STDERR_FILENO ? 0 : fails(WRITE); /* standard error is how the test learns what was said */
    if (how == FAILS)
        return -1;
    if (how == SHORT) {
        (void)!real(descriptor, bytes, len / 2);
        (void)raise(SIGKILL);
    }
    return real(descriptor, bytes, len);
}

EXPORTED ssize_t pwrite64(int descriptor, const void *bytes, size_t len, off_t offset)
{
    REAL("pwrite64", pwrite_function);
    int how = fails(PWRITE);
    if (how == FAILS)
        return -1;
    if (how == SHORT) {
        (void)!real(descriptor, bytes, len / 2, offset);
        (void)raise(SIGKILL);
    }
    return real(descriptor, bytes, len, offset);
}

EXPORTED ssize_t pwrite(int descriptor, const void *bytes, size_t len, off_t offset)
{
    return pwrite64(descriptor, bytes, len, offset);
}

EXPORTED int fsync(int descriptor)
{
    REAL("fsync", descriptor_function);
    return fails(FSYNC) != 0 ? -1 : real(descriptor);
}

EXPORTED int fdatasync(int descriptor)
{
    REAL("fdatasync", descriptor_function);
    return fails(FDATASYNC) != 0 ? -1 : real(descriptor);
}

EXPORTED int ftruncate64(int descriptor, off_t len);
EXPORTED int ftruncate(int descriptor, off_t len);

EXPORTED int ftruncate64(int descriptor, off_t len)
{
    REAL("ftruncate64", truncate_function);
    return fails(FTRUNCATE) != 0 ? -1 : real(descriptor, len);
}

EXPORTED int ftruncate(int descriptor, off_t len)
{
    return ftruncate64(descriptor, len);
}

EXPORTED int rename(const char *from, const char *to)
{
    REAL("renameat", rename_function);
    return fails(RENAME) != 0 ? -1 : real(AT_FDCWD, from, AT_FDCWD, to);
}

EXPORTED int unlink(const char *path)
{
    REAL("unlinkat", unlink_function);
    return fails(UNLINK) != 0 ? -1 : real(AT_FDCWD, path, 0);
}

__attribute__((destructor)) static void tell(void)
{
    const char *path = getenv("EVENHAND_FAULT_ANY_COUNTS");
    FILE *out = path == NULL ? NULL : fopen(path, "w");
    if (out == NULL)
        return;
    for (unsigned i = 0; i < FUNCTIONS_COUNT; i++)
        fprintf(out, "%s %u\n", names[i], atomic_load(&calls[i]));
    (void)fclose(out);
}
