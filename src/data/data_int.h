/**
 * Private to src/data: the engine's handle, the text that is sent to it, what comes back.
 */
#ifndef EH_DATA_DATA_INT_H
#define EH_DATA_DATA_INT_H

#include <pthread.h>

#include <duckdb.h>

#include "data/data.h"

/** The view through which every query sees the input. */
#define EH_ROWS_VIEW "evenhand_rows"
/** What an error of the view's own checks begins with. */
#define EH_VIEW_CHECK "evenhand found "

enum {
    EH_GUARD_ROWS = 20480,        /* rows that are looked at before a large GROUP BY is started */
    EH_OUTCOME_VALUES_MAX = 16,   /* different raw values of a label or decision that are kept apart, e.g. yes, Yes, NO */
    EH_RESULT_COLUMNS_MAX = 256,  /* columns of one of our own results */
    EH_WIDENINGS_MAX = 64,        /* times that a type which was guessed too narrow is corrected in one audit */
    EH_SHOWN_VALUES_MAX = 5,      /* values that an error lists */
    EH_SHOWN_COLUMNS_MAX = 12,    /* column names that an error lists */
    EH_SHOWN_BYTES = 64,          /* room for one value in an error */
};

/* ---- SQL text (sql_text.c) ------------------------------------------------------------------------------------------- */

/** Appends 'text' with its quotes doubled. */
void eh_sql_literal(eh_buffer *sql, eh_view text);
/** Appends "name" with its quotes doubled. */
void eh_sql_identifier(eh_buffer *sql, eh_view name);
/** Appends a DOUBLE literal that reads back to the same number; `number` is finite. */
void eh_sql_double(eh_buffer *sql, double number);
/** Appends ['a', 'b'] . */
void eh_sql_literal_list(eh_buffer *sql, const char *const *texts, size_t count);
/** A value as an error shows it: at most EH_SHOWN_BYTES - 1 bytes with "..." for the rest, control bytes as blanks. Returns `out`. */
const char *eh_shown(eh_view text, char out[EH_SHOWN_BYTES]);

/* ---- inputs (inputs.c) ----------------------------------------------------------------------------------------------- */

typedef enum { EH_FORMAT_CSV, EH_FORMAT_JSON, EH_FORMAT_PARQUET, EH_FORMAT_UNKNOWN } eh_format;
typedef enum { EH_PACKED_NOT, EH_PACKED_GZIP, EH_PACKED_ZSTD } eh_packed;

typedef struct {
    const char *given;       /* as the user or the glob named it */
    const char *engine_path; /* absolute, without glob characters: what the engine opens */
    eh_format format;
    eh_packed packed;
    uint64_t device, inode;
} eh_input_file;

typedef struct {
    eh_input_file *files; /* sorted by `given` */
    size_t count;
    size_t capacity;
} eh_input_files;

/** Expands patterns, spools pipes into `folder`, checks that each file can be read, tells its format. */
EH_MUST_USE eh_code eh_input_files_collect(eh_arena *arena, const char *folder, const char *const *patterns, size_t patterns_count,
                                           eh_input_files *files_out, eh_error *error);
/** JSON when the text starts like an object or an array of objects, else CSV. */
eh_format eh_format_of_text(eh_view text);

/** Fails when a packed file was cut off or damaged. cost: one read; gzip is followed symbol by symbol. (packed_check.c) */
EH_MUST_USE eh_code eh_packed_check(const eh_input_file *file, eh_arena *arena, eh_error *error);

/* ---- engine (engine.c) ----------------------------------------------------------------------------------------------- */

/**
 * How a column of a text file is read. A type is guessed from the first 20,480 rows, and the engine would round a later 3.5 in a
 * column of whole numbers without a word; so such a column is read as a wider type and checked in the view.
 */
typedef enum {
    EH_READ_AS_TYPED,
    EH_READ_WHOLE, /* as DOUBLE; shown as BIGINT while every number is whole and below 2^53 */
    EH_READ_LARGE, /* as VARCHAR; shown as BIGINT while every text is a whole number */
} eh_read_mode;

/** How the files are read; set by sources.c. */
typedef struct {
    eh_format format;
    eh_packed packed;
    const char **names; /* columns */
    const char **types; /* as SQL; as expressions see them */
    eh_read_mode *reads; /* NULL: all as typed */
    size_t columns_count;
    bool has_header;    /* CSV only */
    char delimiter[8], escape[8];
    const char *date_format, *timestamp_format; /* NULL: ISO */
    const uint32_t **orders; /* per file: position of its i-th column in `names`; NULL: the same order. NULL when all have */
    uint32_t widenings;
    bool sampled_whole; /* JSON: types were told from all rows */
    bool widened;       /* a type was corrected since the flag was last cleared: start again */
} eh_source;

