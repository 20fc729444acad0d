/**
 * The workspace: `evenhand.yaml`, and the people that it describes.
 *
 * A folder that a shop owns. evenhand.yaml names its data sources, what is a feature, what is a protected attribute, the outcome and
 * the words. eh_workspace_open reads it whole and refuses what it does not know, with line, column and a suggestion.
 * eh_people_open loads the sources into an engine of its own and makes one table with one row per person, as of a moment:
 *
 *   - features see rows whose time is at or before the moment (a source names its time column; a source without one is undated);
 *   - outcomes see, of dated sources, rows after the moment and at most `within` after it;
 *   - people whose own row lies after the moment are not there yet.
 *
 * The fairness wall: columns that a protected attribute reads do not exist where features, outcomes and SQL sources are evaluated, so
 * no alias, star, struct, view or view over a view reaches them; what tries to is refused with the way by which it came. Protected
 * attributes are read apart (eh_protected_read), from raw data in an engine of their own, and go to the vault.
 *
 * Example (all keys are in docs/workspace.md and docs/workspace.schema.json):
 *
 *     EH_TRY(eh_workspace_open(NULL, &workspace, error));
 *     EH_TRY(eh_people_open(workspace, &(eh_people_options){.as_of = moment, .dated = true, .now = now}, &people, error));
 *     EH_TRY(eh_cube_read(eh_people_engine(people), &spec, arena, &cube, error));      // expressions over key, features, outcomes
 *     EH_TRY(eh_people_column(people, "months_since_order", arena, &column, error));   // or whole columns in memory
 */
#ifndef EH_DATA_WORKSPACE_H
#define EH_DATA_WORKSPACE_H

#include "base/time.h"
#include "base/yaml.h"
#include "data/data.h"

#define EH_WORKSPACE_FILE "evenhand.yaml"
#define EH_WORKSPACE_STATE_FOLDER ".evenhand"
/** `key: each_row`: no column tells people apart, so every row is a person of its own; its key is made from its content. */
#define EH_KEY_EACH_ROW "each_row"

/* ---- the model of evenhand.yaml -------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;     /* required */
    const char *contact;  /* an address that answers; NULL where not given, as all below */
    const char *address;
    const char *website;
    const char *origin;   /* how the world sees evenhand's pages, "https://mail.shop.example": for the links in messages */
    const char *language; /* BCP 47; "en" */
    const char *country;  /* ISO 3166-1 alpha-2, upper case */
    const char *zone;     /* IANA; "UTC" */
} eh_shop;

typedef struct {
    const char *name;
    const char *const *reads;    /* files and patterns as written, relative to the folder; reads_count 0: an SQL source */
    size_t reads_count;
    const char *sql;             /* one SELECT over sources that stand before; NULL for files */
    const char *key;             /* unique, never missing; NULL: not checked (not for the people's source) */
    const char *person;          /* the column that says whose row it is; the people's source: its key; NULL: cannot be joined */
    const char *time;            /* when it happened; NULL: undated */
    const char *const *not_protected; /* columns that share a name with a protected one and are about something else */
    size_t not_protected_count;
    const eh_yaml_node *node;
} eh_workspace_source;

typedef enum { EH_MONOTONE_NO, EH_MONOTONE_INCREASING, EH_MONOTONE_DECREASING } eh_monotone;

typedef struct {
    const char *name;
    const char *value;         /* SQL over sources, `today` (DATE) and `now` (TIMESTAMP) of the moment */
    const char *says;          /* for the customer; "{value}" stands for the value; NULL only for outcomes and protected attributes */
    const char *from_whom;     /* where it came from, for the customer; NULL: not told */
    const char *missing;       /* says when there is no value; NULL: not told */
    eh_monotone monotone;
    bool changeable;           /* the person can change it; counterfactuals use nothing else */
    bool proxy_accepted;       /* `proxy: accepted`: known to stand for a protected attribute, and kept by decision */
    const eh_yaml_node *node;  /* the mapping, or the value of the short form; for eh_yaml_fail */
    const eh_yaml_node *value_node;
} eh_workspace_feature;

typedef struct {
    const char *name;
    const char *value;
    const double *bands;       /* as eh_cube_attribute.edges; NULL: none */
    size_t bands_count;
    uint32_t top;              /* 0: all groups */
    const char *reference;     /* the group that others are compared with; NULL: the largest */
    const char *from_whom;
    const char *says;
    bool special;              /* a special category (GDPR 9): needs `necessity` */
    const char *necessity;     /* why nothing synthetic or anonymous will do */
    eh_duration keep;          /* how long the vault keeps it; workspace default 24 months */
    const eh_yaml_node *node, *value_node;
} eh_workspace_attribute;

