#include "report/time.h"

#include <stdio.h>
#include <time.h>

int dn_time_print(char text[DN_TIME_SIZE], int64_t milliseconds) {
    const int64_t year_10000 = INT64_C(253402300800000);
    struct tm parts;
    time_t seconds = (time_t)(milliseconds / 1000);
    text[0] = '\0';
    if (milliseconds <= 0 || milliseconds >= year_10000 || !gmtime_r(&seconds, &parts))
        return 0;
    size_t length = strftime(text, DN_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, DN_TIME_SIZE - length, ".%03dZ", (int)(milliseconds % 1000));
    return 1;
}
