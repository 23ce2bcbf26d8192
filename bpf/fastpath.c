// The fast path: what two containers say to each other goes around bridge and VXLAN device.
// bpf/README.md tells how, and what every newcomer to this file should know first.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/in.h>
#include <linux/pkt_cls.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

// Linux 6.3; older headers do not have it, and older kernels refuse it when it is used.
#define DECAP_L3_IPV6 (1ULL << 8)

#define PASS TC_ACT_UNSPEC  // on to whatever else is there: bridge, VXLAN device, the host
#define ICMPV6 58

// What of a packet's way is written in front of it: RFC 7348, section 5, over IPv4.
struct ipv4 {
	__u8 version_ihl, tos;
	__be16 length, id, fragment;
	__u8 ttl, protocol;
	__be16 checksum;
	__be32 from, to;
} __attribute__((packed));
struct ethernet {
	__u8 to[6], from[6];
	__be16 type;
} __attribute__((packed));
struct tunnel {
	struct ipv4 ip;
	__be16 from_port, to_port, udp_length, udp_checksum;
	__be32 flags, vni;  // of VXLAN; the lowest eight bits of `vni` are reserved
	struct ethernet inner;
} __attribute__((packed));
#define ROOM ((int)sizeof(struct tunnel))  // 50 bytes
#define INNER ((int)(sizeof(struct ethernet) + __builtin_offsetof(struct tunnel, inner)))
#define VXLAN_HAS_VNI 0x08000000

// What stands in front of it from `from_container` to `to_wire`, in the place of the Ethernet header that
// the packet gets as it leaves the host: the way that was found for it.
struct front {
	__u16 zero;
	__be32 hop;
	__u32 card;
	__u16 pad;
	__be16 type;
} __attribute__((packed));

// What a packet is, as far as it decides its way.
struct inner {
	__u16 pad;  // what follows the Ethernet header is aligned then, as the verifier asks
	struct ethernet eth;
	union {
		struct ipv4 v4;
		struct {
			__be32 version_class_flow;
			__be16 length;
			__u8 next, hops;
			__be32 from[4], to[4];
		} __attribute__((packed)) v6;
	};
} __attribute__((packed));

// This host's end of the tunnels.
struct self {
	__be32 address;  // 0: everything passes
	__be16 port;     // UDP port of VXLAN
	__u16 ipv6;      // whether IPv6 between containers may be taken
	__u32 inside;    // the pair between the namespaces: its end in castnet's
	__u32 outside;   // and the one in the host's
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct self);
} self SEC(".maps");

// What is behind a container's port, by the port's interface.
struct port {
	__u8 mac[6];
	__u16 ipv6;  // whether it has an IPv6 address
	__u32 vni;
	__be32 ip;
	__be32 ip6[4];
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct port);
} ports SEC(".maps");

// Where a MAC is.
struct station {
	__u32 vni;
	__u8 mac[6];
	__u16 pad;
};
struct place {
	__u32 port;   // behind which port here; 0: it is at another host
	__be32 host;  // at which; 0: it is here
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct station);
	__type(value, struct place);
} stations SEC(".maps");

// By which way another host is reached.
struct way {
	__be32 hop;  // the host itself, or a router
	__u32 card;
};
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __be32);
	__type(value, struct way);
} hosts SEC(".maps");

enum count {
	SENT,       // to another host
	RECEIVED,   // from another host
	NEIGHBOURS, // between two containers here
	LEFT,       // a container's packets that were left to the bridge
	CAME,       // VXLAN packets for this host that were left to the VXLAN device
	LOST,       // dropped since the kernel refused to write into it, when its way was decided
	GROUPED,    // a container's packets to groups, once each
	COPIED,     // other hosts' packets to groups, once each
	MISSED,     // copies that the kernel had no memory for, or whose container has just ended
	COUNTS,
};
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, COUNTS);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

static __always_inline int counted(__u32 what, int verdict)
{
	__u64 *count = bpf_map_lookup_elem(&counts, &what);
	if (count)
		(*count)++;
	return verdict;
}

