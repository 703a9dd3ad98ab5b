#include "station/api/judge.h"

#include "differnet_tools.h"
#include "station/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MEGAPIXEL = 1000000 };

static void judge(dn_job *job);

dn_judgement *dn_judgement_create(dn_station *station, const char *model, int *known) {
    dn_model_use *use = dn_models_take(station->models, model);
    *known = use != NULL;
    dn_judgement *self = use ? calloc(1, sizeof *self) : NULL;
    if (!self) {
        dn_models_give(use);
        return NULL;
    }
    self->job.run = judge;
    self->station = station;
    self->use = use;
    self->result = (dn_result)DN_INIT(dn_result);
    snprintf(self->model, sizeof self->model, "%s", model);
    return self;
}

void dn_judgement_free(dn_judgement *self) {
    if (!self)
        return;
    dn_models_give(self->use);
    dn_text_free(self->row);
    dn_buffer_free(&self->pictures);
    free(self);
}

/* ---- before it waits ---- */

static const char *extension_of(const char *format) {
    static const char *const names[][2] = {{"PNG", "png"}, {"JPEG", "jpg"},  {"BMP", "bmp"},
                                           {"PNM", "pnm"}, {"TIFF", "tiff"}, {"WebP", "webp"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(format, names[i][0]) == 0)
            return names[i][1];
    return "bin";
}

int dn_judgement_check(dn_judgement *self) {
    size_t width = 0, height = 0;
    int megapixels = atomic_load(&self->station->megapixels);
    size_t most = (size_t)megapixels * MEGAPIXEL;
    if (dn_image_look(self->bytes, self->size, &self->format, &width, &height, &self->error) !=
        DN_OK)
        return self->status = 422;
    self->extension = extension_of(self->format);
    if (height > 0 && width > most / height) {
        dn_station_fail(&self->error, DN_ERROR_DATA,
                        "the picture has %zu x %zu pixels, the limit is %d megapixels", width,
                        height, megapixels);
        return self->status = 413;
    }
    return 0;
}

int dn_judgement_start(dn_judgement *self) {
    return dn_jobs_add(self->station->scores, &self->job);
}

/* ---- the score ---- */

static int status_of(dn_status status) {
    switch (status) {
    case DN_OK:
        return 200;
    case DN_ERROR_FORMAT:
    case DN_ERROR_DATA:
        return 422;
    case DN_ERROR_MEMORY:
    case DN_CANCELLED:
        return 503;
    default:
        return 500;
    }
}

static int should_stop(void *user) {
    dn_judgement *self = user;
    return self->is_gone && self->is_gone(self);
}

static int keeps(const dn_judgement *self, dn_archive_file kind) {
    if (!self->station->archive)
        return 0;
    int keep = atomic_load(&self->station->keep[kind]);
    return keep == DN_KEEP_ALL ||
           (keep == DN_KEEP_NOT_PASS && self->result.verdict != DN_VERDICT_PASS);
}

static dn_status score(dn_judgement *self, dn_result *result, dn_map **map) {
    const dn_image_source source = {.struct_size = sizeof source,
                                    .bytes = self->bytes,
                                    .size = self->size,
                                    .name = self->source};
    const dn_score_options options = {
        .struct_size = sizeof options, .should_stop = should_stop, .user = self};
    return dn_model_score_with(dn_model_of(self->use), &source, &options, result, map,
                               &self->error);
}

/* Whether a map is kept may depend on the verdict, so it is made afterwards: most parts pass, and
 * need none. */
static dn_status score_with_map(dn_judgement *self, dn_map **map) {
    int wanted = self->wants_map || self->wants_overlay || self->wants_regions;
    int always = self->station->archive &&
                 (atomic_load(&self->station->keep[DN_FILE_MAP]) == DN_KEEP_ALL ||
                  atomic_load(&self->station->keep[DN_FILE_OVERLAY]) == DN_KEEP_ALL);
    dn_status status = score(self, &self->result, wanted || always ? map : NULL);
    if (status != DN_OK || *map || !(keeps(self, DN_FILE_MAP) || keeps(self, DN_FILE_OVERLAY)))
        return status;
    dn_result again = DN_INIT(dn_result);
    return score(self, &again, map);
}

/* ---- what is made of it ---- */

typedef struct drawing {
    dn_map_format format;
    dn_archive_file file;
    const char *member;
    int wanted;
} drawing;

static dn_status keep_and_encode(dn_judgement *self, const dn_map *map, const drawing *drawn) {
    uint8_t *bytes = NULL;
    size_t size = 0;
    int kept = keeps(self, drawn->file);
    if (!map || (!kept && !drawn->wanted))
        return DN_OK;
    dn_status status = dn_map_encode(map, drawn->format, &bytes, &size, &self->error);
    if (status == DN_OK && kept)
        status = dn_archive_store(self->station->archive, &self->inspection, drawn->file, bytes,
                                  size, "png", &self->error);
    if (status == DN_OK && drawn->wanted) {
        dn_buffer_print(&self->pictures, ",\"%s\":\"", drawn->member);
        dn_buffer_base64(&self->pictures, bytes, size);
        dn_buffer_text(&self->pictures, "\"");
    }
    dn_bytes_free(bytes);
    return status;
}

static dn_status keep_files(dn_judgement *self, const dn_map *map) {
    const drawing drawings[] = {{DN_MAP_PNG, DN_FILE_MAP, "anomaly_map", self->wants_map},
                                {DN_MAP_OVERLAY, DN_FILE_OVERLAY, "overlay", self->wants_overlay}};
    dn_status status = DN_OK;
    if (keeps(self, DN_FILE_PICTURE))
        status = dn_archive_store(self->station->archive, &self->inspection, DN_FILE_PICTURE,
                                  self->bytes, self->size, self->extension, &self->error);
    for (size_t i = 0; status == DN_OK && i < sizeof drawings / sizeof *drawings; i++)
        status = keep_and_encode(self, map, &drawings[i]);
    return status;
}

static void add_warning(dn_judgement *self) {
    int place = 0;
    while (place < DN_WARNINGS - 1 && self->result.warnings[place][0])
        place++;
    if (self->warning[0])
        memcpy(self->result.warnings[place], self->warning, sizeof self->warning);
}

/* The row of `predict`. */
static dn_status print_row(dn_judgement *self, const dn_map *map, char **row) {
    const char *id = dn_model_id(dn_model_of(self->use));
    dn_row_places places = {.struct_size = sizeof places, .has_regions = map != NULL};
    if (map)
        places.regions = dn_map_regions(map, &places.region_count);
    return dn_result_json_places(self->source, id, &self->result, &places, row, &self->error);
}

/* Adds what only a station knows: model, part, digest of the picture. Frees the row. */
static dn_status complete_row(dn_judgement *self, char *row) {
    dn_buffer whole = {0};
    dn_buffer_append(&whole, row, strlen(row) - 1);
    dn_text_free(row);
    dn_buffer_text(&whole, ",\"model\":");
    dn_buffer_json(&whole, self->model);
    if (self->part_id[0]) {
        dn_buffer_text(&whole, ",\"part_id\":");
        dn_buffer_json(&whole, self->part_id);
    }
    if (self->inspection.sha256[0])
        dn_buffer_print(&whole, ",\"sha256\":\"%s\"", self->inspection.sha256);
    dn_buffer_text(&whole, "}");
    if (whole.failed) {
        dn_buffer_free(&whole);
        return dn_station_fail(&self->error, DN_ERROR_MEMORY, "out of memory");
    }
    self->row = whole.data;
    return DN_OK;
}

static dn_status write_row(dn_judgement *self, const dn_map *map) {
    char *row = NULL;
    add_warning(self);
    dn_status status = print_row(self, map, &row);
    return status == DN_OK ? complete_row(self, row) : status;
}

/* ---- the end ---- */

/* What was kept, as the archive shows it: who listens asks for that alone. */
static void add_kept(const dn_judgement *self, dn_buffer *row) {
    static const char *const names[DN_ARCHIVE_FILES] = {"picture", "map", "overlay"};
    row->length -= row->length > 0; /* the brace that ends it */
    dn_buffer_text(row, ",\"kept\":[");
    for (int i = 0, count = 0; i < DN_ARCHIVE_FILES; i++)
        if (self->inspection.files[i][0])
            dn_buffer_print(row, "%s\"%s\"", count++ ? "," : "", names[i]);
    dn_buffer_text(row, "]}");
}

static void publish(dn_judgement *self) {
    dn_buffer row = {0};
    dn_buffer pictures = self->pictures;
    self->pictures = (dn_buffer){0}; /* the event has none */
    dn_judgement_row(self, &row);
    add_kept(self, &row);
    self->pictures = pictures;
    if (!row.failed)
        dn_http_publish(self->station->http, "inspection", row.data);
    dn_buffer_free(&row);
}

static void end(dn_judgement *self) {
    if (self->status == 200 && self->is_failure) {
        dn_counters_add(&self->station->counters, DN_COUNT_VERDICT, self->model, DN_ARCHIVE_ERROR);
        publish(self);
    } else if (self->status == 200) {
        const char *verdict = dn_verdict_name(self->result.verdict);
        dn_counters_add(&self->station->counters, DN_COUNT_VERDICT, self->model, verdict);
        dn_models_count(self->station->models, self->model, self->result.verdict,
                        self->result.elapsed_ms);
        dn_models_remember(self->station->models, self->model, self->bytes, self->size);
        publish(self);
    }
    self->finish(self);
}

static void archived(dn_inspection *inspection, dn_status status, const dn_error *error) {
    dn_judgement *self = inspection->user;
    if (status != DN_OK) {
        self->status = 503;
        self->error = *error;
    }
    end(self);
}

static void add_to_archive(dn_judgement *self) {
    dn_inspection *inspection = &self->inspection;
    inspection->model = self->model;
    inspection->model_id = dn_model_id(dn_model_of(self->use));
    inspection->part_id = self->part_id;
    inspection->source = self->source;
    inspection->verdict =
        self->is_failure ? DN_ARCHIVE_ERROR : dn_verdict_name(self->result.verdict);
    inspection->row = self->row;
    inspection->raw_score = self->result.raw_score;
    inspection->milliseconds = self->result.elapsed_ms;
    inspection->size = self->size;
    inspection->done = archived;
    inspection->user = self;
    dn_archive_add(self->station->archive, inspection);
}

/* Row and files of a scored picture, while the next one is scored. */
static void complete(dn_job *job) {
    dn_judgement *self = (dn_judgement *)job;
    self->inspection.time_ms = self->result.time_ms ? self->result.time_ms : dn_utc_now();
    if (self->status == 200) {
        dn_sha256_text(self->bytes, self->size, self->inspection.sha256);
        dn_status status = write_row(self, self->map);
        if (status == DN_OK)
            status = keep_files(self, self->map);
        if (status != DN_OK) { /* the disk: the picture may be sent again */
            self->status = 503;
            if (self->station->archive)
                dn_archive_discard(self->station->archive, &self->inspection);
        }
    }
    dn_map_free(self->map);
    self->map = NULL;
    if (self->status == 200 && self->station->archive)
        add_to_archive(self);
    else
        end(self);
}

/* Scores have few threads of their own: each that computes has a team of OpenMP's, and teams in
 * turn on the same processors wake up late and wait for each other. */
static void judge(dn_job *job) {
    dn_judgement *self = (dn_judgement *)job;
    if (should_stop(self)) {
        self->status = 503;
        dn_station_fail(&self->error, DN_CANCELLED, "nobody waits for the answer");
        end(self);
        return;
    }
    self->status = status_of(score_with_map(self, &self->map));
    self->job.run = complete;
    if (!dn_jobs_add(self->station->rests, &self->job))
        complete(&self->job); /* the disk is slow: so are scores then */
}

/* The bytes are kept as those of a picture that does not pass. */
static dn_status keep_failure(dn_judgement *self) {
    dn_inspection *inspection = &self->inspection;
    char *row = NULL;
    if (self->bytes)
        dn_sha256_text(self->bytes, self->size, inspection->sha256);
    self->result.time_ms = inspection->time_ms = dn_utc_now();
    dn_status status = dn_result_json(self->source, dn_model_id(dn_model_of(self->use)),
                                      &self->result, &self->error, &row, &self->error);
    if (status == DN_OK)
        status = complete_row(self, row);
    if (status == DN_OK && self->bytes && keeps(self, DN_FILE_PICTURE))
        status =
            dn_archive_store(self->station->archive, inspection, DN_FILE_PICTURE, self->bytes,
                             self->size, self->extension ? self->extension : "bin", &self->error);
    return status;
}

void dn_judgement_record_failure(dn_judgement *self) {
    self->is_failure = 1;
    self->result = (dn_result)DN_INIT(dn_result);
    self->status = 200;
    if (keep_failure(self) == DN_OK) {
        add_to_archive(self);
        return;
    }
    self->status = 503;
    dn_archive_discard(self->station->archive, &self->inspection);
    end(self);
}

void dn_judgement_row(const dn_judgement *self, dn_buffer *json) {
    dn_buffer_append(json, self->row, strlen(self->row) - 1);
    if (self->inspection.sequence)
        dn_buffer_print(json, ",\"sequence\":%lld", (long long)self->inspection.sequence);
    if (self->pictures.length > 0)
        dn_buffer_append(json, self->pictures.data, self->pictures.length);
    json->failed |= self->pictures.failed;
    dn_buffer_text(json, "}");
}
