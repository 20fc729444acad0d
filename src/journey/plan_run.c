/* From a workspace and a campaign to a plan: facts, models, rights, groups for the guards. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "journey/campaigns.h"
#include "journey/journey.h"
#include "journey/people.h"
#include "vault/vault.h"

enum { MODEL_BYTES_MAX = 64 << 20 };

static void vault_dispose(eh_vault **vault) { eh_vault_close(vault); }

/* ---- models ----------------------------------------------------------------------------------------------------------------------------- */

eh_code eh_campaign_model(eh_workspace *workspace, const eh_campaign_file *file, const eh_offer *offer, eh_buffer *text, eh_error *error)
{
    const char *folder = eh_workspace_get(workspace)->folder;
    eh_error first = {0};
    for (size_t i = 0; i < 3; i++) {
        char relative[256];
        eh_view name = eh_offer_model_file(offer->model);
        snprintf(relative, sizeof relative, i == 0 ? ".evenhand/models/%.*s.json" : i == 1 ? "models/%.*s.json" : "%.*s.json", (int)name.len, name.ptr);
        const char *path = eh_workspace_path(workspace, relative);
        if (path == NULL)
            return eh_fail_memory(error);
        eh_code code = eh_file_read(path, MODEL_BYTES_MAX, text, i == 0 ? &first : error);
        if (code != EH_NOT_FOUND)
            return code;
    }
    char key[128];
    snprintf(key, sizeof key, "offers.%s.model", offer->name);
    return eh_campaign_fail(file, key, error, EH_NOT_FOUND, "there is no model '%s' (%s/.evenhand/models/%s.json); make one with: evenhand train", offer->model, folder,
                            offer->model);
}

eh_code eh_campaign_profiles(const eh_workspace_model *model, const eh_campaign_file *file, eh_error *error)
{
    if (eh_campaign_get(file)->choose != EH_CHOOSE_MODEL || model->profiling)
        return EH_OK;
    return eh_campaign_fail(file, "choose", error, EH_DENIED, "profiling is off in this shop, so no model may choose; switch it on in evenhand.yaml "
                            "(profiling: on), or choose 'by: random'");
}

static eh_code offer_model_fail(eh_plan_run *run, const eh_offer *offer, eh_error *error)
{
    char key[128];
    snprintf(key, sizeof key, "offers.%s.model", offer->name);
    char *text = eh_arena_copy(run->arena, eh_view_of(error->text));
    return eh_campaign_fail(run->campaign_file, key, error, error->code, "%s", text == NULL ? "" : text);
}

static eh_code models_read(eh_plan_run *run, eh_error *error)
{
    const eh_campaign *campaign = eh_campaign_get(run->campaign_file);
    for (size_t o = 0; o < campaign->offers_count && campaign->choose == EH_CHOOSE_MODEL; o++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
        eh_buffer_init(&text, MODEL_BYTES_MAX);
        eh_model *model = NULL;
        EH_TRY(eh_campaign_model(run->workspace, run->campaign_file, &campaign->offers[o], &text, error));
        EH_TRY(eh_archive_keep(run->model->state_folder, "model.json", eh_buffer_view(&text), &run->model_digests[o], error));
        char *kept = eh_arena_copy(run->arena, eh_buffer_view(&text));
        if (kept == NULL)
            return eh_fail_memory(error);
        if (eh_offer_model_read((eh_view){kept, text.len}, campaign->offers[o].model, campaign->offers[o].name, run->arena, &model, error) != EH_OK)
            return offer_model_fail(run, &campaign->offers[o], error);
        run->models[o] = model;
        for (size_t f = 0; f < model->features_count; f++)
            for (size_t k = 0; k < run->crowd.facts_count; k++)
                if (strcmp(run->crowd.facts[k].name, model->features[f].name) == 0)
                    run->crowd.facts[k].scored = true;
    }
    return EH_OK;
}

