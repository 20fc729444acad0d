/*
 * Goal: what goes into the vault comes out for the few purposes it is kept for, every access is written down before it happens, the file
 * says nothing without the key, and what is too old or erased is gone.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../data/data_fixture.h"
#include "store/store.h"
#include "vault/vault.h"

static const char yaml[] =
    "shop: { name: A }\n"
    "sources: { people: { read: people.csv, key: id } }\n"
    "protected:\n"
    "  gender: people.g\n"
    "  faith: { value: people.f, special: true, necessity: we must know, keep: 30 days }\n";

typedef struct {
    eh_workspace *workspace;
    eh_vault *vault;
    char state[128];
} opened;

static const eh_instant day = {.seconds = INT64_C(1700000000)};

static void close_opened(opened *o)
{
    eh_vault_close(&o->vault);
    eh_workspace_close(&o->workspace);
}

static void open_vault(fixture *f, opened *o)
{
    fixture_write(f, "people.csv", "id,g,f\np1,woman,Secretfaith\np2,man,\np3,woman,none\n");
    snprintf(o->state, sizeof o->state, "%s/.evenhand", f->folder);
    assert_int_equal(eh_workspace_parse(eh_view_of(yaml), "evenhand.yaml", f->folder, &o->workspace, &f->error), EH_OK);
    if (eh_vault_open(o->state, &o->vault, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
}

static void import(fixture *f, opened *o, eh_instant at)
{
    const eh_people_options options = {.now = at, .engine = {.threads = 1}};
    uint64_t rows = 0;
    if (eh_vault_import(o->vault, o->workspace, &options, &(eh_vault_access){EH_VAULT_IMPORT, "test", "first", at}, &rows, &f->error) != EH_OK)
        fail_msg("%s", f->error.text);
    assert_int_equal(rows, 5);
}

static eh_code read_values(fixture *f, opened *o, const char *attribute, eh_instant at, const char **values_out)
{
    static const char *const keys[] = {"p3", "nobody", "p1", "p2"};
    return eh_vault_read(o->vault, &(eh_vault_access){EH_VAULT_CHECK, "analyst", "monthly check", at}, 
                         &(eh_vault_query){attribute, keys, 4}, f->arena, values_out, &f->error);
}

static void remove_state(opened *o)
{
    static const char *const names[] = {"vault.db", "vault.db-wal", "vault.db-shm", "keys/vault.key", "keys", ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", o->state, names[i]);
        (void)(remove(path) == 0);
    }
}

static void gives_back(void **state)
{
    fixture *f = *state;
    EH_CLEANUP(close_opened) opened o = {0};
    open_vault(f, &o);
    const char *values[4];
    assert_int_equal(read_values(f, &o, "gender", day, values), EH_NOT_FOUND);
    assert_parts(f->error.text, "evenhand vault import");
    import(f, &o, day);
    assert_int_equal(read_values(f, &o, "gender", day, values), EH_OK);
    assert_string_equal(values[0], "woman");
    assert_null(values[1]);
    assert_string_equal(values[2], "woman");
    assert_string_equal(values[3], "man");
    assert_int_equal(read_values(f, &o, "faith", day, values), EH_OK);
    assert_string_equal(values[2], "Secretfaith");
    assert_null(values[3]);
    import(f, &o, day); /* again: in place of the old, not beside it */
    const eh_vault_attribute *list = NULL;
    size_t count = 0;
    assert_int_equal(eh_vault_list(o.vault, f->arena, &list, &count, &f->error), EH_OK);
    assert_int_equal(count, 2);
    assert_string_equal(list[0].name, "faith");
    assert_true(list[0].special);
    assert_string_equal(list[0].necessity, "we must know");
    assert_int_equal(list[0].expires_at.seconds, day.seconds + 30 * 86400);
    assert_int_equal(list[1].rows_count, 3);
    remove_state(&o);
}

