package cptl

/*
#include <portolan.h>

static inline ptl_u64 cptl_load_u64(uintptr_t map, uint64_t key) {
	return ptl_map_load_u64((const ptl_map *)map, key);
}

static inline ptl_status cptl_store_u64(uintptr_t map, uint64_t key, uint64_t value) {
	return ptl_map_store_u64((ptl_map *)map, key, value);
}

static inline ptl_u64 cptl_load_or_store_u64(uintptr_t map, uint64_t key, uint64_t value) {
	return ptl_map_load_or_store_u64((ptl_map *)map, key, value);
}

static inline ptl_u64 cptl_load_and_delete_u64(uintptr_t map, uint64_t key) {
	return ptl_map_load_and_delete_u64((ptl_map *)map, key);
}

static inline ptl_status cptl_delete_u64(uintptr_t map, uint64_t key) {
	return ptl_map_delete_u64((ptl_map *)map, key);
}

static inline ptl_u64 cptl_swap_u64(uintptr_t map, uint64_t key, uint64_t value) {
	return ptl_map_swap_u64((ptl_map *)map, key, value);
}

static inline ptl_status cptl_compare_and_swap_u64(uintptr_t map, uint64_t key, uint64_t old_value, uint64_t new_value) {
	return ptl_map_compare_and_swap_u64((ptl_map *)map, key, old_value, new_value);
}

static inline ptl_status cptl_compare_and_delete_u64(uintptr_t map, uint64_t key, uint64_t old_value) {
	return ptl_map_compare_and_delete_u64((ptl_map *)map, key, old_value);
}

static inline ptl_status cptl_contains_u64(uintptr_t map, uint64_t key) {
	return ptl_map_contains_u64((const ptl_map *)map, key);
}

static inline ptl_u64 cptl_add_u64(uintptr_t map, uint64_t key, uint64_t delta) {
	return ptl_map_add_u64((ptl_map *)map, key, delta);
}
*/
import "C"

// The functions below each do one operation on a map of words to words. They are not marked
// noescape, because they pass no Go pointer to C. Nor are they marked nocallback, which costs two
// more calls into the runtime.

func LoadU64(m *Map, key uint64) (uint64, Status) {
	if CanPeek {
		if value, status := PeekU64(m, key); status != errBusy {
			return value, status
		}
	}
	r := C.cptl_load_u64(handle(m), C.uint64_t(key))
	return uint64(r.value), Status(r.status)
}

func StoreU64(m *Map, key, value uint64) Status {
	return Status(C.cptl_store_u64(handle(m), C.uint64_t(key), C.uint64_t(value)))
}

func LoadOrStoreU64(m *Map, key, value uint64) (uint64, Status) {
	r := C.cptl_load_or_store_u64(handle(m), C.uint64_t(key), C.uint64_t(value))
	return uint64(r.value), Status(r.status)
}

func LoadAndDeleteU64(m *Map, key uint64) (uint64, Status) {
	r := C.cptl_load_and_delete_u64(handle(m), C.uint64_t(key))
	return uint64(r.value), Status(r.status)
}

func DeleteU64(m *Map, key uint64) Status {
	return Status(C.cptl_delete_u64(handle(m), C.uint64_t(key)))
}

func SwapU64(m *Map, key, value uint64) (uint64, Status) {
	r := C.cptl_swap_u64(handle(m), C.uint64_t(key), C.uint64_t(value))
	return uint64(r.value), Status(r.status)
}

func CompareAndSwapU64(m *Map, key, old, new uint64) Status {
	return Status(C.cptl_compare_and_swap_u64(handle(m), C.uint64_t(key), C.uint64_t(old), C.uint64_t(new)))
}

func CompareAndDeleteU64(m *Map, key, old uint64) Status {
	return Status(C.cptl_compare_and_delete_u64(handle(m), C.uint64_t(key), C.uint64_t(old)))
}

func ContainsU64(m *Map, key uint64) Status {
	if CanPeek {
		if _, status := PeekU64(m, key); status != errBusy {
			return status
		}
	}
	return Status(C.cptl_contains_u64(handle(m), C.uint64_t(key)))
}

func AddU64(m *Map, key, delta uint64) (uint64, Status) {
	r := C.cptl_add_u64(handle(m), C.uint64_t(key), C.uint64_t(delta))
	return uint64(r.value), Status(r.status)
}
