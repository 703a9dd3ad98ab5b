/* libFuzzer target for the lines of the state file of predict --watch. The first byte decides
 * whether the checksum is corrected, without which hardly any change would pass. What is accepted
 * must survive a round trip. */
#include "cli/watch/record.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void correct_checksum(char *line) {
    uint32_t hash = UINT32_C(2166136261);
    char digits[9];
    if (strlen(line) < 10)
        return;
    for (const char *byte = line + 9; *byte && *byte != '\n'; byte++)
        hash = (hash ^ (unsigned char)*byte) * UINT32_C(16777619);
    snprintf(digits, sizeof digits, "%08" PRIx32, hash);
    memcpy(line, digits, 8);
}

static int same_text(const char *a, const char *b) {
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void check_round_trip(const dn_record *record) {
    dn_record again;
    char *line = dn_record_print(record);
    if (!line)
        return;
    if (!dn_record_parse(line, &again) || again.kind != record->kind ||
        !same_text(again.folder, record->folder) || !same_text(again.name, record->name) ||
        !same_text(again.row, record->row) || again.place != record->place ||
        !dn_identity_equals(&again.identity, &record->identity))
        abort();
    free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    dn_record record;
    char *line = size > 0 ? malloc(size) : NULL;
    if (!line)
        return 0;
    memcpy(line, data + 1, size - 1);
    line[size - 1] = '\0';
    if (data[0] % 2)
        correct_checksum(line);
    if (dn_record_parse(line, &record))
        check_round_trip(&record);
    free(line);
    return 0;
}
