/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_handover.c: several workers a side on a cable, turned by one thread: wherever packets come
 * in, connections go on, and nothing is lost. Retransmission timers are so long that a lost packet
 * would keep its connection from ending here.
 */
#include <pthread.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ethdev.h>

#include <thole/port.h>

#include "base/rings.h"
#include "base/time.h"
#include "port/handover.h"
#include "test.h"

#define WORKERS 3
#define CONNS	40 /* of each client worker */
#define BYTES	5000
#define TURNS	100000
#define SERVER	0x0a000001u
#define CLIENT	0x0a000002u

struct end {
	struct thole_worker *worker;
	struct thole_app *app;
	struct rte_mempool *pool;
	uint16_t number;
};

struct side {
	struct thole_port *port;
	struct thole_address address;
	bool is_server;
	uint16_t nb;
	struct end ends[WORKERS];
	uint32_t opened, closed, failed;
	uint64_t bytes;
};

static uint8_t data[BYTES];
static bool stays; /* connections that open do nothing */

/* The worker of a side that has a thread, in which it sleeps; and that side as the thread sees it,
 * with counts of its own. */
static struct side sleeper_side;
static uint16_t sleeper;
static const struct thole_idle_config *sleeps;
static void sleeper_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns);

static void
submit(struct end *e, enum thole_op_type type, thole_conn conn, uint32_t bytes)
{
	const struct thole_op op = { .type = type, .conn = conn, .bytes = bytes };

	CU_ASSERT_EQUAL(thole_app_submit(e->app, &op, 1), 1);
}

static void
on_event(struct side *s, struct end *e, const struct thole_event *ev)
{
	switch ((enum thole_event_type)ev->type) {
	case THOLE_EV_ACCEPTED:
	case THOLE_EV_CONNECTED:
		s->opened++;
		CU_ASSERT_EQUAL(ev->conn >> 56, e->number);
		CU_ASSERT_EQUAL(
			thole_rss_owner(&thole_port_sharing(s->port)->rss, &ev->local, &ev->remote),
			e->number);
		for (uint16_t i = 0; i < s->nb; i++)
			CU_ASSERT_EQUAL(
				thole_worker_owns(s->ends[i].worker, &ev->local, &ev->remote),
				i == e->number);
		if (s->is_server || stays)
			break;
		CU_ASSERT_EQUAL(thole_app_send_copy(e->app, ev->conn, e->pool, data, BYTES), BYTES);
		submit(e, THOLE_OP_SHUTDOWN, ev->conn, 0);
		break;
	case THOLE_EV_DATA:
		s->bytes += ev->mbuf->pkt_len;
		submit(e, THOLE_OP_RECEIVED, ev->conn, ev->mbuf->pkt_len);
		if (s->is_server) /* back as it came */
			CU_ASSERT_EQUAL(thole_app_submit(e->app,
						&(struct thole_op){ .type = THOLE_OP_SEND,
							.conn = ev->conn,
							.mbuf = ev->mbuf },
						1),
				1)
		else
			rte_pktmbuf_free(ev->mbuf);
		break;
	case THOLE_EV_PEER_CLOSED:
		submit(e, THOLE_OP_CLOSE, ev->conn, 0);
		break;
	case THOLE_EV_CLOSED:
		s->closed++;
		s->failed += ev->status != 0;
		break;
	case THOLE_EV_LISTENING:
		CU_ASSERT_EQUAL(ev->status, 0);
		break;
	case THOLE_EV_OPENING:
	case THOLE_EV_SENDABLE:
	case THOLE_EV_REFUSED:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_OPTION:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		break;
	}
}

static void
take_events(struct side *s, struct end *e)
{
	struct thole_event events[64];
	uint32_t n = (uint32_t)thole_app_events(e->app, events, 64);

	for (uint32_t i = 0; i < n; i++)
		on_event(s, e, &events[i]);
}

static void
turn(struct side *s)
{
	for (uint16_t i = 0; i < s->nb; i++) {
		(void)thole_worker_turn(s->ends[i].worker);
		take_events(s, &s->ends[i]);
	}
}

