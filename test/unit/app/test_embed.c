/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_embed.c: what a program that embeds stacks counts on: several of them share a thread, a pool
 * and bursts; what isn't theirs comes back untouched; and they can be made and ended again, however
 * their connections stand, with nothing left behind.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "../../script/frame.h"
#include "../test.h"
#include "base/time.h"
#include "pair.h"
#include "wire/tcp_parse.h"

#define POOL_MBUFS 2047
#define HELD_MAX   256
#define NET	   0x0a000000u
#define PORT	   80
#define ROUNDS	   (PAIR_SANITIZED ? 100 : 400)

struct node {
	struct thole_stack *stack;
	struct thole_app *app;
	struct thole_address address;
};

/* Two stacks of one thread, with one pool and one allocator. */
struct lan {
	struct rte_mempool *pool;
	struct node nodes[2];
	uint64_t now;
	size_t bytes_out;
	unsigned int blocks_out;
	unsigned int states; /* seen: a bit for each enum tcp_state */
	uint32_t nb_held;
	struct rte_mbuf *held[HELD_MAX]; /* a device still has them */
};

static void *
lan_alloc(void *ctx, size_t bytes, size_t align)
{
	struct lan *lan = ctx;
	void *p;

	if (posix_memalign(&p, align < sizeof(void *) ? sizeof(void *) : align, bytes) != 0)
		return NULL;
	memset(p, 0, bytes);
	lan->bytes_out += bytes;
	lan->blocks_out++;
	return p;
}

static void
lan_free(void *ctx, void *p, size_t bytes)
{
	struct lan *lan = ctx;

	lan->bytes_out -= bytes;
	lan->blocks_out--;
	free(p);
}

/* Node i is 10.0.0.(i + 1) with MAC 02:00:00:00:01:(i + 1), or all have the first's MAC. */
static void
node_up(struct lan *lan, unsigned int i, bool one_mac, uint32_t ring_entries)
{
	struct thole_app_config app = { .ring_entries = ring_entries };
	struct node *node = &lan->nodes[i];
	struct thole_stack_config c;

	node->address = (struct thole_address){ thole_addr_ip4(NET + 1 + i), 1, 24 };
	thole_stack_config_init(&c);
	c.pool = lan->pool;
	c.alloc = lan_alloc;
	c.free = lan_free;
	c.alloc_ctx = lan;
	c.core = (uint8_t)(i + 1);
	c.mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 1, one_mac ? 1 : (uint8_t)(i + 1) } };
	c.addresses = &node->address;
	c.nb_addresses = 1;
	c.secret[0] = 7 + i;
	c.secret[1] = 9;
	c.max_conns = 64;
	c.max_embryos = 64;
	c.max_time_wait = 64;
	c.max_segments = 256;
	c.max_listeners = 4;
	c.max_neighbours = 16;
	CU_ASSERT_EQUAL_FATAL(thole_stack_create(&c, &node->stack, NULL), 0);
	thole_stack_run(node->stack, lan->now);
	CU_ASSERT_EQUAL_FATAL(thole_app_create(node->stack, &app, &node->app), 0);
}

static void
node_down(struct node *node)
{
	thole_app_destroy(node->app);
	thole_stack_destroy(node->stack);
	*node = (struct node){ .stack = NULL };
}

/* What the node owes, at most @p max. */
static uint16_t
output(struct lan *lan, unsigned int i, struct rte_mbuf **pkts, uint16_t max)
{
	thole_stack_run(lan->nodes[i].stack, lan->now);
	return thole_stack_tx(lan->nodes[i].stack, lan->now, pkts, max);
}

static void
input(struct lan *lan, unsigned int i, struct rte_mbuf **pkts, uint16_t n)
{
	struct rte_mbuf *rejects[64];

	n = thole_stack_rx(lan->nodes[i].stack, lan->now, pkts, n, rejects);
	rte_pktmbuf_free_bulk(rejects, n);
}

/* Nothing arrives, but a device may hold it for long. */
static void
lose(struct lan *lan, unsigned int i)
{
	struct rte_mbuf *pkts[64];
	uint16_t n;

	while ((n = output(lan, i, pkts, RTE_DIM(pkts))) != 0)
		for (uint16_t k = 0; k < n; k++) {
			if (lan->nb_held < HELD_MAX)
				lan->held[lan->nb_held++] = pkts[k];
			else
				rte_pktmbuf_free(pkts[k]);
		}
}

