/* The folder of feature banks: where it is by default, and room in it. */
#ifndef DN_BANK_CACHE_FOLDER_H
#define DN_BANK_CACHE_FOLDER_H

#include "base/error.h"

/* Files of the folder whose names end so count, and may be removed. */
#define DN_BANK_SUFFIX ".bank"

/* `wanted`, or where that is empty $XDG_CACHE_HOME/differnet or $HOME/.cache/differnet. */
dn_status dn_cache_folder(const char *wanted, char *folder, size_t size, dn_error *error);

/* Makes room for `bytes` more in `folder` under `limit`: removes the banks that were used longest
 * ago, never the one named `own`. DN_ERROR_IO when there is no room still. */
dn_status dn_cache_make_room(const char *folder, const char *own, uint64_t bytes, uint64_t limit,
                             dn_error *error);

#endif
