package portolan

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// core is a Map without its type parameters: it takes keys and values as pointers to Go values and
// leaves their types to the codecs. So it is compiled once, not for each pair of types. The methods
// of Map only take addresses.
type core struct {
	// handle is a *cptl.Map. It is nil if New did not make the Map, and after Close. The cleanup of
	// the Map owns the C map's reference. It cannot run during a call, because each call loads the
	// handle again at its end and so keeps the Map reachable until then.
	handle     unsafe.Pointer
	key, value codec
	// words is true if keys and values are both words: use the C functions for words.
	words bool
	// fastLoad is true if Load can make a leaf call (see package leaf) without a codec: leaf calls
	// are available, and keys and values have 8 bytes, so that their memory is the word.
	fastLoad bool
	options  options // for Clone
}

// enter begins a call and returns the map to pass to C. leave ends the call.
//
// The loads of enter and leave are atomic because Close may store at the same time. They are the
// whole protocol with Close; there is no lock and no count of calls.
func (c *core) enter(op string) *cptl.Map {
	handle := atomic.LoadPointer(&c.handle)
	if handle == nil {
		panicClosed(op)
	}
	return (*cptl.Map)(handle)
}

// leave ends a call. It panics if the call failed or the map was closed meanwhile.
//
// Close sets the handle to nil before it removes the entries. So if the handle is still there, the
// call's result is from before Close. If it is gone, the result may be that of a map half emptied,
// and must not be returned. The load also keeps the Map reachable until here: without it, its
// cleanup could release the C map as soon as enter has loaded the handle.
func (c *core) leave(op string, status cptl.Status) {
	if status < 0 || c.isClosed() {
		panicFailed(op, status)
	}
}

func (c *core) isClosed() bool { return atomic.LoadPointer(&c.handle) == nil }

// The panics have functions of their own so that enter and leave are small enough to be inlined.

//go:noinline
func panicClosed(op string) { panic(fmt.Errorf("portolan: %s: %w", op, ErrClosed)) }

//go:noinline
func panicFailed(op string, status cptl.Status) {
	if status >= 0 {
		panicClosed(op)
	}
	panic(failure(op, status))
}

// fetchOp is an operation that returns a value of the map.
type fetchOp struct {
	name string
	hit  cptl.Status // the status that says that there was a value, which the call returns
}

var (
	load          = &fetchOp{"Load", cptl.OK}
	loadOrStore   = &fetchOp{"LoadOrStore", cptl.Loaded}
	loadAndDelete = &fetchOp{"LoadAndDelete", cptl.OK}
	swap          = &fetchOp{"Swap", cptl.Loaded}
	addFirst      = &fetchOp{"Add", cptl.Loaded} // LoadOrStore as a step of Add
)

// words does the operation on a map of words to words. It is not called for Load.
func (f *fetchOp) words(m *cptl.Map, key, given uint64) (uint64, cptl.Status) {
	switch f {
	case loadOrStore, addFirst:
		return cptl.LoadOrStoreU64(m, key, given)
	case loadAndDelete:
		return cptl.LoadAndDeleteU64(m, key)
	default:
		return cptl.SwapU64(m, key, given)
	}
}

// bytes does the operation on any other map. The value of the map goes to buf. It returns the
// length of that value; with cptl.ErrBuffer that is the length that buf must have.
func (f *fetchOp) bytes(m *cptl.Map, key, given, buf []byte) (int, cptl.Status) {
	switch f {
	case load:
		return cptl.Load(m, key, buf)
	case loadOrStore, addFirst:
		return cptl.LoadOrStore(m, key, given, buf)
	case loadAndDelete:
		return cptl.LoadAndDelete(m, key, buf)
	default:
		return cptl.Swap(m, key, given, buf)
	}
}

// load is Load. Its usual path has few instructions, so that the processor can start the next load
// while this one still waits for memory.
func (c *core) load(key, out unsafe.Pointer) bool {
	if c.fastLoad {
		word, status := cptl.PeekU64(c.enter("Load"), *(*uint64)(key))
		if c.isClosed() {
			panicClosed("Load") // as leave does
		}
		switch status {
		case cptl.OK:
			*(*uint64)(out) = word
			return true
		case cptl.NotFound:
			return false
		}
		// Busy, or an error: do it through cgo.
	}
	return c.loadAny(key, out)
}

