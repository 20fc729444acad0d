/**
 * Texts for people, in their language: messages that a translator edits in a file, filled with names, numbers and dates.
 *
 * A file (share/messages/de.yaml) is a mapping of keys to messages in the syntax of ICU MessageFormat, with names: "{count, plural,
 * one {# month} other {# months}} ago", "{said, select, yes {agreed} other {did not agree}}", "{name}", "{share, number, percent}". A brace or
 * an apostrophe of the text itself is written as ICU wants it ('{', ''). Plural forms, digits and separators are ICU's own.
 *
 * A catalogue is read whole and checked when it is opened, and may then be used by many threads.
 */
#ifndef EH_BASE_MESSAGES_H
#define EH_BASE_MESSAGES_H

#include "base/base.h"

typedef struct eh_messages eh_messages;

/**
 * Reads the messages of one language from YAML text; `name` stands in errors with line and column.
 * language   BCP 47, "de" or "de-AT"
 * fallback   where a key that is missing here is looked up; NULL: none. Borrowed; must outlive the catalogue
 * errors     EH_INPUT for a message that is not well-formed: which key, where, what
 */
EH_MUST_USE eh_code eh_messages_open(eh_view yaml, const char *name, const char *language, const eh_messages *fallback, eh_messages **messages_out,
                                     eh_error *error);
void eh_messages_close(eh_messages **messages);
const char *eh_messages_language(const eh_messages *messages);
/** True for Arabic, Hebrew and their like. */
bool eh_messages_right_to_left(const eh_messages *messages);
/** True when the key is in this catalogue itself. */
bool eh_messages_has(const eh_messages *messages, const char *key);
/** The keys of this catalogue, sorted by bytes; borrowed. */
void eh_messages_keys(const eh_messages *messages, const char *const **keys_out, size_t *count_out);
/** The argument names that a message uses, sorted, each once; borrowed. count 0 for a key that is not there. */
void eh_messages_arguments(const eh_messages *messages, const char *key, const char *const **names_out, size_t *count_out);

/** A value for {name}: a text, or a number (for number and plural; as {name} it is written with the language's separators). */
typedef struct {
    const char *name;
    const char *text;  /* NULL: the number counts */
    double number;
} eh_message_value;

/**
 * Appends the message with its values filled in. A key that is nowhere, or a value that is missing, is a broken promise of the
 * program and shows as the key or the name in double angle brackets, so that a test finds it; the tests of the catalogues keep it from
 * happening. What is appended is plain text: escape it for where it goes. cost: no allocation but the buffer's; thread-safe.
 */
void eh_message_append(const eh_messages *messages, const char *key, const eh_message_value *values, size_t values_count, eh_buffer *out);

#endif