/** The hashes of the input files, made by a thread of their own while the engine works. */
typedef struct {
    pthread_t thread;
    bool started;
    atomic_bool stop;
    const eh_input_files *files;
    eh_input *inputs;
    eh_code code;
    eh_error error;
} eh_hashing;

/** Starts; without a thread the work is done at eh_hashing_wait. `files` must stay. */
EH_MUST_USE eh_code eh_hashing_start(eh_hashing *hashing, const eh_input_files *files, eh_arena *arena, eh_error *error);
/** Waits until all are there. May be called again. */
EH_MUST_USE eh_code eh_hashing_wait(eh_hashing *hashing, eh_error *error);
/** Ends the thread wherever it is. */
void eh_hashing_stop(eh_hashing *hashing);

struct eh_engine {
    duckdb_database database;
    duckdb_connection connection;
    eh_engine_options options;
    eh_arena *arena;
    char *folder;        /* private temporary folder */
    eh_input_files files;
    eh_hashing hashing;
    eh_source source;
    char *reading;       /* what progress says, e.g. "reading bank.csv" */
    const char *output;  /* the one file that may be written, or NULL */
    uint32_t steps;      /* of a transformation */
    bool unexplained;    /* the last failure is told in the engine's own words, so it was an expression's */
};

/** A result that is walked row by row, chunk by chunk. Zero-initialise; close with eh_cursor_close. */
typedef struct {
    duckdb_result result;
    bool open;
    duckdb_data_chunk chunk;
    uint64_t row, rows; /* in the chunk; row is one past the current */
    size_t columns_count;
    void *data[EH_RESULT_COLUMNS_MAX];
    uint64_t *valid[EH_RESULT_COLUMNS_MAX];
} eh_cursor;

__extension__ typedef __int128 eh_int128;

/** Runs one statement. On failure the engine's text has been turned into ours. */
EH_MUST_USE eh_code eh_engine_query(eh_engine *engine, const eh_buffer *sql, eh_cursor *cursor_out, eh_error *error);
EH_MUST_USE eh_code eh_engine_execute(eh_engine *engine, const char *sql, eh_error *error);
void eh_cursor_close(eh_cursor *cursor);
/** Moves to the next row; false at the end. */
bool eh_cursor_next(eh_cursor *cursor);
/** False for NULL. The bytes are borrowed until the next eh_cursor_next. The column must be VARCHAR. */
bool eh_cursor_text(eh_cursor *cursor, size_t column, eh_view *text_out);
/** The column must be BIGINT; NULL gives 0. */
int64_t eh_cursor_integer(const eh_cursor *cursor, size_t column);
/** The column must be DOUBLE; NULL gives NaN. */
double eh_cursor_double(const eh_cursor *cursor, size_t column);
/** The column must be HUGEINT; NULL gives 0. */
eh_int128 eh_cursor_int128(const eh_cursor *cursor, size_t column);

/* ---- messages (engine_errors.c) ---------------------------------------------------------------------------------------- */

/** Turns a message of the engine into an error of ours. */
eh_code eh_engine_fail(eh_engine *engine, const char *message, eh_error *error);
/** If `message` says that a CSV value did not fit its column's type: the column's name. */
bool eh_message_narrow_column(const char *message, eh_view *column_out);
/** If `message` comes from the checks of the view: what was found ("fraction", "large", "text") and the column's index. */
bool eh_message_view_check(const char *message, eh_view *finding_out, size_t *column_out);

/* ---- sources (sources.c, csv_source.c) ----------------------------------------------------------------------------------- */

/** Tells columns and types, and creates the view. */
EH_MUST_USE eh_code eh_source_open(eh_engine *engine, eh_error *error);
/** Reads a column of CSV or JSON files as another type than was guessed from the first of them, and renews the view. */
EH_MUST_USE eh_code eh_source_retype(eh_engine *engine, size_t column, const char *type, eh_error *error);
/** Appends the table function that reads files [first, first + count), which have their columns in one order. */
void eh_source_sql(const eh_engine *engine, size_t first, size_t count, eh_buffer *sql);
/** Finds the dialect, columns and types of the CSV files. */
EH_MUST_USE eh_code eh_csv_source_describe(eh_engine *engine, eh_error *error);
/** The first lines of a text file, unpacked. */
EH_MUST_USE eh_code eh_csv_first_lines(eh_engine *engine, const eh_input_file *file, eh_buffer *lines_out, eh_error *error);
/** Fails unless `names` are those of the first file in any order; notes the order when it differs. */
EH_MUST_USE eh_code eh_source_compare_columns(eh_engine *engine, size_t file, const char *const *names, size_t count, eh_error *error);
/** After a failed query: when a guessed type was too narrow, corrects it, renews the view and sets source.widened. */
void eh_source_widen(eh_engine *engine, const char *message);

#endif
