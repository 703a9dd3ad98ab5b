/* The module that carries a group's bytes by MPI (Open MPI). It is built alone, without the
 * library, and finds MPI's functions in libmpi, which the library loads before it: so the library
 * and its package need no MPI. */
#include "group/engine.h"

#include <limits.h>
#include <mpi.h>
#include <stdlib.h>
#include <time.h>

typedef struct mpi_group {
    int rank, size;
    int *counts, *places; /* [size] */
    char text[MPI_MAX_ERROR_STRING];
} mpi_group;

const dn_engine *dn_engine_of_module(void);

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static dn_engine_status fail(const char *reason, const char **message) {
    *message = reason;
    return DN_ENGINE_FAILED;
}

static dn_engine_status join(void **context, size_t *rank, size_t *size, const char **message) {
    int level;
    mpi_group *self = calloc(1, sizeof *self);
    if (!self)
        return fail("out of memory", message);
    if (MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &level) != MPI_SUCCESS) {
        free(self);
        return fail("MPI_Init_thread failed", message);
    }
    MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN);
    MPI_Comm_rank(MPI_COMM_WORLD, &self->rank);
    MPI_Comm_size(MPI_COMM_WORLD, &self->size);
    self->counts = calloc((size_t)self->size, sizeof(int));
    self->places = calloc((size_t)self->size, sizeof(int));
    *context = self;
    *rank = (size_t)self->rank;
    *size = (size_t)self->size;
    return self->counts && self->places ? DN_ENGINE_OK : fail("out of memory", message);
}

/* Polls, so that a wait can end; sleeps between looks, so that waiting processes leave the
 * processors to those that compute. */
static dn_engine_status wait_for(mpi_group *self, MPI_Request *request, double seconds,
                                 const char **message) {
    const double begun = seconds_now();
    for (int done = 0;;) {
        int code = MPI_Test(request, &done, MPI_STATUS_IGNORE), length;
        double waited = seconds_now() - begun;
        if (code != MPI_SUCCESS) {
            MPI_Error_string(code, self->text, &length);
            return fail(self->text, message);
        }
        if (done)
            return DN_ENGINE_OK;
        if (waited > seconds)
            return DN_ENGINE_LATE;
        if (waited > 20e-6) {
            const struct timespec pause = {0, waited > 2e-3 ? 200000 : 20000};
            nanosleep(&pause, NULL);
        }
    }
}

/* MPI counts in int. A group gathers some megabytes, so more is refused. */
static int plan(mpi_group *self, const size_t *sizes) {
    size_t place = 0;
    for (int i = 0; i < self->size; i++) {
        if (sizes[i] > INT_MAX || place > INT_MAX)
            return 0;
        self->counts[i] = (int)sizes[i];
        self->places[i] = (int)place;
        place += sizes[i];
    }
    return 1;
}

static dn_engine_status gather(void *context, void *all, const size_t *sizes, double seconds,
                               const char **message) {
    mpi_group *self = context;
    MPI_Request request;
    if (!plan(self, sizes))
        return fail("more than 2 GiB at once", message);
    int code = MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_BYTE, all, self->counts, self->places, MPI_BYTE,
                               MPI_COMM_WORLD, &request);
    if (code != MPI_SUCCESS)
        return fail("MPI_Iallgatherv failed", message);
    return wait_for(self, &request, seconds, message);
}

static void abort_all(void *context, int status) {
    (void)context;
    MPI_Abort(MPI_COMM_WORLD, status);
}

static void leave(void *context) {
    mpi_group *self = context;
    MPI_Finalize();
    free(self->counts);
    free(self->places);
    free(self);
}

static const dn_engine engine = {
    .version = DN_ENGINE_VERSION,
    .name = "MPI",
    .join = join,
    .gather = gather,
    .abort = abort_all,
    .leave = leave,
};

__attribute__((visibility("default"))) const dn_engine *dn_engine_of_module(void) {
    return &engine;
}
