/* Maps and the process around them: fork and exec, exhausted address space, threads that end or are
 * cancelled between calls, slow callbacks, callbacks within callbacks, signals, and small stacks. */
#include "check.h"
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

/* Tools that watch every memory access need address space and stack themselves, so neither can be
 * measured under them. */
static int is_watched(const char *test)
{
    const char *preloaded = getenv("LD_PRELOAD"); /* valgrind sets it */
    int watched = SANITIZED || (preloaded && strstr(preloaded, "vgpreload"));
    if (watched)
        printf("%s: not under valgrind or a sanitizer\n", test);
    return watched;
}

/* Runs a test once for each kind from this one on, with words and with bytes. */
static void for_kinds_from(uint32_t first, void (*test)(void))
{
    for (uint32_t kind = first; kind <= LAST_KIND; kind++) {
        set_shape(kind, PTL_BYTES, PTL_BYTES, 0);
        test();
        set_shape(kind, PTL_WORD, PTL_WORD, 0);
        test();
    }
}

static void run_for_shared(void (*test)(void), const char *name)
{
    for_kinds_from(PTL_MAP_MUTEX, test);
    section(name);
}

static int32_t visit_all(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    (void)k, (void)k_size, (void)v, (void)v_size, (void)user;
    return 1;
}

/* Threads that use a map until they are told to stop. */

enum { WORKERS = 4, OWN = 200 };

typedef struct {
    ptl_map *map;
    unsigned number;
    atomic_ulong rounds; /* completed so far */
    atomic_bool stop;
} worker;

/* One round: stores and deletes keys of the worker's own, and uses a key that all workers share. */
static void work_once(worker *own, unsigned long round)
{
    unsigned mine = 1000 + own->number * OWN + (unsigned)(round % OWN);
    uint64_t len = 0;
    EXPECT(PTL_OK, ptl_map_store(own->map, K(mine), V(mine)));
    CHECK(holds(own->map, mine, mine));
    EXPECT(PTL_OK, ptl_map_store(own->map, K(999), V(999)));
    CHECK(holds(own->map, 999, 999));
    if (round % 3 != 0)
        EXPECT(PTL_OK, ptl_map_delete(own->map, K(mine)));
    if (round % 64 == 0) {
        EXPECT(PTL_OK, ptl_map_range(own->map, visit_all, NULL));
        EXPECT(PTL_OK, ptl_map_shrink(own->map));
        EXPECT(PTL_OK, ptl_map_len(own->map, &len));
    }
}

static void *work(void *user)
{
    worker *own = user;
    for (unsigned long round = 0; !atomic_load(&own->stop); round++) {
        work_once(own, round);
        atomic_fetch_add(&own->rounds, 1);
    }
    return NULL;
}

typedef struct {
    worker worker[WORKERS];
    pthread_t thread[WORKERS];
} crew;

static void start(crew *crew, ptl_map *map, void *(*run)(void *))
{
    for (unsigned t = 0; t < WORKERS; t++) {
        crew->worker[t].map = map;
        crew->worker[t].number = t;
        atomic_store(&crew->worker[t].rounds, 0);
        atomic_store(&crew->worker[t].stop, 0);
        CHECK(pthread_create(&crew->thread[t], NULL, run, &crew->worker[t]) == 0);
    }
}

