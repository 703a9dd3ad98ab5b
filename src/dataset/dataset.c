#include "dataset/dataset.h"

#include "dataset/layout.h"
#include "dataset/readers.h"

dn_status dn_dataset_open(const char *root, const char *class_name, unsigned wanted,
                          const dn_observer *observer, dn_dataset *dataset, dn_error *error) {
    dn_status status;
    *dataset = (dn_dataset){0};
    if (dn_is_manifest(root))
        status = dn_dataset_from_manifest(root, wanted, observer, dataset, error);
    else
        status = dn_dataset_from_folders(root, class_name, wanted, observer, dataset, error);
    if (status != DN_OK)
        dn_dataset_close(dataset);
    return status;
}
