/* What the rooms below keep about one person, joined. */
#include "journey/people.h"

#include <string.h>

eh_code eh_rights_into_ledger(void *ledger, const eh_rights_entry *entries, size_t count, char (*ids_out)[EH_RIGHTS_ENTRY_ID_BYTES], eh_error *error)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_ledger_entry *appended = arena == NULL ? NULL : EH_TAKE(arena, count, eh_ledger_entry);
    eh_ledger_receipt *receipts = arena == NULL ? NULL : EH_TAKE(arena, count, eh_ledger_receipt);
    if (ledger == NULL)
        return eh_fail(error, EH_UNAVAILABLE, "the ledger is not open here");
    if (appended == NULL || receipts == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < count; i++)
        appended[i] = (eh_ledger_entry){.kind = eh_view_of(entries[i].kind), .person = entries[i].person, .payload = entries[i].payload};
    EH_TRY(eh_ledger_append(ledger, appended, count, receipts, error));
    for (size_t i = 0; i < count; i++)
        memcpy(ids_out[i], receipts[i].id, sizeof receipts[i].id);
    return EH_OK;
}
