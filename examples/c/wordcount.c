/* Counts the words of all files below a folder, with N threads that count into one map.
 *
 * It shows a map from bytes to words as a set of atomic counters. All of the synchronisation is in
 * one call, ptl_map_add(map, word, size, 1, NULL). It creates a counter when a word comes for the
 * first time, and adds to it after that.
 *
 *     cc -std=c11 -O2 wordcount.c $(pkg-config --cflags --libs portolan) -pthread -o wordcount
 *     ./wordcount                               counts Go's source tree, or /usr/include without Go
 *     ./wordcount --check --threads 8 FOLDER    compares each count with a single-threaded one
 *     ./wordcount --kind sharded FOLDER         uses one kind only
 *
 * textfiles.h says what a word is. The exit status is 0 if all kinds agree (and with --check if all
 * counts are right), 1 if not, and 2 if the program could not do its work.
 */
#define _XOPEN_SOURCE 700
#include "textfiles.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { TOP = 20 };

/* ---- the count: threads and one map ---- */

struct job {
    ptl_map *map;
    atomic_size_t next;     /* the next file to count */
    atomic_size_t finished; /* threads that have finished */
    atomic_int failed;      /* the first error of any thread, or 0 */
    atomic_uint_fast64_t words;
};

static void *count_files(void *user) {
    struct job *job = user;
    struct text text = {0};
    uint64_t words = 0;
    size_t file;
    while (atomic_load(&job->failed) == 0 && (file = atomic_fetch_add(&job->next, 1)) < files.count) {
        if (!read_file(files.path[file], &text))
            continue; /* it was readable before; --check finds out whether this matters */
        const char *word = text.bytes, *end = text.bytes + text.size;
        for (size_t size; (size = next_word(&word, end)) > 0; word += size) {
            ptl_status status = ptl_map_add(job->map, word, size, 1, NULL);
            if (status != PTL_OK) {
                int none = 0;
                atomic_compare_exchange_strong(&job->failed, &none, status);
                break;
            }
            words++;
        }
    }
    free(text.bytes);
    atomic_fetch_add(&job->words, words);
    atomic_fetch_add(&job->finished, 1);
    return NULL;
}

/* On a terminal, prints twenty times a second how far the threads are. */
static void show_progress(const char *kind, struct job *job, size_t threads) {
    if (!isatty(STDERR_FILENO))
        return;
    while (atomic_load(&job->finished) < threads) {
        size_t taken = atomic_load(&job->next);
        fprintf(stderr, "\r%-10s  %zu of %zu files", kind, taken < files.count ? taken : files.count, files.count);
        nanosleep(&(struct timespec){.tv_nsec = 50 * 1000 * 1000}, NULL);
    }
    fprintf(stderr, "\r\033[K");
}

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Counts all files into map. Returns the number of words. */
static uint64_t count_all(const char *kind, ptl_map *map, size_t threads, double *seconds) {
    struct job job = {.map = map};
    pthread_t *thread = allocate(NULL, threads * sizeof *thread);
    double start = now();
    for (size_t i = 0; i < threads; i++) {
        int error = pthread_create(&thread[i], NULL, count_files, &job);
        if (error)
            fail("cannot start thread %zu of %zu: %s", i + 1, threads, strerror(error));
    }
    show_progress(kind, &job, threads);
    for (size_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    *seconds = now() - start;
    free(thread);
    must(atomic_load(&job.failed), "ptl_map_add");
    return atomic_load(&job.words);
}

/* ---- the plain count, to check against: one thread and a small table of our own ---- */

struct plain_word {
    char *word; /* NULL if the slot is free */
    size_t size;
    uint64_t count;
    bool seen; /* by the current comparison */
};

static struct {
    struct plain_word *slot;
    size_t slots, used; /* slots is a power of two; at most half of them are used */
    uint64_t words;
} plain;

/* The slot of a word, or the free slot where it belongs (FNV-1a, linear probing). */
static struct plain_word *plain_find(struct plain_word *slot, size_t slots, const char *word, size_t size) {
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)word[i]) * 0x100000001b3u;
    size_t at = (size_t)(hash ^ hash >> 32) & (slots - 1);
    while (slot[at].word && (slot[at].size != size || memcmp(slot[at].word, word, size) != 0))
        at = (at + 1) & (slots - 1);
    return &slot[at];
}

