/* The archive over HTTP. Its questions wait in a queue of their own. */
#include "station/api/api.h"
#include "station/base/text.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LARGEST_JSON = 65536, DEFAULT_LIMIT = 100, MOST_ROWS = 1000 };

typedef struct question {
    dn_job job;
    dn_http_request *request;
    dn_archive_query query;
    char texts[3][128]; /* of model, verdict, part_id */
    int csv;
    dn_archive_file file;
    char decision[128], note[4096], who[512];
} question;

static int need_archive(dn_http_request *request) {
    const dn_station *station = request->user;
    if (!station->archive)
        dn_http_problem(request, 404, "this station has no archive");
    return station->archive != NULL;
}

static question *create(dn_http_request *request, void (*run)(dn_job *job)) {
    question *self = calloc(1, sizeof *self);
    if (self)
        *self = (question){.job.run = run, .request = request};
    else
        dn_http_problem(request, 503, "out of memory");
    return self;
}

/* Takes the question over. */
static void ask(question *self) {
    dn_http_request *request = self->request;
    dn_station *station = request->user;
    dn_http_wait(request);
    if (dn_jobs_add(station->reads, &self->job))
        return;
    free(self);
    dn_http_problem(request, 503, "too many queries are waiting");
    dn_http_finish(request);
}

static void finish(question *self) {
    dn_http_request *request = self->request;
    free(self);
    dn_http_finish(request);
}

static void fail(question *self, dn_status status, const dn_error *error) {
    dn_http_problem(self->request, status == DN_ERROR_DATA ? 404 : 503, "%s", error->message);
}

/* ---- parameters ---- */

static int read_text(dn_http_request *request, const char *name, char text[128],
                     const char **place) {
    const char *value = dn_http_query(request, name);
    if (!value || !*value)
        return 1;
    int fits = strlen(value) < 128;
    if (fits)
        snprintf(text, 128, "%s", value);
    if (!fits || !dn_decode_percent(text, 1)) {
        dn_http_problem(request, 400, "%s: is too long or not well encoded", name);
        return 0;
    }
    *place = text;
    return 1;
}

static int parse_number(const char *text, int64_t least, int64_t most, int64_t *number) {
    if (strlen(text) > 18 || !*text || text[strspn(text, "0123456789")])
        return 0;
    *number = strtoll(text, NULL, 10);
    return *number >= least && *number <= most;
}

static int read_number(dn_http_request *request, const char *name, int64_t most, int64_t *number) {
    const char *value = dn_http_query(request, name);
    if (!value || parse_number(value, 1, most, number))
        return 1;
    dn_http_problem(request, 400, "%s: expected a whole number from 1 to %lld", name,
                    (long long)most);
    return 0;
}

/* RFC 3339 in UTC, or a day. */
static int parse_time(const char *text, int64_t *milliseconds) {
    struct tm parts = {0};
    const char *end = strptime(text, "%Y-%m-%d", &parts);
    if (end && *end == 'T')
        end = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
    if (end && *end == '.')
        end += 1 + strspn(end + 1, "0123456789");
    if (!end || (*end && strcmp(end, "Z") != 0))
        return 0;
    *milliseconds = (int64_t)timegm(&parts) * 1000;
    return *milliseconds > 0;
}

static int read_time(dn_http_request *request, const char *name, int64_t *milliseconds) {
    char text[128];
    const char *value = NULL;
    if (!read_text(request, name, text, &value))
        return 0;
    if (!value || parse_time(value, milliseconds))
        return 1;
    dn_http_problem(request, 400, "%s: expected UTC as in 2026-11-29T06:21:39Z, or a day", name);
    return 0;
}

static int read_sequence(dn_http_request *request, int64_t *sequence) {
    if (parse_number(request->parameters[0], 1, INT64_MAX, sequence))
        return 1;
    dn_http_problem(request, 404, "no such inspection");
    return 0;
}

static int read_format(dn_http_request *request, int *csv) {
    const char *format = dn_http_query(request, "format");
    *csv = format && strcmp(format, "csv") == 0;
    if (!format || *csv || strcmp(format, "json") == 0)
        return 1;
    dn_http_problem(request, 400, "format: expected json or csv");
    return 0;
}

