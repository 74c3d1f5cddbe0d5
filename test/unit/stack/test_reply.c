/* SPDX-License-Identifier: BSD-3-Clause */
/* test_reply.c: packets that no connection owes: RSTs, ICMP; how many of them, and to whom. */
#include <errno.h>
#include <string.h>

#include "rig.h"
#include "stack/stack.h"

static struct rig r;

static void
exclusive(struct thole_stack_config *c)
{
	c->exclusive = true;
}

/* RFC 9293, 3.10.7.1. */
static void
rst_to_nobody(void)
{
	struct frame_tcp tcp;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	SEG(&r, .from = 2, .sport = 7, .dport = 9, .flags = TCP_SYN, .seq = 100, .len = 3);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST | TCP_ACK, &tcp));
	CU_ASSERT_EQUAL(tcp.seq, 0);
	CU_ASSERT_EQUAL(tcp.ack, 104);
	CU_ASSERT_EQUAL(tcp.sport, 9);
	CU_ASSERT_EQUAL(tcp.dport, 7);
	SEG(&r, .from = 2, .sport = 7, .dport = 9, .flags = TCP_ACK | TCP_FIN, .seq = 100,
		.ack = 55);
	CU_ASSERT_TRUE(rig_took_seg(&r, 2, TCP_RST, &tcp));
	CU_ASSERT_EQUAL(tcp.seq, 55);
	SEG(&r, .from = 2, .sport = 7, .dport = 9, .flags = TCP_RST, .seq = 100);
	SEG(&r, .from = 2, .sport = 7, .dport = 9, .flags = TCP_RST | TCP_ACK, .seq = 100,
		.ack = 1);
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static uint16_t
rx_only(uint32_t n)
{
	struct frame_path path = { { 2, 0, 0, 0, 1, 2 }, { 2, 0, 0, 0, 1, 1 }, RIG_NET + 2,
		RIG_US };
	struct frame_tcp tcp = { .sport = 7, .dport = 9, .flags = TCP_SYN };
	struct rte_mbuf *m, *reject;
	uint8_t frame[FRAME_MAX];
	uint32_t len = frame_tcp_build(frame, &path, &tcp);
	uint16_t rejects = 0;

	for (uint32_t i = 0; i < n; i++) {
		m = rte_pktmbuf_alloc(r.pool);
		if (m == NULL)
			abort();
		memcpy(rte_pktmbuf_append(m, (uint16_t)len), frame, len);
		rejects = (uint16_t)(rejects + thole_stack_rx(r.stack, r.now, &m, 1, &reject));
	}
	return rejects;
}

/* Replies wait in a bounded queue for somebody who takes them; beyond it they are dropped and
 * counted. */
static void
the_queue_is_bounded(void)
{
	struct rte_mbuf *pkts[64];
	uint32_t n, total = 0;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	CU_ASSERT_EQUAL(rx_only(REPLIES_MAX + 50), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).tx_drop_replies, 50);
	CU_ASSERT_EQUAL(thole_stack_next_deadline(r.stack), 0);
	do {
		n = thole_stack_tx(r.stack, r.now, pkts, 64);
		rte_pktmbuf_free_bulk(pkts, n);
		total += n;
	} while (n != 0);
	CU_ASSERT_EQUAL(total, REPLIES_MAX);
	CU_ASSERT_TRUE(thole_stack_next_deadline(r.stack) > r.now);
	rx_only(10);
	CU_ASSERT_TRUE(rig_close(&r)); /* with ten in the queue */
}

