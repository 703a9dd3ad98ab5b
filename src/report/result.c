#include "base/structs.h"
#include "report/json.h"
#include "report/time.h"

#include <math.h>

/* Nanoseconds are noise. */
static double shown_milliseconds(const dn_result *result) {
    return round(result->elapsed_ms * 1e3) / 1e3;
}

static void add_result(dn_json *json, const dn_result *result) {
    cJSON *root = json->root;
    int judged = result->verdict != DN_VERDICT_NONE;
    dn_json_number(json, root, "pred_label", judged ? (double)result->pred_label : (double)NAN);
    dn_json_number(json, root, "pred_score", judged ? result->pred_score : NAN);
    dn_json_number(json, root, "raw_score", result->raw_score);
    dn_json_number(json, root, "score_std", result->score_std);
    dn_json_number(json, root, "threshold", judged ? result->threshold : NAN);
    dn_json_number(json, root, "review_threshold", judged ? result->review_threshold : NAN);
    dn_json_number(json, root, "p_value", judged ? result->p_value : NAN);
    dn_json_text(json, root, "verdict", judged ? dn_verdict_name(result->verdict) : NULL);
    dn_json_text(json, root, "reason", judged ? result->reason : NULL);
    dn_json_number(json, root, "rotations", result->rotations);
}

static void add_time(dn_json *json, const dn_result *result) {
    char time[DN_TIME_SIZE];
    if (dn_time_print(time, result->time_ms))
        dn_json_text(json, json->root, "time", time);
}

/* Programs of before there were places give zeros. */
static void add_parts(dn_json *json, const dn_result *result) {
    if (isnan(result->places_score) || result->places_score == 0)
        return;
    dn_json_number(json, json->root, "paper_score", result->paper_score);
    dn_json_number(json, json->root, "places_score", result->places_score);
    dn_json_number(json, json->root, "places_p_value", result->places_p_value);
}

static void add_tiles(dn_json *json, const dn_result *result) {
    if (result->tiles < 1)
        return;
    cJSON *tiles = dn_json_object(json, json->root, "tiles");
    dn_json_number(json, tiles, "count", result->tiles);
    dn_json_number(json, tiles, "above", result->tiles_above);
    cJSON *worst = dn_json_object(json, tiles, "worst");
    dn_json_number(json, worst, "x", result->worst_x);
    dn_json_number(json, worst, "y", result->worst_y);
    dn_json_number(json, worst, "w", result->worst_width);
    dn_json_number(json, worst, "h", result->worst_height);
}

static void add_warnings(dn_json *json, const dn_result *result) {
    if (!result->warnings[0][0])
        return;
    cJSON *array = dn_json_array(json, json->root, "warnings");
    for (int i = 0; i < DN_WARNINGS && result->warnings[i][0]; i++)
        dn_json_item_text(json, array, result->warnings[i]);
}

static void add_region(dn_json *json, cJSON *array, const dn_region *region) {
    cJSON *item = dn_json_item(json, array);
    dn_json_count(json, item, "x", (size_t)region->x);
    dn_json_count(json, item, "y", (size_t)region->y);
    dn_json_count(json, item, "w", (size_t)region->width);
    dn_json_count(json, item, "h", (size_t)region->height);
    dn_json_count(json, item, "area", region->area);
    dn_json_number(json, item, "score", region->score);
    dn_json_number(json, item, "centroid_x", region->centroid_x);
    dn_json_number(json, item, "centroid_y", region->centroid_y);
}

static void add_path(dn_json *json, const char *name, const char *path) {
    if (path)
        dn_json_text(json, json->root, name, path);
}

static void add_places(dn_json *json, const dn_row_places *places) {
    if (places->has_regions) {
        cJSON *array = dn_json_array(json, json->root, "regions");
        for (size_t i = 0; i < places->region_count; i++)
            add_region(json, array, &places->regions[i]);
    }
    add_path(json, "anomaly_map", places->anomaly_map);
    add_path(json, "pred_mask", places->pred_mask);
    add_path(json, "overlay", places->overlay);
}

static dn_status write_row(const char *image_path, const char *model_id, const dn_result *result,
                           const dn_row_places *places, const dn_error *failure, char **text,
                           dn_error *error) {
    dn_result known;
    dn_row_places found;
    DN_TRY(dn_struct_read(&dn_struct_result, &known, result, error));
    DN_TRY(dn_struct_read(&dn_struct_row_places, &found, places, error));
    dn_json json = dn_json_begin();
    dn_json_text(&json, json.root, "image_path", image_path);
    if (failure) {
        dn_json_text(&json, json.root, "error", failure->message);
        add_warnings(&json, &known);
    } else {
        add_result(&json, &known);
        add_parts(&json, &known);
        add_tiles(&json, &known);
        add_places(&json, &found);
        add_warnings(&json, &known);
        dn_json_text(&json, json.root, "model_id", model_id);
        dn_json_number(&json, json.root, "elapsed_ms", shown_milliseconds(&known));
    }
    add_time(&json, &known);
    return dn_json_take(&json, 0, text, error);
}

dn_status dn_result_json(const char *image_path, const char *model_id, const dn_result *result,
                         const dn_error *failure, char **text, dn_error *error) {
    return write_row(image_path, model_id, result, NULL, failure, text, error);
}

dn_status dn_result_json_places(const char *image_path, const char *model_id,
                                const dn_result *result, const dn_row_places *places, char **text,
                                dn_error *error) {
    return write_row(image_path, model_id, result, places, NULL, text, error);
}
