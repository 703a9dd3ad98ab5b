#include "tensors/zip_places.h"

#include <string.h>

/* From the end of the archive back: end record, central directory, the members' local headers. */
enum { END_SIZE = 22, ENTRY_SIZE = 46, LOCAL_SIZE = 30 };

static size_t number16(const uint8_t *bytes) {
    return (size_t)bytes[0] | (size_t)bytes[1] << 8;
}

static size_t number32(const uint8_t *bytes) {
    return number16(bytes) | number16(bytes + 2) << 16;
}

static dn_status expect(const dn_bytes *bytes, const uint8_t *record, const char *signature,
                        dn_error *error) {
    if (memcmp(record, signature, 4) == 0)
        return DN_OK;
    return dn_fail(error, DN_ERROR_FORMAT,
                   "%s: its zip archive is not laid out as torch.save does it (near byte %zu)",
                   bytes->name, bytes->position);
}

static dn_status find_directory(dn_bytes *archive, dn_error *error) {
    const uint8_t *end;
    archive->position = archive->size < END_SIZE ? 0 : archive->size - END_SIZE;
    DN_TRY(dn_bytes_take(archive, END_SIZE, "the end of the zip archive", &end, error));
    DN_TRY(expect(archive, end, "PK\5\6", error));
    size_t offset = number32(end + 16);
    if (offset > archive->size)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: its zip directory lies past the end",
                       archive->name);
    archive->position = offset;
    return DN_OK;
}

static dn_status find_data(dn_bytes archive, size_t header, dn_zip_place *place, dn_error *error) {
    const uint8_t *local, *skipped;
    if (header > archive.size)
        return dn_fail(error, DN_ERROR_FORMAT, "%s: a zip member lies past the end", archive.name);
    archive.position = header;
    DN_TRY(dn_bytes_take(&archive, LOCAL_SIZE, "a zip member's header", &local, error));
    DN_TRY(expect(&archive, local, "PK\3\4", error));
    size_t extra = number16(local + 26) + number16(local + 28);
    DN_TRY(dn_bytes_take(&archive, extra, "a zip member's header", &skipped, error));
    return dn_bytes_take(&archive, place->bytes, "a zip member", &place->data, error);
}

static dn_status find_member(dn_bytes *archive, dn_zip_place *place, dn_error *error) {
    const uint8_t *entry, *skipped;
    DN_TRY(dn_bytes_take(archive, ENTRY_SIZE, "a zip directory entry", &entry, error));
    DN_TRY(expect(archive, entry, "PK\1\2", error));
    place->bytes = number32(entry + 20);
    place->name_length = number16(entry + 28);
    DN_TRY(dn_bytes_take(archive, place->name_length, "a zip member's name", &place->name, error));
    size_t rest = number16(entry + 30) + number16(entry + 32);
    DN_TRY(dn_bytes_take(archive, rest, "a zip directory entry", &skipped, error));
    return find_data(*archive, number32(entry + 42), place, error);
}

dn_status dn_zip_places_find(const uint8_t *archive, size_t size, const char *name, size_t count,
                             dn_zip_place *places, dn_error *error) {
    dn_bytes bytes = {archive, size, 0, name, NULL};
    DN_TRY(find_directory(&bytes, error));
    for (size_t i = 0; i < count; i++)
        DN_TRY(find_member(&bytes, &places[i], error));
    return DN_OK;
}
