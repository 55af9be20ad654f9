/* memory SECONDS: measures the memory that maps keep. Three parts, each for each kind that threads share, with words and with bytes:
 *
 *   churn    a map of constant size whose entries are overwritten, deleted and replaced all the time
 *   stall    the same while a reader stays in one call of range for seconds
 *   maps     maps that are made, filled and released, one after another
 *
 * Prints samples of the resident memory, one per line: part, kind, type, seconds, megabytes. Memory must
 * not grow: the maximum of the last half may exceed that of the first third by at most a tenth plus
 * 4 MB. */
#include "../c/kinds.h"

#include <portolan.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ENTRIES = 100000, LONGEST = 400, THREADS = 2, SAMPLES = 4096 };

static unsigned char bytes[2 * LONGEST];
static atomic_int stop;
static double part_seconds;
static int failures;

typedef struct {
    ptl_map *map;
    int words;
    uint64_t random, first, last; /* the keys in the map are first..last */
    atomic_int rounds;            /* completed; each replaces a thousand keys */
} churner;

/* After this many rounds of each thread, all keys were replaced ten times, and the map has all the memory
 * that it will need. */
enum { WARM = 10 * ENTRIES / THREADS / 1000 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(ptl_status status, ptl_status wanted, const char *what)
{
    if (status != wanted) {
        fprintf(stderr, "memory: %s: %s\n", what, ptl_status_string(status));
        exit(1);
    }
}

static double resident(void)
{
    long pages = 0, ignored;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%ld %ld", &ignored, &pages) != 2)
        exit(1);
    fclose(f);
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / 1e6;
}

static uint64_t draw(churner *own)
{
    own->random ^= own->random << 13, own->random ^= own->random >> 7, own->random ^= own->random << 17;
    return own->random;
}

/* A key is a number, or its bytes and some more. Values have various lengths. */
static void put(churner *own, uint64_t key)
{
    if (own->words) {
        must(ptl_map_store_u64(own->map, key, key), PTL_OK, "store");
        return;
    }
    unsigned char name[80] = {0};
    memcpy(name, &key, 8);
    must(ptl_map_store(own->map, name, 8 + key % 60, bytes + draw(own) % LONGEST, draw(own) % LONGEST), PTL_OK, "store");
}

static void take(churner *own, uint64_t key)
{
    if (own->words) {
        must(ptl_map_delete_u64(own->map, key), PTL_OK, "delete");
        return;
    }
    unsigned char name[80] = {0};
    memcpy(name, &key, 8);
    must(ptl_map_delete(own->map, name, 8 + key % 60), PTL_OK, "delete");
}

static void *churn(void *user)
{
    churner *own = user;
    while (!stop) {
        for (int i = 0; i < 1000; i++) {
            put(own, own->first + draw(own) % (own->last - own->first));
            take(own, own->first++);
            put(own, own->last++);
        }
        own->rounds++;
    }
    return NULL;
}

static int32_t stay(const void *key, size_t key_size, const void *value, size_t value_size, void *user)
{
    (void)key, (void)key_size, (void)value, (void)value_size, (void)user;
    while (!stop)
        usleep(1000);
    return 0;
}

static void *stall(void *user)
{
    ptl_status status = ptl_map_range(((churner *)user)->map, stay, NULL);
    must(status, PTL_DONE, "range");
    return NULL;
}

/* Takes samples until the time is over, and checks them. */
static void watch(const char *part, uint32_t kind, int words, void (*step)(uint32_t, int))
{
    static double samples[SAMPLES];
    double start = now(), most[2] = {0, 0};
    unsigned count = 0;
    while (count < SAMPLES && now() - start < part_seconds) {
        if (step)
            step(kind, words);
        else
            usleep((unsigned)(part_seconds * 1e6 / 100));
        samples[count++] = resident();
        printf("%s %s %s %.2f %.1f\n", part, kind_names[kind], words ? "words" : "bytes", now() - start, samples[count - 1]);
    }
    for (unsigned i = 0; i < count; i++)
        if (i < count / 3 || i >= count / 2)
            most[i >= count / 2] = samples[i] > most[i >= count / 2] ? samples[i] : most[i >= count / 2];
    if (count < 6 || most[1] > 1.1 * most[0] + 4) {
        fprintf(stderr, "memory: %s, %s, %s: grew from %.1f MB to %.1f MB\n", part, kind_names[kind], words ? "words" : "bytes", most[0], most[1]);
        failures++;
    }
    fflush(stdout);
}

static ptl_map *new_map(uint32_t kind, int words)
{
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    options.kind = kind;
    options.key_size = options.value_size = words ? PTL_WORD : PTL_BYTES;
    ptl_map *map = NULL;
    must(ptl_map_new(&options, &map), PTL_OK, "new");
    return map;
}

static void test_churn(uint32_t kind, int words, int stalls)
{
    churner own[THREADS];
    pthread_t threads[THREADS + 1];
    ptl_map *map = new_map(kind, words);
    for (uint64_t i = 0; i < THREADS; i++) {
        own[i] = (churner){.map = map, .words = words, .random = i + 1, .first = i << 40, .last = i << 40};
        while (own[i].last - own[i].first < ENTRIES / THREADS)
            put(&own[i], own[i].last++);
    }
    stop = 0;
    for (int i = 0; i < THREADS + stalls; i++)
        if (pthread_create(&threads[i], NULL, i < THREADS ? churn : stall, &own[i % THREADS]) != 0)
            exit(1);
    for (int i = 0; i < THREADS; i++)
        while (own[i].rounds < WARM)
            usleep(10000);
    watch(stalls ? "stall" : "churn", kind, words, NULL);
    stop = 1;
    for (int i = 0; i < THREADS + stalls; i++)
        pthread_join(threads[i], NULL);
    ptl_stats stats = PTL_STATS_INIT;
    must(ptl_map_stats(map, &stats), PTL_OK, "stats");
    if (stats.entries != ENTRIES) {
        fprintf(stderr, "memory: %llu entries\n", (unsigned long long)stats.entries);
        failures++;
    }
    must(ptl_map_release(map), PTL_OK, "release");
}

static unsigned long made;

static void make_maps(uint32_t kind, int words)
{
    for (int i = 0; i < 1000; i++, made++) {
        churner own = {.map = new_map(kind, words), .words = words, .random = 1};
        for (uint64_t key = 0; key < 20; key++)
            put(&own, key);
        must(ptl_map_release(own.map), PTL_OK, "release");
    }
}

int main(int argc, char **argv)
{
    double seconds = argc == 2 ? atof(argv[1]) : 0;
    if (seconds <= 0) {
        fprintf(stderr, "usage: memory SECONDS\n");
        return 2;
    }
    part_seconds = seconds / 24;
    for (uint32_t kind = PTL_MAP_MUTEX; kind <= LAST_KIND; kind++)
        for (int words = 0; words < 2; words++) {
            test_churn(kind, words, 0);
            test_churn(kind, words, 1);
            watch("maps", kind, words, make_maps);
        }
    if (fflush(stdout) != 0 || ferror(stdout)) {
        fprintf(stderr, "memory: the samples cannot be written\n");
        return 2;
    }
    fprintf(stderr, "%lu maps made and released\n", made);
    fprintf(stderr, "%d passed, %d failed\n", 24 - failures, failures);
    return failures != 0;
}
