/* Files of every kind: read, or refused with what is wrong and where. */
#include "data_fixture.h"

#include <sys/stat.h>
#include <unistd.h>

/* Four rows: F yes, F no, M yes, M no with their bought. */
#define PEOPLE "sex,sent,bought\nF,yes,1\nF,no,0\nM,yes,0\nM,no,0\n"

static void assert_people(fixture *f)
{
    description d;
    eh_cube cube;
    describe(f, &d, "sent", "sex");
    d.spec.label = expression(f, "bought");
    cube_read(f, &d, &cube);
    assert_int_equal(cube.rows, 4);
    assert_string_equal(group_names(f, &cube, 0), "F|M");
    assert_int_equal(cell_at(&cube, "F", NULL, EH_TRUE, EH_TRUE)->count, 1);
    assert_int_equal(cell_at(&cube, "M", NULL, EH_FALSE, EH_TRUE)->count, 1);
}

static void text_formats_are_told_by_their_content(void **state)
{
    static const struct {
        const char *name, *text;
    } cases[] = {
        {"plain.csv", PEOPLE},
        {"no-ending", PEOPLE},
        {"crlf.csv", "sex,sent,bought\r\nF,yes,1\r\nF,no,0\r\nM,yes,0\r\nM,no,0\r\n"},
        {"no-last-newline.csv", "sex,sent,bought\nF,yes,1\nF,no,0\nM,yes,0\nM,no,0"},
        {"bom.csv", "\xef\xbb\xbf" PEOPLE},
        {"semicolon.csv", "sex;sent;bought\nF;yes;1\nF;no;0\nM;yes;0\nM;no;0\n"},
        {"tab.tsv", "sex\tsent\tbought\nF\tyes\t1\nF\tno\t0\nM\tyes\t0\nM\tno\t0\n"},
        {"quoted.csv", "\"sex\",\"sent\",\"bought\"\n\"F\",\"yes\",1\n\"F\",\"no\",0\n\"M\",\"yes\",0\n\"M\",\"no\",0\n"},
        {"lines.jsonl", "{\"sex\":\"F\",\"sent\":\"yes\",\"bought\":1}\n{\"sex\":\"F\",\"sent\":\"no\",\"bought\":0}\n"
                        "{\"sex\":\"M\",\"sent\":\"yes\",\"bought\":0}\n{\"sex\":\"M\",\"sent\":\"no\",\"bought\":0}\n"},
        {"array-without-ending", "[{\"sex\":\"F\",\"sent\":true,\"bought\":1},{\"sex\":\"F\",\"sent\":false,\"bought\":0},"
                                 "{\"sex\":\"M\",\"sent\":true,\"bought\":0},{\"sex\":\"M\",\"sent\":false,\"bought\":0}]"},
        {"it's \"odd\" [1]*?\n.csv", PEOPLE},
        {"emoji 😀.csv", PEOPLE},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_read(f, fixture_write(f, cases[i].name, cases[i].text), 1);
        assert_people(f);
    }
}

