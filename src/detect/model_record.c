#include "detect/model_record.h"

#include <stdio.h>
#include <string.h>

void dn_record_id(const dn_tensor_file *file, char id[17]) {
    size_t size;
    uint64_t header = 0;
    char digest[DN_DIGEST_LENGTH + 1];
    const uint8_t *bytes = dn_tensor_file_bytes(file, &size);
    for (int i = 7; i >= 0; i--)
        header = header << 8 | bytes[i];
    dn_digest_bytes(bytes + 8, (size_t)header, digest);
    memcpy(id, digest, 16);
    id[16] = '\0';
}

dn_status dn_record_calibration(const dn_tensor_file *file, const char *path,
                                dn_calibration *calibration, dn_error *error) {
    const char *json = dn_tensor_file_metadata(file, DN_META_CALIBRATION);
    char name[1152];
    if (!json)
        return DN_OK;
    snprintf(name, sizeof name, "%s (its calibration)", path);
    return dn_calibration_parse(name, json, calibration, error);
}

dn_status dn_record_history(const dn_tensor_file *file, const char *path,
                            dn_calibration_history *history, dn_error *error) {
    const char *json = dn_tensor_file_metadata(file, DN_META_HISTORY);
    char name[1152];
    if (!json)
        return DN_OK;
    snprintf(name, sizeof name, "%s (its earlier calibrations)", path);
    return dn_calibration_history_parse(name, json, history, error);
}

dn_status dn_record_seen(const dn_tensor_file *file, const char *path, dn_seen *seen,
                         dn_error *error) {
    const char *json = dn_tensor_file_metadata(file, DN_META_SEEN);
    const dn_tensor *tensor = dn_tensor_file_find(file, DN_SEEN_TENSOR);
    char name[1152];
    snprintf(name, sizeof name, "%s (what it has seen)", path);
    if (json)
        DN_TRY(dn_seen_parse(name, json, seen, error));
    if (!json || !tensor)
        return DN_OK;
    if (tensor->dtype != DN_U8 || tensor->rank != 2 || tensor->shape[1] != DN_SEEN_DIGEST)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: expected digests as U8 of shape [count, %d]",
                       name, DN_SEEN_DIGEST);
    return dn_seen_take_digests(name, tensor->data, tensor->shape[0], seen, error);
}
