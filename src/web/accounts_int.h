/**
 * Private to web/: who works here. Accounts with a role, sessions, and the throttle of the sign-in. Kept in the part "team" of
 * evenhand.db; passwords as Argon2id, session tokens as hashes, so that a copy of the file lets nobody in.
 */
#ifndef EH_WEB_ACCOUNTS_INT_H
#define EH_WEB_ACCOUNTS_INT_H

#include "base/secrets.h"
#include "store/store.h"

typedef enum { EH_ROLE_VIEWER, EH_ROLE_MARKETER, EH_ROLE_ANALYST, EH_ROLE_ETHICS_OWNER, EH_ROLE_ADMIN, EH_ROLES_COUNT } eh_role;

/** What somebody may do; a role is a set of these. */
enum {
    EH_MAY_LOOK = 1,            /* every team page */
    EH_MAY_PLAN = 2,            /* plan campaigns, ask for release */
    EH_MAY_RELEASE = 4,         /* let a plan go out that preflight released */
    EH_MAY_ANSWER = 8,          /* feedback, requests of people */
    EH_MAY_SEE_PEOPLE = 16,     /* look up one person */
    EH_MAY_TRAIN = 32,          /* models, checks, repairs */
    EH_MAY_OVERRIDE = 64,       /* be one of the two who answer "cannot tell" or set a stop aside */
    EH_MAY_REVIEW = 128,        /* sign policy reviews */
    EH_MAY_ADMINISTER = 256     /* accounts, keys */
};

/** "ethics owner"; and back: false for what is none. */
const char *eh_role_name(eh_role role);
bool eh_role_find(eh_view name, eh_role *role_out);
unsigned eh_role_rights(eh_role role);

enum { EH_ACCOUNT_NAME_BYTES = 80, EH_TOKEN_TEXT_BYTES = 48, EH_PASSWORD_BYTES_MIN = 10 };

typedef struct {
    int64_t id;
    char name[EH_ACCOUNT_NAME_BYTES];
    eh_role role;
    int64_t trained_s; /* when their training for approving was recorded (AI Act, Article 4); 0: none */
} eh_account;

typedef struct {
    eh_account account;
    char form_token[EH_TOKEN_TEXT_BYTES]; /* stands in every form of the session */
} eh_session;

/** Makes or brings up to date the tables. */
EH_MUST_USE eh_code eh_accounts_migrate(eh_store *store, eh_error *error);

/** errors: EH_INPUT for a bad name or a password under EH_PASSWORD_BYTES_MIN, EH_CONFLICT when the name is taken. */
typedef struct {
    eh_view name, password;
    eh_role role;
    bool trained;
    int64_t now_s;
} eh_account_wish;
EH_MUST_USE eh_code eh_account_add(eh_store *store, const eh_account_wish *wish, eh_error *error);
/** Ends all sessions of the account as well. */
EH_MUST_USE eh_code eh_account_set_password(eh_store *store, const eh_account_wish *wish, eh_error *error);
EH_MUST_USE eh_code eh_account_remove(eh_store *store, eh_view name, eh_error *error);
/** Calls `found` for each account by name. */
EH_MUST_USE eh_code eh_accounts_list(eh_store *store, void (*found)(void *context, const eh_account *account), void *context, eh_error *error);

/**
 * Signs in: a new session and its token, which the caller gives to the client and forgets. Five failures for a name within fifteen
 * minutes, or thirty from one address, and both wait (EH_UNAVAILABLE). Takes the same time whether or not the name exists.
 * errors: EH_DENIED
 */
typedef struct {
    eh_view name, password;
    const char *peer;
    int64_t now_s;
} eh_sign_in;
EH_MUST_USE eh_code eh_session_open(eh_store *store, const eh_sign_in *given, char token_out[EH_TOKEN_TEXT_BYTES], eh_error *error);
/** The session that a token belongs to. It lasts twelve hours, and one hour without use. errors: EH_DENIED */
EH_MUST_USE eh_code eh_session_find(eh_store *store, eh_view token, int64_t now_s, eh_session *session_out, eh_error *error);
EH_MUST_USE eh_code eh_session_close(eh_store *store, eh_view token, eh_error *error);

#endif