static void binary_formats_are_told_by_their_content(void **state)
{
    static const char query[] = "SELECT * FROM (VALUES ('F', true, 1), ('F', false, 0), ('M', true, 0), ('M', false, 0)) t(sex, sent, bought)";
    static const struct {
        const char *name, *format;
    } cases[] = {
        {"people.parquet", "FORMAT parquet"},
        {"people", "FORMAT parquet"},
        {"people.csv.gz", "FORMAT csv, HEADER, COMPRESSION gzip"},
        {"packed", "FORMAT csv, HEADER, COMPRESSION gzip"},
        {"people.csv.zst", "FORMAT csv, HEADER, COMPRESSION zstd"},
        {"people.jsonl.gz", "FORMAT json, COMPRESSION gzip"},
        {"packed-lines", "FORMAT json, COMPRESSION gzip"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fixture_read(f, fixture_copy(f, cases[i].name, query, cases[i].format), 1);
        assert_people(f);
    }
}

static void unreadable_files_are_refused(void **state)
{
    static const struct {
        const char *name, *text, *parts;
    } cases[] = {
        {"empty.csv", "", "empty.csv is empty"},
        {"blank.csv", "\n \n", "blank.csv is empty"},
        {"header.csv", "sex,sent\n", "header.csv has a header line and no rows"},
        {"short.csv", "sex,sent,x\nF,yes,1\nM,no,2\nF,no\n", "short.csv: line 4 has 2 columns, the others have 3: F,no"},
        {"long.csv", "sex,sent\nF,yes\nM,no,2\nF,no\n", "long.csv: line 3 has 3 columns, the others have 2: M,no,2"},
        {"early.csv", "sex,sent\nF\nM,no\nF,no\n", "early.csv: line 2 has 1 column, the others have 2: F"},
        {"note.csv", "made by hand\nsex,sent,x\nF,yes,1\nM,no,2\n", "note.csv: line 1 has 1 column, the next lines have 3: made by hand"},
        {"latin1.csv", "sex,sent\nF,yes\nM\xe9,no\n", "latin1.csv: line 3: the text is not valid UTF-8"},
        {"quote.csv", "sex,sent\nF,\"yes\nM,no\n", "quote.csv|a quote (\") is opened and not closed"},
        {"twice.csv", "sex,sent,sex\nF,yes,M\n", "'sex' occurs twice"},
        {"case.csv", "sex,sent,Sex\nF,yes,M\n", "occurs twice|letter case"},
        {"mixed.csv", "sex,sent\nF,yes\r\nM,no\n", "mixed.csv|line ends of two kinds"},
        {"broken.jsonl", "{\"sex\":\"F\"}\n{\"sex\":\n", "broken.jsonl: line|not valid JSON"},
        {"not.json", PEOPLE, "not.json is not JSON, though its name says so"},
        {"not.parquet", PEOPLE, "not.parquet is not a Parquet file"},
        {"cut.parquet", "PAR1 and then nothing of the kind", "cut.parquet|cut off"},
        {"book.xlsx", "PK\x03\x04 and so on", "Excel"},
        {"utf16.csv", "\xff\xfes", "UTF-16"},
    };
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *path = fixture_write(f, cases[i].name, cases[i].text);
        description d;
        eh_cube cube;
        /* A fault far down is found by the scan, one near the top already when the file is opened. */
        if (fixture_try(f, &path, 1) == EH_OK) {
            describe(f, &d, "1", "1");
            assert_int_not_equal(eh_cube_read(f->engine, &d.spec, f->arena, &cube, &f->error), EH_OK);
        }
        assert_int_equal(f->error.code, EH_INPUT);
        assert_parts(f->error.text, cases[i].parts);
    }
    const char *binary = fixture_write_bytes(f, "binary.csv", "sex,\0sent\n", 10);
    assert_int_equal(fixture_try(f, &binary, 1), EH_INPUT);
    assert_parts(f->error.text, "binary data");
}

static void places_that_are_no_files_are_refused(void **state)
{
    fixture *f = *state;
    const char *folder = f->folder;
    assert_int_equal(fixture_try(f, &folder, 1), EH_INPUT);
    assert_parts(f->error.text, "is a directory|*.csv");
    const char *nothing = eh_arena_format(f->arena, "%s/nothing.csv", f->folder);
    assert_int_equal(fixture_try(f, &nothing, 1), EH_NOT_FOUND);
    assert_parts(f->error.text, "no such file|nothing.csv");
    const char *pattern = eh_arena_format(f->arena, "%s/*.nothing", f->folder);
    assert_int_equal(fixture_try(f, &pattern, 1), EH_NOT_FOUND);
    assert_parts(f->error.text, "no file matches|*.nothing");
    const char *link = eh_arena_format(f->arena, "%s/link.csv", f->folder);
    assert_int_equal(symlink("gone.csv", link), 0);
    assert_int_equal(fixture_try(f, &link, 1), EH_NOT_FOUND);
    assert_parts(f->error.text, "link.csv is a link to a file that does not exist");
    const char *device = "/dev/null";
    assert_int_equal(fixture_try(f, &device, 1), EH_INPUT);
    assert_parts(f->error.text, "neither a file nor a pipe");
    assert_int_equal(fixture_try(f, NULL, 0), EH_INPUT);
}

