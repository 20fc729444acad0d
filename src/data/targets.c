/* From the groups of a population to the groups of the data. */
#include <math.h>
#include <string.h>

#include "data/profile.h"

enum { NAME_BYTES = 128, LISTED_MAX = 14 };

/* ---- the same group under another spelling ----------------------------------------------------------------------------------- */

static void append(char out[NAME_BYTES], size_t *len, const char *text)
{
    for (; *text != '\0' && *len + 1 < NAME_BYTES; text++)
        out[(*len)++] = *text;
    out[*len] = '\0';
}

static bool is_dash(const char *at, size_t *bytes)
{
    static const char *const dashes[] = {"-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212"};
    for (size_t i = 0; i < sizeof dashes / sizeof dashes[0]; i++) {
        *bytes = strlen(dashes[i]);
        if (strncmp(at, dashes[i], *bytes) == 0)
            return true;
    }
    return false;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Lower case, single blanks, ranges as "25 to 34", "65 and over", "under 18"; "years" and "aged" left out. */
static void spelling(const char *name, char out[NAME_BYTES])
{
    char words[NAME_BYTES] = " ";
    size_t len = 1, bytes = 0;
    for (const char *at = name; *at != '\0' && len + 8 < NAME_BYTES;) {
        const char *after = at;
        while (is_dash(after, &bytes) || *after == ' ')
            after += *after == ' ' ? 1 : bytes;
        bool range = is_dash(at, &bytes) && len > 1 && is_digit(words[len - 1 - (words[len - 1] == ' ')]) && is_digit(*after);
        if (range) {
            append(words, &len, words[len - 1] == ' ' ? "to " : " to ");
            at = after;
        } else if (*at == ' ' || *at == '\t') {
            if (words[len - 1] != ' ')
                append(words, &len, " ");
            at++;
        } else if (*at == '+' && is_digit(words[len - 1])) {
            append(words, &len, " and over");
            at++;
        } else if (*at == '<') {
            append(words, &len, "under ");
            at++;
        } else {
            char letter[2] = {(char)(*at >= 'A' && *at <= 'Z' ? *at - 'A' + 'a' : *at), '\0'};
            append(words, &len, letter);
            at++;
        }
    }
    append(words, &len, " ");
    static const char *const replaced[][2] = {{" years ", " "},     {" year ", " "},        {" aged ", " "},          {" or older ", " and over "},
                                              {" or over ", " and over "}, {" and older ", " and over "}, {" younger than ", " under "}};
    for (size_t i = 0; i < sizeof replaced / sizeof replaced[0]; i++) {
        char *found = strstr(words, replaced[i][0]);
        if (found == NULL)
            continue;
        char rest[NAME_BYTES];
        snprintf(rest, sizeof rest, "%s", found + strlen(replaced[i][0]));
        size_t at = (size_t)(found - words);
        append(words, &at, replaced[i][1]);
        append(words, &at, rest);
    }
    size_t start = words[0] == ' ' ? 1 : 0, end = strlen(words);
    while (end > start && words[end - 1] == ' ')
        end--;
    memcpy(out, words + start, end - start);
    out[end - start] = '\0';
}

/* ---- matching --------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_cube_dimension *data, *population;
    int32_t to_data[EH_GROUPS_MAX];       /* of the population's groups; -1: nobody in the data */
    int32_t to_population[EH_GROUPS_MAX]; /* of the data's groups; -1: unmatched, -2: missing */
    double people[EH_GROUPS_MAX];         /* of the population's groups */
} matching;

static void pair_up(matching *m, bool loosely)
{
    char ours[NAME_BYTES], theirs[NAME_BYTES];
    for (size_t g = 0; g < m->data->groups_count; g++) {
        if (m->to_population[g] != -1)
            continue;
        spelling(m->data->groups[g].name, ours);
        for (size_t p = 0; p < m->population->groups_count && m->to_population[g] == -1; p++) {
            spelling(m->population->groups[p].name, theirs);
            bool same = strcmp(m->data->groups[g].name, m->population->groups[p].name) == 0;
            if (m->to_data[p] != -1 || m->population->groups[p].missing || !(same || (loosely && strcmp(ours, theirs) == 0)))
                continue;
            m->to_data[p] = (int32_t)g;
            m->to_population[g] = (int32_t)p;
        }
    }
}

static void match(matching *m, const eh_cube_dimension *data, const eh_cube_dimension *population)
{
    *m = (matching){.data = data, .population = population};
    for (size_t g = 0; g < data->groups_count; g++)
        m->to_population[g] = data->groups[g].missing ? -2 : -1;
    for (size_t p = 0; p < population->groups_count; p++)
        m->to_data[p] = -1;
    pair_up(m, false);
    pair_up(m, true);
}

