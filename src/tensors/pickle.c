#include "tensors/pickle.h"

#include "base/memory.h"
#include "tensors/names.h"

#include <stdio.h>
#include <string.h>

#define OPERATION_LIMIT (1u << 20) /* a state_dict takes about 30 operations a tensor */
#define GLOBAL_NAME_LIMIT 128

typedef struct values {
    dn_pickle_value *at;
    size_t count, capacity;
} values;

struct dn_pickle {
    dn_bytes *source; /* of the pickle that runs */
    int stopped;
    size_t operations; /* of all runs */
    values stack, memo, storages;
    size_t *marks; /* heights of the stack */
    size_t mark_count, mark_capacity;
    values *containers;
    size_t container_count, container_capacity;
};

/* ---- Stack, marks, containers ---------------------------------------------------------------- */

static dn_status append_value(values *list, dn_pickle_value value, dn_error *error) {
    void *at = list->at;
    dn_status status = dn_grow(&at, &list->capacity, list->count + 1, sizeof value, error);
    list->at = at;
    if (status == DN_OK)
        list->at[list->count++] = value;
    return status;
}

static dn_status push(dn_pickle *pickle, dn_pickle_value value, dn_error *error) {
    return append_value(&pickle->stack, value, error);
}

static dn_status malformed(const dn_pickle *pickle, const char *problem, dn_error *error) {
    return dn_fail(error, DN_ERROR_FORMAT, "%s: malformed pickle near byte %zu: %s",
                   pickle->source->name, pickle->source->position, problem);
}

/* The number of values above the last mark, which operations may take. */
static size_t reachable(const dn_pickle *pickle) {
    return pickle->stack.count -
           (pickle->mark_count > 0 ? pickle->marks[pickle->mark_count - 1] : 0);
}

/* The top `count` values; they stay on the stack. */
static dn_status top(const dn_pickle *pickle, size_t count, dn_pickle_value **first,
                     dn_error *error) {
    if (reachable(pickle) < count)
        return malformed(pickle, "its stack holds too little", error);
    *first = pickle->stack.at + pickle->stack.count - count;
    return DN_OK;
}

/* Removes the last mark; `count` values lie above it. */
static dn_status take_mark(dn_pickle *pickle, size_t *count, dn_error *error) {
    if (pickle->mark_count == 0)
        return malformed(pickle, "a mark is missing", error);
    *count = reachable(pickle);
    pickle->mark_count--;
    return DN_OK;
}

static dn_status fill_container(values *container, const dn_pickle_value *items, size_t count,
                                dn_error *error) {
    void *at = container->at;
    size_t total = container->count + count;
    dn_status status = dn_grow(&at, &container->capacity, total, sizeof *items, error);
    container->at = at;
    if (status == DN_OK && count > 0) {
        memcpy(container->at + container->count, items, count * sizeof *items);
        container->count = total;
    }
    return status;
}

/* Replaces the top `count` values by a container of them. */
static dn_status gather_items(dn_pickle *pickle, dn_pickle_kind kind, size_t count,
                              dn_error *error) {
    dn_pickle_value *first = NULL;
    if (count > 0)
        DN_TRY(top(pickle, count, &first, error));
    void *containers = pickle->containers;
    dn_status status = dn_grow(&containers, &pickle->container_capacity,
                               pickle->container_count + 1, sizeof(values), error);
    pickle->containers = containers;
    DN_TRY(status);
    dn_pickle_value value = {.kind = kind, .number = (int64_t)pickle->container_count++};
    DN_TRY(fill_container(&pickle->containers[value.number], first, count, error));
    pickle->stack.count -= count;
    return push(pickle, value, error);
}

/* ---- Known classes and functions ------------------------------------------------------------- */

static const struct {
    const char *name;
    int64_t number;
} globals[] = {
    {"collections.OrderedDict", DN_PICKLE_ORDERED_DICT},
    {"torch._utils._rebuild_tensor", DN_PICKLE_REBUILD_TENSOR},
    {"torch._utils._rebuild_tensor_v2", DN_PICKLE_REBUILD_TENSOR},
    {"torch._utils._rebuild_parameter", DN_PICKLE_REBUILD_PARAMETER},
    {"torch.FloatStorage", DN_PICKLE_STORAGE_TYPE + DN_F32},
    {"torch.HalfStorage", DN_PICKLE_STORAGE_TYPE + DN_F16},
    {"torch.BFloat16Storage", DN_PICKLE_STORAGE_TYPE + DN_BF16},
    {"torch.DoubleStorage", DN_PICKLE_STORAGE_TYPE + DN_F64},
    {"torch.LongStorage", DN_PICKLE_STORAGE_TYPE + DN_I64},
    {"torch.IntStorage", DN_PICKLE_STORAGE_TYPE + DN_I32},
    {"torch.ShortStorage", DN_PICKLE_STORAGE_TYPE + DN_I16},
    {"torch.CharStorage", DN_PICKLE_STORAGE_TYPE + DN_I8},
    {"torch.ByteStorage", DN_PICKLE_STORAGE_TYPE + DN_U8},
    {"torch.BoolStorage", DN_PICKLE_STORAGE_TYPE + DN_BOOL},
};

