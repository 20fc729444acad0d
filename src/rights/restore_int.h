/**
 * Private to this room: an export of one person, read back.
 */
#ifndef EH_RIGHTS_RESTORE_INT_H
#define EH_RIGHTS_RESTORE_INT_H

#include "rights/person.h"

/** Does the file begin like JSON? errors: those of opening it */
EH_MUST_USE eh_code eh_restore_peek(const char *path, bool *is_json_out, eh_error *error);
/** Are these the columns of eh_person_csv? */
bool eh_restore_is_table(const char *const *names, size_t names_count);

/** Reads the documents into a person; pure. Texts live in the arena. errors: EH_INPUT with the place */
EH_MUST_USE eh_code eh_restore_read_json(eh_view text, const char *name, eh_arena *arena, eh_person *person_out, eh_error *error);
/** One row of the table; `cells` in the order of eh_person_table_columns. */
extern const char *const eh_person_table_columns[];
enum { EH_PERSON_TABLE_COLUMNS = 20 };
typedef struct eh_restore_table_reading eh_restore_table_reading;
EH_MUST_USE eh_code eh_restore_json(eh_rights *rights, eh_view text, const eh_import_options *options, eh_arena *arena, eh_import_report *report,
                                    eh_error *error);
EH_MUST_USE eh_code eh_restore_table(eh_rights *rights, eh_engine *engine, const eh_import_options *options, eh_arena *arena,
                                     eh_import_report *report, eh_error *error);

#endif