static int read_flag(dn_http_request *request, const char *name, int *flag) {
    const char *value = dn_http_query(request, name);
    *flag = value && strcmp(value, "true") == 0;
    if (!value || *flag || strcmp(value, "false") == 0)
        return 1;
    dn_http_problem(request, 400, "%s: expected true or false", name);
    return 0;
}

static int check_verdict(dn_http_request *request, const char *verdict) {
    for (int i = DN_VERDICT_NONE; i <= DN_VERDICT_FAIL; i++)
        if (!verdict || strcmp(verdict, dn_verdict_name((dn_verdict)i)) == 0)
            return 1;
    if (strcmp(verdict, DN_ARCHIVE_ERROR) == 0)
        return 1;
    dn_http_problem(request, 400, "verdict: expected PASS, REVIEW, FAIL, NONE or ERROR");
    return 0;
}

/* ---- GET /api/inspections ---- */

typedef struct listing {
    dn_buffer text;
    size_t count;
    int csv;
    int64_t last;
} listing;

static int take_row(void *user, int64_t sequence, const char *text) {
    listing *self = user;
    if (!self->csv && self->count > 0)
        dn_buffer_text(&self->text, ",\n");
    dn_buffer_text(&self->text, text);
    if (self->csv)
        dn_buffer_text(&self->text, "\r\n");
    self->count++;
    self->last = sequence;
    return !self->text.failed;
}

static void end_listing(question *self, listing *list) {
    char next[32] = "";
    int is_full = list->count == (size_t)self->query.limit;
    if (is_full)
        snprintf(next, sizeof next, "%lld", (long long)list->last);
    if (list->csv) {
        dn_http_answer(self->request, 200, "text/csv; charset=utf-8", &list->text);
        if (is_full)
            dn_http_add_header(self->request, "X-Next-Cursor", next);
        return;
    }
    dn_buffer_print(&list->text, "],\"next\":%s}\n", is_full ? next : "null");
    dn_http_answer(self->request, 200, "application/json", &list->text);
}

static void run_listing(dn_job *job) {
    question *self = (question *)job;
    const dn_station *station = self->request->user;
    listing list = {.csv = self->csv};
    dn_error error;
    if (self->csv)
        dn_buffer_print(&list.text, "%s\r\n", dn_archive_csv_heading);
    else
        dn_buffer_text(&list.text, "{\"inspections\":[");
    dn_status status =
        dn_archive_read(station->archive, &self->query, self->csv, take_row, &list, &error);
    if (status == DN_OK)
        end_listing(self, &list);
    else
        fail(self, status, &error);
    dn_buffer_free(&list.text);
    finish(self);
}

void dn_api_inspections(dn_http_request *request) {
    question *self = need_archive(request) ? create(request, run_listing) : NULL;
    int64_t limit = DEFAULT_LIMIT;
    if (!self)
        return;
    dn_archive_query *query = &self->query;
    if (!read_text(request, "model", self->texts[0], &query->model) ||
        !read_text(request, "verdict", self->texts[1], &query->verdict) ||
        !read_text(request, "part_id", self->texts[2], &query->part_id) ||
        !read_time(request, "from", &query->from_ms) || !read_time(request, "to", &query->to_ms) ||
        !read_number(request, "limit", MOST_ROWS, &limit) ||
        !read_number(request, "cursor", INT64_MAX, &query->before) ||
        !read_flag(request, "undecided", &query->undecided) ||
        !check_verdict(request, query->verdict) || !read_format(request, &self->csv)) {
        free(self);
        return;
    }
    query->limit = (int)limit;
    ask(self);
}

/* ---- GET /api/inspections/{sequence} ---- */

static void run_one(dn_job *job) {
    question *self = (question *)job;
    const dn_station *station = self->request->user;
    listing list = {0};
    dn_error error;
    dn_status status = dn_archive_read(station->archive, &self->query, 0, take_row, &list, &error);
    if (status != DN_OK)
        fail(self, status, &error);
    else if (list.count == 0)
        dn_http_problem(self->request, 404, "no such inspection");
    else
        dn_http_answer(self->request, 200, "application/json", &list.text);
    dn_buffer_free(&list.text);
    finish(self);
}

void dn_api_inspection(dn_http_request *request) {
    question *self = need_archive(request) ? create(request, run_one) : NULL;
    if (!self)
        return;
    if (read_sequence(request, &self->query.sequence))
        ask(self);
    else
        free(self);
}

/* ---- GET /api/inspections/{sequence}/picture ---- */

