/* Files: replaced whole or not at all, read within a limit, hashed. */
#include "base/base.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEMPORARY_NAMES_MAX = 100, NAME_KEPT_BYTES_MAX = 200, READ_CHUNK_BYTES = 65536 };

typedef struct {
    int error_number;
    eh_code code;
    const char *hint; /* stands after strerror, "" when there is nothing to add */
} failure_row;

static const failure_row failures[] = {
    {ENOENT, EH_NOT_FOUND, ""},
    {ENOTDIR, EH_NOT_FOUND, ""},
    {EISDIR, EH_INPUT, ""},
    {ELOOP, EH_INPUT, ""},
    {ENAMETOOLONG, EH_INPUT, ""},
    {EACCES, EH_DENIED, ""},
    {EPERM, EH_DENIED, ""},
    {EROFS, EH_DENIED, ""},
    {ENOMEM, EH_MEMORY, ""},
    {ENOSPC, EH_IO, "; free some space or write elsewhere"},
    {EDQUOT, EH_IO, "; free some space or write elsewhere"},
};

static eh_code fail_errno(eh_error *error, int error_number, const char *doing, const char *path)
{
    failure_row row = {error_number, EH_IO, ""};
    for (size_t i = 0; i < sizeof failures / sizeof failures[0]; i++)
        if (failures[i].error_number == error_number)
            row = failures[i];
    char text[128];
    const char *reason = error_number == EISDIR ? "is a directory" : strerror_r(error_number, text, sizeof text);
    return eh_fail(error, row.code, "%s: cannot %s: %s%s", path, doing, reason, row.hint);
}

static void close_descriptor(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
    *descriptor = -1;
}

static void free_path(char **path)
{
    free(*path);
}

/* ---- replacing --------------------------------------------------------------------------------------------------- */

struct eh_replacement {
    char *path;         /* as the caller named it, for messages */
    char *target;       /* what it resolves to */
    char *temporary;    /* NULL: a device or a pipe, which is written through; "": renamed already */
    bool exists;
    struct stat old;
    int descriptor;
};

void eh_replacement_close(eh_replacement **replacement)
{
    eh_replacement *state = *replacement;
    if (state == NULL)
        return;
    close_descriptor(&state->descriptor);
    if (state->temporary != NULL && state->temporary[0] != '\0')
        unlink(state->temporary);
    free(state->temporary);
    free(state->target);
    free(state->path);
    free(state);
    *replacement = NULL;
}

static eh_code write_all(int descriptor, const char *path, eh_view bytes, eh_error *error)
{
    size_t written = 0;
    while (written < bytes.len) {
        ssize_t step = write(descriptor, bytes.ptr + written, bytes.len - written);
        if (step > 0) {
            written += (size_t)step;
            continue;
        }
        if (step < 0 && errno == EINTR)
            continue;
        int error_number = step < 0 ? errno : ENOSPC;
        char doing[96];
        snprintf(doing, sizeof doing, "write %zu bytes (%zu written)", bytes.len, written);
        return fail_errno(error, error_number, doing, path);
    }
    return EH_OK;
}

/* The folder part of a path, with its slash; length 0 means the working folder. */
static size_t folder_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? 0 : (size_t)(slash - path) + 1;
}

