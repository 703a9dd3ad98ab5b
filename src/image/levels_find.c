/* Levels of a set of pictures, in up to three passes over the deep ones: their ranges, a histogram
 * of all samples, and the share of samples that the levels leave out. */
#include "base/memory.h"
#include "base/parallel.h"
#include "image/formats/kind.h"
#include "image/levels.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

enum { BINS = 65536 };

/* A thousandth of all samples may be darker than black, and as many brighter than white: hot and
 * dead pixels, glints. A tenth of the range on either side then leaves room for defects that are
 * darker or brighter than any good part. */
static const double TAIL = 0.001, MARGIN = 0.1;

typedef struct picture_facts {
    int is_deep, is_read, is_whole, bits;
    dn_sample_range whole, declared, used;
    double outside;
} picture_facts;

typedef struct survey_state {
    const char *const *paths;
    size_t count;
    picture_facts *facts;
    dn_sample_range range; /* of the histogram, then the levels */
    uint64_t *histogram;
    pthread_mutex_t lock; /* guards `histogram` and `status` */
    dn_status status;
} survey_state;

/* ---- Passes ---------------------------------------------------------------------------------- */

static int decode_file(const char *path, dn_raster *raster) {
    return dn_raster_read(path, raster, NULL) == DN_OK;
}

static void note_facts(const dn_raster *raster, picture_facts *facts) {
    facts->is_deep = raster->type != DN_SAMPLES_RGB8;
    facts->is_read = 1;
    facts->bits = raster->bits;
    if (!facts->is_deep)
        return;
    facts->is_whole = raster->is_whole;
    facts->whole = raster->whole;
    facts->declared = raster->declared;
    dn_raster_extremes(raster, &facts->used.black, &facts->used.white);
}

/* Shallow files count as read: whether they can be is found out by whoever wants their pixels. */
static void find_facts(void *context, size_t begin, size_t end) {
    survey_state *self = context;
    for (size_t i = begin; i < end; i++) {
        picture_facts *facts = &self->facts[i];
        dn_raster raster;
        if (!dn_file_may_be_deep(self->paths[i])) {
            *facts = (picture_facts){.is_read = 1, .bits = 8};
            continue;
        }
        if (!decode_file(self->paths[i], &raster))
            continue;
        note_facts(&raster, facts);
        dn_raster_free(&raster);
    }
}

/* Counts are whole numbers: the order in which threads add them changes nothing. */
static void add_histogram(survey_state *self, const dn_raster *raster) {
    void *block;
    dn_status status = dn_allocate(&block, BINS, sizeof(uint64_t), NULL);
    uint64_t *histogram = block;
    if (status == DN_OK)
        dn_raster_count(raster, self->range, histogram, BINS);
    pthread_mutex_lock(&self->lock);
    if (status != DN_OK)
        self->status = status;
    for (size_t bin = 0; status == DN_OK && bin < BINS; bin++)
        self->histogram[bin] += histogram[bin];
    pthread_mutex_unlock(&self->lock);
    dn_release(histogram);
}

static void count_samples(void *context, size_t begin, size_t end) {
    survey_state *self = context;
    for (size_t i = begin; i < end; i++) {
        dn_raster raster;
        if (!self->facts[i].is_deep || !decode_file(self->paths[i], &raster))
            continue;
        add_histogram(self, &raster);
        dn_raster_free(&raster);
    }
}

static void measure_outside(void *context, size_t begin, size_t end) {
    survey_state *self = context;
    for (size_t i = begin; i < end; i++) {
        picture_facts *facts = &self->facts[i];
        dn_raster raster;
        int fits = facts->is_whole && facts->used.black >= self->range.black &&
                   facts->used.white <= self->range.white;
        if (!facts->is_deep || fits || !decode_file(self->paths[i], &raster))
            continue;
        facts->outside = dn_raster_outside(&raster, self->range);
        dn_raster_free(&raster);
    }
}

/* ---- What they give -------------------------------------------------------------------------- */

static void extend(dn_sample_range *range, dn_sample_range other, int is_first) {
    range->black = is_first ? other.black : fmin(range->black, other.black);
    range->white = is_first ? other.white : fmax(range->white, other.white);
}

static int same(dn_sample_range a, dn_sample_range b) {
    return a.black == b.black && a.white == b.white;
}

/* Sums over all pictures. Returns whether every deep one declares the range that `declared`
 * receives; `whole` receives what holds all of them, unknown where one is floating point. */