static void writes_down_every_access(void **state)
{
    fixture *f = *state;
    EH_CLEANUP(close_opened) opened o = {0};
    open_vault(f, &o);
    import(f, &o, day);
    const char *values[4];
    assert_int_equal(read_values(f, &o, "gender", day, values), EH_OK);
    const eh_vault_entry *entries = NULL;
    size_t count = 0;
    assert_int_equal(eh_vault_log(o.vault, 10, f->arena, &entries, &count, &f->error), EH_OK);
    assert_int_equal(count, 3);
    assert_int_equal(entries[0].number, 3);
    assert_string_equal(entries[0].purpose, "check");
    assert_string_equal(entries[0].role, "analyst");
    assert_string_equal(entries[0].reason, "monthly check");
    assert_string_equal(entries[0].attribute, "gender");
    assert_int_equal(entries[0].people_count, 4);
    assert_string_equal(entries[2].purpose, "import");
    assert_int_equal(eh_vault_read(o.vault, &(eh_vault_access){EH_VAULT_CHECK, "", "why", day}, &(eh_vault_query){.attribute = "gender"}, f->arena, values, &f->error), EH_DENIED);
    assert_int_equal(eh_vault_read(o.vault, &(eh_vault_access){EH_VAULT_CHECK, "who", NULL, day}, &(eh_vault_query){.attribute = "gender"}, f->arena, values, &f->error), EH_DENIED);
    remove_state(&o);
}

static bool file_holds(const char *path, const char *word)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    return eh_file_read(path, 1 << 24, &bytes, NULL) == EH_OK && bytes.len > 0 && memmem(bytes.ptr, bytes.len, word, strlen(word)) != NULL;
}

