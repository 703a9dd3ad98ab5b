/* Converts a backbone's weights from another program into a weights file for `--backbone` that
 * states their origin and licence. */
#include "backbone/import_weights.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/observer.h"
#include "interchange/interchange.h"
#include "tensors/wheel.h"

#include <stdio.h>
#include <string.h>

enum { MOST_METADATA = 10 };

typedef struct writing {
    const dn_tensor_file *file;
    const char *path;
    dn_backbone_weights weights;
    dn_import_summary summary;
    dn_tensor *tensors;
    char (*names)[DN_BACKBONE_NAME_SIZE];
    char source_sha256[DN_DIGEST_LENGTH + 1];
    dn_metadata_entry metadata[MOST_METADATA];
    size_t metadata_count;
} writing;

static dn_status list_tensors(writing *self, dn_error *error) {
    void *block;
    size_t count = dn_backbone_tensor_count(self->weights.network);
    DN_TRY(dn_allocate(&block, count, sizeof *self->tensors, error));
    self->tensors = block;
    DN_TRY(dn_allocate(&block, count, sizeof *self->names, error));
    self->names = block;
    for (size_t i = 0; i < count; i++)
        dn_backbone_tensor_at(&self->weights, i, "", self->names[i], &self->tensors[i]);
    return DN_OK;
}

static void add(writing *self, const char *key, const char *value) {
    if (value && *value)
        self->metadata[self->metadata_count++] = (dn_metadata_entry){key, value};
}

static const char *found(const writing *self, const char *key) {
    return dn_tensor_file_metadata(self->file, key);
}

/* Of a package the origin is known; of a PyTorch file only its name is. */
static void describe_origin(writing *self) {
    dn_backbone_weights *weights = &self->weights;
    const char *package = found(self, DN_WHEEL_PACKAGE), *page = found(self, DN_WHEEL_HOME_PAGE);
    const char *licence = found(self, DN_WEIGHTS_LICENCE), *origin = found(self, DN_WEIGHTS_ORIGIN);
    if (origin)
        snprintf(weights->origin, sizeof weights->origin, "%s", origin);
    else if (package)
        snprintf(weights->origin, sizeof weights->origin, "%s%s%s%s", package, page ? " (" : "",
                 page ? page : "", page ? ")" : "");
    else
        snprintf(weights->origin, sizeof weights->origin, "%s", dn_path_name(self->path));
    snprintf(weights->licence, sizeof weights->licence, "%s",
             licence ? licence : "not stated in the file");
}

static void list_metadata(writing *self) {
    size_t size;
    const void *bytes = dn_tensor_file_bytes(self->file, &size);
    dn_digest_bytes(bytes, size, self->source_sha256);
    add(self, "name", self->weights.network->title);
    add(self, DN_WEIGHTS_NETWORK, self->weights.network->name);
    add(self, DN_WEIGHTS_LICENCE, self->weights.licence);
    add(self, DN_WEIGHTS_ORIGIN, self->weights.origin);
    add(self, DN_WHEEL_AUTHOR, found(self, DN_WHEEL_AUTHOR));
    add(self, "source",
        found(self, DN_WHEEL_MEMBER) ? found(self, DN_WHEEL_MEMBER) : dn_path_name(self->path));
    add(self, "source_sha256", self->source_sha256);
    add(self, DN_META_BACKBONE_SHA256, self->weights.digest);
    add(self, DN_META_SOFTWARE, dn_version());
    add(self, DN_WHEEL_LICENCE_TEXT, found(self, DN_WHEEL_LICENCE_TEXT));
}

static void tell(const writing *self, const dn_observer *observer) {
    const dn_network *network = self->weights.network;
    dn_tell(observer, DN_NOTE,
            "%s: %s, %d convolutions, %zu batch normalisations folded into them; %zu of the file's "
            "%zu tensors used",
            self->path, network->title, dn_network_convolutions(network), self->summary.normalised,
            self->summary.used, dn_tensor_file_count(self->file));
    dn_tell(observer, DN_NOTE, "origin: %s; licence: %s", self->weights.origin,
            self->weights.licence);
}

static dn_status write_weights(writing *self, const char *output, const dn_observer *observer,
                               dn_error *error) {
    DN_TRY(dn_backbone_import(self->file, self->path, NULL, &self->weights, &self->summary, error));
    describe_origin(self);
    DN_TRY(list_tensors(self, error));
    list_metadata(self);
    DN_TRY(dn_safetensors_write(output, self->tensors,
                                dn_backbone_tensor_count(self->weights.network), self->metadata,
                                self->metadata_count, error));
    tell(self, observer);
    return DN_OK;
}

dn_status dn_interchange_import_backbone(const dn_tensor_file *file, const char *path,
                                         const char *output, const dn_observer *observer,
                                         dn_error *error) {
    writing self = {.file = file, .path = path};
    dn_status status = write_weights(&self, output, observer, error);
    dn_release(self.tensors);
    dn_release(self.names);
    dn_backbone_weights_free(&self.weights);
    return status;
}
