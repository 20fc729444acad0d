/**
 * The command line: commands, options, progress, output. Private to this room (and to its tests and fuzz targets).
 *
 * A command is one file and one line in the table of main.c. Options are tables too: the table gives the parser its names, the
 * help its text, and the order in which values are read (an option may rely on those above it).
 */
#ifndef EH_CLI_CLI_INT_H
#define EH_CLI_CLI_INT_H

#include "audit/audit.h"
#include "audit/check.h"
#include "base/base.h"
#include "data/data.h"
#include "report/check_report.h"
#include "report/report.h"

enum { EH_STATUS_ERROR = 2 }; /* exit status of every error; the verdicts have 0, 1 and 3 */

/* ---- commands (main.c, help.c) ------------------------------------------------------------------------------------------- */

typedef struct {
    const char *name;
    const char *says;                      /* one line for the list of commands */
    int (*run)(int argc, char **argv);     /* argv[0] is the command's name; returns the exit status */
    void (*help)(eh_buffer *out);          /* appends the help text */
} eh_command;

int eh_audit_command(int argc, char **argv);
void eh_audit_help(eh_buffer *out);
int eh_backup_command(int argc, char **argv);
void eh_backup_help(eh_buffer *out);
int eh_restore_command(int argc, char **argv);
void eh_restore_help(eh_buffer *out);
int eh_store_command(int argc, char **argv);
void eh_store_help(eh_buffer *out);
int eh_keys_api_command(int argc, char **argv);
int eh_keys_command(int argc, char **argv);
void eh_keys_help(eh_buffer *out);
int eh_ledger_command(int argc, char **argv);
void eh_ledger_help(eh_buffer *out);
int eh_duplicates_command(int argc, char **argv);
void eh_duplicates_help(eh_buffer *out);
int eh_status_command(int argc, char **argv);
void eh_status_help(eh_buffer *out);
int eh_vault_command(int argc, char **argv);
void eh_vault_help(eh_buffer *out);
int eh_init_command(int argc, char **argv);
void eh_init_help(eh_buffer *out);
int eh_person_command(int argc, char **argv);
void eh_person_help(eh_buffer *out);
int eh_import_command(int argc, char **argv);
void eh_import_help(eh_buffer *out);
int eh_receipt_command(int argc, char **argv);
void eh_receipt_help(eh_buffer *out);
int eh_cel_command(int argc, char **argv);
void eh_cel_help(eh_buffer *out);
int eh_policy_command(int argc, char **argv);
void eh_policy_help(eh_buffer *out);
int eh_plan_command(int argc, char **argv);
void eh_plan_help(eh_buffer *out);
int eh_decide_command(int argc, char **argv);
void eh_decide_help(eh_buffer *out);
int eh_release_command(int argc, char **argv);
void eh_release_help(eh_buffer *out);
int eh_outcomes_command(int argc, char **argv);
void eh_outcomes_help(eh_buffer *out);
int eh_campaign_command(int argc, char **argv);
void eh_campaign_help(eh_buffer *out);
int eh_why_command(int argc, char **argv);
void eh_why_help(eh_buffer *out);
int eh_replay_command(int argc, char **argv);
void eh_replay_help(eh_buffer *out);
int eh_limits_command(int argc, char **argv);
void eh_limits_help(eh_buffer *out);
int eh_scan_command(int argc, char **argv);
void eh_scan_help(eh_buffer *out);
int eh_link_command(int argc, char **argv);
void eh_link_help(eh_buffer *out);
int eh_serve_command(int argc, char **argv);
void eh_serve_help(eh_buffer *out);
int eh_team_command(int argc, char **argv);
void eh_team_help(eh_buffer *out);
/** The general help: what the program is, the commands, where to read on. */
void eh_general_help(const eh_command *commands, size_t commands_count, eh_buffer *out);

/* ---- option tables and their parser (options.c) ---------------------------------------------------------------------------- */

/** What the reader of one option is given. */
typedef struct {
    const char *option;  /* "--tolerance", for errors */
    const char *value;   /* terminated; valid UTF-8; NULL for a switch */
    eh_arena *arena;
    void *target;        /* what the table's owner fills */
} eh_option_use;

typedef struct {
    const char *name;      /* with the dashes: "--by" */
    const char *argument;  /* "EXPR[,EXPR...]"; NULL: a switch without a value */
    const char *heading;   /* the help's group; options of one group stand together */
    const char *says;      /* for the help; wrapped there */
    bool repeatable;
    eh_code (*read)(const eh_option_use *use, eh_error *error); /* NULL: --help */
} eh_option;

