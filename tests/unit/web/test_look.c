/* The shop's own look: colours that can be read, pictures that are pictures, words that the pages know. */
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "web/customer_int.h"
#include "web/look_int.h"

static char folder[] = "/tmp/evenhand-look-XXXXXX";
static eh_arena *arena;

static int setup(void **state)
{
    (void)state;
    char pages[64];
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(pages, sizeof pages, "%s/pages", folder);
    arena = eh_arena_open(1 << 20);
    return arena == NULL || mkdir(pages, 0755) != 0 ? -1 : 0;
}

static void path_of(const char *name, char path_out[128]) { snprintf(path_out, 128, "%s/pages/%s", folder, name); }

static void put(const char *name, const char *bytes, size_t len)
{
    char path[128];
    eh_error error = {0};
    path_of(name, path);
    assert_int_equal(eh_file_replace(path, (eh_view){bytes, len}, &error), EH_OK);
}

static void away(const char *name)
{
    char path[128];
    path_of(name, path);
    unlink(path);
}

static int teardown(void **state)
{
    char path[64];
    (void)state;
    eh_arena_close(&arena);
    snprintf(path, sizeof path, "%s/pages", folder);
    rmdir(path);
    return rmdir(folder);
}

static eh_code parse(const char *text, eh_look *look, eh_error *error) { return eh_look_parse(eh_view_of(text), "look.yaml", folder, arena, look, error); }

