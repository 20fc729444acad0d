/* Giving up what root may: before anything of the workspace is opened, and for good. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/cli_int.h"

enum { ENTRY_BYTES_MAX = 1 << 16 };

static eh_code user_find(const char *name, struct passwd *entry, char *bytes, eh_error *error)
{
    struct passwd *found = NULL;
    int answer = getpwnam_r(name, entry, bytes, ENTRY_BYTES_MAX, &found);
    if (answer != 0)
        return eh_fail(error, EH_UNAVAILABLE, "--user: %s: %s", name, strerror(answer));
    if (found == NULL)
        return eh_fail(error, EH_INPUT, "--user: this machine knows no user '%.100s'; make one with: useradd --system --shell /usr/sbin/nologin %.100s", name, name);
    return found->pw_uid != 0 ? EH_OK : eh_fail(error, EH_INPUT, "--user: '%.100s' is root, which gives nothing up", name);
}

eh_code eh_serve_as(const char *name, eh_arena *arena, eh_error *error)
{
    struct passwd entry;
    char *bytes = eh_arena_take(arena, ENTRY_BYTES_MAX, 1);
    if (bytes == NULL)
        return eh_fail_memory(error);
    EH_TRY(user_find(name, &entry, bytes, error));
    if (geteuid() != 0 && geteuid() != entry.pw_uid)
        return eh_fail(error, EH_DENIED, "--user: only root can become '%.100s'; start it as root, or as that user", name);
    if (geteuid() == 0 && (initgroups(name, entry.pw_gid) != 0 || setresgid(entry.pw_gid, entry.pw_gid, entry.pw_gid) != 0 ||
                           setresuid(entry.pw_uid, entry.pw_uid, entry.pw_uid) != 0))
        return eh_fail(error, EH_DENIED, "--user: cannot become '%.100s': %s", name, strerror(errno));
    /* the way back must be closed, whatever the system lets a process keep */
    EH_ASSERT(setuid(0) != 0 && seteuid(0) != 0 && geteuid() == entry.pw_uid && getuid() == entry.pw_uid);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        return eh_fail(error, EH_UNAVAILABLE, "--user: %s", strerror(errno));
    return EH_OK;
}
