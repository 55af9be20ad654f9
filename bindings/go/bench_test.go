package portolan

import "testing"

// These benchmarks measure the cost that the binding adds to the library: one call into C for each
// operation, or one for each batch.

func BenchmarkLoad(b *testing.B) {
	m := filled(b, 1000)
	for i := range b.N {
		m.Load(i % 1000)
	}
}

func BenchmarkLoadText(b *testing.B) {
	m := newMap[string, int](b)
	m.Store("a key of some length", 1)
	for range b.N {
		m.Load("a key of some length")
	}
}

func BenchmarkRange(b *testing.B) {
	m := filled(b, 100_000)
	for n := 0; n < b.N; {
		for range m.All() {
			n++
		}
	}
}

func BenchmarkLoadMany(b *testing.B) {
	m := filled(b, 100_000)
	keys, values := make([]int, 512), make([]int, 512)
	for i := range keys {
		keys[i] = i * 190
	}
	for n := 0; n < b.N; n += 512 {
		m.LoadMany(keys, values, nil)
	}
}

func BenchmarkStoreText(b *testing.B) {
	m := newMap[string, int](b)
	for i := range b.N {
		m.Store("a key of some length", i)
	}
}
