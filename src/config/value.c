#include "config/value.h"

#include "config/number.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

void dn_value_add(dn_value *value, const char *scalar, size_t length) {
    if (value->count < DN_KEY_ITEMS) {
        value->begin[value->count] = value->bytes.length;
        dn_text_append_bytes(&value->bytes, scalar, length);
        dn_text_append_bytes(&value->bytes, "", 1);
    }
    value->count++;
}

static void add_trimmed(dn_value *value, const char *begin, const char *end) {
    while (begin < end && (*begin == ' ' || *begin == '\t'))
        begin++;
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    dn_value_add(value, begin, (size_t)(end - begin));
}

/* "[1, 2]" or "1, 2" */
static void add_items(dn_value *value, const char *text) {
    const char *begin = text + strspn(text, " \t"), *end = text + strlen(text);
    while (end > begin && (end[-1] == ' ' || end[-1] == '\t'))
        end--;
    if (end - begin >= 2 && *begin == '[' && end[-1] == ']')
        begin++, end--;
    value->is_sequence = 1;
    for (const char *comma; (comma = memchr(begin, ',', (size_t)(end - begin))); begin = comma + 1)
        add_trimmed(value, begin, comma);
    add_trimmed(value, begin, end);
}

void dn_value_add_text(dn_value *value, const dn_key *key, const char *text) {
    if (key->count > 1)
        add_items(value, text);
    else if (key->kind == DN_KIND_TEXT)
        dn_value_add(value, text, strlen(text));
    else
        add_trimmed(value, text, text + strlen(text));
}

void dn_value_destroy(dn_value *value) {
    dn_text_destroy(&value->bytes);
    *value = (dn_value){0};
}

/* Length in bytes of a control character or of what YAML takes for a line break; 0 for any other
 * character. These would not survive YAML, CSV or a log line. */
static size_t control_length(const char *character) {
    static const char *const refused[] = {"\xe2\x80\xa8", "\xe2\x80\xa9", "\xef\xbb\xbf",
                                          "\xef\xbf\xbe", "\xef\xbf\xbf"};
    const unsigned char *byte = (const unsigned char *)character;
    if (byte[0] < 0x20 || byte[0] == 0x7f)
        return 1;
    if (byte[0] == 0xc2 && byte[1] < 0xa0)
        return 2;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (strncmp(character, refused[i], 3) == 0)
            return 3;
    return 0;
}

void dn_value_excerpt(char excerpt[DN_EXCERPT_SIZE], const char *scalar) {
    const size_t most = DN_EXCERPT_SIZE - 4;
    size_t length = strlen(scalar), end = length < most ? length : most, written = 0;
    while (end < length && ((unsigned char)scalar[end] & 0xc0) == 0x80)
        end--; /* do not cut a UTF-8 character */
    for (size_t i = 0; i < end;) {
        size_t control = control_length(scalar + i);
        excerpt[written++] = control ? '?' : scalar[i];
        i += control ? control : 1;
    }
    memcpy(excerpt + written, end < length ? "..." : "", end < length ? 4 : 1);
}

static dn_status refuse_value(const dn_key *key, const char *where, const char *scalar,
                              const char *problem, dn_error *error) {
    char excerpt[DN_EXCERPT_SIZE];
    dn_value_excerpt(excerpt, scalar);
    return dn_fail(error, DN_ERROR_CONFIG, "%s%s: \"%s\" %s (expected: %s)", where, key->key.name,
                   excerpt, problem, key->range);
}

static dn_status store_boolean(const char *scalar, const dn_key *key, const char *where, int *field,
                               dn_error *error) {
    static const char *const words[] = {"false", "true", "no", "yes", "off", "on"};
    for (int i = 0; i < 6; i++)
        if (strcasecmp(scalar, words[i]) == 0) {
            *field = i & 1;
            return DN_OK;
        }
    return refuse_value(key, where, scalar, "is not a boolean", error);
}

static int in_range(const dn_key *key, double number) {
    int above = key->open == DN_OPEN_LOW ? number > key->low : number >= key->low;
    int below = key->open == DN_OPEN_HIGH ? number < key->high : number <= key->high;
    return above && below;
}

static dn_status store_integer(const char *scalar, const dn_key *key, const char *where, int *field,
                               dn_error *error) {
    int number;
    if (!dn_integer_read(scalar, &number))
        return refuse_value(key, where, scalar, "is not a whole number in range", error);
    if (!in_range(key, number))
        return refuse_value(key, where, scalar, "is out of range", error);
    *field = number;
    return DN_OK;
}

static dn_status store_seed(const char *scalar, const dn_key *key, const char *where,
                            uint64_t *field, dn_error *error) {
    if (!dn_unsigned_read(scalar, field))
        return refuse_value(key, where, scalar, "is not a whole number in range", error);
    return DN_OK;
}

static dn_status store_real(const char *scalar, const dn_key *key, const char *where, double *field,
                            dn_error *error) {
    double number;
    if (!dn_number_read(scalar, &number))
        return refuse_value(key, where, scalar, "is not a finite number", error);
    if (!in_range(key, number))
        return refuse_value(key, where, scalar, "is out of range", error);
    *field = number;
    return DN_OK;
}

