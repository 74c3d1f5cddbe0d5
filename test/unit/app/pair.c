/* SPDX-License-Identifier: BSD-3-Clause */
/* pair.c: two stacks wired together in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pair.h"

#define BURST 64

static void *
side_alloc(void *ctx, size_t bytes, size_t align)
{
	struct side *side = ctx;
	void *m;

	if (side->allocs_left == 0 || posix_memalign(&m, align, bytes) != 0)
		return NULL;
	memset(m, 0, bytes);
	side->allocs_left--;
	side->bytes_out += bytes;
	side->blocks_out++;
	return m;
}

static void
side_free(void *ctx, void *mem, size_t bytes)
{
	struct side *side = ctx;

	side->bytes_out -= bytes;
	side->blocks_out--;
	free(mem);
}

static void
configure(struct pair *p, int i, struct thole_stack_config *c)
{
	struct side *side = &p->side[i];

	thole_stack_config_init(c);
	c->pool = side->pool;
	c->alloc = side_alloc;
	c->free = side_free;
	c->alloc_ctx = side;
	c->core = (uint8_t)(i + 1);
	c->mac.addr_bytes[0] = 2;
	c->mac.addr_bytes[5] = (uint8_t)i;
	c->addresses = &side->address;
	c->nb_addresses = 1;
	c->secret[0] = 1234 + (uint64_t)i;
	c->secret[1] = 5678;
	c->seed = 9;
	c->max_conns = 4096;
	c->max_embryos = 4096;
	c->max_time_wait = 16384;
	c->max_listeners = 8;
	c->max_neighbours = 512;
	c->offloads = THOLE_OFFLOAD_RX_TRUST; /* the wire's checksums have their own tests */
}

void
pair_up(struct pair *p, void (*tune)(struct thole_stack_config *config, int side))
{
	static unsigned int ups; /* a test that failed leaves its pools behind */

	memset(p, 0, sizeof(*p));
	p->now = 1000 * TIME_S;
	for (int i = 0; i < 2; i++) {
		struct side *side = &p->side[i];
		struct thole_stack_config config;
		const char *why = NULL;
		char name[32];

		snprintf(name, sizeof(name), "pair-%u", ups++);
		side->pool = test_pool(name, PAIR_PKTS);
		side->address = (struct thole_address){
			thole_addr_ip4(i == CLIENT ? 0x0a000001 : 0x0a008001), 1, 16
		};
		side->allocs_left = UINT_MAX;
		configure(p, i, &config);
		if (tune != NULL)
			tune(&config, i);
		if (thole_stack_create(&config, &side->stack, &why) != 0)
			CU_FAIL_FATAL("thole_stack_create");
	}
}

void
pair_down(struct pair *p)
{
	for (int i = 0; i < 2; i++)
		thole_stack_destroy(p->side[i].stack);
	for (int i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(rte_mempool_avail_count(p->side[i].pool), PAIR_PKTS);
		CU_ASSERT_EQUAL(p->side[i].blocks_out, 0);
		CU_ASSERT_EQUAL(p->side[i].bytes_out, 0);
		rte_mempool_free(p->side[i].pool);
	}
}

unsigned int
pair_turn(struct pair *p)
{
	unsigned int carried = 0;

	for (int i = 0; i < 2; i++) {
		struct rte_mbuf *pkts[BURST], *rejects[BURST];
		uint16_t n;

		thole_stack_run(p->side[i].stack, p->now);
		n = thole_stack_tx(p->side[i].stack, p->now, pkts, BURST);
		carried += n;
		if (p->cut) {
			rte_pktmbuf_free_bulk(pkts, n);
			continue;
		}
		n = thole_stack_rx(p->side[!i].stack, p->now, pkts, n, rejects);
		rte_pktmbuf_free_bulk(rejects, n);
	}
	return carried;
}

void
pair_settle(struct pair *p)
{
	unsigned int turns = 0;

	while (pair_turn(p) != 0)
		CU_ASSERT_FATAL(turns++ < 1000000); /* they would talk for ever */
}

