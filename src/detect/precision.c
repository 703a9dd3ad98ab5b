#include "detect/precision.h"

#include "base/observer.h"

#include <stdio.h>

dn_precision dn_precision_wanted(const dn_config *config) {
    dn_precision named = dn_precision_of(config->precision);
    return named < DN_PRECISIONS ? named : DN_PRECISION_F32;
}

void dn_tell_precision(const dn_observer *observer, dn_precision wanted, dn_precision real) {
    if (real != wanted)
        dn_tell(observer, DN_WARNING,
                "precision: this processor has no instructions for %s; computing in %s",
                dn_precision_name(wanted), dn_precision_name(real));
}

int dn_precision_differs(dn_precision trained, dn_precision real,
                         char text[DN_PRECISION_DOUBT_TEXT]) {
    const char *from = dn_precision_name(trained), *to = dn_precision_name(real);
    if (trained == real)
        return 0;
    snprintf(text, DN_PRECISION_DOUBT_TEXT,
             "trained in %s and scored in %s: scores differ from those of the training, and "
             "defects are found less well; score with --precision %s, or train with --precision %s",
             from, to, from, to);
    return 1;
}

dn_status dn_precision_open(const dn_config *config, dn_precision wanted,
                            const dn_observer *observer, dn_compute *compute, dn_error *error) {
    DN_TRY(dn_compute_open_in(config->compute, wanted, config->threads, compute, error));
    dn_tell_precision(observer, wanted, compute->precision);
    return DN_OK;
}
