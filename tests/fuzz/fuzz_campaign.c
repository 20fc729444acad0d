/* Any bytes as a campaign: refused with its place, or a campaign within its limits. */
#include <string.h>

#include "decide/campaign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eh_campaign_file *file = NULL;
    eh_error error = {0};
    eh_code code = eh_campaign_parse((eh_view){(const char *)data, size}, "fuzz.yaml", &file, &error);
    EH_ASSERT((code == EH_OK) == (file != NULL));
    EH_ASSERT(code == EH_OK || code == EH_MEMORY || strstr(error.text, "fuzz.yaml") != NULL);
    if (file == NULL)
        return 0;
    const eh_campaign *campaign = eh_campaign_get(file);
    EH_ASSERT(campaign->offers_count >= 1 && campaign->offers_count <= EH_OFFERS_MAX);
    EH_ASSERT(campaign->without_ai_offer < campaign->offers_count);
    EH_ASSERT(campaign->holdout >= 0 && campaign->holdout <= 0.5 && campaign->explore >= 0 && campaign->explore <= 0.5);
    for (size_t i = 0; i < campaign->offers_count; i++) {
        const eh_offer *offer = &campaign->offers[i];
        EH_ASSERT(offer->cost >= 0 && offer->cost_if_taken >= 0 && offer->worth >= EH_NO_LIMIT && offer->variants_count >= 1);
        EH_ASSERT(offer->says != NULL && (offer->model != NULL) == (campaign->choose == EH_CHOOSE_MODEL));
    }
    (void)eh_campaign_fail(file, "offers.a.b.c", &error, EH_INPUT, "x");
    eh_campaign_close(&file);
    return 0;
}
