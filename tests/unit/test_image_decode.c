/* Decoding against Pillow (tests/reference/image_decode.py), and what must be refused. Whatever a
 * decoder prints on stderr fails the test that caught it (a sanitizer's report is caught as well:
 * give it a log_path). */
#include "base/digest.h"
#include "base/parallel.h"
#include "image/levels.h"
#include "support/support.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const dn_levels whole = {.kind = DN_LEVELS_WHOLE};

typedef struct file_bytes {
    uint8_t *data;
    size_t size;
} file_bytes;

static file_bytes load(const char *folder, const char *name) {
    char path[1024];
    file_bytes file = {0};
    snprintf(path, sizeof path, "%s/%s/%s", DN_FIXTURES, folder, name);
    FILE *stream = fopen(path, "rb");
    if (!stream)
        fail_msg("%s: missing fixture", path);
    file.data = malloc(1 << 20);
    file.size = fread(file.data, 1, 1 << 20, stream);
    fclose(stream);
    return file;
}

static int compare_names(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

typedef void visit_file(const char *folder, const char *name, void *context);

/* Sorted, so that failures read the same everywhere. */
static size_t visit_folder(const char *folder, visit_file *visit, void *context) {
    char path[1024], *names[256];
    size_t count = 0;
    snprintf(path, sizeof path, "%s/%s", DN_FIXTURES, folder);
    DIR *directory = opendir(path);
    if (!directory)
        fail_msg("%s: missing fixtures", path);
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        if (entry->d_name[0] != '.' && count < 256)
            names[count++] = strdup(entry->d_name);
    closedir(directory);
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 0; i < count; i++) {
        visit(folder, names[i], context);
        free(names[i]);
    }
    return count;
}

/* ---- Silence ------------------------------------------------------------------------------- */

static int redirect_stderr(void **state) {
    int *saved = malloc(sizeof *saved);
    FILE *catcher = tmpfile();
    fflush(stderr);
    *saved = dup(STDERR_FILENO);
    dup2(fileno(catcher), STDERR_FILENO);
    fclose(catcher);
    *state = saved;
    return 0;
}

static int restore_stderr(void **state) {
    int *saved = *state;
    fflush(stderr);
    off_t printed = lseek(STDERR_FILENO, 0, SEEK_END);
    char text[256] = "";
    if (printed > 0 && pread(STDERR_FILENO, text, sizeof text - 1, 0) < 0)
        text[0] = '\0';
    dup2(*saved, STDERR_FILENO);
    close(*saved);
    free(saved);
    if (printed > 0)
        print_error("printed on stderr: %s\n", text);
    return printed > 0;
}

/* ---- Pixels -------------------------------------------------------------------------------- */

typedef struct comparison {
    fixture *expected;
    size_t wrong;
} comparison;

static void compare_file(const char *folder, const char *name, void *context) {
    comparison *compare = context;
    file_bytes file = load(folder, name);
    dn_image image;
    dn_error error = {0};
    const char *difference = NULL;
    char size_name[300], digest[DN_DIGEST_LENGTH + 1];
    snprintf(size_name, sizeof size_name, "%s.size", name);
    const int64_t *size = fixture_integers(compare->expected, size_name, NULL);
    const uint8_t *expected = fixture_bytes(compare->expected, name, NULL);
    if (dn_image_decode(file.data, file.size, name, &whole, &image, &error) != DN_OK)
        difference = error.message;
    else if (image.height != size[0] || image.width != size[1])
        difference = "another size";
    else {
        dn_digest_bytes(image.pixels, (size_t)(size[0] * size[1]) * 3, digest);
        if (memcmp(digest, expected, DN_DIGEST_LENGTH) != 0)
            difference = "other pixels";
    }
    if (difference) {
        print_message("%s: %s\n", name, difference);
        compare->wrong++;
    }
    dn_image_free(&image);
    free(file.data);
}

static void pixels_are_pillows(void **state) {
    (void)state;
    comparison compare = {fixture_open("image_decode.safetensors"), 0};
    size_t count = visit_folder("image", compare_file, &compare);
    fixture_close(compare.expected);
    assert_true(count > 80);
    assert_int_equal(compare.wrong, 0);
}

