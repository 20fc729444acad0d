/* Files of the ledger: written beside and renamed into place, below folders that are held open. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

enum { CHUNK_BYTES = 65536 };

eh_code eh_fail_file(eh_error *error, const char *path, const char *doing)
{
    int reason = errno;
    eh_code code = EH_IO;
    if (reason == ENOENT || reason == ENOTDIR)
        code = EH_NOT_FOUND;
    else if (reason == EACCES || reason == EPERM || reason == EROFS)
        code = EH_DENIED;
    else if (reason == ENOMEM)
        code = EH_MEMORY;
    else if (reason == EEXIST)
        code = EH_CONFLICT;
    return eh_fail(error, code, "ledger: %s: cannot %s: %s%s", path, doing, strerror(reason),
                   reason == ENOSPC || reason == EDQUOT ? "; free some space" : "");
}

char *eh_state_path(const eh_folders *folders, const char *rest)
{
    char *path = NULL;
    return asprintf(&path, "%s/%s", folders->state, rest) < 0 ? NULL : path;
}

void eh_path_free(char **path)
{
    free(*path);
}

static eh_code folder_open(const eh_folders *folders, const char *rest, int *descriptor_out, eh_error *error)
{
    EH_CLEANUP(eh_path_free) char *path = eh_state_path(folders, rest);
    if (path == NULL)
        return eh_fail_memory(error);
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return eh_fail_file(error, path, "be opened");
    *descriptor_out = descriptor;
    return EH_OK;
}

eh_code eh_folders_open(const char *folder, eh_folders *folders_out, eh_error *error)
{
    eh_folders folders = {.log = -1, .public = -1, .wal = -1, .keys = -1};
    if (asprintf(&folders.state, "%s/.evenhand", folder) < 0)
        return eh_fail_memory(error);
    eh_code code = folder_open(&folders, "ledger", &folders.log, error);
    if (code == EH_NOT_FOUND)
        code = eh_fail(error, EH_NOT_FOUND, "%s has no ledger: evenhand init makes a workspace with one", folder);
    if (code == EH_OK)
        code = folder_open(&folders, "ledger/public", &folders.public, error);
    if (code == EH_OK)
        code = folder_open(&folders, "ledger/wal", &folders.wal, error);
    if (code == EH_OK) {
        eh_code keys = folder_open(&folders, "keys", &folders.keys, error);
        code = keys == EH_NOT_FOUND ? EH_OK : keys;
    }
    if (code == EH_OK)
        *folders_out = folders;
    else
        eh_folders_close(&folders);
    return code;
}

void eh_folders_close(eh_folders *folders)
{
    int *const descriptors[] = {&folders->log, &folders->public, &folders->wal, &folders->keys};
    for (size_t i = 0; i < 4 && folders->state != NULL; i++)
        if (*descriptors[i] >= 0)
            close(*descriptors[i]);
    free(folders->state);
    *folders = (eh_folders){.log = -1, .public = -1, .wal = -1, .keys = -1};
}

/* ---- writing ------------------------------------------------------------------------------------------------------------ */

eh_code eh_write_all(int descriptor, const char *path, eh_view bytes, eh_error *error)
{
    while (bytes.len > 0) {
        ssize_t step = write(descriptor, bytes.ptr, bytes.len);
        if (step < 0 && errno == EINTR)
            continue;
        if (step <= 0) {
            errno = step == 0 ? ENOSPC : errno;
            return eh_fail_file(error, path, "be written");
        }
        bytes.ptr += step;
        bytes.len -= (size_t)step;
    }
    return EH_OK;
}

eh_code eh_write_at(int descriptor, const char *path, eh_view bytes, uint64_t offset, eh_error *error)
{
    while (bytes.len > 0) {
        ssize_t step = pwrite(descriptor, bytes.ptr, bytes.len, (off_t)offset);
        if (step < 0 && errno == EINTR)
            continue;
        if (step <= 0) {
            errno = step == 0 ? ENOSPC : errno;
            return eh_fail_file(error, path, "be written");
        }
        bytes = (eh_view){bytes.ptr + step, bytes.len - (size_t)step};
        offset += (uint64_t)step;
    }
    return EH_OK;
}

