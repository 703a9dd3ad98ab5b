#include "flow/optimizer.h"

#include "base/memory.h"

dn_status dn_optimizer_create(const dn_compute *compute, float *parameters, size_t count,
                              double learning_rate, dn_optimizer *optimizer, dn_error *error) {
    void *first, *second;
    *optimizer = (dn_optimizer){
        .compute = compute,
        .parameters = parameters,
        .count = count,
        .adam = {.learning_rate = learning_rate,
                 .beta1 = DN_ADAM_BETA1,
                 .beta2 = DN_ADAM_BETA2,
                 .epsilon = DN_ADAM_EPSILON,
                 .weight_decay = DN_ADAM_WEIGHT_DECAY},
    };
    DN_TRY(dn_allocate(&first, count, sizeof(float), error));
    optimizer->first = first;
    dn_status status = dn_allocate(&second, count, sizeof(float), error);
    if (status != DN_OK)
        dn_optimizer_destroy(optimizer);
    else
        optimizer->second = second;
    return status;
}

void dn_optimizer_destroy(dn_optimizer *optimizer) {
    dn_release(optimizer->first);
    dn_release(optimizer->second);
    *optimizer = (dn_optimizer){0};
}

void dn_optimizer_next_step(dn_optimizer *optimizer) {
    optimizer->adam.step++;
}

dn_status dn_optimizer_sink(void *user, size_t offset, size_t count, const float *gradient,
                            dn_error *error) {
    dn_optimizer *optimizer = user;
    if (offset > optimizer->count || count > optimizer->count - offset)
        return dn_fail(error, DN_ERROR_ARGUMENT, "optimizer: gradient at %zu + %zu of %zu", offset,
                       count, optimizer->count);
    return optimizer->compute->backend->adam(
        optimizer->compute->context, optimizer->parameters + offset, optimizer->first + offset,
        optimizer->second + offset, gradient, count, &optimizer->adam, error);
}
