/** Texts for HTML. Every text of a user or of the data goes through here, in every room that writes HTML. */
#ifndef EH_BASE_HTML_H
#define EH_BASE_HTML_H

#include "base/base.h"

/**
 * The form in which a text of the user is shown: valid UTF-8 in which nothing is invisible or acts on what stands beside it. A
 * line feed becomes U+23CE, other control characters the Unicode picture of themselves (U+2400 and up; U+FFFD for C1), bidirectional
 * controls, line and paragraph separators and noncharacters U+FFFD, as do invalid bytes, one for each.
 */
void eh_html_visible(eh_buffer *out, eh_view text);
/** The visible form, escaped so that it is one text node in an element and one value in a quoted attribute. Every text goes here. */
void eh_html_text(eh_buffer *out, eh_view text);
/** Writes `format` as it is, with each $ replaced by the next argument (a const char *) through eh_html_text. */
void eh_html_put(eh_buffer *out, const char *format, ...);

#endif
