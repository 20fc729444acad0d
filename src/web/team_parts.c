/* What team pages are put together from: headings, numbers, tables, charts. */
#include <math.h>
#include <string.h>

#include "web/team_int.h"

/* ---- numbers ----------------------------------------------------------------------------------------------------------------- */

static const eh_team_text none = {"–"};

static const char minus[] = "\xe2\x88\x92"; /* U+2212: a hyphen is no minus */

/* Digits in groups of three: "1234567.5" becomes "1,234,567.5". */
static eh_team_text grouped(const char *plain)
{
    eh_team_text out = {{0}};
    size_t start = plain[0] == '-', digits = strspn(plain + start, "0123456789"), at = start * strlen(minus);
    memcpy(out.text, minus, at);
    for (size_t i = start; plain[i] != '\0' && at + 2 < sizeof out.text; i++) {
        if (i > start && i < start + digits && (start + digits - i) % 3 == 0)
            out.text[at++] = ',';
        out.text[at++] = plain[i];
    }
    return out;
}

/* No minus stands before a zero. */
static const char *without_minus_zero(const char *text)
{
    return text[0] == '-' && text[1 + strspn(text + 1, "0. %")] == '\0' ? text + 1 : text;
}

eh_team_text eh_text_decimals(double number, int decimals)
{
    char plain[40];
    if (!isfinite(number) || fabs(number) > 1e15)
        return none;
    snprintf(plain, sizeof plain, "%.*f", decimals, number);
    return grouped(without_minus_zero(plain));
}

eh_team_text eh_text_count(double count)
{
    return eh_text_decimals(count, 0);
}

eh_team_text eh_text_percent(double share)
{
    eh_team_text out = none;
    char plain[sizeof out.text - 4];
    if (!isfinite(share))
        return out;
    snprintf(plain, sizeof plain, "%.1f %%", 100 * share);
    const char *text = without_minus_zero(plain);
    snprintf(out.text, sizeof out.text, "%s%s", text[0] == '-' ? minus : "", text + (text[0] == '-'));
    return out;
}

eh_team_text eh_text_range(double low, double high)
{
    eh_team_text out = none;
    if (isfinite(low) && isfinite(high))
        snprintf(out.text, sizeof out.text, "%.1f to %.1f %%", 100 * low, 100 * high);
    return out;
}

/* ---- time ----------------------------------------------------------------------------------------------------------------------- */

static const char *date_text(eh_exchange *exchange, int64_t at_s, eh_date_words style)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {0};
    const eh_shop *shop = &eh_web_of(exchange)->model->shop;
    const eh_zone *zone = NULL;
    eh_error ignored = {0};
    eh_zone *opened = NULL;
    const char *words = NULL;
    if (shop->zone != NULL && strcmp(shop->zone, "UTC") != 0 && eh_zone_open(eh_view_of(shop->zone), &opened, &ignored) == EH_OK)
        zone = opened;
    if (eh_date_in_words((eh_instant){.seconds = at_s}, zone, "en-GB", style, &text, &ignored) == EH_OK)
        words = eh_arena_copy(exchange->arena, eh_buffer_view(&text));
    eh_zone_close(&opened);
    return words == NULL ? "" : words;
}

const char *eh_team_day(eh_exchange *exchange, int64_t at_s)
{
    return date_text(exchange, at_s, EH_DATE_DAY);
}

const char *eh_team_moment(eh_exchange *exchange, int64_t at_s)
{
    return date_text(exchange, at_s, EH_DATE_DAY_AND_TIME);
}

/* ---- words ------------------------------------------------------------------------------------------------------------------------ */

static const char *const look_names[EH_BADGES_COUNT] = {[EH_BADGE_GOOD] = "good", [EH_BADGE_BAD] = "bad", [EH_BADGE_UNSURE] = "unsure", [EH_BADGE_QUIET] = "plain"};

void eh_team_badge(eh_exchange *exchange, eh_badge_look look, const char *text)
{
    EH_ASSERT(look < EH_BADGES_COUNT);
    eh_html_put(&exchange->out, "<span class=\"badge $\">$</span>", look_names[look], text);
}

eh_badge_look eh_badge_of_verdict(const char *verdict)
{
    return strcmp(verdict, "violates") == 0 ? EH_BADGE_BAD : strcmp(verdict, "within tolerance") == 0 ? EH_BADGE_GOOD : EH_BADGE_UNSURE;
}

void eh_team_due_badge(eh_exchange *exchange, int64_t due_s)
{
    enum { DAY_SECONDS = 86400, SOON_DAYS = 7 };
    int64_t left_s = due_s - eh_web_now_s(eh_web_of(exchange)), days = left_s / DAY_SECONDS;
    char text[48];
    if (left_s < 0)
        snprintf(text, sizeof text, "%lld %s overdue", (long long)(-days + 1), -days + 1 == 1 ? "day" : "days");
    else
        snprintf(text, sizeof text, days == 0 ? "today" : days == 1 ? "%lld day left" : "%lld days left", (long long)days);
    eh_team_badge(exchange, left_s < 0 ? EH_BADGE_BAD : days < SOON_DAYS ? EH_BADGE_UNSURE : EH_BADGE_GOOD, text);
}

