/* How the two sources of samples, folders and manifests, fill a dn_dataset. */
#ifndef DN_DATASET_COLLECT_H
#define DN_DATASET_COLLECT_H

#include "base/observer.h"
#include "dataset/dataset.h"

/* A sample whose texts belong to somebody else. */
typedef struct dn_found_sample {
    const char *path, *name, *defect, *mask_path; /* as in dn_sample */
    dn_split split;
    int label;
} dn_found_sample;

/* Copies a sample behind the others; splits come in the order of dn_split. */
dn_status dn_dataset_add(dn_dataset *dataset, const dn_found_sample *found, dn_error *error);

/* Sorts the split that was being added and notes its place and its good images. */
void dn_dataset_end_split(dn_dataset *dataset, dn_split split);

static inline size_t dn_split_count(const dn_dataset *dataset, dn_split split) {
    return dataset->begin[split + 1] - dataset->begin[split];
}

/* "good" and "ok", in any case. */
int dn_is_good_name(const char *name);

/* A .csv file, in any case, that is no folder. */
int dn_is_manifest(const char *root);

/* Both leave the dataset for the caller to close when they fail. */
dn_status dn_dataset_from_folders(const char *root, const char *class_name, unsigned wanted,
                                  const dn_observer *observer, dn_dataset *dataset,
                                  dn_error *error);
dn_status dn_dataset_from_manifest(const char *path, unsigned wanted, const dn_observer *observer,
                                   dn_dataset *dataset, dn_error *error);

#define DN_IMAGE_EXTENSIONS "jpg jpeg png ppm bmp pgm tif tiff webp"

#endif