// A copy, each field read once: the agent may clear them all at any moment, and does it under packets.
static __always_inline int read_self(struct self *copy)
{
	__u32 zero = 0;
	const volatile struct self *it = bpf_map_lookup_elem(&self, &zero);
	if (!it)
		return 0;
	copy->address = it->address;
	copy->port = it->port;
	copy->ipv6 = it->ipv6;
	copy->inside = it->inside;
	copy->outside = it->outside;
	return copy->address && copy->port && copy->inside && copy->outside;
}

static __always_inline struct place *place_of(__u32 vni, const __u8 *mac)
{
	struct station key = { .vni = vni };
	__builtin_memcpy(key.mac, mac, 6);
	return bpf_map_lookup_elem(&stations, &key);
}

static __always_inline int same_mac(const __u8 *a, const __u8 *b)
{
	int differ = 0;
	for (int i = 0; i < 6; i++)
		differ |= a[i] ^ b[i];
	return !differ;
}

static __always_inline int same_ip6(const __be32 *a, const __be32 *b)
{
	return a[0] == b[0] && a[1] == b[1] && a[2] == b[2] && a[3] == b[3];
}

// Reads a packet's Ethernet and IP header.
// @param at where the Ethernet header begins
// @returns the protocol that the packet carries, or NO_IP for what is not IP or has options
#define NO_IP -1
static __always_inline int read_inner(struct __sk_buff *skb, struct inner *it, int at)
{
	if (bpf_skb_load_bytes(skb, at, &it->eth, sizeof(it->eth) + sizeof(it->v4)))
		return NO_IP;
	if (it->eth.type == bpf_htons(ETH_P_IP))
		return it->v4.version_ihl == 0x45 ? it->v4.protocol : NO_IP;
	if (it->eth.type != bpf_htons(ETH_P_IPV6) ||
	    bpf_skb_load_bytes(skb, at, &it->eth, sizeof(*it) - sizeof(it->pad)))
		return NO_IP;
	return it->v6.next;
}

// Whether the address that a packet comes from (`sent`) or is for is the container's own.
static __always_inline int is_own(const struct inner *it, const struct port *port,
				  const struct self *self, int sent)
{
	if (it->eth.type == bpf_htons(ETH_P_IP))
		return (sent ? it->v4.from : it->v4.to) == port->ip;
	return self->ipv6 && port->ipv6 && same_ip6(sent ? it->v6.from : it->v6.to, port->ip6);
}

// Whether a packet is one of those that go this way: no neighbour discovery, and none of several segments
// but TCP's.
static __always_inline int is_fast(const struct __sk_buff *skb, const struct inner *it, int protocol)
{
	if (protocol == NO_IP || (it->eth.type == bpf_htons(ETH_P_IPV6) && protocol == ICMPV6))
		return 0;
	return !skb->gso_size || protocol == IPPROTO_TCP;
}

static __always_inline __be16 header_checksum(const struct ipv4 *it)
{
	const __u16 *word = (const __u16 *)it;
	__u32 sum = 0;
	for (int i = 0; i < 10; i++)
		sum += word[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16));
}

// The outer header's bits for congestion, from the inner's (RFC 6040, section 4.1, compatibility mode
// of the kernel: INET_ECN_encapsulate).
static __always_inline __u8 congestion(const struct inner *it)
{
	__u8 tos = it->eth.type == bpf_htons(ETH_P_IP)
			   ? it->v4.tos
			   : bpf_ntohl(it->v6.version_class_flow) >> 20;
	return (tos & 3) == 3 ? 2 : tos & 3;
}

