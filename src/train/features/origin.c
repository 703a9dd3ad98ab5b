#include "train/features/origin.h"

#include "base/program.h"
#include "image/formats/decoders.h"

#include <stdio.h>

_Static_assert((int)DN_PROGRAM_TEXT <= (int)DN_ORIGIN_TEXT &&
                   (int)DN_DECODERS_TEXT <= (int)DN_ORIGIN_TEXT,
               "a fact holds the texts of base/ and image/");

void dn_origin_of(const dn_compute *compute, dn_origin_fact facts[DN_ORIGIN_FACTS]) {
    static const char *const names[DN_ORIGIN_FACTS] = {"program", "decoders", "compute",
                                                       "instructions", "precision"};
    const dn_backend *backend = compute->backend;
    const char *products = compute->products == DN_ELEMENT_BF16 ? "bf16" : "f32";
    for (int i = 0; i < DN_ORIGIN_FACTS; i++)
        facts[i].name = names[i];
    dn_describe_program(facts[0].text);
    dn_describe_decoders(facts[1].text);
    snprintf(facts[2].text, DN_ORIGIN_TEXT, "%s, %s", backend->name, backend->version());
    snprintf(facts[3].text, DN_ORIGIN_TEXT, "%s", backend->instructions());
    snprintf(facts[4].text, DN_ORIGIN_TEXT, "%s, products in %s",
             dn_precision_name(compute->precision), products);
}
