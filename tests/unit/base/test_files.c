/* Goal: a file is replaced whole or not at all, whatever fails; errors name the path; hashes are SHA-256. */
#include "base/base.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka.h needs the four above. */
#include <cmocka.h>

static char folder[] = "/tmp/evenhand-files-XXXXXX";
static char path[256], other_path[256];

static int make_folder(void **state)
{
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/report.json", folder);
    snprintf(other_path, sizeof other_path, "%s/link.json", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(other_path);
    return rmdir(folder);
}

static size_t entries_count(void)
{
    size_t count = 0;
    DIR *listing = opendir(folder);
    assert_non_null(listing);
    while (readdir(listing) != NULL)
        count++;
    closedir(listing);
    return count - 2;
}

static void assert_content(const char *name, const char *expected)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer content = {0};
    eh_error error;
    assert_int_equal(eh_file_read(name, 1 << 20, &content, &error), EH_OK);
    assert_string_equal(content.ptr == NULL ? "" : content.ptr, expected);
}

static mode_t mode_of(const char *name)
{
    struct stat status;
    assert_int_equal(stat(name, &status), 0);
    return status.st_mode & 0777;
}

static void writes_and_replaces(void **state)
{
    (void)state;
    eh_error error;
    mode_t umask_before = umask(027);
    assert_int_equal(eh_file_replace(path, EH_VIEW("old"), &error), EH_OK);
    umask(umask_before);
    assert_int_equal(mode_of(path), 0640);
    assert_int_equal(chmod(path, 0604), 0);
    assert_int_equal(eh_file_replace(path, EH_VIEW("new"), &error), EH_OK);
    assert_content(path, "new");
    assert_int_equal(mode_of(path), 0604);
    assert_int_equal(eh_file_replace(path, EH_VIEW(""), &error), EH_OK);
    assert_content(path, "");
    assert_int_equal(entries_count(), 1);
}

static void follows_a_link(void **state)
{
    (void)state;
    eh_error error;
    assert_int_equal(eh_file_replace(path, EH_VIEW("target"), &error), EH_OK);
    assert_int_equal(symlink("report.json", other_path), 0);
    assert_int_equal(eh_file_replace(other_path, EH_VIEW("through the link"), &error), EH_OK);
    assert_content(path, "through the link");
    struct stat status;
    assert_int_equal(lstat(other_path, &status), 0);
    assert_true(S_ISLNK(status.st_mode));
    assert_int_equal(unlink(other_path), 0);
}

static void keeps_the_old_file_on_a_full_disk(void **state)
{
    (void)state;
    eh_error error;
    assert_int_equal(eh_file_replace(path, EH_VIEW("the old report"), &error), EH_OK);
    size_t before = entries_count();
    /* A file size limit stops a write in the middle, as a full disk does. */
    struct rlimit unlimited, small = {0};
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    small.rlim_max = unlimited.rlim_max;
    small.rlim_cur = 1000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    char large[5000];
    memset(large, 'x', sizeof large);
    eh_code code = eh_file_replace(path, (eh_view){large, sizeof large}, &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(code, EH_IO);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "5000 bytes"));
    assert_non_null(strstr(error.text, strerror(EFBIG)));
    assert_content(path, "the old report");
    assert_int_equal(entries_count(), before);
}

static void says_what_is_wrong(void **state)
{
    (void)state;
    eh_error error;
    assert_int_equal(eh_file_replace(folder, EH_VIEW("x"), &error), EH_INPUT);
    assert_non_null(strstr(error.text, "is a directory"));
    assert_non_null(strstr(error.text, folder));
    assert_int_equal(eh_file_replace("", EH_VIEW("x"), &error), EH_INPUT);
    assert_int_equal(eh_file_replace("/nowhere-at-all/x", EH_VIEW("x"), &error), EH_NOT_FOUND);
    assert_non_null(strstr(error.text, "/nowhere-at-all/x"));
    EH_CLEANUP(eh_buffer_dispose) eh_buffer content = {0};
    assert_int_equal(eh_file_read(folder, 100, &content, &error), EH_INPUT);
    assert_non_null(strstr(error.text, "is a directory"));
    assert_int_equal(eh_file_read("/nowhere-at-all", 100, &content, &error), EH_NOT_FOUND);
    assert_int_equal(eh_file_read("/dev/zero", 100, &content, &error), EH_INPUT);
    assert_int_equal(eh_file_replace(path, EH_VIEW("12345"), &error), EH_OK);
    assert_int_equal(eh_file_read(path, 4, &content, &error), EH_LIMIT);
    assert_int_equal(content.len, 0);
    assert_int_equal(eh_file_read(path, 5, &content, &error), EH_OK);
}

static void never_replaces_a_device(void **state)
{
    (void)state;
    eh_error error;
    assert_int_equal(eh_file_replace("/dev/null", EH_VIEW("x"), &error), EH_OK);
    struct stat status;
    assert_int_equal(stat("/dev/null", &status), 0);
    assert_true(S_ISCHR(status.st_mode));
    assert_int_equal(eh_file_replace("/dev/full", EH_VIEW("x"), &error), EH_IO);
    assert_non_null(strstr(error.text, strerror(ENOSPC)));
}

static void hashes(void **state)
{
    (void)state;
    eh_error error;
    char hex[65];
    uint64_t bytes;
    assert_int_equal(eh_file_replace(path, EH_VIEW("abc"), &error), EH_OK);
    assert_int_equal(eh_file_sha256(path, NULL, hex, &bytes, &error), EH_OK);
    /* FIPS 180-2, appendix B.1 */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(bytes, 3);
    assert_int_equal(eh_file_sha256(folder, NULL, hex, &bytes, &error), EH_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_and_replaces),
        cmocka_unit_test(follows_a_link),
        cmocka_unit_test(keeps_the_old_file_on_a_full_disk),
        cmocka_unit_test(says_what_is_wrong),
        cmocka_unit_test(never_replaces_a_device),
        cmocka_unit_test(hashes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
