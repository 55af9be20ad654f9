package cptl

/*
#cgo noescape ptl_map_load_u64
#cgo nocallback ptl_map_load_u64
#cgo noescape ptl_map_store_u64
#cgo nocallback ptl_map_store_u64
#cgo noescape ptl_map_load_or_store_u64
#cgo nocallback ptl_map_load_or_store_u64
#cgo noescape ptl_map_load_and_delete_u64
#cgo nocallback ptl_map_load_and_delete_u64
#cgo noescape ptl_map_delete_u64
#cgo nocallback ptl_map_delete_u64
#cgo noescape ptl_map_swap_u64
#cgo nocallback ptl_map_swap_u64
#cgo noescape ptl_map_compare_and_swap_u64
#cgo nocallback ptl_map_compare_and_swap_u64
#cgo noescape ptl_map_compare_and_delete_u64
#cgo nocallback ptl_map_compare_and_delete_u64
#cgo noescape ptl_map_contains_u64
#cgo nocallback ptl_map_contains_u64
#cgo noescape ptl_map_add_u64
#cgo nocallback ptl_map_add_u64
#include <portolan.h>
*/
import "C"

// One operation each on a map of words to words.

func LoadU64(m *Map, key uint64) (uint64, Status) {
	r := C.ptl_map_load_u64((*C.ptl_map)(m), C.uint64_t(key))
	return uint64(r.value), Status(r.status)
}

func StoreU64(m *Map, key, value uint64) Status {
	return Status(C.ptl_map_store_u64((*C.ptl_map)(m), C.uint64_t(key), C.uint64_t(value)))
}

func LoadOrStoreU64(m *Map, key, value uint64) (uint64, Status) {
	r := C.ptl_map_load_or_store_u64((*C.ptl_map)(m), C.uint64_t(key), C.uint64_t(value))
	return uint64(r.value), Status(r.status)
}

func LoadAndDeleteU64(m *Map, key uint64) (uint64, Status) {
	r := C.ptl_map_load_and_delete_u64((*C.ptl_map)(m), C.uint64_t(key))
	return uint64(r.value), Status(r.status)
}

func DeleteU64(m *Map, key uint64) Status {
	return Status(C.ptl_map_delete_u64((*C.ptl_map)(m), C.uint64_t(key)))
}

func SwapU64(m *Map, key, value uint64) (uint64, Status) {
	r := C.ptl_map_swap_u64((*C.ptl_map)(m), C.uint64_t(key), C.uint64_t(value))
	return uint64(r.value), Status(r.status)
}

func CompareAndSwapU64(m *Map, key, old, new uint64) Status {
	return Status(C.ptl_map_compare_and_swap_u64((*C.ptl_map)(m), C.uint64_t(key), C.uint64_t(old), C.uint64_t(new)))
}

func CompareAndDeleteU64(m *Map, key, old uint64) Status {
	return Status(C.ptl_map_compare_and_delete_u64((*C.ptl_map)(m), C.uint64_t(key), C.uint64_t(old)))
}

func ContainsU64(m *Map, key uint64) Status {
	return Status(C.ptl_map_contains_u64((*C.ptl_map)(m), C.uint64_t(key)))
}

func AddU64(m *Map, key, delta uint64) (uint64, Status) {
	r := C.ptl_map_add_u64((*C.ptl_map)(m), C.uint64_t(key), C.uint64_t(delta))
	return uint64(r.value), Status(r.status)
}
