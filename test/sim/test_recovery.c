/* SPDX-License-Identifier: BSD-3-Clause */
/* test_recovery.c: what loss recovery must do on a link: tails, reordering, a full pipe. */
#include "scene.h"
#include "suites.h"
#include "wire/tcp.h"

#define PORT   80
#define MSS    1448 /* beside timestamps */
#define BEFORE 40   /* segments, so that SRTT is the path's and no longer the handshake's */

static struct scene_params
path(uint64_t rtt_ns, uint64_t rate_bps)
{
	struct scene_params p = { .seed = 1 };

	for (unsigned int i = 0; i < SIDES; i++) {
		p.link[i].delay_ns = rtt_ns / 2;
		p.link[i].rate_bps = rate_bps;
		p.link[i].queue_bytes =
			(uint32_t)(rate_bps / 8 * (rtt_ns / TIME_US) / 1000000) + 100000;
	}
	p.mbufs[1] = 16383;
	p.app_mbufs[0] = 8191;
	return p;
}

static const struct scene_packet *
copy_of(const struct scene *s, uint32_t seq, unsigned int n)
{
	for (uint32_t i = 0; i < s->nb_packets; i++)
		if (s->packets[i].from == 0 && s->packets[i].len != 0 && s->packets[i].seq == seq &&
			n-- == 1)
			return &s->packets[i];
	return NULL;
}

/* The side's n-th packet with data. */
static const struct scene_packet *
data_number(const struct scene *s, uint64_t n)
{
	for (uint32_t i = 0; i < s->nb_packets; i++)
		if (s->packets[i].from == 0 && s->packets[i].data_number == n)
			return &s->packets[i];
	return NULL;
}

/* @p segs segments, the last of them lost: how long after it was sent does it go again? */
static uint64_t
tail_again_ns(uint64_t rtt_ns, uint32_t segs)
{
	struct scene_params p = path(rtt_ns, UINT64_C(1000000000));
	const struct scene_packet *first, *second;
	uint64_t again = 0;
	struct scene *s;
	uint32_t i;

	p.keep_packets = true;
	s = scene_make(&p);
	scene_listen(s, 1, PORT);
	i = scene_connect(s, 0, PORT);
	/* Something before, so that SRTT is this path's and no longer the handshake's. */
	for (uint32_t k = 0; k < BEFORE; k++) {
		scene_send(s, 0, i, MSS);
		scene_run(s, s->now + 4 * rtt_ns + 100 * TIME_MS);
	}
	scene_send(s, 0, i, segs * MSS);
	scene_drop_data(s, 0, BEFORE + segs);
	scene_run(s, s->now + 10 * rtt_ns + TIME_S);
	first = data_number(s, BEFORE + segs);
	CU_ASSERT_FATAL(first != NULL);
	CU_ASSERT(first->fate == LINK_HOOK);
	second = copy_of(s, first->seq, 2);
	CU_ASSERT_FATAL(second != NULL);
	again = second->sent_ns - first->sent_ns;
	printf("# %ju us, %u segments: again after %ju us\n", (uintmax_t)(rtt_ns / TIME_US), segs,
		(uintmax_t)(again / TIME_US));
	CU_ASSERT(s->side[1].conns[0].received == (BEFORE + segs) * MSS);
	CU_ASSERT(scene_stats(s, 0).rto_fired == 0);
	CU_ASSERT(scene_stats(s, 0).tail_probes == 1);
	CU_ASSERT(scene_end(s) == NULL);
	return again;
}

/* RFC 8985, 7: within 2 SRTT, and what the peer may hold back an ACK for when it is alone. */
static void
tail_lost(void)
{
	static const uint64_t rtts[] = { TIME_MS, 20 * TIME_MS, 100 * TIME_MS };

	for (unsigned int i = 0; i < RTE_DIM(rtts); i++) {
		/* What went before went alone, and its ACKs came 40 ms late: so is SRTT. */
		uint64_t srtt = rtts[i] + 43 * TIME_MS;

		/* The others are acknowledged by then: it is alone, too. */
		CU_ASSERT(tail_again_ns(rtts[i], 5) <= 2 * srtt + 40 * TIME_MS);
		CU_ASSERT(tail_again_ns(rtts[i], 1) <= 2 * srtt + 40 * TIME_MS);
	}
}

