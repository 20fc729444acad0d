/* Pictures of shape functions, drawn as SVG in the page: they need no script and print as they are. */
#include <math.h>
#include <string.h>

#include "report/model_card_int.h"

enum { WIDTH = 640, HEIGHT = 220, LEFT = 52, RIGHT = 12, TOP = 10, BOTTOM = 34, BARS_MAX = 18, BAR_STEP = 22, NAME_WIDTH = 200, CELL = 15 };

const char eh_card_css[] =
    ".shapes{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,26rem),1fr));gap:1.5rem 2.5rem}"
    ".shape{min-width:0;break-inside:avoid}.shape h3{margin:0 0 .15rem;font-size:1.05rem}.shape .says{margin:0 0 .4rem}"
    ".shape svg,.frontier svg{width:100%;height:auto;display:block;overflow:visible}"
    ".shape svg text,.frontier svg text{font-size:12px;fill:var(--ink-quiet);font-family:inherit}"
    ".shape svg text.name{fill:var(--ink)}.frontier svg{max-width:40rem}"
    ".axis{stroke:var(--line);stroke-width:1;fill:none}.zero{stroke:var(--ink-quiet);stroke-width:1;stroke-dasharray:3 3}"
    ".band{fill:var(--accent);fill-opacity:.18;stroke:none}.curve{stroke:var(--accent);stroke-width:2;fill:none;stroke-linejoin:round}"
    ".bar{fill:var(--accent);fill-opacity:.55}.whisker{stroke:var(--ink);stroke-width:1.2;fill:none}.dot{fill:var(--accent)}"
    ".missing{fill:var(--paper);stroke:var(--accent);stroke-width:2}.up{fill:var(--accent)}.down{fill:var(--violates)}"
    ".gap-bar{display:inline-block;height:.6em;background:var(--accent);opacity:.6;border-radius:2px;vertical-align:baseline}"
    ".legend{font-size:.8125rem;color:var(--ink-quiet);margin:.2rem 0 0}.shape details{border:0}.shape details summary{padding:.3rem 0;font-size:.875rem;font-weight:400}"
    ".key-up,.key-down{display:inline-block;width:.8em;height:.8em;border-radius:2px;vertical-align:-.05em}"
    ".key-up{background:var(--accent)}.key-down{background:var(--violates)}";

static double logits(int32_t micro)
{
    return (double)micro / EH_MICRO;
}

/* A round number for the axis, at or above `size`. */
static double nice(double size)
{
    double unit = pow(10, floor(log10(fmax(size, 1e-6))));
    static const double steps[] = {1, 2, 2.5, 5, 10};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (steps[i] * unit >= size * 0.999)
            return steps[i] * unit;
    return 10 * unit;
}

static double reach(const eh_term *term, bool skip_empty, const double *shares)
{
    double largest = 0;
    for (uint32_t c = 0; c < term->cells_count; c++)
        if (!skip_empty || shares[c] > 0)
            largest = fmax(largest, fabs(logits(term->scores[c])) * 1.05);
    return nice(fmax(largest, 0.01));
}

static double y_of(double value, double most)
{
    return TOP + (HEIGHT - TOP - BOTTOM) * (0.5 - fmin(fmax(value, -most), most) / most / 2); /* bands of rare values end at the frame */
}

