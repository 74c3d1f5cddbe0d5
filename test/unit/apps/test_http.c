/* SPDX-License-Identifier: BSD-3-Clause */
/* test_http.c: how long thole-httpd waits for a peer that takes its answer slowly, or not at all.
 * The ops that it posts are looked at instead of taken (test_conns.c). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../../app/httpd/conn.h"
#include "../../../app/httpd/files.h"
#include "../test.h"

extern const struct test_suite test_http;

#define HANDLE(index) ((thole_conn)(index) << 32 | 1)
#define SECOND	      1000000000ull
#define STALL	      (30 * SECOND)
#define CREDIT	      20000
#define REQUEST	      "GET /big HTTP/1.1\r\nHost: a\r\n\r\n"

static struct run run;
static struct httpd httpd;
static struct rte_mempool *pool;
static struct thole_info *info; /* where the last INFO asked for goes */
static char top[] = "/tmp/thole-http-XXXXXX", big[64];

struct rte_mbuf *
run_mbuf(struct run *r)
{
	(void)r;
	return rte_pktmbuf_alloc(pool);
}

/* @return bytes of SENDs; @p last is the last op that isn't one. */
static uint64_t
take_ops(struct thole_op *last)
{
	uint64_t bytes = 0;

	*last = (struct thole_op){ .type = THOLE_OP_SEND };
	for (uint32_t i = 0; i < run.nb_ops; i++) {
		if (run.ops[i].type != THOLE_OP_SEND) {
			*last = run.ops[i];
			continue;
		}
		bytes += run.ops[i].mbuf->pkt_len;
		rte_pktmbuf_free(run.ops[i].mbuf);
	}
	run.nb_ops = 0;
	return bytes;
}

/* A connection that asks for more than its credit. @return what it was given. */
static uint32_t
begin(uint32_t index)
{
	struct thole_event ev = {
		.type = THOLE_EV_ACCEPTED, .conn = HANDLE(index), .bytes = CREDIT
	};
	struct thole_op last;
	uint64_t given = 0, n;

	CU_ASSERT_TRUE(conns_event(&httpd.server.conns, &ev));
	ev = (struct thole_event){
		.type = THOLE_EV_DATA, .conn = HANDLE(index), .mbuf = run_mbuf(&run)
	};
	memcpy(rte_pktmbuf_append(ev.mbuf, sizeof(REQUEST) - 1), REQUEST, sizeof(REQUEST) - 1);
	CU_ASSERT_TRUE(conns_event(&httpd.server.conns, &ev));
	do {
		conns_work(&httpd.server.conns);
		n = take_ops(&last);
		given += n;
	} while (n != 0);
	CU_ASSERT_TRUE(given >= CREDIT && given < 100000);
	return (uint32_t)given;
}

