/* Who gets which offer under a budget and caps: prices of the limits, then an exact finish among the undecided few. */
#include "decide/allocation.h"

#include <stdlib.h>
#include <string.h>

enum {
    RESOURCES_MAX = 2 + EH_OFFERS_MAX, /* budget, people, each offer */
    ROUNDS_MAX = 12,                   /* over all prices */
    SAMPLE_PEOPLE = 65536,             /* prices are first found on so many when there are several limits */
    CORE_PEOPLE = 40,                  /* settled exactly */
    CORE_NODES_MAX = 400000,
    CORES = 16,           /* on large problems: so many cores, one after the other */
    LATER_NODES_MAX = 20000,
    STEPS = 120,          /* of the subgradient */
};
#define CHARGE_MAX (INT64_C(1) << 60)
#define BUDGET_PRICE_MAX (UINT64_C(1) << 62)

static int64_t charge(int64_t cost, uint64_t price)
{
    unsigned __int128 product = ((unsigned __int128)price * (uint64_t)cost) >> 32;
    return product > (unsigned __int128)CHARGE_MAX ? CHARGE_MAX : (int64_t)product;
}

/* A lot of ten bits for each offer. */
static int64_t lot(uint64_t tie, size_t offer)
{
    uint64_t mixed = (tie ^ ((uint64_t)offer + 1) * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xBF58476D1CE4E5B9);
    return (int64_t)(mixed >> 54);
}

int64_t eh_value_less_prices(const eh_prices *prices, size_t offer, int64_t value, int64_t cost, uint64_t tie)
{
    return value * EH_FINE + lot(tie, offer) - charge(cost, prices->budget) - prices->person - prices->offer[offer];
}

int eh_choice_by_price(const int64_t *values, const int64_t *costs, size_t offers_count, const eh_prices *prices, uint64_t tie)
{
    int best = EH_NO_OFFER;
    int64_t best_left = 0;
    for (size_t offer = 0; offer < offers_count; offer++) {
        if (values[offer] <= 0) /* EH_NOT_ALLOWED too */
            continue;
        int64_t left = eh_value_less_prices(prices, offer, values[offer], costs[offer], tie);
        if (left > best_left) {
            best_left = left;
            best = (int)offer;
        }
    }
    return best;
}

/* ---- limits as a list ---------------------------------------------------------------------------------------------------- */

/* One limit: what it counts, how much there is, and where its price is kept. */
typedef struct {
    enum { COUNTS_COST, COUNTS_PEOPLE, COUNTS_OFFER } counts;
    size_t offer;
    int64_t limit;
} resource;

typedef struct {
    int64_t cost, people, value;
    __int128 fine; /* the value with the lots */
    int64_t offer[EH_OFFERS_MAX];
    __int128 left; /* sum of value less prices */
} usage;

typedef struct {
    const eh_allocation_problem *problem;
    resource resources[RESOURCES_MAX];
    size_t resources_count;
    const uint32_t *people; /* the sample; NULL: all */
    size_t people_count;
    eh_prices prices;
} market;

static int64_t used_of(const usage *all, const resource *each)
{
    return each->counts == COUNTS_COST ? all->cost : each->counts == COUNTS_PEOPLE ? all->people : all->offer[each->offer];
}

static uint64_t price_get(const eh_prices *prices, const resource *each)
{
    return each->counts == COUNTS_COST     ? prices->budget
           : each->counts == COUNTS_PEOPLE ? (uint64_t)prices->person
                                           : (uint64_t)prices->offer[each->offer];
}

static void price_set(eh_prices *prices, const resource *each, uint64_t price)
{
    if (each->counts == COUNTS_COST)
        prices->budget = price;
    else if (each->counts == COUNTS_PEOPLE)
        prices->person = (int64_t)price;
    else
        prices->offer[each->offer] = (int64_t)price;
}

static uint64_t price_max(const resource *each)
{
    return each->counts == COUNTS_COST ? BUDGET_PRICE_MAX : (uint64_t)(EH_ALLOCATION_VALUE_MAX * EH_FINE * 2);
}

