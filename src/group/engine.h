/* What carries bytes between the processes of a group. An engine is a module that is loaded when
 * the program was started as one of several processes; it knows nothing of the library. */
#ifndef DN_GROUP_ENGINE_H
#define DN_GROUP_ENGINE_H

#include <stddef.h>

enum { DN_ENGINE_VERSION = 1 };

typedef enum dn_engine_status {
    DN_ENGINE_OK,
    DN_ENGINE_LATE,  /* the others have not answered in time */
    DN_ENGINE_FAILED /* the engine says why: `message` */
} dn_engine_status;

typedef struct dn_engine {
    int version;
    const char *name;
    /* Joins the processes that were started together. */
    dn_engine_status (*join)(void **context, size_t *rank, size_t *size, const char **message);
    /* all[]: sizes[0] bytes of process 0, then sizes[1] of process 1, and so on. The caller's own
     * bytes are in their place; the engine fills in the others'. Waits at most `seconds`. */
    dn_engine_status (*gather)(void *context, void *all, const size_t *sizes, double seconds,
                               const char **message);
    /* Ends all processes, this one too. */
    void (*abort)(void *context, int status);
    /* Every process leaves. */
    void (*leave)(void *context);
} dn_engine;

/* What a module exports. */
#define DN_ENGINE_SYMBOL "dn_engine_of_module"
typedef const dn_engine *dn_engine_entry(void);

#endif
