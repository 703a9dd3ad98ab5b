#include "detect/model_path.h"

#include "base/file.h"
#include "dataset/walk.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int holds(const char *folder, const char *name, char path[DN_MODEL_PATH]) {
    return dn_path_join(path, DN_MODEL_PATH, folder, name, NULL) == DN_OK &&
           access(path, F_OK) == 0;
}

/* `latest` holds one line: the name of a folder beside it. */
static int read_latest(const char *path, char name[64]) {
    FILE *file = fopen(path, "re");
    int found = file && fgets(name, 64, file);
    if (file)
        fclose(file);
    if (!found)
        return 0;
    name[strcspn(name, "\r\n")] = '\0';
    return name[0] == 'v' && !strchr(name, '/');
}

static dn_status find_latest(const char *folder, const char *latest, char path[DN_MODEL_PATH],
                             dn_error *error) {
    char name[64], results[DN_MODEL_PATH];
    if (!read_latest(latest, name))
        return dn_fail(error, DN_ERROR_DATA,
                       "%s: does not name a results folder; expected one line such as v1", latest);
    DN_TRY(dn_path_join(results, sizeof results, folder, name, error));
    if (holds(results, DN_MODEL_FILE, path))
        return DN_OK;
    return dn_fail(error, DN_ERROR_DATA, "%s: names %s, which holds no " DN_MODEL_FILE, latest,
                   name);
}

dn_status dn_model_path_find(const char *named, char path[DN_MODEL_PATH], dn_error *error) {
    char latest[DN_MODEL_PATH];
    if (!dn_is_folder(named)) {
        if (snprintf(path, DN_MODEL_PATH, "%s", named) < DN_MODEL_PATH)
            return DN_OK;
        return dn_fail(error, DN_ERROR_IO, "%.200s...: the path is longer than %d bytes", named,
                       DN_MODEL_PATH - 1);
    }
    if (holds(named, DN_MODEL_FILE, path))
        return DN_OK;
    if (holds(named, "latest", latest))
        return find_latest(named, latest, path, error);
    return dn_fail(error, DN_ERROR_DATA,
                   "%s: is a folder without a model; expected a model file, a results folder v<N> "
                   "that holds " DN_MODEL_FILE ", or a class folder whose file latest names one",
                   named);
}
