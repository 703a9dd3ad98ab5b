/* Folders that hold what this program wrote. A marker file in them says so, so that maps and
 * overlays are never taken for pictures to score. */
#ifndef DN_BASE_OUTPUT_FOLDER_H
#define DN_BASE_OUTPUT_FOLDER_H

#include "base/error.h"

#define DN_OUTPUT_MARKER ".differnet-results"

/* Creates a folder and its parents, and marks it. One that exists and holds other files already
 * stays as it is: it may hold the user's pictures. DN_ERROR_IO. */
dn_status dn_output_folder_make(const char *path, dn_error *error);

/* Whether the open folder holds the marker; dn_is_output_folder of differnet_tools.h lives here
 * too.
 */
int dn_output_folder_holds_marker(int descriptor);

#endif
