/*
 * Is a packed file whole? The engine takes the end of a gzip or zstd file for the end of the data, so a download that broke off would
 * be audited as if it were all. A zstd frame tells the sizes of its blocks; a gzip member (RFC 1952) has to be followed symbol by
 * symbol (RFC 1951), but nothing needs to be kept: only how many bytes would come out is counted and compared with the trailer.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "data/data_int.h"

enum {
    CODE_BITS_MAX = 15,
    TABLE_COUNT = 1 << CODE_BITS_MAX,
    LITERALS_COUNT = 288,
    DISTANCES_COUNT = 32,
    END_OF_BLOCK = 256,
    WINDOW_BYTES = 32768,
    CHUNK_BYTES = 1 << 16,
};

typedef enum { WHOLE, CUT_OFF, DAMAGED, UNREADABLE } verdict;

/* Every table maps the next 15 bits to symbol << 4 | length of its code; 0 belongs to no code. */
typedef struct {
    int descriptor;
    unsigned char bytes[CHUNK_BYTES];
    size_t at, len;
    uint64_t bits;
    uint32_t bits_count;
    uint32_t padding;   /* bits of bits_count that lie beyond the end of the file */
    bool failed;        /* a read failed */
    uint64_t out_bytes; /* of this member */
    uint16_t literals[TABLE_COUNT], distances[TABLE_COUNT];
} gzip_reader;

static int byte_next(gzip_reader *g)
{
    if (g->at == g->len) {
        ssize_t len = read(g->descriptor, g->bytes, sizeof g->bytes);
        g->failed = g->failed || len < 0;
        g->at = 0;
        g->len = len < 0 ? 0 : (size_t)len;
    }
    return g->at == g->len ? -1 : g->bytes[g->at++];
}

/* Beyond the end there are zeros; `padding` tells when they are used. */
static void fill(gzip_reader *g)
{
    while (g->bits_count <= 48) {
        int byte = byte_next(g);
        g->padding += byte < 0 ? 8 : 0;
        g->bits |= (uint64_t)(byte < 0 ? 0 : byte) << g->bits_count;
        g->bits_count += 8;
    }
}

static uint32_t take(gzip_reader *g, uint32_t count)
{
    if (g->bits_count < count)
        fill(g);
    uint32_t value = (uint32_t)(g->bits & ((UINT64_C(1) << count) - 1));
    g->bits >>= count;
    g->bits_count -= count;
    return value;
}

static bool is_past_end(const gzip_reader *g)
{
    return g->bits_count < g->padding;
}

/* -1 for a code that does not exist. */
static int symbol_next(gzip_reader *g, const uint16_t *table)
{
    if (g->bits_count < CODE_BITS_MAX)
        fill(g);
    uint16_t entry = table[g->bits & (TABLE_COUNT - 1)];
    uint32_t length = entry & 15u;
    if (length == 0)
        return -1;
    g->bits >>= length;
    g->bits_count -= length;
    return entry >> 4;
}

/* Canonical codes from their lengths; false when more codes are given than fit. */
static bool table_build(const uint8_t *lengths, size_t count, uint16_t *table)
{
    uint32_t counts[CODE_BITS_MAX + 1] = {0}, codes[CODE_BITS_MAX + 2] = {0};
    memset(table, 0, TABLE_COUNT * sizeof *table);
    for (size_t i = 0; i < count; i++)
        counts[lengths[i]]++;
    counts[0] = 0;
    for (uint32_t bits = 1; bits <= CODE_BITS_MAX; bits++) {
        codes[bits + 1] = (codes[bits] + counts[bits]) << 1;
        if (codes[bits] + counts[bits] > (1u << bits))
            return false;
    }
    for (size_t i = 0; i < count; i++) {
        uint32_t length = lengths[i], reversed = 0;
        if (length == 0)
            continue;
        uint32_t code = codes[length]++;
        for (uint32_t bit = 0; bit < length; bit++)
            reversed |= ((code >> bit) & 1u) << (length - 1 - bit);
        for (uint32_t at = reversed; at < TABLE_COUNT; at += 1u << length)
            table[at] = (uint16_t)(i << 4 | length);
    }
    return true;
}