static dn_status store_text(const char *scalar, const dn_key *key, const char *where, char *field,
                            dn_error *error) {
    size_t length = strlen(scalar);
    if (length < (size_t)key->low)
        return refuse_value(key, where, scalar, "is empty", error);
    if (length >= key->size)
        return dn_fail(error, DN_ERROR_CONFIG, "%s%s: has %zu bytes, the limit is %zu", where,
                       key->key.name, length, key->size - 1);
    for (const char *character = scalar; *character; character++)
        if (control_length(character))
            return dn_fail(error, DN_ERROR_CONFIG, "%s%s: holds a control character at byte %zu",
                           where, key->key.name, (size_t)(character - scalar) + 1);
    memcpy(field, scalar, length + 1);
    return DN_OK;
}

static int is_word_of(const char *word, const char *list) {
    size_t length = strlen(word);
    for (const char *item = list; item; item = strchr(item, ',')) {
        item += strspn(item, ", ");
        if (length > 0 && strcspn(item, ",") == length && memcmp(item, word, length) == 0)
            return 1;
    }
    return 0;
}

static dn_status store_word(const char *scalar, const dn_key *key, const char *where, char *field,
                            dn_error *error) {
    if (!is_word_of(scalar, key->range))
        return refuse_value(key, where, scalar, "is unknown", error);
    memcpy(field, scalar, strlen(scalar) + 1);
    return DN_OK;
}

static dn_status store_item(const char *scalar, const dn_key *key, const char *where, void *field,
                            size_t item, dn_error *error) {
    switch (key->kind) {
    case DN_KIND_BOOLEAN:
        return store_boolean(scalar, key, where, field, error);
    case DN_KIND_INTEGER:
        return store_integer(scalar, key, where, (int *)field + item, error);
    case DN_KIND_SEED:
        return store_seed(scalar, key, where, field, error);
    case DN_KIND_REAL:
        return store_real(scalar, key, where, (double *)field + item, error);
    case DN_KIND_TEXT:
        return store_text(scalar, key, where, field, error);
    default:
        return store_word(scalar, key, where, field, error);
    }
}

dn_status dn_value_store(const dn_value *value, const dn_key *key, const char *where,
                         struct dn_config *config, dn_error *error) {
    if (value->bytes.failed)
        return dn_fail(error, DN_ERROR_MEMORY, "%s%s: out of memory", where, key->key.name);
    if (key->count == 1 && value->is_sequence)
        return dn_fail(error, DN_ERROR_CONFIG, "%s%s: is a sequence, expected one value as in: %s",
                       where, key->key.name, key->key.default_value);
    if (key->count != value->count || (key->count > 1 && !value->is_sequence))
        return dn_fail(error, DN_ERROR_CONFIG,
                       "%s%s: has %zu value%s, expected a sequence of %zu as in: %s", where,
                       key->key.name, value->count, value->count == 1 ? "" : "s", key->count,
                       key->key.default_value);
    struct dn_config changed = *config;
    for (size_t i = 0; i < value->count; i++)
        DN_TRY(store_item(value->bytes.data + value->begin[i], key, where,
                          (char *)&changed + key->offset, i, error));
    *config = changed;
    return DN_OK;
}

int dn_value_equal(const struct dn_config *a, const struct dn_config *b, const dn_key *key) {
    const char *left = (const char *)a + key->offset, *right = (const char *)b + key->offset;
    if (key->kind == DN_KIND_TEXT || key->kind == DN_KIND_WORD)
        return strcmp(left, right) == 0;
    return memcmp(left, right, key->size) == 0;
}

/* YAML 1.1 parsers read "1e-05" as a string, so a real is always printed with a point. */
static void print_real(dn_text *text, double number) {
    char printed[DN_NUMBER_SIZE];
    dn_number_print(printed, number);
    size_t mantissa = strcspn(printed, "e");
    const char *point = strchr(printed, '.') ? "" : ".0";
    dn_text_append(text, "%.*s%s%s", (int)mantissa, printed, point, printed + mantissa);
}

/* Whether every YAML parser reads the text as the same string without quotes. */
static int is_plain(const char *field) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/";
    static const char *const reserved[] = {"true", "false", "yes", "no", "on",
                                           "off",  "null",  "y",   "n"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (strcasecmp(field, reserved[i]) == 0)
            return 0;
    size_t start = strspn(field, letters);
    return start > 0 && !field[start + strspn(field + start, "abcdefghijklmnopqrstuvwxyz"
                                                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                                             "0123456789/._-")];
}

static void print_text(dn_text *text, const char *field) {
    if (is_plain(field)) {
        dn_text_append(text, "%s", field);
        return;
    }
    dn_text_append(text, "\"");
    for (; *field; field++)
        dn_text_append(text, "%s%c", *field == '"' || *field == '\\' ? "\\" : "", *field);
    dn_text_append(text, "\"");
}

static void print_item(dn_text *text, const void *field, const dn_key *key, size_t item) {
    switch (key->kind) {
    case DN_KIND_BOOLEAN:
        dn_text_append(text, "%s", *(const int *)field ? "true" : "false");
        break;
    case DN_KIND_INTEGER:
        dn_text_append(text, "%d", ((const int *)field)[item]);
        break;
    case DN_KIND_SEED:
        dn_text_append(text, "%" PRIu64, *(const uint64_t *)field);
        break;
    case DN_KIND_REAL:
        print_real(text, ((const double *)field)[item]);
        break;
    default:
        print_text(text, field);
    }
}

void dn_value_print(dn_text *text, const struct dn_config *config, const dn_key *key) {
    const char *field = (const char *)config + key->offset;
    dn_text_append(text, "%s", key->count > 1 ? "[" : "");
    for (size_t i = 0; i < key->count; i++) {
        dn_text_append(text, "%s", i > 0 ? ", " : "");
        print_item(text, field, key, i);
    }
    dn_text_append(text, "%s", key->count > 1 ? "]" : "");
}
