#include "base/memory.h"
#include "tensors/state_dict.h"
#include "tensors/zip_archive.h"
#include "tensors/zip_places.h"

#include <string.h>
#include <zlib.h>

#define NAME_LIMIT 512

/* torch.save since 1.6: a zip archive of members stored without compression,
 *     PREFIX/data.pkl     the pickle
 *     PREFIX/data/KEY     a storage
 *     PREFIX/byteorder    "little", where it is there */
typedef struct archive {
    dn_tensor_file *file;
    zip_t *zip;
    zip_int64_t pickle; /* member numbers are libzip's */
    char prefix[NAME_LIMIT / 2];
    dn_zip_place *places; /* of all members */
    uint8_t *confirmed;   /* checked against the directory */
    size_t confirmed_bytes;
} archive;

static dn_status refuse_member(const archive *opened, zip_uint64_t member, const char *problem,
                               dn_error *error) {
    const char *name = zip_get_name(opened->zip, member, ZIP_FL_ENC_RAW);
    int shown = name && dn_name_valid((const uint8_t *)name, strlen(name));
    return dn_fail(error, DN_ERROR_FORMAT, "%s: the archive member \"%.200s\" %s",
                   opened->file->name, shown ? name : "?", problem);
}

static dn_status check_stored(const archive *opened, zip_uint64_t member, dn_error *error) {
    const zip_uint64_t needed = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD;
    zip_stat_t found;
    const char *name = zip_get_name(opened->zip, member, ZIP_FL_ENC_RAW);
    const dn_zip_place *place = &opened->places[member];
    zip_stat_init(&found);
    if (zip_stat_index(opened->zip, member, 0, &found) != 0 || (found.valid & needed) != needed)
        return refuse_member(opened, member, "cannot be examined", error);
    if (found.comp_method != ZIP_CM_STORE ||
        (found.valid & ZIP_STAT_ENCRYPTION_METHOD && found.encryption_method != ZIP_EM_NONE))
        return refuse_member(opened, member,
                             "is compressed or encrypted, which torch.save never does; load the "
                             "file with PyTorch and save it again",
                             error);
    if (found.size != place->bytes || !name || strlen(name) != place->name_length ||
        memcmp(name, place->name, place->name_length) != 0)
        return refuse_member(opened, member, "is not laid out as torch.save does it", error);
    return DN_OK;
}

/* Compares the bytes in place with the checksum in the archive's directory. */
static dn_status check_sum(const archive *opened, zip_uint64_t member, dn_error *error) {
    const dn_zip_place *place = &opened->places[member];
    zip_stat_t found;
    zip_stat_init(&found);
    if (zip_stat_index(opened->zip, member, 0, &found) != 0 || !(found.valid & ZIP_STAT_CRC))
        return refuse_member(opened, member, "has no checksum", error);
    if (crc32_z(0, place->data, place->bytes) != found.crc)
        return refuse_member(opened, member, "is damaged (its checksum is wrong)", error);
    return DN_OK;
}

/* Checks a member once and returns its bytes in place. */
static dn_status take_member(archive *opened, zip_uint64_t member, const dn_zip_place **place,
                             dn_error *error) {
    *place = &opened->places[member];
    if (opened->confirmed[member])
        return DN_OK;
    DN_TRY(check_stored(opened, member, error));
    opened->confirmed_bytes += (*place)->bytes;
    if (opened->confirmed_bytes >
        opened->file->size) /* otherwise a small file could take hours to read */
        return refuse_member(opened, member, "overlaps another one", error);
    DN_TRY(check_sum(opened, member, error));
    opened->confirmed[member] = 1;
    return DN_OK;
}

/* -1 when there is none of that name. */
static zip_int64_t find_member(const archive *opened, const char *folder, const uint8_t *key,
                               size_t length) {
    char name[NAME_LIMIT];
    if (length >= NAME_LIMIT / 4 || memchr(key, 0, length))
        return -1;
    snprintf(name, sizeof name, "%s/%s%.*s", opened->prefix, folder, (int)length,
             (const char *)key);
    return zip_name_locate(opened->zip, name, ZIP_FL_ENC_RAW);
}

