/* The shape of a data set on disk: a manifest, or a class folder with a folder for
 * each split. plain.h has the third, plain folders. */
#ifndef DN_DATASET_LAYOUT_H
#define DN_DATASET_LAYOUT_H

#include "dataset/dataset.h"

/* The folder names of a split; NULL if there is no second one. */
extern const char *const dn_split_folders[DN_SPLITS][2];

/* Whether `folder` holds a folder of that name. */
int dn_has_folder(const char *folder, const char *name);

/* A .csv file, in any case, that is not a folder. */
int dn_is_manifest(const char *root);

#endif
