#include "program/model_file.h"

#include <stdio.h>

/* Zeros if there is no such file. */
static dn_file_identity identity_of(const char *path, int number) {
    static const char *const below[DN_MODEL_FILES] = {"", "/model.safetensors", "/latest"};
    char file[4096];
    struct stat status;
    int length = snprintf(file, sizeof file, "%s%s", path, below[number]);
    if (length < 0 || (size_t)length >= sizeof file || stat(file, &status) != 0 ||
        !S_ISREG(status.st_mode))
        return (dn_file_identity){0};
    return dn_identity_of(&status);
}

void dn_model_file_note(dn_model_file *self, const char *path) {
    self->path = path;
    for (int i = 0; i < DN_MODEL_FILES; i++)
        self->files[i] = identity_of(path, i);
}

int dn_model_file_changed(const dn_model_file *self) {
    for (int i = 0; i < DN_MODEL_FILES; i++) {
        const dn_file_identity now = identity_of(self->path, i);
        if (now.inode != 0 && self->files[i].inode != 0 &&
            !dn_identity_equals(&now, &self->files[i]))
            return 1;
    }
    return 0;
}
