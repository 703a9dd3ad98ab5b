/*
 * Python packages ("wheels") that carry weights: a zip archive with
 *     NAME-VERSION.dist-info/METADATA    headers "Key: value" up to an empty line
 *     NAME-VERSION.dist-info/LICENSE     (or in a folder licenses/ there)
 *     .../weights.pth                    one file of torch.save, mostly compressed
 * Nothing of the package is executed, and nothing else of it is read.
 */
#ifndef DN_TENSORS_WHEEL_H
#define DN_TENSORS_WHEEL_H

#include "tensors/tensor_table.h"

/* Keys of the metadata that the open file gets from the package, where the package has it. */
#define DN_WHEEL_PACKAGE "package" /* name and version */
#define DN_WHEEL_HOME_PAGE "home_page"
#define DN_WHEEL_AUTHOR "author"
#define DN_WHEEL_LICENCE "licence"           /* its name */
#define DN_WHEEL_LICENCE_TEXT "licence_text" /* the whole text */
#define DN_WHEEL_MEMBER "member"             /* path of the weights within the package */

/* Whether the bytes are a zip archive with a .dist-info/METADATA. */
int dn_is_wheel(const dn_tensor_file *file);

/* Decompresses the weights, so that file->bytes are theirs, and adds the metadata above.
 * DN_ERROR_FORMAT if the package does not hold exactly one weights file. */
dn_status dn_open_wheel(dn_tensor_file *file, dn_error *error);

#endif