/** The command line, sorted into the places of a table. Lives in the arena; values are borrowed from argv. */
typedef struct {
    const char *const *files; /* what is no option */
    size_t files_count;
    const char **values;      /* of the uses, in the order given */
    size_t *options;          /* index into the table, one per value */
    size_t values_count;
    bool help;                /* --help or -h was met; nothing after it was looked at */
} eh_arguments;

/**
 * Sorts argv[1..] by `table`: "--name value", "--name=value", "--" ends the options, "-" is a file.
 * errors: unknown option (the nearest is named), value missing or not wanted, given twice, argument over EH_ARGUMENT_BYTES_MAX, invalid UTF-8
 *         in an option's value, more than EH_FILES_MAX files.
 */
EH_MUST_USE eh_code eh_arguments_parse(const eh_option *table, size_t table_count, int argc, char **argv, eh_arena *arena,
                                       eh_arguments *arguments_out, eh_error *error);
/** Calls the readers, option by option in the order of the table, use by use in the order given. */
EH_MUST_USE eh_code eh_arguments_read(const eh_option *table, size_t table_count, const eh_arguments *arguments, const eh_option_use *model,
                                      eh_error *error);
/** The table as help text: a heading per group, texts wrapped to 80 columns. */
void eh_options_help(const eh_option *table, size_t table_count, eh_buffer *out);

/** A whole number between low and high, digits only; the error names both. */
EH_MUST_USE eh_code eh_whole_read(const eh_option_use *use, uint64_t low, uint64_t high, uint64_t *number_out, eh_error *error);

/** A share such as 0.95 or 95%; with `bare_percent` 95 says the same. Read as decimal text, so that 95% is the very double 0.95. */
bool eh_share_read(const char *value, bool bare_percent, double *share_out);
/** Sets bit i of *bits_out for each word of a comma-separated list that is names[i]; the error lists the names. */
eh_code eh_words_read(const eh_option_use *use, const char *const *names, size_t names_count, uint32_t *bits_out, eh_error *error);

/* ---- who opted out of AI (opted_out.c) ------------------------------------------------------------------------------------------ */

typedef struct {
    const char *folder; /* --workspace; NULL: here or the nearest above, where there is one */
    const char *key;    /* --key, the column that names the person; NULL: that of the workspace */
    eh_instant now;
} eh_opted_out_options;

/**
 * Adds to the rows of an engine that has read its files a column EH_AI_GROUPS, when a workspace knows somebody in them who opted out of AI. errors: EH_INPUT
 * when --workspace was given and the file has no such column
 */
EH_MUST_USE eh_code eh_opted_out_attach(eh_engine *engine, const eh_opted_out_options *options, eh_arena *arena, bool *attached_out, eh_error *error);
EH_MUST_USE eh_code eh_opted_out_attribute(eh_cube_attribute *attribute_out, eh_arena *arena, eh_error *error);

/* ---- the options of `evenhand audit` (audit_options.c) ------------------------------------------------------------------------ */

enum { EH_FORMAT_TEXT, EH_FORMAT_JSON, EH_FORMAT_HTML, EH_FORMAT_CSV, EH_FORMATS_COUNT };

typedef struct {
    const char *name;      /* on the command line */
    const char *extension; /* of the file, with the dot */
} eh_format;
/** The EH_FORMATS_COUNT formats, by their number. */
extern const eh_format eh_formats[EH_FORMATS_COUNT];

/** All that an audit was asked for. Lives in the arena that it was read into; texts are borrowed from argv. Never copied: spec points into it. */
typedef struct {
    const char *const *files;
    size_t files_count;
    eh_cube_spec spec;            /* attributes with their bands and tops; score_sets are filled too */
    eh_cube_attribute attributes[EH_ATTRIBUTES_MAX];
    eh_soft_spec softs[EH_ATTRIBUTES_MAX];
    size_t softs_count;
    eh_audit_options options;
    eh_reference references[2 * EH_ATTRIBUTES_MAX];
    uint32_t threads;             /* 0: as many as the machine has */
    uint64_t memory_bytes_max;    /* 0: the data room's own */
    const char *before_path;      /* NULL: none */
    const char *output_prefix;    /* NULL: standard output */
    unsigned formats;             /* bit f: format f is wanted */
    eh_opted_out_options people;
    bool dated;                   /* --now was given */
    bool quiet;
    bool help;                    /* only the help is wanted; nothing else is filled */
} eh_audit_request;

/** The same audit with one more attribute, that is compared with `reference`. errors: EH_LIMIT */
EH_MUST_USE eh_code eh_audit_request_with(const eh_audit_request *request, const eh_cube_attribute *attribute, const char *reference, eh_arena *arena,
                                          const eh_audit_request **request_out, eh_error *error);

