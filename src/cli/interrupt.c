#include "cli/interrupt.h"

#include <signal.h>
#include <stddef.h>

/* The only kind of variable that a signal handler may write. */
static volatile sig_atomic_t signal_received;

static void remember(int signal_number) {
    signal_received = signal_number;
}

static void catch_signal(int signal_number) {
    struct sigaction action = {.sa_handler = remember, .sa_flags = (int)SA_RESETHAND}, present;
    sigemptyset(&action.sa_mask);
    /* A signal that the caller ignores (nohup, a shell's background job) stays ignored. */
    if (sigaction(signal_number, NULL, &present) == 0 && present.sa_handler != SIG_IGN)
        sigaction(signal_number, &action, NULL);
}

void dn_interrupt_install(void) {
    catch_signal(SIGINT);
    catch_signal(SIGTERM);
    signal(SIGPIPE, SIG_IGN); /* the write to a closed pipe fails instead */
}

int dn_interrupt_signal(void) {
    return signal_received;
}
