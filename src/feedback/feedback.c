/* What customers say back. */
#include "feedback/feedback.h"

#include <string.h>

#include "base/secrets.h"

enum { DAY_SECONDS = 86400, LIST_MAX = 100, THEME_DAYS = 28, THEME_THRESHOLD = 5, TICKET_LETTERS = 8 };

static const char *const steps[] = {
    "CREATE TABLE feedback (ticket TEXT PRIMARY KEY, kind TEXT NOT NULL, person TEXT NOT NULL, decision TEXT NOT NULL, campaign TEXT NOT NULL,"
    " subject TEXT NOT NULL, rule TEXT NOT NULL, words TEXT NOT NULL, language TEXT NOT NULL, given_s BIGINT NOT NULL, due_s BIGINT NOT NULL,"
    " answered_s BIGINT NOT NULL DEFAULT 0, answer TEXT NOT NULL DEFAULT '', change TEXT NOT NULL DEFAULT '', answered_by TEXT NOT NULL DEFAULT '');"
    "CREATE INDEX feedback_person ON feedback (person);"
    "CREATE INDEX feedback_theme ON feedback (kind, subject, given_s);"
    "CREATE TABLE feedback_reviewed (kind TEXT NOT NULL, subject TEXT NOT NULL, at_s BIGINT NOT NULL, review TEXT NOT NULL,"
    " PRIMARY KEY (kind, subject, at_s));"};

eh_code eh_feedback_migrate(eh_store *store, eh_error *error)
{
    return eh_store_migrate(store, "feedback", steps, sizeof steps / sizeof steps[0], error);
}

static const struct {
    const char *name;
    int days, weight;
} kinds[EH_FEEDBACKS_COUNT] = {
    [EH_FEEDBACK_USEFUL] = {"useful", 14, 0}, [EH_FEEDBACK_CREEPY] = {"creepy", 14, 1}, [EH_FEEDBACK_WRONG] = {"wrong", 14, 2},
    [EH_FEEDBACK_UNFAIR] = {"unfair", 14, 2}, [EH_FEEDBACK_OTHER] = {"other", 14, 1},   [EH_FEEDBACK_COMPLAINT] = {"complaint", 30, 2},
};

const char *eh_feedback_kind_name(eh_feedback_kind kind)
{
    EH_ASSERT(kind < EH_FEEDBACKS_COUNT);
    return kinds[kind].name;
}

bool eh_feedback_kind_find(eh_view name, eh_feedback_kind *kind_out)
{
    for (eh_feedback_kind k = 0; k < EH_FEEDBACKS_COUNT; k++) {
        if (eh_view_equal(name, eh_view_of(kinds[k].name))) {
            *kind_out = k;
            return true;
        }
    }
    return false;
}

int64_t eh_feedback_days(eh_feedback_kind kind)
{
    EH_ASSERT(kind < EH_FEEDBACKS_COUNT);
    return kinds[kind].days;
}

/* ---- giving ------------------------------------------------------------------------------------------------------------------ */

/* Forty random bits in letters that nobody mistakes for one another. */
static void ticket_make(char ticket_out[EH_TICKET_BYTES])
{
    static const char letters[] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    uint8_t bytes[TICKET_LETTERS];
    eh_entropy_fill(NULL, bytes, sizeof bytes);
    char *out = ticket_out;
    memcpy(out, "EH-", 3);
    out += 3;
    for (size_t i = 0; i < TICKET_LETTERS; i++) {
        if (i == TICKET_LETTERS / 2)
            *out++ = '-';
        *out++ = letters[bytes[i] % 32];
    }
    *out = '\0';
}

