#include "station/base/jobs.h"

#include "station/base/text.h"

#include <pthread.h>
#include <stdlib.h>

struct dn_jobs {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    dn_job *first, **end;
    size_t waiting, running, bound, started;
    int closed;
    pthread_t threads[];
};

static void *work(void *user) {
    dn_jobs *self = user;
    pthread_mutex_lock(&self->lock);
    for (;;) {
        while (!self->first && !self->closed)
            pthread_cond_wait(&self->changed, &self->lock);
        dn_job *job = self->first;
        if (!job)
            break;
        self->first = job->next;
        if (!self->first)
            self->end = &self->first;
        self->waiting--;
        self->running++;
        pthread_mutex_unlock(&self->lock);
        job->run(job);
        pthread_mutex_lock(&self->lock);
        self->running--;
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

dn_status dn_jobs_create(size_t workers, size_t bound, dn_jobs **jobs, dn_error *error) {
    dn_jobs *self = calloc(1, sizeof *self + workers * sizeof *self->threads);
    *jobs = self;
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->changed, NULL);
    self->end = &self->first;
    self->bound = bound;
    for (; self->started < workers; self->started++)
        if (pthread_create(&self->threads[self->started], NULL, work, self) != 0) {
            dn_jobs_destroy(self);
            *jobs = NULL;
            return dn_station_fail(error, DN_ERROR_MEMORY, "cannot start %zu threads", workers);
        }
    return DN_OK;
}

int dn_jobs_add(dn_jobs *self, dn_job *job) {
    pthread_mutex_lock(&self->lock);
    int fits = self->waiting < self->bound && !self->closed;
    if (fits) {
        job->next = NULL;
        *self->end = job;
        self->end = &job->next;
        self->waiting++;
        pthread_cond_signal(&self->changed);
    }
    pthread_mutex_unlock(&self->lock);
    return fits;
}

void dn_jobs_set_bound(dn_jobs *self, size_t bound) {
    pthread_mutex_lock(&self->lock);
    self->bound = bound;
    pthread_mutex_unlock(&self->lock);
}

size_t dn_jobs_count(dn_jobs *self) {
    pthread_mutex_lock(&self->lock);
    size_t count = self->waiting + self->running;
    pthread_mutex_unlock(&self->lock);
    return count;
}

void dn_jobs_destroy(dn_jobs *self) {
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->closed = 1;
    pthread_cond_broadcast(&self->changed);
    pthread_mutex_unlock(&self->lock);
    for (size_t i = 0; i < self->started; i++)
        pthread_join(self->threads[i], NULL);
    pthread_cond_destroy(&self->changed);
    pthread_mutex_destroy(&self->lock);
    free(self);
}
