/* Packs: many files in one database, in pieces. */
#include "store/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secrets.h"

enum { PIECE_BYTES = 1 << 20, NAME_BYTES_MAX = 1024 };

static const char *const steps[] = {
    "CREATE TABLE file (name TEXT PRIMARY KEY, sha256 BYTEA NOT NULL, bytes BIGINT NOT NULL);"
    "CREATE TABLE piece (name TEXT NOT NULL, number BIGINT NOT NULL, bytes BYTEA NOT NULL, PRIMARY KEY (name, number))",
};

struct eh_pack {
    eh_store *store;
    char *path, *partial; /* partial NULL: opened to read */
    char name[NAME_BYTES_MAX + 1];
};

static void partial_remove(const eh_pack *pack)
{
    static const char *const ends[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char *name = NULL;
        if (asprintf(&name, "%s%s", pack->partial, ends[i]) < 0)
            continue;
        unlink(name);
        free(name);
    }
}

void eh_pack_close(eh_pack **pack)
{
    eh_pack *open = *pack;
    if (open == NULL)
        return;
    eh_store_close(&open->store);
    if (open->partial != NULL)
        partial_remove(open);
    free(open->partial);
    free(open->path);
    free(open);
    *pack = NULL;
}

eh_code eh_pack_make(const char *path, eh_pack **pack_out, eh_error *error)
{
    EH_CLEANUP(eh_pack_close) eh_pack *pack = calloc(1, sizeof *pack);
    if (access(path, F_OK) == 0)
        return eh_fail(error, EH_CONFLICT, "%s: is there already; choose another name", path);
    if (pack == NULL || (pack->path = strdup(path)) == NULL || asprintf(&pack->partial, "%s.making-%jd", path, (intmax_t)getpid()) < 0)
        return eh_fail_memory(error);
    EH_TRY(eh_store_open(pack->partial, &(eh_store_options){.mode = EH_STORE_CREATE}, &pack->store, error));
    EH_TRY(eh_store_migrate(pack->store, "pack", steps, 1, error));
    EH_TRY(eh_store_begin(pack->store, error));
    *pack_out = pack;
    pack = NULL;
    return EH_OK;
}

static eh_code piece_add(eh_pack *pack, const char *name, int64_t number, eh_view bytes, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    EH_TRY(eh_store_prepare(pack->store, "INSERT INTO piece (name, number, bytes) VALUES ($1, $2, $3)", &insert, error));
    eh_bind_text(insert, 1, eh_view_of(name));
    eh_bind_integer(insert, 2, number);
    eh_bind_bytes(insert, 3, bytes);
    return eh_statement_run(insert, error);
}

static eh_code file_note(eh_pack *pack, const char *name, const eh_digest *digest, uint64_t bytes, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *insert = NULL;
    EH_TRY(eh_store_prepare(pack->store, "INSERT INTO file (name, sha256, bytes) VALUES ($1, $2, $3)", &insert, error));
    eh_bind_text(insert, 1, eh_view_of(name));
    eh_bind_bytes(insert, 2, (eh_view){(const char *)digest->bytes, sizeof digest->bytes});
    eh_bind_integer(insert, 3, (int64_t)bytes);
    return eh_statement_run(insert, error);
}

eh_code eh_pack_add(eh_pack *pack, const char *name, eh_view bytes, eh_error *error)
{
    EH_ASSERT(strlen(name) <= NAME_BYTES_MAX);
    int64_t number = 0;
    for (size_t at = 0; at < bytes.len; at += PIECE_BYTES, number++) {
        size_t len = bytes.len - at < PIECE_BYTES ? bytes.len - at : PIECE_BYTES;
        EH_TRY(piece_add(pack, name, number, (eh_view){bytes.ptr + at, len}, error));
    }
    eh_digest digest = eh_sha256_of(bytes);
    return file_note(pack, name, &digest, bytes.len, error);
}

static eh_code file_copy(eh_pack *pack, const char *name, const char *path, int descriptor, char *piece, eh_error *error)
{
    eh_sha256 hash;
    eh_digest digest;
    uint64_t total = 0;
    eh_sha256_begin(&hash);
    for (int64_t number = 0;; number++) {
        size_t len = 0;
        ssize_t step = 0;
        do {
            step = read(descriptor, piece + len, PIECE_BYTES - len);
            len += step > 0 ? (size_t)step : 0;
        } while ((step > 0 && len < PIECE_BYTES) || (step < 0 && errno == EINTR));
        if (step < 0)
            return eh_fail(error, EH_IO, "%s: cannot be read: %s", path, strerror(errno));
        if (len == 0)
            break;
        eh_sha256_add(&hash, piece, len);
        total += len;
        EH_TRY(piece_add(pack, name, number, (eh_view){piece, len}, error));
    }
    eh_sha256_end(&hash, &digest);
    return file_note(pack, name, &digest, total, error);
}

