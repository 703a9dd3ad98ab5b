#include "detect/features/extractor.h"

#include "base/finite.h"
#include "base/memory.h"
#include "base/parallel.h"

#include <string.h>

struct dn_extractor {
    const dn_compute *compute;
    const dn_backbone_weights *weights; /* the caller's */
    const dn_roi *roi;                  /* NULL: everything counts */
    dn_levels levels;                   /* of deep pictures */
    dn_backbone_shape shape;
    dn_backbone *backbone;
    int on_pixels;                  /* in bf16 and int8 */
    dn_backbone_gradient *gradient; /* created on demand */
    dn_normalization normalization;
    dn_image turned[DN_EXTRACTOR_BATCH]; /* only where jitter is configured */
    dn_image cut[DN_EXTRACTOR_BATCH];    /* only with tiles */
    dn_error uncut[DN_EXTRACTOR_BATCH];  /* why a tile was not cut */
    dn_tiling tiling;
    dn_tiles tiles;
    size_t pixels;     /* floats, or bytes, per image */
    size_t dimensions; /* features per image */
    float *averaged;   /* room for dn_place_grid_fill; NULL: no places are kept */
    float *places;     /* of view number `selected` of the last call; -1: of an earlier one */
    int selected;
};

static int wants_jitter(const dn_config *config) {
    return config->transf_brightness > 0 || config->transf_contrast > 0 ||
           config->transf_saturation > 0;
}

static dn_status check_steps(const dn_compute *compute, const dn_backbone_weights *weights,
                             dn_error *error) {
    if (compute->precision != DN_PRECISION_INT8 || weights->steps.known)
        return DN_OK;
    return dn_fail(error, DN_ERROR_UNSUPPORTED,
                   "precision int8 needs activation steps, which training finds on its images, "
                   "and there are none of this backbone (an older or an imported model, or a "
                   "backbone that it was not trained with): train it again, or use bf16");
}

dn_backbone_shape dn_backbone_shape_of(const dn_config *config, const dn_network *network,
                                       int batch, int threads) {
    return (dn_backbone_shape){.network = network,
                               .height = config->img_size[0],
                               .width = config->img_size[1],
                               .scales = config->n_scales,
                               .batch = batch,
                               .threads = threads};
}

dn_backbone_pixels dn_backbone_pixels_of(const dn_config *config, dn_element element) {
    dn_backbone_pixels pixels = {.element = element};
    memcpy(pixels.mean, config->norm_mean, sizeof pixels.mean);
    memcpy(pixels.std, config->norm_std, sizeof pixels.std);
    return pixels;
}

static dn_status create_on_pixels(dn_extractor *extractor, const dn_config *config,
                                  dn_error *error) {
    const dn_backbone_weights *weights = extractor->weights;
    int is_int8 = extractor->compute->precision == DN_PRECISION_INT8;
    dn_backbone_pixels pixels =
        dn_backbone_pixels_of(config, is_int8 ? DN_ELEMENT_U8 : DN_ELEMENT_BF16);
    pixels.steps = is_int8 ? &weights->steps : NULL;
    DN_TRY(check_steps(extractor->compute, weights, error));
    extractor->on_pixels = 1;
    return dn_backbone_create(extractor->compute, weights, &extractor->shape, &pixels,
                              &extractor->backbone, error);
}

static dn_status init_extractor(dn_extractor *extractor, const dn_config *config, dn_error *error) {
    dn_backbone_shape *shape = &extractor->shape;
    *shape = dn_backbone_shape_of(config, extractor->weights->network, DN_EXTRACTOR_BATCH,
                                  extractor->compute->threads);
    dn_normalization_init(&extractor->normalization, config->norm_mean, config->norm_std);
    extractor->pixels = (size_t)shape->height * (size_t)shape->width * 3;
    extractor->dimensions = (size_t)dn_backbone_features(shape);
    if (extractor->tiling.is_on)
        for (int i = 0; i < DN_EXTRACTOR_BATCH; i++)
            DN_TRY(dn_image_create(shape->width, shape->height, &extractor->cut[i], error));
    if (extractor->compute->precision != DN_PRECISION_F32)
        return create_on_pixels(extractor, config, error);
    if (wants_jitter(config))
        for (int i = 0; i < DN_EXTRACTOR_BATCH; i++)
            DN_TRY(dn_image_create(shape->width, shape->height, &extractor->turned[i], error));
    return dn_backbone_create(extractor->compute, extractor->weights, shape, NULL,
                              &extractor->backbone, error);
}

