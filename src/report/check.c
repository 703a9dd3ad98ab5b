#include "report/check.h"

#include "base/text.h"
#include "config/number.h"
#include "report/json.h"
#include "report/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_FILES = 5, SHOWN_SIZES = 5, MESSAGE = 1024 };

/* ---- JSON ------------------------------------------------------------------------------------ */

static void add_folders(dn_json *json, cJSON *object, const dn_checked_class *class) {
    cJSON *array = dn_json_array(json, object, "folders");
    for (size_t i = 0; i < class->folder_count; i++) {
        const dn_check_folder *folder = &class->folders[i];
        cJSON *item = dn_json_item(json, array);
        dn_json_text(json, item, "split", dn_split_name(folder->split));
        dn_json_text(json, item, "defect", folder->defect);
        dn_json_number(json, item, "gt_label", folder->label);
        dn_json_count(json, item, "images", folder->images);
        dn_json_count(json, item, "unreadable", folder->unreadable);
        dn_json_count(json, item, "masks", folder->masks);
    }
}

static void add_sizes(dn_json *json, cJSON *object, const dn_checked_class *class) {
    cJSON *array = dn_json_array(json, object, "sizes");
    for (size_t i = 0; i < class->size_count; i++) {
        cJSON *item = dn_json_item(json, array);
        dn_json_number(json, item, "width", class->sizes[i].width);
        dn_json_number(json, item, "height", class->sizes[i].height);
        dn_json_count(json, item, "images", class->sizes[i].count);
    }
}

static void add_kinds(dn_json *json, cJSON *object, const dn_checked_class *class) {
    cJSON *array = dn_json_array(json, object, "formats");
    for (size_t i = 0; i < class->kind_count; i++) {
        const dn_image_kind *kind = &class->kinds[i].kind;
        cJSON *item = dn_json_item(json, array);
        dn_json_text(json, item, "format", kind->format);
        dn_json_text(json, item, "mode", kind->mode[0] ? kind->mode : NULL);
        dn_json_number(json, item, "bits", kind->bits);
        dn_json_count(json, item, "images", class->kinds[i].count);
    }
}

static const char *const level_sources[] = {"none", "given", "file", "found"};

static void add_levels(dn_json *json, cJSON *object, const dn_checked_class *class) {
    const dn_levels_survey *levels = &class->levels;
    if (levels->deep == 0)
        return;
    cJSON *item = dn_json_object(json, object, "levels");
    dn_json_text(json, item, "source", level_sources[levels->source]);
    dn_json_number(json, item, "black", levels->range.black);
    dn_json_number(json, item, "white", levels->range.white);
    dn_json_number(json, item, "bits", levels->most_bits);
    dn_json_count(json, item, "images", levels->deep);
    dn_json_number(json, item, "lowest_sample", levels->lowest);
    dn_json_number(json, item, "highest_sample", levels->highest);
    dn_json_number(json, item, "outside", levels->outside);
}

static void add_spreads(dn_json *json, cJSON *object, const dn_checked_class *class) {
    cJSON *spreads = dn_json_object(json, object, "train_good");
    for (dn_property i = 0; i < DN_PROPERTIES && class->has_spreads; i++) {
        cJSON *item = dn_json_object(json, spreads, dn_property_name(i));
        dn_json_number(json, item, "median", class->spreads[i].median);
        dn_json_number(json, item, "quantile_05", class->spreads[i].quantile_05);
        dn_json_number(json, item, "quantile_95", class->spreads[i].quantile_95);
        dn_json_number(json, item, "low", class->spreads[i].low);
        dn_json_number(json, item, "high", class->spreads[i].high);
    }
}

static void add_finding(dn_json *json, cJSON *array, const dn_finding *finding) {
    cJSON *item = dn_json_item(json, array);
    dn_json_text(json, item, "finding", finding->rule->name);
    dn_json_text(json, item, "severity", finding->rule->fix ? "fix" : "look");
    dn_json_text(json, item, "what", finding->rule->title);
    dn_json_text(json, item, "about", finding->about);
    dn_json_text(json, item, "remedy", finding->rule->remedy);
    cJSON *files = dn_json_array(json, item, "files");
    for (size_t i = 0; i < finding->count; i++) {
        cJSON *file = dn_json_item(json, files);
        dn_json_text(json, file, "path", finding->files[i].name);
        dn_json_text(json, file, "detail", finding->files[i].detail);
    }
}

