/* A review of the policy: one person writes it and signs, another reads it and signs; then it is in the ledger, and who wrote to us is told. */
#include <stdlib.h>
#include <string.h>

#include "feedback/feedback.h"
#include "journey/reviews.h"
#include "web/team_int.h"

enum { DECISION_ROWS = 3, WORDS_BYTES_MAX = 8000, NUMBER_BYTES_MAX = 18, ENTRIES_LOOKED_AT = 10000 };

/* ---- the evidence ------------------------------------------------------------------------------------------------------------------ */

static const char *theme_says(eh_exchange *exchange, const eh_feedback_theme *theme)
{
    const char *says = eh_arena_format(exchange->arena, theme->now_count == 1 ? "%llu person calls %s %s in four weeks (%llu before)" : "%llu people call %s %s in four weeks (%llu before)", (unsigned long long)theme->now_count,
                                       theme->subject[0] != '\0' ? theme->subject : "the message as a whole", eh_feedback_kind_name(theme->kind),
                                       (unsigned long long)theme->before_count);
    return says == NULL ? "" : says;
}

/* What is looked at: a page looks back on the newest entries of the ledger, the command on all. */
static eh_code about_open(eh_exchange *exchange, eh_store *store, eh_policy **policy_out, eh_review_about *about_out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_instant now = {.seconds = eh_web_now_s(web)};
    const char *path = eh_arena_format(exchange->arena, "%s/policy.yaml", web->model->folder);
    if (path == NULL)
        return eh_fail_memory(error);
    EH_TRY(eh_policy_open(path, &(eh_policy_options){.now = now}, policy_out, error));
    *about_out = (eh_review_about){.policy = *policy_out, .folder = web->model->folder, .state_folder = web->model->state_folder, .store = store, .newest = ENTRIES_LOOKED_AT, .now = now};
    return EH_OK;
}

static void decided_write(eh_exchange *exchange, const eh_policy_facts *about, const eh_review_evidence *of)
{
    static const char *const headings[] = {"Rule", "#Decided", NULL};
    eh_buffer *out = &exchange->out;
    eh_html_put(out, "<p>$ decisions asked again, $ permitted.</p>\n", eh_text_count((double)of->decisions).text, eh_text_count((double)of->whys[EH_POLICY_PERMITTED]).text);
    if (of->decisions == 0)
        return;
    eh_team_table_begin(exchange, "What each rule decided", headings);
    for (size_t i = 0; i < about->rules_count; i++) {
        if (of->decided[i] == 0)
            continue;
        eh_html_put(out, "<tr><th scope=\"row\">$</th>", about->rules[i].id);
        eh_team_cell_number(exchange, eh_text_count((double)of->decided[i]));
        eh_buffer_text(out, "</tr>\n");
    }
    eh_team_table_end(exchange);
}

static void evidence_write(eh_exchange *exchange, const eh_policy *policy, const eh_review_evidence *of)
{
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>The evidence</h2>\n");
    if (of->tested)
        eh_buffer_format(out, "<p>%zu of %zu tests of the policy passed.</p>\n", of->tests.passed_count, of->tests.tests_count);
    if (of->replayed)
        decided_write(exchange, eh_policy_about(policy), of);
    eh_html_put(out, of->since_s == 0 ? "<p>Since the beginning$: " : of->last_review != NULL ? "<p>Since the last review, $: " : "<p>Since $: ", of->since_s == 0 ? "" : eh_team_day(exchange, of->since_s));
    eh_buffer_format(out, "%llu said no to messages, %llu to AI; %llu complained or called it creepy or unfair.</p>\n", (unsigned long long)of->marketing_noes,
                     (unsigned long long)of->ai_noes, (unsigned long long)eh_review_complaints(of));
    eh_buffer_text(out, of->themes_count > 0 ? "<h3>Feedback</h3><ul>\n" : "");
    for (size_t i = 0; i < of->themes_count; i++)
        eh_html_put(out, of->themes[i].review_due ? "<li>$ <strong>over its threshold</strong></li>\n" : "<li>$</li>\n", theme_says(exchange, &of->themes[i]));
    eh_buffer_text(out, of->themes_count > 0 ? "</ul>\n" : "");
    eh_buffer_text(out, of->verdicts_count > 0 ? "<h3>The last verdicts</h3><ul>\n" : "");
    for (size_t i = 0; i < of->verdicts_count; i++)
        eh_html_put(out, "<li>$ $: $</li>\n", of->verdicts[i].of, of->verdicts[i].name, of->verdicts[i].verdict != NULL ? of->verdicts[i].verdict : of->verdicts[i].sentence);
    eh_buffer_text(out, of->verdicts_count > 0 ? "</ul></section>\n" : "</section>\n");
}

