/** Private to this room: taking a person out of texts and out of the files of the state. */
#ifndef EH_JOURNEY_PEOPLE_INT_H
#define EH_JOURNEY_PEOPLE_INT_H

#include "journey/people.h"

typedef enum {
    EH_TEXT_PLAIN, /* text, HTML, CSV: marks are replaced where they stand as words of their own */
    EH_TEXT_JSON,  /* only inside of strings, and short marks too where the member says that it names somebody */
    EH_TEXT_LINES, /* lines that are a mark go */
} eh_text_form;

/** True when the mark cannot be mistaken for a number or a word of the report: at least six characters, or four that are not all digits. */
bool eh_mark_is_distinct(const char *mark);

/** Appends the text with every mark taken out ("erased" in its place). *count_out: how many were. Pure. errors: EH_MEMORY; EH_LIMIT for too many marks */
EH_MUST_USE eh_code eh_redact(eh_view text, const eh_person_marks *marks, eh_text_form form, eh_buffer *out, uint64_t *count_out, eh_error *error);

/** Kept reports and lists of the state folder; traces of plans are journey/campaigns.h's. */
EH_MUST_USE eh_code eh_state_files_forget(const char *state_folder, const eh_person_marks *marks, eh_forgotten *forgotten, eh_error *error);
/** Files below the state folder that hold a distinct mark, whatever they are; paths from the state folder on. */
EH_MUST_USE eh_code eh_state_files_holding(const char *state_folder, const eh_person_marks *marks, eh_arena *arena, const char *const **files_out,
                                           size_t *count_out, eh_error *error);

#endif
