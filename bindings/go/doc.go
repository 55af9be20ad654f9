// Package portolan is Go's family of concurrent maps with the entries outside Go's heap.
//
// A [Map] has the methods of sync.Map, with types, and some that sync.Map lacks: Len, Add,
// iterators and batches. Its entries lie in memory of the portolan library, which the garbage
// collector neither scans nor moves: a map of ten million entries costs a collection nothing. In
// return, keys and values are copied in and out, and they cannot hold Go pointers.
//
// # Keys and values
//
// The underlying type of a key is a string, an integer, a bool or a byte array. That of a value is
// one of those, a float, a []byte, or a struct whose fields all have names, hold no pointers and
// leave no padding between them. [New] refuses any other type with an error that says why and what
// to use instead.
//
// A map holds integers, bools and floats as one 64-bit word: integers keep their sign, floats their
// bits. It holds everything else as bytes. A nil []byte is stored as an empty one, and comes back
// as an empty one that is not nil.
//
// [Map.CompareAndSwap] and [Map.CompareAndDelete] compare these words and bytes, not with Go's ==.
// This differs only for floats, in structs too: a NaN equals a NaN with the same bits, and 0 does
// not equal -0.
//
// # Which map
//
// [WithKind] chooses a [Kind]: an algorithm. All have the same methods, so it is one option to
// change. [Sharded] is the default, for mixed reads and writes.
//
// Any number of goroutines may use a map at once, except a Bucketed one. Operations on one key are
// linearizable, and as with sync.Map a write synchronizes before any read that observes it. (The
// race detector assumes that any two calls synchronize. So it never reports a false race, but it
// can miss a race between goroutines that use the same map.) Using a Bucketed map from several
// goroutines does not break memory safety: a call that finds another goroutine inside the map fails
// with [ErrConcurrent].
//
// # Cost of a call
//
// Most calls go through cgo, which costs some 30 ns each. Load and Contains do not, on Linux with
// amd64 and Go 1.24 to 1.26, the versions this was tested with: they call C without telling Go's
// scheduler. The C functions that they call never wait and return soon (unless [WithHashBits] makes
// keys collide). If one would have to wait, or if keys and values are long, the call goes through
// cgo. With other versions, and under the race detector and the sanitizers, all calls go through
// cgo. The batches [Map.LoadMany], [Map.StoreMany] and [Map.DeleteMany] make one call for up to 256
// keys.
//
// # Errors
//
// New, Clone and Close return errors. The methods of sync.Map cannot return one, so these and the
// methods like them panic instead. The panic value is an error of one line. It wraps one of the
// errors below, or says what is wrong with the arguments. A correct program sees only one such
// panic: [ErrMemory], if the system has no more memory. The map is then as it was before the call.
//
// # Life of a map
//
// [Map.Close] frees the memory of the entries at once. A map that is never closed is freed by
// [runtime.AddCleanup] some time after it became unreachable. That may be late, because the
// collector sees only a few words of it.
package portolan
