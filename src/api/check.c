#include "check/check.h"

#include "config/config.h"
#include "report/check.h"

dn_status dn_check(const dn_config *config, const char *class_name, const dn_observer *observer,
                   int json, char **text, size_t *to_mend, dn_error *error) {
    dn_check_report report;
    *text = NULL;
    DN_TRY(dn_check_run(config, class_name, observer, &report, error));
    if (to_mend)
        *to_mend = report.to_mend;
    dn_status status = dn_report_check(&report, json, text, error);
    dn_check_free(&report);
    return status;
}