static void market_open(market *of, const eh_allocation_problem *problem)
{
    *of = (market){.problem = problem, .people_count = problem->people_count};
    if (problem->budget >= 0)
        of->resources[of->resources_count++] = (resource){.counts = COUNTS_COST, .limit = problem->budget};
    if (problem->people_max >= 0)
        of->resources[of->resources_count++] = (resource){.counts = COUNTS_PEOPLE, .limit = problem->people_max};
    for (size_t o = 0; o < problem->offers_count && problem->offer_max != NULL; o++)
        if (problem->offer_max[o] >= 0)
            of->resources[of->resources_count++] = (resource){.counts = COUNTS_OFFER, .offer = o, .limit = problem->offer_max[o]};
}

static usage demand(const market *of)
{
    usage all = {0};
    const eh_allocation_problem *problem = of->problem;
    size_t offers = problem->offers_count;
    for (size_t k = 0; k < of->people_count; k++) {
        size_t person = of->people != NULL ? of->people[k] : k;
        const int64_t *values = problem->values + person * offers, *costs = problem->costs + person * offers;
        int offer = eh_choice_by_price(values, costs, offers, &of->prices, problem->ties[person]);
        if (offer == EH_NO_OFFER)
            continue;
        all.cost += costs[offer];
        all.people++;
        all.value += values[offer];
        all.offer[offer]++;
        all.left += eh_value_less_prices(&of->prices, (size_t)offer, values[offer], costs[offer], problem->ties[person]);
    }
    return all;
}

/* ---- prices ------------------------------------------------------------------------------------------------------------------ */

static bool fits_at(market *of, const resource *each, uint64_t price)
{
    price_set(&of->prices, each, price);
    usage all = demand(of);
    return used_of(&all, each) <= each->limit;
}

/* The lowest price at which the limit holds while the other prices stay. Gallops from the present price, then halves. */
static bool price_settle(market *of, const resource *each)
{
    uint64_t before = price_get(&of->prices, each), low, high;
    if (fits_at(of, each, before)) {
        high = before;
        uint64_t step = before / 1024 + 1;
        while (high > 0 && fits_at(of, each, high > step ? high - step : 0)) {
            high = high > step ? high - step : 0;
            step = step * 8;
        }
        low = high > step ? high - step : 0; /* does not fit, or 0 */
    } else {
        low = before;
        uint64_t step = before / 1024 + 1, most = price_max(each);
        high = low + step < most ? low + step : most;
        while (high < most && !fits_at(of, each, high)) {
            low = high;
            step = step * 8;
            high = most - low > step ? low + step : most;
        }
    }
    while (high > low + 1) {
        uint64_t middle = low + (high - low) / 2;
        if (fits_at(of, each, middle))
            high = middle;
        else
            low = middle;
    }
    if (high > 0 && low < high && low == 0 && fits_at(of, each, 0))
        high = 0;
    price_set(&of->prices, each, high);
    return high != before;
}

static void prices_find(market *of)
{
    for (size_t round = 0, rounds = of->resources_count > 1 ? ROUNDS_MAX : 1; round < rounds; round++) {
        bool moved = false;
        for (size_t r = 0; r < of->resources_count; r++)
            moved = price_settle(of, &of->resources[r]) || moved;
        if (!moved)
            break;
    }
}

static __int128 room_worth(const market *of, const usage *used);

static double dual_of(const market *of, usage *used_out)
{
    usage nothing = {0};
    *used_out = demand(of);
    return (double)(used_out->left + room_worth(of, &nothing));
}

/* Settling one price at a time gets stuck on an edge of the dual; subgradient steps (Polyak) go along it. The best prices are kept. */
static void prices_polish(market *of)
{
    usage used;
    eh_prices best = of->prices;
    double best_dual = dual_of(of, &used), eager = 0.05;
    for (size_t step = 0; step < STEPS; step++, eager *= 0.95) {
        double slope[RESOURCES_MAX], square = 0;
        for (size_t r = 0; r < of->resources_count; r++) {
            const resource *each = &of->resources[r];
            slope[r] = (double)(used_of(&used, each) - each->limit) / ((double)each->limit + 1);
            if (slope[r] < 0 && price_get(&of->prices, each) == 0)
                slope[r] = 0;
            square += slope[r] * slope[r];
        }
        if (square < 1e-18)
            break;
        for (size_t r = 0; r < of->resources_count; r++) {
            const resource *each = &of->resources[r];
            double unit = each->counts == COUNTS_COST ? 4294967296.0 : 1;
            double price = (double)price_get(&of->prices, each) + unit * eager * best_dual / square * slope[r] / ((double)each->limit + 1);
            price_set(&of->prices, each, price <= 0 ? 0 : price >= (double)price_max(each) ? price_max(each) : (uint64_t)price);
        }
        double dual = dual_of(of, &used);
        if (dual < best_dual) {
            best_dual = dual;
            best = of->prices;
        }
    }
    of->prices = best;
}

