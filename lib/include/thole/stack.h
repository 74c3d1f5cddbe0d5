/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * @file
 * thole/stack.h: one core's whole TCP endpoint, for a program that owns its ports, mbufs and loop.
 *
 * A stack does no I/O, reads no clock, starts no thread and has no global state: packets come in as
 * an array of mbufs, packets go out as an array of mbufs, time is an argument, and it says when it
 * next needs to be called. A turn of a loop is: thole_stack_rx(), thole_app_events(), the
 * application, thole_app_submit(), thole_stack_run(), thole_stack_tx().
 *
 * A stack belongs to one thread at a time; no call locks, and none notices another thread. Several
 * stacks may live in one process, and on one thread. The same inputs give the same packets.
 */
#ifndef THOLE_STACK_H
#define THOLE_STACK_H

#include <rte_ether.h>
#include <rte_mbuf.h>

#include <thole/rss.h>
#include <thole/stats.h>
#include <thole/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct thole_stack;

/** @p count addresses of ours, one after the other from @p first, on a link with this prefix. */
struct thole_address {
	struct thole_addr first; /**< IPv4 */
	uint32_t count;		 /**< at least 1 */
	uint8_t prefix_len;	 /**< bits of the IPv4 address: 0 to 32 */
};

/** What the driver of a stack does for it. */
enum thole_offload {
	/** ol_flags of received packets say whether IP and TCP checksums are good or bad; believe
	   them. */
	THOLE_OFFLOAD_RX_CSUM = 1 << 0,
	/** IP and TCP checksums of sent packets are asked for with ol_flags and filled in later. */
	THOLE_OFFLOAD_TX_CSUM = 1 << 1,
	/** Received packets are taken as good without a look at their checksums or ol_flags. */
	THOLE_OFFLOAD_RX_TRUST = 1 << 2,
};

/** Congestion control. */
enum thole_cc {
	THOLE_CC_CUBIC,	  /**< RFC 9438 */
	THOLE_CC_NEWRENO, /**< RFC 5681, RFC 6582 */
	THOLE_CC_DCTCP,	  /**< RFC 8257; only in a network that marks for it, and with ecn */
	THOLE_CC_COUNT,	  /**< how many there are */
};

/** SYN cookies: handshakes of peers that take no memory (RFC 4987, 3.6). */
enum thole_syn_cookies {
	THOLE_SYN_COOKIES_OFF,	  /**< never: SYNs beyond max_embryos are dropped */
	THOLE_SYN_COOKIES_AUTO,	  /**< from 3/4 of max_embryos in use until half are free again */
	THOLE_SYN_COOKIES_ALWAYS, /**< for tests */
	THOLE_SYN_COOKIES_COUNT,  /**< how many there are */
};

/** TCP's constants; thole_stack_config_init() fills in the defaults given here. No time may be
 * longer than a day, unless said otherwise. */
