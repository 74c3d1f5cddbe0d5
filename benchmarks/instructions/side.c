/* SPDX-License-Identifier: BSD-3-Clause */
/* side.c: a stack, and an application as small as can be: what is measured is the stack. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "side.h"

#define CLIENT_IP	0x0a000001 /* 10.0.0.1 */
#define SERVER_IP	0x0a008001 /* 10.0.128.1 */
#define CLIENT_PORT_MIN 1024
#define CLIENT_PORTS	64512

static uint8_t payload[MAX_DATA];

static int
make_stack(struct side *s, const char **why)
{
	const struct settings *set = s->settings;
	struct thole_address address = { thole_addr_ip4(s->is_server ? SERVER_IP : CLIENT_IP),
		s->is_server ? 1 : ADDRS, 16 };
	struct thole_stack_config c;

	thole_stack_config_init(&c);
	c.pool = s->pool;
	c.core = s->is_server ? 1 : 2;
	c.mac.addr_bytes[0] = 2;
	c.mac.addr_bytes[5] = c.core;
	c.addresses = &address;
	c.nb_addresses = 1;
	c.secret[0] = UINT64_C(0x0123456789abcdef);
	c.secret[1] = c.core;
	c.seed = c.core;
	c.max_conns = 2 * set->inflight + BURST;
	c.max_embryos = c.max_conns;
	c.max_time_wait = set->time_wait;
	if (set->bulk) /* what is queued at a time, as in benchmarks/stream */
		c.tcp.sndbuf_bytes = 512 * 1024;
	if (set->offload_checksums)
		c.offloads = THOLE_OFFLOAD_RX_TRUST | THOLE_OFFLOAD_TX_CSUM;
	return thole_stack_create(&c, &s->stack, why);
}

int
side_init(struct side *s, const struct settings *settings, bool is_server, const char **why)
{
	static const struct thole_app_config direct;
	const char *name = is_server ? "server" : "client";
	int rc;

	*s = (struct side){ .settings = settings,
		.is_server = is_server,
		.request = is_server && settings->bulk ? settings->segments * SEGMENT
						       : settings->request,
		.response = settings->response };
	*why = "no memory";
	s->talks = calloc(2 * settings->inflight + BURST, sizeof(*s->talks));
	s->pool = rte_pktmbuf_pool_create(name,
		4 * settings->inflight + (settings->bulk ? 4096 : 1024), 256, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, -1);
	if (s->talks == NULL || s->pool == NULL)
		return -ENOMEM;
	rc = make_stack(s, why);
	return rc != 0 ? rc : thole_app_create(s->stack, &direct, &s->app);
}

void
side_fini(struct side *s)
{
	thole_app_destroy(s->app);
	thole_stack_destroy(s->stack);
	rte_mempool_free(s->pool);
	free(s->talks);
}

static void
flush_ops(struct side *s)
{
	s->failed += s->nb_ops - (uint32_t)thole_app_submit(s->app, s->ops, s->nb_ops);
	s->nb_ops = 0;
}

static struct thole_op *
add_op(struct side *s, enum thole_op_type type, thole_conn conn)
{
	struct thole_op *op;

	if (s->nb_ops == MAX_OPS)
		flush_ops(s);
	op = &s->ops[s->nb_ops++];
	/* The rest is whatever was there before, or the caller's to set. */
	op->type = type;
	op->conn = conn;
	return op;
}

void
side_listen(struct side *s)
{
	struct thole_op *op = add_op(s, THOLE_OP_LISTEN, 0);

	memset(&op->local, 0, sizeof(op->local));
	op->local.port = PORT;
	op->bytes = s->settings->inflight;
}

static void
open_one(struct side *s)
{
	struct thole_op *op = add_op(s, THOLE_OP_CONNECT, 0);
	uint32_t n = s->opened++;

	op->local.addr = thole_addr_ip4(CLIENT_IP + n % ADDRS);
	op->local.port = (uint16_t)(CLIENT_PORT_MIN + n / ADDRS % CLIENT_PORTS);
	op->remote.addr = thole_addr_ip4(SERVER_IP);
	op->remote.port = PORT;
	op->bytes = 0;
}

static void
send_bytes(struct side *s, thole_conn conn, uint32_t bytes)
{
	if (bytes != 0 && thole_app_send_copy(s->app, conn, s->pool, payload, bytes) < 0)
		s->failed++;
}

