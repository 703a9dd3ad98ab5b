/* A calibration as JSON, and back from JSON that anybody may have written. */
#include "detect/calibration/calibration_json.h"

#include "base/memory.h"
#include "config/number.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* ---- writing ---- */

static void append_number(dn_text *text, double value) {
    char number[DN_NUMBER_SIZE] = "null";
    if (isfinite(value))
        dn_number_print(number, value);
    dn_text_append(text, "%s", number);
}

static void append_member(dn_text *text, const char *name, double value) {
    dn_text_append(text, ", \"%s\": ", name);
    append_number(text, value);
}

/* `stride` bytes from one double to the next. */
static void append_numbers(dn_text *text, const char *name, const double *first, size_t count,
                           size_t stride) {
    dn_text_append(text, ", \"%s\": [", name);
    for (size_t i = 0; i < count; i++) {
        dn_text_append(text, "%s", i ? ", " : "");
        append_number(text, *(const double *)(const void *)((const char *)first + i * stride));
    }
    dn_text_append(text, "]");
}

static void append_roc(dn_text *text, const dn_calibration *calibration) {
    const dn_curve *roc = &calibration->roc;
    const size_t stride = sizeof *roc->points;
    if (roc->count == 0)
        return;
    dn_text_append(text, ", \"roc\": {\"source\": \"%s\", \"good\": %zu, \"defective\": %zu",
                   dn_calibration_source_names[calibration->roc_source], roc->good, roc->defective);
    append_numbers(text, "fpr", &roc->points->fpr, roc->count, stride);
    append_numbers(text, "tpr", &roc->points->tpr, roc->count, stride);
    append_numbers(text, "thresholds", &roc->points->threshold, roc->count, stride);
    dn_text_append(text, "}");
}

void dn_calibration_append(dn_text *text, const dn_calibration *calibration) {
    dn_text_append(text, "{\"source\": \"%s\", \"rule\": \"%s\", \"count\": %zu",
                   dn_calibration_source_names[calibration->source],
                   dn_threshold_rule_names[calibration->request.rule], calibration->count);
    append_member(text, "false_reject_rate", calibration->request.false_reject_rate);
    append_member(text, "review_rate", calibration->request.review_rate);
    append_member(text, "target_tpr", calibration->request.target_tpr);
    append_member(text, "promised_rate", calibration->promised_rate);
    append_member(text, "threshold", calibration->threshold);
    append_member(text, "review_threshold", calibration->review_threshold);
    append_member(text, "map_threshold", calibration->map_threshold);
    append_member(text, "low_rate", calibration->request.low_rate);
    append_member(text, "low_threshold", calibration->low_threshold);
    if (calibration->date[0])
        dn_text_append(text, ", \"date\": \"%s\"", calibration->date);
    if (calibration->rotations > 0)
        dn_text_append(text, ", \"rotations\": %d", calibration->rotations);
    append_numbers(text, "scores", calibration->scores, calibration->count, sizeof(double));
    if (calibration->places_count > 0)
        append_numbers(text, "places_scores", calibration->places, calibration->places_count,
                       sizeof(double));
    append_roc(text, calibration);
    dn_text_append(text, "}");
}

dn_status dn_calibration_to_json(const dn_calibration *calibration, char **json, dn_error *error) {
    dn_text text = {0};
    dn_calibration_append(&text, calibration);
    return dn_text_take(&text, json, error);
}

/* ---- reading ---- */

typedef struct reader {
    const char *name; /* for messages */
    const cJSON *object;
} reader;

static dn_status refuse_member(const reader *reading, const char *member, const char *expected,
                               dn_error *error) {
    return dn_fail(error, DN_ERROR_FORMAT, "%s: \"%s\" is not %s", reading->name, member, expected);
}

static const cJSON *member_of(const reader *reading, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(reading->object, name);
}

/* A number in [low, high]. */
static dn_status read_number(const reader *reading, const char *name, double low, double high,
                             double *value, dn_error *error) {
    const cJSON *item = member_of(reading, name);
    *value = cJSON_IsNumber(item) ? item->valuedouble : NAN;
    if (*value >= low && *value <= high)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: \"%s\" is not a number from %g to %g",
                   reading->name, name, low, high);
}

static dn_status read_count(const reader *reading, const char *name, size_t *count,
                            dn_error *error) {
    double value;
    DN_TRY(read_number(reading, name, 0, DN_CALIBRATION_MOST, &value, error));
    *count = (size_t)value;
    return value == floor(value) ? DN_OK : refuse_member(reading, name, "a whole number", error);
}

static dn_status read_word(const reader *reading, const char *name, const char *const *words,
                           int count, int *index, dn_error *error) {
    const char *word = cJSON_GetStringValue(member_of(reading, name));
    for (*index = 0; word && *index < count; ++*index)
        if (strcmp(word, words[*index]) == 0)
            return DN_OK;
    return refuse_member(reading, name, "one of the known words", error);
}

