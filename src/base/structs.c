#include "base/structs.h"

#include <string.h>

/* A larger size is no size but uninitialised memory. */
enum { LARGEST = 1 << 16 };

/* `first` and `last`: the last members in the first release of this ABI and now. There is no
 * padding after `last`: the next member would lie within the size that older programs know. */
#define STRUCT(type, first, last)                                                                  \
    {#type, sizeof(type), END(type, first)};                                                       \
    _Static_assert(END(type, last) == sizeof(type), #type " has padding at its end")
#define END(type, member) (offsetof(type, member) + sizeof(((type *)0)->member))

const dn_struct dn_struct_result = STRUCT(dn_result, warnings, worst_height);
const dn_struct dn_struct_image_source = STRUCT(dn_image_source, stride, name);
const dn_struct dn_struct_map_files = STRUCT(dn_map_files, overlay, overlay);
const dn_struct dn_struct_model_options = STRUCT(dn_model_options, concurrency, report_note);
const dn_struct dn_struct_score_options = STRUCT(dn_score_options, user, user);
const dn_struct dn_struct_observer = STRUCT(dn_observer, on_message, on_message);
const dn_struct dn_struct_image_list = STRUCT(dn_image_list, skipped, outputs);
const dn_struct dn_struct_row_places = STRUCT(dn_row_places, overlay, overlay);
const dn_struct dn_struct_metrics = STRUCT(dn_metrics, defects, good_marked);
const dn_struct dn_struct_calibration_summary =
    STRUCT(dn_calibration_summary, review_threshold, promise);
const dn_struct dn_struct_calibrate_options = STRUCT(dn_calibrate_options, reserved, group);
const dn_struct dn_struct_train_summary = STRUCT(dn_train_summary, seconds, seconds);
const dn_struct dn_struct_export_options = STRUCT(dn_export_options, reserved, reserved);
const dn_struct dn_struct_classes_options = STRUCT(dn_classes_options, again, again);
const dn_struct dn_struct_part_options = STRUCT(dn_part_options, heading, heading);

dn_status dn_struct_check(const dn_struct *kind, const void *given, dn_error *error) {
    if (!given)
        return DN_OK;
    size_t size = *(const size_t *)given;
    if (size >= kind->least && size <= LARGEST)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "%s: struct_size is %zu; set it to sizeof(%s), %zu",
                   kind->name, size, kind->name, kind->size);
}

static int is_zero(const unsigned char *bytes, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return 0;
    return 1;
}

dn_status dn_struct_read(const dn_struct *kind, void *own, const void *given, dn_error *error) {
    memset(own, 0, kind->size);
    DN_TRY(dn_struct_check(kind, given, error));
    if (given) {
        size_t size = *(const size_t *)given, known = size < kind->size ? size : kind->size;
        if (!is_zero((const unsigned char *)given + known, size - known))
            return dn_fail(error, DN_ERROR_UNSUPPORTED,
                           "%s: sets members that differnet %s does not know", kind->name,
                           dn_version());
        memcpy(own, given, known);
    }
    *(size_t *)own = kind->size;
    return DN_OK;
}

void dn_struct_write(const dn_struct *kind, void *given, const void *own) {
    if (!given)
        return;
    size_t size = *(const size_t *)given, known = size < kind->size ? size : kind->size;
    memcpy(given, own, known);
    memset((unsigned char *)given + known, 0, size - known);
    *(size_t *)given = size;
}
