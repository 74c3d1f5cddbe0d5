/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * test_starve.c: stacks without mbufs. Connections are opened by the clock, and go on being opened
 * while somebody else has what there is in a pool, and takes what comes free as well. Packets that
 * find no mbuf are lost, as with a device. Nothing may wedge: when the mbufs are back every
 * connection comes to its orderly end, with all its bytes, or, where patience is short, to an end
 * that says why; and the pools to what they were.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "scene.h"
#include "stack/stack.h"
#include "suites.h"

#define PORT	    80
#define EACH_MS	    10u	  /* a connection */
#define BYTES	    6000u /* that each side says on it */
#define WELL_MS	    1000u /* before */
#define POOR_MS	    3000u
#define AFTER_MS    1000u
#define LAST_MS	    5000u /* of those that had to wait, after that: some back off meanwhile */
#define OPEN_MS	    (WELL_MS + POOR_MS + AFTER_MS)
#define ALL	    (OPEN_MS / EACH_MS)
#define POOL	    1023u
#define FEW	    2u /* that are left, or none */
#define PATIENCE_MS 1000u
#define TOO_FEW	    31u
#define CROWD	    200u

struct hog {
	struct rte_mbuf *held[POOL];
	unsigned int n;
};

typedef void (*configure_fn)(struct thole_stack_config *config, unsigned int side, void *ctx);

/* What came of it. */
struct outcome {
	unsigned int well, poor, after; /* served in that time */
	unsigned int gave_up;
	uint64_t no_mbuf[SIDES]; /* times */
};

static void
hog_turn(struct hog *hog, struct rte_mempool *pool, bool takes, unsigned int few)
{
	if (!takes) {
		rte_pktmbuf_free_bulk(hog->held, hog->n);
		hog->n = 0;
		return;
	}
	while (rte_mempool_avail_count(pool) > few)
		hog->held[hog->n++] = rte_pktmbuf_alloc(pool);
}

/* The server answers with as much as it is going to hear, and then the client closes. Both look for
 * events as a worker does, whether something is due or not. */
static void
converse(struct scene *s, uint32_t *answered)
{
	const struct scene_side *client = &s->side[0];

	while (*answered < s->side[1].nb_conns)
		scene_send(s, 1, (*answered)++, BYTES);
	for (uint32_t i = 0; i < client->nb_conns; i++)
		if (client->conns[i].received == BYTES && !client->conns[i].closing)
			scene_close(s, 0, i);
	s->side[0].woken = s->side[1].woken = true;
}

static bool
is_served(const struct scene_conn *c)
{
	return c->opened && c->over && c->status == 0 && c->received == BYTES;
}

/* The client's connections that were served from one time to another. */
static unsigned int
served(const struct scene *s, uint64_t from_ms, uint64_t to_ms)
{
	const struct scene_side *client = &s->side[0];
	unsigned int n = 0;

	for (uint32_t i = 0; i < client->nb_conns; i++)
		n += is_served(&client->conns[i]) &&
		     client->conns[i].over_ns >= from_ms * TIME_MS &&
		     client->conns[i].over_ns < to_ms * TIME_MS;
	return n;
}

static struct scene *
make(unsigned int mbufs, configure_fn configure)
{
	struct scene_params p = {
		.seed = 5, .mbufs = { mbufs, mbufs }, .app_mbufs = { 8191, 8191 }
	};
	struct scene *s;

	p.configure = configure;
	p.link[0].delay_ns = p.link[1].delay_ns = 2 * TIME_MS;
	s = scene_make(&p);
	scene_listen(s, 1, PORT);
	return s;
}

/* All is over at both ends, and only what a stack keeps for itself isn't in its pool. */
static void
check_rest(const struct scene *s)
{
	for (unsigned int i = 0; i < SIDES; i++) {
		const struct scene_side *me = &s->side[i];
		struct thole_stats stats = scene_stats(s, i);
		unsigned int open = 0;

		for (uint32_t k = 0; k < me->nb_conns; k++)
			open += !me->conns[k].over;
		CU_ASSERT_EQUAL(open, 0);
		CU_ASSERT_EQUAL(stats.conns + stats.embryos + stats.orphans + stats.mbufs_held, 0);
		CU_ASSERT_EQUAL(
			rte_mempool_in_use_count(me->pool), me->pool_base + me->stack->mbufs.n);
		CU_ASSERT_EQUAL(rte_mempool_in_use_count(me->app_pool), me->app_pool_base);
	}
}

/* Connections that weren't served say why, one of the ways that thole/app.h names. */
static unsigned int
count_given_up(const struct scene_side *me)
{
	unsigned int n = 0, other = 0;

	for (uint32_t i = 0; i < me->nb_conns; i++) {
		int status = me->conns[i].status;

		n += !is_served(&me->conns[i]);
		other += !is_served(&me->conns[i]) && status != -ETIMEDOUT &&
			 status != -ECONNRESET && status != -EHOSTUNREACH;
	}
	CU_ASSERT_EQUAL(other, 0);
	return n;
}