static bool tables_fixed(gzip_reader *g)
{
    uint8_t lengths[LITERALS_COUNT];
    for (size_t i = 0; i < LITERALS_COUNT; i++)
        lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
    bool built = table_build(lengths, LITERALS_COUNT, g->literals);
    memset(lengths, 5, DISTANCES_COUNT);
    return built && table_build(lengths, DISTANCES_COUNT, g->distances);
}

static bool tables_dynamic(gzip_reader *g)
{
    static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
    /* How a length is repeated: base, extra bits; 16 repeats the last, 17 and 18 repeat 0. */
    static const uint8_t repeats[3][2] = {{3, 2}, {3, 3}, {11, 7}};
    uint8_t lengths[LITERALS_COUNT + DISTANCES_COUNT] = {0}, order_lengths[19] = {0};
    size_t literals_count = take(g, 5) + 257, distances_count = take(g, 5) + 1, order_count = take(g, 4) + 4;
    if (literals_count > LITERALS_COUNT)
        return false;
    for (size_t i = 0; i < order_count; i++)
        order_lengths[order[i]] = (uint8_t)take(g, 3);
    if (!table_build(order_lengths, 19, g->literals))
        return false;
    for (size_t i = 0; i < literals_count + distances_count;) {
        int symbol = symbol_next(g, g->literals);
        if (symbol < 0 || is_past_end(g))
            return false;
        if (symbol < 16) {
            lengths[i++] = (uint8_t)symbol;
            continue;
        }
        size_t count = repeats[symbol - 16][0] + take(g, repeats[symbol - 16][1]);
        if ((symbol == 16 && i == 0) || i + count > literals_count + distances_count)
            return false;
        memset(lengths + i, symbol == 16 ? lengths[i - 1] : 0, count);
        i += count;
    }
    return table_build(lengths, literals_count, g->literals) && table_build(lengths + literals_count, distances_count, g->distances);
}