static dn_status push_global(dn_pickle *pickle, const uint8_t *module, size_t module_length,
                             const uint8_t *name, size_t name_length, dn_error *error) {
    char full[2 * GLOBAL_NAME_LIMIT + 2];
    if (module_length > GLOBAL_NAME_LIMIT || name_length > GLOBAL_NAME_LIMIT ||
        !dn_name_valid(module, module_length) || !dn_name_valid(name, name_length))
        return malformed(pickle, "the name of a class is too long or not text", error);
    snprintf(full, sizeof full, "%.*s.%.*s", (int)module_length, (const char *)module,
             (int)name_length, (const char *)name);
    for (size_t i = 0; i < sizeof globals / sizeof globals[0]; i++)
        if (strcmp(globals[i].name, full) == 0)
            return push(pickle,
                        (dn_pickle_value){.kind = DN_PICKLE_GLOBAL, .number = globals[i].number},
                        error);
    return dn_fail(error, DN_ERROR_FORMAT, "%s: refuses the pickled class or function %s: %s",
                   pickle->source->name, full, DN_STATE_DICT_HINT);
}

static dn_status take_line(dn_pickle *pickle, const uint8_t **line, size_t *length,
                           dn_error *error) {
    dn_bytes *source = pickle->source;
    size_t left = dn_bytes_left(source);
    const uint8_t *start = source->data + source->position;
    size_t limit = left < GLOBAL_NAME_LIMIT + 1 ? left : GLOBAL_NAME_LIMIT + 1;
    const uint8_t *end = limit > 0 ? memchr(start, '\n', limit) : NULL;
    if (!end)
        return malformed(pickle, "the name of a class has no end", error);
    *length = (size_t)(end - start);
    return dn_bytes_take(source, *length + 1, "the name of a class", line, error);
}

static dn_status run_global(dn_pickle *pickle, dn_error *error) {
    const uint8_t *module = NULL, *name = NULL;
    size_t module_length = 0, name_length = 0;
    DN_TRY(take_line(pickle, &module, &module_length, error));
    DN_TRY(take_line(pickle, &name, &name_length, error));
    return push_global(pickle, module, module_length, name, name_length, error);
}

static dn_status run_stack_global(dn_pickle *pickle, dn_error *error) {
    dn_pickle_value *pair = NULL;
    DN_TRY(top(pickle, 2, &pair, error));
    if (pair[0].kind != DN_PICKLE_TEXT || pair[1].kind != DN_PICKLE_TEXT)
        return malformed(pickle, "the name of a class is not text", error);
    pickle->stack.count -= 2;
    return push_global(pickle, pair[0].bytes, pair[0].length, pair[1].bytes, pair[1].length, error);
}

/* ---- Numbers and texts ----------------------------------------------------------------------- */

static dn_status push_number(dn_pickle *pickle, dn_pickle_kind kind, int64_t number,
                             dn_error *error) {
    return push(pickle, (dn_pickle_value){.kind = kind, .number = number}, error);
}

static dn_status run_none(dn_pickle *pickle, dn_error *error) {
    return push_number(pickle, DN_PICKLE_NONE, 0, error);
}

static dn_status run_true(dn_pickle *pickle, dn_error *error) {
    return push_number(pickle, DN_PICKLE_BOOL, 1, error);
}

static dn_status run_false(dn_pickle *pickle, dn_error *error) {
    return push_number(pickle, DN_PICKLE_BOOL, 0, error);
}

static dn_status run_int8(dn_pickle *pickle, dn_error *error) {
    uint8_t number;
    DN_TRY(dn_bytes_u8(pickle->source, "a pickled number", &number, error));
    return push_number(pickle, DN_PICKLE_INTEGER, number, error);
}