/** argv[0] is the command's name. The error's text names the option; the caller puts "evenhand audit: " before it. */
EH_MUST_USE eh_code eh_audit_request_parse(int argc, char **argv, eh_arena *arena, const eh_audit_request **request_out, eh_error *error);
/** The options of the audit as help text. */
void eh_audit_options_help(eh_buffer *out);

/* ---- the options of `evenhand scan` (scan_options.c) ------------------------------------------------------------------------ */

/** All that a scan was asked for. Lives in the arena that it was read into; texts are borrowed from argv. */
typedef struct {
    const char *const *files;
    size_t files_count;
    eh_coded_spec spec;
    eh_cube_attribute attributes[EH_SCAN_ATTRIBUTES_MAX];
    eh_scan_options options;
    uint32_t threads;
    uint64_t memory_bytes_max;
    const char *output_prefix;
    unsigned formats;
    eh_opted_out_options people;
    bool dated;                   /* --now was given */
    bool quiet;
    bool help;
} eh_scan_request;

EH_MUST_USE eh_code eh_scan_request_parse(int argc, char **argv, eh_arena *arena, const eh_scan_request **request_out, eh_error *error);
void eh_scan_options_help(eh_buffer *out);
/* Readers that other commands use as well; their target begins with an eh_audit_request. */
eh_code eh_option_expression(const eh_option_use *use, eh_error *error); /* --decision, --label, --score, --weight, --value, --within */
eh_code eh_option_where(const eh_option_use *use, eh_error *error);
eh_code eh_option_tolerance(const eh_option_use *use, eh_error *error);
eh_code eh_option_confidence(const eh_option_use *use, eh_error *error);
eh_code eh_option_min_cell(const eh_option_use *use, eh_error *error);
eh_code eh_option_threads(const eh_option_use *use, eh_error *error);
eh_code eh_option_memory(const eh_option_use *use, eh_error *error);
eh_code eh_option_format(const eh_option_use *use, eh_error *error);
eh_code eh_option_before(const eh_option_use *use, eh_error *error);
eh_code eh_option_output(const eh_option_use *use, eh_error *error);
eh_code eh_option_quiet(const eh_option_use *use, eh_error *error);
/** Sets bit i of *bits_out for each word of a comma-separated list that is names[i]. */
EH_MUST_USE eh_code eh_words_read(const eh_option_use *use, const char *const *names, size_t names_count, uint32_t *bits_out, eh_error *error);

/* ---- the options of `evenhand check` (check_options.c) ------------------------------------------------------------------------- */

enum { EH_IGNORED_MAX = 512 };

/** All that a check was asked for. The audit's own part comes first, so that its readers serve here as well. */
typedef struct {
    eh_audit_request audit;                            /* files, spec, bands, tolerance, formats, output, threads */
    eh_population_source populations[EH_POPULATIONS_MAX];
    size_t populations_count;
    const eh_expression *population_by;
    size_t population_by_count;
    const char *population_where;
    const char *key;
    const char *ignored[EH_IGNORED_MAX];
    eh_check_options options;
    const char *workspace;                             /* --workspace; NULL: look for one when no file is given */
    const char *arguments;                             /* quoted for a shell, without where the report goes */
    bool dated;                                        /* --now was given */
    bool as_is;                                        /* --as-is: repairs are not looked for */
} eh_check_request;

EH_MUST_USE eh_code eh_check_request_parse(int argc, char **argv, eh_arena *arena, const eh_check_request **request_out, eh_error *error);
void eh_check_options_help(eh_buffer *out);
int eh_check_command(int argc, char **argv);
/** The same options; writes a plan of repairs to standard output. */
int eh_check_propose(int argc, char **argv);
int eh_repair_command(int argc, char **argv);
void eh_repair_help(eh_buffer *out);
void eh_check_help(eh_buffer *out);

/* ---- options that speak of attributes (attribute_options.c): readers of the audit's table ---------------------------------------- */

eh_code eh_option_by(const eh_option_use *use, eh_error *error);
eh_code eh_option_soft(const eh_option_use *use, eh_error *error);
eh_code eh_option_bands(const eh_option_use *use, eh_error *error);
eh_code eh_option_top(const eh_option_use *use, eh_error *error);
eh_code eh_option_reference(const eh_option_use *use, eh_error *error);

/* ---- output (output.c) ----------------------------------------------------------------------------------------------------------- */

