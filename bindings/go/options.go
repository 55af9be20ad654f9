package portolan

import (
	"fmt"
	"math"

	"github.com/portolan-map/portolan/bindings/go/internal/cptl"
)

// Kind is the algorithm of a map.
type Kind uint32

const (
	// Bucketed is one hash table, that of Go's runtime up to 1.23, for one goroutine at a time.
	Bucketed Kind = cptl.Bucketed
	// Mutex is such a table behind one mutex.
	Mutex Kind = cptl.Mutex
	// RWMutex is such a table behind one reader-writer lock.
	RWMutex Kind = cptl.RWMutex
	// Sharded is many such tables, each with its own lock for writers. Readers take no lock. It is
	// the default.
	Sharded Kind = cptl.Sharded
	// ReadDirty is sync.Map up to Go 1.23: a read map that is read without a lock, and a dirty map
	// for new keys. It is for keys that are written once and read often.
	ReadDirty Kind = cptl.ReadDirty
)

// String returns the name of the kind, such as "sharded".
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

// Option sets a property of a map that [New] or [Map.Clone] makes.
type Option func(*options)

type options struct {
	cptl.Options
	err error // for the first option that is out of range
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

// number returns n. It records an error if n is not between 0 and most.
func (o *options) number(option string, n int, most uint64) uint64 {
	if (n < 0 || uint64(n) > most) && o.err == nil {
		o.err = fmt.Errorf("%w: %s(%d)", ErrOption, option, n)
	}
	return uint64(n)
}

// WithKind chooses the algorithm. The default is [Sharded].
func WithKind(kind Kind) Option {
	return func(o *options) { o.Kind = uint32(kind) }
}

// WithCapacity makes the new map large enough for n entries.
func WithCapacity(n int) Option {
	return func(o *options) { o.Capacity = o.number("WithCapacity", n, math.MaxUint64) }
}

// WithShards sets the number of shards of a [Sharded] map: at most 4096, rounded up to a power of
// two. The default, 0, chooses by the number of processors. Other kinds ignore it.
func WithShards(n int) Option {
	return func(o *options) { o.Shards = uint32(o.number("WithShards", n, math.MaxUint32)) }
}

// WithSeed makes hashing reproducible. So is then the order of iteration over maps that were filled
// in the same way. The default, 0, takes a random seed, which keeps others from choosing keys that
// collide.
func WithSeed(seed uint64) Option {
	return func(o *options) { o.Seed = seed }
}

// HashConstant gives every key the same hash: see [WithHashBits].
const HashConstant = cptl.HashConstant

// WithHashBits makes keys collide, for tests: it keeps only so many bits of each hash (1 to 63), or
// none at all ([HashConstant]). This makes a map slow. The default, 0, keeps the whole hash.
func WithHashBits(bits uint32) Option {
	return func(o *options) { o.HashBits = bits }
}
