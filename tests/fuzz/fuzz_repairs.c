/* Any bytes as a plan of repairs: refused with its place, or a plan within its limits, whose steps have what they need. */
#include <string.h>

#include "repair/repair.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void arena_close(eh_arena **arena)
{
    eh_arena_close(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const hidden[] = {"sex", "age"};
    __attribute__((cleanup(arena_close))) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_yaml_document *document = NULL;
    eh_error error = {0};
    static eh_repair_plan plan;
    memset(&plan, 0, sizeof plan);
    if (arena == NULL || eh_yaml_parse((eh_view){(const char *)data, size}, "fuzz.yaml", &document, &error) != EH_OK)
        return 0;
    eh_code code = eh_repair_plan_read(eh_yaml_root(document), "fuzz.yaml", arena, &plan, &error);
    EH_ASSERT(code == EH_OK || code == EH_MEMORY || strstr(error.text, "fuzz.yaml") != NULL);
    for (size_t i = 0; code == EH_OK && i < plan.steps_count; i++) {
        const eh_repair_step *step = &plan.steps[i];
        EH_ASSERT(step->kind < EH_STEPS_COUNT && step->why != NULL && step->amount >= 0 && step->amount <= 1);
        EH_ASSERT((step->unit_when != NULL) == (step->unit_factor != 0) && step->by_count <= EH_ATTRIBUTES_MAX);
        EH_ASSERT(step->kind != EH_STEP_RAKE || plan.populations_count > 0);
    }
    if (code == EH_OK)
        code = eh_repair_plan_place(&plan, &(eh_repair_place){.folder = "shop", .hidden = hidden, .hidden_count = 2}, arena, &error);
    EH_ASSERT(code != EH_DENIED || strstr(error.text, "fuzz.yaml") != NULL);
    eh_yaml_close(&document);
    return 0;
}
