/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * stack.h: the inside of struct thole_stack: one core's records, lists and clocks. Everything is
 * reached from here; nothing is global. A function that changed a TCB ends with conn_settle(),
 * which draws the consequences: lists, timer, table, end of life.
 */
#ifndef STACK_STACK_H
#define STACK_STACK_H

#include <rte_byteorder.h>

#include <thole/app.h>
#include <thole/stack.h>

#include "base/flow_hash.h"
#include "base/mbufs.h"
#include "base/owners.h"
#include "base/slab.h"
#include "stack/listener.h"
#include "stack/neigh.h"
#include "stack/table.h"
#include "stack/wheel.h"
#include "tcp/tcp.h"

#define APPS_MAX     64
#define APP_NONE     UINT8_MAX
#define REPLIES_MAX  256 /* a power of two */
#define EMBRYO_STEPS 8
#define LOCAL_NONE   UINT32_MAX /* no address of ours; for a listener: any */

/* A list linked by an index in each record. */
struct index_list {
	uint32_t head; /* SLAB_NONE: empty */
	uint32_t tail;
};

/*
 * Addresses of ours with consecutive indices, host order. One that was removed matches nothing, but
 * keeps its indices for as long as a record has one of them.
 */
struct local_range {
	uint32_t first;
	uint32_t count; /* 0: removed */
	uint32_t base;	/* index of the first */
	uint32_t width; /* indices */
	uint32_t net;
	uint32_t mask;
	uint32_t host; /* the bits that tell hosts of the link apart; 0: all of them are hosts */
};

/* An application context, as the stack sees it. */
struct client {
	bool used;
	uint16_t life;		      /* counts those who had the place */
	struct tcp_settings settings; /* of what it opens */
	struct index_list ready;      /* TCBs with events */
	uint32_t parting; /* of these: the last behind which none is another context's; SLAB_NONE:
			     all are its own */
	void (*take_ops)(void *ctx);
	void (*give_events)(void *ctx);
	void *ctx;
};

/* Tokens for what is sent at a bounded rate. */
struct limiter {
	uint64_t last_ns;
	uint32_t tokens;
};

/* How far a stack is with its end (drain.c). */
enum ending {
	ENDING_NOT,
	ENDING_DRAINS, /* nobody is accepted, nor may anybody listen */
	ENDING_CUT,    /* all were reset, and nobody may connect */
};

/* A connection that is over, by its key's hash. */
struct cookie_end {
	uint32_t hash;
	uint32_t until_ms;
};

/* SYN cookies. */
struct cookies {
	struct cookie_end *ends; /* by hash, as many as embryos at least */
	uint32_t nb_ends;	 /* a power of two */
	uint64_t secret[2];
	uint64_t until_ns; /* from here on none that was sent is good; 0: none was sent */
	uint32_t from;	   /* embryos in use: below it none is wanted, and there is room */
	bool on;
};

#define PORT_COUNTERS 1024

/*
 * Of a stack that shares its addresses: ephemeral ports by what they contribute to the hash, so
 * that those which make a flow ours are had by an exclusive or.
 */
struct port_shares {
	struct owners owners;
	uint16_t own[THOLE_RSS_RETA_MAX]; /* the table's entries that are ours */
	uint32_t nb_own;
	uint32_t most;				/* ports that any part has */
	uint32_t first[THOLE_RSS_RETA_MAX + 1]; /* by part: its first in ports */
	uint16_t ports[];
};

