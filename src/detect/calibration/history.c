#include "detect/calibration/history.h"

#include "detect/calibration/calibration_json.h"

#include <string.h>

void dn_calibration_history_free(dn_calibration_history *history) {
    for (size_t i = 0; i < history->count; i++)
        dn_calibration_free(&history->entries[i]);
    history->count = 0;
}

static void forget_oldest(dn_calibration_history *history) {
    dn_calibration_free(&history->entries[0]);
    history->count--;
    memmove(history->entries, history->entries + 1, history->count * sizeof *history->entries);
}

dn_status dn_calibration_history_push(dn_calibration_history *history,
                                      const dn_calibration *calibration, dn_error *error) {
    dn_calibration copy;
    DN_TRY(dn_calibration_copy(calibration, &copy, error));
    if (history->count == DN_HISTORY_MOST)
        forget_oldest(history);
    history->entries[history->count++] = copy;
    return DN_OK;
}

dn_status dn_calibration_history_pop(dn_calibration_history *history, dn_calibration *calibration,
                                     dn_error *error) {
    if (history->count == 0)
        return dn_fail(error, DN_ERROR_DATA,
                       "the model holds no earlier calibration to go back to");
    dn_calibration_free(calibration);
    *calibration = history->entries[--history->count];
    return DN_OK;
}

static void append_from(dn_text *text, const dn_calibration_history *history, size_t first) {
    dn_text_append(text, "[");
    for (size_t i = first; i < history->count; i++) {
        dn_text_append(text, "%s", i > first ? ", " : "");
        dn_calibration_append(text, &history->entries[i]);
    }
    dn_text_append(text, "]");
}

dn_status dn_calibration_history_to_json(const dn_calibration_history *history, char **json,
                                         dn_error *error) {
    dn_text text = {0};
    for (size_t first = 0; first <= history->count; first++) {
        dn_text_destroy(&text);
        append_from(&text, history, first);
        if (text.failed || text.length <= DN_CALIBRATION_BYTES)
            break;
    }
    return dn_text_take(&text, json, error);
}

static dn_status read_entries(const char *name, const cJSON *tree, dn_calibration_history *history,
                              dn_error *error) {
    const cJSON *item;
    if (!cJSON_IsArray(tree))
        return dn_fail(error, DN_ERROR_FORMAT, "%s: is not a JSON array", name);
    cJSON_ArrayForEach(item, tree) {
        if (history->count == DN_HISTORY_MOST)
            return dn_fail(error, DN_ERROR_FORMAT, "%s: holds more than %d calibrations", name,
                           DN_HISTORY_MOST);
        DN_TRY(dn_calibration_of_tree(name, item, &history->entries[history->count], error));
        history->count++;
    }
    return DN_OK;
}

dn_status dn_calibration_history_parse(const char *name, const char *json,
                                       dn_calibration_history *history, dn_error *error) {
    cJSON *tree;
    *history = (dn_calibration_history){0};
    DN_TRY(dn_calibration_tree(name, json, &tree, error));
    dn_status status = read_entries(name, tree, history, error);
    cJSON_Delete(tree);
    if (status != DN_OK)
        dn_calibration_history_free(history);
    return status;
}