static void stop(crew *crew)
{
    for (unsigned t = 0; t < WORKERS; t++)
        atomic_store(&crew->worker[t].stop, 1);
    for (unsigned t = 0; t < WORKERS; t++)
        CHECK(pthread_join(crew->thread[t], NULL) == 0);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void pause_for(double seconds)
{
    for (double end = now() + seconds; now() < end;)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Waits until each worker has completed this many more rounds, for a minute at most. */
static int progress(crew *crew, unsigned long rounds)
{
    unsigned long before[WORKERS];
    for (unsigned t = 0; t < WORKERS; t++)
        before[t] = atomic_load(&crew->worker[t].rounds);
    for (unsigned t = 0; t < WORKERS; t++)
        for (double end = now() + 60; atomic_load(&crew->worker[t].rounds) < before[t] + rounds;) {
            if (now() > end)
                return 0;
            pause_for(0.001);
        }
    return 1;
}

/* Children. */

/* How a child ended: its exit status, or the negative number of the signal that ended it. */
static int status_of(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return -1000;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* Runs a test in a child process. All checks of the child count as one here. */
static void in_child(void (*test)(ptl_map *), ptl_map *map)
{
    fflush(stdout); /* otherwise the child would print it again */
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        passed = failed = 0;
        test(map);
        fflush(stdout);
        exit(failed ? 1 : passed ? 0 : 2);
    }
    EXPECT(0, status_of(child));
}

/* fork and exec. */

enum { FILLED = 1500 };

static void use_everything(ptl_map *map)
{
    for (unsigned k = 0; k < FILLED; k++)
        CHECK(holds(map, k, k));
    fill_map(map, FILLED, 2 * FILLED); /* grows */
    for (unsigned k = 0; k < 2 * FILLED; k++)
        EXPECT(PTL_OK, ptl_map_store(map, K(k), V(k + 1)));
    for (unsigned k = 0; k < 2 * FILLED; k++)
        CHECK(holds(map, k, k + 1));
    EXPECT(PTL_OK, ptl_map_range(map, visit_all, NULL));
    for (unsigned k = 10; k < 2 * FILLED; k++)
        EXPECT(PTL_OK, ptl_map_delete(map, K(k)));
    EXPECT(PTL_OK, ptl_map_shrink(map));
    CHECK(has_len(map, 10) && holds(map, 9, 10));
    EXPECT(PTL_OK, ptl_map_release(map));
}

/* A child uses the map that it inherited. That does not change the parent's map. */
static void test_fork(void)
{
    ptl_map *map = new_map();
    fill_map(map, 0, FILLED);
    in_child(use_everything, map);
    CHECK(has_len(map, FILLED));
    use_everything(map);
}

/* What `main` does in the program that a child executes: it uses a map of each kind. */
static void use_one_alone(void)
{
    ptl_map *map = new_map();
    fill_map(map, 0, FILLED);
    use_everything(map);
}

static char own_path[PATH_MAX];

/* At the moment of the fork other threads use the map and may hold its locks. So the child does not use
 * the map, and executes another program. */
static void test_exec(void)
{
    static crew crew;
    ptl_map *map = new_map();
    start(&crew, map, work);
    for (unsigned i = 0; i < 2; i++) {
        CHECK(progress(&crew, 5));
        fflush(stdout);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            execl(own_path, own_path, "alone", (char *)NULL);
            _exit(126);
        }
        CHECK(progress(&crew, 5));
        EXPECT(0, status_of(child));
    }
    stop(&crew);
    EXPECT(PTL_OK, ptl_map_release(map));
}

/* Exhausted address space. */

enum { SPARE = 4 << 20, LONG = 48 };

/* Keys and values by number. There are more than in check.h. */
typedef struct {
    unsigned char bytes[2][LONG];
} numbered;

static item nth_of_many(numbered *own, unsigned column, uint64_t width, uint64_t n)
{
    memset(own->bytes[column], 'a' + (int)column, LONG);
    memcpy(own->bytes[column], &n, sizeof n);
    return (item){own->bytes[column], width == PTL_WORD ? 8 : column ? 16 + n % (LONG - 16) : 20};
}

static ptl_status store_number(ptl_map *map, uint64_t n)
{
    numbered own;
    item k = nth_of_many(&own, 0, shape.key_size, n), v = nth_of_many(&own, 1, shape.value_size, n);
    return ptl_map_store(map, k.data, k.size, v.data, v.size);
}

static int holds_number(const ptl_map *map, uint64_t n)
{
    numbered own;
    unsigned char found[LONG];
    size_t size = 0;
    item k = nth_of_many(&own, 0, shape.key_size, n), v = nth_of_many(&own, 1, shape.value_size, n);
    return ptl_map_load(map, k.data, k.size, found, sizeof found, &size) == PTL_OK && size == v.size && memcmp(found, v.data, size) == 0;
}

static ptl_status delete_number(ptl_map *map, uint64_t n)
{
    numbered own;
    item k = nth_of_many(&own, 0, shape.key_size, n);
    return ptl_map_delete(map, k.data, k.size);
}

/* Limits the process to a few more megabytes. */
static void limit_address_space(void)
{
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file && fscanf(file, "%lu", &pages) == 1);
    if (file)
        fclose(file);
    rlim_t bytes = pages * (rlim_t)sysconf(_SC_PAGESIZE) + SPARE;
    CHECK(setrlimit(RLIMIT_AS, &(struct rlimit){bytes, bytes}) == 0);
}

/* Checks that the map has exactly the first `count` entries of each column of numbers. */
static void holds_numbers(const ptl_map *map, const uint64_t *count, unsigned columns)
{
    uint64_t len = 0;
    for (unsigned c = 0; c < columns; c++) {
        uint64_t right = 0;
        for (uint64_t i = 0; i < count[c]; i++)
            right += (uint64_t)holds_number(map, i * columns + c);
        CHECK(right == count[c]);
        CHECK(!holds_number(map, count[c] * columns + c)); /* the store that was refused */
        len += count[c];
    }
    CHECK(has_len(map, len));
}