dn_status dn_extractor_create(const dn_compute *compute, const dn_config *config,
                              const dn_backbone_weights *weights, const dn_roi *roi,
                              dn_extractor **extractor, dn_error *error) {
    void *block;
    *extractor = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof(dn_extractor), error));
    dn_extractor *created = block;
    created->compute = compute;
    created->roi = dn_roi_limits(roi) ? roi : NULL;
    created->weights = weights;
    created->levels = dn_levels_of(config);
    created->tiling = dn_tiling_of(config, roi);
    dn_status status = init_extractor(created, config, error);
    if (status == DN_OK)
        *extractor = created;
    else
        dn_extractor_destroy(created);
    return status;
}

void dn_extractor_destroy(dn_extractor *extractor) {
    if (!extractor)
        return;
    for (int i = 0; i < DN_EXTRACTOR_BATCH; i++) {
        dn_image_free(&extractor->turned[i]);
        dn_image_free(&extractor->cut[i]);
    }
    dn_tiles_free(&extractor->tiles);
    dn_backbone_destroy(extractor->backbone);
    dn_backbone_gradient_destroy(extractor->gradient);
    dn_release(extractor->averaged);
    dn_release(extractor->places);
    dn_release(extractor);
}

size_t dn_extractor_dimensions(const dn_extractor *extractor) {
    return extractor->dimensions;
}

int dn_extractor_threads(const dn_extractor *extractor) {
    return extractor->compute->threads;
}

size_t dn_extractor_image_bytes(const dn_extractor *extractor) {
    return extractor->pixels;
}

const dn_roi *dn_extractor_roi(const dn_extractor *extractor) {
    return extractor->roi;
}

const dn_roi *dn_extractor_input_roi(const dn_extractor *extractor) {
    return extractor->tiling.is_on ? NULL : extractor->roi;
}

const dn_tiling *dn_extractor_tiling(const dn_extractor *extractor) {
    return &extractor->tiling;
}

dn_status dn_extractor_tiles(dn_extractor *extractor, int width, int height, const dn_tiles **tiles,
                             dn_error *error) {
    *tiles = &extractor->tiles;
    return dn_tiles_lay(&extractor->tiling, width, height, &extractor->tiles, error);
}

const dn_levels *dn_extractor_levels(const dn_extractor *extractor) {
    return &extractor->levels;
}

static dn_status copy_image(const dn_image *image, dn_image *copy, dn_error *error) {
    return dn_image_resize(image, image->width, image->height, copy, error);
}

static dn_status prepare_painted(const dn_roi *roi, int width, int height, const dn_image *picture,
                                 dn_image *image, dn_error *error) {
    dn_image painted;
    DN_TRY(copy_image(picture, &painted, error));
    dn_roi_paint(roi, &painted);
    dn_status status = dn_image_resize(&painted, width, height, image, error);
    dn_image_free(&painted);
    if (status == DN_OK)
        dn_roi_paint(roi, image);
    return status;
}

static dn_status prepare_picture(const dn_roi *roi, int width, int height, const dn_image *picture,
                                 dn_image *image, dn_error *error) {
    if (dn_roi_limits(roi))
        return prepare_painted(roi, width, height, picture, image, error);
    return dn_image_resize(picture, width, height, image, error);
}

/* One tile of the picture, another one for each number. */
static dn_status take_tile(const dn_tiling *tiling, size_t number, const dn_image *picture,
                           dn_image *image, dn_error *error) {
    dn_tiles tiles = {0};
    DN_TRY(dn_tiles_lay(tiling, picture->width, picture->height, &tiles, error));
    const dn_tile tile = tiles.tile[number * 7919 % (size_t)tiles.count];
    dn_tiles_free(&tiles);
    DN_TRY(dn_image_create(tiling->width, tiling->height, image, error));
    return dn_tile_cut(tiling, picture, &tile, image, error);
}

static dn_status read_example(const dn_tiling *tiling, size_t number, const char *path,
                              const dn_levels *levels, dn_image *image, dn_error *error) {
    dn_image picture = {0};
    DN_TRY(dn_image_read(path, levels, &picture, error));
    dn_status status = tiling->is_on ? take_tile(tiling, number, &picture, image, error)
                                     : prepare_picture(tiling->roi, tiling->width, tiling->height,
                                                       &picture, image, error);
    dn_image_free(&picture);
    return status;
}

dn_status dn_pictures_read(const dn_config *config, const dn_roi *roi, const dn_sample *samples,
                           size_t count, size_t most, dn_image *images, size_t *taken,
                           dn_error *error) {
    size_t wanted = count < most ? count : most;
    dn_levels levels = dn_levels_of(config);
    const dn_tiling tiling = dn_tiling_of(config, roi);
    for (*taken = 0; *taken < wanted; ++*taken)
        DN_TRY(read_example(&tiling, *taken, samples[*taken * count / wanted].path, &levels,
                            &images[*taken], error));
    return DN_OK;
}

