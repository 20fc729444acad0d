/**
 * Private to web/: the interface for machines below /v1.
 *
 * A request passes the door (api_door.c: key, scope, rate), its body is read member by member (api_body.c), and what touches the disk
 * runs on threads of its own (api_later.c), so that no thread of the server waits for a commit. docs/openapi.json says what each
 * route takes and gives; tests hold the two to each other.
 */
#ifndef EH_WEB_API_INT_H
#define EH_WEB_API_INT_H

#include "journey/campaigns.h"
#include "rights/person.h"
#include "web/api_keys.h"
#include "web/web_int.h"

/* ---- routes ---------------------------------------------------------------------------------------------------------------------- */

/** Bits of eh_route.flags beside EH_ROUTE_API: the low eight are the scope. */
enum {
    EH_API_OPEN = 1 << 8,   /* needs no key */
    EH_API_WRITES = 1 << 9, /* NAME:read is not enough; Idempotency-Key is honoured */
};
extern const eh_route eh_api_routes[];
extern const size_t eh_api_routes_count;

typedef struct eh_api eh_api;
/** Tables, threads. errors: those of the store; EH_UNAVAILABLE without threads */
EH_MUST_USE eh_code eh_api_open(eh_web *web, eh_error *error);
/** After the server: nothing is under way any more. */
void eh_api_close(eh_web *web);
/** The door: true when the handler may run. */
bool eh_api_admit(eh_exchange *exchange);
/** For the server: counts the answer. */
void eh_api_answered(const eh_exchange *exchange, double seconds);

/* ---- what the parts share (api_later.c) -------------------------------------------------------------------------------------------- */

/** Done on a thread that may wait. It writes the answer, or a problem. */
typedef void (*eh_api_work)(eh_exchange *exchange);
/** Hands the exchange to such a thread: `return eh_api_later(exchange, work);` Honours Idempotency-Key for routes that write. */
eh_answer eh_api_later(eh_exchange *exchange, eh_api_work work);
/** The same for a page. False: too many wait. */
bool eh_page_later(eh_exchange *exchange, eh_api_work work);
/** Keeps the answer of a request that may come again, in the transaction that does what it asked; nothing when it cannot. */
EH_MUST_USE eh_code eh_api_remember(eh_exchange *exchange, eh_store *store, eh_error *error);
/** The answer has changed since eh_api_remember: what is there when the work ends is kept in its place, */
void eh_api_keep_again(eh_exchange *exchange);
/** or nothing is, and the request is carried out when it comes again. */
void eh_api_keep_not(eh_exchange *exchange);
/** A key of its own for each use, derived from the workspace's. */
void eh_api_key_for(const eh_web *web, const char *use, eh_secret *key_out);
/** Sealed positions of lists. `beside` is what the list was asked for: a cursor opens with the same question only. */
void eh_api_cursor_append(const eh_web *web, eh_view beside, eh_view position, eh_buffer *out);
EH_MUST_USE eh_code eh_api_cursor_read(eh_exchange *exchange, eh_view cursor, eh_view beside, eh_view *position_out, eh_error *error);

/* ---- reading requests (api_body.c) --------------------------------------------------------------------------------------------------- */

typedef enum {
    EH_BODY_TEXT,    /* const char *: 1 to `most` bytes of UTF-8; NULL: not given */
    EH_BODY_PERSON,  /* const char *: a person's key */
    EH_BODY_WORD,    /* const char *: one of `words` (separated by blanks) */
    EH_BODY_INTEGER, /* int64_t: 1 to `most`; 0: not given */
    EH_BODY_VALUE,   /* double: a number, or true (1) or false (0); NaN: not given */
    EH_BODY_TRUTH,   /* eh_body_truth */
    EH_BODY_TIME,    /* int64_t: RFC 3339, whole seconds; 0: not given */
    EH_BODY_DAY,     /* eh_body_day: 2012-05-31 */
    EH_BODY_ITEMS,   /* eh_json_value: an array of 1 to `most` */
    EH_BODY_OBJECT,  /* eh_json_value */
} eh_body_kind;
typedef enum { EH_BODY_NOT_GIVEN, EH_BODY_TRUE, EH_BODY_FALSE } eh_body_truth;
typedef struct {
    bool given;
    int32_t day;     /* since 1970-01-01 */
} eh_body_day;