void
pair_sleep(struct pair *p, uint64_t ns)
{
	uint64_t end = p->now + ns;

	pair_settle(p);
	while (p->now < end) {
		uint64_t a = thole_stack_next_deadline(p->side[CLIENT].stack);
		uint64_t b = thole_stack_next_deadline(p->side[SERVER].stack);

		p->now = RTE_MIN(RTE_MAX(RTE_MIN(a, b), p->now + 1), end);
		pair_settle(p);
	}
}

struct thole_app *
pair_app(struct pair *p, int side, uint32_t ring_entries)
{
	struct thole_app_config config = { .ring_entries = ring_entries };
	struct thole_app *app = NULL;

	CU_ASSERT_EQUAL_FATAL(thole_app_create(p->side[side].stack, &config, &app), 0);
	return app;
}

struct thole_endpoint
pair_endpoint(const struct pair *p, int side, uint16_t port)
{
	return (struct thole_endpoint){ p->side[side].address.first, port };
}

void
pair_op(struct thole_app *app, enum thole_op_type type, thole_conn conn, uint32_t bytes)
{
	struct thole_op op = { .type = type, .conn = conn, .bytes = bytes };

	CU_ASSERT_EQUAL_FATAL(thole_app_submit(app, &op, 1), 1);
}

void
pair_set(struct thole_app *app, enum thole_option option, thole_conn conn, uint64_t value)
{
	struct thole_op op = {
		.type = THOLE_OP_SET, .option = option, .conn = conn, .value = value
	};

	CU_ASSERT_EQUAL_FATAL(thole_app_submit(app, &op, 1), 1);
}

void
pair_listen(struct pair *p, struct thole_app *app, uint16_t port, uint32_t backlog)
{
	struct thole_op op = { .type = THOLE_OP_LISTEN, .bytes = backlog, .user = port };
	struct thole_event ev;

	op.local.port = port;
	CU_ASSERT_EQUAL_FATAL(thole_app_submit(app, &op, 1), 1);
	pair_settle(p);
	ev = pair_event(app, THOLE_EV_LISTENING);
	CU_ASSERT_EQUAL_FATAL(ev.status, 0);
}

void
pair_connect(struct pair *p, struct thole_app *app, uint16_t port, uint64_t user)
{
	struct thole_op op = { .type = THOLE_OP_CONNECT, .user = user };

	op.remote = pair_endpoint(p, SERVER, port);
	CU_ASSERT_EQUAL_FATAL(thole_app_submit(app, &op, 1), 1);
}

void
pair_send(struct pair *p, struct thole_app *app, int side, thole_conn conn, uint32_t bytes)
{
	uint8_t *data = malloc(bytes);

	if (data == NULL)
		abort();
	for (uint32_t i = 0; i < bytes; i++)
		data[i] = (uint8_t)i;
	CU_ASSERT_EQUAL_FATAL(
		thole_app_send_copy(app, conn, p->side[side].pool, data, bytes), bytes);
	free(data);
}

struct thole_event
pair_event(struct thole_app *app, enum thole_event_type type)
{
	struct thole_event ev = { 0 };
	uint32_t n = (uint32_t)thole_app_events(app, &ev, 1);

	CU_ASSERT_EQUAL(n, 1);
	CU_ASSERT_EQUAL(ev.type, type);
	if (n == 1 && ev.type == THOLE_EV_DATA)
		rte_pktmbuf_free(ev.mbuf);
	return ev;
}

void
pair_no_event(struct thole_app *app)
{
	struct thole_event ev;

	CU_ASSERT_EQUAL(thole_app_events(app, &ev, 1), 0);
}

void
pair_open(
	struct pair *p, struct thole_app *c, struct thole_app *s, uint16_t port, thole_conn conn[2])
{
	pair_connect(p, c, port, 0);
	pair_settle(p);
	conn[CLIENT] = pair_event(c, THOLE_EV_CONNECTED).conn;
	conn[SERVER] = pair_event(s, THOLE_EV_ACCEPTED).conn;
	CU_ASSERT_NOT_EQUAL(conn[CLIENT], 0);
	CU_ASSERT_NOT_EQUAL(conn[SERVER], 0);
}