static eh_code evidence_show(eh_exchange *exchange, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    eh_review_evidence evidence = {0};
    eh_review_about about = {0};
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = about_open(exchange, store, &policy, &about, error);
    if (code == EH_OK)
        code = eh_review_collect(&about, exchange->arena, &evidence, error);
    eh_web_store_give(web, store);
    if (code == EH_OK)
        evidence_write(exchange, policy, &evidence);
    return code;
}

/* ---- the form -------------------------------------------------------------------------------------------------------------------- */

static eh_code themes_read(eh_exchange *exchange, const eh_feedback_theme **themes, size_t *count, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_feedback_themes(store, &(eh_feedback_themes_spec){.now_s = eh_web_now_s(web)}, exchange->arena, themes, count, error);
    eh_web_store_give(web, store);
    return code;
}

static void theme_choice(eh_exchange *exchange, const eh_feedback_theme *themes, size_t count, const char **finding_out)
{
    eh_view kind = eh_fields_get(exchange->query, "kind"), subject = eh_fields_get(exchange->query, "subject");
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<label for=\"theme\">It answers this theme of feedback <span class=\"hint\">may stay empty</span></label><select id=\"theme\" name=\"theme\"><option value=\"\">none</option>");
    for (size_t i = 0; i < count; i++) {
        bool chosen = kind.ptr != NULL && eh_view_equal(kind, eh_view_of(eh_feedback_kind_name(themes[i].kind))) &&
                      eh_view_equal((eh_view){subject.ptr == NULL ? "" : subject.ptr, subject.len}, eh_view_of(themes[i].subject));
        eh_html_put(out, chosen ? "<option selected value=\"$:$\">$</option>" : "<option value=\"$:$\">$</option>", eh_feedback_kind_name(themes[i].kind), themes[i].subject,
                    theme_says(exchange, &themes[i]));
        if (chosen)
            *finding_out = theme_says(exchange, &themes[i]);
    }
    eh_buffer_text(out, "</select>\n");
}

static void form_write(eh_exchange *exchange, const eh_feedback_theme *themes, size_t count)
{
    eh_buffer *out = &exchange->out;
    const char *finding = "";
    eh_team_form_begin(exchange, "/team/policy/review");
    eh_buffer_text(out, "<section class=\"card\"><h2>What was looked at</h2>\n");
    theme_choice(exchange, themes, count, &finding);
    eh_html_put(out, "<label for=\"findings\">Findings <span class=\"hint\">one a line</span></label><textarea id=\"findings\" name=\"findings\" rows=\"5\">$</textarea></section>\n", finding);
    eh_buffer_text(out, "<section class=\"card\"><h2>What was decided</h2>\n");
    for (int i = 0; i < DECISION_ROWS; i++)
        eh_buffer_format(out, "<fieldset class=\"row\"><legend>Decision %d</legend><div class=\"wide\"><label for=\"text%d\">What</label><input id=\"text%d\" name=\"text%d\" maxlength=\"500\"></div>"
                              "<div><label for=\"owner%d\">Who sees to it</label><input id=\"owner%d\" name=\"owner%d\" maxlength=\"100\"></div>"
                              "<div><label for=\"due%d\">Until</label><input id=\"due%d\" name=\"due%d\" type=\"date\"></div></fieldset>\n",
                         i + 1, i, i, i, i, i, i, i, i, i);
    eh_buffer_text(out, "<label for=\"change\">This led to <span class=\"hint\">everybody who wrote on the theme reads it under their ticket; may stay empty</span></label>"
                        "<input id=\"change\" name=\"change\" maxlength=\"300\">\n<label for=\"next\">The next review by</label><input id=\"next\" name=\"next\" type=\"date\" required>"
                        "</section>\n<div class=\"actions\"><button class=\"primary\">Sign as the first of two</button></div></form>\n");
}

