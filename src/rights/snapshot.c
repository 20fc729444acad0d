/*
 * The states of all people in one file, `.evenhand/rights.snapshot`, so that opening need not read again what everybody has ever said.
 *
 * The acts in the database are the record; the snapshot only remembers what follows from them up to some act. It is made by a process that has checked the
 * seal of every act behind it (or has begun from a snapshot that was made so) and carries MACs under a key that is neither in it nor in the database.
 * Opening believes it when all of this holds, and else reads the acts as if there were none:
 *
 *   - every MAC is right: no byte is another one, no part is of another snapshot or in another place;
 *   - the database names it: its number was written there in a transaction that saw all the acts it covers, so a database that was put back to an older day
 *     names another one or none;
 *   - it was folded by the same rule (version, signal_keeps_ai).
 *
 * The acts after it are then read from the database and their seals are checked against the acts before them. So an answer never rests on an act that was
 * changed by other means. That an act which the snapshot covers was changed since is found when its person is read, and by `evenhand store check`.
 *
 * Layout, numbers little-endian: a head (magic, version, rule, number, last act and so on, people, names, MAC), then parts of up to 4,096 people (number,
 * place, people, bytes; the people; MAC). It names nobody: people stand under keyed hashes. Who is erased takes it off the disk.
 */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rights/records_int.h"

enum {
    VERSION = 1, /* also of the rule in fold.c: what it makes of the same acts */
    PART_PEOPLE = 4096,
    MAC_BYTES = 16,
    WORD_BYTES = 8,
    HEAD_WORDS = 9,
    HEAD_BYTES = HEAD_WORDS * WORD_BYTES,
    PART_WORDS = 4,
    PART_BYTES = PART_WORDS * WORD_BYTES,
    AFTER_USUAL = 16384, /* acts and people that are read in some 40 ms */
    SIGNAL_KEEPS_AI = 1
};
static const char magic[WORD_BYTES] = {'e', 'h', 'r', 'i', 'g', 'h', 't', 's'};
static const char name_of_file[] = "rights.snapshot", name_of_draft[] = "rights.snapshot.new";
static const char number_get[] = "SELECT value FROM rights_counter WHERE name = 'snapshot'";
static const char number_put[] = "INSERT INTO rights_counter (name, value) VALUES ('snapshot', $1) ON CONFLICT (name) DO UPDATE SET value = $1";

typedef struct {
    uint64_t version, number;
    int64_t last_person, last_act, last_alias, last_move;
    uint64_t people, names;
} head;

static void word_append(eh_buffer *out, uint64_t value)
{
    uint64_t little = htole64(value);
    eh_buffer_append(out, (eh_view){(const char *)&little, sizeof little});
}

static uint64_t word_at(const char *bytes, size_t place)
{
    uint64_t little = 0;
    memcpy(&little, bytes + place * WORD_BYTES, sizeof little);
    return le64toh(little);
}

static uint64_t version_of(const eh_rights *rights)
{
    return VERSION | (rights->signal_keeps_ai ? (uint64_t)SIGNAL_KEEPS_AI << 32 : 0);
}

static eh_code path_make(const eh_rights *rights, const char *name, eh_buffer *path_out, eh_error *error)
{
    eh_buffer_format(path_out, "%s/%s", rights->state_folder, name);
    return eh_buffer_check(path_out, error);
}

static void mac_append(const eh_rights *rights, eh_buffer *out)
{
    eh_digest mac = eh_hmac_with(&rights->keys.snapshot, eh_buffer_view(out));
    eh_buffer_append(out, (eh_view){(const char *)mac.bytes, MAC_BYTES});
}

/* The last MAC_BYTES of `bytes` belong to those before. */
static bool mac_holds(const eh_rights *rights, eh_view bytes)
{
    eh_digest mac = eh_hmac_with(&rights->keys.snapshot, (eh_view){bytes.ptr, bytes.len - MAC_BYTES});
    return eh_same_bytes(mac.bytes, bytes.ptr + bytes.len - MAC_BYTES, MAC_BYTES);
}

/* ---- writing -------------------------------------------------------------------------------------------------------------------------- */

