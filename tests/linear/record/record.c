/* Records histories of maps, using portolan.h only. `record CALLS` prints about that many calls for each kind
 * of map that threads may share and each type of keys and values. Two to eight threads make them, while
 * another thread makes the map grow, shrink, promote and be iterated. A line is a call on one key: thread,
 * key, operation, two arguments, value returned, truth returned, start and end. An empty line ends a
 * history. `check` reads the output. */
#include "../../c/kinds.h"

#include <inttypes.h>
#include <portolan.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KEYS = 4, CALLS = 1000, MOST_THREADS = 8, LONGEST = 400 };

typedef enum { WORDS, TEXTS, COUNTS, SORTS } map_sort; /* words to words, bytes to bytes, bytes to words */

typedef struct {
    uint64_t key, a, b, value;
    int64_t start, end;
    char op, is;
} call;

typedef struct {
    ptl_map *map;
    map_sort sort;
    unsigned thread;
    uint64_t random;
    unsigned count;
    call calls[CALLS + KEYS];
} worker;

static atomic_int stop;
static pthread_barrier_t begin;

/* Ends the program after a status that no call here may return. */
static void refuse(ptl_status status, const char *what)
{
    fprintf(stderr, "record: %s returned %d (%s)\n", what, status, ptl_status_string(status));
    exit(1);
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static uint64_t draw(uint64_t *random, uint64_t below)
{
    uint64_t z = *random += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return (z >> 33) % below;
}

/* Keys and values as bytes. Some keys fit into a slot and some do not. A value is a number, as a word, or
 * followed by filler bytes, so that values have many lengths. */
static size_t key_bytes(uint64_t key, char *place) { return (size_t)sprintf(place, "%0*" PRIu64, 3 + (int)(key % 4 * 25), key); }

static size_t value_bytes(map_sort sort, uint64_t number, unsigned char *place)
{
    memcpy(place, &number, 8);
    if (sort == COUNTS)
        return 8;
    size_t size = 8 + number * 53 % (LONGEST - 8);
    memset(place + 8, (int)(number + 1), size - 8);
    return size;
}

static uint64_t value_number(map_sort sort, const unsigned char *place, size_t size)
{
    unsigned char wanted[LONGEST];
    uint64_t number;
    if (size < 8)
        refuse(0, "loaded a value that was never stored");
    memcpy(&number, place, 8);
    if ((sort == TEXTS && number > 1000) || value_bytes(sort, number, wanted) != size || memcmp(place, wanted, size) != 0)
        refuse(0, "loaded a value that was never stored");
    return number;
}

static int answered(ptl_status status, ptl_status yes, ptl_status no, ptl_status other, const char *what)
{
    if (status != yes && status != no && status != other)
        refuse(status, what);
    return status == yes;
}

static void call_words(ptl_map *map, call *c)
{
    ptl_u64 r = {0, 0};
    switch (c->op) {
    case 'l': r = ptl_map_load_u64(map, c->key); break;
    case 'o': r = ptl_map_load_or_store_u64(map, c->key, c->a); break;
    case 'x': r = ptl_map_load_and_delete_u64(map, c->key); break;
    case 'w': r = ptl_map_swap_u64(map, c->key, c->a); break;
    case '+': r = ptl_map_add_u64(map, c->key, c->a); break;
    case 'c': r.status = ptl_map_contains_u64(map, c->key); break;
    case 's': r.status = ptl_map_store_u64(map, c->key, c->a); break;
    case 'd': r.status = ptl_map_delete_u64(map, c->key); break;
    case 'a': r.status = ptl_map_compare_and_swap_u64(map, c->key, c->a, c->b); break;
    case 'e': r.status = ptl_map_compare_and_delete_u64(map, c->key, c->a); break;
    case 'p': /* peek, and load if peek would wait */
        r = ptl_map_peek_u64(map, c->key);
        if (r.status == PTL_E_BUSY)
            r = ptl_map_load_u64(map, c->key);
        c->op = 'l';
    }
    int loads = c->op == 'o' || c->op == 'w';
    c->is = (char)answered(r.status, loads ? PTL_LOADED : PTL_OK, loads ? PTL_OK : PTL_NOT_FOUND, PTL_MISMATCH, "a call on words");
    c->value = c->is || c->op == '+' ? r.value : 0;
}

static void call_bytes(ptl_map *map, map_sort sort, call *c)
{
    char key[128];
    unsigned char a[LONGEST], b[LONGEST], found[LONGEST];
    size_t k = key_bytes(c->key, key), a_size = value_bytes(sort, c->a, a), b_size = value_bytes(sort, c->b, b), size = 0;
    uint64_t sum = 0;
    ptl_status status = 0;
    int gives = 1;
    switch (c->op) {
    case 'l': status = ptl_map_load(map, key, k, found, sizeof found, &size); break;
    case 'o': status = ptl_map_load_or_store(map, key, k, a, a_size, found, sizeof found, &size); break;
    case 'x': status = ptl_map_load_and_delete(map, key, k, found, sizeof found, &size); break;
    case 'w': status = ptl_map_swap(map, key, k, a, a_size, found, sizeof found, &size); break;
    case 'p':
        status = ptl_map_peek(map, key, k, found, sizeof found, &size);
        if (status == PTL_E_BUSY)
            status = ptl_map_load(map, key, k, found, sizeof found, &size);
        c->op = 'l';
        break;
    default:
        gives = 0;
        switch (c->op) {
        case 'c': status = ptl_map_contains(map, key, k); break;
        case '+':
            if (sort == COUNTS) {
                status = ptl_map_add(map, key, k, c->a, &sum);
                break;
            }
            c->op = 's'; /* only words can be added to */
            /* fall through */
        case 's': status = ptl_map_store(map, key, k, a, a_size); break;
        case 'd': status = ptl_map_delete(map, key, k); break;
        case 'a': status = ptl_map_compare_and_swap(map, key, k, a, a_size, b, b_size); break;
        case 'e': status = ptl_map_compare_and_delete(map, key, k, a, a_size); break;
        }
    }
    int loads = c->op == 'o' || c->op == 'w';
    c->is = (char)answered(status, loads ? PTL_LOADED : PTL_OK, loads ? PTL_OK : PTL_NOT_FOUND, PTL_MISMATCH, "a call on bytes");
    c->value = gives && c->is ? value_number(sort, found, size) : sum;
}

static void make(const worker *own, call *c)
{
    if (own->sort == WORDS)
        call_words(own->map, c);
    else
        call_bytes(own->map, own->sort, c);
}

static void *work(void *user)
{
    static const char ops[] = "llllppccsssooxxddwwaaee++R";
    worker *own = user;
    pthread_barrier_wait(&begin);
    while (own->count < CALLS) {
        call *c = &own->calls[own->count];
        *c = (call){.key = draw(&own->random, KEYS), .a = draw(&own->random, 3), .b = draw(&own->random, 3)};
        c->op = ops[draw(&own->random, sizeof ops - 1)];
        if (c->op == 'R' && draw(&own->random, 4) != 0)
            continue;
        c->start = now();
        if (c->op == 'R') { /* a clear is recorded as a delete of each key */
            ptl_status status = ptl_map_clear(own->map);
            if (status != PTL_OK)
                refuse(status, "clear");
            c->op = 'r';
        } else {
            make(own, c);
        }
        c->end = now();
        own->count++;
        for (uint64_t key = 1; c->op == 'r' && key < KEYS; key++) {
            own->calls[own->count] = *c;
            own->calls[own->count++].key = (c->key + key) % KEYS;
        }
    }
    return NULL;
}

static int32_t visit(const void *key, size_t key_size, const void *value, size_t value_size, void *user)
{
    (void)key, (void)key_size, (void)value, (void)value_size;
    return --*(int *)user > 0;
}

static void *disturb(void *user)
{
    worker *own = user;
    for (uint64_t n = 1 << 20; !stop; n++) {
        uint64_t some = (uint64_t)1 << draw(&own->random, 9);
        uint64_t which = draw(&own->random, 5);
        for (uint64_t i = 0; which < 3 && i < some; i++) {
            call c = {.key = which < 2 ? n + i : n - some + i, .op = which < 2 ? 's' : 'd', .a = i};
            make(own, &c);
        }
        int visits = (int)(2 * some);
        ptl_status status = which == 3 ? ptl_map_range(own->map, visit, &visits) : which == 4 ? ptl_map_shrink(own->map) : PTL_OK;
        if (status != PTL_OK && status != PTL_DONE)
            refuse(status, "an operation on the whole map");
    }
    return NULL;
}

static unsigned long record(uint32_t kind, map_sort sort, unsigned threads, uint64_t seed)
{
    static worker workers[MOST_THREADS + 1];
    pthread_t handles[MOST_THREADS + 1];
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    options.kind = kind;
    options.key_size = sort == WORDS ? PTL_WORD : PTL_BYTES;
    options.value_size = sort == TEXTS ? PTL_BYTES : PTL_WORD;
    options.shards = 1; /* all keys in one table */
    ptl_map *map;
    ptl_status status = ptl_map_new(&options, &map);
    if (status != PTL_OK)
        refuse(status, "new");
    stop = 0;
    pthread_barrier_init(&begin, NULL, threads);
    for (unsigned i = 0; i <= threads; i++) {
        workers[i] = (worker){.map = map, .sort = sort, .thread = i, .random = seed * 100 + i};
        if (pthread_create(&handles[i], NULL, i < threads ? work : disturb, &workers[i]) != 0)
            refuse(0, "pthread_create");
    }
    unsigned long count = 0;
    for (unsigned i = 0; i <= threads; i++) {
        stop = i == threads;
        pthread_join(handles[i], NULL);
        for (unsigned n = 0; n < workers[i].count; n++, count++) {
            const call *c = &workers[i].calls[n];
            printf("%u %" PRIu64 " %c %" PRIu64 " %" PRIu64 " %" PRIu64 " %s %" PRId64 " %" PRId64 "\n", i, c->key, c->op, c->a, c->b,
                   c->value, c->is ? "true" : "false", c->start, c->end);
        }
    }
    printf("\n");
    pthread_barrier_destroy(&begin);
    if ((status = ptl_map_release(map)) != PTL_OK)
        refuse(status, "release");
    return count;
}

int main(int argc, char **argv)
{
    unsigned long wanted = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
    if (wanted == 0) {
        fprintf(stderr, "usage: record CALLS\n");
        return 2;
    }
    for (uint32_t kind = PTL_MAP_MUTEX; kind <= LAST_KIND; kind++)
        for (map_sort sort = WORDS; sort < SORTS; sort++)
            for (unsigned long count = 0, round = 0; count < wanted; round++)
                count += record(kind, sort, 2 + (unsigned)round % (MOST_THREADS - 1), kind * 1000003 + sort * 500009 + round);
    return 0;
}