static void line(eh_buffer *out, const char *ours, const char *theirs)
{
    int width = 30 - (int)eh_utf8_columns(eh_view_of(ours));
    eh_buffer_format(out, "\n  %.100s%*s  %.100s", ours, width > 0 ? width : 0, "", theirs);
}

static bool is_zero(const matching *m, size_t group)
{
    int32_t p = m->to_population[group];
    return p >= 0 && !(m->people[p] > 0);
}

/* Both sides beside each other: what has no partner first, since a long list is cut. */
static void sides_list(const matching *m, eh_buffer *out)
{
    size_t lines = 0;
    line(out, "data", "population");
    for (int round = 0; round < 3; round++) {
        for (size_t g = 0; g < m->data->groups_count && round != 1; g++) {
            int32_t p = m->to_population[g];
            bool wrong = p == -1 || is_zero(m, g);
            if (p == -2 || wrong != (round == 0) || ++lines > LISTED_MAX)
                continue;
            EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {.whole = out};
            eh_buffer_format(&name, p == -1 ? "(not there)" : is_zero(m, g) ? "%.80s: 0 people" : "%.80s", p < 0 ? "" : m->population->groups[p].name);
            line(out, m->data->groups[g].name, name.ptr == NULL ? "" : name.ptr);
        }
        for (size_t p = 0; p < m->population->groups_count && round == 1; p++)
            if (m->to_data[p] == -1 && !m->population->groups[p].missing && ++lines <= LISTED_MAX)
                line(out, "(not there)", m->population->groups[p].name);
    }
    if (lines > LISTED_MAX)
        eh_buffer_format(out, "\n  ... and %zu more", lines - LISTED_MAX);
}

static eh_code match_check(const matching *m, const char *path, eh_error *error)
{
    size_t unmatched = 0, zero = 0;
    for (size_t g = 0; g < m->data->groups_count; g++) {
        unmatched += m->to_population[g] == -1;
        zero += is_zero(m, g);
    }
    if (unmatched + zero == 0)
        return EH_OK;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer sides = {0};
    sides_list(m, &sides);
    EH_TRY(eh_buffer_check(&sides, error));
    return eh_fail(error, EH_CONFLICT,
                   "the population %s: %zu group%s of '%s' in the data %s in the population%s:%s\n"
                   "Name the groups alike (--by or --population-by \"CASE ... END AS %s\"), or leave these out of the comparison: --skip-unmatched, and in "
                   "evenhand.yaml or a plan of repairs 'skip_unmatched: true'",
                   path, unmatched + zero, unmatched + zero == 1 ? "" : "s", m->data->name,
                   zero > 0 && unmatched == 0 ? (zero == 1 ? "has a share of zero" : "have a share of zero") : (unmatched + zero == 1 ? "is not" : "are not"),
                   "", sides.ptr, m->data->name);
}

/* ---- the target --------------------------------------------------------------------------------------------------------------------- */

size_t eh_target_level(const eh_target *target, const eh_cube *cube, const uint16_t *groups)
{
    size_t level = 0;
    for (size_t i = 0; i < target->attributes_count; i++) {
        size_t attribute = target->attributes[i];
        level = level * cube->dimensions[attribute].groups_count + groups[attribute];
    }
    return level;
}

static void group_people(const eh_cube *population, size_t dimension, double people[EH_GROUPS_MAX])
{
    memset(people, 0, EH_GROUPS_MAX * sizeof *people);
    for (size_t c = 0; c < population->cells_count; c++)
        people[population->cells[c].group[dimension]] += population->cells[c].weight;
}

static bool is_counted(const eh_cube *population, const eh_cell *cell)
{
    for (size_t d = 0; d < population->dimensions_count; d++)
        if (population->dimensions[d].groups[cell->group[d]].missing)
            return false;
    return true;
}

/* People of crossings that the data has groups for; the others only add to the total. */
static void shares_fill(eh_target *target, const eh_cube *cube, const eh_cube *population, const matching *matches)
{
    for (size_t c = 0; c < population->cells_count; c++) {
        const eh_cell *cell = &population->cells[c];
        size_t level = 0;
        bool there = is_counted(population, cell);
        if (!there)
            continue;
        target->people += cell->weight;
        for (size_t d = 0; d < population->dimensions_count && there; d++) {
            int32_t group = matches[d].to_data[cell->group[d]];
            there = group >= 0;
            level = level * cube->dimensions[target->attributes[d]].groups_count + (size_t)(group < 0 ? 0 : group);
        }
        if (there)
            target->shares[level] += cell->weight;
    }
    for (size_t level = 0; level < target->levels_count; level++)
        target->shares[level] /= target->people;
}

