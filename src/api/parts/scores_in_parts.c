#include "api/parts/scores_in_parts.h"

#include "base/digest.h"
#include "base/memory.h"
#include "config/number.h"

#include <math.h>
#include <string.h>

/* An item: these numbers with blanks between ("-" is NaN), a newline, and why there is no score. */
enum {
    RAW,
    PAPER,
    PLACES,
    DEVIATION,
    LOSS,
    ROTATIONS,
    TILES,
    TILES_ABOVE,
    WORST_X,
    WORST_Y,
    WORST_WIDTH,
    WORST_HEIGHT,
    ELAPSED,
    UNLIKE,
    STATUS,
    NUMBERS
};

static void get_numbers(const dn_sample_score *result, double numbers[NUMBERS]) {
    const dn_score *score = &result->score;
    numbers[RAW] = score->raw;
    numbers[PAPER] = score->paper;
    numbers[PLACES] = score->places;
    numbers[DEVIATION] = score->deviation;
    numbers[LOSS] = score->loss;
    numbers[ROTATIONS] = score->rotations;
    numbers[TILES] = score->tiles;
    numbers[TILES_ABOVE] = score->tiles_above;
    numbers[WORST_X] = score->worst.x;
    numbers[WORST_Y] = score->worst.y;
    numbers[WORST_WIDTH] = score->worst.width;
    numbers[WORST_HEIGHT] = score->worst.height;
    numbers[ELAPSED] = result->elapsed_ms;
    numbers[UNLIKE] = result->is_unlike;
    numbers[STATUS] = result->status;
}

static dn_status put_result(const dn_sample_score *result, dn_part *part, dn_error *error) {
    double numbers[NUMBERS];
    dn_text text = {0};
    char *item;
    get_numbers(result, numbers);
    for (int i = 0; i < NUMBERS; i++) {
        char number[DN_NUMBER_SIZE] = "-";
        if (isfinite(numbers[i]))
            dn_number_print(number, numbers[i]);
        dn_text_append(&text, "%s ", number);
    }
    dn_text_append(&text, "\n%s", result->failure ? result->failure : "");
    DN_TRY(dn_text_take(&text, &item, error));
    dn_status status = dn_part_add(part, item, strlen(item), error);
    dn_text_free(item);
    return status;
}

dn_status dn_scores_put(const dn_evaluation *evaluation, dn_part *part, dn_error *error) {
    for (size_t i = 0; i < evaluation->count; i++)
        if (dn_part_next(part, evaluation->samples[i].name))
            DN_TRY(put_result(&evaluation->results[i], part, error));
    return DN_OK;
}

/* ---- reading ---- */

static int read_numbers(const char **item, double numbers[NUMBERS]) {
    for (int i = 0; i < NUMBERS; i++) {
        char number[DN_NUMBER_SIZE] = "";
        size_t length = strcspn(*item, " \n");
        if (length >= sizeof number || (*item)[length] != ' ')
            return 0;
        memcpy(number, *item, length);
        *item += length + 1;
        numbers[i] = NAN;
        if (strcmp(number, "-") != 0 && !dn_number_read(number, &numbers[i]))
            return 0;
    }
    return *(*item)++ == '\n';
}

/* NaN is not. */
static int is_within(const double numbers[NUMBERS], int first, int last, double most) {
    int within = 1;
    for (int i = first; i <= last; i++)
        within = within && numbers[i] >= 0 && numbers[i] <= most;
    return within;
}

/* A score that a run could not have given is no score. */
static int makes_sense(const double numbers[NUMBERS], const char *failure) {
    int scored = numbers[STATUS] == DN_OK;
    return numbers[STATUS] >= DN_OK && numbers[STATUS] < DN_CANCELLED && scored == !*failure &&
           is_within(numbers, ROTATIONS, ROTATIONS, 1024.0 * DN_TILES_MOST) &&
           is_within(numbers, TILES, TILES_ABOVE, DN_TILES_MOST) &&
           is_within(numbers, WORST_X, WORST_HEIGHT, DN_IMAGE_MAX_SIDE) &&
           !(numbers[DEVIATION] < 0) &&
           (!scored || (numbers[RAW] >= 0 && numbers[PAPER] >= 0 && isfinite(numbers[LOSS])));
}

static dn_status take_result(const char *item, dn_sample_score *result, size_t index,
                             dn_error *error) {
    double numbers[NUMBERS];
    if (!read_numbers(&item, numbers) || !makes_sense(numbers, item))
        return dn_fail(error, DN_ERROR_FORMAT, "item %zu of the parts holds no score", index + 1);
    result->score = (dn_score){.raw = numbers[RAW],
                               .paper = numbers[PAPER],
                               .places = numbers[PLACES],
                               .deviation = numbers[DEVIATION],
                               .loss = numbers[LOSS],
                               .rotations = (int)numbers[ROTATIONS],
                               .tiles = (int)numbers[TILES],
                               .tiles_above = (int)numbers[TILES_ABOVE],
                               .worst = {(int)numbers[WORST_X], (int)numbers[WORST_Y],
                                         (int)numbers[WORST_WIDTH], (int)numbers[WORST_HEIGHT]}};
    result->elapsed_ms = numbers[ELAPSED];
    result->is_unlike = numbers[UNLIKE] == 1;
    result->status = (dn_status)numbers[STATUS];
    if (!*item)
        return DN_OK;
    DN_TRY(dn_copy_text(&result->failure, item, error));
    dn_flatten(result->failure);
    return DN_OK;
}

static dn_status check_names(const dn_evaluation *evaluation, const dn_parts *parts,
                             dn_error *error) {
    char names[DN_DIGEST_LENGTH + 1];
    dn_digest *sum;
    DN_TRY(dn_digest_begin(&sum, error));
    for (size_t i = 0; i < evaluation->count; i++)
        dn_digest_add(sum, evaluation->samples[i].name, strlen(evaluation->samples[i].name) + 1);
    dn_digest_end(sum, names);
    if (strcmp(names, dn_parts_names(parts)) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_DATA,
                   "the parts were made from other pictures than the %zu found now",
                   evaluation->count);
}

dn_status dn_scores_take(dn_evaluation *evaluation, const dn_parts *parts, dn_error *error) {
    size_t size;
    DN_TRY(check_names(evaluation, parts, error));
    for (size_t i = 0; i < evaluation->count; i++) {
        const char *item = dn_parts_item(parts, i, &size);
        DN_TRY(take_result(item ? item : "", &evaluation->results[i], i, error));
    }
    return DN_OK;
}
