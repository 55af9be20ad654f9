package portolan

import (
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// scan goes over the entries of a map, a batch at a time. Between two calls of next the map knows nothing of it, so it
// may also be dropped at any entry.
type scan struct {
	core         *core
	room         *room
	keys, values cptl.Column // the batch: entries 0 to count, of which i is the current one
	i, count     int
	cursor       uint64
	last         bool // no batch follows this one
}

func (c *core) scan() scan { return scan{core: c, room: getRoom(), i: -1} }

// next goes to the next entry and returns whether there is one.
func (s *scan) next() bool {
	for s.i++; s.i >= s.count; {
		if s.last {
			return false
		}
		s.fill()
	}
	s.core.enter("Range") // only to panic if the map was closed meanwhile
	return true
}

// key sets *p to the current entry's key.
func (s *scan) key(p unsafe.Pointer) { s.core.key.set(p, &s.keys, s.i) }

// value sets *p to the current entry's value.
func (s *scan) value(p unsafe.Pointer) { s.core.value.set(p, &s.values, s.i) }

// end ends a scan, wherever it is.
func (s *scan) end() { s.room.release() }

// fill reads the next batch, which may be empty.
func (s *scan) fill() {
	m := s.core.enter("Range")
	keys, values := &s.room.keys, &s.room.values
	var status cptl.Status
	for {
		s.keys, s.values = keys.column(&s.core.key), values.column(&s.core.value)
		var keysSize, valuesSize int
		s.cursor, keysSize, valuesSize, s.count, status = cptl.Scan(m, s.cursor, &s.keys, &s.values,
			min(len(keys.offsets), len(values.offsets))-1)
		if status != cptl.ErrBuffer {
			break
		}
		// The next entries can only be read together, and do not fit: the sizes are what they need.
		keys.grow(keysSize, s.count)
		values.grow(valuesSize, s.count)
	}
	s.core.leave("Range", status)
	s.i, s.last = 0, status == cptl.Done
}