struct thole_tcp_params {
	uint64_t msl_ns;	 /**< maximum segment lifetime: 30 s (RFC 9293 says 2 min) */
	uint64_t rto_initial_ns; /**< 1 s (RFC 6298, 2.1) */
	uint64_t rto_min_ns; /**< least variance term of the RTO: 200 ms (RFC 6298 says RTO >= 1 s)
			      */
	uint64_t rto_max_ns; /**< 60 s at least (RFC 6298, 2.5): 120 s */
	uint64_t syn_give_up_ns; /**< R2 for SYN: 3 min (RFC 9293, 3.8.3) */
	/** R2 for data and FIN: 15 min (RFC 9293, 3.8.3: 100 s at least); all that TCP has after
	 * CLOSE */
	uint64_t give_up_ns;
	uint64_t syn_ack_give_up_ns; /**< an embryo's life: 3 min (RFC 9293, 3.8.3, as for a SYN);
					at most an hour */
	uint64_t orphan_ns;	     /**< FIN-WAIT-2, LAST-ACK, zero window after close: 60 s */
	uint64_t delayed_ack_ns;     /**< 40 ms (RFC 9293, 3.8.6.3: under 500 ms); 0: acknowledge at
					once */
	/** What a tail loss probe allows a peer for its delayed ACK: 40 ms (RFC 8985, 7.2) */
	uint64_t peer_delayed_ack_ns;
	uint32_t sndbuf_bytes; /**< send credit of a connection: 4 MiB */
	/** Bound of the receive window, which grows as the application keeps up: 4 MiB. It also
	 * sets the window scale that is offered. */
	uint32_t rcvbuf_bytes;
	uint16_t mss;	   /**< MSS offered; 0: the MTU less 40 (RFC 9293, 3.7.1) */
	bool no_delay;	   /**< Nagle's algorithm off from the start: false */
	bool window_scale; /**< offered, and taken when offered (RFC 7323, 2): true */
	bool timestamps;   /**< likewise (RFC 7323, 3): true */
	bool sack;	   /**< likewise (RFC 2018): true */
	bool ecn;	   /**< asked for when we open (RFC 3168); answered in any case: false */
	uint8_t cc;	   /**< enum thole_cc: CUBIC */
	bool pacing;	   /**< data is spread over the round trip: false */
	uint64_t keepalive_ns; /**< silence before the first probe: 2 h (RFC 9293, 3.8.4) */
	uint64_t keepalive_interval_ns; /**< between probes: 75 s */
	uint8_t keepalive_probes;	/**< unanswered ones that end the connection: 9 */
	bool keepalive;			/**< on from the start: false */
	uint8_t ttl;			/**< of every segment: 64 (RFC 9293, 3.9.2) */
	uint8_t dscp; /**< Differentiated Services code point, likewise: 0 to 63; 0 (RFC 2474) */
	/** enum thole_syn_cookies: AUTO */
	uint8_t syn_cookies;
	/** How long a router's word that a path is narrow is believed: 10 min (RFC 1191, 6.3); at
	 * least 5 (3); THOLE_NEVER: for good */
	uint64_t path_mtu_ns;
};

/** What a stack is made with; thole_stack_config_init() fills in the defaults given here. */
struct thole_stack_config {
	/** Where segments, replies and copies of data are allocated; rooms of at least 256 B.
	 * Required. */
	struct rte_mempool *pool;
	/** Gives zeroed memory, or NULL. Both NULL: the C library's. Called by create and destroy
	 * only. */
	void *(*alloc)(void *ctx, size_t bytes, size_t align);
	void (*free)(void *ctx, void *mem, size_t bytes); /**< takes it back, with the same size */
	void *alloc_ctx;				  /**< the argument of both */

	uint8_t core;			       /**< number of this stack in its handles */
	struct rte_ether_addr mac;	       /**< ours */
	uint16_t mtu;			       /**< of the IP packet: 1500 */
	uint32_t offloads;		       /**< enum thole_offload, ored: 0 */
	const struct thole_address *addresses; /**< copied; required */
	uint16_t nb_addresses;		       /**< entries of addresses: at least 1 */
	/** Room for as many ranges of addresses, thole_stack_address_add()'s among them; 0, or
	 * fewer than nb_addresses: that many. */
	uint16_t max_addresses;
	struct thole_addr gateway; /**< default route; any: none */
	/**
	 * The addresses are ours alone: answer UDP and unknown protocols with ICMP errors (RFC
	 * 1122, 3.2.2.1) instead of handing them back. false: only ARP, ICMP echo and errors, and
	 * TCP are taken.
	 */
	bool exclusive;

	uint32_t max_conns;	/**< TCBs: 65,536; at most 2^24 */
	uint32_t max_embryos;	/**< handshakes of peers: 16,384 */
	uint32_t max_time_wait; /**< tombstones: 262,144; at most 2^30 */
	/** Connections with data on the way, unless it is one small segment; 0: max_conns. */
	uint32_t max_flights;
	uint32_t max_segments;	 /**< segments on the way, of all connections: 262,144 */
	uint32_t max_listeners;	 /**< 256; at most 65,534 */
	uint32_t max_neighbours; /**< 4,096; at most 65,534 */
	/** mbufs that receive and reassembly queues may hold together; 0: half of the pool's size.
	 */
	uint32_t max_rx_held;
	/** Memory for THOLE_OPT_COUNTERS, 320 B for each of max_conns: false. */
	bool counters;
	uint16_t port_min; /**< ephemeral ports: 32,768 */
	uint16_t port_max; /**< to 60,999 */
	/**
	 * Several stacks share the addresses, and a connection is the one's whose core number this
	 * says: source ports are chosen so that the answer comes to this stack, and CONNECT from a
	 * given one that makes another the owner is refused. Read by create only. NULL: all are
	 * ours.
	 */
	const struct thole_rss *rss;