/* Exactly `count` numbers; null stands for infinity, which only a first one may be. */
static dn_status read_numbers(const reader *reading, const char *name, size_t count,
                              double *numbers, size_t stride, dn_error *error) {
    const cJSON *array = member_of(reading, name), *item;
    size_t read = 0;
    if (!cJSON_IsArray(array))
        return refuse_member(reading, name, "an array", error);
    cJSON_ArrayForEach(item, array) {
        double value = cJSON_IsNull(item) && read == 0 ? INFINITY
                       : cJSON_IsNumber(item)          ? item->valuedouble
                                                       : NAN;
        if (read == count || isnan(value) || (isinf(value) && !cJSON_IsNull(item)))
            return refuse_member(reading, name, "an array with the right count of numbers", error);
        *(double *)(void *)((char *)numbers + read++ * stride) = value;
    }
    return read == count ? DN_OK : refuse_member(reading, name, "of the right length", error);
}

/* `count` rising numbers from 0 on. */
static dn_status read_rising(const reader *reading, const char *name, size_t count, double **values,
                             dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, count, sizeof(double), error));
    *values = block;
    DN_TRY(read_numbers(reading, name, count, *values, sizeof(double), error));
    for (size_t i = 0; i < count; i++)
        if (!isfinite((*values)[i]) || !((*values)[i] >= (i ? (*values)[i - 1] : 0)))
            return refuse_member(reading, name, "an array of increasing numbers from 0", error);
    return DN_OK;
}

static dn_status read_scores(const reader *reading, dn_calibration *calibration, dn_error *error) {
    DN_TRY(read_count(reading, "count", &calibration->count, error));
    return read_rising(reading, "scores", calibration->count, &calibration->scores, error);
}

static dn_status read_places(const reader *reading, dn_calibration *calibration, dn_error *error) {
    const cJSON *array = member_of(reading, "places_scores");
    if (!array) /* no detector for places */
        return DN_OK;
    int count = cJSON_GetArraySize(array);
    if (!cJSON_IsArray(array) || count > DN_CALIBRATION_MOST)
        return refuse_member(reading, "places_scores", "an array of scores", error);
    calibration->places_count = (size_t)count;
    return read_rising(reading, "places_scores", (size_t)count, &calibration->places, error);
}

static int is_step(const dn_operating_point *before, const dn_operating_point *point) {
    return point->threshold < before->threshold && point->fpr >= before->fpr && point->fpr <= 1 &&
           point->tpr >= before->tpr && point->tpr <= 1;
}

/* Counts are not written twice: they follow from the rates. */
static dn_status check_points(const reader *reading, dn_curve *roc, dn_error *error) {
    dn_operating_point *points = roc->points;
    if (points[0].threshold != INFINITY || points[0].fpr != 0 || points[0].tpr != 0)
        return refuse_member(reading, "roc", "a curve that begins at (0, 0)", error);
    for (size_t i = 0; i < roc->count; i++) {
        if (i > 0 && !is_step(&points[i - 1], &points[i]))
            return refuse_member(reading, "roc", "a curve that rises while its thresholds fall",
                                 error);
        points[i].false_positives = (size_t)(points[i].fpr * (double)roc->good + 0.5);
        points[i].true_positives = (size_t)(points[i].tpr * (double)roc->defective + 0.5);
        size_t called = points[i].false_positives + points[i].true_positives;
        points[i].precision = called ? (double)points[i].true_positives / (double)called : 1;
    }
    return DN_OK;
}

static dn_status read_points(const reader *reading, dn_curve *roc, dn_error *error) {
    const size_t stride = sizeof *roc->points;
    int count = cJSON_GetArraySize(member_of(reading, "thresholds"));
    void *block;
    if (count < 2 || count > DN_CALIBRATION_MOST + 1)
        return refuse_member(reading, "thresholds", "an array of two thresholds or more", error);
    DN_TRY(dn_allocate(&block, (size_t)count, stride, error));
    roc->points = block;
    roc->count = (size_t)count;
    DN_TRY(read_numbers(reading, "fpr", roc->count, &roc->points->fpr, stride, error));
    DN_TRY(read_numbers(reading, "tpr", roc->count, &roc->points->tpr, stride, error));
    DN_TRY(read_numbers(reading, "thresholds", roc->count, &roc->points->threshold, stride, error));
    return check_points(reading, roc, error);
}

static dn_status read_roc(const reader *reading, dn_calibration *calibration, dn_error *error) {
    const reader inner = {reading->name, member_of(reading, "roc")};
    int source;
    if (!inner.object)
        return DN_OK;
    DN_TRY(read_word(&inner, "source", dn_calibration_source_names, DN_CALIBRATION_SOURCES, &source,
                     error));
    calibration->roc_source = (dn_calibration_source)source;
    DN_TRY(read_count(&inner, "good", &calibration->roc.good, error));
    DN_TRY(read_count(&inner, "defective", &calibration->roc.defective, error));
    if (calibration->roc.good == 0 || calibration->roc.defective == 0)
        return refuse_member(reading, "roc", "a curve of good and defective images", error);
    return read_points(&inner, &calibration->roc, error);
}

