package main

import (
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
)

const workers = 8

// crowd is one map and eight goroutines that use it.
type crowd[K, V comparable] struct {
	m      Map[K, V]
	space  space[K, V]
	seed   uint64
	report *report
}

// togetherCheck checks a property that holds in whatever order the goroutines run. run does about
// so many operations.
type togetherCheck[K, V comparable] struct {
	name string
	run  func(c *crowd[K, V], operations int)
}

func togetherChecks[K, V comparable]() []togetherCheck[K, V] {
	return []togetherCheck[K, V]{
		{"keys of their own", (*crowd[K, V]).ownKeys},
		{"LoadOrStore has one winner", (*crowd[K, V]).oneWinner},
		{"CompareAndSwap adds up", (*crowd[K, V]).addsUp},
		{"LoadAndDelete hands out once", (*crowd[K, V]).handsOutOnce},
		{"what is stored comes out once", (*crowd[K, V]).comesOutOnce},
		{"Range among writers", (*crowd[K, V]).rangeAmongWriters},
		{"Clear among writers", (*crowd[K, V]).clearAmongWriters},
	}
}

// each runs f in all eight goroutines at the same time and waits for them. It adds up the numbers
// of operations that f returns.
func (c *crowd[K, V]) each(f func(worker int, random *rand.Rand) (operations int)) {
	var done sync.WaitGroup
	start := make(chan struct{})
	for worker := range workers {
		done.Add(1)
		go func() {
			defer done.Done()
			<-start
			c.report.operations.Add(int64(f(worker, rand.New(rand.NewPCG(c.seed, uint64(worker))))))
		}()
	}
	close(start)
	done.Wait()
}

// giveWay lets other goroutines run now and then, because there may be fewer processors than
// goroutines. i is the caller's loop counter.
func giveWay(i int) {
	if i%8 == 0 {
		runtime.Gosched()
	}
}

// meeting makes the goroutines wait for each other, so that none finishes before the others have
// started.
type meeting struct {
	arrivals atomic.Int64
}

// at is called by each goroutine with its loop counter. Now and then it makes all of them wait and
// go on together.
func (m *meeting) at(i int) {
	const every = 64
	if i%every != 0 {
		return
	}
	m.arrivals.Add(1)
	for m.arrivals.Load() < int64(workers*(i/every+1)) {
		runtime.Gosched()
	}
}

// number returns the number from which value was made. A value that was never made is a difference.
func (c *crowd[K, V]) number(operation string, key K, value V) uint64 {
	n, ok := c.space.number(value)
	if !ok {
		c.report.differ("%s(%s): got %s, which nobody stored", operation, short(key), short(value))
	}
	return n
}

// ownKeys: each goroutine has keys that no other one uses, and a sync.Map with which it compares
// every result.
func (c *crowd[K, V]) ownKeys(operations int) {
	keys := min(max(operations/80, 8), 1000)
	c.each(func(worker int, random *rand.Rand) int {
		sequence[K, V]{
			want: new(goMap[K, V]), got: c.m, space: c.space, first: worker * keys, last: (worker + 1) * keys,
			random: random, report: c.report,
		}.run(operations / workers)
		return 0 // run has counted them
	})
}

// oneWinner: all goroutines LoadOrStore each key. One of them must store, and the others must load
// what it stored.
func (c *crowd[K, V]) oneWinner(operations int) {
	keys := operations / workers
	winners := make([]atomic.Int32, keys)
	var saw [workers][]V
	var meet meeting
	c.each(func(worker int, _ *rand.Rand) int {
		saw[worker] = make([]V, keys)
		for i := range keys {
			meet.at(i)
			actual, loaded := c.m.LoadOrStore(c.space.key(i), c.space.value(uint64(i*workers+worker)))
			if !loaded {
				winners[i].Add(1)
			}
			saw[worker][i] = actual
		}
		return keys
	})
	for i := range keys {
		key := c.space.key(i)
		if n := winners[i].Load(); n != 1 {
			c.report.differ("LoadOrStore(%s): expected one winner, got %d", short(key), n)
		}
		now, ok := c.m.Load(key)
		for worker := range workers {
			if !ok || saw[worker][i] != now {
				c.report.differ("LoadOrStore(%s): expected %s, the value in the map, got %s", short(key), short(now), short(saw[worker][i]))
			}
		}
	}
}

