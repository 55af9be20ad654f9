/* Replays a trace of Go's sync.Map on every kind of map, through the C interface, and compares each
 * result.
 *
 * It shows all ten operations of sync.Map in C, with their statuses, for bytes and for words, and
 * how to repeat a call with a larger buffer after PTL_E_BUFFER.
 *
 *     cc -std=c11 -O2 replay.c $(pkg-config --cflags --libs portolan) -o replay
 *     (cd ../go && go run ./syncmap -short -trace "$OLDPWD/syncmap.trace")
 *     ./replay syncmap.trace                    prints kind, operations, differences
 *     ./replay --kind sharded syncmap.trace     replays one kind only
 *
 * trace.h describes the format of a trace. The exit status is 0 if nothing differs, 1 if something
 * does (the first difference is printed), and 2 if the trace is bad.
 */
#include "trace.h"

#include <inttypes.h>

enum operation {
    LOAD, STORE, LOAD_OR_STORE, LOAD_AND_DELETE, DELETE, SWAP, COMPARE_AND_SWAP, COMPARE_AND_DELETE, /* on a key */
    RANGE, CLEAR,                                                                                    /* on the map */
    MAP, END,                                                                                        /* of the trace itself */
    OPERATIONS
};

static const char *const NAMES[OPERATIONS] = {
    "load", "store", "load_or_store", "load_and_delete", "delete", "swap", "compare_and_swap", "compare_and_delete",
    "range", "clear",
    "map", "end",
};

/* The replay of the trace on one kind. */
struct replay {
    struct trace trace;
    const struct kind *kind;
    ptl_map *map;
    bool word_keys, word_values;
    struct bytes key, first, second; /* an operation's arguments */
    struct bytes expected, got;
    struct entry {
        struct bytes key, value;
        bool seen;
    } *entries; /* the entries that a range must visit */
    size_t entry_count, entry_capacity;
    uint64_t operations, differences;
};

/* ---- differences ---- */

static void print_bytes(bool word, const struct bytes *bytes) {
    if (bytes->none) {
        printf("none");
    } else if (word && bytes->size == sizeof(uint64_t)) {
        uint64_t value;
        memcpy(&value, bytes->data, sizeof value);
        printf("%" PRIu64, value);
    } else {
        for (size_t i = 0; i < bytes->size; i++)
            printf("%02x", bytes->data[i]);
        printf(bytes->size ? "" : "-");
    }
}

/* Counts a difference. For the first one it prints the start of a line and returns true. */
static bool differs(struct replay *replay, enum operation operation, const struct bytes *key) {
    if (replay->differences++)
        return false;
    printf("%s: first difference: %s:%zu (operation %" PRIu64 "): %s ", replay->kind->name, replay->trace.name,
           replay->trace.line, replay->operations, NAMES[operation]);
    if (key) {
        print_bytes(replay->word_keys, key);
        printf(": ");
    }
    return true;
}

