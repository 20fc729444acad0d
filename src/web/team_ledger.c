/* The ledger: how it stands, whether it holds, one entry. */
#include <string.h>

#include "journey/journey.h"
#include "web/team_int.h"

static void fact_number(eh_exchange *exchange, const char *name, uint64_t number)
{
    eh_html_put(&exchange->out, "<dt>$</dt><dd>$</dd>\n", name, eh_text_count((double)number).text);
}

static void stats_write(eh_exchange *exchange, const eh_ledger_stats *stats)
{
    eh_html_put(&exchange->out, "<section class=\"card\"><h2>How it stands</h2><dl class=\"facts\">\n<dt>Name</dt><dd>$</dd>\n", stats->name);
    fact_number(exchange, "Entries", stats->size);
    fact_number(exchange, "of these published", stats->published_size);
    fact_number(exchange, "People", stats->people_count);
    fact_number(exchange, "erased", stats->erased_people_count);
    for (size_t i = 0; i < stats->keys_count; i++)
        eh_html_put(&exchange->out, "<dt>Signing key</dt><dd><code>$</code></dd>\n", stats->key_ids[i]);
    eh_buffer_text(&exchange->out, "</dl>\n<form method=\"post\" action=\"/team/ledger/verify\">");
    eh_team_form_token(exchange);
    eh_buffer_text(&exchange->out, "<button>Verify all of it now</button></form></section>\n");
}

/* Line by line, since a line feed within a text is shown as a sign. */
static void lines_write(eh_exchange *exchange, eh_view rest)
{
    while (rest.len > 0) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr), taken = end == NULL ? len : len + 1;
        eh_html_text(&exchange->out, (eh_view){rest.ptr, len});
        eh_buffer_byte(&exchange->out, '\n');
        rest = (eh_view){rest.ptr + taken, rest.len - taken};
    }
}

static void checkpoint_write(eh_exchange *exchange)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    eh_error error = {0};
    eh_buffer_format(&path, "%s/ledger/public/checkpoint", eh_web_of(exchange)->model->state_folder);
    if (path.code != EH_OK || eh_file_read(path.ptr, 1 << 16, &text, &error) != EH_OK)
        return;
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>Checkpoint</h2><p class=\"quiet\">Keep a copy elsewhere: whoever has it can prove that nothing before it was changed.</p>"
                                   "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Checkpoint\"><pre>");
    lines_write(exchange, eh_buffer_view(&text));
    eh_buffer_text(&exchange->out, "</pre></div></section>\n");
}

static void verification_write(eh_exchange *exchange, const eh_ledger_verification *v)
{
    eh_buffer *out = &exchange->out;
    eh_buffer_text(out, v->findings_count == 0 ? "<div class=\"note good\" role=\"status\"><p><strong>All is well.</strong> " : "<div class=\"note bad\" role=\"alert\"><p><strong>Something is wrong.</strong> ");
    eh_buffer_format(out, "%llu entries were computed anew; %llu signatures hold; opened %llu, erased %llu, missing %llu.</p>", (unsigned long long)v->size,
                     (unsigned long long)v->signatures_count, (unsigned long long)v->states[EH_RECORD_OPENED], (unsigned long long)v->states[EH_RECORD_ERASED],
                     (unsigned long long)v->states[EH_RECORD_MISSING]);
    if (v->findings_count > 0)
        eh_buffer_text(out, "<ul>");
    for (size_t i = 0; i < v->findings_count && i < EH_LEDGER_FINDINGS_MAX; i++)
        eh_html_put(out, "<li>$</li>", v->findings[i]);
    eh_buffer_text(out, v->findings_count > 0 ? "</ul></div>\n" : "</div>\n");
}

static void entry_form(eh_exchange *exchange)
{
    eh_buffer_text(&exchange->out, "<section class=\"card\"><form action=\"/team/ledger\" class=\"row\"><div class=\"wide\"><label for=\"entry\">Look up an entry by its id or number</label>"
                                   "<input id=\"entry\" name=\"entry\" autocomplete=\"off\" required></div><button>Look up</button></form></section>\n");
}

