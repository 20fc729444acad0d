/* Counts of real data against published figures; skipped, and said so, where the data is not there. */
#include "data_fixture.h"

#include <unistd.h>

/* EVENHAND_DATA, or shared/data beside the source folder; NULL when the file is not there. */
static const char *data_path(fixture *f, const char *name)
{
    const char *folder = getenv("EVENHAND_DATA"), *source = getenv("EVENHAND_SOURCE");
    const char *path = folder != NULL ? eh_arena_format(f->arena, "%s/%s", folder, name)
                                      : eh_arena_format(f->arena, "%s/../shared/data/%s", source == NULL ? "." : source, name);
    if (access(path, R_OK) == 0)
        return path;
    print_message("[  SKIPPED ] %s is not there; set EVENHAND_DATA to the folder that holds it\n", path);
    return NULL;
}

static uint64_t count_where(const eh_cube *cube, const char *group, int label)
{
    uint64_t count = 0;
    for (size_t i = 0; i < cube->cells_count; i++)
        if (strcmp(cube->dimensions[0].groups[cube->cells[i].group[0]].name, group) == 0 && (label == EH_UNKNOWN || cube->cells[i].label == label))
            count += cube->cells[i].count;
    return count;
}

/* Becker and Kohavi 1996, UCI Adult: no header; 32,561 rows; by sex F 1,179 of 10,771 and M 6,662 of 21,790 have more than 50K. */
static void adult_by_sex(void **state)
{
    fixture *f = *state;
    const char *path = data_path(f, "adult.data.gz");
    if (path == NULL)
        return;
    description d;
    eh_cube cube;
    fixture_read(f, path, 2);
    describe(f, &d, "trim(column14) = '>50K'", "trim(column09) AS sex");
    d.spec.label = d.spec.decision;
    cube_read(f, &d, &cube);
    assert_int_equal(cube.rows, 32561);
    assert_string_equal(group_names(f, &cube, 0), "Female|Male");
    assert_int_equal(count_where(&cube, "Female", EH_UNKNOWN), 10771);
    assert_int_equal(count_where(&cube, "Female", EH_TRUE), 1179); /* rate .1094605886 */
    assert_int_equal(count_where(&cube, "Male", EH_TRUE), 6662);   /* rate .3057365764 of 21,790 */
    describe(f, &d, "column14", "trim(column09) AS sex");
    cube_refused(f, &d, EH_INPUT, "2 values|' <=50K' and ' >50K'|\"column14 = ' >50K'\"");
}

/* The test file begins with a line that is no row; it is refused by its line and not skipped in silence. */
static void adult_test_begins_with_a_note(void **state)
{
    fixture *f = *state;
    const char *path = data_path(f, "adult.test.gz");
    if (path == NULL)
        return;
    assert_int_equal(fixture_try(f, &path, 1), EH_INPUT);
    assert_parts(f->error.text, "adult.test.gz: line 1 has 1 column, the next lines have 15: |remove what stands before it");
}

/* Moro, Rita, Cortez 2014, UCI bank marketing: 45,211 people, 5,289 yes; under 25 25.6 %, 60 and over 33.6 %. */
static void bank_by_age(void **state)
{
    static const double edges[] = {25, 60};
    fixture *f = *state;
    const char *path = data_path(f, "bank_full.csv.gz");
    if (path == NULL)
        return;
    description d;
    eh_cube cube;
    fixture_read(f, path, 2);
    describe(f, &d, "pdays <> -1", "age");
    d.attributes[0].edges = edges;
    d.attributes[0].edges_count = 2;
    d.spec.label = expression(f, "y");
    cube_read(f, &d, &cube);
    assert_int_equal(cube.rows, 45211);
    assert_string_equal(group_names(f, &cube, 0), "under 25|25 to 59|60 and over");
    assert_int_equal(count_where(&cube, "under 25", EH_TRUE) + count_where(&cube, "25 to 59", EH_TRUE) + count_where(&cube, "60 and over", EH_TRUE), 5289);
    uint64_t young = count_where(&cube, "under 25", EH_UNKNOWN), old = count_where(&cube, "60 and over", EH_UNKNOWN);
    assert_int_equal((1000 * count_where(&cube, "under 25", EH_TRUE) + young / 2) / young, 256);
    assert_int_equal((1000 * count_where(&cube, "60 and over", EH_TRUE) + old / 2) / old, 336);
}

/* Hillstrom 2008: 64,000 people; 21,307, 21,387 and 21,306 in three arms; visits 3,894, 3,238, 2,262. */
static void hillstrom_by_arm(void **state)
{
    fixture *f = *state;
    const char *path = data_path(f, "hillstrom.csv.gz");
    if (path == NULL)
        return;
    description d;
    eh_cube cube;
    fixture_read(f, path, 2);
    describe(f, &d, "visit", "segment");
    d.spec.label = expression(f, "visit");
    d.spec.value = expression(f, "spend");
    cube_read(f, &d, &cube);
    assert_string_equal(group_names(f, &cube, 0), "Mens E-Mail|No E-Mail|Womens E-Mail");
    assert_int_equal(count_where(&cube, "Mens E-Mail", EH_UNKNOWN), 21307);
    assert_int_equal(count_where(&cube, "Womens E-Mail", EH_UNKNOWN), 21387);
    assert_int_equal(count_where(&cube, "No E-Mail", EH_UNKNOWN), 21306);
    assert_int_equal(count_where(&cube, "Mens E-Mail", EH_TRUE), 3894);
    assert_int_equal(count_where(&cube, "Womens E-Mail", EH_TRUE), 3238);
    assert_int_equal(count_where(&cube, "No E-Mail", EH_TRUE), 2262);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(adult_by_sex, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(adult_test_begins_with_a_note, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(bank_by_age, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(hillstrom_by_arm, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
