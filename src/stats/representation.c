/* How far a sample's shares lie from a population's. */
#include "stats/weights.h"

#include <math.h>

#include "stats/stats_int.h"

/* A share smaller than this counts as this in the stability index; practice agrees on the size, not on the reason. */
static const double stability_floor = 1e-4;

typedef struct {
    double sample, population;
} sums;

static sums sums_of(const eh_two_shares *shares)
{
    sums found = {0, 0};
    for (size_t i = 0; i < shares->count; i++) {
        found.sample += shares->sample[i];
        found.population += shares->population[i];
    }
    return found;
}

static bool is_empty(sums s)
{
    return !(s.sample > 0 && s.population > 0 && isfinite(s.sample) && isfinite(s.population));
}

double eh_total_variation(const eh_two_shares *shares)
{
    sums s = sums_of(shares);
    if (is_empty(s))
        return EH_NAN;
    double total = 0;
    for (size_t i = 0; i < shares->count; i++)
        total += fabs(shares->sample[i] / s.sample - shares->population[i] / s.population);
    return fmin(total / 2, 1);
}

/* x log2(x / y) with 0 log 0 = 0. */
static double information(double x, double y)
{
    return x > 0 ? x * log2(x / y) : 0;
}

double eh_jensen_shannon(const eh_two_shares *shares)
{
    sums s = sums_of(shares);
    if (is_empty(s))
        return EH_NAN;
    double total = 0;
    for (size_t i = 0; i < shares->count; i++) {
        double p = shares->sample[i] / s.sample, q = shares->population[i] / s.population, middle = (p + q) / 2;
        total += (information(p, middle) + information(q, middle)) / 2;
    }
    return fmin(fmax(total, 0), 1);
}

double eh_stability_index(const eh_two_shares *shares)
{
    sums s = sums_of(shares);
    if (is_empty(s))
        return EH_NAN;
    double total = 0;
    for (size_t i = 0; i < shares->count; i++) {
        double p = fmax(shares->sample[i] / s.sample, stability_floor), q = fmax(shares->population[i] / s.population, stability_floor);
        total += (p - q) * log(p / q);
    }
    return total;
}

double eh_kolmogorov_distance(const eh_two_shares *shares)
{
    sums s = sums_of(shares);
    if (is_empty(s))
        return EH_NAN;
    double p = 0, q = 0, largest = 0;
    for (size_t i = 0; i < shares->count; i++) {
        p += shares->sample[i] / s.sample;
        q += shares->population[i] / s.population;
        largest = fmax(largest, fabs(p - q));
    }
    return fmin(largest, 1);
}

double eh_kolmogorov_p(double distance, double n, double m)
{
    double people = isinf(m) ? n : isinf(n) ? m : n * m / (n + m);
    if (!(people > 0) || isnan(distance))
        return EH_NAN;
    double root = sqrt(people), x = distance * (root + 0.12 + 0.11 / root), sum = 0;
    if (x < 0.2)
        return 1;
    for (int k = 1; k <= 100; k++) {
        double term = 2 * exp(-2 * (double)k * k * x * x);
        sum += k % 2 == 1 ? term : -term;
        if (term < 1e-16)
            break;
    }
    return fmin(fmax(sum, 0), 1);
}

double eh_standardised_difference(double sample_share, double population_share, double population_people)
{
    double variance = population_share * (1 - population_share);
    if (isfinite(population_people) && population_people > 1)
        variance *= population_people / (population_people - 1);
    return variance > 0 ? fabs(sample_share - population_share) / sqrt(variance) : EH_NAN;
}

/* ---- chi-square and information -------------------------------------------------------------------------------------------- */

eh_chi_square eh_chi_square_fit(const eh_two_shares *shares, double effective_people)
{
    eh_chi_square result = {EH_NAN, EH_NAN, EH_NAN};
    sums s = sums_of(shares);
    if (is_empty(s) || !(effective_people > 0))
        return result;
    double statistic = 0, used = 0;
    for (size_t i = 0; i < shares->count; i++) {
        double p = shares->sample[i] / s.sample, q = shares->population[i] / s.population;
        if (q <= 0 && p <= 0)
            continue;
        statistic += q > 0 ? (p - q) * (p - q) / q : EH_INFINITY;
        used++;
    }
    if (used < 2)
        return result;
    result.statistic = statistic * effective_people;
    result.df = used - 1;
    result.p = isinf(result.statistic) ? 0 : eh_chi_square_survival(result.statistic, result.df);
    return result;
}

typedef struct {
    double total;
    size_t rows, columns; /* with people in them */
} extent;

static double row_sum(const eh_contingency *table, size_t row)
{
    double sum = 0;
    for (size_t c = 0; c < table->columns_count; c++)
        sum += table->counts[row * table->columns_count + c];
    return sum;
}

static double column_sum(const eh_contingency *table, size_t column)
{
    double sum = 0;
    for (size_t r = 0; r < table->rows_count; r++)
        sum += table->counts[r * table->columns_count + column];
    return sum;
}

static extent extent_of(const eh_contingency *table)
{
    extent found = {0, 0, 0};
    for (size_t r = 0; r < table->rows_count; r++) {
        double sum = row_sum(table, r);
        found.total += sum;
        found.rows += sum > 0;
    }
    for (size_t c = 0; c < table->columns_count; c++)
        found.columns += column_sum(table, c) > 0;
    return found;
}

eh_chi_square eh_chi_square_independence(const eh_contingency *table, double effective_share)
{
    eh_chi_square result = {EH_NAN, EH_NAN, EH_NAN};
    extent size = extent_of(table);
    if (size.rows < 2 || size.columns < 2)
        return result;
    double statistic = 0;
    for (size_t c = 0; c < table->columns_count; c++) {
        double in_column = column_sum(table, c);
        for (size_t r = 0; r < table->rows_count && in_column > 0; r++) {
            double expected = row_sum(table, r) * in_column / size.total;
            double gap = table->counts[r * table->columns_count + c] - expected;
            statistic += expected > 0 ? gap * gap / expected : 0;
        }
    }
    result.statistic = statistic * effective_share;
    result.df = (double)((size.rows - 1) * (size.columns - 1));
    result.p = eh_chi_square_survival(result.statistic, result.df);
    return result;
}

static double surprise(double share)
{
    return share > 0 ? -share * log(share) : 0;
}

double eh_normalised_mutual_information(const eh_contingency *table)
{
    extent size = extent_of(table);
    if (!(size.total > 0))
        return EH_NAN;
    double of_rows = 0, of_columns = 0, joint = 0;
    for (size_t r = 0; r < table->rows_count; r++)
        of_rows += surprise(row_sum(table, r) / size.total);
    for (size_t c = 0; c < table->columns_count; c++)
        of_columns += surprise(column_sum(table, c) / size.total);
    for (size_t i = 0; i < table->rows_count * table->columns_count; i++)
        joint += surprise(table->counts[i] / size.total);
    double mean = (of_rows + of_columns) / 2;
    return mean > 0 ? fmin(fmax((of_rows + of_columns - joint) / mean, 0), 1) : EH_NAN;
}
