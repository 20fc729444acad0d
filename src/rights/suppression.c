/*
 * Who was erased and must stay forgotten: keyed hashes of their identifiers, in memory. Asked only about people who are not known, so a lock is
 * cheap enough. Open addressing; the hashes are uniform already.
 */
#include <stdlib.h>
#include <string.h>

#include "rights/records_int.h"

enum { PLACES_FIRST = 256 };

typedef struct {
    uint8_t bytes[16];
    uint8_t state; /* 0 free, 1 taken, 2 was taken */
} place;

struct eh_suppressed {
    pthread_rwlock_t lock;
    place *places;
    size_t count, used, taken; /* used: taken or was taken */
};

static size_t place_find(const place *places, size_t count, const uint8_t hash[16])
{
    uint64_t start = 0;
    memcpy(&start, hash, sizeof start);
    size_t i = (size_t)start & (count - 1);
    while (places[i].state != 0 && !(places[i].state == 1 && memcmp(places[i].bytes, hash, 16) == 0))
        i = (i + 1) & (count - 1);
    return i;
}

eh_code eh_suppressed_open(eh_suppressed **suppressed_out, eh_error *error)
{
    eh_suppressed *suppressed = calloc(1, sizeof *suppressed);
    place *places = calloc(PLACES_FIRST, sizeof *places);
    if (suppressed == NULL || places == NULL || pthread_rwlock_init(&suppressed->lock, NULL) != 0) {
        free(suppressed);
        free(places);
        return eh_fail_memory(error);
    }
    suppressed->places = places;
    suppressed->count = PLACES_FIRST;
    *suppressed_out = suppressed;
    return EH_OK;
}

void eh_suppressed_close(eh_suppressed **suppressed)
{
    if (*suppressed == NULL)
        return;
    pthread_rwlock_destroy(&(*suppressed)->lock);
    free((*suppressed)->places);
    free(*suppressed);
    *suppressed = NULL;
}

static eh_code grow(eh_suppressed *suppressed, eh_error *error)
{
    place *larger = calloc(suppressed->count * 2, sizeof *larger);
    if (larger == NULL)
        return eh_fail_memory(error);
    size_t used = 0;
    for (size_t i = 0; i < suppressed->count; i++) {
        if (suppressed->places[i].state != 1)
            continue;
        larger[place_find(larger, suppressed->count * 2, suppressed->places[i].bytes)] = suppressed->places[i];
        used++;
    }
    free(suppressed->places);
    suppressed->places = larger;
    suppressed->count *= 2;
    suppressed->used = used;
    return EH_OK;
}

eh_code eh_suppressed_set(eh_suppressed *suppressed, const uint8_t hash[16], bool on, eh_error *error)
{
    eh_code code = EH_OK;
    pthread_rwlock_wrlock(&suppressed->lock);
    if (on && (suppressed->used + 1) * 2 > suppressed->count)
        code = grow(suppressed, error);
    if (code == EH_OK) {
        place *at = &suppressed->places[place_find(suppressed->places, suppressed->count, hash)];
        if (on && at->state == 0) {
            memcpy(at->bytes, hash, 16);
            at->state = 1;
            suppressed->used++;
            suppressed->taken++;
        } else if (!on && at->state == 1) {
            at->state = 2;
            suppressed->taken--;
        }
    }
    pthread_rwlock_unlock(&suppressed->lock);
    return code;
}

size_t eh_suppressed_count(const eh_suppressed *suppressed)
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)(uintptr_t)&suppressed->lock;
    pthread_rwlock_rdlock(lock);
    size_t count = suppressed->taken;
    pthread_rwlock_unlock(lock);
    return count;
}

bool eh_suppressed_has(const eh_suppressed *suppressed, const uint8_t hash[16])
{
    pthread_rwlock_t *lock = (pthread_rwlock_t *)(uintptr_t)&suppressed->lock;
    pthread_rwlock_rdlock(lock);
    bool found = suppressed->places[place_find(suppressed->places, suppressed->count, hash)].state == 1;
    pthread_rwlock_unlock(lock);
    return found;
}

void eh_suppression_hash(const eh_rights_keys *keys, const char *kind, eh_view value, uint8_t hash_out[EH_HASH_BYTES])
{
    char small[EH_RIGHTS_KEY_BYTES_MAX + 16];
    bool email = strcmp(kind, "email") == 0;
    int used = snprintf(small, sizeof small, "%s:", kind);
    EH_ASSERT(value.len <= EH_RIGHTS_KEY_BYTES_MAX);
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        small[(size_t)used + i] = email && c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    eh_digest hash = eh_hmac_sha256((eh_view){(const char *)keys->suppression.bytes, sizeof keys->suppression.bytes},
                                    (eh_view){small, (size_t)used + value.len});
    memcpy(hash_out, hash.bytes, EH_HASH_BYTES);
}
