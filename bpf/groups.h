// Groups: what a container says to one goes to its members here and to the hosts with members, and what
// comes from another host to the members here. To all of them or, left to the bridge, to none.

#define MOST_TARGETS 16   // members here, and hosts; a group with more is the bridge's
#define MOST_RECORDS 184  // of one membership report; as many fit a packet of 1500 bytes
#define UNSURE_SLOTS 16384
#define SECOND 1000000000ULL

#define PIM 103
#define HOP_BY_HOP 0

struct group_key {
	__u32 vni;
	__be32 group[4];  // of IPv4: ::ffff:a.b.c.d
};
// Who is to have what is said to a group.
struct group {
	// Of the key and what follows: the kernel uses an entry's memory again at once, also while it is read.
	__u32 sum;
	__u16 ports, hosts;  // how many
	__u32 port[MOST_TARGETS];
	__be32 host[MOST_TARGETS];
} __attribute__((aligned(8)));
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct group_key);
	__type(value, struct group);
} groups SEC(".maps");

// Until when a group, or all of a network, is the bridge's, nanoseconds since the boot; by a hash, so that
// it neither grows nor fills. Two that share a slot are left to the bridge together.
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, UNSURE_SLOTS);
	__type(key, __u32);
	__type(value, __u64);
} unsure SEC(".maps");

// Who is to have the packet at hand, and how hosts are reached. What from_wire found here to_container finds:
// it takes the same packet at once, on the same processor.
struct targets {
	struct group group;
	struct way ways[MOST_TARGETS];
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct targets);
} taken SEC(".maps");
#define TAKEN 0x80000000  // as a packet's mark: it is for the ports in `taken`

static __always_inline struct targets *targets(void)
{
	__u32 zero = 0;
	return bpf_map_lookup_elem(&taken, &zero);
}

static __always_inline __u32 mixed(__u32 sum, __u32 word)
{
	return ((sum << 5) | (sum >> 27)) + word;
}

static __always_inline __u32 mixed_key(const struct group_key *key)
{
	__u32 sum = key->vni;
	for (int i = 0; i < 4; i++)
		sum = mixed(sum, key->group[i]);
	return sum;
}

static __always_inline __u64 *unsure_slot(__u32 hash)
{
	hash *= 0x9e3779b1;
	hash >>= 18;
	return bpf_map_lookup_elem(&unsure, &hash);
}

static __always_inline void leave_to_bridge(__u32 hash, __u64 seconds)
{
	__u64 *until = unsure_slot(hash), end = bpf_ktime_get_ns() + seconds * SECOND;
	if (until && *until < end)
		*until = end;
}

static __always_inline int is_unsure(__u32 hash)
{
	__u64 *until = unsure_slot(hash);
	return !until || (*until && *until > bpf_ktime_get_ns());
}

// How long a container that asks or answers as a router does counts as one, and the bridge gives it every
// group: more than net/bridge's multicast_querier_interval. How long the agent may take to hear of a member.
#define ROUTER_SECONDS 300
#define MEMBER_SECONDS 1

// A container has joined a group, perhaps from certain sources alone: the bridge knows it at once, the agent
// soon. What it writes meanwhile may be older than that.
static __always_inline void joined(__u32 here, struct group_key *key, int sources)
{
	struct group *group = bpf_map_lookup_elem(&groups, key);
	if (group && !sources)
		for (int i = 0; i < MOST_TARGETS; i++)
			if (i < group->ports && group->port[i] == here)
				return;  // It says again what is known.
	leave_to_bridge(mixed_key(key), MEMBER_SECONDS);
	bpf_map_delete_elem(&groups, key);
}

struct record4 {
	__u8 type, aux;
	__be16 sources;
	__be32 group;
};
struct record6 {
	__u8 type, aux;
	__be16 sources;
	__be32 group[4];
};

// Of a report's record: only the sources listed are wanted (and none is a leave), or all others.
// RFC 3376, section 4.2.12; RFC 3810, section 5.2.12.
#define IS_INCLUDE(type) ((type) == 1 || (type) == 3 || (type) == 5)

// Takes one record of a report of IGMPv3 or MLDv2. A function of its own, which the verifier proves once.
// @returns where the next one begins; 0: there is none
__noinline int one_record(struct __sk_buff *skb, __u32 at, __u32 vni, __u32 here, int is6)
{
	struct group_key key = { .vni = vni };
	struct record6 it = {};
	if (is6) {
		if (bpf_skb_load_bytes(skb, at, &it, sizeof(it)))
			return 0;
		__builtin_memcpy(key.group, it.group, 16);
	} else {
		if (bpf_skb_load_bytes(skb, at, &it, sizeof(struct record4)))
			return 0;
		key.group[2] = bpf_htonl(0xffff);
		key.group[3] = it.group[0];
	}
	__u32 sources = bpf_ntohs(it.sources);
	if (sources || !IS_INCLUDE(it.type))
		joined(here, &key, sources);
	return at + (is6 ? sizeof(struct record6) + 16 * sources : sizeof(struct record4) + 4 * sources) +
	       4 * it.aux;
}

