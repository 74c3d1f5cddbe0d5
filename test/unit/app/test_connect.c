/* SPDX-License-Identifier: BSD-3-Clause */
/* test_connect.c: CONNECT: what it refuses at once, and the ways in which it fails later. */
#include <errno.h>

#include "pair.h"

static struct thole_endpoint
host(uint32_t ip, uint16_t port)
{
	return (struct thole_endpoint){ thole_addr_ip4(ip), port };
}

/* CONNECT's CLOSED, which must come at once and name the op. */
static int
failed(struct thole_app *app, struct thole_endpoint local, struct thole_endpoint remote)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT, .user = 42 };
	struct thole_event ev;

	op.local = local;
	op.remote = remote;
	CU_ASSERT_EQUAL(thole_app_submit(app, &op, 1), 1);
	ev = pair_event(app, THOLE_EV_CLOSED);
	CU_ASSERT_EQUAL(ev.conn, 0);
	CU_ASSERT_EQUAL(ev.user, 42);
	CU_ASSERT_EQUAL(ev.remote.port, remote.port);
	CU_ASSERT_EQUAL(memcmp(&ev.remote.addr, &remote.addr, sizeof(remote.addr)), 0);
	return ev.status;
}

static void
test_refused_at_once(void)
{
	static const struct thole_endpoint any;
	struct thole_endpoint v6 = { { { 0x20, 0x01, 0x0d, 0xb8, [15] = 1 } }, 80 };
	struct thole_app *c;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	CU_ASSERT_EQUAL(failed(c, any, pair_endpoint(&p, SERVER, 0)), -EINVAL);
	CU_ASSERT_EQUAL(failed(c, any, v6), -EINVAL);
	CU_ASSERT_EQUAL(failed(c, any, host(0xc0000201, 80)), -ENETUNREACH); /* no gateway */
	CU_ASSERT_EQUAL(failed(c, any, pair_endpoint(&p, CLIENT, 80)), -ENETUNREACH); /* self */
	CU_ASSERT_EQUAL(failed(c, any, host(0, 80)), -ENETUNREACH);
	CU_ASSERT_EQUAL(failed(c, any, host(0x7f000001, 80)), -ENETUNREACH);
	CU_ASSERT_EQUAL(failed(c, any, host(0xe0000001, 80)), -ENETUNREACH);
	CU_ASSERT_EQUAL(failed(c, any, host(0xffffffff, 80)), -ENETUNREACH);
	CU_ASSERT_EQUAL(failed(c, pair_endpoint(&p, SERVER, 0), pair_endpoint(&p, SERVER, 80)),
		-EADDRNOTAVAIL);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->tcbs.in_use, 0);
	pair_settle(&p);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->stats.tx_pkts, 0);
	thole_app_destroy(c);
	pair_down(&p);
}

static void
test_endpoints(void)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT, .user = 5 };
	struct thole_event ev[2];
	struct thole_app *c, *s;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 5);
	op.local = pair_endpoint(&p, CLIENT, 1234);
	op.remote = pair_endpoint(&p, SERVER, PAIR_PORT);
	CU_ASSERT_EQUAL(thole_app_submit(c, &op, 1), 1);
	pair_settle(&p);
	ev[CLIENT] = pair_event(c, THOLE_EV_CONNECTED);
	ev[SERVER] = pair_event(s, THOLE_EV_ACCEPTED);
	for (int i = 0; i < 2; i++) {
		struct thole_endpoint *cl = i == CLIENT ? &ev[i].local : &ev[i].remote;
		struct thole_endpoint *sv = i == CLIENT ? &ev[i].remote : &ev[i].local;

		CU_ASSERT_EQUAL(memcmp(&cl->addr, &op.local.addr, sizeof(cl->addr)), 0);
		CU_ASSERT_EQUAL(memcmp(&sv->addr, &op.remote.addr, sizeof(sv->addr)), 0);
		CU_ASSERT_EQUAL(cl->port, 1234);
		CU_ASSERT_EQUAL(sv->port, PAIR_PORT);
		CU_ASSERT_EQUAL(ev[i].bytes, 4 << 20); /* sndbuf_bytes */
		CU_ASSERT_EQUAL(ev[i].conn >> 56, i + 1);
	}
	CU_ASSERT_EQUAL(ev[CLIENT].user, 5);
	CU_ASSERT_EQUAL(ev[SERVER].user, PAIR_PORT); /* the listener's */
	CU_ASSERT_EQUAL(failed(c, op.local, op.remote), -EADDRINUSE);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

