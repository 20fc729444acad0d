/* Today: what needs a person, the most urgent first; and where things stand. */
#include <string.h>

#include "feedback/feedback.h"
#include "policy/policy.h"
#include "rights/person.h"
#include "web/team_int.h"

enum { DAY_SECONDS = 86400, REVIEW_SOON_DAYS = 30, SHOWN_PIECES_MAX = 5 };

typedef struct {
    const eh_feedback *pieces;
    size_t pieces_count;
    const eh_feedback_theme *themes;
    size_t themes_count;
    const eh_request *requests;
    size_t requests_count;
    const eh_approval *approvals;
    size_t approvals_count;
    const eh_waiting_review *reviews;
    size_t reviews_count;
    eh_kept_list plans, reports;
    const eh_kept **open_plans;   /* the newest of each campaign, when it waits */
    eh_plan_standing *standings;
    size_t open_count;
    int64_t policy_due_s;         /* 0: no policy */
    int64_t check_due_s;          /* 0: never checked */
    size_t waiting;               /* lines of the list */
} today;

/* ---- reading ------------------------------------------------------------------------------------------------------------------------ */

static bool is_newest(const eh_kept_list *plans, size_t of)
{
    const char *campaign = eh_kept_text(plans->items[of].root, "campaign");
    for (size_t i = of + 1; i < plans->count; i++)
        if (strcmp(eh_kept_text(plans->items[i].root, "campaign"), campaign) == 0)
            return false;
    return true;
}

static eh_code plans_read(eh_exchange *exchange, eh_store *store, today *t, eh_error *error)
{
    t->open_plans = EH_TAKE(exchange->arena, t->plans.count + 1, const eh_kept *);
    t->standings = EH_TAKE(exchange->arena, t->plans.count + 1, eh_plan_standing);
    if (t->open_plans == NULL || t->standings == NULL)
        return eh_fail_memory(error);
    for (size_t i = t->plans.count; i-- > 0;) {
        if (!is_newest(&t->plans, i))
            continue;
        EH_TRY(eh_plan_standing_read(exchange, store, &t->plans.items[i], &t->standings[t->open_count], error));
        t->open_plans[t->open_count] = &t->plans.items[i];
        t->open_count += t->standings[t->open_count].state != EH_PLAN_OUT;
    }
    return EH_OK;
}

static eh_code store_read(eh_exchange *exchange, eh_store *store, today *t, eh_error *error)
{
    eh_feedback_themes_spec spec = {.now_s = eh_web_now_s(eh_web_of(exchange))};
    EH_TRY(eh_feedback_list(store, &(eh_feedback_filter){.open_only = true}, exchange->arena, &t->pieces, &t->pieces_count, error));
    EH_TRY(eh_feedback_themes(store, &spec, exchange->arena, &t->themes, &t->themes_count, error));
    EH_TRY(eh_approvals_waiting(store, exchange->arena, &t->approvals, &t->approvals_count, error));
    EH_TRY(eh_reviews_list(store, true, exchange->arena, &t->reviews, &t->reviews_count, error));
    return plans_read(exchange, store, t, error);
}

static void policy_read(eh_exchange *exchange, today *t)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    eh_web *web = eh_web_of(exchange);
    eh_error ignored = {0};
    const char *path = eh_arena_format(exchange->arena, "%s/policy.yaml", web->model->folder);
    if (path != NULL && eh_policy_open(path, &(eh_policy_options){.now = {.seconds = eh_web_now_s(web)}}, &policy, &ignored) == EH_OK)
        t->policy_due_s = eh_policy_about(policy)->review_by.seconds;
}

static void check_read(const eh_web *web, today *t)
{
    int64_t every_s = web->model->check_every.seconds > 0 ? web->model->check_every.seconds : INT64_C(30) * DAY_SECONDS;
    for (size_t i = 0; i < t->reports.count; i++)
        if (strcmp(eh_kept_text(t->reports.items[i].root, "kind"), "check") == 0)
            t->check_due_s = t->reports.items[i].at_s + every_s;
}

static eh_code today_read(eh_exchange *exchange, today *t, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_requests_waiting(web->rights, exchange->arena, &t->requests, &t->requests_count, error));
    EH_TRY(eh_kept_plans(exchange, &t->plans, error));
    EH_TRY(eh_kept_read(exchange, "reports", &t->reports, error));
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = store_read(exchange, store, t, error);
    eh_web_store_give(web, store);
    policy_read(exchange, t);
    check_read(web, t);
    return code;
}

/* ---- the list ------------------------------------------------------------------------------------------------------------------------- */