/* ---- groups for the guards -------------------------------------------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static const char *band_name(eh_plan_run *run, const eh_workspace_attribute *attribute, size_t band)
{
    const double *edges = attribute->bands;
    if (band == 0)
        return eh_arena_format(run->arena, "under %g", edges[0]);
    if (band == attribute->bands_count)
        return eh_arena_format(run->arena, "%g and over", edges[band - 1]);
    bool whole = edges[band] == floor(edges[band]) && edges[band - 1] == floor(edges[band - 1]);
    return whole ? eh_arena_format(run->arena, "%g to %g", edges[band - 1], edges[band] - 1) : eh_arena_format(run->arena, "%g to under %g", edges[band - 1], edges[band]);
}

static eh_code groups_banded(eh_plan_run *run, const eh_workspace_attribute *attribute, const char *const *values, eh_plan_groups *out, eh_error *error)
{
    size_t count = attribute->bands_count + 1;
    const char **names = EH_TAKE(run->arena, count, const char *);
    uint16_t *group = EH_TAKE(run->arena, run->crowd.count, uint16_t);
    if (names == NULL || group == NULL)
        return eh_fail_memory(error);
    for (size_t b = 0; b < count; b++)
        if ((names[b] = band_name(run, attribute, b)) == NULL)
            return eh_fail_memory(error);
    for (size_t i = 0; i < run->crowd.count; i++) {
        double number = 0;
        group[i] = (uint16_t)count;
        if (values[i] == NULL || !eh_number_read(eh_view_of(values[i]), &number))
            continue;
        for (group[i] = 0; group[i] < attribute->bands_count && number >= attribute->bands[group[i]]; group[i]++)
            ;
    }
    *out = (eh_plan_groups){.name = attribute->name, .groups = names, .groups_count = count, .group = group, .reference = -1};
    return EH_OK;
}

/* The place of a value among those that are there, sorted; it is put in where it is new. False: there are too many. */
static bool value_place(const char **names, size_t *count, const char *value)
{
    size_t low = 0, high = *count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(names[middle], value);
        if (order == 0)
            return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (*count == EH_GROUPS_MAX)
        return false;
    memmove(names + low + 1, names + low, (*count - low) * sizeof *names);
    names[low] = value;
    ++*count;
    return true;
}

static eh_code groups_named(eh_plan_run *run, const eh_workspace_attribute *attribute, const char *const *values, eh_plan_groups *out, eh_error *error)
{
    const char **names = EH_TAKE(run->arena, EH_GROUPS_MAX + 1, const char *);
    uint16_t *group = EH_TAKE(run->arena, run->crowd.count, uint16_t);
    size_t count = 0;
    bool fits = true;
    if (names == NULL || group == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < run->crowd.count && fits; i++)
        fits = values[i] == NULL || value_place(names, &count, values[i]);
    if (!fits || count > EH_GROUPS_MAX - 1)
        return eh_fail(error, EH_LIMIT, "the protected attribute '%s' has more than %d groups; give it 'bands' or 'top' in evenhand.yaml", attribute->name, EH_GROUPS_MAX - 1);
    for (size_t i = 0; i < run->crowd.count; i++) {
        const char **found = values[i] == NULL ? NULL : bsearch(&values[i], names, count, sizeof *names, by_text);
        group[i] = found == NULL ? (uint16_t)count : (uint16_t)(found - names);
    }
    *out = (eh_plan_groups){.name = attribute->name, .groups = names, .groups_count = count, .group = group, .reference = -1};
    return EH_OK;
}

