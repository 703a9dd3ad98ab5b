#include "dataset/dataset.h"

#include "dataset/layout.h"
#include "dataset/plain.h"
#include "dataset/readers.h"

#include <stdio.h>
#include <string.h>

static dn_status open_plain_list(const char *list, unsigned wanted, const dn_observer *observer,
                                 dn_dataset *dataset, dn_error *error) {
    dn_plain plain;
    dn_status status = dn_plain_parse(list, &plain, error);
    if (status == DN_OK)
        status =
            dn_dataset_from_plain(&plain, plain.sources[0].path, wanted, observer, dataset, error);
    dn_plain_free(&plain);
    return status;
}

dn_status dn_dataset_open(const char *root, const char *class_name, unsigned wanted,
                          const dn_observer *observer, dn_dataset *dataset, dn_error *error) {
    dn_status status;
    *dataset = (dn_dataset){0};
    if (dn_is_manifest(root))
        status = dn_dataset_from_manifest(root, wanted, observer, dataset, error);
    else if (dn_is_plain_list(root))
        status = open_plain_list(root, wanted, observer, dataset, error);
    else
        status = dn_dataset_from_folders(root, class_name, wanted, observer, dataset, error);
    if (status != DN_OK)
        dn_dataset_close(dataset);
    return status;
}
