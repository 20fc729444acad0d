/**
 * CEL, the Common Expression Language (github.com/cel-expr/cel-spec v0.25), without protobuf messages: parsed, checked and compiled
 * once, then run many times over values that are borrowed. README.md has the grammar, the semantics and what is deliberately different.
 *
 *     environment (declared names) + text -> program -> machine + facts -> value
 *
 * A program is immutable and may be run by many threads; a machine belongs to one. Running allocates nothing in steady state: what an
 * expression makes lives in the machine's own memory until its next run. Limits on length, depth, cost and memory are always on.
 */
#ifndef EH_POLICY_CEL_H
#define EH_POLICY_CEL_H

#include "base/base.h"
#include "base/json.h"
#include "base/time.h"

/* ---- values ------------------------------------------------------------------------------------------------------------------ */

typedef enum {
    EH_CEL_NULL,
    EH_CEL_BOOL,
    EH_CEL_INT,
    EH_CEL_UINT,
    EH_CEL_DOUBLE,
    EH_CEL_STRING,
    EH_CEL_BYTES,
    EH_CEL_TIMESTAMP,
    EH_CEL_DURATION,
    EH_CEL_LIST,
    EH_CEL_MAP,
    EH_CEL_TYPE,
    EH_CEL_OPTIONAL,
    EH_CEL_ERROR,   /* evaluation went wrong; text says why */
    EH_CEL_UNKNOWN, /* a fact that is not known; slot says which */
    EH_CEL_KINDS_COUNT
} eh_cel_kind;

typedef struct eh_cel_list eh_cel_list;
typedef struct eh_cel_map eh_cel_map;
typedef struct eh_cel_value eh_cel_value;

/** Sixteen bytes, copied freely; what it points at is borrowed. */
struct eh_cel_value {
    uint8_t kind; /* eh_cel_kind */
    union {
        uint32_t len;        /* bytes of text (STRING, BYTES, TYPE, ERROR) */
        int32_t nanoseconds; /* TIMESTAMP, DURATION */
        uint32_t slot;       /* UNKNOWN: the variable */
    };
    union {
        bool boolean;
        int64_t integer;
        uint64_t natural;
        double real;
        int64_t seconds;              /* TIMESTAMP, DURATION */
        const char *text;             /* STRING, BYTES, TYPE (its name), ERROR; not terminated */
        const eh_cel_list *list;
        const eh_cel_map *map;
        const eh_cel_value *optional; /* NULL: none */
    };
};

struct eh_cel_list {
    uint32_t count;
    uint32_t depth;  /* 1 + the depth of the deepest item */
    uint32_t weight; /* 1 + the weights of the items; 1 for what is no list or map */
    const eh_cel_value *items;
};

typedef struct {
    eh_cel_value key, value;
} eh_cel_entry;

struct eh_cel_map {
    uint32_t count;
    uint32_t depth;
    uint32_t weight;
    uint32_t mask;         /* 0: no index, entries are looked through */
    const uint32_t *index; /* open addressing: entry + 1, or 0 */
    const eh_cel_entry *entries;
};

static inline eh_cel_value eh_cel_null(void) { return (eh_cel_value){.kind = EH_CEL_NULL}; }
static inline eh_cel_value eh_cel_bool(bool value) { return (eh_cel_value){.kind = EH_CEL_BOOL, .boolean = value}; }
static inline eh_cel_value eh_cel_int(int64_t value) { return (eh_cel_value){.kind = EH_CEL_INT, .integer = value}; }
static inline eh_cel_value eh_cel_uint(uint64_t value) { return (eh_cel_value){.kind = EH_CEL_UINT, .natural = value}; }
static inline eh_cel_value eh_cel_double(double value) { return (eh_cel_value){.kind = EH_CEL_DOUBLE, .real = value}; }
/** The text is borrowed and must be valid UTF-8 (eh_utf8_valid). */
static inline eh_cel_value eh_cel_string(eh_view text)
{
    return (eh_cel_value){.kind = EH_CEL_STRING, .len = (uint32_t)text.len, .text = text.ptr};
}
static inline eh_cel_value eh_cel_timestamp(eh_instant at)
{
    return (eh_cel_value){.kind = EH_CEL_TIMESTAMP, .nanoseconds = at.nanoseconds, .seconds = at.seconds};
}
static inline eh_cel_value eh_cel_duration(eh_duration of)
{
    return (eh_cel_value){.kind = EH_CEL_DURATION, .nanoseconds = of.nanoseconds, .seconds = of.seconds};
}
/** A fact that is not known. Its slot is filled in when a program reads it. */
static inline eh_cel_value eh_cel_unknown(void) { return (eh_cel_value){.kind = EH_CEL_UNKNOWN}; }
static inline eh_view eh_cel_text(eh_cel_value value) { return (eh_view){value.text, value.len}; }

