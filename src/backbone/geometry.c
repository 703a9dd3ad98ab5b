#include "backbone/geometry.h"

#include "compute/shape.h"

dn_status dn_backbone_check_side(int height, int width, dn_error *error) {
    if (height >= DN_BACKBONE_MIN_SIDE && width >= DN_BACKBONE_MIN_SIDE)
        return DN_OK;
    return dn_fail(error, DN_ERROR_CONFIG,
                   "backbone: images of %dx%d are too small for AlexNet, the least is %dx%d; use a "
                   "larger img_size or fewer n_scales",
                   width, height, DN_BACKBONE_MIN_SIDE, DN_BACKBONE_MIN_SIDE);
}

dn_status dn_backbone_check_shape(const dn_backbone_shape *shape, dn_error *error) {
    if (shape->scales < 1 || shape->scales > DN_BACKBONE_MAX_SCALES || shape->batch < 1)
        return dn_fail(error, DN_ERROR_ARGUMENT, "backbone: %d scales (1 to %d), batch of %d",
                       shape->scales, DN_BACKBONE_MAX_SCALES, shape->batch);
    int side = shape->height >> (shape->scales - 1);
    DN_TRY(dn_backbone_check_side(shape->height, shape->width, error));
    return dn_backbone_check_side(side, side, error);
}

static size_t values_of(dn_extent extent, int channels) {
    return (size_t)extent.height * (size_t)extent.width * (size_t)channels;
}

dn_geometry dn_geometry_of(const dn_backbone_shape *shape, int s) {
    int side = shape->height >> s;
    dn_geometry geometry = {.height = side, .width = s == 0 ? shape->width : side};
    dn_extent extent = {geometry.height, geometry.width};
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        const dn_backbone_layer *layer = &dn_backbone_layers[i];
        geometry.layer[i] = (dn_convolution_shape){shape->batch,        extent.height,
                                                   extent.width,        layer->in_channels,
                                                   layer->out_channels, layer->kernel,
                                                   layer->stride,       1,
                                                   layer->padding,      layer->padding,
                                                   layer->padding,      layer->padding,
                                                   DN_ACTIVATION_RELU,  0};
        extent = dn_convolution_extent(&geometry.layer[i]);
        geometry.map[i] = values_of(extent, layer->out_channels);
        if (layer->pool) {
            geometry.pool[i] = (dn_pooling_shape){
                shape->batch,        extent.height,           extent.width,
                layer->out_channels, DN_BACKBONE_POOL_KERNEL, DN_BACKBONE_POOL_STRIDE};
            extent = dn_pooling_extent(&geometry.pool[i]);
        }
        geometry.gates[i] = values_of(extent, layer->out_channels);
        geometry.all_gates += geometry.gates[i];
    }
    geometry.positions = extent.height * extent.width;
    return geometry;
}

static void keep_largest(size_t *largest, size_t value) {
    *largest = value > *largest ? value : *largest;
}

void dn_backbone_turns(const dn_backbone_shape *shape, size_t values[2]) {
    values[0] = values[1] = 0;
    for (int s = 0; s < shape->scales; s++) {
        dn_geometry geometry = dn_geometry_of(shape, s);
        int turn = 0;
        for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
            keep_largest(&values[turn], geometry.map[i]);
            turn = !turn;
            if (!dn_backbone_layers[i].pool)
                continue;
            keep_largest(&values[turn], geometry.gates[i]);
            turn = !turn;
        }
    }
}

size_t dn_backbone_gates(const dn_backbone_shape *shape) {
    size_t sum = 0;
    for (int s = 0; s < shape->scales; s++)
        sum += dn_geometry_of(shape, s).all_gates;
    return sum;
}

size_t dn_backbone_weight_count(void) {
    size_t sum = 0;
    for (int i = 0; i < DN_BACKBONE_CONVOLUTIONS; i++) {
        const dn_backbone_layer *layer = &dn_backbone_layers[i];
        sum += (size_t)(layer->in_channels * layer->kernel * layer->kernel + 1) *
               (size_t)layer->out_channels;
    }
    return sum;
}

size_t dn_backbone_pixels(const dn_backbone_shape *shape, int s) {
    size_t side = (size_t)(shape->height >> s);
    return side * (s == 0 ? (size_t)shape->width : side);
}
