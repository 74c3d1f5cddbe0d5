/* SPDX-License-Identifier: BSD-3-Clause */
/* rig.c: a whole stack in an arena, its application, and what must always hold. */
#include <string.h>

#include "rig.h"
#include "stack/stack.h"

#define NB_RX	512
#define NB_POOL 256
#define NB_TX	256
#define BURST	32

struct rig rig;

static void
configure_tcp(struct thole_tcp_params *p, uint8_t tcp)
{
	p->cc = (uint8_t)((tcp & RIG_CC) % THOLE_CC_COUNT);
	p->ecn = (tcp & RIG_ECN) != 0 || p->cc == THOLE_CC_DCTCP;
	p->pacing = (tcp & RIG_PACING) != 0;
	p->keepalive = (tcp & RIG_KEEPALIVE) != 0;
	if (p->keepalive) {
		p->keepalive_ns = 60 * TIME_S;
		p->keepalive_probes = 2;
	}
	p->sack = (tcp & RIG_NO_SACK) == 0;
	p->timestamps = (tcp & RIG_NO_TIMESTAMPS) == 0;
	p->window_scale = (tcp & RIG_NO_WSCALE) == 0;
}

static void
configure(struct thole_stack_config *c, uint8_t config, uint8_t tcp)
{
	static struct thole_address address = { .count = 1, .prefix_len = 24 };
	bool tiny = (config & RIG_TINY) != 0;

	address.first = thole_addr_ip4(RIG_LOCAL);
	thole_stack_config_init(c);
	c->pool = rig.pool;
	c->alloc = fuzz_arena_alloc;
	c->free = fuzz_arena_free;
	c->mac = (struct rte_ether_addr){ { 2, 0, 0, 0, 0, 1 } };
	c->addresses = &address;
	c->nb_addresses = 1;
	c->exclusive = true;
	c->offloads = (config & RIG_TRUST ? THOLE_OFFLOAD_RX_TRUST : 0u) |
		      (config & RIG_OFFLOAD ? THOLE_OFFLOAD_TX_CSUM : 0u);
	c->max_conns = tiny ? 2 : 16;
	c->max_embryos = tiny ? 1 : 8;
	c->max_time_wait = tiny ? 1 : 8;
	c->max_flights = tiny ? 1 : 0;
	c->max_segments = tiny ? 5 : 64;
	c->max_listeners = 5;
	c->max_neighbours = tiny ? 1 : 4;
	c->max_rx_held = tiny ? 8 : 96;
	c->port_min = 40000;
	c->port_max = 40003;
	c->secret[0] = 1;
	c->secret[1] = 2;
	c->counters = true;
	c->tcp.sndbuf_bytes = 16384;
	configure_tcp(&c->tcp, tcp);
	if ((config & RIG_SMALL) != 0) {
		c->mtu = 576;
		c->tcp.rcvbuf_bytes = 2048;
		c->tcp.sndbuf_bytes = 2048;
	}
	if ((config & RIG_AT_ONCE) != 0) {
		c->tcp.delayed_ack_ns = 0;
		c->tcp.no_delay = true;
	}
}

void
rig_up(uint8_t config, uint8_t tcp)
{
	struct rte_mempool *rx = rig.rx, *pool = rig.pool, *tx = rig.tx;
	struct thole_app_config app = { .ring_entries = 0 };
	struct thole_stack_config c;

	if (rx == NULL) {
		fuzz_stream_init();
		rx = fuzz_pool(NB_RX, 128 + 512);
		pool = fuzz_pool(NB_POOL, 128 + 256);
		tx = fuzz_pool(NB_TX, 128 + 512);
	}
	fuzz_arena_reset();
	fuzz_pool_reset(rx);
	fuzz_pool_reset(pool);
	fuzz_pool_reset(tx);
	memset(&rig, 0, sizeof(rig));
	rig.rx = rx;
	rig.pool = pool;
	rig.tx = tx;
	rig.config = config;
	rig.tcp = tcp;
	rig.now = 1000 * TIME_S;
	configure(&c, config, tcp);
	FUZZ_CHECK(thole_stack_create(&c, &rig.stack, NULL) == 0, "no stack");
	for (unsigned int i = 0; i < RIG_APPS; i++)
		FUZZ_CHECK(thole_app_create(rig.stack, &app, &rig.apps[i]) == 0, "no application");
	thole_stack_run(rig.stack, rig.now);
	rig_listen(0, THOLE_OP_LISTEN, RIG_PORT, config & RIG_TINY ? 1 : 8);
	if ((config & RIG_UNKNOWN) == 0)
		for (unsigned int i = 0; i < RIG_PEERS; i++)
			rig_arp(i, 1);
}

