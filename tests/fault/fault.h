/** Which call is to fail: for inject.c and preload.c. */
#ifndef EH_TESTS_FAULT_H
#define EH_TESTS_FAULT_H

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/**
 * True when call `number` (from 1) of the function `name` is the one that `fault` means: "write:3", "write:3:on", "write:3:kill" (which ends the program here), or
 * "write:3:short", of which the caller hears in *short_out. `fault` NULL: none.
 */
static inline bool eh_fault_hits(const char *fault, const char *name, unsigned number, bool *short_out)
{
    size_t len = strlen(name);
    *short_out = false;
    if (fault == NULL || strncmp(fault, name, len) != 0 || fault[len] != ':')
        return false;
    char *end = NULL;
    unsigned first = (unsigned)strtoul(fault + len + 1, &end, 10);
    if (number < first || (number > first && strcmp(end, ":on") != 0))
        return false;
    if (strcmp(end, ":kill") == 0)
        (void)raise(SIGKILL);
    *short_out = strcmp(end, ":short") == 0;
    return true;
}

#endif