/* The server has the whole request: it says all it has to say. */
static void
respond(struct side *s, thole_conn conn)
{
	if (s->response != 0)
		send_bytes(s, conn, s->response);
	add_op(s, THOLE_OP_CLOSE, conn);
}

static void
on_data(struct side *s, const struct thole_event *ev, struct talk *talk)
{
	uint32_t bytes = ev->bytes;

	rte_pktmbuf_free(ev->mbuf);
	add_op(s, THOLE_OP_RECEIVED, ev->conn)->bytes = bytes;
	s->failed += bytes > talk->expect;
	talk->expect -= bytes;
	if (s->is_server && talk->expect == 0)
		respond(s, ev->conn);
}

/* A chain whose payload is what its mbufs have in them. */
static struct rte_mbuf *
make_chain(struct side *s, uint32_t n)
{
	struct rte_mbuf *m[CHAIN];

	if (rte_pktmbuf_alloc_bulk(s->pool, m, n) != 0)
		return NULL;
	for (uint32_t i = 0; i < n; i++) {
		m[i]->data_len = SEGMENT;
		m[i]->next = i + 1 < n ? m[i + 1] : NULL;
	}
	m[0]->nb_segs = (uint16_t)n;
	m[0]->pkt_len = n * SEGMENT;
	return m[0];
}

/* As far as the credit goes. Who has it all closes. */
static void
give(struct side *s)
{
	uint32_t left = s->settings->segments - s->given;

	while (left != 0 && s->credit >= (uint64_t)CHAIN * SEGMENT) {
		struct rte_mbuf *chain = make_chain(s, RTE_MIN(left, (uint32_t)CHAIN));

		if (chain == NULL) {
			s->failed++;
			return;
		}
		s->credit -= chain->pkt_len;
		s->given += chain->nb_segs;
		left -= chain->nb_segs;
		add_op(s, THOLE_OP_SEND, s->conn)->mbuf = chain;
	}
}

static void
on_event(struct side *s, const struct thole_event *ev)
{
	struct talk *talk = &s->talks[(uint32_t)(ev->conn >> 32) & 0xffffff];

	switch ((enum thole_event_type)ev->type) {
	case THOLE_EV_LISTENING:
		s->failed += ev->status != 0;
		break;
	case THOLE_EV_ACCEPTED:
		s->opened++;
		talk->expect = s->request;
		if (s->request == 0)
			respond(s, ev->conn);
		break;
	case THOLE_EV_CONNECTED:
		talk->expect = s->settings->response;
		send_bytes(s, ev->conn, s->settings->request);
		if (s->settings->bulk) {
			s->conn = ev->conn;
			s->credit = ev->bytes;
		}
		break;
	case THOLE_EV_DATA:
		on_data(s, ev, talk);
		break;
	case THOLE_EV_PEER_CLOSED:
		s->failed += talk->expect != 0;
		if (!s->is_server)
			add_op(s, THOLE_OP_CLOSE, ev->conn);
		break;
	case THOLE_EV_SENDABLE:
		s->credit += ev->bytes;
		break;
	case THOLE_EV_CLOSED:
		s->closed++;
		s->failed += ev->status != 0;
		break;
	case THOLE_EV_OPENING:
	case THOLE_EV_REFUSED:
	case THOLE_EV_SOFT_ERROR:
	case THOLE_EV_OPTION:
	case THOLE_EV_INFO:
	case THOLE_EV_GIVEN:
	case THOLE_EV_TAKEN:
		s->failed++;
		break;
	}
}

static void
app_turn(struct side *s)
{
	struct thole_event events[BURST];
	uint32_t n;

	do {
		n = (uint32_t)thole_app_events(s->app, events, BURST);
		for (uint32_t i = 0; i < n; i++)
			on_event(s, &events[i]);
	} while (n == BURST);
	if (!s->is_server) {
		while (s->opened < s->settings->conns &&
			s->opened - s->closed < s->settings->inflight)
			open_one(s);
		if (s->conn != 0)
			give(s);
	}
	flush_ops(s);
}

void
side_turn(struct side *s, uint64_t now_ns, struct cable *in, struct cable *out)
{
	struct rte_mbuf *rejects[BURST];
	uint16_t rejected = thole_stack_rx(s->stack, now_ns, in->pkts, in->n, rejects);

	if (rejected != 0) {
		rte_pktmbuf_free_bulk(rejects, rejected);
		s->failed += rejected;
	}
	app_turn(s);
	thole_stack_run(s->stack, now_ns);
	out->n = thole_stack_tx(s->stack, now_ns, out->pkts, BURST);
}