static bool same(const struct bytes *a, const struct bytes *b) {
    if (a->none || b->none)
        return a->none == b->none;
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

static void compare_values(struct replay *replay, enum operation operation, const struct bytes *key, const struct bytes *expected,
                           const struct bytes *got) {
    if (same(expected, got) || !differs(replay, operation, key))
        return;
    printf("expected ");
    print_bytes(replay->word_values, expected);
    printf(", got ");
    print_bytes(replay->word_values, got);
    printf("\n");
}

static void compare_yes_no(struct replay *replay, enum operation operation, ptl_status status) {
    must(status, NAMES[operation]);
    bool expected = read_choice(&replay->trace, "yes", "no");
    if (expected != (status == PTL_OK) && differs(replay, operation, &replay->key))
        printf("expected %s, got \"%s\"\n", expected ? "yes" : "no", ptl_status_string(status));
}

/* ---- the operations ---- */

/* Does one of the four operations that return a value, into replay->got. If the value does not fit,
 * repeats the call with a buffer that is large enough: the first call has changed nothing. */
static void value_operation(struct replay *replay, enum operation operation) {
    const struct bytes *key = &replay->key, *value = &replay->first;
    struct bytes *got = &replay->got;
    ptl_status status;
    for (;;) {
        switch (operation) {
        case LOAD:
            status = ptl_map_load(replay->map, key->data, key->size, got->data, got->capacity, &got->size);
            break;
        case LOAD_AND_DELETE:
            status = ptl_map_load_and_delete(replay->map, key->data, key->size, got->data, got->capacity, &got->size);
            break;
        case LOAD_OR_STORE:
            status = ptl_map_load_or_store(replay->map, key->data, key->size, value->data, value->size, got->data, got->capacity,
                                           &got->size);
            break;
        default:
            status = ptl_map_swap(replay->map, key->data, key->size, value->data, value->size, got->data, got->capacity, &got->size);
        }
        if (status != PTL_E_BUFFER)
            break;
        reserve(got, got->size);
    }
    must(status, NAMES[operation]);
    /* PTL_OK of an operation that stores means that the key had no value. */
    bool stores = operation == LOAD_OR_STORE || operation == SWAP;
    got->none = status == (stores ? PTL_OK : PTL_NOT_FOUND);
    read_result(&replay->trace, replay->word_values, &replay->expected);
    compare_values(replay, operation, key, &replay->expected, got);
}

static int by_key(const void *a, const void *b) {
    const struct bytes *left = &((const struct entry *)a)->key, *right = &((const struct entry *)b)->key;
    size_t shorter = left->size < right->size ? left->size : right->size;
    int order = shorter ? memcmp(left->data, right->data, shorter) : 0;
    return order ? order : (left->size > right->size) - (left->size < right->size);
}

/* The callback of ptl_map_range. Each entry must be one of the expected ones and come once. */
static int32_t visit(const void *key, size_t key_size, const void *value, size_t value_size, void *user) {
    static const struct bytes none = {.none = true};
    struct replay *replay = user;
    /* These pointers are the library's: we may only read, and only until we return. */
    struct entry visited = {.key = {.data = (unsigned char *)key, .size = key_size},
                            .value = {.data = (unsigned char *)value, .size = value_size}};
    struct entry *entry = NULL;
    if (replay->entry_count)
        entry = bsearch(&visited, replay->entries, replay->entry_count, sizeof *entry, by_key);
    if (entry && entry->seen) {
        if (differs(replay, RANGE, &visited.key))
            printf("visited twice\n");
    } else {
        compare_values(replay, RANGE, &visited.key, entry ? &entry->value : &none, &visited.value);
    }
    if (entry)
        entry->seen = true;
    return 1; /* go on */
}

static void range_operation(struct replay *replay) {
    uint64_t count = read_number(&replay->trace);
    replay->entry_count = 0;
    for (; replay->entry_count < count; replay->entry_count++) {
        if (replay->entry_count == replay->entry_capacity) {
            size_t capacity = replay->entry_capacity ? replay->entry_capacity * 2 : 64;
            replay->entries = allocate(replay->entries, capacity * sizeof *replay->entries);
            memset(replay->entries + replay->entry_capacity, 0, (capacity - replay->entry_capacity) * sizeof *replay->entries);
            replay->entry_capacity = capacity;
        }
        struct entry *entry = &replay->entries[replay->entry_count];
        end_of_line(&replay->trace);
        read_argument(&replay->trace, replay->word_keys, &entry->key);
        read_argument(&replay->trace, replay->word_values, &entry->value);
        entry->seen = false;
    }
    if (count)
        qsort(replay->entries, replay->entry_count, sizeof *replay->entries, by_key);

    must(ptl_map_range(replay->map, visit, replay), "range");
    for (size_t i = 0; i < replay->entry_count; i++)
        if (!replay->entries[i].seen)
            compare_values(replay, RANGE, &replay->entries[i].key, &replay->entries[i].value, &(struct bytes){.none = true});
    uint64_t length;
    must(ptl_map_len(replay->map, &length), "len");
    if (length != count && differs(replay, RANGE, NULL))
        printf("expected %" PRIu64 " entries, but len is %" PRIu64 "\n", count, length);
}

static void new_map(struct replay *replay) {
    replay->word_keys = read_choice(&replay->trace, "word", "bytes");
    replay->word_values = read_choice(&replay->trace, "word", "bytes");
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    options.kind = replay->kind->number;
    options.key_size = replay->word_keys ? PTL_WORD : PTL_BYTES;
    options.value_size = replay->word_values ? PTL_WORD : PTL_BYTES;
    must(ptl_map_release(replay->map), "ptl_map_release"); /* NULL the first time, which is fine */
    must(ptl_map_new(&options, &replay->map), "ptl_map_new");
}

/* Does the operation of one line. Returns false after the last line. */
static bool one_line(struct replay *replay) {
    struct trace *trace = &replay->trace;
    struct field name = next_field(trace);
    int operation = 0;
    while (operation < OPERATIONS && !is(name, NAMES[operation]))
        operation++;
    if (operation == OPERATIONS)
        bad_trace(trace, "no such operation");
    if (!replay->map && operation != MAP)
        bad_trace(trace, "the trace must begin with a map");

    struct bytes *key = &replay->key, *first = &replay->first, *second = &replay->second;
    if (operation < RANGE)
        read_argument(trace, replay->word_keys, key);
    if (operation < MAP)
        replay->operations++;
    switch (operation) {
    case STORE:
    case LOAD_OR_STORE:
    case SWAP:
    case COMPARE_AND_SWAP:
    case COMPARE_AND_DELETE:
        read_argument(trace, replay->word_values, first);
    }
    if (operation == COMPARE_AND_SWAP)
        read_argument(trace, replay->word_values, second);

    switch (operation) {
    case LOAD:
    case LOAD_OR_STORE:
    case LOAD_AND_DELETE:
    case SWAP:
        value_operation(replay, operation);
        break;
    case STORE:
        must(ptl_map_store(replay->map, key->data, key->size, first->data, first->size), "store");
        break;
    case DELETE:
        must(ptl_map_delete(replay->map, key->data, key->size), "delete");
        break;
    case COMPARE_AND_SWAP:
        compare_yes_no(replay, operation,
                       ptl_map_compare_and_swap(replay->map, key->data, key->size, first->data, first->size, second->data,
                                                second->size));
        break;
    case COMPARE_AND_DELETE:
        compare_yes_no(replay, operation,
                       ptl_map_compare_and_delete(replay->map, key->data, key->size, first->data, first->size));
        break;
    case RANGE:
        range_operation(replay);
        break;
    case CLEAR:
        must(ptl_map_clear(replay->map), "clear");
        break;
    case MAP:
        new_map(replay);
        break;
    case END:
        if (read_number(trace) != replay->operations)
            bad_trace(trace, "the number of operations is wrong");
    }
    end_of_line(trace);
    return operation != END;
}

/* Replays the whole trace on one kind. Returns the number of differences. */
static uint64_t replay_kind(struct trace trace, const struct kind *kind) {
    struct replay replay = {.trace = trace, .kind = kind};
    if (!is(next_field(&replay.trace), "portolan-trace") || read_number(&replay.trace) != 1)
        fail("%s: not a trace of version 1", trace.name);
    end_of_line(&replay.trace);
    while (one_line(&replay))
        ;
    must(ptl_map_release(replay.map), "ptl_map_release");
    printf("%-10s  %12" PRIu64 "  %11" PRIu64 "\n", kind->name, replay.operations, replay.differences);
    fflush(stdout);

    for (size_t i = 0; i < replay.entry_capacity; i++) {
        free(replay.entries[i].key.data);
        free(replay.entries[i].value.data);
    }
    free(replay.entries);
    free(replay.key.data);
    free(replay.first.data);
    free(replay.second.data);
    free(replay.expected.data);
    free(replay.got.data);
    return replay.differences;
}

int main(int argc, char **argv) {
    const struct kind *only = NULL;
    if (argc == 4 && strcmp(argv[1], "--kind") == 0)
        only = kind_by_name(argv[2]);
    else if (argc != 2 || argv[1][0] == '-')
        fail("usage: replay [--kind KIND] TRACE");

    struct trace trace = open_trace(argv[argc - 1]);
    printf("%-10s  %12s  %11s\n", "kind", "operations", "differences");
    uint64_t differences = 0;
    for (size_t i = 0; i < KIND_COUNT; i++)
        if (!only || only == &KINDS[i])
            differences += replay_kind(trace, &KINDS[i]);
    free((char *)trace.at);
    return end_with(differences ? 1 : 0);
}