/* Node @p i's output reaches the other, but for the first @p skip frames. */
static void
carry(struct lan *lan, unsigned int i, uint16_t skip)
{
	struct rte_mbuf *pkts[64];
	uint16_t n = output(lan, i, pkts, RTE_DIM(pkts));

	skip = skip < n ? skip : n;
	rte_pktmbuf_free_bulk(pkts, skip);
	input(lan, !i, pkts + skip, (uint16_t)(n - skip));
}

static void
settle(struct lan *lan)
{
	for (unsigned int k = 0; k < 40; k++)
		carry(lan, k & 1, 0);
}

static void
op(struct lan *lan, unsigned int i, const struct thole_op *what)
{
	CU_ASSERT_EQUAL_FATAL(thole_app_submit(lan->nodes[i].app, what, 1), 1);
	thole_stack_run(lan->nodes[i].stack, lan->now);
}
#define OP(lan, i, ...) op((lan), (i), &(struct thole_op){ __VA_ARGS__ })

static void
send_bytes(struct lan *lan, unsigned int i, thole_conn conn, uint32_t bytes)
{
	static const uint8_t text[8000];

	CU_ASSERT_EQUAL_FATAL(
		thole_app_send_copy(lan->nodes[i].app, conn, lan->pool, text, bytes), bytes);
	thole_stack_run(lan->nodes[i].stack, lan->now);
}

/* Reads events up to one of this type. */
static struct thole_event
until(struct lan *lan, unsigned int i, enum thole_event_type type)
{
	struct thole_event ev = { 0 };

	do {
		memset(&ev, 0, sizeof(ev));
		thole_stack_run(lan->nodes[i].stack, lan->now);
		CU_ASSERT_EQUAL_FATAL(thole_app_events(lan->nodes[i].app, &ev, 1), 1);
		if (ev.type == THOLE_EV_DATA)
			rte_pktmbuf_free(ev.mbuf);
	} while (ev.type != type);
	return ev;
}

static void
start_connect(struct lan *lan, uint32_t ip, uint16_t port)
{
	OP(lan, 0, .type = THOLE_OP_CONNECT, .remote = { thole_addr_ip4(ip), port });
}

static void
open_conn(struct lan *lan, thole_conn conn[2])
{
	start_connect(lan, NET + 2, PORT);
	settle(lan);
	conn[0] = until(lan, 0, THOLE_EV_CONNECTED).conn;
	conn[1] = until(lan, 1, THOLE_EV_ACCEPTED).conn;
}

static void
close_conn(struct lan *lan, unsigned int i, thole_conn conn)
{
	OP(lan, i, .type = THOLE_OP_CLOSE, .conn = conn);
}

/* Those that are over are no more to be seen, the handles' generation says. */
static void
see(struct lan *lan, unsigned int i)
{
	const struct thole_stack *s = lan->nodes[i].stack;

	for (uint32_t k = 0; k < s->tcbs.fresh; k++)
		lan->states |= 1u << stack_tcb(s, k)->state;
	if (s->stats.embryos != 0)
		lan->states |= 1u << TCP_SYN_RECEIVED;
	if (s->stats.time_wait != 0)
		lan->states |= 1u << TCP_TIME_WAIT;
}

/* States that come about while packets arrive. */
static void
quiet_states(struct lan *lan, thole_conn conn[][2])
{
	for (unsigned int k = 0; k < 12; k++)
		open_conn(lan, conn[k]);
	send_bytes(lan, 0, conn[0][0], 3000); /* not read */
	send_bytes(lan, 1, conn[1][1], 3000);
	settle(lan);
	(void)until(lan, 0, THOLE_EV_DATA); /* read and not given back */
	OP(lan, 0, .type = THOLE_OP_SHUTDOWN, .conn = conn[2][0]);
	close_conn(lan, 0, conn[3][0]); /* FIN-WAIT-2 without an application */
	close_conn(lan, 0, conn[4][0]);
	settle(lan);
	close_conn(lan, 1, conn[4][1]); /* TIME-WAIT, a tombstone */
	settle(lan);
	OP(lan, 0, .type = THOLE_OP_SHUTDOWN, .conn = conn[5][0]);
	settle(lan);
	OP(lan, 1, .type = THOLE_OP_SHUTDOWN, .conn = conn[5][1]); /* and one with a TCB */
	settle(lan);
	OP(lan, 0, .type = THOLE_OP_ABORT, .conn = conn[6][0]); /* CLOSED isn't read */
	settle(lan);
}

