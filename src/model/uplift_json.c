/* An uplift model as one JSON document: one additive model per offer, with what is known of its effect. */
#include <math.h>
#include <string.h>

#include "model/file_int.h"
#include "model/uplift.h"

static void estimate_write(eh_json_writer *json, const char *key, const eh_estimate *estimate)
{
    eh_json_object_open_flat(json, key);
    eh_json_number(json, "value", estimate->value);
    eh_json_number(json, "low", estimate->low);
    eh_json_number(json, "high", estimate->high);
    eh_json_object_close(json);
}

static void offer_write(eh_json_writer *json, const eh_offer *offer)
{
    eh_json_object_open(json, NULL);
    eh_json_text(json, "name", offer->name);
    eh_json_number(json, "share", offer->share);
    estimate_write(json, "effect", &offer->effect);
    estimate_write(json, "uplift_at_30", &offer->uplift_at_30);
    estimate_write(json, "autoc", &offer->autoc);
    estimate_write(json, "qini", &offer->qini);
    eh_json_number(json, "auuc", offer->auuc);
    eh_json_object_open(json, "model");
    eh_model_members_write(json, offer->model);
    eh_json_object_close(json);
    eh_json_object_close(json);
}

eh_code eh_uplift_write(const eh_uplift *uplift, eh_buffer *out, eh_error *error)
{
    eh_json_writer json;
    eh_json_begin(&json, out, true, false);
    eh_document_open(&json, "uplift");
    eh_json_text(&json, "learner", eh_uplift_learner_names[uplift->learner]);
    eh_json_text(&json, "control", uplift->control);
    eh_json_object_open_flat(&json, "overlap");
    eh_json_boolean(&json, "known", uplift->overlap.known);
    eh_json_boolean(&json, "randomised", uplift->overlap.randomised);
    eh_json_number(&json, "auc", uplift->overlap.auc);
    eh_json_number(&json, "auc_low", uplift->overlap.auc_low);
    eh_json_number(&json, "auc_high", uplift->overlap.auc_high);
    eh_json_number(&json, "lowest", uplift->overlap.lowest);
    eh_json_number(&json, "highest", uplift->overlap.highest);
    eh_json_number(&json, "outside_share", uplift->overlap.outside_share);
    eh_json_object_close(&json);
    eh_json_object_open(&json, "policy");
    eh_json_number(&json, "budget", uplift->policy.budget);
    eh_json_number(&json, "offered_share", uplift->policy.offered_share);
    estimate_write(&json, "gain", &uplift->policy.gain);
    estimate_write(&json, "gain_of_all", &uplift->policy.gain_of_all);
    estimate_write(&json, "gain_of_chance", &uplift->policy.gain_of_chance);
    eh_json_object_close(&json);
    eh_json_array_open(&json, "offers");
    for (size_t k = 0; k < uplift->offers_count; k++)
        offer_write(&json, &uplift->offers[k]);
    eh_json_array_close(&json);
    eh_json_object_close(&json);
    return eh_document_seal(out, error);
}

static void estimate_read(eh_json_value value, eh_estimate *out)
{
    out->value = eh_json_as_number(eh_json_member(value, "value"));
    out->low = eh_json_as_number(eh_json_member(value, "low"));
    out->high = eh_json_as_number(eh_json_member(value, "high"));
    out->n = EH_NAN;
}

static eh_code offer_read(eh_json_value value, const char *where, eh_arena *arena, eh_offer *offer, eh_error *error)
{
    const char *name = eh_json_as_text(eh_json_member(value, "name"));
    if (name == NULL)
        return eh_fail(error, EH_CORRUPT, "%s: offers is not as docs/model.schema.json says", where);
    offer->name = eh_arena_copy(arena, eh_view_of(name));
    if (offer->name == NULL)
        return eh_fail_memory(error);
    offer->share = eh_json_as_number(eh_json_member(value, "share"));
    estimate_read(eh_json_member(value, "effect"), &offer->effect);
    estimate_read(eh_json_member(value, "uplift_at_30"), &offer->uplift_at_30);
    estimate_read(eh_json_member(value, "autoc"), &offer->autoc);
    estimate_read(eh_json_member(value, "qini"), &offer->qini);
    offer->auuc = eh_json_as_number(eh_json_member(value, "auuc"));
    EH_TRY(eh_model_members_read(eh_json_member(value, "model"), where, arena, &offer->model, error));
    offer->model->offer = offer->name;
    return EH_OK;
}

