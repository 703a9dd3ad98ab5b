#include "program.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <regex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static program result;

static int status_of(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

int wait_for(pid_t child) {
    int status;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            fail_msg("waitpid: %s", strerror(errno));
    return status_of(status);
}

static void read_back(FILE *stream, char *text, size_t size) {
    rewind(stream);
    size_t count = fread(text, 1, size - 1, stream);
    text[count] = '\0';
    fclose(stream);
}

static _Noreturn void become_program(const char *command) {
    char line[4096];
    snprintf(line, sizeof line, "exec %s %s", DN_PROGRAM, command);
    execl("/bin/sh", "sh", "-c", line, (char *)NULL);
    _exit(99);
}

static FILE *filled_file(const char *text) {
    FILE *stream = tmpfile();
    if (text)
        fputs(text, stream);
    fflush(stream);
    rewind(stream);
    return stream;
}

const program *run(const char *command, const char *input) {
    FILE *in = filled_file(input), *out = filled_file(NULL), *err = filled_file(NULL);
    pid_t child = fork();
    if (child == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(out), 1);
        dup2(fileno(err), 2);
        become_program(command);
    }
    result.status = wait_for(child);
    fclose(in);
    read_back(out, result.out, sizeof result.out);
    read_back(err, result.err, sizeof result.err);
    return &result;
}

const program *run_on_terminal(const char *command) {
    int terminal, side;
    FILE *out = filled_file(NULL);
    size_t length = 0;
    if (openpty(&terminal, &side, NULL, NULL, NULL) != 0)
        return NULL;
    pid_t child = fork();
    if (child == 0) {
        dup2(fileno(out), 1);
        dup2(side, 2);
        close(terminal);
        close(side);
        become_program(command);
    }
    close(side);
    for (ssize_t count = 1; count > 0 && length < sizeof result.err - 1; length += (size_t)count) {
        count = read(terminal, result.err + length, sizeof result.err - 1 - length);
        if (count < 0)
            count = 0; /* EIO: the program has closed its side */
    }
    result.err[length] = '\0';
    close(terminal);
    result.status = wait_for(child);
    read_back(out, result.out, sizeof result.out);
    return &result;
}

const program *run_unread(const char *command) {
    int ends[2];
    FILE *err = filled_file(NULL);
    if (pipe(ends) != 0)
        fail_msg("pipe: %s", strerror(errno));
    close(ends[0]);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], 1);
        dup2(fileno(err), 2);
        become_program(command);
    }
    close(ends[1]);
    result.status = wait_for(child);
    result.out[0] = '\0';
    read_back(err, result.err, sizeof result.err);
    return &result;
}

pid_t start(const char *command, const char *log) {
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        int descriptor = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int nowhere = open("/dev/null", O_RDWR);
        dup2(nowhere, 0);
        dup2(nowhere, 1);
        dup2(descriptor, 2);
        become_program(command);
    }
    return child;
}

void assert_says(const char *text, const char *part) {
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in:\n%s", part, text);
}

void assert_silent(const char *text, const char *part) {
    if (strstr(text, part))
        fail_msg("\"%s\" is in:\n%s", part, text);
}

int count_of(const char *text, const char *part) {
    int count = 0;
    for (const char *found = text; (found = strstr(found, part)); found++)
        count++;
    return count;
}

const char *without_times(const char *text) {
    static char copy[1 << 17];
    regex_t time;
    regmatch_t found;
    size_t length = 0;
    if (regcomp(&time, "20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-9:]{8}[.][0-9]{3}Z", REG_EXTENDED) != 0)
        fail_msg("regcomp");
    for (; regexec(&time, text, 1, &found, 0) == 0; text += found.rm_eo)
        length += (size_t)snprintf(copy + length, sizeof copy - length, "%.*sTIME",
                                   (int)found.rm_so, text);
    snprintf(copy + length, sizeof copy - length, "%s", text);
    regfree(&time);
    return copy;
}
