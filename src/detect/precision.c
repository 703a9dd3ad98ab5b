#include "detect/precision.h"

#include "base/observer.h"

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

dn_status dn_precision_open(const dn_config *config, dn_precision wanted,
                            const dn_observer *observer, dn_compute *compute, dn_error *error) {
    DN_TRY(dn_compute_open_in(config->compute, wanted, config->threads, compute, error));
    dn_tell_precision(observer, wanted, compute->precision);
    return DN_OK;
}
