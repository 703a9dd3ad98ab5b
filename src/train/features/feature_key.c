#include "train/features/feature_key.h"

#include "base/text.h"
#include "train/features/origin.h"

/* Raise it when a change to decoding, resizing, rotating, the network or the bank's layout changes
 * any number in a bank. */
#define FEATURE_FORMAT 3

static void write_origin(dn_text *text, const dn_feature_origin *origin) {
    dn_origin_fact facts[DN_ORIGIN_FACTS];
    dn_origin_of(origin->compute, facts);
    for (int i = 0; i < DN_ORIGIN_FACTS; i++)
        dn_text_append(text, "%s: %s\n", facts[i].name, facts[i].text);
}

static void write_backbone(dn_text *text, const dn_feature_origin *origin) {
    char digest[DN_DIGEST_LENGTH + 1];
    const dn_backbone_weights *backbone = origin->backbone;
    dn_text_append(text, "backbone: %s, weights %s", backbone->network->name, backbone->digest);
    if (origin->compute->precision == DN_PRECISION_INT8) {
        dn_digest_bytes(&backbone->steps.step, sizeof backbone->steps.step, digest);
        dn_text_append(text, ", activation steps %s", digest);
    }
    dn_text_append(text, "\n");
}

static void write_images(dn_text *text, const dn_extractor *extractor, const dn_config *config) {
    const double *mean = config->norm_mean, *std = config->norm_std;
    const dn_roi *roi = dn_extractor_roi(extractor);
    dn_text_append(text,
                   "images: %d x %d, %d scales, mean %.17g %.17g %.17g, std %.17g %.17g %.17g\n",
                   config->img_size[0], config->img_size[1], config->n_scales, mean[0], mean[1],
                   mean[2], std[0], std[1], std[2]);
    dn_text_append(text, "roi: %s\n", roi ? roi->digest : "none");
}

/* Without tiles nothing is written, so that banks of older versions are used. */
static void write_tiles(dn_text *text, const dn_tiling *tiling) {
    if (tiling->is_on)
        dn_text_append(text, "tiles: overlap %.17g, scale %.17g\n", tiling->overlap, tiling->scale);
}

/* Only deep pictures depend on them; but a bank may hold some. */
static void write_levels(dn_text *text, const dn_levels *levels) {
    char range[64] = "whole";
    if (levels->kind == DN_LEVELS_SET)
        dn_levels_print(levels->range, range);
    dn_text_append(text, "levels: %s\n", range);
}

static void write_views(dn_text *text, const dn_views *views) {
    const dn_config *config = views->config;
    if (views->kind == DN_VIEWS_EVEN)
        dn_text_append(text, "views: even %d\n", views->count);
    else
        dn_text_append(text,
                       "views: spread %d, rotations %d, brightness %.17g, contrast %.17g, "
                       "saturation %.17g, noise %.17g\n",
                       views->count, config->transf_rotations, config->transf_brightness,
                       config->transf_contrast, config->transf_saturation, config->add_img_noise);
}

dn_status dn_feature_key(const dn_extractor *extractor, const dn_views *views,
                         const dn_feature_origin *origin, char **key, dn_error *error) {
    const uint16_t order = 1;
    dn_text text = {0};
    dn_text_append(&text, "differnet features %d, f32 of %zu dimensions, %s-endian\n",
                   FEATURE_FORMAT, dn_extractor_dimensions(extractor),
                   *(const uint8_t *)&order ? "little" : "big");
    write_origin(&text, origin);
    write_backbone(&text, origin);
    write_images(&text, extractor, views->config);
    write_tiles(&text, dn_extractor_tiling(extractor));
    write_levels(&text, dn_extractor_levels(extractor));
    write_views(&text, views);
    return dn_text_take(&text, key, error);
}