void
rig_down(void)
{
	fuzz_pool_limit(rig.pool, FUZZ_NO_LIMIT);
	for (unsigned int i = 0; i < RIG_APPS; i++)
		thole_app_destroy(rig.apps[i]);
	thole_stack_destroy(rig.stack);
	FUZZ_CHECK(fuzz_arena_blocks() == 0, "%u blocks of memory aren't given back",
		fuzz_arena_blocks());
	FUZZ_CHECK(fuzz_pool_out(rig.rx) == 0 && fuzz_pool_out(rig.pool) == 0 &&
			   fuzz_pool_out(rig.tx) == 0,
		"mbufs are lost: %u received, %u the stack's, %u the application's",
		fuzz_pool_out(rig.rx), fuzz_pool_out(rig.pool), fuzz_pool_out(rig.tx));
}

void
rig_rx(const uint8_t *frame, uint32_t n, uint8_t cut)
{
	static uint8_t back[4096];
	struct rte_mbuf *m, *reject;

	if (fuzz_pool_out(rig.rx) + 4 > NB_RX)
		return;
	m = fuzz_packet(rig.rx, frame, n, cut);
	rig.given++;
	if (thole_stack_rx(rig.stack, rig.now, &m, 1, &reject) == 0)
		return;
	FUZZ_CHECK(reject == m, "another packet is handed back");
	FUZZ_CHECK(fuzz_flatten(m, back, sizeof(back)) == n && memcmp(back, frame, n) == 0,
		"a packet isn't handed back as it was");
	rte_pktmbuf_free(m);
}

void
rig_arp(unsigned int peer, uint16_t op)
{
	uint8_t frame[42] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, (uint8_t)(2 + peer), 8, 6, 0, 1, 8,
		0, 6, 4, 0, (uint8_t)op, 2, 0, 0, 0, 0, (uint8_t)(2 + peer) };

	fuzz_put32(frame + 28, RIG_PEER + peer);
	memcpy(frame + 32, frame, 6);
	fuzz_put32(frame + 38, RIG_LOCAL);
	rig_rx(frame, sizeof(frame), 0);
}

struct rig_view *
rig_view(unsigned int peer, uint16_t rport, uint16_t lport)
{
	struct rig_view *v;

	for (unsigned int i = 0; i < RIG_VIEWS; i++) {
		v = &rig.views[i];
		if (v->used && v->peer == peer && v->rport == rport && v->lport == lport)
			return v;
	}
	v = &rig.views[rig.next_view++ % RIG_VIEWS];
	*v = (struct rig_view){
		.used = true, .peer = (uint8_t)peer, .rport = rport, .lport = lport
	};
	return v;
}

void
rig_run(uint64_t later_ns)
{
	rig.now += later_ns;
	thole_stack_run(rig.stack, rig.now);
}

unsigned int
rig_tx(uint16_t max)
{
	struct rte_mbuf *out[BURST];
	uint16_t n =
		thole_stack_tx(rig.stack, rig.now, out, (uint16_t)RTE_MIN(max, (uint16_t)BURST));

	FUZZ_CHECK(n <= max, "%u packets, there was room for %u", n, max);
	for (uint16_t i = 0; i < n; i++)
		rig_judge_tx(out[i]);
	rte_pktmbuf_free_bulk(out, n);
	return n;
}

void
rig_tx_all(void)
{
	uint64_t refused = fuzz_pool_refused(rig.pool) + rig.stack->stats.tx_nosegment;
	unsigned int rounds = 0;

	while (rig_tx(BURST) != 0)
		FUZZ_CHECK(rounds++ < 100, "output never ends");
	if (fuzz_pool_refused(rig.pool) + rig.stack->stats.tx_nosegment != refused)
		return;
	/* All that was due has been done; a driver that slept until then would sleep at all. */
	FUZZ_CHECK(thole_stack_next_deadline(rig.stack) > rig.now,
		"the deadline is past after run and tx: %ju, now is %ju",
		(uintmax_t)thole_stack_next_deadline(rig.stack), (uintmax_t)rig.now);
}

