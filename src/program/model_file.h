/* Notices that a model file is replaced on disk while it is used. */
#ifndef DN_PROGRAM_MODEL_FILE_H
#define DN_PROGRAM_MODEL_FILE_H

#include "program/file_identity.h"

/* The file itself, and what a results folder or a class folder names it by. */
enum { DN_MODEL_FILES = 3 };

typedef struct dn_model_file {
    const char *path; /* as on the command line */
    dn_file_identity files[DN_MODEL_FILES];
} dn_model_file;

/* Call it before the model is opened. */
void dn_model_file_note(dn_model_file *self, const char *path);

/* Whether a file is another one now. A file that has gone does not count. */
int dn_model_file_changed(const dn_model_file *self);

#endif