static eh_code wish_check(const eh_feedback_wish *wish, eh_error *error)
{
    const eh_view texts[] = {wish->person, wish->decision, wish->campaign, wish->subject, wish->rule, wish->words, wish->language};
    if (wish->words.len > EH_FEEDBACK_WORDS_BYTES_MAX)
        return eh_fail(error, EH_LIMIT, "that is %zu characters, at most %d fit", wish->words.len, EH_FEEDBACK_WORDS_BYTES_MAX);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (!eh_utf8_valid(texts[i]) || texts[i].len > EH_FEEDBACK_WORDS_BYTES_MAX || (texts[i].len > 0 && memchr(texts[i].ptr, '\0', texts[i].len) != NULL))
            return eh_fail(error, EH_INPUT, "a text that is not valid UTF-8, or too long");
    return EH_OK;
}

static void bind_text(eh_statement *statement, int number, eh_view text)
{
    eh_bind_text(statement, number, text.ptr == NULL ? EH_VIEW("") : text);
}

eh_code eh_feedback_give(eh_store *store, const eh_feedback_wish *wish, int64_t now_s, char ticket_out[EH_TICKET_BYTES], eh_error *error)
{
    char ticket[EH_TICKET_BYTES];
    EH_CLEANUP(eh_statement_close) eh_statement *give = NULL;
    EH_TRY(wish_check(wish, error));
    EH_TRY(eh_store_prepare(store,
                            "INSERT INTO feedback (ticket, kind, person, decision, campaign, subject, rule, words, language, given_s, due_s) "
                            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                            &give, error));
    const eh_view texts[] = {wish->person, wish->decision, wish->campaign, wish->subject, wish->rule, wish->words, wish->language};
    ticket_make(ticket);
    eh_bind_text(give, 1, eh_view_of(ticket));
    eh_bind_text(give, 2, eh_view_of(eh_feedback_kind_name(wish->kind)));
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        bind_text(give, 3 + (int)i, texts[i]);
    eh_bind_integer(give, 10, now_s);
    eh_bind_integer(give, 11, now_s + eh_feedback_days(wish->kind) * DAY_SECONDS);
    EH_TRY(eh_statement_run(give, error));
    memcpy(ticket_out, ticket, sizeof ticket);
    return EH_OK;
}

/* ---- reading ------------------------------------------------------------------------------------------------------------------- */

#define FEEDBACK_COLUMNS \
    "ticket, kind, person, decision, campaign, subject, rule, words, language, answer, change, answered_by, given_s, due_s, answered_s"

static eh_code row_read(const eh_statement *row, eh_arena *arena, eh_feedback *feedback_out, eh_error *error)
{
    eh_feedback feedback = {.given_s = eh_column_integer(row, 12), .due_s = eh_column_integer(row, 13), .answered_s = eh_column_integer(row, 14)};
    const char **const texts[] = {&feedback.person, &feedback.decision, &feedback.campaign, &feedback.subject, &feedback.rule,
                                  &feedback.words,  &feedback.language, &feedback.answer,   &feedback.change,  &feedback.answered_by};
    eh_view ticket = eh_column_text(row, 0);
    if (ticket.len >= EH_TICKET_BYTES || !eh_feedback_kind_find(eh_column_text(row, 1), &feedback.kind))
        return eh_fail(error, EH_CORRUPT, "a piece of feedback cannot be read");
    memcpy(feedback.ticket, ticket.ptr, ticket.len);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        *texts[i] = eh_arena_copy(arena, eh_column_text(row, 2 + (int)i));
        if (*texts[i] == NULL)
            return eh_fail_memory(error);
    }
    *feedback_out = feedback;
    return EH_OK;
}

eh_code eh_feedback_read(eh_store *store, eh_view ticket, eh_arena *arena, eh_feedback *feedback_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    bool row;
    EH_TRY(eh_store_prepare(store, "SELECT " FEEDBACK_COLUMNS " FROM feedback WHERE ticket = $1", &find, error));
    eh_bind_text(find, 1, ticket);
    EH_TRY(eh_statement_step(find, &row, error));
    if (!row)
        return eh_fail(error, EH_NOT_FOUND, "there is no ticket %.*s", (int)ticket.len, ticket.ptr);
    return row_read(find, arena, feedback_out, error);
}