// The outer header of a container's packet to another host, without that host and the checksum.
// @param flow a hash, by which network cards and routers spread flows
static __always_inline void outer_header(struct tunnel *room, const struct __sk_buff *skb,
					 const struct inner *it, __u32 vni, const struct self *self,
					 __u32 flow)
{
	// Of VXLAN's ports: net/core's udp_flow_src_port with the usual range.
	flow ^= flow << 16;
	__u32 length = skb->len - sizeof(struct ethernet) + ROOM;
	*room = (struct tunnel){
		.ip = { .version_ihl = 0x45, .tos = congestion(it), .length = bpf_htons(length),
			.id = bpf_get_prandom_u32(), .ttl = 64, .protocol = IPPROTO_UDP,
			.from = self->address },
		.from_port = bpf_htons(32768 + (__u32)(((__u64)flow * 28232) >> 32)),
		.to_port = self->port,
		.udp_length = bpf_htons(length - sizeof(struct ipv4)),
		.flags = bpf_htonl(VXLAN_HAS_VNI),
		.vni = bpf_htonl(vni << 8),
		.inner = it->eth,
	};
}

static __always_inline int is_too_long(const struct __sk_buff *skb)
{
	return skb->len - sizeof(struct ethernet) + ROOM > 0xffff;
}

// Makes room for it, in front of the packet.
static __always_inline int make_room(struct __sk_buff *skb)
{
	return bpf_skb_adjust_room(skb, ROOM, BPF_ADJ_ROOM_MAC,
				   BPF_F_ADJ_ROOM_FIXED_GSO | BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 |
				   BPF_F_ADJ_ROOM_ENCAP_L4_UDP | BPF_F_ADJ_ROOM_ENCAP_L2_ETH |
				   BPF_F_ADJ_ROOM_ENCAP_L2(sizeof(struct ethernet)));
}

// Takes it off again.
static __always_inline int strip(struct __sk_buff *skb, const struct inner *it)
{
	__u64 how = BPF_F_ADJ_ROOM_FIXED_GSO;
	if (it->eth.type == bpf_htons(ETH_P_IPV6))
		how |= DECAP_L3_IPV6;
	return bpf_skb_adjust_room(skb, -ROOM, BPF_ADJ_ROOM_MAC, how);
}

#include "tallies.h"
#include "groups.h"

// Where a container's packets come in: its port of the bridge.
SEC("tc") int from_container(struct __sk_buff *skb)
{
	__u32 here = skb->ifindex;
	struct port *port = bpf_map_lookup_elem(&ports, &here);
	if (!port)
		return PASS;
	struct self self;
	struct inner it;
	int protocol = read_inner(skb, &it, 0);
	if (it.eth.to[0] & 1)
		note_membership(skb, &it, port->vni);
	if (!read_self(&self) || skb->vlan_present)
		return counted(LEFT, PASS);
	if (!is_fast(skb, &it, protocol) || !is_own(&it, port, &self, 1) ||
	    !same_mac(it.eth.from, port->mac))
		return counted(LEFT, PASS);
	if (it.eth.to[0] & 1)
		return group_from_container(skb, &it, port->vni, &self);
	struct place *to = place_of(port->vni, it.eth.to);
	if (!to)
		return counted(LEFT, PASS);

	__u32 neighbour = to->port;
	if (neighbour) {
		// It goes on as if it had come by the other's own interface.
		bpf_skb_change_type(skb, PACKET_HOST);
		tally_given(neighbour, skb->len);
		return counted(NEIGHBOURS, bpf_redirect_peer(neighbour, 0));
	}

	__be32 host = to->host;
	struct way *way = bpf_map_lookup_elem(&hosts, &host);
	if (is_too_long(skb) || !way)
		return counted(LEFT, PASS);
	struct front front = { .hop = way->hop, .card = way->card, .type = bpf_htons(ETH_P_IP) };
	struct tunnel room;
	outer_header(&room, skb, &it, port->vni, &self, bpf_get_hash_recalc(skb));
	room.ip.to = host;
	room.ip.checksum = header_checksum(&room.ip);
	__u32 bytes = skb->len;
	if (make_room(skb))
		return counted(LEFT, PASS);
	if (bpf_skb_store_bytes(skb, 0, &front, sizeof(front), 0) ||
	    bpf_skb_store_bytes(skb, sizeof(front), &room, sizeof(room), 0))
		return counted(LOST, TC_ACT_SHOT);
	tally_sent(port->vni, host, bytes);
	return counted(SENT, bpf_redirect_peer(self.inside, 0));
}

