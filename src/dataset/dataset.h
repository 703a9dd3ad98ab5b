/* What lies on disk: MVTec's folder layout or a manifest CSV, as one sorted list of samples. */
#ifndef DN_DATASET_DATASET_H
#define DN_DATASET_DATASET_H

#include "base/digest.h"
#include "base/error.h"

typedef enum dn_split { DN_SPLIT_TRAIN, DN_SPLIT_VALIDATE, DN_SPLIT_TEST, DN_SPLITS } dn_split;

/* Among the bits of `wanted`: whatever is missing is fine. */
#define DN_DATASET_ANYTHING (1u << DN_SPLITS)

/* "train", "validate", "test" */
const char *dn_split_name(dn_split split);

typedef struct dn_sample {
    char *path;   /* as it can be opened */
    char *name;   /* relative to the class folder, "test/crack/001.png": stable across machines */
    char *defect; /* "good" or the defect's folder, "crack" */
    char *mask_path; /* NULL where there is none */
    dn_split split;
    int label; /* 0 good, 1 defective; from the directory, never from counting directories */
    /* SHA-256 of the file's bytes; zeros until dn_dataset_fingerprint has read it */
    uint8_t digest[DN_DIGEST_BYTES];
} dn_sample;

typedef struct dn_dataset {
    dn_sample *samples; /* by split, then by path */
    size_t count, capacity;
    size_t begin[DN_SPLITS + 1]; /* samples of split s: [begin[s], begin[s + 1]) */
    size_t good[DN_SPLITS];      /* samples of label 0 per split */
    size_t hidden, stray;        /* dot files; files that are not images: skipped and reported */
    int is_listed;               /* by a manifest: names are paths as they stand there */
    char *roi_path;              /* first image of the class folder's roi/; NULL: there is none */
    size_t roi_count;            /* images in roi/; more than one is a mistake */
} dn_dataset;

/* Reads the splits whose bits (1 << DN_SPLIT_...) are set in `wanted` of root/class_name, or of the
 * manifest when `root` names a .csv file. A wanted train split must hold good images, a wanted test
 * split any image unless validate has some; a missing validate split is fine. With train wanted
 * too, test may be missing: that is told to the observer. With DN_DATASET_ANYTHING nothing must be
 * there but the class folder. Strays are told to the observer (may be
 * NULL). DN_ERROR_DATA says what is missing and what was expected. */
dn_status dn_dataset_open(const char *root, const char *class_name, unsigned wanted,
                          const dn_observer *observer, dn_dataset *dataset, dn_error *error);
void dn_dataset_close(dn_dataset *dataset);

/* SHA-256 over names and contents of a split's files, in order: the data set's fingerprint. It does
 * not depend on where the files lie: what comes before the folder that all listed files share
 * counts for nothing. Sets each sample's own digest. */
dn_status dn_dataset_fingerprint(dn_dataset *dataset, dn_split split, char digest[65],
                                 dn_error *error);

/* The same of images of which some may be unreadable: those count with their names. Sets no
 * sample's digest. Fails for lack of memory only. */
dn_status dn_dataset_fingerprint_readable(const dn_dataset *dataset, dn_split split,
                                          char digest[65], dn_error *error);

/* Zeros stand for a digest that is not known. */
int dn_digest_is_known(const uint8_t digest[DN_DIGEST_BYTES]);

/* Notes the digest of a file's bytes in `digest`, or, where one is known, holds them against it:
 * DN_ERROR_IO when the file is not what it was when the data set was looked at. */
dn_status dn_sample_digest(const uint8_t *bytes, size_t size, const char *path,
                           uint8_t digest[DN_DIGEST_BYTES], dn_error *error);

/* The classes of a data set: "" alone where `root` is a class folder itself or a manifest, else the
 * folders in it that hold train/, test/ or validate/, in byte order. DN_ERROR_DATA when there are
 * none. Free with dn_class_list_free, after a failure too. */
typedef struct dn_class_list {
    char **names;
    size_t count, capacity;
} dn_class_list;

dn_status dn_class_list_create(const char *root, dn_class_list *list, dn_error *error);
void dn_class_list_free(dn_class_list *list);

/* Whether a folder holds train/, test/ or validate/. */
int dn_is_class_folder(const char *folder);

/* dn_is_image_name, dn_image_list_create and dn_image_list_free of differnet.h live in this room
 * too. */

#endif