static eh_code bytes_write(int file, const eh_buffer *bytes, eh_error *error)
{
    EH_TRY(eh_buffer_check(bytes, error));
    for (size_t done = 0; done < bytes->len;) {
        ssize_t step = write(file, bytes->ptr + done, bytes->len - done);
        if (step < 0 && errno == EINTR)
            continue;
        if (step <= 0)
            return eh_fail(error, EH_IO, "%s cannot be written: %s", name_of_draft, strerror(step < 0 ? errno : ENOSPC));
        done += (size_t)step;
    }
    return EH_OK;
}

static eh_code head_write(const eh_rights *rights, const head *own, int file, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    const uint64_t words[HEAD_WORDS - 1] = {own->version, own->number, (uint64_t)own->last_person, (uint64_t)own->last_act, (uint64_t)own->last_alias,
                                            (uint64_t)own->last_move, own->people, own->names};
    eh_buffer_append(&out, (eh_view){magic, sizeof magic});
    for (size_t i = 0; i < HEAD_WORDS - 1; i++)
        word_append(&out, words[i]);
    mac_append(rights, &out);
    return bytes_write(file, &out, error);
}

/* People in the order of their numbers; `from` moves on to the first that is not in the part. */
static void part_fill(const eh_rights *rights, int64_t *from, uint64_t *people_out, eh_buffer *out)
{
    uint64_t people = 0;
    for (; *from <= rights->last_person && people < PART_PEOPLE; ++*from) {
        if (rights->numbers[*from] == 0)
            continue;
        word_append(out, (uint64_t)*from);
        eh_index_person_write(rights->index, rights->numbers[*from] - 1, out);
        people++;
    }
    *people_out = people;
}

static eh_code parts_write(const eh_rights *rights, uint64_t number, int file, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer people = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
    uint64_t place = 0, count = 0;
    for (int64_t from = 1; from <= rights->last_person; place++) {
        eh_buffer_clear(&people);
        eh_buffer_clear(&out);
        part_fill(rights, &from, &count, &people);
        if (count == 0)
            break;
        const uint64_t words[PART_WORDS] = {number, place, count, people.len};
        for (size_t i = 0; i < PART_WORDS; i++)
            word_append(&out, words[i]);
        eh_buffer_append(&out, eh_buffer_view(&people));
        EH_TRY(eh_buffer_check(&people, error));
        mac_append(rights, &out);
        EH_TRY(bytes_write(file, &out, error));
    }
    return EH_OK;
}

static eh_code file_write(const eh_rights *rights, const char *draft, uint64_t number, eh_error *error)
{
    head own = {.version = version_of(rights), .number = number, .last_person = rights->last_person, .last_act = rights->last_act,
                .last_alias = rights->last_alias, .last_move = rights->last_move, .people = eh_rights_index_count(rights->index),
                .names = eh_index_names_count(rights->index)};
    int file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return eh_fail(error, EH_IO, "%s: cannot be made: %s", draft, strerror(errno));
    eh_code code = head_write(rights, &own, file, error);
    if (code == EH_OK)
        code = parts_write(rights, number, file, error);
    if (code == EH_OK && fsync(file) != 0)
        code = eh_fail(error, EH_IO, "%s: cannot be synced: %s", draft, strerror(errno));
    if (close(file) != 0 && code == EH_OK)
        code = eh_fail(error, EH_IO, "%s: cannot be closed: %s", draft, strerror(errno));
    return code;
}

/* Under the file's write lock: what is in memory is what the database holds, and no second snapshot is being written. */
eh_code eh_snapshot_write(eh_rights *rights, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer draft = {0};
    EH_CLEANUP(eh_statement_close) eh_statement *put = NULL;
    uint64_t number = 0;
    EH_TRY(path_make(rights, name_of_file, &path, error));
    EH_TRY(path_make(rights, name_of_draft, &draft, error));
    EH_TRY(eh_rights_refresh(rights, error));
    eh_entropy_fill(NULL, &number, sizeof number);
    number &= INT64_MAX;
    EH_TRY(eh_store_prepare(rights->store, number_put, &put, error));
    eh_bind_integer(put, 1, (int64_t)number);
    EH_TRY(eh_statement_run(put, error));
    eh_code code = file_write(rights, draft.ptr, number, error);
    if (code == EH_OK && rename(draft.ptr, path.ptr) != 0)
        code = eh_fail(error, EH_IO, "%s: cannot be put in place: %s", path.ptr, strerror(errno));
    if (code != EH_OK)
        (void)unlink(draft.ptr);
    return code;
}