static dn_status run_int16(dn_pickle *pickle, dn_error *error) {
    uint16_t number;
    DN_TRY(dn_bytes_u16(pickle->source, "a pickled number", &number, error));
    return push_number(pickle, DN_PICKLE_INTEGER, number, error);
}

static dn_status run_int32(dn_pickle *pickle, dn_error *error) {
    uint32_t number;
    DN_TRY(dn_bytes_u32(pickle->source, "a pickled number", &number, error));
    return push_number(pickle, DN_PICKLE_INTEGER, (int32_t)number, error);
}

/* Two's complement of any length; what does not fit 64 bits stays bytes. */
static dn_status run_long(dn_pickle *pickle, dn_error *error) {
    uint8_t length;
    dn_pickle_value value = {.kind = DN_PICKLE_LONG};
    DN_TRY(dn_bytes_u8(pickle->source, "a pickled number", &length, error));
    DN_TRY(dn_bytes_take(pickle->source, length, "a pickled number", &value.bytes, error));
    value.length = length;
    if (length > 8)
        return push(pickle, value, error);
    uint64_t number = length > 0 && value.bytes[length - 1] & 0x80 ? UINT64_MAX : 0;
    for (size_t i = length; i-- > 0;)
        number = number << 8 | value.bytes[i];
    return push_number(pickle, DN_PICKLE_INTEGER, (int64_t)number, error);
}

static dn_status run_real(dn_pickle *pickle, dn_error *error) {
    const uint8_t *ignored;
    DN_TRY(dn_bytes_take(pickle->source, 8, "a pickled number", &ignored, error));
    return push_number(pickle, DN_PICKLE_REAL, 0, error);
}

static dn_status push_text(dn_pickle *pickle, uint32_t length, dn_error *error) {
    dn_pickle_value value = {.kind = DN_PICKLE_TEXT, .length = length};
    DN_TRY(dn_bytes_take(pickle->source, length, "a pickled text", &value.bytes, error));
    return push(pickle, value, error);
}

static dn_status run_text(dn_pickle *pickle, dn_error *error) {
    uint32_t length;
    DN_TRY(dn_bytes_u32(pickle->source, "the length of a pickled text", &length, error));
    return push_text(pickle, length, error);
}

static dn_status run_short_text(dn_pickle *pickle, dn_error *error) {
    uint8_t length;
    DN_TRY(dn_bytes_u8(pickle->source, "the length of a pickled text", &length, error));
    return push_text(pickle, length, error);
}

/* ---- Containers ------------------------------------------------------------------------------ */

static dn_status run_mark(dn_pickle *pickle, dn_error *error) {
    void *marks = pickle->marks;
    dn_status status = dn_grow(&marks, &pickle->mark_capacity, pickle->mark_count + 1,
                               sizeof *pickle->marks, error);
    pickle->marks = marks;
    if (status == DN_OK)
        pickle->marks[pickle->mark_count++] = pickle->stack.count;
    return status;
}

static dn_status run_tuple(dn_pickle *pickle, dn_error *error) {
    size_t count = 0;
    DN_TRY(take_mark(pickle, &count, error));
    return gather_items(pickle, DN_PICKLE_TUPLE, count, error);
}

static dn_status run_empty_tuple(dn_pickle *pickle, dn_error *error) {
    return gather_items(pickle, DN_PICKLE_TUPLE, 0, error);
}

static dn_status run_tuple1(dn_pickle *pickle, dn_error *error) {
    return gather_items(pickle, DN_PICKLE_TUPLE, 1, error);
}

static dn_status run_tuple2(dn_pickle *pickle, dn_error *error) {
    return gather_items(pickle, DN_PICKLE_TUPLE, 2, error);
}

static dn_status run_tuple3(dn_pickle *pickle, dn_error *error) {
    return gather_items(pickle, DN_PICKLE_TUPLE, 3, error);
}

static dn_status run_empty_list(dn_pickle *pickle, dn_error *error) {
    return gather_items(pickle, DN_PICKLE_LIST, 0, error);
}

static dn_status run_empty_dict(dn_pickle *pickle, dn_error *error) {
    return gather_items(pickle, DN_PICKLE_DICT, 0, error);
}

/* Moves the top `count` values into the list or dict below them. */
static dn_status extend(dn_pickle *pickle, dn_pickle_kind kind, size_t count, dn_error *error) {
    dn_pickle_value *target = NULL;
    DN_TRY(top(pickle, count + 1, &target, error));
    if (target->kind != kind || (kind == DN_PICKLE_DICT && count % 2 != 0))
        return malformed(pickle, "items are put where they do not belong", error);
    DN_TRY(fill_container(&pickle->containers[target->number], target + 1, count, error));
    pickle->stack.count -= count;
    return DN_OK;
}