// Where they come out in the host's namespace, in their outer header. It asks no map: the way may be taken
// away while a group's copy waits in the queue of the pair.
SEC("tc") int to_wire(struct __sk_buff *skb)
{
	struct front front;
	if (skb->protocol != bpf_htons(ETH_P_IP) ||
	    bpf_skb_load_bytes(skb, 0, &front, sizeof(front)))
		return counted(LOST, TC_ACT_SHOT);
	struct bpf_redir_neigh hop = { .nh_family = 2 /* AF_INET */, .ipv4_nh = front.hop };
	return bpf_redirect_neigh(front.card, &hop, sizeof(hop), 0);
}

// Where other hosts' packets come in: the network card, in the host's namespace.
SEC("tc") int from_wire(struct __sk_buff *skb)
{
	struct tunnel outer;
	if (skb->protocol != bpf_htons(ETH_P_IP) || skb->pkt_type != PACKET_HOST ||
	    skb->vlan_present)
		return PASS;
	struct self self;
	if (!read_self(&self) || bpf_skb_load_bytes(skb, sizeof(struct ethernet), &outer, sizeof(outer)))
		return PASS;
	if (outer.ip.version_ihl != 0x45 || outer.ip.protocol != IPPROTO_UDP ||
	    outer.ip.to != self.address || outer.to_port != self.port)
		return PASS;
	// Fragments, congestion, a checksum to be verified, anything but plain VXLAN.
	if (outer.ip.fragment & bpf_htons(0x3fff) || (outer.ip.tos & 3) == 3 ||
	    outer.udp_checksum || outer.flags != bpf_htonl(VXLAN_HAS_VNI) ||
	    outer.vni & bpf_htonl(0xff))
		return counted(CAME, PASS);
	if (!skb->gso_size && skb->len != sizeof(struct ethernet) + bpf_ntohs(outer.ip.length))
		return counted(CAME, PASS);

	// A container on ipvlan has its packets handed to its own host under the card's own MAC.
	struct ethernet eth;
	if (bpf_skb_load_bytes(skb, 0, &eth, sizeof(eth)) || same_mac(eth.from, eth.to))
		return counted(CAME, PASS);

	__u32 vni = bpf_ntohl(outer.vni) >> 8;
	struct inner it;
	int protocol = read_inner(skb, &it, INNER);
	struct place *from = place_of(vni, outer.inner.from);
	// Only a container's own host sends for it.
	if (!is_fast(skb, &it, protocol) || !from || !outer.ip.from || from->host != outer.ip.from)
		return counted(CAME, PASS);
	if (it.eth.to[0] & 1)
		return group_from_wire(skb, &it, &(struct peer){ vni, outer.ip.from }, &self);
	struct place *to = place_of(vni, outer.inner.to);
	__u32 there = to ? to->port : 0;
	struct port *port = bpf_map_lookup_elem(&ports, &there);
	if (!there || !port || port->vni != vni || !is_own(&it, port, &self, 0))
		return counted(CAME, PASS);

	if (strip(skb, &it))
		return counted(CAME, PASS);
	if (bpf_skb_store_bytes(skb, 0, &it.eth, sizeof(it.eth), 0))
		return counted(LOST, TC_ACT_SHOT);
	skb->mark = there;
	tally_received(vni, outer.ip.from, skb->len);
	tally_given(there, skb->len);
	return counted(RECEIVED, bpf_redirect_peer(self.outside, 0));
}

// Where they come out in castnet's namespace, as the sender's container made them.
SEC("tc") int to_container(struct __sk_buff *skb)
{
	__u32 there = skb->mark;
	if (!there)
		return TC_ACT_SHOT;
	skb->mark = 0;
	if (there == TAKEN)
		return group_to_containers(skb);
	return bpf_redirect_peer(there, 0);
}

char LICENSE[] SEC("license") = "Apache-2.0";
