package main

import "math/rand/v2"

// sequence does random operations on two maps and compares each result.
type sequence[K, V comparable] struct {
	want, got   Map[K, V]
	space       space[K, V]
	first, last int // the keys are made from the numbers first to last - 1
	// alone says that no other goroutine uses got. Then it must hold only our keys, and Clear may
	// be called.
	alone  bool
	random *rand.Rand
	report *report
}

// The weights of the operations on one key, in the order of the switch in oneKey, while the map
// fills and while it empties.
var (
	filling  = [8]int{24, 26, 15, 3, 3, 12, 12, 5}
	emptying = [8]int{24, 5, 4, 20, 20, 5, 10, 12}
)

// run does so many operations and compares all entries. If alone, it then clears the maps and
// compares again.
func (s sequence[K, V]) run(operations int) {
	keys := s.last - s.first
	for i := range operations {
		weights := filling
		if i/(4*keys)%2 == 1 {
			weights = emptying
		}
		// A Range takes time for each key, so the more keys there are, the rarer it is.
		switch n := s.random.IntN(20 * keys); {
		case n < 10:
			s.rangeAll(i)
		case n == 10 && s.alone:
			s.want.Clear()
			s.got.Clear()
		default:
			s.oneKey(i, weights)
		}
	}
	s.compareAll(operations)
	if s.alone {
		s.want.Clear()
		s.got.Clear()
		s.compareAll(operations + 1)
	}
	s.report.operations.Add(int64(operations))
}

// oneKey does one of the eight operations that have a key.
func (s sequence[K, V]) oneKey(i int, weights [8]int) {
	key := s.space.key(s.first + s.random.IntN(s.last-s.first))
	value := s.space.value(s.random.Uint64N(1000))
	old := s.space.value(s.random.Uint64N(1000))
	if current, ok := s.want.Load(key); ok && s.random.IntN(2) == 0 {
		old = current
	}
	switch pick(s.random, weights) {
	case 0:
		wantValue, wantOK := s.want.Load(key)
		gotValue, gotOK := s.got.Load(key)
		s.compare(i, "Load", key, result[V]{wantValue, wantOK}, result[V]{gotValue, gotOK})
	case 1:
		s.want.Store(key, value)
		s.got.Store(key, value)
	case 2:
		wantValue, wantLoaded := s.want.LoadOrStore(key, value)
		gotValue, gotLoaded := s.got.LoadOrStore(key, value)
		s.compare(i, "LoadOrStore", key, result[V]{wantValue, wantLoaded}, result[V]{gotValue, gotLoaded})
	case 3:
		wantValue, wantLoaded := s.want.LoadAndDelete(key)
		gotValue, gotLoaded := s.got.LoadAndDelete(key)
		s.compare(i, "LoadAndDelete", key, result[V]{wantValue, wantLoaded}, result[V]{gotValue, gotLoaded})
	case 4:
		s.want.Delete(key)
		s.got.Delete(key)
	case 5:
		wantValue, wantLoaded := s.want.Swap(key, value)
		gotValue, gotLoaded := s.got.Swap(key, value)
		s.compare(i, "Swap", key, result[V]{wantValue, wantLoaded}, result[V]{gotValue, gotLoaded})
	case 6:
		want := s.want.CompareAndSwap(key, old, value)
		got := s.got.CompareAndSwap(key, old, value)
		s.compareAnswer(i, "CompareAndSwap", key, want, got)
	case 7:
		want := s.want.CompareAndDelete(key, old)
		got := s.got.CompareAndDelete(key, old)
		s.compareAnswer(i, "CompareAndDelete", key, want, got)
	}
}

// pick returns an index with the probability of its weight.
func pick(random *rand.Rand, weights [8]int) int {
	sum := 0
	for _, w := range weights {
		sum += w
	}
	n := random.IntN(sum)
	for i, w := range weights {
		if n < w {
			return i
		}
		n -= w
	}
	panic("not reached")
}

func (s sequence[K, V]) compare(i int, operation string, key K, want, got result[V]) {
	if want != got {
		s.report.differ("operation %d, %s(%s): expected %v, got %v", i, operation, short(key), want, got)
	}
}

func (s sequence[K, V]) compareAnswer(i int, operation string, key K, want, got bool) {
	if want != got {
		s.report.differ("operation %d, %s(%s): expected %t, got %t", i, operation, short(key), want, got)
	}
}

// rangeAll ranges over all keys, or over the first few, or over all while deleting every other key.
func (s sequence[K, V]) rangeAll(i int) {
	switch s.random.IntN(3) {
	case 0:
		s.compareAll(i)
	case 1:
		s.compareFirst(i, 1+s.random.IntN(8))
	case 2:
		odd := map[K]bool{}
		for n := s.first | 1; n < s.last; n += 2 {
			odd[s.space.key(n)] = true
		}
		s.visit(i, s.got.Range, func(key K) bool {
			if odd[key] {
				s.got.Delete(key)
			}
			return true
		})
		s.want.Range(func(key K, _ V) bool {
			if odd[key] {
				s.want.Delete(key)
			}
			return true
		})
		s.compareAll(i)
	}
}

// compareAll ranges over both maps. They must have the same entries.
func (s sequence[K, V]) compareAll(i int) {
	s.visit(i, s.got.Range, func(K) bool { return true })
}

// compareFirst stops a Range after a few keys. Only if alone is it known how many keys there are.
func (s sequence[K, V]) compareFirst(i, most int) {
	want, got := 0, 0
	s.want.Range(func(K, V) bool {
		want++
		return want < most
	})
	s.got.Range(func(key K, value V) bool {
		got++
		if wantValue, wantOK := s.want.Load(key); s.alone {
			s.compare(i, "Range", key, result[V]{wantValue, wantOK}, result[V]{value, true})
		}
		return got < most
	})
	if s.alone && want != got {
		s.report.differ("operation %d, Range that ends after %d keys: expected %d, got %d", i, most, want, got)
	}
}

// visit ranges over got with body. Each key of want must come once, with its value. A key that is
// not in want must not be one of ours.
func (s sequence[K, V]) visit(i int, ranges func(func(K, V) bool), body func(key K) bool) {
	missing := map[K]V{}
	s.want.Range(func(key K, value V) bool {
		missing[key] = value
		return true
	})
	ours := map[K]bool{}
	if !s.alone {
		for n := s.first; n < s.last; n++ {
			ours[s.space.key(n)] = true
		}
	}
	ranges(func(key K, value V) bool {
		if !s.alone && !ours[key] {
			return true
		}
		if want, ok := missing[key]; !ok {
			s.report.differ("operation %d, Range: %s came, with %s, but is missing in sync.Map or came before", i, short(key), short(value))
		} else {
			s.compare(i, "Range", key, result[V]{want, true}, result[V]{value, true})
		}
		delete(missing, key)
		return body(key)
	})
	for key, value := range missing {
		s.report.differ("operation %d, Range: expected %s with %s, but it did not come", i, short(key), short(value))
	}
}
