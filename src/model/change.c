/*
 * The smallest change that flips a decision: one step, else two, else three, among what the person can change; of those with as few
 * steps the one that moves over the fewest bins. A step may go to any bin that people in the data are in.
 *
 * A score is a sum of terms of one feature or two, so what steps bring together is what each brings alone, and for every two of them
 * what the tables of both add to that. All of it is whole numbers: the search adds them up without running the model, leaves out what
 * cannot be smaller than what it has or cannot bring enough, and so loses nothing. What it found is run at the end.
 */
#include <string.h>

#include "model/model.h"

enum { STEPS_MAX = EH_FLIP_STEPS_MAX, CANDIDATES_MAX = EH_FLIP_FEATURES_MAX };

typedef struct {
    int64_t gain;      /* alone, towards the other decision */
    uint32_t distance;
    uint8_t bin;
} move;

typedef struct {
    uint32_t feature;
    size_t count;
    move moves[EH_BINS]; /* nearest first */
    int64_t most;        /* the largest gain of all moves; 0: none brings anything */
} candidate;

/* Steps that are settled. */
typedef struct {
    size_t candidate[STEPS_MAX];
    const move *to[STEPS_MAX];
    size_t count;
    int64_t gain; /* of all together */
    uint32_t distance;
} path;

typedef struct {
    const eh_model *model;
    uint8_t bins[EH_MODEL_FEATURES_MAX];
    int64_t score, lack; /* now; and what a change must bring */
    bool above;          /* the decision now */
    candidate candidates[CANDIDATES_MAX];
    size_t count;
    bool joined[CANDIDATES_MAX][CANDIDATES_MAX];      /* a table is of both */
    int64_t most_besides[CANDIDATES_MAX][CANDIDATES_MAX]; /* at most that, of the tables of both */
    path best;
} search;

static uint32_t distance_of(const eh_feature *feature, uint8_t from, uint8_t to)
{
    if (feature->kind == EH_FEATURE_CATEGORY || from == 0)
        return 64; /* another category is a step as far as a quarter of all bins of a number */
    return from > to ? (uint32_t)(from - to) : (uint32_t)(to - from);
}

static bool usable(const eh_feature *feature, uint32_t bin)
{
    return bin != 0 && feature->weights[bin] > 0 && !(feature->kind == EH_FEATURE_CATEGORY && bin > feature->levels_count);
}

/* ---- what a step brings ------------------------------------------------------------------------------------------------------ */

static void move_add(candidate *to, const move *made)
{
    size_t at = to->count++;
    for (; at > 0 && to->moves[at - 1].distance > made->distance; at--)
        to->moves[at] = to->moves[at - 1];
    to->moves[at] = *made;
    to->most = made->gain > to->most ? made->gain : to->most;
}

static void candidate_fill(search *s, uint32_t number, candidate *out)
{
    const eh_feature *feature = &s->model->features[number];
    uint8_t from = s->bins[number];
    out->feature = number;
    out->count = 0;
    out->most = 0;
    for (uint32_t bin = 1; bin < feature->bins_count; bin++) {
        if (bin == from || !usable(feature, bin))
            continue;
        s->bins[number] = (uint8_t)bin;
        int64_t risen = eh_model_score(s->model, s->bins, NULL) - s->score;
        move_add(out, &(move){.gain = s->above ? -risen : risen, .distance = distance_of(feature, from, (uint8_t)bin), .bin = (uint8_t)bin});
    }
    s->bins[number] = from;
}

/* More features than there is room for: those that bring most by themselves. */
static void candidates_fill(search *s)
{
    candidate made;
    for (uint32_t f = 0; f < s->model->features_count; f++) {
        if (!s->model->features[f].changeable)
            continue;
        candidate_fill(s, f, &made);
        if (s->count < CANDIDATES_MAX) {
            s->candidates[s->count++] = made;
            continue;
        }
        candidate *least = s->candidates;
        for (size_t c = 1; c < s->count; c++)
            least = s->candidates[c].most < least->most ? &s->candidates[c] : least;
        if (made.most > least->most)
            *least = made;
    }
}

/* ---- what two steps bring besides ---------------------------------------------------------------------------------------------- */