/* CONNECTs one after another are looked at ahead; each is judged by what those before it did. */
static void
test_batch(void)
{
	struct thole_op ops[300] = { 0 };
	uint32_t answers = 0;
	struct thole_event ev;
	struct thole_app *c;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	for (uint32_t i = 0; i < 50; i++) {
		ops[i].type = THOLE_OP_CONNECT;
		ops[i].user = i;
		ops[i].local = pair_endpoint(&p, CLIENT, (uint16_t)(1000 + i));
		ops[i].remote = pair_endpoint(&p, SERVER, PAIR_PORT);
	}
	ops[5].local.port = 1003;	      /* the fourth's */
	ops[6].remote = host(0xc0000201, 80); /* no gateway */
	ops[7].local.port = 0;
	ops[8].type = THOLE_OP_CLOSE; /* of no connection */
	ops[40].local.port = 1004;
	CU_ASSERT_EQUAL(thole_app_submit(c, ops, 50), 50);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->tcbs.in_use, 46);
	ev = pair_event(c, THOLE_EV_CLOSED);
	CU_ASSERT_TRUE(ev.user == 5 && ev.status == -EADDRINUSE);
	ev = pair_event(c, THOLE_EV_CLOSED);
	CU_ASSERT_TRUE(ev.user == 6 && ev.status == -ENETUNREACH);
	ev = pair_event(c, THOLE_EV_REFUSED);
	CU_ASSERT_TRUE(ev.op == THOLE_OP_CLOSE && ev.status == -EBADF);
	ev = pair_event(c, THOLE_EV_CLOSED);
	CU_ASSERT_TRUE(ev.user == 40 && ev.status == -EADDRINUSE);
	pair_no_event(c);
	/* No more than there is room for answers. */
	for (uint32_t i = 0; i < 300; i++)
		ops[i] = (struct thole_op){ .type = THOLE_OP_CONNECT, .user = i };
	CU_ASSERT_EQUAL(thole_app_submit(c, ops, 300), 256);
	CU_ASSERT_EQUAL(thole_app_submit(c, ops, 1), 0);
	while (thole_app_events(c, &ev, 1) == 1)
		CU_ASSERT_TRUE(ev.user == answers++ && ev.status == -EINVAL);
	CU_ASSERT_EQUAL(answers, 256);
	thole_app_destroy(c);
	pair_down(&p);
}

static void
few_ports(struct thole_stack_config *c, int side)
{
	c->port_min = 40000;
	c->port_max = 40009;
	c->max_conns = side == CLIENT ? 15 : 100;
}

/* Ports, then records: each limit has its error, and what is freed can be had again. */
static void
test_exhaustion(void)
{
	static const struct thole_endpoint any;
	struct thole_event ev[20];
	struct thole_app *c, *s;
	struct pair p;
	uint32_t ports = 0;

	pair_up(&p, few_ports);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 100);
	pair_listen(&p, s, PAIR_PORT + 1, 100);
	for (int i = 0; i < 10; i++)
		pair_connect(&p, c, PAIR_PORT, 0);
	CU_ASSERT_EQUAL(failed(c, any, pair_endpoint(&p, SERVER, PAIR_PORT)), -EADDRNOTAVAIL);
	for (int i = 0; i < 5; i++)
		pair_connect(&p, c, PAIR_PORT + 1, 0); /* ports are a destination's */
	CU_ASSERT_EQUAL(failed(c, any, pair_endpoint(&p, SERVER, PAIR_PORT + 1)), -ENOBUFS);
	pair_settle(&p);
	CU_ASSERT_EQUAL(thole_app_events(c, ev, 20), 15);
	for (int i = 0; i < 15; i++) {
		CU_ASSERT_EQUAL(ev[i].type, THOLE_EV_CONNECTED);
		CU_ASSERT(ev[i].local.port >= 40000 && ev[i].local.port <= 40009);
		if (ev[i].remote.port == PAIR_PORT)
			ports |= 1u << (ev[i].local.port - 40000);
	}
	CU_ASSERT_EQUAL(ports, 0x3ff); /* each once */
	pair_op(c, THOLE_OP_ABORT, ev[0].conn, 0);
	pair_settle(&p);
	pair_event(c, THOLE_EV_CLOSED);
	pair_connect(&p, c, PAIR_PORT, 0);
	pair_settle(&p);
	pair_event(c, THOLE_EV_CONNECTED);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

static void
test_nobody_listens(void)
{
	struct thole_app *c;
	struct thole_event ev;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	pair_connect(&p, c, PAIR_PORT, 99);
	pair_settle(&p);
	ev = pair_event(c, THOLE_EV_CLOSED);
	CU_ASSERT_EQUAL(ev.status, -ECONNREFUSED);
	CU_ASSERT_EQUAL(ev.user, 99);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->stats.failed_active, 1);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->tcbs.in_use, 0);
	thole_app_destroy(c);
	pair_down(&p);
}

