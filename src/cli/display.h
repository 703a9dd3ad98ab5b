/* Progress and messages on stderr: a bar with rate and remaining time on a terminal, one plain line
 * per step otherwise. */
#ifndef DN_CLI_DISPLAY_H
#define DN_CLI_DISPLAY_H

#include "differnet_tools.h"

enum { DN_STAGES = DN_STAGE_REPORT + 1 };

/* Times and counts of one stage. */
typedef struct dn_stage_clock {
    int running;
    double start, shown; /* seconds: its first report, and the report shown last */
    size_t done, last;   /* counts: at its start, and in its last report */
} dn_stage_clock;

typedef struct dn_display {
    int terminal, quiet;
    int silent;    /* another process speaks for this one */
    int verbose;   /* configuration: a line per sub epoch, or the loss in the bar */
    int inner_bar; /* configuration: the images of the current sub epoch in the bar */
    int bar_width; /* columns of the bar on the screen; 0: no bar */
    size_t sub_epochs_done;
    dn_stage_clock clocks[DN_STAGES];
} dn_display;

/* `config` (may be NULL) says how much to show. */
void dn_display_init(dn_display *display, int quiet, const dn_config *config);

/* The callbacks of a dn_observer whose user is the display. The first cancels after an interrupt.
 */
int dn_display_progress(void *user, const dn_progress *progress);
void dn_display_message(void *user, dn_severity severity, const char *message);

/* Removes the bar from the screen: call it before writing anything else. */
void dn_display_clear(dn_display *display);

#endif
