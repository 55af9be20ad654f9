/* Reading a trace: what a Go program did to a sync.Map and what it got, as examples/go/syncmap -trace records it.
 *
 * A trace is text, one operation a line, fields separated by one space:
 *
 *     portolan-trace 1                     the first line
 *     map KEY VALUE                        a new, empty map; KEY and VALUE are "word" or "bytes"
 *     load KEY                     RESULT  RESULT is the value, or none
 *     store KEY VALUE
 *     load_or_store KEY VALUE      RESULT  the value that was there, or none: VALUE was stored
 *     load_and_delete KEY          RESULT
 *     delete KEY
 *     swap KEY VALUE               RESULT  the value before, or none
 *     compare_and_swap KEY OLD NEW RESULT  yes or no
 *     compare_and_delete KEY OLD   RESULT  yes or no
 *     range N                              N lines with "KEY VALUE" follow: all entries, in any order
 *     clear
 *     end N                                the last line: N operations in all ("map" and "end" are none)
 *
 * A word is written in decimal; bytes as two hexadecimal digits each, no bytes at all as "-".
 */
#ifndef PORTOLAN_EXAMPLES_TRACE_H
#define PORTOLAN_EXAMPLES_TRACE_H

#include "common.h"

#include <errno.h>
#include <stdbool.h>

/* A position in a trace. */
struct trace {
    const char *name;
    const char *at, *end; /* the next byte and the file's end, where a 0 stands */
    size_t line;
};

struct field {
    const char *text;
    size_t size;
};

/* A key or a value, or no value at all. */
struct bytes {
    unsigned char *data;
    size_t size, room;
    bool none;
};

static void make_room(struct bytes *bytes, size_t room) {
    if (room > bytes->room)
        bytes->data = allocate(bytes->data, bytes->room = room);
}

/* The whole file in memory, which starts at the returned at. */
static struct trace open_trace(const char *name) {
    FILE *file = fopen(name, "rb");
    if (!file)
        fail("%s: %s", name, strerror(errno));
    char *text = NULL;
    size_t size = 0, room = 0, got;
    do {
        if (room - size < 2) /* one for the file, one for the 0 at the end */
            text = allocate(text, room = room ? room * 2 : 1 << 16);
        got = fread(text + size, 1, room - size - 1, file);
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

/* The next field of this line. */
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

/* One of two words. True: it is the first. */
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

/* A key or a value: a word, bytes, or none. */
static void read_result(struct trace *trace, bool word, struct bytes *bytes) {
    struct field field = next_field(trace);
    bytes->none = is(field, "none");
    bytes->size = 0;
    make_room(bytes, field.size + sizeof(uint64_t));
    if (bytes->none)
        return;
    if (word) {
        uint64_t value = to_number(trace, field);
        memcpy(bytes->data, &value, bytes->size = sizeof value);
    } else if (!is(field, "-")) {
        if (field.size % 2)
            bad_trace(trace, "half a byte");
        for (const char *at = field.text; at < field.text + field.size; at += 2)
            bytes->data[bytes->size++] = (unsigned char)(to_digit(trace, at[0]) << 4 | to_digit(trace, at[1]));
    }
}

/* The same where none makes no sense. */
static void read_argument(struct trace *trace, bool word, struct bytes *bytes) {
    read_result(trace, word, bytes);
    if (bytes->none)
        bad_trace(trace, "none is no key and no argument");
}

#endif