dn_status dn_extractor_prepare(const dn_extractor *extractor, const dn_image *picture,
                               dn_image *image, dn_error *error) {
    if (extractor->tiling.is_on)
        return copy_image(picture, image, error);
    return prepare_picture(extractor->roi, extractor->shape.width, extractor->shape.height, picture,
                           image, error);
}

dn_status dn_extractor_input(const dn_extractor *extractor, const dn_image *picture, dn_image *own,
                             const dn_image **input, dn_error *error) {
    *own = (dn_image){0};
    *input = extractor->tiling.is_on ? picture : own;
    return extractor->tiling.is_on ? DN_OK : dn_extractor_prepare(extractor, picture, own, error);
}

/* The picture moves where it is not changed. */
static dn_status take_picture(const dn_extractor *extractor, dn_image *picture, dn_image *image,
                              dn_error *error) {
    if (extractor->tiling.is_on) {
        *image = *picture;
        return DN_OK;
    }
    dn_status status = dn_extractor_prepare(extractor, picture, image, error);
    dn_image_free(picture);
    return status;
}

dn_status dn_extractor_read(const dn_extractor *extractor, const char *path, dn_image *image,
                            dn_error *error) {
    dn_image picture = {0};
    DN_TRY(dn_image_read(path, &extractor->levels, &picture, error));
    return take_picture(extractor, &picture, image, error);
}

dn_status dn_extractor_decode(const dn_extractor *extractor, const uint8_t *bytes, size_t size,
                              const char *path, dn_image *image, dn_error *error) {
    dn_image picture = {0};
    DN_TRY(dn_image_decode(bytes, size, path, &extractor->levels, &picture, error));
    return take_picture(extractor, &picture, image, error);
}

int dn_extractor_is_exact(const dn_extractor *extractor) {
    return !extractor->on_pixels;
}

typedef struct preparation {
    dn_extractor *extractor;
    dn_view *views;
    float *input;    /* of the backbone: normalised numbers */
    uint8_t *pixels; /* or whole pixels */
} preparation;

static void add_noise(dn_view *view, float *pixels, size_t count) {
    for (size_t i = 0; i < count; i++)
        pixels[i] += view->noise * (float)dn_random_normal(&view->random);
}

static void cut_tiles(void *context, size_t begin, size_t end) {
    const preparation *self = context;
    dn_extractor *extractor = self->extractor;
    for (size_t i = begin; i < end; i++) {
        const dn_view *view = &self->views[i];
        extractor->uncut[i].status = DN_OK;
        if (view->tile.width > 0)
            dn_tile_cut(&extractor->tiling, view->image, &view->tile, &extractor->cut[i],
                        &extractor->uncut[i]);
    }
}

/* What a view turns. */
static const dn_image *seen_by(const preparation *self, size_t i) {
    return self->views[i].tile.width > 0 ? &self->extractor->cut[i] : self->views[i].image;
}

static void prepare_views(void *context, size_t begin, size_t end) {
    const preparation *self = context;
    dn_extractor *extractor = self->extractor;
    for (size_t i = begin; i < end; i++) {
        dn_view *view = &self->views[i];
        float *output = self->input + i * extractor->pixels;
        if (view->jitter.count > 0) {
            dn_image_rotate(seen_by(self, i), view->degrees, &extractor->turned[i]);
            dn_image_jitter(&extractor->turned[i], &view->jitter);
            dn_image_normalize(&extractor->turned[i], &extractor->normalization, output);
        } else {
            dn_image_rotate_normalize(seen_by(self, i), view->degrees, &extractor->normalization,
                                      output);
        }
        if (view->noise > 0)
            add_noise(view, output, extractor->pixels);
    }
}

static void prepare_pixels(void *context, size_t begin, size_t end) {
    const preparation *self = context;
    const dn_extractor *extractor = self->extractor;
    for (size_t i = begin; i < end; i++) {
        const dn_view *view = &self->views[i];
        dn_image turned = {.width = extractor->shape.width,
                           .height = extractor->shape.height,
                           .pixels = self->pixels + i * extractor->pixels};
        dn_image_rotate(seen_by(self, i), view->degrees, &turned);
        dn_image_jitter(&turned, &view->jitter);
    }
}

/* Check here: the flow's ReLU and clamp would turn NaN and infinity into ordinary numbers. */
static dn_status check_features(const dn_extractor *extractor, const float *features, int count,
                                dn_error *error) {
    size_t total = (size_t)count * extractor->dimensions;
    size_t index = dn_find_not_finite(1, features, total);
    if (index == total)
        return DN_OK;
    return dn_fail(error, DN_ERROR_NUMERIC,
                   "feature %zu of an image is not a finite number: the backbone's weights are far "
                   "from those of a trained network, or norm_std is too small",
                   index % extractor->dimensions);
}