/* All rows of a bound statement, at most `most`. */
static eh_code rows_read(eh_statement *list, size_t most, eh_arena *arena, const eh_feedback **list_out, size_t *count_out, eh_error *error)
{
    size_t count = 0;
    eh_feedback *found = EH_TAKE(arena, most, eh_feedback);
    if (found == NULL)
        return eh_fail_memory(error);
    for (bool row = true; count < most; count++) {
        EH_TRY(eh_statement_step(list, &row, error));
        if (!row)
            break;
        EH_TRY(row_read(list, arena, &found[count], error));
    }
    *list_out = found;
    *count_out = count;
    return EH_OK;
}

eh_code eh_feedback_list(eh_store *store, const eh_feedback_filter *filter, eh_arena *arena, const eh_feedback **list_out, size_t *count_out,
                         eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *list = NULL;
    size_t most = filter->count_max == 0 ? LIST_MAX : filter->count_max;
    EH_TRY(eh_store_prepare(store,
                            "SELECT " FEEDBACK_COLUMNS " FROM feedback WHERE ($1 = '' OR person = $1) AND ($2 = '' OR subject = $2) "
                            "AND ($3 = 0 OR answered_s = 0) ORDER BY answered_s > 0, CASE WHEN answered_s = 0 THEN due_s ELSE -answered_s END, ticket LIMIT $4",
                            &list, error));
    bind_text(list, 1, filter->person);
    bind_text(list, 2, filter->subject);
    eh_bind_integer(list, 3, filter->open_only);
    eh_bind_integer(list, 4, (int64_t)most);
    return rows_read(list, most, arena, list_out, count_out, error);
}

eh_code eh_feedback_read_page(eh_store *store, const eh_feedback_page_spec *spec, eh_arena *arena, const eh_feedback **list_out, size_t *count_out,
                         eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *list = NULL;
    EH_TRY(eh_store_prepare(store,
                            "SELECT " FEEDBACK_COLUMNS " FROM feedback WHERE ($1 = '' OR person = $1) AND ($2 = '' OR subject = $2) "
                            "AND ($3 = 0 OR answered_s = 0) AND ($4 = 0 OR given_s < $4 OR (given_s = $4 AND ticket < $5)) "
                            "ORDER BY given_s DESC, ticket DESC LIMIT $6",
                            &list, error));
    bind_text(list, 1, spec->person);
    bind_text(list, 2, spec->subject);
    eh_bind_integer(list, 3, spec->open_only);
    eh_bind_integer(list, 4, spec->before_s);
    bind_text(list, 5, spec->before_ticket);
    eh_bind_integer(list, 6, (int64_t)spec->count_max);
    return rows_read(list, spec->count_max, arena, list_out, count_out, error);
}

/* ---- answering ----------------------------------------------------------------------------------------------------------------- */

eh_code eh_feedback_answer(eh_store *store, const eh_feedback_reply *reply, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *answer = NULL, *find = NULL;
    bool row;
    if (reply->answer.len == 0 || reply->answer.len > EH_FEEDBACK_WORDS_BYTES_MAX || reply->change.len > EH_FEEDBACK_WORDS_BYTES_MAX)
        return eh_fail(error, EH_INPUT, "an answer has 1 to %d characters", EH_FEEDBACK_WORDS_BYTES_MAX);
    EH_TRY(eh_store_prepare(store, "UPDATE feedback SET answered_s = $2, answer = $3, change = $4, answered_by = $5 WHERE ticket = $1 AND answered_s = 0",
                            &answer, error));
    eh_bind_text(answer, 1, reply->ticket);
    eh_bind_integer(answer, 2, reply->now_s);
    bind_text(answer, 3, reply->answer);
    bind_text(answer, 4, reply->change);
    bind_text(answer, 5, reply->by);
    EH_TRY(eh_statement_run(answer, error));
    if (eh_store_changes(store) == 1)
        return EH_OK;
    EH_TRY(eh_store_prepare(store, "SELECT 1 FROM feedback WHERE ticket = $1", &find, error));
    eh_bind_text(find, 1, reply->ticket);
    EH_TRY(eh_statement_step(find, &row, error));
    return row ? eh_fail(error, EH_CONFLICT, "this ticket was answered already") : eh_fail(error, EH_NOT_FOUND, "there is no such ticket");
}

