/* What the C examples share: the five kinds by name, and how to end after an error. */
#ifndef PORTOLAN_EXAMPLES_COMMON_H
#define PORTOLAN_EXAMPLES_COMMON_H

#include <portolan.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The five kinds. All but the first may be used by many threads at once. */
static const struct kind {
    const char *name;
    uint32_t number;
} KINDS[] = {
    {"bucketed", PTL_MAP_BUCKETED},
    {"mutex", PTL_MAP_MUTEX},
    {"rwmutex", PTL_MAP_RWMUTEX},
    {"sharded", PTL_MAP_SHARDED},
    {"read_dirty", PTL_MAP_READ_DIRTY},
};
enum { KIND_COUNT = sizeof KINDS / sizeof KINDS[0] };

/* Prints one line and ends the program with status 2: it could not do its work. (Status 1 means
 * that it did its work and found something wrong.) */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2), noreturn))
#endif
static inline void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(2);
}

/* The last call in main. Makes sure that all output was written; it is not if the disk is full. */
static inline int end_with(int status) {
    bool lost = ferror(stdout) != 0;
    if (fclose(stdout) != 0 || lost)
        fail("standard output: cannot be written");
    return status;
}

/* Ends the program if the status is an error, that is negative. */
static inline ptl_status must(ptl_status status, const char *what) {
    if (status < 0)
        fail("%s: %s", what, ptl_status_string(status));
    return status;
}

/* realloc, or malloc if memory is NULL. Ends the program if there is no memory. */
static inline void *allocate(void *memory, size_t size) {
    void *bigger = realloc(memory, size ? size : 1);
    if (!bigger)
        fail("out of memory (%zu bytes)", size);
    return bigger;
}

static inline const struct kind *kind_by_name(const char *name) {
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (strcmp(KINDS[i].name, name) == 0)
            return &KINDS[i];
    fail("no kind is called %s; the kinds are bucketed, mutex, rwmutex, sharded and read_dirty", name);
}

#endif
