// Counting: what went this way, by whom and to whom. Entries of processors of their own, so nobody waits; the
// agent reads them and takes away those of containers and networks that have gone.

struct tally {
	__u64 packets, bytes;  // bytes with the container's Ethernet header, as a device of the kernel counts
};
struct between {
	struct tally sent, received;
};
// What a container said to a group.
struct flow {
	__u32 port;
	__be32 group[4];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct flow);
	__type(value, struct tally);
} flows SEC(".maps");
// What a container was given by bpf_redirect_peer, by its port, whose device counts nothing of that.
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct tally);
} given SEC(".maps");
// What a network of this host exchanged with another host.
struct peer {
	__u32 vni;
	__be32 host;
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct peer);
	__type(value, struct between);
} peers SEC(".maps");

static __always_inline void *entry_of(void *map, const void *key)
{
	struct between zero = {};
	void *it = bpf_map_lookup_elem(map, key);
	if (it)
		return it;
	bpf_map_update_elem(map, key, &zero, BPF_NOEXIST);
	return bpf_map_lookup_elem(map, key);
}

static __always_inline void tally(struct tally *it, __u32 bytes)
{
	it->packets++;
	it->bytes += bytes;
}

static __always_inline void tally_given(__u32 port, __u32 bytes)
{
	struct tally *it = entry_of(&given, &port);
	if (it)
		tally(it, bytes);
}

static __always_inline void tally_sent(__u32 vni, __be32 host, __u32 bytes)
{
	struct peer key = { .vni = vni, .host = host };
	struct between *it = entry_of(&peers, &key);
	if (it)
		tally(&it->sent, bytes);
}

static __always_inline void tally_received(__u32 vni, __be32 host, __u32 bytes)
{
	struct peer key = { .vni = vni, .host = host };
	struct between *it = entry_of(&peers, &key);
	if (it)
		tally(&it->received, bytes);
}
