#include "check/findings.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

enum { MEND = 1, LOOK = 0 };

static const dn_rule RULES[DN_FINDING_RULES] = {
    [DN_FINDING_FOLDER] = {"folder", MEND, "the folder cannot be read",
                           "fix the folder, its permissions or its name"},
    [DN_FINDING_NO_TRAIN] = {"no_train_good", MEND, "no good images to train on",
                             "put pictures of good parts into train/good/"},
    [DN_FINDING_UNREADABLE] =
        {"unreadable", MEND, "images that cannot be read",
         "replace or remove them: training stops at one, a test leaves it out"},
    [DN_FINDING_LEAK] = {"shared", MEND, "the same image in more than one split",
                         "keep each in one split only: a test on training images proves nothing"},
    [DN_FINDING_TWO_LABELS] = {"two_labels", MEND, "the same image both as good and as defective",
                               "find out which it is, and delete the other copy"},
    [DN_FINDING_MASK_ORPHAN] = {"mask_without_image", MEND, "masks without an image",
                                "name them DEFECT/STEM_mask.png or DEFECT/STEM.png after the image "
                                "test/DEFECT/STEM.*, or delete them"},
    [DN_FINDING_MASK_UNREADABLE] = {"mask_unreadable", MEND, "masks that cannot be read",
                                    "replace them"},
    [DN_FINDING_MASK_SIZE] = {"mask_size", MEND, "masks of another size than their image",
                              "draw or scale them to the size of the image"},
    [DN_FINDING_ROI] = {"roi", MEND, "the region of interest cannot be used",
                        "draw one mask, white where the pictures count"},
    [DN_FINDING_FEW_TRAIN] = {"few_train_good", LOOK, "fewer than 16 good images to train on",
                              "add some: the paper's smallest experiment trains on 16"},
    [DN_FINDING_NO_TEST] = {"no_test", LOOK, "no images to test with",
                            "put good parts into test/good/ and defective ones into test/DEFECT/; "
                            "without them training works and nothing is measured"},
    [DN_FINDING_NO_TEST_GOOD] = {"no_test_good", LOOK, "no good images to test with",
                                 "put some that are not in train/ into test/good/; without them no "
                                 "AUROC and no false-reject rate can be measured"},
    [DN_FINDING_NO_TEST_DEFECT] = {"no_test_defect", LOOK, "no defective images to test with",
                                   "put some into test/DEFECT/; without them no AUROC can be "
                                   "measured"},
    [DN_FINDING_PASSED_OVER] = {"passed_over", LOOK, "files that are skipped",
                                "move them to the right folder if they should count"},
    [DN_FINDING_DEPTHS] = {"depths", LOOK, "images of different depths",
                           "save all of them in one depth: levels do not apply to those of 8 bits, "
                           "so that the same part looks different"},
    [DN_FINDING_OUTSIDE_LEVELS] =
        {"outside_levels", LOOK, "images with samples outside the levels",
         "look at their exposure, or set levels=BLACK:WHITE to the camera's range"},
    [DN_FINDING_ORIENTATION] = {"orientation", LOOK, "images with an orientation tag",
                                "save them upright: viewers apply the tag, training and scoring "
                                "do not"},
    [DN_FINDING_PAGES] = {"pages", LOOK, "files with several pages or frames",
                          "save each as a file of its own if it should count: only the first is "
                          "read"},
    [DN_FINDING_ONE_PIXEL] = {"one_pixel", LOOK, "images with a side of 1 pixel",
                              "replace them: they show nothing of a part"},
    [DN_FINDING_DUPLICATE] =
        {"duplicate", LOOK, "images that occur more than once",
         "delete the copies: they count twice and make the set look larger than it is"},
    [DN_FINDING_MASK_MISSING] = {"image_without_mask", LOOK, "defective images without a mask",
                                 "draw the masks: other defective images of the class have one"},
    [DN_FINDING_MASK_EMPTY] = {"mask_empty", LOOK, "masks that mark nothing",
                               "draw the defect white, or move the image to good"},
    [DN_FINDING_MASK_GREY] = {"mask_values", LOOK, "masks with values other than 0 and one more",
                              "save masks without grey, as PNG and not as JPEG: what is brighter "
                              "than half of the brightest counts as defective"},
    [DN_FINDING_ROI_LOOK] = {"roi_look", LOOK, "the region of interest",
                             "look at the mask over some pictures: it is scaled to each"},
    [DN_FINDING_UNLIKE] =
        {"unlike", LOOK, "images that differ much from train/good",
         "look at them: the model learns, or detects, another exposure, focus or crop "
         "instead of the part"},
};

