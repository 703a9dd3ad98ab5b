/* What the names of files and folders in a data set mean. dn_is_image_name of differnet.h lives
 * here too. */
#ifndef DN_DATASET_NAMES_H
#define DN_DATASET_NAMES_H

#define DN_IMAGE_EXTENSIONS "jpg jpeg png ppm bmp pgm tif tiff webp"

/* "good" and "ok", in any case: a folder of images without defects. */
int dn_is_good_name(const char *name);

/* Names of plain folders, in any case: good, ok, normal, and others of good parts; bad, ng, nok,
 * abnormal and others of defective ones. Wider than dn_is_good_name, whose names are those of
 * MVTec's layout, where "normal" may be a kind of defect. */
int dn_is_good_folder_name(const char *name);
int dn_is_bad_folder_name(const char *name);

#endif
