/**
 * Private to web/: campaigns that are open for decisions over HTTP.
 *
 * A desk is opened by the first request for its campaign, on a thread that may wait, and opened again when its campaign, its policy or the
 * plans have changed. Decisions are made on the server's own threads; one thread takes all that are waiting and puts them into the ledger
 * together, and only then is each answered: the more there are, the less each waits for the disk.
 */
#ifndef EH_WEB_DESKS_INT_H
#define EH_WEB_DESKS_INT_H

#include "journey/journey.h"
#include "web/turns_int.h"
#include "web/web_int.h"

typedef struct eh_desks eh_desks;

EH_MUST_USE eh_code eh_desks_open(eh_web *web, eh_desks **desks_out, eh_error *error);
/** After the server: nothing is under way any more. */
void eh_desks_close(eh_desks **desks);

typedef struct eh_desk_place eh_desk_place;
/** The desk when it is open, fresh and has read what it needs; NULL: ask eh_desks_fetch, on a thread that may wait. Give it back. */
eh_desk_place *eh_desks_take(eh_desks *desks, eh_view campaign);
/** Opens it when need be. errors: as eh_desk_open; EH_UNAVAILABLE when another process writes the ledger */
EH_MUST_USE eh_code eh_desks_fetch(eh_desks *desks, eh_view campaign, eh_desk_place **place_out, eh_error *error);
void eh_desks_give(eh_desks *desks, eh_desk_place *place);
eh_desk *eh_desk_of(const eh_desk_place *place);
/** The shop's data has been read: further decisions do not wait for it. */
void eh_desk_is_warm(eh_desk_place *place);
/** Whose turn it is where messages are counted. */
eh_turns *eh_desks_turns(const eh_desks *desks);
/** The words of a language, "de" or "de-AT"; NULL: not spoken. */
const eh_words *eh_desks_words(const eh_desks *desks, const char *language);

/** A decision that waits for the ledger. Lives in its exchange's arena. */
typedef struct eh_desk_waiting {
    eh_exchange *exchange;
    eh_desk_place *place;             /* given back when the decision is on the disk */
    const eh_trace *trace;
    eh_ledger_entry entry;
    uint64_t turn;                    /* of the person, given back when the message is kept; 0: none was taken */
    size_t id_at;                     /* in exchange->out: where the id goes, EH_LEDGER_ID_BYTES - 1 characters */
    struct eh_desk_waiting *next;
} eh_desk_waiting;
/** Hands it over, with its place; the exchange is finished when the decision is on the disk. False: too many wait, and nothing was taken. */
bool eh_desks_wait(eh_desks *desks, eh_desk_waiting *waiting);
/** The same for one decision, here and now; the id is written into its exchange. Place and turn stay with the caller. */
EH_MUST_USE eh_code eh_desks_record(eh_desks *desks, eh_desk_waiting *waiting, eh_error *error);

#endif