/* ---- themes ------------------------------------------------------------------------------------------------------------------------ */

static eh_code theme_read(const eh_statement *row, const eh_feedback_themes_spec *spec, eh_arena *arena, eh_feedback_theme *theme_out, eh_error *error)
{
    eh_feedback_theme theme = {
        .now_count = (uint64_t)eh_column_integer(row, 3), .before_count = (uint64_t)eh_column_integer(row, 4), .all_count = (uint64_t)eh_column_integer(row, 5)};
    if (!eh_feedback_kind_find(eh_column_text(row, 0), &theme.kind))
        return eh_fail(error, EH_CORRUPT, "a piece of feedback cannot be read");
    theme.subject = eh_arena_copy(arena, eh_column_text(row, 1));
    theme.campaign = eh_arena_copy(arena, eh_column_text(row, 2));
    if (theme.subject == NULL || theme.campaign == NULL)
        return eh_fail_memory(error);
    uint64_t threshold = spec->threshold == 0 ? THEME_THRESHOLD : spec->threshold;
    /* Only what came after the last review of the theme counts towards the next one. */
    theme.review_due = (uint64_t)eh_column_integer(row, 6) * (uint64_t)kinds[theme.kind].weight >= threshold && kinds[theme.kind].weight > 0;
    *theme_out = theme;
    return EH_OK;
}

static bool theme_before(const eh_feedback_theme *a, const eh_feedback_theme *b)
{
    return a->review_due != b->review_due ? a->review_due : a->now_count > b->now_count;
}

/* In place, stable: themes are few. */
static void themes_sort(eh_feedback_theme *themes, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        eh_feedback_theme theme = themes[i];
        size_t at = i;
        for (; at > 0 && theme_before(&theme, &themes[at - 1]); at--)
            themes[at] = themes[at - 1];
        themes[at] = theme;
    }
}

eh_code eh_feedback_themes(eh_store *store, const eh_feedback_themes_spec *spec, eh_arena *arena, const eh_feedback_theme **themes_out,
                           size_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *list = NULL;
    int64_t span_s = (int64_t)(spec->days == 0 ? THEME_DAYS : spec->days) * DAY_SECONDS;
    eh_feedback_theme *themes = EH_TAKE(arena, EH_FEEDBACK_THEMES_MAX, eh_feedback_theme);
    size_t count = 0;
    if (themes == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_store_prepare(
        store,
        "SELECT f.kind, f.subject, (SELECT c.campaign FROM feedback c WHERE c.kind = f.kind AND c.subject = f.subject GROUP BY c.campaign ORDER BY count(*) DESC, "
        "c.campaign LIMIT 1), sum(CASE WHEN f.given_s > $1 THEN 1 ELSE 0 END), sum(CASE WHEN f.given_s <= $1 AND f.given_s > $2 THEN 1 ELSE 0 END), count(*), "
        "sum(CASE WHEN f.given_s > $1 AND f.given_s > coalesce((SELECT max(r.at_s) FROM feedback_reviewed r WHERE r.kind = f.kind AND r.subject = f.subject), 0) "
        "THEN 1 ELSE 0 END) FROM feedback f GROUP BY f.kind, f.subject ORDER BY count(*) DESC, f.kind, f.subject LIMIT $3",
        &list, error));
    eh_bind_integer(list, 1, spec->now_s - span_s);
    eh_bind_integer(list, 2, spec->now_s - 2 * span_s);
    eh_bind_integer(list, 3, EH_FEEDBACK_THEMES_MAX);
    for (bool row = true; count < EH_FEEDBACK_THEMES_MAX;) {
        EH_TRY(eh_statement_step(list, &row, error));
        if (!row)
            break;
        EH_TRY(theme_read(list, spec, arena, &themes[count], error));
        count++;
    }
    themes_sort(themes, count);
    *themes_out = themes;
    *count_out = count;
    return EH_OK;
}

