#include "station/api/v2_outputs.h"

#include <string.h>

enum { OUTPUTS = 4 };
static const char *const names[OUTPUTS] = {"raw_score", "pred_score", "verdict", "row"};

/* A number, or a text of BYTES. */
typedef struct output {
    const char *name, *text;
    double number;
} output;

/* ---- what is wanted ---- */

static const cJSON *member(const cJSON *object, const char *name) {
    return cJSON_GetObjectItemCaseSensitive(object, name);
}

static const cJSON *find_wanted(const cJSON *request, const char *name) {
    const cJSON *wanted;
    cJSON_ArrayForEach(wanted, member(request, "outputs")) {
        const cJSON *given = member(wanted, "name");
        if (cJSON_IsString(given) && strcmp(given->valuestring, name) == 0)
            return wanted;
    }
    return NULL;
}

int dn_v2_outputs_exist(const cJSON *request) {
    int found = 0;
    for (size_t i = 0; i < OUTPUTS; i++)
        found += find_wanted(request, names[i]) != NULL;
    return found == cJSON_GetArraySize(member(request, "outputs"));
}

static int is_binary(const cJSON *request, const cJSON *wanted) {
    const cJSON *own = member(member(wanted, "parameters"), "binary_data");
    return own ? cJSON_IsTrue(own)
               : cJSON_IsTrue(member(member(request, "parameters"), "binary_data_output"));
}

/* ---- printing ---- */

static void append_little(dn_buffer *binary, uint64_t value, size_t count) {
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)(value >> 8 * i);
        dn_buffer_append(binary, &byte, 1);
    }
}

static size_t append_binary(const output *self, dn_buffer *binary) {
    size_t before = binary->length;
    uint64_t bits;
    memcpy(&bits, &self->number, sizeof bits);
    if (self->text) {
        append_little(binary, strlen(self->text), 4);
        dn_buffer_append(binary, self->text, strlen(self->text));
    } else
        append_little(binary, bits, 8);
    return binary->length - before;
}

static void print_one(const output *self, int binary_wanted, dn_buffer *json, dn_buffer *binary) {
    dn_buffer_print(json, "{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":[1],", self->name,
                    self->text ? "BYTES" : "FP64");
    if (binary_wanted) {
        dn_buffer_print(json, "\"parameters\":{\"binary_data_size\":%zu}}",
                        append_binary(self, binary));
        return;
    }
    dn_buffer_text(json, "\"data\":[");
    if (self->text)
        dn_buffer_json(json, self->text);
    else
        dn_buffer_number(json, self->number);
    dn_buffer_text(json, "]}");
}

void dn_v2_outputs_print(const dn_judgement *judgement, const cJSON *request, dn_buffer *json,
                         dn_buffer *binary) {
    dn_buffer row = {0};
    dn_judgement_row(judgement, &row);
    json->failed |= row.failed;
    const dn_result *result = &judgement->result;
    /* Without a calibration there is no pred_score; a number is expected all the same. */
    const double pred_score = result->verdict == DN_VERDICT_NONE ? 0 : result->pred_score;
    const output outputs[OUTPUTS] = {{names[0], NULL, result->raw_score},
                                     {names[1], NULL, pred_score},
                                     {names[2], dn_verdict_name(result->verdict), 0},
                                     {names[3], row.data ? row.data : "", 0}};
    int all = cJSON_GetArraySize(member(request, "outputs")) == 0;
    for (size_t i = 0, count = 0; i < OUTPUTS; i++) {
        const cJSON *wanted = find_wanted(request, names[i]);
        if (!all && !wanted)
            continue;
        dn_buffer_text(json, count++ > 0 ? "," : "");
        print_one(&outputs[i], is_binary(request, wanted), json, binary);
    }
    dn_buffer_free(&row);
}