struct thole_stack {
	struct tcp_env env;
	struct table table;
	struct slab tcbs;
	struct slab embryos;
	struct slab tombstones;
	struct slab flights;
	struct slab segments;
	struct wheel wheel;
	struct index_list out_tcbs;
	struct index_list out_embryos;
	uint64_t arm_later_ns;	     /* until then output may wait unarmed; 0: it mayn't */
	struct index_list wait_tcbs; /* for a next hop's hardware address */
	struct index_list wait_embryos;
	struct index_list embryo_fifo[EMBRYO_STEPS];
	uint32_t embryo_wait_ms[EMBRYO_STEPS];
	uint32_t embryos_run_ms; /* in this one it was looked who has waited */
	struct index_list time_wait;
	struct rte_mbuf *replies[REPLIES_MAX]; /* stateless ones, complete */
	uint32_t replies_head;
	uint32_t replies_n;
	struct local_range *locals;
	uint16_t nb_locals;
	uint8_t ending;	     /* enum ending */
	uint32_t gateway_be; /* 0: none */
	struct listener *listeners;
	uint16_t *listener_at; /* by port: first listener; 0: none */
	uint16_t listener_free;
	struct neigh_table neighs;
	struct client clients[APPS_MAX];
	uint8_t clients_end; /* none from here on was ever used */
	struct limiter icmp_limiter;
	struct cookies cookies;
	uint64_t prng;
	uint32_t port_counters[PORT_COUNTERS]; /* RFC 6056, 3.3.4 */
	struct port_shares *shares;	       /* NULL: alone */
	uint32_t max_orphans;
	uint32_t unfinished_at; /* no TCB from where drain_is_over() began to here is left */
	struct flow_hash hash;	/* the table's */
	uint64_t mac;		/* wire_get_mac() of ours */
	struct wire_path path;	/* what all segments have: source, TTL, DSCP, checksums */
	struct mem mem;
	struct mbufs mbufs;
	struct thole_stats stats;
	struct thole_stack_config cfg;
};

static inline struct tcb *
stack_tcb(const struct thole_stack *s, uint32_t i)
{
	return (struct tcb *)(void *)s->tcbs.base + i;
}

static inline struct embryo *
stack_embryo(const struct thole_stack *s, uint32_t i)
{
	return (struct embryo *)(void *)s->embryos.base + i;
}

static inline struct tombstone *
stack_tombstone(const struct thole_stack *s, uint32_t i)
{
	return (struct tombstone *)(void *)s->tombstones.base + i;
}

static inline uint32_t
tcb_index(const struct thole_stack *s, const struct tcb *t)
{
	return (uint32_t)(t - (const struct tcb *)(const void *)s->tcbs.base);
}

static inline uint32_t
stack_hash(const struct thole_stack *s, const struct flow_key *key)
{
	return flow_hash(&s->hash, key);
}

/** Time doesn't go back, whatever the caller says. */
static inline void
stack_clock(struct thole_stack *s, uint64_t now_ns)
{
	if (now_ns > s->env.now_ns)
		tcp_env_clock(&s->env, now_ns);
}

/* The IPv4 address that @p a maps, host order. */
static inline uint32_t
ip4_of(const struct thole_addr *a)
{
	uint32_t be;

	memcpy(&be, &a->b[12], sizeof(be));
	return rte_be_to_cpu_32(be);
}

/* Makes @p a the address that maps the IPv4 address @p be. */
static inline void
ip4_set(struct thole_addr *a, uint32_t be)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	memcpy(a->b, mapped, sizeof(mapped));
	memcpy(&a->b[12], &be, sizeof(be));
}

/* stack.c: as it is while nobody has it. */
void clear_client(struct client *client);

/* config.c */
const char *config_fault(const struct thole_stack_config *c);
const char *config_address_fault(const struct thole_address *a);

/* local.c: our addresses, and the way to others. */
int local_init(struct thole_stack *s);
uint32_t local_find_further(const struct thole_stack *s, uint32_t ip);

/* The index of an address, or LOCAL_NONE. The first range's base is 0. */
static inline uint32_t
local_find(const struct thole_stack *s, uint32_t ip_be)
{
	uint32_t ip = rte_be_to_cpu_32(ip_be), off = ip - s->locals[0].first;

	return likely(off < s->locals[0].count) ? off : local_find_further(s, ip);
}

static inline uint32_t
local_ip_be(const struct thole_stack *s, uint32_t index)
{
	const struct local_range *r = s->locals;

	while (index - r->base >= r->width)
		r++;
	return rte_cpu_to_be_32(r->first + (index - r->base));
}

static inline const struct local_range *
local_on_link(const struct thole_stack *s, uint32_t ip)
{
	for (uint16_t i = 0; i < s->nb_locals; i++)
		if ((ip & s->locals[i].mask) == s->locals[i].net)
			return &s->locals[i];
	return NULL;
}

