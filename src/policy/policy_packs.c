/* The ready packs, as files that are a part of the program. */
#include "base/embed.h"
#include "policy/packs/policy_packs.h"
#include "policy/policy_int.h"

#include <string.h>

EH_EMBED(eh_pack_ca, EH_PACK_CA_PATH);
EH_EMBED(eh_pack_eu, EH_PACK_EU_PATH);
EH_EMBED(eh_pack_house, EH_PACK_HOUSE_PATH);
EH_EMBED(eh_pack_uk, EH_PACK_UK_PATH);
EH_EMBED(eh_pack_us, EH_PACK_US_PATH);

bool policy_pack_embedded(const char *name, eh_view *text_out)
{
    const struct {
        const char *name, *text;
        uint64_t bytes;
    } packs[] = {{"ca", eh_pack_ca, eh_pack_ca_bytes}, {"eu", eh_pack_eu, eh_pack_eu_bytes}, {"house", eh_pack_house, eh_pack_house_bytes},
                 {"uk", eh_pack_uk, eh_pack_uk_bytes}, {"us", eh_pack_us, eh_pack_us_bytes}};
    for (size_t i = 0; i < sizeof packs / sizeof packs[0]; i++) {
        if (strcmp(packs[i].name, name) == 0) {
            *text_out = (eh_view){packs[i].text, packs[i].bytes};
            return true;
        }
    }
    return false;
}