typedef struct {
    const char *name;
    eh_body_kind kind;
    bool required;
    size_t offset;   /* in the struct that is filled */
    size_t most;
    const char *words;
} eh_body_member;

/** Reads the members of an object into a struct, NaN and all. `where` ("acts[2]", "") stands in errors. errors: EH_INPUT, EH_LIMIT */
EH_MUST_USE eh_code eh_body_read(eh_json_value object, const char *where, const eh_body_member *members, size_t members_count, void *filled_out,
                                 eh_error *error);
/** The request's JSON, strictly: one object, no number beyond 2^53 that claims to be exact. Lives as long as the exchange's arena is read; close it. */
EH_MUST_USE eh_code eh_body_parse(eh_exchange *exchange, eh_json_document **document_out, eh_error *error);
/** Refuses a query with another name than `names` (separated by blanks), or with the same one twice. */
EH_MUST_USE eh_code eh_query_check(const eh_exchange *exchange, const char *names, eh_error *error);
/** 1 to 200 (default 50) from ?limit=. */
EH_MUST_USE eh_code eh_query_limit(const eh_exchange *exchange, size_t *limit_out, eh_error *error);
/** A person's key of a path or body: 1 to 200 printable ASCII characters, or 1 to 50 of any kind; no slash, no control character. */
EH_MUST_USE eh_code eh_person_key_check(eh_view key, eh_error *error);
/** 1 to `most` bytes. errors: EH_INPUT for none or too many characters, EH_LIMIT for characters that take too many bytes */
EH_MUST_USE eh_code eh_text_length_check(eh_view text, size_t most, eh_error *error);
/** 32 hexadecimal digits in lower case, as entries of the ledger and requests are named. */
bool eh_api_id_is_one(eh_view id);
/** Numbers that JSON readers disagree about: the first whole number beyond 2^53. errors: EH_INPUT with line and column */
EH_MUST_USE eh_code eh_body_numbers_check(eh_view text, eh_error *error);

/* ---- writing answers ------------------------------------------------------------------------------------------------------------------ */

/** An answer in JSON: begin, write members, end. */
void eh_api_json_begin(eh_exchange *exchange, unsigned status, eh_json_writer *json);
void eh_api_json_end(eh_exchange *exchange, eh_json_writer *json);
/** A problem: what the request says cannot be (EH_INPUT) is 422 here, where its form is fine. */
void eh_api_refuse(eh_exchange *exchange, const eh_error *error);

/* ---- erasing (api_people.c) ------------------------------------------------------------------------------------------------------------ */

/** A person with all that the rooms keep about them, for an export. Reads the ledger and the plans: let it wait on a thread that may. */
EH_MUST_USE eh_code eh_web_person_read(eh_exchange *exchange, eh_view key, eh_person *person_out, eh_error *error);
/** Every room that keeps something about the person forgets it. May wait for the disk, for seconds when others read. */
EH_MUST_USE eh_code eh_web_forget(eh_exchange *exchange, eh_view person, eh_forgotten *forgotten_out, eh_error *error);

/* ---- handlers --------------------------------------------------------------------------------------------------------------------------- */

eh_answer eh_api_health(eh_exchange *exchange);
eh_answer eh_api_document(eh_exchange *exchange);
eh_answer eh_api_metrics(eh_exchange *exchange);
eh_answer eh_api_consents_say(eh_exchange *exchange);
eh_answer eh_api_consents_show(eh_exchange *exchange);
eh_answer eh_api_preferences_show(eh_exchange *exchange);
eh_answer eh_api_preferences_set(eh_exchange *exchange);
eh_answer eh_api_person_export(eh_exchange *exchange);
eh_answer eh_api_person_erase(eh_exchange *exchange);
eh_answer eh_api_feedback_give(eh_exchange *exchange);
eh_answer eh_api_feedback_list(eh_exchange *exchange);
eh_answer eh_api_feedback_show(eh_exchange *exchange);
eh_answer eh_api_outcomes_record(eh_exchange *exchange);
eh_answer eh_api_outcomes_list(eh_exchange *exchange);
eh_answer eh_api_decide(eh_exchange *exchange);
eh_answer eh_api_decision_show(eh_exchange *exchange);
eh_answer eh_api_explanation(eh_exchange *exchange);
eh_answer eh_api_plan_make(eh_exchange *exchange);
eh_answer eh_api_plan_request_show(eh_exchange *exchange);
eh_answer eh_api_plans_list(eh_exchange *exchange);
eh_answer eh_api_plan_show(eh_exchange *exchange);
eh_answer eh_api_proof(eh_exchange *exchange);
eh_answer eh_api_link(eh_exchange *exchange);