static void a_packed_file_that_was_cut_off_is_refused(void **state)
{
    static const char *const formats[] = {"FORMAT csv, HEADER, COMPRESSION gzip", "FORMAT csv, HEADER, COMPRESSION zstd"};
    fixture *f = *state;
    for (size_t i = 0; i < 2; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer whole = {0};
        const char *path = fixture_copy(f, "whole", "SELECT 'g' || (i % 3) AS g, hash(i) AS h, i % 2 AS sent FROM range(5000) t(i)", formats[i]);
        assert_int_equal(fixture_try(f, &path, 1), EH_OK);
        assert_int_equal(eh_file_read(path, 1 << 20, &whole, &f->error), EH_OK);
        for (size_t part = 1; part < 8; part++) {
            const char *cut = fixture_write_bytes(f, "cut", whole.ptr, whole.len * part / 8);
            assert_int_equal(fixture_try(f, &cut, 1), EH_INPUT);
            assert_parts(f->error.text, "cut was cut off");
        }
        const char *last = fixture_write_bytes(f, "cut", whole.ptr, whole.len - 1);
        assert_int_equal(fixture_try(f, &last, 1), EH_INPUT);
        assert_parts(f->error.text, "cut was cut off");
    }
}

static void several_files_are_one_table(void **state)
{
    fixture *f = *state;
    fixture_write(f, "part-1.csv", "sex,sent,bought\nF,yes,1\n");
    fixture_write(f, "part-2.csv", "bought,sex,sent\n0,F,no\n");
    fixture_write(f, "part-3.csv", "sex,sent,bought\nM,yes,0\nM,no,0\n");
    const char *pattern = eh_arena_format(f->arena, "%s/part-*.csv", f->folder);
    assert_int_equal(fixture_try(f, &pattern, 1), EH_OK);
    assert_people(f);
    const eh_input *inputs;
    size_t count;
    assert_int_equal(eh_engine_inputs(f->engine, &inputs, &count, &f->error), EH_OK);
    assert_int_equal(count, 3);
    assert_parts(inputs[0].path, "part-1.csv");
    assert_int_equal(inputs[0].bytes, 24);
    /* printf 'sex,sent,bought\nF,yes,1\n' | sha256sum */
    assert_string_equal(inputs[0].sha256, "099c310b0a9f35ebfe7f433381249461ab2fee03bdda21cbf8f9e273203b9bdc");

    const char *const apart[] = {fixture_write(f, "a.csv", "sex,sent\nF,yes\n"), fixture_write(f, "b.csv", "sex,sent,age\nF,yes,1\n")};
    assert_int_equal(fixture_try(f, apart, 2), EH_CONFLICT);
    assert_parts(f->error.text, "b.csv has a column 'age' that|a.csv has not");
    const char *const swapped[] = {apart[1], fixture_write(f, "c.csv", "sex,sent\nF,yes\n")};
    assert_int_equal(fixture_try(f, swapped, 2), EH_CONFLICT);
    assert_parts(f->error.text, "c.csv has no column 'age'");
    const char *const kinds[] = {apart[0], fixture_write(f, "d.jsonl", "{\"sex\":1}\n")};
    assert_int_equal(fixture_try(f, kinds, 2), EH_CONFLICT);
    assert_parts(f->error.text, "is CSV|is JSON");
    const char *same = eh_arena_format(f->arena, "%s/same.csv", f->folder);
    assert_int_equal(symlink("a.csv", same), 0);
    const char *const twice[] = {apart[0], same};
    assert_int_equal(fixture_try(f, twice, 2), EH_CONFLICT);
    assert_parts(f->error.text, "the same file");
}

static void parquet_files_may_differ_in_the_order_of_columns(void **state)
{
    fixture *f = *state;
    fixture_copy(f, "p1.parquet", "SELECT 'F' AS sex, 'yes' AS sent, 1 AS bought UNION ALL SELECT 'F', 'no', 0", "FORMAT parquet");
    fixture_copy(f, "p2.parquet", "SELECT 0 AS bought, 'M' AS sex, 'yes' AS sent UNION ALL SELECT 0, 'M', 'no'", "FORMAT parquet");
    const char *pattern = eh_arena_format(f->arena, "%s/p?.parquet", f->folder);
    assert_int_equal(fixture_try(f, &pattern, 1), EH_OK);
    assert_people(f);
}

