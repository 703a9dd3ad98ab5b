#include "cli/usage.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* NULL if memory ran out. */
static char *close_text(FILE *stream, char **text) {
    if (fclose(stream) == 0)
        return *text;
    free(*text);
    return NULL;
}

char *dn_help_text(void) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    fprintf(stream, "Usage: differnet VERB [OPTION]... [ARGUMENT]...\n"
                    "Defect detection with normalizing flows (DifferNet).\n\nVerbs:\n");
    for (size_t i = 0; i < DN_VERB_COUNT; i++)
        fprintf(stream, "  %-10s %-24s %s\n", dn_verbs[i].name, dn_verbs[i].operands,
                dn_verbs[i].summary);
    fprintf(stream, "\n  --help     this help; differnet help VERB for a verb's options\n"
                    "  --version  the version\n\n"
                    "Exit status: 0 done; 1 failure; 2 wrong usage or configuration; 3 predict\n"
                    "--fail-on found a FAIL; 4 --fail-on review found a REVIEW and no FAIL.\n");
    return close_text(stream, &text);
}

/* Wraps a paragraph at 80 columns. */
static void print_wrapped(FILE *stream, const char *paragraph) {
    size_t column = 0;
    while (*paragraph) {
        size_t length = strcspn(paragraph, " ");
        if (column > 0 && column + 1 + length > 80) {
            fputc('\n', stream);
            column = 0;
        }
        fprintf(stream, "%s%.*s", column > 0 ? " " : "", (int)length, paragraph);
        column += length + (column > 0);
        paragraph += length + (paragraph[length] == ' ');
    }
    fputc('\n', stream);
}

static void print_option(FILE *stream, const dn_option *option) {
    char names[64], letter[8] = "    ";
    if (option->letter)
        snprintf(letter, sizeof letter, "-%c, ", option->letter);
    snprintf(names, sizeof names, "%s--%s%s%s", letter, option->name, option->argument ? " " : "",
             option->argument ? option->argument : "");
    fprintf(stream, "  %-35s %s\n", names, option->help);
}

char *dn_verb_help_text(const dn_verb *verb) {
    char *text = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&text, &size);
    if (!stream)
        return NULL;
    fprintf(stream, "Usage: differnet %s [OPTION]...%s%s\n", verb->name, *verb->operands ? " " : "",
            verb->operands);
    fprintf(stream, "%c%s.\n", verb->summary[0] - 'a' + 'A', verb->summary + 1);
    if (verb->alias)
        fprintf(stream, "Also called \"%s\".\n", verb->alias);
    if (verb->details) {
        fputc('\n', stream);
        print_wrapped(stream, verb->details);
    }
    fprintf(stream, "\nOptions:\n");
    for (size_t i = 0; i < DN_OPTION_COUNT; i++)
        if (dn_options[i].verbs & verb->bit)
            print_option(stream, &dn_options[i]);
    return close_text(stream, &text);
}
