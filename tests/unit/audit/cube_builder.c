#include "cube_builder.h"

#include <string.h>

void builder_start(cube_builder *builder, size_t first_groups, size_t second_groups)
{
    memset(builder, 0, sizeof *builder);
    const size_t counts[2] = {first_groups, second_groups};
    for (size_t d = 0; d < 2 && counts[d] > 0; d++) {
        for (size_t g = 0; g < counts[d]; g++) {
            snprintf(builder->names[d][g], sizeof builder->names[d][g], "%c%s", (char)('a' + g % 26), g >= 26 ? "+" : "");
            builder->groups[d][g].name = builder->names[d][g];
        }
        builder->cube.dimensions[d] = (eh_cube_dimension){.name = d ? "second" : "first", .groups = builder->groups[d],
                                                          .groups_count = counts[d]};
        builder->cube.dimensions_count = d + 1;
    }
    builder->strata[0] = "";
    builder->cube.strata_count = 1;
}

static eh_cell *builder_cell(cube_builder *builder, uint64_t count)
{
    EH_ASSERT(builder->cube.cells_count < BUILDER_CELLS_MAX);
    eh_cell *cell = &builder->cells[builder->cube.cells_count++];
    cell->count = count;
    cell->weight = cell->weight_squares = (double)count;
    builder->cube.rows += count;
    return cell;
}

void builder_add(cube_builder *builder, builder_key key, uint64_t count)
{
    if (count == 0)
        return;
    eh_cell *cell = builder_cell(builder, count);
    cell->group[0] = key.first;
    cell->group[1] = key.second;
    cell->label = key.label;
    cell->decision = key.decision;
}

void builder_add_stratum(cube_builder *builder, uint16_t first, uint16_t stratum, uint8_t decision, uint64_t count)
{
    EH_ASSERT(stratum < BUILDER_GROUPS_MAX);
    eh_cell *cell = builder_cell(builder, count);
    cell->group[0] = first;
    cell->stratum = stratum;
    cell->label = EH_UNKNOWN;
    cell->decision = decision;
    builder->strata[stratum] = "stratum";
    if (builder->cube.strata_count < (size_t)stratum + 1)
        builder->cube.strata_count = (size_t)stratum + 1;
}

const eh_cube *builder_cube(cube_builder *builder)
{
    builder->cube.cells = builder->cells;
    builder->cube.strata = builder->strata;
    return &builder->cube;
}
