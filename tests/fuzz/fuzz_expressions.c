/*
 * Any bytes as a list of expressions: refused with a text that names the option, or cut into expressions that hold no statement and that
 * come out the same when they are read again one by one.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/data.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 1 << 26 };

static void check(const eh_expression *expression, eh_arena *arena)
{
    eh_error error = {0};
    eh_expression again = {0};
    EH_ASSERT(expression->sql != NULL && expression->sql[0] != '\0');
    EH_ASSERT(expression->name != NULL && expression->name[0] != '\0');
    EH_ASSERT(eh_utf8_valid(eh_view_of(expression->name)));
    EH_ASSERT(eh_expression_parse("--again", eh_view_of(expression->sql), arena, &again, &error) == EH_OK);
    EH_ASSERT(strcmp(again.sql, expression->sql) == 0);
    /* without any quote nothing can hide a statement's end */
    EH_ASSERT(strpbrk(expression->sql, "'\"$") != NULL || strchr(expression->sql, ';') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    eh_arena *arena = eh_arena_open(ARENA_BYTES_MAX);
    char *text = malloc(size > 0 ? size : 1); /* no byte more, so that reading past the end is seen */
    if (arena != NULL && text != NULL) {
        if (size > 0)
            memcpy(text, data, size);
        eh_error error = {0};
        eh_expression *list = NULL;
        size_t count = 0;
        eh_code code = eh_expressions_parse("--by", (eh_view){text, size}, arena, &list, &count, &error);
        EH_ASSERT(code == EH_OK || (error.code == code && strncmp(error.text, "--by", 4) == 0));
        EH_ASSERT(code != EH_OK || count > 0);
        for (size_t i = 0; code == EH_OK && i < count; i++)
            check(&list[i], arena);
    }
    free(text);
    eh_arena_close(&arena);
    return 0;
}
