#include "dataset/listed_path.h"

#include "base/file.h"
#include "base/memory.h"
#include "dataset/names/unicode.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static dn_status join(const dn_path_finder *finder, const char *listed, char *path,
                      dn_error *error) {
    if (listed[0] == '/' || finder->folder[0] == '\0') {
        int length = snprintf(path, DN_PATH_LIMIT, "%s", listed);
        if (length >= 0 && length < DN_PATH_LIMIT)
            return DN_OK;
        return dn_fail(error, DN_ERROR_IO, "%s: lists %.200s...: the path is longer than %d bytes",
                       finder->manifest, listed, DN_PATH_LIMIT - 1);
    }
    return dn_path_join(path, DN_PATH_LIMIT, finder->folder, listed, error);
}

static int exists(const char *path) {
    return access(path, F_OK) == 0;
}

static int is_plain(const char *listed) {
    for (; *listed; listed++)
        if ((unsigned char)*listed >= 0x80 || *listed == '\\')
            return 0;
    return 1;
}

/* ---- Names in a folder ------------------------------------------------------------------------
 */

static void forget_names(dn_path_finder *finder) {
    for (size_t i = 0; i < finder->count; i++)
        dn_release(finder->names[i]);
    dn_release(finder->names);
    finder->names = NULL;
    finder->count = 0;
}

/* A folder that cannot be read has no names. */
static dn_status list_names(dn_path_finder *finder, const char *folder, dn_error *error) {
    struct dirent **entries;
    void *block;
    if (finder->names && strcmp(finder->looked_in, folder) == 0)
        return DN_OK;
    forget_names(finder);
    snprintf(finder->looked_in, sizeof finder->looked_in, "%s", folder);
    int found = scandir(folder[0] ? folder : ".", &entries, NULL, NULL);
    dn_status status = dn_allocate(&block, found > 0 ? (size_t)found : 1, sizeof(char *), error);
    if (status == DN_OK)
        finder->names = block;
    for (int i = 0; i < found; i++) {
        if (status == DN_OK)
            status = dn_copy_text(&finder->names[finder->count], entries[i]->d_name, error);
        finder->count += status == DN_OK;
        free(entries[i]);
    }
    if (found >= 0)
        free(entries);
    return status;
}

/* Makes `part`, which is not in the folder, the name in it that has the same letters. *found is 0
 * where none has, 2 where several have. */
static dn_status match_name(dn_path_finder *finder, const char *folder, char *part, int *found,
                            dn_error *error) {
    const char *match = NULL;
    *found = 0;
    DN_TRY(list_names(finder, folder, error));
    for (size_t i = 0; i < finder->count && *found < 2; i++)
        if (dn_same_letters(finder->names[i], part)) {
            match = finder->names[i];
            ++*found;
        }
    if (*found == 1)
        snprintf(part, DN_PATH_LIMIT, "%s", match);
    return DN_OK;
}

/* Finds the file of a joined path part by part, and writes its own names into it. */
static dn_status match_parts(dn_path_finder *finder, char *path, int *found, dn_error *error) {
    char matched[DN_PATH_LIMIT] = "", part[DN_PATH_LIMIT], next[DN_PATH_LIMIT];
    const char *rest = path;
    *found = 1;
    if (*rest == '/')
        snprintf(matched, sizeof matched, "/");
    while (*found == 1 && *(rest += strspn(rest, "/"))) {
        size_t length = strcspn(rest, "/");
        snprintf(part, sizeof part, "%.*s", (int)length, rest);
        rest += length;
        DN_TRY(dn_path_join(next, sizeof next, matched, part, error));
        if (!exists(matched[0] ? next : part)) {
            DN_TRY(match_name(finder, matched, part, found, error));
            DN_TRY(dn_path_join(next, sizeof next, matched, part, error));
        }
        snprintf(matched, sizeof matched, "%s", matched[0] ? next : part);
    }
    if (*found == 1)
        snprintf(path, DN_PATH_LIMIT, "%s", matched);
    return DN_OK;
}

