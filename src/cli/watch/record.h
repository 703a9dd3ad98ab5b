/*
 * A line of the state file: fields between tabs, of which the first is a checksum of the rest.
 *
 *     P folder name inode size mtime place row   this row is going to be printed
 *     D                                          it has been printed
 *     K folder name inode size mtime place       a picture that has its row
 *     G folder name                              its file has gone
 *
 * Control characters and % are written as %XX. mtime is in nanoseconds; place is a dn_watch_place.
 */
#ifndef DN_CLI_WATCH_RECORD_H
#define DN_CLI_WATCH_RECORD_H

#include "program/watch/candidates.h"

typedef enum dn_record_kind {
    DN_RECORD_PENDING = 'P',
    DN_RECORD_DONE = 'D',
    DN_RECORD_KNOWN = 'K',
    DN_RECORD_GONE = 'G'
} dn_record_kind;

typedef struct dn_record {
    dn_record_kind kind;
    const char *folder, *name;
    dn_file_identity identity;
    dn_watch_place place;
    const char *row;
} dn_record;

#define DN_STATE_HEADER "differnet-watch 1\n"

/* The line with its newline, zero-terminated; NULL if memory ran out; free. */
char *dn_record_print(const dn_record *record);

/* Takes a line, with or without its newline, apart; the texts of `record` lie in it. Returns 0 if
 * the line is damaged. */
int dn_record_parse(char *line, dn_record *record);

#endif
