/* How strongly two classifications of the same people go together. */
#include "stats/stats.h"

#include <math.h>

static double row_total(const eh_contingency *table, size_t row)
{
    double sum = 0;
    for (size_t c = 0; c < table->columns_count; c++)
        sum += table->counts[row * table->columns_count + c];
    return sum;
}

static double column_total(const eh_contingency *table, size_t column)
{
    double sum = 0;
    for (size_t r = 0; r < table->rows_count; r++)
        sum += table->counts[r * table->columns_count + column];
    return sum;
}

double eh_cramers_v(const eh_contingency *table)
{
    double sum = 0;
    size_t rows_used = 0, columns_used = 0;
    for (size_t r = 0; r < table->rows_count; r++) {
        rows_used += row_total(table, r) > 0;
    }
    for (size_t c = 0; c < table->columns_count; c++) {
        double column = column_total(table, c);
        columns_used += column > 0;
        for (size_t r = 0; r < table->rows_count && column > 0; r++) {
            double row = row_total(table, r), count = table->counts[r * table->columns_count + c];
            sum += row > 0 ? count / row * (count / column) : 0;
        }
    }
    size_t shorter = rows_used < columns_used ? rows_used : columns_used;
    if (shorter < 2)
        return EH_NAN;
    /* chi-square = n (sum of n_rc^2 / (n_r n_c) - 1) */
    return sqrt(fmax(sum - 1, 0) / (double)(shorter - 1));
}
