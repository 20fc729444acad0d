/** The options of the commands about what a workspace keeps: ledger, keys, backup, restore, store. Private to this room. */
#ifndef EH_CLI_STATE_INT_H
#define EH_CLI_STATE_INT_H

#include "base/time.h"
#include "cli/cli_int.h"
#include "ledger/ledger.h"

typedef struct {
    const char *command;     /* "ledger verify", for messages */
    const char *const *files;
    size_t files_count;
    const char *workspace, *since, *output, *kind, *person, *clear, *vkey, *name, *keys, *reason, *format; /* NULL: not given */
    eh_buffer witnesses;     /* verifier keys, one a line */
    bool finish, public_only, quiet, json, help, now_given;
    uint64_t batch;
    eh_instant now;
    char *folder;            /* of the workspace; in the arena */
    eh_arena *arena;
} eh_state_request;

/** Which options a command takes, as bits in the order of the table in state_options.c. */
typedef enum {
    EH_TAKES_SINCE = 1 << 0, EH_TAKES_OUTPUT = 1 << 1, EH_TAKES_APPEND = 1 << 2, EH_TAKES_VKEY = 1 << 3, EH_TAKES_NAME = 1 << 4,
    EH_TAKES_KEYS = 1 << 5, EH_TAKES_REASON = 1 << 6, EH_TAKES_FORMAT = 1 << 7, EH_TAKES_WITNESS = 1 << 8, EH_TAKES_FINISH = 1 << 9,
    EH_TAKES_PUBLIC = 1 << 10, EH_TAKES_NOW = 1 << 11, EH_TAKES_PERSON = 1 << 12,
} eh_state_takes;

/** One thing that a command does: `evenhand ledger verify`. */
typedef struct {
    const char *name;     /* "verify"; NULL: the command has no such word */
    const char *usage;    /* what follows it */
    const char *says;
    unsigned takes;
    bool outside;         /* needs no workspace */
    size_t files_min, files_max;
    int (*run)(eh_state_request *request, eh_error *error); /* the exit status; EH_STATUS_ERROR: `error` says why */
} eh_state_act;

typedef struct {
    const char *name, *says;
    const eh_state_act *acts;
    size_t acts_count;
} eh_state_command;

/** Sorts the command line, finds the act and the workspace, runs it, shows what went wrong. */
int eh_state_run(const eh_state_command *command, int argc, char **argv);
void eh_state_help(const eh_state_command *command, eh_buffer *out);
/** The workspace's ledger, to write to it or to read; with the clock of --now. */
EH_MUST_USE eh_code eh_state_ledger(const eh_state_request *request, bool reads_only, eh_ledger **ledger_out, eh_error *error);
/** A whole file, or standard input for "-". */
EH_MUST_USE eh_code eh_state_read(const char *path, size_t bytes_max, eh_buffer *out, eh_error *error);
/** To --output, or standard output. */
EH_MUST_USE eh_code eh_state_write(const eh_state_request *request, eh_view bytes, eh_error *error);

#endif
