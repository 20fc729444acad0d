/** The tables of functions, one per file. */
#ifndef EH_POLICY_CEL_FUNCTIONS_INT_H
#define EH_POLICY_CEL_FUNCTIONS_INT_H

#include "policy/cel_int.h"

enum { CEL_CONVERSION_ROWS = 35, CEL_TIME_ROWS = 24, CEL_STRING_ROWS = 19, CEL_MATH_ROWS = 68, CEL_OPTIONAL_ROWS = 9, CEL_ENCODER_ROWS = 2 };

extern const overload cel_conversion_rows[CEL_CONVERSION_ROWS];
extern const overload cel_time_rows[CEL_TIME_ROWS];
extern const overload cel_string_rows[CEL_STRING_ROWS];
extern const overload cel_math_rows[CEL_MATH_ROWS];
extern const overload cel_optional_rows[CEL_OPTIONAL_ROWS];
extern const overload cel_encoder_rows[CEL_ENCODER_ROWS];

typedef eh_cel_value cel_function(eh_cel_machine *machine, const eh_cel_value *arguments, uint32_t count);
/* cel_times.c */
cel_function cel_time_add, cel_time_subtract;
/* cel_format.c */
cel_function cel_format;

/** Text that grows in the machine's memory. */
typedef struct {
    eh_cel_machine *machine;
    char *ptr;
    size_t len, capacity;
} cel_text;
/** False when memory or cost is at its limit (the machine has stopped). */
bool cel_text_append(cel_text *text, eh_view added);
eh_cel_value cel_text_value(const cel_text *text);

/** `out` has room for 4 bytes per 3, rounded up. */
size_t cel_base64_encode(eh_view bytes, char *out);
/** Standard and URL alphabet, with padding or without; `out` has room for as many bytes as the text. */
bool cel_base64_decode(eh_view text, char *out, size_t *len_out);

#endif
