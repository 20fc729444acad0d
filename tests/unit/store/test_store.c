/* Goal: what was committed is there, what was not is not, one writer at a time, readers see one moment, nothing deleted stays on the disk. */
#include "store/store.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static char folder[] = "/tmp/evenhand-store-XXXXXX";
static char path[256], copy_path[256];
static const eh_store_options creating = {.mode = EH_STORE_CREATE, .wait_ms = 1}, reading = {.mode = EH_STORE_READ}, writing = {.mode = EH_STORE_WRITE};
static const char *const steps[] = {
    "CREATE TABLE person (id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, weight DOUBLE PRECISION, photo BYTEA)",
    "CREATE TABLE visit (person BIGINT NOT NULL REFERENCES person (id) ON DELETE CASCADE, at BIGINT NOT NULL); CREATE INDEX visit_at ON visit (at)",
    "THIS IS NO SQL",
};

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[300];
    snprintf(command, sizeof command, "rm -r '%s'", folder);
    FILE *done = popen(command, "r");
    return done == NULL ? -1 : pclose(done);
}

static int fresh(void **state)
{
    static int number;
    (void)state;
    snprintf(path, sizeof path, "%s/%d.db", folder, ++number);
    snprintf(copy_path, sizeof copy_path, "%s/%d-copy.db", folder, number);
    return 0;
}

static eh_store *opened(const char *name, const eh_store_options *options)
{
    eh_store *store = NULL;
    eh_error error = {0};
    if (eh_store_open(name, options, &store, &error) != EH_OK)
        fail_msg("%s", error.text);
    return store;
}

static eh_store *migrated(void)
{
    eh_store *store = opened(path, &creating);
    eh_error error = {0};
    if (eh_store_migrate(store, "test", steps, 2, &error) != EH_OK)
        fail_msg("%s", error.text);
    return store;
}

static void insert(eh_store *store, int64_t id, const char *name)
{
    EH_CLEANUP(eh_statement_close) eh_statement *statement = NULL;
    eh_error error = {0};
    /* parameters out of order: PostgreSQL counts by number */
    assert_int_equal(eh_store_prepare(store, "INSERT INTO person (name, id) VALUES ($2, $1)", &statement, &error), EH_OK);
    eh_bind_integer(statement, 1, id);
    eh_bind_text(statement, 2, eh_view_of(name));
    if (eh_statement_run(statement, &error) != EH_OK)
        fail_msg("%s", error.text);
}

static int64_t count(eh_store *store, const char *table)
{
    EH_CLEANUP(eh_statement_close) eh_statement *statement = NULL;
    eh_error error = {0};
    char sql[64];
    bool row;
    snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
    if (eh_store_prepare(store, sql, &statement, &error) != EH_OK || eh_statement_step(statement, &row, &error) != EH_OK)
        fail_msg("%s", error.text);
    return eh_column_integer(statement, 0);
}