/* And those in which something is missing. */
static void
torn_states(struct lan *lan, thole_conn conn[][2])
{
	struct rte_mbuf *pkts[64];
	uint16_t n;

	close_conn(lan, 0, conn[7][0]);
	close_conn(lan, 1, conn[7][1]);
	n = output(lan, 1, pkts, RTE_DIM(pkts)); /* FINs that cross */
	lose(lan, 0);
	input(lan, 0, pkts, n);
	close_conn(lan, 1, conn[2][1]); /* LAST-ACK */
	close_conn(lan, 0, conn[8][0]); /* FIN-WAIT-1 */
	send_bytes(lan, 0, conn[9][0], 6000);
	lose(lan, 0);
	lose(lan, 1);
	send_bytes(lan, 0, conn[10][0], 6000);
	carry(lan, 0, 1); /* behind a hole */
	lose(lan, 1);
	start_connect(lan, NET + 2, PORT);
	carry(lan, 0, 0); /* SYN-RECEIVED there, SYN-SENT here */
	lose(lan, 1);
	start_connect(lan, NET + 77, PORT); /* nobody answers ARP */
	lose(lan, 0);
	start_connect(lan, NET + 2, PORT + 1);
	carry(lan, 0, 0); /* a RST waits to be sent */
	start_connect(lan, NET + 2, PORT);
	send_bytes(lan, 1, conn[11][1], 4000); /* these are owed */
}

static const unsigned int every_state =
	1u << TCP_SYN_SENT | 1u << TCP_SYN_RECEIVED | 1u << TCP_ESTABLISHED | 1u << TCP_FIN_WAIT_1 |
	1u << TCP_FIN_WAIT_2 | 1u << TCP_CLOSE_WAIT | 1u << TCP_CLOSING | 1u << TCP_LAST_ACK |
	1u << TCP_TIME_WAIT;

/* One life of two stacks. What a device holds is given back before they end, or after. */
static void
live(struct lan *lan, unsigned int round)
{
	const unsigned int first = round >> 1 & 1;
	thole_conn conn[12][2];

	node_up(lan, 0, false, (round & 1) != 0 ? 64 : 0);
	node_up(lan, 1, false, (round & 1) != 0 ? 64 : 0);
	OP(lan, 1, .type = THOLE_OP_LISTEN, .bytes = 32, .local.port = PORT);
	quiet_states(lan, conn);
	torn_states(lan, conn);
	see(lan, 0);
	see(lan, 1);
	CU_ASSERT(lan->nodes[1].stack->replies_n != 0);
	CU_ASSERT(lan->nodes[1].stack->stats.rx_ooo_segs != 0);
	CU_ASSERT(lan->nb_held > 8);
	if (round % 3 == 0) { /* time passes: retransmissions, and some are given up */
		lan->now += 70 * TIME_S;
		lose(lan, 0);
		lose(lan, 1);
	}
	if (round % 5 == 0) {
		rte_pktmbuf_free_bulk(lan->held, lan->nb_held);
		lan->nb_held = 0;
	}
	node_down(&lan->nodes[first]);
	lose(lan, !first); /* the other one goes on */
	node_down(&lan->nodes[!first]);
	rte_pktmbuf_free_bulk(lan->held, lan->nb_held);
	lan->nb_held = 0;
}

static void
test_again_and_again(void)
{
	static struct lan lan;

	memset(&lan, 0, sizeof(lan));
	lan.pool = test_pool("embed-again", POOL_MBUFS);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		lan.states = 0;
		lan.now = (1000 + round) * TIME_S;
		live(&lan, round);
		CU_ASSERT_EQUAL_FATAL(lan.states & every_state, every_state);
		CU_ASSERT_EQUAL_FATAL(lan.blocks_out, 0);
		CU_ASSERT_EQUAL_FATAL(lan.bytes_out, 0);
		CU_ASSERT_EQUAL_FATAL(rte_mempool_avail_count(lan.pool), POOL_MBUFS);
	}
	rte_mempool_free(lan.pool);
}

