/* Sealed links. Box: nonce || sealed(version, purpose, expiry, lengths, person, subject). */
#include "rights/links.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { VERSION = 1, HEAD_BYTES = 8, PLAIN_BYTES_MAX = HEAD_BYTES + 2 * EH_LINK_KEY_BYTES_MAX, BOX_BYTES_MAX = EH_NONCE_BYTES + PLAIN_BYTES_MAX + EH_SEAL_EXTRA_BYTES };

static const char beside[] = "evenhand/link/v1";

static size_t plain_write(const eh_link *link, uint8_t *plain)
{
    uint32_t expires = (uint32_t)link->expires_s;
    plain[0] = VERSION;
    plain[1] = (uint8_t)link->purpose;
    for (int i = 0; i < 4; i++)
        plain[2 + i] = (uint8_t)(expires >> (24 - 8 * i));
    plain[6] = (uint8_t)link->person.len;
    plain[7] = (uint8_t)link->subject.len;
    if (link->person.len > 0)
        memcpy(plain + HEAD_BYTES, link->person.ptr, link->person.len);
    if (link->subject.len > 0)
        memcpy(plain + HEAD_BYTES + link->person.len, link->subject.ptr, link->subject.len);
    return HEAD_BYTES + link->person.len + link->subject.len;
}

eh_code eh_link_append(const eh_secret *key, const eh_link *link, const eh_entropy *entropy, eh_buffer *out, eh_error *error)
{
    EH_ASSERT(link->purpose < EH_LINKS_COUNT);
    if (link->person.len > EH_LINK_KEY_BYTES_MAX || link->subject.len > EH_LINK_KEY_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "a key of more than %d bytes cannot stand in a link", EH_LINK_KEY_BYTES_MAX);
    if (link->expires_s < 0 || link->expires_s > UINT32_MAX)
        return eh_fail(error, EH_INPUT, "a link cannot expire at %lld", (long long)link->expires_s);
    uint8_t plain[PLAIN_BYTES_MAX], box[BOX_BYTES_MAX];
    size_t bytes = plain_write(link, plain);
    eh_entropy_fill(entropy, box, EH_NONCE_BYTES);
    eh_seal(key, box, EH_VIEW(beside), (eh_view){(const char *)plain, bytes}, box + EH_NONCE_BYTES);
    eh_base64url_append(out, (eh_view){(const char *)box, EH_NONCE_BYTES + bytes + EH_SEAL_EXTRA_BYTES});
    eh_wipe(plain, sizeof plain);
    return eh_buffer_check(out, error);
}

static eh_code plain_read(const uint8_t *plain, size_t bytes, eh_arena *arena, eh_link *link_out, eh_error *error)
{
    if (bytes < HEAD_BYTES || plain[0] != VERSION || plain[1] >= EH_LINKS_COUNT || bytes != (size_t)HEAD_BYTES + plain[6] + plain[7])
        return eh_fail(error, EH_DENIED, "this link is not one of ours");
    uint32_t expires = 0;
    for (int i = 0; i < 4; i++)
        expires = expires << 8 | plain[2 + i];
    const char *person = eh_arena_copy(arena, (eh_view){(const char *)plain + HEAD_BYTES, plain[6]});
    const char *subject = eh_arena_copy(arena, (eh_view){(const char *)plain + HEAD_BYTES + plain[6], plain[7]});
    if (person == NULL || subject == NULL)
        return eh_fail_memory(error);
    *link_out = (eh_link){.purpose = plain[1], .expires_s = expires, .person = {person, plain[6]}, .subject = {subject, plain[7]}};
    return EH_OK;
}

eh_code eh_link_read(const eh_secret *key, eh_view token, int64_t now_s, eh_arena *arena, eh_link *link_out, eh_error *error)
{
    uint8_t box[BOX_BYTES_MAX], plain[PLAIN_BYTES_MAX];
    size_t bytes = 0;
    if (token.len > EH_LINK_TOKEN_BYTES_MAX || !eh_base64url_read(token, sizeof box, box, &bytes) || bytes < EH_NONCE_BYTES + EH_SEAL_EXTRA_BYTES + HEAD_BYTES)
        return eh_fail(error, EH_DENIED, "this link is not one of ours");
    eh_view sealed = {(const char *)box + EH_NONCE_BYTES, bytes - EH_NONCE_BYTES};
    if (!eh_unseal(key, box, EH_VIEW(beside), sealed, plain))
        return eh_fail(error, EH_DENIED, "this link is not one of ours");
    eh_link link;
    eh_code code = plain_read(plain, sealed.len - EH_SEAL_EXTRA_BYTES, arena, &link, error);
    eh_wipe(plain, sizeof plain);
    EH_TRY(code);
    *link_out = link;
    return link.expires_s <= now_s ? eh_fail(error, EH_NOT_FOUND, "this link has expired") : EH_OK;
}

/* ---- the key -------------------------------------------------------------------------------------------------------------------- */

static void descriptor_close(const int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

static eh_code key_make(int descriptor, const char *path, eh_secret *key_out, eh_error *error)
{
    eh_secret key;
    eh_entropy_fill(NULL, key.bytes, EH_SECRET_BYTES);
    if (write(descriptor, key.bytes, EH_SECRET_BYTES) != EH_SECRET_BYTES || fsync(descriptor) != 0) {
        int reason = errno;
        (void)unlink(path);
        return eh_fail(error, EH_IO, "%s: cannot write: %s", path, strerror(reason));
    }
    *key_out = key;
    eh_secret_wipe(&key);
    return EH_OK;
}

eh_code eh_link_key_open(const char *state_folder, eh_secret *key_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer folder = {0}, path = {0};
    eh_buffer_format(&folder, "%s/keys", state_folder);
    eh_buffer_format(&path, "%s/keys/links.key", state_folder);
    EH_TRY(eh_buffer_check(&folder, error));
    EH_TRY(eh_buffer_check(&path, error));
    (void)mkdir(state_folder, 0700);
    (void)mkdir(folder.ptr, 0700);
    EH_CLEANUP(descriptor_close) int made = open(path.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (made >= 0)
        return key_make(made, path.ptr, key_out, error);
    EH_CLEANUP(descriptor_close) int kept = open(path.ptr, O_RDONLY | O_CLOEXEC);
    if (kept < 0)
        return eh_fail(error, errno == EACCES ? EH_DENIED : EH_IO, "%s: cannot read: %s", path.ptr, strerror(errno));
    eh_secret key;
    if (read(kept, key.bytes, EH_SECRET_BYTES) != EH_SECRET_BYTES)
        return eh_fail(error, EH_CORRUPT, "%s is not the key that it was; restore it from a backup, or remove it (links that were sent will then not open)",
                       path.ptr);
    *key_out = key;
    eh_secret_wipe(&key);
    return EH_OK;
}
