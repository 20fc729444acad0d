/* A progress bar for people who wait: late to come, wiped at the end, on a terminal only. */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli_int.h"

enum { BAR_COLUMNS = 20, LINE_BYTES_MAX = 4096, COLUMNS_MIN = 20 };

static uint64_t monotonic_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

eh_progress eh_progress_stderr(bool wanted)
{
    eh_progress progress = {.descriptor = -1, .columns = 80, .now_ms = monotonic_ms};
    const char *terminal = getenv("TERM");
    bool dumb = terminal == NULL || strcmp(terminal, "dumb") == 0;
    if (wanted && !dumb && isatty(STDERR_FILENO)) {
        struct winsize size = {0};
        progress.descriptor = STDERR_FILENO;
        if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_MIN)
            progress.columns = size.ws_col;
    }
    progress.started_ms = progress.now_ms();
    return progress;
}

/* As many whole characters of `text` as fit into `columns`, with an ellipsis when something is cut. */
static void cut_append(eh_buffer *out, eh_view text, size_t columns)
{
    if (eh_utf8_columns(text) <= columns) {
        eh_buffer_append(out, text);
        return;
    }
    size_t end = 0;
    for (size_t i = 1; i <= text.len; i++) {
        bool boundary = i == text.len || ((unsigned char)text.ptr[i] & 0xC0) != 0x80;
        if (!boundary)
            continue;
        if (eh_utf8_columns((eh_view){text.ptr, i}) + 1 > columns)
            break;
        end = i;
    }
    eh_buffer_append(out, (eh_view){text.ptr, end});
    eh_buffer_text(out, "…");
}

void eh_progress_line(eh_buffer *out, const char *what, double share, size_t columns)
{
    EH_CLEANUP(eh_buffer_dispose) eh_buffer name = {0};
    eh_buffer_init(&name, LINE_BYTES_MAX);
    eh_visible_append(&name, eh_view_of(what), false);
    size_t bar = BAR_COLUMNS + sizeof "  [] 100 %" - 1;
    bool known = share >= 0 && columns > bar + 8;
    cut_append(out, eh_buffer_view(&name), known ? columns - bar - 1 : columns - 5);
    if (!known) {
        eh_buffer_text(out, " ...");
        return;
    }
    if (share > 1)
        share = 1;
    size_t full = (size_t)(share * BAR_COLUMNS + 0.5);
    eh_buffer_text(out, "  [");
    for (size_t i = 0; i < BAR_COLUMNS; i++)
        eh_buffer_text(out, i < full ? "█" : "░");
    eh_buffer_format(out, "] %3d %%", (int)(share * 100));
}

static void draw(const eh_progress *progress, eh_view bytes)
{
    /* a bar that cannot be drawn is no reason to stop */
    ssize_t written = write(progress->descriptor, bytes.ptr, bytes.len);
    (void)written;
}

void eh_progress_show(void *context, const char *what, double share)
{
    eh_progress *progress = context;
    if (progress->descriptor < 0 || progress->now_ms() - progress->started_ms < EH_PROGRESS_DELAY_MS)
        return;
    EH_CLEANUP(eh_buffer_dispose) eh_buffer line = {0};
    eh_buffer_init(&line, LINE_BYTES_MAX);
    eh_buffer_byte(&line, '\r');
    eh_progress_line(&line, what, share, progress->columns);
    eh_buffer_text(&line, "\033[K");
    if (line.code == EH_OK)
        draw(progress, eh_buffer_view(&line));
    progress->shown = true;
}

void eh_progress_end(eh_progress *progress)
{
    if (progress->shown)
        draw(progress, EH_VIEW("\r\033[K"));
    progress->shown = false;
}
