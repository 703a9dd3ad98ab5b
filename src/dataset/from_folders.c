/* MVTec's layout: class/{train,test,validate}/<good or defect>/...,
 * class/ground_truth/<defect>/..., and class/roi/<one mask>. */
#include "base/file.h"
#include "base/memory.h"
#include "dataset/collect.h"
#include "dataset/layout.h"
#include "dataset/names/names.h"
#include "dataset/plain.h"
#include "dataset/readers.h"
#include "dataset/walk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct layout {
    char folder[DN_PATH_LIMIT]; /* the class folder */
    const dn_observer *observer;
    dn_dataset *dataset;
    dn_error *error;
    int has_masks;
} layout;

/* Files of a split that are skipped, and the first of each kind (borrowed). */
typedef struct passed_over {
    size_t unlabelled, untrained;
    const char *first_unlabelled, *first_untrained;
} passed_over;

/* ---- The class folder ------------------------------------------------------------------------ */

static dn_status check_class_name(const char *class_name, dn_error *error) {
    if (strchr(class_name, '/') || strcmp(class_name, ".") == 0 || strcmp(class_name, "..") == 0)
        return dn_fail(error, DN_ERROR_DATA,
                       "class_name is \"%s\"; expected the name of one folder in the data set's "
                       "folder, or \"\" if that one holds train/ and test/ itself",
                       class_name);
    return DN_OK;
}

static dn_status fail_no_class(const char *root, const char *class_name, const char *folder,
                               dn_error *error) {
    char names[DN_FOLDER_NAMES];
    dn_name_folders(root, names);
    if (dn_has_folder(root, "train") || dn_has_folder(root, "test"))
        return dn_fail(error, DN_ERROR_DATA,
                       "%s: no such folder; expected %s/train/good/*.png; %s holds %s: if it is a "
                       "class folder itself, set class_name to \"\"",
                       folder, folder, root, names);
    return dn_fail(error, DN_ERROR_DATA,
                   "%s: no such folder; expected %s/train/good/*.png; classes found in %s: %s "
                   "(class_name is \"%s\")",
                   folder, folder, root, names[0] ? names : "none", class_name);
}

/* Removes slashes at the end, so that messages read well. */
static dn_status use_root(const char *root, char *folder, dn_error *error) {
    DN_TRY(dn_path_join(folder, DN_PATH_LIMIT, root, "", error));
    for (size_t length = strlen(folder); length > 1 && folder[length - 1] == '/';)
        folder[--length] = '\0';
    return DN_OK;
}

static dn_status find_class(const char *root, const char *class_name, char *folder,
                            dn_error *error) {
    struct stat status;
    DN_TRY(check_class_name(class_name, error));
    if (root[0] == '\0')
        return dn_fail(
            error, DN_ERROR_DATA,
            "dataset_path is empty; expected a folder that holds CLASS/train/good/*.png");
    if (stat(root, &status) != 0 && errno != ENOENT && errno != ENOTDIR)
        return dn_fail(error, DN_ERROR_IO, "%s: cannot open: %s", root, strerror(errno));
    if (!dn_is_folder(root))
        return dn_fail(error, DN_ERROR_DATA,
                       "%s: no such folder; expected a folder of good pictures, one that holds "
                       "%s/train/good/*.png, or a manifest ending in .csv",
                       root, class_name[0] ? class_name : "CLASS");
    if (class_name[0] == '\0')
        return use_root(root, folder, error);
    DN_TRY(dn_path_join(folder, DN_PATH_LIMIT, root, class_name, error));
    return dn_is_folder(folder) ? DN_OK : fail_no_class(root, class_name, folder, error);
}

/* ---- Masks ----------------------------------------------------------------------------------- */

/* class/ground_truth/<defect>/<stem><ending> */
static int find_mask_as(const layout *data, const char *defect, const char *stem,
                        const char *ending, char *mask) {
    size_t length = strlen(data->folder);
    const char *slash = data->folder[length - 1] == '/' ? "" : "/";
    int written = snprintf(mask, DN_PATH_LIMIT, "%s%sground_truth/%s/%s%s", data->folder, slash,
                           defect, stem, ending);
    return written > 0 && written < DN_PATH_LIMIT && access(mask, F_OK) == 0;
}

/* `inner` is the image's path within the defect's folder. The mask lies in the same sub-folders, or
 * directly in the folder of masks. */
static int find_mask(const layout *data, const char *defect, const char *inner, char *mask) {
    char stem[DN_PATH_LIMIT];
    snprintf(stem, sizeof stem, "%s", inner);
    *strrchr(stem, '.') = '\0'; /* an image name has an extension */
    const char *const stems[] = {stem, dn_path_name(stem)};
    for (int i = 0; i < 2; i++)
        if (find_mask_as(data, defect, stems[i], "_mask.png", mask) ||
            find_mask_as(data, defect, stems[i], ".png", mask))
            return 1;
    return 0;
}