static dn_status read_thresholds(const reader *reading, dn_calibration *calibration,
                                 dn_error *error) {
    const double least = 1e-308, most = 1e308;
    dn_threshold_request *request = &calibration->request;
    DN_TRY(read_number(reading, "false_reject_rate", 0, 1, &request->false_reject_rate, error));
    DN_TRY(read_number(reading, "review_rate", 0, 1, &request->review_rate, error));
    DN_TRY(read_number(reading, "target_tpr", 0, 1, &request->target_tpr, error));
    if (!cJSON_IsNull(member_of(reading, "promised_rate")))
        DN_TRY(read_number(reading, "promised_rate", 0, 1, &calibration->promised_rate, error));
    const cJSON *map_threshold = member_of(reading, "map_threshold");
    if (map_threshold && !cJSON_IsNull(map_threshold)) /* models of before have none */
        DN_TRY(
            read_number(reading, "map_threshold", least, most, &calibration->map_threshold, error));
    DN_TRY(read_number(reading, "threshold", least, most, &calibration->threshold, error));
    DN_TRY(read_number(reading, "review_threshold", least, calibration->threshold,
                       &calibration->review_threshold, error));
    request->manual = calibration->threshold;
    return DN_OK;
}

/* Models of before have none of it. */
static dn_status read_low(const reader *reading, dn_calibration *calibration, dn_error *error) {
    const cJSON *rate = member_of(reading, "low_rate"), *low = member_of(reading, "low_threshold");
    calibration->request.low_rate = NAN;
    if (rate && !cJSON_IsNull(rate))
        DN_TRY(read_number(reading, "low_rate", 0, 0.5, &calibration->request.low_rate, error));
    if (!low || cJSON_IsNull(low))
        return DN_OK;
    return read_number(reading, "low_threshold", DBL_TRUE_MIN, calibration->review_threshold,
                       &calibration->low_threshold, error);
}

static dn_status read_date(const reader *reading, dn_calibration *calibration, dn_error *error) {
    const cJSON *item = member_of(reading, "date");
    const char *date = cJSON_GetStringValue(item);
    if (!item)
        return DN_OK;
    if (!date || strlen(date) >= sizeof calibration->date ||
        date[strspn(date, "0123456789-:TZ")] != '\0')
        return refuse_member(reading, "date", "a time as in 2026-11-29T07:45:00Z", error);
    memcpy(calibration->date, date, strlen(date) + 1);
    return DN_OK;
}

static dn_status read_rotations(const reader *reading, dn_calibration *calibration,
                                dn_error *error) {
    double value;
    if (!member_of(reading, "rotations"))
        return DN_OK;
    DN_TRY(read_number(reading, "rotations", 1, DN_CALIBRATION_ROTATIONS, &value, error));
    calibration->rotations = (int)value;
    return value == floor(value) ? DN_OK
                                 : refuse_member(reading, "rotations", "a whole number", error);
}

static dn_status read_members(const reader *reading, dn_calibration *calibration, dn_error *error) {
    int source, rule;
    if (!cJSON_IsObject(reading->object))
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is not a JSON object", reading->name);
    DN_TRY(read_word(reading, "source", dn_calibration_source_names, DN_CALIBRATION_SOURCES,
                     &source, error));
    DN_TRY(read_word(reading, "rule", dn_threshold_rule_names, DN_THRESHOLD_RULES, &rule, error));
    calibration->source = (dn_calibration_source)source;
    calibration->request.rule = (dn_threshold_rule)rule;
    DN_TRY(read_scores(reading, calibration, error));
    DN_TRY(read_places(reading, calibration, error));
    DN_TRY(read_thresholds(reading, calibration, error));
    DN_TRY(read_low(reading, calibration, error));
    DN_TRY(read_date(reading, calibration, error));
    DN_TRY(read_rotations(reading, calibration, error));
    return read_roc(reading, calibration, error);
}

dn_status dn_calibration_of_tree(const char *name, const cJSON *tree, dn_calibration *calibration,
                                 dn_error *error) {
    const reader reading = {name, tree};
    *calibration = dn_calibration_none();
    dn_status status = read_members(&reading, calibration, error);
    if (status != DN_OK)
        dn_calibration_free(calibration);
    return status;
}

dn_status dn_calibration_tree(const char *name, const char *json, cJSON **tree, dn_error *error) {
    size_t length = strlen(json);
    *tree = NULL;
    if (length > DN_CALIBRATION_BYTES)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: has %zu bytes, the limit is %d", name, length,
                       DN_CALIBRATION_BYTES);
    *tree = cJSON_ParseWithOpts(json, NULL, 1);
    if (*tree)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT, "%s: is not valid JSON, or memory ran out", name);
}

dn_status dn_calibration_parse(const char *name, const char *json, dn_calibration *calibration,
                               dn_error *error) {
    cJSON *tree;
    *calibration = dn_calibration_none();
    DN_TRY(dn_calibration_tree(name, json, &tree, error));
    dn_status status = dn_calibration_of_tree(name, tree, calibration, error);
    cJSON_Delete(tree);
    return status;
}
