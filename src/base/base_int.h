/** What the files of this room share and nobody else includes. */
#ifndef EH_BASE_BASE_INT_H
#define EH_BASE_BASE_INT_H

#include "base/base.h"

/**
 * The character at the start of `text`: its code point, and its bytes in `bytes_out`. When the bytes are no valid UTF-8 (overlong
 * forms and surrogates are not) returns UINT32_MAX and 1 byte. text.len must not be 0.
 */
uint32_t eh_utf8_decode(eh_view text, size_t *bytes_out);

#endif