/* Raises what is too low until every limit holds; false when the rounds are over before. */
static bool prices_raise(market *of)
{
    for (size_t round = 0; round < 2 * ROUNDS_MAX; round++) {
        usage all = demand(of);
        bool fits = true;
        for (size_t r = 0; r < of->resources_count; r++) {
            if (used_of(&all, &of->resources[r]) <= of->resources[r].limit)
                continue;
            fits = false;
            (void)price_settle(of, &of->resources[r]);
            all = demand(of);
        }
        if (fits)
            return true;
    }
    return false;
}

static int by_tie(const void *a, const void *b, void *ties)
{
    const uint64_t *of = ties;
    uint64_t one = of[*(const uint32_t *)a], other = of[*(const uint32_t *)b];
    return one < other ? -1 : one > other;
}

/* With several limits prices are first found on a random tenth or so, whose limits are smaller in proportion. */
static eh_code prices_sample(market *of, eh_arena *arena, eh_error *error)
{
    const eh_allocation_problem *problem = of->problem;
    size_t all = problem->people_count;
    uint32_t *people = EH_TAKE(arena, all, uint32_t);
    if (people == NULL)
        return eh_fail_memory(error);
    for (size_t i = 0; i < all; i++)
        people[i] = (uint32_t)i;
    qsort_r(people, all, sizeof *people, by_tie, (void *)(uintptr_t)problem->ties);
    market sample = *of;
    sample.people = people;
    sample.people_count = SAMPLE_PEOPLE;
    for (size_t r = 0; r < sample.resources_count; r++)
        sample.resources[r].limit = (int64_t)((__int128)sample.resources[r].limit * SAMPLE_PEOPLE / (int64_t)all);
    prices_find(&sample);
    prices_polish(&sample);
    of->prices = sample.prices;
    return EH_OK;
}

/* ---- the finish ---------------------------------------------------------------------------------------------------------------- */

typedef struct {
    uint32_t person;
    int8_t choice;   /* as it stands */
    int64_t margin;  /* what the second best action is worse by; for filling: the best action's value less prices, negated */
    uint64_t tie;
} candidate;

static int by_margin(const void *a, const void *b)
{
    const candidate *one = a, *other = b;
    if (one->margin != other->margin)
        return one->margin < other->margin ? -1 : 1;
    return one->tie != other->tie ? (one->tie < other->tie ? -1 : 1) : one->person < other->person ? -1 : one->person > other->person;
}

typedef struct {
    market *of;
    eh_allocation *out;
    usage used;
} finishing;

static bool has_room(const finishing *state, size_t offer, int64_t cost)
{
    const eh_allocation_problem *problem = state->of->problem;
    return (problem->budget < 0 || state->used.cost + cost <= problem->budget) &&
           (problem->people_max < 0 || state->used.people + 1 <= problem->people_max) &&
           (problem->offer_max == NULL || problem->offer_max[offer] < 0 || state->used.offer[offer] + 1 <= problem->offer_max[offer]);
}

static void put(finishing *state, uint32_t person, int offer)
{
    const eh_allocation_problem *problem = state->of->problem;
    int8_t *choice = &state->out->choice[person];
    for (int step = 0; step < 2; step++) { /* away with the old one, then the new one */
        int which = step == 0 ? *choice : offer;
        int64_t sign = step == 0 ? -1 : 1;
        if (which == EH_NO_OFFER)
            continue;
        size_t at = person * problem->offers_count + (size_t)which;
        state->used.cost += sign * problem->costs[at];
        state->used.value += sign * problem->values[at];
        state->used.fine += sign * (problem->values[at] * EH_FINE + lot(problem->ties[person], (size_t)which));
        state->used.people += sign;
        state->used.offer[which] += sign;
    }
    *choice = (int8_t)offer;
}

