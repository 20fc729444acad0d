/**
 * Private to src/data: how the people's table is made.
 *
 * Steps, each in its file: every SQL text of the workspace is parsed by the engine and traced (sql_trace.c); the sources are described
 * and the columns that protected attributes read are found (people_protected.c); what is left is loaded into tables and checked
 * (people_load.c); the engine is locked, so that no SQL of the workspace reaches a file; expressions are evaluated, set of sources
 * by set of sources (people_values.c); people.c puts it together, people_columns.c reads it.
 *
 * Inside the engine "evenhand data NAME" holds a source's rows and "NAME" is the view of it as of the moment.
 */
#ifndef EH_DATA_PEOPLE_INT_H
#define EH_DATA_PEOPLE_INT_H

#include "data/workspace_int.h"

#define EH_DATA_PREFIX "evenhand data "
#define EH_PEOPLE_TABLE "\"evenhand people\""
#define EH_ROW_COLUMN "\"evenhand row\""

/* ---- traces (sql_trace.c) --------------------------------------------------------------------------------------------------- */

typedef struct {
    const char **parts; /* "orders", "amount" */
    size_t parts_count;
} eh_reference;

typedef struct {
    const char **items;
    size_t count, capacity;
} eh_words;

/** What the engine's parser found in one text. */
typedef struct {
    const char *fault;       /* what is wrong with the syntax, or NULL */
    size_t statements_count;
    eh_reference *references; /* columns */
    size_t references_count, references_capacity;
    eh_words tables, table_functions, functions, ctes;
    bool star;               /* *, COLUMNS(..) */
    bool lambda;
    bool qualified;          /* a table with a schema or catalog before it */
} eh_trace;

/** Parses all texts in one query; texts are whole statements. */
EH_MUST_USE eh_code eh_traces_read(eh_engine *engine, const char *const *texts, size_t count, eh_arena *arena, eh_trace *traces_out, eh_error *error);
bool eh_words_have(const eh_words *words, const char *word);

/* ---- state --------------------------------------------------------------------------------------------------------------------- */

typedef struct {
    const eh_workspace_source *source;
    eh_input_files files;     /* count 0: an SQL source */
    eh_trace trace;           /* of an SQL source */
    const char **names, **types; /* all columns of files; of an SQL source those of its view */
    size_t columns_count;
    bool *hidden;             /* per column: protected */
    const char *person;       /* column, or NULL */
    bool single;              /* at most one row per person */
    bool keyed_by_row;        /* key: each_row; the key is the last column */
    bool withheld;            /* an SQL source that a protected attribute reads: does not exist for features */
    const char *withheld_by;
    int64_t first_us, last_us; /* of `time` */
    bool timed;               /* first_us, last_us are set */
    const char *time_type;
} eh_people_source;

/** An expression to be evaluated: a feature, an outcome or a protected attribute. */
typedef struct {
    const char *name, *sql;
    const eh_yaml_node *node; /* for errors */
    const char *room;         /* "features", "outcome", "protected" */
    eh_duration within;       /* outcomes */
    eh_trace trace;
    uint64_t sources;         /* bit i: source i; the people's own always */
    uint64_t named;           /* those whose columns it reads */
    const char *type_sql;
    eh_person_kind kind;
} eh_people_value;

typedef enum { EH_PHASE_FEATURES, EH_PHASE_OUTCOMES } eh_people_phase;

struct eh_people {
    eh_workspace *workspace;
    const eh_workspace_model *model;
    const eh_people_options *options; /* while it is made */
    eh_engine *engine;
    eh_arena *arena;
    eh_people_source *sources;        /* model->sources_count */
    eh_people_value *values;          /* what becomes columns */
    size_t values_count;
    eh_people_value *attributes;      /* protected; traced in any case */
    size_t attributes_count;
    bool raw;                         /* protected columns are there: only for eh_protected_read */
    bool everything;                  /* a star somewhere: all columns are loaded */
    const char *key_type;             /* of joins */
    eh_instant as_of, now;
    size_t rows_count;
    size_t attached_count;            /* tables */
    const char **column_names;        /* of the view */
    eh_person_kind *column_kinds;
    size_t columns_count;
    eh_input_files all_files;
};

/* ---- steps ----------------------------------------------------------------------------------------------------------------------- */

/** Collects and describes the files of all sources; parses every text. (people_load.c) */
EH_MUST_USE eh_code eh_people_describe(eh_people *people, eh_error *error);
/** Loads the sources, checks keys and times, locks the engine. */
EH_MUST_USE eh_code eh_people_load(eh_people *people, eh_error *error);
/** Finds and hides the columns that protected attributes read. (people_protected.c) */
EH_MUST_USE eh_code eh_people_protect(eh_people *people, eh_error *error);
/** EH_DENIED when a reference of `trace` names a hidden column; `node` and `what` for the error. `visible`: bit i: source i is in reach. */
EH_MUST_USE eh_code eh_people_refuse_protected(const eh_people *people, const eh_trace *trace, const eh_yaml_node *node, eh_error *error);
/** Creates the views of a phase: sources as of the moment, or in the window behind it. (people_values.c) */
EH_MUST_USE eh_code eh_people_views(eh_people *people, eh_people_phase phase, eh_duration within, eh_error *error);
EH_MUST_USE eh_code eh_people_views_drop(eh_people *people, eh_error *error);
/** Finds the sources of a value, checks it and tells its type. Views must be there. */
EH_MUST_USE eh_code eh_value_check(eh_people *people, eh_people_value *value, eh_error *error);
/** Evaluates values [first, first + count) into tables "evenhand values N" of (k, values...). tables_count counts on. */
EH_MUST_USE eh_code eh_values_evaluate(eh_people *people, eh_people_value *values, size_t count, size_t *tables_count, eh_error *error);

/** Index of a column by name without regard to case, or columns_count. */
size_t eh_people_column_index(const eh_people_source *source, const char *name);
/** Microseconds since 1970. */
int64_t eh_instant_us(eh_instant instant);
/** Refuses functions whose answer is another one tomorrow: now(), random(). */
EH_MUST_USE eh_code eh_trace_refuse_volatile(const eh_trace *trace, const eh_yaml_node *node, eh_error *error);

#endif
