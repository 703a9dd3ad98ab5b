#include "train/choices/rotation_advice.h"

#include "base/memory.h"
#include "image/transform/pasted_patch.h"
#include "metrics/metrics.h"

#include <stdio.h>
#include <string.h>

/* Scores of every picture and copy with every number of rotations. */
typedef struct trial {
    dn_inspector *inspector;
    dn_rotation_advice *advice;
    dn_random random;
    double *scores; /* [numbers of rotations][capacity] */
    int *labels;    /* [capacity] 1: a changed copy */
    double *values; /* [rotations] */
    size_t scored, capacity;
} trial;

static void list_counts(dn_rotation_advice *advice, int rotations) {
    int count = 1;
    for (int n = rotations; n % 2 == 0 && count < DN_ADVICE_COUNTS; n /= 2)
        count++;
    advice->count = count;
    for (int i = count - 1; i >= 0; i--, rotations /= 2)
        advice->rotations[i] = rotations;
}

/* The score from `rotations` evenly spaced ones of all, the upright view first. */
static double score_of(const trial *self, int rotations) {
    const dn_inspector *inspector = self->inspector;
    const dn_scorer *scorer = &inspector->scorer;
    int step = scorer->rotations / rotations;
    for (int i = 0; i < rotations; i++)
        self->values[i] = scorer->values[i * step];
    double paper = dn_reduce(scorer->reduction, self->values, rotations);
    if (!inspector->places.model)
        return paper;
    return dn_place_decide(inspector->places.model, paper, inspector->seen_places);
}

static dn_status add_values(dn_inspector *inspector, dn_error *error) {
    dn_scorer *scorer = &inspector->scorer;
    dn_score_sums sums = {0};
    for (int done = 0; done < scorer->rotations; done += scorer->rows) {
        int left = scorer->rotations - done, rows = left < scorer->rows ? left : scorer->rows;
        const float *features = inspector->features + (size_t)done * (size_t)scorer->dimensions;
        DN_TRY(dn_scorer_add(scorer, inspector->parameters, features, rows, &sums, error));
    }
    return DN_OK;
}

static dn_status score_image(trial *self, const dn_image *image, int changed, dn_error *error) {
    dn_inspector *inspector = self->inspector;
    DN_TRY(dn_scorer_features(&inspector->scorer, image, inspector->features, error));
    if (inspector->places.model)
        inspector->seen_places = dn_place_view_score(&inspector->places);
    DN_TRY(add_values(inspector, error));
    for (int i = 0; i < self->advice->count; i++)
        self->scores[(size_t)i * self->capacity + self->scored] =
            score_of(self, self->advice->rotations[i]);
    self->labels[self->scored++] = changed;
    return DN_OK;
}

static dn_status copy_image(const dn_image *image, dn_image *copy, dn_error *error) {
    DN_TRY(dn_image_create(image->width, image->height, copy, error));
    memcpy(copy->pixels, image->pixels, 3 * (size_t)image->width * (size_t)image->height);
    return DN_OK;
}

static dn_status score_changed(trial *self, const dn_image *image, dn_error *error) {
    dn_image copy = {0};
    DN_TRY(copy_image(image, &copy, error));
    dn_image_paste_patch(&copy, &self->random);
    dn_status status = score_image(self, &copy, 1, error);
    dn_image_free(&copy);
    return status;
}

/* An unreadable picture was reported by the evaluation: it only counts less here. */
static dn_status add_picture(trial *self, const dn_sample *sample, dn_error *error) {
    dn_image image = {0};
    dn_error failure;
    dn_status status =
        dn_extractor_read(self->inspector->scorer.extractor, sample->path, &image, &failure);
    if (status == DN_ERROR_MEMORY)
        return dn_fail(error, status, "%s", failure.message);
    if (status != DN_OK)
        return DN_OK;
    status = score_image(self, &image, 0, error);
    for (size_t i = 0; status == DN_OK && i < self->advice->copies; i++)
        status = score_changed(self, &image, error);
    dn_image_free(&image);
    self->advice->pictures++;
    return status;
}

