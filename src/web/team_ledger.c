/* The ledger: how it stands, whether it holds, one entry. */
#include <string.h>

#include "web/team_int.h"

static void fact_number(eh_exchange *exchange, const char *name, uint64_t number)
{
    eh_html_put(&exchange->out, "<dt>$</dt><dd>", name);
    eh_buffer_format(&exchange->out, "%llu</dd>\n", (unsigned long long)number);
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

static void checkpoint_write(eh_exchange *exchange)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer path = {0}, text = {0};
    eh_error error = {0};
    eh_buffer_format(&path, "%s/ledger/public/checkpoint", eh_web_of(exchange)->model->state_folder);
    if (path.code != EH_OK || eh_file_read(path.ptr, 1 << 16, &text, &error) != EH_OK)
        return;
    eh_buffer_text(&exchange->out, "<section class=\"card\"><h2>Checkpoint</h2><p class=\"quiet\">Keep a copy elsewhere: whoever has it can prove that nothing before it was changed.</p>"
                                   "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Checkpoint\"><pre>");
    /* line by line, since a line feed within a text is shown as a sign */
    eh_view rest = eh_buffer_view(&text);
    while (rest.len > 0) {
        const char *end = memchr(rest.ptr, '\n', rest.len);
        size_t len = end == NULL ? rest.len : (size_t)(end - rest.ptr), taken = end == NULL ? len : len + 1;
        eh_html_text(&exchange->out, (eh_view){rest.ptr, len});
        eh_buffer_byte(&exchange->out, '\n');
        rest = (eh_view){rest.ptr + taken, rest.len - taken};
    }
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

static void ledger_write(eh_exchange *exchange, const eh_ledger_verification *verification)
{
    eh_error error = {0};
    eh_ledger_stats stats;
    const char *folder = eh_web_of(exchange)->model->folder;
    eh_team_page_begin(exchange, "/team/ledger", "Ledger");
    eh_buffer_text(&exchange->out, "<header><h1>Ledger</h1><p class=\"quiet\">What we did, for others to check</p></header>\n");
    if (verification != NULL)
        verification_write(exchange, verification);
    if (!eh_ledger_exists(folder)) {
        eh_buffer_text(&exchange->out, "<section class=\"card\"><p>This workspace has no ledger yet: <code>evenhand keys make</code> begins it.</p></section>\n");
    } else if (eh_ledger_stats_read(folder, &stats, &error) != EH_OK) {
        eh_page_of_error(exchange, &error);
        return;
    } else {
        stats_write(exchange, &stats);
        checkpoint_write(exchange);
    }
    eh_team_page_end(exchange);
}

eh_answer eh_team_ledger(eh_exchange *exchange)
{
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
