package portolan

import (
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

func (c *core) loadMany(keys, values unsafe.Pointer, n int, found []bool) (hits int) {
	r := getRoom()
	for done := 0; done < n; {
		column, count := r.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		c.loadBatch(r, &column, unsafe.Add(values, done*c.value.size), count)
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
func (c *core) loadBatch(r *room, keys *cptl.Column, out unsafe.Pointer, count int) {
	m := c.enter("LoadMany")
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
	r := getRoom()
	for done := 0; done < n; {
		keyColumn, count := r.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		valueColumn, count := r.values.gather(&c.value, unsafe.Add(values, done*c.value.size), count)
		m := c.enter("StoreMany")
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
	r := getRoom()
	for done := 0; done < n; {
		column, count := r.keys.gather(&c.key, unsafe.Add(keys, done*c.key.size), n-done)
		m := c.enter("DeleteMany")
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

// one is 1 if it is true: without a jump, which a processor would have to guess for each key.
func one(is bool) (n int) {
	if is {
		n = 1
	}
	return n
}
