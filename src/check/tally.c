#include "check/tally.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Samples are sorted, so the folder is usually the last one. */
static dn_status folder_of(dn_checked_class *class, const dn_sample *sample,
                           dn_check_folder **folder, dn_error *error) {
    void *folders = class->folders;
    for (size_t i = class->folder_count; i-- > 0;) {
        *folder = &class->folders[i];
        if ((*folder)->split == sample->split && strcmp((*folder)->defect, sample->defect) == 0)
            return DN_OK;
    }
    DN_TRY(dn_grow(&folders, &class->folder_capacity, class->folder_count + 1,
                   sizeof(dn_check_folder), error));
    class->folders = folders;
    *folder = &class->folders[class->folder_count];
    **folder = (dn_check_folder){.split = sample->split, .label = sample->label};
    DN_TRY(dn_copy_text(&(*folder)->defect, sample->defect, error));
    class->folder_count++;
    return DN_OK;
}

static dn_status count_folder(dn_checked_class *class, const dn_sample *sample,
                              const dn_record *record, dn_error *error) {
    dn_check_folder *folder;
    DN_TRY(folder_of(class, sample, &folder, error));
    folder->images++;
    folder->unreadable += !dn_record_readable(record);
    folder->masks += sample->mask_path != NULL;
    size_t *totals = sample->label ? class->defective : class->good;
    totals[sample->split]++;
    return DN_OK;
}

static dn_status count_size(dn_checked_class *class, const dn_record *record, dn_error *error) {
    void *sizes = class->sizes;
    for (size_t i = 0; i < class->size_count; i++) {
        dn_check_size *size = &class->sizes[i];
        if (size->width == record->width && size->height == record->height) {
            size->count++;
            return DN_OK;
        }
    }
    DN_TRY(dn_grow(&sizes, &class->size_capacity, class->size_count + 1, sizeof(dn_check_size),
                   error));
    class->sizes = sizes;
    class->sizes[class->size_count++] = (dn_check_size){record->width, record->height, 1};
    return DN_OK;
}

static dn_status count_kind(dn_checked_class *class, const dn_record *record, dn_error *error) {
    void *kinds = class->kinds;
    for (size_t i = 0; i < class->kind_count; i++) {
        dn_check_kind *kind = &class->kinds[i];
        if (strcmp(kind->kind.format, record->kind.format) == 0 &&
            strcmp(kind->kind.mode, record->kind.mode) == 0 &&
            kind->kind.bits == record->kind.bits) {
            kind->count++;
            return DN_OK;
        }
    }
    DN_TRY(dn_grow(&kinds, &class->kind_capacity, class->kind_count + 1, sizeof(dn_check_kind),
                   error));
    class->kinds = kinds;
    class->kinds[class->kind_count++] = (dn_check_kind){record->kind, 1};
    return DN_OK;
}

static int by_size_count(const void *left, const void *right) {
    const dn_check_size *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return a->width != b->width ? a->width - b->width : a->height - b->height;
}

static int by_kind_count(const void *left, const void *right) {
    const dn_check_kind *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    int order = strcmp(a->kind.format, b->kind.format);
    return order ? order : strcmp(a->kind.mode, b->kind.mode);
}

dn_status dn_tally(const dn_dataset *dataset, const dn_record *records, dn_checked_class *class,
                   dn_error *error) {
    class->images = dataset->count;
    for (size_t i = 0; i < dataset->count; i++) {
        DN_TRY(count_folder(class, &dataset->samples[i], &records[i], error));
        if (!dn_record_readable(&records[i]))
            continue;
        DN_TRY(count_size(class, &records[i], error));
        DN_TRY(count_kind(class, &records[i], error));
    }
    if (class->size_count > 0)
        qsort(class->sizes, class->size_count, sizeof *class->sizes, by_size_count);
    if (class->kind_count > 0)
        qsort(class->kinds, class->kind_count, sizeof *class->kinds, by_kind_count);
    return DN_OK;
}
