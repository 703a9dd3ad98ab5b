/* A check whose pictures are shared: by the processes of a group, or in parts. */
#ifndef DN_API_PARTS_CHECK_SHARE_H
#define DN_API_PARTS_CHECK_SHARE_H

#include "base/digest.h"
#include "check/share.h"
#include "group/group.h"
#include "parts/part.h"

/* At most one of group, part and parts is not NULL. */
typedef struct dn_check_work {
    dn_group *group;
    dn_part *part;         /* receives the records of its share */
    const dn_parts *parts; /* hold all records */
    dn_digest *names;      /* of the pictures so far, with `parts` */
    dn_check_share share;  /* for dn_check_run; points to this work */
} dn_check_work;

dn_status dn_check_work_begin(dn_check_work *work, dn_error *error);

/* After dn_check_run, with its status. DN_ERROR_DATA if the parts are of other pictures, or the
 * processes have seen other classes. Always call it. */
dn_status dn_check_work_end(dn_check_work *work, dn_status own, dn_error *error);

#endif