/* Reordering of up to half a round trip: after a hundred of them hardly anything goes in vain. */
static void
reordered(void)
{
	struct scene_params p = path(20 * TIME_MS, UINT64_C(100000000));
	uint64_t pkts, vain;
	struct scene *s;
	uint32_t i;

	p.link[0].late = 10000;
	p.link[0].late_ns = 10 * TIME_MS;
	s = scene_make(&p);
	scene_listen(s, 1, PORT);
	i = scene_connect(s, 0, PORT);
	scene_send(s, 0, i, UINT64_C(1) << 40);
	scene_run(s, 100 * 20 * TIME_MS);
	pkts = s->watch[0].pkts;
	vain = s->watch[0].vain_pkts;
	scene_run(s, 10 * TIME_S);
	pkts = s->watch[0].pkts - pkts;
	vain = s->watch[0].vain_pkts - vain;
	CU_ASSERT(pkts > 10000);
	CU_ASSERT(vain * 1000 < pkts);
	printf("# reordering: %ju of %ju in vain\n", (uintmax_t)vain, (uintmax_t)pkts);
	CU_ASSERT(scene_stats(s, 0).rto_fired == 0);
	CU_ASSERT(scene_end(s) == NULL);
}

static void
buffers(struct thole_stack_config *config, unsigned int side, void *ctx)
{
	(void)side;
	(void)ctx;
	config->tcp.sndbuf_bytes = config->tcp.rcvbuf_bytes = 5000000; /* two times 2.5 MB */
}

/*
 * A queue that overflows all the time loses what it can't hold, and never sends it twice: no
 * recovery was for nothing, so none may be taken back. (What goes again in one recovery may be
 * acknowledged in the next: its echo is older than that one's first retransmission.)
 */
static void
full_queue(void)
{
	for (uint64_t seed = 1; seed <= 10; seed++) {
		struct scene_params p = path(TIME_MS, UINT64_C(10000000));
		struct thole_stats stats;
		struct scene *s;
		uint64_t pkts, again;
		uint32_t i;

		p.seed = seed;
		p.link[0].queue_bytes = 10 * 1514;
		p.link[0].loss = 1000; /* in 1,000,000: so that each seed goes another way */
		s = scene_make(&p);
		scene_listen(s, 1, PORT);
		i = scene_connect(s, 0, PORT);
		scene_send(s, 0, i, UINT64_C(1) << 60);
		scene_run(s, s->now + 10 * TIME_S);
		stats = scene_stats(s, 0);
		pkts = s->watch[0].pkts;
		again = s->watch[0].again_pkts;
		printf("# seed %ju: %ju of %ju sent again, %ju recoveries, %ju taken back\n",
			(uintmax_t)seed, (uintmax_t)again, (uintmax_t)pkts,
			(uintmax_t)stats.fast_retransmits, (uintmax_t)stats.spurious_recoveries);
		CU_ASSERT(stats.fast_retransmits > 20);
		CU_ASSERT(stats.spurious_recoveries == 0);
		CU_ASSERT(again * 20 < pkts);
		CU_ASSERT(scene_end(s) == NULL);
	}
}

/* 1 Gbit/s, 20 ms, a queue of one bandwidth-delay product: 95 % of what it can carry in 10 s. */
static void
full_pipe(void)
{
	struct scene_params p = path(20 * TIME_MS, UINT64_C(1000000000));
	uint64_t most = UINT64_C(10000000000) / 8 * MSS / (MSS + 12 + 40 + 14);
	struct scene *s;
	uint32_t i;

	p.configure = buffers;
	p.link[0].queue_bytes = p.link[1].queue_bytes = 2500000;
	s = scene_make(&p);
	scene_listen(s, 1, PORT);
	i = scene_connect(s, 0, PORT);
	scene_send(s, 0, i, UINT64_C(1) << 40);
	scene_run(s, TIME_S);
	/* Slow start loses no more than a queue. */
	CU_ASSERT(s->link.way[0].fates[LINK_QUEUE] * (MSS + 66) <= 2500000);
	scene_run(s, 10 * TIME_S);
	CU_ASSERT(s->side[1].conns[0].received * 100 >= most * 95);
	printf("# full pipe: %ju of %ju bytes, %ju lost\n", (uintmax_t)s->side[1].conns[0].received,
		(uintmax_t)most, (uintmax_t)s->link.way[0].fates[LINK_QUEUE]);
	CU_ASSERT(scene_stats(s, 0).rto_fired == 0);
	CU_ASSERT(scene_end(s) == NULL);
}

static const struct test_case cases[] = {
	{ "a lost tail goes again", tail_lost },
	{ "reordering", reordered },
	{ "a queue that is always full", full_queue },
	{ "a full pipe", full_pipe },
	{ NULL, NULL },
};

const struct test_suite suite_recovery = { "recovery", cases };
