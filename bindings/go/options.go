package portolan

import (
	"fmt"
	"math"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// Kind is the algorithm of a map.
type Kind uint32

const (
	// Bucketed is the runtime's classic hash table, for one goroutine at a time.
	Bucketed Kind = cptl.Bucketed
	// Mutex is that table behind one mutex.
	Mutex Kind = cptl.Mutex
	// RWMutex is that table behind one reader-writer lock.
	RWMutex Kind = cptl.RWMutex
	// Sharded is many such tables, each with its own lock for writers; readers take none. It is the default.
	Sharded Kind = cptl.Sharded
	// ReadDirty is sync.Map's pair of a read map, reached without a lock, and a dirty map for new keys.
	ReadDirty Kind = cptl.ReadDirty
)

// String returns the kind's name, as in "sharded".
func (k Kind) String() string {
	switch k {
	case Bucketed:
		return "bucketed"
	case Mutex:
		return "mutex"
	case RWMutex:
		return "rwmutex"
	case Sharded:
		return "sharded"
	case ReadDirty:
		return "read_dirty"
	}
	return fmt.Sprintf("Kind(%d)", uint32(k))
}

// Option is a choice made at [New] or [Map.Clone].
type Option func(*options)

type options struct {
	cptl.Options
	err error // of the first option that is out of range
}

// apply returns o with opts applied in order.
func (o options) apply(opts []Option) options {
	for _, set := range opts {
		set(&o)
	}
	if o.Kind == 0 {
		o.Kind = cptl.Sharded
	}
	return o
}

// number returns n, which must be from 0 to most.
func (o *options) number(option string, n int, most uint64) uint64 {
	if (n < 0 || uint64(n) > most) && o.err == nil {
		o.err = fmt.Errorf("%w: %s(%d)", ErrOption, option, n)
	}
	return uint64(n)
}

// WithKind chooses the algorithm. Without it a map is [Sharded].
func WithKind(kind Kind) Option {
	return func(o *options) { o.Kind = uint32(kind) }
}

// WithCapacity makes room for n entries at once.
func WithCapacity(n int) Option {
	return func(o *options) { o.Capacity = o.number("WithCapacity", n, math.MaxUint64) }
}

// WithShards sets the number of shards of a [Sharded] map, at most 4096, rounded up to a power of two. 0, as without this
// option, chooses by the number of processors. Other kinds make nothing of it.
func WithShards(n int) Option {
	return func(o *options) { o.Shards = uint32(o.number("WithShards", n, math.MaxUint32)) }
}

// WithSeed makes hashing reproducible, and the order of iteration in a map that is filled in the same way. 0, as without this option, is a random seed: what
// keeps anybody from choosing keys that collide.
func WithSeed(seed uint64) Option {
	return func(o *options) { o.Seed = seed }
}

// HashConstant gives every key the same hash: see [WithHashBits].
const HashConstant = cptl.HashConstant

// WithHashBits is for tests of code that must bear colliding keys: it leaves only so many bits of each hash (1 to 63), or
// none at all ([HashConstant]). It makes a map slow. 0, as without this option, is the whole hash.
func WithHashBits(bits uint32) Option {
	return func(o *options) { o.HashBits = bits }
}
