/* Which handler a path belongs to. */
#include <string.h>

#include "web/http_int.h"

static eh_view segment_take(eh_view *rest)
{
    const char *slash = rest->len > 0 ? memchr(rest->ptr, '/', rest->len) : NULL;
    size_t len = slash == NULL ? rest->len : (size_t)(slash - rest->ptr);
    eh_view segment = {rest->ptr, len};
    size_t taken = slash == NULL ? len : len + 1;
    *rest = (eh_view){rest->ptr + taken, rest->len - taken};
    return segment;
}

/* Pattern and path both begin with a slash. A slash at the end counts: "/a/" is another path than "/a". */
static bool pattern_fits(eh_view pattern, eh_view path, eh_view parameters[EH_ROUTE_PARAMETERS_MAX])
{
    size_t count = 0;
    while (pattern.len > 0 && path.len > 0) {
        bool pattern_more = memchr(pattern.ptr, '/', pattern.len) != NULL, path_more = memchr(path.ptr, '/', path.len) != NULL;
        eh_view wanted = segment_take(&pattern), given = segment_take(&path);
        if (pattern_more != path_more)
            return false;
        if (wanted.len > 0 && wanted.ptr[0] == ':') {
            if (given.len == 0)
                return false;
            EH_ASSERT(count < EH_ROUTE_PARAMETERS_MAX);
            parameters[count++] = given;
        } else if (!eh_view_equal(wanted, given)) {
            return false;
        }
    }
    return pattern.len == 0 && path.len == 0;
}

eh_route_answer eh_route_find(const eh_route *routes, size_t routes_count, eh_http_method method, eh_view path, eh_route_match *match_out)
{
    unsigned allowed = 0;
    for (size_t i = 0; i < routes_count; i++) {
        eh_route_match match = {.route = &routes[i]};
        if (!pattern_fits(eh_view_of(routes[i].pattern), path, match.parameters))
            continue;
        if (routes[i].method == method) {
            *match_out = match;
            return EH_ROUTE_FOUND;
        }
        allowed |= 1U << routes[i].method;
    }
    *match_out = (eh_route_match){.allowed = allowed};
    return allowed == 0 ? EH_ROUTE_NO_PATH : EH_ROUTE_NO_METHOD;
}
