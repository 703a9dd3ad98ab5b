/* What the names of files and folders in a data set mean. dn_is_image_name and dn_is_output_name of
 * differnet_tools.h live here too. */
#ifndef DN_DATASET_NAMES_H
#define DN_DATASET_NAMES_H

#define DN_IMAGE_EXTENSIONS "jpg jpeg png ppm bmp pgm tif tiff webp"

/* What is written about a picture has the picture's whole name and one of these endings; between
 * the two, "~2" and so on where earlier files are kept. */
#define DN_ENDING_TIFF "_map.tiff"
#define DN_ENDING_PNG "_map.png"
#define DN_ENDING_MASK "_mask.png"
#define DN_ENDING_OVERLAY "_overlay.png"

/* "good" and "ok", in any case: a folder of images without defects. */
int dn_is_good_name(const char *name);

/* Names of plain folders, in any case: good, ok, normal, and others of good parts; bad, ng, nok,
 * abnormal and others of defective ones. Wider than dn_is_good_name, whose names are those of
 * MVTec's layout, where "normal" may be a kind of defect. */
int dn_is_good_folder_name(const char *name);
int dn_is_bad_folder_name(const char *name);

#endif
