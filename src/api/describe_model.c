#include "api/describe_model.h"

#include "config/number.h"
#include "detect/model_record.h"

#include <math.h>
#include <string.h>

typedef struct record {
    char id[17], calibration_id[17], promise[DN_PROMISE_SIZE];
    dn_calibration calibration;
    dn_calibration_history history;
    dn_seen seen;
} record;

static void forget(record *self) {
    dn_calibration_free(&self->calibration);
    dn_calibration_history_free(&self->history);
    dn_seen_free(&self->seen);
}

static dn_status read_all(record *self, const dn_tensor_file *file, const char *path,
                          dn_error *error) {
    dn_record_id(file, self->id);
    DN_TRY(dn_record_calibration(file, path, &self->calibration, error));
    DN_TRY(dn_record_history(file, path, &self->history, error));
    DN_TRY(dn_record_seen(file, path, &self->seen, error));
    dn_calibration_id(&self->calibration, self->calibration_id);
    dn_calibration_promise(&self->calibration, self->promise);
    return DN_OK;
}

static dn_status read_record(record *self, const dn_tensor_file *file, const char *path,
                             dn_error *error) {
    *self = (record){.calibration = dn_calibration_none()};
    dn_status status = read_all(self, file, path, error);
    if (status != DN_OK)
        forget(self);
    return status;
}

/* ---- text ---- */

static void append_line(dn_text *text, const char *key, const char *value) {
    dn_text_append(text, "%-18s %s\n", key, value);
}

static void append_calibration(dn_text *text, const char *key, const dn_calibration *calibration) {
    char id[17], threshold[DN_NUMBER_SIZE], review[DN_NUMBER_SIZE];
    dn_calibration_id(calibration, id);
    dn_number_print_fixed(threshold, calibration->threshold, 4);
    dn_number_print_fixed(review, calibration->review_threshold, 4);
    dn_text_append(text, "%-18s %s%s%s, %s, good images: %zu, FAIL above %s, REVIEW above %s\n",
                   key, id, calibration->date[0] ? " of " : "", calibration->date,
                   dn_calibration_source_names[calibration->source], calibration->count, threshold,
                   review);
}

static void append_low(dn_text *text, const dn_calibration *calibration) {
    char low[DN_NUMBER_SIZE];
    if (isnan(calibration->request.low_rate))
        append_line(
            text, "low scores",
            "not tested: made by an earlier version; `differnet calibrate` sets this threshold");
    else if (isnan(calibration->low_threshold))
        append_line(text, "low scores", "not tested: low_rate is 0, or fewer than 10 good images");
    else {
        dn_number_print_fixed(low, calibration->low_threshold, 4);
        dn_text_append(text, "%-18s REVIEW below %s\n", "low scores", low);
    }
}

static void append_seen(dn_text *text, const dn_seen *seen) {
    if (seen->images == 0) {
        append_line(text, "seen in training",
                    "unknown: made by an earlier version; pictures unlike those of training are "
                    "not detected, and `calibrate` cannot recognise training pictures");
        return;
    }
    dn_text_append(text, "%-18s pictures: %zu; REVIEW outside of", "seen in training",
                   seen->images);
    for (int i = 0; i < DN_PROPERTIES; i++) {
        dn_property property = (dn_property)i;
        char from[DN_NUMBER_SIZE], to[DN_NUMBER_SIZE];
        double low, high;
        dn_seen_range(seen, property, &low, &high);
        dn_number_print_fixed(from, low, dn_property_decimals(property));
        dn_number_print_fixed(to, high, dn_property_decimals(property));
        dn_text_append(text, "%s %s %s to %s", i ? "," : "", dn_property_name(property), from, to);
    }
    dn_text_append(text, "\n");
}

dn_status dn_describe_model_text(const dn_tensor_file *file, const char *path, dn_text *text,
                                 dn_error *error) {
    record self;
    DN_TRY(read_record(&self, file, path, error));
    append_line(text, "model_id", self.id);
    if (dn_calibration_judges(&self.calibration)) {
        append_calibration(text, "calibrated", &self.calibration);
        append_line(text, "promise", self.promise[0] ? self.promise : "none");
        append_low(text, &self.calibration);
    }
    for (size_t i = self.history.count; i > 0; i--)
        append_calibration(text, "  before", &self.history.entries[i - 1]);
    append_seen(text, &self.seen);
    forget(&self);
    return DN_OK;
}

/* ---- JSON ---- */

static void add_calibration(dn_json *json, cJSON *object, const dn_calibration *calibration) {
    char id[17];
    dn_calibration_id(calibration, id);
    dn_json_text(json, object, "id", id);
    dn_json_text(json, object, "date", calibration->date[0] ? calibration->date : NULL);
    dn_json_text(json, object, "source", dn_calibration_source_names[calibration->source]);
    dn_json_count(json, object, "count", calibration->count);
    dn_json_number(json, object, "threshold", calibration->threshold);
    dn_json_number(json, object, "review_threshold", calibration->review_threshold);
    dn_json_number(json, object, "low_threshold", calibration->low_threshold);
}

dn_status dn_describe_model_json(const dn_tensor_file *file, const char *path, dn_json *json,
                                 dn_error *error) {
    record self;
    DN_TRY(read_record(&self, file, path, error));
    dn_json_text(json, json->root, "model_id", self.id);
    if (dn_calibration_judges(&self.calibration)) {
        add_calibration(json, dn_json_object(json, json->root, "calibrated"), &self.calibration);
        dn_json_text(json, json->root, "promise", self.promise[0] ? self.promise : NULL);
    }
    cJSON *earlier = dn_json_array(json, json->root, "earlier_calibrations");
    for (size_t i = self.history.count; i > 0; i--)
        add_calibration(json, dn_json_item(json, earlier), &self.history.entries[i - 1]);
    dn_json_count(json, json->root, "seen_images", self.seen.images);
    forget(&self);
    return DN_OK;
}

int dn_describe_model_covers(const char *key) {
    return strcmp(key, DN_META_HISTORY) == 0 || strcmp(key, DN_META_SEEN) == 0;
}