static void keeps_and_undoes(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_store *store = migrated();
    struct stat facts;
    assert_int_equal(stat(path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal(eh_store_begin(store, &error), EH_OK);
    insert(store, 1, "Ann");
    assert_int_equal(eh_store_commit(store, &error), EH_OK);
    assert_int_equal(eh_store_begin(store, &error), EH_OK);
    insert(store, 2, "Ben");
    assert_true(eh_store_in_transaction(store));
    eh_store_rollback(store);
    assert_int_equal(count(store, "person"), 1);
    eh_store_close(&store);
    store = opened(path, &reading);
    assert_int_equal(count(store, "person"), 1);
    assert_int_equal(eh_store_run(store, "DELETE FROM person", &error), EH_DENIED);
    eh_store_close(&store);
}

static void binds_and_reads_every_type(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_store *store = migrated();
    eh_statement *statement = NULL;
    bool row = false;
    assert_int_equal(eh_store_prepare(store, "INSERT INTO person (id, name, weight, photo) VALUES ($1, $2, $3, $4) RETURNING id, name, weight, photo",
                                      &statement, &error), EH_OK);
    eh_bind_integer(statement, 1, INT64_MIN);
    eh_bind_text(statement, 2, EH_VIEW("\xC3\x89lo\xC3\xAFse"));
    eh_bind_double(statement, 3, 0.1);
    eh_bind_bytes(statement, 4, (eh_view){"\0\xff\0", 3});
    assert_int_equal(eh_statement_step(statement, &row, &error), EH_OK);
    assert_true(row);
    assert_true(eh_column_integer(statement, 0) == INT64_MIN);
    assert_true(eh_view_equal(eh_column_text(statement, 1), EH_VIEW("\xC3\x89lo\xC3\xAFse")));
    assert_true(eh_column_double(statement, 2) == 0.1);
    assert_true(eh_view_equal(eh_column_bytes(statement, 3), (eh_view){"\0\xff\0", 3}));
    assert_int_equal(eh_statement_step(statement, &row, &error), EH_OK);
    assert_false(row);
    eh_statement_reset(statement);
    eh_bind_integer(statement, 1, 5);
    eh_bind_text(statement, 2, EH_VIEW("Eve"));
    eh_bind_null(statement, 3);
    eh_bind_bytes(statement, 4, (eh_view){"", 0});
    assert_int_equal(eh_statement_step(statement, &row, &error), EH_OK);
    assert_true(eh_column_null(statement, 2) && !eh_column_null(statement, 3));
    assert_non_null(eh_column_bytes(statement, 3).ptr);
    eh_statement_close(&statement);
    assert_int_equal(eh_store_prepare(store, "SELECT 1; SELECT 2", &statement, &error), EH_INTERNAL);
    assert_int_equal(eh_store_prepare(store, "SELECT $17", &statement, &error), EH_INTERNAL);
    eh_store_close(&store);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_store *store = NULL;
    assert_int_equal(eh_store_open("/nowhere-at-all/x.db", &creating, &store, &error), EH_NOT_FOUND);
    assert_non_null(strstr(error.text, "/nowhere-at-all/x.db"));
    assert_int_equal(eh_store_open(path, &reading, &store, &error), EH_NOT_FOUND);
    assert_int_equal(eh_store_open(folder, &reading, &store, &error), EH_INPUT);
    assert_int_equal(eh_file_replace(path, EH_VIEW("this is a letter and no database, however long it may grow"), &error), EH_OK);
    assert_int_equal(eh_store_open(path, &creating, &store, &error), EH_CORRUPT);
    assert_non_null(strstr(error.text, path));
    fresh(NULL);
    store = migrated();
    insert(store, 1, "Ann");
    assert_int_equal(eh_store_run(store, "INSERT INTO person (id, name) VALUES (2, 'Ann')", &error), EH_CONFLICT);
    assert_non_null(strstr(error.text, "person.name"));
    assert_int_equal(eh_store_run(store, "INSERT INTO person (id, name) VALUES ('two', 'Bea')", &error), EH_CONFLICT);
    assert_int_equal(eh_store_run(store, "INSERT INTO visit (person, at) VALUES (9, 1)", &error), EH_CONFLICT);
    eh_store_close(&store);
}

static void one_writer_many_readers(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_store *first = migrated(), *second = opened(path, &creating), *reader = opened(path, &reading);
    insert(first, 1, "Ann");
    assert_int_equal(eh_store_begin_reading(reader, &error), EH_OK);
    assert_int_equal(eh_store_begin(first, &error), EH_OK);
    insert(first, 2, "Ben");
    assert_int_equal(eh_store_begin(second, &error), EH_UNAVAILABLE);
    assert_non_null(strstr(error.text, "try again"));
    assert_int_equal(count(reader, "person"), 1);
    assert_int_equal(eh_store_commit(first, &error), EH_OK);
    assert_int_equal(count(reader, "person"), 1);
    assert_int_equal(eh_store_commit(reader, &error), EH_OK);
    assert_int_equal(count(reader, "person"), 2);
    assert_int_equal(eh_store_begin(second, &error), EH_OK);
    eh_store_close(&second);
    eh_store_close(&first);
    eh_store_close(&reader);
}

static void migrates_forward(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_store *store = opened(path, &creating);
    uint32_t version = 9;
    assert_int_equal(eh_store_version(store, "test", &version, &error), EH_OK);
    assert_int_equal(version, 0);
    assert_int_equal(eh_store_migrate(store, "test", steps, 1, &error), EH_OK);
    insert(store, 1, "Ann");
    /* a broken step leaves all as it was */
    assert_int_equal(eh_store_migrate(store, "test", steps, 3, &error), EH_INTERNAL);
    assert_non_null(strstr(error.text, "migration of test to version 3"));
    assert_int_equal(eh_store_version(store, "test", &version, &error), EH_OK);
    assert_int_equal(version, 1);
    assert_int_equal(eh_store_migrate(store, "test", steps, 2, &error), EH_OK);
    assert_int_equal(count(store, "visit"), 0);
    char before[300];
    snprintf(before, sizeof before, "%s.before-test-1", path);
    eh_store *old = opened(before, &reading);
    assert_int_equal(count(old, "person"), 1);
    eh_store_close(&old);
    assert_int_equal(eh_store_migrate(store, "test", steps, 1, &error), EH_CONFLICT);
    assert_non_null(strstr(error.text, "newer"));
    assert_int_equal(eh_store_migrate(store, "other", steps + 1, 0, &error), EH_OK);
    eh_store_close(&store);
}

static void translates(void **state)
{
    (void)state;
    static const struct { const char *postgres, *sqlite; } pairs[] = {
        {"CREATE TABLE a (b bigint, c BYTEA, d double\n precision)", "CREATE TABLE a (b INTEGER, c BLOB, d REAL) STRICT"},
        {"CREATE TABLE a (b BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY);", "CREATE TABLE a (b INTEGER  PRIMARY KEY) STRICT;"},
        {"CREATE INDEX table_x ON a (b); ", "CREATE INDEX table_x ON a (b); "},
        {"INSERT INTO a VALUES ('BIGINT; ''x'); -- BIGINT;\n/* BYTEA; */ SELECT \"BYTEA\"",
         "INSERT INTO a VALUES ('BIGINT; ''x'); -- BIGINT;\n/* BYTEA; */ SELECT \"BYTEA\""},
        {"CREATE TABLE a (x BOOLEAN); CREATE TABLE b (bigints TEXT)", "CREATE TABLE a (x INTEGER) STRICT; CREATE TABLE b (bigints TEXT) STRICT"},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer out = {0};
        eh_store_translate(pairs[i].postgres, &out);
        assert_string_equal(out.ptr, pairs[i].sqlite);
    }
}

static void copies_while_open(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_store *store = migrated();
    insert(store, 1, "Ann");
    assert_int_equal(eh_store_backup(store, copy_path, &error), EH_OK);
    assert_int_equal(eh_store_backup(store, copy_path, &error), EH_CONFLICT);
    insert(store, 2, "Ben");
    eh_store *reader = opened(path, &reading);
    assert_int_equal(eh_store_begin_reading(reader, &error), EH_OK);
    assert_int_equal(eh_store_restore(store, copy_path, &error), EH_OK);
    assert_int_equal(count(store, "person"), 1);
    assert_int_equal(count(reader, "person"), 2);
    assert_int_equal(eh_store_commit(reader, &error), EH_OK);
    assert_int_equal(count(reader, "person"), 1);
    insert(store, 3, "Cat"); /* still in WAL mode, still writable */
    eh_store_close(&reader);
    eh_store_close(&store);
    store = opened(copy_path, &reading);
    assert_int_equal(count(store, "person"), 1);
    eh_store_close(&store);
}

static void found_one(void *context, const char *what)
{
    (void)what;
    ++*(size_t *)context;
}

static void finds_damage(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_store *store = migrated();
    size_t found = 0;
    for (int i = 0; i < 2000; i++) {
        char name[32];
        snprintf(name, sizeof name, "person %d", i);
        if (i == 0)
            assert_int_equal(eh_store_begin(store, &error), EH_OK);
        insert(store, i, name);
    }
    assert_int_equal(eh_store_commit(store, &error), EH_OK);
    assert_int_equal(eh_store_check(store, found_one, &found, &error), EH_OK);
    assert_int_equal(found, 0);
    assert_int_equal(eh_store_scrub(store, &error), EH_OK);
    eh_store_close(&store);
    int descriptor = open(path, O_RDWR);
    char zeros[600] = {0};
    assert_int_equal(pwrite(descriptor, zeros, sizeof zeros, 5 * 4096), sizeof zeros);
    close(descriptor);
    store = opened(path, &reading);
    assert_int_equal(eh_store_check(store, found_one, &found, &error), EH_OK);
    assert_true(found > 0);
    eh_store_close(&store);
}

static bool holds(const char *name, const char *needle)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    eh_error error = {0};
    if (eh_file_read(name, 1 << 26, &bytes, &error) != EH_OK)
        return false;
    return bytes.len > 0 && memmem(bytes.ptr, bytes.len, needle, strlen(needle)) != NULL;
}

static void leaves_no_trace(void **state)
{
    (void)state;
    eh_error error = {0};
    eh_store *store = opened(path, &creating);
    char wal[300], before[300];
    assert_int_equal(eh_store_migrate(store, "test", steps, 1, &error), EH_OK);
    for (int i = 0; i < 300; i++) {
        char name[64];
        snprintf(name, sizeof name, i % 3 == 0 ? "carla.erased-%d@shop.example" : "somebody-%d@shop.example", i);
        insert(store, (i * 7919) % 1000 * 1000 + i, name);
    }
    assert_int_equal(eh_store_migrate(store, "test", steps, 2, &error), EH_OK);
    snprintf(wal, sizeof wal, "%s-wal", path);
    snprintf(before, sizeof before, "%s.before-test-1", path);
    assert_true(holds(wal, "carla.erased"));
    assert_true(holds(before, "carla.erased"));
    assert_int_equal(eh_store_run(store, "DELETE FROM person WHERE name LIKE 'carla%'", &error), EH_OK);
    assert_int_equal(eh_store_changes(store), 100);
    eh_store *reader = opened(path, &reading);
    assert_int_equal(eh_store_begin_reading(reader, &error), EH_OK);
    assert_int_equal(eh_store_run(store, "DELETE FROM person WHERE name = 'somebody-1@shop.example'", &error), EH_OK);
    assert_int_equal(eh_store_scrub(store, &error), EH_UNAVAILABLE); /* the reader's view still needs the old pages */
    eh_store_close(&reader);
    assert_int_equal(eh_store_scrub(store, &error), EH_OK);
    assert_false(holds(path, "carla.erased"));
    assert_false(holds(wal, "carla.erased"));
    assert_int_not_equal(access(before, F_OK), 0);
    assert_true(holds(path, "somebody-298"));
    eh_store_close(&store);
}

/* One row, written by another process, which is then the last to close the file but for this one. */
static void another_writes(const char *value)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        eh_error error = {0};
        char sql[100];
        eh_store *store = NULL;
        snprintf(sql, sizeof sql, "CREATE TABLE IF NOT EXISTS said (word TEXT); INSERT INTO said VALUES ('%s')", value);
        bool well = eh_store_open(path, &writing, &store, &error) == EH_OK && eh_store_run(store, sql, &error) == EH_OK;
        eh_store_close(&store);
        _exit(well ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static bool another_sees(const char *value)
{
    pid_t child = fork();
    if (child == 0) {
        eh_error error = {0};
        eh_store *store = NULL;
        EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
        bool row = false;
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT word FROM said WHERE word = '%s'", value);
        bool well = eh_store_open(path, &reading, &store, &error) == EH_OK && eh_store_prepare(store, sql, &find, &error) == EH_OK &&
                    eh_statement_step(find, &row, &error) == EH_OK;
        _exit(well && row ? 0 : 1);
    }
    int status = 1;
    (void)waitpid(child, &status, 0);
    return status == 0;
}

/* Looking through a file leaves the locks of this process alone: another one that comes and goes does not take its log away. */
static void looking_through_keeps_the_locks(void **state)
{
    static const char *const marks[] = {"not.there", "dora.kept"}, *const none[] = {"not.there"};
    eh_error error = {0};
    bool found = false;
    (void)state;
    eh_store *store = opened(path, &creating);
    another_writes("before");
    assert_int_equal(eh_store_run(store, "INSERT INTO said VALUES ('dora.kept')", &error), EH_OK);
    assert_int_equal(eh_store_holds(path, marks, 2, &found, &error), EH_OK);
    assert_true(found); /* in the log, or in the file */
    assert_int_equal(eh_store_holds(path, none, 1, &found, &error), EH_OK);
    assert_false(found);
    another_writes("between");
    assert_int_equal(eh_store_run(store, "INSERT INTO said VALUES ('after')", &error), EH_OK);
    assert_true(another_sees("between"));
    assert_true(another_sees("after"));
    eh_store_close(&store);
}

typedef struct {
    int failures, rounds;
    bool writes;
} worker;

/* Each writer adds one to a counter in its own transactions; no count may be lost. */
static void *work(void *argument)
{
    worker *mine = argument;
    eh_store *store = NULL;
    eh_error error = {0};
    if (eh_store_open(path, &(eh_store_options){.mode = mine->writes ? EH_STORE_WRITE : EH_STORE_READ, .wait_ms = 60000}, &store, &error) != EH_OK) {
        mine->failures++;
        return NULL;
    }
    for (int i = 0; i < mine->rounds; i++) {
        if (mine->writes) {
            bool done = eh_store_begin(store, &error) == EH_OK && eh_store_run(store, "UPDATE person SET id = id + 1", &error) == EH_OK &&
                        eh_store_commit(store, &error) == EH_OK;
            mine->failures += !done;
        } else {
            mine->failures += count(store, "person") != 1;
        }
    }
    eh_store_close(&store);
    return NULL;
}

static void counts_right_from_many_threads(void **state)
{
    (void)state;
    eh_store *store = migrated();
    insert(store, 0, "counter");
    worker workers[5] = {{.writes = true, .rounds = 20}, {.writes = true, .rounds = 20}, {.writes = true, .rounds = 20}, {.rounds = 200}, {.rounds = 200}};
    pthread_t threads[5];
    for (int i = 0; i < 5; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    for (int i = 0; i < 5; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(workers[i].failures, 0);
    }
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    eh_error error = {0};
    bool row;
    assert_int_equal(eh_store_prepare(store, "SELECT id FROM person", &find, &error), EH_OK);
    assert_int_equal(eh_statement_step(find, &row, &error), EH_OK);
    assert_int_equal(eh_column_integer(find, 0), 60);
    eh_statement_close(&find);
    eh_store_close(&store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(keeps_and_undoes, fresh),
        cmocka_unit_test_setup(binds_and_reads_every_type, fresh),
        cmocka_unit_test_setup(says_what_is_wrong, fresh),
        cmocka_unit_test_setup(one_writer_many_readers, fresh),
        cmocka_unit_test_setup(migrates_forward, fresh),
        cmocka_unit_test_setup(translates, fresh),
        cmocka_unit_test_setup(copies_while_open, fresh),
        cmocka_unit_test_setup(finds_damage, fresh),
        cmocka_unit_test_setup(leaves_no_trace, fresh),
        cmocka_unit_test_setup(looking_through_keeps_the_locks, fresh),
        cmocka_unit_test_setup(counts_right_from_many_threads, fresh),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
