/* What a policy would have brought: doubly robust, from logged lots. */
#include <math.h>

#include "decide/decide.h"
#include "stats/stats.h"

eh_plan_estimate eh_policy_value(const eh_logged *logged, size_t people, const eh_policy_question *policy)
{
    const double *expected = policy->expected;
    size_t actions = policy->actions;
    double mean = 0, squares = 0; /* Welford */
    for (size_t i = 0; i < people; i++) {
        const eh_logged *one = &logged[i];
        double value = 0, guess = expected == NULL ? 0 : expected[i * actions + one->action];
        for (size_t a = 0; a < actions && expected != NULL; a++)
            value += policy->chances[i * actions + a] * expected[i * actions + a];
        value += policy->chances[i * actions + one->action] / one->propensity * (one->outcome - guess);
        double step = value - mean;
        mean += step / (double)(i + 1);
        squares += step * (value - mean);
    }
    if (people < 2)
        return (eh_plan_estimate){EH_NAN, EH_NAN, EH_NAN};
    double half = eh_normal_quantile(0.5 + policy->confidence / 2) * sqrt(squares / (double)(people - 1) / (double)people);
    return (eh_plan_estimate){.value = mean, .low = mean - half, .high = mean + half};
}
