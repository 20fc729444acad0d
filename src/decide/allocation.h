/**
 * Allocation: at most one offer per person, so that the total value is as large as the limits allow.
 *
 *   maximise  sum v(i, o) x(i, o)   with  sum_o x(i, o) <= 1,  sum c(i, o) x(i, o) <= budget,  sum x <= people_max,
 *                                         sum_i x(i, o) <= offer_max(o),  x in {0, 1}
 *
 * Prices of the limits (Lagrange multipliers) are found first; a person takes the offer with the largest value less prices. The
 * few people nearest to indifference are then settled exactly by branch and bound. On small problems everybody is, and the result is
 * proven best. The dual bound says how far from the best any result can be. All numbers are integers: the same problem has the
 * same answer everywhere. Theory: src/decide/README.md.
 */
#ifndef EH_DECIDE_ALLOCATION_H
#define EH_DECIDE_ALLOCATION_H

#include "base/base.h"

/** The value of an offer that a person must not have. */
#define EH_NOT_ALLOWED INT64_MIN
/** No offer. */
enum { EH_NO_OFFER = -1 };

typedef struct {
    size_t people_count, offers_count;
    const int64_t *values;    /* micros, [person * offers_count + offer]; EH_NOT_ALLOWED; what is not above 0 is never chosen */
    const int64_t *costs;     /* micros, the same shape, >= 0 */
    const uint64_t *ties;     /* by lot, one per person: decides between people whom the numbers do not tell apart */
    int64_t budget;           /* EH_NO_LIMIT (-1): none, as below */
    int64_t people_max;
    const int64_t *offer_max; /* offers_count of them, or NULL */
} eh_allocation_problem;

/** Values and costs are at most a million units. */
#define EH_ALLOCATION_VALUE_MAX INT64_C(1000000000000)
/** Prices are in fine parts of a micro, so that a lot below one micro tells apart whom the values do not. */
#define EH_FINE INT64_C(65536)

/** The prices of the limits. */
typedef struct {
    uint64_t budget;                 /* fine value per cost micro, in 1 / 2^32 */
    int64_t person;                  /* fine value for each message */
    int64_t offer[EH_OFFERS_MAX];    /* and for each of the offer */
} eh_prices;

typedef struct {
    int8_t *choice;           /* per person: offer, or EH_NO_OFFER */
    bool *by_price;           /* per person: settled by the prices alone; else by the exact finish */
    eh_prices prices;
    int64_t value, cost;      /* of the result */
    int64_t people;
    int64_t value_bound;      /* no allocation within the limits has more */
    bool proven;              /* this is the best one */
} eh_allocation;

/** cost: about 40 passes over the people for each limit; memory for 20 bytes per person. The result lives in `arena`. errors: EH_MEMORY, EH_INPUT for numbers out of range */
EH_MUST_USE eh_code eh_allocate(const eh_allocation_problem *problem, eh_arena *arena, eh_allocation *allocation_out, eh_error *error);

/** What one person takes at given prices: of the offers that are worth something, the one of the largest positive value less prices. */
int eh_choice_by_price(const int64_t *values, const int64_t *costs, size_t offers_count, const eh_prices *prices, uint64_t tie);
/** Value less prices of one offer, and the person's lot, which is below 1/64 micro; in fine parts. The value is above 0. */
int64_t eh_value_less_prices(const eh_prices *prices, size_t offer, int64_t value, int64_t cost, uint64_t tie);

#endif
