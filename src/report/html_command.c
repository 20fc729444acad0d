#include <math.h>
#include <string.h>

#include "report/html_int.h"

/* ---- quoting for a POSIX shell --------------------------------------------------------------------------------------------- */

static bool plain(eh_view text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@%+";
    for (size_t i = 0; i < text.len; i++)
        if (text.ptr[i] == '\0' || strchr(safe, text.ptr[i]) == NULL)
            return false;
    return text.len > 0;
}

/** Control characters cannot stand in the page, so a text with one is written as printf writes it: "$(printf 'a\012b')". */
static void quote_controls(eh_buffer *out, eh_view text)
{
    eh_buffer_text(out, "\"$(printf '");
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (byte < 0x20 || byte >= 0x7F || byte == '\'' || byte == '\\' || byte == '%')
            eh_buffer_format(out, byte == '%' ? "%%%c" : "\\%03o", byte);
        else
            eh_buffer_byte(out, (char)byte);
    }
    eh_buffer_text(out, "')\"");
}

/** True when the page would not show the text as it is: control characters, invalid bytes. */
static bool shown_differently(eh_buffer *out, eh_view text)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer shown = {.whole = out};
    eh_html_visible(&shown, text);
    return !eh_view_equal(eh_buffer_view(&shown), text);
}

void eh_html_shell_word(eh_buffer *out, eh_view text)
{
    if (plain(text)) {
        eh_buffer_append(out, text);
        return;
    }
    if (text.len > 0 && shown_differently(out, text)) {
        quote_controls(out, text);
        return;
    }
    eh_buffer_byte(out, '\'');
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] == '\'')
            eh_buffer_text(out, "'\\''");
        else
            eh_buffer_byte(out, text.ptr[i]);
    }
    eh_buffer_byte(out, '\'');
}

/* ---- options ---------------------------------------------------------------------------------------------------------------- */

static void option(eh_buffer *out, const char *name, const eh_buffer *value)
{
    eh_buffer_format(out, " \\\n  %s ", name);
    eh_html_shell_word(out, eh_buffer_view(value));
}

static void option_text(eh_buffer *out, const char *name, const char *value)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    if (value == NULL)
        return;
    eh_buffer_text(&text, value);
    option(out, name, &text);
}

static void option_number(eh_buffer *out, const char *name, double value)
{
    char text[32];
    eh_json_number_text(value, text);
    option_text(out, name, text);
}

static void expression_text(eh_buffer *text, const eh_expression *expression)
{
    eh_buffer_text(text, expression->sql);
    if (strcmp(expression->sql, expression->name) == 0)
        return;
    eh_buffer_text(text, " AS \"");
    for (const char *at = expression->name; *at != '\0'; at++) {
        if (*at == '"')
            eh_buffer_byte(text, '"');
        eh_buffer_byte(text, *at);
    }
    eh_buffer_byte(text, '"');
}

static void option_expression(eh_buffer *out, const char *name, const eh_expression *expression)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    if (expression->sql == NULL)
        return;
    expression_text(&text, expression);
    option(out, name, &text);
}

static void option_bands(eh_buffer *out, const eh_cube_attribute *attribute)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    if (attribute->edges == NULL)
        return;
    eh_buffer_format(&text, "%s=", attribute->expression.name);
    for (size_t i = 0; i < attribute->edges_count; i++) {
        char number[32];
        eh_json_number_text(attribute->edges[i], number);
        eh_buffer_format(&text, i == 0 ? "%s" : ",%s", number);
    }
    option(out, "--bands", &text);
}

static void option_top(eh_buffer *out, const eh_cube_attribute *attribute)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
    if (attribute->top_count == 0)
        return;
    eh_buffer_format(&text, "%s=%u", attribute->expression.name, attribute->top_count);
    option(out, "--top", &text);
}

static void write_attributes(const eh_html *html, eh_buffer *out)
{
    const eh_cube_spec *spec = html->about->spec;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer by = {.whole = out};
    for (size_t i = 0; i < spec->attributes_count; i++) {
        if (i > 0)
            eh_buffer_text(&by, ", ");
        expression_text(&by, &spec->attributes[i].expression);
    }
    if (spec->attributes_count > 0)
        option(out, "--by", &by);
    for (size_t i = 0; i < spec->attributes_count; i++) {
        option_bands(out, &spec->attributes[i]);
        option_top(out, &spec->attributes[i]);
    }
    for (size_t s = 0; s < html->about->soft_count; s++) {
        const eh_soft_spec *soft = html->about->soft[s].spec;
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
        eh_buffer_format(&text, "%s=", soft->name);
        for (size_t g = 0; g < soft->groups_count; g++)
            eh_buffer_format(&text, g == 0 ? "%s:%s" : ",%s:%s", soft->group_names[g], soft->probabilities[g]);
        option(out, "--soft", &text);
    }
}

static void write_options(const eh_html *html, eh_buffer *out)
{
    const eh_audit_options *options = &html->audit->options;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer gate = {.whole = out};
    for (size_t i = 0; i < options->references_count; i++) {
        EH_CLEANUP(eh_buffer_dispose) eh_buffer text = {.whole = out};
        eh_buffer_format(&text, "%s=%s", options->references[i].attribute, options->references[i].group);
        option(out, "--reference", &text);
    }
    for (int m = 0; m < EH_MEASURES_COUNT; m++)
        if (options->gate & (1U << m))
            eh_buffer_format(&gate, gate.len == 0 ? "%s" : ",%s", eh_measure_get((eh_measure)m)->name);
    if (gate.len > 0)
        option(out, "--gate", &gate);
    option_number(out, "--intersections", options->depth);
    option_number(out, "--tolerance", options->ratio_min);
    option_number(out, "--confidence", options->confidence);
    if (options->cell_rows_min > 0)
        option_number(out, "--min-cell", (double)options->cell_rows_min);
    option_number(out, "--seed", (double)options->seed);
}

void eh_html_command(const eh_html *html, eh_buffer *out)
{
    const eh_report_about *about = html->about;
    const eh_cube_spec *spec = about->spec;
    eh_buffer_text(out, "evenhand audit");
    for (size_t i = 0; i < about->inputs_count; i++) {
        eh_buffer_byte(out, ' ');
        eh_html_shell_word(out, eh_view_of(about->inputs[i].path));
    }
    option_expression(out, "--decision", &spec->decision);
    option_expression(out, "--label", &spec->label);
    option_expression(out, "--score", &spec->score);
    option_expression(out, "--weight", &spec->weight);
    option_expression(out, "--value", &spec->value);
    option_expression(out, "--within", &spec->within);
    option_text(out, "--where", spec->where);
    write_attributes(html, out);
    write_options(html, out);
    option_text(out, "--before", about->before_path);
    eh_buffer_text(out, " \\\n  --format html --output report\n");
}
