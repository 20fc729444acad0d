/* The policy: what the shop allows itself, in words; what each rule stopped; what changed between versions; when it is reviewed. */
#include <stdlib.h>
#include <string.h>

#include "journey/reviews.h"
#include "web/team_int.h"

enum { DAY_SECONDS = 86400, WEEK_SECONDS = 7 * DAY_SECONDS, POLICY_BYTES_MAX = 1 << 20, SOON_DAYS = 30 };

static const char *policy_path(eh_exchange *exchange)
{
    return eh_arena_format(exchange->arena, "%s/policy.yaml", eh_web_of(exchange)->model->folder);
}

static eh_policy_options options_now(const eh_exchange *exchange)
{
    return (eh_policy_options){.now = {.seconds = eh_web_now_s(eh_web_of(exchange))}};
}

/* ---- versions: each text that was seen here is kept, so that two can be compared ------------------------------------------------------ */

static const char *versions_folder(eh_exchange *exchange)
{
    return eh_arena_format(exchange->arena, "%s/policies", eh_web_of(exchange)->model->state_folder);
}

static eh_code version_keep(eh_exchange *exchange, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0}, newest = {0};
    const char *const *names = NULL;
    size_t count = 0;
    eh_error ignored = {0};
    const char *folder = versions_folder(exchange), *path = policy_path(exchange);
    if (folder == NULL || path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_file_read(path, POLICY_BYTES_MAX, &text, error));
    EH_TRY(eh_files_list(exchange->arena, folder, ".yaml", &names, &count, error));
    const char *last = count == 0 ? NULL : eh_arena_format(exchange->arena, "%s/%s.yaml", folder, names[count - 1]);
    if (last != NULL && eh_file_read(last, POLICY_BYTES_MAX, &newest, &ignored) == EH_OK && eh_view_equal(eh_buffer_view(&newest), eh_buffer_view(&text)))
        return EH_OK;
    eh_civil now = eh_civil_of(options_now(exchange).now, NULL);
    const char *kept = eh_arena_format(exchange->arena, "%s/%04d-%02d-%02d-%02d%02d%02d.yaml", folder, now.year, now.month, now.day, now.hour, now.minute, now.second);
    if (kept == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_parent_folders_make(kept, error));
    return eh_file_replace(kept, eh_buffer_view(&text), error);
}

/* ---- what each rule stopped ------------------------------------------------------------------------------------------------------------- */

typedef struct {
    double this_week, week_before, waiting;
} stops;

static void stops_add(stops *of, const char *rule, const eh_kept *plan, const eh_plan_standing *standing, int64_t now_s)
{
    eh_json_value rules = eh_json_member(plan->root, "rules");
    for (size_t i = 0; i < eh_json_count(rules); i++) {
        eh_json_value each = eh_json_item(rules, i);
        double stopped = eh_kept_number(each, "stopped");
        if (strcmp(eh_kept_text(each, "rule"), rule) != 0 || !(stopped > 0))
            continue;
        if (standing->state != EH_PLAN_OUT)
            of->waiting += plan->at_s > now_s - WEEK_SECONDS ? stopped : 0;
        else if (standing->released_s > now_s - WEEK_SECONDS)
            of->this_week += stopped;
        else if (standing->released_s > now_s - 2 * WEEK_SECONDS)
            of->week_before += stopped;
    }
}

/* Of the plans that wait only the newest of a campaign may still go out. */
static bool is_newest(const eh_kept_list *plans, size_t of)
{
    const char *campaign = eh_kept_text(plans->items[of].root, "campaign");
    for (size_t i = of + 1; i < plans->count; i++)
        if (strcmp(eh_kept_text(plans->items[i].root, "campaign"), campaign) == 0)
            return false;
    return true;
}

static eh_code stops_read(eh_exchange *exchange, const eh_kept_list *plans, const eh_policy_facts *about, stops *out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    eh_code code = EH_OK;
    EH_TRY(eh_web_store_take(web, &store, error));
    for (size_t i = 0; i < plans->count && code == EH_OK; i++) {
        eh_plan_standing standing = {0};
        code = eh_plan_standing_read(exchange, store, &plans->items[i], &standing, error);
        if (standing.state != EH_PLAN_OUT && !is_newest(plans, i))
            continue;
        for (size_t r = 0; r < about->rules_count && code == EH_OK; r++)
            stops_add(&out[r], about->rules[r].id, &plans->items[i], &standing, eh_web_now_s(web));
    }
    eh_web_store_give(web, store);
    return code;
}

/* ---- the page ---------------------------------------------------------------------------------------------------------------------------- */