static void
open_side(struct side *s, const char *device, uint16_t workers, uint16_t queues, bool wrong)
{
	struct thole_why why = { "" };
	struct thole_port_config p;
	struct thole_worker_config w;

	thole_port_config_init(&p);
	p.device = device;
	p.rx_desc = p.tx_desc = 256;
	p.pool_mbufs = 8192;
	p.nb_workers = workers;
	p.nb_queues = queues;
	p.wrong_worker = wrong;
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&p, &s->port, &why), 0);
	s->nb = workers;
	thole_worker_config_init(&w);
	w.port = s->port;
	s->address =
		(struct thole_address){ thole_addr_ip4(s->is_server ? SERVER : CLIENT), 1, 24 };
	w.stack.addresses = &s->address;
	w.stack.nb_addresses = 1;
	w.stack.max_conns = w.stack.max_embryos = w.stack.max_time_wait = 1024;
	w.stack.tcp.rto_initial_ns = w.stack.tcp.rto_min_ns = 100 * TIME_S;
	w.stack.tcp.delayed_ack_ns = 0;
	w.stack.tcp.sack = false; /* no tail loss probes: they go by the real clock */
	for (uint16_t i = 0; i < workers; i++) {
		struct end *e = &s->ends[i];

		e->number = w.queue = i;
		if (sleeps != NULL && s->is_server && i == sleeper) {
			w.idle = *sleeps;
			w.app_turn = sleeper_turn;
			w.app_ctx = &sleeper_side;
		} else {
			w.idle.sleep = false;
			w.app_turn = NULL;
		}
		CU_ASSERT_EQUAL_FATAL(thole_worker_create(&w, &e->worker, &why), 0);
		CU_ASSERT_EQUAL_FATAL(
			thole_app_create(thole_worker_stack(e->worker),
				&(struct thole_app_config){ .ring_entries = 0 }, &e->app),
			0);
		e->pool = thole_port_pool(s->port, i);
	}
	turn(s);
}

/* What all workers of a side count. */
static void
add_up(const struct side *s, struct thole_worker_stats *w, struct thole_stats *t)
{
	uint64_t *ws = (uint64_t *)(void *)w, *ts = (uint64_t *)(void *)t;

	memset(w, 0, sizeof(*w));
	memset(t, 0, sizeof(*t));
	for (uint16_t i = 0; i < s->nb; i++) {
		struct thole_worker_stats one_w;
		struct thole_stats one_t;

		thole_worker_stats_get(s->ends[i].worker, &one_w);
		thole_stats_get(thole_worker_stack(s->ends[i].worker), &one_t);
		for (size_t k = 0; k < sizeof(one_w) / sizeof(uint64_t); k++)
			ws[k] += ((const uint64_t *)(const void *)&one_w)[k];
		for (size_t k = 0; k < sizeof(one_t) / sizeof(uint64_t); k++)
			ts[k] += ((const uint64_t *)(const void *)&one_t)[k];
	}
}

static void
close_sides(struct side *a, struct side *b)
{
	struct side *sides[2] = { a, b };

	for (int k = 0; k < 2; k++)
		for (uint16_t i = 0; i < sides[k]->nb; i++) {
			thole_app_destroy(sides[k]->ends[i].app);
			thole_worker_destroy(sides[k]->ends[i].worker);
		}
	for (int k = 0; k < 2; k++)
		for (uint16_t i = 0; i < sides[k]->nb; i++)
			CU_ASSERT_EQUAL(rte_mempool_in_use_count(sides[k]->ends[i].pool), 0);
	thole_port_close(a->port);
	thole_port_close(b->port);
}

static void
check_counts(const struct side *s, uint16_t queues, bool wrong)
{
	struct thole_worker_stats w;
	struct thole_stats t;

	add_up(s, &w, &t);
	CU_ASSERT_EQUAL(w.handover_lost + w.tx_lost, 0);
	CU_ASSERT_EQUAL(w.handed_in, w.handed_out);
	CU_ASSERT_EQUAL(t.retransmits + t.tx_rsts + t.rx_drop_state + t.aborted, 0);
	CU_ASSERT_TRUE(t.rx_tcp_segs >= WORKERS * CONNS * 6u);
	if (wrong && queues == s->nb)
		CU_ASSERT_TRUE(w.handed_in >= t.rx_tcp_segs)
	else if (queues == s->nb)
		CU_ASSERT_TRUE(w.handed_in <= 4u * s->nb * s->nb) /* ARP */
	else
		CU_ASSERT_TRUE(w.handed_in > t.rx_tcp_segs / 4 && w.relayed > t.tx_tcp_segs / 4)
}

