/** Private to web/: the team pages. */
#ifndef EH_WEB_TEAM_INT_H
#define EH_WEB_TEAM_INT_H

#include "base/json.h"
#include "base/time.h"
#include "web/server_int.h"
#include "web/web_int.h"

/* ---- a visit (team_door.c) ------------------------------------------------------------------------------------------------------ */

/** What stands behind exchange->visit of a team route: made before the handler, lives as long as the exchange. */
typedef struct {
    eh_session session;
    eh_fields form;
    unsigned charts;       /* on the page so far */
    unsigned tables;
} eh_team_visit;

/** For eh_server_options.before: session, rights and form token of a team route; false when it has answered itself. */
bool eh_team_admit(eh_exchange *exchange);
/** True when the one who looks may do all of these (EH_MAY_...). */
bool eh_team_may(const eh_exchange *exchange, unsigned rights);
/** The name of the one who looks. */
const char *eh_team_name(const eh_exchange *exchange);

/* ---- routes (team_routes.c) -------------------------------------------------------------------------------------------------------- */

/** Every route of the team with what it asks of a role: the one table of who may see and do what. */
extern const eh_route eh_team_routes[];
extern const size_t eh_team_routes_count;

/* ---- parts of pages (team_parts.c) -------------------------------------------------------------------------------------------------- */

enum { EH_TEAM_TEXT_BYTES = 48 };
/** A short text by value, so that it can stand in a call. */
typedef struct {
    char text[EH_TEAM_TEXT_BYTES];
} eh_team_text;

eh_team_text eh_text_count(double count);                      /* "12,345"; "–" for NaN */
eh_team_text eh_text_percent(double share);                    /* "12.3 %" */
eh_team_text eh_text_range(double low, double high);           /* "12.3 to 14.0 %" */
eh_team_text eh_text_decimals(double number, int decimals);    /* "1,234.57" */

/** "25 Nov 2026" and "25 Nov 2026, 09:15" in the shop's zone, in the arena. */
const char *eh_team_day(eh_exchange *exchange, int64_t at_s);
const char *eh_team_moment(eh_exchange *exchange, int64_t at_s);

typedef enum { EH_BADGE_GOOD, EH_BADGE_BAD, EH_BADGE_UNSURE, EH_BADGE_QUIET, EH_BADGES_COUNT } eh_badge_look;
void eh_team_badge(eh_exchange *exchange, eh_badge_look look, const char *text);
/** "3 days left", "2 days overdue", in the look that belongs to it. */
void eh_team_due_badge(eh_exchange *exchange, int64_t due_s);
/** The look of a verdict of an audit: "within tolerance", "violates", "not enough evidence". */
eh_badge_look eh_badge_of_verdict(const char *verdict);
/** Names as people write them: age_band becomes "age band"; in the arena. */
const char *eh_team_words(eh_exchange *exchange, const char *name);

/** h1 and a line below; with a way back when `back` is a path. */
typedef struct {
    const char *title, *says;
    const char *back, *back_says;
} eh_team_heading;
void eh_team_header(eh_exchange *exchange, const eh_team_heading *heading);
/** A card that says that there is nothing here yet, and what makes something appear: a command. */
void eh_team_empty(eh_exchange *exchange, const char *title, const char *says, const char *command);
/** A number with what it counts below. */
void eh_team_tile(eh_exchange *exchange, const char *number, const char *says);
/** What was just done, when the query says so: ?done=KEY. */
void eh_team_done(eh_exchange *exchange);
/** Sends the browser to `path` and lets the page there say what was done. */
void eh_team_redirect_done(eh_exchange *exchange, const char *path, const char *key);

/** A table in a region that scrolls; headings end with NULL, "#" before one sets its column to the right. */
void eh_team_table_begin(eh_exchange *exchange, const char *name, const char *const *headings);
void eh_team_table_end(eh_exchange *exchange);
void eh_team_cell_head(eh_exchange *exchange, const char *text);
void eh_team_cell(eh_exchange *exchange, const char *text);
void eh_team_cell_number(eh_exchange *exchange, eh_team_text text);
/** Two lines: the number, and the interval below it in a quiet voice. */
void eh_team_cell_estimate(eh_exchange *exchange, eh_team_text value, eh_team_text range);

/** Opens a form that posts to `path`, with the token of the session. */
void eh_team_form_begin(eh_exchange *exchange, const char *path);

/* ---- charts (team_parts.c): drawn by team.js from data; what they show stands in a table beside ------------------------------------------- */

