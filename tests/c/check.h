/* Shared by the C tests: checks that are counted, the shapes of maps, keys and values for each shape, and
 * an allocator that counts and can fail. */
#ifndef CHECK_H
#define CHECK_H

#include "kinds.h"

#include <portolan.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Checks. A failed check prints its place and the shape, and the program continues. */

static atomic_ulong passed, failed; /* by any thread */
static char shape_name[96] = "no shape";

static inline void check(int holds, const char *what, const char *file, int line)
{
    if (holds) {
        passed++;
    } else if (++failed <= 40) {
        printf("%s:%d: %s: %s\n", file, line, shape_name, what);
    }
}

static inline ptl_status expect(ptl_status wanted, ptl_status got, const char *what, const char *file, int line)
{
    if (got != wanted && failed < 40)
        printf("wanted %d (%s), got %d (%s)\n", wanted, ptl_status_string(wanted), got, ptl_status_string(got));
    check(got == wanted, what, file, line);
    return got;
}

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)

/* Checks that the call returns this status. ci/header-coverage.sh looks for these two macros. */
#define EXPECT(wanted, call) expect((wanted), (call), #call, __FILE__, __LINE__)

/* Repeats the call with `i` counting up from `start`. It must return PTL_OK each time, until it returns
 * this status. */
