/* The shop's own look and words. */
#include "web/look_int.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/yaml.h"
#include "web/web_int.h"

enum { WORDS_BYTES_MAX = 256 << 10, NAME_BYTES = 9, RED = 16, GREEN = 8 };

/* What the accent stands on, light and dark: base.css. Its text must be readable there, and text on it. */
static const uint32_t papers[2][2] = {{0xffffff, 0xf5f7f7}, {0x161f24, 0x0f171b}};
static const uint32_t inks[2] = {0xffffff, 0x08171c};
static const double contrast_min = 4.5; /* WCAG 2.2, 1.4.3 */

/* ---- colours --------------------------------------------------------------------------------------------------------------------- */

static double light_of(uint32_t colour, int shift)
{
    double part = (double)(colour >> shift & 0xff) / 255;
    return part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4);
}

static double luminance(uint32_t colour) { return 0.2126 * light_of(colour, RED) + 0.7152 * light_of(colour, GREEN) + 0.0722 * light_of(colour, 0); }

double eh_contrast(uint32_t one, uint32_t other)
{
    double a = luminance(one), b = luminance(other);
    return (fmax(a, b) + 0.05) / (fmin(a, b) + 0.05);
}

static bool hex_digit(char c, uint32_t *digit_out)
{
    bool number = c >= '0' && c <= '9', letter = (c | 32) >= 'a' && (c | 32) <= 'f';
    *digit_out = (uint32_t)(number ? c - '0' : letter ? (c | 32) - 'a' + 10 : 0);
    return number || letter;
}

/* "#14576a" */
static bool colour_read(const char *text, uint32_t *colour_out)
{
    uint32_t colour = 0, digit = 0;
    if (text[0] != '#' || strlen(text) != 7)
        return false;
    for (size_t i = 1; i < 7; i++) {
        if (!hex_digit(text[i], &digit))
            return false;
        colour = colour << 4 | digit;
    }
    *colour_out = colour;
    return true;
}

/* A part of the one colour, the rest of the other. */
static uint32_t mix(uint32_t one, uint32_t other, double part)
{
    uint32_t mixed = 0;
    for (int shift = RED; shift >= 0; shift -= 8)
        mixed |= (uint32_t)lround((double)(one >> shift & 0xff) * part + (double)(other >> shift & 0xff) * (1 - part)) << shift;
    return mixed;
}

typedef struct {
    const char *accent, *accent_dark, *logo, *logo_says;
    int64_t corners;
    int32_t letters;
} look_record;

static const char *const letters_names[] = {"plain", "book", NULL};
static const eh_yaml_field look_fields[] = {
    {.key = "accent", .kind = EH_FIELD_TEXT, .offset = offsetof(look_record, accent), .what = "a colour in quotes, such as \"#14576a\""},
    {.key = "accent_dark", .kind = EH_FIELD_TEXT, .offset = offsetof(look_record, accent_dark), .what = "a colour in quotes, such as \"#7cc4d6\""},
    {.key = "logo", .kind = EH_FIELD_TEXT, .offset = offsetof(look_record, logo), .what = "a file beside this one, such as logo.svg"},
    {.key = "logo_says", .kind = EH_FIELD_TEXT, .offset = offsetof(look_record, logo_says), .what = "the logo in words, for those who do not see it"},
    {.key = "corners", .kind = EH_FIELD_INTEGER, .offset = offsetof(look_record, corners), .min = 0, .max = 24, .what = "how round corners are, 0 to 24"},
    {.key = "letters", .kind = EH_FIELD_CHOICE, .offset = offsetof(look_record, letters), .choices = letters_names},
};

static bool readable(uint32_t colour, bool dark) { return eh_contrast(colour, papers[dark][0]) >= contrast_min && eh_contrast(colour, papers[dark][1]) >= contrast_min; }

static void accent_append(uint32_t colour, bool dark, eh_buffer *css)
{
    uint32_t on = eh_contrast(colour, inks[0]) >= eh_contrast(colour, inks[1]) ? inks[0] : inks[1];
    eh_buffer_format(css, "--accent:#%06x;--on-accent:#%06x;--accent-soft:#%06x;", colour, on, mix(colour, papers[dark][0], dark ? 0.22 : 0.14));
}

/* An accent of the file; `dark` says what it stands on. */
static eh_code accent_read(const eh_yaml_node *node, bool dark, uint32_t *colour_out, eh_error *error)
{
    uint32_t colour = 0;
    if (!colour_read(node->text, &colour))
        return eh_yaml_fail(node, error, EH_INPUT, "'%.40s' is no colour; write six hexadecimal digits after a #, such as \"#14576a\"", node->text);
    if (!readable(colour, dark))
        return eh_yaml_fail(node, error, EH_INPUT, "%s has a contrast of %.2f on the %s page, and people need %.1f to read it (WCAG 2.2); take a %s one", node->text,
                            fmin(eh_contrast(colour, papers[dark][0]), eh_contrast(colour, papers[dark][1])), dark ? "dark" : "light", contrast_min, dark ? "lighter" : "darker");
    *colour_out = colour;
    return EH_OK;
}