typedef struct {
    const char *name;
    const char *value;         /* true/false or a number */
    const char *says;
    eh_duration within;        /* 0 seconds: no window; dated rows are then all that lie after the moment */
    const eh_yaml_node *node, *value_node;
} eh_workspace_outcome;

typedef struct {
    const char *attribute;     /* a protected attribute */
    const char *value;         /* SQL over the population file; by default the column of that name */
    const eh_yaml_node *node;
} eh_population_column;

/** Who the data should stand for. reads_count 0: not given. */
typedef struct {
    const char *const *reads;
    size_t reads_count;
    const char *weight;        /* SQL over the file: how many people a row stands for; NULL: 1 */
    const char *where;         /* NULL: all rows */
    const eh_population_column *columns;
    size_t columns_count;
    bool skip_unmatched;       /* groups that only one side knows are left out of the comparison instead of refused */
    const eh_yaml_node *node;
} eh_population;

enum { EH_DUPLICATE_PARTS_MAX = 4 };

/** Columns by which people are compared; NULL or none: not by that. */
typedef struct {
    const char *email, *phone, *postcode, *country;
    const char *const *names;      /* parts of the name, such as first_name, last_name */
    size_t names_count;
    const char *const *addresses;  /* parts of the address, such as street, city */
    size_t addresses_count;
    const eh_yaml_node *node;      /* NULL: not given */
} eh_duplicate_columns;

typedef struct {
    eh_shop shop;
    bool profiling;            /* off until switched on */
    const eh_workspace_source *sources;
    size_t sources_count;
    size_t people;             /* index of the source with one row per person: `people:`, or the first */
    const eh_workspace_attribute *attributes; /* protected */
    size_t attributes_count;
    const eh_workspace_feature *features;
    size_t features_count;
    const eh_workspace_outcome *outcomes; /* the first is the default */
    size_t outcomes_count;
    eh_population population;
    eh_duplicate_columns duplicates;
    eh_duration check_every;   /* default 1 month as 30 days */
    eh_duration vault_keep;
    const char *folder;        /* where evenhand.yaml lies, "." or a path */
    const char *state_folder;  /* folder/.evenhand */
    const eh_yaml_node *rights; /* the section of that name, for eh_rights_house_read; NULL: none */
    const eh_yaml_node *root;
} eh_workspace_model;

typedef struct eh_workspace eh_workspace;

/**
 * Opens the workspace in `folder`; NULL: the current folder or the nearest above it that holds evenhand.yaml.
 * Reads no data. errors: EH_NOT_FOUND with the advice to run `evenhand init`; EH_INPUT with line and column
 */
EH_MUST_USE eh_code eh_workspace_open(const char *folder, eh_workspace **workspace_out, eh_error *error);
/** Parses evenhand.yaml from memory; `name` stands in errors. For tests, fuzzing and for `init`, which checks what it has written. */
EH_MUST_USE eh_code eh_workspace_parse(eh_view text, const char *name, const char *folder, eh_workspace **workspace_out, eh_error *error);
void eh_workspace_close(eh_workspace **workspace);
const eh_workspace_model *eh_workspace_get(const eh_workspace *workspace);
/** A path of the workspace: "data/x.csv" below its folder; an absolute one is as it is. Lives as long as the workspace. */
const char *eh_workspace_path(eh_workspace *workspace, const char *relative);

/* ---- people ------------------------------------------------------------------------------------------------------------------ */

typedef struct {
    bool dated;          /* `as_of` is set; else the moment is `now` */
    eh_instant as_of;
    eh_instant now;      /* the clock: rows after it (and a day) are an error */
    bool outcomes;       /* outcomes are wanted too: the moment then has to lie so far back that their windows are over */
    bool features_only_named; /* only the features of `features` are made */
    const char *const *features;
    size_t features_count;
    const char *output;  /* the one file that the engine may write (eh_transform_write); NULL: none */
    eh_engine_options engine;
    /** True for a key that is left out of the table, as if the files did not hold it (who was erased); NULL: nobody is. */
    bool (*left_out)(void *context, eh_view key);
    void *left_out_context;
} eh_people_options;

typedef struct eh_people eh_people;

typedef enum { EH_PERSON_NUMBER, EH_PERSON_BOOLEAN, EH_PERSON_TEXT } eh_person_kind;