/* Of what isn't TCP all is ARP: requests of one's own, and one answer to each of the other's. */
static void
check_answers(const struct side *s, const struct side *other)
{
	struct thole_worker_stats w;
	struct thole_stats ours, others;

	add_up(s, &w, &ours);
	add_up(other, &w, &others);
	CU_ASSERT_TRUE(others.arp_requests >= 1);
	CU_ASSERT_EQUAL(ours.tx_pkts - ours.tx_tcp_segs - ours.arp_requests, others.arp_requests);
}

/* Every worker of the client opens connections; all data goes there and back. */
static void
talk(uint16_t workers, uint16_t queues, bool wrong)
{
	static struct side client, server;
	uint32_t all = (uint32_t)workers * CONNS;
	struct thole_op op = { .type = THOLE_OP_LISTEN, .bytes = 1024, .local.port = 80 };

	client = (struct side){ .is_server = false };
	server = (struct side){ .is_server = true };
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", queues, 256, NULL), 0);
	open_side(&client, "left", workers, 0, false);
	open_side(&server, "right", workers, 0, wrong);
	CU_ASSERT_EQUAL(thole_port_sharing(client.port)->nb_queues, queues);
	for (uint16_t i = 0; i < workers; i++)
		CU_ASSERT_EQUAL(thole_app_submit(server.ends[i].app, &op, 1), 1);
	op = (struct thole_op){ .type = THOLE_OP_CONNECT,
		.remote = { thole_addr_ip4(SERVER), 80 } };
	for (uint16_t i = 0; i < workers; i++)
		for (int c = 0; c < CONNS; c++)
			CU_ASSERT_EQUAL(thole_app_submit(client.ends[i].app, &op, 1), 1);
	for (int i = 0; i < TURNS && (client.closed < all || server.closed < all); i++) {
		turn(&client);
		turn(&server);
	}
	for (int i = 0; i < 20; i++) { /* the last packets leave the cable */
		turn(&client);
		turn(&server);
	}
	CU_ASSERT_EQUAL(client.opened, all);
	CU_ASSERT_EQUAL(server.opened, all);
	CU_ASSERT_EQUAL(client.closed, all);
	CU_ASSERT_EQUAL(server.closed, all);
	CU_ASSERT_EQUAL(client.failed + server.failed, 0);
	CU_ASSERT_EQUAL(client.bytes, (uint64_t)all * BYTES);
	CU_ASSERT_EQUAL(server.bytes, (uint64_t)all * BYTES);
	if (workers == WORKERS) {
		check_counts(&client, queues, wrong);
		check_counts(&server, queues, wrong);
	}
	check_answers(&server, &client);
	close_sides(&client, &server);
}

static void
alone(void)
{
	talk(1, 1, false);
}

static void
right_worker(void)
{
	talk(3, 3, false);
}

static void
wrong_worker(void)
{
	talk(3, 3, true);
}

static void
one_queue(void)
{
	talk(3, 1, false);
	talk(3, 1, true);
}

static void
two_queues(void)
{
	talk(3, 2, false);
}

/* A worker's part without the worker: a clock of the test's own. */
static struct thole_port *ours, *theirs;
static struct handover parts[2];
static struct thole_worker_stats stats[2];
static uint32_t next_sent, next_taken;

/* Segments of one flow, which is worker 1's, to queue 0. @return how many the cable took. */
static uint32_t
send_wrong(uint32_t n)
{
	const struct thole_rss *rss = &thole_port_sharing(ours)->rss;
	struct thole_endpoint local = { thole_addr_ip4(SERVER), 80 };
	struct thole_endpoint remote = { thole_addr_ip4(CLIENT), 1000 };
	uint32_t done = 0;

	while (thole_rss_owner(rss, &local, &remote) != 1)
		remote.port++;
	for (; done < n; done++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(theirs->pools[0]);
		uint8_t *f;

		if (m == NULL)
			break;
		f = (uint8_t *)rte_pktmbuf_append(m, 60);
		memset(f, 0, 60);
		f[12] = 8;
		f[14] = 0x45;
		f[23] = 6;
		memcpy(f + 26, &remote.addr.b[12], 4);
		memcpy(f + 30, &local.addr.b[12], 4);
		f[34] = (uint8_t)(remote.port >> 8);
		f[35] = (uint8_t)remote.port;
		f[37] = 80;
		memcpy(f + 38, &next_sent, sizeof(next_sent));
		if (rte_eth_tx_burst(theirs->id, 0, &m, 1) != 1) {
			rte_pktmbuf_free(m);
			break;
		}
		next_sent++;
	}
	return done;
}