#define UNTIL(wanted, call, start, limit)                                                                              \
    do {                                                                                                               \
        ptl_status answer_ = PTL_OK;                                                                                   \
        for (unsigned i = (start); i < (limit) && answer_ == PTL_OK; i++)                                              \
            answer_ = (call);                                                                                          \
        expect((wanted), answer_, #call, __FILE__, __LINE__);                                                          \
    } while (0)

static inline void section(const char *name)
{
    static unsigned long before;
    printf("%-40s %8lu checks\n", name, passed + failed - before);
    before = passed + failed;
}

static inline int summary(void)
{
    printf("%lu passed, %lu failed\n", passed, failed);
    return failed == 0 && passed > 0 ? 0 : 1;
}

/* The number of repetitions of a test: `all`, or fewer if PORTOLAN_OPS says so. */
static inline unsigned long repeats(unsigned long all)
{
    const char *text = getenv("PORTOLAN_OPS");
    unsigned long asked = text ? strtoul(text, NULL, 10) : all;
    return asked < all ? asked : all;
}

/* Shapes: the options that a map is made with. Keys and values are those of the current shape. */

static ptl_map_options shape = PTL_MAP_OPTIONS_INIT;

static inline void set_shape(uint32_t kind, uint64_t key_size, uint64_t value_size, uint32_t hash_bits)
{
    shape = (ptl_map_options)PTL_MAP_OPTIONS_INIT;
    shape.kind = kind;
    shape.key_size = key_size;
    shape.value_size = value_size;
    shape.hash_bits = hash_bits;
    shape.shards = 2;
    snprintf(shape_name, sizeof shape_name, "%s, %s to %s, hash %x", kind_names[kind], key_size ? "word" : "bytes",
             value_size ? "word" : "bytes", (unsigned)hash_bits);
}

static inline void for_each_shape(void (*test)(void))
{
    for (uint32_t kind = PTL_MAP_BUCKETED; kind <= LAST_KIND; kind++)
        for (unsigned types = 0; types < 4; types++) {
            set_shape(kind, types & 1 ? PTL_WORD : PTL_BYTES, types & 2 ? PTL_WORD : PTL_BYTES, 0);
            test();
        }
}

/* Runs a test once for every shape, or once for every kind with words as keys and values. */
static inline void run(void (*test)(void), const char *name)
{
    test();
    section(name);
}

static inline void run_for_all(void (*test)(void), const char *name)
{
    for_each_shape(test);
    section(name);
}

static inline void run_for_words(void (*test)(void), const char *name)
{
    for (uint32_t kind = PTL_MAP_BUCKETED; kind <= LAST_KIND; kind++) {
        set_shape(kind, PTL_WORD, PTL_WORD, 0);
        test();
    }
    section(name);
}

static inline int words_to_words(void) { return shape.key_size == PTL_WORD && shape.value_size == PTL_WORD; }

static inline ptl_map *new_map(void)
{
    ptl_map *map = NULL;
    EXPECT(PTL_OK, ptl_map_new(&shape, &map));
    return map;
}

/* Lengths that no key or value has. Out-parameters are set to these before a call that must not write
 * them. */
#define TOO_LONG ((size_t)PTL_MAX_LENGTH + 1)
#define ABSURD SIZE_MAX
enum { UNTOUCHED = 77 };

/* Buffers for a page of entries. */
enum { ROOM = 64, BYTES = 1 << 14 };

/* Keys and values by number. If they are bytes, their lengths go from 0 (number 0) to well beyond the size
 * of a bucket. If they are words, the smallest and the largest are among them. */

enum { ITEMS = 4096, LONGEST = 200 };

typedef struct {
    const void *data;
    size_t size;
} item;

static unsigned char item_bytes[2][ITEMS][LONGEST];
static uint64_t item_words[2][ITEMS];

/* Call this first in main. */
static inline void make_items(void)
{
    for (unsigned column = 0; column < 2; column++)
        for (unsigned n = 0; n < ITEMS; n++) {
            item_words[column][n] = n == 1 ? UINT64_MAX : n * UINT64_C(0x9E3779B97F4A7C15) * (column + 1);
            for (unsigned b = 0; b < LONGEST; b++)
                item_bytes[column][n][b] = (unsigned char)(b < 2 ? (n >> 8 * b) + column : b * 7 + n);
        }
}

static inline item nth(unsigned column, uint64_t width, unsigned i)
{
    if (i >= ITEMS)
        abort();
    if (width == PTL_WORD)
        return (item){&item_words[column][i], 8};
    return (item){item_bytes[column][i], i == 0 ? 0 : 2 + i * (column ? 37 : 11) % (LONGEST - 2)};
}

static inline item key(unsigned i) { return nth(0, shape.key_size, i); }
static inline item value(unsigned i) { return nth(1, shape.value_size, i); }
static inline uint64_t key_word(unsigned i) { return item_words[0][i]; }
static inline uint64_t value_word(unsigned i) { return item_words[1][i]; }

/* Each expands to two arguments: pointer and length. */
#define K(i) key(i).data, key(i).size
#define V(i) value(i).data, value(i).size

/* Whether the map has key k with value v. */
static inline int holds(const ptl_map *map, unsigned k, unsigned v)
{
    unsigned char buffer[LONGEST];
    size_t size = 0;
    return ptl_map_load(map, K(k), buffer, sizeof buffer, &size) == PTL_OK && size == value(v).size &&
           memcmp(buffer, value(v).data, size) == 0;
}

/* The number of the key with these bytes, or ITEMS if there is none. */
static inline unsigned number_of(const void *data, size_t size)
{
    for (unsigned i = 0; i < ITEMS; i++)
        if (key(i).size == size && memcmp(key(i).data, data, size) == 0)
            return i;
    return ITEMS;
}

static inline int answers(ptl_u64 got, ptl_status status, uint64_t value) { return got.status == status && got.value == value; }

static inline int has_len(const ptl_map *map, uint64_t wanted)
{
    uint64_t len = ~wanted;
    return ptl_map_len(map, &len) == PTL_OK && len == wanted;
}

static inline void fill_map(ptl_map *map, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        EXPECT(PTL_OK, ptl_map_store(map, K(i), V(i)));
}

/* An allocator that counts, checks what is freed, and can fail. */

typedef struct {
    atomic_long blocks, bytes; /* allocated now */
    atomic_ulong calls;        /* of alloc so far */
    atomic_ulong fail_at;      /* the call that fails; 0: none */
    atomic_bool for_good;      /* all later calls fail too */
    atomic_bool bad;           /* memory was freed that was not allocated with this size and alignment */
} memory;

/* Stands before each block. */
typedef struct {
    size_t size, align;
    memory *owner;
} label;

static inline void *counted_alloc(size_t size, size_t align, void *user)
{
    memory *own = user;
    unsigned long call = atomic_fetch_add(&own->calls, 1) + 1, fail_at = atomic_load(&own->fail_at);
    if (fail_at && (call == fail_at || (call > fail_at && atomic_load(&own->for_good))))
        return NULL;
    size_t front = align > sizeof(label) ? align : (sizeof(label) + align - 1) / align * align;
    size_t unit = align < 16 ? 16 : align; /* aligned_alloc needs a multiple of the alignment */
    unsigned char *block = size > SIZE_MAX / 4 ? NULL : aligned_alloc(unit, (front + size + unit - 1) / unit * unit);
    if (!block)
        return NULL;
    memset(block + front, 0xA5, size); /* so that code that relies on zeros fails */
    *(label *)(void *)(block + front - sizeof(label)) = (label){size, align, own};
    atomic_fetch_add(&own->blocks, 1);
    atomic_fetch_add(&own->bytes, (long)size);
    return block + front;
}

static inline void counted_free(void *block, size_t size, size_t align, void *user)
{
    memory *own = user;
    label *was = (label *)(void *)((unsigned char *)block - sizeof(label));
    if (was->size != size || was->align != align || was->owner != own)
        atomic_store(&own->bad, 1);
    size_t front = align > sizeof(label) ? align : (sizeof(label) + align - 1) / align * align;
    atomic_fetch_sub(&own->blocks, 1);
    atomic_fetch_sub(&own->bytes, (long)size);
    memset(was, 0x5A, sizeof(label) + size); /* so that code that still reads it fails */
    free((unsigned char *)block - front);
}

static inline ptl_allocator counted(memory *own) { return (ptl_allocator){counted_alloc, counted_free, own}; }

/* Whether all memory was freed, with the right sizes and alignments. */
static inline int is_clean(memory *own)
{
    return atomic_load(&own->blocks) == 0 && atomic_load(&own->bytes) == 0 && !atomic_load(&own->bad);
}

/* Makes the n-th allocation from now fail, alone or with all later ones. 0 ends the failing. */
static inline void fail_allocations(memory *own, unsigned long n, int for_good)
{
    atomic_store(&own->for_good, for_good);
    atomic_store(&own->fail_at, n ? atomic_load(&own->calls) + n : 0);
}

#endif