/** Equality as CEL has it: numbers by value across types, different types are not equal, NaN is not equal to itself. */
bool eh_cel_equal(eh_cel_value a, eh_cel_value b);
/** "int", "google.protobuf.Timestamp", ...: what type() gives. */
eh_view eh_cel_type_name(eh_cel_value value);

/* ---- environments: what an expression may name ----------------------------------------------------------------------------------- */

typedef struct eh_cel_env eh_cel_env;

typedef struct {
    const char *container;   /* "a.b": names are looked up as a.b.NAME, a.NAME, NAME; NULL: none */
    bool macros_disabled;
    bool check;              /* types are checked; else only names and syntax, and what is wrong shows when it is run */
} eh_cel_env_options;

/** Lives in `arena`, which must outlive all programs made with it. NULL: no memory. */
eh_cel_env *eh_cel_env_open(eh_arena *arena, const eh_cel_env_options *options);
/**
 * Declares a variable: a name (dots are allowed) and its type in CEL's own words: int, string, list(int), map(string, dyn), timestamp,
 * duration, optional(T), dyn. Its slot, the place of its value in the facts, is the number of those declared before.
 * errors: EH_INPUT for a type that is none, EH_CONFLICT for a name declared before, EH_LIMIT
 */
EH_MUST_USE eh_code eh_cel_env_declare(eh_cel_env *env, eh_view name, const char *type, eh_error *error);
/**
 * Declares what one entry of a type environment in JSON says (cel.expr.Decl): {"name": "x", "ident": {"type": {"primitive": "INT64"}}}, or a
 * function with its overloads, which the checker knows and no machine can run.
 * errors: as above
 */
EH_MUST_USE eh_code eh_cel_env_declare_json(eh_cel_env *env, eh_json_value declaration, eh_error *error);
size_t eh_cel_env_count(const eh_cel_env *env);
/** The name of a slot, terminated. */
const char *eh_cel_env_name(const eh_cel_env *env, size_t slot);
const char *eh_cel_env_type(const eh_cel_env *env, size_t slot);
/** The slot of a name; SIZE_MAX when it is not declared. */
size_t eh_cel_env_find(const eh_cel_env *env, eh_view name);

/* ---- programs -------------------------------------------------------------------------------------------------------------------- */

typedef struct eh_cel_program eh_cel_program;

/**
 * Parses, checks (if the environment says so) and compiles `text`, which is borrowed for as long as the program lives.
 * errors: EH_INPUT with line, column and a caret line; EH_LIMIT
 * cost: linear in the text, but for types, which may cost the square of the nesting
 */
EH_MUST_USE eh_code eh_cel_compile(eh_cel_env *env, eh_view text, eh_arena *arena, const eh_cel_program **program_out, eh_error *error);
/** The type that the checker gave the whole expression, as text: "bool", "list(int)"; "dyn" when nothing was checked. */
const char *eh_cel_program_type(const eh_cel_program *program);
/** The same as the JSON of cel.expr.Type, appended as the member `key`. */
void eh_cel_program_type_json(const eh_cel_program *program, eh_json_writer *out, const char *key);
/** The slots that the program can read, ascending; each once. */
const uint32_t *eh_cel_program_slots(const eh_cel_program *program, size_t *count_out);
/** An upper bound of the cost of one run, when texts and lists of the facts have at most EH_CEL_ASSUMED_ITEMS items. */
uint64_t eh_cel_program_cost_max(const eh_cel_program *program);
/** Boolean sub-expressions, the whole first, each with its text; for coverage and explanations. */
typedef struct {
    eh_view text;
    uint32_t line, column;
} eh_cel_part;
const eh_cel_part *eh_cel_program_parts(const eh_cel_program *program, size_t *count_out);