static void ledger_write(eh_exchange *exchange, const eh_ledger_verification *verification)
{
    eh_error error = {0};
    eh_ledger_stats stats;
    const char *folder = eh_web_of(exchange)->model->folder;
    eh_team_page_begin(exchange, "/team/ledger", "Ledger");
    eh_team_header(exchange, &(eh_team_heading){.title = "Ledger", .says = "What we did, for others to check"});
    if (verification != NULL)
        verification_write(exchange, verification);
    if (!eh_ledger_exists(folder)) {
        eh_team_empty(exchange, "No ledger yet", "Decisions, consents and reviews are written where nobody can change them unseen. Without a ledger nothing goes out.", "evenhand keys make");
    } else if (eh_ledger_stats_read(folder, &stats, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return;
    } else {
        entry_form(exchange);
        stats_write(exchange, &stats);
        checkpoint_write(exchange);
    }
    eh_team_page_end(exchange);
}

eh_answer eh_team_ledger(eh_exchange *exchange)
{
    eh_view entry = eh_view_trim(eh_fields_get(exchange->query, "entry"));
    if (entry.len > 0) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0};
        eh_buffer_text(&path, "/team/ledger/");
        eh_url_append(&path, entry);
        eh_exchange_redirect(exchange, path.code == EH_OK ? path.ptr : "/team/ledger");
        return EH_NOW;
    }
    ledger_write(exchange, NULL);
    return EH_NOW;
}

eh_answer eh_team_ledger_verify(eh_exchange *exchange)
{
    eh_error error = {0};
    eh_ledger_verification verification;
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_ledger_verify_options options = {0};
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_ledger_verify(eh_web_of(exchange)->model->folder, &options, arena, &verification, &error);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        ledger_write(exchange, &verification);
    return EH_NOW;
}

/* ---- one entry ------------------------------------------------------------------------------------------------------------------- */

/* The members of a JSON object, one a line: what is text or number; the rest as it stands. */
static void members_write(eh_exchange *exchange, eh_view json)
{
    EH_CLEANUP(eh_json_close) eh_json_document *document = NULL;
    eh_error ignored = {0};
    eh_buffer *out = &exchange->out;
    if (json.len == 0 || eh_json_parse(json, "the entry", &document, &ignored) != EH_OK)
        return;
    eh_buffer_text(out, "<dl class=\"facts\">\n");
    for (eh_json_members at = {0}; eh_json_next(eh_json_root(document), &at);) {
        const char *text = eh_json_as_text(at.value);
        bool truth = false;
        eh_html_put(out, "<dt>$</dt><dd>", eh_team_words(exchange, at.key));
        if (text != NULL && strlen(text) > 400)
            eh_html_put(out, "<span class=\"quiet\">$ bytes</span>", eh_text_count((double)strlen(text)).text);
        else if (text != NULL)
            eh_html_put(out, "$", text);
        else if (eh_json_type_of(at.value) == EH_JSON_NUMBER)
            eh_buffer_format(out, "%.10g", eh_json_as_number(at.value));
        else if (eh_json_as_boolean(at.value, &truth))
            eh_buffer_text(out, truth ? "yes" : "no");
        else
            eh_html_put(out, "<span class=\"quiet\">$ items</span>", eh_text_count((double)eh_json_count(at.value)).text);
        eh_buffer_text(out, "</dd>\n");
    }
    eh_buffer_text(out, "</dl>\n");
}