/*
 * Whether @p ip, which is on the link, is the link's own broadcast address: all ones behind the
 * prefix (RFC 1122, 3.2.1.3), or in its old form all zeros (3.3.6). A link of two hosts has none
 * (RFC 3021, 2.1).
 */
static inline bool
range_is_broadcast(const struct local_range *r, uint32_t ip)
{
	return ((ip + 1) & r->host) <= 1 && r->host != 0;
}

/* Of any link of ours. */
static inline bool
local_is_broadcast(const struct thole_stack *s, uint32_t ip_be)
{
	uint32_t ip = rte_be_to_cpu_32(ip_be);

	for (uint16_t i = 0; i < s->nb_locals; i++)
		if ((ip & s->locals[i].mask) == s->locals[i].net &&
			range_is_broadcast(&s->locals[i], ip))
			return true;
	return false;
}

enum local_place {
	PLACE_BEYOND, /* on no link of ours */
	PLACE_LINK,
	PLACE_NO_PEER, /* no host that could be at a connection's other end */
};

/** What an address is to us. A broadcast address is no peer (RFC 1122, 3.2.1.3), nor is one of
 * ours, as a LAND attack has it (RFC 9293, 3.9.2.3). */
static inline enum local_place
local_place(const struct thole_stack *s, uint32_t ip_be)
{
	const uint32_t ip = rte_be_to_cpu_32(ip_be);
	const struct local_range *r = s->locals, *end = r + s->nb_locals;
	enum local_place place = PLACE_BEYOND;

	do { /* there is one at least */
		if (unlikely(ip - r->first < r->count))
			return PLACE_NO_PEER;
		if ((ip & r->mask) != r->net)
			continue;
		if (unlikely(range_is_broadcast(r, ip)))
			return PLACE_NO_PEER;
		place = PLACE_LINK;
	} while (++r < end);
	return place;
}

static inline bool
local_is_no_peer(const struct thole_stack *s, uint32_t ip_be)
{
	return local_place(s, ip_be) == PLACE_NO_PEER;
}

/* Next hop towards @p dst_be (RFC 1122, 3.3.1.1): itself if on-link, else the gateway; 0: no route.
 */
static inline uint32_t
route_next_hop(const struct thole_stack *s, uint32_t dst_be)
{
	return local_on_link(s, rte_be_to_cpu_32(dst_be)) != NULL ? dst_be : s->gateway_be;
}

/* The address that we use towards @p dst_be. */
uint32_t route_source(const struct thole_stack *s, uint32_t dst_be);

/* neigh.c: next hops' hardware addresses; arp_in.c: ARP packets. */
int neigh_init(struct thole_stack *s);
void neigh_fini(struct thole_stack *s);
static inline uint16_t *
neigh_head(const struct thole_stack *s, uint32_t ip_be)
{
	/* Multiply-add-shift by a secret is strongly universal (Dietzfelbinger, 1996): two
	 * addresses that somebody picks share a chain no more often than chance has it. */
	uint64_t h = ip_be * s->neighs.hash_key[0] + s->neighs.hash_key[1];

	return &s->neighs.heads[(h >> 32) & (s->neighs.nb_heads - 1)];
}

/* Where the entry for @p ip_be is, if there is one and it is the first of its chain; another one,
 * or NO_INDEX. */
static inline uint16_t
neigh_hint(const struct thole_stack *s, uint32_t ip_be)
{
	return *neigh_head(s, ip_be);
}

/* The entry for @p ip_be, made and asked for if there is none; @p hint is looked at first.
 * NO_INDEX: no room. */
uint16_t neigh_get_other(struct thole_stack *s, uint32_t ip_be, uint32_t laddr);
static inline uint16_t
neigh_get(struct thole_stack *s, uint32_t ip_be, uint16_t hint, uint32_t laddr)
{
	if (likely(hint != NO_INDEX && s->neighs.entries[hint].ip_be == ip_be))
		return hint;
	return neigh_get_other(s, ip_be, laddr);
}

/* Whether it can be sent to; asks again when its address is old. */
bool neigh_ready_other(struct thole_stack *s, struct neigh *e);
static inline bool
neigh_is_fresh(const struct thole_stack *s, const struct neigh *e)
{
	return e->state == NEIGH_REACHABLE &&
	       s->env.now_ns - e->confirmed_ns <= s->cfg.arp_reachable_ns;
}