/* ---- Splits ---------------------------------------------------------------------------------- */

/* `name` is split/folder/inner. */
static dn_status add_image(const layout *data, dn_split split, const char *name, const char *folder,
                           const char *inner) {
    char path[DN_PATH_LIMIT], mask[DN_PATH_LIMIT];
    int label = !dn_is_good_name(folder);
    DN_TRY(dn_path_join(path, sizeof path, data->folder, name, data->error));
    const dn_found_sample found = {
        .path = path,
        .name = name,
        .defect = label ? folder : "good",
        .mask_path = label && data->has_masks && find_mask(data, folder, inner, mask) ? mask : NULL,
        .split = split,
        .label = label,
    };
    return dn_dataset_add(data->dataset, &found, data->error);
}

/* The folder below the split's folder is the label; an image outside such a folder has none. */
static dn_status sort_image(const layout *data, dn_split split, const char *name,
                            passed_over *passed) {
    char folder[DN_PATH_LIMIT];
    const char *begin = strchr(name, '/') + 1, *end = strchr(begin, '/');
    if (!end) {
        if (passed->unlabelled++ == 0)
            passed->first_unlabelled = name;
        return DN_OK;
    }
    snprintf(folder, sizeof folder, "%.*s", (int)(end - begin), begin);
    if (split == DN_SPLIT_TRAIN && !dn_is_good_name(folder)) {
        if (passed->untrained++ == 0)
            passed->first_untrained = name;
        return DN_OK;
    }
    return add_image(data, split, name, folder, end + 1);
}

static void tell_passed_over(const layout *data, const char *split_folder, const dn_file_list *list,
                             const passed_over *passed) {
    const dn_observer *observer = data->observer;
    const char *folder = data->folder;
    if (list->stray > 0)
        dn_tell(observer, DN_WARNING,
                "%s: skipped files that are not images in %s/: %zu, the first: %s", folder,
                split_folder, list->stray, list->first_stray);
    if (passed->unlabelled > 0)
        dn_tell(observer, DN_WARNING,
                "%s: skipped images that lie directly in %s/, in no good or defect folder, and so "
                "have no label: %zu, the first: %s",
                folder, split_folder, passed->unlabelled, passed->first_unlabelled);
    if (passed->untrained > 0)
        dn_tell(observer, DN_WARNING,
                "%s: skipped images outside %s/good/, which training does not use: %zu, the first: "
                "%s",
                folder, split_folder, passed->untrained, passed->first_untrained);
    if (list->hidden > 0)
        dn_tell(observer, DN_NOTE, "%s: skipped hidden files and folders in %s/: %zu", folder,
                split_folder, list->hidden);
}

static void tell_outputs(const layout *data, const char *split_folder, const dn_file_list *list) {
    if (list->outputs > 0)
        dn_tell(data->observer, DN_WARNING,
                "%s: skipped results of differnet (maps, overlays, results folders) in %s/: %zu",
                data->folder, split_folder, list->outputs);
}

static void tell_foreign(const layout *data, const char *split_folder, const dn_file_list *list) {
    if (list->foreign > 0)
        dn_tell(data->observer, DN_NOTE,
                "%s: skipped folders of other programs (@eaDir, __MACOSX and the like) in %s/: %zu",
                data->folder, split_folder, list->foreign);
}

static dn_status add_list(const layout *data, dn_split split, const char *split_folder,
                          const dn_file_list *list) {
    passed_over passed = {0};
    for (size_t i = 0; i < list->count; i++)
        DN_TRY(sort_image(data, split, list->paths[i], &passed));
    tell_passed_over(data, split_folder, list, &passed);
    tell_foreign(data, split_folder, list);
    tell_outputs(data, split_folder, list);
    data->dataset->stray += list->stray + passed.unlabelled;
    data->dataset->hidden += list->hidden + list->foreign;
    return DN_OK;
}

static dn_status read_folder(const layout *data, dn_split split, const char *split_folder) {
    dn_file_list list = {0};
    dn_status status = dn_file_list_walk(&list, data->folder, split_folder, data->error);
    if (status == DN_OK)
        status = add_list(data, split, split_folder, &list);
    dn_file_list_destroy(&list);
    return status;
}

static dn_status read_split(const layout *data, dn_split split) {
    const char *const *names = dn_split_folders[split];
    if (names[1] && dn_has_folder(data->folder, names[0]) && dn_has_folder(data->folder, names[1]))
        dn_tell(data->observer, DN_NOTE, "%s: reads both %s/ and %s/", data->folder, names[0],
                names[1]);
    for (int i = 0; i < 2; i++) {
        if (names[i] && dn_has_folder(data->folder, names[i]))
            DN_TRY(read_folder(data, split, names[i]));
    }
    return DN_OK;
}