/* ---- what the interface keeps (api_keep.c), part "api" of evenhand.db ---------------------------------------------------------------------- */

typedef struct {
    const char *person, *name, *decision; /* decision "": not about one */
    double value;
    int64_t at_s, recorded_s, number;     /* number: its place in the list */
} eh_outcome;

/** Inside a transaction. *known_out: exactly this one was there already. */
EH_MUST_USE eh_code eh_outcome_keep(eh_store *store, const eh_outcome *outcome, bool *known_out, eh_error *error);
/** The decision that an outcome is about. */
typedef struct {
    eh_campaign_plan plan;                /* plan NULL: about none that went out */
    int64_t until_s;                      /* the end of the outcome's window */
} eh_outcome_about;
/** errors: EH_INPUT when it is not this person's, or came later */
EH_MUST_USE eh_code eh_outcome_about_find(eh_exchange *exchange, const eh_outcome *outcome, eh_outcome_about *about_out, eh_error *error);
/** Outcomes that were just kept, to where campaign reports look; in the transaction that kept them. `number` of each is the last one before. */
EH_MUST_USE eh_code eh_outcomes_pass_on(eh_exchange *exchange, eh_store *store, const eh_outcome *outcomes, const eh_outcome_about *abouts, size_t count,
                                        eh_error *error);
/** What was told of one outcome of one decision. */
typedef struct {
    bool any;
    double value, before;                 /* yes or no: yes when it was once; amounts: their sum. before: of numbers up to the one that was asked for */
    int64_t at_s;                         /* of the latest */
} eh_outcome_total;
/** Of the same person, name and decision, from `from_s` to `until_s`; number: where "before" ends. */
EH_MUST_USE eh_code eh_outcome_add_up(eh_store *store, const eh_outcome *of, int64_t from_s, int64_t until_s, eh_outcome_total *total_out, eh_error *error);
/** The number of the last one. */
EH_MUST_USE eh_code eh_outcomes_last(eh_store *store, int64_t *number_out, eh_error *error);
/** In the order of recording, those after `number`; of one person, or of everybody (empty). */
EH_MUST_USE eh_code eh_outcomes_list(eh_store *store, eh_view person, int64_t number, eh_arena *arena, eh_outcome *list_out, size_t *count_out,
                                     eh_error *error);
EH_MUST_USE eh_code eh_outcomes_forget(eh_store *store, eh_view person, uint64_t *count_out, eh_error *error);

typedef struct {
    unsigned status;
    const char *content_type, *location; /* location "": it has none */
    eh_view body;
    uint8_t request[32];      /* keyed hash of what was asked */
} eh_kept_answer;
enum { EH_ANSWER_KEPT_SECONDS = 24 * 3600 };
EH_MUST_USE eh_code eh_answer_keep(eh_store *store, const uint8_t name[32], const eh_kept_answer *answer, int64_t now_s, eh_error *error);
EH_MUST_USE eh_code eh_answer_drop(eh_store *store, const uint8_t name[32], eh_error *error);
EH_MUST_USE eh_code eh_answer_find(eh_store *store, const uint8_t name[32], int64_t now_s, eh_arena *arena, eh_kept_answer *answer_out, bool *found_out,
                                   eh_error *error);

/* ---- counters (api_service.c) -------------------------------------------------------------------------------------------------------------- */

enum { EH_API_STATUSES = 6, EH_API_BUCKETS = 12, EH_API_ROUTES_MAX = 40 };
typedef struct {
    _Atomic uint64_t answers[EH_API_ROUTES_MAX][EH_API_STATUSES]; /* by status / 100 */
    _Atomic uint64_t seconds[EH_API_BUCKETS + 1];
    _Atomic uint64_t nanoseconds_sum;
    _Atomic uint64_t throttled, unknown_keys, replays;
} eh_api_counters;
eh_api_counters *eh_api_counters_of(const eh_web *web);

#endif