/* Which place of the term each of the two features has; false: the term is not of both. */
static bool table_of(const eh_term *term, uint32_t a, uint32_t b, unsigned *a_out)
{
    if (term->features_count != 2)
        return false;
    *a_out = term->feature[0] == a ? 0 : 1;
    return term->feature[*a_out] == a && term->feature[1 - *a_out] == b;
}

static int64_t cell(const eh_term *term, unsigned a, uint32_t row, uint32_t column)
{
    return term->scores[a == 0 ? row * EH_PAIR_BINS + column : column * EH_PAIR_BINS + row];
}

/* By how much the table rises when both move, beyond what it rises when either does. */
static int64_t rise_besides(const eh_term *term, unsigned a, const uint32_t row[2], const uint32_t column[2])
{
    return cell(term, a, row[1], column[1]) - cell(term, a, row[1], column[0]) - cell(term, a, row[0], column[1]) + cell(term, a, row[0], column[0]);
}

static int64_t besides(const search *s, size_t c, const move *to_c, size_t d, const move *to_d)
{
    uint32_t feature_c = s->candidates[c].feature, feature_d = s->candidates[d].feature;
    int64_t risen = 0;
    unsigned at = 0;
    if (!s->joined[c][d])
        return 0;
    for (size_t t = 0; t < s->model->terms_count; t++) {
        const eh_term *term = &s->model->terms[t];
        if (!table_of(term, feature_c, feature_d, &at))
            continue;
        const uint8_t *rows = term->map[at], *columns = term->map[1 - at];
        risen += rise_besides(term, at, (uint32_t[]){rows[s->bins[feature_c]], rows[to_c->bin]}, (uint32_t[]){columns[s->bins[feature_d]], columns[to_d->bin]});
    }
    return s->above ? -risen : risen;
}

static uint32_t places_of(const candidate *of, const uint8_t *map)
{
    uint32_t places = 0;
    for (size_t m = 0; m < of->count; m++)
        places |= UINT32_C(1) << map[of->moves[m].bin];
    return places;
}

/* The most that one table brings besides, over all moves of both: at most 16 x 16 places. */
static int64_t most_of(const search *s, const eh_term *term, unsigned at, const candidate *c, const candidate *d)
{
    const uint8_t *rows = term->map[at], *columns = term->map[1 - at];
    uint32_t rows_there = places_of(c, rows), columns_there = places_of(d, columns);
    int64_t most = 0;
    for (uint32_t row = 0; row < EH_PAIR_BINS; row++)
        for (uint32_t column = 0; column < EH_PAIR_BINS; column++) {
            if ((rows_there >> row & 1) == 0 || (columns_there >> column & 1) == 0)
                continue;
            int64_t risen = rise_besides(term, at, (uint32_t[]){rows[s->bins[c->feature]], row}, (uint32_t[]){columns[s->bins[d->feature]], column});
            int64_t gain = s->above ? -risen : risen;
            most = gain > most ? gain : most;
        }
    return most;
}

static void tables_fill(search *s)
{
    unsigned at = 0;
    for (size_t c = 0; c < s->count; c++)
        for (size_t d = 0; d < s->count; d++)
            for (size_t t = 0; d != c && t < s->model->terms_count; t++) {
                if (!table_of(&s->model->terms[t], s->candidates[c].feature, s->candidates[d].feature, &at))
                    continue;
                s->joined[c][d] = true;
                s->most_besides[c][d] += most_of(s, &s->model->terms[t], at, &s->candidates[c], &s->candidates[d]);
            }
}

/* Of a feature that no table joins to another one only moves count that bring more than every nearer one. */
static void useless_drop(search *s)
{
    for (size_t c = 0; c < s->count; c++) {
        candidate *of = &s->candidates[c];
        bool free = true;
        for (size_t d = 0; d < s->count; d++)
            free = free && !s->joined[c][d];
        int64_t most = 0;
        size_t kept = 0;
        for (size_t m = 0; free && m < of->count; m++)
            if (of->moves[m].gain > most) {
                most = of->moves[m].gain;
                of->moves[kept++] = of->moves[m];
            }
        of->count = free ? kept : of->count;
    }
}