typedef struct {
    eh_exchange *exchange;
    eh_json_writer json;
} eh_chart;

/**
 * `kind` is one that team.js knows: "bars" (names, values), "forest" (names, values, low, high), "bands" (days, series of name, values, low, high), "steps"
 * (x, y, low, high), "curve" (x, y), "lines" (days, series), "heat" (xs, ys, cells). `says` is read to who cannot see it. Between begin and end
 * the members are written to chart->json.
 */
void eh_chart_begin(eh_exchange *exchange, eh_chart *chart, const char *kind, const char *says);
void eh_chart_end(eh_chart *chart);

/* ---- what is kept in files (team_kept.c) ----------------------------------------------------------------------------------------------- */

typedef struct {
    eh_json_document *document;
    eh_json_value root;
    const char *name;          /* of the file without .json; of a plan: its folder */
    const char *path;
    int64_t at_s;              /* when it was made, by its own word, else by the file's */
} eh_kept;

typedef struct {
    eh_kept *items;            /* the oldest first */
    size_t count;
} eh_kept_list;

/** Closes the documents; for EH_CLEANUP. */
void eh_kept_close(eh_kept_list *list);
/** The JSON files of .evenhand/FOLDER, the newest EH_TEAM_KEPT_MAX. What is no JSON is passed over. A folder that is not there has none. */
EH_MUST_USE eh_code eh_kept_read(eh_exchange *exchange, const char *folder, eh_kept_list *list_out, eh_error *error);
/** The reports of plans: .evenhand/plans/NAME/report.json. */
EH_MUST_USE eh_code eh_kept_plans(eh_exchange *exchange, eh_kept_list *list_out, eh_error *error);
/** One of these. errors: EH_NOT_FOUND, also for a name that cannot be one. */
EH_MUST_USE eh_code eh_kept_plan(eh_exchange *exchange, eh_view name, eh_kept_list *list_out, eh_error *error);
/** Names that may stand in a path: letters, digits, '_', '-', '.', not first a dot. */
bool eh_name_is_plain(eh_view name);
/** The names (without `ending`) of the files of a folder that end so, sorted; none when it is not there. */
EH_MUST_USE eh_code eh_files_list(eh_arena *arena, const char *folder, const char *ending, const char *const **names_out, size_t *count_out, eh_error *error);

/** Shorter ways to what is in a document: NULL and NaN for what is not there, "" for texts. */
const char *eh_kept_text(eh_json_value object, const char *key);
double eh_kept_number(eh_json_value object, const char *key);

/* ---- approvals (approvals.c) ------------------------------------------------------------------------------------------------------------- */

/** Somebody asks that a plan goes out although its guards do not say so; somebody else answers. */
typedef struct {
    int64_t number;
    const char *plan, *asked_by, *reason;
    int64_t asked_s;
    const char *answered_by, *note; /* "" before */
    int64_t answered_s;             /* 0: it waits */
    bool approved;
} eh_approval;
/** The newest about a plan; number 0: there is none. */
EH_MUST_USE eh_code eh_approval_find(eh_store *store, eh_view plan, eh_arena *arena, eh_approval *approval_out, eh_error *error);
EH_MUST_USE eh_code eh_approvals_waiting(eh_store *store, eh_arena *arena, const eh_approval **list_out, size_t *count_out, eh_error *error);
/** errors: EH_CONFLICT when one waits already */
EH_MUST_USE eh_code eh_approval_ask(eh_store *store, const eh_approval *wish, eh_error *error);
/** errors: EH_DENIED to the one who asked; EH_CONFLICT when it was answered already */
EH_MUST_USE eh_code eh_approval_answer(eh_store *store, const eh_approval *answer, eh_error *error);

/* ---- reviews of the policy that wait for a second signer (approvals.c) ----------------------------------------------------------------------- */

typedef struct {
    int64_t number;
    const char *by;                 /* the first signer */
    int64_t at_s;
    const char *next;               /* "2027-06-01" */
    const char *findings, *decisions; /* one a line; decisions as "text | owner | date" */
    const char *theme_kind, *theme_subject, *change; /* the theme of feedback that it closes and what it led to; "" for none */
    const char *second;             /* ""; the second signer */
    const char *entry;              /* ""; of the ledger */
} eh_waiting_review;
EH_MUST_USE eh_code eh_review_propose(eh_store *store, const eh_waiting_review *review, int64_t *number_out, eh_error *error);
EH_MUST_USE eh_code eh_review_find(eh_store *store, int64_t number, eh_arena *arena, eh_waiting_review *review_out, eh_error *error);
/** The newest first; open_only: those without a second signer. */
EH_MUST_USE eh_code eh_reviews_list(eh_store *store, bool open_only, eh_arena *arena, const eh_waiting_review **list_out, size_t *count_out, eh_error *error);
EH_MUST_USE eh_code eh_review_sign(eh_store *store, int64_t number, eh_view second, eh_view entry, eh_error *error);
EH_MUST_USE eh_code eh_review_drop(eh_store *store, int64_t number, eh_error *error);