// loadAny is load for all other cases. Values that are words do not go through fetch, which spends
// time on choosing the operation and the form.
func (c *core) loadAny(key, out unsafe.Pointer) bool {
	if !c.value.isWord() {
		return c.fetch(load, key, nil, out)
	}
	m := c.enter("Load")
	var word uint64
	var status cptl.Status
	if c.words {
		word, status = cptl.LoadU64(m, c.key.word(key))
	} else {
		word, status = cptl.LoadWord(m, c.key.bytes(key, nil))
	}
	c.leave("Load", status)
	if status != cptl.OK {
		return false
	}
	c.value.setWord(out, word)
	return true
}

// fetch does the operation f with the value given, or with nil if f takes no value. If the map had
// a value, fetch sets *out to it and returns true. Otherwise it leaves *out the zero value, which
// it must be before the call.
func (c *core) fetch(f *fetchOp, key, given, out unsafe.Pointer) bool {
	m := c.enter(f.name)
	var status cptl.Status
	if c.words {
		var word, givenWord uint64
		if given != nil {
			givenWord = c.value.word(given)
		}
		if word, status = f.words(m, c.key.word(key), givenWord); status == f.hit {
			c.value.setWord(out, word)
		}
	} else {
		var keyWord, givenWord, word uint64
		keyBytes, givenBytes := c.key.bytes(key, &keyWord), []byte(nil)
		if given != nil {
			givenBytes = c.value.bytes(given, &givenWord)
		}
		switch {
		case c.value.isWord():
			if _, status = f.bytes(m, keyBytes, givenBytes, wordBytes(&word)); status == f.hit {
				c.value.setWord(out, word)
			}
		case c.value.form == fixed:
			// C copies straight to *out. A read attempt that the library had to throw away may have
			// left bytes there.
			if _, status = f.bytes(m, keyBytes, givenBytes, unsafe.Slice((*byte)(out), c.value.size)); status != f.hit {
				c.value.setZero(out)
			}
		default:
			status = c.fetchAnyLength(f, m, keyBytes, givenBytes, out)
		}
	}
	c.leave(f.name, status)
	return status == f.hit
}

// fetchAnyLength is fetch for a string or []byte. Most values fit in the buffer on the stack. If
// the value is longer, the call has had no effect and is made again with a larger buffer. It may
// take several rounds, because the value may grow in between.
func (c *core) fetchAnyLength(f *fetchOp, m *cptl.Map, key, given []byte, out unsafe.Pointer) cptl.Status {
	var small [256]byte
	n, status := f.bytes(m, key, given, small[:])
	if status == f.hit {
		c.value.setBytes(out, small[:n])
	}
	for status == cptl.ErrBuffer {
		large := make([]byte, n)
		n, status = f.bytes(m, key, given, large)
		if status == f.hit {
			c.value.keepBytes(out, large[:n:n])
		}
	}
	return status
}

func (c *core) contains(key unsafe.Pointer) bool {
	m := c.enter("Contains")
	var status cptl.Status
	if c.words {
		status = cptl.ContainsU64(m, c.key.word(key))
	} else {
		var keyWord uint64
		status = cptl.Contains(m, c.key.bytes(key, &keyWord))
	}
	c.leave("Contains", status)
	return status == cptl.OK
}

func (c *core) store(key, value unsafe.Pointer) {
	m := c.enter("Store")
	var status cptl.Status
	if c.words {
		status = cptl.StoreU64(m, c.key.word(key), c.value.word(value))
	} else {
		var keyWord, valueWord uint64
		status = cptl.Store(m, c.key.bytes(key, &keyWord), c.value.bytes(value, &valueWord))
	}
	c.leave("Store", status)
}