eh_code eh_sync_folder_of(int folder, const char *path, eh_error *error)
{
    char parent[EH_LEDGER_PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    size_t len = slash == NULL ? 1 : (size_t)(slash - path);
    EH_ASSERT(len < sizeof parent);
    memcpy(parent, slash == NULL ? "." : path, len);
    parent[len] = '\0';
    int descriptor = openat(folder, parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return eh_fail_file(error, path, "have its folder saved");
    int answer = fsync(descriptor);
    int reason = errno;
    close(descriptor);
    errno = reason;
    return answer == 0 ? EH_OK : eh_fail_file(error, path, "have its folder saved");
}

static eh_code folders_make(int folder, const char *path, eh_error *error)
{
    char part[EH_LEDGER_PATH_BYTES_MAX];
    for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        size_t len = (size_t)(slash - path);
        EH_ASSERT(len < sizeof part);
        memcpy(part, path, len);
        part[len] = '\0';
        if (mkdirat(folder, part, 0777) != 0 && errno != EEXIST)
            return eh_fail_file(error, part, "be made");
    }
    return EH_OK;
}

static int open_beside(int folder, const char *name, mode_t mode)
{
    return openat(folder, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
}

static eh_code put(int folder, const char *path, eh_view bytes, mode_t mode, bool durable, eh_error *error)
{
    char beside[EH_LEDGER_PATH_BYTES_MAX + 8];
    snprintf(beside, sizeof beside, "%s.new", path);
    int descriptor = open_beside(folder, beside, mode);
    if (descriptor < 0 && errno == ENOENT) {
        EH_TRY(folders_make(folder, path, error));
        descriptor = open_beside(folder, beside, mode);
    }
    if (descriptor < 0)
        return eh_fail_file(error, path, "be made");
    eh_code code = eh_write_all(descriptor, path, bytes, error);
    if (code == EH_OK && durable && fsync(descriptor) != 0)
        code = eh_fail_file(error, path, "be saved");
    if (close(descriptor) != 0 && code == EH_OK)
        code = eh_fail_file(error, path, "be saved");
    if (code == EH_OK && renameat(folder, beside, folder, path) != 0)
        code = eh_fail_file(error, path, "be put into place");
    if (code == EH_OK && durable)
        return eh_sync_folder_of(folder, path, error);
    if (code != EH_OK)
        unlinkat(folder, beside, 0);
    return code;
}

/* A file that is not there yet needs no name beside it. */
static eh_code put_first(int folder, const char *path, eh_view bytes, bool *there_out, eh_error *error)
{
    int descriptor = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno == ENOENT) {
        EH_TRY(folders_make(folder, path, error));
        descriptor = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    }
    *there_out = descriptor < 0 && errno == EEXIST;
    if (*there_out)
        return EH_OK;
    if (descriptor < 0)
        return eh_fail_file(error, path, "be made");
    eh_code code = eh_write_all(descriptor, path, bytes, error);
    if (close(descriptor) != 0 && code == EH_OK)
        code = eh_fail_file(error, path, "be saved");
    if (code != EH_OK)
        unlinkat(folder, path, 0);
    return code;
}

eh_code eh_put_unseen(int folder, const char *path, eh_view bytes, eh_error *error)
{
    bool there = false;
    EH_TRY(put_first(folder, path, bytes, &there, error));
    return there ? put(folder, path, bytes, 0666, false, error) : EH_OK;
}

eh_code eh_put(int folder, const char *path, eh_view bytes, bool durable, eh_error *error)
{
    return put(folder, path, bytes, 0666, durable, error);
}

eh_code eh_put_secret(int folder, const char *path, eh_view bytes, eh_error *error)
{
    return put(folder, path, bytes, 0600, true, error);
}

/* ---- reading ------------------------------------------------------------------------------------------------------------ */

eh_code eh_get_some(int folder, const char *path, void *bytes, size_t count, size_t *read_out, eh_error *error)
{
    int descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return eh_fail_file(error, path, "be read");
    size_t total = 0;
    ssize_t step = 0;
    do {
        step = read(descriptor, (char *)bytes + total, count - total);
        if (step > 0)
            total += (size_t)step;
    } while ((step > 0 && total < count) || (step < 0 && errno == EINTR));
    int reason = errno;
    close(descriptor);
    errno = reason;
    if (step < 0)
        return eh_fail_file(error, path, "be read");
    *read_out = total;
    return EH_OK;
}

eh_code eh_get(int folder, const char *path, size_t bytes_max, eh_buffer *out, eh_error *error)
{
    int descriptor = openat(folder, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return eh_fail_file(error, path, "be read");
    char chunk[CHUNK_BYTES];
    ssize_t step = 0;
    eh_code code = EH_OK;
    size_t total = 0;
    while (code == EH_OK && (step = read(descriptor, chunk, sizeof chunk)) != 0) {
        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0) {
            code = eh_fail_file(error, path, "be read");
            break;
        }
        total += (size_t)step;
        if (total > bytes_max)
            code = eh_fail(error, EH_LIMIT, "ledger: %s: is longer than %zu bytes", path, bytes_max);
        eh_buffer_append(out, (eh_view){chunk, (size_t)step});
    }
    close(descriptor);
    return code == EH_OK ? eh_buffer_check(out, error) : code;
}