static const char *content_type_of(const char *extension) {
    static const char *const types[][2] = {
        {"png", "image/png"},   {"jpg", "image/jpeg"},  {"bmp", "image/bmp"},
        {"webp", "image/webp"}, {"tiff", "image/tiff"}, {"pnm", "image/x-portable-anymap"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(extension, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static void run_file(dn_job *job) {
    question *self = (question *)job;
    const dn_station *station = self->request->user;
    char *bytes, extension[8];
    size_t size = 0;
    dn_error error;
    dn_status status = dn_archive_load(station->archive, self->query.sequence, self->file, &bytes,
                                       &size, extension, &error);
    if (status == DN_OK) {
        dn_buffer body = {.data = bytes, .length = size, .capacity = size + 1};
        dn_http_answer(self->request, 200, content_type_of(extension), &body);
    } else
        fail(self, status, &error);
    finish(self);
}

void dn_api_inspection_file(dn_http_request *request) {
    static const char *const kinds[DN_ARCHIVE_FILES] = {"picture", "map", "overlay"};
    question *self = need_archive(request) ? create(request, run_file) : NULL;
    int kind = 0;
    if (!self)
        return;
    while (kind < DN_ARCHIVE_FILES && strcmp(request->parameters[1], kinds[kind]) != 0)
        kind++;
    self->file = (dn_archive_file)kind;
    if (kind == DN_ARCHIVE_FILES)
        dn_http_problem(request, 404, "expected picture, map or overlay");
    else if (read_sequence(request, &self->query.sequence)) {
        ask(self);
        return;
    }
    free(self);
}

/* ---- POST /api/inspections/{sequence}/decisions ---- */

/* Characters, not bytes. */
static size_t utf8_count(const char *text) {
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xC0) != 0x80;
    return count;
}

/* `size` holds size / 4 - 1 characters of any length. */
static int take_member(const cJSON *object, const char *name, char *text, size_t size) {
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);
    text[0] = '\0';
    if (!item)
        return 1;
    if (!cJSON_IsString(item) || utf8_count(item->valuestring) > size / 4 - 1 ||
        strlen(item->valuestring) >= size)
        return 0;
    snprintf(text, size, "%s", item->valuestring);
    return 1;
}

static int read_decision(dn_http_request *request, question *self) {
    if (request->size > LARGEST_JSON) {
        dn_http_problem(request, 413, "a decision has at most %d bytes", LARGEST_JSON);
        return 0;
    }
    cJSON *object = cJSON_ParseWithLength(request->body ? request->body : "", request->size);
    int valid = cJSON_IsObject(object) &&
                take_member(object, "decision", self->decision, sizeof self->decision) &&
                take_member(object, "note", self->note, sizeof self->note) &&
                take_member(object, "who", self->who, sizeof self->who) &&
                dn_is_decision(self->decision) && self->who[0];
    cJSON_Delete(object);
    if (!valid)
        dn_http_problem(request, 400,
                        "expected {\"decision\": \"confirmed\", \"overruled_good\" or "
                        "\"overruled_defective\", \"who\": 1 to 127 characters, \"note\": up to "
                        "1023}");
    return valid;
}

static void publish_decision(question *self, dn_station *station) {
    dn_buffer event = {0};
    dn_buffer_print(&event, "{\"sequence\":%lld,\"decision\":\"%s\",\"who\":",
                    (long long)self->query.sequence, self->decision);
    dn_buffer_json(&event, self->who);
    dn_buffer_text(&event, "}");
    if (!event.failed)
        dn_http_publish(station->http, "decision", event.data);
    dn_buffer_free(&event);
}

static void run_decision(dn_job *job) {
    question *self = (question *)job;
    dn_station *station = self->request->user;
    dn_error error;
    dn_status status = dn_archive_decide(station->archive, self->query.sequence, self->decision,
                                         self->note, self->who, &error);
    if (status != DN_OK) {
        fail(self, status, &error);
        finish(self);
        return;
    }
    publish_decision(self, station);
    run_one(job); /* answers with the inspection and all its decisions */
}

void dn_api_decide(dn_http_request *request) {
    question *self = need_archive(request) ? create(request, run_decision) : NULL;
    if (!self)
        return;
    if (read_sequence(request, &self->query.sequence) && read_decision(request, self))
        ask(self);
    else
        free(self);
}
