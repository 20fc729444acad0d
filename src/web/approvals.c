/* Questions that two people answer together: may this plan go out all the same; is this what the review of the policy says. */
#include <string.h>

#include "web/team_int.h"

enum { LISTED_MAX = 100 };

/* ---- approvals --------------------------------------------------------------------------------------------------------------- */

#define APPROVAL_COLUMNS "number, plan, asked_by, reason, asked_s, answered_by, note, answered_s, approved"

static eh_code approval_take(const eh_statement *row, eh_arena *arena, eh_approval *out, eh_error *error)
{
    *out = (eh_approval){.number = eh_column_integer(row, 0), .plan = eh_arena_copy(arena, eh_column_text(row, 1)), .asked_by = eh_arena_copy(arena, eh_column_text(row, 2)),
                         .reason = eh_arena_copy(arena, eh_column_text(row, 3)), .asked_s = eh_column_integer(row, 4),
                         .answered_by = eh_arena_copy(arena, eh_column_text(row, 5)), .note = eh_arena_copy(arena, eh_column_text(row, 6)),
                         .answered_s = eh_column_integer(row, 7), .approved = eh_column_integer(row, 8) != 0};
    bool whole = out->plan != NULL && out->asked_by != NULL && out->reason != NULL && out->answered_by != NULL && out->note != NULL;
    return whole ? EH_OK : eh_fail_memory(error);
}

eh_code eh_approval_find(eh_store *store, eh_view plan, eh_arena *arena, eh_approval *approval_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row;
    *approval_out = (eh_approval){0};
    EH_TRY(eh_store_prepare(store, "SELECT " APPROVAL_COLUMNS " FROM team_approval WHERE plan = $1 ORDER BY number DESC LIMIT 1", &find, error));
    eh_bind_text(find, 1, plan);
    EH_TRY(eh_statement_step(find, &row, error));
    return row ? approval_take(find, arena, approval_out, error) : EH_OK;
}

eh_code eh_approvals_waiting(eh_store *store, eh_arena *arena, const eh_approval **list_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *list = NULL;
    eh_approval *found = EH_TAKE(arena, LISTED_MAX, eh_approval);
    size_t count = 0;
    if (found == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_prepare(store, "SELECT " APPROVAL_COLUMNS " FROM team_approval WHERE answered_s = 0 ORDER BY number LIMIT $1", &list, error));
    eh_bind_integer(list, 1, LISTED_MAX);
    for (bool row = true;; count++) {
        EH_TRY(eh_statement_step(list, &row, error));
        if (!row)
            break;
        EH_TRY(approval_take(list, arena, &found[count], error));
    }
    *list_out = found;
    *count_out = count;
    return EH_OK;
}

/* One statement that must touch one row. */
static eh_code one_row(eh_store *store, eh_statement *change, const char *says, eh_error *error)
{
    EH_TRY(eh_statement_run(change, error));
    return eh_store_changes(store) == 1 ? EH_OK : eh_fail(error, EH_CONFLICT, "%s", says);
}

eh_code eh_approval_ask(eh_store *store, const eh_approval *wish, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *add = NULL;
    EH_TRY(eh_store_prepare(store,
                            "INSERT INTO team_approval (number, plan, asked_by, reason, asked_s) SELECT (SELECT coalesce(max(number), 0) + 1 FROM team_approval), "
                            "$1, $2, $3, $4 WHERE NOT EXISTS (SELECT 1 FROM team_approval WHERE plan = $1 AND answered_s = 0)",
                            &add, error));
    eh_bind_text(add, 1, eh_view_of(wish->plan));
    eh_bind_text(add, 2, eh_view_of(wish->asked_by));
    eh_bind_text(add, 3, eh_view_of(wish->reason));
    eh_bind_integer(add, 4, wish->asked_s);
    return one_row(store, add, "somebody has asked for this plan already; the answer is waited for", error);
}

eh_code eh_approval_answer(eh_store *store, const eh_approval *answer, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *change = NULL;
    if (eh_view_equal_nocase(eh_view_of(answer->asked_by), eh_view_of(answer->answered_by)))
        return eh_fail(error, EH_DENIED, "you have asked for this yourself; somebody else answers");
    EH_TRY(eh_store_prepare(store,
                            "UPDATE team_approval SET answered_by = $2, note = $3, answered_s = $4, approved = $5 "
                            "WHERE number = $1 AND answered_s = 0 AND asked_by <> $2",
                            &change, error));
    eh_bind_integer(change, 1, answer->number);
    eh_bind_text(change, 2, eh_view_of(answer->answered_by));
    eh_bind_text(change, 3, eh_view_of(answer->note));
    eh_bind_integer(change, 4, answer->answered_s);
    eh_bind_integer(change, 5, answer->approved);
    return one_row(store, change, "this was answered already; load the page again", error);
}