static dn_status run_append(dn_pickle *pickle, dn_error *error) {
    return extend(pickle, DN_PICKLE_LIST, 1, error);
}

static dn_status run_appends(dn_pickle *pickle, dn_error *error) {
    size_t count = 0;
    DN_TRY(take_mark(pickle, &count, error));
    return extend(pickle, DN_PICKLE_LIST, count, error);
}

static dn_status run_set_item(dn_pickle *pickle, dn_error *error) {
    return extend(pickle, DN_PICKLE_DICT, 2, error);
}

static dn_status run_set_items(dn_pickle *pickle, dn_error *error) {
    size_t count = 0;
    DN_TRY(take_mark(pickle, &count, error));
    return extend(pickle, DN_PICKLE_DICT, count, error);
}

/* ---- Objects --------------------------------------------------------------------------------- */

/* The result of a tensor function is represented by its arguments, marked as a tensor. */
static int rebuilt(const dn_pickle *pickle, int64_t function, const dn_pickle_value *arguments,
                   dn_pickle_value *value) {
    const values *items = &pickle->containers[arguments->number];
    *value = *arguments;
    value->kind = DN_PICKLE_TENSOR;
    if (function == DN_PICKLE_REBUILD_TENSOR)
        return 1;
    if (function != DN_PICKLE_REBUILD_PARAMETER || items->count == 0)
        return 0;
    *value = items->at[0];
    return value->kind == DN_PICKLE_TENSOR;
}

static dn_status run_reduce(dn_pickle *pickle, dn_error *error) {
    dn_pickle_value *call = NULL, value;
    DN_TRY(top(pickle, 2, &call, error));
    if (call[0].kind != DN_PICKLE_GLOBAL || call[1].kind != DN_PICKLE_TUPLE)
        return malformed(pickle, "calls something that is not a function", error);
    pickle->stack.count -= 2;
    if (call[0].number == DN_PICKLE_ORDERED_DICT && pickle->containers[call[1].number].count == 0)
        return gather_items(pickle, DN_PICKLE_DICT, 0, error);
    if (!rebuilt(pickle, call[0].number, &call[1], &value))
        return malformed(pickle, "calls a function with unexpected arguments", error);
    return push(pickle, value, error);
}

/* Ignores the attributes of an OrderedDict, which are torch's version numbers in _metadata. */
static dn_status run_build(dn_pickle *pickle, dn_error *error) {
    dn_pickle_value *object = NULL;
    DN_TRY(top(pickle, 2, &object, error));
    if (object->kind != DN_PICKLE_DICT)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: refuses to set attributes of %s: %s",
                       pickle->source->name, dn_pickle_kind_name(object->kind), DN_STATE_DICT_HINT);
    pickle->stack.count--;
    return DN_OK;
}

static dn_status run_persistent(dn_pickle *pickle, dn_error *error) {
    dn_pickle_value *identifier = NULL;
    DN_TRY(top(pickle, 1, &identifier, error));
    if (identifier->kind != DN_PICKLE_TUPLE)
        return malformed(pickle, "a storage is not described by a tuple", error);
    identifier->kind = DN_PICKLE_STORAGE;
    return append_value(&pickle->storages, *identifier, error);
}

/* ---- Memo and frame of the pickle ------------------------------------------------------------ */

/* Python numbers the memo from 0 up, at most one entry an operation. */
static dn_status memorize(dn_pickle *pickle, size_t index, dn_error *error) {
    dn_pickle_value *value = NULL;
    values *memo = &pickle->memo;
    DN_TRY(top(pickle, 1, &value, error));
    if (index >= pickle->operations)
        return malformed(pickle, "a memo number is too large", error);
    void *at = memo->at;
    dn_status status = dn_grow(&at, &memo->capacity, index + 1, sizeof *value, error);
    memo->at = at;
    DN_TRY(status);
    memo->at[index] = *value;
    if (memo->count <= index)
        memo->count = index + 1;
    return DN_OK;
}

static dn_status recall(dn_pickle *pickle, size_t index, dn_error *error) {
    if (index >= pickle->memo.count || pickle->memo.at[index].kind == DN_PICKLE_ABSENT)
        return malformed(pickle, "recalls what is not in its memo", error);
    return push(pickle, pickle->memo.at[index], error);
}