static inline bool
neigh_ready(struct thole_stack *s, uint16_t i)
{
	struct neigh *e = &s->neighs.entries[i];

	if (likely(neigh_is_fresh(s, e))) {
		e->used = true;
		return true;
	}
	return neigh_ready_other(s, e);
}

/* Sends the packet, whose Ethernet destination is missing, or keeps it until it can be; or drops
 * it. */
void neigh_send(struct thole_stack *s, uint16_t i, struct rte_mbuf *m);
uint16_t neigh_find(const struct thole_stack *s, uint32_t ip_be);
void neigh_learn(struct thole_stack *s, uint16_t i, const struct rte_ether_addr *mac);
/* Learns of one who asked for our address @p laddr, if there is room. */
void neigh_meet(
	struct thole_stack *s, uint32_t ip_be, uint32_t laddr, const struct rte_ether_addr *mac);
void neigh_run(struct thole_stack *s);
bool arp_input(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail);

/* reply.c: packets that no connection owes. */
void reply_push(struct thole_stack *s, struct rte_mbuf *m);
void reply_rst(struct thole_stack *s, const struct seg *seg);
/* @return false: dropped, and counted. */
bool reply_segment(struct thole_stack *s, const struct flow_key *key, uint16_t neigh,
	uint8_t profile, const struct tcp_out *out);
bool limiter_take(struct thole_stack *s, struct limiter *l, uint32_t per_s);

/* icmp_in.c. @return whether the mbuf was kept. */
bool icmp_input(struct thole_stack *s, struct rte_mbuf *m, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip);
void icmp_unreachable(struct thole_stack *s, uint8_t code, const uint8_t *h, uint32_t avail,
	const struct ip4_pkt *ip);

/* demux.c: a segment without a record. seg->m is NULL afterwards if it was kept. */
void demux_stranger(struct thole_stack *s, struct seg *seg);

/* conn.c: TCBs. */
uint32_t conn_alloc(struct thole_stack *s, const struct flow_key *key, uint8_t app,
	const struct tcp_settings *set);
static inline void conn_settle(struct thole_stack *s, struct tcb *t);
/* The timer is due no later than the TCB's earliest deadline. */
void conn_arm(struct thole_stack *s, struct tcb *t);
/* Those whose output waits are armed, too, once it has waited for so long, and before anything is
 * due: without mbufs, or a caller who has room, a connection is given up as well. */
void conn_arm_owing(struct thole_stack *s);
/* Gives back record @p i, @p t, of a connection that is over once all have heard of it. */
static inline void
conn_free_if_done(struct thole_stack *s, uint32_t i, struct tcb *t)
{
	if (t->events != 0 || tcb_owes(t) || t->out_next != NOT_LISTED ||
		t->ready_next != NOT_LISTED)
		return;
	if (unlikely(t->rcv_head != NULL)) /* the other queues went when it became CLOSED */
		tcp_forget_received(&s->env, t);
	tcp_profile_drop(&s->env, t->profile);
	t->generation++;
	t->app = APP_NONE;
	s->stats.conns--;
	slab_put_record(&s->tcbs, i, t);
}

/* Nobody will read the events of a connection that is over. */
static inline void
conn_release(struct thole_stack *s, struct tcb *t)
{
	t->events = 0;
	conn_free_if_done(s, tcb_index(s, t), t);
}

static inline thole_conn
conn_handle_at(const struct thole_stack *s, uint32_t i, const struct tcb *t)
{
	return (uint64_t)s->cfg.core << 56 | (uint64_t)i << 32 | t->generation;
}

static inline thole_conn
conn_handle(const struct thole_stack *s, const struct tcb *t)
{
	return conn_handle_at(s, tcb_index(s, t), t);
}

/* NULL: stale, or another context's. */
static inline struct tcb *
conn_find(const struct thole_stack *s, thole_conn handle, uint8_t app)
{
	/* Another core's are beyond any index, of 24 bits. */
	uint32_t i = (uint32_t)(handle >> 32) - ((uint32_t)s->cfg.core << 24);
	struct tcb *t;

	if (i >= s->tcbs.fresh)
		return NULL;
	t = stack_tcb(s, i);
	return t->generation == (uint32_t)handle && t->app == app ? t : NULL;
}