/** One column of the people's table, whole. Rows are in the order of the key. */
typedef struct {
    const char *name;
    eh_person_kind kind;
    size_t rows_count;
    const double *numbers;       /* EH_PERSON_NUMBER, EH_PERSON_BOOLEAN (0, 1); NaN: missing */
    const uint32_t *codes;       /* EH_PERSON_TEXT: index into levels; levels_count: missing */
    const char *const *levels;   /* sorted bytewise */
    size_t levels_count;
} eh_person_column;

/**
 * Loads the sources and makes the people's table: "key" (text), the features, the outcomes, in one row per person, ordered by key.
 * errors: a source or column that is missing, key not unique or missing, columns that change type between files, dates in the future,
 *         an expression that does not fit (all with their place in evenhand.yaml and what to do); EH_DENIED for a feature that reads a
 *         protected column
 * cost: one read of the files; one GROUP BY per set of sources that features combine
 */
EH_MUST_USE eh_code eh_people_open(eh_workspace *workspace, const eh_people_options *options, eh_people **people_out, eh_error *error);
void eh_people_close(eh_people **people);
/** The engine, in which eh_cube_read and eh_soft_read see the people's table; borrowed. */
eh_engine *eh_people_engine(const eh_people *people);
size_t eh_people_count(const eh_people *people);
/** The moment that was used. */
eh_instant eh_people_as_of(const eh_people *people);
/** The keys, in order, borrowed from `arena`. */
EH_MUST_USE eh_code eh_people_keys(eh_people *people, eh_arena *arena, const char *const **keys_out, eh_error *error);
/** True for a feature that reads dated sources only: as of its moment it knows nothing of what came after. */
bool eh_people_is_as_of(const eh_people *people, const char *name);
/** One column: a feature, an outcome, or what eh_people_attach added. */
EH_MUST_USE eh_code eh_people_column(eh_people *people, const char *name, eh_arena *arena, eh_person_column *column_out, eh_error *error);
/** A column that comes from elsewhere, e.g. a protected attribute from the vault. */
typedef struct {
    const char *name;
    const char *const *values; /* values[i] belongs to the i-th key; NULL: missing */
    bool numbers;              /* the texts are numbers (for attributes with bands); one that is none is missing */
} eh_attached_column;

/** Adds columns to what the cube sees: eh_cube_read can then group by "name". errors: EH_CONFLICT when a name is taken */
EH_MUST_USE eh_code eh_people_attach(eh_people *people, const eh_attached_column *columns, size_t columns_count, eh_error *error);

/* ---- a condition asked of one person at a time (condition.c) -------------------------------------------------------------------- */

typedef struct {
    const char *name;          /* of a feature; "key" is always there, as the first value */
    eh_person_kind kind;
} eh_condition_column;
typedef struct {
    bool missing;
    double number;             /* EH_PERSON_NUMBER, EH_PERSON_BOOLEAN */
    eh_view text;              /* EH_PERSON_TEXT, and the key */
} eh_condition_value;
typedef struct eh_condition eh_condition;

/** Prepares an expression over key and features, already checked by eh_expression_parse, in an engine of its own that can read no file. errors: as the engine's */
EH_MUST_USE eh_code eh_condition_open(const char *sql, const eh_condition_column *columns, size_t count, eh_condition **condition_out, eh_error *error);
void eh_condition_close(eh_condition **condition);
/** Is it true? values: count + 1 of them, the key first. Any number of threads; they wait for each other. cost: about half a millisecond */
EH_MUST_USE eh_code eh_condition_ask(eh_condition *condition, const eh_condition_value *values, bool *true_out, eh_error *error);

/** The latest moment whose outcome windows are over in the data: the last time of the outcome's dated sources less `within`.
 *  errors: EH_INPUT when no source of the outcome is dated (then any moment will do: use the last time of all sources, or now) */
EH_MUST_USE eh_code eh_people_latest_moment(eh_workspace *workspace, const eh_people_options *options, eh_instant *moment_out, eh_error *error);

/* ---- protected attributes, raw: only for what fills the vault ------------------------------------------------------------------ */

typedef struct {
    const char *attribute;
    size_t rows_count;
    const char *const *keys;   /* of people */
    const char *const *values; /* as text (bands not applied); NULL: missing */
} eh_protected_column;

/** Evaluates the protected attributes from raw data, in an engine that is closed before this returns. One column per attribute of the workspace. */
EH_MUST_USE eh_code eh_protected_read(eh_workspace *workspace, const eh_people_options *options, eh_arena *arena,
                                      eh_protected_column *columns_out, eh_error *error);

#endif
