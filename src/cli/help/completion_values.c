#include "cli/help/completion_values.h"

#include <string.h>

/* "a|b|c" or "a, b, c", printed as "a b c". */
static void print_words(FILE *stream, const char *values) {
    for (; *values; values++)
        if (*values == '|')
            fputc(' ', stream);
        else if (*values != ',')
            fputc(*values, stream);
}

/* NULL where any text may stand. */
static const char *values_of(const dn_option *option, const dn_verb *verb) {
    if (option == &dn_options[DN_OPTION_FORMAT])
        return verb->bit == DN_VERB_EXPORT    ? "pytorch|safetensors|onnx"
               : verb->bit == DN_VERB_ARCHIVE ? "json|csv"
                                              : "json|csv|table";
    if (option == &dn_options[DN_OPTION_THRESHOLD_RULE])
        return "conformal|target_tpr|f1_max|youden";
    return option->argument && strchr(option->argument, '|') ? option->argument : NULL;
}

/* A key's comment ends with its range: "(auto, cpu, cuda)" and "(true or false)" list values,
 * "(off, auto, or a side of ...)" begins with some, "(0 to 1)" and "(may be empty)" do not. Writes
 * them to `values`; returns 0 if there are none. */
static int find_key_values(const dn_config_key *key, char values[128]) {
    const char *open = strrchr(key->comment, '(');
    size_t length = open ? strcspn(open + 1, ")") : 0;
    if (length == 0 || length >= 128)
        return 0;
    snprintf(values, 128, "%.*s", (int)length, open + 1);
    if (strcmp(values, "true or false") == 0) {
        snprintf(values, 128, "true, false");
        return 1;
    }
    char *rest = strstr(values, ", or ");
    if (rest)
        *rest = '\0';
    else if (!strchr(values, ','))
        return 0;
    for (const char *blank = values; (blank = strchr(blank, ' ')); blank++)
        if (blank[-1] != ',')
            return 0;
    return 1;
}

/* --set and -s */
static void print_keys(FILE *stream) {
    const dn_config_key *key;
    for (size_t i = 0; (key = dn_config_key_at(i)); i++)
        fprintf(stream, " %s=", key->name);
}

static void print_bash_option(FILE *stream, const dn_verb *verb, const dn_option *option) {
    const char *values = values_of(option, verb);
    if (!values || !(option->verbs & verb->bit))
        return;
    fprintf(stream, "    %s:--%s|%s:=--%s) words='", verb->name, option->name, verb->name,
            option->name);
    print_words(stream, values);
    fputs("' ;;\n", stream);
}

void dn_completion_bash_values(FILE *stream) {
    char values[128];
    const dn_config_key *key;
    for (size_t i = 0; i < DN_VERB_COUNT; i++)
        for (size_t k = 0; k < DN_OPTION_COUNT; k++)
            print_bash_option(stream, &dn_verbs[i], &dn_options[k]);
    fputs("    *:--set|*:-s) compopt -o nospace 2>/dev/null\n        words='", stream);
    print_keys(stream);
    fputs("' ;;\n", stream);
    for (size_t i = 0; (key = dn_config_key_at(i)); i++)
        if (find_key_values(key, values)) {
            fprintf(stream, "    *:=%s) words='", key->name);
            print_words(stream, values);
            fputs("' ;;\n", stream);
        }
}

static void print_zsh_option(FILE *stream, const dn_verb *verb, const dn_option *option) {
    const char *values = values_of(option, verb);
    if (!values || !(option->verbs & verb->bit))
        return;
    fprintf(stream, "    %s:--%s) compadd -- ", verb->name, option->name);
    print_words(stream, values);
    fputs("; return ;;\n", stream);
}

static void print_zsh_keys(FILE *stream) {
    char values[128];
    const dn_config_key *key;
    fputs("    *:--set|*:-s)\n        if [[ $PREFIX != *=* ]]; then compadd -S '' --", stream);
    print_keys(stream);
    fputs("; return; fi\n        local key=${PREFIX%%=*}\n        compset -P '*='\n"
          "        case $key in\n",
          stream);
    for (size_t i = 0; (key = dn_config_key_at(i)); i++)
        if (find_key_values(key, values)) {
            fprintf(stream, "        %s) compadd -- ", key->name);
            print_words(stream, values);
            fputs(" ;;\n", stream);
        }
    fputs("        esac\n        return ;;\n", stream);
}

void dn_completion_zsh_values(FILE *stream) {
    for (size_t i = 0; i < DN_VERB_COUNT; i++)
        for (size_t k = 0; k < DN_OPTION_COUNT; k++)
            print_zsh_option(stream, &dn_verbs[i], &dn_options[k]);
    print_zsh_keys(stream);
}
