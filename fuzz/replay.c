/* Runs a fuzz target over the files of folders, without libFuzzer: the corpus as a unit test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void replay_file(const char *path) {
    FILE *stream = fopen(path, "rb");
    if (!stream || fseek(stream, 0, SEEK_END) != 0) {
        fprintf(stderr, "cannot read %s\n", path);
        exit(1);
    }
    size_t size = (size_t)ftell(stream);
    uint8_t *bytes = malloc(size ? size : 1); /* exactly so many: a read past the end is found */
    rewind(stream);
    if (!bytes || fread(bytes, 1, size, stream) != size)
        exit(1);
    fclose(stream);
    LLVMFuzzerTestOneInput(bytes, size);
    free(bytes);
}

static int replay_folder(const char *path) {
    char name[4096];
    int count = 0;
    DIR *folder = opendir(path);
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        replay_file(name);
        count++;
    }
    if (folder)
        closedir(folder);
    return count;
}

int main(int count, char **folders) {
    int replayed = 0;
    for (int i = 1; i < count; i++)
        replayed += replay_folder(folders[i]);
    printf("%d inputs replayed\n", replayed);
    return replayed > 0 ? 0 : 1;
}
