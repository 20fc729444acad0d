/* The hashes of the input files, in the background: reading a file twice at the same time costs little, one after the other a lot. */
#include <string.h>

#include "data/data_int.h"

static void *hash_all(void *context)
{
    eh_hashing *hashing = context;
    for (size_t i = 0; i < hashing->files->count && hashing->code == EH_OK; i++) {
        eh_input *input = &hashing->inputs[i];
        hashing->code = eh_file_sha256(hashing->files->files[i].engine_path, &hashing->stop, input->sha256, &input->bytes, &hashing->error);
    }
    return NULL;
}

eh_code eh_hashing_start(eh_hashing *hashing, const eh_input_files *files, eh_arena *arena, eh_error *error)
{
    eh_input *inputs = EH_TAKE(arena, files->count, eh_input);
    if (inputs == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < files->count; i++)
        inputs[i].path = files->files[i].given;
    hashing->files = files;
    hashing->inputs = inputs;
    hashing->started = pthread_create(&hashing->thread, NULL, hash_all, hashing) == 0;
    return EH_OK;
}

eh_code eh_hashing_wait(eh_hashing *hashing, eh_error *error)
{
    if (hashing->started)
        pthread_join(hashing->thread, NULL);
    else if (hashing->inputs != NULL && hashing->inputs[0].sha256[0] == '\0' && hashing->code == EH_OK)
        (void)hash_all(hashing);
    hashing->started = false;
    if (hashing->code != EH_OK && error != NULL)
        *error = hashing->error;
    return hashing->code;
}

void eh_hashing_stop(eh_hashing *hashing)
{
    atomic_store(&hashing->stop, true);
    if (hashing->started)
        pthread_join(hashing->thread, NULL);
    hashing->started = false;
}
