/** Builds cubes by hand for the audit's tests: one attribute, or two, a cell at a time. */
#ifndef EH_TESTS_CUBE_BUILDER_H
#define EH_TESTS_CUBE_BUILDER_H

#include "audit/audit.h"

enum { BUILDER_CELLS_MAX = 4096, BUILDER_GROUPS_MAX = 64 };

typedef struct {
    eh_cube cube;
    eh_cube_group groups[2][BUILDER_GROUPS_MAX];
    char names[2][BUILDER_GROUPS_MAX][16];
    eh_cell cells[BUILDER_CELLS_MAX];
    const char *strata[BUILDER_GROUPS_MAX];
} cube_builder;

/** Starts a cube of one attribute (second_groups 0) or two; groups are named a, b, c ... */
void builder_start(cube_builder *builder, size_t first_groups, size_t second_groups);
/** The groups of a cell (second is 0 for one attribute), its label and decision: EH_FALSE, EH_TRUE or EH_UNKNOWN. */
typedef struct {
    uint16_t first, second;
    uint8_t label, decision;
} builder_key;

/** Adds `count` rows of weight 1. */
void builder_add(cube_builder *builder, builder_key key, uint64_t count);
/** The same in a stratum. */
void builder_add_stratum(cube_builder *builder, uint16_t first, uint16_t stratum, uint8_t decision, uint64_t count);
/** The cube, complete. */
const eh_cube *builder_cube(cube_builder *builder);

#endif
