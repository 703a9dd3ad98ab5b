#include "metrics/student.h"

#include <math.h>

/* P(|T| > t) for whole degrees of freedom n, with cos^2 a = n / (n + t^2): the finite series of
 * Abramowitz and Stegun, 26.7.3 and 26.7.4, gives P(|T| <= t). */
static double within(int freedom, double t) {
    double cosine_squared = freedom / (freedom + t * t), sine = t / sqrt(freedom + t * t);
    int odd = freedom % 2;
    double term = odd ? sqrt(cosine_squared) : 1, sum = freedom == 1 ? 0 : term;
    for (int k = odd ? 3 : 2; k <= freedom - 2; k += 2) {
        term *= cosine_squared * (k - 1) / k;
        sum += term;
    }
    if (!odd)
        return sine * sum;
    return M_2_PI * (atan(t / sqrt(freedom)) + sine * sum);
}

double dn_student_quantile(int freedom, double tail) {
    double low = 0, high = 1;
    while (within(freedom, high) < 1 - 2 * tail && high < 1e300)
        high *= 2;
    for (int i = 0; i < 200 && low < high; i++) {
        double middle = low + (high - low) / 2;
        if (middle <= low || middle >= high)
            break;
        if (within(freedom, middle) < 1 - 2 * tail)
            low = middle;
        else
            high = middle;
    }
    return high;
}