dn_status dn_finding_add(dn_checked_class *class, dn_rule_id rule, const char *about,
                         dn_finding **finding, dn_error *error) {
    void *findings = class->findings;
    DN_TRY(dn_grow(&findings, &class->finding_capacity, class->finding_count + 1,
                   sizeof(dn_finding), error));
    class->findings = findings;
    *finding = &class->findings[class->finding_count++];
    **finding = (dn_finding){.rule = &RULES[rule]};
    return about ? dn_copy_text(&(*finding)->about, about, error) : DN_OK;
}

dn_status dn_finding_name(dn_finding *finding, const char *name, const char *detail,
                          dn_error *error) {
    void *files = finding->files;
    DN_TRY(dn_grow(&files, &finding->capacity, finding->count + 1, sizeof(dn_finding_file), error));
    finding->files = files;
    dn_finding_file *file = &finding->files[finding->count];
    DN_TRY(dn_copy_text(&file->name, name, error));
    finding->count++;
    return detail ? dn_copy_text(&file->detail, detail, error) : DN_OK;
}

dn_status dn_finding_put(dn_checked_class *class, dn_rule_id rule, const char *name,
                         const char *detail, dn_error *error) {
    dn_finding *finding = NULL;
    for (size_t i = 0; i < class->finding_count; i++)
        if (class->findings[i].rule == &RULES[rule])
            finding = &class->findings[i];
    if (!finding)
        DN_TRY(dn_finding_add(class, rule, NULL, &finding, error));
    return dn_finding_name(finding, name, detail, error);
}

/* Insertion sort: stable, and there are few findings. */
void dn_findings_sort(dn_checked_class *class) {
    for (size_t i = 1; i < class->finding_count; i++) {
        dn_finding moved = class->findings[i];
        size_t place = i;
        for (; place > 0 && class->findings[place - 1].rule > moved.rule; place--)
            class->findings[place] = class->findings[place - 1];
        class->findings[place] = moved;
    }
}

void dn_finding_clear(dn_finding *finding) {
    for (size_t i = 0; i < finding->count; i++) {
        dn_release(finding->files[i].name);
        dn_release(finding->files[i].detail);
    }
    dn_release(finding->files);
    dn_release(finding->about);
    *finding = (dn_finding){0};
}

dn_status dn_find_counts(dn_checked_class *class, dn_error *error) {
    dn_finding *ignored;
    size_t good = class->good[DN_SPLIT_TRAIN], test_good = class->good[DN_SPLIT_TEST],
           test_defective = class->defective[DN_SPLIT_TEST];
    if (good == 0)
        DN_TRY(dn_finding_add(class, DN_FINDING_NO_TRAIN, NULL, &ignored, error));
    else if (good < 16)
        DN_TRY(dn_finding_add(class, DN_FINDING_FEW_TRAIN, NULL, &ignored, error));
    if (test_good + test_defective == 0)
        return dn_finding_add(class, DN_FINDING_NO_TEST, NULL, &ignored, error);
    if (test_good == 0)
        return dn_finding_add(class, DN_FINDING_NO_TEST_GOOD, NULL, &ignored, error);
    if (test_defective == 0)
        return dn_finding_add(class, DN_FINDING_NO_TEST_DEFECT, NULL, &ignored, error);
    return DN_OK;
}

static dn_status find_file(const dn_record *record, const char *name, dn_checked_class *class,
                           dn_error *error) {
    char detail[64];
    if (record->kind.orientation) {
        snprintf(detail, sizeof detail, "orientation %d", record->kind.orientation);
        DN_TRY(dn_finding_put(class, DN_FINDING_ORIENTATION, name, detail, error));
    }
    if (record->kind.has_more)
        DN_TRY(dn_finding_put(class, DN_FINDING_PAGES, name, NULL, error));
    if (record->width == 1 || record->height == 1) {
        snprintf(detail, sizeof detail, "%d x %d", record->width, record->height);
        DN_TRY(dn_finding_put(class, DN_FINDING_ONE_PIXEL, name, detail, error));
    }
    return DN_OK;
}

dn_status dn_find_files(const dn_check_subject *subject, dn_checked_class *class, dn_error *error) {
    for (size_t i = 0; i < subject->dataset->count; i++)
        if (dn_record_readable(&subject->records[i]))
            DN_TRY(
                find_file(&subject->records[i], subject->dataset->samples[i].name, class, error));
    return DN_OK;
}

dn_status dn_find_unreadable(const dn_check_subject *subject, dn_checked_class *class,
                             dn_error *error) {
    for (size_t i = 0; i < subject->dataset->count; i++)
        if (!dn_record_readable(&subject->records[i]))
            DN_TRY(dn_finding_put(class, DN_FINDING_UNREADABLE, subject->dataset->samples[i].name,
                                  subject->records[i].failure, error));
    return DN_OK;
}
