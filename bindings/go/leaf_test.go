package portolan

import (
	"io"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"runtime/trace"
	"strings"
	"sync"
	"testing"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// TestLongLoadsGoThroughCgo: a garbage collection waits for every leaf call, so a leaf call must
// not copy or compare for long. Short loads must be leaf calls, where these are available.
func TestLongLoadsGoThroughCgo(t *testing.T) {
	const long, times = 64 << 10, 100
	name := strings.Repeat("k", long)
	texts, words, structs := newMap[string, string](t), newMap[string, int](t), newMap[int, struct{ bytes [long]byte }](t)
	texts.Store("long", name)
	texts.Store("short", "value")
	texts.Store(name, "value")
	words.Store("short", 1)
	words.Store(name, 1)
	structs.Store(1, struct{ bytes [long]byte }{})
	found := true
	loads := func(m *Map[string, string], key string) func() {
		return func() { _, ok := m.Load(key); found = found && ok }
	}
	for _, c := range []struct {
		name string
		long bool
		load func()
	}{
		{"a short value", false, loads(texts, "short")},
		{"a long value", true, loads(texts, "long")},
		{"a long key", true, loads(texts, name)},
		{"a short key with a word", false, func() { _, ok := words.Load("short"); found = found && ok }},
		{"a long key with a word", true, func() { _, ok := words.Load(name); found = found && ok }},
		{"Contains of a long key", true, func() { found = found && words.Contains(name) }},
		{"a struct", true, func() { _, ok := structs.Load(1); found = found && ok }},
	} {
		before := runtime.NumCgoCall()
		for range times {
			c.load()
		}
		// Cleanups of other maps may add calls.
		calls := runtime.NumCgoCall() - before
		if (c.long || !cptl.CanPeek) && calls < times || !c.long && cptl.CanPeek && calls >= times {
			t.Errorf("%s: %d calls through cgo for %d loads", c.name, calls, times)
		}
	}
	if !found {
		t.Error("not found")
	}
}

// TestLoadsWhileTheRuntimeInspectsStacks loads (by leaf calls, where they are available) while the
// runtime stops goroutines and reads or moves their stacks: for garbage collections, for profiles
// and traces with their signals, and for dumps of all stacks.
func TestLoadsWhileTheRuntimeInspectsStacks(t *testing.T) {
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		t.Skip(err) // a profile of this test is running
	}
	defer pprof.StopCPUProfile()
	if err := trace.Start(io.Discard); err != nil {
		t.Skip(err)
	}
	defer trace.Stop()

	const keys = 1000
	words, texts, blobs := newMap[int, int](t), newMap[string, int](t), newMap[int, []byte](t, WithKind(ReadDirty))
	name := func(key int) string { return strings.Repeat("k", key%60) + string(rune('a'+key/60)) }
	for key := range keys {
		words.Store(key, -key)
		texts.Store(name(key), key)
		blobs.Store(key, []byte(name(key)))
	}
	var wait sync.WaitGroup
	run := func(work func(round int)) {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for round := range rounds(20) {
				work(round)
			}
		}()
	}
	var check func(key, depth int)
	check = func(key, depth int) {
		if value, ok := words.Load(key); value != -key || !ok {
			t.Errorf("words: %d has %d, %v", key, value, ok)
		}
		if value, ok := texts.Load(name(key)); value != key || !ok {
			t.Errorf("texts: %d has %d, %v", key, value, ok)
		}
		if value, ok := blobs.Load(key); string(value) != name(key) || !ok {
			t.Errorf("blobs: %d has %q, %v", key, value, ok)
		}
		if words.Contains(-1-key) || texts.Contains("-"+name(key)) || !blobs.Contains(key) {
			t.Errorf("%d: Contains is wrong", key)
		}
		if depth > 0 {
			check((key+1)%keys, depth-1) // deep, so that the stack grows, and collections shrink it
		}
	}
	for worker := range workers {
		run(func(round int) {
			for key := range keys {
				check(key, (key+worker)%7*round%50)
			}
		})
	}
	run(func(round int) {
		for key := range keys {
			words.Store(key, -key)
			words.Store(keys+round*keys+key, 0) // so that the table grows
			texts.Store(name(key), key)
		}
	})
	run(func(int) {
		runtime.GC()
		debug.FreeOSMemory()
		runtime.Stack(make([]byte, 1<<16), true)
		runtime.Gosched()
	})
	wait.Wait()
}