static void known_fill(eh_target *target, const eh_cube *cube, const matching *matches)
{
    for (size_t level = 0; level < target->levels_count; level++) {
        size_t rest = level;
        target->known[level] = true;
        for (size_t d = target->attributes_count; d-- > 0;) {
            size_t groups = cube->dimensions[target->attributes[d]].groups_count, group = rest % groups;
            rest /= groups;
            if (matches[d].to_population[group] < 0 || is_zero(&matches[d], group))
                target->known[level] = false;
        }
    }
}

static eh_code absent_fill(eh_target *target, const matching *matches, eh_arena *arena, eh_error *error)
{
    eh_target_absent *absent = EH_TAKE(arena, EH_ATTRIBUTES_MAX * EH_GROUPS_MAX, eh_target_absent);
    if (absent == NULL)
        return eh_fail_memory(error);
    for (size_t d = 0; d < target->attributes_count; d++) {
        const matching *m = &matches[d];
        double total = 0;
        for (size_t p = 0; p < m->population->groups_count; p++)
            total += m->population->groups[p].missing ? 0 : m->people[p];
        for (size_t p = 0; p < m->population->groups_count; p++)
            if (m->to_data[p] == -1 && !m->population->groups[p].missing && m->people[p] > 0)
                absent[target->absent_count++] = (eh_target_absent){target->attributes[d], m->population->groups[p].name, m->people[p] / total};
    }
    target->absent = absent;
    return EH_OK;
}

/* A crossing of groups that the data has and the population has not. */
static eh_code joint_check(const eh_target *target, const eh_cube *cube, eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer list = {0};
    size_t wrong = 0;
    for (size_t c = 0; c < cube->cells_count && target->attributes_count > 1; c++) {
        size_t level = eh_target_level(target, cube, cube->cells[c].group);
        if (!target->known[level] || target->shares[level] > 0)
            continue;
        target->known[level] = false; /* told once */
        if (++wrong > LISTED_MAX)
            continue;
        eh_buffer_text(&list, "\n  ");
        for (size_t d = 0; d < target->attributes_count; d++) {
            size_t attribute = target->attributes[d];
            eh_buffer_format(&list, "%s%.80s", d == 0 ? "" : " & ", cube->dimensions[attribute].groups[cube->cells[c].group[attribute]].name);
        }
        eh_buffer_text(&list, ": people in the data, none in the population");
    }
    if (wrong == 0)
        return EH_OK;
    EH_TRY(eh_buffer_check(&list, error));
    return eh_fail(error, EH_CONFLICT, "the population %s: %zu crossing%s of groups %s a share of zero:%s\nCorrect the population, give margins instead of a joint "
                   "table, or leave these out: --skip-unmatched, and in evenhand.yaml or a plan of repairs 'skip_unmatched: true'", target->path, wrong, wrong == 1 ? "" : "s", wrong == 1 ? "has" : "have", list.ptr);
}

eh_code eh_target_of(const eh_population_table *population, const eh_cube *cube, bool skip_unmatched, eh_arena *arena, eh_target *target_out,
                     eh_error *error)
{
    eh_target target = {.path = population->path, .attributes_count = population->cube->dimensions_count, .levels_count = 1};
    matching *matches = EH_TAKE(arena, EH_ATTRIBUTES_MAX, matching);
    if (matches == NULL)
        return eh_fail_memory(error);
    for (size_t d = 0; d < target.attributes_count; d++) {
        target.attributes[d] = population->attribute_index[d];
        match(&matches[d], &cube->dimensions[target.attributes[d]], &population->cube->dimensions[d]);
        group_people(population->cube, d, matches[d].people);
        if (!skip_unmatched)
            EH_TRY(match_check(&matches[d], population->path, error));
        if (__builtin_mul_overflow(target.levels_count, cube->dimensions[target.attributes[d]].groups_count, &target.levels_count) ||
            target.levels_count > EH_CELLS_MAX)
            return eh_fail(error, EH_LIMIT, "--population %s: more than %d crossings of groups; give margins", population->path, EH_CELLS_MAX);
    }
    target.shares = EH_TAKE(arena, target.levels_count, double);
    target.known = EH_TAKE(arena, target.levels_count, bool);
    if (target.shares == NULL || target.known == NULL)
        return eh_fail_memory(error);
    shares_fill(&target, cube, population->cube, matches);
    if (!(target.people > 0))
        return eh_fail(error, EH_INPUT, "--population %s: the people add up to 0", population->path);
    known_fill(&target, cube, matches);
    EH_TRY(absent_fill(&target, matches, arena, error));
    if (!skip_unmatched)
        EH_TRY(joint_check(&target, cube, error));
    for (size_t level = 0; level < target.levels_count; level++)
        target.known[level] = target.known[level] && target.shares[level] > 0;
    *target_out = target;
    return EH_OK;
}