static dn_status run_put(dn_pickle *pickle, dn_error *error) {
    uint8_t index;
    DN_TRY(dn_bytes_u8(pickle->source, "a memo number", &index, error));
    return memorize(pickle, index, error);
}

static dn_status run_long_put(dn_pickle *pickle, dn_error *error) {
    uint32_t index;
    DN_TRY(dn_bytes_u32(pickle->source, "a memo number", &index, error));
    return memorize(pickle, index, error);
}

static dn_status run_memoize(dn_pickle *pickle, dn_error *error) {
    return memorize(pickle, pickle->memo.count, error);
}

static dn_status run_get(dn_pickle *pickle, dn_error *error) {
    uint8_t index;
    DN_TRY(dn_bytes_u8(pickle->source, "a memo number", &index, error));
    return recall(pickle, index, error);
}

static dn_status run_long_get(dn_pickle *pickle, dn_error *error) {
    uint32_t index;
    DN_TRY(dn_bytes_u32(pickle->source, "a memo number", &index, error));
    return recall(pickle, index, error);
}

static dn_status run_protocol(dn_pickle *pickle, dn_error *error) {
    uint8_t protocol;
    DN_TRY(dn_bytes_u8(pickle->source, "the pickle protocol", &protocol, error));
    if (protocol < 2 || protocol > 5)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: pickle protocol %d, expected 2 to 5",
                       pickle->source->name, protocol);
    return DN_OK;
}

/* A frame is a hint for buffering. */
static dn_status run_frame(dn_pickle *pickle, dn_error *error) {
    uint64_t length;
    DN_TRY(dn_bytes_u64(pickle->source, "the length of a pickle frame", &length, error));
    if (length > dn_bytes_left(pickle->source))
        return malformed(pickle, "a frame is longer than the file", error);
    return DN_OK;
}

static dn_status run_stop(dn_pickle *pickle, dn_error *error) {
    if (pickle->stack.count != 1 || pickle->mark_count != 0)
        return malformed(pickle, "it stops with more or less than one value", error);
    pickle->stopped = 1;
    return DN_OK;
}

/* ---- The machine ----------------------------------------------------------------------------- */

/* All opcodes of Python. Those without a function are refused by name. */
static const struct {
    const char *name;
    dn_status (*run)(dn_pickle *pickle, dn_error *error);
} operations[256] = {
    ['('] = {"MARK", run_mark},
    ['.'] = {"STOP", run_stop},
    ['0'] = {"POP", NULL},
    ['1'] = {"POP_MARK", NULL},
    ['2'] = {"DUP", NULL},
    ['F'] = {"FLOAT", NULL},
    ['I'] = {"INT", NULL},
    ['J'] = {"BININT", run_int32},
    ['K'] = {"BININT1", run_int8},
    ['L'] = {"LONG", NULL},
    ['M'] = {"BININT2", run_int16},
    ['N'] = {"NONE", run_none},
    ['P'] = {"PERSID", NULL},
    ['Q'] = {"BINPERSID", run_persistent},
    ['R'] = {"REDUCE", run_reduce},
    ['S'] = {"STRING", NULL},
    ['T'] = {"BINSTRING", run_text},
    ['U'] = {"SHORT_BINSTRING", run_short_text},
    ['V'] = {"UNICODE", NULL},
    ['X'] = {"BINUNICODE", run_text},
    ['a'] = {"APPEND", run_append},
    ['b'] = {"BUILD", run_build},
    ['c'] = {"GLOBAL", run_global},
    ['d'] = {"DICT", NULL},
    ['}'] = {"EMPTY_DICT", run_empty_dict},
    ['e'] = {"APPENDS", run_appends},
    ['g'] = {"GET", NULL},
    ['h'] = {"BINGET", run_get},
    ['i'] = {"INST", NULL},
    ['j'] = {"LONG_BINGET", run_long_get},
    ['l'] = {"LIST", NULL},
    [']'] = {"EMPTY_LIST", run_empty_list},
    ['o'] = {"OBJ", NULL},
    ['p'] = {"PUT", NULL},
    ['q'] = {"BINPUT", run_put},
    ['r'] = {"LONG_BINPUT", run_long_put},
    ['s'] = {"SETITEM", run_set_item},
    ['t'] = {"TUPLE", run_tuple},
    [')'] = {"EMPTY_TUPLE", run_empty_tuple},
    ['u'] = {"SETITEMS", run_set_items},
    ['G'] = {"BINFLOAT", run_real},
    [0x80] = {"PROTO", run_protocol},
    [0x81] = {"NEWOBJ", NULL},
    [0x82] = {"EXT1", NULL},
    [0x83] = {"EXT2", NULL},
    [0x84] = {"EXT4", NULL},
    [0x85] = {"TUPLE1", run_tuple1},
    [0x86] = {"TUPLE2", run_tuple2},
    [0x87] = {"TUPLE3", run_tuple3},
    [0x88] = {"NEWTRUE", run_true},
    [0x89] = {"NEWFALSE", run_false},
    [0x8a] = {"LONG1", run_long},
    [0x8b] = {"LONG4", NULL},
    ['B'] = {"BINBYTES", NULL},
    ['C'] = {"SHORT_BINBYTES", NULL},
    [0x8c] = {"SHORT_BINUNICODE", run_short_text},
    [0x8d] = {"BINUNICODE8", NULL},
    [0x8e] = {"BINBYTES8", NULL},
    [0x8f] = {"EMPTY_SET", NULL},
    [0x90] = {"ADDITEMS", NULL},
    [0x91] = {"FROZENSET", NULL},
    [0x92] = {"NEWOBJ_EX", NULL},
    [0x93] = {"STACK_GLOBAL", run_stack_global},
    [0x94] = {"MEMOIZE", run_memoize},
    [0x95] = {"FRAME", run_frame},
    [0x96] = {"BYTEARRAY8", NULL},
    [0x97] = {"NEXT_BUFFER", NULL},
    [0x98] = {"READONLY_BUFFER", NULL},
};

