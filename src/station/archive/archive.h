/*
 * What was judged: a SQLite database (write-ahead log, one writer) and a folder of pictures, maps
 * and overlays. An inspection is answered after the disk has it; so what was answered is in the
 * archive, whenever the power fails.
 *
 *     DIR/archive.sqlite   inspections and decisions; nothing is ever overwritten in them but the
 *                          names of files that a policy has removed
 *     DIR/files/2026-11-29/20261129T062139123-0000017-picture.png
 */
#ifndef DN_STATION_ARCHIVE_ARCHIVE_H
#define DN_STATION_ARCHIVE_ARCHIVE_H

#include "program/file_identity.h"
#include "station/base/buffer.h"

enum { DN_ARCHIVE_NAME = 96 };

typedef struct dn_archive dn_archive;

/* Oldest files go first, once there are more than this or older ones; 0: no limit. */
typedef struct dn_archive_limits {
    int days;
    double gigabytes;
} dn_archive_limits;

/* The files that an inspection may keep. */
typedef enum dn_archive_file {
    DN_FILE_PICTURE,
    DN_FILE_MAP,
    DN_FILE_OVERLAY,
    DN_ARCHIVE_FILES
} dn_archive_file;

/* The verdict of a file in a watched folder that could not be judged. */
#define DN_ARCHIVE_ERROR "ERROR"

/* A file of a watched folder. The archive remembers it together with its inspection, in one
 * transaction: so it is inspected once, whenever the station is killed. */
typedef struct dn_watched_file {
    const char *folder, *name; /* absolute, without links; in it */
    dn_file_identity identity;
} dn_watched_file;

/* An inspection on its way to the disk. The caller fills it and keeps it until `done` was called.
 */
typedef struct dn_inspection {
    struct dn_inspection *next;                                      /* the archive's own */
    const char *model, *model_id, *part_id, *source, *verdict, *row; /* part_id may be NULL */
    char sha256[65];
    int64_t time_ms;
    double raw_score, milliseconds;
    size_t size;                                   /* of the picture's file */
    char files[DN_ARCHIVE_FILES][DN_ARCHIVE_NAME]; /* by dn_archive_store; "": not kept */
    size_t kept_bytes;
    const dn_watched_file *watched; /* NULL: it came another way */
    int64_t sequence;               /* given by the archive */
    /* On the archive's thread; status is DN_OK once the disk has it. */
    void (*done)(struct dn_inspection *inspection, dn_status status, const dn_error *error);
    void *user;
} dn_inspection;

/* Opens or creates it; only one station may write at a time. */
dn_status dn_archive_open(const char *folder, const dn_archive_limits *limits, dn_archive **archive,
                          dn_error *error);
/* Writes what waits, then closes. NULL is allowed. */
void dn_archive_close(dn_archive *self);

void dn_archive_set_limits(dn_archive *self, const dn_archive_limits *limits);

/* Writes a file of the inspection and waits for the disk. Any thread. `extension`: "png". */
dn_status dn_archive_store(dn_archive *self, dn_inspection *inspection, dn_archive_file kind,
                           const void *bytes, size_t size, const char *extension, dn_error *error);

/* Removes the files of an inspection that will not be added. */
void dn_archive_discard(dn_archive *self, dn_inspection *inspection);

/* Hands an inspection over. Any thread. */
void dn_archive_add(dn_archive *self, dn_inspection *inspection);

/* Adds a decision to those of an inspection, and waits for the disk. DN_ERROR_DATA: there is no
 * such inspection. `note` may be "". */
dn_status dn_archive_decide(dn_archive *self, int64_t sequence, const char *decision,
                            const char *note, const char *who, dn_error *error);

/* "confirmed", "overruled_good", "overruled_defective". */
int dn_is_decision(const char *text);

/* ---- reading ---- */

typedef struct dn_archive_query {
    const char *model, *verdict, *part_id; /* NULL: any */
    int64_t from_ms, to_ms;                /* 0: no bound */
    int64_t before;                        /* sequences below this; 0: the newest */
    int64_t after;                         /* above this, oldest first; 0: newest first */
    int64_t sequence;                      /* this one alone; 0: all */
    int undecided;                         /* 1: those without a decision */
    int limit;
} dn_archive_query;

/* A row as text, newest first: JSON, or a line of CSV without its end. Return 0 to end. */
typedef int dn_archive_take(void *user, int64_t sequence, const char *text);

dn_status dn_archive_read(dn_archive *self, const dn_archive_query *query, int csv,
                          dn_archive_take *take, void *user, dn_error *error);
extern const char dn_archive_csv_heading[];

/* The newest sequence, 0 if there is none. */
int64_t dn_archive_last(dn_archive *self);

/* How far a sink has got; a new one begins at the newest inspection. */
dn_status dn_archive_delivered(dn_archive *self, const char *sink, int64_t *sequence,
                               dn_error *error);
dn_status dn_archive_set_delivered(dn_archive *self, const char *sink, int64_t sequence,
                                   dn_error *error);

/* ---- watched folders ---- */

/* Hands over each file of the folder that has its inspection; return 0 to end (memory ran out). */
typedef int dn_watched_take(void *user, const dn_watched_file *file, const char *verdict);
dn_status dn_archive_watched(dn_archive *self, const char *folder, dn_watched_take *take,
                             void *user, dn_error *error);

/* A file has gone: what has its name later is another picture. */
dn_status dn_archive_forget_watched(dn_archive *self, const char *folder, const char *name,
                                    dn_error *error);

/* ---- kept files ---- */

/* The bytes of a kept file (free `bytes`) and its extension. DN_ERROR_DATA: it is not kept. */
dn_status dn_archive_load(dn_archive *self, int64_t sequence, dn_archive_file kind, char **bytes,
                          size_t *size, char extension[8], dn_error *error);

/* Whether the last write succeeded, and what failed if not. */
int dn_archive_is_well(dn_archive *self, char *message, size_t size);

/* ---- the whole archive, for the command line ---- */

typedef struct dn_archive_count {
    unsigned long long inspections, decisions, files, bytes;
    unsigned long long missing, changed, stray; /* files */
    unsigned long long removed, removed_bytes;
} dn_archive_count;

/* Opens an existing archive for reading alone. */
dn_status dn_archive_open_read_only(const char *folder, dn_archive **archive, dn_error *error);

/* Compares every kept picture with its digest, and looks for files that belong to no inspection.
 * `tell` receives a line for each finding. DN_ERROR_FORMAT: the database is damaged. */
dn_status dn_archive_verify(dn_archive *self, void (*tell)(void *user, const char *line),
                            void *user, dn_archive_count *count, dn_error *error);

/* Removes files beyond the limits now, and such that belong to no inspection for an hour. */
dn_status dn_archive_prune(const char *folder, const dn_archive_limits *limits,
                           dn_archive_count *count, dn_error *error);

#endif