/* Everything below TCP for a segment to @p key by way of @p e. */
static inline void
conn_path_by(const struct thole_stack *s, const struct flow_key *key, const struct neigh *e,
	struct wire_path *path)
{
	_Static_assert(offsetof(struct neigh, ours) == offsetof(struct neigh, mac) + 6 &&
			       offsetof(struct wire_path, src_be) == 6 + sizeof(e->ours),
		"a frame's beginning is copied as one");
	memcpy(path, (const uint8_t *)e + offsetof(struct neigh, mac),
		sizeof(e->mac) + sizeof(e->ours));
	path->src_be = local_ip_be(s, key->laddr);
	path->dst_be = flow_raddr_ip4(key);
	path->how = s->path.how;
}

/* When the record doesn't know its next hop, or that isn't reachable without more ado. */
bool conn_path_find(
	struct thole_stack *s, const struct flow_key *key, uint16_t *neigh, struct wire_path *path);
/* Everything below TCP for a segment to @p key, whose record has the hint @p neigh. @return false:
 * its next hop isn't known (yet). */
static inline bool
conn_path(
	struct thole_stack *s, const struct flow_key *key, uint16_t *neigh, struct wire_path *path)
{
	const uint32_t dst_be = flow_raddr_ip4(key);
	struct neigh *e = &s->neighs.entries[*neigh];

	/* Whoever has an entry is on a link: what is for him needs no route. */
	if (unlikely(*neigh == NO_INDEX ||
		     (e->ip_be != dst_be && e->ip_be != route_next_hop(s, dst_be)) ||
		     !neigh_is_fresh(s, e)))
		return conn_path_find(s, key, neigh, path);
	e->used = true;
	conn_path_by(s, key, e, path);
	return true;
}

/* What was set of it goes before what the stack has. */
static inline void
conn_path_profile(const struct thole_stack *s, uint8_t profile, struct wire_path *path)
{
	if (unlikely(profile != 0)) {
		path->tos = s->env.profiles[profile].tos;
		path->ttl = s->env.profiles[profile].ttl;
	}
}

static inline void
conn_endpoints(const struct thole_stack *s, const struct tcb *t, struct thole_endpoint *local,
	struct thole_endpoint *remote)
{
	ip4_set(&local->addr, local_ip_be(s, t->key.laddr));
	local->port = t->key.lport;
	memcpy(&remote->addr, t->key.raddr, sizeof(remote->addr));
	remote->port = t->key.rport;
}

/* An OPEN that has been looked at: what doesn't change until its turn. */
struct opening {
	struct flow_key key; /* lport 0: any */
	uint32_t hash;	     /* of the key, if it has a port */
	uint32_t hop_be;
	int error; /* 0, or why there won't be a connection */
};

/* connect.c, ports.c. @return 0 or negative errno. */
void conn_look_ahead(struct thole_stack *s, const struct thole_endpoint *local,
	const struct thole_endpoint *remote, struct opening *o);
int conn_connect(
	struct thole_stack *s, uint8_t app, struct opening *o, uint64_t user, struct tcb **out);
int ports_init(struct thole_stack *s);
void ports_fini(struct thole_stack *s);
int port_choose(struct thole_stack *s, struct flow_key *key);
/* Whether answers to it come to this stack. */
bool port_is_ours(const struct thole_stack *s, const struct flow_key *key);

/* listen.c */
int listen_init(struct thole_stack *s);
void listen_fini(struct thole_stack *s);
int listen_open(struct thole_stack *s, const struct listen_call *call);
int listen_close(struct thole_stack *s, uint8_t app, const struct thole_endpoint *local);
void listen_close_all(struct thole_stack *s, uint8_t app);
/* All listeners go; connections that wait to be accepted stay. */
void listen_drain(struct thole_stack *s);
/* Those at the local addresses @p base and the @p width - 1 after it. */
void listen_close_at(struct thole_stack *s, uint32_t base, uint32_t width);
uint16_t listen_find(const struct thole_stack *s, uint32_t laddr, uint16_t port);
/* For listener @p l, whose accept queue is full: the next that has a place among those that share
 * its endpoint; or NO_INDEX, and that is counted. */