void eh_snapshot_keep(eh_rights *rights)
{
    eh_error error; /* without a snapshot opening takes longer, and that is all */
    uint64_t after = rights->snapshot_after != 0 ? rights->snapshot_after : AFTER_USUAL;
    bool stale = rights->snapshot == EH_SNAPSHOT_OTHER || rights->snapshot == EH_SNAPSHOT_DAMAGED;
    if (!rights->loaded || rights->opening != EH_OPENING_USUAL || atomic_load_explicit(&rights->broken, memory_order_acquire) != 0)
        return;
    if (rights->fresh_count < after) {
        if (stale && eh_snapshot_drop(rights, &error) == EH_OK) /* too little to need one */
            rights->snapshot = EH_SNAPSHOT_NONE;
        return;
    }
    if (eh_store_begin(rights->store, &error) != EH_OK)
        return;
    eh_code code = eh_snapshot_write(rights, &error);
    if (code == EH_OK)
        code = eh_store_commit(rights->store, &error);
    if (code != EH_OK) {
        eh_store_rollback(rights->store);
        return;
    }
    rights->fresh_count = 0;
    rights->snapshot = EH_SNAPSHOT_READ;
}

eh_code eh_snapshot_drop(eh_rights *rights, eh_error *error)
{
    static const char *const names[] = {name_of_file, name_of_draft};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
        EH_TRY(path_make(rights, names[i], &path, error));
        if (unlink(path.ptr) != 0 && errno != ENOENT)
            return eh_fail(error, EH_IO, "%s: cannot be removed: %s", path.ptr, strerror(errno));
    }
    if (rights->index != NULL)
        rights->fresh_count += eh_rights_index_count(rights->index); /* all are to be written again */
    return EH_OK;
}

/* ---- reading ---------------------------------------------------------------------------------------------------------------------------- */

