/* A training step on random features. */
#include "benchmark/measure.h"
#include "train/trainer.h"

static dn_status step(void *context, dn_error *error) {
    dn_trainer *trainer = context;
    double loss;
    return dn_trainer_step(trainer, trainer->max_rows, NULL, &loss, error);
}

static dn_status time_steps(dn_trainer *trainer, dn_benchmark_run *run, dn_error *error) {
    size_t values = (size_t)trainer->max_rows * (size_t)trainer->shape.features;
    dn_random random;
    dn_random_init(&random, trainer->config->seed, DN_RANDOM_AUGMENT, 0);
    for (size_t i = 0; i < values; i++)
        trainer->x[i] = (float)dn_random_normal(&random);
    DN_TRY(dn_time(step, trainer, &run->step, error));
    run->train_mib = dn_peak_memory();
    return DN_OK;
}

dn_status dn_measure_training(const dn_detector *detector, int *rows, dn_benchmark_run *run,
                              dn_error *error) {
    dn_compute compute;
    dn_trainer trainer;
    DN_TRY(dn_compute_open_in(detector->config->compute, run->precision, run->threads, &compute,
                              error));
    dn_reset_peak_memory();
    dn_status status =
        dn_trainer_create(detector, &compute, NULL, 0, NULL, 0, NULL, &trainer, error);
    if (status == DN_OK) {
        *rows = trainer.max_rows;
        status = time_steps(&trainer, run, error);
        dn_trainer_destroy(&trainer);
    }
    dn_compute_close(&compute);
    return status;
}