const struct tcb *
rig_tcb(const struct rig_conn *c)
{
	uint32_t i = (uint32_t)(c->handle >> 32) & 0xffffff;
	const struct tcb *t = stack_tcb(rig.stack, i);

	return i < rig.stack->tcbs.fresh && t->generation == (uint32_t)c->handle &&
			       t->app < RIG_APPS
		       ? t
		       : NULL;
}

/* The context that has it. */
static struct thole_app *
app_of(const struct rig_conn *c)
{
	const struct tcb *t = rig_tcb(c);

	return rig.apps[t != NULL ? t->app : 0];
}

void
rig_send(struct rig_conn *c, uint32_t bytes, uint8_t cut)
{
	struct thole_op op = { .type = THOLE_OP_SEND, .conn = c->handle };
	uint32_t at = c->sent & RIG_STREAM;

	if (at + bytes > FUZZ_STREAM)
		bytes = FUZZ_STREAM - at;
	if (bytes == 0 || fuzz_pool_out(rig.tx) + 4 > NB_TX)
		return;
	op.mbuf = fuzz_packet(rig.tx, fuzz_stream + at, bytes, cut);
	c->sent += bytes; /* if it is refused, so will be all that follows */
	if (thole_app_submit(app_of(c), &op, 1) == 0) {
		rte_pktmbuf_free(op.mbuf);
		c->sent -= bytes;
	}
}

void
rig_op(uint32_t type, const struct rig_conn *c, uint32_t bytes)
{
	struct thole_op op = { .type = type, .conn = c->handle, .bytes = bytes };

	thole_app_submit(app_of(c), &op, 1);
}

void
rig_give(struct rig_conn *c)
{
	const struct tcb *t = rig_tcb(c);
	unsigned int giver = t != NULL ? t->app : 0, taker = (giver + 1) % RIG_APPS;

	rig_op(THOLE_OP_GIVE, c, taker);
	if (t == NULL || t->app != taker)
		return;
	c->givens[giver]++;
	c->takens[taker]++;
}

/* Of options with times: 0, and a few that pass soon; of sizes from too small to 64 KiB. The lowest
 * bit: for what is opened later. */
void
rig_set(const struct rig_conn *c, uint8_t option, uint8_t value)
{
	struct thole_op op = { .type = option & 1 ? THOLE_OP_SET_NEW : THOLE_OP_SET };

	op.option = option / 2 % (THOLE_OPT_COUNTERS + 2u); /* one of them there isn't */
	op.value = value;
	if (op.option == THOLE_OPT_USER_TIMEOUT || op.option == THOLE_OPT_KEEPALIVE_IDLE ||
		op.option == THOLE_OPT_KEEPALIVE_INTERVAL)
		op.value = value == UINT8_MAX ? THOLE_NEVER : value * TIME_S;
	if (op.option == THOLE_OPT_SNDBUF || op.option == THOLE_OPT_RCVBUF)
		op.value = (uint64_t)value << 8;
	if (op.option == THOLE_OPT_MSS)
		op.value = (uint64_t)value << 3;
	if (op.option == THOLE_OPT_SNDBUF)
		rig.credit_added += op.value;
	if (op.type == THOLE_OP_SET)
		op.conn = c->handle;
	thole_app_submit(app_of(c), &op, 1);
}

void
rig_get(const struct rig_conn *c, uint8_t option)
{
	struct thole_op op = { .type = THOLE_OP_GET, .conn = c->handle };

	op.option = option % (THOLE_OPT_COUNTERS + 2u);
	thole_app_submit(app_of(c), &op, 1);
}

void
rig_info(const struct rig_conn *c)
{
	struct thole_op op = { .type = THOLE_OP_INFO, .conn = c->handle, .info = &rig.info };

	thole_app_submit(app_of(c), &op, 1);
}

void
rig_connect(unsigned int peer, uint16_t rport, bool opening)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT, .bytes = opening };
	uint64_t before = rig.stack->stats.conns;

	op.remote.addr = thole_addr_ip4(RIG_PEER + peer);
	op.remote.port = rport;
	thole_app_submit(rig.apps[0], &op, 1);
	FUZZ_CHECK(!rig.is_cut || rig.stack->stats.conns <= before, "a stack that was cut opens");
}

void
rig_listen(unsigned int app, uint32_t type, uint16_t port, uint32_t backlog)
{
	struct thole_op op = { .type = type, .bytes = backlog, .local.port = port };

	thole_app_submit(rig.apps[app], &op, 1);
}