/* @p who: bit 0, the client; bit 1, the server. */
static struct outcome
starve(unsigned int who, unsigned int few, configure_fn configure)
{
	struct scene *s = make(POOL, configure);
	struct hog *hogs = calloc(SIDES, sizeof(*hogs));
	struct outcome o = { 0 };
	uint32_t answered = 0;
	const char *why;

	if (hogs == NULL)
		abort();
	for (uint32_t ms = 0; ms < OPEN_MS + LAST_MS; ms++) {
		bool poor = ms >= WELL_MS && ms < WELL_MS + POOR_MS;

		for (unsigned int i = 0; i < SIDES; i++)
			hog_turn(&hogs[i], s->side[i].pool, poor && (who >> i & 1) != 0, few);
		if (ms < OPEN_MS && ms % EACH_MS == 0)
			scene_send(s, 0, scene_connect(s, 0, PORT), BYTES);
		converse(s, &answered);
		scene_run(s, ms * TIME_MS);
	}
	o.well = served(s, 0, WELL_MS);
	/* What was on its way at first may still end. */
	o.poor = served(s, WELL_MS + 100, WELL_MS + POOR_MS);
	o.after = served(s, WELL_MS + POOR_MS, OPEN_MS);
	o.gave_up = count_given_up(&s->side[0]);
	for (unsigned int i = 0; i < SIDES; i++) {
		count_given_up(&s->side[i]);
		o.no_mbuf[i] = scene_stats(s, i).tx_nombuf;
	}
	printf("# starved %u, %u left: served %u before, %u in %u ms without, %u in the %u ms "
	       "after; %u "
	       "gave "
	       "up; times without an mbuf: client %u, server %u\n",
		who, few, o.well, o.poor, POOR_MS, o.after, AFTER_MS, o.gave_up,
		(unsigned int)o.no_mbuf[0], (unsigned int)o.no_mbuf[1]);
	CU_ASSERT_EQUAL(s->side[0].nb_conns, ALL);
	check_rest(s);
	why = scene_end(s);
	CU_ASSERT(why == NULL);
	free(hogs);
	return o;
}

/* The rate falls, and comes back; who waited gets what he wanted. */
static void
check_patient(unsigned int who)
{
	for (unsigned int few = 0; few <= FEW; few += FEW) {
		struct outcome o = starve(who, few, NULL);

		CU_ASSERT(o.well >= WELL_MS / EACH_MS * 9 / 10);
		CU_ASSERT(o.poor <= POOR_MS / EACH_MS / 10);
		CU_ASSERT(o.after >= AFTER_MS / EACH_MS);
		CU_ASSERT_EQUAL(o.gave_up, 0);
		CU_ASSERT_EQUAL(o.no_mbuf[0] != 0, (who & 1) != 0);
		CU_ASSERT_EQUAL(o.no_mbuf[1] != 0, (who & 2) != 0);
	}
}

static void
client(void)
{
	check_patient(1);
}

static void
server(void)
{
	check_patient(2);
}

static void
both(void)
{
	check_patient(3);
}

static void
be_impatient(struct thole_stack_config *c, unsigned int side, void *ctx)
{
	(void)side;
	(void)ctx;
	c->tcp.syn_give_up_ns = c->tcp.syn_ack_give_up_ns = PATIENCE_MS * TIME_MS;
	c->tcp.give_up_ns = c->tcp.orphan_ns = PATIENCE_MS * TIME_MS;
}

static void
impatient(void)
{
	for (unsigned int who = 1; who <= 3; who++) {
		struct outcome o = starve(who, 0, be_impatient);

		/* Those who asked in the last second hadn't given up yet, or had. */
		CU_ASSERT(o.gave_up >= (POOR_MS - PATIENCE_MS) / EACH_MS * 9 / 10);
		CU_ASSERT(o.gave_up <= POOR_MS / EACH_MS + 10);
		CU_ASSERT(o.after >= AFTER_MS / EACH_MS * 9 / 10);
	}
}

/* Nobody gives anything back: the pools are too small for what is going on, and that takes longer.
 */
static void
crowd(void)
{
	struct scene *s = make(TOO_FEW, NULL);
	uint32_t answered = 0, ms = 0;
	const char *why;

	for (uint32_t i = 0; i < CROWD; i++)
		scene_send(s, 0, scene_connect(s, 0, PORT), BYTES);
	while (ms < 60000 && served(s, 0, UINT32_MAX) < CROWD) {
		converse(s, &answered);
		scene_run(s, ms++ * TIME_MS);
	}
	for (uint32_t end = ms + 1000; ms < end; ms++) { /* the server's ends */
		converse(s, &answered);
		scene_run(s, ms * TIME_MS);
	}
	printf("# %u at once with %u mbufs: %u ms; times without an mbuf: client %u, server %u\n",
		CROWD, TOO_FEW, ms, (unsigned int)scene_stats(s, 0).tx_nombuf,
		(unsigned int)scene_stats(s, 1).tx_nombuf);
	CU_ASSERT_EQUAL(served(s, 0, UINT32_MAX), CROWD);
	CU_ASSERT(scene_stats(s, 0).tx_nombuf != 0 && scene_stats(s, 1).tx_nombuf != 0);
	check_rest(s);
	why = scene_end(s);
	CU_ASSERT(why == NULL);
}

static const struct test_case cases[] = {
	{ "a client without mbufs for a while", client },
	{ "a server without mbufs for a while", server },
	{ "both without mbufs for a while", both },
	{ "who is impatient hears why", impatient },
	{ "pools too small for their load", crowd },
	{ NULL, NULL },
};
const struct test_suite suite_starve = { "starve", cases };