/* After a refusal: deleting entries, or releasing a map, frees memory for as many new entries. */
static void goes_on(ptl_map *map, const uint64_t *count, unsigned columns)
{
    for (unsigned c = 0; c < columns; c++)
        for (uint64_t i = count[c] / 4; i < count[c]; i++)
            EXPECT(PTL_OK, delete_number(map, i * columns + c));
    ptl_status shrunk = ptl_map_shrink(map); /* may itself allocate */
    CHECK(shrunk == PTL_OK || shrunk == PTL_E_MEMORY);
    for (unsigned c = 0; c < columns; c++)
        for (uint64_t i = 0; i < count[c] / 2; i++)
            EXPECT(PTL_OK, store_number(map, i * columns + c));
    for (unsigned c = 0; c < columns; c++)
        for (uint64_t i = 0; i < count[c] / 2; i++)
            CHECK(holds_number(map, i * columns + c));
    EXPECT(PTL_OK, ptl_map_release(map));
    map = new_map();
    for (unsigned c = 0; c < columns; c++)
        for (uint64_t i = 0; i < count[c] / 2; i++)
            EXPECT(PTL_OK, store_number(map, i * columns + c));
    EXPECT(PTL_OK, ptl_map_release(map));
}

static void fill_alone(ptl_map *unused)
{
    (void)unused;
    ptl_map *map = new_map();
    EXPECT(PTL_OK, store_number(map, 0));
    limit_address_space();
    uint64_t count = 1;
    ptl_status status;
    while ((status = store_number(map, count)) == PTL_OK)
        count++;
    EXPECT(PTL_E_MEMORY, status);
    CHECK(count > 1000);
    holds_numbers(map, &count, 1);
    goes_on(map, &count, 1);
}

static void test_limit(void)
{
    in_child(fill_alone, NULL);
}

typedef struct {
    ptl_map *map;
    unsigned number;
    uint64_t count;
    pthread_barrier_t *begin;
} filler;

static void *fill_beside(void *user)
{
    filler *own = user;
    ptl_status status = PTL_OK;
    pthread_barrier_wait(own->begin); /* all threads have their stacks */
    pthread_barrier_wait(own->begin); /* the address space is limited now */
    while (status == PTL_OK) {
        status = store_number(own->map, own->count * WORKERS + own->number);
        own->count += status == PTL_OK;
    }
    EXPECT(PTL_E_MEMORY, status);
    return NULL;
}

static void fill_together(ptl_map *unused)
{
    (void)unused;
    ptl_map *map = new_map();
    pthread_barrier_t begin;
    pthread_t thread[WORKERS];
    filler filler[WORKERS];
    uint64_t count[WORKERS];
    CHECK(pthread_barrier_init(&begin, NULL, WORKERS + 1) == 0);
    for (unsigned t = 0; t < WORKERS; t++) {
        filler[t].map = map;
        filler[t].number = t;
        filler[t].count = 0;
        filler[t].begin = &begin;
        CHECK(pthread_create(&thread[t], NULL, fill_beside, &filler[t]) == 0);
    }
    pthread_barrier_wait(&begin);
    limit_address_space();
    pthread_barrier_wait(&begin);
    for (unsigned t = 0; t < WORKERS; t++) {
        CHECK(pthread_join(thread[t], NULL) == 0);
        count[t] = filler[t].count;
    }
    CHECK(pthread_barrier_destroy(&begin) == 0);
    holds_numbers(map, count, WORKERS);
    goes_on(map, count, WORKERS);
}

static void test_limit_together(void)
{
    in_child(fill_together, NULL);
}

/* Threads that end between calls. */

typedef struct {
    worker worker;
    sem_t *idle;
    int is_calling; /* whether the thread is inside the library */
    atomic_bool was_cancelled;
} mortal;

static void at_the_end(void *user)
{
    mortal *own = user;
    CHECK(!own->is_calling);
    atomic_store(&own->was_cancelled, 1);
}

static void *use_and_exit(void *user)
{
    mortal *own = user;
    for (unsigned long i = 0; i < repeats(50); i++)
        work_once(&own->worker, i);
    pthread_exit(user);
}

/* A deferred cancellation does not happen within a call, not even in one that gets randomness from the
 * system. */
static void *make_while_cancelled(void *user)
{
    (void)user;
    ptl_map *map, *copy;
    pthread_cancel(pthread_self());
    EXPECT(PTL_OK, ptl_map_new(NULL, &map));
    EXPECT(PTL_OK, ptl_map_clone(map, NULL, &copy));
    EXPECT(PTL_OK, ptl_map_release(copy));
    EXPECT(PTL_OK, ptl_map_release(map));
    pthread_testcancel();
    return user;
}

static void test_cancelled(void)
{
    pthread_t thread;
    void *result;
    CHECK(pthread_create(&thread, NULL, make_while_cancelled, NULL) == 0);
    CHECK(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED);
}

/* The thread can be cancelled at any cancellation point, but no call that it makes is one. */
static void *use_until_cancelled(void *user)
{
    mortal *own = user;
    pthread_cleanup_push(at_the_end, own);
    for (unsigned long i = 0;; i++) {
        own->is_calling = 1;
        work_once(&own->worker, i);
        own->is_calling = 0;
        if (i == 50)
            sem_post(own->idle);
        if (i >= 50)
            pthread_testcancel();
    }
    pthread_cleanup_pop(0);
    return NULL;
}