/* One line: a badge has been written; what it is, and where one sees to it. */
static void line_end(eh_exchange *exchange, today *t, const char *path, const char *verb)
{
    eh_html_put(&exchange->out, "<a class=\"button\" href=\"$\">$</a></li>\n", path, verb);
    t->waiting++;
}

static bool is_asked_about(const today *t, const char *plan)
{
    for (size_t i = 0; i < t->approvals_count; i++)
        if (strcmp(t->approvals[i].plan, plan) == 0)
            return true;
    return false;
}

/* Each plan has one line: what is asked about it, else how it stands. */
static void plans_write(eh_exchange *exchange, today *t)
{
    eh_buffer *out = &exchange->out;
    for (size_t i = 0; i < t->approvals_count; i++) {
        const eh_approval *asked = &t->approvals[i];
        bool mine = strcmp(asked->asked_by, eh_team_name(exchange)) == 0;
        const char *path = eh_arena_format(exchange->arena, "/team/plans/%s", asked->plan);
        eh_buffer_text(out, "<li>");
        eh_team_badge(exchange, EH_BADGE_UNSURE, "approval");
        eh_html_put(out, "<p><strong>$</strong> asks to release <strong>$</strong>: “$”</p>", asked->asked_by, asked->plan, asked->reason);
        line_end(exchange, t, path == NULL ? "/team/campaigns" : path, !mine && eh_team_may(exchange, EH_MAY_OVERRIDE) ? "Decide" : "Look");
    }
    for (size_t i = 0; i < t->open_count; i++) {
        eh_json_value root = t->open_plans[i]->root;
        if (is_asked_about(t, t->open_plans[i]->name))
            continue;
        const char *path = eh_arena_format(exchange->arena, "/team/plans/%s", t->open_plans[i]->name);
        eh_buffer_text(out, "<li>");
        eh_plan_state_badge(exchange, t->standings[i].state);
        eh_html_put(out, "<p><strong>$</strong> $ of $ people would get something</p>", eh_kept_text(root, "title"), eh_text_count(eh_kept_number(root, "sent")).text,
                    eh_text_count(eh_kept_number(root, "audience")).text);
        bool release = t->standings[i].state == EH_PLAN_READY && eh_team_may(exchange, EH_MAY_RELEASE);
        line_end(exchange, t, path == NULL ? "/team/campaigns" : path, release ? "Release" : "Look");
    }
}

static void reviews_write(eh_exchange *exchange, today *t)
{
    eh_buffer *out = &exchange->out;
    for (size_t i = 0; i < t->reviews_count; i++) {
        const char *path = eh_arena_format(exchange->arena, "/team/policy/reviews/%lld", (long long)t->reviews[i].number);
        bool mine = strcmp(t->reviews[i].by, eh_team_name(exchange)) == 0;
        eh_buffer_text(out, "<li>");
        eh_team_badge(exchange, EH_BADGE_UNSURE, "signature");
        eh_html_put(out, "<p>A review of the policy by <strong>$</strong> waits for a second signer</p>", t->reviews[i].by);
        line_end(exchange, t, path == NULL ? "/team/policy" : path, !mine && eh_team_may(exchange, EH_MAY_REVIEW) ? "Sign" : "Look");
    }
    if (t->policy_due_s != 0 && t->policy_due_s < eh_web_now_s(eh_web_of(exchange)) + REVIEW_SOON_DAYS * DAY_SECONDS) {
        eh_buffer_text(out, "<li>");
        eh_team_due_badge(exchange, t->policy_due_s);
        eh_buffer_text(out, "<p>The policy is to be reviewed</p>");
        line_end(exchange, t, eh_team_may(exchange, EH_MAY_REVIEW) ? "/team/policy/review" : "/team/policy", eh_team_may(exchange, EH_MAY_REVIEW) ? "Review" : "Look");
    }
    if (t->check_due_s != 0 && t->check_due_s < eh_web_now_s(eh_web_of(exchange))) {
        eh_buffer_text(out, "<li>");
        eh_team_due_badge(exchange, t->check_due_s);
        eh_buffer_text(out, "<p>The data is to be checked</p>");
        line_end(exchange, t, "/team/data", "Look");
    }
}