static void label(eh_buffer *out, double x, double y, const char *anchor, double number)
{
    char text[32];
    snprintf(text, sizeof text, "%.4g", number);
    eh_buffer_format(out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    eh_html_text(out, eh_view_of(text[0] == '-' ? text + 1 : text).len == 0 ? EH_VIEW("0") : eh_view_of(text));
    eh_buffer_text(out, "</text>");
}

static void frame(eh_buffer *out, double most)
{
    for (int i = -1; i <= 1; i++) {
        double y = y_of(i * most, most);
        eh_buffer_format(out, "<path class=\"%s\" d=\"M%d %.1fH%d\"/>", i == 0 ? "zero" : "axis", LEFT, y, WIDTH - RIGHT);
        char text[32];
        snprintf(text, sizeof text, "%s%.3g", i > 0 ? "+" : i < 0 ? "\xE2\x88\x92" : "", i == 0 ? 0 : most);
        eh_buffer_format(out, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 6, y + 4, text);
    }
}

/* ---- numbers ------------------------------------------------------------------------------------------------------------------------- */

/* Where each bin begins: a step is the wider the more people it holds (by the root, so that small ones are seen). */
static void places_make(const eh_feature *feature, double *x)
{
    double total = 0, from = LEFT;
    bool missing = feature->weights[0] > 0;
    double end = WIDTH - RIGHT - (missing ? 34 : 0);
    for (uint32_t b = 1; b < feature->bins_count; b++)
        total += sqrt(feature->weights[b]);
    for (uint32_t b = 1; b < feature->bins_count; b++) {
        x[b] = from;
        from += total > 0 ? sqrt(feature->weights[b]) / total * (end - LEFT) : 0;
    }
    x[feature->bins_count] = end;
}

static void curve(const eh_feature *feature, const eh_term *term, double most, eh_buffer *out)
{
    double x[EH_BINS + 1];
    places_make(feature, x);
    eh_buffer_text(out, "<path class=\"band\" d=\"");
    for (uint32_t b = 1; b < feature->bins_count; b++)
        eh_buffer_format(out, "%s%.1f %.1fH%.1f", b == 1 ? "M" : "L", x[b], y_of(logits(term->scores[b]) + 2 * logits(term->errors[b]), most), x[b + 1]);
    for (uint32_t b = feature->bins_count - 1; b >= 1; b--)
        eh_buffer_format(out, "L%.1f %.1fH%.1f", x[b + 1], y_of(logits(term->scores[b]) - 2 * logits(term->errors[b]), most), x[b]);
    eh_buffer_text(out, "Z\"/><path class=\"curve\" d=\"");
    for (uint32_t b = 1; b < feature->bins_count; b++)
        eh_buffer_format(out, "%s%.1f %.1fH%.1f", b == 1 ? "M" : "L", x[b], y_of(logits(term->scores[b]), most), x[b + 1]);
    eh_buffer_text(out, "\"/>");
    double last = -100;
    for (size_t e = 0; e < feature->edges_count; e++) {
        double at = x[e + 2];
        if (at - last < 70 || at > x[feature->bins_count] - 10 || at < LEFT + 10)
            continue;
        eh_buffer_format(out, "<path class=\"axis\" d=\"M%.1f %dv5\"/>", at, HEIGHT - BOTTOM);
        label(out, at, HEIGHT - BOTTOM + 18, "middle", feature->edges[e]);
        last = at;
    }
    if (feature->weights[0] > 0) {
        double y = y_of(logits(term->scores[0]), most), half = 2 * logits(term->errors[0]);
        eh_buffer_format(out, "<path class=\"whisker\" d=\"M%d %.1fV%.1f\"/><circle class=\"missing\" cx=\"%d\" cy=\"%.1f\" r=\"4.5\"/>", WIDTH - RIGHT - 12,
                         y_of(logits(term->scores[0]) - half, most), y_of(logits(term->scores[0]) + half, most), WIDTH - RIGHT - 12, y);
        eh_buffer_format(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">missing</text>", WIDTH - 2, HEIGHT - BOTTOM + 18);
    }
}

/* ---- categories ------------------------------------------------------------------------------------------------------------------------ */

static uint32_t largest_bins(const eh_feature *feature, uint32_t *list)
{
    bool taken[EH_BINS + 1] = {false};
    uint32_t count = 0;
    while (count < BARS_MAX) {
        uint32_t best = UINT32_MAX;
        for (uint32_t b = 0; b < feature->bins_count; b++)
            if (!taken[b] && feature->weights[b] > 0 && (best == UINT32_MAX || feature->weights[b] > feature->weights[best]))
                best = b;
        if (best == UINT32_MAX)
            break;
        taken[best] = true;
        list[count++] = best;
    }
    return count;
}

static void bars(const eh_feature *feature, const eh_term *term, eh_buffer *out)
{
    uint32_t list[BARS_MAX], count = largest_bins(feature, list);
    double most = reach(term, true, feature->weights);
    for (uint32_t i = 1; i < count; i++) /* by score, highest first */
        for (uint32_t k = i; k > 0 && term->scores[list[k]] > term->scores[list[k - 1]]; k--) {
            uint32_t swap = list[k];
            list[k] = list[k - 1];
            list[k - 1] = swap;
        }
    double middle = NAME_WIDTH + (WIDTH - NAME_WIDTH - RIGHT) / 2.0, half = (WIDTH - NAME_WIDTH - RIGHT) / 2.0;
    eh_buffer_format(out, "<path class=\"zero\" d=\"M%.1f 0V%u\"/>", middle, count * BAR_STEP);
    for (uint32_t i = 0; i < count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
        double value = logits(term->scores[list[i]]), error = 2 * logits(term->errors[list[i]]), y = i * BAR_STEP + 4;
        double end = middle + value / most * half, from = fmin(end, middle);
        eh_bin_name(feature, list[i], &name);
        while (eh_utf8_columns(eh_buffer_view(&name)) > 27) {
            size_t cut = name.len - 1;
            while (cut > 0 && ((unsigned char)name.ptr[cut] & 0xC0) == 0x80)
                cut--;
            name.len = cut;
            name.ptr[cut] = '\0';
            if (eh_utf8_columns(eh_buffer_view(&name)) <= 26) {
                eh_buffer_text(&name, "\xE2\x80\xA6");
                break;
            }
        }
        eh_buffer_format(out, "<text class=\"name\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">", NAME_WIDTH - 8, y + 11);
        eh_html_text(out, eh_buffer_view(&name));
        eh_buffer_format(out, "</text><rect class=\"bar\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"14\"/>", from, y, fabs(end - middle));
        eh_buffer_format(out, "<path class=\"whisker\" d=\"M%.1f %.1fH%.1f\"/>", middle + fmax(value - error, -most) / most * half, y + 7,
                         middle + fmin(value + error, most) / most * half);
    }
}

/* ---- pairs ------------------------------------------------------------------------------------------------------------------------------ */

static void grid(const eh_term *term, eh_buffer *out)
{
    int32_t largest = 1;
    for (uint32_t c = 0; c < term->cells_count; c++)
        largest = term->scores[c] > largest ? term->scores[c] : -term->scores[c] > largest ? -term->scores[c] : largest;
    for (uint32_t c = 0; c < term->cells_count; c++) {
        double share = (double)term->scores[c] / largest;
        if (fabs(share) < 0.02)
            continue;
        eh_buffer_format(out, "<rect class=\"%s\" fill-opacity=\"%.2f\" x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\"/>", share > 0 ? "up" : "down", fabs(share),
                         (int)(c % EH_PAIR_BINS) * CELL + 20, (int)(c / EH_PAIR_BINS) * CELL + 4, CELL - 1, CELL - 1);
    }
    eh_buffer_format(out, "<path class=\"axis\" d=\"M19 3h%dv%dh-%dz\"/>", EH_PAIR_BINS * CELL + 1, EH_PAIR_BINS * CELL + 1, EH_PAIR_BINS * CELL + 1);
}

static const char *name_of(const eh_model *model, const eh_term *term, uint32_t i)
{
    return model->features[term->feature[i]].name;
}

void eh_card_picture(const eh_model *model, const eh_term *term, eh_buffer *out)
{
    const eh_feature *feature = &model->features[term->feature[0]];
    if (term->features_count == 2) {
        int side = EH_PAIR_BINS * CELL + 26;
        eh_buffer_format(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"", 2 * side, side + 14);
        eh_html_put(out, "What $ and $ say together, beyond what each says alone\">", name_of(model, term, 0), name_of(model, term, 1));
        grid(term, out);
        eh_html_put(out, "<text x=\"20\" y=\"262\">$ \xE2\x86\x92</text>", name_of(model, term, 1));
        eh_html_put(out, "<text transform=\"translate(13 244) rotate(-90)\">$ \xE2\x86\x90</text></svg>", name_of(model, term, 0));
        return;
    }
    uint32_t list[BARS_MAX];
    bool number = feature->kind == EH_FEATURE_NUMBER;
    eh_buffer_format(out, "<svg viewBox=\"0 0 %d %u\" role=\"img\" aria-label=\"", WIDTH, number ? HEIGHT : largest_bins(feature, list) * BAR_STEP + 4);
    eh_html_put(out, "What $ adds to the score, with an error band\">", feature->name);
    if (number) {
        double most = reach(term, true, feature->weights);
        frame(out, most);
        curve(feature, term, most, out);
    } else {
        bars(feature, term, out);
    }
    eh_buffer_text(out, "</svg>");
}

void eh_card_term_table(const eh_model *model, const eh_term *term, eh_buffer *out)
{
    const eh_feature *feature = &model->features[term->feature[0]];
    eh_html_put(out, "<details><summary>All numbers of $</summary><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Numbers of $\"><table>", feature->name,
                feature->name);
    eh_buffer_text(out, "<thead><tr><th scope=\"col\">Value</th><th scope=\"col\">Adds</th><th scope=\"col\">Standard error</th><th scope=\"col\">People</th></tr></thead><tbody>");
    for (uint32_t c = 0; c < term->cells_count; c++) {
        if (feature->weights[c] <= 0)
            continue;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
        eh_bin_name(feature, c, &name);
        eh_html_put(out, "<tr><th scope=\"row\"><bdi>$</bdi></th><td>$</td><td>$</td><td>$</td></tr>", name.ptr == NULL ? "" : name.ptr,
                    eh_html_number(EH_NUMBER_SIGNED, logits(term->scores[c])).text, eh_html_number(EH_NUMBER_INDEX, logits(term->errors[c])).text,
                    eh_html_number(EH_NUMBER_PERCENT, feature->weights[c]).text);
    }
    eh_buffer_text(out, "</tbody></table></div></details>");
}

void eh_card_frontier(const eh_model_card *card, eh_buffer *out)
{
    double low = EH_INFINITY, high = -EH_INFINITY, widest = 0;
    for (size_t i = 0; i < card->frontier_count; i++) {
        low = fmin(low, card->frontier[i].accuracy);
        high = fmax(high, card->frontier[i].accuracy);
        widest = fmax(widest, card->frontier[i].gap[0]);
    }
    double span = fmax(high - low, 0.002), right = nice(fmax(widest, 0.001));
    eh_buffer_format(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"Accuracy against the widest gap between groups\"><path class=\"axis\" d=\"M%d %dV%dH%d\"/>", WIDTH,
                     HEIGHT, LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT);
    eh_buffer_text(out, "<path class=\"curve\" d=\"");
    for (size_t i = 0; i < card->frontier_count; i++)
        eh_buffer_format(out, "%s%.1f %.1f", i == 0 ? "M" : "L", LEFT + card->frontier[i].gap[0] / right * (WIDTH - LEFT - RIGHT),
                         HEIGHT - BOTTOM - 14 - (card->frontier[i].accuracy - low) / span * (HEIGHT - TOP - BOTTOM - 24));
    eh_buffer_text(out, "\"/>");
    for (size_t i = 0; i < card->frontier_count; i++)
        eh_buffer_format(out, "<circle class=\"dot\" r=\"4\" cx=\"%.1f\" cy=\"%.1f\"/>", LEFT + card->frontier[i].gap[0] / right * (WIDTH - LEFT - RIGHT),
                         HEIGHT - BOTTOM - 14 - (card->frontier[i].accuracy - low) / span * (HEIGHT - TOP - BOTTOM - 24));
    eh_html_put(out, "<text x=\"46\" y=\"$\" text-anchor=\"end\">$</text>", "24", eh_html_number(EH_NUMBER_PERCENT, high).text);
    eh_html_put(out, "<text x=\"46\" y=\"$\" text-anchor=\"end\">$</text>", "176", eh_html_number(EH_NUMBER_PERCENT, low).text);
    eh_html_put(out, "<text x=\"52\" y=\"205\">0</text><text x=\"628\" y=\"205\" text-anchor=\"end\">$</text>", eh_html_number(EH_NUMBER_RATIO, right).text);
    eh_buffer_text(out, "<text x=\"340\" y=\"205\" text-anchor=\"middle\">widest gap between groups</text></svg>");
}