const char *eh_team_words(eh_exchange *exchange, const char *name)
{
    char *words = eh_arena_copy(exchange->arena, eh_view_of(name));
    for (char *at = words; at != NULL && *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
    return words == NULL ? "" : words;
}

/* ---- a page's pieces ---------------------------------------------------------------------------------------------------------------- */

void eh_team_header(eh_exchange *exchange, const eh_team_heading *heading)
{
    if (heading->back != NULL)
        eh_html_put(&exchange->out, "<p class=\"back\"><a href=\"$\"><span aria-hidden=\"true\">←</span> $</a></p>\n", heading->back, heading->back_says);
    eh_html_put(&exchange->out, "<header><h1>$</h1><p class=\"quiet\">$</p></header>\n", heading->title, heading->says == NULL ? "" : heading->says);
}

void eh_team_empty(eh_exchange *exchange, const char *title, const char *says, const char *command)
{
    eh_html_put(&exchange->out, "<section class=\"card empty\"><h2>$</h2><p>$</p>", title, says);
    if (command != NULL)
        eh_html_put(&exchange->out, "<p class=\"command\"><code>$</code></p>", command);
    eh_buffer_text(&exchange->out, "</section>\n");
}

void eh_team_tile(eh_exchange *exchange, const char *number, const char *says)
{
    eh_html_put(&exchange->out, "<div class=\"card tile\"><span class=\"figure\">$</span> <span class=\"quiet\">$</span></div>\n", number, says);
}

static const struct {
    const char *key, *says;
} deeds[] = {
    {"planned", "The plan is made. Nothing has gone out."},
    {"released", "It is released. Every decision is in the ledger."},
    {"asked", "Your question is noted. Somebody else who may approve now answers it."},
    {"refused", "It is refused, and that is written down."},
    {"answered", "The answer is sent."},
    {"closed", "The request is closed."},
    {"replayed", "The request is closed. The plans that wait for release are made again, with what is right now."},
    {"proposed", "The review waits for a second signer."},
    {"signed", "The review is signed by two and in the ledger."},
    {"dropped", "The review was taken back. Nothing was recorded."},
};

void eh_team_done(eh_exchange *exchange)
{
    eh_view key = eh_fields_get(exchange->query, "done");
    for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
        if (eh_view_equal(key, eh_view_of(deeds[i].key)))
            eh_html_put(&exchange->out, "<div class=\"note good\" role=\"status\"><p>$</p></div>\n", deeds[i].says);
}

void eh_team_redirect_done(eh_exchange *exchange, const char *path, const char *key)
{
    const char *whole = eh_arena_format(exchange->arena, "%s?done=%s", path, key);
    eh_exchange_redirect(exchange, whole == NULL ? "/team" : whole);
}

void eh_team_form_begin(eh_exchange *exchange, const char *path)
{
    eh_html_put(&exchange->out, "<form method=\"post\" action=\"$\">", path);
    eh_team_form_token(exchange);
}

/* ---- tables ---------------------------------------------------------------------------------------------------------------------------- */

void eh_team_table_begin(eh_exchange *exchange, const char *name, const char *const *headings)
{
    eh_html_put(&exchange->out, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"$\"><table><thead><tr>", name);
    for (size_t i = 0; headings[i] != NULL; i++) {
        bool number = headings[i][0] == '#';
        eh_html_put(&exchange->out, number ? "<th scope=\"col\" class=\"number\">$</th>" : "<th scope=\"col\">$</th>", headings[i] + number);
    }
    eh_buffer_text(&exchange->out, "</tr></thead><tbody>\n");
}

void eh_team_table_end(eh_exchange *exchange)
{
    eh_buffer_text(&exchange->out, "</tbody></table></div>\n");
}

void eh_team_cell_head(eh_exchange *exchange, const char *text)
{
    eh_html_put(&exchange->out, "<th scope=\"row\">$</th>", text);
}

void eh_team_cell(eh_exchange *exchange, const char *text)
{
    eh_html_put(&exchange->out, "<td>$</td>", text);
}

void eh_team_cell_number(eh_exchange *exchange, eh_team_text text)
{
    eh_html_put(&exchange->out, "<td class=\"number\">$</td>", text.text);
}

void eh_team_cell_estimate(eh_exchange *exchange, eh_team_text value, eh_team_text range)
{
    eh_html_put(&exchange->out, "<td class=\"number\">$<span class=\"range\">$</span></td>", value.text, range.text);
}

/* ---- charts ----------------------------------------------------------------------------------------------------------------------------- */

void eh_chart_begin(eh_exchange *exchange, eh_chart *chart, const char *kind, const char *says)
{
    eh_team_visit *visit = exchange->visit;
    *chart = (eh_chart){.exchange = exchange};
    visit->charts++;
    eh_html_put(&exchange->out, "<div class=\"chart\" role=\"img\" aria-label=\"$\"", says);
    eh_buffer_format(&exchange->out, " data-chart=\"chart-%u\" hidden></div>\n<script type=\"application/json\" id=\"chart-%u\">", visit->charts, visit->charts);
    eh_json_begin(&chart->json, &exchange->out, false, true);
    eh_json_object_open(&chart->json, NULL);
    eh_json_text(&chart->json, "kind", kind);
}

void eh_chart_end(eh_chart *chart)
{
    eh_json_object_close(&chart->json);
    eh_buffer_text(&chart->exchange->out, "</script>\n");
}