/* Where colours are computed in another order than Pillow computes them. */
static void compare_nearly(const char *folder, const char *name, void *context) {
    comparison *compare = context;
    file_bytes file = load(folder, name);
    dn_image image;
    dn_error error = {0};
    char pixels_name[300];
    int largest = 0;
    size_t count;
    snprintf(pixels_name, sizeof pixels_name, "%s.pixels", name);
    const uint8_t *expected = fixture_bytes(compare->expected, pixels_name, &count);
    if (dn_image_decode(file.data, file.size, name, NULL, &image, &error) != DN_OK ||
        (size_t)image.width * (size_t)image.height * 3 != count) {
        print_message("%s: %s\n", name, error.message);
        compare->wrong++;
    } else
        for (size_t i = 0; i < count; i++)
            largest = abs(image.pixels[i] - expected[i]) > largest
                          ? abs(image.pixels[i] - expected[i])
                          : largest;
    if (largest > 2) {
        print_message("%s: differs by %d\n", name, largest);
        compare->wrong++;
    }
    dn_image_free(&image);
    free(file.data);
}

static void converted_colours_are_near_pillows(void **state) {
    (void)state;
    comparison compare = {fixture_open("image_decode.safetensors"), 0};
    assert_int_equal(visit_folder("near", compare_nearly, &compare), 4);
    fixture_close(compare.expected);
    assert_int_equal(compare.wrong, 0);
}

static void every_extension_is_read(void **state) {
    (void)state;
    comparison compare = {fixture_open("image_decode.safetensors"), 0};
    assert_int_equal(visit_folder("formats", compare_file, &compare), 9);
    fixture_close(compare.expected);
    assert_int_equal(compare.wrong, 0);
}

/* The name says nothing: a TIFF called .png is read. */
static void content_decides(void **state) {
    (void)state;
    char *folder = temporary_create();
    file_bytes file = load("image", "rgb.tif");
    const char *path = put_file(folder, "wrong.png", file.data, file.size);
    dn_image image;
    dn_error error = {0};
    assert_ok(dn_image_read(path, NULL, &image, &error));
    assert_int_equal(image.width, 23);
    dn_image_free(&image);
    free(file.data);
    temporary_remove(folder);
}

/* Four threads decode all files at once and get what one gets. */
static void decode_everything(void *context, size_t begin, size_t end) {
    size_t *wrong = context;
    for (size_t i = begin; i < end; i++) {
        comparison compare = {fixture_open("image_decode.safetensors"), 0};
        visit_folder("image", compare_file, &compare);
        fixture_close(compare.expected);
        wrong[i] = compare.wrong;
    }
}

static void threads_do_not_disturb_each_other(void **state) {
    (void)state;
    size_t wrong[4];
    dn_parallel_for(4, 4, 1, decode_everything, wrong);
    for (int i = 0; i < 4; i++)
        assert_int_equal(wrong[i], 0);
}

/* ---- Refusals ------------------------------------------------------------------------------ */

#define assert_refused(bytes, size, part)                                                          \
    do {                                                                                           \
        dn_error error = {0};                                                                      \
        dn_image image;                                                                            \
        assert_fails(dn_image_decode(bytes, size, "part.png", NULL, &image, &error),               \
                     DN_ERROR_FORMAT, part);                                                       \
        assert_null(image.pixels);                                                                 \
        if (strncmp(error.message, "part.png: ", 10) != 0)                                         \
            fail_msg("the message does not begin with the file: %s", error.message);               \
    } while (0)