static uint16_t
rx(int part, uint64_t now_ns)
{
	struct rte_mbuf *pkts[512];
	uint32_t given, number;
	uint16_t n = handover_rx(&parts[part], pkts, 32, now_ns, &given);

	CU_ASSERT_EQUAL(part == 0 ? n : given, 0);
	for (uint16_t i = 0; i < n; i++) {
		memcpy(&number, rte_pktmbuf_mtod(pkts[i], uint8_t *) + 38, sizeof(number));
		CU_ASSERT_TRUE(number >= next_taken); /* in order */
		next_taken = number + 1;
		rte_pktmbuf_free(pkts[i]);
	}
	return n;
}

static void
set_up(uint16_t queues, uint32_t slots)
{
	struct thole_port_config c;

	thole_port_config_init(&c);
	c.nb_workers = 2;
	c.pool_mbufs = 6144;
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("ours", "theirs", queues, slots, NULL), 0);
	c.device = "ours";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &ours, NULL), 0);
	c.device = "theirs";
	CU_ASSERT_EQUAL_FATAL(thole_port_open(&c, &theirs, NULL), 0);
	memset(parts, 0, sizeof(parts));
	memset(stats, 0, sizeof(stats));
	next_sent = next_taken = 0;
	for (uint16_t i = 0; i < 2; i++)
		handover_init(&parts[i], ours, i, &stats[i]);
}

static void
tear_down(void)
{
	handover_fini(&parts[0]);
	handover_fini(&parts[1]);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(theirs->pools[0]), 0);
	thole_port_close(ours);
	thole_port_close(theirs);
}

/* A worker that is slow: what is for it waits in the ring, then in the device. */
static void
a_full_ring(void)
{
	uint32_t taken = 0;

	set_up(2, 8192);
	CU_ASSERT_EQUAL(send_wrong(5000), 5000);
	for (int i = 0; i < 200; i++)
		CU_ASSERT_EQUAL(rx(0, HANDOVER_PATIENCE_NS / 1000 * (uint64_t)i), 0);
	CU_ASSERT_TRUE(stats[0].handed_out >= HANDOVER_ENTRIES - 64);
	CU_ASSERT_TRUE(stats[0].handed_out < HANDOVER_ENTRIES);
	CU_ASSERT_TRUE(stats[0].handover_waits > 100);
	for (int i = 0; i < 1000; i++) {
		taken += rx(1, HANDOVER_PATIENCE_NS);
		(void)rx(0, HANDOVER_PATIENCE_NS);
	}
	CU_ASSERT_EQUAL(taken, 5000);
	CU_ASSERT_EQUAL(stats[0].handover_lost, 0);
	CU_ASSERT_EQUAL(stats[0].handed_out, 5000);
	CU_ASSERT_EQUAL(stats[1].handed_in, 5000);
	tear_down();
}

