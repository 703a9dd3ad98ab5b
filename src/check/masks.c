/* Images without masks, masks without images, and masks that do not fit. */
#include "base/file.h"
#include "base/memory.h"
#include "check/findings.h"
#include "dataset/walk.h"

#include <stdlib.h>
#include <string.h>

static dn_status judge_mask(const dn_sample *sample, const dn_record *record, int others_have_one,
                            dn_checked_class *class, dn_error *error) {
    static const dn_rule_id rules[] = {[DN_MASK_UNREADABLE] = DN_FINDING_MASK_UNREADABLE,
                                       [DN_MASK_OTHER_SIZE] = DN_FINDING_MASK_SIZE,
                                       [DN_MASK_EMPTY] = DN_FINDING_MASK_EMPTY,
                                       [DN_MASK_GREY] = DN_FINDING_MASK_GREY};
    if (record->mask == DN_MASK_FITS || (record->mask == DN_MASK_EMPTY && !sample->label))
        return DN_OK;
    if (record->mask != DN_MASK_NONE)
        return dn_finding_put(class, rules[record->mask], sample->name, record->mask_detail, error);
    if (!sample->label || !others_have_one)
        return DN_OK;
    return dn_finding_put(class, DN_FINDING_MASK_MISSING, sample->name, NULL, error);
}

static int by_text(const void *left, const void *right) {
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* The masks that images use, in byte order. */
static dn_status used_masks(const dn_dataset *dataset, const char ***used, size_t *count,
                            dn_error *error) {
    void *block;
    *count = 0;
    DN_TRY(dn_allocate(&block, dataset->count, sizeof(char *), error));
    *used = block;
    for (size_t i = 0; i < dataset->count; i++)
        if (dataset->samples[i].mask_path)
            (*used)[(*count)++] = dataset->samples[i].mask_path;
    if (*count > 0)
        qsort((void *)*used, *count, sizeof **used, by_text);
    return DN_OK;
}

static dn_status name_orphans(const char *folder, const dn_file_list *list, const char **used,
                              size_t count, dn_checked_class *class, dn_error *error) {
    char path[DN_PATH_LIMIT];
    for (size_t i = 0; i < list->count; i++) {
        const char *wanted = path;
        DN_TRY(dn_path_join(path, sizeof path, folder, list->paths[i], error));
        if (count == 0 || !bsearch((void *)&wanted, (void *)used, count, sizeof *used, by_text))
            DN_TRY(dn_finding_put(class, DN_FINDING_MASK_ORPHAN, list->paths[i], NULL, error));
    }
    return DN_OK;
}

static dn_status find_orphans(const dn_check_subject *subject, dn_checked_class *class,
                              dn_error *error) {
    dn_file_list list = {0};
    const char **used = NULL;
    size_t count;
    dn_status status = dn_file_list_walk(&list, subject->folder, "ground_truth", error);
    if (status == DN_OK)
        status = used_masks(subject->dataset, &used, &count, error);
    if (status == DN_OK)
        status = name_orphans(subject->folder, &list, used, count, class, error);
    dn_release((void *)used);
    dn_file_list_destroy(&list);
    return status;
}

static int has_masks(const char *folder) {
    char path[DN_PATH_LIMIT];
    return folder && dn_path_join(path, sizeof path, folder, "ground_truth", NULL) == DN_OK &&
           dn_is_folder(path);
}

dn_status dn_find_masks(const dn_check_subject *subject, dn_checked_class *class, dn_error *error) {
    const dn_dataset *dataset = subject->dataset;
    int any = 0;
    for (size_t i = 0; i < dataset->count && !any; i++)
        any = dataset->samples[i].mask_path != NULL;
    for (size_t i = 0; i < dataset->count; i++)
        DN_TRY(judge_mask(&dataset->samples[i], &subject->records[i], any, class, error));
    return has_masks(subject->folder) ? find_orphans(subject, class, error) : DN_OK;
}
