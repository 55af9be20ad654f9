package portolan

// Stats are figures about the structure of a map.
type Stats struct {
	Entries         uint64
	BucketBits      uint32  // B: the largest table has 2^B main buckets of 8 slots, and more while it grows
	Buckets         uint64  // main buckets of all tables
	OverflowBuckets uint64  // overflow buckets in use, of all tables
	LoadFactor      float64 // entries for each main bucket
	LongestChain    uint64  // the most buckets in one chain: a main bucket and its overflow buckets
	Growing         uint64  // tables that are growing
	Split           uint64  // main buckets that those tables have split so far

	// The shards of a Sharded map. A map of another kind counts as one shard.
	Shards                           uint64
	ShardEntriesMin, ShardEntriesMax uint64

	// These are 0 unless the map is ReadDirty.
	Promotions   uint64 // how often the dirty map has become the read map
	Misses       uint64 // lookups since the last promotion that the read map could not answer
	ReadEntries  uint64 // entries of the read map, deleted ones included
	DirtyEntries uint64 // entries of the dirty map
	Expunged     uint64 // deleted entries of the read map that are not in the dirty map

	// Memory in bytes.
	TableBytes    uint64 // held for tables and for the entries of a ReadDirty map
	BytesLive     uint64 // in use for keys and values that are not words
	BytesReserved uint64 // held for those, in use or not
}