/* --- One burst, two stacks -------------------------------------------------------------------- */

enum { FOR_A, FOR_B, FOR_NOBODY, OWNERS };

struct offered {
	struct rte_mbuf *pkts[64];
	struct rte_mbuf *copies[64];
	unsigned int owner[64];
	uint16_t n;
};

static void
offer(struct lan *lan, struct offered *o, unsigned int owner, const uint8_t *frame, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(lan->pool), *copy;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
	copy = rte_pktmbuf_copy(m, lan->pool, 0, UINT32_MAX);
	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	m->port = (uint16_t)owner; /* whatever a program keeps there is its own */
	m->hash.rss = o->n;
	o->owner[o->n] = owner;
	o->copies[o->n] = copy;
	o->pkts[o->n++] = m;
}

/* A host on the link: 10.0.0.100 with MAC 02:00:00:00:01:64, who writes to 10.0.0.(last). */
static struct frame_path
path_to(unsigned int owner, bool one_mac)
{
	return (struct frame_path){
		.src_mac = { 2, 0, 0, 0, 1, 100 },
		.dst_mac = { 2, 0, 0, 0, 1, one_mac ? 1 : (uint8_t)(owner + 1) },
		.src_ip = NET + 100,
		.dst_ip = NET + 1 + owner,
	};
}

/* For each of A, B and nobody: ARP to all, SYNs, a datagram; in turn. */
static void
fill_burst(struct lan *lan, struct offered *o, bool one_mac)
{
	static const uint8_t zero[6], all[6] = { 255, 255, 255, 255, 255, 255 };
	uint8_t frame[FRAME_MAX], udp[8] = { 0, 9, 0, 9, 0, 8 };

	o->n = 0;
	for (unsigned int owner = 0; owner < OWNERS; owner++) {
		struct frame_path path = path_to(owner, one_mac);

		memcpy(path.dst_mac, all, 6);
		offer(lan, o, owner, frame, frame_arp_build(frame, &path, 1, zero));
	}
	for (uint16_t k = 0; k < 15; k++) {
		struct frame_path path = path_to(k % OWNERS, one_mac);
		struct frame_tcp tcp = { .sport = (uint16_t)(2000 + k),
			.dport = PORT,
			.seq = 1000,
			.wnd = 65535,
			.flags = TCP_SYN };

		offer(lan, o, k % OWNERS, frame, frame_tcp_build(frame, &path, &tcp));
		offer(lan, o, FOR_NOBODY, frame,
			frame_ip_build(frame, &path, 17, udp, sizeof(udp)));
	}
}

/* What came back is what was offered to nobody, in order, as it was. */
static void
check_rest(const struct offered *o, struct rte_mbuf *const *rest, uint16_t n)
{
	uint16_t k = 0;

	for (uint16_t i = 0; i < o->n; i++) {
		const struct rte_mbuf *m = o->pkts[i], *copy = o->copies[i];

		if (o->owner[i] != FOR_NOBODY)
			continue;
		CU_ASSERT_FATAL(k < n);
		CU_ASSERT_PTR_EQUAL(rest[k++], m);
		CU_ASSERT_EQUAL(m->pkt_len, copy->pkt_len);
		CU_ASSERT_EQUAL(m->data_len, copy->data_len);
		CU_ASSERT_EQUAL(m->ol_flags, 0);
		CU_ASSERT_EQUAL(m->hash.rss, i);
		CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
		CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(copy, void *),
					m->data_len),
			0);
	}
	CU_ASSERT_EQUAL(k, n);
}

/* It answers for its own address, and only so. @return how many. */
static uint16_t
check_answers(struct lan *lan, unsigned int i)
{
	struct rte_mbuf *pkts[64];
	uint16_t n = output(lan, i, pkts, RTE_DIM(pkts));

	for (uint16_t k = 0; k < n; k++) {
		const uint8_t *f = rte_pktmbuf_mtod(pkts[k], const uint8_t *);
		const bool arp = frame_kind(f, pkts[k]->data_len) == FRAME_ARP;

		CU_ASSERT_EQUAL(f[5], 100); /* to the host */
		CU_ASSERT_EQUAL(get32(f + (arp ? 28 : 26)), NET + 1 + i);
	}
	rte_pktmbuf_free_bulk(pkts, n);
	return n;
}

