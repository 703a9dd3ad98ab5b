#include "station/http/internal.h"

#include <string.h>

/* Matches the pattern; {} takes at least one character, and no slash. What follows {} in a pattern
 * decides where it ends: the last place where it fits. */
static int matches(const char *pattern, const char *path, dn_http_request *request, int number) {
    const char *hole = strstr(pattern, "{}");
    if (!hole || number >= DN_PARAMETERS)
        return strcmp(pattern, path) == 0;
    size_t before = (size_t)(hole - pattern);
    if (strncmp(pattern, path, before) != 0)
        return 0;
    const char *value = path + before, *rest = hole + 2;
    size_t most = strcspn(value, "/");
    for (size_t length = most; length > 0; length--) {
        if (length >= DN_PARAMETER_SIZE || !matches(rest, value + length, request, number + 1))
            continue;
        memcpy(request->parameters[number], value, length);
        request->parameters[number][length] = '\0';
        return 1;
    }
    return 0;
}

const dn_route *dn_route_find(const dn_route *routes, size_t count, const char *method,
                              const char *path, dn_http_request *request, const char **allow) {
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;
    const char *first = NULL; /* the first pattern that fits is the path's, also for its methods */
    *allow = NULL;
    for (size_t i = 0; i < count; i++) {
        if ((first && strcmp(first, routes[i].pattern) != 0) ||
            !matches(routes[i].pattern, path, request, 0))
            continue;
        first = routes[i].pattern;
        if (strcmp(routes[i].method, wanted) == 0)
            return &routes[i];
        *allow = strcmp(routes[i].method, "GET") == 0 ? "GET, HEAD" : routes[i].method;
    }
    return NULL;
}
