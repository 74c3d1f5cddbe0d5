/* SPDX-License-Identifier: BSD-3-Clause */
/* test_flows.c: who sends beyond a window or takes one back is caught; with and without a scale. */
#include <stdio.h>
#include <string.h>

#include "../script/frame.h"
#include "sim.h"
#include "suites.h"
#include "wire/tcp.h"

#define SCALE_NONE 255
#define ISS	   1000u /* of side 0; side 1's is 5000 */
#define PEER_ISS   5000u

static struct sim run;
static char said[256];

/* run.c's, for this program: it notes what was found. */
void
sim_fail(struct sim *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(said, sizeof(said), format, args);
	va_end(args);
	longjmp(s->failed, 1);
}

/* Sent, and arrived at once. @return whether nothing was found. */
static bool
passes(unsigned int from, struct frame_tcp tcp)
{
	static const uint8_t text[20000];
	uint8_t buf[sizeof(text) + 100];
	struct frame frame = { .to = !from };
	struct frame_path path = { .src_ip = 1 + from, .dst_ip = 2 - from };
	struct flow *flow;

	tcp.sport = from == 0 ? 40000 : 80;
	tcp.dport = from == 0 ? 80 : 40000;
	tcp.payload = text;
	frame.len = frame_tcp_build(buf, &path, &tcp);
	frame.bytes = buf;
	said[0] = 0;
	if (setjmp(run.failed) != 0)
		return false;
	flow = flows_sent(&run, from, frame.bytes, frame.len);
	frame.tag = flow;
	frame.epoch = flow->epoch[!from];
	flows_arrived(&frame);
	return true;
}

/* MSS, NOP, and the scale behind an option that nobody knows. */
static struct frame_tcp
syn(unsigned int from, uint8_t scale, uint16_t wnd)
{
	static const uint8_t opts[12] = { 2, 4, 5, 0xb4, 1, 99, 3, 7, 1, 3, 3, 0 };
	struct frame_tcp tcp = { .seq = from == 0 ? ISS : PEER_ISS, .wnd = wnd, .flags = TCP_SYN };

	if (from == 1) {
		tcp.flags |= TCP_ACK;
		tcp.ack = ISS + 1;
	}
	memcpy(tcp.opts, opts, sizeof(opts));
	tcp.opts[11] = scale;
	tcp.nb_opts = scale != SCALE_NONE ? 12 : 4;
	return tcp;
}

static struct frame_tcp
data(uint32_t offset, uint32_t len)
{
	return (struct frame_tcp){ .seq = ISS + 1 + offset,
		.ack = PEER_ISS + 1,
		.wnd = 500,
		.flags = TCP_ACK,
		.len = len };
}

static struct frame_tcp
ack(uint32_t offset, uint16_t wnd)
{
	return (struct frame_tcp){
		.seq = PEER_ISS + 1, .ack = ISS + 1 + offset, .wnd = wnd, .flags = TCP_ACK
	};
}

static void
open_with(uint8_t scale, uint8_t peer_scale)
{
	memset(&run, 0, sizeof(run));
	CU_ASSERT(passes(0, syn(0, scale, 500)));
	CU_ASSERT(passes(1, syn(1, peer_scale, 1000)));
}

static void
beyond(void)
{
	open_with(SCALE_NONE, SCALE_NONE);
	CU_ASSERT(passes(0, data(0, 1000)));
	CU_ASSERT(passes(0, data(1000, 1))); /* a probe */
	CU_ASSERT(!passes(0, data(999, 3)));
	CU_ASSERT(strstr(said, "2 beyond the window") != NULL);
	CU_ASSERT(passes(1, ack(1000, 2000)));
	CU_ASSERT(passes(0, data(1000, 2000)));
	CU_ASSERT(!passes(0, data(1000, 2002)));
}

static void
scaled(void)
{
	open_with(2, 3);
	CU_ASSERT(!passes(0, data(0, 1002))); /* a SYN's window isn't */
	CU_ASSERT(passes(1, ack(0, 1000)));
	CU_ASSERT(passes(0, data(0, 8000)));
	CU_ASSERT(!passes(0, data(0, 8002)));
}

static void
scaled_by_one_only(void)
{
	open_with(SCALE_NONE, 3);
	CU_ASSERT(passes(1, ack(0, 1000)));
	CU_ASSERT(!passes(0, data(0, 1002)));
	open_with(3, SCALE_NONE);
	CU_ASSERT(passes(1, ack(0, 1000)));
	CU_ASSERT(!passes(0, data(0, 1002)));
}

static void
taken_back(void)
{
	open_with(SCALE_NONE, SCALE_NONE);
	CU_ASSERT(passes(1, ack(0, 1000)));
	CU_ASSERT(passes(1, ack(1, 999)));
	CU_ASSERT(!passes(1, ack(1, 998)));
	CU_ASSERT(strstr(said, "taken back by 1") != NULL);
	/* What a scale can't say isn't taken back. */
	open_with(3, 3);
	CU_ASSERT(passes(1, ack(0, 1000)));
	CU_ASSERT(passes(1, ack(1, 999)));
	CU_ASSERT(!passes(1, ack(0, 999)));
	CU_ASSERT(strstr(said, "taken back by 8") != NULL);
}

static void
anew(void)
{
	struct frame_tcp again = syn(0, SCALE_NONE, 500);

	/* The next connection between the ports has a scale of its own. */
	open_with(3, 3);
	again.seq = ISS + 100000;
	CU_ASSERT(passes(0, again));
	again = syn(1, SCALE_NONE, 1000);
	again.seq = PEER_ISS + 100000;
	again.ack = ISS + 100001;
	CU_ASSERT(passes(1, again));
	again = ack(100000, 1000);
	again.seq += 100000;
	CU_ASSERT(passes(1, again));
	CU_ASSERT(passes(0, data(100000, 1000)));
	CU_ASSERT(!passes(0, data(100000, 1002)));
}

static const struct test_case cases[] = {
	{ "text beyond the window is found", beyond },
	{ "the scale counts when both SYNs have it", scaled },
	{ "the scale of one side alone doesn't count", scaled_by_one_only },
	{ "a window that is taken back is found", taken_back },
	{ "a new connection has its own scale", anew },
	{ NULL, NULL },
};
const struct test_suite suite_flows = { "flows", cases };