// Takes the message of IGMP or MLD at `at`.
static __noinline void note_message(struct __sk_buff *skb, __u32 at, __u32 vni, int is6)
{
	struct {
		__u8 type, code;
		__be16 checksum, rest, records;
	} it = {};
	struct group_key key = { .vni = vni };
	if (bpf_skb_load_bytes(skb, at, &it, sizeof(it)))
		return;
	__u8 type = it.type;
	if (type == (is6 ? 143 : 0x22)) {
		// A message of MLDv1 has 24 bytes, one of IGMPv2 its group where others have a number.
		__u32 records = bpf_ntohs(it.records);
		__u32 next = at + 8;
		for (__u32 i = 0; i < MOST_RECORDS && i < records && next; i++)
			next = one_record(skb, next, vni, skb->ifindex, is6);
	} else if (!is6 && (type == 0x12 || type == 0x16)) {
		key.group[2] = bpf_htonl(0xffff);
		if (!bpf_skb_load_bytes(skb, at + 4, &key.group[3], 4))
			joined(skb->ifindex, &key, 0);
	} else if (is6 && type == 131) {
		if (!bpf_skb_load_bytes(skb, at + 8, key.group, 16))
			joined(skb->ifindex, &key, 0);
	} else if (type != (is6 ? 132 : 0x17)) {
		leave_to_bridge(vni, ROUTER_SECONDS);
	}
}

// Takes note of what a container says by IGMP, MLD or PIM, before the bridge hears it.
static __always_inline void note_membership(struct __sk_buff *skb, const struct inner *it, __u32 vni)
{
	if (it->eth.type == bpf_htons(ETH_P_IP)) {
		if (it->v4.protocol == IPPROTO_IGMP)
			note_message(skb, sizeof(struct ethernet) + 4 * (it->v4.version_ihl & 15), vni, 0);
		else if (it->v4.protocol == PIM)
			leave_to_bridge(vni, ROUTER_SECONDS);
	} else if (it->eth.type == bpf_htons(ETH_P_IPV6) && it->v6.next == HOP_BY_HOP) {
		__u8 option[2];  // what follows, and how long it is (RFC 8200, section 4.3)
		__u32 at = sizeof(struct ethernet) + 40;
		if (!bpf_skb_load_bytes(skb, at, option, 2) && option[0] == ICMPV6)
			note_message(skb, at + 8 + 8 * option[1], vni, 1);
	}
}

// Whether a packet is for a group that the maps may know, by an Ethernet address that is that group's.
// 224.0.0.x and ff02:: reach those that have not joined, too.
static __always_inline int key_of(const struct inner *it, __u32 vni, struct group_key *key)
{
	const __u8 *mac = it->eth.to;
	key->vni = vni;
	if (it->eth.type == bpf_htons(ETH_P_IP)) {
		__u32 to = bpf_ntohl(it->v4.to);
		if (to >> 28 != 14 || to >> 8 == 0xe00000 || mac[0] != 1 || mac[1] || mac[2] != 0x5e ||
		    (((__u32)mac[3] << 16) | (mac[4] << 8) | mac[5]) != (to & 0x7fffff))
			return 0;
		key->group[0] = key->group[1] = 0;
		key->group[2] = bpf_htonl(0xffff);
		key->group[3] = it->v4.to;
		return 1;
	}
	__u32 head = bpf_ntohl(it->v6.to[0]) >> 16, tail = bpf_ntohl(it->v6.to[3]);
	if (head >> 8 != 0xff || (head & 15) < 3 || it->v6.next == HOP_BY_HOP || mac[0] != 0x33 ||
	    mac[1] != 0x33 ||
	    (((__u32)mac[2] << 24) | (mac[3] << 16) | (mac[4] << 8) | mac[5]) != tail)
		return 0;
	__builtin_memcpy(key->group, it->v6.to, 16);
	return 1;
}

// Who is to have a packet, in a copy that is whole.
static __always_inline int read_group(const struct inner *it, __u32 vni, struct group_key *key,
				      struct group *copy)
{
	if (!key_of(it, vni, key))
		return 0;
	__u32 hash = mixed_key(key), sum = hash;
	if (is_unsure(hash) || is_unsure(vni))
		return 0;
	struct group *group = bpf_map_lookup_elem(&groups, key);
	if (!group)
		return 0;
	__builtin_memcpy(copy, group, sizeof(*copy));
	sum = mixed(sum, copy->ports | ((__u32)copy->hosts << 16));
	for (int i = 0; i < MOST_TARGETS && i < copy->ports; i++)
		sum = mixed(sum, copy->port[i]);
	for (int i = 0; i < MOST_TARGETS && i < copy->hosts; i++)
		sum = mixed(sum, copy->host[i]);
	return sum == copy->sum && copy->ports <= MOST_TARGETS && copy->hosts <= MOST_TARGETS;
}

