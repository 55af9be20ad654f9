package portolan

import (
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

func (c *core) loadMany(keys, values unsafe.Pointer, n int, found []bool) (hits int) {
	m := c.enter("LoadMany")
	r := getRoom()
	for done := 0; done < n; {
		column, count := r.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		c.loadBatch(m, r, &column, unsafe.Add(values, done*c.value.size), count)
		statuses := r.statuses[:count]
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
	r.release()
	return hits
}

// loadBatch loads one batch of keys to the Go values that follow each other from out on, and their statuses to r.
func (c *core) loadBatch(m *cptl.Map, r *room, keys *cptl.Column, out unsafe.Pointer, count int) {
	values := r.values.column(&c.value)
	inPlace := c.value.form == word64
	if inPlace {
		values.Bytes = unsafe.Slice((*byte)(out), 8*count)
		raceWrite(out, 8*count)
	}
	var status cptl.Status
	if c.words {
		status = cptl.LoadManyU64(m, keys, count, &values, r.statuses[:])
	} else {
		var size int
		for {
			if size, status = cptl.LoadMany(m, keys, count, &values, r.statuses[:]); status != cptl.ErrBuffer {
				break
			}
			r.values.grow(size, count)
			values = r.values.column(&c.value)
		}
	}
	c.leave("LoadMany", status) // panics if a status of one key is an error

	if inPlace {
		return // with 0 where there was none
	}
	for i, status := range r.statuses[:count] {
		if p := unsafe.Add(out, i*c.value.size); status == cptl.OK {
			c.value.set(p, &values, i)
		} else {
			c.value.setZero(p)
		}
	}
}

func (c *core) storeMany(keys, values unsafe.Pointer, n int) {
	m := c.enter("StoreMany")
	r := getRoom()
	for done := 0; done < n; {
		keyColumn, count := r.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		valueColumn, count := r.values.gather(&c.value, unsafe.Add(values, done*c.value.size), count)
		var status cptl.Status
		if c.words {
			status = cptl.StoreManyU64(m, &keyColumn, &valueColumn, count)
		} else {
			status = cptl.StoreMany(m, &keyColumn, &valueColumn, count)
		}
		c.leave("StoreMany", status)
		done += count
	}
	r.release()
}

func (c *core) deleteMany(keys unsafe.Pointer, n int) (deleted int) {
	m := c.enter("DeleteMany")
	r := getRoom()
	for done := 0; done < n; {
		column, count := r.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		var status cptl.Status
		if c.words {
			status = cptl.DeleteManyU64(m, &column, count, r.statuses[:])
		} else {
			status = cptl.DeleteMany(m, &column, count, r.statuses[:])
		}
		c.leave("DeleteMany", status)
		for _, status := range r.statuses[:count] {
			deleted += one(status == cptl.OK)
		}
		done += count
	}
	r.release()
	return deleted
}

// overlap tells whether two slices have memory in common.
func overlap[A, B any](a []A, b []B) bool {
	bytes := func(p unsafe.Pointer, n int, size uintptr) (start, end uintptr) {
		return uintptr(p), uintptr(p) + uintptr(n)*size
	}
	aStart, aEnd := bytes(unsafe.Pointer(unsafe.SliceData(a)), len(a), unsafe.Sizeof(*new(A)))
	bStart, bEnd := bytes(unsafe.Pointer(unsafe.SliceData(b)), len(b), unsafe.Sizeof(*new(B)))
	return aStart < bEnd && bStart < aEnd
}

// one is 1 if it is true: without a jump, which a processor would have to guess for each key.
func one(is bool) (n int) {
	if is {
		n = 1
	}
	return n
}