// addsUp: all goroutines increment the values of a few keys with Load and CompareAndSwap. No
// increment may be lost or done twice.
func (c *crowd[K, V]) addsUp(operations int) {
	const keys = 4
	rounds := operations / (2 * workers)
	for i := range keys {
		c.m.Store(c.space.key(i), c.space.value(0))
	}
	var steps [keys]atomic.Uint64
	c.each(func(_ int, random *rand.Rand) (operations int) {
		for round := range rounds {
			giveWay(round)
			i := random.IntN(keys)
			key := c.space.key(i)
			for swapped := false; !swapped; operations += 2 {
				value, ok := c.m.Load(key)
				if !ok {
					c.report.differ("Load(%s): expected a value, got none", short(key))
					return operations
				}
				swapped = c.m.CompareAndSwap(key, value, c.space.value(c.number("Load", key, value)+1))
			}
			steps[i].Add(1)
		}
		return operations
	})
	for i := range keys {
		key := c.space.key(i)
		value, _ := c.m.Swap(key, c.space.value(0))
		if n := c.number("Swap", key, value); n != steps[i].Load() {
			c.report.differ("CompareAndSwap(%s): expected a sum of %d, got %d", short(key), steps[i].Load(), n)
		}
	}
}

// handsOutOnce: all goroutines LoadAndDelete each key. Exactly one of them must get the value.
func (c *crowd[K, V]) handsOutOnce(operations int) {
	keys := operations / workers
	for i := range keys {
		c.m.Store(c.space.key(i), c.space.value(uint64(i)))
	}
	handed := make([]atomic.Int32, keys)
	var meet meeting
	c.each(func(int, *rand.Rand) int {
		for i := range keys {
			meet.at(i)
			key := c.space.key(i)
			value, loaded := c.m.LoadAndDelete(key)
			if !loaded {
				continue
			}
			if n := c.number("LoadAndDelete", key, value); n != uint64(i) {
				c.report.differ("LoadAndDelete(%s): expected the value of %d, got %s", short(key), i, short(value))
			}
			handed[i].Add(1)
		}
		return keys
	})
	for i := range keys {
		if n := handed[i].Load(); n != 1 {
			c.report.differ("LoadAndDelete(%s): expected one goroutine to get the value, got %d", short(c.space.key(i)), n)
		}
	}
	c.m.Range(func(key K, value V) bool {
		c.report.differ("Range: expected nothing, got %s with %s", short(key), short(value))
		return true
	})
}

// comesOutOnce: each value is stored once, under one of a few keys that all goroutines share. It
// must come out once: returned by the call that replaces or deletes it, or found in the map at the
// end.
func (c *crowd[K, V]) comesOutOnce(operations int) {
	const keys = 24
	rounds := operations / workers
	in := make([]bool, workers*rounds) // each written only by the goroutine that stores the value
	out := make([]atomic.Int32, workers*rounds)
	take := func(operation string, key K, value V) {
		if n := c.number(operation, key, value); n < uint64(len(out)) {
			out[n].Add(1)
		}
	}
	c.each(func(worker int, random *rand.Rand) int {
		for round := range rounds {
			giveWay(round)
			n := worker*rounds + round
			key, value := c.space.key(random.IntN(keys)), c.space.value(uint64(n))
			switch random.IntN(5) {
			case 0:
				_, loaded := c.m.LoadOrStore(key, value)
				in[n] = !loaded
			case 1:
				in[n] = true
				if previous, loaded := c.m.Swap(key, value); loaded {
					take("Swap", key, previous)
				}
			case 2:
				if old, loaded := c.m.LoadAndDelete(key); loaded {
					take("LoadAndDelete", key, old)
				}
			case 3:
				if old, ok := c.m.Load(key); ok && c.m.CompareAndDelete(key, old) {
					take("CompareAndDelete", key, old)
				}
			case 4:
				if old, ok := c.m.Load(key); ok && c.m.CompareAndSwap(key, old, value) {
					in[n] = true
					take("CompareAndSwap", key, old)
				}
			}
		}
		return rounds
	})
	c.m.Range(func(key K, value V) bool {
		take("Range", key, value)
		return true
	})
	for n := range out {
		stored, times := 0, out[n].Load()
		if in[n] {
			stored = 1
		}
		if int(times) != stored {
			c.report.differ("value %s: stored %d times, but came out %d times", short(c.space.value(uint64(n))), stored, times)
		}
	}
}