static void a_pipe_is_read_once_and_kept(void **state)
{
    fixture *f = *state;
    const char *path = eh_arena_format(f->arena, "%s/pipe", f->folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    pid_t child = fork();
    if (child == 0) {
        FILE *pipe = fopen(path, "w");
        _exit(pipe != NULL && fputs(PEOPLE, pipe) >= 0 && fclose(pipe) == 0 ? 0 : 1);
    }
    assert_int_equal(fixture_try(f, &path, 1), EH_OK);
    assert_people(f);
    const eh_input *inputs;
    size_t count;
    assert_int_equal(eh_engine_inputs(f->engine, &inputs, &count, &f->error), EH_OK);
    assert_string_equal(inputs[0].path, path);
    assert_int_equal(inputs[0].bytes, strlen(PEOPLE));
}

/* The first 20,480 rows, from which types are guessed, hold whole numbers only. */
static void a_type_that_was_guessed_too_narrow_is_corrected(void **state)
{
    static const struct {
        const char *late, *last_group;
    } cases[] = {{"3.5", "3.5"}, {"unknown", "unknown"}, {"9007199254740993", "9007199254740993"}, {"15e-1", "1.5"}, {"nan", "nan"}};
    fixture *f = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *query = eh_arena_format(
            f->arena, "SELECT CASE WHEN i < 40000 THEN CAST(i %% 3 AS VARCHAR) ELSE '%s' END AS g, 'yes' AS sent FROM range(40001) t(i) ORDER BY i",
            cases[i].late);
        fixture_read(f, fixture_copy(f, "late.csv", query, "FORMAT csv, HEADER"), 2);
        description d;
        eh_cube cube;
        describe(f, &d, "sent", "g");
        cube_read(f, &d, &cube);
        assert_int_equal(cube.rows, 40001);
        assert_int_equal(cube.dimensions[0].groups_count, 4);
        const eh_cell *late = cell_at(&cube, cases[i].last_group, NULL, EH_UNKNOWN, EH_TRUE);
        if (late == NULL)
            fail_msg("no group %s: %s", cases[i].last_group, group_names(f, &cube, 0));
        assert_int_equal(late->count, 1);
    }
    for (size_t i = 0; i < 2; i++) {
        const char *query = eh_arena_format(f->arena, "SELECT CASE WHEN i < 40000 THEN CAST(i %% 3 AS VARCHAR) ELSE '%s' END::JSON AS g, 1 AS sent "
                                                      "FROM range(40001) t(i) ORDER BY i", i == 0 ? "\"x\"" : "3.5");
        fixture_read(f, fixture_copy(f, "late.jsonl", query, "FORMAT json"), 2);
        description d;
        eh_cube cube;
        describe(f, &d, "sent", "g");
        cube_read(f, &d, &cube);
        assert_int_equal(cube.rows, 40001);
        assert_int_equal(cube.dimensions[0].groups_count, 4);
        assert_string_equal(group_names(f, &cube, 0), i == 0 ? "\"x\"|0|1|2" : "0.0|1.0|2.0|3.5");
    }
}

static void a_ragged_line_far_down_is_found(void **state)
{
    fixture *f = *state;
    fixture_copy(f, "long.csv", "SELECT i % 2 AS g, i % 3 = 0 AS sent FROM range(50000) t(i)", "FORMAT csv, HEADER");
    const char *path = eh_arena_format(f->arena, "%s/long.csv", f->folder);
    FILE *file = fopen(path, "a");
    assert_true(file != NULL && fputs("7\n", file) >= 0 && fclose(file) == 0);
    fixture_read(f, path, 2);
    description d;
    describe(f, &d, "sent", "g");
    cube_refused(f, &d, EH_INPUT, "long.csv: line 50002 has 1 column, the others have 2: 7");
}

static void a_table_without_header_has_numbered_columns(void **state)
{
    fixture *f = *state;
    const char *const *names;
    size_t count;
    fixture_read(f, fixture_write(f, "bare.csv", "F,1,20\nM,0,30\nF,1,40\n"), 1);
    eh_engine_columns(f->engine, &names, &count);
    assert_int_equal(count, 3);
    assert_string_equal(names[2], "column2");
    description d;
    describe(f, &d, "sent", "column0");
    cube_refused(f, &d, EH_NOT_FOUND, "--decision: no column 'sent'|column0, column1, column2|no header line");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_formats_are_told_by_their_content, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(binary_formats_are_told_by_their_content, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(unreadable_files_are_refused, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(places_that_are_no_files_are_refused, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_packed_file_that_was_cut_off_is_refused, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(several_files_are_one_table, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(parquet_files_may_differ_in_the_order_of_columns, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_pipe_is_read_once_and_kept, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_type_that_was_guessed_too_narrow_is_corrected, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_ragged_line_far_down_is_found, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(a_table_without_header_has_numbered_columns, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
