#include "station/base/text.h"
#include "station/sinks/courier.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

dn_status dn_read_secret(const char *path, char **secret, dn_error *error) {
    char line[1024];
    struct stat found;
    FILE *stream = fopen(path, "re");
    *secret = NULL;
    if (!stream || fstat(fileno(stream), &found) != 0 || !fgets(line, sizeof line, stream)) {
        if (stream)
            fclose(stream);
        return dn_station_fail(error, DN_ERROR_IO, "%.300s: cannot read", path);
    }
    fclose(stream);
    if (found.st_mode & 077)
        return dn_station_fail(error, DN_ERROR_CONFIG,
                               "%.300s: others must not read it (chmod 600)", path);
    line[strcspn(line, "\r\n")] = '\0';
    *secret = dn_station_copy(line, strlen(line));
    explicit_bzero(line, sizeof line);
    return *secret ? DN_OK : dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
}
