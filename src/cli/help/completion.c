/* Shell completion, made from the tables of verbs and options. */
#include "cli/help/completion_values.h"
#include "cli/usage.h"
#include "cli/verbs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void print_verb(FILE *stream, const dn_verb *verb);

static void for_verbs(FILE *stream, print_verb *print) {
    for (size_t i = 0; i < DN_VERB_COUNT; i++)
        print(stream, &dn_verbs[i]);
}

/* The pattern of a case branch. */
static void print_pattern(FILE *stream, const dn_verb *verb) {
    fprintf(stream, "    %s%s%s) ", verb->name, verb->alias ? "|" : "",
            verb->alias ? verb->alias : "");
}

static void print_name(FILE *stream, const dn_verb *verb) {
    fprintf(stream, " %s", verb->name);
}

static void print_bash_options(FILE *stream, const dn_verb *verb) {
    print_pattern(stream, verb);
    fputs("words='", stream);
    for (size_t i = 0; i < DN_OPTION_COUNT; i++)
        if (dn_options[i].verbs & verb->bit)
            fprintf(stream, " --%s", dn_options[i].name);
    fputs("' ;;\n", stream);
}

/* Completes verbs, values of options and of keys, options after a dash, and files otherwise. bash
 * takes = for a word of its own. */
static void print_bash(FILE *stream) {
    fputs("# bash completion of differnet; written by differnet --completion bash\n"
          "_differnet() {\n"
          "    local word=${COMP_WORDS[COMP_CWORD]} words= verbs='",
          stream);
    for_verbs(stream, print_name);
    fputs("'\n    if [ \"$COMP_CWORD\" = 1 ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$verbs help --help --version\" -- "
          "\"$word\")\n        return\n    fi\n"
          "    local before=${COMP_WORDS[COMP_CWORD - 1]}\n"
          "    if [ \"$word\" = = ]; then\n        word= before==$before\n"
          "    elif [ \"$before\" = = ]; then\n"
          "        before==${COMP_WORDS[COMP_CWORD - 2]}\n    fi\n"
          "    case ${COMP_WORDS[1]}:$before in\n"
          "    help:*) words=$verbs ;;\n",
          stream);
    dn_completion_bash_values(stream);
    fputs("    esac\n    if [ -n \"$words\" ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
          "        return\n    fi\n"
          "    if [ \"${word:0:1}\" != - ]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n        return\n    fi\n"
          "    case ${COMP_WORDS[1]} in\n",
          stream);
    for_verbs(stream, print_bash_options);
    fputs("    esac\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n}\n"
          "complete -o filenames -F _differnet differnet\n",
          stream);
}

/* 'name:description' between single quotes. */
static void print_described(FILE *stream, const char *dashes, const char *name,
                            const char *description) {
    fprintf(stream, " '%s%s:", dashes, name);
    for (; *description; description++)
        if (*description == '\'')
            fputs("'\\''", stream);
        else
            fputc(*description, stream);
    fputs("'", stream);
}

static void print_zsh_verb(FILE *stream, const dn_verb *verb) {
    print_described(stream, "", verb->name, verb->summary);
}

static void print_zsh_options(FILE *stream, const dn_verb *verb) {
    print_pattern(stream, verb);
    fputs("choices=(", stream);
    for (size_t i = 0; i < DN_OPTION_COUNT; i++)
        if (dn_options[i].verbs & verb->bit)
            print_described(stream, "--", dn_options[i].name, dn_options[i].help);
    fputs(" ) ;;\n", stream);
}

static void print_zsh(FILE *stream) {
    fputs("#compdef differnet\n# zsh completion; written by differnet --completion zsh\n"
          "local -a choices\nif (( CURRENT == 2 )); then\n    choices=(",
          stream);
    for_verbs(stream, print_zsh_verb);
    fputs(" )\n    _describe verb choices\n    return\nfi\ncase $words[2]:$words[CURRENT-1] in\n",
          stream);
    dn_completion_zsh_values(stream);
    fputs("esac\nif [[ $PREFIX == -* ]]; then\n    case $words[2] in\n", stream);
    for_verbs(stream, print_zsh_options);
    fputs("    esac\n    _describe option choices\nelse\n    _files\nfi\n", stream);
}

dn_status dn_completion_text(const char *shell, char **text, dn_error *error) {
    size_t size = 0;
    int bash = strcmp(shell, "bash") == 0;
    *text = NULL;
    if (!bash && strcmp(shell, "zsh") != 0)
        return dn_usage(error, "--completion \"%.40s\": expected bash or zsh", shell);
    FILE *stream = open_memstream(text, &size);
    if (!stream)
        return dn_out_of_memory(error);
    if (bash)
        print_bash(stream);
    else
        print_zsh(stream);
    if (fclose(stream) == 0)
        return DN_OK;
    free(*text);
    *text = NULL;
    return dn_out_of_memory(error);
}
