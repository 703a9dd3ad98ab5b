/* torch.save's zip archives, their checksums put right first. */
#include "tensor_file.h"
#include "zip_checksums.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    uint8_t *archive = copy_input(data, size);
    if (size >= 4)
        memcpy(archive, "PK\3\4", 4);
    repair(archive, size);
    open_tensors(archive, size);
    free(archive);
    return 0;
}
