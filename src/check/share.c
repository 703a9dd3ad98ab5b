#include "check/share.h"

#include "base/memory.h"
#include "config/number.h"

#include <math.h>
#include <string.h>

/* The numbers of a record, in this order; then DN_PROPERTIES values. */
enum {
    WIDTH,
    HEIGHT,
    BITS,
    IS_DEEP,
    ORIENTATION,
    HAS_MORE,
    DEPTH_BITS,
    IS_MAPPED,
    BLACK,
    WHITE,
    LOWEST,
    HIGHEST,
    OUTSIDE,
    MASK,
    VALUES,
    NUMBERS = VALUES + DN_PROPERTIES
};

enum { LINES = 5, FORMAT = 0, MODE, DIGEST, FAILURE, MASK_DETAIL };

/* ---- writing ---- */

static void get_numbers(const dn_record *record, double numbers[NUMBERS]) {
    const double first[VALUES] = {
        [WIDTH] = record->width,
        [HEIGHT] = record->height,
        [BITS] = record->kind.bits,
        [IS_DEEP] = record->kind.is_deep,
        [ORIENTATION] = record->kind.orientation,
        [HAS_MORE] = record->kind.has_more,
        [DEPTH_BITS] = record->depth.bits,
        [IS_MAPPED] = record->depth.is_mapped,
        [BLACK] = record->depth.black,
        [WHITE] = record->depth.white,
        [LOWEST] = record->depth.lowest,
        [HIGHEST] = record->depth.highest,
        [OUTSIDE] = record->depth.outside,
        [MASK] = record->mask,
    };
    memcpy(numbers, first, sizeof first);
    memcpy(numbers + VALUES, record->values, sizeof record->values);
}

/* A line; "-" stands before the text, and a text that is missing gives an empty line. */
static void print_line(const char *line, dn_text *text) {
    if (line)
        dn_text_append(text, "-");
    for (; line && *line; line++)
        dn_text_append_bytes(text, *line == '\n' ? " " : line, 1);
    dn_text_append(text, "\n");
}

void dn_check_record_print(const dn_record *record, dn_text *text) {
    double numbers[NUMBERS];
    get_numbers(record, numbers);
    for (int i = 0; i < NUMBERS; i++) {
        char number[DN_NUMBER_SIZE] = "-";
        if (isfinite(numbers[i]))
            dn_number_print(number, numbers[i]);
        dn_text_append(text, "%s ", number);
    }
    dn_text_append(text, "\n");
    print_line(record->kind.format, text);
    print_line(record->kind.mode, text);
    print_line(record->digest, text);
    print_line(record->failure, text);
    print_line(record->mask_detail, text);
}

/* ---- reading ---- */

static int read_numbers(const char **text, double numbers[NUMBERS]) {
    for (int i = 0; i < NUMBERS; i++) {
        char number[DN_NUMBER_SIZE] = "";
        size_t length = strcspn(*text, " \n");
        if (length >= sizeof number || (*text)[length] != ' ')
            return 0;
        memcpy(number, *text, length);
        *text += length + 1;
        numbers[i] = NAN;
        if (strcmp(number, "-") != 0 && !dn_number_read(number, &numbers[i]))
            return 0;
    }
    return *(*text)++ == '\n';
}

/* NaN is not. */
static int is_count(double number, double most) {
    return number >= 0 && number <= most && number == floor(number);
}

/* What a check could not have found is no record. */
static int makes_sense(const double numbers[NUMBERS]) {
    static const double most[] = {[WIDTH] = DN_IMAGE_MAX_SIDE,
                                  [HEIGHT] = DN_IMAGE_MAX_SIDE,
                                  [BITS] = 64,
                                  [IS_DEEP] = 1,
                                  [ORIENTATION] = 8,
                                  [HAS_MORE] = 1,
                                  [DEPTH_BITS] = 64,
                                  [IS_MAPPED] = 1};
    for (int i = 0; i <= IS_MAPPED; i++)
        if (!is_count(numbers[i], most[i]))
            return 0;
    return is_count(numbers[MASK], DN_MASK_GREY) && (numbers[WIDTH] > 0) == (numbers[HEIGHT] > 0);
}

static void set_numbers(const double numbers[NUMBERS], dn_record *record) {
    record->width = (int)numbers[WIDTH];
    record->height = (int)numbers[HEIGHT];
    record->kind.bits = (int)numbers[BITS];
    record->kind.is_deep = (int)numbers[IS_DEEP];
    record->kind.orientation = (int)numbers[ORIENTATION];
    record->kind.has_more = (int)numbers[HAS_MORE];
    record->depth = (dn_depth){.bits = (int)numbers[DEPTH_BITS],
                               .is_mapped = (int)numbers[IS_MAPPED],
                               .black = numbers[BLACK],
                               .white = numbers[WHITE],
                               .lowest = numbers[LOWEST],
                               .highest = numbers[HIGHEST],
                               .outside = numbers[OUTSIDE]};
    record->mask = (dn_mask_state)numbers[MASK];
    memcpy(record->values, numbers + VALUES, sizeof record->values);
}

typedef struct line {
    const char *text; /* NULL: missing */
    size_t length;
} line;

static int read_lines(const char *text, line lines[LINES]) {
    for (int i = 0; i < LINES; i++) {
        size_t length = strcspn(text, "\n");
        if (text[length] != '\n' || (length > 0 && text[0] != '-'))
            return 0;
        lines[i] = length > 0 ? (line){text + 1, length - 1} : (line){NULL, 0};
        text += length + 1;
    }
    return *text == '\0';
}

static const char *known_text(const line *given) {
    return given->text ? dn_image_kind_text(given->text, given->length) : NULL;
}

static int is_digest(const line *given) {
    return given->text && (given->length == 0 || given->length == DN_DIGEST_LENGTH) &&
           strspn(given->text, "0123456789abcdef") >= given->length;
}

static dn_status copy_line(const line *given, char **copy, dn_error *error) {
    void *block;
    if (!given->text)
        return DN_OK;
    DN_TRY(dn_allocate(&block, given->length + 1, 1, error));
    memcpy(block, given->text, given->length);
    *copy = block;
    dn_flatten(*copy);
    return DN_OK;
}

dn_status dn_check_record_parse(const char *text, dn_record *record, dn_error *error) {
    double numbers[NUMBERS];
    line lines[LINES];
    *record = (dn_record){.kind = {.format = "", .mode = ""}};
    if (!read_numbers(&text, numbers) || !makes_sense(numbers) || !read_lines(text, lines) ||
        !is_digest(&lines[DIGEST]) || !known_text(&lines[FORMAT]) || !known_text(&lines[MODE]))
        return dn_fail(error, DN_ERROR_FORMAT, "holds no record of a picture");
    set_numbers(numbers, record);
    record->kind.format = known_text(&lines[FORMAT]);
    record->kind.mode = known_text(&lines[MODE]);
    memcpy(record->digest, lines[DIGEST].text, lines[DIGEST].length);
    DN_TRY(copy_line(&lines[FAILURE], &record->failure, error));
    return copy_line(&lines[MASK_DETAIL], &record->mask_detail, error);
}