/* ---- reviews ---------------------------------------------------------------------------------------------------------------------- */

#define REVIEW_COLUMNS "number, by_name, at_s, next, findings, decisions, theme_kind, theme_subject, change, second, entry"

static eh_code review_take(const eh_statement *row, eh_arena *arena, eh_waiting_review *out, eh_error *error)
{
    const char *texts[11] = {0};
    for (int i = 0; i < 11; i++) {
        if (i == 0 || i == 2)
            continue;
        texts[i] = eh_arena_copy(arena, eh_column_text(row, i));
        if (texts[i] == NULL)
            return eh_fail_memory(error);
    }
    *out = (eh_waiting_review){.number = eh_column_integer(row, 0), .by = texts[1], .at_s = eh_column_integer(row, 2), .next = texts[3], .findings = texts[4],
                               .decisions = texts[5], .theme_kind = texts[6], .theme_subject = texts[7], .change = texts[8], .second = texts[9], .entry = texts[10]};
    return EH_OK;
}

eh_code eh_review_propose(eh_store *store, const eh_waiting_review *review, int64_t *number_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *add = NULL;
    bool row;
    EH_TRY(eh_store_prepare(store,
                            "INSERT INTO team_review (number, by_name, at_s, next, findings, decisions, theme_kind, theme_subject, change) "
                            "VALUES ((SELECT coalesce(max(number), 0) + 1 FROM team_review), $1, $2, $3, $4, $5, $6, $7, $8) RETURNING number",
                            &add, error));
    const char *const texts[] = {review->by, NULL, review->next, review->findings, review->decisions, review->theme_kind, review->theme_subject, review->change};
    for (int i = 0; i < 8; i++)
        if (texts[i] != NULL)
            eh_bind_text(add, i + 1, eh_view_of(texts[i]));
    eh_bind_integer(add, 2, review->at_s);
    EH_TRY(eh_statement_step(add, &row, error));
    *number_out = row ? eh_column_integer(add, 0) : 0;
    return EH_OK;
}

eh_code eh_review_find(eh_store *store, int64_t number, eh_arena *arena, eh_waiting_review *review_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row;
    EH_TRY(eh_store_prepare(store, "SELECT " REVIEW_COLUMNS " FROM team_review WHERE number = $1", &find, error));
    eh_bind_integer(find, 1, number);
    EH_TRY(eh_statement_step(find, &row, error));
    return row ? review_take(find, arena, review_out, error) : eh_fail(error, EH_NOT_FOUND, "there is no such review");
}

eh_code eh_reviews_list(eh_store *store, bool open_only, eh_arena *arena, const eh_waiting_review **list_out, size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *list = NULL;
    eh_waiting_review *found = EH_TAKE(arena, LISTED_MAX, eh_waiting_review);
    size_t count = 0;
    if (found == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_prepare(store, "SELECT " REVIEW_COLUMNS " FROM team_review WHERE second = '' OR $1 = 0 ORDER BY number DESC LIMIT $2", &list, error));
    eh_bind_integer(list, 1, open_only);
    eh_bind_integer(list, 2, LISTED_MAX);
    for (bool row = true;; count++) {
        EH_TRY(eh_statement_step(list, &row, error));
        if (!row)
            break;
        EH_TRY(review_take(list, arena, &found[count], error));
    }
    *list_out = found;
    *count_out = count;
    return EH_OK;
}

eh_code eh_review_sign(eh_store *store, int64_t number, eh_view second, eh_view entry, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *change = NULL;
    EH_TRY(eh_store_prepare(store, "UPDATE team_review SET second = $2, entry = $3 WHERE number = $1 AND second = '' AND by_name <> $2", &change, error));
    eh_bind_integer(change, 1, number);
    eh_bind_text(change, 2, second);
    eh_bind_text(change, 3, entry);
    return one_row(store, change, "this review has its two signers, or you are the first of them", error);
}

eh_code eh_review_drop(eh_store *store, int64_t number, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *drop = NULL;
    EH_TRY(eh_store_prepare(store, "DELETE FROM team_review WHERE number = $1 AND second = ''", &drop, error));
    eh_bind_integer(drop, 1, number);
    return one_row(store, drop, "this review is signed already", error);
}
