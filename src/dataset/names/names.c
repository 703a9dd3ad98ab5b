#include "dataset/names/names.h"

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

/* The length of the name without an ending of outputs; 0: it has none. */
static size_t length_before_ending(const char *name) {
    static const char *const endings[] = {DN_ENDING_TIFF, DN_ENDING_PNG, DN_ENDING_MASK,
                                          DN_ENDING_OVERLAY};
    size_t length = strlen(name);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (length > ending && strcmp(name + length - ending, endings[i]) == 0)
            return length - ending;
    }
    return 0;
}

int dn_is_output_name(const char *name) {
    char picture[256];
    const char *last = dn_path_name(name);
    size_t length = length_before_ending(last), digits = length;
    while (digits > 0 && last[digits - 1] >= '0' && last[digits - 1] <= '9')
        digits--;
    if (digits > 1 && digits < length && last[digits - 1] == '~')
        length = digits - 1;
    if (length == 0 || length >= sizeof picture)
        return 0;
    snprintf(picture, sizeof picture, "%.*s", (int)length, last);
    return dn_is_image_name(picture);
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