/* A worker that doesn't turn at all holds up the others for a bounded time only. */
static void
a_stuck_worker(void)
{
	uint64_t held;

	set_up(2, 8192);
	CU_ASSERT_EQUAL(send_wrong(3000), 3000);
	for (int i = 0; i < 200; i++)
		(void)rx(0, 1);
	held = stats[0].handed_out;
	CU_ASSERT_TRUE(held < HANDOVER_ENTRIES);
	for (int i = 0; i < 200; i++)
		(void)rx(0, HANDOVER_PATIENCE_NS);
	CU_ASSERT_EQUAL(stats[0].handover_lost, 0);
	for (int i = 0; i < 200; i++)
		(void)rx(0, HANDOVER_PATIENCE_NS + 1);
	CU_ASSERT_EQUAL(stats[0].handed_out, HANDOVER_ENTRIES - 1);
	CU_ASSERT_EQUAL(stats[0].handed_out + stats[0].handover_lost, 3000);
	/* When it is back, all is as before. */
	for (int i = 0; i < 100; i++)
		(void)rx(1, HANDOVER_PATIENCE_NS + 2);
	CU_ASSERT_EQUAL(send_wrong(1000), 1000);
	for (int i = 0; i < 200; i++) {
		(void)rx(0, HANDOVER_PATIENCE_NS + 2);
		(void)rx(1, HANDOVER_PATIENCE_NS + 2);
	}
	CU_ASSERT_EQUAL(stats[1].handed_in, HANDOVER_ENTRIES - 1 + 1000);
	/* And what it never takes is freed with it. */
	CU_ASSERT_EQUAL(send_wrong(100), 100);
	for (int i = 0; i < 10; i++)
		(void)rx(0, HANDOVER_PATIENCE_NS + 2);
	tear_down();
}

/* Packets of a worker without a queue, more than the cable holds: it and who sends them owe them
 * until the last of them is on the cable. */
static void
owed_until_sent(void)
{
	struct rte_mbuf *m, *got[64];
	uint16_t n = 0;

	set_up(1, 16);
	CU_ASSERT_FALSE(handover_owed(&parts[0]));
	CU_ASSERT_FALSE(handover_owed(&parts[1]));
	for (int i = 0; i < 20; i++) {
		m = rte_pktmbuf_alloc(ours->pools[1]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		(void)rte_pktmbuf_append(m, 60);
		CU_ASSERT_EQUAL(rte_ring_sp_enqueue(handover_tx_ring(&parts[1]), m), 0);
		CU_ASSERT_TRUE(handover_owed(&parts[1]));
	}
	CU_ASSERT_EQUAL(handover_tx(&parts[0], 1), 15);
	CU_ASSERT_TRUE(ring_is_empty(handover_tx_ring(&parts[1])));
	CU_ASSERT_TRUE(handover_owed(&parts[1]));
	CU_ASSERT_TRUE(handover_owed(&parts[0]));
	CU_ASSERT_EQUAL(handover_tx(&parts[0], 2), 0);
	CU_ASSERT_TRUE(handover_owed(&parts[1]));
	for (int i = 0; i < 2; i++) {
		uint16_t took = rte_eth_rx_burst(theirs->id, 0, got, RTE_DIM(got));

		rte_pktmbuf_free_bulk(got, took);
		n = (uint16_t)(n + took);
		CU_ASSERT_EQUAL(handover_tx(&parts[0], 3), i == 0 ? 5 : 0);
		CU_ASSERT_FALSE(handover_owed(&parts[1]));
		CU_ASSERT_FALSE(handover_owed(&parts[0]));
	}
	CU_ASSERT_EQUAL(n, 20);
	/* What the device doesn't take is lost in the end, and then nobody waits for it. */
	for (int i = 0; i < 16; i++)
		CU_ASSERT_EQUAL(rte_ring_sp_enqueue(handover_tx_ring(&parts[1]),
					rte_pktmbuf_alloc(ours->pools[1])),
			0);
	CU_ASSERT_EQUAL(handover_tx(&parts[0], 4), 15);
	CU_ASSERT_EQUAL(handover_tx(&parts[0], 4 + TXQ_PATIENCE_NS - 1), 0);
	CU_ASSERT_TRUE(handover_owed(&parts[1]));
	CU_ASSERT_EQUAL(handover_tx(&parts[0], 4 + TXQ_PATIENCE_NS), 0);
	CU_ASSERT_FALSE(handover_owed(&parts[1]));
	CU_ASSERT_EQUAL(stats[0].tx_lost, 1);
	n = rte_eth_rx_burst(theirs->id, 0, got, RTE_DIM(got));
	CU_ASSERT_EQUAL(n, 15);
	rte_pktmbuf_free_bulk(got, n);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(ours->pools[1]), 0);
	tear_down();
}

