/*
 * Goal: what init writes loads, for every kind of data; what is protected is recognised by name or by values in eight languages and is no
 * feature; what is there already stays.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

#include "cli/cli_int.h"
#include "data/workspace.h"
#include "vault/vault.h"

static char base[64];
static int folders_made;

static int open_base(void **state)
{
    (void)state;
    snprintf(base, sizeof base, "/tmp/evenhand-init-XXXXXX");
    return mkdtemp(base) == NULL;
}

static int close_base(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "%s", base);
    const char *const words[] = {"rm", "-rf", command, NULL};
    pid_t child = fork();
    if (child == 0)
        execvp("rm", (char *const *)(uintptr_t)words);
    return 0;
}

/* Runs init without its words on the terminal and opens what it wrote. */
static void init_files(const char *const *files, size_t count, eh_workspace **workspace_out)
{
    char folder[96], *argv[16] = {(char *)(uintptr_t)"init", folder, (char *)(uintptr_t)"--now", (char *)(uintptr_t)"2026-11-23", (char *)(uintptr_t)"--from"};
    int argc = 5;
    snprintf(folder, sizeof folder, "%s/shop-%d", base, folders_made++);
    for (size_t i = 0; i < count; i++)
        argv[argc++] = (char *)(uintptr_t)files[i];
    int kept = dup(STDOUT_FILENO), nowhere = open("/dev/null", O_WRONLY);
    dup2(nowhere, STDOUT_FILENO);
    int status = eh_init_command(argc, argv);
    dup2(kept, STDOUT_FILENO);
    close(kept);
    close(nowhere);
    assert_int_equal(status, 0);
    eh_error error = {0};
    if (eh_workspace_open(folder, workspace_out, &error) != EH_OK)
        fail_msg("%s", error.text);
}

/* The people are there, with and without the wall; the vault takes the attributes. */
static void loads(eh_workspace *workspace, size_t people_count)
{
    eh_instant now = {.seconds = INT64_C(1795392000)};
    eh_people_options options = {.now = now, .outcomes = eh_workspace_get(workspace)->outcomes_count > 0, .dated = true, .as_of = {.seconds = INT64_C(1500000000)}};
    EH_CLEANUP(eh_people_close) eh_people *people = NULL;
    EH_CLEANUP(eh_vault_close) eh_vault *vault = NULL;
    eh_error error = {0};
    if (eh_people_open(workspace, &options, &people, &error) != EH_OK)
        fail_msg("%s", error.text);
    assert_int_equal(eh_people_count(people), people_count);
    if (eh_vault_open(eh_workspace_get(workspace)->state_folder, &vault, &error) != EH_OK ||
        eh_vault_import(vault, workspace, &options, &(eh_vault_access){EH_VAULT_IMPORT, "test", "does it load", now}, NULL, &error) != EH_OK)
        fail_msg("%s", error.text);
}

static const char *write_file(const char *name, const char *text)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", base, name);
    assert_int_equal(eh_file_replace(path, eh_view_of(text), NULL), EH_OK);
    return path;
}

