/* The Open Inference Protocol, version 2, as clients of Triton, KServe and OpenVINO Model Server
 * speak it. One picture a request: the input is BYTES of shape [1], as base64 in the JSON or, with
 * Inference-Header-Content-Length, as bytes behind it. */
#include "station/api/judge.h"
#include "station/api/v2_outputs.h"
#include "station/base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST_HEADER = 1 << 20 };

static void answer(dn_http_request *request, dn_buffer *json) {
    dn_http_answer(request, 200, "application/json", json);
}

void dn_api_v2_live(dn_http_request *request) {
    dn_http_answer_static(request, "application/json", "{\"live\":true}\n", 14);
}

void dn_api_v2_ready(dn_http_request *request) {
    const dn_station *station = request->user;
    if (atomic_load(&station->stopping))
        dn_http_problem(request, 503, "the station is stopping");
    else
        dn_http_answer_static(request, "application/json", "{\"ready\":true}\n", 15);
}

void dn_api_v2_server(dn_http_request *request) {
    dn_buffer json = {0};
    dn_buffer_print(
        &json,
        "{\"name\":\"differnet\",\"version\":\"%s\",\"extensions\":[\"binary_tensor_data\"]}"
        "\n",
        dn_version());
    answer(request, &json);
}

static dn_model_use *take(dn_http_request *request) {
    const dn_station *station = request->user;
    dn_model_use *use = dn_models_take(station->models, request->parameters[0]);
    if (!use)
        dn_http_problem(request, 404, "no such model");
    return use;
}

void dn_api_v2_model_ready(dn_http_request *request) {
    dn_model_use *use = take(request);
    if (use)
        dn_http_answer_static(request, "application/json", "{\"ready\":true}\n", 15);
    dn_models_give(use);
}

void dn_api_v2_model(dn_http_request *request) {
    static const char tensor[] = "{\"name\":\"%s\",\"datatype\":\"%s\",\"shape\":[1]}";
    static const char *const outputs[][2] = {
        {"raw_score", "FP64"}, {"pred_score", "FP64"}, {"verdict", "BYTES"}, {"row", "BYTES"}};
    dn_model_use *use = take(request);
    dn_buffer json = {0};
    if (!use)
        return;
    dn_buffer_print(&json, "{\"name\":\"%s\",\"versions\":[\"%s\"],\"platform\":\"differnet\",",
                    request->parameters[0], dn_model_id(dn_model_of(use)));
    dn_buffer_text(&json, "\"inputs\":[");
    dn_buffer_print(&json, tensor, "image", "BYTES");
    dn_buffer_text(&json, "],\"outputs\":[");
    for (size_t i = 0; i < sizeof outputs / sizeof *outputs; i++) {
        dn_buffer_text(&json, i ? "," : "");
        dn_buffer_print(&json, tensor, outputs[i][0], outputs[i][1]);
    }
    dn_buffer_text(&json, "]}\n");
    answer(request, &json);
    dn_models_give(use);
}

/* ---- infer ---- */

typedef struct inference {
    dn_http_request *request;
    cJSON *head;
    char id[128];
} inference;

static void free_inference(inference *self) {
    if (self)
        cJSON_Delete(self->head);
    free(self);
}

static int refuse(dn_http_request *request, const char *what) {
    dn_http_problem(request, 400, "%s", what);
    return 0;
}

static int read_head(inference *self, size_t *length) {
    dn_http_request *request = self->request;
    const char *given = dn_http_header(request, "Inference-Header-Content-Length");
    char *end = NULL;
    *length = given ? strtoul(given, &end, 10) : request->size;
    if (given && (end == given || *end || *length > request->size || *length > LARGEST_HEADER))
        return refuse(request, "Inference-Header-Content-Length: expected the length of the JSON");
    self->head = cJSON_ParseWithLength(request->body ? request->body : "", *length);
    const cJSON *id = cJSON_GetObjectItemCaseSensitive(self->head, "id");
    if (cJSON_IsString(id))
        snprintf(self->id, sizeof self->id, "%s", id->valuestring);
    return cJSON_IsObject(self->head) ? 1 : refuse(request, "expected a JSON object");
}

/* The elements of a shape; 0 if it is none. */
static double element_count(const cJSON *shape) {
    double count = cJSON_GetArraySize(shape) > 0 ? 1 : 0;
    const cJSON *side;
    cJSON_ArrayForEach(side, shape) count *= cJSON_IsNumber(side) ? side->valuedouble : 0;
    return count;
}

/* BYTES behind the JSON: a length of four bytes, little-endian, then the element. */
static int take_binary(dn_judgement *judgement, const dn_http_request *request, size_t head_length,
                       const cJSON *size) {
    size_t left = request->size - head_length;
    const unsigned char *data = (const unsigned char *)request->body + head_length;
    if (!cJSON_IsNumber(size) || size->valuedouble != (double)left || left < 4)
        return 0;
    size_t length = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16 | (size_t)data[3] << 24;
    judgement->bytes = data + 4;
    judgement->size = length;
    return length == left - 4;
}

