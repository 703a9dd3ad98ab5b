/*
 * Images that differ much from train/good, by simple statistics. With m the median of a property
 * over train/good and d = 1.4826 * median |x - m| (the standard deviation, were it normal), an
 * image is unlike the rest if |x - m| > max(6 d, floor); ratios (size, aspect, sharpness) are
 * compared as logarithms. The floor prevents findings for tiny differences in uniform data sets.
 */
#include "base/memory.h"
#include "base/text.h"
#include "check/findings.h"
#include "config/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_IMAGES = 8 }; /* of train/good: a median of fewer means little */
static const double DEVIATIONS = 6, NORMAL = 1.4826;

/* Whether a defect may change it. */
static const int DEFECT_MAY[DN_PROPERTIES] = {
    [DN_PROPERTY_BRIGHTNESS] = 1,
    [DN_PROPERTY_CONTRAST] = 1,
    [DN_PROPERTY_COLOUR] = 1,
    [DN_PROPERTY_SHARPNESS] = 1,
};

static int by_value(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Of sorted values, between two neighbours in proportion; 0.5 is the median. */
static double quantile(const double *sorted, size_t count, double share) {
    double place = share * (double)(count - 1);
    size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

static double median(double *values, size_t count) {
    qsort(values, count, sizeof *values, by_value);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

/* `values` has room for train/good. Returns the number of its images that can be read. */
static size_t gather_property(const dn_check_subject *subject, dn_property property,
                              double *values) {
    const dn_dataset *dataset = subject->dataset;
    size_t count = 0;
    for (size_t i = dataset->begin[DN_SPLIT_TRAIN]; i < dataset->begin[DN_SPLIT_TRAIN + 1]; i++)
        if (dn_record_readable(&subject->records[i]) && dataset->samples[i].label == 0)
            values[count++] = dn_property_to_scale(property, subject->records[i].values[property]);
    return count;
}

static void measure_spread(dn_property property, double *values, size_t count, dn_spread *spread) {
    double middle = median(values, count);
    double low_quantile = quantile(values, count, 0.05),
           high_quantile = quantile(values, count, 0.95);
    for (size_t i = 0; i < count; i++)
        values[i] = fabs(values[i] - middle);
    double reach = fmax(DEVIATIONS * NORMAL * median(values, count), dn_property_floor(property));
    *spread = (dn_spread){
        .median = dn_property_from_scale(property, middle),
        .quantile_05 = dn_property_from_scale(property, low_quantile),
        .quantile_95 = dn_property_from_scale(property, high_quantile),
        .low = fmax(dn_property_from_scale(property, middle - reach), 0),
        .high =
            fmin(dn_property_from_scale(property, middle + reach), dn_property_largest(property)),
    };
}

static dn_status measure_spreads(const dn_check_subject *subject, dn_checked_class *class,
                                 dn_error *error) {
    void *values;
    DN_TRY(dn_allocate(&values, subject->dataset->count, sizeof(double), error));
    for (dn_property property = 0; property < DN_PROPERTIES; property++) {
        size_t count = gather_property(subject, property, values);
        class->has_spreads = count >= LEAST_IMAGES;
        if (class->has_spreads)
            measure_spread(property, values, count, &class->spreads[property]);
    }
    dn_release(values);
    return DN_OK;
}

static int is_outside(const dn_record *record, dn_property property, const dn_spread *spread) {
    double value = record->values[property];
    return dn_record_readable(record) && (value < spread->low || value > spread->high);
}

typedef struct number_text {
    char text[DN_NUMBER_SIZE];
} number_text;

static number_text shown(dn_property property, double value) {
    number_text number = {0};
    dn_number_print_fixed(number.text, value, dn_property_decimals(property));
    return number;
}

static dn_status say_range(const dn_check_folder *folder, dn_property property,
                           const dn_spread *spread, size_t outside, char **about, dn_error *error) {
    dn_text text = {0};
    dn_text_append(&text, "%s of %zu of %zu in %s/%s is outside %s to %s (train/good: median %s)",
                   dn_property_name(property), outside, folder->images,
                   dn_split_name(folder->split), folder->defect, shown(property, spread->low).text,
                   shown(property, spread->high).text, shown(property, spread->median).text);
    return dn_text_take(&text, about, error);
}

static int lies_in(const dn_sample *sample, const dn_check_folder *folder) {
    return sample->split == folder->split && strcmp(sample->defect, folder->defect) == 0;
}

static dn_status name_outside(const dn_check_subject *subject, const dn_check_folder *folder,
                              dn_property property, const dn_spread *spread, dn_finding *finding,
                              dn_error *error) {
    for (size_t i = 0; i < subject->dataset->count; i++) {
        const dn_sample *sample = &subject->dataset->samples[i];
        char detail[64];
        if (!lies_in(sample, folder) || !is_outside(&subject->records[i], property, spread))
            continue;
        snprintf(detail, sizeof detail, "%s %s", dn_property_name(property),
                 shown(property, subject->records[i].values[property]).text);
        DN_TRY(dn_finding_name(finding, sample->name, detail, error));
    }
    return DN_OK;
}

/* A defect may change brightness or sharpness. A folder of defects is reported only if most of it
 * differs, as after a change of lighting. */
static dn_status judge_folder(const dn_check_subject *subject, const dn_check_folder *folder,
                              dn_property property, dn_checked_class *class, dn_error *error) {
    const dn_spread *spread = &class->spreads[property];
    dn_finding *finding;
    char *about;
    size_t outside = 0;
    for (size_t i = 0; i < subject->dataset->count; i++)
        outside += lies_in(&subject->dataset->samples[i], folder) &&
                   is_outside(&subject->records[i], property, spread);
    if (outside == 0 || (folder->label && DEFECT_MAY[property] && 2 * outside <= folder->images))
        return DN_OK;
    DN_TRY(say_range(folder, property, spread, outside, &about, error));
    dn_status status = dn_finding_add(class, DN_FINDING_UNLIKE, about, &finding, error);
    dn_text_free(about);
    DN_TRY(status);
    return name_outside(subject, folder, property, spread, finding, error);
}

dn_status dn_find_unlike(const dn_check_subject *subject, dn_checked_class *class,
                         dn_error *error) {
    DN_TRY(measure_spreads(subject, class, error));
    if (!class->has_spreads)
        return DN_OK;
    for (size_t i = 0; i < class->folder_count; i++)
        for (dn_property property = 0; property < DN_PROPERTIES; property++)
            DN_TRY(judge_folder(subject, &class->folders[i], property, class, error));
    return DN_OK;
}