/* The same hue, as light as the dark page needs. */
static uint32_t lighter(uint32_t colour)
{
    uint32_t light = colour;
    for (int step = 1; step <= 20 && !readable(light, true); step++)
        light = mix(0xffffff, colour, step / 20.0);
    return light;
}

static eh_code style_make(const eh_yaml_node *root, const look_record *record, eh_buffer *css, eh_error *error)
{
    uint32_t accent = 0, dark = 0;
    if (record->accent != NULL) {
        EH_TRY(accent_read(eh_yaml_member_value(root, "accent"), false, &accent, error));
        dark = lighter(accent);
        eh_buffer_text(css, ":root{");
        accent_append(accent, false, css);
        eh_buffer_text(css, "}\n");
    }
    if (record->accent_dark != NULL)
        EH_TRY(accent_read(eh_yaml_member_value(root, "accent_dark"), true, &dark, error));
    if (record->accent != NULL || record->accent_dark != NULL) {
        eh_buffer_text(css, "@media (prefers-color-scheme:dark){:root{");
        accent_append(dark, true, css);
        eh_buffer_text(css, "}}\n");
    }
    if (record->corners >= 0)
        eh_buffer_format(css, ":root{--radius:%dpx}button,.button,input:not([type=checkbox],[type=radio]),select,textarea{border-radius:%dpx}\n", (int)record->corners,
                         (int)(record->corners < 8 ? record->corners : 8));
    if (record->letters == 1)
        eh_buffer_text(css, "body{font-family:Charter,\"Bitstream Charter\",\"Noto Serif\",Georgia,\"Liberation Serif\",serif}\n");
    return eh_buffer_check(css, error);
}

/* ---- the logo ------------------------------------------------------------------------------------------------------------------------ */

static const struct {
    const char *ending, *type, *begins;
    size_t begins_len, at;
} pictures[] = {
    {"png", "image/png", "\x89PNG\r\n\x1a\n", 8, 0},
    {"jpg", "image/jpeg", "\xff\xd8\xff", 3, 0},
    {"webp", "image/webp", "WEBP", 4, 8},
    {"svg", "image/svg+xml", "<svg", 4, SIZE_MAX}, /* anywhere near its beginning */
};

static const char *hashed_path(eh_view bytes, const char *ending, eh_arena *arena)
{
    eh_digest digest = eh_sha256_of(bytes);
    char hex[65];
    eh_hex(digest.bytes, sizeof digest.bytes, hex);
    return eh_arena_format(arena, "/look/%.*s.%s", NAME_BYTES - 1, hex, ending);
}

static eh_code logo_read(const eh_yaml_node *node, const char *folder, eh_arena *arena, eh_look *look, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, bytes = {0};
    if (strchr(node->text, '/') != NULL || node->text[0] == '.')
        return eh_yaml_fail(node, error, EH_INPUT, "'%.80s' is no file beside this one", node->text);
    eh_buffer_format(&path, "%s/pages/%s", folder, node->text);
    EH_TRY(eh_buffer_check(&path, error));
    eh_buffer_init(&bytes, EH_LOGO_BYTES_MAX + 1);
    if (eh_file_read(path.ptr, EH_LOGO_BYTES_MAX, &bytes, error) != EH_OK)
        return eh_yaml_fail_within(node, error);
    for (size_t i = 0; i < sizeof pictures / sizeof pictures[0]; i++) {
        size_t at = pictures[i].at, len = pictures[i].begins_len;
        bool fits = at == SIZE_MAX ? memmem(bytes.ptr, bytes.len < 1024 ? bytes.len : 1024, pictures[i].begins, len) != NULL
                                   : bytes.len > at + len && memcmp(bytes.ptr + at, pictures[i].begins, len) == 0;
        if (!fits)
            continue;
        char *kept = eh_arena_copy(arena, eh_buffer_view(&bytes));
        look->logo = (eh_view){kept, bytes.len};
        look->logo_type = pictures[i].type;
        look->logo_path = kept == NULL ? NULL : hashed_path(look->logo, pictures[i].ending, arena);
        return look->logo_path == NULL ? eh_fail_memory(error) : EH_OK;
    }
    return eh_yaml_fail(node, error, EH_INPUT, "'%.80s' is no picture that pages can show: PNG, JPEG, WebP or SVG", node->text);
}

/* ---- the file ------------------------------------------------------------------------------------------------------------------------ */

