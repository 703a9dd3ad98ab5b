#include "cli/display.h"

#include "cli/interrupt.h"
#include "program/clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double BAR_SECONDS = 0.1;   /* between two drawings of the bar */
static const double LINE_SECONDS = 10.0; /* between two plain lines of a long stage */

static int is_true(const dn_config *config, const char *key) {
    char *value = NULL;
    int found = dn_config_get(config, key, &value, NULL) == DN_OK && strcmp(value, "true") == 0;
    dn_text_free(value);
    return found;
}

void dn_display_init(dn_display *display, int quiet, const dn_config *config) {
    *display = (dn_display){.quiet = quiet, .terminal = isatty(STDERR_FILENO)};
    display->verbose = !config || is_true(config, "verbose");
    display->inner_bar = config && !is_true(config, "hide_tqdm_bar");
}

void dn_display_clear(dn_display *display) {
    if (display->bar_width > 0)
        fprintf(stderr, "\r%*s\r", display->bar_width, "");
    display->bar_width = 0;
}

void dn_display_message(void *user, dn_severity severity, const char *message) {
    dn_display *display = user;
    if (display->silent || (display->quiet && severity == DN_NOTE))
        return;
    dn_display_clear(display);
    fprintf(stderr, "differnet: %s: %s\n", severity == DN_NOTE ? "note" : "warning", message);
}

static double fraction_done(const dn_progress *progress) {
    double done = (double)progress->done;
    if (progress->stage == DN_STAGE_TRAIN && progress->images_total > 0 &&
        progress->images_done < progress->images_total)
        done += (double)progress->images_done / (double)progress->images_total;
    return progress->total > 0 ? fmin(done / (double)progress->total, 1) : 0;
}

/* "3/16 images, 1.5/s, 0:08 left" */
static int print_counts(char *text, size_t size, const dn_stage_clock *clock,
                        const dn_progress *progress) {
    const char *unit = progress->stage == DN_STAGE_TRAIN ? "sub epochs" : "images";
    double seconds = clock->shown - clock->start;
    /* A rate over a shorter time would be noise. */
    double rate = seconds >= 0.1 ? (double)(progress->done - clock->done) / seconds : 0;
    int length = progress->total > 0
                     ? snprintf(text, size, "%zu/%zu %s", progress->done, progress->total, unit)
                     : snprintf(text, size, "%zu %s", progress->done, unit);
    if (rate > 0)
        length +=
            snprintf(text + length, size - (size_t)length, ", %.*f/s", rate < 10 ? 2 : 0, rate);
    if (rate > 0 && progress->done < progress->total) {
        double left = fmin((double)(progress->total - progress->done) / rate, 3.6e6);
        long minutes = (long)left / 60, rest = (long)left % 60;
        length += snprintf(text + length, size - (size_t)length, ", %ld:%02ld left", minutes, rest);
    }
    return length;
}

static const char *stage_name(dn_stage stage) {
    static const char *const names[DN_STAGES] = {
        "Features", "Train", "Evaluate", "Score", "Check", "Training features", "Report"};
    return names[stage];
}

static void draw_bar(dn_display *display, const dn_stage_clock *clock,
                     const dn_progress *progress) {
    static const char full[] = "####################", empty[] = "--------------------";
    char counts[128], loss[32] = "", inner[64] = "";
    const int cells = (int)sizeof full - 1;
    int filled = (int)(fraction_done(progress) * cells);
    print_counts(counts, sizeof counts, clock, progress);
    if (display->verbose && progress->stage == DN_STAGE_TRAIN && isfinite(progress->loss))
        snprintf(loss, sizeof loss, ", loss %.4f", progress->loss);
    if (display->inner_bar && progress->images_total > 0)
        snprintf(inner, sizeof inner, " (%zu/%zu images)", progress->images_done,
                 progress->images_total);
    dn_display_clear(display);
    display->bar_width = fprintf(stderr, "%s [%.*s%.*s] %s%s%s", stage_name(progress->stage),
                                 filled, full, cells - filled, empty, counts, inner, loss);
    fflush(stderr);
}

/* The lines that the original prints. */
static void print_evaluation(dn_display *display, const dn_progress *progress) {
    if (!display->verbose && progress->done < progress->total)
        return;
    dn_display_clear(display);
    if (isfinite(progress->loss))
        fprintf(stderr, "Epoch: %d \t test_loss: %.4f\n", progress->meta_epoch, progress->loss);
    if (isfinite(progress->auroc_last))
        fprintf(stderr, "AUROC: \t last: %.4f \t max: %.4f \t epoch_max: %d\n",
                progress->auroc_last, progress->auroc_max, progress->auroc_epoch_max);
    else
        fprintf(stderr, "AUROC: \t undefined\n");
}

static void print_line(dn_display *display, dn_stage_clock *clock, const dn_progress *progress) {
    char counts[128];
    if (progress->stage == DN_STAGE_TRAIN) {
        /* Reports within a sub epoch repeat its count. */
        if (display->verbose && progress->done > display->sub_epochs_done)
            fprintf(stderr, "Epoch: %d.%d \t train loss: %.4f\n", progress->meta_epoch,
                    progress->sub_epoch, progress->loss);
        display->sub_epochs_done = progress->done;
        return;
    }
    double time = dn_program_seconds();
    int finished = progress->total > 0 && progress->done == progress->total;
    if (time - clock->shown < LINE_SECONDS && !finished)
        return;
    clock->shown = time;
    print_counts(counts, sizeof counts, clock, progress);
    fprintf(stderr, "%s: %s\n", stage_name(progress->stage), counts);
}

static void show(dn_display *display, const dn_progress *progress) {
    dn_stage_clock *clock = &display->clocks[progress->stage];
    double time = dn_program_seconds();
    if (progress->total == 0 && progress->done == 0) /* nothing to do: it would start the clock */
        return;
    /* A count that falls means that the stage runs again. */
    int first = !clock->running || progress->done < clock->last;
    if (first)
        *clock =
            (dn_stage_clock){.running = 1, .start = time, .shown = time, .done = progress->done};
    clock->last = progress->done;
    if (progress->stage == DN_STAGE_EVALUATE)
        print_evaluation(display, progress);
    else if (!display->terminal)
        print_line(display, clock, progress);
    else if (first || time - clock->shown >= BAR_SECONDS || progress->done == progress->total) {
        clock->shown = time;
        draw_bar(display, clock, progress);
    }
}

int dn_display_progress(void *user, const dn_progress *progress) {
    dn_display *display = user;
    if (!display->silent && !display->quiet && (int)progress->stage >= 0 &&
        (int)progress->stage < DN_STAGES)
        show(display, progress);
    return dn_interrupt_signal() != 0;
}
