/* How many rotations a score needs: judged by good pictures that training has not seen and by
 * copies of them with a synthetic change, never by real defects (docs/verdict.md). */
#ifndef DN_TRAIN_ROTATION_ADVICE_H
#define DN_TRAIN_ROTATION_ADVICE_H

#include "dataset/dataset.h"
#include "inspect/inspector.h"

/* Pictures and changed copies of each at most, and views of all of them at most: a few seconds with
 * 8 rotations. */
#define DN_ADVICE_PICTURES 24
#define DN_ADVICE_COPIES 3
#define DN_ADVICE_VIEWS 2048

/* Fewer pictures say nothing. */
#define DN_ADVICE_LEAST 8

/* The AUROC that fewer rotations may lose. */
#define DN_ADVICE_LOSS 0.01

enum { DN_ADVICE_COUNTS = 12 };

typedef struct dn_rotation_advice {
    size_t pictures, copies;         /* good pictures read; changed copies of each */
    int count;                       /* of the numbers of rotations below; 0: no advice */
    int rotations[DN_ADVICE_COUNTS]; /* rising; the last is all of the inspector's */
    double auroc[DN_ADVICE_COUNTS];  /* good pictures against changed copies */
    int enough; /* the least whose AUROC is at most DN_ADVICE_LOSS below that of all */
} dn_rotation_advice;

/* Numbers are halved from the inspector's as long as they are even, since only angles that training
 * has seen may be tested. Without advice (one rotation, or too few readable pictures) `count` is 0.
 * The same for any number of threads. */
dn_status dn_advise_rotations(dn_inspector *inspector, const dn_sample *samples, size_t count,
                              uint64_t seed, dn_rotation_advice *advice, dn_error *error);

/* One sentence for the user; `text` holds `size` bytes. Empty without advice. */
void dn_rotation_advice_print(const dn_rotation_advice *advice, char *text, size_t size);

#endif
