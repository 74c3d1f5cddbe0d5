/* SPDX-License-Identifier: BSD-3-Clause */
/* trace.c: prints what happens, for somebody who looks into a run that failed. */
#include <stdio.h>

#include "../script/frame.h"
#include "sim.h"

static void
print_time(const struct sim *s, unsigned int side)
{
	printf("# %14.6f %*s", (double)(s->now - s->start) / 1e9, side == 0 ? 0 : 50, "");
}

void
trace_plan(const struct sim *s)
{
	const struct plan *p = &s->plan;

	if (!s->trace)
		return;
	printf("# loss %u twice %u late %u damaged %u forged %u, delay %.3f ms, late %.3f "
	       "ms%s%s%s%s%s\n",
		p->loss, p->twice, p->late, p->damaged, p->forged, (double)p->delay_ns / 1e6,
		(double)p->late_ns / 1e6, p->tiny ? " tiny" : "", p->starved ? " starved" : "",
		p->simultaneous ? " simultaneous" : "", p->fickle ? " fickle" : "",
		p->pieces ? " pieces" : "");
	for (unsigned int i = 0; i < SIDES; i++) {
		const struct thole_stack_config *c = &s->side[i].config;

		printf("# side %u: mtu %u mss %u conns %u embryos %u time_wait %u neighbours %u "
		       "rx_held %u "
		       "sndbuf %u rcvbuf %u delack %ju ms arp %ju ms ring %u\n",
			i, c->mtu, c->tcp.mss, c->max_conns, c->max_embryos, c->max_time_wait,
			c->max_neighbours, c->max_rx_held, c->tcp.sndbuf_bytes, c->tcp.rcvbuf_bytes,
			(uintmax_t)(c->tcp.delayed_ack_ns / TIME_MS),
			(uintmax_t)(c->arp_reachable_ns / TIME_MS), p->ring_entries[i]);
	}
}

void
trace_frame(const struct sim *s, unsigned int from, const uint8_t *bytes, uint32_t len,
	const char *what)
{
	const uint8_t *tcp = bytes + 34;
	char flags[9];
	int n = 0;

	if (!s->trace)
		return;
	print_time(s, from);
	if (frame_kind(bytes, len) != FRAME_TCP || len < 54) {
		printf("%s %s\n", frame_kind(bytes, len) == FRAME_ARP ? "ARP" : "other", what);
		return;
	}
	for (int i = 0; i < 8; i++)
		if ((tcp[13] >> i & 1) != 0)
			flags[n++] = "FSRPAUEC"[i];
	flags[n] = 0;
	printf("%u>%u %s seq %u ack %u wnd %u len %u %s\n", get16(tcp), get16(tcp + 2), flags,
		get32(tcp + 4), get32(tcp + 8), get16(tcp + 14), len - 34 - (tcp[12] >> 4) * 4u,
		what);
}

void
trace_event(const struct sim *s, unsigned int side, const struct thole_event *ev)
{
	static const char *const names[] = { "?", "LISTENING", "ACCEPTED", "OPENING", "CONNECTED",
		"DATA", "PEER_CLOSED", "SENDABLE", "CLOSED", "REFUSED" };

	if (!s->trace)
		return;
	print_time(s, side);
	printf("event %s conn %jx bytes %u status %d op %u user %ju\n", names[ev->type],
		(uintmax_t)ev->conn, ev->bytes, ev->status, ev->op, (uintmax_t)ev->user);
}

void
trace_op(const struct sim *s, unsigned int side, const struct thole_op *op)
{
	static const char *const names[] = { "?", "LISTEN", "UNLISTEN", "CONNECT", "SEND",
		"RECEIVED", "SHUTDOWN", "CLOSE", "ABORT", "SET_USER", "NO_DELAY" };

	if (!s->trace)
		return;
	print_time(s, side);
	printf("op %s conn %jx bytes %u user %ju\n", names[op->type], (uintmax_t)op->conn,
		op->bytes, (uintmax_t)op->user);
}
