/* The public register: which campaigns went out, to how many, how they were chosen, and what the check for fairness said. */
#include <string.h>

#include "journey/campaigns.h"
#include "policy/policy.h"
#include "web/customer_int.h"

enum { SHOWN_MAX = 100, FRAME_BYTES_MAX = 4 << 20 };

typedef struct {
    const eh_campaign_plan *plan;
    const char *title;
    eh_choose choose;
    const char *fairness;      /* NULL: not known */
} register_row;

/* What stands in the plan's own file; a plan whose file is gone is shown by its name. */
static void frame_read(const eh_web *web, const eh_campaign_plan *plan, eh_arena *arena, register_row *row)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    eh_frame frame = {0};
    eh_error ignored = {0};
    *row = (register_row){.plan = plan, .title = plan->campaign};
    eh_buffer_format(&path, "%s/plans/%s/frame.json", web->model->state_folder, plan->plan);
    eh_buffer_init(&text, FRAME_BYTES_MAX);
    if (path.code != EH_OK || eh_file_read(path.ptr, FRAME_BYTES_MAX, &text, &ignored) != EH_OK)
        return;
    const char *kept = eh_arena_copy(arena, eh_buffer_view(&text));
    if (kept == NULL || eh_frame_read((eh_view){kept, text.len}, path.ptr, arena, &frame, &ignored) != EH_OK)
        return;
    row->title = frame.title == NULL ? plan->campaign : frame.title;
    row->choose = frame.choose;
    row->fairness = frame.fairness;
}

static const char *fairness_key(const char *fairness)
{
    return fairness != NULL && strcmp(fairness, eh_verdict_name(EH_WITHIN_TOLERANCE)) == 0 ? "fair_within"
           : fairness != NULL && strcmp(fairness, eh_verdict_name(EH_VIOLATES)) == 0       ? "fair_violates"
                                                                                           : "fair_unknown";
}

static void row_write(eh_exchange *exchange, const eh_visit *visit, const register_row *row)
{
    static const char *const chosen[EH_CHOOSES_COUNT] = {[EH_CHOOSE_MODEL] = "register_by_model", [EH_CHOOSE_RANDOM] = "register_by_lot", [EH_CHOOSE_EVERYONE] = "register_everyone"};
    const eh_message_value sent = {.name = "count", .number = (double)row->plan->sent}, people = {.name = "count", .number = (double)row->plan->people};
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<section class=\"card\"><h2>$</h2>\n<p>$<br>", row->title, eh_say_day(exchange, visit, row->plan->released_s));
    eh_say_all(exchange, visit, "register_people", &sent, 1);
    eh_buffer_byte(out, ' ');
    eh_say_all(exchange, visit, "register_of", &people, 1);
    eh_buffer_text(out, "</p>\n<p>");
    eh_say(exchange, visit, chosen[row->choose]);
    eh_buffer_byte(out, ' ');
    eh_say(exchange, visit, fairness_key(row->fairness));
    eh_buffer_text(out, "</p></section>\n");
}

static eh_code plans_read(eh_exchange *exchange, const eh_campaign_plan **plans_out, size_t *count_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store = NULL;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_campaign_plans(store, NULL, exchange->arena, plans_out, count_out, error);
    eh_web_store_give(web, store);
    return code;
}

eh_answer eh_register_page(eh_exchange *exchange)
{
    eh_visit *visit;
    eh_error error = {0};
    const eh_campaign_plan *plans = NULL;
    size_t count = 0;
    eh_code code = eh_visit_open(exchange, &visit, &error);
    if (code == EH_OK)
        code = plans_read(exchange, &plans, &count, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    visit->signal = false;
    eh_visit_page_begin(exchange, visit, "register_title");
    eh_buffer_text(&exchange->out, "<h1>");
    eh_say(exchange, visit, "register_title");
    eh_buffer_text(&exchange->out, "</h1>\n<p class=\"lead\">");
    eh_say(exchange, visit, count == 0 ? "register_none" : "register_lead");
    eh_buffer_text(&exchange->out, "</p>\n");
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++) {
        register_row row;
        frame_read(eh_web_of(exchange), &plans[i], exchange->arena, &row);
        row_write(exchange, visit, &row);
    }
    eh_visit_page_end(exchange, visit);
    return EH_NOW;
}

/* ---- on the page about AI --------------------------------------------------------------------------------------------------------- */

void eh_register_last(eh_exchange *exchange, const eh_visit *visit)
{
    const eh_campaign_plan *plans = NULL;
    eh_error ignored = {0};
    size_t count = 0;
    eh_buffer *out = &exchange->out;
    register_row row;
    if (plans_read(exchange, &plans, &count, &ignored) != EH_OK || count == 0) {
        eh_buffer_text(out, "<p>");
        eh_say(exchange, visit, "public_checks_none");
        eh_buffer_text(out, "</p>\n");
        return;
    }
    frame_read(eh_web_of(exchange), &plans[0], exchange->arena, &row);
    const eh_message_value values[] = {{.name = "date", .text = eh_say_day(exchange, visit, row.plan->decided_s)}, {.name = "title", .text = row.title}};
    eh_buffer_text(out, "<p>");
    eh_say_all(exchange, visit, "public_checks_says", values, 2);
    eh_buffer_text(out, "<br><strong>");
    eh_say(exchange, visit, fairness_key(row.fairness));
    eh_buffer_text(out, "</strong></p>\n<p><a href=\"/ai/campaigns\">");
    eh_say(exchange, visit, "public_register");
    eh_buffer_text(out, "</a></p>\n");
}

void eh_register_rules(eh_exchange *exchange, const eh_visit *visit)
{
    const eh_web *web = eh_web_of(exchange);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
    eh_policy *policy = NULL;
    eh_error ignored = {0};
    eh_policy_options options = {.now = {.seconds = eh_web_now_s(web)}};
    eh_buffer_format(&path, "%s/policy.yaml", web->model->folder);
    eh_buffer_text(&exchange->out, "<p>");
    if (path.code != EH_OK || eh_policy_open(path.ptr, &options, &policy, &ignored) != EH_OK) {
        eh_say(exchange, visit, "public_rules_none");
    } else {
        const eh_policy_facts *about = eh_policy_about(policy);
        const eh_message_value values[] = {{.name = "count", .number = (double)about->rules_count}, {.name = "next", .text = eh_say_day(exchange, visit, about->review_by.seconds)}};
        eh_say_all(exchange, visit, "public_rules_says", values, 2);
        eh_buffer_text(&exchange->out, "</p>\n<ul>\n");
        for (size_t r = 0; r < about->rules_count; r++) {
            const char *words = eh_texts_find(&about->rules[r].explanation, eh_messages_language(visit->words));
            if (words != NULL)
                eh_html_put(&exchange->out, "<li>$</li>\n", words);
        }
        eh_buffer_text(&exchange->out, "</ul>\n<p>");
    }
    eh_policy_close(&policy);
    eh_buffer_text(&exchange->out, "</p>\n");
}