static eh_code open_temporary(eh_replacement *state, eh_error *error)
{
    size_t folder = folder_length(state->target);
    size_t name = strlen(state->target) - folder;
    if (name > NAME_KEPT_BYTES_MAX)
        name = NAME_KEPT_BYTES_MAX;
    size_t bytes = folder + name + 64;
    state->temporary = calloc(1, bytes);
    if (state->temporary == NULL)
        return eh_fail_memory(error);
    /* open with O_EXCL and not mkstemp: the mode of a new file then follows the umask without touching it. */
    for (unsigned attempt = 0; attempt < TEMPORARY_NAMES_MAX; attempt++) {
        snprintf(state->temporary, bytes, "%.*s.%.*s.%jd-%u", (int)folder, state->target, (int)name, state->target + folder,
                 (intmax_t)getpid(), attempt);
        state->descriptor = open(state->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
        if (state->descriptor >= 0)
            return EH_OK;
        if (errno != EEXIST)
            break;
    }
    int error_number = errno;
    state->temporary[0] = '\0';
    return fail_errno(error, error_number, "write", state->path);
}

static eh_code keep_owner_and_mode(eh_replacement *state, eh_error *error)
{
    if (!state->exists)
        return EH_OK;
    /* Only root may give a file away; for everybody else the new file is simply theirs. */
    if (fchown(state->descriptor, state->old.st_uid, state->old.st_gid) != 0 && errno != EPERM && errno != EINVAL && errno != ENOTSUP)
        return fail_errno(error, errno, "keep the owner", state->path);
    if (fchmod(state->descriptor, state->old.st_mode & 0777) != 0 && errno != EPERM && errno != ENOTSUP)
        return fail_errno(error, errno, "keep the permissions", state->path);
    return EH_OK;
}

/* Makes the rename itself durable, where the file system can. */
static eh_code sync_folder(const eh_replacement *state, eh_error *error)
{
    size_t folder = folder_length(state->target);
    EH_CLEANUP(free_path) char *name = folder == 0 ? strdup(".") : strndup(state->target, folder);
    if (name == NULL)
        return eh_fail_memory(error);
    EH_CLEANUP(close_descriptor) int descriptor = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return EH_OK;
    if (fsync(descriptor) != 0 && errno == EIO)
        return eh_fail(error, EH_IO, "%s: written, but the disk reported an error when the folder was saved", state->path);
    return EH_OK;
}

static eh_code resolve_target(eh_replacement *state, eh_error *error)
{
    if (state->path[0] == '\0')
        return eh_fail(error, EH_INPUT, "the path of a file to write is empty");
    state->target = realpath(state->path, NULL);
    if (state->target != NULL) {
        if (stat(state->target, &state->old) != 0)
            return fail_errno(error, errno, "write", state->path);
        state->exists = true;
        if (S_ISDIR(state->old.st_mode))
            return fail_errno(error, EISDIR, "write", state->path);
        return EH_OK;
    }
    if (errno != ENOENT)
        return fail_errno(error, errno, "write", state->path);
    state->target = strdup(state->path);
    if (state->target == NULL)
        return eh_fail_memory(error);
    if (state->path[strlen(state->path) - 1] == '/')
        return fail_errno(error, EISDIR, "write", state->path);
    return EH_OK;
}

static eh_code replacement_begin(eh_replacement *state, eh_error *error)
{
    state->descriptor = -1;
    if (state->path == NULL)
        return eh_fail_memory(error);
    EH_TRY(resolve_target(state, error));
    if (state->exists && !S_ISREG(state->old.st_mode)) { /* a device or a pipe has no old content to keep and must never be renamed over */
        state->descriptor = open(state->target, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        return state->descriptor < 0 ? fail_errno(error, errno, "write", state->path) : EH_OK;
    }
    if (state->exists && access(state->target, W_OK) != 0)
        return fail_errno(error, errno, "write", state->path);
    return open_temporary(state, error);
}

eh_code eh_replacement_open(const char *path, eh_replacement **replacement_out, eh_error *error)
{
    EH_CLEANUP(eh_replacement_close) eh_replacement *state = calloc(1, sizeof *state);
    if (state == NULL)
        return eh_fail_memory(error);
    state->path = strdup(path);
    EH_TRY(replacement_begin(state, error));
    *replacement_out = state;
    state = NULL;
    return EH_OK;
}

eh_code eh_replacement_write(eh_replacement *state, eh_view bytes, eh_error *error) { return write_all(state->descriptor, state->path, bytes, error); }

eh_code eh_replacement_rewind(eh_replacement *state, eh_error *error)
{
    if (state->temporary == NULL)
        return eh_fail(error, EH_CONFLICT, "%s: what was written there cannot be taken back", state->path);
    if (lseek(state->descriptor, 0, SEEK_SET) < 0 || ftruncate(state->descriptor, 0) != 0)
        return fail_errno(error, errno, "write", state->path);
    return EH_OK;
}

eh_code eh_replacement_commit(eh_replacement *state, eh_error *error)
{
    if (state->temporary == NULL)
        return EH_OK;
    EH_TRY(keep_owner_and_mode(state, error));
    if (fsync(state->descriptor) != 0)
        return fail_errno(error, errno, "write", state->path);
    int descriptor = state->descriptor;
    state->descriptor = -1;
    if (close(descriptor) != 0 && errno != EINTR)
        return fail_errno(error, errno, "write", state->path);
    if (rename(state->temporary, state->target) != 0)
        return fail_errno(error, errno, "write", state->path);
    state->temporary[0] = '\0';
    return sync_folder(state, error);
}

eh_code eh_file_replace(const char *path, eh_view bytes, eh_error *error)
{
    EH_CLEANUP(eh_replacement_close) eh_replacement *state = NULL;
    EH_TRY(eh_replacement_open(path, &state, error));
    EH_TRY(eh_replacement_write(state, bytes, error));
    return eh_replacement_commit(state, error);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static eh_code open_to_read(const char *path, int *descriptor_out, struct stat *status_out, eh_error *error)
{
    /* Without O_NONBLOCK a named pipe that nobody writes to would hold the program for ever. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (descriptor < 0)
        return fail_errno(error, errno, "read", path);
    if (fstat(descriptor, status_out) != 0) {
        int error_number = errno;
        close(descriptor);
        return fail_errno(error, error_number, "read", path);
    }
    if (S_ISREG(status_out->st_mode)) {
        *descriptor_out = descriptor;
        return EH_OK;
    }
    close(descriptor);
    if (S_ISDIR(status_out->st_mode))
        return fail_errno(error, EISDIR, "read", path);
    return eh_fail(error, EH_INPUT, "%s: cannot read: is not a regular file", path);
}

/* Reads up to READ_CHUNK_BYTES; *bytes_out is 0 at the end of the file. */
static eh_code read_some(int descriptor, const char *path, char *chunk, size_t *bytes_out, eh_error *error)
{
    ssize_t step;
    do
        step = read(descriptor, chunk, READ_CHUNK_BYTES);
    while (step < 0 && errno == EINTR);
    if (step < 0)
        return fail_errno(error, errno, "read", path);
    *bytes_out = (size_t)step;
    return EH_OK;
}

eh_code eh_file_read(const char *path, size_t bytes_max, eh_buffer *buffer_out, eh_error *error)
{
    EH_CLEANUP(close_descriptor) int descriptor = -1;
    struct stat status;
    EH_TRY(open_to_read(path, &descriptor, &status, error));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer content = {.bytes_max = bytes_max};
    char chunk[READ_CHUNK_BYTES];
    for (;;) {
        size_t bytes = 0;
        EH_TRY(read_some(descriptor, path, chunk, &bytes, error));
        if (bytes == 0)
            break;
        if (bytes > bytes_max - content.len)
            return eh_fail(error, EH_LIMIT, "%s: is longer than %zu bytes", path, bytes_max);
        eh_buffer_append(&content, (eh_view){chunk, bytes});
        EH_TRY(eh_buffer_check(&content, error));
    }
    /* All or nothing: what the caller's buffer cannot hold must not stand in it in part. */
    eh_buffer_append(buffer_out, eh_buffer_view(&content));
    return eh_buffer_check(buffer_out, error);
}

static void free_digest(EVP_MD_CTX **digest)
{
    EVP_MD_CTX_free(*digest);
}

eh_code eh_file_sha256(const char *path, const atomic_bool *stop, char hex_out[65], uint64_t *bytes_out, eh_error *error)
{
    EH_CLEANUP(close_descriptor) int descriptor = -1;
    struct stat status;
    EH_TRY(open_to_read(path, &descriptor, &status, error));
    EH_CLEANUP(free_digest) EVP_MD_CTX *digest = EVP_MD_CTX_new();
    if (digest == NULL)
        return eh_fail_memory(error);
    if (EVP_DigestInit_ex(digest, EVP_sha256(), NULL) != 1)
        return eh_fail(error, EH_UNAVAILABLE, "SHA-256 is not available in this OpenSSL");
    char chunk[READ_CHUNK_BYTES];
    uint64_t total = 0;
    for (;;) {
        size_t bytes = 0;
        EH_TRY(read_some(descriptor, path, chunk, &bytes, error));
        if (bytes == 0)
            break;
        if (stop != NULL && atomic_load_explicit(stop, memory_order_relaxed))
            return eh_fail(error, EH_UNAVAILABLE, "%s: stopped", path);
        if (EVP_DigestUpdate(digest, chunk, bytes) != 1)
            return eh_fail(error, EH_INTERNAL, "%s: SHA-256 failed", path);
        total += bytes;
    }
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned hash_bytes = 0;
    if (EVP_DigestFinal_ex(digest, hash, &hash_bytes) != 1 || hash_bytes != 32)
        return eh_fail(error, EH_INTERNAL, "%s: SHA-256 failed", path);
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        hex_out[2 * i] = digits[hash[i] >> 4];
        hex_out[2 * i + 1] = digits[hash[i] & 15];
    }
    hex_out[64] = '\0';
    *bytes_out = total;
    return EH_OK;
}

eh_code eh_parent_folders_make(const char *path, eh_error *error)
{
    char folder[PATH_MAX];
    size_t len = strlen(path);
    if (len >= sizeof folder)
        return eh_fail(error, EH_LIMIT, "%.60s...: a path of %zu bytes, at most %d", path, len, PATH_MAX - 1);
    memcpy(folder, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (folder[i] != '/')
            continue;
        folder[i] = '\0';
        struct stat facts;
        if (mkdir(folder, 0777) != 0) {
            int reason = errno; /* some systems say EROFS or EACCES for a folder that is there */
            if (stat(folder, &facts) != 0)
                return eh_fail(error, EH_IO, "%s: the folder cannot be made: %s", folder, strerror(reason));
            if (!S_ISDIR(facts.st_mode))
                return eh_fail(error, EH_CONFLICT, "%s: is a file; a folder of that name is needed for %s", folder, path);
        }
        folder[i] = '/';
    }
    return EH_OK;
}
