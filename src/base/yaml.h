/**
 * YAML, read strictly: the files that people write (evenhand.yaml, policy.yaml, campaigns, repairs). A face over libfyaml, which no
 * other room includes.
 *
 * One document of at most EH_YAML_BYTES_MAX, nested at most EH_YAML_DEPTH_MAX deep, in UTF-8. Refused with line and column: anchors,
 * aliases, tags, duplicate keys, keys that are no single words, several documents. Scalars without quotes are told apart as the
 * core schema of YAML 1.2 does (so `no` is a text and not false); every scalar keeps its text as it was written.
 *
 * Every node knows its line, its column and the way to it ("features.months.value"); eh_yaml_fail puts them before an error. A room
 * that reads a mapping describes its keys in a table of eh_yaml_field and calls eh_yaml_read once: unknown, missing and wrong keys
 * are then errors that say where and what was probably meant.
 */
#ifndef EH_BASE_YAML_H
#define EH_BASE_YAML_H

#include "base/base.h"

typedef enum {
    EH_YAML_NULL,    /* empty, ~, null */
    EH_YAML_BOOLEAN, /* true, false */
    EH_YAML_INTEGER, /* within int64_t; larger ones are numbers */
    EH_YAML_NUMBER,  /* finite */
    EH_YAML_TEXT,    /* in quotes, in a block, or plain and nothing of the above */
    EH_YAML_LIST,
    EH_YAML_MAPPING,
} eh_yaml_type;

typedef struct eh_yaml_node eh_yaml_node;

typedef struct {
    const eh_yaml_node *key; /* a scalar that is not empty */
    const eh_yaml_node *value;
} eh_yaml_member;

/** Read only; lives as long as its document. */
struct eh_yaml_node {
    eh_yaml_type type;
    bool boolean;
    bool quoted;                       /* written in quotes or as a block */
    uint32_t line, column;             /* where it starts, from 1; columns count characters */
    int64_t integer;                   /* EH_YAML_INTEGER */
    double number;                     /* EH_YAML_INTEGER and EH_YAML_NUMBER */
    const char *text;                  /* scalars: as written, without quotes; "" for an empty one; NULL for lists and mappings */
    size_t count;                      /* members or items */
    const eh_yaml_member *members;     /* EH_YAML_MAPPING, in the order of the file */
    const eh_yaml_node *const *items;  /* EH_YAML_LIST */
    const eh_yaml_node *parent;        /* NULL for the root */
    const char *key;                   /* under which the parent mapping holds it, or NULL */
    size_t index;                      /* in the parent list or mapping */
    const char *file;                  /* the document's name */
};

typedef struct eh_yaml_document eh_yaml_document;

/** Parses `text`; `name` stands in errors. An empty text is a document whose root is EH_YAML_NULL. Close with eh_yaml_close. cost: n log n. */
EH_MUST_USE eh_code eh_yaml_parse(eh_view text, const char *name, eh_yaml_document **document_out, eh_error *error);
/** Reads and parses a file; `path` is the name. */
EH_MUST_USE eh_code eh_yaml_read_file(const char *path, eh_yaml_document **document_out, eh_error *error);
void eh_yaml_close(eh_yaml_document **document);
const eh_yaml_node *eh_yaml_root(const eh_yaml_document *document);
/** The value of a key, or NULL; `mapping` may be NULL or no mapping. */
const eh_yaml_node *eh_yaml_member_value(const eh_yaml_node *mapping, const char *key);
/** What a node is, for errors: "a text", "a list", "true", "the number 12", "nothing"; borrowed from `out`. */
const char *eh_yaml_describe(const eh_yaml_node *node, char out[96]);

/** Fills `error` with "FILE: line L, column C: way.to.node: ..." and returns `code`. */
eh_code eh_yaml_fail(const eh_yaml_node *node, eh_error *error, eh_code code, const char *format, ...) EH_PRINTF(4, 5);
/**
 * The same for an error that a callee has filled: its text goes after the place. For checks that know nothing of YAML, such as SQL.
 */
eh_code eh_yaml_fail_within(const eh_yaml_node *node, eh_error *error);

/* ---- mappings by table ------------------------------------------------------------------------------------------------- */

/** What a key holds, and the type of the struct member that takes it. */
typedef enum {
    EH_FIELD_TEXT,    /* const char *: a text that is not empty */
    EH_FIELD_SCALAR,  /* const char *: any scalar but null, as written: `1`, `true`, `visit = 1` */
    EH_FIELD_BOOLEAN, /* bool */
    EH_FIELD_INTEGER, /* int64_t in [min, max] */
    EH_FIELD_NUMBER,  /* double in [min, max] */
    EH_FIELD_CHOICE,  /* int32_t: position in `choices` */
    EH_FIELD_LIST,    /* const eh_yaml_node *: a list */
    EH_FIELD_MAPPING, /* const eh_yaml_node *: a mapping */
    EH_FIELD_NODE,    /* const eh_yaml_node *: anything but null */
} eh_yaml_kind;

typedef struct {
    const char *key;
    eh_yaml_kind kind;
    bool required;
    size_t offset;              /* of the member in the record */
    const char *const *choices; /* EH_FIELD_CHOICE: ends with NULL */
    double min, max;            /* EH_FIELD_INTEGER, EH_FIELD_NUMBER; both 0: any */
    const char *what;           /* completes "KEY is ...", e.g. "a column name such as customer_id"; NULL: told by the kind */
} eh_yaml_field;

/**
 * Reads a mapping by its table: checks all keys first, then writes the members that are present; those that are absent keep what they
 * have, so set defaults before. Texts and nodes are borrowed from the document. The record is untouched unless EH_OK.
 * `node` may be any node: what is no mapping is refused. errors: EH_INPUT
 */
EH_MUST_USE eh_code eh_yaml_read(const eh_yaml_node *node, const eh_yaml_field *fields, size_t fields_count, void *record_out,
                                 eh_error *error);

/**
 * Values that may be one or many: a scalar gives itself, a list its items; each must be a scalar that is not null.
 * texts_out lives in `arena`. errors: EH_INPUT; EH_LIMIT beyond count_max
 */
EH_MUST_USE eh_code eh_yaml_texts(const eh_yaml_node *node, size_t count_max, eh_arena *arena, const char *const **texts_out, size_t *count_out,
                                  eh_error *error);

#endif