/* ---- campaigns (team_campaigns.c) ---------------------------------------------------------------------------------------------------------- */

/** Makes the tables of campaigns in evenhand.db. */
EH_MUST_USE eh_code eh_team_campaigns_prepare(eh_web *web, eh_error *error);

typedef enum { EH_PLAN_READY, EH_PLAN_ASKS, EH_PLAN_STOPPED, EH_PLAN_OUT } eh_plan_state;
/** How a plan stands: from its report, and whether it went out. */
typedef struct {
    eh_plan_state state;
    int64_t released_s;
    int64_t sent, left_out;
    const char *approved_by;
} eh_plan_standing;
/** errors: those of the store */
EH_MUST_USE eh_code eh_plan_standing_read(eh_exchange *exchange, eh_store *store, const eh_kept *plan, eh_plan_standing *standing_out, eh_error *error);
void eh_plan_state_badge(eh_exchange *exchange, eh_plan_state state);
/** Of the report of a plan: its groups, hidden groups, the guards of the policy, the repair (team_plan_fair.c). */
void eh_team_plan_fairness(eh_exchange *exchange, eh_json_value root);
/** What came of a campaign, from the newest report of it that is kept (team_results.c); nothing when there is none. */
void eh_team_results(eh_exchange *exchange, const eh_kept_list *reports, const char *campaign);
bool eh_team_has_results(const eh_kept_list *reports, const char *campaign);
/** The ledger to write to: the server's, or one that is opened for this and closed when *owned_out says so. */
EH_MUST_USE eh_code eh_team_ledger_take(eh_web *web, eh_ledger **ledger_out, bool *owned_out, eh_error *error);

/* ---- handlers --------------------------------------------------------------------------------------------------------------------------- */

eh_answer eh_team_sign_in_page(eh_exchange *exchange);
eh_answer eh_team_sign_in(eh_exchange *exchange);
eh_answer eh_team_sign_out(eh_exchange *exchange);
eh_answer eh_team_today(eh_exchange *exchange);
eh_answer eh_team_campaigns(eh_exchange *exchange);
eh_answer eh_team_campaign(eh_exchange *exchange);
eh_answer eh_team_campaign_plan(eh_exchange *exchange);
eh_answer eh_team_plan(eh_exchange *exchange);
eh_answer eh_team_plan_release(eh_exchange *exchange);
eh_answer eh_team_plan_ask(eh_exchange *exchange);
eh_answer eh_team_plan_answer(eh_exchange *exchange);
eh_answer eh_team_plan_list(eh_exchange *exchange);
eh_answer eh_team_fairness(eh_exchange *exchange);
eh_answer eh_team_models(eh_exchange *exchange);
eh_answer eh_team_model(eh_exchange *exchange);
eh_answer eh_team_model_card(eh_exchange *exchange);
eh_answer eh_team_data(eh_exchange *exchange);
eh_answer eh_team_policy(eh_exchange *exchange);
eh_answer eh_team_policy_versions(eh_exchange *exchange);
eh_answer eh_team_review_form(eh_exchange *exchange);
eh_answer eh_team_review_propose(eh_exchange *exchange);
eh_answer eh_team_review_page(eh_exchange *exchange);
eh_answer eh_team_review_sign(eh_exchange *exchange);
eh_answer eh_team_feedback(eh_exchange *exchange);
eh_answer eh_team_feedback_piece(eh_exchange *exchange);
eh_answer eh_team_feedback_answer(eh_exchange *exchange);
eh_answer eh_team_people(eh_exchange *exchange);
eh_answer eh_team_request_done(eh_exchange *exchange);
eh_answer eh_team_ledger(eh_exchange *exchange);
eh_answer eh_team_ledger_entry(eh_exchange *exchange);
eh_answer eh_team_ledger_verify(eh_exchange *exchange);
eh_answer eh_team_find(eh_exchange *exchange);
eh_answer eh_team_find_json(eh_exchange *exchange);
eh_answer eh_team_roles(eh_exchange *exchange);

#endif
