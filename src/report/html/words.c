/* What rules, sources and sections are called on the page. */
#include "report/html/html.h"

#include <string.h>

typedef struct rule_words {
    const char *rule, *name, *sentence;
} rule_words;

static const rule_words rules[] = {
    {"conformal", "limit good parts rejected",
     "it rejects at most the agreed share of good parts, judged by good pictures that training has "
     "not seen"},
    {"target_tpr", "find a share of the defects",
     "it finds the agreed share of the labelled defective pictures"},
    {"f1_max", "balance both errors",
     "it balances missed defects and false alarms on labelled pictures (largest F1)"},
    {"youden", "largest difference",
     "the share of defects found minus the share of good parts rejected is as large as possible"},
    {"manual", "set by hand", "somebody set it by hand"},
};

static const rule_words *words_of(const char *rule) {
    for (size_t i = 0; rule && i < sizeof rules / sizeof *rules; i++)
        if (strcmp(rules[i].rule, rule) == 0)
            return &rules[i];
    return NULL;
}

const char *dn_html_rule_name(const char *rule) {
    const rule_words *words = words_of(rule);
    return words ? words->name : NULL;
}

const char *dn_html_rule_sentence(const char *rule) {
    const rule_words *words = words_of(rule);
    return words ? words->sentence : NULL;
}

const char *dn_html_source(const char *source) {
    static const struct {
        const char *source, *words;
    } sources[] = {
        {"validate", "the pictures in validate/, which training has not seen"},
        {"val_fraction", "a part of train/good/ that was kept out of training"},
        {"cross_fit", "train/good/, each picture scored by a model that had not seen it"},
        {"calibrate", "the pictures given to <code>differnet calibrate</code>"},
        {"test", "the pictures of this test"},
    };
    for (size_t i = 0; source && i < sizeof sources / sizeof *sources; i++)
        if (strcmp(sources[i].source, source) == 0)
            return sources[i].words;
    return NULL;
}

size_t dn_html_total(const dn_verdict_counts *counts) {
    return counts->pass + counts->review + counts->fail;
}

void dn_html_fold(dn_text *page, const char *title) {
    dn_text_append(page, "<section class=\"fold\"><details><summary><h2>%s</h2></summary>\n",
                   title);
}

void dn_html_unfold(dn_text *page) {
    dn_text_append(page, "</details></section>\n");
}
