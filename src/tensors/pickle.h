/*
 * Reads Python pickles of state_dicts: protocols 2 to 5, the opcodes that a dictionary of tensors
 * needs, and the few classes named in pickle.c. A pickle is a program for a stack machine; this
 * machine only builds the values below. It refuses everything else by name, calls nothing, and
 * limits the number of operations and thereby memory and time.
 */
#ifndef DN_TENSORS_PICKLE_H
#define DN_TENSORS_PICKLE_H

#include "base/bytes.h"
#include "tensors/tensor_file.h"

/* The end of most error messages. */
#define DN_STATE_DICT_HINT                                                                         \
    "only state_dicts are read: save one with torch.save(model.state_dict(), path)"

typedef enum dn_pickle_kind {
    DN_PICKLE_ABSENT, /* a gap in the memo */
    DN_PICKLE_NONE,
    DN_PICKLE_BOOL,    /* number: 0 or 1 */
    DN_PICKLE_INTEGER, /* number */
    DN_PICKLE_LONG,    /* an integer of more than 8 bytes: bytes, length; little-endian */
    DN_PICKLE_REAL,    /* the value is not kept */
    DN_PICKLE_TEXT,    /* bytes, length */
    DN_PICKLE_GLOBAL,  /* number: a dn_pickle_global, or DN_PICKLE_STORAGE_TYPE + dtype */
    DN_PICKLE_TUPLE,   /* number: which container; so for the kinds below */
    DN_PICKLE_LIST,
    DN_PICKLE_DICT,    /* items: key, value, key, value ... */
    DN_PICKLE_STORAGE, /* items: the persistent id */
    DN_PICKLE_TENSOR   /* items: the arguments of torch._utils._rebuild_tensor_v2 */
} dn_pickle_kind;

typedef enum dn_pickle_global {
    DN_PICKLE_ORDERED_DICT,
    DN_PICKLE_REBUILD_TENSOR,
    DN_PICKLE_REBUILD_PARAMETER,
    DN_PICKLE_STORAGE_TYPE
} dn_pickle_global;

typedef struct dn_pickle_value {
    dn_pickle_kind kind;
    uint32_t length;
    int64_t number;
    const uint8_t *bytes; /* in the source */
} dn_pickle_value;

/* The machine; it owns the containers of all pickles that it ran. */
typedef struct dn_pickle dn_pickle;

dn_status dn_pickle_create(dn_pickle **pickle, dn_error *error);
void dn_pickle_destroy(dn_pickle *pickle);

/* Runs the pickle that starts at source->position and sets the position to its end. `source` must
 * outlive the values. */
dn_status dn_pickle_run(dn_pickle *pickle, dn_bytes *source, dn_pickle_value *result,
                        dn_error *error);

/* The items of a tuple, list, dict, storage or tensor; valid until the next run. */
const dn_pickle_value *dn_pickle_items(const dn_pickle *pickle, const dn_pickle_value *container,
                                       size_t *count);

/* The value of a key in a dict, or NULL. */
const dn_pickle_value *dn_pickle_find(const dn_pickle *pickle, const dn_pickle_value *dict,
                                      const char *key);

/* Every storage that the pickles named, in order; one named twice is listed twice. */
const dn_pickle_value *dn_pickle_storages(const dn_pickle *pickle, size_t *count);

int dn_pickle_is_text(const dn_pickle_value *value, const char *text);

/* "a number", "a tuple" ... for messages. */
const char *dn_pickle_kind_name(dn_pickle_kind kind);

#endif
