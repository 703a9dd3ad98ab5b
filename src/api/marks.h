/* Where the scores of the report's hardest images come from: their maps, made when the page is. */
#ifndef DN_API_MARKS_H
#define DN_API_MARKS_H

#include "api/evaluate.h"

typedef struct dn_marking {
    const dn_outcome *outcome;
    dn_localizer *localizer; /* NULL before the first image */
    float *features;
    int failed;  /* and told so, once */
    int stopped; /* the observer asked for it: the page is written without further maps */
    size_t done;
} dn_marking;

/* A dn_report_mark whose user is a dn_marking. */
int dn_mark_sample(void *marking, const dn_report_sample *sample, dn_report_marks *marks);
void dn_marking_destroy(dn_marking *marking);

#endif