static eh_code members_read(eh_json_value root, const char *where, eh_arena *arena, eh_uplift *uplift, eh_error *error)
{
    const char *learner = eh_json_as_text(eh_json_member(root, "learner")), *control = eh_json_as_text(eh_json_member(root, "control"));
    eh_json_value offers = eh_json_member(root, "offers"), overlap = eh_json_member(root, "overlap"), policy = eh_json_member(root, "policy");
    size_t l = 0;
    while (learner != NULL && l < EH_LEARNERS_COUNT && strcmp(learner, eh_uplift_learner_names[l]) != 0)
        l++;
    uplift->offers_count = eh_json_count(offers);
    if (learner == NULL || l == EH_LEARNERS_COUNT || control == NULL || uplift->offers_count == 0 || uplift->offers_count > EH_MODEL_OFFERS_MAX)
        return eh_fail(error, EH_CORRUPT, "%s: learner, control or offers is not as docs/model.schema.json says", where);
    uplift->learner = (eh_uplift_learner)l;
    uplift->control = eh_arena_copy(arena, eh_view_of(control));
    uplift->offers = EH_TAKE(arena, uplift->offers_count, eh_offer);
    if (uplift->control == NULL || uplift->offers == NULL)
        return eh_fail_memory(error);
    (void)eh_json_as_boolean(eh_json_member(overlap, "known"), &uplift->overlap.known);
    (void)eh_json_as_boolean(eh_json_member(overlap, "randomised"), &uplift->overlap.randomised);
    uplift->overlap.auc = eh_json_as_number(eh_json_member(overlap, "auc"));
    uplift->overlap.auc_low = eh_json_as_number(eh_json_member(overlap, "auc_low"));
    uplift->overlap.auc_high = eh_json_as_number(eh_json_member(overlap, "auc_high"));
    uplift->overlap.lowest = eh_json_as_number(eh_json_member(overlap, "lowest"));
    uplift->overlap.highest = eh_json_as_number(eh_json_member(overlap, "highest"));
    uplift->overlap.outside_share = eh_json_as_number(eh_json_member(overlap, "outside_share"));
    uplift->policy.budget = eh_json_as_number(eh_json_member(policy, "budget"));
    uplift->policy.offered_share = eh_json_as_number(eh_json_member(policy, "offered_share"));
    estimate_read(eh_json_member(policy, "gain"), &uplift->policy.gain);
    estimate_read(eh_json_member(policy, "gain_of_all"), &uplift->policy.gain_of_all);
    estimate_read(eh_json_member(policy, "gain_of_chance"), &uplift->policy.gain_of_chance);
    for (size_t k = 0; k < uplift->offers_count; k++)
        EH_TRY(offer_read(eh_json_item(offers, k), where, arena, &uplift->offers[k], error));
    return EH_OK;
}

eh_code eh_uplift_read(eh_view text, const char *name, eh_arena *arena, eh_uplift **uplift_out, eh_error *error)
{
    eh_json_document *document = NULL;
    eh_uplift *uplift = EH_TAKE(arena, 1, eh_uplift);
    if (uplift == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_document_read(text, name, &document, error));
    const char *kind = eh_json_as_text(eh_json_member(eh_json_root(document), "kind"));
    eh_code code = kind == NULL || strcmp(kind, "uplift") != 0 ? eh_fail(error, EH_CONFLICT, "%s: is no uplift model", name)
                                                                : members_read(eh_json_root(document), name, arena, uplift, error);
    eh_json_close(&document);
    if (code == EH_OK)
        *uplift_out = uplift;
    return code;
}

eh_code eh_uplift_load(const char *path, eh_arena *arena, eh_uplift **uplift_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_buffer_init(&text, EH_JSON_BYTES_MAX);
    EH_TRY(eh_file_read(path, EH_JSON_BYTES_MAX, &text, error));
    return eh_uplift_read(eh_buffer_view(&text), path, arena, uplift_out, error);
}

static eh_code offer_pick(const eh_uplift *uplift, const char *path, const char *offer, size_t *offer_out, eh_error *error)
{
    const char *names[EH_MODEL_OFFERS_MAX];
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    for (size_t k = 0; k < uplift->offers_count; k++) {
        names[k] = uplift->offers[k].name;
        eh_buffer_format(&list, "%s'%.100s'", k == 0 ? "" : ", ", names[k]);
        if (offer == NULL ? uplift->offers_count == 1 : strcmp(offer, names[k]) == 0) {
            *offer_out = k;
            return EH_OK;
        }
    }
    if (offer == NULL)
        return eh_fail(error, EH_INPUT, "%s: is an uplift model of several offers; name one with --offer: %s", path, list.ptr == NULL ? "" : list.ptr);
    const char *nearest = eh_nearest_name(offer, names, uplift->offers_count);
    return eh_fail(error, EH_NOT_FOUND, "--offer: '%.100s' is no offer of %s%s%s%s; there are %s", offer, path, nearest != NULL ? " (do you mean '" : "",
                   nearest != NULL ? nearest : "", nearest != NULL ? "'?)" : "", list.ptr == NULL ? "" : list.ptr);
}

eh_code eh_model_file_load(const char *path, const char *offer, eh_arena *arena, eh_model_file *file_out, eh_error *error)
{
    eh_model_file file = {.uplift = NULL};
    eh_code code = eh_uplift_load(path, arena, &file.uplift, error);
    if (code == EH_CONFLICT && offer != NULL)
        return eh_fail(error, EH_INPUT, "--offer: %s is a model of one outcome and has no offers", path);
    if (code == EH_CONFLICT) {
        file.uplift = NULL;
        EH_TRY(eh_model_load(path, arena, &file.model, error));
    } else {
        EH_TRY(code);
        EH_TRY(offer_pick(file.uplift, path, offer, &file.offer, error));
        file.model = file.uplift->offers[file.offer].model;
    }
    *file_out = file;
    return EH_OK;
}

eh_code eh_model_file_write(const eh_model_file *file, eh_buffer *out, eh_error *error)
{
    return file->uplift != NULL ? eh_uplift_write(file->uplift, out, error) : eh_model_write(file->model, out, error);
}