/* ---- machines ---------------------------------------------------------------------------------------------------------------------- */

typedef struct eh_cel_machine eh_cel_machine;

typedef struct {
    uint64_t cost_max; /* 0: EH_CEL_COST_MAX; never more */
    eh_zones *zones;   /* shared by machines; NULL: the machine opens its own */
} eh_cel_machine_options;

EH_MUST_USE eh_code eh_cel_machine_open(const eh_cel_machine_options *options, eh_cel_machine **machine_out, eh_error *error);
void eh_cel_machine_close(eh_cel_machine **machine);

enum { EH_CEL_PART_FALSE = 1, EH_CEL_PART_TRUE = 2, EH_CEL_PART_ERROR = 4 };

/**
 * Runs a program over `facts`, one value per slot of its environment (UNKNOWN where it is not known). The result is valid until the
 * machine runs again. An error of the expression is a value of kind EH_CEL_ERROR, never a failure of the call.
 */
eh_cel_value eh_cel_run(eh_cel_machine *machine, const eh_cel_program *program, const eh_cel_value *facts);
/** As eh_cel_run; parts_out, one byte per part of the program, collects (ors) EH_CEL_PART_* of all that was evaluated. */
eh_cel_value eh_cel_run_parts(eh_cel_machine *machine, const eh_cel_program *program, const eh_cel_value *facts, uint8_t *parts_out);
/** What the last run cost. */
uint64_t eh_cel_machine_cost(const eh_cel_machine *machine);

/**
 * What is left of a program when only some facts are known: its text with all that is decided replaced by its value, appended to
 * `text_out`. The residual means the same as the program for every completion of the facts.
 */
EH_MUST_USE eh_code eh_cel_residual(eh_cel_machine *machine, const eh_cel_program *program, const eh_cel_value *facts, eh_buffer *text_out,
                                    eh_error *error);

/* ---- values and JSON ----------------------------------------------------------------------------------------------------------------- */

/**
 * Appends a value as the JSON form of cel.expr.Value under `key`: {"int64Value":"5"}, {"listValue":{"values":[...]}}, timestamps and durations as
 * {"objectValue":{"@type":"type.googleapis.com/google.protobuf.Timestamp","value":"..."}}.
 */
void eh_cel_value_json(eh_cel_value value, eh_json_writer *out, const char *key);
/** Appends a value as a CEL literal that evaluates to it (timestamp("..."), b"...", -0.0, ...). */
void eh_cel_value_literal(eh_cel_value value, eh_buffer *out);
/**
 * A value from JSON: the form of cel.expr.Value, or the same wrapped as cel.expr.ExprValue ({"value": {...}}), or plain JSON (whole
 * numbers are int, other numbers double). Texts are borrowed from the document, the rest lives in `arena`.
 * errors: EH_INPUT
 */
EH_MUST_USE eh_code eh_cel_value_from_json(eh_json_value json, eh_arena *arena, eh_cel_value *value_out, eh_error *error);
/** Plain JSON of a declared type ("timestamp" from RFC 3339 text, "duration", "bytes" from base64, uint, int, double); else as above. */
EH_MUST_USE eh_code eh_cel_value_of_type(eh_json_value json, const char *type, eh_arena *arena, eh_cel_value *value_out, eh_error *error);
/** A list value in `arena`; the items are borrowed. NULL list in the value: no memory. */
eh_cel_value eh_cel_list_of(eh_arena *arena, const eh_cel_value *items, size_t count);

#endif