// rangeAmongWriters: some goroutines make the map grow and shrink, and overwrite the values of
// stable keys, which stay in the map throughout. Meanwhile two goroutines range: each stable key
// must come exactly once, and any other key at most once.
func (c *crowd[K, V]) rangeAmongWriters(operations int) {
	const stable, rangers = 200, 2
	numbers := map[K]int{}
	for i := range stable {
		numbers[c.space.key(i)] = i
		c.m.Store(c.space.key(i), c.space.value(uint64(i)))
	}
	var ranging atomic.Int32
	ranging.Store(rangers)
	c.each(func(worker int, random *rand.Rand) (done int) {
		if worker < rangers {
			defer ranging.Add(-1)
			for ; done < 10+operations/1000; done++ {
				c.rangeOnce(numbers)
				runtime.Gosched()
			}
			return done
		}
		for ; done < operations/(workers-rangers) || ranging.Load() > 0; done++ {
			c.write(done, worker, stable, random)
			giveWay(done)
		}
		return done
	})
	c.rangeOnce(numbers) // without writers
}

// write does operation n of a writer. It overwrites a stable key, with a value whose number modulo
// stable is that of the key. Or it stores or deletes a key of the worker's own: these are first all
// stored, then all deleted, and so on.
func (c *crowd[K, V]) write(n, worker, stable int, random *rand.Rand) {
	const span = 300
	own := c.space.key(stable + worker*span + n%span)
	switch {
	case n%4 == 0:
		i := random.IntN(stable)
		c.m.Store(c.space.key(i), c.space.value(uint64(i+stable*random.IntN(1000))))
	case n/span%2 == 0:
		c.m.Store(own, c.space.value(uint64(n)))
	default:
		c.m.Delete(own)
	}
}

func (c *crowd[K, V]) rangeOnce(stable map[K]int) {
	times := map[K]int{}
	c.m.Range(func(key K, value V) bool {
		if times[key]++; times[key] > 1 {
			c.report.differ("Range: expected %s at most once, got it %d times", short(key), times[key])
		}
		n := c.number("Range", key, value)
		if i, ok := stable[key]; ok && n%uint64(len(stable)) != uint64(i) {
			c.report.differ("Range: %s has %s, the value of another key", short(key), short(value))
		}
		return true
	})
	for key := range stable {
		if times[key] == 0 {
			c.report.differ("Range: %s did not come, but was in the map throughout", short(key))
		}
	}
}

// clearAmongWriters: one goroutine clears the map, and the others have keys of their own. What they
// store must be there until the next Clear, and then be gone for good.
func (c *crowd[K, V]) clearAmongWriters(operations int) {
	const keys = 50
	rounds := operations / (4 * (workers - 1))
	var writing atomic.Int32
	writing.Store(workers - 1)
	c.each(func(worker int, random *rand.Rand) (operations int) {
		if worker == 0 {
			for ; writing.Load() > 0; operations++ {
				c.m.Clear()
				runtime.Gosched()
			}
			return operations
		}
		defer writing.Add(-1)
		for round := range rounds {
			giveWay(round)
			key := c.space.key(worker*keys + random.IntN(keys))
			value := c.space.value(uint64(round))
			c.m.Store(key, value)
			there := true
			for range 3 {
				now, ok := c.m.Load(key)
				if ok && now != value {
					c.report.differ("Load(%s): expected %s or none, got %s", short(key), short(value), short(now))
				}
				if ok && !there {
					c.report.differ("Load(%s): expected none after a Clear, got %s", short(key), short(now))
				}
				there = ok
			}
		}
		return 4 * rounds
	})
	c.m.Clear()
	c.m.Range(func(key K, value V) bool {
		c.report.differ("Range after Clear: expected nothing, got %s with %s", short(key), short(value))
		return true
	})
}