static int take_base64(dn_judgement *judgement, const cJSON *data) {
    const cJSON *first = cJSON_GetArrayItem(data, 0);
    if (cJSON_GetArraySize(data) != 1 || !cJSON_IsString(first))
        return 0;
    ptrdiff_t length = dn_decode_base64(first->valuestring, strlen(first->valuestring));
    judgement->bytes = first->valuestring;
    judgement->size = length > 0 ? (size_t)length : 0;
    return length > 0;
}

static int read_picture(inference *self, dn_judgement *judgement) {
    size_t head_length;
    if (!read_head(self, &head_length))
        return 0;
    const cJSON *inputs = cJSON_GetObjectItemCaseSensitive(self->head, "inputs");
    const cJSON *input = cJSON_GetArrayItem(inputs, 0);
    const cJSON *kind = cJSON_GetObjectItemCaseSensitive(input, "datatype");
    if (cJSON_GetArraySize(inputs) != 1 || !cJSON_IsString(kind) ||
        strcmp(kind->valuestring, "BYTES") != 0 ||
        element_count(cJSON_GetObjectItemCaseSensitive(input, "shape")) != 1)
        return refuse(self->request, "expected one input of datatype BYTES with one element");
    if (!dn_v2_outputs_exist(self->head))
        return refuse(self->request, "outputs: expected raw_score, pred_score, verdict or row");
    const cJSON *binary = cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(input, "parameters"), "binary_data_size");
    int taken = binary ? take_binary(judgement, self->request, head_length, binary)
                       : take_base64(judgement, cJSON_GetObjectItemCaseSensitive(input, "data"));
    return taken
               ? 1
               : refuse(self->request, "expected the picture's file as one base64 string in data, "
                                       "or as binary data of binary_data_size");
}

static int is_gone(dn_judgement *judgement) {
    return dn_http_is_gone(((const inference *)judgement->user)->request);
}

/* JSON, then the binary data; a header says where it begins. */
static void answer_outputs(const inference *self, const dn_judgement *judgement) {
    dn_buffer json = {0}, binary = {0};
    char length[24];
    dn_buffer_print(&json, "{\"model_name\":\"%s\",\"model_version\":\"%s\",", judgement->model,
                    dn_model_id(dn_model_of(judgement->use)));
    if (self->id[0]) {
        dn_buffer_text(&json, "\"id\":");
        dn_buffer_json(&json, self->id);
        dn_buffer_text(&json, ",");
    }
    dn_buffer_text(&json, "\"outputs\":[");
    dn_v2_outputs_print(judgement, self->head, &json, &binary);
    dn_buffer_text(&json, "]}\n");
    snprintf(length, sizeof length, "%zu", json.length);
    int is_binary = binary.length > 0;
    if (is_binary)
        dn_buffer_append(&json, binary.data, binary.length);
    json.failed |= binary.failed;
    dn_buffer_free(&binary);
    dn_http_answer(self->request, 200, is_binary ? "application/octet-stream" : "application/json",
                   &json);
    if (is_binary)
        dn_http_add_header(self->request, "Inference-Header-Content-Length", length);
}

static void finish(dn_judgement *judgement) {
    inference *self = judgement->user;
    dn_http_request *request = self->request;
    if (judgement->status == 200)
        answer_outputs(self, judgement);
    else
        dn_http_problem(request, judgement->status, "%s", judgement->error.message);
    free_inference(self);
    dn_judgement_free(judgement);
    dn_http_finish(request);
}

void dn_api_v2_infer(dn_http_request *request) {
    dn_station *station = request->user;
    int known = 1;
    inference *self = calloc(1, sizeof *self);
    dn_judgement *judgement =
        self ? dn_judgement_create(station, request->parameters[0], &known) : NULL;
    int valid = 0;
    if (!judgement)
        dn_http_problem(request, known ? 503 : 404, known ? "out of memory" : "no such model");
    else if (atomic_load(&station->stopping))
        dn_http_problem(request, 503, "the station is stopping");
    else {
        self->request = request;
        snprintf(request->model, sizeof request->model, "%s", judgement->model);
        snprintf(judgement->source, sizeof judgement->source, "picture");
        valid = read_picture(self, judgement);
        if (valid && dn_judgement_check(judgement) != 0) {
            dn_http_problem(request, judgement->status, "%s", judgement->error.message);
            valid = 0;
        }
    }
    if (valid) {
        judgement->user = self;
        judgement->is_gone = is_gone;
        judgement->finish = finish;
        dn_http_wait(request);
        if (dn_judgement_start(judgement))
            return;
        dn_http_problem(request, 503, "the queue is full");
        dn_http_finish(request);
    }
    free_inference(self);
    dn_judgement_free(judgement);
}