/* What the vault does not hold yet, or held too long, is read in first. Every reading is written down there. */
static eh_code values_read(eh_plan_run *run, eh_vault *vault, const char *attribute, const char **values, eh_error *error)
{
    eh_vault_access access = {.purpose = EH_VAULT_CHECK, .role = run->vault_role == NULL ? "evenhand plan" : run->vault_role,
                              .reason = run->vault_reason == NULL ? "guards of a plan" : run->vault_reason, .at = run->request.now};
    eh_vault_query query = {.attribute = attribute, .keys = run->crowd.keys, .keys_count = run->crowd.count};
    eh_error first = {0};
    eh_code code = eh_vault_read(vault, &access, &query, run->arena, values, &first);
    if (code == EH_OK)
        return EH_OK;
    if (code != EH_NOT_FOUND && code != EH_DENIED)
        return eh_fail(error, code, "%s", first.text);
    EH_CLEANUP(eh_erased_list_close) eh_erased_list *erased = NULL;
    eh_people_options options = {.dated = run->request.dated, .as_of = run->request.as_of, .now = run->request.now};
    EH_TRY(eh_erased_list_open(run->model->state_folder, &erased, error));
    eh_people_without_erased(&options, erased);
    access.purpose = EH_VAULT_IMPORT;
    EH_TRY(eh_vault_import(vault, run->workspace, &options, &access, NULL, error));
    access.purpose = EH_VAULT_CHECK;
    return eh_vault_read(vault, &access, &query, run->arena, values, error);
}

eh_code eh_plan_groups_read(eh_plan_run *run, eh_error *error)
{
    EH_CLEANUP(vault_dispose) eh_vault *vault = NULL;
    size_t count = run->model->attributes_count;
    run->groups = EH_TAKE(run->arena, count, eh_plan_groups);
    if (run->groups == NULL)
        return eh_fail_memory(error);
    if (count == 0)
        return EH_OK;
    EH_TRY(eh_vault_open(run->model->state_folder, &vault, error));
    for (size_t a = 0; a < count; a++) {
        const eh_workspace_attribute *attribute = &run->model->attributes[a];
        const char **values = EH_TAKE(run->arena, run->crowd.count, const char *);
        if (values == NULL)
            return eh_fail_memory(error);
        EH_TRY(values_read(run, vault, attribute->name, values, error));
        eh_plan_groups *groups = &run->groups[run->groups_count++];
        EH_TRY(attribute->bands_count > 0 ? groups_banded(run, attribute, values, groups, error) : groups_named(run, attribute, values, groups, error));
        for (size_t g = 0; attribute->reference != NULL && g < groups->groups_count; g++)
            if (strcmp(groups->groups[g], attribute->reference) == 0)
                groups->reference = (int32_t)g;
    }
    return EH_OK;
}

/* ---- the frame ------------------------------------------------------------------------------------------------------------------------------ */