eh_answer eh_team_review_form(eh_exchange *exchange)
{
    eh_error error = {0};
    const eh_feedback_theme *themes = NULL;
    size_t count = 0;
    if (themes_read(exchange, &themes, &count, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_team_page_begin(exchange, "/team/policy", "Review the policy");
    eh_team_header(exchange, &(eh_team_heading){.title = "Review the policy", .says = "What was found, what was decided, signed by two", .back = "/team/policy", .back_says = "Policy"});
    if (evidence_show(exchange, &error) == EH_OK) {
        form_write(exchange, themes, count);
        eh_team_page_end(exchange);
    } else {
        eh_page_of_error(exchange, &error);
    }
    return EH_NOW;
}

/* ---- reading it ------------------------------------------------------------------------------------------------------------------------ */

static eh_view next_line(eh_view *rest)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->ptr, '\n', rest->len);
    size_t len = end == NULL ? rest->len : (size_t)(end - rest->ptr);
    eh_view line = eh_view_trim((eh_view){rest->ptr, len});
    *rest = end == NULL ? (eh_view){0} : (eh_view){end + 1, rest->len - len - 1};
    return line;
}

static const char *until_bar(eh_arena *arena, eh_view *rest)
{
    const char *bar = rest->len == 0 ? NULL : memchr(rest->ptr, '|', rest->len);
    size_t len = bar == NULL ? rest->len : (size_t)(bar - rest->ptr);
    const char *text = eh_arena_copy(arena, eh_view_trim((eh_view){rest->ptr, len}));
    *rest = bar == NULL ? (eh_view){0} : (eh_view){bar + 1, rest->len - len - 1};
    return text;
}

/* Lines as they are kept become what a review says. */
static eh_code review_parse(const eh_waiting_review *kept, eh_arena *arena, eh_review *out, eh_error *error)
{
    const char **findings = EH_TAKE(arena, EH_REVIEW_ANSWERS_MAX, const char *);
    out->decisions = EH_TAKE(arena, EH_REVIEW_ANSWERS_MAX, eh_review_decision);
    if (findings == NULL || out->decisions == NULL)
        return eh_fail_memory(error);
    out->next = kept->next;
    out->findings = findings;
    for (eh_view rest = eh_view_of(kept->findings); rest.len > 0;) {
        eh_view line = next_line(&rest);
        if (line.len == 0)
            continue;
        if (out->findings_count == EH_REVIEW_ANSWERS_MAX)
            return eh_fail(error, EH_LIMIT, "more than %d findings", EH_REVIEW_ANSWERS_MAX);
        if ((findings[out->findings_count++] = eh_arena_copy(arena, line)) == NULL)
            return eh_fail_memory(error);
    }
    for (eh_view rest = eh_view_of(kept->decisions); rest.len > 0 && out->decisions_count < EH_REVIEW_ANSWERS_MAX;) {
        eh_view line = next_line(&rest);
        if (line.len == 0)
            continue;
        eh_review_decision *made = &out->decisions[out->decisions_count++];
        made->text = until_bar(arena, &line);
        made->owner = until_bar(arena, &line);
        made->due = until_bar(arena, &line);
        if (made->text == NULL || made->owner == NULL || made->due == NULL)
            return eh_fail_memory(error);
    }
    return EH_OK;
}

static eh_view field_of(const eh_exchange *exchange, const char *name, int number)
{
    char key[24];
    snprintf(key, sizeof key, "%s%d", name, number);
    return eh_view_trim(eh_fields_get(eh_exchange_team_form(exchange), key));
}

/* A bar and a line feed part the fields of what is kept, so that neither may stand in one. */
static void plain_append(eh_buffer *out, eh_view text)
{
    for (size_t i = 0; i < text.len; i++)
        eh_buffer_byte(out, text.ptr[i] == '|' ? '/' : text.ptr[i] == '\n' || text.ptr[i] == '\r' ? ' ' : text.ptr[i]);
}