/* Who may review begins it from here, with the theme that it answers. */
static void themes_write(eh_exchange *exchange, today *t)
{
    bool reviews = eh_team_may(exchange, EH_MAY_REVIEW);
    for (size_t i = 0; i < t->themes_count && t->themes[i].review_due; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
        const eh_feedback_theme *theme = &t->themes[i];
        eh_buffer_text(&exchange->out, "<li>");
        eh_team_badge(exchange, EH_BADGE_BAD, "review");
        eh_html_put(&exchange->out, "<p><strong>$</strong> people call <strong>$</strong> $ in four weeks: the policy is to be reviewed</p>", eh_text_count((double)theme->now_count).text,
                    theme->subject[0] != '\0' ? theme->subject : "a message", eh_feedback_kind_name(theme->kind));
        eh_buffer_format(&path, "/team/policy/review?kind=%s&subject=", eh_feedback_kind_name(theme->kind));
        eh_url_append(&path, eh_view_of(theme->subject));
        line_end(exchange, t, reviews && path.code == EH_OK ? path.ptr : "/team/feedback", reviews ? "Review" : "Look");
    }
}

static void requests_write(eh_exchange *exchange, today *t)
{
    const char *path = eh_team_may(exchange, EH_MAY_SEE_PEOPLE) ? "/team/people" : "/team/roles";
    for (size_t i = 0; i < t->requests_count; i++) {
        eh_buffer_text(&exchange->out, "<li>");
        eh_team_due_badge(exchange, t->requests[i].due_s);
        eh_html_put(&exchange->out, "<p>A person asks for <strong>$</strong></p>", eh_request_kind_name(t->requests[i].kind));
        line_end(exchange, t, path, eh_team_may(exchange, EH_MAY_SEE_PEOPLE) ? "Look" : "Who may");
    }
}

static void pieces_write(eh_exchange *exchange, today *t)
{
    for (size_t i = 0; i < t->pieces_count && i < SHOWN_PIECES_MAX; i++) {
        const eh_feedback *piece = &t->pieces[i];
        const char *path = eh_arena_format(exchange->arena, "/team/feedback/%s", piece->ticket);
        eh_buffer_text(&exchange->out, "<li>");
        eh_team_due_badge(exchange, piece->due_s);
        eh_html_put(&exchange->out, "<p><strong>$</strong> $</p>", eh_feedback_kind_name(piece->kind), piece->words[0] != '\0' ? piece->words : piece->subject);
        line_end(exchange, t, path == NULL ? "/team/feedback" : path, eh_team_may(exchange, EH_MAY_ANSWER) ? "Answer" : "Read");
    }
}

/* ---- the page -------------------------------------------------------------------------------------------------------------------------- */

static void figure(eh_exchange *exchange, size_t number, const char *one, const char *many, const char *path)
{
    eh_html_put(&exchange->out, "<a class=\"card tile\" href=\"$\"><span class=\"figure\">$</span> <span class=\"quiet\">$</span></a>\n", path, eh_text_count((double)number).text,
                number == 1 ? one : many);
}

static void page_write(eh_exchange *exchange, today *t)
{
    eh_buffer *out = &exchange->out;
    size_t reviews = t->reviews_count;
    for (size_t i = 0; i < t->themes_count; i++)
        reviews += t->themes[i].review_due;
    eh_team_page_begin(exchange, "/team", "Today");
    eh_team_header(exchange, &(eh_team_heading){.title = "Today", .says = eh_team_day(exchange, eh_web_now_s(eh_web_of(exchange)))});
    eh_buffer_text(out, "<div class=\"grid tiles\">\n");
    figure(exchange, t->open_count, "campaign waits", "campaigns wait", "/team/campaigns");
    figure(exchange, t->pieces_count, "piece of feedback waits", "pieces of feedback wait", "/team/feedback");
    figure(exchange, t->requests_count, "request of a person waits", "requests of people wait", eh_team_may(exchange, EH_MAY_SEE_PEOPLE) ? "/team/people" : "/team/roles");
    figure(exchange, reviews, "review waits", "reviews wait", "/team/policy");
    eh_buffer_text(out, "</div>\n<section class=\"card\"><h2>What needs a person</h2>\n<ul class=\"todo\">\n");
    plans_write(exchange, t);
    themes_write(exchange, t);
    requests_write(exchange, t);
    reviews_write(exchange, t);
    pieces_write(exchange, t);
    eh_buffer_text(out, t->waiting == 0 ? "<li><span class=\"badge good\">done</span><p>Nothing waits. Well done.</p></li></ul></section>\n" : "</ul></section>\n");
    eh_team_page_end(exchange);
}

eh_answer eh_team_today(eh_exchange *exchange)
{
    eh_error error = {0};
    today t = {0};
    if (today_read(exchange, &t, &error) == EH_OK)
        page_write(exchange, &t);
    else
        eh_page_of_error(exchange, &error);
    eh_kept_close(&t.plans);
    eh_kept_close(&t.reports);
    return EH_NOW;
}
