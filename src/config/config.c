#include "config/config.h"

#include "base/file.h"
#include "base/memory.h"
#include "config/keys.h"
#include "config/link.h"
#include "config/number.h"
#include "config/yaml.h"

#include <stdio.h>
#include <string.h>

enum { MAX_FILE_BYTES = 1 << 20, LARGEST_BANK = 1024, MOST_TOP_TILES = 1000 };

_Static_assert((int)DN_KEY_COUNT <= (int)DN_CONFIG_MOST_KEYS, "more keys than dn_config can mark");

/* Far below what a float holds, so that differences of levels stay finite. */
static const double LARGEST_LEVEL = 1e30;

static dn_status set_value(struct dn_config *config, const dn_key *key, const char *text,
                           dn_error *error) {
    dn_value value;
    dn_status status = dn_yaml_read_value(key->key.name, text, strlen(text), &value, error);
    if (status == DN_OK)
        status = dn_value_store(&value, key, "", config, error);
    dn_value_destroy(&value);
    return status;
}

static dn_status set_defaults(struct dn_config *config, dn_error *error) {
    for (size_t i = 0; i < DN_KEY_COUNT; i++)
        DN_TRY(set_value(config, &dn_keys[i], dn_keys[i].key.default_value, error));
    return DN_OK;
}

dn_status dn_config_create(dn_config **config, dn_error *error) {
    void *block;
    *config = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof **config, error));
    dn_status status = set_defaults(block, error);
    if (status == DN_OK)
        *config = block;
    else
        dn_release(block);
    return status;
}

void dn_config_destroy(dn_config *config) {
    dn_release(config);
}

void dn_config_share(dn_config *config, dn_group *group) {
    config->group = group;
}

dn_status dn_config_copy(const dn_config *config, dn_config **copy, dn_error *error) {
    void *block;
    *copy = NULL;
    DN_TRY(dn_allocate(&block, 1, sizeof **copy, error));
    *copy = memcpy(block, config, sizeof *config);
    return DN_OK;
}

static dn_status find_key(const char *name, const char *where, const dn_key **key,
                          dn_error *error) {
    *key = dn_key_find(name);
    if (*key)
        return DN_OK;
    const char *nearest = dn_key_nearest(name);
    char excerpt[DN_EXCERPT_SIZE];
    dn_value_excerpt(excerpt, name);
    return dn_fail(error, DN_ERROR_CONFIG, "%sunknown key \"%s\"%s%s%s", where, excerpt,
                   nearest ? ": did you mean \"" : "; `differnet config` lists all keys",
                   nearest ? nearest : "", nearest ? "\"?" : "");
}

typedef struct parse_state {
    struct dn_config config; /* copied to the caller once the whole text is valid */
    const char *name;
    unsigned char seen[DN_KEY_COUNT];
} parse_state;

static dn_status take_pair(void *user, const char *name, const dn_value *value, size_t line,
                           dn_error *error) {
    parse_state *parsing = user;
    const dn_key *key;
    char where[400];
    snprintf(where, sizeof where, "%.300s:%zu: ", parsing->name, line);
    DN_TRY(find_key(name, where, &key, error));
    parsing->config.given[key - dn_keys] = 1;
    if (parsing->seen[key - dn_keys]++)
        return dn_fail(error, DN_ERROR_CONFIG, "%skey \"%s\" appears twice", where, name);
    return dn_value_store(value, key, where, &parsing->config, error);
}

dn_status dn_config_parse(dn_config *config, const char *name, const char *yaml, size_t size,
                          dn_error *error) {
    parse_state parsing = {.config = *config, .name = name};
    DN_TRY(dn_yaml_read_pairs(name, yaml, size, take_pair, &parsing, error));
    *config = parsing.config;
    return DN_OK;
}

dn_status dn_config_load(dn_config *config, const char *path, dn_error *error) {
    uint8_t *data;
    size_t size;
    DN_TRY(dn_file_read(path, MAX_FILE_BYTES, &data, &size, error));
    dn_status status = dn_config_parse(config, path, (const char *)data, size, error);
    dn_release(data);
    return status;
}

dn_status dn_config_set(dn_config *config, const char *name, const char *value, dn_error *error) {
    const dn_key *key;
    DN_TRY(find_key(name, "", &key, error));
    DN_TRY(set_value(config, key, value, error));
    config->given[key - dn_keys] = 1;
    return DN_OK;
}

dn_status dn_config_set_text(dn_config *config, const char *name, const char *text,
                             dn_error *error) {
    const dn_key *key;
    dn_value value = {0};
    DN_TRY(find_key(name, "", &key, error));
    dn_value_add_text(&value, key, text);
    dn_status status = dn_value_store(&value, key, "", config, error);
    dn_value_destroy(&value);
    if (status == DN_OK)
        config->given[key - dn_keys] = 1;
    return status;
}

