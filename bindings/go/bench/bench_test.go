package main

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
)

// BenchmarkMaps runs the loops of the command as Go benchmarks, to examine one map, for example
// with a profile. To compare maps use the command: here they run one after the other, not in turns.
func BenchmarkMaps(b *testing.B) {
	for _, key := range keyNames {
		for _, name := range mapNames {
			for _, entries := range []int{1_000, 1_000_000} {
				b.Run(fmt.Sprintf("%s/%s/%d", key, name, entries), func(b *testing.B) {
					switch r := newRunner(name, key).(type) {
					case *bench[uint64]:
						r.benchmark(b, entries)
					case *bench[string]:
						r.benchmark(b, entries)
					}
				})
			}
		}
	}
}

func (b *bench[K]) benchmark(t *testing.B, entries int) {
	b.fill(entries)
	defer b.drop()
	for _, workload := range []string{"hit", "miss", "batch64", "95/5", "churn"} {
		b.table.settle(b.makeKey(new(keyBuffer), 1<<63))
		goroutines := []int{1, 2, runtime.GOMAXPROCS(0)}
		slices.Sort(goroutines)
		for _, n := range slices.Compact(goroutines) {
			if n > 1 && b.name == "plain" {
				continue
			}
			// The name ends in a letter, so that no number in it is mistaken for the number of
			// processors that Go appends.
			t.Run(fmt.Sprintf("%s/%dgoroutines", workload, n), func(t *testing.B) {
				inParallel(n, func(goroutine int) float64 {
					w := newWorker(b, goroutine)
					for done := 0; done < t.N; {
						done += w.step(job{workload: workload, entries: entries, goroutines: n})
					}
					return 0
				})
			})
		}
	}
}
