/* From what the user named to a sorted list of files that can be read, each with its format. */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/data_int.h"

enum { HEAD_BYTES = 4096, COPY_BYTES = 1 << 16 };

typedef struct {
    eh_arena *arena;
    const char *folder;
    eh_input_files *files;
    eh_error *error;
} collection;

/* The first bytes of a file say what it is. `why` NULL: it can be read. */
static const struct {
    const char *bytes;
    size_t len;
    eh_format format;
    eh_packed packed;
    const char *why;
} magics[] = {
    {"PAR1", 4, EH_FORMAT_PARQUET, EH_PACKED_NOT, NULL},
    {"\x1f\x8b", 2, EH_FORMAT_UNKNOWN, EH_PACKED_GZIP, NULL},
    {"\x28\xb5\x2f\xfd", 4, EH_FORMAT_UNKNOWN, EH_PACKED_ZSTD, NULL},
    {"PARE", 4, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is an encrypted Parquet file"},
    {"PK\x03\x04", 4, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is an Excel workbook or a zip archive; save it as CSV"},
    {"\xd0\xcf\x11\xe0", 4, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is an old Excel workbook; save it as CSV"},
    {"BZh", 3, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is packed with bzip2; unpack it, or pack it with gzip"},
    {"\xfd""7zXZ", 5, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is packed with xz; unpack it, or pack it with gzip"},
    {"SQLite format 3", 15, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is an SQLite database; export the table as CSV"},
    {"Obj\x01", 4, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is an Avro file; save it as Parquet or CSV"},
    {"ORC", 3, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is an ORC file; save it as Parquet or CSV"},
    {"%PDF", 4, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is a PDF document, not a table"},
    {"\xff\xfe", 2, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is UTF-16 text; save it as UTF-8"},
    {"\xfe\xff", 2, EH_FORMAT_UNKNOWN, EH_PACKED_NOT, "is UTF-16 text; save it as UTF-8"},
};

/* Endings that say JSON where the content cannot be looked at. */
static const char *const json_endings[] = {".json", ".jsonl", ".ndjson", ".json.gz", ".jsonl.gz", ".ndjson.gz", ".json.zst", ".jsonl.zst",
                                           ".ndjson.zst"};

static void descriptor_close(int *descriptor)
{
    if (*descriptor >= 0)
        close(*descriptor);
}

static void glob_close(glob_t *found)
{
    globfree(found);
}

eh_format eh_format_of_text(eh_view text)
{
    if (text.len >= 3 && memcmp(text.ptr, "\xef\xbb\xbf", 3) == 0)
        text = (eh_view){text.ptr + 3, text.len - 3};
    text = eh_view_trim(text);
    if (text.len < 2)
        return EH_FORMAT_CSV;
    eh_view rest = eh_view_trim((eh_view){text.ptr + 1, text.len - 1});
    char next = rest.len == 0 ? '\0' : rest.ptr[0];
    if (text.ptr[0] == '{')
        return next == '"' || next == '}' ? EH_FORMAT_JSON : EH_FORMAT_CSV;
    return text.ptr[0] == '[' && (next == '{' || next == ']') ? EH_FORMAT_JSON : EH_FORMAT_CSV;
}

static bool ends_with(const char *text, const char *ending)
{
    size_t text_len = strlen(text), ending_len = strlen(ending);
    return text_len >= ending_len &&
           eh_view_equal_nocase((eh_view){text + text_len - ending_len, ending_len}, (eh_view){ending, ending_len});
}

static eh_code parquet_check(int descriptor, off_t size, const char *given, eh_error *error)
{
    char tail[4];
    if (size < 12 || pread(descriptor, tail, sizeof tail, size - 4) != (ssize_t)sizeof tail || memcmp(tail, "PAR1", 4) != 0)
        return eh_fail(error, EH_INPUT, "%s is a Parquet file that was cut off: its end is missing", given);
    return EH_OK;
}

static eh_code format_tell(int descriptor, off_t size, eh_input_file *file, eh_error *error)
{
    char head[HEAD_BYTES];
    ssize_t len = pread(descriptor, head, sizeof head, 0);
    if (len < 0)
        return eh_fail(error, EH_IO, "cannot read %s: %s", file->given, strerror(errno));
    bool named_json = false;
    for (size_t i = 0; i < sizeof json_endings / sizeof json_endings[0]; i++)
        named_json = named_json || ends_with(file->given, json_endings[i]);
    for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++) {
        if ((size_t)len < magics[i].len || memcmp(head, magics[i].bytes, magics[i].len) != 0)
            continue;
        if (magics[i].why != NULL)
            return eh_fail(error, EH_INPUT, "%s %s", file->given, magics[i].why);
        file->packed = magics[i].packed;
        file->format = magics[i].packed != EH_PACKED_NOT && named_json ? EH_FORMAT_JSON : magics[i].format;
        return file->format == EH_FORMAT_PARQUET ? parquet_check(descriptor, size, file->given, error) : EH_OK;
    }
    if (ends_with(file->given, ".parquet"))
        return eh_fail(error, EH_INPUT, "%s is not a Parquet file, though its name says so", file->given);
    if (memchr(head, '\0', (size_t)len) != NULL)
        return eh_fail(error, EH_INPUT, "%s is neither CSV nor Parquet nor JSON: it holds binary data", file->given);
    file->format = eh_format_of_text((eh_view){head, (size_t)len});
    if (file->format == EH_FORMAT_CSV && eh_view_trim((eh_view){head, (size_t)len}).len == 0 && len == size)
        return eh_fail(error, EH_INPUT, "%s is empty", file->given);
    if (file->format == EH_FORMAT_CSV && named_json)
        return eh_fail(error, EH_INPUT, "%s is not JSON, though its name says so: neither objects line by line nor an array of objects",
                       file->given);
    return EH_OK;
}

/* Absolute, so that the engine takes it for no address; by a link where the engine would take it for a pattern. */
static const char *engine_path(collection *c, const char *path)
{
    const char *absolute = path;
    if (path[0] != '/') {
        char *here = getcwd(NULL, 0);
        if (here == NULL)
            return NULL;
        absolute = eh_arena_format(c->arena, "%s/%s", here, path);
        free(here);
    }
    if (absolute == NULL || strpbrk(absolute, "*?[]\\") == NULL)
        return absolute;
    struct stat status;
    if (stat(absolute, &status) != 0)
        return NULL;
    /* named by the file, because several lists of files may share the folder */
    char *link = eh_arena_format(c->arena, "%s/link-%llx-%llx", c->folder, (unsigned long long)status.st_dev, (unsigned long long)status.st_ino);
    return link != NULL && (symlink(absolute, link) == 0 || errno == EEXIST) ? link : NULL;
}

static eh_code file_add(collection *c, const char *given, const char *path)
{
    EH_CLEANUP(descriptor_close) int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;
    if (descriptor < 0 || fstat(descriptor, &status) != 0)
        return eh_fail(c->error, errno == EACCES ? EH_DENIED : EH_IO, "cannot read %s: %s", given, strerror(errno));
    if (status.st_size == 0)
        return eh_fail(c->error, EH_INPUT, "%s is empty", given);
    if (c->files->count == EH_FILES_MAX)
        return eh_fail(c->error, EH_LIMIT, "more than %d input files", EH_FILES_MAX);
    if (c->files->count == c->files->capacity) {
        size_t capacity = c->files->capacity == 0 ? 16 : c->files->capacity * 4;
        eh_input_file *larger = EH_TAKE(c->arena, capacity, eh_input_file);
        if (larger == NULL)
            return eh_fail_memory(c->error);
        if (c->files->count > 0)
            memcpy(larger, c->files->files, c->files->count * sizeof *larger);
        c->files->files = larger;
        c->files->capacity = capacity;
    }
    eh_input_file *file = &c->files->files[c->files->count];
    *file = (eh_input_file){.device = (uint64_t)status.st_dev, .inode = (uint64_t)status.st_ino};
    file->given = eh_arena_copy(c->arena, eh_view_of(given));
    file->engine_path = file->given == NULL ? NULL : engine_path(c, path == given ? file->given : path);
    if (file->engine_path == NULL)
        return eh_fail_memory(c->error);
    c->files->count++;
    return format_tell(descriptor, status.st_size, file, c->error);
}

/* A pipe can be read once only, so it is copied first. */
static eh_code spool(collection *c, int from, const char *given)
{
    char *path = eh_arena_format(c->arena, "%s/pipe-%zu", c->folder, c->files->count);
    if (path == NULL)
        return eh_fail_memory(c->error);
    EH_CLEANUP(descriptor_close) int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (to < 0)
        return eh_fail(c->error, EH_IO, "cannot write %s: %s", path, strerror(errno));
    const char *shown = strcmp(given, "-") == 0 ? "standard input" : given;
    char bytes[COPY_BYTES];
    for (;;) {
        ssize_t len = read(from, bytes, sizeof bytes);
        if (len == 0)
            break;
        if (len < 0 && errno == EINTR)
            continue;
        if (len < 0)
            return eh_fail(c->error, EH_IO, "cannot read %s: %s", shown, strerror(errno));
        for (ssize_t done = 0; done < len;) {
            ssize_t written = write(to, bytes + done, (size_t)(len - done));
            if (written < 0 && errno != EINTR)
                return eh_fail(c->error, EH_IO, "cannot keep %s in %s: %s (set TMPDIR to a folder on a larger disk)", shown, c->folder,
                               strerror(errno));
            done += written < 0 ? 0 : written;
        }
    }
    if (lseek(to, 0, SEEK_END) == 0)
        return eh_fail(c->error, EH_INPUT, "%s is empty", shown);
    return file_add(c, given, path);
}

static eh_code path_add(collection *c, const char *path)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        struct stat link;
        if (errno == ENOENT && lstat(path, &link) == 0)
            return eh_fail(c->error, EH_NOT_FOUND, "%s is a link to a file that does not exist", path);
        if (errno == ENOENT || errno == ENOTDIR)
            return eh_fail(c->error, EH_NOT_FOUND, "no such file: %s", path);
        return eh_fail(c->error, errno == EACCES ? EH_DENIED : EH_IO, "cannot read %s: %s", path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode))
        return eh_fail(c->error, EH_INPUT, "%s is a directory; name the files in it, for example '%s%s*.csv'", path, path,
                       ends_with(path, "/") ? "" : "/");
    if (S_ISREG(status.st_mode))
        return file_add(c, path, path);
    if (!S_ISFIFO(status.st_mode))
        return eh_fail(c->error, EH_INPUT, "%s is neither a file nor a pipe", path);
    EH_CLEANUP(descriptor_close) int pipe = open(path, O_RDONLY | O_CLOEXEC);
    if (pipe < 0)
        return eh_fail(c->error, EH_IO, "cannot read %s: %s", path, strerror(errno));
    return spool(c, pipe, path);
}

static eh_code pattern_add(collection *c, const char *pattern)
{
    struct stat status;
    if (strcmp(pattern, "-") == 0)
        return spool(c, STDIN_FILENO, pattern);
    if (pattern[0] == '\0')
        return eh_fail(c->error, EH_INPUT, "the name of an input file is empty");
    if (strpbrk(pattern, "*?[") == NULL || lstat(pattern, &status) == 0)
        return path_add(c, pattern);
    EH_CLEANUP(glob_close) glob_t found = {0};
    int result = glob(pattern, GLOB_NOSORT, NULL, &found);
    if (result == GLOB_NOMATCH)
        return eh_fail(c->error, EH_NOT_FOUND, "no file matches '%s'", pattern);
    if (result != 0)
        return eh_fail(c->error, result == GLOB_NOSPACE ? EH_MEMORY : EH_IO, "cannot look for '%s'", pattern);
    for (size_t i = 0; i < found.gl_pathc; i++)
        EH_TRY(path_add(c, found.gl_pathv[i]));
    return EH_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(((const eh_input_file *)a)->given, ((const eh_input_file *)b)->given);
}

static int compare_places(const void *a, const void *b)
{
    const eh_input_file *x = a, *y = b;
    if (x->device != y->device)
        return x->device < y->device ? -1 : 1;
    return (x->inode > y->inode) - (x->inode < y->inode);
}

eh_code eh_input_files_collect(eh_arena *arena, const char *folder, const char *const *patterns, size_t patterns_count,
                               eh_input_files *files_out, eh_error *error)
{
    eh_input_files files = {0};
    collection c = {.arena = arena, .folder = folder, .files = &files, .error = error};
    if (patterns_count == 0)
        return eh_fail(error, EH_INPUT, "no input file");
    for (size_t i = 0; i < patterns_count; i++)
        EH_TRY(pattern_add(&c, patterns[i]));
    qsort(files.files, files.count, sizeof *files.files, compare_places);
    for (size_t i = 1; i < files.count; i++)
        if (compare_places(&files.files[i - 1], &files.files[i]) == 0)
            return eh_fail(error, EH_CONFLICT, "%s and %s are the same file; its rows would count twice", files.files[i - 1].given,
                           files.files[i].given);
    qsort(files.files, files.count, sizeof *files.files, compare_names);
    *files_out = files;
    return EH_OK;
}
