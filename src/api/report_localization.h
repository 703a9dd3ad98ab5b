/* Where the scores of the report's hardest images come from: their maps, made when the page is. */
#ifndef DN_API_REPORT_LOCALIZATION_H
#define DN_API_REPORT_LOCALIZATION_H

#include "inspect/inspector.h"
#include "report/report.h"

typedef struct dn_report_localizer {
    dn_inspector *inspector;     /* the caller's, as the observer */
    const dn_observer *observer; /* DN_STAGE_REPORT before each map */
    int failed;                  /* a map could not be made: the observer was told, once */
    int stopped; /* the observer asked for it: the page is written without further maps */
    size_t done;
} dn_report_localizer;

/* A dn_report_localize whose user is a dn_report_localizer. */
int dn_localize_report_sample(void *localizer, dn_image *picture, dn_report_localization *found);

#endif