uint16_t listen_other(struct thole_stack *s, uint16_t l);

/* embryos.c */
void embryos_init(struct thole_stack *s);
/* Whether the listener @p l, or one with which that shares, which @p l then is, takes a SYN now,
 * the way back to whose sender is by @p hop_be; if there is no place or no way back, that is
 * counted. */
static inline bool
embryo_welcome_by(struct thole_stack *s, uint32_t hop_be, uint16_t *l)
{
	/* With the accept queue full a handshake could not be completed: better the SYN comes
	 * again. */
	if (unlikely(s->listeners[*l].waiting >= s->listeners[*l].backlog)) {
		*l = listen_other(s, *l);
		if (*l == NO_INDEX)
			return false;
	}
	if (likely(hop_be != 0))
		return true;
	s->stats.rx_drop_route++;
	return false;
}

static inline bool
embryo_welcome(struct thole_stack *s, const struct seg *seg, uint16_t *l)
{
	return embryo_welcome_by(s, route_next_hop(s, flow_raddr_ip4(&seg->key)), l);
}

/* Whether another embryo may be had; if not, a SYN is counted as dropped. */
bool embryo_room(struct thole_stack *s);
/* @return NULL: no room in the table. */
struct embryo *embryo_open_by(
	struct thole_stack *s, uint32_t hop_be, const struct seg *seg, uint16_t listener);
static inline struct embryo *
embryo_open(struct thole_stack *s, const struct seg *seg, uint16_t listener)
{
	return embryo_open_by(s, route_next_hop(s, flow_raddr_ip4(&seg->key)), seg, listener);
}

void embryo_segment(struct thole_stack *s, uint32_t i, struct seg *seg);
void embryo_free(struct thole_stack *s, uint32_t i);
/* A TCB of a handshake that is complete, not yet in the table, in its listener's accept queue;
 * NULL: no room, which is counted. When its listener has none, one with which that shares may
 * become its listener. */
struct tcb *embryo_to_tcb(struct thole_stack *s, struct embryo *e);
void embryos_run(struct thole_stack *s);
uint64_t embryos_next(const struct thole_stack *s);

/* cookies.c: handshakes without embryos. */
int cookies_init(struct thole_stack *s);
void cookies_fini(struct thole_stack *s);
/* A peer's connection is over, of whose key @p hash is: its cookie brings no other one about. */
void cookies_spent(struct thole_stack *s, uint32_t hash);
/* Whether a SYN is to be answered with a cookie; cookies_syn() does. */
bool cookies_wanted(struct thole_stack *s);
void cookies_syn(struct thole_stack *s, const struct seg *seg, uint16_t listener);
/* @return whether @p seg, which has no record, brought a cookie back, or still may: it was dealt
 * with. */
bool cookies_ack(struct thole_stack *s, struct seg *seg);

/* tombstones.c */
/* A TCB in TIME-WAIT that the application is done with, and that owes nothing, is a tombstone. */
void time_wait_enter(struct thole_stack *s, struct tcb *t);
void time_wait_segment(struct thole_stack *s, uint32_t i, const struct seg *seg);
void time_wait_run(struct thole_stack *s);
/* Ends those of the local addresses @p base and the @p width - 1 after it. */
void time_wait_forget(struct thole_stack *s, uint32_t base, uint32_t width);
uint64_t time_wait_next(const struct thole_stack *s);

/*
 * First in, first out lists of records, linked by index: TCBs by out_next and ready_next, embryos
 * by out_next. A record knows whether it is in one.
 */
static inline bool
list_empty(const struct index_list *l)
{
	return l->head == SLAB_NONE;
}

/* Appends record @p i, whose link is @p link; @p last is the link of the list's tail, or anything
 * if it has none. */
static inline void
list_append(struct index_list *l, uint32_t i, uint32_t *link, uint32_t *last)
{
	*link = SLAB_NONE;
	if (l->head == SLAB_NONE)
		l->head = i;
	else
		*last = i;
	l->tail = i;
}