/* On the link, and nobody answers for the address: three requests, a second apart. */
static void
test_no_such_host(void)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT };
	struct thole_app *c;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	op.remote = host(0x0a000077, 80);
	CU_ASSERT_EQUAL(thole_app_submit(c, &op, 1), 1);
	pair_sleep(&p, 2900 * TIME_MS);
	pair_no_event(c);
	pair_sleep(&p, 200 * TIME_MS);
	CU_ASSERT_EQUAL(pair_event(c, THOLE_EV_CLOSED).status, -EHOSTUNREACH);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->stats.arp_requests, 3);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->tcbs.in_use, 0);
	thole_app_destroy(c);
	pair_down(&p);
}

/* Answers ARP, and then the wire is cut: R2 for a SYN is 3 minutes. */
static void
test_no_answer(void)
{
	struct thole_app *c, *s;
	thole_conn conn[2];
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 5);
	pair_open(&p, c, s, PAIR_PORT, conn);
	p.side[CLIENT].stack->cfg.arp_reachable_ns = 3600 * TIME_S; /* the neighbour is there */
	p.cut = true;
	pair_connect(&p, c, PAIR_PORT, 0);
	pair_sleep(&p, 179 * TIME_S);
	pair_no_event(c);
	pair_sleep(&p, 2 * TIME_S);
	CU_ASSERT_EQUAL(pair_event(c, THOLE_EV_CLOSED).status, -ETIMEDOUT);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

/* The first two SYNs are lost. */
static void
test_lost_syn(void)
{
	struct thole_app *c, *s;
	thole_conn conn[2];
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 5);
	pair_open(&p, c, s, PAIR_PORT, conn);
	p.cut = true;
	pair_connect(&p, c, PAIR_PORT, 0);
	pair_sleep(&p, 2 * TIME_S);
	p.cut = false;
	pair_sleep(&p, 900 * TIME_MS);
	pair_no_event(c);
	pair_sleep(&p, 200 * TIME_MS); /* the third goes after 1 + 2 s */
	pair_event(c, THOLE_EV_CONNECTED);
	pair_event(s, THOLE_EV_ACCEPTED);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

/* CONNECT asks for the handle at once, and it is returned. */
static thole_conn
opening(struct pair *p, struct thole_app *c)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT, .bytes = 1, .user = 6 };
	struct thole_event ev;

	op.remote = pair_endpoint(p, SERVER, PAIR_PORT);
	CU_ASSERT_EQUAL(thole_app_submit(c, &op, 1), 1);
	ev = pair_event(c, THOLE_EV_OPENING);
	CU_ASSERT_EQUAL(ev.user, 6);
	CU_ASSERT_NOT_EQUAL(ev.conn, 0);
	return ev.conn;
}

/* RFC 9293, 3.10.2 and 3.10.4 in SYN-SENT: data is queued until established; CLOSE deletes. */
static void
test_opening(void)
{
	struct thole_app *c, *s;
	thole_conn conn;
	struct pair p;

	pair_up(&p, NULL);
	c = pair_app(&p, CLIENT, 0);
	s = pair_app(&p, SERVER, 0);
	pair_listen(&p, s, PAIR_PORT, 5);
	conn = opening(&p, c);
	pair_send(&p, c, CLIENT, conn, 5000);
	pair_settle(&p);
	CU_ASSERT_EQUAL(pair_event(c, THOLE_EV_CONNECTED).conn, conn);
	pair_event(s, THOLE_EV_ACCEPTED);
	CU_ASSERT_EQUAL(pair_event(s, THOLE_EV_DATA).bytes, 5000);
	p.cut = true;
	for (int i = 0; i < 2; i++) {
		conn = opening(&p, c);
		pair_turn(&p);
		pair_op(c, i == 0 ? THOLE_OP_CLOSE : THOLE_OP_ABORT, conn, 0);
		CU_ASSERT_EQUAL(pair_event(c, THOLE_EV_CLOSED).status, i == 0 ? 0 : -ECONNABORTED);
		pair_settle(&p);
		pair_no_event(c);
	}
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->tcbs.in_use, 1);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->stats.tx_rsts, 0);
	CU_ASSERT_EQUAL(p.side[CLIENT].stack->stats.orphans, 0);
	thole_app_destroy(c);
	thole_app_destroy(s);
	pair_down(&p);
}

static const struct test_case cases[] = {
	{ "refused at once", test_refused_at_once },
	{ "both ends say the same of each other", test_endpoints },
	{ "many in a batch", test_batch },
	{ "ports and records run out", test_exhaustion },
	{ "OPENING, and what may be done before CONNECTED", test_opening },
	{ "nobody listens", test_nobody_listens },
	{ "no such host", test_no_such_host },
	{ "no answer", test_no_answer },
	{ "lost SYNs", test_lost_syn },
	{ NULL, NULL },
};
const struct test_suite suite_connect = { "connect", cases };