static void other_files_are_named(void **state) {
    (void)state;
    assert_refused("", 0, "is not an image: the file is empty");
    assert_refused("text", 4,
                   "is not an image: expected JPEG, PNG, PNM, BMP, TIFF or WebP, found bytes 74 65 "
                   "78 74");
    assert_refused("P", 1, "found bytes 50");
    assert_refused("P5x", 3, "found bytes 50 35 78");
    assert_refused("RIFF\4\0\0\0WAVE", 12, "found bytes");
    assert_refused("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, "found bytes 00");
}

static void formats_that_are_not_read_are_named(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *name;
    } files[] = {
        {"GIF89a\1\0\1\0\0\0\0;", 14, "a GIF"},
        {"\0\0\0\fjP  \r\n\x87\n", 12, "a JPEG 2000"},
        {"\xff\x4f\xff\x51\0", 5, "a JPEG 2000"},
        {"\0\0\0\x1c"
         "ftypheic",
         12, "a HEIC"},
        {"\0\0\0\x1c"
         "ftypheix",
         12, "a HEIC"},
        {"\0\0\0\x1c"
         "ftypmif1",
         12, "a HEIC or AVIF"},
        {"\0\0\0\x1c"
         "ftypavif",
         12, "an AVIF"},
        {"\xff\x0a", 2, "a JPEG XL"},
        {"%PDF-1.7", 8, "a PDF"},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char part[64];
        snprintf(part, sizeof part, "is %s, which is not read", files[i].name);
        assert_refused(files[i].bytes, files[i].size, part);
    }
    assert_refused("\0\0\0\x1c"
                   "ftypxxxx",
                   12, "found bytes");
    assert_refused("GIF", 3, "found bytes 47 49 46");
}

/* All strict prefixes of a file must be refused, except such as lack only what is not pixels. */
static void refuse_prefixes(const char *folder, const char *name, void *context) {
    size_t *wrong = context;
    file_bytes file = load(folder, name);
    dn_image image;
    size_t step = file.size > 1500 ? 37 : 5, harmless = 0;
    /* Of these the end is no pixel: padding, a trailing newline, further pages. */
    if (strstr(name, ".bmp") || strstr(name, ".tif") || strstr(name, "ascii"))
        harmless = 5;
    if (strcmp(name, "pages.tif") == 0)
        harmless = file.size / 2;
    for (size_t size = 0; size + harmless < file.size; size += step) {
        dn_error error = {0};
        uint8_t *prefix = malloc(size + 1); /* so that sanitizers see reads past the end */
        memcpy(prefix, file.data, size);
        dn_status status = dn_image_decode(prefix, size, name, &whole, &image, &error);
        free(prefix);
        if (status == DN_ERROR_FORMAT && error.message[0] && !image.pixels)
            continue;
        print_message("%s: %zu of %zu bytes: status %d, %s\n", name, size, file.size, status,
                      error.message);
        dn_image_free(&image);
        ++*wrong;
        break;
    }
    free(file.data);
}

static void truncated_files_are_refused(void **state) {
    (void)state;
    size_t wrong = 0;
    visit_folder("image", refuse_prefixes, &wrong);
    visit_folder("formats", refuse_prefixes, &wrong);
    visit_folder("deep", refuse_prefixes, &wrong);
    visit_folder("near", refuse_prefixes, &wrong);
    assert_int_equal(wrong, 0);
}