static eh_code decisions_take(eh_exchange *exchange, const char **decisions_out, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer lines = {0};
    for (int i = 0; i < DECISION_ROWS; i++) {
        eh_view text = field_of(exchange, "text", i), owner = field_of(exchange, "owner", i), due = field_of(exchange, "due", i);
        if (text.len == 0)
            continue;
        if (owner.len == 0 || due.len == 0)
            return eh_fail(error, EH_INPUT, "a decision has somebody who sees to it and a day until when");
        plain_append(&lines, text);
        eh_buffer_byte(&lines, '|');
        plain_append(&lines, owner);
        eh_buffer_byte(&lines, '|');
        plain_append(&lines, due);
        eh_buffer_byte(&lines, '\n');
    }
    EH_TRY(eh_buffer_check(&lines, error));
    *decisions_out = eh_arena_copy(exchange->arena, eh_buffer_view(&lines));
    return *decisions_out == NULL ? eh_fail_memory(error) : EH_OK;
}

static eh_code review_take(eh_exchange *exchange, eh_waiting_review *out, eh_error *error)
{
    eh_fields form = eh_exchange_team_form(exchange);
    eh_view theme = eh_fields_get(form, "theme"), findings = eh_view_trim(eh_fields_get(form, "findings"));
    const char *colon = theme.len == 0 ? NULL : memchr(theme.ptr, ':', theme.len);
    eh_feedback_kind kind;
    eh_review review = {0};
    if (findings.len > WORDS_BYTES_MAX)
        return eh_fail(error, EH_INPUT, "at most %d bytes of findings", WORDS_BYTES_MAX);
    *out = (eh_waiting_review){.by = eh_team_name(exchange), .at_s = eh_web_now_s(eh_web_of(exchange)), .theme_kind = "", .theme_subject = "",
                               .next = eh_arena_copy(exchange->arena, eh_view_trim(eh_fields_get(form, "next"))),
                               .findings = eh_arena_copy(exchange->arena, findings), .change = eh_arena_copy(exchange->arena, eh_view_trim(eh_fields_get(form, "change")))};
    if (colon != NULL) {
        size_t len = (size_t)(colon - theme.ptr);
        if (!eh_feedback_kind_find((eh_view){theme.ptr, len}, &kind))
            return eh_fail(error, EH_INPUT, "the theme is none of those that were offered");
        out->theme_kind = eh_feedback_kind_name(kind);
        out->theme_subject = eh_arena_copy(exchange->arena, (eh_view){colon + 1, theme.len - len - 1});
    }
    if (out->next == NULL || out->findings == NULL || out->change == NULL || out->theme_subject == NULL)
        return eh_fail_memory(error);
    EH_TRY(decisions_take(exchange, &out->decisions, error));
    EH_TRY(review_parse(out, exchange->arena, &review, error));
    return eh_review_check_unsigned(&review, (eh_instant){.seconds = out->at_s}, error);
}

eh_answer eh_team_review_propose(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_waiting_review review;
    eh_error error = {0};
    eh_store *store;
    int64_t number = 0;
    eh_code code = review_take(exchange, &review, &error);
    if (code == EH_OK)
        code = eh_web_store_take(web, &store, &error);
    if (code == EH_OK) {
        code = eh_review_propose(store, &review, &number, &error);
        eh_web_store_give(web, store);
    }
    const char *path = code == EH_OK ? eh_arena_format(exchange->arena, "/team/policy/reviews/%lld", (long long)number) : NULL;
    if (path == NULL)
        eh_page_of_error(exchange, &error);
    else
        eh_team_redirect_done(exchange, path, "proposed");
    return EH_NOW;
}

/* ---- the second signer ------------------------------------------------------------------------------------------------------------------- */

static eh_code review_find(eh_exchange *exchange, eh_waiting_review *out, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    int64_t number = 0;
    eh_view text = exchange->parameters[0];
    for (size_t i = 0; i < text.len && number >= 0; i++)
        number = text.len > NUMBER_BYTES_MAX || text.ptr[i] < '0' || text.ptr[i] > '9' ? -1 : number * 10 + (text.ptr[i] - '0');
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_review_find(store, number, exchange->arena, out, error);
    eh_web_store_give(web, store);
    return code;
}

