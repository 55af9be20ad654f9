/* dlopen LIBRARY ROUNDS: opens the library, uses it from threads that then end, closes it, and repeats.
 * Two things must hold. Nothing of the library runs after it was closed, as a thread-local destructor
 * would. And a map can be used while a thread ends, after its thread-local data was destroyed. */
#include "../c/kinds.h"

#include <dlfcn.h>
#include <portolan.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 8, KEYS = 200 };

static __typeof__(ptl_map_new) *map_new;
static __typeof__(ptl_map_release) *map_release;
static __typeof__(ptl_map_add) *map_add;
static __typeof__(ptl_map_load) *map_load;
static __typeof__(ptl_map_len) *map_len;
static pthread_key_t farewell;

static void check(int holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "dlopen: %s\n", what);
        exit(1);
    }
}

static void count_all_keys(ptl_map *map) {
    for (int i = 0; i < KEYS; i++) {
        char key[32];
        int size = snprintf(key, sizeof key, "key %d of the dlopen test", i);
        check(map_add(map, key, (size_t)size, 1, NULL) == PTL_OK, "add");
    }
}

/* Runs when the thread ends. It sets its key again twice, so it runs in three rounds. The last round is
 * after every other destructor. */
static void use_while_the_thread_ends(void *argument) {
    uintptr_t rounds_left = (uintptr_t)argument & 3;
    ptl_map *map = (ptl_map *)((uintptr_t)argument & ~(uintptr_t)3);
    count_all_keys(map);
    if (rounds_left > 1)
        pthread_setspecific(farewell, (void *)((uintptr_t)map | (rounds_left - 1)));
}

static void *work(void *map) {
    check(((uintptr_t)map & 3) == 0, "a handle is aligned");
    check(pthread_setspecific(farewell, (void *)((uintptr_t)map | 3)) == 0, "pthread_setspecific");
    count_all_keys(map);
    return NULL;
}

static void use(uint32_t kind) {
    ptl_map_options options = PTL_MAP_OPTIONS_INIT;
    options.kind = kind;
    options.value_size = PTL_WORD;
    ptl_map *map = NULL;
    check(map_new(&options, &map) == PTL_OK, "new");

    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        check(pthread_create(&threads[i], NULL, work, map) == 0, "pthread_create");
    for (int i = 0; i < THREADS; i++)
        check(pthread_join(threads[i], NULL) == 0, "pthread_join");

    uint64_t entries = 0, count = 0;
    check(map_len(map, &entries) == PTL_OK && entries == KEYS, "len");
    check(map_load(map, "key 7 of the dlopen test", 24, &count, sizeof count, NULL) == PTL_OK, "load");
    check(count == 4 * THREADS, "each thread adds to each key once while it runs, and three times as it ends");
    check(map_release(map) == PTL_OK, "release");
}

/* dlsym returns an object pointer. ISO C has no conversion to a function pointer, so the object pointer is
 * stored in the memory of the function pointer. */
static void find(void *library, const char *name, void *function) {
    *(void **)function = dlsym(library, name);
    check(*(void **)function != NULL, name);
}

int main(int argc, char **argv) {
    check(argc == 3, "usage: dlopen LIBRARY ROUNDS");
    check(pthread_key_create(&farewell, use_while_the_thread_ends) == 0, "pthread_key_create");
    int rounds = atoi(argv[2]);
    for (int i = 0; i < rounds; i++) {
        void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
        check(library != NULL, "dlopen");
        find(library, "ptl_map_new", &map_new);
        find(library, "ptl_map_release", &map_release);
        find(library, "ptl_map_add", &map_add);
        find(library, "ptl_map_load", &map_load);
        find(library, "ptl_map_len", &map_len);
        for (uint32_t kind = PTL_MAP_MUTEX; kind <= LAST_KIND; kind++)
            use(kind);
        check(dlclose(library) == 0, "dlclose");
    }
    printf("opened, used by %d threads and closed: %d times\n", THREADS, rounds);
    return 0;
}
