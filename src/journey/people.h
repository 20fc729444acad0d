/**
 * One person, in all rooms: what is kept about them, and how it goes.
 */
#ifndef EH_JOURNEY_PEOPLE_H
#define EH_JOURNEY_PEOPLE_H

#include "ledger/ledger.h"
#include "rights/rights.h"

/** For eh_rights_ledger, with an eh_ledger as the context: what is said goes into the ledger. NULL: another process writes it now, and what is said waits. */
EH_MUST_USE eh_code eh_rights_into_ledger(void *ledger, const eh_rights_entry *entries, size_t count, char (*ids_out)[EH_RIGHTS_ENTRY_ID_BYTES],
                                          eh_error *error);

#endif
