/**
 * Links that open a person's own pages without a log-in: sealed, expiring, each for one purpose.
 *
 * A token is a sealed box (XChaCha20-Poly1305) of purpose, expiry, person and decision, so that an address in a log or a forwarded
 * message tells nobody who it is about, and not one bit of it can be changed. Whoever has the link has what it opens and nothing
 * else: a link to reasons does not open the data behind them.
 */
#ifndef EH_RIGHTS_LINKS_H
#define EH_RIGHTS_LINKS_H

#include "base/secrets.h"

typedef enum {
    EH_LINK_WHY,         /* why did I get this, and the switches beside it */
    EH_LINK_PREFERENCES, /* channels, purposes, frequency, AI */
    EH_LINK_UNSUBSCRIBE, /* one click (RFC 8058) */
    EH_LINK_DATA,        /* see, take, correct, erase: the step up from the others */
    EH_LINK_CONFIRM,     /* a double opt-in */
    EH_LINK_TICKET,      /* the answer to a feedback or complaint */
    EH_LINKS_COUNT
} eh_link_purpose;

enum { EH_LINK_KEY_BYTES_MAX = 200, EH_LINK_TOKEN_BYTES_MAX = 640 };

typedef struct {
    eh_link_purpose purpose;
    int64_t expires_s;  /* seconds since 1970, 32 bits */
    eh_view person;     /* the person's key, at most EH_LINK_KEY_BYTES_MAX */
    eh_view subject;    /* the decision, channel or ticket that it is about; may be empty; at most EH_LINK_KEY_BYTES_MAX */
} eh_link;

/** Appends the token: base64url, at most EH_LINK_TOKEN_BYTES_MAX characters. `entropy` NULL: the system's. errors: EH_LIMIT, EH_INPUT. */
EH_MUST_USE eh_code eh_link_append(const eh_secret *key, const eh_link *link, const eh_entropy *entropy, eh_buffer *out, eh_error *error);
/**
 * Opens a token; texts live in `arena`. The caller looks whether the purpose is one that it serves. errors: EH_DENIED for what is none of
 * ours or was changed; EH_NOT_FOUND when it has expired, and then link_out is filled all the same, so that a page can say what to do.
 */
EH_MUST_USE eh_code eh_link_read(const eh_secret *key, eh_view token, int64_t now_s, eh_arena *arena, eh_link *link_out, eh_error *error);

/** The key of the links of a workspace, <state_folder>/keys/links.key; made, with mode 0600, when it is not there. errors: EH_IO, EH_DENIED, EH_CORRUPT. */
EH_MUST_USE eh_code eh_link_key_open(const char *state_folder, eh_secret *key_out, eh_error *error);

#endif
