/** Private to src/data: how rows are read as codes. */
#ifndef EH_DATA_CODED_INT_H
#define EH_DATA_CODED_INT_H

#include "data/cube_int.h"

#define EH_CODED_TABLE "evenhand_coded"

enum { EH_CODED_CANDIDATES_MAX = 128 }; /* columns that are looked at when none are named */

/** A column that may become a dimension. */
typedef struct {
    eh_cube_attribute attribute;
    eh_key key;
    bool named;          /* by --over */
    uint64_t known;      /* rows with a value */
    uint64_t distinct;   /* about so many different values */
    const char *why_not; /* NULL: it is grouped */
    bool banded;         /* cut at quantiles */
} eh_candidate;

typedef struct {
    eh_reading reading;  /* decision, label, weight and where are checked in it */
    eh_cube_spec cube_spec;
    const eh_coded_spec *spec;
    eh_column expected;
    eh_candidate *candidates; /* then within and score, if asked for */
    size_t candidates_count;
    size_t within, score;     /* indexes; 0: none */
    size_t columns_count;     /* candidates_count, and within and score */
    eh_coded_left_out *beyond; /* columns that were not even looked at */
    size_t beyond_count;
    uint64_t rows;
    bool expected_rounded;
} eh_coding;

/** Finds and checks the columns that may be grouped (coded_columns.c). */
EH_MUST_USE eh_code eh_coding_open(eh_coding *coding);
/** Counts their values and decides how each is grouped, if it is. */
EH_MUST_USE eh_code eh_coding_profile(eh_coding *coding);

#endif
