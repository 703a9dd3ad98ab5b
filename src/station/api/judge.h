/* From a picture to its row: score, files for the archive, row, archive. Every source of pictures
 * goes this way. */
#ifndef DN_STATION_API_JUDGE_H
#define DN_STATION_API_JUDGE_H

#include "station/api/api.h"

enum { DN_SOURCE_SIZE = 4096 };

typedef struct dn_judgement dn_judgement;

struct dn_judgement {
    dn_job job; /* first: the queue gives it back */
    dn_station *station;
    /* What is given. */
    dn_model_use *use; /* taken over */
    char model[DN_MODEL_LABEL];
    const void *bytes; /* stay until `finish` */
    size_t size;
    char source[DN_SOURCE_SIZE], part_id[128]; /* part_id: "" for none */
    char warning[DN_WARNING_SIZE];             /* one more in the row; "": none */
    int wants_map, wants_overlay, wants_regions;
    int (*is_gone)(dn_judgement *judgement); /* whether nobody waits any more; NULL: never */
    void (*finish)(dn_judgement *judgement); /* on another thread; then dn_judgement_free */
    void *user;
    /* What comes of it. `status` is that of an HTTP answer: 200, 422 (the picture), 500, 503. */
    int status;
    dn_error error;
    dn_result result;
    int is_failure; /* what is archived is that it cannot be judged */
    const char *format, *extension;
    dn_map *map;        /* between the score and the row */
    char *row;          /* as the archive keeps it */
    dn_buffer pictures; /* ,"anomaly_map":"...","overlay":"...", if wanted */
    dn_inspection inspection;
};

/* NULL if memory ran out, or no model has that name (*known is 0 then). */
dn_judgement *dn_judgement_create(dn_station *station, const char *model, int *known);
void dn_judgement_free(dn_judgement *self);

/* What can be said of the picture before it waits: 0, or the status to refuse it with. */
int dn_judgement_check(dn_judgement *self);

/* Hands it to the workers; 0: the queue is full, and nothing was taken. */
int dn_judgement_start(dn_judgement *self);

/* Archives that the picture cannot be judged, with the message in `error` and what there is of its
 * bytes (NULL: nothing). For sources that nobody waits at. `finish` follows, with status 200. */
void dn_judgement_record_failure(dn_judgement *self);

/* The row with what was wanted, and with its sequence number if there is an archive. */
void dn_judgement_row(const dn_judgement *self, dn_buffer *json);

#endif
