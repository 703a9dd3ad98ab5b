/* The two readers of data sets. */
#ifndef DN_DATASET_READERS_H
#define DN_DATASET_READERS_H

#include "base/observer.h"
#include "dataset/dataset.h"

/* As dn_dataset_open; after a failure the caller closes the data set. */
dn_status dn_dataset_from_folders(const char *root, const char *class_name, unsigned wanted,
                                  const dn_observer *observer, dn_dataset *dataset,
                                  dn_error *error);
dn_status dn_dataset_from_manifest(const char *path, unsigned wanted, const dn_observer *observer,
                                   dn_dataset *dataset, dn_error *error);

#endif