static inline void
list_advance(struct index_list *l, uint32_t *link)
{
	l->head = *link;
	*link = NOT_LISTED;
}

static inline void
list_push_out(struct thole_stack *s, struct index_list *l, struct tcb *t)
{
	if (t->out_next == NOT_LISTED)
		list_append(l, tcb_index(s, t), &t->out_next, &stack_tcb(s, l->tail)->out_next);
}

static inline struct tcb *
list_pop_out(struct thole_stack *s, struct index_list *l)
{
	struct tcb *t;

	if (list_empty(l))
		return NULL;
	t = stack_tcb(s, l->head);
	list_advance(l, &t->out_next);
	return t;
}

static inline void
list_push_ready(struct thole_stack *s, struct index_list *l, struct tcb *t)
{
	if (t->ready_next == NOT_LISTED)
		list_append(l, tcb_index(s, t), &t->ready_next, &stack_tcb(s, l->tail)->ready_next);
}

static inline struct tcb *
list_pop_ready(struct thole_stack *s, struct index_list *l)
{
	struct tcb *t;

	if (list_empty(l))
		return NULL;
	t = stack_tcb(s, l->head);
	list_advance(l, &t->ready_next);
	return t;
}

/* @p e is record @p i, and in no list. */
static inline void
list_append_embryo(struct thole_stack *s, struct index_list *l, uint32_t i, struct embryo *e)
{
	if (list_empty(l))
		l->head = i;
	else
		stack_embryo(s, l->tail)->out_next = i;
	l->tail = i;
	e->out_next = SLAB_NONE;
}

static inline void
list_push_embryo(struct thole_stack *s, struct index_list *l, uint32_t i)
{
	struct embryo *e = stack_embryo(s, i);

	if (e->out_next == NOT_LISTED)
		list_append_embryo(s, l, i, e);
}

static inline uint32_t
list_pop_embryo(struct thole_stack *s, struct index_list *l)
{
	uint32_t i = l->head;

	if (i != SLAB_NONE)
		list_advance(l, &stack_embryo(s, i)->out_next);
	return i;
}

#define CONN_ARM_OWING_NS (10 * TIME_MS)

/* Its place in the lists of who has events and of who has output. */
static inline void
conn_settle_lists(struct thole_stack *s, struct tcb *t)
{
	if (t->events != 0) {
		if (unlikely(t->app == APP_NONE))
			t->events = 0;
		else
			list_push_ready(s, &s->clients[t->app].ready, t);
	}
	if (tcb_owes(t))
		list_push_out(s, &s->out_tcbs, t);
}

/* A deadline that moves later touches no wheel. What is sent has deadlines of its own: the wheel
 * waits for them where there is time, and while all output goes. */
static inline void
conn_settle_timer(struct thole_stack *s, struct tcb *t)
{
	uint64_t deadline = tcb_deadline(&s->env, t);

	if (deadline < t->timer.at_ns &&
		!(tcb_owes(t) && deadline > s->env.now_ns + CONN_ARM_OWING_NS &&
			s->env.now_ns < s->arm_later_ns))
		wheel_arm_entry(&s->wheel, tcb_index(s, t), &t->timer, deadline);
}

/* For what is over, or about to be. */
void conn_settle_last(struct thole_stack *s, struct tcb *t);

static inline void
conn_settle(struct thole_stack *s, struct tcb *t)
{
	_Static_assert(
		TCP_CLOSED == 0, "the states that end a connection are the first and the last");
	if ((t->flags & TF_DETACHED) != 0 || t->state == TCP_CLOSED ||
		(t->state == TCP_TIME_WAIT && !tcb_owes(t))) {
		conn_settle_last(s, t);
		return;
	}
	conn_settle_lists(s, t);
	conn_settle_timer(s, t);
}

/* A segment for @p t, and what follows from it. */
static inline void
conn_input(struct thole_stack *s, struct tcb *t, struct seg *seg)
{
	if (tcp_input(&s->env, t, seg) == REPLY_RST)
		reply_rst(s, seg);
	conn_settle(s, t);
}

/* lists.c */
/* Who waits for next hop @p neigh may try again, and who waits for an entry to be had at all. */
void list_wake_waiting(struct thole_stack *s, uint16_t neigh);

#endif