eh_code eh_feedback_theme_reviewed(eh_store *store, const eh_feedback_theme *theme, eh_view review, int64_t now_s, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *note = NULL;
    EH_TRY(eh_store_prepare(store, "INSERT INTO feedback_reviewed (kind, subject, at_s, review) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", &note, error));
    eh_bind_text(note, 1, eh_view_of(eh_feedback_kind_name(theme->kind)));
    eh_bind_text(note, 2, eh_view_of(theme->subject));
    eh_bind_integer(note, 3, now_s);
    bind_text(note, 4, review);
    return eh_statement_run(note, error);
}

eh_code eh_feedback_theme_tell(eh_store *store, eh_feedback_kind kind, eh_view subject, eh_view change, uint64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *tell = NULL;
    EH_TRY(eh_store_prepare(store, "UPDATE feedback SET change = $3 WHERE kind = $1 AND subject = $2 AND change = ''", &tell, error));
    eh_bind_text(tell, 1, eh_view_of(eh_feedback_kind_name(kind)));
    bind_text(tell, 2, subject);
    bind_text(tell, 3, change);
    EH_TRY(eh_statement_run(tell, error));
    *count_out = eh_store_changes(store);
    return EH_OK;
}

eh_code eh_feedback_forget(eh_store *store, eh_view person, uint64_t *count_out, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *forget = NULL;
    EH_TRY(eh_store_prepare(store, "UPDATE feedback SET person = '', words = '', decision = '', answer = '' WHERE person = $1 AND person <> ''", &forget, error));
    eh_bind_text(forget, 1, person);
    EH_TRY(eh_statement_run(forget, error));
    *count_out = eh_store_changes(store);
    return EH_OK;
}

/* ---- for reports on campaigns ----------------------------------------------------------------------------------------------------------- */

eh_code eh_feedback_complaints(eh_store *store, const eh_complaints_question *question, eh_complaint_visit visit, void *context, eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *find = NULL;
    uint32_t version = 0;
    bool row = true;
    EH_TRY(eh_store_version(store, "feedback", &version, error));
    if (version == 0)
        return EH_OK;
    EH_TRY(eh_store_prepare(store, "SELECT person, decision FROM feedback WHERE kind IN ('complaint', 'creepy', 'unfair') AND person <> ''"
                                   " AND (campaign = $1 OR decision <> '') AND given_s > $2 AND given_s <= $3 ORDER BY ticket", &find, error));
    eh_bind_text(find, 1, question->campaign);
    eh_bind_integer(find, 2, question->after_s);
    eh_bind_integer(find, 3, question->until_s);
    for (;;) {
        EH_TRY(eh_statement_step(find, &row, error));
        if (!row)
            return EH_OK;
        EH_TRY(visit(context, eh_column_text(find, 0), eh_column_text(find, 1), error));
    }
}

eh_code eh_feedback_counts(eh_store *store, int64_t after_s, int64_t until_s, uint64_t counts_out[EH_FEEDBACKS_COUNT], eh_error *error)
{
    EH_CLEANUP(eh_statement_close) eh_statement *count = NULL;
    uint64_t counts[EH_FEEDBACKS_COUNT] = {0};
    eh_feedback_kind kind;
    EH_TRY(eh_store_prepare(store, "SELECT kind, count(*) FROM feedback WHERE given_s > $1 AND given_s <= $2 GROUP BY kind", &count, error));
    eh_bind_integer(count, 1, after_s);
    eh_bind_integer(count, 2, until_s);
    for (bool row = true;;) {
        EH_TRY(eh_statement_step(count, &row, error));
        if (!row)
            break;
        if (!eh_feedback_kind_find(eh_column_text(count, 0), &kind))
            return eh_fail(error, EH_CORRUPT, "a piece of feedback cannot be read");
        counts[kind] = (uint64_t)eh_column_integer(count, 1);
    }
    memcpy(counts_out, counts, sizeof counts);
    return EH_OK;
}
