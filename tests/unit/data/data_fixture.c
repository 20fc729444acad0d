#include "data_fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <duckdb.h>
#include <sys/stat.h>
#include <unistd.h>

int fixture_open(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    snprintf(f->folder, sizeof f->folder, "/tmp/evenhand-test-XXXXXX");
    f->arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    *state = f;
    return f->arena != NULL && mkdtemp(f->folder) != NULL ? 0 : -1;
}

int fixture_close(void **state)
{
    fixture *f = *state;
    eh_engine_close(&f->engine);
    DIR *listing = opendir(f->folder);
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd(listing), entry->d_name, 0) != 0)
            (void)unlinkat(dirfd(listing), entry->d_name, AT_REMOVEDIR);
    }
    closedir(listing);
    int removed = rmdir(f->folder);
    eh_arena_close(&f->arena);
    free(f);
    return removed;
}

static char *path_of(fixture *f, const char *name)
{
    char *path = eh_arena_format(f->arena, "%s/%s", f->folder, name);
    assert_non_null(path);
    return path;
}

const char *fixture_write_bytes(fixture *f, const char *name, const void *bytes, size_t len)
{
    char *path = path_of(f, name);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
    return path;
}

const char *fixture_write(fixture *f, const char *name, const char *text)
{
    return fixture_write_bytes(f, name, text, strlen(text));
}

const char *fixture_copy(fixture *f, const char *name, const char *query, const char *format)
{
    duckdb_database database = NULL;
    duckdb_connection connection = NULL;
    duckdb_result result;
    char *path = path_of(f, name);
    char *sql = eh_arena_format(f->arena, "COPY (%s) TO '%s' (%s)", query, path, format);
    assert_int_equal(duckdb_open(NULL, &database), DuckDBSuccess);
    assert_int_equal(duckdb_connect(database, &connection), DuckDBSuccess);
    if (duckdb_query(connection, sql, &result) != DuckDBSuccess)
        fail_msg("%s", duckdb_result_error(&result));
    duckdb_destroy_result(&result);
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    return path;
}

eh_code fixture_try(fixture *f, const char *const *paths, size_t count)
{
    eh_engine_options options = {.threads = 2};
    eh_engine_close(&f->engine);
    f->error = (eh_error){0};
    assert_int_equal(eh_engine_open(&options, &f->engine, &f->error), EH_OK);
    return eh_engine_read(f->engine, paths, count, &f->error);
}

void fixture_read(fixture *f, const char *path, uint32_t threads)
{
    eh_engine_options options = {.threads = threads};
    eh_engine_close(&f->engine);
    assert_int_equal(eh_engine_open(&options, &f->engine, &f->error), EH_OK);
    if (eh_engine_read(f->engine, &path, 1, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
}

eh_expression expression(fixture *f, const char *text)
{
    eh_expression parsed = {0};
    if (eh_expression_parse("--test", eh_view_of(text), f->arena, &parsed, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    return parsed;
}

void describe(fixture *f, description *d, const char *decision, const char *by)
{
    eh_expression *list;
    size_t count;
    *d = (description){.spec = {.decision = expression(f, decision)}};
    if (eh_expressions_parse("--by", eh_view_of(by), f->arena, &list, &count, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    assert_true(count <= EH_ATTRIBUTES_MAX);
    for (size_t i = 0; i < count; i++)
        d->attributes[i].expression = list[i];
    d->spec.attributes = d->attributes;
    d->spec.attributes_count = count;
}

void cube_read(fixture *f, const description *d, eh_cube *cube)
{
    f->error = (eh_error){0};
    if (eh_cube_read(f->engine, &d->spec, f->arena, cube, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
}

void assert_parts(const char *text, const char *parts)
{
    while (*parts != '\0') {
        size_t len = strcspn(parts, "|");
        if (memmem(text, strlen(text), parts, len) == NULL)
            fail_msg("'%.*s' is missing in: %s", (int)len, parts, text);
        parts += len + (parts[len] == '|' ? 1 : 0);
    }
}

void cube_refused(fixture *f, const description *d, eh_code code, const char *parts)
{
    eh_cube cube = {.rows = 7};
    f->error = (eh_error){0};
    eh_code found = eh_cube_read(f->engine, &d->spec, f->arena, &cube, &f->error);
    if (found == EH_OK)
        fail_msg("not refused; expected: %s", parts);
    assert_parts(f->error.text, parts);
    if (found != code)
        fail_msg("code '%s', expected '%s': %s", eh_code_name(found), eh_code_name(code), f->error.text);
    assert_int_equal(f->error.code, code);
    assert_int_equal(cube.rows, 7); /* outputs are untouched unless EH_OK */
}

const eh_cell *cell_at(const eh_cube *cube, const char *group0, const char *group1, int label, int decision)
{
    for (size_t i = 0; i < cube->cells_count; i++) {
        const eh_cell *cell = &cube->cells[i];
        if (strcmp(cube->dimensions[0].groups[cell->group[0]].name, group0) == 0 &&
            (group1 == NULL || strcmp(cube->dimensions[1].groups[cell->group[1]].name, group1) == 0) && cell->label == label &&
            cell->decision == decision)
            return cell;
    }
    return NULL;
}

const char *group_names(fixture *f, const eh_cube *cube, size_t dimension)
{
    const char *names = "";
    for (size_t i = 0; i < cube->dimensions[dimension].groups_count; i++)
        names = eh_arena_format(f->arena, "%s%s%s", names, i == 0 ? "" : "|", cube->dimensions[dimension].groups[i].name);
    return names;
}