static int64_t left_of(const market *of, uint32_t person, size_t offer)
{
    size_t at = person * of->problem->offers_count + offer;
    return eh_value_less_prices(&of->prices, offer, of->problem->values[at], of->problem->costs[at], of->problem->ties[person]);
}

/* The best action but for `not_this`; EH_NO_OFFER is worth 0. */
static int64_t best_left(const market *of, uint32_t person, int not_this, int *offer_out)
{
    int64_t best = not_this == EH_NO_OFFER ? INT64_MIN : 0;
    int found = EH_NO_OFFER;
    for (size_t o = 0; o < of->problem->offers_count; o++) {
        if (of->problem->values[person * of->problem->offers_count + o] <= 0 || (int)o == not_this)
            continue;
        int64_t left = left_of(of, person, o);
        if (left > best) {
            best = left;
            found = (int)o;
        }
    }
    *offer_out = found;
    return best;
}

/* Prices leave people whom they do not tell apart outside: they come in by lot, best first, while there is room. */
static void fill(finishing *state, candidate *candidates)
{
    const market *of = state->of;
    size_t count = 0;
    for (uint32_t person = 0; person < of->problem->people_count; person++) {
        int offer = EH_NO_OFFER;
        if (state->out->choice[person] != EH_NO_OFFER)
            continue;
        int64_t best = best_left(of, person, EH_NO_OFFER, &offer);
        if (offer != EH_NO_OFFER)
            candidates[count++] = (candidate){.person = person, .margin = -best, .tie = of->problem->ties[person]};
    }
    qsort(candidates, count, sizeof *candidates, by_margin);
    for (size_t k = 0; k < count; k++) {
        uint32_t person = candidates[k].person;
        int best = EH_NO_OFFER;
        int64_t most = INT64_MIN;
        for (size_t o = 0; o < of->problem->offers_count; o++) {
            size_t at = person * of->problem->offers_count + o;
            if (of->problem->values[at] > 0 && has_room(state, o, of->problem->costs[at]) && left_of(of, person, o) > most) {
                most = left_of(of, person, o);
                best = (int)o;
            }
        }
        if (best != EH_NO_OFFER)
            put(state, person, best);
        else if (of->problem->people_max >= 0 && state->used.people >= of->problem->people_max)
            return;
    }
}

/* Takes back, least loss first, until every limit holds. */
static void drop(finishing *state, candidate *candidates)
{
    const market *of = state->of;
    size_t count = 0;
    for (uint32_t person = 0; person < of->problem->people_count; person++)
        if (state->out->choice[person] != EH_NO_OFFER)
            candidates[count++] = (candidate){.person = person, .margin = left_of(of, person, (size_t)state->out->choice[person]),
                                              .tie = of->problem->ties[person]};
    qsort(candidates, count, sizeof *candidates, by_margin);
    for (size_t r = 0; r < of->resources_count; r++) {
        const resource *each = &of->resources[r];
        for (size_t k = 0; k < count && used_of(&state->used, each) > each->limit; k++) {
            int choice = state->out->choice[candidates[k].person];
            if (choice != EH_NO_OFFER && (each->counts != COUNTS_OFFER || each->offer == (size_t)choice))
                put(state, candidates[k].person, EH_NO_OFFER);
        }
    }
}

/* Branch and bound over the core. Depth first without recursion: at each depth the actions of one person, best first. */
typedef struct {
    uint32_t person;
    int8_t actions[EH_OFFERS_MAX + 1]; /* by value less prices, descending */
    uint8_t actions_count, next;
    int64_t rest; /* of this person and all behind: the sum of the best values less prices */
} core_person;

static void core_actions(const market *of, core_person *each)
{
    int64_t left[EH_OFFERS_MAX + 1];
    each->actions_count = 0;
    for (int o = EH_NO_OFFER; o < (int)of->problem->offers_count; o++) {
        if (o != EH_NO_OFFER && of->problem->values[each->person * of->problem->offers_count + (size_t)o] <= 0)
            continue;
        int64_t value = o == EH_NO_OFFER ? 0 : left_of(of, each->person, (size_t)o);
        size_t at = each->actions_count++;
        for (; at > 0 && left[at - 1] < value; at--) {
            left[at] = left[at - 1];
            each->actions[at] = each->actions[at - 1];
        }
        left[at] = value;
        each->actions[at] = (int8_t)o;
    }
    each->rest = left[0];
}

