/* Maps of the images that the report shows; made while the page is written. */
#ifndef DN_API_REPORT_LOCALIZATION_H
#define DN_API_REPORT_LOCALIZATION_H

#include "inspect/inspector.h"
#include "report/report.h"

typedef struct dn_report_localizer {
    dn_inspector *inspector;     /* the caller's, as the observer */
    const dn_observer *observer; /* DN_STAGE_REPORT before each map */
    int failed;                  /* a map failed and the observer was warned: no more maps */
    int stopped;                 /* the observer asked to stop: no more maps */
    size_t done;
} dn_report_localizer;

/* A dn_report_localize whose user is a dn_report_localizer. */
int dn_localize_report_sample(void *localizer, const dn_report_sample *sample, dn_image *picture,
                              dn_report_localization *found);

#endif