/** Writes "evenhand: <text>" or "evenhand <command>: <text>" and a line end to standard error, control characters shown as \xNN. Returns EH_STATUS_ERROR. */
int eh_error_show(const char *command, const eh_error *error);
/** Writes all bytes to standard output; EH_IO with the reason when that fails (a closed pipe, a full disk). */
EH_MUST_USE eh_code eh_stdout_write(eh_view bytes, eh_error *error);
/** Writes the buffer, if it is whole, to standard output; shows what went wrong and returns the exit status. */
int eh_stdout_show(const char *command, const eh_buffer *text);
/** Writes "<what> <path>" and a line end to standard error, e.g. "wrote report.html". */
void eh_note_show(const char *what, const char *path);
/** Columns of the terminal on standard output, else $COLUMNS, else 80; between 60 and 240. */
size_t eh_stdout_columns(void);
/** True when standard output is a terminal and NO_COLOR is not set (no-color.org). */
bool eh_stdout_colour(void);
/** Appends `text` with bytes that are no UTF-8 and control characters (C0 but for line feeds when `lines`, DEL, C1, those that turn the direction of a line) shown as \xNN, so that a
 *  name cannot steer a terminal. */
void eh_visible_append(eh_buffer *out, eh_view text, bool lines);
/** The file that `format` of a report goes to; a prefix that ends in the extension already is taken as it is when `only`. NULL: no memory. */
char *eh_output_path(eh_arena *arena, const char *prefix, size_t format, bool only);

/* ---- reports (reports.c) ------------------------------------------------------------------------------------------------------------ */

/** Appends the report in one of the formats that a command has; text as `options` say. */
typedef struct {
    const void *subject;
    void (*write)(const void *subject, size_t format, const eh_report_text_options *options, eh_buffer *out);
} eh_report_writer;

/** The reports of one run. Set formats and prefix, then open; all are made before any is written, so that a failure leaves what was there. */
typedef struct {
    unsigned formats;                    /* bit f: wanted */
    const char *prefix;                  /* NULL: standard output takes the one format */
    char *paths[EH_FORMATS_COUNT];       /* NULL: not asked for as a file */
    eh_buffer made[EH_FORMATS_COUNT];    /* for files */
    eh_buffer shown;                     /* for standard output */
} eh_reports;

/** The value of --format: text, json, html, or several with commas between. */
EH_MUST_USE eh_code eh_formats_read(const eh_option_use *use, unsigned *formats_out, eh_error *error);
/** Several formats cannot share standard output. */
EH_MUST_USE eh_code eh_formats_check(const eh_reports *reports, eh_error *error);
/** Names the files. */
EH_MUST_USE eh_code eh_reports_open(eh_reports *reports, eh_arena *arena, eh_error *error);
bool eh_reports_to_files(const eh_reports *reports);
/** EH_CONFLICT when a report would take the place of `input` (NULL: none), or of a folder. */
EH_MUST_USE eh_code eh_reports_guard(const eh_reports *reports, const char *input, eh_error *error);
/** The same for one output. */
EH_MUST_USE eh_code eh_output_guard(const char *output, const char *input, eh_error *error);
/** Makes and writes them; beside files, standard output gets `said` and not the text. */
EH_MUST_USE eh_code eh_reports_give(eh_reports *reports, const eh_report_writer *writer, const eh_buffer *said, bool quiet, eh_error *error);
EH_MUST_USE eh_code eh_reports_make(eh_reports *reports, const eh_report_writer *writer, eh_error *error);
/** Puts the files in the place of old ones, shows what is for standard output, then names the files on standard error unless `quiet`. */
EH_MUST_USE eh_code eh_reports_write(const eh_reports *reports, bool quiet, eh_error *error);
void eh_reports_dispose(eh_reports *reports);

/* ---- progress (progress.c) ---------------------------------------------------------------------------------------------------------- */

enum { EH_PROGRESS_DELAY_MS = 500 }; /* nothing is shown before */

/** A bar on a terminal that comes late and leaves no trace. */
typedef struct {
    int descriptor;             /* where to draw; < 0: nowhere */
    size_t columns;
    uint64_t (*now_ms)(void);   /* a clock that only goes forward */
    uint64_t started_ms;
    bool shown;
} eh_progress;

/** The bar of standard error: draws only when that is a terminal and `wanted`. */
eh_progress eh_progress_stderr(bool wanted);
/** The line for `what` and `share` (in [0, 1]; below 0: unknown) in at most `columns` columns, without line end. */
void eh_progress_line(eh_buffer *out, const char *what, double share, size_t columns);
/** For eh_engine_options.progress; `context` is an eh_progress. */
void eh_progress_show(void *context, const char *what, double share);
/** Wipes the bar; may be called more than once. */
void eh_progress_end(eh_progress *progress);

/** Becomes that user, for good; `arena` for a while. errors: EH_INPUT for no user of the machine, EH_DENIED */
EH_MUST_USE eh_code eh_serve_as(const char *name, eh_arena *arena, eh_error *error);

#endif
