/* Where a function of one number crosses zero. */
#include "stats/stats_int.h"

#include <math.h>

enum { STEPS_MAX = 200 };

double eh_root(eh_curve curve, eh_bracket between, double width)
{
    double low = between.low, high = between.high, at_low = between.at_low, at_high = between.at_high;
    bool falls = at_low > 0;
    EH_ASSERT((at_low > 0) != (at_high > 0));
    for (int step = 0; step < STEPS_MAX && high - low > width * (1 + fabs(low)); step++) {
        double middle = step % 3 == 2 ? low + (high - low) / 2 : low + (high - low) * (at_low / (at_low - at_high));
        if (!(middle > low && middle < high))
            middle = low + (high - low) / 2;
        double at_middle = curve.at(curve.context, middle);
        if (fabs(at_middle) < 1e-14)
            return middle;
        if ((at_middle > 0) == falls) {
            low = middle, at_low = at_middle;
            at_high /= 2;
        } else {
            high = middle, at_high = at_middle;
            at_low /= 2;
        }
    }
    return low + (high - low) / 2;
}