/* Who has a queue is drained when it has sent what others gave it, on a cable that is full. */
static void
drained_when_relayed(void)
{
	static struct side client, server;
	struct rte_ring *ring;
	struct rte_mbuf *m;

	client = (struct side){ .is_server = false };
	server = (struct side){ .is_server = true };
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 1, 16, NULL), 0);
	open_side(&client, "left", 1, 0, false);
	open_side(&server, "right", 2, 0, false);
	for (int i = 0; i < 20; i++) { /* what it says when it begins leaves the cable */
		turn(&client);
		turn(&server);
	}
	ring = server.port->handover->tx[1];
	for (int i = 0; i < 20; i++) {
		m = rte_pktmbuf_alloc(server.port->pools[1]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		(void)rte_pktmbuf_append(m, 60);
		memset(rte_pktmbuf_mtod(m, void *), 0, 60);
		CU_ASSERT_EQUAL(rte_ring_sp_enqueue(ring, m), 0);
	}
	thole_worker_drain(server.ends[0].worker, 0);
	(void)thole_worker_turn(server.ends[0].worker); /* 15 of them */
	CU_ASSERT_TRUE(ring_is_empty(ring));
	CU_ASSERT_FALSE(thole_worker_drained(server.ends[0].worker, NULL));
	turn(&client);
	(void)thole_worker_turn(server.ends[0].worker);
	(void)thole_worker_turn(server.ends[0].worker);
	CU_ASSERT_TRUE(thole_worker_drained(server.ends[0].worker, NULL));
	turn(&client);
	turn(&server);
	close_sides(&client, &server);
}

/* A worker without a queue is drained when who sends for it has sent what resets its peers. */
static void
drained_when_sent(void)
{
	static struct side client, server;
	struct thole_op op = { .type = THOLE_OP_LISTEN, .bytes = 1024, .local.port = 80 };
	struct thole_left cut = { .open = 0 };

	client = (struct side){ .is_server = false };
	server = (struct side){ .is_server = true };
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 1, 256, NULL), 0);
	open_side(&client, "left", 1, 0, false);
	open_side(&server, "right", 2, 0, false);
	for (uint16_t i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(thole_app_submit(server.ends[i].app, &op, 1), 1);
	stays = true;
	op = (struct thole_op){ .type = THOLE_OP_CONNECT,
		.remote = { thole_addr_ip4(SERVER), 80 } };
	for (int c = 0; c < CONNS; c++)
		CU_ASSERT_EQUAL(thole_app_submit(client.ends[0].app, &op, 1), 1);
	for (int i = 0; i < TURNS && server.opened < CONNS; i++) {
		turn(&client);
		turn(&server);
	}
	stays = false;
	thole_worker_drain(server.ends[1].worker, 0);
	(void)thole_worker_turn(server.ends[1].worker);
	CU_ASSERT_FALSE(thole_worker_drained(server.ends[1].worker, NULL));
	(void)thole_worker_turn(server.ends[0].worker);
	(void)thole_worker_turn(server.ends[1].worker);
	CU_ASSERT_TRUE(thole_worker_drained(server.ends[1].worker, &cut));
	CU_ASSERT_TRUE(cut.open > 0 && cut.open < CONNS);
	for (int i = 0; i < 20; i++) {
		turn(&client);
		turn(&server);
	}
	CU_ASSERT_EQUAL(client.failed, cut.open);
	close_sides(&client, &server);
}

static void
sleeper_turn(void *ctx, struct thole_worker *worker, uint64_t now_ns)
{
	struct side *s = ctx;

	(void)worker;
	(void)now_ns;
	if (s->ends[sleeper].app != NULL) /* NULL: the side is being opened */
		take_events(s, &s->ends[sleeper]);
}

static void *
run_sleeper(void *stop)
{
	thole_worker_run(sleeper_side.ends[sleeper].worker, stop);
	return NULL;
}

#define HOUR (3600 * TIME_S)

/* Two workers, one queue. One of them has a thread, and would sleep for an hour if nobody woke it.
 */
static void
open_sleeper(uint16_t which, struct side *client, struct side *server)
{
	static const struct thole_idle_config config = {
		.sleep = true, .poll_ns = HOUR, .sleep_ns = HOUR
	};
	struct thole_op op = { .type = THOLE_OP_LISTEN, .bytes = 1024, .local.port = 80 };

	*client = (struct side){ .is_server = false };
	*server = (struct side){ .is_server = true };
	sleeper_side = (struct side){ 0 };
	sleeper = which;
	sleeps = &config;
	CU_ASSERT_EQUAL_FATAL(thole_cable_create("left", "right", 1, 256, NULL), 0);
	open_side(client, "left", 1, 0, false);
	open_side(server, "right", 2, 1, false);
	sleeps = NULL;
	for (uint16_t i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(thole_app_submit(server->ends[i].app, &op, 1), 1);
		(void)thole_worker_turn(server->ends[i].worker);
	}
	sleeper_side = *server;
	server->nb = 1;
	server->ends[0] = sleeper_side.ends[1 - which];
}

