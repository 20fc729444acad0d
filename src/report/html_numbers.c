#include <math.h>
#include <string.h>

#include "report/html_int.h"

#define NARROW_SPACE "\u202F"
#define MINUS "\u2212"
#define DASH "\u2013"

/** How a kind is written: times `scale`, so many decimals (-1: three significant digits), with or without a sign, a unit behind. */
static const struct {
    double scale;
    int decimals;
    bool sign;
    const char *unit;
} kinds[] = {
    [EH_NUMBER_PERCENT] = {100, 1, false, NARROW_SPACE "%"}, [EH_NUMBER_POINTS] = {100, 1, true, ""},
    [EH_NUMBER_RATIO] = {1, -1, false, ""},                  [EH_NUMBER_INDEX] = {1, 3, false, ""},
    [EH_NUMBER_SIGNED] = {1, 3, true, ""},                   [EH_NUMBER_AMOUNT] = {1, 2, false, ""},
    [EH_NUMBER_CHANGE] = {1, 2, true, ""},                   [EH_NUMBER_COUNT] = {1, 0, false, ""},
};

static const struct {
    eh_number_kind value, difference;
} measure_kinds[EH_MEASURES_COUNT] = {
    [EH_SELECTION_RATE] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_BASE_RATE] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_TPR] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_FPR] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_TNR] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_FNR] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_PPV] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_NPV] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_FDR] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_FOR] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_ACCURACY] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_BALANCED_ACCURACY] = {EH_NUMBER_PERCENT, EH_NUMBER_POINTS},
    [EH_F1] = {EH_NUMBER_INDEX, EH_NUMBER_SIGNED},
    [EH_TREATMENT_EQUALITY] = {EH_NUMBER_RATIO, EH_NUMBER_CHANGE},
    [EH_AUC] = {EH_NUMBER_INDEX, EH_NUMBER_SIGNED},
    [EH_BRIER] = {EH_NUMBER_INDEX, EH_NUMBER_SIGNED},
    [EH_LOG_LOSS] = {EH_NUMBER_INDEX, EH_NUMBER_SIGNED},
    [EH_CALIBRATION_ERROR] = {EH_NUMBER_INDEX, EH_NUMBER_SIGNED},
    [EH_VALUE_MEAN] = {EH_NUMBER_AMOUNT, EH_NUMBER_CHANGE},
};

eh_number_kind eh_html_kind(eh_measure measure)
{
    return measure_kinds[measure].value;
}

eh_number_kind eh_html_kind_of_difference(eh_measure measure)
{
    return measure_kinds[measure].difference;
}

static int decimals_for(eh_number_kind kind, double scaled)
{
    if (kinds[kind].decimals >= 0)
        return kinds[kind].decimals;
    double size = fabs(scaled);
    return size >= 99.95 ? 0 : size >= 9.995 ? 1 : size >= 0.9995 ? 2 : 3;
}

/** Appends `digits` with a narrow space between thousands; numbers of four digits are set apart too, so that columns line up. */
static void append_grouped(char *out, size_t room, const char *digits)
{
    size_t whole = strcspn(digits, "."), used = strlen(out);
    for (size_t i = 0; digits[i] != '\0' && used + 8 < room; i++) {
        if (i > 0 && i < whole && (whole - i) % 3 == 0) {
            out[used++] = ',';
        }
        out[used++] = digits[i];
    }
    out[used] = '\0';
}

static eh_number_text write_number(eh_number_kind kind, double number, bool unit)
{
    eh_number_text result = {{0}};
    if (isnan(number)) {
        strncpy(result.text, DASH, sizeof(result.text) - 1);
        return result;
    }
    if (isinf(number)) {
        strncpy(result.text, number > 0 ? "no upper limit" : "no lower limit", sizeof(result.text) - 1);
        return result;
    }
    char digits[48];
    double scaled = number * kinds[kind].scale;
    if (fabs(scaled) >= 1e18)
        snprintf(digits, sizeof(digits), "%.3g", fabs(scaled));
    else
        snprintf(digits, sizeof(digits), "%.*f", number == 0 && kind == EH_NUMBER_RATIO ? 0 : decimals_for(kind, scaled), fabs(scaled));
    bool zero = strspn(digits, "0.") == strlen(digits);
    const char *sign = zero ? "" : scaled < 0 ? MINUS : kinds[kind].sign ? "+" : "";
    strncpy(result.text, sign, sizeof(result.text) - 1);
    append_grouped(result.text, sizeof(result.text), digits);
    if (unit)
        strncat(result.text, kinds[kind].unit, sizeof(result.text) - strlen(result.text) - 1);
    return result;
}

eh_number_text eh_html_number(eh_number_kind kind, double number)
{
    return write_number(kind, number, true);
}

eh_number_text eh_html_range(eh_number_kind kind, double low, double high)
{
    eh_number_text result = {{0}};
    if (isnan(low) || isnan(high))
        return write_number(kind, low + high, false);
    eh_number_text from = write_number(kind, low, isinf(high)), to = write_number(kind, high, true);
    snprintf(result.text, sizeof(result.text), "%.24s to %.30s", from.text, to.text);
    return result;
}

eh_number_text eh_html_p(double p)
{
    eh_number_text result = {{0}};
    if (isnan(p))
        return write_number(EH_NUMBER_INDEX, p, false);
    char digits[32];
    snprintf(digits, sizeof(digits), p < 0.0995 ? "%.3f" : "%.2f", p);
    const char *shown = p < 0.001 ? "<" NARROW_SPACE ".001" : digits[0] == '1' ? "1" : digits + 1;
    snprintf(result.text, sizeof(result.text), "%s", shown);
    return result;
}

eh_number_text eh_html_confidence(double confidence)
{
    eh_number_text result = {{0}};
    snprintf(result.text, sizeof(result.text), "%.6g", confidence * 100);
    return result;
}

void eh_html_cell(eh_buffer *out, eh_number_kind kind, const eh_estimate *estimate)
{
    if (isnan(estimate->value)) {
        eh_buffer_text(out, "<td><span title=\"not defined\">" DASH "</span></td>");
        return;
    }
    eh_html_put(out, "<td>$", eh_html_number(kind, estimate->value).text);
    if (!isnan(estimate->low) && !isnan(estimate->high))
        eh_html_put(out, "<small>$</small>", eh_html_range(kind, estimate->low, estimate->high).text);
    eh_buffer_text(out, "</td>");
}
