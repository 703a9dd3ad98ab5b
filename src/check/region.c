/* The region of interest that a training would use: whether it can be read and makes sense. */
#include "base/file.h"
#include "check/findings.h"
#include "image/roi.h"

#include <stdio.h>
#include <string.h>

static dn_status find_region(const char *about, dn_rule_id rule, dn_checked_class *class,
                             dn_error *error) {
    dn_finding *ignored;
    return dn_finding_add(class, rule, about, &ignored, error);
}

/* A mask is scaled to every image, so it must have the same aspect ratio, within 2 %. */
static dn_status compare_shapes(const char *path, const dn_image *mask, dn_checked_class *class,
                                dn_error *error) {
    char about[1200];
    size_t others = 0;
    const dn_check_size *first = NULL;
    for (size_t i = 0; i < class->size_count; i++) {
        const dn_check_size *size = &class->sizes[i];
        double ratio = (double)mask->width * size->height / ((double)mask->height * size->width);
        if (ratio > 0.98 && ratio < 1 / 0.98)
            continue;
        others += size->count;
        first = first ? first : size;
    }
    if (!first)
        return DN_OK;
    snprintf(about, sizeof about, "%s is %d x %d; images of another shape: %zu, the first %d x %d",
             path, mask->width, mask->height, others, first->width, first->height);
    return find_region(about, DN_FINDING_ROI_LOOK, class, error);
}

static dn_status judge_mask(const char *path, const dn_image *mask, const int img_size[2],
                            dn_checked_class *class, dn_error *error) {
    char about[1200];
    dn_roi roi;
    DN_TRY(dn_roi_of_mask(mask, img_size[1], img_size[0], &roi, error));
    double share = dn_roi_share(&roi);
    dn_roi_free(&roi);
    class->roi_share = share;
    if (share == 0) {
        snprintf(about, sizeof about, "%s contains no pixel that counts", path);
        return find_region(about, DN_FINDING_ROI, class, error);
    }
    if (share == 1) {
        snprintf(about, sizeof about, "%s covers everything", path);
        return find_region(about, DN_FINDING_ROI_LOOK, class, error);
    }
    return compare_shapes(path, mask, class, error);
}

dn_status dn_find_roi(const dn_check_subject *subject, dn_checked_class *class, dn_error *error) {
    const dn_dataset *dataset = subject->dataset;
    const char *named = subject->config->roi, *path = named[0] ? named : dataset->roi_path;
    char about[1200];
    dn_image mask = {0};
    dn_error failure = {0};
    if (!path || strcmp(named, "none") == 0)
        return DN_OK;
    if (path == dataset->roi_path && dataset->roi_count > 1) {
        snprintf(about, sizeof about, "%zu images in roi/, the first: %s", dataset->roi_count,
                 dn_path_name(path));
        return find_region(about, DN_FINDING_ROI, class, error);
    }
    if (dn_image_read(path, NULL, &mask, &failure) != DN_OK)
        return find_region(failure.message, DN_FINDING_ROI, class, error);
    dn_status status = judge_mask(path, &mask, subject->config->img_size, class, error);
    dn_image_free(&mask);
    return status;
}
