/*
 * t(N) = shared * s(N) + step + steps * g(N) + rest
 *
 * s(N) = ceil(pictures / N) / pictures, because a batch is shared by pictures; g(N), two gathers,
 * of states and of features: 2 ceil(log2 N) hops, and the bytes of the others on this machine's
 * link.
 */
#include "report/machines.h"

#include <math.h>

enum { SHOWN = 32, MOST = 1024 };

double dn_machines_gather(const dn_report_machines *model, size_t count) {
    if (count < 2)
        return 0;
    double hops = 2 * ceil(log2((double)count));
    double others = model->bytes * (double)(count - 1) / (double)count;
    return hops * model->link.latency + 8 * others / model->link.bits;
}

static double share_of(const dn_report_machines *model, size_t count) {
    size_t pictures = model->pictures > 0 ? model->pictures : 1;
    size_t largest = (pictures + count - 1) / count;
    return (double)largest / (double)pictures;
}

double dn_machines_time(const dn_report_machines *model, size_t count) {
    return model->shared * share_of(model, count) + model->step +
           model->steps * dn_machines_gather(model, count) + model->rest;
}

size_t dn_machines_worth(const dn_report_machines *model) {
    size_t worth = 1;
    double one = dn_machines_time(model, 1);
    for (size_t n = 2; n <= MOST; n++)
        if (one >= dn_machines_time(model, n) * (double)n / 2)
            worth = n;
    return worth;
}

size_t dn_machines_fastest(const dn_report_machines *model) {
    size_t fastest = 1;
    for (size_t n = 2; n <= MOST; n++)
        if (dn_machines_time(model, n) < dn_machines_time(model, fastest))
            fastest = n;
    return fastest;
}

void dn_report_machines_table(const dn_report_machines *model, dn_text *text) {
    char link[DN_LINK_TEXT];
    if (!model->known)
        return;
    dn_link_print(&model->link, link);
    dn_text_append(
        text,
        "  machines over %s, seconds of the whole training\n"
        "           pictures      steps     gather  the first      total   times as fast\n",
        link);
    for (size_t n = 1; n <= SHOWN; n *= 2) {
        double total = dn_machines_time(model, n);
        dn_text_append(text, "  %7zu %10.1f %10.1f %10.1f %10.1f %10.1f %10.1f\n", n,
                       model->shared * share_of(model, n), model->step,
                       model->steps * dn_machines_gather(model, n), model->rest, total,
                       dn_machines_time(model, 1) / total);
    }
    dn_text_append(text,
                   "           beyond %zu each does less than half of what one alone does; "
                   "fastest: %zu\n",
                   dn_machines_worth(model), dn_machines_fastest(model));
}

void dn_report_add_machines(dn_json *json, cJSON *object, const dn_report_machines *model) {
    char link[DN_LINK_TEXT];
    if (!model->known)
        return;
    dn_link_print(&model->link, link);
    cJSON *item = dn_json_object(json, object, "machines");
    dn_json_text(json, item, "link", link);
    dn_json_count(json, item, "worth", dn_machines_worth(model));
    dn_json_count(json, item, "fastest", dn_machines_fastest(model));
    cJSON *rows = dn_json_array(json, item, "times");
    for (size_t n = 1; n <= SHOWN; n *= 2) {
        cJSON *row = dn_json_item(json, rows);
        dn_json_count(json, row, "machines", n);
        dn_json_number(json, row, "pictures_seconds", model->shared * share_of(model, n));
        dn_json_number(json, row, "steps_seconds", model->step);
        dn_json_number(json, row, "gather_seconds", model->steps * dn_machines_gather(model, n));
        dn_json_number(json, row, "first_seconds", model->rest);
        dn_json_number(json, row, "seconds", dn_machines_time(model, n));
    }
}