/* ---- Ways to read a path ----------------------------------------------------------------------
 */

static dn_status try_as(dn_path_finder *finder, const char *listed, char *path, int *found,
                        dn_error *error) {
    DN_TRY(join(finder, listed, path, error));
    *found = exists(path);
    return *found ? DN_OK : match_parts(finder, path, found, error);
}

/* The listed path with / for \ and in UTF-8, each where it is needed. 0 where it is neither. */
static int normalize(const char *listed, int slashes, char *name) {
    int is_utf8 = dn_is_utf8(listed);
    if (is_utf8)
        snprintf(name, DN_PATH_LIMIT, "%s", listed);
    else if (!dn_utf8_of_latin1(listed, name, DN_PATH_LIMIT))
        return 0;
    for (char *at = name; slashes && (at = strchr(at, '\\')) != NULL;)
        *at = '/';
    return 1;
}

static dn_status fail_ambiguous(const dn_path_finder *finder, const char *listed, size_t line,
                                dn_error *error) {
    return dn_fail(error, DN_ERROR_DATA,
                   "%s, line %zu: \"%.200s\" fits several files, whose names differ in how their "
                   "accents are written; rename one of them",
                   finder->manifest, line, listed);
}

/* A path that is plain but missing has no cause that its spelling could tell. */
static void note_missing(dn_path_finder *finder, const char *listed, size_t line) {
    dn_path_cause cause = DN_PATH_BACKSLASH;
    if (!dn_is_utf8(listed))
        cause = DN_PATH_ENCODING;
    else if (!strchr(listed, '\\'))
        return;
    else if (listed[0] && listed[1] == ':')
        cause = DN_PATH_DRIVE;
    dn_missing_paths *missing = &finder->missing[cause];
    if (missing->count++ > 0)
        return;
    missing->first_line = line;
    snprintf(missing->first, sizeof missing->first, "%s", listed);
}

dn_status dn_path_find(dn_path_finder *finder, const char *listed, size_t line, char *path,
                       char *name, dn_error *error) {
    int found = 0;
    DN_TRY(join(finder, listed, path, error));
    snprintf(name, DN_PATH_LIMIT, "%s", listed);
    if (is_plain(listed) || exists(path))
        return DN_OK;
    for (int slashes = 0; slashes < 2 && found == 0; slashes++)
        if (normalize(listed, slashes, name))
            DN_TRY(try_as(finder, name, path, &found, error));
    if (found == 1)
        return DN_OK;
    if (found > 1)
        return fail_ambiguous(finder, listed, line, error);
    note_missing(finder, listed, line);
    snprintf(name, DN_PATH_LIMIT, "%s", listed);
    return join(finder, listed, path, error);
}

void dn_path_finder_report(const dn_path_finder *finder, const dn_observer *observer) {
    static const char *const causes[DN_PATH_CAUSES] = {
        [DN_PATH_ENCODING] =
            "are not UTF-8 and, read as Latin-1, match no file; save the manifest as "
            "CSV in UTF-8",
        [DN_PATH_DRIVE] =
            "begin with a Windows drive; expected paths relative to the manifest's folder",
        [DN_PATH_BACKSLASH] = "match no file, neither as written nor with / for each \\; expected "
                              "paths relative to the manifest's folder",
    };
    for (int cause = 0; cause < DN_PATH_CAUSES; cause++) {
        const dn_missing_paths *missing = &finder->missing[cause];
        if (missing->count > 0)
            dn_tell(observer, DN_WARNING, "%s: %zu path(s) %s; the first, in line %zu: %.200s",
                    finder->manifest, missing->count, causes[cause], missing->first_line,
                    missing->first);
    }
}

void dn_path_finder_clear(dn_path_finder *finder) {
    forget_names(finder);
    finder->looked_in[0] = '\0';
}