static void add_class(dn_json *json, cJSON *array, const dn_checked_class *class,
                      const dn_report_estimate *estimate) {
    cJSON *object = dn_json_item(json, array);
    dn_json_text(json, object, "class", class->name);
    dn_json_count(json, object, "images", class->images);
    add_folders(json, object, class);
    add_sizes(json, object, class);
    add_kinds(json, object, class);
    add_levels(json, object, class);
    dn_json_number(json, object, "roi_share",
                   class->roi_share > 0 ? class->roi_share : (double)NAN);
    add_spreads(json, object, class);
    if (estimate)
        dn_report_add_estimate(json, object, estimate);
    cJSON *findings = dn_json_array(json, object, "findings");
    for (size_t i = 0; i < class->finding_count; i++)
        add_finding(json, findings, &class->findings[i]);
}

static dn_status check_json(const dn_check_report *check, const dn_report_estimate *estimates,
                            char **text, dn_error *error) {
    dn_json json = dn_json_begin();
    dn_json_text(&json, json.root, "dataset_path", check->root);
    dn_json_count(&json, json.root, "to_fix", check->to_fix);
    dn_json_count(&json, json.root, "to_look_at", check->to_look_at);
    cJSON *classes = dn_json_array(&json, json.root, "classes");
    for (size_t i = 0; i < check->count; i++)
        add_class(&json, classes, &check->classes[i], estimates ? &estimates[i] : NULL);
    return dn_json_take(&json, 1, text, error);
}

/* ---- Text ------------------------------------------------------------------------------------ */

/* File names may hold any byte: control characters become ?, bytes that are not UTF-8 U+FFFD. */
static void append_plain(dn_text *text, const char *bytes) {
    char line[MESSAGE];
    snprintf(line, sizeof line, "%s", bytes);
    dn_flatten(line);
    dn_utf8_append(text, line);
}

static void append_folders(dn_text *text, const dn_checked_class *class) {
    for (size_t i = 0; i < class->folder_count; i++) {
        const dn_check_folder *folder = &class->folders[i];
        dn_text_append(text, "  %7zu  %s/", folder->images, dn_split_name(folder->split));
        append_plain(text, folder->defect);
        if (folder->masks > 0)
            dn_text_append(text, ", %zu with a mask", folder->masks);
        if (folder->unreadable > 0)
            dn_text_append(text, ", %zu unreadable", folder->unreadable);
        dn_text_append(text, "\n");
    }
}

static void append_sizes(dn_text *text, const dn_checked_class *class) {
    if (class->size_count == 0)
        return;
    dn_text_append(text, "  sizes    ");
    for (size_t i = 0; i < class->size_count && i < SHOWN_SIZES; i++)
        dn_text_append(text, "%s%d x %d (%zu)", i ? ", " : "", class->sizes[i].width,
                       class->sizes[i].height, class->sizes[i].count);
    if (class->size_count > SHOWN_SIZES)
        dn_text_append(text, " and %zu more", class->size_count - SHOWN_SIZES);
    dn_text_append(text, "\n");
}

static void append_kinds(dn_text *text, const dn_checked_class *class) {
    if (class->kind_count == 0)
        return;
    dn_text_append(text, "  formats  ");
    for (size_t i = 0; i < class->kind_count; i++) {
        const dn_image_kind *kind = &class->kinds[i].kind;
        dn_text_append(text, "%s%s %s", i ? ", " : "", kind->format, kind->mode);
        if (kind->bits > 0)
            dn_text_append(text, " of %d bits", kind->bits);
        dn_text_append(text, " (%zu)", class->kinds[i].count);
    }
    dn_text_append(text, "\n");
}

static void append_roi(dn_text *text, const dn_checked_class *class) {
    char share[DN_NUMBER_SIZE];
    if (!(class->roi_share > 0))
        return;
    dn_number_print_fixed(share, 100 * class->roi_share, 1);
    dn_text_append(text, "  roi      %s %% of the picture counts\n", share);
}

/* Bits that samples from 0 to `highest` need; 0 if samples are negative or not whole numbers. */
static int used_bits(const dn_levels_survey *levels) {
    int bits = 0;
    if (levels->lowest < 0 || levels->highest != floor(levels->highest))
        return 0;
    while (bits < 64 && ldexp(1, bits) <= levels->highest)
        bits++;
    return bits;
}

static void append_levels(dn_text *text, const dn_checked_class *class) {
    static const char *const origins[] = {"", "given", "as the files say", "found on train/"};
    const dn_levels_survey *levels = &class->levels;
    int used = used_bits(levels);
    if (levels->deep == 0)
        return;
    dn_text_append(text, "  depth    %d bits in %zu of train/", levels->most_bits, levels->deep);
    if (used > 0 && used < levels->most_bits)
        dn_text_append(text, ", %d of them used", used);
    dn_text_append(text, ", samples from %g to %g: levels %.15g:%.15g, %s\n", levels->lowest,
                   levels->highest, levels->range.black, levels->range.white,
                   origins[levels->source]);
}

