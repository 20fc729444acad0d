/* A key in a file of its own: made once, kept from others. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secrets.h"

enum { HEX_BYTES = 2 * EH_SECRET_BYTES, PATH_BYTES_MAX = 4096 };

static void descriptor_close(const int *descriptor)
{
    if (*descriptor >= 0)
        (void)close(*descriptor);
}

static eh_code draft_write(const char *draft, const eh_entropy *entropy, eh_error *error)
{
    (void)unlink(draft); /* of a process of the same number that was killed here */
    EH_CLEANUP(descriptor_close) int descriptor = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return eh_fail(error, EH_IO, "cannot make the key %s: %s", draft, strerror(errno));
    EH_CLEANUP(eh_secret_wipe) eh_secret key;
    char text[HEX_BYTES + 2];
    eh_entropy_fill(entropy, key.bytes, sizeof key.bytes);
    eh_hex(key.bytes, sizeof key.bytes, text);
    text[HEX_BYTES] = '\n';
    bool written = write(descriptor, text, HEX_BYTES + 1) == HEX_BYTES + 1 && fsync(descriptor) == 0;
    int reason = errno;
    eh_wipe(text, sizeof text);
    return written ? EH_OK : eh_fail(error, EH_IO, "cannot write the key %s: %s", draft, strerror(reason));
}

/* The name itself is on the disk before anything is sealed with the key. */
static void folder_sync(const char *path)
{
    char folder[PATH_BYTES_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1, slash == NULL ? "." : path);
    EH_CLEANUP(descriptor_close) int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor >= 0)
        (void)fsync(descriptor); /* a file system that cannot has its own way */
}

eh_code eh_key_file_make(const char *path, const eh_entropy *entropy, eh_error *error)
{
    char draft[PATH_BYTES_MAX];
    if (access(path, F_OK) == 0)
        return EH_OK;
    if (snprintf(draft, sizeof draft, "%s.%jd.new", path, (intmax_t)getpid()) >= (int)sizeof draft)
        return eh_fail(error, EH_LIMIT, "the path of the key is longer than %d bytes", PATH_BYTES_MAX);
    eh_code code = draft_write(draft, entropy, error);
    /* A link and not a rename: a key that is there is never replaced, because everything sealed with it would be lost; and never half a key. */
    if (code == EH_OK && link(draft, path) != 0 && errno != EEXIST)
        code = eh_fail(error, EH_IO, "cannot make the key %s: %s", path, strerror(errno));
    (void)unlink(draft);
    if (code == EH_OK)
        folder_sync(path);
    return code;
}

eh_code eh_key_file_read(const char *path, eh_secret *key_out, eh_error *error)
{
    EH_CLEANUP(descriptor_close) int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat status;
    char text[HEX_BYTES + 2];
    if (descriptor < 0 || fstat(descriptor, &status) != 0)
        return eh_fail(error, errno == ENOENT ? EH_NOT_FOUND : errno == EACCES ? EH_DENIED : EH_IO, "cannot read the key %s: %s", path, strerror(errno));
    if ((status.st_mode & 077) != 0)
        return eh_fail(error, EH_DENIED, "others can read the key %s (mode %03o); protect it: chmod 600 %s", path, (unsigned)(status.st_mode & 0777), path);
    ssize_t len = read(descriptor, text, sizeof text);
    bool good = (len == HEX_BYTES || (len == HEX_BYTES + 1 && text[HEX_BYTES] == '\n')) && eh_hex_read((eh_view){text, HEX_BYTES}, sizeof key_out->bytes, key_out->bytes);
    eh_wipe(text, sizeof text);
    return good ? EH_OK : eh_fail(error, EH_CORRUPT, "%s: is no key: it must hold %d hexadecimal digits", path, HEX_BYTES);
}
