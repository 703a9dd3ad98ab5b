/* The folder of the feature banks: where it is by default, and how room is made in it. */
#ifndef DN_BANK_CACHE_FOLDER_H
#define DN_BANK_CACHE_FOLDER_H

#include "base/error.h"

/* Files with this ending count towards the limit and may be removed. */
#define DN_BANK_SUFFIX ".bank"

/* `wanted`; if that is empty, $XDG_CACHE_HOME/differnet or $HOME/.cache/differnet. */
dn_status dn_cache_folder(const char *wanted, char *folder, size_t size, dn_error *error);

/* Makes room for `bytes` more in `folder` under `limit`: removes the banks that were used longest
 * ago, but never the one named `own`. DN_ERROR_IO if that does not make enough room. */
dn_status dn_cache_make_room(const char *folder, const char *own, uint64_t bytes, uint64_t limit,
                             dn_error *error);

#endif