static void refused(const char *text, const char *says)
{
    eh_look look = {.logo_says = "untouched"};
    eh_error error = {0};
    assert_int_not_equal(parse(text, &look, &error), EH_OK);
    if (strstr(error.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, says);
    assert_string_equal(look.logo_says, "untouched");
}

/* WCAG 2.2: black on white 21, a colour on itself 1, #777777 on white 4.48 (the well-known near miss). */
static void test_contrast(void **state)
{
    (void)state;
    assert_true(fabs(eh_contrast(0x000000, 0xffffff) - 21) < 1e-9);
    assert_true(fabs(eh_contrast(0x14576a, 0x14576a) - 1) < 1e-12);
    assert_true(fabs(eh_contrast(0x777777, 0xffffff) - 4.478) < 0.001);
    assert_true(fabs(eh_contrast(0xffffff, 0x777777) - eh_contrast(0x777777, 0xffffff)) < 1e-12);
}

static void test_colours(void **state)
{
    eh_look look = {0};
    eh_error error = {0};
    (void)state;
    assert_int_equal(parse("", &look, &error), EH_OK);
    assert_null(look.style);
    assert_int_equal(parse("accent: \"#7A1f4b\"\ncorners: 0\nletters: book\n", &look, &error), EH_OK);
    assert_non_null(strstr(look.style, ":root{--accent:#7a1f4b;--on-accent:#ffffff;"));
    assert_non_null(strstr(look.style, "prefers-color-scheme:dark"));
    assert_non_null(strstr(look.style, "--radius:0px"));
    assert_non_null(strstr(look.style, "serif"));
    assert_memory_equal(look.style_path, "/look/", 6);
    refused("accent: \"#ffdd00\"\n", "contrast of 1.");
    refused("accent: \"#7a1f4b\"\naccent_dark: \"#7a1f4b\"\n", "lighter");
    refused("accent: teal\n", "six hexadecimal digits");
    refused("accent: \"#12345\"\n", "six hexadecimal digits");
    refused("accent: \"#7a1f4b;}body{display:none\"\n", "six hexadecimal digits");
    refused("acent: \"#7a1f4b\"\n", "accent");
    refused("corners: 99\n", "24");
    refused("letters: comic\n", "plain");
}

/* The dark accent that is made from the light one can be read on both dark papers. */
static void test_dark_accent(void **state)
{
    static const char *const accents[] = {"#000000", "#7a1f4b", "#14576a", "#0000ff", "#004400", "#b00020"};
    (void)state;
    for (size_t i = 0; i < sizeof accents / sizeof accents[0]; i++) {
        eh_look look = {0};
        eh_error error = {0};
        char text[64];
        unsigned dark = 0;
        snprintf(text, sizeof text, "accent: \"%s\"\n", accents[i]);
        assert_int_equal(parse(text, &look, &error), EH_OK);
        assert_int_equal(sscanf(strstr(look.style, "dark){:root{--accent:#") + strlen("dark){:root{--accent:#"), "%6x", &dark), 1);
        assert_true(eh_contrast(dark, 0x161f24) >= 4.5 && eh_contrast(dark, 0x0f171b) >= 4.5);
    }
}

static void test_logo(void **state)
{
    static const char svg[] = "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", png[] = "\x89PNG\r\n\x1a\nrest";
    eh_look look = {0};
    eh_error error = {0};
    (void)state;
    put("logo.svg", svg, sizeof svg - 1);
    put("logo.png", png, sizeof png - 1);
    put("page.png", "<html>", 6);
    assert_int_equal(parse("logo: logo.svg\nlogo_says: Blue Finch\n", &look, &error), EH_OK);
    assert_string_equal(look.logo_type, "image/svg+xml");
    assert_string_equal(look.logo_says, "Blue Finch");
    assert_int_equal(look.logo.len, sizeof svg - 1);
    assert_int_equal(parse("logo: logo.png\n", &look, &error), EH_OK);
    assert_string_equal(look.logo_type, "image/png");
    refused("logo: page.png\n", "no picture");
    refused("logo: ../evenhand.yaml\n", "beside this one");
    refused("logo: .hidden\n", "beside this one");
    refused("logo: missing.svg\n", "missing.svg");
    char *large = calloc(1, EH_LOGO_BYTES_MAX + 1);
    assert_non_null(large);
    put("large.png", large, EH_LOGO_BYTES_MAX + 1);
    free(large);
    refused("logo: large.png\n", "large.png");
    away("logo.svg");
    away("logo.png");
    away("page.png");
    away("large.png");
}

static void words_refused(const char *text, const char *says)
{
    eh_catalogues *languages = NULL;
    eh_error error = {0};
    put("words.de.yaml", text, strlen(text));
    assert_int_equal(eh_catalogues_open(folder, &languages, &error), EH_INPUT);
    if (strstr(error.text, says) == NULL)
        fail_msg("'%s' does not say '%s'", error.text, says);
    assert_null(languages);
}

static void test_words(void **state)
{
    static const char own[] = "choices_title: Deine Wahl bei {shop}\n";
    eh_catalogues *languages = NULL;
    eh_error error = {0};
    EH_CLEANUP(eh_buffer_dispose) eh_buffer said = {0};
    (void)state;
    put("words.de.yaml", own, sizeof own - 1);
    assert_int_equal(eh_catalogues_open(folder, &languages, &error), EH_OK);
    const eh_messages *german = eh_catalogues_choose(languages, EH_VIEW("de-AT"), NULL);
    eh_message_append(german, "choices_title", &(eh_message_value){.name = "shop", .text = "Fink"}, 1, &said);
    eh_buffer_byte(&said, '|');
    eh_message_append(german, "done_title", NULL, 0, &said);
    assert_int_equal(said.len, strlen("Deine Wahl bei Fink|Erledigt"));
    assert_memory_equal(said.ptr, "Deine Wahl bei Fink|Erledigt", said.len);
    eh_catalogues_close(&languages);
    words_refused("choices_titel: x\n", "do you mean 'choices_title'?");
    words_refused("choices_title: \"{name}\"\n", "{name} is not filled in");
    words_refused("choices_title: \"{shop\"\n", "words.de.yaml");
    away("words.de.yaml");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contrast), cmocka_unit_test(test_colours), cmocka_unit_test(test_dark_accent), cmocka_unit_test(test_logo), cmocka_unit_test(test_words),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