/* @p order: who is asked first makes no difference. */
static void
share_burst(struct lan *lan, bool one_mac, unsigned int order)
{
	struct rte_mbuf *some[64], *rest[64];
	static struct offered o;
	uint16_t n;

	for (unsigned int i = 0; i < 2; i++) {
		node_up(lan, i, one_mac, 0);
		OP(lan, i, .type = THOLE_OP_LISTEN, .bytes = 32, .local.port = PORT);
	}
	fill_burst(lan, &o, one_mac);
	n = thole_stack_rx(lan->nodes[order].stack, lan->now, o.pkts, o.n, some);
	n = thole_stack_rx(lan->nodes[!order].stack, lan->now, some, n, rest);
	check_rest(&o, rest, n);
	rte_pktmbuf_free_bulk(rest, n);
	rte_pktmbuf_free_bulk(o.copies, o.n);
	for (unsigned int i = 0; i < 2; i++) {
		struct thole_stats stats;

		thole_stats_get(lan->nodes[i].stack, &stats);
		CU_ASSERT_EQUAL(stats.rx_arp_pkts, 1);
		CU_ASSERT_EQUAL(stats.rx_tcp_segs, 5);
		CU_ASSERT_EQUAL(stats.embryos, 5);
		CU_ASSERT_EQUAL(stats.rx_pkts - stats.rx_rejected, 6);
		CU_ASSERT_EQUAL(check_answers(lan, i), 6); /* ARP and SYN-ACKs */
	}
	node_down(&lan->nodes[0]);
	node_down(&lan->nodes[1]);
}

static void
test_one_burst(void)
{
	static struct lan lan;

	memset(&lan, 0, sizeof(lan));
	lan.now = 1000 * TIME_S;
	lan.pool = test_pool("embed-burst", POOL_MBUFS);
	for (unsigned int k = 0; k < 4; k++) {
		share_burst(&lan, (k & 1) != 0, k >> 1);
		CU_ASSERT_EQUAL(lan.bytes_out, 0);
		CU_ASSERT_EQUAL(rte_mempool_avail_count(lan.pool), POOL_MBUFS);
	}
	rte_mempool_free(lan.pool);
}

/* A handle says whose it is: another stack refuses it, and has no harm of it. */
static void
test_another_stacks_handle(void)
{
	static struct lan lan;
	thole_conn conn[2];
	struct thole_event ev;

	memset(&lan, 0, sizeof(lan));
	lan.now = 1000 * TIME_S;
	lan.pool = test_pool("embed-handle", POOL_MBUFS);
	node_up(&lan, 0, false, 0);
	node_up(&lan, 1, false, 0);
	OP(&lan, 1, .type = THOLE_OP_LISTEN, .bytes = 32, .local.port = PORT);
	open_conn(&lan, conn);
	OP(&lan, 0, .type = THOLE_OP_ABORT, .conn = conn[1]);
	ev = until(&lan, 0, THOLE_EV_REFUSED);
	CU_ASSERT_EQUAL(ev.status, -EBADF);
	CU_ASSERT_EQUAL(ev.conn, conn[1]);
	send_bytes(&lan, 0, conn[0], 100);
	settle(&lan);
	CU_ASSERT_EQUAL(until(&lan, 1, THOLE_EV_DATA).conn, conn[1]);
	node_down(&lan.nodes[1]);
	node_down(&lan.nodes[0]);
	CU_ASSERT_EQUAL(lan.bytes_out, 0);
	CU_ASSERT_EQUAL(rte_mempool_avail_count(lan.pool), POOL_MBUFS);
	rte_mempool_free(lan.pool);
}

static const struct test_case cases[] = {
	{ "made and ended again, in every state", test_again_and_again },
	{ "one burst, two stacks", test_one_burst },
	{ "another stack's handle", test_another_stacks_handle },
	{ NULL, NULL },
};
const struct test_suite suite_embed = { "embed", cases };
