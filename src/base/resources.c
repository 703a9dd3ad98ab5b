#include "base/resources.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

enum { TEXT = 8192, PATH = 1024 };

/* The kernel's files report a size of 0: reads what fits. "" if there is no such file. */
static void read_text(const char *root, const char *path, char text[TEXT]) {
    char name[PATH];
    text[0] = '\0';
    int length = snprintf(name, sizeof name, "%s%s", root, path);
    FILE *file = length > 0 && (size_t)length < sizeof name ? fopen(name, "re") : NULL;
    if (!file)
        return;
    text[fread(text, 1, TEXT - 1, file)] = '\0';
    fclose(file);
}

/* The number behind `name` at the beginning of a line. */
static int find_number(const char *text, const char *name, uint64_t *value) {
    size_t length = strlen(name);
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, name, length) == 0)
            return sscanf(line + length, " %" SCNu64, value) == 1;
    }
    return 0;
}

static uint64_t kibibytes(const char *text, const char *name) {
    uint64_t value;
    return find_number(text, name, &value) ? value << 10 : 0;
}

static int look_at_machine(const char *root, dn_memory_state *state) {
    char text[TEXT];
    read_text(root, "/proc/meminfo", text);
    uint64_t total = kibibytes(text, "MemTotal:"), available = kibibytes(text, "MemAvailable:");
    *state = (dn_memory_state){.available = available + kibibytes(text, "SwapFree:"),
                               .limit = total + kibibytes(text, "SwapTotal:")};
    return total > 0 && available > 0;
}

/* ---- Control groups -------------------------------------------------------------------------- */

static int read_number(const char *root, const char *folder, const char *name, uint64_t *value) {
    char path[PATH], text[TEXT];
    int length = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (length < 0 || (size_t)length >= sizeof path)
        return 0;
    read_text(root, path, text);
    return sscanf(text, "%" SCNu64, value) == 1; /* "max" is no number */
}

/* A group's memory includes cached files, which the kernel drops when the group needs more. */
static uint64_t count_cache(const char *root, const char *folder) {
    char path[PATH], text[TEXT];
    uint64_t cache = 0;
    int length = snprintf(path, sizeof path, "%s/memory.stat", folder);
    if (length < 0 || (size_t)length >= sizeof path)
        return 0;
    read_text(root, path, text);
    if (!find_number(text, "total_inactive_file ", &cache))
        find_number(text, "inactive_file ", &cache);
    return cache;
}

static void apply_group(const char *root, const char *folder, const char *limit_name,
                        const char *used_name, dn_memory_state *state) {
    uint64_t limit, used = 0;
    if (!read_number(root, folder, limit_name, &limit))
        return;
    read_number(root, folder, used_name, &used);
    uint64_t cache = count_cache(root, folder);
    used = used > cache ? used - cache : 0;
    uint64_t left = limit > used ? limit - used : 0;
    state->limit = limit < state->limit ? limit : state->limit;
    state->available = left < state->available ? left : state->available;
}

/* The group's folder, then its parents', whose limits apply as well. */
static void apply_groups(const char *root, const char *mount, const char *group,
                         const char *limit_name, const char *used_name, dn_memory_state *state) {
    char folder[PATH];
    int length = snprintf(folder, sizeof folder, "%s%s", mount, group);
    if (length < 0 || (size_t)length >= sizeof folder)
        return;
    for (;;) {
        apply_group(root, folder, limit_name, used_name, state);
        char *slash = strrchr(folder, '/');
        if (!slash || slash < folder + strlen(mount))
            return;
        *slash = '\0';
    }
}

/* Lines "0::/group" (v2) and "7:memory:/group" (v1) of /proc/self/cgroup. */
static void look_at_groups(const char *root, dn_memory_state *state) {
    char text[TEXT], *rest = NULL;
    read_text(root, "/proc/self/cgroup", text);
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        const char *path = strchr(line, '/');
        if (!path)
            continue;
        if (strncmp(line, "0::", 3) == 0)
            apply_groups(root, "/sys/fs/cgroup", path, "memory.max", "memory.current", state);
        else if (strstr(line, ":memory:"))
            apply_groups(root, "/sys/fs/cgroup/memory", path, "memory.limit_in_bytes",
                         "memory.usage_in_bytes", state);
    }
}

int dn_memory_look(const char *root, dn_memory_state *state) {
    if (!look_at_machine(root, state)) {
        *state = (dn_memory_state){0};
        return 0;
    }
    look_at_groups(root, state);
    return 1;
}

uint64_t dn_memory_peak(void) {
    char text[TEXT];
    read_text("", "/proc/self/status", text);
    return kibibytes(text, "VmHWM:");
}

/* ---- Disk ------------------------------------------------------------------------------------ */

/* "a/b" becomes "a", "a" becomes ".", "/a" becomes "/"; 0 when there is nothing above. */
static int go_up(char *folder) {
    char *slash = strrchr(folder, '/');
    if (strcmp(folder, "/") == 0 || strcmp(folder, ".") == 0)
        return 0;
    if (!slash)
        memcpy(folder, ".", 2);
    else
        slash[slash == folder] = '\0';
    return 1;
}

int dn_disk_free(const char *path, uint64_t *bytes) {
    char folder[PATH];
    struct statvfs state;
    *bytes = 0;
    int length = snprintf(folder, sizeof folder, "%s", path[0] ? path : ".");
    if (length < 0 || (size_t)length >= sizeof folder)
        return 0;
    while (statvfs(folder, &state) != 0)
        if (!go_up(folder))
            return 0;
    *bytes = (uint64_t)state.f_bavail * state.f_frsize;
    return state.f_blocks > 0; /* some file systems report none */
}