static dn_status find_storage(void *context, const dn_storage *storage, const uint8_t **data,
                              dn_error *error) {
    archive *opened = context;
    const dn_zip_place *place = NULL;
    zip_int64_t member = find_member(opened, "data/", storage->key, storage->key_length);
    if (member < 0)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: a storage is missing from the archive (%s/data)", opened->file->name,
                       opened->prefix);
    DN_TRY(take_member(opened, (zip_uint64_t)member, &place, error));
    if (place->bytes != storage->bytes)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: the archive member \"%.*s\" has %zu bytes, expected %zu",
                       opened->file->name, (int)place->name_length, (const char *)place->name,
                       place->bytes, storage->bytes);
    *data = place->data;
    return DN_OK;
}

/* The only member FOLDER/data.pkl determines the prefix. */
static dn_status find_pickle(archive *opened, dn_error *error) {
    zip_int64_t count = zip_get_num_entries(opened->zip, 0);
    opened->pickle = -1;
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(opened->zip, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        const char *slash = name ? strchr(name, '/') : NULL;
        if (!slash || strcmp(slash, "/data.pkl") != 0)
            continue;
        size_t length = (size_t)(slash - name);
        if (opened->pickle >= 0 || length >= sizeof opened->prefix ||
            !dn_name_valid((const uint8_t *)name, length))
            return refuse_member(opened, (zip_uint64_t)i, "is not what torch.save writes", error);
        opened->pickle = i;
        memcpy(opened->prefix, name, length);
    }
    if (opened->pickle < 0)
        return dn_fail(error, DN_ERROR_FORMAT,
                       "%s: is a zip archive without a data.pkl, not a file of torch.save",
                       opened->file->name);
    return DN_OK;
}

static dn_status check_byte_order(archive *opened, dn_error *error) {
    const dn_zip_place *place = NULL;
    zip_int64_t member = find_member(opened, "byteorder", (const uint8_t *)"", 0);
    if (member < 0)
        return DN_OK; /* before PyTorch 2.1 */
    DN_TRY(take_member(opened, (zip_uint64_t)member, &place, error));
    if (place->bytes == 6 && memcmp(place->data, "little", 6) == 0)
        return DN_OK;
    return refuse_member(opened, (zip_uint64_t)member, "does not say \"little\"", error);
}

static dn_status read_state(archive *opened, dn_pickle *pickle, dn_error *error) {
    const dn_zip_place *place = NULL;
    dn_pickle_value object;
    DN_TRY(take_member(opened, (zip_uint64_t)opened->pickle, &place, error));
    dn_bytes source = {place->data, place->bytes, 0, opened->file->name, NULL};
    DN_TRY(dn_pickle_run(pickle, &source, &object, error));
    return dn_state_dict_read(opened->file, pickle, &object, find_storage, opened, error);
}

static dn_status read_archive(archive *opened, dn_error *error) {
    size_t count = (size_t)zip_get_num_entries(opened->zip, 0);
    const dn_tensor_file *file = opened->file;
    void *block;
    dn_pickle *pickle;
    DN_TRY(dn_allocate(&block, count, sizeof *opened->places, error));
    opened->places = block;
    DN_TRY(dn_allocate(&block, count, sizeof *opened->confirmed, error));
    opened->confirmed = block;
    DN_TRY(dn_zip_places_find(file->bytes, file->size, file->name, count, opened->places, error));
    DN_TRY(find_pickle(opened, error));
    DN_TRY(check_byte_order(opened, error));
    DN_TRY(dn_pickle_create(&pickle, error));
    dn_status status = read_state(opened, pickle, error);
    dn_pickle_destroy(pickle);
    return status;
}

dn_status dn_read_pytorch_zip(dn_tensor_file *file, dn_error *error) {
    archive opened = {.file = file};
    file->format = "pytorch-zip";
    DN_TRY(dn_zip_open(file, &opened.zip, error));
    dn_status status = read_archive(&opened, error);
    zip_discard(opened.zip);
    dn_release(opened.places);
    dn_release(opened.confirmed);
    return status;
}