/* The value that the rest of the limits is worth at the prices, rounded up. */
static __int128 room_worth(const market *of, const usage *used)
{
    __int128 worth = 0;
    for (size_t r = 0; r < of->resources_count; r++) {
        const resource *each = &of->resources[r];
        __int128 room = each->limit - used_of(used, each);
        __int128 price = (__int128)price_get(&of->prices, each);
        worth += each->counts == COUNTS_COST ? ((room * price) >> 32) + 1 : room * price;
    }
    return worth;
}

static bool core_search(finishing *state, core_person *core, size_t count, size_t nodes_max, int8_t *best_out)
{
    __int128 best = state->used.fine; /* the people of the core have their present choices: a result that holds */
    for (size_t k = 0; k < count; k++) {
        best_out[k] = state->out->choice[core[k].person];
        core[k].next = 0;
    }
    for (size_t k = 0; k < count; k++)
        put(state, core[k].person, EH_NO_OFFER);
    size_t depth = 0, nodes = 0;
    for (;;) {
        core_person *at = &core[depth];
        if (depth == count || at->next == at->actions_count) { /* a leaf, or done here: back */
            if (depth == count && state->used.fine > best) {
                best = state->used.fine;
                for (size_t k = 0; k < count; k++)
                    best_out[k] = state->out->choice[core[k].person];
            }
            if (depth == 0)
                return true;
            if (depth < count)
                at->next = 0;
            depth--;
            put(state, core[depth].person, EH_NO_OFFER);
            continue;
        }
        int action = at->actions[at->next++];
        if (++nodes > nodes_max)
            return false;
        if (action != EH_NO_OFFER) {
            size_t place = at->person * state->of->problem->offers_count + (size_t)action;
            if (!has_room(state, (size_t)action, state->of->problem->costs[place]))
                continue;
            put(state, at->person, action);
        }
        __int128 bound = state->used.fine + room_worth(state->of, &state->used) + core[depth + 1].rest;
        if (bound <= best) {
            put(state, at->person, EH_NO_OFFER);
            continue;
        }
        depth++;
    }
}

/* Settles every `stride`-th candidate from `first` on, exactly. True when the search came to its end. */
static bool core_settle(finishing *state, const candidate *candidates, size_t count, size_t stride, size_t nodes_max)
{
    core_person core[CORE_PEOPLE + 1] = {0};
    int8_t best[CORE_PEOPLE];
    for (size_t k = 0; k < count; k++) { /* the surest first: deviations are cut off at once */
        core[k].person = candidates[(count - 1 - k) * stride].person;
        core_actions(state->of, &core[k]);
    }
    for (size_t k = count; k-- > 0;)
        core[k].rest += core[k + 1].rest;
    bool whole = core_search(state, core, count, nodes_max, best);
    for (size_t k = 0; k < count; k++)
        put(state, core[k].person, EH_NO_OFFER);
    for (size_t k = 0; k < count; k++)
        put(state, core[k].person, best[k]);
    return whole;
}

/* Those nearest to indifference, first of all; a person for whom nothing can be chosen is settled. */
static size_t undecided(const market *of, candidate *candidates)
{
    size_t all = 0;
    for (uint32_t person = 0; person < of->problem->people_count; person++) {
        int offer = EH_NO_OFFER, choice = EH_NO_OFFER, other = EH_NO_OFFER;
        (void)best_left(of, person, EH_NO_OFFER, &offer);
        if (offer == EH_NO_OFFER)
            continue;
        int64_t best = best_left(of, person, -2, &choice);
        int64_t second = choice == EH_NO_OFFER ? best_left(of, person, EH_NO_OFFER, &other) : best_left(of, person, choice, &other);
        candidates[all++] = (candidate){.person = person, .margin = best - second, .tie = of->problem->ties[person]};
    }
    qsort(candidates, all, sizeof *candidates, by_margin);
    return all;
}

