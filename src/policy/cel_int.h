/**
 * CEL's insides, shared by the files of this room.
 *
 * text -> lexer -> parser (an explicit stack; macros are nodes of their own) -> nodes, children before parents -> names -> types
 * -> code -> machine. No pass recurses: nodes are an array whose order is a post-order, and the code is a list of instructions.
 */
#ifndef EH_POLICY_CEL_INT_H
#define EH_POLICY_CEL_INT_H

#include "policy/cel.h"

static inline bool cel_bad(eh_cel_value value) { return value.kind >= EH_CEL_ERROR; }

/* ---- tokens (cel_lexer.c) -------------------------------------------------------------------------------------------------------- */

typedef enum {
    TOKEN_END,
    TOKEN_IDENT,
    TOKEN_QUOTED, /* `a-b` */
    TOKEN_INT,
    TOKEN_UINT,
    TOKEN_DOUBLE,
    TOKEN_STRING,
    TOKEN_BYTES,
    TOKEN_SYMBOL, /* punctuation and operators: `symbol` */
} token_kind;

typedef enum {
    SYMBOL_NONE,
    SYMBOL_OR, SYMBOL_AND,
    SYMBOL_EQUAL, SYMBOL_NOT_EQUAL, SYMBOL_LESS, SYMBOL_LESS_EQUAL, SYMBOL_GREATER, SYMBOL_GREATER_EQUAL, SYMBOL_IN,
    SYMBOL_ADD, SYMBOL_SUBTRACT, SYMBOL_MULTIPLY, SYMBOL_DIVIDE, SYMBOL_MODULO,
    SYMBOL_NOT, SYMBOL_QUESTION, SYMBOL_COLON, SYMBOL_DOT, SYMBOL_COMMA,
    SYMBOL_PAREN_OPEN, SYMBOL_PAREN_CLOSE, SYMBOL_BRACKET_OPEN, SYMBOL_BRACKET_CLOSE, SYMBOL_BRACE_OPEN, SYMBOL_BRACE_CLOSE,
} symbol_kind;

typedef struct {
    token_kind kind;
    symbol_kind symbol;
    uint32_t start, end; /* in the text */
    eh_view text;        /* as written; for TOKEN_QUOTED what is between the quotes */
} token;

typedef struct {
    eh_view text;
    uint32_t at;
    eh_arena *arena;
} lexer;

EH_MUST_USE eh_code cel_token_next(lexer *in, token *token_out, eh_error *error);
/** The value of a literal token; `negative` for a number with a minus before it. */
EH_MUST_USE eh_code cel_literal(const lexer *in, const token *from, bool negative, eh_cel_value *value_out, eh_error *error);
/** "line L, column C: ..." with the line of the text and a caret below. */
eh_code cel_fail_at(eh_view text, uint32_t at, eh_error *error, eh_code code, const char *format, ...) EH_PRINTF(5, 6);
void cel_place(eh_view text, uint32_t at, uint32_t *line_out, uint32_t *column_out);
/** Code points of valid UTF-8. */
uint32_t cel_codepoints(eh_view text);
/** The code point at the start of a text that is not empty, and its bytes; an invalid byte is U+FFFD and 1 byte. */
uint32_t cel_codepoint(eh_view text, size_t *bytes_out);
size_t cel_codepoint_write(uint32_t codepoint, char out[4]);

/* ---- nodes (cel_parser.c, cel_macros.c) --------------------------------------------------------------------------------------------- */

#define NODE_NONE UINT32_MAX

typedef enum {
    NODE_CONST,
    NODE_IDENT,   /* text; flag NODE_ABSOLUTE for a leading dot */
    NODE_SELECT,  /* children[0].text; NODE_HAS for has(), NODE_OPTIONAL for .? */
    NODE_INDEX,   /* children: of, key; NODE_OPTIONAL for [?] */
    NODE_CALL,    /* text names the function; NODE_MEMBER: children[0] is the target */
    NODE_AND, NODE_OR, NODE_TERNARY,
    NODE_LIST,    /* children; optional elements in `optionals` */
    NODE_MAP,     /* children: key, value, key, value, ... */
    NODE_STRUCT,  /* a message: text is its name; children values; fields' names in `names` */
    NODE_LOOP,    /* a comprehension: `loop`; children: range, [filter or predicate], [result] */
    NODE_BIND,    /* cel.bind: text is the variable; children: value, body */
    NODE_OPTMAP,  /* children: target, body; NODE_FLAT for optFlatMap */
    NODE_BLOCK,   /* cel.block: children: the items, then the body */
} node_kind;