eh_code eh_pack_add_file(eh_pack *pack, const char *name, const char *path, eh_error *error)
{
    EH_ASSERT(strlen(name) <= NAME_BYTES_MAX);
    char *piece = malloc(PIECE_BYTES);
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    eh_code code = piece == NULL ? eh_fail_memory(error) : EH_OK;
    if (descriptor < 0)
        code = eh_fail(error, errno == ENOENT ? EH_NOT_FOUND : EH_IO, "%s: cannot be read: %s", path, strerror(errno));
    if (code == EH_OK)
        code = file_copy(pack, name, path, descriptor, piece, error);
    if (descriptor >= 0)
        close(descriptor);
    free(piece);
    return code;
}

eh_code eh_pack_finish(eh_pack *pack, eh_error *error)
{
    EH_TRY(eh_store_commit(pack->store, error));
    return eh_store_backup(pack->store, pack->path, error); /* one plain file, synced, in one step */
}

/* ---- reading ----------------------------------------------------------------------------------------------------------------- */

eh_code eh_pack_open(const char *path, eh_pack **pack_out, eh_error *error)
{
    EH_CLEANUP(eh_pack_close) eh_pack *pack = calloc(1, sizeof *pack);
    uint32_t version = 0;
    if (pack == NULL || (pack->path = strdup(path)) == NULL)
        return eh_fail_memory(error);
    eh_code code = eh_store_open(path, &(eh_store_options){.mode = EH_STORE_READ}, &pack->store, error);
    if (code == EH_OK)
        code = eh_store_version(pack->store, "pack", &version, error);
    if (code == EH_CORRUPT || (code == EH_OK && version == 0))
        return eh_fail(error, EH_INPUT, "%s: is no backup of Evenhand, or a damaged one", path);
    EH_TRY(code);
    if (version > 1)
        return eh_fail(error, EH_CONFLICT, "%s: was made by a newer Evenhand", path);
    *pack_out = pack;
    pack = NULL;
    return EH_OK;
}

eh_code eh_pack_next(eh_pack *pack, const char *name, const char **name_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row = false;
    EH_TRY(eh_store_prepare(pack->store, "SELECT name FROM file WHERE name > $1 ORDER BY name LIMIT 1", &find, error));
    eh_bind_text(find, 1, eh_view_of(name));
    EH_TRY(eh_statement_step(find, &row, error));
    *name_out = NULL;
    if (!row)
        return EH_OK;
    eh_view found = eh_column_text(find, 0);
    /* a name is a path below a folder and nothing else */
    if (found.len > NAME_BYTES_MAX || found.len == 0 || found.ptr[0] == '/' || strlen(found.ptr) != found.len || strstr(found.ptr, "..") != NULL)
        return eh_fail(error, EH_CORRUPT, "%s: holds a file whose name is no path below a folder", pack->path);
    char copy[NAME_BYTES_MAX + 1];
    memcpy(copy, found.ptr, found.len + 1);
    memcpy(pack->name, copy, found.len + 1);
    *name_out = pack->name;
    return EH_OK;
}

static eh_code pieces_write(eh_pack *pack, const char *name, const char *path, int descriptor, eh_digest *digest_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *walk = NULL;
    eh_sha256 hash;
    bool row = false;
    eh_sha256_begin(&hash);
    EH_TRY(eh_store_prepare(pack->store, "SELECT bytes FROM piece WHERE name = $1 ORDER BY number", &walk, error));
    eh_bind_text(walk, 1, eh_view_of(name));
    for (;;) {
        EH_TRY(eh_statement_step(walk, &row, error));
        if (!row)
            break;
        eh_view bytes = eh_column_bytes(walk, 0);
        eh_sha256_add(&hash, bytes.ptr, bytes.len);
        while (bytes.len > 0) {
            ssize_t step = write(descriptor, bytes.ptr, bytes.len);
            if (step < 0 && errno == EINTR)
                continue;
            if (step <= 0)
                return eh_fail(error, EH_IO, "%s: cannot be written: %s", path, strerror(step < 0 ? errno : ENOSPC));
            bytes = (eh_view){bytes.ptr + step, bytes.len - (size_t)step};
        }
    }
    eh_sha256_end(&hash, digest_out);
    return fsync(descriptor) == 0 ? EH_OK : eh_fail(error, EH_IO, "%s: cannot be saved: %s", path, strerror(errno));
}

eh_code eh_pack_extract(eh_pack *pack, const char *name, const char *path, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row = false;
    EH_TRY(eh_store_prepare(pack->store, "SELECT sha256 FROM file WHERE name = $1", &find, error));
    eh_bind_text(find, 1, eh_view_of(name));
    EH_TRY(eh_statement_step(find, &row, error));
    if (!row)
        return eh_fail(error, EH_NOT_FOUND, "%s: holds no %s", pack->path, name);
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0)
        return eh_fail(error, errno == EEXIST ? EH_CONFLICT : EH_IO, "%s: cannot be made: %s", path, strerror(errno));
    eh_digest digest;
    eh_code code = pieces_write(pack, name, path, descriptor, &digest, error);
    close(descriptor);
    if (code == EH_OK && !eh_view_equal(eh_column_bytes(find, 0), (eh_view){(const char *)digest.bytes, sizeof digest.bytes}))
        code = eh_fail(error, EH_CORRUPT, "%s: %s in it is damaged; take another backup", pack->path, name);
    if (code != EH_OK)
        unlink(path);
    return code;
}
