/* Several processes, on one machine or many, that do one work: each computes its share of what
 * pictures cost, and all of them take the same steps on the same numbers. A group of NULL is one
 * process: nothing is sent, nothing changes.
 *
 * All processes must make the same calls in the same order. Every call that gathers first tells the
 * others whether its process has failed; then it fails in all of them, with one message. A process
 * that fails between two such calls says so in the one that the others make next
 * (dn_group_finish). */
#ifndef DN_GROUP_GROUP_H
#define DN_GROUP_GROUP_H

#include "base/error.h"
#include "base/share.h"
#include "group/engine.h"

enum { DN_GROUP_MOST = 4096 }; /* processes */

struct dn_group {
    const dn_engine *engine;
    void *context, *module;
    size_t rank, size;
    double seconds; /* to wait for the others */
    size_t *sizes;  /* [size], for the call that gathers */
    char *messages; /* [size][sizeof dn_error] */
    int failed;     /* all processes know of a failure in this work */
    int lost;       /* the others do not answer */
    size_t sent;    /* bytes of this process's own, so far */
};

/* A group of processes on an engine that has joined them. dn_group_leave frees it. */
dn_status dn_group_create(const dn_engine *engine, void *context, size_t rank, size_t size,
                          dn_group **group, dn_error *error);

/* The share of numbered items that this process computes. */
dn_share dn_group_share(const dn_group *group);

/* DN_OK if `own` is DN_OK in every process; otherwise the failure of the lowest one that failed,
 * whose message `error` holds. */
dn_status dn_group_agree(dn_group *group, dn_status own, dn_error *error);

/* After dn_group_agree: all[] holds sizes[r] bytes of process r, one after the other; the caller
 * has filled in its own. `sizes` may be dn_group_sizes. */
dn_status dn_group_gather(dn_group *group, dn_status own, void *all, const size_t *sizes,
                          dn_error *error);

/* Room for a size for each process. */
size_t *dn_group_sizes(dn_group *group);

/* After dn_group_agree: the bytes of the first process become everybody's. */
dn_status dn_group_broadcast(dn_group *group, dn_status own, void *bytes, size_t size,
                             dn_error *error);

/* DN_ERROR_DATA, and which process, if `text` is not the same everywhere. `what`: "pictures". */
dn_status dn_group_same(dn_group *group, const char *what, const char *text, dn_error *error);

/* A work begins. The one before it has ended in all processes (dn_group_finish), whose failure
 * counts no more. */
void dn_group_begin(dn_group *group);

/* In a loop over items that processes share, before item `item`: agrees now and then, so that
 * nobody waits for long at its end. */
dn_status dn_group_keep_step(dn_group *group, size_t item, dn_error *error);

#endif
