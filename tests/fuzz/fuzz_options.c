/*
 * Any bytes, a line per argument, as the command line of an audit: it is refused with a text, or what comes out keeps the promises that
 * the rest of the program relies on.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BYTES_MAX = 16384, ARGUMENTS_MAX = 256, ARENA_BYTES_MAX = 1 << 26 };

static void check(const eh_audit_request *request)
{
    EH_ASSERT(request->files_count > 0 && request->files_count <= EH_FILES_MAX);
    EH_ASSERT(request->spec.decision.sql != NULL && request->spec.decision.name != NULL);
    EH_ASSERT(request->spec.attributes_count >= 1 && request->spec.attributes_count <= EH_ATTRIBUTES_MAX);
    EH_ASSERT(request->options.ratio_min >= 0.5 && request->options.ratio_min < 1);
    EH_ASSERT(request->options.confidence > 0.5 && request->options.confidence < 1);
    EH_ASSERT(request->options.depth >= 1 && request->options.depth <= request->spec.attributes_count);
    EH_ASSERT(request->formats != 0 && request->formats < 1U << EH_FORMATS_COUNT);
    EH_ASSERT(request->output_prefix != NULL || (request->formats & (request->formats - 1)) == 0);
    for (size_t i = 0; i < request->spec.attributes_count; i++) {
        const eh_cube_attribute *attribute = &request->spec.attributes[i];
        EH_ASSERT(attribute->expression.sql[0] != '\0' && attribute->expression.name[0] != '\0');
        EH_ASSERT(attribute->edges_count <= EH_BANDS_MAX && (attribute->edges == NULL || attribute->top_count == 0));
        for (size_t k = 0; k < attribute->edges_count; k++)
            EH_ASSERT(isfinite(attribute->edges[k]) && (k == 0 || attribute->edges[k] > attribute->edges[k - 1]));
    }
    for (size_t i = 0; i < request->softs_count; i++) {
        EH_ASSERT(request->softs[i].groups_count >= 2 && request->softs[i].groups_count <= EH_GROUPS_MAX);
        for (size_t k = 0; k < request->softs[i].groups_count; k++)
            EH_ASSERT(request->softs[i].group_names[k][0] != '\0' && request->softs[i].probabilities[k][0] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > BYTES_MAX)
        return 0;
    char *text = malloc(size + 1);
    eh_arena *arena = eh_arena_open(ARENA_BYTES_MAX);
    if (text != NULL && arena != NULL) {
        static char name[] = "audit";
        char *argv[ARGUMENTS_MAX + 1] = {name};
        int argc = 1;
        if (size > 0)
            memcpy(text, data, size);
        text[size] = '\0';
        for (char *at = text; argc < ARGUMENTS_MAX && at != NULL;) {
            char *end = strchr(at, '\n');
            if (end != NULL)
                *end = '\0';
            argv[argc++] = at;
            at = end != NULL ? end + 1 : NULL;
        }
        eh_error error = {0};
        const eh_audit_request *request = NULL;
        eh_code code = eh_audit_request_parse(argc, argv, arena, &request, &error);
        EH_ASSERT((code == EH_OK) == (request != NULL));
        EH_ASSERT(code == EH_OK || (error.code == code && error.text[0] != '\0'));
        if (code == EH_OK && !request->help)
            check(request);
    }
    eh_arena_close(&arena);
    free(text);
    return 0;
}
