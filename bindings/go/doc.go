// Package portolan is Go's family of concurrent maps with the entries outside Go's heap.
//
// A [Map] has the methods of sync.Map, typed, and what its users miss: Len, Add, iterators and batches. Its entries
// live in memory of the portolan library, so the garbage collector neither scans nor moves them: a map of ten million
// entries costs a collection nothing. In return keys and values are copied in and out, and cannot hold Go pointers.
//
// # Keys and values
//
// A key is of any type whose underlying type is a string, an integer, a bool or a byte array. A value is of one of
// those, a float, a []byte, or a struct whose fields have names, hold no pointers and leave no padding between them. [New] refuses
// any other type with an error that says why and what to use instead.
//
// Integers, bools and floats are kept as one 64-bit word: signed integers keep their sign, floats are their bits. All else is
// kept as bytes. A nil []byte and an empty one are the same value, and come out of the map empty and not nil.
//
// [Map.CompareAndSwap] and [Map.CompareAndDelete] compare these words and bytes, not with Go's ==. It makes a difference for
// floats alone, in structs too: a NaN equals a NaN of the same bits, and 0 does not equal -0.
//
// # Which map
//
// [WithKind] chooses one of five, all with the same methods. [Sharded] is the default and the one for mixed reads and
// writes; [ReadDirty] is sync.Map's own algorithm, for keys written once and read often; [Mutex] and [RWMutex] are one
// table behind one lock; [Bucketed] is the table alone, for one goroutine at a time.
//
// All kinds but Bucketed are safe for any number of goroutines, and operations on one key are linearizable: as with
// sync.Map, a write synchronizes before any read that observes it. (The race detector takes any two calls as synchronized:
// it reports no race that is none, but can miss one between goroutines that use the same map.) Memory safety does not
// depend on using Bucketed right: a call that finds another goroutine inside the map fails with [ErrConcurrent].
//
// # Cost of a call
//
// A call goes through cgo, which takes some 30 ns, but for Load and Contains. On Linux with amd64 these look into the map without
// telling Go's scheduler; what they call never waits and is over soon (unless [WithHashBits] makes keys collide), and where it would wait the
// call goes through cgo. That holds for the versions of Go that it was tested with, 1.24 to 1.26; with others, and under the race detector and the
// sanitizers, all calls go through cgo. The batches [Map.LoadMany], [Map.StoreMany] and [Map.DeleteMany] make one call for up to 256 keys.
//
// # Errors
//
// New, Clone and Close return errors. The methods of sync.Map have no room for one, so they and their kin panic, with an
// error value of one line that wraps one of the errors below, or says what is wrong with the arguments. In right use
// there is no such panic but for [ErrMemory], when the system has no more memory; the map is then as it was before the call.
//
// # Life of a map
//
// [Map.Close] gives the entries' memory back at once. A map that is never closed is released some time after it became
// unreachable, by [runtime.AddCleanup]; the collector sees only a few words of it, so that may be late.
package portolan
