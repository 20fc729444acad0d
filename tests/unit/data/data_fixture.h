/**
 * What the tests of src/data share: a folder for small files, files of every format, an engine that has read them.
 */
#ifndef EH_TEST_DATA_FIXTURE_H
#define EH_TEST_DATA_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "data/data.h"

typedef struct {
    char folder[64];
    eh_arena *arena;
    eh_engine *engine;
    eh_error error;
} fixture;

/** cmocka's setup and teardown: an empty folder, an arena, no engine. */
int fixture_open(void **state);
int fixture_close(void **state);

/** Writes `len` bytes to a file of the folder and returns its path, which lives as long as the arena. */
const char *fixture_write_bytes(fixture *f, const char *name, const void *bytes, size_t len);
/** The same for a text. */
const char *fixture_write(fixture *f, const char *name, const char *text);
/** Has DuckDB write the rows of a query: format is what stands in COPY .. TO .. (format), e.g. "FORMAT parquet". */
const char *fixture_copy(fixture *f, const char *name, const char *query, const char *format);
/** A new engine (the old one is closed) that reads one file; fails the test unless it is read. threads 0: all. */
void fixture_read(fixture *f, const char *path, uint32_t threads);
/** A new engine that reads files; returns what eh_engine_read says, with f->error. */
eh_code fixture_try(fixture *f, const char *const *paths, size_t count);

/** A cube's specification with room for its attributes; tests set the other parts themselves. */
typedef struct {
    eh_cube_spec spec;
    eh_cube_attribute attributes[EH_ATTRIBUTES_MAX];
} description;

void describe(fixture *f, description *d, const char *decision, const char *by);
eh_expression expression(fixture *f, const char *text);
/** eh_cube_read; fails the test with the error's text unless it succeeds. */
void cube_read(fixture *f, const description *d, eh_cube *cube);
/** eh_cube_read must fail with `code`, and each of the parts (separated by |) must stand in the error's text. */
void cube_refused(fixture *f, const description *d, eh_code code, const char *parts);
/** Fails the test unless each part (separated by |) stands in `text`. */
void assert_parts(const char *text, const char *parts);
/** The cell with these groups (names), or NULL. */
const eh_cell *cell_at(const eh_cube *cube, const char *group0, const char *group1, int label, int decision);
/** "a|b|c": the names of a dimension's groups in their order. */
const char *group_names(fixture *f, const eh_cube *cube, size_t dimension);

#endif