static void plain_add(const char *word, size_t size) {
    if (plain.used * 2 >= plain.slots) {
        size_t slots = plain.slots ? plain.slots * 2 : 1024;
        struct plain_word *bigger = calloc(slots, sizeof *bigger);
        if (!bigger)
            fail("out of memory");
        for (size_t i = 0; i < plain.slots; i++)
            if (plain.slot[i].word)
                *plain_find(bigger, slots, plain.slot[i].word, plain.slot[i].size) = plain.slot[i];
        free(plain.slot);
        plain.slot = bigger;
        plain.slots = slots;
    }
    struct plain_word *entry = plain_find(plain.slot, plain.slots, word, size);
    if (!entry->word) {
        *entry = (struct plain_word){.word = memcpy(allocate(NULL, size), word, size), .size = size};
        plain.used++;
    }
    entry->count++;
    plain.words++;
}

static void plain_count(void) {
    struct text text = {0};
    for (size_t i = 0; i < files.count; i++) {
        if (!read_file(files.path[i], &text))
            continue;
        const char *word = text.bytes, *end = text.bytes + text.size;
        for (size_t size; (size = next_word(&word, end)) > 0; word += size)
            plain_add(word, size);
    }
    free(text.bytes);
}

/* ---- the result: the twenty most frequent words and the comparison, in one iteration ---- */

struct entry {
    char word[WORD_MAX];
    size_t size;
    uint64_t count;
};

struct result {
    struct entry top[TOP];
    size_t top_count;
    uint64_t distinct, words;
    bool check;
    uint64_t differences;
};

/* The order of the result: more frequent words first, equally frequent ones by their bytes. */
static bool before(const struct entry *a, const struct entry *b) {
    if (a->count != b->count)
        return a->count > b->count;
    int order = memcmp(a->word, b->word, a->size < b->size ? a->size : b->size);
    return order ? order < 0 : a->size < b->size;
}

static void difference(struct result *result, const struct entry *word, uint64_t expected, const char *what) {
    if (result->differences++ == 0)
        printf("first difference: %.*s: expected %llu, got %llu%s\n", (int)word->size, word->word,
               (unsigned long long)expected, (unsigned long long)word->count, what);
}

static int32_t count_entry(const void *key, size_t key_size, const void *value, size_t value_size, void *user) {
    struct result *result = user;
    struct entry entry = {.size = key_size};
    if (key_size > WORD_MAX || value_size != sizeof entry.count)
        fail("the map holds a key of %zu bytes and a value of %zu", key_size, value_size);
    memcpy(entry.word, key, key_size);
    memcpy(&entry.count, value, sizeof entry.count);
    result->distinct++;
    result->words += entry.count;

    size_t at = result->top_count < TOP ? result->top_count++ : TOP;
    for (; at > 0 && before(&entry, &result->top[at - 1]); at--)
        if (at < TOP)
            result->top[at] = result->top[at - 1];
    if (at < TOP)
        result->top[at] = entry;

    if (result->check) {
        struct plain_word *right = plain_find(plain.slot, plain.slots, entry.word, entry.size);
        if (!right->word)
            difference(result, &entry, 0, "");
        else if (right->seen)
            difference(result, &entry, right->count, " (visited twice)");
        else if (right->count != entry.count)
            difference(result, &entry, right->count, "");
        right->seen = right->word != NULL;
    }
    return 1; /* go on */
}

static struct result summarise(const ptl_map *map, bool check) {
    struct result result = {.check = check};
    for (size_t i = 0; i < plain.slots; i++)
        plain.slot[i].seen = false;
    must(ptl_map_range(map, count_entry, &result), "ptl_map_range");
    for (size_t i = 0; check && i < plain.slots; i++) {
        struct plain_word *right = &plain.slot[i];
        if (right->word && !right->seen) {
            struct entry missing = {.size = right->size};
            memcpy(missing.word, right->word, right->size);
            difference(&result, &missing, right->count, " (not in the map)");
        }
    }
    return result;
}