static void knows_names_and_values(void **state)
{
    (void)state;
    static const struct {
        const char *header, *values[3], *kind; /* NULL: no protected attribute */
    } rows[] = {
        {"gender", {"a", "b", "c"}, "gender"},       {"Geschlecht", {"1", "2", "1"}, "gender"},      {"sexe", {"1", "2", "2"}, "gender"},
        {"género", {"1", "2", "2"}, "gender"},       {"sesso", {"1", "2", "2"}, "gender"},           {"geslacht", {"1", "2", "2"}, "gender"},
        {"sexo", {"1", "2", "2"}, "gender"},         {"płeć", {"1", "2", "2"}, "gender"},            {"x1", {"F", "M", "F"}, "gender"},
        {"x1", {"weiblich", "männlich", "divers"}, "gender"}, {"x1", {"femme", "homme", "femme"}, "gender"}, {"x1", {"mujer", "hombre", "otro"}, "gender"},
        {"x1", {"donna", "uomo", "donna"}, "gender"}, {"x1", {"vrouw", "man", "vrouw"}, "gender"},   {"x1", {"mulher", "homem", "homem"}, "gender"},
        {"x1", {"kobieta", "mężczyzna", "kobieta"}, "gender"}, {"x1", {"Female", "Male", "Prefer not to say"}, "gender"},
        {"x1", {"W", "M", "D"}, "gender"},           {"x1", {"A", "B", "M"}, NULL},                  {"x1", {"unknown", "other", "success"}, NULL},
        {"Alter", {"20", "40", "60"}, "age"},        {"âge", {"20", "40", "60"}, "age"},             {"edad", {"20", "40", "60"}, "age"},
        {"età", {"20", "40", "60"}, "age"},          {"leeftijd", {"20", "40", "60"}, "age"},        {"idade", {"20", "40", "60"}, "age"},
        {"wiek", {"20", "40", "60"}, "age"},         {"Geburtsdatum", {"1980-01-01", "1990-01-01", "2000-01-01"}, "age"},
        {"date_of_birth", {"1980-01-01", "1990-01-01", "2000-01-01"}, "age"}, {"birthYear", {"1980", "1990", "2000"}, "age"},
        {"group", {"18-24", "25-34", "65+"}, "age"}, {"income", {"18-24K", "25-34K", "65K+"}, NULL}, {"page_views", {"20", "40", "60"}, NULL},
        {"ethnicity", {"a", "b", "c"}, "race"},      {"x1", {"White", "Black", "Asian"}, "race"},    {"Religion", {"a", "b", "c"}, "religion"},
        {"x1", {"Catholic", "Muslim", "None"}, "religion"}, {"Q-sexual-orientation", {"heterosexual (straight)", "LGBTQ+", "heterosexual (straight)"}, "orientation"},
        {"Familienstand", {"a", "b", "c"}, "marital_status"}, {"x1", {"married", "single", "divorced"}, "marital_status"}, {"Behinderung", {"a", "b", "b"}, "disability"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
        eh_buffer_format(&text, "customer_id,%s,spent\n", rows[i].header);
        for (int k = 0; k < 3; k++)
            eh_buffer_format(&text, "c%d,%s,%d\n", k, rows[i].values[k], k * 10);
        const char *path = write_file("names.csv", text.ptr);
        init_files(&path, 1, &workspace);
        const eh_workspace_model *model = eh_workspace_get(workspace);
        if (model->attributes_count != (rows[i].kind != NULL) || (rows[i].kind != NULL && strcmp(model->attributes[0].name, rows[i].kind) != 0))
            fail_msg("%s with %s: %zu attributes, %s", rows[i].header, rows[i].values[0], model->attributes_count,
                     model->attributes_count > 0 ? model->attributes[0].name : "none");
        assert_false(model->profiling);
        assert_string_equal(model->sources[0].key, "customer_id");
        for (size_t k = 0; k < model->features_count && rows[i].kind != NULL; k++)
            assert_string_not_equal(model->features[k].name, rows[i].kind);
    }
}

static void keeps_keys_from_others(void **state)
{
    (void)state;
    EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
    const char *path = write_file("keys.csv", "customer_id,a\nc1,1\nc2,2\n");
    init_files(&path, 1, &workspace);
    char key[256];
    struct stat status;
    snprintf(key, sizeof key, "%s/keys/vault.key", eh_workspace_get(workspace)->state_folder);
    assert_int_equal(stat(key, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(eh_workspace_get(workspace)->state_folder, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
}

/* Real data, where it is. */
static void loads_real_data(void **state)
{
    (void)state;
    static const struct {
        const char *files[4];
        size_t people_count, attributes_min;
    } rows[] = {
        {{"open_ecommerce_survey.csv.gz", "open_ecommerce_purchases_29states.csv.gz"}, 5027, 5},
        {{"completejourney/demographics.csv", "completejourney/campaigns.csv", "completejourney/coupon_redemptions.csv", "completejourney/transactions_sample.csv.gz"}, 801, 2},
    };
    const char *source = getenv("EVENHAND_SOURCE"), *data = getenv("EVENHAND_DATA");
    char folder[512];
    snprintf(folder, sizeof folder, "%s%s", data != NULL ? data : source == NULL ? "." : source, data != NULL ? "" : "/../shared/data");
    if (access(folder, R_OK) != 0)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        EH_CLEANUP(eh_workspace_close) eh_workspace *workspace = NULL;
        char paths[4][640];
        const char *files[4];
        size_t count = 0;
        for (; count < 4 && rows[i].files[count] != NULL; count++) {
            snprintf(paths[count], sizeof paths[count], "%s/%s", folder, rows[i].files[count]);
            files[count] = paths[count];
        }
        init_files(files, count, &workspace);
        if (eh_workspace_get(workspace)->attributes_count < rows[i].attributes_min)
            fail_msg("%s: %zu attributes", rows[i].files[0], eh_workspace_get(workspace)->attributes_count);
        loads(workspace, rows[i].people_count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_names_and_values),
        cmocka_unit_test(keeps_keys_from_others),
        cmocka_unit_test(loads_real_data),
    };
    return cmocka_run_group_tests(tests, open_base, close_base);
}
