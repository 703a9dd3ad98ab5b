#include "dataset/names.h"

#include "base/file.h"
#include "differnet.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

int dn_is_image_name(const char *name) {
    const char *last = dn_path_name(name), *dot = strrchr(last, '.');
    const char *const extensions = " " DN_IMAGE_EXTENSIONS " ";
    char wanted[8];
    int length = dot && dot > last ? snprintf(wanted, sizeof wanted, " %s ", dot + 1) : -1;
    if (length < 3 || (size_t)length >= sizeof wanted || strchr(dot, ' '))
        return 0;
    return strcasestr(extensions, wanted) != NULL;
}

int dn_is_good_name(const char *name) {
    return strcasecmp(name, "good") == 0 || strcasecmp(name, "ok") == 0;
}

static int is_one_of(const char *name, const char *const *names) {
    for (; *names; names++)
        if (strcasecmp(name, *names) == 0)
            return 1;
    return 0;
}

int dn_is_good_folder_name(const char *name) {
    static const char *const names[] = {"good", "ok", "normal", "io", "pass", NULL};
    return is_one_of(name, names);
}

int dn_is_bad_folder_name(const char *name) {
    static const char *const names[] = {"bad",       "ng",      "nok",       "nio",    "not_ok",
                                        "abnormal",  "anomaly", "anomalous", "defect", "defects",
                                        "defective", "fail",    "anomalies", NULL};
    return is_one_of(name, names);
}
