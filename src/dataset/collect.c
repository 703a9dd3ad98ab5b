#include "dataset/collect.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

dn_status dn_dataset_add(dn_dataset *dataset, const dn_found_sample *found, dn_error *error) {
    void *samples = dataset->samples;
    DN_TRY(dn_grow(&samples, &dataset->capacity, dataset->count + 1, sizeof(dn_sample), error));
    dataset->samples = samples;
    /* Counted before it is filled, so that an incomplete sample is freed with the others. */
    dn_sample *sample = &dataset->samples[dataset->count++];
    *sample = (dn_sample){.split = found->split, .label = found->label};
    DN_TRY(dn_copy_text(&sample->path, found->path, error));
    DN_TRY(dn_copy_text(&sample->name, found->name, error));
    DN_TRY(dn_copy_text(&sample->defect, found->defect, error));
    return found->mask_path ? dn_copy_text(&sample->mask_path, found->mask_path, error) : DN_OK;
}

/* A manifest may list a file twice: then the label decides. */
static int by_name(const void *left, const void *right) {
    const dn_sample *a = left, *b = right;
    int order = strcmp(a->name, b->name);
    return order ? order : a->label - b->label;
}

void dn_dataset_end_split(dn_dataset *dataset, dn_split split) {
    size_t begin = dataset->begin[split], count = dataset->count - begin;
    if (count > 0)
        qsort(dataset->samples + begin, count, sizeof(dn_sample), by_name);
    for (size_t i = begin; i < dataset->count; i++)
        dataset->good[split] += dataset->samples[i].label == 0;
    dataset->begin[split + 1] = dataset->count;
}

void dn_dataset_close(dn_dataset *dataset) {
    for (size_t i = 0; i < dataset->count; i++) {
        dn_release(dataset->samples[i].path);
        dn_release(dataset->samples[i].name);
        dn_release(dataset->samples[i].defect);
        dn_release(dataset->samples[i].mask_path);
    }
    dn_release(dataset->samples);
    dn_release(dataset->roi_path);
    *dataset = (dn_dataset){0};
}