static int sum_facts(const survey_state *self, dn_levels_survey *survey, dn_sample_range *declared,
                     dn_sample_range *whole) {
    int agree = 1, all_whole = 1;
    dn_sample_range used = {0};
    for (size_t i = 0; i < self->count; i++) {
        const picture_facts *facts = &self->facts[i];
        if (!facts->is_read)
            continue;
        int is_first = survey->deep == 0;
        if (survey->least_bits == 0 || facts->bits < survey->least_bits)
            survey->least_bits = facts->bits;
        survey->most_bits = facts->bits > survey->most_bits ? facts->bits : survey->most_bits;
        survey->shallow += !facts->is_deep;
        if (!facts->is_deep)
            continue;
        survey->deep++;
        agree &=
            dn_range_is_known(facts->declared) && (is_first || same(*declared, facts->declared));
        *declared = is_first ? facts->declared : *declared;
        extend(&used, facts->used, is_first);
        extend(whole, facts->whole, is_first);
        all_whole &= facts->is_whole;
    }
    survey->lowest = used.black;
    survey->highest = used.white;
    if (!all_whole)
        *whole = (dn_sample_range){0};
    return agree && survey->deep > 0;
}

/* The value that a share of all samples lies below. */
static double quantile(const survey_state *self, double share) {
    uint64_t total = 0, below = 0;
    size_t bin = 0;
    for (size_t i = 0; i < BINS; i++)
        total += self->histogram[i];
    while (bin + 1 < BINS && (double)(below + self->histogram[bin]) <= share * (double)total)
        below += self->histogram[bin++];
    return self->range.black + (self->range.white - self->range.black) * (double)bin / BINS;
}

/* The span of the histogram: one bin a value where samples are whole numbers of 16 bits. */
static dn_sample_range histogram_range(const dn_levels_survey *survey, int is_whole) {
    double black = survey->lowest, white = survey->highest;
    if (is_whole && white - black < BINS)
        return (dn_sample_range){black, black + BINS};
    return (dn_sample_range){black, white > black ? white : black + 1};
}

static dn_sample_range range_from_histogram(const survey_state *self, dn_sample_range whole) {
    dn_sample_range range = {quantile(self, TAIL), quantile(self, 1 - TAIL)};
    double margin = MARGIN * (range.white - range.black);
    range.black -= margin;
    range.white += margin;
    if (dn_range_is_known(whole)) {
        range.black = fmax(floor(range.black), whole.black);
        range.white = fmin(ceil(range.white), whole.white);
        range.white = fmax(range.white, range.black + 1);
    }
    if (!dn_range_is_known(range))
        range.white = range.black + 1;
    return range;
}

static dn_status find_range(survey_state *self, dn_levels_survey *survey, dn_sample_range whole,
                            int threads, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, BINS, sizeof(uint64_t), error));
    self->histogram = block;
    self->range = histogram_range(survey, dn_range_is_known(whole));
    dn_parallel_for(threads, self->count, 1, count_samples, self);
    if (self->status != DN_OK)
        return dn_fail(error, self->status, "out of memory while levels were looked for");
    survey->range = range_from_histogram(self, whole);
    survey->source = DN_LEVELS_FOUND;
    return DN_OK;
}

static dn_status survey_pictures(survey_state *self, const dn_sample_range *given, int threads,
                                 dn_levels_survey *survey, dn_error *error) {
    dn_sample_range declared = {0}, whole = {0};
    dn_parallel_for(threads, self->count, 1, find_facts, self);
    int agree = sum_facts(self, survey, &declared, &whole);
    if (given) {
        survey->source = DN_LEVELS_GIVEN;
        survey->range = *given;
    } else if (agree) {
        survey->source = DN_LEVELS_FILE;
        survey->range = declared;
    } else if (survey->deep > 0)
        DN_TRY(find_range(self, survey, whole, threads, error));
    self->range = survey->range;
    if (survey->deep > 0)
        dn_parallel_for(threads, self->count, 1, measure_outside, self);
    for (size_t i = 0; i < self->count; i++)
        survey->outside = fmax(survey->outside, self->facts[i].outside);
    return DN_OK;
}

dn_status dn_levels_find(const char *const *paths, size_t count, const dn_sample_range *given,
                         int threads, dn_levels_survey *survey, dn_error *error) {
    survey_state self = {.paths = paths, .count = count};
    void *block;
    *survey = (dn_levels_survey){0};
    DN_TRY(dn_allocate(&block, count, sizeof(picture_facts), error));
    self.facts = block;
    if (pthread_mutex_init(&self.lock, NULL) != 0) {
        dn_release(self.facts);
        return dn_fail(error, DN_ERROR_MEMORY, "cannot create a lock");
    }
    dn_status status = survey_pictures(&self, given, threads, survey, error);
    pthread_mutex_destroy(&self.lock);
    dn_release(self.histogram);
    dn_release(self.facts);
    return status;
}