/* True when the result is proven best. */
static bool finish(finishing *state, candidate *candidates)
{
    size_t all = undecided(state->of, candidates);
    if (all <= CORE_PEOPLE)
        return core_settle(state, candidates, all, 1, CORE_NODES_MAX);
    (void)core_settle(state, candidates, CORE_PEOPLE, 1, CORE_NODES_MAX);
    size_t cores = all / CORE_PEOPLE < CORES ? all / CORE_PEOPLE : CORES;
    for (size_t c = 0; c < cores; c++)
        (void)core_settle(state, candidates + c, CORE_PEOPLE, cores, LATER_NODES_MAX);
    return false;
}

static eh_code problem_check(const eh_allocation_problem *problem, eh_error *error)
{
    if (problem->offers_count == 0 || problem->offers_count > EH_OFFERS_MAX)
        return eh_fail(error, EH_LIMIT, "%zu offers, 1 to %d", problem->offers_count, EH_OFFERS_MAX);
    if (problem->people_count > EH_PLAN_PEOPLE_MAX)
        return eh_fail(error, EH_LIMIT, "%zu people, at most %d", problem->people_count, EH_PLAN_PEOPLE_MAX);
    for (size_t i = 0; i < problem->people_count * problem->offers_count; i++) {
        int64_t value = problem->values[i], cost = problem->costs[i];
        if (value != EH_NOT_ALLOWED && (value > EH_ALLOCATION_VALUE_MAX || value < -EH_ALLOCATION_VALUE_MAX || cost < 0 || cost > EH_ALLOCATION_VALUE_MAX))
            return eh_fail(error, EH_INPUT, "a value or a cost of more than a million, or a negative cost");
    }
    return EH_OK;
}

eh_code eh_allocate(const eh_allocation_problem *problem, eh_arena *arena, eh_allocation *allocation_out, eh_error *error)
{
    EH_TRY(problem_check(problem, error));
    market of;
    market_open(&of, problem);
    eh_allocation out = {.choice = EH_TAKE(arena, problem->people_count, int8_t), .by_price = EH_TAKE(arena, problem->people_count, bool)};
    candidate *candidates = EH_TAKE(arena, problem->people_count, candidate);
    if (out.choice == NULL || out.by_price == NULL || candidates == NULL)
        return eh_fail_memory(error);
    bool sampled = of.resources_count > 1 && problem->people_count > 2 * SAMPLE_PEOPLE;
    if (sampled)
        EH_TRY(prices_sample(&of, arena, error));
    else
        prices_find(&of);
    if (of.resources_count > 1 && !sampled)
        prices_polish(&of);
    usage used;
    double bound = dual_of(&of, &used) / (double)EH_FINE;
    bool fits = prices_raise(&of);
    double raised = dual_of(&of, &used) / (double)EH_FINE;
    bound = raised < bound ? raised : bound;
    finishing state = {.of = &of, .out = &out};
    memset(out.choice, EH_NO_OFFER, problem->people_count);
    for (uint32_t person = 0; person < problem->people_count; person++) {
        const int64_t *values = problem->values + person * problem->offers_count, *costs = problem->costs + person * problem->offers_count;
        put(&state, person, eh_choice_by_price(values, costs, problem->offers_count, &of.prices, problem->ties[person]));
    }
    bool whole = true;
    if (!fits)
        drop(&state, candidates);
    if (of.resources_count > 0) {
        fill(&state, candidates);
        whole = finish(&state, candidates);
        fill(&state, candidates);
    }
    for (size_t person = 0; person < problem->people_count; person++) {
        const int64_t *values = problem->values + person * problem->offers_count, *costs = problem->costs + person * problem->offers_count;
        out.by_price[person] = out.choice[person] == eh_choice_by_price(values, costs, problem->offers_count, &of.prices, problem->ties[person]);
    }
    out.prices = of.prices;
    out.value = state.used.value;
    out.cost = state.used.cost;
    out.people = state.used.people;
    out.value_bound = bound > 9e18 ? INT64_MAX : (int64_t)bound;
    out.value_bound = out.value_bound < out.value ? out.value : out.value_bound; /* the double is rounded */
    out.proven = whole || out.value == out.value_bound;
    if (out.proven)
        out.value_bound = out.value;
    *allocation_out = out;
    return EH_OK;
}
