#include "api/results/results.h"

#include "base/file.h"
#include "base/output_folder.h"
#include "dataset/dataset.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_VERSIONS = 1000000 };

dn_status dn_results_of_dataset(const dn_config *config, char *folder, size_t size,
                                dn_error *error) {
    char dataset[256];
    dn_dataset_title(config->dataset_path, dataset, sizeof dataset);
    int length = snprintf(folder, size, "%s/DifferNet/%s", config->output, dataset);
    if (length < 0 || (size_t)length >= size)
        return dn_fail(error, DN_ERROR_IO, "%.200s: the path of the results is too long",
                       config->output);
    return DN_OK;
}

dn_status dn_results_of_class(const dn_config *config, char *folder, size_t size, dn_error *error) {
    char dataset[1024];
    DN_TRY(dn_results_of_dataset(config, dataset, sizeof dataset, error));
    return dn_path_join(folder, size, dataset, config->class_name[0] ? config->class_name : "all",
                        error);
}

dn_status dn_results_create(const dn_config *config, dn_results *results, dn_error *error) {
    DN_TRY(dn_results_of_class(config, results->parent, sizeof results->parent, error));
    DN_TRY(dn_make_directories(results->parent, error));
    for (int n = 1; n < MAX_VERSIONS; n++) {
        snprintf(results->version, sizeof results->version, "v%d", n);
        DN_TRY(dn_path_join(results->directory, sizeof results->directory, results->parent,
                            results->version, error));
        if (mkdir(results->directory, 0777) == 0)
            return dn_output_folder_make(results->directory, error);
        if (errno != EEXIST)
            return dn_fail(error, DN_ERROR_IO, "%s: cannot create the directory: %s",
                           results->directory, strerror(errno));
    }
    return dn_fail(error, DN_ERROR_IO, "%s: holds %d versions already", results->parent,
                   MAX_VERSIONS);
}

static dn_status split_directory(const char *directory, dn_results *results, dn_error *error) {
    size_t length = strlen(directory);
    while (length > 1 && directory[length - 1] == '/')
        length--;
    int written =
        snprintf(results->directory, sizeof results->directory, "%.*s", (int)length, directory);
    if (written < 0 || (size_t)written >= sizeof results->directory)
        return dn_fail(error, DN_ERROR_IO, "%.200s: the path is too long", directory);
    const char *name = dn_path_name(results->directory);
    size_t parent = (size_t)(name - results->directory);
    memcpy(results->parent, results->directory, parent);
    snprintf(results->parent + parent, sizeof results->parent - parent, "%s", parent ? "" : ".");
    if (strlen(name) >= sizeof results->version)
        return dn_fail(error, DN_ERROR_ARGUMENT, "%s: is not a results folder v<N>", directory);
    memcpy(results->version, name, strlen(name) + 1);
    return DN_OK;
}

/* The number of "v12", or 0. */
static int version_of(const char *name) {
    char canonical[32];
    long number = name[0] == 'v' ? strtol(name + 1, NULL, 10) : 0;
    snprintf(canonical, sizeof canonical, "v%ld", number);
    return number > 0 && number < INT_MAX && strcmp(canonical, name) == 0 ? (int)number : 0;
}

static int holds(const dn_results *results, const char *version, const char *mark) {
    char directory[1024], path[1024];
    return dn_path_join(directory, sizeof directory, results->parent, version, NULL) == DN_OK &&
           dn_path_join(path, sizeof path, directory, mark, NULL) == DN_OK &&
           access(path, F_OK) == 0;
}

static int find_newest(const dn_results *results, const char *mark) {
    int newest = 0;
    DIR *directory = opendir(results->parent);
    if (!directory)
        return 0;
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory))
        if (version_of(entry->d_name) > newest && holds(results, entry->d_name, mark))
            newest = version_of(entry->d_name);
    closedir(directory);
    return newest;
}

dn_status dn_results_resume(const dn_config *config, const char *directory, const char *mark,
                            dn_results *results, dn_error *error) {
    if (directory)
        return split_directory(directory, results, error);
    DN_TRY(dn_results_of_class(config, results->parent, sizeof results->parent, error));
    int newest = find_newest(results, mark);
    if (newest == 0)
        return dn_fail(error, DN_ERROR_IO, "%s: holds no unfinished training with a checkpoint",
                       results->parent);
    snprintf(results->version, sizeof results->version, "v%d", newest);
    return dn_path_join(results->directory, sizeof results->directory, results->parent,
                        results->version, error);
}

dn_status dn_results_publish(const dn_results *results, dn_error *error) {
    char path[1024], line[32];
    DN_TRY(dn_path_join(path, sizeof path, results->parent, "latest", error));
    int length = snprintf(line, sizeof line, "%s\n", results->version);
    return dn_file_write(path, line, (size_t)length, error);
}