static void
stop_sleeper(pthread_t thread, bool *stop, struct side *client, struct side *server)
{
	__atomic_store_n(stop, true, __ATOMIC_RELEASE);
	thole_worker_wake(sleeper_side.ends[sleeper].worker);
	pthread_join(thread, NULL);
	*server = sleeper_side;
	for (int i = 0; i < 20; i++) { /* the last packets leave the cable */
		turn(client);
		turn(server);
	}
	close_sides(client, server);
}

/* Who has no queue is woken by what another gives it. */
static void
a_sleeping_taker(void)
{
	static struct side client, server;
	const struct thole_op op = { .type = THOLE_OP_CONNECT,
		.remote = { thole_addr_ip4(SERVER), 80 } };
	uint64_t give_up = thole_clock_ns() + 20 * TIME_S;
	struct thole_worker_stats w;
	bool stop = false;
	pthread_t thread;

	open_sleeper(1, &client, &server);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run_sleeper, &stop), 0);
	for (int c = 0; c < CONNS; c++)
		CU_ASSERT_EQUAL(thole_app_submit(client.ends[0].app, &op, 1), 1);
	while (client.closed < CONNS && thole_clock_ns() < give_up) {
		turn(&client);
		(void)thole_worker_turn(server.ends[0].worker);
		take_events(&server, &server.ends[0]);
	}
	CU_ASSERT_EQUAL(client.closed, CONNS);
	CU_ASSERT_EQUAL(client.failed, 0);
	thole_worker_stats_get(sleeper_side.ends[1].worker, &w);
	CU_ASSERT_TRUE(w.handed_in > 0 && w.sleeps > 0 && w.wakes_app > 0);
	stop_sleeper(thread, &stop, &client, &server);
}

/* Who sends for others is woken by what they have to send. */
static void
a_sleeping_sender(void)
{
	static struct side client, server;
	const struct thole_op op = { .type = THOLE_OP_CONNECT,
		.remote = { thole_addr_ip4(CLIENT), 80 } };
	uint64_t give_up = thole_clock_ns() + 20 * TIME_S;
	struct thole_worker_stats w;
	struct thole_stats t = { 0 };
	bool stop = false;
	pthread_t thread;

	open_sleeper(0, &client, &server);
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread, NULL, run_sleeper, &stop), 0);
	do
		thole_worker_stats_get(sleeper_side.ends[0].worker, &w);
	while (w.sleeps == 0 && thole_clock_ns() < give_up);
	CU_ASSERT_EQUAL(thole_app_submit(server.ends[0].app, &op, 1), 1);
	(void)thole_worker_turn(server.ends[0].worker); /* asks for the neighbour, by the other */
	while (t.rx_arp_pkts == 0 && thole_clock_ns() < give_up) {
		turn(&client);
		thole_stats_get(thole_worker_stack(client.ends[0].worker), &t);
	}
	CU_ASSERT_EQUAL(t.rx_arp_pkts, 1);
	stop_sleeper(thread, &stop, &client, &server);
}

static const struct test_case cases[] = {
	{ "one worker", alone },
	{ "a queue each", right_worker },
	{ "every packet at a wrong worker", wrong_worker },
	{ "one queue for three", one_queue },
	{ "two queues for three", two_queues },
	{ "a full ring loses nothing", a_full_ring },
	{ "a stuck worker", a_stuck_worker },
	{ "owed until it is sent", owed_until_sent },
	{ "drained when it is sent", drained_when_sent },
	{ "drained when it is relayed", drained_when_relayed },
	{ "a taker that sleeps", a_sleeping_taker },
	{ "a sender that sleeps", a_sleeping_sender },
	{ NULL, NULL },
};
const struct test_suite suite_handover = { "handover", cases };