static void truncation_is_named(void **state) {
    (void)state;
    static const struct {
        const char *name, *part;
    } cases[] = {
        {"part.png", "truncated at byte"},
        {"part.jpg", "is a damaged JPEG: Premature end of JPEG file"},
        {"part.bmp", "truncated at byte"},
        {"part.ppm", "truncated at byte"},
        {"part.webp", "is a truncated WebP"},
        {"part.tif", "is a damaged TIFF"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        file_bytes file = load("formats", cases[i].name);
        assert_refused(file.data, file.size / 2, cases[i].part);
        free(file.data);
    }
}

/* Damage of every kind ends in pixels or in a message, never in a crash or a word on stderr. */
static void damage_file(const char *folder, const char *name, void *context) {
    file_bytes file = load(folder, name);
    uint32_t random = 12345;
    size_t *refused = context;
    for (int round = 0; round < 40; round++) {
        uint8_t *damaged = malloc(file.size);
        memcpy(damaged, file.data, file.size);
        for (int i = 0; i <= round % 4; i++) {
            random = random * 1664525 + 1013904223;
            damaged[(random >> 8) % file.size] = (uint8_t)(random >> 24 ^ (unsigned)round);
        }
        dn_image image;
        dn_error error = {0};
        dn_status status = dn_image_decode(damaged, file.size, name, &whole, &image, &error);
        if (status != DN_OK) {
            assert_null(image.pixels);
            assert_int_equal(strncmp(error.message, name, strlen(name)), 0);
            ++*refused;
        }
        dn_image_free(&image);
        free(damaged);
    }
    free(file.data);
}

static void damaged_files_are_survived(void **state) {
    (void)state;
    size_t refused = 0;
    visit_folder("image", damage_file, &refused);
    visit_folder("deep", damage_file, &refused);
    visit_folder("near", damage_file, &refused);
    assert_true(refused > 500);
}

static void lost_pixels_are_refused(void **state) {
    (void)state;
    file_bytes file = load("formats", "part.png");
    file.data[file.size / 2] ^= 0x40;
    assert_refused(file.data, file.size, "is a damaged PNG: IDAT");
    free(file.data);
    file = load("formats", "part.jpg");
    file.data[file.size / 2] = 0xff; /* a marker in the midst of the pixels */
    file.data[file.size / 2 + 1] = 0xd9;
    assert_refused(file.data, file.size, "is a damaged JPEG");
    free(file.data);
}

static void put_big_endian(uint8_t *target, uint32_t value) {
    for (int i = 0; i < 4; i++)
        target[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* The checksum is that of IHDR. */
static void put_little_endian(uint8_t *target, uint32_t value) {
    for (int i = 0; i < 4; i++)
        target[i] = (uint8_t)(value >> 8 * i);
}

/* An uncompressed grey TIFF of one strip, as far as its tags go. */
static void refuse_tiff(uint32_t width, uint32_t height, const char *part) {
    const uint16_t tags[8] = {256, 257, 258, 259, 262, 273, 278, 279};
    const uint32_t values[8] = {width, height, 8, 1, 1, 110, 1, 4};
    uint8_t tiff[114] = "II*\0\x08\0\0\0\x08";
    for (int i = 0; i < 8; i++) {
        uint8_t *entry = tiff + 10 + 12 * i;
        put_little_endian(entry, tags[i] | 4u << 16);
        put_little_endian(entry + 4, 1);
        put_little_endian(entry + 8, values[i]);
    }
    assert_refused(tiff, sizeof tiff, part);
}

static void refuse_bmp(uint32_t width, uint32_t height, const char *part) {
    uint8_t bmp[58] = "BM";
    bmp[10] = 54;
    bmp[14] = 40;
    put_little_endian(bmp + 18, width);
    put_little_endian(bmp + 22, height);
    bmp[26] = 1;
    bmp[28] = 24;
    assert_refused(bmp, sizeof bmp, part);
}

/* `crc`: of the header chunk. */
static void refuse_png(uint32_t width, uint32_t height, uint32_t crc, const char *part) {
    uint8_t png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR........\x08\0\0\0\0....\0\0\0\0IDAT";
    put_big_endian(png + 16, width);
    put_big_endian(png + 20, height);
    put_big_endian(png + 29, crc);
    assert_refused(png, sizeof png - 1, part);
}

/* The canvas of an extended WebP, sides less one in three bytes each. */
static void refuse_webp(uint32_t width, uint32_t height, const char *part) {
    file_bytes file = load("image", "animated.webp");
    assert_memory_equal(file.data + 12, "VP8X", 4);
    uint64_t canvas = (uint64_t)(width - 1) | (uint64_t)(height - 1) << 24;
    for (int i = 0; i < 6; i++)
        file.data[24 + i] = (uint8_t)(canvas >> 8 * i);
    assert_refused(file.data, file.size, part);
    free(file.data);
}

static void refuse_jpeg(uint32_t width, uint32_t height, const char *part) {
    file_bytes file = load("image", "grey.jpg");
    uint8_t sides[4] = {(uint8_t)(height >> 8), (uint8_t)height, (uint8_t)(width >> 8),
                        (uint8_t)width};
    for (size_t i = 0; i + 9 < file.size; i++)
        if (file.data[i] == 0xff && file.data[i + 1] == 0xc0)
            memcpy(file.data + i + 5, sides, 4);
    assert_refused(file.data, file.size, part);
    free(file.data);
}

static void huge_images_are_refused_unread(void **state) {
    (void)state;
    refuse_png(
        100000, 100000, 0x8d395414,
        "is a PNG of 100000 x 100000 pixels: the limit is 65500 a side and 178956970 in all");
    refuse_png(20000, 20000, 0xc61b19e5, "is a PNG of 20000 x 20000 pixels");
    assert_refused("P5 99999 1 255\n", 15, "is a PNM of 99999 x 1 pixels");
    assert_refused("P6 60000 60000 255\n", 19, "is a PNM of 60000 x 60000 pixels");
    assert_refused("P5 99999999999 1 255\n", 21, "is a damaged PNM: its width");
    assert_refused("P4 0 5\n", 7, "it is empty");
    refuse_bmp(2139062143, 2139062143, "is a BMP of 2139062143 x 2139062143 pixels");
    refuse_jpeg(60000, 60000, "is a JPEG of 60000 x 60000 pixels");
}

static void long_and_thin_images_are_refused(void **state) {
    (void)state;
    refuse_png(100000, 1, 0x78154909, "is a PNG of 100000 x 1 pixels: the limit is 65500 a side");
    refuse_png(1, 100000, 0xcf528648, "is a PNG of 1 x 100000 pixels");
    refuse_tiff(100000, 1, "is a TIFF of 100000 x 1 pixels");
    refuse_tiff(1, 100000, "is a TIFF of 1 x 100000 pixels");
    refuse_bmp(100000, 1, "is a BMP of 100000 x 1 pixels");
    refuse_bmp(1, 100000, "is a BMP of 1 x 100000 pixels");
    refuse_jpeg(65535, 1, "is a damaged JPEG: Maximum supported image dimension is 65500");
    refuse_webp(100000, 1, "is a WebP of 100000 x 1 pixels");
    assert_refused("P6 1 100000 255\n", 16, "is a PNM of 1 x 100000 pixels");
}

static void images_of_no_size_are_refused(void **state) {
    (void)state;
    refuse_png(0, 5, 0x4e2db27d, "is a damaged PNG: Invalid IHDR data");
    refuse_png(5, 0, 0xf8c9e88a, "is a damaged PNG: Invalid IHDR data");
    refuse_tiff(0, 5, "is a damaged TIFF");
    refuse_tiff(5, 0, "is a damaged TIFF");
    refuse_bmp(0, 5, "it is empty");
    refuse_bmp(5, 0, "it is empty");
    refuse_jpeg(0, 5, "is a damaged JPEG: Empty JPEG image");
    refuse_jpeg(5, 0, "is a damaged JPEG");
    assert_refused("P6 0 5 255\n", 11, "it is empty");
    assert_refused("P6 5 0 255\n", 11, "it is empty");
}

static void huge_canvases_are_refused(void **state) {
    (void)state;
    refuse_tiff(60000, 60000, "is a TIFF of 60000 x 60000 pixels");
    refuse_tiff(0xffffffff, 0xffffffff, "is a damaged TIFF");
    refuse_webp(16384, 16384, "is a WebP of 16384 x 16384 pixels");
    refuse_webp(65536, 65535, "is a WebP of 65536 x 65535 pixels");
}

/* Every scan takes a pass over the picture: a small file would keep the decoder busy for hours. */
static void endless_scans_are_refused(void **state) {
    (void)state;
    enum { TIMES = 600 };
    file_bytes file = load("image", "progressive.jpg");
    size_t begin = 2, end;
    while (!(file.data[begin] == 0xff && file.data[begin + 1] == 0xda))
        begin++;
    for (end = begin + 2; file.data[end] != 0xff || file.data[end + 1] == 0;)
        end++;
    size_t scan = end - begin;
    uint8_t *bytes = malloc(begin + TIMES * scan);
    memcpy(bytes, file.data, begin);
    for (size_t i = 0; i < TIMES; i++)
        memcpy(bytes + begin + i * scan, file.data + begin, scan);
    assert_refused(bytes, begin + TIMES * scan, "more than 500 scans");
    free(bytes);
    free(file.data);
}

/* Texts and profiles in a PNG are compressed too; nobody looks into them. */
static void compressed_texts_are_passed_over(void **state) {
    (void)state;
    const uint8_t text[] = "\0\0\0\x08zTXtkey\0\0bad\x12\x34\x56\x78"; /* after IHDR: byte 33 */
    file_bytes file = load("formats", "part.png");
    size_t size = file.size + sizeof text - 1;
    uint8_t *bytes = malloc(size);
    memcpy(bytes, file.data, 33);
    memcpy(bytes + 33, text, sizeof text - 1);
    memcpy(bytes + 33 + sizeof text - 1, file.data + 33, file.size - 33);
    dn_image image, plain;
    dn_error error = {0};
    assert_ok(dn_image_decode(bytes, size, "text.png", NULL, &image, &error));
    assert_ok(dn_image_decode(file.data, file.size, "plain.png", NULL, &plain, &error));
    assert_memory_equal(image.pixels, plain.pixels, (size_t)plain.width * (size_t)plain.height * 3);
    dn_image_free(&image);
    dn_image_free(&plain);
    free(bytes);
    free(file.data);
}

static void layouts_that_are_not_read_are_named(void **state) {
    (void)state;
    file_bytes file = load("image", "rgb.bmp");
    file.data[28] = 23;
    assert_refused(file.data, file.size, "23 bits a pixel: expected 1, 4, 8, 16, 24 or 32");
    file.data[28] = 24;
    file.data[30] = 1; /* run lengths of 8 bits */
    assert_refused(file.data, file.size, "is a BMP of compression 1");
    file.data[30] = 4;
    assert_refused(file.data, file.size, "is a BMP of compression 4");
    file.data[14] = 13;
    assert_refused(file.data, file.size, "with a header of 13 bytes");
    free(file.data);
    assert_refused("P2 2 1 255\n3 256\n", 17, "sample 256 is above the largest value, 255");
    assert_refused("P2 2 1 255\n3 x\n", 15, "its sample at byte 13 is not a number");
    assert_refused("P1 2 1\n02", 9, "is neither 0 nor 1");
    assert_refused("P5 2 1 65536\n....", 17, "expected 1 to 65535");
}

/* Hostile run lengths: beyond rows and the picture, jumps past the end, no end at all. */
static void runs_stay_within_the_picture(void **state) {
    (void)state;
    static const struct {
        const char *runs;
        size_t size;
        int is_read;
    } cases[] = {
        {"\xff\7\xff\7\0\0\xff\7\0\0\xff\7\0\1", 14, 1}, /* rows too long */
        {"\0\2\xff\xff\0\1", 6, 1},                      /* a jump past the end */
        {"\0\2\3\0\0\2\3\0\1\1\0\1", 12, 1},             /* jumps over a row's end */
        {"\0\0\0\0\0\0\0\0\0\0", 10, 1},                 /* more rows than there are */
        {"\0\xff", 2, 0},                                /* 255 indices, none there */
        {"\0\5\1\2\3\4\5", 7, 0},                        /* its padding is missing */
        {"\0\2\1", 3, 0},                                /* half a jump */
        {"\4\7", 2, 0},                                  /* a row, and no more */
        {"\4", 1, 0},
        {"", 0, 0},
        {"\0\1", 2, 1}, /* an empty picture */
    };
    for (int bits = 4; bits <= 8; bits += 4)
        for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
            uint8_t bmp[54 + 4 + 16] = "BM";
            dn_image image;
            dn_error error = {0};
            bmp[10] = 58;
            bmp[14] = 40;
            bmp[18] = 4; /* 4 x 3 pixels */
            bmp[22] = 3;
            bmp[26] = 1;
            bmp[28] = (uint8_t)bits;
            bmp[30] = bits == 8 ? 1 : 2;
            bmp[46] = 1; /* one colour */
            memcpy(bmp + 58, cases[i].runs, cases[i].size);
            uint8_t *bytes = malloc(58 + cases[i].size);
            memcpy(bytes, bmp, 58 + cases[i].size);
            dn_status status =
                dn_image_decode(bytes, 58 + cases[i].size, "runs", NULL, &image, &error);
            if (status != (cases[i].is_read ? DN_OK : DN_ERROR_FORMAT))
                fail_msg("case %zu of %d bits: %s", i, bits, error.message);
            dn_image_free(&image);
            free(bytes);
        }
}

static void put_tiff_tag(file_bytes *file, unsigned tag, unsigned value) {
    size_t at = 8;
    while (at + 12 < file->size &&
           (file->data[at] != (tag & 255) || file->data[at + 1] != tag >> 8))
        at += 2;
    file->data[at + 8] = (uint8_t)value;
    file->data[at + 9] = (uint8_t)(value >> 8);
}

static void tiff_kinds_that_are_not_read_are_named(void **state) {
    (void)state;
    file_bytes file = load("image", "white_is_zero.tif");
    put_tiff_tag(&file, 262, 9);
    assert_refused(file.data, file.size, "photometric 9 with 1 samples of 8 bits a pixel");
    put_tiff_tag(&file, 262, 0);
    put_tiff_tag(&file, 258, 24);
    assert_refused(file.data, file.size, "unsigned samples of 24 bits, photometric 0: expected");
    free(file.data);
    file = load("deep", "float32.tif");
    put_tiff_tag(&file, 258, 24);
    assert_refused(file.data, file.size, "floating-point samples of 24 bits, photometric 1");
    put_tiff_tag(&file, 258, 32);
    put_tiff_tag(&file, 339, 6);
    assert_refused(file.data, file.size, "complex samples of 32 bits");
    free(file.data);
    file = load("image", "premultiplied_grey.tif");
    put_tiff_tag(&file, 277, 1);
    assert_refused(file.data, file.size, "");
    free(file.data);
    file = load("image", "white_is_zero.tif");
    put_tiff_tag(&file, 258, 8);
    put_tiff_tag(&file, 259, 9999);
    assert_refused(file.data, file.size, "is a damaged TIFF");
    free(file.data);
}

static void paths_that_are_no_image_files_are_named(void **state) {
    (void)state;
    char *folder = temporary_create(), path[1024];
    dn_image image;
    dn_error error;
    snprintf(path, sizeof path, "%s/missing.png", folder);
    assert_fails(dn_image_read(path, NULL, &image, &error), DN_ERROR_IO, "No such file");
    assert_fails(dn_image_read(folder, NULL, &image, &error), DN_ERROR_IO, "directory");
    snprintf(path, sizeof path, "%s/pipe.png", folder);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_fails(dn_image_read(path, NULL, &image, &error), DN_ERROR_IO, "not a regular file");
    const char *empty = put_file(folder, "empty.png", "", 0);
    assert_fails(dn_image_read(empty, NULL, &image, &error), DN_ERROR_FORMAT, "the file is empty");
    const char *text = put_file(folder, "text.png", "hello world, hello", 18);
    assert_fails(dn_image_read(text, NULL, &image, &error), DN_ERROR_FORMAT,
                 "text.png: is not an image");
    assert_null(image.pixels);
    temporary_remove(folder);
}

#define silent_test(test) cmocka_unit_test_setup_teardown(test, redirect_stderr, restore_stderr)

int main(void) {
    const struct CMUnitTest tests[] = {
        silent_test(pixels_are_pillows),
        silent_test(every_extension_is_read),
        silent_test(converted_colours_are_near_pillows),
        silent_test(runs_stay_within_the_picture),
        silent_test(threads_do_not_disturb_each_other),
        cmocka_unit_test(content_decides),
        cmocka_unit_test(other_files_are_named),
        cmocka_unit_test(formats_that_are_not_read_are_named),
        silent_test(truncated_files_are_refused),
        silent_test(truncation_is_named),
        silent_test(damaged_files_are_survived),
        silent_test(lost_pixels_are_refused),
        silent_test(huge_images_are_refused_unread),
        silent_test(long_and_thin_images_are_refused),
        silent_test(images_of_no_size_are_refused),
        silent_test(huge_canvases_are_refused),
        silent_test(endless_scans_are_refused),
        silent_test(compressed_texts_are_passed_over),
        silent_test(layouts_that_are_not_read_are_named),
        silent_test(tiff_kinds_that_are_not_read_are_named),
        cmocka_unit_test(paths_that_are_no_image_files_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
