/* Finds the files below a folder and the words in them. Does not use the library.
 *
 * A word is a run of ASCII letters, digits, underscores and bytes from 0x80 up (so that UTF-8
 * characters stay together). A run of more than 64 bytes is cut after every 64 bytes. Symbolic
 * links are not followed. Files that cannot be read are skipped and counted.
 */
#ifndef PORTOLAN_EXAMPLES_TEXTFILES_H
#define PORTOLAN_EXAMPLES_TEXTFILES_H

#include "common.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORD_MAX = 64 };

/* ---- words ---- */

static bool in_word(unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c >= 0x80;
}

/* Finds the next word at or after *at. Moves *at to its first byte and returns its length, or 0 if
 * there is no word before end. */
static size_t next_word(const char **at, const char *end) {
    while (*at < end && !in_word((unsigned char)**at))
        ++*at;
    size_t size = 0;
    while (size < WORD_MAX && *at + size < end && in_word((unsigned char)(*at)[size]))
        size++;
    return size;
}

/* ---- files ---- */

static struct {
    char **path;
    size_t count, capacity;
    size_t skipped; /* files and folders that could not be read */
    uint64_t bytes;
} files; /* global, because nftw passes no pointer of ours to its callback */

static int found(const char *path, const struct stat *about, int type, struct FTW *where) {
    (void)where;
    if (type == FTW_DNR || type == FTW_NS)
        files.skipped++;
    if (type != FTW_F || !S_ISREG(about->st_mode))
        return 0;
    if (files.count == files.capacity) {
        files.capacity = files.capacity ? files.capacity * 2 : 1024;
        files.path = allocate(files.path, files.capacity * sizeof *files.path);
    }
    files.path[files.count++] = strcpy(allocate(NULL, strlen(path) + 1), path);
    return 0;
}

struct text {
    char *bytes;
    size_t size, capacity;
};

/* Reads a whole file into text, whose memory is reused. Returns false if it cannot be read. */
static bool read_file(const char *path, struct text *text) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return false;
    text->size = 0;
    for (;;) {
        if (text->size == text->capacity) {
            text->capacity = text->capacity ? text->capacity * 2 : 1 << 16;
            text->bytes = allocate(text->bytes, text->capacity);
        }
        ssize_t got = read(file, text->bytes + text->size, text->capacity - text->size);
        if (got > 0) {
            text->size += (size_t)got;
        } else if (got == 0 || errno != EINTR) {
            close(file);
            return got == 0;
        }
    }
}

/* Lists the files below a folder and reads each once. Files that cannot be read are left out. The
 * others are then in the system's cache, so the first kind need not wait for the disk. */
static void list_files(const char *folder) {
    char *real = realpath(folder, NULL);
    struct stat about;
    if (!real || stat(real, &about) != 0)
        fail("%s: %s", folder, strerror(errno));
    if (!S_ISDIR(about.st_mode))
        fail("%s: not a folder", folder);
    if (nftw(real, found, 64, FTW_PHYS) != 0)
        fail("%s: %s", folder, strerror(errno));
    free(real);

    struct text text = {0};
    size_t kept = 0;
    for (size_t i = 0; i < files.count; i++) {
        if (read_file(files.path[i], &text)) {
            files.bytes += text.size;
            files.path[kept++] = files.path[i];
        } else {
            files.skipped++;
            free(files.path[i]);
        }
    }
    files.count = kept;
    free(text.bytes);
}

static bool is_folder(const char *path) {
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* Go's source tree, if this machine has one: ten thousand text files. If not, the C headers. */
static const char *default_folder(void) {
    static char folder[4096];
    FILE *go = popen("go env GOROOT 2>/dev/null", "r");
    if (go) {
        if (!fgets(folder, sizeof folder - sizeof "/src", go))
            folder[0] = 0;
        folder[strcspn(folder, "\n")] = 0;
        pclose(go);
        if (folder[0] && is_folder(strcat(folder, "/src")))
            return folder;
    }
    return is_folder("/usr/local/go/src") ? "/usr/local/go/src" : "/usr/include";
}

#endif
