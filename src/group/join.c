/* dn_group_join: whether this is one of several processes, and the module that carries their bytes.
 */
#include "base/file.h"
#include "group/group.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MODULE "differnet_mpi.so"

static long number_of(const char *name) {
    const char *text = getenv(name);
    return text ? strtol(text, NULL, 10) : 0;
}

/* mpirun of Open MPI, or srun with PMIx or PMI-2. A plain srun starts processes that know nothing
 * of each other. */
static int is_one_of_several(void) {
    return number_of("OMPI_COMM_WORLD_SIZE") > 1 || number_of("PMI_SIZE") > 1 ||
           (getenv("PMIX_RANK") && number_of("SLURM_STEP_NUM_TASKS") > 1);
}

/* ---- the module ------------------------------------------------------------------------------ */

static void *open_at(const char *folder, size_t length, const char *below) {
    char path[1024];
    int written = snprintf(path, sizeof path, "%.*s%s/" MODULE, (int)length, folder, below);
    return written > 0 && (size_t)written < sizeof path && access(path, R_OK) == 0
               ? dlopen(path, RTLD_NOW | RTLD_LOCAL)
               : NULL;
}

/* Beside a file (as in a build), or where an installation puts it. */
static void *open_beside(const char *file) {
    static const char *const below[] = {"", "/differnet", "/../lib/differnet",
                                        "/../" DN_LIBRARY_FOLDER "/differnet"};
    size_t length = (size_t)(dn_path_name(file) - file);
    void *module = NULL;
    for (size_t i = 0; i < sizeof below / sizeof *below && !module && length > 0; i++)
        module = open_at(file, length - 1, below[i]);
    return module;
}

/* libmpi is loaded for all to see: its own modules need it so. */
static void *open_module(void) {
    static const char here = 0; /* dladdr names the file that holds it */
    char program[1024];
    Dl_info info;
    const char *named = getenv("DIFFERNET_MPI_MODULE");
    void *module = NULL;
    dlopen(DN_MPI_LIBRARY, RTLD_NOW | RTLD_GLOBAL);
    if (named)
        return dlopen(named, RTLD_NOW | RTLD_LOCAL);
    if (dladdr(&here, &info) != 0 && info.dli_fname)
        module = open_beside(info.dli_fname);
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    if (!module && length > 0) {
        program[length] = '\0';
        module = open_beside(program);
    }
    return module;
}

static const dn_engine *engine_of(void *module) {
    dn_engine_entry *entry;
    void *symbol = module ? dlsym(module, DN_ENGINE_SYMBOL) : NULL;
    memcpy(&entry, &symbol, sizeof entry);
    const dn_engine *engine = symbol ? entry() : NULL;
    return engine && engine->version == DN_ENGINE_VERSION ? engine : NULL;
}

/* ---- joining --------------------------------------------------------------------------------- */

static dn_status join(const dn_engine *engine, dn_group **group, dn_error *error) {
    void *context;
    size_t rank, size;
    const char *message = "unknown";
    if (engine->join(&context, &rank, &size, &message) != DN_ENGINE_OK)
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "%s: cannot join the other processes: %s",
                       engine->name, message);
    if (size > DN_GROUP_MOST) {
        engine->abort(context, 1);
        return dn_fail(error, DN_ERROR_UNSUPPORTED, "%zu processes; at most %d", size,
                       DN_GROUP_MOST);
    }
    return dn_group_create(engine, context, rank, size, group, error);
}

dn_status dn_group_join(dn_group **group, dn_error *error) {
    *group = NULL;
    if (!is_one_of_several())
        return DN_OK;
    void *module = open_module();
    const dn_engine *engine = engine_of(module);
    if (!engine) {
        const char *reason = dlerror();
        dn_status status = dn_fail(
            error, DN_ERROR_UNSUPPORTED,
            "started as one of several processes, but the module for MPI cannot be loaded "
            "(Debian: libopenmpi3; " MODULE " is part of builds with libopenmpi-dev)%s%.300s",
            reason ? ": " : "", reason ? reason : "");
        if (module)
            dlclose(module);
        return status;
    }
    dn_status status = join(engine, group, error);
    if (status == DN_OK)
        (*group)->module = module;
    return status;
}
