/**
 * The commands about people's rights: person, import, receipt. Private to this room.
 */
#ifndef EH_CLI_PERSON_INT_H
#define EH_CLI_PERSON_INT_H

#include "base/time.h"
#include "cli/cli_int.h"
#include "journey/people.h"
#include "ledger/ledger.h"
#include "rights/person.h"

/** What was asked for; texts borrowed from argv or in the arena. */
typedef struct {
    const char *workspace;      /* NULL: the nearest */
    eh_instant now;             /* --now, else the clock */
    const char *purpose, *channel, *control, *how, *wording, *version, *language, *jurisdiction, *product_group, *facts;
    const char *key_column, *format, *output, *kind, *outcome, *recipient, *what, *public_key, *wording_file;
    int64_t at_s, until_s;      /* 0: not given */
    bool quiet, help;
    const char *const *words;   /* what is no option: the action, the key, more */
    size_t words_count;
} eh_person_request;

/** One run: the workspace and what people have said there. */
typedef struct {
    eh_arena *arena;
    eh_person_request request;
    eh_workspace *workspace;
    eh_ledger *ledger;          /* NULL: there is none, or another process writes it */
    bool ledger_busy;           /* there is one, and another process writes it */
    eh_rights *rights;
    eh_buffer out;              /* for standard output */
    int status;
} eh_person_run;

/** Reads argv[1..]; `options` names the options that this command takes, ends with NULL. */
EH_MUST_USE eh_code eh_person_request_read(int argc, char **argv, const char *const *options, eh_arena *arena, eh_person_request *request_out,
                                           eh_error *error);
void eh_person_options_help(const char *const *options, eh_buffer *out);
/** Opens the workspace, its rights, with the house's choices. */
EH_MUST_USE eh_code eh_person_run_open(eh_person_run *run, eh_error *error);
void eh_person_run_close(eh_person_run *run);
/** Writes the text to --output, or appends it to what goes to standard output. */
EH_MUST_USE eh_code eh_person_out(eh_person_run *run, const eh_buffer *text, eh_error *error);
/** "24 November 2026, 12:00 UTC" */
void eh_person_time(eh_buffer *out, int64_t at_s);

/* ---- actions ------------------------------------------------------------------------------------------------------------------------- */

/* person_acts.c */
eh_code eh_person_say(eh_person_run *run, eh_error *error);
eh_code eh_person_may(eh_person_run *run, eh_error *error);
eh_code eh_person_merge_action(eh_person_run *run, eh_error *error);
eh_code eh_person_request_action(eh_person_run *run, eh_error *error);
eh_code eh_person_requests_action(eh_person_run *run, eh_error *error);
eh_code eh_person_close_action(eh_person_run *run, eh_error *error);
eh_code eh_person_disclosed_action(eh_person_run *run, eh_error *error);
/* person_data.c */
eh_code eh_person_show_action(eh_person_run *run, eh_error *error);
eh_code eh_person_export_action(eh_person_run *run, eh_error *error);
eh_code eh_person_correct_action(eh_person_run *run, eh_error *error);
eh_code eh_person_erase_action(eh_person_run *run, eh_error *error);
eh_code eh_person_receipt_action(eh_person_run *run, eh_error *error);
/* person_sources.c */
/** Members "features", "protected", "not_included" of the export: what the shop's own data says of the person. */
EH_MUST_USE eh_code eh_person_data_json(eh_person_run *run, const char *key, eh_json_writer *json, eh_error *error);

#endif
