/* Where a function of one number crosses zero. */
#include "stats/stats_int.h"

#include <float.h>
#include <math.h>

enum { STEPS_MAX = 200 };

typedef struct {
    double x, y;
} point;

/* Where the parabola (of x over y) through three points, or the line through two, crosses zero, as a step from `best`. */
static double step_by_curve(point best, point previous, point other)
{
    double s = best.y / previous.y, p, q;
    if (previous.x == other.x) {
        p = (other.x - best.x) * s;
        q = 1 - s;
    } else {
        double r = best.y / other.y, t = previous.y / other.y;
        p = s * (t * (t - r) * (other.x - best.x) - (1 - r) * (best.x - previous.x));
        q = (t - 1) * (r - 1) * (s - 1);
    }
    return -p / q;
}

double eh_root(eh_curve curve, eh_bracket between, double width)
{
    EH_ASSERT((between.at_low > 0) != (between.at_high > 0));
    /* `best` is nearest to the crossing, `other` lies beyond it, `previous` is where best came from. */
    point previous = {between.low, between.at_low}, best = {between.high, between.at_high}, other = previous;
    double step = best.x - previous.x, step_before = step;
    for (int i = 0; i < STEPS_MAX; i++) {
        if (fabs(other.y) < fabs(best.y))
            previous = best, best = other, other = previous;
        double half = (other.x - best.x) / 2, least = fmax(width * (1 + fabs(best.x)) / 2, 2 * DBL_EPSILON * fabs(best.x));
        if (fabs(half) <= least || best.y == 0)
            return best.x;
        double guess = fabs(step_before) >= least && fabs(previous.y) > fabs(best.y) ? step_by_curve(best, previous, other) : half;
        /* A guess that leaves the bracket, or no longer halves the steps, gives way to bisection. */
        bool good = fabs(guess) < fmin(1.5 * fabs(half), fabs(step_before) / 2) && (guess > 0) == (half > 0);
        step_before = good ? step : half;
        step = good ? guess : half;
        previous = best;
        best.x += fabs(step) > least ? step : copysign(least, half);
        best.y = curve.at(curve.context, best.x);
        if ((best.y > 0) == (other.y > 0)) {
            other = previous;
            step = step_before = best.x - previous.x;
        }
    }
    return best.x;
}
