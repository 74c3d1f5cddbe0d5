/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * flows.c: what each end may send, seen from the wire alone: nothing beyond the window that it was
 * told of but a probe of one, and no window taken back (RFC 9293, 3.8.6). Windows are scaled if
 * both SYNs say so (RFC 7323, 2.2). Numbers of an earlier
 * connection between the same ports are known by being behind the initial one.
 */
#include "../script/frame.h"
#include "base/seq.h"
#include "sim.h"
#include "wire/tcp.h"

#define TCP_AT 34

#define OPT_END	   0
#define OPT_NOP	   1
#define OPT_WSCALE 3
#define SHIFT_MAX  14

/* The value of an option of a well-formed header; NULL: it isn't there. */
static const uint8_t *
option(const uint8_t *tcp, uint8_t kind)
{
	uint32_t end = (tcp[12] >> 4) * 4u;

	for (uint32_t at = 20; at < end && tcp[at] != OPT_END;) {
		if (tcp[at] == OPT_NOP) {
			at++;
			continue;
		}
		if (at + 1 >= end || tcp[at + 1] < 2 || at + tcp[at + 1] > end)
			return NULL;
		if (tcp[at] == kind)
			return tcp + at + 2;
		at += tcp[at + 1];
	}
	return NULL;
}

/* The window that @p from's segment offers. A SYN's is never scaled (RFC 7323, 2.2). */
static uint32_t
window(const struct flow *f, unsigned int from, const uint8_t *tcp)
{
	bool scaled = (tcp[13] & TCP_SYN) == 0 && f->shift[0] >= 0 && f->shift[1] >= 0;

	return (uint32_t)get16(tcp + 14) << (scaled ? f->shift[from] : 0);
}

static struct flow *
find(struct sim *s, unsigned int from, const uint8_t *tcp)
{
	uint16_t port[SIDES];

	port[from] = get16(tcp);
	port[!from] = get16(tcp + 2);
	for (uint32_t i = 0; i < s->nb_flows; i++)
		if (s->flows[i].port[0] == port[0] && s->flows[i].port[1] == port[1])
			return &s->flows[i];
	if (s->nb_flows == FLOWS_MAX)
		return NULL;
	s->flows[s->nb_flows] = (struct flow){ .port = { port[0], port[1] }, .shift = { -1, -1 } };
	return &s->flows[s->nb_flows++];
}

static void
check_offer(struct sim *s, struct flow *f, unsigned int from, const uint8_t *tcp)
{
	uint32_t ack = get32(tcp + 8), right = ack + window(f, from, tcp);
	/* What doesn't fill a step of the scale can't be said (RFC 7323, 2.4). */
	uint32_t step = f->shift[from] > 0 ? UINT32_C(1) << f->shift[from] : 1;

	if ((tcp[13] & (TCP_ACK | TCP_RST)) != TCP_ACK || !seq_gt(ack, f->iss[!from]))
		return;
	if (f->has_offered[from] && seq_lt(right + step - 1, f->offered[from]))
		sim_fail(s, "side %u, ports %u %u: window taken back by %u", from, get16(tcp),
			get16(tcp + 2), f->offered[from] - right);
	if (!f->has_offered[from] || seq_gt(right, f->offered[from]))
		f->offered[from] = right;
	f->has_offered[from] = true;
}

static void
check_text(struct sim *s, const struct flow *f, unsigned int from, const uint8_t *tcp, uint32_t len)
{
	uint32_t seq = get32(tcp + 4);
	uint32_t n = len - (tcp[12] >> 4) * 4u + ((tcp[13] & TCP_FIN) != 0);

	if (n == 0 || (tcp[13] & (TCP_SYN | TCP_RST)) != 0 || !f->has_edge[from])
		return;
	if (seq_gt(seq + n, f->edge[from] + (n == 1)))
		sim_fail(s, "side %u, ports %u %u: %u beyond the window", from, get16(tcp),
			get16(tcp + 2), seq + n - f->edge[from]);
}

struct flow *
flows_sent(struct sim *s, unsigned int from, const uint8_t *bytes, uint32_t len)
{
	const uint8_t *tcp = bytes + TCP_AT;
	struct flow *f;

	if (frame_kind(bytes, len) != FRAME_TCP)
		return NULL;
	f = find(s, from, tcp);
	if (f == NULL)
		return NULL;
	if ((tcp[13] & TCP_SYN) != 0) {
		const uint8_t *wscale = option(tcp, OPT_WSCALE);

		f->shift[from] = wscale != NULL ? (int8_t)RTE_MIN(*wscale, SHIFT_MAX) : -1;
	}
	if ((tcp[13] & TCP_SYN) != 0 && (f->epoch[from] == 0 || f->iss[from] != get32(tcp + 4))) {
		f->iss[from] = get32(tcp + 4);
		f->epoch[from]++;
		f->has_edge[from] = false;
		f->has_offered[0] = f->has_offered[1] = false;
	}
	if (f->epoch[!from] != 0)
		check_offer(s, f, from, tcp);
	if (f->epoch[from] != 0)
		check_text(s, f, from, tcp, len - TCP_AT);
	return f;
}

void
flows_arrived(const struct frame *frame)
{
	const uint8_t *tcp = frame->bytes + TCP_AT;
	struct flow *f = frame->tag;
	unsigned int me = frame->to;
	uint32_t ack, right;

	if (f == NULL || frame->epoch != f->epoch[me] || f->epoch[me] == 0)
		return;
	ack = get32(tcp + 8);
	right = ack + window(f, !me, tcp);
	if ((tcp[13] & (TCP_ACK | TCP_RST)) != TCP_ACK || !seq_gt(ack, f->iss[me]))
		return;
	if (!f->has_edge[me] || seq_gt(right, f->edge[me]))
		f->edge[me] = right;
	f->has_edge[me] = true;
}