eh_code eh_look_parse(eh_view text, const char *name, const char *folder, eh_arena *arena, eh_look *look_out, eh_error *error)
{
    EH_CLEANUP(eh_yaml_close) eh_yaml_document *document = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer css = {0};
    look_record record = {.corners = -1};
    eh_look look = {0};
    EH_TRY(eh_yaml_parse(text, name, &document, error));
    const eh_yaml_node *root = eh_yaml_root(document);
    if (root->type == EH_YAML_NULL)
        return EH_OK;
    EH_TRY(eh_yaml_read(root, look_fields, sizeof look_fields / sizeof look_fields[0], &record, error));
    EH_TRY(style_make(root, &record, &css, error));
    if (css.len > 0) {
        look.style = eh_arena_copy(arena, eh_buffer_view(&css));
        look.style_path = hashed_path(eh_buffer_view(&css), "css", arena);
        if (look.style == NULL || look.style_path == NULL)
            return eh_fail_memory(error);
    }
    if (record.logo != NULL)
        EH_TRY(logo_read(eh_yaml_member_value(root, "logo"), folder, arena, &look, error));
    if (record.logo_says != NULL && (look.logo_says = eh_arena_copy(arena, eh_view_of(record.logo_says))) == NULL)
        return eh_fail_memory(error);
    *look_out = look;
    return EH_OK;
}

eh_code eh_look_read(const char *folder, eh_arena *arena, eh_look *look_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    eh_buffer_format(&path, "%s/pages/look.yaml", folder);
    EH_TRY(eh_buffer_check(&path, error));
    eh_code code = eh_file_read(path.ptr, EH_YAML_BYTES_MAX, &text, error);
    if (code == EH_NOT_FOUND)
        return EH_OK;
    EH_TRY(code);
    return eh_look_parse(eh_buffer_view(&text), path.ptr, folder, arena, look_out, error);
}

/* ---- words --------------------------------------------------------------------------------------------------------------------------- */

static bool listed(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

static eh_code words_check(const char *path, const eh_messages *own, const eh_messages *usual, eh_error *error)
{
    const char *const *keys, *const *known, *const *used, *const *filled;
    size_t keys_count, known_count, used_count, filled_count;
    eh_messages_keys(own, &keys, &keys_count);
    eh_messages_keys(usual, &known, &known_count);
    for (size_t i = 0; i < keys_count; i++) {
        if (!eh_messages_has(usual, keys[i])) {
            const char *nearest = eh_nearest_name(keys[i], known, known_count);
            return eh_fail(error, EH_INPUT, "%s: no page says '%.80s'%s%s%s", path, keys[i], nearest != NULL ? "; do you mean '" : "", nearest != NULL ? nearest : "",
                           nearest != NULL ? "'?" : "");
        }
        eh_messages_arguments(own, keys[i], &used, &used_count);
        eh_messages_arguments(usual, keys[i], &filled, &filled_count);
        for (size_t u = 0; u < used_count; u++)
            if (strcmp(used[u], "shop") != 0 && !listed(filled, filled_count, used[u]))
                return eh_fail(error, EH_INPUT, "%s: %s: {%.40s} is not filled in there; {shop} is, and what the usual words have", path, keys[i], used[u]);
    }
    return EH_OK;
}

eh_code eh_look_words(const char *folder, const eh_messages *usual, eh_messages **own_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    EH_CLEANUP(eh_messages_close) eh_messages *own = NULL;
    eh_buffer_format(&path, "%s/pages/words.%s.yaml", folder, eh_messages_language(usual));
    EH_TRY(eh_buffer_check(&path, error));
    eh_code code = eh_file_read(path.ptr, WORDS_BYTES_MAX, &text, error);
    if (code == EH_NOT_FOUND)
        return EH_OK;
    EH_TRY(code);
    EH_TRY(eh_messages_open(eh_buffer_view(&text), path.ptr, eh_messages_language(usual), usual, &own, error));
    EH_TRY(words_check(path.ptr, own, usual, error));
    *own_out = own;
    own = NULL;
    return EH_OK;
}

/* ---- serving ------------------------------------------------------------------------------------------------------------------------- */

eh_answer eh_look_serve(eh_exchange *exchange)
{
    const eh_look *look = &eh_web_of(exchange)->look;
    exchange->cache = "public, max-age=31536000, immutable";
    if (look->style_path != NULL && eh_view_equal(exchange->path, eh_view_of(look->style_path))) {
        exchange->content_type = "text/css; charset=utf-8";
        eh_buffer_text(&exchange->out, look->style);
    } else if (look->logo_path != NULL && eh_view_equal(exchange->path, eh_view_of(look->logo_path))) {
        exchange->content_type = look->logo_type;
        eh_buffer_append(&exchange->out, look->logo);
    } else {
        exchange->cache = NULL;
        eh_exchange_problem(exchange, 404, "there is nothing here");
    }
    return EH_NOW;
}
