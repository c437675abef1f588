#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/*
 * replay: the main of a fuzz target in the normal run. It feeds the target every file of the
 * folders named on the command line, and fails when a folder holds none: a corpus that went
 * missing must not pass. A finding ends the process, as it does under the fuzzer.
 */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { INPUT_SIZE_MAX = 1 << 20, PATH_SIZE_MAX = 1024 };

/* False when the file cannot be read. */
static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat found;
    if (!file || fstat(fileno(file), &found) != 0 || found.st_size > INPUT_SIZE_MAX) {
        fprintf(stderr, "%s: cannot be read, or is larger than 1 MiB\n", path);
        if (file) fclose(file);
        return 0;
    }
    /* A block of exactly the input's size, so that the address sanitizer sees one byte too far. */
    const size_t size = (size_t)found.st_size;
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    const int is_whole = bytes && fread(bytes, 1, size, file) == size;
    fclose(file);
    if (is_whole) {
        /* Named first: when the target aborts, this line says on what. */
        printf("%s\n", path);
        fflush(stdout);
        LLVMFuzzerTestOneInput(bytes, size);
    }
    free(bytes);
    return is_whole;
}

static int replay_folder(const char *folder)
{
    DIR *directory = opendir(folder);
    size_t count = 0;
    int is_good = 1;
    if (!directory) {
        fprintf(stderr, "%s: cannot be opened\n", folder);
        return 0;
    }
    for (struct dirent *entry = readdir(directory); entry; entry = readdir(directory)) {
        char path[PATH_SIZE_MAX];
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        is_good &= replay_file(path);
        count++;
    }
    closedir(directory);
    if (count == 0) fprintf(stderr, "%s: has no inputs\n", folder);
    return is_good && count > 0;
}

int main(int argc, char **argv)
{
    int is_good = argc > 1;
    for (int i = 1; i < argc; i++) is_good &= replay_folder(argv[i]);
    return is_good ? 0 : 1;
}