static dn_status check_count(int count, dn_error *error) {
    if (count >= 1 && count <= DN_EXTRACTOR_BATCH)
        return DN_OK;
    return dn_fail(error, DN_ERROR_ARGUMENT, "extractor: %d views, expected 1 to %d", count,
                   DN_EXTRACTOR_BATCH);
}

static dn_status prepare_input(dn_extractor *extractor, dn_view *views, int count,
                               dn_error *error) {
    preparation context = {.extractor = extractor,
                           .views = views,
                           .input = dn_backbone_input(extractor->backbone),
                           .pixels = dn_backbone_input_pixels(extractor->backbone)};
    int threads = extractor->compute->threads;
    if (extractor->tiling.is_on)
        dn_parallel_for(threads, (size_t)count, 1, cut_tiles, &context);
    for (int i = 0; extractor->tiling.is_on && i < count; i++)
        if (extractor->uncut[i].status != DN_OK)
            return dn_fail(error, extractor->uncut[i].status, "%s", extractor->uncut[i].message);
    dn_parallel_for(threads, (size_t)count, 1,
                    extractor->on_pixels ? prepare_pixels : prepare_views, &context);
    return DN_OK;
}

/* A view without a tile is of the configured size: it is not made to fit here. */
static dn_status check_sizes(const dn_extractor *extractor, const dn_view *views, int count,
                             dn_error *error) {
    const dn_backbone_shape *shape = &extractor->shape;
    for (int i = 0; i < count; i++)
        if (views[i].tile.width < 1 &&
            (views[i].image->width != shape->width || views[i].image->height != shape->height))
            return dn_fail(
                error, DN_ERROR_ARGUMENT, "extractor: a view of %d x %d pixels, expected %d x %d",
                views[i].image->width, views[i].image->height, shape->width, shape->height);
    return DN_OK;
}

static int is_upright(const dn_view *view) {
    return view->degrees == 0 && view->jitter.count == 0 && !(view->noise > 0);
}

dn_status dn_extractor_run_keeping(dn_extractor *extractor, dn_view *views, int count,
                                   float *features, uint8_t *gates, dn_error *error) {
    DN_TRY(check_count(count, error));
    DN_TRY(check_sizes(extractor, views, count, error));
    DN_TRY(prepare_input(extractor, views, count, error));
    DN_TRY(dn_backbone_forward(extractor->backbone, features, gates, count, error));
    extractor->selected = -1;
    if (is_upright(&views[0]))
        dn_extractor_select_places(extractor, 0);
    return check_features(extractor, features, count, error);
}

dn_status dn_extractor_run(dn_extractor *extractor, dn_view *views, int count, float *features,
                           dn_error *error) {
    return dn_extractor_run_keeping(extractor, views, count, features, NULL, error);
}

/* ---- places ---- */

dn_status dn_extractor_keep_places(dn_extractor *extractor, dn_error *error) {
    if (extractor->averaged)
        return DN_OK;
    const dn_place_grid grid = dn_place_grid_of(&extractor->shape);
    int images = extractor->tiling.is_on ? DN_EXTRACTOR_BATCH : 1;
    DN_TRY(dn_backbone_keep_places(extractor->backbone, images, error));
    DN_TRY(dn_allocate_floats(&extractor->places,
                              dn_place_grid_places(&grid) * (size_t)grid.channels, error));
    return dn_allocate_floats(&extractor->averaged, dn_place_grid_largest_map(&extractor->shape),
                              error);
}

dn_place_grid dn_extractor_place_grid(const dn_extractor *extractor) {
    return dn_place_grid_of(&extractor->shape);
}

void dn_extractor_select_places(dn_extractor *extractor, int view) {
    if (!extractor->averaged || extractor->selected == view)
        return;
    const dn_place_grid grid = dn_place_grid_of(&extractor->shape);
    extractor->selected = view;
    dn_place_grid_fill(&grid, extractor->backbone, view, extractor->places, extractor->averaged,
                       extractor->compute->threads);
}

const float *dn_extractor_places(const dn_extractor *extractor) {
    return extractor->places;
}

/* ---- gradients ---- */

dn_status dn_extractor_prepare_gradients(dn_extractor *extractor, dn_error *error) {
    if (extractor->gradient)
        return DN_OK;
    return dn_backbone_gradient_create(extractor->compute, extractor->weights, &extractor->shape,
                                       extractor->compute->products, &extractor->gradient, error);
}

size_t dn_extractor_gate_count(const dn_extractor *extractor) {
    return dn_backbone_gates(&extractor->shape);
}

dn_status dn_extractor_backward(dn_extractor *extractor, float *dpixels, const float *dfeatures,
                                const uint8_t *gates, int count, dn_error *error) {
    return dn_backbone_gradient_run(extractor->gradient, dpixels, dfeatures, gates, count, error);
}
