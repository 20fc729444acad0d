/* The model of an offer: one of an outcome, or the effect of one offer in an uplift model. */
#include <string.h>

#include "model/uplift.h"

eh_view eh_offer_model_file(const char *model)
{
    const char *colon = strchr(model, ':');
    return colon == NULL ? eh_view_of(model) : (eh_view){model, (size_t)(colon - model)};
}

static eh_code effect_find(const eh_uplift *uplift, const char *name, const char *effect, eh_model **model_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    for (size_t k = 0; k < uplift->offers_count; k++) {
        if (strcmp(uplift->offers[k].name, effect) == 0) {
            *model_out = uplift->offers[k].model;
            return EH_OK;
        }
        eh_buffer_format(&list, "%s'%.100s'", k == 0 ? "" : ", ", uplift->offers[k].name);
    }
    return eh_fail(error, EH_NOT_FOUND, "the uplift model '%s' knows no offer '%.100s' but %s; say which is meant, as in  model: \"%s:%s\"", name, effect,
                   list.ptr == NULL ? "none" : list.ptr, name, uplift->offers_count > 0 ? uplift->offers[0].name : "NAME");
}

eh_code eh_offer_model_read(eh_view text, const char *model, const char *offer, eh_arena *arena, eh_model **model_out, eh_error *error)
{
    eh_uplift *uplift = NULL;
    eh_error other = {0};
    const char *colon = strchr(model, ':'), *name = eh_arena_copy(arena, eh_offer_model_file(model));
    if (name == NULL)
        return eh_fail_memory(error);
    eh_code code = eh_uplift_read(text, name, arena, &uplift, &other);
    if (code == EH_OK && colon == NULL && uplift->offers_count == 1) {
        *model_out = uplift->offers[0].model;
        return EH_OK;
    }
    if (code == EH_OK)
        return effect_find(uplift, name, colon == NULL ? offer : colon + 1, model_out, error);
    if (code != EH_CONFLICT)
        return eh_fail(error, code, "%s", other.text);
    if (colon != NULL)
        return eh_fail(error, EH_INPUT, "'%s' is a model of one outcome and has no offers; write  model: %s", name, name);
    return eh_model_read(text, name, arena, model_out, error);
}
