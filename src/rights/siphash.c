/* SipHash-2-4-128, from the paper and its reference vectors. It keeps strangers from choosing keys that collide. */
#include <string.h>

#include "rights/rights_int.h"

typedef struct {
    uint64_t v[4];
} sip;

static uint64_t rotate(uint64_t x, unsigned bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(sip *s)
{
    uint64_t *v = s->v;
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static uint64_t little_endian(const char *bytes, size_t count)
{
    uint64_t word = 0;
    for (size_t i = 0; i < count; i++)
        word |= (uint64_t)(uint8_t)bytes[i] << (8 * i);
    return word;
}

static uint64_t sip_finish(sip *s)
{
    for (int i = 0; i < 4; i++)
        sip_round(s);
    return s->v[0] ^ s->v[1] ^ s->v[2] ^ s->v[3];
}

eh_hash128 eh_siphash(const uint8_t key[16], eh_view text)
{
    uint64_t k0 = 0, k1 = 0;
    memcpy(&k0, key, 8);
    memcpy(&k1, key + 8, 8);
    sip s = {{k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d) ^ 0xee, k0 ^ UINT64_C(0x6c7967656e657261),
              k1 ^ UINT64_C(0x7465646279746573)}};
    size_t whole = text.len / 8 * 8;
    for (size_t i = 0; i <= whole; i += 8) {
        uint64_t word = i < whole ? little_endian(text.ptr + i, 8)
                                  : (text.len > whole ? little_endian(text.ptr + whole, text.len - whole) : 0) | (uint64_t)text.len << 56;
        s.v[3] ^= word;
        sip_round(&s);
        sip_round(&s);
        s.v[0] ^= word;
    }
    s.v[2] ^= 0xee;
    eh_hash128 hash = {.low = sip_finish(&s)};
    s.v[1] ^= 0xdd;
    hash.high = sip_finish(&s);
    return hash;
}
