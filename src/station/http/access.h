/* Who may do what: tokens from a file, and a limit on guesses by address. Thread-safe. */
#ifndef DN_STATION_HTTP_ACCESS_H
#define DN_STATION_HTTP_ACCESS_H

#include "differnet.h"

typedef enum dn_role { DN_ROLE_NONE, DN_ROLE_READ, DN_ROLE_INSPECT, DN_ROLE_ADMIN } dn_role;

typedef struct dn_access dn_access;

/* `token_file` "": there are no tokens, and everybody is ADMIN. The file must belong to its owner
 * alone (mode 0600); its lines are "read|inspect|admin TOKEN", tokens have at least 16 characters.
 * After `most_failures` wrong tokens in a minute an address is not looked at until it is over.
 */
dn_status dn_access_create(const char *token_file, int most_failures, dn_access **access,
                           dn_error *error);
void dn_access_destroy(dn_access *self);

/* Takes the tokens of `next`, which is destroyed. */
void dn_access_replace(dn_access *self, dn_access *next);

typedef enum dn_access_answer {
    DN_ACCESS_GIVEN,
    DN_ACCESS_REFUSED,
    DN_ACCESS_LIMITED
} dn_access_answer;

/* `authorization`: the header, NULL if there is none. LIMITED: too many wrong tokens came from this
 * address in the last minute, and none is looked at. */
dn_access_answer dn_access_ask(dn_access *self, const char *authorization, const char *address,
                               dn_role *role);

#endif