/* The ranges that nine of ten images of train/good lie in. */
static void append_spreads(dn_text *text, const dn_checked_class *class) {
    char low[DN_NUMBER_SIZE], high[DN_NUMBER_SIZE];
    if (!class->has_spreads)
        return;
    dn_text_append(text, "  usual    ");
    for (dn_property i = DN_PROPERTY_BRIGHTNESS; i < DN_PROPERTIES; i++) {
        dn_number_print_fixed(low, class->spreads[i].quantile_05, dn_property_decimals(i));
        dn_number_print_fixed(high, class->spreads[i].quantile_95, dn_property_decimals(i));
        dn_text_append(text, "%s%s %s to %s", i > DN_PROPERTY_BRIGHTNESS ? ", " : "",
                       dn_property_name(i), low, high);
    }
    dn_text_append(text, "\n");
}

static void append_files(dn_text *text, const dn_finding *finding) {
    for (size_t i = 0; i < finding->count && i < SHOWN_FILES; i++) {
        const dn_finding_file *file = &finding->files[i];
        /* Messages of image readers begin with the path. */
        int says_path = file->detail && strstr(file->detail, file->name);
        dn_text_append(text, "      ");
        if (!says_path)
            append_plain(text, file->name);
        if (file->detail) {
            dn_text_append(text, "%s", says_path ? "" : ": ");
            append_plain(text, file->detail);
        }
        dn_text_append(text, "\n");
    }
    if (finding->count > SHOWN_FILES)
        dn_text_append(text, "      and %zu more (all of them: --json)\n",
                       finding->count - SHOWN_FILES);
}

static void append_finding(dn_text *text, const dn_finding *finding) {
    dn_text_append(text, "  %s: %s", finding->rule->fix ? "fix" : "look", finding->rule->title);
    if (finding->about) {
        dn_text_append(text, ": ");
        append_plain(text, finding->about);
    } else if (finding->count > 0) {
        dn_text_append(text, ": %zu", finding->count);
    }
    dn_text_append(text, "\n");
    append_files(text, finding);
    dn_text_append(text, "      -> %s\n", finding->rule->remedy);
}

static void append_lack(dn_text *text, const dn_report_need *need, const char *what) {
    char line[256];
    if (dn_report_lack(need, what, line, sizeof line))
        dn_text_append(text, "           not enough: %s\n", line);
}

static void append_estimate(dn_text *text, const dn_report_estimate *estimate) {
    char line[256];
    if (!estimate->known)
        return;
    dn_report_estimate_line(estimate, line, sizeof line);
    dn_text_append(text, "  training %s\n", line);
    if (estimate->tiles.side > 0) {
        dn_report_tiles_line(&estimate->tiles, line, sizeof line);
        dn_text_append(text, "  tiles    %s\n", line);
    }
    dn_report_machines_table(&estimate->machines, text);
    append_lack(text, &estimate->memory, "memory");
    append_lack(text, &estimate->results, "disk for results");
    append_lack(text, &estimate->cache, "disk for the cache");
}

static void append_class(dn_text *text, const dn_check_report *check, const dn_checked_class *class,
                         const dn_report_estimate *estimate) {
    append_plain(text, check->root);
    if (class->name[0]) {
        dn_text_append(text, "%s", check->root[strlen(check->root) - 1] == '/' ? "" : "/");
        append_plain(text, class->name);
    }
    dn_text_append(text, "\n");
    append_folders(text, class);
    append_sizes(text, class);
    append_kinds(text, class);
    append_levels(text, class);
    append_roi(text, class);
    append_spreads(text, class);
    if (estimate)
        append_estimate(text, estimate);
    for (size_t i = 0; i < class->finding_count; i++)
        append_finding(text, &class->findings[i]);
    dn_text_append(text, "\n");
}

static dn_status check_text(const dn_check_report *check, const dn_report_estimate *estimates,
                            char **taken, dn_error *error) {
    dn_text text = {0};
    for (size_t i = 0; i < check->count; i++)
        append_class(&text, check, &check->classes[i], estimates ? &estimates[i] : NULL);
    if (check->to_fix + check->to_look_at == 0)
        dn_text_append(&text, "nothing to fix\n");
    else
        dn_text_append(&text, "%zu to fix, %zu to look at\n", check->to_fix, check->to_look_at);
    return dn_text_take(&text, taken, error);
}

dn_status dn_report_check(const dn_check_report *check, const dn_report_estimate *estimates,
                          int json, char **text, dn_error *error) {
    return json ? check_json(check, estimates, text, error)
                : check_text(check, estimates, text, error);
}