	/** Keys initial sequence numbers (RFC 6528) and the tables' hash: must be random and kept.
	 */
	uint64_t secret[2];
	/** Seeds what need only be hard to guess from outside: ports. */
	uint64_t seed;

	uint64_t arp_reachable_ns; /**< an entry is believed for: 30 s; then asked again in use */
	uint64_t arp_retry_ns;	   /**< between requests: 1 s (RFC 1122, 2.3.2.1); at most a day */
	uint8_t arp_tries;	   /**< requests before -EHOSTUNREACH: 3 */

	/**
	 * Called in an application's thread after thole_app_submit() has put ops into its ring, so
	 * that a stack's thread can be woken which sleeps: a worker sets it. By several threads at
	 * once. Or NULL.
	 */
	void (*ops_queued)(void *ctx);
	void *ops_queued_ctx; /**< ops_queued's argument */

	struct thole_tcp_params tcp; /**< TCP's constants */
};

/** Fills in every default; secret and seed stay 0, pool and addresses NULL. Any
 * thread. */
THOLE_API void thole_stack_config_init(struct thole_stack_config *config);

/**
 * Makes a stack. All its memory is allocated here. In any thread: the stack belongs to the one that
 * calls it next.
 * @return 0; -EINVAL for a value out of range, and @p why (if not NULL) then names it in static
 * text; -ENOMEM.
 */
THOLE_API int thole_stack_create(
	const struct thole_stack_config *config, struct thole_stack **out, const char **why);

/**
 * Frees a stack with all connections, unsaid to the peers, and every mbuf it holds. Its application
 * contexts must be gone. To have them finish first, or the peers told, see thole_stack_drain(). In
 * its thread, or after that has stopped.
 */
THOLE_API void thole_stack_destroy(struct thole_stack *stack);

/**
 * Takes a burst of received packets in the order of arrival. A packet is consumed (and is the
 * stack's), or handed back untouched in @p rejects because it isn't for this stack: another
 * destination address, a protocol it doesn't speak. ARP packets that may matter to others are
 * heeded and handed back. In the stack's thread.
 * @param stack the stack.
 * @param now_ns the time, ns; one before the last call's counts as that.
 * @param pkts Ethernet frames, from data_off on; nb_segs is true, so next is NULL where it is
 * 1, as in all of DPDK's mbufs. Ownership passes for all but the rejects.
 * @param n how many.
 * @param rejects room for @p n.
 * @return the number of rejects.
 */
THOLE_API uint16_t thole_stack_rx(struct thole_stack *stack, uint64_t now_ns,
	struct rte_mbuf **pkts, uint16_t n, struct rte_mbuf **rejects);

/** Takes the ops that applications queued, and fires what is due at @p now_ns. In the stack's
 * thread. */
THOLE_API void thole_stack_run(struct thole_stack *stack, uint64_t now_ns);

/**
 * Builds the packets that are owed, at most @p max: what there is no room for stays owed and costs
 * nothing. The packets belong to the caller, who must not modify them (their payload may be shared,
 * and the first mbuf be an indirect one: who has a VLAN tag to insert needs an mbuf of his own in
 * front, and a device that takes one mbuf a packet, such as net_af_xdp, maybe a copy) and may drop
 * them. In the stack's thread.
 * @return the number of packets in @p out.
 */
THOLE_API uint16_t thole_stack_tx(
	struct thole_stack *stack, uint64_t now_ns, struct rte_mbuf **out, uint16_t max);

