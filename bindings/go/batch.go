package portolan

import (
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

func (c *core) loadMany(keys, values unsafe.Pointer, n int, found []bool) (hits int) {
	m := c.enter("LoadMany")
	b := getBuffers()
	for done := 0; done < n; {
		column, count := b.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		c.loadBatch(m, b, &column, unsafe.Add(values, done*c.value.size), count)
		statuses := b.statuses[:count]
		for _, status := range statuses {
			hits += one(status == cptl.OK)
		}
		if found != nil {
			found := found[done:][:len(statuses)]
			for i, status := range statuses {
				found[i] = status == cptl.OK
			}
		}
		done += count
	}
	b.release()
	return hits
}

// loadBatch loads the values of one batch of keys into an array of Go values at out, and their
// statuses into b.
func (c *core) loadBatch(m *cptl.Map, b *buffers, keys *cptl.Column, out unsafe.Pointer, count int) {
	values := b.values.column(&c.value)
	// If the Go values are the words themselves, C writes them there.
	inPlace := c.value.form == word64
	if inPlace {
		values.Bytes = unsafe.Slice((*byte)(out), 8*count)
		raceWrite(out, 8*count)
	}
	var status cptl.Status
	if c.words {
		status = cptl.LoadManyU64(m, keys, count, &values, b.statuses[:])
	} else {
		var size int
		for {
			if size, status = cptl.LoadMany(m, keys, count, &values, b.statuses[:]); status != cptl.ErrBuffer {
				break
			}
			b.values.grow(size, count)
			values = b.values.column(&c.value)
		}
	}
	c.leave("LoadMany", status) // C returns an error if the status of any key is one

	if inPlace {
		return // C has written 0 where there was no value
	}
	for i, status := range b.statuses[:count] {
		if p := unsafe.Add(out, i*c.value.size); status == cptl.OK {
			c.value.set(p, &values, i)
		} else {
			c.value.setZero(p)
		}
	}
}

func (c *core) storeMany(keys, values unsafe.Pointer, n int) {
	m := c.enter("StoreMany")
	b := getBuffers()
	for done := 0; done < n; {
		keyColumn, count := b.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		valueColumn, count := b.values.gather(&c.value, unsafe.Add(values, done*c.value.size), count)
		var status cptl.Status
		if c.words {
			status = cptl.StoreManyU64(m, &keyColumn, &valueColumn, count)
		} else {
			status = cptl.StoreMany(m, &keyColumn, &valueColumn, count)
		}
		c.leave("StoreMany", status)
		done += count
	}
	b.release()
}

func (c *core) deleteMany(keys unsafe.Pointer, n int) (deleted int) {
	m := c.enter("DeleteMany")
	b := getBuffers()
	for done := 0; done < n; {
		column, count := b.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		var status cptl.Status
		if c.words {
			status = cptl.DeleteManyU64(m, &column, count, b.statuses[:])
		} else {
			status = cptl.DeleteMany(m, &column, count, b.statuses[:])
		}
		c.leave("DeleteMany", status)
		for _, status := range b.statuses[:count] {
			deleted += one(status == cptl.OK)
		}
		done += count
	}
	b.release()
	return deleted
}

// overlap reports whether two slices share memory.
func overlap[A, B any](a []A, b []B) bool {
	bytes := func(p unsafe.Pointer, n int, size uintptr) (start, end uintptr) {
		return uintptr(p), uintptr(p) + uintptr(n)*size
	}
	aStart, aEnd := bytes(unsafe.Pointer(unsafe.SliceData(a)), len(a), unsafe.Sizeof(*new(A)))
	bStart, bEnd := bytes(unsafe.Pointer(unsafe.SliceData(b)), len(b), unsafe.Sizeof(*new(B)))
	return aStart < bEnd && bStart < aEnd
}

// one returns 1 for true and 0 for false. It compiles to no branch, which would be mispredicted for
// many keys.
func one(is bool) (n int) {
	if is {
		n = 1
	}
	return n
}