static const char *explanation_of(const eh_texts *texts)
{
    const char *text = eh_texts_find(texts, "en");
    return text == NULL ? "" : text;
}

static void effect_badge(eh_exchange *exchange, eh_rule_effect effect)
{
    static const eh_badge_look looks[EH_RULE_EFFECTS_COUNT] = {[EH_RULE_PERMIT] = EH_BADGE_GOOD, [EH_RULE_FORBID] = EH_BADGE_BAD, [EH_RULE_REQUIRE] = EH_BADGE_QUIET, [EH_RULE_CAP] = EH_BADGE_UNSURE};
    static const char *const says[EH_RULE_EFFECTS_COUNT] = {[EH_RULE_PERMIT] = "permits", [EH_RULE_FORBID] = "forbids", [EH_RULE_REQUIRE] = "must be told", [EH_RULE_CAP] = "limits"};
    eh_team_badge(exchange, looks[effect], says[effect]);
}

static void stops_chart(eh_exchange *exchange, const eh_policy_facts *about, const stops *found)
{
    static const char *const says[] = {"this week", "in plans that wait"};
    eh_chart chart;
    size_t any = 0;
    for (size_t i = 0; i < about->rules_count; i++)
        any += found[i].this_week + found[i].waiting > 0;
    if (any == 0)
        return;
    eh_chart_begin(exchange, &chart, "bars", "How many people each rule stopped this week, and in plans that wait; the table below has the numbers.");
    eh_json_text(&chart.json, "format", "count");
    eh_json_array_open(&chart.json, "names");
    for (size_t i = 0; i < about->rules_count; i++)
        if (found[i].this_week + found[i].waiting > 0)
            eh_json_text(&chart.json, NULL, about->rules[i].id);
    eh_json_array_close(&chart.json);
    eh_json_array_open(&chart.json, "series");
    for (size_t k = 0; k < 2; k++) {
        eh_json_object_open(&chart.json, NULL);
        eh_json_text(&chart.json, "name", says[k]);
        eh_json_array_open(&chart.json, "values");
        for (size_t i = 0; i < about->rules_count; i++)
            if (found[i].this_week + found[i].waiting > 0)
                eh_json_number(&chart.json, NULL, k == 0 ? found[i].this_week : found[i].waiting);
        eh_json_array_close(&chart.json);
        eh_json_object_close(&chart.json);
    }
    eh_json_array_close(&chart.json);
    eh_chart_end(&chart);
}

static void rule_row(eh_exchange *exchange, const eh_rule *rule, const stops *found)
{
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<tr id=\"rule-$\"><td>", rule->id);
    effect_badge(exchange, rule->effect);
    eh_html_put(out, "</td><th scope=\"row\" class=\"rule\">$<span class=\"range\">$ · $", explanation_of(&rule->explanation), rule->id, rule->pack);
    for (size_t i = 0; i < rule->law_count; i++)
        eh_html_put(out, " · $", rule->law[i]);
    eh_html_put(out, "</span><details><summary>The condition<span class=\"hidden\"> of $</span></summary><code class=\"block\">$</code></details></th>", rule->id, rule->when);
    eh_team_cell_number(exchange, eh_text_count(found->this_week));
    eh_team_cell_number(exchange, eh_text_count(found->week_before));
    eh_team_cell_number(exchange, eh_text_count(found->waiting));
    eh_buffer_text(out, "</tr>\n");
}

static void rules_write(eh_exchange *exchange, const eh_policy_facts *about, const stops *found)
{
    static const char *const headings[] = {"It", "What it says", "#Stopped this week", "#The week before", "#In plans that wait", NULL};
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>Rules, and what each stopped</h2>\n");
    stops_chart(exchange, about, found);
    eh_team_table_begin(exchange, "Rules", headings);
    for (size_t i = 0; i < about->rules_count; i++)
        rule_row(exchange, &about->rules[i], &found[i]);
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, "</section>\n");
}