static bool block_symbols(gzip_reader *g)
{
    static const uint16_t length_bases[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                              31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
    static const uint8_t length_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
    while (!is_past_end(g)) {
        int symbol = symbol_next(g, g->literals);
        if (symbol < 0)
            return false;
        if (symbol < END_OF_BLOCK) {
            g->out_bytes++;
            continue;
        }
        if (symbol == END_OF_BLOCK)
            return !is_past_end(g);
        symbol -= END_OF_BLOCK + 1;
        if (symbol >= 29)
            return false;
        uint32_t length = length_bases[symbol] + take(g, length_bits[symbol]);
        int code = symbol_next(g, g->distances);
        if (code < 0 || code >= 30)
            return false;
        /* Distances 1 to 4 stand for themselves; then two codes for each number of extra bits. */
        uint32_t extra = code < 4 ? 0 : (uint32_t)code / 2 - 1;
        uint32_t distance = (code < 4 ? (uint32_t)code : (2u + ((uint32_t)code & 1u)) << extra) + 1 + take(g, extra);
        if (distance > g->out_bytes || distance > WINDOW_BYTES)
            return false;
        g->out_bytes += length;
    }
    return false;
}

static bool block_stored(gzip_reader *g)
{
    take(g, g->bits_count % 8);
    uint32_t length = take(g, 16), complement = take(g, 16);
    if ((length ^ complement) != 0xFFFF)
        return false;
    for (uint32_t i = 0; i < length && !is_past_end(g); i++)
        take(g, 8);
    g->out_bytes += length;
    return !is_past_end(g);
}

static bool deflate_follow(gzip_reader *g)
{
    for (bool last = false; !last;) {
        last = take(g, 1) == 1;
        uint32_t kind = take(g, 2);
        bool good = kind == 0 ? block_stored(g) : kind == 1 ? tables_fixed(g) && block_symbols(g) : kind == 2 && tables_dynamic(g) && block_symbols(g);
        if (!good || is_past_end(g))
            return false;
    }
    return true;
}

/* Past a text that ends in a zero byte. */
static void text_skip(gzip_reader *g)
{
    while (take(g, 8) != 0 && !is_past_end(g))
        continue;
}

static bool member_follow(gzip_reader *g)
{
    enum { HEADER_CHECK = 2, EXTRA = 4, NAME = 8, COMMENT = 16, DEFLATE = 8 };
    uint32_t magic = take(g, 16), method = take(g, 8), flags = take(g, 8);
    if (magic != 0x8B1F || method != DEFLATE)
        return false;
    take(g, 24), take(g, 24); /* time, level, system */
    uint32_t extra = (flags & EXTRA) != 0 ? take(g, 16) : 0;
    for (uint32_t i = 0; i < extra && !is_past_end(g); i++)
        take(g, 8);
    if ((flags & NAME) != 0)
        text_skip(g);
    if ((flags & COMMENT) != 0)
        text_skip(g);
    if ((flags & HEADER_CHECK) != 0)
        take(g, 16);
    g->out_bytes = 0;
    if (!deflate_follow(g))
        return false;
    take(g, g->bits_count % 8);
    take(g, 16), take(g, 16); /* the checksum needs the bytes, which are not kept */
    uint32_t low = take(g, 16), high = take(g, 16);
    return !is_past_end(g) && (low | high << 16) == (uint32_t)g->out_bytes;
}

static verdict gzip_follow(gzip_reader *g)
{
    for (;;) {
        if (!member_follow(g))
            return g->failed ? UNREADABLE : is_past_end(g) ? CUT_OFF : DAMAGED;
        /* Another member may follow, or zeros that fill a tape block. */
        fill(g);
        while (g->bits_count > g->padding && (g->bits & 0xFF) == 0) {
            take(g, 8);
            fill(g);
        }
        if (g->bits_count <= g->padding)
            return WHOLE;
    }
}

static verdict zstd_follow(int descriptor)
{
    static const uint8_t dictionary_bytes[] = {0, 1, 2, 4}, size_bytes[] = {0, 2, 4, 8};
    off_t size = lseek(descriptor, 0, SEEK_END), at = 0;
    while (at < size) {
        unsigned char head[8] = {0};
        if (pread(descriptor, head, sizeof head, at) < 5)
            return CUT_OFF;
        uint32_t magic = (uint32_t)head[0] | (uint32_t)head[1] << 8 | (uint32_t)head[2] << 16 | (uint32_t)head[3] << 24;
        if ((magic & 0xFFFFFFF0u) == 0x184D2A50u) { /* a frame to be skipped */
            at += 8 + (off_t)((uint32_t)head[4] | (uint32_t)head[5] << 8 | (uint32_t)head[6] << 16 | (uint32_t)head[7] << 24);
            continue;
        }
        if (magic != 0xFD2FB528u)
            return DAMAGED;
        bool single = (head[4] & 0x20) != 0, checked = (head[4] & 0x04) != 0, last = false;
        at += 5 + (single ? 0 : 1) + dictionary_bytes[head[4] & 3] + (head[4] < 0x40 && single ? 1 : size_bytes[head[4] >> 6]);
        while (!last) {
            unsigned char block[3];
            if (pread(descriptor, block, sizeof block, at) != (ssize_t)sizeof block)
                return CUT_OFF;
            uint32_t header = (uint32_t)block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16, kind = (header >> 1) & 3;
            if (kind == 3)
                return DAMAGED;
            last = (header & 1) != 0;
            at += 3 + (kind == 1 ? 1 : (off_t)(header >> 3));
        }
        at += checked ? 4 : 0;
    }
    return at == size ? WHOLE : CUT_OFF;
}

static void descriptor_close(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

eh_code eh_packed_check(const eh_input_file *file, eh_arena *arena, eh_error *error)
{
    if (file->packed == EH_PACKED_NOT)
        return EH_OK;
    EH_CLEANUP(descriptor_close) int descriptor = open(file->engine_path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return eh_fail(error, EH_IO, "cannot read %s: %s", file->given, strerror(errno));
    verdict found;
    if (file->packed == EH_PACKED_GZIP) {
        gzip_reader *reader = EH_TAKE(arena, 1, gzip_reader);
        if (reader == NULL)
            return eh_fail_memory(error);
        reader->descriptor = descriptor;
        found = gzip_follow(reader);
    } else {
        found = zstd_follow(descriptor);
    }
    static const char *const words[] = {[CUT_OFF] = "was cut off: its end is missing", [DAMAGED] = "is damaged", [UNREADABLE] = "cannot be read"};
    return found == WHOLE ? EH_OK : eh_fail(error, EH_INPUT, "%s %s", file->given, words[found]);
}
