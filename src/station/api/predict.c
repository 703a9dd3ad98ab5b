/* POST /api/models/{name}:predict */
#include "station/api/judge.h"
#include "station/base/text.h"
#include "station/http/multipart.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- from the request to the picture ---- */

typedef struct form {
    const char *file;
    size_t size;
    char file_name[DN_PART_FILE_NAME];
    char part_id[512];
} form;

static int take_part(void *user, const dn_part *part) {
    form *self = user;
    if (strcmp(part->name, "file") == 0 && !self->file) {
        self->file = part->data;
        self->size = part->size;
        memcpy(self->file_name, part->file_name, sizeof self->file_name);
    } else if (strcmp(part->name, "part_id") == 0 && part->size < sizeof self->part_id) {
        memcpy(self->part_id, part->data, part->size);
        self->part_id[part->size] = '\0';
    }
    return 1;
}

static int fail(dn_http_request *request, int status, const char *message) {
    dn_http_problem(request, status, "%s", message);
    return 0;
}

static int read_body(dn_http_request *request, form *self) {
    const char *type = dn_http_header(request, "Content-Type");
    *self = (form){0};
    if (dn_is_multipart(type)) {
        const char *fault = dn_multipart_read(type, request->body ? request->body : "",
                                              request->size, take_part, self);
        if (fault)
            return fail(request, 400, fault);
        return self->file ? 1 : fail(request, 400, "the form has no field file");
    }
    if (type && strncasecmp(type, "image/", 6) != 0 &&
        strncasecmp(type, "application/octet-stream", 24) != 0)
        return fail(request, 415, "expected multipart/form-data with a field file, or an image");
    self->file = request->body;
    self->size = request->size;
    return self->size > 0 ? 1 : fail(request, 400, "the body is empty: expected a picture");
}

static int read_switch(dn_http_request *request, const char *name, int *on) {
    const char *value = dn_http_query(request, name);
    *on = value && strcmp(value, "png") == 0;
    if (!value || *on || strcmp(value, "none") == 0)
        return 1;
    dn_http_problem(request, 400, "%s: expected png or none", name);
    return 0;
}

static int read_flag(dn_http_request *request, const char *name, int *on) {
    const char *value = dn_http_query(request, name);
    *on = value && strcmp(value, "true") == 0;
    if (!value || *on || strcmp(value, "false") == 0)
        return 1;
    dn_http_problem(request, 400, "%s: expected true or false", name);
    return 0;
}

static int is_printable(const char *text) {
    for (; *text; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7F)
            return 0;
    return 1;
}

static int read_part_id(dn_http_request *request, form *body, char part_id[128]) {
    char text[512] = "";
    const char *given = dn_http_query(request, "part_id");
    snprintf(text, sizeof text, "%s", body->part_id);
    if (given) {
        if (strlen(given) >= sizeof text)
            return fail(request, 400, "part_id: expected at most 127 bytes");
        snprintf(text, sizeof text, "%s", given);
        if (!dn_decode_percent(text, 1))
            return fail(request, 400, "part_id: is not well encoded");
    }
    if (strlen(text) >= 128 || !is_printable(text))
        return fail(request, 400, "part_id: expected at most 127 bytes without control characters");
    memcpy(part_id, text, strlen(text) + 1);
    return 1;
}

/* ---- the answer ---- */

static int is_gone(dn_judgement *judgement) {
    return dn_http_is_gone(judgement->user);
}

static void finish(dn_judgement *judgement) {
    dn_http_request *request = judgement->user;
    if (judgement->status == 200) {
        dn_buffer row = {0};
        dn_judgement_row(judgement, &row);
        dn_buffer_text(&row, "\n");
        dn_http_answer(request, 200, "application/json", &row);
    } else
        dn_http_problem(request, judgement->status, "%s", judgement->error.message);
    dn_judgement_free(judgement);
    dn_http_finish(request);
}

static void start(dn_http_request *request, dn_judgement *judgement) {
    judgement->user = request;
    judgement->is_gone = is_gone;
    judgement->finish = finish;
    if (dn_judgement_check(judgement) != 0) {
        dn_http_problem(request, judgement->status, "%s", judgement->error.message);
        dn_judgement_free(judgement);
        return;
    }
    dn_http_wait(request);
    if (dn_judgement_start(judgement))
        return;
    dn_http_problem(request, 503, "the queue is full");
    dn_judgement_free(judgement);
    dn_http_finish(request);
}

void dn_api_predict(dn_http_request *request) {
    dn_station *station = request->user;
    form body;
    char part_id[128];
    int known, map, overlay, regions;
    if (atomic_load(&station->stopping)) {
        dn_http_problem(request, 503, "the station is stopping");
        return;
    }
    dn_judgement *judgement = dn_judgement_create(station, request->parameters[0], &known);
    if (!judgement) {
        dn_http_problem(request, known ? 503 : 404, known ? "out of memory" : "no such model");
        return;
    }
    snprintf(request->model, sizeof request->model, "%s", judgement->model);
    if (!read_switch(request, "map", &map) || !read_switch(request, "overlay", &overlay) ||
        !read_flag(request, "regions", &regions) || !read_body(request, &body) ||
        !read_part_id(request, &body, part_id)) {
        dn_judgement_free(judgement);
        return;
    }
    judgement->wants_map = map;
    judgement->wants_overlay = overlay;
    judgement->wants_regions = regions;
    judgement->bytes = body.file;
    judgement->size = body.size;
    snprintf(judgement->part_id, sizeof judgement->part_id, "%s", part_id);
    snprintf(judgement->source, sizeof judgement->source, "%s",
             body.file_name[0] ? body.file_name
             : part_id[0]      ? part_id
                               : "picture");
    start(request, judgement);
}