static __always_inline void copy_to(struct __sk_buff *skb, __u32 device)
{
	if (bpf_clone_redirect(skb, device, 0))
		counted(MISSED, 0);
}

// To the members here but `but`. The last one gets the packet itself, if it is `whole` theirs; it comes to
// them at once, and the copies by the queue of a veth.
static __always_inline int to_members(struct __sk_buff *skb, const struct group *to, __u32 but, int whole)
{
	__u32 last = 0;
	for (int i = 0; i < MOST_TARGETS && i < to->ports; i++) {
		__u32 port = to->port[i];
		if (port == but)
			continue;
		if (last)
			copy_to(skb, last);
		last = port;
	}
	if (!last)
		return TC_ACT_SHOT;
	if (whole) {
		tally_given(last, skb->len);
		return bpf_redirect_peer(last, 0);
	}
	copy_to(skb, last);
	return TC_ACT_SHOT;
}

static __noinline int group_from_container(struct __sk_buff *skb, const struct inner *it, __u32 vni,
					   const struct self *self)
{
	struct targets *to = targets();
	struct flow flow = { .port = skb->ifindex };
	struct group_key key;
	__u32 bytes = skb->len;
	if (!to || is_too_long(skb) || !read_group(it, vni, &key, &to->group))
		return counted(LEFT, PASS);
	__builtin_memcpy(flow.group, key.group, sizeof(flow.group));
	__u32 copies = to->group.hosts;
	for (__u32 i = 0; i < MOST_TARGETS && i < copies; i++) {
		struct way *way = bpf_map_lookup_elem(&hosts, &to->group.host[i]);
		if (!way)
			return counted(LEFT, PASS);
		to->ways[i] = *way;
	}
	// What cannot be counted is the bridge's, whose meter counts it.
	struct tally *said = entry_of(&flows, &flow);
	if (!said)
		return counted(LEFT, PASS);
	tally(said, bytes);
	counted(GROUPED, 0);
	int verdict = to_members(skb, &to->group, skb->ifindex, !copies);
	if (!copies)
		return verdict;

	struct {
		struct front front;
		struct tunnel room;
	} __attribute__((packed)) head = { .front = { .type = bpf_htons(ETH_P_IP) } };
	// What one container says to one group is a flow: the kernel's hash would cost a seventh of this program’s time.
	__u32 hash = mixed_key(&key) + skb->ifindex;
	outer_header(&head.room, skb, it, vni, self, hash * 0x9e3779b1);
	if (make_room(skb))
		return counted(LOST, TC_ACT_SHOT);
	for (__u32 i = 0; i < MOST_TARGETS && i < copies; i++) {
		// The copies share what follows the outer IP header.
		int length = i ? sizeof(head.front) + sizeof(head.room.ip) : sizeof(head);
		head.front.hop = to->ways[i].hop;
		head.front.card = to->ways[i].card;
		head.room.ip.to = to->group.host[i];
		head.room.ip.checksum = 0;
		head.room.ip.checksum = header_checksum(&head.room.ip);
		if (bpf_skb_store_bytes(skb, 0, &head, length, 0))
			return counted(LOST, TC_ACT_SHOT);
		tally_sent(vni, to->group.host[i], bytes);
		if (i + 1 == copies)
			return bpf_redirect_peer(self->inside, 0);
		copy_to(skb, self->inside);
	}
	return TC_ACT_SHOT;
}

static __noinline int group_from_wire(struct __sk_buff *skb, const struct inner *it,
				      const struct peer *from, const struct self *self)
{
	struct targets *to = targets();
	struct group_key key;
	if (!to || (it->eth.type == bpf_htons(ETH_P_IPV6) && !self->ipv6) ||
	    !read_group(it, from->vni, &key, &to->group) ||
	    !to->group.ports || strip(skb, it))
		return counted(CAME, PASS);
	if (bpf_skb_store_bytes(skb, 0, &it->eth, sizeof(it->eth), 0))
		return counted(LOST, TC_ACT_SHOT);
	bpf_skb_change_type(skb, PACKET_MULTICAST);
	skb->mark = TAKEN;
	tally_received(from->vni, from->host, skb->len);
	return counted(COPIED, bpf_redirect_peer(self->outside, 0));
}

static __always_inline int group_to_containers(struct __sk_buff *skb)
{
	struct targets *to = targets();
	return to ? to_members(skb, &to->group, 0, 1) : TC_ACT_SHOT;
}
