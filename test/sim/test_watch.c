/* SPDX-License-Identifier: BSD-3-Clause */
/* test_watch.c: repeats, and repeats in vain, are counted right; the response functions give what
 * their papers say. */
#include "../script/frame.h"
#include "response.h"
#include "suites.h"
#include "watch.h"
#include "wire/tcp.h"

#define ISS 0xffffff00u /* the numbers wrap within a few segments */

static uint8_t buf[FRAME_MAX];

static uint32_t
segment(uint32_t from, uint32_t to)
{
	static const uint8_t text[1500];
	struct frame_path path = { .src_ip = 1, .dst_ip = 2 };
	struct frame_tcp tcp = {
		.sport = 7, .dport = 8, .seq = ISS + from, .flags = TCP_ACK, .len = to - from
	};

	tcp.payload = text;
	return frame_tcp_build(buf, &path, &tcp);
}

static void
sent(struct watch *w, uint32_t from, uint32_t to)
{
	uint32_t len = segment(from, to);

	CU_ASSERT(watch_sent(w, buf, len));
}

static void
arrived(struct watch *w, uint32_t from, uint32_t to)
{
	uint32_t len = segment(from, to);

	watch_arrived(w, buf, len);
}

static void
repeats(void)
{
	struct watch w = { 0 };

	for (uint32_t i = 0; i < 10; i++)
		sent(&w, i * 100, i * 100 + 100);
	sent(&w, 300, 400);
	sent(&w, 950, 1050); /* in part */
	CU_ASSERT(w.pkts == 12 && w.again_pkts == 2 && w.bytes == 1200 && w.high == 1050);
	watch_fini(&w);
}

static void
in_vain(void)
{
	struct watch w = { 0 };

	sent(&w, 0, 1000);
	arrived(&w, 0, 100);
	CU_ASSERT(w.low == 100 && w.vain_pkts == 0);
	arrived(&w, 200, 300);
	arrived(&w, 400, 500);
	arrived(&w, 600, 700);
	CU_ASSERT(w.low == 100 && w.nb_ahead == 3 && w.vain_pkts == 0);
	arrived(&w, 400, 500); /* ahead, and known */
	arrived(&w, 50, 100);
	CU_ASSERT(w.vain_pkts == 2);
	arrived(&w, 450, 550); /* some of it is new */
	CU_ASSERT(w.vain_pkts == 2 && w.nb_ahead == 3);
	arrived(&w, 300, 400); /* joins two */
	CU_ASSERT(w.nb_ahead == 2 && w.ahead[0].from == 200 && w.ahead[0].to == 550);
	arrived(&w, 100, 200);
	CU_ASSERT(w.low == 550 && w.nb_ahead == 1);
	arrived(&w, 500, 1000); /* over and beyond what is ahead */
	CU_ASSERT(w.low == 1000 && w.nb_ahead == 0 && w.vain_pkts == 2);
	watch_fini(&w);
}

static void
of_another(void)
{
	struct watch w = { 0 };
	uint32_t len;

	sent(&w, 0, 100);
	len = segment(0, 100);
	put16(buf + 34, 9);
	CU_ASSERT(!watch_sent(&w, buf, len));
	watch_arrived(&w, buf, len);
	CU_ASSERT(w.pkts == 1 && w.low == 0);
	watch_fini(&w);
}

static void
roots(void)
{
	unsigned __int128 large = (unsigned __int128)UINT64_MAX * UINT64_MAX;

	CU_ASSERT(root2(0) == 0 && root2(15) == 3 && root2(16) == 4 && root2(17) == 4);
	CU_ASSERT(root2(large) == UINT64_MAX && root2(large - 1) == UINT64_MAX - 1);
	CU_ASSERT(root4(80) == 2 && root4(81) == 3);
}

/* Worked out by hand from the formulas; RFC 9438's own tables 1 to 3 have CUBIC's. */
static void
responses(void)
{
	CU_ASSERT(response_reno(10000, 1) == 12247);	   /* sqrt(150) */
	CU_ASSERT(response_reno(10000, 2) == 8660);	   /* sqrt(75) */
	CU_ASSERT(response_cubic(10000, 100000) == 12247); /* 1.054 * 10^(3/4) is 5.93 */
	/* 1.054 * (0.1 / 10^-6)^(3/4) = 1.054 * 10^3.75 = 5927; Reno's is 1225. */
	CU_ASSERT(response_cubic(1, 100000) / 1000 == 5927);
	CU_ASSERT(response_cubic(100, 100000) == 187430);
}

static const struct test_case cases[] = {
	{ "repeats are counted", repeats },
	{ "what arrives in vain is counted", in_vain },
	{ "another connection isn't", of_another },
	{ "roots are whole", roots },
	{ "the response functions", responses },
	{ NULL, NULL },
};
const struct test_suite suite_watch = { "watch", cases };