static void test_ends(void)
{
    sem_t idle;
    ptl_map *map = new_map();
    CHECK(sem_init(&idle, 0, 0) == 0);
    for (unsigned round = 0; round < 3; round++) {
        static mortal mortals[2 * WORKERS];
        pthread_t thread[2 * WORKERS];
        for (unsigned t = 0; t < 2 * WORKERS; t++) {
            mortals[t].worker.map = map;
            mortals[t].worker.number = t;
            mortals[t].idle = &idle;
            mortals[t].is_calling = 0;
            atomic_store(&mortals[t].was_cancelled, 0);
            CHECK(pthread_create(&thread[t], NULL, t & 1 ? use_and_exit : use_until_cancelled, &mortals[t]) == 0);
        }
        for (unsigned t = 0; t < WORKERS; t++)
            while (sem_wait(&idle) != 0)
                CHECK(errno == EINTR);
        for (unsigned t = 0; t < 2 * WORKERS; t++) {
            void *end = NULL;
            if (t % 2 == 0)
                CHECK(pthread_cancel(thread[t]) == 0);
            CHECK(pthread_join(thread[t], &end) == 0);
            CHECK(end == (t & 1 ? (void *)&mortals[t] : PTHREAD_CANCELED));
            CHECK(atomic_load(&mortals[t].was_cancelled) == (t % 2 == 0));
        }
        worker again = {.map = map, .number = round};
        for (unsigned i = 0; i < 100; i++)
            work_once(&again, i);
    }
    EXPECT(PTL_OK, ptl_map_clear(map));
    CHECK(has_len(map, 0));
    CHECK(sem_destroy(&idle) == 0);
    EXPECT(PTL_OK, ptl_map_release(map));
}

/* Slow callbacks. */

enum { SHARED_KINDS = LAST_KIND - PTL_MAP_MUTEX + 1, VISITED = 50 };

/* A map, the threads that use it, and the threads whose callbacks take a second. */
typedef struct {
    ptl_map *map;
    crew crew;
    pthread_t slow[2];
    unsigned calls[2]; /* of each callback */
    unsigned updates;
} scene;

static void stay_for_a_second(double since)
{
    while (now() < since + 1)
        pause_for(0.01);
}

/* Takes a second, or longer, until each worker has completed a call meanwhile. */
static void take_time(scene *own, unsigned *calls)
{
    double since = now();
    if ((*calls)++ > 0)
        return;
    CHECK(progress(&own->crew, 2));
    stay_for_a_second(since);
    CHECK(progress(&own->crew, 2));
}

static int32_t take_time_and_end(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    scene *own = user;
    (void)k, (void)k_size, (void)v, (void)v_size;
    take_time(own, &own->calls[0]);
    return 0;
}

static int32_t take_time_and_keep(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    scene *own = user;
    (void)k, (void)k_size, (void)v, (void)v_size;
    take_time(own, &own->calls[1]);
    return 0;
}

static void *range_slowly(void *user)
{
    scene *own = user;
    EXPECT(PTL_DONE, ptl_map_range(own->map, take_time_and_end, own));
    return NULL;
}

static void *delete_slowly(void *user)
{
    scene *own = user;
    EXPECT(PTL_OK, ptl_map_delete_if(own->map, take_time_and_keep, own, NULL));
    return NULL;
}

/* A map of each kind that threads may share. The slow callbacks of all of them run at the same time. */
static scene scenes[SHARED_KINDS];

static void set_the_scenes(void)
{
    for (unsigned s = 0; s < SHARED_KINDS; s++) {
        ptl_map_options options = shape;
        options.kind = PTL_MAP_MUTEX + s;
        scenes[s].calls[0] = scenes[s].calls[1] = scenes[s].updates = 0;
        EXPECT(PTL_OK, ptl_map_new(&options, &scenes[s].map));
        fill_map(scenes[s].map, 0, VISITED);
    }
}

/* No lock is held: other threads can store, load, delete, range and shrink. */
static void test_slow_visits(void)
{
    set_the_scenes();
    for (unsigned s = 0; s < SHARED_KINDS; s++) {
        start(&scenes[s].crew, scenes[s].map, work);
        CHECK(pthread_create(&scenes[s].slow[0], NULL, range_slowly, &scenes[s]) == 0);
        CHECK(pthread_create(&scenes[s].slow[1], NULL, delete_slowly, &scenes[s]) == 0);
    }
    for (unsigned s = 0; s < SHARED_KINDS; s++) {
        CHECK(pthread_join(scenes[s].slow[0], NULL) == 0);
        CHECK(pthread_join(scenes[s].slow[1], NULL) == 0);
        CHECK(scenes[s].calls[0] == 1 && scenes[s].calls[1] >= VISITED);
        stop(&scenes[s].crew);
        for (unsigned k = 0; k < VISITED; k++)
            CHECK(holds(scenes[s].map, k, k));
        EXPECT(PTL_OK, ptl_map_release(scenes[s].map));
    }
}

