package main

import (
	"fmt"
	"math/bits"
	"runtime"
	"sync"
	"time"
)

const (
	// chunk is how many keys a goroutine draws before it passes them to the map. They fit in the
	// first-level cache.
	chunk = 256
	// batch is how many keys the workload batch64 loads with one call.
	batch = 64
)

// The workloads, in an order in which the map must be filled again as rarely as possible.
var workloadNames = []string{"insert", "hit", "miss", "batch64", "95/5", "gc", "churn"}

// job is a workload to run on a map.
type job struct {
	workload            string
	entries, goroutines int
	slice               time.Duration
}

// bench makes a map, fills it when a workload needs it, and runs the workloads.
type bench[K comparable] struct {
	name    string
	makeKey func(*keyBuffer, uint64) K
	own     func(K) K // copies a key, so that a map may keep it
	table   table[K]
	entries int // in the table
}

// measured is the outcome of a job.
type measured struct {
	perOp     float64 // nanoseconds that one goroutine takes for one operation
	gc        time.Duration
	heapBytes uint64
}

func (b *bench[K]) run(j job) measured {
	switch j.workload {
	case "insert":
		return measured{perOp: b.insert(j)}
	case "gc":
		b.fill(j.entries)
		return b.collect()
	}
	b.fill(j.entries)
	if j.workload == "hit" || j.workload == "miss" || j.workload == "batch64" {
		b.table.settle(b.makeKey(new(keyBuffer), 1<<63))
	}
	return measured{perOp: b.timed(j)}
}

// drop closes the map.
func (b *bench[K]) drop() {
	if b.table != nil {
		b.table.close()
		b.table, b.entries = nil, 0
		runtime.GC()
	}
}

// fill makes the map hold the entries 0 to n-1.
func (b *bench[K]) fill(n int) {
	if b.table == nil || b.entries != n {
		b.drop()
		b.table, b.entries = newTable[K](b.name), n
		b.insertRange(0, n)
	}
}

func (b *bench[K]) insertRange(from, to int) {
	w := newWorker(b, 0)
	for from < to {
		n := min(chunk, to-from)
		for i := range n {
			w.keys[i], w.draws[i] = b.own(b.makeKey(&w.keyBuffers[i], uint64(from+i))), uint64(from+i)
		}
		b.table.stores(w.keys[:n], w.draws[:n])
		from += n
	}
}

// insert fills new maps, which grow, until there is enough to measure. The last map stays for other
// workloads.
func (b *bench[K]) insert(j job) float64 {
	each := j.entries / j.goroutines
	total, maps := 0.0, 0
	for maps == 0 || maps*j.entries < 200_000 {
		b.drop()
		b.table = newTable[K](b.name)
		total += inParallel(j.goroutines, func(goroutine int) float64 {
			start := time.Now()
			b.insertRange(goroutine*each, (goroutine+1)*each)
			return float64(time.Since(start)) / float64(each)
		})
		maps++
	}
	b.insertRange(each*j.goroutines, j.entries)
	b.entries = j.entries
	return total / float64(maps)
}

// collect measures a forced garbage collection that finds no garbage.
func (b *bench[K]) collect() measured {
	runtime.GC() // collects all garbage, so that the next collection has only the map to scan
	start := time.Now()
	runtime.GC()
	took := time.Since(start)
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	runtime.KeepAlive(b.table)
	return measured{gc: took, heapBytes: stats.HeapAlloc}
}

// timed repeats chunks of the workload on each goroutine until the time is up.
func (b *bench[K]) timed(j job) float64 {
	return inParallel(j.goroutines, func(goroutine int) float64 {
		w := newWorker(b, goroutine)
		done := 0
		start := time.Now()
		took := time.Duration(0)
		for took < j.slice {
			done += w.step(j)
			took = time.Since(start)
		}
		return float64(took) / float64(done)
	})
}

// worker is the state of one goroutine.
type worker[K comparable] struct {
	*bench[K]
	goroutine  int
	random     random
	result     batchResult
	keyBuffers [chunk]keyBuffer
	draws      [chunk]uint64
	keys       [chunk]K
}

func newWorker[K comparable](b *bench[K], goroutine int) *worker[K] {
	return &worker[K]{bench: b, goroutine: goroutine, random: random(0x2545_f491_4f6c_dd1d ^ uint64(goroutine+1)<<17)}
}

// step does one chunk of a workload and returns how many operations that was.
func (w *worker[K]) step(j job) int {
	keys, entries := w.keys[:], uint64(j.entries)
	hits, want := chunk, chunk
	switch j.workload {
	case "hit":
		w.draw(0, entries)
		hits = w.table.loads(keys)
	case "miss":
		w.draw(entries, entries)
		hits, want = w.table.loads(keys), 0
	case "batch64":
		w.draw(0, entries)
		hits = 0
		for from := 0; from < chunk; from += batch {
			hits += w.table.loadsBatch(keys[from:from+batch], &w.result)
		}
	case "95/5":
		const writes = ^uint64(0) / 100 * 5
		w.draw(0, entries)
		for i := range keys {
			w.draws[i] = w.random.next() // whether to write must not depend on the key
			if w.draws[i] < writes {
				keys[i] = w.own(keys[i])
			}
		}
		w.table.mixed(keys, w.draws[:], writes)
	case "churn":
		// Each goroutine has its own part of the keys, so the size of the map stays the same.
		part := entries / uint64(j.goroutines)
		w.draw(uint64(w.goroutine)*part, part)
		for i := range keys {
			keys[i] = w.own(keys[i])
		}
		w.table.churns(keys)
		return 2 * chunk
	default:
		panic("no workload is called " + j.workload)
	}
	if hits != want {
		panic(fmt.Sprintf("%s: %s: %d hits of %d", w.name, j.workload, hits, want))
	}
	return chunk
}

// draw fills keys with random keys from first to first+count-1.
func (w *worker[K]) draw(first, count uint64) {
	for i := range w.keys {
		high, _ := bits.Mul64(w.random.next(), count)
		w.keys[i] = w.makeKey(&w.keyBuffers[i], first+high)
	}
}

// inParallel runs work on so many goroutines at once and returns the mean of their results.
func inParallel(goroutines int, work func(goroutine int) float64) float64 {
	results := make([]float64, goroutines)
	var ready, done sync.WaitGroup
	ready.Add(goroutines)
	done.Add(goroutines)
	for i := range goroutines {
		go func() {
			defer done.Done()
			ready.Done()
			ready.Wait()
			results[i] = work(i)
		}()
	}
	done.Wait()
	sum := 0.0
	for _, result := range results {
		sum += result
	}
	return sum / float64(goroutines)
}
