package portolan

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
	"unsafe"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// core is a Map without its types: keys and values are pointers to Go values, which the codecs know. It is compiled
// once, and not for each pair of types; Map's methods only take addresses.
type core struct {
	// handle is a *cptl.Map, nil once closed. The Map's cleanup holds the reference, so the C map outlives every call that
	// looks at the handle again at its end, as each does.
	handle     unsafe.Pointer
	key, value codec
	words      bool    // keys and values are both words: the calls that check no lengths
	plain      bool    // they are words that lie in Go's memory as they do in C's, and leaf calls are to be had
	options    options // for clones
}

// enter begins a call: it returns the map to give to C. Every call ends with leave.
//
// The load is atomic because Close may store at the same time. This one and that of leave are all there is against Close: no lock, no
// count of calls.
func (c *core) enter(op string) *cptl.Map {
	handle := atomic.LoadPointer(&c.handle)
	if handle == nil {
		panicClosed(op)
	}
	return (*cptl.Map)(handle)
}

// leave ends a call. An error has no other way to the caller than a panic.
//
// Close removes the entries after it has taken the handle: what a call found before it sees the handle again was there before Close.
// That look also keeps the C map during the call: without it the Map could become unreachable once enter has loaded the handle, and
// its cleanup release that.
func (c *core) leave(op string, status cptl.Status) {
	if status < 0 || c.isClosed() {
		panicFailed(op, status)
	}
}

func (c *core) isClosed() bool { return atomic.LoadPointer(&c.handle) == nil }

// Apart, so that enter and leave are small enough to become part of their callers.

//go:noinline
func panicClosed(op string) { panic(fmt.Errorf("portolan: %s: %w", op, ErrClosed)) }

//go:noinline
func panicFailed(op string, status cptl.Status) {
	if status >= 0 {
		panicClosed(op)
	}
	panic(failure(op, status))
}

// fetching is one of the operations that return a value of the map.
type fetching struct {
	name string
	hit  cptl.Status // there was a value, and it is what the call returns
}

var (
	load          = &fetching{"Load", cptl.OK}
	loadOrStore   = &fetching{"LoadOrStore", cptl.Loaded}
	loadAndDelete = &fetching{"LoadAndDelete", cptl.OK}
	swap          = &fetching{"Swap", cptl.Loaded}
	addFirst      = &fetching{"Add", cptl.Loaded} // loadOrStore as a step of Add
)

// words is the operation on a map of words to words, for which Load has its own way.
func (f *fetching) words(m *cptl.Map, key, given uint64) (uint64, cptl.Status) {
	switch f {
	case loadOrStore, addFirst:
		return cptl.LoadOrStoreU64(m, key, given)
	case loadAndDelete:
		return cptl.LoadAndDeleteU64(m, key)
	default:
		return cptl.SwapU64(m, key, given)
	}
}

// bytes is the operation on any other map. It returns the value's length, or, with cptl.ErrBuffer, the room that it needs.
func (f *fetching) bytes(m *cptl.Map, key, given, room []byte) (int, cptl.Status) {
	switch f {
	case load:
		return cptl.Load(m, key, room)
	case loadOrStore, addFirst:
		return cptl.LoadOrStore(m, key, given, room)
	case loadAndDelete:
		return cptl.LoadAndDelete(m, key, room)
	default:
		return cptl.Swap(m, key, given, room)
	}
}

// load is Load. The usual case has few instructions, so that a processor can go on to the next load while it waits for memory.
func (c *core) load(key, out unsafe.Pointer) bool {
	if c.plain {
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
	}
	return c.loadAny(key, out)
}

// loadAny is load for all other cases. Values that are words stand apart from fetch, whose choice among operations and forms
// they need not make.
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

// fetch does f with the value given (nil where f takes none). If there was a value, it puts it at out and returns true. Otherwise
// out, which is to be the zero value at first, is so afterwards.
func (c *core) fetch(f *fetching, key, given, out unsafe.Pointer) bool {
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
			// Straight to the Go value, where a try that the library threw away may have left a value that is no answer.
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

// fetchAnyLength is fetch for a string or []byte: most fit into the buffer on the stack; for a longer one the call has had
// no effect and is made again, as often as the value grows in between.
func (c *core) fetchAnyLength(f *fetching, m *cptl.Map, key, given []byte, out unsafe.Pointer) cptl.Status {
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

// addNarrow is add for integers shorter than a word. The library's sum is a word, which would not wrap around where the
// integer does, and then be unequal to the word of the integer that it stands for.
func (c *core) addNarrow(key, delta, sum unsafe.Pointer) {
	for {
		var current, next uint64 // memory for integers of V's size
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

// close is Close, which begins as no other call does and so may not end with leave: empty gets the map that nobody else will, and
// is not called if the map was closed before.
func (c *core) close(empty func(*cptl.Map) cptl.Status) cptl.Status {
	handle := (*cptl.Map)(atomic.SwapPointer(&c.handle, nil))
	if handle == nil {
		return cptl.OK
	}
	status := empty(handle)
	runtime.KeepAlive(c) // the C map is needed until here
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