static void
start(void)
{
	FILE *file;

	strcpy(top, "/tmp/thole-http-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(top));
	snprintf(big, sizeof(big), "%s/big", top);
	file = fopen(big, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	CU_ASSERT_EQUAL(ftruncate(fileno(file), 100000), 0);
	fclose(file);
	memset(&run, 0, sizeof(run));
	pool = test_pool("http", 511);
	httpd = (struct httpd){ .root = files_root(top), .idle_ns = STALL, .stall_ns = STALL };
	CU_ASSERT_FATAL(httpd.root >= 0);
	httpd.server.ops = &http_ops;
	http_init(&httpd.server);
	CU_ASSERT_EQUAL_FATAL(conns_init(&httpd.server.conns, &http_ops, &run, 64, &httpd), 0);
}

static void
end(void)
{
	conns_fini(&httpd.server.conns);
	close(httpd.root);
	unlink(big);
	rmdir(top);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(pool), 0);
	rte_mempool_free(pool);
}

/* When half the limit is over it asks, and not before. */
static void
asks_about(uint32_t index)
{
	struct thole_op op;

	run.now_ns += STALL / 2 - 1;
	http_tick(&httpd.server);
	CU_ASSERT_EQUAL(run.nb_ops, 0);
	run.now_ns++;
	http_tick(&httpd.server);
	CU_ASSERT_EQUAL(run.nb_ops, 1);
	take_ops(&op);
	CU_ASSERT_EQUAL(op.type, THOLE_OP_INFO);
	CU_ASSERT_EQUAL(op.conn, HANDLE(index));
	info = op.info;
	CU_ASSERT_PTR_NOT_NULL_FATAL(info);
}

/* @return whether it resets the connection, of which so much isn't acknowledged. */
static bool
resets(uint32_t index, enum thole_event_type type, uint32_t unacked, uint32_t notsent)
{
	const struct thole_event ev = {
		.type = (uint8_t)type, .op = THOLE_OP_INFO, .conn = HANDLE(index), .info = info
	};
	struct thole_op op;

	info->unacked_bytes = unacked;
	info->notsent_bytes = notsent;
	http_info(&httpd.server, &ev);
	take_ops(&op);
	CU_ASSERT_TRUE(op.type == THOLE_OP_SEND || op.conn == HANDLE(index));
	return op.type == THOLE_OP_ABORT;
}

/* A byte is enough, whether credit for it came or not. Of the last one it is only known that it
 * came between two looks: the limit counts from the later. */
static void
slow_and_stalled(void)
{
	uint32_t given;

	start();
	given = begin(1);
	asks_about(1);
	CU_ASSERT_FALSE(resets(1, THOLE_EV_INFO, 5000, given - 6000));
	asks_about(1);
	CU_ASSERT_FALSE(resets(1, THOLE_EV_INFO, 5000, given - 6001));
	asks_about(1);
	CU_ASSERT_FALSE(resets(1, THOLE_EV_INFO, 4000, given - 5001));
	asks_about(1);
	CU_ASSERT_FALSE(resets(1, THOLE_EV_INFO, 4000, given - 5002));
	asks_about(1);
	CU_ASSERT_FALSE(resets(1, THOLE_EV_INFO, 4000, given - 5002));
	asks_about(1);
	CU_ASSERT_TRUE(resets(1, THOLE_EV_INFO, 4000, given - 5002));
	end();
}

/* The limit after the answer, and not half of it more. */
static void
never_took_any(void)
{
	uint32_t given;

	start();
	given = begin(1);
	asks_about(1);
	CU_ASSERT_FALSE(resets(1, THOLE_EV_INFO, 10000, given - 10000));
	asks_about(1);
	CU_ASSERT_TRUE(resets(1, THOLE_EV_INFO, 10000, given - 10000));
	end();
}

/* It has all that there was: the want is ours. */
static void
nothing_to_take(void)
{
	start();
	(void)begin(1);
	for (int i = 0; i < 3; i++) {
		asks_about(1);
		CU_ASSERT_FALSE(resets(1, THOLE_EV_INFO, 0, 0));
	}
	end();
}

/* Answers those that are asked about, that none took any. @return how many; @p reset gets how many
 * of them it resets. */
static uint32_t
answer_all(uint32_t given, uint32_t *reset)
{
	struct thole_op ops[HTTP_ASKS];
	uint32_t n = run.nb_ops;

	CU_ASSERT_TRUE_FATAL(n <= HTTP_ASKS);
	memcpy(ops, run.ops, n * sizeof(ops[0]));
	run.nb_ops = 0;
	*reset = 0;
	for (uint32_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(ops[i].type, THOLE_OP_INFO);
		info = ops[i].info;
		*reset += resets((uint32_t)(ops[i].conn >> 32), THOLE_EV_INFO, given, 0);
	}
	return n;
}

/* Many are judged in a turn, each by its own bytes, and the rest in the next. */
static void
many_at_once(void)
{
	uint32_t given = 0, reset;

	start();
	for (uint32_t i = 1; i <= HTTP_ASKS + 5; i++)
		given = begin(i);
	for (uint32_t look = 0; look < 2; look++) {
		run.now_ns += STALL / 2;
		http_tick(&httpd.server);
		CU_ASSERT_EQUAL(answer_all(given, &reset), HTTP_ASKS);
		CU_ASSERT_EQUAL(reset, look * HTTP_ASKS);
		http_tick(&httpd.server);
		CU_ASSERT_EQUAL(answer_all(given, &reset), 5);
		CU_ASSERT_EQUAL(reset, look * 5);
		http_tick(&httpd.server);
		CU_ASSERT_EQUAL(run.nb_ops, 0);
	}
	end();
}

/* One that ended meanwhile holds up nobody, and answers in another order are each one's own. */
static void
ended_meanwhile(void)
{
	const struct thole_event over = { .type = THOLE_EV_CLOSED, .conn = HANDLE(1) };
	struct thole_info *infos[HTTP_ASKS];
	struct thole_op op;
	uint32_t given = 0;

	start();
	for (uint32_t i = 1; i <= HTTP_ASKS + 1; i++)
		given = begin(i);
	run.now_ns += STALL / 2;
	http_tick(&httpd.server);
	CU_ASSERT_EQUAL_FATAL(run.nb_ops, HTTP_ASKS);
	for (uint32_t i = 0; i < HTTP_ASKS; i++)
		infos[i] = run.ops[i].info;
	take_ops(&op);
	http_tick(&httpd.server);
	CU_ASSERT_EQUAL(run.nb_ops, 0);
	CU_ASSERT_TRUE(conns_event(&httpd.server.conns, &over));
	info = infos[0];
	CU_ASSERT_FALSE(resets(1, THOLE_EV_REFUSED, given, 0));
	for (uint32_t i = HTTP_ASKS; i > 1; i--) {
		info = infos[i - 1];
		CU_ASSERT_FALSE(resets(i, THOLE_EV_INFO, given - i, 0));
	}
	http_tick(&httpd.server);
	CU_ASSERT_EQUAL(run.nb_ops, 1);
	take_ops(&op);
	CU_ASSERT_EQUAL(op.type, THOLE_OP_INFO);
	CU_ASSERT_EQUAL(op.conn, HANDLE(HTTP_ASKS + 1));
	run.now_ns += STALL / 2; /* it isn't asked about again before it is answered */
	http_tick(&httpd.server);
	CU_ASSERT_EQUAL(run.nb_ops, HTTP_ASKS - 1);
	take_ops(&op);
	end();
}

static const struct test_case cases[] = {
	{ "slow, then stalled", slow_and_stalled },
	{ "never took any", never_took_any },
	{ "nothing to take", nothing_to_take },
	{ "many at once", many_at_once },
	{ "ended meanwhile", ended_meanwhile },
	{ NULL, NULL },
};
const struct test_suite test_http = { "http", cases };
