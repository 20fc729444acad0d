/*
 * Any bytes as evenhand.yaml: refused with a line, or a model that holds together (names, expressions, periods, indices within the limits).
 */
#include <stdint.h>
#include <string.h>

#include "data/workspace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_model(const eh_workspace_model *model)
{
    EH_ASSERT(model->shop.name != NULL && model->shop.language != NULL && model->shop.zone != NULL);
    EH_ASSERT(model->sources_count >= 1 && model->sources_count <= EH_SOURCES_MAX && model->people < model->sources_count);
    EH_ASSERT(model->sources[model->people].key != NULL);
    for (size_t i = 0; i < model->sources_count; i++)
        EH_ASSERT((model->sources[i].reads_count == 0) == (model->sources[i].sql != NULL) || model->sources[i].sql == NULL);
    for (size_t i = 0; i < model->attributes_count; i++) {
        EH_ASSERT(model->attributes[i].value != NULL && model->attributes[i].keep.seconds > 0);
        for (size_t k = 1; k < model->attributes[i].bands_count; k++)
            EH_ASSERT(model->attributes[i].bands[k] > model->attributes[i].bands[k - 1]);
    }
    for (size_t i = 0; i < model->features_count; i++)
        EH_ASSERT(model->features[i].value != NULL && model->features[i].says != NULL && model->features[i].from_whom != NULL);
    for (size_t i = 0; i < model->outcomes_count; i++)
        EH_ASSERT(model->outcomes[i].value != NULL && model->outcomes[i].within.seconds >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eh_workspace *workspace = NULL;
    eh_error error = {0};
    eh_code code = eh_workspace_parse((eh_view){(const char *)data, size}, "fuzz.yaml", ".", &workspace, &error);
    EH_ASSERT((code == EH_OK) == (workspace != NULL));
    EH_ASSERT(code == EH_OK || code == EH_MEMORY || strncmp(error.text, "fuzz.yaml: ", 11) == 0);
    if (workspace != NULL)
        check_model(eh_workspace_get(workspace));
    eh_workspace_close(&workspace);
    return 0;
}
