/* The kinds of maps, for tests of all kinds. KINDS(X) is X(bucketed) X(mutex) and so on: the names
 * that portolan.h has, in the order of their numbers. ci/common.sh takes them from there, so these
 * tests need no change for a new kind. */
#ifndef KINDS_H
#define KINDS_H

#ifndef KINDS
#error "compile with the option $kinds of ci/common.sh, as ci/c-tests.sh does"
#endif

#include <portolan.h>

#define KIND_NAME(name) #name,
static const char *const kind_names[] = {"", KINDS(KIND_NAME)};
enum { LAST_KIND = sizeof kind_names / sizeof *kind_names - 1 };

/* The kinds whose readers take no lock: a load returns while a callback of update runs, and memory
 * that a reader may have reached is kept. Any other kind for several threads has one lock. */
static inline int reads_without_lock(uint32_t kind) { return kind == PTL_MAP_SHARDED || kind == PTL_MAP_READ_DIRTY; }

#endif