typedef enum {
    LOOP_ALL, LOOP_EXISTS, LOOP_EXISTS_ONE, LOOP_MAP, LOOP_FILTER, LOOP_TRANSFORM_MAP, LOOP_TRANSFORM_ENTRY,
} loop_kind;

enum { NODE_ABSOLUTE = 1, NODE_HAS = 2, NODE_OPTIONAL = 4, NODE_MEMBER = 8, NODE_FLAT = 16, NODE_QUOTED = 16, NODE_TWO = 32, NODE_FILTERED = 64, NODE_OPERATOR = 128 };

typedef struct node {
    uint8_t kind;     /* node_kind */
    uint8_t flags;
    uint8_t loop;     /* loop_kind */
    uint32_t children, count; /* in ast.children */
    uint32_t start, end;      /* in the text; start of the operator or name for errors is `at` */
    uint32_t at;
    eh_view text;             /* name */
    eh_view second;           /* the second variable of a comprehension with two */
    eh_cel_value constant;
    const bool *optionals;    /* per element or entry; NULL: none */
    const eh_view *names;     /* NODE_STRUCT */
    /* filled by names */
    uint32_t scope;           /* the innermost binding that this node sees */
    uint32_t resolved;        /* resolution */
    uint32_t slot;            /* variable, local or function group */
    uint32_t type;            /* checker */
} node;

typedef struct {
    eh_view text; /* the source */
    eh_arena *arena;
    node *nodes;
    uint32_t nodes_count, nodes_capacity;
    uint32_t *children;
    uint32_t children_count, children_capacity;
    uint32_t root;
    bool macros_disabled;
} ast;

EH_MUST_USE eh_code cel_parse(ast *tree, eh_error *error);
/** A new node; NODE_NONE when there are too many or no memory: cel_node_fail then says which. */
uint32_t cel_node_add(ast *tree, node_kind kind, uint32_t start, uint32_t end);
EH_MUST_USE eh_code cel_children_set(ast *tree, uint32_t index, const uint32_t *children, uint32_t count, eh_error *error);
eh_code cel_node_fail(const ast *tree, uint32_t at, eh_error *error);
static inline uint32_t cel_child(const ast *tree, const node *of, uint32_t index)
{
    EH_ASSERT(index < of->count);
    return tree->children[of->children + index];
}
/**
 * Turns a call into what its macro means, if it is one. In: a NODE_CALL with its children. The node is changed in place.
 * errors: EH_INPUT for a macro that is used wrongly
 */
EH_MUST_USE eh_code cel_macro_apply(ast *tree, uint32_t call, eh_error *error);

/* ---- environments and names (cel_env.c, cel_names.c) ----------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    uint32_t name_len;
    uint32_t type;
    const char *type_text;
} variable;

/** A function with its overloads, from the tables of cel_functions.c and its neighbours. */
typedef struct regex regex;
typedef struct machine_call machine_call;
typedef struct {
    const char *name;      /* "size", "_+_", "math.greatest" */
    const char *signature; /* ".ss:b": a member (leading dot) of two strings that gives a bool; letters: cel_types.c */
    eh_cel_value (*run)(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count);
} overload;

typedef struct {
    const overload *rows;
    uint32_t count;
} overload_table;

enum { OVERLOAD_TABLES_COUNT = 8 };
extern const overload_table cel_tables[OVERLOAD_TABLES_COUNT];

/* A function declared in type_env: for the checker only. */
typedef struct {
    eh_view name;
    bool member;
    uint32_t result;
    uint32_t parameters_count;
    const uint32_t *parameters;
    uint32_t type_variables;
} declared_function;

typedef struct type_table type_table;

struct eh_cel_env {
    eh_arena *arena;
    eh_cel_env_options options;
    variable *variables;
    uint32_t variables_count, variables_capacity;
    uint32_t *index;        /* open addressing by name: variable + 1 */
    uint32_t index_mask;
    declared_function *functions;
    uint32_t functions_count, functions_capacity;
    type_table *types;
};