/* ---- the program ---- */

static const char USAGE[] = "usage: wordcount [--threads N] [--kind KIND] [--check] [FOLDER]";

int main(int argc, char **argv) {
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t threads = processors > 0 ? (size_t)processors : 1;
    const struct kind *only = NULL;
    const char *folder = NULL;
    bool check = false;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--check") == 0) {
            check = true;
        } else if (strcmp(argv[i], "--kind") == 0 && i + 1 < argc) {
            only = kind_by_name(argv[++i]);
        } else if (strcmp(argv[i], "--threads") == 0 && i + 1 < argc) {
            char *end;
            long n = strtol(argv[++i], &end, 10);
            if (*end || n < 1 || n > 1024)
                fail("--threads takes a number from 1 to 1024, not %s", argv[i]);
            threads = (size_t)n;
        } else if (argv[i][0] == '-' || folder) {
            fail("%s", USAGE);
        } else {
            folder = argv[i];
        }
    }
    if (!folder)
        folder = default_folder();

    list_files(folder);
    printf("%s: %zu files, %.1f MB, %zu skipped\n", folder, files.count, (double)files.bytes / 1e6, files.skipped);
    if (check) {
        double start = now();
        plain_count();
        double seconds = now() - start;
        printf("%-10s  %7s  %10s  %9s  %8s  %11s\n", "kind", "threads", "words", "distinct", "seconds", "words/s");
        printf("%-10s  %7d  %10llu  %9zu  %8.3f  %11.0f\n", "(plain)", 1, (unsigned long long)plain.words, plain.used,
               seconds, (double)plain.words / seconds);
    } else {
        printf("%-10s  %7s  %10s  %9s  %8s  %11s\n", "kind", "threads", "words", "distinct", "seconds", "words/s");
    }

    struct result first = {0};
    bool have_first = false;
    uint64_t wrong = 0;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        if (only && only != &KINDS[i])
            continue;
        ptl_map_options options = PTL_MAP_OPTIONS_INIT;
        options.kind = KINDS[i].number;
        options.key_size = PTL_BYTES;
        options.value_size = PTL_WORD;
        ptl_map *map;
        must(ptl_map_new(&options, &map), "ptl_map_new");

        size_t workers = options.kind == PTL_MAP_BUCKETED ? 1 : threads;
        double seconds;
        uint64_t words = count_all(KINDS[i].name, map, workers, &seconds);
        struct result result = summarise(map, check);
        must(ptl_map_release(map), "ptl_map_release");

        printf("%-10s  %7zu  %10llu  %9llu  %8.3f  %11.0f%s\n", KINDS[i].name, workers, (unsigned long long)words,
               (unsigned long long)result.distinct, seconds, (double)words / seconds,
               !check ? "" : result.differences ? "  WRONG" : "  all counts right");
        fflush(stdout);
        wrong += result.differences;
        if (result.words != words) {
            printf("%s: the counts add up to %llu\n", KINDS[i].name, (unsigned long long)result.words);
            wrong++;
        }
        if (!have_first) {
            first = result;
            have_first = true;
        } else if (result.words != first.words || result.distinct != first.distinct) {
            printf("%s: differs from the kind before it\n", KINDS[i].name);
            wrong++;
        }
    }

    printf("\nthe %zu most frequent words:\n", first.top_count);
    for (size_t i = 0; i < first.top_count; i++)
        printf("%10llu  %.*s\n", (unsigned long long)first.top[i].count, (int)first.top[i].size, first.top[i].word);

    for (size_t i = 0; i < plain.slots; i++)
        free(plain.slot[i].word);
    free(plain.slot);
    for (size_t i = 0; i < files.count; i++)
        free(files.path[i]);
    free(files.path);
    return end_with(wrong ? 1 : 0);
}
