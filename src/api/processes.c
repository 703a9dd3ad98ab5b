#include "api/processes.h"

#include "inspect/model.h"
#include "train/features/origin.h"

dn_status dn_processes_compute_alike(dn_group *group, const dn_compute *compute, dn_error *error) {
    dn_origin_fact facts[DN_ORIGIN_FACTS];
    if (!group)
        return DN_OK;
    dn_origin_of(compute, facts);
    for (int i = 0; i < DN_ORIGIN_FACTS; i++)
        DN_TRY(dn_group_same(group, facts[i].name, facts[i].text, error));
    return DN_OK;
}

dn_status dn_group_model(dn_group *group, dn_model *model, dn_error *error) {
    dn_inspector *inspector;
    if (!group)
        return DN_OK;
    dn_status acquired = dn_model_acquire(model, NULL, &inspector, error);
    dn_status status = dn_group_agree(group, acquired, error);
    if (status == DN_OK)
        status = dn_group_same(group, "model", dn_model_id(model), error);
    if (status == DN_OK)
        status = dn_processes_compute_alike(group, inspector->compute, error);
    if (acquired == DN_OK)
        dn_model_release(model, inspector);
    return status;
}