static void review_words(eh_exchange *exchange, const eh_waiting_review *kept, const eh_review *review)
{
    static const char *const headings[] = {"Decision", "Who sees to it", "Until", NULL};
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, "<section class=\"card\"><h2>Findings</h2><ul>\n");
    for (size_t i = 0; i < review->findings_count; i++)
        eh_html_put(out, "<li>$</li>", review->findings[i]);
    eh_buffer_text(out, review->findings_count == 0 ? "<li>Nothing was found.</li></ul>\n" : "</ul>\n");
    eh_team_table_begin(exchange, "Decisions", headings);
    for (size_t i = 0; i < review->decisions_count; i++)
        eh_html_put(out, "<tr><th scope=\"row\">$</th><td>$</td><td>$</td></tr>\n", review->decisions[i].text, review->decisions[i].owner, review->decisions[i].due);
    eh_team_table_end(exchange);
    if (kept->theme_kind[0] != '\0')
        eh_html_put(out, "<p>It answers what people said: <strong>$</strong> is $.</p>", kept->theme_subject[0] != '\0' ? kept->theme_subject : "the message as a whole", kept->theme_kind);
    if (kept->change[0] != '\0')
        eh_html_put(out, "<p>This led to: <strong>$</strong></p>", kept->change);
    eh_html_put(out, "<p class=\"quiet\">The next review by $.</p></section>\n", kept->next);
}

static void sign_form(eh_exchange *exchange, const eh_waiting_review *kept)
{
    eh_buffer *out = &exchange->out;
    bool first = strcmp(kept->by, eh_team_name(exchange)) == 0;
    eh_html_put(out, "<section class=\"card gate $\"><h2>", kept->second[0] != '\0' ? "good" : "unsure");
    eh_team_badge(exchange, kept->second[0] != '\0' ? EH_BADGE_GOOD : EH_BADGE_UNSURE, kept->second[0] != '\0' ? "signed by two" : "waits for a second signer");
    eh_html_put(out, "</h2><p>$ signed $.</p>\n", kept->by, eh_team_moment(exchange, kept->at_s));
    if (kept->second[0] != '\0') {
        eh_html_put(out, "<p>$ signed as the second. <a href=\"/team/ledger/$\">The record in the ledger</a></p><p class=\"quiet\">Set <code>review_by</code> in policy.yaml to $.</p>\n",
                    kept->second, kept->entry, kept->next);
    } else if (eh_team_may(exchange, EH_MAY_REVIEW)) {
        eh_buffer_format(out, "<form method=\"post\" action=\"/team/policy/reviews/%lld\">", (long long)kept->number);
        eh_team_form_token(exchange);
        eh_buffer_text(out, first ? "<p class=\"quiet\">Somebody else signs as the second: an ethics owner or an admin.</p><button name=\"act\" value=\"drop\">Take it back</button></form>\n"
                                  : "<div class=\"actions\"><button class=\"primary\" name=\"act\" value=\"sign\">Sign as the second</button><button name=\"act\" value=\"drop\">Send it back</button></div></form>\n");
    }
    eh_buffer_text(out, "</section>\n");
}

eh_answer eh_team_review_page(eh_exchange *exchange)
{
    eh_waiting_review kept = {0};
    eh_review review = {0};
    eh_error error = {0};
    eh_code code = review_find(exchange, &kept, &error);
    if (code == EH_OK)
        code = review_parse(&kept, exchange->arena, &review, &error);
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    eh_team_page_begin(exchange, "/team/policy", "A review of the policy");
    eh_team_header(exchange, &(eh_team_heading){.title = "A review of the policy", .says = eh_team_day(exchange, kept.at_s), .back = "/team/policy", .back_says = "Policy"});
    eh_team_done(exchange);
    sign_form(exchange, &kept);
    review_words(exchange, &kept, &review);
    code = kept.second[0] == '\0' ? evidence_show(exchange, &error) : EH_OK; /* once signed it is in the record */
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        eh_team_page_end(exchange);
    return EH_NOW;
}

