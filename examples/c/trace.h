/* Reads a trace: the operations of a Go program on a sync.Map, and their results.
 * examples/go/syncmap -trace records it.
 *
 * A trace is text with one operation in each line. Fields are separated by one space:
 *
 *     portolan-trace 1                     the first line
 *     map KEY VALUE                        a new, empty map; KEY and VALUE are "word" or "bytes"
 *     load KEY                     RESULT  RESULT is the value, or "none"
 *     store KEY VALUE
 *     load_or_store KEY VALUE      RESULT  the value that the key had; "none" if VALUE was stored
 *     load_and_delete KEY          RESULT
 *     delete KEY
 *     swap KEY VALUE               RESULT  the value that the key had, or "none"
 *     compare_and_swap KEY OLD NEW RESULT  "yes" or "no"
 *     compare_and_delete KEY OLD   RESULT  "yes" or "no"
 *     range N                              N lines "KEY VALUE" follow: all entries, in any order
 *     clear
 *     end N                                the last line: N operations, "map" and "end" not counted
 *
 * A word is written in decimal. Bytes are written as two hexadecimal digits each, and no bytes as
 * "-".
 */
#ifndef PORTOLAN_EXAMPLES_TRACE_H
#define PORTOLAN_EXAMPLES_TRACE_H

#include "common.h"

#include <errno.h>
#include <stdbool.h>

/* A position in a trace. */
struct trace {
    const char *name;
    const char *at, *end; /* the next byte to read; the end, where a 0 follows */
    size_t line;
};

struct field {
    const char *text;
    size_t size;
};

/* A key or a value, or no value at all. */
struct bytes {
    unsigned char *data;
    size_t size, capacity;
    bool none;
};

/* Makes the capacity at least so many bytes. */
static void reserve(struct bytes *bytes, size_t capacity) {
    if (capacity > bytes->capacity)
        bytes->data = allocate(bytes->data, bytes->capacity = capacity);
}

/* Reads the whole file. The caller frees the memory, at which the returned `at` points. */
static struct trace open_trace(const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file)
        fail("%s: %s", name, strerror(errno));
    char *text = NULL;
    size_t size = 0, capacity = 0, got;
    do {
        if (capacity - size < 2) /* one byte to read, and one for the 0 at the end */
            text = allocate(text, capacity = capacity ? capacity * 2 : 1 << 16);
        got = fread(text + size, 1, capacity - size - 1, file);
        size += got;
    } while (got);
    if (ferror(file))
        fail("%s: %s", name, strerror(errno));
    fclose(file);
    text[size] = 0;
    return (struct trace){.name = name, .at = text, .end = text + size, .line = 1};
}

static _Noreturn void bad_trace(const struct trace *trace, const char *why) {
    fail("%s:%zu: %s", trace->name, trace->line, why);
}

/* Reads the next field of this line. */
static struct field next_field(struct trace *trace) {
    const char *start = trace->at;
    while (trace->at < trace->end && *trace->at != ' ' && *trace->at != '\n')
        trace->at++;
    struct field field = {start, (size_t)(trace->at - start)};
    if (field.size == 0)
        bad_trace(trace, "a field is missing");
    if (trace->at < trace->end && *trace->at == ' ')
        trace->at++;
    return field;
}

static void end_of_line(struct trace *trace) {
    if (trace->at == trace->end || *trace->at != '\n')
        bad_trace(trace, "the line has too many fields or is cut off");
    trace->at++;
    trace->line++;
}

static bool is(struct field field, const char *text) {
    return field.size == strlen(text) && memcmp(field.text, text, field.size) == 0;
}

static uint64_t to_number(const struct trace *trace, struct field field) {
    char *end;
    errno = 0;
    uint64_t value = strtoull(field.text, &end, 10);
    if (end != field.text + field.size || errno || *field.text == '-')
        bad_trace(trace, "a number was expected");
    return value;
}

static uint64_t read_number(struct trace *trace) {
    return to_number(trace, next_field(trace));
}

/* Reads a field that is one of two words. Returns whether it is the first. */
static bool read_choice(struct trace *trace, const char *first, const char *second) {
    struct field field = next_field(trace);
    if (!is(field, first) && !is(field, second))
        fail("%s:%zu: %s or %s was expected", trace->name, trace->line, first, second);
    return is(field, first);
}

static unsigned to_digit(const struct trace *trace, char c) {
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned)(c - 'a') + 10;
    bad_trace(trace, "hexadecimal digits were expected");
}

/* Reads a key or value: a word, bytes, or "none". */
static void read_result(struct trace *trace, bool word, struct bytes *bytes) {
    struct field field = next_field(trace);
    bytes->none = is(field, "none");
    bytes->size = 0;
    reserve(bytes, field.size + sizeof(uint64_t));
    if (bytes->none)
        return;
    if (word) {
        uint64_t value = to_number(trace, field);
        memcpy(bytes->data, &value, bytes->size = sizeof value);
    } else if (!is(field, "-")) {
        if (field.size % 2)
            bad_trace(trace, "an odd number of hexadecimal digits");
        for (const char *at = field.text; at < field.text + field.size; at += 2)
            bytes->data[bytes->size++] = (unsigned char)(to_digit(trace, at[0]) << 4 | to_digit(trace, at[1]));
    }
}

/* Reads a key or value that cannot be "none". */
static void read_argument(struct trace *trace, bool word, struct bytes *bytes) {
    read_result(trace, word, bytes);
    if (bytes->none)
        bad_trace(trace, "a key or an argument cannot be none");
}

#endif
