#include "classes/summary.h"

#include "base/file.h"
#include "config/number.h"
#include "report/csv.h"
#include "report/json.h"

#include <math.h>
#include <string.h>

const char *dn_class_label(const char *name) {
    return name[0] ? name : "all";
}

static double auroc_of(const dn_class_record *record) {
    return record->auroc.defined ? record->auroc.value : (double)NAN;
}

/* ---- CSV ---- */

static void append_csv_row(dn_text *text, const dn_class_row *row) {
    const dn_class_record *record = &row->record;
    const double numbers[] = {auroc_of(record), record->auroc.low, record->auroc.high};
    dn_csv_cell(text, dn_class_label(row->name));
    dn_text_append(text, ",%s", dn_class_state_names[record->state]);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        dn_text_append(text, ",");
        dn_csv_number(text, numbers[i]);
    }
    dn_text_append(text, ",%zu,%zu,", record->good, record->defective);
    dn_csv_number(text, record->seconds);
    dn_text_append(text, ",%s,", record->results);
    dn_csv_cell(text, record->message);
    dn_text_append(text, "\n");
}

static dn_status write_text(dn_text *text, const char *path, dn_error *error) {
    char *taken;
    DN_TRY(dn_text_take(text, &taken, error));
    dn_status status = dn_file_write(path, taken, strlen(taken), error);
    dn_text_free(taken);
    return status;
}

dn_status dn_class_summary_csv(const dn_class_summary *summary, const char *path, dn_error *error) {
    dn_text text = {0};
    dn_text_append(&text, "class,state,image_AUROC,image_AUROC_low,image_AUROC_high,good,"
                          "defective,seconds,results,message\n");
    for (size_t i = 0; i < summary->count; i++)
        append_csv_row(&text, &summary->rows[i]);
    return write_text(&text, path, error);
}

/* ---- text and JSON ---- */

static void append_fixed(dn_text *text, const char *before, double value, int decimals) {
    char number[DN_NUMBER_SIZE];
    dn_number_print_fixed(number, value, decimals);
    dn_text_append(text, "%s%s", before, number);
}

static void append_result(dn_text *text, const dn_class_record *record) {
    if (record->auroc.defined)
        append_fixed(text, "image_AUROC ", record->auroc.value, 4);
    else
        dn_text_append(text, "no AUROC: %s", record->reason);
    if (record->auroc.defined && isfinite(record->auroc.low) && isfinite(record->auroc.high)) {
        append_fixed(text, " (", record->auroc.low, 4);
        append_fixed(text, " to ", record->auroc.high, 4);
        dn_text_append(text, ")");
    }
    append_fixed(text, ", ", record->seconds, 1);
    dn_text_append(text, " s, %s", record->results);
}

static void append_line(dn_text *text, const dn_class_row *row) {
    const dn_class_record *record = &row->record;
    dn_text_append(text, "%s: ", dn_class_label(row->name));
    if (record->state == DN_CLASS_DONE)
        append_result(text, record);
    else if (record->state == DN_CLASS_FAILED)
        dn_text_append(text, "failed: %s", record->message);
    else
        dn_text_append(text, "not trained yet");
    dn_text_append(text, "\n");
}

static void add_row(dn_json *json, cJSON *array, const dn_class_row *row) {
    const dn_class_record *record = &row->record;
    cJSON *item = dn_json_item(json, array);
    dn_json_text(json, item, "class", dn_class_label(row->name));
    dn_json_text(json, item, "state", dn_class_state_names[record->state]);
    dn_json_number(json, item, "image_AUROC", auroc_of(record));
    dn_json_number(json, item, "image_AUROC_low", record->auroc.low);
    dn_json_number(json, item, "image_AUROC_high", record->auroc.high);
    dn_json_count(json, item, "good", record->good);
    dn_json_count(json, item, "defective", record->defective);
    dn_json_number(json, item, "seconds", record->seconds);
    dn_json_text(json, item, "results", record->results[0] ? record->results : NULL);
    dn_json_text(json, item, "message", record->message[0] ? record->message : NULL);
}

static dn_status as_json(const dn_class_summary *summary, char **text, dn_error *error) {
    dn_json json = dn_json_begin();
    dn_json_text(&json, json.root, "data_set", summary->title);
    cJSON *array = dn_json_array(&json, json.root, "classes");
    for (size_t i = 0; i < summary->count; i++)
        add_row(&json, array, &summary->rows[i]);
    return dn_json_take(&json, 1, text, error);
}

dn_status dn_class_summary_text(const dn_class_summary *summary, int json, char **text,
                                dn_error *error) {
    dn_text written = {0};
    if (json)
        return as_json(summary, text, error);
    for (size_t i = 0; i < summary->count; i++)
        append_line(&written, &summary->rows[i]);
    return dn_text_take(&written, text, error);
}
