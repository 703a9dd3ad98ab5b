/* A data set on disk, in MVTec's folder layout, as plain folders of pictures (plain.h) or listed by
 * a manifest CSV, as one sorted list of samples. */
#ifndef DN_DATASET_DATASET_H
#define DN_DATASET_DATASET_H

#include "base/digest.h"
#include "base/error.h"

typedef enum dn_split { DN_SPLIT_TRAIN, DN_SPLIT_VALIDATE, DN_SPLIT_TEST, DN_SPLITS } dn_split;

/* A bit of `wanted`: nothing has to be there. */
#define DN_DATASET_ANYTHING (1u << DN_SPLITS)

/* "train", "validate", "test" */
const char *dn_split_name(dn_split split);

typedef struct dn_sample {
    char *path; /* ready to be opened */
    char *name; /* relative to the class folder, "test/crack/001.png": the same on every machine */
    char *defect;    /* "good", or the name of the defect's folder, "crack" */
    char *mask_path; /* NULL if there is none */
    dn_split split;
    int label; /* 0 good, 1 defective; from the folder's name or the manifest */
    /* SHA-256 of the file; zeros until dn_dataset_fingerprint has read it */
    uint8_t digest[DN_DIGEST_BYTES];
} dn_sample;

typedef struct dn_dataset {
    dn_sample *samples; /* by split, then by name */
    size_t count, capacity;
    size_t begin[DN_SPLITS + 1]; /* samples of split s: [begin[s], begin[s + 1]) */
    size_t good[DN_SPLITS];      /* samples with label 0 in each split */
    size_t hidden, stray;        /* dot files; files that are not images: skipped and reported */
    int is_listed;               /* by a manifest: names are the paths that it lists */
    char *roi_path;              /* first image in the class folder's roi/; NULL if there is none */
    size_t roi_count;            /* images in roi/; more than one is a mistake */
} dn_dataset;

/* Reads the splits whose bits (1 << DN_SPLIT_...) are set in `wanted`, from root/class_name, or
 * from the manifest if `root` names a .csv file, or from the plain
 * folders that it lists or that are recognised in it. If the train split is wanted, it must hold
 * good images. If the test split is wanted, it must hold images unless validate does; together with
 * train it may be missing, and the observer is told. A missing validate split is always accepted.
 * With DN_DATASET_ANYTHING only the class folder must exist. The observer (may be NULL) is told
 * about files that are skipped. DN_ERROR_DATA names what is missing and what was expected. */
dn_status dn_dataset_open(const char *root, const char *class_name, unsigned wanted,
                          const dn_observer *observer, dn_dataset *dataset, dn_error *error);
void dn_dataset_close(dn_dataset *dataset);

/* SHA-256 over the names and contents of a split's files, in order: the fingerprint of the data
 * set. It does not depend on where the files lie: of paths in a manifest, the folders that all of
 * them share are left out. Sets the digest of each sample. */
dn_status dn_dataset_fingerprint(dn_dataset *dataset, dn_split split, char digest[65],
                                 dn_error *error);

/* The same for images of which some may be unreadable: for those only the name counts. Sets no
 * sample's digest. Fails only for lack of memory. */
dn_status dn_dataset_fingerprint_readable(const dn_dataset *dataset, dn_split split,
                                          char digest[65], dn_error *error);

/* SHA-256 of the names of all samples, in order. */
dn_status dn_dataset_names(const dn_dataset *dataset, char digest[65], dn_error *error);

/* A digest of zeros is unknown. */
int dn_digest_is_known(const uint8_t digest[DN_DIGEST_BYTES]);

/* Sets `digest` to the digest of a file's bytes. If it is known already, compares them: DN_ERROR_IO
 * if the file has changed since the data set was read. */
dn_status dn_sample_digest(const uint8_t *bytes, size_t size, const char *path,
                           uint8_t digest[DN_DIGEST_BYTES], dn_error *error);

/* The classes of a data set: "" alone if `root` is a class folder, plain folders or a manifest;
 * otherwise the folders in it that hold train/, test/ or validate/, or folders such as OK/ and NG/,
 * in byte order. DN_ERROR_DATA if there are
 * none. Free with dn_class_list_free, also after a failure. */
typedef struct dn_class_list {
    char **names;
    size_t count, capacity;
} dn_class_list;

dn_status dn_class_list_create(const char *root, dn_class_list *list, dn_error *error);
void dn_class_list_free(dn_class_list *list);

/* A name for results and reports: "data/mvtec/" is "mvtec", "lists/screws.csv" is "screws"; of
 * plain folders the first one that holds good pictures, "screws" for good=photos/screws/OK|...;
 * "dataset" where nothing has a name. */
void dn_dataset_title(const char *root, char *name, size_t size);

/* Whether a folder holds train/, test/ or validate/. */
int dn_is_class_folder(const char *folder);

/* This room also implements dn_is_image_name, dn_image_list_create and dn_image_list_free of
 * differnet.h. */

#endif