static dn_status refuse_opcode(const dn_pickle *pickle, uint8_t opcode, dn_error *error) {
    const char *name = operations[opcode].name;
    if (!name)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: byte %zu is not a pickle opcode (0x%02x)",
                       pickle->source->name, pickle->source->position - 1, opcode);
    return dn_fail(error, DN_ERROR_FORMAT, "%s: refuses the pickle opcode %s at byte %zu: %s",
                   pickle->source->name, name, pickle->source->position - 1, DN_STATE_DICT_HINT);
}

static dn_status run_operation(dn_pickle *pickle, dn_error *error) {
    uint8_t opcode;
    DN_TRY(dn_bytes_u8(pickle->source, "the pickle's next operation", &opcode, error));
    if (!operations[opcode].run)
        return refuse_opcode(pickle, opcode, error);
    if (++pickle->operations > OPERATION_LIMIT)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: its pickle has more than %u operations",
                       pickle->source->name, OPERATION_LIMIT);
    return operations[opcode].run(pickle, error);
}

dn_status dn_pickle_run(dn_pickle *pickle, dn_bytes *source, dn_pickle_value *result,
                        dn_error *error) {
    pickle->source = source;
    pickle->stopped = 0;
    pickle->stack.count = pickle->mark_count = 0;
    dn_release(pickle->memo.at);
    pickle->memo = (values){0};
    while (!pickle->stopped)
        DN_TRY(run_operation(pickle, error));
    *result = pickle->stack.at[0];
    return DN_OK;
}

dn_status dn_pickle_create(dn_pickle **pickle, dn_error *error) {
    void *block;
    dn_status status = dn_allocate(&block, 1, sizeof **pickle, error);
    *pickle = block;
    return status;
}

void dn_pickle_destroy(dn_pickle *pickle) {
    if (!pickle)
        return;
    for (size_t i = 0; i < pickle->container_count; i++)
        dn_release(pickle->containers[i].at);
    dn_release(pickle->containers);
    dn_release(pickle->stack.at);
    dn_release(pickle->memo.at);
    dn_release(pickle->storages.at);
    dn_release(pickle->marks);
    dn_release(pickle);
}

/* ---- Reading the values ---------------------------------------------------------------------- */

const dn_pickle_value *dn_pickle_items(const dn_pickle *pickle, const dn_pickle_value *container,
                                       size_t *count) {
    const values *items = &pickle->containers[container->number];
    *count = items->count;
    return items->at;
}

const dn_pickle_value *dn_pickle_find(const dn_pickle *pickle, const dn_pickle_value *dict,
                                      const char *key) {
    size_t count = 0;
    const dn_pickle_value *items = dn_pickle_items(pickle, dict, &count);
    for (size_t i = 0; i + 1 < count; i += 2)
        if (dn_pickle_is_text(&items[i], key))
            return &items[i + 1];
    return NULL;
}

const dn_pickle_value *dn_pickle_storages(const dn_pickle *pickle, size_t *count) {
    *count = pickle->storages.count;
    return pickle->storages.at;
}