static void says_nothing_without_the_key(void **state)
{
    fixture *f = *state;
    EH_CLEANUP(close_opened) opened o = {0};
    open_vault(f, &o);
    import(f, &o, day);
    char database[256], wal[256], key[256];
    snprintf(database, sizeof database, "%s/vault.db", o.state);
    snprintf(wal, sizeof wal, "%s/vault.db-wal", o.state);
    snprintf(key, sizeof key, "%s/keys/vault.key", o.state);
    static const char *const words[] = {"Secretfaith", "woman", "p1", "p2"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        assert_false(file_holds(database, words[i]) || file_holds(wal, words[i]));
    struct stat status;
    assert_int_equal(stat(key, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    eh_vault_close(&o.vault);
    assert_int_equal(chmod(key, 0644), 0);
    assert_int_equal(eh_vault_open(o.state, &o.vault, &f->error), EH_DENIED);
    assert_parts(f->error.text, "others can read|chmod 600");
    assert_int_equal(unlink(key), 0);
    assert_int_equal(eh_vault_open(o.state, &o.vault, &f->error), EH_CORRUPT); /* its pseudonyms would match nobody, and nobody would notice */
    assert_parts(f->error.text, "filled with another key|Put the right key back|evenhand vault import");
    int descriptor = open(key, O_WRONLY | O_TRUNC);
    assert_int_equal(write(descriptor, "no key\n", 7), 7);
    close(descriptor);
    assert_int_equal(eh_vault_open(o.state, &o.vault, &f->error), EH_CORRUPT);
    remove_state(&o);
}

static void forgets(void **state)
{
    fixture *f = *state;
    EH_CLEANUP(close_opened) opened o = {0};
    open_vault(f, &o);
    import(f, &o, day);
    uint64_t rows = 0;
    const char *values[4];
    assert_int_equal(eh_vault_forget(o.vault, &(eh_vault_access){EH_VAULT_REQUEST, "care team", "request 17", day}, "p1", &rows, &f->error), EH_OK);
    assert_int_equal(rows, 2);
    assert_int_equal(read_values(f, &o, "gender", day, values), EH_OK);
    assert_null(values[2]);
    assert_string_equal(values[0], "woman");
    /* Faith may be kept for 30 days, gender for 24 months. */
    eh_instant later = {.seconds = day.seconds + 30 * 86400};
    assert_int_equal(read_values(f, &o, "faith", later, values), EH_DENIED);
    assert_parts(f->error.text, "could be kept until 2023-12-14");
    assert_int_equal(eh_vault_purge(o.vault, later, &rows, &f->error), EH_OK);
    assert_int_equal(rows, 1);
    assert_int_equal(read_values(f, &o, "faith", later, values), EH_NOT_FOUND);
    assert_int_equal(read_values(f, &o, "gender", later, values), EH_OK);
    remove_state(&o);
}

/* Each purpose reads what it is for: an import nothing, a request one person, and what is refused is read by nobody. */
static void reads_for_a_purpose_only(void **state)
{
    fixture *f = *state;
    EH_CLEANUP(close_opened) opened o = {0};
    static const char *const keys[] = {"p1", "p2"};
    static const struct {
        eh_vault_purpose purpose;
        size_t keys_count;
        eh_code code;
    } rows[] = {{EH_VAULT_CHECK, 2, EH_OK}, {EH_VAULT_TRAINING, 2, EH_OK}, {EH_VAULT_REQUEST, 1, EH_OK}, {EH_VAULT_REQUEST, 2, EH_DENIED}, {EH_VAULT_REQUEST, 0, EH_DENIED},
                {EH_VAULT_IMPORT, 2, EH_DENIED}};
    open_vault(f, &o);
    import(f, &o, day);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *values[2] = {"untouched", "untouched"};
        const eh_vault_access access = {rows[i].purpose, "analyst", "a reason", day};
        assert_int_equal(eh_vault_read(o.vault, &access, &(eh_vault_query){"gender", keys, rows[i].keys_count}, f->arena, values, &f->error), rows[i].code);
        assert_string_equal(values[0], rows[i].code == EH_OK ? "woman" : "untouched");
    }
    remove_state(&o);
}

static void attack(opened *o, const char *sql)
{
    char path[256];
    eh_store *store = NULL;
    eh_error error;
    snprintf(path, sizeof path, "%s/vault.db", o->state);
    assert_int_equal(eh_store_open(path, &(eh_store_options){.mode = EH_STORE_WRITE}, &store, &error), EH_OK);
    if (eh_store_run(store, sql, &error) != EH_OK)
        fail_msg("%s", error.text);
    eh_store_close(&store);
}

/* AI Act, Article 4a, one condition after the other: without it the vault stays shut, whatever is asked of it, and says what is missing. */
static void every_condition_is_asked_for(void **state)
{
    fixture *f = *state;
    EH_CLEANUP(close_opened) opened o = {0};
    static const char *const keys[] = {"p1"};
    const eh_vault_query query = {"gender", keys, 1};
    static const struct {
        eh_vault_access access;
        const char *says;
    } rows[] = {
        {{EH_VAULT_PURPOSES_COUNT, "analyst", "monthly check", {0}}, "only for a purpose"},
        {{EH_VAULT_CHECK, NULL, "monthly check", {0}}, "named role"},
        {{EH_VAULT_CHECK, "", "monthly check", {0}}, "named role"},
        {{EH_VAULT_CHECK, " \t", "monthly check", {0}}, "named role"},
        {{EH_VAULT_CHECK, "analyst", NULL, {0}}, "with a reason"},
        {{EH_VAULT_CHECK, "analyst", "  ", {0}}, "with a reason"},
        {{EH_VAULT_CHECK, "Marketer", "to send more", {0}}, "'marketer'"},
        {{EH_VAULT_TRAINING, "viewer", "to look", {0}}, "'viewer'"},
    };
    open_vault(f, &o);
    import(f, &o, day);
    const eh_vault_entry *entries = NULL;
    size_t before = 0, after = 0;
    assert_int_equal(eh_vault_log(o.vault, 100, f->arena, &entries, &before, &f->error), EH_OK);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *values[1] = {"untouched"};
        eh_vault_access access = rows[i].access;
        access.at = day;
        assert_int_equal(eh_vault_read(o.vault, &access, &query, f->arena, values, &f->error), EH_DENIED);
        assert_parts(f->error.text, rows[i].says);
        assert_string_equal(values[0], "untouched");
        access.purpose = access.purpose == EH_VAULT_CHECK ? EH_VAULT_IMPORT : access.purpose;
        uint64_t count = 77;
        assert_int_equal(eh_vault_import(o.vault, o.workspace, &(eh_people_options){.now = day}, &access, &count, &f->error), EH_DENIED);
        access.purpose = access.purpose == EH_VAULT_IMPORT ? EH_VAULT_REQUEST : access.purpose;
        assert_int_equal(eh_vault_forget(o.vault, &access, "p1", &count, &f->error), EH_DENIED);
        assert_int_equal(count, 77);
    }
    assert_int_equal(eh_vault_log(o.vault, 100, f->arena, &entries, &after, &f->error), EH_OK);
    assert_int_equal(after, before);
    const char *values[1] = {NULL};
    assert_int_equal(eh_vault_read(o.vault, &(eh_vault_access){EH_VAULT_CHECK, "ethics owner", "monthly check", day}, &query, f->arena, values, &f->error), EH_OK);
    assert_string_equal(values[0], "woman"); /* nothing was forgotten or put in place of it */
    assert_int_equal(eh_vault_forget(o.vault, &(eh_vault_access){EH_VAULT_CHECK, "analyst", "tidying", day}, "p1", NULL, &f->error), EH_DENIED);
    remove_state(&o);
}

/* The log, the memo of necessity and the time to keep it are conditions too. */
static void without_log_or_memo_it_stays_shut(void **state)
{
    fixture *f = *state;
    EH_CLEANUP(close_opened) opened o = {0};
    const char *values[4] = {"untouched"};
    open_vault(f, &o);
    import(f, &o, day);
    attack(&o, "UPDATE attribute SET necessity = ' ' WHERE name = 'faith'");
    assert_int_equal(read_values(f, &o, "faith", day, values), EH_DENIED);
    assert_parts(f->error.text, "'faith' is a special category|necessity");
    attack(&o, "UPDATE attribute SET necessity = NULL WHERE name = 'faith'");
    assert_int_equal(read_values(f, &o, "faith", day, values), EH_DENIED);
    attack(&o, "CREATE TRIGGER deaf BEFORE INSERT ON access BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_true(read_values(f, &o, "gender", day, values) != EH_OK); /* what cannot be written down is not read */
    assert_string_equal(values[0], "untouched");
    attack(&o, "DROP TRIGGER deaf");
    assert_int_equal(read_values(f, &o, "gender", day, values), EH_OK);
    remove_state(&o);
    static const char *const refused[] = {
        "shop: { name: A }\nsources: { people: { read: people.csv, key: id } }\nprotected: { faith: { value: people.f, special: true } }\n",
        "shop: { name: A }\nsources: { people: { read: people.csv, key: id } }\nprotected: { faith: { value: people.f, special: true, necessity: '' } }\n",
        "shop: { name: A }\nsources: { people: { read: people.csv, key: id } }\nprotected: { faith: { value: people.f, special: true, necessity: '  ' } }\n",
        "shop: { name: A }\nsources: { people: { read: people.csv, key: id } }\nprotected: { faith: { value: people.f, keep: 0 days } }\n",
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        eh_workspace *workspace = NULL;
        assert_int_not_equal(eh_workspace_parse(eh_view_of(refused[i]), "evenhand.yaml", f->folder, &workspace, &f->error), EH_OK);
        assert_parts(f->error.text, i < 3 ? "necessity" : "keep");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gives_back, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(writes_down_every_access, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(says_nothing_without_the_key, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(forgets, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(reads_for_a_purpose_only, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(every_condition_is_asked_for, fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(without_log_or_memo_it_stays_shut, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