/* ---- Region of interest -----------------------------------------------------------------------
 */

static dn_status note_roi(const layout *data, const dn_file_list *list) {
    char path[DN_PATH_LIMIT];
    data->dataset->roi_count = list->count;
    if (list->count == 0)
        return DN_OK;
    DN_TRY(dn_path_join(path, sizeof path, data->folder, list->paths[0], data->error));
    return dn_copy_text(&data->dataset->roi_path, path, data->error);
}

static dn_status find_roi(const layout *data) {
    dn_file_list list = {0};
    if (!dn_has_folder(data->folder, "roi"))
        return DN_OK;
    dn_status status = dn_file_list_walk(&list, data->folder, "roi", data->error);
    if (status == DN_OK)
        status = note_roi(data, &list);
    dn_file_list_destroy(&list);
    return status;
}

/* ---- What must be there ---------------------------------------------------------------------- */

static dn_status fail_no_split(const layout *data, const char *name, const char *expected) {
    char names[DN_FOLDER_NAMES];
    dn_name_folders(data->folder, names);
    return dn_fail(data->error, DN_ERROR_DATA,
                   "%s/%s: no such folder; expected images in %s; folders found in %s: %s",
                   data->folder, name, expected, data->folder, names[0] ? names : "none");
}

static dn_status fail_no_images(const layout *data, const char *name, const char *expected) {
    char path[DN_PATH_LIMIT], names[DN_FOLDER_NAMES];
    if (!dn_has_folder(data->folder, name))
        return fail_no_split(data, name, expected);
    DN_TRY(dn_path_join(path, sizeof path, data->folder, name, data->error));
    dn_name_folders(path, names);
    return dn_fail(data->error, DN_ERROR_DATA,
                   "%s: no images to use; expected some in %s (" DN_IMAGE_EXTENSIONS
                   "); folders found in it: %s; files skipped: %zu",
                   path, expected, names[0] ? names : "none",
                   data->dataset->stray + data->dataset->hidden);
}

/* Training needs only good images; a test needs a test split. */
static int can_do_without_test(const layout *data, unsigned wanted) {
    if (!(wanted & 1u << DN_SPLIT_TRAIN) || dn_has_folder(data->folder, "test"))
        return 0;
    dn_tell(data->observer, DN_WARNING, "%s: has no test/: nothing will be evaluated",
            data->folder);
    return 1;
}

static dn_status check_wanted(const layout *data, unsigned wanted) {
    const dn_dataset *dataset = data->dataset;
    if (wanted & DN_DATASET_ANYTHING)
        return DN_OK;
    if ((wanted & 1u << DN_SPLIT_TRAIN) && dataset->good[DN_SPLIT_TRAIN] == 0)
        return fail_no_images(data, "train", "train/good/");
    if ((wanted & 1u << DN_SPLIT_TEST) && dn_split_count(dataset, DN_SPLIT_TEST) == 0 &&
        dn_split_count(dataset, DN_SPLIT_VALIDATE) == 0 && !can_do_without_test(data, wanted))
        return fail_no_images(data, "test", "test/good/ and test/<defect>/");
    return DN_OK;
}

/* A folder in another layout than MVTec's. */
static dn_status read_plain(const layout *data, unsigned wanted, int *is_plain) {
    dn_plain plain;
    dn_status status = dn_plain_recognise(data->folder, &plain, data->error);
    *is_plain = plain.count > 0;
    if (status == DN_OK && *is_plain)
        status = dn_dataset_from_plain(&plain, data->folder, wanted, data->observer, data->dataset,
                                       data->error);
    else if (status == DN_OK && !(wanted & DN_DATASET_ANYTHING))
        status = dn_fail_unrecognised(data->folder, data->error);
    dn_plain_free(&plain);
    return status;
}

dn_status dn_dataset_from_folders(const char *root, const char *class_name, unsigned wanted,
                                  const dn_observer *observer, dn_dataset *dataset,
                                  dn_error *error) {
    layout data = {.observer = observer, .dataset = dataset, .error = error};
    DN_TRY(find_class(root, class_name, data.folder, error));
    int is_plain = 0;
    if (!dn_is_class_folder(data.folder))
        DN_TRY(read_plain(&data, wanted, &is_plain));
    if (is_plain)
        return find_roi(&data);
    data.has_masks = dn_has_folder(data.folder, "ground_truth");
    for (dn_split split = 0; split < DN_SPLITS; split++) {
        if (wanted & 1u << split)
            DN_TRY(read_split(&data, split));
        dn_dataset_end_split(dataset, split);
    }
    DN_TRY(find_roi(&data));
    return check_wanted(&data, wanted);
}