/* ---- the search ---------------------------------------------------------------------------------------------------------------- */

static void step_on(const search *s, const path *from, size_t c, const move *to, path *out)
{
    *out = *from;
    out->gain += to->gain;
    for (size_t i = 0; i < from->count; i++)
        out->gain += besides(s, from->candidate[i], from->to[i], c, to);
    out->distance += to->distance;
    out->candidate[out->count] = c;
    out->to[out->count++] = to;
}

static bool too_far(const search *s, uint32_t distance)
{
    return s->best.count > 0 && distance >= s->best.distance;
}

/* Whatever the steps to these candidates are, in addition to those of `from`: can they bring enough? */
static bool enough(const search *s, const path *from, const size_t *rest, size_t rest_count)
{
    int64_t most = from->gain;
    for (size_t r = 0; r < rest_count; r++) {
        most += s->candidates[rest[r]].most;
        for (size_t i = 0; i < from->count; i++)
            most += s->most_besides[from->candidate[i]][rest[r]];
        for (size_t q = 0; q < r; q++)
            most += s->most_besides[rest[q]][rest[r]];
    }
    return most >= s->lack;
}

static void last_step_try(search *s, const path *from, size_t c)
{
    const candidate *of = &s->candidates[c];
    path made;
    if (!enough(s, from, &c, 1))
        return;
    for (size_t m = 0; m < of->count && !too_far(s, from->distance + of->moves[m].distance); m++) {
        step_on(s, from, c, &of->moves[m], &made);
        if (made.gain >= s->lack) {
            s->best = made;
            return;
        }
    }
}

static void two_steps_try(search *s, const path *from, const size_t set[2])
{
    const candidate *of = &s->candidates[set[0]];
    path made;
    if (!enough(s, from, set, 2))
        return;
    for (size_t m = 0; m < of->count && !too_far(s, from->distance + of->moves[m].distance); m++) {
        step_on(s, from, set[0], &of->moves[m], &made);
        last_step_try(s, &made, set[1]);
    }
}

static void three_steps_try(search *s, const size_t set[3])
{
    const candidate *of = &s->candidates[set[0]];
    path none = {0}, made;
    if (!enough(s, &none, set, 3))
        return;
    for (size_t m = 0; m < of->count && !too_far(s, of->moves[m].distance); m++) {
        step_on(s, &none, set[0], &of->moves[m], &made);
        two_steps_try(s, &made, &set[1]);
    }
}

static void steps_try(search *s, size_t wanted)
{
    path none = {0};
    for (size_t a = 0; a < s->count; a++) {
        if (wanted == 1)
            last_step_try(s, &none, a);
        for (size_t b = a + 1; wanted > 1 && b < s->count; b++) {
            if (wanted == 2)
                two_steps_try(s, &none, (size_t[]){a, b});
            for (size_t c = b + 1; wanted > 2 && c < s->count; c++)
                three_steps_try(s, (size_t[]){a, b, c});
        }
    }
}

void eh_model_flip(const eh_model *model, const uint8_t *bins, int64_t threshold, eh_flip *flip_out)
{
    search s = {.model = model, .score = eh_model_score(model, bins, NULL)};
    memcpy(s.bins, bins, model->features_count);
    s.above = s.score >= threshold;
    s.lack = s.above ? s.score - threshold + 1 : threshold - s.score;
    candidates_fill(&s);
    tables_fill(&s);
    useless_drop(&s);
    for (size_t wanted = 1; wanted <= STEPS_MAX && s.best.count == 0; wanted++)
        steps_try(&s, wanted);
    *flip_out = (eh_flip){.steps_count = s.best.count};
    for (size_t i = 0; i < s.best.count; i++) {
        uint32_t feature = s.candidates[s.best.candidate[i]].feature;
        flip_out->steps[i] = (eh_change_step){.feature = feature, .from = bins[feature], .to = s.best.to[i]->bin};
        s.bins[feature] = s.best.to[i]->bin;
    }
    flip_out->score = eh_model_score(model, s.bins, NULL);
    EH_ASSERT(s.best.count == 0 || (flip_out->score >= threshold) != s.above);
}