/* Into memory of our own: nobody can change it after its MACs were looked at. */
static bool file_read(int file, eh_region *region_out)
{
    eh_error error;
    struct stat facts;
    if (fstat(file, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size < HEAD_BYTES + MAC_BYTES || eh_region_make((size_t)facts.st_size, region_out, &error) != EH_OK)
        return false;
    for (size_t done = 0; done < region_out->count;) {
        ssize_t step = read(file, region_out->bytes + done, region_out->count - done);
        if (step < 0 && errno == EINTR)
            continue;
        if (step <= 0)
            return false;
        done += (size_t)step;
    }
    return true;
}

static bool head_read(const eh_rights *rights, const eh_region *from, head *own)
{
    const char *bytes = from->bytes;
    if (memcmp(bytes, magic, sizeof magic) != 0 || !mac_holds(rights, (eh_view){bytes, HEAD_BYTES + MAC_BYTES}))
        return false;
    *own = (head){.version = word_at(bytes, 1), .number = word_at(bytes, 2), .last_person = (int64_t)word_at(bytes, 3), .last_act = (int64_t)word_at(bytes, 4),
                  .last_alias = (int64_t)word_at(bytes, 5), .last_move = (int64_t)word_at(bytes, 6), .people = word_at(bytes, 7), .names = word_at(bytes, 8)};
    return own->last_person > 0 && own->last_person <= INT32_MAX && own->names <= EH_RIGHTS_PEOPLE_MAX && own->people <= own->names;
}

/* The part at the beginning of *rest, with its head and its MAC; *rest goes on after it. False when none of that size can be there. */
static bool part_next(eh_view *rest, eh_view *part_out)
{
    if (rest->len < PART_BYTES + MAC_BYTES || word_at(rest->ptr, 3) > rest->len - PART_BYTES - MAC_BYTES)
        return false;
    size_t count = PART_BYTES + (size_t)word_at(rest->ptr, 3) + MAC_BYTES;
    *part_out = (eh_view){rest->ptr, count};
    *rest = (eh_view){rest->ptr + count, rest->len - count};
    return true;
}

typedef struct {
    const eh_rights *rights;
    eh_view rest;
    bool holds;
} checking;

/* A thread of its own, as hashing takes as long as all the rest. */
static void *parts_check(void *argument)
{
    checking *own = argument;
    eh_view part;
    own->holds = true;
    while (own->holds && own->rest.len > 0)
        own->holds = part_next(&own->rest, &part) && mac_holds(own->rights, part);
    return NULL;
}

/* One part into the index; its MAC is being looked at meanwhile, so everything in it may be anything. */
static bool part_read(eh_rights *rights, const head *own, eh_view part, uint64_t place)
{
    eh_error error;
    uint64_t people = word_at(part.ptr, 2);
    eh_view bytes = {part.ptr + PART_BYTES, part.len - PART_BYTES - MAC_BYTES};
    if (word_at(part.ptr, 0) != own->number || word_at(part.ptr, 1) != place || people == 0 || people > PART_PEOPLE)
        return false;
    for (uint64_t i = 0; i < people; i++) {
        uint32_t number = 0;
        if (bytes.len < WORD_BYTES)
            return false;
        int64_t person = (int64_t)word_at(bytes.ptr, 0);
        bytes = (eh_view){bytes.ptr + WORD_BYTES, bytes.len - WORD_BYTES};
        if (person <= 0 || person > own->last_person || eh_index_person_read(rights->index, &bytes, &number, &error) != EH_OK)
            return false;
        rights->numbers[person] = number + 1;
    }
    return bytes.len == 0;
}

static bool parts_read(eh_rights *rights, const head *own, eh_view rest)
{
    eh_error error;
    eh_view part;
    for (uint64_t place = 0; rest.len > 0; place++)
        if (!part_next(&rest, &part) || !part_read(rights, own, part, place))
            return false;
    return eh_index_read_end(rights->index, &error) == EH_OK && eh_rights_index_count(rights->index) == own->people;
}

static bool all_read(eh_rights *rights, const head *own, eh_region *from)
{
    eh_error error;
    pthread_t thread;
    eh_view rest = {from->bytes + HEAD_BYTES + MAC_BYTES, from->count - HEAD_BYTES - MAC_BYTES};
    checking check = {.rights = rights, .rest = rest};
    if (eh_index_read_begin(rights->index, from, (size_t)own->names, (size_t)own->people, &error) != EH_OK ||
        eh_rights_numbers_reserve(rights, own->last_person, &error) != EH_OK)
        return false;
    bool beside = pthread_create(&thread, NULL, parts_check, &check) == 0;
    if (!beside)
        (void)parts_check(&check);
    bool read = parts_read(rights, own, rest);
    if (beside)
        (void)pthread_join(thread, NULL);
    return read && check.holds;
}

static eh_code number_named(eh_rights *rights, uint64_t *number_out, bool *named_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *get = NULL;
    EH_TRY(eh_store_prepare(rights->store, number_get, &get, error));
    EH_TRY(eh_statement_step(get, named_out, error));
    *number_out = *named_out ? (uint64_t)eh_column_integer(get, 0) : 0;
    return EH_OK;
}

eh_code eh_snapshot_read(eh_rights *rights, eh_snapshot_state *state_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    EH_CLEANUP(eh_region_drop) eh_region from = {0};
    head own;
    uint64_t number = 0;
    bool named = false;
    EH_TRY(path_make(rights, name_of_file, &path, error));
    EH_TRY(number_named(rights, &number, &named, error));
    *state_out = EH_SNAPSHOT_NONE;
    int file = open(path.ptr, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0)
        return EH_OK;
    bool whole = file_read(file, &from) && head_read(rights, &from, &own);
    (void)close(file);
    *state_out = !whole                                                                          ? EH_SNAPSHOT_DAMAGED
                 : !named || number != own.number || own.version != version_of(rights) ? EH_SNAPSHOT_OTHER
                 : all_read(rights, &own, &from)                                                 ? EH_SNAPSHOT_READ
                                                                                                 : EH_SNAPSHOT_DAMAGED;
    if (*state_out != EH_SNAPSHOT_READ)
        return EH_OK;
    rights->last_person = rights->covered_person = own.last_person;
    rights->last_act = own.last_act;
    rights->last_alias = own.last_alias;
    rights->last_move = own.last_move;
    return EH_OK;
}