/* What the person of a decision can read about it. */
static void decision_write(eh_exchange *exchange, const eh_ledger_record *record)
{
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    EH_CLEANUP(eh_words_close) eh_words words = {0};
    EH_CLEANUP(eh_decision_close) eh_decision decision = {0};
    const eh_workspace_model *model = eh_web_of(exchange)->model;
    eh_page_input input = {0};
    eh_page page = {0};
    eh_error error = {0};
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_decision_of_record(model, record, arena, &decision, &error);
    if (code == EH_OK)
        code = eh_words_open("en", &words, &error);
    if (code == EH_OK)
        code = eh_decision_page(&decision, &words, arena, &page, &input, &error);
    eh_buffer_text(&exchange->out, "<section class=\"card told\"><h2>What the person reads</h2>\n");
    if (code != EH_OK) {
        eh_html_put(&exchange->out, "<p>$</p></section>\n", error.text);
        return;
    }
    EH_CLEANUP(eh_buffer_dispose) eh_buffer key = {0};
    eh_buffer_append(&key, decision.trace.key);
    eh_buffer_text(&exchange->out, "<p class=\"quiet\">About <a href=\"/team/people?key=");
    eh_url_append(&exchange->out, eh_buffer_view(&key));
    eh_html_put(&exchange->out, "\">$</a></p>\n", key.ptr == NULL ? "" : key.ptr);
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    eh_page_text(&page, 96, &text);
    eh_buffer_text(&exchange->out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"What the person reads\"><pre>");
    lines_write(exchange, eh_buffer_view(&text));
    eh_buffer_text(&exchange->out, "</pre></div></section>\n");
}

static const char *text_of(eh_exchange *exchange, eh_view text)
{
    const char *copy = eh_arena_copy(exchange->arena, text);
    return copy == NULL ? "" : copy;
}

static void record_write(eh_exchange *exchange, const eh_ledger_record *record)
{
    eh_buffer *out = &exchange->out;
    bool open = record->state == EH_RECORD_CLEAR || (record->state == EH_RECORD_OPENED && eh_team_may(exchange, EH_MAY_SEE_PEOPLE));
    eh_team_page_begin(exchange, "/team/ledger", record->id);
    eh_team_header(exchange, &(eh_team_heading){.title = text_of(exchange, record->kind), .says = record->id, .back = "/team/ledger", .back_says = "Ledger"});
    eh_html_put(out, "<section class=\"card\"><dl class=\"facts\"><dt>Place in the log</dt><dd>$</dd><dt>At</dt><dd>$</dd><dt>It is</dt><dd>$</dd></dl>\n",
                eh_text_count((double)record->index).text, text_of(exchange, record->at), eh_record_state_name(record->state));
    members_write(exchange, record->clear);
    if (open)
        members_write(exchange, record->payload);
    else if (record->state == EH_RECORD_OPENED)
        eh_buffer_text(out, "<p class=\"quiet\">What it holds is about a person; an ethics owner or an admin can open it.</p>\n");
    eh_buffer_text(out, "</section>\n");
    if (open && eh_view_equal(record->kind, EH_VIEW("decision")))
        decision_write(exchange, record);
    eh_team_page_end(exchange);
}

eh_answer eh_team_ledger_entry(eh_exchange *exchange)
{
    eh_web *web = eh_web_of(exchange);
    eh_ledger *ledger = NULL;
    eh_ledger_record record = {0};
    eh_error error = {0};
    EH_CLEANUP(eh_arena_close) eh_arena *arena = eh_arena_open(EH_ARENA_BYTES_MAX);
    eh_code code = arena == NULL ? eh_fail_memory(&error) : eh_ledger_open(web->model->folder, &(eh_ledger_options){.reads_only = true}, &ledger, &error);
    if (code == EH_OK)
        code = eh_ledger_read(ledger, exchange->parameters[0], arena, &record, &error);
    if (code != EH_OK)
        eh_page_of_error(exchange, &error);
    else
        record_write(exchange, &record);
    if (code == EH_OK && eh_team_may(exchange, EH_MAY_SEE_PEOPLE) && record.state == EH_RECORD_OPENED)
        eh_server_log(exchange, eh_team_name(exchange));
    eh_ledger_close(&ledger);
    return EH_NOW;
}
