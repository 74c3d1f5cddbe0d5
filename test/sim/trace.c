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

static void
trace_way(unsigned int from, const struct link_params *w)
{
	printf("# side %u sends: loss %u, burst %u %u %u, tail %u (%u), twice %u, late %u (%.3f "
	       "ms), damaged %u ppm; delay %.3f ms, jitter %.3f ms\n",
		from, w->loss, w->burst_begin, w->burst_end, w->burst_loss, w->tail, w->tail_max,
		w->twice, w->late, (double)w->late_ns / 1e6, w->damaged, (double)w->delay_ns / 1e6,
		(double)w->jitter_ns / 1e6);
	if (w->rate_bps != 0)
		printf("#   %ju bit/s, queue %u B, marks from %u B on\n", (uintmax_t)w->rate_bps,
			w->queue_bytes, w->mark_bytes);
	if (w->mtu != 0)
		printf("#   MTU %u\n", w->mtu);
}

static void
trace_more(unsigned int side, const struct more *m)
{
	printf("# side %u: contexts %u%s gives %u renews %u tunes %u (rcvbuf %u mss %u)", side,
		m->contexts, m->shared ? " that share" : "", m->gives, m->renews, m->tunes,
		m->rcvbuf, m->mss);
	printf("%s%s\n", m->drain_ns != TIME_NEVER ? " drained" : "",
		m->cut_ns != TIME_NEVER ? " cut" : "");
}

void
trace_plan(const struct sim *s)
{
	const struct plan *p = &s->plan;

	if (!s->trace)
		return;
	printf("# forged %u%s%s%s%s%s\n", p->forged, p->tiny ? " tiny" : "",
		p->starved ? " starved" : "", p->simultaneous ? " simultaneous" : "",
		p->fickle ? " fickle" : "", p->pieces ? " pieces" : "");
	for (unsigned int i = 0; i < SIDES; i++)
		trace_way(i, &p->link[i]);
	for (unsigned int i = 0; i < LINK_CUTS; i++)
		if (p->cuts[i].until_ns != 0)
			printf("# cut from %.6f to %.6f s\n",
				(double)(p->cuts[i].from_ns - s->start) / 1e9,
				(double)(p->cuts[i].until_ns - s->start) / 1e9);
	for (unsigned int i = 0; i < SIDES; i++)
		trace_more(i, &p->more[i]);
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

/* Options that a reader looks for; what doesn't parse ends the list. */
static void
print_options(const uint8_t *tcp)
{
	uint32_t end = (tcp[12] >> 4) * 4u, at = 20, len;

	while (at < end && tcp[at] != 0) {
		const uint8_t *value = tcp + at + 2;

		if (tcp[at] == 1) {
			at++;
			continue;
		}
		len = at + 1 < end ? tcp[at + 1] : 0;
		if (len < 2 || at + len > end)
			return;
		if (tcp[at] == 2 && len == 4)
			printf(" mss %u", get16(value));
		else if (tcp[at] == 3 && len == 3)
			printf(" wscale %u", value[0]);
		else if (tcp[at] == 4)
			printf(" sackok");
		else if (tcp[at] == 8 && len == 10)
			printf(" ts %u %u", get32(value), get32(value + 4));
		else if (tcp[at] == 5)
			for (uint32_t i = 2; i + 8 <= len; i += 8)
				printf(" sack %u-%u", get32(tcp + at + i), get32(tcp + at + i + 4));
		at += len;
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
	printf("%u>%u %s seq %u ack %u wnd %u len %u", get16(tcp), get16(tcp + 2), flags,
		get32(tcp + 4), get32(tcp + 8), get16(tcp + 14), len - 34 - (tcp[12] >> 4) * 4u);
	if (34 + (tcp[12] >> 4) * 4u <= len)
		print_options(tcp);
	printf("%s %s\n", (bytes[15] & 3) == 3 ? " CE" : (bytes[15] & 3) != 0 ? " ECT" : "", what);
}

void
trace_event(const struct sim *s, unsigned int side, const struct thole_event *ev)
{
	static const char *const names[] = { "?", "LISTENING", "ACCEPTED", "OPENING", "CONNECTED",
		"DATA", "PEER_CLOSED", "SENDABLE", "CLOSED", "REFUSED", "SOFT_ERROR", "OPTION",
		"INFO", "GIVEN", "TAKEN" };

	if (!s->trace)
		return;
	print_time(s, side);
	printf("event %s conn %jx bytes %u status %d op %u user %ju\n", names[ev->type],
		(uintmax_t)ev->conn, ev->bytes, ev->status, ev->op, (uintmax_t)ev->user);
}

void
trace_op(const struct sim *s, unsigned int side, const struct thole_op *op)
{
	static const char *const names[] = { "?", "LISTEN", "LISTEN_SHARED", "UNLISTEN", "CONNECT",
		"SEND", "RECEIVED", "SHUTDOWN", "CLOSE", "ABORT", "SET_USER", "SET", "GET", "INFO",
		"GIVE", "SET_NEW" };

	if (!s->trace)
		return;
	print_time(s, side);
	printf("op %s conn %jx bytes %u user %ju\n", names[op->type], (uintmax_t)op->conn,
		op->bytes, (uintmax_t)op->user);
}

void
trace_given(const struct sim *s, unsigned int side, const struct end *e)
{
	if (!s->trace)
		return;
	print_time(s, side);
	printf("conn %jx is context %u's%s\n", (uintmax_t)e->conn, e->context,
		e->lost ? ", which is gone" : "");
}
