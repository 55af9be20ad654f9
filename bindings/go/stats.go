package portolan

// Stats are figures about the inside of a map.
type Stats struct {
	Entries         uint64
	BucketBits      uint32  // the largest table has 2^BucketBits buckets of 8 entries, besides those still to be split
	Buckets         uint64  // of all tables
	OverflowBuckets uint64  // in use
	LoadFactor      float64 // entries per bucket
	LongestChain    uint64  // the most buckets in one chain, an own one and its overflow
	Growing         uint64  // tables that are growing
	Split           uint64  // buckets that these have split already

	// Of a Sharded map; another has one shard, itself.
	Shards                           uint64
	ShardEntriesMin, ShardEntriesMax uint64

	// Of a ReadDirty map.
	Promotions   uint64 // of the dirty map to the read map
	Misses       uint64 // of the read map since then
	ReadEntries  uint64
	DirtyEntries uint64
	Expunged     uint64 // deleted entries of the read map that are not in the dirty map

	TableBytes    uint64 // memory for tables
	BytesLive     uint64 // memory of keys and values that are bytes
	BytesReserved uint64 // memory held for them
}
