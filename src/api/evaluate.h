/* metrics.json and scores.csv of an evaluation: the same for train and test. */
#ifndef DN_API_EVALUATE_H
#define DN_API_EVALUATE_H

#include "api/engine.h"
#include "detect/evaluation.h"

dn_status dn_write_evaluation(const char *directory, const dn_detector *detector,
                              const dn_evaluation *evaluation, const dn_metrics *metrics,
                              dn_error *error);

#endif
