#include "station/http/access.h"

#include "station/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MOST_TOKENS = 64,
    LEAST_TOKEN = 16,
    TOKEN_SIZE = 257,
    ADDRESSES = 256, /* remembered; the one that failed longest ago makes room */
    WINDOW_SECONDS = 60
};

typedef struct token {
    dn_role role;
    char text[TOKEN_SIZE];
} token;

typedef struct guesser {
    char address[64];
    double since, last; /* when the window began; the last wrong token */
    int failures;
} guesser;

struct dn_access {
    pthread_mutex_t lock;
    token tokens[MOST_TOKENS];
    size_t token_count;
    int is_open; /* there is no token file */
    int most_failures;
    guesser guessers[ADDRESSES];
};

/* ---- the file ---- */

static dn_status take_line(dn_access *self, const char *path, int number, const char *line,
                           dn_error *error) {
    static const char *const roles[] = {"", "read", "inspect", "admin"};
    char role[16], text[TOKEN_SIZE], more[2];
    if (line[strspn(line, " \t\r\n")] == '\0' || line[0] == '#')
        return DN_OK;
    if (sscanf(line, "%15s %256s %1s", role, text, more) == 2 && strlen(text) >= LEAST_TOKEN)
        for (int i = DN_ROLE_READ; i <= DN_ROLE_ADMIN; i++)
            if (strcmp(role, roles[i]) == 0 && self->token_count < MOST_TOKENS) {
                token *next = &self->tokens[self->token_count++];
                next->role = (dn_role)i;
                memcpy(next->text, text, sizeof text);
                return DN_OK;
            }
    return dn_station_fail(error, DN_ERROR_CONFIG,
                           "%.300s:%d: expected read, inspect or admin, and a token of %d to %d "
                           "characters; at most %d lines",
                           path, number, LEAST_TOKEN, TOKEN_SIZE - 1, MOST_TOKENS);
}

static dn_status read_lines(dn_access *self, const char *path, FILE *stream, dn_error *error) {
    char line[512];
    dn_status status = DN_OK;
    for (int number = 1; status == DN_OK && fgets(line, sizeof line, stream); number++)
        status = take_line(self, path, number, line, error);
    if (status == DN_OK && ferror(stream))
        status = dn_station_fail(error, DN_ERROR_IO, "%.300s: cannot read", path);
    if (status == DN_OK && self->token_count == 0)
        status = dn_station_fail(error, DN_ERROR_CONFIG, "%.300s: holds no token", path);
    return status;
}

static dn_status read_tokens(dn_access *self, const char *path, dn_error *error) {
    struct stat found;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0 || fstat(descriptor, &found) != 0) {
        dn_station_fail(error, DN_ERROR_IO, "%.300s: cannot open: %s", path, strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return DN_ERROR_IO;
    }
    FILE *stream = fdopen(descriptor, "r");
    if (!stream) {
        close(descriptor);
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    }
    dn_status status =
        found.st_mode & 077
            ? dn_station_fail(error, DN_ERROR_CONFIG,
                              "%.300s: has mode %03o: others must not read tokens (chmod 600)",
                              path, (unsigned)found.st_mode & 0777)
            : read_lines(self, path, stream, error);
    fclose(stream);
    return status;
}

dn_status dn_access_create(const char *token_file, int most_failures, dn_access **access,
                           dn_error *error) {
    dn_access *self = calloc(1, sizeof *self);
    *access = NULL;
    if (!self)
        return dn_station_fail(error, DN_ERROR_MEMORY, "out of memory");
    pthread_mutex_init(&self->lock, NULL);
    self->is_open = !*token_file;
    self->most_failures = most_failures;
    dn_status status = self->is_open ? DN_OK : read_tokens(self, token_file, error);
    if (status == DN_OK)
        *access = self;
    else
        dn_access_destroy(self);
    return status;
}

void dn_access_destroy(dn_access *self) {
    if (!self)
        return;
    pthread_mutex_destroy(&self->lock);
    explicit_bzero(self->tokens, sizeof self->tokens);
    free(self);
}

void dn_access_replace(dn_access *self, dn_access *next) {
    pthread_mutex_lock(&self->lock);
    memcpy(self->tokens, next->tokens, sizeof self->tokens);
    self->token_count = next->token_count;
    self->is_open = next->is_open;
    self->most_failures = next->most_failures;
    pthread_mutex_unlock(&self->lock);
    dn_access_destroy(next);
}

/* ---- guesses ---- */

static guesser *find_guesser(dn_access *self, const char *address) {
    guesser *oldest = &self->guessers[0];
    for (size_t i = 0; i < ADDRESSES; i++) {
        guesser *one = &self->guessers[i];
        if (strcmp(one->address, address) == 0)
            return one;
        if (one->last < oldest->last)
            oldest = one;
    }
    return oldest;
}

static int is_limited(dn_access *self, const char *address, double now) {
    const guesser *one = find_guesser(self, address);
    return strcmp(one->address, address) == 0 && one->failures >= self->most_failures &&
           now - one->since < WINDOW_SECONDS;
}

static void note_failure(dn_access *self, const char *address, double now) {
    guesser *one = find_guesser(self, address);
    if (strcmp(one->address, address) != 0 || now - one->since >= WINDOW_SECONDS) {
        *one = (guesser){.since = now};
        snprintf(one->address, sizeof one->address, "%s", address);
    }
    one->failures++;
    one->last = now;
}

/* All tokens are compared, so that the time does not tell which one was close. */
static dn_role role_of(const dn_access *self, const char *text) {
    dn_role role = DN_ROLE_NONE;
    for (size_t i = 0; i < self->token_count; i++)
        if (dn_same_secret(self->tokens[i].text, text) && self->tokens[i].role > role)
            role = self->tokens[i].role;
    return role;
}

dn_access_answer dn_access_ask(dn_access *self, const char *authorization, const char *address,
                               dn_role *role) {
    double now = dn_steady_seconds();
    dn_access_answer answer = DN_ACCESS_GIVEN;
    *role = DN_ROLE_NONE;
    pthread_mutex_lock(&self->lock);
    if (self->is_open)
        *role = DN_ROLE_ADMIN;
    else if (is_limited(self, address, now))
        answer = DN_ACCESS_LIMITED;
    else if (authorization) {
        int is_bearer = strncasecmp(authorization, "Bearer ", 7) == 0;
        *role = is_bearer ? role_of(self, authorization + 7) : DN_ROLE_NONE;
        if (*role == DN_ROLE_NONE)
            note_failure(self, address, now);
    }
    if (answer == DN_ACCESS_GIVEN && *role == DN_ROLE_NONE)
        answer = DN_ACCESS_REFUSED;
    pthread_mutex_unlock(&self->lock);
    return answer;
}