static dn_status judge(trial *self, dn_error *error) {
    dn_rotation_advice *advice = self->advice;
    if (advice->pictures < DN_ADVICE_LEAST) {
        advice->count = 0;
        return DN_OK;
    }
    for (int i = 0; i < advice->count; i++) {
        dn_statistic auroc;
        DN_TRY(dn_metric_auroc(self->scores + (size_t)i * self->capacity, self->labels,
                               self->scored, &auroc, error));
        advice->auroc[i] = auroc.value;
    }
    int last = advice->count - 1, least = last;
    while (least > 0 && advice->auroc[least - 1] >= advice->auroc[last] - DN_ADVICE_LOSS)
        least--;
    advice->enough = advice->rotations[least];
    return DN_OK;
}

static dn_status allocate_trial(trial *self, dn_error *error) {
    void *block;
    DN_TRY(
        dn_allocate(&block, self->capacity * (size_t)self->advice->count, sizeof(double), error));
    self->scores = block;
    DN_TRY(dn_allocate(&block, self->capacity, sizeof(int), error));
    self->labels = block;
    DN_TRY(dn_allocate(&block, (size_t)self->inspector->scorer.rotations, sizeof(double), error));
    self->values = block;
    return DN_OK;
}

static dn_status run(trial *self, const dn_sample *samples, const size_t *good, size_t count,
                     dn_error *error) {
    size_t taken = self->capacity / (1 + self->advice->copies);
    DN_TRY(allocate_trial(self, error));
    for (size_t i = 0; i < taken; i++) /* evenly chosen by their order */
        DN_TRY(add_picture(self, &samples[good[i * count / taken]], error));
    return judge(self, error);
}

/* How many pictures and copies the views allow. */
static void plan(trial *self, size_t count) {
    size_t rotations = (size_t)self->inspector->scorer.rotations;
    size_t pictures = count < DN_ADVICE_PICTURES ? count : DN_ADVICE_PICTURES;
    while (pictures > DN_ADVICE_LEAST && 2 * pictures * rotations > DN_ADVICE_VIEWS)
        pictures--;
    size_t copies = DN_ADVICE_VIEWS / (pictures * rotations);
    copies = copies < 2 ? 1 : copies - 1;
    self->advice->copies = copies < DN_ADVICE_COPIES ? copies : DN_ADVICE_COPIES;
    self->capacity = pictures * (1 + self->advice->copies);
}

static dn_status try_rotations(trial *self, const dn_sample *samples, const size_t *good,
                               size_t count, dn_error *error) {
    plan(self, count);
    dn_status status = run(self, samples, good, count, error);
    dn_release(self->scores);
    dn_release(self->labels);
    dn_release(self->values);
    return status;
}

dn_status dn_advise_rotations(dn_inspector *inspector, const dn_sample *samples, size_t count,
                              uint64_t seed, dn_rotation_advice *advice, dn_error *error) {
    void *block;
    size_t good = 0;
    trial self = {.inspector = inspector, .advice = advice};
    *advice = (dn_rotation_advice){0};
    if (count < DN_ADVICE_LEAST || inspector->scorer.rotations % 2 != 0)
        return DN_OK;
    list_counts(advice, inspector->scorer.rotations);
    dn_random_init(&self.random, seed, DN_RANDOM_CHANGE, 0);
    DN_TRY(dn_allocate(&block, count, sizeof(size_t), error));
    size_t *places = block;
    for (size_t i = 0; i < count; i++)
        if (samples[i].label == 0)
            places[good++] = i;
    dn_status status = DN_OK;
    if (good >= DN_ADVICE_LEAST)
        status = try_rotations(&self, samples, places, good, error);
    else
        advice->count = 0;
    dn_release(block);
    return status;
}

void dn_rotation_advice_print(const dn_rotation_advice *advice, char *text, size_t size) {
    size_t used = 0;
    text[0] = '\0';
    if (advice->count == 0)
        return;
    int all = advice->rotations[advice->count - 1];
    used += (size_t)snprintf(
        text, size,
        "rotations: on %zu held-out good pictures and %zu copies with a pasted patch the AUROC is",
        advice->pictures, advice->pictures * advice->copies);
    for (int i = 0; i < advice->count && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s %.3f with %d", i ? "," : "",
                                 advice->auroc[i], advice->rotations[i]);
    if (used >= size)
        return;
    if (advice->enough == all)
        snprintf(text + used, size - used, "; all %d are needed", all);
    else
        snprintf(text + used, size - used,
                 "; %d of %d are enough, in 1/%d of the time: train again with --rotations %d",
                 advice->enough, all, all / advice->enough, advice->enough);
}
