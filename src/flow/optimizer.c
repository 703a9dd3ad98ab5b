#include "flow/optimizer.h"

#include "base/memory.h"

static dn_status allocate_moments(dn_optimizer *optimizer, dn_error *error) {
    void *block;
    DN_TRY(dn_allocate(&block, optimizer->count, sizeof(float), error));
    optimizer->first = block;
    DN_TRY(dn_allocate(&block, optimizer->count, sizeof(float), error));
    optimizer->second = block;
    if (optimizer->compute->products != DN_ELEMENT_BF16)
        return DN_OK;
    DN_TRY(dn_allocate(&block, optimizer->count, sizeof(uint16_t), error));
    optimizer->bf16 = block;
    dn_optimizer_parameters_changed(optimizer);
    return DN_OK;
}

void dn_optimizer_parameters_changed(dn_optimizer *optimizer) {
    if (optimizer->bf16)
        dn_bf16_narrow(optimizer->compute->threads, optimizer->bf16, optimizer->parameters,
                       optimizer->count);
}

dn_status dn_optimizer_create(const dn_compute *compute, float *parameters, size_t count,
                              double learning_rate, dn_optimizer *optimizer, dn_error *error) {
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
    dn_status status = allocate_moments(optimizer, error);
    if (status != DN_OK)
        dn_optimizer_destroy(optimizer);
    return status;
}

void dn_optimizer_destroy(dn_optimizer *optimizer) {
    dn_release(optimizer->first);
    dn_release(optimizer->second);
    dn_release(optimizer->bf16);
    *optimizer = (dn_optimizer){0};
}

void dn_optimizer_finish(dn_optimizer *optimizer) {
    dn_release(optimizer->first);
    dn_release(optimizer->second);
    optimizer->first = optimizer->second = NULL;
}

void dn_optimizer_next_step(dn_optimizer *optimizer) {
    optimizer->adam.step++;
}

static dn_trained trained_at(const dn_optimizer *optimizer, size_t offset) {
    return (dn_trained){optimizer->parameters + offset, optimizer->first + offset,
                        optimizer->second + offset,
                        optimizer->bf16 ? optimizer->bf16 + offset : NULL};
}

static dn_status check_range(const dn_optimizer *optimizer, size_t offset, size_t count,
                             dn_error *error) {
    if (offset <= optimizer->count && count <= optimizer->count - offset)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "optimizer: gradient at %zu + %zu of %zu", offset,
                   count, optimizer->count);
}

dn_status dn_optimizer_sink(void *user, const dn_layer_gradient *gradient, dn_error *error) {
    dn_optimizer *optimizer = user;
    size_t outputs = (size_t)gradient->outputs;
    DN_TRY(check_range(optimizer, gradient->weight, (size_t)gradient->inputs * outputs, error));
    DN_TRY(check_range(optimizer, gradient->bias, outputs, error));
    const dn_trained weight = trained_at(optimizer, gradient->weight);
    const dn_trained bias = trained_at(optimizer, gradient->bias);
    return optimizer->compute->backend->linear_train(
        optimizer->compute->context, &weight, &bias, gradient->dy, gradient->x, gradient->rows,
        gradient->inputs, gradient->outputs, &optimizer->adam, error);
}
