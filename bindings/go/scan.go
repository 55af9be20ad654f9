package portolan

import (
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// scan iterates over the entries of a map, a batch at a time, and begins at a random one. It holds
// nothing of the map between two calls of next, so it can stop at any entry.
type scan struct {
	core         *core
	buffers      *buffers
	keys, values cptl.Column // the batch
	i, count     int         // the current entry of the batch, and how many it has
	start        uint64      // the position where the iteration begins
	cursor       uint64      // the position where the next batch begins
	until        uint64      // where batches end: at 0, the end of all, and once the cursor gets there, at start
	last         bool        // no batch follows this one
}

func (c *core) scan() scan {
	start, status := cptl.BeginScan(c.enter("Range"))
	c.leave("Range", status)
	return scan{core: c, buffers: getBuffers(), i: -1, start: start, cursor: start}
}

// next goes to the next entry and reports whether there is one.
func (s *scan) next() bool {
	for s.i++; s.i >= s.count; {
		if s.last {
			return false
		}
		s.fill()
	}
	s.core.enter("Range") // panics if the map was closed meanwhile
	return true
}

// key sets *p to the current entry's key.
func (s *scan) key(p unsafe.Pointer) { s.core.key.set(p, &s.keys, s.i) }

// value sets *p to the current entry's value.
func (s *scan) value(p unsafe.Pointer) { s.core.value.set(p, &s.values, s.i) }

// end ends the scan, at any entry.
func (s *scan) end() { s.buffers.release() }

// fill reads the next batch, which may be empty.
func (s *scan) fill() {
	m := s.core.enter("Range")
	keys, values := &s.buffers.keys, &s.buffers.values
	var status cptl.Status
	for {
		s.keys, s.values = keys.column(&s.core.key), values.column(&s.core.value)
		var keysSize, valuesSize int
		s.cursor, keysSize, valuesSize, s.count, status = cptl.Scan(m, s.cursor, s.until, &s.keys, &s.values,
			min(len(keys.offsets), len(values.offsets))-1)
		if status != cptl.ErrBuffer {
			break
		}
		// The hashes of the next entries collide, so one call must return them all, and they do not
		// fit. The sizes are what they need.
		keys.grow(keysSize, s.count)
		values.grow(valuesSize, s.count)
	}
	s.core.leave("Range", status)
	s.i = 0
	if status == cptl.Done {
		// The cursor is at 0 again. What lies between there and start comes last.
		s.last = s.until == s.start
		s.until = s.start
	}
}
