/** Private to web/: decisions of the ledger read back, with models and frames that stay open from one to the next. */
#ifndef EH_WEB_RECALL_INT_H
#define EH_WEB_RECALL_INT_H

#include "journey/journey.h"
#include "web/web_int.h"

typedef struct eh_recall eh_recall;
EH_MUST_USE eh_code eh_recall_open(eh_web *web, eh_recall **recall_out, eh_error *error);
void eh_recall_close(eh_recall **recall);

/** The decision with this id; its trace lives in `arena`. Give it back. errors: EH_NOT_FOUND (none, or erased); EH_INPUT for an entry that is none; EH_CORRUPT */
EH_MUST_USE eh_code eh_recall_decision(eh_recall *recall, eh_view id, eh_arena *arena, eh_decision **decision_out, eh_error *error);
void eh_recall_give(eh_recall *recall, eh_decision *decision);

#endif