func (c *core) delete(key unsafe.Pointer) {
	m := c.enter("Delete")
	var status cptl.Status
	if c.words {
		status = cptl.DeleteU64(m, c.key.word(key))
	} else {
		var keyWord uint64
		status = cptl.Delete(m, c.key.bytes(key, &keyWord))
	}
	c.leave("Delete", status)
}

func (c *core) compareAndSwap(op string, key, old, new unsafe.Pointer) bool {
	m := c.enter(op)
	var status cptl.Status
	if c.words {
		status = cptl.CompareAndSwapU64(m, c.key.word(key), c.value.word(old), c.value.word(new))
	} else {
		var keyWord, oldWord, newWord uint64
		status = cptl.CompareAndSwap(m, c.key.bytes(key, &keyWord), c.value.bytes(old, &oldWord), c.value.bytes(new, &newWord))
	}
	c.leave(op, status)
	return status == cptl.OK
}

func (c *core) compareAndDelete(key, old unsafe.Pointer) bool {
	m := c.enter("CompareAndDelete")
	var status cptl.Status
	if c.words {
		status = cptl.CompareAndDeleteU64(m, c.key.word(key), c.value.word(old))
	} else {
		var keyWord, oldWord uint64
		status = cptl.CompareAndDelete(m, c.key.bytes(key, &keyWord), c.value.bytes(old, &oldWord))
	}
	c.leave("CompareAndDelete", status)
	return status == cptl.OK
}

func (c *core) add(key, delta, sum unsafe.Pointer) {
	switch {
	case !c.value.integer:
		c.enter("Add") // a Map that New did not make has no types yet
		panic(errors.New("portolan: Add: V is not an integer type"))
	case c.value.form != word64:
		c.addNarrow(key, delta, sum)
		return
	}
	m := c.enter("Add")
	var total uint64
	var status cptl.Status
	if c.words {
		total, status = cptl.AddU64(m, c.key.word(key), c.value.word(delta))
	} else {
		var keyWord uint64
		total, status = cptl.Add(m, c.key.bytes(key, &keyWord), c.value.word(delta))
	}
	c.leave("Add", status)
	c.value.setWord(sum, total)
}

// addNarrow is add for integers shorter than 64 bits. The library adds 64-bit words, which would
// not wrap around where the shorter integer does. Such a sum would not be the word of any integer
// of V.
func (c *core) addNarrow(key, delta, sum unsafe.Pointer) {
	for {
		var current, next uint64 // memory for two integers of V
		if !c.fetch(addFirst, key, delta, unsafe.Pointer(&current)) {
			c.value.setWord(sum, c.value.word(delta))
			return
		}
		c.value.setWord(unsafe.Pointer(&next), c.value.word(unsafe.Pointer(&current))+c.value.word(delta))
		if c.compareAndSwap("Add", key, unsafe.Pointer(&current), unsafe.Pointer(&next)) {
			c.value.setWord(sum, c.value.word(unsafe.Pointer(&next)))
			return
		}
	}
}

// close is Close. It takes the handle away, so that later calls panic, and calls empty with the
// map, unless the map was closed before. It cannot use enter and leave, because it changes the
// handle.
func (c *core) close(empty func(*cptl.Map) cptl.Status) cptl.Status {
	handle := (*cptl.Map)(atomic.SwapPointer(&c.handle, nil))
	if handle == nil {
		return cptl.OK
	}
	status := empty(handle)
	runtime.KeepAlive(c) // so that the cleanup does not release the C map before here
	return status
}

// whole does an operation on the map as a whole.
func (c *core) whole(op string, do func(*cptl.Map) cptl.Status) {
	m := c.enter(op)
	c.leave(op, do(m))
}

func (c *core) reserve(n int) {
	m := c.enter("Reserve")
	c.leave("Reserve", cptl.Reserve(m, uint64(max(n, 0))))
}

func (c *core) len() int {
	n, status := cptl.Len(c.enter("Len"))
	c.leave("Len", status)
	return int(n)
}

func (c *core) stats() Stats {
	s, status := cptl.ReadStats(c.enter("Stats"))
	c.leave("Stats", status)
	return Stats(s)
}