/* During an update: readers that take no lock can load every key, even the one being updated. */
static void *read_all(void *user)
{
    worker *own = user;
    for (unsigned long round = 0; !atomic_load(&own->stop); round++) {
        CHECK(holds(own->map, round % VISITED, round % VISITED));
        EXPECT(PTL_OK, ptl_map_contains(own->map, K(round % VISITED)));
        atomic_fetch_add(&own->rounds, 1);
    }
    return NULL;
}

/* During an update of a map with one lock: peek returns PTL_E_BUSY without waiting, and retain and
 * release do not wait. */
static void *peek_and_count(void *user)
{
    worker *own = user;
    unsigned char found[LONGEST];
    for (unsigned long round = 0; !atomic_load(&own->stop); round++) {
        EXPECT(PTL_E_BUSY, ptl_map_peek(own->map, K(round % VISITED), found, sizeof found, NULL));
        EXPECT(PTL_OK, ptl_map_retain(own->map));
        EXPECT(PTL_OK, ptl_map_release(own->map));
        atomic_fetch_add(&own->rounds, 1);
    }
    return NULL;
}

static int32_t update_for_a_second(const void *found, size_t found_size, const void **new_value, size_t *new_size, void *user)
{
    scene *own = user;
    double since = now();
    uint32_t kind = PTL_MAP_MUTEX + (uint32_t)(own - scenes);
    (void)found_size;
    CHECK(found != NULL && own->updates++ == 0);
    start(&own->crew, own->map, reads_without_lock(kind) ? read_all : peek_and_count);
    CHECK(progress(&own->crew, 2));
    stay_for_a_second(since);
    CHECK(progress(&own->crew, 2));
    stop(&own->crew);
    *new_value = value(77).data;
    *new_size = value(77).size;
    return PTL_UPDATE_STORE;
}

static void *update_slowly(void *user)
{
    scene *own = user;
    EXPECT(PTL_OK, ptl_map_update(own->map, K(7), update_for_a_second, own));
    return NULL;
}

static void test_slow_updates(void)
{
    set_the_scenes();
    for (unsigned s = 0; s < SHARED_KINDS; s++) {
        EXPECT(PTL_OK, ptl_map_range(scenes[s].map, visit_all, NULL)); /* promotes: every key is in the read map */
        CHECK(pthread_create(&scenes[s].slow[0], NULL, update_slowly, &scenes[s]) == 0);
    }
    for (unsigned s = 0; s < SHARED_KINDS; s++) {
        CHECK(pthread_join(scenes[s].slow[0], NULL) == 0);
        CHECK(scenes[s].updates == 1 && holds(scenes[s].map, 7, 77) && has_len(scenes[s].map, VISITED));
        EXPECT(PTL_OK, ptl_map_release(scenes[s].map));
    }
}

static void run_for_types(void (*test)(void), const char *name)
{
    for (unsigned types = 0; types < 4; types += 3) {
        set_shape(PTL_MAP_MUTEX, types & 1 ? PTL_WORD : PTL_BYTES, types & 2 ? PTL_WORD : PTL_BYTES, 0);
        snprintf(shape_name, sizeof shape_name, "all kinds at once, %s", types ? "words" : "bytes");
        test();
    }
    section(name);
}

/* Callbacks that release the map that calls them. */

typedef struct {
    ptl_map *map;
    unsigned calls;
    ptl_map *kept; /* made by the callback; it outlives the call */
} releaser;

static void make_and_release(releaser *own)
{
    for (uint32_t kind = PTL_MAP_BUCKETED; kind <= LAST_KIND; kind++) {
        ptl_map_options options = shape;
        ptl_map *other = NULL;
        options.kind = kind;
        EXPECT(PTL_OK, ptl_map_new(&options, &other));
        fill_map(other, 0, 100);
        CHECK(holds(other, 99, 99));
        if (own->kept)
            EXPECT(PTL_OK, ptl_map_release(own->kept));
        own->kept = other;
    }
}

/* The first callback releases the last reference. The map lives until the iteration has ended. */
static int32_t release_it(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    releaser *own = user;
    unsigned number = number_of(k, k_size);
    if (own->calls++ == 0)
        EXPECT(PTL_OK, ptl_map_release(own->map));
    if (own->calls % 20 == 0)
        make_and_release(own);
    CHECK(number < 60 && value(number).size == v_size && (v_size == 0 || memcmp(value(number).data, v, v_size) == 0));
    return 1;
}

static int32_t release_and_store(const void *found, size_t found_size, const void **new_value, size_t *new_size, void *user)
{
    releaser *own = user;
    (void)found, (void)found_size;
    own->calls++;
    EXPECT(PTL_OK, ptl_map_release(own->map));
    make_and_release(own);
    *new_value = value(70).data;
    *new_size = value(70).size;
    return PTL_UPDATE_STORE;
}

