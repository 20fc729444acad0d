/*
 * Feeds every file of the folders in its arguments to a fuzz target, in order of name, so that `make test` replays the corpora with any
 * compiler. Also feeds each file cut in half and with its bytes reversed: cheap neighbours of known trouble.
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_BYTES_MAX = 1 << 20 };

static int visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static bool replay(const char *path)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer bytes = {0};
    eh_error error = {0};
    if (eh_file_read(path, FILE_BYTES_MAX, &bytes, &error) != EH_OK) {
        fprintf(stderr, "%s\n", error.text);
        return false;
    }
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);
    if (copy == NULL)
        return false;
    if (bytes.len > 0)
        memcpy(copy, bytes.ptr, bytes.len);
    LLVMFuzzerTestOneInput(copy, bytes.len);
    LLVMFuzzerTestOneInput(copy, bytes.len / 2);
    for (size_t i = 0; i < bytes.len; i++)
        copy[i] = (uint8_t)bytes.ptr[bytes.len - 1 - i];
    LLVMFuzzerTestOneInput(copy, bytes.len);
    free(copy);
    return true;
}

int main(int argc, char **argv)
{
    int passed = 0, failed = 0;
    for (int i = 1; i < argc; i++) {
        struct dirent **entries = NULL;
        int count = scandir(argv[i], &entries, visible, alphasort);
        if (count <= 0) {
            fprintf(stderr, "%s: no corpus\n", argv[i]);
            failed++;
        }
        for (int k = 0; k < count; k++) {
            char path[4096];
            snprintf(path, sizeof path, "%s/%s", argv[i], entries[k]->d_name);
            if (replay(path))
                passed++;
            else
                failed++;
            free(entries[k]);
        }
        free(entries);
    }
    printf("%d passed, %d failed\n", passed, failed);
    return failed > 0 || passed == 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