static void
echo_is_answered(void)
{
	uint8_t icmp[8 + 56] = { 8, 0, 0, 0, 0x12, 0x34, 0, 9 };
	const struct rig_frame *f;

	for (int i = 8; i < 64; i++)
		icmp[i] = (uint8_t)(i * 3);
	rig_open(&r, NULL);
	rig_know(&r, 2);
	put16(icmp + 2, frame_csum(icmp, sizeof(icmp), 0));
	rig_ip(&r, 2, 1, icmp, sizeof(icmp));
	f = rig_take(&r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(f->len, 34 + sizeof(icmp));
	CU_ASSERT_EQUAL(f->bytes[5], 2);
	CU_ASSERT_EQUAL(get32(f->bytes + 26), RIG_US);
	CU_ASSERT_EQUAL(get32(f->bytes + 30), RIG_NET + 2);
	CU_ASSERT_EQUAL(f->bytes[34], 0);
	CU_ASSERT_EQUAL(memcmp(f->bytes + 38, icmp + 4, sizeof(icmp) - 4), 0);
	CU_ASSERT_EQUAL(frame_csum(f->bytes + 34, sizeof(icmp), 0), 0);
	CU_ASSERT_EQUAL(frame_csum(f->bytes + 14, 20, 0), 0);
	/* Damaged: no answer. */
	icmp[20] ^= 1;
	rig_ip(&r, 2, 1, icmp, sizeof(icmp));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_icmp, 1);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* An address that is ours alone answers for it, at a bounded rate (RFC 1122, 3.2.2.1 and 3.2.2). */
static void
unreachable_at_a_bounded_rate(void)
{
	static const uint8_t udp[16] = { 0, 7, 0, 9, 0, 16 };
	const struct rig_frame *f;
	unsigned int n = 0;

	rig_open(&r, exclusive);
	rig_know(&r, 2);
	rig_ip(&r, 2, 17, udp, sizeof(udp));
	f = rig_take(&r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(f->bytes[34], 3);
	CU_ASSERT_EQUAL(f->bytes[35], 3); /* port */
	CU_ASSERT_EQUAL(get32(f->bytes + 30), RIG_NET + 2);
	CU_ASSERT_EQUAL(get32(f->bytes + 42 + 12), RIG_NET + 2); /* the quotation */
	rig_ip(&r, 2, 99, udp, sizeof(udp));
	f = rig_take(&r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(f->bytes[35], 2); /* protocol */
	for (int i = 0; i < 5000; i++) {
		rig_ip(&r, 2, 17, udp, sizeof(udp));
		n += rig_pending(&r);
		rig_drop_output(&r);
		r.now += 100 * TIME_US;
	}
	CU_ASSERT_TRUE(n >= 400 && n <= 600); /* 1,000 a second */
	CU_ASSERT_EQUAL(rig_stats(&r).tx_drop_limited, 5000 - n);
	CU_ASSERT_EQUAL(rig_stats(&r).rx_drop_proto, 5002);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
not_ours_alone(void)
{
	static const uint8_t udp[16] = { 0, 7, 0, 9, 0, 16 };
	struct frame_path path = { { 2, 0, 0, 0, 1, 2 }, { 2, 0, 0, 0, 1, 1 }, RIG_NET + 2,
		RIG_US };
	uint8_t frame[FRAME_MAX];

	rig_open(&r, NULL);
	rig_know(&r, 2);
	CU_ASSERT_TRUE(rig_rx(&r, frame, frame_ip_build(frame, &path, 17, udp, sizeof(udp))));
	path.dst_ip = RIG_NET + 50;
	CU_ASSERT_TRUE(rig_rx(&r, frame, frame_ip_build(frame, &path, 6, udp, sizeof(udp))));
	CU_ASSERT_EQUAL(rig_pending(&r), 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* The error @p code about our segment @p seq, from the gateway. */
static void
icmp_about(uint8_t code, const struct rig_frame *syn, uint32_t seq)
{
	uint8_t icmp[8 + 28] = { 3, code };

	memcpy(icmp + 8, syn->bytes + 14, 28);
	put32(icmp + 8 + 24, seq);
	put16(icmp + 2, frame_csum(icmp, sizeof(icmp), 0));
	rig_ip(&r, 254, 1, icmp, sizeof(icmp));
}

/* RFC 5461, 4.1, RFC 5927: an error ends a connection that is being opened, if it quotes what is in
 * flight. */
static void
icmp_errors(void)
{
	static const struct {
		uint8_t code;
		int status;
	} codes[] = { { 0, -ENETUNREACH }, { 1, -EHOSTUNREACH }, { 2, -ECONNREFUSED },
		{ 3, -ECONNREFUSED }, { 13, -EHOSTUNREACH } };
	const struct rig_frame *f;
	uint32_t seq;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	for (size_t i = 0; i < RTE_DIM(codes); i++) {
		rig_connect(&r, RIG_NET + 2, 80, 1);
		f = rig_take(&r);
		CU_ASSERT_PTR_NOT_NULL_FATAL(f);
		seq = get32(f->bytes + 38);
		icmp_about(codes[i].code, f, seq - 1);
		icmp_about(codes[i].code, f, seq + 1);
		CU_ASSERT_EQUAL(rig_event(&r).type, 0); /* blindly forged */
		icmp_about(codes[i].code, f, seq);
		CU_ASSERT_EQUAL(rig_until(&r, THOLE_EV_CLOSED).status, codes[i].status);
	}
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 0);
	CU_ASSERT_TRUE(rig_close(&r));
}

static void
icmp_errors_about_what_stands(void)
{
	struct thole_event ev;
	const struct rig_frame *f;

	rig_open(&r, NULL);
	rig_know(&r, 2);
	rig_listen(&r, 80, 8);
	rig_shake(&r, 2, 4000, 80, 1);
	ev = rig_until(&r, THOLE_EV_ACCEPTED);
	CU_ASSERT_EQUAL(thole_app_send_copy(r.app, ev.conn, r.pool, "x", 1), 1);
	rig_turn(&r);
	f = rig_take(&r);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	for (uint8_t code = 0; code < 16; code++)
		icmp_about(code, f, get32(f->bytes + 38));
	CU_ASSERT_EQUAL(rig_event(&r).type, 0);
	CU_ASSERT_EQUAL(rig_stats(&r).conns, 1);
	CU_ASSERT_TRUE(rig_close(&r));
}

/* As many packets as a call can be given, and one more than whole bursts of the most there are: all
 * of them are looked at, once each. */
static void
more_than_a_burst(void)
{
	static struct rte_mbuf *pkts[UINT16_MAX], *rejects[UINT16_MAX];
	static const uint32_t counts[] = { UINT16_MAX, 65473, 65472, 65 };
	static const uint8_t lldp[60] = { 1, 0x80, 0xc2, 0, 0, 0xe, 2, 0, 0, 0, 1, 2, 0x88, 0xcc };
	struct rte_mbuf *m;

	rig_open(&r, NULL);
	m = rte_pktmbuf_alloc(r.pool);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memcpy(rte_pktmbuf_append(m, sizeof(lldp)), lldp, sizeof(lldp));
	for (uint32_t i = 0; i < UINT16_MAX; i++)
		pkts[i] = m;
	for (uint32_t i = 0; i < RTE_DIM(counts); i++) {
		uint64_t before = rig_stats(&r).rx_pkts, rejected = rig_stats(&r).rx_rejected;
		uint16_t n = (uint16_t)counts[i];

		memset(rejects, 0, sizeof(rejects));
		CU_ASSERT_EQUAL(thole_stack_rx(r.stack, r.now, pkts, n, rejects), n);
		CU_ASSERT_EQUAL(rig_stats(&r).rx_pkts - before, n);
		CU_ASSERT_EQUAL(rig_stats(&r).rx_rejected - rejected, n);
		for (uint32_t k = 0; k < UINT16_MAX; k++)
			CU_ASSERT_PTR_EQUAL_FATAL(rejects[k], k < n ? m : NULL);
	}
	rte_pktmbuf_free(m);
	CU_ASSERT_TRUE(rig_close(&r));
}

static const struct test_case cases[] = {
	{ "more than a burst", more_than_a_burst },
	{ "RST to nobody", rst_to_nobody },
	{ "the queue is bounded", the_queue_is_bounded },
	{ "echo is answered", echo_is_answered },
	{ "unreachable, at a bounded rate", unreachable_at_a_bounded_rate },
	{ "not ours alone", not_ours_alone },
	{ "ICMP errors", icmp_errors },
	{ "ICMP errors about what stands", icmp_errors_about_what_stands },
	{ NULL, NULL },
};
const struct test_suite suite_reply = { "reply", cases };