static void test_releases(void)
{
    for (unsigned call = 0; call < 3; call++) {
        memory given = {0};
        uint64_t deleted = 0;
        shape.allocator = counted(&given);
        releaser own = {.map = new_map()};
        fill_map(own.map, 0, 60);
        if (call == 0)
            EXPECT(PTL_OK, ptl_map_range(own.map, release_it, &own));
        else if (call == 1)
            EXPECT(PTL_OK, ptl_map_delete_if(own.map, release_it, &own, &deleted));
        else
            EXPECT(PTL_OK, ptl_map_update(own.map, K(70), release_and_store, &own));
        CHECK(own.calls == (call == 2 ? 1 : 60) && deleted == (call == 1 ? 60 : 0));
        CHECK(own.kept && has_len(own.kept, 100));
        EXPECT(PTL_OK, ptl_map_release(own.kept));
        CHECK(is_clean(&given)); /* the map was freed when the call returned */
    }
}

/* Callbacks within callbacks: a range of the first map within a range of the second within an update of
 * the third. */

typedef struct {
    ptl_map *map[3];
    unsigned calls[3];
} nest;

static int32_t innermost(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    nest *own = user;
    own->calls[0]++;
    EXPECT(PTL_OK, ptl_map_store(own->map[0], k, k_size, v, v_size)); /* the map that is being iterated */
    EXPECT(PTL_OK, ptl_map_store(own->map[1], k, k_size, v, v_size));
    EXPECT(PTL_E_REENTRANT, ptl_map_store(own->map[2], k, k_size, v, v_size));
    return 1;
}

static int32_t in_between(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    nest *own = user;
    unsigned number = number_of(k, k_size);
    (void)v, (void)v_size;
    own->calls[1]++;
    EXPECT(PTL_OK, ptl_map_range(own->map[0], innermost, own));
    EXPECT(PTL_E_REENTRANT, ptl_map_range(own->map[2], innermost, own));
    EXPECT(PTL_OK, ptl_map_delete(own->map[1], k, k_size));
    EXPECT(PTL_OK, ptl_map_store(own->map[1], k, k_size, V(number)));
    return 1;
}

static int32_t outermost(const void *found, size_t found_size, const void **new_value, size_t *new_size, void *user)
{
    nest *own = user;
    (void)found, (void)found_size;
    own->calls[2]++;
    EXPECT(PTL_OK, ptl_map_range(own->map[1], in_between, own));
    *new_value = value(9).data;
    *new_size = value(9).size;
    return PTL_UPDATE_STORE;
}

static void test_nests(void)
{
    for (uint32_t kind = PTL_MAP_BUCKETED; kind <= LAST_KIND; kind++) {
        ptl_map_options options = shape;
        nest own = {{NULL}, {0}};
        for (unsigned m = 0; m < 3; m++) {
            options.kind = (kind + m - 1) % LAST_KIND + 1;
            EXPECT(PTL_OK, m == 2 ? ptl_map_new(&shape, &own.map[m]) : ptl_map_new(&options, &own.map[m]));
            fill_map(own.map[m], 0, 10);
        }
        EXPECT(PTL_OK, ptl_map_update(own.map[2], K(8), outermost, &own));
        CHECK(own.calls[2] == 1 && own.calls[1] >= 10 && own.calls[0] == 10 * own.calls[1]);
        CHECK(holds(own.map[2], 8, 9));
        for (unsigned m = 0; m < 3; m++) {
            for (unsigned k = 0; k < 10; k++)
                CHECK(holds(own.map[m], k, m == 2 && k == 8 ? 9 : k));
            EXPECT(PTL_OK, ptl_map_release(own.map[m]));
        }
    }
}

/* Signals. */

static atomic_ulong signals;

static void count_signal(int number)
{
    (void)number;
    atomic_fetch_add(&signals, 1);
}

static void *work_and_make_maps(void *user)
{
    worker *own = user;
    for (unsigned long round = 0; !atomic_load(&own->stop); round++) {
        work_once(own, round);
        if (round % 16 == 0) {
            ptl_map *other = NULL, *copy = NULL;
            EXPECT(PTL_OK, ptl_map_new(&shape, &other)); /* gets randomness from the system */
            EXPECT(PTL_OK, ptl_map_reserve(other, 20000));
            EXPECT(PTL_OK, ptl_map_clone(own->map, NULL, &copy));
            EXPECT(PTL_OK, ptl_map_release(copy));
            EXPECT(PTL_OK, ptl_map_release(other));
        }
        atomic_fetch_add(&own->rounds, 1);
    }
    return NULL;
}

/* A signal every millisecond that interrupts system calls; they are not restarted. */
static void test_signals(void)
{
    static crew crew;
    struct sigaction action = {.sa_handler = count_signal}, before;
    struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    ptl_map *map = new_map();
    unsigned long wanted = atomic_load(&signals) + repeats(50);
    CHECK(sigaction(SIGALRM, &action, &before) == 0);
    CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
    start(&crew, map, work_and_make_maps);
    CHECK(progress(&crew, 20));
    for (double end = now() + 60; atomic_load(&signals) < wanted && now() < end;)
        pause_for(0.001);
    CHECK(atomic_load(&signals) >= wanted);
    stop(&crew);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    pause_for(0.002);
    CHECK(sigaction(SIGALRM, &before, NULL) == 0);
    EXPECT(PTL_OK, ptl_map_release(map));
}

