/* safetensors, and the choice of a format by the content: any bytes, as they are. */
#include "tensor_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    open_tensors(data, size);
    return 0;
}