static void theme_take(const eh_waiting_review *kept, eh_review *review, eh_feedback_theme *theme)
{
    *theme = (eh_feedback_theme){.subject = kept->theme_subject};
    if (!eh_feedback_kind_find(eh_view_of(kept->theme_kind), &theme->kind))
        return;
    review->theme = theme;
    review->change = kept->change;
}

/* The record into the ledger; the theme is dealt with, and who wrote on it is told. */
static eh_code record_keep(eh_exchange *exchange, eh_store *store, const eh_waiting_review *kept, char entry_out[EH_LEDGER_ID_BYTES], eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    EH_CLEANUP(eh_policy_close) eh_policy *policy = NULL;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer record = {0};
    const char *signers[EH_REVIEW_SIGNERS] = {kept->by, eh_team_name(exchange)};
    eh_review review = {.signers = signers, .signers_count = EH_REVIEW_SIGNERS};
    eh_review_evidence evidence = {0};
    eh_review_about about = {0};
    eh_feedback_theme theme;
    uint64_t told = 0;
    eh_ledger *ledger = NULL;
    bool owned = false;
    EH_TRY(about_open(exchange, store, &policy, &about, error));
    EH_TRY(review_parse(kept, exchange->arena, &review, error));
    theme_take(kept, &review, &theme);
    EH_TRY(eh_review_check(&review, about.now, error));
    EH_TRY(eh_review_collect(&about, exchange->arena, &evidence, error));
    EH_TRY(eh_review_write(&about, &evidence, &review, &record, error));
    EH_TRY(eh_team_ledger_take(web, &ledger, &owned, error));
    eh_code code = eh_review_keep(ledger, eh_buffer_view(&record), entry_out, error);
    if (owned)
        eh_ledger_close(&ledger);
    if (code == EH_OK)
        code = eh_review_sign(store, kept->number, eh_view_of(eh_team_name(exchange)), eh_view_of(entry_out), error);
    return code != EH_OK ? code : eh_review_theme_close(store, &review, entry_out, about.now.seconds, &told, error);
}

static eh_code sign(eh_exchange *exchange, const eh_waiting_review *kept, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    char entry[EH_LEDGER_ID_BYTES];
    eh_store *store;
    if (kept->second[0] != '\0')
        return eh_fail(error, EH_CONFLICT, "this review has its two signers");
    if (eh_view_equal_nocase(eh_view_of(kept->by), eh_view_of(eh_team_name(exchange))))
        return eh_fail(error, EH_DENIED, "you are the first signer; somebody else signs as the second");
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = record_keep(exchange, store, kept, entry, error);
    eh_web_store_give(web, store);
    return code;
}

static eh_code drop(eh_exchange *exchange, const eh_waiting_review *kept, eh_error *error)
{
    eh_web *web = eh_web_of(exchange);
    eh_store *store;
    EH_TRY(eh_web_store_take(web, &store, error));
    eh_code code = eh_review_drop(store, kept->number, error);
    eh_web_store_give(web, store);
    return code;
}

eh_answer eh_team_review_sign(eh_exchange *exchange)
{
    eh_waiting_review kept = {0};
    eh_error error = {0};
    eh_view act = eh_fields_get(eh_exchange_team_form(exchange), "act");
    bool signs = eh_view_equal(act, EH_VIEW("sign"));
    eh_code code = review_find(exchange, &kept, &error);
    if (code == EH_OK)
        code = signs ? sign(exchange, &kept, &error) : eh_view_equal(act, EH_VIEW("drop")) ? drop(exchange, &kept, &error) : eh_fail(&error, EH_INPUT, "sign it or take it back");
    if (code != EH_OK) {
        eh_page_of_error(exchange, &error);
        return EH_NOW;
    }
    const char *path = signs ? eh_arena_format(exchange->arena, "/team/policy/reviews/%lld", (long long)kept.number) : "/team/policy";
    eh_team_redirect_done(exchange, path == NULL ? "/team/policy" : path, signs ? "signed" : "dropped");
    return EH_NOW;
}
