/* Base64 and hexadecimal: one text for every value, and readers that take no other. */
#include "base/secrets.h"

#include <string.h>

static const char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char for_addresses[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void append(eh_buffer *out, eh_view bytes, const char *alphabet, bool padded)
{
    const uint8_t *in = (const uint8_t *)bytes.ptr;
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t there = bytes.len - at < 3 ? bytes.len - at : 3;
        uint32_t word = (uint32_t)in[at] << 16 | (there > 1 ? (uint32_t)in[at + 1] << 8 : 0) | (there > 2 ? (uint32_t)in[at + 2] : 0);
        char text[4];
        for (size_t i = 0; i < 4; i++)
            text[i] = i <= there ? alphabet[word >> (18 - 6 * i) & 63] : '=';
        eh_buffer_append(out, (eh_view){text, padded ? 4 : there + 1});
    }
}

void eh_base64_append(eh_buffer *out, eh_view bytes)
{
    append(out, bytes, standard, true);
}

void eh_base64url_append(eh_buffer *out, eh_view bytes)
{
    append(out, bytes, for_addresses, false);
}

static bool value_of(char letter, const char *alphabet, uint32_t *value_out)
{
    uint32_t value = 64;
    if (letter >= 'A' && letter <= 'Z')
        value = (uint32_t)(letter - 'A');
    else if (letter >= 'a' && letter <= 'z')
        value = (uint32_t)(letter - 'a') + 26;
    else if (letter >= '0' && letter <= '9')
        value = (uint32_t)(letter - '0') + 52;
    else if (letter == alphabet[62])
        value = 62;
    else if (letter == alphabet[63])
        value = 63;
    *value_out = value;
    return value < 64;
}

/* Letters only, no padding. In two passes, so that a bad text leaves the output alone. */
static bool letters_read(eh_view text, const char *alphabet, size_t bytes_max, uint8_t *bytes_out, size_t *count_out)
{
    size_t spare = text.len % 4, count = text.len / 4 * 3 + (spare > 0 ? spare - 1 : 0);
    uint32_t value = 0;
    if (spare == 1 || count > bytes_max)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!value_of(text.ptr[i], alphabet, &value))
            return false;
    /* the bits of the last letter that no byte holds must be zero */
    if ((spare == 2 && (value & 15) != 0) || (spare == 3 && (value & 3) != 0))
        return false;
    uint32_t word = 0, bits = 0;
    size_t at = 0;
    for (size_t i = 0; i < text.len; i++) {
        (void)value_of(text.ptr[i], alphabet, &value);
        word = word << 6 | value;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes_out[at++] = (uint8_t)(word >> bits);
        }
    }
    *count_out = count;
    return true;
}

bool eh_base64_read(eh_view text, size_t bytes_max, void *bytes_out, size_t *count_out)
{
    if (text.len % 4 != 0)
        return false;
    for (size_t pads = 0; pads < 2 && text.len > 0 && text.ptr[text.len - 1] == '='; pads++)
        text.len--;
    return letters_read(text, standard, bytes_max, bytes_out, count_out);
}

bool eh_base64url_read(eh_view text, size_t bytes_max, void *bytes_out, size_t *count_out)
{
    return letters_read(text, for_addresses, bytes_max, bytes_out, count_out);
}

void eh_hex(const void *bytes, size_t count, char *text_out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *in = bytes;
    for (size_t i = 0; i < count; i++) {
        text_out[2 * i] = digits[in[i] >> 4];
        text_out[2 * i + 1] = digits[in[i] & 15];
    }
    text_out[2 * count] = '\0';
}

/* One more than the value of a digit; 0: none. */
static const uint8_t nibbles[256] = {
    ['0'] = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10,
    ['A'] = 11, 12, 13, 14, 15, 16,
    ['a'] = 11, 12, 13, 14, 15, 16,
};

bool eh_hex_read(eh_view text, size_t count, void *bytes_out)
{
    const uint8_t *in = (const uint8_t *)text.ptr;
    uint8_t *out = bytes_out;
    bool all = text.len == 2 * count;
    for (size_t i = 0; i < text.len && all; i++)
        all = nibbles[in[i]] != 0;
    for (size_t i = 0; i < count && all; i++)
        out[i] = (uint8_t)((nibbles[in[2 * i]] - 1) << 4 | (nibbles[in[2 * i + 1]] - 1));
    return all;
}
