package cptl

/*
#include <portolan.h>

// What a leaf call takes and returns: one place in memory instead of registers.
typedef struct { const ptl_map *map; uint64_t key; ptl_u64 found; } cptl_peek_u64_call;
typedef struct {
	uintptr_t map;
	const uint8_t *key;
	size_t key_size;
	uint8_t *room;
	size_t capacity, size;
	ptl_status status;
} cptl_peek_call;

static void cptl_peek_u64(cptl_peek_u64_call *call) {
	call->found = ptl_map_peek_u64(call->map, call->key);
}

static void cptl_peek(cptl_peek_call *call) {
	call->status = ptl_map_peek((const ptl_map *)call->map, call->key, call->key_size, call->room, call->capacity, &call->size);
}

static void *cptl_address_of_peek_u64(void) { return (void *)cptl_peek_u64; }
static void *cptl_address_of_peek(void) { return (void *)cptl_peek; }
*/
import "C"
import (
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/leaf"
)

var addressOfPeekU64, addressOfPeek = C.cptl_address_of_peek_u64(), C.cptl_address_of_peek()

// CanPeek tells whether there are leaf calls.
const CanPeek = leaf.Available

// The library's looks without waiting, which need not go through cgo. They answer with errBusy where they would have to
// wait: then the call through cgo answers.

const errBusy Status = C.PTL_E_BUSY

// PeekU64 is a look that stands in for LoadU64, if CanPeek.
func PeekU64(m *Map, key uint64) (uint64, Status) {
	call := C.cptl_peek_u64_call{_map: (*C.ptl_map)(m), key: C.uint64_t(key)}
	leaf.Call(addressOfPeekU64, unsafe.Pointer(&call))
	return uint64(call.found.value), Status(call.found.status)
}

// peekBytes is the most that a look copies: what takes longer than a microsecond goes through cgo.
const peekBytes = 4096

// peek is a look that stands in for Load. It also answers with errBusy where it takes too long, and where it cannot be made.
func peek(m *Map, key, room []byte) (int, Status) {
	if !CanPeek || len(key)+len(room) > peekBytes {
		return 0, errBusy
	}
	call := C.cptl_peek_call{_map: handle(m), key: at(key), key_size: size(key), room: at(room), capacity: size(room)}
	leaf.Call(addressOfPeek, unsafe.Pointer(&call))
	return int(call.size), Status(call.status)
}
