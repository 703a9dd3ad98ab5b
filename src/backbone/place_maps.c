/* Maps of the network that a detector for places reads. */
#include "backbone/parts.h"
#include "base/memory.h"

dn_status dn_backbone_keep_places(dn_backbone *backbone, int images, dn_error *error) {
    const dn_network *network = backbone->shape.network;
    if (backbone->place_images > 0)
        return DN_OK;
    for (int s = 0; s < backbone->shape.scales; s++)
        for (int i = 0; i < network->step_count; i++) {
            const dn_plan_step *step = &backbone->scales[s].plan.step[i];
            float **places = &backbone->scales[s].places[i];
            size_t values = (size_t)step->height * (size_t)step->width * (size_t)step->channels;
            if (s < network->steps[i].places && !*places)
                DN_TRY(dn_allocate_floats(places, (size_t)images * values, error));
        }
    backbone->place_images = images;
    return DN_OK;
}

static int step_reads(const dn_network *network, int s, int i) {
    return s < network->steps[i].places;
}

/* Finds scale and step of map number `index`; 0 past the last. */
static int find_map(const dn_backbone_shape *shape, int index, int *scale, int *step) {
    for (int s = 0; s < shape->scales; s++)
        for (int i = 0; i < shape->network->step_count; i++)
            if (step_reads(shape->network, s, i) && index-- == 0) {
                *scale = s;
                *step = i;
                return 1;
            }
    return 0;
}

int dn_backbone_places_shape(const dn_backbone_shape *shape, int index, dn_backbone_map *map) {
    const dn_plan_options options = {.element = DN_ELEMENT_F32};
    int s, i;
    dn_plan plan;
    if (!find_map(shape, index, &s, &i))
        return 0;
    dn_plan_make(shape, s, &options, &plan); /* extents are the same in every precision */
    const dn_plan_step *step = &plan.step[i];
    *map = (dn_backbone_map){NULL, step->height, step->width, step->channels};
    return 1;
}

int dn_backbone_places_at(const dn_backbone *backbone, int image, int index, dn_backbone_map *map) {
    int s, i;
    if (!find_map(&backbone->shape, index, &s, &i))
        return 0;
    const dn_plan_step *step = &backbone->scales[s].plan.step[i];
    size_t values = (size_t)step->height * (size_t)step->width * (size_t)step->channels;
    *map = (dn_backbone_map){backbone->scales[s].places[i] + (size_t)image * values, step->height,
                             step->width, step->channels};
    return 1;
}