dn_status dn_config_default(dn_config *config, const char *name, const char *value,
                            dn_error *error) {
    const dn_key *key;
    DN_TRY(find_key(name, "", &key, error));
    return config->given[key - dn_keys] ? DN_OK : set_value(config, key, value, error);
}

dn_status dn_config_get(const dn_config *config, const char *name, char **value, dn_error *error) {
    const dn_key *key;
    dn_text text = {0};
    *value = NULL;
    DN_TRY(find_key(name, "", &key, error));
    dn_value_print(&text, config, key);
    return dn_text_take(&text, value, error);
}

dn_status dn_config_get_text(const dn_config *config, const char *name, char **text,
                             dn_error *error) {
    const dn_key *key;
    dn_text printed = {0};
    *text = NULL;
    DN_TRY(find_key(name, "", &key, error));
    if (dn_key_is_text(key))
        dn_text_append(&printed, "%s", (const char *)config + key->offset);
    else
        dn_value_print(&printed, config, key);
    return dn_text_take(&printed, text, error);
}

int dn_config_is_given(const dn_config *config, const char *name) {
    const dn_key *key = dn_key_find(name);
    return key && config->given[key - dn_keys];
}

static void print_key(dn_text *text, const dn_config *config, const dn_key *key) {
    dn_text_append(text, "# %s\n%s: ", key->key.comment, key->key.name);
    dn_value_print(text, config, key);
    dn_text_append(text, "\n");
}

dn_status dn_config_to_yaml(const dn_config *config, char **yaml, dn_error *error) {
    dn_text text = {0};
    for (size_t i = 0; i < DN_KEY_COUNT; i++)
        print_key(&text, config, &dn_keys[i]);
    return dn_text_take(&text, yaml, error);
}

dn_status dn_config_to_model_yaml(const dn_config *config, char **yaml, dn_error *error) {
    dn_text text = {0};
    for (size_t i = 0; i < DN_KEY_COUNT; i++)
        if (dn_keys[i].scope == DN_KEY_OF_MODEL)
            print_key(&text, config, &dn_keys[i]);
    return dn_text_take(&text, yaml, error);
}

const char *dn_config_next_difference(const dn_config *a, const dn_config *b, size_t *index) {
    while (*index < DN_KEY_COUNT) {
        const dn_key *key = &dn_keys[(*index)++];
        if (key->scope == DN_KEY_OF_MODEL && !dn_value_equal(a, b, key))
            return key->key.name;
    }
    return NULL;
}

const char *dn_config_model_difference(const dn_config *a, const dn_config *b) {
    size_t index = 0;
    return dn_config_next_difference(a, b, &index);
}

void dn_config_take_run(dn_config *config, const dn_config *from) {
    for (size_t i = 0; i < DN_KEY_COUNT; i++)
        if (dn_keys[i].scope == DN_KEY_OF_RUN)
            memcpy((char *)config + dn_keys[i].offset, (const char *)from + dn_keys[i].offset,
                   dn_keys[i].size);
}

/* N for "bank:N" and "even:N", 0 for "random", -1 for anything else. As in a test, evenly spaced
 * rotations without transf_rotations are the upright view alone. */
int dn_config_bank(const dn_config *config) {
    const char *text = config->train_rotations, *colon = strchr(text, ':');
    int count;
    if (strcmp(text, "random") == 0)
        return 0;
    if ((strncmp(text, "bank:", 5) != 0 && !dn_config_trains_evenly(config)) || !colon ||
        !dn_integer_read(colon + 1, &count) || count < 1 || count > LARGEST_BANK)
        return -1;
    return dn_config_trains_evenly(config) && !config->transf_rotations ? 1 : count;
}

int dn_config_trains_evenly(const dn_config *config) {
    return strncmp(config->train_rotations, "even:", 5) == 0;
}

int dn_config_misses_angles(const dn_config *config, int rotations, char text[DN_ANGLES_TEXT]) {
    int trained = dn_config_bank(config);
    if (!dn_config_trains_evenly(config) || rotations < 1 || trained % rotations == 0)
        return 0;
    snprintf(
        text, DN_ANGLES_TEXT,
        "trained at %d evenly spaced rotations, scored at %d: scores at angles that were not "
        "trained are meaningless; use n_transforms_test %d, or train with train_rotations even:%d",
        trained, rotations, trained, rotations);
    return 1;
}

int dn_config_levels(const dn_config *config, double *black, double *white) {
    char first[sizeof config->levels];
    double low, high;
    const char *colon = strchr(config->levels, ':');
    if (strcmp(config->levels, "auto") == 0)
        return 0;
    if (!colon)
        return -1;
    snprintf(first, sizeof first, "%.*s", (int)(colon - config->levels), config->levels);
    if (!dn_number_read(first, &low) || !dn_number_read(colon + 1, &high) || !(low < high) ||
        low < -LARGEST_LEVEL || high > LARGEST_LEVEL)
        return -1;
    *black = low;
    *white = high;
    return 1;
}