static void guards_write(eh_exchange *exchange, const eh_policy_facts *about)
{
    static const char *const headings[] = {"Guard", "Measures", "For", "Asks for", "When it cannot tell", NULL};
    eh_buffer *out = &exchange->out;
    if (about->guards_count == 0)
        return;
    eh_buffer_text(out, "<section class=\"card\"><h2>Guards over whole plans</h2>\n");
    eh_team_table_begin(exchange, "Guards", headings);
    for (size_t i = 0; i < about->guards_count; i++) {
        const eh_guard *guard = &about->guards[i];
        eh_html_put(out, "<tr id=\"guard-$\"><th scope=\"row\" class=\"rule\">$<span class=\"range\">$</span></th><td>$</td><td>", guard->id, explanation_of(&guard->explanation), guard->id,
                    eh_team_words(exchange, guard->measure));
        for (size_t k = 0; k < guard->by_count; k++)
            eh_html_put(out, k > 0 ? ", $" : "$", strcmp(guard->by[k], "*") == 0 ? "every protected attribute" : eh_team_words(exchange, guard->by[k]));
        eh_html_put(out, "</td><td>$ $</td>", strstr(guard->measure, "ratio") != NULL ? "at least" : "at most", eh_text_decimals(guard->tolerance, 2).text);
        eh_team_cell(exchange, guard->cannot_tell == EH_CANNOT_TELL_ASK ? "a person decides" : "it stops");
        eh_buffer_text(out, "</tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(out, "</section>\n");
}

static void findings_write(eh_exchange *exchange, const eh_policy *policy)
{
    size_t count = 0;
    const eh_policy_finding *findings = eh_policy_findings(policy, &count);
    if (count == 0)
        return;
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>What a check of the policy says</h2><ul class=\"todo\">\n");
    for (size_t i = 0; i < count; i++) {
        eh_buffer_text(&exchange->out, "<li>");
        eh_team_badge(exchange, findings[i].kind == EH_POLICY_ERROR ? EH_BADGE_BAD : EH_BADGE_UNSURE, findings[i].kind == EH_POLICY_ERROR ? "error" : "warning");
        eh_html_put(&exchange->out, "<p>$</p></li>\n", findings[i].text);
    }
    eh_buffer_text(&exchange->out, "</ul></section>\n");
}

/* The policy as a whole and what falls due within a month: rules have dates of their own. */
static void reviews_due_write(eh_exchange *exchange, const eh_policy_facts *about)
{
    eh_buffer *out = &exchange->out;
    int64_t soon_s = eh_web_now_s(eh_web_of(exchange)) + SOON_DAYS * DAY_SECONDS;
    eh_buffer_text(out, "<section class=\"card gate plain\"><h2>The next review ");
    eh_team_due_badge(exchange, about->review_by.seconds);
    eh_html_put(out, "</h2><p class=\"lead\">Version $ of $ is to be reviewed by $.</p>", about->version, about->name, eh_team_day(exchange, about->review_by.seconds));
    eh_html_put(out, "<p class=\"quiet\">Without a review it runs until $ and then refuses to. It belongs to $.</p>\n", eh_team_day(exchange, about->runs_until.seconds), about->owner);
    for (size_t i = 0; i < about->rules_count; i++) {
        const eh_rule *rule = &about->rules[i];
        if (rule->review_by.seconds == 0 || rule->review_by.seconds > soon_s || rule->review_by.seconds == about->review_by.seconds)
            continue;
        eh_html_put(out, "<p>The rule <strong>$</strong>: ", rule->id);
        eh_team_due_badge(exchange, rule->review_by.seconds);
        eh_buffer_text(out, "</p>\n");
    }
    eh_buffer_text(out, "<div class=\"actions\">");
    if (eh_team_may(exchange, EH_MAY_REVIEW))
        eh_buffer_text(out, "<a class=\"button primary\" href=\"/team/policy/review\">Review it</a>");
    eh_buffer_text(out, "<a class=\"button\" href=\"/team/policy/versions\">What changed</a></div></section>\n");
}

static eh_code reviews_write(eh_exchange *exchange, eh_error *error)
{
    static const char *const headings[] = {"Review", "First signer", "Second signer", "Next by", "In the ledger", NULL};
    eh_web *web = eh_web_of(exchange);
    const eh_waiting_review *list = NULL;
    size_t count = 0;
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_reviews_list(store, false, exchange->arena, &list, &count, error);
    eh_web_store_give(web, store);
    if (code != EH_OK || count == 0)
        return code;
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>Reviews</h2>\n");
    eh_team_table_begin(exchange, "Reviews", headings);
    for (size_t i = 0; i < count; i++) {
        eh_buffer_format(&exchange->out, "<tr><th scope=\"row\"><a href=\"/team/policy/reviews/%lld\">", (long long)list[i].number);
        eh_html_put(&exchange->out, "$</a></th><td>$</td><td>", eh_team_day(exchange, list[i].at_s), list[i].by);
        if (list[i].second[0] == '\0')
            eh_team_badge(exchange, EH_BADGE_UNSURE, "waits");
        else
            eh_html_put(&exchange->out, "$", list[i].second);
        eh_html_put(&exchange->out, "</td><td>$</td><td>", list[i].next);
        if (list[i].entry[0] != '\0')
            eh_html_put(&exchange->out, "<a href=\"/team/ledger/$\">the record</a>", list[i].entry);
        eh_buffer_text(&exchange->out, "</td></tr>\n");
    }
    eh_team_table_end(exchange);
    eh_buffer_text(&exchange->out, "</section>\n");
    return EH_OK;
}

static eh_code policy_write(eh_exchange *exchange, const eh_policy *policy, const eh_kept_list *plans, eh_error *error)
{
    const eh_policy_facts *about = eh_policy_about(policy);
    stops *found = EH_TAKE(exchange->arena, about->rules_count + 1, stops);
    if (found == NULL)
        return eh_fail_memory(error);
    EH_TRY(version_keep(exchange, error));
    EH_TRY(stops_read(exchange, plans, about, found, error));
    eh_team_page_begin(exchange, "/team/policy", "Policy");
    eh_team_header(exchange, &(eh_team_heading){.title = "Policy", .says = "What the shop allows itself"});
    eh_team_done(exchange);
    reviews_due_write(exchange, about);
    findings_write(exchange, policy);
    rules_write(exchange, about, found);
    guards_write(exchange, about);
    EH_TRY(reviews_write(exchange, error));
    eh_team_page_end(exchange);
    return EH_OK;
}

eh_answer eh_team_policy(eh_exchange *exchange)
{
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    EH_CLEANUP(eh_kept_close) eh_kept_list plans = {0};
    eh_error error = {0};
    eh_policy_options options = options_now(exchange);
    const char *path = policy_path(exchange);
    eh_code code = path == NULL ? eh_fail_memory(&error) : eh_policy_open(path, &options, &policy, &error);
    if (code == EH_NOT_FOUND) {
        eh_team_page_begin(exchange, "/team/policy", "Policy");
        eh_team_header(exchange, &(eh_team_heading){.title = "Policy", .says = "What the shop allows itself"});
        eh_team_empty(exchange, "No policy yet", "Without policy.yaml only what people have said decides. Packs for the EU, the UK, the US and Canada are a part of the program.", "evenhand policy check policy.yaml");
        eh_team_page_end(exchange);
        return EH_NOW;
    }
    if (code == EH_OK)
        code = eh_kept_plans(exchange, &plans, &error);
    if (code == EH_OK)
        code = policy_write(exchange, policy, &plans, &error);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    return EH_NOW;
}

/* ---- two versions ------------------------------------------------------------------------------------------------------------------------- */

static eh_code version_open(eh_exchange *exchange, const char *name, eh_policy **policy_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_policy_options options = options_now(exchange);
    const char *path = eh_arena_format(exchange->arena, "%s/%s.yaml", versions_folder(exchange), name);
    options.packs_folder = eh_web_of(exchange)->model->folder;
    if (path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_file_read(path, POLICY_BYTES_MAX, &text, error));
    return eh_policy_parse(eh_buffer_view(&text), name, &options, policy_out, error);
}

typedef struct {
    const char *const *names;
    size_t count;
} version_names;

/* "2026-11-25-072655", when it was first seen in UTC: "25 November 2026 at 07:26:55". */
static const char *version_says(eh_exchange *exchange, const char *name)
{
    eh_instant at = {0};
    eh_error ignored = {0};
    const char *text = strlen(name) != 17 ? NULL : eh_arena_format(exchange->arena, "%.10sT%.2s:%.2s:%.2sZ", name, name + 11, name + 13, name + 15);
    if (text == NULL || eh_instant_parse(eh_view_of(text), &at, &ignored) != EH_OK)
        return name;
    const char *says = eh_arena_format(exchange->arena, "%s:%.2s", eh_team_moment(exchange, at.seconds), name + 15);
    return says == NULL ? name : says;
}

static void choice_write(eh_exchange *exchange, const char *field, const char *label, version_names versions, const char *chosen)
{
    eh_html_put(&exchange->out, "<div><label for=\"$\">$</label><select id=\"$\" name=\"$\">", field, label, field, field);
    for (size_t i = versions.count; i-- > 0;)
        eh_html_put(&exchange->out, strcmp(versions.names[i], chosen) == 0 ? "<option selected value=\"$\">$</option>" : "<option value=\"$\">$</option>", versions.names[i],
                    version_says(exchange, versions.names[i]));
    eh_buffer_text(&exchange->out, "</select></div>\n");
}

static void change_write(eh_exchange *exchange, const eh_rule_change *change)
{
    eh_buffer *out = &exchange->out;
    const eh_rule *rule = change->new != NULL ? change->new : change->old;
    bool added = change->old == NULL, removed = change->new == NULL;
    eh_buffer_text(out, "<li>");
    eh_team_badge(exchange, added ? EH_BADGE_GOOD : removed ? EH_BADGE_BAD : EH_BADGE_UNSURE, added ? "added" : removed ? "removed" : change->what);
    eh_html_put(out, "<div><p><strong>$</strong> $</p>", rule->id, explanation_of(&rule->explanation));
    if (change->old != NULL && strcmp(change->what, "words") != 0)
        eh_html_put(out, "<p class=\"was\"><span class=\"hidden\">was: </span><code>$</code></p>", change->old->when);
    if (change->new != NULL && strcmp(change->what, "words") != 0)
        eh_html_put(out, "<p class=\"is\"><span class=\"hidden\">is: </span><code>$</code></p>", change->new->when);
    if (strcmp(change->what, "words") == 0)
        eh_html_put(out, "<p class=\"was\"><span class=\"hidden\">was: </span>$</p>", explanation_of(&change->old->explanation));
    if (strcmp(change->what, "cap") == 0) {
        eh_buffer_format(out, "<p class=\"is\">at most %lld, was %lld</p>", (long long)change->new->cap_at_most, (long long)change->old->cap_at_most);
    }
    eh_buffer_text(out, "</div></li>\n");
}

static eh_code changes_write(eh_exchange *exchange, const char *old_name, const char *new_name, eh_error *error)
{
    EH_CLEANUP(eh_policy_close) eh_policy *old = NULL;
    EH_CLEANUP(eh_policy_close) eh_policy *new = NULL;
    const eh_rule_change *changes = NULL;
    size_t count = 0;
    EH_TRY(version_open(exchange, old_name, &old, error));
    EH_TRY(version_open(exchange, new_name, &new, error));
    EH_TRY(eh_policy_changes(old, new, exchange->arena, &changes, &count, error));
    eh_html_put(&exchange->out, "<section class=\"card\"><h2>From version $ to $</h2>", eh_policy_about(old)->version, eh_policy_about(new)->version);
    eh_buffer_text(&exchange->out, count == 0 ? "<p>No rule differs.</p>" : "<ul class=\"todo findings\">\n");
    for (size_t i = 0; i < count; i++)
        change_write(exchange, &changes[i]);
    eh_buffer_text(&exchange->out, count == 0 ? "</section>\n" : "</ul></section>\n");
    return EH_OK;
}

static const char *version_chosen(const eh_exchange *exchange, const char *field, const char *const *names, size_t count, size_t usual)
{
    eh_view wanted = eh_fields_get(exchange->query, field);
    for (size_t i = 0; i < count; i++)
        if (eh_view_equal(wanted, eh_view_of(names[i])))
            return names[i];
    return names[usual];
}

eh_answer eh_team_policy_versions(eh_exchange *exchange)
{
    const char *const *names = NULL;
    size_t count = 0;
    eh_error error = {0}, absent = {0};
    eh_code code = version_keep(exchange, &absent);
    const char *folder = versions_folder(exchange);
    code = folder == NULL ? eh_fail_memory(&error) : code == EH_OK || code == EH_NOT_FOUND ? eh_files_list(exchange->arena, folder, ".yaml", &names, &count, &error) : eh_fail(&error, code, "%s", absent.text);
    if (code == EH_OK) {
        eh_team_page_begin(exchange, "/team/policy", "What changed");
        eh_team_header(exchange, &(eh_team_heading){.title = "What changed", .says = "Every text of policy.yaml that was seen here is kept", .back = "/team/policy", .back_says = "Policy"});
        if (count < 2) {
            eh_team_empty(exchange, "One version so far", "When policy.yaml changes, the change is shown here rule by rule.", "evenhand policy diff old.yaml policy.yaml");
        } else {
            const char *old = version_chosen(exchange, "old", names, count, count - 2), *new = version_chosen(exchange, "new", names, count, count - 1);
            eh_buffer_text(&exchange->out, "<section class=\"card\"><form action=\"/team/policy/versions\" class=\"row\">\n");
            choice_write(exchange, "old", "From", (version_names){names, count}, old);
            choice_write(exchange, "new", "To", (version_names){names, count}, new);
            eh_buffer_text(&exchange->out, "<button>Compare</button></form></section>\n");
            code = changes_write(exchange, old, new, &error);
        }
        eh_team_page_end(exchange);
    }
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    return EH_NOW;
}