/**
 * Makes @p address ours, too, while the stack works: from the next rx on; listeners at any address
 * hear there. It is copied. In the stack's thread. Nobody is told: see thole_stack_announce().
 * Stacks that share their addresses (rss) must all do so.
 * @return 0; -EINVAL: no IPv4 addresses of hosts, or the gateway is among them; -EEXIST: some are
 * ours already; -ENOSPC: there are max_addresses ranges. The place of one that was removed is taken
 * if it had as many addresses, and once its connections are gone: RSTs sent, CLOSED read.
 */
THOLE_API int thole_stack_address_add(
	struct thole_stack *stack, const struct thole_address *address);

/**
 * Ends the range of addresses that begins with @p first: packets for them are handed back from the
 * next rx on. Listeners there close, connections are reset (CLOSED with -EADDRNOTAVAIL; the RSTs
 * come with the next tx), handshakes and TIME-WAITs are forgotten. In the stack's thread. Walks all
 * records.
 * @return 0; -EADDRNOTAVAIL: no range of ours begins so; -EBUSY: it is the last one.
 */
THOLE_API int thole_stack_address_remove(struct thole_stack *stack, const struct thole_addr *first);

/**
 * Announces @p addr, one of ours, to its link: the next thole_stack_tx() gives an ARP request for
 * it from itself, to all (RFC 5227, 3). Who has it with another hardware address, or a bridge that
 * has ours at another port, learns better. A stack does so only when told: at the start, where the
 * last one had another MAC, and when it takes over an address from somebody else.
 * In the stack's thread.
 * @return 0; -EADDRNOTAVAIL: @p addr isn't ours; -EAGAIN: too many replies wait, call tx first;
 * -ENOBUFS: no mbuf.
 */
THOLE_API int thole_stack_announce(struct thole_stack *stack, const struct thole_addr *addr);

/**
 * When thole_stack_run() or thole_stack_tx() next has something to do unless a packet or an op
 * comes first: ns, by the clock of @p now_ns. It may be early, never late. 0: now; THOLE_NEVER. In
 * the stack's thread.
 */
THOLE_API uint64_t thole_stack_next_deadline(const struct thole_stack *stack);

/** What has to finish before a stack can go in peace, or was cut off. TIME-WAIT isn't: it has said
 * all, and waits for nobody. */
struct thole_left {
	uint32_t open; /**< connections that an application has, or is about to hear of */
	uint32_t
		orphans; /**< that are closed, or whose context has gone, and TCP isn't done with */
	uint32_t handshakes;	/**< of peers, under way */
	uint64_t unsent_bytes;	/**< given to SEND, and never sent */
	uint64_t unacked_bytes; /**< sent, and not acknowledged */
};

/**
 * The beginning of a stack's end: nobody new. All contexts' listeners close, handshakes of peers
 * under way are dropped, and SYNs are answered by RST (RFC 9293, 3.10.7.1); LISTEN is refused with
 * -ESHUTDOWN. What is established goes on: it is ACCEPTED still, if it hasn't been, and CONNECT
 * opens more, since those under way may need it. There is no event that says so and no way back:
 * the caller has its applications finish, by a look now and then at thole_stack_left(), and
 * thole_stack_cut() ends what didn't. In the stack's thread; a second call does nothing.
 */
THOLE_API void thole_stack_drain(struct thole_stack *stack);

/**
 * Counts what is left, of all contexts. It looks at every connection: now and then is often enough.
 * In the stack's thread.
 * @param out may be NULL.
 * @return open + orphans + handshakes.
 */
THOLE_API uint32_t thole_stack_left(const struct thole_stack *stack, struct thole_left *out);

/**
 * ABORTs every connection that isn't over, of all contexts, orphans too, after what
 * thole_stack_drain() does (RFC 9293, 3.10.5). Applications get CLOSED with -ECONNABORTED, after
 * what they haven't read; a CONNECT from here on ends with -ESHUTDOWN. The RSTs are owed:
 * thole_stack_tx() gives them, and until it has, thole_stack_next_deadline() is 0. One whose next
 * hop's address isn't known isn't sent. It works on all of them before it returns: of millions that
 * is seconds. In the stack's thread.
 * @param out what was cut off; may be NULL.
 * @return open + orphans.
 */
THOLE_API uint32_t thole_stack_cut(struct thole_stack *stack, struct thole_left *out);

#ifdef __cplusplus
}
#endif
#endif
