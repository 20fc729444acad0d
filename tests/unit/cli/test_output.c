/*
 * Goal: what reaches a terminal cannot steer it, progress comes late and leaves no trace, and reports go where they should.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cli/cli_int.h"

static void control_characters_are_shown_and_not_sent(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
        bool lines;
    } rows[] = {
        {"plain é 😀", "plain é 😀", false},
        {"\033[31mred\a", "\\x1b[31mred\\x07", false},
        {"two\nlines\ttab\r", "two\\x0alines\\x09tab\\x0d", false},
        {"two\nlines\r", "two\nlines\\x0d", true},
        {"csi \xc2\x9b 31m, no-break\xc2\xa0space", "csi \\x9b 31m, no-break\xc2\xa0space", false},
        {"\x7f", "\\x7f", false},
        {"a\xe2\x80\xaez\xe2\x81\xa6", "a\\xe2\\x80\\xaez\\xe2\\x81\\xa6", false},
        {"\xe2\x80\x94 \xe2\x80", "\xe2\x80\x94 \\xe2\\x80", false},
        {"no UTF-8: \xff, \xed\xa0\x80", "no UTF-8: \\xff, \\xed\\xa0\\x80", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
        eh_visible_append(&out, eh_view_of(rows[i].in), rows[i].lines);
        assert_string_equal(out.ptr, rows[i].out);
    }
}

static void progress_lines_fit_the_terminal(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        double share;
        size_t columns;
        const char *line;
    } rows[] = {
        {"reading bank.csv", 0.61, 80, "reading bank.csv  [████████████░░░░░░░░]  61 %"},
        {"reading bank.csv", 0, 80, "reading bank.csv  [░░░░░░░░░░░░░░░░░░░░]   0 %"},
        {"reading bank.csv", 1.7, 80, "reading bank.csv  [████████████████████] 100 %"},
        {"reading bank.csv", -1, 80, "reading bank.csv ..."},
        {"reading a-very-long-name-of-a-file.csv", 0.5, 60, "reading a-very-long-name-of-…  [██████████░░░░░░░░░░]  50 %"},
        {"reading bank.csv", 0.5, 20, "reading bank.c… ..."},
        {"reading \033]0;x\a.csv", -1, 80, "reading \\x1b]0;x\\x07.csv ..."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer line = {0};
        eh_progress_line(&line, rows[i].what, rows[i].share, rows[i].columns);
        assert_true(eh_utf8_columns(eh_buffer_view(&line)) < rows[i].columns);
        assert_string_equal(line.ptr, rows[i].line);
    }
}

static uint64_t at_zero(void) { return 0; }
static uint64_t just_before(void) { return EH_PROGRESS_DELAY_MS - 1; }
static uint64_t just_after(void) { return EH_PROGRESS_DELAY_MS; }

static void progress_comes_late_and_leaves_no_trace(void **state)
{
    (void)state;
    int ends[2];
    char got[512] = "";
    assert_int_equal(pipe(ends), 0);
    eh_progress progress = {.descriptor = ends[1], .columns = 80, .now_ms = at_zero, .started_ms = 0};
    progress.now_ms = just_before;
    eh_progress_show(&progress, "reading x", 0.1);
    eh_progress_end(&progress);
    assert_false(progress.shown);
    progress.now_ms = just_after;
    eh_progress_show(&progress, "reading x", -1);
    assert_true(progress.shown);
    eh_progress_end(&progress);
    eh_progress_end(&progress);
    close(ends[1]);
    ssize_t got_len = read(ends[0], got, sizeof got - 1);
    close(ends[0]);
    assert_true(got_len > 0);
    assert_string_equal(got, "\rreading x ...\033[K\r\033[K");
    progress.descriptor = -1; /* nowhere to draw: nothing happens */
    eh_progress_show(&progress, "reading x", 0.5);
    assert_false(progress.shown);
}

static void report_paths_are_not_doubled(void **state)
{
    (void)state;
    static const struct {
        const char *prefix;
        size_t format;
        bool only;
        const char *path;
    } rows[] = {
        {"out/a", EH_FORMAT_JSON, true, "out/a.json"},   {"out/a.json", EH_FORMAT_JSON, true, "out/a.json"},
        {"out/a.json", EH_FORMAT_JSON, false, "out/a.json.json"}, {"out/a.json", EH_FORMAT_HTML, true, "out/a.json.html"},
        {".json", EH_FORMAT_JSON, true, ".json.json"},   {"a", EH_FORMAT_TEXT, false, "a.txt"},
    };
    eh_arena *arena = eh_arena_open(1 << 20);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_string_equal(eh_output_path(arena, rows[i].prefix, rows[i].format, rows[i].only), rows[i].path);
    eh_arena_close(&arena);
}

static void missing_folders_are_made(void **state)
{
    (void)state;
    char folder[] = "/tmp/evenhand-cli-XXXXXX", path[256];
    assert_non_null(mkdtemp(folder));
    eh_error error = {0};
    struct stat facts;
    snprintf(path, sizeof path, "%s/a//b/c/report.html", folder);
    assert_int_equal(eh_parent_folders_make(path, &error), EH_OK);
    assert_int_equal(eh_parent_folders_make(path, &error), EH_OK);
    snprintf(path, sizeof path, "%s/a/b/c", folder);
    assert_int_equal(stat(path, &facts), 0);
    assert_true(S_ISDIR(facts.st_mode));

    snprintf(path, sizeof path, "%s/a/file", folder);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    snprintf(path, sizeof path, "%s/a/file/report.html", folder);
    assert_int_equal(eh_parent_folders_make(path, &error), EH_CONFLICT);
    assert_non_null(strstr(error.text, "/a/file: is a file; a folder of that name is needed"));

    static const char *const leftovers[] = {"a/file", "a/b/c", "a/b", "a", "."};
    for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, leftovers[i]);
        if (strcmp(leftovers[i], ".") == 0)
            path[strlen(folder)] = '\0';
        assert_int_equal(remove(path), 0);
    }
}

static void the_width_has_bounds(void **state)
{
    (void)state;
    static const struct {
        const char *columns;
        size_t width;
    } rows[] = {{"100", 100}, {"5", 60}, {"9999", 240}, {"0", 80}, {"wide", 80}, {"", 80}, {"-3", 80}};
    int saved = dup(STDOUT_FILENO);
    assert_non_null(freopen("/dev/null", "w", stdout)); /* no terminal, wherever the test runs */
    size_t widths[sizeof rows / sizeof rows[0]];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setenv("COLUMNS", rows[i].columns, 1);
        widths[i] = eh_stdout_columns();
    }
    bool colour = eh_stdout_colour();
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(widths[i], rows[i].width);
    assert_false(colour);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(control_characters_are_shown_and_not_sent),
        cmocka_unit_test(progress_lines_fit_the_terminal),
        cmocka_unit_test(progress_comes_late_and_leaves_no_trace),
        cmocka_unit_test(report_paths_are_not_doubled),
        cmocka_unit_test(missing_folders_are_made),
        cmocka_unit_test(the_width_has_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