static eh_code plan_name(eh_plan_run *run, eh_error *error)
{
    eh_digest campaign = eh_campaign_digest(run->campaign_file);
    eh_sha256 hash;
    eh_digest digest;
    char hex[17];
    eh_sha256_begin(&hash);
    eh_sha256_add(&hash, campaign.bytes, sizeof campaign.bytes);
    eh_sha256_add(&hash, &run->frame.at_s, sizeof run->frame.at_s);
    eh_sha256_add(&hash, &run->frame.seed, sizeof run->frame.seed);
    for (size_t i = 0; i < run->crowd.count; i++)
        eh_sha256_add(&hash, run->crowd.keys[i], strlen(run->crowd.keys[i]) + 1);
    eh_sha256_end(&hash, &digest);
    eh_hex(digest.bytes, 4, hex);
    eh_civil civil = eh_civil_of(run->request.now, NULL);
    run->frame.plan = eh_arena_format(run->arena, "%s-%04d%02d%02d-%s", run->frame.campaign, civil.year, civil.month, civil.day, hex);
    return run->frame.plan == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code frame_fill(eh_plan_run *run, eh_error *error)
{
    const eh_campaign *campaign = eh_campaign_get(run->campaign_file);
    eh_frame *frame = &run->frame;
    eh_frame_offer *offers = EH_TAKE(run->arena, campaign->offers_count, eh_frame_offer);
    const char **checked = EH_TAKE(run->arena, run->model->attributes_count, const char *);
    if (offers == NULL || checked == NULL)
        return eh_fail_memory(error);
    for (size_t o = 0; o < campaign->offers_count; o++) {
        const eh_offer *from = &campaign->offers[o];
        offers[o] = (eh_frame_offer){.name = from->name, .says = from->says, .model = from->model, .model_digest = run->model_digests[o], .cost = from->cost,
                                     .cost_if_taken = from->cost_if_taken, .worth = from->worth, .taken = from->taken, .price_personalised = from->price_personalised,
                                     .price = from->price};
    }
    for (size_t a = 0; a < run->model->attributes_count; a++)
        checked[a] = run->model->attributes[a].says != NULL ? run->model->attributes[a].says : run->model->attributes[a].name;
    *frame = (eh_frame){.campaign = campaign->name, .title = campaign->title, .purpose = campaign->purpose, .channel = campaign->channel, .currency = campaign->currency,
                        .on_behalf_of = campaign->on_behalf_of, .category = campaign->category, .shop = run->model->shop.name, .shop_contact = run->model->shop.contact, .zone = run->model->shop.zone,
                        .at_s = run->request.now.seconds, .as_of_s = run->crowd.as_of_s, .seed = run->request.seed, .holdout = campaign->holdout,
                        .explore = campaign->explore, .choose = campaign->choose, .effect = campaign->choose_effect, .without_ai = campaign->without_ai,
                        .without_ai_offer = (uint32_t)campaign->without_ai_offer, .outcome = campaign->outcome, .campaign_digest = eh_campaign_digest(run->campaign_file),
                        .facts = run->crowd.facts, .facts_count = run->crowd.facts_count, .offers = offers, .offers_count = campaign->offers_count, .checked = checked,
                        .checked_count = run->model->attributes_count, .version = EVENHAND_VERSION};
    eh_digest kept;
    EH_TRY(eh_archive_keep(run->model->state_folder, "campaign.yaml", eh_campaign_text(run->campaign_file), &kept, error));
    return plan_name(run, error);
}

/* ---- the plan ---------------------------------------------------------------------------------------------------------------------------------- */

static eh_code may(void *context, eh_view key, const eh_may_question *question, eh_may_answer *answer_out, eh_error *error)
{
    return eh_rights_may(context, key, question, answer_out, error);
}

/* What people were sent before, for caps and the cool-down. A campaign without either asks nothing. */
static eh_code history_read(eh_plan_run *run, eh_plan_input *input, eh_error *error)
{
    EH_CLEANUP(eh_store_close) eh_store *store = NULL;
    eh_campaign_history history = {0};
    if (input->campaign->caps_count == 0 && input->campaign->cool_down.seconds == 0)
        return EH_OK;
    EH_TRY(eh_campaigns_open(run->model->state_folder, &store, error));
    eh_history_question question = {.campaign = input->campaign, .keys = run->crowd.keys, .people_count = run->crowd.count, .at_s = run->frame.at_s};
    EH_TRY(eh_campaign_history_read(store, &question, run->arena, &history, error));
    input->messages_before = history.messages_before;
    input->last_message_s = history.last_message_s;
    return EH_OK;
}

/* The campaign with the strictest of its own tolerance and what the policy wants of all attributes: then a repair knows where to go. */
static eh_code campaign_tighten(eh_plan_run *run, const eh_campaign **campaign_out, eh_error *error)
{
    const eh_campaign *campaign = eh_campaign_get(run->campaign_file);
    eh_campaign *tight = EH_TAKE(run->arena, 1, eh_campaign);
    if (tight == NULL)
        return eh_fail_memory(error);
    *tight = *campaign;
    const eh_policy_facts *about = run->book == NULL ? NULL : eh_policy_about(eh_rulebook_policy(run->book));
    for (size_t g = 0; about != NULL && g < about->guards_count; g++) {
        const eh_guard *guard = &about->guards[g];
        bool all = false;
        for (size_t b = 0; b < guard->by_count; b++)
            all = all || strcmp(guard->by[b], "*") == 0;
        if (!all || strcmp(guard->measure, "selection_rate_ratio") != 0)
            continue;
        tight->ratio_min = guard->tolerance > tight->ratio_min ? guard->tolerance : tight->ratio_min;
        tight->confidence = guard->confidence > tight->confidence ? guard->confidence : tight->confidence;
    }
    *campaign_out = tight;
    return EH_OK;
}

eh_code eh_plan_run_do(eh_plan_run *run, eh_error *error)
{
    EH_TRY(eh_workspace_open(run->request.workspace, &run->workspace, error));
    run->model = eh_workspace_get(run->workspace);
    EH_TRY(eh_campaign_find(run->workspace, run->request.campaign, &run->campaign_file, error));
    const eh_campaign *campaign = eh_campaign_get(run->campaign_file);
    run->crowd = (eh_crowd){.workspace = run->workspace, .campaign_file = run->campaign_file, .arena = run->arena, .now = run->request.now, .as_of = run->request.as_of,
                            .dated = run->request.dated};
    EH_TRY(eh_campaign_profiles(run->model, run->campaign_file, error));
    EH_TRY(eh_crowd_read(&run->crowd, error));
    EH_TRY(models_read(run, error));
    EH_TRY(frame_fill(run, error));
    eh_rights_options options = {.state_folder = run->model->state_folder};
    EH_TRY(eh_rights_house_read(run->model->rights, &options.house, error));
    EH_TRY(eh_rights_open(&options, &run->rights, error));
    EH_TRY(eh_corrections_count(run->rights, &run->corrections, error));
    eh_may_question question = {.at_s = run->request.now.seconds, .product_group = campaign->product_group, .opt_out_in_message = true};
    if (!eh_channel_find(eh_view_of(campaign->channel), &question.channel))
        return eh_campaign_fail(run->campaign_file, "channel", error, EH_INPUT, "is no channel");
    eh_plan_input input = {.campaign = campaign, .frame = &run->frame, .models = run->models, .people_count = run->crowd.count, .keys = run->crowd.keys,
                           .audience = run->crowd.audience, .facts = run->crowd.columns, .rights = {.context = run->rights, .may = may}, .question = question};
    EH_TRY(history_read(run, &input, error));
    const char *policy = eh_workspace_path(run->workspace, "policy.yaml");
    if (policy == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_rulebook_open(&(eh_rulebook_input){.path = policy, .frame = &run->frame, .campaign = campaign, .now = run->request.now}, run->arena, &run->book, error));
    if (run->book != NULL) {
        EH_TRY(eh_rulebook_describe(run->book, &run->frame, run->arena, error));
        EH_TRY(eh_policy_archive_keep(run->model->state_folder, eh_rulebook_policy(run->book), error));
        EH_TRY(eh_rules_seat_open(run->book, &run->seat, error));
        input.rules = (eh_rules_face){.context = run->seat, .ask = eh_rules_seat_ask};
    }
    EH_TRY(campaign_tighten(run, &input.campaign, error));
    EH_TRY(eh_plan_make(&input, &run->plan, error));
    EH_TRY(eh_plan_groups_read(run, error)); /* only after everything is decided */
    EH_TRY(eh_plan_run_guard(run, error));
    run->frame.fairness = eh_verdict_name(run->verdict.verdict);
    return EH_OK;
}

void eh_plan_run_close(eh_plan_run *run)
{
    eh_plan_close(&run->repair.plan);
    eh_plan_close(&run->plan);
    eh_rules_seat_close(&run->seat);
    eh_rulebook_close(&run->book);
    eh_rights_close(&run->rights);
    eh_crowd_close(&run->crowd);
    eh_campaign_close(&run->campaign_file);
    eh_workspace_close(&run->workspace);
    eh_arena_close(&run->arena);
}