/* Small stacks. */

enum { STACK = 64 << 10, COLOUR = 0x6B };

static unsigned char *stack_end, *painted_to;
static size_t deepest;
static char deepest_call[160];

/* Fills the stack below its caller with a pattern. */
__attribute__((noinline)) static void paint(void)
{
    painted_to = __builtin_frame_address(0);
    for (volatile unsigned char *at = stack_end; at < painted_to - 256; at++)
        *at = COLOUR;
}

/* How many bytes of the pattern were overwritten. (If PORTOLAN_STACK is set, prints it for each call.) */
static size_t depth(void)
{
    const unsigned char *at = stack_end;
    while (at < painted_to && *at == COLOUR)
        at++;
    return (size_t)(painted_to - at);
}

static void note_depth(const char *call)
{
    size_t here = depth();
    if (getenv("PORTOLAN_STACK"))
        printf("%8zu  %s: %s\n", here, shape_name, call);
    if (here > deepest) {
        deepest = here;
        snprintf(deepest_call, sizeof deepest_call, "%s, %s", call, shape_name);
    }
}

#define MEASURE(call)                                                                                                  \
    do {                                                                                                               \
        paint();                                                                                                       \
        (void)(call);                                                                                                  \
        note_depth(#call);                                                                                             \
    } while (0)

static int32_t store_what_is_there(const void *value, size_t value_size, const void **new_value, size_t *new_size, void *user)
{
    (void)user;
    *new_value = value;
    *new_size = value_size;
    return value ? PTL_UPDATE_STORE : PTL_UPDATE_KEEP;
}

static int32_t answer_no(const void *k, size_t k_size, const void *v, size_t v_size, void *user)
{
    (void)k, (void)k_size, (void)v, (void)v_size, (void)user;
    return 0;
}

enum { BATCH = 64 };

/* Data that is too large for a small stack, and the same for all shapes. */
static unsigned char keys[BATCH * LONGEST], values[BATCH * LONGEST], huge[300000];
static size_t key_offsets[BATCH + 1], value_offsets[BATCH + 1];
static ptl_status statuses[BATCH];
static uint64_t words[2][BATCH];

static void measure_words(ptl_map *map)
{
    uint64_t cursor = 0;
    size_t count = BATCH;
    MEASURE(ptl_map_load_u64(map, key_word(3)));
    MEASURE(ptl_map_peek_u64(map, key_word(3)));
    MEASURE(ptl_map_store_u64(map, key_word(3), 1));
    MEASURE(ptl_map_load_or_store_u64(map, key_word(3), 1));
    MEASURE(ptl_map_load_and_delete_u64(map, key_word(3)));
    MEASURE(ptl_map_delete_u64(map, key_word(3)));
    MEASURE(ptl_map_swap_u64(map, key_word(3), 1));
    MEASURE(ptl_map_compare_and_swap_u64(map, key_word(3), 1, 2));
    MEASURE(ptl_map_compare_and_delete_u64(map, key_word(3), 2));
    MEASURE(ptl_map_contains_u64(map, key_word(3)));
    MEASURE(ptl_map_add_u64(map, key_word(3), 1));
    MEASURE(ptl_map_scan_u64(map, &cursor, 0, words[0], words[1], &count));
    MEASURE(ptl_map_load_many_u64(map, words[0], BATCH, words[1], statuses));
    MEASURE(ptl_map_store_many_u64(map, words[0], words[1], BATCH, statuses));
    MEASURE(ptl_map_delete_many_u64(map, words[0], BATCH, statuses));
}

static void measure_all(void)
{
    uint64_t number = 0, cursor = 0;
    size_t size = 0, keys_size = sizeof keys, values_size = sizeof values, count = BATCH;
    static unsigned char buffer[LONGEST];
    ptl_map *map = NULL, *copy = NULL;
    static ptl_stats stats;
    static ptl_bucket bucket;
    stats.size = sizeof stats;
    bucket.size = sizeof bucket;

    MEASURE(ptl_map_new(&shape, &map));
    MEASURE(ptl_map_retain(map));
    MEASURE(ptl_map_release(map));
    for (unsigned k = 0; k < 500; k++) /* grows */
        MEASURE(ptl_map_store(map, K(k), V(k)));
    for (unsigned k = 0; k < 500; k++) /* promotes */
        MEASURE(ptl_map_load(map, K(k), buffer, sizeof buffer, &size));
    MEASURE(ptl_map_peek(map, K(3), buffer, sizeof buffer, &size));
    MEASURE(ptl_map_load_or_store(map, K(3), V(3), buffer, sizeof buffer, &size));
    MEASURE(ptl_map_load_and_delete(map, K(3), buffer, sizeof buffer, &size));
    MEASURE(ptl_map_load_or_store(map, K(3), V(3), buffer, sizeof buffer, &size));
    for (unsigned k = 0; k < 250; k++)
        MEASURE(ptl_map_delete(map, K(k)));
    MEASURE(ptl_map_store(map, K(2000), V(2000))); /* makes a dirty map and expunges entries */
    for (unsigned k = 0; k < 250; k++)
        MEASURE(ptl_map_swap(map, K(k), V(k), buffer, sizeof buffer, &size));
    MEASURE(ptl_map_compare_and_swap(map, K(3), V(3), V(4)));
    MEASURE(ptl_map_compare_and_delete(map, K(3), V(4)));
    MEASURE(ptl_map_contains(map, K(4)));
    MEASURE(ptl_map_add(map, K(4), 1, &number));
    MEASURE(ptl_map_update(map, K(5), store_what_is_there, NULL));
    MEASURE(ptl_map_range(map, visit_all, NULL));
    MEASURE(ptl_map_delete_if(map, answer_no, NULL, &number));
    MEASURE(ptl_map_len(map, &number));
    MEASURE(ptl_map_begin_scan(map, &number));
    MEASURE(ptl_map_scan(map, &cursor, 0, keys, &keys_size, key_offsets, values, &values_size, value_offsets, &count));
    values_size = sizeof values;
    MEASURE(ptl_map_load_many(map, keys, key_offsets, count, values, &values_size, value_offsets, statuses));
    MEASURE(ptl_map_store_many(map, keys, key_offsets, values, value_offsets, count, statuses));
    MEASURE(ptl_map_delete_many(map, keys, key_offsets, count, statuses));
    if (shape.value_size == PTL_BYTES) {
        MEASURE(ptl_map_store(map, K(4), huge, sizeof huge));
        MEASURE(ptl_map_update(map, K(4), store_what_is_there, NULL));
        MEASURE(ptl_map_range(map, visit_all, NULL));
    }
    MEASURE(ptl_map_stats(map, &stats));
    MEASURE(ptl_map_inspect(map, 0, 0, 0, &bucket));
    MEASURE(ptl_map_reserve(map, 30000));
    MEASURE(ptl_map_clone(map, NULL, &copy));
    MEASURE(ptl_map_equal(map, copy));
    MEASURE(ptl_map_release(copy));
    if (words_to_words())
        measure_words(map);
    MEASURE(ptl_map_clear(map));
    MEASURE(ptl_map_shrink(map));
    MEASURE(ptl_map_release(map));
    MEASURE(ptl_map_load(NULL, K(3), buffer, sizeof buffer, &size));
    MEASURE(ptl_status_string(PTL_OK));
    MEASURE(ptl_version());
    MEASURE(ptl_version_number());
    MEASURE(ptl_map_options_error(NULL));
}

static void *measure(void *unused)
{
    pthread_attr_t attributes;
    void *start = NULL;
    size_t size = 0;
    (void)unused;
    CHECK(pthread_getattr_np(pthread_self(), &attributes) == 0 && pthread_attr_getstack(&attributes, &start, &size) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
    stack_end = start;
    measure_all();
    return NULL;
}

static void call_from_a_small_stack(void)
{
    pthread_attr_t attributes;
    pthread_t thread;
    CHECK(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, STACK) == 0);
    CHECK(pthread_create(&thread, &attributes, measure, NULL) == 0 && pthread_join(thread, NULL) == 0);
    CHECK(pthread_attr_destroy(&attributes) == 0);
}

static void call_in_every_shape(ptl_map *unused)
{
    (void)unused;
    for_each_shape(call_from_a_small_stack);
    CHECK(deepest > 0);
    printf("%zu bytes of stack at most: %s\n", deepest, deepest_call);
}

/* All calls, and the thread itself, fit into one small stack. An overflow would kill the process, so this
 * runs in a child. */
static void test_small_stacks(void)
{
    in_child(call_in_every_shape, NULL);
}

int main(int argc, char **argv)
{
    make_items();
    if (argc == 2 && strcmp(argv[1], "alone") == 0) {
        for_kinds_from(PTL_MAP_BUCKETED, use_one_alone);
        return failed || !passed;
    }
    ssize_t length = readlink("/proc/self/exe", own_path, sizeof own_path - 1);
    CHECK(length > 0);
    run_for_all(test_fork, "fork");
    run_for_shared(test_exec, "exec while other threads use the map");
    if (!is_watched("address space")) {
        for_kinds_from(PTL_MAP_BUCKETED, test_limit);
        section("exhausted address space");
        run_for_shared(test_limit_together, "exhausted by four threads");
    }
    run_for_shared(test_ends, "threads that end");
    run(test_cancelled, "a deferred cancellation");
    run_for_types(test_slow_visits, "range callbacks that take a second");
    run_for_types(test_slow_updates, "update callbacks that take a second");
    run_for_all(test_releases, "maps released by callbacks");
    run_for_all(test_nests, "callbacks within callbacks");
    run_for_shared(test_signals, "signals");
    if (!is_watched("small stacks"))
        run(test_small_stacks, "small stacks");
    return summary();
}
