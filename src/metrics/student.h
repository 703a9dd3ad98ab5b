/* Student's t distribution. */
#ifndef DN_METRICS_STUDENT_H
#define DN_METRICS_STUDENT_H

/* The t with P(T > t) = tail for `freedom` >= 1 whole degrees of freedom, 0 < tail < 0.5
 * (scipy.stats.t.isf). Thread-safe. */
double dn_student_quantile(int freedom, double tail);

#endif
