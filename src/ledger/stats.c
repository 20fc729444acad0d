/* How large the ledger is and who signs it. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ledger/ledger_int.h"

enum { DEPTH_MAX = 12 };

/* Bytes of all files below a folder; without recursion: one open listing per level. */
static uint64_t folder_bytes(int above, const char *name)
{
    DIR *levels[DEPTH_MAX];
    size_t depth = 0;
    uint64_t bytes = 0;
    int folder = openat(above, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0 || (levels[depth] = fdopendir(folder)) == NULL) {
        if (folder >= 0)
            close(folder);
        return 0;
    }
    depth = 1;
    while (depth > 0) {
        struct dirent *found = readdir(levels[depth - 1]);
        struct stat facts;
        if (found == NULL) {
            closedir(levels[--depth]);
            continue;
        }
        if (strcmp(found->d_name, ".") == 0 || strcmp(found->d_name, "..") == 0 ||
            fstatat(dirfd(levels[depth - 1]), found->d_name, &facts, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        if (S_ISREG(facts.st_mode))
            bytes += (uint64_t)facts.st_size;
        if (!S_ISDIR(facts.st_mode) || depth == DEPTH_MAX)
            continue;
        int below = openat(dirfd(levels[depth - 1]), found->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (below >= 0 && (levels[depth] = fdopendir(below)) != NULL)
            depth++;
        else if (below >= 0)
            close(below);
    }
    return bytes;
}

static uint64_t file_bytes(int folder, const char *name)
{
    struct stat facts;
    return fstatat(folder, name, &facts, 0) == 0 ? (uint64_t)facts.st_size : 0;
}

static eh_code keys_tell(const eh_published *published, const eh_verifiers *keys, eh_ledger_stats *stats, eh_error *error)
{
    eh_note_trust trust;
    EH_TRY(eh_note_verify(&published->note, keys, &trust, error));
    for (size_t i = 0; i < keys->count; i++)
        if (trust.by[i] && keys->keys[i].type == EH_KEY_ED25519 && stats->keys_count < sizeof stats->key_ids / sizeof stats->key_ids[0])
            eh_hex(keys->keys[i].id, 4, stats->key_ids[stats->keys_count++]);
    return EH_OK;
}

static eh_code counts_read(const eh_folders *folders, eh_ledger_stats *stats, eh_error *error)
{
    EH_CLEANUP(eh_persons_close) eh_persons *people = NULL;
    EH_CLEANUP(eh_openings_close) eh_openings *openings = NULL;
    EH_TRY(eh_openings_open(folders, EH_STORE_READ, &openings, error));
    EH_TRY(eh_openings_count(openings, &stats->openings_count, error));
    eh_code code = folders->keys < 0 ? EH_NOT_FOUND : eh_persons_open(folders, EH_STORE_READ, &people, error);
    if (code == EH_NOT_FOUND)
        return EH_OK;
    EH_TRY(code);
    return eh_persons_counts(people, &stats->people_count, &stats->erased_people_count, error);
}

static eh_code stats_fill(const eh_folders *folders, eh_ledger_stats *stats, eh_error *error)
{
    EH_CLEANUP(eh_published_dispose) eh_published published = {0};
    eh_verifiers keys = {0};
    uint64_t bases[16];
    size_t count = 0;
    EH_TRY(eh_published_read(folders, &published, error));
    stats->size = stats->published_size = published.checkpoint.size;
    memcpy(stats->name, published.checkpoint.origin.ptr,
           published.checkpoint.origin.len < sizeof stats->name ? published.checkpoint.origin.len : sizeof stats->name - 1);
    EH_TRY(eh_vkeys_read(folders, &keys, error));
    EH_TRY(keys_tell(&published, &keys, stats, error));
    EH_TRY(eh_wal_segments(folders->wal, false, bases, &count, error));
    EH_CLEANUP(eh_wal_segment_dispose) eh_wal_segment last = {0};
    char name[24];
    eh_wal_segment_name(bases[count - 1], name);
    EH_TRY(eh_wal_segment_read(folders->wal, name, &last, error));
    if (last.last.size > stats->size)
        stats->size = last.last.size;
    stats->entries_bytes = folder_bytes(folders->public, "tile/entries");
    stats->tiles_bytes = folder_bytes(folders->public, "tile") - stats->entries_bytes;
    stats->wal_bytes = folder_bytes(folders->wal, ".");
    stats->openings_bytes = file_bytes(folders->log, "openings.db") + file_bytes(folders->log, "openings.db-wal");
    return counts_read(folders, stats, error);
}

eh_code eh_ledger_stats_read(const char *folder, eh_ledger_stats *stats_out, eh_error *error)
{
    eh_ledger_stats stats = {0};
    eh_folders folders;
    EH_TRY(eh_folders_open(folder, &folders, error));
    eh_code code = stats_fill(&folders, &stats, error);
    eh_folders_close(&folders);
    if (code == EH_OK)
        *stats_out = stats;
    return code;
}