typedef enum {
    RESOLVED_NOT,
    RESOLVED_VARIABLE, /* slot: of the facts */
    RESOLVED_LOCAL,    /* slot: local */
    RESOLVED_TYPE,     /* constant holds the type value */
    RESOLVED_FUNCTION, /* a call of cel_tables */
    RESOLVED_PART,     /* a node swallowed by a qualified name above it: never evaluated by itself */
    RESOLVED_ENUM,
} resolution;

/** A variable bound inside the expression. */
typedef struct {
    eh_view name;
    uint32_t outer; /* the next binding outwards, or NODE_NONE */
    uint32_t local; /* its place among the locals */
    uint32_t node;  /* the node that binds it */
    bool second;    /* the second variable of a loop */
    uint32_t block; /* for cel.block: which item */
} binding;

typedef struct {
    eh_cel_env *env;
    ast *tree;
    binding *bindings;
    uint32_t bindings_count, bindings_capacity;
    uint32_t locals_max;
    uint32_t loops_max;
    uint32_t *locals;     /* per node: locals in use where it stands */
    uint32_t *depths;     /* per node: loops around it */
} name_scope;

EH_MUST_USE eh_code cel_names_resolve(name_scope *state, eh_error *error);
/** Every overload of a name, in the tables' order, up to `capacity`. Returns how many there are. */
size_t cel_overloads_find(eh_view name, const overload **found, size_t capacity);
enum { OVERLOADS_MAX = 64 };
/** The value that a type name stands for; kind NULL when it is none. */
eh_cel_value cel_type_named(eh_view name);

/* ---- types (cel_types.c, cel_check.c) --------------------------------------------------------------------------------------------------- */

typedef enum {
    TYPE_DYN, TYPE_NULL, TYPE_BOOL, TYPE_INT, TYPE_UINT, TYPE_DOUBLE, TYPE_STRING, TYPE_BYTES, TYPE_TIMESTAMP, TYPE_DURATION, TYPE_ANY,
    TYPE_LIST, TYPE_MAP, TYPE_TYPE, TYPE_OPTIONAL, TYPE_WRAPPER, TYPE_PARAM, TYPE_ERROR, TYPE_ABSTRACT, TYPE_KINDS_COUNT
} type_kind;

typedef struct {
    uint8_t kind;
    uint32_t first, second; /* parameters; TYPE_PARAM: first is what it is bound to (NODE_NONE: free) */
    eh_view name;           /* TYPE_PARAM declared by a user, TYPE_ABSTRACT */
} type_row;

struct type_table {
    eh_arena *arena;
    type_row *rows;
    uint32_t count, capacity;
    uint32_t *trail; /* parameters in the order in which they were bound */
    uint32_t trail_count, trail_capacity;
};

/** A place to come back to: what was added or bound since is gone then. */
typedef struct {
    uint32_t count, trail_count;
} type_mark;
type_mark cel_type_mark(const type_table *types);
void cel_type_undo(type_table *types, type_mark to);

/** The first rows of every table, by kind, for kinds without parameters. */
type_table *cel_types_open(eh_arena *arena);
/** NODE_NONE: no memory or too many. */
uint32_t cel_type_add(type_table *types, type_kind kind, uint32_t first, uint32_t second);
/** "list(int)" -> type; NODE_NONE when it is none. */
uint32_t cel_type_parse(type_table *types, eh_view text);
void cel_type_text(const type_table *types, uint32_t index, eh_buffer *out);
void cel_type_json(const type_table *types, uint32_t index, eh_json_writer *out, const char *key);
/** What a bound parameter stands for. */
uint32_t cel_type_resolve(const type_table *types, uint32_t index);
/** Can a value of `from` stand where `to` is wanted? Binds free parameters of both. */
bool cel_type_assign(type_table *types, uint32_t to, uint32_t from);
/** Parses one type of a signature; parameters A, B, C are bindings[0..2], made when first met. */
uint32_t cel_signature_type(type_table *types, const char **at, uint32_t parameters[3]);
/** Gives every node its type. */
EH_MUST_USE eh_code cel_check(name_scope *state, eh_error *error);

/* ---- code (cel_compile.c) and the machine (cel_machine.c) ---------------------------------------------------------------------------------- */

