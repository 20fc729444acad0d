/* Any bytes as a proof file: none holds under a key whose secret nobody has. */
#include <stdint.h>

#include "ledger/ledger.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char stranger[] = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    eh_arena *arena = eh_arena_open(1 << 24);
    eh_ledger_proof proof;
    eh_error error = {0};
    EH_ASSERT(arena != NULL);
    eh_code code = eh_ledger_proof_check((eh_view){(const char *)data, size}, eh_view_of(stranger), arena, &proof, &error);
    EH_ASSERT(code != EH_OK && error.text[0] != '\0');
    eh_arena_close(&arena);
    return 0;
}
