package main

import (
	"runtime"
	"sync"
)

// planted is a map with bugs, to show that the checks find them: stale loads, operations that are
// two instead of one, and a Range that visits its first key twice.
type planted[K, V comparable] struct {
	Map[K, V]
	mu     sync.Mutex
	before map[K]V // for each key the value that the last Store has replaced
	loads  int
	ranges int
}

// The bugs show once in so many calls.
const (
	everyLoad  = 20
	everyRange = 4
)

func (p *planted[K, V]) Store(key K, value V) {
	previous, loaded := p.Map.Swap(key, value)
	if loaded {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.before == nil {
			p.before = map[K]V{}
		}
		p.before[key] = previous
	}
}

// Load now and then returns the value from before the last Store.
func (p *planted[K, V]) Load(key K) (V, bool) {
	value, ok := p.Map.Load(key)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loads++
	if before, had := p.before[key]; ok && had && p.loads%everyLoad == 0 {
		return before, true
	}
	return value, ok
}

// The methods below let another goroutine run between their check and their change.

func (p *planted[K, V]) LoadOrStore(key K, value V) (V, bool) {
	if actual, ok := p.Map.Load(key); ok {
		return actual, true
	}
	runtime.Gosched()
	p.Map.Store(key, value)
	return value, false
}

func (p *planted[K, V]) LoadAndDelete(key K) (V, bool) {
	value, ok := p.Map.Load(key)
	runtime.Gosched()
	p.Map.Delete(key)
	return value, ok
}

func (p *planted[K, V]) Swap(key K, value V) (V, bool) {
	previous, ok := p.Map.Load(key)
	runtime.Gosched()
	p.Map.Store(key, value)
	return previous, ok
}

func (p *planted[K, V]) CompareAndSwap(key K, old, new V) bool {
	value, ok := p.Map.Load(key)
	if !ok || value != old {
		return false
	}
	runtime.Gosched()
	p.Map.Store(key, new)
	return true
}

func (p *planted[K, V]) Range(f func(K, V) bool) {
	p.mu.Lock()
	p.ranges++
	twice := p.ranges%everyRange == 0
	p.mu.Unlock()
	p.Map.Range(func(key K, value V) bool {
		if twice {
			twice = false
			return f(key, value) && f(key, value)
		}
		return f(key, value)
	})
}
