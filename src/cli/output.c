/* Where output goes: standard output and error, the terminal's facts, the paths of reports. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/cli_int.h"

enum { COLUMNS_MIN = 60, COLUMNS_MAX = 240, COLUMNS_USUAL = 80 };

/* U+202A to U+202E and U+2066 to U+2069: they turn round what stands after them on the line. */
static bool turns_direction(eh_view text)
{
    if (text.len < 3 || (unsigned char)text.ptr[0] != 0xE2)
        return false;
    unsigned char second = (unsigned char)text.ptr[1], third = (unsigned char)text.ptr[2];
    return (second == 0x80 && third >= 0xAA && third <= 0xAE) || (second == 0x81 && third >= 0xA6 && third <= 0xA9);
}

/* Bytes of the character that begins the text; 0 when none does. */
static size_t character_length(eh_view text)
{
    unsigned char first = (unsigned char)text.ptr[0];
    size_t len = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    return len <= text.len && eh_utf8_valid((eh_view){text.ptr, len}) ? len : 0;
}

void eh_visible_append(eh_buffer *out, eh_view text, bool lines)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.ptr[i];
        if (turns_direction((eh_view){text.ptr + i, text.len - i})) {
            eh_buffer_format(out, "\\xe2\\x%02x\\x%02x", (unsigned char)text.ptr[i + 1], (unsigned char)text.ptr[i + 2]);
            i += 2;
            continue;
        }
        bool c1 = byte == 0xC2 && i + 1 < text.len && (unsigned char)text.ptr[i + 1] < 0xA0;
        if (c1) {
            eh_buffer_format(out, "\\x%02x", (unsigned char)text.ptr[++i]);
            continue;
        }
        size_t len = character_length((eh_view){text.ptr + i, text.len - i});
        if (len == 0 || (byte < 0x20 && !(lines && byte == '\n')) || byte == 0x7F) {
            eh_buffer_format(out, "\\x%02x", byte);
        } else {
            eh_buffer_append(out, (eh_view){text.ptr + i, len});
            i += len - 1;
        }
    }
}

static eh_code descriptor_write(int descriptor, eh_view bytes)
{
    while (bytes.len > 0) {
        ssize_t written = write(descriptor, bytes.ptr, bytes.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return EH_IO;
        bytes.ptr += written;
        bytes.len -= (size_t)written;
    }
    return EH_OK;
}

int eh_error_show(const char *command, const eh_error *error)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer line = {0};
    eh_buffer_text(&line, command == NULL ? "evenhand: " : "evenhand ");
    if (command != NULL)
        eh_buffer_format(&line, "%s: ", command);
    eh_visible_append(&line, eh_view_of(error->text), true);
    eh_buffer_byte(&line, '\n');
    eh_view bytes = line.code == EH_OK ? eh_buffer_view(&line) : EH_VIEW("evenhand: no memory left\n");
    (void)descriptor_write(STDERR_FILENO, bytes); /* when this fails too there is nowhere left to say so; the exit status tells */
    return EH_STATUS_ERROR;
}

void eh_note_show(const char *what, const char *path)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer line = {0};
    eh_buffer_format(&line, "%s ", what);
    eh_visible_append(&line, eh_view_of(path), false);
    eh_buffer_byte(&line, '\n');
    if (line.code == EH_OK)
        (void)descriptor_write(STDERR_FILENO, eh_buffer_view(&line));
}

eh_code eh_stdout_write(eh_view bytes, eh_error *error)
{
    if (descriptor_write(STDOUT_FILENO, bytes) != EH_OK)
        return eh_fail(error, EH_IO, "standard output: cannot be written: %s", strerror(errno));
    return EH_OK;
}

int eh_stdout_show(const char *command, const eh_buffer *text)
{
    eh_error error = {0};
    if (eh_buffer_check(text, &error) != EH_OK || eh_stdout_write(eh_buffer_view(text), &error) != EH_OK)
        return eh_error_show(command, &error);
    return 0;
}

size_t eh_stdout_columns(void)
{
    struct winsize size = {0};
    size_t columns = 0;
    if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        columns = size.ws_col;
    const char *wanted = getenv("COLUMNS");
    double number = 0;
    if (columns == 0 && wanted != NULL && eh_number_read(eh_view_of(wanted), &number) && number >= 1 && number <= 10000)
        columns = (size_t)number;
    if (columns == 0)
        columns = COLUMNS_USUAL;
    return columns < COLUMNS_MIN ? COLUMNS_MIN : columns > COLUMNS_MAX ? COLUMNS_MAX : columns;
}

bool eh_stdout_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");
    if (no_colour != NULL && no_colour[0] != '\0')
        return false;
    return isatty(STDOUT_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;
}

char *eh_output_path(eh_arena *arena, const char *prefix, size_t format, bool only)
{
    const char *extension = eh_formats[format].extension;
    size_t prefix_len = strlen(prefix), extension_len = strlen(extension);
    if (only && prefix_len > extension_len && strcmp(prefix + prefix_len - extension_len, extension) == 0)
        return eh_arena_copy(arena, eh_view_of(prefix));
    return eh_arena_format(arena, "%s%s", prefix, extension);
}