typedef struct instruction instruction;
struct instruction {
    const instruction *(*run)(eh_cel_machine *machine, const instruction *at);
    uint32_t a, b;
    const void *data;
};

/** A call: which overloads may take it. */
struct machine_call {
    eh_view name;
    uint32_t count; /* arguments with the target */
    uint32_t overloads_count;
    const overload *const *overloads;
    const uint32_t (*masks)[4]; /* kinds that each of the first four parameters takes, per overload */
};

struct eh_cel_program {
    eh_cel_env *env;
    eh_view text;
    const instruction *code;       /* the usual one */
    const instruction *parts_code; /* the same with notes of what boolean parts were */
    uint32_t code_count;
    uint32_t stack_max, locals_max, loops_max;
    const uint32_t *slots;
    uint32_t slots_count;
    const char *type_text;
    uint64_t cost_max;
    const eh_cel_part *parts;
    uint32_t parts_count;
    const ast *tree;
};

typedef struct {
    eh_cel_value range;
    uint32_t at, count;
    uint32_t found;        /* exists_one: how many; map: items kept */
    eh_cel_value error;    /* the first error or unknown that may still be absorbed */
    eh_cel_value *items;   /* being built */
    eh_cel_entry *entries;
    uint32_t capacity;
} loop_state;

typedef struct memory_chunk memory_chunk;

struct eh_cel_machine {
    eh_cel_value *top; /* one past the newest value of the stack */
    const eh_cel_value *facts;
    eh_cel_value *locals;
    loop_state *loops;
    const instruction *code;
    uint64_t cost, cost_max;
    const eh_cel_program *program;
    uint8_t *parts;
    bool stopped;      /* a limit was reached: nothing may absorb it */
    eh_cel_value *stack;
    uint32_t stack_capacity, locals_capacity, loops_capacity;
    memory_chunk *chunks, *chunk; /* the first, and the one in use */
    size_t memory_used;
    eh_zones *zones, *own_zones;
};

/** A comprehension's constant side; targets are places in the code. */
typedef struct {
    uint8_t kind;      /* loop_kind */
    uint8_t flags;     /* NODE_TWO, NODE_FILTERED */
    uint32_t local;    /* of its first variable */
    uint32_t next;     /* op_loop_next */
    uint32_t end;      /* after op_loop_done */
    uint32_t body;     /* instructions of one turn: its cost */
} loop_info;

typedef const instruction *cel_operation(eh_cel_machine *machine, const instruction *at);
/* cel_machine.c */
cel_operation cel_op_const, cel_op_fact, cel_op_local, cel_op_store, cel_op_jump, cel_op_and_left, cel_op_and_right, cel_op_or_left, cel_op_or_right,
    cel_op_branch, cel_op_select, cel_op_has, cel_op_index, cel_op_call, cel_op_not, cel_op_list, cel_op_map, cel_op_part, cel_op_end,
    cel_op_optmap, cel_op_optional, cel_op_matches;
/* cel_compare.c: operators with a short way for the usual types */
cel_operation cel_op_equal, cel_op_not_equal, cel_op_compare, cel_op_fact_compare, cel_op_fact_equal, cel_op_in, cel_op_add, cel_op_subtract, cel_op_multiply;
/* cel_loops.c */
cel_operation cel_op_loop_begin, cel_op_loop_next, cel_op_loop_filter, cel_op_loop_step, cel_op_loop_done;

/** Which comparisons satisfy an operator: bit 0 for less, 1 for equal, 2 for greater. */
enum { ORDER_LESS = 1, ORDER_EQUAL = 2, ORDER_GREATER = 4 };

/** Ends the run with the error of a limit. */
const instruction *cel_halt(eh_cel_machine *machine);
static inline const instruction *cel_push(eh_cel_machine *machine, const instruction *at, eh_cel_value value)
{
    *machine->top++ = value;
    return at + 1;
}
/** The first unknown, else the first error among values. NULL: none is bad. */
static inline const eh_cel_value *cel_first_bad(const eh_cel_value *values, uint32_t count)
{
    const eh_cel_value *found = NULL;
    for (uint32_t i = 0; i < count; i++)
        if (cel_bad(values[i]) && (found == NULL || (found->kind == EH_CEL_ERROR && values[i].kind == EH_CEL_UNKNOWN)))
            found = &values[i];
    return found;
}