int dn_config_tiles(const dn_config *config) {
    const char *text = config->tiles;
    int side;
    if (strcmp(text, "off") == 0)
        return 0;
    if (strcmp(text, "auto") == 0)
        return DN_TILES_AUTO;
    return dn_integer_read(text, &side) && side >= 64 && side <= 2048 ? side : -1;
}

int dn_config_tile_top(const dn_config *config) {
    int top;
    if (strcmp(config->tile_reduction, "max") == 0)
        return 1;
    if (strncmp(config->tile_reduction, "top:", 4) != 0 ||
        !dn_integer_read(config->tile_reduction + 4, &top) || top < 1 || top > MOST_TOP_TILES)
        return -1;
    return top;
}

static dn_status fail_unknown(const char *name, const char *value, dn_error *error) {
    return dn_fail(error, DN_ERROR_CONFIG, "%s: \"%s\" is unknown (expected: %s)", name, value,
                   dn_key_find(name)->range);
}

/* Pictures that need tiles are too large to be decoded again for every batch. */
static dn_status check_tiles(const dn_config *config, dn_error *error) {
    int side = dn_config_tiles(config);
    if (side < 0)
        return fail_unknown("tiles", config->tiles, error);
    if (dn_config_tile_top(config) < 0)
        return fail_unknown("tile_reduction", config->tile_reduction, error);
    if (side > DN_TILES_AUTO && (config->img_size[0] != side || config->img_size[1] != side) &&
        dn_config_is_given(config, "img_size"))
        return dn_fail(
            error, DN_ERROR_CONFIG,
            "tiles %d and img_size [%d, %d]: a tile is what the network sees; set one of "
            "them, and tile_scale for larger or smaller pieces of the picture",
            side, config->img_size[0], config->img_size[1]);
    if (side > 0 && dn_config_bank(config) == 0 && dn_config_is_given(config, "train_rotations"))
        return dn_fail(error, DN_ERROR_CONFIG,
                       "tiles need features that are computed once: set train_rotations to even:N "
                       "or bank:N, not to random");
    return DN_OK;
}

static dn_status check_link(const dn_config *config, dn_error *error) {
    dn_link link;
    if (!config->link[0] || dn_link_read(config->link, &link))
        return DN_OK;
    return fail_unknown("link", config->link, error);
}

static dn_status check_levels(const dn_config *config, dn_error *error) {
    double black, white;
    if (dn_config_levels(config, &black, &white) >= 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_CONFIG, "levels: \"%s\" is unknown (expected: %s)",
                   config->levels, dn_key_find("levels")->range);
}

static dn_status check_bank(const dn_config *config, dn_error *error) {
    int changes_colours = config->transf_brightness > 0 || config->transf_contrast > 0 ||
                          config->transf_saturation > 0 || config->add_img_noise > 0;
    if (dn_config_trains_evenly(config) && changes_colours)
        return dn_fail(error, DN_ERROR_CONFIG,
                       "train_rotations %s trains on the views that are tested, which have neither "
                       "colour jitter nor noise: set bank:N instead, or transf_brightness, "
                       "transf_contrast, transf_saturation and add_img_noise to 0",
                       config->train_rotations);
    if (dn_config_bank(config) >= 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_CONFIG, "train_rotations: \"%s\" is unknown (expected: %s)",
                   config->train_rotations, dn_key_find("train_rotations")->range);
}

/* Below f32 the backbone reads 8-bit pixels (backbone/backbone.h). */
static dn_status check_precision(const dn_config *config, dn_error *error) {
    int on_pixels =
        strcmp(config->precision, "bf16") == 0 || strcmp(config->precision, "int8") == 0;
    if (!on_pixels || !(config->add_img_noise > 0))
        return DN_OK;
    return dn_fail(error, DN_ERROR_CONFIG,
                   "add_img_noise adds to normalised pixels, but with precision %s the network "
                   "reads 8-bit pixels: set precision to f32, or add_img_noise to 0",
                   config->precision);
}

static dn_status check_calibration(const dn_config *config, dn_error *error) {
    if (config->cross_fit == 1)
        return dn_fail(error, DN_ERROR_CONFIG,
                       "cross_fit: 1 fold leaves nothing to train on; set 2 or more, or 0");
    if (config->cross_fit > 0 && config->val_fraction > 0)
        return dn_fail(error, DN_ERROR_CONFIG,
                       "val_fraction and cross_fit both hold training images out: set one of them");
    return DN_OK;
}

dn_status dn_config_check(const dn_config *config, dn_error *error) {
    if (strcmp(config->device, "cuda") == 0)
        return dn_fail(error, DN_ERROR_UNSUPPORTED,
                       "device: cuda is not in this version; set cpu or auto");
    DN_TRY(check_precision(config, error));
    DN_TRY(check_calibration(config, error));
    DN_TRY(check_bank(config, error));
    DN_TRY(check_tiles(config, error));
    DN_TRY(check_link(config, error));
    return check_levels(config, error);
}
