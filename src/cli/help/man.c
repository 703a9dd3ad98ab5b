#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>

/* Escapes a text for roff: backslashes, requests at the start of a line, dashes that can be copied.
 */
static void print_escaped(FILE *stream, const char *text) {
    if (*text == '.' || *text == '\'')
        fputs("\\&", stream);
    for (; *text; text++)
        if (*text == '\\')
            fputs("\\e", stream);
        else if (*text == '-')
            fputs("\\-", stream);
        else
            fputc(*text, stream);
}

static void print_field(FILE *stream, const char *before, const char *text, const char *after) {
    fputs(before, stream);
    print_escaped(stream, text);
    fputs(after, stream);
}

static void print_verbs(FILE *stream) {
    fputs(".SH VERBS\n", stream);
    for (size_t i = 0; i < DN_VERB_COUNT; i++) {
        const dn_verb *verb = &dn_verbs[i];
        print_field(stream, ".TP\n\\fB", verb->name, "\\fR");
        print_field(stream, " \\fI", verb->operands, "\\fR\n");
        print_field(stream, "", verb->summary, ".\n");
        if (verb->alias)
            print_field(stream, "Also called \\fB", verb->alias, "\\fR.\n");
        if (verb->details)
            print_field(stream, "", verb->details, "\n");
    }
}

static void print_takers(FILE *stream, const dn_option *option) {
    const char *separator = "(";
    if (option->verbs == DN_VERB_ALL)
        return;
    for (size_t i = 0; i < DN_VERB_COUNT; i++)
        if (option->verbs & dn_verbs[i].bit) {
            fprintf(stream, "%s%s", separator, dn_verbs[i].name);
            separator = ", ";
        }
    fputs(")\n", stream);
}

static void print_options(FILE *stream) {
    fputs(".SH OPTIONS\n", stream);
    for (size_t i = 0; i < DN_OPTION_COUNT; i++) {
        const dn_option *option = &dn_options[i];
        fputs(".TP\n", stream);
        if (option->letter)
            fprintf(stream, "\\fB\\-%c\\fR, ", option->letter);
        print_field(stream, "\\fB\\-\\-", option->name, "\\fR");
        if (option->argument)
            print_field(stream, " \\fI", option->argument, "\\fR");
        print_field(stream, "\n", option->help, "\n");
        print_takers(stream, option);
    }
}

static void print_keys(FILE *stream) {
    fputs(".SH CONFIGURATION\nKeys of the YAML file that \\fB\\-\\-config\\fR reads and of "
          "\\fB\\-\\-set\\fR, with their defaults.\n",
          stream);
    const dn_config_key *key;
    for (size_t i = 0; (key = dn_config_key_at(i)); i++) {
        print_field(stream, ".TP\n\\fB", key->name, "\\fR: ");
        print_field(stream, "", key->default_value, "\n");
        print_field(stream, "", key->comment, "\n");
    }
}

static void print_rest(FILE *stream) {
    fputs(".SH EXIT STATUS\n.TP\n0\nDone.\n.TP\n1\nA run\\-time failure; the message on standard "
          "error begins with \\(lqdiffernet:\\(rq.\n.TP\n2\nWrong usage or configuration.\n"
          ".TP\n3\n\\fBpredict \\-\\-fail\\-on\\fR found an image that is FAIL.\n"
          ".TP\n4\n\\fBpredict \\-\\-fail\\-on review\\fR found one that is REVIEW, and none "
          "that is FAIL.\n"
          ".TP\n130\nInterrupted by Ctrl\\-C (143: by SIGTERM).\n"
          ".SH EXAMPLES\n.nf\ndiffernet train \\-\\-data parts \\-\\-class screw\n"
          "differnet predict model.safetensors photos/ > scores.jsonl\n"
          "find photos \\-name \\(aq*.png\\(aq | differnet predict model.safetensors \\-\n.fi\n",
          stream);
}

char *dn_man_text(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    fprintf(stream,
            ".TH DIFFERNET 1 \"\" \"differnet %s\" \"User Commands\"\n"
            ".SH NAME\ndiffernet \\- defect detection with normalizing flows\n"
            ".SH SYNOPSIS\n.B differnet\n\\fIVERB\\fR [\\fIOPTION\\fR]... "
            "[\\fIARGUMENT\\fR]...\n"
            ".SH DESCRIPTION\nLearns from images of good parts what good looks like, and scores "
            "how far other images are from it. Results go to standard output, progress and "
            "messages to standard error.\n",
            dn_version());
    print_verbs(stream);
    print_options(stream);
    print_keys(stream);
    print_rest(stream);
    if (fclose(stream) == 0)
        return text;
    free(text);
    return NULL;
}