/** Memory until the next run; zeroed. NULL beyond EH_CEL_MEMORY_BYTES_MAX. */
void *cel_take(eh_cel_machine *machine, size_t count, size_t size);
/** Adds to the cost; false when the limit is reached. */
bool cel_spend(eh_cel_machine *machine, uint64_t cost);
/** The error values. `text` is static. */
eh_cel_value cel_error(const char *text);
eh_cel_value cel_error_format(eh_cel_machine *machine, const char *format, ...) EH_PRINTF(2, 3);
eh_cel_value cel_error_memory(eh_cel_machine *machine);
eh_cel_value cel_error_cost(eh_cel_machine *machine);

/* ---- values (cel_values.c) -------------------------------------------------------------------------------------------------------------------- */

#define CEL_NO_OVERLOAD "no such overload"

/** -1, 0, 1; 2 when they are not ordered (NaN); 3 when their types have no order. */
int cel_compare(eh_cel_value a, eh_cel_value b);
bool cel_is_number(eh_cel_value value);
/** The entry of a key, or NULL. */
const eh_cel_entry *cel_map_find(const eh_cel_map *map, eh_cel_value key);
/** True for what may be a key: bool, int, uint, string. */
bool cel_key_allowed(eh_cel_value key);
uint32_t cel_depth(eh_cel_value value);
uint32_t cel_weight(eh_cel_value value);
/** Where something is taken from: a machine or an arena. */
typedef struct {
    eh_cel_machine *machine;
    eh_arena *arena;
} cel_source;
void *cel_source_take(cel_source from, size_t count, size_t size);
/** Fills a map from entries (kept, not copied). An ERROR value for a repeated key, a key of a wrong type, too deep, no memory. */
eh_cel_value cel_map_make(cel_source from, const eh_cel_entry *entries, uint32_t count);
eh_cel_value cel_list_make(cel_source from, const eh_cel_value *items, uint32_t count);
eh_cel_value cel_optional(eh_cel_machine *machine, eh_cel_value value);
static inline eh_cel_value cel_optional_none(void) { return (eh_cel_value){.kind = EH_CEL_OPTIONAL}; }
static inline eh_cel_value cel_view_value(eh_cel_kind kind, const char *text, size_t len)
{
    return (eh_cel_value){.kind = (uint8_t)kind, .len = (uint32_t)len, .text = text};
}
/** Is it the zero of its type? (optional.ofNonZeroValue) */
bool cel_is_zero(eh_cel_value value);

/** A walk over a value and all that is in it, without recursion. */
typedef enum { WALK_SCALAR, WALK_OPEN, WALK_KEY, WALK_CLOSE, WALK_END } walk_event;
typedef struct {
    struct {
        eh_cel_value of;
        uint32_t at;           /* of the next item; for maps twice as many: key, value */
        const uint32_t *order; /* in which order the entries of a map come; NULL: as they are. Set by the caller at WALK_OPEN */
    } open[EH_CEL_VALUE_DEPTH_MAX + 2];
    uint32_t depth;
    bool started;
    eh_cel_value value; /* of the event; for WALK_CLOSE what is closed */
    uint32_t index;     /* its place in what holds it */
} cel_walk;
walk_event cel_walk_next(cel_walk *walk, eh_cel_value root);

/* ---- regular expressions (regex_parse.c, regex_run.c) -------------------------------------------------------------------------------------------- */

/** RE2's syntax. `from` holds the program. errors: `why_out` is a static text; NULL regex. */
const regex *cel_regex_compile(cel_source from, eh_view pattern, const char **why_out);
/** Does it match anywhere in the text? Linear time: |text| times |pattern|. NULL memory: false and *failed_out. */
bool cel_regex_match(eh_cel_machine *machine, const regex *compiled, eh_view text, bool *failed_out);

/* ---- texts of numbers (cel_numbers.c) -------------------------------------------------------------------------------------------------------------- */

enum { CEL_NUMBER_BYTES = 40 };
/** As Go's %g with the shortest digits: 1.5, 1e+21, NaN, +Inf. */
size_t cel_double_text(double number, char out[CEL_NUMBER_BYTES]);
/** A decimal number, Infinity, NaN, +-; false when it is none. */
bool cel_double_parse(eh_view text, double *number_out);

#endif
